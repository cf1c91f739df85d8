"""The values that lines are made of: what servers write is read, and what they write wrongly."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from imaplib2.parse import ParseError
from imaplib2.parse._answers import lines
from imaplib2.parse._values import (
    DEPTH,
    Value,
    _any_values,
    _seen,
    _usual_values,
    quoted,
    unescaped,
    values,
    written,
)

from ..core.test_linear import assert_linear
from . import writing


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", []),
        (b"a 12 \\Seen", [b"a", b"12", b"\\Seen"]),
        (b'NIL nil Nil "NIL"', [None, None, None, b"NIL"]),
        (b'() (()) ("")', [[], [[]], [b""]]),
        (b'(a (b "c d") e)', [[b"a", [b"b", b"c d"], b"e"]]),
        (b'"a (b" ")"', [b"a (b", b")"]),
        (rb'"a \"b\" \\ c" "\d"', [b'a "b" \\ c', b"\\d"]),
        (b"  a \t( b )  ", [b"a", [b"b"]]),
        (b"(a)(b) (c)(d)", [[b"a"], [b"b"], [b"c"], [b"d"]]),
        (b'"a\r\n b"', [b"a\r\n b"]),
        (b"[x] BODY[] a[b", [b"[x]", b"BODY[]", b"a[b"]),
        (b"BODY[HEADER.FIELDS (TO CC)]<0> x", [b"BODY[HEADER.FIELDS (TO CC)]<0>", b"x"]),
        (b'BODY[HEADER.FIELDS ("TO")] x', [b'BODY[HEADER.FIELDS ("TO")]', b"x"]),
        (b'BODY[1] "x"', [b"BODY[1]", b"x"]),
        (b'BINARY.SIZE[1.2] 7 "x"', [b"BINARY.SIZE[1.2]", b"7", b"x"]),
    ],
)
def test_values(text: bytes, expected: list[Value]) -> None:
    assert values((text,)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Not closed, and closed twice.
        (b'(a ("b"', [[b"a", [b"b"]]]),
        (b"a) b)", [b"a", b"b"]),
        # Quotes that aren't escaped (see the corpus: other/unescaped-quotes).
        (b'(NIL "test"" "acme.com")', [[None, b'test"', b"acme.com"]]),
        (b'("TEXT" "HTML"" NIL)', [[b"TEXT", b'HTML"', None]]),
        (b'("the "big" one" NIL)', [[b'the "big" one', None]]),
        (b'(""hello" you" NIL)', [[b'"hello" you', None]]),
        (b'("a"b" FLAGS ())', [[b'a"b', b"FLAGS", []]]),
        (b'("a""b""c")', [[b"a", b"b", b"c"]]),
        (b'("a"("b"))', [[b"a", [b"b"]]]),
        # Never closed.
        (b'("abc d)', [[b"abc", b"d"]]),
        (b'"', [b""]),
        (rb'("abc\")', [[b'abc"']]),
    ],
)
def test_what_servers_get_wrong(text: bytes, expected: list[Value]) -> None:
    assert values((text,)) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ((b"(a {3}", b"b c", b" d)"), [[b"a", b"b c", b"d"]]),
        ((b"(a ~{3}", b"\0)\"", b")"), [[b"a", b'\0)"']]),
        ((b"{3+}", b"NIL", b" {0}", b"", b""), [b"NIL", b""]),
        ((b'"x" {1}', b"a", b' "y" {1}', b"b", b' "z"'), [b"x", b"a", b"y", b"b", b"z"]),
        # A quoted string that isn't closed ends there, too.
        ((b'"x {1}', b"a", b' "y"'), [b"x", b"a", b"y"]),
        # As made by hand.
        ((b"a ", b"b", b""), [b"a", b"b"]),
    ],
)  # fmt: skip
def test_literals(line: tuple[bytes, ...], expected: list[Value]) -> None:
    assert values(line) == expected


@pytest.mark.parametrize("inside", [b"", b'"a"', b'"a""b"'])
def test_lists_are_nested_as_deep_as_it_makes_sense(inside: bytes) -> None:
    text = b"(" * DEPTH + inside + b")" * DEPTH
    found: Any = values((text,))
    for _ in range(DEPTH):
        (found,) = found[:1]
    with pytest.raises(ParseError, match=r"^fetch: BODY can't be read: b'\(\(\(") as caught:
        values((b"(" + text,), "fetch", "BODY")
    assert len(caught.value.data) <= 200


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ((b"a",), (b"a",)),
        ((b"a {1}", b"b", b" ~{1}", b"c", b")"), (b'a "b" "c")',)),
        ((b"a {0}", b"", b" {2}", b'b"', b" c"), (b'a "" {2}', b'b"', b" c")),
        # Not where it would touch what is behind it.
        ((b"a {1}", b"b", b"c"), (b"a {1}", b"b", b"c")),
        ((b"a {1}", b"b", b""), (b"a {1}", b"b", b"")),
    ],
)
def test_literals_that_could_be_quoted(
    line: tuple[bytes, ...], expected: tuple[bytes, ...]
) -> None:
    assert quoted(line) == expected
    assert values(quoted(line)) == values(line)


def test_unescaped() -> None:
    assert unescaped(rb"a\"b\\c\d") == rb'a"b\c\d'


# -- Properties ------------------------------------------------------------------------------------

made = st.recursive(
    st.none() | writing.contents | writing.words.map(str.encode),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=20,
)


@st.composite
def spelled(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, list):
        return [draw(spelled(one)) for one in value]
    return draw(writing.nstrings(value))


@settings(max_examples=50)
@given(st.data(), st.lists(made, max_size=6))
def test_what_was_written_is_read(data: st.DataObject, expected: list[Any]) -> None:
    (line,) = lines("", writing.line(*[data.draw(spelled(value)) for value in expected]))
    assert values(line) == expected


PIECES = [b'"', b'"', b'" "', b" ", b"(", b")", b"a", b"NIL", b"\\", b'"x"', b"BODY[", b"]", b"[",
          b"\n", b"7", b'"a" ("b") NIL', b"{3}"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=15).map(b"".join))
def test_the_two_ways_to_read_give_the_same(text: bytes) -> None:
    """The quick one gives up, or gives what the other one gives; whatever it has seen before."""
    expected = _any_values((text,))
    assert _usual_values((text,)) in (None, expected)
    assert _usual_values((text,)) in (None, expected)


@given(made)
def test_values_are_written_so_that_they_can_be_read(value: Any) -> None:
    assert values((written(value),)) == [value]


def test_what_was_seen_is_forgotten() -> None:
    for number in range(3000):
        assert values((b'"a" %d "b"' % number,)) == [b"a", b"%d" % number, b"b"]
    assert values((b'"a" (%b) "b"' % (b"x " * 100),)) == [b"a", [b"x"] * 100, b"b"]
    assert len(_seen) <= 1024
    assert max(map(len, _seen)) < 50


HOSTILE = [b'"a"b ', b'" ', b'"a" ', rb'"\" ', b'"\\ ', b'"a""b ', b'("', b'")', b'"a"b NIL',
           b'""""', b'"x"" ', b'"(" ', b"BODY[", b"BODY[ ", b'BODY["', b"[", b"(a)", b'"\\', b"{1}",
           b'"a" b"', b'x"y ']  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_it_takes_linear_time(piece: bytes) -> None:
    def work(size: int) -> None:
        with contextlib.suppress(ParseError):
            values((piece * size,))

    assert_linear(work, 1000)
