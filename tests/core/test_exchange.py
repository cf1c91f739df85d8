"""A login in progress: who is to move, and how long it may take."""

from __future__ import annotations

import pytest

from imaplib2._protocol.exchange import _CHALLENGES, Exchange
from imaplib2._protocol.limits import ProtocolViolation
from imaplib2._protocol.secrets import HIDDEN


@pytest.fixture
def exchange() -> Exchange:
    begun = Exchange()
    begun.begin([b"AUTHENTICATE", b" ", b"PLAIN"])
    return begun


def test_a_challenge_is_answered_before_the_next(exchange: Exchange) -> None:
    assert exchange.logging_in
    exchange.challenge(b"")
    assert exchange.awaits_answer
    with pytest.raises(ProtocolViolation, match="before the answer"):
        exchange.challenge(b"")
    exchange.answer(b"c2VjcmV0LXdvcmQ=")
    assert not exchange.awaits_answer
    exchange.challenge(b"")


def test_it_has_an_end(exchange: Exchange) -> None:
    for _ in range(_CHALLENGES):
        exchange.challenge(b"")
        exchange.answer(b"")
    with pytest.raises(ProtocolViolation, match=f"more than {_CHALLENGES} challenges"):
        exchange.challenge(b"")


def test_another_login_begins_anew(exchange: Exchange) -> None:
    for _ in range(2):
        for _ in range(_CHALLENGES):
            exchange.challenge(b"")
            exchange.answer(b"")
        exchange.end()
        assert not exchange.logging_in
        exchange.begin([b"AUTHENTICATE", b" ", b"PLAIN"])


def test_the_end_of_a_login_ends_the_wait_for_the_user(exchange: Exchange) -> None:
    exchange.challenge(b"")
    exchange.end()
    assert not exchange.awaits_answer


def test_its_secrets_stay_hidden_behind_it(exchange: Exchange) -> None:
    exchange.challenge(b"")
    exchange.answer(b"c2VjcmV0LXdvcmQ=")
    exchange.end()
    assert exchange.secrets.hidden(b"he said secret-word") == b"he said " + HIDDEN
