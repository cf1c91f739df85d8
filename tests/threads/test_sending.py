"""Which thread sends, what is left of it, and when the writer looks again."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._clock import Clock
from imaplib2._mutex import Mutex
from imaplib2._protocol.connection import Connection
from imaplib2._threads.sending import DIRECT_SIZE, Sending, chunks

from .helpers import Channel, command


class Line:
    """The queue, a core with output, and a transport."""

    def __init__(self) -> None:
        self.mutex = Mutex()
        self.sending = Sending(self.mutex)
        self.core = Connection(b"A")
        self.channel: Any = Channel()

    def rings(self) -> bool:
        """Whether the writer was woken since the last call."""
        silence = self.sending.bell._silence
        return not silence.locked() and silence.acquire(blocking=False)

    def take_at_once(self) -> Any:
        return self.mutex.run(self.sending.take_at_once, self.core, self.channel)

    def take(self) -> Any:
        return self.mutex.run(self.sending.take, self.core)

    def end(self, rest: Any = b"") -> None:
        self.mutex.run(self.sending.end, self.core, rest)


@pytest.fixture
def line() -> Line:
    made = Line()
    made.core.output = [b"A1 NOOP\r\n"]
    return made


def test_a_short_command_is_sent_by_the_thread_that_issues_it(line: Line) -> None:
    assert line.take_at_once() == [b"A1 NOOP\r\n"]
    assert line.sending.is_taken
    assert not line.core.output


def test_the_writer_is_to_look_at_the_silence_that_follows(line: Line) -> None:
    line.take_at_once()
    assert line.rings()
    assert line.sending.silence.next_look is not None
    line.end()
    assert not line.rings()
    line.core.output = [b"A2 NOOP\r\n"]
    line.take_at_once()
    line.end()
    assert not line.rings()


@pytest.mark.parametrize("at_once", [False, True])
def test_what_is_to_be_sent_is_looked_at_by_those_who_wait(line: Line, at_once: bool) -> None:
    """They keep the time where the writer is stuck in a subclass's send()."""
    line.channel.can_send_at_once = at_once
    line.take_at_once()
    assert line.sending.silence.next_look is not None


def test_what_is_sent_while_the_writer_looks_is_looked_at_again(line: Line) -> None:
    line.sending.silence.begin()
    line.take_at_once()
    # All that it sees is acknowledged: the command has not left yet.
    line.channel.silent_for = lambda: None
    line.sending.silence.look(line.channel)
    line.end()
    assert line.rings()
    assert line.sending.silence.next_look is not None


def test_of_many_commands_a_load_is_sent_by_the_thread_that_issues_the_last(line: Line) -> None:
    for number in range(100):
        line.core.in_progress[b"B%d" % number] = command("NOOP")
    assert line.take_at_once() is None
    line.core.put_back(bytes(2 * 1024))
    assert line.take_at_once() == [bytes(2 * 1024), b"A1 NOOP\r\n"]


@pytest.mark.parametrize("why", ["large", "crowd", "indirect"])
def test_all_else_is_the_writers(line: Line, why: str) -> None:
    if why == "large":
        line.core.put_back(bytes(DIRECT_SIZE + 1))
    elif why == "crowd":
        line.core.in_progress = {b"%d" % number: command() for number in range(17)}
    else:
        line.channel.can_send_at_once = False
    line.sending.silence.begin()
    issued = [*line.core.output]
    assert line.take_at_once() is None
    assert not line.sending.is_taken
    assert line.rings()
    assert line.take() == issued
    assert line.sending.is_taken


def test_what_another_thread_is_sending_is_waited_for(line: Line) -> None:
    line.take_at_once()
    line.core.output = [b"A2 NOOP\r\n"]
    line.rings()
    assert line.take() == []
    line.end()
    assert line.rings()
    assert line.take() == [b"A2 NOOP\r\n"]


def test_what_could_not_be_sent_is_sent_first(line: Line) -> None:
    line.channel.room = 3
    output = line.take_at_once()
    rest = line.sending.try_send(output, line.channel)
    line.core.output = [b"A2 NOOP\r\n"]
    line.rings()
    line.end(rest)
    assert line.rings()
    assert line.channel.sent == b"A1 "
    assert b"".join(line.take()) == b"NOOP\r\nA2 NOOP\r\n"


def test_when_nothing_can_be_sent_any_more_the_writer_sees_to_it(line: Line) -> None:
    line.channel.problem = BrokenPipeError(errno.EPIPE, "Broken pipe")
    output = line.take_at_once()
    line.rings()
    assert line.sending.try_send(output, line.channel) is None
    assert line.sending.broken is line.channel.problem
    assert line.sending.is_taken
    assert line.rings()


def test_the_buffer_of_the_system_is_watched_from_some_size_on(line: Line) -> None:
    line.channel.in_buffer = 7000
    line.sending.try_send([b"short"], line.channel)
    assert line.sending.unsent == 0
    line.sending.try_send([bytes(4096), bytes(4096)], line.channel)
    assert line.sending.unsent == 7000
    assert not line.sending.has_drained(line.channel)
    line.channel.in_buffer = 6000
    assert line.sending.has_drained(line.channel)
    assert not line.sending.has_drained(line.channel)


def test_a_writer_without_deadlines_sleeps_until_it_is_woken(line: Line) -> None:
    line.core.output = []
    line.core.welcome = b"hello"
    assert line.take() == []
    assert line.sending.alarm is None
    line.sending.bell.ring()
    line.sending.sleep()
    assert line.sending.alarm == float("-inf")


def test_a_writer_sleeps_until_the_earliest_deadline(line: Line) -> None:
    line.core.output = []
    now = Clock.now()
    line.core.start(now, 60.0)
    assert line.take() == []
    assert line.sending.alarm == now + 60.0
    line.sending.silence.begin()
    assert line.take() == []
    assert line.sending.alarm == line.sending.silence.next_look
    line.sending.unsent = 1
    assert line.take() == []
    assert line.sending.alarm is not None
    assert line.sending.alarm < now + 1


def test_what_is_due_is_done_before_sleeping(line: Line) -> None:
    line.core.output = []
    line.core.start(Clock.now() - 61, 60.0)
    assert line.take() is None


def test_patience_ends_with_the_deadline() -> None:
    sending = Sending(Mutex())
    assert sending.patience(None) == 1.0
    assert sending.patience(Clock.now() + 60) == 1.0
    assert sending.patience(Clock.now() - 1) == 0.0
    sending.unsent = 1
    assert sending.patience(Clock.now() + 60) == 0.05


@pytest.mark.parametrize("step", ["take", "end"])
def test_the_mutex_is_needed(line: Line, step: str) -> None:
    with pytest.raises(AssertionError):
        getattr(line.sending, step)(line.core)


@given(st.lists(st.integers(0, 3 * DIRECT_SIZE).map(lambda size: bytes(size)), max_size=8))
def test_chunks_are_the_same_bytes(buffers: list[bytes]) -> None:
    found = chunks([*buffers])
    assert b"".join(found) == b"".join(buffers)
    assert len(found) <= 2 * sum(len(buffer) > DIRECT_SIZE for buffer in buffers) + 1


def test_the_large_part_of_a_message_is_not_copied() -> None:
    message = bytes(10 * DIRECT_SIZE)
    head, rest, tail = chunks([b"A1 APPEND x {655360}\r\n", message, b"\r\n"])
    assert memoryview(rest).obj is message
    assert len(head) == DIRECT_SIZE + 22
    assert tail == b"\r\n"


class Turns:
    """Threads that take, send and end in any order: the wire has the order of the output."""

    def __init__(self) -> None:
        self.line = Line()
        self.numbers = 0
        self.users: list[Any] = []
        self.writers: list[Any] = []
        self.expected = b""

    def issue(self) -> None:
        data = b"A%d NOOP\r\n" % self.numbers
        self.numbers += 1
        self.expected += data
        self.line.core.output.append(data)
        if not self.line.sending.is_taken and (taken := self.line.take_at_once()):
            self.users.append(taken)

    def send(self, room: int) -> None:
        if self.users:
            self.line.channel.room = room
            self.line.end(self.line.sending.try_send(self.users.pop(), self.line.channel))

    def write(self) -> None:
        taken = self.line.take()
        if taken:
            self.line.channel.room = None
            for chunk in chunks(taken):
                self.line.channel.send(chunk, None)
            self.line.end()

    def check(self) -> None:
        assert len(self.users) <= 1
        assert self.line.sending.is_taken == bool(self.users)


@given(st.lists(st.one_of(st.just("issue"), st.just("write"), st.integers(0, 12)), max_size=60))
def test_one_thread_sends_at_a_time_in_order(steps: list[Any]) -> None:
    turns = Turns()
    for step in steps:
        if isinstance(step, int):
            turns.send(step)
        else:
            getattr(turns, step)()
        turns.check()
    turns.send(0)
    turns.write()
    assert turns.line.channel.sent == turns.expected
