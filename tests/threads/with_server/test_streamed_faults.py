"""Faults in what is streamed, at any byte: the file is what came, and the connection honest.

Each plan is made by chance, and by its number alone: a transport, a size, and what goes wrong.
"""

from __future__ import annotations

import io
import os
import queue
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from ...server.contexts import Contexts
from ...server.helpers import SECONDS, Calls, Serve, agree, connected, greet_authenticated
from ...server.scripted import Peer, PeerClosedError
from ...soak.lengths import length

pytestmark = pytest.mark.timeout(60 * length(10, 1))

BLOCK = os.urandom(1 << 20)
PLANS = length(2000, 200)
FETCHING = ("nothing", "write", "progress", "interrupt", "cut", "reset", "NO")
APPENDING = ("nothing", "read", "progress", "interrupt", "cut", "reset", "NO", "short", "early NO")


@dataclass
class Plan:
    """What happens on one connection."""

    number: int
    method: str
    fault: str
    size: int
    at: int
    nth: int
    calls_back: bool
    secure: bool
    deflate: bool
    portion: int
    sent: int = 0
    got: bytes = field(default=b"", repr=False)
    interrupted: threading.Event = field(default_factory=threading.Event, repr=False)

    @classmethod
    def of(cls, number: int) -> Plan:
        choose = random.Random(number)
        method = choose.choice(["fetch_to", "append"])
        fault = choose.choice(FETCHING if method == "fetch_to" else APPENDING)
        size = choose.choice([choose.randrange(1, 100), choose.randrange(1, 1 << 20)])
        calls_back = choose.random() < 0.5 and fault != "interrupt"
        # There are so many portions of 64 KiB, at least.
        nth = choose.randrange(1, 2 + size // (1 << 16))
        return cls(
            number, method, fault, size, choose.randrange(size), nth, calls_back,
            choose.random() < 0.2, choose.random() < 0.3, choose.choice([1000, 70_000, 1 << 20]),
        )  # fmt: skip

    @property
    def text(self) -> bytes:
        return BLOCK[: self.size]


class File(io.BytesIO):
    """A user's file, which raises when its plan says so."""

    def __init__(self, plan: Plan, text: bytes = b"") -> None:
        super().__init__(text)
        self.plan, self.calls, self.reports = plan, 0, 0

    def count(self, fault: str) -> None:
        if self.plan.fault == fault:
            self.calls += 1
            if self.calls == self.plan.nth:
                raise OSError(28, "as planned")

    def write(self, data: Any) -> int:
        self.count("write")
        return super().write(data)

    def read(self, size: Any = -1) -> bytes:
        self.count("read")
        return super().read(size)

    def progress(self, done: int, size: int) -> None:
        assert size == self.plan.size
        assert done > self.reports or not size
        self.reports = done
        self.count("progress")


class Server:
    """Does its part of the plans."""

    def __init__(self) -> None:
        self.plans: queue.SimpleQueue[Plan] = queue.SimpleQueue()

    def __call__(self, peer: Peer) -> None:
        plan = self.plans.get(timeout=SECONDS)
        greet_authenticated(peer, b"COMPRESS=DEFLATE LITERAL+")
        if plan.deflate:
            peer.deflate()
        peer.relax()
        with suppress(PeerClosedError):
            if getattr(self, plan.method)(peer, plan):
                agree(peer, "NOOP")
                peer.wait_closed()

    def fetch_to(self, peer: Peer, plan: Plan) -> bool:
        command = peer.command("FETCH")
        peer.send(b"* 1 FETCH (BODY[] {%d}\r\n" % plan.size)
        stops = plan.fault in ("cut", "reset", "interrupt", "NO")
        for start, text in portions(plan, plan.at if stops else plan.size):
            peer.send(text)
            plan.sent = start + len(text)
        if plan.fault in ("cut", "reset"):
            getattr(peer, {"cut": "close", "reset": "reset"}[plan.fault])()
            return False
        if plan.fault == "interrupt":
            interrupt(plan)
        peer.send(plan.text[plan.sent :], b" FLAGS ())\r\n")
        peer.reply(command, b"NO" if plan.fault == "NO" else b"OK", b"done")
        return True

    def append(self, peer: Peer, plan: Plan) -> bool:
        command = peer.command("APPEND", continuation=None)
        if plan.fault == "NO":
            peer.no(command)
            return True
        peer.line(b"+ go")
        stops = plan.fault in ("cut", "reset", "interrupt", "early NO")
        plan.got = peer.read(plan.at if stops else plan.size)
        if plan.fault in ("cut", "reset"):
            getattr(peer, {"cut": "close", "reset": "reset"}[plan.fault])()
            return False
        if plan.fault == "interrupt":
            interrupt(plan)
        elif plan.fault == "early NO":
            peer.no(command)
            plan.got += peer.read(plan.size - plan.at)
            peer.expect(b"")
            return True
        plan.got += peer.read(plan.size - len(plan.got))
        peer.expect(b"")
        peer.ok(command)
        return True


def portions(plan: Plan, end: int) -> Any:
    for start in range(0, end, plan.portion):
        yield start, plan.text[start : min(end, start + plan.portion)]


def interrupt(plan: Plan) -> None:
    """Have the test's thread interrupted; again, if it was just about to fall asleep."""
    for _ in range(5):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        if plan.interrupted.wait(1):
            break


def call(M: Any, plan: Plan, file: File) -> Any:
    """What the call returns, or raises; the exception, where a callback gets one."""
    arguments: tuple[Any, ...] = (file, 1)
    options: dict[str, Any] = {"progress": file.progress}
    if plan.method == "append":
        arguments = ("x", None, None, file)
        options["size"] = plan.size
    if plan.calls_back:
        calls = Calls()
        options["callback"] = calls
    outcome = getattr(M, plan.method)(*arguments, **options)
    if plan.calls_back:
        outcome, _, problem = calls.next()
        assert calls.count == 0
        if problem is not None:
            return problem[1].error
    return outcome


def run(M: Any, plan: Plan) -> None:
    # A "short" one lacks something that it had to begin with.
    text = plan.text if plan.fault != "short" else plan.text[:-1]
    file = File(plan, text if plan.method == "append" else b"")
    outcome: Any
    try:
        outcome = call(M, plan, file)
    except BaseException as problem:
        outcome = problem.with_traceback(None)
    plan.interrupted.set()
    if isinstance(outcome, M.abort):
        assert M.closed
        assert M.reason is not None
    elif M.closed:
        # Within a step of the core, or with the message under way.
        assert isinstance(outcome, KeyboardInterrupt)
        assert "interrupted" in str(M.reason) or "KeyboardInterrupt" in str(M.reason)
    elif not (plan.method == "append" and isinstance(outcome, (OSError, ValueError))):
        check_usable(M, plan)
    if plan.method == "fetch_to":
        check_fetched(plan, file.getvalue(), outcome)
    else:
        check_appended(plan, outcome)


def check_usable(M: Any, plan: Plan) -> None:
    typ = ""
    with suppress(M.abort):
        typ, _ = M.noop()
    # Or the thread had gone when the server asked for the message.
    gone = (plan.method, plan.fault) == ("append", "interrupt") and "interrupted" in str(M.reason)
    assert typ == "OK" or gone, M.reason


def check_fetched(plan: Plan, got: bytes, outcome: Any) -> None:
    whole = got == plan.text
    assert whole or plan.text.startswith(got)
    if plan.fault in ("nothing", "NO"):
        assert outcome == ("OK", [plan.size]) or (plan.fault, outcome) == ("NO", ("NO", [b"done"]))
        assert whole
    elif plan.fault in ("cut", "reset"):
        assert isinstance(outcome, IMAP4.abort)
        assert plan.fault == "reset" or len(got) == plan.sent
    elif plan.fault == "interrupt":
        assert isinstance(outcome, KeyboardInterrupt)
        assert len(got) <= plan.at
    elif isinstance(outcome, tuple):  # the portions were larger than that
        assert outcome == ("OK", [plan.size])
        assert whole
    else:
        assert str(outcome) == "[Errno 28] as planned"


def check_appended(plan: Plan, outcome: Any) -> None:
    whole = plan.got == plan.text
    assert whole or plan.text.startswith(plan.got)
    if plan.fault == "nothing":
        assert outcome == ("OK", [b"done"])
        assert whole
    elif plan.fault in ("NO", "early NO"):
        assert outcome == ("NO", [b"refused"])
        assert whole is (plan.fault == "early NO")
    elif plan.fault == "interrupt":
        assert isinstance(outcome, KeyboardInterrupt)
    elif isinstance(outcome, tuple):
        assert plan.fault in ("read", "progress")
        assert whole
    else:
        assert isinstance(outcome, (IMAP4.abort, OSError, ValueError))


@pytest.fixture
def interruptible() -> Iterator[None]:
    """As on a terminal: a program in the background may have been told to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("part", range(8))
def test_faults_at_any_byte(part: int, serve: Serve, tls: Contexts) -> None:
    responder = Server()
    servers = {secure: serve(responder, tls=tls.server if secure else None) for secure in (0, 1)}
    for number in range(part, PLANS, 8):
        plan = Plan.of(number)
        responder.plans.put(plan)
        secure: dict[str, Any] = {"cls": IMAP4_SSL, "ssl_context": tls.client}
        with connected(servers[plan.secure], **(secure if plan.secure else {})) as M:
            try:
                if plan.deflate:
                    M.enable_compression()
                M.state = "SELECTED"
                run(M, plan)
            except BaseException as problem:
                raise AssertionError(f"{plan}") from problem
