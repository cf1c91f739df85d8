"""What a consumer has yet to be told, merged."""

from __future__ import annotations

from imaplib2._watching.pending import UNASKED, Pending
from imaplib2.parse import SequenceSet
from imaplib2.watching import Arrived, FlagsChanged, Gone, Invalidated, Reconnected, Removed

A, B = frozenset("a"), frozenset("b")
WHY = OSError("why")


def told(pending: Pending) -> list[object]:
    events = []
    while pending:
        events.append(pending.take())
    assert pending.take() is None
    return events


def test_what_comes_and_goes_is_not_told() -> None:
    pending = Pending("x")
    pending.arrive(1, A)
    pending.arrive(2, None)
    pending.remove(1)
    pending.remove(2)
    assert pending.is_empty
    assert told(pending) == []


def test_the_last_state_of_flags_is_told() -> None:
    pending = Pending("x")
    pending.arrive(2, A)
    pending.change(2, B)
    pending.change(1, A)
    pending.change(1, B)
    assert told(pending) == [Arrived("x", SequenceSet(2), {2: B}), FlagsChanged("x", {1: B})]


def test_arrivals_wait_for_their_flags() -> None:
    pending = Pending("x")
    pending.arrive(2, None)
    assert not pending
    assert not pending.is_empty
    pending.change(2, A)
    assert told(pending) == [Arrived("x", SequenceSet(2), {2: A})]


def test_flags_that_nobody_wants() -> None:
    pending = Pending("x")
    pending.arrive(2, UNASKED)
    assert told(pending) == [Arrived("x", SequenceSet(2), {})]


def test_of_what_is_removed_no_flags_are_told() -> None:
    pending = Pending("x")
    pending.change(1, A)
    pending.remove(1)
    assert told(pending) == [Removed("x", SequenceSet(1))]


def test_what_is_back_was_not_removed() -> None:
    pending = Pending("x")
    pending.remove(1)
    pending.remove(2)
    pending.arrive(1, A)
    pending.arrive(2, None)
    assert told(pending) == [FlagsChanged("x", {1: A})]


def test_what_is_void_is_not_told() -> None:
    pending = Pending("x")
    pending.arrive(2, A)
    pending.remove(1)
    pending.known_modseq = 5
    pending.invalidate(7)
    pending.arrive(1, B)
    assert pending.is_void
    assert told(pending) == [Invalidated("x", 7), Arrived("x", SequenceSet(1), {1: B})]
    assert not pending.is_void
    assert pending.known_modseq is None


def test_interruptions_are_one() -> None:
    pending = Pending("x")
    pending.reconnect(1.5, ValueError())
    pending.reconnect(2.0, WHY)
    assert told(pending) == [Reconnected("x", 3.5, WHY)]


def test_a_mailbox_is_gone_or_back() -> None:
    pending = Pending("x")
    pending.reconnect(1.0, WHY)
    pending.remove(1)
    pending.lose(WHY)
    assert told(pending) == [Removed("x", SequenceSet(1)), Gone("x", WHY)]
    pending.lose(WHY)
    pending.reconnect(1.0, WHY)
    assert told(pending) == [Reconnected("x", 1.0, WHY)]
