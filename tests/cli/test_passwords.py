"""Where passwords come from, and which wins."""

from __future__ import annotations

import getpass
import os
import shlex
import sys
from pathlib import Path
from types import ModuleType

import pytest

from imaplib2._cli import passwords
from imaplib2._cli.failures import USAGE, Failure
from imaplib2._cli.passwords import Wanted, find, netrc_user, output_of

from .helpers import Kept

WANTED = Wanted("imap.example.org", "fred")


@pytest.fixture
def netrc(nobody_home: Path) -> Path:
    path = nobody_home / ".netrc"
    path.touch(0o600)
    path.write_text("machine imap.example.org login fred password from-netrc")
    return path


class Keyring(ModuleType):
    """The package keyring."""

    def get_password(self, host: str, user: str) -> str | None:
        if user == "broken":
            raise RuntimeError("no D-Bus")
        return {("imap.example.org", "fred"): "from-keyring"}.get((host, user))


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", Keyring("keyring"))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The prompts; each is answered."""
    prompts: list[str] = []

    def answer(prompt: str) -> str:
        prompts.append(prompt)
        return "typed"

    monkeypatch.setattr(passwords, "_has_terminal", lambda: True)
    monkeypatch.setattr(getpass, "getpass", answer)
    return prompts


@pytest.mark.usefixtures("netrc", "keyring", "terminal")
def test_what_help_tells_first_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nobody_home: Path
) -> None:
    console = Kept()
    file = tmp_path / "password"
    file.touch(0o600)
    file.write_text("from-file\n")
    command = "echo from-command"
    monkeypatch.setenv("IMAPLIB2_PASSWORD", "from-environment")
    found = [
        find(WANTED._replace(command=command, file=str(file)), console),
        find(WANTED._replace(file=str(file)), console),
        find(WANTED, console),
    ]
    monkeypatch.delenv("IMAPLIB2_PASSWORD")
    found.append(find(WANTED, console))
    (nobody_home / ".netrc").unlink()
    found.append(find(WANTED, console))
    found.append(find(WANTED._replace(user="jane"), console))
    assert found == [
        *("from-command", "from-file", "from-environment", "from-netrc", "from-keyring", "typed")
    ]
    assert console.told == ""


def test_the_prompt_says_whose_it_is(terminal: list[str]) -> None:
    assert find(WANTED._replace(user="\x1b[1m"), Kept()) == "typed"
    assert terminal == ["Password of \\x1b[1m on imap.example.org: "]


def test_without_a_terminal_there_is_nobody_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(Failure, match="no terminal to ask") as caught:
        find(WANTED, Kept())
    assert caught.value.status == USAGE
    assert "--password-file" in caught.value.advice


def test_an_ended_terminal(monkeypatch: pytest.MonkeyPatch, terminal: list[str]) -> None:
    def end(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", end)
    with pytest.raises(Failure, match="There is no password"):
        find(WANTED, Kept())


def test_a_file_that_others_may_read_is_used_with_a_warning(tmp_path: Path, netrc: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes("pässwort\r\nmore".encode())
    console = Kept()
    file.chmod(0o640)
    assert find(WANTED._replace(file=str(file)), console) == "pässwort"
    assert f"Others may read {file}." in console.told.replace("  ", " ")
    netrc.chmod(0o604)
    assert find(WANTED, console) == "from-netrc"
    assert f"chmod 600 {netrc}" in console.told


@pytest.mark.parametrize(
    ("content", "problem"), [(b"", "first line is empty"), (b"\xff", "isn't UTF-8")]
)
def test_files_without_a_password(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "password"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(Failure, match=problem):
        find(WANTED._replace(file=str(file)), Kept())
    with pytest.raises(Failure, match="can't be read"):
        find(WANTED._replace(file=str(tmp_path / "none")), Kept())


def test_commands_that_fail() -> None:
    with pytest.raises(Failure, match="with exit status 3") as caught:
        output_of("exit 3", "token command")
    assert caught.value.advice == "It is: exit 3"
    program = shlex.quote("print('a b'); print('c')")
    assert output_of(f"{shlex.quote(sys.executable)} -c {program}", "x") == "a b"


def test_netrc_names_users(netrc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    console = Kept()
    assert netrc_user("imap.example.org", console) == "fred"
    assert netrc_user("mail.example.net", console) is None
    other = netrc.with_name("other")
    other.write_text("machine imap.example.org login ''\n")
    monkeypatch.setenv("NETRC", str(other))
    other.chmod(0o600)
    assert find_none(console)
    for content in (b"machine", b"machine a login b password correct horse", b"\xff"):
        other.write_bytes(content)
        console = Kept()
        assert netrc_user("imap.example.org", console) is None
        assert "can't be understood" in console.told
        assert "horse" not in console.told


def find_none(console: Kept) -> bool:
    return passwords._of_netrc(WANTED._replace(user="jane"), console) is None


def test_what_the_environment_has_is_not_for_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_from_environment", [])
    monkeypatch.setenv("IMAPLIB2_PASSWORD", "secret")
    for _ in range(2):
        passwords.conceal()
        assert "IMAPLIB2_PASSWORD" not in os.environ
        assert find(WANTED, Kept()) == "secret"


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_from_environment", [])
    monkeypatch.setenv("IMAPLIB2_PASSWORD", "")
    passwords.conceal()
    assert passwords._of_environment(WANTED, Kept()) is None


def test_a_keyring_out_of_order(keyring: None) -> None:
    console = Kept()
    assert passwords._of_keyring(WANTED._replace(user="broken"), console) is None
    assert "The keyring can't be asked: no D-Bus" in console.told


def test_whether_there_is_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    opened: list[str] = []

    def succeed(path: str, flags: int) -> int:
        opened.append(path)
        return os.dup(0)

    def fail(path: str, flags: int) -> int:
        raise OSError(6, "No such device")

    monkeypatch.setattr(os, "open", fail)
    assert not passwords._has_terminal()
    monkeypatch.setattr(os, "open", succeed)
    assert passwords._has_terminal()
    assert opened == ["/dev/tty"]
    monkeypatch.setattr(os, "name", "nt")
    monkeypatch.setattr(sys, "stdin", None)
    assert not passwords._has_terminal()
