"""Pictures of the figures in the documentation, as SVG, for ``docs/_pictures``.

    python -m benchmarks.pictures

reads the tables of ``docs/performance.rst`` and ``docs/endurance.rst``, and draws; ``python -m
benchmarks --docs docs/performance.rst`` ends with it. Pictures say what tables say, so that neither
can be old: a test compares them. They take their colours from the page that they stand in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from .places import place

DOCS = Path(__file__).resolve().parents[1] / "docs"
DIRECTORY = DOCS / "_pictures"

OURS, OTHERS = "imaplib2", ("imaplib", "historical", "IMAPClient")
_UNITS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "MB": 1e6, "KB": 1e3, "B": 1.0}
_FIGURE = re.compile(r"([\d.,]+) ?(s|ms|µs|MB|KB|B)?\b")

_BEFORE_AFTER = (("before", 3), ("after", 4))

# Sizes of a picture, in its own units: as many as it has pixels on a wide page.
_WIDTH, _LABELS, _VALUES = 440, 118, 78
_TITLE, _BAR, _GAP = 24, 18, 12


@dataclass(frozen=True)
class Bar:
    """A line of a picture: *amount* decides its length, and *shown* is written behind it."""

    label: str
    amount: float
    shown: str

    @property
    def is_ours(self) -> bool:
        """Whether it is drawn in the colour of this package."""
        return self.label in (OURS, "after") or self.label.startswith("fetch(callback")


@dataclass(frozen=True)
class Group:
    """Bars with one scale."""

    title: str
    bars: Sequence[Bar]


def amount(text: str) -> float | None:
    """The figure that a cell of a table begins with, in seconds or bytes; None for none."""
    found = _FIGURE.match(text)
    if found is None:
        return None
    return float(found[1].replace(",", "")) * _UNITS[found[2] or "B"]


def rows(table: str) -> Iterator[dict[str, str]]:
    """The rows of a grid table, by the heads of their columns; the first two may have none."""
    lines = [line for line in table.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    heads = [head or ("title", "metric")[at] for at, head in enumerate(cells[0])]
    title = ""
    for row in cells[1:]:
        found = dict(zip(heads, row, strict=True))
        title = found["title"] = found.get("title") or title
        yield found


def libraries(table: str, metric: str, wanted: Mapping[str, str]) -> Iterator[Group]:
    """A group for each of the *wanted* titles of a table, which are given with what to show."""
    for row in rows(table):
        if row["metric"] == metric and row["title"] in wanted:
            bars = []
            for library in (OURS, *OTHERS):
                value = amount(row[library])
                if value is not None:
                    bars.append(Bar(library, value, row[library].partition(" (")[0]))
            yield Group(wanted[row["title"]], bars)


def ways(table: str) -> Group:
    """How many messages a second each way fetches."""
    bars = []
    for row in rows(table):
        if "fetch" in row["way"]:
            rate = (amount(row["messages"]) or 0) / (amount(row["time"]) or 1)
            bars.append(Bar(row["way"].replace("``", ""), rate, f"{rate:,.0f}"))
    return Group("messages a second", bars)


def endurance(page: str) -> Iterator[Group]:
    """Memory before and after, from each line of a table that has both."""
    for line in page.splitlines():
        found = re.match(r"(\S.*?) {2,}([\d,]+) +\d+ .*?([\d.]+) MB → ([\d.]+) MB$", line)
        if found:
            bars = [Bar(when, float(found[at]), f"{found[at]} MB") for when, at in _BEFORE_AFTER]
            yield Group(f"{found[2]} times: {found[1]}", bars)


def drawn(groups: Sequence[Group], title: str, *, labels: int = _LABELS) -> str:
    """A picture of *groups*, one below the other."""
    parts, top = [], 2
    for group in groups:
        longest = max(bar.amount for bar in group.bars)
        parts.append(f'<text class="group" x="0" y="{top + 15}">{escape(group.title)}</text>')
        top += _TITLE
        for bar in group.bars:
            parts.append(_bar(bar, longest, top, labels))
            top += _BAR
        top += _GAP
    body = "\n".join(parts)
    return _PICTURE.format(width=_WIDTH, height=top - _GAP + 4, title=escape(title), body=body)


def _bar(bar: Bar, longest: float, top: int, labels: int) -> str:
    width = max(1.5, (_WIDTH - labels - _VALUES) * bar.amount / longest)
    kind = ' class="ours"' if bar.is_ours else ""
    label, end = escape(bar.label), ' text-anchor="end"'
    return (
        f'<text x="{labels - 8}" y="{top + 13}"{end}{kind}>{label}</text>\n'
        f'<rect x="{labels}" y="{top + 2}" width="{width:.1f}" height="{_BAR - 5}" rx="2"{kind}/>\n'
        f'<text x="{labels + width + 6:.1f}" y="{top + 13}"{kind}>{escape(bar.shown)}</text>'
    )


_PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" class="picture" role="img" viewBox="0 0 {width} {height}">
<title>{title}</title>
<style>
.picture {{ font: 13px system-ui, sans-serif; max-width: {width}px; width: 100%; }}
.picture text {{ fill: var(--color-foreground-secondary, #555); }}
.picture .group {{ fill: var(--color-foreground-primary, #222); font-weight: 600; }}
.picture rect {{ fill: var(--color-foreground-border, #999); }}
.picture rect.ours {{ fill: var(--color-brand-primary, #0a6e6e); }}
.picture text.ours {{ fill: var(--color-foreground-primary, #222); }}
</style>
{body}
</svg>
"""

_MANY = {
    "50,000 FETCH FLAGS lines": "flags of 50,000 messages",
    "20,000 envelopes with literals": "envelopes of 20,000 messages",
    "2,000 bodies of 20 KB": "2,000 messages of 20 KB",
    "append of 100,000,000 bytes": "an append of 100 MB",
}
_FEW = {
    "100 times connect, login, select, logout": "100 short sessions",
    "2,000 NOOPs, one core": "a round trip on loopback",
    "import": "the import",
}


def pictures() -> dict[str, str]:
    """All of them, by the names of their files."""
    performance = (DOCS / "performance.rst").read_text("utf-8")
    loopback, link = place(performance, "Loopback"), place(performance, "Ways")
    many = list(libraries(loopback, "time", _MANY))
    few = [
        *libraries(loopback, "time", _FEW),
        *libraries(loopback, "latency", _FEW),
    ]
    memory = list(libraries(loopback, "peak memory", _MANY))
    kept = list(endurance((DOCS / "endurance.rst").read_text("utf-8")))
    return {
        "round_trip.svg": drawn([ways(link)], "Messages a second at 50 ms", labels=190),
        "many_messages.svg": drawn(many, "The time that much takes, by library"),
        "few_commands.svg": drawn(few, "The time that little takes, by library"),
        "memory.svg": drawn(memory, "Memory that much takes, by library"),
        "endurance.svg": drawn(kept, "Memory before and after"),
    }


def draw() -> None:
    """Write all of them."""
    DIRECTORY.mkdir(exist_ok=True)
    for name, picture in pictures().items():
        (DIRECTORY / name).write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    draw()
