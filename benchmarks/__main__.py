"""The command line: see ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from . import growth
from .backends import BACKENDS, Backend
from .libraries import LIBRARIES
from .measure import Results, measure
from .report import BASELINES, MARKDOWN, RST, group_table, grouped, heading
from .targets import OURS, targets_table
from .workloads import WORKLOADS, Workload

_ROUNDS = 5
_SHORT_ROUNDS = 1
_CHECKED = (OURS, "floor")
"""Whose wrong answers are a failure; the others may give theirs."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure this package beside other IMAP libraries; tables in Markdown.",
    )
    add = parser.add_argument
    add("--short", action="store_true", help="small sizes and one round: does it all work?")
    add("--only", nargs="+", metavar="NAME", choices=WORKLOADS, help="these workloads only")
    add("--libraries", nargs="+", metavar="NAME", choices=LIBRARIES, help="these libraries only")
    add("--rounds", type=int, help=f"samples of each ({_ROUNDS}; {_SHORT_ROUNDS} with --short)")
    add("--backend", choices=BACKENDS, default="precomputed")
    add("--growth", action="store_true", help="how cost grows with size, instead")
    add("--format", choices=("markdown", "rst"), default="markdown")
    add("--output", type=Path, metavar="FILE", help="the tables go there, too")
    add("--list", action="store_true", help="the names of workloads and libraries")
    return parser.parse_args()


def _chosen(options: argparse.Namespace) -> list[tuple[Workload, int]]:
    """The workloads, with their sizes."""
    workloads = [WORKLOADS[name] for name in options.only or WORKLOADS]
    if options.backend == "dovecot":
        workloads = [workload for workload in workloads if workload.dovecot]
    return [(each, each.short if options.short else each.full) for each in workloads]


def _heading(backend: Backend, rounds: int) -> str:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{len(os.sched_getaffinity(0))} processors, load {load}; server: {backend.name}; "
        f"medians of {rounds}.\n"
        f"In parentheses: the ratio to the first of {', '.join(BASELINES)} that can do it."
    )


def _tables(
    results: Results,
    workloads: Sequence[tuple[Workload, int]],
    libraries: Sequence[str],
    style: str,
) -> str:
    parts = []
    for group, members in grouped(workloads).items():
        parts += [heading(group, style), group_table(results, members, libraries, style)]
    sizes = {workload.name: size for workload, size in workloads}
    parts += [heading("Targets", style), targets_table(results, sizes, style)]
    return "\n\n".join(parts)


def _failures(results: Results) -> list[str]:
    return [
        f"{library}, {workload}: {result.problem or f'{result.right} of {result.expected} right'}"
        for (workload, library), result in results.items()
        if library in _CHECKED and result.wrong
    ]


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _terminated(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)  # so that all processes are stopped on the way out


def main() -> int:
    """Measure and print; the exit status is 1 when this package or the floor went wrong."""
    options = _arguments()
    if options.list:
        print("workloads:", *WORKLOADS, "\nlibraries:", *LIBRARIES)
        return 0
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _terminated)
    rounds = options.rounds or (_SHORT_ROUNDS if options.short else _ROUNDS)
    style = RST if options.format == "rst" else MARKDOWN
    libraries = options.libraries or list(growth.LIBRARIES if options.growth else LIBRARIES)
    workloads = _chosen(options)
    with BACKENDS[options.backend]() as backend:
        heading = _heading(backend, rounds)
        if options.growth:
            results, text = growth.measure_growth(
                backend, libraries, rounds, options.short, style, _tell
            )
        else:
            results = measure(backend, workloads, libraries, rounds, _tell)
            text = _tables(results, workloads, libraries, style)
    text = f"{heading}\n\n{text}\n"
    print(text)
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    failures = _failures(results)
    for failure in failures:
        _tell(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
