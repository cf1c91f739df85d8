"""The parts of what is done by hand are made when something is, and once."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from imaplib2._by_hand.by_hand import ByHand
from imaplib2._by_hand.parts import Parts
from imaplib2._errors import abort
from imaplib2._protocol.connection import Connection

from .helpers import FakeEngine


@pytest.fixture
def by_hand() -> ByHand:
    return ByHand(Connection(b"A"))


def are_made(by_hand: ByHand) -> bool:
    return "_made" in vars(by_hand)


def test_what_other_threads_ask_is_answered_without_the_parts(by_hand: ByHand) -> None:
    sock = object()
    assert by_hand.pollable(sock) is sock
    assert not by_hand.are_ours()
    assert not by_hand.take_over(reading=True)
    engine: Any = FakeEngine()
    by_hand.port.engine = engine
    engine.is_current, engine.can_wait = True, False
    assert by_hand.are_ours()
    assert not by_hand.take_over(reading=False)
    assert by_hand.pollable(sock) is sock
    assert not are_made(by_hand)


def test_they_are_made_when_a_user_does_something(by_hand: ByHand) -> None:
    with pytest.raises(abort, match="not connected"):
        by_hand.new_tag()
    assert are_made(by_hand)
    assert by_hand.parts is by_hand.parts
    assert by_hand.tagged_commands is by_hand.parts.tagged_commands


def test_threads_that_are_the_first_ones_together_have_the_same(by_hand: ByHand) -> None:
    found: list[Parts] = []
    start = threading.Barrier(8)

    def look() -> None:
        start.wait()
        found.append(by_hand.parts)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert {id(parts) for parts in found} == {id(by_hand.parts)}
