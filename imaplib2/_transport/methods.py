"""An object's own ``read`` and ``send``, which a subclass has written for ``imaplib``."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Callable

from .._hints import Any, Protocol
from .base import PORTION, Buffer, Transport
from .deflate import DeflateTransport
from .waiting import Wakeup, wait_for

#: Seconds that the finalizer of an owner that is gone has to interrupt its transport.
_FINALIZING = 2.0


class Owner(Protocol):
    """What a `MethodTransport` uses of the object whose methods carry the bytes."""

    @property
    def read_fd(self) -> int | None:
        """The descriptor that is waited for before anything is read."""

    @property
    def reads_lines(self) -> bool:
        """Whether it reads by ``readline``, so that a file of its own may hold more."""

    @property
    def sock(self) -> Any:
        """Its socket, if it has one."""

    @property
    def decompressor(self) -> Any:
        """What inflates the input within its ``read``; None if nothing does."""

    def has_buffered(self) -> bool:
        """Whether it has something to give although the descriptor may have nothing."""

    def file_has_more(self) -> bool:
        """Whether a file of its own has what `read_some` would give, so that needs no waiting."""

    def read_some(self, size: int) -> bytes:
        """What its methods give when they are asked for *size* bytes; b"" at the end."""

    def send(self, data: bytes) -> Any:
        """Send all of *data*."""


class MethodTransport:
    """An object's own ``read(size)``, ``send(data)`` and ``read_fd``: a subclass's transport.

    *owner* gives the object, or None when it is gone: the threads must not keep it alive.
    """

    can_send_at_once = False
    honours_timeouts = False
    reads_ahead = True

    def __init__(self, owner: Callable[[], Owner | None]) -> None:
        self._owner = owner
        #: What the methods of the base class use, if they use anything.
        self.base: Transport | None = None
        self._wakeup = Wakeup()
        self._unread = memoryview(b"")
        # Gives what came, compressed, before the transport was.
        self._early: Transport | None = None

    @property
    def has_more(self) -> bool:
        if self._unread or (self._early is not None and self._early.has_more):
            return True
        owner = self._owner()
        return owner is not None and owner.file_has_more()

    def recv_into(self, buffer: memoryview) -> int | None:
        if self._early is not None:
            if self._early.has_more:
                return self._early.recv_into(buffer)
            self._early = None
        data = self._unread or self._read(len(buffer))
        if data is None:
            return None
        size = min(len(data), len(buffer))
        buffer[:size] = data[:size]
        # A view: a copy of the rest each time would make much data cost its square.
        self._unread = memoryview(data)[size:]
        return size

    def take_unread(self) -> bytes:
        unread, self._unread = bytes(self._unread), memoryview(b"")
        return unread

    def is_readable(self) -> bool:
        return self.has_more or self._wait_readable(0)

    def fileno(self) -> int:
        owner = self._owner()
        return -1 if owner is None or owner.read_fd is None else owner.read_fd

    def try_send(self, data: Buffer) -> int:
        raise NotImplementedError

    def send(self, data: Buffer, timeout: float | None) -> int:
        owner = self._living_owner()
        if owner is None:
            raise BrokenPipeError("the connection was dropped")
        portion = bytes(memoryview(data)[:PORTION])  # bytes are what subclasses expect
        owner.send(portion)
        return len(portion)

    def unsent(self) -> int:
        return 0 if self.base is None else self.base.unsent()

    def silent_for(self) -> float | None:
        return None if self.base is None else self.base.silent_for()

    def interrupt(self) -> None:
        self._wakeup.set()
        if self.base is not None:
            self.base.interrupt()

    def close(self) -> None:
        self._wakeup.set()
        if self.base is not None:
            self.base.close()
        self._wakeup.close()

    def drop(self) -> None:
        if self.base is not None:
            self.base.drop()

    def inflate(self, unread: bytes, decompressor: Any) -> None:
        """Have what *unread* is the compressed form of received before anything else."""
        self._early = DeflateTransport(self, None, decompressor, unread)

    def _living_owner(self) -> Owner | None:
        owner = self._owner()
        if owner is None:
            # Its finalizer is about to interrupt us: let that be first, as it is the reason.
            self._wakeup.wait(_FINALIZING)
        return owner

    def _read(self, size: int) -> bytes | memoryview | None:
        if not self._wait_readable():
            return b""
        owner = self._living_owner()
        if owner is None:
            return b""
        try:
            data = owner.read_some(size)
            # All that came together: otherwise a user who polls the descriptor would not learn of
            # what is left in the file.
            with contextlib.suppress(BlockingIOError, TimeoutError):
                while 0 < len(data) < size and owner.file_has_more():
                    data += owner.read_some(size - len(data))
        except (BlockingIOError, TimeoutError) as problem:
            # The connection's own time-out is an error; that of the call says nothing.
            if problem.errno == errno.ETIMEDOUT:
                raise
            return None
        return data if data or _is_at_end(owner) else None

    def _wait_readable(self, timeout: float | None = None) -> bool:
        owner = self._living_owner()
        if owner is None or self._wakeup.is_set:
            return False
        if owner.has_buffered():
            return True
        # A file that is read by line may have some in it: only reading tells.
        descriptor = owner.read_fd if timeout is not None or not owner.reads_lines else None
        del owner  # not kept alive while waiting
        if descriptor is None:
            return True
        return self._wakeup.wait_with(descriptor, timeout)


def _is_at_end(owner: Owner) -> bool:
    """Whether the b"" that the owner's ``read`` gave is the end of file."""
    if owner.decompressor is None or not isinstance(owner.sock, socket.socket):
        return True
    # Compressed input may give nothing yet.
    if not wait_for(owner.sock, 0, reading=True):
        return False
    return not socket.socket.recv(owner.sock, 1, socket.MSG_PEEK)
