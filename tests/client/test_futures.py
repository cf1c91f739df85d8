"""The future of a command: one fate, told once, whoever is first and whatever comes up."""

from __future__ import annotations

import gc
import os
import sys
import threading
import weakref
from concurrent import futures
from concurrent.futures import CancelledError, Future, as_completed, wait
from contextlib import suppress
from typing import Any

import pytest

from imaplib2._errors import ErrorText, TimeoutAbort, abort, error
from imaplib2._futures import CommandFuture, Source, Waiters
from imaplib2._protocol.command import Command
from imaplib2._protocol.commands import COMMANDS
from imaplib2._types import LATER

OK = ("OK", [b"done"])


class Engine:
    """What a future uses of the engine."""

    def __init__(self, problem: type[BaseException] | None = None) -> None:
        self.cancelled: list[Command] = []
        self.is_needed = False
        self._problem = problem

    def cancel(self, command: Command) -> None:
        self.cancelled.append(command)
        if self._problem is not None:
            raise self._problem


def made(engine: Any = None) -> CommandFuture:
    return CommandFuture("fetch", engine)


def command() -> Command:
    return Command(COMMANDS["NOOP"], [b"NOOP"])


def failed(problem: BaseException) -> Any:
    """What a callback gets."""
    return None, None, (abort, ErrorText.of(problem))


# -- Its fate


def test_an_answer() -> None:
    future = made(Engine())
    added: list[Any] = []
    future.add_done_callback(lambda future: added.append(future.result()))
    assert not future.done()
    future.deliver((OK, None, None))
    assert future.result() == OK
    assert future.exception() is None
    assert added == [OK]
    assert not future.cancel()
    future.deliver((("NO", []), None, None))
    assert future.result() == OK


def test_an_error_is_the_exception_itself() -> None:
    future, problem = made(Engine()), TimeoutAbort("silence")
    future.deliver(failed(problem))
    assert future.exception() is problem
    with pytest.raises(TimeoutError):
        future.result()


def test_an_error_of_a_subclass_s_own_making() -> None:
    future = made()
    future.deliver((None, None, (ValueError, "no such thing")))
    with pytest.raises(ValueError, match="no such thing"):
        future.result()


def test_a_cancelled_one() -> None:
    engine = Engine()
    future = made(engine)
    issued = command()
    future.note(issued, future.deliver)
    called: list[Any] = []
    future.add_done_callback(lambda future: called.append(threading.current_thread()))
    assert future.cancel()
    assert future.cancelled()
    assert engine.cancelled == [issued]
    assert called == [threading.current_thread()]
    future.deliver((OK, None, None))
    assert future.cancel()
    assert (engine.cancelled, len(called)) == ([issued], 1)
    with pytest.raises(CancelledError):
        future.result()
    assert wait([future], timeout=5).done == {future}
    assert list(as_completed([future], timeout=5)) == [future]


def test_those_that_wait_are_told_of_a_cancellation() -> None:
    future, told = made(Engine()), threading.Event()

    def look() -> None:
        wait([future])
        told.set()

    thread = threading.Thread(target=look)
    thread.start()
    assert future.cancel()
    assert told.wait(5)
    thread.join()


@pytest.mark.parametrize("problem", [KeyboardInterrupt, MemoryError])
def test_what_keeps_a_command_from_being_cancelled_keeps_nobody_waiting(
    problem: type[BaseException],
) -> None:
    future = made(Engine(problem))
    future.note(command(), future.deliver)
    with pytest.raises(problem):
        future.cancel()
    assert future.cancelled()


def test_an_exception_in_telling_has_it_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    future, problems = made(Engine()), [MemoryError()]

    def set_result(self: Any, result: Any) -> None:
        if problems:
            raise problems.pop()
        original(self, result)

    original = Future.set_result
    monkeypatch.setattr(Future, "set_result", set_result)
    with pytest.raises(MemoryError):
        future.deliver((OK, None, None))
    assert future.result() == OK


def test_two_that_cancel_tell_once() -> None:
    for _ in range(50):
        future, called = made(Engine()), []
        future.add_done_callback(called.append)
        start = threading.Barrier(3)
        found: list[bool] = []

        def run(call: Any, start: threading.Barrier = start) -> None:
            start.wait()
            call()

        calls = [
            lambda: found.append(future.cancel()),  # noqa: B023
            lambda: found.append(future.cancel()),  # noqa: B023
            lambda: future.deliver((OK, None, None)),  # noqa: B023
        ]
        threads = [threading.Thread(target=run, args=[call]) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [future.cancelled()] * 2
        assert called == [future]


# -- What it is noted of


def test_its_own_callback_s_command_is_the_one() -> None:
    engine = Engine()
    future = made(engine)
    before, own, behind = command(), command(), command()
    future.note(before, print)
    future.note(own, future.deliver)
    future.note(behind, print)
    future.returned(None)
    assert not future.done()
    future.cancel()
    assert engine.cancelled == [own]


def test_where_a_subclass_wraps_it_all_may_be() -> None:
    engine = Engine()
    future = made(engine)
    issued = [command(), command()]
    for one in issued:
        future.note(one, print)
    future.returned(LATER)
    future.returned(None)
    assert not future.done()
    future.cancel()
    assert engine.cancelled == issued


@pytest.mark.parametrize("value", [OK, None, "anything"])
def test_what_a_subclass_returns_instead_is_the_outcome(value: Any) -> None:
    future = made(Engine())
    future.returned(value)
    assert future.result() == value


# -- Waiting


def test_waiting_where_it_would_be_for_ever() -> None:
    engine = Engine()
    future = made(engine)
    engine.is_needed = True
    for call in (future.result, future.exception):
        with pytest.raises(error, match=r"fetch: a callback can't wait"):
            call()
    for function in (wait, lambda futures: [*as_completed(futures)]):
        with pytest.raises(error, match=r"fetch: a callback can't wait"):
            function([future])
    future.deliver((OK, None, None))
    assert future.result() == OK
    assert future.exception() is None
    assert wait([future, made(None)], timeout=0).done == {future}


@pytest.mark.parametrize("where", ["child", "exit"])
def test_waiting_where_there_are_no_threads(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    future = made(Engine())
    if where == "child":
        monkeypatch.setattr(os, "getpid", lambda: 0)
    else:
        monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    with pytest.raises(abort, match="no threads to serve it"):
        future.result()


def test_waiting_with_a_time_out() -> None:
    future = made(Engine())
    with pytest.raises(futures.TimeoutError):  # in 3.10, another one than Python's
        future.result(0)
    with pytest.raises(futures.TimeoutError):
        future.exception(timeout=0)
    assert not future.done()


# -- What it keeps alive


@pytest.mark.parametrize("end", ["answer", "error", "cancelled"])
def test_a_future_that_is_done_keeps_nothing_and_nobody_it(end: str) -> None:
    """Not even until the next garbage collection, nor once its exception has been raised."""
    engine, issued = Engine(), command()
    future = made(engine)
    future.note(issued, future.deliver)
    if end == "cancelled":
        future.cancel()
    else:
        future.deliver((OK, None, None) if end == "answer" else failed(error("x")))
    engine.cancelled.clear()
    kept = [weakref.ref(engine), weakref.ref(issued)]
    gc.disable()
    try:
        del engine, issued
        assert [reference() for reference in kept] == [None, None]
        with suppress(error, CancelledError):
            future.result()
        dropped = weakref.ref(future)
        del future
        assert dropped() is None
    finally:
        gc.enable()


def test_the_source_of_one_that_is_done_has_nothing() -> None:
    source: Any = Source("fetch", Engine())  # type: ignore[arg-type]
    source.commands.append(command())
    source.release()
    assert source.commands == []
    source.cancel()
    source.check_may_wait()
    waiters = Waiters(source)
    waiters.append("waiter")
    assert waiters == ["waiter"]
