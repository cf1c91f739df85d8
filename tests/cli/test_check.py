"""What `check` says of things that a test can't have a server for."""

from __future__ import annotations

import importlib.util
from importlib import metadata
from typing import Any

import pytest

import imaplib2
from imaplib2._cli import check
from imaplib2._cli.checking.certificates import Certificate
from imaplib2._cli.checking.report import Report
from imaplib2._clock import Clock

from .helpers import Kept, account


def told(function: Any, *arguments: Any) -> str:
    """What *function* has reported, in one line."""
    console = Kept()
    report = Report(console, as_json=False)
    function(*(report if argument is Report else argument for argument in arguments))
    report.finish("well")
    return " ".join(console.shown.split())


def test_which_package_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "imaplib2" and versions:
            return versions.pop()
        raise metadata.PackageNotFoundError

    versions: list[str] = []
    monkeypatch.setattr(metadata, "version", version)
    text = told(check.about_ourselves, Report)
    assert f"{imaplib2.__version__}, in " in text
    assert "✓ well" in text
    versions = [imaplib2.__version__]
    assert "Another package" not in told(check.about_ourselves, Report)
    versions = ["3.6"]
    assert "Another package called imaplib2, version 3.6" in told(check.about_ourselves, Report)


@pytest.mark.parametrize(
    ("days", "texts"),
    [
        (100, ["for 100 more days", "✓ well"]),
        (3, ["for 3 more days", "! The certificate expires soon"]),
        (-2, [", expired "]),
    ],
)
def test_how_long_a_certificate_is_valid(days: int, texts: list[str]) -> None:
    end = Clock.wall() + days * 86400 + 60
    names = tuple(f"{number}.example.org" for number in range(10))
    certificate = Certificate("ab" * 32, "", "CN=x", names, None, end)
    text = told(check.about_certificate, certificate, Report, "trusted")
    assert all(part in text for part in [*texts, "(empty)", "7.example.org, and 2 more"])


def test_a_certificate_that_cannot_be_read() -> None:
    text = told(check.about_certificate, Certificate("ab" * 32), Report, "not trusted")
    assert text == f"Certificate SHA-256 {'ab' * 32} verdict not trusted ✓ well"
    certificate = Certificate("ab" * 32, "CN=x", "CN=x", (), None, None)
    text = told(check.about_certificate, certificate, Report, "trusted")
    assert "names (none) valid ? to ?, ?" in text


class Tunnel:
    """A client of the other side of a tunnel."""

    capabilities, sock = (), None


def test_a_tunnel() -> None:
    tunnel = account(security="command", command="ssh mail imapd")
    text = told(check.about_connection, Tunnel(), tunnel, Report, 0.012)
    assert "server home connected in 12 ms by a tunnel: ssh mail imapd" in text


@pytest.mark.parametrize(
    ("mechanisms", "security", "text"),
    [
        ([], "plain", "lets nobody log in on a connection that isn't encrypted"),
        ([], "tls", "offers no way to log in"),
        (["PLAIN"], "tls", "✓ well"),
    ],
)
def test_ways_to_log_in(mechanisms: list[str], security: str, text: str) -> None:
    assert text in told(check._about_mechanisms, mechanisms, account(security=security), Report)


def test_whether_scram_can_be_used() -> None:
    assert check._has_scramp() is (importlib.util.find_spec("scramp") is not None)


@pytest.mark.parametrize("is_there", [True, False])
def test_scram_needs_a_package(is_there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "_has_scramp", lambda: is_there)
    text = told(check._about_mechanisms, ["SCRAM-SHA-256"], account(), Report)
    assert ("pip install scramp" in text) is not is_there


@pytest.mark.parametrize(
    ("greeting", "shown"),
    [
        ("* OK [CAPABILITY IMAP4rev1] hello", "* OK hello"),
        ("* OK [ALERT] hello", "* OK [ALERT] hello"),
        ("* OK", "* OK"),
    ],
)
def test_the_greeting_is_shown_without_capabilities(greeting: str, shown: str) -> None:
    assert check._without_code(greeting) == shown
