"""``watch --exec``: a program that is run for each new message, without a shell."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time

from ..._clock import Clock
from ..._hints import Any
from ..failures import USAGE, Failure

#: Seconds that a program has to end once it was told to.
_GRACE = 2.0
#: Seconds between looks whether it has.
_LOOK = 0.02


class Program:
    """A program and its arguments, in one *line*, which may run for *patience* seconds.

    What it writes to standard output goes there, or if *quiet*, to standard error. Raises `Failure`
    for a program that isn't there.
    """

    def __init__(self, line: str, patience: float, *, quiet: bool = False) -> None:
        try:
            # Windows has other quotes, and reads them itself.
            words = shlex.split(line) if os.name == "posix" else [line]
        except ValueError as problem:
            raise Failure(f"--exec {line} can't be meant: {problem}.", "", USAGE) from None
        if not words or (os.name == "posix" and shutil.which(words[0]) is None):
            advice = "It must be a program that can be run, in PATH or by its path."
            raise Failure(f"There is no program {words[0] if words else line!r}.", advice, USAGE)
        self.name = os.path.basename(words[0])
        self._command = words if os.name == "posix" else line
        self._patience = patience
        self._quiet = quiet

    def run(self, message: bytes, variables: dict[str, str]) -> str | None:
        """Run it with *message* on standard input; what is wrong, or None.

        *variables* are added to its environment. It ends with us, if we are ended by an exception.
        """
        import tempfile

        # A file: nobody waits for a program that reads nothing.
        try:
            with tempfile.TemporaryFile() as stdin:
                stdin.write(message)
                stdin.seek(0)
                process = subprocess.Popen(
                    self._command, stdin=stdin, env={**os.environ, **variables},
                    stdout=sys.stderr if self._quiet else None, start_new_session=True,
                )  # fmt: skip
        except (OSError, ValueError) as problem:
            return f"can't be run: {problem}"
        try:
            return _verdict(process.wait(self._patience))
        except subprocess.TimeoutExpired:
            return f"hangs; it was ended after {self._patience:g} seconds"
        finally:
            _end(process)


def _verdict(status: int) -> str | None:
    if status < 0:
        with contextlib.suppress(ValueError):
            return f"was ended by {signal.Signals(-status).name}"
        return f"was ended by signal {-status}"
    return f"has failed, with exit status {status}" if status else None


def _end(process: subprocess.Popen[Any]) -> None:
    """End *process*, and what it has started."""
    if process.poll() is not None:
        return
    try:
        _signal(process, "SIGTERM")
        until = Clock.now() + _GRACE
        # Also those that it has started, and that go on without it.
        while (process.poll() is None or _has_others(process)) and Clock.now() < until:
            time.sleep(_LOOK)
    finally:
        _signal(process, "SIGKILL")
    process.wait()


def _has_others(process: subprocess.Popen[Any]) -> bool:
    """Whether something that *process* has started is still there, in its group."""
    if os.name != "posix":
        return False
    try:
        os.killpg(process.pid, 0)
    except OSError:
        return False
    return True


def _signal(process: subprocess.Popen[Any], name: str) -> None:
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, getattr(signal, name))
        else:
            process.terminate()
