"""The core and the threads, as what is done by hand needs them: nothing else here touches the core.

The functions of the first part are for threads of users; where it says so, they take the mutex. In
the second part the mutex is held: they are for what the core calls while it takes a step.
"""

from __future__ import annotations

from collections.abc import Callable

from .._errors import abort, error
from .._hints import TYPE_CHECKING

if TYPE_CHECKING:
    from .._protocol.command import Command
    from .._protocol.connection import Connection
    from .._protocol.framing import Frame
    from .._protocol.limits import Limits
    from .._protocol.responses import Untagged
    from .._threads.engine import Engine


class Port:
    """One connection."""

    def __init__(self, core: Connection) -> None:
        self._core = core
        #: Set, for good, as soon as there are threads.
        self.engine: Engine | None = None
        #: Whether there has ever been anything to pull.
        self.is_used = False
        #: Bytes leave by a subclass's own ``send``, which may tell us nothing of them.
        self.sends_unseen = False
        #: A subclass reads by a file, for which the socket must have no time-out.
        self.reads_lines = False
        #: What is sent has to pass a compressor, which the socket doesn't know.
        self.is_compressed = False

    # -- For threads of users -------------------------------------------------------------------

    def running(self) -> Engine:
        """The threads. Raises ``abort`` where there are none, or none that could do anything."""
        if self.engine is None:
            raise abort("not connected")
        if not self.engine.can_wait:
            raise abort("no threads to serve this (forked child, or exit)")
        return self.engine

    @property
    def can_serve(self) -> bool:
        """Whether there are threads that can do something for the calling one."""
        return self.engine is not None and self.engine.can_wait

    def are_ours(self) -> bool:
        """Whether the calling thread is the reader or the writer."""
        return self.engine is not None and self.engine.is_current

    @property
    def reason(self) -> error | None:
        """Why the connection is over; None while it isn't."""
        return self._core.reason

    @property
    def awaits_upgrade(self) -> bool:
        """Whether nothing is received until the transport is upgraded."""
        return self._core.paused

    def is_in_progress(self, tag: object) -> bool:
        """Whether a command with *tag* is; for the reader, and where an old value does no harm."""
        return tag in self._core.in_progress

    def is_still_in_progress(self, tag: bytes) -> bool:
        """Whether a command with *tag* is, once what has come is handled. Takes the mutex.

        A user may pull the completion of a command while the core is still at it.
        """
        return self.running().locked(lambda core: tag in core.in_progress)

    def tags_in_progress(self) -> list[bytes]:
        """The tags of all commands in progress, as it is now."""
        return [*self._core.in_progress]

    def is_reserved(self, tag: bytes) -> bool:
        """Whether *tag* is that of a command that is sent by hand."""
        return tag in self._core.reserved_tags

    def reserve(self, tag: bytes) -> None:
        """A command that is sent by hand has *tag*."""
        self._core.reserved_tags.add(tag)

    def release(self, tag: bytes) -> None:
        """No command that is sent by hand has *tag* any more. Takes the mutex.

        A user may have pulled the completion while the core is still at it: without the command,
        that would be one of nothing.
        """
        if self.engine is None:
            self.release_at_once(tag)
        else:
            self.engine.locked(lambda core: core.reserved_tags.discard(tag))

    def set_timeout(self, timeout: float | None) -> None:
        """Have the server's silences bounded by *timeout* seconds, or not at all."""
        self._core.timeout = timeout

    def new_tag(self) -> bytes:
        """A tag that no command has had. Takes the mutex."""
        return self.running().locked(lambda core: core.new_tag())

    def expect_unseen(self, command: Command) -> None:
        """Expect a completion of *command*, which may leave unseen. Takes the mutex."""
        self.running().locked(lambda core: core.expect_unseen(command))

    def forget_unseen(self, tag: bytes) -> bool:
        """Whether a command with *tag* was expected to leave unseen; it no longer is.

        Takes the mutex.
        """
        if self.engine is None:
            return False
        return self.engine.locked(lambda core: core.forget_unseen(tag))

    def hide_secrets(self, data: bytes | memoryview) -> None:
        """Have *data*, which is about to be sent, hidden if a login is on its way.

        Takes the mutex then.
        """
        if self._core.logging_in:
            self.running().locked(lambda core: core.sent_by_hand(bytes(data)))

    def store(self, response: Untagged) -> None:
        """Put *response*, which was kept for its user, with those for all. Takes the mutex."""
        self.running().locked(lambda core: core.store(response))

    def run(self, function: Callable[[], None]) -> None:
        """Call *function*, which is short, with the mutex."""
        self.running().locked(lambda core: function())

    # -- With the mutex -------------------------------------------------------------------------

    @property
    def heard_at(self) -> float:
        """When what is being received came, in monotonic time."""
        return self._core.heard_at

    @property
    def limits(self) -> Limits:
        """What may be kept."""
        return self._core.limits

    def tap(self, receive: Callable[[Frame | None], None]) -> None:
        """Have *receive* called with each response, and with None at the end."""
        self._core.tap = receive

    def end_tap(self) -> None:
        """Have nothing called any more."""
        self._core.tap = None

    def release_at_once(self, tag: bytes) -> None:
        """As `release`."""
        self._core.reserved_tags.discard(tag)

    def store_at_once(self, response: Untagged) -> None:
        """As `store`."""
        self._core.store(response)
