"""Messages of a backup as a Maildir: a file for each, and flags in its name.

https://cr.yp.to/proto/maildir.html tells of the format; the module ``mailbox`` reads it.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path

from ..._protocol.patterns import pattern
from . import line_ends
from .entries import Content, Entry, FilePart, portions_of
from .identity import digest_of, name_of
from .journal import make_folders, private_file, sync_folder

_SUFFIX = ".imaplib2"
#: Between a file's name and its flags; Windows allows no colon, and ``mailbox`` can be told so.
COLON = "!" if os.name == "nt" else ":"
#: Key, which is UIDVALIDITY, UID and perhaps a number; size; flags.
_NAME = pattern(
    r"(\d{1,10}[.][1-9]\d{0,9}(?:[.]\d{1,9})?)[.](\d{1,18})"
    rf"{re.escape(_SUFFIX)}(?:{COLON}2,([A-Za-z]*))?",
    re.ASCII,
)
#: The letters of flags, in their order.
_LETTERS = {
    "\\draft": "D", "\\flagged": "F", "$forwarded": "P", "\\answered": "R", "\\seen": "S",
    "\\deleted": "T",
}  # fmt: skip
FLAGS = {
    "D": "\\Draft", "F": "\\Flagged", "P": "$Forwarded", "R": "\\Answered", "S": "\\Seen",
    "T": "\\Deleted",
}  # fmt: skip
#: Of a file without record, octets in which its header is looked for.
_HEADER = 262_144
#: Files that are written to the disk at once.
_AT_ONCE = 4


class Maildir:
    """The container of a `store.Store` in a *folder* with ``cur``, ``new`` and ``tmp``."""

    #: Only mbox has one.
    end = None

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        #: Where the files of messages are, by their keys.
        self._paths: dict[str, Path] = {}
        self._staged: list[tuple[Path, Path]] = []
        self._look()

    def _look(self) -> None:
        """See which files there are."""
        for file in files(self._folder):
            key = _parsed(file.name)[0]
            # No link, and nothing else that only looks like a message.
            if key is not None and file.is_file(follow_symlinks=False):
                self._paths[key] = Path(file.path)

    def settle(self, end: int, *, is_open: bool) -> None:
        """Remove what a crash has left."""
        for name in ("cur", "new", "tmp"):
            make_folders(self._folder / name)
        for file in (self._folder / "tmp").glob(f"*{_SUFFIX}"):
            file.unlink()

    def keys(self, entries: Iterable[Entry]) -> set[str]:
        """Those of the messages that are there, whether among *entries* or not."""
        # A file that is renamed meanwhile, as its flags change, may be overlooked.
        if any(entry.key not in self._paths for entry in entries):
            self._look()
        return set(self._paths)

    def recovered(self, key: str) -> Entry:
        """The message *key*, of which nothing is known but its file."""
        path = self._paths[key]
        validity, uid = key.split(".")[:2]
        _, size, letters = _parsed(path.name)
        with open(path, "rb") as file:
            header = file.read(_HEADER)
        flags = flags_of(letters, FLAGS)
        name = name_of(header) or digest_of(header)
        return Entry(key, int(validity), int(uid), size, modified(path), flags, name)

    def stage(self, entry: Entry, content: Content) -> None:
        """Put down a text, as the server has it, for `commit`; a file is used up."""
        portions = portions_of(content)
        path = self._folder / "tmp" / _base(entry)
        with private_file(path) as file:
            as_lf = line_ends.has_only_crlf(portions)
            for portion in line_ends.to_lf(portions) if as_lf else portions:
                file.write(portion)
        if entry.date is not None:
            # Of a date that no file can have, the journal knows.
            with contextlib.suppress(OSError, OverflowError):
                os.utime(path, (entry.date.timestamp(),) * 2)
        final = self._folder / "cur" / self._file_name(entry)
        self._staged.append((path, final))
        self._paths[entry.key] = final
        if isinstance(content, Path):
            content.unlink()

    def commit(self) -> None:
        """Return once all of them are on the disk."""
        from concurrent.futures import ThreadPoolExecutor

        # Together, they take a tenth of the time: the file system's journal is written once.
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(_sync_file, [path for path, _ in self._staged]))
        for path, final in self._staged:
            os.replace(path, final)
        if self._staged:
            sync_folder(self._folder / "cur")
        self._staged.clear()

    def set_flags(self, entry: Entry) -> None:
        """Show the flags of a message that is there."""
        path = self._paths[entry.key]
        new = self._folder / "cur" / self._file_name(entry)
        if new != path:
            # A mail program may have been faster.
            with contextlib.suppress(FileNotFoundError):
                os.replace(path, new)
            self._paths[entry.key] = new

    def portions(self, entry: Entry) -> Iterator[bytes]:
        """The text of a message, as it is kept."""
        if not self._paths[entry.key].exists():
            self._look()
        return iter(FilePart(self._paths[entry.key]))

    def _file_name(self, entry: Entry) -> str:
        known = {_LETTERS.get(flag.lower(), "") for flag in entry.flags}
        return f"{_base(entry)}{COLON}2,{''.join(sorted(known))}"


def _base(entry: Entry) -> str:
    return f"{entry.key}.{entry.size}{_SUFFIX}"


def _parsed(name: str) -> tuple[str | None, int, str]:
    """Key, size and letters of the flags in the *name* of a file; no key in that of a foreign one.

    >>> _parsed("1700000000.5.1234.imaplib2:2,S")
    ('1700000000.5', 1234, 'S')
    """
    found = _NAME.fullmatch(name)
    return (found[1], int(found[2]), found[3] or "") if found else (None, 0, "")


def files(folder: Path) -> Iterator[os.DirEntry[str]]:
    """What is in the places for messages of a Maildir."""
    # In this order, as mail programs move files from the one to the other.
    for name in ("new", "cur"):
        with contextlib.suppress(FileNotFoundError), os.scandir(folder / name) as found:
            yield from found


def flags_of(letters: str, known: Mapping[str, str]) -> tuple[str, ...]:
    """The flags that *letters* stand for, as far as they are *known*."""
    return tuple(sorted({known[letter] for letter in letters if letter in known}))


def modified(path: Path) -> datetime | None:
    """The time of a file, if that is one that dates can have."""
    with contextlib.suppress(OverflowError, ValueError):
        return datetime.fromtimestamp(int(path.stat().st_mtime), timezone.utc)
    return None


def _sync_file(path: Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
