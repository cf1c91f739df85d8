"""Several mailboxes by one connection."""

from __future__ import annotations

import pytest

from imaplib2.parse import SequenceSet
from imaplib2.watching import Arrived, FlagsChanged, Gone, Reconnected

from .fake import SECONDS, Post, watching

Seen = frozenset({"\\Seen"})
Flagged = frozenset({"\\Flagged"})
NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize("capabilities", [("CONDSTORE",), ()], ids=repr)
def test_several_mailboxes_by_status(capabilities: tuple[str, ...]) -> None:
    post = Post("INBOX", "Sent", capabilities=capabilities)
    with watching(post, "INBOX", "Sent", poll=0.001, by_status=True) as watcher:
        post.mailboxes["Sent"].deliver(NONE)
        assert watcher.get(SECONDS) == Arrived("Sent", SequenceSet(1), {1: NONE})
        post.mailboxes["Sent"].store(1, Seen)
        assert watcher.get(SECONDS) == FlagsChanged("Sent", {1: Seen})
        own = post.mailboxes.pop("INBOX")
        assert isinstance(watcher.get(SECONDS), Gone)
        post.mailboxes["INBOX"] = own
        assert isinstance(watcher.get(SECONDS), Reconnected)
    assert len(post.connections) == 1


@pytest.mark.parametrize("said", [b" HIGHESTMODSEQ 0", b""])
def test_a_mailbox_without_modseqs(said: bytes) -> None:
    def made() -> Post:
        post = Post(capabilities=("CONDSTORE",))
        post.mailboxes["INBOX"].deliver(NONE)
        shown = b"INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1 UNSEEN 1%s)" % said
        post.answers["STATUS"] = lambda: ("OK", [shown])
        return post

    post = made()
    with watching(post, poll=0.001, by_status=True) as watcher:
        assert isinstance(watcher.get(SECONDS), Arrived)
        post.mailboxes["INBOX"].store(1, Flagged)
        assert watcher.get(SECONDS) == FlagsChanged("INBOX", {1: Flagged})
    # Without flags, there is no need to look.
    post = made()
    with watching(post, poll=0.001, by_status=True, flags=False) as watcher:
        post.await_command("CLOSE")
        for _ in range(3):
            post.await_command("STATUS")
        while not post.log.empty():
            assert post.log.get() == "STATUS"


def test_status_that_says_nothing() -> None:
    post = Post(capabilities=("CONDSTORE",))
    post.answers["STATUS"] = lambda: ("OK", [b"INBOX"])
    with watching(post, poll=0.001, by_status=True) as watcher:
        post.mailboxes["INBOX"].deliver(NONE)
        assert isinstance(watcher.get(SECONDS), Arrived)
