"""The connection states of RFC 3501, section 3."""

from __future__ import annotations

import imaplib
from typing import Any

import pytest

from imaplib2._errors import abort, error
from imaplib2._protocol import states
from imaplib2._protocol.commands import COMMANDS, UID_COMMANDS, Row


def test_there_are_four() -> None:
    assert states.ANY == ("NONAUTH", "AUTH", "SELECTED", "LOGOUT")
    assert {*states.NOT_AUTHENTICATED, *states.AUTHENTICATED} == {*states.ANY} - {states.LOGOUT}
    assert {*states.MAILBOX_SELECTED} < {*states.AUTHENTICATED}


@pytest.mark.parametrize("row", [*COMMANDS.values(), *UID_COMMANDS.values()])
def test_no_command_is_for_another(row: Row) -> None:
    assert {*row.states} <= {*states.ANY}


def test_a_refusal_is_worded_as_imaplib_has_it() -> None:
    client: Any = imaplib.IMAP4.__new__(imaplib.IMAP4)
    client.state = "NONAUTH"
    with pytest.raises(imaplib.IMAP4.error) as theirs:
        client._command("FETCH")
    ours = states.illegal("FETCH", "NONAUTH", ("SELECTED",))
    assert str(ours) == str(theirs.value)
    assert type(ours) is error
    assert not isinstance(ours, abort)


def test_a_refusal_names_the_command_and_not_its_way_to_count() -> None:
    refused = states.illegal("UID FETCH", "AUTH", ("SELECTED", "LOGOUT"))
    assert str(refused) == (
        "command FETCH illegal in state AUTH, only allowed in states SELECTED, LOGOUT"
    )
