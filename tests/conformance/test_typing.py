"""A program that type-checks with imaplib type-checks after the swap.

mypy, in strict mode, reads programs before and after their import line is changed: the samples in
typing_samples/, the examples, and one that is made of typeshed's imaplib.pyi.
"""

from __future__ import annotations

import array
import ast
import importlib
import mmap
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import imaplib2

from ..needs import need_package
from ..server.helpers import Serve, connected, greet_authenticated
from ..server.scripted import Peer
from .typeshed_checks import Checks

_SAMPLES = {path.stem: path for path in (Path(__file__).parent / "typing_samples").glob("*.py")}
_EXAMPLES = {path.stem: path for path in (Path(__file__).parents[2] / "examples").glob("*.py")}
#: Samples that aren't for imaplib.
_OURS = ("answers", "beyond_imaplib")
_MISTAKES = "mistakes"
_SWAPPED = sorted((_SAMPLES.keys() | _EXAMPLES.keys()) - {*_OURS, _MISTAKES})
#: The versions of Python to assume. keyfile and certfile went in 3.12, IDLE came in 3.14.
_VERSIONS = sorted({sys.version_info[:2], (3, 14)})

#: What may be different from typeshed, and why. Entries that it has outgrown do no harm.
DIFFERENCES = {
    "Commands": "historical programs put other values into it, too",
    "IMAP4.authenticate": "typeshed has a str for what is a list of bytes",
    "IMAP4.continuation_response": "typeshed has a str for what is bytes",
    "IMAP4.literal": "typeshed has a str for what is bytes",
    "IMAP4.setannotation(mailbox=mailbox)": "nothing can follow a mailbox that is given by name",
    "IMAP4.tagged_commands": "not a dict, but like one: it shows what is in progress",
    "IMAP4.untagged_responses": "a list in order of arrival that can be read like the dict",
    # Not there. Programs can read them without an error, as anything else: through __getattr__.
    "IMAP4.file": "not supported by imaplib any more: the threads wait for the socket itself",
    "IMAP4.mustquote": "innards: quoting is not done by one pattern",
    "IMAP4.tagnum": "innards of making tags",
    "IMAP4.tagpre": "innards of making tags",
    "IMAP4.tagre": "innards of making tags",
    "IMAP4_SSL.file": "as IMAP4.file",
    "IMAP4_SSL.sslobj": "imaplib doesn't have it either",
    "IMAP4_stream.file": "as IMAP4.file",
    "IMAP4_stream.readfile": "as IMAP4.file; the pipe is process.stdout",
    "IMAP4_stream.writefile": "as IMAP4.file; the pipe is process.stdin",
}


@dataclass(frozen=True, order=True)
class Problem:
    """An error that mypy reports."""

    line: int
    code: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text} [{self.code}]"

    @property
    def kind(self) -> tuple[int, str]:
        return self.line, self.code


class Verdict:
    """What mypy says of the programs, each before and after the swap, for a version of Python."""

    def __init__(self, folder: Path, version: tuple[int, int], stub: ast.Module) -> None:
        self.checks = Checks(stub, version)
        for name, path in (_SAMPLES | _EXAMPLES).items():
            text = path.read_text("utf-8")
            _write(folder, name, _swapped_back(text) if name in _EXAMPLES else text)
        _write(folder, "checks", self.checks.program)
        self._problems: dict[str, list[Problem]] = {path.stem: [] for path in folder.glob("*.py")}
        for line in _mypy(folder, version):
            found = re.fullmatch(r"(\w+)\.py:(\d+): error: (.*?)(?:  \[([\w-]+)\])?", line)
            if found is not None:
                problem = Problem(int(found[2]), found[4] or "", found[3])
                self._problems[found[1]].append(problem)

    def before(self, program: str) -> list[Problem]:
        """The errors of a program that imports imaplib."""
        return sorted(self._problems[f"{program}_before"])

    def after(self, program: str) -> list[Problem]:
        """The errors of a program that imports imaplib2."""
        return sorted(self._problems[f"{program}_after"])


@pytest.fixture(scope="module", params=_VERSIONS, ids="{0[0]}.{0[1]}".format)
def verdict(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    """mypy's."""
    need_package("mypy")
    mypy = importlib.import_module("mypy")
    stub = Path(mypy.__path__[0], "typeshed", "stdlib", "imaplib.pyi")
    folder = tmp_path_factory.mktemp("typing")
    return Verdict(folder, request.param, ast.parse(stub.read_text("utf-8")))


def _write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}_before.py").write_text(text, "utf-8")
    (folder / f"{name}_after.py").write_text(_swapped(text), "utf-8")


def _swapped(text: str) -> str:
    text = re.sub(r"^import imaplib\b(?! as)", "import imaplib2 as imaplib", text, flags=re.M)
    text = re.sub(r"^import imaplib as imaplib2\b", "import imaplib2", text, flags=re.M)
    return re.sub(r"^from imaplib import\b", "from imaplib2 import", text, flags=re.M)


def _swapped_back(text: str) -> str:
    """An example as it were for imaplib, which has no ca_certs; line numbers stay the same."""
    text = re.sub(r"^ +ca_certs=.*", "", text, flags=re.M)
    text = re.sub(r"^import imaplib2 as imaplib\b", "import imaplib", text, flags=re.M)
    return re.sub(r"^import imaplib2\b", "import imaplib as imaplib2", text, flags=re.M)


def _mypy(folder: Path, version: tuple[int, int]) -> Iterable[str]:
    """Its output on the programs in *folder*."""
    command = [
        *(sys.executable, "-m", "mypy", "--strict", "--python-version", "{}.{}".format(*version)),
        *("--config-file=", f"--cache-dir={os.devnull}", "--follow-imports=silent"),
        *("--no-color-output", "."),
    ]
    environment = {name: text for name, text in os.environ.items() if not name.startswith("MYPY")}
    parent = Path(imaplib2.__file__).parents[1]
    if parent.name not in ("site-packages", "dist-packages"):  # else mypy finds it by itself
        environment["MYPYPATH"] = str(parent)
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=50
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("program", _SWAPPED)
def test_the_swap_makes_no_new_errors(program: str, verdict: Verdict) -> None:
    known = {problem.kind for problem in verdict.before(program)}
    _insist_on_none(each for each in verdict.after(program) if each.kind not in known)


def test_mistakes_are_found_before_and_after_the_swap(verdict: Verdict) -> None:
    lines = _SAMPLES[_MISTAKES].read_text("utf-8").splitlines()
    marked = [number for number, line in enumerate(lines, 1) if line.endswith("# wrong")]
    for problems in (verdict.before(_MISTAKES), verdict.after(_MISTAKES)):
        assert sorted({problem.line for problem in problems}) == marked


def test_the_checks_hold_for_imaplib_itself(verdict: Verdict) -> None:
    _insist_on_none(verdict.before("checks"))
    assert "IMAP4.fetch(message_set, message_parts)" in verdict.checks.subjects.values()


def test_all_that_typeshed_allows_is_allowed_with_the_same_types(verdict: Verdict) -> None:
    subjects, problems = verdict.checks.subjects, verdict.after("checks")
    assert "IMAP4.untagged_responses" in {subjects[each.line] for each in problems}
    found = [f"{subjects[each.line]}: {each.text}" for each in problems]
    _insist_on_none(each for each in found if not _may_differ(each))


@pytest.mark.parametrize("program", [*_OURS, "attachments"])
def test_programs_that_use_more_than_imaplib_has_type_check(program: str, verdict: Verdict) -> None:
    _insist_on_none(verdict.after(program))


@pytest.mark.parametrize("kind", ["bytearray", "memoryview", "array", "mmap"])
def test_a_message_may_be_in_any_buffer_as_the_hints_say(kind: str, serve: Serve) -> None:
    received = []

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        command = peer.command("APPEND")
        received.append(command.words[-1])
        peer.ok(command)

    with connected(serve(script)) as M, _buffer(kind, b"a\nb\r\n") as message:
        assert M.append("INBOX", None, None, message) == ("OK", [b"done"])
    assert received == [b"a\r\nb\r\n"]


@contextmanager
def _buffer(kind: str, content: bytes) -> Iterator[Any]:
    if kind == "mmap":
        with mmap.mmap(-1, len(content)) as mapped:
            mapped.write(content)
            yield mapped
    elif kind == "array":
        yield array.array("B", content)
    else:
        yield bytearray(content) if kind == "bytearray" else memoryview(content)


def _may_differ(problem: str) -> bool:
    subject = problem.partition(": ")[0]
    name = re.match(r"[\w.]+", subject)
    return subject in DIFFERENCES or (name is not None and name[0] in DIFFERENCES)


def _insist_on_none(problems: Iterable[object]) -> None:
    found = list(map(str, problems))
    assert not found, "\n".join(found)
