"""The callback thread, and the queue of what is due to be called in it.

The thread exists from the first command with a callback on, and runs user code only. Connections
that idle are many and wait long: for an IDLE, it is started when that has ended.

All that waits here is given ``keep_time``, as `Pending.wait` is: where the writer may be stuck in a
subclass's own ``send``, the threads that wait do what is due.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import weakref
from functools import partial

from .._clock import Clock, next_of, seconds_until
from .._hints import Any, TypeVar
from .._mutex import Bell, Mutex, Reentered
from .._trace import OwnThread, log, shielded
from .pending import Job, KeepTime, Outcome, Pending, run_jobs

#: Seconds that a command waits, once it has completed, for the callbacks of those before it.
_CALLBACKS_TIMEOUT = 1.0
#: Seconds that a callback waits for what it is the answer of to be traced.
_TRACE_TIMEOUT = 1.0

T = TypeVar("T")


class Callbacks:
    """What one connection's user wants to be called back with, in order of completion."""

    def __init__(self, identifier: str) -> None:
        self._name = f"{identifier} callbacks"
        self._items: queue.SimpleQueue[Pending | Job | None] = queue.SimpleQueue()
        #: The latest callback thread.
        self.thread: threading.Thread | None = None
        # All that call back, or have done so.
        self._threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        # The one that calls what is due, while another may take its place at the end.
        self._serving: threading.Thread | None = None
        # Held while a callback thread starts.
        self._starting = Mutex()
        #: How many callbacks were due so far; only counted under the connection's mutex.
        self.due = 0
        #: How many have been called; only counted by the callback thread.
        self.done = 0
        self._calling: Pending | Job | None = None
        self._jobs: list[Job] = []
        # For the callback with which number commands wait no longer, and since when.
        self._patience_over = -1, 0.0
        # What a callback is waiting for.
        self._awaited: Pending | _Waker | None = None
        self._ended = False

    # -- Putting: any thread ------------------------------------------------------------------

    def put(self, pending: Pending) -> None:
        """Have the callback thread call that of *pending*, once.

        The connection's mutex is held, which the caller asserts: it keeps the order.
        """
        if not pending.is_queued:
            self.due += 1
            self._items.put(pending)
            pending.is_queued = True

    def put_job(self, job: Job) -> None:
        """Have the callback thread run *job* behind all that is due."""
        self._items.put(job)

    def stir(self) -> None:
        """Have the callback thread look at the time again."""
        self._items.put(_do_nothing)

    def hold(self) -> Bell:
        """Have what is put from now on wait for a ring of the bell that this gives."""
        bell = Bell()
        self._items.put(partial(bell.wait, _TRACE_TIMEOUT))
        return bell

    def hand_over(self, job: Job) -> None:
        """Have the callback thread run *job*, be it within a callback that waits."""
        self._jobs.append(job)
        self._items.put(self._run_jobs)
        awaited = self._awaited
        if awaited is not None:
            awaited.hand_over(self._run_jobs)

    def end(self) -> None:
        """No callback will be due any more: the thread leaves behind the last one."""
        self._ended = True
        self._items.put(None)

    # -- Starting: any thread -----------------------------------------------------------------

    def start(self, keep_time: KeepTime) -> None:
        """Have a callback thread; raises RuntimeError when there can be none."""
        # A signal handler that has interrupted the start finds that it will go on.
        if self.thread is None:
            with contextlib.suppress(Reentered):
                self._starting.run(self._start, keep_time)

    def take_place(self) -> None:
        """The calling thread is the callback thread: there can be no other one."""
        self._serving = self.thread = threading.current_thread()
        self._threads.add(self.thread)

    def call_last(self, user_code: Job, *, is_alone: bool) -> None:
        """Call *user_code* when the connection is over, in a thread behind the present one.

        Calls it in this thread where there can be no other. *is_alone*: this is a forked child,
        where no lock may be taken.
        """
        start = partial(self._start_behind, user_code)
        try:
            if is_alone:
                start()
            else:
                self._starting.run(start)
        # Reentered: a signal handler has interrupted the start of a thread.
        except (RuntimeError, Reentered):
            _call(user_code)

    def _start(self, keep_time: KeepTime) -> None:
        """Start the thread, with ``_starting`` held."""
        if self.thread is None:
            thread = self._new_thread(partial(self.run, keep_time))
            thread.start()
            self._serving = self.thread = thread

    def _start_behind(self, user_code: Job) -> None:
        thread = self._new_thread(partial(_call_behind, self.thread, user_code))
        thread.start()
        self.thread = thread

    def _new_thread(self, target: Job) -> threading.Thread:
        thread = OwnThread(target=target, name=self._name, daemon=True)
        self._threads.add(thread)
        return thread

    @property
    def is_current(self) -> bool:
        """Whether the calling thread is one that calls back, or waits to do so."""
        return threading.current_thread() in self._threads

    # -- Waiting: users -----------------------------------------------------------------------

    def drain(self) -> None:
        """Wait until the callbacks that are due have been called, unless that takes long.

        Programs expect that callbacks of earlier commands have been called when a later command
        returns. For a callback that runs on and on, all threads wait once, together.
        """
        # So many have ended, and this is the next one's number.
        running = self.done
        if self._patience_over[0] != running:
            self._patience_over = running, Clock.now() + _CALLBACKS_TIMEOUT
        patience = seconds_until(self._patience_over[1])
        if patience:
            called = Bell()
            self._items.put(called.ring)
            called.wait(patience)

    def wait(self, pending: Pending, keep_time: KeepTime | None) -> Outcome:
        """`Pending.wait` within a callback: the jobs of other commands are run meanwhile."""
        outer, self._awaited = self._awaited, pending
        try:
            self._run_jobs()
            return pending.wait(keep_time)
        finally:
            self._awaited = outer

    def next_of(
        self, items: queue.SimpleQueue[T], deadline: float | None, keep_time: KeepTime
    ) -> T:
        """The next of *items*; raises queue.Empty at *deadline*, in monotonic time.

        Within a callback, the jobs of other commands are run meanwhile.
        """
        if threading.current_thread() is not self.thread:
            return _next_of(items, deadline, keep_time)
        outer, self._awaited = self._awaited, _Waker(items)
        try:
            while True:
                self._run_jobs()
                item = _next_of(items, deadline, keep_time)
                if not isinstance(item, _Waker):
                    return item
        finally:
            self._awaited = outer

    # -- Calling: the callback thread ---------------------------------------------------------

    def run(self, keep_time: KeepTime) -> None:
        """Call what is due, in this thread, until the end."""
        serves = False
        while True:
            try:
                while (serves or self._serves()) and self._call_next(keep_time):
                    serves = True
                return
            except BaseException as problem:
                # It is ours, as `_call_next` sees to the callbacks': go on with what is due.
                _report(problem)
                if self._ended:
                    # What was taken from the queue, and is lost, may have been its end.
                    self._items.put(None)

    def _serves(self) -> bool:
        """Whether the calling thread is the callback thread.

        The thread that has started this one may have been interrupted before it could say so: then
        there will be another.
        """
        this = threading.current_thread()
        if self._serving is this:
            return True
        return self._starting.run(lambda: self._serving) is this

    def _call_next(self, keep_time: KeepTime) -> bool:
        """Wait for what is due next, and call it; false at the end."""
        if self._calling is None:
            self._calling = _next_of(self._items, None, keep_time)
        call = self._calling
        if call is None:
            # For a second thread, if the first one's start was interrupted.
            self._items.put(None)
            return False
        try:
            call() if not isinstance(call, Pending) else call.call_back()
        except BaseException as problem:
            if not (isinstance(call, Pending) and call.is_called):
                # It came up before the callback, which will be called when `run` tries again.
                raise
            _report(problem)
        self._calling = None
        self.done += isinstance(call, Pending)
        return True

    def _run_jobs(self) -> None:
        run_jobs(self._jobs)


class _Waker:
    """Wakes a callback that waits for one of *items*, so that it runs jobs meanwhile."""

    def __init__(self, items: queue.SimpleQueue[Any]) -> None:
        self._items = items

    def hand_over(self, job: Job) -> None:
        """As `Pending.hand_over`: the callback thread finds the *job* in its own queue."""
        self._items.put(self)


def _next_of(items: queue.SimpleQueue[T], deadline: float | None, keep_time: KeepTime) -> T:
    """The next of *items*, keeping the time meanwhile; raises queue.Empty at *deadline*."""
    while True:
        patience = keep_time()
        if deadline is not None:
            left = seconds_until(deadline)
            patience = left if patience is None else min(left, patience)
        try:
            return next_of(items, patience)
        except queue.Empty:
            if deadline is not None and Clock.now() >= deadline:
                raise


def _do_nothing() -> None:
    """A call that makes the thread go once round its loop."""


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
    """An exception of user code: it hurts nothing else."""
    log("error", "exception in a callback", exc_info=problem)
    hook_arguments = threading.ExceptHookArgs(
        (type(problem), problem, problem.__traceback__, threading.current_thread())
    )
    shielded(lambda: threading.excepthook(hook_arguments))
