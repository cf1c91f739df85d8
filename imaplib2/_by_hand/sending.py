"""Commands whose bytes a user sends, or whose tags it has: room is made for them."""

from __future__ import annotations

from .._errors import abort, error, told
from .._hints import Any
from .._protocol.command import Command
from .._protocol.commands import Plus
from .._threads.pending import Outcome, Pending
from .inbox import Inbox
from .own_idle import OwnIdle
from .port import Port
from .pulling import Pulling
from .tags import Tags


class Sending:
    """For one thread at a time."""

    def __init__(
        self, port: Port, tags: Tags, idle: OwnIdle, inbox: Inbox, pulling: Pulling
    ) -> None:
        self._port = port
        self._tags = tags
        self._idle = idle
        self._inbox = inbox
        self._pulling = pulling

    def new_tag(self) -> bytes:
        """A tag for a command whose bytes the user sends. Raises ``abort`` without a connection."""
        tag = self._port.new_tag()
        self._tags.note(tag)
        self.reserve(tag)
        return tag

    def reserve(self, tag: bytes) -> None:
        """The user has *tag* for a command; if it leaves unseen, it may do so from now on."""
        is_new = tag not in self._tags.pending
        if self._port.sends_unseen and is_new and self._port.engine is not None:
            self._pulling.file_rest()
            self.expect_unseen(tag)

    def expect_unseen(self, tag: bytes) -> None:
        """Expect a completion with *tag*, whether we see its command leave or not."""
        command = Command.sent_by_hand(tag, tag)
        command.as_it_came = True
        self._wait_for(command)
        self._port.expect_unseen(command)
        self._inbox.listen(tag)

    def open(self, command: Command) -> None:
        """Give *command*, which the library sends, a tag: it is about to be submitted."""
        command.tag = self._port.new_tag()
        command.leaves_data = True
        self._expect(command)
        self._inbox.listen(command.tag)

    def complete(self, name: str, tag: bytes) -> Outcome:
        """Wait for the outcome of the command with *tag*: return it, or raise it.

        Raises ``error`` when there is no such command, and for BAD.
        """
        pending = self._tags.pending.get(tag)
        if pending is None:
            problem = error(f"{name}: no command with the tag {tag!r} has been sent")
            raise told(problem, {"command": name})
        engine = self._port.running
        try:
            engine().adopt(tag, name.encode("ascii", "replace"))
            engine().stop_polling()
            typ, data = engine().wait(pending)
        finally:
            self.discard(tag)
        if typ == "BAD":
            problem = error(f"{name} command error: BAD {data}")
            raise told(problem, {"command": name} | (pending.answer or {}))
        return typ, data

    def forget(self, tag: bytes) -> None:
        """The user has removed *tag*. Raises KeyError if no command that is sent by hand has it."""
        self._tags.forget(tag)
        self._pulling.file_rest()

    def discard(self, tag: bytes) -> None:
        """As `forget`, if there is such a command."""
        if tag in self._tags.completions:
            self.forget(tag)

    def before_sending(self, data: Any, deadline: float | None = None) -> bool:
        """Make room on the connection for *data*; whether they still have to be sent.

        Raises TimeoutError when there is none until *deadline*, in monotonic time.
        """
        try:
            return self._make_way(data, deadline)
        except (error, OSError):
            raise  # nothing has been sent
        except BaseException as problem:
            # A user who waits for room has not begun to send: that command has left already.
            if self._tags.open:
                self.failed(problem)
            raise

    def failed(self, problem: BaseException) -> None:
        """How much was sent is unknown: the connection is over."""
        self._port.running().fail(abort(f"{type(problem).__name__} while data was sent"))

    def _make_way(self, data: Any, deadline: float | None) -> bool:
        start = bytes(memoryview(data)[:256])
        is_done = start.strip().upper() == b"DONE"
        if is_done and (idle := self._idle.to_be_ended()) is not None:
            self._idle.end()
            self._port.running().end_idle(idle)
            return False
        tag = start.partition(b" ")[0]
        if self._port.is_reserved(tag) and self._is_new(tag):
            self._begin(tag, start, deadline)
        self._port.hide_secrets(data)
        return True

    def _is_new(self, tag: bytes) -> bool:
        """Whether nothing has been sent of the command with *tag*, as far as we know."""
        # Raises in a forked child, which must not send.
        self._port.running()
        was_unseen = self._port.forget_unseen(tag)
        return was_unseen or tag not in self._tags.open

    def _begin(self, tag: bytes, start: bytes, deadline: float | None) -> None:
        """Wait for the turn of a command whose first bytes are *start*."""
        command = Command.sent_by_hand(tag, start)
        self._expect(command)
        engine = self._port.running()
        try:
            engine.make_room(command, deadline)
            self._tags.unread.add(tag)
            # Only now: what has come so far was in answer to other commands.
            self._inbox.listen(tag)
        except BaseException:
            engine.give_up(command)
            self.discard(tag)
            raise

    def _expect(self, command: Command) -> None:
        self._pulling.file_rest()
        if command.row.plus is Plus.IDLE:
            self._idle.begin(command)
        command.as_it_came = True
        self._wait_for(command)
        self._tags.note(command.tag)

    def _wait_for(self, command: Command) -> None:
        pending = command.waiter = self._tags.pending[command.tag] = Pending()
        command.answer = pending.answer = {}
