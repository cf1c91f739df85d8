"""Dates as servers and mails write them, rightly and otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from hypothesis import given, strategies as st

from imaplib2 import Time2Internaldate
from imaplib2.parse._dates import header_date, internal_date

from ..core.test_linear import assert_linear


def at(zone: float, *fields: int) -> datetime:
    return datetime(*fields, tzinfo=timezone(timedelta(hours=zone)))  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"17-Jul-1996 02:44:25 -0700", at(-7, 1996, 7, 17, 2, 44, 25)),
        (b" 1-Jan-2024 00:00:00 +0130", at(1.5, 2024, 1, 1)),
        (b"1-JAN-2024 00:00:00 +0000", at(0, 2024, 1, 1)),
        (b"01-jan-2024 00:00:00", at(0, 2024, 1, 1)),
        (b"31-Dec-2016 23:59:60 +0000", at(0, 2016, 12, 31, 23, 59, 59)),
        (b"01-Jan-2024 00:00:00 +0000 (UTC)", at(0, 2024, 1, 1)),
        # No days of the calendar, nor times of one.
        (b"00-Jan-0000 00:00:00 +0000", None),
        (b"30-Feb-2024 00:00:00 +0000", None),
        (b"01-Xyz-2024 00:00:00 +0000", None),
        (b"01-Jan-2024 24:00:00 +0000", None),
        (b"01-Jan-2024 00:00:61 +0000", None),
        (b"01-Jan-2024 00:00:00 +9999", None),
    ],
)
def test_internal_dates(text: bytes, expected: datetime | None) -> None:
    found = internal_date(text)
    assert found == expected
    if expected and found:
        assert found.utcoffset() == expected.utcoffset()


@pytest.mark.parametrize("text", [b"", b"yesterday", b"2024-01-01", b"1-Jan-24 00:00:00 +0000"])
def test_what_is_no_internal_date(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"^not a date$"):
        internal_date(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"Mon, 7 Feb 1994 21:52:25 -0800 (PST)", at(-8, 1994, 2, 7, 21, 52, 25)),
        (b"7 Feb 1994 21:52:25 +0000", at(0, 1994, 2, 7, 21, 52, 25)),
        (b"Mon,07 FEB 1994 21:52:25 -0000", at(0, 1994, 2, 7, 21, 52, 25)),
        # Obsolete (RFC 5322, section 4.3), and what never was right.
        (b"Mon, 7 Feb 94 21:52 EST", at(-5, 1994, 2, 7, 21, 52)),
        (b"Mon Feb  7 21:52:25 1994", at(0, 1994, 2, 7, 21, 52, 25)),
        (b"Mon, 7 Feb 1994 21:52:25", at(0, 1994, 2, 7, 21, 52, 25)),
        (b"Mon, 7 Feb 1994 21:52:60 +0000", at(0, 1994, 2, 7, 21, 52, 59)),
        # None.
        (b"", None),
        (b"yesterday", None),
        (b"Mon, 31 Feb 1994 21:52:25 +0000", None),
        (b"Mon, 31 Feb 94 21:52:25 GMT", None),
        (b"Mon, 7 Feb 1994 21:52:25 +9900", None),
        (b"Mon, 7 Feb 1994 21:52 +99999999999999999999", None),
        (b"\xff" * 10, None),
        (b"Thu, 18 Jul 2019", None),
    ],
)
def test_dates_of_headers(text: bytes, expected: datetime | None) -> None:
    found = header_date(text)
    assert found == expected
    if expected and found:
        assert found.utcoffset() == expected.utcoffset()


zones = st.integers(-23 * 60, 23 * 60).map(lambda m: timezone(timedelta(minutes=m)))
moments = st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30), timezones=zones).map(
    lambda moment: moment.replace(microsecond=0)
)


@given(moments)
def test_dates_are_those_that_were_written(moment: datetime) -> None:
    assert internal_date(Time2Internaldate(moment).strip('"').encode()) == moment
    assert header_date(format_datetime(moment).encode()) == moment


@given(st.text("0123456789 :+-,JanFebMonGMTEST()", max_size=40) | st.text(max_size=40))
def test_no_text_is_too_odd(text: str) -> None:
    """And where Python's email finds a date, it's the same one."""
    found = header_date(text.encode())
    assert found is None or found.tzinfo is not None
    try:
        expected = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return
    assert found is not None
    assert found.replace(tzinfo=None) == expected.replace(tzinfo=None)


@pytest.mark.parametrize("piece", [b" ", b"1 ", b"(", b"Mon, ", b"7 Feb 1994 21:52:25 -0800 ("])
def test_long_texts_take_linear_time(piece: bytes) -> None:
    assert_linear(lambda size: header_date(piece * size), 10_000)
