"""What a connection reports to its driver, which acts on it without the lock."""

from __future__ import annotations

from .._errors import error
from .._hints import Any
from .command import Command
from .parts import Source
from .records import Record


class Greeted(Record):
    """The server has greeted, and its capabilities are known: the user may go on."""

    __slots__ = ()


class Completed(Record):
    """A command has its tagged response: tell its waiter.

    *data* is what it collected, or the response's text.
    """

    __slots__ = ("command", "data", "type")

    def __init__(self, command: Command, type: str, data: list[Any]) -> None:
        self.command = command
        self.type = type
        self.data = data


class Failed(Record):
    """A command will not complete: tell its waiter."""

    __slots__ = ("command", "error")

    def __init__(self, command: Command, error: error) -> None:
        self.command = command
        self.error = error


class Challenge(Record):
    """The server asks for the next step of a SASL exchange: call `answer`."""

    __slots__ = ("command", "text")

    def __init__(self, command: Command, text: bytes) -> None:
        self.command = command
        self.text = text

    def __repr__(self) -> str:
        # Nothing of a SASL exchange is shown.
        return f"Challenge(command={self.command!r})"


class Idling(Record):
    """The server has agreed to an IDLE: its user may have the socket, to poll it."""

    __slots__ = ("command",)

    def __init__(self, command: Command) -> None:
        self.command = command


class RoomMade(Record):
    """The user may send the bytes of a command by hand: tell `sent_by_hand` of each of them."""

    __slots__ = ("command",)

    def __init__(self, command: Command) -> None:
        self.command = command


class MoreWanted(Record):
    """There is room for octets of a command's *source*: `feed` some, until it wants no more."""

    __slots__ = ("command", "source")

    def __init__(self, command: Command, source: Source) -> None:
        self.command = command
        self.source = source


class UpgradeNow(Record):
    """Upgrade the transport, beginning with the bytes *unread*; then call `upgraded`."""

    __slots__ = ("command", "unread")

    def __init__(self, command: Command, unread: bytes) -> None:
        self.command = command
        self.unread = unread


class Lost(Record):
    """The connection is over; each command has its Failed. Close the transport."""

    __slots__ = ("reason",)

    def __init__(self, reason: error) -> None:
        self.reason = reason


Event = (
    Greeted | Completed | Failed | Challenge | Idling | RoomMade | MoreWanted | UpgradeNow | Lost
)
