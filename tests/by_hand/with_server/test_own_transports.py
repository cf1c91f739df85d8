"""Subclasses with their own ways to send and read, whose users send commands by hand.

As with imaplib, none of it has to go through this library.
"""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from ...server.contexts import Contexts
from ...server.helpers import Serve, abort, agree, connected, error, failure, wait_over
from ...server.scripted import MESSAGE, Peer
from .test_by_hand import idle, pull_all, pull_until_completed, readable, script_of

pytestmark = pytest.mark.timeout(20)

# What may be replaced, each alone or with others


class Open:
    """As imaplib's, which makes a file of the socket."""

    ssl_context: Any = None

    def open(self, host: str = "", port: int | None = None, timeout: float | None = None) -> None:
        sock = socket.create_connection((host, port or 143), timeout)
        if self.ssl_context is not None:
            sock = self.ssl_context.wrap_socket(sock, server_hostname=host)
        self.sock = sock
        self.file = sock.makefile("rb")


class Send:
    sock: Any

    def send(self, data: Any) -> None:
        self.sock.sendall(data)


class Read:
    """Gives all that it is asked for if there is a file, else what there is."""

    sock: Any
    file: Any = None

    def read(self, size: int) -> bytes:
        data: bytes = self.sock.recv(size) if self.file is None else self.file.read(size)
        return data


class Readline:
    sock: Any
    file: Any = None

    def readline(self) -> bytes:
        if self.file is not None:
            line: bytes = self.file.readline()
            return line
        line = b""
        while not line.endswith(b"\n") and (byte := self.sock.recv(1)):
            line += byte
        return line


PIECES = (Open, Send, Read, Readline)
REPLACED = [
    pieces for count in range(len(PIECES) + 1) for pieces in itertools.combinations(PIECES, count)
]


def client(base: type[IMAP4], pieces: Iterable[type[Any]]) -> type[Any]:
    return type("Own", (*pieces, base), {})


def plain(
    serve: Serve, tls: Contexts, pieces: Any, script: Any, **options: Any
) -> AbstractContextManager[Any]:
    return connected(serve(script), client(IMAP4, pieces), **options)


def encrypted(
    serve: Serve, tls: Contexts, pieces: Any, script: Any, **options: Any
) -> AbstractContextManager[Any]:
    server = serve(script, tls=tls.server)
    return connected(server, client(IMAP4_SSL, pieces), ssl_context=tls.client, **options)


def named(value: Any) -> str:
    if isinstance(value, tuple):
        return "+".join(piece.__name__ for piece in value) or "none"
    return str(value.__name__)


replaced = pytest.mark.parametrize("pieces", REPLACED, ids=named)
kinds = pytest.mark.parametrize("connect", [plain, encrypted], ids=named)

# What is sent and read by hand: the server's side, and the user's


def serve_noop(peer: Peer) -> None:
    command = peer.command("NOOP")
    peer.untagged(b"3 EXISTS")
    peer.ok(command)


def noop(M: Any) -> None:
    tag = M._new_tag()
    M.send(tag + b" NOOP\r\n")
    assert M._command_complete("NOOP", tag) == ("OK", [b"done"])
    assert M.untagged_responses["EXISTS"] == [b"3"]


def serve_search(peer: Peer) -> None:
    command = peer.command("UID SEARCH")
    assert command.args == b"ALL"
    peer.untagged(b"SEARCH 1 2")
    peer.ok(command)


def search(M: Any) -> None:
    tag = M._new_tag()
    for piece in (b" UID", b" SEARCH ALL", b"\r\n"):
        M.send((tag if piece == b" UID" else b"") + piece)
    assert M._command_complete("SEARCH", tag) == ("OK", [b"done"])
    assert M._untagged_response("OK", [b""], "SEARCH") == ("OK", [b"1 2"])


def serve_fetch(peer: Peer) -> None:
    command = peer.command("FETCH")
    peer.send(b"* 1 FETCH (BODY[] {%d}\r\n%s UID 7)\r\n" % (len(MESSAGE), MESSAGE))
    peer.ok(command)


def fetch(M: Any) -> None:
    tag = M._new_tag()
    M.send(tag + b" FETCH 1 BODY[]\r\n")
    assert M._command_complete("FETCH", tag) == ("OK", [b"done"])
    header = b"1 (BODY[] {%d}" % len(MESSAGE)
    assert M.response("FETCH") == ("FETCH", [(header, MESSAGE), b" UID 7)"])


def serve_append(peer: Peer) -> None:
    command = peer.command("APPEND")
    assert command.literals == (MESSAGE,)
    peer.ok(command)


def append(M: Any) -> None:
    tag = M._new_tag()
    M.send(tag + b" APPEND INBOX {%d}\r\n" % len(MESSAGE))
    assert M._get_response() is None
    M.send(MESSAGE)
    M.send(b"\r\n")
    assert M._command_complete("APPEND", tag) == ("OK", [b"done"])


news = threading.Event()


def serve_idle(peer: Peer) -> None:
    idle(peer, b"", b"* 4 EXISTS\r\n", wait=news)
    news.clear()


def idling(M: Any) -> None:
    tag = M._new_tag()
    M.send(tag + b" IDLE\r\n")
    assert M._get_response() is None
    news.set()
    assert M._get_response() == b"* 4 EXISTS"
    M.send(b"DONE\r\n")
    assert pull_until_completed(M, tag) == [b"* 9 EXISTS"]
    assert M.tagged_commands.pop(tag) == ("OK", [b"done"])


def serve_polled(peer: Peer) -> None:
    idle(peer, b"", b"* 4 EXISTS\r\n* 1 RECENT\r\n* 5 EXISTS\r\n", wait=news)
    news.clear()


def polling(M: Any) -> None:
    """As IMAPClient does it: no time-out for what has come, and none is missed."""
    tag = M._command("IDLE")
    assert M._get_response() is None
    lines: list[bytes] = []
    news.set()
    while len(lines) < 3:
        M.sock.setblocking(False)
        assert readable(M.sock)
        lines += pull_all(M)
        M.sock.setblocking(True)
    assert lines == [b"* 4 EXISTS", b"* 1 RECENT", b"* 5 EXISTS"]
    M.send(b"DONE\r\n")
    assert pull_until_completed(M, tag) == [b"* 9 EXISTS"]
    assert M.tagged_commands.pop(tag) == ("OK", [b"done"])


EXCHANGES = [
    (serve_noop, noop),
    (serve_search, search),
    (serve_fetch, fetch),
    (serve_append, append),
    (serve_idle, idling),
    (serve_polled, polling),
]
exchanges = pytest.mark.parametrize(("answer", "ask"), EXCHANGES, ids=named)


@replaced
@kinds
@exchanges
def test_by_hand(
    serve: Serve,
    tls: Contexts,
    connect: Any,
    pieces: tuple[Any, ...],
    answer: Callable[[Peer], None],
    ask: Callable[[Any], None],
) -> None:
    def others(peer: Peer) -> None:
        agree(peer, "CHECK")

    script = script_of(answer, others, answer, others)
    with connect(serve, tls, pieces, script) as M:
        for _ in range(2):
            ask(M)
            M.untagged_responses.clear()
            M.state = "SELECTED"
            assert M.check() == ("OK", [b"done"])
            assert M.tagged_commands == {}


# What else holds for commands that are sent unseen


@pytest.mark.parametrize("pieces", [(Send,), (Open, Send, Read, Readline)], ids=named)
def test_an_answer_that_has_come_before_it_is_waited_for(
    serve: Serve, pieces: tuple[Any, ...]
) -> None:
    def script(peer: Peer) -> None:
        peer.bad(peer.command("XONE"))
        agree(peer, "NOOP")

    with connected(serve(script_of(script)), client(IMAP4, pieces)) as M:
        tag = M._new_tag()
        M.send(tag + b" XONE\r\n")
        assert M.noop() == ("OK", [b"done"])
        with pytest.raises(error, match=r"XONE command error: BAD \[b'not understood'\]"):
            M._command_complete("XONE", tag)


def test_an_unused_tag_holds_up_nobody(serve: Serve) -> None:
    with connected(serve(script_of(lambda peer: agree(peer, "NOOP"))), client(IMAP4, [Send])) as M:
        M._new_tag()
        assert M.noop() == ("OK", [b"done"])


def test_a_tag_of_ones_own(serve: Serve) -> None:
    with connected(serve(script_of(serve_noop)), client(IMAP4, [Send])) as M:
        M.tagged_commands[b"mine1"] = None
        M.send(b"mine1 NOOP\r\n")
        assert M._command_complete("NOOP", b"mine1") == ("OK", [b"done"])
        assert isinstance(failure(M._command_complete, "NOOP", b"mine1"), error)


def test_silence_ends_the_wait(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.command("NOOP")
        peer.wait_closed()

    with connected(serve(script_of(script)), client(IMAP4, [Send]), timeout=0.1) as M:
        tag = M._new_tag()
        M.send(tag + b" NOOP\r\n")
        with pytest.raises(TimeoutError, match="NOOP"):
            M._command_complete("NOOP", tag)


def test_the_end_is_told_of(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.command("NOOP")
        peer.close()

    with connected(serve(script_of(script)), client(IMAP4, [Send])) as M:
        tag, unused = M._new_tag(), M._new_tag()
        M.send(tag + b" NOOP\r\n")
        wait_over(M)
        for each in (tag, unused, M._new_tag()):
            with pytest.raises(abort, match="EOF"):
                M._command_complete("NOOP", each)


def test_a_send_that_calls_ours_is_seen(serve: Serve) -> None:
    """Commands of others wait for what is half sent."""

    class Own(IMAP4):
        def send(self, data: Any) -> None:
            super().send(data)

    def script(peer: Peer) -> None:
        first = peer.command("XONE")
        with pytest.raises(TimeoutError):
            peer.readline(0.03)
        peer.ok(first)
        agree(peer, "NOOP")

    with connected(serve(script_of(script)), Own) as M:
        first, second = M._command("XONE"), M._new_tag()
        M.send(second + b" NOOP\r\n")
        assert M._command_complete("NOOP", second) == ("OK", [b"done"])
        assert M._command_complete("XONE", first) == ("OK", [b"done"])
