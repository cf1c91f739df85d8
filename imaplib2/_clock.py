"""The clock, and waits that would go by another one if they were left to the standard library."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable
from types import BuiltinFunctionType

from ._hints import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import subprocess

T = TypeVar("T")
#: Seconds: a longer wait is cut into several. Some systems can't wait much longer.
LONGEST_WAIT = 24 * 3600.0
#: Seconds between looks at a child process: the first, and the most.
_FIRST_LOOK, _CHILD_LOOK = 0.001, 0.05


def _genuine(name: str) -> Callable[[], float]:
    """The function *name* of the module time, although a program may have replaced it there."""
    function: Callable[[], float] = getattr(time, name)
    if not isinstance(function, BuiltinFunctionType):
        # The program's time stands still while it imports us: a fresh copy of the module has its
        # own functions.
        from importlib.util import module_from_spec

        spec = time.__spec__
        assert spec is not None
        assert spec.loader is not None
        fresh = module_from_spec(spec)
        spec.loader.exec_module(fresh)
        function = getattr(fresh, name)
    return function


class Clock:
    """The time that everything here goes by, also in programs under test whose time stands still.

    Tools such as freezegun replace the functions of the module time, there and wherever a module
    refers to them, for some callers only: our threads would see different times. They don't look
    into classes.
    """

    #: Seconds, for deadlines.
    now = staticmethod(_genuine("monotonic"))
    #: Seconds since the epoch.
    wall = staticmethod(_genuine("time"))


def seconds_until(deadline: float) -> float:
    """How long to wait for *deadline*, in monotonic time: at least 0, at most a day."""
    return max(0.0, min(deadline - Clock.now(), LONGEST_WAIT))


def next_of(items: queue.SimpleQueue[T], timeout: float | None) -> T:
    """The next of *items*; raises queue.Empty when there is none within *timeout* seconds.

    In Python 3.10, ``get`` waits for ever when its time is up before it has begun to wait; but not
    behind one that doesn't wait.
    """
    if timeout is None:
        return items.get()
    with contextlib.suppress(queue.Empty):
        return items.get_nowait()
    if timeout <= 0:
        raise queue.Empty
    return items.get(timeout=timeout)


def ended_within(child: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for a process to end; false when *seconds* have passed.

    ``Popen.wait`` would go by a clock that may stand still.
    """
    deadline, look = Clock.now() + seconds, _FIRST_LOOK
    while child.poll() is None:
        if not (left := seconds_until(deadline)):
            return False
        time.sleep(min(look, left))
        look = min(2 * look, _CHILD_LOOK)
    return True
