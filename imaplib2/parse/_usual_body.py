"""BODYSTRUCTURE as most servers write it, read in one go.

That is several times as fast as reading the values first. What isn't written like that, or has a
message or a literal in it, is nothing for this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from .._hints import Any, NamedTuple
from .._protocol.patterns import pattern
from ._body import BodyPart, Multipart, single
from ._fields import NO_CONTENT, NO_ENCODING, NO_PARAMETERS, Fields, decoded, known_type, readonly
from ._values import DEPTH
from ._words import decode_text, decode_words, lower

# Strings are without escapes here. What is in a cache is short.
_SHORT = rb'[^"\\]{0,40}'
_NSTRING = rb'(?:NIL|"([^"\\]*)")'
_STRINGS = rb'\(("[^"\\]*"(?:[ ]"[^"\\]*")*)\)'
# Behind the MD5, or the parameters of a multipart: disposition, languages, location.
_REST = rb"""(?: [ ] (?: NIL | \("(%b)"[ ](?: NIL | %b )\) )
    (?: [ ] (?: NIL | ("[^"\\]*") | %b ) (?: [ ] %b )? )? )? \)
""" % (_SHORT, _STRINGS, _STRINGS, _NSTRING)
_SINGLE = pattern(
    rb"""(?x) \("(%b)"[ ]"(%b)"[ ](?: NIL | %b )[ ]%b[ ]%b[ ]"(%b)"[ ](\d{1,20})(?:[ ](\d{1,20}))?
    (?: [ ] %b %b | \) )
    """
    % (_SHORT, _SHORT, _STRINGS, _NSTRING, _NSTRING, _SHORT, _NSTRING, _REST)
)
_END = pattern(rb'(?x) [ ]"(%b)" (?: [ ] (?: NIL | %b ) %b | \) )' % (_SHORT, _STRINGS, _REST))
_NO_REST = (None, NO_PARAMETERS, (), None)
# What has to be decoded, or unfolded.
_SPECIAL = pattern(rb"[*\r\n]|=\?")


class UsualBody(NamedTuple):
    """What `usual_body` has found: the content of a message, where it ends, and how it came."""

    part: BodyPart
    end: int
    raw: bytes


def usual_body(text: bytes, at: int) -> UsualBody | None:
    """The content of a message that begins *at* a place in *text*.

    None if it isn't written in the usual way.
    """
    found = _part(text, at, "", 0)
    return UsualBody(*found, text[at : found[1]]) if found else None


def _part(text: bytes, at: int, section: str, depth: int) -> tuple[BodyPart, int] | None:
    """The part in *section*, which is empty for the root, in lists of a *depth*."""
    if text.startswith(b"((", at):
        return _multipart(text, at, section, depth) if depth < DEPTH else None
    found = _SINGLE.match(text, at)
    if found is None:
        return None
    return single(_fields(*found.groups()), section or "1", not section), found.end()


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
    subtype, given, *rest = found.groups()
    content_type = known_type(b"multipart", subtype)
    fields = Fields(content_type, _parameters(given), *NO_CONTENT, *_rest(*rest))
    return Multipart(fields, section or "TEXT", not section, tuple(parts)), found.end()


def _fields(
    kind: bytes, subtype: bytes, given: bytes | None, id_: bytes | None, description: bytes | None,
    encoding: bytes, size: bytes, lines: bytes | None, md5: bytes | None, *rest: bytes | None
) -> Fields:  # fmt: skip
    return Fields(
        known_type(kind, subtype),
        _parameters(given),
        decoded(id_),
        None if description is None else decode_words(description),
        _lower(encoding) or NO_ENCODING,
        int(size),
        int(lines) if lines else None,
        decoded(md5),
        *_rest(*rest),
    )


def _rest(
    disposition: bytes | None,
    given: bytes | None,
    language: bytes | None,
    languages: bytes | None,
    location: bytes | None,
) -> tuple[Any, ...]:
    """The fields from the disposition on."""
    if disposition is None and language is None and languages is None and location is None:
        return _NO_REST
    tags = language or languages
    return (
        _lower(disposition) or None if disposition else None,
        _parameters(given),
        tuple(map(decode_text, _split(tags))) if tags else (),
        decoded(location),
    )


def _split(strings: bytes) -> list[bytes]:
    return strings[1:-1].split(b'" "')


def _parameters(strings: bytes | None) -> Mapping[str, str]:
    if strings is None:
        return NO_PARAMETERS
    return _short_parameters(strings) if len(strings) < 40 else _read_parameters(strings)


def _read_parameters(strings: bytes) -> Mapping[str, str]:
    if strings.isascii() and not _SPECIAL.search(strings):
        split = strings[1:-1].decode("ascii").split('" "')
        found = dict(zip(map(str.lower, split[::2]), split[1::2], strict=False))
        if 2 * len(found) == len(split):
            return MappingProxyType(found)
    raw = _split(strings)
    return readonly(zip(raw[::2], raw[1::2], strict=False))


_short_parameters = lru_cache(maxsize=256)(_read_parameters)
_lower = lru_cache(maxsize=256)(lower)
