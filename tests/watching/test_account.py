"""What is known of a mailbox, and what its consumer knows; how both go together, see test_sync."""

from __future__ import annotations

import pytest

from imaplib2._watching.account import Account
from imaplib2.parse import SequenceSet
from imaplib2.watching import Arrived, FlagsChanged, Gone, Invalidated, MailboxState

A, B = frozenset("a"), frozenset("b")


def test_nothing_is_told_before_it_is_settled() -> None:
    account = Account("x", None, keeps_flags=True)
    account.uid_validity = 7
    account.arrive(1, A)
    account.learn(1, B)
    account.arrive(2, A)
    account.remove(2)
    assert account.state() is None
    account.settle(5, None)
    assert account.pending.is_empty
    assert account.state() == MailboxState(7, SequenceSet(1), {B: SequenceSet(1)}, 5, 3)


def test_the_state_lacks_what_is_not_told() -> None:
    account = Account("x", None, keeps_flags=True)
    for uid in (1, 2):
        account.arrive(uid, A)
    account.settle(5, None)
    account.learn(1, B)
    account.arrive(3, A)
    account.remove(2)
    account.settle(6, None)
    state = account.state()
    assert state is not None
    assert state.uids == {1, 2}
    assert state.flags == {}
    assert state.highest_modseq == 5
    assert state.uid_next is None


def test_a_restored_account_goes_on() -> None:
    saved = MailboxState(7, SequenceSet("1:3"), {A: SequenceSet("1:2,9")}, 5, 4)
    account = Account("x", saved, keeps_flags=True)
    assert account.state() == saved._replace(flags={A: SequenceSet("1:2")})
    account.learn(3, B)
    account.learn(9, B)
    assert account.pending.take() == FlagsChanged("x", {3: B})


def test_flags_are_left_alone() -> None:
    saved = MailboxState(7, SequenceSet(1), {A: SequenceSet(1)}, 5, 4)
    account = Account("x", saved, keeps_flags=False)
    account.learn(1, B)
    account.arrive(2, A)
    assert account.pending.take() == Arrived("x", SequenceSet(2), {})
    assert account.messages.flags_of(1) is account.messages.flags_of(2) is None
    state = account.state()
    assert state is not None
    assert state.flags is None


def test_a_state_that_is_void_is_another() -> None:
    for keeps_flags in (False, True):
        account = Account("x", MailboxState(7, SequenceSet(1)), keeps_flags=keeps_flags)
        account.invalidate(8)
        assert account.state() == MailboxState(0, flags={} if keeps_flags else None)
        assert account.pending.take() == Invalidated("x", 8)
    new = Account("x", None, keeps_flags=True)
    new.invalidate(8)
    assert new.pending.is_empty


def test_what_is_gone_before_it_was_there_is_news_later() -> None:
    account, why = Account("x", None, keeps_flags=True), OSError()
    account.lose(why)
    account.arrive(1, A)
    assert account.pending.take() == Arrived("x", SequenceSet(1), {1: A})
    assert account.pending.take() == Gone("x", why)


def test_replacing_tells_the_difference() -> None:
    account = Account("x", MailboxState(7, SequenceSet("1:5")), keeps_flags=True)
    assert account.replace(SequenceSet("2:3,7:8")) == {7, 8}
    assert account.pending.removed == {1, 4, 5}
    assert account.pending.incomplete == {7, 8}
    account.remove_number(1)
    assert account.pending.removed == {1, 2, 4, 5}
    assert not account.remove(1)


def test_there_are_bounds() -> None:
    account = Account("x", MailboxState(1, SequenceSet("1:3")), keeps_flags=True)
    with pytest.raises(ValueError, match="more than"):
        account.replace(SequenceSet("2:4294967295"))
    assert account.messages.uids == SequenceSet("1:3")
    assert account.pending.is_empty
