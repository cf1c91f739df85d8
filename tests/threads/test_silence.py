"""When a peer that acknowledges nothing is given up."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._clock import Clock
from imaplib2._threads import silence
from imaplib2._threads.silence import Silence

from .helpers import Channel

LIMIT, LOOK = 120.0, 3.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which the test sets."""
    now = [1000.0]
    monkeypatch.setattr(Clock, "now", staticmethod(lambda: now[0]))
    return now


def look(at: Silence, channel: Any) -> TimeoutError | None:
    return at.end_of_patience(channel)


def test_nothing_is_looked_at_while_nothing_was_sent(clock: list[float]) -> None:
    channel, quiet = Channel(), Silence()
    clock[0] += 1e6
    assert look(quiet, channel) is None
    assert channel.looks == 0
    assert quiet.next_look is None


def test_it_begins_with_what_is_sent_though_the_look_was_due_anyway(clock: list[float]) -> None:
    channel, quiet = Channel(), Silence()
    quiet.look_soon()
    look_at = quiet.next_look
    clock[0] += LOOK - 1.0
    quiet.begin()
    assert quiet.next_look == look_at
    channel.silence = LOOK + 10.0
    clock[0] += 1.0
    assert quiet.look(channel) == 1.0  # type: ignore[arg-type]


def test_a_first_look_without_anything_sent_is_the_last(clock: list[float]) -> None:
    channel, quiet = Channel(), Silence()
    quiet.look_soon()
    clock[0] += LOOK
    assert look(quiet, channel) is None
    assert channel.looks == 1
    assert quiet.next_look is None


@pytest.mark.parametrize("looked", [False, True])
def test_what_was_heard_long_ago_is_no_silence_of_what_was_just_sent(
    clock: list[float], looked: bool
) -> None:
    """Which its sender has yet to say; or another thread that looks has forgotten it meanwhile."""
    channel, quiet = Channel(), Silence()
    if looked:
        quiet.begin()
        clock[0] += LOOK
        channel.silence = None
        assert look(quiet, channel) is None
    quiet.look_soon()
    clock[0] += 10 * LIMIT
    channel.silence = 10 * LIMIT
    assert look(quiet, channel) is None
    # From here on, it counts.
    clock[0] += LIMIT
    channel.silence = 11 * LIMIT
    assert look(quiet, channel) is not None


@pytest.mark.parametrize("forgotten", ["since", "next_look"])
def test_what_begins_while_another_thread_looks(clock: list[float], forgotten: str) -> None:
    """A look forgets the one attribute, then the other: any may go in between."""

    class Forgetful(Silence):
        def __setattr__(self, name: str, value: Any) -> None:
            super().__setattr__(name, None if name == forgotten else value)

    Forgetful().begin()


def test_it_is_looked_at_only_when_that_is_due(clock: list[float]) -> None:
    channel, quiet = Channel(), Silence()
    quiet.begin()
    channel.silence = 3.0
    clock[0] += LOOK - 0.1
    assert look(quiet, channel) is None
    assert channel.looks == 0
    clock[0] += 0.1
    assert look(quiet, channel) is None
    assert channel.looks == 1
    assert quiet.next_look == clock[0] + LOOK


def test_it_ends_when_all_is_acknowledged(clock: list[float]) -> None:
    channel, quiet = Channel(), Silence()
    quiet.begin()
    clock[0] += LOOK
    assert look(quiet, channel) is None
    assert quiet.next_look is None


def test_a_silent_peer_is_given_up(clock: list[float]) -> None:
    channel, quiet = Channel(), Silence()
    quiet.begin()
    problem = None
    while problem is None:
        clock[0] += LOOK
        channel.silence = clock[0] - 1000.0
        problem = look(quiet, channel)
    assert clock[0] == 1000.0 + LIMIT
    assert problem.errno == errno.ETIMEDOUT
    assert "has acknowledged nothing for 120 seconds" in str(problem)


def test_what_was_heard_before_anything_was_sent_is_no_silence(clock: list[float]) -> None:
    channel, quiet = Channel(), Silence()
    channel.silence = 1e6
    quiet.begin()
    clock[0] += LOOK
    assert quiet.look(channel) == LOOK  # type: ignore[arg-type]


@given(before=st.none() | st.floats(0, 1e6), look=st.none() | st.floats(0, 1e6))
def test_the_earlier_of_look_and_deadline(before: float | None, look: float | None) -> None:
    quiet = Silence()
    quiet.next_look = look
    given_ = [time for time in (before, look) if time is not None]
    assert quiet.before(before) == min(given_, default=None)


def test_the_limits_are_those_of_the_documentation() -> None:
    assert (silence._SILENCE_LIMIT, silence._SILENCE_LOOK) == (LIMIT, LOOK)
