"""Which messages of a backup have been uploaded, and what UIDs they have got.

That is in a journal (see `journal`) beside the backup, version 1::

    {"format": "imaplib2 uploads", "version": 1}
    {"to": "fred@imap.example.org:993/INBOX", "validity": 1700000000}
    {"key": "1699999999.5", "uid": 12}

The second one tells of which mailbox, and for which UIDVALIDITY, the records behind it are; the
third, that a message is there. What was known for another UIDVALIDITY of the same mailbox no longer
is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ..._hints import TypeAlias
from ..failures import Failure
from .journal import Journal, Record, locked

#: By mailboxes: the record that is about it, and UIDs by keys.
Found: TypeAlias = dict[str, tuple[Record, dict[str, int]]]

FORMAT, VERSION = "imaplib2 uploads", 1


class Pushed:
    """The uploads into one mailbox, *to*; *path* is the journal, which is made if need be.

    With *read_only*, nothing is written.
    """

    def __init__(self, path: Path, to: str, validity: int, *, read_only: bool = False) -> None:
        #: UIDs by the keys of messages.
        self.uids: dict[str, int] = {}
        self.validity = validity
        self._journal: Journal | None = None
        if not path.exists():
            if read_only:
                return
            Journal.create(path, [{"format": FORMAT, "version": VERSION}])
        self._journal = Journal(path, read_only=read_only)
        try:
            self._remember({"to": to, "validity": validity})
        except BaseException:
            self.close()
            raise
        if read_only:
            self.close()

    def _remember(self, target: Record) -> None:
        """Know what the journal knows of *target*."""
        journal = self._journal
        assert journal is not None
        head, *records = journal.records or [{}]
        if (head.get("format"), head.get("version")) != (FORMAT, VERSION):
            text = f"{journal.path} can't be read."
            raise Failure(text, "A later version of this program may have it.")
        try:
            found = _found(records)
        except (LookupError, TypeError) as problem:
            text = f"{journal.path} is damaged: {problem!r}."
            advice = "Without it, messages are known by Message-ID, size and date."
            raise Failure(text, advice) from None
        journal.records.clear()
        record, uids = found.get(target["to"], ({}, {}))
        if record == target:
            self.uids = uids
        if not journal.is_read_only:
            journal.compact(1 + len(records), [head, *_records(found)])
            last, _ = [({}, {}), *found.values()][-1]
            if last != target:
                journal.write(target)

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


def _found(records: list[Record]) -> Found:
    """What *records* say of each mailbox, the last one last."""
    found: Found = {}
    uids: dict[str, int] = {}
    for record in records:
        if "to" in record:
            before, uids = found.pop(record["to"], (record, {}))
            if before != record:
                uids = {}
            found[record["to"]] = record, uids
        else:
            uids[record["key"]] = record["uid"]
    return found


def _records(found: Found) -> Iterator[Record]:
    """What is known, as the shortest journal."""
    for target, uids in found.values():
        yield target
        yield from ({"key": key, "uid": uid} for key, uid in uids.items())


@contextlib.contextmanager
def opened(path: Path, to: str, validity: int, *, read_only: bool) -> Iterator[Pushed]:
    """`Pushed`, which is this process's alone unless it is *read_only*. Raises `Failure`."""
    with contextlib.ExitStack() as stack:
        if not read_only:
            stack.enter_context(locked(path.with_name(f"{path.name}.lock")))
        pushed = Pushed(path, to, validity, read_only=read_only)
        stack.callback(pushed.close)
        yield pushed
