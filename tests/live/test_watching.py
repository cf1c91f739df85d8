"""Watchers of real servers: all is told once, whatever happens to servers and links."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest

import imaplib2
from imaplib2.watching import Arrived, Gone, Invalidated, Reconnected, Removed, State, Watcher

from ..needs import need
from ..server.scripted import Proxy
from .cyrus import Cyrus
from .deeds import PATIENCE, Account, acting, connector, watched
from .dovecot import Dovecot
from .helpers import ok, plain
from .server import Server

DEEDS = 60
KINDS = [Dovecot, Cyrus]


def test_all_is_told(server: Server, user: str) -> None:
    with acting(server, user, 1) as actor:
        for _ in range(5):
            actor.act()
        with watched(connector(server, user)) as account:
            for _ in range(server.share(DEEDS) or DEEDS):
                actor.act()
            account.await_agreement(actor)
            assert account.reconnections == 0


@pytest.mark.parametrize("kind", KINDS)
def test_servers_that_are_killed(kind: type[Any]) -> None:
    need(kind.missing(), kind.__name__)
    with kind() as server, acting(server, server.new_user(), 2) as actor:
        with watched(connector(server, actor.user)) as account:
            for _ in range(3):
                for _ in range(10):
                    actor.act()
                account.await_agreement(actor)
                server.restart()
                for _ in range(10):
                    actor.act()
            account.await_agreement(actor)
            account.await_reconnection()


def test_a_link_that_is_cut_stalled_and_delayed(
    server: Server, user: str, proxy: Callable[..., Proxy]
) -> None:
    link, random = proxy(server), Random(3)
    troubles = [
        link.cut,
        lambda: link.cut(reset=True),
        link.black_hole,
        link.to_client.stall,
        lambda: setattr(link.to_client, "delay", 0.05),
    ]
    with acting(server, user, 3) as actor, watched(connector(link, user)) as account:
        for trouble in troubles:
            for _ in range(5):
                actor.act()
            if random.random() < 0.5:
                account.take_all()
            trouble()
            for _ in range(5):
                actor.act()
            link.to_client.resume()
        account.await_agreement(actor)
        account.await_reconnection()
