"""ENVELOPE: the fields of a message's header that tell what it is (RFC 3501, section 7.4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from .._hints import Any, NamedTuple, TypeAlias
from .._protocol.patterns import pattern
from ._dates import header_date
from ._errors import ParseError
from ._values import Value, written
from ._words import decode_words

# One space between any two parts, none between addresses, no backslashes, no empty lists: as all
# servers write, and nearly all of the time.
_QUOTED = rb'"[^"\\]*"'
_STRING = rb'(?:"([^"\\]*)"|NIL)'
_ADDRESS = rb"\((?:%b|NIL) (?:NIL|%b) (?:%b|NIL) (?:%b|NIL)\)" % ((_QUOTED,) * 4)
_LIST = rb"(?:\((%b(?:%b)*)\)|NIL)" % ((_ADDRESS,) * 2)
_USUAL = pattern(rb"\(%b\)" % b" ".join([_STRING] * 2 + [_LIST] * 6 + [_STRING] * 2))
_PARTS = pattern(rf"\({' '.join([_STRING.decode()] * 4)}\)")

_UTF8 = ("utf-8", "surrogateescape")


class _AddressFields(NamedTuple):
    name: str | None
    route: str | None
    mailbox: str | None
    host: str | None
    raw_name: bytes | None


class Address(_AddressFields):
    """An address: ``name`` (decoded), ``route``, ``mailbox`` and ``host``, and ``raw_name``.

    All but ``raw_name``, which are the bytes that came, are str, with bytes that aren't UTF-8 kept
    as lone surrogates; what is NIL is None.

    >>> address = Address("Ada", None, "ada", "example.org", b"Ada")
    >>> address.email
    'ada@example.org'
    """

    __slots__ = ()

    @property
    def email(self) -> str:
        """``mailbox@host``, or what there is of it."""
        _, _, mailbox, host, _ = self
        return f"{mailbox}@{host}" if mailbox and host else mailbox or host or ""


class Group(NamedTuple):
    """A named group of addresses, ``Friends: ada@example.org, bob@example.org;``.

    ``name`` is decoded, ``members`` are a tuple of `Address`, ``raw_name`` are the bytes that came.
    """

    name: str
    members: tuple[Address, ...]
    raw_name: bytes


Addresses: TypeAlias = "tuple[Address | Group, ...]"


def addresses(found: Iterable[Address | Group]) -> Iterator[Address]:
    """Each `Address` of *found*, a field of an `Envelope`, those of groups included.

    >>> ada = Address("Ada", None, "ada", "example.org", b"Ada")
    >>> [address.email for address in addresses((Group("Friends", (ada,), b"Friends"), ada))]
    ['ada@example.org', 'ada@example.org']
    """
    for one in found:
        if isinstance(one, Group):
            yield from one.members
        else:
            yield one


class Envelope:
    """What ENVELOPE tells of a message; each field is read when it is asked for.

    Made of the bytes of date, subject, In-Reply-To and Message-ID, and of tuples of `Address` and
    `Group`.

    >>> subject = b"=?utf-8?q?Caf=C3=A9?="
    >>> envelope = Envelope(b"Mon, 7 Feb 1994 21:52:25 -0800", subject, message_id=b"<1@x>")
    >>> envelope.subject, envelope.raw_subject, envelope.message_id
    ('Café', b'=?utf-8?q?Caf=C3=A9?=', '<1@x>')
    >>> envelope.date.isoformat(), envelope.to
    ('1994-02-07T21:52:25-08:00', ())
    """

    __slots__ = ("_known", "_parts")

    def __init__(
        self,
        date: bytes | None = None,
        subject: bytes | None = None,
        from_: Addresses | bytes | None = (),
        sender: Addresses | bytes | None = (),
        reply_to: Addresses | bytes | None = (),
        to: Addresses | bytes | None = (),
        cc: Addresses | bytes | None = (),
        bcc: Addresses | bytes | None = (),
        in_reply_to: bytes | None = None,
        message_id: bytes | None = None,
    ) -> None:
        # Lists of addresses as bytes are unread ones, of `_USUAL`.
        self._parts = (
            date, subject, from_, sender, reply_to, to, cc, bcc, in_reply_to, message_id
        )  # fmt: skip
        #: Those that were read: the same people are often in several fields.
        self._known: dict[bytes, Addresses] = {}

    @property
    def date(self) -> datetime | None:
        """When the message was written; aware. None when that isn't told, or can't be read."""
        text = self._parts[0]
        return header_date(text) if text else None

    @property
    def raw_date(self) -> bytes | None:
        """The date as it was written."""
        return self._parts[0]

    @property
    def subject(self) -> str | None:
        """The subject, decoded (RFC 2047); None when there is none."""
        raw = self._parts[1]
        return None if raw is None else _decoded(raw)

    @property
    def raw_subject(self) -> bytes | None:
        """The subject as it was written."""
        return self._parts[1]

    @property
    def from_(self) -> Addresses:
        """Who wrote it."""
        return self._list(self._parts[2])

    @property
    def sender(self) -> Addresses:
        """Who sent it: the same, where the message doesn't tell."""
        return self._list(self._parts[3])

    @property
    def reply_to(self) -> Addresses:
        """To whom replies are to go: to whom wrote it, where the message doesn't tell."""
        return self._list(self._parts[4])

    @property
    def to(self) -> Addresses:
        """To whom it was written."""
        return self._list(self._parts[5])

    @property
    def cc(self) -> Addresses:
        """Who has got a copy."""
        return self._list(self._parts[6])

    @property
    def bcc(self) -> Addresses:
        """Who has got a copy that the others don't know of."""
        return self._list(self._parts[7])

    @property
    def in_reply_to(self) -> str | None:
        """The Message-IDs of what this is the reply to, as they were written."""
        text = self._parts[8]
        return None if text is None else text.decode(*_UTF8)

    @property
    def message_id(self) -> str | None:
        """The Message-ID as it was written: ``<1@example.org>``."""
        text = self._parts[9]
        return None if text is None else text.decode(*_UTF8)

    def _list(self, part: Addresses | bytes | None) -> Addresses:
        if not part:
            return ()
        if not isinstance(part, bytes):
            return part
        found = self._known.get(part)
        if found is None:
            found = self._known[part] = _usual_addresses(part)
        return found

    def _all(self) -> tuple[Any, ...]:
        """What it is made of, all of it read."""
        parts = self._parts
        return (*parts[:2], *map(self._list, parts[2:8]), *parts[8:])

    def __eq__(self, other: object) -> bool:
        return self._all() == other._all() if isinstance(other, Envelope) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return f"Envelope{self._all()!r}"

    def __reduce__(self) -> tuple[Any, ...]:
        return Envelope, self._all()


def usual_envelope(text: bytes, at: int) -> re.Match[bytes] | None:
    """What `envelope` takes, if one of the usual form stands at *at*."""
    return _USUAL.match(text, at)


def envelope(
    value: re.Match[bytes] | Value, function: str = "fetch", item: str = "ENVELOPE"
) -> Envelope:
    """The `Envelope` that *value* tells: a list of ten, or what `usual_envelope` has given.

    What is missing counts as NIL, and so do empty strings in the place of lists of
    addresses, and empty lists in that of strings. Raises `ParseError`, with the names *function*
    and *item*, when it isn't an envelope.
    """
    if isinstance(value, re.Match):
        return Envelope(*value.groups())
    try:
        return _read_envelope(value)
    except ValueError:
        raise ParseError(function, item, written(value)) from None


def _read_envelope(value: Value) -> Envelope:
    if not isinstance(value, list):
        raise ValueError("not a list")
    parts: list[Any] = [*value[:10], *[None] * (10 - len(value))]
    # Exchange leaves fields out (see the corpus), but not the Message-ID at the end.
    if 2 < len(value) < 10 and isinstance(value[-1], bytes):
        parts[len(value) - 1], parts[9] = None, value[-1]
    lists = map(_read_addresses, parts[2:8])
    return Envelope(*map(_text, parts[:2]), *lists, *map(_text, parts[8:]))


def _text(value: Value) -> bytes | None:
    if isinstance(value, list):
        if value:
            raise ValueError("a list where a string is due")
        return None
    return value


def _decoded(raw: bytes) -> str:
    text = raw.decode(*_UTF8)
    return text if _is_plain(text) else decode_words(raw)


def _is_plain(text: str) -> bool:
    """Whether there is nothing to be decoded in *text*, nor unfolded."""
    return text.isascii() and text.isprintable() and "=?" not in text


# -- Addresses -------------------------------------------------------------------------------------


def _usual_addresses(text: bytes) -> Addresses:
    """Those of *text*, the inside of a list in the form of `_USUAL`."""
    found = [found.groups() for found in _PARTS.finditer(text.decode(*_UTF8))]
    return _made(found)


def _read_addresses(value: Value) -> Addresses:
    if not value:
        return ()
    if not isinstance(value, list):
        raise ValueError("a string where a list of addresses is due")
    return _made([_four(part) for part in value if part])


def _four(value: Value) -> tuple[str | None, ...]:
    if not isinstance(value, list):
        raise ValueError("a string where an address is due")
    texts = [*map(_text, value[:4]), *[None] * (4 - len(value))]
    return tuple(None if text is None else text.decode(*_UTF8) for text in texts)


def _made(parts: Sequence[tuple[Any, ...]]) -> Addresses:
    """What names, routes, mailboxes and hosts are: those without a host begin and end groups."""
    found: list[Address | Group] = []
    #: Where in *found* a group may have begun.
    begin: int | None = None
    for name, route, mailbox, host in parts:
        if host:
            found.append(_address(name, route, mailbox, host))
        elif mailbox:
            # An address without a host, unless the end of a group follows.
            begin = len(found)
            found.append(_address(name, route, mailbox, host))
        elif begin is not None:
            found[begin:] = [_group(found[begin:])]
            begin = None
    return tuple(found)


def _address(name: str | None, route: str | None, mailbox: str | None, host: str | None) -> Address:
    raw = None
    if name is not None:
        raw = name.encode(*_UTF8)
        if not _is_plain(name):
            name = decode_words(raw)
    return Address(name, route, mailbox, host, raw)


def _group(parts: list[Any]) -> Group:
    """Of the address that begins it, whose mailbox is the name, and of its members."""
    head: Address = parts[0]
    raw = (head.mailbox or "").encode(*_UTF8)
    return Group(_decoded(raw), tuple(parts[1:]), raw)
