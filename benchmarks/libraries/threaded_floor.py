"""What no client with threads can avoid, beside what none can: see `ThreadedFloor`."""

from __future__ import annotations

import collections
import contextlib
import mmap
import re
import threading
from collections.abc import Sequence
from typing import Any

from . import in_threads
from .floor import READ, Raw, last_line

_END = re.compile(rb"A([0-9]+) |\+ ")
"""How the line begins that ends an answer, or asks for a literal."""


class ThreadedFloor(Raw):
    """The user's threads send, under a lock; one reads, and wakes the one that waits."""

    encrypts = False
    """What OpenSSL needs between threads is not this floor's."""

    def connect(self) -> None:
        super().connect()
        self._sock.settimeout(None)
        # Readers don't share; of this, the system gives what is used.
        self._buffer = memoryview(mmap.mmap(-1, READ))
        self._sending = threading.Lock()
        self._waiting: collections.deque[tuple[int, threading.Lock]] = collections.deque()
        threading.Thread(target=self._hear, daemon=True).start()

    def logout(self) -> None:
        self._do(b"LOGOUT")

    def fetch_in_threads(self, shares: Sequence[Sequence[int]], items: str) -> list[Any]:
        return in_threads(shares, lambda number: self.fetch(str(number), items))

    def _do(self, command: bytes) -> bytes:
        with self._sending:
            answered = self._post(self._line(command))
        answered.acquire()
        return self._tail

    def _exchange(self, *pieces: bytes) -> bytes:
        self._post(*pieces).acquire()
        return self._tail

    def _post(self, *pieces: bytes) -> threading.Lock:
        """Send; a lock that can be taken when the answer is there."""
        answered = threading.Lock()
        answered.acquire()
        self._waiting.append((self._number, answered))
        for piece in pieces:
            self._send(piece)
        return answered

    def _hear(self) -> None:
        """The reader: it alone closes the socket, so that it never reads another's."""
        with contextlib.suppress(OSError), self._sock:
            while True:
                self._tail = self._read(_ending)
                self._wake(_ending(self._tail))

    def _wake(self, ending: re.Match[bytes] | None) -> None:
        """Wake the threads whose answers are there: one may end behind another."""
        assert ending is not None
        number = int(ending[1] or self._waiting[0][0])
        while self._waiting and self._waiting[0][0] <= number:
            self._waiting.popleft()[1].release()


def _ending(tail: bytes) -> re.Match[bytes] | None:
    return _END.match(last_line(tail))
