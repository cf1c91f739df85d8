"""How a connection ends that is ended without the mutex, and which of its threads are through."""

from __future__ import annotations

import threading

from .._clock import Clock, seconds_until
from .._mutex import Mutex

#: Seconds that the ends of all threads together are waited for. The silence of a server that gets
#: a LOGOUT is waited for before: all of it is to take less than 5 seconds.
_JOIN_TIMEOUT = 1.8


class Ending:
    """By which side the connection is ended, and which of reader and writer are still there.

    The flags are set by threads that must not take the mutex, a signal handler's or a finalizer's,
    and never unset. Such a thread then interrupts the transport: so the reader looks at them.
    """

    def __init__(self, mutex: Mutex) -> None:
        self._mutex = mutex
        #: The client object was collected.
        self.forgotten = False
        #: `Engine.close` has interrupted the transport without the mutex; whether for a logout().
        self.closing: bool | None = None
        #: The numbers of reader and writer, as long as they run. Each thread asks for its own.
        self.running: set[int] = set()
        self._left: set[threading.Thread] = set()
        # Until when `join` waits, however often it is called.
        self._join_until: float | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether the connection will be over once the reader gets to know it."""
        return self.forgotten or self.closing is not None

    def is_last(self, thread: threading.Thread) -> bool:
        """*thread*, reader or writer, leaves; whether the other one has. The mutex is held."""
        assert self._mutex.is_owned()
        self._left.add(thread)
        return len(self._left) == 2

    def join(self, thread: threading.Thread | None) -> None:
        """Wait for the end of *thread*, if it has begun and isn't the calling one.

        All calls together wait no longer than a bound: a thread may be stuck in user code.
        """
        if thread is None or thread is threading.current_thread() or not thread.ident:
            return
        if self._join_until is None:
            self._join_until = Clock.now() + _JOIN_TIMEOUT
        thread.join(seconds_until(self._join_until))
