"""Events are values."""

from __future__ import annotations

import pickle

from imaplib2.parse import SequenceSet
from imaplib2.watching import Arrived, FlagsChanged


def test_events_are_values() -> None:
    changed = FlagsChanged("x", {1: frozenset(), 3: frozenset()})
    assert changed.uids == SequenceSet("1,3")
    assert repr(changed).startswith("FlagsChanged(mailbox='x', flags={")
    for event in (changed, Arrived("x", SequenceSet(1), {})):
        assert pickle.loads(pickle.dumps(event)) == event
