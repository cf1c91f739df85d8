"""A connection that is kept; most of it is in test_watcher."""

from __future__ import annotations

import logging
import queue
import threading
from typing import Any

import pytest

from imaplib2._watching import keeper as module
from imaplib2._watching.account import Account
from imaplib2._watching.asking import Asking
from imaplib2._watching.keeper import Keeper, Options, Stopped
from imaplib2._watching.one_mailbox import OneMailbox
from imaplib2._watching.outbox import Outbox

from .fake import SECONDS, Post


def keeper(post: Post, kind: type[Keeper] = OneMailbox) -> Keeper:
    options = Options(post.connect, 60.0, 60.0, (0.001, 0.01), None)
    account = Account("INBOX", None, keeps_flags=True)
    return kind(options, [account], Outbox([account]))


def ended(own: Keeper) -> None:
    own._outbox.stop()
    own.end()
    own.thread.join(SECONDS)
    assert not own.thread.is_alive()


def test_a_machine_that_has_slept_looks_at_its_links() -> None:
    post = Post()
    own = keeper(post)
    own.thread.start()
    post.await_command("IDLE")
    own.look(False)
    own.look(True)
    for command in ("DONE", "EXAMINE", "IDLE"):
        post.await_command(command)
    own._outbox.stop()
    own.look(False)
    own.thread.join(SECONDS)
    assert not own.thread.is_alive()


class Hanging(Keeper):
    """Waits for an answer that never comes."""

    def _watch(self, asking: Asking) -> None:
        post: Any = asking._M.post
        post.log.put("hanging")
        calls: queue.SimpleQueue[str] = asking._M.calls  # type: ignore[attr-defined]
        while calls.get(timeout=SECONDS) != "cut":
            pass
        raise OSError("cut")


@pytest.mark.parametrize("has_threads", [True, False])
def test_what_hangs_is_cut(monkeypatch: pytest.MonkeyPatch, has_threads: bool) -> None:
    monkeypatch.setattr(module, "GRACE", 0.01)
    post = Post()
    own = keeper(post, Hanging)
    own.thread.start()
    post.await_command("hanging")
    if not has_threads:

        def start(thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", start)
    ended(own)
    own.end()


def test_what_is_watched_a_subclass_tells() -> None:
    post = Post()
    own = keeper(post, Keeper)
    with pytest.raises(NotImplementedError):
        own._watch(Asking(post.connect()))


def test_interruptions_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Away(Keeper):
        def _watch(self, asking: Asking) -> None:
            self._outbox.stop()
            raise OSError("away")

        def _check(self) -> None:
            # It ends by itself, behind the pause.
            pass

        def _pause(self, seconds: float) -> None:
            raise Stopped

    with caplog.at_level(logging.INFO, "imaplib2"):
        own = keeper(Post(), Away)
        own.thread.start()
        own.thread.join(SECONDS)
    assert caplog.messages == ["watching is interrupted: away"]
