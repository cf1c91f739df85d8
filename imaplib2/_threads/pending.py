"""One command's outcome: set once by the connection's threads, waited for or called back."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .. import _errors
from .._auth import Responder
from .._hints import Any

Outcome = tuple[str | None, Any]
#: Called with ``((typ, data), cb_arg, None)``, or ``(None, cb_arg, (exception class, text))``.
Callback = Callable[
    [tuple[tuple[Any, Any] | None, Any, tuple[type[BaseException], _errors.ErrorText] | None]],
    object,
]
Job = Callable[[], None]
#: Does what is due, if the writer can't; the seconds until there is more to do, None for never.
KeepTime = Callable[[], float | None]
#: Turns what the server said into what the caller gets, or raises.
Finish = Callable[[str, list[Any]], Outcome]


class Pending:
    """The outcome of a command, for one waiter at a time.

    User code that the command needs on its way (an authenticator, a certificate callback) is
    handed over as a job, and runs where the outcome is received: in `wait`, that is in the thread
    of the caller, or in the callback thread.
    """

    #: The user's side of a SASL exchange.
    responder: Responder | None = None
    #: Gets what exceptions know of the server's refusal; shared with the command.
    answer: dict[str, Any] | None = None
    #: Told "idling", "room" (see `RoomMade`) and "done", by the thread that saw it; must not block.
    observer: Callable[[str], None] | None = None
    _observed = False
    #: It stands among the callbacks that are due.
    is_queued = False
    _replacement: BaseException | None = None
    # What the callback gets, while it is called.
    _told: Any = None

    def __init__(
        self,
        finish: Finish | None = None,
        callback: Callback | None = None,
        callback_argument: Any = None,
    ) -> None:
        self.callback = callback
        self._uncalled = [] if callback is None else [callback]
        self._argument = callback_argument
        self._finish = finish
        self._result: tuple[str, list[Any]] | None = None
        self._error: BaseException | None = None
        # A lock that is released to wake the waiter: the cheapest signal that there is.
        self._signal = threading.Lock()
        self._signal.acquire()
        self._done = False
        self._jobs: list[Job] | None = None  # once there is one

    @property
    def done(self) -> bool:
        """Whether the outcome is there."""
        return self._done

    def replace(self, problem: BaseException) -> None:
        """Whatever the server will say, the outcome is *problem*."""
        self._replacement = problem

    def set(self, result: tuple[str, list[Any]] | BaseException) -> None:
        """Set the outcome, by the thread that saw it; only the first one counts.

        The second time, the waiter is woken all the same: an exception may have kept it asleep.
        """
        if not self._done:
            result = self._replacement or result
            if isinstance(result, BaseException):
                self._error = _errors.told(result, self.answer or {})
            else:
                self._result = result
            self._done = True
        if self.observer is not None and not self._observed:
            self.observer("done")
            self._observed = True
        self._wake()

    def hand_over(self, job: Job) -> None:
        """Have *job* run by the waiter, before the outcome."""
        if self._jobs is None:
            self._jobs = []
        self._jobs.append(job)
        self._wake()

    def wait(self, keep_time: KeepTime | None = None) -> Outcome:
        """Block until the outcome is there, running jobs meanwhile; return it, or raise it.

        *keep_time*, if given, is called first and again after the seconds that it returns.
        """
        while True:
            # Before waiting: an earlier wait, which was interrupted, may have used up the signal.
            # And first: what was handed over before the outcome is done before it is told.
            done = self._done
            if self._jobs:
                run_jobs(self._jobs)
            if done:
                return self.outcome()
            span = keep_time() if keep_time is not None else None
            self._signal.acquire(timeout=-1 if span is None else span)

    def outcome(self) -> Outcome:
        """The outcome, which is there: return it, or raise it."""
        if self._error is not None:
            try:
                raise self._error
            finally:  # no cycle through the traceback
                self._error = _errors.repeated(self._error)
        assert self._result is not None
        if self._finish is None:
            return self._result
        try:
            return self._finish(*self._result)
        except _errors.error as problem:
            _errors.told(problem, self.answer or {})
            raise

    def check(self) -> None:
        """Raise the error that the outcome is, if it is one."""
        if self._error is not None:
            raise _errors.repeated(self._error)

    def call_back(self) -> None:
        """Call the callback with the outcome, which is there; once, however often this is called.

        Raises what the callback raises. One of ours may have the attribute ``may_repeat``: if it
        raises, it counts as not called.
        """
        if not self._uncalled:
            return
        if self._told is None:
            self._told = self._arguments()
        if getattr(self.callback, "may_repeat", False):
            self._uncalled[0](self._told)
            self._uncalled.clear()
        else:
            # In one step, so that no exception can come up in between.
            self._uncalled.pop()(self._told)
        self._told = None

    def _arguments(self) -> Any:
        """What the callback gets."""
        try:
            return self.outcome(), self._argument, None
        except Exception as problem:
            text = _errors.ErrorText.of(problem)
            return None, self._argument, (_public_class(problem), text)

    @property
    def is_called(self) -> bool:
        """Whether the callback has been called; true where there is none."""
        return not self._uncalled

    def _wake(self) -> None:
        if self.callback is None:
            # A waiter that is awake looks at everything before it sleeps again.
            try:  # noqa: SIM105 - suppress() takes as long as all else here
                self._signal.release()
            except RuntimeError:
                pass


def run_jobs(jobs: list[Job]) -> None:
    """Run all of *jobs*; one that an exception keeps from being run stays."""
    while jobs:
        job = jobs[0]
        job()
        # Within it, more jobs may have been run: a callback that waits for a command does so.
        if jobs and jobs[0] is job:
            jobs.pop(0)


def once(job: Job, give_up: Job) -> Job:
    """*job*, but once, however often it is called; *give_up* is called if it raises."""
    begun = False

    def run() -> None:
        nonlocal begun
        if begun:
            return
        try:
            begun = True
            job()
        except BaseException:
            give_up()
            raise

    return run


def _public_class(problem: BaseException) -> type[BaseException]:
    """The class that callbacks compare with: ``abort``, not one of its variants."""
    variants = (_errors.OSErrorAbort, _errors.TimeoutAbort)
    return _errors.abort if isinstance(problem, variants) else type(problem)
