"""User code that commands need on their way: an authenticator, what negotiates TLS or compresses.

It runs in the thread that waits for the command, or in the callback thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from .._auth import Responder
from .._errors import error
from .._hints import TYPE_CHECKING, cast
from .._protocol.command import Command
from .._protocol.events import Challenge, UpgradeNow

if TYPE_CHECKING:
    from .._transport.base import Transport

#: Makes the transport that an upgrading command asks for, from the bytes that came early.
Upgrader = Callable[[Command, bytes], "Transport"]


class UserCode:
    """Asks user code, and knows which thread is in it, and for which command."""

    def __init__(self, upgrader: Upgrader) -> None:
        self._upgrader = upgrader
        #: The number of the thread in user code, which sets it, and its command. Other threads
        #: that look at it see that it is not about them.
        self.running: tuple[int, Command] | None = None

    def check_no_deadlock(self, command: Command) -> None:
        """Raise ``error`` if *command* would wait for the user code that issues it."""
        running = self.running
        if running is None or running[0] != threading.get_ident():
            return
        if command.waiter.callback is None and not command.row.ends:
            name = running[1].row.name
            raise error(f"{command.row.name} would wait for {name}, and that for it")

    def response(self, challenge: Challenge) -> bytes | None:
        """The authenticator's response to a SASL *challenge* (RFC 3501, section 6.2.2).

        None, which cancels the exchange, if it has none. An exception that it raises becomes the
        outcome of the command: the connection stays usable.
        """
        response: bytes | None = None
        waiter = challenge.command.waiter
        try:
            self.running = threading.get_ident(), challenge.command
            response = cast(Responder, waiter.responder)(challenge.text)
        except Exception as problem:
            waiter.replace(problem)
        finally:
            self.running = None
        return response

    def upgraded(self, event: UpgradeNow) -> Transport:
        """The transport that takes the place of the present one, behind the OK of a command.

        Raises what the user code raises, which becomes the outcome of the command.
        """
        try:
            self.running = threading.get_ident(), event.command
            return self._upgrader(event.command, event.unread)
        except BaseException as problem:
            event.command.waiter.replace(problem)
            raise
        finally:
            self.running = None
