"""What this package promises, as bounds on what is measured in one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .libraries import OURS
from .measure import Results
from .report import MARKDOWN, METRICS, NOTHING, median, ratio, table
from .workloads import SUBJECTS

Sizes = Mapping[str, int]
"""The sizes of the workloads that were run."""


@dataclass(frozen=True)
class Target:
    """A bound. *measure* gives None when what it needs was not measured."""

    title: str
    measure: Callable[[Results, Sizes], float | None]
    at_most: float
    write: Callable[[float], str] = "{:.2f}".format


def _ratio(
    title: str, workload: str, at_most: float, to: str = "imaplib", metric: str = "cpu"
) -> Target:
    """A figure by another library's."""

    def measure(results: Results, sizes: Sizes) -> float | None:
        own = median(results, workload, OURS, metric)
        return ratio(own, median(results, workload, to, metric))

    return Target(f"{title}: {METRICS[metric].title} by that of {to}", measure, at_most)


def _bound(
    title: str,
    workload: str,
    metric: str,
    at_most: float,
    above: Callable[[Results, Sizes], float | None] = lambda results, sizes: 0.0,
) -> Target:
    """A figure, or how far it is *above* another one."""

    def measure(results: Results, sizes: Sizes) -> float | None:
        own, other = median(results, workload, OURS, metric), above(results, sizes)
        return None if own is None or other is None else own - other

    return Target(title, measure, at_most, METRICS[metric].write)


def _wrong(title: str, workload: str) -> Target:
    """Answers that were wrong or missing."""

    def measure(results: Results, sizes: Sizes) -> float | None:
        result = results.get((workload, OURS))
        return None if result is None else float(result.expected - result.right)

    return Target(title, measure, 0, "{:.0f}".format)


def _peak_by_size(title: str, workload: str, at_most: float) -> Target:
    def measure(results: Results, sizes: Sizes) -> float | None:
        return ratio(median(results, workload, OURS, "peak"), sizes.get(workload))

    return Target(title, measure, at_most)


TARGETS = [
    _ratio("FETCH FLAGS lines", "flags", 0.45),
    _ratio("envelopes", "envelopes", 0.45),
    *(
        _ratio(f"envelopes, {share} % with {octets:,} bytes", f"envelopes-{share}-{octets}", 0.45)
        for share, octets in SUBJECTS
    ),
    _ratio("bodies of 20 KB", "bodies", 1.0),
    _ratio("one large literal", "literal", 1.2),
    _bound(
        "one large literal: peak memory beyond the literal", "literal", "peak", 30e6,
        lambda results, sizes: sizes.get("literal"),
    ),
    _ratio("large append", "append-large", 0.25),
    _peak_by_size("large append: peak memory by the message's size", "append-large", 1.2),
    _ratio("appends of 20 KB, one core", "append-one-core", 2.0, "floor", "wall"),
    _ratio("callbacks over 50 ms, the fetches", "callbacks", 1.3, "floor", "wall"),
    _ratio("callbacks over 50 ms, the session", "callbacks-session", 1.15, "floor", "wall"),
    _ratio("a session over 50 ms", "session-far", 1.02, "floor", "wall"),
    _ratio("sessions on loopback", "session", 2.0),
    _ratio("NOOP, one core", "noop", 1.9, metric="latency"),
    _ratio("NOOP, one core", "noop", 1.6, "threaded-floor", "latency"),
    _ratio("IDLE to the return of idle(), one core", "idle", 0.6, "historical", "latency"),
    _wrong('IDLE: news in one segment with the "+" that were missed', "idle-at-once"),
    _bound(
        "IDLE: latency of the iterator beyond that of imaplib's raw read", "idle-news", "latency",
        60e-6, lambda results, sizes: median(results, "idle-news", "imaplib", "latency"),
    ),
    _wrong("8 threads: wrong answers", "threads"),
    _ratio("8 threads", "threads", 1.0, "historical", "wall"),
    _ratio("200 idling connections, to get there", "idling-200", 4.0),
    _bound("200 idling connections: memory each", "idling-200", "each", 60e3),
    _bound("200 idling connections: wake-ups in 2 s", "idling-200", "wakeups", 0),
    _ratio("COMPRESS, bodies", "bodies-compress", 1.6, "floor"),
    _ratio("TLS, bodies", "bodies-tls", 1.3),
    _ratio("flags, read", "read-flags", 0.15, "IMAPClient"),
    _ratio("envelopes, read", "read-envelopes", 0.25, "IMAPClient"),
    _ratio("body structures, read", "read-structures", 0.3, "IMAPClient"),
    _ratio("import", "import", 1.0, metric="wall"),
    _ratio("import and the first connection", "first-connection", 1.0, metric="wall"),
]  # fmt: skip


def targets_table(results: Results, sizes: Sizes, style: str = MARKDOWN) -> str:
    """Each target, what was measured, and whether that is met."""
    rows: list[Sequence[str]] = []
    for target in TARGETS:
        value = target.measure(results, sizes)
        measured, met = NOTHING, NOTHING
        if value is not None:
            measured, met = target.write(value), "yes" if value <= target.at_most else "**no**"
        rows.append([target.title, target.write(target.at_most), measured, met])
    return table(["target", "at most", "measured", "met"], rows, style)
