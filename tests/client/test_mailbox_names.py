"""Names of mailboxes: what people write is encoded, and whatever servers send is decoded."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol import mutf7
from imaplib2.mailbox_names import decode, encode

pytestmark = pytest.mark.pure

#: Texts without lone surrogates.
NAMES = st.text(st.characters(exclude_categories=["Cs"]))


@given(NAMES, st.booleans())
def test_a_name_comes_back(name: str, utf8: bool) -> None:
    encoded = encode(name, utf8=utf8)
    assert decode(encoded, utf8=utf8) == name
    assert decode(encoded, utf8=utf8, strict=True) == name
    if not utf8:
        assert decode(encoded.decode("ascii")) == name
        # As Python's own codec has it, but for what differs by definition.
        assert encoded.isascii()


@given(st.binary())
def test_whatever_a_server_sends_has_some_text(raw: bytes) -> None:
    for utf8 in (False, True):
        decode(raw, utf8=utf8)
    assert encode(decode(raw, utf8=True), utf8=True) == raw


@given(st.text("&-,aAGEOk\xe9/"))
def test_what_is_valid_is_read_in_one_way_only(name: str) -> None:
    if mutf7.is_valid(name):
        assert decode(name) == decode(name, strict=True) == mutf7.decode(name)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"INBOX", "INBOX"),
        (b"Entw&APw-rfe", "Entw\xfcrfe"),
        (b"R&-D", "R&D"),
        (b"R&D", "R&D"),
        (b"&", "&"),
        (b"R&D &APw-", "R&D \xfc"),
        # Two shifts where one does; a tab (tests/corpus/exchange/name-with-tabs.txt).
        (b"&AOk-&AOk-", "\xe9\xe9"),
        (b"Von\tGr&APYA3w-e\t", "Von\tGr\xf6\xdfe\t"),
        # What has no need to be shifted, and what isn't base64, or half a character.
        (b"&AGE-", "&AGE-"),
        (b"&A-", "&A-"),
        (b"&2D0-", "&2D0-"),
        # Not encoded (tests/corpus/other/eight-bit.txt).
        (b"Entw\xc3\xbcrfe", "Entw\xfcrfe"),
        (b"Entw\xfcrfe", "Entw\udcfcrfe"),
    ],
)
def test_servers_write_odd_names(raw: bytes, text: str) -> None:
    assert decode(raw) == text


@pytest.mark.parametrize("raw", [b"R&D", b"&AOk-&AOk-", b"a\tb", b"Entw\xc3\xbcrfe", b"Entw\xfc"])
def test_strictly_they_are_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        decode(raw, strict=True)


def test_in_utf8_an_ampersand_is_nothing_special() -> None:
    assert encode("R&D \xfc", utf8=True) == b"R&D \xc3\xbc"
    assert decode(b"R&D &APw- \xc3\xbc", utf8=True) == "R&D &APw- \xfc"
    with pytest.raises(UnicodeDecodeError):
        decode(b"\xfc", utf8=True, strict=True)


def test_lone_surrogates_are_in_no_name() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode("\ud800")
    with pytest.raises(UnicodeEncodeError):
        encode("\ud800", utf8=True)


@pytest.mark.parametrize("raw", [b"&" * 100_000, b"&A" * 50_000, b"&-" * 50_000, b"&AOk-" * 20_000])
def test_long_names_take_no_longer_than_their_size(raw: bytes) -> None:
    begin = time.perf_counter()
    decode(raw)
    assert time.perf_counter() - begin < 3
