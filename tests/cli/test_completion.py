"""The command that writes scripts for shells; what these are, test_shells.py tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from imaplib2._cli.main import main


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_written(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    written = capsys.readouterr()
    assert "completion accounts" in written.out
    assert written.err == ""


def test_accounts(nobody_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "accounts"]) == 0
    file = nobody_home / ".config/imaplib2/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("accounts.work.host = 'x'\naccounts.\"$(a)\".host = 'y'")
    assert main(["completion", "accounts"]) == 0
    assert capsys.readouterr().out == "work\n"
    file.write_text("accounts")
    assert main(["completion", "accounts"]) == 2
    assert capsys.readouterr().err == ""
