"""STARTTLS and COMPRESS: commands that change the transport, and how a subclass may do that."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from ._attributes import is_replaced
from ._errors import error
from ._hints import TYPE_CHECKING, Any, cast
from ._issuing import Issuer
from ._protocol.command import Command
from ._settings import CONNECT_TIMEOUT, TLS_COMPAT
from ._threads.pending import Callback, Outcome
from ._transport.tls_settings import TLSSettings, is_tls
from ._types import Nothing, Result

if TYPE_CHECKING:
    import ssl

    from _typeshed import StrOrBytesPath

    from ._transport.base import Transport
    from ._transport.tls_settings import CertificateCallback


class Upgrades(Issuer):
    """The methods that encrypt and compress, with what TLS is told."""

    keyfile: StrOrBytesPath | None
    certfile: StrOrBytesPath | None
    ca_certs: Any
    cert_verify_cb: Any
    ssl_version: Any
    tls_level: Any
    _tls: TLSSettings

    def starttls(
        self,
        keyfile: StrOrBytesPath | ssl.SSLContext | None = None,
        certfile: StrOrBytesPath | None = None,
        ca_certs: str | ssl.SSLContext | None = None,
        cert_verify_cb: CertificateCallback | None = None,
        ssl_version: Any = "ssl23",
        tls_level: str | None = TLS_COMPAT,
        *,
        ssl_context: ssl.SSLContext | None = None,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Nothing:
        """Encrypt the connection (RFC 3501, section 6.2.1); arguments as of IMAP4_SSL.

        Either the connection is encrypted afterwards or an exception was raised: ``abort`` when
        the server doesn't offer it or TLS is there already, ``error`` when it refuses or there is
        no socket, ``ssl.SSLError`` when TLS fails, ValueError for unknown arguments, OSError for
        files that can't be read, before anything is sent. With *callback*, a refusal also fails
        commands with arguments that were issued behind it, and refuses them until *callback* is
        called: a program that believes that all is encrypted tells nothing in plain text.
        """
        if self._tls_established or is_tls(self._own_sock()):
            raise self._refused(self.abort("TLS session already established"), "STARTTLS")
        self._check_usable("STARTTLS")
        if "STARTTLS" not in self.capabilities:
            raise self._refused(self.abort("TLS not supported by server"), "STARTTLS")
        if not isinstance(cast(Any, self._own_sock()), socket.socket):
            raise self._refused(error("STARTTLS needs a socket"), "STARTTLS")
        try:
            settings = TLSSettings(
                cast(Any, keyfile), certfile, cast(Any, ca_certs), cert_verify_cb, ssl_version,
                tls_level, ssl_context,
            )  # fmt: skip
            # A replaced one knows best which files it needs.
            if not is_replaced(self, "ssl_wrap_socket", Upgrades.ssl_wrap_socket):
                settings.read_files()
        except BaseException:
            self.literal = None
            raise
        self._tls = settings
        self._show_tls_settings()
        self._shakes_hands = True
        try:
            outcome = self._call(
                "STARTTLS", callback=callback, cb_arg=cb_arg, finish=_finish_starttls
            )
        finally:
            self._shakes_hands = False
        return cast(Nothing, outcome)

    def enable_compression(self, *, callback: Callback | None = None, cb_arg: Any = None) -> Result:
        """Compress the connection from here on (COMPRESS=DEFLATE, RFC 4978).

        Raises ``error`` when the server doesn't offer it.
        """
        if "COMPRESS=DEFLATE" not in self.capabilities:
            raise self._refused(error("Server does not support COMPRESS=DEFLATE"), "COMPRESS")
        return self._call("COMPRESS", "DEFLATE", callback=callback, cb_arg=cb_arg)

    def _upgrade(self, command: Command, unread: bytes) -> Transport:
        return self._hooks.upgrade(self, command, unread)

    # -- What a subclass may replace ------------------------------------------------------------

    def ssl_wrap_socket(self) -> None:
        """Negotiate TLS on ``sock`` and put the encrypted socket in its place.

        Raises ``ssl.SSLError`` when that fails, and what ``cert_verify_cb`` raises; the socket is
        closed then.
        """
        timeout = self._core.timeout
        try:
            limit = self._time_limit() or CONNECT_TIMEOUT
            sock = self._tls.wrap(self._own_sock(), self.host, limit)
            self.sock = sock
            # The file puts off a close() by another thread until the handshake has ended.
            with sock.makefile("rb", buffering=0):
                self._hooks.interrupt_by(sock)
                self._tls.shake_hands(sock)
            sock.settimeout(timeout)
            # A command of another thread may have adopted that of the handshake.
            self._core.timeout = timeout
            self._tls.verify(sock, self.host)
        except BaseException:
            self._own_sock().close()
            raise
        self._tls_established = True

    def start_compressing(self) -> None:
        """Set ``compressor`` and ``decompressor``; part of what ``enable_compression`` does."""
        if self.compressor is None:
            from ._late import deflate_objects

            self.compressor, self.decompressor = deflate_objects()

    def _show_tls_settings(self) -> None:
        """Set the attributes that a subclass's ``open`` and ``ssl_wrap_socket`` look at."""
        defaults = {"ssl_version": "ssl23", "tls_level": TLS_COMPAT}
        names = ("keyfile", "certfile", "ca_certs", "cert_verify_cb", "ssl_version", "tls_level")
        for name in names:
            value, default = getattr(self._tls, name), defaults.get(name)
            given = None if value == default else value
            self._attributes.set_unless_theirs(self, name, given, default)


def _finish_starttls(typ: str, data: Sequence[Any]) -> Outcome:
    if typ != "OK":
        raise error(f"Couldn't establish TLS session: {typ} {data}")
    return typ, [None]
