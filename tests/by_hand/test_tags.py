"""Tags of commands that are sent by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from imaplib2._protocol.responses import Tagged, parse
from imaplib2._threads.pending import Pending

from .helpers import Parts


def tagged(tag: bytes) -> Tagged:
    response = parse(tag + b" OK done")
    assert isinstance(response, Tagged)
    return response


def test_a_completion_is_kept_until_the_user_removes_it() -> None:
    parts = Parts()
    parts.tags.note(b"X1")
    assert parts.tags.completions == {b"X1": None}
    assert parts.tags.complete(tagged(b"X1"))
    assert parts.tags.completions == {b"X1": ("OK", [b"done"])}
    assert parts.port.reserved == {b"X1"}
    parts.tags.forget(b"X1")
    assert not parts.tags.completions
    assert not parts.port.reserved


def test_the_completion_of_a_command_of_another_kind_is_not_kept() -> None:
    parts = Parts()
    assert not parts.tags.complete(tagged(b"X1"))
    assert not parts.tags.completions


def test_a_tag_that_is_not_there_can_not_be_forgotten() -> None:
    with pytest.raises(KeyError):
        Parts().tags.forget(b"X1")


def test_a_tag_is_free_only_when_nothing_is_left_of_its_command() -> None:
    parts = Parts()
    left: list[Any] = []
    tags = parts.tags

    def release(tag: bytes) -> None:
        left.append((tag in tags.completions, tag in tags.pending, tag in tags.on_socket))

    parts.port.release = release  # type: ignore[method-assign]
    for end in (tags.done_with, tags.forget):
        tags.note_on_socket(b"X1")
        tags.note(b"X1")
        tags.pending[b"X1"] = Pending()
        end(b"X1")
    assert left == [(False, False, False)] * 2


class Use(RuleBasedStateMachine):
    """Whatever is done in whatever order, what is over leaves nothing behind."""

    tag = st.sampled_from([b"X1", b"X2", b"X3"])

    def __init__(self) -> None:
        super().__init__()
        self.parts = Parts()
        self.tags = self.parts.tags

    @rule(tag=tag)
    def begin(self, tag: bytes) -> None:
        self.tags.note(tag)
        self.tags.open.add(tag)
        self.tags.unread.add(tag)
        self.tags.pending[tag] = Pending()

    @rule(tag=tag)
    def begin_on_socket(self, tag: bytes) -> None:
        self.tags.note_on_socket(tag)
        self.begin(tag)

    @rule(tag=tag)
    def complete(self, tag: bytes) -> None:
        assert self.tags.complete(tagged(tag)) is (tag in self.tags.completions)

    @rule(tag=tag)
    def read(self, tag: bytes) -> None:
        self.tags.open.discard(tag)
        self.tags.done_with(tag)
        assert tag not in self.tags.unread | self.tags.on_socket

    @rule(tag=tag)
    def forget(self, tag: bytes) -> None:
        if tag in self.tags.completions:
            self.tags.forget(tag)
        assert tag not in {*self.tags.completions, *self.tags.pending}

    @invariant()
    def exactly_the_noted_ones_are_reserved(self) -> None:
        noted = {*self.tags.completions}
        assert self.parts.port.reserved == noted
        assert {*self.tags.pending} <= noted
        assert self.tags.on_socket <= noted


test_use = Use.TestCase
