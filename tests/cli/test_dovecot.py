"""Which Dovecot is started, and how: see with_server/test_demo.py for what it does then."""

from __future__ import annotations

import io
import os
import re
import socket
import sys
from pathlib import Path

import pytest

from imaplib2._cli.demonstration import children, dovecot
from imaplib2._cli.failures import Failure

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there is no Dovecot")


def script(folder: Path, version: str, text: str = "exit 1") -> str:
    """A program that says it is Dovecot of that *version*."""
    path = folder / "dovecot"
    path.write_text(
        f"#!/bin/sh\nif [ $1 = --version ]; then echo '{version} (9b53102964)'; exit; fi\n{text}\n"
    )
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("version", "is_known"), [("2.3.19.1", True), ("2.4.1-4", True), ("2.2.36", False)]
)
def test_versions(
    version: str, is_known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = script(tmp_path, version)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(dovecot.os.path, "exists", lambda _: True)
    assert dovecot.program() == (found if is_known else None)
    monkeypatch.setattr(dovecot.os.path, "exists", lambda _: False)
    assert dovecot.program() is None


@pytest.fixture
def as_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dovecot, "_runs_as", lambda folder: ("games", "games", {}))


@pytest.mark.usefixtures("as_we_are")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("exit 1", "it tells no reason"),
        ("dirname $3 | xargs -I{} sh -c 'echo one > {}/log; echo two >> {}/log'; exit 1", "two"),
    ],
)
def test_one_that_does_not_start(text: str, told: str, tmp_path: Path) -> None:
    found = script(tmp_path, "2.3.19.1", text)
    with pytest.raises(Failure, match=told), dovecot.started(found, "demo", "secret", 1):
        raise AssertionError


@pytest.mark.usefixtures("as_we_are")
@pytest.mark.parametrize("version", ["2.3.19.1", "2.4.1"])
def test_one_that_starts(
    version: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its configuration is there, and nobody else's to read, until its input ends."""
    greeter = (
        "import socket, sys; server = socket.create_server(('127.0.0.1', 0));"
        " open(sys.argv[1], 'w').write(str(server.getsockname()[1]))\n"
        "for text in b'* BYE', b'* OK ready':"
        "\n    client = server.accept()[0]; client.send(text); client.close()"
    )
    (tmp_path / "greeter.py").write_text(greeter)
    copy = f"cp -rp $(dirname $3) {tmp_path}/copy"
    found = script(
        tmp_path, version, f"{copy}; exec {sys.executable} {tmp_path}/greeter.py {tmp_path}/port"
    )
    connect = socket.create_connection

    def to_greeter(_: object, timeout: float) -> socket.socket:
        try:
            return connect(("127.0.0.1", int((tmp_path / "port").read_text())), timeout)
        except ValueError as problem:
            raise OSError from problem

    monkeypatch.setattr(dovecot.socket, "create_connection", to_greeter)
    told = {"program": found, "user": "demo", "password": "secret", "port": 7}
    monkeypatch.setattr(children, "first_line", lambda: told)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    dovecot.main()
    assert capsys.readouterr().out == '{"port": 7}\n'
    configuration = (tmp_path / "copy" / "dovecot.conf").read_text()
    assert "port = 7\n" in configuration
    # Else an idle loop hears of nothing where the system has no inotify to spare.
    assert "mailbox_idle_check_interval = 1 s\n" in configuration
    assert "$" not in configuration
    assert "secret" not in configuration
    users = tmp_path / "copy" / "users"
    assert users.read_text() == "demo:{PLAIN}secret\n"
    assert users.stat().st_mode & 0o077 == 0
    (folder,) = re.findall("base_dir = (.*)/run", configuration)
    assert not os.path.exists(folder)


@pytest.mark.usefixtures("as_we_are")
def test_what_a_child_of_it_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"program": script(tmp_path, "2.4.1"), "user": "demo", "password": "x", "port": 7}
    monkeypatch.setattr(children, "first_line", lambda: told)
    with pytest.raises(SystemExit, match="Dovecot doesn't start"):
        dovecot.main()


def test_whom_it_runs_as(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed: list[tuple[str, str]] = []
    monkeypatch.setattr(
        dovecot.shutil, "chown", lambda path, user, group: changed.append((str(path), user))
    )
    (tmp_path / "users").touch()
    monkeypatch.setattr(dovecot.os, "geteuid", lambda: 0)
    user, group, options = dovecot._runs_as(str(tmp_path))
    assert (user, options["user"], options["group"]) == ("nobody", "nobody", group)
    assert (str(tmp_path), "nobody") in changed
    assert (str(tmp_path / "users"), "nobody") in changed
    changed.clear()
    monkeypatch.setattr(dovecot.os, "geteuid", lambda: 1)
    assert dovecot._runs_as(str(tmp_path))[2] == {}
    assert not changed
