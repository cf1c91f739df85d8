"""The upgrade of the transport, to TLS or compression, behind a command's OK."""

from __future__ import annotations

from .command import Command


class Upgrading:
    """How far an upgrade has got (RFC 3501, section 6.2.1; RFC 4978).

    Its command runs alone. Behind its OK nothing is read until the transport is upgraded: whatever
    comes belongs to the new one. So responses are framed one by one while it is in progress.
    """

    def __init__(self) -> None:
        #: An upgrading command is in progress: responses come singly. The reader reads it.
        self.singly = False
        #: Between the OK of an upgrade and its end: nothing is read.
        self.paused = False
        #: A STARTTLS that has failed, until its callback is called. What is said in plain text
        #: until then, its user may believe to be encrypted.
        self.refused: Command | None = None
        self._text = b""

    def begin(self) -> None:
        """A command that upgrades is sent."""
        self.singly = True

    def end(self) -> None:
        """It was refused, or is not sent after all."""
        self.singly = False

    def pause(self, text: bytes) -> None:
        """The command's OK has come, with *text*."""
        self._text = text
        self.paused = True

    def refuse(self, command: Command) -> None:
        """*command*, a STARTTLS, has failed."""
        self.refused = command if command.calls_back else None

    def finish(self) -> bytes:
        """The transport is upgraded: the text of the command's OK."""
        self.paused = self.singly = False
        return self._text

    def told(self, command: Command) -> None:
        """The callback of *command* is called: its user learns how it has ended.

        For the callback thread, just before it calls, under the driver's lock.
        """
        if command is self.refused:
            self.refused = None
