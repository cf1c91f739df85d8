"""Pages of the documentation: the code in them, in order, to be run as a reader would run it.

In a page, this is code:

``.. code-block:: python``
    Statements. A ``.. code-block:: output`` behind it is what they print.
``.. code-block:: pycon``
    Statements behind ``>>>``, and what they give: a doctest.
``.. code-block:: console``
    What is typed behind ``$``; of that, commands of ours are run (see `commands`).
``.. hidden:``, a comment with an indented block
    Statements that readers needn't see: what a server does meanwhile, and what must hold.
``.. not run: REASON``, a comment
    The next block isn't run.

All blocks of a page share their names.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import commands

PYTHON, PYCON, SHELL = "python", "pycon", "console"
OUTPUT, HIDDEN = "output", "hidden"

RUN = frozenset((PYTHON, PYCON, SHELL, OUTPUT, HIDDEN))
SHOWN = frozenset(("text", "ini", "toml", "rst"))
"""Languages of blocks that hold nothing to be run."""

_START = re.compile(
    r"^(?P<indent> *)\.\. (?:code-block:: (?P<language>\S+)|(?P<hidden>hidden:)"
    r"|not run: (?P<reason>.+))$"
)
_OPTION = re.compile(r" *:[a-z-]+:")
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Block:
    """A piece of code, or of output."""

    kind: str
    text: str
    line: int
    """Of the page, from 1; that of the first line of *text*."""
    reason: str | None = None
    """Why it isn't run."""


def blocks(page: str) -> Iterator[Block]:
    """All blocks of the text of a page, those that aren't run included."""
    lines, reason, at = page.splitlines(), None, 0
    while at < len(lines):
        found = _START.match(lines[at])
        at += 1
        if found is None:
            continue
        if found["reason"]:
            reason = found["reason"]
            continue
        start = at
        while start < len(lines) and (not lines[start].strip() or _OPTION.match(lines[start])):
            start += 1
        at = _end(lines, start, len(found["indent"]))
        text = textwrap.dedent("\n".join(lines[start:at]) + "\n")
        yield Block(found["language"] or HIDDEN, text, start + 1, reason)
        reason = None


def _end(lines: list[str], at: int, indent: int) -> int:
    """Where what is indented more than that ends."""
    end = at
    while at < len(lines):
        if lines[at].strip():
            if len(lines[at]) - len(lines[at].lstrip()) <= indent:
                break
            end = at + 1
        at += 1
    return end


def run(path: Path, names: dict[str, Any]) -> None:
    """Run a page's blocks with these *names*; AssertionError for output that isn't what it says."""
    printed = ""
    for block in blocks(path.read_text(encoding="utf-8")):
        if block.reason or block.kind not in RUN:
            continue
        if block.kind == OUTPUT:
            _compare(block, printed, path)
        elif block.kind == PYCON:
            _examine(block, names, path)
        elif block.kind == SHELL:
            _type(block, path)
        else:
            printed = _execute(block, names, path)


def _execute(block: Block, names: dict[str, Any], path: Path) -> str:
    """What the statements print."""
    tree = ast.parse(block.text, str(path))
    ast.increment_lineno(tree, block.line - 1)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, str(path), "exec"), names)
    return printed.getvalue()


def _examine(block: Block, names: dict[str, Any], path: Path) -> None:
    parsed = doctest.DocTestParser().get_examples(block.text, str(path))
    test = doctest.DocTest(parsed, names, path.name, str(path), block.line - 1, block.text)
    told = io.StringIO()
    # It empties the names of a test.
    doctest.DocTestRunner(optionflags=_FLAGS).run(test, out=told.write, clear_globs=False)
    names.update(test.globs)
    assert not told.getvalue(), told.getvalue()


def _type(block: Block, path: Path) -> None:
    for line, expected, shown in commands.outputs(block.text):
        if expected:
            where = f"{path}:{block.line}\n$ {line}\n{shown}"
            assert doctest.OutputChecker().check_output(expected, shown, _FLAGS), where


def _compare(block: Block, printed: str, path: Path) -> None:
    checker = doctest.OutputChecker()
    told = f"{path}:{block.line}\n{printed}"
    assert checker.check_output(block.text, printed, _FLAGS), told
