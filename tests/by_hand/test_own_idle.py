"""An IDLE that is sent by hand: whose DONE it is, and whose its news are."""

from __future__ import annotations

import pytest

from imaplib2._protocol.command import Command, Idle

from .helpers import Parts


def idle_of(parts: Parts, idle: Idle | None = None) -> Command:
    command = Command.sent_by_hand(b"X1", b"X1 IDLE")
    command.idle = idle
    parts.idle.begin(command)
    return command


def test_there_is_none_at_first() -> None:
    parts = Parts()
    assert parts.idle.to_be_ended() is None
    assert not parts.idle.keeps_news


@pytest.mark.parametrize("goes_on", [True, False])
def test_one_done_is_meant_for_it_even_behind_its_end(goes_on: bool) -> None:
    parts = Parts()
    command = idle_of(parts)
    if goes_on:
        parts.port.in_progress.add(b"X1")
    assert parts.idle.to_be_ended() is command
    parts.idle.end()
    assert parts.idle.to_be_ended() is (command if goes_on else None)


@pytest.mark.parametrize("goes_on", [True, False])
@pytest.mark.parametrize("is_ours", [True, False])
def test_its_news_are_its_user_s_while_it_goes_on(goes_on: bool, is_ours: bool) -> None:
    """Unless it came with an `Idle`: then the library sees to it."""
    parts = Parts()
    command = idle_of(parts, Idle(renew_after=None) if is_ours else None)
    if goes_on:
        parts.port.in_progress.add(b"X1")
    assert command.idle is not None
    assert command.idle.polled is not is_ours
    assert parts.idle.keeps_news is (goes_on and not is_ours)
    if command.idle.capture is not None:
        command.idle.capture("EXISTS", [b"1"])
