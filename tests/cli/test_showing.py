"""How the demonstration looks."""

from __future__ import annotations

from typing import Any

import pytest

from imaplib2._cli.demonstration import keeping, showing
from imaplib2._cli.demonstration.race import Taken
from imaplib2._cli.demonstration.servers import Running
from imaplib2._cli.demonstration.showing import Stage

from .helpers import Kept

SERVER = Running("pymap", 1, "demo", "secret")


@pytest.mark.parametrize("width", [40, 80, 200])
def test_nothing_is_wider_than_the_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(keeping, "program", lambda: "imaplib2")
    console = Kept()
    stage = Stage(console)
    stage.title(SERVER)
    stage.section("A program written for imaplib; all that changes is its import")
    stage.code("", "M = imaplib.IMAP4(host, port)")
    stage.answer(["x" * 300])
    stage.result("Python's own imaplib gives the same answers, and more of them. " * 3)
    for seconds in (0.01, 1.0, 9.99):
        stage.bar("imaplib2, with callbacks", seconds, 9.99)
    showing.what_next(stage)
    lines = console.shown.splitlines()
    assert max(map(len, lines)) <= width
    assert not [line for line in lines if line != line.rstrip()]


def test_bars_are_as_long_as_it_took() -> None:
    console = Kept()
    stage = Stage(console)
    for seconds in (10.0, 5.0, 0.001):
        stage.bar("x", seconds, 10.0)
    whole, half, none = (
        line.count("█") + line.count("▌") / 2 for line in console.shown.splitlines()
    )
    assert abs(half - whole / 2) <= 0.5
    assert none == 0.5


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0123, "12.3 ms"), (0.5, "500 ms"), (0.025, "25 ms"), (2, "2000 ms")]
)
def test_milliseconds(seconds: float, text: str) -> None:
    assert showing._milliseconds(seconds) == text


def test_different_answers_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has seen them yet."""
    answers = [["a"], ["b"]]
    monkeypatch.setattr(showing, "answers_of", lambda *_: answers.pop())
    console = Kept()
    showing.swapped_import(SERVER, Stage(console))
    taken = [Taken(4.0, {"1": "a"}), Taken(1.0, {"1": "b"})]
    monkeypatch.setattr(showing, "_numbers", lambda _: ["1"])
    monkeypatch.setattr(showing, "_taken", lambda *_: taken.pop(0))
    showing.concurrent_fetches(SERVER, 0.01, Stage(console))
    assert console.told.count("Please report it.") == 2
    assert "✓" not in console.shown


def test_the_figures_are_those_that_were_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(loop: float, together: float) -> str:
        taken = [Taken(loop, {}), Taken(together, {})]
        monkeypatch.setattr(showing, "_taken", lambda *_: taken.pop(0))
        console = Kept()
        showing.concurrent_fetches(SERVER, 0.01, Stage(console))
        return console.shown

    monkeypatch.setattr(showing, "_numbers", lambda _: ["1", "2"])
    text = shown(8.0, 0.2)
    assert all(part in text for part in ["8.00 s", "0.20 s", "same 2 answers, 40 times as fast"])
    assert "1.5 times as fast" in shown(3.0, 2.0)


def test_commands_too_long_for_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    name: Any = "/a/long/path/" * 5
    monkeypatch.setattr(keeping, "program", lambda: name)
    console = Kept()
    showing.what_next(Stage(console))
    assert f"  {name} demo --keep\n    the same mailbox" in console.shown
