"""STATUS: made items, written by others, are read back."""

from __future__ import annotations

import pickle
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2.parse import ParseError, Status, status

from .corpus import CORPUS, data_of
from .writing import hostile, line, mailboxes, numbers, strings, texts, words

pytestmark = pytest.mark.pure

FIELDS = {
    "MESSAGES": "messages", "RECENT": "recent", "UIDNEXT": "uid_next",
    "UIDVALIDITY": "uid_validity", "UNSEEN": "unseen", "DELETED": "deleted",
    "DELETED-STORAGE": "deleted_storage", "SIZE": "size", "HIGHESTMODSEQ": "highest_modseq",
    "APPENDLIMIT": "append_limit",
}  # fmt: skip


@given(texts, st.dictionaries(st.sampled_from(sorted(FIELDS)), numbers), words, st.data())
def test_what_is_written_is_read(
    name: str, items: dict[str, int], mailbox_id: str, data: st.DataObject
) -> None:
    pieces: list[Any] = []
    for item, number in items.items():
        pieces += [data.draw(st.sampled_from([item, item.lower()])).encode(), b"%d" % number]
    pieces += [b"MAILBOXID", [mailbox_id.encode()], b"X-a", data.draw(strings(name))]
    (found,) = status(line(data.draw(mailboxes(name)), pieces))
    assert found.name == ("INBOX" if name.upper() == "INBOX" else name)
    assert {field: getattr(found, field) for field in FIELDS.values()} == {
        field: items.get(item) for item, field in FIELDS.items()
    }
    assert found.mailbox_id == mailbox_id
    assert found.others == (("X-A", name.encode()),)
    assert pickle.loads(pickle.dumps(found)) == found


def test_quirks() -> None:
    (found,) = status([b"a b (MESSAGES -1 UIDNEXT 0 SIZE 9.37e+06 UNSEEN NIL APPENDLIMIT NIL)"])
    assert found == Status("a b", b"a b", uid_next=0, size=9370000)
    (found,) = status([b"INBOX (MAILBOXID NIL)"])
    assert found == Status("INBOX", b"INBOX")


def test_a_name_may_be_a_literal() -> None:
    (found,) = status(data_of(CORPUS / "cyrus/literal-names.txt", "STATUS"))
    assert found == Status('a "b"', b'a "b"', messages=3)


def test_names_are_in_utf8_where_that_is_on() -> None:
    data = ['"R&D ü &APw-" (MESSAGES 1)'.encode()]
    assert status(data, utf8=True)[0].name == "R&D ü &APw-"
    assert status(data)[0].name == "R&D ü ü"


def test_of_pairs_those_are_read_that_are_of_the_type() -> None:
    pairs = [("LIST", [b'() "/" a']), ("status", [b"a (MESSAGES 1)", b"b (MESSAGES 2)"])]
    assert [one.name for one in status(pairs)] == ["a", "b"]
    assert status(("STATUS", [None])) == []


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"INBOX", "STATUS can't be read: b'INBOX'"),
        (b"INBOX (MESSAGES)", "STATUS can't be read"),
        (b'"a" (MESSAGES 1) (UNSEEN 1)', "STATUS can't be read"),
        (b"INBOX (MESSAGES many)", "MESSAGES can't be read: b'many'"),
        (b"INBOX (MAILBOXID ((a)))", "MAILBOXID can't be read"),
        (b"INBOX (MESSAGES " + b"(" * 60, "STATUS can't be read"),
    ],
)
def test_what_cannot_be_read_is_quoted(data: bytes, problem: str) -> None:
    with pytest.raises(ParseError) as caught:
        status([data])
    assert str(caught.value).startswith(f"status: {problem}")
    (found,) = status([data], lenient=True)
    assert found == data or found.others


def test_what_cannot_be_read_stands_among_others() -> None:
    (found,) = status([b"INBOX (MESSAGES many UNSEEN 2)"], lenient=True)
    assert found == Status("INBOX", b"INBOX", unseen=2, others=(("MESSAGES", b"many"),))


@given(hostile)
def test_whatever_comes_is_read_or_refused(data: list[Any]) -> None:
    with suppress(ParseError):
        status(data)
    status(data, lenient=True)
