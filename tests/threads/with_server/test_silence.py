"""Peers that acknowledge nothing, and those that only take nothing: without a time-out."""

from __future__ import annotations

import errno
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL
from imaplib2._transport import kernel

from ...live.helpers import wait_until
from ...server.contexts import Contexts
from ...server.helpers import (
    SECONDS,
    Calls,
    Serve,
    Thread,
    abort,
    connected,
    duration,
    failure,
    greet_authenticated,
)
from ...server.inside import alarm, set_constant, silence_look, transport, writer_bell
from ...server.scripted import Peer, Proxy

pytestmark = [
    pytest.mark.timeout(30),
    pytest.mark.skipif(sys.platform != "linux", reason="no other system tells"),
]

LIMIT = 0.6
LOOK = 0.05


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    set_constant(monkeypatch, "SILENCE_LIMIT", LIMIT)
    set_constant(monkeypatch, "SILENCE_LOOK", LOOK)


class Own(IMAP4):
    """Sends, and receives, by methods of its own."""

    def read(self, size: int) -> bytes:
        return self.sock.recv(size)

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)


def noop(M: Any) -> None:
    M.noop()


def callback(M: Any) -> None:
    calls = Calls()
    M.noop(callback=calls)
    _, _, (kind, text) = calls.next()
    raise kind(text)


def append(M: Any) -> None:
    """More than the system's buffers hold."""
    M.append("INBOX", None, None, bytes(20_000_000).replace(b"\0", b"."))


@pytest.mark.usefixtures("_filters")
@pytest.mark.parametrize("cls", [IMAP4, IMAP4_SSL, Own])
@pytest.mark.parametrize("command", [noop, append, callback])
def test_a_peer_that_vanishes(
    serve: Serve, proxy: Callable[..., Proxy], tls: Contexts, cls: Any, command: Any
) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"LITERAL+")
        peer.relax()
        peer.expect(b"nothing")

    secure = issubclass(cls, IMAP4_SSL)
    server = serve(script, tls=tls.server if secure else None)
    between = proxy(server)
    options = {"ssl_context": tls.client} if secure else {}
    with connected(between, cls, **options) as M:
        between.black_hole()
        with duration(LIMIT, LIMIT + 8):
            problem = failure(command, M)
        assert isinstance(problem, abort)
        if command is not callback:
            assert isinstance(problem, TimeoutError)
            assert problem.errno == errno.ETIMEDOUT
        assert "acknowledged nothing for" in str(problem)


def test_a_peer_that_takes_nothing_for_a_while(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It acknowledges that it is asked to take more, at intervals that double.

    More than one such question within half a second Linux doesn't answer.
    """
    set_constant(monkeypatch, "SILENCE_LIMIT", 2.0)
    stalled, go = threading.Event(), threading.Event()
    size = 20_000_000

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"LITERAL+")
        command = peer.readline()
        stalled.set()
        assert go.wait(20)
        peer.read(size + 2, 20)
        peer.line(command.split()[0] + b" OK done")
        peer.serve_logout()

    with connected(serve(script)) as M:
        thread = Thread(M.append, "INBOX", None, None, bytes(size).replace(b"\0", b"."))
        assert stalled.wait(SECONDS)
        looks = count_looks(M)
        wait_until(lambda: looks() > 5)  # once a second, as long as nothing can be sent
        go.set()
        assert thread.result() == ("OK", [b"done"])
        M.logout()


def test_one_that_answers_is_looked_at_no_more(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_constant(monkeypatch, "SILENCE_LOOK", 0.5)

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.ok(peer.command("NOOP"))
        peer.serve_logout()

    with connected(serve(script)) as M:
        # The first time, it need not have been sent anything.
        wait_until(lambda: silence_look(M) is None)
        M.noop()
        assert silence_look(M) is not None
        wait_until(lambda: silence_look(M) is None)
        wait_until(lambda: alarm(M) is None)
        M.logout()


def test_a_short_session_does_not_wake_the_writer(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.ok(peer.command("NOOP"))
        peer.ok(peer.command("LOGOUT"))

    with connected(serve(script)) as M:
        wait_until(lambda: alarm(M) is not None)  # it sleeps
        rings = count_rings(M)
        M.noop()
        M._simple_command("LOGOUT")
        assert rings() == 0


def test_what_is_no_tcp(serve: Serve) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.send(b"nobody takes this")
        assert kernel.unacknowledged_for(ours) is None
    assert kernel.unacknowledged_for(object()) is None


def count_rings(M: Any) -> Callable[[], int]:
    """How often the writer has been woken since this was called, but for the end."""
    count, bell = 0, writer_bell(M)
    ring = bell.ring

    def counting() -> None:
        nonlocal count
        count += not M.Terminate
        ring()

    bell.ring = counting
    return lambda: count


def count_looks(M: Any) -> Callable[[], int]:
    """How often the silence of the peer has been looked at since this was called."""
    count, look = 0, transport(M).silent_for

    def counting() -> Any:
        nonlocal count
        count += 1
        return look()

    transport(M).silent_for = counting
    return lambda: count
