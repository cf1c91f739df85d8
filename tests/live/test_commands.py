"""Extensions, response codes, read-only mailboxes, and what the server refuses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import partial
from typing import Any

import pytest

from imaplib2 import IMAP4, Internaldate2Time

from .dovecot import Dovecot
from .helpers import Replies, count, fill, mailbox_names, message, numbers, ok, plain


@pytest.fixture
def M(dovecot: Dovecot, user: str) -> Iterator[IMAP4]:
    """A connection with three messages in INBOX, which is selected."""
    with plain(dovecot, user) as M:
        fill(M, "INBOX", range(1, 4), 500)
        ok(M.select())
        yield M


# ACL, QUOTA, METADATA, NAMESPACE, ID


def test_acl(M: IMAP4, user: str) -> None:
    ok(M.setacl("Sent", "bob", "lr"))
    assert ok(M.getacl("Sent")) == [b"Sent bob lr %b lrwstipekxacd" % user.encode()]
    ok(M.deleteacl("Sent", "bob"))
    assert ok(M.getacl("Sent")) == [b"Sent %b lrwstipekxacd" % user.encode()]


def test_myrights(M: IMAP4) -> None:
    assert ok(M.myrights("INBOX")) == [b"INBOX lrwstipekxacd"]


def test_getquota(M: IMAP4) -> None:
    (line,) = ok(M.getquota("User quota"))
    assert line.startswith(b'"User quota" (STORAGE ')


def test_getquotaroot_has_two_lists(M: IMAP4) -> None:
    roots, quotas = ok(M.getquotaroot("INBOX"))
    assert roots == [b'INBOX "User quota"']
    assert quotas == ok(M.getquota("User quota"))


def test_setquota_is_refused(M: IMAP4) -> None:
    typ, (text,) = M.setquota("User quota", "(STORAGE 512)")
    assert typ == "NO"
    assert b"only by admin" in text


def test_metadata(M: IMAP4) -> None:
    ok(M.setmetadata("INBOX", '(/private/comment "hello world")'))
    header, tail = ok(M.getmetadata("INBOX", "/private/comment"))
    assert header == (b"INBOX (/private/comment {11}", b"hello world")
    assert tail == b")"


def test_metadata_with_options_and_several_entries(M: IMAP4) -> None:
    ok(M.setmetadata("INBOX", '(/private/comment "hello world")'))
    data = ok(M.getmetadata("(MAXSIZE 100)", "INBOX", "(/private/comment /shared/comment)"))
    assert data == [(b"INBOX (/private/comment {11}", b"hello world"), b" /shared/comment NIL)"]


def test_namespace(M: IMAP4) -> None:
    assert ok(M.namespace()) == [b'(("" "/")) (("Shared/" "/")) NIL']


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
def test_id(M: IMAP4, fields: tuple[object, ...]) -> None:
    (line,) = ok(M.id(*fields))
    assert line.startswith(b'("name" "Dovecot" ')


def test_id_before_login(dovecot: Dovecot) -> None:
    with IMAP4(dovecot.host, dovecot.port) as M:
        ok(M.id({"name": "imaplib2"}))


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


def test_esearch(M: IMAP4) -> None:
    assert ok(M.search(None, "RETURN (COUNT MIN MAX)", "ALL")) == [None]
    code, (line,) = M.response("ESEARCH")
    assert code == "ESEARCH"
    assert line.endswith(b" MIN 1 MAX 3 COUNT 3")


def test_condstore(M: IMAP4) -> None:
    ok(M.unselect())
    ok(M.enable("CONDSTORE"))
    assert M.response("ENABLED") == ("ENABLED", [b"CONDSTORE"])
    ok(M.select())
    assert M.response("HIGHESTMODSEQ")[1][0].isdigit()
    (line,) = ok(M.fetch("1", "(MODSEQ)"))
    assert line.startswith(b"1 (MODSEQ (")


def test_condstore_fetches_what_has_changed(M: IMAP4) -> None:
    ok(M.unselect())
    ok(M.enable("CONDSTORE"))
    ok(M.select())
    (highest,) = M.response("HIGHESTMODSEQ")[1]
    ok(M.store("2", "+FLAGS.SILENT", r"(\Flagged)"))
    (line,) = ok(M.fetch("1:*", f"(FLAGS) (CHANGEDSINCE {highest.decode()})"))
    assert line.startswith(b"2 (")


def test_what_is_not_supported(M: IMAP4) -> None:
    with pytest.raises(M.error, match="Unknown command"):
        M.getannotation("INBOX", "/comment", "value.priv")


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
    assert numbers(M.search(charset, "SUBJECT", "grüße aus")) == [4]
    assert numbers(M.search(charset, "SUBJECT", "größe")) == []


def test_search_params(M: IMAP4) -> None:
    assert numbers(M.search(None, "SUBJECT ? UNSEEN", params=["message 2"])) == [2]
    assert numbers(M.uid("SEARCH", "UID ?s", params=[range(2, 4)])) == [2, 3]


def test_search_for_what_would_be_a_command(M: IMAP4) -> None:
    with pytest.raises(ValueError, match="SEARCH"):
        M.search(None, "SUBJECT", "x\r\nA1 DELETE Sent")
    assert "Sent" in mailbox_names(M.list())


# Structured arguments


@pytest.mark.parametrize("messages", ["1:3", b"1:3", "1:*", range(1, 4), [1, 2, 3], [(1, "*")]])
def test_message_sets(M: IMAP4, messages: Any) -> None:
    assert len(ok(M.fetch(messages, "(UID)"))) == 3


@pytest.mark.parametrize("items", ["(UID FLAGS)", ["UID", "FLAGS"], b"(UID FLAGS)"])
def test_fetch_items(M: IMAP4, items: Any) -> None:
    (line,) = ok(M.fetch(2, items))
    assert line.startswith(b"2 (UID 2 FLAGS (")


@pytest.mark.parametrize("flags", [r"(\Flagged $A)", r"\Flagged $A", [r"\Flagged", "$A"]])
def test_flags(M: IMAP4, flags: Any) -> None:
    ok(M.store(1, "+FLAGS", flags))
    assert numbers(M.search(None, "FLAGGED KEYWORD $A")) == [1]


def test_status(M: IMAP4) -> None:
    assert ok(M.status("INBOX", "(MESSAGES UIDNEXT)")) == [b"INBOX (MESSAGES 3 UIDNEXT 4)"]
    assert M.status("INBOX", ["MESSAGES", "UIDNEXT"]) == M.status("INBOX", "(MESSAGES UIDNEXT)")


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
    (line,) = ok(M.fetch("4", "INTERNALDATE"))
    assert Internaldate2Time(line) == 1000000000


# Untagged responses and response codes


def test_select_tells_of_the_mailbox(M: IMAP4) -> None:
    assert ok(M.select()) == [b"3"]
    assert M.response("exists") == ("exists", [b"3"])
    assert M.response("UIDNEXT") == ("UIDNEXT", [b"4"])
    assert M.response("PERMANENTFLAGS")[1][0].endswith(rb"\*)")
    assert M.response("READ-WRITE")[1] != [None]
    assert M.response("NONSENSE") == ("NONSENSE", [None])


def test_copyuid_and_appenduid(M: IMAP4) -> None:
    ok(M.copy("1:2", "Sent"))
    assert M.response("COPYUID")[1][0].endswith(b" 1:2 1:2")
    ok(M.append("INBOX", None, None, message(4, 500)))
    assert M.response("APPENDUID")[1][0].endswith(b" 4")


def test_recent(M: IMAP4, user: str, dovecot: Dovecot) -> None:
    M.response("RECENT")
    assert M.recent() == ("OK", [None])
    ok(M.append("INBOX", None, None, message(4, 500)))
    assert M.recent() == ("OK", [b"4"])


def test_pop_untagged_responses(M: IMAP4) -> None:
    ok(M.select())
    names = [name for name, data in M.pop_untagged_responses()]
    assert names.index("FLAGS") < names.index("RECENT") < names.index("UIDNEXT")
    assert "EXISTS" not in names  # it is what select has returned
    assert list(M.pop_untagged_responses()) == []


def test_untagged_responses_read_like_a_dict(M: IMAP4) -> None:
    ok(M.select())
    assert "EXISTS" in M.untagged_responses
    assert M.untagged_responses["EXISTS"] == [b"3"]
    assert M.untagged_responses.get("NONSENSE") is None


# Read-only mailboxes


def test_examine(M: IMAP4) -> None:
    assert ok(M.examine()) == [b"3"]
    assert M.is_readonly
    M.store("1", "+FLAGS", r"(\Flagged)")  # which Dovecot ignores
    assert numbers(M.search(None, "FLAGGED")) == []


def test_select_for_reading(M: IMAP4) -> None:
    assert ok(M.select(readonly=True)) == [b"3"]
    assert M.is_readonly
    ok(M.select())
    assert not M.is_readonly


def test_mailbox_that_can_only_be_read(M: IMAP4, user: str, dovecot: Dovecot) -> None:
    friend, name = dovecot.new_user(), f"Shared/{user}/Sent"
    ok(M.setacl("Sent", friend, "lr"))
    fill(M, "Sent", [1], 500)
    with plain(dovecot, friend) as other:
        with pytest.raises(IMAP4.readonly, match="not writable"):
            other.select(name)
        assert ok(other.select(name, readonly=True)) == [b"1"]
        for attempt in (
            partial(other.append, name, None, None, message(1, 500)),
            partial(other.copy, "1", name),
            partial(other.move, "1", "Trash"),
        ):
            typ, (text,) = attempt()
            assert typ == "NO"
            assert text.startswith(b"[NOPERM] ")


def test_server_says_goodbye(M: IMAP4, user: str, dovecot: Dovecot) -> None:
    replies = Replies()
    ok(M.create("doomed"))
    ok(M.select("doomed"))
    with plain(dovecot, user) as other:
        ok(other.delete("doomed"))
    for _ in range(2):
        with pytest.raises(M.abort, match="server said BYE: "):
            M.search(None, "ALL")
    with pytest.raises(M.abort, match="server said BYE: "):
        M.noop(callback=replies)
    assert M.state == "LOGOUT"
    assert not replies


# Refused


def test_select_of_no_mailbox(M: IMAP4) -> None:
    typ, (text,) = M.select("nowhere")
    assert typ == "NO"
    assert b"doesn't exist" in text
    assert M.state == "AUTH"
    with pytest.raises(M.error, match=r"^command SEARCH illegal in state AUTH"):
        M.search(None, "ALL")


@pytest.mark.parametrize("size", [500, 5_000_000])
def test_append_to_no_mailbox(M: IMAP4, size: int) -> None:
    typ, (text,) = M.append("nowhere", None, None, b"x" * size)
    assert typ == "NO"
    assert text.startswith(b"[TRYCREATE] ")
    assert count(M, "INBOX") == 3


def test_copy_to_no_mailbox(M: IMAP4) -> None:
    typ, (text,) = M.copy("1", "nowhere")
    assert typ == "NO"
    assert text.startswith(b"[TRYCREATE] ")


def test_message_that_does_not_exist(M: IMAP4) -> None:
    with pytest.raises(M.error, match=r"^FETCH command error: BAD .*Invalid messageset"):
        M.fetch("9", "(FLAGS)")
    assert M.uid("FETCH", "9", "(FLAGS)") == ("OK", [None])


def test_bad_answer_to_a_callback(M: IMAP4) -> None:
    replies = Replies()
    M.fetch("1", "(NONSENSE)", callback=replies, cb_arg=1)
    M.fetch("1", "(UID)", callback=replies, cb_arg=2)
    (result, argument, (kind, text)), second = replies.wait(2)
    assert (result, argument, kind) == (None, 1, M.error)
    assert "Unknown parameter: NONSENSE" in text
    assert second == (("OK", [b"1 (UID 1)"]), 2, None)


def test_no_answer_to_a_callback(M: IMAP4) -> None:
    replies = Replies()
    M.copy("1", "nowhere", callback=replies)
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
