"""The writer sends what others can't, keeps the time, and sees to what they couldn't end."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import pytest

from imaplib2._errors import OSErrorAbort, abort
from imaplib2._protocol.arguments import Buffer
from imaplib2._protocol.command import Command
from imaplib2._protocol.output import SOURCE_ROOM
from imaplib2._protocol.parts import Message, Source
from imaplib2._threads import writer
from imaplib2._threads.gate import Gate
from imaplib2._threads.sending import DIRECT_SIZE
from imaplib2._threads.writer import Writer

from .helpers import SECONDS, Channel, command, gate, say, until


class Writing:
    """A writer that runs."""

    def __init__(self) -> None:
        self.channel = Channel()
        self.channel.can_send_at_once = False
        self.gate: Gate = gate(self.channel)
        self._writer = Writer(self.gate)
        self.thread = self._writer.thread

    def submit(self, issued: Command | None = None) -> Command:
        issued = issued or command()
        self.gate.drive(self.gate.core.submit, issued)
        return issued

    def ended(self) -> str:
        """Why the connection is over."""
        self.thread.join(SECONDS)
        assert not self.thread.is_alive()
        assert not self.gate.ending.running
        return str(self.gate.core.reason)


@pytest.fixture
def at() -> Iterator[Writing]:
    made = Writing()
    yield made
    made.gate.fail(abort("the end of the test"))
    if made.thread.ident:
        made.ended()


def wait_sent(at: Writing, data: bytes) -> None:
    until(lambda: data in at.channel.sent)


def test_it_has_a_name(at: Writing) -> None:
    assert at.thread.name == "imaplib2 writer"
    assert at.thread.daemon


def test_it_sends_what_is_issued(at: Writing) -> None:
    at.thread.start()
    first, second = at.submit(), at.submit()
    wait_sent(at, first.tag + b" NOOP\r\n" + second.tag + b" NOOP\r\n")
    say(at.gate, b"".join(each.tag + b" OK done\r\n" for each in (first, second)))
    assert second.waiter.wait()[0] == "OK"


def test_it_sends_in_portions_and_tells_of_the_progress(at: Writing) -> None:
    progressed: list[float] = []
    at.gate.core.progressed = progressed.append  # type: ignore[method-assign]
    at.channel.room = DIRECT_SIZE
    at.gate.core.output.append(bytes(4 * DIRECT_SIZE))
    at.thread.start()
    wait_sent(at, bytes(4 * DIRECT_SIZE))
    at.gate.fail(abort("the end"))
    at.ended()
    assert len(progressed) >= 3


def test_it_has_a_source_fed_when_there_is_room(at: Writing) -> None:
    source = Source(3 * SOURCE_ROOM)
    issued = command("APPEND")
    issued.parts += [b" x ", Message(source)]
    at.submit(issued)
    at.thread.start()
    wait_sent(at, b"{%d}\r\n" % source.size)
    asked: list[Source] = []
    at.gate.hand_over = lambda of, job: asked.append(source)  # type: ignore[method-assign]
    say(at.gate, b"+ go on\r\n")
    for number in (1, 2, 3):
        until(lambda: len(asked) == number)  # noqa: B023
        at.gate.drive(at.gate.core.feed, source, bytes(SOURCE_ROOM))
        # When the writer was so fast that there is room already, whoever feeds is to go on.
        if at.gate.mutex.run(at.gate.core.wants_more, source):
            asked.append(source)
    wait_sent(at, bytes(3 * SOURCE_ROOM) + b"\r\n")
    assert len(asked) == 3


def test_it_goes_on_when_a_stalled_transport_takes_more(at: Writing) -> None:
    sizes = [0, 0, 3, 0, 100]

    def send(data: Buffer, timeout: float | None) -> int:
        assert timeout is not None
        size = min(sizes.pop(0), len(memoryview(data)))
        at.channel.sent += bytes(data)[:size]
        return size

    at.channel.send = send  # type: ignore[method-assign]
    issued = at.submit()
    at.thread.start()
    wait_sent(at, issued.tag + b" NOOP\r\n")


def test_it_keeps_the_time(at: Writing) -> None:
    at.gate.core.timeout = 0.02
    at.thread.start()
    waiting = at.submit()
    assert "timed out" in at.ended()
    with pytest.raises(TimeoutError):
        waiting.waiter.wait()


def test_a_writer_that_can_not_send_keeps_the_time(at: Writing) -> None:
    at.gate.core.timeout = 0.02
    at.channel.room = 0
    at.submit()
    at.thread.start()
    assert "timed out" in at.ended()


@pytest.mark.parametrize("said", [False, True])
def test_what_the_server_had_said_when_it_can_not_send_is_the_reason(
    at: Writing, said: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_LAST_WORDS_TIMEOUT", SECONDS if said else 0.02)
    at.channel.problem = BrokenPipeError(errno.EPIPE, "Broken pipe")
    at.submit()
    at.thread.start()
    if said:
        until(lambda: at.gate.sending.broken)
        at.gate.fail(abort("so long"))
    assert ("so long" if said else "Broken pipe") in at.ended()
    assert isinstance(at.gate.core.reason, OSErrorAbort) is not said


def test_it_sees_to_the_end_when_another_thread_can_not_send(
    at: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_LAST_WORDS_TIMEOUT", 0.02)
    at.channel.can_send_at_once = True
    at.channel.problem = BrokenPipeError(errno.EPIPE, "Broken pipe")
    at.thread.start()
    waiting = at.submit()
    assert "Broken pipe" in at.ended()
    assert waiting.waiter.done


def test_it_sees_to_the_end_that_an_interrupted_thread_could_not(at: Writing) -> None:
    waiting = at.submit()
    at.gate.interrupted = KeyboardInterrupt
    at.thread.start()
    assert "KeyboardInterrupt while a command was sent" in at.ended()
    assert waiting.waiter.done


def test_whatever_comes_up_ends_the_connection(at: Writing) -> None:
    def send(data: Buffer, timeout: float | None) -> int:
        raise ZeroDivisionError("mine")

    at.channel.send = send  # type: ignore[method-assign]
    at.submit()
    at.thread.start()
    assert "ZeroDivisionError: mine" in at.ended()


def test_it_leaves_when_the_connection_is_over(at: Writing) -> None:
    at.thread.start()
    at.gate.fail(abort("the line is cut"))
    assert "the line is cut" in at.ended()
