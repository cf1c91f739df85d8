"""Large literals, received into memory of their own."""

from __future__ import annotations

import io

from .._clock import Clock
from .._hints import Any
from .._settings import READ_SIZE as READ_SIZE
from .gate import Gate

#: The memory of a literal is taken when that is no more than so many times what has come of it.
_TRUST = 16
#: Seconds between two notes of the progress of a literal.
_PROGRESS_NOTE = 0.02


class LiteralSource(io.RawIOBase):
    """The bytes of one literal: those that have come, then those that come. For the reader only.

    A BufferedReader reads from it straight into the ``bytes`` that it returns, which nothing else
    in Python can: received portions joined would take twice the memory, and half the time more.
    But it takes all its memory at once, and any server can announce more than there is: so it
    begins as soon as a part has come, which is received in portions.
    """

    def __init__(self, gate: Gate, begun: bytes, missing: int) -> None:
        self._gate = gate
        self._begun = memoryview(begun)
        self._missing = missing
        self._told = Clock.now()
        #: The transport has come to its end before the literal did.
        self.ended = False

    def receive(self) -> bytes:
        """The literal, if it has not *ended* before; raises MemoryError when it is too large."""
        size = len(self._begun) + self._missing
        begun = io.BytesIO()
        begun.write(self._begun)
        buffer = memoryview(bytearray(READ_SIZE))
        while begun.tell() * _TRUST < size and not self.ended:
            begun.write(buffer[: self._receive_into(buffer)])
        self._begun = memoryview(begun.getvalue())
        del begun
        try:
            return b"" if self.ended else io.BufferedReader(self, READ_SIZE).read(size)
        except MemoryError:
            raise MemoryError(f"for a literal of {size} bytes") from None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        if self._begun:
            size = min(len(view), len(self._begun))
            view[:size], self._begun = self._begun[:size], self._begun[size:]
            return size
        self._begun = memoryview(b"")
        return self._receive_into(view) if self._missing else 0

    def _receive_into(self, view: memoryview) -> int:
        while (received := self._gate.transport.recv_into(view[: self._missing])) is None:
            self._tell_of_progress()
        self._tell_of_progress()
        self._missing -= received
        self.ended = not received
        return received

    def _tell_of_progress(self) -> None:
        now = Clock.now()
        if now - self._told > _PROGRESS_NOTE:
            self._told = now
            self._gate.progressed()
