"""Releases of CPython that the tests of programs written for other libraries know, and others."""

from __future__ import annotations

import sys

import pytest

from .releases import KNOWN


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a release of CPython that nobody has looked at, what fails is only reported."""
    if sys.version_info[:3] in KNOWN:
        return
    reason = "what imaplib does in this release of CPython, the tables don't know"
    for item in items:
        if "conformance" in item.path.parts:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=False))
