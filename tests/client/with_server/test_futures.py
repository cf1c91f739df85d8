"""Futures of commands: what they get, what cancelling does, and who may wait for them."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import queue
import random
import signal
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, as_completed, wait
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from imaplib2 import IMAP4
from imaplib2._errors import about

from ...server.contexts import Contexts
from ...server.helpers import (
    SECONDS,
    Calls,
    Serve,
    abort,
    connected,
    error,
    failure,
    greet,
    greet_authenticated,
    wait_over,
)
from ...server.inside import callback_thread, engine_of, mutex, nothing_is_sent, own_threads
from ...server.scripted import Command, Peer, PeerClosedError, ScriptedServer

pytestmark = pytest.mark.timeout(60)


class Session:
    """A connection whose server reads on, and answers when the test says so."""

    def __init__(self, greeting: Callable[..., None], capabilities: bytes) -> None:
        self.seen: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self.names: list[str] = []
        self.tags: list[bytes] = []
        self.peer: Any = None
        self.M: Any = None
        self._greeting, self._capabilities = greeting, capabilities

    def script(self, peer: Peer) -> None:
        self.peer = peer  # before the client goes on
        self._greeting(peer, self._capabilities)
        peer.relax()
        with suppress(PeerClosedError, OSError, ValueError):  # a test may close it
            while True:
                line = peer.readline()
                if line == b"DONE":
                    self.names.append("DONE")
                    self.seen.put(Command(b"", "DONE", b"", line, ()))
                    continue
                tag, _, rest = line.partition(b" ")
                name, _, args = rest.partition(b" ")
                if name == b"UID":
                    second, _, args = args.partition(b" ")
                    name += b" " + second
                self.names.append(name.decode())
                self.tags.append(tag)
                self.seen.put(Command(tag, name.decode(), args, line, ()))

    def next(self, *names: str) -> Command:
        """The next command that the server has seen."""
        command = self.seen.get(timeout=SECONDS)
        assert not names or command.name in names
        return command

    def answer(self, *names: str, data: bytes = b"", text: bytes = b"OK done") -> None:
        """Answer the next command."""
        self.peer.send(data + self.next(*names).tag + b" " + text + b"\r\n")

    def select(self) -> None:
        """Open INBOX."""
        future = self.M.submit(self.M.select)
        self.answer("SELECT", data=b"* 3 EXISTS\r\n")
        assert future.result(SECONDS) == ("OK", [b"3"])


@contextmanager
def session(
    serve: Serve,
    cls: type[Any] = IMAP4,
    greeting: Callable[..., None] = greet_authenticated,
    capabilities: bytes = b"IDLE",
) -> Iterator[Session]:
    made = Session(greeting, capabilities)
    with connected(serve(made.script), cls) as M:
        made.M = M
        yield made
        made.M = None


@pytest.fixture
def at(serve: Serve) -> Iterator[Session]:
    """One with INBOX selected."""
    with session(serve) as made:
        made.select()
        yield made


def held(M: Any, future: Any) -> bool:
    """Whether the command of *future* waits for its turn."""
    command = future._source.commands[0]
    return bool(engine_of(M).locked(lambda core: command in core.held))


def test_what_is_issued_for_a_cancelled_future_is_not_sent(at: Session) -> None:
    """A call may send one command behind the other, and be cancelled at any time."""
    M = at.M

    class Late(list[Any]):
        def append(self, command: Any) -> None:
            super().append(command)
            if moment == "noted":
                assert future.cancel()

    for moment in ("before", "noted"):
        future = M.submit(M.noop)
        future._source.commands, future._source.is_direct = Late(), False
        if moment == "before":
            assert future.cancel()
        problem = failure(M._issue_for, future, partial(M.check, callback=Calls()))
        assert str(problem).startswith("CHECK was cancelled")
        at.answer("NOOP")
    future = M.submit(M.noop)
    at.answer("NOOP")
    assert future.result(SECONDS)[0] == "OK"
    assert at.names == ["SELECT", "NOOP", "NOOP", "NOOP"]


# -- What a future gets


def test_what_the_call_would_have_returned(at: Session) -> None:
    M = at.M
    future = M.submit(M.fetch, "1", "(FLAGS)")
    assert isinstance(future, Future)
    assert not future.done()
    at.answer("FETCH", data=b"* 1 FETCH (FLAGS (x))\r\n")
    assert future.result(SECONDS) == ("OK", [b"1 (FLAGS (x))"])
    future = M.submit(M.STORE, [1, 2], "+FLAGS", ["x"], uid=True)
    at.answer("UID STORE", text=b"NO [CANNOT] no")
    assert future.result(SECONDS) == ("NO", [b"[CANNOT] no"])
    future = M.submit(M.uid, "COPY", "1", "x")
    at.answer("UID COPY")
    assert future.result(SECONDS) == ("OK", [None])
    at.peer.untagged(b"4 EXISTS")
    future = M.submit(M.recent)
    at.answer("NOOP", data=b"* 2 RECENT\r\n")
    assert future.result(SECONDS) == ("OK", [b"2"])
    assert M.submit(M.response, "exists").result(SECONDS) == ("exists", [b"3", b"4"])


def test_what_the_call_would_have_raised(at: Session) -> None:
    M = at.M
    future = M.submit(M.noop)
    at.answer("NOOP", text=b"BAD [CLIENTBUG] what?")
    problem = failure(future.result, SECONDS)
    assert type(problem) is error
    assert future.exception() is problem
    known = about(problem)
    assert (known["command"], known["code"], known["text"]) == ("NOOP", "CLIENTBUG", "what?")
    assert known["tag"] is not None
    assert str(M.port) in known["where"]


def test_what_the_call_itself_raises_submit_raises(at: Session) -> None:
    M = at.M
    with pytest.raises(error, match="illegal in state"):
        M.submit(M.login, "a", "b")
    with pytest.raises(ValueError, match="FETCH"):
        M.submit(M.fetch, "1\r\n", "FLAGS")
    with pytest.raises(TypeError, match="positional argument"):
        M.submit(M.fetch, "1")
    with pytest.raises(TypeError, match="method of another object"):
        M.submit(IMAP4.__new__(IMAP4).noop)
    M.shutdown()
    with pytest.raises(abort, match="closed by shutdown"):
        M.submit(M.noop)
    assert M._submitted == {}
    assert "LOGIN" not in at.names


def test_a_lost_connection(at: Session) -> None:
    M = at.M
    futures = [M.submit(M.fetch, n, "FLAGS") for n in range(1, 4)]
    at.next()
    at.peer.untagged(b"BYE [UNAVAILABLE] so long")
    for future in futures:
        problem = future.exception(SECONDS)
        assert isinstance(problem, abort)
        assert (problem.type, problem.code, problem.command) == ("BYE", "UNAVAILABLE", "FETCH")
    assert len({id(future.exception()) for future in futures}) == 3


def test_a_time_out_is_one(at: Session) -> None:
    at.M.sock.settimeout(0.05)
    problem = at.M.submit(at.M.noop).exception(SECONDS)
    assert isinstance(problem, abort)
    assert isinstance(problem, TimeoutError)


def test_a_reset_is_one(at: Session) -> None:
    future = at.M.submit(at.M.noop)
    at.next()
    at.peer.reset()
    problem = future.exception(SECONDS)
    assert isinstance(problem, abort)
    assert isinstance(problem, ConnectionError) or "EOF" in str(problem)


def test_a_login_that_is_refused(serve: Serve) -> None:
    with session(serve, greeting=greet) as at:
        future = at.M.submit(at.M.login, "user", "secret")
        at.answer("LOGIN", text=b"NO [AUTHENTICATIONFAILED] wrong")
        with pytest.raises(error, match="wrong") as caught:
            future.result(SECONDS)
        assert caught.value.code == "AUTHENTICATIONFAILED"


def test_a_logout(at: Session) -> None:
    future = at.M.submit(at.M.logout)
    at.answer("LOGOUT", data=b"* BYE so long\r\n")
    assert future.result(SECONDS) == ("BYE", [b"so long"])
    assert at.M.submit(at.M.logout).result(SECONDS) == ("BYE", [b"so long"])
    wait_over(at.M)


def test_an_idle(at: Session) -> None:
    future = at.M.submit(at.M.idle)
    at.next("IDLE")
    at.peer.line(b"+ idling")
    assert callback_thread(at.M) is not None  # that of the SELECT
    at.peer.untagged(b"4 EXISTS")
    at.next("DONE")
    assert not future.done()
    at.peer.line(future._source.commands[0].tag + b" OK idled")
    assert future.result(SECONDS)[0] == "OK"


# -- With what waits for futures


def test_as_completed_and_wait(at: Session) -> None:
    M = at.M
    futures = {M.submit(M.fetch, n, "FLAGS", uid=True): n for n in range(1, 21)}
    commands = [at.next("UID FETCH") for _ in futures]
    assert wait(futures, timeout=0).done == set()
    for command in reversed(commands):
        at.peer.ok(command)
    assert {futures[f] for f in as_completed(futures, timeout=SECONDS)} == {*range(1, 21)}
    assert wait(futures, timeout=SECONDS).not_done == set()


def test_from_asyncio(at: Session) -> None:
    M = at.M

    async def fetch(number: int) -> Any:
        return await asyncio.wrap_future(M.submit(M.fetch, number, "FLAGS"))

    async def main() -> Any:
        tasks = [asyncio.create_task(fetch(number)) for number in range(1, 6)]
        await asyncio.sleep(0)
        commands = [await asyncio.to_thread(at.next, "FETCH") for _ in tasks]
        tasks[2].cancel()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.shield(tasks[0]), 0.01)
        for command in commands:
            at.peer.ok(command)
        return await asyncio.gather(*tasks, return_exceptions=True)

    results = asyncio.run(main())
    assert [type(result).__name__ for result in results] == [
        "CancelledError" if number == 2 else "tuple" for number in range(5)
    ]


# -- Functions that are added


def test_they_run_on_the_callback_thread(at: Session) -> None:
    M, calls = at.M, Calls()
    futures = [M.submit(M.noop) for _ in range(3)]
    for future in futures:
        future.add_done_callback(calls)
    for _ in futures:
        at.answer("NOOP")
    assert [calls.next() for _ in futures] == futures
    thread = callback_thread(M)
    assert thread is not None
    assert calls.threads == {thread.name}
    futures[0].add_done_callback(calls)
    calls.next()
    assert threading.current_thread().name in calls.threads


def test_one_that_raises_hurts_nobody(
    at: Session, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of ``concurrent.futures`` are reported there; SystemExit is, as in any callback."""
    reported: queue.SimpleQueue[Any] = queue.SimpleQueue()
    monkeypatch.setattr(threading, "excepthook", reported.put)
    M, calls = at.M, Calls()

    def fail(problem: BaseException) -> Callable[[object], None]:
        def added(future: object) -> None:
            raise problem

        return added

    future = M.submit(M.noop)
    future.add_done_callback(fail(LookupError("mine")))
    future.add_done_callback(calls)
    with caplog.at_level(logging.ERROR, "concurrent.futures"):
        at.answer("NOOP")
        assert calls.next() is future
    assert "exception calling callback" in caplog.text
    future = M.submit(M.noop)
    future.add_done_callback(fail(SystemExit("mine")))
    at.answer("NOOP")
    assert future.result(SECONDS)[0] == "OK"
    assert reported.get(timeout=SECONDS).exc_type is SystemExit
    future = M.submit(M.noop)
    at.answer("NOOP")
    assert future.result(SECONDS)[0] == "OK"


def test_there_commands_and_futures_can_be_issued(at: Session) -> None:
    M, calls = at.M, Calls()

    def go_on(future: Future[Any]) -> None:
        assert M.create("x")[0] == "OK"
        M.submit(M.noop).add_done_callback(calls)

    M.submit(M.check).add_done_callback(go_on)
    for name in ("CHECK", "CREATE", "NOOP"):
        at.answer(name)
    assert calls.next().result() == ("OK", [b"done"])


@pytest.mark.parametrize("place", ["added", "callback"])
def test_waiting_there_is_an_error_at_once(at: Session, place: str) -> None:
    M, found = at.M, Calls()

    def look(outcome: object) -> None:
        future = M.submit(M.create, "x")
        for call in (
            future.result,
            lambda: future.exception(timeout=1),
            lambda: wait([future]),
            lambda: next(as_completed([future])),
        ):
            found(failure(call))
        future.add_done_callback(found)

    if place == "added":
        M.submit(M.noop).add_done_callback(look)
    else:
        M.noop(callback=look)
    at.answer("NOOP")
    for _ in range(4):
        assert "create: a callback can't wait for a future" in str(found.next())
    at.answer("CREATE")
    assert found.next().result()[0] == "OK"


def test_those_of_another_connection_may_be_waited_for(at: Session, serve: Serve) -> None:
    found = Calls()
    with session(serve) as other:
        future = other.M.submit(other.M.noop)
        at.M.submit(at.M.noop).add_done_callback(lambda _: found(future.result(SECONDS)))
        at.answer("NOOP")
        other.answer("NOOP")
        assert found.next() == ("OK", [b"done"])


def test_an_authenticator_that_would_wait_for_itself(serve: Serve) -> None:
    problems: list[BaseException] = []
    with session(serve, greeting=greet) as at:
        M = at.M

        def respond(challenge: bytes) -> str:
            problems.append(failure(M.submit(M.noop).result))
            return "x"

        future = M.submit(M.authenticate, "X", respond)
        tag = at.next("AUTHENTICATE").tag
        at.peer.line(b"+ ")
        at.seen.get(timeout=SECONDS)  # the response
        at.peer.line(tag + b" OK [CAPABILITY IMAP4rev1] hi")
        assert future.result(SECONDS)[0] == "OK"
        assert "noop: a callback can't wait" in str(problems[0])
        at.answer("NOOP")


# -- Cancelling


def test_what_is_held(at: Session) -> None:
    M = at.M
    expunge = M.submit(M.expunge)
    fetch = M.submit(M.fetch, "1", "FLAGS")
    behind = M.submit(M.noop)
    assert held(M, fetch)
    assert fetch.cancel()
    assert fetch.cancelled()
    assert fetch.cancel()
    at.answer("EXPUNGE")
    at.answer("NOOP")
    for future in (expunge, behind):
        assert future.result(SECONDS)[0] == "OK"
    assert "FETCH" not in at.names


def test_what_is_in_the_output(at: Session) -> None:
    M = at.M
    with nothing_is_sent(M):
        futures = [M.submit(M.create, name) for name in "abc"]
        assert futures[1].cancel()
    seen = [at.next("CREATE") for _ in range(2)]
    assert [command.args for command in seen] == [b"a", b"c"]
    for command in seen:
        at.peer.ok(command)
    for number in (0, 2):
        assert futures[number].result(SECONDS)[0] == "OK"
    noop = M.submit(M.noop)
    at.answer("NOOP")
    assert noop.result(SECONDS)[0] == "OK"
    assert at.names == ["SELECT", "CREATE", "CREATE", "NOOP"]


def test_what_is_sent(at: Session) -> None:
    M, calls = at.M, Calls()
    future = M.submit(M.fetch, "1", "FLAGS")
    future.add_done_callback(calls)
    command = at.next("FETCH")
    assert future.cancel()
    assert calls.next() is future
    assert calls.threads == {threading.current_thread().name}
    at.peer.untagged(b"1 FETCH (FLAGS ())")
    at.peer.ok(command)
    other = M.submit(M.noop)
    at.answer("NOOP")
    assert other.result(SECONDS)[0] == "OK"
    assert M.response("FETCH") == ("FETCH", [None])
    assert (future.cancelled(), calls.count) == (True, 0)
    with pytest.raises(CancelledError):
        future.result()


def test_what_is_answered(at: Session) -> None:
    future = at.M.submit(at.M.noop)
    at.answer("NOOP")
    assert future.result(SECONDS)[0] == "OK"
    assert not future.cancel()


@pytest.mark.parametrize("stage", ["held", "output"])
def test_a_select_and_what_is_meant_for_its_mailbox(at: Session, stage: str) -> None:
    M = at.M
    with nothing_is_sent(M):
        first = M.submit(M.noop) if stage == "held" else None
        select = M.submit(M.select, "other")
        store = M.submit(M.store, "1", "+FLAGS", "x")
        status = M.submit(M.status, "x", "(MESSAGES)")
        assert select.cancel()
    problem = store.exception(SECONDS)
    assert "SELECT 'other' before it was cancelled" in str(problem)
    if first is not None:
        at.answer("NOOP")
    at.answer("STATUS")
    assert status.result(SECONDS)[0] == "OK"
    assert M.mailbox == "INBOX"
    assert at.names == ["SELECT", *(["NOOP"] if stage == "held" else []), "STATUS"]


@pytest.mark.parametrize("stage", ["held", "output", "asked", "idling"])
def test_a_cancelled_idle(at: Session, stage: str) -> None:
    M = at.M
    with nothing_is_sent(M):
        first = M.submit(M.noop) if stage == "held" else None
        idle = M.submit(M.idle)
        if stage in ("held", "output"):
            assert idle.cancel()
    if stage in ("asked", "idling"):
        tag = at.next("IDLE").tag
        if stage == "idling":
            at.peer.line(b"+ idling")
            engine = engine_of(M)
            while not engine.locked(lambda core: core.idle.is_idling):
                pass
        assert idle.cancel()
        if stage == "asked":
            at.peer.line(b"+ idling")
        at.next("DONE")
        at.peer.line(tag + b" OK idled")
    elif first is not None:
        at.answer("NOOP")
        assert first.result(SECONDS)[0] == "OK"
    noop = M.submit(M.noop)
    at.answer("NOOP")
    assert noop.result(SECONDS)[0] == "OK"
    assert ("IDLE" in at.names) == (stage in ("asked", "idling"))


@pytest.mark.parametrize("stage", ["held", "output", "sent"])
def test_a_cancelled_logout(at: Session, stage: str) -> None:
    """One that isn't sent ends nothing; one that is does."""
    M = at.M
    with nothing_is_sent(M):
        first = M.submit(M.noop) if stage == "held" else None
        logout = M.submit(M.logout)
        if stage != "sent":
            assert logout.cancel()
    if stage == "sent":
        command = at.next("LOGOUT")
        assert logout.cancel()
        at.peer.untagged(b"BYE so long")
        at.peer.ok(command)
        wait_over(M)
        return
    if first is not None:
        at.answer("NOOP")
    noop = M.submit(M.noop)
    at.answer("NOOP")
    assert noop.result(SECONDS)[0] == "OK"
    assert not M.closed


@pytest.mark.parametrize("stage", ["held", "output", "sent"])
def test_a_cancelled_login(serve: Serve, stage: str) -> None:
    with session(serve, greeting=greet) as at:
        M = at.M
        with nothing_is_sent(M):
            first = M.submit(M.noop) if stage == "held" else None
            login = M.submit(M.login, "user", "secret")
            select = M.submit(M.select)
            if stage != "sent":
                assert login.cancel()
        if first is not None:
            at.answer("NOOP")
        if stage == "sent":
            command = at.next("LOGIN")
            assert login.cancel()
            at.peer.ok(command, b"[CAPABILITY IMAP4rev1] in")
            at.answer("SELECT")
            assert select.result(SECONDS)[0] == "OK"
        else:
            assert "illegal in state NONAUTH" in str(select.exception(SECONDS))
            assert not {"LOGIN", "SELECT"} & {*at.names}
        assert M.state == ("SELECTED" if stage == "sent" else "NONAUTH")


def test_a_cancelled_starttls(serve: Serve) -> None:
    """Nothing that was issued behind it is told in plain text; what comes later is the user's."""
    with session(serve, greeting=greet, capabilities=b"STARTTLS") as at:
        M = at.M
        noop = M.submit(M.noop)
        starttls = M.submit(M.starttls)
        login = M.submit(M.login, "user", "secret")
        assert held(M, starttls)
        assert starttls.cancel()
        assert "STARTTLS before it was cancelled" in str(login.exception(SECONDS))
        at.answer("NOOP")
        assert noop.result(SECONDS)[0] == "OK"
        done = M.submit(M.response, "X").result(SECONDS)  # behind the callback of STARTTLS
        assert done == ("X", [None])
        login = M.submit(M.login, "user", "secret")
        at.answer("LOGIN", text=b"OK [CAPABILITY IMAP4rev1] in")
        assert login.result(SECONDS)[0] == "OK"
        assert at.names == ["NOOP", "LOGIN"]


def test_a_starttls(serve: Serve, tls: Contexts) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        peer.starttls(tls.server)
        peer.capability()
        peer.login(b"[CAPABILITY IMAP4rev1] in")
        peer.serve_logout()

    with connected(serve(script)) as M:
        future = M.submit(M.starttls, ssl_context=tls.client)
        assert future.result(SECONDS) == ("OK", [None])
        assert M.submit(M.login, "user", "secret").result(SECONDS)[0] == "OK"
        assert M.submit(M.logout).result(SECONDS)[0] == "BYE"


def test_a_signal_handler_cancels_within_a_step(at: Session) -> None:
    M = at.M
    first = M.submit(M.expunge)
    future = M.submit(M.fetch, "1", "FLAGS")
    mutex(M).run(future.cancel)
    assert future.cancelled()
    assert M.submit(M.response, "X").result(SECONDS)  # behind the taking back
    at.answer("EXPUNGE")
    assert first.result(SECONDS)[0] == "OK"
    noop = M.submit(M.noop)
    at.answer("NOOP")
    assert noop.result(SECONDS)[0] == "OK"
    assert "FETCH" not in at.names


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(st.tuples(st.sampled_from("ssssccaahr"), st.integers(0, 9)), max_size=60),
    st.randoms(use_true_random=False),
)
def test_any_order(serve: Serve, turns: list[tuple[str, int]], choose: random.Random) -> None:
    """What is withdrawn the server never sees; all else it does, and each future has its end."""
    with session(serve) as at:
        at.select()
        M, futures, commands, open_ = at.M, [], [], []
        calls = [
            lambda: M.submit(M.fetch, "1", "FLAGS"), lambda: M.submit(M.noop),
            lambda: M.submit(M.expunge), lambda: M.submit(M.create, "x"),
            lambda: M.submit(M.select, "other"), lambda: M.submit(M.store, "1", "FLAGS", "x"),
        ]  # fmt: skip
        stopped = ExitStack()

        def answer() -> None:
            with suppress(queue.Empty):
                while True:
                    open_.append(at.seen.get_nowait())
            if open_:
                at.peer.ok(open_.pop(choose.randrange(len(open_))))

        for turn, number in turns:
            if turn == "s":
                future = calls[number % len(calls)]()
                commands.append((*future._source.commands, None)[0])
                futures.append(future)
            elif turn == "c" and futures:
                futures[-1 - number % min(4, len(futures))].cancel()
            elif turn == "a":
                answer()
            elif turn == "h":
                stopped.close()
                stopped.enter_context(nothing_is_sent(M))
            else:
                stopped.close()
        stopped.close()
        last = M.submit(M.unselect)
        while not last.done():
            answer()
            wait([last], timeout=0.001)
        assert wait(futures, timeout=SECONDS).not_done == set()
        check_seen(at, futures, commands)


def check_seen(at: Session, futures: list[Any], commands: list[Any]) -> None:
    seen = {*at.tags}
    for future, command in zip(futures, commands, strict=True):
        if command is None:  # answered before it could be looked at
            continue
        if command.cancelled:
            assert future.cancelled()
            assert command.tag not in seen
        elif not future.cancelled():
            assert (future.exception() is None) == (command.tag in seen)


# -- Subclasses


class Wrapping(IMAP4):
    """Wraps callbacks, and counts."""

    count = 0

    def fetch(self, *args: Any, callback: Any = None, cb_arg: Any = None, **options: Any) -> Any:
        if callback is None:
            return super().fetch(*args, **options)

        def wrapper(outcome: Any) -> None:
            self.count += 1
            callback(outcome)

        return super().fetch(*args, callback=wrapper, cb_arg=cb_arg, **options)

    def noop(self, **options: Any) -> Any:  # type: ignore[override]
        options.pop("callback", None)
        return super().noop(**options)

    def check(self, **options: Any) -> Any:
        super().check(**options)


def test_a_subclass_s_methods(serve: Serve) -> None:
    with session(serve, Wrapping) as at:
        at.select()
        M = at.M
        future = M.submit(M.fetch, "1", "FLAGS")
        at.answer("FETCH")
        assert future.result(SECONDS) == ("OK", [None])
        expunge, future = M.submit(M.expunge), M.submit(M.fetch, "1", "FLAGS")
        assert future.cancel()
        at.answer("EXPUNGE")
        assert expunge.result(SECONDS)[0] == "OK"
        future = M.submit(M.check)
        assert not future.done()
        at.answer("CHECK")
        assert future.result(SECONDS)[0] == "OK"
        assert M.count == 2
        assert "FETCH" not in at.names[2:]
        timer = threading.Timer(0, at.answer, ["NOOP"])
        timer.start()
        assert M.submit(M.noop).result() == ("OK", [b"done"])
        timer.join()


class Replacing(IMAP4):
    """Has its own `_simple_command`."""

    def _simple_command(self, name: str, *args: Any, **options: Any) -> Any:
        return super()._simple_command(name, *args, **options)


def test_a_replaced_simple_command(serve: Serve) -> None:
    with session(serve, Replacing) as at:
        at.select()
        M = at.M
        future = M.submit(M.fetch, "1", "FLAGS")
        at.answer("FETCH", data=b"* 1 FETCH (FLAGS ())\r\n")
        assert future.result(SECONDS) == ("OK", [b"1 (FLAGS ())"])
        expunge, future = M.submit(M.expunge), M.submit(M.fetch, "1", "FLAGS")
        assert future.cancel()
        at.answer("EXPUNGE")
        assert expunge.result(SECONDS)[0] == "OK"
        assert "FETCH" not in at.names[2:]


class Older(IMAP4):
    """Has one that was written for imaplib."""

    def _simple_command(self, name: str, *args: Any) -> Any:  # type: ignore[override]
        return super()._simple_command(name, *args)


def test_a_replaced_simple_command_without_callbacks(serve: Serve) -> None:
    with session(serve, Older) as at, pytest.raises(TypeError, match="callback"):
        at.M.submit(at.M.noop)


# -- The end


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_connection_that_is_dropped(serve: Serve) -> None:
    made = Session(greet_authenticated, b"")
    server: ScriptedServer = serve(made.script)
    M = IMAP4(server.host, server.port)
    future, threads, reference = M.submit(M.create, "x"), own_threads(M), weakref.ref(M)
    made.next("CREATE")
    del M
    gc.collect()
    assert reference() is None
    assert isinstance(future.exception(SECONDS), abort)
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_is_told_at_once(at: Session) -> None:
    future = at.M.submit(at.M.noop)
    at.next("NOOP")
    pid = os.fork()
    if not pid:
        try:
            signal.alarm(10)
            told = isinstance(failure(future.result), abort)
            told = told and isinstance(failure(at.M.submit, at.M.noop), abort)
            os._exit(0 if told and future.cancel() else 1)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    at.peer.line(future._source.commands[0].tag + b" OK done")
    assert future.result(SECONDS) == ("OK", [b"done"])


def test_a_thousand_of_them_leave_nothing(at: Session) -> None:
    M = at.M
    M.noop(callback=lambda outcome: None)
    at.answer("NOOP")
    gc.collect()
    threads, descriptors = threading.active_count(), count_descriptors()
    kept: list[Any] = []
    for _ in range(10):
        futures = [M.submit(M.fetch, n, "FLAGS", uid=True) for n in range(1, 101)]
        kept += [weakref.ref(future) for future in futures]
        kept += [weakref.ref(future._source.commands[0]) for future in futures]
        for future in futures[::3]:
            future.cancel()
        # What is cancelled may have been taken back.
        last = M.submit(M.noop)
        while (command := at.next()).name != "NOOP":
            at.peer.ok(command)
        at.peer.ok(command)
        assert last.result(SECONDS)[0] == "OK"
        assert wait(futures, timeout=SECONDS).not_done == set()
        del future, futures, last
    gc.collect()
    assert not [reference for reference in kept if reference() is not None]
    # The server, which waits by a descriptor, has its own.
    assert threading.active_count() == threads
    assert count_descriptors() <= descriptors + 1


def count_descriptors() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0
