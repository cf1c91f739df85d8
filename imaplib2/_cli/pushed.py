"""Which messages of a backup have been uploaded, and what UIDs they have got.

That is in a journal (see `journal`) beside the backup, version 1::

    {"format": "imaplib2 uploads", "version": 1}
    {"to": "fred@imap.example.org:993/INBOX", "validity": 1700000000}
    {"key": "1699999999.5", "uid": 12}

The second one tells of which mailbox, and for which UIDVALIDITY, the records behind it are; the
third, that a message is there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from .failures import Failure
from .journal import Journal, locked

FORMAT, VERSION = "imaplib2 uploads", 1


class Pushed:
    """The uploads into one mailbox, *to*; *path* is the journal, which is made if need be.

    With *read_only*, nothing is written.
    """

    def __init__(self, path: Path, to: str, validity: int, *, read_only: bool = False) -> None:
        #: UIDs by the keys of messages.
        self.uids: dict[str, int] = {}
        self._journal: Journal | None = None
        if not path.exists():
            if read_only:
                return
            Journal.create(path, [{"format": FORMAT, "version": VERSION}])
        self._journal = Journal(path, read_only=read_only)
        head, *records = self._journal.records or [{}]
        if (head.get("format"), head.get("version")) != (FORMAT, VERSION):
            self.close()
            raise Failure(f"{path} can't be read.", "A later version of this program may have it.")
        target = {"to": to, "validity": validity}
        now = None
        for record in records:
            if "to" in record:
                now = record
            elif now == target:
                self.uids[record["key"]] = record["uid"]
        self._journal.records.clear()
        if read_only:
            self.close()
        elif now != target:
            self._journal.write(target)

    def add(self, key: str, uid: int) -> None:
        """A message is there; see `sync`."""
        if self.uids.get(key) != uid:
            self.uids[key] = uid
            if self._journal is not None:
                self._journal.write({"key": key, "uid": uid})

    def sync(self) -> None:
        """Return once all of it is on the disk."""
        if self._journal is not None:
            self._journal.sync()

    def close(self) -> None:
        """Leave it."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None


@contextlib.contextmanager
def opened(path: Path, to: str, validity: int, *, read_only: bool) -> Iterator[Pushed]:
    """`Pushed`, which is this process's alone unless it is *read_only*. Raises `Failure`."""
    with contextlib.ExitStack() as stack:
        if not read_only:
            stack.enter_context(locked(path.with_name(f"{path.name}.lock")))
        pushed = Pushed(path, to, validity, read_only=read_only)
        stack.callback(pushed.close)
        yield pushed
