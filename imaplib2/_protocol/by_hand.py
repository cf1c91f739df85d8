"""Commands whose bytes users send by hand, and responses that they pull."""

from __future__ import annotations

from collections.abc import Callable

from .command import Command
from .framing import Frame


class ByHand:
    """What the core knows of commands that are sent by hand: nothing, nearly always.

    Its attributes are for the user's threads, under the driver's lock; `reserved_tags` they also
    change without it, by one operation each.
    """

    def __init__(self) -> None:
        #: Also gets each response, before it is handled, and None at the end; must not block.
        self.tap: Callable[[Frame | None], None] | None = None
        #: Tags that the user has been given, or has chosen, to send commands by hand.
        self.reserved_tags: set[bytes] = set()
        #: A STARTTLS whose OK has come: the user is about to make TLS of the transport.
        self.negotiating: Command | None = None
        # Commands that may have been sent already without us noticing.
        self._unseen: dict[bytes, Command] = {}

    def expect(self, command: Command) -> None:
        """*command* may be sent without us noticing."""
        self._unseen[command.tag] = command

    def forget(self, tag: bytes) -> Command | None:
        """The command with *tag*, if it is one of those; it is no longer."""
        return self._unseen.pop(tag, None)

    def knows(self, tag: bytes) -> bool:
        """Whether a completion of *tag* may be that of a command which is sent by hand."""
        return tag in self.reserved_tags

    def clear(self) -> None:
        """The connection is over: none of them will complete."""
        self._unseen.clear()
