"""Literals that are received straight into the bytes that users get."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from ...server.contexts import Contexts
from ...server.helpers import (
    Calls,
    Serve,
    Thread,
    abort,
    agree,
    connected,
    duration,
    failure,
    greet_authenticated,
    wait_over,
)
from ...server.inside import LARGE_LITERAL, LiteralSource
from ...server.scripted import Peer, PeerClosedError

pytestmark = pytest.mark.timeout(30)

SIZE = 5 * LARGE_LITERAL + 12_345
HALF = os.urandom(1 << 15)
MESSAGE = (HALF * (SIZE // len(HALF) + 1))[:SIZE]
KINDS = ("plain", "tls", "compressed", "tls-compressed", "hooked")


class Hooked(IMAP4):
    """A subclass that reads in its own way."""

    def read(self, size: int) -> bytes:
        return self.sock.recv(min(size, 10_000))


class Sending:
    """A script that answers a FETCH with MESSAGE, or with as many bytes of it."""

    def __init__(self, kind: str, part: int = SIZE) -> None:
        self.deflate = "compressed" in kind
        self.part = part
        self.sent = threading.Event()

    def __call__(self, peer: Peer) -> None:
        greet_authenticated(peer, b"COMPRESS=DEFLATE")
        if self.deflate:
            peer.deflate()
        command = peer.command("FETCH")
        if self.part < SIZE:
            peer.relax()
        with contextlib.suppress(*([PeerClosedError] if self.part < SIZE else [])):
            peer.send(b"* 1 FETCH (FLAGS () BODY[] {%d}\r\n" % SIZE + MESSAGE[: self.part])
        if self.part < SIZE:
            self.sent.set()
            peer.hold()
            return
        peer.send(b" UID 7)\r\n* 2 FETCH (BODY[] {3}\r\nabc)\r\n* 3 EXISTS\r\n")
        peer.ok(command)
        agree(peer, "NOOP")


@contextmanager
def fetching(kind: str, script: Sending, serve: Serve, tls: Contexts, **more: Any) -> Iterator[Any]:
    """A connection to *script*, with a mailbox selected."""
    options: dict[str, Any] = {**more}
    if kind.startswith("tls"):
        options.update(cls=IMAP4_SSL, ssl_context=tls.client)
    elif kind == "hooked":
        options.update(cls=Hooked)
    server = serve(script, tls=tls.server if kind.startswith("tls") else None)
    with connected(server, **options) as M:
        if script.deflate:
            M.enable_compression()
        M.state = "SELECTED"
        yield M


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_literal_is_whole(
    kind: str, serve: Serve, tls: Contexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources: list[int] = []
    original = LiteralSource.__init__

    def counted(self: Any, gate: Any, begun: bytes, missing: int) -> None:
        sources.append(len(begun) + missing)
        original(self, gate, begun, missing)

    monkeypatch.setattr(LiteralSource, "__init__", counted)
    with fetching(kind, Sending(kind), serve, tls, timeout=10) as M:
        assert M.fetch("1:2", "X") == (
            "OK",
            [
                (b"1 (FLAGS () BODY[] {%d}" % SIZE, MESSAGE),
                b" UID 7)",
                (b"2 (BODY[] {3}", b"abc"),
                b")",
            ],
        )
        assert M.response("EXISTS") == ("EXISTS", [b"3"])
        assert M.noop()[0] == "OK"
    assert sources == [SIZE]


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_literal_that_stops(kind: str, serve: Serve, tls: Contexts) -> None:
    silence = 0.4
    script = Sending(kind, SIZE - LARGE_LITERAL)
    with fetching(kind, script, serve, tls, timeout=silence) as M, duration(silence, 5):
        problem = failure(M.fetch, "1", "X")
        assert isinstance(problem, TimeoutError)
        assert isinstance(problem, abort)


@pytest.mark.parametrize("end", ["close", "reset", "shutdown"])
def test_a_large_literal_that_is_cut(end: str, serve: Serve, tls: Contexts) -> None:
    calls = Calls()
    script = Sending("plain", SIZE - LARGE_LITERAL)
    server = serve(script)
    with connected(server) as M:
        M.state = "SELECTED"
        thread = Thread(failure, M.fetch, "1", "X")
        M.fetch("2", "X", callback=calls)
        assert script.sent.wait(10)
        if end == "shutdown":
            M.shutdown()
        else:
            getattr(server.peers[0], end)()
        assert isinstance(thread.result(), abort)
        assert calls.next()[2][0] is abort
        wait_over(M)
