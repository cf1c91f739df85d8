"""Which messages have been uploaded, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from imaplib2._cli.backup import journal
from imaplib2._cli.backup.pushed import Pushed, opened
from imaplib2._cli.failures import Failure


def added(path: Path, to: str, validity: int, **more: int) -> dict[str, int]:
    """What is known, before *more* is added."""
    pushed = Pushed(path / "x", to, validity)
    known = dict(pushed.uids)
    for key, uid in more.items():
        pushed.add(key, uid)
        pushed.add(key, uid)
    pushed.sync()
    pushed.close()
    return known


def test_of_each_mailbox(tmp_path: Path) -> None:
    assert added(tmp_path, "a", 7, x=1, y=2) == {}
    assert added(tmp_path, "b", 7, x=3) == {}
    assert added(tmp_path, "a", 8, x=4) == {}
    assert added(tmp_path, "a", 8, y=9) == {"x": 4}
    assert added(tmp_path, "a", 8) == {"x": 4, "y": 9}
    assert added(tmp_path, "b", 7) == {"x": 3}
    # Each time it says of which they are, if need be, and nothing twice.
    assert len((tmp_path / "x").read_text().splitlines()) == 10
    # UIDs of another UIDVALIDITY aren't those.
    assert added(tmp_path, "a", 7) == {}
    assert added(tmp_path, "a", 8) == {}
    assert added(tmp_path, "b", 7) == {"x": 3}


def test_it_doesn_t_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_FEW", 20)
    for number in range(60):
        added(tmp_path, "ab"[number % 2], 7, x=number, y=number)
        assert len((tmp_path / "x").read_text().splitlines()) <= 25
    assert added(tmp_path, "a", 7) == {"x": 58, "y": 58}
    assert added(tmp_path, "b", 7) == {"x": 59, "y": 59}


def test_only_looking(tmp_path: Path) -> None:
    for _ in range(2):
        pushed = Pushed(tmp_path / "x", "a", 7, read_only=True)
        assert pushed.uids == {}
        pushed.add("x", 1)
        pushed.sync()
        pushed.close()
        assert not (tmp_path / "x").exists()
    added(tmp_path, "a", 7, x=1)
    before = (tmp_path / "x").read_bytes()
    pushed = Pushed(tmp_path / "x", "a", 7, read_only=True)
    assert pushed.uids == {"x": 1}
    pushed.add("y", 1)
    pushed.sync()
    pushed.close()
    assert (tmp_path / "x").read_bytes() == before


def test_of_this_version(tmp_path: Path) -> None:
    for head in ("", '{"format":"imaplib2 uploads","version":2}\n'):
        (tmp_path / "x").write_text(head)
        with pytest.raises(Failure, match="can't be read"):
            Pushed(tmp_path / "x", "a", 7)


def test_a_damaged_one(tmp_path: Path) -> None:
    for record in ('{"key":"x"}', '{"to":[],"validity":1}'):
        added(tmp_path, "a", 7, x=1)
        with open(tmp_path / "x", "a") as file:
            file.write(record + "\n")
        with pytest.raises(Failure, match="is damaged"):
            Pushed(tmp_path / "x", "a", 7)
        (tmp_path / "x").unlink()


def test_by_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with opened(path, "a", 7, read_only=False) as pushed:
        pushed.add("x", 1)
        pushed.sync()
        with pytest.raises(Failure, match="in use"), opened(path, "a", 7, read_only=False):
            pass
        with opened(path, "a", 7, read_only=True) as other:
            assert other.uids == {"x": 1}
