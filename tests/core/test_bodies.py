"""Bodies: the one text that a FETCH asks for, and where the answer has it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._errors import InvalidArgument, error
from imaplib2._protocol.bodies import answers, body_item, one_message, text_in, text_key
from imaplib2._protocol.claims import MessageClaim
from imaplib2._protocol.framing import Framer
from imaplib2._protocol.responses import parse

from .helpers import chunks

ITEMS = [
    "BODY[]", "BODY.PEEK[]", "body.peek[]", "BODY[1.2.MIME]", "BODY.PEEK[HEADER]<0.1000>",
    "BODY[HEADER.FIELDS (FROM TO)]", 'BODY[HEADER.FIELDS.NOT ("x")]', "BINARY[1]",
    "BINARY.PEEK[2.1]<5.10>", "RFC822", "rfc822.header", "RFC822.TEXT",
]  # fmt: skip
#: What stands before the answers to these, in the servers' ways.
NAMES = [
    b"BODY[]", b"body[]", b"BODY[1.2.MIME]", b"BODY[HEADER]<0>", b"BODY[HEADER.FIELDS (FROM TO)]",
    b'BODY[HEADER.FIELDS ("From" "To")]', b"BINARY[1]", b"BINARY[2.1]<5>", b"RFC822",
    b"RFC822.HEADER", b"rfc822.text",
]  # fmt: skip


@pytest.mark.parametrize("item", ITEMS)
def test_an_item_is_taken_as_it_is(item: str) -> None:
    assert body_item(item) == body_item(item.encode()) == body_item(f"({item})") == item


@pytest.mark.parametrize(
    "item",
    [
        "", "()", "FLAGS", "BODY", "BODYSTRUCTURE", "RFC822.SIZE", "BINARY.SIZE[1]", "ALL",
        "BODY[] FLAGS", "(FLAGS BODY[])", "BODY[]<0>", "BODY[", "BODY[]]", "BODY[]\r\n",
        "BODY[]{3}", b"\xff", None, 7, ["BODY[]"], "BODY[] ", "(BODY[]",
    ],
)  # fmt: skip
def test_what_may_give_something_else_is_refused(item: Any) -> None:
    with pytest.raises(InvalidArgument):
        body_item(item)


@pytest.mark.parametrize("item", ["BODY[\r\n]", "BODY[\0]"])
def test_what_no_argument_may_hold_is_left_to_the_encoder(item: str) -> None:
    assert body_item(item) == item


@pytest.mark.parametrize(("message", "text"), [(7, "7"), ("7", "7"), (b"7", "7"), ("*", "*")])
def test_a_message_is_one_number(message: Any, text: str) -> None:
    assert one_message(message) == text


@pytest.mark.parametrize(
    "message", ["1:2", "1,2", [1, 2], range(1, 3), (1, 2), "$", "", None, 0, -1, "x", "1:*"]
)
def test_several_messages_are_refused(message: Any) -> None:
    with pytest.raises(InvalidArgument):
        one_message(message)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("before", [b"(", b"(FLAGS (\\Seen) ", b"(UID 7 ", b"(MODSEQ (12) UID 7 "])
@pytest.mark.parametrize("mark", [b"{5}", b"~{5}"])
def test_a_text_is_found(name: bytes, before: bytes, mark: bytes) -> None:
    head = b"* 3 FETCH " + before + name + b" " + mark
    assert answers(MessageClaim(b"3", False), [head])
    assert answers(MessageClaim(b"7", True), [head])
    assert answers(MessageClaim(b"*", False), [head])
    assert answers(None, [head])
    assert not answers(MessageClaim(b"4", False), [head])
    assert (answers(MessageClaim(b"8", True), [head]) is None) is (b"UID" in before)
    assert answers(MessageClaim(b"3", False), [b"* 3 fetch (X {3}", b"abc", b" " + head])


@pytest.mark.parametrize(
    "head",
    [
        b"* 3 FETCH (ENVELOPE (NIL {5}", b"* 3 FETCH (X-BODY {5}", b"* 3 FETCH (BODY {5}",
        b"* 3 FETCH {5}", b"* 3 {5}", b"* LIST () NIL {5}", b"A1 OK FETCH (BODY[] {5}",
        b"* 3 EXPUNGE (BODY[] {5}", b"+ {5}", b"{5}", b"", b"* 3 FETCH (BODY[]{5}",
        b"* 3 FETCH (XRFC822 {5}", b"* 3 FETCH (NOBODY] {5}", b"* 3 FETCH (<0> {5}",
    ],
)  # fmt: skip
def test_other_literals_are_none(head: bytes) -> None:
    assert not answers(MessageClaim(b"3", False), [head])


QUOTED = st.text(st.characters(codec="ascii", exclude_characters="\r\n\0")).map(str.encode)


def quoted(text: bytes) -> bytes:
    return b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def data_of(wire: bytes) -> list[Any]:
    """FETCH data, as a command has it that gets this response."""
    framer = Framer()
    framer.feed(b"* " + wire + b"\r\n* 1 EXISTS\r\n")
    response: Any = parse(framer.frames()[0])
    return [response.data] if isinstance(response.data, bytes) else response.data


@given(QUOTED, st.sampled_from(NAMES), st.sampled_from([b"", b"UID 7 ", b'X "a" ']))
def test_a_quoted_string_is_what_was_written(text: bytes, name: bytes, before: bytes) -> None:
    wire = b"3 FETCH (" + before + name + b" " + quoted(text) + b" FLAGS ())"
    assert text_in(data_of(wire), text_key(name)) == text


@given(st.binary(), st.sampled_from(NAMES))
def test_a_literal_that_was_no_stream_is_there_as_well(text: bytes, name: bytes) -> None:
    wire = b"3 FETCH (FLAGS () %s {%d}\r\n%s UID 7)" % (name, len(text), text)
    assert text_in(data_of(wire), text_key(name)) == text


@pytest.mark.parametrize(
    "data",
    [
        [], [None], [b"3 (BODY[] NIL)"], [b"3 (FLAGS ())"], [b'3 (FLAGS ("BODY[] {3}"))'],
        [b""], [7], [b"3 (BODY[] abc)"], [(b"3 (X {3}", b"abc"), b" BODY[] NIL)"],
        [b'3 (BODY[HEADER] "" BODY[] NIL)'], [b'3 (BODY[] NIL BODY[HEADER] "x")'],
    ],
)  # fmt: skip
def test_no_text_is_none(data: list[Any]) -> None:
    assert text_in(data, b"BODY[") is None


@pytest.mark.parametrize(
    "data",
    [
        [(b"3 (ENVELOPE (NIL {3}", b"abc"), b"))"], [(b"3 (BODY[]{3}", b"abc"), b")"],
        [(b"3 (BODY[HEADER] {3}", b"abc"), b")"], [b'3 (BODY[HEADER] "abc")'],
        [(b"3 (BODY[HEADER.FIELDS ({4}", b"From"), (b")] {3}", b"abc"), b")"],
        [(b"3 (BINARY[] {3}", b"abc"), b")"], [b'3 (BODY[1] "x BODY[] NIL y")'],
    ],
)  # fmt: skip
def test_another_text_is_an_error(data: list[Any]) -> None:
    with pytest.raises(error, match=r"another text than was asked: b'3 "):
        text_in(data, b"BODY[")


SECTIONS = ["", "HEADER", "TEXT", "1", "1.2.MIME", "HEADER.FIELDS (x y)", "HEADER.FIELDS.NOT (x)"]


@given(
    st.sampled_from(["BODY", "BODY.PEEK", "BINARY", "BINARY.PEEK"]),
    st.sampled_from(SECTIONS),
    st.sampled_from(SECTIONS),
    st.booleans(),
    st.sampled_from(["", "<7>"]),
)
def test_the_asked_one_of_two_is_found(
    kind: str, asked: str, other: str, first: bool, origin: str
) -> None:
    name, text = kind.removesuffix(".PEEK"), f"{asked.lower()}]{origin}"
    items = [f'{name}[{text} "right"', f'{name}[{other}] "wrong"']
    line = f"3 ({' '.join(items if first or asked == other else items[::-1])})".encode()
    assert text_in([line], text_key(f"{kind}[{asked}]".encode())) == b"right"


@given(st.lists(st.binary(max_size=40) | st.tuples(st.binary(), st.binary())), st.binary())
def test_whatever_comes_nothing_is_raised(data: list[Any], more: bytes) -> None:
    with suppress(error):
        assert isinstance(text_in(data, b"BODY["), (bytes, type(None)))
    for piece in [more, *chunks(more, 7)]:
        found = answers(MessageClaim(b"1:5", True), [piece, b"", more])
        assert isinstance(found, (bytes, type(None)))
