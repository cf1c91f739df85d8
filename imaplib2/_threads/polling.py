"""The reader's orders while a user polls the socket for the news of an IDLE by hand.

What comes is left in the socket until the user pulls it: read before, it would be a matter of luck
whether the user's poll sees it. So the reader waits for errands, and reads once for each of them.
"""

from __future__ import annotations

import contextlib
import queue

from .._clock import Clock, next_of, seconds_until
from .._hints import TYPE_CHECKING
from .._mutex import Mutex
from .._transport.waiting import Wakeup, can_read
from .pending import Job

if TYPE_CHECKING:
    from .._transport.base import Transport

#: Seconds that are given to the reader to take what the socket holds already.
_ERRAND_TIMEOUT = 1.0
#: Seconds between looks whether it is over, where no descriptor is left to be woken by.
_OVER_LOOK = 0.05


class Polls:
    """Whether a user polls the socket for the news of an IDLE by hand, and what that leaves."""

    def __init__(self, mutex: Mutex) -> None:
        self._mutex = mutex
        #: The reader's orders; None while it reads by itself.
        self.current: Polling | None = None
        #: The connection was lost while a user polled: the socket stays open until close(), so
        #: that the user's poll() wakes up.
        self.keeps_transport = False

    def begin(self, transport: Transport) -> None:
        """From now on the reader reads when it is asked to. The mutex is held."""
        assert self._mutex.is_owned()
        if transport.fileno() >= 0:  # else it can't be polled
            self.current = Polling()

    def end(self, *, lost: bool) -> None:
        """The reader reads by itself again, or the connection is *lost*. The mutex is held."""
        assert self._mutex.is_owned()
        self.keeps_transport = lost
        if self.current is not None:
            self.current.end()
            self.current = None


class Polling:
    """The errands of one IDLE, from the server's consent to its end."""

    def __init__(self) -> None:
        # Each is called by the reader when it has read.
        self._errands: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._over: Wakeup | None = None
        self._ended = False
        # No descriptor is left: waits look from time to time.
        with contextlib.suppress(OSError):
            self._over = Wakeup()

    def next_errand(self) -> Job:
        """Wait for an errand: what the reader has to call once it has read."""
        return self._errands.get()

    def read(self, transport: Transport, timeout: float | None) -> None:
        """Have the reader take what comes within *timeout* seconds; return when it has.

        The user's thread does the waiting, not the reader: afterwards the user may poll again.
        """
        descriptor = transport.fileno()
        try:
            # Without a descriptor, the socket was closed: the reader is to find that out.
            is_due = descriptor < 0 or transport.is_readable() or self._wait(descriptor, timeout)
        except OSError:
            # So it was meanwhile, in another thread: behind the end the reader knows.
            is_due = not self._ended
        if is_due:
            self._read_once()

    def read_on(self) -> None:
        """Have the reader read once more, and wait for nothing: it finds the transport's end."""
        self._errands.put(_do_nothing)

    def end(self) -> None:
        """The reader reads on by itself."""
        self._ended = True
        self._errands.put(_do_nothing)
        if self._over is not None:
            self._over.set()

    def _read_once(self) -> None:
        taken: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._errands.put(lambda: taken.put(None))
        with contextlib.suppress(queue.Empty):
            next_of(taken, _ERRAND_TIMEOUT)

    def _wait(self, descriptor: int, timeout: float | None) -> bool:
        """Wait until *descriptor* is readable; false when it is not, or this is over."""
        if self._over is not None:
            return self._over.wait_with(descriptor, timeout)
        deadline = float("inf") if timeout is None else Clock.now() + timeout
        while not self._ended:
            if can_read(descriptor, min(seconds_until(deadline), _OVER_LOOK)):
                return True
            if Clock.now() >= deadline:
                return False
        return False


def _do_nothing() -> None:
    """No thread waits for this errand."""
