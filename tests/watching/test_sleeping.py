"""Clocks that jump."""

from __future__ import annotations

import queue
import threading

import pytest

from imaplib2._clock import Clock
from imaplib2._watching import sleeping
from imaplib2._watching.sleeping import Awakenings, awakenings

SECONDS = 5.0


def ended(own: Awakenings, thread: threading.Thread | None) -> None:
    assert thread is not None
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert own._thread is None


def test_who_has_slept_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    own, told = Awakenings(look=0.001), queue.SimpleQueue[bool]()
    own.add(1, told.put)
    assert told.get(timeout=SECONDS) is False
    wall = Clock.wall
    monkeypatch.setattr(Clock, "wall", lambda: wall() + 60)
    while not told.get(timeout=SECONDS):
        pass
    assert not told.get(timeout=SECONDS)
    thread = own._thread
    own.add(2, told.put)
    assert own._thread is thread
    own.remove(1)
    assert own._thread is thread
    own.remove(2)
    ended(own, thread)


def test_it_is_done_soon_when_asked() -> None:
    own, told = Awakenings(), queue.SimpleQueue[bool]()
    own.add(1, told.put)
    told.get(timeout=SECONDS)
    own.hurry()
    assert told.get(timeout=SECONDS) is False
    thread = own._thread
    own.remove(1)
    ended(own, thread)
    # And it begins anew.
    own.add(1, told.put)
    assert told.get(timeout=SECONDS) is False
    thread = own._thread
    own.remove(1)
    ended(own, thread)


def test_without_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Awakenings()

    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        own.add(1, lambda slept: None)
        assert own._thread is None
        own._forget(threading.current_thread())
    own.add(2, lambda slept: None)
    thread = own._thread
    own.remove(1)
    own.remove(2)
    ended(own, thread)


def test_each_process_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    first = awakenings()
    assert awakenings() is first
    monkeypatch.setattr(sleeping, "_process", 0)
    monkeypatch.setattr(sleeping, "_own", first)
    assert awakenings() is not first
