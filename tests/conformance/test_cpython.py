"""The interpreter's own tests of imaplib, ``test.test_imaplib``, pass with imaplib2 instead.

The few that don't are listed in `cpython_exceptions`.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import imaplib2

from ..needs import need
from . import run_cpython_tests
from .cpython_exceptions import EXEMPTED, Exempted

_COMMAND = (
    sys.executable, "-I", "-X", "dev",
    run_cpython_tests.__file__, str(Path(imaplib2.__file__).parents[1]),
)  # fmt: skip


class Runner:
    """A process that runs tests, one after the other; a new one when a test has ended it."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )
        self._answer()  # the names, which are known

    def run(self, name: str) -> tuple[str, str]:
        """What becomes of a test (passed, failed, skipped, ended the process), and why."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            print(name, file=self._process.stdin, flush=True)
        answer = self._answer()
        if answer is not None:
            return answer["outcome"], answer["text"]
        self.close()
        self._start()
        return "ended", f"it crashed, or took longer than {run_cpython_tests.SECONDS:.0f} seconds"

    def _answer(self) -> Any:
        """None when the process has ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else None

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def _collect() -> list[str]:
    process = subprocess.run(
        _COMMAND, input="", capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    if process.returncode:
        raise RuntimeError(process.stderr)
    answer = json.loads(process.stdout)
    need(answer.get("missing"))
    return list(answer["tests"])


_NAMES = _collect()
_EXPECTED = [entry for entry in EXEMPTED if entry.concerns(sys.version_info[:3])]


def _method(name: str) -> str:
    return name.rpartition(".")[2]


def _exemption(name: str) -> Exempted | None:
    return next((entry for entry in _EXPECTED if entry.method == _method(name)), None)


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.close()


@pytest.mark.parametrize("name", _NAMES)
def test_passes(runner: Runner, name: str) -> None:
    outcome, text = runner.run(name)
    exempted = _exemption(name)
    if outcome == "skipped":
        pytest.skip(text)
    if exempted is None:
        if outcome != "passed":
            pytest.fail(text, pytrace=False)
    elif outcome == "failed" and exempted.failure in text:
        pytest.xfail(exempted.reason)
    else:
        pytest.fail(f"listed as failing with {exempted.failure!r}: {outcome} {text}", pytrace=False)


def test_the_list_of_exceptions_names_only_tests_that_there_are() -> None:
    assert {entry.method for entry in _EXPECTED} <= {_method(name) for name in _NAMES}
