"""Names that programs and subclasses know from ``imaplib`` and imaplib2 3.x, and no command's.

Commands that are sent by hand (``_new_tag``, ``_command``, ``_get_response``, ...), quoting, and
the debugging output.
"""

from __future__ import annotations

from collections.abc import Mapping

from ._attributes import is_replaced
from ._hints import Any, cast
from ._issuing import Issuer
from ._link import Link
from ._protocol.arguments import encode_arguments, quote
from ._protocol.commands import Kind, Row, Upgrade, find, find_uid
from ._protocol.states import ANY
from ._protocol.values import plain_value


class HistoricalNames(Issuer):
    """What is older than this library, and still called."""

    # -- Commands by hand -----------------------------------------------------------------------

    def _command(self, name: str, *args: Any) -> bytes:
        words = name, *args
        literal = self._own_literal()
        responder, last = self._take_literal()
        uid, name, args = self._split_uid(name, args)
        row = find_uid(name) if uid else find(name)
        route = self._find_route(words, row.name, args, literal)
        if route is not None:
            responder, last = responder or route.responder, last or route.last
        command = self._build(row, args, last)
        command.idle = None if route is None else route.idle
        if route is not None and row.upgrade is Upgrade.NONE:
            route.command = command
        self._by_hand.open(command)
        command.waiter.responder = responder
        try:
            self._submit(command, command.waiter)
        except BaseException:
            del self.tagged_commands[command.tag]
            raise
        return command.tag

    def _command_complete(self, name: str, tag: bytes) -> Any:
        return self._by_hand.complete(name, tag)

    def _new_tag(self) -> bytes:
        # It may have been replaced since the connection was made.
        self._by_hand.port.sends_unseen = is_replaced(self, "send", Link.send)
        return self._by_hand.new_tag()

    def _get_response(self) -> bytes | None:
        return self._by_hand.get_response(self._hooks.timeout(self))

    def _get_line(self) -> bytes:
        return self._by_hand.get_line(self._hooks.timeout(self))

    @property
    def continuation_response(self) -> bytes:
        """The text behind the last ``+`` that ``_get_response`` has seen."""
        return self._by_hand.continuation

    def _get_untagged_response(self, name: str, leave: bool = False) -> Any:
        if leave:
            return self.untagged_responses.get(name)
        return self._take_untagged(name)

    def _release_state_change(self) -> None:
        """Nothing to do: a thread that waits for a change of state is told of it."""

    # -- Quoting and encoding -------------------------------------------------------------------

    def _quote(self, arg: str) -> str:
        return quote(plain_value(arg))

    def _checkquote(self, arg: Any) -> bytes:
        row = Row("", "", ANY, (Kind.ANY,))
        return b"".join(cast(Any, encode_arguments(row, (arg,)).parts[1:]))

    @property
    def _encoding(self) -> str:
        return "utf-8" if self.utf8_enabled else "ascii"

    @_encoding.setter
    def _encoding(self, encoding: str) -> None:
        """Nothing to do: each argument is encoded by what it is."""

    def _choose_nonull_or_dflt(self, dflt: Any, *args: Any) -> Any:
        return next((arg for arg in args if arg), dflt)

    # -- Debugging ------------------------------------------------------------------------------

    def _log(self, level: Any, line: str | None = None) -> None:
        # imaplib's has no level: it keeps the line for print_log().
        if line is None:
            level, line = 4, level
        self._trace.message(level, cast(str, line))

    def _mesg(self, s: str, tn: str | None = None, secs: float | None = None) -> None:
        self._trace.print(s, tn, secs)

    def _dump_ur(self, untagged: Mapping[str, Any]) -> None:
        if untagged:
            lines = (f"{typ}: {data!r}" for typ, data in untagged.items())
            self._mesg("untagged responses dump:" + "\n\t\t".join(lines))

    def print_log(self) -> None:
        """Print the last interactions to the debug file, or to standard error."""
        self._trace.print_kept()

    _print_log = print_log
