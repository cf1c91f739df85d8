"""An IDLE that a user sends by hand, and whose news it polls the socket for."""

from __future__ import annotations

from .._hints import Any
from .._protocol.command import Command, Idle
from .port import Port


class OwnIdle:
    """The latest one of a connection, if there was any."""

    def __init__(self, port: Port) -> None:
        self._port = port
        #: The command.
        self.command: Command | None = None
        # Whether the user has still to end it: by DONE, which may come behind its end.
        self._owes_done = False

    def begin(self, command: Command) -> None:
        """*command* is the latest; unless it has come with an `Idle`, its user polls."""
        if command.idle is None:
            # A user who polls renews it by hand, and pulls the news.
            command.idle = Idle(renew_after=None, capture=_leave, polled=True)
        self.command = command
        self._owes_done = True

    def to_be_ended(self) -> Command | None:
        """The command, if a DONE that the user sends is meant for it. Takes the mutex."""
        command = self.command
        if command is None:
            return None
        is_meant = self._owes_done or self._port.is_still_in_progress(command.tag)
        return command if is_meant else None

    def end(self) -> None:
        """The user has sent DONE, or has begun something else."""
        self._owes_done = False

    @property
    def keeps_news(self) -> bool:
        """Whether what comes is for the user only: an IDLE is in progress that it polls.

        Also for the reader.
        """
        command = self.command
        if command is None or command.idle is None or command.idle.capture is not _leave:
            return False
        return self._port.is_in_progress(command.tag)


def _leave(typ: str, data: list[Any]) -> None:
    """An `Idle.capture` that leaves a response to its `Inbox`, which has it already."""
