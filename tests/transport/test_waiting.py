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

from imaplib2._clock import LONGEST_WAIT
from imaplib2._transport import kernel, waiting
from imaplib2._transport.waiting import Pipe, Wakeup, can_read, wait_for

from ..systems import SYSTEM


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


@pytest.mark.skipif(SYSTEM == "windows", reason="there it writes to a socket")
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


@pytest.fixture(params=["pipes", "pairs of sockets"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on most systems, and as on Windows, which waits for sockets only."""
    monkeypatch.setattr(kernel, "IS_WINDOWS", request.param == "pairs of sockets")


@pytest.fixture(params=[True, False])
def has_poll(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """As on most systems, and where there is only ``select()``."""
    if not request.param:
        monkeypatch.delattr(select, "poll", raising=False)
    return hasattr(select, "poll")


@pytest.mark.usefixtures("kind", "has_poll")
def test_a_pipe_is_readable_while_a_byte_is_in_it() -> None:
    pipe = Pipe()
    assert pipe.is_open
    assert not can_read(pipe.fileno(), 0)
    pipe.write()
    assert can_read(pipe.fileno(), None)
    pipe.read()
    assert not can_read(pipe.fileno(), 0)
    pipe.close()
    assert not pipe.is_open
    pipe.close()


@pytest.mark.usefixtures("kind", "has_poll")
def test_a_wait_ends_when_its_descriptor_is_ready_or_by_a_wakeup(pair: Any) -> None:
    ours, theirs = pair
    wakeup = Wakeup()
    assert not wakeup.wait_with(ours.fileno(), 0)
    assert wakeup.wait_with(ours.fileno(), reading=False)
    theirs.send(b"x")
    assert wakeup.wait_with(ours.fileno())
    assert wait_for(ours, reading=True, wakeup=wakeup)
    wakeup.set()
    # Whatever is ready: the caller is to end.
    for reading in (True, False):
        assert not wakeup.wait_with(ours.fileno(), reading=reading)
        assert not wait_for(ours, reading=reading, wakeup=wakeup)
    wakeup.close()


@pytest.mark.usefixtures("kind", "has_poll")
def test_a_wait_in_another_thread_is_ended(pair: Any) -> None:
    wakeup = Wakeup()
    ended: list[bool] = []
    waiter = threading.Thread(
        target=lambda: ended.append(wakeup.wait_with(pair[0].fileno())), daemon=True
    )
    waiter.start()
    wakeup.set()
    waiter.join(5)
    assert ended == [False]
    wakeup.close()


@pytest.mark.usefixtures("has_poll")
def test_a_socket_is_waited_for(pair: Any) -> None:
    ours, theirs = pair
    assert wait_for(ours, reading=False)
    assert not wait_for(ours, 0.001, reading=True)
    assert not wait_for(ours, -1, reading=True)
    theirs.send(b"x")
    assert wait_for(ours, reading=True)
    ours.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            ours.send(bytes(100_000))
    assert not wait_for(ours, 0, reading=False)
    theirs.close()
    assert wait_for(ours, reading=True)


@pytest.mark.parametrize("timeout", [LONGEST_WAIT * 1000, float("inf")])
def test_a_wait_is_no_longer_than_systems_can_wait(
    monkeypatch: pytest.MonkeyPatch, pair: Any, has_poll: bool, timeout: float
) -> None:
    class Poller:
        def register(self, descriptor: int, event: int) -> None:
            """Nothing will happen."""

        def poll(self, milliseconds: float | None) -> list[tuple[int, int]]:
            assert milliseconds is not None
            waits.append(milliseconds / 1000)
            return []

    def look(*arguments: Any) -> tuple[list[int], list[int], list[int]]:
        waits.append(arguments[3])
        return [], [], []

    waits: list[float] = []
    monkeypatch.setattr(select, "select", look)
    if has_poll:
        monkeypatch.setattr(select, "poll", Poller)
    assert not wait_for(pair[0], timeout, reading=True)
    assert waits == [LONGEST_WAIT]


def test_a_wakeup_that_is_forgotten_gives_its_descriptors_back() -> None:
    wakeup = Wakeup()
    descriptor = wakeup._pipe.fileno()
    del wakeup
    with pytest.raises(OSError, match=r"."):
        os.fstat(descriptor)


def test_a_wakeup_without_descriptors_can_be_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoPipe:
        def __init__(self) -> None:
            raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(waiting, "Pipe", NoPipe)
    with pytest.raises(OSError, match="too many"):
        Wakeup()
