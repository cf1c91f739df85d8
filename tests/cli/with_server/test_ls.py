"""What `ls` lists."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from imaplib2._cli.failures import OK, PROBLEM

from ...server.scripted import MESSAGE, Command, Peer, ScriptedServer, Session, mailbox
from .helpers import Typed, at, saying

Serve = Callable[..., ScriptedServer]
Type = Callable[..., Typed]


def script(**handlers: Any) -> Callable[[Peer], None]:
    boxes = {b"Archive/2024": dict.fromkeys((1, 2), MESSAGE), b"Entw&APw-rfe": {}}
    return partial(mailbox, mailboxes=boxes, handlers=handlers)


def plain(server: ScriptedServer, *arguments: str) -> tuple[str, ...]:
    return "ls", at(server), "--plain", "--timeout", "5", *arguments


def test_a_tree_with_counts(serve: Serve, typed: Type) -> None:
    done = typed(*plain(serve(script())))
    assert (done.status, done.err) == (OK, "")
    assert [line.split()[:3] for line in done.out.splitlines()] == [
        ["messages", "subscribed"],
        ["INBOX", "3", "✓"],
        ["Archive", "no", "mailbox"],
        ["└──", "2024", "2"],
        ["Entwürfe", "0", "✓"],
        [],
        ["3", "mailboxes,", "5"],
    ]


def test_a_pattern(serve: Serve, typed: Type) -> None:
    server = serve(script())
    assert "Archive" not in typed(*plain(server, "Entwürfe")).out
    done = typed(*plain(server, "nothing"))
    assert (done.status, done.out, done.err) == (PROBLEM, "", "No mailbox matches nothing.\n")


def test_only_names(serve: Serve, typed: Type) -> None:
    done = typed(*plain(serve(script(STATUS=saying([], b"BAD"))), "--names", "--sizes"))
    assert (done.status, "messages" in done.out) == (OK, False)


def test_sizes_are_added_up(serve: Serve, typed: Type) -> None:
    done = typed(*plain(serve(script()), "--sizes"))
    assert "5 messages, 235 B" in done.words


def test_for_machines(serve: Serve, typed: Type) -> None:
    done = typed(*plain(serve(script()), "--json"))
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["name"] for line in lines] == ["Archive/2024", "Entwürfe", "INBOX"]
    assert lines[1]["raw"] == "Entw&APw-rfe"


def test_hostile_names(serve: Serve, typed: Type) -> None:
    listed = saying([rb'LIST () "/" "a' + b"\x1b]0;x\x07\xe2\x80\xae" + rb'"'])
    done = typed(*plain(serve(script(LIST=listed, LSUB=saying([]))), "--names"))
    assert done.out.splitlines()[0] == "a\\x1b]0;x\\x07\\u202e"


@pytest.mark.parametrize(
    ("handlers", "status", "told"),
    [
        ({"LIST": saying([b"LIST odd"])}, PROBLEM, "list of mailboxes can't be read"),
        (
            {"LIST": saying([], b"NO", b"[NOPERM] no")},
            PROBLEM,
            'says NO: this user may not do that ("no")',
        ),
    ],
)
def test_lists_that_are_none(
    handlers: dict[str, Any], status: int, told: str, serve: Serve, typed: Type
) -> None:
    done = typed(*plain(serve(script(**handlers))))
    assert told in " ".join(done.err.split())
    assert done.out == ""
    assert done.status == status


def test_a_refused_status_stands_in_its_row(serve: Serve, typed: Type) -> None:
    def status(session: Session, command: Command) -> None:
        session.peer.no(command, b"[NOPERM] not yours")

    done = typed(*plain(serve(script(STATUS=status))))
    assert done.status == OK
    assert "INBOX refused: [NOPERM] not yours" in done.words
