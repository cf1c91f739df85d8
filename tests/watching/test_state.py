"""States are saved and restored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2.parse import SequenceSet
from imaplib2.watching import MailboxState, State

NUMBERS = st.none() | st.integers(0, (1 << 63) - 1)
UIDS = st.builds(SequenceSet, st.sets(st.integers(1, 1 << 32), max_size=5))
FLAGS = st.none() | st.dictionaries(st.frozensets(st.text(), max_size=3), UIDS, max_size=3)
MAILBOXES = st.builds(
    MailboxState,
    uid_validity=NUMBERS, uids=UIDS, flags=FLAGS, highest_modseq=NUMBERS, uid_next=NUMBERS,
)  # fmt: skip


@given(st.dictionaries(st.text(), MAILBOXES, max_size=3))
def test_the_text_is_all(mailboxes: dict[str, MailboxState]) -> None:
    state = State(mailboxes)
    assert State(str(state)) == state == State(state) == State(str(state).encode())
    assert dict(state) == mailboxes
    assert len(state) == len(mailboxes)
    assert repr(state) == f"State({mailboxes!r})"


@given(st.text() | st.binary())
def test_rubbish_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match="not the text of a State"):
        State(text)


def nested(*path: Any) -> str:
    """A state whose part is something else."""
    good = State({"x": MailboxState(1, SequenceSet("1:3"), {frozenset("a"): SequenceSet(1)}, 5, 6)})
    content = json.loads(str(good))
    part = content
    for step in path[:-2]:
        part = part[step]
    part[path[-2]] = path[-1]
    return json.dumps(content)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000, "null", "5", "[]", "{}",
        nested("form", 2),
        nested("mailboxes", []),
        nested("mailboxes", "x", None),
        nested("mailboxes", "x", {}),
        nested("mailboxes", "x", "uids", 5),
        nested("mailboxes", "x", "uids", "1:*"),
        nested("mailboxes", "x", "uids", "a"),
        nested("mailboxes", "x", "uid_validity", "a"),
        nested("form", True),
        nested("mailboxes", "x", "highest_modseq", 1.5),
        nested("mailboxes", "x", "highest_modseq", True),
        nested("mailboxes", "x", "highest_modseq", -1),
        nested("mailboxes", "x", "uid_validity", False),
        nested("mailboxes", "x", "uid_next", 1 << 63),
        nested("mailboxes", "x", "flags", 5),
        nested("mailboxes", "x", "flags", [5]),
        nested("mailboxes", "x", "flags", [[5, "1"]]),
        nested("mailboxes", "x", "flags", [[[5], "1"]]),
        nested("mailboxes", "x", "flags", [[["a"], 1]]),
    ],
)  # fmt: skip
def test_bad_states(text: str) -> None:
    with pytest.raises(ValueError, match="not the text of a State"):
        State(text)


def test_other_types() -> None:
    with pytest.raises(TypeError):
        State(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="MailboxState"):
        State({"x": 5})  # type: ignore[dict-item]
    assert State() == {}
