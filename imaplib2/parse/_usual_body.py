"""BODYSTRUCTURE as most servers write it, read in one go.

That takes half of the time of reading the values first. What isn't written like that, or has a
message or a literal in it, is nothing for this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from .._hints import Any
from .._protocol.patterns import pattern
from ._body import BodyPart, Multipart, single
from ._fields import (
    NO_CONTENT,
    NO_ENCODING,
    NO_PARAMETERS,
    Fields,
    Rest,
    decoded,
    known_type,
    readonly,
)
from ._values import DEPTH
from ._words import decode_text, decode_words, is_plain, lower

# Strings are without escapes here. Of each list of strings, the inside is a group.
_NSTRING = rb'(?:NIL|"([^"\\]*)")'
_STRINGS = rb'(?:NIL|\(("[^"\\]*"(?:[ ]"[^"\\]*")*)\))'
# Type, subtype, parameters, identifier, description, encoding.
_HEAD = rb'\("([^"\\]*)"[ ]"([^"\\]*)"[ ]%b[ ]%b[ ]%b[ ]"([^"\\]*)"' % (
    _STRINGS, _NSTRING, _NSTRING
)  # fmt: skip
# Disposition, languages, location, and the end.
_REST = rb"""(?: [ ] (?: NIL | \("([^"\\]*)"[ ]%b\) )
    (?: [ ] (?: ("[^"\\]*") | %b ) (?: [ ] %b )? )? )? \)
""" % (_STRINGS, _STRINGS, _NSTRING)
_TAIL = rb"(?: [ ] %b %b | \) )" % (_NSTRING, _REST)


def _without_groups(source: bytes) -> bytes:
    """*source* with no groups to be told of: those begin with "(", which here isn't in classes."""
    pieces = source.replace(rb"\(", b"\0").replace(b"(?:", b"(").split(b"(")
    return b"(?:".join(pieces).replace(b"\0", rb"\(")


_PART = pattern(
    rb"(?x) ( %b )[ ](\d{1,20})(?:[ ](\d{1,20}))? ( %b )"
    % (_without_groups(_HEAD), _without_groups(_TAIL))
)
_PART_HEAD = pattern(b"(?x)" + _HEAD)
_PART_TAIL = pattern(b"(?x)" + _TAIL)
_END = pattern(
    rb'(?x) [ ]"([^"\\]*)" (?: [ ] %b ( %b ) | \) )' % (_STRINGS, _without_groups(_REST))
)
_END_TAIL = pattern(b"(?x)" + _REST)


def usual_body(text: bytes, at: int) -> tuple[BodyPart, int] | None:
    """The content of a message that begins *at* a place in *text*, and where that ends.

    None if it isn't written in the usual way.
    """
    return _part(text, at, "", 0)


def _part(text: bytes, at: int, section: str, depth: int) -> tuple[BodyPart, int] | None:
    """The part in *section*, which is empty for the root, in lists of a *depth*."""
    if text.startswith(b"((", at):
        return _multipart(text, at, section, depth) if depth < DEPTH else None
    found = _PART.match(text, at)
    if found is None:
        return None
    head, size, lines, tail = found.groups()
    # Texts are alike, and files aren't. And what is long has no place in a cache.
    first = _usual_head(head) if len(head) < 80 and head.startswith(b'("T') else _head(head)
    rest: Any = _usual_tail(tail) if len(tail) < 30 else _tail(tail)
    fields: Fields = (*first, int(size), int(lines) if lines else None, *rest)
    return single(fields, section or "1", not section), found.end()


def _multipart(text: bytes, at: int, section: str, depth: int) -> tuple[BodyPart, int] | None:
    parts = list[BodyPart]()
    prefix = section and section + "."
    at += 1
    while text.startswith(b"(", at):
        read = _part(text, at, f"{prefix}{len(parts) + 1}", depth + 1)
        if read is None:
            return None
        parts.append(read[0])
        at = read[1]
    found = _END.match(text, at)
    if found is None:
        return None
    subtype, given, tail = found.groups(b"")
    rest: Any = _usual_end(tail) if len(tail) < 30 else _end(tail)
    fields: Fields = (known_type(b"multipart", subtype), _parameters(given), *NO_CONTENT, *rest)
    return Multipart(fields, section or "TEXT", not section, tuple(parts)), found.end()


def _head(text: bytes) -> tuple[str, Mapping[str, str], str | None, str | None, str]:
    """The fields up to the encoding."""
    found: Any = _PART_HEAD.match(text)
    kind, subtype, given, content_id, description, encoding = found.groups()
    return (
        known_type(kind, subtype),
        _parameters(given),
        decoded(content_id),
        None if description is None else decode_words(description),
        lower(encoding) or NO_ENCODING,
    )


def _tail(text: bytes) -> tuple[Any, ...]:
    """The fields from the MD5 on."""
    found: Any = _PART_TAIL.match(text)
    md5, *rest = found.groups()
    return (decoded(md5), *_rest(*rest))


def _end(text: bytes) -> Rest:
    """The same of a multipart: those from the disposition on; of nothing as well."""
    found = _END_TAIL.match(text)
    return _rest(*(found.groups() if found else [None] * 5))


_usual_head = lru_cache(maxsize=256)(_head)
_usual_tail = lru_cache(maxsize=256)(_tail)
_usual_end = lru_cache(maxsize=256)(_end)


def _rest(
    disposition: bytes | None,
    given: bytes | None,
    language: bytes | None,
    languages: bytes | None,
    location: bytes | None,
) -> Rest:
    """The fields from the disposition on."""
    tags = language or languages
    return (
        lower(disposition) or None if disposition else None,
        _parameters(given),
        tuple(map(decode_text, _split(tags))) if tags else (),
        decoded(location),
        (),
    )


def _parameters(strings: bytes | None) -> Mapping[str, str]:
    if not strings:
        return NO_PARAMETERS
    # As mostly: one, without anything to be decoded. (To look into str is faster than into bytes.)
    if strings.isascii():
        text = strings[1:-1].decode("ascii")
        name, next_, value = text.partition('" "')
        if next_ and is_plain(text) and '"' not in value and "*" not in name:
            return MappingProxyType({name.lower(): value})
    raw = _split(strings)
    return readonly(zip(raw[::2], raw[1::2], strict=False))


def _split(strings: bytes) -> list[bytes]:
    return strings[1:-1].split(b'" "')
