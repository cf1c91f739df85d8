"""One mailbox, which is open all the time."""

from __future__ import annotations

import pytest

from imaplib2.parse import SequenceSet
from imaplib2.watching import Arrived, FlagsChanged, Gone, Invalidated, Reconnected

from .fake import SECONDS, Idler, Post, raising, refusing, watching

Seen = frozenset({"\\Seen"})
NONE: frozenset[str] = frozenset()


def test_another_mailbox_of_the_name() -> None:
    post = Post()
    with watching(post) as watcher:
        post.deliver()
        assert isinstance(watcher.get(SECONDS), Arrived)
        post.mailboxes["INBOX"].begin_anew()
        post.cut()
        assert isinstance(watcher.get(SECONDS), Reconnected)
        assert watcher.get(SECONDS) == Invalidated("INBOX", 2)
        assert watcher.get(SECONDS) == Arrived("INBOX", SequenceSet(1), {1: NONE})


def test_a_mailbox_that_is_gone_and_comes_back() -> None:
    post = Post()
    with watching(post, poll=0.01) as watcher:
        post.await_command("IDLE")
        inbox = post.mailboxes.pop("INBOX")
        post.cut()
        event = watcher.get(SECONDS)
        assert isinstance(event, Gone)
        assert "no such mailbox" in str(event.why)
        assert watcher.get(0.02) is None
        inbox.deliver(NONE)
        post.mailboxes["INBOX"] = inbox
        assert isinstance(watcher.get(SECONDS), Reconnected)
        assert watcher.get(SECONDS) == Arrived("INBOX", SequenceSet(1), {1: NONE})


@pytest.mark.parametrize("code", [b"[INUSE] busy", b"for no reason"])
def test_a_mailbox_that_is_refused_for_long_is_gone(code: bytes) -> None:
    post = Post()
    post.answers["EXAMINE"] = refusing(code)
    with watching(post, poll=0.001, since=None) as watcher:
        assert isinstance(watcher.get(SECONDS), Gone)
        del post.answers["EXAMINE"]
        assert isinstance(watcher.get(SECONDS), Reconnected)
        # As it wasn't there, what is in it now is news.
        post.deliver()
        assert isinstance(watcher.get(SECONDS), Arrived)


def test_an_idle_that_is_refused() -> None:
    post = Post()

    post.answers["IDLE"] = raising("NO")
    with watching(post, poll=0.001) as watcher:
        post.mailboxes["INBOX"].deliver(NONE)
        assert isinstance(watcher.get(SECONDS), Arrived)


def test_idle_is_renewed() -> None:
    post = Post()
    with watching(post, renew=0.01):
        for _ in range(3):
            post.await_command("EXAMINE")
            post.await_command("IDLE")
            post.await_command("DONE")


def test_an_idle_that_the_server_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Idler, "__iter__", lambda _: iter(()))
    post = Post()
    with watching(post, poll=0.001) as watcher:
        for _ in range(3):
            post.await_command("IDLE")
        post.deliver()
        assert isinstance(watcher.get(SECONDS), Arrived)


@pytest.mark.parametrize("flags", [True, False])
def test_a_server_that_knows_no_changedsince(flags: bool) -> None:
    post = Post()
    post.deliver()
    with watching(post, flags=flags) as watcher:
        assert isinstance(watcher.get(SECONDS), Arrived)
        saved = watcher.state
    inbox = post.mailboxes["INBOX"]
    inbox.store(1, Seen)
    inbox.deliver(NONE)
    refused = iter([raising("BAD"), refusing(b"no")] if flags else [refusing(b"no")])

    def answer() -> object:
        refuse = next(refused, None)
        return refuse and refuse()

    post.answers["FETCH"] = answer
    told = []
    with watching(post, since=saved, flags=flags) as watcher:
        for _ in range(1 + 2 * flags):
            told.append(watcher.get(SECONDS))
    assert Arrived("INBOX", SequenceSet(2), {2: NONE} if flags else {}) in told
    assert (FlagsChanged("INBOX", {1: Seen}) in told) == flags
