"""Attempts to log in, one after the other: whether another is made, the server's answer tells.

An attempt is *refused* when the server can't do, or doesn't want, the mechanism; then the next one
is made. It has *failed* when user and password, or token, were judged, or anything else went wrong:
nothing is tried behind that. A refusal is (RFC 3501, section 6.2.2; RFC 5530, section 3):

- BAD;
- NO with the response code CANNOT or PRIVACYREQUIRED;
- NO before the server was told anything that the password or token proves, unless its response
  code says that this is about the user, or that the server is out of order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial

from .. import _auth
from .._auth import Mechanism
from .._errors import ErrorText, abort, error, printable
from .._hints import TYPE_CHECKING, Any
from .._protocol.arguments import Password, Secret
from .._protocol.responses import response_code
from .._protocol.values import plain_value
from .._types import LATER, Given, Result, Text

if TYPE_CHECKING:
    from .._issuing import Issuer
    from .._threads.pending import Callback, Outcome

_REFUSING = frozenset({"CANNOT", "PRIVACYREQUIRED"})
_JUDGING = frozenset(
    {
        *("AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "NOPERM", "CONTACTADMIN"),
        *("UNAVAILABLE", "LIMIT", "INUSE", "SERVERBUG"),
    }
)
#: Characters of what a server has said against us, in an exception's text.
_REMARK_SIZE = 500


@contextmanager
def preparing(client: Issuer) -> Iterator[None]:
    """Make what a login needs, before anything is sent: what is raised leaves no literal.

    Raises ``error`` unless somebody may log in now: before the program is asked for a password.
    Test doubles, which answer by a ``_simple_command`` of their own, have no state of ours.
    """
    try:
        if not client._sends_elsewhere():
            client._check_usable("AUTHENTICATE")
        yield
    except error as problem:
        raise client._refused(problem, "AUTHENTICATE") from None
    except BaseException:
        client.literal = None
        raise


def given(name: str, secret: Given) -> Text:
    """*secret*, the argument *name*, or what it gives when it is called.

    Raises TypeError, which doesn't show it, when that is neither str nor bytes.
    """
    value = plain_value(secret() if callable(secret) else secret)
    if isinstance(value, (str, bytes)):
        return value
    kind = type(value).__name__
    raise TypeError(f"{name} must be str or bytes, or a function that gives one, not {kind}")


class Attempt:
    """The attempt to log *client* in by a *mechanism*, made once."""

    def __init__(self, client: Issuer, mechanism: Mechanism) -> None:
        self._client = client
        # Made in the thread of the call, while the attempt may be in that of the callbacks.
        self._future = client._future_of_call()
        self._mechanism = mechanism
        self._is_refused = False

    @property
    def is_refused(self) -> bool:
        """Whether another mechanism may do; known once the attempt was in vain."""
        return self._is_refused or self._mechanism.is_refused

    def make(self, callback: Callback | None = None, cb_arg: Any = None) -> Result:
        """Send it, with an initial response where the server takes one (RFC 4959).

        Raises ``error`` when it was in vain; or *callback* is told.
        """
        client, mechanism = self._client, self._mechanism
        arguments: list[Any] = [mechanism.name]
        if "SASL-IR" in client.capabilities and not client._sends_elsewhere():
            initial = mechanism.unasked()
            if initial is not None:
                arguments.append(Secret(_auth.encode(initial) or b"="))
        return client._call(
            "AUTHENTICATE", *arguments, callback=callback, cb_arg=cb_arg,
            finish=self._finish, authenticator=mechanism,
        )  # fmt: skip

    def make_for_future(self, callback: Callback, cb_arg: Any) -> Result:
        """`make` it, unless the future of the call it is part of, if there is one, is cancelled.

        Raises ``error`` then.
        """
        return self._client._issue_for(self._future, partial(self.make, callback, cb_arg))

    def _finish(self, typ: str, data: list[Any]) -> Outcome:
        mechanism = self._mechanism
        if typ == "OK":
            doubt = mechanism.doubt()
            if doubt is not None:
                # A replaced _simple_command has said so; else the connection is over already.
                raise abort(doubt)
            return typ, data
        self._is_refused = typ == "BAD" or _is_refusal(data[-1], is_judged=mechanism.is_judged)
        text = printable(data[-1])
        if typ == "BAD":
            text = f"AUTHENTICATE command error: BAD {[data[-1]]}"
        if mechanism.remark:
            text += f" ({printable(mechanism.remark[:_REMARK_SIZE])})"
        problem = error(text)
        problem.challenge = mechanism.challenge
        raise problem


class LoginCommand(Attempt):
    """The attempt to log *client* in by the command LOGIN (RFC 3501, section 6.2.3)."""

    def __init__(self, client: Issuer, user: Text, password: Text) -> None:
        super().__init__(client, Mechanism("LOGIN"))
        self._mechanism.is_judged = True
        self._words = user, Password(password)

    def make(self, callback: Callback | None = None, cb_arg: Any = None) -> Result:
        return self._client._call(
            "LOGIN", *self._words, callback=callback, cb_arg=cb_arg, finish=self._finish
        )


def _is_refusal(text: Any, *, is_judged: bool) -> bool:
    """Whether a NO with this *text* is about the mechanism."""
    code = response_code(text) if isinstance(text, bytes) else None
    if code is not None and code.type in _REFUSING | _JUDGING:
        return code.type in _REFUSING
    return not is_judged


def log_in(attempts: Iterable[Attempt], callback: Callback | None, cb_arg: Any) -> Result:
    """Make the *attempts*, of which there is one at least, until one isn't refused.

    Returns its outcome, or raises what it raises; or *callback* is called with that, once. Each
    attempt is a command of its own: with *callback*, what other commands there are must wait for
    that to be called, as those behind a refused login fail.
    """
    if callback is None:
        return _make_each(iter(attempts))
    _Chain(iter(attempts), callback).make_next(cb_arg)
    return LATER


def _make_each(attempts: Iterator[Attempt]) -> Result:
    attempt = next(attempts)
    while True:
        try:
            return attempt.make()
        except error:
            following = next(attempts, None) if attempt.is_refused else None
            if following is None:
                raise
        attempt = following


class _Chain:
    """Attempts whose outcome goes to a callback: each but the first is made in the thread of it."""

    def __init__(self, attempts: Iterator[Attempt], callback: Callback) -> None:
        self._attempts = attempts
        self._callback = callback
        self._is_told = False
        self._attempt = next(attempts)

    def make_next(self, cb_arg: Any) -> None:
        """Make the attempt whose turn it is; raises what can be told at once."""
        self._attempt.make_for_future(self._called_back, cb_arg)

    def _called_back(self, outcome: Any) -> None:
        following = next(self._attempts, None) if self._attempt.is_refused else None
        if following is None:
            self._tell(outcome)
            return
        self._attempt = following
        try:
            self.make_next(outcome[1])
        except error as problem:
            # A double calls back at once: then this is what the callback has raised.
            if self._is_told:
                raise
            kind = abort if isinstance(problem, abort) else type(problem)
            self._tell((None, outcome[1], (kind, ErrorText.of(problem))))

    def _tell(self, outcome: Any) -> None:
        self._is_told = True
        self._callback(outcome)
