"""An account."""

from __future__ import annotations

import pytest

from .helpers import account


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({}, "imap.example.org:993"),
        ({"host": "::1", "port": 143}, "[::1]:143"),
        ({"security": "command", "command": "x"}, "home"),
    ],
)
def test_where(fields: dict[str, object], where: str) -> None:
    assert account(**fields).where == where
