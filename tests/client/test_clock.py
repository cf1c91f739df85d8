"""The clock, and the waits that go by it."""

from __future__ import annotations

import queue
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from imaplib2._clock import LONGEST_WAIT, Clock, _genuine, ended_within, next_of, seconds_until


@pytest.mark.parametrize(
    ("distance", "least", "most"),
    [(-5.0, 0.0, 0.0), (10.0, 9.0, 10.0), (1e9, LONGEST_WAIT, LONGEST_WAIT)],
)
def test_how_long_to_wait_for_a_deadline(distance: float, least: float, most: float) -> None:
    assert least <= seconds_until(Clock.now() + distance) <= most


def test_the_next_item_is_waited_for_when_there_is_no_limit() -> None:
    items: queue.SimpleQueue[int] = queue.SimpleQueue()
    items.put(1)
    assert next_of(items, None) == 1


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
