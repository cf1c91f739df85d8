"""Notices when the machine was suspended, or its clock was set, for all watchers of the process."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from .._clock import Clock
from .._hints import TypeAlias
from .._mutex import Bell, Mutex

#: Seconds between looks at both clocks; and by how much they must differ to mean something.
LOOK = 15.0
DIFFERENCE = 5.0

#: Is told whether the machine may have slept; neither waits nor raises.
Call: TypeAlias = "Callable[[bool], None]"


class Awakenings:
    """Calls functions now and then, and tells them whether the machine may have slept.

    It may when the time of day has gone on without the monotonic one, which stands still on most
    systems while a machine is suspended: no time-out is over then, but every link may be dead. A
    thread of its own looks, as long as there is a function to call.
    """

    def __init__(self, look: float = LOOK) -> None:
        self._look_after = look
        self._mutex = Mutex()
        self._bell = Bell()
        self._calls: dict[int, Call] = {}
        self._thread: threading.Thread | None = None

    def add(self, key: int, call: Call) -> None:
        """Have *call* called until *key* is removed."""
        thread = self._mutex.run(self._add, key, call)
        if thread is not None:
            try:
                thread.start()
            except RuntimeError:
                # There can be no more threads at present: who comes next tries again.
                self._mutex.run(self._forget, thread)

    def remove(self, key: int) -> None:
        """*key* is to be called no more."""
        if not self._mutex.run(self._remove, key):
            self.hurry()

    def hurry(self) -> None:
        """Have the functions called soon. No lock is taken: a garbage collection may call it."""
        self._bell.ring()

    def _add(self, key: int, call: Call) -> threading.Thread | None:
        self._calls[key] = call
        if self._thread is not None:
            return None
        self._thread = threading.Thread(target=self._run, name="imaplib2 clocks", daemon=True)
        return self._thread

    def _remove(self, key: int) -> bool:
        self._calls.pop(key, None)
        return bool(self._calls)

    def _forget(self, thread: threading.Thread) -> None:
        if self._thread is thread:
            self._thread = None

    def _calls_now(self) -> list[Call]:
        """What is to be called; once that is nothing, the thread is over."""
        if not self._calls:
            self._thread = None
        return [*self._calls.values()]

    def _run(self) -> None:
        before = Clock.wall() - Clock.now()
        while calls := self._mutex.run(self._calls_now):
            after = Clock.wall() - Clock.now()
            slept, before = abs(after - before) > DIFFERENCE, after
            for call in calls:
                call(slept)
            # What is removed meanwhile is not to be kept alive.
            del calls, call
            self._bell.wait(self._look_after)


_process = 0
_own: Awakenings


def awakenings() -> Awakenings:
    """Those of this process: a forked child has none of its parent's threads."""
    global _process, _own
    if _process != os.getpid():
        _own = Awakenings()
        _process = os.getpid()
    return _own
