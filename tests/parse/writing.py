"""Responses as a server may write them, for properties: by none of the package's code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from ..core.tokenizer import encode_modified_utf7


class Literal(bytes):
    """A string that is sent as a literal."""


Piece = bytes | Literal

#: Names of mailboxes and users, and whatever else is text.
texts = st.just("NIL") | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12
)
#: What has no case and no space.
words = st.text("abcdefghijklmnopqrstuvwxyz0123456789-.", min_size=1, max_size=8).filter(
    lambda word: word != "nil" and not word.startswith("-")
)
numbers = st.integers(0, 2**63 - 2)
contents = st.one_of(
    st.binary(max_size=20),
    st.text('ab" \\(){}\r\n', max_size=12).map(str.encode),
    st.sampled_from([b"NIL", b"", b"{3}", b'"', b"\\", b")", b"a (b"]),
)


@st.composite
def strings(draw: st.DrawFn, value: str | bytes) -> Piece:
    """*value* as an atom, where it can be one, a quoted string, or a literal."""
    content = value.encode() if isinstance(value, str) else value
    if re.fullmatch(rb"[A-Za-z0-9/$.+_-]+", content) and content.upper() != b"NIL":
        ways = ["atom", "quoted", "literal"]
    else:
        ways = ["literal"] if re.search(rb"[\r\n\0]", content) else ["quoted", "literal"]
    way = draw(st.sampled_from(ways))
    if way == "literal":
        return Literal(content)
    escaped = re.sub(rb'(["\\])', rb"\\\1", content)
    return content if way == "atom" else b'"%b"' % escaped


@st.composite
def nstrings(draw: st.DrawFn, value: str | bytes | None) -> Piece:
    """*value* as a string, or NIL."""
    return b"NIL" if value is None else draw(strings(value))


@st.composite
def names(draw: st.DrawFn, value: str) -> Piece:
    """*value* as a string, or as an atom where it can be one, NIL included."""
    return b"NIL" if value == "NIL" and draw(st.booleans()) else draw(strings(value))


@st.composite
def mailboxes(draw: st.DrawFn, name: str) -> Piece:
    """The name of a mailbox, in modified UTF-7."""
    return draw(strings(encode_modified_utf7(name)))


def line(*pieces: Piece | Iterable[Any]) -> list[Any]:
    """The data of a response of *pieces*, with spaces between; an iterable is a list in it."""
    data: list[Any] = []
    text = b""
    for piece in _flat(pieces):
        if isinstance(piece, Literal):
            data.append((text + b"{%d}" % len(piece), bytes(piece)))
            text = b""
        else:
            text += piece
    return [*data, text]


def _flat(pieces: Iterable[Any]) -> Iterable[Piece]:
    space = b""
    for piece in pieces:
        yield space
        if isinstance(piece, bytes):
            yield piece
        else:
            yield b"("
            yield from _flat(piece)
            yield b")"
        space = b" "


#: Data of a response that nobody has thought of.
hostile = st.lists(
    st.one_of(
        st.sampled_from(
            [b"(", b")", b'"', b"NIL", b"\\", b" ", b"1", b"STORAGE", b"INBOX", b"{3}"]
        ),
        st.binary(max_size=6),
        st.binary(max_size=6).map(Literal),
    ),
    max_size=30,
).map(lambda pieces: line(b"".join(p for p in pieces if not isinstance(p, Literal)), *pieces))
