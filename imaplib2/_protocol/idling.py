"""IDLE (RFC 2177): the phases of one, as a table, and how long it lasts.

    asked --"+"--> idling --DONE--> ending --(tagged response)--> over
      ^                |
      |                +--DONE--> renewing --(tagged response)--> asked, once more

An IDLE that is wanted back before the server has agreed to it goes on to ``wanted back``: DONE is
sent as soon as the "+" has come.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from .._hints import Any
from .records import Record

#: Servers may drop a client that idles for half an hour (RFC 2177, section 3).
IDLE_RENEWAL = 29 * 60.0


class Phase(Enum):
    """How far an IDLE has got."""

    ASKED = "the server has not agreed yet"
    WANTED_BACK = "the server has not agreed yet, and the IDLE is to end as soon as it has"
    IDLING = "the server has agreed"
    ENDING = "DONE is sent, or about to be; the IDLE is over with the tagged response"
    RENEWING = "as ENDING, but the tagged response is followed by another IDLE"

    # In C, unlike that of Enum: all are keys.
    __hash__ = object.__hash__


class Cause(Enum):
    """What takes an IDLE on to another phase."""

    AGREED = 'the "+" has come'
    WANTED_BACK = "news, another command, its user or its time ends it"
    RENEWAL_DUE = "it has lasted as long as an IDLE may"
    COMPLETED = "its tagged response, an OK, has come"

    __hash__ = object.__hash__


class Turn(Record):
    """What follows from a `Cause`."""

    __slots__ = ("phase", "sends_done")

    def __init__(self, phase: Phase, sends_done: bool = False) -> None:
        self.phase = phase
        self.sends_done = sends_done


#: A cause that is not listed for a phase changes nothing.
TURNS: dict[Phase, dict[Cause, Turn]] = {
    Phase.ASKED: {
        Cause.AGREED: Turn(Phase.IDLING),
        Cause.WANTED_BACK: Turn(Phase.WANTED_BACK),
    },
    Phase.WANTED_BACK: {
        Cause.AGREED: Turn(Phase.ENDING, sends_done=True),
    },
    Phase.IDLING: {
        Cause.WANTED_BACK: Turn(Phase.ENDING, sends_done=True),
        Cause.RENEWAL_DUE: Turn(Phase.RENEWING, sends_done=True),
    },
    Phase.ENDING: {},
    Phase.RENEWING: {
        Cause.WANTED_BACK: Turn(Phase.ENDING),
        Cause.COMPLETED: Turn(Phase.ASKED),
    },
}

_AWAITS_AGREEMENT = frozenset({Phase.ASKED, Phase.WANTED_BACK})
_HAS_DONE = frozenset({Phase.ENDING, Phase.RENEWING})


class Idle:
    """One IDLE: its phase, how long it lasts, and where its news goes."""

    #: What was untagged when it ended; what `capture` has taken came behind that.
    earlier: list[Any] | None = None

    def __init__(
        self,
        timeout: float | None = None,
        renew_after: float | None = IDLE_RENEWAL,
        capture: Callable[[str, list[Any]], None] | None = None,
        polled: bool = False,
    ) -> None:
        #: Seconds after which it ends by itself.
        self.timeout = timeout
        #: Seconds after which it is renewed on the wire.
        self.renew_after = renew_after
        #: Takes each untagged response instead of ``untagged``; news then doesn't end the IDLE.
        self.capture = capture
        #: The user reads what comes, and polls the socket for it.
        self.polled = polled
        self.phase = Phase.ASKED
        #: It continues another, which was ended in order to be renewed.
        self.is_renewal = False
        self._until: float | None = None
        self._renew_at: float | None = None
        self._owes_since = 0.0

    # -- What happens -------------------------------------------------------------------------

    def submitted(self, now: float) -> None:
        """Its time runs from here on, though it may have to wait for its turn."""
        if self.timeout is not None:
            self._until = now + self.timeout

    def begun(self, now: float) -> None:
        """IDLE is sent. What the server owes, if anything, is due from here on."""
        self._owes_since = now

    def agreed(self, now: float) -> bool:
        """The "+" has come; whether DONE is to be sent now."""
        if self.renew_after is not None:
            self._renew_at = now + self.renew_after
        return self._go_on(Cause.AGREED, now)

    def wanted_back(self, now: float) -> bool:
        """It is to end; whether DONE is to be sent now."""
        return self._go_on(Cause.WANTED_BACK, now)

    def renewal_due(self, now: float) -> bool:
        """Its time on the wire is up; whether DONE is to be sent now."""
        return self._go_on(Cause.RENEWAL_DUE, now)

    def renewed(self, now: float) -> bool:
        """Its tagged response, an OK, has come; whether IDLE is to be sent again."""
        if Cause.COMPLETED not in TURNS[self.phase]:
            return False
        self.is_renewal = True
        self._go_on(Cause.COMPLETED, now)
        return True

    def _go_on(self, cause: Cause, now: float) -> bool:
        turn = TURNS[self.phase].get(cause)
        if turn is None:
            return False
        self.phase = turn.phase
        if self.owes_reply:
            self._owes_since = now
        return turn.sends_done

    # -- What it is ---------------------------------------------------------------------------

    @property
    def awaits_agreement(self) -> bool:
        """Whether a "+" is the answer to it."""
        return self.phase in _AWAITS_AGREEMENT

    @property
    def is_idling(self) -> bool:
        """Whether the server may stay silent, as it has agreed and was not asked to end it."""
        return self.phase is Phase.IDLING

    @property
    def is_wanted_back(self) -> bool:
        """Whether something has ended it already."""
        return self.phase is Phase.WANTED_BACK or self.phase is Phase.ENDING

    @property
    def is_lasting(self) -> bool:
        """Whether nothing has ended it yet, not even for a renewal."""
        return self.phase is Phase.ASKED or self.phase is Phase.IDLING

    @property
    def has_done(self) -> bool:
        """Whether DONE is among what was sent, or is to be sent."""
        return self.phase in _HAS_DONE

    @property
    def is_polled(self) -> bool:
        """Whether the user reads its news, as soon as there may be some."""
        return self.polled and self.phase is Phase.IDLING

    @property
    def owes_reply(self) -> bool:
        """Whether the server must answer soon: to DONE, or to an IDLE that continues another."""
        return not self.is_lasting or (self.is_renewal and self.phase is Phase.ASKED)

    # -- Its time -----------------------------------------------------------------------------

    @property
    def owes_since(self) -> float | None:
        """When the server was asked for what it owes; None when it owes nothing."""
        return self._owes_since if self.owes_reply else None

    def is_over(self, now: float) -> bool:
        """Whether its time is up, and nothing else has ended it."""
        return self.is_lasting and self._until is not None and now >= self._until

    def is_to_be_renewed(self, now: float) -> bool:
        """Whether it has lasted so long on the wire that a server may end it."""
        return self.is_idling and self._renew_at is not None and now >= self._renew_at

    @property
    def deadline(self) -> float | None:
        """When `is_over` or `is_to_be_renewed` will be true, if nothing else happens."""
        phase, until, renew_at = self.phase, self._until, self._renew_at
        if phase is Phase.IDLING and renew_at is not None:
            return renew_at if until is None else min(until, renew_at)
        return until if phase is Phase.ASKED or phase is Phase.IDLING else None
