"""TLS contexts from the arguments of IMAP4_SSL and starttls."""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
from pathlib import Path
from typing import Any

import pytest

import imaplib2
from imaplib2._transport.tls_settings import TLSSettings

from .helpers import TLSPeer

# Any certificate will do: nobody connects. It is one of an authority, valid until 2125.
AUTHORITY = """\
-----BEGIN CERTIFICATE-----
MIIBijCCATCgAwIBAgIUZHTk0jyZzP9t3ZmzfsroMOdfI7IwCgYIKoZIzj0EAwIw
IjEgMB4GA1UEAwwXaW1hcGxpYjIgdGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMTAw
MzE2WhgPMjEyNTAxMDExMDAzMTZaMCIxIDAeBgNVBAMMF2ltYXBsaWIyIHRlc3Qg
YXV0aG9yaXR5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEJYLggr1BXZlcZVi/
tAPNLNA724nC27OQVF9vlXMhHGblFeHpr6I91K3pVbiYLu/zCHJR5rUySq3qjn3f
BTRfiaNCMEAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAQYwHQYDVR0O
BBYEFJswrTehhiD0VPt5O/gKXe7sipg4MAoGCCqGSM49BAMCA0gAMEUCIQCywKDG
+ILGk1Uq+6PwTMoLp+ImRRJhUQd4FAV3zENjuQIgF1tojIhSZ5+0583tgLARs+AY
VTA3QBybolSnK+1pHUM=
-----END CERTIFICATE-----
"""


@pytest.fixture
def ca_certs(tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    path.write_text(AUTHORITY, encoding="ascii")
    return str(path)


class Peer:
    """As much of an SSLSocket as a certificate callback gets to see."""

    def __init__(self, certificate: Any = None) -> None:
        self._certificate = certificate

    def getpeercert(self, binary_form: bool = False) -> Any:
        return b"DER" if binary_form else self._certificate


def verifies(context: ssl.SSLContext) -> tuple[bool, bool]:
    """Whether the chain is verified, and whether the host name is."""
    return context.verify_mode is ssl.CERT_REQUIRED, context.check_hostname


# -- Historical values ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "version",
    [
        *("ssl2", "ssl3", "ssl23", "tls1", "tls1_0", "tls1_1", "tls1_2", "tls1_3", None),
        *(ssl.PROTOCOL_TLS_CLIENT, ssl.PROTOCOL_TLS_CLIENT.value),
    ],
)
def test_every_historical_ssl_version_means_tls_1_2_or_newer(version: Any) -> None:
    context = TLSSettings(ssl_version=version).context()
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.maximum_version in (ssl.TLSVersion.MAXIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_3)
    assert verifies(context) == (True, True)


@pytest.mark.parametrize(
    "level",
    [
        *(imaplib2.TLS_SECURE, imaplib2.TLS_NO_SSL, imaplib2.TLS_COMPAT, None),
        *("tls_secure", "tls_no_ssl", "tls_compat"),
    ],
)
def test_every_historical_tls_level_means_tls_1_2_or_newer(level: str | None) -> None:
    context = TLSSettings(ssl_version="ssl23", tls_level=level).context()
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert verifies(context) == (True, True)


@pytest.mark.parametrize("version", ["", "ssl", "tls2", "TLS1_2", 1.2])
def test_an_unknown_ssl_version_is_refused(version: Any) -> None:
    with pytest.raises(ValueError, match="unknown ssl_version"):
        TLSSettings(ssl_version=version)


@pytest.mark.parametrize("level", ["", "secure", "TLS_SECURE", 1])
def test_an_unknown_tls_level_is_refused(level: Any) -> None:
    with pytest.raises(ValueError, match="unknown tls_level"):
        TLSSettings(tls_level=level)


def test_a_key_without_its_certificate_is_refused() -> None:
    with pytest.raises(ValueError, match="certfile"):
        TLSSettings(keyfile="key.pem")


# -- Contexts ------------------------------------------------------------------------------------


def test_certificate_and_host_name_are_verified_by_default() -> None:
    context = TLSSettings().context()
    assert verifies(context) == (True, True)
    assert context.protocol is ssl.PROTOCOL_TLS_CLIENT


def test_ca_certs_adds_a_trusted_authority(ca_certs: str) -> None:
    context = TLSSettings(ca_certs=ca_certs).context()
    subjects = [certificate["subject"] for certificate in context.get_ca_certs()]
    assert ((("commonName", "imaplib2 test authority"),),) in subjects
    assert verifies(context) == (True, True)


@pytest.mark.parametrize("options", [{"ca_certs": "missing.pem"}, {"certfile": "missing.pem"}])
def test_a_missing_file_is_told(options: dict[str, str], tmp_path: Path) -> None:
    paths = {name: str(tmp_path / file) for name, file in options.items()}
    with pytest.raises(FileNotFoundError):
        TLSSettings(**paths).context()  # type: ignore[arg-type]


@pytest.mark.parametrize("keyfile", ["key.pem", None])
def test_the_certificate_of_the_client_is_loaded(
    keyfile: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        ssl.SSLContext, "load_cert_chain", lambda self, *files: loaded.append(files)
    )
    TLSSettings(keyfile=keyfile, certfile="certificate.pem").context()
    assert loaded == [("certificate.pem", keyfile)]


@pytest.mark.parametrize("place", range(3))
def test_a_context_in_an_old_place_is_understood_by_its_type(place: int) -> None:
    context = ssl.create_default_context()
    arguments: list[Any] = [None, None, None]
    arguments[place] = context
    settings = TLSSettings(*arguments)
    assert settings.context() is context
    assert (settings.keyfile, settings.certfile, settings.ca_certs) == (None, None, None)


def test_a_context_replaces_everything(ca_certs: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    settings = TLSSettings(
        ca_certs=ca_certs,
        cert_verify_cb=lambda certificate, host: None,
        ssl_context=context,
    )
    assert settings.context() is context
    assert verifies(context) == (False, False)
    assert context.get_ca_certs() == []


@pytest.mark.parametrize("name", ["keyfile", "certfile"])
def test_a_context_has_its_own_certificate(name: str) -> None:
    context = ssl.create_default_context()
    with pytest.raises(
        ValueError, match=f"ssl_context and {name} arguments are mutually exclusive"
    ):
        TLSSettings(ssl_context=context, **{name: "some.pem"})  # type: ignore[arg-type]


def test_the_certificate_callback_takes_over_the_decision() -> None:
    settings = TLSSettings(cert_verify_cb=lambda certificate, host: None)
    assert verifies(settings.context()) == (False, False)


def test_with_ca_certs_only_the_host_name_is_left_to_the_certificate_callback(
    ca_certs: str,
) -> None:
    settings = TLSSettings(ca_certs=ca_certs, cert_verify_cb=lambda certificate, host: None)
    assert verifies(settings.context()) == (True, False)


def test_settings_are_independent_of_each_other() -> None:
    assert TLSSettings().context() is not TLSSettings().context()


# -- The certificate callback --------------------------------------------------------------------


@pytest.mark.parametrize("answer", [None, "", False, 0, []])
def test_a_false_answer_of_the_certificate_callback_accepts(answer: Any) -> None:
    asked: list[Any] = []

    def callback(certificate: Any, host: Any) -> Any:
        asked.append((certificate, host))
        return answer

    certificate = {"subject": ((("commonName", "localhost"),),)}
    TLSSettings(cert_verify_cb=callback).verify(Peer(certificate), "example.org")  # type: ignore[arg-type]
    assert asked == [(certificate, "example.org")]


@pytest.mark.parametrize("answer", ["wrong fingerprint", True, ["no"]])
def test_any_other_answer_of_the_certificate_callback_is_raised(answer: Any) -> None:
    settings = TLSSettings(cert_verify_cb=lambda certificate, host: answer)
    with pytest.raises(ssl.SSLError) as got:
        settings.verify(Peer({}), "example.org")  # type: ignore[arg-type]
    assert str(answer) in str(got.value)


def test_an_exception_of_the_certificate_callback_is_passed_on() -> None:
    def callback(certificate: Any, host: Any) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        TLSSettings(cert_verify_cb=callback).verify(Peer({}), "example.org")  # type: ignore[arg-type]


def test_a_peer_without_certificate_is_shown_as_an_empty_one() -> None:
    asked: list[Any] = []
    settings = TLSSettings(cert_verify_cb=lambda certificate, host: asked.append(certificate))
    settings.verify(Peer(None), None)  # type: ignore[arg-type]
    assert asked == [{}]


def test_without_a_certificate_callback_nobody_is_asked() -> None:
    TLSSettings().verify(object(), "example.org")  # type: ignore[arg-type]


# -- wrap ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "name"), [("example.org", "example.org"), ("", "localhost"), (None, "localhost")]
)
def test_the_name_of_the_server_is_told_and_the_time_bounded(host: str | None, name: str) -> None:
    class Context:
        def wrap_socket(self, sock: Any, **options: Any) -> Any:
            return sock, options

    class Socket:
        timeout: float | None = None

        def settimeout(self, timeout: float | None) -> None:
            self.timeout = timeout

    sock: Any = Socket()
    settings = TLSSettings(ssl_context=Context())  # type: ignore[arg-type]
    wrapped: Any = settings.wrap(sock, host, 7.5)
    assert wrapped == (sock, {"server_hostname": name, "do_handshake_on_connect": False})
    assert sock.timeout == 7.5


# -- shake_hands ---------------------------------------------------------------------------------


def test_tls_is_negotiated(tmp_path: Path) -> None:
    with contextlib.closing(TLSPeer(tmp_path)) as peer:
        peer.sock.setblocking(False)
        with pytest.raises(ssl.SSLWantReadError):
            TLSSettings().shake_hands(peer.sock)
        peer.answer()
        TLSSettings().shake_hands(peer.sock)
        assert peer.sock.version() == "TLSv1.3"


@pytest.mark.parametrize("said", [b"* OK IMAP4rev1 ready\r\n", b"220 mail ESMTP\r\n", b""])
def test_a_peer_that_speaks_no_tls_has_a_hint(tmp_path: Path, said: bytes) -> None:
    with contextlib.closing(TLSPeer(tmp_path)) as peer:
        peer.theirs.sendall(said)
        peer.theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(ssl.SSLError, match=r"; is this a port without TLS\?"):
            TLSSettings().shake_hands(peer.sock)


def test_a_certificate_that_is_not_trusted_has_a_note_and_no_such_hint(tmp_path: Path) -> None:
    with contextlib.closing(TLSPeer(tmp_path, trusted=False)) as peer:
        peer.sock.setblocking(False)
        with pytest.raises(ssl.SSLWantReadError):
            TLSSettings().shake_hands(peer.sock)
        peer.answer()
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            TLSSettings().shake_hands(peer.sock)
    assert "without TLS" not in str(caught.value)
    if sys.version_info >= (3, 11):
        (note,) = caught.value.__notes__
        assert "ca_certs=" in note


# -- The constructors ----------------------------------------------------------------------------


class Unconnected(imaplib2.IMAP4_SSL):
    def open(self, *args: Any) -> None:
        """Do without a connection."""

    def _connect(self) -> None:
        """Nor is anybody greeted."""


def test_imap4_ssl_understands_a_positional_context() -> None:
    context = ssl.create_default_context()
    client = Unconnected("example.org", 993, None, None, context)
    assert client._tls.context() is context
    assert client.ssl_context is context


@pytest.mark.parametrize(
    "options", [{"ssl_version": "tls9"}, {"tls_level": "none"}, {"keyfile": "key.pem"}]
)
def test_imap4_ssl_refuses_unknown_values_before_it_connects(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        imaplib2.IMAP4_SSL("host.invalid", **options)


def test_imap4_ssl_uses_its_own_port_by_default() -> None:
    assert Unconnected().port == imaplib2.IMAP4_SSL_PORT == 993
