"""What a connection reports to its driver, which acts on it without the lock."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._errors import error
from .command import Command


class Greeted(NamedTuple):
    """The server has greeted, and its capabilities are known: the user may go on."""


class Completed(NamedTuple):
    """A command has its tagged response: tell its waiter.

    *data* is what it collected, or the response's text.
    """

    command: Command
    type: str
    data: list[Any]


class Failed(NamedTuple):
    """A command will not complete: tell its waiter."""

    command: Command
    error: error


class Challenge(NamedTuple):
    """The server asks for the next step of a SASL exchange: call `answer`."""

    command: Command
    text: bytes


class Idling(NamedTuple):
    """The server has agreed to an IDLE: its user may have the socket, to poll it."""

    command: Command


class RoomMade(NamedTuple):
    """The user may send the bytes of a command by hand: tell `sent_by_hand` of each of them."""

    command: Command


class UpgradeNow(NamedTuple):
    """Upgrade the transport, beginning with the bytes *unread*; then call `upgraded`."""

    command: Command
    unread: bytes


class Lost(NamedTuple):
    """The connection is over; each command has its Failed. Close the transport."""

    reason: error


Event = Greeted | Completed | Failed | Challenge | Idling | RoomMade | UpgradeNow | Lost
