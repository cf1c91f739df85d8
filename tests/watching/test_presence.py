"""What is told of interruptions."""

from __future__ import annotations

import traceback

import pytest

from imaplib2 import IMAP4
from imaplib2._clock import Clock
from imaplib2._watching.account import Account
from imaplib2._watching.asking import Refused
from imaplib2._watching.outbox import Outbox
from imaplib2._watching.presence import Presence, bare
from imaplib2.watching import Gone, Reconnected


@pytest.fixture
def outbox() -> Outbox:
    return Outbox([Account("x", None, keeps_flags=True)])


@pytest.fixture
def presence(outbox: Outbox) -> Presence:
    return Presence(outbox._accounts[0], outbox)


def test_the_first_time_is_no_reconnection(presence: Presence, outbox: Outbox) -> None:
    presence.lost(OSError())
    presence.back()
    assert outbox.take(0) is None
    presence.back()
    assert outbox.take(0) is None


def test_an_interruption_lasts_from_the_first_failure_on(
    presence: Presence, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    presence.back()
    now, wall = 100.0, 5000.0
    monkeypatch.setattr(Clock, "now", lambda: now)
    monkeypatch.setattr(Clock, "wall", lambda: wall)
    presence.lost(OSError("first"))
    now += 2
    wall += 3600
    why = OSError("last")
    presence.lost(why)
    presence.back()
    assert outbox.take(0) == Reconnected("x", 3600, why)


def test_a_mailbox_is_gone_at_once_or_after_some_refusals(
    presence: Presence, outbox: Outbox
) -> None:
    why = IMAP4.error("no")
    presence.refused(Refused(why, is_gone=True))
    presence.refused(Refused(why, is_gone=True))
    assert outbox.take(0) == Gone("x", why)
    assert outbox.take(0) is None
    presence.back()
    assert isinstance(outbox.take(0), Reconnected)
    for _ in range(3):
        assert outbox.take(0) is None
        presence.refused(Refused(why, is_gone=False))
    assert outbox.take(0) == Gone("x", why)


def test_exceptions_hold_nothing() -> None:
    try:
        try:
            raise ValueError
        except ValueError as inner:
            raise OSError("outer") from inner
    except OSError as problem:
        kept = bare(problem)
    assert kept.__traceback__ is None
    assert kept.__cause__ is not None
    assert kept.__cause__.__traceback__ is None
    assert traceback.format_exception(kept)
