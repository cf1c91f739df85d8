"""How long a silent server is waited for: the deadline of each situation."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol.patience import _SOCKET_TIMEOUT, Awaited, Patience


@pytest.fixture
def patience() -> Patience:
    """One whose server has greeted."""
    greeted = Patience(timeout=10.0, done_timeout=30.0, logout_timeout=3.0)
    greeted.start(0.0, 20.0)
    greeted.end(Awaited.GREETING)
    return greeted


def test_the_greeting_has_a_time_of_its_own() -> None:
    patience = Patience(timeout=1.0, done_timeout=30.0, logout_timeout=3.0)
    patience.start(5.0, 20.0)
    assert patience.deadline() == 25.0
    patience.heard = 10.0
    assert patience.deadline(for_reply=True) == 25.0
    assert "waiting for the greeting; perhaps" in patience.text(25.0, "", "; perhaps")


def test_the_greeting_may_take_for_ever() -> None:
    patience = Patience(timeout=1.0, done_timeout=30.0, logout_timeout=3.0)
    patience.start(5.0, None)
    assert patience.deadline() is None


def test_a_reply_is_awaited_since_the_last_sign_of_life(patience: Patience) -> None:
    assert patience.deadline() is None
    assert patience.deadline(for_reply=True) == 10.0
    patience.heard = 7.0
    assert patience.deadline(for_reply=True) == 17.0
    patience.timeout = None
    assert patience.deadline(for_reply=True) is None
    assert "for 5.0 s, waiting for the reply to NOOP" in patience.text(12.0, "NOOP", "")


def test_many_commands_are_not_all_named(patience: Patience) -> None:
    assert len(patience.text(0.0, "NOOP, " * 1000, "")) < 200


@pytest.mark.parametrize("timeout", [None, 10.0, 1000.0])
def test_done_is_answered_soon_whatever_else_is_said(
    patience: Patience, timeout: float | None
) -> None:
    patience.timeout = timeout
    patience.heard = 1000.0
    assert patience.deadline(for_reply=True, done_since=7.0) == 37.0


def test_a_question_of_our_own_is_answered_in_the_time_of_the_greeting(patience: Patience) -> None:
    patience.timeout = None
    patience.begin(Awaited.CAPABILITIES, 5.0)
    patience.heard = 1000.0
    assert patience.deadline(for_reply=True) == 25.0
    patience.end(Awaited.CAPABILITIES)
    assert patience.deadline(for_reply=True) is None


def test_a_socket_is_awaited_only_while_it_holds_up_others(patience: Patience) -> None:
    patience.begin(Awaited.SOCKET, 5.0)
    assert patience.deadline() is None
    assert patience.deadline(behind_socket=True) == 5.0 + _SOCKET_TIMEOUT
    assert "encrypted socket" in patience.text(65.0, "STARTTLS", "")


def test_logout_is_answered_soon_or_the_commands_before_it_get_on(patience: Patience) -> None:
    patience.timeout = None
    patience.begin(Awaited.LOGOUT, 5.0)
    patience.heard = 7.0
    assert patience.deadline(for_reply=True) == 8.0
    assert patience.deadline(for_reply=True, before_logout=True) == 8.0
    patience.advanced = 7.0
    assert patience.deadline(for_reply=True, before_logout=True) == 10.0
    assert patience.deadline(for_reply=True) == 8.0


def test_what_is_not_awaited_can_be_ended(patience: Patience) -> None:
    patience.end(Awaited.LOGOUT)
    assert not patience.awaited


times = st.floats(0.0, 1000.0)


@given(
    st.dictionaries(st.sampled_from(Awaited), times),
    st.fixed_dictionaries(
        {
            "for_reply": st.booleans(),
            "before_logout": st.booleans(),
            "behind_socket": st.booleans(),
            "done_since": st.none() | times,
        }
    ),
    times,
    times,
    st.none() | times,
)
def test_nothing_more_to_wait_for_makes_the_deadline_later(
    awaited: dict[Awaited, float],
    waiting: dict[str, Any],
    heard: float,
    advanced: float,
    timeout: float | None,
) -> None:
    patience = Patience(timeout, 30.0, 3.0)
    patience.heard, patience.advanced = heard, advanced
    before = patience.deadline(**waiting)
    for what, since in awaited.items():
        if what is not Awaited.GREETING:  # before it, nothing else is awaited
            patience.begin(what, since)
            after = patience.deadline(**waiting)
            assert before is None or (after is not None and after <= before)
            before = after
