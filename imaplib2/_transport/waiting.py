"""Waiting for a descriptor to become readable or writable, and ending such a wait."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import sys
from collections.abc import Callable, Sequence

from .._clock import LONGEST_WAIT
from .._mutex import Mutex, Reentered
from . import kernel


class Pipe:
    """A pipe that can be waited for: where only sockets can, a pair of those."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        self._descriptors: list[int] = []
        if kernel.IS_WINDOWS:
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
        """Do what needs the descriptors, whose numbers the system gives again once they are closed.

        A garbage collection, or a signal handler, may have interrupted just that; then the
        interrupted call, which finds what it wants in the attributes, does the rest.
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

    # A default argument: at exit, the globals of modules may be gone. The system closes the
    # descriptors then.
    def __del__(self, is_ending: Callable[[], bool] = sys.is_finalizing) -> None:
        # Without a pipe, the system had no descriptors for one.
        if hasattr(self, "_pipe") and not is_ending():
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
    # Asked for once: another thread may close the socket meanwhile.
    descriptor = sock.fileno()
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
    span = None if timeout is None else max(0.0, min(timeout, LONGEST_WAIT))
    # Windows has none, and a program may have taken it away.
    if not hasattr(select, "poll"):
        readable, writable, _ = select.select(reading, writing, [], span)
        return [*readable, *writable]
    poller = select.poll()
    for descriptor in reading:
        poller.register(descriptor, select.POLLIN)
    for descriptor in writing:
        poller.register(descriptor, select.POLLOUT)
    return [descriptor for descriptor, _ in poller.poll(None if span is None else span * 1000)]
