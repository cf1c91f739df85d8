"""The iterator over what happens during IDLE, as in CPython 3.14 (RFC 2177)."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Generator
from types import TracebackType

from ._clock import Clock
from ._errors import abort, error, told
from ._hints import TYPE_CHECKING, Any
from ._protocol.command import Command
from ._protocol.stored import size_of
from ._threads.pending import Pending

if TYPE_CHECKING:
    from ._protocol.connection import Connection
    from ._threads.engine import Engine

Response = tuple[str, list[Any]]

#: The end of the queue, once the IDLE is over: it stays there, for each thread that iterates.
_DONE = None


class Idler:
    """``with M.idle(duration=60) as idler: for typ, data in idler: ...``

    Entering sends IDLE and waits for the server to agree; leaving sends DONE. Iterating gives
    each untagged response as it comes, and ends when *duration* seconds have passed or when
    something else (a command of any thread, ``logout``) has ended the IDLE; raises ``abort`` when
    the connection is lost. What was not iterated over is there for ``response`` afterwards.
    After a call of ``__exit__``, the end of the ``with`` statement does nothing.
    """

    def __init__(
        self, engine: Engine, command: Command, pending: Pending, duration: float | None
    ) -> None:
        self._engine = engine
        self._command = command
        self._pending = pending
        self._duration = duration
        self._responses: queue.SimpleQueue[Response | None] = queue.SimpleQueue()
        #: Of the responses in the queue; the reader's.
        self._bytes = 0
        #: Of the responses that users' threads have taken: the reader subtracts them.
        self._sizes_taken: queue.SimpleQueue[int] = queue.SimpleQueue()
        #: What `Pending.observer` is told: "idling", when the server has agreed, and "done".
        self._turns: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._deadline: float | None = None
        self._entered = self._over = False
        #: Taken for good by the thread that leaves first.
        self._leaving = threading.Lock()

    def __enter__(self) -> Idler:
        if self._entered:
            raise error("an Idler can be entered once")
        assert self._command.idle is not None
        self._command.idle.capture = self._capture
        self._pending.observer = self._observe
        self._engine.submit(self._command)
        self._entered = True
        try:
            self._wait_for_agreement()
        # KeyboardInterrupt, too: as __enter__ fails, there will be no __exit__.
        except BaseException:
            self._engine.give_up(self._command)
            raise
        if self._duration is not None:
            self._deadline = Clock.now() + self._duration
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._entered:
            raise error("leaving IDLE needs a with statement")
        if not self._leaving.acquire(blocking=False):
            return
        try:
            self._engine.end_idle(self._command)
            self._engine.wait(self._pending)
        except abort:
            if problem is None:
                raise
        finally:
            self._over = True
            self._engine.locked(self._leave)

    def __iter__(self) -> Idler:
        return self

    def __next__(self) -> Response:
        response = self._next(self._remaining())
        if response is None:
            raise StopIteration
        return response

    def burst(self, interval: float = 0.1) -> Generator[Response, None, None]:
        """The next response, and those that follow it by less than *interval* seconds each."""
        response = self._next(self._remaining())
        while response is not None:
            yield response
            response = self._next(interval)

    def _wait_for_agreement(self) -> None:
        """Wait until the server has agreed; raise ``error`` when it refuses."""
        if self._engine.wait_for_item(self._turns, None) == "done":
            self._over = True
            # Raises abort, or error for BAD.
            typ, data = self._pending.wait()
            problem = error(f"the server refused IDLE: {typ} {data[-1]!r}")
            raise told(problem, self._pending.answer or {})

    def _capture(self, typ: str, data: list[Any]) -> None:
        """Queue a response, and drop the oldest ones beyond the limits; the reader calls this."""
        self._responses.put((typ, data))
        self._bytes += size_of(data)
        with contextlib.suppress(queue.Empty):
            while True:
                self._bytes -= self._sizes_taken.get_nowait()
        droppable = self._responses.qsize() - 1
        while droppable > 0 and self._is_too_much():
            self._drop_oldest()
            droppable -= 1

    def _is_too_much(self) -> bool:
        limits = self._engine.core.limits
        return self._bytes > limits.stored_bytes or self._responses.qsize() > limits.stored

    def _drop_oldest(self) -> None:
        # First: who takes what stood behind it finds it counted.
        self._engine.core.untagged.dropped += 1
        with contextlib.suppress(queue.Empty):
            oldest = self._responses.get_nowait()
            if isinstance(oldest, tuple):
                self._bytes -= size_of(oldest[1])
            else:
                self._responses.put(oldest)

    def _observe(self, what: str) -> None:
        """Wake the user's thread that enters or iterates: it is `Pending.observer`."""
        self._turns.put(what)
        if what == "done":
            self._responses.put(_DONE)

    def _remaining(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - Clock.now())

    def _next(self, timeout: float | None) -> Response | None:
        """The next response within *timeout* seconds; None when there is none."""
        if not self._entered:
            raise error("iterating over IDLE needs a with statement")
        deadline = None if timeout is None else Clock.now() + timeout
        while not self._over:
            try:
                response = self._engine.wait_for_item(self._responses, deadline)
            except queue.Empty:
                return None
            if response is _DONE:
                self._over = True
                self._responses.put(_DONE)
                self._pending.check()
            else:
                self._sizes_taken.put(size_of(response[1]))
                return response
        return None

    def _leave(self, core: Connection) -> None:
        """Put what was not iterated over among the untagged responses, where it belongs.

        A step of the core: under its mutex.
        """
        left = []
        with contextlib.suppress(queue.Empty):
            while True:
                response = self._responses.get_nowait()
                if isinstance(response, tuple):
                    left.append(response)
        idle = self._command.idle
        assert idle is not None
        earlier = core.untagged.mark() if idle.earlier is None else idle.earlier
        core.untagged.add_behind(earlier, left)
        idle.earlier = None
        # For users' threads that still iterate.
        self._responses.put(_DONE)
