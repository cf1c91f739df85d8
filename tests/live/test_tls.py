"""TLS from the start and by STARTTLS: who is trusted, and what callers can ask for."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from .certificates import make_certificates
from .helpers import TIMEOUT, ok, with_servers
from .server import PASSWORD, Server

# Both ways take the same arguments, and shall treat them alike.

Encrypt = Callable[..., IMAP4]


def by_tls(server: Server, **arguments: Any) -> IMAP4:
    return IMAP4_SSL(server.host, server.tls_port, timeout=TIMEOUT, **arguments)


def by_starttls(server: Server, **arguments: Any) -> IMAP4:
    M = IMAP4(server.host, server.port, TIMEOUT)
    try:
        ok(M.starttls(**arguments))
    except BaseException:
        M.logout()
        raise
    return M


both_ways = pytest.mark.parametrize("encrypt", [by_tls, by_starttls])


@both_ways
def test_trusted_authority(server: Server, encrypt: Encrypt) -> None:
    with encrypt(server, ca_certs=server.ca_file) as M:
        assert isinstance(M.sock, ssl.SSLSocket)
        assert M.read_fd == M.sock.fileno()
        assert M.sock.version() in ("TLSv1.2", "TLSv1.3")
        ok(M.login("alice", PASSWORD))


@both_ways
def test_unknown_authority(server: Server, encrypt: Encrypt) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        encrypt(server)


@both_ways
def test_wrong_authority(server: Server, encrypt: Encrypt, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        encrypt(server, ca_certs=str(make_certificates(tmp_path).ca))


@both_ways
def test_missing_ca_file(server: Server, encrypt: Encrypt) -> None:
    with pytest.raises(OSError, match="No such file"):
        encrypt(server, ca_certs="/nonexistent")


@both_ways
def test_context(server: Server, encrypt: Encrypt) -> None:
    context = ssl.create_default_context(cafile=server.ca_file)
    with encrypt(server, ssl_context=context) as M:
        assert M.sock.context is context
        ok(M.login("alice", PASSWORD))


@both_ways
@pytest.mark.parametrize("place", ["keyfile", "ca_certs"])
def test_context_where_old_signatures_had_it(server: Server, encrypt: Encrypt, place: str) -> None:
    context = ssl.create_default_context(cafile=server.ca_file)
    with encrypt(server, **{place: context}) as M:
        assert M.sock.context is context


@both_ways
def test_context_that_does_not_verify(server: Server, encrypt: Encrypt) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with encrypt(server, ssl_context=context) as M:
        ok(M.login("alice", PASSWORD))


@both_ways
def test_certificate_callback_accepts(server: Server, encrypt: Encrypt) -> None:
    asked = []

    def verify(certificate: dict[str, Any], host: str) -> None:
        asked.append((certificate["subjectAltName"][0], host))

    with encrypt(server, ca_certs=server.ca_file, cert_verify_cb=verify) as M:
        ok(M.login("alice", PASSWORD))
    assert asked == [(("DNS", "localhost"), server.host)]


@both_ways
def test_certificate_callback_refuses(server: Server, encrypt: Encrypt) -> None:
    with pytest.raises(ssl.SSLError, match="not today"):
        encrypt(
            server, ca_certs=server.ca_file, cert_verify_cb=lambda certificate, host: "not today"
        )


@both_ways
def test_certificate_callback_takes_over(server: Server, encrypt: Encrypt) -> None:
    with encrypt(server, cert_verify_cb=lambda certificate, host: None) as M:
        ok(M.login("alice", PASSWORD))


@both_ways
def test_certificate_callback_does_not_replace_the_authority(
    server: Server, encrypt: Encrypt, tmp_path: Path
) -> None:
    ca_certs = str(make_certificates(tmp_path).ca)
    with pytest.raises(ssl.SSLCertVerificationError):
        encrypt(server, ca_certs=ca_certs, cert_verify_cb=lambda certificate, host: None)


@both_ways
@with_servers(lambda traits: traits.name == "dovecot")  # one is enough for what it doesn't see
@pytest.mark.parametrize("ssl_version", ["ssl23", "ssl3", "tls1", "tls1_2", None])
@pytest.mark.parametrize("tls_level", ["tls_secure", "tls_no_ssl", "tls_compat"])
def test_historical_values(
    server: Server, encrypt: Encrypt, ssl_version: str | None, tls_level: str
) -> None:
    arguments = {"ssl_version": ssl_version, "tls_level": tls_level}
    with encrypt(server, ca_certs=server.ca_file, **arguments) as M:
        assert M.sock.version() in ("TLSv1.2", "TLSv1.3")


@both_ways
@pytest.mark.parametrize("argument", ["ssl_version", "tls_level"])
def test_unknown_values(server: Server, encrypt: Encrypt, argument: str) -> None:
    with pytest.raises(ValueError, match=argument):
        encrypt(server, ca_certs=server.ca_file, **{argument: "tls9"})


# Host names


class _ElsewhereOverTLS(IMAP4_SSL):
    """Means to talk to another host, and is led to the server of the tests."""

    server: Server

    def open_socket(self) -> socket.socket:
        return socket.create_connection((self.server.host, self.server.tls_port), TIMEOUT)


class _Elsewhere(IMAP4):
    server: Server

    def open_socket(self) -> socket.socket:
        return socket.create_connection((self.server.host, self.server.port), TIMEOUT)


def test_wrong_host_name(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ElsewhereOverTLS, "server", server, raising=False)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"imap\.example\.org"):
        _ElsewhereOverTLS("imap.example.org", ca_certs=server.ca_file)


def test_wrong_host_name_and_starttls(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Elsewhere, "server", server, raising=False)
    with (
        _Elsewhere("imap.example.org") as M,
        pytest.raises(ssl.SSLCertVerificationError, match=r"imap\.example\.org"),
    ):
        M.starttls(ca_certs=server.ca_file)


def test_host_name_is_the_business_of_the_callback(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_ElsewhereOverTLS, "server", server, raising=False)
    hosts = []
    with _ElsewhereOverTLS(
        "imap.example.org",
        ca_certs=server.ca_file,
        cert_verify_cb=lambda certificate, host: hosts.append(host),
    ) as M:
        ok(M.login("alice", PASSWORD))
    assert hosts == ["imap.example.org"]


# STARTTLS


def test_starttls_drops_what_was_learnt_before(server: Server) -> None:
    with IMAP4(server.host, server.port, TIMEOUT) as M:
        assert "STARTTLS" in M.capabilities
        assert M.starttls(ca_certs=server.ca_file) == ("OK", [None])
        assert "STARTTLS" not in M.capabilities
        assert "IMAP4REV1" in M.capabilities


def test_starttls_twice(server: Server) -> None:
    with by_starttls(server, ca_certs=server.ca_file) as M:
        with pytest.raises(M.abort, match="already established"):
            M.starttls(ca_certs=server.ca_file)
        ok(M.login("alice", PASSWORD))


def test_starttls_over_tls(server: Server) -> None:
    with by_tls(server, ca_certs=server.ca_file) as M, pytest.raises(M.abort):
        M.starttls(ca_certs=server.ca_file)


def test_starttls_after_login(server: Server) -> None:
    with IMAP4(server.host, server.port, TIMEOUT) as M:
        ok(M.login("alice", PASSWORD))
        with pytest.raises(M.error):
            M.starttls(ca_certs=server.ca_file)
        ok(M.noop())


# The wrong port


def test_tls_to_the_plain_port(server: Server) -> None:
    with pytest.raises(ssl.SSLError):
        IMAP4_SSL(server.host, server.port, ca_certs=server.ca_file, timeout=TIMEOUT)


def test_plain_to_the_tls_port(server: Server) -> None:
    with pytest.raises(IMAP4.abort) as caught:
        IMAP4(server.host, server.tls_port, 0.2)
    assert isinstance(caught.value, TimeoutError)
