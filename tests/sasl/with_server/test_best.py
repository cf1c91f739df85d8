"""The best login: what is tried behind what, and what isn't; and the methods' own examples."""

from __future__ import annotations

import base64
import doctest
import threading
from collections.abc import Callable
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL, IMAP4_stream
from imaplib2._logins import LoginMethods
from imaplib2._sasl import best

from ...needs import need_package
from ...server.contexts import Contexts
from ...server.exchanges import converse, initial
from ...server.helpers import SECONDS, Calls, Serve, agree, connected, error, greet
from ...server.scripted import Command, Peer
from ..scram_server import ScramServer

need_package("scramp")

pytestmark = pytest.mark.timeout(20)

WELCOME = b"[CAPABILITY IMAP4rev1] welcome"
ALL = b"AUTH=PLAIN AUTH=CRAM-MD5 AUTH=SCRAM-SHA-1 AUTH=SCRAM-SHA-256"
CLEAR = b"AUTH=PLAIN LOGINDISABLED"

Reply = Callable[[Peer, Command], None]


def lead(peer: Peer, command: Command) -> None:
    """Converse to the end, and let the client in."""
    name = command.words[0].decode()
    if command.name == "LOGIN":
        assert command.words == [b"me", b"secret"]
    elif name == "PLAIN":
        assert initial(peer, command) == b"\0me\0secret"
    elif name == "CRAM-MD5":
        peer.line(b"+ " + base64.b64encode(b"<1@example.org>"))
        assert base64.b64decode(peer.readline()).startswith(b"me ")
    else:
        assert converse(peer, command, ScramServer(name))
    peer.ok(command, WELCOME)


def refuse(peer: Peer, command: Command) -> None:
    peer.bad(command, b"unknown mechanism")


def cannot(peer: Peer, command: Command) -> None:
    initial(peer, command)
    peer.no(command, b"[CANNOT] not for you")


def fail(peer: Peer, command: Command) -> None:
    initial(peer, command)
    peer.no(command, b"[AUTHENTICATIONFAILED] wrong")


def answering(offered: bytes, **replies: Reply) -> Callable[[Peer], None]:
    """A server that expects logins by these mechanisms, in this order, and then a NOOP."""

    def script(peer: Peer) -> None:
        greet(peer, offered)
        for name, reply in replies.items():
            command = peer.command()
            found = "LOGIN" if command.name == "LOGIN" else command.words[0].decode()
            assert found.replace("-", "_") == name
            reply(peer, command)
        agree(peer, "NOOP")

    return script


def strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the server be on another machine, as far as can be seen."""
    monkeypatch.setattr(best, "has_local_peer", lambda sock: False)


def log_in(M: Any, *, called_back: bool = False, **options: Any) -> Any:
    """The outcome of a login, which a callback may be told."""
    if not called_back:
        outcome = M.login_best("me", "secret", **options)
    else:
        calls = Calls()
        assert M.login_best("me", "secret", callback=calls, cb_arg="mine", **options) == (
            None,
            None,
        )
        outcome, argument, problem = calls.next()
        assert (argument, calls.count) == ("mine", 0)
        if problem is not None:
            raise problem[0](problem[1])
    assert M.state == "AUTH"
    assert M.noop() == ("OK", [b"done"])
    return outcome


either_way = pytest.mark.parametrize("called_back", [False, True])


@pytest.mark.parametrize(
    ("offered", "replies"),
    [
        (ALL, {"SCRAM_SHA_256": lead}),
        (ALL + b" SASL-IR", {"SCRAM_SHA_256": lead}),
        (ALL, {"SCRAM_SHA_256": refuse, "SCRAM_SHA_1": lead}),
        (ALL, {"SCRAM_SHA_256": cannot, "SCRAM_SHA_1": refuse, "PLAIN": lead}),
        (
            ALL + b" SASL-IR",
            {"SCRAM_SHA_256": cannot, "SCRAM_SHA_1": cannot, "PLAIN": cannot, "CRAM_MD5": lead},
        ),
        (
            ALL,
            {
                "SCRAM_SHA_256": refuse, "SCRAM_SHA_1": refuse, "PLAIN": refuse,
                "CRAM_MD5": refuse, "LOGIN": lead,
            },
        ),
        (CLEAR, {"PLAIN": lead}),
        (b"", {"LOGIN": lead}),
    ],
)  # fmt: skip
@either_way
def test_what_is_refused_leads_to_the_next(
    serve: Serve, offered: bytes, replies: dict[str, Reply], called_back: bool
) -> None:
    with connected(serve(answering(offered, **replies))) as M:
        assert log_in(M, called_back=called_back) == ("OK", [WELCOME])


@pytest.mark.parametrize(
    "replies",
    [
        {"SCRAM_SHA_256": fail},
        {"SCRAM_SHA_256": refuse, "SCRAM_SHA_1": fail},
        {"SCRAM_SHA_256": refuse, "SCRAM_SHA_1": refuse, "PLAIN": fail},
    ],
)
@either_way
def test_behind_refused_credentials_nothing_is_tried(
    serve: Serve, replies: dict[str, Reply], called_back: bool
) -> None:
    with connected(serve(answering(ALL, **replies))) as M:
        with pytest.raises(error, match=r"^\[AUTHENTICATIONFAILED\] wrong$"):
            log_in(M, called_back=called_back)
        assert M.state == "NONAUTH"
        assert M.noop() == ("OK", [b"done"])


@either_way
def test_all_refused(serve: Serve, called_back: bool) -> None:
    script = answering(CLEAR + b" AUTH=CRAM-MD5", PLAIN=refuse, CRAM_MD5=refuse)
    with connected(serve(script)) as M:
        with pytest.raises(error, match=r"BAD .*unknown mechanism"):
            log_in(M, called_back=called_back)
        M.noop()


def test_a_password_is_asked_for_once(serve: Serve) -> None:
    asked: list[str] = []

    def ask() -> str:
        asked.append("secret")
        return asked[-1]

    with connected(serve(answering(ALL, SCRAM_SHA_256=refuse, SCRAM_SHA_1=lead))) as M:
        assert M.login_best("me", ask) == ("OK", [WELCOME])
        assert asked == ["secret"]
        M.noop()


@either_way
def test_it_may_be_called_from_a_callback(serve: Serve, called_back: bool) -> None:
    def script(peer: Peer) -> None:
        greet(peer, ALL)
        agree(peer, "NOOP")
        for name, reply in (("SCRAM-SHA-256", refuse), ("SCRAM-SHA-1", lead)):
            command = peer.command("AUTHENTICATE")
            assert command.words == [name.encode()]
            reply(peer, command)

    outcomes = Calls()
    with connected(serve(script)) as M:

        def log_in(outcome: Any) -> None:
            if called_back:
                M.login_best("me", "secret", callback=outcomes)
            else:
                outcomes((M.login_best("me", "secret"), None, None))

        M.noop(callback=log_in)
        assert outcomes.next() == (("OK", [WELCOME]), None, None)


@either_way
def test_the_end_between_two_attempts(serve: Serve, called_back: bool) -> None:
    def script(peer: Peer) -> None:
        greet(peer, ALL)
        peer.relax()
        peer.send(peer.command("AUTHENTICATE").tag + b" BAD no\r\n* BYE enough\r\n")
        peer.close()

    with connected(serve(script)) as M, pytest.raises(IMAP4.abort, match="enough"):
        log_in(M, called_back=called_back)


@pytest.mark.parametrize("refused", range(5))
@pytest.mark.parametrize("reply", [refuse, cannot])
def test_behind_a_cancel_no_other_attempt_is_made(serve: Serve, refused: int, reply: Reply) -> None:
    seen, cancelled = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        greet(peer, ALL + b" SASL-IR")
        for number in range(refused + 1):
            command = peer.command("AUTHENTICATE", "LOGIN")
            if number == refused:
                seen.set()
                peer.pause(cancelled)
            name = command.words[0].decode()
            # These take no initial response.
            (refuse if name not in ("PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256") else reply)(
                peer, command
            )
        for _ in range(2):
            agree(peer, "NOOP")

    with connected(serve(script)) as M:
        future = M.submit(M.login_best, "me", "secret")
        assert seen.wait(SECONDS)
        assert future.cancel()
        calls = Calls()
        M.noop(callback=calls)
        cancelled.set()
        assert calls.next()[0] == ("OK", [b"done"])
        assert M.state == "NONAUTH"
        assert M.noop()[0] == "OK"
        assert future.cancelled()


# -- Where the password may be shown --------------------------------------------------------------


def test_it_is_not_shown_to_strangers(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    strangers(monkeypatch)

    def script(peer: Peer) -> None:
        greet(peer, b"AUTH=PLAIN")
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        with pytest.raises(error, match="is not encrypted: use starttls"):
            M.login_best("me", "secret")
        assert M.noop()[0] == "OK"


@pytest.mark.parametrize(
    ("offered", "replies", "options"),
    [
        (ALL, {"SCRAM_SHA_256": lead}, {}),
        (b"AUTH=PLAIN AUTH=CRAM-MD5", {"CRAM_MD5": lead}, {}),
        (b"AUTH=PLAIN AUTH=CRAM-MD5", {"PLAIN": lead}, {"allow_clear_text": True}),
        (b"AUTH=PLAIN SASL-IR", {"PLAIN": lead}, {"allow_clear_text": True}),
        (b"", {"LOGIN": lead}, {"allow_clear_text": True}),
    ],
)
def test_unless_that_is_allowed(
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    offered: bytes,
    replies: dict[str, Reply],
    options: dict[str, bool],
) -> None:
    strangers(monkeypatch)
    with connected(serve(answering(offered, **replies))) as M:
        assert log_in(M, **options) == ("OK", [WELCOME])


def test_with_tls_it_is(serve: Serve, tls: Contexts, monkeypatch: pytest.MonkeyPatch) -> None:
    strangers(monkeypatch)
    server = serve(answering(CLEAR, PLAIN=lead), tls=tls.server)
    with connected(server, IMAP4_SSL, ssl_context=tls.client) as M:
        assert log_in(M) == ("OK", [WELCOME])


def test_with_starttls_too(serve: Serve, tls: Contexts, monkeypatch: pytest.MonkeyPatch) -> None:
    strangers(monkeypatch)

    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS LOGINDISABLED")
        peer.starttls(tls.server)
        peer.capability(b"IMAP4rev1 AUTH=PLAIN")
        lead(peer, peer.command("AUTHENTICATE"))
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        M.starttls(ssl_context=tls.client)
        assert log_in(M) == ("OK", [WELCOME])


CHILD = """
import sys
print('* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready', end='\\r\\n', flush=True)
tag, *words = input().split()
assert words[:2] == ['AUTHENTICATE', 'PLAIN']
print(tag, 'OK [CAPABILITY IMAP4rev1] welcome', end='\\r\\n', flush=True)
sys.stdin.read()
"""


def test_to_a_child_process_too(tmp_path: Any) -> None:
    import sys

    program = tmp_path / "child.py"
    program.write_text(CHILD, "ascii")
    M = IMAP4_stream(f"exec {sys.executable} {program}")
    try:
        assert M.login_best("me", "secret") == ("OK", [WELCOME])
    finally:
        M.shutdown()


# -- Programs and subclasses ----------------------------------------------------------------------


def test_a_subclass_may_have_such_methods_of_its_own(serve: Serve) -> None:
    """None of ours calls another."""

    class Own(IMAP4):
        def login_xoauth2(self, user: str, make_token: Any) -> str:  # type: ignore[override]
            return f"{user} {make_token()}"

        def login_plain(self, *arguments: Any) -> Any:
            pytest.fail("called")

        login_scram = login_cram_md5 = login = login_plain
        login_external = login_oauthbearer = login_plain

    with connected(serve(answering(ALL, SCRAM_SHA_256=lead)), Own) as M:
        assert M.login_xoauth2("me", lambda: "token") == "me token"
        assert log_in(M) == ("OK", [WELCOME])


METHODS = [name for name in vars(LoginMethods) if name.startswith("login_")]


@pytest.mark.parametrize("name", METHODS)
def test_the_examples_of_the_methods_run(serve: Serve, name: str) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"AUTH=SCRAM-SHA-256")
        peer.relax()
        command = peer.command("AUTHENTICATE")
        if b"SCRAM" in command.args:
            assert converse(peer, command, ScramServer())
        else:
            initial(peer, command)
        peer.untagged(b"CAPABILITY IMAP4rev1")
        peer.ok(command, b"welcome")

    with connected(serve(script)) as M:
        method = getattr(IMAP4, name)
        (test,) = doctest.DocTestFinder(recurse=False).find(method, name, globs={"M": M})
        assert test.examples
        assert doctest.DocTestRunner().run(test).failed == 0
