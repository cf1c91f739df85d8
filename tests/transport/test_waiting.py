"""Waiting for descriptors, and ending such waits from anywhere."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from imaplib2._transport import waiting
from imaplib2._transport.waiting import Wakeup, wait_for


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
    monkeypatch.setattr(waiting, "os", During(lambda: inner(wakeup)))
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
