"""Modified UTF-7 as of RFC 3501, section 5.1.3."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol import mutf7

from .tokenizer import GrammarError, decode_modified_utf7, encode_modified_utf7

PAIRS = [
    ("", ""),
    ("INBOX", "INBOX"),
    ("a b~!", "a b~!"),
    ("&", "&-"),
    ("R&D", "R&-D"),
    ("&&", "&-&-"),
    ("&-", "&--"),
    ("+", "+"),
    ("~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
    ("Entw\xfcrfe", "Entw&APw-rfe"),
    ("\xe9&\xe9", "&AOk-&-&AOk-"),
    ("\xe9\xe8", "&AOkA6A-"),
    ("\u0411\u043e\u043b", "&BBEEPgQ7-"),
    ("\U0001f600", "&2D3eAA-"),
    ("\t", "&AAk-"),
    ("\x7f", "&AH8-"),
    ("\xff\xff\xff", "&AP8A,wD,-"),
]


@pytest.mark.parametrize(("name", "encoded"), PAIRS)
def test_a_name_is_encoded(name: str, encoded: str) -> None:
    assert mutf7.encode(name) == encoded


@pytest.mark.parametrize(("name", "encoded"), PAIRS)
def test_a_name_is_decoded(name: str, encoded: str) -> None:
    assert mutf7.decode(encoded) == name
    assert mutf7.is_valid(encoded)


@pytest.mark.parametrize(
    "text",
    [
        "R&D",
        "&",
        "a&",
        "&AOk",
        "\xe9",
        "\t",
        "\x7f",
        "a\n",
        "&-\n",
        "&AGE-",  # a printable character that was shifted
        "&AOk-&AOk-",  # two shifts where one does
        "&AOl-",  # bits left over
        "&AOkA-",
        "&AO-",
        "&A-",
        "&AOk=-",
        "&AP8A/wD/-",  # "/" where "," is meant
        "&U BT-",
        "&@@@@-",
        "&2D0-",  # half a surrogate pair
        "&3gA-",
        "&AAk-&-&",
    ],
)
def test_what_is_no_modified_utf_7_is_told(text: str) -> None:
    assert not mutf7.is_valid(text)
    with pytest.raises(ValueError, match=r"."):
        mutf7.decode(text)


@given(st.text())
def test_every_name_survives_encoding_and_decoding(name: str) -> None:
    encoded = mutf7.encode(name)
    assert encoded.isascii()
    assert mutf7.is_valid(encoded)
    assert mutf7.decode(encoded) == name
    assert encoded.encode("ascii") == encode_modified_utf7(name)


@given(st.one_of(st.text(), st.text(st.sampled_from("&-,/+=AOk9U\xe9 \n"))))
def test_valid_is_what_decodes_and_is_encoded_the_same_way(text: str) -> None:
    expected = None
    with contextlib.suppress(GrammarError, UnicodeEncodeError):
        expected = decode_modified_utf7(text.encode("ascii"))
    assert mutf7.is_valid(text) is (expected is not None)
    if expected is not None:
        assert mutf7.decode(text) == expected


def test_a_lone_surrogate_has_no_encoding() -> None:
    with pytest.raises(UnicodeEncodeError):
        mutf7.encode("a\ud800b")
