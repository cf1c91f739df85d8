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
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent))
from green_sessions import PASSWORD, SECONDS, connectors, use

import imaplib2


def main() -> None:
    user = sys.argv[5]
    ways = connectors()
    for name, connect in ways.items():
        use(connect, ways["plain"], user, eventlet)
        for end in (imaplib2.IMAP4.logout, imaplib2.IMAP4.shutdown, forget):
            before = descriptors()
            M = connect()
            M.login(user, PASSWORD)
            end(M)
            del M
            eventually(lambda: descriptors() == before and alone())  # noqa: B023
        print(name, flush=True)


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
