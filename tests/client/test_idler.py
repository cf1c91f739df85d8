"""The iterator over what happens during IDLE, without threads."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._clock import Clock
from imaplib2._errors import abort, error
from imaplib2._idler import Idler
from imaplib2._protocol.command import Command, Idle
from imaplib2._protocol.commands import COMMANDS
from imaplib2._protocol.connection import Connection
from imaplib2._protocol.stored import size_of
from imaplib2._threads.pending import Pending


class FakeEngine:
    """Threads that do what the test says, while a user waits."""

    def __init__(self) -> None:
        self.core = Connection(b"A")
        self.calls: list[str] = []
        self.deadlines: list[float | None] = []
        #: What happens while a user waits, one after the other; then the time is up.
        self.meanwhile: list[Callable[[], object]] = []
        self.end: Callable[[], object] = print

    def submit(self, command: Command) -> None:
        self.calls.append("submit")

    def give_up(self, command: Command) -> None:
        self.calls.append("give_up")

    def end_idle(self, command: Command) -> None:
        self.calls.append("end_idle")
        self.end()

    def wait(self, pending: Pending) -> Any:
        assert pending.done
        return pending.wait()

    def wait_for_item(self, items: queue.SimpleQueue[Any], deadline: float | None) -> Any:
        self.deadlines.append(deadline)
        while items.empty() and self.meanwhile:
            self.meanwhile.pop(0)()
        return items.get_nowait()

    def locked(self, function: Callable[[Connection], object]) -> None:
        function(self.core)


class Idling:
    """An IDLE, its server and its user."""

    def __init__(self, duration: float | None = None) -> None:
        self.engine = FakeEngine()
        self.idle = Idle()
        self.command = Command(COMMANDS["IDLE"], [b"IDLE"])
        self.command.idle = self.idle
        self.pending = Pending()
        engine: Any = self.engine
        self.idler = Idler(engine, self.command, self.pending, duration)
        self.engine.meanwhile = [self.agree]
        self.engine.end = self.complete

    def agree(self) -> None:
        """The server says "+"."""
        assert self.pending.observer is not None
        self.pending.observer("idling")

    def news(self, number: int) -> None:
        """The server says that there are so many messages."""
        self.hear("EXISTS", b"%d" % number)

    def hear(self, typ: str, *data: bytes) -> None:
        """The server says something."""
        assert self.idle.capture is not None
        self.idle.capture(typ, [*data])

    def complete(self, outcome: Any = ("OK", [b"done"])) -> None:
        """The IDLE is over."""
        self.pending.set(outcome)

    def left(self) -> list[Any]:
        """What `response` finds afterwards."""
        return [list(entry) for entry in self.engine.core.untagged]


def exists(*numbers: int) -> list[tuple[str, list[bytes]]]:
    return [("EXISTS", [b"%d" % number]) for number in numbers]


def test_what_comes_is_given_as_it_comes_until_the_time_is_up() -> None:
    idling = Idling(duration=60)
    before = Clock.now()
    with idling.idler as idler:
        agreed = Clock.now()
        idling.engine.meanwhile = [lambda: idling.news(1), lambda: idling.news(2)]
        assert list(idler) == exists(1, 2)
        assert list(idler) == []
    assert idling.engine.calls == ["submit", "end_idle"]
    first, *others = idling.engine.deadlines
    assert first is None  # how long the server may take, the connection knows
    assert others
    for deadline in others:
        assert deadline is not None
        assert before + 60 <= deadline <= agreed + 61


def test_without_a_duration_there_is_no_deadline() -> None:
    idling = Idling()
    with idling.idler as idler:
        idling.news(1)
        assert next(idler) == ("EXISTS", [b"1"])
    assert idling.engine.deadlines == [None, None]


def test_something_else_ends_it_for_each_thread_that_iterates() -> None:
    idling = Idling()
    with idling.idler as idler:
        idling.news(1)
        idling.complete()
        assert list(idler) == exists(1)
        assert list(idler) == list(idler.burst()) == []
        assert not idler._responses.empty()  # the end of it, for others that wait


def test_the_loss_of_the_connection_is_told_once() -> None:
    idling = Idling()
    idler = idling.idler.__enter__()
    idling.news(1)
    idling.complete(abort("gone"))
    assert next(idler) == ("EXISTS", [b"1"])
    with pytest.raises(abort, match="gone") as caught:
        next(idler)
    assert list(idler) == []
    idler.__exit__(caught.type, caught.value, caught.tb)
    assert idling.engine.calls == ["submit", "end_idle"]


def test_a_loss_that_nobody_has_iterated_to_is_told_by_the_end() -> None:
    idling = Idling()
    idler = idling.idler.__enter__()
    idling.complete(abort("gone"))
    with pytest.raises(abort, match="gone"):
        idler.__exit__(None, None, None)
    assert list(idler) == []


@pytest.mark.parametrize(
    ("outcome", "kind", "text"),
    [
        (("NO", [b"not now"]), error, r"^the server refused IDLE: NO b'not now'$"),
        (error("BAD"), error, "^BAD$"),
        (abort("gone"), abort, "^gone$"),
    ],
)
def test_a_server_that_does_not_agree(outcome: Any, kind: type[error], text: str) -> None:
    idling = Idling()
    idling.engine.meanwhile = [lambda: idling.complete(outcome)]
    with pytest.raises(kind, match=text) as caught:
        idling.idler.__enter__()
    assert type(caught.value) is kind
    assert idling.engine.calls == ["submit", "give_up"]


def test_a_user_who_is_interrupted_before_the_server_agrees_leaves_no_idle() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    idling = Idling()
    idling.engine.meanwhile = [interrupt]
    with pytest.raises(KeyboardInterrupt):
        idling.idler.__enter__()
    assert idling.engine.calls == ["submit", "give_up"]


def test_it_is_used_with_with_and_once() -> None:
    idling = Idling()
    with pytest.raises(error, match="iterating over IDLE needs a with statement"):
        next(idling.idler)
    with pytest.raises(error, match="leaving IDLE needs a with statement"):
        idling.idler.__exit__(None, None, None)
    with idling.idler as idler:
        with pytest.raises(error, match="entered once"):
            idler.__enter__()
        idler.__exit__(None, None, None)
    assert idling.engine.calls == ["submit", "end_idle"]


def test_a_burst_is_what_follows_in_short_order() -> None:
    idling = Idling(duration=60)
    with idling.idler as idler:
        idling.engine.deadlines.clear()
        idling.engine.meanwhile = [lambda: idling.news(1), lambda: idling.news(2)]
        before = Clock.now()
        assert list(idler.burst(interval=5)) == exists(1, 2)
        first, second, third = idling.engine.deadlines
        assert first is not None
        assert second is not None
        assert third is not None
        assert first > before + 50
        assert before + 5 <= second <= third <= Clock.now() + 5


def test_what_was_not_iterated_over_is_left_where_it_belongs() -> None:
    idling = Idling()
    untagged = idling.engine.core.untagged
    untagged.add("EXISTS", [b"0"])
    idling.idle.earlier = untagged.mark()
    with idling.idler as idler:
        for number in (1, 2, 3):
            idling.news(number)
        assert next(idler) == ("EXISTS", [b"1"])
        untagged.add("RECENT", [b"9"])
    assert idling.left() == [["EXISTS", [b"0", b"2", b"3"]], ["RECENT", [b"9"]]]
    assert idling.idle.earlier is None
    assert list(idler) == []


# -- Limits --------------------------------------------------------------------------------------


def test_beyond_the_limits_the_oldest_are_dropped() -> None:
    idling = Idling()
    limits = idling.engine.core.limits
    with idling.idler as idler:
        limits.stored = 2
        for number in range(5):
            idling.news(number)
        idling.complete()
        assert idling.engine.core.untagged.dropped == 3
        assert list(idler) == exists(3, 4)


def test_one_response_is_kept_however_large() -> None:
    idling = Idling()
    idling.engine.core.limits.stored_bytes = 10
    with idling.idler as idler:
        idling.news(1)
        idling.hear("FETCH", bytes(1000))
        assert next(idler) == ("FETCH", [bytes(1000)])


@given(st.lists(st.one_of(st.none(), st.integers(0, 40)), max_size=40), st.integers(0, 100))
def test_what_was_taken_counts_no_more(steps: list[int | None], most: int) -> None:
    """None: a user takes one; a number: one of that size comes."""
    idling = Idling()
    idling.engine.core.limits.stored_bytes = most
    kept: list[list[bytes]] = []
    with idling.idler as idler:
        for step in steps:
            if step is None:
                response = next(idler, None)
                assert response == (("FETCH", kept.pop(0)) if kept else None)
            else:
                kept.append([bytes(step)])
                idling.hear("FETCH", *kept[-1])
                while len(kept) > 1 and sum(map(size_of, kept)) > most:
                    kept.pop(0)
        assert list(idler) == [("FETCH", data) for data in kept]
