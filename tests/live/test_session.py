"""A whole session, and each of its commands, over each transport."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from imaplib2 import IMAP4, Internaldate2Time

from .helpers import (
    MESSAGES,
    Connect,
    Replies,
    assert_unknown,
    count,
    fill,
    mailbox_names,
    message,
    numbers,
    ok,
    over_all_transports,
    plain_text,
    without_times,
)
from .server import Server

pytestmark = over_all_transports

# A session with many messages

_WHOLE = ("plain", "tls", "stream-compressed")
"""Where the load is the whole one; the other transports are made of the same parts."""


def _share(server: Server, connect: Connect, number: int) -> int:
    """How much of a *number* of things to do can be asked of a server over a transport."""
    return server.share(number if connect.__name__ in _WHOLE else number // 4)


def test_session(server: Server, user: str, connect: Connect) -> None:
    with connect(server, user) as M:
        _Session(M, server, max(20, _share(server, connect, len(MESSAGES)))).run()


class _Session:
    def __init__(self, M: IMAP4, server: Server, messages: int) -> None:
        self.M = M
        self.server = server
        self.messages = MESSAGES[:messages]
        self.archive, self.copies, self.moved = map(server.mailbox, ("Archive", "Copies", "Moved"))

    def run(self) -> None:
        self._list_and_create()
        self._append_all()
        assert ok(self.M.select(self.archive)) == [b"%d" % len(self.messages)]
        self._fetch_all()
        self._store_and_search()
        self._copy_and_move()
        ok(self.M.close())
        assert self.M.logout()[0] == "BYE"

    def _list_and_create(self) -> None:
        assert "INBOX" in mailbox_names(self.M.list())
        for name in (self.archive, self.copies, self.moved):
            ok(self.M.create(name))
        assert {self.archive, self.copies, self.moved} <= mailbox_names(self.M.list())

    def _append_all(self) -> None:
        replies = Replies()
        for number in self.messages:
            text = message(number)
            result = self.M.append(self.archive, None, None, text, callback=replies, cb_arg=number)
            assert result == (None, None)
        for expected, ((typ, data), number, problem) in zip(
            self.messages, replies.wait(len(self.messages)), strict=True
        ):
            assert (typ, number, problem) == ("OK", expected, None)
            assert re.match(rb"\[APPENDUID \d+ %d\] " % number, data[0])
        assert not replies

    def _fetch_all(self) -> None:
        """One command per message, and all at once: each callback gets its own, byte for byte."""
        replies = Replies()
        for number in self.messages:
            self.M.fetch(str(number), "(UID BODY.PEEK[])", callback=replies, cb_arg=number)
        for result, number, problem in replies.wait(len(self.messages)):
            assert problem is None
            assert _is_message(result, self.server, number), number
        ok(self.M.noop())
        assert not replies

    def _store_and_search(self) -> None:
        M, last = self.M, self.messages[-1]
        seen = self.messages[: last // 2]
        data = ok(M.store(f"{seen[0]}:{seen[-1]}", "+FLAGS", r"(\Seen)"))
        assert [int(line.split()[0]) for line in data] == [*seen]
        assert numbers(M.search(None, "SEEN")) == [*seen]
        assert numbers(M.search(None, "SUBJECT", f"message {last}")) == [last]
        assert numbers(M.uid("SEARCH", None, "UNSEEN")) == [*self.messages[len(seen) :]]

    def _copy_and_move(self) -> None:
        M, last = self.M, self.messages[-1]
        some = last // 10
        ok(M.copy(f"1:{some}", self.copies))
        assert count(M, self.copies) == some
        if self.server.has("MOVE"):
            ok(M.move(f"{some + 1}:{2 * some}", self.moved))
            assert count(M, self.moved) == some
            last -= some
        assert len(numbers(M.search(None, "ALL"))) == last
        ok(M.store(f"1:{some}", "+FLAGS.SILENT", r"(\Deleted)"))
        assert len(ok(M.expunge())) == some
        assert count(M, self.archive) == last - some


def _is_message(
    answer: tuple[str, list[object]], server: Server, number: int, size: int | None = None
) -> bool:
    """Whether *answer* is what FETCH (UID BODY.PEEK[]) gives for that message, and no more."""
    text = server.stored(message(number, size))
    header = b"%d (UID %d BODY[] {%d}" % (number, number, len(text))
    return answer == ("OK", [(header, text), b")"])


# One connection for many threads


def test_threads_get_their_own_messages(server: Server, user: str, connect: Connect) -> None:
    threads, fetches, size = 8, max(10, _share(server, connect, 500)), 1500

    def fetch_all(thread: int) -> list[int]:
        """Those that were not what was asked for; every thread asks in an order of its own."""
        order = [1 + (place * 7 + thread * 61) % fetches for place in range(fetches)]
        assert sorted(order) == [*range(1, fetches + 1)]
        answers = ((number, M.fetch(str(number), "(UID BODY.PEEK[])")) for number in order)
        return [
            number for number, answer in answers if not _is_message(answer, server, number, size)
        ]

    with connect(server, user) as M, ThreadPoolExecutor(threads) as pool:
        fill(M, "INBOX", range(1, fetches + 1), size)
        ok(M.select(readonly=True))
        assert [*pool.map(fetch_all, range(threads))] == [[]] * threads


def test_threads_with_different_commands(server: Server, user: str, connect: Connect) -> None:
    rounds, messages = max(3, _share(server, connect, 100)), max(10, server.share(50))
    with connect(server, user) as M, ThreadPoolExecutor(8) as pool:
        fill(M, "INBOX", range(1, messages + 1), 1500)
        ok(M.select(readonly=True))
        calls: list[Callable[[], Any]] = [
            partial(M.list, "", server.mailbox("Trash")),
            M.namespace,
            partial(M.search, None, "ALL"),
            partial(M.fetch, "1:*", "(FLAGS)"),
            partial(M.fetch, "7", "(BODY.PEEK[])"),
            partial(M.status, server.mailbox("Sent"), "(MESSAGES)"),
            partial(M.uid, "SEARCH", None, "1:10"),
            partial(M.sort, "(REVERSE ARRIVAL)", "UTF-8", "ALL"),
        ]

        def call_often(place: int) -> list[object]:
            return [calls[place]() for _ in range(rounds)]

        expected = [without_times(call()) for call in calls]
        for answers, answer in zip(pool.map(call_often, range(len(calls))), expected, strict=True):
            assert [each for each in answers if without_times(each) != answer] == []


# Single commands


@pytest.fixture
def M(server: Server, user: str, connect: Connect) -> Iterator[IMAP4]:
    """A connection with five messages, the third one seen, and INBOX selected."""
    with connect(server, user) as M:
        fill(M, "INBOX", range(1, 6), 1500)
        ok(M.select())
        ok(M.store("3", "+FLAGS.SILENT", r"(\Seen)"))
        yield M


@pytest.fixture
def sent(server: Server) -> str:
    """The name of another mailbox."""
    return server.mailbox("Sent")


def test_list(M: IMAP4, server: Server) -> None:
    expected = map(server.mailbox, ("INBOX", "Drafts", "Sent", "Junk", "Trash"))
    assert mailbox_names(M.list()) == {*expected}


def test_list_with_pattern(M: IMAP4, server: Server, sent: str) -> None:
    assert mailbox_names(M.list("", server.mailbox("S%"))) == {sent}
    assert mailbox_names(M.list(server.mailbox(""), "S%")) == {sent}


def test_create_rename_delete(M: IMAP4, server: Server) -> None:
    one, two = server.mailbox("One"), server.mailbox("Two")
    ok(M.create(one))
    if server.traits.is_slow:  # then test_mailbox_names.py does the rest, once
        assert one in mailbox_names(M.list())
        return
    ok(M.rename(one, two))
    assert {one, two} & mailbox_names(M.list()) == {two}
    ok(M.delete(two))
    assert two not in mailbox_names(M.list())


def test_subscribe_unsubscribe(M: IMAP4, server: Server, sent: str) -> None:
    ok(M.subscribe(sent))
    assert mailbox_names(M.lsub()) - server.traits.subscribed == {sent}
    ok(M.unsubscribe(sent))
    assert mailbox_names(M.lsub()) == server.traits.subscribed


def test_append_with_flags_and_date(M: IMAP4) -> None:
    date = '"17-Jul-1996 02:44:25 -0700"'
    ok(M.append("INBOX", r"(\Flagged $Later)", date, message(6, 1500)))
    ok(M.noop())
    (line,) = ok(M.fetch("6", "(FLAGS INTERNALDATE)"))
    assert b"\\Flagged" in line
    assert b"$Later" in line
    assert Internaldate2Time(line) == time.localtime(837596665)


def test_append_makes_line_ends_crlf(M: IMAP4, server: Server) -> None:
    ok(M.append(None, None, None, b"Subject: x\n\nlone LF\nCRLF\r\nlone CR\rend"))
    ok(M.noop())
    ((_, text), _) = ok(M.fetch("6", "(BODY.PEEK[])"))
    assert text == server.stored(b"Subject: x\r\n\r\nlone LF\r\nCRLF\r\nlone CR\r\nend")


def test_append_empty_message_is_answered(M: IMAP4) -> None:
    typ, _ = M.append("INBOX", None, None, b"")
    assert typ in ("OK", "NO")
    ok(M.noop())


def test_fetch_several_literals(M: IMAP4, server: Server) -> None:
    data = ok(M.fetch("2", "(BODY.PEEK[HEADER] BODY.PEEK[TEXT] UID)"))
    header, _, text = server.stored(message(2, 1500)).partition(b"\r\n\r\n")
    literals = [item[1] for item in data if isinstance(item, tuple)]
    assert literals == [header + b"\r\n\r\n", text]


def test_fetch_several_messages(M: IMAP4, server: Server) -> None:
    data = ok(M.fetch("1:*", "(BODY.PEEK[])"))
    literals = [item[1] for item in data if isinstance(item, tuple)]
    assert literals == [server.stored(message(number, 1500)) for number in range(1, 6)]


def test_fetch_that_changes_flags(M: IMAP4) -> None:
    """In one response or, with Courier, in two."""
    data = ok(M.fetch("1", "(BODY[])"))
    assert len([item for item in data if isinstance(item, tuple)]) == 1
    assert plain_text(data).count(rb"\Seen") == 1
    assert numbers(M.search(None, "SEEN")) == [1, 3]


def test_fetch_zero_length_literal(M: IMAP4) -> None:
    data = ok(M.fetch("1", "(BODY.PEEK[]<100000.10> UID)"))
    assert b"".join(part for item in data for part in (item if isinstance(item, tuple) else [item]))
    assert all(item[1] == b"" for item in data if isinstance(item, tuple))


def test_uid_fetch(M: IMAP4) -> None:
    assert ok(M.uid("FETCH", "2,4", "(UID)")) == [b"2 (UID 2)", b"4 (UID 4)"]
    assert M.fetch([2, 4], ["UID"], uid=True) == M.uid("FETCH", "2,4", "(UID)")


def test_store(M: IMAP4) -> None:
    (line,) = ok(M.store("1", "FLAGS", r"(\Answered)"))
    assert re.match(rb"1 \(FLAGS \(.*\\Answered", line)
    ok(M.store("1", "-FLAGS", r"(\Answered)"))
    assert numbers(M.search(None, "ANSWERED")) == []


def test_uid_store(M: IMAP4) -> None:
    ok(M.uid("STORE", "2", "+FLAGS", r"(\Answered)"))
    ok(M.store("4", "+FLAGS", [r"\Answered"], uid=True))
    assert numbers(M.search(None, "ANSWERED")) == [2, 4]


def test_search(M: IMAP4) -> None:
    assert numbers(M.search(None, "SEEN")) == [3]
    assert numbers(M.search(None, "(UNSEEN)")) == [1, 2, 4, 5]
    assert numbers(M.search(None, "SUBJECT", "message 4")) == [4]
    assert numbers(M.search("UTF-8", "BODY", "no such thïng")) == []


def test_uid_search(M: IMAP4) -> None:
    assert numbers(M.uid("SEARCH", None, "2:3")) == [2, 3]
    assert numbers(M.search(None, "SEEN", uid=True)) == [3]


def test_copy(M: IMAP4, sent: str) -> None:
    ok(M.copy("1:2", sent))
    ok(M.uid("COPY", "3", sent))
    ok(M.copy(4, sent, uid=True))
    assert (count(M, sent), count(M, "INBOX")) == (4, 5)


def test_move(M: IMAP4, server: Server, sent: str) -> None:
    if not server.has("MOVE"):
        assert_unknown(server, lambda: M.move("1", sent))
        assert_unknown(server, lambda: M.move(5, sent, uid=True))
        assert (count(M, sent), count(M, "INBOX")) == (0, 5)
        return
    ok(M.move("1", sent))
    ok(M.uid("MOVE", "3", sent))
    ok(M.move(5, sent, uid=True))
    assert numbers(M.uid("SEARCH", None, "ALL")) == [2, 4]
    assert count(M, sent) == 3


def test_move_reports_what_it_expunged(M: IMAP4, server: Server, sent: str) -> None:
    M.response("EXPUNGE")
    M.move("2", sent)
    assert M.response("EXPUNGE") == ("EXPUNGE", [b"2" if server.has("MOVE") else None])


def test_expunge(M: IMAP4) -> None:
    ok(M.store("2,4", "+FLAGS.SILENT", r"(\Deleted)"))
    assert sorted(ok(M.expunge())) in ([b"2", b"3"], [b"2", b"4"])  # upwards or downwards
    assert ok(M.expunge()) == [None]
    assert numbers(M.uid("SEARCH", None, "ALL")) == [1, 3, 5]


def test_uid_expunge(M: IMAP4) -> None:
    ok(M.store("1:*", "+FLAGS.SILENT", r"(\Deleted)"))
    assert ok(M.uid("EXPUNGE", "2")) == [None]  # so has imaplib it
    assert M.response("EXPUNGE") == ("EXPUNGE", [b"2"])
    assert ok(M.expunge([4], uid=True)) == [b"3"]
    assert numbers(M.uid("SEARCH", None, "ALL")) == [1, 3, 5]


def test_close_expunges(M: IMAP4) -> None:
    ok(M.store("1", "+FLAGS", r"(\Deleted)"))
    ok(M.close())
    assert M.state == "AUTH"
    assert count(M, "INBOX") == 4


def test_unselect_does_not_expunge(M: IMAP4, server: Server) -> None:
    ok(M.store("1", "+FLAGS", r"(\Deleted)"))
    if server.has("UNSELECT"):
        ok(M.unselect())
        assert M.state == "AUTH"
    else:
        assert_unknown(server, M.unselect)
        assert M.state == "SELECTED"
    assert count(M, "INBOX") == 5


def test_logout_ends_the_session(M: IMAP4, server: Server) -> None:
    typ, (text,) = M.logout()
    assert (typ, M.state) == ("BYE", "LOGOUT")
    assert text == server.traits.goodbye
    with pytest.raises(M.abort):
        M.noop()
