"""The process of a program, while it is being loaded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from imaplib2 import _program


@pytest.mark.parametrize(
    ("started", "whole", "is_ours"),
    [
        ("/usr/bin/imaplib2", [], True),
        ("imaplib2.exe", [], True),
        ("-m", ["python3", "-X", "dev", "-m", "imaplib2", "ls"], True),
        ("-m", ["python3", "-mimaplib2"], True),
        ("-m", ["python3", "-m", "theirs"], False),
        ("/x/imaplib2/theirs.py", ["python3", "/x/imaplib2/theirs.py", "imaplib2"], False),
        ("/x/my-imaplib2", [], False),
        ("", ["python3"], False),
    ],
)
def test_whether_it_is_ours(started: str, whole: list[str], is_ours: bool) -> None:
    assert _program.is_ours(started, whole) is is_ours


@pytest.mark.parametrize("argv", ["None", "[]", "[pathlib.Path('imaplib2')]"])
def test_any_program_may_import_the_package(argv: str) -> None:
    program = f"import pathlib, sys; sys.argv = {argv}; import imaplib2"
    assert subprocess.run([sys.executable, "-c", program], timeout=30, check=False).returncode == 0


def test_other_exceptions_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    _program.report(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert capsys.readouterr().err == ""
    _program.report(ValueError, ValueError("x"), None)
    assert capsys.readouterr().err == "ValueError: x\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
@pytest.mark.parametrize("as_script", [False, True])
@pytest.mark.parametrize("module", ["_hints", "_client", "argparse"])
def test_ctrl_c_while_it_is_loaded(as_script: bool, module: str, tmp_path: Path) -> None:
    """It comes while *module* is looked for: early, or late."""
    interrupt = (
        "import signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name.rpartition('.')[2] == {module!r}:\n"
        "            signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    (tmp_path / "sitecustomize.py").write_text(interrupt)
    script = tmp_path / "imaplib2"
    script.write_text("import sys\nfrom imaplib2.__main__ import run\nsys.exit(run())")
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    command = [str(script)] if as_script else ["-m", "imaplib2"]
    done = subprocess.run(
        [sys.executable, *command, "completion", "bash"], capture_output=True, timeout=30,
        env={**os.environ, "PYTHONPATH": path}, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (b"", b"")
    assert done.returncode in (-signal.SIGINT, 130)
