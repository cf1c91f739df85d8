"""What the user of a watcher holds."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType

from .._checks import check_callable, seconds
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
        try:
            for keeper in keepers:
                keeper.thread.start()
        except BaseException:
            self.stop()
            raise

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
            if keeper.thread.is_alive() and not keeper.is_connecting:
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
    r"""Watch mailboxes until the program ends, whatever happens to servers and networks.

    *connect* is called, in a thread of the watcher, whenever a connection is needed; it returns
    one that is logged in, and that belongs to the watcher from then on:

    >>> import imaplib2
    >>> def connect():
    ...     M = imaplib2.IMAP4_SSL("imap.example.org", timeout=60)
    ...     M.login("user", "password")
    ...     return M
    >>> with imaplib2.watch(connect, "INBOX") as watcher:  # doctest: +SKIP
    ...     for event in watcher:
    ...         match event:
    ...             case Arrived():
    ...                 print("new:", event.uids)
    ...             case Removed():
    ...                 print("gone:", event.uids)

    The events are those of `imaplib2.watching`: `Arrived`, `Removed`, `FlagsChanged`,
    `Reconnected`, `Invalidated`, and `Gone`. Each message that comes and stays is reported once,
    and so is the removal of each that was reported; of flags, the last state is. What comes and
    goes before anybody looks isn't reported: events that nobody takes are merged, so that they take
    no more room than the mailbox does. Nothing is changed on the server: mailboxes are opened by
    EXAMINE (RFC 3501, section 6.3.2).

    The watcher never ends by itself. It reconnects, at first after a second at most, then at ever
    longer intervals, up to the second of the two numbers of *retry*, in seconds. If the server
    offers IDLE (RFC 2177), it is used, and renewed after *renew* seconds; some providers need 9
    minutes. Then each mailbox is also compared with what is known of it, which is how a dead link
    is noticed, and a mailbox that was renamed. Where there is no IDLE, NOOP is sent every *poll*
    seconds. A machine that has slept is noticed, too. Where CONDSTORE is offered, and QRESYNC (RFC
    7162), only what has changed is asked for; else all UIDs and flags, whenever a mailbox is
    opened.

    *mailbox* is the name of one, or a sequence of names. Each has a connection of its own; with
    *by_status*, they share one, which looks at them by STATUS every *poll* seconds, and opens those
    where something has happened. Without CONDSTORE, that doesn't tell of flags, and all are opened.

    What is there at the beginning is no news. It is when *since* is given, a `State` or its text:
    the `Watcher.state` that was saved by an earlier run of the program, which is then told what it
    hasn't dealt with, at least once; or an empty one, to be told all. With *flags* false, flags
    are neither asked for nor told. Of each message, a watcher keeps some 12 bytes.

    *give_up* decides which exceptions, of *connect* or later ones, end the watcher: those for which
    it returns something true are raised where somebody iterates. It is called in the watcher's
    thread. The default is `is_final`: refused credentials, and mistakes in *connect*; and, as long
    as nothing was watched yet, certificates that can't be verified. All others are logged, and
    stand in `Reconnected`.

    A connection without a time-out gets one, of a minute. Raises TypeError and ValueError for
    arguments that can't be meant, *since* with more than 10 million messages of a mailbox included.
    """
    check_callable("connect", connect)
    if give_up is not None:
        check_callable("give_up", give_up)
    names = _names(mailbox)
    known = State() if since is None else State(since)
    unknown = None if since is None else MailboxState()
    accounts = [Account(name, known.get(name, unknown), keeps_flags=flags) for name in names]
    outbox = Outbox(accounts)
    options = Options(
        connect,
        _positive("renew", renew),
        _positive("poll", poll),
        _retry(retry),
        give_up,
    )
    keepers: list[Keeper]
    if by_status:
        keepers = [Several(options, accounts, outbox)]
    else:
        keepers = [OneMailbox(options, [account], outbox) for account in accounts]
    return Watcher(keepers, outbox, known)


def _names(mailbox: Any) -> list[str]:
    names = [mailbox] if isinstance(mailbox, str) else list(mailbox)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"mailbox: the names of mailboxes are str, not {type(name).__name__}")
    # INBOX may be written in any case (RFC 3501, section 5.1).
    different = {"INBOX" if name.upper() == "INBOX" else name for name in names}
    if not names or "" in different or len(different) < len(names):
        raise ValueError("mailbox: one name at least, each of them once, and none of them empty")
    return names


def _retry(value: Any) -> tuple[float, float]:
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"retry: two numbers of seconds, not {type(value).__name__}")
    if len(value) != 2:
        raise ValueError(f"retry: two numbers of seconds, not {len(value)}")
    first, longest = (_positive("retry", one) for one in value)
    if first > longest:
        raise ValueError(f"retry: the second number is the longest interval, not {longest}")
    return first, longest


def _positive(name: str, value: Any) -> float:
    number: float | None = seconds(name, value)
    if number is None or not 0 < number < float("inf"):
        raise ValueError(f"{name} must be positive seconds, not {value!r}")
    return number
