"""Responses that begin with the name of a mailbox."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2.parse._answers import Line, lines
from imaplib2.parse._named import (
    by_twos,
    delimiter_of,
    item_name,
    mailbox,
    mailbox_name,
    named,
    several,
)

from .writing import contents, line, strings, words

pytestmark = pytest.mark.pure


def only(data: list[Any]) -> Line:
    (found,) = lines("f", data)
    return found


@given(contents, words, contents, st.data())
def test_a_name_is_read_in_whatever_form_it_comes(
    name: bytes, item: str, value: bytes, data: st.DataObject
) -> None:
    item = f"X-{item}"
    pieces = line(data.draw(strings(name)), [item.encode(), data.draw(strings(value))])
    assert named(only(pieces)) == (name, [[item.encode(), value]])
    assert named(only(line(data.draw(strings(name))))) == (name, [])


@pytest.mark.parametrize(
    ("text", "name", "behind"),
    [
        (b"INBOX", b"INBOX", []),
        (b"two words  ", b"two words", []),
        (b"a\tb\t", b"a\tb\t", []),
        (b"NIL", b"NIL", []),
        (b"", b"", []),
        (b"a (b)", b"a (b)", []),
        (b"a (b) (C 1)", b"a (b)", [[b"C", b"1"]]),
        (b'the "big" one (C 1)', b'the "big" one', [[b"C", b"1"]]),
        (b'"the "big" one" (C 1)', b'the "big" one', [[b"C", b"1"]]),
        (b"a b (/private/comment x) ", b"a b", [[b"/private/comment", b"x"]]),
        (b"a ()", b"a", [[]]),
        (b"a ( )", b"a", [[]]),
        (b"a (b c", b"a (b c", []),
    ],
)
def test_names_that_should_be_quoted(text: bytes, name: bytes, behind: list[Any]) -> None:
    assert named((text,)) == (name, behind)


def test_literals_stand_in_lists() -> None:
    assert named((b"INBOX (A {1}", b"x", b")")) == (b"INBOX", [[b"A", b"x"]])
    with pytest.raises(ValueError, match="no list"):
        named((b"a b {1}", b"x", b""))


@pytest.mark.parametrize(
    "text", [b" (" * 200_000, b"(A" * 200_000, b" (A " * 200_000 + b")", b"a " * 200_000 + b")"]
)
def test_long_lines_take_no_longer_than_their_size(text: bytes) -> None:
    begin = time.perf_counter()
    try:
        named((text,))
    except ValueError:
        assert text.startswith(b" (A ")
    assert time.perf_counter() - begin < 3


def test_the_inbox_is_called_so_in_any_case() -> None:
    assert mailbox_name(b"inBox", False) == "INBOX"
    assert mailbox_name(b"inBox/a", False) == "inBox/a"
    assert mailbox_name(b"&APw-", False) == "\xfc"
    assert mailbox_name(b"&APw-\xc3\xbc", True) == "&APw-\xfc"


@pytest.mark.parametrize(
    ("raw", "delimiter"), [(None, None), (b"", None), (b"/", "/"), (b"\\\\", "\\"), (b"\\", "\\")]
)
def test_delimiters(raw: bytes | None, delimiter: str | None) -> None:
    assert delimiter_of(raw) == delimiter


def test_a_name_among_values_is_decoded() -> None:
    assert mailbox(b"Entw&APw-rfe &- R&D", False) == "Entw\xfcrfe & R&D"
    assert mailbox(b"Entw&APw-rfe", True) == "Entw&APw-rfe"
    assert mailbox(b"Inbox", False) == "INBOX"
    # The atom is a name where one is due.
    assert mailbox(None, False) == "NIL"
    with pytest.raises(ValueError, match="list"):
        mailbox([], False)


def test_names_and_values_come_by_turns() -> None:
    assert by_twos([b"a", b"1", b"B", [b"x"]]) == [("A", b"1"), ("B", [b"x"])]
    assert item_name(b"a\xff") == "A\udcff"
    for found in ([b"a"], [[], b"1"]):
        with pytest.raises(ValueError):  # noqa: PT011
            by_twos(found)


def test_one_value_is_a_list_of_itself() -> None:
    assert several(None) == []
    assert several(b"a") == [b"a"]
    assert several([b"a", None]) == [b"a", None]
