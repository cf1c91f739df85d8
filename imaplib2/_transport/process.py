"""A child process."""

from __future__ import annotations

import contextlib
import os

from .._clock import ended_within
from .._hints import TYPE_CHECKING
from . import kernel
from .base import Buffer
from .waiting import Wakeup

if TYPE_CHECKING:
    import subprocess

#: Seconds that a child has to end by itself, once it was terminated, and once it was killed.
_PATIENCE, _TERMINATION, _DEATH = 1.0, 0.5, 2.0


class ProcessTransport:
    """The standard input and output of a child process, which `close` ends."""

    can_send_at_once = False
    honours_timeouts = True
    reads_ahead = False
    has_more = False

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._read_fd = process.stdout.fileno()
        self._write_fd = process.stdin.fileno()
        self._wakeup = Wakeup()
        os.set_blocking(self._write_fd, False)

    def recv_into(self, buffer: memoryview) -> int | None:
        if not self._wakeup.wait_with(self._read_fd):
            return 0
        return os.readv(self._read_fd, [buffer])

    def take_unread(self) -> bytes:
        return b""

    def is_readable(self) -> bool:
        return self._wakeup.wait_with(self._read_fd, 0)

    def fileno(self) -> int:
        return self._read_fd

    def try_send(self, data: Buffer) -> int:
        try:
            return os.write(self._write_fd, data)
        except BlockingIOError:
            return 0

    def send(self, data: Buffer, timeout: float | None) -> int:
        sent = self.try_send(data)
        if sent:
            return sent
        if not self._wakeup.wait_with(self._write_fd, timeout, reading=False):
            if self._wakeup.is_set:
                raise BrokenPipeError("the connection was closed")
            return 0
        return self.try_send(data)

    def unsent(self) -> int:
        return kernel.bytes_waiting(self._write_fd, "FIONREAD")

    def silent_for(self) -> float | None:
        return None

    def interrupt(self) -> None:
        self._wakeup.set()

    def close(self) -> None:
        """Close the pipes and end the child: it finds its input ended, is terminated, then killed.

        With it, unless it ends by itself, all that it has started: it may be a shell that waits.
        """
        self._wakeup.set()
        self.drop()
        if not ended_within(self.process, _PATIENCE):
            self._end_family()
        self._wakeup.close()

    def _end_family(self) -> None:
        # Here, as they import modules that connections without a child don't need.
        import signal

        from .family import Family

        family = Family(self.process)
        family.send_signal(signal.SIGTERM)
        if not family.ends_within(_TERMINATION):
            family.send_signal(signal.SIGKILL)
            family.ends_within(_DEATH)
        family.close()

    def drop(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()
