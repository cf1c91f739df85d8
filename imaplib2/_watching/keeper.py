"""Keeps a connection for as long as it is wanted."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence

from .._clock import Clock
from .._errors import abort, error
from .._hints import TYPE_CHECKING, Any, NamedTuple
from .._mutex import Bell
from .._trace import log
from .account import Account
from .asking import Asking
from .failures import BackOff, is_final
from .outbox import Outbox
from .presence import Presence
from .sleeping import awakenings

if TYPE_CHECKING:
    from .. import IMAP4

#: Seconds that a thread has to end by itself before its connection is cut.
GRACE = 2.0
#: What ours have, and neither ``imaplib``'s nor other libraries' connections.
_NAMES = ("idle_done", "untagged_responses", "state")


class Options(NamedTuple):
    """What `watch` was told."""

    connect: Callable[[], IMAP4]
    #: Seconds after which an IDLE is renewed, and a mailbox looked at anew.
    renew: float
    #: Seconds between looks where there is no IDLE.
    poll: float
    #: Seconds before the second attempt to connect, and at most.
    retry: tuple[float, float]
    give_up: Callable[[Exception], Any] | None


class Stopped(Exception):
    """The watcher is over."""


class Keeper:
    """A thread that connects, watches, and does it again; what it does then, subclasses tell."""

    def __init__(self, options: Options, accounts: Sequence[Account], outbox: Outbox) -> None:
        self._options = options
        self._accounts = accounts
        self._outbox = outbox
        self._presences = [Presence(account, outbox) for account in accounts]
        self._bell = Bell()
        self._back_off = BackOff(*options.retry)
        # The connection, from when it is there until it is over.
        self._connection: IMAP4 | None = None
        #: The user's function is at work, whose end can't be waited for.
        self.is_connecting = False
        # Whether mailboxes were opened on the connection.
        self._has_opened = False
        # See `wake` and `end`.
        self._is_awaited = self._is_ending = False
        names = ", ".join(account.mailbox for account in accounts)
        self.thread = threading.Thread(
            target=self._run, name=f"imaplib2 watch {names}"[:60], daemon=True
        )

    # -- For other threads -----------------------------------------------------------------------

    def look(self, slept: bool) -> None:
        """See whether it is to end, or, if the machine *slept*, whether the link is alive."""
        if self._outbox.is_over:
            self.end()
        elif slept:
            self.wake()

    def wake(self) -> None:
        """Have it look whether the link is alive, and whether it is to go on; doesn't wait."""
        # First: an IDLE that begins behind this finds it.
        self._is_awaited = True
        self._bell.ring()
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(error):
                connection.idle_done()

    def end(self) -> None:
        """Have it end, as `Outbox.is_over` is set; doesn't wait."""
        self.wake()
        connection = self._connection
        if connection is not None and not self._is_ending:
            self._is_ending = True
            # It may wait for an answer that never comes.
            cut = threading.Thread(
                target=_cut_late, args=(self.thread, connection), name="imaplib2 cut", daemon=True
            )
            try:
                cut.start()
            except RuntimeError:
                # The interpreter exits, or there are too many threads.
                _cut(connection)

    # -- The thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            awakenings().add(id(self), self.look)
            while True:
                self._check()
                self._try()
        except Stopped:
            pass
        except BaseException as problem:
            self._outbox.fail(_raisable(problem))
            # The others are to end, too.
            awakenings().hurry()
        finally:
            awakenings().remove(id(self))

    def _try(self) -> None:
        """Connect and watch until that fails, and wait until it is to be tried again."""
        began, self._has_opened = Clock.now(), False
        try:
            self._connect_and_watch()
        except Stopped:
            raise
        except Exception as problem:
            self._check()
            if self._gives_up(problem):
                raise
            for presence in self._presences:
                presence.lost(problem)
            log("info", "watching is interrupted: %s", problem)
        self._back_off.lasted(Clock.now() - began if self._has_opened else 0.0)
        self._pause(self._back_off.next())

    def _connect_and_watch(self) -> None:
        self.is_connecting = True
        try:
            connection = self._options.connect()
        finally:
            self.is_connecting = False
        if not all(hasattr(connection, name) for name in _NAMES):
            raise TypeError(f"connect() returned a {type(connection).__name__}, no IMAP4")
        self._connection = connection
        try:
            # Behind the assignment: `end` sees the connection, or else this sees what it was for.
            self._check()
            self._watch(Asking(connection))
        except (OSError, error) as problem:
            if connection.state == "LOGOUT" and not isinstance(problem, (OSError, abort)):
                # What it refuses then, another connection will not.
                raise abort(f"the connection is over: {problem}") from problem
            raise
        except Stopped:
            raise
        except Exception as problem:
            # No mistake of connect, but something that was said and can't be read.
            raise abort(f"watching has failed: {problem!r}") from problem
        finally:
            # It returns within seconds, also from a link that is dead.
            with contextlib.suppress(Exception):
                connection.logout()
            self._connection = None

    def _watch(self, asking: Asking) -> None:
        """Watch until the connection is lost."""
        raise NotImplementedError

    def _opened(self, presence: Presence) -> None:
        """A mailbox is open."""
        self._has_opened = True
        presence.back()

    def _check(self) -> None:
        """Raise `Stopped` if it is to end."""
        if self._outbox.is_over:
            raise Stopped

    def _pause(self, seconds: float) -> None:
        """Wait, unless there is a reason to look sooner."""
        self._bell.wait(seconds)
        self._check()

    def _gives_up(self, problem: Exception) -> bool:
        if self._options.give_up is not None:
            return bool(self._options.give_up(problem))
        is_first = not any(presence.was_watched for presence in self._presences)
        # Later, it may be another network that pretends to be ours; first, it is a mistake.
        return is_final(problem) or (is_first and _is_certificate(problem))


def _raisable(problem: BaseException) -> BaseException:
    """*problem*, unless raising it would end an iteration as if there was none (PEP 479)."""
    if not isinstance(problem, StopIteration):
        return problem
    raised = RuntimeError("connect, or give_up, raised StopIteration")
    raised.__cause__ = problem
    return raised


def _cut_late(thread: threading.Thread, connection: IMAP4) -> None:
    """End a *connection* unless *thread* does so soon itself, and politely."""
    thread.join(GRACE)
    if thread.is_alive():
        _cut(connection)


def _cut(connection: IMAP4) -> None:
    with contextlib.suppress(Exception):
        connection.shutdown()


def _is_certificate(problem: Exception) -> bool:
    # By its name: who uses no TLS need not load it.
    return "SSLCertVerificationError" in (kind.__name__ for kind in type(problem).__mro__)
