"""What the readers of small responses share."""

from __future__ import annotations

import re

import pytest

from imaplib2.parse import ParseError
from imaplib2.parse._reading import astring, each, flat, number, text
from imaplib2.parse._values import Value


def first(found: list[Value]) -> str:
    return text(found[0]) if found else ""


def test_each_response_is_read() -> None:
    assert each("f", [b"a b", None, (b"{1}", b"c"), b""], "X", first, False) == ["a", "c"]
    assert each("f", [("X", [b"a"]), ("Y", [b"b"])], "X", first, False) == ["a"]


def test_what_cannot_be_read_is_quoted_or_given_as_it_came() -> None:
    data = [b"a", (b"({1} {1}", b"c"), b" d)"]
    with pytest.raises(
        ParseError, match=re.escape("f: X can't be read: b'({1} {1}c d)'")
    ) as caught:
        each("f", data, "X", first, False)
    assert caught.value.__cause__ is None
    assert each("f", data, "X", first, True) == ["a", b"({1} {1}c d)"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ""), (b"", ""), (b"a", "a"), ("\u2603".encode(), "\u2603"), (b"\xff", "\udcff")],
)
def test_strings_are_text(value: Value, expected: str) -> None:
    assert text(value) == expected
    assert astring(value) == (b"NIL" if value is None else value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(b"0", 0), (b"42", 42), (b"-1", -1), (b"9.37e+06", 9370000), (b"1" * 20, int("1" * 20))],
)
def test_numbers(value: Value, expected: int) -> None:
    assert number(value) == expected


@pytest.mark.parametrize("value", [None, [], b"", b"-", b"--1", b"x", b"1" * 21])
def test_what_is_no_number(value: Value) -> None:
    with pytest.raises(ValueError, match="number"):
        number(value)


@pytest.mark.parametrize("read", [text, astring])
def test_a_list_is_no_string(read: type[object]) -> None:
    with pytest.raises(ValueError, match="list"):
        read([])  # type: ignore[call-arg]


def test_lists_are_opened() -> None:
    assert flat([b"a", None, [b"b", None, [b"c"]], []]) == [b"a", b"b", None, [b"c"]]
