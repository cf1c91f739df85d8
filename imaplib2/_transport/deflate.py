"""Compression (RFC 4978)."""

from __future__ import annotations

from .._hints import Any
from .base import Buffer, Transport

#: Bytes that are compressed at a time.
_CHUNK = 32 * 1024
#: Compressed bytes that are received at a time.
_INPUT = 64 * 1024
#: ``zlib.Z_SYNC_FLUSH``, without the import, which connections without compression don't need.
_Z_SYNC_FLUSH = 2


class DeflateTransport:
    """Another transport, compressed: raw DEFLATE in both directions (RFC 4978, section 3).

    *unread* are compressed bytes that *inner* has given already.
    """

    can_send_at_once = False
    honours_timeouts = True
    reads_ahead = False

    def __init__(self, inner: Transport, compressor: Any, decompressor: Any, unread: bytes) -> None:
        self.inner = inner
        self._compressor = compressor
        self._decompressor = decompressor
        # Compressed bytes that came before the transport was compressed.
        self._received = unread
        self._input = bytearray(_INPUT)
        # Whether the decompressor may give more without new input.
        self._more = False
        # What was compressed of the data that are offered, and is yet to be sent.
        self._outgoing = memoryview(b"")

    @property
    def has_more(self) -> bool:
        """Whether there is more to read without waiting for the other transport."""
        return self._more or bool(self._received)

    def recv_into(self, buffer: memoryview) -> int | None:
        if self._decompressor.eof:
            # The stream has been ended: nothing behind it can be read.
            return 0
        data: bytes | memoryview = b""
        if self._more:
            data = self._decompressor.unconsumed_tail
        elif self._received:
            data, self._received = self._received, b""
        else:
            size = self.inner.recv_into(memoryview(self._input))
            if not size:
                return size
            data = memoryview(self._input)[:size]
        text = self._decompressor.decompress(data, len(buffer))
        self._more = len(text) == len(buffer) or bool(self._decompressor.unconsumed_tail)
        buffer[: len(text)] = text
        return len(text) or None

    def take_unread(self) -> bytes:
        return b""

    def is_readable(self) -> bool:
        return self.has_more or self.inner.is_readable()

    def fileno(self) -> int:
        return self.inner.fileno()

    def try_send(self, data: Buffer) -> int:
        raise NotImplementedError

    def send(self, data: Buffer, timeout: float | None) -> int:
        # The same data is offered again until all of it has left: compress it only once.
        chunk = memoryview(data)[:_CHUNK]
        if not self._outgoing:
            compressed = self._compressor.compress(chunk)
            compressed += self._compressor.flush(_Z_SYNC_FLUSH)
            self._outgoing = memoryview(compressed)
        while self._outgoing:
            sent = self.inner.send(self._outgoing, timeout)
            if not sent:
                return 0
            self._outgoing = self._outgoing[sent:]
        return len(chunk)

    def unsent(self) -> int:
        return self.inner.unsent()

    def silent_for(self) -> float | None:
        return self.inner.silent_for()

    def interrupt(self) -> None:
        self.inner.interrupt()

    def close(self) -> None:
        self.inner.close()

    def drop(self) -> None:
        self.inner.drop()


def deflate_objects() -> tuple[Any, Any]:
    """A compressor and a decompressor for raw DEFLATE (RFC 4978, section 4)."""
    import zlib

    return zlib.compressobj(wbits=-15), zlib.decompressobj(-15)
