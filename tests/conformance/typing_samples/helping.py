"""The functions of the module."""

from __future__ import annotations

import array
import datetime
import decimal
import imaplib
import time
from imaplib import Int2AP, Internaldate2tuple, ParseFlags, Time2Internaldate

LINE = b'1 (FLAGS (\\Seen) INTERNALDATE "01-Jan-2024 00:00:00 +0000")'


def received(line: bytes) -> float | None:
    parsed: time.struct_time | None = imaplib.Internaldate2tuple(line)
    return None if parsed is None else time.mktime(parsed)


def year(line: bytearray) -> int:
    parsed = Internaldate2tuple(line)
    assert parsed is not None
    return parsed.tm_year


def seen(line: bytes | memoryview | array.array[int]) -> bool:
    flags: tuple[bytes, ...] = imaplib.ParseFlags(line)
    return rb"\Seen" in flags


def first_flag(line: bytes) -> bytes:
    return ParseFlags(line)[0]


def date() -> str:
    moments: list[float | time.struct_time | datetime.datetime | str] = [
        0,
        time.time(),
        time.gmtime(),
        datetime.datetime.now(datetime.timezone.utc),
        '"01-Jan-2024 00:00:00 +0000"',
    ]
    dates: list[str] = [Time2Internaldate(moment) for moment in moments]
    return dates[0] + Time2Internaldate((2024, 1, 2, 3, 4, 5, 1, 2, -1))


def letters() -> bytes:
    return Int2AP(4096) + Int2AP(-1) + imaplib.Int2AP(num=decimal.Decimal(16))


def allowed(command: str, state: str) -> bool:
    states: tuple[str, ...] = imaplib.Commands[command]
    return state in states and command in imaplib.Commands
