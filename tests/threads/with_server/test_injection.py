"""An exception at each line in turn: nobody is left waiting, and no lock stays taken.

What a signal handler raises comes up in the thread of a user; MemoryError in each. A trace
function raises it here, at one line of the package after the other, in one thread, while that ends
a connection, completes commands, sends, or calls back. Each line has a connection of its own.
"""

from __future__ import annotations

import gc
import io
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import imaplib2
from imaplib2 import IMAP4, IMAP4_SSL

from ...server.contexts import Contexts
from ...server.helpers import SECONDS, Calls, Serve, Thread, error, greet_authenticated
from ...server.inside import all_is_sent, mutex, own_threads, set_constant
from ...server.scripted import Peer, ScriptedServer
from ...soak.lengths import FULL, LIMIT

PACKAGE = str(Path(imaplib2.__file__).parent)
MUTEX = str(Path(imaplib2._mutex.__file__))
STEP = 1 if FULL else 9
"""In the short form, each so many-th line."""

pytestmark = [
    pytest.mark.timeout(LIMIT),
    # What comes up in a thread of ours is reported, as any of its exceptions would be.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
    pytest.mark.skipif(sys.gettrace() is not None, reason="somebody else traces"),
]


def _releases() -> set[int]:
    """The lines of `Mutex` behind ``finally``: no signal handler runs between it and the release.

    Nor does anything there need memory, or a frame.
    """
    lines = Path(MUTEX).read_text("utf-8").splitlines()
    found: set[int] = set()
    for number, line in enumerate(lines, 1):
        if line.strip() == "finally:":
            found.update(range(number, number + 5))
    return found


RELEASES = _releases()


def _is_finalizing(frame: FrameType | None) -> bool:
    """Whether a finalizer is at work: what comes up there is lost, as Python has it."""
    while frame is not None:
        if frame.f_code.co_name == "abandon":
            return True
        frame = frame.f_back
    return False


class Injector:
    """Counts the lines that one thread goes through in the package, and raises at one of them."""

    def __init__(self, problem: type[BaseException], line: int | None) -> None:
        self.count = 0
        self.raised: str | None = None  # where
        self._problem, self._line = problem, line
        self._armed = False

    def arm(self) -> None:
        """From here on."""
        self._armed = True

    def disarm(self) -> None:
        """Up to here."""
        self._armed = False

    def trace(self, frame: FrameType, event: str, argument: object) -> Any:
        """A trace function."""
        name = frame.f_code.co_filename
        if not name.startswith(PACKAGE):
            return None
        if event == "line" and self._armed and not (name == MUTEX and frame.f_lineno in RELEASES):
            self.count += 1
            if self.count == self._line and not _is_finalizing(frame):
                self._armed = False
                self.raised = f"{Path(name).name}:{frame.f_lineno} in {frame.f_code.co_name}"
                raise self._problem
        return self.trace

    @contextmanager
    def here(self) -> Iterator[None]:
        """Trace this thread."""
        self.arm()
        sys.settrace(self.trace)
        try:
            yield
        finally:
            sys.settrace(None)
            self.disarm()

    @contextmanager
    def in_thread(self, role: str) -> Iterator[None]:
        """Trace threads of this *role* that are started meanwhile, as soon as armed."""

        def begin(frame: FrameType, event: str, argument: object) -> Any:
            if threading.current_thread().name.endswith(role):
                sys.settrace(self.trace)
            return None

        threading.settrace(begin)
        try:
            yield
        finally:
            threading.settrace(None)  # type: ignore[arg-type]


class Turn:
    """What one connection's script and its client tell each other."""

    def __init__(self) -> None:
        self.arrived = threading.Event()  # the two commands that wait
        self.go = threading.Event()  # the script is to do what it is there for


@dataclass
class Situation:
    """A connection on which two wait: a thread for a NOOP, and a callback for a CREATE."""

    M: Any
    waiter: Thread
    calls: Calls
    injector: Injector
    turn: Turn


Scenario = Callable[[Situation], object]


def ignore(outcome: object) -> None:
    """A callback."""


def in_user(call: Callable[[Any], object]) -> Scenario:
    """*call* is interrupted."""

    def scenario(at: Situation) -> None:
        at.M._core.logout_timeout = 0.05
        with at.injector.here():
            call(at.M)

    return scenario


def let_the_server_go_on(at: Situation) -> None:
    """For what happens in reader and callback thread: completions, a BYE, the end of file."""
    at.injector.arm()
    at.turn.go.set()
    at.waiter.ended()


def time_out(at: Situation) -> None:
    """For what happens in the writer, which keeps the time."""
    at.injector.arm()
    at.M.sock.settimeout(0.02)
    with suppress(error):
        at.M.create("y", callback=ignore)
    at.waiter.ended()


def stream(at: Situation) -> None:
    """A literal for a file, which a callback of the command gets."""
    with suppress(error):
        at.M.fetch_to(io.BytesIO(), 7, uid=True, callback=ignore)
    let_the_server_go_on(at)


def send_much(at: Situation) -> None:
    """So much that the writer has to send it."""
    at.injector.arm()
    with suppress(error):
        at.M.append("x", None, None, bytes(300_000), callback=ignore)
    at.turn.go.set()
    at.waiter.ended()


#: What a user does when he is interrupted.
USERS: dict[str, Scenario] = {
    "shutdown": in_user(lambda M: M.shutdown()),
    "logout": in_user(lambda M: M.logout()),
    "with": in_user(lambda M: M.__exit__(None, None, None)),
    # By UID: a FETCH by message numbers is held behind the NOOP that waits.
    "waiting": in_user(lambda M: M.uid("FETCH", "7", "(FLAGS)")),
    "sending": in_user(lambda M: M.subscribe("x", callback=ignore)),
    "literal": in_user(lambda M: M.append("x", None, None, b"text", callback=ignore)),
    "idle": in_user(lambda M: M.idle(callback=ignore)),
    "idle_done": in_user(lambda M: (M.idle(callback=ignore), M.idle_done())),
    "to a file": in_user(lambda M: M.fetch_to(io.BytesIO(), 7, uid=True)),
    "to a file, called back": in_user(
        lambda M: M.fetch_to(io.BytesIO(), 7, uid=True, callback=ignore)
    ),
    "from a file": in_user(lambda M: M.append("x", None, None, io.BytesIO(b"text"))),
    "from a file, called back": in_user(
        lambda M: M.append("x", None, None, io.BytesIO(b"text"), callback=ignore)
    ),
    "untagged": in_user(lambda M: M.untagged_responses.append(["X", [b"1"]])),
}
Behaviour = Callable[[Peer, Turn, list[bytes]], object]


def complete_both(peer: Peer, turn: Turn, tags: list[bytes]) -> None:
    """Answer the two commands that wait, in one packet."""
    turn.go.wait(SECONDS)
    peer.send(b"".join(b"%s OK done\r\n" % tag for tag in tags))
    peer.wait_closed()


def send_a_text(peer: Peer, turn: Turn, tags: list[bytes]) -> None:
    """A large one, in pieces."""
    tag = peer.command("UID FETCH").tag
    turn.go.wait(SECONDS)
    text = bytes(100_000)
    peer.send(b"* 3 FETCH (UID 7 BODY[] {200000}\r\n" + text)
    peer.send(text + b")\r\n%s OK done\r\n" % tag)
    complete_both(peer, turn, tags)


def say_bye(peer: Peer, turn: Turn, tags: list[bytes]) -> None:
    turn.go.wait(SECONDS)
    peer.untagged(b"BYE so long")
    peer.wait_closed()


def hang_up(peer: Peer, turn: Turn, tags: list[bytes]) -> None:
    turn.go.wait(SECONDS)


def stay_silent(peer: Peer, turn: Turn, tags: list[bytes]) -> None:
    peer.wait_closed()


def answer_the_others(peer: Peer, turn: Turn, tags: list[bytes]) -> None:
    """Answer what comes behind the two commands that wait; LOGOUT by hanging up."""
    while line := peer.readline():
        tag, _, rest = line.partition(b" ")
        if rest.startswith(b"LOGOUT"):
            return
        if rest.startswith(b"IDLE"):
            peer.line(b"+ idling")
        elif tag.strip() != b"DONE":
            if rest.startswith(b"APPEND"):
                if rest.endswith(b"}"):
                    peer.line(b"+ go on")
                peer.readline()
            if rest.endswith(b"BODY.PEEK[])"):
                peer.send(b"* 3 FETCH (UID 7 BODY[] {4}\r\ntext)\r\n")
            peer.line(tag + b" OK done")


#: What a thread of ours does meanwhile, which one, and what the server does then.
OWN: dict[str, tuple[str, Scenario, Behaviour]] = {
    "reader completes": ("reader", let_the_server_go_on, complete_both),
    "reader hears BYE": ("reader", let_the_server_go_on, say_bye),
    "reader finds the end": ("reader", let_the_server_go_on, hang_up),
    "writer keeps the time": ("writer", time_out, stay_silent),
    "writer sends": ("writer", send_much, say_bye),
    "reader streams": ("reader", stream, send_a_text),
    "callbacks write": ("callbacks", stream, send_a_text),
    "callbacks": ("callbacks", let_the_server_go_on, complete_both),
}


class Server:
    """Behaves in some way behind the two commands that wait."""

    def __init__(self, behave: Behaviour) -> None:
        self._behave = behave
        self._turns: queue.SimpleQueue[Turn] = queue.SimpleQueue()

    def next_turn(self) -> Turn:
        """For the next connection."""
        turn = Turn()
        self._turns.put(turn)
        return turn

    def script(self, peer: Peer) -> None:
        turn = self._turns.get()
        greet_authenticated(peer, b"IDLE LITERAL+")
        peer.select()
        tags = [peer.command("CREATE").tag, peer.command("NOOP").tag]
        peer.relax()
        turn.arrived.set()
        with suppress(OSError, EOFError):
            self._behave(peer, turn, tags)


def connector(server: ScriptedServer, tls: Contexts, secure: bool) -> Callable[[], Any]:
    """Makes connections to *server*."""
    if secure:
        return lambda: IMAP4_SSL(server.host, server.port, ssl_context=tls.client)
    return lambda: IMAP4(server.host, server.port)


def begin(M: Any, injector: Injector, turn: Turn) -> Situation:
    M.select()
    calls = Calls()
    M.response("X", callback=calls)
    calls.next()  # the thread for callbacks has begun
    M.create("x", callback=calls)
    waiter = Thread(M.noop)
    assert turn.arrived.wait(SECONDS)
    return Situation(M, waiter, calls, injector, turn)


def check(at: Situation) -> None:
    """The connection goes on, or is over for all; then it ends as any other does."""
    M = at.M
    if not M.Terminate:
        at.turn.go.set()
        with suppress(error):
            M.shutdown()
    at.waiter.ended()
    at.calls.next()
    assert at.calls.count == 0
    M.shutdown()
    for thread in own_threads(M):
        thread.join(SECONDS)
        assert not thread.is_alive()
    assert not mutex(M).locked()
    assert M._own_sock().fileno() == -1
    assert M.logout()[0] == "BYE"


def inject_at_each_line(
    run: Callable[[Injector], Situation],
    problem: type[BaseException],
    check: Callable[[Situation], None] = check,
) -> None:
    """*run* to count the lines, and then once for each of them."""
    counts = []
    for _ in range(2):  # what is done but once in a process counts for nothing
        counter = Injector(problem, None)
        check(run(counter))
        counts.append(counter.count)
    assert min(counts) > 20
    begun, raised = 0, 0
    for line in range(1, min(counts) + 1, STEP):
        begun, raised = begun + 1, raised + inject_at(line, run, problem, check)
    assert raised > begun // 2  # threads don't take turns in the same way each time


def inject_at(
    line: int,
    run: Callable[[Injector], Situation],
    problem: type[BaseException],
    check: Callable[[Situation], None],
) -> bool:
    """*run*, once more if it doesn't come to that *line*; whether it did."""
    for _ in range(2):
        injector = Injector(problem, line)
        try:
            check(run(injector))
        except BaseException as failed:
            raise AssertionError(f"raised at {injector.raised}") from failed
        if injector.raised is not None:
            return True
    return False


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("scenario", USERS)
def test_a_user_is_interrupted(serve: Serve, tls: Contexts, scenario: str, secure: bool) -> None:
    responder = Server(answer_the_others)
    connect = connector(serve(responder.script, tls=tls.server if secure else None), tls, secure)

    def run(injector: Injector) -> Situation:
        turn = responder.next_turn()
        at = begin(connect(), injector, turn)
        with suppress(KeyboardInterrupt, error):
            USERS[scenario](at)
        return at

    inject_at_each_line(run, KeyboardInterrupt)


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("scenario", OWN)
def test_a_thread_of_ours_runs_out_of_memory(
    serve: Serve, tls: Contexts, monkeypatch: pytest.MonkeyPatch, scenario: str, secure: bool
) -> None:
    # So long do callbacks wait for a reader that was kept from the trace.
    set_constant(monkeypatch, "TRACE_TIMEOUT", 0.05)
    role, act, behave = OWN[scenario]
    responder = Server(behave)
    connect = connector(serve(responder.script, tls=tls.server if secure else None), tls, secure)

    def run(injector: Injector) -> Situation:
        turn = responder.next_turn()
        with injector.in_thread(role):
            at = begin(connect(), injector, turn)
            act(at)
        return at

    inject_at_each_line(run, MemoryError)


#: What a user does with futures when he is interrupted; two are there, sent and held.
FUTURES: dict[str, Callable[[Any, list[Future[Any]]], object]] = {
    "submitting": lambda M, futures: futures.append(M.submit(M.subscribe, "x")),
    "cancelling what is sent": lambda M, futures: futures[0].cancel(),
    "cancelling what is held": lambda M, futures: futures[1].cancel(),
}


@pytest.mark.parametrize("scenario", FUTURES)
def test_a_user_of_futures_is_interrupted(serve: Serve, scenario: str) -> None:
    # An answer would be faster than what cancels.
    responder = Server(stay_silent if scenario.endswith("sent") else answer_the_others)
    server = serve(responder.script)
    futures: list[Future[Any]] = []

    def run(injector: Injector) -> Situation:
        futures.clear()
        turn = responder.next_turn()
        at = begin(IMAP4(server.host, server.port), injector, turn)
        futures.append(at.M.submit(at.M.uid, "FETCH", "7", "(FLAGS)"))
        while not all_is_sent(at.M):
            pass
        futures.append(at.M.submit(at.M.fetch, "7", "(FLAGS)"))
        with suppress(KeyboardInterrupt, error), injector.here():
            FUTURES[scenario](at.M, futures)
        return at

    def check_futures(at: Situation) -> None:
        check(at)
        assert wait(futures, SECONDS).not_done == set()

    inject_at_each_line(run, KeyboardInterrupt, check_futures)


def test_the_thread_that_tells_futures_runs_out_of_memory(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_constant(monkeypatch, "TRACE_TIMEOUT", 0.05)
    responder = Server(answer_the_others)
    server = serve(responder.script)
    futures: list[Future[Any]] = []

    def run(injector: Injector) -> Situation:
        futures.clear()
        turn = responder.next_turn()
        with injector.in_thread("callbacks"):
            at = begin(IMAP4(server.host, server.port), injector, turn)
            injector.arm()
            for message in ("7", "8"):
                futures.append(at.M.submit(at.M.uid, "FETCH", message, "(FLAGS)"))
            futures[1].cancel()
            assert wait(futures, SECONDS).not_done == set()
        return at

    inject_at_each_line(run, MemoryError)


@pytest.mark.parametrize("end", ["shutdown", "logout"])
def test_an_end_with_hardly_any_frames_left(serve: Serve, end: str) -> None:
    """RecursionError comes up wherever one frame too many is needed, with each number of them."""
    responder = Server(answer_the_others)
    server = serve(responder.script)
    raised = 0
    for frames in range(1, 40, 1 if FULL else 3):
        turn, idle = responder.next_turn(), Injector(KeyboardInterrupt, None)
        at = begin(IMAP4(server.host, server.port), idle, turn)
        at.M._core.logout_timeout = 0.05
        try:
            with_frames_left(frames, getattr(at.M, end))
        except RecursionError:
            raised += 1
        check(at)
    assert raised


def with_frames_left(frames: int, call: Callable[[], object]) -> None:
    """Call with so many frames left, at the most, before the limit."""

    def descend(depth: int) -> None:
        if depth:
            descend(depth - 1)
        else:
            call()

    depth = 0
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    # Other objects' finalizers are not to run just there.
    gc.collect()
    gc.disable()
    try:
        descend(max(0, sys.getrecursionlimit() - depth - frames - 2))
    finally:
        gc.enable()
