"""Samples, each from a new process, the libraries taking turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .backends import ROOT, Backend, first_core
from .libraries import MODULES
from .workloads import IMPORT, Workload

_HISTORICAL = "imaplib2==3.6"

_SAMPLE = """\
import sys
sys.path[:0] = {path!r}
from benchmarks.sample import main
main({request!r})
"""

# Nothing is imported here that a library would have to import.
_IMPORT = """\
import sys, time
sys.path[:0] = {path!r}
def status(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name))
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")
memory, wall, cpu = status("VmRSS"), time.perf_counter(), time.process_time()
import {module}
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
peak = (status("VmHWM") - memory) * 1024
print('{{"metrics": {{"wall": %f, "cpu": %f, "peak": %d}}, "right": 1, "expected": 1}}'
      % (wall, cpu, peak))
"""


@dataclass
class Result:
    """What one library did with one workload, in all rounds."""

    samples: list[dict[str, float]] = field(default_factory=list)
    """The metrics of each."""
    right: int = 0
    expected: int = 0
    problem: str | None = None
    """Why there are no more samples: ``absent``, ``hangs``, or the last line of a traceback."""

    @property
    def wrong(self) -> bool:
        """It has given a wrong answer, or none."""
        return self.right != self.expected or self.problem not in (None, "absent")


Results = dict[tuple[str, str], Result]
"""By the names of workload and library."""


def measure(
    backend: Backend,
    workloads: Iterable[tuple[Workload, int]],
    libraries: Sequence[str],
    rounds: int,
    tell: Callable[[str], None],
) -> Results:
    """Take *rounds* samples of each workload, of a size, with each library, in turn.

    *tell* is called with a line about each sample.
    """
    results: Results = {}
    for workload, size in workloads:
        backend.prepare(workload, size)
        for number in range(min(rounds, workload.rounds)):
            for library in libraries:
                result = results.setdefault((workload.name, library), Result())
                if result.problem is None:
                    _take(backend, workload, size, library, result)
                    tell(f"{workload.name} {number + 1}/{rounds} {library}: {_brief(result)}")
    return results


def _brief(result: Result) -> str:
    if result.problem:
        return result.problem
    return ", ".join(f"{name} {value:.4g}" for name, value in result.samples[-1].items())


def _take(backend: Backend, workload: Workload, size: int, library: str, result: Result) -> None:
    """Add a sample to *result*."""
    code = _code(backend, workload, size, library)
    if code is None:
        result.problem = "absent"
        return
    backend.pin(workload.pinned)
    try:
        if workload is IMPORT:  # it is not the compiling that is measured
            _run(code, workload)
        answer = _run(code, workload)
    except subprocess.TimeoutExpired:
        result.problem = "hangs"
    except subprocess.CalledProcessError as failure:
        result.problem = (failure.stderr.strip().splitlines() or ["killed"])[-1]
    else:
        _add(result, answer)
    finally:
        backend.pin(False)


def _add(result: Result, answer: dict[str, Any]) -> None:
    if not answer:
        result.problem = "absent"
        return
    result.samples.append(answer["metrics"])
    result.right += answer["right"]
    result.expected += answer["expected"]


def _code(backend: Backend, workload: Workload, size: int, library: str) -> str | None:
    """The program for a sample; None when there can be none."""
    path = [str(ROOT)]
    if library == "historical":
        path.insert(0, str(historical()))
    if workload is IMPORT:
        module = MODULES.get(library)
        return module and _IMPORT.format(path=path, module=module)
    address = backend.address(workload.tls, workload.round_trip)
    request = {
        "library": library,
        "workload": workload.name,
        "size": size,
        "address": vars(address),
        "control": backend.control_port,
    }
    return _SAMPLE.format(path=path, request=json.dumps(request))


def _run(code: str, workload: Workload) -> dict[str, Any]:
    done = subprocess.run(
        # Not the user's site, and not the working directory, where imaplib2 is ours.
        [sys.executable, "-I", "-W", "ignore", "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=workload.limit,
        preexec_fn=_pin if workload.pinned else None,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _pin() -> None:
    os.sched_setaffinity(0, {first_core()})


def historical() -> Path:
    """The folder with the historical imaplib2; installed when it isn't there yet.

    It is in the virtual environment that runs this, if one does: its name would hide ours.
    """
    virtual = sys.prefix != sys.base_prefix
    place = Path(sys.prefix if virtual else tempfile.gettempdir()) / "historical-imaplib2"
    if not (place / "imaplib2").is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*pip, "--target", str(place), _HISTORICAL], check=True, timeout=300)
    return place
