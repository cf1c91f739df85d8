"""Stored responses, as the core uses them: what is bounded, and what is found again."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from imaplib2._protocol.limits import Limits
from imaplib2._protocol.stored import StoredResponses, entry_size, size_of

types = st.sampled_from(["EXISTS", "FETCH", "OK", "NO"])
items_of_responses = st.lists(st.sampled_from([b"", b"1", b"23", (b"4", b"56")]), min_size=1)


def entries_of(stored: StoredResponses) -> list[Any]:
    return [[type_, [*data]] for type_, data in stored.mark()]


def test_data_of_one_type_in_a_row_is_one_entry() -> None:
    stored = StoredResponses()
    for type_, data in [("FETCH", b"1"), ("FETCH", b"2"), ("OK", b"3"), ("FETCH", b"4")]:
        stored.add(type_, [data])
    assert entries_of(stored) == [["FETCH", [b"1", b"2"]], ["OK", [b"3"]], ["FETCH", [b"4"]]]
    assert stored.data_of("FETCH") == [b"1", b"2", b"4"]
    assert stored.take("FETCH") == [b"1", b"2", b"4"]
    assert stored.take("FETCH") is None
    assert entries_of(stored) == [["OK", [b"3"]]]


def test_texts_of_statuses_are_dropped_together() -> None:
    stored = StoredResponses([["OK", [b"1"]], ["EXISTS", [b"2"]], ["NO", [b"3"]], ["BAD", [b"4"]]])
    stored.drop_statuses()
    assert entries_of(stored) == [["EXISTS", [b"2"]]]


def test_what_came_behind_a_mark_stands_behind_it() -> None:
    stored = StoredResponses([["EXISTS", [b"1"]]])
    earlier = stored.mark()
    stored.add("EXISTS", [b"3"])
    stored.add_behind(earlier, [("EXISTS", [b"2"])])
    assert stored.data_of("EXISTS") == [b"1", b"2", b"3"]


def test_behind_a_mark_and_nothing_more_data_goes_on_as_before() -> None:
    stored = StoredResponses([["EXISTS", [b"1"]]])
    earlier = stored.mark()
    stored.add_behind(earlier, [])
    stored.add("EXISTS", [b"2"])
    assert entries_of(stored) == [["EXISTS", [b"1", b"2"]]]


def test_what_came_behind_a_mark_counts_for_the_limits() -> None:
    stored = StoredResponses([["EXISTS", [b"1"]]], Limits(stored=2))
    stored.add_behind(stored.mark(), [("FETCH", [b"2"]), ("EXISTS", [b"3"])])
    assert entries_of(stored) == [["EXISTS", [b"3"]]]


def test_whether_something_was_dropped_can_be_told() -> None:
    stored = StoredResponses((), Limits(stored=2))
    for _ in range(2):
        stored.add("EXISTS", [b"1"])
    assert not stored.dropped
    stored.add("EXISTS", [b"2"])
    before = stored.dropped
    assert before
    stored.forget()
    assert stored.dropped == before


def test_names_without_data_count_for_the_limits() -> None:
    stored = StoredResponses(limits=Limits(stored_bytes=100))
    stored.add("X" * 60, [])
    assert entries_of(stored) == [["X" * 60, []]]
    stored.add("Y" * 60, [])
    assert entries_of(stored) == [["Y" * 60, []]]
    stored.add("Z" * 200, [])
    assert entries_of(stored) == []


def test_what_was_shown_is_no_news() -> None:
    stored = StoredResponses([["EXISTS", [b"1"]], ["FETCH", [b"2"]]])
    assert stored.show("EXISTS") == [b"1"]
    assert stored.take_first() == ["FETCH", [b"2"]]
    assert stored.take_first() is None
    stored = StoredResponses([["EXISTS", [b"1"]], ["FETCH", [b"2"]]])
    stored.show("EXISTS")
    stored.drop_shown()
    assert entries_of(stored) == [["FETCH", [b"2"]]]


def test_awaited_data_is_not_bounded_and_is_taken_as_it_is() -> None:
    stored = StoredResponses(limits=Limits(stored=2))
    items = [b"%d" % number for number in range(10)]
    stored.add_awaited("FETCH", items)
    stored.add("EXISTS", [b"1"])
    assert stored.data_of("FETCH") == items
    assert stored.take_awaited("FETCH", items) is items
    assert stored.take_awaited("FETCH", items) is None


def test_sizes() -> None:
    assert size_of([b"123", (b"4", b"56"), None]) == 6
    assert entry_size(["EXISTS", [b"12"]]) == 8


class Store(RuleBasedStateMachine):
    """Responses come and are taken; a list of all tells what should be there."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = Limits(stored=8, stored_bytes=60)
        self.stored = StoredResponses(limits=self.limits)
        self.all: list[tuple[str, Any]] = []

    @rule(type_=types, items=items_of_responses)
    def add(self, type_: str, items: list[Any]) -> None:
        self.stored.add(type_, [*items])
        self.all += [(type_, item) for item in items]

    @rule(type_=types)
    def take(self, type_: str) -> None:
        there = self.stored.data_of(type_)
        assert self.stored.take(type_) == (there or None)
        self.all = [pair for pair in self.all if pair[0] != type_]

    @rule()
    def take_first(self) -> None:
        first = self.stored.take_first()
        if first is not None:
            del self.all[: next(at for at, pair in enumerate(self.all) if pair[0] == first[0])]
            kept = len(first[1])
            found = [at for at, pair in enumerate(self.all) if pair[0] == first[0]][:kept]
            assert len(found) == kept
        self.all = [(type_, item) for type_, data in entries_of(self.stored) for item in data]

    @invariant()
    def what_is_there_came_last(self) -> None:
        for type_ in "EXISTS", "FETCH", "OK", "NO":
            there = self.stored.data_of(type_)
            assert self.stored.has(type_) is bool(there)
            expected = [item for kind, item in self.all if kind == type_]
            assert there == expected[len(expected) - len(there) :]

    @invariant()
    def it_is_bounded(self) -> None:
        entries = entries_of(self.stored)
        assert sum(len(data) for _, data in entries) <= max(self.limits.stored, 1)
        largest = max(map(entry_size, entries), default=0)
        assert sum(map(entry_size, entries)) <= max(self.limits.stored_bytes, largest)


test_the_course_of_responses = Store.TestCase
test_the_course_of_responses.settings = settings(max_examples=50, stateful_step_count=30)


@given(st.lists(st.tuples(types, items_of_responses)))
def test_without_reaching_a_limit_nothing_is_lost(responses: list[tuple[str, list[Any]]]) -> None:
    stored = StoredResponses()
    for type_, items in responses:
        stored.add(type_, [*items])
    taken = []
    while (entry := stored.take_first()) is not None:
        taken += [(entry[0], item) for item in entry[1]]
    assert taken == [(type_, item) for type_, items in responses for item in items]
