"""The parser, and what becomes of exceptions."""

from __future__ import annotations

import argparse
import doctest
import importlib
import os
import pkgutil
import shlex
import subprocess
import sys
from typing import Any

import pytest

import imaplib2
from imaplib2 import _cli
from imaplib2._cli import main as module
from imaplib2._cli.console import Console
from imaplib2._cli.failures import (
    EXIT_STATUSES,
    INTERRUPTED,
    PIPE_CLOSED,
    PROBLEM,
    TERMINATED,
    UNREACHABLE,
    Ended,
    Failure,
    OutputClosed,
)
from imaplib2._cli.main import COMMANDS, main, parser

MODULES = [found.name for found in pkgutil.walk_packages(_cli.__path__, f"{_cli.__name__}.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    scope = {"raise_nothing": None}
    assert doctest.testmod(importlib.import_module(name), extraglobs=scope).failed == 0


def test_the_library_loads_none_of_it() -> None:
    program = (
        "import sys, imaplib2; print([n for n in sys.modules if n.startswith('imaplib2._cli.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_help_loads_nothing_slow() -> None:
    program = (
        "import sys; from imaplib2._cli.main import parser; parser();"
        "print({'rich', 'ssl', 'subprocess', 'netrc', 'keyring', 'imaplib2.parse'}"
        " & sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*name.split(), "--help"])
    shown = capsys.readouterr().out
    assert caught.value.code == 0
    assert EXIT_STATUSES in shown
    assert ("IMAPLIB2_PASSWORD" in shown) == ("--password-file" in shown)
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"imaplib2 {imaplib2.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["ls"], ["ls", "a", "--port", "x"]])
def test_arguments_that_cannot_be_meant(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: imaplib2" in capsys.readouterr().err


def test_no_option_takes_a_password() -> None:
    for action in parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            options = {o for sub in action.choices.values() for o in sub._option_string_actions}
    assert "--password-file" in options
    assert not options & {"--password", "--token", "--pass"}


@pytest.mark.parametrize(
    ("problem", "status", "told"),
    [
        (Failure("This is wrong.", "Do that.", 4), 4, "imaplib2: This is wrong.\n  Do that.\n"),
        (imaplib2.IMAP4.error("refused"), 1, "imaplib2: refused.\n"),
        (OSError(28, "No space left"), 1, "imaplib2: The system says: [Errno 28] No space left.\n"),
        (OutputClosed(), PIPE_CLOSED, ""),
        (KeyboardInterrupt(), INTERRUPTED, "interrupted\n"),
        (Ended(15), TERMINATED, ""),
    ],
)
def test_what_ends_a_command(
    problem: BaseException,
    status: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(options: Any, console: Console) -> int:
        raise problem

    monkeypatch.setattr("imaplib2._cli.completion.run", run)
    assert main(["completion", "bash"]) == status
    assert capsys.readouterr().err == told


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device is always full")
@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", ">&- 2>&-", "<&- >&- 2>/dev/full"])
def test_output_that_cannot_be_written(redirection: str) -> None:
    """That is told, if there is a place for it, and isn't taken for success."""
    line = f"exec {shlex.quote(sys.executable)} -m imaplib2 completion bash {redirection}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    told = {"": "imaplib2: Standard output can't be written to: "}.get(redirection[4:], "")
    assert done.stderr.startswith(told)
    assert done.stderr.count("\n") == bool(done.stderr)
    assert done.returncode == PROBLEM


def test_standard_error_that_is_closed() -> None:
    line = f"exec {shlex.quote(sys.executable)} -m imaplib2 ls localhost:1 2>&-"
    assert subprocess.run(["sh", "-c", line], check=False).returncode == UNREACHABLE


@pytest.mark.parametrize(
    ("arguments", "statuses"),
    [
        (["completion", "bash"], {PIPE_CLOSED}),
        # argparse may have swallowed it.
        (["ls", "--help"], {0, PIPE_CLOSED}),
    ],
)
def test_a_closed_pipe(arguments: list[str], statuses: set[int]) -> None:
    """Nothing is said on standard error."""
    command = [sys.executable, "-m", "imaplib2", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode in statuses


@pytest.mark.parametrize("columns", [40, 50])
@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_where_there_is_little_room(
    name: str, columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(SystemExit):
        main([*name.split(), "--help"])
    shown = capsys.readouterr().out
    # The usage is broken by argparse, as well as each Python can.
    _, _, behind = shown.partition("\n\n")
    assert all(len(line) <= columns for line in behind.splitlines())
    # A path stays whole.
    assert ("~/.config/imaplib2/config.toml" in shown) == ("HOST" in shown and name != "")
    assert "\n  1    something is wrong: the text on" in shown


def test_paragraphs_are_filled() -> None:
    shown = module._Help("x")._fill_text("A word\nor two.\n\nlist:\n  1  one\n  2  two", 60, "")
    assert shown == "A word or two.\n\nlist:\n  1  one\n  2  two"


def test_options_may_stand_anywhere() -> None:
    for arguments in (
        ["ls", "host", "a*", "--plain"],
        ["ls", "host", "--plain", "a*"],
        ["ls", "--plain", "host", "a*"],
    ):
        options = parser().parse_args(arguments)
        assert (options.host, options.pattern, options.security) == ("host", "a*", "plain")
    assert parser().parse_args(["ls", "host", "--plain"]).pattern == "*"
