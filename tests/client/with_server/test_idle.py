"""IDLE: its three forms, what ends it, what comes during it, and how it is renewed."""

from __future__ import annotations

import contextlib
import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import imaplib2
import imaplib2.imaplib2

from ...live.helpers import wait_until
from ...server.helpers import (
    Calls,
    MakeProxy,
    Serve,
    Thread,
    abort,
    agree,
    connected,
    duration,
    error,
    failure,
    greet_authenticated,
)
from ...server.inside import engine_of, transport
from ...server.scripted import Command, Peer

pytestmark = pytest.mark.timeout(20)


def begin(peer: Peer, early: bytes = b"", late: bytes = b"") -> Command:
    """Agree to an IDLE; *early* comes before the "+", *late* with it."""
    command = peer.command("IDLE")
    peer.send(early)
    peer.send(b"+ idling\r\n", late)
    return command


def end(peer: Peer, command: Command) -> None:
    peer.expect(b"DONE")
    peer.ok(command, b"idle over")


def idling(*news: bytes, early: bytes = b"", late: bytes = b"") -> Callable[[Peer], None]:
    """A script for one IDLE, with *news*, and a NOOP."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = begin(peer, early, late)
        peer.untagged(*news)
        end(peer, command)
        peer.relax()
        agree(peer, "NOOP")

    return script


OVER = ("OK", [b"idle over"])
NEWS = b"* 4 EXISTS\r\n"


def check_usable(M: Any) -> None:
    assert M.noop() == ("OK", [b"done"])


# Blocking


def test_news_end_it(serve: Serve) -> None:
    with connected(serve(idling(b"4 EXISTS"))) as M:
        assert M.idle() == OVER
        assert M.response("EXISTS") == ("EXISTS", [b"4"])
        assert M.response("IDLE") == ("IDLE", [None])
        check_usable(M)


@pytest.mark.parametrize("seconds", [1e7, 1e12, math.inf])
def test_time_may_be_endless(serve: Serve, seconds: float) -> None:
    with connected(serve(idling(b"4 EXISTS"))) as M:
        assert M.idle(seconds) == OVER
        check_usable(M)


@pytest.mark.parametrize("news", [[], [b"4 EXISTS"]])
def test_what_select_has_returned_is_no_news(serve: Serve, news: list[bytes]) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        peer.select(3)
        command = begin(peer)
        peer.untagged(*news)
        end(peer, command)

    with connected(serve(script)) as M:
        assert M.select() == ("OK", [b"3"])
        M.idle(0.1 if not news else None)
        assert M.response("EXISTS") == ("EXISTS", [b"4"] if news else [None])
        assert M.response("FLAGS")[1] != [None]


@pytest.mark.parametrize("place", ["early", "late"])
def test_news_that_come_before_or_with_the_plus(serve: Serve, place: str) -> None:
    with connected(serve(idling(**{place: NEWS}))) as M:
        assert M.idle() == OVER
        assert M.response("EXISTS") == ("EXISTS", [b"4"])
        check_usable(M)


def test_news_that_come_behind_done(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = begin(peer)
        peer.untagged(b"4 EXISTS")
        peer.expect(b"DONE")
        peer.untagged(b"5 EXISTS", b"1 RECENT")
        peer.ok(command, b"idle over")

    with connected(serve(script)) as M:
        assert M.idle() == OVER
        assert list(M.pop_untagged_responses())[-2:] == [
            ("EXISTS", [b"4", b"5"]),
            ("RECENT", [b"1"]),
        ]


def test_a_still_alive_does_not_end_it(serve: Serve) -> None:
    with connected(serve(idling(b"OK Still here", b"OK Still here"))) as M, duration(0.1, 1):
        assert M.idle(0.1) == OVER
        assert M.response("IDLE") == ("IDLE", [b"TIMEOUT"])


def test_a_literal_is_news(serve: Serve) -> None:
    with connected(serve(idling(b"1 FETCH (BODY[] {3}\r\nabc FLAGS ())"))) as M:
        assert M.idle() == OVER
        assert M.response("FETCH")[1] == [(b"1 (BODY[] {3}", b"abc"), b" FLAGS ())"]


@pytest.mark.parametrize("timeout", [0, 0.01, 0.1])
def test_time_ends_it(serve: Serve, timeout: float) -> None:
    with connected(serve(idling())) as M:
        with duration(timeout, timeout + 0.3):
            assert M.idle(timeout) == OVER
        assert M.response("IDLE") == ("IDLE", [b"TIMEOUT"])
        assert M.response("IDLE") == ("IDLE", [None])
        check_usable(M)


def test_time_is_kept_to_within_50_ms(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        for _ in range(5):
            end(peer, begin(peer))

    late = []
    with connected(serve(script)) as M:
        for _ in range(5):
            start = time.monotonic()
            M.idle(0.05)
            late.append(time.monotonic() - start - 0.05)
    assert min(late) >= 0
    assert sorted(late)[2] < 0.05


def test_a_command_of_another_thread_ends_it(serve: Serve) -> None:
    started = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = begin(peer)
        started.set()
        end(peer, command)
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        thread = Thread(M.idle)
        assert started.wait(5)
        with duration(0, 1):
            check_usable(M)
        assert thread.result() == OVER
        assert M.response("IDLE") == ("IDLE", [None])


def test_a_command_before_the_plus_ends_it(serve: Serve) -> None:
    arrived, go = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = peer.command("IDLE")
        arrived.set()
        peer.pause(go)
        peer.line(b"+ idling")
        end(peer, command)
        agree(peer, "NOOP")

    calls = Calls()
    with connected(serve(script)) as M:
        thread = Thread(M.idle)
        assert arrived.wait(5)
        M.noop(callback=calls)
        go.set()
        assert thread.result() == OVER
        assert calls.next()[0] == ("OK", [b"done"])


def test_idle_after_idle(serve: Serve) -> None:
    """One thread's IDLE is ended by another's."""
    started = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        first = begin(peer)
        started.set()
        end(peer, first)
        second = begin(peer)
        peer.untagged(b"4 EXISTS")
        end(peer, second)

    with connected(serve(script)) as M:
        thread = Thread(M.idle)
        assert started.wait(5)
        assert M.idle() == OVER
        assert thread.result() == OVER


def test_logout_ends_it(serve: Serve) -> None:
    started = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = begin(peer)
        started.set()
        end(peer, command)
        peer.serve_logout()

    with connected(serve(script)) as M:
        thread = Thread(M.idle)
        assert started.wait(5)
        with duration(0, 1):
            assert M.logout() == ("BYE", [b"logging out"])
        assert thread.result() == OVER


def test_close_ends_it(serve: Serve) -> None:
    started = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        peer.select()
        command = begin(peer)
        started.set()
        end(peer, command)
        agree(peer, "CLOSE")

    with connected(serve(script)) as M:
        M.select()
        thread = Thread(M.idle)
        assert started.wait(5)
        assert M.close()[0] == "OK"
        assert thread.result() == OVER


def test_bye_during_it(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        begin(peer)
        peer.untagged(b"BYE Autologout")

    with connected(serve(script)) as M:
        problem = failure(M.idle)
        assert isinstance(problem, abort)
        assert "Autologout" in str(problem)


def test_refused_with_no(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        peer.no(peer.command("IDLE"))
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        assert M.idle() == ("NO", [b"refused"])
        check_usable(M)


def test_refused_with_bad(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        peer.bad(peer.command("IDLE"))
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        with pytest.raises(error, match=r"^IDLE command error: BAD \[b'not understood'\]$"):
            M.idle()
        check_usable(M)


def test_ended_by_the_server(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        peer.ok(begin(peer), b"enough")
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        assert M.idle() == ("OK", [b"enough"])
        check_usable(M)


def idle_blocking(M: Any) -> str:
    return str(M.idle(timeout=0.2)[0])


def idle_with_a_callback(M: Any) -> str:
    calls = Calls()
    M.idle(timeout=0.2, callback=calls)
    return str(calls.next()[0][0])


def idle_iterating(M: Any) -> str:
    with M.idle(duration=0.2) as idler:
        assert all(response == ("EXISTS", [b"4"]) for response in idler)
    return str(idler._pending.wait()[0])


def idle_by_hand(M: Any) -> str:
    tag = M._command("IDLE")
    assert M._get_response() is None
    M.send(b"DONE\r\n")
    return str(M._command_complete("IDLE", tag)[0])


forms = pytest.mark.parametrize(
    "idle", [idle_blocking, idle_with_a_callback, idle_iterating, idle_by_hand]
)


@forms
@pytest.mark.parametrize("text", [b"OK enough", b"NO enough"])
def test_ended_by_the_server_while_done_is_under_way(
    serve: Serve, idle: Callable[[Any], str], text: bytes
) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = begin(peer)
        peer.expect(b"DONE")
        peer.line(command.tag + b" " + text)
        peer.line(b"DONE BAD Error in IMAP command received by server.")
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        assert idle(M) == text[:2].decode()
        check_usable(M)


@forms
@pytest.mark.parametrize("text", [b"OK enough", b"NO enough"])
def test_ended_by_the_server_in_one_packet_with_news(
    serve: Serve, idle: Callable[[Any], str], text: bytes
) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = peer.command("IDLE")
        peer.send(b"+ idling\r\n* 4 EXISTS\r\n", command.tag, b" ", text, b"\r\n")
        agree(peer, "NOOP")  # no DONE

    with connected(serve(script)) as M:
        assert idle(M) == text[:2].decode()
        check_usable(M)
        if idle is not idle_iterating:
            assert M.response("EXISTS") == ("EXISTS", [b"4"])


@pytest.mark.parametrize("options", [{}, {"callback": print}, {"duration": None}])
def test_without_the_capability(serve: Serve, options: dict[str, Any]) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        with pytest.raises(error, match="IDLE"):
            M.idle(**options)
        check_usable(M)


interrupted = threading.Event()


def waits(frame: Any) -> bool:
    """Whether a thread waits for an outcome, or for what an iteration gives."""
    return frame.f_code.co_name in ("wait", "next_of")


def interrupt() -> None:
    """What Ctrl-C does, when the main thread waits in the library."""
    ident = threading.main_thread().ident
    assert ident is not None
    while not waits(sys._current_frames()[ident]):
        time.sleep(0.001)
    while not interrupted.wait(0.01):  # CPython sleeps on when it comes just before a wait
        signal.pthread_kill(ident, signal.SIGINT)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """One interrupt is taken, also where a shell has made us ignore them."""
    if not hasattr(signal, "pthread_kill"):
        pytest.skip("no signals to threads")

    def handler(*_: object) -> None:
        if not interrupted.is_set():
            interrupted.set()
            raise KeyboardInterrupt

    interrupted.clear()
    before = signal.signal(signal.SIGINT, handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_keyboard_interrupt(serve: Serve) -> None:
    """Leaves a usable connection."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = begin(peer)
        interrupt()
        end(peer, command)
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        with pytest.raises(KeyboardInterrupt):
            M.idle()
        check_usable(M)


@pytest.mark.usefixtures("interruptible")
def test_keyboard_interrupt_of_a_command(serve: Serve) -> None:
    """The command goes on without a waiter."""
    go = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        command = peer.command("CREATE")
        interrupt()
        peer.pause(go)
        peer.ok(command)
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        with pytest.raises(KeyboardInterrupt):
            M.create("x")
        go.set()
        check_usable(M)


def test_keyboard_interrupt_while_sending(serve: Serve) -> None:
    """Whatever becomes of the connection, nobody waits for ever."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.relax()
        while True:
            agree(peer)

    with connected(serve(script)) as M:
        used = transport(M)
        try_send = used.try_send

        def interrupted(data: Any) -> int:
            try_send(data)
            used.try_send = try_send
            raise KeyboardInterrupt

        used.try_send = interrupted
        with pytest.raises(KeyboardInterrupt):
            M.noop()
        outcome = Thread(lambda: failure(check_usable, M)).result(2)
        assert isinstance(outcome, (abort, AssertionError))


# With a callback


def test_callback_on_news(serve: Serve) -> None:
    calls = Calls()
    with connected(serve(idling(b"4 EXISTS"))) as M:
        assert M.idle(callback=calls, cb_arg="x") == (None, None)
        assert calls.next() == (OVER, "x", None)
        assert M.response("EXISTS") == ("EXISTS", [b"4"])
        check_usable(M)
    assert calls.count == 0


def test_callback_on_time(serve: Serve) -> None:
    calls = Calls()
    with connected(serve(idling())) as M, duration(0.05, 1):
        M.idle(0.05, callback=calls)
        assert calls.next() == (OVER, None, None)
        assert M.response("IDLE") == ("IDLE", [b"TIMEOUT"])


def test_callback_on_a_command(serve: Serve) -> None:
    calls = Calls()
    with connected(serve(idling())) as M:
        M.idle(callback=calls)
        check_usable(M)
        assert calls.next() == (OVER, None, None)


def test_callback_on_a_refusal(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        peer.bad(peer.command("IDLE"))

    calls = Calls()
    with connected(serve(script)) as M:
        M.idle(callback=calls)
        text = "IDLE command error: BAD [b'not understood']"
        assert calls.next() == (None, None, (error, text))


def test_idle_again_in_the_callback(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        for number in range(3):
            command = begin(peer)
            peer.untagged(b"%d EXISTS" % number)
            end(peer, command)
        peer.relax()
        begin(peer)
        last.set()
        peer.hold()

    seen, last = Calls(), threading.Event()
    with connected(serve(script)) as M:

        def callback(outcome: Any) -> None:
            if outcome[0] is not None:
                seen(M.response("EXISTS")[1])
                M.idle(callback=callback)

        M.idle(callback=callback)
        assert [seen.next() for _ in range(3)] == [[b"0"], [b"1"], [b"2"]]
        assert last.wait(5)


# With a duration: the iterator of CPython 3.14


def test_iteration(serve: Serve) -> None:
    with connected(serve(idling(b"4 EXISTS", b"1 RECENT"))) as M:
        with duration(0.1, 1), M.idle(duration=0.1) as idler:
            assert list(idler) == [("EXISTS", [b"4"]), ("RECENT", [b"1"])]
        assert M.response("EXISTS") == ("EXISTS", [None])
        assert M.response("IDLE") == ("IDLE", [None])
        check_usable(M)


def test_iteration_without_end(serve: Serve) -> None:
    with connected(serve(idling(b"4 EXISTS", b"OK Still here", b"1 RECENT"))) as M:
        with M.idle(duration=None) as idler:
            for typ, data in idler:
                if typ == "RECENT":
                    assert data == [b"1"]
                    break
        check_usable(M)


@pytest.mark.parametrize("seconds", [1e7, 1e12, math.inf])
def test_iteration_may_be_endless(serve: Serve, seconds: float) -> None:
    with connected(serve(idling(b"4 EXISTS"))) as M:
        with M.idle(duration=seconds) as idler:
            assert next(idler) == ("EXISTS", [b"4"])
        check_usable(M)


@pytest.mark.parametrize("place", ["early", "late"])
def test_iteration_over_what_comes_before_or_with_the_plus(serve: Serve, place: str) -> None:
    with connected(serve(idling(**{place: NEWS}))) as M:
        with M.idle(duration=None) as idler:
            assert next(idler) == ("EXISTS", [b"4"])
        check_usable(M)


def test_what_was_not_iterated_over_is_left(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = begin(peer, b"* 3 EXISTS\r\n")
        peer.untagged(b"4 EXISTS", b"5 EXISTS")
        peer.expect(b"DONE")
        peer.untagged(b"6 EXISTS")
        peer.ok(command)

    with connected(serve(script)) as M:
        with M.idle(duration=None) as idler:
            assert next(idler) == ("EXISTS", [b"3"])
            assert next(idler) == ("EXISTS", [b"4"])
        assert M.response("EXISTS") == ("EXISTS", [b"5", b"6"])


@pytest.mark.parametrize("early", [b"* 13 EXISTS\r\n", b"* 13 EXISTS\r\n* 0 RECENT\r\n"])
def test_what_was_not_iterated_over_comes_before_what_came_behind_it(
    serve: Serve, early: bytes
) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        noop = peer.command("NOOP")
        peer.send(early)
        peer.ok(noop)
        command = begin(peer, b"* 14 EXISTS\r\n")
        end(peer, command)
        noop = peer.command("NOOP")
        peer.untagged(b"15 EXISTS")
        peer.ok(noop)

    with connected(serve(script)) as M:
        M.noop()
        with M.idle(duration=None):
            M.noop()
        found = [
            item for typ, data in M.pop_untagged_responses() if typ == "EXISTS" for item in data
        ]
        assert found == [b"13", b"14", b"15"]


def test_iteration_is_over_when_time_is(serve: Serve) -> None:
    with connected(serve(idling())) as M, M.idle(duration=0.05) as idler:
        with duration(0.03, 1):
            assert list(idler) == []
        with duration(0, 0.03):
            assert list(idler) == []


def test_a_duration_of_nothing(serve: Serve) -> None:
    with connected(serve(idling())) as M:
        with M.idle(duration=0) as idler:
            assert list(idler) == []
        check_usable(M)


def test_burst(serve: Serve) -> None:
    more = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = begin(peer)
        peer.untagged(b"4 EXPUNGE", b"3 EXPUNGE")
        peer.pause(more)
        peer.untagged(b"9 EXISTS")
        end(peer, command)

    with connected(serve(script)) as M, M.idle(duration=None) as idler:
        assert list(idler.burst(0.1)) == [("EXPUNGE", [b"4"]), ("EXPUNGE", [b"3"])]
        more.set()
        assert next(idler) == ("EXISTS", [b"9"])


def test_a_burst_is_over_with_the_duration(serve: Serve) -> None:
    with connected(serve(idling())) as M, duration(0.05, 1), M.idle(duration=0.05) as idler:
        assert list(idler.burst(10)) == []
        assert list(idler.burst(10)) == []


def test_iteration_ended_by_a_command(serve: Serve) -> None:
    with connected(serve(idling(b"4 EXISTS"))) as M, M.idle(duration=None) as idler:
        assert next(idler) == ("EXISTS", [b"4"])
        check_usable(M)
        assert list(idler) == []
        assert list(idler.burst()) == []


def test_iteration_ended_by_logout_in_another_thread(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        end(peer, begin(peer))
        peer.serve_logout()

    with connected(serve(script)) as M:
        with M.idle(duration=None) as idler:
            thread = Thread(M.logout)
            with duration(0, 1):
                assert list(idler) == []
        assert thread.result() == ("BYE", [b"logging out"])


def test_leaving_ends_an_iteration_that_is_about_to_wait(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived = threading.Barrier(3)
    left = threading.Event()
    with connected(serve(idling())) as M:
        engine = engine_of(M)
        wait_for_item = engine.wait_for_item

        def wait_late(*arguments: Any) -> Any:
            arrived.wait(5)
            left.wait(5)
            return wait_for_item(*arguments)

        with M.idle(duration=None) as idler:
            monkeypatch.setattr(engine, "wait_for_item", wait_late)
            threads = [Thread(list, idler) for _ in range(2)]
            arrived.wait(5)
        left.set()
        assert [thread.result() for thread in threads] == [[], []]
        check_usable(M)


def test_a_command_ends_the_iterations_of_all_threads(serve: Serve) -> None:
    with connected(serve(idling())) as M, M.idle(duration=None) as idler:
        threads = [Thread(list, idler) for _ in range(3)]
        check_usable(M)
        assert [thread.result() for thread in threads] == [[], [], []]


def test_leaving_early(serve: Serve) -> None:
    with connected(serve(idling(b"4 EXISTS"))) as M, M.idle(duration=None) as idler:
        assert next(idler) == ("EXISTS", [b"4"])
        idler.__exit__(None, None, None)
        assert list(idler) == []
        check_usable(M)


def test_leaving_needs_entering(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        with pytest.raises(error, match="with statement"):
            M.idle(duration=None).__exit__(None, None, None)
        check_usable(M)


def test_iteration_ended_by_bad(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        peer.bad(begin(peer))
        peer.relax()
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        with pytest.raises(error, match="BAD"), M.idle(duration=None) as idler:
            problem = failure(list, idler)
        assert type(problem) is error
        check_usable(M)


def test_leaving_ends_only_its_own(serve: Serve) -> None:
    left = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        end(peer, begin(peer))
        command = begin(peer)
        peer.pause(left)
        with pytest.raises(TimeoutError):
            peer.readline(0.03)
        peer.untagged(b"4 EXISTS")
        end(peer, command)

    calls = Calls()
    with connected(serve(script)) as M:
        with M.idle(duration=None) as idler:
            M.idle(callback=calls)
            assert list(idler) == []
        left.set()
        assert calls.next() == (OVER, None, None)
        assert M.response("EXISTS") == ("EXISTS", [b"4"])


@pytest.mark.parametrize("refuse", [Peer.no, Peer.bad])
def test_iteration_refused(serve: Serve, refuse: Callable[[Peer, Command], None]) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        refuse(peer, peer.command("IDLE"))
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        with pytest.raises(error, match="IDLE") as caught, M.idle(duration=None):
            pass
        assert not isinstance(caught.value, abort)
        check_usable(M)


def test_an_exception_in_the_body_passes(serve: Serve) -> None:
    with connected(serve(idling())) as M:
        with pytest.raises(KeyError), M.idle(duration=None):
            raise KeyError
        check_usable(M)


def test_iteration_needs_a_with_statement(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        idler = M.idle(duration=None)
        with pytest.raises(error):
            next(idler)
        check_usable(M)


@pytest.mark.parametrize("options", [{"callback": print}, {"timeout": 0}])
def test_iteration_with_what_it_would_ignore(serve: Serve, options: dict[str, Any]) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        with pytest.raises(TypeError, match="duration"):
            M.idle(duration=None, **options)
        check_usable(M)


def test_an_idler_is_entered_once(serve: Serve) -> None:
    with connected(serve(idling())) as M:
        with M.idle(duration=0) as idler, pytest.raises(error), idler:
            pass
        with pytest.raises(error), idler:
            pass
        check_usable(M)


@pytest.mark.usefixtures("interruptible")
def test_keyboard_interrupt_of_an_iteration(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = begin(peer)
        interrupt()
        end(peer, command)
        agree(peer, "NOOP")

    def iterate(M: Any) -> None:
        with M.idle(duration=None) as idler:
            list(idler)

    with connected(serve(script)) as M:
        with pytest.raises(KeyboardInterrupt):
            iterate(M)
        check_usable(M)


# Renewal


@pytest.fixture(params=[imaplib2, imaplib2.imaplib2], ids=["package", "submodule"])
def short(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections there are already obey, too: they look when an IDLE begins."""
    monkeypatch.setattr(request.param, "IDLE_TIMEOUT", 0.05)


def renewing(peer: Peer) -> None:
    """Two IDLEs on the wire, with news in each and between them."""
    greet_authenticated(peer, b"IDLE")
    command = begin(peer)
    peer.untagged(b"OK first")
    peer.expect(b"DONE")
    peer.untagged(b"OK between")
    peer.ok(command)
    command = begin(peer)
    peer.untagged(b"4 EXISTS")
    end(peer, command)
    agree(peer, "NOOP")


@pytest.mark.usefixtures("short")
def test_it_is_renewed(serve: Serve) -> None:
    with connected(serve(renewing)) as M, duration(0.05, 1):
        assert M.idle(10) == OVER
        assert M.response("EXISTS") == ("EXISTS", [b"4"])
        assert M.response("IDLE") == ("IDLE", [None])
        check_usable(M)


@pytest.mark.usefixtures("short")
def test_ended_by_the_server_while_its_renewal_is_under_way(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = begin(peer)
        peer.expect(b"DONE")
        peer.line(command.tag + b" OK enough")
        peer.line(b"DONE BAD Error in IMAP command received by server.")
        command = begin(peer)
        peer.relax()
        peer.untagged(b"4 EXISTS")
        end(peer, command)
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        assert M.idle(10) == OVER
        check_usable(M)


@pytest.mark.usefixtures("short")
def test_it_is_renewed_for_a_callback(serve: Serve) -> None:
    calls = Calls()
    with connected(serve(renewing)) as M:
        M.idle(10, callback=calls)
        assert calls.next() == (OVER, None, None)
        check_usable(M)
    assert calls.count == 0


@pytest.mark.usefixtures("short")
def test_it_is_renewed_for_an_iteration(serve: Serve) -> None:
    with connected(serve(renewing)) as M:
        with M.idle(duration=None) as idler:
            assert [next(idler)[0] for _ in range(3)] == ["OK", "OK", "EXISTS"]
        check_usable(M)


@pytest.mark.usefixtures("short")
def test_a_default_idle_ends_instead(serve: Serve) -> None:
    with connected(serve(idling())) as M:
        assert M.idle() == OVER
        assert M.response("IDLE") == ("IDLE", [b"TIMEOUT"])


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_renewal_without_pause_is_refused(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    monkeypatch.setattr(imaplib2, "IDLE_TIMEOUT", seconds)

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        for options in ({}, {"timeout": 1}, {"duration": None}):
            assert isinstance(failure(M.idle, **options), ValueError)
        check_usable(M)


@pytest.mark.parametrize("last_is_package", [False, True])
def test_the_one_set_last_counts(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, last_is_package: bool
) -> None:
    first, last = imaplib2, imaplib2.imaplib2
    if last_is_package:
        first, last = last, first
    monkeypatch.setattr(first, "IDLE_TIMEOUT", 0.01)
    monkeypatch.setattr(last, "IDLE_TIMEOUT", 0.05)
    with connected(serve(idling())) as M, duration(0.05, 1):
        assert M.idle() == OVER


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("news", [b"* 4 EXISTS\r\n", b""])
def test_what_ends_it_during_a_renewal(serve: Serve, news: bytes) -> None:
    reached, go = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = begin(peer)
        peer.expect(b"DONE")
        reached.set()
        peer.pause(go)
        peer.send(news)
        peer.ok(command, b"idle over")
        agree(peer, "NOOP")

    calls = Calls()
    with connected(serve(script)) as M:
        thread = Thread(M.idle, 10)
        assert reached.wait(5)
        if not news:
            M.noop(callback=calls)
        go.set()
        assert thread.result() == OVER
        if news:
            check_usable(M)
        else:
            assert calls.next()[0] == ("OK", [b"done"])


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("refuse", [Peer.no, Peer.bad])
def test_a_refused_renewal(serve: Serve, refuse: Callable[[Peer, Command], None]) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        end(peer, begin(peer))
        refuse(peer, peer.command("IDLE"))
        agree(peer, "NOOP")

    def iterate(M: Any) -> Any:
        with M.idle(duration=None) as idler:
            return list(idler)

    with connected(serve(script)) as M:
        with contextlib.suppress(error):
            assert iterate(M) == []
        check_usable(M)


# A peer that is gone without a word


def iterate_for_ever(M: Any) -> None:
    with M.idle(duration=None) as idler:
        list(idler)


def call_back(M: Any) -> None:
    calls = Calls()
    M.idle(3600, callback=calls)
    _, _, (kind, text) = calls.next(10)
    raise kind(text)


@pytest.mark.usefixtures("_filters")
@pytest.mark.parametrize("idle", [lambda M: M.idle(3600), call_back, iterate_for_ever])
def test_a_renewal_notices_that_the_peer_is_gone(
    serve: Serve, proxy: MakeProxy, monkeypatch: pytest.MonkeyPatch, idle: Callable[[Any], Any]
) -> None:
    """Cable unplugged: nothing comes, and nothing tells that what was sent is lost."""
    renewal, patience = 1.0, 0.3
    monkeypatch.setattr(imaplib2, "IDLE_TIMEOUT", renewal)

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        begin(peer)
        peer.hold()

    between = proxy(serve(script))
    with connected(between) as M:
        M._core.done_timeout = patience
        thread = Thread(idle, M)
        wait_until(lambda: (idle := M._core.idle) and idle.is_idling)
        between.black_hole()
        with duration(patience, renewal + patience + 1):
            problem = failure(thread.result)
        assert isinstance(problem, abort)
        assert str(problem).startswith("timed out: ")
        assert "IDLE" in str(problem)
        assert M.state == "LOGOUT"
