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

_READ = 256 * 1024
_TAIL = 512
"""Bytes in which every last line of an answer has room."""

_buffer = memoryview(bytearray(_READ))
"""One for all connections: nothing in it is kept."""

_EXISTS = re.compile(rb"\* ([0-9]+) EXISTS\r\n")


class Floor(Client):
    """A program with sockets."""

    reads = False

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
        self._send(b"".join(lines))
        return [self._read_to_tag()]

    def append(self, mailbox: str, message: bytes) -> None:
        command = b"APPEND %b {%d%b}" % (
            mailbox.encode(),
            len(message),
            b"" if self._literals_wait else b"+",
        )
        pieces = [self._line(command), message, b"\r\n"]
        if self._literals_wait:
            self._send(pieces.pop(0))
            self._read_until(b"\r\n")
        for piece in pieces if len(message) > _READ else [b"".join(pieces)]:
            self._send(piece)
        self._read_to_tag()

    def enable_compression(self) -> None:
        self._do(b"COMPRESS DEFLATE")
        self._deflater = zlib.compressobj(6, zlib.DEFLATED, -15)
        self._inflater = zlib.decompressobj(-15)

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

    def start_idling(self) -> None:
        self._send(self._line(b"IDLE"))
        self._read_until(b"\r\n")

    def stop_idling(self) -> None:
        self._send(b"DONE\r\n")
        self._read_to_tag()

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
        self._send(self._line(command))
        return self._read_to_tag()

    def _send(self, data: bytes) -> None:
        if self._deflater is not None:
            data = self._deflater.compress(data) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        self._sock.sendall(data)

    def _read_to_tag(self) -> bytes:
        """The tail of the answer to the last command."""
        tag = b"A%d " % self._number

        def is_over(tail: bytes) -> bool:
            return tail.endswith(b"\r\n") and tail[tail.rfind(b"\n", 0, -1) + 1 :].startswith(tag)

        return self._read(is_over)

    def _read_until(self, end: bytes) -> bytes:
        return self._read(lambda tail: tail.endswith(end))

    def _read(self, is_over: Callable[[bytes], bool]) -> bytes:
        tail = b""
        while not is_over(tail):
            count = self._sock.recv_into(_buffer)
            if not count:
                raise ConnectionError("the server has gone")
            data = _buffer[:count]
            if self._inflater is not None:
                data = memoryview(self._inflater.decompress(data))
            tail = (tail + bytes(data[-_TAIL:]))[-_TAIL:]
        return tail

    def _next_exists(self) -> int:
        found = None
        while not found:
            found = _EXISTS.search(self._read_until(b"\r\n"))
        return int(found[1])
