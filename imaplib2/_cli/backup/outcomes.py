"""What has come of a mailbox, in a line with a sign; and with which messages it went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..._errors import printable
from ..._hints import TYPE_CHECKING
from ..text import cells, padded, shown

if TYPE_CHECKING:
    from ..console import Console

#: Columns that names may take before texts are aligned.
_WIDEST = 30
#: Problems that are told.
_MOST = 5


def show(console: Console, sign: str, style: str, name: str, text: str, width: int = 0) -> None:
    """A result: *sign* in this *style*, the mailbox's *name*, and *text*, below it if need be.

    *text* begins behind a name of *width* columns, or a wider one.
    """
    name = padded(_shown(name), width)
    head = f"{console.sign(sign)} "
    if not console.is_narrow and cells(head + name + text) + 2 < console.width:
        console.line((head, style), (name, "strong"), "  ", text)
        return
    console.line((head, style), (name.rstrip(), "strong"))
    for line in console.wrapped(text, indent="    "):
        console.line(line)


def width_of(names: Iterable[str]) -> int:
    """How wide a column for *names* is, but for very long ones."""
    widths = [cells(_shown(name)) for name in names]
    return max((width for width in widths if width <= _WIDEST), default=0)


def _shown(name: str) -> str:
    return shown(printable(name))


def tell_problems(
    console: Console, what: str, problems: Mapping[int, str] | Mapping[str, str]
) -> None:
    """Warn of *problems*, by what tells a message, of which *what* is the kind."""
    for which, text in list(problems.items())[:_MOST]:
        console.warn(f"{what} {which}: {text}")
    if len(problems) > _MOST:
        console.warn(f"and {len(problems) - _MOST:,} more")
