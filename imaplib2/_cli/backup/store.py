r"""The backup of a mailbox on the disk: messages in Maildir or mbox, and a journal of them.

A `Store` is a folder, which only its owner may read::

    cur, new, tmp      the Maildir; or instead of these:
    mbox               the mbox file (mboxrd: lines that begin with ">*From " have one ">" more)
    imaplib2.journal   what this module knows of them
    imaplib2.lock      locked by the process that writes

The journal (see `journal`) has records of JSON. This is version 1, which its first record tells::

    {"format": "imaplib2 backup", "version": 1, "mailbox": "INBOX", "kind": "maildir"}

Then, in the order in which it happened:

``{"validity": 1700000000}``
    UIDs in all later records hold for this UIDVALIDITY.
``{"uid": 5, "key": "1700000000.5", "size": 1234, "date": "2024-05-01T10:00:00+02:00", "flags":
["\\Seen", "$Junk"], "id": "<a@example.org>"}``
    A message, as the server has it: RFC822.SIZE (of what has come), INTERNALDATE or null, FLAGS but
    ``\Recent``, and Message-ID, or "sha256:" and the digest of the header. ``key`` is its name
    here, UIDVALIDITY and UID as they were first. Of mbox, there are also ``start`` and ``length``,
    where its text is in the file, and ``end``, where the message ends.
``{"uid": 9, "was": "1700000000.5"}``
    The message of this key has this UID now: UIDVALIDITY has changed, or it is there again.
``{"uid": 5, "flags": []}``
    The flags have changed.
``{"gone": "5,7:9"}``
    The server hasn't got these any more. They are kept.
``{"append": 12345}``, ``{"append": null}``
    Of mbox: from this octet on, messages are being added; they have been added. What is in between
    without a record was left by a crash.

Files of messages have LF, as programs expect; a message in which an LF has no CR before it is kept
as it came, so that its file has ``size`` octets. In Maildir, the name of a file is key, size and
``imaplib2``, with dots in between, behind that the flags which Maildir knows; its time of
modification is INTERNALDATE.

When most of its records no longer mean anything, the journal is replaced by a shorter one that says
the same.

All steps are atomic: a message gets its name in ``cur`` when it is complete and on the disk, and
its record then. What has a name but no record is found by its name. So a crash at any moment costs
what wasn't committed, and nothing else.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ...parse import SequenceSet
from ..failures import Failure
from . import line_ends
from .entries import Content, Entry
from .journal import Journal, Record, locked, make_folders
from .maildir import Maildir
from .mbox import Mbox

FORMAT, VERSION = "imaplib2 backup", 1
KINDS = ("maildir", "mbox")
JOURNAL, LOCK, PARTIAL = "imaplib2.journal", "imaplib2.lock", "imaplib2.partial"


class Store:
    """The backup of a mailbox; `writable` and `readable` open it.

    ``mailbox`` is its name, ``kind`` one of `KINDS`. ``validity`` is the UIDVALIDITY of the
    generation that is at work, None before the first.
    """

    def __init__(self, folder: Path, *, read_only: bool) -> None:
        #: Where a text may be collected that is too large to be held.
        self.partial = folder / PARTIAL
        self._journal = Journal(folder / JOURNAL, read_only=read_only)
        self._is_read_only = read_only
        try:
            self._open(folder)
        except BaseException:
            self._journal.close()
            raise

    def _open(self, folder: Path) -> None:
        head = self._journal.records[0] if self._journal.records else {}
        _check_head(head, folder)
        self.mailbox: str = head["mailbox"]
        self.kind: str = head["kind"]
        self.validity: int | None = None
        #: By their keys.
        self._entries: dict[str, Entry] = {}
        #: Keys of those that only the names of their files have told of.
        self.recovered: set[str] = set()
        #: Those that the server has, by UIDVALIDITY and UID.
        self._generations: dict[int, dict[int, Entry]] = {}
        self._staged: list[Entry] = []
        #: Of mbox: where its messages end, and whether more were being added.
        self._end, self._is_open = 0, False
        self._container = Mbox(folder / "mbox") if self.kind == "mbox" else Maildir(folder)
        self._remember(folder)

    def _remember(self, folder: Path) -> None:
        """Know what the journal and the container know."""
        records = self._journal.records
        count = len(records)
        # There may be millions: each is let go when it is known.
        records.reverse()
        records.pop()
        try:
            while records:
                self._replay(records.pop())
        except (LookupError, TypeError, ValueError, AttributeError) as problem:
            text = f"{folder / JOURNAL} is damaged: {problem!r}."
            raise Failure(text, "Back up into another folder, by --to.") from None
        if not self._is_read_only:
            self._container.settle(self._end, is_open=self._is_open)
            self.partial.unlink(missing_ok=True)
        self._look_around()
        if not self._is_read_only and count > 2 * len(self._entries):
            self._journal.compact(count, [*self._records()])

    def close(self) -> None:
        """Leave it; what isn't committed is dropped."""
        if not self._is_read_only:
            self.partial.unlink(missing_ok=True)
        self._journal.close()

    # -- What there is --------------------------------------------------------------------------

    @property
    def uids(self) -> Mapping[int, Entry]:
        """The messages of this generation that the server has, by their UIDs."""
        return {} if self.validity is None else self._generations[self.validity]

    @property
    def entries(self) -> Iterable[Entry]:
        """All messages, in the order in which they came."""
        return self._entries.values()

    def others(self) -> list[Entry]:
        """The messages that the server hasn't got, as far as is known: gone, or of old UIDs."""
        return [
            entry
            for entry in self._entries.values()
            if entry.is_gone or entry.validity != self.validity
        ]

    def portions(self, entry: Entry) -> Iterator[bytes]:
        """The text of a message as the server had it, in portions."""
        kept = self._container.portions
        size = sum(map(len, kept(entry)))
        return kept(entry) if size == entry.size else line_ends.to_crlf(kept(entry))

    # -- What changes ---------------------------------------------------------------------------

    def begin(self, validity: int) -> None:
        """UIDs hold for this UIDVALIDITY from now on."""
        if validity != self.validity:
            self._add({"validity": validity})

    def new_key(self, uid: int) -> str:
        """A key that no message has, for one with this *uid*."""
        first = key = f"{self.validity}.{uid}"
        number = 0
        while key in self._entries or key in self._found:
            number += 1
            key = f"{first}.{number}"
        return key

    def stage(self, entry: Entry, content: Content) -> None:
        """Add a message, with the next `commit`.

        *content* is its text as the server has it: portions, or the file ``partial``, which is used
        up.
        """
        self._container.stage(entry, content)
        self._staged.append(entry)

    def stage_again(self, uid: int, entry: Entry) -> None:
        """*entry*, one of the `others`, has this *uid* in this generation."""
        self._add({"uid": uid, "was": entry.key})

    def set_flags(self, uid: int, flags: Iterable[str]) -> None:
        """The *flags* of a message have changed."""
        entry = self.uids[uid]
        entry.flags = tuple(sorted(flags))
        self._container.set_flags(entry)
        self._add({"uid": uid, "flags": entry.flags})

    def set_gone(self, uids: Iterable[int]) -> None:
        """The server hasn't got these any more."""
        if numbers := SequenceSet(uids):
            self._add({"gone": str(numbers)})

    def commit(self) -> None:
        """Return once all of it is on the disk. If this raises, the store must be opened again."""
        if self._staged:
            if self._container.end is not None:
                self._add({"append": self._container.end})
                self._journal.sync()
            self._container.commit()
            for entry in self._staged:
                self._add(entry.record())
            if self._container.end is not None:
                self._add({"append": None})
            self._staged.clear()
        self._journal.sync()

    # -- The journal ----------------------------------------------------------------------------

    def _records(self) -> Iterator[Record]:
        """What is known, as the shortest journal."""
        yield _head(self.mailbox, self.kind)
        now: int | None = None
        said: dict[tuple[int, int], Entry] = {}
        for entry in self._entries.values():
            if entry.validity != now:
                now = entry.validity
                yield {"validity": now}
            yield entry.record()
            said[now, entry.uid] = entry
            if entry.is_gone:
                yield {"gone": str(entry.uid)}
                del said[now, entry.uid]
        # Those whose UID one that is gone had, too.
        for entry in self._entries.values():
            if not entry.is_gone and said.get((entry.validity, entry.uid)) is not entry:
                now = entry.validity
                yield from ({"validity": now}, {"uid": entry.uid, "was": entry.key})
        if self.validity != now:
            yield {"validity": self.validity}

    def _add(self, record: Record) -> None:
        if not self._is_read_only:
            self._journal.write(record)
        self._replay(record)

    def _replay(self, record: Record) -> None:
        """Have *record* happen."""
        if "validity" in record:
            self.validity = record["validity"]
            self._generations.setdefault(record["validity"], {})
        elif "key" in record:
            assert self.validity is not None
            self._put(record["uid"], Entry.of(record, self.validity))
        elif "was" in record:
            self._put(record["uid"], self._entries[record["was"]])
        elif "flags" in record:
            self.uids[record["uid"]].flags = tuple(record["flags"])
        elif "gone" in record:
            for uid in SequenceSet(record["gone"]):
                self._forget(self.uids[uid]).is_gone = True
        else:
            self._is_open = record["append"] is not None

    def _put(self, uid: int, entry: Entry) -> None:
        """*entry* has this *uid* in this generation, and no other."""
        assert self.validity is not None
        self._forget(entry)
        entry.uid, entry.validity, entry.is_gone = uid, self.validity, False
        self._generations[self.validity][uid] = self._entries[entry.key] = entry
        self._end = max(self._end, entry.end)

    def _forget(self, entry: Entry) -> Entry:
        """*entry*, which has no UID any more."""
        generation = self._generations.get(entry.validity, {})
        if generation.get(entry.uid) is entry:
            del generation[entry.uid]
        return entry

    def _look_around(self) -> None:
        """Forget what isn't there any more, and know what is there without a record."""
        found = self._found = self._container.keys(self.entries)
        for key in self._entries.keys() - found:
            self._forget(self._entries.pop(key))
        now = self.validity
        for key in sorted(found - self._entries.keys()):
            entry = self._container.recovered(key)
            if entry is not None and entry.uid not in self._generations.get(entry.validity, {}):
                self.begin(entry.validity)
                self._add(entry.record())
                self.recovered.add(key)
        if now is not None:
            self.begin(now)


def _head(mailbox: str, kind: str) -> Record:
    return {"format": FORMAT, "version": VERSION, "mailbox": mailbox, "kind": kind}


def _check_head(head: Record, folder: Path) -> None:
    if head.get("format") != FORMAT or head.get("kind") not in KINDS or "mailbox" not in head:
        raise Failure(f"{folder / JOURNAL} is not the journal of a backup.")
    if head.get("version") != VERSION:
        raise Failure(
            f"{folder} was written by a later version of this program.", "Use that, or a later one."
        )


def is_store(folder: Path) -> bool:
    """Whether *folder* is the backup of a mailbox."""
    return (folder / JOURNAL).is_file()


@contextlib.contextmanager
def readable(folder: Path) -> Iterator[Store]:
    """The backup in *folder*, which isn't changed. Raises `Failure` if it can't be read."""
    store = Store(folder, read_only=True)
    try:
        yield store
    finally:
        store.close()


@contextlib.contextmanager
def writable(folder: Path, mailbox: str, kind: str) -> Iterator[Store]:
    """The backup of *mailbox* in *folder*, which is made if need be; it is locked meanwhile.

    Raises `Failure` if it can't be used, or is that of another mailbox or of another *kind*.
    """
    make_folders(folder)
    with locked(folder / LOCK):
        if not is_store(folder):
            Journal.create(folder / JOURNAL, [_head(mailbox, kind)])
        store = Store(folder, read_only=False)
        try:
            _check_same(store, folder, mailbox, kind)
            yield store
        finally:
            store.close()


def _check_same(store: Store, folder: Path, mailbox: str, kind: str) -> None:
    if (store.mailbox, store.kind) != (mailbox, kind):
        raise Failure(
            f"{folder} has a backup of {store.mailbox} as {store.kind}.",
            "Use the same format as before, or back up into another folder, by --to.",
        )
