"""The way of a command by a ``_simple_command`` that a subclass has replaced.

See `_by_hand.route` for why it goes there, and for what waits in a `Route` meanwhile. Here is what
``imaplib``'s methods do before and behind their ``_simple_command``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ._by_hand.route import Route, Routes, as_imaplib_has_it
from ._errors import error, readonly, told
from ._hints import Any, TypeVar, cast
from ._link import Link
from ._protocol.command import Command
from ._protocol.commands import Row, Upgrade, find
from ._protocol.states import SELECTED
from ._threads.pending import Callback, Outcome
from ._transport.tls_settings import is_tls
from ._types import Result

Self = TypeVar("Self", bound="Detour")


class Detour(Link):
    """What is done around a replaced ``_simple_command``, and the routes that lead back from it."""

    #: Bytes to be sent as the last argument, a literal, of the next command; or what answers the
    #: challenges of an AUTHENTICATE.
    literal: Any
    _routes: Routes

    def __new__(cls: type[Self], *args: Any, **options: Any) -> Self:
        self = super().__new__(cls, *args, **options)
        self._routes = Routes()
        return self

    def _call_replaced(
        self,
        simple_command: Callable[..., Any],
        route: Route,
        name: str,
        arguments: Sequence[Any],
        *,
        uid: bool,
        callback: Callback | None,
        cb_arg: Any,
    ) -> Result:
        """Have a replaced *simple_command* issue a command, as imaplib's methods do."""
        row, options = route.row, {}
        if callback is not None:
            options = {"callback": callback, "cb_arg": cb_arg}
            if len(row.collects) == 1:  # as imaplib2 3.x has it
                options["untagged_response"] = row.collects[0]
        if row.on_ok == SELECTED:
            self._locked(lambda core: core.untagged.forget())
        if uid:
            self._locked(lambda core: core.check_usable(find(name)))
        route.arguments = tuple(map(as_imaplib_has_it, arguments))
        with self._routes.open(route, name) as leads:
            words = ("UID", leads) if uid else (leads,)
            try:
                # Only while the route is open do other threads know that it isn't theirs.
                if route.literal is not None:
                    self.literal = route.literal
                outcome = simple_command(*words, *route.arguments, **options)
            finally:
                self.literal = None
        if callback is not None:
            return cast(Result, outcome)
        typ, data = outcome
        if route.command is None:
            self._note_answer(row, arguments, typ)
        return cast(Result, self._finish_replaced(route, typ, data))

    def _note_answer(self, row: Row, arguments: Sequence[Any], typ: str) -> None:
        """The replaced `_simple_command` has answered a command without sending it to us."""
        if typ == "OK" and not self._is_upgraded(row.upgrade):
            text = f"{row.name}: a replaced _simple_command answers it, but has not sent it"
            raise error(text)
        command = Command(row, [])
        command.first_argument = arguments[0] if arguments else None
        self._locked(lambda core: core.answered_elsewhere(command, typ))

    def _is_upgraded(self, upgrade: Upgrade) -> bool:
        """Whether the transport is what a command has to make of it."""
        if upgrade is Upgrade.TLS:
            return is_tls(self._own_sock())
        return upgrade is Upgrade.NONE or self.compressor is not None

    def _finish_replaced(self, route: Route, typ: str, data: Any) -> Outcome:
        """What imaplib's methods make of the outcome of their `_simple_command`."""
        row = route.row
        if route.finish is not None:
            try:
                return route.finish(typ, data)
            except error as problem:
                told(problem, _known(route, typ, data))
                raise
        if typ != "OK":
            return typ, [data for _ in row.collects] if len(row.collects) > 1 else data
        if row.shows:
            return typ, self._finish_select(route, row.shows)
        found = [self._collected(route, name) or [None] for name in row.collects]
        return typ, found if len(found) > 1 else found[0] if found else data

    def _finish_select(self, route: Route, shown: str) -> Any:
        if route.row.asks_to_write and "READ-ONLY" in self.untagged_responses:
            raise readonly(f"{self.mailbox} is not writable")
        self._locked(lambda core: core.untagged.show(shown))
        if route.command is not None:
            return route.command.shown or [None]
        return self.untagged_responses.get(shown, [None])

    def _collected(self, route: Route, name: str) -> Any:
        """The data of a type that a command has left with the untagged responses."""
        command = route.command
        if command is None:
            return self._take_untagged(name)
        items = command.data.get(name)
        return items and self._locked(lambda core: core.untagged.take_awaited(name, items))

    def _own_literal(self) -> Any:
        """The ``literal`` that was set by hand; it stays there.

        What a method has shown to a replaced `_simple_command` is in its route, and is taken away:
        it can't be that of another thread's command then.
        """
        literal = self.literal
        if literal is not None and self._routes.shows(literal):
            self.literal = literal = None
        return literal


def _known(route: Route, typ: str, data: Any) -> dict[str, Any]:
    """What an exception knows of the outcome of a replaced `_simple_command`."""
    from ._late import about_answer

    known = {"command": route.row.name}
    if route.command is not None:
        return known | (route.command.answer or {})
    text = data[-1] if isinstance(data, list) and data else None
    return known | (about_answer(typ, text) if isinstance(text, bytes) else {"type": typ})
