"""Which failures are for good, and how long to wait before trying again."""

from __future__ import annotations

import random

from .._errors import abort, error

#: What a refused login says that the same login will be told again (RFC 5530, section 3).
_REFUSED = frozenset(
    {
        "AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "PRIVACYREQUIRED",
        "CONTACTADMIN", "NOPERM",
    }
)  # fmt: skip
_LOGINS = ("LOGIN", "AUTHENTICATE")


def is_final(problem: Exception) -> bool:
    """Whether no trying again mends *problem*: the default of ``watch(give_up=...)``.

    That is so for

    - credentials that were refused: LOGIN or AUTHENTICATE answered by NO, without a response code,
      or with one that says so, such as AUTHENTICATIONFAILED (RFC 5530, section 3), and by BAD;
    - what was refused before anything was sent, such as LOGIN where the server forbids it;
    - whatever is neither an OSError nor an ``IMAP4.error``: mistakes in ``connect``.

    It isn't for all else: a network that is away, time-outs, names that can't be resolved, servers
    that say ``[UNAVAILABLE]`` or ``[LIMIT]``, or are no IMAP servers at all, such as those of a
    hotel's network, whose certificate is another one.

    >>> from imaplib2 import IMAP4
    >>> is_final(IMAP4.abort("socket error: EOF")), is_final(TypeError("connect"))
    (False, True)
    """
    if isinstance(problem, (OSError, abort)):
        return False
    if not isinstance(problem, error):
        return True
    if problem.type == "NO":
        refused = problem.code is None or problem.code in _REFUSED
        return problem.command in _LOGINS and refused
    if problem.type == "BAD":
        return problem.command in _LOGINS
    return problem.is_refusal


class BackOff:
    """Seconds between attempts: they double up to a bound, and chance keeps clients apart."""

    def __init__(self, first: float, longest: float) -> None:
        self._first, self._longest = first, longest
        self._failures = 0

    def next(self) -> float:
        """The seconds before the next attempt: half of what is due at least, all of it at most."""
        # Beyond that many, doubling makes no difference, but for an overflow.
        whole = min(self._longest, self._first * 2.0 ** min(self._failures, 64))
        self._failures += 1
        return whole * (0.5 + random.random() / 2)

    def lasted(self, seconds: float) -> None:
        """A connection has lasted so long: if that is more than a moment, all begins anew."""
        if seconds >= self._longest or seconds >= 60 * self._first:
            self._failures = 0
