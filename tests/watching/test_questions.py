"""Questions are values."""

from __future__ import annotations

from imaplib2._watching.questions import AllUids, FlagsOf, NewFrom, Opened
from imaplib2.parse import SequenceSet


def test_what_is_not_told_is_none() -> None:
    assert Opened(3) == (3, None, None, None, False)
    assert FlagsOf(SequenceSet(1)).uids == {1}


def test_the_same_is_equal() -> None:
    assert len({AllUids(), AllUids(), NewFrom(1), NewFrom(1)}) == 2
    assert AllUids() != NewFrom(1)
