"""UIDs by numbers, and flags."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from imaplib2._watching import messages as module
from imaplib2._watching.messages import Messages
from imaplib2.parse import SequenceSet

Flags = frozenset[str]
FLAGS = st.frozensets(st.sampled_from("abc"))


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", 3)
    monkeypatch.setattr(module, "_SPARE_SETS", 1)


@given(st.data(), st.lists(st.integers(1, 30), unique=True))
def test_as_a_dict(data: st.DataObject, uids: list[int]) -> None:
    known: dict[int, Flags | None] = {}
    own = Messages()
    for uid in sorted(uids):
        known[uid] = data.draw(st.none() | FLAGS)
        own.append(uid, known[uid])
    for _ in range(data.draw(st.integers(0, 20))):
        what = data.draw(st.sampled_from(["take", "remove", "set", "replace"]))
        uid = data.draw(st.integers(1, 31))
        if what == "take" and known:
            number = data.draw(st.integers(1, len(known)))
            assert own.uid_of(number) == own.take(number)
            del known[[*known][number - 1]]
        elif what == "remove":
            assert own.remove(uid) == (uid in known)
            known.pop(uid, None)
        elif what == "set" and uid in known:
            flags = data.draw(FLAGS)
            own.set_flags(uid, flags)
            known[uid] = flags
        elif what == "replace":
            new = sorted(data.draw(st.sets(st.integers(1, 31))))
            own.replace(SequenceSet(new))
            known = {uid: known.get(uid) for uid in new}
        assert dict(own) == known
        assert [*dict(own)] == [*known]
        assert own.uids == known.keys()
        assert own.last == max(known, default=0)
        assert len(own) == len(known)
        assert (uid in own) == (uid in known)
        assert own.flags_of(uid) == known.get(uid)


def test_numbers_that_are_none() -> None:
    own = Messages()
    own.append(5, None)
    with pytest.raises(IndexError):
        own.uid_of(2)


def test_sets_of_flags_that_no_message_has_are_forgotten() -> None:
    own = Messages()
    own.append(1, None)
    for uid in (2, 3):
        own.append(uid, frozenset("a"))
    own.append(4, None)
    for number in range(100):
        own.set_flags(1, frozenset({f"x{number}"}))
    assert [flags for _, flags in own] == [{"x99"}, {"a"}, {"a"}, None]
    assert len(own._table) < 20


def test_flags_are_shared() -> None:
    own = Messages()
    for uid in range(1, 10):
        own.append(uid, frozenset({"x"}))
    assert len({id(flags) for _, flags in own}) == 1
