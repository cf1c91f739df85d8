"""SEARCH, ESEARCH, SORT, VANISHED and EXPUNGE: what is written by others is read back."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2.parse import (
    ParseError,
    Partial,
    SearchResult,
    SequenceSet,
    SortResult,
    Vanished,
    expunge,
    search,
    searches,
    sort,
    vanished,
)

from .corpus import CORPUS, data_of
from .writing import hostile, line, numbers, strings, texts

pytestmark = pytest.mark.pure

NUMBERS = st.lists(st.integers(1, 2**32 - 1))
RANGES = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), min_size=1, max_size=6)


def written(ranges: list[tuple[int, int]]) -> bytes:
    parts = [str(one) if one == other else f"{one}:{other}" for one, other in ranges]
    return ",".join(parts).encode()


# SEARCH and SORT


@given(st.lists(NUMBERS, max_size=3), st.one_of(st.none(), numbers.filter(bool)))
def test_numbers_are_read(lists: list[list[int]], modseq: int | None) -> None:
    data = [" ".join(map(str, found)).encode() for found in lists]
    if modseq is not None and data:
        data[-1] += b" (MODSEQ %d)" % modseq
    else:
        modseq = None
    everything = [number for found in lists for number in found]
    # As several responses, and as the core joins them.
    for answer in (data, ("OK", [b" ".join(data)]), [("SEARCH", data), ("SORT", data)]):
        found = search(answer)
        assert found == SearchResult(SequenceSet(everything), modseq=modseq)
        assert sort(answer) == SortResult(tuple(everything), modseq)
        assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([None], []),
        ([], []),
        ([b""], []),
        ([b"1 2"], [1, 2]),
        # Spaces behind the last number (David.fx), before the first one; 0, which is none.
        ([b" 1  2 \r\n"], [1, 2]),
        ([b"0 1 0"], [1]),
        ([b"0 1 (MODSEQ -1)"], [1]),
        ([b"2 (MODSEQ 5) 1"], None),
        ([b"(modseq 5)"], []),
        ([b"1 2 (modSeq 5)"], [1, 2]),
    ],
)
def test_forms_of_search(data: list[Any], expected: list[int] | None) -> None:
    if expected is None:
        with pytest.raises(ParseError):
            search(data)
        return
    assert search(("OK", data)).numbers == {*expected}
    assert sort(("OK", data)).numbers == tuple(expected)


def test_what_servers_have_sent() -> None:
    assert search(data_of(CORPUS / "david.fx/mixed-case.txt", "SEARCH")).numbers == {28219, 29170}
    for transcript in ("yahoo/clientbug.txt", "exchange/badcharset.txt"):
        for function in (search, searches, sort):
            with pytest.raises(ParseError, match=f"{function.__name__}: the command failed"):
                function(("BAD", [transcript.encode()]))


def test_joined_responses_have_a_mod_sequence_each() -> None:
    assert search([b"(MODSEQ 5) (MODSEQ 7)"]).modseq == 7
    assert sort([b"1 (MODSEQ 5)", b"2"]) == SortResult((1, 2), 5)


# ESEARCH


@given(texts, st.booleans(), RANGES, RANGES, numbers, st.data())
def test_what_esearch_tells_is_read(
    tag: str, uid: bool, everything: Any, part: Any, modseq: int, data: st.DataObject
) -> None:
    items: dict[bytes, list[Any]] = {
        b"MIN": [b"3"],
        b"max": [b"9"],
        b"COUNT": [b"%d" % modseq],
        b"ALL": [written(everything)],
        b"MODSEQ": [b"%d" % modseq],
        b"PARTIAL": [[b"-1:-100", written(part)]],
        b"ADDTO": [[b"1", b"2:3"]],
        b"x-new": [data.draw(strings("a b"))],
    }
    order = data.draw(st.permutations([*items]))
    pieces = [piece for name in order for piece in (name, *items[name])]
    (found,) = searches(
        line([b"TAG", data.draw(strings(tag))], *([b"UID"] if uid else []), *pieces)
    )
    meant = {
        number
        for one, other in everything
        for number in range(min(one, other), max(one, other) + 1)
    }
    assert found.numbers == meant
    assert (found.tag, found.uid, found.min, found.max) == (tag, uid, 3, 9)
    assert (found.count, found.modseq) == (modseq, modseq)
    assert found.partial == Partial(-1, -100, SequenceSet(written(part)))
    assert sorted(found.others, key=str) == [("ADDTO", [b"1", b"2:3"]), ("X-NEW", b"a b")]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        # The examples of RFCs 4731, 7162, 9394, 5267, 7377.
        (b'(TAG "A285") UID MIN 7 MAX 3800', {"tag": "A285", "uid": True, "min": 7, "max": 3800}),
        (b'(TAG "A284") MIN 4', {"tag": "A284", "uid": False, "min": 4}),
        (b'(TAG "A286") COUNT 15', {"tag": "A286", "uid": False, "count": 15}),
        (b'(TAG "a") ALL 1:3,5 MODSEQ 1236',
         {"tag": "a", "uid": False, "numbers": SequenceSet("1:3,5"), "modseq": 1236}),
        (b'(TAG "A01") UID PARTIAL (23500:24000 NIL)',
         {"tag": "A01", "uid": True, "partial": Partial(23500, 24000, SequenceSet())}),
        (b'(TAG "B01") UID ADDTO (0 32768:32769) REMOVEFROM (0 1)',
         {"tag": "B01", "uid": True,
          "others": (("ADDTO", [b"0", b"32768:32769"]), ("REMOVEFROM", [b"0", b"1"]))}),
        (b'(TAG "t1" MAILBOX "f 1" UIDVALIDITY 7) UID ALL 4001,4003',
         {"tag": "t1", "mailbox": b"f 1", "uid_validity": 7, "uid": True,
          "numbers": SequenceSet("4001,4003")}),
        # Nothing found; no tag (RFC 4466 lets it be missing); what nobody knows.
        (b'(TAG "a") UID', {"tag": "a", "uid": True}),
        (b"UID COUNT 0", {"uid": True, "count": 0}),
        (b"ALL NIL MIN NIL", {"uid": False}),
        (b'(TAG "a" X-FOO 1) COUNT 5', {"tag": "a", "uid": False, "count": 5}),
    ],
)  # fmt: skip
def test_forms_of_esearch(data: bytes, expected: dict[str, Any]) -> None:
    for answer in (("ESEARCH", [data]), [("ESEARCH", [data])], [data]):
        assert search(answer) == SearchResult(**expected)


def test_responses_of_one_search_are_one() -> None:
    found = search([b'(TAG "a") COUNT 2', b'(TAG "a") ALL 3', b'(TAG "a") ALL 5 X 1', b"7"])
    assert found == SearchResult(
        SequenceSet("3,5,7"), uid=False, count=2, tag="a", others=(("X", b"1"),)
    )


@pytest.mark.parametrize(
    "data",
    [
        [b'(TAG "a") COUNT 2', b'(TAG "b") COUNT 3'],
        [b'(TAG "a" MAILBOX b) ALL 2', b'(TAG "a" MAILBOX c) ALL 3'],
    ],
)
def test_those_of_several_are_told_apart(data: list[bytes]) -> None:
    with pytest.raises(ParseError, match="several searches"):
        search(data)
    found = searches(data)
    assert len({(one.tag, one.mailbox) for one in found}) == 2


@given(RANGES)
def test_the_order_of_sort_is_kept_in_esearch(ranges: list[tuple[int, int]]) -> None:
    ordered: list[int] = []
    for one, other in ranges:
        ordered += range(one, other + 1) if one <= other else range(one, other - 1, -1)
    text = written(ranges)
    found = sort([b'(TAG "a") UID MODSEQ 7 COUNT 5 ALL ' + text])
    assert found == SortResult(tuple(ordered), 7)
    assert sort([b"PARTIAL (1:100 " + text + b")"]).numbers == tuple(ordered)


def test_nothing_is_in_no_order() -> None:
    assert sort([b'(TAG "a") UID COUNT 0 ALL NIL']) == SortResult()
    assert sort([b"PARTIAL (1:100 NIL)"]) == SortResult()


def test_ranges_that_would_fill_the_memory_are_refused() -> None:
    for data in ([b"ALL 1:4000000000"], [b"ALL 1:16000000", b"ALL 1:16000000"]):
        with pytest.raises(ParseError, match=r"^sort: a list of so many numbers can't be read"):
            sort(data)
    data = [b"ALL 1:4000000000"]
    assert sort(data, lenient=True) == SortResult(unread=(data[0],))
    assert len(search(data).numbers) == 4_000_000_000


UNREADABLE = [
    b"1 x", b"1 2:3", b"1 (MODSEQ x)", b"1 (MODSEQ)", b"1 (X 5)", b"1 MODSEQ", b"ALL", b"ALL x",
    b"ALL 1:*", b"ALL ()", b"ALL 0", b"PARTIAL x", b"PARTIAL (x 5)", b"PARTIAL (1:2:3 5)",
    b"PARTIAL (1:2)", b"(TAG) ALL 1", b"(UIDVALIDITY x) ALL 1", b"MIN x", b"(" * 60, b"9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("data", UNREADABLE)
def test_what_cannot_be_read_is_quoted(data: bytes) -> None:
    for function in (search, searches):
        with pytest.raises(ParseError) as caught:
            function([data])
        assert str(caught.value) == f"{function.__name__}: SEARCH can't be read: {data[:200]!r}"
    assert search([data], lenient=True) == SearchResult(unread=(data,))
    assert search([data, b"7", b"8"], lenient=True) == SearchResult(
        SequenceSet("7:8"), unread=(data,)
    )


@pytest.mark.parametrize(
    "data", [*UNREADABLE[:7], b"ALL x", b"PARTIAL x", b"ALL ()", b"MODSEQ x", b"(" * 60]
)
def test_what_cannot_be_sorted_is_quoted(data: bytes) -> None:
    with pytest.raises(ParseError, match=r"^sort: SORT can't be read: b'"):
        sort([data])
    assert sort([data, b"3 2"], lenient=True) == SortResult((3, 2), unread=(data,))


# VANISHED and EXPUNGE


@given(RANGES, st.booleans())
def test_what_has_vanished_is_read(ranges: list[tuple[int, int]], earlier: bool) -> None:
    text = (b"(EARLIER) " if earlier else b"") + written(ranges)
    expected = [Vanished(SequenceSet(written(ranges)), earlier)]
    for answer in ([text], ("VANISHED", [text]), [("VANISHED", [text]), ("EXISTS", [b"7"])]):
        assert vanished(answer) == expected


def test_vanished_news_stay_apart() -> None:
    assert vanished([b" (earlier)  1:3 ", b"5"]) == [
        Vanished(SequenceSet("1:3"), True),
        Vanished(SequenceSet("5"), False),
    ]
    assert vanished(("OK", [None])) == []


@pytest.mark.parametrize("data", [b"", b"(EARLIER)", b"x", b"1:*", b"$", b"0", b"1,,2", b"(X) 1"])
def test_what_has_not_vanished(data: bytes) -> None:
    with pytest.raises(ParseError, match=r"^vanished: VANISHED can't be read: b'"):
        vanished([data])
    found: list[Any] = [*vanished([data], lenient=True)]
    assert found == [data]


@given(NUMBERS)
def test_expunged_numbers_stay_in_order(expunged: list[int]) -> None:
    data = [b"%d" % number for number in expunged]
    assert expunge(("OK", data)) == expunge([("EXPUNGE", data)]) == expunged


def test_what_was_expunged_by_others() -> None:
    assert expunge(data_of(CORPUS / "exchange/copyuid-without-ok.txt", "EXPUNGE")) == [5]
    assert expunge(("OK", [None])) == []
    for data in (b"", b"x", b"1 2", b"-1", b"9" * 5000):
        with pytest.raises(ParseError, match=r"^expunge: EXPUNGE can't be read: b'"):
            expunge([data])
        found: list[Any] = [*expunge([data], lenient=True)]
        assert found == [data]


# Whatever comes

FUNCTIONS: list[Callable[..., Any]] = [search, searches, sort, vanished, expunge]


@pytest.mark.parametrize("function", FUNCTIONS)
@given(hostile)
def test_whatever_comes_is_read_or_refused(function: Callable[..., Any], data: list[Any]) -> None:
    with suppress(ParseError):
        function(data)
    function(data, lenient=True)


@pytest.mark.parametrize(
    "data",
    [
        [b"7"] * 20_000,
        [b"7 " * 300_000],
        [b"(MODSEQ 7) " * 30_000],
        [b'(TAG "a") ALL 5 MIN 3'] * 5_000,
        [b"X 1 " * 30_000],
        [b"ALL " + b"1:2," * 100_000 + b"7"],
    ],
)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_much_takes_no_longer_than_its_size(
    function: Callable[..., Any], data: list[bytes]
) -> None:
    begin = time.process_time()
    function(data, lenient=True)
    assert time.process_time() - begin < 5
