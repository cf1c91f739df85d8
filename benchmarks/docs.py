"""The figures in ``docs/performance.rst``, which one command replaces.

They stand between comments, ``.. figures: NAME`` and ``.. end of figures``, and not in files of
their own: what shows the document beside its source (a forge's pages) includes no others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .libraries import OURS
from .measure import Results
from .report import METRICS, RST, median, table
from .targets import Sizes

_PLACE = re.compile(
    r"^\.\. figures: ([^\n]+)\n\n.*?^\.\. end of figures$", re.MULTILINE | re.DOTALL
)

_WAYS = {
    "loop": "``fetch`` in a loop",
    "callbacks": "``fetch(callback=...)`` in a loop",
    "range": "one ``fetch`` of a range",
    "append-literal-plus": "``append`` in a loop, LITERAL+ offered",
    "append-synchronizing": "``append`` in a loop, no LITERAL+",
}
"""Workloads that do the same in ways that take more or fewer round trips."""


def places(text: str) -> list[str]:
    """The names of the figures that a document has."""
    return [match[1] for match in _PLACE.finditer(text)]


def place(text: str, name: str) -> str:
    """The figures of that *name* in a document; LookupError when there is no such place."""
    for match in _PLACE.finditer(text):
        if match[1] == name:
            return match[0]
    raise LookupError(f"no place for {name}")


def replaced(text: str, figures: Mapping[str, str]) -> str:
    """A document with these figures; LookupError when it has no place for some of them."""
    if missing := set(figures) - set(places(text)):
        raise LookupError(f"no place for {', '.join(sorted(missing))}")

    def put(match: re.Match[str]) -> str:
        figure = figures.get(match[1])
        return match[0] if figure is None else marked(match[1], figure)

    return _PLACE.sub(put, text)


def marked(name: str, figure: str) -> str:
    """A figure with the comments around it."""
    return f".. figures: {name}\n\n{figure}\n\n.. end of figures"


def ways_table(results: Results, sizes: Sizes) -> str:
    """What this package takes for many messages, by the way of asking for them."""
    rows = []
    for name, title in _WAYS.items():
        value = median(results, name, OURS, "wall")
        if value is not None:
            rows.append([title, f"{sizes[name]:,}", METRICS["wall"].write(value)])
    return table(["way", "messages", "time"], rows, RST)
