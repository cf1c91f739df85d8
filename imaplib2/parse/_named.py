"""Items by their names, and responses that begin with the name of a mailbox."""

from __future__ import annotations

from .._hints import cast
from .._protocol.patterns import pattern
from ..mailbox_names import decode
from ._answers import Line
from ._reading import astring, text
from ._values import Value, before_literal, values

#: What may follow a name that isn't quoted, be there spaces and parentheses in it: a list that is
#: empty, or begins with the name of an item.
_BEHIND_NAME = pattern(rb"""(?i)\s\((?=\s*\)|"?[A-Z/][A-Z0-9./_-]*"?\ )""")


def item_name(value: Value) -> str:
    """The name of an item, in upper case."""
    return text(value).upper()


def by_twos(found: list[Value]) -> list[tuple[str, Value]]:
    """What stands by turns in *found*, names and values; raises ValueError for an odd number."""
    return list(zip(map(item_name, found[::2]), found[1::2], strict=True))


def several(value: Value) -> list[Value]:
    """*value* if it is a list; NIL is an empty one, and all else is one of itself."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def named(line: Line) -> tuple[bytes, list[Value]]:
    """The name of a mailbox with which *line* begins, and the values behind it."""
    first = line[0].lstrip(b" ")
    if len(line) > 1 and not before_literal(first):
        return line[1], values(line[2:])
    if first.startswith(b'"'):
        found = values((first, *line[1:]))
        return cast(bytes, found[0]), found[1:]
    # An atom, or what some servers don't quote: spaces and tabs may be in it.
    end = _BEHIND_NAME.search(first) if line[-1].rstrip().endswith(b")") else None
    if end is not None:
        return first[: end.start()], values((first[end.start() :], *line[1:]))
    if len(line) > 1:
        raise ValueError("literals, but no list")
    return first.rstrip(b" \r\n"), []


def mailbox_name(raw: bytes, utf8: bool) -> str:
    """The name of a mailbox, decoded."""
    return folded(decode(raw, utf8=utf8))


def mailbox(value: Value, utf8: bool) -> str:
    """The name of a mailbox, decoded, that *value* is; raises ValueError for a list."""
    return mailbox_name(astring(value), utf8)


def folded(name: str) -> str:
    """*name* in the form by which a mailbox is known (RFC 9051, section 5.1)."""
    return "INBOX" if name.upper() == "INBOX" else name


def delimiter_of(raw: bytes | None) -> str | None:
    # With an escape, the delimiter is what stands behind it.
    return text(raw[-1:]) if raw else None
