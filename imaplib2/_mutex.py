"""A lock, and a signal, for threads that a signal handler may interrupt at any moment.

What a handler raises (KeyboardInterrupt, or the time-out of a script that uses ``signal.alarm``)
may come up behind any call. In CPython 3.14 that includes the ``__enter__`` of a ``with``
statement, behind which the lock would stay taken for ever. So no lock here is taken by ``with``,
and none is taken by anything but `Mutex`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from ._errors import error
from ._hints import Any, TypeVar

T = TypeVar("T")


class Reentered(error):
    """A signal handler, or a finalizer, needs what it has interrupted."""

    is_refusal = True


class Mutex:
    """A lock that is held while a function runs, and by nothing that outlasts that.

    It is an RLock below, as that kind alone knows which thread holds it; but no thread is let in
    twice.
    """

    def __init__(self) -> None:
        lock: Any = threading.RLock()
        self._lock = lock
        # Bound here: looking them up twice for each command would take as long as calling them.
        self.acquire: Callable[..., bool] = lock.acquire
        self.release: Callable[[], None] = lock.release
        #: Whether the calling thread holds it.
        self.is_owned: Callable[[], bool] = lock._is_owned

    def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """The result of *function*, which is called with the lock held.

        Raises `Reentered` where the calling thread holds it already: a signal handler or a
        finalizer has interrupted the function that is running, and finds things half done.
        """
        if self.is_owned():
            raise Reentered("a signal handler or finalizer has interrupted the connection at work")
        try:
            self.acquire()
            return function(*arguments)
        finally:
            # Nothing may be called before this: behind a call, a handler may raise.
            try:  # noqa: SIM105 - suppress() is a call
                self.release()
            except RuntimeError:  # it was never had
                pass

    def is_free(self, timeout: float) -> bool:
        """Whether the lock can be had within *timeout* seconds, and not by reentering it."""
        if self.is_owned():
            return False
        try:
            return self.acquire(timeout=timeout)
        finally:
            try:  # noqa: SIM105
                self.release()
            except RuntimeError:
                pass

    def locked(self) -> bool:
        """Whether some thread holds the lock at present."""
        return self.is_owned() or not self.is_free(0)


class Bell:
    """Wakes one thread: a `ring` ends its `wait`, be that in progress or the next one."""

    def __init__(self) -> None:
        self._silence = threading.Lock()
        self._silence.acquire()

    def ring(self) -> None:
        """End the wait; several rings are as good as one."""
        try:  # noqa: SIM105 - suppress() takes as long as all else here
            self._silence.release()
        except RuntimeError:
            pass

    def wait(self, timeout: float | None) -> None:
        """Wait for a ring, up to *timeout* seconds; it may end early."""
        self._silence.acquire(timeout=-1 if timeout is None else timeout)
