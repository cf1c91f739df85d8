"""What is measured on the slow link: a loop, all at once, and how soon an idle loop wakes."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Iterator

from ..._clock import Clock
from ..._errors import error
from ..._hints import TYPE_CHECKING, Any, NamedTuple
from ..answers import agreed
from . import children

if TYPE_CHECKING:
    from ..._client import IMAP4
    from ..progress import Progress
    from .servers import Running

#: What each of the commands fetches.
ITEMS = "(FLAGS BODY.PEEK[HEADER])"
#: Seconds before a message is sent, and until it must be known.
_PAUSE, _PATIENCE = 0.7, 20.0


@contextlib.contextmanager
def slow_link(server: Running, round_trip: float) -> Iterator[Running]:
    """The same *server*, so many seconds away, until the ``with`` statement ends."""
    told = {"port": server.port, "round_trip": round_trip}
    with children.child("slow_link", told) as answer:
        yield server._replace(port=answer["port"])


class Taken(NamedTuple):
    """How many seconds something took, and what came of it."""

    seconds: float
    answers: dict[str, Any]


def one_by_one(M: Any, numbers: list[str], progress: Progress) -> Taken:
    """A fetch for each message, each waited for."""
    began, answers = Clock.now(), {}
    for number in numbers:
        answers[number] = M.fetch(number, ITEMS)
        progress.advance()
    return Taken(Clock.now() - began, answers)


def at_once(M: Any, numbers: list[str], progress: Progress) -> Taken:
    """The same commands, each with a callback."""
    began, answers = Clock.now(), {}
    done: queue.SimpleQueue[tuple[Any, str, Any]] = queue.SimpleQueue()
    for number in numbers:
        M.fetch(number, ITEMS, callback=done.put, cb_arg=number)
    for _ in numbers:
        result, number, problem = done.get()
        if problem is not None:
            kind, text = problem
            raise kind(text)
        answers[number] = result
        progress.advance()
    return Taken(Clock.now() - began, answers)


class Post:
    """Delivers messages from another connection, a moment after they are asked for.

    ``sent_at`` is when the last one was on its way to the server, ``problem`` why it hasn't come.
    """

    def __init__(self, M: IMAP4) -> None:
        self._M = M
        self.sent_at = 0.0
        self.problem: Exception | None = None

    def deliver(self, content: bytes, after: float) -> None:
        """Deliver a message *after* so many seconds; doesn't wait."""
        threading.Thread(target=self._deliver, args=(content, after), daemon=True).start()

    def _deliver(self, content: bytes, after: float) -> None:
        time.sleep(after)
        self.sent_at = Clock.now()
        # At Ctrl-C, the connection is gone meanwhile.
        try:
            agreed(self._M.append("INBOX", None, None, content))
        except (error, OSError) as problem:
            self.problem = problem


def idle_loop(M: IMAP4, post: Post, letters: list[bytes]) -> Iterator[tuple[float, str]]:
    """An idle loop: for each of *letters* how many seconds after it was sent idle() returned.

    Beside it, the subject that was fetched then. Raises ``error`` when the server doesn't tell.
    """
    from ... import parse

    M.select("INBOX")
    M.response("EXISTS")
    for letter in letters:
        post.deliver(letter, _PAUSE)
        M.idle(_PATIENCE)
        seconds = Clock.now() - post.sent_at
        _, found = M.response("EXISTS")
        if not found or not found[-1]:
            told = M.error("the server doesn't tell of a message that has arrived")
            raise post.problem or told
        [message] = parse.fetch(M.fetch(found[-1], "(ENVELOPE)"))
        assert message.envelope is not None
        yield seconds, message.envelope.subject or ""
