"""What is measured: see with_server/test_demo.py for what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from imaplib2._cli.demonstration import race
from imaplib2._cli.progress import Progress
from imaplib2._errors import error


def test_failures_of_a_callback_are_raised() -> None:
    class M:
        def fetch(self, number: str, items: str, callback: Any, cb_arg: str) -> None:
            callback((None, cb_arg, (ValueError, "no")))

    with pytest.raises(ValueError, match="no"):
        race.at_once(M(), ["1"], Progress())


class Silent:
    """A connection to a server that tells nothing, and takes no messages."""

    error = KeyError

    def select(self, name: str) -> None:
        pass

    def idle(self, timeout: float) -> None:
        pass

    def response(self, name: str) -> Any:
        return name, [None]

    def append(self, *_: Any) -> Any:
        return "NO", [b"[OVERQUOTA] full"]


def test_a_server_that_does_not_tell() -> None:
    class Post:
        sent_at = 0.0
        problem = None

        def deliver(self, content: bytes, after: float) -> None:
            pass

    with pytest.raises(KeyError, match="doesn't tell"):
        next(race.idle_loop(Silent(), Post(), [b"x"]))  # type: ignore[arg-type]


def test_a_message_that_does_not_arrive() -> None:
    """Nothing is said by the thread that has sent it; who waits tells the reason."""

    class Post(race.Post):
        def deliver(self, content: bytes, after: float) -> None:
            self._deliver(content, 0.0)

    post = Post(Silent())  # type: ignore[arg-type]
    with pytest.raises(error, match="full"):
        next(race.idle_loop(Silent(), post, [b"x"]))  # type: ignore[arg-type]
