"""Why a command isn't sent, in words; and what exceptions know of an answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol.command import Command
from imaplib2._protocol.refusals import (
    about_answer,
    about_command,
    cancelled,
    forbidden,
    in_plain_text,
    not_sent,
)

from .helpers import Driver, row


def command(name: str) -> Command:
    return Command(row(name), [name.encode()])


def test_what_a_command_relied_on_is_named() -> None:
    select = command("SELECT")
    select.first_argument = "x" * 10_000
    text = str(not_sent(command("FETCH"), select))
    assert text.startswith("FETCH was not sent: SELECT 'xxx")
    assert text.endswith(" before it has failed")
    assert len(text) < 1100
    text = str(not_sent(command("LOGIN"), command("STARTTLS")))
    assert text == "LOGIN was not sent: STARTTLS before it has failed"


def test_what_was_cancelled_is_named() -> None:
    starttls = command("STARTTLS")
    starttls.cancelled = True
    text = str(not_sent(command("LOGIN"), starttls))
    assert text == "LOGIN was not sent: STARTTLS before it was cancelled"
    assert str(cancelled(starttls)) == "STARTTLS was cancelled"
    assert cancelled(starttls).is_refusal


def test_it_is_said_what_to_do() -> None:
    assert "LOGIN was not sent: the server forbids it (LOGINDISABLED)" in str(
        forbidden(row("LOGIN"))
    )
    assert "starttls()" in str(forbidden(row("LOGIN")))
    assert "assign the socket to M.sock" in str(in_plain_text(row("NOOP")))


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (b"", {"text": ""}),
        (b"refused", {"text": "refused"}),
        (b"[TRYCREATE] no such mailbox", {"code": "TRYCREATE", "text": "no such mailbox"}),
        (b"[trycreate]  no", {"code": "TRYCREATE", "text": "no"}),
        (b"[OVERQUOTA]", {"code": "OVERQUOTA", "text": ""}),
        (b"[BADCHARSET (US-ASCII)] x", {"code": "BADCHARSET", "code_data": b"(US-ASCII)"}),
        (b'[REFERRAL "a]b"] x', {"code": "REFERRAL", "code_data": b'"a]b"', "text": "x"}),
        (b"[ALERT x", {"text": "[ALERT x"}),
        (b"x [ALERT] x", {"text": "x [ALERT] x"}),
        (b"a\x1b[2J\r\n", {"text": r"a\x1b[2J\x0d\x0a"}),
        (b"[A\x1b] \xff", {"code": r"A\x1b", "text": "\ufffd"}),
    ],
)
def test_what_an_answer_tells(text: bytes, known: dict[str, Any]) -> None:
    found = about_answer("NO", text)
    assert found["type"] == "NO"
    assert {name: found.get(name) for name in known} == known
    assert ("code_data" in found) == ("code" in found)


@given(
    st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-", min_size=1),
    st.binary().filter(lambda data: not {*b'[]()"'} & {*data}),
    st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="\\")),
)
def test_what_was_written_is_read(code: str, data: bytes, text: str) -> None:
    space = b" " if data else b""
    written = b"[" + code.encode() + space + data + b"] " + text.encode()
    assert about_answer("BAD", written) == {
        "type": "BAD", "code": code.upper(), "code_data": data, "text": text,
    }  # fmt: skip


@given(st.binary() | st.lists(st.sampled_from([b"[", b"]", b'"', b"(", b")", b"A ", b"\\"])))
def test_whatever_an_answer_says(text: bytes | list[bytes]) -> None:
    found = about_answer("BYE", text if isinstance(text, bytes) else b"".join(text))
    assert isinstance(found["text"], str)
    assert found.keys() <= {"type", "code", "code_data", "text"}


def test_a_command_that_was_not_sent_has_no_tag() -> None:
    driver = Driver.authenticated()
    driver.submit("SELECT", "INBOX")
    held = driver.submit("NOOP")
    assert held.tag
    assert about_command(held, "x:1") == {"command": "NOOP", "tag": None, "where": "x:1"}
    sent = next(iter(driver.core.in_progress.values()))
    assert about_command(sent, "x:1") == {"command": "SELECT", "tag": sent.tag, "where": "x:1"}


def test_what_stands_for_a_secret_is_no_code() -> None:
    assert about_answer("NO", b"[secret] is wrong") == {"type": "NO", "text": "[secret] is wrong"}
