"""Calls that users make on a connection's socket, and what serves them."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from imaplib2._errors import error
from imaplib2._transport.hands import (
    buffered,
    check_not_looking,
    hands_of,
    is_interruption,
    is_ours,
)
from imaplib2._transport.users_socket import UsersSocket, hand_over

from ..systems import SYSTEM
from .helpers import FakeHands


@pytest.fixture
def pair(hands: FakeHands) -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        hand_over(ours, hands)
        assert type(ours) is UsersSocket
        yield ours, theirs


def test_a_socket_of_another_kind_stays_what_it_is(hands: FakeHands) -> None:
    class Other(socket.socket):
        pass

    with Other() as sock:
        hand_over(sock, hands)
        assert type(sock) is Other
        assert hands_of(sock) is None


def test_the_socket_serves_where_hands_do_not(hands: FakeHands, pair: Any) -> None:
    ours, theirs = pair
    hands.serves = False
    theirs.send(b"abcdefgh")
    assert ours.recv(3) == b"abc"
    buffer = bytearray(3)
    assert (ours.recv_into(buffer), buffer) == (3, b"def")
    assert ours.recvfrom(1)[0] == b"g"
    ours.send(b"x")
    ours.sendall(b"y")
    assert theirs.recv(10) == b"xy"
    assert not hands.calls


def test_it_does_as_well_when_the_hands_are_gone(pair: Any) -> None:
    ours, _ = pair
    hand_over(ours, FakeHands())
    assert hands_of(ours) is None
    assert not is_ours(ours)


def test_reading(hands: FakeHands, pair: Any) -> None:
    ours, _ = pair
    assert ours.recv(3) == b"an "
    assert ours.recv(0) == b""
    buffer = bytearray(4)
    assert (ours.recv_into(buffer), buffer) == (4, b"answ")
    assert (ours.recv_into(buffer, 1), buffer) == (1, b"ensw")
    for read in (lambda: ours.recv(-1), lambda: ours.recv_into(buffer, -1)):
        with pytest.raises(ValueError, match="negative"):
            read()
    with pytest.raises(ValueError, match="too small"):
        ours.recv_into(buffer, 5)
    assert ours.makefile("rb").read(1) == b"r"


def test_writing(hands: FakeHands, pair: Any) -> None:
    ours, theirs = pair
    ours.settimeout(5)
    assert ours.send(b"x") == 1
    ours.sendall(memoryview(b"yz"))
    assert hands.calls == [
        *[("before", b"x", 5.0), ("wrote", b"x"), ("before", b"yz", 5.0), ("wrote", b"yz")]
    ]
    hands.sends = False
    assert ours.send(b"DONE\r\n") == 6
    ours.sendall(b"DONE\r\n")
    assert theirs.recv(100) == b"xyz"


@pytest.mark.parametrize("write", ["send", "sendall"])
def test_an_interruption_while_writing(hands: FakeHands, pair: Any, write: str) -> None:
    def interrupted(data: Any) -> None:
        raise KeyboardInterrupt

    hands.wrote = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        getattr(pair[0], write)(b"x")
    assert hands.calls[-1] == ("failed", KeyboardInterrupt)


@pytest.mark.parametrize(
    ("problem", "timeout", "interrupts"),
    [
        (KeyboardInterrupt(), None, True),
        (TimeoutError("of a handler"), None, True),
        (TimeoutError("timed out"), 5.0, False),
        (ConnectionResetError(), None, False),
        (error("refused"), None, False),
    ],
)
def test_what_is_an_interruption(
    problem: BaseException, timeout: float | None, interrupts: bool
) -> None:
    assert is_interruption(problem, timeout) is interrupts


@pytest.mark.skipif(SYSTEM == "windows", reason="there is no such flag")
def test_a_look_at_what_may_never_come(pair: Any) -> None:
    ours, theirs = pair
    with pytest.raises(error, match="MSG_PEEK"):
        ours.recv(1, socket.MSG_PEEK)
    theirs.send(b"x")
    assert ours.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"x"


def test_calls_that_can_not_be_served(pair: Any) -> None:
    ours, _ = pair
    with pytest.raises(error, match=r"recvfrom\(\): this socket is read and written by imaplib2"):
        ours.recvfrom(1)


def test_what_a_file_holds_is_looked_at_without_waiting(hands: FakeHands, pair: Any) -> None:
    ours, theirs = pair
    file = ours.makefile("rb")
    assert buffered(file, ours) == b""
    hands.serves = False
    theirs.send(b"abc")
    assert file.read(1) == b"a"
    assert buffered(file, ours) == b"bc"
    assert buffered(io.BytesIO(b"abc"), ours) == b""
    file.close()
    assert buffered(file, ours) == b""
    check_not_looking()
