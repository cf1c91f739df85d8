"""Reader, writer and callback thread of a connection: everything that runs concurrently.

Theory of operation
-------------------
``_mutex`` guards the connection (the core). It is held while the core decides, for microseconds:
never across I/O, a wait, user code or logging. All that changes the core goes through `_drive`:
`_decide` has the core take a step and collects what has to be done, under the mutex, and `_act`
does it behind that.

*An exception may come up at any line*: KeyboardInterrupt, or whatever a signal handler raises, in
the threads of users; MemoryError in each. So what the core has decided is kept, in ``core.events``
and then in ``_undone``, until it has been done, and doing it twice is harmless. Where an exception
comes up within a step, nobody knows how far that has got: ``_interrupted`` says so, which ends the
connection before anybody takes another step. The thread that was interrupted tries to see to that;
should it be interrupted again, the writer does, which no signal handler runs in.

*Output* is taken from the core by one thread at a time, the one that has set ``_sending``; so the
order on the wire is that of the tags. A short command is sent by the thread that issued it, if
that needs no waiting and few are in progress; everything else, and what could not be sent, is the
writer's.

*The writer* also keeps the time. It sleeps until there is output, until the earliest deadline, or
until the end; ``_alarm`` is when it will look again, so that others wake it only for less. As long
as the peer has not acknowledged everything, it looks at that, too, every few seconds (`_Silence`).

*The reader* blocks in the transport. Between the OK of an upgrade and its end it waits, while the
waiter of the command (that is: the thread of the user, or the callback thread) upgrades.
While the user polls the socket for the news of an IDLE (see ``_by_hand.py``), it reads when it is
asked to: ``_polling`` is what it waits for then.

*The callback thread* exists from the first command with a callback on, and runs user code only.
Connections that idle are many and wait long: for an IDLE, it is started when that has ended. What
was received is traced before anybody is told of it: a callback waits for that, should it be faster.

*The end* is `fail`, whoever calls it first: the reason is recorded, every waiter is told, the
transport interrupted. Reader and writer then leave, and the last of them closes the transport.

No thread refers to the client object, so that it can be collected; see `abandon`.

What several threads touch, and what protects it, with a GIL or without one:

========================================  ======================================================
``core`` with all that it holds,          ``_mutex``. Without it, single attributes of the core
``_transport``, ``_polling``, ``_left``,  are read where an old value does no harm: ``reason``,
``_keeps_transport``, ``_sending``        ``paused``, ``logged_out``, ``state`` and the like.
``core``'s framer, the read buffer,       Nothing: they are the reader's. An upgrade takes the
``_early``                                framer's rest while the reader waits.
``_undone``                               A dict whose items are set, popped and copied singly.
``_alarm``                                Written by the writer, under ``_mutex`` before it sleeps.
                                          Afterwards others ring once too often at the worst.
``_interrupted``, ``_broken``,            Set, and never unset, by whoever finds out; who looks at
``_closing``, ``_forgotten``              it is woken behind that.
``_callbacks``, ``_callback_jobs``        A queue; a deque that one thread takes from.
``_callback_thread``,                     ``_starting``; read without it, where None only means
``_serving_thread``                       that the lock is asked.
``_callbacks_due``                        ``_mutex``.
``_callbacks_done``, ``_calling``,        Written by the callback thread alone. Whoever reads an
``_waiting_callback``                     old number waits for a callback that has ended.
``_helping``                              Written by a thread while it runs user code for a
                                          command; others see that it is not about them.
``_own_threads``                          A set; each thread looks for its own number.
``_unsent``, ``_silence``,                Nothing: an old value costs a look too many, or one
``_mutex_missed``, ``_close_until``,      that comes 50 ms late.
``_patience_over``
a `Pending`                               ``_done`` is set last, and the bell rung behind that.
                                          Who sets it a second time sets the same.
untagged responses                        ``guard``, which is ``_mutex``.
the trace                                 A deque that is appended to and copied as a whole.
an ``SSLSocket``, a `Wakeup`              A `Mutex` of their own.
========================================  ======================================================
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from ._auth import Responder
from ._errors import abort, error, escaped, os_error
from ._mutex import Bell, Mutex, Reentered
from ._pending import Job, Outcome, Pending, run_jobs
from ._protocol.arguments import Buffer
from ._protocol.command import Command, Waiter
from ._protocol.connection import Connection
from ._protocol.events import (
    Challenge,
    Completed,
    Event,
    Failed,
    Greeted,
    Idling,
    Lost,
    RoomMade,
    UpgradeNow,
)
from ._protocol.framing import Frame
from ._protocol.limits import ProtocolViolation
from ._trace import OwnThread, Trace, log, shielded
from ._waiting import Clock, Wakeup, can_read, next_of, seconds_until

if TYPE_CHECKING:
    from ._transport import Transport

#: Bytes: the most that is read at a time. A connection starts with less: most never need it.
READ_SIZE = 256 * 1024
_FIRST_READ_SIZE = 2 * 1024
#: Bytes: commands up to this size are sent by the thread that issues them, in one copy.
_DIRECT_SIZE = 64 * 1024
#: Bytes: as much as an answer without a message has.
_LITTLE = 512
#: Bytes: literals that lack so many are received into a buffer of their own.
_LARGE_LITERAL = 1024 * 1024
#: Its memory is taken when that is no more than so many times what has come of it.
_TRUST = 16
#: Commands in progress; beyond that the writer sends, many at a time: 1,000 with callbacks take
#: half the time.
_CROWD = 16
#: Responses that are handled before others may have the mutex.
_BATCH = 512
#: Seconds that the ends of all threads together are waited for. The silence of a server that gets
#: a LOGOUT is waited for before: all of it is to take less than 5 seconds.
_JOIN_TIMEOUT = 1.8
#: Seconds that a mutex is waited for that should be free; and when it wasn't lately.
_MUTEX_TIMEOUT = 2.0
_MUTEX_LOOK = 0.05
#: Python 3.12 starts no thread once the main thread has ended, and others may work on.
_STARTS_LATE = sys.version_info[:2] != (3, 12)
#: Seconds after which a writer that can't send looks whether its deadline has changed.
_STALLED_LOOK = 1.0
#: Bytes: so many may take a slow link longer than a time-out, though they were sent at once.
_MUCH = 4 * 1024
#: Seconds between looks at bytes that have left us, but not this machine: no event tells of them.
_UNSENT_LOOK = 0.05
#: Seconds after which a peer is given up that has acknowledged nothing; and between looks at that.
_SILENCE_LIMIT = 120.0
_SILENCE_LOOK = 5.0
#: Seconds between two notes of the progress of a literal.
_PROGRESS_NOTE = 0.02
#: Seconds that a command waits, once it has completed, for the callbacks of those before it.
_CALLBACKS_TIMEOUT = 1.0
#: Seconds that a callback waits for what it is the answer of to be traced.
_TRACE_TIMEOUT = 1.0
#: Seconds that are given to a thread that is sending when the connection ends; and between looks.
_SENDER_TIMEOUT = 0.1
_SENDER_LOOK = 0.001
#: Seconds that are given to the reader to take what the socket holds already.
_ERRAND_TIMEOUT = 1.0
#: Seconds in which what the server had said is read, when nothing can be sent any more.
_LAST_WORDS_TIMEOUT = 1.0

T = TypeVar("T")
#: Makes the transport that an upgrading command asks for, from the bytes that came early.
Upgrader = Callable[[Command, bytes], "Transport"]


class Engine:
    """The threads of one connection, and the lock between them."""

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
        self.trace = trace
        self._transport = transport
        self._upgrader = upgrader
        self._early = early  # what has been received already
        self._mutex = Mutex()
        self._undone: dict[int, list[Event]] = {}  # decided, and perhaps not done; by identity
        self._interrupted: type[BaseException] | None = None  # what came up within a step
        self._bell = Bell()  # wakes the writer
        self._sending = False  # some thread has taken output and is sending it
        self._broken: OSError | None = None  # why nothing can be sent; ``_sending`` is set then
        self._alarm: float | None = None  # when the sleeping writer looks again
        self._unsent = 0  # bytes in the system's send buffer, when somebody looked last
        self._silence = _Silence()
        self._resume = Bell()  # wakes the reader behind an upgrade
        self._helping: tuple[int, Command] | None = None  # the thread in user code of a command
        self._polling: _Polling | None = None
        self._keeps_transport = False  # somebody who polls it is to find out by himself
        self._forgotten = False  # the client object was collected
        self._closing: bool | None = None  # closed without the mutex; whether by logout()
        self._close_until: float | None = None  # until when `close` waits, however often called
        self._mutex_missed = False  # when it was waited for last
        self._greeting = Pending()
        self._process = os.getpid()
        self._own_threads: set[int] = set()  # reader and writer, as long as they run
        self._callbacks: queue.SimpleQueue[Pending | Job | None] = queue.SimpleQueue()
        self._callback_thread: threading.Thread | None = None  # the latest
        self._serving_thread: threading.Thread | None = None  # which calls what is due
        self._starting = Mutex()  # held while the callback thread starts
        self._callbacks_due = self._callbacks_done = 0  # so many were put there, and called
        self._calling: Pending | Job | None = None  # what is being called
        self._callback_jobs: deque[Job] = deque()
        self._patience_over = -1, 0.0  # for which of them commands don't wait, and from when on
        self._waiting_callback: Pending | _Waker | None = None  # what a callback is waiting for
        self._left: set[threading.Thread] = set()  # of reader and writer
        self._reader = self._thread("reader", self._run_reader)
        self._writer = self._thread("writer", self._run_writer)
        core.traffic = []
        trace.hide = core.secrets.head
        core.untagged.guard = _Guard(self._mutex)

    def _thread(self, role: str, target: Job) -> threading.Thread:
        name = f"{self.trace.identifier} {role}"
        return OwnThread(target=target, name=name, daemon=True)

    # -- For the client -----------------------------------------------------------------------

    def start(self, greeting_timeout: float | None) -> None:
        """Start the threads and wait for the greeting.

        Raises ``abort`` when none comes, and ``error`` when the server greets with a refusal.
        """
        self.core.start(Clock.now(), greeting_timeout)
        for thread in (self._reader, self._writer):
            try:
                thread.start()
            except BaseException:
                self._leave(thread)
                raise
        try:
            self._greeting.wait()
        except abort:
            if self.core.refusal is not None:
                raise error(self.core.refusal) from None
            raise

    def call_back(self, pending: Pending, result: tuple[str, list[Any]]) -> None:
        """Have *pending*'s callback called, behind all that are due."""
        self._start_callbacks()
        if not self._mutex.run(self._put_result, pending, result):
            self.call_back_alone(pending, result)

    def _put_result(self, pending: Pending, result: tuple[str, list[Any]]) -> bool:
        """Have *pending*'s callback called unless all is over; the mutex is held."""
        if self.core.reason is not None:
            return False
        pending.set(result)
        self._put_callback(pending)
        return True

    def call_back_alone(self, pending: Pending, result: tuple[str, list[Any]]) -> None:
        """Have *pending*'s callback called although the connection is over.

        It comes behind all others, in a thread that takes the place of the one for them.
        """
        pending.set(result)
        start = partial(self._start_behind_callbacks, pending.call_back)
        try:
            if self._is_foreign:  # the mutex may be taken for ever
                start()
            else:
                self._starting.run(start)
        # There is no other thread, nor will there be one; or a handler has interrupted its start.
        except (RuntimeError, Reentered):
            _call(pending.call_back)

    def _start_behind_callbacks(self, user_code: Job) -> None:
        before = self._callback_thread
        thread = self._thread("callbacks", lambda: _call_behind(before, user_code))
        thread.start()
        self._callback_thread = thread

    def submit(self, command: Command) -> None:
        """Send a command, now or in its turn; its waiter is told the outcome.

        Raises ``error`` when it is illegal, ``abort`` when the connection is over, and
        RuntimeError when it has the first callback and there can be no thread for that.
        """
        self.check_can_wait(command.row.name)
        helping = self._helping
        if helping is not None and helping[0] == threading.get_ident():
            _check_no_deadlock(command, helping[1])
        calls_back = command.waiter.callback is not None
        if calls_back and not (command.idle and self._transport.punctual and _STARTS_LATE):
            self._start_callbacks()
        self._drive(self.core.submit, command)
        if calls_back and not self._transport.punctual:
            self._callbacks.put(_do_nothing)  # that thread keeps the time: have it look again

    def locked(self, function: Callable[[Connection], T]) -> T:
        """The result of a short *function* of the core, which nobody else changes meanwhile."""
        if self._is_foreign:  # the mutex may be taken for ever
            return function(self.core)
        return self._mutex.run(function, self.core)

    def wait(
        self, pending: Pending, keep_time: Callable[[], float | None] | None = None
    ) -> Outcome:
        """Wait for an outcome: return it, or raise it. *keep_time* is as for `Pending.wait`."""
        # Where the writer may be stuck in a subclass's send, those who wait keep the time.
        if keep_time is None and not self._transport.punctual:
            keep_time = self._keep_time
        thread = self._callback_thread
        if thread is None or threading.current_thread() is not thread:
            try:
                return pending.wait(keep_time)
            finally:
                if self._callbacks_done != self._callbacks_due:
                    self._await_callbacks()
        outer, self._waiting_callback = self._waiting_callback, pending
        try:
            self._run_callback_jobs()
            return pending.wait(keep_time)
        finally:
            self._waiting_callback = outer

    def _await_callbacks(self) -> None:
        """Wait until the callbacks that are due have been called, unless that takes long.

        Programs expect that of those of earlier commands when a later one returns. At the end it
        is for `close` to wait. For one that runs on and on, all threads wait once, together.
        """
        if self.core.reason is not None or self.core.logged_out:
            return
        running = self._callbacks_done  # so many have ended, and this is the next one's number
        if self._patience_over[0] != running:
            self._patience_over = running, Clock.now() + _CALLBACKS_TIMEOUT
        patience = seconds_until(self._patience_over[1])
        if patience:
            called = Bell()
            self._callbacks.put(called.ring)
            called.wait(patience)

    def wait_for_item(self, items: queue.SimpleQueue[T], deadline: float | None) -> T:
        """The next of *items*; raises queue.Empty at *deadline*, in monotonic time."""
        if threading.current_thread() is not self._callback_thread or items is self._callbacks:
            return self._next_item(items, deadline)
        outer, self._waiting_callback = self._waiting_callback, _Waker(items)
        try:
            while True:
                self._run_callback_jobs()
                item = self._next_item(items, deadline)
                if not isinstance(item, _Waker):
                    return item
        finally:
            self._waiting_callback = outer

    def _next_item(self, items: queue.SimpleQueue[T], deadline: float | None) -> T:
        while True:
            spans = [] if deadline is None else [seconds_until(deadline)]
            kept = None if self._transport.punctual else self._keep_time()
            if kept is not None:
                spans.append(kept)
            try:
                return next_of(items, min(spans, default=None))
            except queue.Empty:
                if deadline is not None and Clock.now() >= deadline:
                    raise

    @property
    def is_polled(self) -> bool:
        """Whether the reader reads only when it is asked to, once it has handled what it has."""
        return self.locked(lambda core: self._polling is not None)

    def stop_polling(self) -> None:
        """Have the reader read without being asked, from now on."""
        self._drive(lambda now: self.core.stop_polling())

    def read_polled(self, timeout: float | None) -> None:
        """Have the reader take what comes within *timeout* seconds, if it has to be asked for that.

        The waiting is done here, not by the reader: afterwards the user may poll the socket again.
        """
        polling = self._polling
        if polling is None:
            return
        transport = self._transport
        descriptor = transport.fileno()
        # Without a descriptor, somebody has closed it, and the reader is to find out.
        if descriptor < 0 or transport.is_readable() or polling.wait(descriptor, timeout):
            polling.read_once()

    def make_room(self, command: Command, deadline: float | None = None) -> None:
        """Wait until the bytes of *command*, which is sent by hand, may be sent.

        Raises TimeoutError at *deadline*, in monotonic time.
        """
        room = Pending()
        command.waiter.observer = lambda what: room.set(("OK", []))
        self.submit(command)
        try:
            self.wait(room, None if deadline is None else partial(self._keep_time_until, deadline))
            command.waiter.check()
        except BaseException:  # TimeoutError, or a signal handler's: the bytes will not come
            self.give_up(command)
            raise

    def _keep_time_until(self, deadline: float) -> float:
        """As `_keep_time`, where that is due; raises TimeoutError at *deadline*."""
        kept = None if self._transport.punctual else self._keep_time()
        patience = seconds_until(deadline)
        if not patience:
            raise TimeoutError("timed out")
        return patience if kept is None else min(kept, patience)

    def adopt(self, tag: bytes, name: bytes) -> None:
        """The command with *tag*, if it was sent unseen, counts as in progress from now on."""
        self._drive(self.core.adopt, tag, name)

    def progressed(self) -> None:
        """Bytes of a command have left, or of a literal have come, that the core can't see."""
        self._drive(self.core.progressed)

    def heard(self) -> None:
        """Bytes have come that give no response yet: a sign of life. For the reader only."""
        self._step(self.core.receive, [])

    def look_at_the_clock(self) -> None:
        """Do what is due, if the writer has not done it yet."""
        self._watch_unsent()
        self._watch_silence()
        self._drive(self.core.tick)

    def _watch_unsent(self) -> None:
        """What the peer takes out of the system's buffer is progress, too."""
        if self._unsent:
            before, self._unsent = self._unsent, self._transport.unsent()
            if self._unsent < before:
                self.progressed()

    def _watch_silence(self) -> None:
        """Give a peer up that acknowledges nothing."""
        look = self._silence.next_look
        if look is not None and look <= Clock.now():
            silence = self._silence.look(self._transport)
            if silence >= _SILENCE_LIMIT:
                text = f"the other side has acknowledged nothing for {silence:.0f} seconds"
                self._fail_os(TimeoutError(errno.ETIMEDOUT, text))

    def _keep_time(self) -> float | None:
        """Do what is due; seconds until there is more to do."""
        self.look_at_the_clock()
        deadline = self._silence.before(self._mutex.run(self.core.next_deadline))
        return None if deadline is None else seconds_until(deadline)

    def end_idle(self, command: Command) -> None:
        """End the IDLE *command*, if it isn't over already."""
        self._drive(lambda now: self.core.end_idle(command, now))

    def give_up(self, command: Command) -> None:
        """The waiter of *command* has left (KeyboardInterrupt): don't let others wait for it."""
        self._drive(lambda now: self.core.give_up(command, now))

    def fail(self, reason: error) -> None:
        """The connection is over. Idempotent; callable from any thread."""
        self._drive(self._fail, reason)
        self._finish()

    def _fail(self, reason: error, now: float) -> None:
        """The step of `fail`."""
        if self._closing is not None:  # what has failed is what that has ended
            self.core.close(logged_out=self._closing)
        self.core.fail(reason)

    def close(self, *, logged_out: bool = False) -> None:
        """End the connection and wait, within bounds, for the threads. Idempotent."""
        if not self.is_usable:
            return self._close_alone(logged_out=logged_out)
        self._drive(lambda now: self.core.close(logged_out=logged_out))
        self._finish()
        self._join(self._reader)
        self._join(self._writer)
        self._join(self._callback_thread)  # which the reader may have started just now
        if self._keeps_transport or not (self._reader.is_alive() or self._writer.is_alive()):
            self._transport.close()  # once more where the last of them has done so: harmless
        return None

    def _join(self, thread: threading.Thread | None) -> None:
        if thread is not None and thread is not threading.current_thread() and thread.ident:
            thread.join(self._time_to_close())

    def _time_to_close(self) -> float:
        """Seconds that `close` may still wait, in all its calls together."""
        if self._close_until is None:
            self._close_until = Clock.now() + _JOIN_TIMEOUT
        return seconds_until(self._close_until)

    def _close_alone(self, *, logged_out: bool) -> None:
        """`close` where no thread can be waited for, and no lock relied on."""
        if self._is_foreign:
            self._transport.drop()
        else:
            self._closing = logged_out or bool(self._closing)
            self._interrupt()

    def abandon(self) -> None:
        """The client object was collected: end, from within a garbage collection.

        That may happen in any thread, this connection's reader with the mutex held included; so
        no lock is taken here. The reader finds the transport at its end and does the rest.
        """
        if self._is_foreign:
            return  # a copy is dropped: the connection is the parent's
        forgotten = self._forgotten = self.core.reason is None
        if self._keeps_transport:
            self._transport.close()
        self._interrupt()
        polling = self._polling  # read once: the reader may end it meanwhile
        if polling is not None:
            polling.errands.put(_do_nothing)
        if forgotten:
            import warnings

            warnings.warn(f"unclosed IMAP connection to {self.core.where}", ResourceWarning, 2)

    def _interrupt(self) -> None:
        """Have the reader find the transport at its end, whatever it waits for."""
        self._transport.interrupt()
        self._resume.ring()

    @property
    def _is_foreign(self) -> bool:
        """Whether this is a forked child, which has the descriptors but none of the threads."""
        return self._getpid() != self._process

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
            or threading.get_ident() in self._own_threads
        )

    def check_can_wait(self, name: str) -> None:
        """Raise ``abort`` unless the command *name* can be served."""
        if not self.can_wait:
            raise abort(f"{name}: no threads to serve it (forked child, or exit)")

    @property
    def is_current(self) -> bool:
        """Whether the calling thread is the reader or the writer."""
        return threading.get_ident() in self._own_threads

    @property
    def is_usable(self) -> bool:
        """Whether the connection can be driven from here, and nobody sits on the mutex.

        This may be a signal handler, or a finalizer, that has interrupted the mutex's holder.
        """
        if not self.can_wait:
            return False
        # Who was disappointed in vain is not to be so once for each of his questions.
        patience = _MUTEX_LOOK if self._mutex_missed else _MUTEX_TIMEOUT
        self._mutex_missed = not self._mutex.is_free(patience)
        return not self._mutex_missed

    # -- Deciding under the mutex, acting without it ------------------------------------------

    def _drive(self, step: Callable[..., None], *arguments: Any) -> None:
        """Have the core take a *step*, which gets the time last, and do what follows from it.

        Raises what the step raises. A refusal has changed nothing; whatever else comes up ends
        the connection, as nobody knows what was done already.
        """
        try:
            self._step(step, *arguments)
        except BaseException as problem:
            if not (isinstance(problem, error) and problem.is_refusal):
                # In this order: where this is interrupted as well, the writer sees to it. The
                # class only: the exception's traceback would keep the client object alive.
                self._interrupted = problem.__class__
                self._bell.ring()
                self._end_interrupted()
            raise

    def _step(self, step: Callable[..., None], *arguments: Any) -> None:
        """As `_drive`; for reader and writer, which end the connection by themselves."""
        todo = self._mutex.run(self._decide, step, arguments)
        if todo is not None:
            self._act(todo)

    def _decide(self, step: Callable[..., None], arguments: Sequence[Any]) -> _Todo | None:
        """Take a *step* and collect what has to be done, if there is anything. With the mutex."""
        if self._interrupted is not None and step != self._fail:
            self._fail_interrupted(self._interrupted)
        step(*arguments, Clock.now())
        return self._settle()

    def _fail_interrupted(self, kind: type[BaseException]) -> None:
        """A step was left half-way: take no other one. The mutex is held."""
        self.core.fail(abort(f"{kind.__name__} while a command was sent"))

    def _end_interrupted(self) -> None:
        """See to the end that a step which was left half-way causes."""
        self._step(_take_no_step)
        self._finish()

    def _settle(self) -> _Todo | None:
        """Collect what has to be done, if there is anything; the mutex is held."""
        assert self._mutex.is_owned()
        core = self.core
        events, traffic, output = core.events, core.traffic, None
        traced = self._gate(events) if events and traffic and self._callback_thread else None
        if events:
            for event in events:
                self._settle_event(event)
            self._undone[id(events)] = events  # before the core forgets them
            core.events = []
        core.traffic = []
        if self._polling is not None and not core.is_polled:
            self._keeps_transport = core.reason is not None and not self._forgotten
            self._polling.end()
            self._polling = None
        if core.output and not self._sending:
            if self._silence.next_look is None:
                self._silence.begin()
                self._bell.ring()  # the writer is to look then
            crowded = len(core.in_progress) > _CROWD
            if self._transport.direct and not crowded and core.output_size <= _DIRECT_SIZE:
                self._sending = True
                output = core.take_output()
            else:
                self._bell.ring()
        deadline = core.next_deadline()
        if deadline is not None and (self._alarm is None or deadline < self._alarm):
            self._bell.ring()
        return _Todo(events, traffic, output, traced) if events or traffic or output else None

    def _gate(self, events: list[Event]) -> Bell | None:
        """Have callbacks for *events*, if there are any, wait until somebody rings."""
        if not any(map(_calls_back, events)):
            return None
        bell = Bell()
        self._callbacks.put(partial(bell.wait, _TRACE_TIMEOUT))
        return bell

    def _settle_event(self, event: Event) -> None:
        """What has to be done in the order of events, which only the mutex keeps."""
        if isinstance(event, (Completed, Failed)):
            pending = event.command.waiter
            if isinstance(pending, Pending) and pending.callback is not None:
                _set(pending, event)
                self._put_callback(pending)
        elif isinstance(event, Idling) and event.command.idle and event.command.idle.polled:
            if self._transport.fileno() >= 0:  # else nobody can poll it
                self._polling = _Polling()
        elif isinstance(event, Lost):
            self._callbacks.put(None)
            self._bell.ring()

    def _act(self, todo: _Todo) -> None:
        """Do what was decided; the mutex is not held."""
        events, traffic, output, traced = todo
        # First: who is told of an answer may send, and trace, the next command at once.
        if traffic:
            self.trace.traffic(traffic)
        if traced is not None:
            traced.ring()
        if events:
            for event in events:
                self._act_on(event)
            self._undone.pop(id(events), None)
        if output:
            self._send_at_once(output)

    def _finish(self) -> None:
        """All is over: do what exceptions have kept others from doing.

        What they are just about to do is done here, too, which is harmless.
        """
        for events in self._undone.copy().values():
            self._act(_Todo(events, None, None, None))

    def _act_on(self, event: Event) -> None:
        if isinstance(event, (Completed, Failed)):
            pending = event.command.waiter
            if pending is not None:
                _set(pending, event)
            if pending is not None and pending.callback is not None:
                self._see_to_callbacks()
        elif isinstance(event, Challenge):
            self._hand_over(event.command, partial(self._respond, event))
        elif isinstance(event, UpgradeNow) and not event.command.upgraded_by_hand:
            self._hand_over(event.command, partial(self._upgrade, event))
        elif isinstance(event, Idling):
            _tell(event.command.waiter, "idling")
        elif isinstance(event, RoomMade):
            _tell(event.command.waiter, "room")
        elif isinstance(event, Greeted):
            self._greeting.set(("OK", []))
        elif isinstance(event, Lost):
            # All who wait are told before anything that might fail, such as a subclass's socket.
            self._resume.ring()
            self._greeting.set(event.reason)
            self._transport.interrupt()
            self.trace.message(1, f"connection is over: {event.reason}")
            if self.trace.level >= 1 and not self.core.closed_on_purpose:
                self.trace.print_kept()

    def _hand_over(self, command: Command, job: Job) -> None:
        """Have user code run where users expect it: in their thread, or as a callback."""
        job = self._once(command, job)
        if command.waiter.callback is None:
            command.waiter.hand_over(job)
            return
        self._callback_jobs.append(job)
        self._callbacks.put(self._run_callback_jobs)
        # The callback thread may be waiting within a callback: then it has to serve jobs there.
        waiting = self._waiting_callback
        if waiting is not None:
            waiting.hand_over(self._run_callback_jobs)

    def _run_callback_jobs(self) -> None:
        run_jobs(self._callback_jobs)

    def _once(self, command: Command, job: Job) -> Job:
        """*job*, but once, however often it is called: *command* waits for it."""
        begun = False

        def run() -> None:
            nonlocal begun
            if begun:
                return
            try:
                begun = True
                job()
            except BaseException:  # nobody will do it again
                self.give_up(command)
                raise

        return run

    # -- User code that commands need on their way --------------------------------------------

    def _respond(self, challenge: Challenge) -> None:
        response: bytes | None = None
        self._helping = threading.get_ident(), challenge.command
        try:
            responder = cast(Responder, challenge.command.waiter.responder)
            response = responder(challenge.text)
        except Exception as problem:
            challenge.command.waiter.replace(problem)
        finally:
            self._helping = None
            # Cancelled when the authenticator failed: the connection stays usable.
            self._drive(lambda now: self.core.answer(challenge.command, response, now))

    def _upgrade(self, event: UpgradeNow) -> None:
        self._helping = threading.get_ident(), event.command
        try:
            transport = self._upgrader(event.command, event.unread)
        except BaseException as problem:
            event.command.waiter.replace(problem)
            self.fail(abort(escaped(f"{event.command.row.name} failed: {problem}")))
            if not isinstance(problem, Exception):
                raise
            return
        finally:
            self._helping = None
        self._change_transport(transport, self.core.upgraded)

    def upgraded_by_hand(self, transport: Transport) -> None:
        """The user has negotiated TLS: go on with *transport*, and wait for the capabilities."""
        pending = Pending()
        self._change_transport(transport, lambda now: self.core.upgraded_by_hand(pending, now))
        with contextlib.suppress(error):  # which later commands tell
            self.wait(pending)

    def _change_transport(self, transport: Transport, step: Callable[[float], None]) -> None:
        """Go on with *transport*, from the *step* of the core on."""
        self._drive(self._upgraded, transport, step)
        if self._transport is not transport:
            transport.close()  # the threads are gone, and know only the old one
        self._resume.ring()

    def _upgraded(self, transport: Transport, step: Callable[[float], None], now: float) -> None:
        """The step behind an upgrade."""
        if self.core.reason is None:
            self._transport = transport
            step(now)

    # -- Sending ------------------------------------------------------------------------------

    def _send_at_once(self, buffers: list[Buffer]) -> None:
        """Send without waiting what was taken from the core; the writer gets the rest."""
        data = buffers[0] if len(buffers) == 1 else b"".join(buffers)
        try:
            sent = self._transport.try_send(data)
        except OSError as problem:
            self._broken = problem
            self._bell.ring()  # the writer sees to the end
            return
        if sent >= _MUCH:
            self._unsent = self._transport.unsent()
        self._mutex.run(self._end_sending, memoryview(data)[sent:])

    def _end_sending(self, unsent: Buffer = b"") -> None:
        """Another thread may send; it begins with *unsent*. The mutex is held."""
        if unsent:
            self.core.put_back(unsent)
        self._sending = False
        if self.core.output or (self._unsent and self._alarm is not None):
            self._bell.ring()

    def _run_writer(self) -> None:
        self._own_threads.add(threading.get_ident())
        try:
            while self._write():
                pass
        except OSError as problem:
            self._fail_sending(problem)
        except BaseException as problem:  # a bug of ours; nobody may wait for ever
            self._fail_bug(problem)
        finally:
            self._leave(self._writer)

    def _write(self) -> bool:
        """Do one piece of work, or sleep until there is some; false at the end."""
        self._watch_unsent()
        self._watch_silence()
        if self.core.reason is not None:
            return False
        if self._interrupted is not None:
            self._end_interrupted()
            return False
        if self._broken is not None:
            raise self._broken
        buffers = self._mutex.run(self._take_work)
        if buffers:
            for chunk in _chunks(buffers):
                self._send(chunk)
            self._mutex.run(self._end_sending)
        elif buffers is None:
            self._step(self.core.tick)
        else:
            self._bell.wait(None if self._alarm is None else seconds_until(self._alarm))
            self._alarm = float("-inf")  # awake: it will look anyway
        return True

    def _take_work(self) -> list[Buffer] | None:
        """Output to send, if there is any; None when the clock is to be looked at.

        The mutex is held.
        """
        assert self._mutex.is_owned()
        if self.core.output and not self._sending:
            self._sending = True
            return self.core.take_output()
        now = Clock.now()
        deadline = self.core.next_deadline()
        if deadline is not None and deadline <= now:
            return None
        if deadline is not None and self._unsent:
            deadline = min(deadline, now + _UNSENT_LOOK)
        deadline = self._silence.before(deadline)
        self._alarm = deadline
        return []

    def _fail_sending(self, problem: OSError) -> None:
        """Nothing can be sent any more: fail, unless what the server had said is the reason.

        The reader is given the time to read that, and ends the connection when it is through.
        """
        self._broken = problem
        deadline = Clock.now() + _LAST_WORDS_TIMEOUT
        while self.core.reason is None and (left := seconds_until(deadline)):
            self._bell.wait(left)
        self._fail_os(problem)

    def _send(self, data: Buffer) -> None:
        view = memoryview(data).cast("B")
        large = len(view) >= _DIRECT_SIZE
        while view:
            if self._silence.next_look is None:
                self._silence.begin()
            deadline = self._mutex.run(self.core.next_deadline)
            sent = self._transport.send(view, self._patience(deadline))
            view = view[sent:]
            if sent and large:
                self._unsent = self._transport.unsent()
                self.progressed()
            else:
                self.look_at_the_clock()
            if self.core.reason is not None:
                return

    def _patience(self, deadline: float | None) -> float:
        """How long to wait for a stalled transport before looking at the clock again."""
        if deadline is None:
            return _STALLED_LOOK
        look = _UNSENT_LOOK if self._unsent else _STALLED_LOOK
        return min(look, seconds_until(deadline))

    # -- Receiving ----------------------------------------------------------------------------

    def _run_reader(self) -> None:
        self._own_threads.add(threading.get_ident())
        try:
            self._read()
        except ProtocolViolation as violation:
            self.fail(violation)
        except OSError as problem:
            self._fail_os(self._broken or problem)
        except BaseException as problem:  # a bug of ours, or of a subclass's read()
            self._fail_bug(problem)
        finally:
            self._leave(self._reader)

    def _read(self) -> None:
        if self._early:
            self._receive(self.core.frame(self._early))
        buffer = memoryview(bytearray(_FIRST_READ_SIZE))
        size: int | None = None
        while self.core.reason is None:
            polling = self._polling
            # Whoever forgets the connection sends the last errand only if he sees this in use.
            report: Job | None = None
            if polling is not None and not (self._forgotten or self._transport.has_more):
                report = polling.errands.get()
            try:
                # Not behind what is so little that the literal's first bytes will come next.
                asks = polling is None and not (size and size < _LITTLE)
                if asks and self.core.missing >= _LARGE_LITERAL:
                    self._receive_literal()
                    size = None
                    continue
                size = self._transport.recv_into(buffer)
                if size is None:
                    self.heard()
                elif size:
                    self._receive(self.core.frame(buffer[:size]))
                else:
                    self._end_of_file()
            finally:
                if report is not None:
                    report()
            if size == len(buffer) < READ_SIZE:
                buffer = memoryview(bytearray(READ_SIZE))

    def _end_of_file(self) -> None:
        if self._forgotten:
            self.fail(abort("the connection was dropped without logout()"))
        elif self._closing is not None:
            self._drive(lambda now: self.core.close(logged_out=bool(self._closing)))
        else:
            self._let_sender_fail()
            if self._broken is not None:
                self._fail_os(self._broken)
            else:
                self._drive(lambda now: self.core.end_of_file())

    def _let_sender_fail(self) -> None:
        """Give a thread that is sending the time to report why it can't.

        Of a reset, the system tells whoever asks first, and all others of an end of file.
        """
        deadline = Clock.now() + _SENDER_TIMEOUT
        while self._is_sending and seconds_until(deadline):
            time.sleep(_SENDER_LOOK)

    @property
    def _is_sending(self) -> bool:
        return self._sending and self._broken is None and self.core.reason is None

    def _receive_literal(self) -> None:
        source = _LiteralSource(self, self.core.begun_literal(), self.core.missing)
        literal = source.receive()
        if source.ended:
            self._end_of_file()
        else:
            self._receive(self.core.frame_literal(literal))

    def _receive(self, frames: list[Frame]) -> None:
        if not frames:
            self.heard()
        while frames and self.core.reason is None:
            may_have_more = self.core.may_have_frames
            if len(frames) <= _BATCH:
                self._step(self.core.receive, frames)
            else:
                for start in range(0, len(frames), _BATCH):
                    self._step(self.core.receive, frames[start : start + _BATCH])
            if not may_have_more:
                return
            while self.core.paused and not self._is_ending:
                self._resume.wait(None)
            frames = self.core.frame(b"")

    @property
    def _is_ending(self) -> bool:
        """Whether the connection is over, or will be once the reader gets to know it."""
        return self.core.reason is not None or self._forgotten or self._closing is not None

    # -- Callbacks ----------------------------------------------------------------------------

    def _put_callback(self, pending: Pending) -> None:
        """Have the thread for callbacks call that of *pending*; the mutex is held."""
        if not pending.is_queued:
            self._callbacks_due += 1
            self._callbacks.put(pending)
            pending.is_queued = True

    def _start_callbacks(self) -> None:
        """Have a thread for callbacks; raises RuntimeError when there can be none."""
        # A signal handler that has interrupted the start finds that it will go on.
        if self._callback_thread is None:
            with contextlib.suppress(Reentered):
                self._starting.run(self._start_callback_thread)

    def _start_callback_thread(self) -> None:
        if self._callback_thread is None:
            thread = self._thread("callbacks", self._run_callbacks)
            thread.start()
            self._serving_thread = self._callback_thread = thread

    def _see_to_callbacks(self) -> None:
        """A callback is due, which has a thread unless it is that of an IDLE."""
        try:
            self._start_callbacks()
        except RuntimeError as problem:  # there can be no more threads: this one has to do
            self._serving_thread = self._callback_thread = threading.current_thread()
            self._fail_bug(problem)
            self._run_callbacks()

    def _run_callbacks(self) -> None:
        serves = False
        while True:
            try:
                while (serves or self._serves()) and self._call_next():
                    serves = True
                return
            except BaseException as problem:  # of ours: what is due is called all the same
                _report(problem)
                if self.core.reason is not None:
                    self._callbacks.put(None)  # perhaps it was that which was taken

    def _serves(self) -> bool:
        """Whether the calling thread is the one for callbacks.

        Whoever has started it may have been interrupted meanwhile: then there will be another.
        """
        this = threading.current_thread()
        if self._serving_thread is this:
            return True
        return self._starting.run(lambda: self._serving_thread) is this

    def _call_next(self) -> bool:
        """Wait for what is due next, and call it; false at the end."""
        if self._calling is None:
            self._calling = self._next_item(self._callbacks, None)
        call = self._calling
        if call is None:
            self._callbacks.put(None)  # for a second thread, if there was trouble to have one
            return False
        try:
            call() if not isinstance(call, Pending) else call.call_back()
        except BaseException as problem:
            if not (isinstance(call, Pending) and call.is_called):
                raise  # not the callback's: it will be called all the same
            _report(problem)
        self._calling = None
        self._callbacks_done += isinstance(call, Pending)
        return True

    # -- The end ------------------------------------------------------------------------------

    def _leave(self, thread: threading.Thread) -> None:
        """*thread*, reader or writer, ends or can't begin; the last closes the transport."""
        try:
            self.fail(abort("a thread of the connection has ended"))  # if nobody has said why
        finally:
            if self._mutex.run(self._is_last, thread) and not self._keeps_transport:
                self._transport.close()
            self._own_threads.discard(threading.get_ident())

    def _is_last(self, thread: threading.Thread) -> bool:
        """Whether the other thread has left before *thread*; the mutex is held."""
        self._left.add(thread)
        return len(self._left) == 2

    def _fail_os(self, problem: OSError) -> None:
        reason = os_error(problem)
        reason.__cause__ = problem
        self.fail(reason)

    def _fail_bug(self, problem: BaseException) -> None:
        reason = abort(escaped(f"{type(problem).__name__}: {problem}"))
        reason.__cause__ = problem
        self.fail(reason)


class _Todo(NamedTuple):
    """What `_settle` found to be done without the mutex."""

    events: list[Event]
    traffic: list[tuple[str, Any]] | None
    output: list[Buffer] | None
    traced: Bell | None  # rung when the traffic is traced: callbacks wait for it


class _Silence:
    """How long the peer has acknowledged nothing of what it was sent: looked at now and then.

    Of some thread sending something, until all is acknowledged. No lock: who sends while somebody
    looks either sees to the next look, or is seen by it.
    """

    def __init__(self) -> None:
        self.next_look: float | None = None
        self._since = 0.0

    def begin(self) -> None:
        """Something is about to be sent, when all had been acknowledged."""
        self._since = Clock.now()
        self.next_look = self._since + _SILENCE_LOOK

    def look(self, transport: Transport) -> float:
        """The seconds of silence, 0 when nothing has to be acknowledged."""
        now, self.next_look = Clock.now(), None
        silent_for = transport.silent_for()
        if silent_for is None:
            return 0.0
        # What was heard last may be older than what is unacknowledged.
        self._since = max(self._since, now - silent_for)
        self.next_look = now + _SILENCE_LOOK
        return now - self._since

    def before(self, deadline: float | None) -> float | None:
        """The next look, or *deadline* if that is earlier."""
        look = self.next_look
        if look is None or deadline is None:
            return deadline if look is None else look
        return min(look, deadline)


class _LiteralSource(io.RawIOBase):
    """The bytes of one literal: those that have come, then those that come.

    A BufferedReader reads from it straight into the ``bytes`` that it returns, which nothing else
    in Python can: received portions joined would take twice the memory, and half the time more.
    But it takes all its memory at once, and anybody can announce more than there is: so it begins
    as soon as a part has come, which is received in portions.
    """

    def __init__(self, engine: Engine, begun: bytes, missing: int) -> None:
        self._engine = engine
        self._begun = memoryview(begun)
        self._missing = missing
        self._told = Clock.now()
        self.ended = False

    def receive(self) -> bytes:
        """The literal, if it has not *ended* before; raises MemoryError when it is too large."""
        size = len(self._begun) + self._missing
        begun = io.BytesIO()
        begun.write(self._begun)
        buffer = memoryview(bytearray(READ_SIZE))
        while begun.tell() * _TRUST < size and not self.ended:
            begun.write(buffer[: self._receive_into(buffer)])
        self._begun = memoryview(begun.getvalue())
        del begun
        try:
            return b"" if self.ended else io.BufferedReader(self, READ_SIZE).read(size)
        except MemoryError:
            raise MemoryError(f"for a literal of {size} bytes") from None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        if self._begun:
            size = min(len(view), len(self._begun))
            view[:size], self._begun = self._begun[:size], self._begun[size:]
            return size
        self._begun = memoryview(b"")
        return self._receive_into(view) if self._missing else 0

    def _receive_into(self, view: memoryview) -> int:
        while (received := self._engine._transport.recv_into(view[: self._missing])) is None:
            self._tell_of_progress()
        self._tell_of_progress()
        self._missing -= received
        self.ended = not received
        return received

    def _tell_of_progress(self) -> None:
        now = Clock.now()
        if now - self._told > _PROGRESS_NOTE:
            self._told = now
            self._engine.progressed()


class _Guard:
    """Holds the mutex for a while; but not in forked children, where it may be taken for ever."""

    def __init__(self, mutex: Mutex) -> None:
        self._mutex = mutex
        self._process = os.getpid()

    def __call__(self, function: Callable[..., T], *arguments: Any) -> T:
        """The result of *function*, which is called with the mutex held."""
        if os.getpid() != self._process:
            return function(*arguments)
        return self._mutex.run(function, *arguments)


class _Polling:
    """The reader's instructions while the user polls the socket: it reads once for each errand."""

    def __init__(self) -> None:
        self.errands: queue.SimpleQueue[Job] = queue.SimpleQueue()  # to be called afterwards
        self._over: Wakeup | None = None
        self._ended = False
        with contextlib.suppress(OSError):  # no descriptor is left: waits look from time to time
            self._over = Wakeup()

    def wait(self, descriptor: int, timeout: float | None) -> bool:
        """Wait until *descriptor* is readable; false when it is not, or this is over."""
        if self._over is not None:
            return self._over.wait_with(descriptor, timeout)
        deadline = float("inf") if timeout is None else Clock.now() + timeout
        while not self._ended:
            if can_read(descriptor, min(seconds_until(deadline), _UNSENT_LOOK)):
                return True
            if Clock.now() >= deadline:
                return False
        return False

    def read_once(self) -> None:
        """Have the reader read once, and wait until it has."""
        taken: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.errands.put(lambda: taken.put(None))
        with contextlib.suppress(queue.Empty):
            next_of(taken, _ERRAND_TIMEOUT)

    def end(self) -> None:
        """The reader reads on by itself."""
        self._ended = True
        self.errands.put(_do_nothing)
        if self._over is not None:
            self._over.set()


class _Waker:
    """Wakes a callback that waits for one of *items*, so that it runs jobs meanwhile."""

    def __init__(self, items: queue.SimpleQueue[Any]) -> None:
        self._items = items

    def hand_over(self, job: Job) -> None:
        self._items.put(self)


def _check_no_deadlock(command: Command, helped: Command) -> None:
    """An authenticator can't wait for a command that waits for the authenticator."""
    if command.waiter.callback is None and not command.row.ends:
        raise error(f"{command.row.name} would wait for {helped.row.name}, and that for it")


def _calls_back(event: Event) -> bool:
    """Whether *event* is an outcome for a callback."""
    waiter = event.command.waiter if isinstance(event, (Completed, Failed)) else None
    return waiter is not None and waiter.callback is not None


def _set(pending: Waiter, event: Completed | Failed) -> None:
    pending.set(event.error if isinstance(event, Failed) else (event.type, event.data))


def _tell(pending: Waiter, what: str) -> None:
    if pending.observer is not None:
        pending.observer(what)


def _take_no_step(now: float) -> None:
    """A step that changes nothing."""


def _do_nothing() -> None:
    """A call that makes a thread go once round its loop."""


def _call(user_code: Job) -> None:
    try:
        user_code()
    except BaseException as problem:
        _report(problem)


def _call_behind(thread: threading.Thread | None, user_code: Job) -> None:
    if thread is not None:
        thread.join()
    _call(user_code)


def _report(problem: BaseException) -> None:
    """An exception of user code: it hurts nobody else."""
    log("error", "exception in a callback", exc_info=problem)
    hook_arguments = threading.ExceptHookArgs(
        (type(problem), problem, problem.__traceback__, threading.current_thread())
    )
    shielded(lambda: threading.excepthook(hook_arguments))


def _chunks(buffers: list[Buffer]) -> list[Buffer]:
    """*buffers*, small ones joined with what follows: few sends, and large ones not copied."""
    chunks: list[Buffer] = []
    small: list[Buffer] = []
    for buffer in buffers:
        view = memoryview(buffer).cast("B")
        small.append(view[:_DIRECT_SIZE])
        if len(view) > _DIRECT_SIZE:
            chunks += [b"".join(small), view[_DIRECT_SIZE:]]
            small = []
    return [*chunks, b"".join(small)] if small else chunks
