"""Every way in which a connection ends, at every point: everybody is told why, and nobody waits."""

from __future__ import annotations

import errno
import ssl
import threading
from collections.abc import Callable
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from ..server import inside
from ..server.contexts import Contexts
from ..server.helpers import (
    SECONDS,
    Calls,
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
from ..server.scripted import Peer

pytestmark = pytest.mark.timeout(20)


def end_with_bye(peer: Peer) -> None:
    peer.untagged(b"BYE going down")
    peer.close()


def end_with_garbage(peer: Peer) -> None:
    peer.line(b"\x00\xffgarbage")


def end_with_unknown_tag(peer: Peer) -> None:
    peer.line(b"ZZZ99 OK done")


ENDINGS: dict[str, Callable[[Peer], None]] = {
    "EOF": Peer.close,
    "RST": Peer.reset,
    "BYE": end_with_bye,
    "garbage": end_with_garbage,
    "unknown tag": end_with_unknown_tag,
}
CUTS = {name: ENDINGS[name] for name in ("EOF", "RST")}
TEXTS = {
    "EOF": "socket error: EOF",
    "RST": "socket error: ",
    "BYE": "going down",
    "garbage": "garbage",
    "unknown tag": "ZZZ99",
}

endings = pytest.mark.parametrize("ending", ENDINGS)
cuts = pytest.mark.parametrize("ending", CUTS)


def check_text(ending: str, text: str) -> None:
    assert TEXTS[ending] in text
    assert "127.0.0.1" in text
    if ending in CUTS:
        assert text.startswith(TEXTS[ending])


def check_reason(ending: str, problem: BaseException) -> None:
    assert isinstance(problem, abort)
    check_text(ending, str(problem))
    if ending == "RST":
        assert isinstance(problem, OSError)
        assert problem.errno == errno.ECONNRESET


def check_call(ending: str, outcome: Any) -> None:
    result, _, (kind, text) = outcome
    assert (result, kind) == (None, abort)
    check_text(ending, text)


def check_over(M: Any, ending: str) -> None:
    """What holds of every lost connection."""
    wait_over(M)
    assert M.state == "LOGOUT"
    calls = Calls()
    with duration(0, 1):
        check_reason(ending, failure(M.noop))
        check_reason(ending, failure(M.append, "INBOX", None, None, b"x"))
        check_reason(ending, failure(M.noop, callback=calls))
        goodbye = M.logout()
        assert goodbye[0] == "BYE"
        assert M.logout() == goodbye
    if ending == "BYE":
        assert goodbye == ("BYE", [b"going down"])
    assert calls.count == 0


def ending_after(
    ending: str, *names: str, capabilities: bytes = b"IDLE", then: bytes | None = None
) -> Callable[[Peer], None]:
    """A script that reads some commands, sends a line perhaps, and ends it all."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer, capabilities)
        for name in names:
            peer.command(name, continuation=None)
        if then is not None:
            peer.send(then)
        ENDINGS[ending](peer)
        if ending != "RST":
            peer.relax()
            peer.wait_closed()

    return script


@endings
def test_while_nothing_happens(serve: Serve, ending: str) -> None:
    go = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.pause(go)  # RST would take the greeting with it
        ENDINGS[ending](peer)
        peer.relax()
        if ending != "RST":
            peer.wait_closed()

    with connected(serve(script)) as M:
        go.set()
        check_over(M, ending)


@endings
def test_while_replies_are_awaited(serve: Serve, ending: str) -> None:
    calls = Calls()
    with connected(serve(ending_after(ending, "NOOP", "NOOP", "NOOP"))) as M:
        threads = [Thread(failure, M.noop) for _ in range(2)]
        M.noop(callback=calls)
        for thread in threads:
            check_reason(ending, thread.result())
        check_call(ending, calls.next())
        check_over(M, ending)
    assert calls.count == 0


@endings
def test_while_commands_are_held_back(serve: Serve, ending: str) -> None:
    calls = Calls()
    with connected(serve(ending_after(ending, "SELECT"))) as M:
        M.select(callback=calls)
        # Either held back and then told, or too late already.
        problem = failure(M.search, None, "ALL")
        check_call(ending, calls.next())
        if "illegal in state LOGOUT" not in str(problem):
            check_reason(ending, problem)
        check_over(M, ending)


@cuts
def test_in_the_middle_of_a_literal(serve: Serve, ending: str) -> None:
    script = ending_after(ending, "NOOP", then=b"* 1 FETCH (BODY[] {1000}\r\n" + bytes(500))
    with connected(serve(script)) as M:
        check_reason(ending, failure(M.noop))
        check_over(M, ending)


@cuts
def test_in_the_middle_of_a_line(serve: Serve, ending: str) -> None:
    with connected(serve(ending_after(ending, "NOOP", then=b"* 1 FETCH (FL"))) as M:
        check_reason(ending, failure(M.noop))
        check_over(M, ending)


@endings
@pytest.mark.parametrize("asynchronous", [False, True])
def test_while_a_plus_is_awaited(serve: Serve, ending: str, asynchronous: bool) -> None:
    calls = Calls()
    with connected(serve(ending_after(ending, "APPEND"))) as M:
        if asynchronous:
            M.append("INBOX", None, None, b"abc", callback=calls)
            check_call(ending, calls.next())
        else:
            check_reason(ending, failure(M.append, "INBOX", None, None, b"abc"))
        check_over(M, ending)
    assert calls.count == 0


@cuts
def test_while_much_is_sent(serve: Serve, ending: str) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.command("APPEND", continuation=None)
        peer.line(b"+ go on")
        peer.read(100_000)
        ENDINGS[ending](peer)
        peer.relax()

    with connected(serve(script)) as M:
        problem = failure(M.append, "INBOX", None, None, bytes(16_000_000))
        assert isinstance(problem, abort)
        assert str(problem).startswith("socket error: ")
        assert "127.0.0.1" in str(problem)
        wait_over(M)
        assert M.logout()[0] == "BYE"


def serve_idle(ending: str) -> Callable[[Peer], None]:
    return ending_after(ending, "IDLE", then=b"+ idling\r\n")


@endings
def test_during_an_idle(serve: Serve, ending: str) -> None:
    with connected(serve(serve_idle(ending))) as M:
        check_reason(ending, failure(M.idle))
        check_over(M, ending)


@endings
def test_during_an_idle_with_a_callback(serve: Serve, ending: str) -> None:
    calls = Calls()
    with connected(serve(serve_idle(ending))) as M:
        M.idle(callback=calls)
        check_call(ending, calls.next())
        check_over(M, ending)
    assert calls.count == 0


@endings
def test_during_an_iteration_over_an_idle(serve: Serve, ending: str) -> None:
    def iterate() -> None:
        with M.idle(duration=None) as idler:
            for response in idler:
                assert response == ("BYE", [b"going down"])

    with connected(serve(serve_idle(ending))) as M:
        check_reason(ending, failure(iterate))
        check_over(M, ending)


@endings
def test_before_an_idle_has_begun(serve: Serve, ending: str) -> None:
    def enter() -> None:
        with M.idle(duration=None):
            pass

    with connected(serve(ending_after(ending, "IDLE"))) as M:
        check_reason(ending, failure(enter))
        check_over(M, ending)


@endings
def test_while_the_end_of_an_idle_is_awaited(serve: Serve, ending: str) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        peer.command("IDLE")
        peer.line(b"+ idling")
        peer.expect(b"DONE")
        ENDINGS[ending](peer)
        peer.relax()
        if ending != "RST":
            peer.wait_closed()

    with connected(serve(script)) as M:
        check_reason(ending, failure(M.idle, 0.01))
        check_over(M, ending)


@endings
@pytest.mark.parametrize("name", ["STARTTLS", "COMPRESS"])
def test_while_an_upgrade_is_asked_for(serve: Serve, ending: str, name: str) -> None:
    def script(peer: Peer) -> None:
        status = b"OK" if name == "STARTTLS" else b"PREAUTH"
        greet(peer, b"STARTTLS COMPRESS=DEFLATE", status)
        peer.command(name)
        ENDINGS[ending](peer)
        peer.relax()
        if ending != "RST":
            peer.wait_closed()

    with connected(serve(script)) as M:
        call = M.starttls if name == "STARTTLS" else M.enable_compression
        check_reason(ending, failure(call))
        check_over(M, ending)


@pytest.mark.parametrize("ending", ["EOF", "RST", "garbage"])
def test_during_a_handshake(serve: Serve, tls: Contexts, ending: str) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        peer.ok(peer.command("STARTTLS"))
        peer.read(5)  # so that the client can't take for an attack what comes
        ENDINGS[ending](peer)
        peer.relax()
        if ending != "RST":
            peer.wait_closed()

    with connected(serve(script)) as M:
        problem = failure(M.starttls, ssl_context=tls.client)
        assert isinstance(problem, OSError)
        if ending == "garbage":
            assert isinstance(problem, ssl.SSLError)
        wait_over(M)
        assert isinstance(failure(M.noop), abort)
        assert "127.0.0.1" in str(failure(M.noop))
        assert M.logout()[0] == "BYE"


@pytest.mark.parametrize("asynchronous", [False, True])
def test_behind_compression(serve: Serve, asynchronous: bool) -> None:
    """Bytes that can't be inflated."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"COMPRESS=DEFLATE")
        peer.ok(peer.command("COMPRESS"))
        peer.relax()
        peer.send(b"\xff\xff\xff garbage")
        peer.wait_closed()

    with connected(serve(script)) as M:
        M.enable_compression()
        wait_over(M)
        problem = failure(M.noop)
        assert isinstance(problem, abort)
        assert "127.0.0.1" in str(problem)
        assert M.logout()[0] == "BYE"


@cuts
def test_of_a_compressed_connection(serve: Serve, ending: str) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"COMPRESS=DEFLATE")
        peer.deflate()
        peer.command("NOOP")
        ENDINGS[ending](peer)
        peer.relax()

    with connected(serve(script)) as M:
        M.enable_compression()
        check_reason(ending, failure(M.noop))
        check_over(M, ending)


@pytest.mark.parametrize("end", [Peer.close, Peer.cut, Peer.reset])
def test_of_a_tls_connection(serve: Serve, tls: Contexts, end: Callable[[Peer], None]) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.command("NOOP")
        peer.relax()
        end(peer)

    server = serve(script, tls=tls.server)
    with connected(server, IMAP4_SSL, ssl_context=tls.client) as M:
        problem = failure(M.noop)
        assert isinstance(problem, abort)
        assert str(problem).startswith("socket error: ")
        assert "127.0.0.1" in str(problem)
        if end is not Peer.reset:  # which Python's SSLSocket.recv may call an end of file, too
            assert str(problem).startswith("socket error: EOF")
        wait_over(M)
        assert isinstance(failure(M.noop), abort)
        assert M.logout()[0] == "BYE"


@cuts
def test_while_logging_out(serve: Serve, ending: str) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.command("LOGOUT")
        ENDINGS[ending](peer)

    with connected(serve(script)) as M, duration(0, 1):
        assert M.logout()[0] == "BYE"
        assert M.logout()[0] == "BYE"
        assert M.Terminate


def test_bye_and_nothing_else_on_logout(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.command("LOGOUT")
        peer.untagged(b"BYE so long")

    with connected(serve(script)) as M, duration(0, 1):
        assert M.logout() == ("BYE", [b"so long"])


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt, abort])
def test_an_exception_while_a_command_is_sent(serve: Serve, kind: type[BaseException]) -> None:
    """From a signal handler, or a socket-like object: nobody knows what was sent."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.wait_closed()

    def try_send(data: bytes) -> int:
        raise kind("by the way")

    with connected(serve(script)) as M:
        inside.transport(M).try_send = try_send
        with pytest.raises(kind):
            M.noop()
        wait_over(M)
        with pytest.raises(abort, match="while a command was sent"):
            M.noop()
        with duration(0, 2):
            M.logout()


def test_what_a_sender_is_told_says_more_than_an_end_of_file(serve: Serve) -> None:
    """Of a reset, the system tells whoever asks first, and all others of an end of file."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        agree(peer, "NOOP")
        assert sending.wait(SECONDS)
        peer.close()

    sending, ended = threading.Event(), threading.Event()
    with connected(serve(script)) as M:
        transport = inside.transport(M)
        receive = transport.recv_into

        def recv_into(buffer: memoryview) -> int | None:
            size: int | None = receive(buffer)
            if size == 0:
                ended.set()
            return size

        def try_send(data: bytes) -> int:
            sending.set()
            assert ended.wait(SECONDS)
            raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")

        transport.recv_into = recv_into
        M.noop()
        transport.try_send = try_send
        assert "reset by peer" in str(failure(M.noop))


@pytest.mark.parametrize("sender", ["user", "reader", "writer"])
@pytest.mark.parametrize("said", [b"* BYE overloaded\r\n", b""])
def test_what_the_server_had_said_when_a_sender_fails_is_the_reason(
    serve: Serve, sender: str, said: bytes
) -> None:
    """Whichever thread that is; and without a word, it is what the sender was told."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        if sender != "user":
            peer.command("APPEND", continuation=None)
            peer.line(b"+ go on")
        peer.relax()
        assert failed.wait(SECONDS)
        peer.send(said)
        peer.wait_closed()

    failed, names = threading.Event(), list[str]()
    with connected(serve(script)) as M:
        transport = inside.transport(M)
        send = transport.try_send

        def try_send(data: bytes) -> int:
            if sender != "user" and b" APPEND " in bytes(data[:20]):
                return int(send(data))
            names.append(threading.current_thread().name)
            failed.set()
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

        transport.try_send = try_send
        size = 10_000_000 if sender == "writer" else 10
        with duration(0, 3):
            problem = failure(M.append, "INBOX", None, None, bytes(size))
        assert isinstance(problem, abort)
        assert isinstance(problem, BrokenPipeError) is (said == b"")
        expected = "server said BYE: overloaded" if said else "socket error: [Errno 32] Broken pipe"
        assert str(problem).startswith(f"{expected} (127.0.0.1")
        assert len(names) == 1
        # The writer takes over where the user has not quite done with the first part.
        assert sender == "user" or names[0].endswith((sender, "writer"))
        wait_over(M)


@pytest.mark.parametrize("cls", [IMAP4, IMAP4_SSL])
def test_a_bye_is_not_lost_in_a_reset(serve: Serve, tls: Contexts, cls: type[IMAP4]) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.command("APPEND", continuation=None)
        peer.line(b"+ go on")
        peer.read(100_000)
        peer.untagged(b"BYE overloaded")
        peer.reset()

    is_tls = cls is IMAP4_SSL
    options = {"ssl_context": tls.client} if is_tls else {}
    for _ in range(10):
        server = serve(script, tls=tls.server if is_tls else None)
        with connected(server, cls, **options) as M:
            problem = failure(M.append, "INBOX", None, None, bytes(5_000_000))
            assert "server said BYE: overloaded" in str(problem)


def test_data_before_the_end_is_not_lost(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        command = peer.command("NOOP")
        peer.send(b"* 4 EXISTS\r\n" + command.tag + b" OK done\r\n* BYE tired\r\n")

    with connected(serve(script)) as M:
        assert M.noop() == ("OK", [b"done"])
        wait_over(M)
        assert M.response("EXISTS") == ("EXISTS", [b"4"])
        assert M.response("BYE") == ("BYE", [b"tired"])


def test_a_tagged_reply_to_a_command_not_sent_completely(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.ok(peer.command("APPEND", continuation=None))
        peer.relax()
        peer.wait_closed()

    with connected(serve(script)) as M:
        problem = failure(M.append, "INBOX", None, None, b"abc")
        assert isinstance(problem, abort)
        assert "APPEND" in str(problem)
        wait_over(M)


def test_a_reply_to_a_command_not_sent_yet(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        first = peer.command("NOOP")
        number = int(first.tag.lstrip(b"ABCDEFGHIJKLMNOP"))
        peer.ok(first)
        prefix = first.tag[: -len(b"%d" % number)]
        peer.line(prefix + b"%d OK too early" % (number + 1))
        peer.relax()
        peer.wait_closed()

    with connected(serve(script)) as M:
        M.noop()
        wait_over(M)
        assert "too early" in str(failure(M.noop))


def test_a_bug_in_a_subclass_ends_the_connection_for_all(serve: Serve) -> None:
    class Broken(IMAP4):
        def read(self, size: int) -> bytes:
            data = super().read(size)
            if b"poison" in data:
                raise KeyError("poison")
            return data

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.command("NOOP")
        peer.line(b"* poison")
        peer.relax()
        peer.wait_closed()

    with connected(serve(script), Broken) as M:
        problem = failure(M.noop)
        assert isinstance(problem, abort)
        assert "KeyError" in str(problem)
        assert isinstance(problem.__cause__, KeyError)
        wait_over(M)
