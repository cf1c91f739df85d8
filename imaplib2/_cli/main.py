"""The parser of the command line, and what becomes of exceptions: exit statuses."""

from __future__ import annotations

import argparse
import importlib
import textwrap
from collections.abc import Sequence
from functools import partial

from .. import IMAP4, __version__
from .._hints import Any
from . import passwords
from .console import Console
from .failures import (
    EXIT_STATUSES,
    INTERRUPTED,
    PIPE_CLOSED,
    PROBLEM,
    Ended,
    Failure,
    OutputClosed,
)

#: The commands, which are modules here, and what help says of each.
COMMANDS = {
    "check": "tell what works with a server, and what is wrong",
    "ls": "list mailboxes, with counts and sizes",
    "fetch": "back up mailboxes",
    "push": "upload a backup",
    "watch": "tell what happens in a mailbox",
    "demo": "show the library at work, without a server",
    "completion": "write a script that completes command lines",
}

_DESCRIPTION = """\
Looks at IMAP servers, backs up mailboxes, and watches them."""

#: Columns, below which help has little room.
_NARROW = 60

_EXAMPLES = """\
examples:
  imaplib2 check imap.example.org
  imaplib2 ls fred@imap.example.org
  imaplib2 watch work --json"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the *arguments* (by default, those of the process) say; returns the exit status.

    Raises SystemExit as argparse does: for ``--help``, and for arguments that it can't use.
    """
    console = Console()
    try:
        try:
            # Where argparse writes its --help.
            with console.writing():
                options = parser().parse_args(arguments)
            return _run(options, console)
        finally:
            console.flush()
    except Ended as signal:
        return signal.status
    except KeyboardInterrupt:
        _interrupted(console)
        return INTERRUPTED
    except OutputClosed:
        return PIPE_CLOSED
    except Failure as failure:
        console.failure(failure)
        return failure.status


def _run(options: argparse.Namespace, console: Console) -> int:
    """Do what *options* say; what has gone wrong becomes a `Failure`."""
    try:
        status: int = options.run(options, console)
        return status
    except IMAP4.error as problem:
        text = f"{problem}."
    except OSError as problem:
        text = f"The system says: {problem}."
    raise Failure(text, status=PROBLEM)


def _interrupted(console: Console) -> None:
    """End the line on which the terminal has shown ``^C``."""
    console.note("" if console.err.isatty() else "interrupted")


class _Help(argparse.RawDescriptionHelpFormatter):
    """Fills paragraphs, and keeps all other lines, in which a column at the left stays.

    Where there is little room, what an option does stands below it.
    """

    def __init__(self, prog: str, **options: Any) -> None:
        super().__init__(prog, **options)
        if self._width < _NARROW:
            self._max_help_position = min(self._max_help_position, 6)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(map(partial(_broken, width=width), _joined(text.splitlines())))


def _joined(lines: list[str]) -> list[str]:
    """*lines*, those of a paragraph as one."""
    found: list[str] = []
    for line in lines:
        if found and _is_prose(found[-1]) and _is_prose(line):
            found[-1] += f" {line}"
        else:
            found.append(line)
    return found


def _is_prose(line: str) -> bool:
    return bool(line) and not line.startswith(" ") and "  " not in line and line[-1] != ":"


def _broken(line: str, width: int) -> str:
    line = line.rstrip()
    start = len(line) - len(line.lstrip())
    _, gap, behind = line.lstrip().partition("  ")
    hanging = len(line) - len(behind.lstrip()) if gap else start + 2 * bool(start)
    return textwrap.fill(line, width, subsequent_indent=" " * hanging, break_on_hyphens=False)


class _Intermixed(argparse.ArgumentParser):
    """Takes options before, behind and between other arguments: ``ls HOST --plain PATTERN``."""

    _is_parsing = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        # The one calls the other.
        if self._is_parsing:
            return super().parse_known_args(args, namespace)
        self._is_parsing = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._is_parsing = False


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; what it gives has ``run``, that of the command's module."""
    epilog = f"{_EXAMPLES}\n\n{EXIT_STATUSES}"
    options: dict[str, Any] = {
        "formatter_class": _Help, "allow_abbrev": False
    }  # fmt: skip
    top = argparse.ArgumentParser(
        prog="imaplib2", description=_DESCRIPTION, epilog=epilog, **options
    )  # fmt: skip
    top.add_argument(
        "--version", action="version", version=f"imaplib2 {__version__}", help="tell the version"
    )
    commands = top.add_subparsers(
        title="commands", metavar="COMMAND", dest="subcommand", required=True,
        parser_class=_Intermixed,
    )  # fmt: skip
    for name, summary in COMMANDS.items():
        module = importlib.import_module(f".{name}", __package__)
        command = commands.add_parser(name, help=summary, description=module.__doc__, **options)
        module.add_arguments(command)
        has_host = any(action.dest == "host" for action in command._actions)
        command.epilog = "\n\n".join([passwords.ORDER] * has_host + [EXIT_STATUSES])
        command.set_defaults(run=module.run, parser=top)
    return top
