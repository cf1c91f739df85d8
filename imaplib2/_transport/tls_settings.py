"""TLS contexts from the arguments of IMAP4_SSL and ``starttls``, historical ones included."""

from __future__ import annotations

import sys
from collections.abc import Callable

from .._checks import check_callable
from .._hints import TYPE_CHECKING, Any
from .._settings import TLS_COMPAT, TLS_NO_SSL, TLS_SECURE

if TYPE_CHECKING:
    import socket
    import ssl

    from _typeshed import StrOrBytesPath

_LEVELS = frozenset({TLS_SECURE, TLS_NO_SSL, TLS_COMPAT, None})
# All of them mean TLS 1.2 or newer: what is older is not offered by OpenSSL any more, or broken.
_VERSIONS = frozenset(
    {"ssl2", "ssl3", "ssl23", "tls1", "tls1_0", "tls1_1", "tls1_2", "tls1_3", None}
)

# What OpenSSL makes of a greeting in plain text.
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"})

_HOW_TO_TRUST = (
    "To trust an authority of your own, name the file of its certificate in ca_certs=, or in the"
    " environment variable SSL_CERT_FILE, or have ssl_context= load it; to trust this one"
    " certificate, compare its fingerprint in cert_verify_cb=."
)

CertificateCallback = Callable[[Any, "str | None"], Any]


class TLSSettings:
    """What a caller wants of TLS."""

    def __init__(
        self,
        keyfile: StrOrBytesPath | None = None,
        certfile: StrOrBytesPath | None = None,
        ca_certs: str | None = None,
        cert_verify_cb: CertificateCallback | None = None,
        ssl_version: Any = None,
        tls_level: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.keyfile = keyfile
        self.certfile = certfile
        self.ca_certs = ca_certs
        self.cert_verify_cb = cert_verify_cb
        self.ssl_version = ssl_version
        self.tls_level = tls_level
        self.ssl_context = ssl_context
        self._context: ssl.SSLContext | None = None
        check_callable("cert_verify_cb", cert_verify_cb)
        self._understand_context_by_type()
        if self.tls_level not in _LEVELS:
            raise ValueError(f"unknown tls_level: {self.tls_level!r}")
        if not _is_known_version(self.ssl_version):
            raise ValueError(f"unknown ssl_version: {self.ssl_version!r}")
        for name in ("keyfile", "certfile"):
            if self.ssl_context is not None and getattr(self, name) is not None:
                raise ValueError(f"ssl_context and {name} arguments are mutually exclusive")
        if self.keyfile is not None and self.certfile is None:
            raise ValueError("keyfile needs a certfile")

    def read_files(self) -> None:
        """Make the context now: a missing file is to be found before anything depends on it."""
        self._context = self.context()

    def context(self) -> ssl.SSLContext:
        """The context to connect with; it verifies certificate and host name by default.

        With ``cert_verify_cb`` the callback takes over: the host name is its business, and so is
        the chain unless ``ca_certs`` says whom to trust.
        """
        import ssl

        made = self._context or self.ssl_context
        if made is not None:
            return made
        context = ssl.create_default_context(cafile=self.ca_certs)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.cert_verify_cb is not None:
            context.check_hostname = False
            if self.ca_certs is None:
                context.verify_mode = ssl.CERT_NONE
        if self.certfile is not None:
            context.load_cert_chain(self.certfile, self.keyfile)
        return context

    def wrap(self, sock: socket.socket, host: str | None, timeout: float) -> ssl.SSLSocket:
        """Make an ``SSLSocket`` of a connected socket; TLS is negotiated by `shake_hands`."""
        sock.settimeout(timeout)
        return self.context().wrap_socket(
            sock, server_hostname=host or "localhost", do_handshake_on_connect=False
        )

    def shake_hands(self, sock: ssl.SSLSocket) -> None:
        """Negotiate TLS; each silence may last as long as the time-out of *sock*.

        Raises ``ssl.SSLError``, with a hint when the other side doesn't seem to speak TLS.
        """
        import ssl

        try:
            sock.do_handshake()
        except ssl.SSLError as problem:
            # The second one is what some patch levels raise, such as Debian 12's 3.11.2.
            ended = isinstance(problem, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
            if ended or problem.reason in _NO_TLS:
                problem.strerror = f"{problem.strerror}; is this a port without TLS?"
            if isinstance(problem, ssl.SSLCertVerificationError):
                add_note = getattr(problem, "add_note", None)  # Python 3.11 and newer
                if add_note is not None:
                    add_note(_HOW_TO_TRUST)
            raise

    def verify(self, sock: ssl.SSLSocket, host: str | None) -> None:
        """Ask ``cert_verify_cb``, if there is one, about the peer's certificate.

        Raises ``ssl.SSLError`` with its answer unless that is false.
        """
        import ssl

        if self.cert_verify_cb is None:
            return
        # Empty where the chain was not verified; callbacks that want more ask the socket.
        answer = self.cert_verify_cb(sock.getpeercert() or {}, host)
        if answer:
            raise ssl.SSLError(answer)

    def _understand_context_by_type(self) -> None:
        """Take a context from where old signatures have it, and newer ones a file or a CA."""
        for name in ("keyfile", "certfile", "ca_certs"):
            value = getattr(self, name)
            if value is not None and hasattr(value, "wrap_socket"):
                self.ssl_context = value
                setattr(self, name, None)


def _is_known_version(version: Any) -> bool:
    if not isinstance(version, int):
        return version in _VERSIONS
    import ssl

    constants = [getattr(ssl, name) for name in dir(ssl) if name.startswith("PROTOCOL_")]
    return not isinstance(version, bool) and version in constants


def is_tls(sock: Any) -> bool:
    """Whether *sock* is encrypted; without importing ssl where nothing has."""
    ssl = sys.modules.get("ssl")
    return ssl is not None and isinstance(sock, ssl.SSLSocket)
