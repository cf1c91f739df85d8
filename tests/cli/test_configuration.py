"""The configuration file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from imaplib2._cli import configuration
from imaplib2._cli.failures import USAGE, Failure

from ..needs import need_package

if sys.version_info < (3, 11):
    need_package("tomli")


@pytest.fixture
def file(nobody_home: Path) -> Path:
    path = nobody_home / ".config" / "imaplib2" / "config.toml"
    path.parent.mkdir(parents=True)
    return path


def test_without_a_file_there_are_no_accounts() -> None:
    assert configuration.account("work") is None
    assert configuration.names() == {}


def test_accounts(file: Path) -> None:
    file.write_text(
        """
        [accounts.work]
        host = "imap.example.org"
        port = 143
        security = "starttls"
        timeout = 5
        ca_file = "~/ca.pem"
        allow_clear_text = true
        fingerprint = "AB:%s"
        [accounts.tunnel]
        command = "ssh mail imapd"
        """
        % ("cd" * 31)
    )
    work = configuration.account("work")
    assert work == {
        "host": "imap.example.org", "port": 143, "security": "starttls", "timeout": 5.0,
        "ca_file": str(Path("~/ca.pem").expanduser()), "allow_clear_text": True,
        "fingerprint": "ab" + "cd" * 31,
    }  # fmt: skip
    assert configuration.account("tunnel") == {"host": "tunnel", "command": "ssh mail imapd"}
    assert configuration.account("imap.example.org") is None
    assert [*configuration.names()] == ["work", "tunnel"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("accounts", "is no TOML"),
        ("accounts = " + "[" * 5000, "is no TOML"),
        ("accounts = 1", "must be tables"),
        ("accounts.x = 1", "must be a table"),
        ("accounts.x.hots = 'a'", "unknown key hots"),
        ("accounts.x.host = 1", "must be text"),
        ("accounts.x = {host='a', port='b'}", "must be a number"),
        ("accounts.x = {host='a', port=true}", "must be a number"),
        ("accounts.x = {host='a', allow_clear_text=1}", "must be true or false"),
        ("accounts.x = {host='a', port=70000}", "port is a number"),
        ("accounts.x = {host='a', security='ssl'}", "one of tls, starttls, plain"),
        ("accounts.x = {user='a'}", "has no host"),
        ("\udcff", "can't be read"),
    ],
)
def test_what_cannot_be_meant(file: Path, text: str, problem: str) -> None:
    file.write_text(text, "utf-8", "surrogateescape")
    with pytest.raises(Failure, match=problem) as caught:
        configuration.account("x")
    assert caught.value.status == USAGE
    assert str(file) in caught.value.text


def test_its_place_may_be_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/etc")
    assert configuration.path() == "/etc/imaplib2/config.toml"
    monkeypatch.setenv("IMAPLIB2_CONFIG", str(tmp_path))
    with pytest.raises(Failure, match="can't be read"):
        configuration.names()


def test_without_a_reader_of_toml(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("")
    monkeypatch.setitem(sys.modules, "tomllib", None)
    monkeypatch.setitem(sys.modules, "tomli", None)
    with pytest.raises(Failure, match="needs the package tomli"):
        configuration.names()


def test_a_password_stands_elsewhere(file: Path) -> None:
    """And isn't told on."""
    file.write_text("accounts.x = {host='a', password='hunter2'}")
    with pytest.raises(Failure, match="unknown key password") as caught:
        configuration.account("x")
    assert "by password_file" in caught.value.advice
    assert "hunter2" not in f"{caught.value.text} {caught.value.advice}"
