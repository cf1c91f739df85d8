"""What the operating system tells of a channel, and what it is asked to do with one."""

from __future__ import annotations

import _socket
import contextlib
import socket
import sys

from .._hints import Any, cast

#: Windows waits for sockets only; and there the ``shutdown()`` of one wakes no thread in a
#: ``recv()``.
IS_WINDOWS = sys.platform == "win32"

#: Bytes of Linux's struct tcp_info. In it, by their places: unanswered probes, one byte, and in
#: four each, unacknowledged segments, and the milliseconds since data came, and an acknowledgement.
_TCP_INFO_SIZE = 60
_PROBES, _UNACKNOWLEDGED, _DATA_HEARD, _ACKNOWLEDGED = 3, 24, 52, 56


def descriptor_of(sock: Any) -> int:
    """The descriptor of something like a socket, -1 if it has none."""
    try:
        descriptor = sock.fileno()
    except Exception:
        # The code of a user's class.
        return -1
    return descriptor if isinstance(descriptor, int) else -1


def interrupt_socket(sock: Any) -> None:
    """End a socket's traffic in both directions: threads that wait for it wake up."""
    with contextlib.suppress(OSError):
        if isinstance(sock, _socket.socket):
            # Not SSLSocket.shutdown, which drops the TLS layer: a reader would get ciphertext. Nor
            # that of socket.socket, which eventlet replaces by a class that has none.
            _socket.socket.shutdown(sock, socket.SHUT_RDWR)
        else:
            sock.shutdown(socket.SHUT_RDWR)


def bytes_waiting(channel: Any, request: str) -> int:
    """How many bytes are on their way through *channel*, which a *request* of ioctl tells."""
    # To look for modules that are missing takes long, each time.
    if IS_WINDOWS:
        return 0
    try:
        import fcntl
        import termios

        count = fcntl.ioctl(channel, getattr(termios, request), bytes(4))
    except (ImportError, AttributeError, OSError, TypeError, ValueError):
        # Not on this system, or not of this kind of channel.
        return 0
    return int.from_bytes(count, sys.byteorder)


def unacknowledged_for(sock: Any) -> float | None:
    """`Transport.silent_for` of a socket, if it is one of TCP on Linux."""
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_SIZE)
    except (AttributeError, OSError):
        return None
    if len(info) < _TCP_INFO_SIZE:
        return None
    if info[_PROBES] or _number_at(info, _UNACKNOWLEDGED):
        return min(_number_at(info, _DATA_HEARD), _number_at(info, _ACKNOWLEDGED)) / 1000
    return 0.0 if bytes_waiting(sock, "TIOCOUTQ") else None


def _number_at(info: bytes, place: int) -> int:
    return int.from_bytes(info[place : place + 4], sys.byteorder)


def tune(sock: socket.socket) -> None:
    """Have small commands sent at once, and a quiet peer asked whether it is alive.

    What isn't acknowledged is not TCP_USER_TIMEOUT's business: to that, a busy peer that takes no
    more for a while, but acknowledges each probe, is as good as dead.
    """
    idle = "TCP_KEEPIDLE" if hasattr(socket, "TCP_KEEPIDLE") else "TCP_KEEPALIVE"  # macOS's name
    options = [
        (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
        (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
        (socket.IPPROTO_TCP, idle, 60),
        (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 15),
        (socket.IPPROTO_TCP, "TCP_KEEPCNT", 4),
    ]
    for level, name, value in options:
        if hasattr(socket, name):
            with contextlib.suppress(OSError):  # not one of TCP
                sock.setsockopt(level, getattr(socket, name), value)
    # An older Windows, which asks ten times, and counts in milliseconds.
    if not hasattr(socket, idle) and hasattr(socket, "SIO_KEEPALIVE_VALS"):
        with contextlib.suppress(OSError):
            cast(Any, sock).ioctl(socket.SIO_KEEPALIVE_VALS, (1, 60_000, 6_000))
