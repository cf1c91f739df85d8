"""``imaplib2`` and ``python -m imaplib2``: what holds while they are still being loaded.

The package loads this first of all, where the process may be one of these.
"""

from __future__ import annotations

import os
import sys

# Not from _hints: nothing is to be loaded before this has its effect.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


def is_ours(started: str, whole: list[str]) -> bool:
    """Whether a process is one of these, by its first argument and its *whole* command line.

    >>> is_ours("/usr/bin/imaplib2", []), is_ours("-m", ["python3", "-m", "imaplib2", "ls"])
    (True, True)
    """
    if started == "-m":
        # As long as Python looks for the module: perhaps for another one, which needs this one.
        return bool({"imaplib2", "-mimaplib2"} & {*whole})
    return os.path.basename(started).removesuffix(".exe") == "imaplib2"


def report(
    kind: type[BaseException], problem: BaseException, traceback: TracebackType | None
) -> None:
    """For ``sys.excepthook``: of Ctrl-C, nobody needs to be told. Python ends by that signal."""
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, problem, traceback)


if is_ours(str(sys.argv[0]), sys.orig_argv):
    sys.excepthook = report
