"""The command line: see ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from . import growth, pictures
from .backends import BACKENDS
from .docs import replaced, ways_table
from .libraries import BEFORE, LIBRARIES, OURS
from .measure import ENOUGH, Plan, Results, measure
from .report import BASELINES, MARKDOWN, RST, beside_table, group_table, grouped, heading
from .targets import targets_table
from .workloads import WORKLOADS, Workload

_ROUNDS = 5
_SHORT_ROUNDS = 1
_CHECKED = (OURS, "floor", "threaded-floor")
"""Whose wrong answers are a failure; the others may give theirs."""

_Sized = Sequence[tuple[Workload, int]]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure this package beside other IMAP libraries; tables in Markdown.",
    )
    add = parser.add_argument
    names = [name for name in LIBRARIES if name != BEFORE]
    add("--short", action="store_true", help="small sizes and one round: does it all work?")
    add("--only", nargs="+", metavar="NAME", choices=WORKLOADS, help="these workloads only")
    add("--libraries", nargs="+", metavar="NAME", choices=names, help="these libraries only")
    add(
        "--rounds",
        type=int,
        help=f"samples of each ({_ROUNDS}; {_SHORT_ROUNDS} with --short), none after {ENOUGH:g} s",
    )
    add("--backend", choices=BACKENDS, default="precomputed")
    add("--growth", action="store_true", help="how cost grows with size, instead")
    add(
        "--beside",
        type=Path,
        metavar="PATH",
        help=f"measure this package as it is there, too: a directory that holds imaplib2, or a "
        f'wheel; it is the library "{BEFORE}", and a last table has the ratios',
    )
    add("--format", choices=("markdown", "rst"), default="markdown")
    add("--output", type=Path, metavar="FILE", help="the tables go there, too")
    add(
        "--docs",
        type=Path,
        metavar="FILE",
        help="replace the figures in FILE (docs/performance.rst): all, or with --growth its own",
    )
    add("--list", action="store_true", help="the names of workloads and libraries")
    return parser


def _arguments() -> argparse.Namespace:
    parser = _parser()
    options = parser.parse_args()
    if options.docs and (options.only or options.beside or options.short):
        parser.error("--docs takes all workloads, at full size, and no other copy beside")
    if options.docs and not options.docs.is_file():
        parser.error(f"there is no {options.docs}")
    if options.beside and options.growth:
        parser.error("--beside has no table for --growth")
    if options.beside and not (options.beside.suffix == ".whl" or _holds_ours(options.beside)):
        parser.error(f"there is no imaplib2 in {options.beside}")
    return options


def _holds_ours(directory: Path) -> bool:
    return (directory / "imaplib2" / "__init__.py").is_file()


def _before(path: Path | None, cleanup: ExitStack) -> Path | None:
    """The directory to import the other copy from; a wheel is unpacked, as installing would."""
    if path is None or path.suffix != ".whl":
        return path and path.resolve()
    directory = cleanup.enter_context(TemporaryDirectory())
    with zipfile.ZipFile(path) as wheel:
        wheel.extractall(directory)
    return Path(directory)


def _libraries(options: argparse.Namespace) -> list[str]:
    chosen = options.libraries or list(growth.LIBRARIES if options.growth else LIBRARIES)
    others = [name for name in chosen if name != BEFORE]
    if not options.beside:
        return others
    # Next to ours, in turn and in the tables.
    return [OURS, BEFORE, *(name for name in others if name != OURS)]


def _chosen(options: argparse.Namespace) -> list[tuple[Workload, int]]:
    """The workloads, with their sizes."""
    workloads = [WORKLOADS[name] for name in options.only or WORKLOADS]
    if options.backend == "dovecot":
        workloads = [workload for workload in workloads if workload.dovecot]
    return [(each, each.short if options.short else each.full) for each in workloads]


def _conditions(plan: Plan) -> str:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{len(os.sched_getaffinity(0))} processors, load {load}; server: {plan.backend.name}; "
        f"medians of {plan.rounds},\nor of fewer where a library has taken {ENOUGH:g} s already.\n"
        f"In parentheses: the ratio to the first of {', '.join(BASELINES)} that can do it."
    )


def _figures(
    results: Results, workloads: _Sized, libraries: Sequence[str], style: str
) -> dict[str, str]:
    """Tables by their headings."""
    figures = {
        group: group_table(results, members, libraries, style)
        for group, members in grouped(workloads).items()
    }
    figures["Targets"] = targets_table(results, _sizes(workloads), style)
    if BEFORE in libraries:
        figures[f"{OURS} by {BEFORE}"] = beside_table(results, workloads, style)
    return figures


def _sizes(workloads: _Sized) -> dict[str, int]:
    return {workload.name: size for workload, size in workloads}


def _written(figures: Mapping[str, str], style: str) -> str:
    parts = [part for name, text in figures.items() for part in (heading(name, style), text)]
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


def _measure(options: argparse.Namespace, plan: Plan) -> tuple[Results, dict[str, str]]:
    """What was asked for: everything measured, and figures by their names."""
    style = RST if options.format == "rst" or options.docs else MARKDOWN
    conditions = {"Conditions": _conditions(plan)}
    if options.growth:
        results, text = growth.measure_growth(plan, options.short, style)
        return results, {**conditions, "Growth": text}
    workloads = _chosen(options)
    results = measure(plan, workloads)
    figures = {**conditions, **_figures(results, workloads, plan.libraries, style)}
    if options.docs:
        figures["Ways"] = ways_table(results, _sizes(workloads))
        own = replace(plan, libraries=[OURS])
        more, figures["Growth"] = growth.measure_growth(own, False, style)
        results |= more
    return results, figures


def _publish(options: argparse.Namespace, figures: dict[str, str]) -> None:
    """Print the figures, and write them where they shall go."""
    text = _written(figures, RST if options.format == "rst" else MARKDOWN) + "\n"
    print(text)
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    if options.docs:
        if options.growth:
            del figures["Conditions"]
        document = options.docs.read_text("utf-8")
        options.docs.write_text(replaced(document, figures), encoding="utf-8")
        if options.docs.resolve().parent == pictures.DOCS:
            pictures.draw()


def main() -> int:
    """Measure and print; the exit status is 1 when this package or a floor went wrong."""
    options = _arguments()
    if options.list:
        print("workloads:", *WORKLOADS, "\nlibraries:", *LIBRARIES)
        return 0
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _terminated)
    rounds = options.rounds or (_SHORT_ROUNDS if options.short else _ROUNDS)
    with ExitStack() as cleanup:
        before = _before(options.beside, cleanup)
        backend = cleanup.enter_context(BACKENDS[options.backend]())
        results, figures = _measure(
            options, Plan(backend, _libraries(options), rounds, _tell, before)
        )
    _publish(options, figures)
    failures = _failures(results)
    for failure in failures:
        _tell(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
