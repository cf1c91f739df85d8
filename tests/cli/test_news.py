"""What `watch` tells."""

from __future__ import annotations

import json
from typing import Any

import pytest

from imaplib2 import parse
from imaplib2._cli.watching.news import News, summary
from imaplib2.parse import SequenceSet
from imaplib2.watching import (
    Arrived,
    Event,
    FlagsChanged,
    Gone,
    Invalidated,
    Reconnected,
    Removed,
)

from .helpers import Kept

ENVELOPE = (
    b'1 (UID 7 RFC822.SIZE 300 ENVELOPE ("Mon, 7 Feb 1994 21:52:25 -0800" "=?utf-8?q?Caf=C3=A9?="'
    b' (("Ada" NIL "ada" "example.org")) NIL NIL NIL NIL NIL NIL "<1@x>"))'
)
EVENTS: list[Event] = [
    Arrived("INBOX", SequenceSet("7:8"), {7: frozenset({"\\Seen"})}),
    Removed("INBOX", SequenceSet("3")),
    Removed("INBOX", SequenceSet("4:5")),
    FlagsChanged("INBOX", {1: frozenset({"b", "a"}), 2: frozenset()}),
    Reconnected("INBOX", 4.2, OSError("no route")),
    Invalidated("INBOX", 9),
    Gone("INBOX", OSError("away")),
]


def message(line: bytes = ENVELOPE) -> parse.Message:
    return next(parse.fetch([line], lenient=True))


def told(events: list[Event] = EVENTS, **options: Any) -> Kept:
    console = Kept(is_terminal=options.pop("is_terminal", False))
    news = News(console, **{"mailboxes": ["INBOX"], "is_json": False, **options})
    news.begins("INBOX", 1)
    for event in events:
        news.event(event, {7: message()})
    return console


def test_lines() -> None:
    lines = [" ".join(line.split()[1:]) for line in told().shown.splitlines()]
    assert lines == [
        "watching INBOX 1 message",
        "new 7 Ada: Café",
        "new 8 (its header can't be read)",
        "removed 3",
        "removed 4:5 2 messages",
        "flags 1 a b",
        "flags 2 (none)",
        "back INBOX after 4 s: no route",
        "renewed INBOX the server has numbered all messages anew",
        "gone INBOX it was deleted or renamed: away",
    ]
    assert all(
        " INBOX    " in line for line in told(mailboxes=["INBOX", "Archive"]).shown.splitlines()
    )


@pytest.mark.parametrize("width", [30, 80])
def test_lines_fit_on_a_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr("imaplib2._cli.console.rich_console", lambda *_: None)
    shown = told([Gone("INBOX", OSError("far " * 50 + "\n"))], is_terminal=True).shown
    assert all(len(line) < width for line in shown.splitlines())


def test_what_servers_send_is_escaped() -> None:
    evil = ENVELOPE.replace(b"Ada", b"\x1b]0;evil\x07")
    console = Kept()
    news = News(console, ["INBOX"], is_json=False)
    news.event(Arrived("INBOX", SequenceSet("7"), {}), {7: message(evil)})
    assert "\\x1b]0;evil\\x07: Café" in console.shown


def test_json() -> None:
    found = [json.loads(line) for line in told(is_json=True).shown.splitlines()]
    assert [(one["event"], one.get("uid")) for one in found] == [
        ("watching", None), ("arrived", 7), ("arrived", 8), ("removed", 3), ("removed", 4),
        ("removed", 5), ("flags", 1), ("flags", 2), ("reconnected", None), ("invalidated", None),
        ("gone", None),
    ]  # fmt: skip
    assert {one["mailbox"] for one in found} == {"INBOX"}
    arrived = {key: found[1][key] for key in found[1].keys() - {"time"}}
    assert arrived == {
        "event": "arrived", "mailbox": "INBOX", "uid": 7, "flags": ["\\Seen"],
        "from": "Ada", "address": "ada@example.org", "subject": "Café", "message_id": "<1@x>",
        "date": "1994-02-07T21:52:25-08:00", "size": 300,
    }  # fmt: skip
    assert found[2]["flags"] is None
    assert found[2]["subject"] is None


def test_summaries_of_little() -> None:
    assert set(summary(None).values()) == {None}
    assert set(summary(message(b"1 (UID 7 ENVELOPE broken)")).values()) == {None}
    bare = b'1 (UID 7 ENVELOPE (NIL "x" NIL NIL NIL NIL NIL NIL NIL NIL))'
    found = summary(message(bare))
    assert (found["from"], found["subject"], found["date"]) == (None, "x", None)
