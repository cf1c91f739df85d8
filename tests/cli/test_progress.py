"""How far a command is: a bar, a line, or nothing."""

from __future__ import annotations

import re

import pytest

from imaplib2._cli.progress import Line, Progress, bar, still
from imaplib2._cli.text import cells

from ..needs import need_package
from .helpers import Stream


def line(total: int | None = None, unit: str = "") -> tuple[Stream, Progress]:
    stream = Stream(is_terminal=True)
    return stream, still(stream, "Mail", total, unit, 40)


def last(stream: Stream) -> str:
    """What stands there now."""
    return stream.getvalue().rstrip("\r").rpartition("\r")[2].rstrip()


@pytest.mark.parametrize(
    ("total", "unit", "text"),
    [
        (None, "", "Mail 1,234"),
        (10_000, "messages", "Mail 1,234 of 10,000 messages (12 %)"),
        (10_000, "B", "Mail 1.2 kB of 10.0 kB (12 %)"),
        (0, "", "Mail 1,234 of 0"),
    ],
)
def test_a_line_tells_how_far_it_is(total: int | None, unit: str, text: str) -> None:
    stream, progress = line(total, unit)
    with progress:
        progress.advance(1234)
        assert last(stream) == text
    assert last(stream) == ""


def test_a_line_is_not_written_too_often() -> None:
    stream, progress = line(100)
    for _ in range(100):
        progress.advance()
    assert stream.getvalue().count("\r") < 10


def test_what_is_done_and_how_much_may_change() -> None:
    stream, progress = line()
    progress.expect(20)
    progress.rename("More\x1b")
    assert last(stream) == "More\\x1b 0 of 20 (0 %)"
    progress.rename("x" * 100)
    assert last(stream) == "x" * 24 + "~ 0 of 20 (0 %)"


def test_where_there_is_little_room() -> None:
    stream = Stream(is_terminal=True)
    progress = still(stream, "Sizes of all", 3000, "messages", 40)
    progress.advance(1500)
    assert last(stream) == "Sizes of all 1,500 of 3,000 (50 %)"


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("is_rich", [False, True])
def test_figures_have_their_room(width: int, is_rich: bool) -> None:
    """However long the name is."""
    stream = Stream(is_terminal=True)
    if is_rich:
        need_package("rich")
        from rich.console import Console

        rich = Console(file=stream, width=width, force_terminal=True, color_system=None)
        progress = bar(rich, "日本" * 100, 308_000_000, "B")
    else:
        progress = still(stream, "日本" * 100, 308_000_000, "B", width)
    with progress:
        progress.advance(308_000_000)
        progress.rename("日本" * 99)
    written = re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", stream.getvalue())
    (*_, shown) = (line for line in re.split(r"[\r\n]", written) if line.strip())
    assert cells(shown.rstrip()) <= width
    assert shown.startswith("日本日本")
    assert ("308.0/308.0 MB" if is_rich else "308.0 MB of 308.0 MB (100 %)") in shown


def test_without_a_terminal_there_is_nothing() -> None:
    stream = Stream()
    with still(stream, "Mail", None, "", 80) as progress:
        progress.advance()
        progress.expect(3)
        progress.rename("x")
    assert type(progress) is Progress
    assert stream.getvalue() == ""


def test_a_terminal_that_is_gone_is_no_reason_to_end() -> None:
    class Gone(Stream):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

    Line(Gone(), "Mail", None, "", 40).advance()


@pytest.mark.parametrize(("unit", "width"), [("B", 80), ("B", 40), ("messages", 80)])
def test_a_bar(unit: str, width: int) -> None:
    need_package("rich")
    from rich.console import Console

    stream = Stream(is_terminal=True)
    rich = Console(file=stream, width=width, force_terminal=True)
    with bar(rich, "Mail", None, unit) as progress:
        progress.expect(20)
        progress.advance(3)
        progress.rename("More\x1b")
        progress.hide()
    assert "\\x1b" in stream.getvalue()


def test_a_part_of_it_tells_how_far_it_is_itself() -> None:
    stream, progress = line(1000, "B")
    progress.advance(100)
    for part in (progress.part(), progress.part()):
        part(50, 200)
        part(200, 200)
    progress.rename("Mail")
    assert last(stream) == "Mail 500 B of 1.0 kB (50 %)"
