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

from ..._hints import Any
from ..failures import Failure

#: A record.
Record = dict[str, Any]
#: Octets at the end that a crash may have left unreadable; more is damage.
_MOST_LOST = 8 * 1024 * 1024
#: Records that are never too many.
_FEW = 1000
#: A link that somebody has put where a file of ours should be isn't followed.
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


class Journal:
    """Records in a file; *path* must exist, see `create`. Raises `Failure` for a damaged one."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.is_read_only = read_only
        #: What the file held when it was opened.
        self.records, end = _read(path)
        self._unwritten: list[str] = []
        self._file = -1
        if not read_only:
            self._open()
            if os.fstat(self._file).st_size > end:
                os.ftruncate(self._file, end)

    def _open(self) -> None:
        flags = os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._file = os.open(self.path, flags | _NO_LINK)

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

    def compact(self, count: int, records: list[Record]) -> None:
        """Have *records* instead of the *count* that there are, if that is worth while.

        They mean the same. A crash leaves the ones or the others. So a journal that is compacted
        each time is at most about twice as long as it has to be, but for what one run has added.
        """
        if count > max(2 * len(records), _FEW):
            self._unwritten.clear()
            self.close()
            self.create(self.path, records)
            self._open()

    def close(self) -> None:
        """Close the file; what isn't synced is lost."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _line(record: Record) -> str:
    return json.dumps(record, separators=(",", ":")) + "\n"


def _read(path: Path) -> tuple[list[Record], int]:
    """The records, and where they end."""
    records: list[Record] = []
    end = 0
    with open(path, "rb") as file:
        for line in file:
            record = _record(line)
            if record is None:
                break
            records.append(record)
            end += len(line)
        # A crash leaves nothing that can be read behind what can't.
        is_damaged = any(_record(line) is not None for line in file)
        size = os.fstat(file.fileno()).st_size
    if is_damaged or size - end > _MOST_LOST:
        raise Failure(
            f"{path} is damaged at octet {end}.",
            "Have it as it was, from a copy, or use another folder.",
        )
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
    """A binary file that is written, and that only its owner may read.

    What had the name before is replaced, unless *extend* is true: then it is added to. Nothing is
    ever written to what the name is a link to.
    """
    how = os.O_APPEND if extend else os.O_EXCL
    if not extend:
        path.unlink(missing_ok=True)
    flags = os.O_RDWR | os.O_CREAT | how | _NO_LINK | getattr(os, "O_BINARY", 0)
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
        except (BlockingIOError, PermissionError):
            raise Failure(f"{path.parent} is in use by another process.", "Wait for it.") from None
        except OSError as problem:
            text = f"{path} can't be locked: {problem}."
            raise Failure(text, "Use a folder on another file system.") from None
        yield


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
