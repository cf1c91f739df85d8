"""Commands of a client whose ``_simple_command`` was replaced.

In ``imaplib`` and imaplib2 3.x the methods send by it, so that subclasses replace it: to do
something before and behind each command, to translate errors, or to answer in the server's place.
Ours call a replaced one as theirs do, with the command's name and arguments. What these don't tell
(the message of an APPEND, the authenticator, how long to idle) waits in a `Route` for the command
that the replacement sends, or doesn't send, in whatever thread it does.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from functools import partial

from .. import _auth
from .._auth import Authenticator, Responder
from .._errors import error
from .._hints import Any
from .._protocol.arguments import Literal, Part, Password, quote
from .._protocol.command import Command, Idle, Sink
from .._protocol.commands import Row
from .._protocol.parts import Source
from .._threads.pending import Finish


class Name(str):
    """The name of a command, by which a replacement sends it: it leads to the route."""

    #: None once the method has returned.
    route: Route | None = None
    #: Whether the command needs what only its route knows.
    needs_route = False

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


class Route:
    """What a method wants of the command *row* that is about to be sent for it."""

    #: The latest such command, once one was sent; its data is that of the method.
    command: Command | None = None

    def __init__(
        self,
        row: Row,
        finish: Finish | None,
        last: Sequence[Part] = (),
        idle: Idle | None = None,
        authenticator: Authenticator | None = None,
        leaves_data: bool = False,
        sink: Sink | None = None,
    ) -> None:
        self.row = row
        self.finish = finish
        self.last = last
        self._idle = idle
        self.authenticator = authenticator
        self.leaves_data = leaves_data
        self._sink = sink
        #: What the replacement is called with, in the form that `as_imaplib_has_it` gives it.
        self.arguments: tuple[Any, ...] = ()
        #: What a replacement finds in ``literal``: the message, or what answers challenges.
        self.literal: Any = next((part.data for part in last if isinstance(part, Literal)), None)
        if authenticator is not None:
            self.literal = partial(_as_imaplib_answers, authenticator)

    @property
    def needed(self) -> bool:
        """Whether the arguments alone don't make the command."""
        return not (self.literal is None and self._idle is None and self._sink is None)

    @property
    def responder(self) -> Responder | None:
        """What answers challenges; None if nothing does."""
        return None if self.authenticator is None else partial(_auth.respond, self.authenticator)

    @property
    def idle(self) -> Idle | None:
        """How long to idle; for one command, as the next of a replacement begins anew."""
        # Here, as an IDLE on this way is rare.
        import copy

        return copy.copy(self._idle)

    def options(self, *, calls_back: bool, literal: Any) -> dict[str, Any]:
        """Arguments of `_call` for the command; not its literal if the replacement has set another.

        Where the command *calls_back*, `finish` is among them; otherwise the method does that.
        Raises ``error`` if an earlier command has used up a file.
        """
        if self._sink is not None:
            self._sink.check_unused()
        if isinstance(self.literal, Source):
            self.literal.check_unused()
        wanted: dict[str, Any] = {"idle": self.idle, "route": self, "sink": self._sink}
        if literal is None:
            wanted |= {"last": self.last, "authenticator": self.authenticator}
        if calls_back:
            wanted |= {"finish": self.finish, "leaves_data": self.leaves_data}
        return wanted


class Routes:
    """The routes of one client.

    Several threads share it: each appends and removes its own routes, and copies the others'.
    """

    def __init__(self) -> None:
        self._open: list[Route] = []
        # By thread; each sets and pops its own.
        self._innermost: dict[int, Route] = {}

    @contextlib.contextmanager
    def open(self, route: Route, name: str) -> Iterator[Name]:
        """Have *route* be that of the calling thread, for the command that fits it, meanwhile.

        Gives *name* in the form that leads to it from other threads.
        """
        thread = threading.get_ident()
        outer = self._innermost.get(thread)
        leads = Name(name)
        leads.route, leads.needs_route = route, route.needed
        try:
            self._innermost[thread] = route
            self._open.append(route)
            yield leads
        finally:
            leads.route = None
            if route in self._open:
                self._open.remove(route)
            if outer is None:
                self._innermost.pop(thread, None)
            else:
                self._innermost[thread] = outer

    def find(self, name: str, words: Sequence[Any], arguments: Sequence[Any]) -> Route | None:
        """The route for the command *name*, if it has one; *words* are what it was sent with.

        That is the one to which its name leads, or else that of this thread. A thread without any,
        whose command has its name from elsewhere, takes the one that wants just these *arguments*.
        """
        name = name.upper()
        leads = next((word for word in words[:2] if isinstance(word, Name)), None)
        if leads is not None and leads.route is not None and leads.route.row.is_called(name):
            return leads.route
        own = self._innermost.get(threading.get_ident())
        if own is not None:
            return own if own.row.is_called(name) else None
        return None if leads is not None else self._find_elsewhere(name, tuple(arguments))

    def _find_elsewhere(self, name: str, arguments: tuple[Any, ...]) -> Route | None:
        """Another thread's route; None if it might be that of either of two messages."""
        found = [
            route
            for route in [*self._open]
            if route.needed
            and route.row.is_called(name)
            and (route.literal is None or route.command is None)
            and route.arguments == arguments
        ]
        certain = len(found) == 1 or all(route.literal is None for route in found)
        return found[0] if found and certain else None

    def shows(self, literal: Any) -> bool:
        """Whether *literal* is what a route shows to its replacement."""
        return any(literal is route.literal for route in [*self._open])


def check_whole(words: Sequence[Any], name: str, arguments: Sequence[Any]) -> None:
    """Raise ``error`` for a command without a route that lacks what only a route would know.

    Its sender is a replacement: of a method that has returned meanwhile, perhaps.
    """
    leads = next((word for word in words[:2] if isinstance(word, Name)), None)
    late = leads is not None and leads.route is None and leads.needs_route
    # Mailbox, flags and date are all but the message; there are more arguments with CATENATE.
    if late or (name == "APPEND" and len(arguments) == 3):
        raise error(
            f"{name}: a replaced _simple_command sends it, and for which call of the method can't"
            " be told; send it before _simple_command returns, by the name that it was called with"
        )


def as_imaplib_has_it(argument: Any) -> Any:
    """An argument in the form in which imaplib's methods pass it on."""
    if not isinstance(argument, Password):
        return argument
    return quote(argument.value) if isinstance(argument.value, str) else argument


def _as_imaplib_answers(authenticator: Authenticator, challenge: bytes) -> bytes:
    response = _auth.respond(authenticator, challenge)
    return b"*" if response is None else response
