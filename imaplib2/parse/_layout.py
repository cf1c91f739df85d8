"""Where things are in the value of a BODY or BODYSTRUCTURE item (RFC 3501, section 7.4.2).

Servers leave fields out, and put others of another kind into their places: here, they are put where
they belong.
"""

from __future__ import annotations

from functools import lru_cache

from .._hints import TYPE_CHECKING, Any, TypeAlias
from ._words import lower

if TYPE_CHECKING:
    from ._values import Value

    #: The kind of a part (``"part"``, ``"text"``, ``"message"``, ``"multipart"``), its content
    #: type, its fields, each in its place, and what depends on its kind: the parts of a multipart,
    #: envelope, body and lines of a message, else the lines.
    Layout: TypeAlias = tuple[str, str, list[Value], Any]
else:
    Layout = Any

# The places of the fields. A multipart has nothing in those from the third up to the MD5.
PARAMETERS, ID, DESCRIPTION, ENCODING, SIZE, MD5, DISPOSITION = range(2, 9)
LANGUAGE, LOCATION, EXTENSION = range(9, 12)

# RFC 2045, section 5.2, and RFC 2046; of an unknown type is what nothing is known of.
_NO_TYPE = "application/octet-stream"
_SUBTYPES = {"multipart": "mixed", "text": "plain"}


def layout(value: Value) -> Layout:
    """What *value* tells of a part. Its parts, and what they are in, are left as they came."""
    # Parentheses around a whole part, as Domino has: behind those of a multipart, there is more.
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    if not isinstance(value, list) or not value:
        value = [None]
    # Without a part, there is but the subtype before the parameters.
    if isinstance(value[0], list) or (len(value) > 1 and isinstance(value[1], list)):
        return _multipart(value)
    return _single(value)


def _multipart(value: list[Value]) -> Layout:
    end = 0
    while end < len(value) and (isinstance(value[end], list) or _is_missing_part(value, end)):
        end += 1
    behind = value[end:]
    if len(behind) < 5:
        behind += [None] * (5 - len(behind))
    fields = [None, *behind[:2], None, None, None, None, None, *behind[2:]]
    return "multipart", _content_type(b"multipart", behind[0]), fields, value[:end]


def _single(value: list[Value]) -> Layout:
    # Room for all that is looked at.
    known = value if len(value) > 10 else value + [None] * (11 - len(value))
    content_type = _content_type(known[0], known[1])
    kind, at = "part", 7
    if content_type.startswith("text/"):
        kind = "text"
    elif content_type.startswith("message/") and _has_message(known):
        kind, at = "message", 9
    lines = None
    if _has_lines(known, at, kind):
        lines = known[at]
        at += 1
    fields = known[:7] + value[at:]
    if len(fields) < EXTENSION:
        fields += [None] * (EXTENSION - len(fields))
    return kind, content_type, fields, (*known[7:9], lines) if kind == "message" else lines


def _is_part(value: Value) -> bool:
    """Whether *value* looks like a part, and not like a list of parameters."""
    return isinstance(value, list) and (
        (len(value) > 0 and isinstance(value[0], list))
        or (len(value) > 6 and not isinstance(value[2], bytes))
    )


def _is_missing_part(value: list[Value], at: int) -> bool:
    """Whether there is NIL in the place of a part, not of the subtype behind the last one."""
    return value[at] is None and at + 1 < len(value) and _is_part(value[at + 1])


def _has_message(value: list[Value]) -> bool:
    """Whether there are an envelope and a body, which Gmail leaves out at times."""
    envelope = value[7]
    if isinstance(envelope, list) and (len(envelope) > 4 or isinstance(envelope[0], list)):
        return True
    return _is_part(value[8])


def _has_lines(value: list[Value], at: int, kind: str) -> bool:
    """Whether there is a number of lines, or what should be one, before the MD5."""
    found = value[at]
    if isinstance(found, bytes):
        # An MD5 is longer than any number; and only some parts have what is no number there.
        return len(found) < 22 and (kind != "part" or found.isdigit())
    # The disposition is the one list behind it: the second thing, or the first if this is the MD5.
    return kind != "part" and not value[at + 1]


def _content_type(kind: Value, subtype: Value) -> str:
    kind = kind if isinstance(kind, bytes) else b""
    subtype = subtype if isinstance(subtype, bytes) else b""
    # Without a place for long ones in the cache.
    read = _known_type if len(kind) + len(subtype) < 64 else _known_type.__wrapped__
    return read(kind, subtype)


@lru_cache(maxsize=256)
def _known_type(kind: bytes, subtype: bytes) -> str:
    if not kind:
        return _NO_TYPE
    name = lower(kind)
    return f"{name}/{lower(subtype) or _SUBTYPES.get(name, 'octet-stream')}"
