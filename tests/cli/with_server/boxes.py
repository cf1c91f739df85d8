"""A mailbox that tells those who idle of what arrives in it."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

from ...server.scripted import HANDLERS, MESSAGE, Command, Messages, Session, mailbox

ENVELOPE = (
    b'ENVELOPE ("Mon, 7 Feb 1994 21:52:25 -0800" "Lunch?" (("Ada" NIL "ada" "example.org"))'
    b' NIL NIL NIL NIL NIL NIL "<1@x>")'
)


class Box:
    """INBOX of a scripted server, whose ``script`` this is."""

    def __init__(self, count: int = 3, **handlers: Any) -> None:
        self.messages: Messages = dict.fromkeys(range(1, count + 1), MESSAGE)
        self._known: dict[int, int] = {}
        self._idling: dict[int, Session] = {}
        self._lock = threading.RLock()
        own = {
            "SELECT": self._select, "EXAMINE": self._select, "IDLE": self._idle,
            "FETCH": self._fetch, "UID FETCH": self._fetch, "APPEND": self._append,
        }  # fmt: skip
        self.script = partial(mailbox, messages=self.messages, handlers={**own, **handlers})

    def deliver(self, content: bytes = MESSAGE) -> None:
        """A message arrives."""
        with self._lock:
            self.messages[max(self.messages, default=0) + 1] = content
            for session in self._idling.values():
                self._tell(session)

    def cut(self) -> None:
        """The links of those who idle are lost."""
        with self._lock:
            for session in self._idling.values():
                session.peer.cut()

    def _tell(self, session: Session) -> None:
        if self._known.get(id(session)) != len(self.messages):
            self._known[id(session)] = len(self.messages)
            session.peer.untagged(b"%d EXISTS" % len(self.messages))

    def _select(self, session: Session, command: Command) -> None:
        with self._lock:
            self._known[id(session)] = len(self.messages)
            HANDLERS[command.name](session, command)

    def _append(self, session: Session, command: Command) -> None:
        if command.words[0] != b"INBOX":
            HANDLERS["APPEND"](session, command)
            return
        self.deliver(command.words[-1])
        session.peer.ok(command)

    def _idle(self, session: Session, command: Command) -> None:
        with self._lock:
            session.peer.line(b"+ idling")
            self._tell(session)
            self._idling[id(session)] = session
        try:
            session.peer.expect(b"DONE")
        finally:
            with self._lock:
                del self._idling[id(session)]
        session.peer.ok(command)

    def _fetch(self, session: Session, command: Command) -> None:
        with self._lock:
            # Before it fetches what has just arrived, it is told of that.
            self._tell(session)
            self._answer(session, command)

    def _answer(self, session: Session, command: Command) -> None:
        if b"ENVELOPE" not in command.args:
            HANDLERS[command.name](session, command)
            return
        by_uid = command.name == "UID FETCH"
        for number, uid in session.numbered(command.words[0], by_uid):
            session.peer.untagged(b"%d FETCH (UID %d %b)" % (number, uid, ENVELOPE))
        session.peer.ok(command)
