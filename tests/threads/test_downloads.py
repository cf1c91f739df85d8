"""Downloads: a literal that goes from the reader to a file."""

from __future__ import annotations

import io
import threading
from asyncio import CancelledError
from typing import Any

import pytest

from imaplib2._errors import abort, error
from imaplib2._mutex import Bell
from imaplib2._protocol.claims import MessageClaim
from imaplib2._protocol.command import Command
from imaplib2._threads import downloads
from imaplib2._threads.downloads import PORTION, PORTIONS, Download, receive, write_all
from imaplib2._threads.gate import Gate

from .helpers import Channel, command, gate, in_background, say, until

HEAD = [b"* 1 FETCH (BODY[] {5}"]
CLAIM = MessageClaim(b"1", False)


class Short(io.BytesIO):
    """A file that takes no more than three bytes at a time."""

    def write(self, data: Any) -> int:
        return super().write(bytes(data)[:3])


class Broken:
    """A file that raises, from the *fine*-th write on."""

    def __init__(self, problem: BaseException, fine: int = 0) -> None:
        self._problem, self._fine = problem, fine

    def write(self, data: bytes) -> None:
        if self._fine == 0:
            raise self._problem
        self._fine -= 1


# -- The sink ------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", [io.StringIO(), None, b"x", object()])
def test_what_is_no_binary_file_is_refused(file: Any) -> None:
    with pytest.raises(TypeError, match="not a binary file"):
        Download(file, None)


def test_it_takes_the_text_that_was_asked_for() -> None:
    seen: list[tuple[int, int]] = []
    file = io.BytesIO()
    sink = Download(file, lambda done, size: seen.append((done, size)))
    assert not sink.takes(CLAIM, [b"* 2 FETCH (BODY[] {5}"], 5)
    assert sink.takes(CLAIM, HEAD, 5)
    sink.put(b"ab")
    sink.put(b"")
    sink.put(b"cde")
    assert file.getvalue() == b"abcde"
    assert seen == [(2, 5), (5, 5)]
    assert sink.outcome("OK", []) == ("OK", [5])


def test_two_texts_are_one_too_many() -> None:
    file = io.BytesIO()
    sink = Download(file, None)
    assert sink.takes(CLAIM, HEAD, 5)
    assert sink.is_wanted
    assert sink.takes(CLAIM, HEAD, 5)
    assert not sink.is_wanted
    sink.put(b"first")  # what was handed over before
    assert file.getvalue() == b"first"
    with pytest.raises(error, match="two texts"):
        sink.outcome("OK", [])
    assert sink.outcome("NO", [b"x"]) == ("NO", [b"x"])


def test_another_text_is_dropped() -> None:
    file = io.BytesIO()
    sink = Download(file, None)
    assert sink.takes(CLAIM, [b"* 1 FETCH (BODY[HEADER] {5}"], 5)
    assert not sink.is_wanted
    sink.disown()
    with pytest.raises(error, match="another text"):
        sink.outcome("OK", [(b"1 (BODY[HEADER] {5}", b""), b")"])
    assert sink.takes(CLAIM, HEAD, 5)
    assert sink.is_wanted
    sink.put(b"abcde")
    assert sink.outcome("OK", []) == ("OK", [5])
    sink.disown()
    with pytest.raises(error, match="another message"):
        sink.outcome("OK", [])


@pytest.mark.parametrize(
    ("data", "size"),
    [([b'1 (BODY[] "abc")'], 3), ([(b"1 (BODY[] {4}", b"abcd"), b")"], 4), ([b'1 (BODY[] "")'], 0)],
)
def test_what_was_no_stream_is_written_at_last(data: list[Any], size: int) -> None:
    file = io.BytesIO()
    assert Download(file, None).outcome("OK", data) == ("OK", [size])
    assert len(file.getvalue()) == size


@pytest.mark.parametrize("data", [[None], [b"1 (BODY[] NIL)"]])
def test_no_text(data: list[Any]) -> None:
    assert Download(io.BytesIO(), None).outcome("OK", data) == ("OK", [None])


def test_it_may_be_used_once() -> None:
    sink = Download(io.BytesIO(), None)
    sink.check_unused()
    sink.takes(CLAIM, HEAD, 5)
    with pytest.raises(error, match="again"):
        sink.check_unused()


def test_behind_a_drop_nothing_is_written() -> None:
    file = io.BytesIO()
    sink = Download(file, None)
    sink.takes(CLAIM, HEAD, 5)
    sink.handed = PORTIONS
    assert sink.is_full
    sink.bell = Bell()
    sink.drop()
    sink.bell.wait(None)
    assert not sink.is_full
    sink.put(b"abc")
    assert file.getvalue() == b""


def test_a_drop_before_the_reader_has_come() -> None:
    sink = Download(io.BytesIO(), None)
    sink.drop()
    assert not sink.is_wanted


def test_what_has_come_up_behind_the_answer_is_the_outcome() -> None:
    sink = Download(io.BytesIO(), None)
    sink.problem = OSError(28, "full")
    with pytest.raises(OSError, match="full"):
        sink.outcome("OK", [])


def test_what_was_not_written_is_no_success() -> None:
    sink = Download(io.BytesIO(), None)
    sink.takes(CLAIM, HEAD, 5)
    sink.put(b"abc")
    sink.drop()
    sink.put(b"de")
    with pytest.raises(error, match="cut short: the file has 3 bytes of 5"):
        sink.outcome("OK", [])
    assert sink.outcome("NO", [b"x"]) == ("NO", [b"x"])


def test_a_file_may_take_less() -> None:
    file = Short()
    write_all(file, b"0123456789")
    assert file.getvalue() == b"0123456789"


def test_a_file_may_say_nothing_of_what_it_took() -> None:
    parts: list[bytes] = []
    file: Any = type("File", (), {"write": lambda self, data: parts.append(data)})()
    write_all(file, b"abc")
    assert parts == [b"abc"]


@pytest.mark.parametrize("taken", [0, -1])
def test_a_file_that_takes_nothing(taken: int) -> None:
    file: Any = type("File", (), {"write": lambda self, data: taken})()
    with pytest.raises(error, match="takes nothing"):
        write_all(file, b"abc")


@pytest.mark.parametrize("taken", [None, 0])
def test_a_raw_file_that_does_not_block_takes_nothing(taken: int | None) -> None:
    class Raw(io.RawIOBase):
        def write(self, data: Any) -> int | None:
            parts.append(data)
            return 2 if len(parts) == 1 else taken

    parts: list[bytes] = []
    with pytest.raises(error, match="takes nothing"):
        write_all(Raw(), b"abc")
    assert parts == [b"abc", b"c"]


# -- From the reader -------------------------------------------------------------------------------


def streaming(
    size: int, begun: bytes, file: Any, callback: Any = None
) -> tuple[Gate, Channel, Command, Download]:
    """A gate whose reader has found a literal of *size* octets, the first of which are there."""
    channel = Channel()
    at = gate(channel)
    at.core.state = "SELECTED"
    waiting, sink = command("FETCH", callback), Download(file, None)
    waiting.claim, waiting.sink = CLAIM, sink
    at.callbacks.start = lambda keep_time: None  # type: ignore[method-assign]
    at.drive(at.core.submit, waiting)
    say(at, b"* 1 FETCH (BODY[] {%d}\r\n" % size + begun)
    assert at.core.streaming == size
    return at, channel, waiting, sink


def complete(at: Gate, waiting: Command) -> None:
    at.step(at.core.receive, at.core.frame_literal(b""))
    say(at, b")\r\n" + waiting.tag + b" OK done\r\n")


def test_a_literal_is_received_for_the_thread_that_waits() -> None:
    file = io.BytesIO()
    at, channel, waiting, sink = streaming(10, b"abc", file)
    for part in (b"de", None, b"fghij"):
        channel.incoming.put(part)
    assert receive(at)
    assert file.getvalue() == b""
    complete(at, waiting)
    pending: Any = waiting.waiter
    assert pending.wait() == ("OK", [(b"1 (BODY[] {10}", b""), b")"])
    assert file.getvalue() == b"abcdefghij"
    assert (sink.handed, sink.taken) == (3, 3)


def test_the_end_of_the_transport_is_that_of_the_literal() -> None:
    file = io.BytesIO()
    at, channel, waiting, _ = streaming(10, b"", file)
    channel.incoming.put(b"abc")
    channel.incoming.put(b"")
    assert not receive(at)
    at.fail(abort("gone"))
    pending: Any = waiting.waiter
    with pytest.raises(abort, match="gone"):
        pending.wait()
    assert file.getvalue() == b"abc"


def test_progress_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_PROGRESS_NOTE", -1.0)
    at, channel, _, _ = streaming(3, b"", io.BytesIO())
    channel.incoming.put(b"abc")
    heard = at.core.heard_at
    assert receive(at)
    assert at.core.heard_at > heard


def test_the_reader_waits_for_a_slow_file() -> None:
    file = io.BytesIO()
    size = PORTION * (PORTIONS + 2)
    at, channel, waiting, sink = streaming(size, b"", file)
    for _ in range(PORTIONS + 2):
        channel.incoming.put(bytes(PORTION))
    ended = in_background(lambda: receive(at))
    until(lambda: at.core._patience.is_held_up)
    assert sink.is_full
    assert channel.incoming.qsize() == 2
    pending: Any = waiting.waiter
    results: list[Any] = []
    waiter = in_background(lambda: results.append(pending.wait()))
    ended()
    assert not at.core._patience.is_held_up
    complete(at, waiting)
    waiter()
    assert len(file.getvalue()) == size
    assert results[0][0] == "OK"


@pytest.mark.parametrize("end", ["fail", "drop", "forgotten"])
def test_the_wait_for_a_slow_file_ends(end: str) -> None:
    at, channel, waiting, _ = streaming(PORTION * (PORTIONS + 1), b"", io.BytesIO())
    for _ in range(PORTIONS + 1):
        channel.incoming.put(bytes(PORTION))
    ended = in_background(lambda: receive(at))
    until(lambda: at.core._patience.is_held_up)
    if end == "fail":
        at.fail(abort("gone"))
    elif end == "drop":
        at.drive(lambda now: at.core.give_up(waiting, now))
    else:
        at.ending.forgotten = True
        at.interrupt()
    ended()


def test_what_the_file_raises_comes_up_in_the_thread_that_waits() -> None:
    at, channel, waiting, sink = streaming(6, b"abc", Broken(OSError(28, "full")))
    channel.incoming.put(b"def")
    assert receive(at)
    pending: Any = waiting.waiter
    with pytest.raises(OSError, match="full"):
        pending.wait()
    assert sink.is_dropped
    complete(at, waiting)
    assert at.core.reason is None
    assert pending.done


def test_an_interruption_comes_up_there_as_well() -> None:
    at, _, waiting, sink = streaming(3, b"abc", Broken(KeyboardInterrupt()))
    receive(at)
    pending: Any = waiting.waiter
    with pytest.raises(KeyboardInterrupt):
        pending.wait()
    assert sink.is_dropped


@pytest.mark.parametrize("lost", [False, True])
def test_a_callback_gets_what_the_file_raises_at_once(lost: bool) -> None:
    outcomes: list[Any] = []
    at, channel, waiting, sink = streaming(6, b"abc", Broken(OSError(28, "full")), outcomes.append)
    channel.incoming.put(b"def")
    receive(at)
    if lost:
        at.fail(abort("gone"))
        at.callbacks.end()
    else:
        at.callbacks.put_job(at.callbacks.end)
    at.callbacks._serving = threading.current_thread()
    at.callbacks.run(lambda: None)
    assert [outcome[2][0] for outcome in outcomes] == [abort if lost else OSError]
    assert sink.is_dropped
    if not lost:
        complete(at, waiting)
        assert len(outcomes) == 1


@pytest.mark.parametrize("kind", [SystemExit, GeneratorExit, KeyboardInterrupt, CancelledError])
def test_a_callback_gets_no_success_where_a_thread_was_to_end(
    kind: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    reports: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", reports.append)
    outcomes: list[Any] = []
    at, channel, waiting, sink = streaming(6, b"abc", Broken(kind("now")), outcomes.append)
    channel.incoming.put(b"def")
    receive(at)
    at.callbacks.put_job(at.callbacks.end)
    at.callbacks._serving = threading.current_thread()
    at.callbacks.run(lambda: None)
    ((_, _, (told, text)),) = outcomes
    assert told is error
    assert text == f"FETCH was cut short by {kind.__name__}: now"
    assert isinstance(text.error.__cause__, kind)
    assert [report.exc_type for report in reports] == [kind]
    assert sink.is_dropped
    complete(at, waiting)
    assert len(outcomes) == 1


def test_user_code_may_not_wait_for_itself() -> None:
    problems: list[Exception] = []

    class File:
        def write(self, data: bytes) -> None:
            other = command()
            try:
                at.user_code.check_no_deadlock(other)
            except error as problem:
                problems.append(problem)

    at, _, waiting, _ = streaming(3, b"abc", File())
    receive(at)
    complete(at, waiting)
    pending: Any = waiting.waiter
    pending.wait()
    assert "NOOP would wait for FETCH" in str(problems)
    assert not at.user_code.running
