"""The parts of messages, from the values of BODY and BODYSTRUCTURE."""

from __future__ import annotations

import pickle
from random import Random
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2.parse import BodyPart, MessagePart, Multipart, ParseError, TextPart
from imaplib2.parse._body import body_structure
from imaplib2.parse._values import values

from ..core.test_linear import assert_linear
from .structures import Made, Writer, line_of, structures
from .writing import hostile


def read(text: bytes) -> BodyPart:
    return body_structure(values((text,))[0])


TEXT = b'("TEXT" "PLAIN" ("CHARSET" "UTF-8") NIL NIL "7BIT" 3 1)'
HTML = b'("TEXT" "HTML" NIL NIL NIL "7BIT" 3 1)'
IMAGE = b'("IMAGE" "PNG" ("NAME" "i.png") "<i@x>" NIL "BASE64" 9 NIL ("INLINE" NIL))'
FILE = b'("X" "Y" NIL NIL NIL "BASE64" 9 NIL ("ATTACHMENT" ("FILENAME" "=?utf-8?q?=C3=BC?=.y")))'
ENVELOPE = b'(NIL "Hello" NIL NIL NIL NIL NIL NIL NIL NIL)'


def message(body: bytes) -> bytes:
    return b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 99 ' + ENVELOPE + b" " + body + b" 7)"


def multipart(*parts: bytes) -> bytes:
    return b"(" + b"".join(parts) + b' "MIXED" ("BOUNDARY" "b"))'


#: The example of RFC 3501, section 6.4.5, and a message that is a message.
NESTED = multipart(
    TEXT,
    FILE,
    message(multipart(TEXT, FILE)),
    multipart(IMAGE, message(multipart(TEXT, multipart(TEXT, HTML)))),
)


@pytest.mark.parametrize(
    ("text", "sections"),
    [
        (TEXT, [("1", "HEADER")]),
        (multipart(TEXT), [("TEXT", "HEADER"), ("1", "1.MIME")]),
        (message(TEXT), [("1", "HEADER"), ("1.1", "1.HEADER")]),
        (message(message(TEXT)), [("1", "HEADER"), ("1.1", "1.HEADER"), ("1.1.1", "1.1.HEADER")]),
        (
            message(multipart(TEXT)),
            [("1", "HEADER"), ("1.TEXT", "1.HEADER"), ("1.1", "1.1.MIME")],
        ),
        (
            NESTED,
            [
                ("TEXT", "HEADER"),
                ("1", "1.MIME"),
                ("2", "2.MIME"),
                ("3", "3.MIME"),
                ("3.TEXT", "3.HEADER"),
                ("3.1", "3.1.MIME"),
                ("3.2", "3.2.MIME"),
                ("4", "4.MIME"),
                ("4.1", "4.1.MIME"),
                ("4.2", "4.2.MIME"),
                ("4.2.TEXT", "4.2.HEADER"),
                ("4.2.1", "4.2.1.MIME"),
                ("4.2.2", "4.2.2.MIME"),
                ("4.2.2.1", "4.2.2.1.MIME"),
                ("4.2.2.2", "4.2.2.2.MIME"),
            ],
        ),
        (
            multipart(*[TEXT] * 11),
            [("TEXT", "HEADER"), *[(f"{n}", f"{n}.MIME") for n in range(1, 12)]],
        ),
    ],
)  # fmt: skip
def test_sections_are_those_that_fetch_takes(text: bytes, sections: list[tuple[str, str]]) -> None:
    assert [(part.section, part.header_section) for part in read(text).walk()] == sections


def test_parts_are_of_their_kinds() -> None:
    found = read(NESTED)
    assert isinstance(found, Multipart)
    text, file, attached, _ = found.parts
    assert isinstance(text, TextPart)
    assert (text.charset, text.parts) == ("utf-8", ())
    assert type(file) is BodyPart
    assert file.charset is None
    assert isinstance(attached, MessagePart)
    assert attached.parts == (attached.body,)
    assert isinstance(attached.body, Multipart)
    assert attached.envelope is not None
    assert attached.envelope.subject == "Hello"


def test_a_text_without_a_charset_is_ascii() -> None:
    assert read(HTML).charset == "us-ascii"


def test_a_message_may_have_no_envelope() -> None:
    found = read(message(TEXT).replace(ENVELOPE, b"NIL"))
    assert isinstance(found, MessagePart)
    assert found.envelope is None


@pytest.mark.parametrize(
    ("content_type", "sections"),
    [
        ("text/plain", ["1", "3.1", "4.2.1", "4.2.2.1"]),
        ("Text/HTML", ["4.2.2.2"]),
        ("image/*", ["4.1"]),
        ("multipart/*", ["TEXT", "3.TEXT", "4", "4.2.TEXT", "4.2.2"]),
        ("*/html", ["4.2.2.2"]),
        ("text", []),
        ("text/", []),
        ("", []),
    ],
)
def test_parts_are_found_by_their_content_types(content_type: str, sections: list[str]) -> None:
    found = read(NESTED)
    assert [part.section for part in found.find_all(content_type)] == sections
    first = found.find(content_type)
    assert (first.section if first else None) == next(iter(sections), None)


def test_all_parts_are_found() -> None:
    assert [*read(NESTED).find_all("*/*")] == [*read(NESTED).walk()]


def test_attachments_are_found() -> None:
    found = read(multipart(TEXT, NESTED, message(FILE)))
    names = [(part.section, part.file_name) for part in found.attachments]
    assert names == [("2.2", "\xfc.y"), ("2.3.2", "\xfc.y"), ("2.4.1", "i.png"), ("3.1", "\xfc.y")]
    assert read(TEXT).attachments == ()
    assert read(FILE).attachments == (read(FILE),)


def test_what_is_in_an_attachment_is_none() -> None:
    attached = message(FILE)[:-1] + b' NIL ("ATTACHMENT" NIL))'
    assert [part.section for part in read(multipart(TEXT, attached)).attachments] == ["2"]


def test_a_file_name_may_be_that_of_the_content_type() -> None:
    name = b'("NAME*0*" "utf-8\'\'%C3" "NAME*1*" "%BC")'
    text = b'("X" "Y" ' + name + b' NIL NIL NIL 9 NIL ("INLINE" ("FILENAME" "")))'
    assert read(text).file_name == "\xfc"
    assert read(text.replace(b"%", b"")).is_attachment
    assert read(b'("X" "Y" ("NAME" ""))').file_name is None


def test_parts_are_equal_when_they_are_told_alike_in_the_same_place() -> None:
    first, second = read(multipart(TEXT, TEXT)).parts
    assert first != second
    assert first == read(multipart(TEXT, FILE)).parts[0]
    assert hash(first) == hash(read(multipart(TEXT, FILE)).parts[0])
    assert first != "1"
    other = message(TEXT).replace(b"Hello", b"Bye")
    assert read(message(TEXT)) != read(other)
    assert repr(first) == "<TextPart 1 text/plain>"


def test_parts_do_not_change() -> None:
    part = read(TEXT)
    with pytest.raises(AttributeError):
        part.size = 4  # type: ignore[misc]
    with pytest.raises(AttributeError):
        part.other = 4  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        part.parameters["charset"] = "x"  # type: ignore[index]


def test_parts_can_be_pickled() -> None:
    found = read(NESTED)
    copy = pickle.loads(pickle.dumps(found))
    assert copy == found
    assert [*map(repr, copy.walk())] == [*map(repr, found.walk())]


def test_a_string_is_no_structure() -> None:
    with pytest.raises(ParseError, match="fetch: BODY can't be read: b'x'"):
        body_structure(b"x", "fetch", "BODY")


def test_what_cannot_be_read_in_a_message_does_not_hide_the_rest() -> None:
    found = read(message(TEXT).replace(b'"Hello"', b"(1)"))
    assert isinstance(found, MessagePart)
    assert found.body.size == 3
    with pytest.raises(ParseError):
        _ = found.envelope


# -- Properties ------------------------------------------------------------------------------------


def check(made: Made, found: BodyPart) -> None:
    """That *found* tells what was *made*."""
    facts = made.facts
    assert {name: getattr(found, name) for name in facts} == facts
    assert len(found.parts) == len(made.parts)
    for inner, part in zip(made.parts, found.parts, strict=True):
        check(inner, part)


@given(structures, st.randoms(use_true_random=True))
def test_what_is_written_is_read(made: Made, random: Random) -> None:
    line = line_of(Writer(random).part(made))
    check(made, body_structure(values(line)[0]))


def everything(found: BodyPart) -> list[Any]:
    """All that can be asked of a structure."""
    names = [name for name in dir(BodyPart) if not name.startswith("_")]
    told = [[getattr(part, name) for name in names] for part in found.walk()]
    return [told, repr(found), hash(found), [*found.find_all("text/*")]]


tangled: Any = st.recursive(
    st.none() | st.sampled_from([b"TEXT", b"MESSAGE", b"MULTIPART", b"PLAIN", b"", b"12", b"-1"]),
    lambda inner: st.lists(inner, max_size=14),
    max_leaves=40,
)


@given(st.lists(tangled, max_size=14))
def test_whatever_comes_is_a_structure(value: list[Any]) -> None:
    everything(body_structure(value))
    everything(body_structure([b"message", b"rfc822", None, None, None, None, None, *value]))
    pickle.dumps(body_structure(value))


@given(hostile)
def test_whatever_is_sent_is_a_structure(data: list[Any]) -> None:
    pieces = [piece for item in data for piece in (item if isinstance(item, tuple) else (item,))]
    everything(body_structure(values((b"(" + pieces[0], *pieces[1:]))[0]))


@pytest.mark.parametrize(
    ("begin", "piece", "end"),
    [
        (b"(", TEXT, b' "MIXED")'),
        (b"(", b"()", b' "MIXED")'),
        (b"(", b"NIL ", TEXT + b")"),
        (b'("TEXT" "PLAIN" (', b'"A" "B" ', b"))"),
        (b'("TEXT" "PLAIN" NIL NIL NIL NIL 1 1 ', b"NIL ", b")"),
        (b'("TEXT" "PLAIN" NIL NIL NIL NIL 1 1 NIL NIL (', b'"en" ', b"))"),
    ],
)
def test_it_takes_linear_time(begin: bytes, piece: bytes, end: bytes) -> None:
    def work(size: int) -> None:
        everything(read(begin + piece * size + end))

    assert_linear(work, 100)


def test_the_deepest_that_values_may_be_is_read() -> None:
    text = TEXT
    for _ in range(24):
        text = message(text) if text.startswith(b'("') else multipart(text)
    for _ in range(20):
        text = multipart(text)
    assert len([*read(text).walk()]) > 40
