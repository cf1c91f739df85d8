"""Untagged responses are kept in order, read like a list and like a dict, and bounded."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaplib2._protocol.limits import Limits
from imaplib2._protocol.untagged import UntaggedResponses

CONTENT = [["EXISTS", [b"1"]], ["FETCH", [b"a", b"b"]], ["EXISTS", [b"2", b"3"]]]


def stored() -> UntaggedResponses:
    return UntaggedResponses(CONTENT)


def bounded(limit: int) -> UntaggedResponses:
    return UntaggedResponses(limits=Limits(stored=limit))


def filled(count: int, limit: int, *, types: int = 3) -> UntaggedResponses:
    responses = bounded(limit)
    for number in range(count):
        responses.add(f"T{number // 2 % types}", [number])
    return responses


def popped(responses: UntaggedResponses) -> list[Any]:
    return list(iter(responses.take_first, None))


def numbers(responses: UntaggedResponses) -> list[int]:
    return [item for _, data in responses for item in data]


def test_it_is_a_list_in_order_of_arrival() -> None:
    responses = UntaggedResponses()
    for type_, item in [("EXISTS", b"1"), ("FETCH", b"a"), ("FETCH", b"b"), ("EXISTS", b"2")]:
        responses.add(type_, [item])
    assert responses == [["EXISTS", [b"1"]], ["FETCH", [b"a", b"b"]], ["EXISTS", [b"2"]]]
    assert responses[1] == ["FETCH", [b"a", b"b"]]
    assert list(responses)[-1] == ["EXISTS", [b"2"]]
    assert len(responses) == 3


def test_it_can_be_made_from_pairs_and_from_a_dict_without_sharing_them() -> None:
    source = {"EXISTS": [b"1"]}
    responses = UntaggedResponses(source)
    responses.add("EXISTS", [b"2"])
    assert responses["EXISTS"] == [b"1", b"2"]
    assert source == {"EXISTS": [b"1"]}
    assert UntaggedResponses({}) == []


def test_a_type_is_a_key() -> None:
    responses = stored()
    assert "EXISTS" in responses
    assert "RECENT" not in responses
    assert responses["EXISTS"] == [b"1", b"2", b"3"]
    assert responses.get("EXISTS") == [b"1", b"2", b"3"]
    assert responses.get("RECENT") is None
    assert responses.get("RECENT", [None]) == [None]
    assert responses.keys() == ["EXISTS", "FETCH"]
    assert dict(responses.items()) == {"EXISTS": [b"1", b"2", b"3"], "FETCH": [b"a", b"b"]}
    assert responses.values() == [[b"1", b"2", b"3"], [b"a", b"b"]]
    with pytest.raises(KeyError):
        responses["RECENT"]


def test_an_entry_is_no_key() -> None:
    assert ["EXISTS", [b"1"]] in stored()
    assert ["RECENT", []] not in stored()


def test_a_type_is_taken_with_all_its_data() -> None:
    responses = stored()
    assert responses.take("EXISTS") == [b"1", b"2", b"3"]
    assert responses == [["FETCH", [b"a", b"b"]]]
    assert responses.take("EXISTS") is None


def test_a_type_and_an_entry_can_be_popped() -> None:
    responses = stored()
    assert responses.pop("EXISTS") == [b"1", b"2", b"3"]
    assert responses.pop("EXISTS", None) is None
    assert responses.pop("EXISTS", []) == []
    with pytest.raises(KeyError):
        responses.pop("EXISTS")
    assert stored().pop() == CONTENT[-1]
    assert stored().pop(0) == CONTENT[0]


def test_a_type_and_an_entry_can_be_deleted() -> None:
    responses = stored()
    del responses["EXISTS"]
    del responses[0]
    assert responses == []
    with pytest.raises(KeyError):
        del responses["EXISTS"]


def test_a_type_can_be_assigned() -> None:
    responses = stored()
    data = [b"9"]
    responses["EXISTS"] = data
    responses.add("EXISTS", [b"10"])
    assert responses["EXISTS"] == [b"9", b"10"]
    assert data == [b"9"]
    responses[0] = ["X", [1]]
    assert responses.keys() == ["X", "EXISTS"]


def test_entries_can_be_added_by_the_methods_of_a_list() -> None:
    responses = stored()
    kept = responses
    responses.insert(0, ["A", [b"1"]])
    responses.extend([["B", [b"2"]], ["A", [b"3"]]])
    responses += [["C", [b"4"]]]
    assert responses is kept
    assert responses.keys() == ["A", "EXISTS", "FETCH", "B", "C"]
    for type_, data in [("A", [b"1", b"3"]), ("B", [b"2"]), ("C", [b"4"])]:
        assert type_ in responses
        assert responses[type_] == data
        assert responses.take(type_) == data
    assert responses == CONTENT


def test_a_list_can_be_extended_by_itself() -> None:
    responses = stored()
    responses.extend(responses)
    assert responses == CONTENT * 2
    assert responses.take("EXISTS") == [b"1", b"2", b"3"] * 2


def test_setdefault_is_that_of_a_dict() -> None:
    responses = stored()
    assert responses.setdefault("FETCH", [b"x"]) == [b"a", b"b"]
    assert responses.setdefault("X", [b"x"]) == [b"x"]
    assert responses["X"] == [b"x"]
    assert responses.setdefault("Y", []) == []


def test_everything_can_be_taken() -> None:
    responses = stored()
    assert popped(responses) == CONTENT
    assert responses == []
    responses.add("X", [1])
    responses.clear()
    assert not responses


def test_statuses_are_dropped_and_all_else_stays() -> None:
    responses = UntaggedResponses([["OK", [b"a"]], ["EXISTS", [b"1"]], ["NO", [b"b"]]])
    responses.add("BYE", [b"c"])
    responses.drop_statuses()
    assert responses == [["EXISTS", [b"1"]], ["BYE", [b"c"]]]


@given(st.integers(0, 300), st.integers(10, 50), st.integers(1, 5))
def test_beyond_the_limit_the_oldest_are_dropped(count: int, limit: int, types: int) -> None:
    kept = numbers(filled(count, limit, types=types))
    assert kept == list(range(count - len(kept), count))
    assert min(count, limit * 9 // 10) <= len(kept) <= limit


@given(st.lists(st.integers(0, 30), max_size=100), st.integers(50, 100))
def test_beyond_the_limit_of_bytes_the_oldest_are_dropped(sizes: list[int], limit: int) -> None:
    responses = UntaggedResponses(limits=Limits(stored_bytes=limit))
    items = [bytes(size) if size % 2 else (bytes(size), b"") for size in sizes]
    for item in items:
        responses.add("X", [item])
    kept = [item for _, data in responses for item in data]
    assert kept == items[len(items) - len(kept) :]
    assert sum(sizes[len(items) - len(kept) :]) <= limit
    assert len(kept) == len(items) or sum(sizes) + len("X") > limit


def test_a_limit_of_one_keeps_the_newest() -> None:
    responses = filled(3, 1)
    assert numbers(responses) == [2]
    assert "T0" not in responses


@pytest.mark.parametrize(
    "remove",
    [
        lambda responses: responses.pop(0),
        lambda responses: responses.pop(responses[0][0]),
        lambda responses: responses.take(responses[0][0]),
        lambda responses: responses.take_first(),
        lambda responses: responses.clear(),
        lambda responses: responses.__delitem__(0),
        lambda responses: responses.__delitem__(slice(0, 1)),
        lambda responses: responses.__setitem__(slice(0, 1), []),
        lambda responses: responses.remove(responses[0]),
    ],
)
def test_what_is_removed_makes_room(remove: Any) -> None:
    responses = bounded(10)
    for _ in range(50):
        responses.add("X", [0])
        remove(responses)
        assert responses == []
    for number in range(10):
        responses.add("X", [number])
    assert numbers(responses) == list(range(10))


def test_what_is_awaited_is_spared_wherever_it_stands() -> None:
    responses = UntaggedResponses(limits=Limits(stored=10))
    responses.add_awaited("FETCH", list(range(50)))
    for number in range(30):
        responses.add("X", [number])
        responses.add("Y", [number])
    assert responses.take("FETCH") == list(range(50))
    kept = responses.get("X") + responses.get("Y")
    assert len(kept) <= 10
    assert min(kept) >= 20


def test_bytes_are_bounded_also_when_types_alternate() -> None:
    responses = UntaggedResponses(limits=Limits(stored_bytes=1000))
    for number in range(100):
        responses.add("X", [b"%0100d" % number])
        responses.add("Y", [b"%0100d" % number])
    kept = responses.get("X") + responses.get("Y")
    assert sum(map(len, kept)) <= 1000
    assert min(map(int, kept)) > 90


def test_what_is_larger_than_the_limit_stays_while_it_is_the_newest() -> None:
    responses = UntaggedResponses(limits=Limits(stored_bytes=1000))
    responses.add("X", [b"1"])
    responses.add("BIG", [bytes(2000)])
    assert responses == [["BIG", [bytes(2000)]]]
    responses.add("X", [b"2"])
    assert responses == [["X", [b"2"]]]


@given(st.lists(st.tuples(st.sampled_from("XY"), st.integers(0, 2000)), min_size=1))
def test_what_was_dropped_makes_room_for_a_tenth(added: list[tuple[str, int]]) -> None:
    """However large items are: else each of those that follow would have to look at all others."""
    responses = UntaggedResponses(limits=Limits(stored_bytes=1000))
    before = 0
    for type_, size in added:
        responses.add(type_, [bytes(size)])
        items = [item for _, data in responses for item in data]
        stored = sum(map(len, items)) + sum(len(entry[0]) for entry in responses)
        assert len(items) == before + 1 or len(items) == 1 or stored <= 900
        before = len(items)


def test_bytes_are_no_type() -> None:
    """IMAPClient looks for each type in both forms."""
    untagged = UntaggedResponses([["EXISTS", [b"1"]]])
    assert b"EXISTS" not in untagged
    assert untagged.get(b"EXISTS") is None  # type: ignore[arg-type]
    assert untagged.pop(b"EXISTS", "nothing") == "nothing"
    for call in (untagged.pop, untagged.__getitem__, untagged.__delitem__):
        with pytest.raises(KeyError):
            call(b"EXISTS")
    assert untagged == [["EXISTS", [b"1"]]]


def test_what_was_shown_is_not_news() -> None:
    untagged = UntaggedResponses()
    untagged.add("EXISTS", [b"3"])
    untagged.add("RECENT", [b"0"])
    assert untagged.show("EXISTS") == [b"3"]
    untagged.add("EXISTS", [b"4"])
    assert untagged.get("EXISTS") == [b"3", b"4"]
    assert popped(untagged) == [["RECENT", [b"0"]], ["EXISTS", [b"4"]]]
    untagged.add("EXISTS", [b"5"])
    assert popped(untagged) == [["EXISTS", [b"5"]]]


def test_what_was_shown_and_taken_hides_no_news() -> None:
    untagged = UntaggedResponses([["EXISTS", [b"3"]]])
    untagged.show("EXISTS")
    assert untagged.take("EXISTS") == [b"3"]
    untagged.add("EXISTS", [b"3"])
    assert popped(untagged) == [["EXISTS", [b"3"]]]


@pytest.mark.parametrize(
    "change",
    [
        lambda untagged: untagged.clear(),
        lambda untagged: untagged.pop(0),
        lambda untagged: untagged.pop("EXISTS"),
        lambda untagged: untagged.__delitem__(0),
        lambda untagged: untagged.__setitem__(slice(None), []),
    ],
)
def test_what_was_shown_and_removed_hides_no_news(change: Any) -> None:
    untagged = UntaggedResponses([["EXISTS", [b"3"]]])
    untagged.show("EXISTS")
    change(untagged)
    untagged.add("EXISTS", [b"7"])
    assert popped(untagged) == [["EXISTS", [b"7"]]]


def test_what_was_shown_stays_so_when_something_else_is_removed() -> None:
    untagged = UntaggedResponses([["FLAGS", [b"()"]], ["EXISTS", [b"3"]]])
    untagged.show("EXISTS")
    del untagged[0]
    assert popped(untagged) == []
