"""Where commands write: results on standard output, all else on standard error.

Nothing that a `Console` is given reaches a terminal as it is: control characters are escaped, and
looks are asked for by styles. With the package rich, and on a terminal that has colours, styles are
colours, and progress is a bar; else there is plain text. NO_COLOR, and TERM=dumb, are obeyed.
"""

from __future__ import annotations

import contextlib
import os
import sys
import textwrap
from collections.abc import Iterator, Sequence

from .._hints import TYPE_CHECKING, Any, TextIO, TypeAlias
from .failures import Failure, OutputClosed
from .progress import Progress, bar, still
from .text import encodable, shown

if TYPE_CHECKING:
    from rich.console import Console as RichConsole

#: Text, or text and its style.
Piece: TypeAlias = "str | tuple[str, str]"

#: What styles look like, in rich's words.
STYLES = {
    "good": "green",
    "bad": "bold red",
    "warn": "yellow",
    "strong": "bold",
    "dim": "dim",
    "name": "cyan",
    "heading": "bold cyan",
}
#: Signs, and what stands for them where the encoding hasn't got them.
_SIGNS = {"✓": "+", "✗": "x", "→": "->", "…": "~", "·": "-", "█": "#", "▌": ":"}
_TREE = {"├── ": "|-- ", "└── ": "`-- ", "│   ": "|   "}
#: Columns of what is no terminal; and below which a terminal is narrow.
_WIDTH, _NARROW = 80, 60


class Console:
    """Standard output and standard error of a command.

    ``width`` is that of the terminal, 80 if there is none, and ``is_narrow`` is true where that is
    little. ``is_terminal`` tells whether output goes to one: only there may results be shortened to
    fit. Methods may be called by any thread; those that write to standard output raise
    `OutputClosed` when nobody reads it any more, and `Failure` when it can't be written to, which
    the caller lets pass.

    >>> console = Console()
    >>> console.line(("INBOX", "name"), "  3 messages")
    INBOX  3 messages
    >>> console.line("\x1b]0;evil\x07")
    \\x1b]0;evil\\x07
    """

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.out = _opened(sys.stdout if out is None else out)
        self.err = _opened(sys.stderr if err is None else err)
        self.is_terminal = self.out.isatty()
        self.width = terminal_width(self.out if self.is_terminal else self.err)
        self.is_narrow = self.width < _NARROW
        self._rich_out = rich_console(self.out, self.width)
        self._rich_err = rich_console(self.err, self.width)
        self._progress: Progress | None = None

    # -- Results --------------------------------------------------------------------------------

    def line(self, *pieces: Piece) -> None:
        """Write a line to standard output, and have it there at once."""
        with self.writing():
            _write(self.out, self._rich_out, pieces)

    def flush(self) -> None:
        """Have all that was written to standard output be there."""
        with self.writing():
            self.out.flush()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Notice that standard output can't be written to; all that is left of it goes nowhere."""
        try:
            yield
        except BrokenPipeError:
            _discard(self.out)
            raise OutputClosed from None
        except OSError as problem:
            _discard(self.out)
            why = problem.strerror or "it is closed"
            raise Failure(f"Standard output can't be written to: {why}.") from None

    def json(self, value: Any) -> None:
        """Write *value* as one line of JSON, in ASCII, to standard output."""
        import json

        self.line(json.dumps(value))

    def sign(self, sign: str) -> str:
        """*sign*, ``✓ ✗ → … · █ ▌``, or a branch of a tree, as far as the encoding has it."""
        return self._encodable(sign, {**_SIGNS, **_TREE})

    # -- All else -------------------------------------------------------------------------------

    def note(self, *pieces: Piece) -> None:
        """Write a line to standard error: what is being done, and what came of it."""
        self._hide_progress()
        try:
            _write(self.err, self._rich_err, pieces)
        # Without a reader, there is nobody to be told.
        except OSError:
            _discard(self.err)

    def warn(self, text: str, advice: str = "") -> None:
        """Write to standard error that something should be looked at, and what to do about it."""
        self._tell("warning: ", "warn", text, advice)

    def failure(self, failure: Failure) -> None:
        """Write to standard error what has ended the command, and what to do about it."""
        self._tell("imaplib2: ", "bad", failure.text, failure.advice)

    def _tell(self, head: str, style: str, text: str, advice: str) -> None:
        first, *rest = self.wrapped(head + text, hanging="  ")
        self.note((first[: len(head)], style), first[len(head) :])
        for line in rest:
            self.note(line)
        for line in self.wrapped(advice, indent="  "):
            self.note(line)

    def wrapped(self, text: str, *, indent: str = "", hanging: str | None = None) -> list[str]:
        """*text* in lines of the terminal's width: *indent* before the first, *hanging* others.

        Words that are longer than a line, such as addresses, stay whole.
        """
        return textwrap.wrap(
            shown(text), max(self.width - 1, 20),
            initial_indent=indent, subsequent_indent=indent if hanging is None else hanging,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip

    def progress(self, what: str, total: int | None = None, *, unit: str = "") -> Progress:
        """Show on standard error how far *what* is; use it by ``with``, and see `Progress`.

        *total* may become known later. *unit* is ``"B"`` for bytes, or a word such as
        ``"messages"``. Where standard error is no terminal, nothing is shown.
        """
        if self._rich_err is not None:
            self._progress = bar(self._rich_err, shown(what), total, unit)
        else:
            self._progress = still(self.err, shown(what), total, unit, self.width)
        return self._progress

    def _hide_progress(self) -> None:
        if self._progress is not None:
            self._progress.hide()

    def _encodable(self, sign: str, others: dict[str, str]) -> str:
        try:
            sign.encode(self.out.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return others[sign]
        return sign


def _opened(stream: TextIO | None) -> TextIO:
    """*stream*; instead of one that was closed before we began, one that can't be written to."""
    return open(os.devnull, encoding="utf-8") if stream is None else stream


def _discard(stream: TextIO) -> None:
    """Have what is still to be written to *stream*, at the exit, go nowhere, without complaint."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def terminal_width(stream: TextIO) -> int:
    """The columns of the terminal that *stream* goes to; COLUMNS counts more, as elsewhere."""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told) > 0:
        return int(told)
    try:
        return os.get_terminal_size(stream.fileno()).columns or _WIDTH
    except (OSError, ValueError):
        return _WIDTH


def rich_console(stream: TextIO, width: int) -> RichConsole | None:
    """rich's console for *stream*, if that is a terminal and the package is there."""
    if not stream.isatty():
        return None
    try:
        from rich.console import Console as RichConsole
        from rich.theme import Theme
    except ImportError:
        return None
    return RichConsole(
        file=stream, width=width, theme=Theme(STYLES), highlight=False, markup=False, emoji=False
    )


def _write(stream: TextIO, rich: RichConsole | None, pieces: Sequence[Piece]) -> None:
    pairs = [(shown(p), "") if isinstance(p, str) else (shown(p[0]), p[1]) for p in pieces]
    if rich is None:
        stream.write(encodable("".join(text for text, _ in pairs), stream) + "\n")
    else:
        from rich.text import Text

        encoded = [(encodable(text, stream), style) for text, style in pairs]
        rich.print(Text.assemble(*encoded), soft_wrap=True)
    stream.flush()
