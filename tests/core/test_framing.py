"""The stream of the server is split into whole responses, however its bytes arrive."""

from __future__ import annotations

import contextlib
import random
import sys
import tracemalloc
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol.framing import Frame, Framer
from imaplib2._protocol.limits import Limits, ProtocolViolation

from .helpers import chunks, frames_of, random_chunks


class GeneralFramer(Framer):
    """A framer without its fast paths."""

    def _split_run(self, found: list[Frame]) -> None:
        """Leave it to the general path."""

    def frames_of(self, data: bytes | bytearray | memoryview, *, single: bool) -> list[Frame]:
        self.feed(data)
        return self.frames(single=single)


# -- Streams, made together with the frames that they consist of ------------------------------

Response = tuple[bytes, Frame]  # on the wire, and framed

atoms = st.sampled_from(
    [b"FLAGS", b"(\\Seen)", b"NIL", b"BODY[1]<0>", b"()", b"{5}x", b"{", b"3}", b"a\rb"]
)
in_quotes = st.sampled_from([b"a", b" ", b"{5}", b'\\"', b"\\\\", b"(", b")", b"}", b"{3"])
quoted = st.lists(in_quotes, max_size=5).map(lambda parts: b'"' + b"".join(parts) + b'"')
# With line ends, that is: as sent, and unfolded.
folds = st.sampled_from(
    [
        (b"a\r\n b", b"a b"),
        (b"a\n\tb", b"a\tb"),
        (b"a\r\nb", b"a b"),
        (b"a\r\n * OK", b"a * OK"),
        (b"a\r\n\r\nb", b"a  b"),
        (b"a\r\n*b", b"a *b"),
        (b"a\r\n)a", b"a )a"),
    ]
)
folded = st.lists(st.one_of(folds, in_quotes.map(lambda part: (part, part))), max_size=5).map(
    lambda parts: tuple(
        b'"' + b"".join(side) + b'"' for side in zip((b"", b""), *parts, strict=True)
    )
)
contents = st.one_of(
    st.sampled_from([b"", b"\r\n", b"A1 OK\r\n", b")\r\n", b"{5}\r\n", b'"(', b"a\nb\rc"]),
    st.binary(max_size=40),
)
announcements = st.sampled_from([b"{%d}", b"{%d+}", b"~{%d}"])
line_ends = st.sampled_from([b"\r\n", b"\r\n", b"\n"])


@st.composite
def data_responses(draw: st.DrawFn) -> Response:
    """``* 1 FETCH (...)`` with strings of all forms, some with a line end too many before ")"."""
    wire, pieces = b"* 1 FETCH (X", [b"* 1 FETCH (X"]
    for _ in range(draw(st.integers(0, 6))):
        pieces[-1] += b" "
        wire += b" "
        if draw(st.booleans()):
            token = draw(st.one_of(atoms, quoted).map(lambda token: (token, token)) | folded)
            wire += token[0]
            pieces[-1] += token[1]
            continue
        content = draw(contents)
        announced = draw(announcements) % len(content)
        wire += announced + draw(line_ends) + content
        pieces[-1] += announced
        pieces += [content, b""]
    if len(pieces) > 1 and draw(st.booleans()):
        wire += draw(line_ends)
    pieces[-1] += b")"
    return wire + b")" + draw(line_ends), pieces if len(pieces) > 1 else pieces[0]


@st.composite
def status_responses(draw: st.DrawFn) -> Response:
    """Text that may look like the announcement of a literal, and codes that may hold one."""
    head = draw(st.sampled_from([b"* OK", b"* no", b"* BYE", b"A1 OK", b"A2 BAD", b"* PREAUTH"]))
    text = draw(st.sampled_from([b"", b" done", b" {5}", b" say {5}", b" (see ~{12}", b" a)"]))
    code = draw(st.sampled_from([b"", b" [ALERT]", b" [PERMANENTFLAGS (\\Seen [x] \\*)]", None]))
    end = draw(line_ends)
    if code is not None:
        return head + code + text + end, head + code + text
    content = draw(contents)
    pieces = [head + b" [BADCHARSET (%b" % (draw(announcements) % len(content)), content]
    tail = b")]" + text.replace(b"(", b"")
    return pieces[0] + draw(line_ends) + content + tail + end, [*pieces, tail]


other_responses = st.tuples(
    st.sampled_from(
        [b"+ go ahead {5}", b"+", b"* 23 EXISTS", b"* SEARCH", b'* LIST () "/" a{3}', b"* X \xff"]
    ),
    line_ends,
).map(lambda parts: (parts[0] + parts[1], parts[0]))

streams: st.SearchStrategy[tuple[bytes, list[Frame]]] = st.lists(
    st.one_of(data_responses(), status_responses(), other_responses), max_size=6
).map(lambda found: (b"".join(wire for wire, _ in found), [frame for _, frame in found]))


@given(streams, st.randoms(use_true_random=False))
def test_a_stream_gives_the_same_frames_however_it_is_cut(
    stream: tuple[bytes, list[Frame]], choose: random.Random
) -> None:
    wire, frames = stream
    assert frames_of([wire]) == frames
    assert frames_of(chunks(wire, 1)) == frames
    assert frames_of(random_chunks(wire, choose)) == frames


@given(streams, st.randoms(use_true_random=False))
def test_a_stream_gives_the_same_frames_one_by_one(
    stream: tuple[bytes, list[Frame]], choose: random.Random
) -> None:
    wire, frames = stream
    assert frames_of([wire], single=True) == frames
    assert frames_of(random_chunks(wire, choose), single=True) == frames


@given(streams, st.sampled_from([b"* 1 EXI", b"A1 OK", b"* 1 FETCH (X {3", b"\r", b"+"]))
def test_an_unfinished_response_is_kept_back_and_can_be_taken_back(
    stream: tuple[bytes, list[Frame]], rest: bytes
) -> None:
    wire, frames = stream
    framer = Framer()
    framer.feed(wire + rest)
    assert framer.frames() == frames
    assert framer.frames() == []
    assert framer.unread() == rest
    assert framer.unread() == b""


lines = st.lists(
    st.tuples(
        st.sampled_from([b"* 1 EXISTS", b"", b"A1 OK }", b"* OK x {3}", b"a\rb", b"* X }", b"\r"]),
        line_ends,
    ).map(b"".join),
    max_size=8,
).map(b"".join)


@st.composite
def fetches(draw: st.DrawFn) -> bytes:
    """FETCH responses such as servers send by the thousand, and some that aren't quite so."""
    wire = b""
    for _ in range(draw(st.integers(0, 8))):
        content = draw(contents)
        wire += draw(st.sampled_from([b"* 1 FETCH (X {%d}", b"* 1 (", b"* 12 Y {%d} Z {%d}", b")"]))
        wire = wire.replace(b"%d", b"%d" % len(content)) + b"\r\n" + content
        wire += draw(st.sampled_from([b")", b"", b" {2}\r\nab)", b" Y {0}", b"))", b" \r)"]))
        wire += draw(st.sampled_from([b"\r\n"] * 8 + [b"\r\n\r\n", b"\n", b"\r\n)\r\n"]))
    return wire


@st.composite
def mailboxes(draw: st.DrawFn) -> bytes:
    """FETCH responses of which some have literals, and between which something may be unusual."""
    usual = ['* 12 FETCH (X "a" Y)', "* 3 FETCH (FLAGS ())", "* 1 FETCH (X {%d}%s)"]
    more = ["* 7 FETCH (X {%d}%s {%d}%s Y)", '* 1 FETCH (X ~{%d}%s "b")', "* 23 EXISTS"]
    odd = ["* 4 FETCH (X {a} Y)", '* 4 FETCH (X "{1}")', "A1 OK {1}", "* OK {1}", "* x {%d}%s", ""]
    odder = [
        "* 5 FETCH (X{%d}%s Y}",
        '* 6 FETCH (X "a',
        ' b")',
        "* 1 FETCH (X {%d}%s {a}",
        ")",
        "*",
    ]
    kinds = draw(st.sampled_from([usual, usual + more, usual * 4 + more + odd + odder]))
    ends = draw(st.sampled_from([[b"\r\n"], [b"\r\n"] * 15 + [b"\n", b"\r\r\n", b"\r\n\r\n"]]))
    content = st.one_of(
        contents, st.just(b"* 9 FETCH (X {1}\r\na"), st.just(b"* 9 FETCH (X)\r\n* ")
    )
    wire = b""
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=12)):
        line = kind.encode()
        while b"%d" in line:
            literal = draw(content)
            line = line.replace(b"%d", b"%d" % len(literal), 1)
            line = line.replace(b"%s", b"\r\n" + literal.replace(b"%", b"_"), 1)
        wire += line + draw(st.sampled_from(ends))
    return wire


#: What line ends within quoted strings, or almost, are made of.
scraps = st.lists(
    st.one_of(
        st.sampled_from(
            [b'"', b"\r\n", b"\r\n ", b"\n", b"(", b")", b"*", b"* ", b" ", b"\\", b"b"]
        ),
        st.sampled_from([b"* 1 FETCH (X ", b"* 1 FETCH (X {1}\r\na", b" {1}\r\na"]),
        st.sampled_from([b"+", b"A1 OK", b"DONE NO"]),
    ),
    max_size=25,
).map(b"".join)

limits = st.one_of(
    st.just(Limits()),
    st.builds(
        Limits,
        line=st.integers(10, 60),
        literal=st.integers(0, 20),
        literals=st.integers(0, 3),
    ),
)


@given(
    st.one_of(lines, streams.map(lambda stream: stream[0]), fetches(), mailboxes(), scraps),
    st.randoms(use_true_random=False),
    limits,
)
def test_the_fast_paths_give_what_the_general_one_gives(
    wire: bytes, choose: random.Random, limits: Limits
) -> None:
    for portions in ([wire], random_chunks(wire, choose)):
        assert framed(Framer(limits), portions) == framed(GeneralFramer(limits), portions)


BEFORE_RUN = b"* 1 FETCH (X {1}\r\na)\r\n"
BEHIND_RUN = b"* 8 FETCH (X {1}\r\na)\r\n* 9 EXISTS\r\n"


@pytest.mark.parametrize(
    "wire",
    [
        b"* 2 X\r\n* 3 Y\nZ\r\n",
        b"* 2 X\n* 3 Y\r\n",
        b"* 2 X\r\nA1 OK\r\n",
        b"* 2 X\r\n* OK {1}\r\n",
        b"* 2 X\r\n* LIST () NIL {1}\r\na\r\n",
        b"* 2 X\r\n* 3 Y{1}\r\n",
        b"* 2 X\r\n* 3 Y {1+}\r\na\r\n",
        b"* 3 Y{1}\r\n",
        b"* 3 Y ~{1}\r\na\r\n",
        b"* 3 Y ({1}\r\na {x}\r\n",
        b"* 3 Y ({1}\r\na)\r\n\r\n",
        b'* 3 FETCH ({1}\r\na "b\r\n* 4 FETCH (X)\r\n',
        b'* 3 FETCH ({1}\r\na "b\r\n c")\r\n* 4 FETCH (X)\r\n',
        b'* 2 FETCH (X "a\r\n b")\r\n* 4 FETCH (X)\r\n',
        b'* 2 FETCH (X "a\r\n* 4 FETCH (X "b\r\n* 5 FETCH (X)\r\n',
        b"* 2 FETCH (X {13}\r\n* 3 X {1}\r\nab {1}\r\na)\r\n",
        b"* 2 X" + b"x" * 60 + b"\r\n* 3 X\r\n",
        b"* 2 FETCH (X {25}\r\n" + b"a" * 25 + b")\r\n",
        b"* 2 FETCH (X {0}\r\n {0}\r\n {0}\r\n)\r\n",
        b"* 2 FETCH (" + b"x" * 30 + b" {1}\r\na " + b"x" * 30 + b")\r\n",
    ],
)
@pytest.mark.parametrize(
    "limits", [Limits(), Limits(line=50, literal=20), Limits(literals=2), Limits(literals=0)]
)
def test_what_is_unusual_within_a_run_is_framed_like_anything_else(
    wire: bytes, limits: Limits
) -> None:
    for whole in (
        BEFORE_RUN + wire + BEHIND_RUN,
        wire + BEHIND_RUN,
        wire,
        BEHIND_RUN * 3 + wire + BEHIND_RUN,
    ):
        assert framed(Framer(limits), [whole]) == framed(GeneralFramer(limits), [whole])


def framed(framer: Framer, portions: list[bytes]) -> tuple[list[Frame], str]:
    """The responses, and the violation behind them."""
    found: list[Frame] = []
    try:
        for portion in portions:
            frames = framer.frames_of(portion, single=False)
            while frames:
                found += frames
                frames = framer.frames()
    except ProtocolViolation as violation:
        return found, str(violation)
    return found, ""


@given(streams, st.integers(0, 500))
def test_a_literal_may_be_received_elsewhere(stream: tuple[bytes, list[Frame]], at: int) -> None:
    wire, frames = stream
    framer = Framer()
    framer.feed(wire[:at])
    found = framer.frames()
    rest = wire[at:]
    if missing := framer.missing:
        framer.complete_literal(framer.begun_literal() + rest[:missing])
        rest = rest[missing:]
    framer.feed(rest)
    assert found + framer.frames() == frames


@given(st.binary(max_size=200) | scraps, st.randoms(use_true_random=False))
def test_garbage_is_cut_the_same_way_however_it_arrives(data: bytes, choose: random.Random) -> None:
    assert frames_of(random_chunks(data, choose)) == frames_of([data])


@given(scraps, st.randoms(use_true_random=False), limits)
def test_so_it_is_with_limits_and_one_by_one(
    data: bytes, choose: random.Random, limits: Limits
) -> None:
    whole = framed(Framer(limits), [data])
    for portions in (random_chunks(data, choose), chunks(data, 1)):
        frames, violation = framed(Framer(limits), portions)
        assert (frames, bool(violation)) == (whole[0], bool(whole[1]))
    framer = Framer(limits)
    framer.feed(data)
    found: list[Frame] = []
    with contextlib.suppress(ProtocolViolation):
        while frames := framer.frames(single=True):
            found += frames
    assert found == whole[0]


@pytest.mark.parametrize("buffer", [bytes, bytearray, memoryview])
def test_any_buffer_is_taken_and_may_be_used_again(
    buffer: Callable[[bytearray], memoryview],
) -> None:
    framer = Framer()
    found: list[Frame] = []
    for portion in (b"* 1 FETCH (X {5}\r\nhe", b"ll", b"o Y)\r\n* 1 EX", b"ISTS\r\n"):
        data = bytearray(portion)
        framer.feed(buffer(data))
        data[:] = bytes(len(data))
        found += framer.frames()
    assert found == [[b"* 1 FETCH (X {5}", b"hello", b" Y)"], b"* 1 EXISTS"]
    assert [type(part) for part in found[0]] == [bytes] * 3


# -- Single responses --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wire", "frame"),
    [
        (b"* 1 FETCH (X {0}\r\n)\r\n", [b"* 1 FETCH (X {0}", b"", b")"]),
        (b"* 1 FETCH (X {3+}\r\nabc)\r\n", [b"* 1 FETCH (X {3+}", b"abc", b")"]),
        (b"* 1 FETCH (X ~{3}\r\na\0c)\r\n", [b"* 1 FETCH (X ~{3}", b"a\0c", b")"]),
        (b"* 1 FETCH (BODY[]{3}\r\nabc)\r\n", [b"* 1 FETCH (BODY[]{3}", b"abc", b")"]),
        (b"* LIST () NIL {3}\r\nabc\r\n", [b"* LIST () NIL {3}", b"abc", b""]),
        (b"* 1 FETCH (X {3}\nabc)\n", [b"* 1 FETCH (X {3}", b"abc", b")"]),
        (b"* 1 FETCH (X {1}\r\na\r\n)\r\n", [b"* 1 FETCH (X {1}", b"a", b")"]),
        (b"* 1 FETCH (X {1}\r\na\r\n\r\n)\r\n", [b"* 1 FETCH (X {1}", b"a", b")"]),
        (b"* 1 FETCH (X {1}\r\na Y\r\n)\r\n", [b"* 1 FETCH (X {1}", b"a", b" Y)"]),
        (b'* 1 FETCH (X ":)" Y {1}\r\na\r\n)\r\n', [b'* 1 FETCH (X ":)" Y {1}', b"a", b")"]),
        (b'* 1 FETCH (X ":(" Y {1}\r\na)\r\n', [b'* 1 FETCH (X ":(" Y {1}', b"a", b")"]),
        (b'* LIST () "/" a{3}\r\n', b'* LIST () "/" a{3}'),
        (b'* LIST () "/" "{3}"\r\n', b'* LIST () "/" "{3}"'),
        (b"* OK bye {5}\r\n", b"* OK bye {5}"),
        (b"* ok [ALERT] {5}\r\n", b"* ok [ALERT] {5}"),
        (b"A1 NO {5}\r\n", b"A1 NO {5}"),
        (b"*  BYE see {5}\r\n", b"*  BYE see {5}"),
        (b"+ {5}\r\n", b"+ {5}"),
        (b"A1 OK\r\n", b"A1 OK"),
        (b"\r\n", b""),
        (b"* X a\rb\r\n", b"* X a\rb"),
        (b"* X a\r\r\n", b"* X a\r"),
        (b"A1 NO [X {3}\r\nabc] sorry :-(\r\n", [b"A1 NO [X {3}", b"abc", b"] sorry :-("]),
        (b"* OK [X {3}\r\nabc] sorry :-(\r\n", [b"* OK [X {3}", b"abc", b"] sorry :-("]),
    ],
)
def test_a_response_is_framed_as_soon_as_its_last_byte_is_there(wire: bytes, frame: Frame) -> None:
    framer = Framer()
    framer.feed(wire[:-1])
    assert framer.frames() == []
    framer.feed(wire[-1:])
    assert framer.frames() == [frame]


def test_a_response_that_lacks_its_parenthesis_ends_where_the_next_begins() -> None:
    wire = b"* 1 FETCH (X {1}\r\na\r\n FLAGS ())\r\n* 2 FETCH (X {1}\r\nb\r\nA1 OK\r\n"
    assert frames_of([wire]) == [
        [b"* 1 FETCH (X {1}", b"a", b""],
        b" FLAGS ())",
        [b"* 2 FETCH (X {1}", b"b", b""],
        b"A1 OK",
    ]


@pytest.mark.parametrize("chunk", [1, 1 << 30])
def test_of_a_response_that_lacks_its_parenthesis_a_line_behind_a_lone_cr_is_no_part(
    chunk: int,
) -> None:
    wire = b"* 1 FETCH (X {1}\r\na\r\n\rA1 OK\r\n* 2 EXISTS\r\n"
    expected = [[b"* 1 FETCH (X {1}", b"a", b""], b"\rA1 OK", b"* 2 EXISTS"]
    assert frames_of(chunks(wire, chunk)) == expected


def test_a_response_takes_in_few_lines_that_lack_their_literal() -> None:
    for line in (b")((", b""):
        first, *rest = frames_of([b"* 1 FETCH (X {0}\r\n", (line + b"\r\n") * 60])
        assert first[:2] == [b"* 1 FETCH (X {0}", b""]
        assert len(first) == 3
        assert rest == [line] * len(rest)
        assert len(rest) > 50


FOLDED = b'* 1 FETCH (ENVELOPE ("date" "a'


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (b'\r\n subject"))', b' subject"))'),
        (b'\r\n\tsubject"))', b'\tsubject"))'),
        (b'\r\nsubject"))', b' subject"))'),
        (b'\n subject"))', b' subject"))'),
        (b'\r\n of\r\n three"))', b' of three"))'),
        (b'\r\n)"))', b' )"))'),
        (b'\r\n\\"x"))', b' \\"x"))'),
        (b' (1)\r\n b"))', b' (1) b"))'),
        (b'\r\n b" "c\r\n d"))', b' b" "c d"))'),
        (b'\r\nA1 OKAY"))', b' A1 OKAY"))'),
        (b'\r\nRe: OK then"))', b' Re: OK then"))'),
        (b'\r\n[list] b"))', b' [list] b"))'),
        (b'\r\n*b"))', b' *b"))'),
        (b'\r\n A1 OK"))', b' A1 OK"))'),
    ],
)
@pytest.mark.parametrize("chunk", [1, 1 << 30])
def test_a_line_end_within_a_quoted_string_is_unfolded(
    more: bytes, text: bytes, chunk: int
) -> None:
    wire = FOLDED + more + b"\r\n"
    framer = Framer()
    framer.feed(wire[:-1])
    assert framer.frames() == []
    framer.feed(wire[-1:])
    assert framer.frames() == [FOLDED + text]  # nothing more has to come
    assert frames_of(chunks(wire * 3, chunk)) == [FOLDED + text] * 3


@pytest.mark.parametrize("before", [b"", b"* 1 FETCH (X {1}\r\na)\r\n"])
def test_a_line_end_within_a_quoted_string_may_be_the_end_of_what_has_come(before: bytes) -> None:
    framer = Framer()
    found = framer.frames_of(before + FOLDED + b"\r\n", single=False)
    assert len(found) == before.count(b"FETCH")
    assert framer.frames_of(b' b"))\r\n', single=False) == [FOLDED + b' b"))']


def test_a_quoted_string_behind_a_literal_may_be_folded_too() -> None:
    wire = b'* 1 FETCH (BODY[1] {3}\r\nabc X "a\r\n b")\r\n* 1 EXISTS\r\n'
    assert frames_of([wire]) == [[b"* 1 FETCH (BODY[1] {3}", b"abc", b' X "a b")'], b"* 1 EXISTS"]


def test_such_a_line_may_announce_a_literal_or_stand_behind_one() -> None:
    wire = FOLDED + b'\r\n b") BODY[1] {3}\r\na"b X "c\r\n d" BODY[2] {1}\r\n")\r\n* 1 EXISTS\r\n'
    expected = [
        [FOLDED + b' b") BODY[1] {3}', b'a"b', b' X "c d" BODY[2] {1}', b'"', b")"],
        b"* 1 EXISTS",
    ]
    assert frames_of([wire]) == frames_of(chunks(wire, 1)) == expected


@pytest.mark.parametrize(
    "line",
    [b"* 2 EXISTS", b"* x", b"+ go", b"+", b"A12 OK", b"A12 no x", b"a1  BAD x", b"DONE BAD what?"],
)
@pytest.mark.parametrize("chunk", [1, 1 << 30])
def test_a_line_that_begins_like_a_response_is_one(line: bytes, chunk: int) -> None:
    wire = FOLDED + b"\r\n" + line + b"\r\nA1 OK\r\n"
    assert frames_of(chunks(wire, chunk)) == [FOLDED, line, b"A1 OK"]


@pytest.mark.parametrize(
    "line",
    [
        b'* 1 FETCH (ENVELOPE ("date" "an 8" floppy" NIL))',  # complete, but for an escape
        b'* 1 FETCH (X "" Y "(\\"" FLAGS ())',
        b'* LIST () "\\" INBOX',
        b'* OK it is 8" wide',
        b'* ID ("name" "x',
        b'A1 OK 8"',
        b'+ 8"',
    ],
)
def test_a_response_that_is_complete_is_not_held_back(line: bytes) -> None:
    for framer in (Framer(), GeneralFramer()):
        assert framer.frames_of(line + b"\r\n", single=False) == [line]
        framer.feed(b"* 1 EXISTS\r\n" + line + b"\r\n")
        assert framer.frames() == [b"* 1 EXISTS", line]


def test_a_response_takes_in_a_hundred_lines_for_a_quoted_string() -> None:
    first, *rest = frames_of([FOLDED + b"\r\n", b" b\r\n" * 300])
    assert first == FOLDED + b" b" * 100
    assert rest == [b" b"] * 200


def test_single_gives_one_frame_even_when_it_was_finished_by_the_next() -> None:
    wire = b"* 1 FETCH (X {1}\r\na\r\nA1 OK\r\n* 2 EXISTS\r\n"
    expected = [[b"* 1 FETCH (X {1}", b"a", b""], b"A1 OK", b"* 2 EXISTS"]
    assert frames_of([wire], single=True) == expected


def test_what_is_behind_a_single_frame_can_be_taken_back() -> None:
    framer = Framer()
    framer.feed(b"A1 OK go\r\n* injected\r\n\x16\x03")
    assert framer.frames(single=True) == [b"A1 OK go"]
    assert framer.unread() == b"* injected\r\n\x16\x03"
    framer.feed(b"* 1 EXISTS\r\n")
    assert framer.frames() == [b"* 1 EXISTS"]


# -- Limits ------------------------------------------------------------------------------------

BEFORE = b"* 1 EXISTS\r\n* 1 FETCH (X {2}\r\nab)\r\n"
FRAMES_BEFORE = [b"* 1 EXISTS", [b"* 1 FETCH (X {2}", b"ab", b")"]]

too_long = pytest.mark.parametrize(
    ("wire", "what"),
    [
        (b"* SEARCH " + b"1 " * 60 + b"\r\n", "got more than 100 bytes"),
        (b"* SEARCH " + b"1 " * 60, "got more than 100 bytes"),
        (b"* X " + b"(a {1}\r\nb)" * 15 + b"\r\n", "got more than 100 bytes"),
        (b"* 1 FETCH (X {51}\r\n", "literal of 51 bytes"),
        (b"* 1 FETCH (X {4294967296}\r\n", "literal of 4294967296 bytes"),
        (b"* 1 FETCH (X {%b}\r\n" % (b"9" * 30), "literal of [0-9]+ bytes"),
        (b"* X" + b" {0}\r\n" * 15, "more than 14 literals in a response"),
    ],
)


@too_long
@pytest.mark.parametrize("size", [1, 7, 50, 1000])
def test_a_limit_is_a_violation_behind_all_earlier_responses(
    wire: bytes, what: str, size: int
) -> None:
    framer = Framer(Limits(line=100, literal=50, literals=14))
    found: list[Frame] = []
    portions = iter(chunks(BEFORE + wire, size))
    with pytest.raises(ProtocolViolation, match=what):
        feed_until_violation(framer, portions, found)
    assert found == FRAMES_BEFORE
    with pytest.raises(ProtocolViolation, match=what):
        framer.frames()


def feed_until_violation(framer: Framer, portions: Iterable[bytes], found: list[Frame]) -> None:
    """Feed all *portions*; like a reader, ask again until there is nothing more."""
    for portion in portions:
        framer.feed(portion)
        while frames := framer.frames():
            found += frames


def test_a_response_at_the_limits_is_taken() -> None:
    line = b"* SEARCH" + b" 1" * 45
    literal = [b"* 1 FETCH (X {50}", bytes(50), b")"]
    wire = line + b"\r\n" + b"".join([literal[0], b"\r\n", *literal[1:], b"\r\n"])
    for size in (1, 1000):
        assert frames_of(chunks(wire, size), Limits(line=100, literal=50)) == [line, literal]


@pytest.mark.parametrize("line", [b"A1 OK", b"\rA1 OK"])
def test_a_line_pushed_back_is_taken_back_once(line: bytes) -> None:
    framer = Framer()
    framer.feed(b"* 1 FETCH (X {1}\r\na\r\n" + line + b"\r\n* 2")
    assert framer.frames(single=True) == [[b"* 1 FETCH (X {1}", b"a", b""]]
    assert framer.unread() == line + b"\r\n* 2"
    assert framer.unread() == b""
    assert framer.frames() == []


def test_limits_may_be_changed_at_any_time() -> None:
    limits = Limits()
    framer = Framer(limits)
    framer.feed(b"* 1 EXISTS\r\n")
    assert framer.frames() == [b"* 1 EXISTS"]
    limits.literal = 2
    framer.feed(b"* 1 FETCH (X {3}\r\n")
    with pytest.raises(ProtocolViolation, match="literal of 3 bytes"):
        framer.frames()


def test_the_text_of_a_violation_is_short() -> None:
    framer = Framer(Limits(line=10))
    framer.feed(b"x" * 100_000)
    with pytest.raises(ProtocolViolation) as caught:
        framer.frames()
    assert len(str(caught.value)) < 400


# -- Costs -------------------------------------------------------------------------------------


def peak_memory(action: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_an_announced_literal_costs_nothing() -> None:
    assert peak_memory(lambda: frames_of([b"* 1 FETCH (X {4294967295}\r\nab"])) < 100_000


def test_a_large_literal_costs_little_more_than_its_size() -> None:
    size, portion = 16 << 20, bytes(64 << 10)

    def receive() -> None:
        framer = Framer()
        framer.feed(b"* 1 FETCH (X {%d}\r\n" % size)
        for _ in range(size // len(portion)):
            assert framer.frames() == []
            framer.feed(portion)
        framer.feed(b")\r\n")
        (frame,) = framer.frames()
        assert len(frame[1]) == size  # type: ignore[arg-type]

    assert peak_memory(receive) < 1.2 * size


def long_line(size: int) -> bytes:
    return b"* SEARCH" + b" 1" * (size // 2) + b"\r\n"


def long_literal(size: int) -> bytes:
    return b"* 1 FETCH (X {%d}\r\n%b)\r\n" % (size, bytes(size))


def many_literals(size: int) -> bytes:
    return b"* 1 FETCH (X" + b" {2}\r\nab" * (size // 8) + b")\r\n"


def many_responses(size: int) -> bytes:
    return b"* 1 FETCH (X {1}\r\na)\r\n* 1 EXISTS }\r\n" * (size // 38)


def many_literals_and_lines(size: int) -> bytes:
    return b"* 1 FETCH (X {1}\r\na)\r\n* 1 FETCH (X)\r\n* 1 FETCH (X {a})\r\n" * (size // 57)


def many_unusual_literals(size: int) -> bytes:
    return b"* 1 FETCH (X {1}\r\na)\r\n\r\n* 1 FETCH (X)\r\n" * (size // 40)


def many_line_feeds(size: int) -> bytes:
    return b"* 1 EXISTS\n" * (size // 11)


def many_folds(size: int) -> bytes:
    return b'* 1 FETCH (X "a\r\n b")\r\n* 1 EXISTS\r\n' * (size // 37)


@pytest.mark.parametrize("portion", [1 << 8, 1 << 30], ids=["in portions", "whole"])
@pytest.mark.parametrize(
    "stream",
    [
        long_line,
        long_literal,
        many_literals,
        many_responses,
        many_literals_and_lines,
        many_unusual_literals,
        many_line_feeds,
        many_folds,
    ],
)
def test_work_grows_with_the_size_and_not_with_its_square(
    stream: Callable[[int], bytes], portion: int
) -> None:
    size, factor = 1 << 13, 8
    small, large = (calls_for(chunks(stream(n), portion)) for n in (size, size * factor))
    assert large < 2 * factor * small


def calls_for(portions: list[bytes]) -> int:
    """How many functions, those written in C included, framing *portions* calls."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        frames_of(portions)
    finally:
        sys.setprofile(None)
    return calls
