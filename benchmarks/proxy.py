"""A proxy that adds a round-trip time and leaves the throughput alone.

    python -m benchmarks.proxy PORT SECONDS

prints its own port on 127.0.0.1, and passes on to PORT what arrives there, each way half of
SECONDS later, until its standard input ends. Connecting takes its time, too: as over a real link
the greeting is there two round trips after the client has begun.
"""

from __future__ import annotations

import collections
import contextlib
import os
import socket
import sys
import threading
import time

_READ = 256 * 1024
_WINDOW = 64 * 1024 * 1024
"""Bytes on their way in one direction; beyond it, the sender has to wait."""


class Lane:
    """One direction of a connection: a thread that takes, and one that gives when it is time."""

    def __init__(self, source: socket.socket, sink: socket.socket, delay: float) -> None:
        self._source, self._sink, self._delay = source, sink, delay
        self._pieces: collections.deque[tuple[float, bytes]] = collections.deque()
        self._size = 0
        self._changed = threading.Condition()

    def start(self) -> None:
        for work in (self._take, self._give):
            threading.Thread(target=work, daemon=True).start()

    def _take(self) -> None:
        """Read until the source ends; an empty piece stands for the end."""
        data = b"-"
        while data:
            try:
                data = self._source.recv(_READ)
            except OSError:
                data = b""
            with self._changed:
                self._changed.wait_for(lambda: self._size < _WINDOW)
                self._pieces.append((time.monotonic() + self._delay, data))
                self._size += len(data)
                self._changed.notify_all()

    def _give(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._next():
                self._sink.sendall(data)
        with contextlib.suppress(OSError):
            self._sink.shutdown(socket.SHUT_WR)

    def _next(self) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: self._pieces)
            due, data = self._pieces.popleft()
            self._size -= len(data)
            self._changed.notify_all()
        time.sleep(max(0.0, due - time.monotonic()))
        return data


def link(client: socket.socket, port: int, round_trip: float) -> None:
    """Connect a client to *port*, and start passing on both ways."""
    # The SYN, its answer and the ACK are on their way before the server knows of the client.
    time.sleep(1.5 * round_trip)
    try:
        server = socket.create_connection(("127.0.0.1", port))
    except OSError:
        client.close()
        return
    for sock in (client, server):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    Lane(client, server, round_trip / 2).start()
    Lane(server, client, round_trip / 2).start()


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main(port: int, round_trip: float) -> None:
    """Serve until standard input ends; *round_trip* is in seconds."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    threading.Thread(target=_end_with_input, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=link, args=(client, port, round_trip), daemon=True).start()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
