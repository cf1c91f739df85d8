"""Between the threads that watch and those that iterate."""

from __future__ import annotations

import threading

import pytest

from imaplib2._watching.account import Account
from imaplib2._watching.outbox import Outbox
from imaplib2.parse import SequenceSet
from imaplib2.watching import Arrived, MailboxState

SECONDS = 5.0


def outbox(*names: str) -> Outbox:
    return Outbox([Account(name, MailboxState(), keeps_flags=False) for name in names])


def arrive(box: Outbox, uid: int, mailbox: int = 0) -> None:
    box.change(box._accounts[mailbox].arrive, uid, None)


def test_mailboxes_take_turns() -> None:
    box = outbox("x", "y")
    accounts = [*box._accounts]
    for account in accounts:
        box.change(account.arrive, 1, None)
    assert box.take(None) == Arrived("x", SequenceSet(1), {})
    box.change(accounts[0].arrive, 2, None)
    assert box.take(None) == Arrived("y", SequenceSet(1), {})
    assert box.take(None) == Arrived("x", SequenceSet(2), {})
    assert box.take(0) is None
    assert box.states().keys() == {"x", "y"}


def test_who_waits_is_woken() -> None:
    box, told = outbox("x"), []
    thread = threading.Thread(target=lambda: told.append(box.take(SECONDS)), daemon=True)
    thread.start()
    arrive(box, 1)
    thread.join(SECONDS)
    assert told == [Arrived("x", SequenceSet(1), {})]


def test_the_rest_is_told_behind_a_failure_but_not_behind_a_stop() -> None:
    for end in (lambda box: box.fail(OSError("first")), Outbox.stop):
        box = outbox("x")
        arrive(box, 1)
        end(box)
        box.fail(OSError("second"))
        assert (box.take(None) is None) == box.is_stopped
        assert box.take(None) is None
        assert str(box.problem) == ("None" if box.is_stopped else "first")


def test_nothing_known_has_no_state() -> None:
    assert Outbox([Account("x", None, keeps_flags=True)]).states() == {}


def test_an_exception_leaves_it_usable() -> None:
    box = outbox("x")
    with pytest.raises(ZeroDivisionError):
        box.change(lambda: 1 // 0)
    arrive(box, 1)
    assert box.take(0) is not None
