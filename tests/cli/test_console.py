"""Where commands write, and that nothing reaches a terminal as it is."""

from __future__ import annotations

import json
import os
import pty
import sys

import pytest
from hypothesis import given, strategies as st

from imaplib2._cli import console as module
from imaplib2._cli.console import Console, terminal_width
from imaplib2._cli.failures import Failure, OutputClosed

from ..needs import need_package
from .helpers import Kept, Stream


@given(st.text(alphabet=st.characters(codec=None)))
def test_no_control_character_is_written(text: str) -> None:
    console = Kept()
    console.line(text, (text, "good"))
    console.note(text)
    console.warn(text, text)
    console.failure(Failure(text, text))
    written = console.shown + console.stderr.getvalue()
    assert not {c for c in written if c != "\n" and (c < " " or "\x7f" <= c < "\xa0")}
    assert not set(written) & set("\u2028\u2029\u202e\u2066\udc80")


def test_results_and_the_rest_go_apart() -> None:
    console = Kept()
    console.line("a ", ("b", "name"))
    console.json({"ä": [1, None]})
    console.note("c")
    console.warn("d", "e")
    console.failure(Failure("f."))
    assert console.shown == 'a b\n{"\\u00e4": [1, null]}\n'
    assert json.loads(console.shown.splitlines()[1]) == {"ä": [1, None]}
    assert console.stderr.getvalue() == "c\nwarning: d\n  e\nimaplib2: f.\n"


def test_long_texts_are_wrapped_and_addresses_stay_whole() -> None:
    console = Kept()
    console.width = 30
    console.warn("a word and another one", "See https://example.org/a/long/address-of-it")
    assert console.stderr.getvalue().splitlines() == [
        "warning: a word and another",
        "  one",
        "  See",
        "  https://example.org/a/long/address-of-it",
    ]


class Closed(Stream):
    """Nobody reads it."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_output_that_nobody_reads() -> None:
    console = Console(Closed(), Closed())
    with pytest.raises(OutputClosed):
        console.line("a")
    console.note("nobody is told")


def test_what_cannot_be_written_goes_nowhere() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        console = Console(stream, Stream())
        stream.write("more")
        with pytest.raises(OutputClosed):
            console.flush()
    # There is nothing left that closing has to complain of; nor can anything be done any more.
    module._discard(stream)


def test_streams_that_were_closed_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    console = Console()
    with console.out, console.err:
        console.note("nobody is told")
        with pytest.raises(Failure, match="Standard output can't be written to: it is closed"):
            console.line("a")


def test_signs_are_those_of_the_encoding() -> None:
    assert Kept().sign("✓") == "✓"
    assert Kept(encoding="ascii").sign("✓") == "+"
    assert Kept(encoding="no such").sign("├── ") == "|-- "


def test_the_width_is_that_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "w"), os.fdopen(theirs, "w") as stream:
        import fcntl
        import struct
        import termios

        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
        assert terminal_width(stream) == 40
        assert Console(stream, stream).is_narrow
        monkeypatch.setenv("COLUMNS", "100")
        assert terminal_width(stream) == 100
        monkeypatch.setenv("COLUMNS", "0")
        assert terminal_width(stream) == 40
    assert terminal_width(Stream()) == 80


def test_with_rich_a_terminal_has_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    need_package("rich")
    monkeypatch.setenv("TERM", "xterm-256color")
    console = Kept(is_terminal=True)
    console.line(("good", "good"), " [red]x[/red] :smile: \x1b[31m")
    assert console.shown == "\x1b[32mgood\x1b[0m [red]x[/red] :smile: \\x1b[31m\n"
    monkeypatch.setenv("NO_COLOR", "1")
    console = Kept(is_terminal=True)
    console.line(("good", "good"))
    assert console.shown == "good\n"


def test_without_rich_a_terminal_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    console = Kept(is_terminal=True)
    console.line(("good", "good"))
    assert console.shown == "good\n"


def test_a_note_makes_room_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "rich_console", lambda *_: None)
    console = Kept(is_terminal=True)
    with console.progress("Sizes", 10) as progress:
        progress.advance(5)
        console.note("found")
    written = console.stderr.getvalue()
    assert written == "Sizes 5 of 10 (50 %)\r" + " " * 20 + "\r" + "found\n"


def test_with_rich_progress_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    need_package("rich")
    monkeypatch.setenv("TERM", "xterm-256color")
    console = Kept(is_terminal=True)
    with console.progress("Sizes [b]", 10, unit="messages") as progress:
        progress.advance(10)
    assert "Sizes [b]" in console.stderr.getvalue()
