"""IDLE in its three forms: blocking, with a callback, and as an iterator."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from imaplib2 import IMAP4

from .helpers import (
    TIMEOUT,
    Connect,
    Replies,
    message,
    numbers,
    ok,
    over_all_transports,
    over_different_transports,
    plain,
    wait_until,
)
from .server import Server


@pytest.fixture
def M(server: Server, user: str) -> Iterator[IMAP4]:
    """The connection that idles, with INBOX selected and nothing to tell."""
    with plain(server, user) as M:
        _select(M)
        yield M


@pytest.fixture
def other(server: Server, user: str) -> Iterator[IMAP4]:
    """Another connection of the same user."""
    with plain(server, user) as other:
        yield other


def _select(M: IMAP4) -> None:
    ok(M.select())
    list(M.pop_untagged_responses())


def _append(M: IMAP4) -> None:
    ok(M.append("INBOX", None, None, message(1, 500)))


@contextmanager
def _idling(M: IMAP4, timeout: float = TIMEOUT) -> Iterator[Future[Any]]:
    """A blocking `idle` in another thread, from when it has been issued."""
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(M.idle, timeout)
        wait_until(lambda: M.tagged_commands)
        yield outcome


def _seconds(call: Callable[[], object]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


# Ended by news


@over_all_transports
def test_blocking_idle_ends_with_news(server: Server, user: str, connect: Connect) -> None:
    with connect(server, user) as M, plain(server, user) as other:
        _select(M)
        with _idling(M) as outcome:
            _append(other)
            ok(outcome.result(TIMEOUT))
        assert M.response("EXISTS") == ("EXISTS", [b"1"])
        assert M.response("IDLE") == ("IDLE", [None])
        assert numbers(M.search(None, "ALL")) == [1]


@over_different_transports
def test_callback_idle_ends_with_news(server: Server, user: str, connect: Connect) -> None:
    replies = Replies()
    with connect(server, user) as M, plain(server, user) as other:
        _select(M)
        assert M.idle(TIMEOUT, callback=replies, cb_arg="mine") == (None, None)
        _append(other)
        ((result, argument, problem),) = replies.wait(1)
        ok(result)
        assert (argument, problem) == ("mine", None)
        assert ("EXISTS", [b"1"]) in list(M.pop_untagged_responses())
    assert not replies


@over_different_transports
def test_iterator_gives_news(server: Server, user: str, connect: Connect) -> None:
    with connect(server, user) as M, plain(server, user) as other:
        _select(M)
        with M.idle(duration=TIMEOUT) as idler:
            _append(other)
            assert next(idler) == ("EXISTS", [b"1"])
            assert next(idler) == ("RECENT", [server.recent(1)])
        assert M.response("EXISTS") == ("EXISTS", [None])
        assert numbers(M.search(None, "ALL")) == [1]


def test_what_was_not_iterated_over_is_kept(M: IMAP4, other: IMAP4, server: Server) -> None:
    with M.idle(duration=TIMEOUT) as idler:
        _append(other)
        assert next(idler) == ("EXISTS", [b"1"])
    assert M.response("RECENT") == ("RECENT", [server.recent(1)])


def test_burst(M: IMAP4, other: IMAP4, server: Server) -> None:
    with M.idle(duration=TIMEOUT) as idler:
        for number in (1, 2):
            _append(other)
            assert list(idler.burst(0.1)) == [
                ("EXISTS", [b"%d" % number]),
                ("RECENT", [server.recent(number)]),
            ]


def test_idle_ends_with_changed_flags(M: IMAP4, other: IMAP4) -> None:
    _append(other)
    ok(M.noop())
    _select(M)
    ok(other.select())
    with _idling(M) as outcome:
        ok(other.store("1", "+FLAGS", r"(\Flagged)"))
        ok(outcome.result(TIMEOUT))
    (line,) = M.response("FETCH")[1]
    assert b"\\Flagged" in line


def test_idle_ends_with_expunged_messages(M: IMAP4, other: IMAP4) -> None:
    _append(other)
    _select(M)
    ok(other.select())
    ok(other.store("1", "+FLAGS.SILENT", r"(\Deleted)"))
    ok(M.noop())
    with _idling(M) as outcome:
        ok(other.expunge())
        ok(outcome.result(TIMEOUT))
    assert M.response("EXPUNGE") == ("EXPUNGE", [b"1"])


def test_idle_again_and_again(M: IMAP4, other: IMAP4) -> None:
    for number in range(1, 4):
        with _idling(M) as outcome:
            _append(other)
            ok(outcome.result(TIMEOUT))
        assert M.response("EXISTS") == ("EXISTS", [b"%d" % number])


# Ended by time; the upper bounds leave room for a machine that is busy


def test_blocking_idle_ends_in_time(M: IMAP4) -> None:
    assert 0.3 <= _seconds(lambda: ok(M.idle(0.3))) < 0.8
    assert M.response("IDLE") == ("IDLE", [b"TIMEOUT"])
    assert M.response("IDLE") == ("IDLE", [None])


def test_callback_idle_ends_in_time(M: IMAP4) -> None:
    replies = Replies()
    M.idle(0.3, callback=replies)
    assert 0.2 <= _seconds(lambda: replies.wait(1)) < 0.8
    assert M.response("IDLE") == ("IDLE", [b"TIMEOUT"])


def test_iterator_ends_in_time(M: IMAP4) -> None:
    with M.idle(duration=0.3) as idler:
        assert 0.2 <= _seconds(lambda: list(idler)) < 0.8
    ok(M.noop())


def test_idle_without_a_mailbox(server: Server, user: str) -> None:
    with plain(server, user) as M:
        ok(M.idle(0.01))
        assert M.state == "AUTH"


def test_idle_of_no_time(M: IMAP4) -> None:
    ok(M.idle(0))
    assert M.response("IDLE") == ("IDLE", [b"TIMEOUT"])


# Ended by others


@over_all_transports
def test_blocking_idle_ends_with_a_command(server: Server, user: str, connect: Connect) -> None:
    with connect(server, user) as M:
        _select(M)
        with _idling(M) as outcome:
            ok(M.noop())
            ok(outcome.result(TIMEOUT))
        assert M.response("IDLE") == ("IDLE", [None])


def test_callback_idle_ends_with_a_command(M: IMAP4) -> None:
    replies = Replies()
    M.idle(callback=replies)
    assert numbers(M.search(None, "ALL")) == []
    ((result, _, problem),) = replies.wait(1)
    ok(result)
    assert problem is None


def test_iteration_ends_with_a_command(M: IMAP4) -> None:
    with M.idle(duration=None) as idler, ThreadPoolExecutor(1) as pool:
        iterated = pool.submit(list, idler)
        ok(M.noop())
        assert iterated.result(TIMEOUT) == []
    ok(M.noop())


@over_all_transports
def test_blocking_idle_ends_with_logout(server: Server, user: str, connect: Connect) -> None:
    with connect(server, user) as M:
        _select(M)
        with _idling(M) as outcome:
            assert M.logout()[0] == "BYE"
            ok(outcome.result(TIMEOUT))


def test_callback_idle_ends_with_logout(M: IMAP4) -> None:
    replies = Replies()
    M.idle(callback=replies)
    assert M.logout()[0] == "BYE"
    ((result, _, problem),) = replies.wait(1)
    ok(result)
    assert problem is None


def test_iteration_ends_with_logout(M: IMAP4) -> None:
    with M.idle(duration=None) as idler, ThreadPoolExecutor(1) as pool:
        iterated = pool.submit(list, idler)
        assert M.logout()[0] == "BYE"
        assert iterated.result(TIMEOUT) == []


def test_idle_ends_with_close(M: IMAP4) -> None:
    with _idling(M) as outcome:
        ok(M.close())
        ok(outcome.result(TIMEOUT))
    assert M.state == "AUTH"


def test_logout_from_the_callback_of_an_idle(M: IMAP4, other: IMAP4) -> None:
    replies = Replies()
    M.idle(TIMEOUT, callback=lambda reply: replies(M.logout()))
    _append(other)
    assert replies.wait(1)[0][0] == "BYE"


def test_context_manager_ends_a_callback_idle(server: Server, user: str) -> None:
    replies = Replies()
    with plain(server, user) as M:
        _select(M)
        M.idle(callback=replies)
    ok(replies.wait(1)[0][0])


# Not possible


def test_idle_before_login(server: Server) -> None:
    known = server.traits.tells_idle_at_once
    reason = "illegal in state NONAUTH" if known else "Server does not support IMAP4 IDLE"
    with IMAP4(server.host, server.port, TIMEOUT) as M:
        with pytest.raises(M.error, match=reason):
            M.idle(1)
        with pytest.raises(M.error, match=reason), M.idle(duration=1):
            pass


def test_iterating_needs_a_with_statement(M: IMAP4) -> None:
    with pytest.raises(M.error):
        next(M.idle(duration=1))
