"""The demonstration: on a scripted server, and on those that it starts itself."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import imaplib2
from imaplib2._cli import demo
from imaplib2._cli.demonstration import keeping, race, servers, showing
from imaplib2._cli.demonstration.servers import Running
from imaplib2._cli.failures import OK, PROBLEM, Failure
from imaplib2._clock import Clock

from ...needs import need, need_package
from ...server.scripted import Command, ScriptedServer, Session
from ..helpers import Kept
from .boxes import Box
from .helpers import Typed

Serve = Callable[..., ScriptedServer]
Type = Callable[..., Typed]


def running(server: ScriptedServer) -> Running:
    return Running("pymap", server.port, "demo", "secret")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "_PAUSE", 0.05)


@pytest.fixture
def served(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Box:
    """An empty box, on the server that is started."""

    @contextlib.contextmanager
    def serving(*_: Any) -> Iterator[Running]:
        yield running(server)

    box = Box(0)
    server = serve(box.script)
    monkeypatch.setattr(servers, "serving", serving)
    return box


def check(done: Typed) -> None:
    """All of it was shown, and the figures are of this world."""
    assert done.err == ""
    assert done.status == OK
    assert done.out.count("✓") == 3
    seconds = re.search(r"imaplib +([\d.]+) s .* callbacks +([\d.]+) s", done.words)
    times = re.search(r"The same 40 answers, ([\d.]+) times as fast", done.words)
    assert seconds is not None
    assert times is not None
    loop = float(seconds[1])
    # There are 40 round trips in it.
    assert loop > 0.4
    assert loop < 60
    assert float(times[1]) > 1.5
    assert done.out.count(" ms  ") == 3


def test_all_of_it(served: Box, typed: Type) -> None:
    check(typed("demo", "--messages", "40", "--round-trip", "0.01"))
    # Those who have arrived are there, too.
    assert len(served.messages) == 43


@pytest.mark.parametrize("name", servers.NAMES)
def test_on_a_server_of_its_own(name: str, typed: Type) -> None:
    if name == "pymap":
        need_package("pymap")
    else:
        from imaplib2._cli.demonstration import dovecot

        need(None if dovecot.program() else "Dovecot is not installed", "Dovecot")
    check(typed("demo", "--messages", "40", "--round-trip", "0.01", "--server", name))


def test_a_server_that_falls_silent(
    served: Box, typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for, but not for ever."""
    monkeypatch.setattr(demo, "_SILENCE", 0.2)
    own = served.script.keywords["handlers"]
    own["APPEND"] = lambda *_: None
    done = typed("demo", "--messages", "2", "--round-trip", "0.001")
    assert done.status == PROBLEM
    assert "no answer from the server" in done.said


def test_a_server_that_takes_no_messages(serve: Serve) -> None:
    def append(session: Session, command: Command) -> None:
        session.peer.no(command, b"[OVERQUOTA] full")

    server = serve(Box(0, APPEND=append).script)
    with pytest.raises(Failure, match=r"takes no messages: .*full"):
        demo._fill(running(server), 1, Kept())


def test_a_server_that_is_kept(served: Box, typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(_: float) -> None:
        pauses.append(len(served.messages))
        if len(pauses) == 3:
            raise KeyboardInterrupt

    pauses: list[int] = []
    monkeypatch.setattr(keeping, "_INTERVAL", 0.0)
    monkeypatch.setattr(time, "sleep", sleep)
    done = typed("demo", "--keep", "--messages", "5")
    assert done.status == 130
    assert "with 5 messages for the user demo" in done.words
    assert " check demo" in done.words
    assert pauses == [5, 6, 7]


def test_a_link_takes_its_time(serve: Serve) -> None:
    with race.slow_link(running(serve(Box().script)), 0.04) as far:
        began = Clock.now()
        with imaplib2.IMAP4("127.0.0.1", far.port) as M:
            # Three ways to connect, and one for the greeting, of half a round trip each.
            assert Clock.now() - began >= 0.08
            M.login("demo", "secret")
            began = Clock.now()
            M.noop()
            assert Clock.now() - began >= 0.04


def test_a_link_to_nobody() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with (
        race.slow_link(Running("pymap", port, "demo", "secret"), 0.001) as far,
        pytest.raises(imaplib2.IMAP4.abort),
    ):
        imaplib2.IMAP4("127.0.0.1", far.port, timeout=20)


def test_numbers(serve: Serve) -> None:
    assert showing._numbers(running(serve(Box(3).script))) == ["1", "2", "3"]
