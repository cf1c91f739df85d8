"""Links that die, and servers that refuse."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import imaplib2
from imaplib2 import IMAP4
from imaplib2.parse import SequenceSet
from imaplib2.watching import (
    Arrived,
    FlagsChanged,
    Gone,
    Invalidated,
    MailboxState,
    Reconnected,
    Removed,
    State,
    Watcher,
)

from ...server.helpers import SECONDS, Serve, greet, greet_authenticated
from ...server.scripted import Peer, Proxy, ScriptedServer

NEW = Arrived("INBOX", SequenceSet(4), {4: frozenset({"\\Seen"})})


@contextmanager
def watching(server: ScriptedServer | Proxy, **options: Any) -> Iterator[Watcher]:
    def connect() -> IMAP4:
        M = IMAP4(server.host, server.port, timeout=options.pop("timeout", SECONDS))
        if M.state == "NONAUTH":
            try:
                M.login("user", "password")
            except BaseException:
                M.shutdown()
                raise
        return M

    settings = {"retry": (0.001, 0.01), "poll": 0.001, **options}
    settings.pop("timeout", None)
    with imaplib2.watch(connect, **settings) as watcher:
        yield watcher


def begin(peer: Peer, *, exists: int = 3, uidvalidity: int = 1, idles: bool = True) -> None:
    """Let the mailbox be opened, and all flags be asked for."""
    greet_authenticated(peer, b"IDLE" if idles else b"")
    peer.select(exists, uidvalidity=uidvalidity)
    listing = peer.command("UID SEARCH")
    peer.untagged(b"SEARCH " + b" ".join(b"%d" % uid for uid in range(1, exists + 1)))
    peer.ok(listing)
    flags(peer, exists)


def flags(peer: Peer, exists: int) -> None:
    asked = peer.command("UID FETCH")
    peer.untagged(*(b"%d FETCH (UID %d FLAGS ())" % (uid, uid) for uid in range(1, exists + 1)))
    peer.ok(asked)


def again(peer: Peer) -> None:
    """The same, where the number of messages and the next UID are those that are known."""
    greet_authenticated(peer, b"IDLE")
    peer.select(3)
    flags(peer, 3)


def idle(peer: Peer) -> Any:
    command = peer.command("IDLE")
    peer.line(b"+ idling")
    return command


def deliver(peer: Peer, command: Any) -> None:
    """During an IDLE, tell of a new message, which is asked for."""
    peer.untagged(b"4 EXISTS")
    peer.expect(b"DONE")
    peer.ok(command)
    asked = peer.command("UID FETCH")
    assert asked.args == b"4:* (UID FLAGS)"
    peer.untagged(rb"4 FETCH (FLAGS (\Seen \Recent) UID 4)")
    peer.ok(asked)


def rest(peer: Peer) -> None:
    """Idle until the watcher leaves."""
    peer.relax()
    while (command := peer.command("IDLE", "LOGOUT")).name == "IDLE":
        peer.line(b"+ idling")
        peer.expect(b"DONE")
        peer.ok(command)
    peer.untagged(b"BYE")
    peer.ok(command)


def test_a_message_comes(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        begin(peer)
        deliver(peer, idle(peer))
        rest(peer)

    with watching(serve(script)) as watcher:
        assert watcher.get(SECONDS) == NEW


def test_nothing_is_lost_between_answers(serve: Serve) -> None:
    """What is told behind an answer, before IDLE, or behind DONE."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        peer.select(3)
        listing = peer.command("UID SEARCH")
        peer.untagged(b"SEARCH 1 2 3")
        peer.ok(listing)
        asked = peer.command("UID FETCH")
        peer.untagged(*(b"%d FETCH (UID %d FLAGS ())" % (uid, uid) for uid in range(1, 4)))
        peer.send(asked.tag, b" OK done\r\n* 4 EXISTS\r\n")
        asked = peer.command("UID FETCH", "IDLE")
        if asked.name == "IDLE":
            peer.line(b"+ idling")
            peer.expect(b"DONE")
            peer.ok(asked)
            asked = peer.command("UID FETCH")
        peer.untagged(rb"4 FETCH (FLAGS (\Seen) UID 4)")
        peer.ok(asked)
        rest(peer)

    with watching(serve(script), since=State()) as watcher:
        event = watcher.get(SECONDS)
        assert isinstance(event, Arrived)
        assert event.uids in ({1, 2, 3}, {1, 2, 3, 4})
        assert 4 in event.uids or watcher.get(SECONDS) == NEW


def test_where_there_is_no_idle_it_polls(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        begin(peer, idles=False)
        peer.ok(peer.command("NOOP"))
        asked = peer.command("NOOP")
        peer.untagged(b"4 EXISTS")
        peer.ok(asked)
        asked = peer.command("UID FETCH")
        peer.untagged(rb"4 FETCH (FLAGS (\Seen) UID 4)")
        peer.ok(asked)
        peer.relax()
        while (command := peer.command()).name == "NOOP":
            peer.ok(command)
        peer.untagged(b"BYE")
        peer.ok(command)

    with watching(serve(script)) as watcher:
        assert watcher.get(SECONDS) == NEW


def _bye(peer: Peer) -> None:
    idle(peer)
    peer.untagged(b"BYE [UNAVAILABLE] shutting down")


def _refuse_idle(peer: Peer) -> None:
    peer.untagged(b"BYE no IDLE")
    peer.command("IDLE")


def _refuse_uid(peer: Peer) -> None:
    deliver_command = idle(peer)
    peer.untagged(b"4 EXISTS")
    peer.expect(b"DONE")
    peer.ok(deliver_command)
    peer.no(peer.command("UID FETCH"), b"[SERVERBUG] can't")
    peer.serve_logout()


@pytest.mark.parametrize("end", [_bye, Peer.reset, Peer.close, _refuse_idle, _refuse_uid])
def test_a_connection_that_ends(serve: Serve, end: Callable[[Peer], object]) -> None:
    def script(peer: Peer) -> None:
        if peer.number:
            again(peer)
            deliver(peer, idle(peer))
            rest(peer)
        else:
            begin(peer)
            peer.relax()
            end(peer)

    with watching(serve(script)) as watcher:
        event = watcher.get(SECONDS)
        assert isinstance(event, Reconnected)
        assert isinstance(event.why, IMAP4.error)
        assert watcher.get(SECONDS) == NEW


def test_a_link_that_is_dead(serve: Serve, proxy: Callable[..., Proxy]) -> None:
    """It is noticed when IDLE is renewed."""
    idles = threading.Event()

    def script(peer: Peer) -> None:
        if peer.number:
            again(peer)
            rest(peer)
        else:
            begin(peer)
            peer.relax()
            idle(peer)
            idles.set()
            peer.hold()

    link = proxy(serve(script))
    with watching(link, renew=0.2, timeout=0.2) as watcher:
        assert idles.wait(SECONDS)
        link.to_server.stall()
        link.to_client.stall()
        while link.connections < 2:
            assert watcher.get(0.01) is None
        link.to_server.resume()
        link.to_client.resume()
        assert isinstance(watcher.get(SECONDS), Reconnected)


def test_stop_when_the_server_is_silent(serve: Serve) -> None:
    asked = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.command("EXAMINE")
        asked.set()
        peer.hold()

    began = time.monotonic()
    with watching(serve(script), timeout=60) as watcher:
        assert asked.wait(SECONDS)
        before = time.monotonic()
        watcher.stop()
        assert time.monotonic() - before < 0.5
        assert next(watcher, None) is None
    assert time.monotonic() - began < SECONDS


def test_a_refused_login_is_raised(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        code = b"[AUTHENTICATIONFAILED]" if peer.number else b"[UNAVAILABLE]"
        peer.no(peer.command("LOGIN"), code + b" sorry")
        peer.wait_closed()

    server = serve(script)
    with watching(server) as watcher, pytest.raises(IMAP4.error, match="sorry") as caught:
        watcher.get(SECONDS)
    assert caught.value.code == "AUTHENTICATIONFAILED"
    assert server.connections == 2


def test_another_mailbox_of_the_name(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        if peer.number:
            begin(peer, exists=1, uidvalidity=2)
            rest(peer)
        else:
            begin(peer)
            peer.relax()
            _bye(peer)

    with watching(serve(script)) as watcher:
        assert isinstance(watcher.get(SECONDS), Reconnected)
        assert watcher.get(SECONDS) == Invalidated("INBOX", 2)
        assert watcher.get(SECONDS) == Arrived("INBOX", SequenceSet(1), {1: frozenset()})


def test_a_mailbox_that_may_not_be_read_any_more(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        peer.no(peer.command("EXAMINE"), b"[NOPERM] not for you")
        peer.select(0)
        rest(peer)

    with watching(serve(script), since=State()) as watcher:
        event = watcher.get(SECONDS)
        assert isinstance(event, Gone)
        assert event.why.code == "NOPERM"  # type: ignore[attr-defined]
        assert isinstance(watcher.get(SECONDS), Reconnected)


def test_nothing_but_reading_is_sent(serve: Serve) -> None:
    """No command that changes anything, and none that sets \\Seen."""
    sent: list[str] = []

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        peer.relax()
        while (command := peer.command()).name != "LOGOUT":
            sent.append(f"{command.name} {command.args.decode()}")
            if command.name == "EXAMINE":
                peer.untagged(b"2 EXISTS", b"OK [UIDVALIDITY 1] fine", b"OK [UIDNEXT 9] fine")
            elif command.name == "UID SEARCH":
                peer.untagged(b"SEARCH 3 7")
            elif command.name == "IDLE":
                peer.line(b"+ idling")
                peer.expect(b"DONE")
            else:
                peer.untagged(b"1 FETCH (UID 3 FLAGS ())", b"2 FETCH (UID 7 FLAGS ())")
            peer.ok(command)
        peer.untagged(b"BYE")
        peer.ok(command)

    with watching(serve(script), since=State()) as watcher:
        event = watcher.get(SECONDS)
        assert isinstance(event, Arrived)
        assert event.uids == {3, 7}
    assert sent[:3] == ["EXAMINE INBOX", "UID SEARCH ALL", "UID FETCH 3,7 (UID FLAGS)"]
    assert {*sent[3:]} <= {"IDLE "}


def test_more_than_is_kept_between_two_looks(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        begin(peer, exists=90, idles=False)
        looked = peer.command("NOOP")
        peer.untagged(*[b"1 EXPUNGE"] * 87, b"3 EXPUNGE")
        peer.ok(looked)
        listing = peer.command("UID SEARCH")
        peer.untagged(b"SEARCH 88 89")
        peer.ok(listing)
        # Flags that were dropped, too.
        flags(peer, 0)
        peer.relax()
        while (command := peer.command()).name != "LOGOUT":
            peer.ok(command)
        peer.ok(command)

    server = serve(script)

    def connect() -> IMAP4:
        M = IMAP4(server.host, server.port, timeout=SECONDS)
        M._core.limits.stored = 50
        return M

    since = State({"INBOX": MailboxState(1, SequenceSet("1:90"))})
    with imaplib2.watch(connect, since=since, poll=0.001) as watcher:
        told = SequenceSet()
        while told != SequenceSet("1:87,90"):
            event = watcher.get(SECONDS)
            assert isinstance(event, (Removed, FlagsChanged))
            if isinstance(event, Removed):
                told |= event.uids
        assert watcher.state["INBOX"].uids == SequenceSet("88:89")
