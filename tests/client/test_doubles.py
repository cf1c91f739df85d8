"""Test doubles: subclasses that never connect, as programs written for imaplib have them."""

from __future__ import annotations

import imaplib
from typing import Any

import pytest

import imaplib2

LIBRARIES = pytest.mark.parametrize("library", [imaplib, imaplib2])


class Placeholder:
    """Stands for a socket."""

    def close(self) -> None:
        """Nothing is open."""


def double(library: Any, **methods: Any) -> Any:
    """An instance of an ``IMAP4`` that replaces ``open`` and ``_connect``."""

    class Double(library.IMAP4):  # type: ignore[misc]
        def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
            self.host, self.port, self.timeout_seen = host, port, timeout
            self.sock = Placeholder()

        def _connect(self) -> None:
            self.capabilities = ("IMAP4REV1", "IDLE", "ENABLE")
            self.PROTOCOL_VERSION = "IMAP4REV1"
            self.state = "AUTH"

        def shutdown(self) -> None:
            self.sock.close()

    return type("Double", (Double,), methods)("mail.example.org", 1143, 5)


@LIBRARIES
def test_a_double_is_asked_to_open_and_to_connect(library: Any) -> None:
    M = double(library)
    assert (M.host, M.port, M.timeout_seen) == ("mail.example.org", 1143, 5)
    assert isinstance(M.sock, Placeholder)
    assert (M.state, M.capabilities[0], M.PROTOCOL_VERSION) == ("AUTH", "IMAP4REV1", "IMAP4REV1")


@LIBRARIES
def test_a_double_that_can_not_connect_says_why_and_is_shut_down(library: Any) -> None:
    shut_down = []

    def refuse(self: Any) -> None:
        raise LookupError("no greeting today")

    with pytest.raises(LookupError, match="no greeting today"):
        double(library, _connect=refuse, shutdown=lambda self: shut_down.append(self))
    assert len(shut_down) == 1


def test_log_takes_a_line_with_and_without_a_level(capsys: pytest.CaptureFixture[str]) -> None:
    M = double(imaplib2)
    M._log(3, "as in imaplib2 3.x")
    M._log("as in imaplib")
    M.print_log()
    shown = capsys.readouterr().err
    assert shown.index("as in imaplib2 3.x") < shown.rindex("as in imaplib")
