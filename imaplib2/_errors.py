"""The three exceptions of the API, and the variants that catchers of OSError catch, too."""

from __future__ import annotations

from typing import Any


class error(Exception):
    """A command failed, was refused, or could not be sent; the connection stays usable."""

    #: Raised before anything was changed: not for users.
    is_refusal = False


class abort(error):
    """The connection is gone; a new one may well succeed."""

    _shown: str | None = None

    def __str__(self) -> str:
        # Of two arguments, OSError would drop one: keep imaplib's one text.
        return self._shown or str(self.args[0] if len(self.args) == 1 else self.args or "")


class readonly(abort):
    """The selected mailbox is, or has become, read-only although writing was asked for."""


class InvalidArgument(error, ValueError):
    """An argument can't be sent; raised before any byte of the command has left."""


class UnusableArgument(InvalidArgument, TypeError):
    """An argument of a type that makes no sense in its place, or None where one must be."""


class TimeoutAbort(abort, TimeoutError):
    """The server stayed silent for too long."""


class OSErrorAbort(abort, OSError):
    """The operating system reported an error of the transport; ``errno`` is its number."""

    #: The class of the cause, of which a variant is an instance, too.
    _cause: type[OSError] = OSError

    def __init__(self, text: str, errno: int | None = None) -> None:
        super().__init__(text)
        self.errno = errno

    def __reduce__(self) -> tuple[Any, ...]:
        # pickle finds no variant by its name. And OSError's own way would lose the errno.
        return _restored, (self._cause, self.args, self.errno), vars(self)


# By the class of the cause, so that ``except ConnectionError`` catches a reset connection.
_VARIANTS: dict[type[OSError], type[OSErrorAbort]] = {OSError: OSErrorAbort}


def os_error(problem: OSError) -> OSErrorAbort:
    """The ``abort`` for a *problem* of the transport, which its class's catchers catch, too."""
    # A class of somebody else's may have a constructor of its own: the nearest of Python's will do.
    cause = next(c for c in type(problem).__mro__ if c.__module__ in ("builtins", "socket", "ssl"))
    return _variant(cause)(f"socket error: {problem}", problem.errno)


def _variant(cause: type[OSError]) -> type[OSErrorAbort]:
    if cause not in _VARIANTS:
        namespace = {"__module__": __name__, "_cause": cause}
        variant = type("OSErrorAbort", (OSErrorAbort, cause), namespace)
        return _VARIANTS.setdefault(cause, variant)  # another thread's, if that was faster
    return _VARIANTS[cause]


def _restored(cause: type[OSError], args: tuple[Any, ...], errno: int | None) -> OSErrorAbort:
    """A copy of what `os_error` gave, also in another process."""
    copy = _variant(cause)("", errno)
    copy.args = args
    return copy


def failed_greeting(reason: BaseException, context: str) -> abort:
    """`lost`, before there was a connection.

    Programs written for imaplib2 3.x compare the beginning of ``args[0]`` with these words.
    """
    fresh = lost(reason, context)
    fresh._shown = str(fresh)
    fresh.args = (f"IMAP4 protocol error: {fresh}",)
    return fresh


def lost(reason: BaseException, context: str = "") -> abort:
    """A fresh ``abort`` that says what *reason* says, of the class its catchers expect.

    Every waiter gets an exception of its own: a shared one would collect all their tracebacks.
    """
    fresh = _copy(reason, str(reason) + context)
    if isinstance(reason, abort) and reason._shown:
        fresh._shown, fresh.args = reason._shown, reason.args
    fresh.__cause__ = reason.__cause__
    return fresh


def repeated(problem: BaseException) -> error:
    """A fresh exception that says what *problem* says, for whoever asks again."""
    if isinstance(problem, readonly):
        return readonly(str(problem))
    return lost(problem) if isinstance(problem, abort) else error(str(problem))


def _copy(reason: BaseException, text: str) -> abort:
    if isinstance(reason, TimeoutAbort):
        return TimeoutAbort(text)
    if isinstance(reason, OSErrorAbort):
        return type(reason)(text, reason.errno)
    return abort(text)
