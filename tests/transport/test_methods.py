"""A subclass's own methods as a transport."""

from __future__ import annotations

import errno
import os
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._transport.base import PORTION
from imaplib2._transport.methods import MethodTransport

from ..systems import SYSTEM


class Reader:
    """An object whose methods carry bytes: what it gives, or raises, one after the other."""

    read_fd: int | None = None
    reads_lines = False
    sock: Any = None
    decompressor: Any = None

    def __init__(self, *given: Any) -> None:
        self.given = [*given]
        self.sent: list[bytes] = []
        self.in_file = 0

    def has_buffered(self) -> bool:
        return True

    def file_has_more(self) -> bool:
        return self.in_file > 0

    def read_some(self, size: int) -> bytes:
        self.in_file -= 1
        what: Any = self.given.pop(0) if self.given else b""
        if isinstance(what, bytes):
            return what
        raise what

    def send(self, data: bytes) -> None:
        self.sent.append(data)


@pytest.fixture
def open_transports() -> Iterator[list[MethodTransport]]:
    transports: list[MethodTransport] = []
    yield transports
    for transport in transports:
        transport.close()


def received(transport: MethodTransport, size: int) -> bytes:
    buffer, data = memoryview(bytearray(size)), b""
    while got := transport.recv_into(buffer):
        data += bytes(buffer[:got])
    return data


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=10), st.integers(1, 30))
def test_all_of_it_is_received_even_if_it_is_more_than_was_asked_for(
    portions: list[bytes], size: int
) -> None:
    owner = Reader(*portions)
    transport = MethodTransport(lambda: owner)
    assert received(transport, size) == b"".join(portions)
    transport.close()


def test_what_came_together_in_a_file_is_received_together(open_transports: Any) -> None:
    owner = Reader(b"a\r\n", b"b\r\n", b"c\r\n")
    transport = MethodTransport(lambda: owner)
    open_transports.append(transport)
    owner.in_file = 2
    assert transport.recv_into(memoryview(bytearray(100))) == 6


def test_what_was_not_received_can_be_taken_once(open_transports: Any) -> None:
    owner = Reader(b"abcdef")
    transport = MethodTransport(lambda: owner)
    open_transports.append(transport)
    assert transport.recv_into(memoryview(bytearray(2))) == 2
    assert transport.has_more
    assert transport.take_unread() == b"cdef"
    assert transport.take_unread() == b""
    assert not transport.has_more


@pytest.mark.parametrize("problem", [BlockingIOError(), TimeoutError("timed out")])
def test_a_call_that_gives_nothing_yet(problem: Exception, open_transports: Any) -> None:
    owner = Reader(problem, b"abc")
    transport = MethodTransport(lambda: owner)
    open_transports.append(transport)
    buffer = memoryview(bytearray(5))
    assert transport.recv_into(buffer) is None
    assert transport.recv_into(buffer) == 3


def test_the_connection_s_own_time_out(open_transports: Any) -> None:
    owner = Reader(TimeoutError(errno.ETIMEDOUT, "gone"))
    transport = MethodTransport(lambda: owner)
    open_transports.append(transport)
    with pytest.raises(TimeoutError, match="gone"):
        transport.recv_into(memoryview(bytearray(5)))


@given(st.binary(min_size=1, max_size=500), st.integers(1, 30))
def test_what_came_before_it_was_compressed_is_received_first(data: bytes, size: int) -> None:
    compressor = zlib.compressobj(wbits=-15)
    early = compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)
    owner = Reader(b"later")
    transport = MethodTransport(lambda: owner)
    transport.inflate(early, zlib.decompressobj(-15))
    buffer, got = memoryview(bytearray(size)), b""
    while len(got) < len(data):
        assert transport.has_more
        got += bytes(buffer[: transport.recv_into(buffer) or 0])
    assert got == data
    transport.close()


def test_it_is_sent_in_portions_as_bytes(open_transports: Any) -> None:
    owner = Reader()
    transport = MethodTransport(lambda: owner)
    open_transports.append(transport)
    assert transport.send(memoryview(bytes(PORTION + 1)), None) == PORTION
    assert type(owner.sent[0]) is bytes
    with pytest.raises(NotImplementedError):
        transport.try_send(b"x")


def test_its_descriptor_is_waited_for(open_transports: Any) -> None:
    owner = Reader(b"abc")
    owner.has_buffered = lambda: False  # type: ignore[method-assign]
    transport = MethodTransport(lambda: owner)
    open_transports.append(transport)
    owner.read_fd, other = os.pipe()
    try:
        if SYSTEM != "windows":
            assert not transport.is_readable()
            os.write(other, b"x")
            assert transport.is_readable()
        assert transport.fileno() == owner.read_fd
    finally:
        os.close(owner.read_fd)
        os.close(other)


def test_an_interruption_is_the_end_of_file() -> None:
    owner = Reader(b"abc")
    transport = MethodTransport(lambda: owner)
    transport.interrupt()
    assert transport.recv_into(memoryview(bytearray(5))) == 0
    transport.close()


def test_an_owner_that_is_gone() -> None:
    transport = MethodTransport(lambda: None)
    transport.interrupt()  # as its finalizer does
    assert transport.recv_into(memoryview(bytearray(5))) == 0
    assert transport.fileno() == -1
    assert not transport.has_more
    with pytest.raises(BrokenPipeError):
        transport.send(b"x", None)
    transport.close()


def test_what_is_below_it() -> None:
    owner, calls = Reader(), list[str]()

    class Base:
        def __getattr__(self, name: str) -> Any:
            return lambda: calls.append(name)

    transport = MethodTransport(lambda: owner)
    assert transport.unsent() == 0
    assert transport.silent_for() is None
    base: Any = Base()
    transport.base = base
    for name in ("unsent", "silent_for", "interrupt", "drop", "close"):
        getattr(transport, name)()
    assert calls == ["unsent", "silent_for", "interrupt", "drop", "close"]


def test_short_commands_need_the_writer(open_transports: Any) -> None:
    """A ``send`` of a subclass may wait."""
    owner = Reader()
    transport = MethodTransport(lambda: owner)
    open_transports.append(transport)
    assert not transport.can_send_at_once
    assert not transport.honours_timeouts
    with pytest.raises(NotImplementedError):
        transport.try_send(b"x")


@pytest.mark.parametrize(("sent", "is_over"), [(b"", False), (b"more", False), (None, True)])
def test_input_that_gives_nothing_may_be_compressed(
    open_transports: Any, pair: Any, sent: bytes | None, is_over: bool
) -> None:
    """Then its ``read`` gives b"" although this isn't the end of file."""
    ours, theirs = pair
    owner = Reader()
    transport = MethodTransport(lambda: owner)
    open_transports.append(transport)
    owner.sock, owner.decompressor = ours, object()
    if sent is None:
        theirs.close()
    else:
        theirs.send(sent)
    assert transport.recv_into(memoryview(bytearray(10))) == (0 if is_over else None)
    if sent:
        assert ours.recv(10) == sent
