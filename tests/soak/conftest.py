"""The figures that the long tests have measured, below their results."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ..server.conftest import serve

__all__ = ["pytest_terminal_summary", "report", "serve"]

_figures: dict[str, list[str]] = {}


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[list[str]], None]:
    """Has figures of the test printed at the end of the run."""

    def keep(figures: list[str]) -> None:
        _figures.setdefault(request.node.name, []).extend(figures)

    return keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _figures:
        return
    terminalreporter.section("figures")
    for test, figures in _figures.items():
        for figure in figures:
            terminalreporter.line(f"{test}: {figure}")
