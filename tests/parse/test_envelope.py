"""Envelopes, the addresses in them, and what servers make of both."""

from __future__ import annotations

import pickle
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from imaplib2.parse import Address, Envelope, Group, ParseError, addresses
from imaplib2.parse._answers import lines
from imaplib2.parse._envelope import envelope, usual_envelope
from imaplib2.parse._values import values

from ..core.test_linear import assert_linear
from . import writing


def read(text: bytes) -> Envelope:
    """The envelope that *text* is, in both ways if it is a usual one."""
    found = envelope(values((text,))[0])
    usual = usual_envelope(text, 0)
    assert usual is None or envelope(usual) == found
    return found


def to(text: bytes) -> tuple[Address | Group, ...]:
    """What the addresses in *text* are."""
    return read(b"(NIL NIL NIL NIL NIL " + text + b" NIL NIL NIL NIL)").to


ANN = Address("Ann", None, "ann", "example.org", b"Ann")
BOB = Address(None, None, "bob", "example.net", None)
ANN_TEXT = b'("Ann" NIL "ann" "example.org")'
BOB_TEXT = b'(NIL NIL "bob" "example.net")'


def test_an_envelope() -> None:
    """The example of RFC 3501, section 8."""
    found = read(
        b'("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev1 WG mtg summary and minutes" '
        b'(("Terry Gray" NIL "gray" "cac.washington.edu")) '
        b'(("Terry Gray" NIL "gray" "cac.washington.edu")) '
        b'(("Terry Gray" NIL "gray" "cac.washington.edu")) '
        b'((NIL NIL "imap" "cac.washington.edu")) ((NIL NIL "minutes" "CNRI.Reston.VA.US")'
        b'("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL '
        b'"<B27397-0100000@cac.washington.edu>")'
    )
    gray = Address("Terry Gray", None, "gray", "cac.washington.edu", b"Terry Gray")
    assert found.date == datetime(1996, 7, 17, 9, 23, 25, tzinfo=timezone.utc)
    assert found.raw_date == b"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)"
    assert found.subject == "IMAP4rev1 WG mtg summary and minutes"
    assert found.raw_subject == b"IMAP4rev1 WG mtg summary and minutes"
    assert found.from_ == found.sender == found.reply_to == (gray,)
    assert [one.email for one in addresses(found.to)] == ["imap@cac.washington.edu"]
    assert [one.name for one in addresses(found.cc)] == [None, "John Klensin"]
    assert found.bcc == ()
    assert found.in_reply_to is None
    assert found.message_id == "<B27397-0100000@cac.washington.edu>"


def test_nothing_but_nil() -> None:
    found = read(b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)")
    assert found == Envelope()
    assert found.date is found.raw_date is found.subject is found.raw_subject is None
    assert found.in_reply_to is found.message_id is None
    assert found.from_ == found.sender == found.reply_to == found.to == found.cc == found.bcc == ()


def test_what_is_encoded_is_decoded_beside_what_came() -> None:
    found = read(
        b'(NIL "=?utf-8?q?Caf=C3=A9?=" (("=?iso-8859-1?q?J=F6rg?=" NIL "j" "x")) NIL NIL '
        b'(("J\xc3\xb6rg" NIL "j\xc3\xb6rg" "\xff")) NIL NIL "\xc3\xb6" "\xff")'
    )
    assert (found.subject, found.raw_subject) == ("Café", b"=?utf-8?q?Caf=C3=A9?=")
    assert found.from_ == (Address("Jörg", None, "j", "x", b"=?iso-8859-1?q?J=F6rg?="),)
    assert found.to == (Address("Jörg", None, "jörg", "\udcff", b"J\xc3\xb6rg"),)
    assert (found.in_reply_to, found.message_id) == ("ö", "\udcff")
    assert read(b'(NIL "J\xc3\xb6rg")').subject == "Jörg"


def test_the_same_people_are_read_once() -> None:
    found = read(b"(NIL NIL " + b" ".join([b"(" + ANN_TEXT + b")"] * 6) + b" NIL NIL)")
    assert found.from_ == (ANN,)
    usual = usual_envelope(b"(NIL NIL " + (b"(" + ANN_TEXT + b") ") * 6 + b"NIL NIL)", 0)
    assert usual is not None
    found = envelope(usual)
    assert found.from_ is found.sender is found.bcc


@pytest.mark.parametrize(
    ("address", "email"),
    [
        (ANN, "ann@example.org"),
        (ANN._replace(host=None), "ann"),
        (ANN._replace(host=""), "ann"),
        (ANN._replace(mailbox=None), "example.org"),
        (ANN._replace(mailbox="", host=""), ""),
        (ANN._replace(mailbox=None, host=None), ""),
    ],
)
def test_email(address: Address, email: str) -> None:
    assert address.email == email


# -- Groups (RFC 3501, section 7.4.2) --------------------------------------------------------------

BEGIN, END = b'(NIL NIL "Friends" NIL)', b"(NIL NIL NIL NIL)"
FRIENDS = Address(None, None, "Friends", None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BEGIN + END, (Group("Friends", (), b"Friends"),)),
        (BEGIN + ANN_TEXT + BOB_TEXT + END, (Group("Friends", (ANN, BOB), b"Friends"),)),
        (
            ANN_TEXT + BEGIN + ANN_TEXT + END + BOB_TEXT + BEGIN + END,
            (ANN, Group("Friends", (ANN,), b"Friends"), BOB, Group("Friends", (), b"Friends")),
        ),
        (
            b'(NIL NIL "=?utf-8?q?=C3=A9?=" NIL)' + BOB_TEXT + END,
            (Group("é", (BOB,), b"=?utf-8?q?=C3=A9?="),),
        ),
        # Not closed: an address without a host. Closed, but not begun.
        (BEGIN + ANN_TEXT, (FRIENDS, ANN)),
        (BEGIN + BEGIN + ANN_TEXT + END, (FRIENDS, Group("Friends", (ANN,), b"Friends"))),
        (END + ANN_TEXT + END, (ANN,)),
    ],
)
def test_groups(text: bytes, expected: tuple[Address | Group, ...]) -> None:
    assert to(b"(" + text + b")") == expected


def test_addresses_are_those_in_groups_too() -> None:
    assert list(addresses((ANN, Group("Friends", (BOB, ANN), b"Friends")))) == [ANN, BOB, ANN]


# -- What servers get wrong ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"()", ()),
        (b'""', ()),
        (b"(NIL)", ()),
        (b"(())", ()),
        (b"(" + ANN_TEXT + b" " + BOB_TEXT + b")", (ANN, BOB)),
        (b"( " + ANN_TEXT + b"  " + BOB_TEXT + b" )", (ANN, BOB)),
        (b'((NIL NIL "bob"))', (BOB._replace(host=None),)),
        (b'((() "" "bob" "example.net" "more"))', (BOB._replace(route=""),)),
        (b'(("" NIL "bob" ""))', (Address("", None, "bob", "", b""),)),
        # See the corpus: other/unescaped-quotes.
        (b'((NIL NIL "test"" "acme.com"))', (Address(None, None, 'test"', "acme.com", None),)),
        (
            rb'(("A \"B\" C" NIL bob "example.net"))',
            (BOB._replace(name='A "B" C', raw_name=b'A "B" C'),),
        ),
    ],
)  # fmt: skip
def test_odd_addresses(text: bytes, expected: tuple[Address, ...]) -> None:
    assert to(text) == expected


@pytest.mark.parametrize("text", [b"()", b'("x")', b'("x" "" ())', b'("x" () "" () NIL)'])
def test_what_is_missing_is_nil(text: bytes) -> None:
    found = read(text)
    assert not found.subject
    assert found.from_ == found.bcc == ()
    assert found.message_id is None


def test_what_is_missing_is_not_the_message_id() -> None:
    found = read(b'("date" NIL (' + ANN_TEXT + b') NIL "<1@x>")')
    assert (found.raw_date, found.from_, found.message_id) == (b"date", (ANN,), "<1@x>")


def test_there_is_more_than_there_should_be() -> None:
    text = b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL " + b'"<1@x>" (NIL) NIL)'
    assert read(text).message_id == "<1@x>"


@pytest.mark.parametrize(
    "text",
    [
        b'"x"',
        b"NIL",
        b'("x" (NIL))',
        b'(NIL NIL "x" NIL)',
        b'(NIL NIL ("x"))',
        b"(NIL NIL (((NIL))))",
    ],
)
def test_what_is_no_envelope(text: bytes) -> None:
    with pytest.raises(ParseError) as caught:
        read(text)
    assert (caught.value.function, caught.value.item) == ("fetch", "ENVELOPE")
    assert values((caught.value.data,)) == values((text,))


# -- Properties ------------------------------------------------------------------------------------

plain = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), max_size=8)
texts = st.none() | plain.map(str.strip).filter(lambda text: "=?" not in text)
hosts = writing.words


@st.composite
def made_addresses(draw: st.DrawFn) -> Address:
    name = draw(texts)
    raw = None if name is None else name.encode()
    return Address(name, draw(texts), draw(writing.words), draw(hosts), raw)


made_groups = st.builds(
    lambda name, members: Group(name, tuple(members), name.encode()),
    writing.words,
    st.lists(made_addresses(), max_size=2),
)
lists = st.lists(made_addresses() | made_groups, max_size=2).map(tuple)
raw = st.none() | plain.map(str.encode)
made = st.builds(Envelope, raw, raw, lists, lists, lists, lists, lists, lists, raw, raw)


def _parts(one: Address | Group) -> list[list[Any]]:
    """What is sent for an address or a group."""
    if isinstance(one, Address):
        return [[one.name, one.route, one.mailbox, one.host]]
    members = [part for member in one.members for part in _parts(member)]
    return [[None, None, one.name, None], *members, [None] * 4]


@st.composite
def spelled(draw: st.DrawFn, value: Any, quoted: bool) -> Any:
    if isinstance(value, list):
        return [draw(spelled(one, quoted)) for one in value]
    if value is None or not quoted:
        return draw(writing.nstrings(value))
    return b'"%b"' % (value.encode() if isinstance(value, str) else value)


@settings(max_examples=30)
@given(st.data(), made, st.booleans())
def test_what_was_written_is_read(data: st.DataObject, expected: Envelope, quoted: bool) -> None:
    fields: list[Any] = list(expected._all())
    for at in range(2, 8):
        fields[at] = [part for one in fields[at] for part in _parts(one)] or None
    if quoted:
        # As most servers write, if nothing has to be escaped.
        quoted = not any(c in repr(fields) for c in ('"', "\\"))
    (line,) = lines("", writing.line(data.draw(spelled(fields, quoted))))
    found = envelope(values(line)[0])
    assert found == expected
    assert found.raw_subject == expected.raw_subject
    usual = usual_envelope(line[0], 0)
    assert usual is None or envelope(usual) == expected


@settings(max_examples=30)
@given(made)
def test_envelopes_are_values(one: Envelope) -> None:
    other = pickle.loads(pickle.dumps(one))
    assert other == one
    assert hash(other) == hash(one)
    assert repr(other) == repr(one)
    assert one != one._all()
    assert one != Envelope(b"another")


@given(writing.hostile)
def test_no_envelope_is_too_odd(data: list[Any]) -> None:
    for line in lines("", data):
        try:
            found = envelope([*values(line)])
        except ParseError:
            continue
        assert repr(found)
        assert found.date is None or found.date.tzinfo


@pytest.mark.parametrize(
    "piece",
    [ANN_TEXT, b'("Ann" NIL "ann" ', b'("" ', b"(", BEGIN, END, BEGIN + END, b'"" ', b'("a"'],
)
def test_it_takes_linear_time(piece: bytes) -> None:
    def work(size: int) -> None:
        for text in (b"(NIL NIL (" + piece * size + b"))", piece * size, b'("' + piece * size):
            usual_envelope(text, 0)
            try:
                found = envelope(values((text,))[0])
            except (ParseError, IndexError):
                continue
            assert isinstance(found.from_, tuple)

    assert_linear(work, 500)
