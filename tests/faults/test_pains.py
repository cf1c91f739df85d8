"""What users of other libraries suffer from, as far as no other test shows that it can't happen."""

from __future__ import annotations

import itertools
import select
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import imaplib2
from imaplib2 import IMAP4

from ..server.helpers import (
    SECONDS,
    Calls,
    Serve,
    Thread,
    abort,
    agree,
    connected,
    duration,
    error,
    failure,
    greet,
    greet_authenticated,
    wait_over,
)
from ..server.scripted import Command, Peer, ScriptedServer, mailbox

pytestmark = pytest.mark.timeout(30)


# Races at the start (jazzband/imaplib2#2, #3)


class Late(IMAP4):
    """Starts its threads when the server has said all that it says."""

    server: ScriptedServer

    def open_socket(self) -> socket.socket:
        sock = super().open_socket()
        self.server.join()
        assert select.select([sock], [], [], SECONDS)[0]
        return sock


def open_late(serve: Serve, greeting: bytes) -> IMAP4:
    server = serve(lambda peer: peer.send(greeting))
    cls = type("Late", (Late,), {"server": server})
    M: IMAP4 = cls(server.host, server.port, SECONDS)
    return M


def test_a_greeting_that_is_there_before_the_threads(serve: Serve) -> None:
    M = open_late(serve, b"* PREAUTH [CAPABILITY IMAP4rev1 IDLE] ready\r\n* 3 EXISTS\r\n")
    assert M.welcome == b"* PREAUTH [CAPABILITY IMAP4rev1 IDLE] ready"
    assert M.capabilities == ("IMAP4REV1", "IDLE")
    wait_over(M)  # the server has closed its side
    assert M.response("EXISTS") == ("EXISTS", [b"3"])
    assert M.logout()[0] == "BYE"


@pytest.mark.parametrize(
    ("greeting", "text"),
    [
        (b"* OK ready\r\n* BYE too busy\r\n", "too busy"),
        (b"* BYE too busy\r\n", "too busy"),
        (b"* OK rea", "socket error: EOF"),
        (b"", "socket error: EOF"),
        (b"\r\n", "greeting"),
    ],
)
def test_an_end_that_is_there_before_the_threads(serve: Serve, greeting: bytes, text: str) -> None:
    with pytest.raises(error, match=text):
        open_late(serve, greeting)


# Callbacks that fail when the connection does (mailnag#29, #186)


def test_callbacks_that_raise_when_the_link_is_lost(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        for _ in range(5):
            peer.command("NOOP")
        arrived.set()
        peer.relax()
        peer.untagged(b"BYE enough")

    def broken(outcome: Any) -> None:
        assert outcome[2][0] is abort
        raise KeyError(outcome)

    hooked, calls = Calls(), Calls()
    monkeypatch.setattr(threading, "excepthook", lambda arguments: hooked(arguments.exc_type))
    with connected(serve(script)) as M:
        for callback in (broken, calls, broken, calls):
            M.noop(callback=callback)
        waiting = Thread(failure, M.noop)
        assert arrived.wait(SECONDS)
        assert "enough" in str(waiting.result())
        for _ in range(2):
            assert calls.next()[2][0] is abort
            assert hooked.next() is KeyError
        assert M.logout() == ("BYE", [b"enough"])
    assert (calls.count, hooked.count) == (0, 0)


# Clocks that are set (suspended machines, time servers)


def test_the_wall_clock_does_not_matter(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = peer.command("IDLE")
        peer.line(b"+ idling")
        peer.expect(b"DONE")
        peer.ok(command)
        peer.command("NOOP")
        peer.hold()

    jumps = itertools.cycle([1e9, 0.0, 4e9])
    monkeypatch.setattr(time, "time", lambda: next(jumps))
    with connected(serve(script), timeout=SECONDS, debug=5, debug_buf_lvl=6) as M:
        with duration(0.2, 2):
            assert M.idle(0.2)[0] == "OK"
        M.sock.settimeout(0.2)
        with duration(0.2, 2):
            assert isinstance(failure(M.noop), TimeoutError)


# Warnings (cpython#91099, #153417; jazzband/imaplib2#50)

SESSION = """
    import contextlib, io, sys
    import imaplib2
    from imaplib2 import IMAP4

    host, port = sys.argv[1:]
    log = io.StringIO()
    calls = []
    with IMAP4(host, int(port), 10, debug=5, debug_file=log) as M:
        repr(M)
        M.login("me", b"secret")
        M.select("INBOX")
        M.fetch(1, "(FLAGS BODY[])", callback=calls.append)
        M.search(None, "SUBJECT", "\\xe9")
        M.append("INBOX", ["\\\\Seen"], None, b"abc")
        M.uid("FETCH", b"1", "(UID)")
        M.idle(0)
        M.response("EXISTS")
        "EXISTS" in M.untagged_responses
        list(M.pop_untagged_responses())
        with contextlib.suppress(IMAP4.error):
            M.xatom("NONSENSE", b"x", "y")
        M.print_log()
    assert calls[0][0][0] == "OK", calls
    with contextlib.suppress(IMAP4.error):
        M.noop()
    assert str(imaplib2.version())
"""


def test_a_session_without_any_warning(serve: Serve) -> None:
    """Not even of bytes that are compared with str, or shown as one."""
    server = serve(mailbox)
    options = ["-bb", "-W", "error", "-X", "dev", "-c", textwrap.dedent(SESSION)]
    arguments = [sys.executable, *options, server.host, str(server.port)]
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=30)
    assert ended.stderr == "", ended.stderr
    assert ended.returncode == 0


# Commands that end with a space (aioimaplib#13)


def be_good_and_listen(heard: list[bytes]) -> Callable[[Peer], None]:
    """A script that agrees to everything, and keeps the commands as they came."""

    def script(peer: Peer) -> None:
        greet(peer, b"IDLE ENABLE NAMESPACE", b"PREAUTH")
        peer.relax()
        while True:
            command: Command = peer.command()
            heard.append(command.raw)
            if command.name == "IDLE":
                peer.line(b"+ idling")
                peer.expect(b"DONE")
            peer.ok(command)

    return script


def test_no_command_ends_with_a_space(serve: Serve) -> None:
    heard: list[bytes] = []
    server = serve(be_good_and_listen(heard))
    alone = {"AUTHENTICATE", "COMPRESS", "IDLE", "LOGOUT", "STARTTLS"}
    names = sorted(name for name in imaplib2.Commands if name not in alone)
    with connected(server) as M:
        M.state = "SELECTED"
        for call in (M.check, M.expunge, M.list, M.lsub, M.namespace, M.id):
            call()
        M.search(None, "ALL")
        M.idle(0)
        for name in names:
            M.state = "NONAUTH" if name == "LOGIN" else "AUTH"
            if "SELECTED" in imaplib2.Commands[name]:
                M.state = "SELECTED"
            M.xatom(name)
    assert len(heard) > len(names)
    assert [raw for raw in heard if raw.endswith(b" \r\n") or b"  " in raw] == []


# UTF8=ACCEPT that holds only half (hmailserver#53)


def test_append_in_utf8_mode_is_refused(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"ENABLE UTF8=ACCEPT")
        command = peer.command("ENABLE")
        peer.untagged(b"ENABLED UTF8=ACCEPT")
        peer.ok(command)
        line = peer.readline()
        assert line.endswith(b" APPEND INBOX UTF8 (~{3}"), line
        peer.line(line.split()[0] + b" BAD Missing literal")
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        M.enable("UTF8=ACCEPT")
        with pytest.raises(error, match="Missing literal"):
            M.append("INBOX", None, None, b"abc")
        assert M.noop() == ("OK", [b"done"])


def test_a_message_whose_subject_was_not_unfolded_does_not_end_a_listing(serve: Serve) -> None:
    """greenmail#498, cyrus-imapd#1522: the connection was lost, at the same message each time."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.select()
        command = peer.command("FETCH")
        peer.send(b'* 1 FETCH (ENVELOPE ("date" "one\r\n')
        peer.send(
            b' two" NIL NIL NIL NIL NIL NIL NIL NIL))\r\n* 2 FETCH (ENVELOPE ("" "three"))\r\n'
        )
        peer.ok(command)
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        M.select()
        assert M.fetch("1:2", "(ENVELOPE)") == (
            "OK",
            [
                b'1 (ENVELOPE ("date" "one two" NIL NIL NIL NIL NIL NIL NIL NIL))',
                b'2 (ENVELOPE ("" "three"))',
            ],
        )
        M.noop()


def test_a_refusal_without_a_tag_is_told_when_the_time_is_up(serve: Serve) -> None:
    """stalwart#3241, MailKit#860: nobody knew what was wrong."""

    def script(peer: Peer) -> None:
        greet(peer)
        peer.command("LOGIN")
        peer.untagged(b"NO [AUTHENTICATIONFAILED] Authentication failed")
        peer.relax()
        peer.wait_closed()

    with connected(serve(script), timeout=0.3) as M:
        problem = failure(M.login, "joe", "secret")
        assert isinstance(problem, TimeoutError)
        assert str(problem).startswith("timed out: no answer from the server for ")
        expected = "(the server said: NO [AUTHENTICATIONFAILED] Authentication failed)"
        assert expected in str(problem)
        assert expected in str(failure(M.noop))
