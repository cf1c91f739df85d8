"""The figures that the long tests measure."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[list[str]], None]:
    """Has figures of the test printed at the end of the run, by the conftest of all tests."""

    def keep(figures: list[str]) -> None:
        request.node.user_properties.extend(("figure", figure) for figure in figures)

    return keep
