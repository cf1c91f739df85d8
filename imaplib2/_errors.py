"""The three exceptions of the API, and the variants that catchers of OSError catch, too.

Their texts are one line each, whatever servers say: `printable` sees to that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ._hints import Any, TypeVar
from ._protocol.patterns import pattern

Problem = TypeVar("Problem", bound=BaseException)

# C0, DEL and C1; what begins a line, turns its direction, or isn't seen at all, but for what joins
# letters and emoji; lone surrogates, that is bytes which aren't UTF-8.
_SPECIAL = (
    r"[\0-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    r"\ufff9-\ufffb]"
)
_ANY_SPECIAL = pattern(_SPECIAL)
# Backslashes, and what makes an escape of the last one. In one go: trying each of them as the
# first one would take the square.
_BACKSLASHES = pattern(rf"(\\+)(x[0-9a-f]{{2}}|u[0-9a-f]{{4}}|(?={_SPECIAL}))?")


def printable(text: str | bytes) -> str:
    """*text* of a server, to be read by people: on one line, and doing nothing to a terminal.

    Escapes are ``\\x1b``, ``\\u2028`` and the like. A backslash is doubled only where it would look
    like one of these, so that nothing else is changed and that two texts never look the same.
    """
    if not isinstance(text, str):
        text = text.decode("utf-8", "replace")
    if text.isprintable() and "\\" not in text:
        return text
    return escaped(_BACKSLASHES.sub(_doubled, text))


def escaped(text: str) -> str:
    """The same of a *text* that `printable` texts are part of, which aren't escaped again."""
    return text if text.isprintable() else _ANY_SPECIAL.sub(_escape, text)


def _doubled(found: re.Match[str]) -> str:
    return found[0] if found[2] is None else found[1] + found[0]


def _escape(found: re.Match[str]) -> str:
    number = ord(found[0])
    # A byte that "surrogateescape" has kept.
    if 0xDC80 <= number <= 0xDCFF:
        return f"\\x{number - 0xDC00:02x}"
    return f"\\x{number:02x}" if number < 0x80 else f"\\u{number:04x}"


class error(Exception):
    """A command failed, was refused, or could not be sent; the connection stays usable.

    What is known of it, besides the text, stands in its attributes; what isn't is None. Copies and
    pickles keep them. They hold no arguments of commands.

    >>> from imaplib2 import IMAP4
    >>> def explain(problem):
    ...     if problem.code == "AUTHENTICATIONFAILED":
    ...         return "wrong name or password"
    ...     if problem.code == "UNAVAILABLE":
    ...         return "try again later"
    ...     return str(problem)
    >>> explain(IMAP4.error("socket error: EOF"))
    'socket error: EOF'
    """

    #: The command that failed: ``'LOGIN'``, ``'UID FETCH'``.
    command: str | None = None
    #: The tag that it was sent with, as in ``tagged_commands``.
    tag: bytes | None = None
    #: The type of the status response that says so: ``'NO'`` or ``'BAD'``, tagged, or ``'BYE'``;
    #: ``'OK'`` of a SELECT that has given less than was asked for.
    type: str | None = None
    #: The response code of that (RFC 5530, section 3), in upper case: ``'OVERQUOTA'``.
    code: str | None = None
    #: What stands behind the code in its brackets; ``b''`` for nothing.
    code_data: bytes | None = None
    #: The text for people behind the code; control characters are escaped.
    text: str | None = None
    #: ``'host:port'`` of the server, or ``'child process'``.
    where: str | None = None

    #: Raised before anything was changed: not for users.
    is_refusal = False
    #: What a server has said in JSON when it refused an OAuth token: its ``status``, ``scope`` and
    #: the like (RFC 7628, section 3.2.2). None of all other errors.
    challenge: dict[str, str] | None = None


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


#: The attributes of `error` that tell about it.
ABOUT = ("command", "tag", "type", "code", "code_data", "text", "where", "challenge")


def about(problem: BaseException) -> dict[str, Any]:
    """What is known of *problem*, by the names of `ABOUT`; other exceptions know nothing."""
    return {name: getattr(problem, name) for name in ABOUT} if isinstance(problem, error) else {}


def told(problem: Problem, known: Mapping[str, Any]) -> Problem:
    """*problem*, of which is *known* what it didn't know yet, if it is one of ours."""
    if isinstance(problem, error):
        own = vars(problem)
        for name, value in known.items():
            if value is not None:
                # Not by setattr(): a user's subclass may have a property of that name.
                own.setdefault(name, value)
    return problem


class ErrorText(str):
    """What a callback gets of a failure: the text, and the exception itself."""

    #: Without a traceback.
    error: BaseException

    @classmethod
    def of(cls, problem: BaseException) -> ErrorText:
        """The text of *problem*."""
        text = cls(problem)
        text.error = problem.with_traceback(None)
        return text


def raised(failure: tuple[type[BaseException], str]) -> BaseException:
    """The exception that a callback's *failure*, class and text, stands for."""
    kind, text = failure
    return text.error if isinstance(text, ErrorText) else kind(text)


def was_cancelled(failure: tuple[type[BaseException], str]) -> bool:
    """Whether a callback's *failure* is that of a command which its user has cancelled."""
    problem = raised(failure)
    return isinstance(problem, error) and problem.is_refusal


# By the class of the cause, so that ``except ConnectionError`` catches a reset connection.
_VARIANTS: dict[type[OSError], type[OSErrorAbort]] = {OSError: OSErrorAbort}


def os_error(problem: OSError) -> OSErrorAbort:
    """The ``abort`` for a *problem* of the transport, which its class's catchers catch, too."""
    # A class of somebody else's may have a constructor of its own: the nearest of Python's will do.
    cause = next(c for c in type(problem).__mro__ if c.__module__ in ("builtins", "socket", "ssl"))
    return _variant(cause)(escaped(f"socket error: {problem}"), problem.errno)


def _variant(cause: type[OSError]) -> type[OSErrorAbort]:
    if cause not in _VARIANTS:
        namespace = {"__module__": __name__, "_cause": cause}
        variant = type("OSErrorAbort", (OSErrorAbort, cause), namespace)
        # That of another thread, if it was faster.
        return _VARIANTS.setdefault(cause, variant)
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
    return told(fresh, about(reason))


def repeated(problem: BaseException) -> error:
    """A fresh exception that says what *problem* says, for whoever asks again."""
    if isinstance(problem, abort) and not isinstance(problem, readonly):
        return lost(problem)
    kind = readonly if isinstance(problem, readonly) else error
    return told(kind(str(problem)), about(problem))


def _copy(reason: BaseException, text: str) -> abort:
    if isinstance(reason, TimeoutAbort):
        return TimeoutAbort(text)
    if isinstance(reason, OSErrorAbort):
        return type(reason)(text, reason.errno)
    return abort(text)
