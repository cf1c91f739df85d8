"""The best way to log in by a password that a server offers."""

from __future__ import annotations

import socket

from .. import _auth
from .._errors import InvalidArgument, error
from .._hints import TYPE_CHECKING, Any
from .._transport.tls_settings import is_tls
from . import scram
from .attempts import Attempt, LoginCommand, given, log_in, preparing

if TYPE_CHECKING:
    from .._issuing import Issuer
    from .._threads.pending import Callback
    from .._types import Given, Result, Text


class CramMD5(_auth.Mechanism):
    """CRAM-MD5 (RFC 2195)."""

    def __init__(self, user: Text, password: Text) -> None:
        super().__init__("CRAM-MD5")
        self._authenticator = _auth.cram_md5(user, password)

    def __call__(self, challenge: bytes) -> Any:
        if self.is_judged:
            return None
        self.is_judged = True
        return self._authenticator(challenge)


def is_private(client: Issuer) -> bool:
    """Whether nobody but the server sees what is sent: it is encrypted, or stays on this machine.

    A peer on this machine that isn't the host may be a proxy: from there, it goes on.
    """
    sock = client._own_sock()
    if client._tls_established or is_tls(sock) or client._has_process():
        return True
    return is_local(client.host) and has_local_peer(sock)


def is_local(host: str) -> bool:
    """Whether *host* is a name of this machine, or one of its loopback addresses."""
    return host.lower().rstrip(".") in ("", "localhost") or is_loopback(host)


def has_local_peer(sock: Any) -> bool:
    """Whether the peer of *sock* is on this machine, by its address, or as for any Unix socket."""
    try:
        address = sock.getpeername()
    except (AttributeError, OSError):
        return False
    if isinstance(address, tuple):
        return is_loopback(str(address[0]))
    return getattr(sock, "family", None) == getattr(socket, "AF_UNIX", "none here")


def is_loopback(host: str) -> bool:
    """Whether *host*, an IP address, is a loopback address, or one that is mapped to IPv6."""
    import ipaddress

    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def attempts(client: Issuer, user: Text, password: Text, *, may_be_shown: bool) -> list[Attempt]:
    """The attempts, in their order; *may_be_shown*: the password may be sent as it is.

    Raises ``error`` when there are none, and InvalidArgument for a password that can't be sent.
    """
    offered = client.capabilities
    why_none: error
    try:
        found = scram.attempts(client, user, password)
        why_none = nothing_offered(may_be_shown=may_be_shown)
    except (scram.ScrampMissing, InvalidArgument) as problem:
        # The others do without that package, and take any password.
        found, why_none = [], problem.with_traceback(None)
    if may_be_shown and "AUTH=PLAIN" in offered:
        message = _auth.plain(user, password)
        found.append(Attempt(client, _auth.Mechanism("PLAIN", message)))
    if "AUTH=CRAM-MD5" in offered:
        found.append(Attempt(client, CramMD5(user, password)))
    if may_be_shown and "LOGINDISABLED" not in offered:
        found.append(LoginCommand(client, user, password))
    if not found:
        raise why_none
    return found


def nothing_offered(*, may_be_shown: bool) -> error:
    """The ``error`` where there is nothing to attempt."""
    if may_be_shown:
        return error("login_best: the server offers no login by a password that is known here")
    return error(
        "login_best: the server offers no login that doesn't show the password, and the connection"
        " is not encrypted: use starttls() or IMAP4_SSL, or say allow_clear_text=True"
    )


def login_best(
    client: Issuer,
    user: Text,
    password: Given,
    allow_clear_text: bool,
    callback: Callback | None,
    cb_arg: Any,
) -> Result:
    """See `IMAP4.login_best`."""
    with preparing(client):
        may_be_shown = allow_clear_text or is_private(client)
        made = attempts(client, user, given("password", password), may_be_shown=may_be_shown)
    return log_in(made, callback, cb_arg)
