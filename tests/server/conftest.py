"""Fixtures that start scripted servers and proxies, and insist that their scripts succeeded."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from ..live.certificates import Certificates, certificates
from .scripted import Proxy, ScriptedServer


class Contexts(NamedTuple):
    """TLS for both sides: the client trusts the server's authority, and nothing else."""

    server: ssl.SSLContext
    client: ssl.SSLContext
    files: Certificates


@pytest.fixture
def serve() -> Iterator[Callable[..., ScriptedServer]]:
    """A factory with the arguments of `ScriptedServer`; failures of scripts fail the test."""
    with ExitStack() as stack:
        yield lambda *args, **kwargs: stack.enter_context(ScriptedServer(*args, **kwargs))


@pytest.fixture
def proxy() -> Iterator[Callable[..., Proxy]]:
    """A factory: `proxy(server, delay=0.05)`; the server needs only `host` and `port`."""
    with ExitStack() as stack:
        yield lambda server, **kwargs: stack.enter_context(
            Proxy((server.host, server.port), **kwargs)
        )


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Contexts:
    """Contexts with a certificate for localhost, 127.0.0.1 and ::1."""
    files = certificates(tmp_path_factory.mktemp("certificates"))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)
    return Contexts(server, ssl.create_default_context(cafile=files.ca), files)
