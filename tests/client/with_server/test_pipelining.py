"""Several commands at once: what leaves together, what waits, and whose data is whose."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from ...server.contexts import Contexts
from ...server.helpers import (
    Calls,
    Serve,
    Thread,
    agree,
    connected,
    error,
    greet,
    greet_authenticated,
)
from ...server.scripted import Peer, mailbox

pytestmark = pytest.mark.timeout(30)

MEGABYTE = bytes(1024 * 1024)


def test_fetches_leave_at_once(serve: Serve) -> None:
    count = 200

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.select(count)
        commands = [peer.command("FETCH") for _ in range(count)]
        for command in reversed(commands):
            number = command.words[0]
            peer.untagged(b"%s FETCH (BODY[] {%d}\r\n%s)" % (number, len(number), number))
            peer.ok(command)

    calls = Calls()
    with connected(serve(script)) as M:
        M.select()
        for number in range(1, count + 1):
            M.fetch(str(number), "(BODY[])", callback=calls, cb_arg=number)
        for _ in range(count):
            (typ, data), number, problem = calls.next()
            body = str(number).encode()
            assert (typ, problem) == ("OK", None)
            assert data == [(b"%d (BODY[] {%d}" % (number, len(body)), body), b")"]


def test_threads_get_their_own_data(serve: Serve) -> None:
    messages = {uid: b"message %d" % uid for uid in range(1, 41)}

    def script(peer: Peer) -> None:
        mailbox(peer, messages=dict(messages))

    def work(M: IMAP4, first: int) -> None:
        for number in (*range(first, 41, 4), *range(first, 41, 4)):
            typ, data = M.fetch(str(number), "(BODY[])")
            assert typ == "OK"
            assert data[0][1] == messages[number]

    with connected(serve(script)) as M:
        M.login("a", "b")
        M.select()
        threads = [Thread(work, M, first) for first in range(1, 5)]
        for thread in threads:
            thread.result(20)


BARRIERS: list[tuple[str, Callable[[Any, Any], Any]]] = [
    ("SELECT", lambda M, calls: M.select(callback=calls)),
    ("EXAMINE", lambda M, calls: M.examine(callback=calls)),
    ("CLOSE", lambda M, calls: M.close(callback=calls)),
    ("UNSELECT", lambda M, calls: M.unselect(callback=calls)),
]


@pytest.mark.parametrize(("name", "call"), BARRIERS)
def test_state_changing_commands_are_barriers(
    serve: Serve, name: str, call: Callable[[Any, Any], Any]
) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.select()
        before = [peer.command("NOOP"), peer.command("NOOP")]
        nothing_comes(peer)
        for command in before:
            peer.ok(command)
        barrier = peer.command(name)
        nothing_comes(peer)
        peer.ok(barrier)
        after = [peer.command("NOOP"), peer.command("NOOP")]
        for command in after:
            peer.ok(command)

    calls = Calls()
    with connected(serve(script)) as M:
        M.select()
        M.noop(callback=calls, cb_arg=1)
        M.noop(callback=calls, cb_arg=2)
        call(M, calls)
        M.noop(callback=calls, cb_arg=3)
        M.noop(callback=calls, cb_arg=4)
        assert [calls.next()[1] for _ in range(5)] == [1, 2, None, 3, 4]


def nothing_comes(peer: Peer) -> None:
    with pytest.raises(TimeoutError):
        peer.readline(0.02)


def test_login_is_a_barrier(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        command = peer.command("LOGIN")
        nothing_comes(peer)
        peer.ok(command, b"[CAPABILITY IMAP4rev1] welcome")
        peer.select()
        agree(peer, "CHECK")
        peer.hold()

    calls = Calls()
    with connected(serve(script)) as M:
        M.login("a", "b", callback=calls)
        M.select(callback=calls)
        M.check(callback=calls)
        assert [calls.next()[0][0] for _ in range(3)] == ["OK"] * 3
        assert M.state == "SELECTED"


def test_what_builds_on_a_failure_fails(serve: Serve) -> None:
    go = threading.Event()

    def script(peer: Peer) -> None:
        greet(peer)
        command = peer.command("LOGIN")
        peer.pause(go)
        peer.no(command, b"[AUTHENTICATIONFAILED] go away")
        agree(peer, "NOOP")

    calls = Calls()
    with connected(serve(script)) as M:
        M.login("a", "b", callback=calls)
        M.select(callback=calls)
        go.set()
        assert calls.next() == (None, None, (error, "[AUTHENTICATIONFAILED] go away"))
        result, _, (kind, text) = calls.next()
        assert (result, kind) == (None, error)
        assert text.startswith("command SELECT illegal in state NONAUTH")
        M.noop()


def test_numbers_wait_for_what_may_expunge(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.select()
        noop = peer.command("NOOP")
        nothing_comes(peer)
        peer.ok(noop)
        first, second = peer.command("FETCH"), peer.command("FETCH")
        peer.untagged(b"1 FETCH (FLAGS ())", b"2 FETCH (FLAGS ())")
        peer.ok(first)
        peer.ok(second)

    calls = Calls()
    with connected(serve(script)) as M:
        M.select()
        M.noop(callback=calls)
        M.fetch("1", "(FLAGS)", callback=calls)
        M.fetch("2", "(FLAGS)", callback=calls)
        assert [calls.next()[2] for _ in range(3)] == [None] * 3


def test_an_append_does_not_stop_others(serve: Serve) -> None:
    """While its literal waits for the "+" nothing else may be sent; then everything is."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.select()
        append = peer.command("APPEND", continuation=None)
        nothing_comes(peer)
        append = peer.complete(append)
        noop = peer.command("NOOP")
        peer.ok(noop)
        peer.ok(append)

    calls = Calls()
    with connected(serve(script)) as M:
        M.select()
        M.append("INBOX", None, None, b"abc", callback=calls, cb_arg="append")
        M.noop(callback=calls, cb_arg="noop")
        assert [calls.next()[1], calls.next()[1]] == ["noop", "append"]


def test_sending_holds_up_no_reply(serve: Serve) -> None:
    """A reply is delivered although the server reads nothing of what we send."""
    go = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"LITERAL+")
        noop = peer.command("NOOP")
        append = peer.readline()
        peer.ok(noop)
        peer.pause(go)
        size = int(append.rpartition(b"{")[2].rstrip(b"+}"))
        while size:
            size -= len(peer.read(min(size, len(MEGABYTE))))
        peer.expect(b"")
        peer.line(append.split()[0] + b" OK stored")

    calls = Calls()
    with connected(serve(script)) as M:
        M.noop(callback=calls)
        M.append("INBOX", None, None, MEGABYTE * 16, callback=calls)
        assert calls.next()[0] == ("OK", [b"done"])
        go.set()
        assert calls.next(10)[0] == ("OK", [b"stored"])


def both_ways(peer: Peer, size: int) -> None:
    """Send much before reading anything of a literal of that size."""
    append = peer.command("APPEND", continuation=None)
    assert append.pending == size
    peer.line(b"+ go on")
    peer.send(b"* 1 FETCH (BODY[] {%d}\r\n" % size)
    blocks = [os.urandom(65536)] * 16
    for _ in range(size // len(MEGABYTE)):
        peer.send(*blocks)
    peer.line(b")")
    left = size
    while left:
        left -= len(peer.read(min(left, len(MEGABYTE))))
    peer.expect(b"")
    peer.ok(append)


def check_both_ways(M: Any, size: int) -> None:
    message = os.urandom(65536).replace(b"\n", b"x").replace(b"\r", b"x") * (size // 65536)
    assert M.append("INBOX", None, None, message) == ("OK", [b"done"])
    _, data = M.response("FETCH")
    assert len(data[0][1]) == size


SIZE = 16 * len(MEGABYTE)


class Hooked(IMAP4):
    """Replaces what subclasses replace, by the same."""

    def read(self, size: int) -> bytes:
        return super().read(size)

    def send(self, data: Any) -> None:
        super().send(data)


class HookedSSL(IMAP4_SSL):
    def read(self, size: int) -> bytes:
        return super().read(size)

    def send(self, data: Any) -> None:
        super().send(data)


@pytest.mark.parametrize("cls", [IMAP4, Hooked])
def test_much_both_ways(serve: Serve, cls: type[IMAP4]) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        both_ways(peer, SIZE)

    with connected(serve(script), cls) as M:
        check_both_ways(M, SIZE)


@pytest.mark.parametrize("cls", [IMAP4_SSL, HookedSSL])
def test_much_both_ways_with_tls(serve: Serve, tls: Contexts, cls: type[IMAP4_SSL]) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        both_ways(peer, SIZE)

    with connected(serve(script, tls=tls.server), cls, ssl_context=tls.client, timeout=5) as M:
        check_both_ways(M, SIZE)


@pytest.mark.parametrize("cls", [IMAP4, Hooked])
def test_much_both_ways_compressed(serve: Serve, cls: type[IMAP4]) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"COMPRESS=DEFLATE")
        peer.deflate()
        both_ways(peer, SIZE)

    with connected(serve(script), cls) as M:
        M.enable_compression()
        check_both_ways(M, SIZE)


# What a large literal costs

PROGRAM = """\
import sys
import imaplib2

def peak():
    with open("/proc/self/status") as status:
        (line,) = [line for line in status if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024

M = imaplib2.IMAP4(sys.argv[1], int(sys.argv[2]))
M.select()
before = peak()
if sys.argv[3] == "fetch":
    typ, data = M.fetch("1", "(BODY[])")
    assert len(data[0][1]) == 100 * 1024 * 1024
else:
    typ, data = M.append("INBOX", None, None, bytes(100 * 1024 * 1024))
assert typ == "OK", (typ, data)
print((peak() - before) / (100 * 1024 * 1024))
M.logout()
"""


def serve_large(peer: Peer) -> None:
    greet_authenticated(peer)
    peer.select()
    command = peer.command("FETCH", "APPEND", continuation=None)
    if command.name == "FETCH":
        peer.send(b"* 1 FETCH (BODY[] {%d}\r\n" % (100 * len(MEGABYTE)))
        for _ in range(100):
            peer.send(MEGABYTE)
        peer.line(b")")
    else:
        peer.line(b"+ go on")
        for _ in range(100):
            peer.read(len(MEGABYTE))
        peer.expect(b"")
    peer.ok(command)
    peer.serve_logout()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize("name", ["fetch", "append"])
def test_memory_of_a_large_literal(serve: Serve, name: str) -> None:
    server = serve(serve_large)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, server.host, str(server.port), name],
        capture_output=True,
        text=True,
        timeout=25,
    )
    assert done.stderr == ""
    # Without a GIL, Python's allocator moves what grows, and both places count.
    assert float(done.stdout) < (2.1 if sysconfig.get_config_var("Py_GIL_DISABLED") else 1.1)
