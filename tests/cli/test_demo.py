"""What `demo` puts into a mailbox: see with_server/test_demo.py."""

from __future__ import annotations

import pytest

from imaplib2._cli.failures import PROBLEM
from imaplib2._cli.main import main, parser


def test_options() -> None:
    options = parser().parse_args(["demo", "--messages", "7", "--round-trip", "0.5"])
    assert (options.messages, options.round_trip, options.keep) == (7, 0.5, False)


def test_no_server(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("imaplib2._cli.demonstration.servers.util.find_spec", lambda _: None)
    assert main(["demo", "--server", "pymap"]) == PROBLEM
    assert "needs an IMAP server" in " ".join(capsys.readouterr().err.split())
