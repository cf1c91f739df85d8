"""Futures instead of callbacks: `submit`, and which methods it takes."""

from __future__ import annotations

from functools import partial
from types import FunctionType, MethodType

from ._hints import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast
from ._issuing import Issuer

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

P = ParamSpec("P")
T = TypeVar("T")

#: The flag of a function that takes ``**options``.
_TAKES_OPTIONS = 0x08


class Submitting(Issuer):
    """`submit`, which nothing here calls: a subclass may have a method of that name."""

    def submit(self, method: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call a command *method* of this connection; a future of what it returns, at once.

        The future gets what ``method(*args, **kwargs)`` would have returned or raised, the loss of
        the connection too. What needs no server, this raises: ``error`` in a wrong state or for
        arguments that can't be sent. The future works with all of ``concurrent.futures``, and with
        ``asyncio.wrap_future``.

        ``cancel()`` succeeds until the answer is there. A command that isn't sent yet, as it waits
        for its turn or for the network, never is then; nor is what was issued behind a SELECT or a
        STARTTLS, for what that was to bring: it fails. An IDLE ends. Else the answer is dropped
        when it comes, and what the command does is done: a LOGOUT ends the connection. Behind a
        SELECT that was not sent, the mailbox that was selected before still is.

        Functions that are added to the future are called by the thread of callbacks, one at a time,
        in the order of completion: in them each method may be called. Two exceptions are those of
        ``concurrent.futures``, which logs what they raise, too: one that is added when the future
        is done is called at once, and ``cancel()`` calls them itself. In them, as in callbacks and
        authenticators, to wait for a future of the same connection that isn't done would be for
        ever: it raises ``error``. Who drops the connection before the future is done gets an
        ``abort`` from it.

        Raises TypeError for what isn't a command method of this connection, for ``callback=`` and
        ``cb_arg=``, and for a subclass's method that takes no ``callback=``: nothing is sent then.

        >>> import imaplib2
        >>> from concurrent.futures import as_completed
        >>> def sizes(M: imaplib2.IMAP4, numbers):
        ...     futures = [M.submit(M.fetch, number, "(RFC822.SIZE)") for number in numbers]
        ...     for future in as_completed(futures, timeout=60):
        ...         typ, data = future.result()
        ...         print(typ, data[0])
        >>> with imaplib2.IMAP4("localhost") as M:  # doctest: +SKIP
        ...     M.login("user", "password")
        ...     M.select("INBOX", readonly=True)
        ...     sizes(M, range(1, 4))
        """
        from ._futures import CommandFuture

        _check(self, method, kwargs)
        future = CommandFuture(cast(Any, method).__name__, self._engine)
        call = partial(cast(Any, method), *args, callback=future.deliver, **kwargs)
        try:
            future.returned(self._issue_for(future, call))
        except BaseException:
            # Nobody will ever have it.
            future.cancel()
            raise
        return cast("Future[T]", future)


def _check(client: object, method: object, options: dict[str, Any]) -> None:
    """Raise TypeError unless *method* is a command of *client*, and its callback the future's."""
    function = method.__func__ if isinstance(method, MethodType) else None
    if not isinstance(method, MethodType) or not isinstance(function, FunctionType):
        kind = type(method).__name__
        raise TypeError(f"submit takes a method of this connection, as M.fetch, not a {kind}")
    name = function.__name__
    if method.__self__ is not client:
        raise TypeError(f"submit: {name} is a method of another object")
    if "callback" in options or "cb_arg" in options:
        raise TypeError("submit: callback and cb_arg go with no future")
    names = _names(type(client), function)
    if not any(_names_command(type(client), name) for name in names):
        raise TypeError(f"submit: {name} is no command method")
    if not (_takes_callback(function) or function.__code__.co_flags & _TAKES_OPTIONS):
        cls = type(client).__name__
        raise TypeError(f"submit: {cls}.{name} takes no callback=, by which its future is told")


def _names(cls: type[Any], function: FunctionType) -> set[str]:
    """The public names of *function* in *cls* and its bases."""
    name = function.__name__
    if getattr(cls, name, None) is function and not name.startswith("_"):
        return {name}
    found = {n for base in cls.__mro__ for n, value in vars(base).items() if value is function}
    return {name for name in found if not name.startswith("_")}


def _names_command(cls: type[Any], name: str) -> bool:
    """Whether *name* is that of a method with a callback, of *cls* or of one of its bases."""
    return any(_takes_callback(vars(base).get(name)) for base in cls.__mro__)


def _takes_callback(function: object) -> bool:
    """Whether *function* has a parameter ``callback`` that can be given by name."""
    if not isinstance(function, FunctionType):
        return False
    code = function.__code__
    named = code.co_varnames[code.co_posonlyargcount : code.co_argcount + code.co_kwonlyargcount]
    return "callback" in named
