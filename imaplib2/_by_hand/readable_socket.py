"""What a user polls while responses wait that the socket doesn't hold any more."""

from __future__ import annotations

import contextlib
import select

from .._hints import Any
from .._transport.waiting import Pipe


class ReadableSocket:
    """A socket that is readable, until `drained` is called, even if it has nothing to read.

    Raises OSError when no descriptor is left for it.
    """

    _epoll: Any = None

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._pipe = Pipe()
        self._pipe.write()
        # Of both, so that a user who keeps this object polls the socket, too. Where there is no
        # epoll, or none can be had, it is the pipe alone.
        with contextlib.suppress(AttributeError, OSError):
            self._epoll = select.epoll()
            self._epoll.register(self._pipe.fileno(), select.EPOLLIN)
            self._epoll.register(sock.fileno(), select.EPOLLIN)

    def fileno(self) -> int:
        """A descriptor that is readable; valid as long as this object is."""
        return self._epoll.fileno() if self._epoll is not None else self._pipe.fileno()

    def drained(self) -> None:
        """Nothing waits any more, but for what the socket has. To be called once."""
        self._pipe.read()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def __del__(self) -> None:
        pipe = vars(self).get("_pipe")  # none, if `__init__` was interrupted
        if pipe is not None:
            pipe.close()
        if self._epoll is not None:
            self._epoll.close()
