"""Responses on their way from the reader to a user who pulls them."""

from __future__ import annotations

import queue
from collections import deque
from functools import partial

from .._hints import NamedTuple
from .._protocol.framing import Frame, first_line, frame_size
from .._protocol.limits import ProtocolViolation
from .._protocol.responses import Untagged, parse
from .own_idle import OwnIdle
from .port import Port
from .tags import Tags


class Queued(NamedTuple):
    """A response that waits to be pulled."""

    frame: Frame
    #: It was kept from the untagged responses.
    was_kept: bool
    #: When it came: at the same time as all that was received with it.
    came_at: float


class Inbox:
    """A queue that the reader fills while a command sent by hand is open, and users empty."""

    def __init__(self, port: Port, tags: Tags, idle: OwnIdle) -> None:
        self._port = port
        self._tags = tags
        self._idle = idle
        #: What has come; None behind the end of the connection.
        self.responses: queue.SimpleQueue[Queued | None] = queue.SimpleQueue()
        # What was taken and given back: it comes before those.
        self._given_back: deque[Queued] = deque()
        #: Whether a user has pulled since there was last nothing to pull: then nothing is dropped.
        self.is_pulled = False
        # Bytes of the responses that came since there was none. The mutex protects it.
        self._size = 0

    def listen(self, tag: bytes | None = None) -> None:
        """Queue what comes: up to the completion of *tag*, or one response without a tag."""
        self._port.is_used = True
        self._port.run(partial(self._listen, tag))

    def _listen(self, tag: bytes | None) -> None:
        """See `listen`; the mutex is held."""
        if self._port.reason is not None:
            self.put_end()
        if tag is not None:
            self._tags.open.add(tag)
        self._port.tap(self.receive)

    def put_end(self) -> None:
        """Tell the next thread that pulls that the connection is over."""
        self.responses.put(None)

    def take(self) -> Queued | None:
        """The next response, without waiting for one; None where there is none, and at the end."""
        if (given_back := self.take_given_back()) is not None:
            return given_back
        try:
            return self.responses.get_nowait()
        except queue.Empty:
            return None

    def take_given_back(self) -> Queued | None:
        """The response that was given back, if there is one."""
        return self._given_back.popleft() if self._given_back else None

    def give_back(self, queued: Queued) -> None:
        """Have *queued*, which was the next response, be the next one again."""
        self._given_back.append(queued)

    @property
    def is_empty(self) -> bool:
        """Whether nothing can be taken, and the end has not come."""
        return not self._given_back and self.responses.empty()

    def receive(self, frame: Frame | None) -> None:
        """Queue a response. For the reader, and for what ends the connection; with the mutex.

        Raises ``ProtocolViolation`` when too many wait to be pulled.
        """
        if frame is None:
            self.put_end()
            return
        keeps_news = self._idle.keeps_news
        if self.responses.empty():
            self._size = 0
        self._size += frame_size(frame)
        # In this order: a user who has pulled it may use the tag again at once.
        self._tags.open.discard(_tag_of(frame))
        self.responses.put(Queued(frame, keeps_news, self._port.heard_at))
        if not self._tags.open:
            self._port.end_tap()
            return
        # Where commands overlap whose threads wait for an outcome, none of them pulls.
        if not self.is_pulled:
            self._drop_oldest()
        if self.responses.qsize() > self._port.limits.collected:
            raise ProtocolViolation(
                f"more than {self._port.limits.collected} responses wait to be read by hand"
                " (limits.collected)"
            )

    def _drop_oldest(self) -> None:
        """Drop what is too much, but for the newest; most of it is filed elsewhere, too.

        The mutex is held.
        """
        limits = self._port.limits
        while (count := self.responses.qsize()) > 1:
            if count <= limits.stored and self._size <= limits.stored_bytes:
                return
            oldest = self.take()
            if oldest is None:
                return
            self._size -= frame_size(oldest.frame)
            self._tags.done_with(_tag_of(oldest.frame), has_mutex=True)
            if oldest.was_kept:
                response = parse(oldest.frame)
                if isinstance(response, Untagged):
                    self._port.store_at_once(response)


def _tag_of(frame: Frame) -> bytes:
    """The word with which a response begins."""
    return first_line(frame).partition(b" ")[0]
