"""The gate to the core: one thread at a time decides, under the mutex; what follows is done behind.

An exception may come up at any line: KeyboardInterrupt, or whatever a signal handler raises, in
the threads of users; MemoryError in each. So what the core has decided is kept, in ``core.events``
and then in ``_undone``, until it has been done; telling an outcome twice is harmless. Where an
exception comes up within a step, it isn't known how far that has got: ``interrupted`` says so,
which ends the connection before any thread takes another step. The thread that was interrupted
tries to see to that; should it be interrupted again, the writer does, in which no signal handler
runs.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from functools import partial

from .._clock import Clock, seconds_until
from .._errors import abort, error, escaped, os_error
from .._hints import TYPE_CHECKING, Any, TypeVar
from .._mutex import Bell, Mutex
from .._protocol.arguments import Buffer
from .._protocol.command import Command, Waiter
from .._protocol.connection import Connection
from .._protocol.events import (
    Challenge,
    Completed,
    Event,
    Failed,
    Greeted,
    Idling,
    Lost,
    MoreWanted,
    RoomMade,
    UpgradeNow,
)
from .._trace import Trace
from .callbacks import Callbacks
from .ending import Ending
from .pending import Job, Pending, once
from .polling import Polls
from .sending import Sending
from .uploads import feed
from .user_code import Upgrader, UserCode

if TYPE_CHECKING:
    from .._transport.base import Transport

T = TypeVar("T")
#: What `Gate._settle` has found to be done without the mutex: events, traffic to be traced, output
#: to be sent, and what is rung when the traffic is traced, as callbacks wait for that.
_Todo = tuple[
    "list[Event] | None", "list[tuple[str, Any]] | None", "list[Buffer] | None", "Bell | None"
]


class Gate:
    """The core, the mutex that guards it, and the queues that are filled from it."""

    def __init__(
        self, core: Connection, transport: Transport, upgrader: Upgrader, trace: Trace
    ) -> None:
        self.core = core
        self.trace = trace
        #: Replaced by an upgrade, under the mutex.
        self.transport = transport
        self.mutex = Mutex()
        self.sending = Sending(self.mutex)
        self.callbacks = Callbacks(trace.identifier)
        self.user_code = UserCode(upgrader)
        self.polls = Polls(self.mutex)
        self.ending = Ending(self.mutex)
        self.greeting = Pending()
        #: Wakes the reader behind an upgrade, and at the end.
        self.resume = Bell()
        #: What came up within a step of the core, which was left half-way.
        self.interrupted: type[BaseException] | None = None
        # What was decided, and has perhaps not been done; by identity.
        self._undone: dict[int, list[Event]] = {}
        core.traffic = []
        trace.hide = core.secrets.head
        core.untagged.guard = _Guard(self.mutex)

    # -- Steps of the core: any thread --------------------------------------------------------

    def drive(self, step: Callable[..., None], *arguments: Any) -> None:
        """Have the core take a *step*, which gets the time last, and do what follows from it.

        Raises what the step raises. A refusal has changed nothing; whatever else comes up ends
        the connection, as it isn't known what was done already.
        """
        try:
            todo = self.mutex.run(self._decide, step, arguments)
            if todo is not None:
                self._act(todo)
        except BaseException as problem:
            if not (isinstance(problem, error) and problem.is_refusal):
                # In this order: where this is interrupted as well, the writer sees to it. The
                # class only: the exception's traceback would keep the client object alive.
                self.interrupted = problem.__class__
                self.sending.bell.ring()
                self.end_interrupted()
            raise

    def step(self, step: Callable[..., None], *arguments: Any) -> None:
        """As `drive`; for reader and writer, which end the connection by themselves."""
        todo = self.mutex.run(self._decide, step, arguments)
        if todo is not None:
            self._act(todo)

    def end_interrupted(self) -> None:
        """See to the end that a step which was left half-way causes."""
        self.step(_take_no_step)
        self.finish()

    def progressed(self) -> None:
        """Bytes of a command have left, or of a literal have come, that the core can't see."""
        self.drive(self.core.progressed)

    def heard(self) -> None:
        """Bytes have come that give no response yet: a sign of life. For the reader only."""
        self.step(self.core.receive, [])

    # -- The time: the writer, and all that wait where it may be stuck --------------------------

    def look_at_the_clock(self) -> None:
        """Do what is due, if no thread has done it yet."""
        self.look_at_the_peer()
        self.drive(self.core.tick)

    def look_at_the_peer(self) -> None:
        """Note that it takes what was sent; give it up if it has long acknowledged nothing."""
        sending, transport = self.sending, self.transport
        if sending.unsent and sending.has_drained(transport):
            self.progressed()
        problem = sending.silence.end_of_patience(transport)
        if problem is not None:
            self.fail_by(problem)

    def keep_time(self) -> float | None:
        """Do what is due; seconds until there is more to do."""
        self.look_at_the_clock()
        deadline = self.sending.silence.before(self.mutex.run(self.core.next_deadline))
        return None if deadline is None else seconds_until(deadline)

    def help_keep_time(self) -> float | None:
        """As `keep_time` where the writer may be stuck in a subclass's send; else None."""
        return None if self.transport.honours_timeouts else self.keep_time()

    # -- The end: any thread ------------------------------------------------------------------

    def fail(self, reason: error) -> None:
        """The connection is over. Idempotent; all that wait are told when this returns."""
        self.drive(self._fail, reason)
        self.finish()

    def fail_by(self, problem: BaseException) -> None:
        """`fail` because of an OSError of the transport, or of what should not have come up."""
        if isinstance(problem, OSError):
            reason: abort = os_error(problem)
        else:
            reason = abort(escaped(f"{type(problem).__name__}: {problem}"))
        reason.__cause__ = problem
        self.fail(reason)

    def finish(self) -> None:
        """All is over: do what exceptions have kept other threads from doing.

        What they are just about to do is done here, too, which is harmless; but user code that a
        command would have needed on its way isn't asked: the command has failed.
        """
        for events in self._undone.copy().values():
            for event in events:
                if not isinstance(event, (Challenge, MoreWanted, UpgradeNow)):
                    self._act_on(event)
            self._undone.pop(id(events), None)

    def interrupt(self) -> None:
        """Have the reader find the transport at its end, whatever it waits for. Takes no mutex."""
        self.transport.interrupt()
        self.resume.ring()

    def leave(self, thread: threading.Thread) -> None:
        """*thread*, reader or writer, ends or can't begin; the last closes the transport."""
        ending = self.ending
        try:
            self.fail(abort("a thread of the connection has ended"))  # unless there is a reason
        finally:
            if self.mutex.run(ending.is_last, thread) and not self.polls.keeps_transport:
                self.transport.close()
            ending.running.discard(threading.get_ident())

    def _fail(self, reason: error, now: float) -> None:
        """The step of `fail`; the mutex is held."""
        assert self.mutex.is_owned()
        if self.ending.closing is not None:
            # close() has interrupted the transport without the mutex, in a signal handler. This
            # failure is its echo: report that close.
            self.core.close(logged_out=self.ending.closing)
        self.core.fail(reason)

    # -- Deciding under the mutex -------------------------------------------------------------

    def _decide(self, step: Callable[..., None], arguments: Sequence[Any]) -> _Todo | None:
        """Take a *step* and collect what has to be done, if there is anything.

        The mutex is held, as `_settle` asserts.
        """
        if self.interrupted is not None and step != self._fail:
            # A step was left half-way: take no other one.
            name = self.interrupted.__name__
            self.core.fail(abort(f"{name} while a command was sent"))
        step(*arguments, Clock.now())
        return self._settle()

    def _settle(self) -> _Todo | None:
        """Collect what has to be done, if there is anything; the mutex is held."""
        assert self.mutex.is_owned()
        core, sending = self.core, self.sending
        traffic, output = core.traffic, None
        traced: Bell | None = None
        # Not an empty list of the core's, to which another thread's step would add its events.
        events = core.events or None
        if events is not None:
            if traffic and self.callbacks.thread and any(map(_calls_back, events)):
                traced = self.callbacks.hold()
            for event in events:
                self._settle_event(event)
            self._undone[id(events)] = events  # before the core forgets them
            core.events = []
        core.traffic = []
        if self.polls.current is not None and not core.is_polled:
            self.polls.end(lost=core.reason is not None and not self.ending.forgotten)
        if core.output and not sending.is_taken:
            output = sending.take_at_once(core, self.transport)
        deadline = core.next_deadline()
        if deadline is not None and (sending.alarm is None or deadline < sending.alarm):
            sending.bell.ring()
        return (events, traffic, output, traced) if events or traffic or output else None

    def _settle_event(self, event: Event) -> None:
        """Do what the order of events matters for; the mutex is held, as `_settle` asserts."""
        if isinstance(event, (Completed, Failed)):
            pending = event.command.waiter
            if isinstance(pending, Pending) and pending.callback is not None:
                pending.set(event.error if isinstance(event, Failed) else (event.type, event.data))
                self.callbacks.put(pending)
        elif isinstance(event, Idling) and event.command.idle and event.command.idle.polled:
            self.polls.begin(self.transport)
        elif isinstance(event, Lost):
            self.callbacks.end()
            self.sending.bell.ring()

    # -- Acting without it --------------------------------------------------------------------

    def _act(self, todo: _Todo) -> None:
        """Do what was decided; the mutex is not held."""
        events, traffic, output, traced = todo
        # First: a thread that is told of an answer may send, and trace, the next command at once.
        if traffic:
            self.trace.traffic(traffic)
        if traced is not None:
            traced.ring()
        if events is not None:
            for event in events:
                self._act_on(event)
            self._undone.pop(id(events), None)
        if output:
            rest = self.sending.try_send(output, self.transport)
            if rest is not None:
                self.mutex.run(self.sending.end, self.core, rest)

    def _act_on(self, event: Event) -> None:
        if isinstance(event, (Completed, Failed)):
            pending = event.command.waiter
            if pending is not None:
                pending.set(event.error if isinstance(event, Failed) else (event.type, event.data))
                if pending.callback is not None and self.callbacks.thread is None:
                    self._see_to_callbacks()
        elif isinstance(event, Challenge):
            self.hand_over(event.command, partial(self._respond, event))
        elif isinstance(event, MoreWanted):
            self.hand_over(event.command, partial(feed, self, event))
        elif isinstance(event, UpgradeNow) and not event.command.upgraded_by_hand:
            self.hand_over(event.command, partial(self._upgrade, event))
        elif isinstance(event, Idling):
            _tell(event.command.waiter, "idling")
        elif isinstance(event, RoomMade):
            _tell(event.command.waiter, "room")
        elif isinstance(event, Greeted):
            self.greeting.set(("OK", []))
        elif isinstance(event, Lost):
            self._act_on_loss(event)

    def _act_on_loss(self, event: Lost) -> None:
        # All that wait are told before anything that might fail, such as a subclass's socket.
        self.resume.ring()
        self.greeting.set(event.reason)
        self.transport.interrupt()
        self.trace.message(1, f"connection is over: {event.reason}")
        if self.trace.level >= 1 and not self.core.closed_on_purpose:
            self.trace.print_kept()

    def _see_to_callbacks(self) -> None:
        """A callback is due, which has a thread unless it is that of an IDLE."""
        try:
            self.callbacks.start(self.help_keep_time)
        except RuntimeError as problem:
            # There can be no more threads: this one has to do.
            self.callbacks.take_place()
            self.fail_by(problem)
            self.callbacks.run(self.help_keep_time)

    # -- User code on a command's way: in the thread of its user, or as a callback --------------

    def hand_over(self, command: Command, job: Job) -> None:
        """Have *job*, with user code, run where users expect it; *command* waits for it."""
        job = once(job, lambda: self.drive(lambda now: self.core.give_up(command, now)))
        if command.waiter.callback is None:
            command.waiter.hand_over(job)
        else:
            self.callbacks.hand_over(job)

    def _respond(self, challenge: Challenge) -> None:
        response: bytes | None = None
        try:
            response = self.user_code.response(challenge)
        finally:
            self.drive(lambda now: self.core.answer(challenge.command, response, now))

    def _upgrade(self, event: UpgradeNow) -> None:
        try:
            transport = self.user_code.upgraded(event)
        except BaseException as problem:
            self.fail(abort(escaped(f"{event.command.row.name} failed: {problem}")))
            if not isinstance(problem, Exception):
                raise
            return
        self.change_transport(transport, self.core.upgraded)

    def change_transport(self, transport: Transport, step: Callable[[float], None]) -> None:
        """Go on with *transport*, from the *step* of the core on."""
        self.drive(self._change_transport, transport, step)
        if self.transport is not transport:
            # The connection is over; reader and writer close only the transport that they know.
            transport.close()
        self.resume.ring()

    def _change_transport(
        self, transport: Transport, step: Callable[[float], None], now: float
    ) -> None:
        """The step of `change_transport`; the mutex is held."""
        assert self.mutex.is_owned()
        if self.core.reason is None:
            self.transport = transport
            step(now)


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


def _calls_back(event: Event) -> bool:
    """Whether *event* is an outcome for a callback."""
    waiter = event.command.waiter if isinstance(event, (Completed, Failed)) else None
    return waiter is not None and waiter.callback is not None


def _tell(pending: Waiter, what: str) -> None:
    if pending.observer is not None:
        pending.observer(what)


def _take_no_step(now: float) -> None:
    """A step that changes nothing."""
