"""A ready socket: through a proxy, say. It is used as it is, and belongs to the connection."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import pytest

import imaplib2
from imaplib2 import IMAP4, IMAP4_SSL

from ...server.contexts import Contexts
from ...server.helpers import (
    SECONDS,
    Serve,
    abort,
    agree,
    duration,
    error,
    greet,
    greet_authenticated,
)
from ...server.scripted import Peer

pytestmark = pytest.mark.timeout(20)


def script(peer: Peer) -> None:
    greet_authenticated(peer)
    agree(peer, "NOOP")
    peer.relax()
    peer.serve_logout()


def connect(server: Any) -> socket.socket:
    return socket.create_connection((server.host, server.port), SECONDS)


def never(*arguments: Any, **options: Any) -> Any:
    raise AssertionError("nothing is to be connected")


@pytest.fixture
def ready(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """A socket that is connected to a server; none else will be."""
    sock = connect(serve(script))
    monkeypatch.setattr(socket, "create_connection", never)
    return sock


def test_it_is_used(ready: socket.socket) -> None:
    peer = ready.getpeername()
    with IMAP4(sock=ready) as M:
        assert M.sock is ready
        assert (M.host, M.port) == peer[:2]
        assert M.noop() == ("OK", [b"done"])
    assert ready.fileno() == -1


def test_host_and_port_are_what_is_told(ready: socket.socket) -> None:
    with IMAP4("imap.example.org", 1143, sock=ready) as M:
        assert (M.host, M.port) == ("imap.example.org", 1143)
        assert "imap.example.org:1143" in repr(M)
        assert M.identifier == "imaplib2 imap.example.org"
        M.noop()
        M.shutdown()
        assert "imap.example.org:1143" in str(M.reason)
        assert M.reason.where == "imap.example.org:1143"


@pytest.mark.parametrize("given", [None, 3.5])
@pytest.mark.parametrize("own", [None, 0, 7.5])
def test_the_timeout_is_the_sockets_unless_one_is_given(
    ready: socket.socket, own: float | None, given: float | None
) -> None:
    ready.settimeout(own)
    with IMAP4(sock=ready, timeout=given) as M:
        assert M.timeout == M.sock.gettimeout() == (given or own or None)
        M.noop()


def test_it_bounds_the_greeting(serve: Serve) -> None:
    sock = connect(serve(Peer.hold))
    sock.settimeout(0.1)
    with pytest.raises(abort, match="greeting"), duration(0.1, 1):
        IMAP4(sock=sock)
    assert sock.fileno() == -1


def test_a_socketpair() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(b"* PREAUTH [CAPABILITY IMAP4rev1] ready\r\n")
    M = IMAP4(sock=ours)
    assert M.state == "AUTH"
    theirs.close()
    M.shutdown()
    assert ours.fileno() == -1


# -- TLS -----------------------------------------------------------------------------------------


def test_it_is_wrapped(serve: Serve, tls: Contexts) -> None:
    server = serve(script, tls=tls.server)
    with IMAP4_SSL("localhost", sock=connect(server), ssl_context=tls.client) as M:
        assert isinstance(M.ssl(), ssl.SSLSocket)
        assert M.ssl().server_hostname == "localhost"
        assert M.noop() == ("OK", [b"done"])


@pytest.mark.parametrize("cls", [IMAP4, IMAP4_SSL])
def test_tls_is_used_as_it_is(serve: Serve, tls: Contexts, cls: type[IMAP4]) -> None:
    server = serve(script, tls=tls.server)
    sock = tls.client.wrap_socket(connect(server), server_hostname="localhost")
    with cls(sock=sock) as M:
        assert M.sock is sock
        assert M.host == "localhost"
        with pytest.raises(abort, match="TLS session already established"):
            M.starttls()
        assert M.noop() == ("OK", [b"done"])


@pytest.mark.parametrize("option", ["ca_certs", "cert_verify_cb"])
def test_what_would_not_be_asked_is_refused(serve: Serve, tls: Contexts, option: str) -> None:
    server = serve(lambda peer: peer.wait_closed(), tls=tls.server)
    with tls.client.wrap_socket(connect(server), server_hostname="localhost") as sock:
        value: Any = tls.files.ca if option == "ca_certs" else never
        with pytest.raises(ValueError, match="sock is encrypted"):
            IMAP4_SSL(sock=sock, **{option: value})
        assert sock.fileno() >= 0


def test_the_name_is_verified(serve: Serve, tls: Contexts) -> None:
    server = serve(lambda peer: None, tls=tls.server)
    sock = connect(server)
    with pytest.raises(ssl.SSLCertVerificationError):
        IMAP4_SSL("imap.example.org", sock=sock, ssl_context=tls.client)
    assert sock.fileno() == -1


def test_by_default_the_authorities_are_verified(serve: Serve, tls: Contexts) -> None:
    server = serve(lambda peer: None, tls=tls.server)
    with pytest.raises(ssl.SSLCertVerificationError):
        IMAP4_SSL("localhost", sock=connect(server))


def test_without_a_name_the_address_is_verified(serve: Serve, tls: Contexts) -> None:
    """It stands in this certificate."""
    server = serve(script, tls=tls.server)
    with IMAP4_SSL(sock=connect(server), ca_certs=tls.files.ca) as M:
        assert M.ssl().server_hostname == server.host
        M.noop()


def test_it_is_encrypted_later(serve: Serve, tls: Contexts) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        peer.starttls(tls.server)
        peer.capability()
        peer.serve_logout()

    with IMAP4("localhost", sock=connect(serve(script))) as M:
        M.starttls(ssl_context=tls.client)
        assert M.sock.server_hostname == "localhost"  # type: ignore[attr-defined]


# -- Whose it is ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "greeting", [b"* BYE go away\r\n", b"220 mail\r\n", b"* OK [CAPABILITY X] no\r\n", b""]
)
def test_it_is_closed_when_the_server_does_not_greet(serve: Serve, greeting: bytes) -> None:
    sock = connect(serve(lambda peer: peer.send(greeting)))
    with pytest.raises(error):
        IMAP4(sock=sock)
    assert sock.fileno() == -1


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"timeout": 0}, ValueError),
        ({"timeout": "x"}, TypeError),
        ({"port": "no such service"}, OSError),
        ({"identify": 5}, TypeError),
        ({"identify": {"a": "\r\n"}}, ValueError),
    ],
)
@pytest.mark.parametrize("cls", [IMAP4, IMAP4_SSL])
def test_it_stays_its_owners_when_an_argument_is_refused(
    cls: type[IMAP4], options: dict[str, Any], kind: type[Exception]
) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with pytest.raises(kind):
            cls(sock=ours, **options)
        assert ours.fileno() >= 0


def test_one_that_is_not_connected() -> None:
    sock = socket.socket()
    with pytest.raises(abort) as raised:
        IMAP4(sock=sock)
    assert isinstance(raised.value, OSError)
    assert sock.fileno() == -1


def test_a_second_init_connects_by_itself(serve: Serve) -> None:
    server = serve(script)
    M = IMAP4(sock=connect(server))
    first = M.sock
    M.noop()
    M.__init__(server.host, server.port)  # type: ignore[misc]
    assert first.fileno() == -1
    assert M.sock is not first
    M.noop()
    third = connect(server)
    M.__init__(sock=third)  # type: ignore[misc]
    assert M.sock is third
    with M:
        M.noop()


def test_a_subclass_that_connects_decides(serve: Serve) -> None:
    server = serve(script)

    class Own(IMAP4):
        def open_socket(self) -> socket.socket:
            given = super().open_socket()
            given.settimeout(4.5)
            return given

    with Own(sock=connect(server)) as M:
        assert M.sock.gettimeout() == 4.5
        M.noop()


@pytest.mark.parametrize("before", [None, "mine"])
def test_a_subclass_that_has_set_one(serve: Serve, before: Any) -> None:
    """The argument counts; without it, it is as it was."""
    server = serve(script)

    class Own(IMAP4):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            self.sock = before
            super().__init__(*arguments, **options)

    sock = connect(server)
    with Own(sock=sock) as M:
        assert M.sock is sock
        M.noop()


def test_what_is_like_a_socket(serve: Serve) -> None:
    class Like:
        def __init__(self, sock: socket.socket) -> None:
            self._sock = sock

        def recv(self, size: int) -> bytes:
            return self._sock.recv(size)

        def sendall(self, data: bytes) -> None:
            self._sock.sendall(data)

        def fileno(self) -> int:
            return self._sock.fileno()

        def shutdown(self, how: int) -> None:
            self._sock.shutdown(how)

        def close(self) -> None:
            self._sock.close()

    sock = connect(serve(script))
    sock.settimeout(None)
    with IMAP4("x", sock=Like(sock)) as M:  # type: ignore[arg-type]
        assert M.noop() == ("OK", [b"done"])
    assert sock.fileno() == -1
    assert imaplib2.IMAP4 is IMAP4
