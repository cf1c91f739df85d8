"""SCRAM: each side proves that it knows the password, and doesn't show it (RFC 5802, RFC 7677).

The package `scramp` computes. Here is decided by which mechanism and channel binding, what a server
may ask for, and what becomes of one that doesn't prove itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence

from .. import _auth
from .._errors import InvalidArgument, abort, error
from .._hints import TYPE_CHECKING, Any
from .._protocol.patterns import pattern
from .attempts import Attempt, given, log_in, preparing
from .channel_binding import Binding, bindings

if TYPE_CHECKING:
    from .._issuing import Issuer
    from .._threads.pending import Callback
    from .._types import Given, Result, Text

#: The strongest first. Each has a form with channel binding, whose name ends in ``-PLUS``.
NAMES = ("SCRAM-SHA-256", "SCRAM-SHA-1")
#: How often a server may have us hash: at least what RFC 7677 asks for (section 4), as less helps
#: to guess the password from what is sent; and at most some seconds' work.
_ROUNDS = range(4096, 2_000_001)
#: Bytes of a server's message.
_MESSAGE_SIZE = 10_000

_SERVER_FIRST = pattern(rb"r=([!-+\--~]+),s=[A-Za-z0-9+/=]+,i=([1-9][0-9]*)(?:,.*)?\Z")
_SERVER_ERROR = pattern(rb"e=([A-Za-z0-9-]{1,64})\Z")
#: Errors of a server that can't do what the client's first message asks for.
_UNBOUND = frozenset({"channel-binding-not-supported", "unsupported-channel-binding-type"})


class ScrampMissing(error, ImportError):
    """SCRAM needs a package that isn't installed."""


def scramp() -> Any:
    """The package `scramp`; raises ``error`` where it isn't installed."""
    try:
        import scramp
    except ImportError:
        scramp = None
    if scramp is None:
        raise ScrampMissing("SCRAM needs the package scramp: pip install scramp")
    return scramp


class Scram(_auth.Mechanism):
    """The exchange of SCRAM (RFC 5802, section 5)."""

    def __init__(
        self,
        name: str,
        user: Text,
        password: Text,
        binding: Binding | None,
        end: Callable[[abort], object],
    ) -> None:
        """*binding* makes a -PLUS mechanism bound, and another one say that it could be.

        *end* ends the connection with an impostor.
        """
        package = scramp()
        self._problems = package.ScramException
        self._nonce = _auth.encode(os.urandom(18))
        words = [_text(name, word) for word in (user, password)]
        cbind = None if binding is None else tuple(binding)
        client = self._attempted(
            lambda: package.ScramClient([name], *words, cbind, self._nonce.decode())
        )
        if client is None:
            raise InvalidArgument(f"AUTHENTICATE {name}: user or password can't be prepared")
        super().__init__(name, client.get_client_first().encode(), judged_by_it=False)
        self._client = client
        # A server that offers -PLUS knows tls-unique, the default (RFC 5802, section 6.1). That it
        # doesn't know another type, Cyrus, with TLS 1.3, says behind the proof, and by a NO only.
        self._guesses = name.endswith("-PLUS") and cbind is not None and cbind[0] != "tls-unique"
        self._end = end
        self._answer: Callable[[bytes], bytes | None] = self._prove
        self._has_proof = False

    def __call__(self, challenge: bytes) -> bytes | None:
        found = _SERVER_ERROR.match(challenge)
        if found is None:
            return self._answer(challenge)
        self.remark = found[1].decode()
        self.is_refused = self.remark in _UNBOUND and not self.is_judged
        # All else is about the user, or about somebody in between.
        self.is_judged = not self.is_refused
        self._answer = self._say_no_more
        return b""

    def doubt(self) -> str | None:
        if self._has_proof:
            return None
        return f"{self.name}: the server has not proved that it knows the password"

    def _prove(self, challenge: bytes) -> bytes:
        """The client's final message, to the server's first."""
        text = self._checked(challenge)
        client = self._client
        if self._attempted(lambda: client.set_server_first(text) or True) is None:
            raise error(f"{self.name}: the server's first message is not understood")
        final: str | None = self._attempted(client.get_client_final)
        if final is None:
            self.is_refused = True
            raise InvalidArgument(f"AUTHENTICATE {self.name}: the password can't be prepared")
        self.is_judged = not self._guesses
        self._answer = self._verify
        return final.encode()

    def _checked(self, challenge: bytes) -> str:
        """The server's first message, if it asks for nothing that it may not ask for."""
        found = _SERVER_FIRST.match(challenge[: _MESSAGE_SIZE + 1])
        if found is None or len(challenge) > _MESSAGE_SIZE:
            raise error(f"{self.name}: the server's first message is not understood")
        nonce, rounds = found[1], found[2]
        if not nonce.startswith(self._nonce) or nonce == self._nonce:
            raise error(f"{self.name}: the server's nonce does not continue ours")
        if len(rounds) > 9 or int(rounds) not in _ROUNDS:
            raise error(f"{self.name}: the server's iteration count is out of bounds")
        return challenge.decode("utf-8", "replace")

    def _verify(self, challenge: bytes) -> bytes:
        """Nothing, to the server's final message; raises ``abort`` when its signature is wrong."""
        # Of what isn't ASCII, older versions of that package raise a TypeError.
        text = challenge[:_MESSAGE_SIZE].decode("ascii", "backslashreplace")
        if self._attempted(lambda: self._client.set_server_final(text) or True) is None:
            problem = abort(f"{self.name}: the server's signature is wrong")
            self._end(problem)
            raise problem
        self._has_proof = True
        self._answer = self._say_no_more
        return b""

    def _say_no_more(self, challenge: bytes) -> None:
        """Cancel: nothing more can be asked."""

    def _attempted(self, step: Callable[[], Any]) -> Any:
        """What *step* gives; None where scramp objects: its texts quote what it was given."""
        try:
            return step()
        except self._problems:
            return None


def _text(name: str, word: Text) -> str:
    try:
        return _auth.in_utf8(name, word).decode("utf-8")
    except UnicodeDecodeError:
        # Which has it all: no exception of ours may refer to that.
        pass
    raise InvalidArgument(f"AUTHENTICATE {name}: user and password must be text, in UTF-8")


def choices(
    capabilities: Collection[str], bound_by: Sequence[Binding]
) -> list[tuple[str, Binding | None]]:
    """The mechanisms to try, the best first, of a connection that has the bindings *bound_by*.

    Which of these a server knows, it doesn't tell: each is tried. Where it knows none, or there is
    none, a mechanism without: its flag says that the client can't (``n``). Where the server offers
    no -PLUS, but there is a binding, the flag is ``y``: a server that does offer it learns that
    somebody has changed its list (RFC 5802, section 6).
    """
    plus = [f"{name}-PLUS" for name in NAMES if f"AUTH={name}-PLUS" in capabilities]
    bound = [(name, binding) for name in plus[:1] for binding in bound_by]
    flagged = bound_by[0] if bound_by and not plus else None
    return bound + [(name, flagged) for name in NAMES if f"AUTH={name}" in capabilities]


def attempts(client: Issuer, user: Text, password: Text) -> list[Attempt]:
    """The attempts to log in by SCRAM, in their order; none where the server doesn't offer it.

    Raises ``error`` when `scramp` is missing, and InvalidArgument when it can't be said by SCRAM
    who logs in.
    """

    def end(problem: abort) -> None:
        if client._engine is not None:
            client._engine.fail(problem)

    chosen = choices(client.capabilities, bindings(client._own_sock()))
    return [Attempt(client, Scram(name, user, password, binding, end)) for name, binding in chosen]


def login_scram(
    client: Issuer, user: Text, password: Given, callback: Callback | None, cb_arg: Any
) -> Result:
    """See `IMAP4.login_scram`."""
    with preparing(client):
        scramp()
        made = attempts(client, user, given("password", password))
        if not made:
            raise error(f"Server does not support {' or '.join(NAMES)}")
    return log_in(made, callback, cb_arg)
