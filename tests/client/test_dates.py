"""Dates, flags and numbers: the same results as those of the standard ``imaplib``."""

from __future__ import annotations

import contextlib
import imaplib
import os
import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, strategies as st

import imaplib2

#: Rules instead of names, because not every system has the names.
ZONES = [
    "UTC0",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "EST5EDT,M3.2.0,M11.1.0",
    "<+0530>-5:30",
    "<-03>3",
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    "NST3:30NDT,M3.2.0,M11.1.0",
]


@contextlib.contextmanager
def zone(name: str) -> Iterator[None]:
    """The local time zone is *name* meanwhile."""
    if not hasattr(time, "tzset"):
        pytest.skip("the time zone can't be changed here")
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


SECONDS = st.integers(0, 2**32)
LOCAL = st.datetimes(datetime(1971, 1, 1), datetime(2037, 12, 31))
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
in_every_zone = pytest.mark.parametrize("name", ZONES)


# -- Time2Internaldate ---------------------------------------------------------------------------


@in_every_zone
@given(seconds=st.one_of(SECONDS, st.floats(0, 2**32)))
def test_numbers_become_local_time(name: str, seconds: float) -> None:
    with zone(name):
        assert imaplib2.Time2Internaldate(seconds) == imaplib.Time2Internaldate(seconds)


@in_every_zone
@given(seconds=SECONDS)
def test_a_struct_time_becomes_local_time(name: str, seconds: int) -> None:
    with zone(name):
        for moment in (time.localtime(seconds), time.gmtime(seconds)):
            assert imaplib2.Time2Internaldate(moment) == imaplib.Time2Internaldate(moment)


@in_every_zone
@given(moment=LOCAL, summer=st.sampled_from([-1, 0, 1]))
def test_nine_numbers_become_local_time(name: str, moment: datetime, summer: int) -> None:
    with zone(name):
        numbers = (*moment.timetuple()[:8], summer)
        assert imaplib2.Time2Internaldate(numbers) == imaplib.Time2Internaldate(numbers)


@in_every_zone
@pytest.mark.parametrize("length", range(11))
def test_a_tuple_may_be_as_short_as_for_imaplib(name: str, length: int) -> None:
    numbers: Any = (2024, 2, 29, 1, 2, 3, 3, 60, 0, 0)[:length]
    with zone(name):
        try:
            expected = imaplib.Time2Internaldate(numbers)
        except (TypeError, IndexError):
            with pytest.raises(ValueError, match="not of a known type"):
                imaplib2.Time2Internaldate(numbers)
        else:
            assert imaplib2.Time2Internaldate(numbers) == expected


@in_every_zone
@given(seconds=SECONDS)
def test_a_struct_time_without_zone_is_local_time(name: str, seconds: int) -> None:
    with zone(name):
        local = time.localtime(seconds)
        bare = time.struct_time((*local[:8], local.tm_isdst))
        assert imaplib2.Time2Internaldate(bare) == imaplib.Time2Internaldate(local[:9])


@given(moment=st.datetimes(datetime(1900, 1, 1), timezones=OFFSETS))
def test_an_aware_datetime_keeps_its_zone(moment: datetime) -> None:
    assert imaplib2.Time2Internaldate(moment) == imaplib.Time2Internaldate(moment)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2024, 2, 29, 1, 2, 3, tzinfo=timezone.utc), '"29-Feb-2024 01:02:03 +0000"'),
        (datetime(2024, 12, 1, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
         '"01-Dec-2024 00:00:00 -0330"'),
        (datetime(987, 6, 5, tzinfo=timezone.utc), '"05-Jun-0987 00:00:00 +0000"'),
        ('"anything"', '"anything"'),
        ('""', '""'),
    ],
)  # fmt: skip
def test_a_date_time_is_written_in_double_quotes(moment: Any, expected: str) -> None:
    assert imaplib2.Time2Internaldate(moment) == expected


@in_every_zone
@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "01-Jan-2024 00:00:00 +0000",
        '"01-Jan-2024',
        b'"01-Jan-2024 00:00:00 +0000"',
        [2024, 1, 1, 0, 0, 0, 0, 1, -1],
        object(),
        datetime(2024, 1, 1),
        (2024, 13, 1, 0, 0, 0, 0, 1, 0),
        (2024, 1),
        (),
        float("nan"),
    ],
)
def test_what_is_no_time_is_refused(name: str, value: Any) -> None:
    with zone(name), pytest.raises(ValueError, match=r"."):
        imaplib2.Time2Internaldate(value)


# -- Internaldate2tuple and Internaldate2Time ----------------------------------------------------


@in_every_zone
@given(seconds=SECONDS)
def test_a_time_survives_writing_and_reading(name: str, seconds: int) -> None:
    with zone(name):
        written = imaplib2.Time2Internaldate(seconds).encode("ascii")
        item = b"25 (INTERNALDATE " + written + b")"
        assert imaplib2.Internaldate2tuple(item) == time.localtime(seconds)


@in_every_zone
@given(moment=st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=OFFSETS))
def test_an_internaldate_is_read_as_imaplib_reads_it(name: str, moment: datetime) -> None:
    month = imaplib2.MonthNames[moment.month]
    written = f"{moment.day:2d}-{month}-{moment:%Y %H:%M:%S %z}"
    item = f'25 (UID 7 INTERNALDATE "{written}" FLAGS ())'.encode("ascii")
    with zone(name):
        assert imaplib2.Internaldate2tuple(item) == imaplib.Internaldate2tuple(item)
        assert imaplib2.Internaldate2Time(item) == imaplib.Internaldate2tuple(item)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (b'1 (INTERNALDATE "01-Jan-1970 00:00:00 +0000")', 0),
        (b'1 (INTERNALDATE " 1-Jan-1970 00:00:00 +0000")', 0),
        (b'1 (INTERNALDATE "01-Jan-1970 01:00:00 +0100")', 0),
        (b'1 (INTERNALDATE "31-Dec-1969 20:30:00 -0330")', 0),
        (b'1 (INTERNALDATE "01-Apr-2000 19:02:23 -0700")', 954640943),
        (b'1 (FLAGS () INTERNALDATE "01-Apr-2000 19:02:23 -0700" UID 5)', 954640943),
    ],
)
def test_an_internaldate_is_read(item: bytes, expected: int) -> None:
    assert imaplib2.Internaldate2Time(item) == time.localtime(expected)


@pytest.mark.parametrize(
    "item",
    [
        b"",
        b"1 (FLAGS ())",
        b'1 (INTERNALDATE "1-Jan-1970 00:00:00 +0000")',
        b'1 (INTERNALDATE "01-jan-1970 00:00:00 +0000")',
        b'1 (INTERNALDATE "01-Foo-1970 00:00:00 +0000")',
        b'1 (INTERNALDATE "01-Jan-1970 00:00 +0000")',
        b'1 (INTERNALDATE "01-Jan-1970 00:00:00")',
        b"1 (INTERNALDATE 01-Jan-1970 00:00:00 +0000)",
        b"1 (INTERNALDATE NIL)",
    ],
)
def test_without_an_internaldate_there_is_none(item: bytes) -> None:
    assert imaplib2.Internaldate2Time(item) is None
    assert imaplib2.Internaldate2tuple(item) is None


# -- ParseFlags and Int2AP -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "flags"),
    [
        (rb"(FLAGS (\Seen \Deleted))", (rb"\Seen", rb"\Deleted")),
        (rb"1 (UID 5 FLAGS (\Seen x) RFC822.SIZE 7)", (rb"\Seen", b"x")),
        (rb"FLAGS (\Answered $Junk [test])", (rb"\Answered", b"$Junk", b"[test]")),
        (b"(FLAGS ())", ()),
        (b"(UID 5)", ()),
        (b"", ()),
        (b"FLAGS", ()),
    ],
)
def test_flags_are_parsed(item: bytes, flags: tuple[bytes, ...]) -> None:
    assert imaplib2.ParseFlags(item) == flags == imaplib.ParseFlags(item)


@given(
    st.lists(st.sampled_from([b"FLAGS ", b"(", b")", b"\\Seen", b" ", b"\n", b"\xff", b"x"])).map(
        b"".join
    )
)
def test_flags_are_parsed_as_imaplib_parses_them(item: bytes) -> None:
    assert imaplib2.ParseFlags(item) == imaplib.ParseFlags(item)


@given(st.one_of(st.integers(), st.floats(-1e9, 1e9)))
def test_numbers_become_the_letters_that_imaplib_makes_of_them(number: float) -> None:
    letters = imaplib2.Int2AP(number)
    assert letters == imaplib.Int2AP(number)
    assert re.fullmatch(b"[A-P]*", letters)


@pytest.mark.parametrize(
    ("number", "letters"), [(0, b""), (1, b"B"), (15, b"P"), (16, b"BA"), (-16, b"BA")]
)
def test_a_number_is_written_in_letters(number: int, letters: bytes) -> None:
    assert imaplib2.Int2AP(number) == letters


# -- Tables --------------------------------------------------------------------------------------


def test_month_names_and_numbers_belong_together() -> None:
    assert len(imaplib2.MonthNames) == 13
    assert imaplib2.MonthNames[0] is None
    assert imaplib2.MonthNames[12] == "Dec"
    assert len(imaplib2.Mon2num) == 12
    for name, number in imaplib2.Mon2num.items():
        assert imaplib2.MonthNames[number] == name.decode("ascii")
