"""Threads against each other: what they do is random, what they get must be theirs.

Each command carries a number of its own, and the server puts it into whatever it answers, so that
an answer that reaches somebody else is found. The server answers in any order, mixes the responses
to several commands, adds news that nobody asked for, and ends some connections in some way.

What is done is decided by a seed, the name of the test; only the threads' turns differ between
runs. IMAPLIB2_STRESS_SEEDS="17" (or "17-99") runs these seeds instead of the usual ones.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import itertools
import logging
import os
import random
import re
import shlex
import socket
import ssl
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL, IMAP4_stream

from ...live.helpers import wait_until
from ...server.contexts import Contexts
from ...server.helpers import Serve, Thread, abort, connected, error
from ...server.scripted import Command, Peer, ScriptedServer, quoted
from ...soak.lengths import LIMIT, length

pytestmark = [
    pytest.mark.timeout(LIMIT),
    # Some connections are forgotten on purpose.
    pytest.mark.filterwarnings("ignore:unclosed IMAP connection:ResourceWarning"),
]

WORKERS = 6
GENERATIONS = length(10, 6)
"""Connections per seed."""
OPERATIONS = length(400, 150)
"""What each worker does at most with one of them."""

PATIENCE = 20.0
"""Seconds after which whoever has not come back is said to hang."""

RELAY = Path(__file__).parents[2] / "conformance" / "relay.py"

ENDINGS = ["none", "none", "none", "EOF", "RST", "BYE", "garbage", "half a line", "silence"]
KINDS = ["plain", "plain", "TLS", "STARTTLS", "subclass", "impatient subclass", "pipes"]
WAYS_OUT = ["logout", "logout", "shutdown", "with", "forget"]

ILLEGAL = re.compile(
    r"command \w+ illegal in state (AUTH|LOGOUT|NONAUTH)"
    r"|was not sent: (SELECT|EXAMINE) 'x\d+' before"
)


def _seeds() -> list[int]:
    first, _, last = os.environ.get("IMAPLIB2_STRESS_SEEDS", "").partition("-")
    if first:
        return [*range(int(first), int(last or first) + 1)]
    return [*range(length(200, 5))]


# The server


@dataclass
class Plan:
    """What becomes of a connection."""

    seed: str
    ending: str
    after: int
    """Commands that are answered before the end."""
    kind: str
    compressed: bool

    @staticmethod
    def of(seed: str) -> Plan:
        rng = random.Random(seed)
        ending, after = rng.choice(ENDINGS), rng.randrange(WORKERS * OPERATIONS // 2)
        return Plan(seed, ending, after, rng.choice(KINDS), rng.random() < 0.3)


NEWS = [b"98 EXISTS", b"1 RECENT", b"97 FETCH (FLAGS (news))", b"OK by the way", b"96 EXISTS"]
NEWS_TYPES = {"EXISTS", "RECENT", "FETCH", "OK", "BYE"}  # with the last, iterators see the end

# Answered alone: the client must not have sent anything beside them.
ALONE = {
    "STARTTLS", "LOGIN", "COMPRESS", "SELECT", "EXAMINE", "CLOSE", "UNSELECT", "IDLE", "LOGOUT",
}  # fmt: skip


CAPABILITIES = b"IMAP4rev1 IDLE UNSELECT COMPRESS=DEFLATE STARTTLS"


class Answering:
    """The server's side of one connection."""

    def __init__(self, peer: Peer, plan: Plan, tls: ssl.SSLContext) -> None:
        self.peer, self.plan, self.tls = peer, plan, tls
        self.rng = random.Random("server " + plan.seed)
        self.left = plan.after
        self.mailbox = 0
        self.compressed = False
        self.over = False

    def run(self) -> None:
        self.peer.relax()
        self.peer.greet(b"* OK [CAPABILITY %s] ready" % CAPABILITIES)
        while not self.over:
            self.answer(self.batch())

    def batch(self) -> list[Command]:
        """A command, and those that have come behind it."""
        commands = [self.whole(self.peer.command(continuation=None, limit=60.0))]
        with contextlib.suppress(TimeoutError):
            while len(commands) < 20:
                commands.append(self.whole(self.peer.command(continuation=None, limit=0.0)))
        return commands

    def whole(self, command: Command) -> Command:
        if command.pending is None or self.is_refused(command):
            return command
        return self.peer.complete(command)

    def answer(self, commands: list[Command]) -> None:
        if len(commands) > 1 and (beside := ALONE & {command.name for command in commands}):
            raise AssertionError(f"{beside} among {[command.raw for command in commands]}")
        self.left -= len(commands)
        if self.left < 0 and self.plan.ending != "none":
            self.end()
        elif commands[0].name == "IDLE":
            self.idle(commands[0])
        else:
            sequences = [self.responses(command) for command in commands]
            news = [b"* " + item + b"\r\n" for item in NEWS if self.rng.random() < 0.1]
            if commands[0].name not in ALONE:
                sequences += [[item] for item in news]
            self.send(b"".join(self.mixed(sequences)))
            self.after(commands[0])

    def mixed(self, sequences: list[list[bytes]]) -> Iterator[bytes]:
        """Items of all sequences, those of each in their order."""
        while sequences := [sequence for sequence in sequences if sequence]:
            yield self.rng.choice(sequences).pop(0)

    def send(self, data: bytes) -> None:
        """In pieces, sometimes."""
        cut = self.rng.randrange(len(data) + 1) if self.rng.random() < 0.2 else len(data)
        for piece in (data[:cut], data[cut:]):
            if piece:
                self.peer.send(piece)

    def is_refused(self, command: Command) -> bool:
        return number_in(command.raw) % 13 == 0

    def responses(self, command: Command) -> list[bytes]:
        """What answers a command, the tagged response last."""
        number = number_in(command.raw)
        if command.name == "COMPRESS" and self.compressed:
            return [command.tag + b" NO [COMPRESSIONACTIVE] already\r\n"]
        if command.name not in ALONE and number and number % 13 == 0:
            return [b"%s NO refused %d\r\n" % (command.tag, number)]
        if command.name not in ALONE and number and number % 17 == 0:
            return [b"%s BAD nonsense %d\r\n" % (command.tag, number)]
        lines = [b"* " + line + b"\r\n" for line in self.untagged(command, number)]
        return [*lines, b"%s OK done %d\r\n" % (command.tag, number)]

    def untagged(self, command: Command, number: int) -> list[bytes]:
        if command.name in ("FETCH", "UID FETCH"):
            return [self.fetched(command, int(n), number) for n in numbers_of(command)]
        if command.name == "STORE":
            return [b"%s FETCH (FLAGS (k%d))" % (n, number) for n in numbers_of(command)]
        if command.name == "SEARCH":
            return [b"SEARCH %d %d" % (number, number + 1)]
        if command.name == "STATUS":
            return [b"STATUS %s (MESSAGES %d)" % (quoted(command.words[0]), number)]
        if command.name == "LIST":
            return [b'LIST () "/" %s' % quoted(b"x%d" % number)]
        if command.name in ("SELECT", "EXAMINE"):
            self.mailbox = number
            return [b"FLAGS ()", b"%d EXISTS" % number, b"OK [UIDVALIDITY %d] valid" % number]
        if command.name == "EXPUNGE":
            return [b"3 EXPUNGE", b"3 EXPUNGE"]
        if command.name == "LOGOUT":
            return [b"BYE so long"]
        if command.name == "CAPABILITY":
            return [b"CAPABILITY " + CAPABILITIES]
        if command.name == "APPEND":
            assert command.literals == (text_of(number),), command.raw
        return []

    def fetched(self, command: Command, message: int, number: int) -> bytes:
        text = b"number %d, message %d, mailbox %d" % (number, message, self.mailbox)
        uid = b"UID %d " % message if command.name.startswith("UID") else b""
        item = b"BODY[HEADER.FIELDS (X-%d)]" % number
        return b"%d FETCH (%s%s {%d}\r\n%s)" % (message, uid, item, len(text), text)

    def idle(self, command: Command) -> None:
        self.peer.untagged(*(item for item in NEWS if self.rng.random() < 0.1))
        self.peer.line(b"+ idling")
        self.peer.untagged(*(item for item in NEWS if self.rng.random() < 0.2))
        self.peer.expect(b"DONE", PATIENCE)
        self.peer.ok(command, b"done 0")

    def after(self, command: Command) -> None:
        self.over = command.name == "LOGOUT"
        if command.name == "COMPRESS" and not self.compressed:
            self.compressed = True
            self.peer.start_deflate()
        if command.name == "STARTTLS":
            self.peer.wrap_tls(self.tls)

    def end(self) -> None:
        ending = self.plan.ending
        self.over = True
        if ending == "RST":
            return self.peer.reset()
        if ending == "BYE":
            self.peer.untagged(b"BYE going down")
        elif ending == "garbage":
            self.peer.line(b"\x00\xffgarbage")
        elif ending == "half a line":
            self.peer.send(b"* 1 FETCH (BODY[] {1000}\r\nhalf")
        if ending in ("silence", "garbage"):
            self.peer.wait_closed(PATIENCE)
        return None


def number_in(raw: bytes) -> int:
    """The number that a command carries: the last that follows a letter x."""
    found = re.findall(rb"[xX]-?(\d+)", raw.partition(b" ")[2])
    return int(found[-1]) if found else 0


def numbers_of(command: Command) -> list[bytes]:
    return command.words[0].split(b",")


def text_of(number: int) -> bytes:
    """The message that is appended."""
    return b"Subject: x%d\r\n\r\n%s" % (number, b"%d " % number * (number % 3000))


# The client


class Subclass(IMAP4):
    """One whose own methods carry the bytes."""

    def read(self, size: int) -> bytes:
        return super().read(size)

    def send(self, data: Any) -> None:
        super().send(data)


class ImpatientSubclass(Subclass):
    """One that reads little at a time."""

    def read(self, size: int) -> bytes:
        return super().read(min(size, 17))


class Deliberate(Exception):
    """Raised by callbacks."""


Check = Callable[[Any], None]


@dataclass
class Generation:
    """One connection, and the threads that use it."""

    M: Any
    plan: Plan
    failures: list[str] = field(default_factory=list)
    issued: set[int] = field(default_factory=set)
    """Calls of which a callback must tell."""
    called: Counter[int] = field(default_factory=Counter)
    changed: threading.Condition = field(default_factory=threading.Condition)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    ended_here: bool = False
    """Somebody on this side has ended the connection."""

    def fail(self, what: str) -> None:
        self.failures.append(f"[seed {self.plan.seed}] {what}")

    @property
    def may_end(self) -> bool:
        return self.ended_here or self.plan.ending != "none"

    def accept(self, problem: IMAP4.error, number: int) -> None:
        """Fail unless *problem* may be what becomes of call *number*."""
        text = str(problem)
        if isinstance(problem, abort):
            # A subclass, as in the callback's pair, says no more than this.
            if not (self.may_end and self.M.Terminate):
                self.fail(f"{number}: {problem!r} although nothing ended the connection")
        elif not ILLEGAL.search(text) and f"nonsense {number}'" not in text:
            self.fail(f"{number}: {problem!r}")

    def check(self, number: int, result: Any, check: Check) -> None:
        """Fail unless *result* is that of call *number*."""
        try:
            typ, data = result
            data = [item for item in data if item != b"97 (FLAGS (news))"]  # may be anywhere
            if typ == "NO":
                assert data == [b"refused %d" % number]
                assert number % 13 == 0
            else:
                assert typ == "OK"
                check(data)
        except Exception:
            self.fail(f"{number}: got {result!r}: {traceback.format_exc(limit=-2)}")

    # Called back

    def expect(self, number: int) -> None:
        with self.changed:
            self.issued.add(number)
            self.changed.notify_all()

    def count(self, number: int) -> None:
        with self.changed:
            self.called[number] += 1
            self.changed.notify_all()

    def await_callbacks(self) -> None:
        """Fail unless each comes; `check_callbacks` will tell whether one came twice."""
        with self.changed:
            self.changed.wait_for(lambda: self.issued <= self.called.keys(), PATIENCE)
            if missing := self.issued - self.called.keys():
                self.fail(f"callbacks that never came: {sorted(missing)}")

    def check_callbacks(self) -> None:
        wrong = {n: count for n, count in self.called.items() if count > 1 or n not in self.issued}
        if wrong:
            self.fail(f"callbacks that came too often: {wrong}")


class Worker:
    """One thread's part."""

    def __init__(self, generation: Generation, name: str, depth: int = 0) -> None:
        self.generation = generation
        self.M = generation.M
        self.rng = random.Random(f"{name} {generation.plan.seed}")
        self.depth = depth  # callbacks that lead here

    def run(self) -> None:
        try:
            for _ in range(OPERATIONS):
                if self.M.Terminate:
                    return
                self.step()
        except BaseException:
            self.generation.fail(traceback.format_exc())

    def step(self) -> None:
        (operation,) = self.rng.choices(*zip(*OPERATION_WEIGHTS, strict=True))
        operation(self)

    def call(self, number: int, check: Check, method: Any, *args: Any, **options: Any) -> None:
        """Issue a command, in either way, and see to its outcome."""
        if self.rng.random() < 0.4:
            options["callback"] = self.callback(number, check)
            options["cb_arg"] = number
        try:
            result = method(*args, **options)
        except error as problem:
            self.generation.accept(problem, number)
        else:
            if "callback" not in options:
                self.generation.check(number, result, check)
            elif result == (None, None):
                self.generation.expect(number)
            else:
                self.generation.fail(f"{number}: with a callback, {result!r}")

    def callback(self, number: int, check: Check) -> Callable[[Any], None]:
        generation, depth, rng = self.generation, self.depth, self.rng
        behaviour = rng.random()

        def callback(outcome: Any) -> None:
            result, argument, problem = outcome
            if argument != number:
                generation.fail(f"{number}: called with the argument {argument}")
            if problem is None:
                generation.check(number, result, check)
            else:
                generation.accept(problem[0](problem[1]), number)
            if depth < 2 and behaviour < 0.3:
                Worker(generation, f"callback {number}", depth + 1).step()
            generation.count(number)
            if behaviour > 0.9:
                raise Deliberate

        return callback

    # What is done

    def messages(self) -> list[int]:
        return self.rng.sample(range(1, 9), self.rng.choice([1, 1, 1, 2, 3]))

    def fetch(self) -> None:
        number, wanted = next(self.generation.numbers), self.messages()
        check = self.fetched(number, wanted)
        items = f"(BODY.PEEK[HEADER.FIELDS (X-{number})])"
        self.call(number, check, self.M.fetch, ",".join(map(str, wanted)), items)

    def uid_fetch(self) -> None:
        number, wanted = next(self.generation.numbers), self.messages()
        check = self.fetched(number, wanted)
        items = f"(BODY.PEEK[HEADER.FIELDS (X-{number})])"
        self.call(number, check, self.M.uid, "FETCH", ",".join(map(str, wanted)), items)

    def fetched(self, number: int, wanted: list[int]) -> Check:
        def check(data: Any) -> None:
            texts = [item[1] for item in data if isinstance(item, tuple)]
            beginnings = [b"number %d, message %d, mailbox " % (number, n) for n in wanted]
            assert len(texts) == len(wanted)
            for text, beginning in zip(texts, beginnings, strict=True):
                assert text.startswith(beginning)
            assert len({text.rpartition(b" ")[2] for text in texts}) == 1, "several mailboxes"
            assert len(data) == 2 * len(wanted), "something else among it"

        return check

    def store(self) -> None:
        number, wanted = next(self.generation.numbers), self.messages()
        expected = [b"%d (FLAGS (k%d))" % (n, number) for n in wanted]
        self.call(
            number, equals(expected), self.M.store,
            ",".join(map(str, wanted)), "+FLAGS", f"(x{number})",
        )  # fmt: skip

    def search(self) -> None:
        number = next(self.generation.numbers)
        expected = [b"%d %d" % (number, number + 1)]
        self.call(number, equals(expected), self.M.search, None, "SUBJECT", f"x{number}")

    def status(self) -> None:
        number = next(self.generation.numbers)
        expected = [b'"x%d" (MESSAGES %d)' % (number, number)]
        self.call(number, equals(expected), self.M.status, f"x{number}", "(MESSAGES)")

    def list(self) -> None:
        number = next(self.generation.numbers)
        expected = [b'() "/" "x%d"' % number]
        self.call(number, equals(expected), self.M.list, '""', f"x{number}")

    def append(self) -> None:
        number = next(self.generation.numbers)
        text = text_of(number)
        self.call(number, done(number), self.M.append, f"x{number}", None, None, text)

    def copy(self) -> None:
        number = next(self.generation.numbers)
        self.call(number, done(number), self.M.copy, "1:5", f"x{number}")

    def xatom(self) -> None:
        number = next(self.generation.numbers)
        self.call(number, done(number), self.M.xatom, "XECHO", f"x{number}")

    def noop(self) -> None:
        self.call(next(self.generation.numbers), done(0), self.M.noop)

    def expunge(self) -> None:
        number = next(self.generation.numbers)
        self.call(number, equals([b"3", b"3"]), self.M.expunge)

    def select(self) -> None:
        number = next(self.generation.numbers)

        def check(data: Any) -> None:
            assert data[-1] == b"%d" % number

        self.call(number, check, self.M.select, f"x{number}", self.rng.random() < 0.2)

    def close(self) -> None:
        method = self.rng.choice([self.M.close, self.M.unselect])
        self.call(next(self.generation.numbers), done(0), method)

    def compress(self) -> None:
        self.call_whatever(next(self.generation.numbers), self.M.enable_compression)

    def call_whatever(self, number: int, method: Any) -> None:
        """A command that may be refused."""
        try:
            typ, _ = method()
        except error as problem:
            self.generation.accept(problem, number)
        else:
            if typ not in ("OK", "NO"):
                self.generation.fail(f"{number}: {typ}")

    def idle(self) -> None:
        span = self.rng.random() * 0.02
        self.call(next(self.generation.numbers), done(0), self.M.idle, span)

    def iterate(self) -> None:
        number, span = next(self.generation.numbers), self.rng.random() * 0.02
        try:
            with self.M.idle(duration=span) as idler:
                for typ, _ in idler:
                    if typ not in NEWS_TYPES:
                        self.generation.fail(f"{number}: {typ} during IDLE")
                    if self.rng.random() < 0.3:
                        break
        except error as problem:
            self.generation.accept(problem, number)

    def look(self) -> None:
        """What is there without a command, or nearly so."""
        self.M.response(self.rng.choice(["EXISTS", "FETCH", "RECENT"]))
        for typ, data in self.M.pop_untagged_responses():
            assert isinstance(typ, str)
            assert isinstance(data, list_type)
        assert self.M.untagged_responses.get("EXISTS", []) is not None
        assert "x" not in self.M.tagged_commands
        where = "child process" if self.M.sock is None else "127.0.0.1"
        assert where in repr(self.M)
        self.call_whatever(0, self.M.recent)

    def logout(self) -> None:
        if not self.rare():
            return
        self.generation.ended_here = True
        number, way = next(self.generation.numbers), self.rng.random()
        if way < 0.5:
            began = time.monotonic()
            if self.M.logout()[0] != "BYE" or time.monotonic() - began > PATIENCE:
                self.generation.fail(f"{number}: logout")
        elif self.M.logout(callback=self.told_of_logout(number)) == (None, None):
            self.generation.expect(number)

    def told_of_logout(self, number: int) -> Callable[[Any], None]:
        def callback(outcome: Any) -> None:
            if outcome[0] is None or outcome[0][0] != "BYE":
                self.generation.fail(f"{number}: logout gives {outcome}")
            self.generation.count(number)

        return callback

    def shutdown(self) -> None:
        if self.rare():
            self.generation.ended_here = True
            self.M.shutdown()

    def cut(self) -> None:
        """Somebody takes the network away."""
        if self.rare():
            self.generation.ended_here = True
            if self.M.sock is None:
                self.M.process.terminate()
                return
            with contextlib.suppress(OSError):
                self.M.sock.shutdown(socket.SHUT_RDWR)

    def rare(self) -> bool:
        return self.rng.random() < 0.05


list_type = list  # which Worker has a method for


def equals(expected: list[Any]) -> Check:
    def check(data: Any) -> None:
        assert data == expected

    return check


def done(number: int) -> Check:
    return equals([b"done %d" % number])


OPERATION_WEIGHTS: list[tuple[Callable[[Worker], None], int]] = [
    (Worker.fetch, 30), (Worker.uid_fetch, 10), (Worker.store, 8), (Worker.search, 10),
    (Worker.status, 8), (Worker.list, 8), (Worker.append, 8), (Worker.copy, 5),
    (Worker.xatom, 8), (Worker.noop, 10), (Worker.expunge, 3), (Worker.select, 8),
    (Worker.close, 1), (Worker.compress, 1), (Worker.idle, 3), (Worker.iterate, 3),
    (Worker.look, 4), (Worker.logout, 1), (Worker.shutdown, 1), (Worker.cut, 1),
]  # fmt: skip


# The tests


@pytest.fixture
def own_excepthook(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """What callbacks raise on purpose is told to the hook; nothing else is."""
    caplog.set_level(logging.CRITICAL, "imaplib2")  # which is told, too
    others: list[str] = []

    def hook(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_type is not Deliberate:
            others.append(repr(arguments))

    monkeypatch.setattr(threading, "excepthook", hook)
    yield
    assert not others


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads take turns so often that they meet where they seldom do."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


Connect = Callable[[Plan], Any]


@pytest.mark.parametrize("seed", _seeds())
@pytest.mark.usefixtures("own_excepthook", "hasty_threads")
def test_stress(serve: Serve, tls: Contexts, seed: int) -> None:
    """Every call ends, every callback is called once, and nobody gets another's data."""
    plans: list[Plan] = []  # the last is that of the connection that is being made

    def script(peer: Peer) -> None:
        Answering(peer, plans[-1], tls.server).run()

    servers = {False: serve(script), True: serve(script, tls=tls.server)}

    def connect(plan: Plan) -> Any:
        plans.append(plan)
        return connection(servers[plan.kind == "TLS"], tls, plan)

    for number in range(GENERATIONS):
        failures = live_through(connect, Plan.of(f"{seed}.{number}"))
        assert not failures, "\n".join(failures[:5])


def connection(server: ScriptedServer, tls: Contexts, plan: Plan) -> Any:
    options: dict[str, Any] = {"identifier": "stressed"}
    # The silent server has to be given up in time; any other mustn't be, be the machine ever so
    # slow.
    options["timeout"] = 0.5 if plan.ending == "silence" else PATIENCE
    if plan.kind == "TLS":
        return IMAP4_SSL(server.host, server.port, ssl_context=tls.client, **options)
    if plan.kind == "pipes":
        relay = [sys.executable, str(RELAY), server.host, str(server.port)]
        return IMAP4_stream(f"exec {shlex.join(relay)} 2>/dev/null", **options)
    classes = {"subclass": Subclass, "impatient subclass": ImpatientSubclass}
    M = classes.get(plan.kind, IMAP4)(server.host, server.port, **options)
    if plan.kind == "STARTTLS":
        M.starttls(ssl_context=tls.client)
    return M


def live_through(connect: Connect, plan: Plan) -> list[str]:
    """A connection's life; what went wrong in it."""
    try:
        M = connect(plan)
    except error:
        assert plan.ending != "none"
        return []
    generation = Generation(M, plan)
    with contextlib.suppress(error):
        M.login("user", "password")
        M.select("x1")
        if plan.compressed:
            M.enable_compression()
    work(generation)
    del M
    end(generation)
    return generation.failures


def work(generation: Generation) -> None:
    workers = [
        threading.Thread(
            target=Worker(generation, f"worker {number}").run, name="worker", daemon=True
        )
        for number in range(WORKERS)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(2 * PATIENCE)
    if any(worker.is_alive() for worker in workers):
        faulthandler.dump_traceback(2)  # the standard error itself
        generation.fail(f"calls that don't end; {generation.M.tagged_commands}")


def end(generation: Generation) -> None:
    way = random.Random(f"end {generation.plan.seed}").choice(WAYS_OUT)
    M, generation.ended_here = generation.M, True
    if way == "forget":  # callbacks are called all the same, and know the connection
        M.shutdown() if generation.issued - generation.called.keys() else None
    elif way == "shutdown":
        M.shutdown()
    elif way == "with":
        with M:
            pass
    else:
        assert M.logout()[0] == "BYE"
    generation.await_callbacks()
    if way != "forget" and list(M.tagged_commands):
        generation.fail(f"still in progress: {M.tagged_commands}")
    del M, generation.M
    gc.collect()
    for thread in threading.enumerate():
        if thread.name.startswith("stressed"):
            thread.join(PATIENCE)
            if thread.is_alive():
                generation.fail(f"a thread is left behind by {way}: {thread}")
    generation.check_callbacks()


def test_select_keeps_its_count(serve: Serve) -> None:
    """Whoever looks at what has come meanwhile."""
    go = threading.Event()

    def script(peer: Peer) -> None:
        peer.greet(b"* PREAUTH [CAPABILITY IMAP4rev1] ready")
        command = peer.command("SELECT")
        peer.untagged(b"7 EXISTS", b"OK [MARK here] so far")
        peer.pause(go)
        peer.ok(command)
        peer.relax()
        peer.wait_closed()

    with connected(serve(script)) as M:
        selecting = Thread(M.select)
        wait_until(lambda: "MARK" in M.untagged_responses)
        M.response("EXISTS")
        list(M.pop_untagged_responses())
        go.set()
        assert selecting.result() == ("OK", [b"7"])
