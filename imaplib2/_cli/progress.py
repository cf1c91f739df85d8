"""How far a command is: a bar by rich, a line that changes, or nothing."""

from __future__ import annotations

from collections.abc import Callable

from .._clock import Clock
from .._hints import TYPE_CHECKING, Any, TextIO
from .text import bytes_text, cells, encodable, padded, shortened, shown

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console as RichConsole

#: Seconds between two states of the line.
_INTERVAL = 0.1
#: A narrower line has no bar.
_NARROW = 60
#: Columns that a name has at least; those of the widest bar; and of all that stands behind it.
_FEW, _WIDEST, _BEHIND = 10, 40, 36


class Progress:
    """What `Console.progress` gives. This one shows nothing.

    Methods may be called by any thread, from ``with`` on; what they are given is text for people.

    >>> with Progress() as progress:
    ...     progress.advance()
    """

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.hide()

    def advance(self, count: int = 1) -> None:
        """So many more are done."""

    def part(self) -> Callable[[int, int], None]:
        """For the *progress* of `IMAP4.fetch_to` and `IMAP4.append`: it advances by a part."""
        before = 0

        def tell(done: int, whole: int) -> None:
            nonlocal before
            self.advance(done - before)
            before = done

        return tell

    def expect(self, total: int) -> None:
        """There will be so many in all."""

    def rename(self, what: str) -> None:
        """Say that *what* is being done now."""

    def hide(self) -> None:
        """Make room for other text; shown again by the next call, unless the end has come."""


class Line(Progress):
    """A line on a terminal, which is written over."""

    def __init__(self, stream: TextIO, what: str, total: int | None, unit: str, width: int) -> None:
        self._stream = stream
        self._what = what
        self._total = total
        self._unit = unit
        self._width = width
        self._done = 0
        self._shown_at = 0.0
        self._shown = 0

    def advance(self, count: int = 1) -> None:
        self._done += count
        if Clock.now() - self._shown_at >= _INTERVAL:
            self._show()

    def expect(self, total: int) -> None:
        self._total = total

    def rename(self, what: str) -> None:
        self._what = shown(what)
        self._show()

    def hide(self) -> None:
        if self._shown:
            self._write(" " * self._shown + "\r")
            self._shown = 0

    def _show(self) -> None:
        self._shown_at = Clock.now()
        figures = self._figures(self._unit)
        if cells(f"{self._what} {figures}") >= self._width and self._unit != "B":
            figures = self._figures("")
        what = shortened(self._what, max(self._width - cells(figures) - 2, _FEW), "~")
        text = shortened(f"{what} {figures}", self._width - 1, "~")
        text = encodable(text, self._stream)
        line = padded(text, max(self._shown, cells(text)))
        self._shown = cells(text)
        self._write(line + "\r")

    def _figures(self, unit: str) -> str:
        def figure(number: int) -> str:
            return bytes_text(number) if unit == "B" else f"{number:,}"

        total = self._total
        text = figure(self._done) + (f" of {figure(total)}" if total is not None else "")
        if unit not in ("", "B"):
            text += f" {unit}"
        return text + (f" ({100 * self._done // total} %)" if total else "")

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        # Without a reader, there is nobody to be told.
        except OSError:
            return


class Bar(Progress):
    """A bar of rich's."""

    def __init__(self, rich: RichConsole, what: str, total: int | None, unit: str) -> None:
        from rich.progress import Progress as RichProgress

        columns = _columns(unit, rich.width)
        self._progress = RichProgress(*columns, console=rich, transient=True)
        # A third of the line; a narrow one has no bar.
        width = rich.width
        self._room = max(width // 3 if width >= _NARROW else width - _BEHIND + 8, _FEW)
        self._task = self._progress.add_task(shortened(what, self._room), total=total)

    def __enter__(self) -> Progress:
        self._progress.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._progress.stop()

    def advance(self, count: int = 1) -> None:
        self._progress.advance(self._task, count)

    def expect(self, total: int) -> None:
        self._progress.update(self._task, total=total)

    def rename(self, what: str) -> None:
        self._progress.update(self._task, description=shortened(shown(what), self._room))


def _columns(unit: str, width: int) -> list[Any]:
    """What a bar is made of, as far as the *width* goes."""
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns: list[Any] = [TextColumn("{task.description}", markup=False)]
    if width >= _NARROW:
        columns.append(BarColumn(min(width - width // 3 - _BEHIND, _WIDEST)))
    if unit == "B":
        columns += [DownloadColumn(), *([TransferSpeedColumn()] if width >= _NARROW else [])]
    else:
        columns += [MofNCompleteColumn(), TextColumn(unit, markup=False)]
    return [*columns, TimeRemainingColumn()]


def bar(rich: RichConsole, what: str, total: int | None, unit: str) -> Progress:
    """A `Bar` on a terminal of rich's."""
    return Bar(rich, what, total, unit)


def still(stream: TextIO, what: str, total: int | None, unit: str, width: int) -> Progress:
    """A `Line` where *stream* is a terminal, and nothing where it isn't."""
    return Line(stream, what, total, unit, width) if stream.isatty() else Progress()
