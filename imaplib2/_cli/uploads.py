"""Messages from files into a mailbox of a server: those that it hasn't got yet."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from .. import parse
from .._hints import TYPE_CHECKING, Any, Protocol
from .._late import internal_date, message_octets
from .._protocol.parts import Message, Part
from .._protocol.patterns import pattern
from .entries import Entry
from .failures import Failure
from .identity import Identity, Known, seconds
from .pipeline import Answer, Request, answers
from .surveys import Survey, identities

if TYPE_CHECKING:
    from .._client import IMAP4
    from .progress import Progress
    from .pushed import Pushed

#: Octets that may be on their way, and of these, in one command.
_ROOM, _BATCH = 8 * 1024 * 1024, 1024 * 1024
#: Messages in one command.
_MANY = 100
#: RFC 3501, section 9; some servers have "]" in keywords.
_FLAG = pattern(r"\\?[^\x00-\x20\x7f-\U0010ffff(){%*\"\\]+")


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
    missing = []
    for entry in rest:
        uid = known.take(_identity(entry, entry.size))
        # Line ends may have become CRLF on the way.
        if uid is None and known:
            uid = known.take(_identity(entry, len(_text(source, entry))))
        if uid is None:
            missing.append(entry)
        else:
            pushed.add(entry.key, uid)
    pushed.sync()
    return missing


def _identity(entry: Entry, size: int) -> Identity:
    return Identity(entry.name, size, seconds(entry.date))


def _text(source: Source, entry: Entry) -> Any:
    # Gathered without a copy, as it may be large.
    text = io.BytesIO()
    text.writelines(source.portions(entry))
    return message_octets(text.getvalue())


class Upload:
    """Appends messages of *source* to a *mailbox*; see `run`.

    ``problems`` are what the server says of those that it refuses, by their keys; ``count`` and
    ``size`` what was uploaded.
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
        self.count = self.size = 0

    def run(self, entries: Iterable[Entry]) -> None:
        """Append *entries*. Raises ``abort`` when the connection is lost, `Failure` for no room."""
        can = self._client.capabilities
        several = "MULTIAPPEND" in can
        refused = self._append(_batches(entries, _MANY if several else 1), repeat=several)
        if refused:
            self._append(([entry] for entry in refused), repeat=False)

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
        self.count += len(batch)
        self.size += sum(entry.size for entry in batch)
        uids = _uids(answer)
        if len(uids) == len(batch):
            for entry, uid in zip(batch, uids, strict=True):
                self._pushed.add(entry.key, uid)
        self._pushed.sync()
        self._progress.advance(sum(entry.size for entry in batch))

    def _request(self, batch: list[Entry]) -> Request:
        def issue(callback: Callable[[Any], None]) -> None:
            first, *others = batch
            parts: list[Part] = [Message(_text(self._source, first))]
            for entry in others:
                parts += [_between(entry), Message(_text(self._source, entry))]
            # RFC 3502: several messages in one command, with flags and date of each.
            self._client._call(
                "APPEND", self._mailbox, _flags(first) or None, internal_date(first.date),
                last=parts, callback=callback,
            )  # fmt: skip

        return Request(issue, sum(entry.size for entry in batch), batch)


def _between(entry: Entry) -> bytes:
    """What stands before a message that isn't the first."""
    text = f" ({' '.join(_flags(entry))}) "
    if entry.date is not None:
        text += f"{internal_date(entry.date)} "
    return text.encode("ascii")


def _flags(entry: Entry) -> list[str]:
    """The flags as a server may be told them: some have sent what is none."""
    return [flag for flag in entry.flags if _FLAG.fullmatch(flag)]


def _uids(answer: Answer) -> list[int]:
    """The UIDs that messages have got, as far as the server tells."""
    for code in parse.response_codes(answer.data, lenient=True):
        if isinstance(value := getattr(code, "value", None), parse.AppendUid):
            return list(value.uids)
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
