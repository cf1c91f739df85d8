"""TLS for both sides of a session with a scripted server."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import NamedTuple

from ..live.certificates import Certificates, certificates
from ..needs import need_openssl


class Contexts(NamedTuple):
    """TLS for both sides: the client trusts the server's authority, and nothing else."""

    server: ssl.SSLContext
    client: ssl.SSLContext
    files: Certificates


def make_contexts(directory: Path) -> Contexts:
    """Contexts with a certificate for localhost, 127.0.0.1 and ::1, which is in *directory*."""
    if "IMAPLIB2_CERTIFICATES" not in os.environ:
        need_openssl()
    files = certificates(directory)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)
    return Contexts(server, ssl.create_default_context(cafile=files.ca), files)
