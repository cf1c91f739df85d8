"""A call of a method becomes a `Command` with a `Pending`, is submitted, and waited for."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from . import _auth
from ._by_hand.route import Route, check_whole
from ._checks import check_callable
from ._detour import Detour
from ._errors import error, told
from ._hints import TYPE_CHECKING, Any, TypeVar, cast
from ._idler import Idler
from ._protocol import commands
from ._protocol.arguments import Encoded, Literal, Message, Part, encode_arguments
from ._protocol.command import Command, Idle, Sink, Waiter
from ._protocol.commands import Row, Upgrade, find, find_uid
from ._protocol.parts import ask_where_unusual
from ._protocol.values import plain_value
from ._threads.pending import Callback, Finish, Outcome, Pending
from ._types import LATER, Result

if TYPE_CHECKING:
    from ._auth import Authenticator, Responder
    from ._futures import CommandFuture
    from ._threads.engine import Engine

T = TypeVar("T")


class Issuer(Detour):
    """Issues commands: by `_call` for the methods, by `_simple_command` for extenders."""

    #: By the number of a thread that is in `submit`: what is told of the commands that it issues.
    _submitted: Mapping[int, CommandFuture] = {}
    #: starttls() is at work; else a STARTTLS is sent by hand, and the handshake is the user's.
    _shakes_hands = False

    def _call(
        self,
        name: str,
        *arguments: Any,
        uid: bool = False,
        params: Sequence[Any] | None = None,
        callback: Callback | None = None,
        cb_arg: Any = None,
        finish: Finish | None = None,
        last: Sequence[Part] = (),
        idle: Idle | None = None,
        leaves_data: bool = False,
        authenticator: Authenticator | None = None,
        raw: bool = False,
        route: Route | None = None,
        sink: Sink | None = None,
    ) -> Result:
        """Issue a command; its outcome, or ``(None, None)`` when it goes to *callback*.

        By a replaced `_simple_command`, if there is one, unless it comes from there (*raw*).
        """
        if callback is not None and not callable(callback):
            self.literal = None  # type: ignore[unreachable]
            check_callable("callback", callback)
        if not raw and self._sends_elsewhere():
            row = find_uid(name) if uid else find(name)
            route = Route(row, finish, last, idle, authenticator, leaves_data, sink)
            return self._call_elsewhere(route, name, arguments, params, uid, callback, cb_arg)
        responder: Responder | None = None
        if self.literal is not None:
            responder, given = self._take_literal()
            last = last or given
        if authenticator is not None:
            responder = partial(_auth.respond, authenticator)
        row = find_uid(name) if uid else find(name)
        if params is not None:
            arguments = self._substituted(row, arguments, params)
        command = self._build(row, arguments, last)
        command.idle, command.sink, command.leaves_data = idle, sink, leaves_data
        if isinstance(authenticator, _auth.Mechanism):
            command.doubt, command.as_it_came = authenticator.doubt, not raw
        if route is not None:
            route.command = command
        if callback is not None:
            callback = self._expect_callback(command, callback)
        pending = Pending(finish, callback, cb_arg)
        pending.responder = responder
        if finish is not None or route is not None:
            command.answer = pending.answer = {}
        try:
            engine = self._submit(command, pending)
            if callback is not None:
                return LATER
            outcome: Any = engine.wait(pending)
            if self._by_hand.port.is_used:
                self._by_hand.after_command()
            return outcome  # type: ignore[no-any-return]
        except error as problem:
            self._explain(problem, command.row.name, command.tag if command.begun else None)
            raise
        except BaseException:
            # A signal handler's: this thread, which was to receive the outcome, goes on elsewhere.
            self._running_engine().give_up(command)
            raise

    def _substituted(
        self, row: Row, arguments: Sequence[Any], params: Sequence[Any]
    ) -> tuple[Any, ...]:
        """*arguments* with *params* in them."""
        from ._late import substitute

        try:
            return tuple(substitute(row.name, arguments, params))
        except error as problem:
            self._explain(problem, row.name)
            raise

    def _expect_callback(self, command: Command, callback: Callback) -> Callback:
        """The function to be called back; behind a STARTTLS, later commands wait for it."""
        command.calls_back = True
        if self._submitted and (future := self._future_of_call()) is not None:
            future.note(command, callback)
        if command.row.upgrade is not Upgrade.TLS:
            return callback
        return partial(_tell_first, self._running_engine(), weakref.ref(command), callback)

    def _future_of_call(self) -> CommandFuture | None:
        """The future for which this thread issues commands."""
        return self._submitted.get(threading.get_ident())

    def _issue_for(self, future: CommandFuture | None, call: Callable[[], T]) -> T:
        """What *call* returns; *future* is told of the commands that it issues."""
        if future is None:
            return call()
        submitted = vars(self).setdefault("_submitted", {})
        this = threading.get_ident()
        outer = submitted.get(this)
        try:
            submitted[this] = future
            return call()
        finally:
            if outer is None:
                submitted.pop(this, None)
            else:
                submitted[this] = outer

    # -- By way of a replaced _simple_command ---------------------------------------------------

    def _sends_elsewhere(self) -> bool:
        """Whether `_simple_command` is replaced."""
        # As `is_replaced` does it, which would be a call more for each command.
        if "_simple_command" in vars(self):
            return True
        return type(self)._simple_command is not Issuer._simple_command

    def _call_elsewhere(
        self,
        route: Route,
        name: str,
        arguments: Sequence[Any],
        params: Sequence[Any] | None,
        uid: bool,
        callback: Callback | None,
        cb_arg: Any,
    ) -> Result:
        """Issue a command by the replaced `_simple_command`."""
        from ._late import substitute

        try:
            arguments = substitute(route.row.name, arguments, params)
            return self._call_replaced(
                self._simple_command, route, name, arguments,
                uid=uid, callback=callback, cb_arg=cb_arg,
            )  # fmt: skip
        finally:
            self.literal = None

    def _simple_command(
        self, name: str, *args: Any, untagged_response: str | None = None, **options: Any
    ) -> Result:
        words = name, *args
        uid, name, args = self._split_uid(name, args)
        options["leaves_data"] = True
        literal = self._own_literal()
        route = self._find_route(words, f"UID {name}" if uid else name, args, literal)
        if route is not None:
            options |= route.options(calls_back="callback" in options, literal=literal)
        # The historical way to return a command's data.
        elif untagged_response is not None:
            options["finish"] = partial(self._finish_with, untagged_response)
        return self._call(name, *args, uid=uid, raw=True, **options)

    def _find_route(
        self, words: Sequence[Any], name: str, arguments: Sequence[Any], literal: Any
    ) -> Route | None:
        """The route of a command that was sent with *words*, and with a *literal* set by hand.

        Raises ``error`` if it has none without which it can't be sent.
        """
        route = self._routes.find(name, words, arguments)
        if route is None and literal is None and self._sends_elsewhere():
            check_whole(words, name.upper(), arguments)
        return route

    def _split_uid(
        self, name: str, arguments: tuple[Any, ...]
    ) -> tuple[bool, str, tuple[Any, ...]]:
        """Of a raw command, whether it takes UIDs, its name, and its arguments.

        ``UID`` is the name of no command: what it does, and to what, its first argument tells.
        """
        name = plain_value(name)
        first = plain_value(arguments[0]) if arguments and name.upper() == "UID" else None
        if not isinstance(first, str) or first.upper() not in commands.UID_COMMANDS:
            return False, name, arguments
        # imaplib's text, too, names UID when the state forbids the command.
        self._check_usable("UID")
        return True, first.upper(), arguments[1:]

    def _finish_with(self, name: str, typ: str, data: Sequence[Any]) -> Outcome:
        return cast(Outcome, self._untagged_response(typ, data, name))

    def _untagged_response(self, typ: Any, dat: Any, name: str) -> Any:
        if typ == "NO":
            return typ, dat
        return typ, self._take_untagged(name) or [None]

    # -- From arguments to a command ------------------------------------------------------------

    def _build(self, row: Row, arguments: Sequence[Any], last: Sequence[Part] = ()) -> Command:
        """The command with its *arguments*, and behind them the parts *last*, encoded."""
        if not (arguments or last):
            return Command(row, [row.encoded_name], numbers=row.numbers)
        utf8 = self.utf8_enabled
        try:
            encoded = encode_arguments(row, arguments, utf8=utf8)
            if last:
                # Behind the mailbox.
                ask_where_unusual(encoded.parts[2:], last)
            command = Command.build(row, encoded, last, utf8=utf8)
        except error as problem:
            self._explain(problem, row.name)
            raise
        command.first_argument = encoded.values[0] if arguments else None
        if not utf8 and (encoded.differs_in_utf8 or (last and _holds_message(last))):
            # Once ENABLE has been answered, it is too late: what was given may have changed.
            command.utf8_form = _utf8_form(row, encoded, last)
        return command

    def _take_literal(self) -> tuple[Responder | None, Sequence[Part]]:
        """The ``literal`` that was set by hand for the next command, whatever becomes of it.

        It is a literal, or a function that answers each challenge.
        """
        literal, self.literal = self.literal, None
        if literal is None or self._routes.shows(literal):
            return None, ()
        if callable(literal):
            return (lambda challenge: _auth.as_one_line(literal(challenge))), ()
        try:
            return None, (Literal(literal),)
        except TypeError:
            kind = type(literal).__name__
            raise TypeError(f"a literal must be bytes, not {kind}") from None

    def _check_usable(self, name: str) -> None:
        """Raise ``error`` when the state forbids a command."""
        try:
            self._running_engine().locked(lambda core: core.check_usable(find(name)))
        except error as problem:
            raise self._refused(problem, name) from None

    def _refused(self, problem: error, name: str) -> error:
        """*problem*, for the command *name*, which will not be sent: its literal goes with it."""
        self.literal = None
        self._explain(problem, name)
        return problem

    def _explain(self, problem: error, name: str, tag: bytes | None = None) -> None:
        """Have *problem* know of which command it is, if it doesn't yet."""
        where = None if self._engine is None else self._core.where
        told(problem, {"command": name, "tag": tag, "where": where})

    def _make_idler(self, idle: Idle, duration: float | None) -> Idler:
        """What issues an IDLE when it is entered, for *duration* seconds."""
        command = self._build(find("IDLE"), ())
        command.idle = idle
        command.waiter = pending = Pending()
        command.answer = pending.answer = {}
        return Idler(self._running_engine(), command, pending, duration)

    def _submit(self, command: Command, pending: Waiter) -> Engine:
        """Submit *command*, whose outcome goes to *pending*."""
        if self._core.paused:
            self._hooks.go_on_by_hand(self)
        self._hooks.adopt_timeout(self)
        command.waiter = pending
        command.upgraded_by_hand = command.row.upgrade is Upgrade.TLS and not self._shakes_hands
        engine = self._engine or self._running_engine()
        engine.submit(command)
        return engine


def _holds_message(last: Sequence[Part]) -> bool:
    return bool(last) and isinstance(last[0], Message)


def _utf8_form(row: Row, encoded: Encoded, last: Sequence[Part]) -> Command | error:
    """The command once UTF8=ACCEPT is on, or why it can't be sent then."""
    try:
        if encoded.differs_in_utf8:
            encoded = encode_arguments(row, encoded.values, utf8=True)
        return Command.build(row, encoded, last, utf8=True)
    except error as problem:
        return problem.with_traceback(None)


def _tell_first(
    engine: Engine, reference: weakref.ref[Command], callback: Callback, outcome: Any
) -> None:
    """Tell the core that *callback* is called with *outcome*, then call it."""
    command = reference()
    if command is not None:
        engine.locked(lambda core: core.told(command))
    callback(outcome)
