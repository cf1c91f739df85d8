"""Who has left, and how long the others are waited for."""

from __future__ import annotations

import threading

import pytest

from imaplib2._mutex import Mutex
from imaplib2._threads import ending
from imaplib2._threads.ending import Ending


def test_the_second_of_two_threads_is_the_last() -> None:
    mutex = Mutex()
    over, reader, writer = Ending(mutex), threading.Thread(), threading.Thread()
    assert not mutex.run(over.is_last, reader)
    assert not mutex.run(over.is_last, reader)
    assert mutex.run(over.is_last, writer)


def test_the_mutex_is_needed() -> None:
    with pytest.raises(AssertionError):
        Ending(Mutex()).is_last(threading.Thread())


@pytest.mark.parametrize(
    ("forgotten", "closing", "wanted"),
    [(False, None, False), (True, None, True), (False, False, True), (False, True, True)],
)
def test_who_wants_the_end(forgotten: bool, closing: bool | None, wanted: bool) -> None:
    over = Ending(Mutex())
    over.forgotten, over.closing = forgotten, closing
    assert over.is_wanted is wanted


def test_all_threads_together_are_waited_for_within_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ending, "_JOIN_TIMEOUT", 0.05)
    over, go = Ending(Mutex()), threading.Event()
    threads = [threading.Thread(target=go.wait, daemon=True) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        over.join(thread)
    assert all(thread.is_alive() for thread in threads)
    go.set()
    for thread in threads:
        thread.join()
        over.join(thread)


def test_what_never_began_is_not_waited_for() -> None:
    over = Ending(Mutex())
    over.join(None)
    over.join(threading.Thread())
    over.join(threading.current_thread())
    assert over._join_until is None
