"""Responses, lines and bytes that are pulled by hand."""

from __future__ import annotations

import contextlib
import select
import socket
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._by_hand.inbox import Queued
from imaplib2._errors import abort

from .helpers import Parts
from .test_own_idle import idle_of

FETCH = b"* 1 FETCH (BODY[] {5}\r\na\r\nbc UID 7)\r\n"
ANSWER = FETCH + b"* 2 EXISTS\r\n+ go on\r\nX1 OK done\r\n"


def heard(data: bytes = ANSWER) -> Parts:
    """Parts whose user has sent a command and may pull *data*."""
    parts = Parts()
    parts.begin()
    parts.port.hear(data)
    return parts


def test_responses() -> None:
    parts = heard()
    assert parts.pulling.get_response(1) == b"* 1 FETCH (BODY[] {5}"
    assert parts.pulling.get_response(1) == b"* 2 EXISTS"
    assert parts.pulling.get_response(1) is None
    assert parts.pulling.continuation == b"go on"
    assert parts.tags.completions == {b"X1": None}
    assert parts.pulling.get_response(1) == b"X1 OK done"
    assert parts.tags.completions == {b"X1": ("OK", [b"done"])}


def test_completions_of_other_threads_are_passed_over() -> None:
    parts = heard(b"T9 OK other\r\nX1 OK done\r\n")
    assert parts.pulling.get_response(1) == b"X1 OK done"


def test_news_are_stored_when_they_are_pulled_as_responses_only() -> None:
    parts = Parts()
    parts.begin()
    idle_of(parts)
    parts.port.in_progress.add(b"X1")
    parts.port.hear(b"* 1 EXISTS\r\n* 1 RECENT\r\n")
    assert parts.pulling.readline(1) == b"* 1 EXISTS\r\n"
    assert parts.pulling.get_response(1) == b"* 1 RECENT"
    assert parts.port.stored == ["RECENT"]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60))
def test_bytes_in_any_portions(sizes: list[int]) -> None:
    parts, got = heard(), b""
    for size in sizes:
        wanted = ANSWER[len(got) : len(got) + size]
        if not wanted:
            break
        got += parts.pulling.receive(size, 1)
        assert ANSWER.startswith(got)
    while len(got) < len(ANSWER):
        got += parts.pulling.receive(100, 1)
    assert got == ANSWER
    assert not parts.pulling.has_some


def test_lines_and_literals() -> None:
    parts = heard()
    assert parts.pulling.readline(1) == b"* 1 FETCH (BODY[] {5}\r\n"
    assert parts.pulling.read(5, 1) == b"a\r\nbc"
    assert parts.pulling.get_line(1) == b" UID 7)"
    assert parts.pulling.get_line(1) == b"* 2 EXISTS"


def test_the_end() -> None:
    parts = heard(b"* 1 EXISTS\r\n")
    parts.port.end("bye")
    assert parts.pulling.receive(100, 1) == b"* 1 EXISTS\r\n"
    assert parts.pulling.receive(100, 1) == b""
    assert parts.pulling.readline(1) == b""
    for pull in (parts.pulling.get_response, parts.pulling.get_line):
        with pytest.raises(abort, match="EOF: bye"):
            pull(1)


def test_what_does_not_come() -> None:
    parts = heard(b"")
    with pytest.raises(TimeoutError):
        parts.pulling.get_response(0.01)
    with pytest.raises(BlockingIOError):
        parts.pulling.get_line(0)
    assert not parts.pulling._pullers


def test_the_news_of_an_idle_are_asked_for() -> None:
    parts = heard(b"* 1 EXISTS\r\n")
    parts.engine.is_polled = True
    assert parts.pulling.readline(1) == b"* 1 EXISTS\r\n"
    assert not parts.engine.calls
    with pytest.raises(BlockingIOError):
        parts.pulling.readline(0)
    assert parts.engine.calls == [("read_polled", 0.0)]


# -- Filing ----------------------------------------------------------------------------------------


def test_what_was_not_pulled_is_read_away() -> None:
    parts = heard()
    assert parts.pulling.has_some
    parts.pulling.file_rest()
    assert not parts.pulling.has_some
    assert parts.tags.completions == {b"X1": ("OK", [b"done"])}


def test_completions_stay_when_another_command_completes() -> None:
    parts = heard()
    parts.pulling.after_command()
    assert parts.queued() == [(b"X1 OK done", False)]


@pytest.mark.parametrize("why", ["open", "unread", "amidst", "waiting", "forked"])
def test_what_is_about_to_be_pulled_stays(why: str) -> None:
    parts = heard()
    if why == "open":
        parts.begin(b"X2")
    elif why == "unread":
        parts.tags.unread.add(b"X1")
    elif why == "amidst":
        parts.pulling.readline(1)
    elif why == "waiting":
        parts.pulling._pullers.add(object())
    elif why == "forked":
        parts.engine.can_wait = False
    count = parts.inbox.responses.qsize()
    parts.pulling.after_command()
    assert parts.inbox.responses.qsize() == count


def test_news_are_stored_when_they_are_read_away() -> None:
    parts = Parts()
    command = idle_of(parts)
    parts.begin()
    parts.port.in_progress.add(b"X1")
    parts.port.hear(b"* 1 EXISTS\r\nX1 OK done\r\n")
    parts.port.in_progress.clear()
    assert parts.idle.to_be_ended() is command
    parts.pulling.file_rest()
    assert parts.port.stored == ["EXISTS"]
    assert parts.idle.to_be_ended() is None


def heard_in_two_pieces() -> Parts:
    parts = Parts()
    parts.begin()
    parts.port.hear(b"* 1 EXISTS\r\n* 0 RECENT\r\n")
    parts.port.hear(b"X1 OK done\r\n")
    return parts


def test_what_came_together_is_received_together() -> None:
    parts = heard_in_two_pieces()
    assert parts.pulling.receive(100, 0) == b"* 1 EXISTS\r\n* 0 RECENT\r\n"
    assert parts.pulling.has_some
    assert parts.pulling.receive(100, 0) == b"X1 OK done\r\n"
    assert not parts.pulling.has_some


def test_what_came_later_can_be_pulled_in_any_way() -> None:
    parts = heard_in_two_pieces()
    parts.pulling.receive(100, 0)
    assert parts.pulling.get_response(0) == b"X1 OK done"
    parts = heard_in_two_pieces()
    parts.pulling.receive(100, 0)
    assert parts.pulling.readline(0) == b"X1 OK done\r\n"


def test_what_came_later_is_filed_with_the_rest() -> None:
    parts = heard_in_two_pieces()
    parts.pulling.receive(100, 0)
    parts.pulling.file_rest()
    assert not parts.pulling.has_some


def test_two_threads_that_pull_at_once_are_both_noted() -> None:
    """By objects: two that add to a number at once may add one."""
    parts = heard(b"")
    seen: list[int] = []

    def wait_for_item(items: Any, deadline: float | None) -> Any:
        seen.append(len(parts.pulling._pullers))
        if len(seen) < 3:
            with contextlib.suppress(BlockingIOError):
                parts.pulling.readline(0)
        return Queued(b"* 1 EXISTS", was_kept=False, came_at=0.0)

    parts.engine.wait_for_item = wait_for_item  # type: ignore[method-assign]
    parts.pulling.readline(1)
    assert seen == [1, 2, 3]
    assert not parts.pulling._pullers


# -- Polling ---------------------------------------------------------------------------------------


def is_readable(channel: Any) -> bool:
    return bool(select.select([channel], [], [], 0)[0])


def test_a_stand_in_is_readable_until_all_is_pulled() -> None:
    parts = heard(b"* 1 EXISTS\r\n* 2 EXISTS\r\n")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert parts.pulling.pollable(ours) is ours
        idle_of(parts)
        assert parts.pulling.pollable(ours) is ours
        parts.engine.is_polled = True
        stand_in = parts.pulling.pollable(ours)
        assert stand_in is not ours
        assert parts.pulling.pollable(ours) is stand_in
        assert is_readable(stand_in)
        parts.pulling.get_response(1)
        assert is_readable(stand_in)
        parts.pulling.get_response(1)
        assert not is_readable(stand_in)
        assert parts.pulling.pollable(ours) is ours
        del stand_in
