"""The core and the threads, as what is done by hand sees them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from imaplib2._by_hand.port import Port
from imaplib2._errors import abort
from imaplib2._protocol.command import Command
from imaplib2._protocol.responses import Untagged, parse

from ..core.helpers import Driver


def ported(driver: Driver) -> Port:
    """The port of *driver*'s core, with threads that have no mutex."""
    port = Port(driver.core)
    engine: Any = SimpleNamespace(can_wait=True, locked=lambda function: function(driver.core))
    port.engine = engine
    return port


def untagged(line: bytes) -> Untagged:
    response = parse(line)
    assert isinstance(response, Untagged)
    return response


def test_without_threads() -> None:
    port = Port(Driver().core)
    assert not port.can_serve
    assert not port.forget_unseen(b"X1")
    port.reserve(b"X1")
    port.release(b"X1")
    assert not port.is_reserved(b"X1")
    with pytest.raises(abort, match="not connected"):
        port.running()


def test_with_threads_that_can_do_nothing() -> None:
    port = ported(Driver())
    assert port.can_serve
    port.running().can_wait = False  # type: ignore[misc]
    assert not port.can_serve
    with pytest.raises(abort, match="forked child"):
        port.new_tag()


def test_commands_and_tags() -> None:
    driver = Driver.selected()
    port = ported(driver)
    command = driver.submit("NOOP")
    assert port.is_in_progress(command.tag)
    assert port.is_still_in_progress(command.tag)
    assert port.tags_in_progress() == [command.tag]
    assert port.new_tag() not in (command.tag, port.new_tag())
    port.reserve(b"X1")
    assert port.is_reserved(b"X1")
    port.release(b"X1")
    assert not port.is_reserved(b"X1")
    port.reserve(b"X1")
    port.release_at_once(b"X1")
    assert not port.is_reserved(b"X1")


def test_a_command_that_leaves_unseen() -> None:
    driver = Driver.selected()
    port = ported(driver)
    port.expect_unseen(Command.sent_by_hand(b"X1", b"X1"))
    assert port.forget_unseen(b"X1")
    assert not port.forget_unseen(b"X1")


def test_responses_are_heard_until_the_tap_is_ended() -> None:
    driver = Driver.selected()
    port, heard = ported(driver), list[Any]()
    port.run(lambda: port.tap(heard.append))
    driver.receive(b"* 1 EXISTS\r\n")
    port.end_tap()
    driver.receive(b"* 2 EXISTS\r\n")
    port.tap(heard.append)
    driver.core.fail(abort("gone"))
    assert heard == [b"* 1 EXISTS", None]
    assert "gone" in str(port.reason)


def test_responses_are_stored_with_the_others() -> None:
    driver = Driver.selected()
    port = ported(driver)
    port.store(untagged(b"* 1 EXISTS"))
    port.store_at_once(untagged(b"* 2 EXISTS"))
    assert driver.core.untagged.take("EXISTS") == [b"1", b"2"]


def test_the_time_out_holds_for_what_is_awaited() -> None:
    driver = Driver.selected()
    port = ported(driver)
    port.set_timeout(7.0)
    driver.submit("NOOP")
    assert driver.core.next_deadline() == driver.now + 7


def test_secrets_are_hidden_while_there_is_a_login() -> None:
    driver = Driver()
    port = ported(driver)
    port.hide_secrets(b"nothing secret")
    driver.submit("LOGIN", "a", "b")
    driver.core.in_progress[b"X1"] = Command.sent_by_hand(b"X1", b"X1 LOGIN")
    port.hide_secrets(b'X1 LOGIN user "hunter2"\r\n')
    assert b"hunter2" not in driver.core.secrets.head(b"hunter2 is no secret", 100)
