"""Programs beside a command."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from imaplib2._cli.demonstration import children
from imaplib2._cli.demonstration.children import child, ended
from imaplib2._cli.failures import Failure
from imaplib2._mutex import Bell


def test_a_child_that_works() -> None:
    with child("slow_link", {"port": 1, "round_trip": 0.0}) as answer:
        assert answer["port"] > 0


@pytest.mark.parametrize(
    ("module", "text"), [("nothing", "No module named"), ("children", "no reason is told")]
)
def test_a_child_that_does_not(module: str, text: str) -> None:
    with pytest.raises(Failure, match=text), child(module, {}):
        raise AssertionError


@pytest.mark.skipif(os.name != "posix", reason="it takes a program in the shell's language")
def test_a_child_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(children, "_PATIENCE", 0.2)
    with pytest.raises(Failure, match="no reason"), child("embedded", {}):
        raise AssertionError


def test_one_that_does_not_end_with_its_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "_PATIENCE", 0.2)
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], stdin=subprocess.PIPE
    )
    with ended(process):
        pass
    assert process.returncode


def test_what_a_child_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"a": 1}\nmore'))
    exits: list[int] = []
    bell = Bell()
    monkeypatch.setattr(os, "_exit", lambda status: (exits.append(status), bell.ring()))
    assert children.first_line() == {"a": 1}
    children.answer([2])
    assert capsys.readouterr().out == "[2]\n"
    children.end_with_parent()
    bell.wait(20)
    assert exits == [0]


def test_tasks_are_kept() -> None:
    async def wait(future: Any) -> None:
        await future

    async def main() -> None:
        loop = asyncio.get_running_loop()
        future: Any = loop.create_future()
        # Nobody has this task, nor what it waits for, but the one who looks at it.
        loop.create_task(wait(future)).add_done_callback(lambda _: done.append(True))
        await asyncio.sleep(0)
        gc.collect()
        future.set_result(None)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    done: list[bool] = []
    children.work(main())
    assert done
