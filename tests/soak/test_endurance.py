"""What is done ten thousand times takes no more than what is done a hundred times."""

from __future__ import annotations

import itertools
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from typing import Any

import pytest

from imaplib2 import IMAP4

from ..live.dovecot import Dovecot
from ..live.helpers import (
    TIMEOUT,
    Connect,
    Replies,
    compressed,
    fill,
    message,
    ok,
    plain,
    starttls,
    stream,
    tls,
)
from ..server.helpers import Calls, Serve, connected, greet_authenticated
from ..server.inside import STARTS_LATE
from ..server.scripted import Peer
from .lengths import FULL, LIMIT, length
from .measuring import NOISE, RSS_MARGIN, RSS_PER_CONNECTION, Held, check_no_growth

pytestmark = pytest.mark.timeout(LIMIT)

Report = Callable[[list[str]], None]

SIZE = 1500
"""Bytes of a message."""


@pytest.mark.parametrize(
    ("connect", "cycles"),
    [
        pytest.param(plain, length(10_000, 200), id="plain"),
        pytest.param(tls, length(10_000, 60), id="tls"),
        pytest.param(starttls, length(2_000, 20), id="starttls"),
        pytest.param(stream, length(2_000, 20), id="stream"),
        pytest.param(compressed(tls), length(2_000, 20), id="tls-compressed"),
    ],
)
def test_cycles(dovecot: Dovecot, user: str, connect: Connect, cycles: int, report: Report) -> None:
    """Connect, log in, select, fetch, log out."""
    with plain(dovecot, user) as M:
        fill(M, "INBOX", [1], SIZE)

    def cycle(number: int) -> None:
        M = connect(dovecot, user)
        ok(M.select())
        # Every second connection has a callback thread, too.
        data = ok(M.fetch("1", "(BODY.PEEK[])")) if number % 2 else _fetched_by_callback(M)
        assert data[0][1] == message(1, SIZE)
        assert M.logout()[0] == "BYE"

    report(check_no_growth(cycles, length(500, 20), cycle))


def _fetched_by_callback(M: IMAP4) -> Any:
    replies = Replies()
    M.fetch("1", "(BODY.PEEK[])", callback=replies)
    ((result, _, problem),) = replies.wait(1)
    assert problem is None
    return ok(result)


MESSAGES = 50


@pytest.mark.parametrize("connect", [plain, pytest.param(compressed(tls), id="tls-compressed")])
def test_fetches(dovecot: Dovecot, user: str, connect: Connect, report: Report) -> None:
    """Fetches on one connection: awaited one by one, and many at once with callbacks."""
    texts = {number: message(number, SIZE) for number in range(1, MESSAGES + 1)}
    with connect(dovecot, user) as M:
        fill(M, "INBOX", texts, SIZE)
        ok(M.select())

        def fetch(number: int) -> None:
            wanted = 1 + number % MESSAGES
            data = ok(M.fetch(str(wanted), "(FLAGS BODY.PEEK[])"))
            assert data[0][1] == texts[wanted]

        def fetch_all(number: int) -> None:
            replies = Replies()
            for wanted in texts:
                M.fetch(wanted, "(FLAGS BODY.PEEK[])", callback=replies, cb_arg=wanted)
            for result, wanted, problem in replies.wait(MESSAGES):
                assert problem is None
                assert ok(result)[0][1] == texts[wanted]

        report(check_no_growth(length(50_000, 1000), length(2000, 200), fetch))
        report(check_no_growth(length(50_000, 1000) // MESSAGES, length(40, 10), fetch_all))


def _end_by_time(M: IMAP4) -> None:
    ok(M.idle(0))
    assert M.response("IDLE") == ("IDLE", [b"TIMEOUT"])


def _end_by_command(M: IMAP4) -> None:
    replies = Replies()
    M.idle(callback=replies)
    ok(M.noop())
    ((result, _, problem),) = replies.wait(1)
    assert problem is None
    ok(result)


def _end_by_leaving(M: IMAP4) -> None:
    with M.idle(duration=0) as idler:
        assert list(idler) == []


def test_idle_rounds(dovecot: Dovecot, user: str, report: Report) -> None:
    """IDLE ended by a time-out, by another command, and by leaving an iterator."""
    ways = [_end_by_time, _end_by_command, _end_by_leaving]
    with plain(dovecot, user) as M:
        ok(M.select())
        list(M.pop_untagged_responses())
        rounds = length(2000, 200)
        report(check_no_growth(rounds, 60, lambda number: ways[number % 3](M)))


def test_idle_rounds_ended_by_news(serve: Serve, report: Report) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        peer.relax()
        for number in itertools.count():
            command = peer.command("IDLE")
            peer.line(b"+ idling")
            peer.untagged(b"%d EXISTS" % number)
            peer.expect(b"DONE")
            peer.ok(command)

    news = itertools.count()

    def idle(number: int) -> None:
        if number % 3 == 0:
            ok(M.idle())
        elif number % 3 == 1:
            calls = Calls()
            M.idle(callback=calls)
            assert calls.next(TIMEOUT)[2] is None
        else:
            with M.idle(duration=None) as idler:
                assert next(idler) == ("EXISTS", [b"%d" % next(news)])
            return
        assert M.response("EXISTS") == ("EXISTS", [b"%d" % next(news)])

    with connected(serve(script)) as M:
        report(check_no_growth(length(2000, 200), 60, idle))


# What nobody reads

KEYWORD = b"k" * 10_000


@pytest.mark.parametrize("idling", [False, True])
@pytest.mark.parametrize(
    ("responses", "keyword"),
    [
        pytest.param(length(1_000_000, 50_000), b"k", id="many"),
        pytest.param(length(100_000, 4_000), KEYWORD, id="large"),
    ],
)
def test_untagged_responses_that_nobody_reads(
    serve: Serve, responses: int, keyword: bytes, idling: bool, report: Report
) -> None:
    """Beyond the limits the oldest are dropped; from an iterator that nobody asks, too."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        peer.relax()
        if idling:
            idle = peer.command("IDLE")
            peer.line(b"+ idling")
        else:
            noop = peer.command("NOOP")
        for first in range(1, responses, 100):
            numbers = range(first, first + 100)
            peer.untagged(*(b"%d FETCH (FLAGS (%s))" % (number, keyword) for number in numbers))
        if idling:
            peer.expect(b"DONE")
            peer.ok(idle)
            noop = peer.command("NOOP")
        peer.ok(noop)
        peer.wait_closed()

    with connected(serve(script)) as M:
        M.limits.stored = 10_000
        M.limits.stored_bytes = 2 * 1024 * 1024
        before = Held.now()
        with M.idle(duration=None) if idling else nullcontext():
            ok(M.noop())  # ends an IDLE; answered behind all that
            after = Held.now()
        report([f"before: {before}", f"after {responses} responses: {after}"])
        data = M.response("FETCH")[1]
        assert data[-1] == b"%d (FLAGS (%s))" % (responses, keyword)
        assert len(data) <= 10_000
        assert sum(map(len, data)) <= 2 * 1024 * 1024
        # A list, an entry and the bytes of each that is kept.
        assert after.blocks - before.blocks < 5 * 10_000
        assert after.rss - before.rss < RSS_MARGIN + 4 * 2 * 1024 * 1024


# Many at once

CONNECTIONS = length(500, 50)

QUIET = 10.0 if FULL else 0.5
"""Seconds for which nothing happens."""


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """As many descriptors as the connections need."""
    needed = 2 * CONNECTIONS + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.fail(f"{needed} descriptors are needed, {hard} are allowed", pytrace=False)
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _busy_share() -> float:
    """The share of one processor's time that this process uses while nothing happens."""
    began, used = time.monotonic(), time.process_time()
    time.sleep(QUIET)
    return (time.process_time() - used) / (time.monotonic() - began)


def _connect_all(dovecot: Dovecot, user: str, stack: ExitStack, count: int) -> list[IMAP4]:
    connections = [stack.enter_context(plain(dovecot, user)) for _ in range(count)]
    for M in connections:
        ok(M.select())
        list(M.pop_untagged_responses())
    return connections


def _append(dovecot: Dovecot, user: str) -> None:
    with plain(dovecot, user) as M:
        ok(M.append("INBOX", None, None, message(1, SIZE)))


@pytest.mark.usefixtures("many_descriptors")
def test_many_connections_that_idle(dovecot: Dovecot, user: str, report: Report) -> None:
    """Two threads and a descriptor each, no work while quiet; all are woken by one message."""
    _append(dovecot, user)  # creates the mailbox
    _idle_and_be_woken(dovecot, user, 1, 2)  # what is done for the first time leaves caches
    before = Held.now()
    during, busy = _idle_and_be_woken(dovecot, user, CONNECTIONS, 3)
    _check_many(before, during, busy, Held.now(), report)
    assert during.threads - before.threads == 2 * CONNECTIONS


def _idle_and_be_woken(dovecot: Dovecot, user: str, count: int, news: int) -> tuple[Held, float]:
    with ExitStack() as logouts, ExitStack() as idles:
        connections = _connect_all(dovecot, user, logouts, count)
        idlers = [idles.enter_context(M.idle(duration=TIMEOUT + QUIET)) for M in connections]
        during, busy = Held.now(), _busy_share()
        _append(dovecot, user)
        for idler in idlers:
            assert ("EXISTS", [b"%d" % news]) in idler
    return during, busy


@pytest.mark.usefixtures("many_descriptors")
def test_many_connections_that_idle_with_callbacks(
    dovecot: Dovecot, user: str, report: Report
) -> None:
    """As above; the thread for a callback comes with the news."""
    _append(dovecot, user)
    _idle_and_be_called(dovecot, user, 1)
    before = Held.now()
    during, busy = _idle_and_be_called(dovecot, user, CONNECTIONS)
    _check_many(before, during, busy, Held.now(), report)
    assert during.threads - before.threads == (2 if STARTS_LATE else 3) * CONNECTIONS


def _idle_and_be_called(dovecot: Dovecot, user: str, count: int) -> tuple[Held, float]:
    replies = Replies()
    with ExitStack() as logouts:
        for place, M in enumerate(_connect_all(dovecot, user, logouts, count)):
            M.idle(callback=replies, cb_arg=place)
        during, busy = Held.now(), _busy_share()
        assert not replies
        _append(dovecot, user)
        woken = replies.wait(count)
    assert sorted(place for _, place, _ in woken) == [*range(count)]
    assert all(problem is None for _, _, problem in woken)
    assert not replies
    return during, busy


def _check_many(before: Held, during: Held, busy: float, after: Held, report: Report) -> None:
    report([f"before: {before}", f"idling: {during}", f"busy: {busy:.2%}", f"after: {after}"])
    assert during.descriptors - before.descriptors <= CONNECTIONS
    assert during.rss - before.rss < RSS_MARGIN + CONNECTIONS * RSS_PER_CONNECTION
    assert busy < 0.02
    assert after.threads <= before.threads
    assert after.descriptors <= before.descriptors
    # An instance takes hundreds; other tests of the process may have left something to be freed.
    assert after.blocks - before.blocks < NOISE + 8 * CONNECTIONS
