"""Line ends and mbox's quotes: whatever the portions, and back."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given, strategies as st

from imaplib2._cli.backup.line_ends import (
    Reading,
    has_only_crlf,
    lines,
    only_crlf,
    quoted,
    to_crlf,
    to_lf,
    unquoted,
)
from imaplib2._late import message_octets

texts = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"From ", b">", b"a", b" "])).map(b"".join)


def cut(text: bytes, at: list[int]) -> Iterator[bytes]:
    """*text* in portions."""
    last = 0
    for position in [*sorted(at), len(text)]:
        yield text[last:position]
        last = max(last, position)


cuts = st.lists(st.integers(0, 40))


@given(texts, cuts)
def test_portions_make_no_difference(text: bytes, at: list[int]) -> None:
    assert has_only_crlf(cut(text, at)) is (b"\n" not in text.replace(b"\r\n", b""))
    assert b"".join(to_lf(cut(text, at))) == text.replace(b"\r\n", b"\n")
    assert b"".join(lines(cut(text, at))) == text


@given(texts, cuts, st.integers(1, 9))
def test_as_append_has_it(text: bytes, at: list[int], size: int) -> None:
    file = Reading(only_crlf(cut(text, at)))
    found = [*iter(lambda: file.read(size), b"")]
    assert b"".join(found) == message_octets(text)
    assert all(len(portion) <= size for portion in found)


@given(texts, cuts)
def test_there_is_a_way_back(text: bytes, at: list[int]) -> None:
    if has_only_crlf([text]):
        assert b"".join(to_crlf(to_lf(cut(text, at)))) == text
    assert b"".join(unquoted(quoted(cut(text, at)))) == text


@given(texts, cuts)
def test_no_line_begins_a_message(text: bytes, at: list[int]) -> None:
    kept = b"".join(quoted(cut(text, at)))
    assert not kept.startswith(b"From ")
    assert b"\nFrom " not in kept


def test_lines_are_whole_even_if_there_are_many() -> None:
    text = b"0123456789\n" * 50_000
    portions = [*lines(cut(text, [*range(0, len(text), 1000)]))]
    assert b"".join(portions) == text
    assert all(portion.endswith(b"\n") for portion in portions if portion)
    assert len(portions) > 3


def test_a_line_without_end_is_joined_once() -> None:
    assert b"".join(lines([b"x" * 1000] * 2000)) == b"x" * 2_000_000
