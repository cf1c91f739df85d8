"""Programs from PyPI, each in a folder of its own, to be put on the path of a process."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp

import pytest

from ..needs import need

_SECONDS = 120.0
"""How long pip may take for one of them."""


def folder_of(requirement: str, config: pytest.Config) -> Path:
    """A folder with the package of *requirement*, and what it needs; kept for the next run.

    Where pip can't install it, the test is skipped, or fails (see tests/needs.py).
    """
    # All of them are pure Python; but what they need may depend on the interpreter.
    name = f"{re.sub('[^a-z0-9.]', '-', requirement)}-{sys.version_info[0]}.{sys.version_info[1]}"
    cache = config.cache
    assert cache is not None
    folder = cache.mkdir("packages") / name
    if not folder.exists():
        scratch = Path(mkdtemp(dir=folder.parent))
        need(_install(requirement, scratch))
        with contextlib.suppress(OSError):  # another process was faster
            os.rename(scratch, folder)
    return folder


def _install(requirement: str, folder: Path) -> str | None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-warn-script-location", "--no-compile", "--target", str(folder), requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        return f"pip takes more than {_SECONDS:.0f} s to install {requirement}"
    if done.returncode:
        return f"pip can't install {requirement}: {done.stderr.strip()[-300:]}"
    return None
