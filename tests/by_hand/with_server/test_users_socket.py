"""Commands that a user writes to ``M.socket()``, and answers that he reads there."""

from __future__ import annotations

import io
import select
import signal
import socket
import ssl
import sys
import threading
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from imaplib2 import IMAP4, IMAP4_SSL
from imaplib2._by_hand.readable_socket import ReadableSocket
from imaplib2._protocol.written import Written

from ...live.helpers import wait_until
from ...server.contexts import Contexts
from ...server.helpers import (
    SECONDS,
    Serve,
    Thread,
    abort,
    agree,
    connected,
    duration,
    error,
    failure,
    greet,
    greet_authenticated,
)
from ...server.scripted import MESSAGE, Peer, ScriptedServer
from .test_by_hand import idle, kinds, plain, script_of, serve_to

pytestmark = pytest.mark.timeout(20)


def ways_to_write(sock: Any) -> list[Any]:
    return [sock.sendall, sock.send, *([sock.write] if hasattr(sock, "write") else [])]


def ways_to_read(sock: Any) -> list[Any]:
    def received_into(size: int) -> bytes:
        buffer = bytearray(size)
        return bytes(buffer[: sock.recv_into(buffer)])

    ways = [sock.recv, received_into]
    return [*ways, sock.read] if hasattr(sock, "read") else ways


def read_until(read: Any, end: bytes, size: int = 4096) -> bytes:
    """All that comes up to the line that begins with *end*."""
    data = b""
    while not (b"\r\n" + data).rpartition(b"\r\n" + end)[1] or not data.endswith(b"\r\n"):
        piece = read(size)
        assert piece, data
        data += piece
    return data


@kinds
@pytest.mark.parametrize("way", [0, 1, 2])
def test_idle_as_a_status_bar_does_it(serve: Serve, tls: Contexts, kind: Any, way: int) -> None:
    """Eight times, with other commands in between; each read gives what it is to give."""
    times, go = 8, threading.Event()

    def script(peer: Peer) -> None:
        for _ in range(times):
            agree(peer, "NOOP")
            idle(peer, b"", b"* 4 EXISTS\r\n", wait=go)
            go.clear()
            agree(peer, "CHECK")

    with serve_to(kind, serve, tls, script_of(script)) as M:
        sock = M.socket()
        write = ways_to_write(sock)[way % len(ways_to_write(sock))]
        read = ways_to_read(sock)[way % len(ways_to_read(sock))]
        for number in range(times):
            M.noop()
            tag = b"X%03d" % number
            sock.settimeout(SECONDS)
            write(tag + b" IDLE\r\n")
            assert read(4096).startswith(b"+")
            go.set()
            assert read(4096) == b"* 4 EXISTS\r\n"
            write(b"DONE\r\n")
            assert read_until(read, tag) == b"* 9 EXISTS\r\n" + tag + b" OK done\r\n"
            M.state = "SELECTED"
            assert M.check() == ("OK", [b"done"])
            assert M.tagged_commands == {}
            assert M._by_hand.parts.tags.on_socket == set()


@kinds
def test_what_has_come_later_is_given_later(serve: Serve, tls: Contexts, kind: Any) -> None:
    """A read gives what came together, as that of an encrypted socket does.

    Programs tell the news of an IDLE from its end by that.
    """
    ends = threading.Event()

    def script(peer: Peer) -> None:
        command = peer.command("IDLE")
        peer.line(b"+ idling")
        assert peer.readline() == b"DONE"
        peer.send(b"* 4 EXISTS\r\n* 1 RECENT\r\n")
        peer.pause(ends)
        peer.ok(command)

    with serve_to(kind, serve, tls, script_of(script)) as M:
        sock, waiting = M.socket(), M._by_hand.parts.inbox.responses.qsize
        sock.settimeout(SECONDS)
        sock.sendall(b"X1 IDLE\r\n")
        assert sock.recv(4096) == b"+ idling\r\n"
        sock.sendall(b"DONE\r\n")
        wait_until(lambda: waiting() == 2)
        ends.set()
        wait_until(lambda: waiting() == 3)
        assert sock.recv(4096) == b"* 4 EXISTS\r\n* 1 RECENT\r\n"
        assert sock.recv(4096) == b"X1 OK done\r\n"


@kinds
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_literals_both_ways(serve: Serve, tls: Contexts, kind: Any, size: int) -> None:
    text = b"X2 NOOP\r\n" * 3 + b"X3 SEARCH ALL {5}\r\n" + MESSAGE

    def script(peer: Peer) -> None:
        command = peer.command("SEARCH")
        assert command.literals == (text,)
        peer.send(b"* 1 FETCH (BODY[] {%d}\r\n%s UID 7)\r\n" % (len(MESSAGE), MESSAGE))
        peer.ok(command)
        agree(peer, "NOOP")

    with serve_to(kind, serve, tls, script_of(script)) as M:
        sock = M.socket()
        sock.sendall(b"X1 SEARCH TEXT {%d}\r\n" % len(text))
        assert sock.recv(4096).startswith(b"+")
        for start in range(0, len(text), 9):
            sock.sendall(text[start : start + 9])
        sock.sendall(b"\r\n")
        answer = read_until(sock.recv, b"X1", size)
        assert answer == (
            b"* 1 FETCH (BODY[] {%d}\r\n%s UID 7)\r\nX1 OK done\r\n" % (len(MESSAGE), MESSAGE)
        )
        assert M.noop() == ("OK", [b"done"])


@kinds
def test_several_commands_at_once(serve: Serve, tls: Contexts, kind: Any) -> None:
    def script(peer: Peer) -> None:
        for name in ("NOOP", "CHECK", "XONE"):
            agree(peer, name)
        agree(peer, "NOOP")

    with serve_to(kind, serve, tls, script_of(script)) as M:
        M.socket().sendall(b"a1 NOOP\r\na2 CHECK\r\na3 XONE\r\n")
        answer = read_until(M.socket().recv, b"a3")
        assert answer == b"a1 OK done\r\na2 OK done\r\na3 OK done\r\n"
        assert M.noop() == ("OK", [b"done"])
        assert M.tagged_commands == {}


@kinds
def test_a_command_in_pieces(serve: Serve, tls: Contexts, kind: Any) -> None:
    def script(peer: Peer) -> None:
        peer.no(peer.command("XONE"))
        agree(peer, "NOOP")

    with serve_to(kind, serve, tls, script_of(script)) as M:
        other = threading.Event()
        for piece in (b"a1 ", b"XO", b"NE a b", b"\r\n"):
            M.socket().sendall(piece)
        thread = Thread(lambda: (other.set(), M.noop())[1])
        assert M.socket().recv(4096) == b"a1 NO refused\r\n"
        assert thread.result() == ("OK", [b"done"])


@kinds
def test_what_is_read_as_a_file(serve: Serve, tls: Contexts, kind: Any) -> None:
    def script(peer: Peer) -> None:
        command = peer.command("NOOP")
        peer.untagged(b"5 EXISTS")
        peer.ok(command)

    with serve_to(kind, serve, tls, script_of(script)) as M:
        with M.socket().makefile("rwb") as file:
            file.write(b"a1 NOOP\r\n")
            file.flush()
            assert file.readline() == b"* 5 EXISTS\r\n"
            assert file.readline() == b"a1 OK done\r\n"
        assert M.response("EXISTS") == ("EXISTS", [b"5"])


# Time-outs, and the end


@kinds
def test_a_time_out_holds(serve: Serve, tls: Contexts, kind: Any) -> None:
    def script(peer: Peer) -> None:
        peer.command("IDLE")
        peer.send(b"+ idling\r\n")
        peer.wait_closed()

    with serve_to(kind, serve, tls, script_of(script)) as M:
        sock = M.socket()
        sock.settimeout(0.1)
        for read in ways_to_read(sock):
            with duration(0.1, 2), pytest.raises(TimeoutError):
                read(10)
        sock.sendall(b"X1 IDLE\r\n")
        assert sock.recv(10) == b"+ idling\r\n"
        with duration(0.1, 2), pytest.raises(TimeoutError):
            sock.recv(10)
        sock.settimeout(0)
        for read in ways_to_read(sock):
            problem = failure(read, 10)
            assert isinstance(
                problem, ssl.SSLWantReadError if kind is not plain else BlockingIOError
            )


@kinds
def test_who_has_sent_nothing_does_not_wait_for_ever(
    serve: Serve, tls: Contexts, kind: Any
) -> None:
    with serve_to(kind, serve, tls, script_of(lambda peer: agree(peer, "NOOP"))) as M:
        for read in ways_to_read(M.socket()):
            with pytest.raises(error, match=r"before recv\(\), send a command by this socket"):
                read(10)
        assert M.noop() == ("OK", [b"done"])


@kinds
def test_the_end_is_read(serve: Serve, tls: Contexts, kind: Any) -> None:
    def script(peer: Peer) -> None:
        peer.command("NOOP")
        peer.untagged(b"BYE tired")
        peer.close()

    with serve_to(kind, serve, tls, script_of(script)) as M:
        sock = M.socket()
        sock.sendall(b"X1 NOOP\r\n")
        assert sock.recv(4096) == b"* BYE tired\r\n"
        assert sock.recv(4096) == b""


@kinds
def test_a_tag_in_use_is_refused(serve: Serve, tls: Contexts, kind: Any) -> None:
    def script(peer: Peer) -> None:
        command = peer.command("NOOP")
        agreed.wait(SECONDS)
        peer.ok(command)

    agreed = threading.Event()
    with serve_to(kind, serve, tls, script_of(script)) as M:
        thread = Thread(M.noop)
        while not (tags := [*M._core.in_progress]):
            pass
        with pytest.raises(error, match="a command in progress"):
            M.socket().sendall(tags[0] + b" NOOP\r\n")
        agreed.set()
        assert thread.result() == ("OK", [b"done"])


@kinds
def test_another_command_ends_the_idle_and_files_what_nobody_has_read(
    serve: Serve, tls: Contexts, kind: Any
) -> None:
    def script(peer: Peer) -> None:
        idle(peer, b"* 4 EXISTS\r\n")
        agree(peer, "NOOP")

    with serve_to(kind, serve, tls, script_of(script)) as M:
        M.socket().sendall(b"X1 IDLE\r\n")
        assert M.socket().recv(4096).startswith(b"+")
        assert M.noop() == ("OK", [b"done"])
        rest = M.response("EXISTS")[1]
        assert rest in ([b"4", b"9"], [b"9"])


@kinds
def test_it_is_a_socket_as_before(serve: Serve, tls: Contexts, kind: Any) -> None:
    with serve_to(kind, serve, tls, script_of(lambda peer: agree(peer, "NOOP"))) as M:
        sock = M.socket()
        assert isinstance(sock, socket.socket)
        assert isinstance(sock, ssl.SSLSocket) == (kind is not plain)
        assert sock.getpeername()[0] == "127.0.0.1"
        assert sock.fileno() >= 0
        assert sock.gettimeout() is None
        assert select.select([], [sock], [], SECONDS)[1] == [sock]
        assert "fd=" in repr(sock)
        if kind is plain:
            sock.settimeout(0)
            with pytest.raises(BlockingIOError):
                sock.recv(1, socket.MSG_PEEK)
            sock.settimeout(None)
        M.noop()


def test_a_file_that_has_read_ahead_keeps_no_news(serve: Serve) -> None:
    """What stands in a subclass's file is no reason to wait for more."""

    class Own(IMAP4):
        def open(self, host: Any = "", port: Any = None, timeout: Any = None) -> None:
            self.host, self.port = host, port
            self.sock = socket.create_connection((host, port))
            self.file = self.sock.makefile("rb")

        def read(self, size: int) -> bytes:
            return self.file.read(size)

        def readline(self) -> bytes:
            return self.file.readline()

    def script(peer: Peer) -> None:
        idle(peer, b"* 4 EXISTS\r\n* 1 RECENT\r\n* 5 EXISTS\r\n")

    with connected(serve(script_of(script)), Own) as M:
        tag = M._command("IDLE")
        assert M._get_response() is None
        for line in (b"* 4 EXISTS", b"* 1 RECENT", b"* 5 EXISTS"):
            assert M._get_line() == line
        M.send(b"DONE\r\n")
        assert M._command_complete("IDLE", tag) == ("OK", [b"done"])


# Who reads, while other things happen


@kinds
@pytest.mark.parametrize("size", [1, 10, 100])
def test_a_command_of_another_thread_takes_nothing_away(
    serve: Serve, tls: Contexts, kind: Any, size: int
) -> None:
    answer = (
        b"* 1 FETCH (BODY[] {%d}\r\n%s UID 7)\r\n" % (len(MESSAGE), MESSAGE)
        + b"* 2 FETCH (UID 8)\r\n" * 20
    )

    def script(peer: Peer) -> None:
        command = peer.command("FETCH")
        peer.send(answer)
        peer.ok(command)
        agree(peer, "NOOP")
        agree(peer, "NOOP")

    with serve_to(kind, serve, tls, script_of(script)) as M:
        sock = M.socket()
        sock.sendall(b"X1 FETCH 1:2 BODY[]\r\n")
        Thread(M.noop).result()
        begun = sock.recv(size)
        Thread(M.noop).result()
        data = begun + read_until(sock.recv, b"X1", size)
        assert data == answer + b"X1 OK done\r\n"
        assert not M._by_hand.parts.tags.on_socket


def test_a_command_of_another_thread_leaves_the_rest_of_a_response(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        command = peer.command("FETCH")
        peer.send(b"* 1 FETCH (BODY[] {%d}\r\n%s UID 7)\r\n" % (len(MESSAGE), MESSAGE))
        peer.ok(command)
        agree(peer, "NOOP")

    with connected(serve(script_of(script))) as M:
        tag = M._new_tag()
        M.send(tag + b" FETCH 1 BODY[]\r\n")
        assert M.readline() == b"* 1 FETCH (BODY[] {%d}\r\n" % len(MESSAGE)
        Thread(M.noop).result()
        assert M.read(len(MESSAGE)) == MESSAGE
        assert M.readline() == b" UID 7)\r\n"
        assert M.readline() == tag + b" OK done\r\n"


@pytest.mark.parametrize("names", [["NOOP"], ["NOOP", "CHECK"]])
def test_answers_that_nobody_reads_are_forgotten(serve: Serve, names: list[str]) -> None:
    def script(peer: Peer) -> None:
        for name in [*names, "NOOP"]:
            agree(peer, name)

    with connected(serve(script_of(script))) as M:
        M.socket().sendall(b"".join(b"%s %s\r\n" % (n.encode(), n.encode()) for n in names))
        M.noop()
        wait_until(lambda: not M._by_hand.parts.tags.open)
        M._by_hand.parts.pulling.file_rest()  # as the next command by hand does
        assert M.tagged_commands == {}
        assert M._core.reserved_tags == M._by_hand.parts.tags.on_socket == set()


def test_answers_that_are_dropped_are_forgotten(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        agree(peer, "NOOP")
        command = peer.command("CHECK")
        for _ in range(5):
            peer.untagged(b"5 EXISTS")
        peer.ok(command)

    with connected(serve(script_of(script))) as M:
        M.limits.stored = 2
        M.socket().sendall(b"a1 NOOP\r\na2 CHECK\r\n")
        wait_until(lambda: not M._by_hand.parts.tags.open)
        assert M._core.reserved_tags == M._by_hand.parts.tags.on_socket == {b"a2"}


@pytest.mark.parametrize("size", [3, 100])
def test_the_answer_to_starttls_may_be_read_late(serve: Serve, tls: Contexts, size: int) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        peer.ok(peer.command("STARTTLS"), b"begin")
        peer.wrap_tls(tls.server)
        peer.capability(b"IMAP4rev1 AUTH=PLAIN")
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        sock = M.socket()
        sock.settimeout(SECONDS)
        sock.sendall(b"S1 STARTTLS\r\n")
        wait_until(lambda: M._core.paused)
        assert read_until(sock.recv, b"S1", size) == b"S1 OK begin\r\n"
        sock.settimeout(0)
        with pytest.raises(BlockingIOError):
            sock.recv(1)  # the plain socket
        sock.settimeout(None)
        M.sock = tls.client.wrap_socket(sock, server_hostname=M.host)
        assert M.noop() == ("OK", [b"done"])


@kinds
@pytest.mark.parametrize("way", ["send", "socket"])
def test_who_waits_for_his_turn_gets_no_answer_of_others(
    serve: Serve, tls: Contexts, kind: Any, way: str
) -> None:
    waits = threading.Event()

    def script(peer: Peer) -> None:
        command = peer.command("NOOP")
        peer.pause(waits)
        peer.untagged(b"1 EXISTS")
        peer.ok(command)
        command = peer.command("CHECK")
        peer.untagged(b"9 EXISTS")
        peer.ok(command)

    with serve_to(kind, serve, tls, script_of(script)) as M:
        other = Thread(M.noop)
        wait_until(lambda: M._core.in_progress)
        tag = M._new_tag() if way == "send" else b"X1"
        write = M.send if way == "send" else M.socket().sendall
        writer = Thread(lambda: write(tag + b" CHECK\r\n"))
        wait_until(lambda: M._core.held)
        waits.set()
        assert other.result() == ("OK", [b"done"])
        writer.result()
        assert read_until(M.socket().recv, tag) == b"* 9 EXISTS\r\n" + tag + b" OK done\r\n"


@kinds
def test_waiting_for_ones_turn_obeys_the_time_out(serve: Serve, tls: Contexts, kind: Any) -> None:
    go = threading.Event()

    def script(peer: Peer) -> None:
        command = peer.command("NOOP")
        while not go.wait(0.02):
            peer.untagged(b"1 EXISTS")  # a sign of life
        peer.ok(command)
        agree(peer, "CHECK")
        agree(peer, "NOOP")

    with serve_to(kind, serve, tls, script_of(script)) as M:
        other, sock = Thread(M.noop), M.socket()
        wait_until(lambda: M._core.in_progress)
        for write in ways_to_write(sock):
            sock.settimeout(0.1)
            with duration(0.1, 2), pytest.raises(TimeoutError):
                write(b"X1 CHECK\r\n")
            sock.settimeout(0)
            problem = failure(write, b"X1 CHECK\r\n")
            assert isinstance(
                problem, ssl.SSLWantWriteError if kind is not plain else BlockingIOError
            )
            assert not M._by_hand.parts.tags.on_socket
        go.set()
        assert other.result() == ("OK", [b"done"])
        sock.settimeout(SECONDS)
        sock.sendall(b"X1 CHECK\r\n")
        assert sock.recv(100) == b"X1 OK done\r\n"
        assert M.noop() == ("OK", [b"done"])


@kinds
def test_the_time_out_of_the_socket_holds_for_the_answer(
    serve: Serve, tls: Contexts, kind: Any
) -> None:
    def script(peer: Peer) -> None:
        for _ in range(3):
            agree(peer, "NOOP")
        peer.relax()
        peer.wait_closed()

    with serve_to(kind, serve, tls, script_of(script)) as M:
        sock = M.socket()
        for timeout, expected in [(SECONDS, SECONDS), (0, SECONDS), (None, None)]:
            sock.settimeout(timeout)
            sock.sendall(b"X1 NOOP\r\n")
            assert M._core.timeout == expected
            sock.settimeout(SECONDS)
            assert sock.recv(100) == b"X1 OK done\r\n"


class Alarm(Exception):
    """What a signal handler raises."""


@pytest.fixture
def interrupt() -> Any:
    """Have a signal handler raise an exception in this thread, the main one, when one is given."""
    if not hasattr(signal, "pthread_kill"):
        pytest.skip("no signal can be sent to a thread")
    problems: list[BaseException] = []
    interrupted = threading.Event()

    def handle(*_: Any) -> None:
        if problems:
            interrupted.set()
            raise problems.pop()

    def later(problem: BaseException, condition: Any) -> Thread:
        def send() -> None:
            wait_until(condition)
            while not interrupted.wait(0.01):  # CPython sleeps on when it comes just before a wait
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)

        problems.append(problem)
        return Thread(send)

    before = signal.signal(signal.SIGALRM, handle)
    yield later
    signal.signal(signal.SIGALRM, before)


@kinds
@pytest.mark.parametrize("way", ["M.send", "sendall", "send"])
@pytest.mark.parametrize("problem", [Alarm, KeyboardInterrupt, TimeoutError])
def test_half_a_command_holds_up_nobody(
    serve: Serve, tls: Contexts, kind: Any, interrupt: Any, way: str, problem: Any
) -> None:
    """Nobody knows what was sent: the connection is over."""
    size = 50_000_000
    begun, over = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.readline()
        begun.set()
        peer.pause(over)

    with serve_to(kind, serve, tls, script_of(script)) as M:
        tag, sock = M._new_tag(), M.socket()
        data = tag + b" APPEND INBOX {%d+}\r\n" % size + bytes(size)

        def write_on() -> None:
            view = memoryview(data)
            while view:
                view = view[sock.send(view) :]

        write = {"M.send": lambda: M.send(data), "sendall": lambda: sock.sendall(data)}
        thread = interrupt(problem(), begun.is_set)
        with pytest.raises(problem):
            write.get(way, write_on)()
        thread.result()
        with pytest.raises(abort, match="while data was sent"):
            M.noop()
        over.set()


@kinds
@pytest.mark.parametrize("way", ["M.send", "sendall"])
def test_interrupted_before_anything_is_sent(
    serve: Serve, tls: Contexts, kind: Any, interrupt: Any, way: str
) -> None:
    """Then the connection goes on."""
    go = threading.Event()

    def script(peer: Peer) -> None:
        command = peer.command("NOOP")
        peer.pause(go)
        peer.ok(command)
        agree(peer, "CHECK")

    with serve_to(kind, serve, tls, script_of(script)) as M:
        M.state, other = "SELECTED", Thread(M.noop)
        wait_until(lambda: M._core.in_progress)
        write = M.send if way == "M.send" else M.socket().sendall
        thread = interrupt(Alarm(), lambda: M._core.held)
        with pytest.raises(Alarm):
            write(M._new_tag() + b" NOOP\r\n")
        thread.result()
        go.set()
        assert other.result() == ("OK", [b"done"])
        assert M.check() == ("OK", [b"done"])


@kinds
def test_sizes_are_those_of_a_socket(serve: Serve, tls: Contexts, kind: Any) -> None:
    """What is refused takes nothing away, and who asks for nothing waits for nothing."""
    with serve_to(kind, serve, tls, script_of(lambda peer: agree(peer, "NOOP"))) as M:
        sock = M.socket()
        assert sock.recv(0) == b""
        assert sock.recv_into(bytearray()) == 0
        sock.sendall(b"X1 NOOP\r\n")
        assert sock.recv(0) == b""
        with pytest.raises(ValueError, match="negative"):
            sock.recv(-1)
        if kind is plain:
            with pytest.raises(ValueError, match="negative"):
                sock.recv_into(bytearray(3), -1)
            with pytest.raises(ValueError, match="too small"):
                sock.recv_into(bytearray(3), 4)
        assert read_until(sock.recv, b"X1", 3) == b"X1 OK done\r\n"


@pytest.mark.skipif(not hasattr(socket, "MSG_DONTWAIT"), reason="there is no such flag")
def test_a_look_without_waiting(serve: Serve) -> None:
    with connected(serve(script_of(lambda peer: agree(peer, "NOOP")))) as M:
        sock = M.socket()
        for look in (sock.recv, lambda size, flags: sock.recv_into(bytearray(size), size, flags)):
            with pytest.raises(BlockingIOError):
                look(10, socket.MSG_DONTWAIT)
        sock.sendall(b"X1 NOOP\r\n")
        wait_until(lambda: M._by_hand.parts.pulling.has_some)
        assert sock.recv(100, socket.MSG_DONTWAIT) == b"X1 OK done\r\n"


def test_a_compressed_connection_is_not_written_to(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"COMPRESS=DEFLATE")
        peer.ok(peer.command("COMPRESS"))
        peer.start_deflate()
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        M.enable_compression()
        for write in ways_to_write(M.socket()):
            with pytest.raises(error, match=r"use send\(\)"):
                write(b"X1 NOOP\r\n")
        assert M.noop() == ("OK", [b"done"])


def test_an_interrupted_stand_in_says_nothing() -> None:
    unraised: list[Any] = []
    before, sys.unraisablehook = sys.unraisablehook, unraised.append
    try:
        ReadableSocket.__new__(ReadableSocket).__del__()
    finally:
        sys.unraisablehook = before
    assert unraised == []


# Nothing is lost, whatever the pieces


@st.composite
def exchanges(draw: st.DrawFn) -> list[tuple[str, list[int], int]]:
    step = st.tuples(
        st.sampled_from(["noop", "own noop", "idle"]),
        st.lists(st.integers(1, 9), max_size=4),
        st.sampled_from([1, 3, 16, 4096]),
    )
    return draw(st.lists(step, min_size=1, max_size=5))


@pytest.mark.parametrize("secure", [False, True])
@given(steps=exchanges())
@settings(max_examples=25)
def test_no_news_are_lost(tls: Contexts, secure: bool, steps: Any) -> None:
    """Each number that the server says is seen, once, by whoever it was said to."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        for kind, batches, _ in steps:
            command = peer.command("IDLE" if kind == "idle" else "NOOP")
            if kind == "idle":
                peer.send(b"+ go\r\n")
            for size in batches:
                peer.send(b"".join(b"* %d EXPUNGE\r\n" % number for number in range(1, size + 1)))
            if kind == "idle":
                assert peer.readline() == b"DONE"
            peer.ok(command)
        peer.wait_closed()

    with ScriptedServer(script, tls=tls.server if secure else None) as server:
        options: dict[str, Any] = {"ssl_context": tls.client} if secure else {}
        with connected(server, IMAP4_SSL if secure else IMAP4, **options) as M:
            for number, (kind, batches, size) in enumerate(steps):
                expected = [b"%d" % n for count in batches for n in range(1, count + 1)]
                assert seen(M, kind, b"X%d" % number, size, len(expected)) == expected


def seen(M: Any, kind: str, tag: bytes, size: int, count: int) -> list[bytes]:
    """The numbers that a command brings, which is sent by the library or by the socket."""
    if kind == "noop":
        M.noop()
        return [
            data for typ, items in M.pop_untagged_responses() for data in items if data.isdigit()
        ]
    sock, text = M.socket(), b""
    sock.settimeout(SECONDS)
    sock.sendall(tag + (b" IDLE\r\n" if kind == "idle" else b" NOOP\r\n"))
    if kind == "idle":
        while text.count(b"EXPUNGE\r\n") < count or not text.startswith(b"+ go\r\n"):
            text += sock.recv(size)
        sock.sendall(b"DONE\r\n")
    text += read_until(sock.recv, tag, size)
    sock.settimeout(None)
    [*M.pop_untagged_responses()]
    return [line.split()[1] for line in text.split(b"\r\n") if line.endswith(b"EXPUNGE")]


# Where a user is in what he writes


@st.composite
def commands(draw: st.DrawFn) -> tuple[bytes, bool]:
    """A command's bytes, with literals that look like commands, and whether it begins as one."""
    parts = draw(
        st.lists(st.sampled_from([b"", b"x", b"a1 NOOP\r\n", b"\r\n", b"{3}\r\n", b"b {2+}\r\n"]))
    )
    sign = draw(st.sampled_from([b"", b"+", b"-"]))
    line = b"".join(b"{%d%s}\r\n%s" % (len(part), sign, part) for part in parts)
    named = draw(st.booleans())
    return (b"A1 SEARCH " if named else b"DONE") + line + b"\r\n", named


@given(st.lists(commands(), max_size=4), st.integers(1, 50))
def test_commands_are_told_from_what_they_hold(
    written: list[tuple[bytes, bool]], size: int
) -> None:
    data = b"".join(text for text, _ in written)
    whole = Written()
    assert whole.feed(data) == [b"A1" for _, named in written if named]
    assert whole.at_start
    long = (
        b"X" * 5000 + b" a\r\nA2 " + b"x" * 10_000 + b"\r\nA3 {5000+}\r\n" + bytes(5000) + b"\r\n"
    )
    assert whole.feed(memoryview(long + data))[:3] == [b"X" * 5000, b"A2", b"A3"]
    pieces = Written()
    for start in range(0, len(data), size):
        pieces.feed(data[start : start + size])
    assert pieces.at_start
    for text, _ in written:
        for position in range(1, len(text)):
            part = Written()
            part.feed(text[:position])
            assert not part.at_start


# What a user can't do there


USES: dict[str, Any] = {
    "recvfrom": lambda sock: sock.recvfrom(10),
    "recvfrom_into": lambda sock: sock.recvfrom_into(bytearray(10)),
    "recvmsg": lambda sock: sock.recvmsg(10),
    "recvmsg_into": lambda sock: sock.recvmsg_into([bytearray(10)]),
    "sendmsg": lambda sock: sock.sendmsg([b"X1 NOOP\r\n"]),
    "sendto": lambda sock: sock.sendto(b"X1 NOOP\r\n", ("127.0.0.1", 1)),
    "sendfile": lambda sock: sock.sendfile(io.BytesIO(b"X1 NOOP\r\n")),
    "a look": lambda sock: sock.recv(10, socket.MSG_PEEK),
}


@pytest.mark.parametrize("use", USES)
def test_what_cannot_be_had_is_refused_at_once(serve: Serve, use: str) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        for _ in range(2):
            agree(peer, "NOOP")
        peer.relax()

    with connected(serve(script)) as M:
        M.noop()
        assert isinstance(failure(USES[use], M.socket()), error)
        assert M.noop()[0] == "OK"
