"""A plain socket that its users may go on to use while a connection reads and writes it."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Callable

from .._errors import error
from .._hints import Any, TypeVar
from .hands import (
    Hands,
    check_not_looking,
    hands_of,
    is_ours,
    put_into_hands,
    received_into,
    write,
    write_all,
)
from .waiting import wait_for

T = TypeVar("T")


class UsersSocket(socket.socket):
    """A plain socket in use by a connection; `hand_over` makes it of one."""

    __slots__ = ()

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        hands = hands_of(self, flags, reading=True)
        if hands is None:
            return _receive_patiently(self, super().recv, bufsize, flags)
        if bufsize < 0:
            raise ValueError("negative buffersize in recv")
        return hands.receive(bufsize, _patience(self, flags)) if bufsize else b""

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        check_not_looking()
        hands = hands_of(self, flags, reading=True)
        if hands is None:
            return _receive_patiently(self, super().recv_into, buffer, nbytes, flags)
        if nbytes < 0:
            raise ValueError("negative buffersize in recv_into")
        if nbytes > memoryview(buffer).nbytes:
            raise ValueError("buffer too small for requested bytes")
        return received_into(buffer, nbytes, hands, _patience(self, flags))

    def send(self, data: Any, flags: int = 0) -> int:
        hands = hands_of(self)
        if hands is None:
            return super().send(data, flags)
        return write(hands, data, self.gettimeout(), super().send, flags)

    def sendall(self, data: Any, flags: int = 0) -> None:
        hands = hands_of(self)
        if hands is None:
            return super().sendall(data, flags)
        write_all(hands, data, self.gettimeout(), super().sendall, flags)
        return None


def _refused(name: str) -> Callable[..., Any]:
    """The method *name*, which a connection can't serve: it raises ``error`` for its users."""

    def method(sock: Any, *arguments: Any, **options: Any) -> Any:
        if hands_of(sock) is not None:
            raise error(
                f"{name}(): this socket is read and written by imaplib2, which serves recv(),"
                " recv_into(), send(), sendall() and makefile()"
            )
        return getattr(_PLAIN, name)(sock, *arguments, **options)

    return method


_PLAIN = socket.socket
for _name in (
    "recvfrom",
    "recvfrom_into",
    "recvmsg",
    "recvmsg_into",
    "sendmsg",
    "sendto",
    "sendfile",
):
    if hasattr(_PLAIN, _name):
        setattr(UsersSocket, _name, _refused(_name))


def hand_over(sock: Any, hands: Hands) -> None:
    """Have *hands* serve the users of *sock*, unless it is of a kind of its own."""
    if type(sock) is _PLAIN:
        with contextlib.suppress(TypeError):  # sockets of gevent, say
            sock.__class__ = UsersSocket
    # The latter are those of `tls_socket.py`, which is imported only where there is TLS.
    if isinstance(sock, UsersSocket) or hasattr(sock, "receive_some"):
        put_into_hands(sock, hands)


def _patience(sock: Any, flags: int) -> float | None:
    """The seconds that a call on *sock* may wait."""
    timeout: float | None = sock.gettimeout()
    return 0 if flags & getattr(socket, "MSG_DONTWAIT", 0) else timeout


def _receive_patiently(sock: Any, receive: Callable[..., T], *arguments: Any) -> T:
    """Receive, and wait for it if a thread of the connection calls: time-outs are the user's."""
    while True:
        try:
            return receive(*arguments)
        except (BlockingIOError, TimeoutError) as problem:
            # The connection's own time-out is an error; that of the call is to be waited out.
            if problem.errno == errno.ETIMEDOUT or not is_ours(sock):
                raise
            wait_for(sock, reading=True)
