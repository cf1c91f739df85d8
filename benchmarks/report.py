"""Medians, ratios and tables."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from .libraries import BEFORE, OURS
from .measure import Result, Results
from .workloads import Workload

NOTHING = "\N{EN DASH}"
BASELINES = ("imaplib", "historical", "floor")
"""What the others are compared with: the first that can do it, and does it right."""

MARKDOWN, RST = "pipe", "grid"
"""Formats of tables."""


@dataclass(frozen=True)
class Metric:
    """A figure's name in tables, and how it is written."""

    title: str
    write: Callable[[float], str]


def seconds(value: float) -> str:
    """*value* with the unit that fits: ``'43.1 ms'``."""
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if abs(value) * factor >= 1:
            return f"{_digits(value * factor)} {unit}"
    return f"{_digits(value * 1e6)} µs"


def octets(value: float) -> str:
    """*value*, in bytes, with the unit that fits: ``'200 MB'``; of 1,000 each."""
    for unit, size in (("MB", 1e6), ("KB", 1e3)):
        if abs(value) >= size:
            return f"{_digits(value / size)} {unit}"
    return f"{value:.0f} B"


def _digits(value: float) -> str:
    """Three digits that count."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _count(value: float) -> str:
    return f"{value:,.0f}"


METRICS = {
    "wall": Metric("time", seconds),
    "cpu": Metric("CPU", seconds),
    "peak": Metric("peak memory", octets),
    "latency": Metric("latency", seconds),
    "each": Metric("memory each", octets),
    "wakeups": Metric("wake-ups in 2 s", _count),
    "quiet cpu": Metric("CPU in 2 s", seconds),
    "wire": Metric("bytes moved", octets),
}


_TIMES = ("wall", "cpu", "latency")


def median(results: Results, workload: str, library: str, metric: str) -> float | None:
    """The median of all rounds; None when there is none."""
    result = results.get((workload, library))
    values = [sample[metric] for sample in result.samples if metric in sample] if result else []
    return statistics.median(values) if values else None


def ratio(value: float | None, base: float | None) -> float | None:
    """*value* by *base*, when both are there."""
    return value / base if value is not None and base else None


def group_table(
    results: Results,
    workloads: Sequence[tuple[Workload, int]],
    libraries: Sequence[str],
    style: str = MARKDOWN,
) -> str:
    """Rows of workloads and metrics, a column for each library: ``0.41 s (0.45)``.

    In parentheses is the ratio to the baseline, which has 1.
    """
    rows = []
    for workload, size in workloads:
        title = workload.title.format(size=size)
        for metric in workload.metrics:
            cells = [cell(results, workload.name, library, metric) for library in libraries]
            rows.append([title, METRICS[metric].title, *cells])
            title = ""
    return table(["", "", *libraries], rows, style)


def cell(results: Results, workload: str, library: str, metric: str) -> str:
    """What a table tells of one figure."""
    result = results.get((workload, library), Result(problem="absent"))
    value = median(results, workload, library, metric)
    if value is None:
        problem = result.problem or "absent"
        return NOTHING if problem == "absent" else problem.partition(":")[0]
    text = METRICS[metric].write(value)
    relative = ratio(value, median(results, workload, _baseline(results, workload), metric))
    if relative is not None:
        text += f" ({relative:.2f})"
    if result.right != result.expected:
        text += f", {result.right:,}/{result.expected:,} right"
    return text


def _baseline(results: Results, workload: str) -> str:
    for library in BASELINES:
        result = results.get((workload, library))
        if result is not None and result.samples and not result.wrong:
            return library
    return BASELINES[-1]


def beside_table(
    results: Results, workloads: Sequence[tuple[Workload, int]], style: str = MARKDOWN
) -> str:
    """This package by what it was before, for each time; what has grown most comes first."""
    found: list[tuple[float, list[str]]] = []
    for workload, _ in workloads:
        for metric in _TIMES:
            before, now = (median(results, workload.name, name, metric) for name in (BEFORE, OURS))
            relative = ratio(now, before)
            if before and now and relative:
                title, write = METRICS[metric].title, METRICS[metric].write
                row = [workload.name, title, write(before), write(now), f"{relative:.2f}"]
                found.append((relative, row))
    found.sort(key=lambda item: item[0], reverse=True)
    heads = ["workload", "", BEFORE, OURS, f"{OURS} / {BEFORE}"]
    return table(heads, [row for _, row in found], style)


def heading(text: str, style: str) -> str:
    """*text* as the heading of a section."""
    return f"{text}\n{'-' * len(text)}" if style == RST else f"## {text}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], style: str = MARKDOWN) -> str:
    """A table of text."""
    text: str = tabulate(rows, headers=heads, tablefmt=style, disable_numparse=True)
    return text


def grouped(workloads: Sequence[tuple[Workload, int]]) -> Mapping[str, list[tuple[Workload, int]]]:
    """The workloads by their groups, in order."""
    groups: dict[str, list[tuple[Workload, int]]] = {}
    for workload, size in workloads:
        groups.setdefault(workload.group, []).append((workload, size))
    return groups
