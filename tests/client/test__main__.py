"""``python -m imaplib2``."""

from __future__ import annotations

import subprocess
import sys

import pytest

from imaplib2 import __main__ as module


def test_it_is_the_command_line() -> None:
    command = [sys.executable, "-m", "imaplib2", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.startswith("imaplib2 ")


def test_it_gives_the_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imaplib2._cli.main.main", lambda: 4)
    assert module.run() == 4


def test_it_may_be_interrupted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("imaplib2._cli.main.main", interrupt)
    assert module.run() == 130
