"""A child process and what it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from imaplib2._transport import family
from imaplib2._transport.family import Family, _descendants, _parent

from ..systems import SYSTEM
from .test_process import child

TELLS = not SYSTEM and hasattr(os, "pidfd_open")
pytestmark = pytest.mark.skipif(SYSTEM == "windows", reason="there is no child process")


@pytest.mark.skipif(not TELLS, reason="the system doesn't tell")
def test_a_family() -> None:
    program = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'input()'])\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    with child(program) as parent:
        assert parent.stdout is not None
        grandchild = int(parent.stdout.readline())
        assert _descendants(parent.pid) == [grandchild]
        assert _parent(str(grandchild)) == parent.pid
        family = Family(parent)
        assert not family.ends_within(0.01)
        family.send_signal(signal.SIGKILL)
        assert family.ends_within(30)
        family.send_signal(signal.SIGKILL)  # nobody is hit
        family.close()


@pytest.mark.parametrize("pid", ["0", "no number", "99999999"])
def test_a_process_that_is_not_there(pid: Any) -> None:
    assert _parent(pid) is None


@pytest.mark.skipif(not TELLS, reason="the system doesn't tell")
def test_a_parent_is_known_whatever_the_child_is_called(tmp_path: Path) -> None:
    """Its name stands before the number, and may look like what is behind it."""
    program = tmp_path / ") S 1 ("
    program.symlink_to(sys.executable)
    with subprocess.Popen(
        [str(program), "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as odd:
        assert _parent(str(odd.pid)) == os.getpid()


@pytest.mark.parametrize("tells", [True, False])
def test_descendants_are_found_in_any_depth(monkeypatch: pytest.MonkeyPatch, tells: bool) -> None:
    parents = {"1": 0, "7": 1, "9": 8, "8": 7, "5": 1, "6": 99, "77": 7}
    monkeypatch.setattr(family, "_listed", lambda directory: [*parents, "self", "version"])
    monkeypatch.setattr(family, "_parent", parents.get)
    if tells:
        monkeypatch.setattr(family.os, "pidfd_open", print, raising=False)
    else:
        monkeypatch.delattr(family.os, "pidfd_open", raising=False)
    assert _descendants(7) == ([8, 77, 9] if tells else [])
    assert _descendants(6) == []


def test_where_the_system_tells_nothing_the_child_is_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(family, "_descendants", lambda pid: [])
    with child() as parent:
        alone = Family(parent)
        alone.send_signal(signal.SIGKILL)
        assert alone.ends_within(30)
        alone.close()


def test_who_has_ended_before_is_no_member(monkeypatch: pytest.MonkeyPatch) -> None:
    def pidfd_open(pid: int) -> int:
        raise ProcessLookupError

    monkeypatch.setattr(family, "_descendants", lambda pid: [5, 6])
    monkeypatch.setattr(family.os, "pidfd_open", pidfd_open, raising=False)
    with child() as parent:
        rest = Family(parent)
        rest.send_signal(signal.SIGKILL)
        assert rest.ends_within(30)


def test_a_folder_that_is_not_there_lists_nothing() -> None:
    assert family._listed("/no such folder") == []
