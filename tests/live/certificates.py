"""A throw-away certificate authority and a server certificate for the loopback interface."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

# The extensions are the ones that ssl.VERIFY_X509_STRICT insists on (the default from Python 3.13).
_CONFIGURATION = """\
[req]
distinguished_name = name
prompt = no
[name]
CN = imaplib2 test authority
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""

_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256")
_DAYS = "3650"


@dataclass(frozen=True)
class Certificates:
    """Paths of the PEM files that a server and its clients need."""

    ca: Path
    certificate: Path
    key: Path


def certificates(directory: Path) -> Certificates:
    """Those in the directory IMAPLIB2_CERTIFICATES, or new ones in *directory*.

    Windows, where tests know no ``openssl``, is given what was made elsewhere.
    """
    made = os.environ.get("IMAPLIB2_CERTIFICATES")
    return _paths(Path(made)) if made else make_certificates(directory)


def make_certificates(directory: Path) -> Certificates:
    """Create an authority in *directory*, and a certificate for localhost, 127.0.0.1 and ::1."""
    configuration = directory / "x509.cnf"
    configuration.write_text(_CONFIGURATION, encoding="ascii")
    made = _paths(directory)
    _make_authority(configuration, made.ca)
    _make_server(configuration, made)
    return made


def _paths(directory: Path) -> Certificates:
    return Certificates(directory / "ca.pem", directory / "server.pem", directory / "server.key")


def _make_authority(configuration: Path, ca: Path) -> None:
    _openssl(
        *("req", "-x509", *_NEW_KEY, "-days", _DAYS),
        *("-config", configuration, "-extensions", "authority"),
        *("-keyout", ca.with_suffix(".key"), "-out", ca),
    )


def _make_server(configuration: Path, made: Certificates) -> None:
    request = made.certificate.with_suffix(".csr")
    _openssl(
        *("req", "-new", *_NEW_KEY, "-config", configuration, "-subj", "/CN=localhost"),
        *("-keyout", made.key, "-out", request),
    )
    _openssl(
        *("x509", "-req", "-days", _DAYS, "-sha256"),
        *("-in", request, "-out", made.certificate),
        *("-CA", made.ca, "-CAkey", made.ca.with_suffix(".key"), "-CAcreateserial"),
        *("-extfile", configuration, "-extensions", "server"),
    )


def make_client_authority(directory: Path) -> Path:
    """Create one for clients beside that of the server, which has made its files already.

    Another one: a server that knows the authority of its own certificate shows that, too.
    """
    made = directory / "clients.pem"
    _make_authority(directory / "x509.cnf", made)
    return made


def make_client_certificate(ca: Path, name: str) -> Path:
    """A certificate of *name*, with its key, of the authority *ca*; the file stands beside that."""
    configuration, made = ca.with_name("x509.cnf"), ca.with_name(f"client-{name}.pem")
    key, request = made.with_suffix(".key"), made.with_suffix(".csr")
    _openssl(
        *("req", "-new", *_NEW_KEY, "-config", configuration, "-subj", f"/CN={name}"),
        *("-keyout", key, "-out", request),
    )
    _openssl(
        *("x509", "-req", "-days", _DAYS, "-sha256", "-in", request, "-out", made),
        *("-CA", ca, "-CAkey", ca.with_suffix(".key"), "-CAcreateserial"),
        *("-extfile", configuration, "-extensions", "client"),
    )
    made.write_text(made.read_text("ascii") + key.read_text("ascii"), "ascii")
    return made


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run(
        ["openssl", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
    )
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stdout.decode(errors='replace')}")
