"""IMAPClient up to 3.x, which sends and reads by itself, does the same as over imaplib.

On Python 3.14 and newer it can't be used over imaplib, but over this library.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

from ..live.dovecot import Dovecot
from .comparison import Run, check_end, run, run_both
from .imapclient_by_hand_steps import FIRST, PROGRAM, SECOND
from .packages import folder_of

VERSIONS = ["2.3.1", "3.0.1"]

_ENDS = "b'Idle completed.'"

EXPECTED = {
    "is encrypted": "True",
    "login": "('error', True)",
    "folders": (
        "(['Drafts', 'Entwürfe', 'INBOX', 'Junk', 'Sent', 'Trash'], False, {b'MESSAGES': 1})"
    ),
    "select": "1",
    "append": "[]",
    "search": "([1, 2], [1], [1, 2])",
    "search by literal": "([1], [])",
    "sort and thread": "([2, 1], ((1,), (2,)))",
    "fetch": repr([(1, FIRST), (2, SECOND)]),
    "change": r"({1: (b'\\Flagged', b'\\Recent')}, {2: (b'\\Recent',)}, None)",
    "mistakes": "(['InvalidCriteriaError < error', 'error'], [1, 2])",
    "idle and nothing happens": f"(([], []), ({_ENDS}, []))",
    "idle and something happens": f"({_ENDS}, [(3, b'EXISTS')])",
    "idle again and again": f"[{', '.join(8 * [_ENDS])}]",
    "expunge": "([1, 3], b'Close completed.')",
    "logout": "b'Logging out'",
}


@pytest.fixture(scope="module", params=VERSIONS)
def runs(request: pytest.FixtureRequest, dovecot: Dovecot) -> list[Run]:
    """Ours, and that over imaplib where there is one."""
    packages = folder_of(f"imapclient=={request.param}", request.config)
    program: Any = "imapclient_by_hand_steps"
    if sys.version_info >= (3, 14):
        return [run("imaplib2", program, dovecot, packages=packages)]
    standard, ours = run_both(program, dovecot, packages=packages)
    return [ours, standard]


@pytest.mark.parametrize("step", PROGRAM.names())
def test_step(runs: list[Run], step: str) -> None:
    session, _, name = step.partition(": ")
    expected = "[]" if step == "never used" else EXPECTED[name]
    if step == "plain: is encrypted":
        expected = "False"
    for each in runs:
        assert each.outcome(step) == expected, session


def test_end(runs: list[Run]) -> None:
    check_end(runs[0])
