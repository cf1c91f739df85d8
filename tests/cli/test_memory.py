"""The file that remembers what was told."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from imaplib2._cli.failures import USAGE, Failure
from imaplib2._cli.watching.memory import Memory
from imaplib2._clock import Clock
from imaplib2.watching import MailboxState, State

STATE = State({"INBOX": MailboxState(7)})


class Watcher:
    def __init__(self, state: State = STATE) -> None:
        self.state = state


def write(memory: Memory, watcher: Any, **options: Any) -> None:
    memory.write(watcher, **{"at_once": True, **options})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "state"
    memory = Memory(str(path))
    assert memory.read() is None
    write(memory, Watcher())
    assert memory.read() == STATE
    assert sorted(os.listdir(tmp_path)) == ["home", "state"]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_is_written_when_it_is_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state"
    now = [100.0]
    monkeypatch.setattr(Clock, "now", lambda: now[0])
    memory = Memory(str(path))
    write(memory, Watcher(), at_once=False)
    write(memory, Watcher(State()))
    assert not path.exists()
    now[0] += 10
    write(memory, Watcher(), at_once=False)
    assert path.exists()


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_text("{}")
    with pytest.raises(Failure, match="can't be used") as caught:
        Memory(str(path)).read()
    assert caught.value.status == USAGE
    with pytest.raises(Failure, match="can't be used"):
        Memory(str(tmp_path)).read()
    with pytest.raises(Failure, match="can't be written"):
        write(Memory(str(tmp_path / "none" / "state")), Watcher())
    # It can't replace a folder, and leaves nothing beside it.
    (tmp_path / "folder" / "x").mkdir(parents=True)
    with pytest.raises(Failure, match="can't be written"):
        write(Memory(str(tmp_path / "folder")), Watcher())
    assert sorted(os.listdir(tmp_path)) == ["folder", "home", "state"]
