"""Which messages are asked for at once: see with_server/test_watch.py for what is read."""

from __future__ import annotations

from imaplib2._cli.lookup import _portions
from imaplib2.parse import SequenceSet


def test_not_too_many_at_once() -> None:
    portions = [*_portions(SequenceSet("1:1200"))]
    assert portions == ["1:500", "501:1000", "1001:1200"]
    assert [*_portions(SequenceSet())] == []
