"""Encoded words (RFC 2047) and extended parameters (RFC 2231), however mail has them."""

from __future__ import annotations

import base64
import email.header
import quopri
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, strategies as st

from imaplib2.parse._words import decode_parameters, decode_text, decode_words, lower

from ..core.test_linear import assert_linear

WORDS = [
    (b"", ""),
    (b"plain = text?", "plain = text?"),
    (b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Gr\xfc\xdfe"),
    (b"=?UTF-8?B?R3LDvMOfZQ==?=", "Gr\xfc\xdfe"),
    (b"a =?utf-8?q?b?= c", "a b c"),
    # Blanks between words are for folding; others aren't.
    (b"=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
    (b"=?utf-8?q?a?=\r\n =?iso-8859-1?q?=E4?= c", "a\xe4 c"),
    (b"=?utf-8?q?a_?= =?utf-8?q?_b?=", "a  b"),
    # The sloppiness of real mail: no blank between words, some within one, question marks.
    (b"=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
    (b"x=?utf-8?q?a?=y", "xay"),
    (b"=?utf-8?q?a b?=", "a b"),
    (b"=?utf-8?q?a b?c?= d", "a b?c d"),
    (b"=?utf-8?q?really???=", "really??"),
    # Split within a character, within four of Base64.
    (b"=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "\xfc"),
    (b"=?utf-8?b?8J+Y?=\r\n\t=?UTF-8?b?gA==?=", "\U0001f600"),
    (b"=?utf-8?b?8J+?= =?utf-8?b?YgA==?=", "\U0001f600"),
    # Without padding, each of them.
    (b"=?utf-8?b?YQ?= =?utf-8?b?Yg?=", "ab"),
    # Noise, the other alphabet, padding in the middle, one character too many.
    (b"=?utf-8?b?Y Q!=?=", "a"),
    (b"=?utf-8?b?w7_DvA==?=", "\xff\xfc"),
    (b"=?utf-8?b?YQ==Yg==?=", "ab"),
    (b"=?utf-8?b?YWJjZ?=", "abc"),
    (b"=?utf-8?b??=", ""),
    (b"=?utf-8?q?=zz=C?=", "=zz=C"),
    # Names of charsets: with a language, by other names, unknown, of no text, none.
    (b"=?us-ascii*en?q?a?=", "a"),
    (b"=?cp-850?q?=81?=", "\xfc"),
    (b"=?windows-1251?q?=CF?=", "\u041f"),
    (b"=?KOI8-U?q?=F0?=", "\u041f"),
    (b"=?x-unknown?q?=C3=BC?=", "\xfc"),
    (b"=?x-unknown?q?=FC?=", "\xfc"),
    (b"=?hex?q?61?=", "61"),
    (b"=??q?a?=", "a"),
    (b"=?" + b"x" * 100 + b"?q?a?=", "a"),
    # Charsets that the bytes aren't in.
    (b"=?us-ascii?q?=C3=BC?=", "\xfc"),
    (b"=?gb2312?q?=E9F?=", "\u9555"),
    (b"=?utf-8?q?a=FF?=", "a\ufffd"),
    (b"=?iso-8859-1?q?=93a=94?=", "\u201ca\u201d"),
    (b"=?iso-8859-1?q?=81?=", "\x81"),
    # Half a character, in the one charset that has them.
    (b"=?utf-7?q?+2AA-?=", "\ufffd"),
    (b"=?utf-7?q?+AOk-?=", "\xe9"),
    # Bytes outside of words.
    (b"Gr\xc3\xbc\xc3\x9fe", "Gr\xfc\xdfe"),
    (b"Gr\xfc\xdfe \x93a\x94", "Gr\xfc\xdfe \u201ca\u201d"),
    (b"\x81", "\x81"),
    (b"\xfc =?utf-8?q?=C3=BC?=", "\xfc \xfc"),
    # What looks like a word, or was cut off.
    (b"=?utf-8?q?a", "=?utf-8?q?a"),
    (b"=?utf-8?x?a?=", "=?utf-8?x?a?="),
    (b"=?=?=?", "=?=?=?"),
    (b"=?utf-8?q?cut =?utf-8?q?b?=", "=?utf-8?q?cut b"),
    (b"=?utf-8?q?a?=?utf-8?q?b?=", "a?utf-8?q?b?="),
    # Folded text.
    (b"a\r\n b", "a b"),
    (b"a\r\n\tb", "a\tb"),
    (b"a\nb", "a b"),
]


@pytest.mark.parametrize(("raw", "text"), WORDS)
def test_words_are_decoded(raw: bytes, text: str) -> None:
    assert decode_words(raw) == text


CHARSETS = ["utf-8", "utf-16-le", "gb18030", "utf-7"]
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@st.composite
def words(draw: st.DrawFn) -> tuple[bytes, str]:
    """Words of one charset and encoding, split anywhere, and what they say."""
    text = draw(texts)
    charset = draw(st.sampled_from(CHARSETS))
    data = text.encode(charset)
    cuts = sorted(draw(st.sets(st.integers(1, len(data) - 1), max_size=3))) if len(data) > 1 else []
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    blank = draw(st.sampled_from([b"", b" ", b"\r\n ", b"\n\t"]))
    if draw(st.booleans()):
        encoded = [b"=?%b?B?%b?=" % (charset.encode(), base64.b64encode(piece)) for piece in pieces]
    else:
        encoded = [
            b"=?%b?q?%b?=" % (charset.encode(), b"".join(b"=%02X" % byte for byte in piece))
            for piece in pieces
        ]
    return blank.join(encoded), text


@given(words())
def test_what_is_encoded_is_decoded(made: tuple[bytes, str]) -> None:
    assert decode_words(made[0]) == made[1]


@given(words(), words(), st.sampled_from(["", " ", " and ", "?", "=", "x"]))
def test_words_stand_in_text(
    first: tuple[bytes, str], second: tuple[bytes, str], text: str
) -> None:
    found = decode_words(b"%b%b|%b" % (first[0], text.encode(), second[0]))
    assert found == f"{first[1]}{text}|{second[1]}"


@given(st.text("abcdefghijklmnop \xe4\u20ac", min_size=1, max_size=200))
def test_what_pythons_email_package_encodes_is_decoded(text: str) -> None:
    encoded = email.header.Header(text, "utf-8").encode().encode()
    assert decode_words(encoded) == text


@given(st.binary(max_size=40))
def test_quoted_printable_is_decoded(data: bytes) -> None:
    encoded = quopri.encodestring(data.replace(b"\n", b" ").replace(b"\r", b" "), header=True)
    word = encoded.replace(b"=\n", b"").replace(b"?", b"=3F")
    expected = data.replace(b"\n", b" ").replace(b"\r", b" ")
    assert decode_words(b"=?x?q?%b?=" % word) == decode_text(expected)


pieces = st.sampled_from(
    [b"=?", b"?=", b"?", b"=", b"utf-8", b"q", b"b", b"*", b"'", b"%e4", b" ", b"\r\n", b"\xff"]
)


@given(st.lists(pieces | st.binary(max_size=4), max_size=20).map(b"".join))
def test_whatever_comes_is_text(raw: bytes) -> None:
    decode_words(raw).encode()
    for charset in (
        b"utf-7",
        b"utf-16",
        b"iso-2022-jp",
        b"hz",
        b"big5",
        b"idna",
        b"unicode_escape",
    ):
        decode_words(b"=?%b?b?%b?=" % (charset, base64.b64encode(raw))).encode()
        decode_words(b"=?%b?q?%b?=" % (charset, raw)).encode()


@pytest.mark.parametrize(
    "make",
    [
        lambda n: b"=?a?q?x" * n + b"?=",
        lambda n: b"=?a?q?" * n,
        lambda n: b"=?utf-8?b?YQ?= " * n,
        lambda n: b"=?utf-8?q?a" + b"?" * n,
        lambda n: b"=?" * n,
        lambda n: b"=?u" + b"x" * n,
        lambda n: b"\r\n" * n + b"x",
        lambda n: b"=?utf-8?b?" + b"=Y" * n + b"?=",
        lambda n: b"".join(b"=?x%d?q?a?= " % number for number in range(n)),
    ],
)
def test_it_takes_linear_time(make: Callable[[int], bytes]) -> None:
    def work(size: int) -> None:
        decode_words(make(size))

    assert_linear(work, 1000)


# -- Parameters ------------------------------------------------------------------------------------

PARAMETERS = [
    ([], {}),
    ([(b"CharSet", b"UTF-8")], {"charset": "UTF-8"}),
    ([(b"a", b"1"), (b"A", b"2")], {"a": "1"}),
    ([(b"name", b"=?utf-8?q?=C3=BC?=.txt")], {"name": "\xfc.txt"}),
    ([(b"name", b"\xc3\xbc")], {"name": "\xfc"}),
    ([(b"name*", b"utf-8'de'%C3%BC")], {"name": "\xfc"}),
    ([(b"name*", b"iso-8859-1''%FC")], {"name": "\xfc"}),
    # Parts of one value, in any order, split within a character.
    ([(b"name*1", b"b"), (b"name*0", b"a")], {"name": "ab"}),
    ([(b"name*0*", b"utf-8''%C3"), (b"name*1*", b"%BC"), (b"name*2", b"%41")], {"name": "\xfc%41"}),
    ([(b"name*10", b"c"), (b"name*9", b"b"), (b"name*0", b"a")], {"name": "abc"}),
    # What is extended counts more than what isn't, the first more than others.
    ([(b"name", b"x"), (b"name*", b"utf-8''y"), (b"name*", b"utf-8''z")], {"name": "y"}),
    # Without charset and language; with a lone quote; with words within.
    ([(b"name*", b"%C3%BC")], {"name": "\xfc"}),
    ([(b"name*", b"it's")], {"name": "it's"}),
    ([(b"name*0", b"=?utf-8?q?=C3"), (b"name*1", b"=BC?=")], {"name": "\xfc"}),
    ([(b"name*", b"utf-8''=?utf-8?q?=C3=BC?=")], {"name": "\xfc"}),
    ([(b"name*", b"x-none''%FC%zz%")], {"name": "\xfc%zz%"}),
    # Names that are none of these.
    ([(b"name*x", b"1"), (b"n*0**", b"2"), (b"*", b"3")], {"name*x": "1", "n*0**": "2", "": "3"}),
    ([(b"n*1234567", b"1"), (b"n*\xb2", b"2")], {"n*1234567": "1", "n*\xb2": "2"}),
    ([(b"\xfc" * 70, b"1")], {"\xfc" * 70: "1"}),
]


@pytest.mark.parametrize(("pairs", "found"), PARAMETERS)
def test_parameters_are_decoded(pairs: list[tuple[bytes, bytes]], found: dict[str, str]) -> None:
    assert decode_parameters(pairs) == found


@given(texts, st.lists(st.integers(1, 20), max_size=4), st.randoms(use_true_random=False))
def test_a_parameter_in_parts_is_one(text: str, lengths: list[int], random: Random) -> None:
    data = text.encode()
    values = []
    for length in lengths:
        values.append(data[:length])
        data = data[length:]
    values.append(data)
    pairs = [
        (b"Name*%d*" % number, b"".join(b"%%%02x" % byte for byte in value))
        for number, value in enumerate(values)
    ]
    pairs[0] = (pairs[0][0], b"UTF-8'en'" + pairs[0][1])
    random.shuffle(pairs)
    assert decode_parameters(pairs) == {
        "name": decode_words(text.encode()) if "=?" in text else text
    }


@given(st.lists(st.tuples(pieces | st.binary(max_size=8), pieces | st.binary(max_size=8))))
def test_whatever_parameters_come_are_text(pairs: list[tuple[bytes, bytes]]) -> None:
    for name, value in decode_parameters(pairs).items():
        (name + value).encode()


def test_what_is_alike_in_either_case() -> None:
    assert lower(b"TEXT\xc4") == "text\xe4"
    assert lower(b'HTML"') == "html"
