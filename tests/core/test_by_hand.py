"""What the core knows of commands that users send by hand."""

from __future__ import annotations

from imaplib2._protocol.by_hand import ByHand
from imaplib2._protocol.command import Command


def test_a_command_that_may_have_been_sent_is_known_until_it_is_forgotten() -> None:
    by_hand, command = ByHand(), Command.sent_by_hand(b"a1", b"a1 NOOP")
    by_hand.expect(command)
    assert by_hand.forget(b"a2") is None
    assert by_hand.forget(b"a1") is command
    assert by_hand.forget(b"a1") is None


def test_tags_are_known_while_they_are_reserved() -> None:
    by_hand = ByHand()
    by_hand.reserved_tags.add(b"a1")
    assert by_hand.knows(b"a1")
    by_hand.reserved_tags.discard(b"a1")
    assert not by_hand.knows(b"a1")


def test_behind_the_end_nothing_is_expected() -> None:
    by_hand = ByHand()
    by_hand.expect(Command.sent_by_hand(b"a1", b"a1 NOOP"))
    by_hand.clear()
    assert by_hand.forget(b"a1") is None
