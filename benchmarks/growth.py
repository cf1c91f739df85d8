"""How cost grows: three sizes of each kind, and the exponent that fits them.

An exponent of 1 is proportional growth, 0 none, and 2 would be trouble.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .measure import Plan, Results, measure
from .report import METRICS, NOTHING, median, table
from .workloads import MB, WORKLOADS, Workload


@dataclass(frozen=True)
class Growth:
    """A workload at several sizes, or, where *round_trips* says so, round-trip times (seconds)."""

    what: str
    workload: str
    metrics: tuple[str, ...]
    sizes: tuple[int, ...]
    short: tuple[int, ...]
    round_trips: tuple[float, ...] = ()

    def runs(self, short: bool) -> list[tuple[float, Workload, int]]:
        """What the exponent is about, and what to run for it."""
        workload, sizes = WORKLOADS[self.workload], self.short if short else self.sizes
        if self.round_trips:
            return [
                (seconds, replace(workload, round_trip=seconds), sizes[0])
                for seconds in self.round_trips
            ]
        return [(size, workload, size) for size in sizes]


LIBRARIES = ("imaplib2", "imaplib", "floor")
"""Unless others are asked for."""

_ROUND_TRIPS = (0.02, 0.06, 0.18)

GROWTHS = [
    Growth(
        "messages: FLAGS lines",
        "flags",
        ("cpu", "peak"),
        (10_000, 30_000, 100_000),
        (1000, 3000, 10_000),
    ),
    Growth(
        "messages: bodies of 20 KB", "bodies", ("cpu", "peak"), (300, 1000, 3000), (30, 100, 300)
    ),
    Growth(
        "messages: envelopes",
        "envelopes",
        ("cpu", "peak"),
        (4000, 12_000, 40_000),
        (400, 1200, 4000),
    ),
    Growth(
        "bytes of a message: fetched",
        "literal",
        ("cpu", "peak"),
        (10 * MB, 30 * MB, 100 * MB),
        (MB, 3 * MB, 10 * MB),
    ),
    Growth(
        "bytes of a message: appended",
        "append-large",
        ("cpu", "wall"),
        (10 * MB, 30 * MB, 100 * MB),
        (MB, 3 * MB, 10 * MB),
    ),
    Growth("idling connections", "idling-200", ("cpu", "each"), (50, 150, 450), (10, 30, 90)),
    Growth("round trip: 20 fetches by loop", "loop", ("wall",), (20,), (20,), _ROUND_TRIPS),
    Growth(
        "round trip: 1,000 fetches at a time",
        "callbacks",
        ("wall",),
        (1000,),
        (1000,),
        _ROUND_TRIPS,
    ),
    Growth("round trip: a session", "session-far", ("wall",), (1,), (1,), _ROUND_TRIPS),
]


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float | None:
    """The e that fits cost = constant * size ** e; None when some cost is nothing."""
    if len(costs) < 2 or min(costs) <= 0:
        return None
    logs = [list(map(math.log, values)) for values in (sizes, costs)]
    return statistics.linear_regression(*logs).slope


def measure_growth(plan: Plan, short: bool, style: str) -> tuple[Results, str]:
    """Everything in `GROWTHS`: all results, and the table."""
    everything: Results = {}
    rows: list[list[str]] = []
    for growth in GROWTHS:
        runs = growth.runs(short)
        by_size: dict[float, Results] = {}
        for size, workload, amount in runs:
            found = measure(plan, [(workload, amount)])
            by_size[size] = found
            everything |= {(f"{name}, {size:g}", lib): r for (name, lib), r in found.items()}
        for library in plan.libraries:
            rows += _rows(growth, by_size, library)
    return everything, table(
        ["growth with", "figure", "library", "at", "cost", "exponent"], rows, style
    )


def _rows(growth: Growth, by_size: Mapping[float, Results], library: str) -> list[list[str]]:
    """A row for each metric; none when the library can't do it."""
    rows = []
    for metric in growth.metrics:
        costs = [median(found, growth.workload, library, metric) for found in by_size.values()]
        known = [cost for cost in costs if cost is not None]
        if len(known) < len(costs):
            continue
        slope = exponent(list(by_size), known)
        rows.append(
            [
                growth.what,
                METRICS[metric].title,
                library,
                " · ".join(f"{size:,g}" for size in by_size),
                " · ".join(map(METRICS[metric].write, known)),
                NOTHING if slope is None else f"{slope:.2f}",
            ]
        )
    return rows
