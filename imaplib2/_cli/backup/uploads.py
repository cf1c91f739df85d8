"""Messages from files into a mailbox of a server: those that it hasn't got yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from ... import parse
from ..._hints import TYPE_CHECKING, Any, Protocol
from ..._protocol.patterns import pattern
from ..failures import Failure
from . import line_ends
from .entries import Entry
from .identity import Identity, Known, matched, seconds
from .pipeline import Answer, Request, answers
from .surveys import Survey, identities

if TYPE_CHECKING:
    from ..._client import IMAP4
    from ..progress import Progress
    from .pushed import Pushed

#: Octets that may be on their way, and of these, in one command; a message of more isn't held.
_ROOM, _BATCH = 8 * 1024 * 1024, 1024 * 1024
#: Messages in one command.
_MANY = 100
#: RFC 3501, section 9; some servers have "]" in keywords.
_FLAG = pattern(
    r"(?i:\\(?:Answered|Flagged|Deleted|Seen|Draft))|[^\x00-\x20\x7f-\U0010ffff(){%*\"\\]+"
)


class Source(Protocol):
    """Where messages are: a `store.Store`, or a `foreign.Foreign`."""

    @property
    def entries(self) -> Iterable[Entry]:
        """All messages."""

    def others(self) -> Iterable[Entry]:
        """Those that the server no longer had."""

    def portions(self, entry: Entry) -> Iterator[bytes]:
        """The text of a message."""


def lacking(
    client: IMAP4, found: Survey, source: Source, entries: Sequence[Entry], pushed: Pushed
) -> list[Entry]:
    """Those of *entries* that are not among what was *found* in the mailbox, opened on *client*.

    Those that have been pushed are known by their UIDs, others by what `Identity` says; these count
    as pushed from then on.
    """
    recorded = {
        entry.key: pushed.uids[entry.key]
        for entry in entries
        if pushed.uids.get(entry.key, 0) in found.flags
    }
    rest = [entry for entry in entries if entry.key not in recorded]
    others = found.flags.keys() - recorded.values()
    if not rest or not others:
        return rest
    known: Known[int] = Known()
    for number, identity in sorted(identities(client, others).items()):
        known.add(identity, number)
    there = matched(known, ((entry.key, _identity(entry, entry.size)) for entry in rest))
    missing = [entry for entry in rest if entry.key not in there]
    # Line ends may have become CRLF on the way.
    if known:
        sizes = {entry.key: _size(source, entry) for entry in missing}
        changed = (entry for entry in missing if sizes[entry.key] != entry.size)
        there |= matched(known, ((one.key, _identity(one, sizes[one.key])) for one in changed))
    for key, uid in there.items():
        pushed.add(key, uid)
    pushed.sync()
    return [entry for entry in missing if entry.key not in there]


def _identity(entry: Entry, size: int) -> Identity:
    return Identity(entry.name, size, seconds(entry.date))


def _text(source: Source, entry: Entry) -> Iterator[bytes]:
    return line_ends.only_crlf(source.portions(entry))


def _size(source: Source, entry: Entry) -> int:
    return sum(map(len, _text(source, entry)))


class Upload:
    """Appends messages of *source* to a *mailbox*; see `run`.

    ``problems`` are what the server says of those that it refuses, by their keys; ``changed`` what
    is odd about others; ``count`` and ``size`` what was uploaded.
    """

    def __init__(
        self, client: IMAP4, mailbox: str, source: Source, pushed: Pushed, progress: Progress
    ) -> None:
        self._client = client
        self._mailbox = mailbox
        self._source = source
        self._pushed = pushed
        self._progress = progress
        self.problems: dict[str, str] = {}
        self.changed: dict[str, str] = {}
        #: Keys of those that are appended without their keywords.
        self._plain: set[str] = set()
        self.count = self.size = 0

    def run(self, entries: Iterable[Entry]) -> None:
        """Append *entries*. Raises ``abort`` when the connection is lost, `Failure` for no room."""
        can = self._client.capabilities
        several = "MULTIAPPEND" in can
        every = [*entries]
        refused = self._append(_batches(every, _MANY if several else 1), repeat=several)
        if refused:
            self._append(([entry] for entry in refused), repeat=False)
        self._append_without_keywords(
            [one for one in every if one.key in self.problems and _has_keywords(one)]
        )

    def _append_without_keywords(self, entries: list[Entry]) -> None:
        """Append those that were refused perhaps for their keywords, which matter less."""
        refused = {entry.key: self.problems.pop(entry.key) for entry in entries}
        self._plain |= refused.keys()
        self._append(([entry] for entry in entries), repeat=False)
        for key, text in refused.items():
            if key not in self.problems:
                self.changed[key] = f"uploaded without its keywords: {text}"

    def _append(self, batches: Iterable[list[Entry]], *, repeat: bool) -> list[Entry]:
        """Append *batches*; those that were refused among others, of which none is there then."""
        refused: list[Entry] = []
        for answer in answers(map(self._request, batches), room=_ROOM):
            batch: list[Entry] = answer.about
            if answer.typ == "OK":
                self._keep(batch, answer)
            elif len(batch) > 1 and repeat:
                refused += batch
            else:
                _check_room(answer)
                self.problems |= {entry.key: answer.text for entry in batch}
        return refused

    def _keep(self, batch: list[Entry], answer: Answer) -> None:
        """A *batch* is there."""
        size = sum(entry.size for entry in batch)
        self.count += len(batch)
        self.size += size
        uids = _uids(answer, self._pushed.validity, len(batch))
        for entry, uid in zip(batch, uids, strict=False):
            self._pushed.add(entry.key, uid)
        self._pushed.sync()
        if size <= _BATCH:
            self._progress.advance(size)

    def _request(self, batch: list[Entry]) -> Request:
        size = sum(entry.size for entry in batch)
        issue = self._issue if size <= _BATCH else self._issue_large
        return Request(partial(issue, batch), size, batch)

    def _issue(self, batch: list[Entry], callback: Callable[[Any], None]) -> None:
        several = []
        for entry in batch:
            text = b"".join(self._source.portions(entry))
            self._look_at(entry, len(text))
            several.append((self._flags(entry), entry.date, text))
        if len(several) > 1:
            self._client._append_several(self._mailbox, several, callback=callback)
        else:
            self._client.append(self._mailbox, *several[0], callback=callback)

    def _issue_large(self, batch: list[Entry], callback: Callable[[Any], None]) -> None:
        """Append a message that isn't held: it is read as the server takes it."""
        (entry,) = batch
        self._look_at(entry, sum(map(len, self._source.portions(entry))))
        file = line_ends.Reading(_text(self._source, entry))
        self._client.append(
            self._mailbox, self._flags(entry), entry.date, file, size=_size(self._source, entry),
            progress=self._progress.part(), callback=callback,
        )  # fmt: skip

    def _flags(self, entry: Entry) -> list[str]:
        flags = _flags(entry)
        return [*filter(_is_system_flag, flags)] if entry.key in self._plain else flags

    def _look_at(self, entry: Entry, size: int) -> None:
        """See whether the text, of this *size*, is still the one that was fetched."""
        if size != entry.size:
            self.changed[entry.key] = f"its file was changed: {size:,} octets, not {entry.size:,}"


def _flags(entry: Entry) -> list[str]:
    """The flags as a server may be told them: some have sent what is none, or theirs alone."""
    return [flag for flag in entry.flags if _FLAG.fullmatch(flag)]


def _is_system_flag(flag: str) -> bool:
    return flag.startswith("\\")


def _has_keywords(entry: Entry) -> bool:
    return not all(map(_is_system_flag, _flags(entry)))


def _uids(answer: Answer, validity: int, count: int) -> list[int]:
    """The UIDs that *count* messages have got, as far as the server tells."""
    for code in parse.response_codes(answer.data, lenient=True):
        told = getattr(code, "value", None)
        # What it tells may be anything: four milliards of UIDs aren't listed.
        if isinstance(told, parse.AppendUid) and told.uid_validity == validity:
            return list(told.uids) if len(told.uids) == count else []
    return []


def _check_room(answer: Answer) -> None:
    if any(word in answer.text.upper() for word in ("[OVERQUOTA]", "[LIMIT]")):
        raise Failure(
            f"The server has no room for more: {answer.text}.",
            "Make room and start again: what is there is not uploaded again.",
        )


def _batches(entries: Iterable[Entry], most: int) -> Iterator[list[Entry]]:
    """*entries* in portions for one command each."""
    batch: list[Entry] = []
    room = _BATCH
    for entry in entries:
        if batch and (entry.size > room or len(batch) >= most):
            yield batch
            batch, room = [], _BATCH
        batch.append(entry)
        room -= entry.size
    if batch:
        yield batch
