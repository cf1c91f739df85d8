"""``idle_done()``: whatever idles, and however far it has got, ends; and nothing else happens."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from imaplib2 import IMAP4

from ...server.helpers import (
    SECONDS,
    Calls,
    Serve,
    Thread,
    agree,
    connected,
    duration,
    greet_authenticated,
)
from ...server.inside import engine_of, mutex
from ...server.scripted import Peer
from ...threads.helpers import until
from .test_idle import OVER, begin, end

pytestmark = pytest.mark.timeout(20)


def iterate(M: Any) -> Any:
    with M.idle(duration=None) as idler:
        for _ in idler:
            pass
    return OVER


def burst(M: Any) -> Any:
    with M.idle(duration=None) as idler:
        assert [*idler.burst()] == []
    return OVER


def start(M: Any, form: str) -> Callable[[], Any]:
    """Idle in that form; what this gives waits for the end, and returns what came of it."""
    if form == "callback":
        calls = Calls()
        M.idle(callback=calls)
        return lambda: calls.next()[0]
    functions = {"iterator": lambda: iterate(M), "burst": lambda: burst(M), "blocking": M.idle}
    thread = Thread(functions[form])
    until(lambda: M._core.idle is not None or M._core.held)
    return thread.result


FORMS = ["blocking", "callback", "iterator", "burst"]


@pytest.mark.parametrize("form", FORMS)
def test_while_it_idles(serve: Serve, form: str) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        end(peer, begin(peer))
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        over = start(M, form)
        until(lambda: M._core.idle.is_idling)
        with duration(0, 1):
            assert M.idle_done() is None
            assert over() == OVER
        assert M.response("IDLE") == ("IDLE", [None])  # that is for a time-out
        assert M.noop() == ("OK", [b"done"])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("times", [1, 3])
def test_before_the_server_has_agreed(serve: Serve, form: str, times: int) -> None:
    go_on = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = peer.command("IDLE")
        peer.pause(go_on)
        peer.send(b"+ idling\r\n")
        end(peer, command)
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        over = start(M, form)
        for _ in range(times):
            M.idle_done()
        go_on.set()
        assert over() == OVER
        assert M.noop() == ("OK", [b"done"])


@pytest.mark.parametrize("form", FORMS)
def test_before_it_is_its_turn(serve: Serve, form: str) -> None:
    go_on = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = peer.command("CREATE")
        peer.pause(go_on)
        peer.ok(command)
        end(peer, begin(peer))
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        M.create("x", callback=Calls())
        over = start(M, form)
        M.idle_done()
        go_on.set()
        assert over() == OVER
        assert M.noop() == ("OK", [b"done"])


def test_several_that_wait(serve: Serve) -> None:
    go_on = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = peer.command("CREATE")
        peer.pause(go_on)
        peer.ok(command)
        end(peer, begin(peer))
        end(peer, begin(peer))

    with connected(serve(script)) as M:
        M.create("x", callback=Calls())
        calls = Calls()
        M.idle(callback=calls)
        M.idle(callback=calls)
        M.idle_done()
        go_on.set()
        assert [calls.next()[0] for _ in range(2)] == [OVER] * 2


def test_where_nothing_idles(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        agree(peer, "NOOP")
        end(peer, begin(peer))

    with connected(serve(script)) as M:
        for _ in range(3):
            M.idle_done()
        assert M.noop() == ("OK", [b"done"])
        M.idle_done()
        # What is to come is not ended.
        over = start(M, "callback")
        until(lambda: M._core.idle.is_idling)
        assert not M._core.idle.has_done
        M.idle_done()
        assert over() == OVER
        M.idle_done()


def test_behind_the_end(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.wait_closed()

    with connected(serve(script)) as M:
        M.shutdown()
        M.idle_done()
        assert M.closed
        assert "shutdown()" in str(M.reason)


def test_from_a_callback(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        agree(peer, "NOOP")
        end(peer, begin(peer))

    with connected(serve(script)) as M:
        calls, idles = Calls(), Calls()
        idling = threading.Event()

        def called_back(outcome: Any) -> None:
            assert idling.wait(SECONDS)
            M.idle_done()
            calls(outcome)

        M.noop(callback=called_back)
        M.idle(callback=idles)
        until(lambda: M._core.idle is not None)
        idling.set()
        assert calls.next()[0] == ("OK", [b"done"])
        assert idles.next()[0] == OVER


def test_within_the_iteration(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = begin(peer)
        peer.untagged(b"4 EXISTS")
        end(peer, command)
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        news = []
        with M.idle(duration=None) as idler:
            for typ, data in idler:
                news.append((typ, data))
                M.idle_done()
        assert news == [("EXISTS", [b"4"])]
        assert M.noop() == ("OK", [b"done"])


def test_that_of_a_replaced_simple_command(serve: Serve) -> None:
    class Own(IMAP4):
        def _simple_command(self, name: str, *arguments: Any, **options: Any) -> Any:
            return super()._simple_command(name, *arguments, **options)

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        end(peer, begin(peer))

    with connected(serve(script), Own) as M:
        over = start(M, "blocking")
        M.idle_done()
        assert over() == OVER


def test_one_that_is_sent_by_hand(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        end(peer, begin(peer))
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        tag = M._command("IDLE")
        assert M._get_response() is None
        M.idle_done()
        M.send(b"DONE\r\n")  # is one too many, and goes nowhere
        assert M._command_complete("IDLE", tag) == OVER
        assert M.noop() == ("OK", [b"done"])


@pytest.mark.parametrize("while_at_work", [False, True])
def test_from_a_signal_handler(serve: Serve, while_at_work: bool) -> None:
    """Also where it interrupts the connection, and may touch nothing: the writer does it."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        end(peer, begin(peer))
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        handled = []

        def handler(number: int, frame: Any) -> None:
            handled.append(mutex(M).is_owned())
            M.idle_done()

        before = signal.signal(signal.SIGUSR1, handler)
        try:
            over = start(M, "callback")

            def interrupted(core: Any = None) -> None:
                os.kill(os.getpid(), signal.SIGUSR1)
                until(lambda: handled)

            if while_at_work:
                engine_of(M).locked(interrupted)
            else:
                interrupted()
            assert over() == OVER
            assert handled == [while_at_work]
            assert not M._core.idle_unwanted
            assert M.noop() == ("OK", [b"done"])
        finally:
            signal.signal(signal.SIGUSR1, before)


def test_in_a_forked_child_nothing_happens(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        end(peer, begin(peer))

    with connected(serve(script)) as M:
        over = start(M, "callback")
        until(lambda: M._core.idle.is_idling)
        child = os.fork()
        if not child:
            M.idle_done()
            os._exit(5 if M._core.idle.is_idling else 6)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
        M.idle_done()
        assert over() == OVER


def test_many_at_once(serve: Serve) -> None:
    rounds = 30

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        for _ in range(rounds):
            end(peer, begin(peer))
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        stop = threading.Event()

        def nag() -> None:
            while not stop.is_set():
                M.idle_done()

        threads = [Thread(nag) for _ in range(3)]
        for _ in range(rounds):
            assert M.idle() == OVER
        stop.set()
        for thread in threads:
            thread.result()
        assert M.noop() == ("OK", [b"done"])


def test_a_dead_link_is_noticed(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        begin(peer)
        peer.expect(b"DONE")
        peer.hold()

    with connected(serve(script)) as M:
        M._core.done_timeout = 0.1
        thread = Thread(M.idle)
        until(lambda: M._core.idle is not None and M._core.idle.is_idling)
        M.idle_done()
        with pytest.raises(TimeoutError):
            thread.result()
        assert M.closed
        assert isinstance(M.reason, TimeoutError)
