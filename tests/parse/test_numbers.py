"""Numbers, and what isn't any."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from imaplib2.parse._numbers import number


@given(st.integers(0, 10**20 - 1))
def test_a_number_is_read(value: int) -> None:
    assert number(b"%d" % value) == value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (b"0007", 7),
        (b"9.37e+06", 9370000),
        (b"1e3", 1000),
        (b"2.", 2),
        (b"-1", None),
        (b"", None),
        (b"1" * 21, None),
        (b"1e99", None),
        (b"\xb2", None),
        (b"1_0", None),
        (b"nan", None),
        (None, None),
        ([b"1"], None),
    ],
)
def test_what_servers_take_for_one(written: object, value: int | None) -> None:
    assert number(written) == value


@given(st.binary(max_size=30))
def test_whatever_comes_is_one_or_none(written: bytes) -> None:
    found = number(written)
    assert found is None or 0 <= found < 10**20
