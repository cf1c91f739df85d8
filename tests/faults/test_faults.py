"""The fault matrix: whatever goes wrong, whenever: everybody is told, in time, and nothing is left.

`MATRIX` says what comes of each fault in each phase; docs/faults.rst shows it. After a change,
`python -m tests.faults.test_faults` prints what has to stand there.
"""

from __future__ import annotations

import random
import shlex
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL, IMAP4_stream

from ..server import inside
from ..server.contexts import Contexts
from ..server.helpers import (
    SECONDS,
    Calls,
    MakeProxy,
    Serve,
    Thread,
    abort,
    connected,
    duration,
    error,
    greet,
    greet_authenticated,
    wait_over,
)
from ..server.scripted import Flow, Peer, Proxy, ScriptedServer, mailbox

pytestmark = pytest.mark.timeout(30)

TIMEOUT = 0.15
"""The time-out of connections whose server falls silent."""

PATIENCE = 10.0
"""That of others: what needs no time-out must not come from one."""

PROMPT = 3.0
"""What comes at once takes less, on a busy machine too."""

LITERAL = random.Random(4).randbytes(8_000_000).translate(None, b"\r\n")
"""More than the buffers of a connection take, and nothing that can be compressed."""

SENT = 100_000
"""What of it has been taken when the fault strikes."""

TESTS = Path(__file__).parent.parent


# -- The matrix -------------------------------------------------------------------------------


def say_goodbye(peer: Peer) -> None:
    peer.untagged(b"BYE going down")
    peer.close()


FAULTS: dict[str, Callable[[Peer, bytes], None]] = {
    "eof": lambda peer, tag: peer.close(),
    "reset": lambda peer, tag: peer.reset(),
    "stall": lambda peer, tag: None,
    "bye": lambda peer, tag: say_goodbye(peer),
    "garbage": lambda peer, tag: peer.line(b"\x00\xffgarbage"),
    "half-line": lambda peer, tag: peer.send(tag + b" O"),
    "wrong-tag": lambda peer, tag: peer.line(b"ZZZ99 OK done"),
    "no": lambda peer, tag: peer.line(tag + b" NO refused"),
    "bad": lambda peer, tag: peer.line(tag + b" BAD not understood"),
}
"""What the server does instead of what it should; `tag` is that of the command, or `*`."""

SILENT = ("stall", "half-line")
"""Faults behind which the server neither reads nor sends nor closes."""

NEVER = "n/a"

MATRIX: dict[str, str] = {
    # in the order of FAULTS
    "connect": "n/a refused time-out n/a n/a n/a n/a n/a n/a",
    "greeting": "EOF reset time-out BYE quoted time-out quoted quoted quoted",
    "tls": "TLS reset time-out TLS TLS time-out TLS TLS TLS",
    "starttls": "EOF reset time-out BYE quoted time-out quoted NO BAD",
    "handshake": "TLS reset time-out TLS TLS time-out TLS TLS TLS",
    "login": "EOF reset time-out BYE quoted time-out quoted NO BAD",
    "select": "EOF reset time-out BYE quoted time-out quoted NO BAD",
    "plus": "EOF reset time-out BYE quoted time-out quoted NO BAD",
    "literal": "EOF reset time-out BYE quoted time-out quoted NO BAD",
    "in-line": "EOF reset time-out EOF time-out time-out time-out time-out time-out",
    "in-literal": "EOF reset time-out EOF time-out time-out time-out time-out time-out",
    "before-idle": "EOF reset time-out BYE quoted time-out quoted NO BAD",
    "idle": "EOF reset time-out BYE quoted time-out quoted NO BAD",
    "done": "EOF reset time-out BYE quoted time-out quoted NO BAD",
    "logout": "ended ended ended ended ended ended ended ended ended",
}

PHASES = {
    "connect": "TCP is being connected.",
    "greeting": "The greeting is awaited.",
    "tls": "TLS is being negotiated, by ``IMAP4_SSL``.",
    "starttls": "The reply to STARTTLS is awaited.",
    "handshake": "TLS is being negotiated behind the OK to STARTTLS.",
    "login": "The reply to LOGIN is awaited.",
    "select": "The reply to SELECT is awaited, as that to any other command.",
    "plus": "The ``+`` is awaited that asks for a literal.",
    "literal": "A literal is being sent.",
    "in-line": "A response has come up to the middle of a line.",
    "in-literal": "A response has come up to the middle of a literal.",
    "before-idle": "The ``+`` is awaited that begins an IDLE.",
    "idle": "An IDLE is in progress.",
    "done": "The reply to DONE is awaited.",
    "logout": "The reply to LOGOUT is awaited.",
}

MEANINGS = {
    "EOF": "``abort``: ``socket error: EOF: the server closed the connection``.",
    "reset": (
        "``abort`` that is a ``ConnectionError``; a bare one while connecting and in a handshake."
        " When\n"
        "    it is found out in sending, what the server had said before is read for a second at"
        " the most:\n"
        "    a BYE is the reason then."
    ),
    "refused": "``ConnectionRefusedError``.",
    "time-out": (
        "``abort`` that is a ``TimeoutError`` and names the command; a bare one while connecting\n"
        "    and in a handshake. In an IDLE, where silence means nothing, the end of the IDLE, or\n"
        "    its renewal, is what is not answered in time."
    ),
    "BYE": "``abort`` with the server's text.",
    "quoted": "``abort`` that quotes what came; a greeting that is no OK is an ``error``.",
    "TLS": "``ssl.SSLError``.",
    "NO": "The result is NO, ``login`` and ``starttls`` raise ``error``; the connection goes on.",
    "BAD": "``error`` with the server's text; the connection goes on.",
    "ended": "``logout`` returns ``('BYE', [...])``; the connection is closed.",
    NEVER: "Doesn't make sense: before TCP is connected there is nothing to be said, or ended.",
}

CELLS = [
    (phase, fault, word)
    for phase, words in MATRIX.items()
    for fault, word in zip(FAULTS, words.split(), strict=True)
]


def rendered() -> str:
    """The matrix and its words in reStructuredText."""
    rows = [["", *FAULTS], *([phase, *words.split()] for phase, words in MATRIX.items())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rule = "  ".join("=" * width for width in widths)
    first, *others = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    # A simple table needs something in the first column.
    table = [rule, first.replace(" ", "\\", 1), rule, *others, rule]
    return "\n".join([*table, "", *_definitions(PHASES), "", *_definitions(MEANINGS)]) + "\n"


def _definitions(texts: dict[str, str]) -> Iterator[str]:
    for word, text in texts.items():
        yield f"*{word}*"
        yield f"    {text}"


def test_the_documentation_shows_the_matrix() -> None:
    documentation = TESTS.parent / "docs" / "faults.rst"
    assert rendered() in documentation.read_text("utf-8")


def test_the_matrix_is_complete() -> None:
    assert list(PHASES) == list(MATRIX)
    assert {word for _, _, word in CELLS} == set(MEANINGS)
    assert {phase for phase, _, word in CELLS if word == NEVER} == {"connect"}


# -- Phases that the constructor goes through -------------------------------------------------


def fail_to_connect(serve: Serve, tls: Contexts, fault: str, timeout: float) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as stack:
        address = listener.getsockname()
        if fault == "reset":
            listener.close()
        for _ in range(4):  # more than the backlog takes: who comes now gets no answer
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(address)
        IMAP4("127.0.0.1", address[1], timeout)


def fail_to_greet(serve: Serve, tls: Contexts, fault: str, timeout: float) -> None:
    server = serve(partial(strike_at_once, fault, 0))
    IMAP4(server.host, server.port, timeout)


def fail_to_negotiate(serve: Serve, tls: Contexts, fault: str, timeout: float) -> None:
    server = serve(partial(strike_at_once, fault, 5))
    IMAP4_SSL(server.host, server.port, ssl_context=tls.client, timeout=timeout)


def strike_at_once(fault: str, expected: int, peer: Peer) -> None:
    peer.read(expected)
    peer.relax()
    FAULTS[fault](peer, b"*")
    linger(peer, fault)


CONSTRUCTORS: dict[str, Callable[[Serve, Contexts, str, float], None]] = {
    "connect": fail_to_connect,
    "greeting": fail_to_greet,
    "tls": fail_to_negotiate,
}


def check_constructor(serve: Serve, tls: Contexts, phase: str, fault: str, word: str) -> None:
    timeout = TIMEOUT if word == "time-out" else PATIENCE
    with in_time(word), pytest.raises((OSError, error)) as caught:
        CONSTRUCTORS[phase](serve, tls, fault, timeout)
    told = Told.of(caught.value)
    bare = phase != "greeting" or word == "reset"  # which connect() may have told already
    assert bare or "127.0.0.1" in told.text or told.kind is error
    check(word, told, fault=fault, name="greeting", bare=bare)


# -- Phases of a connection -------------------------------------------------------------------


@dataclass(frozen=True)
class Phase:
    """A command, and the point at which a fault strikes it."""

    name: str
    """The command's."""
    call: Callable[..., Any]
    """Issues it: `call(M, tls, callback=...)`."""
    lead: Callable[[Peer], object] = lambda peer: None
    """What the server does between reading the command and the point."""
    approach: Callable[[Peer, bytes], object] = lambda peer, tag: None
    """What it does when others have begun to wait, right before the fault."""
    rest: Callable[[Peer], object] = lambda peer: None
    """What it reads of a command that it has refused."""
    greeting: Callable[..., None] = greet_authenticated
    others: bool = True
    """Whether other commands are issued before the fault; they would end an IDLE."""


def begin_handshake(peer: Peer, tag: bytes) -> None:
    peer.line(tag + b" OK begin TLS")
    peer.read(5)  # so that the client can't take for an attack what comes


def begin_literal(peer: Peer) -> None:
    peer.line(b"+ go on")
    peer.read(SENT)


def end_literal(peer: Peer) -> None:
    peer.read(len(LITERAL) - SENT)
    peer.expect(b"")


def begin_idle(peer: Peer) -> None:
    peer.line(b"+ idling")


def end_idle(peer: Peer) -> None:
    begin_idle(peer)
    peer.expect(b"DONE")


def start_tls(M: Any, tls: Contexts, **options: Any) -> Any:
    return M.starttls(ssl_context=tls.client, **options)


IDLE_FOR = 0.05
"""How long an IDLE lasts whose server falls silent; that of others is ended by the fault."""

STEPS = {
    "starttls": Phase("STARTTLS", start_tls, greeting=greet),
    "handshake": Phase("STARTTLS", start_tls, approach=begin_handshake, greeting=greet),
    "login": Phase("LOGIN", lambda M, tls, **o: M.login("me", "secret", **o), greeting=greet),
    "select": Phase("SELECT", lambda M, tls, **o: M.select(**o)),
    "plus": Phase("APPEND", lambda M, tls, **o: M.append("x", None, None, b"abc", **o)),
    "literal": Phase(
        "APPEND",
        lambda M, tls, **o: M.append("x", None, None, LITERAL, **o),
        begin_literal,
        rest=end_literal,
    ),
    "in-line": Phase(
        "LIST", lambda M, tls, **o: M.list(**o), lambda peer: peer.send(rb"* LIST (\HasNo")
    ),
    "in-literal": Phase(
        "LIST",
        lambda M, tls, **o: M.list(**o),
        lambda peer: peer.send(b'* LIST () "/" {1000}\r\n' + bytes(500)),
    ),
    "before-idle": Phase("IDLE", lambda M, tls, **o: M.idle(**o)),
    "idle": Phase("IDLE", lambda M, tls, **o: M.idle(**o), begin_idle, others=False),
    "done": Phase("IDLE", lambda M, tls, **o: M.idle(0, **o), end_idle),
    "logout": Phase("LOGOUT", lambda M, tls, **o: M.logout(**o)),
}


@dataclass(frozen=True)
class Told:
    """What somebody who waits is told: a result, or class and text of an exception."""

    result: Any
    kind: type[BaseException] | None
    text: str

    @classmethod
    def of(cls, problem: BaseException) -> Told:
        return cls(None, type(problem), str(problem))

    @classmethod
    def by_callback(cls, calls: Calls) -> Told:
        result, argument, problem = calls.next()
        assert argument == "argument"
        return cls(result, *(problem or (None, "")))

    @classmethod
    def by_return(cls, call: Callable[..., Any]) -> Told:
        try:
            return cls(call(), None, "")
        except (OSError, error) as problem:
            return cls.of(problem)


@dataclass(frozen=True)
class Way:
    """How bytes get from one side to the other."""

    make: Callable[[ScriptedServer, Contexts], Any]
    encrypted: bool = False
    compressed: bool = False
    where: str = "127.0.0.1"
    """What reasons name."""


class Hooked(IMAP4):
    """Reads and writes by methods of its own, as subclasses of old do."""

    def read(self, size: int) -> bytes:
        return super().read(size)

    def send(self, data: Any) -> None:
        super().send(data)


def through_pipes(server: ScriptedServer, tls: Contexts) -> IMAP4_stream:
    relay = TESTS / "conformance" / "relay.py"
    command = [sys.executable, "-IS", str(relay), server.host, str(server.port)]
    return IMAP4_stream("exec " + shlex.join(command), timeout=PATIENCE)


WAYS = {
    "plain": Way(lambda server, tls: IMAP4(server.host, server.port, PATIENCE)),
    "hooked": Way(lambda server, tls: Hooked(server.host, server.port, PATIENCE)),
    "pipes": Way(through_pipes, where="child process"),
    "tls-deflate": Way(
        lambda server, tls: IMAP4_SSL(
            server.host, server.port, ssl_context=tls.client, timeout=PATIENCE
        ),
        encrypted=True,
        compressed=True,
    ),
}


class Scene:
    """One connection that a fault strikes, and all who wait for something of it."""

    def __init__(
        self, serve: Serve, tls: Contexts, way: str, phase: str, fault: str, asynchronous: bool
    ) -> None:
        self.way, self.phase, self.fault = WAYS[way], phase, fault
        self.step = STEPS[phase]
        self.word = dict(zip(FAULTS, MATRIX[phase].split(), strict=True))[fault]
        self.goes_on = self.word in ("NO", "BAD")
        self.asynchronous = asynchronous
        self.tls = tls
        self.calls, self.others = Calls(), Calls()
        self.at_point, self.go = threading.Event(), threading.Event()
        options = {"tls": tls.server} if self.way.encrypted else {}
        self.server = serve(self.script, **options)
        self.M: Any = self.way.make(self.server, tls)
        if self.way.compressed:
            self.M.enable_compression()

    # The server's side

    def script(self, peer: Peer) -> None:
        self.step.greeting(peer, b"STARTTLS IDLE COMPRESS=DEFLATE")
        if self.way.compressed:
            peer.deflate()
        command = peer.command(self.step.name, continuation=None)
        self.step.lead(peer)
        self.at_point.set()
        peer.pause(self.go)
        self.step.approach(peer, command.tag)
        peer.relax()
        FAULTS[self.fault](peer, b"*" if self.phase == "handshake" else command.tag)
        if self.goes_on:
            self.step.rest(peer)
            be_good(peer)
        else:
            linger(peer, self.fault)

    # The client's side

    def begin(self) -> None:
        """Issue the command; return when the server is where the fault strikes."""
        if self.word == "time-out":
            self.M.timeout = TIMEOUT  # of the handshake
        call = partial(self.step.call, self.M, self.tls)
        if self.phase == "idle" and self.fault in SILENT:
            call = partial(self.M.idle, IDLE_FOR)
        if self.asynchronous:
            assert call(callback=self.calls, cb_arg="argument") == (None, None)
        else:
            self.caller = Thread(Told.by_return, call)
        assert self.at_point.wait(SECONDS)

    def add_others(self) -> None:
        """Have others wait, in a thread and with a callback."""
        if self.step.others:
            self.M.noop(callback=self.others, cb_arg="argument")
            self.other = Thread(Told.by_return, self.M.noop)
        if self.word in ("time-out", "ended"):
            self.hurry()

    def hurry(self) -> None:
        """Begin to be impatient only now: a busy machine needs time to get here."""
        if self.M.sock is not None:
            self.M.sock.settimeout(TIMEOUT)
        self.M._core.timeout = self.M._core.logout_timeout = TIMEOUT
        # All who keep the time look again; they may be about to sleep until the old one is over.
        inside.look_again(self.M)
        for command in [*self.M._core.in_progress.values()]:
            command.waiter.hand_over(look_again)

    def check_told(self) -> None:
        """All who wait are told what has happened."""
        told = Told.by_callback(self.calls) if self.asynchronous else self.caller.result()
        handshake = self.phase == "handshake"
        self.check(told, bare=handshake)
        if self.step.others:
            for other in (Told.by_callback(self.others), self.other.result()):
                self.check_other(other)

    def check_other(self, told: Told) -> None:
        if self.goes_on:
            assert told.result == ("OK", [b"done"])
        elif self.phase == "logout":  # held back, or too late: then illegal in its state
            assert told.kind in (abort, error) or issubclass(told.kind or object, abort)
        elif self.phase == "handshake":
            assert issubclass(told.kind or object, abort)
            assert told.text.startswith("STARTTLS failed: ")
        else:
            self.check(told)

    def check(self, told: Told, bare: bool = False) -> None:
        if told.kind is not None and not bare and not self.goes_on:
            assert self.way.where in told.text
        if self.word == "reset" and self.way.encrypted:  # Python may call it an end of file
            assert issubclass(told.kind or object, abort)
            assert told.text.startswith("socket error: ")
        else:
            check(self.word, told, fault=self.fault, name=self.step.name, bare=bare)

    def check_later(self) -> None:
        """Later commands are told at once, and nobody is told twice."""
        M = self.M
        if self.goes_on:
            assert M.noop() == ("OK", [b"done"])
        else:
            wait_over(M)
            assert M.state == "LOGOUT"
            for options in ({}, {"callback": self.calls}):
                told = Told.by_return(partial(M.noop, **options))
                self.check_other(told)
        with duration(0, SECONDS):
            goodbye = M.logout()
            assert goodbye[0] == "BYE"
            assert M.logout() == goodbye
        assert M.Terminate
        assert (self.calls.count, self.others.count) == (0, 0)

    def check_pipe(self) -> None:
        if isinstance(self.M, IMAP4_stream):
            assert self.M.process.returncode is not None


def look_again() -> None:
    """What those do who are woken for nothing else."""


def be_good(peer: Peer) -> None:
    """Agree to everything up to LOGOUT."""
    while True:
        command = peer.command()
        if command.name == "LOGOUT":
            peer.untagged(b"BYE logging out")
        peer.ok(command)


def linger(peer: Peer, fault: str) -> None:
    """What the server does behind a fault that ends the connection: nothing."""
    if fault in SILENT:
        peer.hold()
    elif fault not in ("eof", "reset", "bye"):
        peer.wait_closed()


def check(word: str, told: Told, *, fault: str, name: str, bare: bool) -> None:
    """Whether what somebody was told is what `MEANINGS` says of `word`."""
    if word == "ended":
        assert told.kind is None
        assert told.result[0] == "BYE"
    elif word == "NO" and name not in ("LOGIN", "STARTTLS"):
        assert (told.result, told.kind) == (("NO", [b"refused"]), None)
    else:
        assert told.result is None
        assert told.kind is not None
        assert issubclass(told.kind, abort) or bare or word in ("quoted", "NO", "BAD")
        CHECKS[word](told, fault, name)


def check_eof(told: Told, fault: str, name: str) -> None:
    # Of a pipe, who writes may find out first.
    assert told.text.startswith("socket error: EOF: the server closed the connection") or (
        "Broken pipe" in told.text and "child process" in told.text
    )


def check_reset(told: Told, fault: str, name: str) -> None:
    assert "reset by peer" in told.text or "Broken pipe" in told.text


def check_timeout(told: Told, fault: str, name: str) -> None:
    assert "timed out" in told.text
    if told.kind is not None and issubclass(told.kind, abort):
        assert name in told.text


def check_bye(told: Told, fault: str, name: str) -> None:
    assert "server said BYE: going down" in told.text


def check_quoted(told: Told, fault: str, name: str) -> None:
    assert told.kind is not None
    assert issubclass(told.kind, error)
    quoted = {"wrong-tag": "ZZZ99 OK done", "no": "NO refused", "bad": "BAD not understood"}
    assert quoted.get(fault, fault) in told.text


def check_no(told: Told, fault: str, name: str) -> None:
    assert told.kind is error
    assert "refused" in told.text


def check_bad(told: Told, fault: str, name: str) -> None:
    assert told.kind is error
    assert told.text == f"{name} command error: BAD [b'not understood']"


def check_tls(told: Told, fault: str, name: str) -> None:
    assert told.kind is not None
    assert issubclass(told.kind, ssl.SSLError)
    assert "TLS" in told.text  # the hint


def check_refused(told: Told, fault: str, name: str) -> None:
    assert told.kind is ConnectionRefusedError


CHECKS: dict[str, Callable[[Told, str, str], None]] = {
    "EOF": check_eof,
    "reset": check_reset,
    "time-out": check_timeout,
    "BYE": check_bye,
    "quoted": check_quoted,
    "NO": check_no,
    "BAD": check_bad,
    "TLS": check_tls,
    "refused": check_refused,
}


@contextmanager
def in_time(word: str) -> Iterator[None]:
    """Insist on the deadline that a word implies."""
    span = TIMEOUT + IDLE_FOR if word in ("time-out", "ended") else 0
    with duration(0, span + PROMPT):
        yield


def check_connection(serve: Serve, tls: Contexts, way: str, phase: str, fault: str) -> None:
    """Strike two connections at once, one with a caller that waits, one with a callback."""
    with ExitStack() as stack:
        scenes = []
        for asynchronous in (False, True):
            scenes.append(Scene(serve, tls, way, phase, fault, asynchronous))
            stack.callback(scenes[-1].M.shutdown)
        for scene in scenes:
            scene.begin()
        for scene in scenes:
            scene.add_others()
        with in_time(scenes[0].word):
            for scene in scenes:
                scene.go.set()
            for scene in scenes:
                scene.check_told()
        for scene in scenes:
            scene.check_later()
            scene.check_pipe()


@pytest.mark.parametrize(
    ("phase", "fault", "word"),
    [pytest.param(*cell, id="-".join(cell[:2])) for cell in CELLS if cell[2] != NEVER],
)
def test_faults(serve: Serve, tls: Contexts, phase: str, fault: str, word: str) -> None:
    if phase in CONSTRUCTORS:
        check_constructor(serve, tls, phase, fault, word)
    else:
        check_connection(serve, tls, "plain", phase, fault)


SAMPLE = [
    *(("hooked", phase, "stall") for phase in ("login", "literal", "idle", "done", "logout")),
    *(
        ("tls-deflate", phase, fault)
        for phase in STEPS
        if STEPS[phase].greeting is greet_authenticated
        for fault in ("eof", "reset", "stall")
    ),
    *(("tls-deflate", phase, "no") for phase in ("literal", "before-idle", "idle", "done")),
    *(
        ("pipes", phase, fault)
        for phase in ("select", "in-literal", "idle", "logout")
        for fault in ("eof", "bye")
    ),
    ("pipes", "literal", "no"),
    ("pipes", "select", "stall"),
]
"""Cells that say something of other ways than the plain one."""


@pytest.mark.skipif(sys.platform == "win32", reason="no POSIX")
@pytest.mark.parametrize(
    ("way", "phase", "fault"), [pytest.param(*cell, id="-".join(cell)) for cell in SAMPLE]
)
def test_faults_over(serve: Serve, tls: Contexts, way: str, phase: str, fault: str) -> None:
    check_connection(serve, tls, way, phase, fault)


# -- Faults below TLS and compression ---------------------------------------------------------


def below_tls(peer: Peer, data: bytes) -> None:
    socket.socket.send(peer.sock, data)


def send_half_a_block(peer: Peer) -> None:
    assert peer._compressor is not None
    block = peer._compressor.compress(b"* 4 EXISTS\r\n" * 9) + peer._compressor.flush()
    peer.sock.send(block[: len(block) // 2])


LOW_FAULTS: dict[str, tuple[Callable[[Peer], object], str]] = {
    "no-close-notify": (Peer.cut, "socket error: EOF"),
    "broken-record": (lambda peer: below_tls(peer, b"\x17\x03\x03\x00\x20" + bytes(32)), "SSL"),
    "half-a-record": (lambda peer: below_tls(peer, b"\x17\x03\x03\x00\x20"), "timed out"),
    "broken-block": (lambda peer: peer.sock.send(b"\xff\xff\xff garbage"), "decompress"),
    "half-a-block": (send_half_a_block, "timed out"),
}


@pytest.mark.parametrize("name", ["NOOP", "IDLE"])
@pytest.mark.parametrize("fault", LOW_FAULTS)
def test_faults_below(serve: Serve, tls: Contexts, fault: str, name: str) -> None:
    strike, text = LOW_FAULTS[fault]
    at_point, go = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE COMPRESS=DEFLATE")
        peer.deflate()
        peer.command(name)
        if name == "IDLE":
            begin_idle(peer)
        at_point.set()
        peer.pause(go)
        peer.relax()
        strike(peer)
        peer.hold()

    calls = Calls()
    server = serve(script, tls=tls.server)
    with connected(server, IMAP4_SSL, ssl_context=tls.client, timeout=PATIENCE) as M:
        M.enable_compression()
        call = M.noop if name == "NOOP" else partial(M.idle, IDLE_FOR)
        caller = Thread(Told.by_return, call)
        assert at_point.wait(SECONDS)
        if text == "timed out":
            M.sock.settimeout(TIMEOUT)
            M._core.timeout = TIMEOUT
            inside.engine_of(M).look_at_the_clock()
        with duration(0, TIMEOUT + IDLE_FOR + PROMPT):
            if name == "NOOP":
                M.noop(callback=calls, cb_arg="argument")
            go.set()
            waiters = [caller.result()]
            waiters += [Told.by_callback(calls)] if name == "NOOP" else []
        wait_over(M)
        for told in (*waiters, Told.by_return(M.noop)):
            assert issubclass(told.kind or object, abort)
            assert text in told.text
            assert "127.0.0.1" in told.text
        assert M.logout()[0] == "BYE"
    assert calls.count == 0


# -- Faults at any byte -----------------------------------------------------------------------

ALTERATIONS: dict[str, Callable[[Flow, int], None]] = {
    "fin": lambda flow, at: flow.cut_after(at),
    "rst": lambda flow, at: flow.cut_after(at, reset=True),
    "stall": lambda flow, at: flow.stall_after(at),
    "corrupt": lambda flow, at: flow.corrupt(at, 1 << at % 8),
    "swallow": lambda flow, at: flow.omit(at, 1 + at % 5),
}
FAITHFUL = ("fin", "rst", "stall")
"""Alterations that leave what comes before them as it is, and nothing behind them."""

STRIDE = 7
"""Of the bytes of a session so many are passed over; what is framed how is tested elsewhere."""


class Played:
    """A session of one command after another, whatever becomes of them."""

    def __init__(self, server: ScriptedServer | Proxy, timeout: float) -> None:
        self.told: list[Told] = []
        self._calls = Calls()
        started = time.monotonic()
        opened = Told.by_return(lambda: IMAP4(server.host, server.port, timeout))
        if opened.kind is None:
            self._play(opened.result)
        else:
            self.told.append(opened)
        self.seconds = time.monotonic() - started

    def _play(self, M: IMAP4) -> None:
        try:
            self._add(partial(M.login, "me", "secret"))
            self._add(M.select)
            self._add(partial(M.fetch, 1, "(FLAGS BODY[])"))
            self._add(partial(M.noop, callback=self._calls, cb_arg="argument"))
            if self.told[-1].kind is None:
                self.told[-1] = Told.by_callback(self._calls)
            self._add(partial(M.append, "INBOX", None, None, b"abc"))
            self._add(partial(M.idle, 0))
            goodbye = M.logout()
            assert goodbye[0] == "BYE"
            assert M.Terminate
            assert M.logout() == goodbye
        finally:
            M.shutdown()
        assert self._calls.count == 0

    def _add(self, call: Callable[[], Any]) -> None:
        self.told.append(Told.by_return(call))

    def check(self, undisturbed: Played) -> None:
        """What was told is right up to some point, and behind it, why there is no more."""
        failures = [told for told in self.told if told.kind is not None]
        assert self.told == [*undisturbed.told[: len(self.told) - len(failures)], *failures]
        for told in failures:
            assert issubclass(told.kind or object, (abort, ConnectionError))


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_faults_at_any_byte(serve: Serve, proxy: MakeProxy, alteration: str) -> None:
    server = serve(partial(mailbox, capabilities=b"IMAP4rev1 IDLE"))
    through = proxy(server)
    undisturbed = Played(through, PATIENCE)
    assert all(told.kind is None for told in undisturbed.told)
    timeout = PATIENCE if alteration in ("fin", "rst") else TIMEOUT

    def play(at: int) -> Played:
        with Proxy((server.host, server.port)) as altering:
            ALTERATIONS[alteration](altering.to_client, at)
            return Played(altering, timeout)

    start = list(ALTERATIONS).index(alteration)
    with ThreadPoolExecutor(8) as pool:
        for played in pool.map(play, range(start, through.to_client.received, STRIDE)):
            assert played.seconds < SECONDS
            if alteration in FAITHFUL:
                played.check(undisturbed)


if __name__ == "__main__":
    print(rendered(), end="")
