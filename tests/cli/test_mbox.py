"""An mbox file; the store's own tests are in test_store.py."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from imaplib2._cli.backup.entries import Entry
from imaplib2._cli.backup.mbox import Mbox
from imaplib2._cli.failures import Failure


def entry(date: datetime | None) -> Entry:
    return Entry("7.1", 7, 1, 1, date, (), "<a>")


@pytest.mark.parametrize(
    ("date", "line"),
    [
        (datetime(2024, 5, 1, 2, 3, 4, tzinfo=timezone.utc), "Wed May  1 02:03:04 2024"),
        (None, "Thu Jan  1 00:00:00 1970"),
        (datetime(1900, 5, 1, tzinfo=timezone.utc), "Thu Jan  1 00:00:00 1970"),
    ],
)
def test_each_message_has_a_line(tmp_path: Path, date: datetime | None, line: str) -> None:
    box = Mbox(tmp_path / "mbox")
    box.settle(0, is_open=False)
    one = entry(date)
    box.stage(one, [b"From a\r\n"])
    box.set_flags(one)
    box.commit()
    assert (tmp_path / "mbox").read_text() == f"From MAILER-DAEMON {line}\n>From a\n\n"
    assert box.end == one.end == (tmp_path / "mbox").stat().st_size
    assert b"".join(box.portions(one)) == b"From a\n"
    assert box.keys([one]) == {"7.1"}


def test_what_a_crash_has_left_is_cut_off(tmp_path: Path) -> None:
    (tmp_path / "mbox").write_text("From x\n\nFrom")
    with pytest.raises(Failure, match="changed by another"):
        Mbox(tmp_path / "mbox").settle(8, is_open=False)
    Mbox(tmp_path / "mbox").settle(8, is_open=True)
    assert (tmp_path / "mbox").read_text() == "From x\n\n"
    with pytest.raises(Failure, match="changed by another"):
        Mbox(tmp_path / "mbox").settle(9, is_open=True)
