"""Silence of the server: when it ends a connection, and when it must not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from ..server.contexts import Contexts
from ..server.helpers import (
    Calls,
    MakeProxy,
    Serve,
    Thread,
    abort,
    agree,
    connected,
    duration,
    failure,
    greet,
    greet_authenticated,
    wait_over,
)
from ..server.inside import constant, set_constant
from ..server.scripted import Peer

pytestmark = pytest.mark.timeout(20)

SILENCE = 0.1
LATE = 0.4
"""What takes SILENCE seconds must not take this long, on a busy machine either."""


def silent(*names: str, capabilities: bytes = b"") -> Callable[[Peer], None]:
    """A script that lets commands come and answers none."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer, capabilities)
        for name in names:
            peer.command(name, continuation=None)
        peer.hold()

    return script


def check_timed_out(problem: BaseException, name: str) -> None:
    assert isinstance(problem, abort)
    assert isinstance(problem, TimeoutError)
    assert name in str(problem)
    assert "127.0.0.1" in str(problem)


def test_silence_ends_a_command(serve: Serve) -> None:
    with connected(serve(silent("NOOP")), timeout=SILENCE) as M:
        with duration(SILENCE, LATE):
            check_timed_out(failure(M.noop), "NOOP")
        wait_over(M)
        assert M.state == "LOGOUT"
        with duration(0, SILENCE):
            check_timed_out(failure(M.noop), "NOOP")
            assert M.logout()[0] == "BYE"


def test_silence_ends_all_commands(serve: Serve) -> None:
    calls = Calls()
    with connected(serve(silent("NOOP", "CREATE")), timeout=SILENCE) as M, duration(SILENCE, LATE):
        M.noop(callback=calls)
        M.create("x", callback=calls)
        thread = Thread(failure, M.noop)
        for _ in range(2):
            result, _, (kind, text) = calls.next()
            assert (result, kind) == (None, abort)
            assert text.startswith("timed out")
        check_timed_out(thread.result(), "NOOP")


@pytest.mark.parametrize("capabilities", [b"", b"LITERAL+"])
def test_silence_of_a_server_that_does_not_read(serve: Serve, capabilities: bytes) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, capabilities)
        if not capabilities:
            peer.command("APPEND", continuation=None)
            peer.line(b"+ go on")
        peer.hold()

    with connected(serve(script), timeout=SILENCE) as M, duration(SILENCE, 2):
        check_timed_out(failure(M.append, "INBOX", None, None, bytes(16_000_000)), "APPEND")


def test_silence_instead_of_a_plus(serve: Serve) -> None:
    with connected(serve(silent("APPEND")), timeout=SILENCE) as M, duration(SILENCE, LATE):
        check_timed_out(failure(M.append, "INBOX", None, None, b"abc"), "APPEND")


def test_data_that_trickles_in_is_no_silence(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        command = peer.command("NOOP")
        reply = b"* 1 FETCH (BODY[] {6}\r\nabcdef)\r\n" + command.tag + b" OK done\r\n"
        peer.trickle(reply, size=len(reply) // 5, interval=0.1)
        agree(peer, "NOOP")

    with connected(serve(script), timeout=0.3) as M, duration(0.5, 5):
        M.noop()
        M.noop()


def test_a_literal_that_is_taken_slowly_is_no_silence(serve: Serve) -> None:
    size = 16 * 1024 * 1024

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        command = peer.command("APPEND", continuation=None)
        peer.line(b"+ go on")
        for _ in range(5):
            peer.read(size // 8)
            time.sleep(0.1)
        peer.read(size - size // 8 * 5)
        peer.expect(b"")
        peer.ok(command)

    with connected(serve(script), timeout=0.35) as M, duration(0.5, 5):
        assert M.append("INBOX", None, None, bytes(size))[0] == "OK"


def test_old_traffic_does_not_count(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        agree(peer, "NOOP")
        peer.command("NOOP")
        peer.hold()

    with connected(serve(script), timeout=SILENCE) as M:
        time.sleep(1.5 * SILENCE)
        assert M.noop()[0] == "OK"
        time.sleep(1.5 * SILENCE)
        with duration(SILENCE, LATE):
            check_timed_out(failure(M.noop), "NOOP")


def test_a_quiet_connection_is_left_alone(serve: Serve) -> None:
    go = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.pause(go)
        agree(peer, "NOOP")

    with connected(serve(script), timeout=0.25) as M:
        time.sleep(0.5)
        go.set()
        assert M.noop()[0] == "OK"


def test_an_idle_may_be_silent(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = peer.command("IDLE")
        peer.line(b"+ idling")
        peer.expect(b"DONE")
        peer.ok(command)

    with connected(serve(script), timeout=0.25) as M, duration(0.5, 1.0):
        assert M.idle(0.5) == ("OK", [b"done"])


def test_the_reply_to_done_has_a_deadline(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        peer.command("IDLE")
        peer.line(b"+ idling")
        peer.expect(b"DONE")
        peer.hold()

    with connected(serve(script)) as M:
        assert M.timeout is None
        M._core.done_timeout = SILENCE
        with duration(SILENCE, LATE):
            check_timed_out(failure(M.idle, 0.01), "IDLE")


def test_an_idle_that_never_begins_ends(serve: Serve) -> None:
    with connected(serve(silent("IDLE", capabilities=b"IDLE"))) as M:
        M._core.done_timeout = SILENCE
        with duration(SILENCE, LATE):
            check_timed_out(give_up_after(M, failure, M.idle, 0.01), "IDLE")


def give_up_after(M: Any, function: Callable[..., Any], *args: Any) -> Any:
    """The result of a function that should not take long; the connection is cut if it does."""
    thread = Thread(function, *args)
    try:
        return thread.result(2)
    finally:
        M.shutdown()


@pytest.mark.parametrize("timeout", [None, 60])
def test_logout_on_a_silent_server(serve: Serve, timeout: float | None) -> None:
    with connected(serve(silent("LOGOUT")), timeout=timeout) as M:
        M._core.logout_timeout = SILENCE
        with duration(SILENCE, LATE):
            assert M.logout()[0] == "BYE"
        assert M.Terminate


def test_logout_behind_a_command_without_an_answer(serve: Serve) -> None:
    calls = Calls()
    with connected(serve(silent("NOOP"))) as M:
        M._core.logout_timeout = SILENCE
        M.noop(callback=calls)
        with duration(SILENCE, LATE):
            assert M.logout()[0] == "BYE"
        assert calls.next()[2][0] is abort


def test_logout_behind_a_literal_that_nobody_takes(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"LITERAL+")
        peer.hold()

    calls = Calls()
    with connected(serve(script)) as M:
        M._core.logout_timeout = SILENCE
        M.append("INBOX", None, None, bytes(16_000_000), callback=calls)
        with duration(0, 2.5):
            assert M.logout()[0] == "BYE"
        assert calls.next()[2][0] is abort


def dripping(drip: bytes, over: threading.Event) -> Callable[[Peer], None]:
    """A script that answers a NOOP with a *drip* now and then, until it is *over*."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.command("NOOP")
        peer.relax()
        while not over.wait(SILENCE / 2):
            peer.sock.send(drip)

    return script


@pytest.mark.parametrize("drip", [b"* OK still here\r\n", b"x"])
@pytest.mark.parametrize("secure", [False, True])
def test_logout_behind_a_command_of_a_server_that_drips(
    serve: Serve, tls: Contexts, secure: bool, drip: bytes
) -> None:
    calls, over = Calls(), threading.Event()
    server = serve(dripping(drip, over), tls=tls.server if secure else None)
    options: dict[str, Any] = {"cls": IMAP4_SSL, "ssl_context": tls.client} if secure else {}
    with connected(server, timeout=5, **options) as M:
        M._core.logout_timeout = 2 * SILENCE
        M.noop(callback=calls)
        try:
            with duration(2 * SILENCE, 1):
                assert give_up_after(M, M.logout)[0] == "BYE"
        finally:
            over.set()
        assert calls.next()[2][0] is abort


def test_logout_behind_a_tls_record_that_never_ends(
    serve: Serve, tls: Contexts, proxy: MakeProxy
) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        agree(peer, "NOOP")
        peer.command("CREATE")
        peer.send(b"* OK ", bytes(16_000))
        peer.hold()

    calls, between = Calls(), proxy(serve(script, tls=tls.server))
    with connected(between, IMAP4_SSL, ssl_context=tls.client) as M:
        M.noop()
        M._core.logout_timeout = 2 * SILENCE
        between.to_client.trickle(10, SILENCE / 2)
        M.create("x", callback=calls)
        with duration(2 * SILENCE, 1):
            assert give_up_after(M, M.logout)[0] == "BYE"
        assert calls.next()[2][0] is abort


@pytest.mark.parametrize("secure", [False, True])
def test_logout_behind_a_download_that_takes_longer(
    serve: Serve, tls: Contexts, proxy: MakeProxy, secure: bool
) -> None:
    text = b"x" * 10_000

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        agree(peer, "NOOP")
        command = peer.command("FETCH")
        peer.send(b"* 1 FETCH (BODY[] {%d}\r\n" % len(text))
        for start in range(0, len(text), 1000):
            peer.send(text[start : start + 1000])
        peer.send(b")\r\n")
        peer.ok(command)
        peer.serve_logout()

    calls, between = Calls(), proxy(serve(script, tls=tls.server if secure else None))
    options: dict[str, Any] = {"cls": IMAP4_SSL, "ssl_context": tls.client} if secure else {}
    with connected(between, **options) as M:
        M.noop()
        M.state = "SELECTED"
        M._core.logout_timeout = 3 * SILENCE
        between.to_client.trickle(500, SILENCE / 2)
        M.fetch("1", "(BODY[])", callback=calls)
        with duration(6 * SILENCE, 5):
            assert M.logout() == ("BYE", [b"logging out"])
        assert calls.next()[0][1][0][1] == text


def test_logout_gets_its_time_from_when_it_was_called(serve: Serve) -> None:
    waiting = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        command = peer.command("NOOP")
        peer.pause(waiting)
        peer.ok(command)
        peer.serve_logout()

    calls = Calls()
    server = serve(script)
    with connected(server) as M:
        M._core.logout_timeout = 2 * SILENCE
        M.noop(callback=calls)
        time.sleep(3 * SILENCE)
        thread = Thread(M.logout)
        time.sleep(SILENCE / 2)
        waiting.set()
        assert thread.result() == ("BYE", [b"logging out"])
        assert calls.next()[0] == ("OK", [b"done"])


def test_logout_during_an_idle_without_an_answer(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        peer.command("IDLE")
        peer.line(b"+ idling")
        peer.hold()

    calls = Calls()
    with connected(serve(script)) as M:
        M._core.logout_timeout = SILENCE
        M.idle(callback=calls)
        with duration(SILENCE, LATE):
            assert M.logout()[0] == "BYE"
        assert calls.next()[2][0] is abort


def test_a_slow_authenticator_is_not_timed_out(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        command = peer.command("AUTHENTICATE")
        peer.line(b"+ ")
        assert peer.readline() == b"eA=="
        peer.ok(command, b"[CAPABILITY IMAP4rev1] welcome")

    def authenticator(challenge: bytes) -> bytes:
        time.sleep(0.5)
        return b"x"

    with connected(serve(script), timeout=0.25) as M:
        assert M.authenticate("X", authenticator)[0] == "OK"


def test_silence_after_an_authenticator(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        peer.command("AUTHENTICATE")
        peer.line(b"+ ")
        peer.readline()
        peer.hold()

    with connected(serve(script), timeout=SILENCE) as M, duration(SILENCE, LATE):
        check_timed_out(failure(M.authenticate, "X", lambda challenge: b""), "AUTHENTICATE")


class Hooked(IMAP4):
    def read(self, size: int) -> bytes:
        return super().read(size)

    def send(self, data: Any) -> None:
        super().send(data)


def test_silence_ends_a_command_of_a_subclass(serve: Serve) -> None:
    with connected(serve(silent("NOOP")), Hooked, timeout=SILENCE) as M, duration(SILENCE, LATE):
        check_timed_out(failure(M.noop), "NOOP")


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_subclass_s_send_that_nobody_takes(serve: Serve, asynchronous: bool) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"LITERAL+")
        peer.hold()

    arguments, calls = ("INBOX", None, None, bytes(16_000_000)), Calls()
    with connected(serve(script), Hooked, timeout=SILENCE) as M, duration(SILENCE, 2):
        if asynchronous:
            M.append(*arguments, callback=calls)
            give_up_after(M, lambda: calls.next(1)[2][1].startswith("timed out"))
        else:
            check_timed_out(give_up_after(M, failure, M.append, *arguments), "APPEND")


def test_logout_behind_a_subclass_s_send_that_nobody_takes(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"LITERAL+")
        peer.hold()

    calls = Calls()
    with connected(serve(script), Hooked) as M:
        M._core.logout_timeout = SILENCE
        M.append("INBOX", None, None, bytes(16_000_000), callback=calls)
        with duration(0, 2.5):
            assert give_up_after(M, M.logout)[0] == "BYE"
        assert calls.next()[2][0] is abort


@pytest.mark.parametrize("end", [IMAP4.logout, IMAP4.shutdown])
def test_what_waits_for_a_busy_callback_does_so_once(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, end: Callable[[Any], Any]
) -> None:
    """However often the end of its thread is waited for."""
    busy, over, patience = threading.Event(), threading.Event(), 0.3

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        agree(peer, "NOOP")
        peer.hold()

    set_constant(monkeypatch, "JOIN_TIMEOUT", patience)
    with connected(serve(script)) as M:
        M._core.logout_timeout = SILENCE
        M.noop(callback=lambda outcome: (busy.set(), over.wait(10)))
        assert busy.wait(5)
        with duration(patience, SILENCE + 2 * patience):
            end(M)
        with duration(0, patience):
            assert M.logout()[0] == "BYE"
            M.shutdown()
        over.set()


def test_all_waits_of_a_logout_take_less_than_5_seconds(serve: Serve) -> None:
    """For the reply, and for the end of threads; the mutex is waited for instead of both."""
    with connected(serve(greet_authenticated)) as M:
        assert M._core.logout_timeout + constant("JOIN_TIMEOUT") < 4.9
        assert constant("MUTEX_TIMEOUT") < 4
