"""What a ready socket tells of its connection, and what is none."""

from __future__ import annotations

import socket
import ssl
from types import SimpleNamespace
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL
from imaplib2._ready_socket import settled


def socket_like(**attributes: Any) -> Any:
    return SimpleNamespace(recv=None, **attributes)


def test_what_is_given_counts() -> None:
    sock = socket_like(getpeername=lambda: ("10.0.0.1", 1143), gettimeout=lambda: 7.5)
    assert settled(sock, "example.org", 5, 3) == ("example.org", 5, 3)
    assert settled(sock, None, None, None) == ("10.0.0.1", 1143, 7.5)
    assert settled(sock, "", "", None) == ("10.0.0.1", 1143, 7.5)


@pytest.mark.parametrize("timeout", [0.0, None])
def test_a_socket_without_a_timeout(timeout: float | None) -> None:
    assert settled(socket_like(gettimeout=lambda: timeout), "x", 5, None) == ("x", 5, None)


def test_the_peer_by_ipv6() -> None:
    sock = socket_like(getpeername=lambda: ("::1", 143, 0, 0))
    assert settled(sock, None, None, None) == ("::1", 143, None)


def test_tls_knows_the_name() -> None:
    sock = socket_like(server_hostname="example.org", getpeername=lambda: ("10.0.0.1", 993))
    assert settled(sock, None, None, None) == ("example.org", 993, None)


def test_a_peer_without_host_and_port() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        if ours.family == getattr(socket, "AF_UNIX", None):
            assert settled(ours, None, None, None) == (None, None, None)


def test_a_socket_that_is_not_connected() -> None:
    with socket.socket() as sock:
        assert settled(sock, None, None, None) == (None, None, None)


def test_a_file_will_do() -> None:
    assert settled(SimpleNamespace(makefile=None), "x", None, None) == ("x", None, None)


@pytest.mark.parametrize("wrong", ["host", 5, b"", ("host", 5), object(), socket.socket, True])
@pytest.mark.parametrize("cls", [IMAP4, IMAP4_SSL])
def test_what_is_no_socket(cls: type[IMAP4], wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"^sock must be a connected socket, not "):
        cls(sock=wrong, ssl_context=ssl.create_default_context()) if cls is IMAP4_SSL else cls(
            sock=wrong
        )
