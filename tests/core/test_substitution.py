"""Placeholders in criteria and items: ``?``, ``?f``, ``?s`` and ``??``."""

from __future__ import annotations

from datetime import date
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._errors import InvalidArgument, UnusableArgument
from imaplib2._protocol.substitution import substitute

from .test_arguments import sent
from .test_message_set import OwnSet
from .tokenizer import parse_command, string

REPLACED: list[tuple[tuple[Any, ...], list[Any], tuple[Any, ...]]] = [
    (("ALL",), [], ("ALL",)),
    ((), [], ()),
    (("SUBJECT ?",), ["hello world"], ('SUBJECT "hello world"',)),
    (("SUBJECT", "?"), ["x"], ("SUBJECT", '"x"')),
    (("SUBJECT ?",), [""], ('SUBJECT ""',)),
    (("SUBJECT ?",), ['a"b\\c'], (r'SUBJECT "a\"b\\c"',)),
    (("SUBJECT ?",), ['"a"'], (r'SUBJECT "\"a\""',)),
    (("SUBJECT ?",), ["a) (b"], ('SUBJECT "a) (b"',)),
    (("SUBJECT ?",), ["? ?f ??"], ('SUBJECT "? ?f ??"',)),
    (("SUBJECT ?",), ["\xe9"], ('SUBJECT "\xe9"',)),
    (("SUBJECT ?",), [b"a b"], ('SUBJECT "a b"',)),
    (("LARGER ?",), [1000], ("LARGER 1000",)),
    (("LARGER ?",), [IntEnum("Size", {"LARGE": 1000}).LARGE], ("LARGER 1000",)),  # type: ignore[attr-defined]
    (("LARGER ?",), [1e3], ("LARGER 1000.0",)),
    (("SINCE ?",), [date(2024, 1, 2)], ("SINCE 02-Jan-2024",)),
    (("(OR FROM ? TO ?)",), ["a", "b"], ('(OR FROM "a" TO "b")',)),
    (("FROM ?", "TO", "?"), ["a", "b"], ('FROM "a"', "TO", '"b"')),
    (("?s",), [[1, range(3, 6), (8, None)]], ("1,3:5,8:*",)),
    (("UID ?s",), [7], ("UID 7",)),
    (("UID ?s",), ["1:3,*"], ("UID 1:3,*",)),
    (("UID ?s",), [b"1:3"], ("UID 1:3",)),
    (("UID ?s",), ["$"], ("UID $",)),
    (("UID ?s",), [OwnSet("1:3,9")], ("UID 1:3,9",)),
    (("?f",), ["\\Seen"], ("(\\Seen)",)),
    (("?f",), ["\\Seen x"], ("(\\Seen x)",)),
    (("?f",), ["(\\Seen x)"], ("(\\Seen x)",)),
    (("?f",), [["\\Seen", "x"]], ("(\\Seen x)",)),
    (("?f",), [("\\Seen",)], ("(\\Seen)",)),
    (("?f",), [[]], ("()",)),
    (("BODY[HEADER.FIELDS ?f]",), [["DATE", "FROM"]], ("BODY[HEADER.FIELDS (DATE FROM)]",)),
    (("SUBJECT a??",), [], ("SUBJECT a?",)),
    (("????",), [], ("??",)),
    (("??f ?",), ["x"], ('?f "x"',)),
    (('SUBJECT "? ?f ??" FROM ?',), ["x"], ('SUBJECT "? ?f ??" FROM "x"',)),
    ((r'SUBJECT "\"?" FROM ?',), ["x"], (r'SUBJECT "\"?" FROM "x"',)),
    ((b"?", 5, None, "?"), ["x"], (b"?", 5, None, '"x"')),
]


@pytest.mark.parametrize(("texts", "params", "expected"), REPLACED)
def test_placeholders_are_replaced_in_turn(
    texts: tuple[Any, ...], params: list[Any], expected: tuple[Any, ...]
) -> None:
    assert substitute("SEARCH", texts, params) == expected


def test_params_may_be_any_sequence() -> None:
    assert substitute("SEARCH", ("? ?",), ("a", "b")) == ('"a" "b"',)


@pytest.mark.parametrize("text", ["?", "??", "?f ?s", '"?"', "a?"])
def test_without_params_nothing_is_replaced(text: str) -> None:
    assert substitute("SEARCH", (text, b"?"), None) == (text, b"?")


@pytest.mark.parametrize(
    ("texts", "params"),
    [
        (("?",), []),
        (("? ?",), ["a"]),
        (("?", "?"), ["a"]),
        (("?f",), []),
        (("ALL",), ["a"]),
        ((), ["a"]),
        (("?",), ["a", "b"]),
        (("??",), ["a"]),
        (('"?"',), ["a"]),
    ],
)
def test_as_many_params_as_placeholders_are_asked_for(
    texts: tuple[Any, ...], params: list[Any]
) -> None:
    with pytest.raises(InvalidArgument, match=r"^SEARCH: more \w+ than \w+$"):
        substitute("SEARCH", texts, params)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("?s", "1 OR ALL"),
        ("?s", ""),
        ("?s", "1)"),
        ("?s", []),
        ("?s", 0),
        ("?s", None),
        ("?s", 1.5),
        ("?s", ["1 ALL"]),
        ("?s", b"1 ALL"),
        ("?f", "\\Seen) (x"),
        ("?f", ") ("),
        ("?f", "(a"),
        ("?f", '"'),
        ("?f", ["a)", "(b"]),
        ("?f", 5),
        ("?f", None),
        ("?", b"\xff"),
    ],
)
def test_a_value_that_is_not_of_its_kind_is_refused(text: str, value: Any) -> None:
    with pytest.raises(InvalidArgument):
        substitute("SEARCH", (text,), [value])


class Shown:
    """An object that is not a value."""

    def __str__(self) -> str:
        return "x) (OR ALL"


@pytest.mark.parametrize("value", [Shown(), None, True, ["a"], ("a",), {"a": 1}])
def test_a_param_is_str_bytes_a_number_or_a_date(value: Any) -> None:
    with pytest.raises(UnusableArgument, match=r"^SEARCH: a param must be str, bytes, a number"):
        substitute("SEARCH", ("FROM ?",), [value])


def test_a_number_that_python_does_not_write_is_refused() -> None:
    for text, value in [("LARGER ?", 10**9999), ("?s", [1, 10**9999])]:
        with pytest.raises(InvalidArgument, match=r"^SEARCH: a number in params has"):
            substitute("SEARCH", (text,), [value])


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs"])), min_size=1
    )
)
def test_quoted_values_are_read_as_they_were_given(values: list[str]) -> None:
    program = " ".join(["SUBJECT ?"] * len(values))
    (criteria,) = substitute("SEARCH", (program,), values)
    nodes = parse_command(b"a1 " + sent("SEARCH", "ALL", criteria, utf8=True) + b"\r\n", utf8=True)
    assert [string(node).decode() for node in nodes.args[2::2]] == values


@pytest.mark.parametrize("char", ["\0", "\r", "\n"])
@pytest.mark.parametrize("placeholder", ["?", "?f", "?s"])
def test_a_value_with_nul_cr_or_lf_is_not_sent(placeholder: str, char: str) -> None:
    with pytest.raises(InvalidArgument):
        sent("SEARCH", *substitute("SEARCH", (f"SUBJECT {placeholder}",), [f"1{char}"]))
