"""The parts of what is done by hand: they are put together once, and freed together."""

from __future__ import annotations

import gc
import weakref

from imaplib2._by_hand.parts import Parts

from .helpers import FakePort


def test_each_refers_to_those_above_it_only() -> None:
    parts = Parts(FakePort())
    made = vars(parts)
    assert [*made] == [
        *("tags", "idle", "inbox", "pulling", "sending", "on_socket", "tagged_commands")
    ]
    numbers, above = {id(part) for part in made.values()}, set()
    for part in made.values():
        others = {id(other) for other in vars(part).values()} & numbers
        assert others <= above
        above.add(id(part))


def test_they_are_freed_at_once() -> None:
    gc.disable()
    try:
        parts = Parts(FakePort())
        left = [weakref.ref(part) for part in vars(parts).values()]
        del parts
        assert not [reference for reference in left if reference() is not None]
    finally:
        gc.enable()
