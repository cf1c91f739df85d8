"""Atoms, quoted strings, literals and lists: what a text is, and how it is written."""

from __future__ import annotations

import re
from collections.abc import Callable

from .grammar import ASTRING, IS_CLOSED, LIST_TOKEN, QUOTED, QUOTED_TEXT
from .parts import Literal, Part
from .patterns import pattern

_TOKEN = pattern(QUOTED_TEXT + r'|[^ \t"()]+|[ \t()]+')


def quote(text: str) -> str:
    """*text* as a quoted string, whatever it holds (RFC 3501, section 4.3)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquote(text: str) -> str:
    """What a quoted string stands for."""
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def is_quoted_string(text: str) -> bool:
    """Whether *text* is one well-formed quoted string."""
    return text[:1] == '"' and QUOTED.fullmatch(text) is not None


def is_list(text: str) -> bool:
    """Whether *text* is one well-formed parenthesised list."""
    return bool(text) and end_of_list(text) == len(text)


def end_of_list(text: str) -> int:
    """Where the parenthesised list ends that *text* begins with; 0 when there is none."""
    if not text.startswith("("):
        return 0
    depth = position = 0
    for token in LIST_TOKEN.finditer(text):
        if token.start() != position:
            return 0
        position = token.end()
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0:
            return position
    return 0


def string(text: str, atom: re.Pattern[str] = ASTRING, *, utf8: bool) -> Part:
    """*text* as an atom, if it matches *atom*, or else as a quoted string or a literal.

    *utf8*: quoted strings may hold UTF-8.
    """
    if text.isascii() and atom.fullmatch(text):
        return text.encode("ascii")
    if text.isascii() or utf8:
        return quote(text).encode("utf-8")
    return Literal(text.encode("utf-8"))


def with_literals(text: str, literal: Callable[[str], Part]) -> list[Part]:
    """*text* as it is, but for the 8-bit strings in it, which become what *literal* gives."""
    parts: list[Part] = []
    end = 0
    for token in _TOKEN.finditer(text):
        if not token[0].isascii():
            value = unquote(token[0]) if IS_CLOSED.fullmatch(token[0]) else token[0]
            parts += [text[end : token.start()].encode("ascii"), literal(value)]
            end = token.end()
    return [part for part in [*parts, text[end:].encode("ascii")] if part]
