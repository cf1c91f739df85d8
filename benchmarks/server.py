"""A server that is never the bottleneck: its answers are bytes that were made before.

    python -m benchmarks.server CERTIFICATE KEY

prints a line of JSON, the ports (see `Ports`), and serves until its standard input ends. There is
a thread for every connection; new ones are accepted in the main thread, so that who pins that one
pins all connections that are made from then on.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import select
import selectors
import socket
import ssl
import sys
import threading
import time
import zlib
from dataclasses import asdict, dataclass, field
from typing import Any

from .replies import Mailbox

CAPABILITIES = b"IMAP4rev1 IDLE LITERAL+ COMPRESS=DEFLATE UIDPLUS"

SYNCHRONIZING = b"synchronizing"
"""The user who is not offered LITERAL+."""

PAUSE = 0.002
"""Seconds of an IDLE before news: long enough for every client to have gone to sleep."""

CONTROL_SECONDS = 60.0
"""How long the control connection waits for the others."""

_READ = 256 * 1024
_KEPT_REPLIES = 2

_LITERAL = re.compile(rb"\{([0-9]+)(\+?)\}$")


@dataclass(frozen=True)
class Ports:
    """Where the server listens, on 127.0.0.1."""

    plain: int
    tls: int
    control: int


@dataclass(frozen=True)
class Line:
    """A command's line. *literal* is None, or the size of what follows, in bytes."""

    tag: bytes
    name: bytes
    rest: bytes
    literal: int | None = None
    waits: bool = False
    """The client sends the literal after a "+" only."""


def split_line(line: bytes) -> Line:
    """What a line without its end says: ``b'a1 FETCH 1 (FLAGS)'``."""
    tag, _, rest = line.partition(b" ")
    name, _, rest = rest.partition(b" ")
    announced = _LITERAL.search(rest) if rest.endswith(b"}") else None
    if announced is None:
        return Line(tag, name.upper(), rest)
    return Line(tag, name.upper(), rest, int(announced[1]), not announced[2])


def now() -> int:
    """Microseconds of the clock that processes share, in 32 bits: what EXISTS can tell."""
    return time.monotonic_ns() // 1000 & 0xFFFFFFFF


@functools.lru_cache(_KEPT_REPLIES)
def _messages(name: str) -> bytes:
    return Mailbox(name).messages()


def _deflated(data: bytes) -> bytes:
    """*data* as a piece of a DEFLATE stream that needs no other piece, so that it can be kept."""
    squeezer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return squeezer.compress(data) + squeezer.flush(zlib.Z_SYNC_FLUSH)


@functools.lru_cache(_KEPT_REPLIES)
def _deflated_messages(name: str) -> bytes:
    return _deflated(_messages(name))


@dataclass
class Counts:
    """What the control connection tells of the others."""

    connected: int = 0
    idling: int = 0
    received: int = 0
    sent: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, connected: int = 0, idling: int = 0, received: int = 0, sent: int = 0) -> None:
        with self.changed:
            self.connected += connected
            self.idling += idling
            self.received += received
            self.sent += sent
            self.changed.notify_all()

    def wait_until_idling(self, count: int) -> None:
        self.changed.wait_for(lambda: self.idling >= count, CONTROL_SECONDS)


class Closed(Exception):
    """The client has gone."""


class Connection:
    """One client's connection; `serve` is its thread."""

    def __init__(self, sock: Any, counts: Counts) -> None:
        self._sock = sock
        self._counts = counts
        self._unread = b""
        self._answers: list[bytes] = []
        self._mailbox = Mailbox("quiet")
        self._inflater: Any = None
        self._scratch = memoryview(bytearray(_READ))
        self._open = True
        self._received = self._sent = 0

    def serve(self) -> None:
        """Greet, and answer until the client logs out or goes."""
        with contextlib.suppress(OSError, Closed), self._sock:
            self._put(b"* OK [CAPABILITY %b] ready\r\n" % CAPABILITIES)
            while self._open:
                self._serve(split_line(self._line()))
            self._flush()
        self._counts.add(-1, received=self._received, sent=self._sent)

    def _serve(self, line: Line) -> None:
        if line.literal is not None:
            self._take_literal(line.literal, line.waits)
        answer = _ANSWERS.get(line.name)
        if answer is None:
            self._ok(line)
        else:
            answer(self, line)

    # Reading and writing

    def _line(self) -> bytes:
        """The next line, without its end; what has been put is sent before waiting for it."""
        while (end := self._unread.find(b"\r\n")) < 0:
            self._flush()
            self._unread += self._receive()
        line, self._unread = self._unread[:end], self._unread[end + 2 :]
        return line

    def _receive(self) -> bytes:
        data: bytes = self._sock.recv(_READ)
        if not data:
            raise Closed
        self._received += len(data)
        return data if self._inflater is None else self._inflater.decompress(data)

    def _take_literal(self, size: int, waits: bool) -> None:
        """Take a literal and the rest of its line, and forget them."""
        if waits:
            self._put(b"+ go on\r\n")
            self._flush()
        left = size - len(self._unread)
        self._unread = self._unread[size:]
        while left > 0:
            left -= self._take_some(left)
        self._line()

    def _take_some(self, left: int) -> int:
        """Take up to *left* bytes of a literal, or, when it is compressed, what there is."""
        if self._inflater is not None:
            data = self._receive()
            self._unread = data[left:]
            return len(data)
        count: int = self._sock.recv_into(self._scratch[: min(left, _READ)])
        if not count:
            raise Closed
        self._received += count
        return count

    def _put(self, data: bytes) -> None:
        self._answers.append(data if self._inflater is None else _deflated(data))

    def _flush(self) -> None:
        """Send in one go what has been put."""
        if not self._answers:
            return
        large = len(self._answers) > 1 and max(map(len, self._answers)) > _READ
        for piece in self._answers if large else [b"".join(self._answers)]:
            self._sock.sendall(piece)
            self._sent += len(piece)
        self._answers.clear()

    # Commands

    def _ok(self, line: Line) -> None:
        self._put(b"%b OK done\r\n" % line.tag)

    def _capability(self, line: Line) -> None:
        self._put(b"* CAPABILITY %b\r\n" % CAPABILITIES)
        self._ok(line)

    def _login(self, line: Line) -> None:
        names = CAPABILITIES
        if SYNCHRONIZING in line.rest:
            names = names.replace(b"LITERAL+ ", b"")
        self._put(b"%b OK [CAPABILITY %b] welcome\r\n" % (line.tag, names))

    def _select(self, line: Line) -> None:
        self._mailbox = Mailbox(line.rest.strip(b'"').decode())
        if self._mailbox.numbers:  # nobody shall wait for it in the FETCH
            self._ready_messages()
        self._put(
            b"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n"
            b"* OK [PERMANENTFLAGS (\\Answered \\Seen \\*)] kept\r\n"
            b"* %d EXISTS\r\n* 0 RECENT\r\n"
            b"* OK [UIDVALIDITY 1] valid\r\n* OK [UIDNEXT 1000001] next\r\n"
            b"%b OK [READ-WRITE] selected\r\n" % (self._mailbox.exists, line.tag)
        )

    def _fetch(self, line: Line) -> None:
        numbers = line.rest.split(b" ", 1)[0]
        if numbers.isdigit():
            self._put(self._mailbox.message(int(numbers)) + b"%b OK done\r\n" % line.tag)
            return
        self._answers.append(self._ready_messages())
        self._ok(line)

    def _ready_messages(self) -> bytes:
        ready = _messages if self._inflater is None else _deflated_messages
        return ready(self._mailbox.name)

    def _compress(self, line: Line) -> None:
        self._ok(line)
        self._flush()
        self._inflater = zlib.decompressobj(-15)
        self._unread = self._inflater.decompress(self._unread)

    def _logout(self, line: Line) -> None:
        self._put(b"* BYE logging out\r\n")
        self._ok(line)
        self._open = False

    def _idle(self, line: Line) -> None:
        self._put(b"+ idling\r\n")
        if self._mailbox.name == "at-once":
            self._put(b"* %d EXISTS\r\n" % now())
        self._flush()
        self._counts.add(idling=1)
        try:
            if self._mailbox.name == "news":
                self._tell_news()
            self._line()
        finally:
            self._counts.add(idling=-1)
        self._ok(line)

    def _tell_news(self) -> None:
        """Send an EXISTS whenever there has been nothing to read for a while."""
        while not self._unread and not select.select([self._sock], [], [], PAUSE)[0]:
            self._put(b"* %d EXISTS\r\n" % now())
            self._flush()


_ANSWERS = {
    b"CAPABILITY": Connection._capability,
    b"LOGIN": Connection._login,
    b"SELECT": Connection._select,
    b"EXAMINE": Connection._select,
    b"FETCH": Connection._fetch,
    b"COMPRESS": Connection._compress,
    b"LOGOUT": Connection._logout,
    b"IDLE": Connection._idle,
}


def _serve(sock: socket.socket, counts: Counts, tls: ssl.SSLContext | None) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.suppress(OSError):
        link = tls.wrap_socket(sock, server_side=True) if tls else sock
        counts.add(1)
        Connection(link, counts).serve()


def _serve_control(sock: socket.socket, counts: Counts) -> None:
    """Answer ``idling N`` when N connections do, and ``bytes`` when all have ended."""
    with contextlib.suppress(OSError), sock, sock.makefile("rw") as lines:
        for line in lines:
            word, *numbers = line.split()
            with counts.changed:
                if word == "idling":
                    counts.wait_until_idling(int(numbers[0]))
                    answer = str(counts.idling)
                else:
                    counts.changed.wait_for(lambda: not counts.connected, CONTROL_SECONDS)
                    answer = f"{counts.received} {counts.sent}"
            lines.write(answer + "\n")
            lines.flush()


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _listen() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), backlog=1024)


def main(certificate: str, key: str) -> None:
    """Serve until standard input ends; *certificate* and *key* are paths of PEM files."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    counts = Counts()
    listeners = {name: _listen() for name in ("plain", "tls", "control")}
    threading.Thread(target=_end_with_input, daemon=True).start()
    ports = Ports(**{name: each.getsockname()[1] for name, each in listeners.items()})
    print(json.dumps(asdict(ports)), flush=True)
    threading.stack_size(256 * 1024)
    with selectors.DefaultSelector() as selector:
        for name, listener in listeners.items():
            selector.register(listener, selectors.EVENT_READ, name)
        while True:
            for event, _ in selector.select():
                sock, _ = event.fileobj.accept()  # type: ignore[union-attr]
                start_thread(event.data, sock, counts, tls)


def start_thread(kind: str, sock: socket.socket, counts: Counts, tls: ssl.SSLContext) -> None:
    """Serve a new connection in a thread of its own; *kind* is the name of its port."""
    if kind == "control":
        work = functools.partial(_serve_control, sock, counts)
    else:
        work = functools.partial(_serve, sock, counts, tls if kind == "tls" else None)
    threading.Thread(target=work, daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
