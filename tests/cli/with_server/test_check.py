"""What `check` tells of servers."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import partial

import pytest

from imaplib2._cli.failures import OK, PROBLEM, REFUSED, UNREACHABLE

from ...server.contexts import Contexts
from ...server.scripted import CAPABILITIES, Command, Peer, ScriptedServer, Session, mailbox
from .helpers import Typed, at, idle, saying

Serve = Callable[..., ScriptedServer]
Type = Callable[..., Typed]

ALL = CAPABILITIES + b" UTF8=ACCEPT COMPRESS=DEFLATE"


def plain(server: ScriptedServer, user: str = "fred") -> tuple[str, ...]:
    return "check", at(server, user), "--plain", "--timeout", "5"


def test_a_good_server(serve: Serve, tls: Contexts, typed: Type) -> None:
    script = partial(mailbox, capabilities=ALL, handlers={"IDLE": idle})
    server = serve(script, tls=tls.server)
    done = typed("check", at(server), "--ca-file", str(tls.files.ca))
    assert (done.status, done.err) == (OK, "")
    for text in (
        "TLS TLSv1.3, ", "names localhost, 127.0.0.1", "verdict trusted", "greeting * OK ready",
        "software name scripted", "mechanisms the command LOGIN", "user fred, in ",
        "✓ round trip", "✓ pipelining", "✓ LITERAL+", "✓ UTF8=ACCEPT", "✓ IDLE", "✓ COMPRESS",
        "✓ All is well.",
    ):  # fmt: skip
        assert text in done.words
    server.join()


def test_nothing_is_changed(serve: Serve, typed: Type) -> None:
    """Whatever it sends is known to be harmless."""
    seen: list[tuple[str, bytes]] = []

    def script(peer: Peer) -> None:
        command = peer.command

        def noting(*names: str, **options: object) -> Command:
            found = command(*names, **options)  # type: ignore[arg-type]
            seen.append((found.name, found.args))
            return found

        peer.command = noting  # type: ignore[method-assign]
        mailbox(peer, capabilities=ALL, handlers={"IDLE": idle})

    assert typed(*plain(serve(script))).status == OK
    arguments = dict(seen)
    assert arguments.keys() == {
        "ID", "LOGIN", "CAPABILITY", "NOOP", "LIST", "ENABLE", "EXAMINE", "IDLE", "COMPRESS",
        "LOGOUT",
    }  # fmt: skip
    assert arguments["LIST"] == b'"" {5+}\r\nINBOX'


def test_for_machines(serve: Serve, typed: Type) -> None:
    script = partial(mailbox, handlers={"IDLE": saying([], b"NO")})
    done = typed(*plain(serve(script)), "--json")
    found = done.json
    assert found["tls"] is None
    assert found["trials"]["COMPRESS"] == {"outcome": "not offered", "seconds": None}
    assert found["trials"]["IDLE"]["outcome"] == "fails"
    assert done.status == PROBLEM
    (problem,) = found["problems"]
    assert problem["serious"]
    assert "IDLE doesn't work here" in problem["text"]


def test_nobody_logs_in_unless_somebody_is_known(serve: Serve, typed: Type) -> None:
    done = typed(*plain(serve(mailbox), ""))
    assert done.status == OK
    assert "✓ The server can be reached. ! Nobody has logged in" in done.words


def test_preauth(serve: Serve, typed: Type) -> None:
    greeting = b"* PREAUTH [CAPABILITY IMAP4rev1] hello"
    done = typed(*plain(serve(partial(mailbox, greeting=greeting)), ""))
    assert "known to the server already (PREAUTH)" in done.words
    assert "mechanisms" not in done.words
    assert done.status == OK


def test_refused_credentials(serve: Serve, typed: Type) -> None:
    refuse = saying([], b"NO", b"[AUTHENTICATIONFAILED] no \x1b[31m")
    done = typed(*plain(serve(partial(mailbox, handlers={"LOGIN": refuse}))))
    assert done.status == REFUSED
    assert "✗ 127.0.0.1:" in done.words
    assert 'refuses the login of fred: "no \\x1b[31m"' in done.words
    assert "Check the user's name" in done.words
    assert "\x1b" not in done.out


def test_plain_text_where_it_could_be_encrypted(serve: Serve, typed: Type) -> None:
    capabilities = b"IMAP4rev1 STARTTLS LOGINDISABLED"
    done = typed(*plain(serve(partial(mailbox, capabilities=capabilities)), ""))
    assert "! The connection isn't encrypted, although the server can do that." in done.words
    assert "✗ The server lets nobody log in" in done.words
    assert done.status == PROBLEM


@pytest.mark.parametrize(
    ("answers", "status", "shown"),
    [
        ([b"ID NIL"], b"OK", False),
        ([b'ID ("name" NIL "os" "x")'], b"OK", True),
        ([b"ID odd"], b"OK", False),
        ([b"ID ((("], b"OK", False),
        ([], b"NO", False),
    ],
)
def test_servers_that_say_little_of_themselves(
    answers: list[bytes], status: bytes, shown: bool, serve: Serve, typed: Type
) -> None:
    script = partial(mailbox, handlers={"ID": saying(answers, status)})
    assert ("software" in typed(*plain(serve(script), "")).words) is shown


def test_a_port_without_tls(serve: Serve, typed: Type) -> None:
    def script(peer: Peer) -> None:
        peer.relax()
        peer.greet()
        peer.wait_closed()

    server = serve(script)
    done = typed("check", at(server))
    assert done.status == UNREACHABLE
    assert "doesn't speak TLS" in done.words
    assert "Certificate" not in done.words


def test_a_server_that_is_gone_before_it_shows_its_certificate_again(
    serve: Serve, tls: Contexts, typed: Type
) -> None:
    def script(peer: Peer) -> None:
        if peer.number:
            peer.reset()
        else:
            peer.relax()
            with pytest.raises(ssl.SSLError):
                peer.wrap_tls(tls.server)

    done = typed("check", at(serve(script)))
    assert done.status == UNREACHABLE
    assert "doesn't know" in done.words
    assert "Certificate" not in done.out


def test_a_link_that_breaks_in_a_trial(serve: Serve, typed: Type) -> None:
    def noop(session: Session, command: Command) -> None:
        session.peer.reset()
        session.over = True

    done = typed(*plain(serve(partial(mailbox, handlers={"NOOP": noop}))))
    assert done.status == PROBLEM
    assert "✗ round trip the connection is lost" in done.words
    assert "pipelining" not in done.words


def test_a_peer_without_an_address() -> None:
    from imaplib2._cli.check import _peer

    class Lost:
        sock = None

    assert _peer(Lost()) is None  # type: ignore[arg-type]


def test_a_link_that_breaks_before_the_login(serve: Serve, typed: Type) -> None:
    def identify(session: Session, command: Command) -> None:
        session.peer.reset()
        session.over = True

    done = typed(*plain(serve(partial(mailbox, handlers={"ID": identify})), ""))
    assert done.status == UNREACHABLE
    assert "greeting * OK ready ✗ 127.0.0.1:" in done.words


def test_the_time_of_a_login_is_the_servers(serve: Serve, typed: Type) -> None:
    """How long a password is looked for is no matter."""
    server = serve(mailbox)
    done = typed(*plain(server), "--json", "--password-command", "sleep 0.3; echo x")
    assert done.json["login_seconds"] < 0.3


def test_a_token(serve: Serve, typed: Type) -> None:
    script = partial(mailbox, capabilities=CAPABILITIES + b" AUTH=XOAUTH2", handlers={"IDLE": idle})
    assert typed(*plain(serve(script)), "--token-command", "echo x").status == OK


def test_a_tunnel_that_leads_nowhere(typed: Type) -> None:
    done = typed("check", "tunnel", "--command", "exit 1")
    assert done.status == UNREACHABLE
    assert "✗ tunnel" in done.words
