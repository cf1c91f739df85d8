"""What a connection reports to whoever drives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from .._errors import error
from .command import Command


@dataclass(frozen=True)
class Greeted:
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


@dataclass(frozen=True)
class Challenge:
    """The server asks for the next step of a SASL exchange: call `answer`."""

    command: Command
    text: bytes


@dataclass(frozen=True)
class Idling:
    """The server has agreed to an IDLE."""

    command: Command


@dataclass(frozen=True)
class RoomMade:
    """The bytes of a command that is sent by hand may be sent."""

    command: Command


@dataclass(frozen=True)
class UpgradeNow:
    """Upgrade the transport, beginning with the bytes *unread*; then call `upgraded`."""

    command: Command
    unread: bytes


@dataclass(frozen=True)
class Lost:
    """The connection is over; each command has its Failed."""

    reason: error


Event = Greeted | Completed | Failed | Challenge | Idling | RoomMade | UpgradeNow | Lost
