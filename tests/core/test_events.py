"""Events: what a connection reports to its driver."""

from __future__ import annotations

import typing

import pytest

from imaplib2._errors import abort
from imaplib2._protocol import events
from imaplib2._protocol.command import Command
from imaplib2._protocol.commands import COMMANDS
from imaplib2._protocol.events import (
    Challenge,
    Completed,
    Event,
    Failed,
    Greeted,
    Idling,
    Lost,
    MoreWanted,
    RoomMade,
    UpgradeNow,
)
from imaplib2._protocol.parts import Source
from imaplib2._protocol.records import Record

COMMAND, OTHER = (Command(COMMANDS["NOOP"], [b"NOOP"]) for _ in range(2))
REASON = abort("gone")
SOURCE = Source(3)
EVENTS = [
    Greeted(),
    Completed(COMMAND, "OK", [b"x"]),
    Failed(COMMAND, REASON),
    Challenge(COMMAND, b"x"),
    Idling(COMMAND),
    RoomMade(COMMAND),
    MoreWanted(COMMAND, SOURCE),
    UpgradeNow(COMMAND, b"x"),
    Lost(REASON),
]


def test_each_kind_is_one_that_drivers_know() -> None:
    made = {
        kind for kind in vars(events).values()
        if isinstance(kind, type) and issubclass(kind, Record) and kind is not Record
    }  # fmt: skip
    assert made == set(typing.get_args(Event)) == {type(event) for event in EVENTS}


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_holds_what_it_was_made_with_and_nothing_else(event: Event) -> None:
    fields = [getattr(event, name) for name in event.__slots__]
    assert not hasattr(event, "__dict__")
    values = {
        "command": COMMAND, "type": "OK", "data": [b"x"], "error": REASON, "text": b"x",
        "unread": b"x", "reason": REASON, "source": SOURCE,
    }  # fmt: skip
    assert fields == [values[name] for name in event.__slots__]
    assert len([other for other in EVENTS if other == event]) == 1


@pytest.mark.parametrize("kind", [Idling, RoomMade])
def test_events_of_other_commands_are_others(kind: type[Idling | RoomMade]) -> None:
    assert kind(COMMAND) == kind(COMMAND)
    assert kind(COMMAND) != kind(OTHER)


def test_nothing_of_a_sasl_exchange_is_shown() -> None:
    assert "c2VjcmV0" not in repr(Challenge(COMMAND, b"c2VjcmV0"))
    assert "c2VjcmV0" in repr(UpgradeNow(COMMAND, b"c2VjcmV0"))
