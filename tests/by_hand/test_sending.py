"""Commands whose bytes a user sends."""

from __future__ import annotations

from typing import Any

import pytest

from imaplib2._errors import abort, error
from imaplib2._protocol.command import Command

from .helpers import Parts


def test_room_is_made_for_a_command_once() -> None:
    parts = Parts()
    tag = parts.sending.new_tag()
    assert parts.sending.before_sending(tag + b" NOOP\r\n")
    assert parts.engine.calls == [("make_room", tag)]
    assert parts.tags.open == parts.tags.unread == {tag}
    assert parts.sending.before_sending(tag + b" in a literal\r\n")
    assert parts.engine.calls == [("make_room", tag)]


def test_what_came_before_its_turn_is_not_the_user_s() -> None:
    parts = Parts()
    tag = parts.sending.new_tag()
    parts.engine.before_room = lambda: parts.port.hear(b"* 1 EXISTS\r\n")
    parts.sending.before_sending(tag + b" NOOP\r\n")
    parts.port.hear(tag + b" OK done\r\n")
    assert parts.queued() == [(tag + b" OK done", False)]


def test_bytes_without_a_tag_of_ours_go_out_as_they_are() -> None:
    parts = Parts()
    assert parts.sending.before_sending(memoryview(b"X1 NOOP\r\n"))
    assert not parts.engine.calls
    assert parts.port.hidden == [b"X1 NOOP\r\n"]


@pytest.mark.parametrize("problem", [TimeoutError, error, KeyboardInterrupt])
def test_a_turn_that_does_not_come(problem: type[BaseException]) -> None:
    parts = Parts()

    def before_room() -> None:
        raise problem

    parts.engine.before_room = before_room
    tag = parts.sending.new_tag()
    with pytest.raises(problem):
        parts.sending.before_sending(tag + b" NOOP\r\n")
    assert parts.engine.calls == [("make_room", tag), ("give_up", tag)]
    assert not parts.tags.completions
    assert not parts.tags.pending
    assert not parts.port.reserved


def test_an_interruption_amidst_a_command_ends_the_connection() -> None:
    parts = Parts()
    tag = parts.sending.new_tag()
    parts.sending.before_sending(tag + b" APPEND x {2}\r\n")

    def interrupted(data: Any) -> None:
        raise KeyboardInterrupt

    parts.port.hide_secrets = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        parts.sending.before_sending(b"ab\r\n")
    assert parts.engine.calls[-1] == ("fail", "KeyboardInterrupt while data was sent")


@pytest.mark.parametrize("done", [b"DONE\r\n", b"done\n", b" Done "])
def test_done_ends_the_idle(done: bytes) -> None:
    parts = Parts()
    tag = parts.sending.new_tag()
    parts.sending.before_sending(tag + b" IDLE\r\n")
    assert not parts.sending.before_sending(done)
    assert parts.engine.calls[-1] == ("end_idle", tag)
    # The next one may be a literal's.
    assert parts.sending.before_sending(done)


def test_a_tag_whose_command_may_leave_unseen_is_expected_at_once() -> None:
    parts = Parts()
    parts.port.sends_unseen = True
    tag = parts.sending.new_tag()
    assert parts.port.unseen == parts.tags.open == {tag}
    assert tag in parts.tags.pending
    parts.sending.before_sending(tag + b" NOOP\r\n")  # it is seen after all
    assert parts.engine.calls == [("make_room", tag)]
    assert not parts.port.unseen


def test_a_command_that_the_library_sends() -> None:
    parts = Parts()
    command = Command.sent_by_hand(b"", b"? NOOP")
    parts.sending.open(command)
    assert command.leaves_data
    assert parts.tags.pending[command.tag] is command.waiter
    assert parts.tags.open == {command.tag}
    command.waiter.set(("OK", [b"done"]))
    assert parts.sending.complete("NOOP", command.tag) == ("OK", [b"done"])
    assert not parts.tags.completions
    with pytest.raises(error, match="no command with the tag"):
        parts.sending.complete("NOOP", command.tag)


def test_a_command_that_the_server_does_not_understand() -> None:
    parts = Parts()
    command = Command.sent_by_hand(b"", b"? NOOP")
    parts.sending.open(command)
    command.waiter.set(("BAD", [b"what?"]))
    with pytest.raises(error, match="NOOP command error: BAD"):
        parts.sending.complete("NOOP", command.tag)
    assert not parts.tags.completions


def test_nothing_is_sent_where_there_are_no_threads() -> None:
    parts = Parts()
    tag = parts.sending.new_tag()
    parts.engine.can_wait = False
    with pytest.raises(abort, match="forked child"):
        parts.sending.before_sending(tag + b" NOOP\r\n")
    parts.port.engine = None
    with pytest.raises(abort, match="not connected"):
        parts.sending.new_tag()
