"""How long the peer has acknowledged nothing of what it was sent."""

from __future__ import annotations

import errno

from .._clock import Clock
from .._hints import TYPE_CHECKING

if TYPE_CHECKING:
    from .._transport.base import Transport

#: Seconds after which a peer is given up that has acknowledged nothing; and between looks at that:
#: no more than a LOGOUT has for its answer, so that the one of a short session wakes no writer.
_SILENCE_LIMIT = 120.0
_SILENCE_LOOK = 3.0


class Silence:
    """How long the peer has acknowledged nothing of what it was sent: looked at now and then.

    That begins when something is sent, and ends when all is acknowledged. There is no lock: a
    thread that has sent while another one looks sees to the next look, or is seen by it.
    """

    def __init__(self) -> None:
        #: When the next look is due; None when nothing has to be acknowledged, as far as is known.
        self.next_look: float | None = None
        #: Since when something has to be, as far as is known; None while nothing has.
        self.since: float | None = None

    def look_soon(self) -> None:
        """Have a next look, be something sent by then or not."""
        self.next_look = Clock.now() + _SILENCE_LOOK

    def begin(self) -> None:
        """Something was sent, or is about to be, and all before it was acknowledged."""
        # Not read back: a thread that looks may have forgotten it already.
        since = self.since = Clock.now()
        if self.next_look is None:
            self.next_look = since + _SILENCE_LOOK

    def end_of_patience(self, transport: Transport) -> TimeoutError | None:
        """Why the peer has to be given up, if it has; it is looked at only when that is due."""
        look = self.next_look
        if look is None or look > Clock.now():
            return None
        silence = self.look(transport)
        if silence < _SILENCE_LIMIT:
            return None
        text = f"the other side has acknowledged nothing for {silence:.0f} seconds"
        return TimeoutError(errno.ETIMEDOUT, text)

    def look(self, transport: Transport) -> float:
        """The seconds of silence, 0 when nothing has to be acknowledged."""
        now, since = Clock.now(), self.since
        self.next_look = self.since = None
        silent_for = transport.silent_for()
        if silent_for is None:
            return 0.0
        # What was heard last may be older than what is unacknowledged: of which it isn't known, if
        # its sender hasn't come to say so, or another thread looks, it is taken for new.
        since = now if since is None else max(since, now - silent_for)
        self.since, self.next_look = since, now + _SILENCE_LOOK
        return now - since

    def before(self, deadline: float | None) -> float | None:
        """The next look, or *deadline* if that is earlier."""
        look = self.next_look
        if look is None or deadline is None:
            return deadline if look is None else look
        return min(look, deadline)
