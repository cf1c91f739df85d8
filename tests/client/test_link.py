"""State and socket of a client that has no connection yet."""

from __future__ import annotations

import re
from typing import Any

import pytest

from imaplib2._errors import abort
from imaplib2._link import Link
from imaplib2._protocol.untagged import UntaggedResponses


def unconnected(cls: type[Link] = Link) -> Any:
    link = cls()
    link._engine = None
    return link


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "SELECTED"),
        ("capabilities", ("IMAP4REV1", "IDLE")),
        ("welcome", b"hello"),
        ("mailbox", "INBOX"),
        ("is_readonly", True),
        ("utf8_enabled", True),
    ],
)
def test_state_is_that_of_the_core(name: str, value: Any) -> None:
    link = unconnected()
    setattr(link, name, value)
    assert getattr(link, name) == getattr(link._core, name) == value


def test_capabilities_are_kept_as_a_tuple() -> None:
    link = unconnected()
    link.capabilities = ["IMAP4REV1"]
    assert link.capabilities == ("IMAP4REV1",)


def test_a_connection_that_has_a_reason_to_be_over_is_over() -> None:
    link = unconnected()
    assert not link.Terminate
    link._core.reason = abort("gone")
    assert link.Terminate


def test_the_debug_level_is_that_of_the_trace() -> None:
    link = unconnected()
    link.debug = 4
    assert link.debug == link._trace.level == 4


def test_untagged_responses_stay_the_same_when_they_are_added_to() -> None:
    link = unconnected()
    before = link.untagged_responses
    link.untagged_responses += [["EXISTS", [b"3"]]]
    assert link.untagged_responses is before
    link.untagged_responses = {}
    assert link.untagged_responses is not before
    assert isinstance(link.untagged_responses, UntaggedResponses)


def test_the_core_can_be_asked_without_threads() -> None:
    link = unconnected()
    link.untagged_responses = {"EXISTS": [b"3"]}
    assert link._take_untagged("EXISTS") == [b"3"]
    assert not link._take_untagged("EXISTS")


def test_there_are_no_threads_yet() -> None:
    with pytest.raises(abort, match="not connected yet"):
        unconnected()._running_engine()


def test_a_new_core_has_the_old_limits_and_a_prefix_of_its_own() -> None:
    link = unconnected()
    link.limits.line = 12345
    before, hooks = link._core, link._hooks
    link._renew_core(link.limits)
    assert link._core is not before
    assert link._hooks is not hooks
    assert link.limits.line == 12345
    assert re.fullmatch(rb"[A-P]{4}[0-9]+", link._core.new_tag())


def test_a_subclass_s_attribute_stands_in_the_place_of_the_socket() -> None:
    class Own(Link):
        sock: Any = "mine"  # type: ignore[assignment]

    assert unconnected()._own_sock() is None
    assert unconnected(Own)._own_sock() == "mine"
    link = unconnected()
    link.sock = "a socket"
    assert link._own_sock() == link.sock == link.socket() == "a socket"


@pytest.mark.parametrize(
    ("timeout", "expected"), [(5, 5), (0.5, 0.5), (None, None), (0, None), (True, None), ("", None)]
)
def test_a_time_out_of_a_subclass_may_be_anything(timeout: Any, expected: Any) -> None:
    link = unconnected()
    link.timeout = timeout
    assert link._time_limit() == expected


def test_whether_lines_are_read_is_known_by_the_hooks() -> None:
    link = unconnected()
    assert link.reads_lines is False
    link.reads_lines = True
    assert link._hooks.reads_lines is True
    assert link.reads_lines is True
