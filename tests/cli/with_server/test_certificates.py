"""Certificates that aren't trusted, as servers show them."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from imaplib2._cli.accounts import connect
from imaplib2._cli.checking import certificates
from imaplib2._cli.checking.certificates import days_left, of_connection, of_server
from imaplib2._cli.failures import UNREACHABLE

from ...needs import need
from ...server.contexts import Contexts
from ...server.scripted import ScriptedServer, mailbox
from ..helpers import account
from .helpers import Typed, at

Serve = Callable[..., ScriptedServer]


def _validity(days: str) -> list[str]:
    """Options for a certificate that is valid for *days*: newer versions of OpenSSL begin none of
    a negative time, and older ones know no end."""
    if int(days) > 0 or ssl.OPENSSL_VERSION_INFO < (3, 4):
        return ["-days", days]
    ends = datetime.now(timezone.utc) + timedelta(int(days))
    return ["-not_before", "20200101000000Z", "-not_after", f"{ends:%Y%m%d%H%M%SZ}"]


def server_context(directory: Path, names: str, days: str) -> ssl.SSLContext:
    """TLS with a certificate that has signed itself, for *names* and some *days* from now."""
    need(None if shutil.which("openssl") else "openssl is not installed")
    extensions, key = directory / "extensions", directory / "key.pem"
    request, certificate = directory / "request.pem", directory / "certificate.pem"
    extensions.write_text(f"subjectAltName = {names}\n")
    for arguments in (
        ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-subj", "/O=Tests/CN=old",
         "-out", request],
        ["x509", "-req", "-in", request, "-signkey", key, *_validity(days),
         "-extfile", extensions, "-out", certificate],
    ):  # fmt: skip
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@pytest.mark.parametrize(
    ("names", "days", "problem"),
    [
        ("DNS:localhost,IP:127.0.0.1", "-1", "also expired"),
        ("DNS:other.example.org", "30", "signed by nobody but itself"),
    ],
)
def test_one_that_nobody_trusts_is_shown(
    serve: Serve, typed: Callable[..., Typed], tmp_path: Path, names: str, days: str, problem: str
) -> None:
    server = serve(mailbox, tls=server_context(tmp_path, names, days))
    done = typed("check", at(server), "--json")
    assert done.status == UNREACHABLE
    found = done.json
    assert found["subject"] == found["issuer"] == "CN=old, O=Tests"
    assert found["names"] == [name.partition(":")[2] for name in names.split(",")]
    assert found["trusted"] is False
    assert found["valid"]["days_left"] == int(days) - 1
    assert any(problem in one["text"] for one in found["problems"])
    done = typed("check", at(server), "--ca-file", str(tmp_path / "certificate.pem"))
    assert ("has expired" if days == "-1" else "is for other addresses") in done.words
    assert "also" not in done.words
    # Its fingerprint is enough to trust it.
    done = typed("check", at(server, ""), "--json", "--fingerprint", found["sha256"])
    assert done.status == 0
    assert (done.json["trusted"], done.json["subject"]) == (True, "CN=old, O=Tests")


def test_one_for_another_name(serve: Serve, tls: Contexts, typed: Callable[..., Typed]) -> None:
    server = serve(mailbox, tls=tls.server)
    done = typed("check", f"fred@127.0.0.2:{server.port}", "--ca-file", str(tls.files.ca))
    assert done.status == UNREACHABLE
    assert "is for other addresses" in done.words or "Nothing listens" in done.words


def test_one_that_cannot_be_read(
    serve: Serve, tls: Contexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(mailbox, tls=tls.server)
    wanted = account(host="localhost", port=server.port, ca_file=str(tls.files.ca), timeout=5.0)
    monkeypatch.setattr(certificates, "_trusting", lambda der: ssl.create_default_context())
    assert of_server(wanted)[1:] == (None, None, None, None, None)


def test_one_that_is_trusted(serve: Serve, tls: Contexts) -> None:
    server = serve(mailbox, tls=tls.server)
    wanted = account(host="localhost", port=server.port, ca_file=str(tls.files.ca), timeout=5.0)
    with connect(wanted) as client:
        certificate = of_connection(client, wanted)
    assert of_server(wanted) == certificate
    assert certificate.names is not None
    assert "localhost" in certificate.names
    assert (days_left(certificate) or 0) > 3000
