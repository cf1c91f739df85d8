"""A table that only ``docs/performance.rst`` has: the ways to do the same."""

from __future__ import annotations

from .libraries import OURS
from .measure import Results
from .report import METRICS, RST, median, table
from .targets import Sizes

_WAYS = {
    "loop": "``fetch`` in a loop",
    "callbacks": "``fetch(callback=...)`` in a loop",
    "range": "one ``fetch`` of a range",
    "append-literal-plus": "``append`` in a loop, LITERAL+ offered",
    "append-synchronizing": "``append`` in a loop, no LITERAL+",
}
"""Workloads that do the same in ways that take more or fewer round trips."""


def ways_table(results: Results, sizes: Sizes) -> str:
    """What this package takes for many messages, by the way of asking for them."""
    rows = []
    for name, title in _WAYS.items():
        value = median(results, name, OURS, "wall")
        if value is not None:
            rows.append([title, f"{sizes[name]:,}", METRICS["wall"].write(value)])
    return table(["way", "messages", "time"], rows, RST)
