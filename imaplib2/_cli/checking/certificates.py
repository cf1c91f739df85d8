"""The server's certificate, also one that isn't trusted: people want to see it then, above all."""

from __future__ import annotations

import ssl

from ..._clock import Clock
from ..._hints import TYPE_CHECKING, Any, NamedTuple
from ..accounts import certificate_of, connect, fingerprint_of
from ..failures import Failure

if TYPE_CHECKING:
    from ..._client import IMAP4
    from ..account import Account

#: OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python doesn't name.
_NO_CHECK_TIME = 0x200000
_SHORT = {
    "commonName": "CN",
    "countryName": "C",
    "emailAddress": "E",
    "localityName": "L",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "stateOrProvinceName": "ST",
}


class Certificate(NamedTuple):
    """What a certificate says; all but its *fingerprint* is None if it can't be read."""

    #: Of SHA-256, in 64 hexadecimal digits.
    fingerprint: str
    subject: str | None = None
    issuer: str | None = None
    #: Host names and addresses that it is for.
    names: tuple[str, ...] | None = None
    #: Seconds since the epoch.
    not_before: float | None = None
    not_after: float | None = None


def of_connection(client: IMAP4, account: Account) -> Certificate:
    """The certificate of an encrypted connection."""
    sock: Any = client.sock
    fields = sock.getpeercert()
    der = certificate_of(client)
    # Where nothing was verified, Python doesn't tell what it says.
    return read(der, fields or _fields(der, account))


def of_server(account: Account) -> Certificate:
    """The certificate that the server of *account* shows; nobody logs in there.

    Raises `Failure` when there is no connection.
    """
    shown = _shown(account, _trusting_all())
    der = certificate_of(shown)
    shown.shutdown()
    return read(der, _fields(der, account))


def _fields(der: bytes, account: Account) -> dict[str, Any]:
    """What the certificate *der*, which the server of *account* shows, says; if it can be read."""
    try:
        again = _shown(account, _trusting(der))
    # It isn't one for servers, or another one is shown now, or we are not wanted again.
    except Failure:
        return {}
    sock: Any = again.sock
    fields: dict[str, Any] = sock.getpeercert()
    again.shutdown()
    return fields


def _shown(account: Account, context: ssl.SSLContext) -> IMAP4:
    return connect(account._replace(fingerprint=None), context)


def _trusting_all() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _trusting(der: bytes) -> ssl.SSLContext:
    """Trusts one certificate, whatever it says: by verifying it, Python reads it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=der)
    context.verify_flags = ssl.VerifyFlags(ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME)
    return context


def read(der: bytes, fields: dict[str, Any]) -> Certificate:
    """The certificate *der*, of which ``SSLSocket.getpeercert`` gives *fields*."""
    digest = fingerprint_of(der)
    if not fields:
        return Certificate(digest)
    return Certificate(
        digest,
        _distinguished(fields.get("subject", ())),
        _distinguished(fields.get("issuer", ())),
        tuple(name for _, name in fields.get("subjectAltName", ())),
        _seconds(fields.get("notBefore")),
        _seconds(fields.get("notAfter")),
    )


def _distinguished(name: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    """A distinguished *name* for people, what identifies most before the rest."""
    pairs = [(_SHORT.get(key, key), value) for part in name for key, value in part]
    return ", ".join(f"{key}={value}" for key, value in reversed(pairs))


def _seconds(text: str | None) -> float | None:
    return None if text is None else float(ssl.cert_time_to_seconds(text))


def days_left(certificate: Certificate) -> int | None:
    """For how many days it is valid; less than 0 when it isn't any more."""
    if certificate.not_after is None:
        return None
    return int((certificate.not_after - Clock.wall()) // 86400)
