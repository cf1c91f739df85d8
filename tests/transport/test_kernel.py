"""What the operating system tells of a channel."""

from __future__ import annotations

import os
import socket
import struct
from types import SimpleNamespace
from typing import Any

import pytest

from imaplib2._transport import kernel


@pytest.mark.parametrize("of", [object(), None, "text"])
def test_what_has_no_descriptor(of: Any) -> None:
    assert kernel.descriptor_of(of) == -1


def test_a_descriptor_that_is_none() -> None:
    class Odd:
        def fileno(self) -> Any:
            return "7"

    assert kernel.descriptor_of(Odd()) == -1
    with socket.socket() as sock:
        assert kernel.descriptor_of(sock) == sock.fileno()
    assert kernel.descriptor_of(sock) == -1


def test_an_interruption_is_the_end_for_both_sides() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        kernel.interrupt_socket(ours)
        assert theirs.recv(1) == b""
        kernel.interrupt_socket(ours)
    kernel.interrupt_socket(ours)


def test_bytes_on_their_way(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    try:
        os.write(writing, b"abc")
        assert kernel.bytes_waiting(reading, "FIONREAD") in (0, 3)
        assert kernel.bytes_waiting(reading, "NO_SUCH_REQUEST") == 0
        monkeypatch.setattr(kernel, "IS_WINDOWS", True)
        assert kernel.bytes_waiting(reading, "FIONREAD") == 0
    finally:
        os.close(reading)
        os.close(writing)
    assert kernel.bytes_waiting(object(), "FIONREAD") == 0


def test_what_is_tuned_need_not_be_tcp() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        kernel.tune(ours)
    with socket.socket() as sock:
        kernel.tune(sock)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def system(monkeypatch: pytest.MonkeyPatch, **names: int | None) -> None:
    """Have the module socket know these names, unless they are None, and the usual ones."""
    known = {name: number for name, number in names.items() if number is not None}
    usual = {"SOL_SOCKET": 1, "SO_KEEPALIVE": 9, "IPPROTO_TCP": 6, "TCP_NODELAY": 1}
    monkeypatch.setattr(kernel, "socket", SimpleNamespace(**usual, **known))


class Known:
    """A socket of which the system tells, and which keeps what it is asked to do."""

    def __init__(self, *, probes: int = 0, unacknowledged: int = 0, heard: Any = (0, 0)) -> None:
        # Linux's struct tcp_info, up to the last field that is looked at.
        self.told = struct.pack("=3xB20xI24xII", probes, unacknowledged, *heard)
        self.options: list[tuple[int, int, int]] = []
        self.requests: list[Any] = []

    def getsockopt(self, level: int, name: int, size: int) -> bytes:
        return self.told[:size]

    def setsockopt(self, *option: int) -> None:
        self.options.append(option)

    def ioctl(self, *request: Any) -> None:
        self.requests.append(request)


@pytest.mark.parametrize(
    ("told", "waiting", "silent_for"),
    [
        ({}, 0, None),
        ({}, 5, 0.0),
        ({"unacknowledged": 1, "heard": (7000, 2500)}, 5, 2.5),
        ({"probes": 2, "heard": (1500, 9000)}, 0, 1.5),
    ],
)
def test_how_long_a_peer_has_acknowledged_nothing(
    monkeypatch: pytest.MonkeyPatch,
    told: dict[str, Any],
    waiting: int,
    silent_for: float | None,
) -> None:
    system(monkeypatch, TCP_INFO=11)
    monkeypatch.setattr(kernel, "bytes_waiting", lambda sock, request: waiting)
    assert kernel.unacknowledged_for(Known(**told)) == silent_for


def test_what_is_known_may_be_less(monkeypatch: pytest.MonkeyPatch) -> None:
    system(monkeypatch, TCP_INFO=11)
    known = Known()
    known.told = known.told[:5]
    assert kernel.unacknowledged_for(known) is None
    assert kernel.unacknowledged_for(object()) is None
    system(monkeypatch)
    assert kernel.unacknowledged_for(Known()) is None


@pytest.mark.parametrize(
    ("linux", "macos", "asked"), [(4, None, 4), (4, 16, 4), (None, 16, 16), (None, None, None)]
)
def test_a_quiet_peer_is_asked_by_what_the_system_calls_it(
    monkeypatch: pytest.MonkeyPatch, linux: int | None, macos: int | None, asked: int | None
) -> None:
    system(monkeypatch, TCP_KEEPIDLE=linux, TCP_KEEPALIVE=macos, TCP_KEEPINTVL=5, TCP_KEEPCNT=6)
    sock: Any = Known()
    kernel.tune(sock)
    found = {name: value for _, name, value in sock.options[2:]}
    assert found == {5: 15, 6: 4} | ({} if asked is None else {asked: 60})
    assert not sock.requests


def test_an_older_windows_counts_in_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    system(monkeypatch, SIO_KEEPALIVE_VALS=77)
    sock: Any = Known()
    kernel.tune(sock)
    assert sock.requests == [(77, (1, 60_000, 6_000))]
