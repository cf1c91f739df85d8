"""Body structures as most servers write them."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from imaplib2.parse._body import body_structure
from imaplib2.parse._usual_body import usual_body
from imaplib2.parse._values import DEPTH, values

from ..core.test_linear import assert_linear
from .structures import Made, Writer, line_of, usual

TEXT = b'("TEXT" "PLAIN" ("CHARSET" "UTF-8") NIL NIL "7BIT" 3 1 NIL NIL NIL NIL)'
FILE = b'("X" "Y" NIL "<a>" "D" "BASE64" 9 "m" ("ATTACHMENT" ("FILENAME" "a b")) ("en" "de") "l")'

USUAL = [
    TEXT,
    FILE,
    b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1)',
    b'("IMAGE" "PNG" NIL NIL NIL "" 3)',
    b'("" "" NIL NIL NIL "7BIT" 3 1 NIL ("" NIL) "en")',
    b"(" + TEXT + FILE + b' "MIXED" ("BOUNDARY" "b") NIL NIL NIL)',
    b"(" + TEXT + b' "MIXED")',
    b"((" + TEXT + FILE + b' "ALTERNATIVE" NIL ("INLINE" NIL))' + FILE + b' "MIXED" NIL)',
    # What has to be decoded, unfolded, or read with the others of its kind.
    b'("TEXT" "PLAIN" ("NAME" "=?utf-8?q?=C3=BC?=" "B" "c") NIL "=?utf-8?q?=C3=BC?=" "7BIT" 3 1)',
    b'("TEXT" "PLAIN" ("NAME*0*" "utf-8\'\'%C3" "NAME*1*" "%BC") NIL NIL "7BIT" 3 1)',
    b'("TEXT" "PLAIN" ("NAME" "a\r\n b") NIL NIL "7BIT" 3 1)',
    b'("TEXT" "PLAIN" ("NAME" "\xc3\xbc" "name" "b") "\xff" NIL "7BIT" 3 1)',
    b'("TEXT" "PLAIN" ("NAME" "a" "name" "b") NIL NIL "7BIT" 3 1)',
    b'("TEXT" "PLAIN" ("NAME") NIL NIL "7BIT" 3 1)',
    b'("TEXT" "PLAIN" ("NAME" "a" "B") NIL NIL "7BIT" 3 1)',
    b'("TEXT" "PLAIN" ("NAME" "' + b"a" * 80 + b'") NIL NIL "7BIT" 3 1)',
]

UNUSUAL = [
    b'("TEXT" "PLAIN" ("NAME" "a\\"b") NIL NIL "7BIT" 3 1)',
    b'("TEXT" "PLAIN" ("NAME" "a"b") NIL NIL "7BIT" 3 1)',
    b'("TEXT" "PLAIN" ("NAME" {1}',
    b"(TEXT PLAIN NIL NIL NIL 7BIT 3 1)",
    b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" -1 -1)',
    b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1 NIL NIL NIL NIL 5)',
    b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 3 (NIL) ' + TEXT + b" 3)",
    b"((" + TEXT + b' "MIXED"))',
    b"(" + TEXT + b" " + TEXT + b' "MIXED")',
    b"(" + TEXT,
    b"(" + TEXT + b'()"MIXED")',
    b"(((",
    b"()",
    b"NIL",
    b"",
]


@pytest.mark.parametrize("text", USUAL)
def test_it_is_read_as_its_values_are(text: bytes) -> None:
    found = usual_body(b"1 (" + text + b" UID 7)", 3)
    assert found is not None
    assert found == (body_structure(values((text,))[0]), 3 + len(text))


@pytest.mark.parametrize("text", UNUSUAL)
def test_what_is_unusual_is_left_to_others(text: bytes) -> None:
    assert usual_body(text, 0) is None


@given(usual)
def test_whatever_is_usual_is_read_as_its_values_are(made: Made) -> None:
    (text,) = line_of(Writer().part(made))
    found = usual_body(text, 0)
    if found is not None:
        assert found[0] == body_structure(values((text,))[0])
    else:
        assert b"\\" in text or b"(8 NIL)" in text


@given(usual, st.data())
def test_what_is_nearly_usual_is_read_as_its_values_are(made: Made, data: st.DataObject) -> None:
    (text,) = line_of(Writer().part(made))
    at = data.draw(st.integers(0, len(text) - 1))
    text = (
        text[:at]
        + data.draw(st.sampled_from([b"", b" ", b"(", b")", b"NIL", b"1"]))
        + text[at + 1 :]
    )
    found = usual_body(text, 0)
    if found is not None:
        assert found[0] == body_structure(values((text[: found[1]],))[0])


def nested(depth: int) -> bytes:
    return b"(" * depth + TEXT + b' "MIXED")' * depth


def test_the_depth_is_bounded() -> None:
    assert usual_body(nested(DEPTH - 3), 0) is not None
    assert usual_body(nested(DEPTH + 1), 0) is None
    assert usual_body(b"(" * 100000, 0) is None


@pytest.mark.parametrize(
    ("begin", "piece", "end"),
    [
        (b"(", TEXT, b""),
        (b"(", TEXT, b' "MIXED")'),
        (b'("TEXT" "PLAIN" (', b'"A" "B" ', b""),
        (b'("TEXT" "PLAIN" ("A"', b' "B"', b") NIL NIL NIL"),
        (b'("TEXT" "PLAIN" ("A"', b' "B"', b') NIL NIL "7BIT" 1'),
        (b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 1 NIL ("X" ("A"', b' "B"', b""),
        (b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 1 NIL NIL ("A"', b' "B"', b""),
        (b'("', b"a", b""),
        (b'("A" "B" NIL "', b"a", b""),
        (b"", b"(", b""),
    ],
)
def test_it_takes_linear_time(begin: bytes, piece: bytes, end: bytes) -> None:
    def work(size: int) -> None:
        usual_body(begin + piece * size + end, 0)

    assert_linear(work, 500)
