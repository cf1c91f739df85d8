"""The messages of a mailbox that its backup lacks, from a server into a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from ..._errors import abort, error
from ..._hints import TYPE_CHECKING, Any, NamedTuple
from ...parse import Message, SequenceSet
from .entries import Content, Entry
from .identity import DIGEST, ROOM, Identity, Known, digest_of, matched, name_of, seconds
from .journal import private_file
from .pipeline import Answer, Request, answers
from .surveys import Survey, attributes, fetched, identities, kept_flags, sizes

if TYPE_CHECKING:
    from ..._client import IMAP4
    from ..progress import Progress
    from .store import Store

#: Octets that may be on their way, and of these, in one command; a message of more goes to a file.
_ROOM, _BATCH = 8 * 1024 * 1024, 1024 * 1024
#: Messages that one command asks for.
_MANY = 250
#: Octets in which the header of a large message is looked for.
_HEADER = 262_144
_ITEMS = "(UID FLAGS INTERNALDATE BODY.PEEK[])"


class _PlanFields(NamedTuple):
    validity: int
    sizes: dict[int, int]
    again: dict[int, Entry]
    changed: dict[int, tuple[str, ...]]
    gone: list[int]


class Plan(_PlanFields):
    """What is to be done: ``sizes`` of the messages to be fetched, by their UIDs.

    ``again``: those that the store has from before UIDVALIDITY has changed, or from before the
    server hadn't got them for a while; ``changed``: new flags; ``gone``: what the server hasn't got
    any more.
    """

    __slots__ = ()

    @property
    def size(self) -> int:
        """Octets to be fetched."""
        return sum(self.sizes.values())


def plan(client: IMAP4, found: Survey, store: Store | None) -> Plan:
    """What is to be done so that *store* has what was *found*; None if there is nothing yet."""
    known: dict[int, Entry] = {}
    foreign: list[int] = []
    if store is not None and store.validity == found.validity:
        foreign = _foreign(client, found, store)
        known = {uid: store.uids[uid] for uid in store.uids.keys() - foreign}
    missing = [uid for uid in found.flags if uid not in known]
    again = _again(client, missing, found.validity, store) if store is not None else {}
    new = [uid for uid in missing if uid not in again]
    told = sizes(client, new)
    return Plan(
        found.validity,
        {uid: told.get(uid, 0) for uid in new},
        again,
        {
            uid: flags
            for uid, flags in found.flags.items()
            if flags is not None and _differ(flags, uid, known, again)
        },
        # What the server hasn't told of may be there.
        [*foreign, *(uid for uid in known if uid not in found.flags and not found.lacking)],
    )


def _foreign(client: IMAP4, found: Survey, store: Store) -> list[int]:
    """UIDs in names of files that have got here from elsewhere: other messages have them here.

    That is asked where nothing but the file's name tells of a message.
    """
    known = store.uids
    doubtful = [uid for uid, one in known.items() if one.key in store.recovered]
    asked = identities(client, [uid for uid in doubtful if uid in found.flags]) if doubtful else {}
    return [uid for uid, one in asked.items() if not may_be_same(one, known[uid])]


def may_be_same(identity: Identity, entry: Entry) -> bool:
    """Whether the message *entry* may be the one of that *identity*; its date may not be known."""
    names = {identity.name, entry.name}
    is_named = not any(name.startswith(DIGEST) for name in names)
    return abs(identity.size - entry.size) <= ROOM and (len(names) == 1 or not is_named)


def _again(client: IMAP4, missing: list[int], validity: int, store: Store) -> dict[int, Entry]:
    """Those of the *missing* messages that the store has nevertheless."""
    known: Known[Entry] = Known()
    gone: dict[int, Entry] = {}
    for entry in store.entries:
        if entry.validity != validity:
            known.add(Identity(entry.name, entry.size, seconds(entry.date)), entry)
        elif entry.is_gone:
            gone[entry.uid] = entry
    # No other message has the same UID, ever.
    again = {uid: gone[uid] for uid in missing if uid in gone}
    if known and (new := [uid for uid in missing if uid not in again]):
        again |= matched(known, sorted(identities(client, new).items()))
    return again


def _differ(flags: Any, uid: int, known: Any, again: dict[int, Entry]) -> bool:
    entry = known.get(uid) or again.get(uid)
    return entry is not None and entry.flags != flags


class Download:
    """Does what a `Plan` says, with the mailbox opened on *client*; see `run`.

    ``problems`` are what went wrong, by UIDs; ``vanished`` the number of messages that were deleted
    meanwhile; ``count`` and ``size`` what was fetched.
    """

    def __init__(self, client: IMAP4, store: Store, progress: Progress) -> None:
        self._client = client
        self._store = store
        self._progress = progress
        self.problems: dict[int, str] = {}
        self.vanished = self.count = self.size = 0

    def run(self, plan: Plan) -> None:
        """Do it. Raises ``abort`` when the connection is lost: do it again then."""
        store = self._store
        store.begin(plan.validity)
        for uid, entry in plan.again.items():
            store.stage_again(uid, entry)
        for uid, flags in plan.changed.items():
            store.set_flags(uid, flags)
        store.set_gone(plan.gone)
        store.commit()
        small = {uid: size for uid, size in plan.sizes.items() if size <= _BATCH}
        self._look_for(self._fetch(_batches(small), repeat=True))
        self._fetch_large({uid: size for uid, size in plan.sizes.items() if uid not in small})

    def _fetch(self, batches: Iterable[dict[int, int]], *, repeat: bool) -> list[int]:
        """Fetch *batches*, and what is refused among others once more, by itself.

        The UIDs of those that haven't come, although nothing was refused.
        """
        lacking: list[int] = []
        refused: dict[int, int] = {}
        for answer in answers(map(self._request, batches), room=_ROOM):
            wanted: dict[int, int] = dict(answer.about)
            for message in fetched(answer.data):
                if message.uid in wanted and self._keep(message):
                    self._progress.advance(wanted.pop(message.uid))
            self._store.commit()
            if answer.typ == "OK":
                lacking += wanted
            elif repeat:
                refused |= wanted
            else:
                self.problems |= dict.fromkeys(wanted, answer.text)
        if refused:
            lacking += self._fetch(({uid: size} for uid, size in refused.items()), repeat=False)
        return lacking

    def _request(self, batch: dict[int, int]) -> Request:
        numbers = str(SequenceSet(batch))
        return Request(
            lambda callback: self._client.fetch(numbers, _ITEMS, uid=True, callback=callback),
            sum(batch.values()),
            batch,
        )

    def _keep(self, message: Message) -> bool:
        """Stage a *message*; false if its text hasn't come."""
        text = message.body()
        if not isinstance(text, bytes):
            return False
        self._stage(message, text, [text], len(text))
        return True

    def _stage(self, message: Message, header: bytes, content: Content, size: int) -> None:
        uid, date = message.uid, message.internal_date
        assert uid is not None
        store = self._store
        assert store.validity is not None
        entry = Entry(
            store.new_key(uid), store.validity, uid, size,
            date if isinstance(date, datetime) else None, kept_flags(message),
            name_of(header) or digest_of(header),
        )  # fmt: skip
        store.stage(entry, content)
        self.count += 1
        self.size += size

    def _look_for(self, lacking: list[int]) -> None:
        """Were these deleted, or does the server keep them back?"""
        there = sizes(self._client, lacking) if lacking else {}
        self.vanished += len(lacking) - len(there)
        self.problems |= dict.fromkeys(there, "the server doesn't send it")

    # -- Large messages -------------------------------------------------------------------------

    def _fetch_large(self, large: dict[int, int]) -> None:
        """Fetch each of these messages by itself, into a file."""
        told = {one.uid: one for one in attributes(self._client, large)} if large else {}
        for uid in sorted(large):
            if uid in told:
                self._fetch_to_file(told[uid])
            else:
                self._look_for([uid])

    def _fetch_to_file(self, message: Message) -> None:
        uid = message.uid
        assert uid is not None
        progress = self._progress.part()
        with private_file(self._store.partial) as file:
            try:
                typ, data = self._client.fetch_to(file, uid, uid=True, progress=progress)
            except abort:
                raise
            except error as problem:
                typ, data = "BAD", [str(problem).encode()]
            file.seek(0)
            header = file.read(_HEADER)
        if typ == "OK" and data[0] is not None:
            self._stage(message, header, self._store.partial, data[0])
            self._store.commit()
        else:
            self._lost(uid, Answer(uid, typ, data))

    def _lost(self, uid: int, answer: Answer) -> None:
        if answer.typ == "OK":
            self._look_for([uid])
        else:
            self.problems[uid] = answer.text


def _batches(small: dict[int, int]) -> Iterator[dict[int, int]]:
    """The messages in portions for one command each."""
    batch: dict[int, int] = {}
    room = _BATCH
    for uid, size in sorted(small.items()):
        if batch and (size > room or len(batch) >= _MANY):
            yield batch
            batch, room = {}, _BATCH
        batch[uid] = size
        room -= size
    if batch:
        yield batch
