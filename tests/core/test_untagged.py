"""Untagged responses are kept in order, read like a list and like a dict, and bounded."""

from __future__ import annotations

import contextlib
import pickle
import sys
import threading
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st

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


arrivals = st.lists(st.sampled_from(["EXISTS", "RECENT", "FETCH"]), max_size=6)


@given(arrivals, arrivals, arrivals, st.integers(0, 4), st.sampled_from([None, "EXISTS", "OK"]))
def test_what_is_added_late_stands_where_it_belongs(
    earlier: list[str], between: list[str], later: list[str], pops: int, taken: str | None
) -> None:
    responses = UntaggedResponses()
    numbered = list(enumerate([*earlier, *between, *later]))
    split, end = len(earlier), len(earlier) + len(between)
    for number, type_ in numbered[:split]:
        responses.add(type_, [number])
    before = responses.mark()
    for number, type_ in numbered[end:]:
        responses.add(type_, [number])
    gone = set(
        numbers(UntaggedResponses(filter(None, [responses.take_first() for _ in range(pops)])))
    )
    gone |= {*(responses.take(taken) or ())} if taken else set()
    responses.add_behind(before, [(type_, [number]) for number, type_ in numbered[split:end]])
    assert numbers(responses) == [number for number, _ in numbered if number not in gone]
    assert not between or all(one[0] != other[0] for one, other in pairwise(responses))
    responses.add("EXISTS", [99])
    assert numbers(responses)[-1] == 99


# -- By users, in their threads --------------------------------------------------------------------

#: Each method of a list and of a dict, by its name, and a word if it has several ways.
USERS_CALLS: dict[str, Any] = {
    "__add__": lambda responses: responses + [["X", []]],  # noqa: RUF005
    "__contains__": lambda responses: ("EXISTS" in responses, ["X", []] in responses),
    "__delitem__": lambda responses: responses.__delitem__(0),
    "__delitem__ by type": lambda responses: responses.__delitem__("FETCH"),
    "__delitem__ of a slice": lambda responses: responses.__delitem__(slice(0, 2)),
    "__eq__": lambda responses: responses == [],
    "__ge__": lambda responses: responses >= [],
    "__getitem__": lambda responses: responses[0],
    "__getitem__ by type": lambda responses: responses["FETCH"],
    "__getitem__ of a slice": lambda responses: responses[1:],
    "__gt__": lambda responses: responses > [],
    "__iadd__": lambda responses: responses.__iadd__([["X", []]]),
    "__imul__": lambda responses: responses.__imul__(2),
    "__iter__": lambda responses: [*responses],
    "__le__": lambda responses: responses <= [],
    "__len__": lambda responses: len(responses),
    "__lt__": lambda responses: responses < [],
    "__mul__": lambda responses: responses * 2,
    "__ne__": lambda responses: responses != [],
    "__radd__": lambda responses: [1] + responses,  # noqa: RUF005
    "__reduce_ex__": lambda responses: pickle.loads(pickle.dumps(responses)),
    "__repr__": lambda responses: repr(responses),
    "__reversed__": lambda responses: [*reversed(responses)],
    "__rmul__": lambda responses: 2 * responses,
    "__setitem__": lambda responses: responses.__setitem__(0, ["X", []]),
    "__setitem__ by type": lambda responses: responses.__setitem__("X", [b"1"]),
    "__setitem__ of a slice": lambda responses: responses.__setitem__(slice(0, 2), [["X", []]]),
    "append": lambda responses: responses.append(["X", [b"1"]]),
    "clear": lambda responses: responses.clear(),
    "copy": lambda responses: responses.copy(),
    "count": lambda responses: responses.count(["X", []]),
    "extend": lambda responses: responses.extend([["X", []]]),
    "get": lambda responses: responses.get("FETCH"),
    "index": lambda responses: responses.index(CONTENT[1]),
    "insert": lambda responses: responses.insert(0, ["X", [b"1"]]),
    "items": lambda responses: responses.items(),
    "keys": lambda responses: responses.keys(),
    "pop": lambda responses: responses.pop(),
    "pop by type": lambda responses: responses.pop("FETCH"),
    "remove": lambda responses: responses.remove(CONTENT[1]),
    "reverse": lambda responses: responses.reverse(),
    "setdefault": lambda responses: responses.setdefault("X", [b"1"]),
    "sort": lambda responses: responses.sort(key=str),
    "values": lambda responses: responses.values(),
}
#: What doesn't look at the entries, or only by way of the others.
OF_ANY_OBJECT = {
    *dir(object),
    "__class_getitem__",
    "__dict__",
    "__module__",
    "__weakref__",
} - {"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__repr__", "__reduce_ex__"}


def test_the_table_has_all_methods_of_a_list() -> None:
    names = {name.partition(" ")[0] for name in USERS_CALLS}
    assert {*dir(list)} - OF_ANY_OBJECT <= names
    assert names <= {*vars(UntaggedResponses)}
    assert {"get", "items", "keys", "setdefault", "values"} <= names


@pytest.mark.parametrize("name", USERS_CALLS)
def test_what_users_call_is_guarded(name: str) -> None:
    """And it doesn't wait for itself, as it would if one such method called another, guarded."""
    responses, calls, held = stored(), 0, False

    def guard(function: Any, *arguments: Any) -> Any:
        nonlocal calls, held
        assert not held
        held, calls = True, calls + 1
        try:
            return function(*arguments)
        finally:
            held = False

    responses.guard = guard
    USERS_CALLS[name](responses)
    assert calls


@pytest.mark.parametrize("name", USERS_CALLS)
def test_it_does_what_that_of_a_list_does(name: str) -> None:
    responses, model = stored(), [[type_, [*data]] for type_, data in CONTENT]
    call = USERS_CALLS[name]
    try:
        expected = call(model)
    except (TypeError, AttributeError):
        return  # that of a dict
    found = call(responses)
    if found is not responses and name != "__contains__":
        assert found == expected
    assert responses == model


class Nosy:
    """A value whose comparison is user code: it looks at the responses."""

    def __init__(self, responses: UntaggedResponses) -> None:
        self._responses = responses

    def __eq__(self, other: object) -> bool:
        return not len(self._responses)

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize("name", ["remove", "index", "count", "__contains__", "__eq__", "sort"])
def test_no_user_code_runs_while_it_is_guarded(name: str) -> None:
    responses, held = stored(), threading.Lock()

    def guard(function: Any, *arguments: Any) -> Any:
        assert held.acquire(blocking=False)
        try:
            return function(*arguments)
        finally:
            held.release()

    responses.guard = guard
    nosy = Nosy(responses)
    if name == "sort":
        responses.sort(key=lambda entry: (len(responses), entry[0]))
        assert [entry[0] for entry in responses] == ["EXISTS", "EXISTS", "FETCH"]
        return
    with contextlib.suppress(ValueError):
        getattr(responses, name)(nosy)
    assert responses == CONTENT


@pytest.mark.parametrize("change", [lambda r, f: r.sort(key=f), lambda r, f: r.remove(Late(f))])
def test_what_comes_while_user_code_looks_stays(change: Any) -> None:
    responses = UntaggedResponses([["B", [b"1"]], ["A", [b"2"]], ["A", [b"3"]]])

    def come(entry: Any) -> Any:
        if "NEW" not in responses:
            del responses[2]
            responses.add("NEW", [b"4"])
        return entry[0]

    change(responses, come)
    assert responses["NEW"] == [b"4"]
    assert [b"3"] not in [data for _, data in responses]
    assert responses[-1] == ["NEW", [b"4"]]


def test_an_entry_is_removed_wherever_it_stands_by_then() -> None:
    responses = stored()

    def come(entry: Any) -> Any:
        if "NEW" not in responses:
            responses.insert(0, ["NEW", [b"4"]])
        return "B" if entry[0] == "FETCH" else None

    responses.remove(Late(come))
    assert responses == [["NEW", [b"4"]], CONTENT[0], CONTENT[2]]


class Late:
    """Equal to the entry of type B, when *look* has seen it."""

    def __init__(self, look: Any) -> None:
        self._look = look

    def __eq__(self, other: object) -> bool:
        return bool(self._look(other) == "B")

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize("entry", [5, ["X"], ["X", None], [[], [b"1"]], ["X", [b"1"], 2], [5, []]])
@pytest.mark.parametrize(
    "put",
    [
        lambda responses, entry: responses.append(entry),
        lambda responses, entry: responses.insert(0, entry),
        lambda responses, entry: responses.extend([["X", []], entry]),
        lambda responses, entry: responses.__setitem__(0, entry),
        lambda responses, entry: responses.__setitem__(slice(0, 1), [entry]),
    ],
)
def test_what_is_no_entry_is_refused_before_the_reader_stumbles_over_it(
    put: Any, entry: Any
) -> None:
    responses = stored()
    with pytest.raises((TypeError, ValueError)):
        put(responses, entry)
    assert responses == CONTENT


def entries_from(draw: Any) -> list[Any]:
    return draw(st.lists(st.tuples(TYPES, st.lists(ITEMS, max_size=3)).map(list), max_size=4))


TYPES = st.sampled_from(["OK", "EXISTS", "FETCH", "X"])
ITEMS = st.one_of(st.binary(max_size=9), st.tuples(st.binary(max_size=5), st.binary(max_size=5)))
INDEX = st.integers(-3, 5)
#: Each changes the responses: what users do, and what the core does.
CHANGES: list[Any] = [
    lambda responses, draw: responses.add(draw(TYPES), draw(st.lists(ITEMS, min_size=1))),
    lambda responses, draw: responses.add_awaited(draw(TYPES), draw(st.lists(ITEMS))),
    lambda responses, draw: responses.take(draw(TYPES)),
    lambda responses, draw: responses.take_first(),
    lambda responses, draw: responses.take_first(),
    lambda responses, draw: responses.take_first(),
    lambda responses, draw: responses.show(draw(TYPES)),
    lambda responses, draw: responses.drop_shown(),
    lambda responses, draw: responses.drop_statuses(),
    lambda responses, draw: responses.append(["X", [draw(ITEMS)]]),
    lambda responses, draw: responses.insert(draw(INDEX), ["X", [draw(ITEMS)]]),
    lambda responses, draw: responses.extend(entries_from(draw)),
    lambda responses, draw: responses.pop(draw(INDEX)),
    lambda responses, draw: responses.pop(draw(TYPES), None),
    lambda responses, draw: responses.__delitem__(slice(draw(INDEX), draw(INDEX))),
    lambda responses, draw: responses.__delitem__(draw(TYPES)),
    lambda responses, draw: responses.__setitem__(draw(INDEX), ["X", [draw(ITEMS)]]),
    lambda responses, draw: responses.__setitem__(
        slice(draw(INDEX), draw(INDEX)), entries_from(draw)
    ),
    lambda responses, draw: responses.__setitem__(draw(TYPES), draw(st.lists(ITEMS))),
    lambda responses, draw: responses.setdefault(draw(TYPES), draw(st.lists(ITEMS))),
    lambda responses, draw: responses.remove(responses[draw(INDEX)]),
    lambda responses, draw: responses.sort(key=str),
    lambda responses, draw: responses.reverse(),
    lambda responses, draw: responses.__imul__(draw(st.integers(0, 2))),
    lambda responses, draw: responses.clear(),
]


@given(st.lists(st.sampled_from(CHANGES), max_size=40), st.integers(1, 30), st.data())
def test_whatever_is_done_the_counts_are_exact(
    changes: list[Any], limit: int, data: st.DataObject
) -> None:
    """Without them, the names of types would pile up, and each response at a limit cost a count."""
    responses = UntaggedResponses(limits=Limits(stored=limit, stored_bytes=3 * limit))
    for change in changes:
        with contextlib.suppress(IndexError, KeyError):
            change(responses, data.draw)
        if data.draw(st.booleans()):
            continue  # looking at all of it makes it whole, if something was taken
        whole = responses.copy()
        counted = [entry for entry in whole if not isinstance(entry[1], type(AWAITED))]
        items = [item for _, data_ in counted for item in data_]
        assert responses._types == Counter(entry[0] for entry in whole)
        assert responses._items == len(items)
        names = sum(len(type_) for type_, _ in counted)
        assert responses._bytes == names + sum(map(size, items))
        assert set(responses._awaited) == {e[0] for e in whole if isinstance(e[1], type(AWAITED))}
        for type_ in {*responses._types, "nothing"}:
            expected = [item for entry in whole if entry[0] == type_ for item in entry[1]]
            assert responses.data_of(type_) == expected


def size(item: Any) -> int:
    return len(item) if isinstance(item, bytes) else sum(map(len, item))


def awaited() -> Any:
    responses = UntaggedResponses()
    responses.add_awaited("X", [])
    return responses[0][1]


AWAITED = awaited()


@given(st.lists(st.tuples(st.sampled_from("XYZ"), st.integers(1, 3)), max_size=30), st.data())
def test_entries_are_popped_in_the_order_of_their_arrival(
    arrivals: list[tuple[str, int]], data: st.DataObject
) -> None:
    """Whatever comes, and whatever is looked at, in between; what was shown stays where it is."""
    responses, model = UntaggedResponses(), UntaggedResponses()
    gone = 0
    for number, (type_, pops) in enumerate(arrivals):
        responses.add(type_, [b"%d" % number])
        model.add(type_, [b"%d" % number])
        if data.draw(st.booleans()):
            responses.show("X")
            model.show("X")
        for _ in range(data.draw(st.integers(0, pops))):
            entry = responses.take_first()
            news = [e for e in model if type(e[1]) is list]
            assert entry == (news[0] if news else None)
            if not news:
                model.clear()
            else:
                model.remove(news[0])
                gone += 1
        if data.draw(st.booleans()):
            assert responses == model
    assert responses == model


def test_what_a_user_has_changed_in_an_entry_is_counted_before_anything_is_dropped() -> None:
    responses = bounded(10)
    for number in range(10):
        responses.add("X", [number])
    responses[0][1].clear()
    for number in range(10):
        responses.add("Y", [number])
    assert responses["Y"] == list(range(10))


def test_threads_that_clear_and_append_hurt_nobody_who_stores() -> None:
    """The reader is such a one: what it raised would end the connection."""
    responses, lock, over = UntaggedResponses(limits=Limits(stored=50)), threading.Lock(), []

    def guard(function: Any, *arguments: Any) -> Any:
        with lock:
            return function(*arguments)

    def use() -> None:
        while not over:
            for name in ("append", "clear", "sort", "reverse", "remove", "__iadd__", "pop"):
                with contextlib.suppress(ValueError, IndexError, KeyError):
                    USERS_CALLS[name](responses)

    responses.guard = guard
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    threads = [threading.Thread(target=use) for _ in range(2)]
    try:
        for thread in threads:
            thread.start()
        for number in range(2000):
            with lock:
                responses.add("XY"[number % 2], [b"%d" % number])
                responses.take("X")
                responses.take_first()
                responses.drop_statuses()
    finally:
        over.append(True)
        sys.setswitchinterval(before)
        for thread in threads:
            thread.join()
    responses.clear()
    responses.add("Z", [b"1"])
    assert responses == [["Z", [b"1"]]]


@pytest.mark.parametrize("times", [0, -1])
def test_nothing_is_left_of_what_is_taken_no_times(times: int) -> None:
    responses = kept = stored()
    responses *= times
    assert responses is kept
    assert responses == []
    assert "EXISTS" not in responses


def test_what_is_multiplied_is_counted_apart() -> None:
    responses = UntaggedResponses()
    responses.add_awaited("OK", [])
    responses *= 2
    assert responses == [["OK", []], ["OK", []]]
    responses.add_awaited("OK", [b"x"])
    assert responses._bytes == 2 * len("OK")
    assert responses[0] is not responses[1]
