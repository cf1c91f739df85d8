"""`watch`, and what it gives, with connections that are none."""

from __future__ import annotations

import gc
import os
import threading
import time
import weakref
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

import imaplib2
from imaplib2 import IMAP4
from imaplib2.parse import SequenceSet
from imaplib2.watching import (
    Arrived,
    FlagsChanged,
    MailboxState,
    Reconnected,
    Removed,
    State,
    Watcher,
)

from ..threads.helpers import until
from .fake import SECONDS, Post, watching

Seen = frozenset({"\\Seen"})
ALL = SequenceSet("1:4294967295")
NONE: frozenset[str] = frozenset()


def refused(code: str | None = "AUTHENTICATIONFAILED") -> IMAP4.error:
    problem = IMAP4.error("refused")
    problem.command, problem.type, problem.code = "LOGIN", "NO", code
    return problem


def test_what_happens_is_told() -> None:
    post = Post()
    inbox = post.mailboxes["INBOX"]
    with watching(post) as watcher:
        post.deliver(Seen)
        assert watcher.get(SECONDS) == Arrived("INBOX", SequenceSet(1), {1: Seen})
        inbox.store(1, NONE)
        post.tell()
        event = watcher.get(SECONDS)
        assert event == FlagsChanged("INBOX", {1: NONE})
        assert isinstance(event, FlagsChanged)
        assert event.uids == {1}
        inbox.expunge(1)
        post.tell()
        assert next(watcher) == Removed("INBOX", SequenceSet(1))
        assert iter(watcher) is watcher
        assert watcher.get(0) is None
        assert watcher.get(0.001) is None
        assert not watcher.stopped
    assert watcher.stopped
    assert [*watcher] == []


@pytest.mark.parametrize(
    "capabilities",
    [
        ("IDLE", "CONDSTORE"), ("IDLE",), ("ENABLE", "QRESYNC"), ()
    ],
    ids=repr,
)  # fmt: skip
def test_it_reconnects(capabilities: tuple[str, ...]) -> None:
    post = Post(capabilities=capabilities)
    with watching(post, poll=0.01) as watcher:
        post.deliver()
        post.deliver()
        told = set()
        while told != {1, 2}:
            event = watcher.get(SECONDS)
            assert isinstance(event, Arrived)
            told |= set(event.uids)
        post.problems = [OSError("network is away"), refused("UNAVAILABLE")]
        post.cut()
        inbox = post.mailboxes["INBOX"]
        inbox.expunge(1)
        inbox.deliver(Seen)
        events = [watcher.get(SECONDS)]
        while not {Removed, Arrived} <= {*map(type, events)}:
            events.append(watcher.get(SECONDS))
        reconnected = events[0]
        assert isinstance(reconnected, Reconnected)
        assert reconnected.why.code == "UNAVAILABLE"  # type: ignore[attr-defined]
        assert reconnected.after > 0
        assert Removed("INBOX", SequenceSet(1)) in events
        assert Arrived("INBOX", SequenceSet(3), {3: Seen}) in events


def test_what_was_there_is_no_news_without_since() -> None:
    post = Post()
    post.mailboxes["INBOX"].deliver(NONE)
    with watching(post, since=None) as watcher:
        post.await_command("IDLE")
        assert watcher.state["INBOX"].uids == {1}
        post.deliver()
        assert watcher.get(SECONDS) == Arrived("INBOX", SequenceSet(2), {2: NONE})


def test_state_is_what_the_consumer_has_been_told() -> None:
    post = Post()
    with watching(post) as watcher:
        post.deliver(Seen)
        assert isinstance(watcher.get(SECONDS), Arrived)
        saved = str(watcher.state)
        post.deliver()
        post.await_command("IDLE")
    with watching(post, since=saved) as watcher:
        assert watcher.get(SECONDS) == Arrived("INBOX", SequenceSet(2), {2: NONE})
        assert watcher.get(0) is None


def test_without_flags() -> None:
    post = Post()
    with watching(post, flags=False) as watcher:
        post.deliver(Seen)
        assert watcher.get(SECONDS) == Arrived("INBOX", SequenceSet(1), {})
        assert watcher.state["INBOX"].flags is None


def test_refused_credentials_are_raised_behind_all_events() -> None:
    post = Post()
    with watching(post) as watcher:
        post.deliver()
        for command in ("FETCH", "IDLE"):
            post.await_command(command)
        post.problems = [refused()]
        post.cut()
        assert isinstance(watcher.get(SECONDS), Arrived)
        for _ in range(2):
            with pytest.raises(IMAP4.error, match="refused"):
                watcher.get(SECONDS)
        assert watcher.stopped
    assert watcher.get() is None


@pytest.mark.parametrize("returned", [None, SimpleNamespace(idle_done=print)])
def test_a_mistake_in_connect_is_raised(returned: Any) -> None:
    name = type(returned).__name__
    with imaplib2.watch(lambda: returned) as watcher, pytest.raises(TypeError, match=name):
        watcher.get(SECONDS)


@pytest.mark.parametrize("command", ["ENABLE", "EXAMINE", "FETCH", "IDLE"])
@pytest.mark.parametrize("problem", [TypeError, StopIteration, RecursionError], ids=repr)
def test_what_can_not_be_read_is_no_mistake_in_connect(
    command: str, problem: type[Exception]
) -> None:
    post = Post()

    def fail() -> Any:
        del post.answers[command]
        raise problem("odd")

    post.answers[command] = fail
    with watching(post) as watcher:
        post.deliver()
        while not isinstance(event := watcher.get(SECONDS), Arrived):
            assert isinstance(event, Reconnected)
        # What comes of an IDLE may come later.
        until(lambda: command not in post.answers)
        assert not watcher.stopped


def test_a_connection_that_is_over_is_not_the_last() -> None:
    post = Post()

    def connect() -> Any:
        M = post.connect()
        if len(post.connections) < 3:
            M.state = "LOGOUT"
            post.answers["EXAMINE"] = refuse
        return M

    def refuse() -> Any:
        del post.answers["EXAMINE"]
        problem = IMAP4.error("EXAMINE is illegal in state LOGOUT")
        problem.is_refusal = True
        raise problem

    with imaplib2.watch(connect, since=State(), retry=(0.001, 0.01)) as watcher:
        post.deliver()
        assert isinstance(watcher.get(SECONDS), Arrived)


@pytest.mark.parametrize("culprit", ["connect", "give_up"])
def test_stop_iteration_is_no_end(culprit: str) -> None:
    def stop(*_: Any) -> Any:
        raise StopIteration(culprit)

    def fail() -> Any:
        raise OSError("away")

    connect, give_up = (stop, None) if culprit == "connect" else (fail, stop)
    with imaplib2.watch(connect, give_up=give_up) as watcher:
        for _ in range(2):
            with pytest.raises(RuntimeError, match="StopIteration") as caught:
                next(watcher)
            assert isinstance(caught.value.__cause__, StopIteration)


def test_certificates_are_a_mistake_at_first_only() -> None:
    class SSLCertVerificationError(OSError):
        pass

    post = Post()
    with watching(post) as watcher:
        post.await_command("IDLE")
        post.problems = [SSLCertVerificationError("a hotel's")]
        post.cut()
        assert isinstance(watcher.get(SECONDS), Reconnected)
    post.problems = [SSLCertVerificationError("unknown")]
    with watching(post) as watcher, pytest.raises(OSError, match="unknown"):
        watcher.get(SECONDS)


def test_give_up_decides() -> None:
    post = Post()
    post.problems = [refused(), ZeroDivisionError("it"), OSError("enough")]
    asked: list[Exception] = []

    def give_up(problem: Exception) -> bool:
        asked.append(problem)
        return isinstance(problem, OSError)

    with watching(post, give_up=give_up) as watcher, pytest.raises(OSError, match="enough"):
        watcher.get(SECONDS)
    assert [*map(type, asked)] == [IMAP4.error, ZeroDivisionError, OSError]


def test_several_mailboxes() -> None:
    post = Post("INBOX", "Sent")
    with watching(post, "INBOX", "Sent") as watcher:
        post.deliver(mailbox="Sent")
        assert watcher.get(SECONDS) == Arrived("Sent", SequenceSet(1), {1: NONE})
        post.deliver(mailbox="INBOX")
        assert watcher.get(SECONDS) == Arrived("INBOX", SequenceSet(1), {1: NONE})
        assert watcher.state.keys() == {"INBOX", "Sent"}
    assert len(post.connections) == 2


def test_what_ends_one_ends_all() -> None:
    post = Post("INBOX", "Sent")
    with watching(post, "INBOX", "Sent") as watcher:
        for _ in range(2):
            post.await_command("IDLE")
        post.problems = [refused()]
        post.connections[0].cut()
        with pytest.raises(IMAP4.error, match="refused"):
            watcher.get(SECONDS)
        for keeper in watcher._keepers:
            keeper.thread.join(SECONDS)
            assert not keeper.thread.is_alive()


# -- The end -----------------------------------------------------------------------------------


def test_stop_wakes_all_who_wait() -> None:
    post = Post()
    with watching(post) as watcher:
        ended: list[Any] = []
        threads = [
            threading.Thread(target=lambda: ended.append([*watcher]), daemon=True) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        watcher.stop()
        for thread in threads:
            thread.join(SECONDS)
        assert ended == [[]] * 3
        watcher.stop()


def test_stop_during_a_connect_that_hangs() -> None:
    post, go_on, asked = Post(), threading.Event(), threading.Event()

    def connect() -> Any:
        asked.set()
        go_on.wait(SECONDS)
        return post.connect()

    began = time.monotonic()
    with imaplib2.watch(connect) as watcher:
        asked.wait(SECONDS)
    assert watcher.get() is None
    assert time.monotonic() - began < SECONDS / 2
    go_on.set()
    post.await_command("LOGOUT")


def test_stop_while_it_waits_to_reconnect() -> None:
    post = Post()
    post.problems = [OSError("away")]
    with watching(post, retry=(60, 60)) as watcher:
        post.await_command("connect")
    (keeper,) = watcher._keepers
    assert not keeper.thread.is_alive()


def test_a_watcher_that_nobody_has_ends() -> None:
    post = Post()
    watcher = imaplib2.watch(post.connect)
    post.await_command("IDLE")
    thread, reference = watcher._keepers[0].thread, weakref.ref(watcher)
    del watcher
    gc.collect()
    assert reference() is None
    thread.join(SECONDS)
    assert not thread.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with watching(Post()) as watcher:
        monkeypatch.setattr(watcher, "_process", 0)
        with pytest.raises(IMAP4.abort, match="forked child"):
            watcher.get()
        watcher.stop()
        monkeypatch.undo()


def test_there_can_be_no_more_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    post, started, start = Post("INBOX", "Sent"), [], threading.Thread.start

    def start_one(thread: threading.Thread) -> None:
        if started and "watch" in thread.name:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_one)
    with pytest.raises(RuntimeError):
        imaplib2.watch(post.connect, ["INBOX", "Sent"])
    started[0].join(SECONDS)
    assert not started[0].is_alive()


# -- Arguments ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"connect": 1}, TypeError),
        ({"give_up": 1}, TypeError),
        ({"mailbox": []}, ValueError),
        ({"mailbox": ["a", "a"]}, ValueError),
        ({"mailbox": [b"a"]}, TypeError),
        ({"since": "rubbish"}, ValueError),
        ({"since": 5}, TypeError),
        ({"since": {"INBOX": MailboxState(uids=ALL)}}, ValueError),
        ({"since": {"INBOX": MailboxState(flags={NONE: ALL})}}, ValueError),
        ({"renew": 0}, ValueError),
        ({"renew": None}, ValueError),
        ({"poll": float("inf")}, ValueError),
        ({"poll": "x"}, TypeError),
        ({"retry": 1}, TypeError),
        ({"retry": (1, -1)}, ValueError),
        ({"retry": (5, 1)}, ValueError),
        ({"retry": (1, 2, 3)}, ValueError),
        ({"retry": ("1", 2)}, TypeError),
        ({"mailbox": ""}, ValueError),
        ({"mailbox": ["INBOX", "inbox"]}, ValueError),
    ],
    ids=repr,
)
def test_arguments(options: dict[str, Any], problem: type[Exception]) -> None:
    arguments: dict[str, Any] = {"connect": Post().connect, **options}
    before = threading.active_count()
    with pytest.raises(problem):
        imaplib2.watch(**arguments)
    assert threading.active_count() == before


def test_the_name_is_loaded_late() -> None:
    function: Callable[..., Watcher] = imaplib2.watch
    assert function is imaplib2.watching.watch
