"""Between the threads that watch and those that iterate."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable, Iterable

from .._clock import Clock, next_of, seconds_until
from .._hints import Any, TypeVar
from .._mutex import Mutex
from .account import Account
from .events import Event
from .state import MailboxState

T = TypeVar("T")


class Outbox:
    """The accounts of a watcher's mailboxes, which threads change, and of which others are told.

    Whatever is done with an account is done by `change`, which lets in one thread at a time.
    """

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._accounts = list(accounts)
        self._mutex = Mutex()
        # Wakes those that wait: there may be an event, or there will be none any more.
        self._calls: queue.SimpleQueue[None] = queue.SimpleQueue()
        #: Why there will be no more events, once all have been taken; None: because of `stop`.
        self.problem: BaseException | None = None
        self.is_over = self.is_stopped = False

    def change(self, function: Callable[..., T], *arguments: Any) -> T:
        """The result of a *function* that may change accounts; nothing disturbs it meanwhile."""
        changed: tuple[T, bool] = self._mutex.run(self._change, function, arguments)
        if changed[1]:
            self._call()
        return changed[0]

    def _change(self, function: Callable[..., T], arguments: tuple[Any, ...]) -> tuple[T, bool]:
        return function(*arguments), any(account.pending for account in self._accounts)

    def _call(self) -> None:
        if self._calls.empty():
            self._calls.put(None)

    def stop(self) -> None:
        """There are to be no more events, not even those that are there."""
        self.is_over = self.is_stopped = True
        self._calls.put(None)

    def fail(self, problem: BaseException) -> None:
        """There are no more events, because of a *problem*, but for those that are there."""
        if not self.is_over:
            self.problem = problem
            self.is_over = True
        self._calls.put(None)

    def take(self, timeout: float | None) -> Event | None:
        """The next event; None when there is none within *timeout* seconds, or none any more."""
        deadline = None if timeout is None else Clock.now() + timeout
        while not self.is_stopped:
            event = self._mutex.run(self._take)
            if event is not None:
                # There may be more, for others that wait.
                self._call()
                return event
            if self.is_over:
                break
            left = None if deadline is None else seconds_until(deadline)
            with contextlib.suppress(queue.Empty):
                next_of(self._calls, left)
            if left == 0:
                return None
        # Others may wait, too.
        self._call()
        return None

    def _take(self) -> Event | None:
        for position, account in enumerate(self._accounts):
            event = account.pending.take()
            if event is not None:
                account.note_told()
                # It is the others' turn.
                del self._accounts[position]
                self._accounts.append(account)
                return event
        return None

    def states(self) -> dict[str, MailboxState]:
        """What the consumer knows of each mailbox."""
        return self._mutex.run(self._states)

    def _states(self) -> dict[str, MailboxState]:
        known = ((account.mailbox, account.state()) for account in self._accounts)
        return {name: state for name, state in known if state is not None}
