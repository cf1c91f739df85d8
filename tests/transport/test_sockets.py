"""Sockets, and what is enough like one, as a transport."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest

from imaplib2._transport.sockets import SocketTransport, is_socket


class Wrapper:
    """Has what a transport needs of a socket, and takes no flags."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.problems: list[Exception] = []

    def fileno(self) -> int:
        return self.sock.fileno()

    def gettimeout(self) -> float | None:
        return self.sock.gettimeout()

    def recv_into(self, buffer: Any) -> int:
        if self.problems:
            raise self.problems.pop()
        return self.sock.recv_into(buffer)

    def send(self, data: Any) -> int:
        return self.sock.send(data)

    def shutdown(self, how: int) -> None:
        self.sock.shutdown(how)

    def close(self) -> None:
        self.sock.close()


def transport_of(sock: Any) -> SocketTransport:
    """A transport that has found out whether *sock* takes flags."""
    transport = SocketTransport(sock)
    if transport.direct:
        transport.try_send(b"")
        assert transport.direct is isinstance(sock, socket.socket)
    return transport


def test_what_is_a_socket(pair: Any) -> None:
    assert is_socket(pair[0])
    assert is_socket(Wrapper(pair[0]))
    assert not is_socket(object())
    pair[0].close()
    assert not is_socket(Wrapper(pair[0]))


@pytest.mark.parametrize("timeout", [None, 0.0, 5.0])
@pytest.mark.parametrize("kind", [lambda sock: sock, Wrapper])
def test_traffic_whatever_the_time_out(pair: Any, kind: Any, timeout: float | None) -> None:
    ours, theirs = pair
    ours.settimeout(timeout)
    transport = transport_of(kind(ours))
    assert not transport.is_readable()
    assert transport.send(b"to them", 1) == 7
    assert theirs.recv(10) == b"to them"
    theirs.send(b"to us")
    assert transport.is_readable()
    buffer = memoryview(bytearray(10))
    assert transport.recv_into(buffer) == 5
    assert not transport.has_more
    theirs.close()
    assert transport.recv_into(buffer) == 0
    transport.close()


@pytest.mark.parametrize("timeout", [None, 0.0, 5.0])
@pytest.mark.parametrize("kind", [lambda sock: sock, Wrapper])
def test_a_peer_that_takes_no_more(pair: Any, kind: Any, timeout: float | None) -> None:
    ours, _ = pair
    ours.settimeout(timeout)
    transport = transport_of(kind(ours))
    while transport.send(bytes(100_000), 0):
        pass
    assert transport.send(b"x", 0.01) == 0
    if transport.direct:
        assert transport.try_send(b"x") == 0
    transport.close()


def test_time_outs_are_waited_out_but_for_the_connection_s_own(pair: Any) -> None:
    ours, theirs = pair
    wrapper: Any = Wrapper(ours)
    transport = SocketTransport(wrapper)
    theirs.send(b"x")
    buffer = memoryview(bytearray(10))
    wrapper.problems = [BlockingIOError(), TimeoutError("timed out")]
    assert transport.recv_into(buffer) == 1
    wrapper.problems = [TimeoutError(errno.ETIMEDOUT, "gone")]
    with pytest.raises(TimeoutError, match="gone"):
        transport.recv_into(buffer)
    transport.close()


def test_an_interruption_ends_both_directions(pair: Any) -> None:
    transport = SocketTransport(pair[0])
    transport.interrupt()
    transport.interrupt()
    assert transport.recv_into(memoryview(bytearray(1))) == 0
    assert pair[1].recv(1) == b""
    transport.close()
    assert pair[0].fileno() == -1
