"""The parts of a command line: as they are sent, and as traces show them."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol.parts import (
    Literal,
    Message,
    Part,
    Password,
    Secret,
    ask_where_unusual,
    bytes_of,
    display,
    lay_out,
)

plain: st.SearchStrategy[bytes | Literal] = st.one_of(
    st.binary(min_size=1, max_size=5), st.builds(Literal, st.binary(max_size=5), st.booleans())
)
parts_of_lines = st.lists(st.one_of(plain, plain.map(Secret)))


def test_a_literal_waits_unless_it_need_not() -> None:
    parts: list[Part] = [b"A1 APPEND x ", Literal(b"abc"), b" ", Secret(Literal(b"de", True)), b""]
    assert lay_out(parts, lambda size: size < 3) == [
        [b"A1 APPEND x ", b"{3}\r\n"],
        [b"abc", b" ", b"~{2+}\r\n", b"de", b""],
    ]


@given(parts_of_lines, st.integers(0, 5))
def test_all_is_sent_in_order_in_as_many_runs_as_needed(parts: list[Part], at_once: int) -> None:
    runs = lay_out(parts, lambda size: size <= at_once)
    expected, waits = b"", 0
    for item in parts:
        part = item.part if isinstance(item, Secret) else item
        if isinstance(part, Literal):
            mark = b"+" if part.size <= at_once else b""
            waits += not mark
            expected += (b"~" if part.binary else b"") + b"{%d%b}\r\n" % (part.size, mark)
            part = bytes(part.data)
        expected += part
    assert b"".join(b"".join(run) for run in runs) == expected
    assert len(runs) == waits + 1


@given(parts_of_lines)
def test_no_secret_is_shown_not_even_how_many(parts: list[Part]) -> None:
    for more in parts, [Secret(b"hunter2"), *parts], [*parts, Secret(b"a"), Secret(b"b")]:
        assert "[secret][secret]" not in display(more)
        assert "hunter2" not in display(more)


def test_what_is_shown() -> None:
    assert display([b"A1 LOGIN me ", Secret(b"x"), b" ", Literal(b"12345")]) == (
        "A1 LOGIN me [secret] {5}"
    )
    assert display([Secret(b"x"), Secret(Literal(b"y")), b" ", Secret(b"z")]) == "[secret] [secret]"
    assert repr(Password("x")) == repr(Secret(b"x")) == "[secret]"
    assert "12345" not in repr(Literal(b"12345"))


def test_a_message_looks_different_in_utf8_mode() -> None:
    assert Message(b"x").in_utf8() == [b"UTF8 (", Literal(b"x", binary=True), b")"]


def test_only_text_has_bytes() -> None:
    assert bytes_of(b"x") == bytes_of(Secret(b"x")) == b"x"
    assert bytes_of(Literal(b"x")) == bytes_of(Secret(Literal(b"x"))) == b""


def test_what_its_owner_may_change_is_copied() -> None:
    data = bytearray(b"abc")
    literal = Literal(data)
    data[:] = b"xyz"
    assert literal == Literal(b"abc")


DATE = b'"17-Jul-1996 09:44:25 +0000"'
USUAL = [
    b"", b" ", b" ()", rb" (\Seen)", rb" (\SEEN \Answered $Forwarded NonJunk a.b-c+d:e_f)",
    b" " + DATE, rb" (\Draft) " + DATE, b' " 7-jul-1996 09:44:25 -0730" ',
]  # fmt: skip
UNUSUAL = [
    rb" (\Foo)", rb" (\Seen \Recent)", rb" (\*)", b" ((a))", b' (a"b)', b" (a]b)", b" (a  b)",
    b" (a{3+})", b" x", b" NIL", b" UTF8", b" (a) (b)", DATE * 2, b' ""', b' "bad date"',
    b' "17-Xxx-1996 09:44:25 +0000"', b' "17-Jul-1996 09:44:25"', b' "17-Jul-1996"', b" \xff",
    b" " * 100_000 + b"x" + b" " * 100_000,
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "asks"), [*((one, False) for one in USUAL), *((one, True) for one in UNUSUAL)]
)
def test_a_server_is_asked_for_a_message_where_it_may_refuse_the_rest(
    text: bytes, asks: bool
) -> None:
    first, second, third = Message(b"a"), Message(b"b"), Message(b"c")
    ask_where_unusual([text[:1], text[1:]], [first, b" ", second])
    assert (first.asks, second.asks) == (asks, False)
    ask_where_unusual([b" ()"], [first, text, second, third])
    assert (first.asks, second.asks, third.asks) == (asks, asks, False)
    (_, literal, _) = second.in_utf8()
    runs = [len(lay_out([one], lambda size: True)) for one in (second, literal, third)]
    assert runs == [1 + asks, 1 + asks, 1]
