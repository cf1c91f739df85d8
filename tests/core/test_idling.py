"""The phases of an IDLE, which are a table, and its time."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol.idling import TURNS, Cause, Idle, Phase, Turn

#: All that may follow from what, written out once more.
EXPECTED = {
    (Phase.ASKED, Cause.AGREED): (Phase.IDLING, False),
    (Phase.ASKED, Cause.WANTED_BACK): (Phase.WANTED_BACK, False),
    (Phase.WANTED_BACK, Cause.AGREED): (Phase.ENDING, True),
    (Phase.IDLING, Cause.WANTED_BACK): (Phase.ENDING, True),
    (Phase.IDLING, Cause.RENEWAL_DUE): (Phase.RENEWING, True),
    (Phase.RENEWING, Cause.WANTED_BACK): (Phase.ENDING, False),
    (Phase.RENEWING, Cause.COMPLETED): (Phase.ASKED, False),
}
CAUSES = {
    Cause.AGREED: Idle.agreed,
    Cause.WANTED_BACK: Idle.wanted_back,
    Cause.RENEWAL_DUE: Idle.renewal_due,
    Cause.COMPLETED: Idle.renewed,
}


def in_phase(phase: Phase, *, is_renewal: bool = False) -> Idle:
    idle = Idle()
    idle.phase, idle.is_renewal = phase, is_renewal
    return idle


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("cause", Cause)
def test_what_follows_from_what(phase: Phase, cause: Cause) -> None:
    idle = in_phase(phase)
    after, sends = EXPECTED.get((phase, cause), (phase, False))
    told = CAUSES[cause](idle, 5.0)
    assert idle.phase is after
    if cause is not Cause.COMPLETED:
        assert told is sends
    else:
        assert told is (after is not phase) is idle.is_renewal


def test_the_table_has_every_phase() -> None:
    assert TURNS.keys() == set(Phase)
    assert all(isinstance(turn, Turn) for turns in TURNS.values() for turn in turns.values())


@pytest.mark.parametrize(
    ("phase", "facts"),
    [
        (Phase.ASKED, {"awaits_agreement", "is_lasting"}),
        (Phase.WANTED_BACK, {"awaits_agreement", "is_wanted_back", "owes_reply"}),
        (Phase.IDLING, {"is_idling", "is_lasting"}),
        (Phase.ENDING, {"is_wanted_back", "has_done", "owes_reply"}),
        (Phase.RENEWING, {"has_done", "owes_reply"}),
    ],
)
def test_what_a_phase_means(phase: Phase, facts: set[str]) -> None:
    names = {
        "awaits_agreement", "has_done", "is_idling", "is_lasting", "is_wanted_back", "owes_reply",
    }  # fmt: skip
    assert {name for name in names if getattr(in_phase(phase), name)} == facts
    renewal = in_phase(phase, is_renewal=True)
    asked = {"owes_reply"} if phase is Phase.ASKED else set()
    assert {name for name in names if getattr(renewal, name)} == facts | asked


@pytest.mark.parametrize("phase", Phase)
def test_its_user_polls_only_while_nothing_else_is_due(phase: Phase) -> None:
    idle = in_phase(phase)
    assert not idle.is_polled
    idle.polled = True
    assert idle.is_polled is (phase is Phase.IDLING)


def test_its_time_is_counted_from_when_it_was_submitted() -> None:
    idle = Idle(10.0, renew_after=None)
    idle.submitted(5.0)
    assert idle.deadline == 15.0
    idle.agreed(12.0)
    assert not idle.is_over(14.9)
    assert idle.is_over(15.0)


def test_a_renewal_is_counted_from_the_agreement() -> None:
    idle = Idle(None, renew_after=10.0)
    idle.submitted(0.0)
    assert idle.deadline is None
    idle.agreed(5.0)
    assert idle.deadline == 15.0
    assert not idle.is_to_be_renewed(14.9)
    assert idle.is_to_be_renewed(15.0)
    assert idle.renewal_due(15.0)
    assert idle.deadline is None
    assert not idle.is_to_be_renewed(16.0)
    assert idle.renewed(16.0)
    assert idle.is_renewal
    assert idle.owes_since == 16.0
    assert not idle.agreed(20.0)
    assert idle.deadline == 30.0
    assert idle.owes_since is None


def test_it_ends_by_its_time_or_is_renewed_whatever_comes_first() -> None:
    idle = Idle(20.0, renew_after=30.0)
    idle.submitted(0.0)
    idle.agreed(0.0)
    assert idle.deadline == 20.0
    idle = Idle(40.0, renew_after=30.0)
    idle.submitted(0.0)
    idle.agreed(0.0)
    assert idle.deadline == 30.0


def test_what_the_server_owes_is_due_since_the_last_that_asked_for_it() -> None:
    idle = Idle()
    idle.begun(1.0)
    assert idle.owes_since is None
    idle.wanted_back(2.0)
    assert idle.owes_since == 2.0
    idle.wanted_back(3.0)
    assert idle.owes_since == 2.0
    assert idle.agreed(4.0)
    assert idle.owes_since == 4.0
    idle.wanted_back(5.0)
    assert idle.owes_since == 4.0


@given(st.lists(st.sampled_from(Cause)))
def test_done_is_sent_once_for_each_agreement(causes: list[Cause]) -> None:
    idle, agreements, dones = Idle(), 0, 0
    for now, cause in enumerate(causes):
        awaited = idle.awaits_agreement
        told = CAUSES[cause](idle, float(now))
        agreements += cause is Cause.AGREED and awaited
        dones += told and cause is not Cause.COMPLETED
        assert dones == agreements - idle.is_idling
        assert idle.has_done is (
            agreements > 0 and not idle.awaits_agreement and not idle.is_idling
        )
        assert idle.is_lasting or idle.owes_reply
