"""Messages of a backup as an mbox file, to which they are only added.

Each begins with a line "From MAILER-DAEMON" and its date, and ends with an empty line; lines of its
own that begin with "From ", or so behind ">", have one ">" more (mboxrd). The module ``mailbox``
reads it, but for these.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..._hints import Any
from ..failures import Failure
from . import line_ends
from .entries import Content, Entry, FilePart, portions_of
from .identity import seconds
from .journal import private_file, sync_folder


class Mbox:
    """The container of a `store.Store`: a file *path*; ``end`` is where the next message begins."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._staged: list[tuple[Entry, Content]] = []
        self.end = 0

    def settle(self, end: int, *, is_open: bool) -> None:
        """Cut off what a crash has left, if something was being added (*is_open*).

        All that is known ends at *end*. Raises `Failure` when the file was changed by others.
        """
        with private_file(self._path, extend=True) as file:
            size = file.seek(0, os.SEEK_END)
            if size < end or (size > end and not is_open):
                raise Failure(
                    f"{self._path} was changed by another program.",
                    "Back up into another folder, by --to.",
                )
            file.truncate(end)
            os.fsync(file.fileno())
        sync_folder(self._path.parent)
        self.end = end

    def keys(self, entries: Iterable[Entry]) -> set[str]:
        """Those of the messages that are there: all of *entries*."""
        return {entry.key for entry in entries}

    def recovered(self, key: str) -> Entry | None:
        """Nothing is there that has no record."""

    def stage(self, entry: Entry, content: Content) -> None:
        """Have a text, as the server has it, for `commit`; a file is used up."""
        self._staged.append((entry, content))

    def commit(self) -> None:
        """Return once all of them are on the disk."""
        with private_file(self._path, extend=True) as file:
            for entry, content in self._staged:
                self._write(file, entry, content)
            file.flush()
            os.fsync(file.fileno())
            self.end = file.tell()
        for _, content in self._staged:
            if isinstance(content, Path):
                content.unlink()
        self._staged.clear()

    def _write(self, file: Any, entry: Entry, content: Content) -> None:
        portions = portions_of(content)
        moment = time.gmtime(max(seconds(entry.date) or 0, 0))
        file.write(f"From MAILER-DAEMON {time.asctime(moment)}\n".encode())
        entry.start, last = file.tell(), b""
        if line_ends.has_only_crlf(portions):
            portions = line_ends.to_lf(portions)
        for portion in line_ends.quoted(portions):
            file.write(portion)
            last = portion[-1:] or last
        entry.length = file.tell() - entry.start
        file.write(b"\n" if last in (b"", b"\n") else b"\n\n")
        entry.end = file.tell()

    def set_flags(self, entry: Entry) -> None:
        """The file has none; the journal has them."""

    def portions(self, entry: Entry) -> Iterator[bytes]:
        """The text of a message, as it is kept."""
        return line_ends.unquoted(FilePart(self._path, entry.start or 0, entry.length))
