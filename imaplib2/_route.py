"""Commands of a client whose ``_simple_command`` somebody has replaced.

In ``imaplib`` and imaplib2 3.x the methods send by it, so that subclasses replace it: to do
something before and behind each command, to translate errors, or to answer in the server's place.
Ours call a replaced one as theirs do, with the command's name and arguments. What these don't tell
(the message of an APPEND, the authenticator, how long to idle) waits in a `Route` for the command
that the replacement sends, or doesn't send, in the same thread.
"""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from . import _auth
from ._auth import Authenticator, Responder
from ._pending import Finish
from ._protocol.arguments import Literal, Part, Password, quote
from ._protocol.command import Command, Idle
from ._protocol.commands import Row


class Route:
    """What a method wants of the command *row* that its thread is about to send."""

    #: The latest such command, once one was sent; its data is that of the method.
    command: Command | None = None

    def __init__(
        self,
        row: Row,
        finish: Finish | None,
        *,
        last: Sequence[Part] = (),
        idle: Idle | None = None,
        authenticator: Authenticator | None = None,
        leaves_data: bool = False,
    ) -> None:
        self.row = row
        self.finish = finish
        self.last = last
        self._idle = idle
        self.authenticator = authenticator
        self.leaves_data = leaves_data
        #: What a replacement finds in ``literal``: the message, or who answers challenges.
        self.literal: Any = next((part.data for part in last if isinstance(part, Literal)), None)
        if authenticator is not None:
            self.literal = partial(_as_imaplib_answers, authenticator)

    @property
    def responder(self) -> Responder | None:
        """Who answers challenges."""
        return None if self.authenticator is None else partial(_auth.respond, self.authenticator)

    @property
    def idle(self) -> Idle | None:
        """How long to idle; for one command, as the next of a replacement begins anew."""
        return copy.copy(self._idle)

    def options(self, *, calls_back: bool, literal: Any) -> dict[str, Any]:
        """What the command takes from here; not its literal if the replacement has set another.

        One that *calls_back* is finished at once, others by the method.
        """
        wanted: dict[str, Any] = {"idle": self.idle, "route": self}
        if literal is None:
            wanted |= {"last": self.last, "authenticator": self.authenticator}
        if calls_back:
            wanted |= {"finish": self.finish, "leaves_data": self.leaves_data}
        return wanted


class Routes:
    """The routes of one client: at most one for each thread."""

    def __init__(self) -> None:
        self._routes: dict[int, Route] = {}

    @contextlib.contextmanager
    def open(self, route: Route) -> Iterator[None]:
        """Have *route* be that of this thread: what its commands send, if it fits, is meant."""
        thread = threading.get_ident()
        outer = self._routes.get(thread)
        self._routes[thread] = route
        try:
            yield
        finally:
            if outer is None:
                del self._routes[thread]
            else:
                self._routes[thread] = outer

    def find(self, name: str) -> Route | None:
        """This thread's route for the command *name*, if it has one."""
        route = self._routes.get(threading.get_ident())
        return route if route is not None and route.row.name == name.upper() else None

    def shows(self, literal: Any) -> bool:
        """Whether *literal* is what some thread's route shows to the replacement."""
        return any(literal is route.literal for route in list(self._routes.values()))


def as_imaplib_has_it(argument: Any) -> Any:
    """An argument in the form in which imaplib's methods pass it on."""
    if not isinstance(argument, Password):
        return argument
    return quote(argument.value) if isinstance(argument.value, str) else argument


def _as_imaplib_answers(authenticator: Authenticator, challenge: bytes) -> bytes:
    response = _auth.respond(authenticator, challenge)
    return b"*" if response is None else response
