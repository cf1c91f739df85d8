"""Dates of messages: those of IMAP (RFC 3501, section 9) and of mail (RFC 5322, section 3.3)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import lru_cache

from .._protocol.grammar import MONTHS
from .._protocol.patterns import pattern

#: What no date is longer than, comments included.
_LONGEST = 200
_MONTHS = {name: number for number, name in enumerate(MONTHS, 1)}
_INTERNAL = pattern(
    r"(?s)[ ]?(\d{1,2})-([A-Za-z]{3})-(\d{4})[ ](\d\d):(\d\d):(\d\d)(?:[ ]([-+]\d{4}))?.*"
)
_USUAL = pattern(
    r"(?:[A-Za-z]{3},[ ]*)?(\d{1,2})[ ]([A-Za-z]{3})[ ](\d{4})[ ](\d\d):(\d\d):(\d\d)[ ]([-+]\d{4})"
    r"(?:[ ]\([^()]*\))?"
)


def internal_date(text: bytes) -> datetime | None:
    """The moment that *text*, a ``date-time`` without its quotes, tells; aware.

    None for ``00-Jan-0000 00:00:00 +0000``, and whatever else is in that form but no day of the
    calendar. Raises ValueError for anything in another form.

    >>> internal_date(b"17-Jul-1996 02:44:25 -0700").isoformat()
    '1996-07-17T02:44:25-07:00'
    """
    found = _INTERNAL.fullmatch(text[:_LONGEST].decode("latin-1"))
    if found is None:
        raise ValueError("not a date")
    return _moment(*found.groups())


def header_date(text: bytes) -> datetime | None:
    """The moment that *text*, what a Date field says, tells; None when it tells none.

    It is aware: in UTC where no zone is told (``-0000``, or none at all).

    >>> header_date(b"Mon, 7 Feb 1994 21:52:25 -0800").isoformat()
    '1994-02-07T21:52:25-08:00'
    >>> header_date(b"yesterday")
    """
    written = text[:_LONGEST].decode("latin-1")
    found = _USUAL.fullmatch(written)
    return _moment(*found.groups()) if found else _odd_date(written)


def _moment(
    day: str, month: str, year: str, hour: str, minute: str, second: str, zone: str | None
) -> datetime | None:
    number = _MONTHS.get(month) or _MONTHS.get(month.title(), 0)
    # A leap second, which datetime doesn't know.
    seconds = min(int(second), 59) if second == "60" else int(second)
    try:
        return datetime(
            int(year), number, int(day), int(hour), int(minute), seconds, 0, _zone(zone)
        )
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _zone(text: str | None) -> timezone:
    """The zone called *text*, ``+0130``; raises ValueError if it's a day or more from UTC."""
    if text is None:
        return timezone.utc
    minutes = int(text[1:3]) * 60 + int(text[3:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _odd_date(text: str) -> datetime | None:
    """*text* as Python's ``email`` reads it, which knows the obsolete forms, too."""
    from email.utils import parsedate_tz

    try:
        fields = parsedate_tz(text)
        if fields is None:
            return None
        return datetime(*fields[:6], tzinfo=timezone(timedelta(seconds=fields[9] or 0)))
    # Of odd texts, parsedate_tz lets others out than the documented None.
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
