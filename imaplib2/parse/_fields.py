"""The fields of a part in BODY and BODYSTRUCTURE items (RFC 3501, section 7.4.2).

Servers leave some out, and put what is of another kind into the places of others: here, what there
is gets its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

from .._hints import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from ._numbers import number
from ._words import decode_parameters, decode_text, decode_words, lower

if TYPE_CHECKING:
    from ._values import Value

# What parts are that don't tell (RFC 2045, sections 5.2 and 6.1; RFC 2046).
_NO_TYPE = "application/octet-stream"
_SUBTYPES = {"multipart": "mixed", "text": "plain"}
NO_ENCODING = "7bit"
#: What stands for the fields, from the third to the MD5, that multiparts don't have.
NO_CONTENT = (None, None, NO_ENCODING, None, None, None)
NO_PARAMETERS: Mapping[str, str] = MappingProxyType({})


#: What is told of a part: content type, parameters, Content-ID, description, encoding, size, lines,
#: MD5, disposition, its parameters, languages, location, extension. By their numbers, they are read
#: faster than by names.
Fields: TypeAlias = tuple[
    str,
    Mapping[str, str],
    "str | None",
    "str | None",
    str,
    "int | None",
    "int | None",
    "str | None",
    "str | None",
    Mapping[str, str],
    tuple[str, ...],
    "str | None",
    "tuple[Value, ...]",
]


#: Of these, the fields from the disposition on.
Rest: TypeAlias = tuple[
    "str | None", Mapping[str, str], tuple[str, ...], "str | None", "tuple[Value, ...]"
]


class Layout(NamedTuple):
    """The fields of a part, and the values of what it has in it: parts, or a message."""

    fields: Fields
    parts: list[Value] | None = None
    envelope: Value = None
    body: Value = None
    is_message: bool = False


def layout(value: Value) -> Layout:
    """What *value* tells of a part; not what it tells of others in it."""
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
    behind = value[end:] + [None] * 5
    content_type = known_type(b"multipart", string(behind[0]) or b"")
    rest = _rest(behind[2:], len(value) - end - 5)
    fields = (content_type, parameters(behind[1]), *NO_CONTENT, *rest)
    return Layout(fields, parts=value[:end])


def _single(value: list[Value]) -> Layout:
    # Room for all that is looked at.
    known = value + [None] * 15
    content_type = known_type(string(known[0]) or b"", string(known[1]) or b"")
    is_message = content_type.startswith("message/") and _has_message(known)
    at = 9 if is_message else 7
    lines = None
    if _has_lines(known, at, may_be_odd=is_message or content_type.startswith("text/")):
        lines = number(known[at])
        at += 1
    description = string(known[4])
    fields = (
        content_type,
        parameters(known[2]),
        decoded(string(known[3])),
        None if description is None else decode_words(description),
        lower(string(known[5]) or b"") or NO_ENCODING,
        number(known[6]),
        lines,
        decoded(string(known[at])),
        *_rest(known[at + 1 :], len(value) - at - 4),
    )
    return Layout(fields, None, known[7], known[8], True) if is_message else Layout(fields)


def _rest(behind: list[Value], unknown: int) -> Rest:
    """The fields from the disposition on, of which *unknown* is the number of the last ones."""
    extension = behind[3 : 3 + unknown] if unknown > 0 else ()
    location = decoded(string(behind[2]))
    return (*_disposition(behind[0]), _languages(behind[1]), location, tuple(extension))


# -- What is where ---------------------------------------------------------------------------------


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
    if isinstance(envelope, list) and envelope:
        return len(envelope) > 4 or isinstance(envelope[0], list)
    return _is_part(value[8])


def _has_lines(value: list[Value], at: int, may_be_odd: bool) -> bool:
    """Whether there is a number of lines, or something else in its place, before the MD5."""
    found = value[at]
    if isinstance(found, bytes):
        # An MD5 is longer than any number.
        return len(found) < 22 and (may_be_odd or found.isdigit())
    # One list follows, the disposition: at once, if this is the MD5.
    return may_be_odd and not value[at + 1]


# -- What it is ------------------------------------------------------------------------------------


def string(value: Value) -> bytes | None:
    """*value*, but None for what can't be a string."""
    return value if isinstance(value, bytes) else None


def decoded(text: bytes | None) -> str | None:
    """`decode_text`, where there is one."""
    return None if text is None else decode_text(text)


def known_type(kind: bytes, subtype: bytes) -> str:
    """A content type of what is empty where there is none."""
    # Long ones have no place in the cache.
    read = _known_type if len(kind) + len(subtype) < 64 else _known_type.__wrapped__
    return read(kind, subtype)


@lru_cache(maxsize=256)
def _known_type(kind: bytes, subtype: bytes) -> str:
    if not kind:
        return _NO_TYPE
    name = lower(kind)
    return f"{name}/{lower(subtype) or _SUBTYPES.get(name, 'octet-stream')}"


def parameters(value: Value) -> Mapping[str, str]:
    """Those in a list of names and values."""
    if not isinstance(value, list):
        return NO_PARAMETERS
    pairs = zip(value[::2], value[1::2], strict=False)
    return readonly([(n, v) for n, v in pairs if isinstance(n, bytes) and isinstance(v, bytes)])


def plain(fields: Fields) -> Any:
    """What `frozen` takes, which can be pickled."""
    return tuple(
        [dict(field) if isinstance(field, MappingProxyType) else field for field in fields]
    )


def frozen(fields: Any) -> Any:
    """What `plain` was given."""
    return tuple([MappingProxyType(f) if isinstance(f, dict) else f for f in fields])


def readonly(pairs: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """`decode_parameters`, for nobody to change."""
    return MappingProxyType(decode_parameters(pairs))


def _disposition(value: Value) -> tuple[str | None, Mapping[str, str]]:
    """The disposition, which some servers give without parentheses, and its parameters."""
    if not value:
        return None, NO_PARAMETERS
    if isinstance(value, bytes):
        return lower(value), NO_PARAMETERS
    rest = value[1] if len(value) == 2 else value[1:]
    return lower(string(value[0]) or b"") or None, parameters(rest)


def _languages(value: Value) -> tuple[str, ...]:
    if value is None:
        return ()
    tags = value if isinstance(value, list) else [value]
    return tuple([decode_text(tag) for tag in tags if isinstance(tag, bytes)])
