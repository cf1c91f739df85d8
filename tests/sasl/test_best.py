"""The best way to log in: which are tried, in which order, and where the password may be shown."""

from __future__ import annotations

import socket
import sys
from typing import Any

import pytest

from imaplib2 import _auth
from imaplib2._errors import InvalidArgument, error
from imaplib2._sasl import best, scram
from imaplib2._sasl.best import CramMD5, attempts, has_local_peer, is_local, is_loopback, is_private

from ..needs import need_package
from .helpers import FakeClient

need_package("scramp")

SCRAM = "SCRAM-SHA-256 SCRAM-SHA-1"
ALL = ("AUTH=LOGIN", "AUTH=CRAM-MD5", "AUTH=PLAIN", "AUTH=SCRAM-SHA-1", "AUTH=SCRAM-SHA-256")


def names(offered: Any, password: Any = "secret", *, may_be_shown: bool = True) -> list[str]:
    """The mechanisms that would be tried."""
    client: Any = FakeClient(offered)
    found = attempts(client, "fred", password, may_be_shown=may_be_shown)
    return [attempt._mechanism.name for attempt in found]


@pytest.mark.parametrize(
    ("offered", "shown", "hidden"),
    [
        (ALL, f"{SCRAM} PLAIN CRAM-MD5 LOGIN", f"{SCRAM} CRAM-MD5"),
        (("AUTH=PLAIN",), "PLAIN LOGIN", None),
        (("AUTH=PLAIN", "LOGINDISABLED"), "PLAIN", None),
        (("AUTH=CRAM-MD5", "LOGINDISABLED"), "CRAM-MD5", "CRAM-MD5"),
        (("AUTH=XOAUTH2", "LOGINDISABLED"), None, None),
        ((), "LOGIN", None),
        (("AUTH=SCRAM-SHA-256-PLUS", "LOGINDISABLED"), None, None),
    ],
)
def test_the_order(offered: Any, shown: str | None, hidden: str | None) -> None:
    for order, may_be_shown in ((shown, True), (hidden, False)):
        if order is not None:
            assert names(offered, may_be_shown=may_be_shown) == order.split()
            continue
        said = "known here" if may_be_shown else "is not encrypted"
        with pytest.raises(error, match=f"^login_best: the server offers no login .*{said}"):
            names(offered, may_be_shown=may_be_shown)


def test_without_scramp_the_others_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scramp", None)
    assert names(ALL) == ["PLAIN", "CRAM-MD5", "LOGIN"]
    assert names(ALL, may_be_shown=False) == ["CRAM-MD5"]
    with pytest.raises(scram.ScrampMissing, match="pip install scramp"):
        names(("AUTH=SCRAM-SHA-1",), may_be_shown=False)
    with pytest.raises(error, match="offers no login"):
        names((), may_be_shown=False)


def test_a_password_that_scram_does_not_take_is_for_the_others() -> None:
    assert names(ALL, b"\xff") == ["PLAIN", "CRAM-MD5", "LOGIN"]
    with pytest.raises(InvalidArgument, match="SCRAM-SHA-256: user and password must be text"):
        names(("AUTH=SCRAM-SHA-256",), b"\xff", may_be_shown=False)


def test_cram_md5_has_one_answer() -> None:
    mechanism = CramMD5("tim", "tanstaaftanstaaf")
    assert mechanism.unasked() is None
    assert not mechanism.is_judged
    challenge = b"PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+"
    answer = b"dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"
    assert _auth.respond(mechanism, challenge) == answer
    assert mechanism.is_judged
    assert _auth.respond(mechanism, challenge) is None


# -- Who else sees it -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True), ("127.8.9.10", True), ("::1", True), ("::ffff:127.0.0.1", True),
        ("::1%lo", True), ("10.0.0.1", False), ("::ffff:10.0.0.1", False), ("fe80::1%eth0", False),
        ("0.0.0.0", False), ("::", False), ("localhost", False), ("", False), ("127.1", False),
    ],
)  # fmt: skip
def test_which_addresses_are_loopback(host: str, local: bool) -> None:
    assert is_loopback(host) is local


class Peer:
    """A socket that is connected to an *address*."""

    def __init__(self, address: Any, family: str = "AF_INET") -> None:
        self._address = address
        self.family = getattr(socket, family, None)

    def getpeername(self) -> Any:
        if isinstance(self._address, OSError):
            raise self._address
        return self._address


@pytest.mark.parametrize(
    ("sock", "local"),
    [
        (Peer(("127.0.0.1", 143)), True),
        (Peer(("::1", 143, 0, 0)), True),
        (Peer(("192.0.2.1", 143)), False),
        (Peer("/run/imap.sock", "AF_UNIX"), True),
        (Peer(b"\0abstract", "AF_UNIX"), True),
        (Peer("203.0.113.5"), False),
        (Peer(["203.0.113.5", 143]), False),
        (Peer(None), False),
        (Peer(OSError("not connected")), False),
        (None, False),
        (object(), False),
    ],
)
def test_whose_peer_is_on_this_machine(sock: Any, local: bool) -> None:
    assert has_local_peer(sock) is local
    client: Any = FakeClient()
    client.sock = sock
    # It may be a proxy that listens here.
    assert not is_private(client)
    client.host = "localhost"
    assert is_private(client) is local


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("", True), ("localhost", True), ("LOCALHOST.", True), ("127.0.0.1", True), ("::1", True),
        ("imap.example.org", False), ("192.0.2.1", False), ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
    ],
)  # fmt: skip
def test_who_is_this_machine(host: str, local: bool) -> None:
    assert is_local(host) is local


def test_a_real_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not has_local_peer(server)
        with socket.create_connection(server.getsockname()) as sock:
            assert has_local_peer(sock)


def test_tls_and_a_child_process_are_private(monkeypatch: pytest.MonkeyPatch) -> None:
    client: Any = FakeClient()
    assert not is_private(client)
    client.has_child = True
    assert is_private(client)
    client.has_child, client._tls_established = False, True
    assert is_private(client)
    client._tls_established = False
    monkeypatch.setattr(best, "is_tls", lambda sock: True)
    assert is_private(client)
