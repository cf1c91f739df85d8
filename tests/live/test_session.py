"""A whole session, and each of its commands, over each transport."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from imaplib2 import IMAP4, Internaldate2Time

from .dovecot import Dovecot
from .helpers import (
    MESSAGES,
    TRANSPORTS,
    Connect,
    Replies,
    count,
    fill,
    mailbox_names,
    message,
    numbers,
    ok,
    over_all_transports,
    without_times,
)

# A session with 2000 messages


@over_all_transports
def test_session(dovecot: Dovecot, user: str, connect: Connect) -> None:
    with connect(dovecot, user) as M:
        _list_and_create(M)
        _append_all(M)
        assert ok(M.select("Archive")) == [b"%d" % len(MESSAGES)]
        _fetch_all(M)
        _store_and_search(M)
        _copy_and_move(M)
        _expunge(M)
        ok(M.close())
        assert M.logout()[0] == "BYE"


def _list_and_create(M: IMAP4) -> None:
    assert "INBOX" in mailbox_names(M.list())
    for name in ("Archive", "Copies", "Moved"):
        ok(M.create(name))
    assert {"Archive", "Copies", "Moved"} <= mailbox_names(M.list())


def _append_all(M: IMAP4) -> None:
    replies = Replies()
    for number in MESSAGES:
        result = M.append("Archive", None, None, message(number), callback=replies, cb_arg=number)
        assert result == (None, None)
    for expected, ((typ, data), number, problem) in zip(
        MESSAGES, replies.wait(len(MESSAGES)), strict=True
    ):
        assert (typ, number, problem) == ("OK", expected, None)
        assert re.match(rb"\[APPENDUID \d+ %d\] " % number, data[0])
    assert not replies


def _fetch_all(M: IMAP4) -> None:
    """One command per message, and all at once: each callback gets its own, byte for byte."""
    replies = Replies()
    for number in MESSAGES:
        M.fetch(str(number), "(UID BODY.PEEK[])", callback=replies, cb_arg=number)
    for result, number, problem in replies.wait(len(MESSAGES)):
        assert problem is None
        assert _is_message(result, number), number
    ok(M.noop())
    assert not replies


def _is_message(answer: tuple[str, list[object]], number: int, size: int | None = None) -> bool:
    """Whether *answer* is what FETCH (UID BODY.PEEK[]) gives for that message, and no more."""
    text = message(number, size)
    header = b"%d (UID %d BODY[] {%d}" % (number, number, len(text))
    return answer == ("OK", [(header, text), b")"])


def _store_and_search(M: IMAP4) -> None:
    seen = MESSAGES[: len(MESSAGES) // 2]
    data = ok(M.store(f"{seen[0]}:{seen[-1]}", "+FLAGS", r"(\Seen)"))
    assert [int(line.split()[0]) for line in data] == [*seen]
    assert numbers(M.search(None, "SEEN")) == [*seen]
    assert numbers(M.search(None, "SUBJECT", "message 1234")) == [1234]
    assert numbers(M.uid("SEARCH", None, "UNSEEN")) == [*MESSAGES[len(seen) :]]


def _copy_and_move(M: IMAP4) -> None:
    ok(M.copy("1:100", "Copies"))
    assert count(M, "Copies") == 100
    ok(M.move("101:200", "Moved"))
    assert count(M, "Moved") == 100
    assert len(numbers(M.search(None, "ALL"))) == len(MESSAGES) - 100


def _expunge(M: IMAP4) -> None:
    ok(M.store("1:100", "+FLAGS.SILENT", r"(\Deleted)"))
    assert len(ok(M.expunge())) == 100
    assert count(M, "Archive") == len(MESSAGES) - 200


# One connection for many threads


@over_all_transports
def test_threads_get_their_own_messages(dovecot: Dovecot, user: str, connect: Connect) -> None:
    threads, fetches, size = 8, 500, 1500

    def fetch_all(thread: int) -> list[int]:
        """Those that were not what was asked for; every thread asks in an order of its own."""
        order = [1 + (place * 7 + thread * 61) % fetches for place in range(fetches)]
        assert sorted(order) == [*range(1, fetches + 1)]
        answers = ((number, M.fetch(str(number), "(UID BODY.PEEK[])")) for number in order)
        return [number for number, answer in answers if not _is_message(answer, number, size)]

    with connect(dovecot, user) as M, ThreadPoolExecutor(threads) as pool:
        fill(M, "INBOX", range(1, fetches + 1), size)
        ok(M.select(readonly=True))
        assert [*pool.map(fetch_all, range(threads))] == [[]] * threads


@over_all_transports
def test_threads_with_different_commands(dovecot: Dovecot, user: str, connect: Connect) -> None:
    with connect(dovecot, user) as M, ThreadPoolExecutor(8) as pool:
        fill(M, "INBOX", range(1, 51), 1500)
        ok(M.select(readonly=True))
        calls: list[Callable[[], Any]] = [
            partial(M.list, "", "Trash"),
            M.namespace,
            partial(M.search, None, "ALL"),
            partial(M.fetch, "1:*", "(FLAGS)"),
            partial(M.fetch, "17", "(BODY.PEEK[])"),
            partial(M.status, "Sent", "(MESSAGES)"),
            partial(M.uid, "SEARCH", None, "1:10"),
            partial(M.sort, "(REVERSE ARRIVAL)", "UTF-8", "ALL"),
        ]

        def call_often(place: int) -> list[object]:
            return [calls[place]() for _ in range(100)]

        expected = [without_times(call()) for call in calls]
        for answers, answer in zip(pool.map(call_often, range(len(calls))), expected, strict=True):
            assert [each for each in answers if without_times(each) != answer] == []


# Single commands


@pytest.fixture(params=TRANSPORTS)
def M(request: pytest.FixtureRequest, dovecot: Dovecot, user: str) -> Iterator[IMAP4]:
    """A connection with five messages, the third one seen, and INBOX selected."""
    with request.param(dovecot, user) as M:
        fill(M, "INBOX", range(1, 6), 1500)
        ok(M.select())
        ok(M.store("3", "+FLAGS.SILENT", r"(\Seen)"))
        yield M


def test_list(M: IMAP4) -> None:
    assert mailbox_names(M.list()) == {"INBOX", "Drafts", "Sent", "Junk", "Trash"}


def test_list_with_pattern(M: IMAP4) -> None:
    assert mailbox_names(M.list("", "S%")) == {"Sent"}


def test_create_rename_delete(M: IMAP4) -> None:
    ok(M.create("One"))
    ok(M.rename("One", "Two"))
    assert {"One", "Two"} & mailbox_names(M.list()) == {"Two"}
    ok(M.delete("Two"))
    assert "Two" not in mailbox_names(M.list())


def test_subscribe_unsubscribe(M: IMAP4) -> None:
    ok(M.subscribe("Sent"))
    assert mailbox_names(M.lsub()) == {"Sent"}
    ok(M.unsubscribe("Sent"))
    assert mailbox_names(M.lsub()) == set()


def test_append_with_flags_and_date(M: IMAP4) -> None:
    date = '"17-Jul-1996 02:44:25 -0700"'
    ok(M.append("INBOX", r"(\Flagged $Later)", date, message(6, 1500)))
    (line,) = ok(M.fetch("6", "(FLAGS INTERNALDATE)"))
    assert b"\\Flagged" in line
    assert b"$Later" in line
    assert Internaldate2Time(line) == 837596665


def test_append_makes_line_ends_crlf(M: IMAP4) -> None:
    ok(M.append(None, None, None, b"Subject: x\n\nlone LF\nCRLF\r\nlone CR\rend"))
    ((_, text), _) = ok(M.fetch("6", "(BODY.PEEK[])"))
    assert text == b"Subject: x\r\n\r\nlone LF\r\nCRLF\r\nlone CR\r\nend"


def test_append_empty_message_is_answered(M: IMAP4) -> None:
    typ, _ = M.append("INBOX", None, None, b"")
    assert typ in ("OK", "NO")
    ok(M.noop())


def test_fetch_several_literals(M: IMAP4) -> None:
    data = ok(M.fetch("2", "(BODY.PEEK[HEADER] BODY.PEEK[TEXT] UID)"))
    header, _, text = message(2, 1500).partition(b"\r\n\r\n")
    literals = [item[1] for item in data if isinstance(item, tuple)]
    assert literals == [header + b"\r\n\r\n", text]


def test_fetch_several_messages(M: IMAP4) -> None:
    data = ok(M.fetch("1:*", "(BODY.PEEK[])"))
    literals = [item[1] for item in data if isinstance(item, tuple)]
    assert literals == [message(number, 1500) for number in range(1, 6)]


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


def test_copy(M: IMAP4) -> None:
    ok(M.copy("1:2", "Sent"))
    ok(M.uid("COPY", "3", "Sent"))
    ok(M.copy(4, "Sent", uid=True))
    assert (count(M, "Sent"), count(M, "INBOX")) == (4, 5)


def test_move(M: IMAP4) -> None:
    ok(M.move("1", "Sent"))
    ok(M.uid("MOVE", "3", "Sent"))
    ok(M.move(5, "Sent", uid=True))
    assert numbers(M.uid("SEARCH", None, "ALL")) == [2, 4]
    assert count(M, "Sent") == 3


def test_move_reports_what_it_expunged(M: IMAP4) -> None:
    M.response("EXPUNGE")
    ok(M.move("2", "Sent"))
    assert M.response("EXPUNGE") == ("EXPUNGE", [b"2"])


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


def test_unselect_does_not_expunge(M: IMAP4) -> None:
    ok(M.store("1", "+FLAGS", r"(\Deleted)"))
    ok(M.unselect())
    assert M.state == "AUTH"
    assert count(M, "INBOX") == 5


def test_logout_ends_the_session(M: IMAP4) -> None:
    typ, (text,) = M.logout()
    assert (typ, M.state) == ("BYE", "LOGOUT")
    assert text == b"Logging out"
    with pytest.raises(M.abort):
        M.noop()
