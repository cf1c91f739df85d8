"""Maildir and mbox, as other programs write them."""

from __future__ import annotations

import mailbox
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from imaplib2._cli.failures import Failure
from imaplib2._cli.foreign import Foreign

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
