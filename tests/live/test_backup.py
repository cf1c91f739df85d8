"""`fetch` and `push` with real servers."""

from __future__ import annotations

import mailbox
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from imaplib2 import IMAP4, parse
from imaplib2._cli.backup.folder_names import folder_path
from imaplib2._cli.backup.store import KINDS, readable
from imaplib2._cli.main import main

from .helpers import ok, plain
from .server import PASSWORD, Server

Type = Callable[..., tuple[int, str, str]]
ITEMS = "(UID FLAGS INTERNALDATE BODY.PEEK[])"
#: What is easily changed on the way.
TEXTS = [
    b"Message-ID: <1@x>\r\nSubject: x\r\n\r\nFrom me\r\n>From you\r\n",
    b"Subject: no Message-ID\r\n\r\nText\r\n",
    b"Message-ID: <3@x>\r\n\r\nno end",
    "Subject: ü\r\n\r\n☃\r\n".encode(),
    b"Message-ID: <5@x>\r\n\r\n" + b"x" * 70 + b"\r\n",
]
LARGE = b"Message-ID: <large@x>\r\n\r\n" + (b"y" * 70 + b"\r\n") * 40_000


@pytest.fixture
def typed(
    server: Server,
    user: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Type:
    """``typed("fetch", "INBOX")``; ``HOST`` stands for the server: status, output, messages."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("IMAPLIB2_PASSWORD", PASSWORD)
    host = f"{user}@localhost:{server.tls_port}"

    def run(*arguments: str) -> tuple[int, str, str]:
        named = [host if one == "HOST" else one for one in arguments]
        status = main([*named, "--ca-file", server.ca_file])
        captured = capsys.readouterr()
        return status, " ".join(captured.out.split()), " ".join(captured.err.split())

    return run


@pytest.fixture
def M(server: Server, user: str) -> Iterator[IMAP4]:
    with plain(server, user) as M:
        yield M


def add(M: IMAP4, name: str, texts: list[bytes]) -> None:
    for number, text in enumerate(texts):
        flags = [None, r"(\Seen \Flagged)", r"(\Answered $Work)"][number % 3]
        # Cyrus refuses what isn't ASCII in headers.
        assert M.append(name, flags, 1_700_000_000 + number, text)[0] in ("OK", "NO")


def found(M: IMAP4, name: str) -> list[tuple[Any, ...]]:
    """Date, flags but Recent, and text of each message."""
    ok(M.select(name, readonly=True))
    messages = parse.merged(parse.fetch(M.fetch("1:*", ITEMS)))
    ok(M.close())
    return sorted(
        (one.internal_date, sorted((one.flags or frozenset()) - {r"\Recent"}), one.body())
        for one in messages
    )


def validity(M: IMAP4, name: str) -> Any:
    (status,) = parse.status(M.status(name, "(UIDVALIDITY)"))
    return status.uid_validity


@pytest.mark.parametrize("kind", KINDS)
def test_there_and_back(M: IMAP4, server: Server, typed: Type, tmp_path: Path, kind: str) -> None:
    name, back = server.mailbox("Entwürfe"), server.mailbox("Back")
    ok(M.create(name))
    add(M, name, [*TEXTS, LARGE])
    there = found(M, name)
    assert len(there) >= 5
    fetch = ("fetch", "HOST", name, "--to", str(tmp_path / "b"), "--format", kind)
    status, out, err = typed(*fetch)
    assert (status, err) == (0, "")
    assert f"✓ {name} {len(there)} new (" in out
    assert "nothing new" in typed(*fetch)[1]
    assert found(M, name) == there
    folder = tmp_path / "b" / folder_path(name)
    with readable(folder) as store:
        assert sorted(b"".join(store.portions(one)) for one in store.entries) == sorted(
            text for _, _, text in there
        )
    box: Any
    box = mailbox.mbox(folder / "mbox") if kind == "mbox" else mailbox.Maildir(folder)
    assert len(box) == len(there)
    box.close()

    push = ("push", str(folder), "HOST", back)
    status, out, err = typed(*push, "--create")
    assert (status, err) == (0, "")
    assert found(M, back) == there
    assert f"nothing new, {len(there)} there already" in typed(*push)[1]
    (folder / "imaplib2.pushed").unlink()
    assert f"nothing new, {len(there)} there already" in typed(*push)[1]
    assert f"nothing new, {len(there)} there already" in typed("push", str(folder), "HOST", name)[1]
    assert found(M, back) == there


def test_what_changes(M: IMAP4, server: Server, typed: Type, tmp_path: Path) -> None:
    add(M, "INBOX", TEXTS)
    fetch = ("fetch", "HOST", "INBOX", "--to", str(tmp_path / "b"))
    typed(*fetch)
    ok(M.select())
    ok(M.store("1", "+FLAGS", r"(\Flagged $Later)"))
    ok(M.store("2", "+FLAGS", r"(\Deleted)"))
    ok(M.expunge())
    ok(M.append("INBOX", None, None, TEXTS[0]))
    status, out, err = typed(*fetch)
    assert (status, err) == (0, "")
    assert "✓ INBOX 1 new (" in out
    assert "new flags of 1, 1 deleted on the server, and kept" in out
    with readable(tmp_path / "b" / "INBOX") as store:
        assert {r"\Flagged", "$Later"} <= set(store.uids[1].flags)
        assert len([*store.entries]) == len(found(M, "INBOX")) + 1


def test_the_mailbox_is_made_anew(M: IMAP4, server: Server, typed: Type, tmp_path: Path) -> None:
    """It has another UIDVALIDITY: what it has in common with the old one isn't fetched again."""
    name, other = server.mailbox("One"), server.mailbox("Other")
    for one in (name, other):
        ok(M.create(one))
    # Cyrus gives those the same that are made in the same second.
    while validity(M, name) == validity(M, other):
        ok(M.delete(other))
        ok(M.create(other))
    add(M, name, TEXTS)
    fetch = ("fetch", "HOST", name, "--to", str(tmp_path / "b"))
    typed(*fetch)
    count = len(found(M, name))
    add(M, other, TEXTS)
    ok(M.append(other, None, None, LARGE))
    ok(M.delete(name))
    ok(M.rename(other, name))
    status, out, err = typed(*fetch)
    assert (status, err) == (0, "")
    assert f"✓ {name} 1 new (2.9 MB), {count} known from before" in out
    with readable(tmp_path / "b" / folder_path(name)) as store:
        assert len([*store.entries]) == len(store.uids) == count + 1
