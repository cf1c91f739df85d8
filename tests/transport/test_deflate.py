"""A compressed transport."""

from __future__ import annotations

import zlib
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._transport.deflate import _CHUNK, DeflateTransport, deflate_objects


class Wire:
    """A transport that gives what it was given, in portions, and takes as much at a time."""

    def __init__(self, portion: int = 1 << 20) -> None:
        self.portion = portion
        self.data = b""
        self.patience = 1 << 30  # so often does it take something
        self.asked: list[str] = []

    def recv_into(self, buffer: memoryview) -> int | None:
        portion = self.data[: min(self.portion, len(buffer))]
        self.data = self.data[len(portion) :]
        buffer[: len(portion)] = portion
        return len(portion)

    def send(self, data: Any, timeout: float | None) -> int:
        self.patience -= 1
        if self.patience < 0:
            return 0
        portion = bytes(data[: self.portion])
        self.data += portion
        return len(portion)

    def is_readable(self) -> bool:
        return bool(self.data)

    def __getattr__(self, name: str) -> Any:
        return lambda: self.asked.append(name)


def compressed(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)


def transport(wire: Any, unread: bytes = b"") -> DeflateTransport:
    return DeflateTransport(wire, *deflate_objects(), unread)


def received(transport: DeflateTransport, size: int) -> bytes:
    """All that can be received, up to *size* bytes at a time."""
    buffer, data = memoryview(bytearray(size)), b""
    while transport.is_readable():
        data += bytes(buffer[: transport.recv_into(buffer) or 0])
    return data


@given(st.binary(max_size=2000), st.integers(1, 100), st.integers(1, 300), st.integers(0, 100))
def test_what_is_sent_is_received(data: bytes, portion: int, size: int, early: int) -> None:
    """In whatever portions, and whatever was read before the transport was compressed."""
    wire = Wire(portion)
    sending = transport(wire)
    view = memoryview(data)
    while view:
        view = view[sending.send(view, None) :]
    unread, wire.data = wire.data[:early], wire.data[early:]
    assert received(transport(wire, unread), size) == data


def test_it_is_compressed_once_however_often_it_is_offered() -> None:
    wire = Wire(3)
    sending = transport(wire)
    data = bytes(range(256)) * 300
    wire.patience = 2
    assert sending.send(data, 0) == 0
    wire.patience = 1 << 30
    assert sending.send(data, 0) == _CHUNK
    assert zlib.decompressobj(-15).decompress(wire.data) == data[:_CHUNK]


def test_what_a_full_buffer_leaves_needs_no_waiting() -> None:
    wire = Wire()
    wire.data = compressed(b"x" * 1000)
    receiving = transport(wire)
    assert receiving.recv_into(memoryview(bytearray(10))) == 10
    assert not wire.data
    assert receiving.has_more
    assert receiving.is_readable()


def test_input_that_gives_nothing_yet() -> None:
    wire = Wire()
    data = compressed(b"some text")
    wire.data = data[:1]
    receiving = transport(wire)
    assert receiving.recv_into(memoryview(bytearray(100))) is None
    wire.data = data[1:]
    assert received(receiving, 100) == b"some text"


def test_nothing_comes_behind_the_end_of_the_stream() -> None:
    compressor, wire = zlib.compressobj(wbits=-15), Wire()
    wire.data = compressor.compress(b"end") + compressor.flush() + b"garbage"
    receiving = transport(wire)
    buffer = memoryview(bytearray(100))
    assert receiving.recv_into(buffer) == 3
    assert receiving.recv_into(buffer) == 0


def test_all_else_is_the_inner_transport_s() -> None:
    wire = Wire()
    outer = transport(wire)
    for name in ("fileno", "unsent", "silent_for", "interrupt", "close", "drop"):
        getattr(outer, name)()
    assert wire.asked == ["fileno", "unsent", "silent_for", "interrupt", "close", "drop"]
    with pytest.raises(NotImplementedError):
        outer.try_send(b"x")
