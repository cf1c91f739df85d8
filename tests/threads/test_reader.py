"""What the reader does with what comes, and with the end of it."""

from __future__ import annotations

import errno
import io
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from imaplib2._errors import OSErrorAbort, abort
from imaplib2._protocol.claims import MessageClaim
from imaplib2._protocol.command import Command
from imaplib2._protocol.commands import COMMANDS, Upgrade
from imaplib2._threads import reader
from imaplib2._threads.downloads import Download
from imaplib2._threads.gate import Gate
from imaplib2._threads.literals import LiteralSource
from imaplib2._threads.polling import Polling
from imaplib2._threads.reader import Reader

from .helpers import SECONDS, Channel, command, gate, refuse, until


class Reading:
    """A reader that runs."""

    def __init__(self, early: bytes = b"", upgrader: Any = refuse) -> None:
        self.channel = Channel()
        self.gate: Gate = gate(self.channel, upgrader)
        self.gate.core.state = "SELECTED"
        self.early = early
        self._reader: Reader | None = None

    def start(self) -> None:
        self._reader = Reader(self.gate, self.early)
        self._reader.thread.start()

    def submit(self, issued: Command) -> Command:
        self.gate.drive(self.gate.core.submit, issued)
        return issued

    def comes(self, data: bytes | None) -> None:
        self.channel.incoming.put(data)

    def ended(self) -> str:
        """Why the connection is over."""
        assert self._reader is not None
        self._reader.thread.join(SECONDS)
        assert not self._reader.thread.is_alive()
        assert not self.gate.ending.running
        return str(self.gate.core.reason)


@pytest.fixture
def at() -> Iterator[Reading]:
    made = Reading()
    yield made
    made.comes(b"")


def test_it_has_a_name(at: Reading) -> None:
    thread = Reader(at.gate, b"").thread
    assert thread.name == "imaplib2 reader"
    assert thread.daemon


def test_what_comes_is_taken(at: Reading) -> None:
    at.start()
    issued = at.submit(command())
    at.comes(b"* 3 EXISTS\r\n" + issued.tag)
    at.comes(None)
    at.comes(b" OK done\r\n")
    assert issued.waiter.wait() == ("OK", [b"done"])
    assert at.gate.core.untagged.take("EXISTS") == [b"3"]
    assert not at.gate.ending.running.isdisjoint({at._reader.thread.ident})  # type: ignore[union-attr]


def test_what_came_early_is_taken_first() -> None:
    at = Reading(b"* 1 EXISTS\r\n* 2 EX")
    at.start()
    at.comes(b"ISTS\r\n")
    at.comes(b"")
    at.ended()
    assert at.gate.core.untagged.take("EXISTS") == [b"1", b"2"]


def test_others_may_have_the_mutex_in_between(at: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_BATCH", 10)
    sizes: list[int] = []
    receive = at.gate.core.receive

    def counted(frames: list[Any], now: float) -> None:
        sizes.append(len(frames))
        receive(frames, now)

    at.gate.core.receive = counted  # type: ignore[method-assign]
    Reader(at.gate, b"").receive(at.gate.core.frame(b"* 3 EXISTS\r\n* 4 RECENT\r\n" * 12))
    assert sizes == [10, 10, 4]


def test_bytes_that_give_no_response_are_a_sign_of_life(at: Reading) -> None:
    heard: list[int] = []
    at.gate.core.receive = lambda frames, now: heard.append(len(frames))  # type: ignore[method-assign]
    Reader(at.gate, b"").receive(at.gate.core.frame(b"* 3 EX"))
    assert heard == [0]


def test_literals_go_to_files(at: Reading) -> None:
    at.start()
    issued, file = command("FETCH"), io.BytesIO()
    issued.claim, issued.sink = MessageClaim(b"1", False), Download(file, None)
    at.submit(issued)
    text = bytes(range(256)) * 1000
    head = b"* 1 FETCH (BODY[] {%d}\r\n" % len(text)
    whole = b"%b%b FLAGS ())\r\n* 3 EXISTS\r\n%b OK done\r\n" % (head, text, issued.tag)
    for start in range(0, len(whole), 2048):
        at.comes(whole[start : start + 2048])
    result = issued.waiter.wait()
    assert result == ("OK", [(b"1 (BODY[] {%d}" % len(text), b""), b" FLAGS ())"])
    assert file.getvalue() == text
    assert at.gate.core.untagged.take("EXISTS") == [b"3"]


def test_a_literal_for_a_file_that_is_cut(at: Reading) -> None:
    at.start()
    issued, file = command("FETCH"), io.BytesIO()
    issued.claim, issued.sink = MessageClaim(b"1", False), Download(file, None)
    at.submit(issued)
    at.comes(b"* 1 FETCH (BODY[] {100}\r\nabc")
    at.comes(b"de")
    at.comes(b"")
    assert "EOF" in at.ended()
    with pytest.raises(abort, match="EOF"):
        issued.waiter.wait()
    assert file.getvalue() == b"abcde"


def test_a_connection_that_ends_when_a_literal_for_a_file_is_there(at: Reading) -> None:
    issued = command("FETCH")
    issued.claim, issued.sink = MessageClaim(b"1", False), Download(io.BytesIO(), None)
    at.submit(issued)
    reading = Reader(at.gate, b"")
    at.gate.hand_over = lambda *_: at.gate.fail(abort("now"))  # type: ignore[method-assign]
    reading._take(memoryview(b"* 1 FETCH (BODY[] {3}\r\nabc)\r\n"))
    assert str(at.gate.core.reason).startswith("now")


def test_large_literals_have_memory_of_their_own(
    at: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources: list[int] = []
    original = LiteralSource.__init__

    def counted(self: Any, of: Gate, begun: bytes, missing: int) -> None:
        sources.append(len(begun) + missing)
        original(self, of, begun, missing)

    monkeypatch.setattr(LiteralSource, "__init__", counted)
    at.start()
    issued = at.submit(command("FETCH"))
    size = reader.LARGE_LITERAL + 5000
    text = bytes(size)
    whole = b"* 1 FETCH (BODY[] {%d}\r\n%b)\r\n%b OK done\r\n" % (size, text, issued.tag)
    for start in range(0, len(whole), 2048):
        at.comes(whole[start : start + 2048])
    result = issued.waiter.wait()
    assert result == ("OK", [(b"1 (BODY[] {%d}" % size, text), b")"])
    assert sources == [size]


# Upgrades


@pytest.mark.parametrize("end", ["upgraded", "lost", "forgotten", "closing"])
def test_it_waits_for_an_upgrade(end: str) -> None:
    following: Any = Channel()
    at = Reading(upgrader=lambda upgraded, unread: following)
    at.start()
    row = COMMANDS["NOOP"].but(name="COMPRESS", upgrade=Upgrade.DEFLATE)
    issued = at.submit(command("COMPRESS", of=row))
    at.comes(issued.tag + b" OK go\r\n")
    until(lambda: at.gate.core.paused)
    if end == "upgraded":
        assert issued.waiter.wait()[0] == "OK"
        following.incoming.put(b"* 3 EXISTS\r\n")
        following.incoming.put(b"")
    elif end == "lost":
        at.gate.fail_by(OSError("cut"))
    else:
        at.gate.ending.forgotten = end == "forgotten"
        at.gate.ending.closing = None if end == "forgotten" else True
        at.gate.interrupt()
    reason = at.ended()
    assert {
        "upgraded": "socket error: EOF",
        "lost": "socket error: cut",
        "forgotten": "the connection was dropped",
        "closing": "the connection was closed by logout()",
    }[end] in reason
    assert (at.gate.core.untagged.take("EXISTS") == [b"3"]) is (end == "upgraded")


# While a user polls


def polled(at: Reading) -> Polling:
    at.gate.polls.current = Polling()
    return at.gate.polls.current


def test_it_reads_when_it_is_asked_to(at: Reading) -> None:
    orders = polled(at)
    at.start()
    at.comes(b"* 3 EXISTS\r\n")
    assert not at.gate.core.untagged.has("EXISTS")
    orders._read_once()
    assert at.gate.core.untagged.take("EXISTS") == [b"3"]
    at.gate.polls.current = None
    orders.end()


def test_it_reads_what_no_descriptor_tells_of(at: Reading) -> None:
    polled(at)
    at.channel.has_more = True
    at.start()
    at.comes(b"* 3 EXISTS\r\n")
    at.comes(b"")
    at.ended()
    assert at.gate.core.untagged.take("EXISTS") == [b"3"]


def test_it_waits_for_no_errand_of_a_client_that_is_gone(at: Reading) -> None:
    polled(at)
    at.gate.ending.forgotten = True
    at.start()
    at.comes(b"")
    assert "dropped without logout" in at.ended()


# The end


def test_the_end_of_file(at: Reading) -> None:
    at.start()
    at.comes(b"")
    assert "socket error: EOF: the server closed the connection" in at.ended()


@pytest.mark.parametrize("closing", [False, True])
def test_the_end_by_a_close_without_the_mutex(at: Reading, closing: bool) -> None:
    at.gate.ending.closing = closing
    at.start()
    at.comes(b"")
    assert f"closed by {'logout' if closing else 'shutdown'}()" in at.ended()


def test_a_sender_tells_why_before_the_end_of_file(at: Reading) -> None:
    at.gate.sending.is_taken = True
    at.start()
    at.comes(b"")
    at.gate.sending.broken = ConnectionResetError(errno.ECONNRESET, "reset by peer")
    assert "reset by peer" in at.ended()
    assert isinstance(at.gate.core.reason, OSErrorAbort)


def test_a_sender_that_tells_nothing_is_waited_for_within_bounds(
    at: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_SENDER_TIMEOUT", 0.01)
    at.gate.sending.is_taken = True
    at.start()
    at.comes(b"")
    assert "EOF" in at.ended()


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (ConnectionResetError(errno.ECONNRESET, "reset by peer"), "socket error: [Errno"),
        (ZeroDivisionError("mine"), "ZeroDivisionError: mine"),
        (SystemExit(1), "SystemExit: 1"),
    ],
)
def test_whatever_comes_up_ends_the_connection(
    at: Reading, problem: BaseException, text: str
) -> None:
    waiting = at.submit(command())

    def recv_into(buffer: memoryview) -> int:
        raise problem

    at.channel.recv_into = recv_into  # type: ignore[method-assign]
    at.start()
    assert at.ended().startswith(text)
    assert waiting.waiter.done


def test_a_violation_of_the_protocol_ends_the_connection(at: Reading) -> None:
    at.start()
    at.comes(b"X1 OK what?\r\n")
    assert "unexpected tagged response" in at.ended()


def test_a_reader_that_leaves_last_closes_the_transport(at: Reading) -> None:
    at.gate.mutex.run(at.gate.ending.is_last, threading.Thread())
    at.start()
    at.comes(b"")
    at.ended()
    assert at.channel.closed
