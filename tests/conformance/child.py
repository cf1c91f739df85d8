"""Programs that run in a process of their own, with the imaplib2 that is tested here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import imaplib2

_START = """
import runpy, sys
sys.path.insert(0, sys.argv[1])
del sys.argv[:2]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run_program(
    path: Path, *arguments: object, seconds: float = 50.0
) -> subprocess.CompletedProcess[str]:
    """Run the program at *path*; it has to end by itself."""
    where = Path(imaplib2.__file__).parent.parent
    return subprocess.run(
        [sys.executable, "-I", "-c", _START, *map(str, [where, path, *arguments])],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
    )


def check(done: subprocess.CompletedProcess[str], *lines: str) -> None:
    """Assert that a program has printed just these *lines*, and ended well."""
    assert done.stderr == ""
    assert done.stdout.splitlines() == list(lines)
    assert done.returncode == 0
