"""What commands would find on the machine, they don't find in tests."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def nobody_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without files, and an environment without passwords and terminals."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in (
        *("XDG_CONFIG_HOME", "IMAPLIB2_CONFIG", "IMAPLIB2_PASSWORD", "NETRC"),
        *("COLUMNS", "NO_COLOR", "FORCE_COLOR"),
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("imaplib2._cli.passwords._has_terminal", lambda: False)
    return home
