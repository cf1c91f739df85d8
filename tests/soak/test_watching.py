"""Watchers for a long time, of servers that are killed, by links that break; and many of them."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

import imaplib2
from imaplib2.watching import Arrived, State

from ..live.cyrus import Cyrus
from ..live.deeds import Account, Actor, acting, connector, watched
from ..live.dovecot import Dovecot
from ..needs import need
from ..server.scripted import Proxy
from .lengths import LIMIT, length
from .measuring import BLOCKS_PER_ROUND, NOISE, RSS_MARGIN, Held, check_no_growth

pytestmark = pytest.mark.timeout(LIMIT)

Report = Callable[[list[str]], None]

#: Seconds of each of the tests that break things.
SECONDS = length(880, 2)
KILLS = length(100, 2)
KINDS = [Dovecot, Cyrus]


def _figures(name: str, actor: Actor, account: Account, troubles: int, began: float) -> list[str]:
    return [
        f"{name}: {time.monotonic() - began:.0f} s, {troubles} troubles,"
        f" {account.reconnections} reconnections told; {actor.deliveries} deliveries,"
        f" {actor.changes} changes of flags, {actor.removals} removals in {account.events} events"
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_killed_servers(kind: type[Any], report: Report) -> None:
    """The server is killed, at least so many times, while other clients deliver and expunge."""
    need(kind.missing(), kind.__name__)
    began, random, kills = time.monotonic(), Random(1), 0
    with (
        kind() as server,
        acting(server, server.new_user(), 1) as actor,
        watched(connector(server, actor.user)) as account,
    ):
        while kills < KILLS or time.monotonic() < began + SECONDS:
            for _ in range(random.randrange(40)):
                actor.act()
            if random.random() < 0.5:
                account.take_all()
            if random.random() < 0.2:
                account.await_agreement(actor)
            server.restart()
            kills += 1
        account.await_agreement(actor)
        account.await_reconnection()
    report(_figures(f"{kind.__name__}, killed", actor, account, kills, began))


@pytest.mark.usefixtures("_filters")
@pytest.mark.parametrize("kind", KINDS)
def test_broken_links(kind: type[Any], proxy: Callable[..., Proxy], report: Report) -> None:
    """The link is cut, stalled and delayed by a proxy."""
    need(kind.missing(), kind.__name__)
    began, random, troubles = time.monotonic(), Random(2), 0
    with kind() as server, acting(server, server.new_user(), 2) as actor:
        link = proxy(server)
        kinds: list[Callable[[], object]] = [
            link.cut, lambda: link.cut(reset=True), link.black_hole, link.to_client.stall,
            link.to_server.stall, lambda: setattr(link.to_client, "delay", 0.1),
            lambda: setattr(link.to_server, "delay", 0.1),
        ]  # fmt: skip
        with watched(connector(link, actor.user)) as account:
            while time.monotonic() < began + SECONDS:
                for _ in range(random.randrange(40)):
                    actor.act()
                if random.random() < 0.5:
                    account.take_all()
                random.choice(kinds)()
                troubles += 1
                for _ in range(random.randrange(40)):
                    actor.act()
                for flow in (link.to_client, link.to_server):
                    flow.resume()
                    flow.delay = 0.0
                if random.random() < 0.3:
                    account.await_agreement(actor)
            account.await_agreement(actor)
            account.await_reconnection()
    report(_figures(f"{kind.__name__}, broken links", actor, account, troubles, began))


def test_many_watchers(dovecot: Dovecot, user: str, report: Report) -> None:
    """One after the other, each is told of a message, and stopped."""
    with acting(dovecot, user, 3) as actor:
        actor.deliver()

        def work(number: int) -> None:
            running = {*threading.enumerate()}
            with watched(connector(dovecot, user, 10.0)) as account:
                assert isinstance(account.watcher.get(10), Arrived)
            # It may still be logging out. (With the first one, a thread begins that stays.)
            for thread in {*threading.enumerate()} - running if number else ():
                thread.join(30)

        report(check_no_growth(length(1000, 40), length(100, 20), work))


def test_watchers_at_the_same_time(dovecot: Dovecot, user: str, report: Report) -> None:
    """All of them are there at once, and all are told of a message; nothing of them is left."""
    number = length(1000, 20)
    with acting(dovecot, user, 4) as actor:
        actor.deliver()

        def work(_: int) -> None:
            connect, since = connector(dovecot, user, 60.0), State()
            watchers = [imaplib2.watch(connect, since=since) for _ in range(number)]
            try:
                for _ in range(2):
                    assert all(isinstance(watcher.get(60), Arrived) for watcher in watchers)
                    actor.deliver()
            finally:
                for watcher in watchers:
                    watcher.stop()
                for watcher in watchers:
                    watcher.__exit__(None, None, None)

        work(0)
        held, running = [Held.now()], {*threading.enumerate()}
        for portion in range(1, 4):
            work(portion)
            # A watcher that is over may still be logging out.
            for thread in {*threading.enumerate()} - running:
                thread.join(30)
            held.append(Held.now())
    report([f"{number} watchers at a time: {now}" for now in held])
    assert held[-1].threads <= held[0].threads
    portions = [*itertools.pairwise(held)]
    assert min(after.descriptors - before.descriptors for before, after in portions) <= 0
    growth = min(after.blocks - before.blocks for before, after in portions)
    # What the actor knows of the mailbox grows, too.
    assert growth < 3 * NOISE + number * BLOCKS_PER_ROUND
    assert held[-1].rss - held[0].rss < RSS_MARGIN
