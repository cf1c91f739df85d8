"""Sockets, and what is enough like one, as a transport."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest

from imaplib2._transport import kernel
from imaplib2._transport.sockets import SocketTransport, is_socket
from imaplib2._transport.users_socket import UsersSocket, hand_over

from .helpers import FakeHands


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
    if transport.can_send_at_once:
        transport.try_send(b"")
        assert transport.can_send_at_once is isinstance(sock, socket.socket)
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
    if transport.can_send_at_once:
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


def test_it_never_has_more_than_its_descriptor_tells(pair: Any) -> None:
    transport = SocketTransport(pair[0])
    pair[1].send(b"abc")
    assert transport.recv_into(memoryview(bytearray(1))) == 1
    assert not transport.has_more
    assert transport.take_unread() == b""
    assert transport.fileno() == pair[0].fileno()
    assert transport.is_readable()
    transport.close()


def test_what_is_no_tcp_tells_nothing_of_its_silence(pair: Any) -> None:
    transport = SocketTransport(pair[0])
    assert transport.silent_for() is None
    assert transport.unsent() == 0
    transport.close()


@pytest.mark.parametrize("timeout", [None, 0.0, 5.0])
def test_the_connection_s_own_calls_are_not_its_user_s(pair: Any, timeout: float | None) -> None:
    ours, theirs = pair
    hands = FakeHands()
    hand_over(ours, hands)
    ours.settimeout(timeout)
    transport = SocketTransport(ours)
    assert transport.send(b"x", 1) == 1
    if transport.can_send_at_once:
        assert transport.try_send(b"y") == 1
    theirs.send(b"abc")
    assert transport.recv_into(memoryview(bytearray(10))) == 3
    assert theirs.recv(10) == (b"xy" if transport.can_send_at_once else b"x")
    assert type(ours) is UsersSocket
    assert not hands.calls
    transport.close()


@pytest.mark.skipif(
    not SocketTransport.can_send_at_once, reason="there only the writer thread sends"
)
def test_the_send_of_another_class_is_used_when_it_will_not_wait(pair: Any) -> None:
    class Encrypting(socket.socket):
        def send(self, data: Any, flags: int = 0) -> int:
            return super().send(bytes(octet ^ 1 for octet in bytes(data)), flags)

    ours, theirs = pair
    with Encrypting(fileno=ours.detach()) as own:
        own.settimeout(5)
        transport = SocketTransport(own)
        assert transport.try_send(b"abc") == 3
        assert theirs.recv(10) == b"`cb"
        own.setblocking(False)
        while transport.try_send(bytes(100_000)):
            pass
        own.settimeout(5)
        assert transport.try_send(b"x") == 0
        transport.close()


@pytest.mark.parametrize("takes_options", [True, False])
def test_a_user_s_close_does_not_take_the_descriptor_from_under_the_reader(
    pair: Any, takes_options: bool
) -> None:
    class Own(socket.socket):
        def makefile(self, *arguments: Any, **options: Any) -> Any:
            if options and not takes_options:
                raise TypeError("makefile() takes no options")
            return super().makefile(*arguments, **options)

    own = Own(fileno=pair[0].detach())
    transport = SocketTransport(own)
    own.close()
    pair[1].send(b"x")
    assert transport.recv_into(memoryview(bytearray(1))) == 1
    transport.close()
    assert own.fileno() == -1


def test_its_end_ends_the_traffic_although_others_have_the_socket(pair: Any) -> None:
    ours, theirs = pair
    with ours.dup():
        SocketTransport(ours).close()
        assert theirs.recv(1) == b""


def test_a_forked_child_closes_the_socket_and_ends_no_traffic(pair: Any) -> None:
    ours, theirs = pair
    the_child_s = ours.dup()
    SocketTransport(the_child_s).drop()
    assert the_child_s.fileno() == -1
    ours.send(b"x")
    assert theirs.recv(1) == b"x"


def test_where_a_shutdown_wakes_nobody_a_descriptor_does(
    monkeypatch: pytest.MonkeyPatch, pair: Any
) -> None:
    """As on Windows."""
    monkeypatch.setattr(kernel, "IS_WINDOWS", True)
    monkeypatch.setattr(kernel, "interrupt_socket", lambda sock: None)
    ours, theirs = pair
    transport, buffer = SocketTransport(ours), memoryview(bytearray(10))
    ours.setblocking(False)
    theirs.send(b"x")
    assert transport.recv_into(buffer) == 1
    transport.interrupt()
    theirs.send(b"y")
    assert transport.recv_into(buffer) == 0
    transport.close()
