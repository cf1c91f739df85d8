"""Samples, each from a new process, the libraries taking turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .backends import ROOT, Backend, first_core
from .libraries import BEFORE, LIKE_IMAPLIB, MODULES, PASSWORD, USER
from .workloads import FIRST_CONNECTION, Workload

_HISTORICAL = "imaplib2==3.6"

ENOUGH = 8.0
"""Seconds in samples of a workload after which a library needs no more of them."""

# The harness is this one, even where the library's directory has another.
_SAMPLE = """\
import sys
sys.path[:0] = [{root!r}]
from benchmarks.sample import main
sys.path[:0] = [{place!r}]
main({request!r})
"""

# Nothing is imported here that a library would have to import: site is there in any program, but
# only what it finds in an environment (an editable install) would import half of what imaplib does.
_FRESH = """\
import site, sys, time
sys.path[:0] = [{place!r}]
sys.path.append({packages!r})
def status(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name))
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")
memory, wall, cpu = status("VmRSS"), time.perf_counter(), time.process_time()
{work}
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
peak = (status("VmHWM") - memory) * 1024
print('{{"metrics": {{"wall": %f, "cpu": %f, "peak": %d}}, "right": 1, "expected": 1}}'
      % (wall, cpu, peak))
"""

_CONNECT = """\
import {module}
M = {module}.IMAP4({host!r}, {port})
M.login({user!r}, {password!r})
M.select({mailbox!r})
M.logout()"""


@dataclass(frozen=True)
class Plan:
    """How samples are taken."""

    backend: Backend
    libraries: Sequence[str]
    rounds: int
    tell: Callable[[str], None]
    """Called with a line about each sample."""
    before: Path | None = None
    """The directory that holds this package as it was."""


@dataclass
class Result:
    """What one library did with one workload, in all rounds."""

    samples: list[dict[str, float]] = field(default_factory=list)
    """The metrics of each."""
    right: int = 0
    expected: int = 0
    problem: str | None = None
    """Why there are no more samples: ``absent``, ``hangs``, or the last line of a traceback."""
    spent: float = 0.0
    """Seconds."""

    @property
    def wrong(self) -> bool:
        """It has given a wrong answer, or none."""
        return self.right != self.expected or self.problem not in (None, "absent")


Results = dict[tuple[str, str], Result]
"""By the names of workload and library."""


def measure(plan: Plan, workloads: Iterable[tuple[Workload, int]]) -> Results:
    """Take samples of each workload, of a size, with each library, in turn."""
    results: Results = {}
    for workload, size in workloads:
        plan.backend.prepare(workload, size)
        for number in range(plan.rounds):
            for library in plan.libraries:
                result = results.setdefault((workload.name, library), Result())
                if library not in workload.too_slow and not _is_done(result):
                    _take(plan, workload, size, library, result)
                    name = f"{workload.name} {number + 1}/{plan.rounds} {library}"
                    plan.tell(f"{name}: {_brief(result)}")
    return results


def _is_done(result: Result) -> bool:
    return result.problem is not None or result.spent >= ENOUGH


def _brief(result: Result) -> str:
    if result.problem:
        return result.problem
    return ", ".join(f"{name} {value:.4g}" for name, value in result.samples[-1].items())


def _take(plan: Plan, workload: Workload, size: int, library: str, result: Result) -> None:
    """Add a sample to *result*."""
    code = _code(plan, workload, size, library)
    if code is None:
        result.problem = "absent"
        return
    plan.backend.pin(workload.pinned)
    start = time.perf_counter()
    try:
        if workload.fresh:  # it is not the compiling that is measured
            _run(code, workload)
        answer = _run(code, workload)
    except subprocess.TimeoutExpired:
        result.problem = "hangs"
    except subprocess.CalledProcessError as failure:
        result.problem = (failure.stderr.strip().splitlines() or ["killed"])[-1]
    else:
        _add(result, answer)
    finally:
        result.spent += time.perf_counter() - start
        plan.backend.pin(False)


def _add(result: Result, answer: dict[str, Any]) -> None:
    if not answer:
        result.problem = "absent"
        return
    result.samples.append(answer["metrics"])
    result.right += answer["right"]
    result.expected += answer["expected"]


def _code(plan: Plan, workload: Workload, size: int, library: str) -> str | None:
    """The program for a sample; None when there can be none."""
    place = str(_place(plan, library))
    if workload.fresh:
        work = _fresh_work(plan.backend, workload, library)
        packages = sysconfig.get_path("purelib")
        return work and _FRESH.format(place=place, packages=packages, work=work)
    address = plan.backend.address(workload.tls, workload.round_trip)
    request = {
        "library": library,
        "workload": workload.name,
        "size": size,
        "address": vars(address),
        "control": plan.backend.control_port,
    }
    return _SAMPLE.format(root=str(ROOT), place=place, request=json.dumps(request))


def _place(plan: Plan, library: str) -> Path:
    """The directory in which an ``import imaplib2`` finds it."""
    if library == BEFORE:
        assert plan.before is not None
        return plan.before
    return historical() if library == "historical" else ROOT


def _fresh_work(backend: Backend, workload: Workload, library: str) -> str | None:
    """What a program without the harness does; None when the library has nothing for it."""
    module = MODULES.get(library)
    if workload is not FIRST_CONNECTION:
        return module and f"import {module}"
    if library not in LIKE_IMAPLIB:
        return None
    address = backend.address(workload.tls, workload.round_trip)
    return _CONNECT.format(
        module=module,
        host=address.host,
        port=address.port,
        user=USER,
        password=PASSWORD,
        mailbox=workload.mailbox,
    )


def _run(code: str, workload: Workload) -> dict[str, Any]:
    # Not the user's site, and not the working directory, where imaplib2 is ours.
    options = ["-I", "-S"] if workload.fresh else ["-I"]
    done = subprocess.run(
        [sys.executable, *options, "-W", "ignore", "-c", code],
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
