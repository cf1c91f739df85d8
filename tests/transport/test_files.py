"""Objects that are sockets only as far as imaplib needs one."""

from __future__ import annotations

import errno
import io
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._transport.base import PORTION
from imaplib2._transport.files import FileTransport


class Minimal:
    """As little as can be; it reads from a file that is in memory."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = data
        self.sent: list[bytes] = []
        self.is_shut = self.is_closed = False

    def makefile(self, mode: str) -> Any:
        return io.BufferedReader(io.BytesIO(self.data))  # type: ignore[arg-type]

    def sendall(self, data: bytes) -> None:
        self.sent.append(data)

    def shutdown(self, how: int) -> None:
        self.is_shut = True

    def close(self) -> None:
        self.is_closed = True


class ByLine:
    """A file that gives lines only."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, size: int) -> bytes:
        return self._file.read(size)

    def readline(self, limit: int) -> bytes:
        return self._file.readline(limit)

    def close(self) -> None:
        self._file.close()


class Receiving(Minimal):
    """It has a ``recv``, which gives, or raises, one after the other."""

    def __init__(self, *given: Any) -> None:
        super().__init__()
        self.given = [*given]

    def recv(self, size: int) -> bytes:
        what: Any = self.given.pop(0)
        if isinstance(what, bytes):
            return what
        raise what


def received(transport: FileTransport, size: int) -> bytes:
    buffer, data = memoryview(bytearray(size)), b""
    while got := transport.recv_into(buffer):
        data += bytes(buffer[:got])
    return data


@given(st.binary(max_size=300), st.integers(1, 50), st.booleans())
def test_all_of_it_is_received(data: bytes, size: int, by_line: bool) -> None:
    sock = Minimal(data)
    file = ByLine(data) if by_line else None
    assert received(FileTransport(sock, file), size) == data


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=10), st.integers(1, 50))
def test_all_that_recv_gives_is_received(portions: list[bytes], size: int) -> None:
    transport = FileTransport(Receiving(*portions, b""))
    assert received(transport, size) == b"".join(portions)


def test_a_rest_needs_no_waiting() -> None:
    transport = FileTransport(Receiving(b"abc"))
    assert not transport.has_more
    assert transport.recv_into(memoryview(bytearray(2))) == 2
    assert transport.has_more
    assert transport.is_readable()
    assert transport.recv_into(memoryview(bytearray(2))) == 1


def test_a_time_out_of_the_call_is_waited_out_and_one_of_the_connection_is_not() -> None:
    transport = FileTransport(Receiving(TimeoutError("timed out"), b"abc"))
    assert transport.recv_into(memoryview(bytearray(5))) == 3
    transport = FileTransport(Receiving(TimeoutError(errno.ETIMEDOUT, "gone")))
    with pytest.raises(TimeoutError, match="gone"):
        transport.recv_into(memoryview(bytearray(5)))


def test_a_call_that_would_block_can_not_be_waited_for_without_a_descriptor() -> None:
    transport = FileTransport(Receiving(BlockingIOError()))
    with pytest.raises(BlockingIOError):
        transport.recv_into(memoryview(bytearray(5)))


def test_it_sends_in_portions() -> None:
    sock = Minimal()
    assert FileTransport(sock).send(bytes(PORTION + 1), None) == PORTION
    assert [*map(len, sock.sent)] == [PORTION]


def test_neither_a_file_nor_recv() -> None:
    with pytest.raises(TypeError, match="neither recv nor makefile"):
        FileTransport(object())


def test_the_end() -> None:
    sock = Minimal()
    transport = FileTransport(sock)
    transport.close()
    assert sock.is_shut
    assert sock.is_closed


def test_an_end_that_the_object_does_not_take() -> None:
    sock = Minimal()
    sock.shutdown = None  # type: ignore[assignment, method-assign]
    FileTransport(sock).interrupt()
    assert sock.is_closed


def test_what_is_unknown() -> None:
    transport = FileTransport(Minimal())
    assert transport.fileno() == -1
    assert transport.unsent() == 0
    assert transport.silent_for() is None
