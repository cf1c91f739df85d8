"""What `fetch` backs up, and what it does when servers, networks and machines fail."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from imaplib2._cli.backup import downloads
from imaplib2._cli.backup.store import JOURNAL, KINDS, readable
from imaplib2._cli.failures import INTERRUPTED, OK, PROBLEM, UNREACHABLE

from ...server.scripted import HANDLERS, Command, Messages, Peer, ScriptedServer, Session, mailbox
from .helpers import Typed, at, saying

Serve = Callable[..., ScriptedServer]
Type = Callable[..., Typed]
#: How often a backup of each kind is killed; more when there is time.
KILLS = 50 if os.environ.get("IMAPLIB2_SOAK") else 5


def text(number: int, size: int = 100) -> bytes:
    """A message."""
    return b"Message-ID: <%d@x>\r\nSubject: x\r\n\r\n%s\r\n" % (number, b"x" * size)


def some(count: int) -> Messages:
    return {number: text(number) for number in range(1, count + 1)}


def script(messages: Messages, **handlers: Any) -> Callable[[Peer], None]:
    named = {name.replace("_", " "): handler for name, handler in handlers.items()}
    boxes: dict[bytes, Messages] = {b"Entw&APw-rfe/2024": some(2)}
    return partial(mailbox, messages=messages, mailboxes=boxes, handlers=named)


def fetch(server: ScriptedServer, to: Path, *arguments: str) -> tuple[str, ...]:
    return "fetch", at(server), "--plain", "--timeout", "5", "--to", str(to), *arguments


def kept(to: Path, name: str = "INBOX") -> dict[int, bytes]:
    """What the backup has, by UIDs."""
    with readable(to / name) as store:
        return {uid: b"".join(store.portions(one)) for uid, one in sorted(store.uids.items())}


def every(to: Path) -> list[bytes]:
    """All texts of INBOX."""
    with readable(to / "INBOX") as store:
        return sorted(b"".join(store.portions(one)) for one in store.entries)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_new(serve: Serve, typed: Type, tmp_path: Path, kind: str) -> None:
    messages = some(3)
    server = serve(script(messages))
    first = typed(*fetch(server, tmp_path, "*", "--format", kind))
    assert (first.status, first.err) == (OK, "")
    assert "✓ INBOX 3 new (" in first.words
    assert "✓ Entwürfe/2024 2 new (" in first.words
    assert "5 messages fetched (" in first.words
    assert kept(tmp_path) == messages
    assert kept(tmp_path, "Entwürfe%2F2024") == some(2)
    messages[4] = text(4)
    second = typed(*fetch(server, tmp_path, "INBOX", "--format", kind))
    assert "✓ INBOX 1 new (" in second.words
    assert kept(tmp_path) == messages
    third = typed(*fetch(server, tmp_path, "INBOX", "--format", kind))
    assert "nothing new (4 messages)" in third.words


def test_nothing_is_changed_there(serve: Serve, typed: Type, tmp_path: Path) -> None:
    seen: list[str] = []

    def told(peer: Peer) -> None:
        original = peer.command
        peer.command = lambda *a, **k: keep(original(*a, **k))  # type: ignore[method-assign]
        script(some(3))(peer)

    def keep(command: Command) -> Command:
        seen.append(f"{command.name} {command.args.decode()}".upper())
        return command

    typed(*fetch(serve(told), tmp_path, "INBOX"))
    assert any(one.startswith("EXAMINE") for one in seen)
    assert not any(one.startswith(("SELECT", "UID STORE", "STORE")) for one in seen)
    assert not any("BODY[" in one or "RFC822 " in one for one in seen)


def test_dry_run(serve: Serve, typed: Type, tmp_path: Path) -> None:
    messages = some(3)
    server = serve(script(messages))
    done = typed(*fetch(server, tmp_path, "INBOX", "--dry-run"))
    assert "→ INBOX 3 messages to fetch" in done.words
    assert not [*tmp_path.glob("INBOX")]
    typed(*fetch(server, tmp_path, "INBOX"))
    before = (tmp_path / "INBOX" / JOURNAL).read_bytes()
    messages[4] = text(4)
    assert "1 message to fetch" in typed(*fetch(server, tmp_path, "INBOX", "--dry-run")).words
    assert (tmp_path / "INBOX" / JOURNAL).read_bytes() == before
    del messages[4]
    assert "nothing to fetch (3 " in typed(*fetch(server, tmp_path, "INBOX", "--dry-run")).words


def test_flags_and_what_is_deleted(serve: Serve, typed: Type, tmp_path: Path) -> None:
    messages = some(3)
    flags: dict[int, bytes] = {1: rb"\Seen \Recent $Work"}

    def fetched(session: Session, command: Command) -> None:
        session.flags = {(b"INBOX", uid): set(one.split()) for uid, one in flags.items()}
        HANDLERS[command.name](session, command)

    server = serve(script(messages, FETCH=fetched, UID_FETCH=fetched))
    typed(*fetch(server, tmp_path, "INBOX"))
    with readable(tmp_path / "INBOX") as store:
        assert store.uids[1].flags == ("$Work", r"\Seen")
    del messages[2]
    flags[3] = rb"\Flagged"
    done = typed(*fetch(server, tmp_path, "INBOX"))
    assert "new flags of 1, 1 deleted on the server, and kept" in done.words
    with readable(tmp_path / "INBOX") as store:
        assert store.uids[3].flags == (r"\Flagged",)
        assert [one.uid for one in store.entries if one.is_gone] == [2]
    # It is there again, as if the server had forgotten it for a while.
    messages[2] = text(2)
    done = typed(*fetch(server, tmp_path, "INBOX"))
    assert "✓ INBOX 1 known from before" in done.words
    assert kept(tmp_path) == messages
    assert len(every(tmp_path)) == 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("has_ids", [True, False])
def test_uidvalidity_changes(
    serve: Serve, typed: Type, tmp_path: Path, kind: str, has_ids: bool
) -> None:
    """What is there is known again, and isn't fetched twice."""
    messages = some(3)
    if not has_ids:
        messages = {uid: one.replace(b"Message-ID", b"X") for uid, one in messages.items()}
    texts: list[bytes] = []
    validity = [b"1"]

    def examine(session: Session, command: Command) -> None:
        session.selected = b"INBOX"
        session.peer.untagged(b"%d EXISTS" % len(session.messages))
        session.peer.ok(command, b"[UIDVALIDITY %s] opened" % validity[0])

    def asked(session: Session, command: Command) -> None:
        texts.extend([command.args] * (b"BODY.PEEK[])" in command.args))
        HANDLERS[command.name](session, command)

    server = serve(script(messages, EXAMINE=examine, UID_FETCH=asked))
    arguments = fetch(server, tmp_path, "INBOX", "--format", kind)
    typed(*arguments)
    assert len(texts) == 1
    before = every(tmp_path)
    moved = {uid + 10: one for uid, one in messages.items() if uid != 2}
    validity[0] = b"2"
    messages.clear()
    messages.update(moved)
    done = typed(*arguments)
    assert "2 known from before" in done.words
    assert len(texts) == 1
    assert every(tmp_path) == before
    assert kept(tmp_path) == moved
    # Two that are the same remain two.
    messages[20] = moved[11]
    typed(*arguments)
    assert len(texts) == 2
    assert kept(tmp_path) == messages


def refusing(text: bytes) -> Callable[[Session, Command], None]:
    """Refuses the second of three messages with this *text*, and all of them at once."""

    def refused(session: Session, command: Command) -> None:
        if b"BODY.PEEK[])" in command.args and command.words[0] in (b"1:3", b"2"):
            session.peer.no(command, text)
            return
        HANDLERS[command.name](session, command)

    return refused


def test_one_message_is_refused(serve: Serve, typed: Type, tmp_path: Path) -> None:
    server = serve(script(some(3), UID_FETCH=refusing(b"[SERVERBUG] \x1bcan't")))
    done = typed(*fetch(server, tmp_path, "INBOX"))
    assert done.status == PROBLEM
    assert "✗ INBOX 2 new" in done.words
    assert "1 message failed" in done.words
    assert "warning: message with UID 2: [SERVERBUG] \\x1bcan't" in done.said
    assert set(kept(tmp_path)) == {1, 3}


def test_the_server_tells_nothing_of_a_message(serve: Serve, typed: Type, tmp_path: Path) -> None:
    """That is no success; and what isn't told of isn't deleted."""
    is_quiet = False

    def asked(session: Session, command: Command) -> None:
        if is_quiet:
            command = Command(command.tag, command.name, b"1,3 (UID FLAGS)", b"", ())
        HANDLERS[command.name](session, command)

    server = serve(script(some(3), FETCH=asked))
    typed(*fetch(server, tmp_path, "INBOX"))
    is_quiet = True
    for more in ([], ["--dry-run"]):
        done = typed(*fetch(server, tmp_path, "INBOX", *more))
        assert (done.status, "nothing of 1 message that it has" in done.said) == (PROBLEM, True)
        assert "deleted" not in done.words
    assert kept(tmp_path) == some(3)


def test_many_messages_are_refused(serve: Serve, typed: Type, tmp_path: Path) -> None:
    def refused(session: Session, command: Command) -> None:
        if b"BODY.PEEK[])" in command.args:
            session.peer.bad(command, b"what?")
        else:
            HANDLERS[command.name](session, command)

    done = typed(*fetch(serve(script(some(8), UID_FETCH=refused)), tmp_path, "INBOX"))
    assert done.status == PROBLEM
    assert "8 messages failed" in done.words
    assert done.err.endswith("warning: and 3 more\n")


@pytest.mark.parametrize("is_there", [True, False])
def test_a_message_doesn_t_come(serve: Serve, typed: Type, tmp_path: Path, is_there: bool) -> None:
    def without(session: Session, command: Command) -> None:
        if b"BODY.PEEK[])" in command.args:
            if not is_there:
                session.messages.pop(2, None)
            session.peer.untagged(b"2 FETCH (UID 2 BODY[] NIL)", b"1 FETCH (FLAGS ())")
            numbers = b",".join(b"%d" % uid for uid in session.messages if uid != 2)
            command = Command(command.tag, "UID FETCH", numbers + b" (UID BODY[])", b"", ())
        HANDLERS["UID FETCH"](session, command)

    done = typed(*fetch(serve(script(some(3), UID_FETCH=without)), tmp_path, "INBOX"))
    assert set(kept(tmp_path)) == {1, 3}
    if is_there:
        assert (done.status, "the server doesn't send it" in done.said) == (PROBLEM, True)
    else:
        assert (done.status, "1 deleted meanwhile" in done.words) == (OK, True)


def test_a_file_of_another_mailbox(serve: Serve, typed: Type, tmp_path: Path) -> None:
    """Its name has a UID that is another message's here, which is fetched nevertheless."""
    boxes: dict[bytes, Messages] = {b"Other": {1: text(1), 3: text(3, 200)}}
    named = {"mailboxes": boxes, "handlers": {}}
    server = serve(partial(mailbox, messages=some(3), **named))  # type: ignore[arg-type]
    typed(*fetch(server, tmp_path, "INBOX"))
    typed(*fetch(server, tmp_path, "Other"))
    boxes[b"Other"][2] = text(22)
    (moved,) = (tmp_path / "INBOX" / "cur").glob("1.2.*")
    moved.rename(tmp_path / "Other" / "cur" / moved.name)
    # The journal is lost, too.
    (tmp_path / "Other" / JOURNAL).unlink()
    done = typed(*fetch(server, tmp_path, "Other"))
    assert (done.status, "Other 1 new" in done.words) == (OK, True)
    assert kept(tmp_path, "Other") == boxes[b"Other"]
    with readable(tmp_path / "Other") as store:
        assert len([*store.entries]) == 4
    assert "nothing new" in typed(*fetch(server, tmp_path, "Other")).words


def test_for_scripts(serve: Serve, typed: Type, tmp_path: Path) -> None:
    """A line for each mailbox, whatever has come of it."""

    def examine(session: Session, command: Command) -> None:
        if command.words[0] != b"INBOX":
            session.peer.no(command, b"not yours")
            return
        HANDLERS[command.name](session, command)

    server = serve(script(some(3), UID_FETCH=refusing(b"can't"), EXAMINE=examine))
    dry = typed(*fetch(server, tmp_path, "INBOX", "--json", "--dry-run")).json
    size = len(text(1))
    assert (dry["dry_run"], dry["new"], dry["size"]) == (True, 3, 3 * size)
    done = typed(*fetch(server, tmp_path, "*", "--json"))
    first, second = map(json.loads, done.out.splitlines())
    assert first == {
        "mailbox": "INBOX", "folder": str(tmp_path / "INBOX"), "dry_run": False, "messages": 3,
        "new": 2, "size": 2 * size, "known_from_before": 0, "new_flags": 0, "deleted": 0,
        "deleted_meanwhile": 0, "not_told": 0, "problems": [{"uid": 2, "text": "can't"}],
        "failure": None,
    }  # fmt: skip
    assert (second["mailbox"], second["new"]) == ("Entwürfe/2024", 0)
    assert "not yours" in second["failure"]
    assert (done.status, "message with UID 2: can't" in done.said) == (PROBLEM, True)


# -- Large messages --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("told", [0, -1000, 1000, 10**18])
def test_large_messages_go_to_a_file(
    serve: Serve, typed: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, told: int
) -> None:
    """Whatever size the server tells; nothing is asked for in parts, which servers get wrong."""
    monkeypatch.setattr(downloads, "_BATCH", 500)
    messages = {1: text(1), 2: text(2, 2000), 3: text(3, 2000 - len(text(3, 0)))}

    def sizes(session: Session, command: Command) -> None:
        if b"RFC822.SIZE" in command.args:
            told_of = {uid: max(len(one) + told, 501 * (uid > 1)) for uid, one in messages.items()}
            lines = (
                b"%d FETCH (UID %d RFC822.SIZE %d)" % (uid, uid, told_of[uid]) for uid in told_of
            )
            session.peer.untagged(*lines)
            session.peer.ok(command)
        else:
            assert b"]<" not in command.args
            HANDLERS["UID FETCH"](session, command)

    server = serve(script(messages, UID_FETCH=sizes))
    done = typed(*fetch(server, tmp_path, "INBOX", "--format", kind))
    assert (done.status, done.err) == (OK, "")
    assert kept(tmp_path) == messages
    with readable(tmp_path / "INBOX") as store:
        assert store.uids[2].name == "<2@x>"
        assert store.uids[2].date is not None


@pytest.mark.parametrize("how", ["NO", "gone", "gone early", "another", "two"])
def test_a_large_message_doesn_t_come(
    serve: Serve, typed: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(downloads, "_BATCH", 500)

    def broken(session: Session, command: Command) -> None:
        is_text = b"BODY.PEEK[]" in command.args
        if how.startswith("gone") and (is_text or (how != "gone" and b"DATE" in command.args)):
            session.messages.clear()
        if is_text and how == "NO":
            session.peer.no(command, b"no more")
            return
        if is_text and how in ("another", "two"):
            uids = (9,) if how == "another" else (2, 2)
            session.peer.untagged(*(b"1 FETCH (UID %d BODY[] {3}\r\nabc)" % uid for uid in uids))
            session.peer.ok(command)
            return
        HANDLERS["UID FETCH"](session, command)

    server = serve(script({2: text(2, 2000)}, UID_FETCH=broken))
    done = typed(*fetch(server, tmp_path, "INBOX"))
    assert kept(tmp_path) == {}
    told = {"NO": "no more", "another": "doesn't send it", "two": "two texts"}.get(how)
    if told is None:
        assert (done.status, "1 deleted meanwhile" in done.words) == (OK, True)
    else:
        assert (done.status, told in done.said) == (PROBLEM, True)
    assert not [*tmp_path.rglob("imaplib2.partial")]


# -- Mailboxes that can't be backed up -------------------------------------------------------------


def test_no_such_mailbox(serve: Serve, typed: Type, tmp_path: Path) -> None:
    done = typed(*fetch(serve(script(some(1))), tmp_path, "Nope", "INBOX"))
    assert done.status == PROBLEM
    assert "No mailbox matches Nope." in done.said
    assert kept(tmp_path) == some(1)


@pytest.mark.parametrize(
    ("handlers", "what"),
    [
        ({"EXAMINE": saying([], b"NO", b"[INUSE] not now")}, 'using the mailbox ("not now")'),
        ({"EXAMINE": saying([b"3 EXISTS"])}, "has no lasting UIDs"),
        ({"FETCH": saying([], b"NO", b"not yours")}, "not yours"),
    ],
)
def test_others_are_backed_up(
    serve: Serve, typed: Type, tmp_path: Path, handlers: dict[str, Any], what: str
) -> None:
    def first(name: str, handler: Any) -> Any:
        def handle(session: Session, command: Command) -> None:
            about = session.selected or command.words[0]
            if b"Entw" in about or (name == "EXAMINE" and b"Entw" in command.words[0]):
                handler(session, command)
            else:
                HANDLERS[name](session, command)

        return handle

    wrapped = {name: first(name, handler) for name, handler in handlers.items()}
    done = typed(*fetch(serve(script(some(1), **wrapped)), tmp_path, "Entw*", "INBOX"))
    assert done.status == PROBLEM
    assert "warning: Entwürfe/2024: " in done.said
    assert what in " ".join(done.err.split())
    assert kept(tmp_path) == some(1)


def test_two_names_that_are_the_same(serve: Serve, typed: Type, tmp_path: Path) -> None:
    boxes: dict[bytes, Messages] = {b"a&-": some(1), b"a&": some(2)}
    done = typed(*fetch(serve(partial(mailbox, mailboxes=boxes)), tmp_path, "*", "a*"))
    assert (done.status, len(kept(tmp_path, "A&,1"))) == (PROBLEM, 1)
    assert "the name a&: a&- and a&, as the server writes them." in done.said


def test_a_list_that_can_t_be_read(serve: Serve, typed: Type, tmp_path: Path) -> None:
    done = typed(*fetch(serve(script({}, LIST=saying([b"LIST ((("]))), tmp_path, "INBOX"))
    assert (done.status, "can't be read" in done.said) == (PROBLEM, True)


def test_a_folder_that_can_t_be_written(serve: Serve, typed: Type, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("a file")
    done = typed(*fetch(serve(script({})), tmp_path / "x", "INBOX"))
    assert (done.status, "The backup can't be written" in done.said) == (PROBLEM, True)


def test_a_name_that_no_folder_can_have(serve: Serve, typed: Type, tmp_path: Path) -> None:
    boxes: dict[bytes, Messages] = {b"a" * 5000: some(1), b"z": some(2)}
    done = typed(*fetch(serve(partial(mailbox, mailboxes=boxes)), tmp_path, "*"))
    assert (done.status, "Its folder can't be written: " in done.said) == (PROBLEM, True)
    assert len(kept(tmp_path, "Z,1")) == 2


def test_what_the_server_doesn_t_know(serve: Serve, typed: Type, tmp_path: Path) -> None:
    done = typed(*fetch(serve(script({}, LIST=saying([], b"BAD", b"what?"))), tmp_path, "INBOX"))
    assert (done.status, "what?" in done.said) == (PROBLEM, True)


# -- Losses ----------------------------------------------------------------------------------------


def test_a_lost_connection_is_replaced(
    serve: Serve, typed: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as something comes by each."""
    monkeypatch.setattr(downloads, "_MANY", 2)
    messages = some(9)

    def breaks(peer: Peer) -> None:
        count = 0

        def fetched(session: Session, command: Command) -> None:
            nonlocal count
            count += b"BODY.PEEK[])" in command.args
            if count > 1:
                peer.relax()
                peer.close()
                session.over = True
            else:
                HANDLERS["UID FETCH"](session, command)

        script(messages, UID_FETCH=fetched)(peer)

    server = serve(breaks)
    done = typed(*fetch(server, tmp_path, "Entw*", "INBOX"))
    assert done.status == OK
    assert kept(tmp_path) == messages
    assert "✓ INBOX 9 new" in done.words
    assert "11 messages fetched" in done.words
    assert server.connections == 6
    assert done.err.count("The connection was lost") == 5


def test_not_for_ever(serve: Serve, typed: Type, tmp_path: Path) -> None:
    def breaks(session: Session, command: Command) -> None:
        session.peer.relax()
        session.peer.close()
        session.over = True

    server = serve(script(some(1), EXAMINE=breaks))
    done = typed(*fetch(server, tmp_path, "INBOX"))
    assert (done.status, server.connections) == (UNREACHABLE, 3)


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["SIGKILL", "SIGINT"])
def test_killed_at_random_it_loses_and_duplicates_nothing(
    serve: Serve, typed: Type, tmp_path: Path, kind: str, how: str
) -> None:
    """By SIGINT, it ends by itself."""
    messages = some(60)
    messages |= {uid: text(uid, 40_000) for uid in (7, 31)}
    generator = random.Random(f"{kind} {os.getpid()}")
    children: list[subprocess.Popen[bytes]] = []

    def kills(peer: Peer) -> None:
        peer.relax()

        def fetched(session: Session, command: Command) -> None:
            if b"BODY.PEEK[]" in command.args and len(children) < KILLS:
                delay = generator.uniform(0, 0.03)
                number = getattr(signal, how)
                threading.Timer(delay, children[-1].send_signal, [number]).start()
            HANDLERS["UID FETCH"](session, command)

        script(messages, UID_FETCH=fetched)(peer)

    server = serve(kills)
    code = (
        "import sys; from imaplib2._cli.backup import downloads;"
        " from imaplib2._cli.main import main;"
        " downloads._MANY = 3; downloads._BATCH = 10_000; sys.exit(main())"
    )
    arguments = fetch(server, tmp_path, "INBOX", "--format", kind)
    while len(children) < KILLS:
        command = [sys.executable, "-c", code, *arguments]
        children.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        # The second SIGINT ends it at once.
        assert children[-1].wait() in (-getattr(signal, how), INTERRUPTED, OK)
        if (tmp_path / "INBOX" / JOURNAL).exists():
            assert kept(tmp_path).items() <= messages.items()
        # There is always something to be fetched.
        messages[max(messages) + 1] = text(max(messages) + 1)
    done = typed(*arguments)
    assert done.status == OK
    assert kept(tmp_path) == messages
    assert every(tmp_path) == sorted(messages.values())
    lines = (tmp_path / "INBOX" / JOURNAL).read_text().splitlines()
    keys = [record["key"] for record in map(json.loads, lines) if "key" in record]
    assert len(keys) == len(set(keys))
