"""Framed responses are read as tagged, untagged and continuation, in imaplib's shapes."""

from __future__ import annotations

import contextlib
import imaplib
import io
import random
import tracemalloc
from functools import partial
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol.framing import Frame
from imaplib2._protocol.grammar import end_of_response_code
from imaplib2._protocol.limits import ProtocolViolation
from imaplib2._protocol.responses import (
    Continuation,
    Response,
    ResponseCode,
    Tagged,
    Untagged,
    fetch_data,
    items_of,
    parse,
    response_code,
)

from .helpers import Driver, frames_of, random_chunks

# -- The shapes are imaplib's ------------------------------------------------------------------


class Reference(imaplib.IMAP4):
    """The standard library's client, and a server that has one thing to say."""

    def __init__(self, wire: bytes) -> None:
        self._replies = [b"* CAPABILITY IMAP4REV1\r\n", wire]
        self._stream = io.BytesIO(b"* PREAUTH hi\r\n")
        super().__init__("nowhere")
        self.untagged_responses.clear()

    def open(self, *args: Any, **options: Any) -> None:
        """There is nothing to open."""

    def send(self, data: Any) -> None:
        tag = data.split()[0]
        self._stream = io.BytesIO(self._replies.pop(0) + tag + b" OK done\r\n")

    def read(self, size: int) -> bytes:
        return self._stream.read(size)

    def readline(self) -> bytes:
        return self._stream.readline()

    def shutdown(self) -> None:
        """There is nothing to close."""


WELL_FORMED = [
    b"* 5 EXISTS\r\n",
    b"* 0 RECENT\r\n",
    b"* 4 EXPUNGE\r\n",
    b"* SEARCH\r\n",
    b"* SEARCH 2 3 5\r\n",
    b"* FLAGS (\\Answered \\Seen)\r\n",
    b'* LIST (\\HasNoChildren) "/" INBOX\r\n',
    b'* LIST () "/" {5}\r\na/"b"\r\n',
    b"* LSUB () NIL {0}\r\n\r\n",
    b'* STATUS "a b" (MESSAGES 3 UNSEEN 1)\r\n',
    b"* STATUS {3}\r\na b (MESSAGES 3)\r\n",
    b"* 1 FETCH (FLAGS (\\Seen) UID 7)\r\n",
    b'* 1 FETCH (ENVELOPE (NIL "{5}" NIL))\r\n',
    b"* 2 FETCH (BODY[] {5}\r\nhello)\r\n",
    b"* 3 FETCH (BODY[1] {5}\r\nhello BODY[2] {0}\r\n UID 7)\r\n",
    b"* 4 FETCH (BODY[1] {2}\r\n\r\n BODY[2] {9}\r\nA1 OK x\r\n)\r\n",
    b'* 5 FETCH (BODY[TEXT] "quoted" UID 8)\r\n',
    b"* OK [UIDVALIDITY 3857529045] UIDs valid\r\n",
    b"* OK [READ-WRITE] go\r\n",
    b"* OK [APPENDUID 1 2] done\r\n",
    b"* NO [ALERT] disk full\r\n",
    b"* OK still here\r\n",
    b'* NAMESPACE (("" "/")) NIL NIL\r\n',
    b"* THREAD (2)(3 6 (4 23)(44 7 96))\r\n",
    b"* X-UNHEARD-OF some data\r\n",
    b"* VANISHED (EARLIER) 41,43:116\r\n",
]


@given(st.lists(st.sampled_from(WELL_FORMED), max_size=8).map(b"".join))
def test_stored_data_has_the_shape_that_imaplib_gives_it(wire: bytes) -> None:
    reference = Reference(wire)
    reference.noop()
    driver = Driver.selected()
    driver.complete(driver.submit("NOOP"), data=wire)
    assert dict(driver.core.untagged.items()) == reference.untagged_responses


def joined(separator: bytes, data: list[bytes | None]) -> list[bytes | None]:
    return data if data == [None] else [separator.join(filter(None, data))]


JOINED = {"SEARCH": partial(joined, b" "), "THREAD": partial(joined, b"")}
"""What comes in several lines, and is one item here."""


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("FETCH", ("1:*", "(FLAGS)")),
        ("SEARCH", (None, "ALL")),
        ("LIST", ("", "*")),
        ("LSUB", ("", "*")),
        ("STATUS", ("a b", "(MESSAGES)")),
        ("NAMESPACE", ()),
        ("EXPUNGE", ()),
        ("THREAD", ("REFERENCES", "UTF-8", "ALL")),
    ],
)
@given(wire=st.lists(st.sampled_from(WELL_FORMED), max_size=8).map(b"".join))
def test_collected_data_has_the_shape_that_imaplib_returns(
    name: str, arguments: tuple[Any, ...], wire: bytes
) -> None:
    reference = Reference(wire)
    reference.state = "SELECTED"
    driver = Driver.selected()
    command = driver.submit(name, *arguments)
    driver.complete(command, data=wire)
    typ, data = getattr(reference, name.lower())(*arguments)
    assert driver.result(command) == (typ, JOINED[name](data) if name in JOINED else data)


# -- One by one --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "response"),
    [
        (b"A1 OK done", Tagged(b"A1", "OK", b"done")),
        (b"A1 no  two spaces", Tagged(b"A1", "NO", b" two spaces")),
        (b"A1 BAD", Tagged(b"A1", "BAD", b"")),
        (b"A1  OK done", Tagged(b"A1", "OK", b"done")),
        ([b"A1 NO [X {3}", b"a]b", b"] no"], Tagged(b"A1", "NO", b"[X a]b] no")),
        (b"* OK", Untagged("OK", b"")),
        (b"* ok hi", Untagged("OK", b"hi")),
        (b"* SEARCH", Untagged("SEARCH", b"")),
        (b"* search 1 2", Untagged("SEARCH", b"1 2")),
        (b"* 3 EXISTS", Untagged("EXISTS", b"3")),
        (b"*  3 exists", Untagged("EXISTS", b"3")),
        (b"* 0 FETCH (UID 1)", Untagged("FETCH", b"0 (UID 1)")),
        (b"* -1 EXISTS", Untagged("EXISTS", b"-1")),
        (b"* 2 FETCH (FLAGS NIL)", Untagged("FETCH", b"2 (FLAGS NIL)")),
        (b"* [COPYUID 1 2 3] done", Untagged("OK", b"[COPYUID 1 2 3] done")),
        (b'* LIST () "/" \xff\xfe', Untagged("LIST", b'() "/" \xff\xfe')),
        (
            [b"* 1 FETCH (BODY[1] {1}", b"a", b" BODY[2] {1}", b"b", b")"],
            Untagged("FETCH", [(b"1 (BODY[1] {1}", b"a"), (b" BODY[2] {1}", b"b"), b")"]),
        ),
        ([b"* LIST () NIL {1}", b"a", b""], Untagged("LIST", [(b"() NIL {1}", b"a"), b""])),
        (b" FLAGS (\\Seen))", Untagged("FETCH", b" FLAGS (\\Seen))")),
        (b"+ go ahead", Continuation(b"go ahead")),
        (b"+", Continuation(b"")),
        (b"+ ", Continuation(b"")),
        (b"+idling", Continuation(b"idling")),
    ],
)
def test_a_response_is_read(frame: Frame, response: Response) -> None:
    assert parse(frame) == response


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b" ",
        b")",
        b"*",
        b"* ",
        b"*  ",
        b"* 5",
        b"hello",
        b"HTTP/1.1 400 Bad Request",
        b"220 mail.example ESMTP",
        b"A1 PREAUTH hi",
        b"A1 OKAY",
        b" OK no tag",
        [b"Subject: {3}", b"abc", b""],
    ],
)
def test_what_is_no_response_is_a_violation_that_quotes_it(frame: Frame) -> None:
    first = frame if isinstance(frame, bytes) else frame[0]
    with pytest.raises(ProtocolViolation) as caught:
        parse(frame)
    assert repr(first) in str(caught.value)


@given(st.binary(max_size=60), st.lists(st.binary(max_size=20), max_size=2))
def test_garbage_is_read_or_is_a_violation(first: bytes, more: list[bytes]) -> None:
    frame: Frame = [first, *more] if len(more) == 2 else first
    with contextlib.suppress(ProtocolViolation):
        assert isinstance(parse(frame), (Tagged, Untagged, Continuation))


tokens = st.sampled_from(
    [b"* ", b"A1 ", b"OK ", b"NO", b"+ ", b"FETCH ", b"1 ", b"(", b")", b"[", b"]", b'"', b"{3}",
     b"{0}\r\n", b"\r\n", b"\n", b" ", b"UID ", b"9" * 5000, b"BYE ", b"CAPABILITY ", b"\xff\0"]
)  # fmt: skip


@given(
    st.one_of(st.binary(max_size=100), st.lists(tokens, max_size=15).map(b"".join)),
    st.randoms(use_true_random=False),
)
def test_garbage_on_the_wire_ends_the_connection_or_is_data(
    data: bytes, choose: random.Random
) -> None:
    driver = Driver.selected()
    commands = [driver.submit("FETCH", n, "FLAGS") for n in "12"]
    for portion in random_chunks(data, choose):
        driver.receive(portion)
    for command in commands:
        driver.complete(command)
    for command in commands:
        assert len(driver.outcomes(command)) <= 1
    if driver.core.reason is not None:
        assert all(driver.outcomes(command) for command in commands)


# -- Response codes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"[READ-WRITE] go", ResponseCode("READ-WRITE", b"")),
        (b"[read-write]", ResponseCode("READ-WRITE", b"")),
        (b"[UIDNEXT 0] x", ResponseCode("UIDNEXT", b"0")),
        (b"[UIDNEXT ] x", ResponseCode("UIDNEXT", b"")),
        (
            b"[PERMANENTFLAGS (\\Seen [test] \\*)] x",
            ResponseCode("PERMANENTFLAGS", b"(\\Seen [test] \\*)"),
        ),
        (b'[X "a]b"] y', ResponseCode("X", b'"a]b"')),
        (b'[X "a\\"]b"] y]', ResponseCode("X", b'"a\\"]b"')),
        (b"[X (a] y", ResponseCode("X", b"(a")),
        (b"[X )] y", ResponseCode("X", b")")),
        (b"[X", None),
        (b"", None),
        (b"text [X]", None),
        (b" [X]", None),
    ],
)
def test_a_response_code_ends_at_the_bracket_that_closes_it(
    text: bytes, code: ResponseCode | None
) -> None:
    assert response_code(text) == code


def test_an_open_response_code_is_told_from_none() -> None:
    assert end_of_response_code(b"[BADCHARSET ({5}") == -1
    assert end_of_response_code(b"no code") == -2


@given(st.lists(tokens, max_size=8).map(b"".join))
def test_the_end_of_a_response_code_is_a_bracket(text: bytes) -> None:
    end = end_of_response_code(text)
    assert end in (-1, -2) or text[end : end + 1] == b"]"


# -- FETCH responses, many at once -------------------------------------------------------------


def fetches(first: int, last: int) -> list[Frame]:
    return [b"* %d FETCH (UID %d FLAGS ())" % (n, 100 + n) for n in range(first, last + 1)]


def with_one(frame: Frame) -> list[Frame]:
    """Twenty, of which the eleventh is *frame*."""
    return [*fetches(1, 10), frame, *fetches(12, 20)]


@pytest.mark.parametrize("asks_in", [range, lambda *ends: frozenset(range(*ends))])
@pytest.mark.parametrize(
    ("frames", "numbers", "uids", "count"),
    [
        ([], None, None, 0),
        (fetches(1, 3), None, None, 3),
        (fetches(1, 20), None, None, 20),
        (fetches(1, 20), (1, 21), None, 20),
        (fetches(1, 20), (1, 20), None, 19),
        (fetches(1, 20), (2, 30), None, 0),
        (fetches(10, 30), (10, 31), None, 21),
        (fetches(10, 30), (10, 30), None, 20),
        (fetches(1, 20), None, (101, 121), 20),
        (fetches(1, 20), None, (101, 111), 10),
        (fetches(1, 3), None, (101, 103), 2),
        # What is no FETCH response, or of no number that IMAP has, or one without a UID.
        (with_one(b"* 11 EXISTS"), None, None, 10),
        (with_one(b"A1 OK 11 FETCH "), None, None, 10),
        (with_one(b"* %b FETCH (X)" % (b"9" * 5000)), (1, 21), None, 10),
        (with_one(b"* 11 FETCH (X)")[8:14], None, (101, 121), 2),
        ([b"A 11 FETCH (X)", *fetches(12, 30)], None, None, 0),
        ([*fetches(11, 30), b"* 31 fetch (X)"], None, None, 20),
        (with_one(b"* 1a FETCH (X)")[9:] * 4, None, None, 1),
        # Those that only together look like others.
        ([*fetches(11, 30), b"* 123 FETCH", b" * 5 FETCH (X)"], None, None, 20),
        ([*fetches(11, 30), b"* 31 FETCH ", b"* 5 FETCH ", b"* 32 FETCH"], None, None, 22),
        # What has to be looked at one by one.
        (with_one(b'* 11 FETCH (X "a FETCH b")'), (1, 21), None, 20),
        (with_one([b"* 11 FETCH (X {3}", b"a\nb", b" UID 111)"]), (1, 21), None, 20),
        ([b"* 1 FETCH (X" + b" y" * 40_000 + b")", *fetches(2, 20)], (1, 21), None, 20),
    ],
)
def test_fetch_responses_are_taken_together_as_far_as_they_were_asked_for(
    frames: list[Frame], numbers: Any, uids: Any, count: int, asks_in: Any
) -> None:
    asked = [asks_in(*ends) if ends else None for ends in (numbers, uids)]
    taken, data = fetch_data(frames, 0, *asked)
    assert taken == count
    responses = [parse(frame) for frame in frames[:count]]
    assert all(isinstance(response, Untagged) for response in responses)
    assert data == [item for response in responses for item in items_of(response[1])]
    behind = fetch_data([b"A1 OK", *frames], 1, *asked)
    assert behind == (taken, data)


#: Of FETCH responses, and of what is hard to tell from them when all are looked at together.
firsts = st.sampled_from(
    [b"* 11 FETCH (UID 111 X)", b"* 12 FETCH (X", b"* 13 FETCH (UID 113)", b"* 14 FETCH (UID 99)"]
    * 3
    + [b"* 5 FETCH (UID 105)", b"* 123 FETCH (UID 110)", b"* 15 FETCH ", b"* 15 FETCH UID 115 x"]
    + [b"* 6 FETCH ", b" * 16 FETCH X", b"* 12345 FETCH", b"16 FETCH ", b"", b"* ", b"* 17 FETCH"]
    + [
        b"* 18 FETCH * 19 FETCH ",
        b"* 1a FETCH X",
        b"*  1 FETCH X",
        b"A 18 FETCH X",
        b"* 18 fetch X",
    ]
)
some_frames: st.SearchStrategy[Frame] = st.one_of(
    firsts,
    firsts.map(lambda first: [first, b"a", b" UID 114)"]),
    firsts.map(lambda first: [first, b"a", b"", b"* 1 FETCH b", b")"]),
)


@given(
    st.one_of(
        st.lists(some_frames, max_size=40),
        st.builds(
            lambda frame, count, others: [frame] * count + others,
            some_frames,
            st.integers(15, 30),
            st.lists(some_frames, max_size=2),
        ),
    ),
    st.sampled_from([None, range(1, 20), range(11, 1000), frozenset({11, 12, 15})]),
    st.sampled_from([None, range(1, 120), range(111, 1000), frozenset({111, 113})]),
)
def test_together_they_give_what_they_give_one_by_one(
    frames: list[Frame], numbers: Any, uids: Any
) -> None:
    one_by_one = fetch_data([b"A1 OK", *frames], 1, numbers, uids)
    assert fetch_data(frames, 0, numbers, uids) == one_by_one


def test_uids_that_no_response_tells_are_those_that_were_asked_for() -> None:
    driver = Driver.selected()
    fetch = driver.submit("UID FETCH", "101:120", "FLAGS")
    driver.receive(b"".join(b"* %d FETCH (X)\r\n" % n for n in range(1, 21)))
    driver.complete(fetch)
    assert driver.result(fetch) == ("OK", [b"%d (X)" % n for n in range(1, 21)])


def test_a_long_response_is_not_copied_again_and_again() -> None:
    size = 1 << 20
    frames: list[Frame] = [b"* 1 FETCH (X " + b"x" * size + b")", *fetches(2, 20)]
    tracemalloc.start()
    try:
        taken, _ = fetch_data(frames, 0, range(1, 21))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert taken == 20
    assert peak < 2.5 * size


# -- In order ----------------------------------------------------------------------------------


def test_a_stream_of_responses_is_read_in_order() -> None:
    wire = b"* 1 EXISTS\r\n+ go\r\nA1 OK done\r\n"
    assert [parse(frame) for frame in frames_of([wire])] == [
        Untagged("EXISTS", b"1"),
        Continuation(b"go"),
        Tagged(b"A1", "OK", b"done"),
    ]


# -- A response code by itself -----------------------------------------------------------------


@pytest.mark.parametrize(
    "line", [b"[COPYUID 62 1 1]", b"[COPYUID 62 1:3 4:6] moved", b"[READ-WRITE]", b"[X-1 (] y)] z"]
)
def test_a_line_that_begins_with_a_response_code_is_an_ok(line: bytes) -> None:
    assert parse(line) == parse(b"* OK " + line) == Untagged("OK", line)


@pytest.mark.parametrize(
    "line", [b"[", b"[]", b"[COPYUID 1", b"[ X]", b"[1 X]", b"[a/b]", b"x [Y]"]
)
def test_a_line_without_one_is_none(line: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        parse(line)


def test_its_code_is_learnt() -> None:
    driver = Driver.selected()
    driver.receive(b"[COPYUID 62 1 1]\r\n[CAPABILITY IMAP4rev1 X]\r\n")
    assert driver.core.untagged["COPYUID"] == [b"62 1 1"]
    assert driver.core.capabilities == ("IMAP4REV1", "X")
