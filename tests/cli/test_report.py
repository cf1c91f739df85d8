"""What `check` has found."""

from __future__ import annotations

import json

from imaplib2._cli.checking.report import Report
from imaplib2._cli.failures import OK, PROBLEM

from .helpers import Kept


def fill(report: Report) -> int:
    report.section("One")
    report.row("a", 1, "first")
    report.row("b", None, "second", "some words that go on and on until the line is full")
    report.put("c", [2])
    report.section("Two")
    report.mark("✓", "good", "IDLE", "works")
    report.problem("Not good.", "Do this.", serious=False)
    report.problem("Bad.")
    return report.finish("All is well.")


def test_for_people() -> None:
    console = Kept()
    console.width = 50
    assert fill(Report(console, as_json=False)) == PROBLEM
    assert console.shown.splitlines() == [
        "One",
        "  first        1",
        "  second       some words that go on and on until",
        "               the line is full",
        "",
        "Two",
        "  ✓ IDLE         works",
        "",
        "! Not good.",
        "  Do this.",
        "✗ Bad.",
    ]


def test_where_there_is_little_room() -> None:
    console = Kept()
    console.width, console.is_narrow = 30, True
    fill(Report(console, as_json=False))
    assert console.shown.splitlines()[:9] == [
        "One",
        "  first",
        "    1",
        "  second",
        "    some words that go on and",
        "    on until the line is full",
        "",
        "Two",
        "  ✓ IDLE",
    ]


def test_for_machines() -> None:
    console = Kept()
    assert fill(Report(console, as_json=True)) == PROBLEM
    assert json.loads(console.shown) == {
        "a": 1, "b": None, "c": [2],
        "problems": [
            {"text": "Not good.", "advice": "Do this.", "serious": False},
            {"text": "Bad.", "advice": "", "serious": True},
        ],
    }  # fmt: skip


def test_without_problems_all_is_well() -> None:
    console = Kept(encoding="ascii")
    report = Report(console, as_json=False)
    report.section("One")
    report.row("a", "", "empty", " ")
    report.problem("A long text, which takes more than one line of the terminal, as it is so long.",
                   serious=False)  # fmt: skip
    assert report.finish("All is well.") == OK
    assert "+ All is well." in console.shown
    assert "! A long text" in console.shown
