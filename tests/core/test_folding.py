"""Whether a response goes on behind the end of a line."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol.folding import (
    FoldedLine,
    first_folded,
    is_folded,
    is_unclosed,
    is_within_quotes,
)

FOLDED = b'* 1 FETCH (ENVELOPE ("a subject'
WHOLE = b'* 1 FETCH (ENVELOPE ("a subject"))'


@pytest.mark.parametrize(
    ("text", "is_within"),
    [
        (FOLDED, True),
        (WHOLE, False),
        (rb'* 1 FETCH (X "a \"', True),
        (rb'* 1 FETCH (X "a \\"', False),
        (b'* 1 FETCH (X "a" "b")', False),
        (b'* 1 FETCH (X a"b)', False),
        (b"", False),
    ],
)
def test_an_open_quoted_string_is_seen(text: bytes, is_within: bool) -> None:
    assert is_within_quotes(text) is is_within


@pytest.mark.parametrize("line", [b'* OK "so', b'* LIST () "/" "so', b'A1 OK "so'])
def test_only_fetch_responses_are_folded(line: bytes) -> None:
    assert not is_folded(line)
    assert is_folded(FOLDED)


def test_line_ends_within_strings_are_taken_out() -> None:
    line = FoldedLine(FOLDED)
    line.add(b" that goes on")
    assert line.is_open
    line.add(b"and on")
    line.add(b'"))')
    assert not line.is_open
    assert line.text == FOLDED + b' that goes on and on "))'
    assert line.size == len(line.text)


@given(st.lists(st.text(alphabet='"\\() a', max_size=8).map(str.encode), min_size=1))
def test_a_line_is_as_long_as_its_text(lines: list[bytes]) -> None:
    folded = FoldedLine(lines[0])
    for line in lines[1:]:
        folded.add(line)
    assert folded.size == len(folded.text)
    assert folded.lines[0] == lines[0]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], -1),
        ([WHOLE, WHOLE], -1),
        ([WHOLE, FOLDED], 1),
        # Of the next line, nothing is known, or it is the rest.
        ([FOLDED, b'rest"))'], 0),
        ([FOLDED, b'rest"))', WHOLE], 0),
        ([WHOLE, FOLDED, b'rest"))', WHOLE, FOLDED], 1),
        # A line that is no untagged response, but not behind a folded one.
        ([WHOLE, b"A1 OK done", WHOLE], -1),
        ([b"A1 OK done", b"A2 OK done"], -1),
        ([FOLDED, WHOLE], -1),
    ],
)
def test_a_folded_line_is_found(lines: list[bytes], found: int) -> None:
    assert first_folded(lines) == found


@given(st.lists(st.sampled_from([FOLDED, WHOLE, b"* 5 EXISTS", b"A1 OK done", b'rest"))', b"x"])))
def test_the_first_folded_line_is_one_behind_which_no_response_begins(lines: list[bytes]) -> None:
    found = first_folded(lines)
    behind = [*lines[1:], b""]
    expected = (
        number
        for number, line in enumerate(lines)
        if is_folded(line) and not behind[number].startswith(b"* ")
    )
    assert found == next(expected, -1)


@pytest.mark.parametrize(
    ("pieces", "unclosed"),
    [
        ([b"* 1 FETCH (X {1}", b"a", b""], True),
        ([b"* 1 FETCH (X {1}", b"a", b")"], False),
        ([b"* 1 FETCH (X {1}", b"a", b' Y ")"'], True),
        ([b"* 1 FETCH (X"], False),
        ([b"* OK [X ( {1}", b"a", b""], False),
        ([b"A1 OK ( {1}", b"a", b""], False),
    ],
)
def test_parentheses_that_nobody_has_closed_are_seen(pieces: list[bytes], unclosed: bool) -> None:
    assert is_unclosed(pieces) is unclosed
