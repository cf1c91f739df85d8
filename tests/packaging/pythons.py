"""Pythons of this machine, and environments for them."""

from __future__ import annotations

import configparser
import functools
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def settings() -> configparser.ConfigParser:
    """What setup.cfg says."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", "utf-8")
    return parser


EXTRAS = sorted(settings()["options.extras_require"])


def versions() -> list[str]:
    """The Pythons that are supported, such as 3.13."""
    classifiers = settings()["metadata"]["classifiers"].split("\n")
    words = [line.rpartition(" :: ")[2] for line in classifiers if "Language :: Python ::" in line]
    return [word for word in words if word.startswith("3.")]


@functools.cache
def interpreter(version: str) -> str | None:
    """The path of a Python, if it is there and runs."""
    program = shutil.which(f"python{version}")
    told = "import sys; print(sys.executable)"
    if program is None:
        return None
    # A manager of several Pythons may have a stand-in for one that isn't there.
    done = subprocess.run([program, "-I", "-c", told], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


class Environment:
    """A virtual environment of a Python, at first with nothing in it."""

    def __init__(self, program: str, folder: Path) -> None:
        subprocess.run([program, "-m", "venv", "--without-pip", str(folder)], check=True)
        self._programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
        self._folder = folder

    def pip(self, command: str, *arguments: str) -> str:
        """Run pip for this environment; what it prints. Failures are exceptions that tell why."""
        options = ["--python", str(self._folder), "--disable-pip-version-check", command]
        return _output([sys.executable, "-m", "pip", *options, *arguments])

    def run(self, program: str, *arguments: str) -> str:
        """What a program of this environment prints."""
        return _output([str(self._programs / program), *arguments])


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout
