"""Connections, encrypted and logged in as the command line and the file say."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from imaplib2._cli import accounts
from imaplib2._cli.account import Account
from imaplib2._cli.accounts import closing, connect, fingerprint_of, log_in, session
from imaplib2._cli.failures import PROBLEM, REFUSED, UNREACHABLE, USAGE, Failure
from imaplib2._errors import abort, error, told

from ...server.contexts import Contexts
from ...server.scripted import Command, Peer, ScriptedServer, Session, mailbox
from ..helpers import Kept, account

Serve = Callable[..., ScriptedServer]


def of(server: ScriptedServer, **fields: Any) -> Account:
    usual = {"host": "localhost", "port": server.port, "timeout": 5.0}
    return account(**{**usual, **fields})


# -- Connections -----------------------------------------------------------------------------------


def test_tls(serve: Serve, tls: Contexts) -> None:
    server = serve(mailbox, tls=tls.server)
    with connect(of(server, ca_file=tls.files.ca)) as client:
        assert client.sock.version()  # type: ignore[union-attr]
        certificate = accounts.certificate_of(client)
    with connect(of(server, fingerprint=fingerprint_of(certificate))):
        pass
    with pytest.raises(Failure, match="not the certificate that --fingerprint trusts") as caught:
        connect(of(server, fingerprint="00" * 32))
    assert caught.value.status == UNREACHABLE
    with pytest.raises(Failure, match="doesn't know") as caught:
        connect(of(server))
    assert caught.value.status == UNREACHABLE


def test_starttls(serve: Serve, tls: Contexts) -> None:
    def script(peer: Peer) -> None:
        peer.greet(b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready")
        peer.relax()
        peer.starttls(tls.server)
        peer.capability()
        peer.serve_logout()

    server = serve(script)
    wanted = of(server, security="starttls", ca_file=tls.files.ca)
    with connect(wanted) as client:
        assert client.sock.version()  # type: ignore[union-attr]
    with pytest.raises(Failure, match="offers no STARTTLS"):
        connect(of(serve(mailbox), security="starttls"))


def test_a_trace(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    opener = accounts.Opener(of(serve(mailbox), security="plain", trace=True), Kept())
    opener._password = "hush"
    opener().logout()
    told = capsys.readouterr().err
    assert "ready" in told
    assert "hush" not in told


# -- Logging in ------------------------------------------------------------------------------------


def test_who_logs_in_must_be_said(serve: Serve) -> None:
    with (
        connect(of(serve(mailbox), security="plain", user=None)) as client,
        pytest.raises(Failure, match="Nobody has said") as caught,
    ):
        log_in(client, account(user=None), Kept())
    assert caught.value.status == USAGE


@pytest.mark.parametrize(
    ("mechanisms", "expected"),
    [
        (b"AUTH=XOAUTH2 AUTH=OAUTHBEARER", b"XOAUTH2"),
        (b"AUTH=XOAUTH2", b"XOAUTH2"),
        (b"AUTH=OAUTHBEARER", b"OAUTHBEARER"),
    ],
)
def test_tokens(serve: Serve, mechanisms: bytes, expected: bytes) -> None:
    used: list[bytes] = []

    def authenticate(session: Session, command: Command) -> None:
        used.append(command.words[0])
        session.peer.line(b"+ ")
        session.peer.readline()
        session.peer.ok(command)

    script = partial(
        mailbox, capabilities=b"IMAP4rev1 " + mechanisms, handlers={"AUTHENTICATE": authenticate}
    )
    wanted = of(serve(script), security="plain", token_command="echo token")
    with session(wanted, Kept()) as client:
        assert client.state == "AUTH"
    assert used == [expected]


def test_refused_credentials(serve: Serve) -> None:
    def refuse(session: Session, command: Command) -> None:
        session.peer.no(command, b"[AUTHENTICATIONFAILED] no\x1b")

    script = partial(mailbox, handlers={"LOGIN": refuse})
    wanted = of(serve(script), security="plain", password_command="echo x")
    with pytest.raises(Failure, match="refuses the login of fred") as caught:
        accounts.Opener(wanted, Kept())()
    assert caught.value.status == REFUSED
    assert "\x1b" not in caught.value.text


def test_the_password_is_asked_for_once(serve: Serve, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    command = f"echo >>{asked}; echo secret"
    opener = accounts.Opener(of(serve(mailbox), security="plain", password_command=command), Kept())
    for _ in range(2):
        opener().logout()
    assert asked.read_text() == "\n"


def test_a_session_says_what_the_server_refuses(serve: Serve) -> None:
    wanted = of(serve(mailbox), security="plain", password_command="echo x")
    with (
        pytest.raises(Failure, match="says NO: there is no such mailbox"),
        session(wanted, Kept()),
    ):
        raise refusal()
    with pytest.raises(Failure, match="EOF") as caught, session(wanted, Kept()):
        raise abort("socket error: EOF")
    assert caught.value.status == UNREACHABLE


def refusal() -> Exception:
    return told(error("[NONEXISTENT] x"), {"type": "NO", "code": "NONEXISTENT", "text": "x"})


def test_interrupted_sessions_end_without_a_logout(serve: Serve) -> None:
    said: list[str] = []

    def logout(session: Session, command: Command) -> None:
        said.append(command.name)
        session.peer.untagged(b"BYE")
        session.peer.ok(command)
        session.over = True

    server = serve(partial(mailbox, handlers={"LOGOUT": logout}))
    for problem in (KeyboardInterrupt, ValueError):
        with pytest.raises(problem), closing(connect(of(server, security="plain"))):
            raise problem
    server.join(2)
    assert said == ["LOGOUT"]


def test_shown_passwords_have_to_be_allowed(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imaplib2._sasl.best.is_loopback", lambda host: False)
    wanted = of(serve(mailbox), security="plain", password_command="echo x")
    with pytest.raises(Failure, match="without showing the password") as caught:
        accounts.Opener(wanted, Kept())()
    assert caught.value.status == PROBLEM
    accounts.Opener(wanted._replace(allow_clear_text=True), Kept())().logout()
