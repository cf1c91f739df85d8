"""What a server says against a command without a tag, and what becomes of the command then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from imaplib2._errors import abort, error
from imaplib2._protocol.arguments import Secret
from imaplib2._protocol.command import Command, Idle

from .helpers import Driver

SAID = "(the server said: NO [OVERQUOTA] too much)"
ENDS: dict[str, tuple[Callable[[Driver, Command], Any], str]] = {
    "BAD": (
        lambda driver, command: driver.complete(command, "BAD what?"),
        "APPEND command error: ",
    ),
    "time-out": (lambda driver, command: driver.tick(1000.0), "timed out: no answer "),
    "BYE": (
        lambda driver, command: driver.receive(b"* BYE so long\r\n"),
        "server said BYE: so long",
    ),
    "EOF": (lambda driver, command: driver.core.end_of_file(), "socket error: EOF"),
    "violation": (lambda driver, command: driver.receive(b"what\r\n"), "unexpected response"),
}


def failed(driver: Driver, command: Command, end: str) -> str:
    """The text of the exception, whose beginning is what it is without an objection."""
    finish, beginning = ENDS[end]
    finish(driver, command)
    driver.receive(b"")
    text = str(driver.error(command))
    assert text.startswith(beginning)
    return text


@pytest.fixture
def driver() -> Driver:
    return Driver.selected(timeout=100.0)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("wire", ["* NO %s\r\n", "* no %s\r\n* OK never mind\r\n* 5 EXISTS\r\n"])
def test_it_stands_in_the_exception_that_follows(driver: Driver, end: str, wire: str) -> None:
    append = driver.submit("APPEND", "box", None, None, literal=b"hello")
    driver.receive(b"* BAD not this one\r\n" + (wire % "[OVERQUOTA] too much").encode())
    text = failed(driver, append, end)
    assert SAID in text
    assert "not this one" not in text
    if end != "BAD":
        assert SAID in str(driver.core.reason)
        with pytest.raises(abort) as caught:
            driver.submit("NOOP")
        assert SAID in str(caught.value)


@pytest.mark.parametrize("end", ENDS)
def test_what_was_said_before_the_command_was_sent_does_not(driver: Driver, end: str) -> None:
    noop = driver.submit("NOOP")
    driver.receive(b"* NO [OVERQUOTA] too much\r\n")
    driver.complete(noop)
    append = driver.submit("APPEND", "box", None, None, literal=b"hello")
    assert "the server said" not in failed(driver, append, end)


def test_of_two_commands_only_the_one_that_was_sent_before_it_is_told(driver: Driver) -> None:
    first = driver.submit("NOOP")
    driver.receive(b"* NO [OVERQUOTA] too much\r\n")
    second = driver.submit("NOOP")
    driver.complete(second, "BAD what?")
    driver.complete(first, "BAD what?")
    assert str(driver.error(second)) == "NOOP command error: BAD [b'what?']"
    assert str(driver.error(first)) == f"NOOP command error: BAD [b'what?'] {SAID}"


def test_the_end_on_purpose_says_no_more_than_that(driver: Driver) -> None:
    noop = driver.submit("NOOP")
    driver.receive(b"* NO [OVERQUOTA] too much\r\n")
    driver.core.close(logged_out=False)
    driver.receive(b"")
    assert "the server said" not in str(driver.error(noop))


def test_it_stands_there_too_when_an_idle_takes_it(driver: Driver) -> None:
    news: list[Any] = []
    idle = driver.submit("IDLE", idle=Idle(capture=lambda type_, data: news.append((type_, data))))
    driver.receive(b"+ idling\r\n* NO [OVERQUOTA] too much\r\n* BYE so long\r\n")
    assert SAID in str(driver.error(idle))
    assert news[0] == ("NO", [b"[OVERQUOTA] too much"])


@pytest.mark.parametrize("name", ["LOGIN", "AUTHENTICATE"])
def test_it_holds_no_secret(name: str) -> None:
    driver = Driver(timeout=100.0)
    login = driver.submit(name, "joe" if name == "LOGIN" else "PLAIN", Secret(b"hunter2horse"))
    driver.receive(b"* NO [AUTHENTICATIONFAILED] hunter2horse is wrong for joe\r\n")
    driver.tick(1000.0)
    text = str(driver.error(login))
    assert "(the server said: NO [AUTHENTICATIONFAILED] [secret] is wrong for joe)" in text
    assert "hunter2horse" not in text


def test_it_is_one_short_line(driver: Driver) -> None:
    noop = driver.submit("NOOP")
    driver.receive(b"* NO \x1b[2J\x85" + b"x" * 100_000 + b"\r\n")
    driver.fail(abort("gone"))
    text = str(driver.error(noop))
    assert isinstance(driver.error(noop), error)
    assert text.isprintable()
    assert len(text) < 1000
