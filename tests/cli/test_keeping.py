"""What `demo --keep` tells, and leaves behind."""

from __future__ import annotations

import os
import re
import stat
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from imaplib2._cli import configuration
from imaplib2._cli.demonstration import keeping
from imaplib2._cli.demonstration.servers import Running
from imaplib2._cli.failures import Failure

from .helpers import Kept

SERVER = Running("pymap", 4143, "demo", "secret-7")


def keep(monkeypatch: pytest.MonkeyPatch, deliver: Any = None) -> Kept:
    monkeypatch.setattr(keeping, "_deliver", deliver or (lambda *_: None))
    monkeypatch.setattr(keeping, "program", lambda: "imaplib2")
    console = Kept()
    keeping.keep(SERVER, 300, console)
    return console


def test_the_lines_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    def deliver(*_: Any) -> None:
        (path,) = folder.glob("imaplib2-demo-*/config.toml")
        paths.append(path)
        monkeypatch.setenv("IMAPLIB2_CONFIG", str(path))
        if sys.version_info >= (3, 11):
            found = configuration.account("demo")
            assert found is not None
            assert (found["port"], found["user"]) == (4143, "demo")
            assert Path(found["password_file"]).read_text() == "secret-7\n"
        assert not [p for p in path.parent.iterdir() if os.name == "posix" and _shared(p)]

    folder = Path(os.environ["HOME"])
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr(keeping.util, "find_spec", lambda _: True)
    paths: list[Path] = []
    shown = keep(monkeypatch, deliver).shown
    assert f"\n    export IMAPLIB2_CONFIG={paths[0]}\n    imaplib2 check demo\n" in shown
    assert "\n    imaplib2 fetch demo INBOX --to demo-backup\n" in shown
    assert "\n    imaplib2 watch demo INBOX\n" in shown
    assert "secret-7" not in shown
    assert not [*folder.iterdir()]


def _shared(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def test_where_nothing_reads_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping.sys, "version_info", (3, 10))
    monkeypatch.setattr(keeping.util, "find_spec", lambda _: None)
    monkeypatch.setattr(keeping.os, "name", "nt")
    shown = keep(monkeypatch).shown
    assert "set IMAPLIB2_PASSWORD=secret-7\n" in shown
    assert "check demo@127.0.0.1:4143 --plain --allow-clear-text\n" in shown
    assert max(map(len, shown.splitlines())) < 100


@pytest.mark.parametrize(
    ("argument", "found", "text"),
    [
        ("/x/imaplib2", "/x/imaplib2", "imaplib2"),
        ("/x/imaplib2", "/y/imaplib2", "/x/imaplib2"),
        (".venv/bin/imaplib2", None, ".venv/bin/imaplib2"),
        ("/a b/imaplib2", None, "'/a b/imaplib2'"),
        ("/x/imaplib2/__main__.py", None, r".*python.* -m imaplib2"),
    ],
)
def test_how_it_was_started(
    argument: str, found: str | None, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping.sys, "argv", [argument])
    monkeypatch.setattr(keeping.shutil, "which", lambda _: found)
    assert re.fullmatch(text, keeping.program())


@pytest.mark.parametrize(
    ("started", "folder"),
    [
        ("imaplib2", []),
        ("/x/imaplib2", []),
        ("'/a b/imaplib2'", []),
        ("/x/python -m imaplib2", []),
        (".venv/bin/imaplib2", ["cd '/a b'"]),
        ("'my venv/bin/imaplib2'", ["cd '/a b'"]),
    ],
)
def test_other_terminals_may_be_elsewhere(
    started: str, folder: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping.os, "getcwd", lambda: "/a b")
    assert keeping._folder(started) == folder


def test_a_server_that_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr(keeping, "_INTERVAL", 0.0)
    monkeypatch.setattr("imaplib2.IMAP4", refuse)
    with pytest.raises(Failure, match="has ended: refused"):
        keeping._deliver(SERVER)


def test_time_passes_between_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(seconds: float) -> None:
        assert seconds > 1
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        keeping._deliver(SERVER)
