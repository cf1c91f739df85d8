"""What is polled in the place of a socket."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator

import pytest

from imaplib2._by_hand.readable_socket import ReadableSocket

from ..systems import SYSTEM


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def is_readable(channel: ReadableSocket) -> bool:
    return bool(select.select([channel], [], [], 0)[0])


def test_it_is_readable_until_it_is_drained(pair: tuple[socket.socket, socket.socket]) -> None:
    readable = ReadableSocket(pair[0])
    assert is_readable(readable)
    readable.drained()
    assert not is_readable(readable)


@pytest.mark.skipif(
    bool(SYSTEM) or not hasattr(select, "epoll"), reason="there it is the pipe alone"
)
def test_who_keeps_it_polls_the_socket(pair: tuple[socket.socket, socket.socket]) -> None:
    readable = ReadableSocket(pair[0])
    readable.drained()
    pair[1].send(b"x")
    assert is_readable(readable)


def test_without_epoll_it_is_a_pipe(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(select, "epoll", raising=False)
    readable = ReadableSocket(pair[0])
    assert is_readable(readable)
    readable.drained()
    assert not is_readable(readable)


def test_all_else_is_the_socket_s(pair: tuple[socket.socket, socket.socket]) -> None:
    readable = ReadableSocket(pair[0])
    assert readable.family == pair[0].family
    readable.send(b"x")
    assert pair[1].recv(10) == b"x"
