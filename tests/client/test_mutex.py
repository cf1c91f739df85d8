"""A lock and a signal that exceptions can't leave in a state that blocks anybody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from imaplib2._errors import error
from imaplib2._mutex import Bell, Mutex, Reentered


@contextmanager
def held_elsewhere(mutex: Mutex) -> Iterator[None]:
    """Another thread holds *mutex*."""
    inside, go = threading.Event(), threading.Event()

    def hold() -> None:
        inside.set()
        go.wait(5)

    thread = threading.Thread(target=mutex.run, args=(hold,), daemon=True)
    thread.start()
    assert inside.wait(5)
    try:
        yield
    finally:
        go.set()
        thread.join(5)
    assert not thread.is_alive()


def test_it_is_held_while_a_function_runs_and_not_longer() -> None:
    mutex = Mutex()
    assert not mutex.locked()
    assert mutex.run(lambda *arguments: (arguments, mutex.is_owned(), mutex.locked()), 1, "a") == (
        (1, "a"),
        True,
        True,
    )
    assert not mutex.is_owned()
    assert not mutex.locked()
    assert mutex.is_free(0)


@pytest.mark.parametrize("problem", [ValueError("x"), KeyboardInterrupt()])
def test_what_a_function_raises_comes_through_and_the_lock_is_free(problem: BaseException) -> None:
    def fail() -> None:
        raise problem

    mutex = Mutex()
    with pytest.raises(type(problem)):
        mutex.run(fail)
    assert mutex.is_free(0)


def test_an_interruption_before_the_lock_is_had_leaves_that_of_others_alone() -> None:
    def interrupted() -> bool:
        raise KeyboardInterrupt

    mutex: Any = Mutex()
    with held_elsewhere(mutex):
        mutex.acquire = interrupted
        with pytest.raises(KeyboardInterrupt):
            mutex.run(print)
        assert not mutex.is_owned()
        del mutex.acquire
    assert Mutex().is_free(0)


def test_an_interruption_behind_the_taking_of_the_lock_frees_it() -> None:
    mutex: Any = Mutex()
    acquire = mutex.acquire

    def interrupted() -> bool:
        acquire()
        raise KeyboardInterrupt

    mutex.acquire = interrupted
    with pytest.raises(KeyboardInterrupt):
        mutex.run(print)
    assert not mutex.is_owned()


@pytest.mark.parametrize("call", [lambda mutex: mutex.run(print), lambda mutex: mutex.run(len, "")])
def test_no_thread_is_let_in_twice(call: Callable[[Mutex], object]) -> None:
    mutex = Mutex()
    with pytest.raises(Reentered, match="interrupted the connection at work") as caught:
        mutex.run(call, mutex)
    assert isinstance(caught.value, error)
    assert caught.value.is_refusal
    assert mutex.is_free(0)


def test_whether_it_is_free_is_not_told_by_reentering_it() -> None:
    mutex = Mutex()
    assert not mutex.run(mutex.is_free, 5)
    # That look has not released it early.
    assert mutex.run(lambda: (mutex.is_free(0), mutex.is_owned())) == (False, True)


def test_what_another_thread_holds_is_not_free() -> None:
    mutex = Mutex()
    with held_elsewhere(mutex):
        assert not mutex.is_free(0.001)
        assert mutex.locked()
        assert not mutex.is_owned()
    assert mutex.is_free(0)


def test_only_one_thread_is_in_at_a_time() -> None:
    mutex, inside, most = Mutex(), [0], [0]

    def enter() -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        inside[0] -= 1

    threads = [
        threading.Thread(target=lambda: [mutex.run(enter) for _ in range(1000)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == ([0], [1])


def test_a_ring_ends_one_wait_however_many_there_were() -> None:
    bell = Bell()
    bell.ring()
    bell.ring()
    bell.wait(None)
    assert not bell._silence.acquire(blocking=False)


def test_a_ring_ends_the_wait_of_another_thread() -> None:
    bell = Bell()
    waiting = threading.Thread(target=bell.wait, args=(None,), daemon=True)
    waiting.start()
    bell.ring()
    waiting.join(5)
    assert not waiting.is_alive()


def test_a_wait_has_an_end() -> None:
    bell = Bell()
    bell.wait(0)
    bell.wait(0.001)
    bell.ring()
    bell.wait(None)
