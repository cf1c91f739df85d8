"""The callback thread: each callback once, in order, whatever comes up."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._clock import Clock
from imaplib2._threads import callbacks
from imaplib2._threads.callbacks import Callbacks
from imaplib2._threads.pending import Pending

from .helpers import SECONDS, in_background


def writer_keeps_it() -> float | None:
    """The time is the writer's."""
    return None


def pending(callback: Any, argument: Any = None) -> Pending:
    """A command that has completed."""
    made = Pending(None, callback, argument)
    made.set(("OK", []))
    return made


class Thread:
    """The callback thread of one connection, and what it was called with."""

    def __init__(self) -> None:
        self.callbacks = Callbacks("Waldo")
        self.called: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def start(self) -> None:
        self.callbacks.start(writer_keeps_it)

    def put(self, argument: Any, callback: Any = None) -> Pending:
        """Have *argument* be that of the next call."""
        made = pending(callback or self.called.put, argument)
        self.callbacks.put(made)
        return made

    def next(self) -> Any:
        """The argument of the next call."""
        return self.called.get(timeout=SECONDS)[1]

    def ended(self) -> None:
        thread = self.callbacks.thread
        assert thread is not None
        thread.join(SECONDS)
        assert not thread.is_alive()


@pytest.fixture
def at() -> Iterator[Thread]:
    thread = Thread()
    yield thread
    thread.callbacks.end()
    if thread.callbacks.thread is not None:
        thread.ended()


def test_callbacks_are_called_in_order(at: Thread) -> None:
    at.start()
    for number in range(100):
        at.put(number)
    assert [at.next() for _ in range(100)] == [*range(100)]


def test_what_was_put_before_the_thread_is_called_by_it(at: Thread) -> None:
    at.put(1)
    at.start()
    assert at.next() == 1


def test_it_is_named_after_the_connection(at: Thread) -> None:
    at.start()
    thread = at.callbacks.thread
    assert thread is not None
    assert thread.name == "Waldo callbacks"
    assert thread.daemon
    at.start()
    assert at.callbacks.thread is thread


def test_a_callback_that_is_put_twice_is_called_once(at: Thread) -> None:
    at.start()
    twice = at.put(1)
    at.callbacks.put(twice)
    at.put(2)
    assert [at.next(), at.next()] == [1, 2]
    assert at.callbacks.due == 2


def test_the_end_is_behind_what_is_due(at: Thread) -> None:
    at.put(1)
    at.put(2)
    at.callbacks.end()
    at.start()
    at.ended()
    assert [at.next(), at.next()] == [1, 2]


def test_an_exception_of_a_callback_hurts_no_other(
    at: Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", reported.append)

    def fail(outcome: Any) -> None:
        raise outcome[1]

    at.start()
    kinds = [ValueError, SystemExit, KeyboardInterrupt]
    for kind in kinds:
        at.put(kind, fail)
        at.put(2)
        assert at.next() == 2
    assert [report.exc_type for report in reported] == kinds


def test_an_exception_before_a_callback_delays_it_only(
    at: Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", reported.append)
    unlucky = at.put(1)
    call_back = unlucky.call_back

    def out_of_memory() -> None:
        unlucky.call_back = call_back  # type: ignore[method-assign]
        raise MemoryError

    unlucky.call_back = out_of_memory  # type: ignore[method-assign]
    at.start()
    assert at.next() == 1
    assert [report.exc_type for report in reported] == [MemoryError]


def test_a_callback_waits_until_its_answer_is_traced(at: Thread) -> None:
    at.start()
    traced = at.callbacks.hold()
    at.put(1)
    assert at.called.empty()
    traced.ring()
    assert at.next() == 1


def test_the_trace_is_waited_for_within_bounds(at: Thread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "_TRACE_TIMEOUT", 0.01)
    at.start()
    at.callbacks.hold()
    at.put(1)
    assert at.next() == 1


# Commands wait for the callbacks of those before them


def test_callbacks_that_are_due_are_waited_for(at: Thread) -> None:
    at.start()
    for number in range(10):
        at.put(number)
    at.callbacks.drain()
    assert at.called.qsize() == 10
    assert at.callbacks.done == at.callbacks.due == 10


def test_a_slow_callback_is_waited_for_once(at: Thread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "_CALLBACKS_TIMEOUT", 0.1)
    go = threading.Event()
    at.start()
    at.put(1, lambda outcome: go.wait(SECONDS))
    at.callbacks.drain()
    begun = Clock.now()
    for _ in range(100):
        at.callbacks.drain()
    assert Clock.now() - begun < 0.1
    go.set()


# A callback that waits runs the jobs of others


def test_a_job_is_run_within_a_callback_that_waits_for_a_command(at: Thread) -> None:
    other, waits = Pending(), threading.Event()

    def wait(outcome: Any) -> None:
        waits.set()
        at.callbacks.wait(other, None)
        at.called.put(outcome)

    at.start()
    at.put("callback", wait)
    assert waits.wait(SECONDS)
    at.callbacks.hand_over(lambda: other.set(("OK", [])))
    assert at.next() == "callback"


def test_a_job_is_run_within_a_callback_that_waits_for_an_item(at: Thread) -> None:
    items: queue.SimpleQueue[str] = queue.SimpleQueue()
    waits = threading.Event()

    def wait(outcome: Any) -> None:
        waits.set()
        at.called.put((None, at.callbacks.next_of(items, None, writer_keeps_it)))

    at.start()
    at.put("callback", wait)
    assert waits.wait(SECONDS)
    at.callbacks.hand_over(lambda: items.put("item"))
    assert at.next() == "item"


def test_jobs_are_run_by_a_callback_thread_that_waits_for_callbacks(at: Thread) -> None:
    at.start()
    at.callbacks.hand_over(lambda: at.called.put((None, "job")))
    assert at.next() == "job"


def test_an_item_is_waited_for_until_a_deadline(at: Thread) -> None:
    items: queue.SimpleQueue[int] = queue.SimpleQueue()
    with pytest.raises(queue.Empty):
        at.callbacks.next_of(items, Clock.now() + 0.01, writer_keeps_it)
    items.put(1)
    assert at.callbacks.next_of(items, Clock.now(), writer_keeps_it) == 1


def test_the_time_is_kept_meanwhile(at: Thread) -> None:
    items: queue.SimpleQueue[int] = queue.SimpleQueue()
    looks = []

    def keep_time() -> float:
        looks.append(1)
        if len(looks) == 3:
            items.put(1)
        return 0.0

    assert at.callbacks.next_of(items, None, keep_time) == 1
    assert len(looks) == 3


def test_the_callback_thread_looks_at_the_time_again() -> None:
    looked: queue.SimpleQueue[int] = queue.SimpleQueue()
    called = Callbacks("Waldo")

    def keep_time() -> None:
        looked.put(1)

    called.start(keep_time)
    looked.get(timeout=SECONDS)
    called.stir()
    looked.get(timeout=SECONDS)
    called.end()


# Where threads can't be had, or have ended


def test_no_thread_can_be_had(at: Thread, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            at.start()
        assert at.callbacks.thread is None
        at.callbacks.call_last(partial(at.called.put, (None, "last")), is_alone=False)
        assert at.next() == "last"
    at.put(1)
    at.start()
    assert at.next() == 1


def test_this_thread_takes_its_place(at: Thread) -> None:
    at.put(1)
    at.callbacks.end()
    at.callbacks.take_place()
    at.callbacks.run(writer_keeps_it)
    assert at.next() == 1
    at.callbacks.thread = None


@pytest.mark.parametrize("is_alone", [False, True])
def test_the_last_call_is_behind_all_others(at: Thread, is_alone: bool) -> None:
    go = threading.Event()
    at.start()
    at.put(1, lambda outcome: (go.wait(SECONDS), at.called.put(outcome)))
    at.callbacks.call_last(partial(at.called.put, (None, "last")), is_alone=is_alone)
    at.callbacks.call_last(partial(at.called.put, (None, "behind")), is_alone=is_alone)
    at.callbacks.end()
    assert at.called.empty()
    go.set()
    assert [at.next(), at.next(), at.next()] == [1, "last", "behind"]


def test_a_thread_whose_start_was_interrupted_calls_nothing(at: Thread) -> None:
    at.put(1)
    at.callbacks.end()
    in_background(lambda: at.callbacks.run(writer_keeps_it))()
    assert at.called.empty()
    at.start()
    assert at.next() == 1


@given(st.lists(st.sampled_from(["put", "again", "job", "fail"]), max_size=30))
def test_each_is_called_once_in_order(steps: list[str]) -> None:
    called, expected = [], []
    at = Callbacks("Waldo")
    before: list[Pending] = []

    def fail(outcome: Any) -> None:
        called.append(outcome[1])
        raise SystemExit

    for number, step in enumerate(steps):
        if step == "again":
            for one in before:
                at.put(one)
        elif step == "job":
            at.put_job(partial(called.append, number))
            expected.append(number)
        else:
            callback = fail if step == "fail" else lambda outcome: called.append(outcome[1])
            before.append(pending(callback, number))
            at.put(before[-1])
            expected.append(number)
    at.end()
    hook, threading.excepthook = threading.excepthook, lambda report: None
    try:
        at.take_place()
        at.run(writer_keeps_it)
    finally:
        threading.excepthook = hook
    assert called == expected
    assert at.done == at.due == len(before)


def test_which_threads_call_back() -> None:
    """The one that takes the place of another, too, and what that other one still calls."""
    at = Thread()
    at.start()
    found: queue.SimpleQueue[bool] = queue.SimpleQueue()
    at.put(None, lambda outcome: found.put(at.callbacks.is_current))
    at.callbacks.call_last(lambda: found.put(at.callbacks.is_current), is_alone=False)
    at.callbacks.end()
    assert found.get(timeout=SECONDS)
    assert found.get(timeout=SECONDS)
    assert not at.callbacks.is_current
    at.callbacks.take_place()
    assert at.callbacks.is_current
