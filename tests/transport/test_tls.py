"""TLS as a transport."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from imaplib2._transport import kernel
from imaplib2._transport.sockets import SocketTransport
from imaplib2._transport.tls import TLSTransport, tls_transport
from imaplib2._transport.tls_socket import ConcurrentSSLSocket

from ..systems import SYSTEM
from .helpers import TLSPeer, is_over


@pytest.fixture(params=["readers of sockets are woken by shutdown", "by a descriptor"])
def transport(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, peer: TLSPeer
) -> TLSTransport:
    """As on most systems, and as on Windows."""
    if SYSTEM == "windows" and request.param != "by a descriptor":
        pytest.skip("there a shutdown wakes nobody")
    monkeypatch.setattr(kernel, "IS_WINDOWS", request.param == "by a descriptor")
    return TLSTransport(peer.sock)


def test_its_socket_may_be_used_by_two_threads(transport: TLSTransport) -> None:
    assert isinstance(transport.sock, ConcurrentSSLSocket)
    assert transport.can_send_at_once
    transport.close()
    assert transport.fileno() == -1


def test_what_is_decrypted_needs_no_waiting(peer: TLSPeer, transport: TLSTransport) -> None:
    assert not transport.is_readable()
    peer.say(b"abcdef")
    buffer = memoryview(bytearray(4))
    assert transport.is_readable()
    assert not transport.has_more
    assert (transport.recv_into(buffer), bytes(buffer)) == (4, b"abcd")
    # The descriptor has nothing any more.
    assert transport.has_more
    assert transport.is_readable()
    assert (transport.recv_into(buffer), bytes(buffer[:2])) == (2, b"ef")
    assert not transport.is_readable()
    transport.close()


def test_what_has_gone_wrong_needs_no_waiting(peer: TLSPeer, transport: TLSTransport) -> None:
    peer.say(bytes(16 * 1024))
    peer.theirs.sendall(b"wrong")  # all that OpenSSL reads of it
    buffer = memoryview(bytearray(100_000))
    assert transport.recv_into(buffer) == 16 * 1024
    assert transport.is_readable()
    with pytest.raises(OSError, match=r"version|record"):
        transport.recv_into(buffer)
    transport.close()


def test_it_sends(peer: TLSPeer, transport: TLSTransport) -> None:
    assert transport.try_send(b"at once") == 7
    assert transport.send(b", or later", 1) == 10
    assert peer.received() == b"at once, or later"
    rest = bytes(100_000)
    while transport.try_send(rest):
        pass
    assert transport.send(rest, 0) == 0
    transport.close()


def test_an_interruption_ends_the_traffic(peer: TLSPeer, transport: TLSTransport) -> None:
    transport.interrupt()
    assert is_over(lambda: transport.recv_into(memoryview(bytearray(10))))
    with pytest.raises(OSError, match=r"."):
        transport.send(b"x", 1)
    # Nothing in plain text, either.
    assert peer.theirs.recv(10) == b""
    transport.close()


def test_a_socket_that_is_not_the_system_s_blocks_in_its_own_way(pair: Any) -> None:
    """Such as one of gevent's, which looks at no flags."""

    class Other:
        def __init__(self, sock: socket.socket) -> None:
            self.recv_into, self.send, self.close = sock.recv_into, sock.send, sock.close
            self.fileno, self.gettimeout = sock.fileno, sock.gettimeout

        def shutdown(self, how: int) -> None:
            """There is no traffic to end."""

    other: Any = Other(pair[0])
    transport = tls_transport(other)
    assert type(transport) is SocketTransport
    assert not transport.can_send_at_once
    assert transport.sock is other
    transport.close()


def test_an_sslsocket_becomes_one_for_two_threads(peer: TLSPeer) -> None:
    transport = tls_transport(peer.sock)
    assert type(transport) is TLSTransport
    assert transport.sock is peer.sock
    transport.close()
