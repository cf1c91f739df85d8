"""Calls that users make on a connection's socket, and what serves them.

``imaplib`` has no threads: its user may send a command on its socket and receive the answer there.
Here the reader receives everything. So a call by a user's thread goes to `Hands`, which make room
for what is sent, and give what comes in answer. Calls by the connection's own threads go to the
socket itself; so do all calls while no connection uses it.
"""

from __future__ import annotations

import errno
import os
import socket
import threading
import weakref
from collections.abc import Callable

from .._errors import error
from .._hints import Any, Protocol


class Hands(Protocol):
    """Serve calls by threads of users."""

    def take_over(self, *, reading: bool) -> bool:
        """Whether the calling thread is a user's, and the connection serves it."""

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


#: By socket, the hands that serve its users; sockets have no attributes of their own. Set once for
#: each socket, before it is used.
_HANDS: weakref.WeakKeyDictionary[Any, weakref.ref[Hands]] = weakref.WeakKeyDictionary()
#: Threads that only want to know what a file has buffered, and must not wait for more. Each adds
#: and discards its own number.
_LOOKING: set[int] = set()


def put_into_hands(sock: Any, hands: Hands) -> None:
    """Have *hands* serve the users of *sock*, as long as there are any."""
    _HANDS[sock] = weakref.ref(hands)


def hands_of(sock: Any, flags: int = 0, *, reading: bool = False) -> Hands | None:
    """What is to serve a call on *sock*; None when the socket itself does.

    Raises ``error`` for a call that can't be served: it would wait for ever.
    """
    hands = _known_hands(sock)
    if hands is None or not hands.take_over(reading=reading):
        return None
    if not flags & getattr(socket, "MSG_PEEK", 0):
        return hands
    if flags & getattr(socket, "MSG_DONTWAIT", 0) or sock.gettimeout() is not None:
        return None
    raise error("recv() with MSG_PEEK might wait for ever: imaplib2 reads this socket")


def is_ours(sock: Any) -> bool:
    """Whether a thread of *sock*'s connection calls."""
    hands = _known_hands(sock)
    return hands is not None and hands.are_ours()


def _known_hands(sock: Any) -> Hands | None:
    reference = _HANDS.get(sock)
    return None if reference is None else reference()


def received_into(buffer: Any, size: int, hands: Hands, timeout: float | None) -> int:
    """Put what *hands* receive for a user into *buffer*; the number of bytes."""
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

    How much was sent is unknown then.
    """
    if isinstance(problem, TimeoutError) and problem.errno is None:
        return timeout is None
    return not isinstance(problem, (error, OSError))


def buffered(file: Any, sock: Any) -> bytes:
    """What *file*, made of *sock*, has to give without waiting; nothing where that is unknown."""
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
    """Raise BlockingIOError in a thread that looks what is `buffered`, and must not wait."""
    if _LOOKING and threading.get_ident() in _LOOKING:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
