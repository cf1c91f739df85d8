"""Responses that are queued for users who pull them."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol.framing import frame_size
from imaplib2._protocol.limits import Limits, ProtocolViolation

from .helpers import Parts
from .test_own_idle import idle_of


def test_nothing_is_queued_while_nobody_listens() -> None:
    parts = Parts()
    parts.port.hear(b"* 1 EXISTS\r\n")
    assert not parts.queued()
    assert not parts.port.is_used


def test_all_is_queued_until_the_command_has_completed() -> None:
    parts = Parts()
    parts.begin()
    parts.port.hear(b"* 1 EXISTS\r\nX1 OK done\r\n* 2 EXISTS\r\n")
    assert parts.queued() == [(b"* 1 EXISTS", False), (b"X1 OK done", False)]
    assert parts.port.is_used
    assert not parts.tags.open


def test_one_response_is_queued_where_there_is_no_command() -> None:
    parts = Parts()
    parts.inbox.listen()
    parts.port.hear(b"* 1 EXISTS\r\n* 2 EXISTS\r\n")
    assert parts.queued() == [(b"* 1 EXISTS", False)]


def test_commands_that_overlap_are_listened_for_until_the_last_has_completed() -> None:
    parts = Parts()
    parts.begin(b"X1")
    parts.begin(b"X2")
    parts.port.hear(b"X2 OK done\r\n* 1 EXISTS\r\nX1 OK done\r\n* 2 EXISTS\r\n")
    assert len(parts.queued()) == 3


def test_the_end_is_queued_for_those_who_listen_before_and_behind_it() -> None:
    parts = Parts()
    parts.begin()
    parts.port.end()
    assert parts.queued() == [None]
    parts.inbox.listen()
    assert parts.queued() == [None]


def test_the_news_of_an_idle_are_marked() -> None:
    parts = Parts()
    parts.begin()
    idle_of(parts)
    parts.port.in_progress.add(b"X1")
    parts.port.hear(b"* 1 EXISTS\r\n")
    parts.port.in_progress.clear()
    parts.port.hear(b"* 2 EXISTS\r\n")
    assert [was_kept for _, was_kept in parts.queued()] == [True, False]


def test_news_that_are_dropped_are_stored() -> None:
    parts = Parts()
    parts.port.limits = Limits(stored=2)
    parts.begin()
    idle_of(parts)
    parts.port.in_progress.add(b"X1")
    parts.port.hear(b"* 1 EXISTS\r\n* 1 RECENT\r\n* 1 EXPUNGE\r\n")
    assert parts.port.stored == ["EXISTS"]


def test_a_completion_that_is_dropped_is_forgotten() -> None:
    parts = Parts()
    parts.port.limits = Limits(stored=2)
    parts.begin(b"X1")
    parts.begin(b"X2")
    parts.tags.note_on_socket(b"X2")
    parts.port.hear(b"X2 OK done\r\n* 1 EXISTS\r\n* 2 EXISTS\r\n")
    assert parts.port.reserved == {b"X1"}


def test_nothing_is_dropped_for_a_user_who_pulls_but_there_is_a_limit() -> None:
    parts = Parts()
    parts.port.limits = Limits(stored=2, collected=5)
    parts.begin()
    parts.inbox.is_pulled = True
    parts.port.hear(b"* 1 EXISTS\r\n" * 5)
    with pytest.raises(ProtocolViolation, match="more than 5 responses"):
        parts.port.hear(b"* 1 EXISTS\r\n")


@given(
    st.lists(st.one_of(st.integers(0, 50), st.none()), max_size=40),
    st.integers(1, 5),
    st.integers(1, 200),
)
def test_what_waits_is_bounded_in_number_and_size(
    steps: list[int | None], number: int, size: int
) -> None:
    """A number is the size of a response that comes; None takes one."""
    parts = Parts()
    parts.port.limits = Limits(stored=number, stored_bytes=size)
    parts.begin()
    newest = None
    for step in steps:
        if step is None:
            parts.inbox.take()
            continue
        newest = b"* X " + b"x" * step
        parts.port.hear(newest + b"\r\n")
    queued = parts.queued()
    sizes = sum(frame_size(frame) for frame, _ in queued)
    assert len(queued) <= number
    assert sizes <= size or len(queued) == 1
    assert not queued or queued[-1][0] == newest


def test_a_command_is_over_before_its_completion_can_be_pulled() -> None:
    """Its tag may be used again as soon as that was pulled."""
    parts = Parts()
    parts.begin()
    put, open_then = parts.inbox.responses.put, list[bool]()

    class Queue:
        def put(self, item: object) -> None:
            open_then.append(b"X1" in parts.tags.open)

        def __getattr__(self, name: str) -> object:
            return getattr(put.__self__, name)

    parts.inbox.responses = Queue()  # type: ignore[assignment]
    parts.port.hear(b"* 1 EXISTS\r\nX1 OK done\r\n")
    assert open_then == [True, False]
