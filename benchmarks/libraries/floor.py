"""What can't be avoided: a socket, the bytes, and the ends of the answers.

It keeps nothing of what it reads, and knows nothing of IMAP but where an answer ends.
"""

from __future__ import annotations

import re
import socket
import ssl
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from ..server import now
from . import PASSWORD, SECONDS, USER, Client

READ = 256 * 1024
_TAIL = 512
"""Bytes in which every last line of an answer has room."""

_EXISTS = re.compile(rb"\* ([0-9]+) EXISTS\r\n")


class Raw(Client):
    """What a program with sockets does, whichever thread reads."""

    reads = False

    _buffer = memoryview(bytearray(READ))
    """One for all connections that one thread reads: nothing in it is kept."""

    def connect(self) -> None:
        self._sock: Any = socket.create_connection((self.address.host, self.address.port), SECONDS)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.address.ca_file:
            context = ssl.create_default_context(cafile=self.address.ca_file)
            self._sock = context.wrap_socket(self._sock, server_hostname=self.address.host)
        self._number = 0
        self._deflater: Any = None
        self._inflater: Any = None
        self._literals_wait = False
        self._read_until(b"\r\n")

    def login(self, user: str = USER) -> None:
        tail = self._do(b"LOGIN %b %b" % (user.encode(), PASSWORD.encode()))
        self._literals_wait = b"LITERAL+" not in tail

    def select(self, mailbox: str) -> None:
        self._do(b"SELECT " + mailbox.encode())

    def logout(self) -> None:
        self._do(b"LOGOUT")
        self._sock.close()

    def noop(self) -> None:
        self._do(b"NOOP")

    def fetch(self, messages: str, items: str) -> Any:
        return self._do(b"FETCH %b %b" % (messages.encode(), items.encode()))

    def fetch_each(self, numbers: Sequence[int], items: str) -> list[Any]:
        lines = [self._line(b"FETCH %d %b" % (number, items.encode())) for number in numbers]
        return [self._exchange(b"".join(lines))]

    def append(self, mailbox: str, message: bytes) -> None:
        command = b"APPEND %b {%d%b}" % (
            mailbox.encode(),
            len(message),
            b"" if self._literals_wait else b"+",
        )
        pieces = [self._line(command), message, b"\r\n"]
        if self._literals_wait:
            self._exchange(pieces.pop(0))
        self._exchange(*(pieces if len(message) > READ else [b"".join(pieces)]))

    def enable_compression(self) -> None:
        self._do(b"COMPRESS DEFLATE")
        self._deflater = zlib.compressobj(6, zlib.DEFLATED, -15)
        self._inflater = zlib.decompressobj(-15)

    def start_idling(self) -> None:
        self._exchange(self._line(b"IDLE"))

    def stop_idling(self) -> None:
        self._exchange(b"DONE\r\n")

    @staticmethod
    def numbers(answer: Any) -> list[int]:
        return []

    @staticmethod
    def octets(answer: Any) -> int:
        return 0

    def _line(self, command: bytes) -> bytes:
        self._number += 1
        return b"A%d %b\r\n" % (self._number, command)

    def _do(self, command: bytes) -> bytes:
        return self._exchange(self._line(command))

    def _exchange(self, *pieces: bytes) -> bytes:
        """Send; the tail of what comes up to the end of the last command's answer, or to a "+"."""
        for piece in pieces:
            self._send(piece)
        ends = (b"A%d " % self._number, b"+ ")
        return self._read(lambda tail: last_line(tail).startswith(ends))

    def _send(self, data: bytes) -> None:
        if self._deflater is not None:
            data = self._deflater.compress(data) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        self._sock.sendall(data)

    def _read_until(self, end: bytes) -> bytes:
        return self._read(lambda tail: tail.endswith(end))

    def _read(self, is_over: Callable[[bytes], object]) -> bytes:
        tail = b""
        while not is_over(tail):
            count = self._sock.recv_into(self._buffer)
            if not count:
                raise ConnectionError("the server has gone")
            data = self._buffer[:count]
            if self._inflater is not None:
                data = memoryview(self._inflater.decompress(data))
            tail = (tail + bytes(data[-_TAIL:]))[-_TAIL:]
        return tail


class Floor(Raw):
    """One thread: it sends, and reads the answer."""

    def idle_until_news(self) -> int | None:
        self._send(self._line(b"IDLE"))
        number = self._next_exists()
        self.stop_idling()
        return number

    def news(self, count: int) -> list[tuple[int, int]]:
        self._send(self._line(b"IDLE"))
        found = [(self._next_exists(), now()) for _ in range(count)]
        self.stop_idling()
        return found

    def _next_exists(self) -> int:
        found = None
        while not found:
            found = _EXISTS.search(self._read_until(b"\r\n"))
        return int(found[1])


def last_line(tail: bytes) -> bytes:
    """The last line of what ends with one."""
    return tail[tail.rfind(b"\n", 0, -1) + 1 :] if tail.endswith(b"\r\n") else b""
