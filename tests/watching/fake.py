"""Connections without a server: what `tests.watching.model` has, by the methods of IMAP4."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import imaplib2
from imaplib2 import IMAP4
from imaplib2._protocol.untagged import UntaggedResponses
from imaplib2._watching.questions import ChangedSince, FlagsOf, NewFrom, Question
from imaplib2.parse import SequenceSet
from imaplib2.watching import State, Watcher

from .model import Flags, Mailbox, Server, Session

SECONDS = 5.0
CAPABILITIES = ("IMAP4REV1", "IDLE", "ENABLE", "CONDSTORE", "QRESYNC")


class Post:
    """A server, with its mailboxes, and what it refuses."""

    def __init__(self, *names: str, capabilities: tuple[str, ...] = CAPABILITIES) -> None:
        self.mailboxes = {name: Mailbox() for name in names or ("INBOX",)}
        self.capabilities = capabilities
        self.connections: list[Connection] = []
        #: What is raised instead of a connection, one after the other.
        self.problems: list[BaseException] = []
        #: Answers by command, instead of what it would answer.
        self.answers: dict[str, Any] = {}
        #: All commands, of all connections.
        self.log: queue.SimpleQueue[str] = queue.SimpleQueue()

    def connect(self) -> Any:
        self.log.put("connect")
        if self.problems:
            raise self.problems.pop(0)
        self.connections.append(Connection(self))
        return self.connections[-1]

    def await_command(self, name: str) -> None:
        """Wait until a connection has got a command."""
        while self.log.get(timeout=SECONDS) != name:
            pass

    def deliver(self, flags: Flags = frozenset(), mailbox: str = "INBOX") -> None:
        self.mailboxes[mailbox].deliver(flags)
        self.tell()

    def tell(self) -> None:
        """What has happened is told on each connection."""
        for connection in self.connections:
            connection.calls.put("news")

    def cut(self) -> None:
        """The connections are lost."""
        for connection in self.connections:
            connection.cut()

    @property
    def server(self) -> Server:
        has = {"CONDSTORE", "QRESYNC"} & {*self.capabilities}
        return Server(bool(has), "QRESYNC" in has)


class Connection:
    """As much of an `IMAP4` as a watcher uses."""

    state = "AUTH"
    timeout: float | None = 1.0
    sock: Any = None

    def __init__(self, post: Post) -> None:
        self.post, self.capabilities = post, post.capabilities
        self.session: Session | None = None
        self.codes: dict[str, bytes] = {}
        self.calls: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.is_lost = self.is_over = False
        self.untagged_responses = UntaggedResponses()

    def _begin(self, name: str) -> Any:
        self.post.log.put(name)
        if self.is_lost or self.is_over:
            raise IMAP4.abort("socket error: EOF")
        answer = self.post.answers.get(name)
        return answer() if callable(answer) else answer

    def cut(self) -> None:
        self.is_lost = True
        self.calls.put("cut")

    def enable(self, name: str) -> Any:
        answer = self._begin("ENABLE")
        self.codes["ENABLED"] = name.encode()
        return answer or ("OK", [b""])

    def response(self, name: str) -> Any:
        return name, [self.codes.pop(name, None)]

    def select(self, name: str, readonly: bool = False) -> Any:
        assert readonly
        if answer := self._begin("EXAMINE"):
            return answer
        if name not in self.post.mailboxes:
            return "NO", [b"no such mailbox"]
        self.session = Session(self.post.server, self.post.mailboxes[name], Random(0))
        said = self.session.opened()
        own = self.session.mailbox
        self.codes = {"UIDVALIDITY": b"%d" % own.uid_validity, "UIDNEXT": b"%d" % own.uid_next}
        if said.modseq:
            self.codes["HIGHESTMODSEQ"] = b"%d" % said.modseq
        else:
            self.codes["NOMODSEQ"] = b""
        return "OK", [None if said.exists is None else b"%d" % said.exists]

    def list(self, directory: str, name: str) -> Any:
        listed: list[Any] = [None]
        if name in self.post.mailboxes:
            listed = [b'() "/" %s' % name.encode()]
        return self._begin("LIST") or ("OK", listed)

    def status(self, name: str, items: str) -> Any:
        if answer := self._begin("STATUS"):
            return answer
        if name not in self.post.mailboxes:
            return "NO", [b"no such mailbox"]
        own = self.post.mailboxes[name]
        values = {
            "MESSAGES": len(own.messages), "UIDNEXT": own.uid_next, "UNSEEN": 0,
            "UIDVALIDITY": own.uid_validity, "HIGHESTMODSEQ": own.modseq,
        }  # fmt: skip
        told = " ".join(f"{item} {values[item]}" for item in items.strip("()").split())
        return "OK", [f"{name} ({told})".encode()]

    def pop_untagged_responses(self) -> Iterator[Any]:
        yield from (self.session.news() if self.session else ())

    def _answer(self, name: str, question: Question) -> Any:
        answer = self._begin(name)
        if answer is None:
            assert self.session is not None
            unasked: Any = []
            rows = [*self.session._rows(question, unasked)]
            found: list[Any] = [*rows]
            answer = "OK", found or [None]
        return answer

    def search(self, charset: None, *criteria: str, uid: bool) -> Any:
        assert uid
        assert criteria == ("ALL",)
        assert self.session is not None
        uids = " ".join(map(str, self.session.told)).encode()
        return self._begin("SEARCH") or ("OK", [uids])

    def fetch(self, uids: Any, items: str, *, uid: bool) -> Any:
        assert uid
        first, _, last = str(uids).partition(":")
        if last == "*":
            return self._answer("FETCH", NewFrom(int(first)))
        return self._answer("FETCH", FlagsOf(SequenceSet(uids)))

    def uid(self, command: str, uids: str, items: str, modifier: str) -> Any:
        words = modifier.strip("()").split()
        return self._answer("FETCH", ChangedSince(int(words[1]), "VANISHED" in words))

    def noop(self) -> Any:
        return self._begin("NOOP") or ("OK", [b""])

    def close(self) -> Any:
        self.session = None
        return self._begin("CLOSE") or ("OK", [b""])

    def idle(self, *, duration: float) -> Idler:
        return Idler(self, duration)

    def idle_done(self) -> None:
        self.calls.put("done")

    def logout(self) -> None:
        self.post.log.put("LOGOUT")
        self.is_over = True

    def shutdown(self) -> None:
        self.cut()


class Idler:
    def __init__(self, connection: Connection, duration: float) -> None:
        self._connection, self._duration = connection, duration
        self._news: Iterator[Any] = iter(())

    def __enter__(self) -> Idler:
        self._connection._begin("IDLE")
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.post.log.put("DONE")
        if self._connection.is_lost:
            raise IMAP4.abort("socket error: EOF")

    def __iter__(self) -> Iterator[Any]:
        assert self._connection.session is not None
        while True:
            try:
                call = self._connection.calls.get(timeout=min(self._duration, SECONDS))
            except queue.Empty:
                return
            if call == "done":
                return
            if call == "cut":
                raise IMAP4.abort("socket error: EOF")
            yield from self._connection.session.news()


def raising(type_: str | None) -> Callable[[], Any]:
    """An answer that is raised."""

    def answer() -> None:
        problem = IMAP4.error("not understood")
        problem.type = type_
        raise problem

    return answer


def refusing(text: bytes) -> Callable[[], Any]:
    """An answer to a command."""
    return lambda: ("NO", [text])


@contextmanager
def watching(post: Post, *mailboxes: str, **options: Any) -> Iterator[Watcher]:
    """A watcher, to which all messages arrive."""
    options = {"since": State(), "retry": (0.001, 0.01), **options}
    with imaplib2.watch(post.connect, mailboxes or "INBOX", **options) as watcher:
        yield watcher
