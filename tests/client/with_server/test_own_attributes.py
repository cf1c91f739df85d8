"""Attributes that a subclass sets before ``__init__`` are there in its ``open``, and stay."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from ...server.contexts import Contexts
from ...server.helpers import Serve, agree, connected, greet_authenticated
from ...server.scripted import Peer


class Mine:
    """A value that is nobody else's; true, and a descriptor of nothing."""

    def fileno(self) -> int:
        return -1


#: What the constructor's arguments tell, and what imaplib's constructor sets, too.
SET_ANYWAY = {"host", "port", "literal", "ssl_context", "sock"}

#: Values that a connection can be made with; others may be anything.
USABLE: dict[str, Any] = {"timeout": 7.5, "debug": 0}


def public_attributes(cls: type[IMAP4]) -> list[str]:
    """Those that instances have of their own, once they are connected, or about to be."""
    seen: list[str] = []

    class Looking(cls):  # type: ignore[misc, valid-type]
        def open(self, *arguments: Any) -> None:
            seen.extend(name for name in vars(self) if not name.startswith("_"))
            raise ConnectionRefusedError

    with pytest.raises(ConnectionRefusedError):
        Looking()
    return sorted({*seen} - SET_ANYWAY)


def subclass(base: type[IMAP4], name: str, value: Any, context: Any) -> type[IMAP4]:
    class Own(base):  # type: ignore[misc, valid-type]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            setattr(self, name, value)
            super().__init__(*arguments, **options)

        def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
            self.seen_in_open = getattr(self, name)
            self.host, self.port = host, port
            sock = socket.create_connection((host, port), 5)
            if isinstance(self, IMAP4_SSL):
                sock = context.wrap_socket(sock, server_hostname=host)
            self.sock = sock

    return Own


def script(peer: Peer) -> None:
    greet_authenticated(peer)
    agree(peer, "NOOP")


PLAIN, SECURE = public_attributes(IMAP4), public_attributes(IMAP4_SSL)


def test_there_are_some() -> None:
    settings = {"keyfile", "certfile", "ca_certs", "cert_verify_cb", "ssl_version", "tls_level"}
    shared = {"timeout", "identifier", "read_fd", "compressor", "decompressor"}
    assert shared <= {*PLAIN}
    assert settings | shared <= {*SECURE}


@pytest.mark.parametrize(
    ("base", "name"), [(cls, n) for cls, ns in ((IMAP4, PLAIN), (IMAP4_SSL, SECURE)) for n in ns]
)
@pytest.mark.parametrize("times", [1, 2])
def test_what_was_set_before_stays(
    serve: Serve, tls: Contexts, base: type[IMAP4], name: str, times: int
) -> None:
    secure = base is IMAP4_SSL
    server = serve(script, tls=tls.server if secure else None)
    value = USABLE.get(name, Mine())
    with connected(server, subclass(base, name, value, tls.client)) as M:
        for _ in range(times - 1):
            M.noop()
            M.__init__(server.host, server.port)
        assert M.seen_in_open is value
        assert getattr(M, name) is value
        assert M.noop() == ("OK", [b"done"])


def test_what_the_class_says_stays(serve: Serve) -> None:
    class Own(IMAP4):
        timeout = 4.5
        ca_certs = "authorities.pem"

    with connected(serve(script), Own) as M:
        assert (M.timeout, M.ca_certs) == (4.5, "authorities.pem")
        assert M.sock.gettimeout() == 4.5
        M.noop()


def test_arguments_take_precedence(serve: Serve, tls: Contexts) -> None:
    class Own(IMAP4_SSL):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            self.ca_certs, self.timeout, self.identifier = "others.pem", 3, "other"
            super().__init__(*arguments, **options)

    options = {"ca_certs": tls.files.ca, "timeout": 6.5, "identifier": "mine"}
    with connected(serve(script, tls=tls.server), Own, **options) as M:
        assert {name: getattr(M, name) for name in options} == options
        M.noop()


def test_a_second_init_forgets_what_the_first_was_given(serve: Serve, tls: Contexts) -> None:
    server = serve(script, tls=tls.server)
    options = {"ca_certs": tls.files.ca, "timeout": 6.5, "identifier": "mine"}
    with connected(server, IMAP4_SSL, **options) as M:
        M.noop()
        M.__init__(server.host, server.port, ssl_context=tls.client)
        assert (M.ca_certs, M.timeout, M.identifier) == (None, None, f"imaplib2 {server.host}")
        M.noop()


def test_a_second_init_is_not_compressed_because_the_first_was(serve: Serve) -> None:
    def compressing(peer: Peer) -> None:
        greet_authenticated(peer, b"COMPRESS=DEFLATE")
        peer.deflate()
        agree(peer, "NOOP")

    server = serve(compressing)
    with connected(server) as M:
        for _ in range(2):
            assert (M.compressor, M.decompressor) == (None, None)
            M.enable_compression()
            M.noop()
            if _ == 0:
                M.__init__(server.host, server.port)


def test_authorities_that_a_subclass_has_set_are_its_own_business(
    serve: Serve, tls: Contexts
) -> None:
    """As in imaplib: our TLS goes by the arguments, and verifies whatever the attributes say."""

    class Own(IMAP4_SSL):
        def __init__(self, *arguments: Any) -> None:
            self.ca_certs = tls.files.ca
            self.cert_verify_cb = lambda certificate, host: None
            super().__init__(*arguments)

    with (
        pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"),
        connected(serve(lambda peer: None, tls=tls.server), Own),
    ):
        pass


def test_a_timeout_of_a_subclass_that_is_none(serve: Serve) -> None:
    class Own(IMAP4):
        def __init__(self, *arguments: Any) -> None:
            self.timeout = "as long as it takes"  # type: ignore[assignment]
            super().__init__(*arguments)

    with connected(serve(script), Own) as M:
        assert M.sock.gettimeout() is None
        assert M.noop() == ("OK", [b"done"])
