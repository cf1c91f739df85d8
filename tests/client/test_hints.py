"""The stand-ins for ``typing``: what a program that runs finds there."""

from __future__ import annotations

import subprocess
import sys
from typing import get_type_hints

import pytest

import imaplib2
from imaplib2 import _hints
from imaplib2._hints import NamedTuple

PROGRAM = """
import sys
already = set(sys.modules)
import imaplib2, imaplib2._late
print({"typing", "dataclasses", "inspect"} & (set(sys.modules) - already))
"""


class Point(NamedTuple):
    """A point."""

    x: int
    y: int = 2


def test_typing_is_not_loaded() -> None:
    run = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(run, capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_a_named_tuple_is_made_of_the_hints_in_a_class() -> None:
    assert Point._fields == ("x", "y")
    assert Point(1) == (1, 2)
    assert Point(1)._replace(y=3).y == 3
    assert repr(Point(x=1)) == "Point(x=1, y=2)"
    assert (Point.__doc__, Point.__module__) == ("A point.", __name__)


@pytest.mark.parametrize("name", ["login", "fetch", "noop"])
def test_hints_of_public_methods_can_be_evaluated(name: str) -> None:
    assert "return" in get_type_hints(getattr(imaplib2.IMAP4, name))


def test_the_others_are_nothing_that_a_running_program_notices() -> None:
    def function() -> None:
        """A function."""

    assert _hints.cast("bytes", "1") == "1"  # type: ignore[comparison-overlap]
    assert _hints.overload(function) is function
