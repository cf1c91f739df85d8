"""Responses, lines and bytes that a user pulls (``_get_response``, ``readline``, ``recv``)."""

from __future__ import annotations

import contextlib
import errno
import os
import queue

from .._clock import Clock, seconds_until
from .._errors import abort, about, lost, told
from .._hints import Any
from .._protocol.framing import as_sent, first_line
from .._protocol.grammar import CRLF
from .._protocol.limits import ProtocolViolation
from .._protocol.responses import Continuation, Tagged, Untagged, parse
from .inbox import Inbox, Queued
from .own_idle import OwnIdle
from .port import Port
from .readable_socket import ReadableSocket
from .tags import Tags


class Pulling:
    """Gives what has come, as responses, lines or bytes; for one thread at a time.

    Time-outs are in seconds. When they are over, TimeoutError is raised, and BlockingIOError where
    they are 0, as by a socket.
    """

    def __init__(self, port: Port, tags: Tags, idle: OwnIdle, inbox: Inbox) -> None:
        self._port = port
        self._tags = tags
        self._idle = idle
        self._inbox = inbox
        #: The text behind the last ``+`` that `get_response` has pulled.
        self.continuation = b""
        # Bytes of pulled responses that were not given yet. Taking some from its front is cheap.
        self._rest = bytearray()
        # When they came.
        self._came_at = 0.0
        # An object for each thread that waits for a response.
        self._pullers: set[object] = set()
        # What is readable until all has been pulled: one, but for two threads that ask at once.
        self._stand_ins: list[ReadableSocket] = []

    # -- Giving ---------------------------------------------------------------------------------

    def get_response(self, timeout: float | None) -> bytes | None:
        """Pull a response: the first line of it, or None for a ``+``.

        Raises ``abort`` when the connection is lost.
        """
        while True:
            frame, was_kept, _ = self._pull(timeout)
            try:
                response = parse(frame)
            except ProtocolViolation as violation:
                raise lost(violation) from None
            if isinstance(response, Continuation):
                self.continuation = response.text
                return None
            if isinstance(response, Tagged):
                if not self._tags.complete(response):
                    continue  # another thread's
                self._tags.was_pulled(response.tag)
            elif was_kept:
                self._port.store(response)
            return first_line(frame)

    def get_line(self, timeout: float | None) -> bytes:
        """Pull a line, without its end. Raises ``abort`` when the connection is lost."""
        if not self._rest:
            self._take_in(self._pull(timeout))
        end = self._rest.find(CRLF)
        line = self._take(end if end >= 0 else len(self._rest))
        del self._rest[: len(CRLF)]
        return line

    def readline(self, timeout: float | None) -> bytes:
        """Pull a line, with its end; ``b""`` when the connection is over."""
        try:
            return self.get_line(timeout) + CRLF
        except abort:
            return b""

    def read(self, size: int, timeout: float | None) -> bytes:
        """Pull *size* bytes: a literal, behind the line that announced it.

        Raises ``abort`` when the connection is lost.
        """
        while len(self._rest) < size:
            self._take_in(self._pull(timeout))
        return self._take(size)

    def receive(self, size: int, timeout: float | None) -> bytes:
        """At most *size* bytes, as soon as there are any; ``b""`` when the connection is over.

        They came together: by reads of an encrypted socket, programs tell what came behind it.
        """
        try:
            if not self._rest:
                self._take_in(self._pull(timeout))
        except abort:
            return b""
        while len(self._rest) < size and not self._inbox.is_empty:
            pulled = self._inbox.take()
            if pulled is None:
                # That is for the next call.
                self._inbox.put_end()
                break
            if pulled.came_at != self._came_at:
                self._inbox.give_back(pulled)
                break
            self._take_in(pulled)
        return self._take(min(size, len(self._rest)))

    def _take_in(self, pulled: Queued) -> None:
        self._rest += as_sent(pulled.frame)
        self._came_at = pulled.came_at
        self._tags.done_with(first_line(pulled.frame).partition(b" ")[0])

    def _take(self, size: int) -> bytes:
        with memoryview(self._rest) as view:
            data = bytes(view[:size])
        del self._rest[:size]
        return data

    # -- Waiting --------------------------------------------------------------------------------

    @property
    def has_some(self) -> bool:
        """Whether something can be pulled without waiting."""
        return bool(self._rest) or not self._inbox.is_empty

    def _pull(self, timeout: float | None) -> Queued:
        """The next response, once it has come. Raises ``abort`` when the connection is lost."""
        engine, responses = self._port.running(), self._inbox.responses
        self._inbox.is_pulled = True
        if (given_back := self._inbox.take_given_back()) is not None:
            self._end_stand_ins()
            return given_back
        deadline = None if timeout is None else Clock.now() + timeout
        if responses.empty():
            self._inbox.listen()
        # In this order: is_polled waits until what has come is handled.
        while engine.is_polled and responses.empty():
            engine.read_polled(_until(deadline))
            if _until(deadline) == 0:
                break
        puller = object()
        try:
            self._pullers.add(puller)
            pulled = engine.wait_for_item(responses, deadline)
        except queue.Empty:
            if timeout == 0:
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None
            pulled = self._after_timeout()
        finally:
            self._pullers.discard(puller)
        if pulled is None:
            self._inbox.put_end()  # for the next thread
            raise self._lost()
        self._end_stand_ins()
        return pulled

    def _after_timeout(self) -> Queued | None:
        """What has come at the last moment: perhaps the end, for the same reason."""
        self._port.running().look_at_the_clock()
        try:
            return self._inbox.responses.get_nowait()
        except queue.Empty:
            raise TimeoutError("timed out") from None

    def _lost(self) -> abort:
        """What libraries look for in the text is the end of file, whatever came before it."""
        reason = self._port.reason
        assert reason is not None
        if isinstance(reason, OSError) or "EOF" in str(reason):
            return lost(reason)
        return told(abort(f"socket error: EOF: {reason}"), about(reason))

    # -- Polling --------------------------------------------------------------------------------

    def pollable(self, sock: Any) -> Any:
        """What to poll for news: *sock*, or a readable stand-in if some wait here already."""
        engine = self._port.engine
        if engine is None or self._idle.command is None:
            return sock
        if not engine.is_polled or not self.has_some:
            return sock
        # Not by its number: another thread may pop it meanwhile.
        for stand_in in self._stand_ins:
            return stand_in
        try:
            stand_in = ReadableSocket(sock)
        except OSError:
            # No descriptor is left: what waits here is pulled with what comes.
            return sock
        self._stand_ins.append(stand_in)
        return stand_in

    def _end_stand_ins(self) -> None:
        """Have what was given by `pollable` be readable no longer if nothing is left."""
        while self._stand_ins and not self.has_some:
            # Another thread may have taken it just now.
            with contextlib.suppress(IndexError):
                self._stand_ins.pop().drained()

    # -- Filing ---------------------------------------------------------------------------------

    def after_command(self) -> None:
        """File what was not pulled: with imaplib, a command that completes would have read it.

        Completions stay, for threads that wait for them; and all that a user is about to read.
        """
        if self.has_some and not self._is_being_read():
            self.file_rest(keep_completions=True)

    def _is_being_read(self) -> bool:
        """Whether a user is amidst a response, or has not read the answer to what it has sent.

        The news of an IDLE are for all.
        """
        idle = self._idle.command
        own = self._tags.unread | self._tags.on_socket
        return bool(self._rest or own - {b"" if idle is None else idle.tag})

    def file_rest(self, *, keep_completions: bool = False) -> None:
        """Store what was not pulled as if no user had asked for it, unless one may still pull it.

        Takes the mutex for each response.
        """
        if self._tags.open or self._pullers or not self._port.can_serve:
            return
        self._inbox.is_pulled = False
        if not keep_completions:
            self._idle.end()
        self._rest.clear()
        completions: list[Queued] = []
        while (queued := self._inbox.take()) is not None:
            with contextlib.suppress(ProtocolViolation):
                if not self._is_filed(queued, keep_completion=keep_completions):
                    completions.append(queued)
        for queued in completions:
            self._inbox.responses.put(queued)
        self._end_stand_ins()

    def _is_filed(self, queued: Queued, *, keep_completion: bool) -> bool:
        """Store a response; false for a completion that is to stay in the queue."""
        frame, was_kept, _ = queued
        response = parse(frame)
        if isinstance(response, Untagged) and was_kept:
            self._port.store(response)
        if not isinstance(response, Tagged):
            return True
        if self._tags.complete(response) and keep_completion:
            return False
        self._tags.done_with(response.tag)
        return True


def _until(deadline: float | None) -> float | None:
    return None if deadline is None else seconds_until(deadline)
