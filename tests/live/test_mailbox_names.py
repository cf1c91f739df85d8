"""Mailbox names that need quoting or encoding, in every command that takes one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from imaplib2 import IMAP4

from .helpers import assert_unknown, count, fill, mailbox_names, ok, plain, with_each
from .server import Server

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
def M(server: Server, user: str) -> Iterator[IMAP4]:
    with plain(server, user) as M:
        yield M


@pytest.fixture
def name(M: IMAP4, server: Server, each_name: str) -> str:
    """The name of a mailbox that has just been created."""
    name = server.mailbox(each_name)
    ok(M.create(name))
    return name


def _accepted_names(kind: type[Server]) -> list[str]:
    return [name for name in NAMES if name not in kind.traits.refused_names]


_DIFFICULT = ["two words", '☃ & "ü" \\', "Entwürfe", "R&D", "some (parentheses)", "a/b c/d"]


def _some_names(kind: type[Server]) -> list[str]:
    """All with one server; with others those that show what becomes of the encoded name."""
    names = _accepted_names(kind)
    return names if kind.traits.load == 1 else [name for name in names if name in _DIFFICULT]


def _vanishing_names(kind: type[Server]) -> list[str]:
    return ['☃ & "ü" \\'] if kind.traits.is_slow else _some_names(kind)


def _subscribed(M: IMAP4, server: Server) -> set[str]:
    """What the user has subscribed to."""
    return mailbox_names(M.lsub()) - server.traits.subscribed


every_name = with_each("each_name", _accepted_names)
many_names = with_each("each_name", _some_names)
every_vanishing_name = with_each("each_name", _vanishing_names)


@every_name
def test_create_and_list(M: IMAP4, name: str) -> None:
    assert name in mailbox_names(M.list())


@many_names
def test_list_one(M: IMAP4, name: str) -> None:
    assert name in mailbox_names(M.list("", name))


@every_name
def test_select_and_status(M: IMAP4, name: str) -> None:
    assert ok(M.select(name)) == [b"0"]
    assert M.mailbox == name
    ok(M.close())
    assert count(M, name) == 0


@many_names
def test_append_and_copy(M: IMAP4, name: str) -> None:
    fill(M, name, [1], 500)
    ok(M.select(name))
    ok(M.copy("1", name))
    ok(M.noop())
    assert count(M, name) == 2


@many_names
def test_move(M: IMAP4, server: Server, name: str) -> None:
    fill(M, "INBOX", [1], 500)
    ok(M.select())
    if server.has("MOVE"):
        ok(M.move("1", name))
    else:
        assert_unknown(server, lambda: M.move("1", name))
    assert count(M, name) == int(server.has("MOVE"))


@every_vanishing_name
def test_rename_to_and_fro(M: IMAP4, server: Server, name: str) -> None:
    new = server.mailbox("new")
    ok(M.rename(name, new))
    assert new in mailbox_names(M.list())
    ok(M.rename(new, name))
    assert name in mailbox_names(M.list())


@many_names
def test_subscribe_and_lsub(M: IMAP4, server: Server, name: str) -> None:
    ok(M.subscribe(name))
    assert _subscribed(M, server) == {name}
    ok(M.unsubscribe(name))
    assert _subscribed(M, server) == set()


@every_vanishing_name
def test_delete(M: IMAP4, name: str) -> None:
    ok(M.delete(name))
    assert name not in mailbox_names(M.list())


@many_names
def test_extensions(M: IMAP4, server: Server, name: str) -> None:
    ok(M.setacl(name, "bob", "lr"))
    ok(M.getacl(name))
    ok(M.myrights(name))
    ok(M.deleteacl(name, "bob"))
    ok(M.getquotaroot(name))
    if server.has("METADATA"):
        ok(M.setmetadata(name, '(/private/comment "x")'))
        ok(M.getmetadata(name, "/private/comment"))


@with_each("name", lambda kind: sorted(kind.traits.refused_names))
def test_name_that_is_refused(M: IMAP4, server: Server, name: str) -> None:
    before = mailbox_names(M.list())
    typ, _ = M.create(server.mailbox(name))
    assert typ == "NO"
    assert mailbox_names(M.list()) == before


def test_name_that_is_quoted_already(M: IMAP4, server: Server) -> None:
    name = server.mailbox("two words")
    ok(M.create(f'"{name}"'))
    assert name in mailbox_names(M.list())


def test_name_that_looks_like_a_list(M: IMAP4, server: Server) -> None:
    name = server.mailbox("(parentheses)")
    ok(M.create(f'"{name}"'))
    assert name in mailbox_names(M.list())


def test_name_that_is_encoded_already(M: IMAP4, server: Server) -> None:
    ok(M.create(server.mailbox("Entw&APw-rfe")))
    assert server.mailbox("Entwürfe") in mailbox_names(M.list())
    ok(M.select(server.mailbox("Entwürfe")))


def test_name_in_bytes_goes_out_as_it_is(M: IMAP4, server: Server) -> None:
    name = server.mailbox("two words")
    ok(M.create(f'"{name}"'.encode()))
    assert name in mailbox_names(M.list())


@pytest.mark.parametrize("name", ["a\r\nb", "a\nb", "a\0b", '"a\r\nb"', b"a\r\nb"])
def test_name_that_cannot_be_sent(M: IMAP4, name: str | bytes) -> None:
    with pytest.raises(ValueError, match="CREATE") as caught:
        M.create(name)
    assert isinstance(caught.value, M.error)
    ok(M.noop())
