"""Waiting for descriptors, and ending such waits from anywhere."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

import imaplib2._waiting
from imaplib2._waiting import Wakeup


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
