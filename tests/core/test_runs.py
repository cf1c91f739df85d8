"""The fast path by itself: what it takes of a run, and what it leaves.

That it frames as the general path does, `test_framing` shows.
"""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol.limits import Limits
from imaplib2._protocol.runs import split_run

LINE = b"* 1 EXISTS\r\n"
FETCH = b"* 2 FETCH (FLAGS ())\r\n"
LITERAL = b"* 3 FETCH (BODY[1] {3}\r\na\r\n BODY[2] {0}\r\n)\r\n"
FRAMED = [b"* 3 FETCH (BODY[1] {3}", b"a\r\n", b" BODY[2] {0}", b"", b")"]
NEXT = b"* "
"""What tells that a response behind which nothing else stands has ended."""


def split(data: bytes, limits: Limits | None = None) -> tuple[list[bytes | list[bytes]], bytes]:
    """What is found, and what is left."""
    found: list[bytes | list[bytes]] = []
    end, _ = split_run(data, 0, limits or Limits(), found)
    return found, data[end:]


def test_lines_are_split_at_once() -> None:
    assert split(LINE + FETCH) == ([LINE[:-2], FETCH[:-2]], b"")


def test_so_are_responses_with_literals() -> None:
    assert split(LITERAL + LITERAL + NEXT) == ([FRAMED, FRAMED], NEXT)


def test_a_run_may_have_both() -> None:
    data = LINE + LITERAL + FETCH + FETCH + LITERAL + LINE
    frames = [LINE[:-2], FRAMED, FETCH[:-2], FETCH[:-2], FRAMED, LINE[:-2]]
    assert split(data) == (frames, b"")


def test_it_begins_where_it_is_told_to() -> None:
    found: list[bytes | list[bytes]] = []
    assert split_run(b"xxx" + LINE, 3, Limits(), found) == (3 + len(LINE), False)
    assert found == [LINE[:-2]]


@pytest.mark.parametrize(
    "left",
    [
        b"* 4 EXI",
        b"* 4 FETCH (BODY[] {5}\r\nabc",
        b"* 4 FETCH (BODY[] {3}\r\nabc FLAGS",
        # It may go on: nothing of the next line is there.
        b"* 4 FETCH (BODY[] {3}\r\nabc)\r\n",
        b"* 4 FETCH (BODY[] {3}\r\nabc)\r\n)\r\n",
        b'* 4 FETCH (BODY[] {3}\r\nabc "x\r\ny")\r\n',
        # That of another command than FETCH is unusual.
        b"* LIST () NIL {3}\r\nabc\r\n* ",
    ],
)
@pytest.mark.parametrize("before", [LINE, LITERAL])
def test_what_is_not_complete_or_unusual_is_left(before: bytes, left: bytes) -> None:
    frame = LINE[:-2] if before is LINE else FRAMED
    assert split(before + left) == ([frame], left)


@pytest.mark.parametrize("odd", [b"* 4 EXISTS\n", b"* 4 \r EXISTS\r\n* 5 EXISTS\n"])
def test_an_odd_line_end_is_told(odd: bytes) -> None:
    found: list[bytes | list[bytes]] = []
    end, is_odd = split_run(LITERAL + odd, 0, Limits(), found)
    assert (found, end, is_odd) == ([FRAMED], len(LITERAL), True)


@pytest.mark.parametrize("limits", [Limits(line=40), Limits(literal=2), Limits(literals=1)])
def test_where_a_limit_may_matter_nothing_is_taken(limits: Limits) -> None:
    found, left = split(20 * LITERAL + NEXT, limits)
    assert found == []
    assert left == 20 * LITERAL + NEXT


runs = st.lists(st.sampled_from([LINE, FETCH, LITERAL, b"* OK {1} \r\n", b"A1 OK done\r\n"]))


@given(runs, st.binary(max_size=20))
def test_what_is_taken_and_what_is_left_is_all_there_was(run: list[bytes], rest: bytes) -> None:
    data = b"".join(run) + rest
    found, left = split(data)
    taken = b"".join(
        frame + b"\r\n"
        if isinstance(frame, bytes)
        else b"".join(
            piece if number % 2 else piece + b"\r\n" for number, piece in enumerate(frame)
        )
        for frame in found
    )
    assert taken + left == data
