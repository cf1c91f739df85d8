"""Passwords, and how commands are typed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .helpers import Typed


@pytest.fixture
def typed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Typed]:
    """``typed("ls", "localhost")``: do that, with a password in the environment."""
    monkeypatch.setenv("IMAPLIB2_PASSWORD", "secret")
    return lambda *arguments: Typed(capsys, *arguments)
