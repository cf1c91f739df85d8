"""What is known of a message, as a record."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from imaplib2._cli.backup.entries import Entry, FilePart, portions_of

dates = st.datetimes(
    timezones=st.builds(timezone, st.integers(-720, 720).map(lambda m: timedelta(minutes=m)))
).map(lambda date: date.replace(microsecond=0))


@given(
    date=st.none() | dates,
    flags=st.lists(st.text()).map(tuple),
    name=st.text(alphabet=st.characters(codec="utf-8")),
    start=st.none() | st.integers(0, 2**63),
)
def test_a_record_is_read_again(
    date: datetime | None, flags: tuple[str, ...], name: str, start: int | None
) -> None:
    entry = Entry("7.1", 7, 1, 100, date, flags, name)
    if start is not None:
        entry.start, entry.length, entry.end = start, 10, start + 11
    again = Entry.of(json.loads(json.dumps(entry.record())), 7)
    for field in Entry.__slots__:
        assert getattr(again, field) == getattr(entry, field)
    if date is not None:
        assert again.date is not None
        assert again.date.utcoffset() == date.utcoffset()


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [(0, None, 70_000), (10, 65_536, 65_536), (69_999, 5, 1), (5, 0, 0)],
)
def test_a_part_of_a_file(tmp_path: Path, start: int, length: int | None, expected: int) -> None:
    content = bytes(range(250)) * 280
    (tmp_path / "x").write_bytes(content)
    part = FilePart(tmp_path / "x", start, length)
    for _ in range(2):
        assert b"".join(part) == content[start : start + expected]


def test_portions() -> None:
    assert portions_of([b"a"]) == [b"a"]
