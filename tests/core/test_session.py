"""What a connection has come to: state, capabilities, and what the server has told."""

from __future__ import annotations

from typing import Any

import pytest

from imaplib2._protocol.command import Command
from imaplib2._protocol.limits import Limits
from imaplib2._protocol.responses import ResponseCode, Untagged
from imaplib2._protocol.session import LITERAL_MINUS_SIZE, Session

from .helpers import row


@pytest.fixture
def session() -> Session:
    return Session(Limits())


def command(name: str, argument: Any = None) -> Command:
    made = Command(row(name), [name.encode()])
    made.first_argument = argument
    return made


@pytest.mark.parametrize(("type_", "state"), [("OK", "NONAUTH"), ("PREAUTH", "AUTH")])
def test_the_greeting_tells_the_state(session: Session, type_: str, state: str) -> None:
    session.greeted(Untagged(type_, b"[CAPABILITY IMAP4rev1 IDLE] hi"))
    assert session.state == state
    assert session.capabilities == ("IMAP4REV1", "IDLE")
    assert session.capabilities_told
    assert session.untagged[type_] == [b"[CAPABILITY IMAP4rev1 IDLE] hi"]


def test_other_codes_of_the_greeting_are_kept(session: Session) -> None:
    session.greeted(Untagged("OK", b"[ALERT] hi"))
    assert session.untagged["ALERT"] == [b""]
    assert not session.capabilities_told


@pytest.mark.parametrize(
    ("name", "type_", "state", "mailbox", "is_readonly"),
    [
        ("SELECT", "OK", "SELECTED", "box", False),
        ("EXAMINE", "OK", "SELECTED", "box", True),
        ("SELECT", "NO", "AUTH", None, False),
        ("CLOSE", "OK", "AUTH", None, False),
        ("CLOSE", "NO", "SELECTED", "old", True),
        ("LOGOUT", "OK", "LOGOUT", None, False),
        ("LOGOUT", "NO", "SELECTED", "old", True),
        ("NOOP", "OK", "SELECTED", "old", True),
    ],
)
def test_a_completion_leads_to_a_state(
    session: Session, name: str, type_: str, state: str, mailbox: str | None, is_readonly: bool
) -> None:
    session.enter("SELECTED", command("EXAMINE", "old"))
    session.completed(command(name, "box"), type_)
    assert session.state == state
    assert session.mailbox == mailbox
    assert session.is_readonly is is_readonly
    assert session.logged_out is session.closed_on_purpose is (state == "LOGOUT")


def test_no_mailbox_is_read_only_when_none_is_selected(session: Session) -> None:
    session.take_code(ResponseCode("READ-ONLY", b""))
    session.enter("SELECTED", command("SELECT", "box"))
    assert session.untagged.has("READ-ONLY")
    session.enter("AUTH", None)
    assert not session.untagged.has("READ-ONLY")


@pytest.mark.parametrize(
    ("listed", "capabilities", "asked", "on"),
    [
        (b"UTF8=ACCEPT", (), "UTF8=ACCEPT", True),
        (b"CONDSTORE", ("UTF8=ACCEPT",), "UTF8=ACCEPT", False),
        (None, ("UTF8=ACCEPT",), "UTF8=ACCEPT", True),
        (None, ("UTF8=ACCEPT",), "CONDSTORE", False),
        (None, (), "UTF8=ACCEPT", False),
    ],
)
def test_what_was_listed_is_on(
    session: Session, listed: bytes | None, capabilities: tuple[str, ...], asked: str, on: bool
) -> None:
    session.capabilities = capabilities
    enable = command("ENABLE", asked)
    if listed is not None:
        enable.note_enabled(listed)
    session.completed(enable, "NO")
    assert not session.utf8_enabled
    session.completed(enable, "OK")
    assert session.utf8_enabled is on


def test_a_command_that_was_answered_elsewhere_counts(session: Session) -> None:
    session.untagged.add("ENABLED", [b"UTF8=ACCEPT"])
    session.answered_elsewhere(command("ENABLE", "UTF8=ACCEPT"), "OK")
    assert session.utf8_enabled
    session.answered_elsewhere(command("SELECT", "box"), "OK")
    assert session.mailbox == "box"
    session.answered_elsewhere(command("LOGOUT"), "OK")
    assert session.state == "SELECTED"


def test_capabilities_are_learnt_and_forgotten(session: Session) -> None:
    session.learn(b"imap4rev1 literal +")
    assert session.capabilities == ("IMAP4REV1", "LITERAL+")
    session.learn(b"namespace")
    assert session.capabilities == ("IMAP4REV1", "LITERAL+")
    session.forget_capabilities()
    assert session.capabilities == ()
    assert not session.capabilities_told


def test_a_list_of_capabilities_is_learnt_as_far_as_servers_have_any(session: Session) -> None:
    session.learn(b"IMAP4rev1" + b" X-CAPABILITY" * 10_000 + b" IDLE")
    assert set(session.capabilities) == {"IMAP4REV1", "X-CAPABILITY"}
    assert 4000 < len(session.capabilities) < 6000


@pytest.mark.parametrize(
    ("capability", "size", "may"),
    [
        ("LITERAL+", 1 << 40, True),
        ("LITERAL-", LITERAL_MINUS_SIZE, True),
        ("LITERAL-", LITERAL_MINUS_SIZE + 1, False),
        ("IDLE", 0, False),
    ],
)
def test_which_literals_need_no_plus(
    session: Session, capability: str, size: int, may: bool
) -> None:
    session.capabilities = ("IMAP4REV1", capability)
    assert session.may_send_at_once(size) is may


def test_writing_may_become_possible(session: Session) -> None:
    session.take_code(ResponseCode("READ-ONLY", b""))
    session.take_code(ResponseCode("READ-WRITE", b""))
    assert not session.untagged.has("READ-ONLY")


def test_responses_are_stored_as_imaplib_has_them(session: Session) -> None:
    session.store(Untagged("NO", [(b"[ALERT] {1}", b"x"), b" y"]))
    session.store(Untagged("FETCH", [(b"1 (X {1}", b"x"), b")"]))
    session.store(Untagged("EXISTS", b"5"))
    assert session.untagged.items() == [
        ("NO", [b"[ALERT] x y"]),
        ("FETCH", [(b"1 (X {1}", b"x"), b")"]),
        ("EXISTS", [b"5"]),
    ]


def test_an_objection_is_told_with_what_was_sent_before_it(session: Session) -> None:
    first, second = command("NOOP"), command("NOOP")
    first.begun, second.begun = 1, 2
    assert session.said_since(None) == session.said_since(first) == ""
    session.note_objection(1, "NO", b"x" * 10_000)
    assert "(the server said: NO xxx" in session.said_since(first)
    assert len(session.said_since(first)) < 1000
    assert session.said_since(second) == ""
