"""FETCH responses: each item, whatever the order, and what servers make of them."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2 import Time2Internaldate
from imaplib2.parse import Envelope, Message, ParseError, addresses, fetch, merged
from imaplib2.parse._body import body_structure
from imaplib2.parse._values import values

from ..core.test_linear import assert_linear
from ..core.tokenizer import encode_modified_utf7
from . import writing
from .corpus import FETCHED


def read(*data: Any, lenient: bool = False) -> Message:
    (message,) = fetch(list(data), lenient=lenient)
    return message


def item(text: bytes) -> Message:
    """A message with nothing but the item *text*, asked for in all ways."""
    message = read(b"1 (" + text + b")")
    behind = read(b"1 (X (Y) " + text + b")")
    assert {**dict(message.items()), "X": [b"Y"]} == dict(behind.items())
    return message


# -- Items -----------------------------------------------------------------------------------------

JULY = datetime(1996, 7, 17, 9, 44, 25, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        (b"UID 4294967295", "uid", 4294967295),
        (b"uid 5", "uid", 5),
        (b'UID "5"', "uid", 5),
        (b"UID NIL", "uid", None),
        (b"FLAGS ()", "flags", frozenset()),
        (rb"FLAGS (\Seen $Forwarded [x])", "flags", {"\\Seen", "$Forwarded", "[x]"}),
        (rb"FLAGS (\Seen $NotJunk )", "flags", {"\\Seen", "$NotJunk"}),
        (b"FLAGS (caf\xc3\xa9 \xff)", "flags", {"café", "\udcff"}),
        (b"FLAGS (" + b"x" * 500 + b" y)", "flags", {"x" * 500, "y"}),
        (rb'FLAGS ("\\Deleted" \Seen NIL "")', "flags", {"\\Deleted", "\\Seen"}),
        (b"FLAGS NIL", "flags", frozenset()),
        (rb"FLAGS \Seen", "flags", {"\\Seen"}),
        (b"RFC822.SIZE 44827", "size", 44827),
        (b"RFC822.SIZE 9.37e+06", "size", 9_370_000),
        (b"RFC822.SIZE -1", "size", None),
        (b"MODSEQ (12111230047)", "modseq", 12111230047),
        (b"MODSEQ 7", "modseq", 7),
        (b"MODSEQ ()", "modseq", None),
        (b"MODSEQ (-1)", "modseq", None),
        (b'INTERNALDATE "17-Jul-1996 02:44:25 -0700"', "internal_date", JULY),
        (b'INTERNALDATE "00-Jan-0000 00:00:00 +0000"', "internal_date", None),
        (b"INTERNALDATE NIL", "internal_date", None),
        (b'INTERNALDATE ""', "internal_date", None),
        (b'SAVEDATE "17-Jul-1996 02:44:25 -0700"', "save_date", JULY),
        (b"SAVEDATE NIL", "save_date", None),
        (b'PREVIEW "Hi \xc3\xa9"', "preview", "Hi é"),
        (b"PREVIEW NIL", "preview", None),
        (b'PREVIEW (FUZZY "Hi")', "preview", "Hi"),
        (b"EMAILID (M6d99ac3275bb4e)", "email_id", "M6d99ac3275bb4e"),
        (b"THREADID (T64b478a75b7ea9)", "thread_id", "T64b478a75b7ea9"),
        (b"THREADID NIL", "thread_id", None),
        (b"X-GM-MSGID 1278455344230334865", "gmail_message_id", 1278455344230334865),
        (b"X-GM-THRID 1266894439832287888", "gmail_thread_id", 1266894439832287888),
        (
            rb'X-GM-LABELS (\Inbox \\Sent Important "Muy Importante" "Caf&AOk-" "R&D")',
            "gmail_labels",
            {"\\Inbox", "\\\\Sent", "Important", "Muy Importante", "Café", "R&D"},
        ),
        (b"ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)", "envelope", Envelope()),
        (b"ENVELOPE NIL", "envelope", None),
        (b"BODYSTRUCTURE NIL", "body_structure", None),
    ],
)
def test_items(text: bytes, name: str, expected: object) -> None:
    message = item(text)
    assert getattr(message, name) == expected
    assert getattr(read(b"1 (X (Y) " + text + b")"), name) == expected
    # With others before and behind, which are there, too.
    message = read(b"1 (RFC822 NIL X-A 1 " + text + b' X-B ("b"))')
    assert getattr(message, name) == expected
    assert (message["X-A"], message["X-B"], message.body()) == (b"1", [b"b"], None)


ATTRIBUTES = [
    "uid", "flags", "size", "modseq", "internal_date", "envelope", "body_structure", "preview",
    "save_date", "email_id", "thread_id", "gmail_message_id", "gmail_thread_id", "gmail_labels",
]  # fmt: skip


@pytest.mark.parametrize("text", [b"7 ()", b"7 (X-A 1)", b"7 (UIDS 5 FLAG (x))"])
def test_what_is_not_there_is_none(text: bytes) -> None:
    message = read(text)
    assert message.number == 7
    assert {getattr(message, name) for name in ATTRIBUTES} == {None}
    assert message.body() is message.binary() is message.binary_size() is None
    assert message.sections == {}
    with pytest.raises(KeyError, match="FLAGS"):
        message["FLAGS"]


def test_body_structures() -> None:
    text = b'("TEXT" "PLAIN" ("CHARSET" "UTF-8") NIL NIL "8BIT" 120 4)'
    for name in (b"BODY", b"BODYSTRUCTURE"):
        message = item(name + b" " + text)
        assert message.body_structure is not None
        assert message.body_structure.content_type == "text/plain"
        assert message.body_structure is message.body_structure
    both = read(b"1 (BODY NIL BODYSTRUCTURE " + text + b")")
    assert both.body_structure is not None


def test_envelopes_are_read_once() -> None:
    message = item(b"ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)")
    assert message.envelope is message.envelope
    assert message["ENVELOPE"] == [None] * 10


# -- Sections --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "section"),
    [
        (b"BODY[]", ""),
        (b"RFC822", ""),
        (b"BODY[HEADER]", "HEADER"),
        (b"RFC822.HEADER", "header"),
        (b"BODY[TEXT]", "TEXT"),
        (b"RFC822.TEXT", "TEXT"),
        (b"body[text]", "TEXT"),
        (b"BODY[TEXT]<0>", "TEXT<0>"),
        (b"BODY[1.2.MIME]", "1.2.MIME"),
        (b"BODY[HEADER.FIELDS (TO CC)]", "HEADER.FIELDS (TO CC)"),
        (b"BODY[HEADER.FIELDS (To Cc)]<7>", "HEADER.FIELDS (TO CC)<7>"),
        (b'BODY[HEADER.FIELDS ("To" "CC")]', "header.fields (to cc)"),
        (b"BODY[1.HEADER.FIELDS.NOT ( TO  CC )]", "1.HEADER.FIELDS.NOT (TO CC)"),
    ],
)
def test_sections(name: bytes, section: str) -> None:
    for message in (
        read((b"1 (UID 5 " + name + b" {3}", b"a b"), b" FLAGS ())"),
        read((b"1 (X (Y) " + name + b" {3}", b"a b"), b"UID 5 FLAGS ())"),
        read(b"1 (UID 5 " + name + b' "a b" FLAGS ())'),
    ):
        assert message.body(section) == b"a b"
        assert message.body("9") is None
        assert (message.uid, message.flags) == (5, frozenset())
        if name.upper().startswith(b"BODY"):
            assert message.sections == {section.upper(): b"a b"}
        assert (f"BODY[{section.upper()}]" in message) or not message.sections or "<" in section


def test_several_literals() -> None:
    message = read(
        (b"1 (BODY[1] {1}", b"a"), (b" BODY[2] {2}", b"bc"), (b" BODY[3] {0}", b""), b")"
    )
    assert message.sections == {"1": b"a", "2": b"bc", "3": b""}
    assert read(b"1 (BODY[1] NIL)").sections == {"1": None}


def test_binary() -> None:
    message = read((b"1 (BINARY[1] ~{3}", b"a\0b"), b" BINARY.SIZE[1.2] 77 BINARY[2]<0> NIL)")
    assert message.binary("1") == b"a\0b"
    assert message.binary("2<0>") is None
    assert "BINARY[2]<0>" in message
    assert message.binary_size("1.2") == 77
    assert message.sections == {}


# -- Messages --------------------------------------------------------------------------------------


def test_all_forms_of_an_answer() -> None:
    data = [b"1 (UID 5)", b"2 (UID 6)"]
    pairs = [("FETCH", data[:1]), ("EXISTS", [b"3"]), ("FETCH", data[1:])]
    for answer in (data, ("OK", data), pairs, (("OK", data), None, None)):
        assert [message.uid for message in fetch(answer)] == [5, 6]
    assert list(fetch(("OK", [None]))) == []


def test_what_comes_is_given_as_it_comes() -> None:
    def pairs() -> Iterable[Any]:
        yield "FETCH", [b"1 (UID 5)"]
        raise AssertionError("not needed yet")

    assert next(fetch(pairs())).uid == 5


def test_an_item_is_read_when_it_is_asked_for() -> None:
    message = read(b'1 (UID 5 RFC822.SIZE many ENVELOPE "no" FLAGS ("x"))')
    assert message.uid == 5
    assert message.flags == {"x"}
    with pytest.raises(ParseError, match=r"^fetch: RFC822.SIZE can't be read: b'many'$"):
        message.size  # noqa: B018
    with pytest.raises(ParseError, match=r"^fetch: ENVELOPE can't be read: b'no'$"):
        message.envelope  # noqa: B018


def test_names_and_values() -> None:
    message = read(rb'7 (UID 5 FLAGS (\Seen) MODSEQ (8) X-b "c d" RFC822.SIZE 9)')
    expected = {
        "UID": b"5", "FLAGS": [b"\\Seen"], "MODSEQ": [b"8"], "X-B": b"c d", "RFC822.SIZE": b"9",
    }  # fmt: skip
    assert dict(message.items()) == expected
    assert set(message.names) == set(expected)
    assert message.raw == rb'7 (UID 5 FLAGS (\Seen) MODSEQ (8) X-b "c d" RFC822.SIZE 9)'
    assert repr(message).startswith("<Message 7: b'7 (UID 5 FLAGS")
    assert len(repr(read(b"7 (X " + b"x" * 1000 + b")"))) < 100


def test_messages_are_values() -> None:
    data = (b'7 (UID 5 ENVELOPE (NIL "x" NIL NIL NIL NIL NIL NIL NIL NIL) BODY[] {1}', b"a")
    message, same = read(data, b")"), read(data, b")")
    assert message == same
    assert hash(message) == hash(same)
    assert message != read(b"7 (UID 5)")
    assert message != "message"
    copy = pickle.loads(pickle.dumps(message))
    assert copy == message
    assert copy.raw == message.raw
    assert (copy.uid, copy.body(), copy.envelope) == (5, b"a", message.envelope)


# -- Several responses for one message -------------------------------------------------------------


def test_merged() -> None:
    data: list[Any] = [
        (rb"9 (UID 17 FLAGS () BODY[] {3}", b"a b"), b")", b"8 (UID 16)", rb"9 (FLAGS (\Seen))",
        b"9 (MODSEQ (7))",
    ]  # fmt: skip
    first, second = merged(fetch(data))
    assert (first.number, first.uid, first.flags, first.body()) == (9, 17, {"\\Seen"}, b"a b")
    assert first.modseq == 7
    assert second == read(b"8 (UID 16)")
    assert pickle.loads(pickle.dumps(first)) == first
    assert b"BODY[]" in first.raw
    assert b"MODSEQ" in first.raw
    assert merged([]) == []


# -- What servers get wrong ------------------------------------------------------------------------


def test_items_behind_the_end() -> None:
    """Of Xeams (see the corpus)."""
    data = [
        (b"2 (UID 9 BODY[] {7}", b"hello\r\n"), b")", rb" FLAGS (\Seen) RFC822.SIZE 7)",
        b") X-A 1)", b"3 (UID 10)", (b"4 (UID 11 BODY[1] {1}", b"a"), b")",
        (b" BODY[2] {1}", b"b"), b")",
    ]  # fmt: skip
    first, second, third = fetch(data)
    assert (first.uid, first.body(), first.flags, first.size) == (9, b"hello\r\n", {"\\Seen"}, 7)
    assert first["X-A"] == b"1"
    assert second.uid == 10
    assert third.sections == {"1": b"a", "2": b"b"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([b"0 (UID 0)"], {"uid": 0, "number": 0}),
        # Domino puts items in parentheses of their own.
        ([b'1 (UID 5 (PREVIEW "x" (X NIL)) RFC822.SIZE 7)'], {"preview": "x", "size": 7, "uid": 5}),
        # Not closed; nothing behind the name.
        ([b"1 (UID 5 FLAGS (x"], {"uid": 5, "flags": {"x"}}),
        ([b"1 (FLAGS"], {"flags": frozenset()}),
        ([b"1 (NIL UID 5 ())"], {"uid": 5}),
        # Blank lines behind the literal, and blanks everywhere.
        ([(b"1 (BODY[] {1}", b"a"), b"\r\n UID 5)"], {"uid": 5}),
        ([b" 1  ( UID 5   FLAGS (x) RFC822.SIZE 7 ) "], {"uid": 5, "flags": {"x"}, "size": 7}),
        ([b"1 (UID 5 UID 6)"], {"uid": 6}),
    ],
)
def test_what_is_odd(data: list[Any], expected: dict[str, object]) -> None:
    message = read(*data)
    assert {name: getattr(message, name) for name in expected} == expected


UNREADABLE = [
    (b"UID many", "uid", "UID", b"many"),
    (b"UID 1" + b"0" * 30, "uid", "UID", b"1" + b"0" * 30),
    (b"FLAGS ((x))", "flags", "FLAGS", b"((x))"),
    (b"MODSEQ (x)", "modseq", "MODSEQ", b"(x)"),
    (b"INTERNALDATE x", "internal_date", "INTERNALDATE", b"x"),
    (b"INTERNALDATE (x)", "internal_date", "INTERNALDATE", b"(x)"),
    (b'ENVELOPE "x y"', "envelope", "ENVELOPE", b'"x y"'),
    (b"BODYSTRUCTURE x", "body_structure", "BODYSTRUCTURE", b"x"),
]


@pytest.mark.parametrize(("text", "attribute", "name", "data"), UNREADABLE)
def test_what_can_not_be_read(text: bytes, attribute: str, name: str, data: bytes) -> None:
    message = item(text)
    for _ in range(2):
        with pytest.raises(ParseError) as caught:
            getattr(message, attribute)
        problem = caught.value
        assert (problem.function, problem.item, problem.data) == ("fetch", name, data)
    lenient = read(b"1 (" + text + b" X-A 1)", lenient=True)
    assert getattr(lenient, attribute) == data
    assert lenient["X-A"] == b"1"
    # A text is bytes, or nothing.
    assert read(b"1 (BODY[] (x y))", lenient=True).body() == b"(x y)"
    with pytest.raises(ParseError):
        read(b"1 (BODY[] (x y))").body()


@pytest.mark.parametrize("text", [b"", b"FLAGS (x)", b"x (UID 5)", b"1 UID 5", b"1" * 30 + b" ()"])
def test_what_is_no_response_for_a_message(text: bytes) -> None:
    with pytest.raises(ParseError, match=r"^fetch: FETCH can't be read: "):
        read(text)
    message = read(text, lenient=True)
    assert message.number == 0
    assert message.names == ()
    assert message.raw == text
    assert {getattr(message, name) for name in ATTRIBUTES} == {None}


def test_what_is_behind_such_a_response() -> None:
    data = [b"x", b" FLAGS (a)", b"1 (UID 5)", b" FLAGS (b))"]
    found = list(fetch(data, lenient=True))
    assert [message.raw for message in found[:2]] == data[:2]
    assert [(message.uid, message.flags) for message in found[2:]] == [(5, {"b"})]


def test_too_many_parentheses() -> None:
    text = b"1 (UID 5 X " + b"(" * 100
    message = read(text)
    assert message.uid == 5
    with pytest.raises(ParseError, match=r"^fetch: FETCH can't be read: b' ?X \(\(\("):
        message.flags  # noqa: B018
    lenient = read(text, lenient=True)
    assert (lenient.uid, lenient.flags, lenient.names) == (5, None, ("UID",))


# -- The corpus ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FETCHED)
def test_nothing_that_servers_were_seen_to_send_raises(name: str) -> None:
    for message in fetch(FETCHED[name]):
        read = {attribute: getattr(message, attribute) for attribute in ATTRIBUTES}
        texts = [message.body(), message.body("HEADER"), *message.sections]
        # All that stands for a number or a date, and is none, is None.
        found = any(value is not None for value in (*read.values(), *texts))
        assert found or name == "other/odd-numbers"


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("courier/second-fetch-for-flags", 1, {"flags": {"\\Seen"}, "sections": {"": b"hello"}}),
        ("davmail/fetch-double-space", 1, {"uid": 1989, "flags": {"\\Seen"}}),
        ("domino/extra-parentheses", 2, {"uid": 14935, "envelope": Envelope()}),
        ("gmail/literal-then-items", 126015, {"sections": {"1.2": b"", "1.1": b""}}),
        ("icloud/space-behind-flags", 1, {"flags": {"\\Seen", "$NotJunk"}}),
        ("mail.ru/nil", 1, {"flags": frozenset()}),
        ("other/odd-numbers", 0, {"uid": 0}),
        ("other/odd-numbers", 1, {"size": 9_370_000, "modseq": None, "internal_date": None}),
        ("xeams/items-behind-the-end", 2, {"uid": 9, "flags": {"\\Seen"}, "size": 7}),
    ],
)
def test_what_servers_were_seen_to_send(
    name: str, number: int, expected: dict[str, object]
) -> None:
    found = {message.number: message for message in merged(fetch(FETCHED[name]))}[number]
    assert {attribute: getattr(found, attribute) for attribute in expected} == expected


def test_subjects_and_senders_in_the_corpus() -> None:
    (exchange,) = fetch(FETCHED["exchange/literal-inside-envelope"])
    assert exchange.envelope is not None
    assert exchange.envelope.message_id == "<0A9F@X>"
    assert [address.raw_name for address in addresses(exchange.envelope.from_)] == [b"_?= =?"]
    quotes, _ = fetch(FETCHED["other/unescaped-quotes"])
    assert quotes.envelope is not None
    assert quotes.envelope.subject == "a (b"
    assert [address.mailbox for address in addresses(quotes.envelope.from_)] == ['test"']


# -- Properties ------------------------------------------------------------------------------------

NUMBER = st.integers(0, 2**63 - 1)
moments = st.datetimes(
    datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(timezone.utc)
).map(lambda moment: moment.replace(microsecond=0))
ITEMS: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "uid": ("UID", NUMBER),
    "flags": ("FLAGS", st.frozensets(writing.words.map("\\".__add__) | writing.words)),
    "size": ("RFC822.SIZE", NUMBER),
    "modseq": ("MODSEQ", NUMBER),
    "internal_date": ("INTERNALDATE", moments),
    "save_date": ("SAVEDATE", st.none() | moments),
    "preview": ("PREVIEW", st.none() | writing.texts),
    "email_id": ("EMAILID", writing.words),
    "thread_id": ("THREADID", writing.words),
    "gmail_labels": ("X-GM-LABELS", st.frozensets(writing.texts.filter(bool), max_size=3)),
    "gmail_thread_id": ("X-GM-THRID", NUMBER),
    "gmail_message_id": ("X-GM-MSGID", NUMBER),
}


@st.composite
def spelled(draw: st.DrawFn, name: str, value: Any) -> Any:
    if name == "gmail_labels":
        return [draw(writing.strings(encode_modified_utf7(label))) for label in value]
    if isinstance(value, frozenset):
        return [flag.encode() for flag in value]
    if name in ("modseq", "email_id", "thread_id"):
        return [str(value).encode()]
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, datetime):
        return draw(writing.strings(Time2Internaldate(value).strip('"')))
    return draw(writing.nstrings(value))


made = st.fixed_dictionaries({}, optional={name: made for name, (_, made) in ITEMS.items()})
sections = st.dictionaries(
    st.sampled_from(["", "TEXT", "1.2", "HEADER.FIELDS (TO X-A)", "1<0>"]),
    st.none() | writing.contents,
)


@given(st.data(), NUMBER.filter(bool), made, sections)
def test_what_was_written_is_read(
    data: st.DataObject, number: int, items: dict[str, Any], texts: dict[str, bytes | None]
) -> None:
    pairs: list[list[Any]] = [
        [ITEMS[name][0].encode(), data.draw(spelled(name, value))] for name, value in items.items()
    ]
    for section, text in texts.items():
        name, mark, offset = section.partition("<")
        written = data.draw(writing.nstrings(text))
        pairs.append([f"BODY[{name}]{mark}{offset}".encode(), written])
    order = data.draw(st.permutations(pairs))
    answer = writing.line(b"%d" % number, [part for pair in order for part in pair])
    (message,) = fetch(answer)
    assert message.number == number
    assert {name: getattr(message, name) for name in ITEMS} == {**dict.fromkeys(ITEMS), **items}
    assert message.sections == texts
    assert pickle.loads(pickle.dumps(message)) == message
    assert merged([message, message]) == [message]


@given(writing.hostile, st.booleans())
def test_no_response_is_too_odd(data: list[Any], lenient: bool) -> None:
    first = data[0]
    data[0] = (b"1 (" + first[0], first[1]) if isinstance(first, tuple) else b"1 (" + first
    for message in fetch(data, lenient=lenient):
        for name in [*ATTRIBUTES, "sections"]:
            try:
                getattr(message, name)
            except ParseError:
                assert not lenient


PIECES = [b"UID 5 ", b"(", b"()", b"FLAGS (x) ", b"UID ", b"1", b'"', b"BODY[] ", b"NIL ", b" ",
          b"ENVELOPE (", b'INTERNALDATE "', b"FLAGS (", b"MODSEQ ("]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_it_takes_linear_time(piece: bytes) -> None:
    def work(size: int) -> None:
        for text in (b"1 (" + piece * size, piece * size):
            message = read(text, lenient=True)
            for name in ATTRIBUTES:
                getattr(message, name)

    assert_linear(work, 1000)


def test_many_responses_take_linear_time() -> None:
    def work(size: int) -> None:
        same = merged(fetch([b"1 (UID 5)"] * size))
        behind = list(fetch([b"1 (UID 5)", *[b" X 1)"] * size]))
        blanks = list(fetch([b"1 (UID 5)", b" " * size + b"!"], lenient=True))
        assert len(blanks) == 2
        assert len(same) == len(behind) == 1
        assert behind[0]["X"] == b"1"

    assert_linear(work, 300)


@pytest.mark.parametrize("literal", [b"", b"x", b'"', b"x" * 200])
def test_many_literals_take_linear_time(literal: bytes) -> None:
    def work(size: int) -> None:
        head = b"1 (BODY[1] {%d}" % len(literal)
        pieces = [(b" BODY[1] {%d}" % len(literal), literal)] * size
        assert read((head, literal), *pieces, b")").body("1") == literal

    assert_linear(work, 500)


@pytest.mark.parametrize(
    "end", [b"3 1)", b"3 1 NIL NIL NIL NIL)", b"3 1 NIL NIL NIL NIL 9)", b"-1 -1)"]
)
def test_a_body_structure_is_there_as_it_was_written(end: bytes) -> None:
    """The usual ones, which are read in one go, and others."""
    text = b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" ' + end
    (message,) = fetch([b"1 (UID 7 BODYSTRUCTURE " + text + b" PREVIEW NIL)"])
    assert [message["BODYSTRUCTURE"]] == values((text,))
    assert message.body_structure == body_structure(message["BODYSTRUCTURE"])
    assert message.names == ("BODYSTRUCTURE", "PREVIEW", "UID")
