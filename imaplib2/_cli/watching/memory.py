"""``watch --state``: a file that remembers what was told."""

from __future__ import annotations

import contextlib
import os

from ..._clock import Clock
from ..._hints import TYPE_CHECKING
from ..failures import USAGE, Failure

if TYPE_CHECKING:
    from ...watching import State, Watcher

#: Seconds from one writing to the next while there is always more to tell.
_INTERVAL = 5.0


class Memory:
    """The file *path*, which is written as a whole or not at all."""

    def __init__(self, path: str) -> None:
        self._path = os.path.expanduser(path)
        self._written_at = Clock.now()

    def read(self) -> State | None:
        """What is known; None when there is no file yet. Raises `Failure`."""
        from ...watching import State

        try:
            with open(self._path, encoding="utf-8") as file:
                return State(file.read())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as problem:
            advice = "Remove it, or name another one by --state."
            raise Failure(f"{self._path} can't be used: {problem}.", advice, USAGE) from None

    def write(self, watcher: Watcher, *, at_once: bool) -> None:
        """Write what *watcher* has told; if not *at_once*, only when that is due."""
        if not at_once and Clock.now() - self._written_at < _INTERVAL:
            return
        self._written_at = Clock.now()
        if not watcher.state:
            return
        beside = f"{self._path}.{os.getpid()}.new"
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            with open(os.open(beside, flags, 0o600), "w", encoding="utf-8") as file:
                file.write(f"{watcher.state}\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, self._path)
        except OSError as problem:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise Failure(f"{self._path} can't be written: {problem}.") from None
