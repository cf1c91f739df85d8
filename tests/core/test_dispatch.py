"""Commands on their way: what each of their steps says to the driver."""

from __future__ import annotations

from typing import Any

import pytest

from imaplib2._errors import abort
from imaplib2._protocol.connection import Connection
from imaplib2._protocol.dispatch import Dispatch
from imaplib2._protocol.events import Completed, Failed, Greeted, Lost, RoomMade
from imaplib2._protocol.reception import Reception

from .helpers import Driver


def test_the_floors_stand_on_each_other() -> None:
    assert Connection.__mro__[:3] == (Connection, Reception, Dispatch)


def test_a_command_ends_with_one_event() -> None:
    driver = Driver.authenticated()
    driver.events.clear()
    noop = driver.submit("NOOP")
    assert driver.events == []
    driver.complete(noop)
    assert driver.events == [Completed(noop, "OK", [b"done"])]


def test_the_question_for_the_capabilities_is_nobodys() -> None:
    driver = Driver(b"* OK hi\r\n")
    assert driver.events == []
    assert driver.sent() == b"A1 CAPABILITY\r\n"
    driver.receive(b"* CAPABILITY IMAP4rev1\r\nA1 OK done\r\n")
    assert driver.events == [Greeted()]
    assert driver.core.capabilities == ("IMAP4REV1",)


def test_a_login_is_told_once_its_capabilities_are_known() -> None:
    driver = Driver()
    login = driver.submit("LOGIN", "me", "secret")
    driver.sent()
    driver.complete(login)
    assert driver.pending(login)
    assert driver.sent() == b"A2 CAPABILITY\r\n"
    driver.receive(b"A2 BAD no such thing\r\n")
    assert driver.result(login) == ("OK", [b"done"])


def test_room_is_made_when_it_is_the_turn_of_a_command_by_hand() -> None:
    driver = Driver.authenticated()
    noop = driver.submit("NOOP")
    by_hand = driver.command("NOOP")
    by_hand.row = by_hand.row.but(alone=True)
    by_hand.by_hand = True
    driver.core.submit(by_hand, 0.0)
    driver.receive(b"")
    assert RoomMade(by_hand) not in driver.events
    driver.complete(noop)
    assert driver.events[-1] == RoomMade(by_hand)


def test_the_end_tells_all_once_and_the_first_reason() -> None:
    driver = Driver.authenticated()
    noop, logout = driver.submit("NOOP"), driver.submit("LOGOUT")
    driver.events.clear()
    driver.fail(abort("first"))
    driver.fail(abort("second"))
    failed, completed, lost = driver.events
    assert isinstance(failed, Failed)
    assert isinstance(completed, Completed)
    assert isinstance(lost, Lost)
    assert (failed.command, completed.command) == (noop, logout)
    assert "first" in str(failed.error)
    assert "first" in str(lost.reason)
    assert not driver.core.in_progress
    assert not driver.core.held


class Full(list[Any]):
    """Events, of which there is room for one."""

    def append(self, event: Any) -> None:
        if self:
            raise MemoryError
        super().append(event)


def test_an_end_that_was_cut_short_goes_on_and_tells_the_first_reason() -> None:
    driver = Driver.authenticated()
    commands = [driver.submit("NOOP") for _ in range(3)]
    driver.events.clear()
    driver.core.events = Full()
    with pytest.raises(MemoryError):
        driver.core.fail(abort("first"))
    driver.events, driver.core.events = driver.core.events, []
    driver.fail(abort("second"))
    *failed, lost = list.copy(driver.events)
    assert [event.command for event in failed if isinstance(event, Failed)] == commands
    assert isinstance(lost, Lost)
    assert "first" in str(lost.reason)
