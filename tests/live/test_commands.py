"""Extensions, response codes, read-only mailboxes, and what the server refuses."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import partial
from typing import Any

import pytest

from imaplib2 import IMAP4, Internaldate2Time

from .helpers import (
    Replies,
    assert_unknown,
    count,
    fill,
    mailbox_names,
    message,
    numbers,
    ok,
    plain,
    plain_text,
    with_servers,
)
from .server import Server


@pytest.fixture
def M(server: Server, user: str) -> Iterator[IMAP4]:
    """A connection with three messages in INBOX, which is selected."""
    with plain(server, user) as M:
        fill(M, "INBOX", range(1, 4), 500)
        ok(M.select())
        yield M


# ACL, QUOTA, METADATA, NAMESPACE, ID


def test_acl(M: IMAP4, server: Server, user: str) -> None:
    traits = server.traits
    owners = dict.fromkeys(traits.owners or [user], traits.rights)
    ok(M.setacl(server.mailbox("Sent"), "bob", "lr"))
    assert _rights(M, server, "Sent") == owners | {"bob": "lr"}
    ok(M.deleteacl(server.mailbox("Sent"), "bob"))
    assert _rights(M, server, "Sent") == owners


def _rights(M: IMAP4, server: Server, mailbox: str) -> dict[str, str]:
    (line,) = ok(M.getacl(server.mailbox(mailbox)))
    name, *words = line.split()
    assert name == server.shown(mailbox)
    texts = [word.strip(b'"').decode() for word in words]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def test_myrights(M: IMAP4, server: Server) -> None:
    (line,) = ok(M.myrights("INBOX"))
    name, rights = line.split()
    assert name == server.shown("INBOX")
    assert rights.strip(b'"').decode() == server.traits.rights


def test_getquota(M: IMAP4, server: Server) -> None:
    root = server.traits.quota_root
    if server.traits.shows_quota:
        (line,) = ok(M.getquota(root))
        assert re.match(rb'"%b"( \(STORAGE |$)' % root.encode(), line)
    else:
        assert M.getquota(root) == ("NO", [b"Permission denied"])


def test_getquotaroot_has_two_lists(M: IMAP4, server: Server) -> None:
    root = server.traits.quota_root.encode()
    (roots,), (quota,) = ok(M.getquotaroot("INBOX"))
    assert re.fullmatch(rb'%b ("?)%b\1' % (server.shown("INBOX"), root), roots)
    assert re.match(rb'("?)%b\1( \(STORAGE |$)' % root, quota)
    if server.traits.shows_quota:
        assert ok(M.getquota(server.traits.quota_root)) == [quota]


def test_setquota_is_refused(M: IMAP4, server: Server) -> None:
    typ, (text,) = M.setquota(server.traits.quota_root, "(STORAGE 512)")
    assert typ == "NO"
    assert re.search(server.traits.no_quota, text)


def test_metadata(M: IMAP4, server: Server) -> None:
    entry = '(/private/comment "hello world")'
    if not server.has("METADATA"):
        assert_unknown(server, lambda: M.setmetadata("INBOX", entry))
        assert_unknown(server, lambda: M.getmetadata("INBOX", "/private/comment"))
        ok(M.noop())
        return
    ok(M.setmetadata("INBOX", entry))
    data = ok(M.getmetadata("INBOX", "/private/comment"))
    if server.traits.values_are_literals:
        assert data == [(b"INBOX (/private/comment {11}", b"hello world"), b")"]
    else:
        assert data == [b'INBOX ("/private/comment" "hello world")']


@with_servers(lambda traits: "METADATA" in traits.extensions)
def test_metadata_with_options_and_several_entries(M: IMAP4, server: Server) -> None:
    ok(M.setmetadata("INBOX", '(/private/comment "hello world")'))
    data = ok(M.getmetadata("(MAXSIZE 100)", "INBOX", "(/private/comment /shared/comment)"))
    expected = b"INBOX (/private/comment hello world /shared/comment NIL)"
    assert plain_text(data).replace(b'"', b"") == expected


def test_namespace(M: IMAP4, server: Server) -> None:
    assert ok(M.namespace()) == [server.traits.namespaces]


@pytest.mark.parametrize(
    "fields",
    [
        (),
        (None,),
        ({"name": "imaplib2", "version": None},),
        ("name", "imaplib2", "version", "1.0"),
        ('("name" "imaplib2")',),
        ({"name": 'quotes " and \\'},),
    ],
)
def test_id(M: IMAP4, server: Server, fields: tuple[object, ...]) -> None:
    if not server.has("ID"):
        assert_unknown(server, lambda: M.id(*fields))
        ok(M.noop())
        return
    (line,) = ok(M.id(*fields))
    assert line.lower().startswith(f'("name" "{server.traits.name}'.encode())


def test_id_before_login(server: Server) -> None:
    with IMAP4(server.host, server.port) as M:
        if server.has("ID"):
            ok(M.id({"name": "imaplib2"}))
        else:
            assert_unknown(server, lambda: M.id({"name": "imaplib2"}))
        assert M.state == "NONAUTH"


# SORT, THREAD, ESEARCH, CONDSTORE


def test_sort(M: IMAP4) -> None:
    assert numbers(M.sort("(REVERSE SUBJECT)", "UTF-8", "ALL")) == [3, 2, 1]
    assert numbers(M.uid("SORT", "(REVERSE SUBJECT)", "UTF-8", "1:2")) == [2, 1]
    assert numbers(M.sort(["SUBJECT"], None, "ALL", uid=True)) == [1, 2, 3]


def test_thread(M: IMAP4) -> None:
    headers = b"Message-ID: <reply@example.org>\r\nReferences: <first@example.org>\r\n"
    ok(M.append("INBOX", None, None, b"Message-ID: <first@example.org>\r\n\r\n"))
    ok(M.append("INBOX", None, None, headers + b"\r\n"))
    ok(M.noop())
    assert ok(M.thread("REFERENCES", "UTF-8", "4:5")) == [b"(4 5)"]
    assert ok(M.thread("REFERENCES", "UTF-8", "4:5", uid=True)) == [b"(4 5)"]
    assert ok(M.uid("THREAD", "ORDEREDSUBJECT", "UTF-8", "1")) == [b"(1)"]


def test_esearch(M: IMAP4, server: Server) -> None:
    if not server.has("ESEARCH"):
        assert_unknown(server, lambda: M.search(None, "RETURN (COUNT)", "ALL"))
        assert numbers(M.search(None, "ALL")) == [1, 2, 3]
        return
    assert ok(M.search(None, "RETURN (COUNT MIN MAX)", "ALL")) == [None]
    code, (line,) = M.response("ESEARCH")
    assert code == "ESEARCH"
    assert sorted(line.split()[-6:]) == sorted([b"MIN", b"1", b"MAX", b"3", b"COUNT", b"3"])


@pytest.fixture
def with_condstore(M: IMAP4, server: Server) -> IMAP4:
    """The connection with CONDSTORE, or what a server takes for that, enabled."""
    ok(M.close())
    ok(M.enable("CONDSTORE"))
    name = b"CONDSTORE" if server.has("CONDSTORE") else b""
    assert M.response("ENABLED") == ("ENABLED", [name])
    ok(M.select())
    return M


def test_condstore(with_condstore: IMAP4, server: Server) -> None:
    M = with_condstore
    if not server.has("CONDSTORE"):
        assert M.response("HIGHESTMODSEQ") == ("HIGHESTMODSEQ", [None])
        assert_unknown(server, lambda: M.fetch("1", "(MODSEQ)"))
        return
    assert M.response("HIGHESTMODSEQ")[1][0].isdigit()
    (line,) = ok(M.fetch("1", "(MODSEQ)"))
    assert line.startswith(b"1 (MODSEQ (")


@with_servers(lambda traits: "CONDSTORE" in traits.extensions)
def test_condstore_fetches_what_has_changed(with_condstore: IMAP4) -> None:
    M = with_condstore
    (highest,) = M.response("HIGHESTMODSEQ")[1]
    ok(M.store("2", "+FLAGS.SILENT", r"(\Flagged)"))
    (line,) = ok(M.fetch("1:*", f"(FLAGS) (CHANGEDSINCE {highest.decode()})"))
    assert line.startswith(b"2 (")


def test_what_is_not_supported(M: IMAP4, server: Server) -> None:
    assert_unknown(server, lambda: M.getannotation("INBOX", "/comment", "value.priv"))
    assert_unknown(server, lambda: M.xatom("NONSENSE"))
    assert numbers(M.search(None, "ALL")) == [1, 2, 3]


def test_xatom(M: IMAP4) -> None:
    ok(M.xatom("CAPABILITY"))
    code, (line,) = M.response("CAPABILITY")
    assert code == "CAPABILITY"
    assert b"IMAP4rev1" in line


# Searching


@pytest.mark.parametrize(
    "criteria",
    [
        ("SUBJECT", "message 2"),
        ('SUBJECT "message 2"',),
        ('(SUBJECT "message 2")',),
        ("UNSEEN", "SUBJECT", "message 2", "UNDELETED"),
        ("NOT", "OR", "SUBJECT", "message 1", "FROM", "3@example.org"),
        ("2",),
        ("HEADER", "From", "2@example.org"),
        ("TEXT", 'quoted \\" text\\\\', "SUBJECT", "2"),
    ],
)
def test_search_criteria(M: IMAP4, criteria: tuple[str, ...]) -> None:
    assert numbers(M.search(None, *criteria)) == [2]


@pytest.mark.parametrize("charset", ["UTF-8", "ISO-8859-1"])
def test_search_in_a_charset(M: IMAP4, charset: str) -> None:
    text = "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_aus_Z=C3=BCrich?=\r\n\r\n"
    ok(M.append("INBOX", None, None, text.encode()))
    ok(M.noop())
    assert numbers(M.search(charset, "SUBJECT", "grüße aus")) == [4]
    assert numbers(M.search(charset, "SUBJECT", "größe")) == []


def test_search_params(M: IMAP4) -> None:
    assert numbers(M.search(None, "SUBJECT ? UNSEEN", params=["message 2"])) == [2]
    assert numbers(M.uid("SEARCH", "UID ?s", params=[range(2, 4)])) == [2, 3]


def test_search_for_what_would_be_a_command(M: IMAP4, server: Server) -> None:
    with pytest.raises(ValueError, match="SEARCH"):
        M.search(None, "SUBJECT", f"x\r\nA1 DELETE {server.mailbox('Sent')}")
    assert server.mailbox("Sent") in mailbox_names(M.list())


# Structured arguments


@pytest.mark.parametrize("messages", ["1:3", b"1:3", "1:*", range(1, 4), [1, 2, 3], [(1, "*")]])
def test_message_sets(M: IMAP4, messages: Any) -> None:
    assert len(ok(M.fetch(messages, "(UID)"))) == 3


@pytest.mark.parametrize("items", ["(UID FLAGS)", ["UID", "FLAGS"], b"(UID FLAGS)"])
def test_fetch_items(M: IMAP4, items: Any) -> None:
    (line,) = ok(M.fetch(2, items))
    assert re.fullmatch(rb"2 \((UID 2 FLAGS \(.*\)|FLAGS \(.*\) UID 2)\)", line)


@pytest.mark.parametrize("flags", [r"(\Flagged $A)", r"\Flagged $A", [r"\Flagged", "$A"]])
def test_flags(M: IMAP4, flags: Any) -> None:
    ok(M.store(1, "+FLAGS", flags))
    assert numbers(M.search(None, "FLAGGED KEYWORD $A")) == [1]


def test_status(M: IMAP4, server: Server) -> None:
    expected = server.shown("INBOX") + b" (MESSAGES 3 UIDNEXT 4)"
    assert ok(M.status("INBOX", "(MESSAGES UIDNEXT)")) == [expected]
    assert M.status("INBOX", ["MESSAGES", "UIDNEXT"]) == M.status("INBOX", "(MESSAGES UIDNEXT)")


@pytest.mark.parametrize("name", ["INBOX", "inbox"])
def test_status_beside_a_list_that_brings_statuses(M: IMAP4, server: Server, name: str) -> None:
    if "LIST-STATUS" not in M.capabilities:
        pytest.skip("no LIST-STATUS")
    replies = Replies()
    M.list('""', "* RETURN (STATUS (MESSAGES))", callback=replies)
    (data,) = ok(M.status(name, "(MESSAGES)"))
    assert data.upper().endswith(b"INBOX (MESSAGES 3)")
    typ, brought = M.response("STATUS")
    assert typ == "STATUS"
    assert sum(line.upper().endswith(b"INBOX (MESSAGES 3)") for line in brought) == 1
    assert len(brought) > 1


def test_flags_of_another_message_are_no_answer(M: IMAP4, server: Server, user: str) -> None:
    with plain(server, user) as other:
        ok(other.select())
        ok(other.store(1, "+FLAGS", r"(\Flagged)"))
    assert [int(item.split()[0]) for item in ok(M.fetch(3, "(UID)"))] == [3]
    ok(M.noop())
    assert any(item.startswith(b"1 (") for item in M.response("FETCH")[1])


@pytest.mark.parametrize(
    "date",
    [
        1000000000,
        1000000000.5,
        time.localtime(1000000000),
        datetime.fromtimestamp(1000000000, timezone.utc),
        '"09-Sep-2001 01:46:40 +0000"',
    ],
)
def test_append_date(M: IMAP4, date: Any) -> None:
    ok(M.append("INBOX", None, date, message(4, 500)))
    ok(M.noop())
    (line,) = ok(M.fetch("4", "INTERNALDATE"))
    assert Internaldate2Time(line) == time.localtime(1000000000)


# Untagged responses and response codes


def test_select_tells_of_the_mailbox(M: IMAP4, server: Server) -> None:
    assert ok(M.select()) == [b"3"]
    assert M.response("exists") == ("exists", [b"3"])
    assert M.response("UIDNEXT")[1] == [b"4" if server.traits.announces_uidnext else None]
    assert rb"\*" in M.response("PERMANENTFLAGS")[1][0]
    assert M.response("READ-WRITE")[1] != [None]
    assert M.response("NONSENSE") == ("NONSENSE", [None])


def test_copyuid_and_appenduid(M: IMAP4, server: Server) -> None:
    ok(M.copy("1:2", server.mailbox("Sent")))
    assert M.response("COPYUID")[1][0].endswith(b" 1:2 1:2")
    ok(M.append("INBOX", None, None, message(4, 500)))
    assert M.response("APPENDUID")[1][0].endswith(b" 4")


def test_recent(M: IMAP4, server: Server) -> None:
    M.response("RECENT")
    assert M.recent() == ("OK", [None])
    ok(M.append("INBOX", None, None, message(4, 500)))
    ok(M.noop())
    typ, data = M.recent()
    assert (typ, data[-1]) == ("OK", server.recent(4))


def test_pop_untagged_responses(M: IMAP4) -> None:
    ok(M.select())
    names = [name for name, data in M.pop_untagged_responses()]
    assert "RECENT" in names
    assert names.index("FLAGS") < names.index("PERMANENTFLAGS") < names.index("READ-WRITE")
    assert "EXISTS" not in names  # it is what select has returned
    assert list(M.pop_untagged_responses()) == []


def test_untagged_responses_read_like_a_dict(M: IMAP4) -> None:
    ok(M.select())
    assert "EXISTS" in M.untagged_responses
    assert M.untagged_responses["EXISTS"] == [b"3"]
    assert M.untagged_responses.get("NONSENSE") is None


# Read-only mailboxes


def test_examine(M: IMAP4, server: Server) -> None:
    assert ok(M.examine()) == [b"3"]
    assert M.is_readonly
    M.store("1", "+FLAGS", r"(\Flagged)")  # which is ignored, refused or done
    assert numbers(M.search(None, "FLAGGED")) == [1] * server.traits.stores_while_reading


def test_select_for_reading(M: IMAP4) -> None:
    assert ok(M.select(readonly=True)) == [b"3"]
    assert M.is_readonly
    ok(M.select())
    assert not M.is_readonly


@with_servers(lambda traits: traits.shared)
def test_mailbox_that_can_only_be_read(M: IMAP4, user: str, server: Server) -> None:
    """One of another user."""
    assert server.traits.shared is not None
    friend, name = server.new_user(), server.traits.shared.format(user) + "Sent"
    ok(M.setacl("Sent", friend, "lr"))
    fill(M, "Sent", [1], 500)
    with plain(server, friend) as other:
        _can_only_be_read(other, server, name)
        typ, (text,) = other.move("1", "Trash")
        assert typ == "NO"
        assert text.startswith(server.traits.no_right)


@with_servers(lambda traits: not traits.shared)
def test_own_mailbox_that_can_only_be_read(M: IMAP4, server: Server) -> None:
    name = server.mailbox("Sent")
    fill(M, name, [1], 500)
    ok(M.setacl(name, "owner", "lra"))
    _can_only_be_read(M, server, name)


def _can_only_be_read(M: IMAP4, server: Server, name: str) -> None:
    with pytest.raises(IMAP4.readonly, match="not writable"):
        M.select(name)
    assert ok(M.select(name, readonly=True)) == [b"1"]
    for attempt in (
        partial(M.append, name, None, None, message(1, 500)),
        partial(M.copy, "1", name),
    ):
        typ, (text,) = attempt()
        assert typ == "NO"
        assert text.startswith(server.traits.no_right)


@with_servers(lambda traits: traits.after_deletion)
def test_server_ends_the_session(M: IMAP4, user: str, server: Server) -> None:
    replies = Replies()
    ok(M.create(server.mailbox("doomed")))
    ok(M.select(server.mailbox("doomed")))
    with plain(server, user) as other:
        ok(other.delete(server.mailbox("doomed")))
    for _ in range(2):
        with pytest.raises(M.abort, match=server.traits.after_deletion):
            M.search(None, "ALL")
    with pytest.raises(M.abort, match=server.traits.after_deletion):
        M.noop(callback=replies)
    assert M.state == "LOGOUT"
    assert not replies


@with_servers(lambda traits: not traits.after_deletion)
def test_session_that_lost_its_mailbox(M: IMAP4, user: str, server: Server) -> None:
    name = server.mailbox("doomed")
    ok(M.create(name))
    ok(M.select(name))
    with plain(server, user) as other:
        ok(other.delete(name))
    assert numbers(M.search(None, "ALL")) == []
    assert M.append(name, None, None, message(1, 500))[0] == "NO"
    assert count(M, "INBOX") == 3


# Refused


def test_select_of_no_mailbox(M: IMAP4, server: Server) -> None:
    typ, (text,) = M.select(server.mailbox("nowhere"))
    assert typ == "NO"
    assert server.traits.unknown_mailbox in text
    assert M.state == "AUTH"
    with pytest.raises(M.error, match=r"^command SEARCH illegal in state AUTH"):
        M.search(None, "ALL")


@pytest.mark.parametrize("size", [500, 5_000_000])
def test_append_to_no_mailbox(M: IMAP4, server: Server, size: int) -> None:
    typ, (text,) = M.append(server.mailbox("nowhere"), None, None, b"x" * size)
    assert typ == "NO"
    assert text.startswith(b"[TRYCREATE] ")
    assert count(M, "INBOX") == 3


def test_copy_to_no_mailbox(M: IMAP4, server: Server) -> None:
    typ, (text,) = M.copy("1", server.mailbox("nowhere"))
    assert typ == "NO"
    assert text.startswith(b"[TRYCREATE] ")


def test_message_that_does_not_exist(M: IMAP4, server: Server) -> None:
    if server.traits.unknown_message == "BAD":
        with pytest.raises(M.error, match=r"^FETCH command error: BAD .*Invalid messageset"):
            M.fetch("9", "(FLAGS)")
    else:
        assert M.fetch("9", "(FLAGS)")[0] == server.traits.unknown_message
    assert M.uid("FETCH", "9", "(FLAGS)") == ("OK", [None])


@with_servers(lambda traits: traits.unknown_type == "BAD")
def test_bad_answer_to_a_callback(M: IMAP4, server: Server) -> None:
    replies = Replies()
    M.fetch("1", "(NONSENSE)", callback=replies, cb_arg=1)
    M.fetch("1", "(UID)", callback=replies, cb_arg=2)
    (result, argument, (kind, text)), second = replies.wait(2)
    assert (result, argument, kind) == (None, 1, M.error)
    assert re.search(server.traits.unknown_command, text)
    assert "NONSENSE" in text
    assert second == (("OK", [b"1 (UID 1)"]), 2, None)


def test_no_answer_to_a_callback(M: IMAP4, server: Server) -> None:
    replies = Replies()
    M.copy("1", server.mailbox("nowhere"), callback=replies)
    (((typ, _), _, problem),) = replies.wait(1)
    assert (typ, problem) == ("NO", None)


def test_bad_argument_is_raised_by_the_call(M: IMAP4) -> None:
    with pytest.raises(M.error, match=r"^FETCH: message set"):
        M.fetch("x", "(FLAGS)", callback=print)
    ok(M.noop())


def test_commands_from_a_callback(M: IMAP4) -> None:
    replies = Replies()
    M.noop(callback=lambda reply: replies(M.fetch("1:*", "(UID)")))
    assert len(ok(replies.wait(1)[0])) == 3
