"""By what two messages are the same when nothing is known of their UIDs: Message-ID, size, date.

A message without Message-ID is known by the digest of its header.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime

from ..._hints import Generic, NamedTuple, TypeVar
from ..._protocol.patterns import pattern

T = TypeVar("T")
K = TypeVar("K")
_MESSAGE_ID = pattern(rb"^message-id[ \t]*:((?:[^\r\n]|\r?\n[ \t]|\r(?!\n))*)", re.I | re.MULTILINE)
_HEADER_END = pattern(rb"\r?\n\r?\n")
#: Octets by which sizes may differ: some servers end the last line when it has no end.
ROOM = 2
#: How a name begins that is a digest.
DIGEST = "sha256:"


class Identity(NamedTuple):
    """What tells a message: ``name``, its Message-ID or digest; ``size``, in octets; ``date``.

    ``date``, INTERNALDATE, is in seconds since the epoch, or None.
    """

    name: str
    size: int
    date: int | None


def name_of(text: bytes) -> str | None:
    """The Message-ID in the header at the beginning of *text*; None if there is none.

    >>> name_of(b"Subject: x\\r\\nMessage-ID:\\r\\n <a@b>\\r\\n\\r\\nText")
    '<a@b>'
    """
    found = _MESSAGE_ID.search(header_of(text))
    name = b" ".join(found[1].split()) if found else b""
    return name.decode("utf-8", "backslashreplace") or None


def digest_of(text: bytes) -> str:
    """The digest of the header at the beginning of *text*."""
    header = header_of(text).replace(b"\r\n", b"\n").rstrip(b"\n")
    return f"{DIGEST}{hashlib.sha256(header).hexdigest()}"


def header_of(text: bytes) -> bytes:
    """The header at the beginning of *text*, without the empty line."""
    if text.startswith((b"\r\n", b"\n")):
        return b""
    found = _HEADER_END.search(text)
    return text[: found.start()] if found else text


def seconds(date: datetime | None) -> int | None:
    """*date* as an `Identity` has it."""
    return None if date is None else int(date.timestamp())


class Known(Generic[T]):
    """Messages that are known, each with a value; each is found once."""

    def __init__(self) -> None:
        #: Sizes and values, by name and date.
        self._found: dict[str, dict[int | None, list[tuple[int, T]]]] = {}

    def add(self, identity: Identity, value: T) -> None:
        """Know a message."""
        of_name = self._found.setdefault(identity.name, {})
        of_name.setdefault(identity.date, []).append((identity.size, value))

    def __bool__(self) -> bool:
        return bool(self._found)

    def take(self, identity: Identity, room: int = ROOM) -> T | None:
        """The value of a message that is the same, which isn't known any more then; or None.

        Sizes may differ by *room*. Where *identity* has no date, any will do.
        """
        of_name = self._found.get(identity.name, {})
        dates = [identity.date] if identity.date is not None else [*of_name]
        near = [
            (abs(one[0] - identity.size), number, date, one)
            for number, date in enumerate(dates)
            for one in of_name.get(date, ())
            if abs(one[0] - identity.size) <= room
        ]
        if not near:
            return None
        _, _, date, nearest = min(near, key=lambda one: one[:2])
        of_name[date].remove(nearest)
        if not of_name[date]:
            del of_name[date]
        if not of_name:
            del self._found[identity.name]
        return nearest[1]


def matched(known: Known[T], wanted: Iterable[tuple[K, Identity]]) -> dict[K, T]:
    """Which of those that are *wanted* are *known*: those of the same size first, then others."""
    rest = [*wanted]
    found: dict[K, T] = {}
    for room in (0, ROOM):
        for key, identity in rest:
            if (value := known.take(identity, room)) is not None:
                found[key] = value
        rest = [(key, identity) for key, identity in rest if key not in found]
    return found
