"""``tagged_commands`` is used like a dict."""

from __future__ import annotations

import pytest

from .helpers import Parts


def test_commands_of_all_kinds() -> None:
    parts = Parts()
    parts.port.in_progress |= {b"T1", b"T2"}
    tagged = parts.tagged_commands
    tagged[b"X1"] = None
    tagged[b"X2"] = "OK", [b"done"]
    everything = {b"T1": None, b"T2": None, b"X1": None, b"X2": ("OK", [b"done"])}
    assert dict(tagged) == tagged.copy() == everything
    assert repr(tagged) == repr(everything)
    assert len(tagged) == 4
    assert [*tagged.values()] == [*everything.values()]
    assert b"T1" in tagged
    assert None not in tagged
    assert parts.port.reserved == {b"X1", b"X2"}


def test_a_listed_tag_has_its_item_although_it_has_completed() -> None:
    parts = Parts()
    parts.port.in_progress.add(b"T1")
    (tag,) = parts.tagged_commands
    parts.port.in_progress.clear()
    assert parts.tagged_commands[tag] is None
    with pytest.raises(KeyError):
        parts.tagged_commands[b"T1"]


def test_only_what_is_sent_by_hand_is_removed() -> None:
    parts = Parts()
    parts.port.in_progress.add(b"T1")
    parts.tagged_commands[b"X1"] = "OK", [b"done"]
    assert parts.tagged_commands.pop(b"X1") == ("OK", [b"done"])
    assert parts.tagged_commands.pop(b"T1", 1) == 1
    with pytest.raises(KeyError):
        parts.tagged_commands.pop(b"T1")
    with pytest.raises(KeyError):
        del parts.tagged_commands[b"X1"]
    assert [*parts.tagged_commands] == [b"T1"]


def test_another_dict_takes_its_place() -> None:
    parts = Parts()
    parts.port.in_progress.add(b"T1")
    parts.tagged_commands[b"X1"] = parts.tagged_commands[b"X2"] = None
    parts.tagged_commands.replace({b"X2": None, b"T1": None, b"X3": ("NO", [b""])})
    assert parts.tags.completions == {b"X2": None, b"X3": ("NO", [b""])}
    parts.tagged_commands.replace(parts.tagged_commands)
    assert parts.tags.completions == {b"X2": None, b"X3": ("NO", [b""])}
    parts.tagged_commands.replace({})
    assert not parts.port.reserved
