"""The clock, waiting for a descriptor to become readable or writable, and ending such a wait."""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import select
import socket
import sys
import time
from collections.abc import Callable, Sequence
from types import BuiltinFunctionType
from typing import TYPE_CHECKING, TypeVar

from ._mutex import Mutex, Reentered

if TYPE_CHECKING:
    import subprocess

T = TypeVar("T")
#: Seconds: whoever waits longer looks at the clock in between. Some waits can't be much longer.
_LONGEST_WAIT = 24 * 3600.0
#: Seconds between looks at a child process: the first, and the most.
_FIRST_LOOK, _CHILD_LOOK = 0.001, 0.05
#: Windows waits for sockets only; and there the `shutdown()` of one doesn't wake who receives.
IS_WINDOWS = sys.platform == "win32"


def _genuine(name: str) -> Callable[[], float]:
    """The function *name* of the module time, although a program may have replaced it there."""
    function: Callable[[], float] = getattr(time, name)
    if not isinstance(function, BuiltinFunctionType):
        # Its time stands still while it imports us: a fresh copy of the module has its own.
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


class Pipe:
    """A pipe that can be waited for: where only sockets can, a pair of those."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        self._descriptors: list[int] = []
        if IS_WINDOWS:
            self._sockets[:] = socket.socketpair()
            self._read_fd, self._write_fd = (end.fileno() for end in self._sockets)
        else:
            self._read_fd, self._write_fd = self._descriptors[:] = os.pipe()

    @property
    def is_open(self) -> bool:
        """Whether `close` has something to do."""
        return bool(self._sockets or self._descriptors)

    def fileno(self) -> int:
        """The descriptor that becomes readable."""
        return self._read_fd

    def write(self) -> None:
        """Put a byte in."""
        if self._sockets:
            self._sockets[1].send(b"x")
        else:
            os.write(self._write_fd, b"x")

    def read(self) -> None:
        """Take a byte out."""
        if self._sockets:
            self._sockets[0].recv(1)
        else:
            os.read(self._read_fd, 1)

    def close(self) -> None:
        """Give the descriptors back. Idempotent."""
        while self._sockets:
            self._sockets.pop().close()
        while self._descriptors:
            os.close(self._descriptors.pop())


class Wakeup:
    """What ends waits for other descriptors; once set, it stays set."""

    def __init__(self) -> None:
        self._mutex = Mutex()
        self._closed = self._written = False
        self.is_set = False
        self._pipe = Pipe()

    def set(self) -> None:
        """End all waits, now and later."""
        self.is_set = True
        self._run(self._write)

    def wait(self, timeout: float) -> None:
        """Wait until this is set, up to *timeout* seconds."""
        self.wait_with(self._pipe.fileno(), timeout)

    def close(self) -> None:
        """Give the descriptors back."""
        self._closed = True
        self._run(self._release)

    def _run(self, step: Callable[[], None]) -> None:
        """Do what needs the descriptors, whose numbers may mean others once they are closed.

        A garbage collection, or a signal handler, may have interrupted just that: what it has
        interrupted does then what is left to be done.
        """
        with contextlib.suppress(Reentered):
            self._mutex.run(step)
            if self._closed and self._pipe.is_open:
                self._mutex.run(self._release)

    def _write(self) -> None:
        if not (self._written or self._closed):
            self._pipe.write()
            self._written = True

    def _release(self) -> None:
        self._pipe.close()

    # A default argument, as the modules' globals may be gone: then, the system closes all of it.
    def __del__(self, is_ending: Callable[[], bool] = sys.is_finalizing) -> None:
        if hasattr(self, "_pipe") and not is_ending():  # without one, there was none to be had
            self.close()

    def wait_with(
        self, descriptor: int, timeout: float | None = None, *, reading: bool = True
    ) -> bool:
        """Wait until *descriptor* can be read (or written); false when time is up or this set."""
        own = self._pipe.fileno()
        if reading:
            ready = _ready((descriptor, own), (), timeout)
        else:
            ready = _ready((own,), (descriptor,), timeout)
        return descriptor in ready and not self.is_set


def wait_for(
    sock: socket.socket,
    timeout: float | None = None,
    *,
    reading: bool,
    wakeup: Wakeup | None = None,
) -> bool:
    """Wait until *sock* can be read (or written).

    False when *timeout* seconds have passed, or *wakeup* was set. Raises OSError when it is closed.
    """
    descriptor = sock.fileno()  # asked for once: it may be closed meanwhile
    if descriptor < 0:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    if wakeup is not None:
        return wakeup.wait_with(descriptor, timeout, reading=reading)
    if reading:
        return bool(_ready((descriptor,), (), timeout))
    return bool(_ready((), (descriptor,), timeout))


def can_read(descriptor: int, timeout: float | None) -> bool:
    """Wait until *descriptor* can be read; false when *timeout* seconds have passed."""
    return bool(_ready((descriptor,), (), timeout))


def _ready(reading: Sequence[int], writing: Sequence[int], timeout: float | None) -> list[int]:
    """The descriptors that can be read or written, once some can, or *timeout* has passed."""
    if not hasattr(select, "poll"):  # Windows, and programs that have taken it away
        span = None if timeout is None else min(timeout, _LONGEST_WAIT)
        readable, writable, _ = select.select(reading, writing, [], span)
        return [*readable, *writable]
    poller = select.poll()
    for descriptor in reading:
        poller.register(descriptor, select.POLLIN)
    for descriptor in writing:
        poller.register(descriptor, select.POLLOUT)
    return [descriptor for descriptor, _ in poller.poll(_milliseconds(timeout))]


def _milliseconds(timeout: float | None) -> float | None:
    return None if timeout is None else max(0.0, min(timeout, _LONGEST_WAIT) * 1000)


def seconds_until(deadline: float) -> float:
    """How long to wait for *deadline*, in monotonic time: at least 0, at most a day."""
    return max(0.0, min(deadline - Clock.now(), _LONGEST_WAIT))


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
