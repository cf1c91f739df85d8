"""What is measured: see with_server/test_demo.py for what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from imaplib2._cli import race
from imaplib2._cli.progress import Progress


def test_failures_of_a_callback_are_raised() -> None:
    class M:
        def fetch(self, number: str, items: str, callback: Any, cb_arg: str) -> None:
            callback((None, cb_arg, (ValueError, "no")))

    with pytest.raises(ValueError, match="no"):
        race.at_once(M(), ["1"], Progress())


def test_a_server_that_does_not_tell() -> None:
    class M:
        error = KeyError

        def select(self, name: str) -> None:
            pass

        def idle(self, timeout: float) -> None:
            pass

        def response(self, name: str) -> Any:
            return name, [None]

    class Post:
        sent_at = 0.0

        def deliver(self, content: bytes, after: float) -> None:
            pass

    with pytest.raises(KeyError, match="doesn't tell"):
        next(race.idle_loop(M(), Post(), [b"x"]))  # type: ignore[arg-type]
