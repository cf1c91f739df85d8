"""What the tests of the threads' parts share: a transport, and a gate, without any thread."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from imaplib2._protocol.arguments import Buffer
from imaplib2._protocol.command import Command
from imaplib2._protocol.commands import COMMANDS, Plus, Row
from imaplib2._protocol.connection import Connection
from imaplib2._threads.gate import Gate
from imaplib2._threads.pending import Pending
from imaplib2._trace import Trace

SECONDS = 5.0
"""How long anything here may take that should take no time."""

PREAUTH = b"* PREAUTH [CAPABILITY IMAP4rev1 IDLE] ready\r\n"


class Channel:
    """A transport: what was sent by it, and what the test says that comes."""

    can_send_at_once = honours_timeouts = True
    has_more = reads_ahead = False

    def __init__(self) -> None:
        self.sent = b""
        self.room: int | None = None
        """How much of what is sent at once is taken; None: all of it."""
        self.problem: OSError | None = None
        self.in_buffer = 0
        self.silence: float | None = None
        self.looks = 0
        self.incoming: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.interrupted = self.closed = self.dropped = False
        self.descriptor = -1
        self._left = b""
        self.readable = False

    def try_send(self, data: Buffer) -> int:
        if self.problem is not None:
            raise self.problem
        data = bytes(data)[: self.room]
        self.sent += data
        return len(data)

    def send(self, data: Buffer, timeout: float | None) -> int:
        return self.try_send(data)

    def recv_into(self, buffer: memoryview) -> int | None:
        data = self._left or self.incoming.get(timeout=SECONDS)
        if data is None:
            return None
        size = min(len(data), len(buffer))
        buffer[:size], self._left = data[:size], data[size:]
        return size

    def unsent(self) -> int:
        return self.in_buffer

    def silent_for(self) -> float | None:
        self.looks += 1
        return self.silence

    def fileno(self) -> int:
        return self.descriptor

    def is_readable(self) -> bool:
        return self.readable

    def interrupt(self) -> None:
        self.interrupted = True
        self.incoming.put(b"")

    def close(self) -> None:
        self.closed = True

    def drop(self) -> None:
        self.dropped = True


def refuse(command: Command, unread: bytes) -> Any:
    """An upgrader where nothing is upgraded."""
    raise AssertionError(f"{command} is no upgrade")


def gate(channel: Channel, upgrader: Callable[[Command, bytes], Any] = refuse) -> Gate:
    """A gate to a core that was greeted."""
    transport: Any = channel
    made = Gate(Connection(b"A"), transport, upgrader, Trace())
    made.core.start(0.0, None)
    say(made, PREAUTH)
    return made


def say(at: Gate, data: bytes) -> None:
    """Have the server say *data*, as the reader does."""
    at.step(at.core.receive, at.core.frame(data))


def command(name: str = "NOOP", callback: Any = None, *, of: Row | None = None) -> Command:
    """A command that nobody waits for yet."""
    row = of or COMMANDS[name]
    made = Command(row, [name.encode()])
    made.waiter = Pending(None, callback)
    return made


def challenging() -> Command:
    """A command that the server answers with SASL challenges."""
    return command("AUTHENTICATE", of=COMMANDS["NOOP"].but(name="X", plus=Plus.SASL, alone=True))


def in_background(function: Callable[[], object]) -> Callable[[], None]:
    """Run *function* in a thread; what this gives waits for its end."""
    thread = threading.Thread(target=function, daemon=True)
    thread.start()

    def ended() -> None:
        thread.join(SECONDS)
        assert not thread.is_alive()

    return ended


def until(condition: Callable[[], object]) -> None:
    """Wait until *condition* holds."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)
