"""Watchers of real servers: all is told once, whatever happens to servers and links."""

from __future__ import annotations

import socket
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

import imaplib2
from imaplib2.parse import SequenceSet
from imaplib2.watching import Arrived, Gone, Invalidated, Reconnected, State

from ..needs import need
from ..server.scripted import Proxy
from .cyrus import Cyrus
from .deeds import PATIENCE, acting, connector, watched
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
    with (
        kind() as server,
        acting(server, server.new_user(), 2) as actor,
        watched(connector(server, actor.user)) as account,
    ):
        for _ in range(3):
            for _ in range(10):
                actor.act()
            account.await_agreement(actor)
            server.restart()
            for _ in range(10):
                actor.act()
        account.await_agreement(actor)
        account.await_reconnection()


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_takes_the_port_of_a_server_that_is_down(kind: type[Any]) -> None:
    need(kind.missing(), kind.__name__)
    with kind() as server:
        server._process.kill()
        server._running.close()
        address = server.addresses[0]
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((address, server.port))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, server.port), PATIENCE)
        server.restart()


@pytest.mark.usefixtures("_filters")
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
        actor.deliver()
        account.await_agreement(actor)
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


@pytest.mark.parametrize("by_status", [False, True])
def test_several_mailboxes(server: Server, user: str, by_status: bool) -> None:
    names = ["INBOX", server.mailbox("Sent")]
    options: Any = {"by_status": by_status, "since": State(), "poll": 0.05, "renew": 2.0}
    with plain(server, user) as M, imaplib2.watch(connector(server, user), names, **options) as w:
        for name in names:
            ok(M.append(name, None, None, b"Subject: 1\r\n\r\n"))
        events = [w.get(PATIENCE) for _ in names]
        expected = [Arrived(name, SequenceSet(1), {1: frozenset()}) for name in names]
        assert events in (expected, expected[::-1])
        assert w.state.keys() == set(names)


def test_a_mailbox_that_goes_and_comes_back(server: Server, user: str) -> None:
    name = server.mailbox("Box")
    options: Any = {"since": State(), "renew": 0.2, "retry": (0.01, 0.1)}
    with plain(server, user) as M:
        ok(M.create(name))
    with plain(server, user) as M, imaplib2.watch(connector(server, user), name, **options) as w:
        ok(M.append(name, None, None, b"Subject: 1\r\n\r\n"))
        assert isinstance(w.get(PATIENCE), Arrived)
        other = server.mailbox("Other")
        ok(M.rename(name, other))
        gone = next(event for event in w if isinstance(event, Gone))
        assert gone.mailbox == name
        ok(M.create(name))
        ok(M.append(name, None, None, b"Subject: 2\r\n\r\n"))
        kinds = []
        while Arrived not in kinds:
            kinds.append(type(w.get(PATIENCE)))
        assert kinds[-3:] == [Reconnected, Invalidated, Arrived]


def test_nothing_is_changed_on_the_server(server: Server, user: str) -> None:
    with plain(server, user) as M:
        ok(M.append("INBOX", None, None, b"Subject: 1\r\n\r\n"))
        with imaplib2.watch(connector(server, user), since=State()) as watcher:
            event = watcher.get(PATIENCE)
            assert isinstance(event, Arrived)
            assert event.flags == {1: frozenset()}
        _, data = M.status("INBOX", "(RECENT UNSEEN)")
        assert data[0].endswith(b"(RECENT %s UNSEEN 1)" % server.recent(1))


def test_a_restarted_program_is_told_the_rest(server: Server, user: str) -> None:
    connect = connector(server, user)
    with acting(server, user, 5) as actor:
        with watched(connect) as account:
            for _ in range(10):
                actor.act()
            account.await_agreement(actor)
            saved = str(account.watcher.state)
        for _ in range(20):
            actor.act()
        with watched(connect, since=saved) as resumed:
            resumed.consumer = account.consumer
            resumed.await_agreement(actor)


def test_refused_credentials(server: Server, user: str) -> None:
    if server.traits.is_slow:
        pytest.skip("it takes seconds to refuse a login")

    def connect() -> imaplib2.IMAP4:
        M = imaplib2.IMAP4(server.host, server.port, timeout=5)
        try:
            M.login(user, "wrong")
        except BaseException:
            M.shutdown()
            raise
        return M

    with imaplib2.watch(connect) as watcher:
        with pytest.raises(imaplib2.IMAP4.error, match=r"(?i)auth"):
            watcher.get(PATIENCE)
        assert watcher.stopped
