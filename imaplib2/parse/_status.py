"""STATUS: how many messages there are in a mailbox, and the like."""

from __future__ import annotations

from collections.abc import Callable

from .._hints import Any, Literal, NamedTuple, overload
from ._answers import Line, lines
from ._errors import ParseError
from ._named import by_twos, mailbox_name, named, several
from ._numbers import told
from ._reading import reader, text
from ._values import Value, written


class Status(NamedTuple):
    """What STATUS tells of a mailbox (RFC 9051, section 7.3.4); what it doesn't tell is None.

    - ``name``: of the mailbox, decoded; ``raw``: as the server has written it.
    - ``messages``, ``recent``, ``unseen``: how many there are of these.
    - ``uid_next``, ``uid_validity``: RFC 9051, section 2.3.1.1.
    - ``deleted``, ``deleted_storage``: how many messages are to be expunged, and how many bytes
      that will free (RFC 9208, section 4.1.4).
    - ``size``: of all messages, in bytes (RFC 8438).
    - ``highest_modseq``: RFC 7162, section 3.1.7.
    - ``append_limit``: the size of the largest message that can be appended, in bytes (RFC 7889).
    - ``mailbox_id``: the same for as long as the mailbox exists, whatever it is called (RFC 8474,
      section 4.1).
    - ``others``: all else, in order: names in upper case, and values; if asked for leniently, also
      what can't be read.
    """

    name: str
    raw: bytes
    messages: int | None = None
    recent: int | None = None
    uid_next: int | None = None
    uid_validity: int | None = None
    unseen: int | None = None
    deleted: int | None = None
    deleted_storage: int | None = None
    size: int | None = None
    highest_modseq: int | None = None
    append_limit: int | None = None
    mailbox_id: str | None = None
    others: tuple[tuple[str, Value], ...] = ()


@overload
def status(answer: Any, *, utf8: bool = ..., lenient: Literal[False] = ...) -> list[Status]: ...
@overload
def status(answer: Any, *, utf8: bool = ..., lenient: bool) -> list[Status | bytes]: ...
def status(answer: Any, *, utf8: bool = False, lenient: bool = False) -> list[Any]:
    """What the STATUS responses in *answer* tell, of one mailbox each.

    >>> inbox, = status(("OK", [b'INBOX (MESSAGES 17 UIDNEXT 4392 X-SHARED "no")']))
    >>> inbox.name, inbox.messages, inbox.uid_next, inbox.unseen, inbox.others
    ('INBOX', 17, 4392, None, (('X-SHARED', b'no'),))

    *utf8* is that of `mailboxes`. Raises `ParseError` for an answer that isn't OK, and for what
    can't be read; with *lenient*, such an item is among the ``others``, and the bytes of a response
    that is none stand in the list.
    """
    read = reader("status", "STATUS", lambda line: _status(line, utf8, lenient), lenient)
    return [read(line) for line in lines("status", answer, "STATUS")]


def _status(line: Line, utf8: bool, lenient: bool) -> Status:
    raw, behind = named(line)
    (items,) = (one for one in behind if isinstance(one, list))
    found: dict[str, Any] = {}
    others: list[tuple[str, Value]] = []
    for item, value in by_twos(items):
        if item not in _STATUS:
            others.append((item, value))
            continue
        field, read = _STATUS[item]
        try:
            found[field] = read(value)
        except ValueError:
            if not lenient:
                raise ParseError("status", item, written(value)) from None
            others.append((item, value))
    return Status(mailbox_name(raw, utf8), raw, **found, others=tuple(others))


def _mailbox_id(value: Value) -> str | None:
    found = several(value)
    return text(found[0]) if found else None


_STATUS: dict[str, tuple[str, Callable[[Value], Any]]] = {
    "MESSAGES": ("messages", told),
    "RECENT": ("recent", told),
    "UIDNEXT": ("uid_next", told),
    "UIDVALIDITY": ("uid_validity", told),
    "UNSEEN": ("unseen", told),
    "DELETED": ("deleted", told),
    "DELETED-STORAGE": ("deleted_storage", told),
    "SIZE": ("size", told),
    "HIGHESTMODSEQ": ("highest_modseq", told),
    "APPENDLIMIT": ("append_limit", told),
    "MAILBOXID": ("mailbox_id", _mailbox_id),
}
