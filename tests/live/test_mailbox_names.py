"""Mailbox names that need quoting or encoding, in every command that takes one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from imaplib2 import IMAP4

from .dovecot import Dovecot
from .helpers import count, fill, mailbox_names, ok, plain

NAMES = [
    "plain",
    "two words",
    " spaces around ",
    'double "quotes"',
    '"',
    "back\\slash",
    "trailing\\",
    "it's",
    "Tom & Jerry",
    "R&D",
    "&",
    "Entwürfe",
    "日本語/送信済み",
    '☃ & "ü" \\',
    "💌",
    "some (parentheses)",
    "(un (balanced)",
    "{5}",
    "{5+} x",
    "[brackets]",
    "NIL",
    "100%",
    "s*ar",
    "a,b;c~d",
    "a/b c/d",
]


@pytest.fixture
def M(dovecot: Dovecot, user: str) -> Iterator[IMAP4]:
    with plain(dovecot, user) as M:
        yield M


every_name = pytest.mark.parametrize("name", NAMES)


@every_name
def test_create_and_list(M: IMAP4, name: str) -> None:
    ok(M.create(name))
    assert name in mailbox_names(M.list())


@every_name
def test_list_one(M: IMAP4, name: str) -> None:
    ok(M.create(name))
    assert name in mailbox_names(M.list("", name))


@every_name
def test_select_and_status(M: IMAP4, name: str) -> None:
    ok(M.create(name))
    assert ok(M.select(name)) == [b"0"]
    assert M.mailbox == name
    ok(M.close())
    assert count(M, name) == 0


@every_name
def test_append_and_copy(M: IMAP4, name: str) -> None:
    ok(M.create(name))
    fill(M, name, [1], 500)
    ok(M.select(name))
    ok(M.copy("1", name))
    assert count(M, name) == 2


@every_name
def test_move(M: IMAP4, name: str) -> None:
    ok(M.create(name))
    fill(M, "INBOX", [1], 500)
    ok(M.select())
    ok(M.move("1", name))
    assert count(M, name) == 1


@every_name
def test_rename_to_and_fro(M: IMAP4, name: str) -> None:
    ok(M.create(name))
    ok(M.rename(name, "new"))
    assert "new" in mailbox_names(M.list())
    ok(M.rename("new", name))
    assert name in mailbox_names(M.list())


@every_name
def test_subscribe_and_lsub(M: IMAP4, name: str) -> None:
    ok(M.create(name))
    ok(M.subscribe(name))
    assert mailbox_names(M.lsub()) == {name}
    ok(M.unsubscribe(name))
    assert mailbox_names(M.lsub()) == set()


@every_name
def test_delete(M: IMAP4, name: str) -> None:
    ok(M.create(name))
    ok(M.delete(name))
    assert name not in mailbox_names(M.list())


@every_name
def test_extensions(M: IMAP4, name: str) -> None:
    ok(M.create(name))
    ok(M.setacl(name, "bob", "lr"))
    ok(M.getacl(name))
    ok(M.myrights(name))
    ok(M.deleteacl(name, "bob"))
    ok(M.getquotaroot(name))
    ok(M.setmetadata(name, '(/private/comment "x")'))
    ok(M.getmetadata(name, "/private/comment"))


def test_name_that_is_quoted_already(M: IMAP4) -> None:
    ok(M.create('"two words"'))
    assert "two words" in mailbox_names(M.list())


def test_name_that_looks_like_a_list(M: IMAP4) -> None:
    ok(M.create('"(parentheses)"'))
    assert "(parentheses)" in mailbox_names(M.list())


def test_name_that_is_encoded_already(M: IMAP4) -> None:
    ok(M.create("Entw&APw-rfe"))
    assert "Entwürfe" in mailbox_names(M.list())
    ok(M.select("Entwürfe"))


def test_name_in_bytes_goes_out_as_it_is(M: IMAP4) -> None:
    ok(M.create(b'"two words"'))
    assert "two words" in mailbox_names(M.list())


@pytest.mark.parametrize("name", ["a\r\nb", "a\nb", "a\0b", '"a\r\nb"', b"a\r\nb"])
def test_name_that_cannot_be_sent(M: IMAP4, name: str | bytes) -> None:
    with pytest.raises(ValueError, match="CREATE") as caught:
        M.create(name)
    assert isinstance(caught.value, M.error)
    ok(M.noop())
