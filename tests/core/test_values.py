"""Values as callers give them, without what their subclasses make of themselves."""

from __future__ import annotations

import array
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol.values import octets, plain_value


class Marked(str):
    """Text that shows itself as another."""

    __slots__ = ()

    def __str__(self) -> str:
        return "another"

    def encode(self, *arguments: Any) -> bytes:
        return b"another"


class Loud(bytes):
    """Bytes that show themselves as others."""

    def __bytes__(self) -> bytes:
        return b"others"


class Number(IntEnum):
    ONE = 1

    def __index__(self) -> int:
        return 7

    __int__ = __index__


@given(st.binary())
def test_octets_are_those_of_the_moment(data: bytes) -> None:
    assert octets(data) is data
    changing = bytearray(data)
    for given_data in (changing, memoryview(data), Loud(data), array.array("B", data)):
        taken = octets(given_data)
        assert (type(taken), taken) == (bytes, data)
    kept = octets(changing)
    changing += b"x"
    assert kept == data


@pytest.mark.parametrize("data", ["text", 5, None, [1, 2]])
def test_what_has_no_octets_is_refused(data: Any) -> None:
    with pytest.raises(TypeError):
        octets(data)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Marked("text"), "text"),
        (Loud(b"data"), b"data"),
        (bytearray(b"data"), b"data"),
        (memoryview(b"data"), b"data"),
        (Number.ONE, 1),
        (iter("ab"), ("a", "b")),
        ((number for number in (1, 2)), (1, 2)),
    ],
)
def test_a_value_is_what_it_is_whatever_it_says(value: Any, plain: Any) -> None:
    made = plain_value(value)
    assert (type(made), made) == (type(plain), plain)


@pytest.mark.parametrize("value", ["text", b"data", None, 5, True, 2.5, [1], (1,), {"a": 1}])
def test_all_else_is_left_alone(value: Any) -> None:
    assert plain_value(value) is value
