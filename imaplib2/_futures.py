"""Futures of commands; loaded when the first one is made, as ``concurrent.futures`` is then.

A future has one fate: the first of all that is said of it, by its command or by ``cancel``, counts.
It is told to those that wait by the callback thread, or by the thread that cancels. An exception
may come up in any of them at any line: what is told is told again then, and only once.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import Future
from contextlib import suppress

from ._errors import abort, error, raised
from ._hints import TYPE_CHECKING, Any
from ._types import LATER

if TYPE_CHECKING:
    from ._protocol.command import Command
    from ._threads.engine import Engine

#: The fate of what was cancelled; else it is what a callback gets.
_CANCELLED: Any = object()


class Source:
    """What a future waits for, until it is done."""

    def __init__(self, name: str, engine: Engine | None) -> None:
        self._name = name
        self._process = os.getpid()
        self._engine = engine
        #: The commands that the call has issued: one, unless a subclass sends more.
        self.commands: list[Command] = []
        #: One of them was given the future's own callback.
        self.is_direct = False

    def release(self) -> None:
        """The future is done, or about to be: nothing is kept alive by it."""
        self._engine = None
        self.commands = []

    def cancel(self) -> None:
        """Don't send what isn't sent yet."""
        engine = self._engine
        if engine is not None:
            for command in self.commands:
                # One may be about to be submitted by another thread.
                command.unwanted = True
                engine.cancel(command)

    def check_may_wait(self) -> None:
        """Raise ``error``, or ``abort``, where the calling thread would wait for ever."""
        engine = self._engine
        if engine is None:
            return
        if os.getpid() != self._process or sys.is_finalizing():
            raise abort(f"{self._name}: no threads to serve it (forked child, or exit)")
        if engine.is_needed:
            raise error(
                f"{self._name}: a callback can't wait for a future of its own connection, which"
                " would wait for it; add a function to the future instead, or call the method"
            )


class Waiters(list[Any]):
    """The list to which ``wait`` and ``as_completed`` of ``concurrent.futures`` add themselves."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source

    def append(self, waiter: Any) -> None:
        """Raises ``error`` where the waiter would wait for ever."""
        self._source.check_may_wait()
        super().append(waiter)


class CommandFuture(Future[Any]):
    """The outcome of a command, as ``submit`` returns it."""

    def __init__(self, name: str, engine: Engine | None) -> None:
        super().__init__()
        self._source = Source(name, engine)
        self._waiters = Waiters(self._source)
        self._fate: dict[None, Any] = {}
        # Told once, whichever thread is first.
        self._untold = [Future.set_running_or_notify_cancel]

    # -- The library's side -----------------------------------------------------------------------

    def note(self, command: Command, callback: Any) -> None:
        """The call issues *command*, with a *callback*; not if the future is cancelled already."""
        is_own = callback == self.deliver
        if is_own and not self._source.is_direct:
            self._source.commands.clear()
        if is_own or not self._source.is_direct:
            self._source.commands.append(command)
            # In this order, as `cancel` sets the fate before it looks for commands.
            if self._fate.get(None) is _CANCELLED:
                command.unwanted = True
        self._source.is_direct |= is_own

    def returned(self, value: Any) -> None:
        """The call has returned *value*: the outcome itself, if no callback is to come."""
        source = self._source
        if not (source.is_direct or value == LATER or (value is None and source.commands)):
            self.deliver((value, None, None))

    def deliver(self, outcome: Any) -> None:
        """The callback of the call: *outcome* is what callbacks get."""
        try:
            self._tell(self._fate.setdefault(None, outcome))
        except BaseException:
            self._tell(self._fate.setdefault(None, outcome))
            raise

    # See `Pending.call_back`: what comes up before the first line is made up for there.
    deliver.may_repeat = True  # type: ignore[attr-defined]

    def _tell(self, fate: Any) -> None:
        """Tell *fate* to all that wait, and to the functions that were added."""
        # Before: the functions may ask for the result.
        self._source.release()
        if fate is _CANCELLED:
            super().cancel()
            # In one step, so that no exception can come up in between.
            with suppress(IndexError):
                self._untold.pop()(self)
        elif not self.done():
            result, _, failure = fate
            if failure is None:
                self.set_result(result)
            else:
                self.set_exception(raised(failure))

    # -- The user's side --------------------------------------------------------------------------

    def cancel(self) -> bool:
        """Give up the answer; false when it is there already.

        What isn't sent yet never is; a sent IDLE is ended. Functions that were added are called
        here, in the thread that cancels.
        """
        if self._fate.setdefault(None, _CANCELLED) is not _CANCELLED:
            return False
        try:
            self._source.cancel()
        finally:
            self._tell(_CANCELLED)
        return True

    def result(self, timeout: float | None = None) -> Any:
        """What the call would have returned; raises what it would have raised.

        Waits for it, up to *timeout* seconds: raises ``concurrent.futures.TimeoutError`` then.
        Raises ``error`` at once in a callback of the same connection, and ``abort`` in a forked
        child and at exit: there, it would wait for ever.
        """
        self._source.check_may_wait()
        try:
            return super().result(timeout)
        finally:
            # What is raised refers to this frame, and this to what is raised.
            del self

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """What the call would have raised, None for nothing; waits and raises as `result`."""
        self._source.check_may_wait()
        return super().exception(timeout)
