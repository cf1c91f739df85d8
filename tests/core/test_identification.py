"""The ID that goes out behind a login: in its place, once, and with no consequences."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol.command import Idle
from imaplib2._protocol.identification import Identification

from .helpers import Driver

LINE = b'ID ("name" "x")'
WITH_ID = b"* OK [CAPABILITY IMAP4rev1 ID IDLE] ready\r\n"
LOGGED_IN = "OK [CAPABILITY IMAP4rev1 ID IDLE] welcome"


def identifying(greeting: bytes = WITH_ID) -> Driver:
    driver = Driver(None)
    driver.core.identification = LINE
    driver.receive(greeting)
    return driver


def login(driver: Driver, text: str = LOGGED_IN) -> None:
    command = driver.submit("LOGIN", "me", "secret")
    driver.sent()
    driver.complete(command, text)


def id_line(driver: Driver) -> bytes:
    """The tag of the one ID that was sent, and nothing else."""
    tag, _, line = driver.sent().partition(b" ")
    assert line == LINE + b"\r\n"
    return tag


def test_it_is_for_servers_that_list_it() -> None:
    part = Identification()
    assert not part.is_due(("ID",))
    part.line = LINE
    assert part.is_due(("IMAP4REV1", "ID"))
    assert not part.is_due(("IMAP4REV1", "IDLE"))


def test_one_answer_is_expected() -> None:
    part = Identification()
    part.line = LINE
    assert not part.takes_data()
    assert not part.is_answered_by(b"A1")
    assert part.begin(b"A1") == b"A1 " + LINE + b"\r\n"
    assert (part.takes_data(), part.takes_data()) == (True, False)
    assert (part.is_answered_by(b"A1"), part.is_answered_by(b"A1")) == (True, False)
    part.begin(b"A2")
    assert part.is_answered_by(b"A2")
    assert not part.takes_data()


@pytest.mark.parametrize("name", ["LOGIN", "AUTHENTICATE"])
def test_it_goes_out_behind_a_login(name: str) -> None:
    driver = identifying()
    command = driver.submit(name, *(["me", "secret"] if name == "LOGIN" else ["X"]))
    assert LINE not in driver.sent()
    driver.complete(command, LOGGED_IN)
    id_line(driver)
    assert driver.result(command)[0] == "OK"


@pytest.mark.parametrize("text", ["NO wrong", "BAD what"])
def test_not_behind_a_refused_one(text: str) -> None:
    driver = identifying()
    login(driver, text)
    assert driver.sent() == b""
    login(driver)
    id_line(driver)


def test_it_goes_out_behind_preauth() -> None:
    id_line(identifying(WITH_ID.replace(b"OK", b"PREAUTH")))


def test_not_behind_a_greeting() -> None:
    assert identifying().sent() == b""


def test_not_where_the_server_does_not_list_it() -> None:
    driver = identifying()
    login(driver, "OK [CAPABILITY IMAP4rev1] welcome")
    assert driver.sent() == b""


def test_not_where_it_is_not_wanted() -> None:
    driver = Driver(WITH_ID)
    login(driver)
    assert driver.sent() == b""


def test_it_waits_for_the_capabilities_and_all_else_for_it() -> None:
    driver = identifying(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
    command = driver.submit("LOGIN", "me", "secret")
    behind = driver.submit("NOOP")
    driver.sent()
    driver.complete(command, "OK welcome")
    tag, _, line = driver.sent().partition(b" ")
    assert line == b"CAPABILITY\r\n"
    assert driver.pending(command)
    driver.receive(b"* CAPABILITY IMAP4rev1 ID\r\n" + tag + b" OK done\r\n")
    sent = driver.sent().splitlines()
    assert sent[0].endswith(LINE)
    assert sent[1:] == [behind.tag + b" NOOP"]


def test_without_it_nothing_waits() -> None:
    driver = Driver(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
    command = driver.submit("LOGIN", "me", "secret")
    behind = driver.submit("NOOP")
    driver.sent()
    driver.complete(command, "OK welcome")
    assert driver.sent().endswith(b" CAPABILITY\r\n" + behind.tag + b" NOOP\r\n")


@pytest.mark.parametrize("answer", [b"OK", b"NO [ALERT] no", b"BAD what", None])
@pytest.mark.parametrize("data", [b'* ID ("name" "Dovecot")\r\n', b"* ID NIL\r\n", b""])
def test_whatever_the_server_makes_of_it(answer: bytes | None, data: bytes) -> None:
    driver = identifying()
    login(driver)
    tag = id_line(driver)
    driver.events.clear()
    # SELECT, which runs by itself, doesn't wait for it.
    select = driver.submit("SELECT", "INBOX")
    assert driver.sent() == select.tag + b" SELECT INBOX\r\n"
    driver.receive(data)
    if answer is not None:
        driver.receive(tag + b" " + answer + b"\r\n")
    driver.complete(select)
    assert driver.result(select)[0] == "OK"
    assert len(driver.events) == 1
    assert driver.untagged() == []
    assert driver.core.reason is None


def test_nobody_waits_for_it() -> None:
    driver = identifying()
    login(driver)
    driver.core.timeout = 5
    assert driver.core.next_deadline() is None


def test_the_data_of_the_users_own_are_his() -> None:
    driver = identifying()
    login(driver)
    tag = id_line(driver)
    own = driver.submit("ID", "NIL")
    driver.receive(b"* ID (1 2)\r\n" + tag + b" OK done\r\n")
    driver.complete(own, data=b"* ID (3 4)\r\n")
    assert driver.result(own) == ("OK", [b"(3 4)"])


def test_an_idle_is_not_ended_by_it() -> None:
    driver = identifying()
    login(driver)
    tag = id_line(driver)
    idle = driver.submit("IDLE", idle=Idle())
    driver.sent()
    driver.receive(b"* ID NIL\r\n" + tag + b" OK done\r\n+ idling\r\n")
    assert driver.sent() == b""
    assert driver.pending(idle)


WORLD = st.lists(
    st.sampled_from(
        [b"* ID NIL\r\n", b"%s OK done\r\n", b"%s NO x\r\n", b"* 3 EXISTS\r\n", b"+ x\r\n"]
    ),
    max_size=8,
)


@given(WORLD)
def test_in_any_order(said: list[bytes]) -> None:
    driver = identifying()
    login(driver)
    tag = id_line(driver)
    noop = driver.submit("NOOP")
    for line in said:
        driver.receive(line.replace(b"%s", tag))
    driver.complete(noop)
    assert driver.result(noop) == ("OK", [b"done"])
    ids: list[Any] = [entry for entry in driver.untagged() if entry[0] == "ID"]
    first = next((n for n, line in enumerate(said) if line.startswith((b"%s", b"* ID"))), len(said))
    # What comes behind the answer is the server's own idea, and stays for the user.
    taken = first < len(said) and said[first].startswith(b"* ID")
    count = said.count(b"* ID NIL\r\n") - taken
    assert sum(len(data) for _, data in ids) == count
