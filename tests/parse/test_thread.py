"""THREAD: trees of any depth come back, dummies included."""

from __future__ import annotations

import copy
import pickle
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2.parse import ParseError, Thread, thread

pytestmark = pytest.mark.pure

NUMBERS = st.lists(st.integers(1, 2**32), min_size=1, max_size=4).map(tuple)


def made(branches: list[Thread], numbers: tuple[int, ...]) -> Thread:
    return Thread(numbers, tuple(branches))


THREADS = st.recursive(
    st.builds(Thread, NUMBERS),
    lambda inner: st.builds(
        made, st.lists(inner, min_size=1, max_size=3), st.one_of(NUMBERS, st.just(()))
    ),
)


def written(one: Thread) -> str:
    """As a server writes it, in other words than ``str``."""
    inner = [" ".join(map(str, one.numbers))] if one.numbers else []
    inner += ["".join(map(written, one.branches))] if one.branches else []
    return f"({' '.join(inner)})"


def walked(one: Thread, depth: int = 0) -> list[tuple[int, int | None]]:
    found: list[tuple[int, int | None]] = []
    for number in one.numbers or [None]:  # type: ignore[list-item]
        found.append((depth, number))
        depth += 1
    for branch in one.branches:
        found += walked(branch, depth)
    return found


@given(st.lists(THREADS, max_size=4))
def test_what_is_written_is_read(threads: list[Thread]) -> None:
    found = thread(("OK", ["".join(map(written, threads)).encode()]))
    assert found == threads
    for one, other in zip(found, threads, strict=True):
        assert str(one) == written(other)
        assert [*one.walk()] == walked(other)
        assert one.messages == {number for _, number in walked(other) if number is not None}
        assert hash(one) == hash(other)
        assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"(2)(3 6 (4 23)(44 7 96))", ["(2)", "(3 6 (4 23)(44 7 96))"]),
        (b"((3)(5))", ["((3)(5))"]),
        (b"((1))", ["((1))"]),
        # Spaces that aren't necessary, or are; lists that aren't closed; that hold nothing.
        (b"(1) ( 2 3 )\r\n", ["(1)", "(2 3)"]),
        (b"(1(2)(3))", ["(1 (2)(3))"]),
        (b"(1 (2", ["(1 (2))"]),
        (b"()(1 ())", ["(1)"]),
    ],
)
def test_threads(data: bytes, expected: list[str]) -> None:
    assert [str(one) for one in thread([data])] == expected


def test_several_responses_are_one() -> None:
    assert len(thread([("THREAD", [b"(1)", b"(2)(3)"]), ("EXISTS", [b"1"])])) == 3
    assert thread(("OK", [None])) == []


def test_a_thread_is_compared_with_threads() -> None:
    assert Thread((1,)) != "(1)"
    assert repr(Thread((1, 2))) == "Thread('(1 2)')"


@pytest.mark.parametrize(
    "data",
    [b"1", b"(x)", b"(1 (2) 3)", b"(1))", b"(-1)", b"(1.5)", b"(" + b"1" * 21 + b")", b'("1")'],
)
def test_what_cannot_be_read_is_quoted(data: bytes) -> None:
    with pytest.raises(ParseError, match=r"^thread: THREAD can't be read: b"):
        thread([data])
    found: list[Any] = [*thread([data, b"(1)"], lenient=True)]
    assert found == [data, Thread((1,))]


@pytest.mark.parametrize("opened", [b"(", b"(1 "])
def test_depth_is_no_matter(opened: bytes) -> None:
    begin = time.process_time()
    depth = 100_000
    (found,) = thread([opened * depth + b"(7)" + b")" * depth])
    assert len([*found.walk()]) == depth + 1
    assert len(found.messages) in (1, 2)
    assert str(found).encode() == opened * depth + b"(7)" + b")" * depth
    assert pickle.loads(pickle.dumps(found)) == found
    assert time.process_time() - begin < 5


@given(st.text("()1 2x\r\n", max_size=30))
def test_whatever_comes_is_read_or_refused(text: str) -> None:
    with suppress(ParseError):
        thread([text.encode()])
    thread([text.encode()], lenient=True)
