"""By what two messages are the same when nothing is known of their UIDs: Message-ID, size, date.

A message without Message-ID is known by the digest of its header.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from .._hints import Any, Generic, NamedTuple, TypeVar
from .._protocol.patterns import pattern

T = TypeVar("T")
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
        self._found: dict[tuple[str, Any], list[tuple[int, T]]] = {}

    def add(self, identity: Identity, value: T) -> None:
        """Know a message."""
        self._found.setdefault((identity.name, identity.date), []).append((identity.size, value))

    def __bool__(self) -> bool:
        return bool(self._found)

    def take(self, identity: Identity) -> T | None:
        """The value of a message that is the same, which isn't known any more then; or None."""
        key = (identity.name, identity.date)
        candidates = self._found.get(key, [])
        near = [one for one in candidates if abs(one[0] - identity.size) <= ROOM]
        if not near:
            return None
        nearest = min(near, key=lambda one: abs(one[0] - identity.size))
        candidates.remove(nearest)
        if not candidates:
            del self._found[key]
        return nearest[1]
