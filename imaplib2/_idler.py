"""The iterator over what happens during IDLE, as in CPython 3.14 (RFC 2177)."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from ._errors import abort, error

Response = tuple[str, list[Any]]

_IDLING: Response = ("", [])  # put into the queue when the server has agreed
_DONE = None  # and when the IDLE is over


class Idler:
    """``with M.idle(duration=60) as idler: for typ, data in idler: ...``

    Entering sends IDLE and waits for the server to agree; leaving sends DONE. Iterating gives
    each untagged response as it comes, and ends when *duration* seconds have passed or when
    something else (a command of any thread, ``logout``) has ended the IDLE; raises ``abort`` when
    the connection is lost. What was not iterated over is there for ``response`` afterwards.
    """

    def __init__(
        self,
        begin: Callable[[Callable[[str, list[Any]], None], Callable[[str], None]], Any],
        end: Callable[[Any], None],
        leave: Callable[[list[Response]], None],
        duration: float | None,
        limit: int,
    ) -> None:
        self._begin = begin
        self._end = end
        self._leave = leave
        self._duration = duration
        self._limit = limit  # responses that are kept while nobody iterates
        self._responses: queue.SimpleQueue[Response | None] = queue.SimpleQueue()
        self._early: list[Response] = []  # came before the server had agreed
        self._command: Any = None
        self._pending: Any = None
        self._deadline: float | None = None
        self._over = False

    def __enter__(self) -> Idler:
        if self._pending is not None:
            raise error("an Idler can be entered once")
        self._command, self._pending = self._begin(self._capture, self._observe)
        while True:
            response = self._responses.get()
            if response is _DONE:
                self._over = True
                typ, data = self._pending.wait()  # raises abort, or error for BAD
                raise error(f"the server refused IDLE: {typ} {data[-1]!r}")
            if response is _IDLING:
                break
            self._early.append(response)
        if self._duration is not None:
            self._deadline = time.monotonic() + self._duration
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end(self._command)
        try:
            self._pending.wait()
        except abort:
            if problem is None:
                raise
        finally:
            self._over = True
            self._leave(self._leftovers())

    def __iter__(self) -> Idler:
        return self

    def __next__(self) -> Response:
        response = self._next(self._remaining())
        if response is None:
            raise StopIteration
        return response

    def burst(self, interval: float = 0.1) -> Iterator[Response]:
        """The next response, and those that follow it by less than *interval* seconds each."""
        response = self._next(self._remaining())
        while response is not None:
            yield response
            response = self._next(interval)

    def _capture(self, typ: str, data: list[Any]) -> None:
        self._responses.put((typ, data))
        if self._responses.qsize() > self._limit:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        with contextlib.suppress(queue.Empty):
            oldest = self._responses.get_nowait()
            if oldest is _DONE or oldest is _IDLING:
                self._responses.put(oldest)

    def _observe(self, what: str) -> None:
        self._responses.put(_DONE if what == "done" else _IDLING)

    def _remaining(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def _next(self, timeout: float | None) -> Response | None:
        """The next response within *timeout* seconds; None when there is none."""
        if self._pending is None:
            raise error("iterating over IDLE needs a with statement")
        if self._early:
            return self._early.pop(0)
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._over:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                response = self._responses.get(timeout=left)
            except queue.Empty:
                return None
            if response is _DONE:
                self._over = True
                self._pending.check()
            elif response is not _IDLING:  # that of a renewed IDLE
                return response
        return None

    def _leftovers(self) -> list[Response]:
        left, self._early = self._early, []
        while not self._responses.empty():
            response = self._responses.get()
            if response is not _DONE and response is not _IDLING:
                left.append(response)
        return left
