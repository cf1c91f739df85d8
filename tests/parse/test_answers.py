"""Whatever form an answer has, the same lines come out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2.parse import ParseError
from imaplib2.parse._answers import Line, groups, lines, whole

DATA: list[Any] = [b"1 (UID 5)", (b"2 (A {1}", b"x"), (b" B {2}", b"yz"), b")", None, b"3 (UID 7)"]
LINES: list[Line] = [(b"1 (UID 5)",), (b"2 (A {1}", b"x", b" B {2}", b"yz", b")"), (b"3 (UID 7)",)]


def read(answer: Any) -> list[Line]:
    return list(lines("fetch", answer, "FETCH"))


@pytest.mark.parametrize(
    "answer",
    [
        DATA,
        ("OK", DATA),
        ("OK", tuple(DATA)),
        ("FETCH", DATA),
        ("fetch", DATA),
        (("OK", DATA), "argument", None),
        [("FETCH", DATA)],
        [("EXISTS", [b"5"]), ("FETCH", DATA), ("OK", [b"Still here"]), ("NO", [b"careful"])],
        [("FETCH", DATA[:1]), ("RECENT", [b"1"]), ("FETCH", DATA[1:])],
        (pair for pair in [("FETCH", DATA)]),
        iter([("FETCH", iter(DATA))]),
    ],
)
def test_all_forms_of_an_answer(answer: Any) -> None:
    assert read(answer) == LINES


@pytest.mark.parametrize(
    "answer",
    [None, [], [None], ("OK", []), ("OK", [None]), ("OK", None), (("OK", [None]), None, None),
     [("EXISTS", [b"5"])], ("IDLE", [b"TIMEOUT"]), iter(())],
)  # fmt: skip
def test_nothing(answer: Any) -> None:
    assert read(answer) == []


def test_data_stays_together() -> None:
    found = groups("fetch", [("FETCH", DATA[:1]), ("FETCH", DATA[1:])], "FETCH")
    assert [list(group) for group in found] == [LINES[:1], LINES[1:]]


def test_pairs_are_read_as_they_come() -> None:
    """Those of an Idler come one by one, while time passes."""
    taken = []

    def pairs() -> Any:
        for number in (1, 2):
            taken.append(number)
            yield "FETCH", [b"%d (UID 1)" % number]

    found = lines("fetch", pairs(), "FETCH")
    assert next(found) == (b"1 (UID 1)",)
    assert taken == [1]


def test_several_names() -> None:
    pairs = [("LIST", [b"a"]), ("LSUB", [b"b"]), ("STATUS", [b"c"])]
    assert list(lines("mailboxes", pairs, "LIST", "LSUB")) == [(b"a",), (b"b",)]


def test_a_literal_at_the_end() -> None:
    assert read([(b"1 (A {1}", b"x")]) == [(b"1 (A {1}", b"x", b"")]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (("NO", [b"[NONEXISTENT] no such mailbox"]), "fetch: the command failed: NO b'[NONEXIST"),
        (("BAD", [None]), "fetch: the command failed: BAD b''"),
        (("BYE", None), "fetch: the command failed: BYE b''"),
        ((("NO", [b"later"]), None, None), "fetch: the command failed: NO b'later'"),
        ((None, None, (KeyError, "gone")), "fetch: the command failed: error b'gone'"),
    ],
)
def test_what_is_not_ok(answer: Any, text: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(answer)
    assert str(caught.value).startswith(text)


@pytest.mark.parametrize(
    "answer",
    [b"1 (UID 5)", "1 (UID 5)", 5, ("OK",), (b"a", b"b"), (None, None), ("OK", b"x"), ("OK", 5),
     (1, 2, 3, 4), [5], ["text"], [(b"a", "b")], [(b"a", b"b", b"c")], [("FETCH", [5])],
     [("FETCH", DATA), b"x"], [(b"a", b"b"), ("FETCH", [])]],
)  # fmt: skip
def test_what_is_no_answer(answer: Any) -> None:
    with pytest.raises(TypeError, match=r"^fetch: an answer of a command, not "):
        read(answer)


FORMS: list[Callable[[Any], Any]] = [
    lambda data: data,
    lambda data: ("OK", data),
    lambda data: [("FETCH", data)],
    lambda data: (("OK", data), None, None),
]


@given(st.lists(st.lists(st.binary(max_size=5), max_size=5), max_size=5), st.sampled_from(FORMS))
def test_what_goes_in_comes_out(made: list[list[bytes]], form: Callable[[Any], Any]) -> None:
    expected = [tuple(pieces) for pieces in made if len(pieces) % 2]
    data: list[Any] = []
    for pieces in expected:
        data += zip(pieces[:-1:2], pieces[1::2], strict=True)
        data.append(pieces[-1])
    assert read(form(data)) == expected
    assert b"".join(map(whole, read(form(data)))) == b"".join(map(b"".join, expected))
