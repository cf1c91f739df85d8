"""Values with named fields: equality, and what they look like."""

from __future__ import annotations

import pytest

from imaplib2._protocol.command import Command
from imaplib2._protocol.commands import COMMANDS
from imaplib2._protocol.events import Challenge
from imaplib2._protocol.records import Record


class Point(Record):
    """For example."""

    __slots__ = ("x", "y")

    def __init__(self, x: int, y: int = 0) -> None:
        self.x = x
        self.y = y


class Place(Point):
    """The same fields, but something else."""

    __slots__ = ()


def test_what_has_the_same_in_each_field_is_equal() -> None:
    assert Point(1) == Point(1, 0)
    assert Point(1) != Point(1, 2)
    assert Point(1) != Place(1)
    assert Point(1) != (1, 0)


def test_it_shows_its_fields() -> None:
    assert repr(Point(1, y=2)) == "Point(x=1, y=2)"


def test_it_has_no_other_attributes_and_no_hash() -> None:
    with pytest.raises(AttributeError):
        Point(1).z = 3  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        hash(Point(1))


def test_a_challenge_shows_nothing_of_a_sasl_exchange() -> None:
    challenge = Challenge(Command(COMMANDS["AUTHENTICATE"], []), b"secret")
    assert repr(challenge) == f"Challenge(command={challenge.command!r})"
