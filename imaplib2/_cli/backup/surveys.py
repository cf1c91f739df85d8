"""What is in a mailbox, asked for without changing anything there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ... import flags as names_of_flags, parse
from ..._hints import TYPE_CHECKING, Any, NamedTuple
from ...parse import Message, SequenceSet
from ..answers import agreed
from ..failures import Failure
from .identity import Identity, digest_of, name_of, seconds
from .pipeline import Request, answers

if TYPE_CHECKING:
    from ..._client import IMAP4

#: Of a number in IMAP.
_DIGITS = 10
#: Messages that one command asks about.
_MANY = 5000
_RECENT = names_of_flags.RECENT.lower()
_MESSAGE_ID = "HEADER.FIELDS (MESSAGE-ID)"


class Survey(NamedTuple):
    """What is in a mailbox: its UIDVALIDITY, and of each message, by its UID, the flags.

    They are in order, without ``\\Recent``; None where the server doesn't tell. ``lacking`` is the
    number of messages of which it tells no UID that can be read.
    """

    validity: int
    flags: dict[int, tuple[str, ...] | None]
    lacking: int = 0


def survey(client: IMAP4, mailbox: str | bytes) -> Survey:
    """Open a *mailbox* for reading, and look at all its messages.

    Raises ``error`` when the server refuses, `Failure` when it has no UIDs there.
    """
    found = _survey(client, mailbox)
    # Messages may have been deleted in between: then, there are fewer now.
    return _survey(client, mailbox) if found.lacking else found


def _survey(client: IMAP4, mailbox: str | bytes) -> Survey:
    data = agreed(client.select(mailbox, readonly=True))
    exists = _number(data[0] or b"0")
    validity = _number(client.response("UIDVALIDITY")[1][-1])
    if exists is None or validity is None:
        raise Failure("The server has no lasting UIDs in this mailbox (UIDVALIDITY).")
    sets = (f"{first}:{min(first + _MANY - 1, exists)}" for first in range(1, exists + 1, _MANY))
    found = {
        uid: None if message.flags is None else kept_flags(message)
        for data in _fetched(client, sets, "(UID FLAGS)", uid=False)
        for message in parse.merged(_read(data))
        if (uid := _uid(message))
    }
    return Survey(validity, found, max(exists - len(found), 0))


def _number(told: Any) -> int | None:
    return int(told) if told and told.isdigit() and len(told) <= _DIGITS else None


def kept_flags(message: Message) -> tuple[str, ...]:
    """The flags of a *message* that a backup keeps."""
    flags: Any = message.flags
    # Bytes can't be read.
    found = flags if isinstance(flags, frozenset) else ()
    return tuple(sorted(flag for flag in found if flag.lower() != _RECENT))


def sizes(client: IMAP4, uids: Iterable[int]) -> dict[int, int]:
    """RFC822.SIZE of the messages *uids*, as far as they are there."""
    return {
        uid: _size(one)
        for data in _fetched(client, _sets(uids), "(UID RFC822.SIZE)")
        for one in fetched(data)
        if (uid := _uid(one)) and "RFC822.SIZE" in one
    }


def attributes(client: IMAP4, uids: Iterable[int]) -> list[Message]:
    """FLAGS and INTERNALDATE of the messages *uids*, as far as they are there."""
    return [
        one
        for data in _fetched(client, _sets(uids), "(UID FLAGS INTERNALDATE)")
        for one in fetched(data)
    ]


def identities(client: IMAP4, uids: Iterable[int]) -> dict[int, Identity]:
    """What tells the messages *uids*, as far as they are there."""
    items = f"(UID RFC822.SIZE INTERNALDATE BODY.PEEK[{_MESSAGE_ID}])"
    found: dict[int, Identity] = {}
    for data in _fetched(client, _sets(uids), items):
        for one in fetched(data):
            header = one.body(_MESSAGE_ID)
            if (uid := _uid(one)) and header is not None:
                found[uid] = Identity(name_of(header) or "", _size(one), _seconds(one))
    nameless = [uid for uid, one in found.items() if not one.name]
    for data in _fetched(client, _sets(nameless), "(UID BODY.PEEK[HEADER])"):
        for one in fetched(data):
            header = one.body("HEADER")
            if (uid := _uid(one)) in found and header is not None:
                found[uid] = found[uid]._replace(name=digest_of(header))
    return {uid: one for uid, one in found.items() if one.name}


def fetched(data: Any) -> list[Message]:
    """The messages in the data of a UID FETCH, as far as they can be read and have UIDs.

    Numbers don't tell them: those may change meanwhile (RFC 3501, section 7.4.1).
    """
    found: dict[int, list[Message]] = {}
    for one in _read(data):
        if uid := _uid(one):
            found.setdefault(uid, []).append(one)
    return [max(parse.merged(several), key=_richness) for several in found.values()]


def _richness(message: Message) -> int:
    return len(message.names)


def _read(data: Any) -> Iterator[Message]:
    """The messages in *data*, as they came."""
    return (one for one in parse.fetch(data, lenient=True) if isinstance(one, Message))


def _uid(message: Message) -> int:
    """The UID; 0 for none, and for what is none."""
    uid: Any = message.uid
    return uid if isinstance(uid, int) and 0 < uid < 2**32 else 0


def _size(message: Message) -> int:
    """RFC822.SIZE, as far as it is told."""
    size: Any = message.size
    return size if isinstance(size, int) else 0


def _seconds(message: Message) -> int | None:
    from datetime import datetime

    date: Any = message.internal_date
    return seconds(date) if isinstance(date, datetime) else None


def _fetched(client: IMAP4, sets: Iterable[str], items: str, *, uid: bool = True) -> Iterator[Any]:
    """The data of FETCHes of *items*, for each of *sets*. Raises ``error`` for a refusal."""
    requests = (
        Request(lambda callback, one=one: client.fetch(one, items, uid=uid, callback=callback))  # type: ignore[misc]
        for one in sets
    )
    for answer in answers(requests, room=1, most=4):
        yield agreed((answer.typ, answer.data))


def _sets(uids: Iterable[int]) -> Iterator[str]:
    every = sorted(uids)
    for at in range(0, len(every), _MANY):
        yield from SequenceSet(every[at : at + _MANY]).split()
