"""ID, METADATA, ANNOTATION, CAPABILITY."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2.parse import (
    Annotation,
    Capabilities,
    Metadata,
    ParseError,
    annotation,
    capability,
    identification,
    metadata,
)

from .writing import Piece, contents, hostile, line, mailboxes, nstrings, strings, texts, words

# -- ID --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (b"NIL", {}),
        (b"()", {}),
        (b"", {}),
        (b'("name" "Dovecot")', {"name": "Dovecot"}),
        (b'("NAME" "Cyrus" "version" NIL)', {"name": "Cyrus", "version": None}),
        # Without the parentheses, or the last value; with atoms; with what has no name.
        (b'"name" "x" "os" "y"', {"name": "x", "os": "y"}),
        (b'("name" "x" "os")', {"name": "x", "os": None}),
        (b"(version 3)", {"version": "3"}),
        (b'(NIL "x" "os" "y")', {"os": "y"}),
        (b'("name" "the "big" one" "os" "y")', {"name": 'the "big" one', "os": "y"}),
        (b'("name" "\xff")', {"name": "\udcff"}),
    ],
)
def test_what_servers_say_of_themselves(data: bytes, fields: dict[str, str | None]) -> None:
    assert identification([data]) == fields
    assert identification([data], lenient=True) == fields


def test_there_may_be_no_identification() -> None:
    assert identification(("OK", [None])) == {}


def test_an_identification_that_cannot_be_read_is_quoted() -> None:
    with pytest.raises(ParseError, match=r"^identification: ID can't be read"):
        identification([b'("name" ("x"))'])
    assert identification([b"(x (y))", b"(a b)"], lenient=True) == b"(x (y))"


@given(st.data(), st.dictionaries(words, st.none() | texts))
def test_any_identification_is_read(data: st.DataObject, fields: dict[str, str | None]) -> None:
    pieces = [
        piece
        for name, value in fields.items()
        for piece in (data.draw(strings(name)), data.draw(nstrings(value)))
    ]
    assert identification(("OK", line(pieces))) == fields


# -- METADATA --------------------------------------------------------------------------------------


def test_metadata_have_entries() -> None:
    [found] = metadata([(b'"" (/Shared/comment {3}', b"a\r\n"), b' /private/x NIL /y "")'])
    assert found == Metadata("", ("/shared/comment", "/private/x", "/y"), (b"a\r\n", None, b""))
    assert found.entries == {"/shared/comment": b"a\r\n", "/private/x": None, "/y": b""}
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"INBOX /shared/comment", Metadata("INBOX", ("/shared/comment",), None)),
        (b"Entw&APw-rfe /a /B", Metadata("Entw\xfcrfe", ("/a", "/b"), None)),
        (b"INBOX", Metadata("INBOX", (), ())),
        (b"INBOX NIL", Metadata("INBOX", (), ())),
        (b"INBOX ()", Metadata("INBOX", (), ())),
        (b"INBOX (/a b) (/c NIL)", Metadata("INBOX", ("/a", "/c"), (b"b", None))),
    ],
)
def test_other_forms_of_metadata(data: bytes, expected: Metadata) -> None:
    assert metadata([data]) == [expected]


def test_names_alone_have_no_values() -> None:
    [found] = metadata([("METADATA", [b"INBOX /shared/comment"])])
    assert found.entries == {}


def test_response_codes_of_that_name_are_no_metadata() -> None:
    codes = [b"LONGENTRIES 2199", b"MAXSIZE 1024", b"TOOMANY", b"NOPRIVATE"]
    answer = [("METADATA", [*codes, b"MAXSIZE /a", b"TOOMANY (/a b)"])]
    assert metadata(answer) == [
        Metadata("MAXSIZE", ("/a",), None),
        Metadata("TOOMANY", ("/a",), (b"b",)),
    ]


@pytest.mark.parametrize(
    "data", [b"", b"INBOX (/a)", b"INBOX (/a (b))", b"INBOX /a (/b c)", b"INBOX ((/a) b)", b"() /a"]
)
def test_metadata_that_cannot_be_read_are_quoted(data: bytes) -> None:
    with pytest.raises(ParseError, match=r"^metadata: METADATA can't be read"):
        metadata([data])
    assert metadata([data, b"INBOX /a"], lenient=True) == [data, Metadata("INBOX", ("/a",), None)]


entries = st.dictionaries(words.map("/private/{}".format), st.none() | contents, max_size=4)


def written(data: st.DataObject, some: dict[str, bytes | None]) -> list[Piece]:
    return [
        piece
        for name, value in some.items()
        for piece in (data.draw(strings(name)), data.draw(nstrings(value)))
    ]


@given(st.data(), texts, entries)
def test_any_metadata_are_read(
    data: st.DataObject, mailbox: str, some: dict[str, bytes | None]
) -> None:
    where = data.draw(mailboxes(mailbox))
    [found] = metadata(("OK", line(where, written(data, some))))
    assert (found.mailbox, found.entries) == (mailbox, some)
    names = [data.draw(strings(name)) for name in some]
    if names:
        [found] = metadata([("METADATA", line(where, *names))])
        assert found == (mailbox, tuple(some), None)


@pytest.mark.parametrize(("function", "behind"), [(metadata, b"/a"), (annotation, b"(/a)")])
def test_names_of_mailboxes_are_decoded(function: Callable[..., Any], behind: bytes) -> None:
    assert function([b"inbox " + behind])[0].mailbox == "INBOX"
    assert function([b"Entw&APw-rfe " + behind])[0].mailbox == "Entw\xfcrfe"
    assert function([b"Entw&APw-rfe " + behind], utf8=True)[0].mailbox == "Entw&APw-rfe"


# -- ANNOTATION ------------------------------------------------------------------------------------


def test_annotations_have_attributes() -> None:
    data = b'INBOX "/comment" ("value.priv" "Mine" "value.shared" NIL) "/motd" NIL'
    first, second = annotation([data])
    attributes = (("value.priv", b"Mine"), ("value.shared", None))
    assert first == Annotation("INBOX", "/comment", attributes)
    assert first.values == dict(attributes)
    assert second == Annotation("INBOX", "/motd", ())
    assert pickle.loads(pickle.dumps(first)) == first


def test_annotations_may_be_names() -> None:
    found = annotation([("ANNOTATION", [b'"" ("/a" "/b")'])])
    assert found == [Annotation("", "/a", None), Annotation("", "/b", None)]
    assert found[0].values == {}
    assert annotation([b"INBOX"]) == []


@pytest.mark.parametrize("data", [b"", b"INBOX /a", b"INBOX /a b", b"INBOX /a (b)", b"x y (z (a))"])
def test_annotations_that_cannot_be_read_are_quoted(data: bytes) -> None:
    with pytest.raises(ParseError, match=r"^annotation: ANNOTATION can't be read"):
        annotation([data])
    assert annotation([data, b"x (y)"], lenient=True) == [data, Annotation("x", "y", None)]


@given(st.data(), texts, st.dictionaries(words, entries, max_size=3))
def test_any_annotations_are_read(
    data: st.DataObject, mailbox: str, some: dict[str, dict[str, bytes | None]]
) -> None:
    pieces = [
        piece
        for name, attributes in some.items()
        for piece in (data.draw(strings(name)), written(data, attributes))
    ]
    found = annotation(("OK", line(data.draw(mailboxes(mailbox)), *pieces)))
    assert found == [(mailbox, name, tuple(one.items())) for name, one in some.items()]


# -- CAPABILITY ------------------------------------------------------------------------------------

CAPABILITIES = Capabilities(
    "IMAP4rev1 Idle AUTH=PLAIN AUTH=SCRAM-SHA-256 SORT SORT=DISPLAY THREAD=REFS THREAD=REFERENCES"
    " QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE QUOTA=X RIGHTS=texk APPENDLIMIT=35651584"
)


def test_capabilities_are_asked_in_either_case() -> None:
    assert "idle" in CAPABILITIES
    assert "IDLE" in CAPABILITIES
    assert "auth=plain" in CAPABILITIES
    assert "MOVE" not in CAPABILITIES
    something: object = 3
    assert something not in CAPABILITIES


def test_capabilities_are_in_the_order_sent() -> None:
    assert [*CAPABILITIES][:3] == ["IMAP4REV1", "IDLE", "AUTH=PLAIN"]
    assert len(CAPABILITIES) == 14
    assert repr(Capabilities("b A b")) == "Capabilities('B A')"
    assert str(Capabilities(["b", "A"])) == "B A"
    assert not Capabilities()


def test_capabilities_are_a_set() -> None:
    assert CAPABILITIES & {"IDLE", "MOVE"} == {"IDLE"} == frozenset(["IDLE"])
    assert Capabilities("idle") < CAPABILITIES
    assert hash(Capabilities("a b")) == hash(frozenset("AB"))
    assert Capabilities("a b") == Capabilities("b a")
    assert {"IDLE"} >= Capabilities("idle")
    something: object = "A"
    assert Capabilities("a") != something
    assert pickle.loads(pickle.dumps(CAPABILITIES, 0)) == CAPABILITIES


def test_capabilities_have_values() -> None:
    assert CAPABILITIES.mechanisms == ("PLAIN", "SCRAM-SHA-256")
    assert CAPABILITIES.thread_algorithms == ("REFS", "REFERENCES")
    assert CAPABILITIES.quota_resources == ("STORAGE", "MESSAGE")
    assert CAPABILITIES.rights == frozenset("texk")
    assert CAPABILITIES.append_limit == 35651584
    assert CAPABILITIES.values("sort") == ("DISPLAY",)
    assert CAPABILITIES.values("move") == ()


@pytest.mark.parametrize(
    "text", ["", "APPENDLIMIT", "APPENDLIMIT=", "APPENDLIMIT=many", "APPENDLIMIT=\xb2"]
)
def test_there_may_be_no_limit(text: str) -> None:
    assert Capabilities(text).append_limit is None
    assert Capabilities("APPENDLIMIT=" + "9" * 5000).append_limit is None


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (("OK", [b"IMAP4rev1 IDLE"]), "IMAP4REV1 IDLE"),
        (("CAPABILITY", [b"IMAP4 a", b" IMAP4  b "]), "IMAP4 B"),
        (("OK", [None]), ""),
        ([b"a b"], "A B"),
        # Domino.
        ([b"IMAP4rev1 AUTH=PLAIN LITERAL + NAMESPACE"], "IMAP4REV1 AUTH=PLAIN LITERAL+ NAMESPACE"),
        # sohu.com answers NAMESPACE by this name.
        ([("CAPABILITY", [b"IMAP4 IDLE", b'(("" "/")) NIL NIL'])], "IMAP4 IDLE"),
        ([("CAPABILITY", [b'(("" "/")) NIL NIL'])], ""),
        ([b"IMAP4 \xff"], "IMAP4 \ufffd"),
    ],
)
def test_capabilities_are_read(answer: Any, expected: str) -> None:
    assert str(capability(answer)) == expected
    assert str(capability(answer, lenient=True)) == expected


@given(st.lists(words, max_size=8))
def test_any_capabilities_are_read(names: list[str]) -> None:
    found = capability(("OK", [" ".join(["IMAP4rev1", *names]).encode()]))
    assert [*found] == [*dict.fromkeys(["IMAP4REV1", *map(str.upper, names)])]


# -- All -------------------------------------------------------------------------------------------

FUNCTIONS: list[tuple[Callable[..., Any], str]] = [
    (identification, "ID"),
    (metadata, "METADATA"),
    (annotation, "ANNOTATION"),
    (capability, "CAPABILITY"),
]


@given(hostile)
@pytest.mark.parametrize(("function", "name"), FUNCTIONS)
def test_whatever_comes_is_read_or_quoted(
    function: Callable[..., Any], name: str, data: list[Any]
) -> None:
    found = function((name, data), lenient=True)
    try:
        assert function((name, data)) == found
    except ParseError:
        assert isinstance(found, bytes) or isinstance(found[0], bytes)


@pytest.mark.parametrize(("function", "name"), FUNCTIONS[:-1])
def test_deep_lists_are_refused(function: Callable[..., Any], name: str) -> None:
    with pytest.raises(ParseError):
        function((name, [b"x " + b"(" * 100_000]))
