"""Between a call with a callback and its turn, the mailbox, TLS or the mode may have changed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imaplib2 import IMAP4

from ...server.contexts import Contexts
from ...server.helpers import (
    Calls,
    Serve,
    abort,
    agree,
    connected,
    error,
    failure,
    greet,
    greet_authenticated,
)
from ...server.scripted import Peer

pytestmark = pytest.mark.timeout(30)

Refuse = Callable[[Peer, Any], None]
refusals = pytest.mark.parametrize("refuse", [Peer.no, Peer.bad])


class Held:
    """A callback that is called, and does not return before it is let go: others are due."""

    def __init__(self) -> None:
        self.called, self.free = threading.Event(), threading.Event()

    def __call__(self, outcome: Any) -> None:
        self.called.set()
        self.free.wait(20)


# -- A mailbox that isn't there --------------------------------------------------------------------


@refusals
def test_what_was_meant_for_the_mailbox_does_nothing_to_the_one_before(
    serve: Serve, refuse: Refuse
) -> None:
    issued = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.select(2)
        command = peer.command("SELECT")
        assert command.args == b'"(Archive)"'
        peer.pause(issued)
        refuse(peer, command)
        agree(peer, "NOOP")  # and nothing before it

    calls = Calls()
    with connected(serve(script)) as M:
        M.select("INBOX")
        M.select("(Archive)", callback=calls, cb_arg="SELECT")
        M.store("1:*", "+FLAGS", "(\\Deleted)", callback=calls, cb_arg="STORE")
        M.expunge(callback=calls, cb_arg="EXPUNGE")
        issued.set()
        (_, name, _), *others = (calls.next() for _ in range(3))
        assert name == "SELECT"
        for result, name, problem in others:
            assert (result, problem[0]) == (None, error)
            assert problem[1] == f"{name} was not sent: SELECT '(Archive)' before it has failed"
        assert (M.state, M.mailbox, M.is_readonly) == ("AUTH", None, False)
        assert "illegal in state AUTH" in str(failure(M.expunge))
        M.noop()


@refusals
def test_a_refusal_that_is_faster_than_the_caller(serve: Serve, refuse: Refuse) -> None:
    """Its callback has not been called yet, as another one is being called."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.select(2)
        agree(peer, "NOOP")
        refuse(peer, peer.command("EXAMINE"))
        agree(peer, "NOOP")
        peer.hold()

    held, calls = Held(), Calls()
    with connected(serve(script)) as M:
        M.select("INBOX")
        M.noop(callback=held)
        M.select("other", readonly=True, callback=calls)
        assert held.called.wait(5)
        M.noop()
        assert calls.count == 0
        assert "illegal in state AUTH" in str(failure(M.store, "1", "+FLAGS", "x", callback=calls))
        held.free.set()
        calls.next()


# -- TLS that isn't there --------------------------------------------------------------------------


@refusals
def test_a_refused_starttls_that_is_faster_than_the_caller(
    serve: Serve, tls: Contexts, refuse: Refuse
) -> None:
    """Until its callback is called, its user may believe that all is encrypted."""

    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        agree(peer, "NOOP")
        refuse(peer, peer.command("STARTTLS"))
        agree(peer, "NOOP")
        agree(peer, "CAPABILITY")
        refuse(peer, peer.command("STARTTLS"))
        peer.login(b"[CAPABILITY IMAP4rev1] hello")

    held, calls = Held(), Calls()
    with connected(serve(script)) as M:
        M.noop(callback=held)
        M.starttls(ssl_context=tls.client, callback=calls)
        assert held.called.wait(5)
        M.noop()
        assert calls.count == 0
        for call in (
            lambda: M.login("me", "hunter2", callback=calls),
            lambda: M.login("me", "hunter2"),
            lambda: M.authenticate("PLAIN", lambda challenge: b"\0me\0hunter2"),
            lambda: M.id("name", "value"),
            lambda: M.xatom("XFOO", "hunter2"),
            lambda: M.send(M._new_tag() + b" LOGIN me hunter2\r\n"),
        ):
            problem = failure(call)
            assert type(problem) is error
            assert "was not sent: STARTTLS before it has failed" in str(problem)
        M.capability()
        M.starttls(ssl_context=tls.client, callback=calls)
        held.free.set()
        for _ in range(2):
            result, _, problem = calls.next()
            assert (result, problem[0]) == (None, error)
        assert calls.count == 0
        M.login("me", "in plain text, if it must be")


@refusals
def test_the_callback_of_a_refused_starttls_may_do_as_it_likes(
    serve: Serve, tls: Contexts, refuse: Refuse
) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        refuse(peer, peer.command("STARTTLS"))
        peer.login(b"[CAPABILITY IMAP4rev1] hello")

    calls = Calls()
    with connected(serve(script)) as M:
        M.starttls(
            ssl_context=tls.client, callback=lambda outcome: calls(M.login("me", "hunter2")[0])
        )
        assert calls.next() == "OK"


def test_logout_behind_a_refused_starttls(serve: Serve, tls: Contexts) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        agree(peer, "NOOP")
        peer.no(peer.command("STARTTLS"))
        agree(peer, "NOOP")
        peer.serve_logout()

    held, calls = Held(), Calls()
    with connected(serve(script)) as M:
        M.noop(callback=held)
        M.starttls(ssl_context=tls.client, callback=calls)
        M.noop()
        held.free.set()
        assert M.logout()[0] == "BYE"


BAD_FILES: dict[str, dict[str, str]] = {
    "no CA": {"ca_certs": "missing"},
    "a folder for a CA": {"ca_certs": "folder"},
    "a CA that isn't PEM": {"ca_certs": "nonsense"},
    "an empty CA": {"ca_certs": "empty"},
    "no certificate": {"certfile": "missing"},
    "a certificate that isn't PEM": {"certfile": "nonsense"},
    "a certificate without its key": {"certfile": "ca"},
    "no key": {"certfile": "certificate", "keyfile": "missing"},
    "a key that isn't PEM": {"certfile": "certificate", "keyfile": "nonsense"},
    "the key of another certificate": {"certfile": "ca", "keyfile": "key"},
}


@pytest.fixture
def files(tls: Contexts, tmp_path: Path) -> Callable[[str], str]:
    (tmp_path / "folder").mkdir()
    (tmp_path / "nonsense").write_text("nonsense")
    (tmp_path / "empty").touch()
    return lambda name: str(getattr(tls.files, name, tmp_path / name))


@pytest.mark.parametrize("kind", BAD_FILES)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_files_are_looked_at_before_starttls_is_sent(
    serve: Serve, tls: Contexts, files: Callable[[str], str], kind: str, asynchronous: bool
) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        agree(peer, "NOOP")
        peer.starttls(tls.server)
        peer.capability()

    calls = Calls()
    options: dict[str, Any] = {name: files(file) for name, file in BAD_FILES[kind].items()}
    with connected(serve(script)) as M:
        M.literal = b"left over"
        before = M._tls
        problem = failure(M.starttls, **options, **({"callback": calls} if asynchronous else {}))
        assert isinstance(problem, OSError)  # ssl.SSLError is one
        assert not isinstance(problem, error)
        assert M._tls is before
        assert M.literal is None
        M.noop()
        assert M.starttls(ca_certs=tls.files.ca) == ("OK", [None])
    assert calls.count == 0


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.touch(mode=0)

    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        assert isinstance(failure(M.starttls, ca_certs=str(path)), PermissionError)
        M.noop()


def test_a_subclass_with_its_own_handshake_has_its_own_files(serve: Serve, tls: Contexts) -> None:
    class Own(IMAP4):
        def ssl_wrap_socket(self) -> None:
            assert self.ca_certs == "in the database"
            self.sock = tls.client.wrap_socket(self.sock, server_hostname=self.host)

    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        peer.starttls(tls.server)
        peer.capability()
        agree(peer, "NOOP")

    with connected(serve(script), Own) as M:
        M.starttls(ca_certs="in the database")
        M.noop()


# -- LOGIN that isn't allowed ----------------------------------------------------------------------


LOGINS: dict[str, Callable[[Any], Any]] = {
    "login": lambda M: M.login("me", "hunter2"),
    "LOGIN": lambda M: M.LOGIN("me", "hunter2"),
    "xatom": lambda M: M.xatom("login", "me", "hunter2"),
    "_simple_command": lambda M: M._simple_command("LOGIN", "me", "hunter2"),
    "_command": lambda M: M._command("LOGIN", "me", "hunter2"),
    "by hand": lambda M: M.send(M._new_tag() + b" LOGIN me hunter2\r\n"),
    "with a callback": lambda M: M.login("me", "hunter2", callback=print),
}


@pytest.mark.parametrize("way", LOGINS)
@pytest.mark.parametrize("told", ["in the greeting", "when asked", "by the user"])
def test_no_password_is_sent_where_login_is_disabled(serve: Serve, way: str, told: str) -> None:
    def script(peer: Peer) -> None:
        if told == "when asked":
            peer.greet()
            peer.capability(b"IMAP4rev1 LOGINDISABLED")
        else:
            greet(peer, b"LOGINDISABLED" if told == "in the greeting" else b"")
        agree(peer, "NOOP")
        command = peer.command("AUTHENTICATE", "PLAIN")
        peer.line(b"+ ")
        peer.read(len(b"AG1lAGh1bnRlcjI=\r\n"))
        peer.ok(command, b"[CAPABILITY IMAP4rev1] hello")

    with connected(serve(script)) as M:
        if told == "by the user":
            M.capabilities = ("IMAP4REV1", "LOGINDISABLED")
        problem = failure(LOGINS[way], M)
        assert type(problem) is error
        assert "LOGINDISABLED" in str(problem)
        assert "starttls()" in str(problem)
        assert "hunter2" not in str(problem)
        assert not dict(M.tagged_commands)
        M.noop()
        assert M.login_plain("me", "hunter2")[0] == "OK"


def test_a_login_behind_starttls_is_judged_by_what_the_server_says_there(
    serve: Serve, tls: Contexts
) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS LOGINDISABLED")
        peer.starttls(tls.server)
        peer.capability(b"IMAP4rev1")
        peer.login(b"[CAPABILITY IMAP4rev1 LOGINDISABLED] hello")
        agree(peer, "NOOP")

    calls = Calls()
    with connected(serve(script)) as M:
        M.starttls(ssl_context=tls.client, callback=calls)
        M.login("me", "hunter2", callback=calls)
        assert calls.next()[0] == ("OK", [None])
        assert calls.next()[0] == ("OK", [b"[CAPABILITY IMAP4rev1 LOGINDISABLED] hello"])
        problem = failure(M.login, "me", "hunter2")
        assert "illegal in state AUTH" in str(problem)
        assert not isinstance(problem, abort)
        M.noop()


# -- Another mode ----------------------------------------------------------------------------------


@pytest.mark.parametrize("enabled", [True, False])
def test_what_is_issued_behind_an_enable_is_encoded_for_its_answer(
    serve: Serve, enabled: bool
) -> None:
    issued = threading.Event()
    lines: list[bytes] = []

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"ENABLE UTF8=ACCEPT LITERAL+")
        command = peer.command("ENABLE")
        peer.pause(issued)
        if enabled:
            peer.untagged(b"ENABLED UTF8=ACCEPT")
        else:
            peer.untagged(b"ENABLED")
        peer.ok(command)
        for name in ("CREATE", "APPEND", "STATUS", "RENAME"):
            command = peer.command(name)
            lines.append(command.args)
            peer.ok(command)

    calls = Calls()
    buffer = bytearray(b"text")
    with connected(serve(script)) as M:
        M.enable("UTF8=ACCEPT", callback=calls)
        M.create("\xe4", callback=calls)
        M.append("\xe4", None, None, buffer, callback=calls)
        buffer[:] = b"something else"
        M.status("R&D", "(MESSAGES)", callback=calls)
        M.rename("a b", "\xe4", callback=calls)
        issued.set()
        for _ in range(5):
            assert calls.next()[2] is None
        assert M.utf8_enabled is enabled
    assert lines == (
        [
            b'"\xc3\xa4"',
            b'"\xc3\xa4" UTF8 (~{4+}\r\ntext)',
            b"R&D (MESSAGES)",
            b'"a b" "\xc3\xa4"',
        ]
        if enabled
        else [b"&AOQ-", b"&AOQ- {4+}\r\ntext", b"R&-D (MESSAGES)", b'"a b" &AOQ-']
    )


def test_a_search_with_a_charset_is_refused_when_the_mode_has_changed(serve: Serve) -> None:
    issued = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"ENABLE UTF8=ACCEPT")
        command = peer.command("ENABLE")
        peer.pause(issued)
        peer.untagged(b"ENABLED UTF8=ACCEPT")
        peer.ok(command)
        peer.select(1)
        agree(peer, "NOOP")

    calls = Calls()
    with connected(serve(script)) as M:
        M.enable("UTF8=ACCEPT", callback=calls)
        M.select(callback=calls)
        M.search("UTF-8", "SUBJECT", "\xe4", callback=calls, cb_arg="search")
        issued.set()
        calls.next()
        calls.next()
        result, _, problem = calls.next()
        assert (result, problem) == (None, (error, "Non-None charset not valid in UTF8 mode"))
        assert str(failure(M.search, "UTF-8", "ALL")) == problem[1]
        M.noop()
