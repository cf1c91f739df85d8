"""The libraries that are measured, each by a class with the operations that workloads need.

A new one is a module with a subclass of `Client`, and a row in `LIBRARIES`. An operation that a
library doesn't have is left out of its class; the tables show a dash there. Operations that
return an *answer* return whatever the library does: it is looked at when the clock has stopped.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

OURS = "imaplib2"
BEFORE = "before"
"""This package from another directory, when there is one to compare with."""

LIBRARIES = {
    OURS: "ours:Imaplib2",
    BEFORE: "ours:Imaplib2",
    "imaplib": "stdlib:Imaplib",
    "historical": "historical:Historical",
    "IMAPClient": "imapclient_:IMAPClient",
    "aioimaplib": "aioimaplib_:Aioimaplib",
    "floor": "floor:Floor",
    "threaded-floor": "threaded_floor:ThreadedFloor",
}
"""Names, as in the tables, and where to find the classes."""

MODULES = {
    OURS: "imaplib2",
    BEFORE: "imaplib2",
    "imaplib": "imaplib",
    "historical": "imaplib2",
    "IMAPClient": "imapclient",
    "aioimaplib": "aioimaplib",
}
"""What a program imports to use the library."""

LIKE_IMAPLIB = (OURS, BEFORE, "imaplib", "historical")
"""Whose modules have an IMAP4."""

USER, PASSWORD = "alice", "secret"

SECONDS = 120.0
"""The time-out that the libraries are given: more than any sample may take."""


@dataclass(frozen=True)
class Address:
    """Where to connect. *ca_file* is a PEM file, and means TLS from the start."""

    port: int
    ca_file: str | None = None
    host: str = "127.0.0.1"


class Client(ABC):
    """A library; an instance is one connection.

    What some libraries have beside the methods here:

    - ``fetch_each(numbers, items)``: a list of answers, all commands on their way at once;
    - ``fetch_in_threads(shares, items)``: each thread fetches the messages of its share one by
      one; pairs of a number and its answer, those missing that raised an exception;
    - ``enable_compression()``;
    - ``idle_until_news()``: idle until there is an EXISTS, end that, and return its number, or
      None when there was none in `NEWS_SECONDS`;
    - ``news(count)``: pairs of an EXISTS's number and `now` when it was there, of one IDLE;
    - ``start_idling()``, ``stop_idling()``;
    - ``read_flags(answer)``, ``read_envelopes(answer)``, ``read_structures(answer)``: static; look
      at every field of every item that an answer has, and return the number of messages; an answer
      may also be the ``data`` that imaplib's ``fetch`` gives.
    """

    reads = True
    """The answers can be checked."""
    encrypts = True
    """It can do TLS."""

    def __init__(self, address: Address) -> None:
        self.address = address

    @abstractmethod
    def connect(self) -> None:
        """Connect and take the greeting."""

    @abstractmethod
    def login(self, user: str = USER) -> None: ...

    @abstractmethod
    def select(self, mailbox: str) -> None: ...

    @abstractmethod
    def logout(self) -> None: ...

    @abstractmethod
    def noop(self) -> None: ...

    @abstractmethod
    def fetch(self, messages: str, items: str) -> Any:
        """The answer to one command: *messages* is ``'1:*'``, *items* ``'(FLAGS)'``."""

    @abstractmethod
    def append(self, mailbox: str, message: bytes) -> None: ...

    @staticmethod
    @abstractmethod
    def numbers(answer: Any) -> list[int]:
        """The messages that an answer tells of."""

    @staticmethod
    @abstractmethod
    def octets(answer: Any) -> int:
        """The bytes of the bodies in an answer."""


NEWS_SECONDS = 0.5
"""How long an IDLE waits for news."""


def client_class(library: str) -> type[Client]:
    """The class for a library, which is imported."""
    module, _, name = LIBRARIES[library].partition(":")
    found: type[Client] = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    return found


def check(typ: str, data: Sequence[Any] = ()) -> None:
    """Raise RuntimeError unless *typ* is OK."""
    if typ != "OK":
        raise RuntimeError(f"{typ} {data!r}")


def in_threads(
    shares: Sequence[Sequence[int]],
    fetch: Callable[[int], Any],
    *failures: type[Exception],
) -> list[tuple[int, Any]]:
    """What `Client.fetch_in_threads` returns; those are left out that *fetch* fails with."""
    answers: list[tuple[int, Any]] = []

    def work(share: Sequence[int]) -> None:
        for number in share:
            with contextlib.suppress(*failures):
                answers.append((number, fetch(number)))

    threads = [threading.Thread(target=work, args=(share,), daemon=True) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
