"""What `watch` tells, runs and remembers."""

from __future__ import annotations

import json
import shlex
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import imaplib2
from imaplib2._cli.console import Piece
from imaplib2._cli.failures import PROBLEM, REFUSED, UNREACHABLE, USAGE, Failure
from imaplib2._cli.main import parser
from imaplib2._cli.watching import watched
from imaplib2._cli.watching.lookup import Lookup
from imaplib2._errors import abort, error
from imaplib2._watching import keeper
from imaplib2.parse import SequenceSet

from ...server.scripted import Command, ScriptedServer, Session
from ..helpers import Kept
from .boxes import Box
from .helpers import Typed, at

Serve = Callable[..., ScriptedServer]
Type = Callable[..., Typed]
#: What is done when the console is given its next line; the last one is as if it were Ctrl-C.
Deeds = list[Callable[[], object]]


class Watching(Kept):
    """A console, and somebody who looks at it, and does something."""

    def __init__(self, *deeds: Callable[[], object]) -> None:
        super().__init__()
        self._deeds = [*deeds]

    def line(self, *pieces: Piece) -> None:
        super().line(*pieces)
        if not self._deeds:
            raise KeyboardInterrupt
        self._deeds.pop(0)()


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAPLIB2_PASSWORD", "secret")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits before trying again."""
    monkeypatch.setattr(watched, "_FIRST", 0.001)
    monkeypatch.setattr(keeper.BackOff, "next", lambda _: 0.001)


def watch(server: Any, console: Kept, *arguments: str) -> Any:
    """What `watch` has told on *console* until Ctrl-C, as JSON."""
    line = ["watch", at(server), "--plain", "--timeout", "5", "--json", *arguments]
    options = parser().parse_args(line)
    with pytest.raises(KeyboardInterrupt):
        options.run(options, console)
    return [json.loads(line) for line in console.shown.splitlines()]


def kinds(found: list[Any]) -> list[tuple[str, int | None]]:
    return [(one["event"], one.get("uid")) for one in found]


def nothing() -> None:
    pass


# -- What happens ----------------------------------------------------------------------------------


def test_messages_that_arrive(serve: Serve) -> None:
    box = Box()
    found = watch(serve(box.script), Watching(box.deliver, box.deliver))
    assert kinds(found) == [("watching", None), ("arrived", 4), ("arrived", 5)]
    assert (found[0]["messages"], found[1]["from"], found[1]["subject"]) == (3, "Ada", "Lunch?")


def test_lines_for_people(serve: Serve, typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(watched.Watched, "_next", interrupt)
    done = typed("watch", at(serve(Box().script)), "--plain")
    assert done.status == 130
    assert done.words.endswith("watching INBOX 3 messages")


def test_links_that_are_lost(serve: Serve) -> None:
    box = Box()
    console = Watching(box.cut, box.deliver)
    found = watch(serve(box.script), console)
    assert kinds(found) == [("watching", None), ("reconnected", None), ("arrived", 4)]
    assert console.told.startswith("the connection is lost; opening it again")


def test_several_mailboxes(serve: Serve) -> None:
    box = Box()
    other: dict[bytes, Any] = {b"Archive": {}}
    server = serve(lambda peer: box.script(peer, mailboxes=other))
    found = watch(server, Watching(nothing), "INBOX", "Archive", "INBOX")
    assert sorted(one["mailbox"] for one in found) == ["Archive", "INBOX"]


def test_what_has_happened_since_the_last_time(serve: Serve, tmp_path: Path) -> None:
    box, path = Box(), str(tmp_path / "state")
    server = serve(box.script)
    watch(server, Watching(box.deliver, box.deliver), "--state", path)
    box.deliver()
    found = watch(server, Watching(nothing, nothing), "--state", path)
    # What was being told when Ctrl-C came is told again.
    assert kinds(found) == [("watching", None), ("arrived", 5), ("arrived", 6)]


# -- What is wrong ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["None"], PROBLEM, "None can't be watched; the server says NO: [TRYCREATE]"),
        (["--exec", "/none/such"], USAGE, "There is no program '/none/such'"),
        (["--state", "/"], USAGE, "/ can't be used"),
    ],
)
def test_what_ends_it_at_once(
    arguments: list[str], status: int, text: str, serve: Serve, typed: Type
) -> None:
    done = typed("watch", at(serve(Box().script)), "--plain", *arguments)
    assert done.status == status
    assert text in " ".join(done.err.split())


@pytest.mark.parametrize(
    ("name", "answer", "status", "text"),
    [
        ("STATUS", lambda session, command: session.peer.ok(command), PROBLEM, "tells no status"),
        ("STATUS", lambda session, command: session.peer.cut(), UNREACHABLE, "EOF"),
        ("LOGIN", lambda session, command: session.peer.cut(), UNREACHABLE, "EOF"),
    ],
)
def test_servers_that_are_of_no_use(
    name: str, answer: Any, status: int, text: str, serve: Serve, typed: Type
) -> None:
    server = serve(Box(**{name: answer}).script)
    done = typed("watch", at(server), "--plain", "--allow-clear-text")
    assert done.status == status
    assert text in done.said


def test_no_server(typed: Type) -> None:
    assert typed("watch", "fred@127.0.0.1:1", "--plain").status == UNREACHABLE


def test_a_password_that_is_not_valid_any_more(serve: Serve, typed: Type) -> None:
    def login(session: Session, command: Command) -> None:
        logins.append(command)
        if len(logins) > 1:
            session.peer.no(command, b"[AUTHENTICATIONFAILED] no")
        else:
            session.peer.ok(command)

    logins: list[Command] = []
    box = Box(LOGIN=login)
    console = Watching(box.cut)
    options = parser().parse_args(["watch", at(serve(box.script)), "--plain", "--allow-clear-text"])
    with pytest.raises(Failure) as caught:
        options.run(options, console)
    assert caught.value.status == REFUSED
    assert "no connection: " in console.told


# -- Programs --------------------------------------------------------------------------------------


def program(tmp_path: Path, text: str = "") -> list[str]:
    """``--exec`` with a program that notes what it is given."""
    path = tmp_path / "program.py"
    path.write_text(
        "import os, sys\nwith open(sys.argv[1], 'a') as out: print([len(sys.stdin.buffer.read()),"
        " *(os.environ['IMAPLIB2_' + k] for k in ('MAILBOX', 'UID', 'UIDVALIDITY'))], file=out)\n"
        + text
    )
    return ["--exec", shlex.join([sys.executable, str(path), str(tmp_path / "out")])]


def test_a_program_for_each_message(serve: Serve, tmp_path: Path) -> None:
    box = Box()
    deliver = lambda: box.deliver(b"x" * 999)  # noqa: E731
    found = watch(serve(box.script), Watching(deliver, deliver), *program(tmp_path))
    assert kinds(found) == [("watching", None), ("arrived", 4), ("arrived", 5)]
    # Ctrl-C came before it could be run for the second one.
    assert (tmp_path / "out").read_text() == "[999, 'INBOX', '4', '1']\n"


def test_its_failure_is_told(serve: Serve, tmp_path: Path) -> None:
    box = Box()
    console = Watching(box.deliver, box.deliver)
    found = watch(serve(box.script), console, *program(tmp_path, "raise SystemExit(7)"))
    assert len(found) == 3
    assert "has failed, with exit status 7, for the message 4 in INBOX" in console.told


def test_messages_that_are_gone(serve: Serve, tmp_path: Path) -> None:
    class Forgetful(Watching):
        def line(self, *pieces: Piece) -> None:
            super().line(*pieces)
            if '"arrived"' in str(pieces):
                box.messages.pop(4, None)

    box = Box()
    console = Forgetful(box.deliver, box.deliver)
    watch(serve(box.script), console, *program(tmp_path))
    assert "4 in INBOX is gone before" in console.told
    assert not (tmp_path / "out").exists()


# -- Reading messages ------------------------------------------------------------------------------


def lookup(server: ScriptedServer) -> Lookup:
    def opener() -> imaplib2.IMAP4:
        client = imaplib2.IMAP4(server.host, server.port, timeout=5)
        client.login("fred", "secret")
        return client

    return Lookup(opener)  # type: ignore[arg-type]


def test_a_connection_that_is_opened_again(serve: Serve) -> None:
    def fetch(session: Session, command: Command) -> None:
        fetches.append(command)
        if len(fetches) in ends:
            session.peer.cut()
        Box._fetch(box, session, command)

    fetches: list[Command] = []
    ends = {2}
    box = Box(**{"UID FETCH": fetch})
    server = serve(box.script)
    reader = lookup(server)
    assert reader.content("INBOX", 2, 1) == box.messages[2]
    assert [*reader.summaries("INBOX", SequenceSet("1:2"))] == [1, 2]
    assert server.connections == 2
    ends |= {4, 5}
    with pytest.raises(abort):
        reader.content("INBOX", 2, None)
    assert reader.content("INBOX", 2, None)
    reader.close()
    reader.close()


def test_messages_that_are_not_there(serve: Serve) -> None:
    def examine(session: Session, command: Command) -> None:
        if command.words[0] == b"Busy":
            session.peer.no(command, b"[INUSE] busy")
        else:
            box._select(session, command)

    box = Box(EXAMINE=examine)
    reader = lookup(serve(box.script))
    assert reader.content("INBOX", 9, 1) is None
    # Those of another UIDVALIDITY are others.
    assert reader.content("INBOX", 2, 7) is None
    assert reader.content("None", 1, 1) is None
    with pytest.raises(error, match=r"Busy can't be opened: \[INUSE\] busy"):
        reader.content("Busy", 1, 1)
    assert reader.summaries("None", SequenceSet("1")) == {}
    reader.close()


def test_a_program_waits_for_its_message(serve: Serve, tmp_path: Path) -> None:
    def fetch(session: Session, command: Command) -> None:
        if b"BODY.PEEK[]" in command.args:
            fetches.append(command)
            if len(fetches) < 4:
                session.peer.cut()
        Box._fetch(box, session, command)

    fetches: list[Command] = []
    box = Box(**{"UID FETCH": fetch})
    console = Watching(box.deliver, box.deliver)
    watch(serve(box.script), console, *program(tmp_path))
    assert "4 in INBOX can't be read: " in console.told
    assert (tmp_path / "out").exists()


def test_uid_validity_changes(serve: Serve, tmp_path: Path) -> None:
    """A mailbox that was made anew while nobody looked."""
    path = tmp_path / "state"
    path.write_text(
        '{"form": 1, "mailboxes": {"INBOX": {"uid_validity": 7, "uids": "1:9", "flags": []}}}'
    )
    box = Box(1)
    console = Watching(nothing, nothing, box.deliver)
    found = watch(serve(box.script), console, "--state", str(path), *program(tmp_path))
    assert kinds(found)[:3] == [("watching", None), ("invalidated", None), ("arrived", 1)]
    assert (tmp_path / "out").read_text().endswith("'1', '1']\n")


def test_a_busy_mailbox_is_remembered(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is written behind each event, as soon as that is due, or nothing else is to do."""
    monkeypatch.setattr("imaplib2._cli.watching.memory._INTERVAL", 0.0)
    path = tmp_path / "state"
    box = Box()

    def look() -> None:
        texts.append(path.read_text())
        box.deliver()

    texts: list[str] = []
    watch(serve(box.script), Watching(box.deliver, look, look), "--state", str(path))
    assert '"1:3"' in texts[0]
    assert '"1:4"' in texts[1]


def test_ctrl_c_while_nothing_happens(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "state"
    monkeypatch.setattr(imaplib2.watching.Watcher, "__next__", interrupt)
    watch(serve(Box().script), Watching(nothing), "--state", str(path))
    assert '"1:3"' in path.read_text()


def test_a_token_that_cannot_be_had_any_more(serve: Serve, tmp_path: Path) -> None:
    """It ends a program's wait for its message, as no trying again mends it."""

    def login(session: Session, command: Command) -> None:
        logins.append(command)
        if len(logins) > 1:
            session.peer.no(command, b"[AUTHENTICATIONFAILED] no")
        else:
            session.peer.ok(command)

    logins: list[Command] = []
    box = Box(LOGIN=login)
    console = Watching(box.deliver, nothing)
    line = ["watch", at(serve(box.script)), "--plain", "--allow-clear-text", *program(tmp_path)]
    options = parser().parse_args(line)
    with pytest.raises(Failure) as caught:
        options.run(options, console)
    assert caught.value.status == REFUSED
    assert "(its header can't be read)" in console.shown


def test_news_while_others_are_being_opened(serve: Serve) -> None:
    def examine(session: Session, command: Command) -> None:
        if command.words[0] == b"Archive":
            session.peer.pause(is_told)
        box._select(session, command)

    is_told = threading.Event()
    box = Box(EXAMINE=examine)
    other: dict[bytes, Any] = {b"Archive": {}}
    server = serve(lambda peer: box.script(peer, mailboxes=other))
    found = watch(server, Watching(box.deliver, is_told.set), "INBOX", "Archive")
    assert [(one["event"], one["mailbox"]) for one in found] == [
        ("watching", "INBOX"), ("arrived", "INBOX"), ("watching", "Archive")
    ]  # fmt: skip
