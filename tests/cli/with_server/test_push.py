"""What `push` uploads, and what it does when servers and networks fail."""

from __future__ import annotations

import mailbox as mailboxes
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from imaplib2._cli.backup import uploads
from imaplib2._cli.backup.entries import Entry
from imaplib2._cli.backup.identity import digest_of, name_of
from imaplib2._cli.backup.store import writable
from imaplib2._cli.failures import OK, PROBLEM, UNREACHABLE, USAGE

from ...server.scripted import (
    CAPABILITIES,
    HANDLERS,
    Command,
    Messages,
    Peer,
    ScriptedServer,
    Session,
    mailbox,
)
from .helpers import Typed, at, saying

Serve = Callable[..., ScriptedServer]
Type = Callable[..., Typed]
#: How often an upload is killed; more when there is time.
KILLS = 50 if os.environ.get("IMAPLIB2_SOAK") else 5
#: What the scripted server has of each message.
DATE = datetime(1996, 7, 17, 9, 44, 25, tzinfo=timezone.utc)


def text(number: int) -> bytes:
    return b"Message-ID: <%d@x>\r\nSubject: x\r\n\r\nText\r\n" % number


def some(count: int) -> Messages:
    return {number: text(number) for number in range(1, count + 1)}


def stored(folder: Path, messages: Messages, flags: tuple[str, ...] = ()) -> Path:
    """A backup of *messages*."""
    with writable(folder, "INBOX", "maildir") as store:
        store.begin(7)
        for uid, one in messages.items():
            name = name_of(one) or digest_of(one)
            entry = Entry(store.new_key(uid), 7, uid, len(one), DATE, flags, name)
            store.stage(entry, [one])
        store.commit()
    return folder


def script(messages: Messages, more: bytes = b"", **handlers: Any) -> Callable[[Peer], None]:
    return partial(
        mailbox, messages=messages, handlers=handlers, capabilities=CAPABILITIES + b" " + more
    )


def push(folder: Path, server: ScriptedServer, *arguments: str) -> tuple[str, ...]:
    return "push", str(folder), at(server), "INBOX", "--plain", "--timeout", "5", *arguments


def test_what_isn_t_there(serve: Serve, typed: Type, tmp_path: Path) -> None:
    messages: Messages = {}
    server = serve(script(messages))
    folder = stored(tmp_path / "a", some(3))
    dry = typed(*push(folder, server, "--dry-run"))
    assert ("→ INBOX 3 messages to upload" in dry.words, messages) == (True, {})
    done = typed(*push(folder, server))
    assert (done.status, done.err) == (OK, "")
    assert "✓ INBOX 3 uploaded (" in done.words
    assert messages == some(3)
    assert "nothing new, 3 there already" in typed(*push(folder, server)).words
    dry = typed(*push(folder, server, "--dry-run"))
    assert "nothing to upload, 3 there already" in dry.words
    # By its UID, what isn't there any more is known, too.
    del messages[2]
    assert "1 uploaded (" in typed(*push(folder, server)).words
    assert [*messages.values()] == [text(1), text(3), text(2)]


@pytest.mark.parametrize("has_ids", [True, False])
def test_without_uids(serve: Serve, typed: Type, tmp_path: Path, has_ids: bool) -> None:
    """As after a crash, or with servers without UIDPLUS."""
    texts = [text(1), text(2), text(2), text(3)]
    if not has_ids:
        texts = [one.replace(b"Message-ID", b"X") for one in texts]
    messages: Messages = {}

    def no_code(session: Session, command: Command) -> None:
        messages[max(messages, default=0) + 1] = command.words[-1]
        session.peer.ok(command, b"stored")

    server = serve(script(messages, APPEND=no_code))
    folder = stored(tmp_path / "a", dict(enumerate(texts, 1)))
    typed(*push(folder, server))
    assert [*messages.values()] == texts
    assert "nothing new, 4 there already" in typed(*push(folder, server)).words
    # Of two that are the same, one is lacking.
    del messages[2]
    (folder / "imaplib2.pushed").unlink()
    assert "1 uploaded (" in typed(*push(folder, server)).words
    assert sorted(messages.values()) == sorted(texts)


def test_line_ends_may_have_changed(serve: Serve, typed: Type, tmp_path: Path) -> None:
    messages: Messages = {}
    server = serve(script(messages))
    folder = stored(tmp_path / "a", {1: b"Message-ID: <a>\r\n\r\n" + b"a\n" * 9})
    typed(*push(folder, server))
    assert messages == {1: b"Message-ID: <a>\r\n\r\n" + b"a\r\n" * 9}
    (folder / "imaplib2.pushed").unlink()
    assert "nothing new, 1 there already" in typed(*push(folder, server)).words


def test_flags_and_dates(serve: Serve, typed: Type, tmp_path: Path) -> None:
    commands: list[bytes] = []

    def append(session: Session, command: Command) -> None:
        commands.append(command.args)
        HANDLERS["APPEND"](session, command)

    flags = (r"\Seen", "$Work", "a b", "x\r\ny", "Etik[1]")
    folder = stored(tmp_path / "a", some(1), flags)
    typed(*push(folder, serve(script({}, APPEND=append))))
    assert commands[0].startswith(
        b'INBOX (\\Seen $Work Etik[1]) "17-Jul-1996 09:44:25 +0000" {%d' % len(text(1))
    )


@pytest.mark.parametrize("several", [b"", b"MULTIAPPEND"])
@pytest.mark.parametrize("is_for_keywords", [True, False])
def test_keywords_are_refused(
    serve: Serve, typed: Type, tmp_path: Path, several: bytes, is_for_keywords: bool
) -> None:
    """The message matters more."""
    messages: Messages = {}

    def append(session: Session, command: Command) -> None:
        if b"$Odd" in command.args or (text(1) in command.literals and not is_for_keywords):
            session.peer.no(command, b"[CANNOT] Keyword too long")
            return
        assert rb"(\Seen)" in command.args
        HANDLERS["APPEND"](session, command)

    folder = stored(tmp_path / "a", some(1), (r"\Seen", "$Odd"))
    server = serve(script(messages, several, APPEND=append))
    done = typed(*push(folder, server))
    assert done.status == PROBLEM
    said = "message 7.1: " + "uploaded without its keywords: " * is_for_keywords
    assert f"warning: {said}[CANNOT] Keyword too long" in done.said
    assert messages == (some(1) if is_for_keywords else {})
    assert typed(*push(folder, server)).status == (OK if is_for_keywords else PROBLEM)


@pytest.mark.parametrize("refuses", [False, True])
def test_multiappend(serve: Serve, typed: Type, tmp_path: Path, refuses: bool) -> None:
    messages: Messages = {}
    commands: list[Command] = []

    def append(session: Session, command: Command) -> None:
        commands.append(command)
        if refuses and text(2) in command.literals:
            session.peer.no(command, b"[CANNOT] bad message")
            return
        first = max(messages, default=0) + 1
        messages.update(enumerate(command.literals, first))
        last = first + len(command.literals) - 1
        session.peer.ok(command, b"[APPENDUID 1 %d:%d] stored" % (first, last))

    server = serve(script(messages, b"MULTIAPPEND", APPEND=append))
    folder = stored(tmp_path / "a", some(3), (r"\Seen",))
    done = typed(*push(folder, server))
    date = b'(\\Seen) "17-Jul-1996 09:44:25 +0000" {'
    assert commands[0].args.count(date) == 3
    if refuses:
        assert done.status == PROBLEM
        assert "2 uploaded (" in done.words
        assert "1 message refused" in done.words
        assert "warning: message 7.2: [CANNOT] bad message" in done.said
        assert [*messages.values()] == [text(1), text(3)]
    else:
        assert (done.status, len(commands), messages) == (OK, 1, some(3))
    commands.clear()
    typed(*push(folder, server))
    assert len(commands) == refuses


@pytest.mark.parametrize("several", [b"", b"MULTIAPPEND LITERAL+"])
def test_large_messages_are_not_held(
    serve: Serve, typed: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, several: bytes
) -> None:
    """They are read as the server takes them; a refusal comes before that."""
    monkeypatch.setattr(uploads, "_BATCH", 500)
    large = b"Message-ID: <l>\r\n\r\n" + b"x\n" * 100_000
    texts = {**some(2), 3: large, 4: large.replace(b"<l>", b"<m>"), 5: text(5)}
    folder = stored(tmp_path / "a", texts, (r"\Seen",))
    messages: Messages = {}

    def taken(peer: Peer) -> None:
        original = peer.command

        def command(*names: str, **options: Any) -> Command:
            found = original(*names, continuation=None, **options)
            while found.pending is not None:
                if found.pending > 10_000 and len(messages) > 2:
                    peer.no(found, b"[TOOBIG] no")
                    return original(*names, **options)
                found = peer.complete(found, continuation=b"+ OK", **options)
            return found

        peer.command = command  # type: ignore[method-assign]
        script(messages, several, APPEND=append)(peer)

    def append(session: Session, command: Command) -> None:
        messages.update(enumerate(command.literals, max(messages, default=0) + 1))
        session.peer.ok(command)

    done = typed(*push(folder, serve(taken)))
    assert (done.status, "[TOOBIG] no" in done.said) == (PROBLEM, True)
    expected = [*some(2).values(), large.replace(b"\n", b"\r\n").replace(b"\r\r", b"\r"), text(5)]
    assert [*messages.values()] == expected


def test_a_file_that_was_changed_is_told(serve: Serve, typed: Type, tmp_path: Path) -> None:
    """What is left of it is uploaded, once."""
    folder = stored(tmp_path / "a", some(2))
    (file,) = (folder / "cur").glob("7.2.*")
    os.truncate(file, 10)
    messages: Messages = {}
    server = serve(script(messages))
    done = typed(*push(folder, server))
    assert (done.status, "2 uploaded" in done.words) == (PROBLEM, True)
    what = f"message 7.2: its file was changed: 10 octets, not {len(text(2))}"
    assert what in done.said
    assert messages == {1: text(1), 2: text(2)[:10]}
    assert "nothing new, 2 there already" in typed(*push(folder, server)).words


def test_messages_without_dates_are_known_again(serve: Serve, typed: Type, tmp_path: Path) -> None:
    """The server gives them some."""
    path = tmp_path / "mbox"
    path.write_bytes(b"From me\nMessage-ID: <a>\n\nText\n\n")
    messages: Messages = {}
    server = serve(script(messages))
    assert "1 uploaded" in typed(*push(path, server)).words
    (tmp_path / "mbox.imaplib2.pushed").unlink()
    assert "nothing new, 1 there already" in typed(*push(path, server)).words


def test_an_mbox_file_changes(serve: Serve, typed: Type, tmp_path: Path) -> None:
    """What has the place of another message isn't there for that."""
    path = tmp_path / "mbox"
    letters = [b"From me\n" + text(n).replace(b"\r\n", b"\n") + b"\n" for n in (1, 2, 3)]
    path.write_bytes(b"".join(letters[:2]))
    messages: Messages = {}
    server = serve(script(messages))
    typed(*push(path, server))
    path.write_bytes(b"".join(letters[1:]))
    assert "1 uploaded" in typed(*push(path, server)).words
    assert sorted(messages.values()) == sorted(some(3).values())


def test_no_room(serve: Serve, typed: Type, tmp_path: Path) -> None:
    folder = stored(tmp_path / "a", some(3))
    full = script({}, APPEND=saying([], b"NO", b"[OVERQUOTA] full"))
    done = typed(*push(folder, serve(full)))
    assert (done.status, "has no room for more" in done.said) == (PROBLEM, True)


def test_what_was_deleted_is_left_out(serve: Serve, typed: Type, tmp_path: Path) -> None:
    folder = stored(tmp_path / "a", some(3))
    with writable(folder, "INBOX", "maildir") as store:
        store.set_gone([2])
        # Of the old generation, one is left.
        first = store.uids[1]
        store.begin(8)
        store.stage_again(4, first)
        store.commit()
    messages: Messages = {}
    server = serve(script(messages))
    done = typed(*push(folder, server))
    assert "1 uploaded" in done.words
    assert "2 left out as they had been deleted (see --deleted)" in done.words
    assert "2 uploaded" in typed(*push(folder, server, "--deleted")).words


def test_what_is_there_must_be_known(serve: Serve, typed: Type, tmp_path: Path) -> None:
    server = serve(script(some(2), FETCH=saying([b"1 FETCH (UID 1 FLAGS ())"])))
    done = typed(*push(stored(tmp_path / "a", some(1)), server))
    assert (done.status, "tells nothing of 1 message" in done.said) == (PROBLEM, True)


def test_for_scripts(serve: Serve, typed: Type, tmp_path: Path) -> None:
    folder = stored(tmp_path / "a", some(2))
    server = serve(script({1: text(1)}, APPEND=saying([], b"NO", b"[CANNOT] no")))
    expected = {
        "mailbox": "INBOX", "folder": str(folder), "dry_run": True, "uploaded": 1,
        "size": len(text(2)), "there_already": 1, "left_out": 0, "refused": [], "changed": [],
    }  # fmt: skip
    assert typed(*push(folder, server, "--json", "--dry-run")).json == expected
    refused = [{"key": "7.2", "text": "[CANNOT] no"}]
    expected |= {"dry_run": False, "uploaded": 0, "size": 0, "refused": refused}
    done = typed(*push(folder, server, "--json"))
    assert (done.status, done.json) == (PROBLEM, expected)
    assert "message 7.2: [CANNOT] no" in done.said


def test_the_mailbox_can_be_made(serve: Serve, typed: Type, tmp_path: Path) -> None:
    folder = stored(tmp_path / "a", some(1))
    boxes: dict[bytes, Messages] = {}
    server = serve(partial(mailbox, mailboxes=boxes))
    arguments = ["New" if one == "INBOX" else one for one in push(folder, server)]
    done = typed(*arguments)
    assert (done.status, "--create makes it" in done.said) == (PROBLEM, True)
    dry = typed(*arguments, "--create", "--dry-run")
    assert (dry.status, "1 message to upload" in dry.words, b"New" in boxes) == (OK, True, False)
    assert [path.name for path in folder.glob("imaplib2.pushed*")] == []
    assert typed(*arguments, "--create").status == OK
    assert boxes[b"New"] == some(1)


def test_unless_the_server_refuses(serve: Serve, typed: Type, tmp_path: Path) -> None:
    folder = stored(tmp_path / "a", some(1))
    refuses = saying([], b"NO", b"not here")
    server = serve(script({}, EXAMINE=refuses, CREATE=refuses))
    done = typed(*push(folder, server, "--create"))
    assert (done.status, "not here" in done.said) == (PROBLEM, True)


def test_a_lost_connection_is_replaced(
    serve: Serve, typed: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages: Messages = {}

    def breaks(peer: Peer) -> None:
        count = 0

        def append(session: Session, command: Command) -> None:
            nonlocal count
            count += 1
            HANDLERS["APPEND"](session, command)
            if count > 1:
                peer.relax()
                peer.close()
                session.over = True

        script(messages, APPEND=append)(peer)

    server = serve(breaks)
    done = typed(*push(stored(tmp_path / "a", some(5)), server))
    # One whose answer was lost with the connection is found there.
    assert (done.status, "uploaded" in done.words) == (OK, True)
    assert sorted(messages.values()) == sorted(some(5).values())
    assert "The connection was lost" in done.said


@pytest.mark.parametrize(
    ("handler", "status"), [("EXAMINE", UNREACHABLE), ("LOGIN", UNREACHABLE), ("CLOSE", PROBLEM)]
)
def test_not_for_ever(serve: Serve, typed: Type, tmp_path: Path, handler: str, status: int) -> None:
    def breaks(session: Session, command: Command) -> None:
        session.peer.relax()
        if handler == "CLOSE":
            session.peer.bad(command)
            return
        session.peer.close()
        session.over = True

    server = serve(script({}, **{handler: breaks}))
    assert typed(*push(stored(tmp_path / "a", some(1)), server)).status == status


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.parametrize("has_codes", [True, False])
def test_killed_at_random_it_loses_and_duplicates_nothing(
    serve: Serve, typed: Type, tmp_path: Path, has_codes: bool
) -> None:
    """Whatever has come of what was on its way, and whether UIDs are told or not."""
    generator = random.Random(f"{has_codes} {os.getpid()}")
    children: list[subprocess.Popen[bytes]] = []
    messages: Messages = {}

    def kills(peer: Peer) -> None:
        peer.relax()
        left = generator.randrange(20)

        def append(session: Session, command: Command) -> None:
            nonlocal left
            left -= 1
            is_before = generator.random() < 0.5
            if left < 0 and is_before and len(children) < KILLS:
                children[-1].kill()
            uid = max(messages, default=0) + 1
            messages[uid] = command.words[-1]
            if left < 0 and not is_before and len(children) < KILLS:
                children[-1].kill()
            session.peer.ok(command, b"[APPENDUID 1 %d] done" % uid if has_codes else b"done")

        script(messages, APPEND=append)(peer)

    server = serve(kills)
    arguments = push(stored(tmp_path / "a", some(60)), server)
    while len(children) < KILLS:
        children.append(subprocess.Popen([sys.executable, "-m", "imaplib2", *arguments]))
        assert children[-1].wait() in (-signal.SIGKILL, OK)
    assert typed(*arguments).status == OK
    assert sorted(messages.values()) == sorted(some(60).values())


# -- What others have written ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["maildir", "mbox"])
def test_any_maildir_or_mbox(serve: Serve, typed: Type, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "mail"
    box: Any = mailboxes.Maildir(path) if kind == "maildir" else mailboxes.mbox(path)
    for number in (1, 2):
        box.add(text(number).replace(b"\r\n", b"\n"))
    box.close()
    messages: Messages = {}
    server = serve(script(messages))
    done = typed(*push(path, server))
    assert (done.status, "2 uploaded" in done.words) == (OK, True)
    assert sorted(messages.values()) == sorted(some(2).values())
    assert "nothing new, 2 there already" in typed(*push(path, server)).words


def test_a_backup_of_several(serve: Serve, typed: Type, tmp_path: Path) -> None:
    stored(tmp_path / "a", some(1))
    stored(tmp_path / "b", some(1))
    done = typed(*push(tmp_path, serve(script({}))))
    assert done.status == USAGE
    assert f"In it: {tmp_path / 'a'}; {tmp_path / 'b'}." in " ".join(done.err.split())
    done = typed(*push(tmp_path / "c", serve(script({}))))
    assert (done.status, "is no backup of a mailbox" in " ".join(done.err.split())) == (USAGE, True)


def test_uploads_are_not_recorded_where_nothing_can_be_written(
    serve: Serve, typed: Type, tmp_path: Path
) -> None:
    folder = stored(tmp_path / "a", some(1))
    (folder / "imaplib2.pushed.lock").mkdir()
    done = typed(*push(folder, serve(script({}))))
    assert (done.status, "can't be used" in done.said) == (PROBLEM, True)


def test_what_is_on_its_way_is_bounded() -> None:
    assert uploads._BATCH <= uploads._ROOM <= 16 * 1024 * 1024
