"""STARTTLS and COMPRESS, as far as nothing is sent for them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imaplib2._errors import abort, error

from .test_hostile_input import Client


@pytest.fixture
def client() -> Iterator[Any]:
    client: Any = Client(capabilities=b"STARTTLS")
    with socket.socket() as sock:
        client.sock = sock
        yield client


def check_refused(client: Any, kind: type[Exception], text: str, **options: Any) -> None:
    client.literal = b"left"
    with pytest.raises(kind, match=text):
        client.starttls(**options)
    client.check_untouched()
    assert client._shakes_hands is False


def test_a_connection_is_encrypted_once(client: Any) -> None:
    client._tls_established = True
    check_refused(client, abort, "TLS session already established")


def test_the_state_is_looked_at_first(client: Any) -> None:
    client.state, client.capabilities = "AUTH", ()
    check_refused(client, error, "command STARTTLS illegal in state AUTH")


def test_the_server_has_to_offer_it(client: Any) -> None:
    client.capabilities = ("IMAP4REV1",)
    check_refused(client, abort, "TLS not supported by server")


def test_there_has_to_be_a_socket(client: Any) -> None:
    client.sock = None
    check_refused(client, error, "STARTTLS needs a socket")


def test_files_are_looked_at_before_anything_is_sent(client: Any, tmp_path: Path) -> None:
    check_refused(client, OSError, "none.pem|No such file", ca_certs=str(tmp_path / "none.pem"))


def test_files_are_the_business_of_a_replaced_handshake(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    monkeypatch.setattr(client, "ssl_wrap_socket", lambda: steps.append("handshake"))
    monkeypatch.setattr(client, "_call", lambda name, **options: steps.append(name))
    client.starttls(ca_certs=str(tmp_path / "none.pem"))
    assert steps == ["STARTTLS"]


def test_only_while_it_is_at_work_the_handshake_is_ours(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(name: str, **options: Any) -> Any:
        seen.append(client._shakes_hands)
        raise KeyboardInterrupt

    seen: list[bool] = []
    monkeypatch.setattr(client, "_call", interrupted)
    with pytest.raises(KeyboardInterrupt):
        client.starttls()
    assert seen == [True]
    assert client._shakes_hands is False


def test_a_subclass_can_look_at_the_settings(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_call", lambda name, **options: ("OK", [None]))
    client.starttls(tls_level="tls_secure")
    assert (client.tls_level, client.ssl_version, client.keyfile) == ("tls_secure", "ssl23", None)
    client.cert_verify_cb = check = print  # of the subclass
    client.starttls()
    assert (client.tls_level, client.cert_verify_cb) == ("tls_compat", check)


def test_the_server_has_to_offer_compression(client: Any) -> None:
    client.capabilities = ("IMAP4REV1",)
    client.literal = b"left"
    with pytest.raises(error, match="Server does not support COMPRESS=DEFLATE"):
        client.enable_compression()
    client.check_untouched()


def test_a_compressor_that_a_subclass_has_set_stays(client: Any) -> None:
    client.start_compressing()
    compressor, decompressor = client.compressor, client.decompressor
    assert decompressor.decompress(compressor.compress(b"a" * 99) + compressor.flush()) == b"a" * 99
    client.start_compressing()
    assert (client.compressor, client.decompressor) == (compressor, decompressor)
