"""TLS over a socket."""

from __future__ import annotations

import _socket

from .._hints import TYPE_CHECKING, Any, cast
from .base import Buffer
from .sockets import SocketTransport
from .waiting import wait_for

if TYPE_CHECKING:
    import ssl

    from .tls_socket import ConcurrentSSLSocket


class TLSTransport(SocketTransport):
    """An ``SSLSocket``; it becomes one that two threads may use (see ``tls_socket.py``)."""

    can_send_at_once = True
    sock: ConcurrentSSLSocket

    def __init__(self, sock: ssl.SSLSocket) -> None:
        # Here, as it imports the module ssl, which connections without TLS don't need.
        from .tls_socket import adopt

        super().__init__(adopt(sock))

    @property
    def has_more(self) -> bool:
        return self.sock.pending() > 0

    def is_readable(self) -> bool:
        return self.has_more or super().is_readable()

    def recv_into(self, buffer: memoryview) -> int | None:
        if self._wakeup is None:
            return self.sock.receive_some(buffer)
        if self.has_more or wait_for(self.sock, reading=True, wakeup=self._wakeup):
            return self.sock.receive_some(buffer, wait=False)
        return 0

    def try_send(self, data: Buffer) -> int:
        return self.sock.send_now(data)

    def send(self, data: Buffer, timeout: float | None) -> int:
        return self.sock.send_within(data, timeout)


def tls_transport(sock: Any) -> SocketTransport:
    """A transport for an ``SSLSocket``, which may be one of gevent's.

    Those block, one at a time, in their own way, and need no lock around OpenSSL.
    """
    if isinstance(sock, _socket.socket):
        return TLSTransport(cast(Any, sock))
    transport = SocketTransport(sock)
    transport.can_send_at_once = False
    return transport
