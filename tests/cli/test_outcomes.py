"""What has come of a mailbox, in wide and in narrow terminals."""

from __future__ import annotations

import pytest

from imaplib2._cli.backup.outcomes import show, tell_problems, width_of

from .helpers import Kept


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        ("80", "✓ IN\\x1bBOX  12 new (1.2 MB), 3 deleted on the server\n"),
        ("40", "✓ IN\\x1bBOX\n    12 new (1.2 MB), 3 deleted on the\n    server\n"),
    ],
)
def test_one_line_if_there_is_room(
    monkeypatch: pytest.MonkeyPatch, columns: str, shown: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    console = Kept()
    show(console, "✓", "good", "IN\x1bBOX", "12 new (1.2 MB), 3 deleted on the server")
    assert console.shown == shown


def test_a_long_name_stands_by_itself() -> None:
    console = Kept()
    show(console, "✓", "good", "x" * 70, "nothing new")
    assert console.shown == f"✓ {'x' * 70}\n    nothing new\n"


def test_texts_stand_in_a_column() -> None:
    console = Kept()
    names = ["INBOX", "Archive", "x" * 31]
    for name in names:
        show(console, "✓", "good", name, "new", width_of(names))
    assert console.shown.splitlines() == ["✓ INBOX    new", "✓ Archive  new", f"✓ {'x' * 31}  new"]
    assert width_of([]) == 0


@pytest.mark.parametrize(("count", "last"), [(5, "m 5: t5"), (6, "and 1 more"), (0, "")])
def test_some_problems_are_told(count: int, last: str) -> None:
    console = Kept()
    tell_problems(console, "m", {number: f"t{number}" for number in range(1, count + 1)})
    assert console.told.endswith(last)
    assert console.stderr.getvalue().count("\n") == min(count, 6)
