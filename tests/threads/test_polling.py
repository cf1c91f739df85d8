"""The reader's orders while a user polls the socket."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from imaplib2._mutex import Mutex
from imaplib2._threads import polling
from imaplib2._threads.polling import Polling, Polls

from .helpers import Channel, in_background


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


@pytest.fixture(params=["woken", "looking"])
def orders(request: Any, monkeypatch: pytest.MonkeyPatch) -> Polling:
    """Also where no descriptor is left that the wait could be woken by."""
    if request.param == "looking":

        def none_left() -> None:
            raise OSError("too many open files")

        monkeypatch.setattr(polling, "Wakeup", none_left)
    return Polling()


class ReadingOnce:
    """The reader: it does one errand."""

    def __init__(self, orders: Polling) -> None:
        self.has_read = threading.Event()
        self._orders = orders
        self.ended = in_background(self._run)

    def _run(self) -> None:
        report = self._orders.next_errand()
        self.has_read.set()
        report()


def test_the_reader_reads_what_is_there(orders: Polling) -> None:
    channel: Any = Channel()
    channel.descriptor, channel.readable = 0, True
    reading = ReadingOnce(orders)
    orders.read(channel, 0)
    assert reading.has_read.is_set()
    reading.ended()


def test_the_reader_finds_out_that_the_socket_is_closed(orders: Polling) -> None:
    channel: Any = Channel()
    reading = ReadingOnce(orders)
    orders.read(channel, 0)
    assert reading.has_read.is_set()


@pytest.mark.parametrize("has_ended", [False, True])
def test_so_it_does_when_that_is_closed_meanwhile(orders: Polling, has_ended: bool) -> None:
    """Behind the end, of which the reader knows, nothing is waited for."""

    def closed() -> bool:
        raise OSError(errno.EBADF, "Bad file descriptor")

    channel: Any = Channel()
    channel.descriptor, channel.is_readable = 0, closed
    if has_ended:
        orders.end()
        orders.next_errand()
    reading = ReadingOnce(orders)
    orders.read(channel, None)
    assert reading.has_read.is_set() is not has_ended
    orders.read_on()
    reading.ended()


def test_what_comes_within_the_time_is_read(orders: Polling, pipe: tuple[int, int]) -> None:
    channel: Any = Channel()
    channel.descriptor = pipe[0]
    reading = ReadingOnce(orders)
    ended = in_background(lambda: orders.read(channel, None))
    os.write(pipe[1], b"x")
    ended()
    assert reading.has_read.is_set()


def test_nothing_comes_and_nothing_is_read(orders: Polling, pipe: tuple[int, int]) -> None:
    channel: Any = Channel()
    channel.descriptor = pipe[0]
    orders.read(channel, 0.01)
    assert orders._errands.empty()


def test_its_end_ends_all_waits(orders: Polling, pipe: tuple[int, int]) -> None:
    channel: Any = Channel()
    channel.descriptor = pipe[0]
    reading = ReadingOnce(orders)
    ended = in_background(lambda: orders.read(channel, None))
    orders.end()
    ended()
    reading.ended()


def test_a_reader_that_does_not_report_is_waited_for_within_bounds(
    orders: Polling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "_ERRAND_TIMEOUT", 0.01)
    channel: Any = Channel()
    orders.read(channel, None)
    assert not orders._errands.empty()


def test_the_last_errand_waits_for_nothing(orders: Polling) -> None:
    orders.read_on()
    orders.next_errand()()


# Whether there is polling


@pytest.mark.parametrize("lost", [False, True])
def test_polls_begin_and_end(lost: bool) -> None:
    mutex, channel = Mutex(), Channel()
    polls, transport = Polls(mutex), channel
    channel.descriptor = 0
    assert polls.current is None
    mutex.run(polls.begin, transport)
    orders: Polling | None = polls.current
    assert orders is not None
    mutex.run(lambda: polls.end(lost=lost))
    assert polls.current is None
    assert polls.keeps_transport is lost
    orders.next_errand()()  # the reader, which may wait for it, is woken


def test_what_has_no_descriptor_is_not_polled() -> None:
    mutex = Mutex()
    polls = Polls(mutex)
    mutex.run(polls.begin, Channel())
    assert polls.current is None


def test_the_mutex_is_needed() -> None:
    polls = Polls(Mutex())
    transport: Any = Channel()
    with pytest.raises(AssertionError):
        polls.begin(transport)
    with pytest.raises(AssertionError):
        polls.end(lost=False)
