"""Callbacks: when, where and how often they run, and what they may do."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

from imaplib2 import IMAP4

from ...server.helpers import (
    SECONDS,
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
from ...server.inside import STARTS_LATE, set_constant
from ...server.scripted import Peer, mailbox

pytestmark = pytest.mark.timeout(20)


def test_they_come_in_the_order_of_completion(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        commands = [peer.command("NOOP") for _ in range(5)]
        for number in (3, 0, 4, 1, 2):
            peer.ok(commands[number], b"%d" % number)

    calls = Calls()
    with connected(serve(script)) as M:
        for number in range(5):
            M.noop(callback=calls, cb_arg=number)
        outcomes = [calls.next() for _ in range(5)]
    assert [argument for _, argument, _ in outcomes] == [3, 0, 4, 1, 2]
    assert [result[1] for result, _, _ in outcomes] == [[b"%d" % n] for n in (3, 0, 4, 1, 2)]


def test_they_run_one_at_a_time_in_a_thread_of_their_own(serve: Serve) -> None:
    inside, most, done = 0, 0, threading.Semaphore(0)
    names = set()

    def callback(outcome: Any) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        names.add(threading.current_thread().name)
        inside -= 1
        done.release()

    with connected(serve(mailbox), identifier="me") as M:
        for _ in range(20):
            M.noop(callback=callback)
        for _ in range(20):
            assert done.acquire(timeout=5)
    assert most == 1
    assert names == {"me callbacks"}


def test_a_callback_gets_one_argument(serve: Serve) -> None:
    got: list[Any] = []
    done = threading.Event()

    def callback(*args: Any, **kwargs: Any) -> None:
        got.append((args, kwargs))
        done.set()

    with connected(serve(mailbox)) as M:
        M.noop(callback=callback, cb_arg="x")
        assert done.wait(5)
    assert got == [(((("OK", [b"done"]), "x", None),), {})]


def test_a_callback_may_issue_commands(serve: Serve) -> None:
    calls = Calls()

    with connected(serve(mailbox)) as M:

        def asynchronously(outcome: Any) -> None:
            M.noop(callback=calls, cb_arg="from a callback")

        def blocking(outcome: Any) -> None:
            calls((M.noop(), "blocking", None))

        M.noop(callback=asynchronously)
        assert calls.next() == (("OK", [b"done"]), "from a callback", None)
        M.noop(callback=blocking)
        assert calls.next() == (("OK", [b"done"]), "blocking", None)
        assert M.noop() == ("OK", [b"done"])


def test_a_blocking_call_among_callbacks_to_come(serve: Serve) -> None:
    calls = Calls()
    with connected(serve(mailbox)) as M:
        M.noop(callback=lambda outcome: calls(M.capability()))
        for number in range(10):
            M.noop(callback=calls, cb_arg=number)
        assert calls.next()[0] == "OK"
        assert [calls.next()[1] for _ in range(10)] == list(range(10))


@pytest.mark.parametrize("state_changing", [False, True])
def test_a_whole_session_in_callbacks(serve: Serve, state_changing: bool) -> None:
    over = Calls()
    M = IMAP4(*address(serve(mailbox)))

    def logged_in(outcome: Any) -> None:
        if state_changing:
            M.select()
            M.fetch("1", "(FLAGS)", callback=fetched)
        else:
            M.select(callback=lambda outcome: M.fetch("1", "(FLAGS)", callback=fetched))

    def fetched(outcome: Any) -> None:
        over((outcome, M.logout()))

    M.login("a", "b", callback=logged_in)
    outcome, goodbye = over.next()
    assert outcome == (("OK", [b"1 (FLAGS ())"]), None, None)
    assert goodbye == ("BYE", [b"logging out"])
    assert M.Terminate


def test_logout_of_a_callback_in_a_callback(serve: Serve) -> None:
    calls = Calls()
    M = IMAP4(*address(serve(mailbox)))
    M.noop(callback=lambda outcome: M.logout(callback=calls))
    assert calls.next() == (("BYE", [b"logging out"]), None, None)
    assert M.Terminate


def test_an_exception_in_a_callback_hurts_nobody(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "imaplib2")
    hooked: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", hooked.append)
    calls, problem = Calls(), KeyError("mine")

    def callback(outcome: Any) -> None:
        raise problem

    with connected(serve(mailbox)) as M:
        M.noop(callback=callback)
        M.noop(callback=calls)
        assert calls.next()[0] == ("OK", [b"done"])
        assert M.noop() == ("OK", [b"done"])
    (arguments,) = hooked
    assert (arguments.exc_type, arguments.exc_value) == (KeyError, problem)
    assert arguments.thread.name.endswith("callbacks")
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.name == "imaplib2"
    assert record.exc_info is not None
    assert record.exc_info[1] is problem


def test_systemexit_in_a_callback_hurts_nobody(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda arguments: None)
    calls = Calls()

    def callback(outcome: Any) -> None:
        raise SystemExit

    with connected(serve(mailbox)) as M:
        M.noop(callback=callback)
        M.noop(callback=calls)
        assert calls.next()[0] == ("OK", [b"done"])


def test_a_broken_excepthook_hurts_nobody(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def excepthook(arguments: Any) -> None:
        raise ValueError

    monkeypatch.setattr(threading, "excepthook", excepthook)
    calls = Calls()

    def callback(outcome: Any) -> None:
        raise KeyError

    with connected(serve(mailbox)) as M:
        M.noop(callback=callback)
        M.noop(callback=calls)
        assert calls.next()[0] == ("OK", [b"done"])


def test_a_slow_callback_does_not_stop_the_connection(serve: Serve) -> None:
    go, started = threading.Event(), threading.Event()

    def slow(outcome: Any) -> None:
        started.set()
        go.wait(5)

    calls = Calls()
    with connected(serve(mailbox)) as M:
        M.noop(callback=slow)
        assert started.wait(5)
        M.noop(callback=calls)
        assert M.noop() == ("OK", [b"done"])
        assert calls.count == 0
        go.set()
        calls.next()


def test_a_slow_callback_is_waited_for_once(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """By all threads and commands together; the one behind it is waited for again."""
    set_constant(monkeypatch, "CALLBACKS_TIMEOUT", 0.5)
    go, started = threading.Event(), threading.Semaphore(0)

    def slow(outcome: Any) -> None:
        started.release()
        go.wait(SECONDS)

    with connected(serve(mailbox)) as M:
        for _ in range(2):
            calls = Calls()
            M.noop(callback=slow)
            M.noop(callback=calls)
            assert started.acquire(timeout=SECONDS)
            with duration(0.5, SECONDS):
                M.noop()
            with duration(0, 3):  # not ten times as long
                others = [Thread(M.noop) for _ in range(10)]
                for _ in range(10):
                    M.noop()
                for other in others:
                    other.result()
            assert calls.count == 0
            go.set()
            calls.next()
            go.clear()


def test_each_callback_is_called_exactly_once_when_the_link_is_lost(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        commands = [peer.command("NOOP") for _ in range(20)]
        for command in commands[::2]:
            peer.ok(command)
        peer.close()

    calls = Calls()
    with connected(serve(script)) as M:
        for number in range(20):
            M.noop(callback=calls, cb_arg=number)
        outcomes = [calls.next() for _ in range(20)]
    assert calls.count == 0
    assert sorted(argument for _, argument, _ in outcomes) == list(range(20))
    for result, number, problem in outcomes:
        assert (result is None) == (problem is not None) == bool(number % 2)
    assert len(calls.threads) == 1


def test_commands_of_a_callback_on_a_lost_link(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.command("NOOP")
        peer.close()

    calls = Calls()
    with connected(serve(script)) as M:

        def callback(outcome: Any) -> None:
            for options in ({}, {"callback": calls}):
                try:
                    M.noop(**options)
                except M.abort as problem:
                    calls(str(problem))

        M.noop(callback=callback)
        assert calls.next().startswith("socket error: EOF")
        assert calls.next().startswith("socket error: EOF")
        M.logout()
    assert calls.count == 0


@pytest.mark.parametrize("name", ["noop", "check", "close"])
def test_those_of_earlier_commands_come_before_a_later_one_returns(serve: Serve, name: str) -> None:
    """As programs for imaplib2 expect: they ask for much, then wait for one more answer."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.select()
        for _ in range(20):
            for asked in (*["SEARCH"] * 5, name.upper()):
                agree(peer, asked)
            if name == "close":
                peer.select()
        peer.wait_closed()

    called: list[Any] = []
    with connected(serve(script)) as M:
        M.select()
        for _ in range(20):
            for _ in range(5):
                M.search(None, "ALL", callback=called.append)
            getattr(M, name)()
            assert len(called) == 5
            called.clear()
            if name == "close":
                M.select()


def test_that_of_an_idle_comes_before_what_has_ended_it_returns(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        for _ in range(20):
            command = peer.command("IDLE")
            peer.send(b"+ idling\r\n")
            peer.expect(b"DONE")
            peer.ok(command)
            agree(peer, "NOOP")
        peer.wait_closed()

    called: list[Any] = []
    with connected(serve(script)) as M:
        for number in range(20):
            M.idle(callback=called.append)
            M.noop()
            assert len(called) == number + 1


def test_late_ones_come_one_at_a_time(serve: Serve) -> None:
    seen: list[Any] = []
    done = threading.Semaphore(0)

    def callback(outcome: Any) -> None:
        seen.append(("begin", outcome[1]))
        barrier.wait(0.05)
        seen.append(("end", outcome[1]))
        done.release()

    barrier = threading.Event()
    with connected(serve(mailbox)) as M:
        M.logout()
        for number in range(3):
            M.response("EXISTS", callback=callback, cb_arg=number)
        for _ in range(3):
            assert done.acquire(timeout=SECONDS)
    assert seen == [(what, number) for number in range(3) for what in ("begin", "end")]


def address(server: Any) -> tuple[str, int]:
    return server.host, server.port


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No thread for callbacks can be started; `undo` it to allow it again."""
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name.endswith("callbacks"):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    return monkeypatch


def test_a_command_whose_callback_has_no_thread_is_not_sent(
    serve: Serve, no_threads: pytest.MonkeyPatch
) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        agree(peer, "CHECK")
        agree(peer, "NOOP")

    calls = Calls()
    with connected(serve(script)) as M:
        M.state = "SELECTED"
        assert isinstance(failure(M.create, "x", callback=calls), RuntimeError)
        M.check()
        no_threads.undo()
        M.noop(callback=calls)
        assert calls.next() == (("OK", [b"done"]), None, None)
    assert calls.count == 0


@pytest.mark.skipif(not STARTS_LATE, reason="Python 3.12 has the thread from the beginning")
@pytest.mark.usefixtures("no_threads")
def test_an_idle_whose_callback_has_no_thread_ends_the_connection(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = peer.command("IDLE")
        peer.send(b"+ idling\r\n* 4 EXISTS\r\n")
        peer.expect(b"DONE")
        peer.ok(command)
        peer.wait_closed()

    calls = Calls()
    with connected(serve(script)) as M:
        M.idle(callback=calls, cb_arg=1)
        assert calls.next() == (("OK", [b"done"]), 1, None)
        wait_over(M)
        with pytest.raises(abort, match="can't start new thread"):
            M.noop()
    assert calls.count == 0


@pytest.mark.usefixtures("no_threads")
@pytest.mark.parametrize("over", [False, True])
def test_a_logout_whose_callback_has_no_thread_calls_it_in_this_one(
    serve: Serve, over: bool
) -> None:
    calls = Calls()
    M = IMAP4(*address(serve(mailbox)))
    if over:
        M.logout()
    assert M.logout(callback=calls, cb_arg=1) == (None, None)
    assert calls.next(0) == (("BYE", [b"logging out"]), 1, None)
    assert calls.threads == {threading.current_thread().name}
    assert calls.count == 0
    assert M.Terminate
