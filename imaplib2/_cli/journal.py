"""Records that are added to a file, and survive whatever ends the program.

The file has an object of JSON in each line. What was written is there for sure once `Journal.sync`
has returned; of what comes behind it, a crash leaves a part, perhaps with half a line at its end,
which the next `Journal.open` cuts off.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from .._hints import Any
from .failures import Failure

#: A record.
Record = dict[str, Any]
#: Octets at the end that a crash may have left unreadable; more is damage.
_MOST_LOST = 8 * 1024 * 1024


class Journal:
    """Records in a file; *path* must exist, see `create`. Raises `Failure` for a damaged one."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        #: What the file held when it was opened.
        self.records, end = _read(path)
        self._unwritten: list[str] = []
        self._file = -1
        if not read_only:
            self._file = os.open(path, os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0))
            if os.fstat(self._file).st_size > end:
                os.ftruncate(self._file, end)

    @staticmethod
    def create(path: Path, records: Iterable[Record]) -> None:
        """Make or replace the file, so that it has these *records*: at once, or not at all."""
        new = path.with_name(path.name + ".new")
        with private_file(new) as file:
            for record in records:
                file.write(_line(record).encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
        sync_folder(path.parent)

    def write(self, record: Record) -> None:
        """Add a *record*, with the next `sync`."""
        self._unwritten.append(_line(record))

    def sync(self) -> None:
        """Return once all records are on the disk."""
        if self._unwritten:
            write_all(self._file, "".join(self._unwritten).encode())
            self._unwritten.clear()
            os.fsync(self._file)

    def close(self) -> None:
        """Close the file; what isn't synced is lost."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _line(record: Record) -> str:
    return json.dumps(record, separators=(",", ":")) + "\n"


def _read(path: Path) -> tuple[list[Record], int]:
    """The records, and where they end."""
    content = path.read_bytes()
    records: list[Record] = []
    end = 0
    for line in content.splitlines(keepends=True):
        record = _record(line)
        if record is None:
            break
        records.append(record)
        end += len(line)
    if len(content) - end > _MOST_LOST:
        raise Failure(f"{path} is damaged at octet {end}.", "Back up into another folder.")
    return records, end


def _record(line: bytes) -> Record | None:
    if not line.endswith(b"\n"):
        return None
    try:
        record = json.loads(line)
    # Of JSON, and of UTF-8; RecursionError is the depth's.
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


# -- Files, as this needs them ---------------------------------------------------------------------


def private_file(path: Path, *, extend: bool = False) -> Any:
    """A binary file that is written, and that only its owner may read."""
    how = os.O_APPEND if extend else os.O_TRUNC
    flags = os.O_RDWR | os.O_CREAT | how | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o600), "ab+" if extend else "wb+")


def write_all(file: int, data: bytes) -> None:
    """Write all of *data* to the descriptor *file*."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def sync_folder(folder: Path) -> None:
    """Return once the names in *folder* are on the disk, where systems have that."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # Some file systems don't know it.
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folders(folder: Path) -> None:
    """Make *folder*, and those above it, for the owner only; those that exist stay as they are."""
    if folder.is_dir():
        return
    make_folders(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(0o700)
    sync_folder(folder.parent)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """The file *path*, which is made if need be, belongs to this process.

    Raises `Failure` when it is another's. The system ends it with the process.
    """
    with private_file(path, extend=True) as file:
        try:
            _lock(file.fileno())
        except OSError:
            raise Failure(f"{path.parent} is in use by another process.", "Wait for it.") from None
        yield


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
