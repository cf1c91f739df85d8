"""Which messages are asked for at once: see with_server/test_watch.py for what is read."""

from __future__ import annotations

from typing import Any

import pytest

from imaplib2._cli.watching.lookup import Lookup
from imaplib2.parse import SequenceSet


@pytest.mark.parametrize(
    ("uids", "portions"), [("1:1200", ["1:500", "501:1000", "1001:1200"]), ((), [])]
)
def test_not_too_many_at_once(
    uids: Any, portions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def note(self: Lookup, mailbox: str, some: SequenceSet, items: str) -> dict[int, Any]:
        asked.append(str(some))
        return {}

    monkeypatch.setattr(Lookup, "_asked", note)
    assert Lookup(None).summaries("INBOX", SequenceSet(uids)) == {}  # type: ignore[arg-type]
    assert asked == portions
