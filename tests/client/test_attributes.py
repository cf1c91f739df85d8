"""Attributes that a subclass has set stay; those of an earlier connection are replaced."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._attributes import Attributes, Shown


class Client:
    """Has attributes."""


def test_an_argument_counts_whatever_was_set() -> None:
    client, attributes = SimpleNamespace(timeout=3), Attributes()
    attributes.set_unless_theirs(client, "timeout", 5, None)
    assert client.timeout == 5


def test_without_an_argument_what_a_subclass_has_set_stays() -> None:
    client, attributes = SimpleNamespace(timeout=3), Attributes()
    attributes.set_unless_theirs(client, "timeout", None, 60)
    assert client.timeout == 3


def test_what_nothing_has_set_gets_its_default() -> None:
    client, attributes = SimpleNamespace(), Attributes()
    attributes.set_unless_theirs(client, "timeout", None, 60)
    assert client.timeout == 60


def test_what_the_class_says_was_set_by_the_subclass() -> None:
    client, attributes = type("Own", (Client,), {"timeout": 4})(), Attributes()
    attributes.set_unless_theirs(client, "timeout", None, 60)
    assert client.timeout == 4


def test_what_was_claimed_is_replaced_by_the_next_connection() -> None:
    client, attributes = SimpleNamespace(read_fd=7), Attributes()
    attributes.claim(client, "read_fd")
    attributes.set_unless_theirs(client, "read_fd", None, None)
    assert client.read_fd is None


def test_what_a_subclass_has_set_since_is_its_own() -> None:
    client, attributes = SimpleNamespace(), Attributes()
    attributes.set_unless_theirs(client, "read_fd", None, 7)
    client.read_fd = 8
    attributes.set_unless_theirs(client, "read_fd", None, None)
    assert client.read_fd == 8


def test_claiming_an_attribute_that_is_not_there() -> None:
    with pytest.raises(AttributeError):
        Attributes().claim(SimpleNamespace(), "read_fd")


STEPS = st.lists(
    st.tuples(st.just("init"), st.none() | st.integers())
    | st.tuples(st.just("subclass"), st.integers())
)


@given(STEPS)
def test_whatever_happens_in_turn(steps: list[tuple[str, Any]]) -> None:
    """What a subclass has set last stays until an argument is given."""
    client, attributes, default = SimpleNamespace(), Attributes(), object()
    expected: Any = default
    is_theirs = False
    for who, value in steps:
        if who == "subclass":
            # A value of its own, though it may be equal to ours.
            client.x = expected = [value]
            is_theirs = True
            continue
        attributes.set_unless_theirs(client, "x", value, default)
        if value is not None:
            expected, is_theirs = value, False
        elif not is_theirs:
            expected = default
        assert client.x is expected


def test_what_is_shown_may_be_set() -> None:
    class Showing:
        size = 5
        double = Shown(lambda client: client.size * 2)

    client: Any = Showing()
    assert client.double == 10
    client.size = 6
    assert client.double == 12
    client.double = "mine"
    assert client.double == "mine"
    del client.double
    assert client.double == 12
    assert Showing().double == 10
    assert type("Own", (Showing,), {"double": 1})().double == 1


def test_what_is_shown_has_the_docstring_of_its_function() -> None:
    def function(client: object) -> None:
        """Says what it is."""

    shown = Shown(function)
    assert shown.__doc__ == "Says what it is."
    assert type("Showing", (), {"it": shown}).it is shown  # type: ignore[attr-defined]
