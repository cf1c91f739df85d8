"""OAuth's bearer tokens: XOAUTH2, as Google and Microsoft have it, and OAUTHBEARER (RFC 7628)."""

from __future__ import annotations

from .. import _auth
from .._errors import InvalidArgument
from .._hints import TYPE_CHECKING, Any
from .._protocol.patterns import pattern
from .._protocol.secrets import Secrets
from .attempts import Attempt, given, log_in, preparing

if TYPE_CHECKING:
    from .._issuing import Issuer
    from .._threads.pending import Callback
    from .._types import Given, Result, Text

#: What ends or divides the fields of both messages, and what no line may hold.
_CONTROLS = pattern(rb"[\0\1\r\n]")
#: Bytes of an error challenge that are looked at, and how deep its JSON may be nested.
_CHALLENGE_SIZE = 8192
_DEPTH = 20


class Bearer(_auth.Mechanism):
    """A mechanism whose one message shows a token; an error challenge has an answer, too."""

    def __init__(self, name: str, message: bytes, farewell: bytes) -> None:
        super().__init__(name, message)
        self._farewell = farewell
        # A server that gives the token back makes it known to nobody.
        self._secrets = Secrets()
        self._secrets.add_response(_auth.encode(message))

    def __call__(self, challenge: bytes) -> bytes | None:
        """The server says why not, and waits to be told that this was understood."""
        self.challenge = {
            self._shown(name): self._shown(value) for name, value in told_by(challenge).items()
        }
        said = [f"{name}: {value}" for name, value in self.challenge.items()]
        if not said and challenge:
            said = [self._shown(challenge[:_CHALLENGE_SIZE].decode("utf-8", "replace"))]
        self.remark = ", ".join(said)
        return self._farewell

    def _shown(self, text: str) -> str:
        return self._secrets.hidden(text.encode("utf-8", "replace")).decode("utf-8", "replace")


def told_by(challenge: bytes) -> dict[str, str]:
    """The members of an error challenge, a JSON object; what isn't a str stands there in JSON.

    Nothing of what can't be read: text that is no object, too long, or nested too deep.
    """
    import json

    if len(challenge) > _CHALLENGE_SIZE or challenge.count(b"[") + challenge.count(b"{") > _DEPTH:
        return {}
    try:
        members: Any = json.loads(challenge.decode("utf-8", "replace"))
    except ValueError:
        return {}
    if not isinstance(members, dict):
        return {}
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in members.items()
    }


def xoauth2(user: Text, token: Text) -> Bearer:
    """The mechanism XOAUTH2."""
    message = b"user=%b\1auth=Bearer %b\1\1" % _fields("XOAUTH2", user, token)
    return Bearer("XOAUTH2", message, b"")


def oauthbearer(user: Text, token: Text, host: str | None, port: Any) -> Bearer:
    """The mechanism OAUTHBEARER (RFC 7628, section 3.1); *host* None for a child process."""
    name, bearer = _fields("OAUTHBEARER", user, token)
    name = name.replace(b"=", b"=3D").replace(b",", b"=2C")  # RFC 5801, section 4
    message = b"n,a=%b,\1" % name if name else b"n,,\1"
    if host:
        message += b"host=%b\1port=%d\1" % (host.encode("utf-8", "replace"), port)
    return Bearer("OAUTHBEARER", message + b"auth=Bearer %b\1\1" % bearer, b"\1")


def _fields(mechanism: str, user: Text, token: Text) -> tuple[bytes, bytes]:
    fields = _auth.in_utf8(mechanism, user), _auth.in_utf8(mechanism, token)
    if any(map(_CONTROLS.search, fields)):
        raise InvalidArgument(f"AUTHENTICATE {mechanism}: user or token holds NUL, ^A, CR or LF")
    return fields


def login_xoauth2(
    client: Issuer, user: Text, token: Given, callback: Callback | None, cb_arg: Any
) -> Result:
    """See `IMAP4.login_xoauth2`."""
    with preparing(client):
        mechanism = xoauth2(user, given("token", token))
    return log_in([Attempt(client, mechanism)], callback, cb_arg)


def login_oauthbearer(
    client: Issuer, user: Text, token: Given, callback: Callback | None, cb_arg: Any
) -> Result:
    """See `IMAP4.login_oauthbearer`."""
    with preparing(client):
        mechanism = oauthbearer(user, given("token", token), client.host, client.port)
    return log_in([Attempt(client, mechanism)], callback, cb_arg)
