"""What a connection reports to whoever drives it."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._errors import error
from .command import Command


class Greeted(NamedTuple):
    """The server has greeted, and its capabilities are known."""


class Completed(NamedTuple):
    """A command has its tagged response; *data* is what it collected, or the response's text."""

    command: Command
    type: str
    data: list[Any]


class Failed(NamedTuple):
    """A command will not complete."""

    command: Command
    error: error


class Challenge(NamedTuple):
    """The server asks for the next step of a SASL exchange: call `answer`."""

    command: Command
    text: bytes


class Idling(NamedTuple):
    """The server has agreed to an IDLE."""

    command: Command


class RoomMade(NamedTuple):
    """The bytes of a command that is sent by hand may be sent."""

    command: Command


class UpgradeNow(NamedTuple):
    """Upgrade the transport, beginning with the bytes *unread*; then call `upgraded`."""

    command: Command
    unread: bytes


class Lost(NamedTuple):
    """The connection is over; each command has its Failed."""

    reason: error


Event = Greeted | Completed | Failed | Challenge | Idling | RoomMade | UpgradeNow | Lost
