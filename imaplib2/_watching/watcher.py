"""What the user of a watcher holds."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType

from .._checks import check_callable
from .._clock import Clock, seconds_until
from .._errors import abort, error, repeated
from .._hints import TYPE_CHECKING, Any
from .account import Account
from .events import Event
from .keeper import Keeper, Options
from .one_mailbox import OneMailbox
from .outbox import Outbox
from .several import Several
from .sleeping import awakenings
from .state import MailboxState, State

if TYPE_CHECKING:
    from .. import IMAP4

#: Seconds that the end of a ``with`` statement waits for connections to be closed.
_FAREWELL = 3.0


class Watcher(Iterator[Event]):
    """An iterator and context manager of what happens to mailboxes; `watch` makes it.

    It may be iterated over in any thread, also in several: each event is given once.
    """

    def __init__(self, keepers: Sequence[Keeper], outbox: Outbox, since: State) -> None:
        self._keepers = keepers
        self._outbox = outbox
        self._since = since
        self._process = os.getpid()
        # A watcher that nobody has any more ends. A garbage collection must take no locks.
        self._finalizer = weakref.finalize(self, _abandon, outbox)
        self._finalizer.atexit = False
        for keeper in keepers:
            keeper.thread.start()

    # -- Events ----------------------------------------------------------------------------------

    def __iter__(self) -> Watcher:
        return self

    def __next__(self) -> Event:
        """Wait for the next event; ends behind `stop`.

        Raises what has ended the watcher, such as refused credentials, and ``abort`` in a forked
        child, where nothing is watched.
        """
        event = self.get()
        if event is None:
            raise StopIteration
        return event

    def get(self, timeout: float | None = None) -> Event | None:
        """The next event; None when there is none within *timeout* seconds, or behind `stop`.

        Raises as iterating does.
        """
        if self._process != os.getpid():
            raise abort("a watcher can't be used in a forked child")
        event = self._outbox.take(timeout)
        if event is None and (problem := self._outbox.problem) is not None:
            if self._outbox.is_stopped:
                return None
            raise repeated(problem) if isinstance(problem, error) else problem
        return event

    # -- The end ---------------------------------------------------------------------------------

    def stop(self) -> None:
        """End it, at once: nothing is waited for, and there are no more events.

        May be called from any thread, also several times. Connections are closed in the background.
        A ``connect`` that is under way can't be interrupted: what it returns is closed then.
        """
        self._outbox.stop()
        if self._process == os.getpid():
            for keeper in self._keepers:
                keeper.end()

    @property
    def stopped(self) -> bool:
        """Whether nothing is watched any more, by `stop`, or because of what iterating raises."""
        return self._outbox.is_over

    def __enter__(self) -> Watcher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        until = Clock.now() + _FAREWELL
        for keeper in self._keepers:
            if not keeper.is_connecting:
                keeper.thread.join(seconds_until(until))

    # -- How far it has got ----------------------------------------------------------------------

    @property
    def state(self) -> State:
        """What is known to whoever has dealt with all events that were given so far.

        To be saved, and given to ``watch(since=...)`` when the program starts again: what isn't in
        it is reported then. Of a mailbox that has not been looked into yet, it is what `watch` was
        given, if anything.
        """
        return State({**self._since, **self._outbox.states()})


def _abandon(outbox: Outbox) -> None:
    outbox.stop()
    awakenings().hurry()


def watch(
    connect: Callable[[], IMAP4],
    mailbox: str | Sequence[str] = "INBOX",
    *,
    since: State | str | bytes | None = None,
    flags: bool = True,
    by_status: bool = False,
    renew: float = 29 * 60,
    poll: float = 60,
    retry: tuple[float, float] = (1, 300),
    give_up: Callable[[Exception], Any] | None = None,
) -> Watcher:
    """Watch mailboxes until the program ends, whatever happens to servers and networks.

    To be written
    """
    check_callable("connect", connect)
    names = [mailbox] if isinstance(mailbox, str) else list(mailbox)
    known = State() if since is None else State(since)
    unknown = None if since is None else MailboxState()
    accounts = [Account(name, known.get(name, unknown), keeps_flags=flags) for name in names]
    outbox = Outbox(accounts)
    options = Options(connect, renew, poll, retry, give_up)
    keepers: list[Keeper]
    if by_status:
        keepers = [Several(options, accounts, outbox)]
    else:
        keepers = [OneMailbox(options, [account], outbox) for account in accounts]
    return Watcher(keepers, outbox, known)
