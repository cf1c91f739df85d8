"""A command on its way: what is known of it, and what it may turn out to be."""

from __future__ import annotations

from typing import Any

import pytest

from imaplib2._errors import error
from imaplib2._protocol.arguments import encode_arguments
from imaplib2._protocol.command import Command
from imaplib2._protocol.commands import Plus, Upgrade
from imaplib2._protocol.parts import Literal, Message, Secret

from .helpers import row


def build(name: str, *arguments: Any, last: Any = (), utf8: bool = False) -> Command:
    encoded = encode_arguments(row(name), arguments, utf8=utf8)
    return Command.build(row(name), encoded, last, utf8=utf8)


def test_its_parts_are_those_of_its_line() -> None:
    assert build("NOOP").parts == [b"NOOP"]
    assert build("SELECT", "a b").parts == [b"SELECT", b" ", b'"a b"']
    assert build("APPEND", "x", last=[Literal(b"y")]).parts[-2:] == [b" ", Literal(b"y")]


def test_a_message_is_wrapped_in_utf8_mode() -> None:
    append = build("APPEND", "x", last=[Message(b"y")], utf8=True)
    assert append.parts[-3:] == [b"UTF8 (", Literal(b"y", binary=True), b")"]


def test_what_follows_a_login_is_secret() -> None:
    assert build("AUTHENTICATE", "PLAIN", last=[b"x"]).parts[-1] == Secret(b"x")


@pytest.mark.parametrize(
    ("name", "arguments", "has_claim"),
    [
        ("FETCH", ("1", "FLAGS"), True),
        ("UID STORE", ("1", "FLAGS", "x"), True),
        ("STATUS", ("x", "MESSAGES"), True),
        ("SEARCH", ("ALL",), False),
        ("NOOP", (), False),
    ],
)
def test_some_commands_tell_what_their_data_is_about(
    name: str, arguments: tuple[str, ...], has_claim: bool
) -> None:
    assert (build(name, *arguments).claim is not None) is has_claim


@pytest.mark.parametrize(
    ("start", "name", "tells", "plus"),
    [
        (b"a1 NOOP\r\n", "NOOP", False, Plus.NOTHING),
        (b"a1 login me x\r\n", "LOGIN", True, Plus.NOTHING),
        (b"a1 uid fetch 1 x\r\n", "FETCH", False, Plus.NOTHING),
        (b"a1 IDLE\r\n", "IDLE", False, Plus.IDLE),
        (b"a1", "", True, Plus.NOTHING),
        (b"a1 X-\xff\r\n", "X-\ufffd", False, Plus.NOTHING),
    ],
)
def test_a_command_by_hand_is_what_its_line_says(
    start: bytes, name: str, tells: bool, plus: Plus
) -> None:
    command = Command.sent_by_hand(b"a1", start)
    assert command.row.name == name
    assert command.row.holds_password is tells
    assert command.row.plus is plus
    assert command.row.alone
    assert command.by_hand
    assert command.leaves_data


@pytest.mark.parametrize(("name", "column"), [("LOGOUT", "ends"), ("ENABLE", "enables")])
def test_by_hand_or_not_a_command_is_what_it_is(name: str, column: str) -> None:
    assert getattr(Command.sent_by_hand(b"a1", b"a1 " + name.encode()).row, column)
    assert not getattr(Command.sent_by_hand(b"a1", b"a1 NOOP").row, column)


def test_a_command_of_which_only_the_tag_was_known_gets_its_name() -> None:
    command = Command.sent_by_hand(b"a1", b"a1")
    command.be_sent_by_hand(b"STARTTLS")
    assert command.row.name == "STARTTLS"
    assert command.row.upgrade is Upgrade.TLS
    assert command.upgraded_by_hand
    assert not command.tells


def test_what_makes_no_sense_without_a_mailbox() -> None:
    assert build("FETCH", "1", "FLAGS").needs_mailbox
    assert not build("LIST", "", "*").needs_mailbox
    assert Command.sent_by_hand(b"a1", b"a1 FETCH 1 x").needs_mailbox
    assert not Command.sent_by_hand(b"a1", b"a1 NOOP").needs_mailbox


def test_what_was_listed_as_enabled_is_added_up() -> None:
    enable = build("ENABLE", "UTF8=ACCEPT")
    for names, enables in [(b"CONDSTORE", False), (b"UTF8=ACCEPT", True), (b"QRESYNC", True)]:
        enable.note_enabled(names)
        assert enable.enables_utf8 is enables
    noop = build("NOOP")
    noop.note_enabled(b"UTF8=ACCEPT")
    assert noop.enables_utf8 is None


def test_in_utf8_mode_it_is_another() -> None:
    command, other = build("SELECT", "\xe4"), build("SELECT", "\xe4", utf8=True)
    command.utf8_form = other
    command.encode_anew()
    assert command.parts == other.parts
    command.encode_anew()
    command.utf8_form = error("can't be sent")
    with pytest.raises(error, match="can't be sent"):
        command.encode_anew()
