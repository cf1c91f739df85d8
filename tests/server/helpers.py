"""What the tests of the client against a scripted server share."""

from __future__ import annotations

import gc
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

import imaplib2

from .inside import own_threads
from .scripted import Peer, Proxy, ScriptedServer

Serve: TypeAlias = Callable[..., ScriptedServer]
MakeProxy: TypeAlias = Callable[..., Proxy]
Outcome: TypeAlias = Any  # what a callback gets
Client = TypeVar("Client", bound=imaplib2.IMAP4)

SECONDS = 5.0
"""How long anything here may take that should take no time."""

error, abort = imaplib2.IMAP4.error, imaplib2.IMAP4.abort


@contextmanager
def connected(
    server: ScriptedServer | Proxy, cls: type[Any] = imaplib2.IMAP4, **options: Any
) -> Iterator[Any]:
    """A connection that is cut off, without a LOGOUT, at the end."""
    M = cls(server.host, server.port, **options)
    try:
        yield M
    finally:
        M.shutdown()


def greet(peer: Peer, capabilities: bytes = b"", status: bytes = b"OK") -> None:
    """Greet, with capabilities, so that the client asks for nothing."""
    peer.greet(b"* %s [CAPABILITY IMAP4rev1 %s] ready" % (status, capabilities))


def greet_authenticated(peer: Peer, capabilities: bytes = b"") -> None:
    """Greet a client that need not log in."""
    greet(peer, capabilities, b"PREAUTH")


def agree(peer: Peer, *names: str) -> None:
    """Answer a command with OK."""
    peer.ok(peer.command(*names))


class Calls:
    """A callback that keeps what it is called with."""

    def __init__(self) -> None:
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self.threads: set[str] = set()

    def __call__(self, outcome: Outcome) -> None:
        self.threads.add(threading.current_thread().name)
        self._outcomes.put(outcome)

    def next(self, seconds: float = SECONDS) -> Outcome:
        """What the next call gets."""
        return self._outcomes.get(timeout=seconds)

    @property
    def count(self) -> int:
        """Calls that `next` has not returned."""
        return self._outcomes.qsize()


class Thread:
    """A function in a thread of its own; `result` returns or raises what it did."""

    def __init__(self, function: Callable[..., Any], *args: Any, **options: Any) -> None:
        self._outcome: Any = None
        self._problem: BaseException | None = None

        def run() -> None:
            try:
                self._outcome = function(*args, **options)
            except BaseException as problem:
                self._problem = problem

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def ended(self, seconds: float = SECONDS) -> None:
        """Wait until it has come to its end, whatever that is."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise TimeoutError("the thread does not end")

    def result(self, seconds: float = SECONDS) -> Any:
        self.ended(seconds)
        if self._problem is not None:
            try:
                raise self._problem
            finally:
                self._problem = None
        return self._outcome


@contextmanager
def duration(at_least: float, less_than: float) -> Iterator[None]:
    """Insist on how long the body takes."""
    start = time.monotonic()
    yield
    assert at_least <= time.monotonic() - start < less_than


def failure(call: Callable[..., Any], *args: Any, **options: Any) -> BaseException:
    """The exception that a call must raise."""
    try:
        call(*args, **options)
    except Exception as problem:
        return problem
    raise AssertionError("nothing was raised")


def wait_over(M: Any) -> None:
    """Wait until the client has noticed that its connection is over."""
    for thread in own_threads(M):
        thread.join(SECONDS)
        assert not thread.is_alive()
    assert M.Terminate


def forget(connections: list[Any]) -> None:
    """Drop the last references to *connections*, without logging out."""
    connections.clear()
    gc.collect()
