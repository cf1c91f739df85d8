"""The list of mailboxes, as it is shown."""

from __future__ import annotations

import json

from imaplib2._cli.ls import Table, as_json
from imaplib2._cli.mailboxes import Found
from imaplib2.parse import Mailbox, Status

from .helpers import Kept


def found(
    name: str,
    *attributes: str,
    messages: int | None = None,
    unseen: int | None = None,
    size: int | None = None,
    subscribed: bool | None = False,
    refusal: str | None = None,
) -> Found:
    mailbox = Mailbox(name, name.encode("utf-8", "surrogateescape"), "/", frozenset(attributes))
    status = (
        None if messages is None else Status(name, mailbox.raw, messages, unseen=unseen, size=size)
    )
    return Found(mailbox, subscribed, status, refusal)


ALL = [
    found("INBOX", messages=1234, unseen=3, size=5_000_000, subscribed=True),
    found("Archive/2024/Mai", messages=7, unseen=0, size=0),
    found("Archive/2024", r"\Noselect"),
    found("Entwürfe", r"\Drafts", messages=1, unseen=0, size=99),
    found("gone", r"\NonExistent", subscribed=True),
    found("never", r"\NonExistent"),
    found("secret", refusal="not yours"),
    found("日本\x1b[1m", messages=0, unseen=0, size=0),
]


def shown(console: Kept, *mailboxes: Found) -> list[str]:
    Table([*mailboxes], console).show()
    return console.shown.splitlines()


def test_the_whole_of_it() -> None:
    assert shown(Kept(), *ALL) == [
        "                            messages  unseen    size  subscribed",
        "INBOX                          1,234       3  5.0 MB           ✓",
        "Archive  no mailbox",
        "└── 2024  only a folder",
        "    └── Mai                        7             0 B",
        "Entwürfe  \\Drafts                  1            99 B",
        "gone  doesn't exist                                            ✓",
        "never  doesn't exist",
        "secret  refused: not yours",
        "日本\\x1b[1m                        0             0 B",
        "",
        "5 mailboxes, 1,242 messages, 3 unseen, 5.0 MB",
    ]


def test_on_a_narrow_terminal() -> None:
    console = Kept()
    console.is_terminal, console.width, console.is_narrow = True, 40, True
    lines = shown(console, *ALL)
    assert lines[:8] == [
        "                       messages    size",
        "INBOX                     1,234  5.0 MB",
        "Archive  no mailbox",
        "└── 2024  only a folder",
        "    └── Mai                   7     0 B",
        "Entwürfe  \\Drafts             1    99 B",
        "gone  doesn't exist",
        "never  doesn't exist",
    ]
    assert lines[-2:] == ["5 mailboxes, 1,242 messages, 3 unseen,", "5.0 MB"]


def test_names_that_are_too_long() -> None:
    console = Kept(encoding="ascii")
    console.is_terminal, console.width = True, 30
    lines = shown(console, found("a" * 50, r"\Sent", messages=1), found("b/" + "c" * 50))
    assert lines[1:4] == [
        "aaaaaaaaaaa~  \\Sent         1",
        "b  no mailbox",
        "`-- " + "c" * 24 + "~",
    ]
    assert all(len(line) < 30 for line in lines)


def test_only_names() -> None:
    assert shown(Kept(), found("a", subscribed=None)) == ["a", "", "1 mailbox"]


def test_for_machines() -> None:
    console = Kept()
    for one in (ALL[3], found("\udcff")):
        console.json(as_json(one))
    drafts, odd = map(json.loads, console.shown.splitlines())
    assert drafts == {
        "name": "Entwürfe", "raw": "Entwürfe", "path": ["Entwürfe"], "delimiter": "/",
        "attributes": [r"\Drafts"], "special_use": [r"\Drafts"], "selectable": True,
        "subscribed": False, "messages": 1, "unseen": 0, "size": 99, "uid_next": None,
        "uid_validity": None, "refusal": None,
    }  # fmt: skip
    assert (odd["name"], odd["messages"]) == ("\udcff", None)
