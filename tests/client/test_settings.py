"""What a program sets on the package counts for what comes after."""

from __future__ import annotations

from typing import Any

import pytest

import imaplib2
from imaplib2._protocol.limits import Limits
from imaplib2._settings import IDLE_TIMEOUT, MAXLINE, debug_level, idle_timeout, line_limit


@pytest.mark.parametrize(
    ("bound", "expected"),
    [(MAXLINE, Limits.line), (10 * MAXLINE, Limits.line), (5000, 5000), ("5000", 5000)],
)
def test_a_smaller_bound_on_lines_counts(
    monkeypatch: pytest.MonkeyPatch, bound: Any, expected: int
) -> None:
    monkeypatch.setattr(imaplib2, "_MAXLINE", bound)
    assert line_limit() == expected


@pytest.mark.parametrize(
    ("of_the_package", "given", "expected"),
    [(0, None, 0), (4, None, 4), (4, 1, 1), (4, 0, 0), (None, None, 0), ("3", None, 3)],
)
def test_the_debug_level_of_the_package_is_a_default(
    monkeypatch: pytest.MonkeyPatch, of_the_package: Any, given: int | None, expected: int
) -> None:
    monkeypatch.setattr(imaplib2, "Debug", of_the_package)
    assert debug_level(given) == expected


def test_how_long_to_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    assert idle_timeout() == IDLE_TIMEOUT
    monkeypatch.setattr(imaplib2, "IDLE_TIMEOUT", 60)
    assert idle_timeout() == 60


@pytest.mark.parametrize("longest", [0, -1])
def test_an_idle_takes_some_time(monkeypatch: pytest.MonkeyPatch, longest: int) -> None:
    monkeypatch.setattr(imaplib2, "IDLE_TIMEOUT", longest)
    with pytest.raises(ValueError, match="IDLE_TIMEOUT must be positive"):
        idle_timeout()


@pytest.mark.parametrize(
    ("name", "function", "expected"),
    [
        ("_MAXLINE", line_limit, Limits.line),
        ("Debug", lambda: debug_level(None), 0),
        ("IDLE_TIMEOUT", idle_timeout, IDLE_TIMEOUT),
    ],
)
def test_a_setting_that_was_deleted_has_its_default(
    monkeypatch: pytest.MonkeyPatch, name: str, function: Any, expected: int
) -> None:
    monkeypatch.delattr(imaplib2, name)
    assert function() == expected
