"""Run a program over the standard imaplib and over this library, and compare its steps."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

import imaplib2

from ..live.dovecot import Dovecot
from ..live.server import PASSWORD
from .steps import RUN_SECONDS

_ROOT = Path(__file__).parents[2]
_SWAPPED = Path(__file__).with_name("swapped.py")


class Difference(NamedTuple):
    """An outcome that isn't the same, on purpose.

    With a newer imaplib it may be.
    """

    reason: str
    standard: str
    ours: str
    newer: tuple[str, str] | None = None
    """The same with a newer imaplib or server."""


@dataclass(frozen=True)
class Run:
    """What a program has printed, and how it has ended."""

    outcomes: dict[str, str]
    problems: dict[str, str]
    status: int
    errors: str

    def outcome(self, step: str) -> str:
        """What a step gave, one item a line; the test fails when it gave nothing."""
        if step not in self.outcomes:
            session = step.partition(": ")[0]
            problem = self.problems.get(step) or self.problems.get(session) or "not reached"
            pytest.fail(f"{step}: {problem}\n{self.errors[-5000:]}", pytrace=False)
        return self.outcomes[step]


class Runs(NamedTuple):
    """A program's run over each library."""

    standard: Run
    ours: Run


def run_both(program: str, server: Dovecot, *arguments: str, packages: Path | None = None) -> Runs:
    """Run a program, tests.conformance.*program*, over both libraries at the same time.

    What is in the folder *packages* is preferred to what is installed.
    """
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(run, library, program, server, *arguments, packages=packages)
            for library in ("imaplib", "imaplib2")
        ]
        return Runs(*(job.result() for job in jobs))


def run(
    library: str, program: str, server: Dovecot, *arguments: str, packages: Path | None = None
) -> Run:
    """As `run_both`, over one of them."""
    user = server.new_user()
    done = subprocess.run(
        [
            *(sys.executable, "-X", "dev", str(_SWAPPED), library),
            *("-m", f"tests.conformance.{program}", *arguments),
        ],
        env=environment(server, user, packages),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=RUN_SECONDS + 10,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return Run(
        {line["step"]: line["outcome"] for line in lines if "outcome" in line},
        {line["step"]: line["problem"] for line in lines if "problem" in line},
        done.returncode,
        done.stderr,
    )


def environment(server: Dovecot, user: str, packages: Path | None = None) -> dict[str, str]:
    """Variables for a program: where the server is, and where what it imports."""
    package = Path(imaplib2.__file__).parents[1]  # first: installed or not, it's what is tested
    path = [package, _ROOT] if packages is None else [package, packages, _ROOT]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "PYTHONIOENCODING": "utf-8",
        "TZ": "XXX-05:30",
        "IMAP_HOST": server.host,
        "IMAP_PORT": str(server.port),
        "IMAP_TLS_PORT": str(server.tls_port),
        "IMAP_USER": user,
        "IMAP_PASSWORD": PASSWORD,
        "IMAP_CA_FILE": server.ca_file,
        "IMAP_PREAUTH": server.preauth_command("USER"),
    }


def compare(runs: Runs, step: str, differences: dict[str, Difference]) -> None:
    """Insist that a step gave the same over both libraries, or differs as it should."""
    standard, ours = runs.standard.outcome(step), runs.ours.outcome(step)
    difference = differences.get(step)
    if difference is None:
        assert _items(ours) == _items(standard)
    else:
        pairs = [(difference.standard, difference.ours), difference.newer or ("", "")]
        accepted = [_items(expected) for _, expected in pairs if expected]
        assert _items(ours) in accepted, difference.reason
        known = [_items(text) for pair in pairs for text in pair]
        assert _items(standard) in known, difference.reason


def _items(outcome: str) -> list[str]:
    """For a comparison by which one sees something.

    It doesn't mind how long a wait took, and where in a command a character stands.
    """
    settled = re.sub(r"for [0-9]+\.[0-9] s", "for some s", outcome)
    return re.sub(r"in position [0-9]+", "in some position", settled).split(", ")


def check_end(run: Run, warning: str = "") -> None:
    """Insist that a program has ended by itself, all right, and that nobody has complained.

    One *warning* may be expected.
    """
    assert run.status == 0, run.errors[-5000:]
    pattern = re.compile("^Traceback|Exception (in|ignored)|ResourceWarning|imaplib2")
    lines = [line for line in run.errors.splitlines() if pattern.search(line)]
    assert len(lines) == bool(warning), run.errors
    assert all(warning in line for line in lines), run.errors
