"""``identify=``: an ID by itself behind each login, which nothing depends on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

import imaplib2
from imaplib2 import IMAP4, IMAP4_SSL, IMAP4_stream

from ...server.contexts import Contexts
from ...server.helpers import (
    Calls,
    Serve,
    agree,
    connected,
    error,
    failure,
    greet,
    greet_authenticated,
)
from ...server.scripted import Command, Peer

pytestmark = pytest.mark.timeout(20)

NAMES = {"name": "me", "vendor": None}
ME = b'("name" "me" "vendor" NIL)'
LISTED = b"[CAPABILITY IMAP4rev1 ID] welcome"

WAYS: dict[str, Callable[..., Any]] = {
    "LOGIN": lambda M, **options: M.login("me", "sesame", **options),
    "login_plain": lambda M, **options: M.login_plain("me", "sesame", **options),
    "authenticate": lambda M, **options: M.authenticate("X", lambda _: b"", **options),
    "xatom": lambda M, **options: M.xatom("LOGIN", "me", "sesame", **options),
}


def identified(peer: Peer, arguments: bytes = ME) -> Command:
    command = peer.command("ID")
    assert command.args == arguments
    return command


def logged_in(peer: Peer, text: bytes = LISTED) -> None:
    command = peer.command("LOGIN", "AUTHENTICATE")
    if command.name == "AUTHENTICATE":
        peer.send(b"+ \r\n")
        peer.readline()
    peer.ok(command, text)


@pytest.mark.parametrize("calls_back", [False, True])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("told", [False, True])
def test_behind_any_login(serve: Serve, way: str, calls_back: bool, told: bool) -> None:
    answered = threading.Event()

    def script(peer: Peer) -> None:
        greet(peer)
        logged_in(peer, LISTED if told else b"welcome")
        if not told:
            peer.capability(b"IMAP4rev1 ID")
        command = identified(peer)
        # What comes next has not waited for the answer.
        selected = peer.command("SELECT")
        peer.untagged(b'ID ("name" "server")')
        peer.ok(command)
        peer.ok(selected)
        answered.set()

    with connected(serve(script), identify=NAMES) as M:
        calls = Calls()
        if calls_back:
            WAYS[way](M, callback=calls)
            M.select(callback=calls)
            assert [calls.next()[0][0] for _ in range(2)] == ["OK", "OK"]
        else:
            assert WAYS[way](M)[0] == "OK"
            assert M.select()[0] == "OK"
        assert answered.wait(5)
        assert M.response("ID") == ("ID", [None])


def test_behind_preauth(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"ID")
        command = identified(peer)
        agree(peer, "NOOP")
        peer.no(command, b"[ALERT] not you")
        agree(peer, "NOOP")

    with connected(serve(script), identify=NAMES) as M:
        assert M.noop() == ("OK", [b"done"])
        assert M.noop() == ("OK", [b"done"])


@pytest.mark.parametrize("answer", ["ok", "no", "bad", None])
def test_whatever_the_server_says(serve: Serve, answer: str | None) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        logged_in(peer)
        command = identified(peer)
        if answer is not None:
            getattr(peer, answer)(command)
        for _ in range(2):
            agree(peer, "NOOP")
        peer.serve_logout()

    with connected(serve(script), identify=NAMES, timeout=5) as M:
        M.login("me", "sesame")
        M.noop(callback=Calls())
        assert M.noop() == ("OK", [b"done"])
        assert M.logout()[0] == "BYE"
        assert M.reason is not None


def test_not_behind_a_refused_login(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"ID")
        peer.no(peer.command("LOGIN"))
        logged_in(peer)
        peer.ok(identified(peer))
        agree(peer, "NOOP")

    with connected(serve(script), identify=NAMES) as M:
        assert isinstance(failure(M.login, "me", "x"), error)
        M.login("me", "sesame")
        M.noop()


@pytest.mark.parametrize("identify", [None, False, NAMES])
def test_not_where_it_is_not_wanted_or_not_known(serve: Serve, identify: Any) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"ID" if not identify else b"")
        logged_in(peer, LISTED if not identify else b"[CAPABILITY IMAP4rev1] welcome")
        agree(peer, "NOOP")

    with connected(serve(script), identify=identify) as M:
        M.login("me", "sesame")
        M.noop()


@pytest.mark.parametrize(
    ("identify", "arguments"),
    [
        (True, f'("name" "imaplib2" "version" "{imaplib2.__version__}")'.encode()),
        ({}, b"NIL"),
        ({"name": 'a "b" \\c'}, b'("name" "a \\"b\\" \\\\c")'),
    ],
)
def test_what_it_says(serve: Serve, identify: Mapping[str, str] | bool, arguments: bytes) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"ID")
        peer.ok(identified(peer, arguments))
        agree(peer, "NOOP")

    with connected(serve(script), identify=identify) as M:
        M.noop()


def test_behind_tls(serve: Serve, tls: Contexts) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"ID")
        logged_in(peer)
        peer.ok(identified(peer))
        agree(peer, "NOOP")

    server = serve(script, tls=tls.server)
    with connected(server, IMAP4_SSL, ca_certs=tls.files.ca, identify=NAMES) as M:
        M.login("me", "sesame")
        M.noop()


def test_to_a_child_process() -> None:
    child = (
        "printf '* PREAUTH [CAPABILITY IMAP4rev1 ID] x\\r\\n'; read -r first; read -r line;"
        " printf '* OK [X-ECHO] %s\\r\\n' \"$first\"; printf '%s OK done\\r\\n' \"${line%% *}\""
    )
    M = IMAP4_stream(child, identify={"name": "me"})
    M.noop()
    assert any(b'ID ("name" "me")' in item for _, data in M.untagged_responses for item in data)
    M.shutdown()


def test_compression_and_idle_come_behind_it(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        logged_in(peer, b"[CAPABILITY IMAP4rev1 ID IDLE COMPRESS=DEFLATE] welcome")
        command = identified(peer)
        compress = peer.command("COMPRESS")
        peer.untagged(b"ID NIL")
        peer.ok(command)
        peer.ok(compress)
        peer.start_deflate()
        idle = peer.command("IDLE")
        peer.send(b"+ idling\r\n")
        peer.untagged(b"4 EXISTS")
        peer.expect(b"DONE")
        peer.ok(idle)

    with connected(serve(script), identify=NAMES) as M:
        M.login("me", "sesame")
        M.enable_compression()
        assert M.idle() == ("OK", [b"done"])


@pytest.mark.parametrize("wrong", [5, "name", [("name", "me")], b"x", 1.0])
@pytest.mark.parametrize("cls", [IMAP4, IMAP4_SSL, IMAP4_stream])
def test_what_is_no_mapping(cls: type[Any], wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"^identify must be a mapping or True, not "):
        cls("localhost", identify=wrong)


@pytest.mark.parametrize("text", ["a\r\nb", "a\0b", "\xe9", "\ud800"])
@pytest.mark.parametrize("place", ["name", "value"])
def test_what_can_not_be_sent_in_one_line(text: str, place: str) -> None:
    names = {text: "x"} if place == "name" else {"x": text}
    problem = failure(IMAP4, "localhost", identify=names)
    assert isinstance(problem, error)
    assert isinstance(problem, ValueError)
