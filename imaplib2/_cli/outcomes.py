"""What has come of a mailbox, in a line with a sign; and with which messages it went wrong."""

from __future__ import annotations

from collections.abc import Mapping

from .._errors import printable
from .._hints import TYPE_CHECKING
from .text import cells

if TYPE_CHECKING:
    from .console import Console

#: Problems that are told.
_MOST = 5


def show(console: Console, sign: str, style: str, name: str, text: str) -> None:
    """A result: *sign* in this *style*, the mailbox's *name*, and *text*, below it if need be."""
    name = printable(name)
    head = f"{console.sign(sign)} "
    if not console.is_narrow and cells(head + name + text) + 2 < console.width:
        console.line((head, style), (name, "strong"), "  ", text)
        return
    console.line((head, style), (name, "strong"))
    for line in console.wrapped(text, indent="    "):
        console.line(line)


def tell_problems(
    console: Console, what: str, problems: Mapping[int, str] | Mapping[str, str]
) -> None:
    """Warn of *problems*, by what tells a message, of which *what* is the kind."""
    for which, text in list(problems.items())[:_MOST]:
        console.warn(f"{what} {which}: {text}")
    if len(problems) > _MOST:
        console.warn(f"and {len(problems) - _MOST:,} more")
