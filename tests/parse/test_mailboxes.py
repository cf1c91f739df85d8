"""LIST, LSUB and XLIST: made mailboxes, written by others, are read back."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2 import flags
from imaplib2._protocol.arguments import encode_arguments
from imaplib2._protocol.commands import find
from imaplib2.parse import Mailbox, ParseError, Status, mailboxes

from . import writing
from .corpus import CORPUS, data_of
from .writing import Literal, hostile, line, strings, texts, words

pytestmark = pytest.mark.pure

DELIMITERS = {None: b"NIL", "/": b'"/"', ".": b'"."', "\\": rb'"\\"', '"': rb'"\""'}
ATTRIBUTES = st.sets(st.sampled_from(sorted(flags.ATTRIBUTES | flags.SPECIAL_USES | {"\\X-a"})))


@given(texts, st.sampled_from([*DELIMITERS]), ATTRIBUTES, st.booleans(), words, st.data())
def test_what_is_written_is_read(
    name: str,
    delimiter: str | None,
    attributes: set[str],
    lower: bool,
    option: str,
    data: st.DataObject,
) -> None:
    change: Callable[[str], str] = str.lower if lower else str
    shown = " ".join(map(change, attributes)).encode()
    old = data.draw(texts)
    extended = [
        b'"CHILDINFO"',
        [data.draw(strings(option))],
        b"OLDNAME",
        [data.draw(writing.mailboxes(old))],
    ]
    behind = [extended] if data.draw(st.booleans()) else []
    pieces = line(
        b"(%b)" % shown, DELIMITERS[delimiter], data.draw(writing.mailboxes(name)), *behind
    )
    (found,) = mailboxes(pieces)
    assert found.name == ("INBOX" if name.upper() == "INBOX" else name)
    assert found.delimiter == delimiter
    assert found.path == tuple(found.name.split(delimiter) if delimiter else [found.name])
    assert found.attributes == {change(attribute) for attribute in attributes}
    assert all(found.has(attribute) for attribute in attributes)
    assert found.special_use == attributes & flags.SPECIAL_USES
    assert found.is_selectable is not bool(attributes & {flags.NO_SELECT, flags.NON_EXISTENT})
    assert found.child_info == ((option,) if behind else ())
    assert (found.old_name is None) is not bool(behind)
    assert pickle.loads(pickle.dumps(found)) == found
    assert type(found) is Mailbox


QUIRKS: list[tuple[bytes, str, str | None]] = [
    # mail.ru: NIL for no attributes, and for no delimiter.
    (b"NIL NIL INBOX", "INBOX", None),
    (b'() "" a', "a", None),
    (b"() / a", "a", "/"),
    # Domino: backslashes that aren't escaped.
    (b'() "\\" "a\\b"', "a\\b", "\\"),
    # Exchange, and others that don't quote.
    (b'() "/" two words ', "two words", "/"),
    (b'() "/" a (b) c', "a (b) c", "/"),
    (b'() "/" a (CHILDINFO (SUBSCRIBED))', "a", "/"),
    # Quotes that aren't escaped; more spaces; adjacent strings; line ends.
    (b'() "/" "the "big" one"', 'the "big" one', "/"),
    (b' (\\X)  "/"  a', "a", "/"),
    (b'() "/""a b"', "a b", "/"),
    (b'() "/" a\r\n', "a", "/"),
    # The root; and a mailbox that is called as nothing is.
    (b'(\\Noselect) "/" ""', "", "/"),
    (b'(\\Noselect) "/" ', "", "/"),
    (b'() "/" NIL', "NIL", "/"),
    (b'() "/" [Gmail]/All', "[Gmail]/All", "/"),
]


@pytest.mark.parametrize(("data", "name", "delimiter"), QUIRKS)
def test_quirks(data: bytes, name: str, delimiter: str | None) -> None:
    (found,) = mailboxes([data])
    assert (found.name, found.delimiter) == (name, delimiter)


@pytest.mark.parametrize(
    ("transcript", "names"),
    [
        ("cyrus/literal-names.txt", ['a "b"', "plain"]),
        ("domino/extra-parentheses.txt", ["INBOX", "INBOX2", "a\\b"]),
        ("exchange/name-with-tabs.txt", ["INBOX/Von\tBetreff\tGr\xf6\xdfe\t", "INBOX/other"]),
        ("mail.ru/nil.txt", ["INBOX"]),
        ("nylas/blank-line-behind-a-name.txt", ["a b", "c d"]),
        ("other/eight-bit.txt", ["Entw\udcfcrfe"]),
        ("other/list-answered-with-nothing.txt", []),
    ],
)  # fmt: skip
def test_what_servers_have_sent(transcript: str, names: list[str]) -> None:
    assert [one.name for one in mailboxes(data_of(CORPUS / transcript, "LIST"))] == names


def test_a_refusal_is_no_answer() -> None:
    with pytest.raises(ParseError, match="Invalid reference"):
        mailboxes(("NO", [b"Invalid reference"]))


def test_attributes_may_be_quoted_and_have_other_names_in_xlist() -> None:
    (found,) = mailboxes([rb'("\HasNoChildren" \AllMail \spam \Starred \Inbox) "/" a'])
    assert found.has(flags.HAS_NO_CHILDREN)
    assert not found.has(flags.HAS_CHILDREN)
    assert found.special_use == {flags.USE_ALL, flags.USE_JUNK, flags.USE_FLAGGED}


def test_children_and_the_old_name_are_told() -> None:
    (found,) = mailboxes([b'() "/" a ("CHILDINFO" ("SUBSCRIBED" "REMOTE") "OLDNAME" ("b c"))'])
    assert found.child_info == ("SUBSCRIBED", "REMOTE")
    assert found.old_name == b"b c"
    (found,) = mailboxes([b'() "/" a (X-FOO (1) OLDNAME (()))'])
    assert found.child_info == ()
    assert found.old_name is None
    assert found.extended == (("X-FOO", [b"1"]), ("OLDNAME", [[]]))


@given(st.binary(max_size=8).filter(lambda raw: not {*b"\0\r\n"} & {*raw}))
def test_a_quoted_name_is_that_of_the_server(raw: bytes) -> None:
    (found,) = mailboxes(line(b'() "/"', Literal(raw)))
    assert found.raw == raw
    parts = encode_arguments(find("DELETE"), [found.quoted]).parts
    (again,) = mailboxes([b'() "/"' + b"".join(map(bytes, parts))])  # type: ignore[arg-type]
    assert again.raw == raw


def test_names_are_in_utf8_where_that_is_on() -> None:
    data = ['() "/" "R&D ü &APw-"'.encode()]
    assert mailboxes(data, utf8=True)[0].name == "R&D ü &APw-"
    assert mailboxes(data)[0].name == "R&D ü ü"


# What comes beside LIST

LISTED = [b'() "/" inbox', b'() "/" {4}', b'() "/" "Entw&APw-rfe"']
PAIRS = [
    ("LIST", [LISTED[0], (LISTED[1], b"a(b\\"), b"", LISTED[2]]),
    ("STATUS", [b"INBOX (MESSAGES 3)", (b"{4}", b"a(b\\"), b" (MESSAGES 4)", b"other (UNSEEN 1)"]),
    ("EXISTS", [b"7"]),
    ("MYRIGHTS", [b"INBOX lrs", b'Entw&APw-rfe ""']),
    ("METADATA", [b'INBOX (/shared/a "x" /private/b NIL)', (b"INBOX (/shared/c {1}", b"y"), b")"]),
    ("METADATA", [b"INBOX /shared/changed"]),
]


@pytest.mark.parametrize("form", [list, iter, lambda pairs: iter(pairs[::-1])])
def test_what_else_was_asked_for_goes_to_the_mailbox_of_its_name(form: Any) -> None:
    inbox, odd, drafts = mailboxes(form(PAIRS))
    assert inbox.status == Status("INBOX", b"INBOX", messages=3)
    assert inbox.my_rights == {*"lrs"}
    assert inbox.metadata == {"/shared/a": b"x", "/private/b": None, "/shared/c": b"y"}
    assert odd.status == Status("a(b\\", b"a(b\\", messages=4)
    assert (odd.my_rights, odd.metadata) == (None, None)
    assert (drafts.status, drafts.my_rights) == (None, frozenset())


def test_in_utf8_too() -> None:
    name = '"&APw-ü"'.encode()
    pairs = [("LIST", [b'() "/" ' + name]), ("STATUS", [name + b" (UNSEEN 1)"])]
    pairs += [("MYRIGHTS", [name + b" lr"])]
    (found,) = mailboxes(pairs, utf8=True)
    assert found.name == "&APw-ü"
    assert found.status == Status("&APw-ü", name[1:-1], unseen=1)
    assert found.my_rights == {*"lr"}


def test_the_answer_of_a_command_has_its_own_data_only() -> None:
    for answer in (
        ("OK", [b'() "/" a']),
        ("LSUB", [b'() "/" a']),
        [b'() "/" a'],
        [("XLIST", [b'() "/" a'])],
    ):
        (found,) = mailboxes(answer)
        assert found.status is None
    assert mailboxes([]) == mailboxes(("OK", [None])) == mailboxes([("EXISTS", [b"1"])]) == []
    for wrong in (7, "LIST", b"LIST"):
        with pytest.raises(TypeError):
            mailboxes(wrong)


# What can't be read


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"INBOX", b'"/" INBOX', b"() INBOX", b'(a "/" b', b'() "/" "a" (b)', b'() "//" a'),
        b'() "/" "a" ' + b"(" * 60,
    ],
)
def test_what_cannot_be_read_is_quoted(data: bytes) -> None:
    with pytest.raises(ParseError) as caught:
        mailboxes([data])
    assert str(caught.value) == f"mailboxes: LIST can't be read: {data!r}"
    good = b'() "/" a'
    found: list[Any] = [*mailboxes([data, good], lenient=True)]
    assert found[0] == data
    assert found[1].name == "a"


@pytest.mark.parametrize(
    ("item", "data", "problem"),
    [
        ("STATUS", b"INBOX (MESSAGES many)", "status: MESSAGES can't be read: b'many'"),
        ("STATUS", b"INBOX", "status: STATUS can't be read: b'INBOX'"),
        ("MYRIGHTS", b"INBOX l r", "my_rights: MYRIGHTS can't be read: b'INBOX l r'"),
        ("METADATA", b'"INBOX" (/a)', "metadata: METADATA can't be read: b'\"INBOX\" (/a)'"),
    ],
)
def test_what_comes_beside_list_is_quoted_or_passed_over(
    item: str, data: bytes, problem: str
) -> None:
    pairs = [("LIST", [b'() "/" INBOX']), (item, [data])]
    with pytest.raises(ParseError) as caught:
        mailboxes(pairs)
    assert str(caught.value) == problem
    (found,) = mailboxes(pairs, lenient=True)
    assert (found.name, found.my_rights, found.metadata) == ("INBOX", None, None)


@given(hostile, st.sampled_from(["LIST", "STATUS", "MYRIGHTS", "METADATA"]))
def test_whatever_comes_is_read_or_refused(data: list[Any], item: str) -> None:
    for answer in (data, [("LIST", [b'() "/" INBOX']), (item, data)]):
        with suppress(ParseError):
            mailboxes(answer)
        mailboxes(answer, lenient=True)


@pytest.mark.parametrize(
    "data",
    [
        [b"(" + b"\\A " * 100_000 + b'"/" a'],
        [b" " * 200_000],
        [b'() "/" ' + b'"a" ' * 50_000],
        [b'() "/" ' + b"(" * 200_000],
        [("METADATA", [b"INBOX (/a b)"] * 10_000)],
        [("LIST", [b'() "/" a'] * 5_000), ("STATUS", [b"a (MESSAGES 1)"] * 5_000)],
    ],
)
def test_much_takes_no_longer_than_its_size(data: list[Any]) -> None:
    begin = time.perf_counter()
    mailboxes(data, lenient=True)
    assert time.perf_counter() - begin < 5
