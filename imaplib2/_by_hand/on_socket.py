"""The connection's socket in the user's hands: commands are written to it, and answers read there.

Their tags may be the user's own. `OnSocket` is the `Hands` of the connection's socket.
"""

from __future__ import annotations

import errno
import os

from .._clock import Clock
from .._errors import error
from .._hints import Any
from .._protocol.grammar import TAG
from .._protocol.written import Written
from .port import Port
from .pulling import Pulling
from .sending import Sending
from .tags import Tags


class OnSocket:
    """What is done for users who write to the socket, or read it; for one thread at a time."""

    def __init__(self, port: Port, tags: Tags, pulling: Pulling, sending: Sending) -> None:
        self._port = port
        self._tags = tags
        self._pulling = pulling
        self._sending = sending
        # Where the user is in the lines and literals of what it writes, by socket or by ``send``.
        self._written = Written()

    def take_over(self, *, reading: bool) -> bool:
        """Whether what the calling thread does with the socket is to be done here."""
        if not self._port.can_serve:
            return False
        # The handshake is the caller's, once it has read what is before that.
        if self._port.awaits_upgrade:
            return reading and self._pulling.has_some
        return self._port.reason is None or self._pulling.has_some

    def before_writing(self, data: Any, timeout: float | None) -> bool:
        """As `Sending.before_sending`, for bytes whose command may have a tag of the user's own.

        Waits up to *timeout* seconds, the socket's, which is for the answer, too. Raises as a
        socket does, and ``error`` when the tag is that of a command in progress.
        """
        if timeout or (timeout is None and not self._port.reads_lines):
            self._port.set_timeout(timeout)
        try:
            return self._make_way(data, None if timeout is None else Clock.now() + timeout)
        except TimeoutError:
            if timeout == 0:
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None
            raise

    def wrote(self, data: Any) -> None:
        """*data* have been sent."""
        if not self._tags.open:
            self._written = Written()
        self._written.feed(data)
        self._port.running().progressed()

    def failed_to_write(self, problem: BaseException) -> None:
        """How much was sent is unknown."""
        self._sending.failed(problem)

    def receive(self, size: int, timeout: float | None) -> bytes:
        """At most *size* bytes of what comes in answer; ``b""`` at the end.

        Waits up to *timeout* seconds. Raises as a socket with that time-out does, and ``error``
        when nothing that comes would be the caller's, which would wait for ever.
        """
        if timeout is None and not (self._tags.open or self._pulling.has_some):
            raise error(
                "what the server says is received by imaplib2: before recv(), send a command by"
                " this socket, or set a time-out; or use idle(), response() or noop()"
            )
        return self._pulling.receive(size, timeout)

    def _make_way(self, data: Any, deadline: float | None) -> bool:
        if self._port.is_compressed:
            raise error("what is written to the socket would not be compressed: use send()")
        start = bytes(memoryview(data)[:256])
        tag, space, _ = start.partition(b" ")
        if space and self._is_unknown(tag) and self._starts_command():
            if self._port.is_still_in_progress(tag):
                raise error(f"the tag {tag!r} is that of a command in progress")
            self._tags.note_on_socket(tag)
        if not self._sending.before_sending(data, deadline):
            return False
        self._expect_others(data, tag)
        return True

    def _expect_others(self, data: Any, first: bytes) -> None:
        """Expect the answers to commands in *data* behind that with the tag *first*."""
        ahead = self._written.copy() if self._tags.open else Written()
        for tag in ahead.feed(data):
            if tag != first and self._is_unknown(tag):
                self._tags.note_on_socket(tag)
                self._sending.expect_unseen(tag)

    def _is_unknown(self, word: bytes) -> bool:
        """Whether *word* may be a tag of the user's own, which is new to us."""
        return not self._port.is_reserved(word) and TAG.fullmatch(word) is not None

    def _starts_command(self) -> bool:
        """Whether what is sent next begins a command, rather than going on with one."""
        return self._written.at_start or not self._tags.open
