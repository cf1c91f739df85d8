"""An upgrade of the transport: from its command to what follows a refusal."""

from __future__ import annotations

import pytest

from imaplib2._protocol.command import Command
from imaplib2._protocol.commands import COMMANDS
from imaplib2._protocol.upgrading import Upgrading


@pytest.fixture
def upgrading() -> Upgrading:
    begun = Upgrading()
    begun.begin()
    return begun


def starttls(*, calls_back: bool) -> Command:
    command = Command(COMMANDS["STARTTLS"], [b"STARTTLS"])
    command.calls_back = calls_back
    return command


def test_nothing_is_read_between_ok_and_upgrade(upgrading: Upgrading) -> None:
    assert upgrading.singly
    assert not upgrading.paused
    upgrading.pause(b"go on")
    assert upgrading.singly
    assert upgrading.paused
    assert upgrading.finish() == b"go on"
    assert not upgrading.singly
    assert not upgrading.paused


def test_a_refused_one_is_over(upgrading: Upgrading) -> None:
    upgrading.end()
    assert not upgrading.singly


def test_a_user_who_is_called_back_learns_of_a_refusal_later(upgrading: Upgrading) -> None:
    command, other = starttls(calls_back=True), starttls(calls_back=True)
    upgrading.refuse(command)
    upgrading.told(other)
    assert upgrading.refused is command
    upgrading.told(command)
    assert upgrading.refused is None


def test_a_user_who_waits_knows_at_once(upgrading: Upgrading) -> None:
    upgrading.refuse(starttls(calls_back=False))
    assert upgrading.refused is None
