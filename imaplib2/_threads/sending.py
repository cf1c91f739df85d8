"""The queue between the threads that issue commands and the writer: what is sent, and by which.

Output is taken from the core by one thread at a time, so that its order on the wire is that of the
tags. A short command is sent by the thread that issues it, if that needs no waiting and few are in
progress; everything else, and the rest of what could not be sent, is the writer's.
"""

from __future__ import annotations

from .._clock import Clock, seconds_until
from .._hints import TYPE_CHECKING
from .._mutex import Bell, Mutex
from .._protocol.arguments import Buffer
from .._protocol.connection import Connection
from .silence import Silence

if TYPE_CHECKING:
    from .._transport.base import Transport

#: Bytes: commands up to this size are sent by the thread that issues them, in one copy.
DIRECT_SIZE = 64 * 1024
#: Commands in progress; beyond that they are sent many at a time, by the writer, or once they have
#: so many bytes: 1,000 with callbacks take half the time.
_CROWD = 16
_LOAD = 2 * 1024
#: Bytes: from this size on, the system's send buffer is watched. While it drains, the server isn't
#: silent; a slow link may take longer than a time-out for them.
_MUCH = 4 * 1024
#: Seconds between looks at bytes that have left us, but not this machine: no event tells of them.
_UNSENT_LOOK = 0.05
#: Seconds after which a writer that can't send looks whether its deadline has changed.
_STALLED_LOOK = 1.0


class Sending:
    """Which thread sends, what is left to be sent, and when the writer looks again."""

    def __init__(self, mutex: Mutex) -> None:
        self._mutex = mutex
        #: Wakes the writer.
        self.bell = Bell()
        #: Some thread has taken output from the core, and is sending it.
        self.is_taken = False
        #: Why nothing can be sent any more; then `is_taken` stays set.
        self.broken: OSError | None = None
        #: When the sleeping writer looks again: it need not be woken for anything later.
        self.alarm: float | None = None
        #: Bytes in the system's send buffer, at the last look.
        self.unsent = 0
        self.silence = Silence()

    # -- Under the mutex ----------------------------------------------------------------------

    def take_at_once(self, core: Connection, transport: Transport) -> list[Buffer] | None:
        """Output that the calling thread is to send without waiting; None if the writer is.

        There is some, and no thread is sending. The mutex is held, as `Gate._settle` asserts.
        """
        if self.silence.since is None:
            self._expect_silence()
        if transport.can_send_at_once:
            size = core.output_size
            is_crowded = len(core.in_progress) > _CROWD
            if (not is_crowded or size >= _LOAD) and size <= DIRECT_SIZE:
                self.is_taken = True
                return core.take_output()
        self.bell.ring()
        return None

    def take(self, core: Connection) -> list[Buffer] | None:
        """Output that the writer is to send; None when it is to look at the clock, [] to sleep.

        The mutex is held.
        """
        assert self._mutex.is_owned()
        if core.output and not self.is_taken:
            self.is_taken = True
            return core.take_output()
        now = Clock.now()
        deadline = core.next_deadline()
        if deadline is not None and deadline <= now:
            return None
        if deadline is not None and self.unsent:
            deadline = min(deadline, now + _UNSENT_LOOK)
        self.alarm = self.silence.before(deadline)
        return []

    def end(self, core: Connection, rest: Buffer = b"") -> None:
        """The calling thread has sent; the next one begins with the *rest*. The mutex is held."""
        assert self._mutex.is_owned()
        if rest:
            core.put_back(rest)
        self.is_taken = False
        # A look that came before the sending saw nothing of it.
        if self.silence.since is None:
            self._expect_silence()
        if core.output or (self.unsent and self.alarm is not None):
            self.bell.ring()

    def _expect_silence(self) -> None:
        """Have the writer, and threads that wait, look in time at what isn't acknowledged."""
        will_look = self.silence.next_look is not None
        self.silence.begin()
        if not will_look:
            self.bell.ring()

    # -- Without it ---------------------------------------------------------------------------

    def try_send(self, buffers: list[Buffer], transport: Transport) -> Buffer | None:
        """Send what was taken, without waiting; what is left of it, for `end`.

        None if nothing can be sent any more: the writer, which is woken, ends the connection.
        """
        data = buffers[0] if len(buffers) == 1 else b"".join(buffers)
        try:
            sent = transport.try_send(data)
        except OSError as problem:
            self.broken = problem
            self.bell.ring()
            return None
        if sent >= _MUCH:
            self.unsent = transport.unsent()
        return memoryview(data)[sent:]

    def has_drained(self, transport: Transport) -> bool:
        """Whether the peer has taken something out of the system's buffer since the last look."""
        before, self.unsent = self.unsent, transport.unsent()
        return self.unsent < before

    def sleep(self) -> None:
        """Wait until there is something to send, or the alarm. For the writer only."""
        self.bell.wait(None if self.alarm is None else seconds_until(self.alarm))
        self.alarm = float("-inf")  # awake: it will look anyway

    def patience(self, deadline: float | None) -> float:
        """How long the writer waits for a stalled transport before it looks at the clock."""
        if deadline is None:
            return _STALLED_LOOK
        look = _UNSENT_LOOK if self.unsent else _STALLED_LOOK
        return min(look, seconds_until(deadline))


def chunks(buffers: list[Buffer]) -> list[Buffer]:
    """*buffers*, small ones joined with what follows: few sends, and large ones not copied."""
    joined: list[Buffer] = []
    small: list[Buffer] = []
    for buffer in buffers:
        view = memoryview(buffer).cast("B")
        small.append(view[:DIRECT_SIZE])
        if len(view) > DIRECT_SIZE:
            joined += [b"".join(small), view[DIRECT_SIZE:]]
            small = []
    return [*joined, b"".join(small)] if small else joined
