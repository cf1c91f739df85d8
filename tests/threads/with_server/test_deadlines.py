"""What is a sign of life although nothing of it reaches the core, and what ends in any case."""

from __future__ import annotations

import os
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL, IMAP4_stream

from ...server.contexts import Contexts
from ...server.helpers import (
    SECONDS,
    MakeProxy,
    Serve,
    abort,
    agree,
    connected,
    duration,
    failure,
    greet_authenticated,
)
from ...server.scripted import Peer

pytestmark = pytest.mark.timeout(30)

SILENCE = 0.6
"""Seconds: the time-out of these tests' connections."""

LATE = 1.7
"""What takes SILENCE seconds must not take this long, on a busy machine either."""

PACE = 0.1
"""Seconds between two signs of life."""

LITERAL = 3 * 1024 * 1024
"""Bytes: the system takes most of that at once, which the server then takes slowly."""

PORTION = 128 * 1024
UNSEEN = 512 * 1024
"""Bytes, at most, that have left the client and wait in the server's system."""

MANY = 48
"""So many messages of LITERAL bytes together are small enough to be sent without the writer."""


# -- Downloads ------------------------------------------------------------------------------------


def test_a_tls_record_that_trickles_in_is_no_silence(
    serve: Serve, proxy: MakeProxy, tls: Contexts
) -> None:
    text = b"x" * 10_000

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        agree(peer, "NOOP")
        command = peer.command("FETCH")
        peer.send(b"* 1 FETCH (BODY[] {%d}\r\n" % len(text), text, b")\r\n")
        peer.ok(command)

    between = proxy(serve(script, tls=tls.server))
    options = {"ssl_context": tls.client, "timeout": SILENCE}
    with connected(between, IMAP4_SSL, **options) as M, duration(2 * SILENCE, 10):
        M.noop()
        M.state = "SELECTED"
        between.to_client.trickle(500, PACE)
        typ, data = M.fetch("1", "(BODY[])")
        assert (typ, data[0][1]) == ("OK", text)


def test_a_tls_record_that_never_ends_is_silence(
    serve: Serve, proxy: MakeProxy, tls: Contexts
) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        agree(peer, "NOOP")
        peer.command("NOOP")
        peer.send(b"* 1 FETCH (BODY[] {9999}\r\n", b"x" * 9999, b")\r\n")
        peer.hold()

    between = proxy(serve(script, tls=tls.server))
    options = {"ssl_context": tls.client, "timeout": SILENCE}
    with connected(between, IMAP4_SSL, **options) as M:
        M.noop()
        between.to_client.stall_after(between.to_client.received + 5_000)
        with duration(SILENCE, LATE):
            check_timed_out(failure(M.noop))


def test_compressed_bytes_without_text_are_no_silence(serve: Serve) -> None:
    nothing = b"\x00\x00\x00\xff\xff"  # a stored block of no bytes (RFC 1951, section 3.2.4)

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"COMPRESS=DEFLATE")
        peer.deflate()
        command = peer.command("NOOP")
        for _ in range(int(3 * SILENCE / PACE)):
            peer.sock.send(nothing)
            time.sleep(PACE)
        peer.ok(command)

    with connected(serve(script), timeout=SILENCE) as M, duration(2 * SILENCE, 10):
        M.enable_compression()
        assert M.noop()[0] == "OK"


# -- Uploads --------------------------------------------------------------------------------------


class Taking:
    """A script that takes messages at the pace of a slow link, and acknowledges the last one.

    After so many *portions*, if given, it takes no more.
    """

    def __init__(self, portions: int | None = None) -> None:
        self.left = portions
        self.messages = 1
        self.rest = LITERAL
        self.deflate = False
        self.stopped = 0.0
        """When the last portion had been taken."""
        self.taken: list[float] = []
        """When each portion was."""

    def __call__(self, peer: Peer) -> None:
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 128 * 1024)
        greet_authenticated(peer, b"LITERAL+ COMPRESS=DEFLATE")
        if self.deflate:
            peer.deflate()
        tags = [self.take(peer) for _ in range(self.messages) if not self.stopped]
        if not self.stopped:
            peer.send(*(tag + b" OK taken\r\n" for tag in tags))

    def take(self, peer: Peer) -> bytes:
        """Take a command; its tag."""
        line = peer.readline()
        size = int(line[line.rindex(b"{") + 1 : -2])
        for start in range(0, size, PORTION):
            if self.left == 0:
                self.stopped = time.monotonic()
                peer.hold()
                return b""
            self.left = self.left - 1 if self.left else None
            portion = min(PORTION, size - start)
            if self.rest > UNSEEN:  # what is behind has left the client, which sees no more of it
                time.sleep(PACE * portion / PORTION)
            peer.read(portion)
            self.rest -= portion
            self.taken.append(time.monotonic())
        peer.expect(b"")
        return line.split()[0]


class Hooked(IMAP4):
    """A subclass that sends in its own way."""

    def send(self, data: Any) -> None:
        self.sock.sendall(data)


KINDS = ("plain", "tls", "compressed", "hooked", "many")


@contextmanager
def uploading(kind: str, script: Taking, serve: Serve, tls: Contexts) -> Iterator[Any]:
    """A connection to *script*."""
    options: dict[str, Any] = {"timeout": SILENCE}
    script.deflate = kind == "compressed"
    script.messages = MANY if kind == "many" else 1
    if kind == "tls":
        options.update(cls=IMAP4_SSL, ssl_context=tls.client)
    elif kind == "hooked":
        options.update(cls=Hooked)
    with connected(serve(script, tls=tls.server if kind == "tls" else None), **options) as M:
        if script.deflate:
            M.enable_compression()
        yield M


def upload(M: Any, kind: str) -> Any:
    """Append what compression doesn't make smaller, in one message or in many; the last result."""
    count = MANY if kind == "many" else 1
    message = os.urandom(LITERAL // count).translate(bytes(range(256)).replace(b"\r\n", b"rn"))
    for _ in range(count - 1):
        M.append("INBOX", None, None, message, callback=lambda outcome: None)
    return M.append("INBOX", None, None, message)


@pytest.mark.parametrize("kind", KINDS)
def test_what_leaves_slowly_is_no_silence(kind: str, serve: Serve, tls: Contexts) -> None:
    with uploading(kind, Taking(), serve, tls) as M, duration(2 * SILENCE, 15):
        assert upload(M, kind)[0] == "OK"


@pytest.mark.parametrize("portions", [0, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_what_leaves_no_more_is_silence(
    kind: str, portions: int, serve: Serve, tls: Contexts
) -> None:
    script = Taking(portions)
    with uploading(kind, script, serve, tls) as M:
        check_timed_out(failure(upload, M, kind))
        end = time.monotonic()
    # The system may tell that it has room for a portion only when it has room for two.
    told = min([script.stopped - PACE, *script.taken[-2:-1]])
    assert end - told > SILENCE
    assert end - script.stopped < LATE


CHILD = """
import sys, time
size, portion = int(sys.argv[1]), int(sys.argv[2])
print("* PREAUTH [CAPABILITY IMAP4rev1 LITERAL+] ready", end="\\r\\n", flush=True)
source = open(0, "rb", buffering=0)
line = b""
while not line.endswith(b"}\\r\\n"):
    line += source.read(1)
while size > 0 and portion > 0:
    time.sleep(0.1)
    size -= len(source.read(min(portion, size)))
if portion > 0:
    print(line.split()[0].decode(), "OK taken", end="\\r\\n", flush=True)
time.sleep(60)
"""


def child(*arguments: object) -> str:
    return "exec " + shlex.join([sys.executable, "-c", CHILD, *map(str, arguments)])


@pytest.mark.parametrize("portion", [0, 8 * 1024])
def test_a_pipe_that_is_emptied_slowly(portion: int) -> None:
    size = 128 * 1024
    M = IMAP4_stream(child(size, portion), timeout=SILENCE)
    try:
        if portion:
            with duration(2 * SILENCE, 15):
                assert M.append("INBOX", None, None, bytes(size))[0] == "OK"
        else:
            with duration(SILENCE, LATE):
                check_timed_out(failure(M.append, "INBOX", None, None, bytes(size)))
    finally:
        M.shutdown()


# -- Children that don't end ----------------------------------------------------------------------

STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("* PREAUTH [CAPABILITY IMAP4rev1] ready", end="\\r\\n", flush=True)
{answer}
while True:
    time.sleep(60)
"""
ANSWER = """
tag = sys.stdin.readline().split()[0]
print("* BYE\\r\\n" + tag, "OK bye", end="\\r\\n", flush=True)
"""


@pytest.mark.parametrize("answer", [ANSWER, ""], ids=["polite", "silent"])
def test_logout_from_a_child_that_will_not_end(answer: str) -> None:
    program = STUBBORN.format(answer=answer)
    M = IMAP4_stream("exec " + shlex.join([sys.executable, "-c", program]))
    with duration(0, 8):  # 3 seconds for the answer and 1.5 for the end, on a quiet machine
        assert M.logout()[0] == "BYE"
    assert M.process.wait(SECONDS) == -signal.SIGKILL  # by the last thread, on a busy machine later


# What a shell has started, which ends last: it ignores SIGTERM, or doesn't
GRANDCHILD = """
import os, signal, sys, time
{ignore}
print("* PREAUTH [CAPABILITY IMAP4rev1] %d" % os.getpid(), end="\\r\\n", flush=True)
time.sleep(60)
"""
IGNORE = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the system tells of no descendants")
@pytest.mark.parametrize("ignore", ["", IGNORE], ids=["polite", "stubborn"])
@pytest.mark.parametrize("shell", ["{}; true", "({}; true); true", "{} | cat"])
def test_what_a_shell_has_started_ends_with_it(shell: str, ignore: str) -> None:
    program = shlex.join([sys.executable, "-c", GRANDCHILD.format(ignore=ignore)])
    M = IMAP4_stream(shell.format(program))
    try:
        M._core.timeout = SILENCE
        pid = int(M.welcome.rsplit(b" ", 1)[1])
        assert pid != M.process.pid
        descriptor = os.pidfd_open(pid)
        check_timed_out(failure(M.noop))
    finally:
        with duration(0, 5):
            assert M.logout()[0] == "BYE"
    assert M.process.returncode is not None
    ended, _, _ = select.select([descriptor], [], [], 0.5)
    os.close(descriptor)
    assert ended


def test_children_of_others_are_left_alone() -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        program = STUBBORN.format(answer="")
        M = IMAP4_stream(shlex.join([sys.executable, "-c", program]) + "; true")
        assert M.logout()[0] == "BYE"
        assert M.process.returncode is not None
        assert other.poll() is None
        other.kill()


def test_a_shell_is_in_the_process_group_and_session_of_its_user() -> None:
    """So that ssh may ask for a password, and Ctrl-C is for it, too."""
    M = IMAP4_stream(child(1, 0))
    try:
        assert os.getpgid(M.process.pid) == os.getpgrp()
        assert os.getsid(M.process.pid) == os.getsid(0)
    finally:
        M.shutdown()


def check_timed_out(problem: BaseException) -> None:
    assert isinstance(problem, abort)
    assert isinstance(problem, TimeoutError)
