"""How wide text is, and how numbers and words are written."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from imaplib2._cli.text import (
    bytes_text,
    cells,
    counted,
    encodable,
    joined,
    padded,
    shortened,
    shown,
)

from .helpers import Stream


@pytest.mark.parametrize(
    ("text", "columns"), [("", 0), ("abc", 3), ("日本", 4), ("u\u0308", 1), ("a\u200db", 2)]
)
def test_cells(text: str, columns: int) -> None:
    assert cells(text) == columns


def test_marks_that_would_cover_other_lines() -> None:
    vietnamese = "e\u0323\u0302"
    assert shown(vietnamese * 3) == vietnamese * 3
    assert shown("a" + "\u0301" * 6 + "b\u0301") == "a" + "\u0301" * 4 + r"\u0301\u0301" + "b\u0301"
    assert shown("\U0001d165" + "\U0001d167" * 5).endswith(r"\U0001d167")


def test_padded() -> None:
    assert (padded("日", 4), padded("日", 4, right=True)) == ("日  ", "  日")


@given(st.text(), st.integers(1, 20))
def test_shortened_text_fits(text: str, width: int) -> None:
    short = shortened(text, width)
    assert cells(short) <= width
    assert short == text or short.endswith("…")


@given(st.text(max_size=20))
def test_text_that_fits_is_not_shortened(text: str) -> None:
    assert shortened(text, 40) == text


def test_joined() -> None:
    assert joined(["a"]) == "a"
    assert joined(["a", "b", "c"], "or") == "a, b or c"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_600, "1.0 MB"), (5 * 10**15, "5000.0 TB")],
)
def test_bytes_text(size: int, text: str) -> None:
    assert bytes_text(size) == text


def test_counted() -> None:
    assert counted(1, "mailbox") == "1 mailbox"
    assert counted(2, "mailbox") == "2 mailboxes"
    assert counted(1000, "message") == "1,000 messages"


def test_what_a_stream_cannot_encode_is_escaped() -> None:
    assert encodable("é日", Stream(encoding="latin-1")) == "é\\u65e5"
