"""A program whose sockets and threads are eventlet's.

Its arguments are a server's host, port, TLS port and CA file, and a user.
"""

import sys
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it advises against itself
    try:
        import eventlet

        eventlet.monkey_patch()
    except Exception as problem:  # as it doesn't know this Python
        print(f"unsupported: {problem!r}")
        sys.exit()

import gc
import os
import queue
import threading
from collections.abc import Callable
from typing import Any

import imaplib2

PASSWORD = "secret"
SECONDS = 20.0
TEXT = b"Subject: x\r\n\r\n" + b"x" * 300_000


class Hooked(imaplib2.IMAP4):
    """A class whose traffic passes through its own methods."""

    def read(self, size: int) -> bytes:
        return super().read(size)

    def send(self, data: Any) -> None:
        super().send(data)


def main() -> None:
    host, port, tls_port, ca_file, user = sys.argv[1:]

    def plain() -> imaplib2.IMAP4:
        return imaplib2.IMAP4(host, port, SECONDS)

    def tls() -> imaplib2.IMAP4:
        return imaplib2.IMAP4_SSL(host, tls_port, ca_certs=ca_file, timeout=SECONDS)

    def starttls() -> imaplib2.IMAP4:
        M = plain()
        M.starttls(ca_certs=ca_file)
        return M

    def hooked() -> imaplib2.IMAP4:
        return Hooked(host, port, SECONDS)

    for connect in (plain, tls, starttls, hooked):
        use(connect, plain, user)
        for end in (imaplib2.IMAP4.logout, imaplib2.IMAP4.shutdown, forget):
            before = descriptors()
            M = connect()
            M.login(user, PASSWORD)
            end(M)
            del M
            eventually(lambda: descriptors() == before and alone())  # noqa: B023
        print(connect.__name__, flush=True)


def use(connect: Callable[[], Any], connect_other: Callable[[], Any], user: str) -> None:
    """Callbacks, IDLE, compression; while others run."""
    ticks: list[None] = []
    other_greenlet = eventlet.spawn(tick, ticks)
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


def tick(ticks: list[None]) -> None:
    while True:
        ticks.append(None)
        eventlet.sleep(0.01)


def forget(M: Any) -> None:
    """The connection is collected when the caller, too, forgets it."""
    warnings.simplefilter("ignore", ResourceWarning)


def descriptors() -> set[str]:
    gc.collect()
    return set(os.listdir("/proc/self/fd"))


def alone() -> bool:
    return threading.enumerate() == [threading.current_thread()]


def eventually(condition: Callable[[], bool]) -> None:
    with eventlet.Timeout(SECONDS):
        while not condition():
            eventlet.sleep(0.01)


if __name__ == "__main__":
    main()
