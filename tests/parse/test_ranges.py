"""Ranges, as bounds: reading them, and what holds of the bounds themselves."""

from __future__ import annotations

from array import array
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._errors import InvalidArgument
from imaplib2.parse._ranges import (
    HIGHEST_ONLY,
    LARGEST,
    Bounds,
    absorbed,
    bounds_of,
    common,
    differing,
    of_numbers,
    ranges_in,
    union,
)

pytestmark = pytest.mark.pure

NUMBERS = st.sets(st.integers(1, 60))


def bounds(numbers: set[int]) -> Bounds:
    return of_numbers(sorted(numbers))


def meant(found: Bounds) -> set[int]:
    """What *found* stands for; it must be in its only form."""
    assert all(one < other for one, other in pairwise(found))
    ranges = map(range, found[::2], found[1::2])
    return {number for one in ranges for number in one}


@given(NUMBERS, NUMBERS)
def test_the_algebra_of_sets(left: set[int], right: set[int]) -> None:
    assert meant(bounds(left)) == left
    assert meant(union(bounds(left), bounds(right))) == left | right
    assert meant(common(bounds(left), bounds(right))) == left & right
    assert meant(differing(bounds(left), bounds(right))) == left ^ right


@given(NUMBERS, st.integers(1, 70), st.integers(1, 70))
def test_what_a_range_to_the_highest_number_absorbs(
    numbers: set[int], start: int, highest: int
) -> None:
    """The same messages are meant, whatever the highest number is."""
    left, earlier = absorbed(bounds(numbers), start)
    in_use = set(range(1, highest + 1))
    before = numbers | set(range(min(start, highest), highest + 1))
    after = meant(left) | set(range(min(earlier, highest), highest + 1))
    assert before & in_use == after & in_use
    # And no range touches it.
    assert not left or left[-1] < earlier


def test_ranges_are_read_in_the_order_of_the_text() -> None:
    assert ranges_in("5:3,1,0007,9:9") == [range(3, 6), range(1, 2), range(7, 8), range(9, 10)]


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "1,", ",1", "1:", ":1", "1:2:3", "1 2", "+1", "1_0", "0", "0:1", "-1", "*"),
        *("\u0661", str(LARGEST + 1), f"1:{LARGEST + 1}", "9" * 5000),
    ],
)
def test_what_is_no_set_of_ranges_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        ranges_in(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ([], None)),
        (b"3,1:2", ([1, 4], None)),
        ("*", ([], HIGHEST_ONLY)),
        ("*:*", ([], HIGHEST_ONLY)),
        ("1,*:8,9:*", ([1, 2], 8)),
        (str(LARGEST), ([LARGEST, LARGEST + 1], None)),
        (range(1, 6), ([1, 6], None)),
        (range(5, 0, -1), ([1, 6], None)),
        (range(1, 6, 2), ([1, 2, 3, 4, 5, 6], None)),
        (range(0), ([], None)),
        ([(1, 2), "3"], ([1, 4], None)),
    ],
)
def test_values_have_bounds(value: Any, expected: tuple[list[int], int | None]) -> None:
    found, start = bounds_of(value)
    assert isinstance(found, array)
    assert ([*found], start) == expected


@pytest.mark.parametrize("value", [range(3), range(1, 2**70), 2**64, [0], [1, LARGEST + 1], ["*,"]])
def test_numbers_out_of_bounds_are_refused(value: Any) -> None:
    with pytest.raises(InvalidArgument):
        bounds_of(value)
