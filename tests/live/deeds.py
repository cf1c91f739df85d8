"""What other clients do to a mailbox that is watched, and whether all of it is told."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import TypeVar

import imaplib2
from imaplib2 import IMAP4
from imaplib2.parse import AppendUid, SequenceSet, fetch, response_code, search
from imaplib2.watching import Event, Reconnected, State, Watcher

from ..server.scripted import Proxy
from ..watching.model import Consumer, some_flags
from .helpers import ok, plain
from .server import PASSWORD, Server

Flags = frozenset[str]
T = TypeVar("T")
_TEXT = b"Subject: deeds\r\nMessage-ID: %s\r\n\r\n"
#: Seconds after which what has happened should have been told.
PATIENCE = 30.0


class Actor:
    """Delivers, flags and expunges at random, and keeps account of it."""

    def __init__(self, server: Server, user: str, random: Random) -> None:
        self._server, self.user, self._random = server, user, random
        self._M: IMAP4 | None = None
        self.messages: dict[int, Flags] = {}
        self.deliveries = self.changes = self.removals = 0

    @property
    def M(self) -> IMAP4:
        """A connection, a new one if the last one is lost."""
        if self._M is None or self._M.closed:
            self._M = IMAP4(self._server.host, self._server.port, timeout=10)
            self._M.login(self.user, PASSWORD)
            ok(self._M.select("INBOX"))
        return self._M

    def close(self) -> None:
        if self._M is not None:
            self._M.logout()

    def act(self) -> None:
        """Do something."""
        choice = self._random.random()
        if choice < 0.5 or not self.messages:
            self.deliver()
        elif choice < 0.8:
            self.change()
        else:
            self.remove()

    def deliver(self) -> None:
        flags = some_flags(self._random)
        name = b"<%d@deeds>" % self.deliveries
        (uid,) = self._surely(
            lambda M: self._append(M, name, flags),
            # It is there when all that was lost is the answer.
            lambda M: self._named(M, name) or self._append(M, name, flags),
        )
        self.messages[uid] = flags
        self.deliveries += 1

    @staticmethod
    def _append(M: IMAP4, name: bytes, flags: Flags) -> SequenceSet:
        answer = M.append("INBOX", sorted(flags) or None, None, _TEXT % name)
        code = response_code(answer)
        assert code is not None
        assert isinstance(code.value, AppendUid), answer
        return code.value.uids

    @staticmethod
    def _named(M: IMAP4, name: bytes) -> SequenceSet | None:
        return search(M.uid("SEARCH", "HEADER", "Message-ID", name)).numbers

    def change(self) -> None:
        uids = self._some()
        flags = some_flags(self._random)
        self._surely(lambda M: ok(M.store(uids, "FLAGS.SILENT", sorted(flags), uid=True)))
        self.messages |= dict.fromkeys(uids, flags)
        self.changes += len(uids)

    def remove(self) -> None:
        uids = self._some()
        self._surely(lambda M: self._removed(M, uids))
        for uid in uids:
            del self.messages[uid]
        self.removals += len(uids)

    @staticmethod
    def _removed(M: IMAP4, uids: list[int]) -> None:
        ok(M.store(uids, "+FLAGS.SILENT", r"(\Deleted)", uid=True))
        ok(M.expunge(uids, uid=True))

    def _surely(self, deed: Callable[[IMAP4], T], again: Callable[[IMAP4], T] | None = None) -> T:
        """Do something, and once more (or *again*) when the connection is lost meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return deed(self.M)
            except (IMAP4.abort, OSError):
                if time.monotonic() > deadline:
                    raise
                deed = again or deed

    def _some(self) -> list[int]:
        # In Courier, a session knows what it has appended itself only behind this.
        self._surely(lambda M: ok(M.noop()))
        most = min(len(self.messages), 3)
        return self._random.sample([*self.messages], self._random.randint(1, most))

    def found(self) -> dict[int, Flags]:
        """What is there in fact."""
        with plain(self._server, self.user) as M:
            ok(M.select("INBOX", readonly=True))
            rows = fetch(M.fetch("1:*", "(UID FLAGS)")) if self.messages else ()
            told = {row.uid or 0: row.flags or frozenset() for row in rows}
        recent = frozenset({"\\Recent"})
        return {uid: flags - recent for uid, flags in told.items()}


class Account:
    """All that a watcher tells, which must agree with what was done."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.consumer = Consumer()
        self.reconnections = self.events = 0

    def take(self, event: Event) -> None:
        self.events += 1
        self.reconnections += isinstance(event, Reconnected)
        self.consumer.take(event)

    def take_all(self) -> None:
        """Those events that are there."""
        while (event := self.watcher.get(0)) is not None:
            self.take(event)

    def await_reconnection(self) -> None:
        """Wait until the mailbox is watched again for the first time."""
        while not self.reconnections:
            event = self.watcher.get(PATIENCE)
            assert event is not None
            self.take(event)

    def await_agreement(self, actor: Actor) -> None:
        """Wait until all is told; nothing is told twice, see `Consumer`."""
        deadline = time.monotonic() + PATIENCE
        while not self._agrees(actor):
            event = self.watcher.get(0.1)
            if event is not None:
                self.take(event)
            else:
                watcher = self.watcher
                accounts = (self.consumer.known, actor.messages, watcher.state, watcher.stopped)
                assert time.monotonic() < deadline, accounts
        assert actor.found() == actor.messages

    def _agrees(self, actor: Actor) -> bool:
        """Whether consumer and state have all; what is still to be told may be old news."""
        if self.consumer.known != actor.messages:
            return False
        state = self.watcher.state["INBOX"]
        flags = {uid: f for f, uids in (state.flags or {}).items() for uid in uids}
        return state.uids == actor.messages.keys() and flags == actor.messages


def connector(server: Server | Proxy, user: str, timeout: float = 1.0) -> Callable[[], IMAP4]:
    """What connects a watcher."""

    def connect() -> IMAP4:
        M = IMAP4(server.host, server.port, timeout=timeout)
        try:
            M.login(user, PASSWORD)
        except BaseException:
            M.shutdown()
            raise
        return M

    return connect


@contextmanager
def watched(connect: Callable[[], IMAP4], **options: object) -> Iterator[Account]:
    """The account of a watcher of a mailbox, whose messages so far arrive, too."""
    settings: dict[str, object] = {"since": State(), "renew": 2.0, "retry": (0.01, 0.2), **options}
    with imaplib2.watch(connect, "INBOX", **settings) as watcher:  # type: ignore[arg-type]
        yield Account(watcher)


@contextmanager
def acting(server: Server, user: str, seed: int) -> Iterator[Actor]:
    actor = Actor(server, user, Random(seed))
    try:
        yield actor
    finally:
        with contextlib.suppress(imaplib2.IMAP4.error):
            actor.close()
