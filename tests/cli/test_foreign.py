"""Maildir and mbox, as other programs write them."""

from __future__ import annotations

import contextlib
import mailbox
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from imaplib2._cli.backup.foreign import Foreign
from imaplib2._cli.backup.maildir import COLON
from imaplib2._cli.failures import Failure

DATE = datetime(2024, 5, 1, 2, 3, 4, tzinfo=timezone.utc)


@pytest.mark.parametrize("kind", ["maildir", "mbox"])
def test_flags_dates_and_texts(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "box"
    box: Any = mailbox.Maildir(path) if kind == "maildir" else mailbox.mbox(path)
    message: Any
    message = mailbox.MaildirMessage() if kind == "maildir" else mailbox.mboxMessage()
    message["Message-ID"] = "<a>"
    message.set_flags("FS" if kind == "maildir" else "RF")
    message.set_payload("Text\n")
    if kind == "maildir":
        message.set_date(DATE.timestamp())
    else:
        message.set_from("me", DATE.timetuple())
    box.add(message)
    box.close()
    found = Foreign(path)
    (entry,) = found.entries
    assert (entry.date, entry.name) == (DATE, "<a>")
    assert entry.flags == (r"\Flagged", r"\Seen")
    text = b"".join(found.portions(entry))
    assert text.startswith(b"Message-ID: <a>\r\n")
    assert text.endswith(b"\r\n\r\nText\r\n")
    assert len(text) == entry.size
    found.close()


def test_a_message_is_told_by_what_stays(tmp_path: Path) -> None:
    """Of mbox, its place isn't that."""
    letters = [b"From me\nSubject: %b\n\nText\n\n" % one for one in (b"a", b"b", b"b", b"c")]
    path = tmp_path / "x"

    def found() -> list[str]:
        with contextlib.closing(Foreign(path)) as box:
            return [entry.key for entry in box.entries]

    path.write_bytes(b"".join(letters))
    before = found()
    assert len({*before}) == 4
    path.write_bytes(b"".join(letters[1:]))
    assert found() == before[1:]


def test_a_maildir_in_use(tmp_path: Path) -> None:
    """A mail program moves one message, and deletes another; what is no message is none."""
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    for name in ("1.a", "2.b", "3.c", ".hidden"):
        (tmp_path / "new" / name).write_bytes(b"Subject: %b\n\n" % name.encode())
    (tmp_path / "cur" / "folder").mkdir()
    box = Foreign(tmp_path)
    entries = iter(box.entries)
    first = next(entries)
    (tmp_path / "new" / "2.b").rename(tmp_path / "cur" / f"2.b{COLON}2,FS")
    (tmp_path / "new" / "3.c").unlink()
    (second,) = entries
    assert (first.key, second.key, second.flags) == ("1.a", "2.b", (r"\Flagged", r"\Seen"))
    (tmp_path / "new" / "1.a").rename(tmp_path / "cur" / f"1.a{COLON}2,")
    assert b"".join(box.portions(first)) == b"Subject: 1.a\r\n\r\n"
    (tmp_path / "cur" / f"1.a{COLON}2,").unlink()
    with pytest.raises(FileNotFoundError, match=r"message 1\.a is not there"):
        box.portions(first)


def test_an_mbox_without_dates(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"From me\nSubject: x\n\nText\n\nFrom me\n\n")
    found = Foreign(tmp_path / "x")
    assert [entry.date for entry in found.entries] == [None, None]
    found.close()


def test_something_else(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="no Maildir"):
        Foreign(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "x")
        with pytest.raises(Failure, match="no Maildir"):
            Foreign(tmp_path / "x")
