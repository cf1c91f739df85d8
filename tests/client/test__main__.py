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


@pytest.fixture
def no_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process keeps its own."""
    for name in ("obey", "leave"):
        monkeypatch.setattr(f"imaplib2._cli.signals.{name}", lambda: None)


@pytest.mark.usefixtures("no_signals")
def test_it_gives_the_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imaplib2._cli.main.main", lambda: 4)
    assert module.run() == 4


@pytest.mark.usefixtures("no_signals")
def test_it_may_be_interrupted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("imaplib2._cli.main.main", interrupt)
    assert module.run() == 130
