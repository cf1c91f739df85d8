"""Messages that are streamed, from and to files, over each transport and in each situation."""

from __future__ import annotations

import doctest
import io
import os
import re
import threading
import time
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from ...server.contexts import Contexts
from ...server.helpers import (
    SECONDS,
    Calls,
    Serve,
    Thread,
    abort,
    agree,
    connected,
    duration,
    error,
    failure,
    greet_authenticated,
    wait_over,
)
from ...server.scripted import Command, Peer, PeerClosedError

pytestmark = pytest.mark.timeout(30)

BLOCK = os.urandom(1 << 15)
SIZE = 3_000_000
MESSAGE = (BLOCK * (SIZE // len(BLOCK) + 1))[:SIZE]
KINDS = ("plain", "tls", "compressed", "tls-compressed", "hooked", "lines", "replaced")


class Hooked(IMAP4):
    """A subclass that reads and sends in its own way."""

    def read(self, size: int) -> bytes:
        return self.sock.recv(min(size, 10_000))

    def send(self, data: Any) -> None:
        self.sock.sendall(data)


class Lines(IMAP4):
    """One that reads by a file, as imaplib does."""

    def open(self, *arguments: Any, **options: Any) -> None:
        super().open(*arguments, **options)
        self.file = self.sock.makefile("rb")

    def read(self, size: int) -> bytes:
        return self.file.read(size)

    def readline(self) -> bytes:
        return self.file.readline()


class Replaced(IMAP4):
    """One that does something before and behind each command."""

    def _simple_command(self, name: str, *arguments: Any, **options: Any) -> Any:
        return super()._simple_command(name, *arguments, **options)


CLASSES: dict[str, type[IMAP4]] = {"hooked": Hooked, "lines": Lines, "replaced": Replaced}


class Closed(io.BytesIO):
    """A file that can't be read."""

    closed = True


class Slow(io.BytesIO):
    """A file whose first write takes as long as the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = threading.Event(), threading.Event()
        self.threads: set[str] = set()

    def write(self, data: Any) -> int:
        self.threads.add(threading.current_thread().name)
        self.begun.set()
        assert self.go.wait(SECONDS)
        return super().write(data)


class Failing(io.BytesIO):
    """A file that raises at its *number*-th write, or read."""

    def __init__(self, number: int, problem: BaseException, text: bytes = b"") -> None:
        super().__init__(text)
        self.left, self.problem = number, problem

    def count(self) -> None:
        self.left -= 1
        if not self.left:
            raise self.problem

    def write(self, data: Any) -> int:
        self.count()
        return super().write(data)

    def read(self, size: Any = -1) -> bytes:
        self.count()
        return super().read(size)


def send_message(peer: Peer, command: Command, text: bytes = MESSAGE, number: int = 1) -> None:
    """Answer a FETCH."""
    head = b"* %d FETCH (FLAGS () BODY[] {%d}\r\n" % (number, len(text))
    peer.send(b"* 3 EXISTS\r\n", head, text, b" UID 7)\r\n* 2 FETCH (FLAGS ())\r\n")
    peer.ok(command)


@contextmanager
def session(
    script: Callable[[Peer], object],
    serve: Serve,
    tls: Contexts | None = None,
    kind: str = "plain",
    **options: Any,
) -> Iterator[Any]:
    """A connection to *script*, with a mailbox selected."""

    def greeting(peer: Peer) -> None:
        greet_authenticated(peer, b"COMPRESS=DEFLATE LITERAL+")
        if "compressed" in kind:
            peer.deflate()
        script(peer)

    options = {"cls": CLASSES.get(kind, IMAP4), **options}
    secure = kind.startswith("tls")
    if secure:
        assert tls is not None
        options |= {"cls": IMAP4_SSL, "ssl_context": tls.client}
    server = serve(greeting, tls=tls.server if secure and tls else None)
    with connected(server, **options) as M:
        if "compressed" in kind:
            M.enable_compression()
        M.state = "SELECTED"
        M.server = server
        yield M


# -- Whole -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("uid", [False, True])
def test_a_text_is_written(kind: str, uid: bool, serve: Serve, tls: Contexts) -> None:
    def script(peer: Peer) -> None:
        for _ in range(2):
            send_message(peer, peer.command("UID FETCH" if uid else "FETCH"))
        agree(peer, "NOOP")

    with session(script, serve, tls, kind, timeout=10) as M:
        file, seen = io.BytesIO(), list[Any]()
        number = 7 if uid else 1
        answer = M.fetch_to(file, number, uid=uid, progress=lambda *done: seen.append(done))
        assert answer == ("OK", [SIZE])
        assert file.getvalue() == MESSAGE
        assert seen[-1] == (SIZE, SIZE)
        assert all(size == SIZE for _, size in seen)
        assert [done for done, _ in seen] == sorted({done for done, _ in seen})
        if kind != "replaced":  # there, all data of the command is its own
            assert M.response("EXISTS") == ("EXISTS", [b"3"])
            assert uid or M.response("FETCH") == ("FETCH", [b"2 (FLAGS ())"])
        calls, file = Calls(), io.BytesIO()
        assert M.fetch_to(file, number, uid=uid, callback=calls, cb_arg=5) == (None, None)
        assert calls.next() == (("OK", [SIZE]), 5, None)
        assert file.getvalue() == MESSAGE
        assert M.noop()[0] == "OK"


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_appended(kind: str, serve: Serve, tls: Contexts) -> None:
    got: list[bytes] = []

    def script(peer: Peer) -> None:
        for _ in range(3):
            command = peer.command("APPEND")
            got.append(command.literals[0])
            assert b"+}" not in command.args.partition(b"\r\n")[0]
            peer.ok(command)
        agree(peer, "NOOP")

    with session(script, serve, tls, kind, timeout=10) as M:
        seen: list[Any] = []
        file = io.BytesIO(MESSAGE)
        answer = M.append("x", None, None, file, progress=lambda *done: seen.append(done))
        assert answer == ("OK", [b"done"])
        assert seen[-1] == (SIZE, SIZE)
        file.seek(100)
        calls = Calls()
        M.append("x", None, None, file, size=1000, callback=calls)
        assert calls.next()[0] == ("OK", [b"done"])
        assert M.append("x", None, None, io.BytesIO())[0] == "OK"
        assert M.noop()[0] == "OK"
        assert M.literal is None
    assert got == [MESSAGE, MESSAGE[100:1100], b""]


def test_the_examples_of_the_docstrings(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def script(peer: Peer) -> None:
        send_message(peer, peer.command("FETCH"))
        peer.ok(peer.command("APPEND"))

    found: dict[str, Any] = {}
    for method in (IMAP4.fetch_to, IMAP4.append):
        for example in doctest.DocTestParser().get_examples(method.__doc__ or ""):
            exec(example.source, found)
    with session(script, serve) as M:
        assert found["save"](M, 1, tmp_path / "x") == ("OK", [SIZE])
        assert (tmp_path / "x").read_bytes() == MESSAGE
        assert found["restore"](M, tmp_path / "x") == ("OK", [b"done"])
    assert capsys.readouterr().out.count(f"{SIZE} {SIZE}\n") == 2


def test_other_commands_go_on_meanwhile(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        fetch, noop, search = peer.command("FETCH"), peer.command("NOOP"), peer.command("SEARCH")
        peer.untagged(b"SEARCH 1 2")
        peer.ok(search)
        send_message(peer, fetch)
        peer.ok(noop)
        send_message(peer, peer.command("FETCH"), b"other", 2)

    with session(script, serve) as M:
        file, calls = io.BytesIO(), [Calls() for _ in range(4)]
        M.fetch_to(file, 1, callback=calls[0])
        M.noop(callback=calls[1])
        M.search(None, "ALL", callback=calls[2])
        M.fetch("2", "(BODY[])", callback=calls[3])
        assert calls[2].next()[0] == ("OK", [b"1 2"])
        assert calls[0].next()[0] == ("OK", [SIZE])
        assert calls[1].next()[0][0] == "OK"
        assert calls[3].next()[0][1][0][1] == b"other"
        assert file.getvalue() == MESSAGE


def test_a_callback_may_wait_for_both(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        agree(peer, "NOOP")
        send_message(peer, peer.command("FETCH"))
        command = peer.command("APPEND")
        assert command.literals == (MESSAGE,)
        peer.ok(command)

    with session(script, serve, timeout=5) as M:
        file, calls = io.BytesIO(), Calls()

        def call_back(outcome: Any) -> None:
            calls(M.fetch_to(file, 1))
            file.seek(0)
            calls(M.append("x", None, None, file))

        M.noop(callback=call_back)
        assert calls.next() == ("OK", [SIZE])
        assert calls.next()[0] == "OK"


def test_one_thread_sends_while_another_one_receives(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        for _ in range(5):
            fetch = peer.command("FETCH")
            command = peer.command("APPEND", continuation=None)
            sending = threading.Thread(target=send_message, args=[peer, fetch])
            peer.line(b"+ go")
            sending.start()
            assert peer.read(SIZE) == MESSAGE
            peer.expect(b"")
            sending.join()
            peer.ok(command)

    with session(script, serve, timeout=5) as M:
        for _ in range(5):
            file = io.BytesIO()
            thread = Thread(M.fetch_to, file, 1)
            while not M.tagged_commands:
                time.sleep(0.001)
            assert M.append("x", None, None, io.BytesIO(MESSAGE))[0] == "OK"
            assert thread.result() == ("OK", [SIZE])
            assert file.getvalue() == MESSAGE


def test_the_trace_shows_no_text(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        send_message(peer, peer.command("FETCH"))
        peer.ok(peer.command("APPEND"))

    shown = io.StringIO()
    with session(script, serve, debug=5, debug_file=shown) as M:
        M.fetch_to(io.BytesIO(), 1)
        M.append("x", None, None, io.BytesIO(MESSAGE))
    assert len(shown.getvalue()) < 20_000
    assert f"APPEND x {{{SIZE}}}" in shown.getvalue()


@pytest.mark.parametrize(
    ("answer", "outcome", "text"),
    [
        (b'* 1 FETCH (BODY[] "a \\"b\\"")\r\n', 5, b'a "b"'),
        (b"* 1 FETCH (BODY[] {0}\r\n)\r\n", 0, b""),
        (b"* 1 FETCH (BODY[] NIL)\r\n", None, b""),
        (b"* 1 FETCH (FLAGS ())\r\n", None, b""),
        (b"", None, b""),
        (b"* 2 FETCH (BODY[] {3}\r\nabc)\r\n", None, b""),
    ],
)
def test_answers_without_a_literal(
    answer: bytes, outcome: int | None, text: bytes, serve: Serve
) -> None:
    def script(peer: Peer) -> None:
        command = peer.command("FETCH")
        peer.send(answer)
        peer.ok(command)

    with session(script, serve) as M:
        file = io.BytesIO()
        assert M.fetch_to(file, 1) == ("OK", [outcome])
        assert file.getvalue() == text


WRONG = [
    (b"* 1 FETCH (BODY[] {3}\r\nabc UID 9)\r\n", "BODY[]", "text of another message"),
    (b"* 1 FETCH (BODY[HEADER] {3}\r\nabc)\r\n", "BODY[]", "another text than was asked"),
    (b'* 1 FETCH (BODY[HEADER] "abc" UID 7)\r\n', "BODY[]", "another text than was asked"),
    (b"* 1 FETCH (BODY[1] {3}\r\nabc)\r\n", "BINARY[1]", "another text than was asked"),
    (b"* 1 FETCH (BODY[]{3}\r\nabc UID 7)\r\n", "BODY[]", "another text than was asked"),
    (
        b"* 1 FETCH (BODY[HEADER.FIELDS ({4}\r\nFrom)] {3}\r\nabc)\r\n",
        "BODY[HEADER.FIELDS (From)]",
        "another text than was asked",
    ),
]
RIGHT = [
    (b"* 1 FETCH (body[Header.Fields (FROM)] {3}\r\nabc)\r\n", "BODY.PEEK[HEADER.FIELDS (From)]"),
    (b"* 1 FETCH (BODY[TEXT]<0> {3}\r\nabc)\r\n", "body.peek[text]<0.3>"),
    (b"* 1 FETCH (BODY[] {3}\r\nabc)\r\n", "RFC822"),
    (b"* 1 FETCH (RFC822.HEADER {3}\r\nabc)\r\n", "BODY[HEADER]"),
    (b"* 1 FETCH (BODY[HEADER] {2}\r\nxy BODY[] {3}\r\nabc)\r\n", "BODY[]"),
    (b"* 1 FETCH (BODY[] {3}\r\nabc BODY[HEADER] {2}\r\nxy)\r\n", "BODY[]"),
    (b'* 1 FETCH (BODY[HEADER] "xy" BODY[] "abc")\r\n', "BODY[]"),
]


@pytest.mark.parametrize("kind", ["plain", "lines", "replaced"])
def test_another_text_is_no_success(kind: str, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        for answer in [*(wrong[0] for wrong in WRONG), *(right[0] for right in RIGHT)]:
            command = peer.command("UID FETCH")
            peer.send(answer)
            peer.ok(command)
        agree(peer, "NOOP")

    with session(script, serve, kind=kind) as M:
        for _, item, text in WRONG:
            assert text in str(failure(M.fetch_to, io.BytesIO(), 7, item, uid=True))
        for _, item in RIGHT:
            file = io.BytesIO()
            assert M.fetch_to(file, 7, item, uid=True) == ("OK", [3])
            assert file.getvalue() == b"abc"
        assert M.response("FETCH") == ("FETCH", [None])
        assert M.noop()[0] == "OK"


def test_refusals(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.no(peer.command("FETCH"), b"[NONEXISTENT] no such message")
        peer.bad(peer.command("FETCH"), b"invalid messageset")
        command = peer.command("FETCH")
        peer.send(b"* 1 FETCH (BODY[] {3}\r\nabc BODY[] {3}\r\nxyz)\r\n")
        peer.ok(command)
        agree(peer, "NOOP")

    with session(script, serve) as M:
        file = io.BytesIO()
        assert M.fetch_to(file, 1) == ("NO", [b"[NONEXISTENT] no such message"])
        assert failure(M.fetch_to, file, 9).type == "BAD"
        assert "two texts" in str(failure(M.fetch_to, file, 1))
        assert file.getvalue() == b"abc"
        assert M.noop()[0] == "OK"


def test_a_refused_message_is_not_read(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        for _ in range(2):
            peer.no(peer.command("APPEND", continuation=None), b"[TRYCREATE] no such mailbox")
        agree(peer, "NOOP")

    with session(script, serve) as M:
        file = io.BytesIO(MESSAGE)
        assert M.append("x", None, None, file) == ("NO", [b"[TRYCREATE] no such mailbox"])
        assert 0 < file.tell() <= 1 << 16
        calls = Calls()
        M.append("x", None, None, file, callback=calls)
        assert calls.next()[0][0] == "NO"
        assert M.noop()[0] == "OK"


def test_a_refusal_in_between_comes_behind_the_message(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        command = peer.command("APPEND", continuation=None)
        peer.line(b"+ go")
        got = peer.read(1000)
        peer.no(command, b"[OVERQUOTA] full")
        assert got + peer.read(SIZE - 1000) == MESSAGE
        peer.expect(b"")
        agree(peer, "NOOP")

    with session(script, serve) as M:
        assert M.append("x", None, None, io.BytesIO(MESSAGE)) == ("NO", [b"[OVERQUOTA] full"])
        assert M.noop()[0] == "OK"


# -- What files do ---------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["file", "progress"])
@pytest.mark.parametrize("number", [1, 2, 30])
def test_a_file_that_raises_is_heard_at_once(by: str, number: int, serve: Serve) -> None:
    told = threading.Event()

    def script(peer: Peer) -> None:
        command = peer.command("FETCH")
        peer.send(b"* 1 FETCH (BODY[] {%d}\r\n" % (2 * SIZE), MESSAGE)
        peer.pause(told)
        peer.send(MESSAGE, b")\r\n")
        peer.ok(command)
        agree(peer, "NOOP")

    def progress(done: int, size: int) -> None:
        counter.count()

    with session(script, serve) as M:
        problem = OSError(28, "No space left on device")
        counter = Failing(number, problem)
        file = counter if by == "file" else io.BytesIO()
        options = {} if by == "file" else {"progress": progress}
        assert failure(M.fetch_to, file, 1, **options) is problem
        assert MESSAGE.startswith(file.getvalue())
        told.set()
        assert M.noop()[0] == "OK"


def test_a_callback_hears_of_it_at_once(serve: Serve) -> None:
    told = threading.Event()

    def script(peer: Peer) -> None:
        command = peer.command("FETCH")
        peer.send(b"* 1 FETCH (BODY[] {%d}\r\n" % (2 * SIZE), MESSAGE)
        peer.pause(told)
        peer.send(MESSAGE, b")\r\n")
        peer.ok(command)
        agree(peer, "NOOP")

    with session(script, serve) as M:
        calls = Calls()
        M.fetch_to(Failing(3, OSError(28, "full")), 1, callback=calls)
        outcome = calls.next()
        assert outcome[2][0] is OSError
        assert outcome[2][1].error.errno == 28
        told.set()
        assert M.noop()[0] == "OK"
        assert calls.count == 0


@pytest.mark.parametrize("by", ["file", "progress"])
@pytest.mark.parametrize("kind", [SystemExit, GeneratorExit, KeyboardInterrupt, CancelledError])
def test_what_ends_threads_is_no_success(
    kind: type[BaseException], by: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(peer: Peer) -> None:
        for _ in range(2):
            send_message(peer, peer.command("FETCH"))
        agree(peer, "NOOP")

    monkeypatch.setattr(threading, "excepthook", lambda arguments: None)

    def options(counter: Failing) -> dict[str, Any]:
        if by == "file":
            return {"file": counter}
        return {"file": io.BytesIO(), "progress": lambda done, size: counter.count()}

    with session(script, serve) as M:
        calls = Calls()
        M.fetch_to(message=1, callback=calls, **options(Failing(3, kind("now"))))
        assert calls.next()[2] == (error, f"FETCH was cut short by {kind.__name__}: now")
        future = M.submit(M.fetch_to, message=1, **options(Failing(3, kind("now"))))
        assert "cut short" in str(failure(future.result, SECONDS))
        assert M.noop()[0] == "OK"


@pytest.mark.skipif(not hasattr(os, "set_blocking"), reason="no pipes that don't block")
def test_a_full_pipe_that_does_not_block_is_no_success(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        send_message(peer, peer.command("FETCH"))
        agree(peer, "NOOP")

    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with (
        open(reading, "rb"),
        open(writing, "wb", buffering=0) as pipe,
        session(script, serve) as M,
    ):
        assert "takes nothing" in str(failure(M.fetch_to, pipe, 1))
        assert M.noop()[0] == "OK"


@pytest.mark.parametrize("calls_back", [False, True])
def test_a_slow_file_holds_up_its_own_connection_only(calls_back: bool, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        if peer.number:
            peer.relax()
            while True:
                agree(peer, "NOOP")
        command = peer.command("FETCH")
        send_message(peer, command)
        agree(peer, "NOOP")

    with session(script, serve, timeout=0.2) as M:
        file, calls = Slow(), Calls()
        if calls_back:
            M.fetch_to(file, 1, callback=calls)
        else:
            fetching = Thread(M.fetch_to, file, 1)
        assert file.begun.wait(SECONDS)
        noop = Thread(M.noop)
        with connected(M.server) as other:
            end = time.monotonic() + 0.6
            while time.monotonic() < end:
                assert other.noop()[0] == "OK"
        assert not M.closed
        file.go.set()
        assert noop.result()[0] == "OK"
        assert (calls.next()[0] if calls_back else fetching.result()) == ("OK", [SIZE])
        assert file.getvalue() == MESSAGE
        assert not any(name.endswith(("reader", "writer")) for name in file.threads)


def test_a_server_that_falls_silent_is_given_up_all_the_same(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.command("FETCH")
        peer.relax()
        peer.send(b"* 1 FETCH (BODY[] {%d}\r\n" % SIZE, MESSAGE[:1000])
        peer.hold()

    with session(script, serve, timeout=0.3) as M, duration(0.3, 3):
        file = io.BytesIO()
        problem = failure(M.fetch_to, file, 1)
        assert isinstance(problem, TimeoutError)
        assert file.getvalue() == MESSAGE[:1000]


def test_a_slow_file_is_no_silence_of_the_server(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.ok(peer.command("APPEND"))
        agree(peer, "NOOP")

    class File(io.BytesIO):
        reads = 0

        def read(self, size: Any = -1) -> bytes:
            self.reads += 1
            if self.reads == 2:
                time.sleep(0.5)
            return super().read(size)

    with session(script, serve, timeout=0.15) as M:
        assert M.append("x", None, None, File(MESSAGE)) == ("OK", [b"done"])
        assert M.noop()[0] == "OK"


class Endless:
    """A file that has no end."""

    def read(self, size: int) -> bytes:
        return bytes(size)


@pytest.mark.parametrize("size", [2**62, 2**63 - 1])
def test_the_largest_message_is_announced(size: int, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        command = peer.command("APPEND", continuation=None)
        assert b"{%d}" % size in command.raw
        peer.no(command, b"[TOOBIG] no")
        agree(peer, "NOOP")

    with session(script, serve) as M:
        assert M.append("x", None, None, Endless(), size=size) == ("NO", [b"[TOOBIG] no"])
        assert M.noop()[0] == "OK"


def test_a_server_that_takes_nothing_is_given_up(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.command("APPEND", continuation=None)
        peer.relax()
        peer.line(b"+ go")
        peer.hold()

    with session(script, serve, timeout=0.3) as M, duration(0.3, 10):
        problem = failure(M.append, "x", None, None, Endless(), size=1 << 40)
        assert isinstance(problem, TimeoutError)


@pytest.mark.parametrize("calls_back", [False, True])
@pytest.mark.parametrize("what", ["raises", "short", "progress"])
def test_what_can_not_be_completed_ends_the_connection(
    what: str, calls_back: bool, serve: Serve
) -> None:
    def script(peer: Peer) -> None:
        peer.relax()
        with suppress(PeerClosedError):
            peer.command("APPEND")

    def progress(done: int, size: int) -> None:
        if done > 200_000:
            raise ValueError("enough")

    options: dict[str, Any] = {"progress": progress} if what == "progress" else {}
    file: Any = io.BytesIO(MESSAGE)
    if what == "raises":
        file = Failing(4, OSError(5, "unreadable"), MESSAGE)
    elif what == "short":
        # Its end isn't known before it is there.
        options["size"], file = SIZE + 1, io.BufferedRWPair(file, io.BytesIO())
    with session(script, serve) as M:
        texts = {"raises": "unreadable", "short": "1 bytes early", "progress": "enough"}
        if calls_back:
            calls = Calls()
            M.append("x", None, None, file, callback=calls, **options)
            _, _, (kind, text) = calls.next()
            assert kind is abort
            problem = text.error
        else:
            problem = failure(M.append, "x", None, None, file, **options)
        assert isinstance(problem, abort)
        assert texts[what] in str(problem)
        assert texts[what] in str(M.reason)
        wait_over(M)


@pytest.mark.parametrize(
    "file",
    [Failing(1, OSError(5, "unreadable"), b"abc"), io.StringIO("abc"), io.BytesIO(b""), Closed()],
)
@pytest.mark.parametrize("size", [3, 2**63, 10**30])
def test_what_is_wrong_from_the_start_sends_nothing(file: Any, size: int, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        agree(peer, "NOOP")

    with session(script, serve) as M:
        problem = failure(M.append, "x", None, None, file, size=size)
        assert isinstance(problem, (OSError, TypeError, ValueError))
        assert M.noop()[0] == "OK"


@pytest.mark.parametrize("method", ["fetch_to", "append"])
def test_user_code_may_log_out_but_not_wait_for_itself(method: str, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.relax()
        with suppress(PeerClosedError):
            send_message(peer, peer.command("FETCH", "APPEND"))
            peer.wait_closed()

    with session(script, serve) as M:
        problems: list[Any] = []

        def progress(done: int, size: int) -> None:
            problems.append(failure(M.noop))
            M._core.logout_timeout = 0.2
            M.logout()

        if method == "fetch_to":
            problem = failure(M.fetch_to, io.BytesIO(), 1, progress=progress)
        else:
            problem = failure(M.append, "x", None, None, io.BytesIO(MESSAGE), progress=progress)
        assert isinstance(problem, abort)
        assert isinstance(problems[0], error)
        assert "would wait for" in str(problems[0])


# -- The end ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["close", "reset", "shutdown", "logout", "bye"])
def test_a_connection_that_ends_in_between(end: str, serve: Serve) -> None:
    sent = threading.Event()

    def script(peer: Peer) -> None:
        peer.command("FETCH")
        peer.relax()
        peer.send(b"* 1 FETCH (BODY[] {%d}\r\n" % SIZE, MESSAGE[:1_500_000])
        sent.set()
        peer.hold()

    with session(script, serve) as M:
        M._core.logout_timeout = 0.2
        file = io.BytesIO()
        thread = Thread(M.fetch_to, file, 1)
        assert sent.wait(SECONDS)
        if end in ("shutdown", "logout"):
            getattr(M, end)()
        elif end == "bye":
            M.server.peers[0].close()
        else:
            getattr(M.server.peers[0], end)()
        assert isinstance(failure(thread.result), abort)
        assert MESSAGE.startswith(file.getvalue())
        if end in ("close", "bye"):
            assert len(file.getvalue()) == 1_500_000
        wait_over(M)


@pytest.mark.parametrize("end", ["shutdown", "logout", "close"])
def test_a_connection_that_ends_while_the_file_is_slow(end: str, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        command = peer.command("FETCH")
        peer.relax()
        with suppress(PeerClosedError, OSError, ValueError):  # closed by the test
            send_message(peer, command)

    with session(script, serve) as M, duration(0, SECONDS):
        file, calls = Slow(), Calls()
        M._core.logout_timeout = 0.2
        M.fetch_to(file, 1, callback=calls)
        assert file.begun.wait(SECONDS)
        if end == "close":
            M.server.peers[0].reset()
            M.shutdown()
        else:
            getattr(M, end)()
        file.go.set()
        assert calls.next()[2][0] is abort
        wait_over(M)


@pytest.mark.parametrize("end", ["close", "reset", "shutdown"])
def test_an_append_that_ends_in_between(end: str, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.command("APPEND", continuation=None)
        peer.line(b"+ go")
        peer.read(500_000)
        peer.relax()
        if end != "shutdown":
            getattr(peer, end)()
        arrived.set()
        peer.hold()

    arrived = threading.Event()
    with session(script, serve) as M:
        thread = Thread(failure, M.append, "x", None, None, io.BytesIO(bytes(1 << 26)))
        assert arrived.wait(SECONDS)
        if end == "shutdown":
            M.shutdown()
        elif end == "close":
            M.server.peers[0].reset()
        assert isinstance(thread.result(), abort)
        wait_over(M)


def test_a_client_that_is_forgotten_while_the_file_is_slow(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        command = peer.command("FETCH")
        peer.relax()
        with suppress(PeerClosedError):
            send_message(peer, command)

    def greeting(peer: Peer) -> None:
        greet_authenticated(peer)
        script(peer)

    server = serve(greeting)
    M = IMAP4(server.host, server.port)
    M.state = "SELECTED"
    file, calls = Slow(), Calls()
    M.fetch_to(file, 1, callback=calls)
    assert file.begun.wait(SECONDS)
    with pytest.warns(ResourceWarning, match="unclosed IMAP connection"):
        del M
    file.go.set()
    assert calls.next()[2][0] is abort


@pytest.mark.parametrize("uses", ["append", "fetch_to"])
def test_a_replacement_that_sends_twice(uses: str, serve: Serve) -> None:
    """As one does that creates the mailbox which APPEND has missed."""

    class Again(IMAP4):
        def _simple_command(self, name: str, *arguments: Any, **options: Any) -> Any:
            super()._simple_command(name, *arguments, **options)
            return super()._simple_command(name, *arguments, **options)

    def script(peer: Peer) -> None:
        if uses == "append":
            peer.no(peer.command("APPEND", continuation=None))
            peer.ok(peer.command("APPEND"))
            peer.ok(peer.command("APPEND"))
        else:
            send_message(peer, peer.command("FETCH"), b"abc")
        agree(peer, "NOOP")

    with session(script, serve, cls=Again) as M:
        if uses == "append":
            assert M.append("x", None, None, io.BytesIO(b"abc"))[0] == "OK"
            problem = failure(M.append, "x", None, None, io.BytesIO(b"abc"))
        else:
            problem = failure(M.fetch_to, io.BytesIO(), 1)
        assert "can't be sent again" in str(problem)
        del Again._simple_command
        assert M.noop()[0] == "OK"


# -- Several messages in one command ---------------------------------------------------------------

DATE = '"17-Jul-1996 09:44:25 +0000"'


def test_several_messages(serve: Serve) -> None:
    commands: list[Command] = []

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        for _ in range(2):
            commands.append(peer.command("APPEND"))
            peer.ok(commands[-1])
        peer.relax()

    with connected(serve(script)) as M:
        several: Any = [([r"\Seen", "a"], DATE, b"a\nb"), ([], None, b""), (["b"], None, b"c")]
        assert M._append_several("Entwürfe", several)[0] == "OK"
        calls = Calls()
        M._append_several("INBOX", several[1:], callback=calls)
        assert calls.next()[0][0] == "OK"
        for flags in (["a b"], ["a)"], ["a\r\nb"]):
            with pytest.raises(IMAP4.error, match="flags"):
                M._append_several("INBOX", [*several, (flags, None, b"")])
    first, second = commands
    assert first.literals == (b"a\r\nb", b"", b"c")
    assert re.sub(rb"\{.*?\r\n", b"@", first.args) == (
        rb'Entw&APw-rfe (\Seen a) "17-Jul-1996 09:44:25 +0000" @' + b"a\r\nb @ (b) @c"
    )
    assert second.literals == (b"", b"c")


@pytest.mark.parametrize("by_hand", [False, True])
def test_messages_are_not_taken_for_commands(serve: Serve, by_hand: bool) -> None:
    """Dovecot takes them so where it refuses flags or dates, unless it was asked (RFC 7888)."""
    text = b"a1 DELETE INBOX\r\n"

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IMAP4rev1 LITERAL+")
        for _ in range(2):
            peer.bad(peer.command("APPEND", continuation=None), b"Invalid system flag")
        command = peer.command("APPEND", continuation=None)
        assert (command.pending, command.literals) == (None, (text,))
        peer.ok(command)
        peer.relax()

    with connected(serve(script)) as M:

        def append(flags: str, date: str) -> None:
            if by_hand:
                M.literal = text
                assert M._simple_command("APPEND", "INBOX", flags, date)[0] in ("OK", "NO")
            else:
                M.append("INBOX", flags, date, text)

        for flags, date in ((r"(\Foo)", DATE), (r"(\Seen)", '"yesterday"')):
            with pytest.raises(IMAP4.error, match="Invalid system flag"):
                append(flags, date)
        append(r"(\Seen)", DATE)
