"""SASL exchanges: what an authenticator gets and gives (RFC 3501, section 6.2.2; RFC 4422)."""

from __future__ import annotations

from collections.abc import Callable

from ._errors import InvalidArgument, UnusableArgument, error
from ._hints import Any
from ._protocol.grammar import FORBIDDEN_BYTES
from ._protocol.values import plain_value

#: Gets a challenge, decoded; gives the response, or None to cancel the exchange.
Authenticator = Callable[[bytes], bytes | bytearray | memoryview | str | None]
#: The same, but both are as they stand on the wire: in base64.
Responder = Callable[[bytes], bytes | None]


class Message:
    """An authenticator with one message, whatever the challenge is."""

    def __init__(self, message: bytes) -> None:
        self.message = message

    def __call__(self, challenge: bytes) -> bytes:
        return self.message

    def unasked(self) -> bytes | None:
        """What it says without looking at the challenge."""
        return self.message


class Mechanism:
    """A SASL mechanism, for one exchange: an authenticator that knows how far that has come."""

    #: The server has what it needs to judge user and password: a NO is about these then.
    is_judged = False
    #: It can't be used here, though another one may.
    is_refused = False
    #: What the server's error challenge says, if the mechanism has any (RFC 7628, section 3.2.2).
    challenge: dict[str, str] | None = None
    #: What else the server has said against it, for an exception's text.
    remark = ""

    def __init__(
        self, name: str, initial: bytes | None = None, *, judged_by_it: bool = True
    ) -> None:
        #: As it stands in AUTHENTICATE and in capabilities.
        self.name = name
        self._initial = initial
        self._judged_by_it = judged_by_it

    def unasked(self) -> bytes | None:
        """The initial response (RFC 4422, section 5.1), once; None behind it, or without one."""
        initial, self._initial = self._initial, None
        if initial is not None:
            self.is_judged = self._judged_by_it
        return initial

    def __call__(self, challenge: bytes) -> bytes | None:
        """Cancel: there is nothing more to say."""

    def doubt(self) -> str | None:
        """Why an OK of the server isn't to be believed, if so; asked in any thread."""


def respond(authenticator: Authenticator, challenge: bytes) -> bytes | None:
    """The base64 of *authenticator*'s response to a base64 *challenge*; None cancels.

    Raises ``error`` when the challenge isn't base64, and the response depends on it.
    """
    from binascii import Error, a2b_base64

    # Some servers say "+ go ahead", which is no base64 (MailKit#268).
    if isinstance(authenticator, (Message, Mechanism)):
        message = authenticator.unasked()
        if message is not None:
            return encode(message)
    try:
        decoded = a2b_base64(challenge)
    except Error:
        raise error("the server's SASL challenge is not base64") from None
    response = authenticator(decoded)
    return None if response is None else encode(response)


def as_one_line(response: object) -> bytes:
    """A response that its author has encoded, without the newline that encoders add."""
    data = plain_value(response)
    if not isinstance(data, bytes):
        raise TypeError(f"a SASL response must be bytes, not {type(response).__name__}")
    line = data.rstrip(b"\r\n")
    if FORBIDDEN_BYTES.search(line):
        raise InvalidArgument("AUTHENTICATE: the response holds NUL, CR or LF")
    return line


def encode(response: object) -> bytes:
    """A response, bytes or str, as one line of base64; str is encoded as UTF-8."""
    from binascii import b2a_base64

    data = plain_value(response)
    if isinstance(data, str):
        data = in_utf8("response", data)
    if not isinstance(data, bytes):
        kind = type(response).__name__
        raise TypeError(f"an authenticator must return bytes, str or None, not {kind}")
    return b2a_base64(data, newline=False)


def cram_md5(user: str | bytes, password: str | bytes) -> Authenticator:
    """The authenticator of CRAM-MD5 (RFC 2195)."""

    name, key = in_utf8("CRAM-MD5", user), in_utf8("CRAM-MD5", password)

    def authenticator(challenge: bytes) -> bytes:
        import hmac

        try:
            digest = hmac.new(key, challenge, "md5").hexdigest()
        except ValueError:  # FIPS mode
            raise error("CRAM-MD5 authentication is not supported by this Python") from None
        return name + b" " + digest.encode("ascii")

    return authenticator


def plain(user: str | bytes, password: str | bytes, identity: str = "") -> bytes:
    """The one message of PLAIN (RFC 4616, section 2)."""
    parts = [in_utf8("PLAIN", text) for text in (identity, user, password)]
    if any(b"\0" in part for part in parts):
        raise InvalidArgument("AUTHENTICATE PLAIN: user or password holds NUL")
    return b"\0".join(parts)


def in_utf8(mechanism: str, text: str | bytes) -> bytes:
    """*text* in UTF-8, for *mechanism*; bytes are taken as they are, numbers as text.

    Raises InvalidArgument for text that can't be encoded, and for None.
    """
    value: Any = plain_value(text)
    if isinstance(value, bytes):
        return value
    if value is None:
        raise UnusableArgument(f"AUTHENTICATE {mechanism}: user or password is None")
    text = str(value)
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InvalidArgument(f"AUTHENTICATE {mechanism}: a text that can't be encoded")
    return text.encode("utf-8")
