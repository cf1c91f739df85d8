"""What is done by hand, without a core and without threads: what its tests share."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any

from imaplib2._by_hand.inbox import Inbox
from imaplib2._by_hand.on_socket import OnSocket
from imaplib2._by_hand.own_idle import OwnIdle
from imaplib2._by_hand.port import Port
from imaplib2._by_hand.pulling import Pulling
from imaplib2._by_hand.sending import Sending
from imaplib2._by_hand.tagged_commands import TaggedCommands
from imaplib2._by_hand.tags import Tags
from imaplib2._errors import abort
from imaplib2._protocol.command import Command
from imaplib2._protocol.framing import Frame
from imaplib2._protocol.limits import Limits
from imaplib2._protocol.responses import Untagged

from ..core.helpers import frames_of


class FakeEngine:
    """Threads that have done all that they had to do."""

    def __init__(self) -> None:
        self.can_wait = True
        self.is_current = False
        self.is_polled = False
        #: What was asked of them, in order.
        self.calls: list[Any] = []
        #: Called when room is made for a command.
        self.before_room: Callable[[], None] = lambda: None

    def wait_for_item(self, items: queue.SimpleQueue[Any], deadline: float | None) -> Any:
        return items.get_nowait()

    def wait(self, pending: Any) -> Any:
        return pending.wait(lambda: 0.0)

    def make_room(self, command: Command, deadline: float | None) -> None:
        self.calls.append(("make_room", command.tag))
        self.before_room()

    def give_up(self, command: Command) -> None:
        self.calls.append(("give_up", command.tag))

    def adopt(self, tag: bytes, name: bytes) -> None:
        self.calls.append(("adopt", tag, name))

    def end_idle(self, command: Command) -> None:
        self.calls.append(("end_idle", command.tag))

    def fail(self, reason: Exception) -> None:
        self.calls.append(("fail", str(reason)))

    def progressed(self) -> None:
        self.calls.append("progressed")

    def read_polled(self, timeout: float | None) -> None:
        self.calls.append(("read_polled", timeout))
        self.is_polled = False

    def stop_polling(self) -> None:
        self.is_polled = False

    def look_at_the_clock(self) -> None:
        """Nothing is due."""


class FakePort(Port):
    """A connection that keeps what it is told."""

    limits: Any = None
    reason: Any = None
    awaits_upgrade: Any = False

    def __init__(self) -> None:
        no_core: Any = None
        super().__init__(no_core)
        engine: Any = FakeEngine()
        self.engine = engine
        self.fake: FakeEngine = engine
        self.limits = Limits()
        self.in_progress: set[bytes] = set()
        self.reserved: set[bytes] = set()
        self.unseen: set[bytes] = set()
        self.stored: list[str] = []
        self.hidden: list[bytes] = []
        self.timeout: float | None = None
        self.receive: Callable[[Frame | None], None] | None = None
        self._tags = 0
        self.now = 0.0

    @property
    def heard_at(self) -> float:
        return self.now

    def is_in_progress(self, tag: object) -> bool:
        return tag in self.in_progress

    def is_still_in_progress(self, tag: bytes) -> bool:
        return tag in self.in_progress

    def tags_in_progress(self) -> list[bytes]:
        return sorted(self.in_progress)

    def is_reserved(self, tag: bytes) -> bool:
        return tag in self.reserved

    def reserve(self, tag: bytes) -> None:
        self.reserved.add(tag)

    def release(self, tag: bytes) -> None:
        self.reserved.discard(tag)

    def set_timeout(self, timeout: float | None) -> None:
        self.timeout = timeout

    def new_tag(self) -> bytes:
        self.running()
        self._tags += 1
        return b"T%d" % self._tags

    def expect_unseen(self, command: Command) -> None:
        assert command.tag not in self.unseen
        self.unseen.add(command.tag)

    def forget_unseen(self, tag: bytes) -> bool:
        was_there = tag in self.unseen
        self.unseen.discard(tag)
        return was_there

    def hide_secrets(self, data: bytes | memoryview) -> None:
        self.hidden.append(bytes(data))

    def store(self, response: Untagged) -> None:
        self.stored.append(response.type)

    def run(self, function: Callable[[], None]) -> None:
        self.running()
        function()

    def tap(self, receive: Callable[[Frame | None], None]) -> None:
        self.receive = receive

    def end_tap(self) -> None:
        self.receive = None

    def release_at_once(self, tag: bytes) -> None:
        self.release(tag)

    def store_at_once(self, response: Untagged) -> None:
        self.stored.append(response.type)

    # -- What the server does -------------------------------------------------------------------

    def hear(self, data: bytes) -> None:
        """Responses have come together; they are queued for those who listen."""
        self.now += 1
        for frame in frames_of([data], single=True):
            if self.receive is not None:
                self.receive(frame)

    def end(self, reason: str = "socket error: EOF") -> None:
        """The connection is over."""
        self.reason = abort(reason)
        if self.receive is not None:
            self.receive(None)


class Parts:
    """All that is done by hand on one connection."""

    def __init__(self) -> None:
        self.port = FakePort()
        self.engine = self.port.fake
        self.tags = Tags(self.port)
        self.idle = OwnIdle(self.port)
        self.inbox = Inbox(self.port, self.tags, self.idle)
        self.pulling = Pulling(self.port, self.tags, self.idle, self.inbox)
        self.sending = Sending(self.port, self.tags, self.idle, self.inbox, self.pulling)
        self.on_socket = OnSocket(self.port, self.tags, self.pulling, self.sending)
        self.tagged_commands = TaggedCommands(self.port, self.tags, self.sending)

    def begin(self, tag: bytes = b"X1") -> None:
        """A command with *tag* is sent by hand."""
        self.tags.note(tag)
        self.inbox.listen(tag)

    def queued(self) -> list[Any]:
        """What waits to be pulled, and whether it was kept; it is taken."""
        taken = [self.inbox.responses.get_nowait() for _ in range(self.inbox.responses.qsize())]
        return [queued and queued[:2] for queued in taken]
