"""Which mailboxes there are, and what is in them, in as few round trips as the server allows."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence

from .. import parse
from .._clock import next_of
from .._errors import error, printable, raised
from .._hints import TYPE_CHECKING, Any, NamedTuple
from ..parse import Mailbox, Message, Status
from .answers import agreed

if TYPE_CHECKING:
    from .._client import IMAP4

#: Messages whose sizes are asked for by one command.
_SIZES = 10_000


class Found(NamedTuple):
    """A mailbox, and what is known of it."""

    mailbox: Mailbox
    #: None where the server doesn't tell.
    is_subscribed: bool | None
    #: None where nobody has asked, or where the server doesn't tell.
    status: Status | None = None
    #: What the server has said instead of a status.
    refusal: str | None = None


def find(client: IMAP4, pattern: str = "*", *, counts: bool = True) -> list[Found]:
    """The mailboxes whose names match *pattern*, with *counts* unless those aren't wanted.

    Those that somebody has subscribed to, but that don't exist, are ``\\NonExistent``. Raises
    ``error`` when the server refuses to list any, and `ParseError` for what can't be read.
    """
    options = _options(client, counts)
    listed = agreed(client.list('""', f"{pattern} RETURN ({options})" if options else pattern))
    pairs = [("LIST", listed), ("STATUS", client.response("STATUS")[1])]
    mailboxes = parse.mailboxes(pairs, utf8=client.utf8_enabled)
    subscribed = _subscribed(client, pattern)
    names = {one.name for one in mailboxes}
    found = [
        Found(one, None if subscribed is None else one.name in subscribed, one.status)
        for one in mailboxes
    ]
    for name, one in (subscribed or {}).items():
        if name not in names:
            attributes = frozenset({*one.attributes, r"\NonExistent"})
            found.append(Found(one._replace(attributes=attributes), True))
    return _with_status(client, found) if counts and "STATUS" not in options else found


def has_sizes(client: IMAP4) -> bool:
    """Whether STATUS tells the size of a mailbox (RFC 8438)."""
    return "STATUS=SIZE" in client.capabilities or "IMAP4REV2" in client.capabilities


def sum_of_sizes(client: IMAP4, found: Found, tell: Callable[[int], None]) -> Found:
    """*found* with its size: the sum of RFC822.SIZE, told by *tell* of how many messages each time.

    The mailbox is opened for reading only. Where that is refused, its size stays unknown.
    """
    status = found.status
    if status is None or not status.messages:
        return found._replace(status=status and status._replace(size=0))
    typ, data = client.select(found.mailbox.quoted, readonly=True)
    if typ != "OK":
        return found
    total, last = 0, int(data[0] or 0)
    for first in range(1, last + 1, _SIZES):
        until = min(first + _SIZES - 1, last)
        answer = agreed(client.fetch(f"{first}:{until}", "(RFC822.SIZE)"))
        total += sum(
            one.size or 0 for one in parse.fetch(answer, lenient=True) if isinstance(one, Message)
        )
        tell(until - first + 1)
    return found._replace(status=status._replace(size=total))


def _options(client: IMAP4, counts: bool) -> str:
    """What LIST is to return besides (RFCs 5258, 6154, 5819), as far as the server can."""
    can = client.capabilities
    is_second = "IMAP4REV2" in can
    if not (is_second or "LIST-EXTENDED" in can or "LIST-STATUS" in can):
        return ""
    options = ["SPECIAL-USE"] if is_second or "SPECIAL-USE" in can else []
    if counts and (is_second or "LIST-STATUS" in can):
        options.append(f"STATUS ({_items(client)})")
    return " ".join(options)


def _items(client: IMAP4) -> str:
    items = "MESSAGES UNSEEN UIDNEXT UIDVALIDITY"
    return f"{items} SIZE" if has_sizes(client) else items


def _subscribed(client: IMAP4, pattern: str) -> dict[str, Mailbox] | None:
    """The mailboxes that the user has subscribed to, by their names; None if that can't be told."""
    try:
        typ, data = client.lsub('""', pattern)
    # IMAP4rev2 has no LSUB any more.
    except client.abort:
        raise
    except error:
        return None
    if typ != "OK":
        return None
    listed = parse.mailboxes(data, utf8=client.utf8_enabled, lenient=True)
    # What can't be selected isn't there for itself, but for what is below it (RFC 3501, 6.3.9).
    return {
        one.name: one
        for one in listed
        if isinstance(one, Mailbox) and (one.is_selectable or one.has(r"\Subscribed"))
    }


def _with_status(client: IMAP4, found: Sequence[Found]) -> list[Found]:
    """*found* with what STATUS tells of each, asked all at once."""
    outcomes: queue.SimpleQueue[tuple[Any, int, Any]] = queue.SimpleQueue()
    items = _items(client).split()
    asked = [number for number, one in enumerate(found) if one.mailbox.is_selectable]
    for number in asked:
        client.status(found[number].mailbox.quoted, items, callback=outcomes.put, cb_arg=number)
    complete = list(found)
    for _ in asked:
        # The connection's own time-out ends each of them.
        result, number, problem = next_of(outcomes, None)
        complete[number] = _answered(found[number], result, problem)
    return complete


def _answered(found: Found, result: Any, problem: Any) -> Found:
    if problem is not None:
        raise raised(problem)
    typ, data = result
    if typ != "OK":
        return found._replace(refusal=_text(data))
    read = parse.status(data, lenient=True)
    told = [one for one in read if isinstance(one, Status)]
    return found._replace(status=told[-1] if told else None)


def _text(data: Sequence[Any]) -> str:
    last = data[-1] if data else None
    return printable(last) if isinstance(last, bytes) else ""
