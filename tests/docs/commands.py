"""Command lines in pages of the documentation: what is typed, and what a terminal shows then.

In ``.. code-block:: console``, what stands behind ``$ imaplib2`` is done in this process. Lines
below it are what it writes, where there are any. It has to succeed, unless ``$ echo $?`` follows.
Of a pipe, the first command is done.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Iterator

from imaplib2._cli.main import main

#: Up to what a shell does with it.
_COMMAND = re.compile(r"(?<![\w/.-])imaplib2 ([^|>)\n]+)")
_STATUS = "echo $?"


def typed(text: str) -> Iterator[tuple[str, str]]:
    """The lines behind ``$``, and what stands below each; ``\\`` goes on with the next line."""
    for part in re.split(r"^\$ ", text.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
        line, _, shown = part.partition("\n")
        yield line, shown


def lines(kind: str, text: str) -> list[str]:
    """What readers may type or write into a file, in a block of this *kind*."""
    if kind == "text":
        return text.splitlines()
    return [line for line, _ in typed(text)] if kind == "console" else []


def arguments(line: str) -> list[list[str]]:
    """Those of the commands of ours in *line*."""
    return [shlex.split(rest) for rest in _COMMAND.findall(line)]


def outputs(text: str) -> Iterator[tuple[str, str, str]]:
    """Do what is typed in *text*: the line, what should be shown, and what is."""
    pairs = list(typed(text))
    following = [*pairs[1:], ("", "")]
    status = 0
    for (line, expected), (after, _) in zip(pairs, following, strict=True):
        if line == _STATUS:
            yield line, expected, f"{status}\n"
        elif line.startswith("imaplib2 "):
            [words] = arguments(line)
            status, shown = _done(words)
            assert status == 0 or after == _STATUS, f"{line}: {status}\n{shown}"
            yield line, expected, shown


def _done(words: list[str]) -> tuple[int, str]:
    """The exit status, and what is written to both standard output and standard error."""
    octets = io.BytesIO()
    with (
        io.TextIOWrapper(octets, encoding="utf-8", write_through=True) as terminal,
        contextlib.redirect_stdout(terminal),
        contextlib.redirect_stderr(terminal),
    ):
        try:
            status = main(words)
        except SystemExit as problem:
            status = int(problem.code or 0)
        return status, octets.getvalue().decode()
