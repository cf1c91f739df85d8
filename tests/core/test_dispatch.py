"""Commands on their way: what each of their steps says to the driver."""

from __future__ import annotations

from typing import Any

import pytest

from imaplib2._errors import abort, about, error, readonly
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


# -- What exceptions know ------------------------------------------------------------------------


def known(problem: error) -> dict[str, Any]:
    """What *problem* knows, and nothing else."""
    return {name: value for name, value in about(problem).items() if value is not None}


def knowing(driver: Driver) -> Driver:
    driver.core.where = "example.org:143"
    return driver


BUSY = {"code": "LIMIT", "code_data": b"5", "text": "busy"}
WHERE = {"where": "example.org:143"}


@pytest.mark.parametrize("name", ["NOOP", "UID FETCH", "SELECT"])
def test_what_a_bad_answer_tells(name: str) -> None:
    driver = knowing(Driver.selected())
    command = driver.submit(name, *{"UID FETCH": ["1", "FLAGS"], "SELECT": ["x"]}.get(name, []))
    driver.complete(command, "BAD [LIMIT 5] busy")
    answer = {"command": name, "tag": command.tag, "type": "BAD"}
    assert known(driver.error(command)) == answer | BUSY | WHERE


@pytest.mark.parametrize("typ", ["OK", "NO", "BAD"])
def test_who_makes_an_exception_of_an_answer_is_told_of_it(typ: str) -> None:
    driver = knowing(Driver.authenticated())
    command = driver.submit("NOOP")
    command.as_it_came = True
    command.answer = {}
    driver.complete(command, f"{typ} [LIMIT 5] busy")
    assert driver.result(command) == (typ, [b"[LIMIT 5] busy"])
    answer = {"command": "NOOP", "tag": command.tag, "type": typ}
    assert command.answer == ({} if typ == "OK" else answer | BUSY | WHERE)


def test_what_is_known_of_a_mailbox_that_can_not_be_written() -> None:
    driver = knowing(Driver.authenticated())
    select = driver.submit("SELECT", "x")
    driver.complete(select, "OK [READ-ONLY] look")
    answer = {"type": "OK", "code": "READ-ONLY", "code_data": b"", "text": "look"}
    assert known(driver.error(select)) == answer | WHERE | {"command": "SELECT", "tag": select.tag}
    with pytest.raises(readonly) as raised:
        driver.submit("STORE", "1", "FLAGS", "x")
    assert known(raised.value) == WHERE | {"command": "STORE", "code": "READ-ONLY"}


def test_what_is_known_of_what_was_not_sent() -> None:
    driver = knowing(Driver.selected())
    select = driver.submit("SELECT", "x")
    held = driver.submit("EXPUNGE")
    driver.complete(select, "NO gone")
    assert known(driver.error(held)) == WHERE | {"command": "EXPUNGE"}
    driver = knowing(Driver())
    for name, arguments in (("EXPUNGE", []), ("UID STORE", ["1", "FLAGS", "x"])):
        with pytest.raises(error) as raised:
            driver.submit(name, *arguments)
        assert known(raised.value) == WHERE | {"command": name}


def test_what_is_known_of_what_has_become_illegal() -> None:
    driver = knowing(Driver.authenticated())
    login = driver.command("LOGIN", "me", "secret")
    driver.core.state = "NONAUTH"
    noop = driver.submit("NOOP")
    driver.core.submit(login, driver.now)
    driver.core.state = "AUTH"
    driver.complete(noop)
    assert known(driver.error(login)) == WHERE | {"command": "LOGIN"}


def test_what_is_known_of_the_end() -> None:
    driver = knowing(Driver.authenticated())
    noop, select = driver.submit("NOOP"), driver.submit("SELECT", "x")
    driver.receive(b"* BYE [LIMIT 5] busy\r\n")
    end = WHERE | BUSY | {"type": "BYE"}
    assert known(driver.error(noop)) == end | {"command": "NOOP", "tag": noop.tag}
    assert known(driver.error(select)) == end | {"command": "SELECT"}
    assert driver.core.reason is not None
    assert known(driver.core.reason) == end
    (lost,) = [event for event in driver.events if isinstance(event, Lost)]
    assert known(lost.reason) == end
    with pytest.raises(abort) as raised:
        driver.submit("NOOP")
    assert known(raised.value) == end | {"command": "NOOP"}


def test_what_is_known_of_a_silent_server() -> None:
    driver = knowing(Driver.authenticated(timeout=5.0))
    noop = driver.submit("NOOP")
    driver.tick(6.0)
    assert known(driver.error(noop)) == WHERE | {"command": "NOOP", "tag": noop.tag}


def test_nothing_secret_is_known() -> None:
    driver = knowing(Driver())
    login = driver.submit("LOGIN", "me", "sesame")
    login.answer = {}
    driver.complete(login, 'NO [X-ECHO "sesame"] who is sesame?')
    assert "sesame" not in repr(login.answer)
    assert login.answer["code"] == "X-ECHO"
    login = driver.submit("LOGIN", "me", "sesame")
    driver.receive(b"* BYE [X-ECHO sesame] not sesame\r\n")
    assert "sesame" not in repr(about(driver.error(login)))
