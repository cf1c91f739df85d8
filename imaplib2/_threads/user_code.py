"""User code that commands need on their way: an authenticator, what negotiates TLS, a file.

It runs in the thread that waits for the command, or in the callback thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from .._auth import Responder
from .._errors import error
from .._hints import TYPE_CHECKING, Any, TypeVar, cast
from .._protocol.command import Command
from .._protocol.events import Challenge, UpgradeNow

if TYPE_CHECKING:
    from .._transport.base import Transport

T = TypeVar("T")
#: Makes the transport that an upgrading command asks for, from the bytes that came early.
Upgrader = Callable[[Command, bytes], "Transport"]


class UserCode:
    """Asks user code, and knows which thread is in it, and for which command."""

    def __init__(self, upgrader: Upgrader) -> None:
        self._upgrader = upgrader
        #: The commands for which threads are in user code, by their numbers. Each thread sets and
        #: looks at its own.
        self.running: dict[int, Command] = {}

    def run(self, command: Command, function: Callable[..., T], *arguments: Any) -> T:
        """The result of *function*, which is user code that *command* needs on its way."""
        thread = threading.get_ident()
        outer = self.running.get(thread)
        try:
            self.running[thread] = command
            return function(*arguments)
        finally:
            if outer is None:
                self.running.pop(thread, None)
            else:
                self.running[thread] = outer

    def check_no_deadlock(self, command: Command) -> None:
        """Raise ``error`` if *command* would wait for the user code that issues it."""
        running = self.running.get(threading.get_ident())
        if running is None or command.waiter.callback is not None or command.row.ends:
            return
        name = running.row.name
        raise error(f"{command.row.name} would wait for {name}, and that for it")

    def response(self, challenge: Challenge) -> bytes | None:
        """The authenticator's response to a SASL *challenge* (RFC 3501, section 6.2.2).

        None, which cancels the exchange, if it has none. An exception that it raises becomes the
        outcome of the command: the connection stays usable.
        """
        response: bytes | None = None
        waiter = challenge.command.waiter
        try:
            responder = cast(Responder, waiter.responder)
            response = self.run(challenge.command, responder, challenge.text)
        except Exception as problem:
            waiter.replace(problem)
        return response

    def upgraded(self, event: UpgradeNow) -> Transport:
        """The transport that takes the place of the present one, behind the OK of a command.

        Raises what the user code raises, which becomes the outcome of the command.
        """
        try:
            return self.run(event.command, self._upgrader, event.command, event.unread)
        except BaseException as problem:
            event.command.waiter.replace(problem)
            raise
