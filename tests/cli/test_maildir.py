"""A Maildir, which others may change; the store's own tests are in test_store.py."""

from __future__ import annotations

import contextlib
import os
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from imaplib2._cli.backup.entries import Entry
from imaplib2._cli.backup.maildir import COLON, Maildir, modified


def made(folder: Path) -> Maildir:
    box = Maildir(folder)
    box.settle(0, is_open=False)
    return box


def entry(date: datetime | None = None, flags: tuple[str, ...] = ()) -> Entry:
    return Entry("7.1", 7, 1, 1, date, flags, "<a>")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "cur").iterdir())


def test_what_a_crash_has_left_goes(tmp_path: Path) -> None:
    box = made(tmp_path)
    box.stage(entry(), [b"a"])
    (tmp_path / "tmp" / "others").write_text("")
    again = made(tmp_path)
    assert [path.name for path in (tmp_path / "tmp").iterdir()] == ["others"]
    assert again.keys([]) == set()
    assert again.end is None


@pytest.mark.parametrize("year", [1, 1900, 1970, 9999])
def test_dates_that_files_can_t_have(tmp_path: Path, year: int) -> None:
    box = made(tmp_path)
    box.stage(entry(datetime(year, 1, 2, tzinfo=timezone.utc)), [b"a"])
    box.commit()
    box.commit()
    assert made(tmp_path).keys([]) == {"7.1"}


def test_flags_are_letters(tmp_path: Path) -> None:
    flags = (r"\seen", r"\Answered", "$FORWARDED", r"\Deleted", r"\Flagged", r"\Draft", "x")
    box = made(tmp_path)
    box.stage(entry(flags=flags), [b"a"])
    box.commit()
    assert names(tmp_path) == [f"7.1.1.imaplib2{COLON}2,DFPRST"]
    recovered = made(tmp_path).recovered("7.1")
    assert recovered.flags == tuple(sorted((r"\Seen", "$Forwarded", *flags[1:2], *flags[3:6])))


def test_a_mail_program_may_be_faster(tmp_path: Path) -> None:
    box = made(tmp_path)
    one = entry()
    box.stage(one, [b"a"])
    box.commit()
    (path,) = (tmp_path / "cur").iterdir()
    os.replace(path, path.with_name(path.name + "T"))
    one.flags = (r"\Seen",)
    box.set_flags(one)
    assert names(tmp_path) == [f"7.1.1.imaplib2{COLON}2,T"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_what_is_no_file_is_no_message(tmp_path: Path) -> None:
    """A pipe would never end, and a link may be to what is nobody's mail."""
    made(tmp_path)
    (tmp_path / "secret").write_text("x")
    cur = tmp_path / "cur"
    (cur / f"7.1.1.imaplib2{COLON}2,").symlink_to(tmp_path / "secret")
    os.mkfifo(cur / f"7.2.1.imaplib2{COLON}2,")
    (cur / f"7.3.1.imaplib2{COLON}2,").mkdir()
    assert made(tmp_path).keys([]) == set()


def test_a_file_that_is_renamed_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While files are listed, it may have been neither the one nor the other."""
    box = made(tmp_path)
    one = entry()
    box.stage(one, [b"a"])
    box.commit()
    (path,) = (tmp_path / "cur").iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", lambda folder: contextlib.nullcontext([]))
        box = Maildir(tmp_path)
    assert box.keys([one]) == {"7.1"}
    os.replace(path, path.with_name(path.name + "T"))
    assert [*box.portions(one)] == [b"a"]


def test_a_time_that_dates_can_t_have() -> None:
    path: Any = SimpleNamespace(stat=lambda: SimpleNamespace(st_mtime=1e12))
    assert modified(path) is None


@pytest.mark.parametrize(
    "name", ["7.1.imaplib2:2,", "7.0.1.imaplib2", "7.1.1.imaplib2:2,S+x", "x", "7.1.1.2.3.imaplib2"]
)
def test_foreign_files(tmp_path: Path, name: str) -> None:
    made(tmp_path)
    (tmp_path / "cur" / name.replace(":", COLON)).write_text("")
    assert made(tmp_path).keys([]) == set()
