"""An object that is a socket only as far as ``imaplib`` needs one."""

from __future__ import annotations

import contextlib
import errno
import socket

from .._hints import Any
from . import kernel
from .base import PORTION, Buffer
from .waiting import wait_for


class FileTransport:
    """A socket-like object that has what ``imaplib`` needs, and perhaps no more.

    That is ``makefile`` (or *file*, what that gave), ``sendall``, ``shutdown`` and ``close``. Its
    ``recv`` is preferred to a file, which can't go on after a time-out; but not to a *file* from
    which its maker has read, unless there are time-outs.

    Raises TypeError for an object that has neither.
    """

    can_send_at_once = False
    honours_timeouts = False
    reads_ahead = True

    def __init__(self, sock: Any, file: Any = None) -> None:
        self.sock = sock
        self._file = file
        self._reads_file = hasattr(file, "read1") and not hasattr(sock, "settimeout")
        self._unread = memoryview(b"")
        self._interrupted = self._is_shut = False
        # Also where it is not read: as long as it is open, most sockets put off a close().
        if file is None and hasattr(sock, "makefile"):
            with contextlib.suppress(NotImplementedError):
                self._file = sock.makefile("rb")
        if not hasattr(sock, "recv") and self._file is None:
            raise TypeError(f"no socket: {type(sock).__name__} has neither recv nor makefile")

    @property
    def has_more(self) -> bool:
        pending = getattr(self.sock, "pending", None)  # of something like TLS
        return bool(self._unread) or (pending is not None and pending() > 0)

    def recv_into(self, buffer: memoryview) -> int | None:
        if not self._unread:
            self._unread = memoryview(self._receive())
        size = min(len(self._unread), len(buffer))
        buffer[:size] = self._unread[:size]
        self._unread = self._unread[size:]
        return size

    def take_unread(self) -> bytes:
        unread, self._unread = bytes(self._unread), memoryview(b"")
        return unread

    def is_readable(self) -> bool:
        return self.has_more or (self.fileno() >= 0 and wait_for(self.sock, 0, reading=True))

    def fileno(self) -> int:
        # Of the rest that a file keeps behind a line, no descriptor tells.
        by_line = not hasattr(self.sock, "recv") and not hasattr(self._file, "read1")
        return -1 if by_line else kernel.descriptor_of(self.sock)

    def try_send(self, data: Buffer) -> int:
        raise NotImplementedError

    def send(self, data: Buffer, timeout: float | None) -> int:
        portion = bytes(memoryview(data)[:PORTION])
        self.sock.sendall(portion)
        return len(portion)

    def unsent(self) -> int:
        return kernel.bytes_waiting(kernel.descriptor_of(self.sock), "TIOCOUTQ")

    def silent_for(self) -> float | None:
        return None

    def interrupt(self) -> None:
        self._interrupted = True
        if not self._is_shut:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except Exception:
                # The code of a user's class, when all is over.
                with contextlib.suppress(Exception):
                    self.sock.close()
            # Last: a signal handler may have raised before, and the next call has to go on.
            self._is_shut = True

    def close(self) -> None:
        self.interrupt()
        self.drop()

    def drop(self) -> None:
        # A buffered file's own close() takes a lock, which a forked child may find taken for ever.
        file = getattr(self._file, "raw", self._file)
        for channel in (file, self.sock):
            if channel is not None:
                with contextlib.suppress(OSError):
                    channel.close()

    def _receive(self) -> bytes:
        """What has come, when something has."""
        while True:
            try:
                return self._receive_some()
            except (BlockingIOError, TimeoutError) as problem:
                # The connection's own time-out is an error; that of the call is to be waited out.
                if problem.errno == errno.ETIMEDOUT:
                    raise
                self._go_on_after(problem)

    def _receive_some(self) -> bytes:
        # With this size, neither a socket nor a file keeps a rest of what has come.
        receive = None if self._reads_file else getattr(self.sock, "recv", None)
        receive = receive or getattr(self._file, "read1", None)
        data: bytes = receive(PORTION) if receive is not None else self._receive_line()
        return data

    def _receive_line(self) -> bytes:
        """What a file is sure to give without waiting for more than has been announced."""
        data: bytes = self._file.read(1)
        if data not in (b"", b"\n"):
            try:
                data += self._file.readline(PORTION)
            except TimeoutError as problem:
                # The begun line is lost, so this is the end.
                raise TimeoutError(errno.ETIMEDOUT, "timed out within a line") from problem
        return data

    def _go_on_after(self, problem: OSError) -> None:
        if kernel.descriptor_of(self.sock) >= 0:
            wait_for(self.sock, reading=True)
        elif isinstance(problem, BlockingIOError) or self._interrupted:
            raise problem
        if not hasattr(self.sock, "recv") and hasattr(self.sock, "makefile"):
            # The old one gives errors from now on.
            self._file = self.sock.makefile("rb")
