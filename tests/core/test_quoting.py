"""Atoms, quoted strings, literals and lists."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol.grammar import ASTRING, ATOM
from imaplib2._protocol.parts import Literal
from imaplib2._protocol.quoting import (
    end_of_list,
    is_list,
    is_quoted_string,
    quote,
    string,
    unquote,
    with_literals,
)

lines = st.text().filter(lambda text: not {*"\0\r\n"} & {*text})


@given(lines)
def test_what_is_quoted_is_one_string(text: str) -> None:
    assert is_quoted_string(quote(text))
    assert unquote(quote(text)) == text


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("(a)", 3),
        ("()", 2),
        ("(a) b", 3),
        ('(a ")" b)', 9),
        ("((a) (b))", 9),
        ("((a)", 0),
        ("a", 0),
        ("", 0),
        ('(")', 0),
    ],
)
def test_a_list_ends_with_its_parenthesis(text: str, end: int) -> None:
    assert end_of_list(text) == end
    assert is_list(text) is (0 < end == len(text))


@given(st.lists(st.sampled_from(["a", '"b"', '"("', '")"', "(c)", "()", '("d" (e))'])))
def test_lists_within_lists_are_lists(items: list[str]) -> None:
    listed = f"({' '.join(items)})"
    assert is_list(listed)
    assert end_of_list(f"{listed} {listed}") == len(listed)


@pytest.mark.parametrize(
    ("text", "utf8", "written"),
    [
        ("abc", False, b"abc"),
        ("a b", False, b'"a b"'),
        ("", False, b'""'),
        ("\xe4", False, Literal(b"\xc3\xa4")),
        ("\xe4", True, b'"\xc3\xa4"'),
        ("a]", False, b"a]"),
    ],
)
def test_a_string_takes_the_plainest_form(text: str, utf8: bool, written: bytes | Literal) -> None:
    assert string(text, utf8=utf8) == written


def test_what_must_be_an_atom_is_quoted_otherwise() -> None:
    assert ASTRING.fullmatch("a]")
    assert not ATOM.fullmatch("a]")
    assert string("a]", ATOM, utf8=False) == b'"a]"'


def test_only_the_8_bit_strings_of_a_text_are_replaced() -> None:
    parts = with_literals('FROM "\xe4 \\"b\\"" OR \xf6 "c"', lambda text: Literal(text.encode()))
    assert parts == [
        b"FROM ", Literal('\xe4 "b"'.encode()), b" OR ", Literal("\xf6".encode()), b' "c"',
    ]  # fmt: skip


@given(lines)
def test_nothing_but_8_bit_strings_is_replaced(text: str) -> None:
    parts = with_literals(text, lambda value: Literal(value.encode("utf-8", "replace")))
    assert all(isinstance(part, Literal) or (part and part.isascii()) for part in parts)
    if text.isascii():
        assert parts == ([text.encode()] if text else [])
