"""What `fetch` takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from imaplib2._cli.main import parser


def test_arguments() -> None:
    options = parser().parse_args(["fetch", "home", "INBOX", "A/*", "--to", "x"])
    assert (options.host, options.mailboxes, options.to) == ("home", ["INBOX", "A/*"], Path("x"))
    assert (options.kind, options.dry_run) == ("maildir", False)


@pytest.mark.parametrize("arguments", [["home", "--to", "x"], ["home", "INBOX"]])
def test_what_is_needed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["fetch", *arguments])
    assert "required" in capsys.readouterr().err
