"""What the operating system tells of a channel."""

from __future__ import annotations

import os
import socket
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
