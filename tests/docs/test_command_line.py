"""The page on the command line tells of all that there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from imaplib2._cli.configuration import _KEYS
from imaplib2._cli.failures import EXIT_STATUSES
from imaplib2._cli.main import COMMANDS
from imaplib2._cli.watching.news import _WORDS

PAGE = Path(__file__).parents[2].joinpath("docs", "command_line.rst").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_a_section(name: str) -> None:
    assert f"\n\n{name}\n{'-' * len(name)}\n" in PAGE


def test_exit_statuses() -> None:
    shown = [line.split() for line in PAGE.splitlines()]
    statuses = [line.split() for line in EXIT_STATUSES.splitlines()[1:]]
    assert statuses
    assert all(status in shown for status in statuses)


@pytest.mark.parametrize("word", [*_KEYS, *_WORDS])
def test_keys_of_accounts_and_kinds_of_events(word: str) -> None:
    assert f"``{word}``" in PAGE
