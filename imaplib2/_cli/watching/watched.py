"""What `watch` does: a watcher of the library, and beside it a connection that reads messages."""

from __future__ import annotations

import contextlib
import threading
import time

from ... import parse
from ..._errors import error, printable
from ..._hints import TYPE_CHECKING, Any, NoReturn
from ...watching import Arrived, Invalidated, is_final, watch
from .. import accounts, advice
from ..failures import Failure
from .lookup import Lookup
from .memory import Memory
from .news import News

if TYPE_CHECKING:
    from ..._client import IMAP4
    from ...watching import Event, Watcher
    from ..account import Account
    from ..console import Console
    from .programs import Program

#: Seconds between looks whether all mailboxes are open.
_LOOK = 0.1
#: Seconds before a message is asked for again: at first, and at most.
_FIRST, _LONGEST = 1.0, 60.0


class Watched:
    """*mailboxes* of *account*, whose news go to *console*, and new messages to *program*."""

    def __init__(
        self, account: Account, mailboxes: list[str], console: Console, program: Program | None
    ) -> None:
        self._account = account
        self._mailboxes = mailboxes
        self._console = console
        self._program = program
        self._opener = accounts.Opener(account, console)
        self._lookup = Lookup(self._opener)
        self._link = Link(self._opener, console)
        #: By mailbox, under which its UIDs are.
        self._validities: dict[str, int | None] = {}
        self._is_dealing = False

    def follow(self, state: str | None, is_json: bool) -> NoReturn:
        """Tell what happens, for ever. *state* is the file that remembers.

        Raises `Failure` for what no trying again mends.
        """
        memory = Memory(state) if state else None
        since = memory.read() if memory else None
        news = News(self._console, self._mailboxes, is_json=is_json)
        with contextlib.ExitStack() as stack:
            stack.callback(self._link.close)
            stack.callback(self._lookup.close)
            # What is wrong from the beginning ends the command, and at once.
            try:
                counts = {name: self._look(name) for name in self._mailboxes}
            except (error, OSError) as problem:
                raise advice.explained(problem, self._account) from problem
            watcher = watch(self._link.connect, self._mailboxes, since=since)
            # Ctrl-C leaves at once: nothing is waited for.
            stack.callback(watcher.stop)
            if memory:
                stack.callback(self._remember, memory, watcher)
            try:
                self._begin(watcher, news, counts, known=since or {})
                while True:
                    self._next(watcher, news, memory)
            except (error, OSError) as problem:
                raise advice.refused(problem, self._account) from problem

    def _look(self, mailbox: str) -> int:
        """How many messages are in *mailbox*. Raises `Failure` if it can't be opened."""
        answer = self._link.first().status(mailbox, "(MESSAGES UIDVALIDITY)")
        if answer[0] != "OK":
            said = printable(answer[1][-1] or b"")
            problem = f"{mailbox} can't be watched; the server says {answer[0]}: {said}"
            raise Failure(problem, "`imaplib2 ls` shows the mailboxes there are.")
        told = [one for one in parse.status(answer, lenient=True) if isinstance(one, parse.Status)]
        if not told:
            raise Failure(f"{mailbox} can't be watched: the server tells no status of it.")
        self._validities[mailbox] = told[-1].uid_validity
        return told[-1].messages or 0

    def _begin(self, watcher: Watcher, news: News, counts: dict[str, int], known: Any) -> None:
        """Tell from when on each of the mailboxes is watched."""
        left = [name for name in self._mailboxes if name not in known]
        for name in self._mailboxes:
            if name in known:
                news.begins(name, counts[name])
        while left:
            event = watcher.get(_LOOK)
            opened = watcher.state
            for name in [name for name in left if name in opened]:
                news.begins(name, len(opened[name].uids))
                left.remove(name)
            if event is not None:
                self._deal_with(event, news)

    def _next(self, watcher: Watcher, news: News, memory: Memory | None) -> None:
        """Wait for an event, and deal with it."""
        event = watcher.get(0)
        if event is None:
            if memory:
                memory.write(watcher, at_once=True)
            event = next(watcher)
        self._deal_with(event, news)
        if memory:
            memory.write(watcher, at_once=False)

    def _remember(self, memory: Memory, watcher: Watcher) -> None:
        """At the end: but what somebody has broken off is to be told again."""
        if not self._is_dealing:
            memory.write(watcher, at_once=True)

    def _deal_with(self, event: Event, news: News) -> None:
        self._is_dealing = True
        self._tell(event, news)
        self._is_dealing = False

    def _tell(self, event: Event, news: News) -> None:
        if isinstance(event, Invalidated):
            self._validities[event.mailbox] = event.uid_validity
        if not isinstance(event, Arrived):
            news.event(event, {})
            return
        news.event(event, self._lookup.summaries(event.mailbox, event.uids))
        if self._program is not None:
            for uid in event.uids:
                self._run(self._program, event.mailbox, uid)

    def _run(self, program: Program, mailbox: str, uid: int) -> None:
        """Run *program* for a message."""
        validity = self._validities.get(mailbox)
        message = self._message(mailbox, uid, validity)
        if message is None:
            self._console.note(f"{uid} in {mailbox} is gone before {program.name} could be run")
            return
        variables = {
            "IMAPLIB2_MAILBOX": mailbox,
            "IMAPLIB2_UID": str(uid),
            "IMAPLIB2_UIDVALIDITY": "" if validity is None else str(validity),
        }
        problem = program.run(message, variables)
        if problem is not None:
            self._console.warn(f"{program.name} {problem}, for the message {uid} in {mailbox}")

    def _message(self, mailbox: str, uid: int, validity: int | None) -> bytes | None:
        """The message *uid*; lost connections are waited for."""
        pause = _FIRST
        while True:
            try:
                return self._lookup.content(mailbox, uid, validity)
            except (error, OSError, Failure) as problem:
                cause = problem.__cause__ if isinstance(problem, Failure) else problem
                if isinstance(cause, Exception) and is_final(cause):
                    raise
                why = str(problem).rstrip(".")
                self._console.note(f"{uid} in {mailbox} can't be read: {why}; trying again")
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST)


class Link:
    """Connects for a watcher, and tells of links that are lost."""

    def __init__(self, opener: accounts.Opener, console: Console) -> None:
        self._opener = opener
        self._console = console
        #: A connection for the first that asks.
        self._ready: list[IMAP4] = []
        #: By thread, why it has got none the last time; empty if it has got one.
        self._failed: dict[int, str] = {}

    def first(self) -> IMAP4:
        """A connection, which `connect` gives then. Raises `Failure`."""
        if not self._ready:
            self._ready.append(self._opener())
        return self._ready[0]

    def close(self) -> None:
        """End the connection that nobody has asked for."""
        with contextlib.suppress(IndexError):
            self._ready.pop().shutdown()

    def connect(self) -> IMAP4:
        """A connection; raises why there is none."""
        thread = threading.get_ident()
        before = self._failed.get(thread)
        if before == "":
            self._console.note("the connection is lost; opening it again")
        self._failed[thread] = ""
        with contextlib.suppress(IndexError):
            return self._ready.pop()
        try:
            return self._opener()
        except Failure as failure:
            self._failed[thread] = failure.text
            if failure.text != before:
                self._console.note(f"no connection: {failure.text}")
            cause = failure.__cause__
            # A watcher knows which of them are for good.
            raise cause if isinstance(cause, (error, OSError)) else OSError(failure.text) from None
