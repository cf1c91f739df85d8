"""Dates, flags and numbers in the forms of IMAP: the module-level helpers of ``imaplib``."""

from __future__ import annotations

import time

from ._hints import TYPE_CHECKING, Any
from ._protocol.grammar import MONTHS, Flags, InternalDate

if TYPE_CHECKING:
    from datetime import datetime
    from typing import SupportsAbs, SupportsInt

    from _typeshed import ReadableBuffer

    DateTime = float | time.struct_time | tuple[int, ...] | datetime | str

#: By their numbers, as imaplib2 3.x has them, and as imaplib has them.
MonthNames = (None, *MONTHS)
Months = ["", *MONTHS]
Mon2num = {str(name).encode(): number for number, name in enumerate(MonthNames) if name}


def Internaldate2tuple(resp: ReadableBuffer) -> time.struct_time | None:
    """The local time of the INTERNALDATE in a FETCH response; None when it holds none."""
    from calendar import timegm

    found = InternalDate.match(resp)
    if found is None or found["mon"] not in Mon2num or found["year"] == b"0000":
        return None
    zone = (int(found["zoneh"]) * 60 + int(found["zonem"])) * 60
    if found["zonen"] == b"-":
        zone = -zone
    fields = (int(found["year"]), Mon2num[found["mon"]], int(found["day"]))
    clock = (int(found["hour"]), int(found["min"]), int(found["sec"]))
    return time.localtime(timegm((*fields, *clock, -1, -1, -1)) - zone)


#: Its historical name.
Internaldate2Time = Internaldate2tuple


def Time2Internaldate(date_time: DateTime) -> str:
    """The ``date-time`` of RFC 3501, section 9, in its double quotes.

    *date_time* is seconds since the epoch, a ``struct_time`` or 9-tuple of local time, an aware
    ``datetime``, or a str that is quoted and so taken to be right. Where there is no summer time,
    a tuple needs no more than a date. Raises ValueError otherwise.
    """
    if isinstance(date_time, str) and date_time[:1] == date_time[-1:] == '"':
        return date_time
    try:
        moment = _aware(date_time)
    except (TypeError, IndexError, OverflowError, OSError):
        raise ValueError("date_time not of a known type, or out of range") from None
    name = MonthNames[moment.month]
    return f'"{moment.day:02d}-{name}-{moment.year:04d} {moment:%H:%M:%S %z}"'


def ParseFlags(resp: ReadableBuffer) -> tuple[bytes, ...]:
    """The flags of a FLAGS response or item; empty when there is none."""
    try:
        data = memoryview(resp).tobytes()
    except TypeError:
        # The pattern's own TypeError, as imaplib's, says what is wrong.
        Flags.match(resp)
        raise
    # Behind the last ")" there is nothing to find, but all the more to try.
    found = Flags.match(data, 0, data.rfind(b")") + 1)
    return tuple(found["flags"].split()) if found else ()


def Int2AP(num: SupportsAbs[SupportsInt]) -> bytes:
    """An integer in base 16, its digits the letters A to P; b'' for 0."""
    number, letters = int(abs(num)), b""
    while number:
        number, digit = divmod(number, 16)
        letters = b"ABCDEFGHIJKLMNOP"[digit : digit + 1] + letters
    return letters


def _aware(value: Any) -> datetime:
    from datetime import datetime, timedelta, timezone

    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, timezone.utc).astimezone()
    if isinstance(value, tuple):
        zone = timezone(timedelta(seconds=_utc_offset(value)))
        return datetime(*value[:6]).replace(tzinfo=zone)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("date_time must be aware")
        return value
    raise ValueError("date_time not of a known type")


def _utc_offset(value: Any) -> int:
    """East of Greenwich, in seconds, at a local time."""
    offset = getattr(value, "tm_gmtoff", None)
    if offset is not None:
        return int(offset)
    if not time.daylight:
        return -time.timezone
    summer = value[8] if value[8] != -1 else time.localtime(time.mktime(value))[8]
    return -(time.altzone if summer else time.timezone)
