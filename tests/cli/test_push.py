"""What `push` takes."""

from __future__ import annotations

from pathlib import Path

from imaplib2._cli.main import parser


def test_arguments() -> None:
    options = parser().parse_args(["push", "x", "home", "INBOX", "--create"])
    assert (options.folder, options.host, options.mailbox) == (Path("x"), "home", "INBOX")
    assert (options.create, options.deleted, options.dry_run) == (True, False, False)
