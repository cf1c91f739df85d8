"""A plain socket, or what is enough like one."""

from __future__ import annotations

import _socket
import errno
import os
import socket
from collections.abc import Callable

from .._hints import Any
from . import kernel
from .base import Buffer
from .users_socket import UsersSocket
from .waiting import Wakeup, wait_for

#: Bytes: so little that a socket which can be written takes it without blocking.
_LITTLE = 4096


class SocketTransport:
    """A connected stream socket, whose time-out, the user's, is kept, and bounds no call here."""

    can_send_at_once = hasattr(socket, "MSG_DONTWAIT")
    honours_timeouts = True
    reads_ahead = False

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        # What a user calls on a UsersSocket goes through Hands; what is called here does not.
        plain: Any = super(UsersSocket, sock) if type(sock) is UsersSocket else sock
        self._recv_into: Callable[..., int] = plain.recv_into
        self._send: Callable[..., int] = plain.send
        self._interrupted = False
        # Ends the reader's wait where the shutdown of the socket doesn't.
        self._wakeup: Wakeup | None = None
        if kernel.IS_WINDOWS and isinstance(sock, _socket.socket):
            self._wakeup = Wakeup()
        # As long as a file made of it is open, which is so with imaplib as well, a socket puts off
        # its close(): a descriptor that is closed under the reader would leave it waiting for ever.
        self._hold: Any = None
        if hasattr(sock, "makefile"):
            try:
                self._hold = sock.makefile("rb", buffering=0)
            except TypeError:
                # A wrapper's, which takes no more than imaplib gives.
                self._hold = sock.makefile("rb")

    @property
    def has_more(self) -> bool:
        return False

    def recv_into(self, buffer: memoryview) -> int | None:
        while self._wakeup is None or wait_for(self.sock, reading=True, wakeup=self._wakeup):
            try:
                return self._recv_into(buffer)
            except (BlockingIOError, TimeoutError) as problem:
                # The connection's own time-out is an error; that of the call is to be waited out.
                if problem.errno == errno.ETIMEDOUT:
                    raise
                wait_for(self.sock, reading=True, wakeup=self._wakeup)
        return 0

    def take_unread(self) -> bytes:
        return b""

    def is_readable(self) -> bool:
        return wait_for(self.sock, 0, reading=True)

    def fileno(self) -> int:
        return self.sock.fileno()

    def try_send(self, data: Buffer) -> int:
        try:
            if self.sock.gettimeout() is None:
                return self._send(data, socket.MSG_DONTWAIT)
            # MSG_DONTWAIT on a socket with a time-out would be preceded by a wait. For the system,
            # such a socket doesn't block; but the send() of another class may do more: encrypt.
            if type(self.sock) in (UsersSocket, socket.socket):
                return os.write(self.sock.fileno(), data)
            if not wait_for(self.sock, 0, reading=False):
                return 0
            return self._send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0
        except TypeError:
            # A wrapper's, which takes no flags.
            self.can_send_at_once = False
            return 0

    def send(self, data: Buffer, timeout: float | None) -> int:
        if not self.can_send_at_once:
            return self._send_when_writable(data, timeout)
        sent = self.try_send(data)
        if sent or not wait_for(self.sock, timeout, reading=False):
            return sent
        return self.try_send(data)

    def unsent(self) -> int:
        return kernel.bytes_waiting(self.sock, "TIOCOUTQ")

    def silent_for(self) -> float | None:
        return kernel.unacknowledged_for(self.sock)

    def interrupt(self) -> None:
        if not self._interrupted:
            kernel.interrupt_socket(self.sock)
            if self._wakeup is not None:
                self._wakeup.set()
            # Last: a signal handler may have raised before, and the next call has to go on.
            self._interrupted = True

    def close(self) -> None:
        self.interrupt()
        self.drop()
        if self._wakeup is not None:
            self._wakeup.close()

    def drop(self) -> None:
        if self._hold is not None:
            self._hold.close()
        self.sock.close()

    def _send_when_writable(self, data: Buffer, timeout: float | None) -> int:
        if not wait_for(self.sock, timeout, reading=False):
            return 0
        return self._send(memoryview(data)[:_LITTLE])


def is_socket(sock: Any) -> bool:
    """Whether *sock* has all that `SocketTransport` needs; it may be a wrapper."""
    if isinstance(sock, _socket.socket):
        return True
    has_methods = all(hasattr(sock, name) for name in ("recv_into", "send", "gettimeout"))
    return has_methods and kernel.descriptor_of(sock) >= 0
