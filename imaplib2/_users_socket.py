"""What a connection's socket does when its user, and not the connection, reads or writes it.

``imaplib`` has no threads: whoever takes its socket may send a command and receive the answer
there. Here a thread receives everything. So a call by a user's thread is handed to `Hands`, which
makes room for what is sent, and gives what comes in answer. The connection's own threads, and
everybody as long as there is no connection, get the socket as it is.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading
import weakref
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from ._errors import error
from ._waiting import wait_for

T = TypeVar("T")


class Hands(Protocol):
    """What is done for a user, who calls from a thread of his own."""

    def take_over(self, *, reading: bool) -> bool:
        """Whether the calling thread is a user's, and the connection serves him."""

    def are_ours(self) -> bool:
        """Whether the calling thread is one of the connection's."""

    def before_writing(self, data: Any, timeout: float | None) -> bool:
        """Make room for *data*; whether they still have to be sent; raises as a socket does."""

    def wrote(self, data: Any) -> None:
        """*data* have been sent."""

    def failed_to_write(self, problem: BaseException) -> None:
        """Some of what was to be written has been sent, perhaps."""

    def receive(self, size: int, timeout: float | None) -> bytes:
        """At most *size* bytes, as soon as there are any; raises as a socket does."""


class UsersSocket(socket.socket):
    """A TCP socket in use by a connection; made from one by `hand_over`."""

    __slots__ = ()

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        hands = hands_of(self, flags, reading=True)
        if hands is None:
            return receive_patiently(self, super().recv, bufsize, flags)
        if bufsize < 0:
            raise ValueError("negative buffersize in recv")
        return hands.receive(bufsize, patience(self, flags)) if bufsize else b""

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        check_not_looking()
        hands = hands_of(self, flags, reading=True)
        if hands is None:
            return receive_patiently(self, super().recv_into, buffer, nbytes, flags)
        if nbytes < 0:
            raise ValueError("negative buffersize in recv_into")
        if nbytes > memoryview(buffer).nbytes:
            raise ValueError("buffer too small for requested bytes")
        return received_into(buffer, nbytes, hands, patience(self, flags))

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
    """The method *name* for users whom a connection serves, who can't be served in that way."""

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
#: For whom a socket works: it has no attributes of its own.
_HANDS: weakref.WeakKeyDictionary[Any, weakref.ref[Hands]] = weakref.WeakKeyDictionary()
#: Threads that only want to know what a file has buffered, and must not wait for more.
_LOOKING: set[int] = set()


def hand_over(sock: Any, hands: Hands) -> None:
    """Have *hands* see what users do with *sock*, unless it is of a kind of its own."""
    if type(sock) is _PLAIN:
        with contextlib.suppress(TypeError):  # sockets of gevent, say
            sock.__class__ = UsersSocket
    if isinstance(sock, UsersSocket) or hasattr(sock, "receive_some"):
        _HANDS[sock] = weakref.ref(hands)


def hands_of(sock: Any, flags: int = 0, *, reading: bool = False) -> Hands | None:
    """Who is to serve a call on *sock*; None when the socket does."""
    hands = _known_hands(sock)
    if hands is None or not hands.take_over(reading=reading):
        return None
    if not flags & getattr(socket, "MSG_PEEK", 0):
        return hands
    if flags & getattr(socket, "MSG_DONTWAIT", 0) or sock.gettimeout() is not None:
        return None
    raise error("recv() with MSG_PEEK might wait for ever: imaplib2 reads this socket")


def patience(sock: Any, flags: int) -> float | None:
    """The seconds that a call on *sock* may wait."""
    timeout: float | None = sock.gettimeout()
    return 0 if flags & getattr(socket, "MSG_DONTWAIT", 0) else timeout


def is_ours(sock: Any) -> bool:
    """Whether a thread of *sock*'s connection calls."""
    hands = _known_hands(sock)
    return hands is not None and hands.are_ours()


def receive_patiently(sock: Any, receive: Callable[..., T], *arguments: Any) -> T:
    """Receive, and wait for it if a thread of the connection calls: time-outs are the user's."""
    while True:
        try:
            return receive(*arguments)
        except (BlockingIOError, TimeoutError) as problem:
            if problem.errno == errno.ETIMEDOUT or not is_ours(sock):
                raise
            wait_for(sock, reading=True)


def _known_hands(sock: Any) -> Hands | None:
    reference = _HANDS.get(sock)
    return None if reference is None else reference()


def received_into(buffer: Any, size: int, hands: Hands, timeout: float | None) -> int:
    """Put what is received for a user into *buffer*; the number of bytes."""
    with memoryview(buffer) as view, view.cast("B") as octets:
        size = min(size or len(octets), len(octets))
        data = hands.receive(size, timeout) if size else b""
        octets[: len(data)] = data
    return len(data)


def write(
    hands: Hands, data: Any, timeout: float | None, send: Callable[..., int], *flags: int
) -> int:
    """Have some of *data* sent by *send* for a user; the number of bytes."""
    view = memoryview(data).cast("B")
    if not hands.before_writing(view, timeout):
        return len(view)
    try:
        sent = send(view, *flags)
        hands.wrote(view[:sent])
    except BaseException as problem:
        if is_interruption(problem, timeout):
            hands.failed_to_write(problem)
        raise
    return sent


def write_all(
    hands: Hands, data: Any, timeout: float | None, send: Callable[..., object], *flags: int
) -> None:
    """Have *data* sent by *send* for a user."""
    view = memoryview(data).cast("B")
    if not hands.before_writing(view, timeout):
        return
    try:
        send(view, *flags)
        hands.wrote(view)
    except BaseException as problem:
        hands.failed_to_write(problem)
        raise


def is_interruption(problem: BaseException, timeout: float | None) -> bool:
    """Whether *problem* is a signal handler's, and not that of a send with this time-out.

    Then nobody knows what was sent.
    """
    if isinstance(problem, TimeoutError) and problem.errno is None:
        return timeout is None
    return not isinstance(problem, (error, OSError))


def buffered(file: Any, sock: Any) -> bytes:
    """What *file*, made of *sock*, has to give without waiting; nothing where nobody knows."""
    if _known_hands(sock) is None or not hasattr(file, "peek"):
        return b""
    thread = threading.get_ident()
    _LOOKING.add(thread)
    try:
        return bytes(file.peek())
    except (OSError, ValueError):  # nothing, or it is closed
        return b""
    finally:
        _LOOKING.discard(thread)


def check_not_looking() -> None:
    """Raise BlockingIOError for a thread that must not wait."""
    if _LOOKING and threading.get_ident() in _LOOKING:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
