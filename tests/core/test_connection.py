"""One connection: greeting, states, pipelining, attribution, literals, upgrades, and its end."""

from __future__ import annotations

import imaplib
from typing import Any

import pytest

from imaplib2._errors import OSErrorAbort, TimeoutAbort, abort, error, readonly
from imaplib2._protocol.command import Command, Idle
from imaplib2._protocol.commands import COMMANDS, UID_COMMANDS
from imaplib2._protocol.connection import Connection
from imaplib2._protocol.events import Completed, Failed, Greeted, Lost
from imaplib2._protocol.limits import Limits

from .helpers import GREETING, PREAUTH, Driver, row

STATES = ("NONAUTH", "AUTH", "SELECTED", "LOGOUT")


def lost_because(driver: Driver, text: str) -> None:
    """Assert that the connection is over, and why; and that it was told once."""
    (lost,) = (event for event in driver.events if isinstance(event, Lost))
    assert isinstance(driver.core.reason, error)
    assert text in str(lost.reason)
    assert text in str(driver.core.reason)
    assert driver.core.state == "LOGOUT"


def greeted(driver: Driver) -> bool:
    return any(isinstance(event, Greeted) for event in driver.events)


# -- Greeting ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("greeting", "state"),
    [
        (b"* OK [CAPABILITY IMAP4rev1] hi\r\n", "NONAUTH"),
        (b"* ok [capability imap4REV1] hi\r\n", "NONAUTH"),
        (b"* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n", "AUTH"),
    ],
)
def test_the_greeting_decides_the_state(greeting: bytes, state: str) -> None:
    driver = Driver(None)
    assert not greeted(driver)
    driver.receive(greeting)
    assert driver.core.state == state
    assert driver.core.welcome == greeting[:-2]
    assert driver.core.capabilities == ("IMAP4REV1",)
    assert greeted(driver)
    assert driver.sent() == b""


def test_a_greeting_without_capabilities_is_followed_by_the_question() -> None:
    driver = Driver(b"* OK hi\r\n")
    assert driver.sent() == b"A1 CAPABILITY\r\n"
    assert not greeted(driver)
    driver.receive(b"* CAPABILITY IMAP4rev1 ID\r\n")
    assert not greeted(driver)
    driver.receive(b"A1 OK done\r\n")
    assert greeted(driver)
    assert driver.core.capabilities == ("IMAP4REV1", "ID")


@pytest.mark.parametrize("answer", [b"A1 NO\r\n", b"A1 BAD what?\r\n", b"A1 OK\r\n"])
def test_a_server_that_does_not_tell_its_capabilities_has_none(answer: bytes) -> None:
    driver = Driver(b"* OK hi\r\n")
    driver.receive(answer)
    assert greeted(driver)
    assert driver.core.capabilities == ()


def test_capabilities_told_behind_the_greeting_are_learnt() -> None:
    driver = Driver(b"* OK hi\r\n* CAPABILITY IMAP4rev1 IDLE\r\n")
    assert driver.core.capabilities == ("IMAP4REV1", "IDLE")


def test_a_bye_for_a_greeting_ends_it_with_the_reason() -> None:
    driver = Driver(b"* BYE too many connections\r\n")
    assert not greeted(driver)
    lost_because(driver, "too many connections")


@pytest.mark.parametrize(
    "greeting",
    [
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"+OK POP3 ready\r\n",
        b"\x15\x03\x03\x00\x02\x02\n",
        b"* 1 EXISTS\r\n",
        b"* NO hi\r\n",
        b"A1 OK hi\r\n",
    ],
)
def test_a_greeting_that_is_not_imap_is_quoted(greeting: bytes) -> None:
    driver = Driver(greeting)
    assert not greeted(driver)
    text = repr(greeting.rstrip(b"\r\n"))[2:-1]
    lost_because(driver, f"invalid greeting: {text}")


def test_nothing_is_sent_before_the_greeting() -> None:
    driver = Driver(None)
    command = driver.submit("CAPABILITY")
    assert driver.sent() == b""
    driver.receive(GREETING)
    assert driver.sent() == command.tag + b" CAPABILITY\r\n"


# -- Capabilities ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "told",
    [
        b"%b OK [CAPABILITY IMAP4rev1 MOVE] in\r\n",
        b"* CAPABILITY IMAP4rev1 MOVE\r\n%b OK in\r\n",
        b"* OK [CAPABILITY IMAP4rev1 MOVE] news\r\n%b OK in\r\n",
    ],
)
@pytest.mark.parametrize("name", ["LOGIN", "AUTHENTICATE"])
def test_login_ends_with_the_capabilities_that_the_server_tells(name: str, told: bytes) -> None:
    driver = Driver()
    login = driver.submit(name, "a", "b")
    driver.sent()
    driver.receive(told % login.tag)
    assert driver.result(login)[0] == "OK"
    assert driver.core.capabilities == ("IMAP4REV1", "MOVE")
    assert driver.sent() == b""


def test_login_asks_for_the_capabilities_that_the_server_does_not_tell() -> None:
    driver = Driver()
    login = driver.submit("LOGIN", "a", "b")
    driver.sent()
    driver.complete(login, "OK in")
    assert driver.core.state == "AUTH"
    assert driver.sent() == b"A2 CAPABILITY\r\n"
    assert driver.pending(login)
    driver.receive(b"* CAPABILITY IMAP4rev1 MOVE\r\nA2 OK done\r\n")
    assert driver.result(login) == ("OK", [b"in"])
    assert driver.core.capabilities == ("IMAP4REV1", "MOVE")
    assert "CAPABILITY" not in driver.core.untagged


def test_a_failed_login_keeps_the_capabilities() -> None:
    driver = Driver()
    login = driver.submit("LOGIN", "a", "b")
    driver.complete(login, "NO [AUTHENTICATIONFAILED] wrong")
    assert driver.result(login) == ("NO", [b"[AUTHENTICATIONFAILED] wrong"])
    assert driver.core.capabilities == ("IMAP4REV1", "IDLE")
    assert driver.core.state == "NONAUTH"


def test_a_login_whose_question_for_capabilities_is_lost_fails_once() -> None:
    driver = Driver()
    login = driver.submit("LOGIN", "a", "b")
    driver.complete(login)
    driver.fail(abort("gone"))
    assert "gone" in str(driver.error(login))


def test_capabilities_are_learnt_whenever_the_server_tells_them() -> None:
    driver = Driver.selected()
    driver.receive(b"* CAPABILITY IMAP4rev1 X\r\n")
    assert driver.core.capabilities == ("IMAP4REV1", "X")
    driver.receive(b"* OK [CAPABILITY IMAP4rev1 Y] changed\r\n")
    assert driver.core.capabilities == ("IMAP4REV1", "Y")
    assert driver.core.untagged["CAPABILITY"] == [b"IMAP4rev1 X", b"IMAP4rev1 Y"]


@pytest.mark.parametrize("name", ["IMAP4", "IMAP4rev1", "imap4REV1", "IMAP4rev2"])
def test_a_list_that_names_a_revision_of_imap_is_one_of_capabilities(name: str) -> None:
    driver = Driver.selected()
    driver.receive(b"* CAPABILITY X %b Y\r\n" % name.encode())
    assert driver.core.capabilities == ("X", name.upper(), "Y")


@pytest.mark.parametrize("text", ['(("" "/")) NIL NIL', "", "IDLE", "IMAP4rev1x XIMAP4", "IMAP"])
@pytest.mark.parametrize("form", ["* CAPABILITY %s\r\n", "* OK [CAPABILITY %s] hm\r\n"])
def test_what_names_no_revision_of_imap_leaves_the_capabilities_alone(form: str, text: str) -> None:
    driver = Driver.selected()
    namespace = driver.submit("NAMESPACE")
    driver.complete(namespace, data=(form % text).encode())
    assert driver.result(namespace) == ("OK", [None])
    assert driver.core.capabilities == ("IMAP4REV1", "IDLE")
    command = driver.submit("CAPABILITY")
    driver.complete(command, data=b"* CAPABILITY " + text.encode() + b"\r\n")
    assert driver.result(command) == ("OK", [text.encode()])
    assert driver.core.capabilities == ("IMAP4REV1", "IDLE")


def test_the_first_capabilities_are_what_they_are() -> None:
    """Whoever connects is told what is wrong with them."""
    driver = Driver(b"* OK ready\r\n")
    driver.receive(b"* CAPABILITY BOGUS\r\nA1 OK done\r\n")
    assert driver.core.capabilities == ("BOGUS",)
    assert Driver(b"* OK [CAPABILITY BOGUS] ready\r\n").core.capabilities == ("BOGUS",)


def test_the_command_capability_returns_and_learns_them() -> None:
    driver = Driver()
    command = driver.submit("CAPABILITY")
    driver.complete(command, data=b"* CAPABILITY IMAP4rev1 Z\r\n")
    assert driver.result(command) == ("OK", [b"IMAP4rev1 Z"])
    assert driver.core.capabilities == ("IMAP4REV1", "Z")


# -- States ------------------------------------------------------------------------------------

EVERY_COMMAND = [*COMMANDS.values(), *UID_COMMANDS.values()]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("its_row", EVERY_COMMAND, ids=lambda its_row: its_row.name)
def test_a_command_is_legal_in_its_states_and_an_error_in_all_others(
    its_row: Any, state: str
) -> None:
    driver = Driver.in_state(state)
    command = Command(its_row, [its_row.name.encode()])
    if its_row.name == "IDLE":
        command.idle = Idle()
    if state in its_row.states:
        driver.core.submit(command, 0.0)
        assert driver.sent() == command.tag + b" " + its_row.name.encode() + b"\r\n"
        return
    with pytest.raises(error) as caught:
        driver.core.submit(command, 0.0)
    assert str(caught.value) == (
        f"command {its_row.name.removeprefix('UID ')} illegal in state {state},"
        f" only allowed in states {', '.join(its_row.states)}"
    )
    assert command.tag == b""
    assert not driver.core.in_progress
    assert driver.sent() == b""
    assert driver.core.reason is None


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() & imaplib.Commands.keys()))
def test_the_states_of_a_command_are_those_of_imaplib(name: str) -> None:
    assert set(COMMANDS[name].states) == set(imaplib.Commands[name])


def test_the_table_has_all_commands_of_imaplib() -> None:
    assert imaplib.Commands.keys() - {"UID"} <= COMMANDS.keys()


@pytest.mark.parametrize(
    ("before", "name", "text", "after"),
    [
        ("NONAUTH", "LOGIN", "OK", "AUTH"),
        ("NONAUTH", "LOGIN", "NO", "NONAUTH"),
        ("NONAUTH", "LOGIN", "BAD", "NONAUTH"),
        ("NONAUTH", "AUTHENTICATE", "OK", "AUTH"),
        ("NONAUTH", "AUTHENTICATE", "NO", "NONAUTH"),
        ("NONAUTH", "NOOP", "OK", "NONAUTH"),
        ("AUTH", "SELECT", "OK", "SELECTED"),
        ("AUTH", "SELECT", "NO", "AUTH"),
        ("AUTH", "SELECT", "BAD", "AUTH"),
        ("AUTH", "EXAMINE", "OK", "SELECTED"),
        ("AUTH", "LIST", "OK", "AUTH"),
        ("SELECTED", "SELECT", "OK", "SELECTED"),
        ("SELECTED", "SELECT", "NO", "AUTH"),
        ("SELECTED", "SELECT", "BAD", "AUTH"),
        ("SELECTED", "EXAMINE", "NO", "AUTH"),
        ("SELECTED", "EXAMINE", "BAD", "AUTH"),
        ("SELECTED", "CLOSE", "OK", "AUTH"),
        ("SELECTED", "CLOSE", "NO", "SELECTED"),
        ("SELECTED", "CLOSE", "BAD", "SELECTED"),
        ("SELECTED", "UNSELECT", "NO", "SELECTED"),
        ("SELECTED", "UNSELECT", "OK", "AUTH"),
        ("SELECTED", "UNSELECT", "BAD", "SELECTED"),
        ("SELECTED", "FETCH", "NO", "SELECTED"),
        ("SELECTED", "LOGOUT", "OK", "LOGOUT"),
        ("NONAUTH", "LOGOUT", "OK", "LOGOUT"),
        ("AUTH", "LOGOUT", "NO", "AUTH"),
    ],
)
def test_a_completion_leads_to_a_state(before: str, name: str, text: str, after: str) -> None:
    driver = Driver.in_state(before)
    command = driver.submit(name, *["1", "2"][: len(row(name).arguments)])
    assert driver.core.state == before
    driver.complete(command, text + " [CAPABILITY IMAP4rev1] it is")
    assert driver.core.state == after


@pytest.mark.parametrize("name", ["NOOP", "FETCH", "UID FETCH", "SELECT"])
def test_bad_is_an_error_with_the_text_of_the_server(name: str) -> None:
    driver = Driver.selected()
    command = driver.submit(name, *["1", "2"][: len(row(name).arguments)])
    driver.complete(command, "BAD what?")
    problem = driver.error(command)
    assert str(problem) == f"{name.split()[0]} command error: BAD [b'what?']"
    assert not isinstance(problem, abort)


def test_no_is_a_result_with_the_text_of_the_server() -> None:
    driver = Driver.selected()
    command = driver.submit("FETCH", "1", "FLAGS")
    driver.complete(command, "NO [X] not now")
    assert driver.result(command) == ("NO", [b"[X] not now"])


def test_the_selected_mailbox_is_known() -> None:
    driver = Driver.authenticated()
    for name in ("box", "other"):
        driver.complete(driver.submit("SELECT", name))
        assert driver.core.mailbox == name
    driver.complete(driver.submit("SELECT", "third"), "NO none")
    assert driver.core.mailbox is None
    driver.complete(driver.submit("EXAMINE", "box"))
    driver.complete(driver.submit("CLOSE"))
    assert driver.core.mailbox is None


def test_select_forgets_what_was_untagged_and_shows_exists() -> None:
    driver = Driver.selected()
    driver.receive(b"* 1 EXISTS\r\n* OK [UIDNEXT 7] x\r\n")
    command = driver.submit("SELECT", "box")
    driver.complete(command, data=b"* 5 EXISTS\r\n* 0 RECENT\r\n")
    assert driver.result(command) == ("OK", [b"5"])
    assert driver.untagged() == [["EXISTS", [b"5"]], ["RECENT", [b"0"]]]


def test_select_of_a_server_that_tells_nothing() -> None:
    driver = Driver.authenticated()
    command = driver.submit("SELECT", "box")
    driver.complete(command)
    assert driver.result(command) == ("OK", [None])


def test_a_command_may_be_submitted_while_the_one_that_allows_it_is_in_progress() -> None:
    driver = Driver()
    login = driver.submit("LOGIN", "a", "b")
    select = driver.submit("SELECT", "box")
    fetch = driver.submit("FETCH", "1", "FLAGS")
    driver.complete(login, "OK [CAPABILITY IMAP4rev1] in")
    driver.complete(select)
    driver.complete(fetch, data=b"* 1 FETCH (FLAGS ())\r\n")
    assert driver.result(fetch) == ("OK", [b"1 (FLAGS ())"])


def test_a_command_whose_state_did_not_come_about_fails_unsent() -> None:
    driver = Driver()
    login = driver.submit("LOGIN", "a", "b")
    select = driver.submit("SELECT", "box")
    driver.sent()
    driver.complete(login, "NO wrong")
    assert str(driver.error(select)) == (
        "command SELECT illegal in state NONAUTH, only allowed in states AUTH, SELECTED"
    )
    assert driver.sent() == b""
    assert driver.core.reason is None


def test_utf8_is_on_once_it_is_enabled() -> None:
    driver = Driver.authenticated()
    driver.complete(driver.submit("ENABLE", "UTF8=ACCEPT"), "NO")
    assert not driver.core.utf8_enabled
    driver.complete(driver.submit("ENABLE", "CONDSTORE"))
    assert not driver.core.utf8_enabled
    driver.complete(driver.submit("ENABLE", "utf8=accept"))
    assert not driver.core.utf8_enabled  # the server has said OK, and not to what
    command = driver.submit("ENABLE", "utf8=accept")
    driver.receive(b"* ENABLED UTF8=ACCEPT\r\n")
    driver.complete(command)
    assert driver.core.utf8_enabled


def test_utf8_is_on_where_it_is_offered_and_enabled() -> None:
    driver = Driver.authenticated()
    driver.core.capabilities += ("UTF8=ACCEPT",)
    driver.complete(driver.submit("ENABLE", "UTF8=ACCEPT"))
    assert driver.core.utf8_enabled


# -- Read-only mailboxes -----------------------------------------------------------------------


def test_a_mailbox_selected_for_writing_that_is_read_only_is_an_error() -> None:
    driver = Driver.authenticated()
    select = driver.submit("SELECT", "box")
    driver.complete(select, "OK [READ-ONLY] done")
    problem = driver.error(select)
    assert isinstance(problem, readonly)
    assert str(problem) == "box is not writable"
    assert driver.core.state == "SELECTED"


def test_a_mailbox_opened_for_reading_may_be_read_only() -> None:
    driver = Driver.authenticated()
    examine = driver.submit("EXAMINE", "box")
    driver.complete(examine, "OK [READ-ONLY] done", b"* 3 EXISTS\r\n")
    assert driver.result(examine) == ("OK", [b"3"])
    assert driver.core.is_readonly
    driver.submit("FETCH", "1", "FLAGS")
    select = driver.submit("SELECT", "box")
    driver.complete(driver.core.in_progress[b"A2"])
    driver.complete(select, "OK [READ-WRITE] done")
    assert not driver.core.is_readonly


def test_a_mailbox_that_becomes_read_only_stops_commands_until_it_is_left() -> None:
    driver = Driver.selected()
    driver.receive(b"* OK [READ-ONLY] somebody took your rights\r\n")
    with pytest.raises(readonly, match="mailbox status changed to READ-ONLY"):
        driver.submit("NOOP")
    close = driver.submit("CLOSE")
    driver.complete(close)
    assert driver.result(close)[0] == "OK"
    assert driver.pending(driver.submit("LIST", "", "*"))


def test_a_mailbox_that_becomes_writable_again_is_used_on() -> None:
    driver = Driver.selected()
    driver.receive(b"* OK [READ-ONLY] x\r\n* OK [READ-WRITE] y\r\n")
    driver.complete(driver.submit("NOOP"))


@pytest.mark.parametrize("name", ["SELECT", "EXAMINE", "UNSELECT", "LOGOUT"])
def test_a_read_only_mailbox_can_be_left(name: str) -> None:
    driver = Driver.selected()
    driver.receive(b"* OK [READ-ONLY] x\r\n")
    command = driver.submit(name, *["box"][: len(row(name).arguments)])
    driver.complete(command)
    assert driver.result(command)[0] == "OK"


# -- Pipelining (RFC 3501, section 5.5) --------------------------------------------------------

ARGUMENTS = {
    "FETCH": ("1", "FLAGS"),
    "STORE": ("2", "+FLAGS", "(\\Seen)"),
    "COPY": ("3", "box"),
    "MOVE": ("3", "box"),
    "SEARCH": (None, "ALL"),
    "SORT": ("(DATE)", "UTF-8", "ALL"),
    "THREAD": ("REFERENCES", "UTF-8", "ALL"),
    "UID FETCH": ("11", "FLAGS"),
    "UID STORE": ("12", "+FLAGS", "(\\Seen)"),
    "UID COPY": ("13", "box"),
    "UID SEARCH": (None, "ALL"),
    "UID EXPUNGE": ("14",),
    "STATUS": ("box", "(MESSAGES)"),
    "LIST": ("", "*"),
    "LSUB": ("", "*"),
    "SELECT": ("box",),
    "GETQUOTAROOT": ("box",),
    "GETQUOTA": ("root",),
    "APPEND": ("box", None, None),
}


def submit_all(driver: Driver, pipeline: str) -> list[Command]:
    names = pipeline.split(" + ")
    return [driver.submit(name, *ARGUMENTS.get(name, ())) for name in names]


@pytest.mark.parametrize(
    "pipeline",
    [
        "FETCH + STORE + SEARCH + CHECK",
        "STORE + COPY + EXPUNGE",
        "NOOP + UID FETCH",
        "NOOP + UID SEARCH",
        "UID FETCH + UID STORE + UID COPY",
        "FETCH + NOOP + CHECK",
        "EXPUNGE + UID FETCH",
        "LIST + LSUB + STATUS + NAMESPACE",
        "SEARCH + FETCH + SORT + THREAD",
        "STATUS + UID STORE",
        "STORE + STATUS",
        "APPEND + APPEND",
        "NOOP + SEARCH",
    ],
)
def test_an_unambiguous_pipeline_goes_out_at_once(pipeline: str) -> None:
    driver = Driver.selected()
    commands = submit_all(driver, pipeline)
    assert all(map(driver.started, commands))
    sent = driver.sent().splitlines()
    assert [line.split()[0] for line in sent] == [command.tag for command in commands]


@pytest.mark.parametrize(
    "pipeline",
    [
        "FETCH + NOOP + STORE",
        "STORE + COPY + FETCH",
        "COPY + COPY",
        "CHECK + FETCH",
        "EXPUNGE + FETCH",
        "UID FETCH + FETCH",
        "UID STORE + STORE",
        "UID SEARCH + SEARCH",
        "FETCH + FETCH",
        "FETCH + UID FETCH",
        "STATUS + STATUS",
        "UID EXPUNGE + COPY",
        "MOVE + FETCH",
        "SEARCH + SEARCH",
        "UID SEARCH + UID SEARCH",
        "SEARCH + UID SEARCH",
        "SORT + SORT",
        "LIST + LIST",
        "CAPABILITY + CAPABILITY",
        "GETQUOTAROOT + GETQUOTA",
        "EXPUNGE + EXPUNGE",
        "FETCH + SELECT",
        "NOOP + LOGOUT",
        "SELECT + NOOP",
        "CLOSE + NOOP",
    ],
)
def test_the_last_command_of_an_ambiguous_pipeline_waits(pipeline: str) -> None:
    driver = Driver.selected()
    *others, last = submit_all(driver, pipeline)
    assert all(map(driver.started, others))
    assert not driver.started(last)
    assert driver.sent().count(b"\r\n") == len(others)
    for number, other in enumerate(others):
        assert not driver.started(last), number
        driver.complete(other)
    assert driver.started(last) or driver.outcomes(last)


@pytest.mark.parametrize("name", ["SEARCH", "UID SEARCH"])
def test_a_search_for_message_numbers_waits(name: str) -> None:
    driver = Driver.selected()
    driver.submit("NOOP")
    assert not driver.started(driver.submit(name, None, "1:5"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("FETCH", "1:5", "FLAGS"), ("STORE", "5:7", "+FLAGS", "(a)")),
        (("STORE", "1:5", "+FLAGS", "(a)"), ("FETCH", "5", "FLAGS")),
        (("STORE", "1", "+FLAGS", "(a)"), ("STORE", "1", "+FLAGS", "(b)")),
        (("STORE", "1:*", "+FLAGS", "(a)"), ("FETCH", "3", "FLAGS")),
        (("STORE", "1", "+FLAGS", "(a)"), ("UID FETCH", "3", "FLAGS")),  # may be the same
        (("UID STORE", "559:*", "+FLAGS", "(a)"), ("UID FETCH", "3", "FLAGS")),
        (("FETCH", "1:5", "FLAGS"), ("FETCH", "5", "BODY[]")),
        (("FETCH", "1", "FLAGS"), ("UID FETCH", "5", "FLAGS")),
        (("STATUS", "inbox", "(MESSAGES)"), ("STATUS", "INBOX", "(UNSEEN)")),
    ],
)
def test_commands_about_the_same_message_or_mailbox_wait_for_each_other(
    first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    driver = Driver.selected()
    before, behind = driver.submit(*first), driver.submit(*second)
    assert not driver.started(behind)
    driver.complete(before)
    assert driver.started(behind)


def test_commands_held_back_go_out_in_order() -> None:
    driver = Driver.selected()
    noop, fetch, check = submit_all(driver, "NOOP + FETCH + CHECK")
    assert driver.sent() == noop.tag + b" NOOP\r\n"
    driver.complete(noop)
    sent = driver.sent().splitlines()
    assert [line.split()[0] for line in sent] == [fetch.tag, check.tag]


@pytest.mark.parametrize("name", sorted(name for name, its in COMMANDS.items() if its.alone))
def test_a_barrier_waits_for_all_before_it_and_holds_back_all_behind_it(name: str) -> None:
    its_row = COMMANDS[name]
    driver = Driver.in_state(its_row.states[-1] if "LOGOUT" not in its_row.states else "AUTH")
    before = driver.submit("CAPABILITY")
    barrier = Command(its_row, [name.encode()])
    barrier.idle = Idle() if name == "IDLE" else None
    driver.core.submit(barrier, 0.0)
    behind = driver.submit("NOOP")
    assert driver.sent() == before.tag + b" CAPABILITY\r\n"
    driver.complete(before)
    assert driver.sent() == barrier.tag + b" " + name.encode() + b"\r\n"
    driver.complete(barrier, "NO")
    assert driver.sent() == behind.tag + b" NOOP\r\n"


def test_the_order_of_tags_is_the_order_on_the_wire() -> None:
    driver = Driver.selected()
    pipeline = "NOOP + FETCH + EXPUNGE + SEARCH + LIST + LIST + SELECT + NOOP"
    commands = submit_all(driver, pipeline)
    wire = b""
    for command in commands:
        wire += driver.sent()
        driver.complete(command)
    assert [line.split()[0] for line in wire.splitlines()] == [c.tag for c in commands]
    tags = [int(command.tag[1:]) for command in commands]
    assert tags == sorted(set(tags))


def test_commands_may_complete_in_any_order() -> None:
    driver = Driver.selected()
    commands = submit_all(driver, "NOOP + LIST + STATUS")
    for command in reversed(commands):
        driver.complete(command)
    events = [event.command for event in driver.events if isinstance(event, Completed)]
    assert events == commands[::-1]


def test_a_command_that_is_given_up_is_not_sent_if_it_was_not() -> None:
    driver = Driver.selected()
    first, second, third = submit_all(driver, "LIST + LIST + NOOP")
    driver.core.give_up(second, driver.now)
    driver.core.give_up(first, driver.now)
    driver.complete(first)
    assert driver.pending(second)
    assert driver.started(third)


def test_a_logout_that_was_given_up_leaves_no_deadline() -> None:
    driver = Driver.selected()
    noop, logout = submit_all(driver, "NOOP + LOGOUT")
    driver.core.give_up(logout, driver.now)
    assert driver.core.next_deadline() is None
    driver.complete(noop)
    assert driver.core.next_deadline() is None


def test_giving_up_what_has_completed_changes_nothing() -> None:
    driver = Driver()
    login = driver.submit("AUTHENTICATE", "X")
    driver.complete(login, "NO")
    driver.core.give_up(login, driver.now)
    assert driver.core.reason is None
    driver = Driver.selected()
    first, second = (driver.submit("IDLE", idle=Idle()) for _ in range(2))
    driver.receive(b"+\r\n")
    driver.complete(first)
    driver.receive(b"+\r\n")
    driver.sent()
    driver.core.give_up(first, driver.now)
    assert driver.sent() == b""
    assert driver.pending(second)


@pytest.mark.parametrize(
    ("name", "arguments"), [("AUTHENTICATE", ("X",)), ("COMPRESS", ("DEFLATE",)), ("STARTTLS", ())]
)
def test_what_can_not_be_taken_back_ends_the_connection(
    name: str, arguments: tuple[str, ...]
) -> None:
    """Whose move it is, and in which form, is unknown then."""
    driver = Driver.authenticated() if name == "COMPRESS" else Driver()
    command = driver.submit(name, *arguments)
    driver.core.give_up(command, driver.now)
    assert str(driver.core.reason).startswith(f"{name} was interrupted")


def test_an_idle_that_is_given_up_ends() -> None:
    driver = Driver.selected()
    idle = driver.submit("IDLE", idle=Idle())
    driver.receive(b"+\r\n")
    driver.sent()
    driver.core.give_up(idle, driver.now)
    assert driver.sent() == b"DONE\r\n"
    driver.complete(idle)
    assert driver.core.reason is None


def test_the_end_of_file_before_a_greeting_has_a_hint() -> None:
    driver = Driver(None)
    driver.core.hint = "; is this a port for TLS?"
    driver.core.end_of_file()
    text = "EOF: the server closed the connection before its greeting; is this a port for TLS?"
    assert text in str(driver.core.reason)


def test_behind_a_logout_the_end_of_file_is_the_user_s() -> None:
    driver = Driver.authenticated()
    driver.complete(driver.submit("LOGOUT"))
    driver.core.end_of_file()
    assert "the connection was closed by logout()" in str(driver.core.reason)


# -- Attribution -------------------------------------------------------------------------------


def test_a_command_gets_its_data_and_nobody_else_does() -> None:
    driver = Driver.selected()
    search, listing = submit_all(driver, "SEARCH + LIST")
    driver.receive(b'* SEARCH 1\r\n* LIST () "/" a\r\n* 9 EXISTS\r\n* LIST () "/" b\r\n')
    driver.complete(listing)
    driver.complete(search)
    assert driver.result(search) == ("OK", [b"1"])
    assert driver.result(listing) == ("OK", [b'() "/" a', b'() "/" b'])
    assert driver.untagged() == [["EXISTS", [b"9"]]]


def test_a_command_without_data_returns_none_or_its_text() -> None:
    driver = Driver.selected()
    search, noop = submit_all(driver, "SEARCH + NOOP")
    driver.complete(search)
    driver.complete(noop, "OK nothing new")
    assert driver.result(search) == ("OK", [None])
    assert driver.result(noop) == ("OK", [b"nothing new"])


def test_a_command_that_collects_several_types_returns_them_apart() -> None:
    driver = Driver.selected()
    (command,) = submit_all(driver, "GETQUOTAROOT")
    driver.complete(command, data=b"* QUOTAROOT box r\r\n* QUOTA r (A 1 2)\r\n* QUOTA s ()\r\n")
    assert driver.result(command) == ("OK", [[b"box r"], [b"r (A 1 2)", b"s ()"]])
    (command,) = submit_all(driver, "GETQUOTAROOT")
    driver.complete(command)
    assert driver.result(command) == ("OK", [[None], [None]])
    (command,) = submit_all(driver, "GETQUOTAROOT")
    driver.complete(command, "NO refused", data=b"* QUOTAROOT box r\r\n")
    assert driver.result(command) == ("NO", [[b"refused"], [b"refused"]])
    assert driver.untagged() == [["QUOTAROOT", [b"box r"]]]


FETCH_1 = b"* 1 FETCH (FLAGS (\\Seen))\r\n"
FETCH_2 = b"* 2 FETCH (BODY[] {5}\r\n* 1 F FLAGS ())\r\n"
DATA_1 = [b"1 (FLAGS (\\Seen))"]
DATA_2 = [(b"2 (BODY[] {5}", b"* 1 F"), b" FLAGS ())"]


@pytest.mark.parametrize("wire", [FETCH_1 + FETCH_2, FETCH_2 + FETCH_1])
@pytest.mark.parametrize("backwards", [False, True])
def test_interleaved_messages_go_to_who_asked_for_them(wire: bytes, backwards: bool) -> None:
    driver = Driver.selected()
    commands = [driver.submit("FETCH", n, "FLAGS") for n in "12"]
    driver.receive(wire)
    for command in commands[::-1] if backwards else commands:
        driver.complete(command)
    assert driver.result(commands[0]) == ("OK", DATA_1)
    assert driver.result(commands[1]) == ("OK", DATA_2)
    assert driver.untagged() == []


@pytest.mark.parametrize("backwards", [False, True])
def test_interleaved_messages_go_to_the_uids_that_were_asked_for(backwards: bool) -> None:
    driver = Driver.selected()
    commands = [driver.submit("UID FETCH", uids, "FLAGS") for uids in ("7:8", "9")]
    driver.receive(b"* 1 FETCH (UID 7)\r\n* 3 FETCH (FLAGS () UID 9)\r\n* 2 FETCH (UID 8)\r\n")
    for command in commands[::-1] if backwards else commands:
        driver.complete(command)
    assert driver.result(commands[0]) == ("OK", [b"1 (UID 7)", b"2 (UID 8)"])
    assert driver.result(commands[1]) == ("OK", [b"3 (FLAGS () UID 9)"])


@pytest.mark.parametrize("backwards", [False, True])
def test_interleaved_statuses_go_to_the_mailboxes_that_were_asked_for(backwards: bool) -> None:
    driver = Driver.authenticated()
    commands = [driver.submit("STATUS", name, "(MESSAGES)") for name in ("a b", "inbox", "c")]
    driver.receive(b'* STATUS c (MESSAGES 3)\r\n* STATUS "a b" (MESSAGES 1)\r\n')
    driver.receive(b"* STATUS {5}\r\nINBOX (MESSAGES 2)\r\n")
    for command in commands[::-1] if backwards else commands:
        driver.complete(command)
    assert [driver.result(command)[1] for command in commands] == [
        [b'"a b" (MESSAGES 1)'],
        [(b"{5}", b"INBOX"), b" (MESSAGES 2)"],
        [b"c (MESSAGES 3)"],
    ]


def test_a_third_command_waits_for_all_that_it_overlaps_with() -> None:
    driver = Driver.selected()
    one, two = driver.submit("FETCH", "1:3", "FLAGS"), driver.submit("FETCH", "4:6", "FLAGS")
    both = driver.submit("FETCH", "3:4", "FLAGS")
    driver.complete(one)
    assert not driver.started(both)
    driver.complete(two)
    assert driver.started(both)


@pytest.mark.parametrize("text", ["NO some", "BAD what"])
def test_the_data_of_a_command_that_fails_is_untagged_and_not_its_neighbours(text: str) -> None:
    driver = Driver.selected()
    failing, other = driver.submit("FETCH", "1:3", "FLAGS"), driver.submit("FETCH", "5", "FLAGS")
    driver.receive(b"* 5 FETCH (B)\r\n* 1 FETCH (A)\r\n")
    driver.complete(failing, text)
    driver.complete(other)
    assert driver.result(other) == ("OK", [b"5 (B)"])
    assert driver.untagged() == [["FETCH", [b"1 (A)"]]]


def test_unsolicited_data_stays_untagged_in_order_of_arrival() -> None:
    driver = Driver.selected()
    driver.receive(b"* 3 EXISTS\r\n* 1 FETCH (FLAGS ())\r\n* 2 EXPUNGE\r\n* 2 EXISTS\r\n")
    noop = driver.submit("NOOP")
    driver.complete(noop, data=b"* 1 FETCH (FLAGS (x))\r\n")
    assert driver.untagged() == [
        ["EXISTS", [b"3"]],
        ["FETCH", [b"1 (FLAGS ())"]],
        ["EXPUNGE", [b"2"]],
        ["EXISTS", [b"2"]],
        ["FETCH", [b"1 (FLAGS (x))"]],
    ]


def test_data_from_before_a_command_is_not_the_commands() -> None:
    driver = Driver.selected()
    driver.receive(b"* 1 FETCH (FLAGS ())\r\n")
    fetch = driver.submit("FETCH", "1", "FLAGS")
    driver.complete(fetch, data=b"* 1 FETCH (FLAGS (x))\r\n")
    assert driver.result(fetch) == ("OK", [b"1 (FLAGS (x))"])
    assert driver.untagged() == [["FETCH", [b"1 (FLAGS ())"]]]


def test_data_may_be_left_with_the_untagged_responses() -> None:
    driver = Driver.selected()
    search = driver.submit("SEARCH", None, "ALL", leaves_data=True)
    driver.complete(search, data=b"* SEARCH 1\r\n")
    assert driver.result(search) == ("OK", [b"done"])
    assert driver.untagged() == [["SEARCH", [b"1"]]]


def test_the_codes_of_responses_are_untagged_data() -> None:
    driver = Driver.selected()
    command = driver.submit("COPY", "1", "box")
    driver.complete(command, "OK [COPYUID 1 2 3] done", b"* OK [ALERT] full\r\n* NO [X y] z\r\n")
    assert driver.untagged() == [
        ["ALERT", [b""]],
        ["NO", [b"[X y] z"]],
        ["X", [b"y"]],
        ["COPYUID", [b"1 2 3"]],
    ]


def test_what_one_command_may_collect_is_bounded() -> None:
    driver = Driver.selected(limits=Limits(collected=3))
    for _ in range(3):
        fetch = driver.submit("FETCH", "1:*", "FLAGS")
        driver.complete(fetch, data=FETCH_1 * 3)
        assert driver.result(fetch) == ("OK", DATA_1 * 3)
    fetch = driver.submit("FETCH", "1:*", "FLAGS")
    driver.receive(FETCH_1 * 4)
    assert isinstance(driver.error(fetch), abort)
    lost_because(driver, "limits.collected")


def test_what_nobody_asks_for_is_bounded() -> None:
    driver = Driver.selected(limits=Limits(stored=10))
    driver.receive(b"".join(b"* %d EXISTS\r\n" % number for number in range(100)))
    kept = driver.core.untagged["EXISTS"]
    assert len(kept) <= 10
    assert kept[-1] == b"99"


# -- Literals ----------------------------------------------------------------------------------


def test_a_literal_waits_for_the_continuation_and_others_wait_for_it() -> None:
    driver = Driver.selected()
    append = driver.submit("APPEND", "box", None, None, literal=b"hello")
    noop = driver.submit("NOOP")
    assert driver.sent() == append.tag + b" APPEND box {5}\r\n"
    driver.receive(b"* 1 EXISTS\r\n")
    assert driver.sent() == b""
    driver.receive(b"+ go\r\n")
    assert driver.sent() == b"hello\r\n" + noop.tag + b" NOOP\r\n"
    driver.complete(append, "OK [APPENDUID 1 2] done")
    assert driver.result(append) == ("OK", [b"[APPENDUID 1 2] done"])


def test_each_of_several_literals_waits_for_its_continuation() -> None:
    driver = Driver.selected()
    search = driver.submit("SEARCH", None, "SUBJECT", "ä", "FROM", "öö")
    begin = search.tag + b" SEARCH CHARSET UTF-8 SUBJECT {2}\r\n"
    for sent in (begin, "ä FROM {4}\r\n".encode(), "öö\r\n".encode()):
        assert driver.sent() == sent
        driver.receive(b"+ \r\n")
    driver.complete(search, data=b"* SEARCH 3\r\n")
    assert driver.result(search) == ("OK", [b"3"])


@pytest.mark.parametrize(
    ("capability", "size", "announcement"),
    [
        (b"LITERAL+", 5000, b"{5000+}"),
        (b"LITERAL +", 5000, b"{5000+}"),
        (b"LITERAL-", 4096, b"{4096+}"),
        (b"LITERAL-", 4097, b"{4097}"),
        (b"X", 1, b"{1}"),
        (b"X", 0, b"{0}"),
    ],
)
def test_a_literal_goes_at_once_if_the_server_allows_it(
    capability: bytes, size: int, announcement: bytes
) -> None:
    driver = Driver(b"* PREAUTH [CAPABILITY IMAP4rev1 %b] hi\r\n" % capability)
    append = driver.submit("APPEND", "box", None, None, literal=bytes(size))
    head = append.tag + b" APPEND box " + announcement + b"\r\n"
    at_once = announcement.endswith(b"+}")
    assert driver.sent() == (head + bytes(size) + b"\r\n" if at_once else head)


@pytest.mark.parametrize("text", ["NO [TRYCREATE] none", "BAD too large"])
def test_a_refused_literal_is_not_sent_and_the_connection_goes_on(text: str) -> None:
    driver = Driver.selected()
    append = driver.submit("APPEND", "box", None, None, literal=b"hello")
    noop = driver.submit("NOOP")
    driver.sent()
    driver.complete(append, text)
    assert driver.outcomes(append)
    assert driver.sent() == noop.tag + b" NOOP\r\n"
    driver.complete(noop)
    assert driver.result(noop)[0] == "OK"


def test_an_ok_before_the_command_was_sent_is_a_violation() -> None:
    driver = Driver.selected()
    append = driver.submit("APPEND", "box", None, None, literal=b"hello")
    driver.complete(append)
    assert isinstance(driver.error(append), abort)
    lost_because(driver, "APPEND completed before it was sent")


def test_other_commands_may_complete_while_a_literal_waits() -> None:
    driver = Driver.selected()
    noop = driver.submit("NOOP")
    append = driver.submit("APPEND", "box", None, None, literal=b"hello")
    driver.complete(noop)
    assert driver.result(noop)[0] == "OK"
    driver.sent()
    driver.receive(b"+\r\n")
    assert driver.sent() == b"hello\r\n"
    assert driver.pending(append)


def test_a_stray_continuation_has_no_effect() -> None:
    driver = Driver.selected()
    noop = driver.submit("NOOP")
    driver.sent()
    driver.receive(b"+ what?\r\n")
    assert driver.sent() == b""
    driver.complete(noop)
    driver.receive(b"+ again\r\n")
    assert driver.result(noop)[0] == "OK"
    assert driver.core.reason is None


@pytest.mark.parametrize(
    "tag",
    [b"A99", b"A3", b"B1", b"a1", b"OK", b"A0", b"A01", b"A", b"A1x", b"DONE", b"A" + b"1" * 9999],
)
def test_an_unknown_tag_is_a_violation(tag: bytes) -> None:
    driver = Driver.selected()
    noop = driver.submit("NOOP")
    driver.receive(tag + b" OK done\r\n")
    assert isinstance(driver.error(noop), abort)
    lost_because(driver, "unexpected tagged response")


@pytest.mark.parametrize("text", ["OK done", "NO [READ-ONLY] no", "BAD [CAPABILITY IMAP4rev1 X]"])
def test_the_second_completion_of_a_tag_is_ignored(text: str) -> None:
    driver = Driver.selected()
    first = driver.submit("NOOP")
    driver.core.traffic = []
    driver.complete(first)
    driver.complete(first, text)
    second = driver.submit("SEARCH", None, "ALL")
    driver.complete(first, text)
    assert driver.pending(second)
    driver.complete(second, "OK done", b"* SEARCH 1\r\n")
    driver.complete(first, text)
    assert driver.result(first) == ("OK", [b"done"])
    assert driver.result(second) == ("OK", [b"1"])
    assert driver.core.reason is None
    assert driver.untagged() == []
    assert driver.core.capabilities == ("IMAP4REV1", "IDLE")
    line = ("<", first.tag + b" " + text.encode())
    assert driver.core.traffic.count(line) >= 3


def test_the_second_completion_of_a_login_or_of_what_failed_it_is_ignored() -> None:
    driver = Driver()
    first = driver.submit("LOGIN", "joe", "wrong")
    driver.complete(first, "NO [AUTHENTICATIONFAILED] no")
    second = driver.submit("LOGIN", "joe", "right")
    driver.complete(first, "OK [CAPABILITY IMAP4rev1 X] welcome")
    assert driver.pending(second)
    assert driver.core.state == "NONAUTH"
    driver.complete(second, "OK [CAPABILITY IMAP4rev1 Y] welcome")
    assert driver.result(second)[0] == "OK"
    assert driver.core.capabilities == ("IMAP4REV1", "Y")


def test_a_completion_of_the_past_does_not_complete_starttls() -> None:
    driver = Driver(b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n")
    noop = driver.submit("NOOP")
    driver.complete(noop)
    starttls = driver.submit("STARTTLS")
    driver.complete(noop)
    assert driver.pending(starttls)
    assert not driver.core.paused
    # Behind the OK, it is an attack as everything is.
    driver.receive(starttls.tag + b" OK begin\r\n" + noop.tag + b" OK done\r\n")
    lost_because(driver, "an attack")


def test_a_tag_that_is_still_held_back_is_unknown() -> None:
    driver = Driver.selected()
    first, second = submit_all(driver, "LIST + LIST")
    driver.complete(second)
    assert isinstance(driver.error(first), abort)
    assert isinstance(driver.error(second), abort)
    lost_because(driver, "unexpected tagged response")


# -- SASL --------------------------------------------------------------------------------------


def test_challenges_are_handed_out_and_answers_sent() -> None:
    driver = Driver()
    command = driver.submit("AUTHENTICATE", "X")
    assert driver.sent() == command.tag + b" AUTHENTICATE X\r\n"
    for challenge, answer in [(b"Zmly", b"YQ=="), (b"", b"")]:
        driver.receive(b"+ " + challenge + b"\r\n")
        assert driver.challenges()[-1] == challenge
        driver.answer(command, answer)
        assert driver.sent() == answer + b"\r\n"
    driver.complete(command, "OK [CAPABILITY IMAP4rev1] in")
    assert driver.result(command) == ("OK", [b"[CAPABILITY IMAP4rev1] in"])


def test_an_exchange_can_be_cancelled() -> None:
    driver = Driver()
    command = driver.submit("AUTHENTICATE", "X")
    driver.sent()
    driver.receive(b"+\r\n")
    driver.answer(command, None)
    assert driver.sent() == b"*\r\n"
    driver.complete(command, "BAD cancelled")
    assert "AUTHENTICATE command error: BAD" in str(driver.error(command))
    driver.complete(driver.submit("NOOP"))


def test_an_answer_that_comes_too_late_is_not_sent() -> None:
    driver = Driver(timeout=10.0)
    command = driver.submit("AUTHENTICATE", "X")
    driver.receive(b"+\r\n")
    driver.complete(command, "NO too slow")
    driver.sent()
    driver.answer(command, b"secret")
    assert driver.sent() == b""
    driver.submit("NOOP")
    assert driver.core.next_deadline() == 10.0


def test_the_trace_shows_neither_challenges_nor_answers_nor_passwords() -> None:
    driver = Driver()
    driver.core.traffic = []
    command = driver.submit("AUTHENTICATE", "X", "SECRET")
    driver.receive(b"+ SECRET\r\n")
    driver.answer(command, b"SECRET")
    driver.complete(command, "NO")
    driver.complete(driver.submit("LOGIN", "me", "SECRET"), "NO")
    driver.complete(driver.submit("LOGIN", "me", b"SECRET\xff"), "NO")
    shown = str(driver.core.traffic)
    assert "SECRET" not in shown
    assert "AUTHENTICATE X" in shown
    assert "LOGIN me" in shown


# -- Upgrades ----------------------------------------------------------------------------------


def test_starttls_pauses_then_asks_for_the_capabilities_again() -> None:
    driver = Driver()
    starttls = driver.submit("STARTTLS")
    behind = driver.submit("NOOP")
    driver.sent()
    driver.receive(b"* OK [X y] plain\r\n")
    driver.complete(starttls, "OK begin")
    assert driver.upgrade().command is starttls
    assert driver.upgrade().unread == b""
    assert driver.core.paused
    assert driver.sent() == b""
    assert driver.core.next_deadline() is None
    driver.upgraded()
    assert not driver.core.capabilities
    assert driver.core.untagged == []
    assert driver.pending(starttls)
    sent = driver.sent().splitlines()
    assert sent[0] == b"A3 CAPABILITY"
    driver.receive(b"* CAPABILITY IMAP4rev1 TLS\r\nA3 OK done\r\n")
    assert driver.result(starttls) == ("OK", [b"begin"])
    assert driver.core.capabilities == ("IMAP4REV1", "TLS")
    assert driver.started(behind)


@pytest.mark.parametrize(
    "injected", [b"* OK [X y] attack\r\n", b"* 1", b"A3 OK\r\n", b"\r\n", b"\x16\x03\x03"]
)
def test_plaintext_behind_the_ok_to_starttls_is_an_attack(injected: bytes) -> None:
    driver = Driver()
    starttls = driver.submit("STARTTLS")
    driver.receive(starttls.tag + b" OK begin\r\n" + injected)
    assert isinstance(driver.error(starttls), abort)
    lost_because(driver, "plaintext behind the OK to STARTTLS")


def test_responses_that_were_framed_behind_the_ok_to_starttls_are_an_attack() -> None:
    driver = Driver()
    starttls = driver.submit("STARTTLS")
    driver.core.receive([starttls.tag + b" OK begin", b"* OK injected"], 0.0)
    driver.receive(b"")
    assert isinstance(driver.error(starttls), abort)
    assert driver.core.reason is not None
    assert not driver.core.untagged.get("OK") or b"injected" not in driver.core.untagged["OK"]


def test_an_ok_to_starttls_with_an_open_parenthesis_hides_nothing() -> None:
    driver = Driver()
    starttls = driver.submit("STARTTLS")
    driver.receive(starttls.tag + b" OK [X ({1}\r\na] (\r\n* OK injected\r\n")
    assert isinstance(driver.error(starttls), abort)


@pytest.mark.parametrize("text", ["NO not now", "BAD what"])
def test_a_refused_starttls_changes_nothing(text: str) -> None:
    driver = Driver()
    starttls = driver.submit("STARTTLS")
    driver.receive(starttls.tag + b" " + text.encode() + b"\r\n* OK more\r\n* OK than one\r\n")
    assert driver.outcomes(starttls)
    assert not driver.core.paused
    assert driver.core.capabilities == ("IMAP4REV1", "IDLE")
    driver.complete(driver.submit("NOOP"))


def test_compress_hands_over_the_bytes_that_came_early() -> None:
    driver = Driver.selected()
    compress = driver.submit("COMPRESS", "DEFLATE")
    behind = driver.submit("NOOP")
    driver.sent()
    driver.receive(b"* 1 EXISTS\r\n* 2 EXISTS\r\n" + compress.tag + b" OK go\r\n\x01* \r\n\x02")
    assert driver.upgrade().unread == b"\x01* \r\n\x02"
    assert driver.core.untagged["EXISTS"] == [b"1", b"2"]
    assert driver.sent() == b""
    driver.upgraded()
    assert driver.result(compress) == ("OK", [b"go"])
    assert driver.core.untagged["EXISTS"] == [b"1", b"2"]
    assert driver.sent() == behind.tag + b" NOOP\r\n"
    driver.complete(behind)
    assert driver.result(behind)[0] == "OK"


def test_losing_the_connection_during_an_upgrade_fails_the_command_once() -> None:
    driver = Driver()
    starttls = driver.submit("STARTTLS")
    driver.complete(starttls)
    driver.fail(abort("handshake failed"))
    assert "handshake failed" in str(driver.error(starttls))


# -- BYE and LOGOUT ----------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["NONAUTH", "AUTH", "SELECTED"])
def test_a_bye_ends_everything_with_its_text(state: str) -> None:
    driver = Driver.in_state(state)
    commands = [driver.submit("NOOP"), driver.submit("CAPABILITY"), driver.submit("CAPABILITY")]
    driver.receive(b"* BYE [UNAVAILABLE] shutting down\r\n* 1 EXISTS\r\nA1 OK\r\n")
    for command in commands:
        assert isinstance(driver.error(command), abort)
        assert "[UNAVAILABLE] shutting down" in str(driver.error(command))
    lost_because(driver, "[UNAVAILABLE] shutting down")


@pytest.mark.parametrize(
    ("name", "arguments", "wire"),
    [
        ("IDLE", (), b""),
        ("IDLE", (), b"+ idling\r\n"),
        ("AUTHENTICATE", ("X",), b""),
        ("AUTHENTICATE", ("X",), b"+\r\n"),
        ("STARTTLS", (), b""),
        ("COMPRESS", ("DEFLATE",), b""),
        ("SELECT", ("box",), b"* 1 EXISTS\r\n"),
    ],
)
def test_a_bye_ends_a_barrier(name: str, arguments: tuple[str, ...], wire: bytes) -> None:
    driver = Driver.in_state("NONAUTH" if "NONAUTH" in row(name).states else "AUTH")
    command = driver.submit(name, *arguments, idle=Idle() if name == "IDLE" else None)
    behind = driver.submit("NOOP") if name != "IDLE" else command
    driver.receive(wire + b"* BYE timeout\r\n")
    assert "timeout" in str(driver.error(command))
    assert "timeout" in str(driver.error(behind))


def test_a_bye_while_a_literal_waits_fails_the_command() -> None:
    driver = Driver.selected()
    append = driver.submit("APPEND", "box", None, None, literal=b"hello")
    driver.sent()
    driver.receive(b"* BYE no\r\n+\r\n")
    assert isinstance(driver.error(append), abort)
    assert driver.sent() == b""


def test_logout_completes_with_its_ok() -> None:
    driver = Driver.selected()
    logout = driver.submit("LOGOUT")
    driver.complete(logout, data=b"* BYE see you\r\n")
    assert driver.result(logout)[0] == "OK"
    assert driver.core.bye == b"see you"
    assert driver.core.state == "LOGOUT"
    assert driver.core.untagged["BYE"] == [b"see you"]


def test_logout_completes_with_bye_and_the_end_of_the_connection() -> None:
    driver = Driver.selected()
    logout = driver.submit("LOGOUT")
    driver.receive(b"* BYE 1\r\n* BYE 2\r\n")
    assert driver.pending(logout)
    driver.fail(abort("socket error: EOF"))
    assert driver.result(logout) == ("OK", [b"2"])


def test_logout_behind_other_commands_completes_with_a_bye() -> None:
    driver = Driver.selected()
    noop, logout = submit_all(driver, "NOOP + LOGOUT")
    driver.receive(b"* BYE shutting down\r\n")
    assert isinstance(driver.error(noop), abort)
    assert driver.result(logout) == ("OK", [b"shutting down"])


def test_logout_without_a_bye_completes_with_the_reason() -> None:
    driver = Driver.selected()
    logout = driver.submit("LOGOUT")
    driver.fail(abort("socket error: EOF"))
    type_, (text,) = driver.result(logout)
    assert type_ == "OK"
    assert text.startswith(b"socket error: EOF")


# -- The end -----------------------------------------------------------------------------------


def test_losing_the_connection_tells_everyone_once_and_the_first_reason_wins() -> None:
    driver = Driver.selected()
    commands = submit_all(driver, "FETCH + LIST + LIST + SELECT + NOOP")
    driver.receive(FETCH_1)
    driver.sent()
    driver.fail(abort("first"))
    driver.fail(abort("second"))
    driver.receive(b"* BYE third\r\nA1 OK\r\n")
    driver.tick(1e9)
    problems = [driver.error(command) for command in commands]
    assert all(str(problem).startswith("first") for problem in problems)
    assert len({id(problem) for problem in problems}) == len(problems)
    lost_because(driver, "first")
    assert driver.sent() == b""
    assert driver.core.next_deadline() is None


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (TimeoutAbort("slow"), TimeoutError),
        (OSErrorAbort("socket error: reset", 104), OSError),
        (abort("gone"), abort),
    ],
)
def test_each_failure_is_of_the_class_that_its_catchers_expect(
    reason: error, kind: type[BaseException]
) -> None:
    driver = Driver.selected()
    noop = driver.submit("NOOP")
    driver.fail(reason)
    assert isinstance(driver.error(noop), kind)
    assert isinstance(driver.error(noop), abort)
    assert getattr(driver.error(noop), "errno", None) == getattr(reason, "errno", None)
    with pytest.raises(kind, match=str(reason)):
        driver.submit("NOOP")


def test_nothing_is_accepted_after_the_end() -> None:
    driver = Driver.selected()
    driver.fail(abort("gone"))
    tags = driver.core.new_tag(), driver.core.new_tag()
    assert tags[0] != tags[1]
    for name in ("NOOP", "FETCH", "LOGOUT"):
        with pytest.raises(abort, match="gone"):
            driver.submit(name, *ARGUMENTS.get(name, ()))
    assert driver.sent() == b""


def test_after_a_logout_commands_are_illegal_rather_than_lost() -> None:
    driver = Driver.selected()
    driver.complete(driver.submit("LOGOUT"))
    driver.core.closed_on_purpose = True
    driver.fail(abort("closed"))
    with pytest.raises(error, match="command FETCH illegal in state LOGOUT"):
        driver.submit("FETCH", "1", "FLAGS")


def test_an_unreadable_line_ends_everything_and_quotes_it() -> None:
    driver = Driver.selected()
    noop = driver.submit("NOOP")
    driver.receive(b"* 1 EXISTS\r\nSubject: hello\r\n")
    assert "Subject: hello" in str(driver.error(noop))
    assert driver.core.untagged["EXISTS"] == [b"1"]
    lost_because(driver, "Subject: hello")


def test_a_limit_ends_everything_behind_what_came_before() -> None:
    driver = Driver.selected(limits=Limits(line=100))
    fetch, noop = driver.submit("FETCH", "1", "FLAGS"), driver.submit("LIST", "", "*")
    driver.complete(fetch, data=FETCH_1 + b"* X\r\n")
    driver.receive(b"* 1 EXISTS\r\n* " + b"x" * 200)
    assert driver.result(fetch) == ("OK", DATA_1)
    assert driver.core.untagged["EXISTS"] == [b"1"]
    assert isinstance(driver.error(noop), abort)
    lost_because(driver, "limits.line")


def test_unsent_output_can_be_put_back() -> None:
    core = Driver.selected().core
    commands = [Command(COMMANDS[name], [name.encode()]) for name in ("NOOP", "CHECK", "EXPUNGE")]
    for command in commands[:2]:
        core.submit(command, 0.0)
    output = b"".join(core.take_output())
    assert core.output_size == 0
    core.put_back(memoryview(output)[3:])
    assert core.output_size == len(output) - 3
    core.submit(commands[2], 0.0)
    assert b"".join(core.take_output()).startswith(output[3:])


def test_a_reply_to_a_command_that_was_not_sent_is_a_violation() -> None:
    driver = Driver.selected()
    noop = driver.command("NOOP")
    driver.core.submit(noop, 0.0)
    driver.core.receive_bytes(noop.tag + b" OK guessed\r\n", 0.0)
    driver.receive(b"")
    assert isinstance(driver.error(noop), abort)
    lost_because(driver, "unexpected tagged response")


# -- Silence -----------------------------------------------------------------------------------


def timed(**options: Any) -> Driver:
    return Driver.selected(timeout=10.0, **options)


def test_a_quiet_connection_has_no_deadline() -> None:
    driver = timed()
    assert driver.core.next_deadline() is None
    driver.tick(1e9)
    assert driver.core.reason is None


def test_the_greeting_has_a_deadline() -> None:
    driver = Driver(None)
    assert driver.core.next_deadline() == 30.0
    driver.tick(30.0)
    lost_because(driver, "timed out")
    with pytest.raises(TimeoutError):
        driver.submit("NOOP")


def test_a_silent_server_is_given_up_when_its_time_is_over() -> None:
    driver = timed()
    driver.now = 100.0
    noop = driver.submit("NOOP")
    assert driver.core.next_deadline() == 110.0
    driver.tick(109.9)
    assert driver.pending(noop)
    driver.tick(110.0)
    assert isinstance(driver.error(noop), TimeoutError)
    assert "NOOP" in str(driver.error(noop))
    lost_because(driver, "timed out")


def test_without_a_timeout_there_is_no_deadline() -> None:
    driver = Driver.selected()
    driver.submit("NOOP")
    assert driver.core.next_deadline() is None


@pytest.mark.parametrize(
    "wire", [b"* 1 EXISTS\r\n", b"* 1 FETCH (X {1000}\r\n", b"* 1 FETCH (X {1000}\r\nhello", b"*"]
)
def test_any_byte_from_the_server_ends_its_silence(wire: bytes) -> None:
    driver = timed()
    driver.submit("FETCH", "1", "FLAGS")
    for number in range(1, 4):
        driver.receive(wire, at=9.0 * number)
        assert driver.core.next_deadline() == 9.0 * number + 10.0
        wire = b"x" if wire.endswith(b"hello") or b"{" in wire or wire == b"*" else wire


def test_a_command_that_was_issued_later_does_not_prolong_the_wait_for_an_earlier_one() -> None:
    driver = timed()
    driver.submit("NOOP")
    driver.now = 9.0
    driver.submit("CHECK")
    assert driver.core.next_deadline() == 10.0


def test_traffic_of_long_ago_does_not_count() -> None:
    driver = timed()
    driver.receive(b"* 1 EXISTS\r\n", at=50.0)
    driver.now = 1000.0
    noop = driver.submit("NOOP")
    assert driver.core.next_deadline() == 1010.0
    driver.complete(noop)
    assert driver.core.next_deadline() is None


def test_a_large_literal_on_its_way_out_is_no_silence() -> None:
    driver = timed()
    driver.submit("APPEND", "box", None, None, literal=bytes(1000))
    driver.receive(b"+\r\n", at=5.0)
    driver.core.progressed(14.0)
    assert driver.core.next_deadline() == 24.0


def test_a_held_back_command_has_its_own_time() -> None:
    driver = timed()
    first, second = submit_all(driver, "LIST + LIST")
    driver.now = 9.0
    driver.complete(first)
    assert driver.core.next_deadline() == 19.0
    assert driver.started(second)


def test_user_code_that_answers_a_challenge_may_take_its_time() -> None:
    driver = Driver(timeout=10.0)
    command = driver.submit("AUTHENTICATE", "X")
    assert driver.core.next_deadline() == 10.0
    driver.receive(b"+\r\n", at=5.0)
    assert driver.core.next_deadline() is None
    driver.tick(1000.0)
    assert driver.pending(command)
    driver.answer(command, b"")
    assert driver.core.next_deadline() == 1010.0


def test_the_transport_may_take_its_time_to_upgrade() -> None:
    driver = Driver.selected(timeout=10.0)
    compress = driver.submit("COMPRESS", "DEFLATE")
    driver.complete(compress)
    driver.tick(1000.0)
    driver.upgraded()
    assert driver.result(compress)[0] == "OK"


@pytest.mark.parametrize("timeout", [None, 3.0, 100.0])
def test_logout_is_bounded_whatever_the_timeout(timeout: float | None) -> None:
    driver = Driver.selected(timeout=timeout, logout_timeout=5.0)
    noop, logout = submit_all(driver, "NOOP + LOGOUT")
    bound = min(5.0, timeout or 5.0)
    assert driver.core.next_deadline() == bound
    driver.tick(bound)
    assert isinstance(driver.error(noop), TimeoutError)
    assert driver.result(logout)[0] == "OK"


def test_logout_counts_from_when_it_was_issued() -> None:
    driver = Driver.selected(logout_timeout=5.0)
    driver.submit("NOOP")
    driver.now = 100.0
    driver.submit("LOGOUT")
    assert driver.core.next_deadline() == 105.0


def behind_a_logout(*arguments: Any, **options: Any) -> Driver:
    """A command is in progress, and a LOGOUT behind it is held."""
    driver = Driver.selected(logout_timeout=3.0)
    driver.submit(*arguments, **options)
    driver.submit("LOGOUT")
    return driver


DRIPS = {
    "lines": [b"* OK still here\r\n"] * 4,
    "data of others": [b"* 4 EXISTS\r\n", b"* 4 RECENT\r\n", b"* 5 EXISTS\r\n"],
    "half a line": [b"* ", b"S", b"E"],
    "a line": [b"* SEARCH", b" 1", b" 2"],
    "stray continuations": [b"+ x\r\n"] * 3,
    "nothing that the core could see": [b""] * 3,
}


@pytest.mark.parametrize("name", DRIPS)
@pytest.mark.parametrize("command", ["NOOP", "FETCH", "SEARCH", "CAPABILITY"])
def test_logout_does_not_wait_for_a_server_that_drips(name: str, command: str) -> None:
    driver = behind_a_logout(
        command, *{"FETCH": ["1", "BODY[]"], "SEARCH": ["ALL"]}.get(command, [])
    )
    for second, drip in enumerate(DRIPS[name]):
        driver.receive(drip, at=1.0 + 0.5 * second)
        if not drip:
            driver.core.receive([], driver.now)
    assert driver.core.next_deadline() == 3.0


ADVANCES: dict[str, tuple[str, list[Any], list[bytes]]] = {
    "responses": (
        "FETCH",
        ["1:9", "FLAGS"],
        [b"* 1 FETCH (FLAGS ())\r\n", b"* 2 FETCH (FLAGS ())\r\n"],
    ),
    "a response": ("SEARCH", ["ALL"], [b"* SEARCH 1\r\n"]),
    "a literal": ("FETCH", ["1", "BODY[]"], [b"* 1 FETCH (BODY[] {9}\r\n", b"a", b"b"]),
    "a literal of several": (
        "FETCH",
        ["1", "BODY[]"],
        [b"* 1 FETCH (X {1}\r\na Y {9}\r\n", b"a", b"b"],
    ),
    "a compressed literal": ("FETCH", ["1", "BODY[]"], [b"* 1 FETCH (BODY[] {9}\r\n", b""]),
}


@pytest.mark.parametrize("name", ADVANCES)
def test_logout_waits_for_data_that_a_command_before_it_gets(name: str) -> None:
    command, arguments, portions = ADVANCES[name]
    driver = behind_a_logout(command, *arguments)
    for second, portion in enumerate(portions):
        driver.receive(portion, at=1.0 + 2.5 * second)
        if not portion:
            driver.core.receive([], driver.now)
        assert driver.core.next_deadline() == driver.now + 3.0


def test_logout_waits_for_completions_before_it() -> None:
    driver = Driver.selected(logout_timeout=3.0)
    commands = [driver.submit("NOOP") for _ in range(5)]
    logout = driver.submit("LOGOUT")
    for second, command in enumerate(commands):
        driver.now = 2.5 * second
        driver.complete(command)
        assert driver.core.next_deadline() == driver.now + 3.0
    driver.complete(logout)
    assert driver.result(logout)[0] == "OK"


def test_logout_waits_for_a_literal_on_its_way_out() -> None:
    driver = behind_a_logout("APPEND", "box", None, None, literal=bytes(1000))
    driver.receive(b"+\r\n", at=2.0)
    assert driver.core.next_deadline() == 5.0
    driver.core.progressed(4.5)
    assert driver.core.next_deadline() == 7.5


def test_a_completed_logout_leaves_no_deadline() -> None:
    driver = timed()
    driver.complete(driver.submit("LOGOUT"))
    assert driver.core.next_deadline() is None


# -- By hand -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["NOOP", "STARTTLS"])
def test_a_command_by_hand_that_is_given_up_makes_room_for_the_next(name: str) -> None:
    driver = Driver()
    by_hand, behind = driver.submit_by_hand(name), driver.submit("NOOP")
    assert driver.sent() == b""
    driver.core.give_up(by_hand, driver.now)
    assert driver.sent() == behind.tag + b" NOOP\r\n"
    assert not driver.core.may_have_frames
    driver.fail(abort("gone"))
    assert driver.pending(by_hand)


def test_a_password_that_is_sent_by_hand_is_hidden() -> None:
    driver = Driver()
    login = driver.submit_by_hand("LOGIN")
    driver.core.sent_by_hand(login.tag + b" LOGIN joe hunter2horse\r\n")
    driver.complete(login, "NO hunter2horse is wrong")
    assert driver.result(login) == ("NO", [b"[secret] is wrong"])


@pytest.mark.parametrize("by_hand", [True, False])
def test_what_is_sent_by_hand_but_not_to_log_in_is_no_secret(by_hand: bool) -> None:
    driver = Driver()
    if by_hand:
        driver.submit_by_hand("NOOP")
    else:
        driver.submit("LOGIN", "joe", "hunter2horse")
    driver.core.sent_by_hand(b"X1 NOOP with words\r\n")
    driver.receive(b"* BYE no words, hunter2horse\r\n")
    assert "no words, " in str(driver.core.reason)
    assert ("hunter2" in str(driver.core.reason)) is by_hand


def test_a_user_polls_for_news_until_it_has_no_wish_to() -> None:
    driver = Driver.selected()
    driver.core.stop_polling()
    assert not driver.core.is_polled
    driver.submit("IDLE", idle=Idle(capture=lambda type_, data: None, polled=True))
    assert not driver.core.is_polled
    driver.receive(b"+\r\n")
    assert driver.core.is_polled
    driver.core.stop_polling()
    assert not driver.core.is_polled


def unseen(driver: Driver, tag: bytes = b"X1") -> Command:
    """A command that may have been sent with *tag*."""
    command = Command.sent_by_hand(tag, tag)
    driver.core.reserved_tags.add(tag)
    driver.core.expect_unseen(command)
    return command


def test_a_command_that_was_sent_unseen_can_be_waited_for_like_any_other() -> None:
    driver = timed()
    command = unseen(driver)
    assert driver.core.next_deadline() is None
    driver.core.adopt(b"X1", b"NOOP", 5.0)
    assert driver.started(command)
    assert driver.core.next_deadline() == 15.0
    behind = driver.submit("NOOP")
    assert not driver.started(behind)
    driver.complete(command)
    assert driver.result(command) == ("OK", [b"done"])
    assert driver.started(behind)


def test_a_command_that_was_sent_unseen_is_told_once_if_it_has_completed_before() -> None:
    driver = timed()
    command = unseen(driver)
    driver.complete(command)
    driver.core.adopt(b"X1", b"NOOP", 5.0)
    assert driver.result(command) == ("OK", [b"done"])
    assert not driver.started(command)
    assert driver.core.next_deadline() is None


def test_behind_the_end_a_command_that_was_sent_unseen_is_lost() -> None:
    driver = Driver.selected()
    driver.fail(abort("gone"))
    unseen(driver)
    with pytest.raises(abort, match="gone"):
        driver.core.adopt(b"X1", b"NOOP", 5.0)


def test_a_starttls_that_was_sent_unseen_upgrades() -> None:
    driver = Driver()
    command = unseen(driver)
    driver.core.adopt(b"X1", b"STARTTLS", 0.0)
    assert driver.core.may_have_frames
    driver.receive(b"* OK x\r\nX1 OK begin\r\n")
    assert driver.upgrade().command is command
    assert driver.core.awaits_socket()


def test_a_command_that_is_not_expected_any_more_is_none() -> None:
    driver = Driver.selected()
    command = unseen(driver)
    assert driver.core.forget_unseen(b"X1")
    assert not driver.core.forget_unseen(b"X1")
    driver.core.adopt(b"X1", b"NOOP", 0.0)
    assert not driver.started(command)
    driver.fail(abort("gone"))
    assert driver.pending(command)


def test_behind_a_starttls_by_hand_nothing_is_sent_in_plain_text() -> None:
    driver = Driver()
    starttls = driver.submit_by_hand("STARTTLS")
    driver.complete(starttls, "OK begin")
    with pytest.raises(error, match="NOOP is not sent in plain text") as refused:
        driver.submit("NOOP")
    assert refused.value.is_refusal
    driver.fail(abort("gone"))
    assert not driver.core.awaits_socket()


def test_behind_tls_by_hand_the_capabilities_are_asked_for_before_its_user_goes_on() -> None:
    driver = Driver()
    waiter: Any = object()
    starttls = driver.submit_by_hand("STARTTLS")
    driver.complete(starttls, "OK begin")
    driver.events.clear()
    driver.core.upgraded_by_hand(waiter, driver.now)
    assert not driver.core.awaits_socket()
    assert starttls.waiter is waiter
    capability, _, rest = driver.sent().partition(b" ")
    assert rest == b"CAPABILITY\r\n"
    behind = driver.submit("NOOP")
    assert driver.pending(starttls)
    driver.receive(b"* CAPABILITY IMAP4rev1 TLS\r\n" + capability + b" OK done\r\n")
    assert driver.result(starttls) == ("OK", [b"begin"])
    assert driver.core.capabilities == ("IMAP4REV1", "TLS")
    assert driver.started(behind)


def test_an_end_behind_tls_by_hand_is_told_to_the_user_that_waits_for_the_capabilities() -> None:
    driver = Driver()
    starttls = driver.submit_by_hand("STARTTLS")
    driver.complete(starttls, "OK begin")
    driver.events.clear()
    waiter: Any = object()
    driver.core.upgraded_by_hand(waiter, driver.now)
    driver.fail(abort("gone"))
    assert "gone" in str(driver.error(starttls))


# -- Small things ------------------------------------------------------------------------------


def test_texts_of_statuses_do_not_outlive_the_next_command() -> None:
    driver = Driver.selected()
    driver.receive(b"* OK still here\r\n* NO almost full\r\n* 1 EXISTS\r\n")
    assert driver.core.untagged["NO"] == [b"almost full"]
    driver.submit("NOOP")
    assert driver.core.untagged.keys() == ["EXISTS"]


def test_an_unknown_command_leaves_its_data_untagged() -> None:
    driver = Driver.selected()
    command = driver.unknown("XFOO", "SELECTED")
    driver.complete(command, data=b"* XFOO bar\r\n")
    assert driver.result(command) == ("OK", [b"done"])
    assert driver.untagged() == [["XFOO", [b"bar"]]]


def test_a_connection_that_was_not_greeted_fails_commands_like_any_other() -> None:
    connection = Connection()
    connection.start(0.0, None)
    command = Command(COMMANDS["NOOP"], [b"NOOP"])
    connection.submit(command, 0.0)
    connection.fail(abort("gone"))
    failed, lost = connection.take_events()
    assert isinstance(failed, Failed)
    assert failed.command is command
    assert isinstance(lost, Lost)


def test_capabilities_of_a_preauthenticated_connection_are_those_of_its_greeting() -> None:
    assert Driver(PREAUTH).core.capabilities == ("IMAP4REV1", "IDLE")
