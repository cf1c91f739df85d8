"""A mailbox that is open, and its account."""

from __future__ import annotations

import pytest

from imaplib2 import IMAP4
from imaplib2._watching.account import Account
from imaplib2._watching.asking import Asking
from imaplib2._watching.outbox import Outbox
from imaplib2._watching.questions import NewFrom
from imaplib2._watching.sync import Sync
from imaplib2._watching.syncing import Syncing
from imaplib2.parse import SequenceSet
from imaplib2.watching import Arrived, MailboxState

from .fake import SECONDS, Post


def test_it_asks_until_all_is_known() -> None:
    post = Post()
    account = Account("INBOX", MailboxState(), keeps_flags=False)
    outbox = Outbox([account])
    syncing = Syncing(Asking(post.connect()), account, outbox, lambda: None)
    post.deliver()
    syncing.open()
    assert syncing.hear("", [])
    syncing.catch_up()
    assert not syncing.hear("", [])
    assert outbox.take(0) == Arrived("INBOX", SequenceSet(1), {})


def test_it_is_interrupted() -> None:
    def check() -> None:
        raise InterruptedError

    post = Post()
    account = Account("INBOX", MailboxState(), keeps_flags=False)
    syncing = Syncing(Asking(post.connect()), account, Outbox([account]), check)
    post.deliver()
    syncing.open()
    with pytest.raises(InterruptedError):
        syncing.catch_up()


def test_it_does_not_ask_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sync, "wants", lambda _: NewFrom(1))
    post = Post()
    account = Account("INBOX", MailboxState(), keeps_flags=False)
    syncing = Syncing(Asking(post.connect()), account, Outbox([account]), lambda: None)
    syncing.open()
    with pytest.raises(IMAP4.abort, match="no difference"):
        syncing.catch_up()
    while post.log.get(timeout=SECONDS) != "FETCH":
        pass
    assert post.log.qsize() == 100


def test_what_was_dropped_is_asked_for() -> None:
    post = Post()
    account = Account("INBOX", MailboxState(), keeps_flags=False)
    connection = post.connect()
    syncing = Syncing(Asking(connection), account, Outbox([account]), lambda: None)
    syncing.open()
    syncing.catch_up()
    for _ in range(3):
        post.deliver()
        [*connection.pop_untagged_responses()]
        connection.untagged_responses.dropped += 1
        assert syncing.hear("", [])
        syncing.catch_up()
        assert account.messages.uids == SequenceSet(post.mailboxes["INBOX"].messages)
