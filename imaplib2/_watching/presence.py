"""Whether a mailbox is watched at present; if not, since when, and why."""

from __future__ import annotations

from .._clock import Clock
from .account import Account
from .asking import Refused
from .outbox import Outbox

#: So many times in a row may a mailbox be refused without a reason before it counts as gone.
_REFUSALS = 3
#: Exceptions that led to one another: so many are looked at.
_CHAIN = 10


class Presence:
    """What the consumer is told of interruptions."""

    def __init__(self, account: Account, outbox: Outbox) -> None:
        self._account = account
        self._outbox = outbox
        #: Whether it was watched at some time.
        self.was_watched = False
        self._is_gone = False
        self._refusals = 0
        # Why it isn't watched, and since when, by both clocks.
        self._why: Exception | None = None
        self._since = (0.0, 0.0)

    def lost(self, problem: Exception) -> None:
        """It isn't watched any more because of *problem*, or still not."""
        if self._why is None:
            self._since = _now()
        self._why = bare(problem)

    def refused(self, refused: Refused) -> None:
        """It can't be opened: it is gone, or there at another time."""
        self.lost(refused.why)
        self._refusals += 1
        if (refused.is_gone or self._refusals >= _REFUSALS) and not self._is_gone:
            self._is_gone = self.was_watched = True
            self._outbox.change(self._account.lose, refused.why)

    def back(self) -> None:
        """It is open: it is watched again, or for the first time."""
        why, self._why = self._why, None
        if why is not None and self.was_watched:
            # A machine that sleeps stops one of the clocks, and the other may be set.
            after = max(now - then for now, then in zip(_now(), self._since, strict=True))
            self._outbox.change(self._account.pending.reconnect, after, why)
        self.was_watched = True
        self._is_gone, self._refusals = False, 0


def _now() -> tuple[float, float]:
    return Clock.now(), Clock.wall()


def bare(problem: Exception) -> Exception:
    """*problem* without tracebacks, which would keep the connection, and all that went with it."""
    chain: BaseException | None = problem
    for _ in range(_CHAIN):
        if chain is not None:
            chain.__traceback__ = None
            chain = chain.__cause__ or chain.__context__
    return problem
