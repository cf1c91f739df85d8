"""What the client sees of the threads of its connection."""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
from collections.abc import Callable
from functools import partial

from .._clock import Clock, seconds_until
from .._errors import abort, about, error, told
from .._hints import TYPE_CHECKING, Any, TypeVar
from .._mutex import Reentered
from .._protocol.command import Command
from .._protocol.connection import Connection
from .._trace import Trace
from .gate import Gate
from .pending import KeepTime, Outcome, Pending
from .reader import Reader
from .user_code import Upgrader
from .writer import Writer

if TYPE_CHECKING:
    from .._transport.base import Transport

#: Seconds that a mutex is waited for that should be free; and when it wasn't lately.
_MUTEX_TIMEOUT = 2.0
_MUTEX_LOOK = 0.05
#: Python 3.12 starts no thread once the main thread has ended, though other threads may work on.
STARTS_LATE = sys.version_info[:2] != (3, 12)

T = TypeVar("T")


class Engine:
    """The threads of one connection, as its users' threads see them.

    Methods may be called from any thread but reader and writer, unless they say otherwise.
    """

    # Kept here: a ``__del__`` may run when the interpreter has cleared all modules already.
    _getpid = staticmethod(os.getpid)
    _is_finalizing = staticmethod(sys.is_finalizing)

    def __init__(
        self,
        core: Connection,
        transport: Transport,
        upgrader: Upgrader,
        trace: Trace,
        early: bytes = b"",
    ) -> None:
        self.core = core
        self._gate = Gate(core, transport, upgrader, trace)
        self._reader = Reader(self._gate, early)
        self._writer = Writer(self._gate)
        self._process = os.getpid()
        # The last wait for the mutex has timed out.
        self._mutex_missed = False
        # `close` has done all that there was to do, but for a callback that came later.
        self._is_closed = False

    # -- Commands -----------------------------------------------------------------------------

    def start(self, greeting_timeout: float | None) -> None:
        """Start the threads and wait for the greeting.

        Raises ``abort`` when none comes, and ``error`` when the server greets with a refusal.
        """
        self.core.start(Clock.now(), greeting_timeout)
        # So the first command needn't wake the writer.
        self._gate.sending.silence.look_soon()
        for thread in (self._reader.thread, self._writer.thread):
            try:
                thread.start()
            except BaseException:
                self._gate.leave(thread)
                raise
        try:
            self._gate.greeting.wait()
        except abort as problem:
            if self.core.refusal is not None:
                raise told(error(self.core.refusal), about(problem)) from None
            raise

    def submit(self, command: Command) -> None:
        """Send a command, now or in its turn; its waiter is told the outcome.

        Raises ``error`` when it is illegal, ``abort`` when the connection is over, and
        RuntimeError when it has the first callback and there can be no thread for that.
        """
        if not self.can_wait:
            raise _not_served(command.row.name)
        gate = self._gate
        if gate.user_code.running:
            gate.user_code.check_no_deadlock(command)
        calls_back = command.waiter.callback is not None
        needs_thread = calls_back and gate.callbacks.thread is None
        if needs_thread and not (command.idle and gate.transport.honours_timeouts and STARTS_LATE):
            gate.callbacks.start(gate.help_keep_time)
        gate.drive(self.core.submit, command)
        if calls_back and not gate.transport.honours_timeouts:
            gate.callbacks.stir()  # that thread keeps the time

    def wait(self, pending: Pending, keep_time: KeepTime | None = None) -> Outcome:
        """Wait for an outcome: return it, or raise it. *keep_time* is as for `Pending.wait`."""
        gate = self._gate
        # Where the writer may be stuck in a subclass's send, the threads that wait keep the time.
        if keep_time is None and not gate.transport.honours_timeouts:
            keep_time = gate.keep_time
        callbacks = gate.callbacks
        if callbacks.thread is not None and threading.current_thread() is callbacks.thread:
            return callbacks.wait(pending, keep_time)
        try:
            return pending.wait(keep_time)
        finally:
            # At the end it is for `close` to wait.
            if callbacks.done != callbacks.due and not (
                self.core.reason is not None or self.core.logged_out
            ):
                callbacks.drain()

    def wait_for_item(self, items: queue.SimpleQueue[T], deadline: float | None) -> T:
        """The next of *items*; raises queue.Empty at *deadline*, in monotonic time."""
        return self._gate.callbacks.next_of(items, deadline, self._gate.help_keep_time)

    def end_idle(self, command: Command | None = None) -> None:
        """End the IDLE *command*, if it isn't over already; without one, all. Doesn't wait."""
        if command is not None:
            self._gate.drive(lambda now: self.core.end_idle(command, now))
        elif not (self._is_finalizing() or self._is_foreign):
            _end_idles(self._gate)

    def give_up(self, command: Command) -> None:
        """The waiter of *command* has left (KeyboardInterrupt): no other one is to wait for it."""
        self._gate.drive(lambda now: self.core.give_up(command, now))

    def cancel(self, command: Command) -> None:
        """The outcome of *command* isn't wanted any more: don't send it, if it isn't sent yet.

        It has failed then. Where no step can be taken, it goes on; a signal handler that has
        interrupted one has the callback thread take it.
        """
        if self.can_wait:
            _cancel(self._gate, command)

    def call_back(self, pending: Pending, result: tuple[str, list[Any]]) -> None:
        """Have *pending*'s callback called with *result*, behind all that are due."""
        self._gate.callbacks.start(self._gate.help_keep_time)
        if not self._gate.mutex.run(_put_result, self._gate, pending, result):
            self.call_back_alone(pending, result)

    def call_back_alone(self, pending: Pending, result: tuple[str, list[Any]]) -> None:
        """Have *pending*'s callback called with *result* although the connection is over.

        It comes behind all that are due, in a thread that takes the callback thread's place.
        """
        pending.set(result)
        self._gate.callbacks.call_last(pending.call_back, is_alone=self._is_foreign)

    # -- Looking at the core ------------------------------------------------------------------

    def locked(self, function: Callable[[Connection], T]) -> T:
        """The result of a short *function* of the core, which nothing else changes meanwhile."""
        if self._is_foreign:
            # The thread that holds the mutex does not exist here: it may be taken for ever.
            return function(self.core)
        return self._gate.mutex.run(function, self.core)

    def look_at_the_clock(self) -> None:
        """Do what is due, if the writer has not done it yet."""
        self._gate.look_at_the_clock()

    def progressed(self) -> None:
        """Bytes of a command have left that the core can't see."""
        self._gate.progressed()

    def heard(self) -> None:
        """Bytes have come that give no response yet: a sign of life. For the reader only."""
        self._gate.heard()

    # -- Sending and reading by hand ----------------------------------------------------------

    def make_room(self, command: Command, deadline: float | None = None) -> None:
        """Wait until the bytes of *command*, which is sent by hand, may be sent.

        Raises TimeoutError at *deadline*, in monotonic time.
        """
        room = Pending()
        command.waiter.observer = lambda what: room.set(("OK", []))
        until = None if deadline is None else partial(_keep_time_until, self._gate, deadline)
        self.submit(command)
        try:
            self.wait(room, until)
            command.waiter.check()
        except BaseException:
            # TimeoutError, or a signal handler's: the bytes will not come.
            self.give_up(command)
            raise

    def adopt(self, tag: bytes, name: bytes) -> None:
        """The command with *tag*, if it was sent unseen, counts as in progress from now on."""
        self._gate.drive(self.core.adopt, tag, name)

    @property
    def is_polled(self) -> bool:
        """Whether the reader reads only when it is asked to, once it has handled what it has."""
        return self.locked(lambda core: self._gate.polls.current is not None)

    def stop_polling(self) -> None:
        """Have the reader read without being asked, from now on."""
        self._gate.drive(lambda now: self.core.stop_polling())

    def read_polled(self, timeout: float | None) -> None:
        """Have the reader take what comes within *timeout* seconds, if it has to be asked for that.

        The waiting is done in this thread: afterwards the user may poll the socket again.
        """
        polling = self._gate.polls.current
        if polling is not None:
            polling.read(self._gate.transport, timeout)

    def upgraded_by_hand(self, transport: Transport) -> None:
        """The user has negotiated TLS: go on with *transport*, and wait for the capabilities."""
        pending = Pending()
        self._gate.change_transport(transport, lambda now: self.core.upgraded_by_hand(pending, now))
        with contextlib.suppress(error):  # which later commands tell
            self.wait(pending)

    # -- The end ------------------------------------------------------------------------------

    def fail(self, reason: error) -> None:
        """The connection is over. Idempotent; callable from any thread."""
        self._gate.fail(reason)

    def close(self, *, logged_out: bool = False) -> None:
        """End the connection and wait, within bounds, for the threads. Idempotent."""
        calls_back = self._gate.callbacks.thread
        if self._is_closed and (calls_back is None or not calls_back.is_alive()):
            # As nearly always: this is ``shutdown`` behind a logout().
            return None
        if not self.is_usable:
            return _close_alone(self._gate, is_foreign=self._is_foreign, logged_out=logged_out)
        gate, reader, writer = self._gate, self._reader.thread, self._writer.thread
        gate.drive(lambda now: self.core.close(logged_out=logged_out))
        gate.finish()
        gate.ending.join(reader)
        gate.ending.join(writer)
        # Only now: the reader may have started it just before its end.
        gate.ending.join(gate.callbacks.thread)
        are_over = not (reader.is_alive() or writer.is_alive())
        if gate.polls.keeps_transport or are_over:
            # The last of them may have closed it already, which is harmless.
            gate.transport.close()
        self._is_closed = logged_out and are_over
        return None

    def abandon(self) -> None:
        """The client object was collected: end, from within a garbage collection.

        That may happen in any thread, this connection's reader with the mutex held included; so
        no lock is taken here. The reader finds the transport at its end and does the rest.
        """
        if self._is_foreign:
            # A copy is dropped: the connection is the parent's.
            return
        gate = self._gate
        forgotten = gate.ending.forgotten = self.core.reason is None
        if gate.polls.keeps_transport:
            gate.transport.close()
        gate.interrupt()
        # Looked at once, as the reader may end it meanwhile; and behind `forgotten`, at which the
        # reader looks behind this: one of both sees the other's.
        polling = gate.polls.current
        if polling is not None:
            polling.read_on()
        if forgotten:
            import warnings

            warnings.warn(f"unclosed IMAP connection to {self.core.where}", ResourceWarning, 2)

    # -- Which thread calls -------------------------------------------------------------------

    @property
    def _is_foreign(self) -> bool:
        """Whether this is a forked child, which has the descriptors but none of the threads."""
        return self._getpid() != self._process

    @property
    def is_current(self) -> bool:
        """Whether the calling thread is the reader or the writer."""
        return threading.get_ident() in self._gate.ending.running

    @property
    def can_wait(self) -> bool:
        """Whether the other threads can do anything for this one.

        Not in a forked child, which has none of them; nor at interpreter exit, when they are
        frozen; nor in the reader or writer, where a garbage collection may call ``__del__``.
        """
        # In one step: each command asks.
        return not (
            self._is_finalizing()
            or self._getpid() != self._process
            or threading.get_ident() in self._gate.ending.running
        )

    @property
    def is_needed(self) -> bool:
        """Whether callbacks may have to wait for the calling thread, which is in user code."""
        is_asked = threading.get_ident() in self._gate.user_code.running
        return is_asked or self._gate.callbacks.is_current

    def check_can_wait(self, name: str) -> None:
        """Raise ``abort`` unless the command *name* can be served."""
        if not self.can_wait:
            raise _not_served(name)

    @property
    def is_usable(self) -> bool:
        """Whether the connection can be driven from here, and no thread sits on the mutex.

        This may be a signal handler, or a finalizer, that has interrupted the mutex's holder.
        """
        if not self.can_wait:
            return False
        # One wait for the mutex has timed out: don't spend two seconds on every further look.
        patience = _MUTEX_LOOK if self._mutex_missed else _MUTEX_TIMEOUT
        self._mutex_missed = not self._gate.mutex.is_free(patience)
        return not self._mutex_missed


def _close_alone(gate: Gate, *, is_foreign: bool, logged_out: bool) -> None:
    """`Engine.close` where no thread can be waited for, and no lock relied on."""
    if is_foreign:
        gate.transport.drop()
    else:
        gate.ending.closing = logged_out or bool(gate.ending.closing)
        gate.interrupt()


def _put_result(gate: Gate, pending: Pending, result: tuple[str, list[Any]]) -> bool:
    """Have *pending*'s callback called unless all is over; the mutex is held."""
    assert gate.mutex.is_owned()
    if gate.core.reason is not None:
        return False
    pending.set(result)
    gate.callbacks.put(pending)
    return True


def _cancel(gate: Gate, command: Command) -> None:
    """Take *command* back; a signal handler that has interrupted a step has it done later."""
    try:
        gate.drive(gate.core.cancel, command)
    except Reentered:
        if command.idle is not None:
            # It has no callback thread before it has ended.
            gate.core.idle_unwanted = True
            gate.sending.bell.ring()
        gate.callbacks.put_job(partial(gate.drive, gate.core.cancel, command))


def _end_idles(gate: Gate) -> None:
    """End all IDLEs; a signal handler that has interrupted a step has the writer do it."""
    try:
        gate.drive(gate.core.end_idles)
    except Reentered:
        gate.core.idle_unwanted = True
        gate.sending.bell.ring()


def _keep_time_until(gate: Gate, deadline: float) -> float:
    """As `Gate.help_keep_time`; raises TimeoutError at *deadline*."""
    kept = gate.help_keep_time()
    patience = seconds_until(deadline)
    if not patience:
        raise TimeoutError("timed out")
    return patience if kept is None else min(kept, patience)


def _not_served(name: str) -> abort:
    return abort(f"{name}: no threads to serve it (forked child, or exit)")
