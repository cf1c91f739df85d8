"""Character classes and patterns, against the formal syntax of RFC 3501, section 9."""

from __future__ import annotations

import imaplib
import re
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol import grammar
from imaplib2._protocol.grammar import end_of_response_code, unescaped, without_escapes
from imaplib2._protocol.patterns import compiled

CHARS = {chr(octet) for octet in range(1, 0x80)}
CTL = {chr(octet) for octet in [*range(0x20), 0x7F]}
ATOM_SPECIALS = {*'(){ %*"\\]'} | CTL
ASTRING_CHARS = CHARS - ATOM_SPECIALS | {"]"}


@pytest.mark.parametrize(
    ("pattern", "characters"),
    [
        (grammar.ATOM, CHARS - ATOM_SPECIALS),
        (grammar.ASTRING, ASTRING_CHARS),
        (grammar.LIST_CHARS, ASTRING_CHARS | {"%", "*"}),
        (grammar.TAG, ASTRING_CHARS - {"+"}),
    ],
)
def test_a_class_has_exactly_its_characters(pattern: Any, characters: set[str]) -> None:
    is_bytes = isinstance(compiled(pattern).pattern, bytes)
    found = {
        chr(octet)
        for octet in range(256)
        if compiled(pattern).fullmatch(bytes([octet]) if is_bytes else chr(octet))
    }
    assert found == characters


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        (r'""', True),
        (r'"a b"', True),
        (r'"\" \\"', True),
        (r'"\a"', False),
        (r'"', False),
        ('"\r"', False),
        ('"\0"', False),
        (r'"a"b', False),
    ],
)
def test_quoted_strings(text: str, matches: bool) -> None:
    assert bool(compiled(grammar.QUOTED).fullmatch(text)) is matches


@pytest.mark.parametrize("text", ["\0", "\r", "\n"])
def test_what_no_argument_may_hold(text: str) -> None:
    assert compiled(grammar.FORBIDDEN).search(f"a{text}b")
    assert compiled(grammar.FORBIDDEN_BYTES).search(f"a{text}b".encode())
    assert not compiled(grammar.FORBIDDEN).search("a\tb")


@pytest.mark.parametrize(
    ("line", "size"),
    [
        (b"* 1 FETCH (BODY[] {5}", b"5"),
        (b"{05+}", b"05"),
        (b"BINARY[] ~{7}", b"7"),
        (b"BODY[]{3}", b"3"),
        (b"name{3}", None),
        (b"{}", None),
        (b"{5} ", None),
        (b"{5}\n", None),
    ],
)
def test_where_a_literal_is_announced(line: bytes, size: bytes | None) -> None:
    found = compiled(grammar.LITERAL_AT_END).search(line)
    assert (found and found[1]) == size


@pytest.mark.parametrize(
    ("line", "starts"),
    [
        (b"* OK x", True),
        (b"+ go", True),
        (b"+", True),
        (b"A12 OK done", True),
        (b"a1 no", True),
        (b"DONE OK x", True),
        (b"A OK done", False),
        (b"A12 OKAY", False),
        (b"*OK", False),
        (b'b" OK x', False),
    ],
)
def test_what_a_response_begins_with(line: bytes, starts: bool) -> None:
    assert bool(compiled(grammar.RESPONSE_START).match(line)) is starts


@pytest.mark.parametrize(
    ("line", "matches"),
    [
        (b"* OK", True),
        (b"*  ok  x", True),
        (b"A1 BAD x", True),
        (b"* PREAUTH x", True),
        (b"* OKAY x", False),
        (b"* 1 EXISTS", False),
        (b"+ OK", True),
    ],
)
def test_lines_that_end_in_text_for_people(line: bytes, matches: bool) -> None:
    assert bool(compiled(grammar.STATUS_RESPONSE).match(line)) is matches


@pytest.mark.parametrize(
    ("text", "has_it"),
    [
        (b"UTF8=ACCEPT", True),
        (b"CONDSTORE utf8=accept X", True),
        (b"UTF8=ACCEPTED", False),
        (b"XUTF8=ACCEPT", False),
    ],
)
def test_utf8_accept_is_a_word(text: bytes, has_it: bool) -> None:
    assert bool(compiled(grammar.UTF8_ACCEPT).search(text)) is has_it


@given(st.binary())
def test_escapes_are_replaced_by_as_much_that_is_none(text: bytes) -> None:
    replaced = without_escapes(text)
    assert len(replaced) == len(text)
    assert b"\\\\" not in replaced
    assert b'\\"' not in replaced
    if b"\\" not in text:
        assert replaced is text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"[X] y", b"[X]"),
        (b"[X ] ] y", b"[X ]"),
        (b"[F (\\A ]b)] y", b"[F (\\A ]b)]"),
        (b'[X "]" z] y', b'[X "]" z]'),
        (b'[X "\\"]" z] y', b'[X "\\"]" z]'),
        (b"[X [a] b] y", b"[X [a] b]"),
        (b"[X (] y", b"[X (]"),
    ],
)
def test_where_a_response_code_is_closed(text: bytes, code: bytes) -> None:
    assert text[: end_of_response_code(text) + 1] == code
    assert end_of_response_code(b"OK " + text, 3) == len(code) + 2


def test_where_there_is_none_or_no_end() -> None:
    assert end_of_response_code(b"X]") == -2
    assert end_of_response_code(b"[X") == -1
    assert end_of_response_code(b"[X (a") == -1


@pytest.mark.parametrize("name", sorted(grammar.PUBLIC))
def test_a_public_pattern_has_the_groups_that_imaplib_s_has(name: str) -> None:
    theirs: re.Pattern[bytes] = re.compile(getattr(imaplib, name))
    ours = compiled(getattr(grammar, name))
    assert ours.groupindex.keys() == theirs.groupindex.keys()
    for line in (
        b'25 (INTERNALDATE "01-Jan-2000 11:22:33 +0100")',
        b"1 (FLAGS (\\Seen x))",
        b"1 (X {5}",
        b"[UIDNEXT 4] x",
        b"* LIST x",
        b"* 5 FETCH x",
        b"+ go",
        b"a\nb",
    ):
        found, expected = ours.match(line), theirs.match(line)
        assert (found and found.groupdict()) == (expected and expected.groupdict())


@given(st.binary(max_size=30))
def test_what_is_quoted_is_had_back_whatever_it_holds(text: bytes) -> None:
    quoted = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    assert unescaped(quoted) == text


@pytest.mark.parametrize(
    ("written", "meant"),
    [(b"a\\b", b"ab"), (b"a\\", b"a"), (b"\\\\\\", b"\\"), (b"\0\\\\", b"\0\\"), (b"", b"")],
)
def test_escapes_without_need_and_without_end(written: bytes, meant: bytes) -> None:
    assert unescaped(written) == meant
