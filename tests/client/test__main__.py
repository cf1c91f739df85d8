"""``python -m imaplib2``."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from imaplib2 import __main__ as module


def test_it_is_the_command_line() -> None:
    command = [sys.executable, "-m", "imaplib2", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.startswith("imaplib2 ")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no tunnels")
@pytest.mark.parametrize("option", ["--command", "--password-command"])
def test_children_have_no_password(option: str) -> None:
    """Nor has what they start, on other machines perhaps."""
    show = "env | grep -c IMAPLIB2_PASSWORD >&2"
    command = [sys.executable, "-m", "imaplib2", "check", "user@localhost:1", option, show]
    environment = {**os.environ, "IMAPLIB2_PASSWORD": "secret"}
    if option == "--password-command":
        command += ["--command", "echo '* OK [CAPABILITY IMAP4rev1] hello'; cat >/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment)
    assert done.stderr == "0\n"


@pytest.fixture
def no_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process keeps its own, and its environment."""
    for name in ("signals.obey", "signals.leave", "passwords.conceal"):
        monkeypatch.setattr(f"imaplib2._cli.{name}", lambda: None)


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
