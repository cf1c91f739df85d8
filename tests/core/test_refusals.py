"""Why a command isn't sent, in words."""

from __future__ import annotations

from imaplib2._protocol.command import Command
from imaplib2._protocol.refusals import forbidden, in_plain_text, not_sent

from .helpers import row


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


def test_it_is_said_what_to_do() -> None:
    assert "LOGIN was not sent: the server forbids it (LOGINDISABLED)" in str(
        forbidden(row("LOGIN"))
    )
    assert "starttls()" in str(forbidden(row("LOGIN")))
    assert "assign the socket to M.sock" in str(in_plain_text(row("NOOP")))
