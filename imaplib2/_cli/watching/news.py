"""What `watch` tells: in lines for people, or in JSON."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone

from ..._hints import TYPE_CHECKING, Any
from ...watching import Arrived, FlagsChanged, Invalidated, Reconnected, Removed
from ..text import cells, counted, padded, shortened

if TYPE_CHECKING:
    from ...parse import Message
    from ...watching import Event
    from ..console import Console, Piece

#: What happens, the word for it, and its style.
_WORDS = {
    "watching": ("watching", "strong"),
    "arrived": ("new", "good"),
    "removed": ("removed", "warn"),
    "flags": ("flags", "name"),
    "reconnected": ("back", "strong"),
    "invalidated": ("renewed", "warn"),
    "gone": ("gone", "bad"),
}
#: Longer names than that don't move what stands behind them.
_LONGEST_NAME = 20
_Summaries = Mapping[int, "Message"]


class News:
    """Tells on *console* what happens in *mailboxes*.

    *is_json*: a line of JSON for each message that something has happened to, and else, for each
    event.
    """

    def __init__(self, console: Console, mailboxes: Sequence[str], *, is_json: bool) -> None:
        self._console = console
        self._is_one = len(mailboxes) == 1
        #: Columns of their names.
        self._column = min(max(map(cells, mailboxes)), _LONGEST_NAME)
        self._is_json = is_json

    def begins(self, mailbox: str, count: int) -> None:
        """*mailbox* is watched from now on; *count* messages are there."""
        self._tell("watching", mailbox, counted(count, "message"), messages=count)

    def event(self, event: Event, summaries: _Summaries) -> None:
        """*event* has happened; *summaries* are those of messages that have arrived."""
        mailbox = event.mailbox
        if isinstance(event, Arrived):
            for uid in event.uids:
                self._arrived(mailbox, uid, event.flags.get(uid), summaries.get(uid))
        elif isinstance(event, Removed):
            self._removed(event)
        elif isinstance(event, FlagsChanged):
            for uid, flags in event.flags.items():
                shown = " ".join(sorted(flags)) or "(none)"
                self._tell("flags", mailbox, shown, uid=uid, flags=sorted(flags))
        elif isinstance(event, Reconnected):
            text = f"after {event.after:.0f} s: {event.why}"
            self._tell("reconnected", mailbox, text, after=event.after, why=str(event.why))
        elif isinstance(event, Invalidated):
            text = "the server has numbered all messages anew"
            self._tell("invalidated", mailbox, text, uid_validity=event.uid_validity)
        else:
            text = f"it was deleted or renamed: {event.why}"
            self._tell("gone", mailbox, text, why=str(event.why))

    def _arrived(
        self, mailbox: str, uid: int, flags: Iterable[str] | None, message: Message | None
    ) -> None:
        fields = {"flags": None if flags is None else sorted(flags), **summary(message)}
        text = "(its header can't be read)"
        if message is not None:
            text = f"{fields['from'] or '?'}: {fields['subject'] or '(no subject)'}"
        self._tell("arrived", mailbox, text, uid=uid, **fields)

    def _removed(self, event: Removed) -> None:
        if self._is_json:
            for uid in event.uids:
                self._tell("removed", event.mailbox, uid=uid)
            return
        count = len(event.uids)
        text = "" if count == 1 else f"  {counted(count, 'message')}"
        self._tell("removed", event.mailbox, f"{event.uids}{text}")

    def _tell(self, kind: str, mailbox: str, text: str = "", **fields: Any) -> None:
        if self._is_json:
            now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
            self._console.json({"time": now, "event": kind, "mailbox": mailbox, **fields})
            return
        self._console.line(*self._line(kind, mailbox, text, fields.get("uid")))

    def _line(self, kind: str, mailbox: str, text: str, uid: int | None) -> Iterator[Piece]:
        word, style = _WORDS[kind]
        narrow = self._console.is_narrow
        clock = time.strftime("%H:%M" if narrow else "%H:%M:%S")
        head = [f"{clock} ", padded(word, 8), " "]
        shown = f"{uid}  {text}" if uid is not None else text
        # Of the only one, what happens to messages needs no name.
        if not self._is_one or (uid is None and kind != "removed"):
            shown = f"{padded(mailbox, 0 if narrow else self._column)}  {shown}"
        if self._console.is_terminal:
            room = self._console.width - 1 - sum(map(len, head))
            shown = shortened(shown.replace("\n", " "), room, self._console.sign("…"))
        yield (head[0], "dim")
        yield (head[1], style)
        yield head[2] + shown


def summary(message: Message | None) -> dict[str, Any]:
    """Who has written *message*, and so on, as far as that can be read; None for what is unknown.

    >>> summary(None)["from"] is None
    True
    """
    from ... import parse

    names = ("from", "address", "subject", "date", "message_id", "size")
    found: dict[str, Any] = dict.fromkeys(names)
    envelope = message.envelope if message is not None else None
    if message is None or not isinstance(envelope, parse.Envelope):
        return found
    for address in parse.addresses(envelope.from_):
        found["from"] = address.name or address.email
        found["address"] = address.email
        break
    date = envelope.date
    return {
        **found,
        "subject": envelope.subject,
        "date": None if date is None else date.isoformat(),
        "message_id": envelope.message_id,
        "size": message.size,
    }
