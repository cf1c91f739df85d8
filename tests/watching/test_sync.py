"""An account agrees with its mailbox, whatever happens, and its consumer is told all, once."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._watching import sync as sync_module
from imaplib2._watching.account import Account
from imaplib2._watching.questions import AllUids, ChangedSince, FlagsOf, NewFrom, Opened, Question
from imaplib2._watching.state import MailboxState
from imaplib2._watching.sync import Sync
from imaplib2.parse import SequenceSet

from .model import Run, Server

SERVERS = st.builds(Server, *[st.booleans()] * 7).filter(
    lambda server: server.has_modseq or not server.has_qresync
)


@given(SERVERS, st.integers(0, 1 << 32), st.booleans(), st.booleans(), st.integers(0, 150))
def test_all_is_told_once(
    server: Server, seed: int, keeps_flags: bool, from_nothing: bool, steps: int
) -> None:
    run = Run(server, Random(seed), keeps_flags=keeps_flags, from_nothing=from_nothing)
    for _ in range(steps):
        run.step()
    run.finish()


# -- Servers that say what they shouldn't ------------------------------------------------------


def opened(*uids: int, keeps_flags: bool = True, **said: Any) -> Sync:
    """A mailbox in which all is known."""
    account = Account("x", MailboxState(1, SequenceSet(uids)), keeps_flags=keeps_flags)
    sync = Sync(account)
    sync.opened(Opened(len(uids), 1, **said))
    answer(sync, uids)
    return sync


def answer(sync: Sync, uids: Iterable[int], most: int = 50) -> list[Question]:
    """Answer all that is asked: there are *uids*, without flags."""
    asked = list[Question]()
    while (question := sync.wants()) is not None:
        asked.append(question)
        assert len(asked) < most
        sync.ask()
        rows = [b"%d (UID %d FLAGS ())" % pair for pair in enumerate(sorted(uids), 1)]
        listed = SequenceSet(uids)
        sync.answered(question, listed if isinstance(question, AllUids) else rows)
    return asked


def known(sync: Sync) -> SequenceSet:
    return sync._account.messages.uids


def test_a_count_that_is_never_true_is_left_at_that() -> None:
    sync = opened(1, 2, 3)
    for _ in range(3):
        sync.heard("EXISTS", [b"10"])
        answer(sync, (1, 2, 3))
    # It isn't asked again and again.
    sync.heard("EXISTS", [b"10"])
    assert sync.wants() is None
    # And numbers don't stand for UIDs.
    sync.heard("FETCH", [rb"2 (FLAGS (\Seen))"])
    assert {*map(type, answer(sync, (1, 2, 3)))} == {FlagsOf}
    sync.heard("EXPUNGE", [b"2"])
    answer(sync, (1, 3))
    assert known(sync) == {1, 3}


def test_behind_such_a_count_what_is_new_is_listed() -> None:
    """In Cyrus, what others have removed is found no more before it is told."""
    sync = opened(modseq=5, vanishes=True)
    sync.heard("EXISTS", [b"2"])
    answer(sync, ())
    for typ, data in [("EXISTS", b"3"), ("VANISHED", b"1:2")]:
        sync.heard(typ, [data])
    assert answer(sync, (3,))[0] == AllUids()
    assert known(sync) == {3}
    assert sync.exact


def test_too_many_are_listed() -> None:
    sync = opened(1, 2, 3)
    sync.heard("EXISTS", [b"2"])
    answer(sync, (1, 2, 3))
    assert known(sync) == {1, 2, 3}
    sync.heard("EXISTS", [b"2"])
    assert sync.wants() is None


def test_what_is_not_counted_is_listed() -> None:
    for vanishes in (False, True):
        sync = opened(1, 2, uid_next=3, modseq=5)
        sync.opened(Opened(None, 1, uid_next=3, modseq=6, vanishes=vanishes))
        assert AllUids in map(type, answer(sync, (1, 2)))
        # What was removed may be counted, and not be listed.
        assert (sync.exists, sync.exact) == (2, False)
        assert not sync._account.pending.removed
        sync.heard("EXISTS", [b"3"])
        answer(sync, (1, 2, 3))
        assert (sync.exists, sync.exact) == (3, True)


def test_behind_what_was_missed_numbers_stand_for_nothing() -> None:
    sync = opened(1, 2, 3)
    sync.missed()
    sync.heard("EXPUNGE", [b"1"])
    assert {*map(type, answer(sync, (2,)))} == {AllUids, FlagsOf}
    assert known(sync) == {2}
    # What was missed while it was asked may not be in the answer.
    for vanishes in (False, True):
        sync = opened(1, 2, 3, modseq=5 if vanishes else None)
        sync.opened(Opened(3, 1, modseq=6 if vanishes else None, vanishes=vanishes))
        question = sync.wants()
        assert isinstance(question, ChangedSince if vanishes else AllUids)
        sync.ask()
        sync.missed()
        sync.answered(question, [] if vanishes else SequenceSet("1:3"))
        assert AllUids in map(type, answer(sync, (2, 3)))
        assert known(sync) == {2, 3}


def test_exists_that_gets_less() -> None:
    sync = opened(1, 2, 3)
    sync.heard("EXISTS", [b"2"])
    answer(sync, (1, 3))
    assert known(sync) == {1, 3}


def test_an_expunge_of_nothing() -> None:
    for number in (0, 4):
        sync = opened(1, 2, 3)
        sync.heard("EXPUNGE", [b"%d" % number])
        answer(sync, (1, 2, 3))
        assert known(sync) == {1, 2, 3}


def test_a_message_that_nobody_knew_has_vanished() -> None:
    sync = opened(1, 2, 5)
    sync.heard("VANISHED", [b"3"])
    answer(sync, (1, 5))
    assert known(sync) == {1, 5}
    # During IDLE, nothing is kept of it.
    sync.heard("VANISHED", [b"5"])
    assert sync._gone is None


def test_a_message_that_nobody_knew_is_told() -> None:
    sync = opened(1, 5, modseq=7)
    sync.opened(Opened(2, 1, modseq=8, vanishes=True))
    answer(sync, (1, 3, 5))
    sync.heard("EXISTS", [b"3"])
    answer(sync, (1, 3, 5))
    assert known(sync) == {1, 3, 5}


def test_what_came_and_went_costs_nothing_later() -> None:
    sync = opened(1, 2, uid_next=9, modseq=5)
    assert sync._account.uid_next == 9
    sync.opened(Opened(2, 1, uid_next=9, modseq=5))
    assert sync.wants() is None


def test_what_is_new_tells_no_flags() -> None:
    sync = opened(1)
    sync.heard("EXISTS", [b"2"])
    question = sync.wants()
    assert isinstance(question, NewFrom)
    sync.ask()
    sync.answered(question, [b"2 (UID 7)"])
    question = sync.wants()
    assert isinstance(question, FlagsOf)
    assert question.uids == {7}
    sync.ask()
    sync.answered(question, [b"2 (UID 7)"])
    assert sync.wants() is None
    assert sync._account.messages.flags_of(7) == frozenset()


def test_a_new_one_has_vanished_already() -> None:
    sync = opened(1)
    sync.heard("EXISTS", [b"3"])
    question = sync.wants()
    assert question is not None
    sync.ask()
    sync.heard("VANISHED", [b"7"])
    sync.answered(question, [b"2 (UID 7 FLAGS ())", b"3 (UID 8 FLAGS ())", b"3 (UID 8)"])
    assert known(sync) == {1, 8}
    assert sync._account.messages.flags_of(8) == frozenset()
    assert sync.wants() is None


def test_many_are_listed_rather_than_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync_module, "PORTION", 3)
    sync = opened(1)
    uids = range(1, 10)
    sync.heard("EXISTS", [b"9"])
    asked = answer(sync, uids)
    assert [*map(type, asked)] == [AllUids, FlagsOf, FlagsOf, FlagsOf]
    assert known(sync) == {*uids}


def test_flags_that_were_missed_are_asked_for() -> None:
    sync = opened(1, 2, uid_next=3, modseq=5)
    sync.opened(Opened(2, 1, uid_next=4, modseq=5))
    sync.heard("FETCH", [rb"2 (FLAGS (\Seen))"])
    asked = [*map(type, answer(sync, (1, 2)))]
    assert asked == [ChangedSince, AllUids] * 2
    without = opened(1, 2, keeps_flags=False)
    without.exact = False
    without.heard("FETCH", [rb"2 (FLAGS (\Seen))"])
    assert without.wants() is None


WORDS = st.sampled_from([b"UID", b"FLAGS", b"(", b")", b"1", b"2", b"7", b"-1", b":", b",", b"NIL"])
ANY_DATA = st.lists(
    st.none()
    | st.binary(max_size=30)
    | st.lists(WORDS, max_size=12).map(b" ".join)
    | st.integers(0, 10**21).map(b"%d".__mod__)
    | st.integers(0, 10**21).map(b"1 (UID %d FLAGS ())".__mod__)
    | st.tuples(st.binary(max_size=9), st.binary(max_size=9)),
    max_size=4,
)
TYPES = st.sampled_from(["EXISTS", "EXPUNGE", "VANISHED", "FETCH", "OK", ""])


@given(st.lists(st.tuples(TYPES, ANY_DATA), max_size=20), st.lists(ANY_DATA, max_size=9))
def test_whatever_is_said_is_borne(said: list[Any], answers: list[Any]) -> None:
    sync = opened(1, 2, 7, modseq=4)
    for typ, data in said:
        sync.heard(typ, data)
        question = sync.wants()
        if question is not None and answers:
            sync.ask()
            listed = isinstance(question, AllUids)
            sync.answered(question, SequenceSet("1,7") if listed else answers.pop())
    sync._account.state()
    while sync._account.pending.take() is not None:
        pass
    # And when it comes to its senses, all is right.
    sync.opened(Opened(1, 1, 10, 5))
    answer(sync, (7,))
    assert known(sync) == {7}


ROWS = st.lists(
    st.builds(
        lambda number, uid, flags: b"%d (%b%b)" % (number, uid, flags),
        st.integers(0, 4),
        st.integers(0, 5).map(b"UID %d ".__mod__) | st.just(b""),
        st.sampled_from([b"FLAGS ()", rb"FLAGS (\Seen)", b"FLAGS 1", b""]),
    ),
    max_size=4,
)
UIDS = st.sets(st.integers(1, 5))
MODSEQS = st.none() | st.integers(0, 3)


@given(
    st.builds(Opened, st.none() | st.integers(0, 5), st.just(1), MODSEQS, MODSEQS, st.booleans()),
    st.tuples(UIDS, UIDS, MODSEQS, MODSEQS, st.booleans()),
    st.tuples(UIDS, ROWS, ROWS, ROWS),
    st.lists(st.tuples(TYPES, ANY_DATA), max_size=4),
)
def test_whatever_it_answers_a_server_is_not_asked_for_ever(
    says: Opened, before: Any, answers: Any, unasked: list[Any]
) -> None:
    """It says the same each time, be that as wrong as it may."""
    uids, flagged, modseq, uid_next, keeps_flags = before
    flags = {frozenset[str](): SequenceSet(flagged & uids)}
    saved = MailboxState(1, SequenceSet(uids), flags, modseq, uid_next)
    sync = Sync(Account("x", saved, keeps_flags=keeps_flags))
    sync.opened(says)
    listed, *rows = answers
    for typ, data in [("", []), *unasked]:
        sync.heard(typ, data)
        asked = 0
        while (question := sync.wants()) is not None:
            asked += 1
            assert asked < 20
            sync.ask()
            if isinstance(question, AllUids):
                sync.answered(question, SequenceSet(listed))
            else:
                kinds = [NewFrom, ChangedSince, FlagsOf]
                sync.answered(question, rows[kinds.index(type(question))])
