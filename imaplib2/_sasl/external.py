"""EXTERNAL: the server knows already who this is, by the certificate that TLS has shown it."""

from __future__ import annotations

from .. import _auth
from .._errors import InvalidArgument
from .._hints import TYPE_CHECKING, Any
from .attempts import Attempt, log_in, preparing

if TYPE_CHECKING:
    from .._issuing import Issuer
    from .._threads.pending import Callback
    from .._types import Result, Text


def external(user: Text) -> _auth.Mechanism:
    """The mechanism EXTERNAL (RFC 4422, appendix A)."""
    message = _auth.in_utf8("EXTERNAL", user)
    if b"\0" in message:
        raise InvalidArgument("AUTHENTICATE EXTERNAL: user holds NUL")
    return _auth.Mechanism("EXTERNAL", message)


def login_external(client: Issuer, user: Text, callback: Callback | None, cb_arg: Any) -> Result:
    """See `IMAP4.login_external`."""
    with preparing(client):
        mechanism = external(user)
    return log_in([Attempt(client, mechanism)], callback, cb_arg)
