"""What `check` has found: shown as it is found, or, at the end, as JSON."""

from __future__ import annotations

from ..._hints import TYPE_CHECKING, Any
from ..failures import OK, PROBLEM
from ..text import padded

if TYPE_CHECKING:
    from ..console import Console, Piece

#: Columns of a label, with the space behind it; on narrow terminals, values stand below.
_LABEL = 13


class Report:
    """Rows with labels in sections, then problems; *as_json*: kept until `finish`.

    Labels and texts are for people, keys and values for machines.
    """

    def __init__(self, console: Console, *, as_json: bool) -> None:
        self._console = console
        self._as_json = as_json
        self._data: dict[str, Any] = {}
        self._problems: list[dict[str, Any]] = []
        self._is_first = True

    def section(self, title: str) -> None:
        """Begin a section."""
        if not self._as_json:
            if not self._is_first:
                self._console.line()
            self._console.line((title, "heading"))
        self._is_first = False

    def row(
        self, key: str, value: Any, label: str, text: str | None = None, style: str = ""
    ) -> None:
        """*value* is that of *key*; *text* is how people read it, if not the same."""
        self._data[key] = value
        if self._as_json:
            return
        shown = str(value) if text is None else text
        narrow = self._console.is_narrow
        indent = " " * (4 if narrow else _LABEL + 2)
        lines = self._console.wrapped(shown, indent=indent) or [indent]
        head: Piece = ("  " + padded(label, _LABEL), "dim")
        if narrow:
            self._console.line(("  " + label, "dim"))
        else:
            self._console.line(head, (lines.pop(0)[len(indent) :], style))
        for line in lines:
            self._console.line((line, style))

    def mark(self, sign: str, style: str, name: str, text: str) -> None:
        """A row that begins with a *sign*; for machines, see `put`."""
        if self._as_json:
            return
        head = f"  {self._console.sign(sign)} "
        narrow = self._console.is_narrow
        indent = " " * (6 if narrow else _LABEL + 4)
        lines = self._console.wrapped(text, indent=indent) or [indent]
        label = name if narrow else padded(name, _LABEL)
        first = [] if narrow else [lines.pop(0)[len(indent) :]]
        self._console.line((head, style), (label, "strong"), *first)
        for line in lines:
            self._console.line(line)

    def put(self, key: str, value: Any) -> None:
        """For machines, *value* is that of *key*; people don't see it."""
        self._data[key] = value

    def problem(self, text: str, advice: str = "", *, serious: bool = True) -> None:
        """Something is wrong, in a sentence; and what to do. If not *serious*, it may stay so."""
        self._problems.append({"text": text, "advice": advice, "serious": serious})

    def finish(self, all_is_well: str) -> int:
        """Show the problems, or that *all_is_well*, and return the exit status."""
        status = PROBLEM if any(one["serious"] for one in self._problems) else OK
        if self._as_json:
            self._console.json({**self._data, "problems": self._problems})
            return status
        self._console.line()
        if status == OK:
            self._console.line((f"{self._console.sign('✓')} {all_is_well}", "good"))
        for one in self._problems:
            self._show(one["text"], one["advice"], serious=one["serious"])
        return status

    def _show(self, text: str, advice: str, *, serious: bool) -> None:
        console = self._console
        sign, style = (console.sign("✗"), "bad") if serious else ("!", "warn")
        first, *rest = console.wrapped(text, indent="  ")
        console.line((sign + first[1:], style))
        for line in rest:
            console.line((line, style))
        for line in console.wrapped(advice, indent="  "):
            console.line(line)
