"""What real servers say of mailboxes, and of what searches find, as Python values."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from imaplib2 import IMAP4, flags, mailbox_names, parse
from imaplib2.parse import Namespace, SequenceSet, Thread

from .helpers import count, fill, ok, plain, with_servers
from .server import Server


@pytest.fixture
def M(server: Server, user: str) -> Iterator[IMAP4]:
    """A connection with nine messages in INBOX, which is selected."""
    with plain(server, user) as M:
        fill(M, "INBOX", range(1, 10), 300)
        ok(M.select())
        yield M


# Mailboxes


def test_mailboxes_are_listed(M: IMAP4, server: Server) -> None:
    names = ["two words", "Entwürfe", "Tom & Jerry", "a/b c/d"]
    created = {server.mailbox(name) for name in names}
    for name in created:
        ok(M.create(name))
    found = {one.name: one for one in parse.mailboxes(M.list())}
    assert created | {"INBOX", server.mailbox("Sent")} <= found.keys()
    for name in created:
        assert found[name].raw == mailbox_names.encode(name)
        assert found[name].delimiter == server.traits.delimiter
        assert found[name].is_selectable
    nested = found[server.mailbox("a/b c/d")]
    assert nested.path[-3:] == ("a", "b c", "d")
    # Exactly as the server has it, and decoded, commands take it as the same mailbox.
    for argument in (found[server.mailbox("Entwürfe")].quoted, server.mailbox("Entwürfe")):
        (status,) = parse.status(M.status(argument, "(MESSAGES)"))
        assert (status.name, status.messages) == (server.mailbox("Entwürfe"), 0)


def test_attributes(M: IMAP4, server: Server) -> None:
    ok(M.create(server.mailbox("above/below")))
    found = {one.name: one for one in parse.mailboxes(M.list())}
    assert found[server.mailbox("above/below")].has(flags.HAS_NO_CHILDREN)
    if server.traits.name == "dovecot":
        above = found["above"]
        assert above.has(flags.HAS_CHILDREN)
        assert not above.is_selectable


@with_servers(lambda traits: "METADATA" in traits.extensions)
def test_special_uses(M: IMAP4, server: Server) -> None:
    name = "Sent"
    if server.traits.name == "cyrus":
        name = "Gone out"
        ok(M.xatom("CREATE", f'"{name}"'.encode(), rb"(USE (\Sent))"))
    found = parse.mailboxes(M.list('""', "* RETURN (SPECIAL-USE)"))
    assert [one.name for one in found if flags.USE_SENT in one.special_use] == [name]


def test_subscriptions(M: IMAP4, server: Server) -> None:
    name = server.mailbox("Sent")
    ok(M.subscribe(name))
    assert name in {one.name for one in parse.mailboxes(M.lsub())}
    if server.has("ESEARCH"):
        listed = parse.mailboxes(M.list('(SUBSCRIBED) ""', "*"))
        (sent,) = (one for one in listed if one.name == name)
        assert sent.has(flags.SUBSCRIBED)


@with_servers(lambda traits: "METADATA" in traits.extensions)
def test_statuses_that_come_with_a_list(M: IMAP4) -> None:
    ok(M.create("Gr\xfc\xdfe"))
    fill(M, "Gr\xfc\xdfe", range(1, 4), 300)
    listed = ok(M.list('""', "* RETURN (STATUS (MESSAGES UIDNEXT HIGHESTMODSEQ))"))
    found = {one.name: one for one in parse.mailboxes([("LIST", listed), M.response("STATUS")])}
    messages = {name: one.status.messages for name, one in found.items() if one.status}
    assert messages["INBOX"] == 9
    assert messages["Gr\xfc\xdfe"] == 3
    inbox = found["INBOX"].status
    assert inbox is not None
    assert inbox.uid_next == 10
    assert inbox.highest_modseq is not None


@with_servers(lambda traits: traits.name == "cyrus")
def test_rights_and_metadata_that_come_with_a_list(M: IMAP4) -> None:
    ok(M.setmetadata("INBOX", '(/private/comment "hello world")'))
    listed = ok(M.list('""', "INBOX RETURN (MYRIGHTS METADATA (/private/comment))"))
    pairs = [("LIST", listed), M.response("MYRIGHTS"), M.response("METADATA")]
    (found,) = parse.mailboxes(pairs)
    assert found.my_rights
    assert found.my_rights >= {*"lrs"}
    assert found.metadata == {"/private/comment": b"hello world"}


def test_status(M: IMAP4, server: Server) -> None:
    (found,) = parse.status(M.status("INBOX", ["MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN"]))
    assert (found.name, found.messages, found.uid_next, found.unseen) == ("INBOX", 9, 10, 9)
    assert found.uid_validity
    assert found.others == ()
    if server.traits.name == "cyrus":
        (found,) = parse.status(M.status("INBOX", ["MAILBOXID", "SIZE"]))
        assert found.mailbox_id
        assert found.size is not None
        assert found.size > 2000


def test_namespaces(M: IMAP4, server: Server) -> None:
    found = parse.namespace(M.namespace())
    delimiter, prefix = server.traits.delimiter, server.traits.prefix
    assert found.personal == (Namespace(prefix, prefix.encode(), delimiter),)
    if server.traits.name == "cyrus":
        assert [one.prefix for one in found.other_users] == ["Other Users/"]
        assert [one.prefix for one in found.shared] == ["Shared Folders/"]


# Sets


def test_every_command_takes_a_set(M: IMAP4, server: Server) -> None:
    some = SequenceSet("1:3,7")
    assert len(ok(M.fetch(some, "(UID)"))) == 4
    assert len(ok(M.fetch(some, "(FLAGS)", uid=True))) == 4
    ok(M.store(some, "+FLAGS", [flags.FLAGGED]))
    assert parse.search(M.search(None, "FLAGGED")).numbers == some
    assert parse.search(M.search(None, some, "UID", SequenceSet("2:*"))).numbers == {2, 3, 7}
    assert parse.search(M.search(None, "UID ?s", params=[some])).numbers == some
    assert parse.search(M.uid("SEARCH", some - {1})).numbers == {2, 3, 7}
    ok(M.copy(some, server.mailbox("Sent")))
    assert count(M, server.mailbox("Sent")) == 4
    ok(M.fetch([some, 9, range(4, 6)], "(UID)"))


def test_flags_are_set_by_set_algebra(M: IMAP4) -> None:
    ok(M.store("2,4", "+FLAGS", [flags.SEEN]))
    everything = parse.search(M.search(None, "ALL", uid=True)).numbers
    seen = parse.search(M.search(None, "SEEN", uid=True)).numbers
    ok(M.store(everything - seen, "+FLAGS", [flags.DELETED], uid=True))
    assert parse.search(M.search(None, "UNDELETED", uid=True)).numbers == {2, 4}
    expunged = parse.expunge(M.expunge())
    # In whatever order, of what is left each time.
    left = [*range(1, 10)]
    assert {left.pop(number - 1) for number in expunged} == {1, 3, 5, 6, 7, 8, 9}
    assert parse.search(M.search(None, "ALL")).numbers == {1, 2}


def test_a_text_of_the_longest_size_is_accepted(M: IMAP4) -> None:
    many = SequenceSet(range(1, 100_000, 2))
    texts = many.split()
    assert len(texts) > 10
    assert max(map(len, texts)) > 7900
    found = [one for text in texts for one in ok(M.uid("FETCH", text, "(UID)")) if one]
    assert len(found) == 5


# What searches find


@with_servers(lambda traits: "ESEARCH" in traits.extensions)
def test_esearch(M: IMAP4) -> None:
    ok(M.search(None, "RETURN (MIN MAX COUNT ALL)", "UID", "2:4,8", uid=True))
    found = parse.search(M.response("ESEARCH"))
    assert found.numbers == {2, 3, 4, 8}
    assert (found.uid, found.min, found.max, found.count) == (True, 2, 8, 4)
    assert found.tag
    ok(M.search(None, "RETURN ()", "SUBJECT", "nowhere"))
    found = parse.search(M.response("ESEARCH"))
    assert (found.numbers, found.uid) == (SequenceSet(), False)
    ok(M.store(3, "+FLAGS", [flags.FLAGGED]))
    found = parse.search(M.search(None, "MODSEQ", "1"))
    assert found.numbers == SequenceSet("1:9")
    assert found.modseq


def test_sort(M: IMAP4, server: Server) -> None:
    assert parse.sort(M.sort("(REVERSE SUBJECT)", "UTF-8", "2:5")).numbers == (5, 4, 3, 2)
    if server.has("ESEARCH"):
        ok(M.sort(b"RETURN (ALL COUNT) (REVERSE SUBJECT)", "UTF-8", "2:5"))
        answer = M.response("ESEARCH")
        assert parse.sort(answer).numbers == (5, 4, 3, 2)
        assert parse.search(answer).count == 4


def test_threads(M: IMAP4) -> None:
    def append(number: int, *references: int) -> None:
        refs = " ".join(f"<{one}@example.org>" for one in references)
        text = f"Message-ID: <{number}@example.org>\r\nSubject: s{number}\r\nReferences: {refs}\r\n"
        ok(M.append("INBOX", None, None, text.encode() + b"\r\n"))

    append(10)
    append(11, 10)
    append(12, 10, 11)
    append(13, 10, 11)
    # Their parent is in no mailbox.
    append(14, 99)
    append(15, 99)
    ok(M.noop())
    found = parse.thread(M.thread("REFERENCES", "UTF-8", "10:15"))
    branches = (Thread((12,)), Thread((13,)))
    assert found == [
        Thread((10, 11), branches),
        Thread((), (Thread((14,)), Thread((15,)))),
    ]
    assert [*found[0].walk()] == [(0, 10), (1, 11), (2, 12), (2, 13)]
    assert found[1].messages == {14, 15}


@with_servers(lambda traits: "CONDSTORE" in traits.extensions)
def test_what_has_vanished(M: IMAP4, server: Server, user: str) -> None:
    ok(M.close())
    ok(M.enable("QRESYNC"))
    ok(M.select())
    (before,) = M.response("HIGHESTMODSEQ")[1]
    ok(M.store("2,4:6", "+FLAGS", [flags.DELETED]))
    ok(M.expunge())
    (gone,) = parse.vanished(M.response("VANISHED"))
    assert gone == (SequenceSet("2,4:6"), False)
    ok(M.uid("FETCH", "1:*", "(FLAGS)", f"(CHANGEDSINCE {before.decode()} VANISHED)"))
    earlier = parse.vanished(M.response("VANISHED"))
    assert [(one.uids, one.earlier) for one in earlier] == [(SequenceSet("2,4:6"), True)]
