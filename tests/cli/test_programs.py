"""Programs that are run for messages."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from imaplib2._cli.failures import USAGE, Failure
from imaplib2._cli.watching import programs
from imaplib2._cli.watching.programs import Program

pytestmark = pytest.mark.skipif(os.name != "posix", reason="programs are ended as POSIX has it")


def python(program: str, patience: float = 30.0, **options: Any) -> Program:
    line = f"{shlex.quote(sys.executable)} -c {shlex.quote(program)}"
    return Program(line, patience, **options)


def test_message_and_environment(tmp_path: Path) -> None:
    out = tmp_path / "out"
    program = python(
        "import os, sys; open(os.environ['OUT'], 'w').write(repr((sys.stdin.buffer.read(),"
        " os.environ['IMAPLIB2_UID'])))"
    )
    assert program.run(b"a\r\n\xff", {"IMAPLIB2_UID": "7", "OUT": str(out)}) is None
    assert out.read_text() == repr((b"a\r\n\xff", "7"))


def test_no_shell(capfd: pytest.CaptureFixture[str]) -> None:
    assert Program("echo $HOME; exit 3", 30).run(b"", {}) is None
    assert capfd.readouterr().out == "$HOME; exit 3\n"
    assert Program("echo x", 30, quiet=True).run(b"", {}) is None
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "x\n")


def test_nobody_needs_to_read_the_message() -> None:
    assert python("pass").run(b"x" * 10_000_000, {}) is None


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("raise SystemExit(3)", "has failed, with exit status 3"),
        ("import os; os.kill(os.getpid(), 15)", "was ended by SIGTERM"),
        ("import os; os.kill(os.getpid(), 40)", "was ended by signal 40"),
    ],
)
def test_failures(program: str, told: str) -> None:
    assert python(program).run(b"", {}) == told


@pytest.mark.parametrize("ignores", ["nobody", "the child", "the program"])
def test_one_that_hangs(ignores: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends, and so does what it has started; also what takes no notice of SIGTERM."""
    monkeypatch.setattr("imaplib2._cli.watching.programs._GRACE", 0.1)
    pids = tmp_path / "pids"
    ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    sleeper = (
        "import os, signal, subprocess, sys, time\n"
        + ignore * (ignores == "the child")
        + "child = subprocess.Popen(['sleep', '60'])\n"
        + "signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"
        + ignore * (ignores == "the program")
        + f"open({str(pids)!r}, 'w').write(f'{{child.pid}}')\ntime.sleep(60)"
    )
    program = python(sleeper, 2.0)
    assert program.run(b"", {}) == "hangs; it was ended after 2 seconds"
    until = time.monotonic() + 20
    while _runs(int(pids.read_text())) and time.monotonic() < until:
        os.sched_yield()
    assert not _runs(int(pids.read_text()))


def _runs(pid: int) -> bool:
    """Whether there is such a process, other than one that nobody has asked for its status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("times", [1, 2])
def test_it_ends_with_us(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Ctrl-C comes while it runs; and a second one while it is being ended."""

    class Interrupted(subprocess.Popen[bytes]):
        def wait(self, timeout: float | None = None) -> int:
            waited.append(self)
            if len(waited) <= times:
                raise KeyboardInterrupt
            return super().wait(timeout)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    waited: list[Any] = []
    with pytest.raises(KeyboardInterrupt):
        python("import time; time.sleep(60)").run(b"", {})
    assert super(Interrupted, waited[0]).wait(20) < 0


@pytest.mark.parametrize("line", ["", "/none/such", "'"])
def test_programs_that_are_not_there(line: str) -> None:
    with pytest.raises(Failure) as caught:
        Program(line, 1)
    assert caught.value.status == USAGE


def test_no_room_for_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    told = python("pass").run(b"x", {})
    assert told == "can't be run: [Errno 28] No space left on device"


def test_one_that_cannot_be_run(tmp_path: Path) -> None:
    path = tmp_path / "program"
    path.write_bytes(b"\x00 no program")
    path.chmod(0o755)
    problem = Program(str(path), 1).run(b"", {})
    assert problem is not None
    assert problem.startswith("can't be run: ")


def test_what_it_has_started_has_time_to_end(tmp_path: Path) -> None:
    """Though it itself ends at once."""
    child = (
        "import pathlib, signal, time\n"
        "def end(*_):\n    exit(pathlib.Path('done').write_text('x') and 0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "pathlib.Path('ready').touch()\ntime.sleep(60)"
    )
    program = python(
        f"import os, subprocess, sys, time\nos.chdir({str(tmp_path)!r})\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}])\ntime.sleep(60)",
        60.0,
    )

    def wait(self: Any, timeout: float | None = None) -> int:
        if timeout is None:
            return original(self)
        while not (tmp_path / "ready").exists():
            time.sleep(0.01)
        raise subprocess.TimeoutExpired("x", timeout)

    original = subprocess.Popen.wait
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, "wait", wait)
        assert program.run(b"", {}) == "hangs; it was ended after 60 seconds"
    assert (tmp_path / "done").read_text() == "x"


def test_where_there_are_no_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    class Process:
        def terminate(self) -> None:
            ended.append(True)

    ended: list[bool] = []
    monkeypatch.setattr(programs.os, "name", "nt")
    programs._signal(Process(), "SIGTERM")  # type: ignore[arg-type]
    monkeypatch.undo()
    assert ended
