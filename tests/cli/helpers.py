"""What tests of the command line have in common."""

from __future__ import annotations

import io
from typing import Any

from imaplib2._cli.account import Account
from imaplib2._cli.console import Console


class Stream(io.StringIO):
    """Standard output or error: perhaps a terminal, perhaps with few characters."""

    def __init__(self, *, is_terminal: bool = False, encoding: str = "utf-8") -> None:
        super().__init__()
        self._is_terminal = is_terminal
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._is_terminal


class Kept(Console):
    """A console whose output is kept."""

    def __init__(self, **options: Any) -> None:
        self.stdout, self.stderr = Stream(**options), Stream(**options)
        super().__init__(self.stdout, self.stderr)

    @property
    def shown(self) -> str:
        """What standard output has."""
        return self.stdout.getvalue()

    @property
    def told(self) -> str:
        """What standard error has, in one line."""
        return " ".join(self.stderr.getvalue().split())


def account(**fields: Any) -> Account:
    """An account with usual fields."""
    usual = {"name": "home", "host": "imap.example.org", "port": 993, "user": "fred"}
    return Account(**{**usual, **fields})
