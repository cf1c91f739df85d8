"""Mailboxes as a tree."""

from __future__ import annotations

from hypothesis import given, strategies as st

from imaplib2._cli.mailboxes import Found
from imaplib2._cli.tree import grown, rows
from imaplib2.parse import Mailbox


def found(name: str, delimiter: str | None = "/") -> Found:
    return Found(Mailbox(name, name.encode(), delimiter, frozenset()), True)


def drawn(*names: str) -> list[str]:
    tree = rows(grown(map(found, names)))
    return [f"{row.branches}{row.name}{'' if row.found else ' ?'}" for row in tree]


def test_a_tree() -> None:
    assert drawn("b/c/d", "b", "a", "INBOX/x", "INBOX", "b/B") == [
        "INBOX",
        "└── x",
        "a",
        "b",
        "├── B",
        "└── c ?",
        "    └── d",
    ]
    assert drawn("a/b/c", "a/d")[1:3] == ["├── b ?", "│   └── c"]


def test_without_levels() -> None:
    (row,) = rows(grown([found("a/b", None)]))
    assert row.name == "a/b"


def test_names_of_many_levels_end_somewhere() -> None:
    name = "/".join("a" * 100_000)
    shown = [*rows(grown([found(name)]))]
    assert len(shown) == 50
    assert shown[-1].name == "/".join("a" * (100_000 - 49))
    assert shown[-1].found is not None


@given(st.lists(st.text("ab/", min_size=1), unique=True))
def test_each_mailbox_is_there_once(names: list[str]) -> None:
    shown = [row.found.mailbox.name for row in rows(grown(map(found, names))) if row.found]
    assert sorted(shown) == sorted(names)
