"""Message sets: written from Python values, and read back to tell responses apart."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._errors import InvalidArgument
from imaplib2._protocol.message_set import MessageSet, format_message_set


class OwnSet:
    """Says itself what its text is; it isn't to be gone through."""

    def __init__(self, text: str) -> None:
        self.text = text

    def as_sequence_set(self) -> str:
        return self.text


WRITTEN: list[tuple[Any, str]] = [
    (1, "1"),
    (4294967295, "4294967295"),
    (True, "1"),
    (range(1, 4), "1:3"),
    (range(5, 6), "5"),
    (range(3, 0, -1), "3:1"),
    (range(1, 8, 3), "1,4,7"),
    (range(7, 0, -3), "7,4,1"),
    (range(2, 3, 5), "2"),
    ([1, 2, 7], "1,2,7"),
    ((1, 2), "1,2"),
    ([3, 1, 3], "3,1,3"),
    ([1, range(3, 6), (8, 10)], "1,3:5,8:10"),
    ([(1, None)], "1:*"),
    ([(5, "*")], "5:*"),
    ([(10, 8)], "10:8"),
    ((number for number in (1, 2)), "1,2"),
    ({7: "a"}, "7"),
    ([1, range(0), 2], "1,2"),
    ([1, range(0)], "1"),
    # What search() gives, split.
    ([b"1", b"2"], "1,2"),
    (["1", "3:4", "*"], "1,3:4,*"),
    (b"1:3".split(), "1:3"),
    (b"1:3", "1:3"),
    (bytearray(b"1:3"), "1:3"),
    (OwnSet("1:3,9:*"), "1:3,9:*"),
    ([OwnSet("7"), 1, OwnSet(""), OwnSet("3:4")], "7,1,3:4"),
]


@pytest.mark.parametrize(("value", "expected"), WRITTEN)
def test_a_message_set_is_written(value: Any, expected: str) -> None:
    assert format_message_set(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        False,
        1.5,
        None,
        object(),
        [],
        (),
        range(0),
        [range(0)],
        [[]],
        range(0, 3),
        range(0, 1),
        range(-3, -2),
        range(3, -1, -1),
        range(4, -1, -2),
        [0],
        [-1],
        [None],
        [1, None],
        [1.0],
        [[1, 2]],
        [{1}],
        [(1,)],
        [(1, 2, 3)],
        [(None, 5)],
        [(0, 5)],
        [(1, 0)],
        [(1, 2.5)],
        [(1, (2, 3))],
        [(range(3), 5)],
        ["x"],
        [""],
        ["1 2"],
        ["1)"],
        [" 1"],
        ["1,"],
        ["1:"],
        [":1"],
        ["1::2"],
        ["1:2:3"],
        ["1\n"],
        ["\u0661"],
        [b""],
        [b"1 BODY[]"],
        [b"\xff"],
        [(1, "2 BODY[]")],
        [("1 2", 3)],
        OwnSet(""),
        OwnSet("1 2"),
        OwnSet,
        [OwnSet("")],
        [OwnSet("1 2")],
        [(1, OwnSet("2:3"))],
    ],
)
def test_what_is_no_message_set_is_refused(value: Any) -> None:
    with pytest.raises(InvalidArgument):
        format_message_set(value)


NUMBERS = st.integers(1, 60)
STEPS = st.integers(-7, 7).filter(bool)
RANGES = st.builds(range, NUMBERS, NUMBERS, STEPS)
MEMBERS = st.one_of(NUMBERS, RANGES, st.tuples(NUMBERS, NUMBERS))


def meant(members: list[Any]) -> set[int]:
    numbers: set[int] = set()
    for member in members:
        if isinstance(member, int):
            numbers.add(member)
        elif isinstance(member, range):
            numbers.update(member)
        else:
            numbers.update(range(min(member), max(member) + 1))
    return numbers


@given(st.lists(MEMBERS))
def test_a_written_set_holds_exactly_what_was_given(members: list[Any]) -> None:
    numbers = meant(members)
    if not numbers:
        with pytest.raises(InvalidArgument):
            format_message_set(members)
        return
    read = MessageSet.parse(format_message_set(members).encode("ascii"))
    assert {number for number in range(0, 80) if number in read} == numbers


@given(st.integers(1, 100), st.lists(NUMBERS))
def test_a_set_up_to_the_highest_number_holds_all_from_there_on(
    first: int, others: list[int]
) -> None:
    read = MessageSet.parse(format_message_set([*others, (first, None)]).encode("ascii"))
    assert all(number in read for number in [*others, first, first + 1, 2**32 - 1])


@pytest.mark.parametrize("text", [b"*", b"559:*", b"*:559", b"1,559:*"])
def test_the_highest_number_may_be_any(text: bytes) -> None:
    # RFC 3501, section 9: 559:* always includes the last message, be its UID 559 or less.
    read = MessageSet.parse(text)
    assert 300 in read
    assert 1000 in read


@pytest.mark.parametrize(
    ("text", "numbers"),
    [(b"7", {7}), (b"3:5", {3, 4, 5}), (b"9,1:2,2:3", {1, 2, 3, 9}), (b"5:3,8", {3, 4, 5, 8})],
)
def test_the_numbers_of_a_set_are_those_that_were_sent(text: bytes, numbers: set[int]) -> None:
    found = MessageSet.parse(text).numbers
    # Which are looked up in C.
    assert isinstance(found, (range, frozenset))
    assert {number for number in range(20) if number in found} == numbers


def test_numbers_that_may_be_any_are_none_and_very_many_are_not_listed() -> None:
    assert MessageSet.parse(b"5:*").numbers is None
    sparse = MessageSet.parse(b"1:20000,30000")
    assert sparse.numbers is sparse
    assert 20000 in sparse
    assert 20001 not in sparse


@pytest.mark.parametrize("text", [b"$", b"", b"x", b"1,", b"1:", b"1 2", b"\xff", b"1:2:3"])
def test_a_set_that_cannot_be_read_may_mean_every_message(text: bytes) -> None:
    assert all(number in MessageSet.parse(text) for number in (1, 2, 1000))


@given(st.lists(MEMBERS), st.lists(MEMBERS))
def test_sets_overlap_when_a_message_is_in_both(some: list[Any], others: list[Any]) -> None:
    if meant(some) and meant(others):
        one = MessageSet.parse(format_message_set(some).encode("ascii"))
        other = MessageSet.parse(format_message_set(others).encode("ascii"))
        assert one.overlaps(other) is bool(meant(some) & meant(others))
        assert other.overlaps(one) is one.overlaps(other)


@pytest.mark.parametrize("text", [b"*", b"5:*", b"$"])
def test_a_set_that_may_mean_every_message_overlaps_with_every_other(text: bytes) -> None:
    assert MessageSet.parse(text).overlaps(MessageSet.parse(b"1"))
    assert MessageSet.parse(b"9").overlaps(MessageSet.parse(text))
