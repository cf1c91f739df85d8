"""Certificates that nobody should trust, and a few that somebody might."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

from ..needs import need_openssl

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256")

# The extensions are the ones that ssl.VERIFY_X509_STRICT insists on (the default from Python 3.13).
_CONFIGURATION = """\
[req]
distinguished_name = name
prompt = no
[name]
CN = somebody
[ca]
default_ca = default
[default]
database = {directory}/index.txt
rand_serial = yes
new_certs_dir = {directory}
default_md = sha256
policy = anything
unique_subject = no
email_in_dn = no
[anything]
commonName = optional
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""
_LEAF = """\
extendedKeyUsage = {purpose}
subjectAltName = {names}
"""


class Authority:
    """A certificate authority in a *directory* of its own; *issuer* makes it another's creature."""

    def __init__(self, directory: Path) -> None:
        need_openssl()
        directory.mkdir()
        self._directory = directory
        (directory / "index.txt").touch()
        self.certificate = directory / "ca.pem"
        self._key = directory / "ca.key"
        self._openssl(
            *("req", "-x509", *_KEY, "-days", "3650", "-subj", "/CN=authority"),
            *("-config", self._configuration(), "-extensions", "authority"),
            *("-keyout", self._key, "-out", self.certificate),
        )

    def issue(
        self,
        name: str,
        names: str,
        *,
        purpose: str = "serverAuth",
        start: str = "20200101000000Z",
        end: str = "21000101000000Z",
        signer: Path | None = None,
    ) -> Path:
        """A certificate with its key, and its *signer*, if that isn't us, in one file."""
        made, request = self._directory / f"{name}.pem", self._directory / f"{name}.csr"
        key, configuration = made.with_suffix(".key"), self._configuration(names, purpose)
        self._openssl(
            *("req", "-new", *_KEY, "-config", configuration, "-subj", "/CN=somebody"),
            *("-keyout", key, "-out", request),
        )
        by = (self.certificate, self._key) if signer is None else (signer, signer)
        self._openssl(
            *("ca", "-batch", "-notext", "-config", configuration, "-extensions", "leaf"),
            *("-in", request, "-out", made, "-cert", by[0], "-keyfile", by[1]),
            *("-startdate", start, "-enddate", end),
        )
        return _joined(made, key, *([] if signer is None else [signer]))

    def self_signed(self, name: str, names: str) -> Path:
        """A certificate that vouches for itself, with its key."""
        made, key = self._directory / f"{name}.pem", self._directory / f"{name}.key"
        self._openssl(
            *("req", "-x509", *_KEY, "-days", "3650"),
            *("-config", self._configuration(names), "-extensions", "leaf"),
            *("-keyout", key, "-out", made),
        )
        return _joined(made, key)

    def _configuration(self, names: str | None = None, purpose: str = "serverAuth") -> Path:
        path = self._directory / "x509.cnf"
        text = _CONFIGURATION.format(directory=self._directory)
        if names is not None:
            text += _LEAF.format(purpose=purpose, names=names)
        path.write_text(text, encoding="ascii")
        return path

    @staticmethod
    def _openssl(*arguments: str | Path) -> None:
        done = subprocess.run(
            ["openssl", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
        )
        if done.returncode:
            raise RuntimeError(f"openssl {arguments[0]}: {done.stdout.decode(errors='replace')}")


def _joined(*files: Path) -> Path:
    files[0].write_text("".join(file.read_text("ascii") for file in files), "ascii")
    return files[0]


def server_context(certificate: Path) -> ssl.SSLContext:
    """TLS for a server that shows *certificate*."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
