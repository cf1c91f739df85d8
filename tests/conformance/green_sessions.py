"""What a program does whose sockets and threads are greenlets': gevent's or eventlet's.

Imported by such programs once they have patched everything.
"""

from __future__ import annotations

import queue
import sys
from collections.abc import Callable
from typing import Any

import imaplib2

PASSWORD = "secret"
SECONDS = 20.0
TEXT = b"Subject: x\r\n\r\n" + b"x" * 300_000

Connect = Callable[[], Any]


class Hooked(imaplib2.IMAP4):
    """A class whose traffic passes through its own methods."""

    def read(self, size: int) -> bytes:
        return super().read(size)

    def send(self, data: Any) -> None:
        super().send(data)


def connectors() -> dict[str, Connect]:
    """Ways to connect to the server of the program's arguments."""
    host, port, tls_port, ca_file = sys.argv[1:5]

    def starttls() -> Any:
        M = imaplib2.IMAP4(host, port, SECONDS)
        M.starttls(ca_certs=ca_file)
        return M

    return {
        "plain": lambda: imaplib2.IMAP4(host, port, SECONDS),
        "tls": lambda: imaplib2.IMAP4_SSL(host, tls_port, ca_certs=ca_file, timeout=SECONDS),
        "starttls": starttls,
        "hooked": lambda: Hooked(host, port, SECONDS),
    }


def use(connect: Connect, connect_other: Connect, user: str, green: Any) -> None:
    """Callbacks, IDLE, compression; while other greenlets, those of the module *green*, run."""
    ticks: list[None] = []

    def tick() -> None:
        while True:
            ticks.append(None)
            green.sleep(0.01)

    other_greenlet = green.spawn(tick)
    outcomes: queue.Queue[Any] = queue.Queue()
    with connect() as M, connect_other() as other:
        for connection in (M, other):
            connection.login(user, PASSWORD)
            assert connection.select()[0] == "OK"
        assert M.append("INBOX", None, None, TEXT)[0] == "OK"
        for compressed in (False, True):
            for _ in range(20):
                M.fetch("1", "(BODY.PEEK[])", callback=outcomes.put)
            bodies = {outcomes.get(timeout=SECONDS)[0][1][0][1] for _ in range(20)}
            assert bodies == {TEXT}
            if not compressed:
                M.enable_compression()
        before = len(ticks)
        M.idle(callback=outcomes.put)
        other.append("INBOX", None, None, TEXT)
        assert outcomes.get(timeout=SECONDS)[2] is None
        assert M.idle(0.2)[0] == "OK"
        with M.idle(duration=0.2) as idler:
            assert list(idler) == []
        assert len(ticks) > before
    other_greenlet.kill()
