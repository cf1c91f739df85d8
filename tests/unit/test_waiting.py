"""Waiting for descriptors, and ending such waits from anywhere."""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import imaplib2._waiting
from imaplib2._waiting import Clock, Wakeup, _genuine, ended_within, next_of, wait_for


class During:
    """The module os, but for calls that something interrupts, as a garbage collection does."""

    def __init__(self, interrupt: Callable[[], None]) -> None:
        self._interrupt: Callable[[], None] | None = interrupt

    def __getattr__(self, name: str) -> Any:
        function = getattr(os, name)

        def interrupted(*arguments: Any) -> Any:
            interrupt, self._interrupt = self._interrupt, None
            if interrupt is not None:
                interrupt()
            return function(*arguments)

        return interrupted


@pytest.mark.parametrize("outer", [Wakeup.set, Wakeup.close])
@pytest.mark.parametrize("inner", [Wakeup.set, Wakeup.close])
def test_a_garbage_collection_in_the_middle(
    monkeypatch: pytest.MonkeyPatch,
    outer: Callable[[Wakeup], None],
    inner: Callable[[Wakeup], None],
) -> None:
    wakeup = Wakeup()
    monkeypatch.setattr(imaplib2._waiting, "os", During(lambda: inner(wakeup)))
    thread = threading.Thread(target=outer, args=(wakeup,), daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
    assert wakeup.is_set is (Wakeup.set in (outer, inner))
    monkeypatch.undo()
    if Wakeup.close not in (outer, inner):
        wakeup.wait(5)
    wakeup.close()


def test_it_may_be_set_for_ever() -> None:
    """More often than a pipe holds bytes."""
    wakeup = Wakeup()
    setting = threading.Thread(target=lambda: [wakeup.set() for _ in range(100_000)], daemon=True)
    setting.start()
    setting.join(10)
    assert not setting.is_alive()
    wakeup.close()


@pytest.mark.parametrize("has_poll", [True, False])
def test_a_socket_that_is_closed_while_it_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, has_poll: bool
) -> None:
    """By a signal handler, for one: it is no bug of the waiting thread."""

    class Closing(socket.socket):
        def fileno(self) -> int:
            number = super().fileno()
            self.close()
            return number

    if not has_poll:
        monkeypatch.delattr(select, "poll")
    ours, theirs = socket.socketpair()
    with theirs, Closing(fileno=ours.detach()) as closing:
        with contextlib.suppress(OSError):  # select() refuses what is closed
            wait_for(closing, 0.01, reading=True)
        with pytest.raises(OSError, match="Bad file descriptor") as caught:
            wait_for(closing, 0.01, reading=True)
        assert caught.value.errno == errno.EBADF


@pytest.mark.parametrize(("name", "kept"), [("monotonic", Clock.now), ("time", Clock.wall)])
def test_the_clock_goes_on_though_time_stands_still(
    monkeypatch: pytest.MonkeyPatch, name: str, kept: Callable[[], float]
) -> None:
    monkeypatch.setattr(time, name, lambda: 0.0)
    function = _genuine(name)  # as if imported only now
    before, between, after = kept(), function(), kept()
    assert 0 < before <= between <= after


def test_a_child_is_waited_for_within_bounds_though_time_stands_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subprocess, "_time", lambda: 0.0)
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert not ended_within(child, 0.05)
        assert child.stdin is not None
        child.stdin.close()
        assert ended_within(child, 30)
    assert child.returncode is not None


@pytest.mark.parametrize("timeout", [0.0, 1e-9, 0.01])
def test_the_next_item_is_not_waited_for_longer_than_was_said(timeout: float) -> None:
    """Also of a queue that has given an item before: Python 3.10 would wait for ever then."""
    items: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(100):
        items.put(number)
        assert next_of(items, timeout) == number
        with pytest.raises(queue.Empty):
            next_of(items, timeout)
