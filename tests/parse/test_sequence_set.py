"""Sets of numbers: that they are sets as Python's, and texts as IMAP's."""

from __future__ import annotations

import copy
import operator
import pickle
import sys
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2 import IMAP4
from imaplib2._protocol.message_set import MessageSet, format_message_set
from imaplib2.parse import SequenceSet

pytestmark = pytest.mark.pure

NUMBERS = st.frozensets(st.integers(1, 80))
ENDS = st.one_of(st.integers(1, 40).map(str), st.just("*"))
PARTS = st.one_of(ENDS, st.tuples(ENDS, ENDS).map(":".join))
TEXTS = st.lists(PARTS, min_size=1).map(",".join)


def written(text: str, highest: int) -> set[int]:
    """What the sequence set *text* stands for, read as RFC 3501 explains it."""
    numbers = set()
    for part in text.split(","):
        ends = [highest if end == "*" else int(end) for end in part.split(":")]
        numbers.update(range(min(ends), max(ends) + 1))
    return numbers


# Texts


@given(TEXTS, st.integers(1, 60))
def test_a_text_stands_for_the_messages_that_it_names(text: str, highest: int) -> None:
    found = SequenceSet(text).resolved(highest)
    in_use = range(1, highest + 1)
    assert set(found & in_use) == written(text, highest) & set(in_use)
    assert found.is_resolved
    if "*" not in text:
        assert set(found) == written(text, 0)


@given(TEXTS)
def test_a_set_is_written_as_it_is_read(text: str) -> None:
    found = SequenceSet(text)
    assert SequenceSet(str(found)) == found
    assert SequenceSet(text.encode("ascii")) == found
    assert str(SequenceSet(str(found))) == str(found)
    assert found.is_resolved is ("*" not in text)
    assert SequenceSet(found) == SequenceSet([found]) == found
    assert pickle.loads(pickle.dumps(found)) == copy.deepcopy(found) == found


@given(TEXTS)
def test_commands_take_it_as_the_same_messages(text: str) -> None:
    found = SequenceSet(text)
    ranges = MessageSet.parse(format_message_set(found).encode("ascii")).ranges
    assert MessageSet.parse(str(found).encode("ascii")).ranges == ranges
    if found.is_resolved:
        assert MessageSet.parse(text.encode("ascii")).ranges == ranges


@given(TEXTS, TEXTS, st.integers(1, 60))
def test_a_union_needs_no_highest_number(one: str, other: str, highest: int) -> None:
    both = SequenceSet(one) | SequenceSet(other)
    assert both == SequenceSet(f"{one},{other}")
    in_use = range(1, highest + 1)
    resolved = SequenceSet(one).resolved(highest) | SequenceSet(other).resolved(highest)
    assert both.resolved(highest) & in_use == resolved & in_use


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((), ""),
        ("", ""),
        (b"", ""),
        (7, "7"),
        (True, "1"),
        (range(1, 4), "1:3"),
        (range(3, 0, -1), "1:3"),
        (range(1, 8, 3), "1,4,7"),
        ([range(0), SequenceSet()], ""),
        ([3, 1, 2, 3, 9], "1:3,9"),
        ({3, 1}, "1,3"),
        ({7: "a"}, "7"),
        (iter([1, 2]), "1:2"),
        ([1, range(3, 6), (8, 10), SequenceSet("12:14")], "1,3:5,8:10,12:14"),
        ([(5, None)], "5:*"),
        ([(5, "*"), 7], "5:*"),
        ([b"1", b"2"], "1:2"),
        (["4", "1:2"], "1:2,4"),
        (bytearray(b"2:1"), "1:2"),
        ("1:4,5:*", "1:*"),
        ("*,1", "1,*"),
        ("*:*", "*"),
        ("*:3", "3:*"),
        (f"{2**63 - 2}", "9223372036854775806"),
    ],
)
def test_what_a_set_is_made_of(value: Any, text: str) -> None:
    assert str(SequenceSet(value)) == text


@pytest.mark.parametrize(
    "value",
    [
        *(
            "x",
            "1 2",
            "0",
            "1,",
            "1:2:3",
            "1,,*",
            ",*",
            "**",
            "1*",
            "*:",
            "1:2:*",
            "\u0661",
            b"\xff",
        ),
        *(0, -1, False, 2**63, None, 1.5, [0], [None], [1.0], [[1]], [(1, 2, 3)], [(None, 5)]),
        *(range(3), ["x"], [1, "x"], ["1:2:3"], [("1:2", 3)], object(), "9" * 5000),
    ],
)
def test_what_is_no_set_of_numbers_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="not a ") as caught:
        SequenceSet(value)
    assert isinstance(caught.value, IMAP4.error)


def test_what_only_the_server_knows_is_refused_and_said_to_be_that() -> None:
    with pytest.raises(IMAP4.error, match="only the server knows"):
        SequenceSet("$")


@given(NUMBERS, st.integers(5, 40))
def test_texts_of_limited_size_hold_all(numbers: frozenset[int], size: int) -> None:
    texts = SequenceSet(numbers).split(size)
    assert all(0 < len(text) <= size for text in texts)
    # As few as can be: what begins one had no room in the one before.
    for before, after in pairwise(texts):
        assert len(before) + 1 + len(after.partition(",")[0]) > size
    assert ",".join(texts) == str(SequenceSet(numbers))


def test_the_limits_of_texts() -> None:
    many = SequenceSet(range(1, 100_000, 2))
    assert max(map(len, many.split())) in range(7990, 8001)
    assert SequenceSet("1,3:*").split(5) == ["1,3:*"]
    for size in (2, 0, -1):
        with pytest.raises(ValueError, match=f"no room for a range in {size} bytes"):
            SequenceSet("100,200").split(size)


def test_a_repr_is_short() -> None:
    assert repr(SequenceSet("1:2,5:*")) == "SequenceSet('1:2,5:*')"
    assert repr(SequenceSet()) == "SequenceSet('')"
    many = repr(SequenceSet(range(1, 100_000, 2)))
    assert len(many) < 250
    assert many.startswith("SequenceSet('1,3,5,7,")
    assert many.endswith(",...,99999')")
    assert len(repr(SequenceSet("1:10000000000,20000000000"))) < 60


# As Python's sets

OPERATORS: list[Callable[[Any, Any], Any]] = [
    operator.or_, operator.and_, operator.sub, operator.xor, operator.le, operator.lt, operator.ge,
    operator.gt, operator.eq, operator.ne,
]  # fmt: skip


@pytest.mark.parametrize("apply", OPERATORS)
@given(NUMBERS, NUMBERS)
def test_it_does_what_a_set_does(
    apply: Callable[[Any, Any], Any], left: frozenset[int], right: frozenset[int]
) -> None:
    expected = apply(left, right)
    for one, other in [
        (SequenceSet(left), SequenceSet(right)),
        (SequenceSet(left), right),
        (left, SequenceSet(right)),
        (set(left), SequenceSet(right)),
    ]:
        found = apply(one, other)
        assert found == expected
        assert type(found) in (bool, SequenceSet)


@given(NUMBERS, NUMBERS)
def test_it_holds_what_a_set_holds(numbers: frozenset[int], others: frozenset[int]) -> None:
    found = SequenceSet(numbers)
    assert hash(found) == hash(found) == hash(numbers)
    assert [*found] == sorted(numbers)
    assert [*reversed(found)] == sorted(numbers, reverse=True)
    assert len(found) == len(numbers)
    assert bool(found) is bool(numbers)
    assert [number in found for number in range(90)] == [number in numbers for number in range(90)]
    assert found.isdisjoint(SequenceSet(others)) is found.isdisjoint([*others])
    assert found.isdisjoint(others) is numbers.isdisjoint(others)
    assert [number for one in found.ranges() for number in one] == [*found]


@given(NUMBERS, st.slices(90))
def test_it_is_in_order(numbers: frozenset[int], part: slice) -> None:
    found, ordered = SequenceSet(numbers), sorted(numbers)
    assert [*found[part]] == sorted(ordered[part])
    assert [found[position] for position in range(-len(found), len(found))] == ordered * 2
    for position in (len(found), -len(found) - 1):
        with pytest.raises(IndexError):
            found[position]


@pytest.mark.parametrize("apply", OPERATORS[:4])
def test_ranges_may_stand_beside_operators(apply: Callable[[Any, Any], Any]) -> None:
    numbers = SequenceSet("2:5,9")
    for some in (range(4, 12), range(11, 3, -1), range(1, 12, 2), range(0)):
        assert apply(numbers, some) == apply({*numbers}, {*some})
        assert apply(some, numbers) == apply({*some}, {*numbers})


@pytest.mark.parametrize("apply", OPERATORS[:8])
@pytest.mark.parametrize("other", [[1], "1", 1, None, (1,)])
def test_other_types_are_no_sets(apply: Callable[[Any, Any], Any], other: Any) -> None:
    with pytest.raises(TypeError):
        apply(SequenceSet(1), other)
    with pytest.raises(TypeError):
        apply(other, SequenceSet(1))
    assert SequenceSet(1) != other


def test_no_range_equals_a_set() -> None:
    assert SequenceSet("1:5") != range(1, 6)
    for apply in OPERATORS[4:8]:
        with pytest.raises(TypeError):
            apply(SequenceSet("1:5"), range(1, 6))


def test_what_is_no_number_is_in_no_set() -> None:
    assert SequenceSet(1) != {"1"}
    assert SequenceSet(1) != {0}
    assert "1" not in SequenceSet(1)
    assert 2**70 not in SequenceSet(1)
    assert -(2**70) not in SequenceSet(1)


# The highest number in use


@pytest.mark.parametrize("text", ["*", "5:*", "1:3,5:*"])
def test_what_needs_the_highest_number_raises(text: str) -> None:
    found, other = SequenceSet(text), SequenceSet(1)
    uses: list[Callable[[], Any]] = [
        lambda: len(found),
        lambda: iter(found),
        lambda: reversed(found),
        lambda: found[0],
        lambda: found[:1],
        lambda: 7 in found,
        lambda: found & other,
        lambda: other & found,
        lambda: found - other,
        lambda: {1} - found,
        lambda: other ^ found,
        lambda: found <= other,
        lambda: other < found,
        lambda: found.isdisjoint(other),
        lambda: found.ranges(),
    ]
    for use in uses:
        with pytest.raises(ValueError, match=r"see resolved\(\)"):
            use()
    assert found
    assert found == SequenceSet(text)
    assert found != other
    assert found != {5}
    assert hash(found) == hash(SequenceSet(text))


def test_a_number_may_be_in_the_set_in_any_case() -> None:
    assert 2 in SequenceSet("1:3,5:*")
    assert "2" not in SequenceSet("1:3,5:*")


def test_the_highest_number() -> None:
    assert SequenceSet("559:*").resolved(300) == {300}
    assert SequenceSet("2,559:*").resolved(0) == {2}
    assert SequenceSet("*").resolved(7) == {7}
    concrete = SequenceSet("1:9")
    assert concrete.resolved(3) is concrete
    for highest in (-1, 2**63):
        with pytest.raises(IMAP4.error):
            SequenceSet("*").resolved(highest)
    with pytest.raises(TypeError):
        SequenceSet("*").resolved("7")  # type: ignore[arg-type]


# Sizes


def test_many_numbers_in_a_row_take_no_room() -> None:
    dense = SequenceSet(range(1, 5_000_001)) - {1_000_000, 3_000_000}
    assert len(dense) == 4_999_998
    assert sys.getsizeof(dense._bounds) < 1000
    assert len(pickle.dumps(dense)) < 1000
    assert dense[-1] == 5_000_000
    assert str(dense[999_998:1_000_000]) == "999999,1000001"
    vast = SequenceSet(f"1:{2**63 - 2}")
    assert len(vast - {5}) == 2**63 - 3
    assert vast[2**62] == 2**62 + 1
