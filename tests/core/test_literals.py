"""Literals of responses: where one is announced, and how it grows."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol.literals import GrowingLiteral, announced_literal


@given(st.binary(), st.lists(st.integers(0, 20)), st.binary())
def test_it_takes_its_octets_and_no_others(data: bytes, sizes: list[int], behind: bytes) -> None:
    literal, rest = GrowingLiteral(len(data)), data + behind
    assert literal.is_empty
    for size in [*sizes, len(rest), len(rest)]:
        missing = literal.missing
        taken = literal.add(memoryview(rest)[:size])
        assert taken == min(size, missing, len(rest))
        rest = rest[taken:]
        assert literal.value == data[: len(data) - literal.missing]
        assert literal.is_empty is (literal.value == b"")
    assert literal.missing == 0
    assert rest == behind


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (b"* 1 FETCH (BODY[] {5}", 5),
        (b"* 1 FETCH (BODY[] ~{5}", 5),
        (b"* 1 FETCH (BODY[] {5", None),
        (b"* 1 FETCH (BODY[] {x}", None),
        (b"* OK it costs {5}", None),
        (b"* OK [X] it costs {5}", None),
        (b"* OK [X {5}", 5),
        (b"+ {5}", None),
        (b"* 1 FETCH (X {" + b"9" * 10_000 + b"}", int(b"9" * 25)),
    ],
)
def test_a_literal_is_announced_where_one_may_stand(text: bytes, size: int | None) -> None:
    assert announced_literal(text, True, False)[0] == size


def test_a_response_code_goes_on_until_it_is_closed() -> None:
    size, in_code = announced_literal(b"* OK [X {5}", True, False)
    assert (size, in_code) == (5, True)
    assert announced_literal(b" {6}", False, in_code) == (6, True)
    assert announced_literal(b"] that was {6}", False, in_code) == (None, True)
    assert announced_literal(b"] that was {6}", False, False) == (6, False)
