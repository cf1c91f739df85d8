"""A connection's state machine, driven without I/O: what its tests share."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable
from typing import Any

from imaplib2._errors import error
from imaplib2._protocol.arguments import Literal, encode_arguments
from imaplib2._protocol.command import Command, Idle
from imaplib2._protocol.commands import COMMANDS, UID_COMMANDS, Row
from imaplib2._protocol.connection import Connection
from imaplib2._protocol.events import Challenge, Completed, Event, Failed, UpgradeNow
from imaplib2._protocol.framing import Frame, Framer
from imaplib2._protocol.limits import Limits

GREETING = b"* OK [CAPABILITY IMAP4rev1 IDLE] ready\r\n"
PREAUTH = b"* PREAUTH [CAPABILITY IMAP4rev1 IDLE] ready\r\n"

#: Modules whose code runs under the driver's lock.
GUARDED = {
    f"{Connection.__module__.rpartition('.')[0]}.{name}"
    for name in ("collecting", "connection", "dispatch", "in_progress", "reception", "session")
}


def row(name: str) -> Row:
    """The row of ``NAME`` or ``UID NAME``."""
    return UID_COMMANDS[name[4:]] if name.startswith("UID ") else COMMANDS[name]


def chunks(data: bytes, size: int) -> list[bytes]:
    """*data* in portions of *size*."""
    return [data[start : start + size] for start in range(0, len(data), size)]


def random_chunks(data: bytes, choose: random.Random) -> list[bytes]:
    """*data* in portions of random sizes, empty ones included."""
    cuts = sorted(choose.randint(0, len(data)) for _ in range(choose.randint(0, 8)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def frames_of(
    portions: Iterable[bytes], limits: Limits | None = None, *, single: bool = False
) -> list[Frame]:
    """What a framer makes of a stream that comes in *portions*."""
    framer = Framer(limits)
    found: list[Frame] = []
    for portion in portions:
        framer.feed(portion)
        while frames := framer.frames(single=single):
            assert not single or len(frames) == 1
            found += frames
    return found


def users_guard(function: Callable[..., Any], *arguments: Any) -> Any:
    """The guard of untagged responses: a lock that the core's driver holds already."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        assert frame.f_globals["__name__"] not in GUARDED, "waits for itself"
    return function(*arguments)


class Driver:
    """A connection, its clock, and everything that it has sent and reported."""

    def __init__(
        self, greeting: bytes | None = GREETING, *, chunk: int | None = None, **options: Any
    ) -> None:
        self.core = Connection(b"A", **options)
        self.core.untagged.guard = users_guard
        self.now = 0.0
        self.events: list[Event] = []
        self._sent = b""
        self._chunk = chunk
        self.core.start(self.now, 30.0)
        if greeting is not None:
            self.receive(greeting)

    @classmethod
    def authenticated(cls, **options: Any) -> Driver:
        """One that was greeted with PREAUTH."""
        return cls(PREAUTH, **options)

    @classmethod
    def selected(cls, **options: Any) -> Driver:
        """One with INBOX selected, and nothing sent, reported or untagged since."""
        driver = cls(PREAUTH, **options)
        driver.complete(driver.submit("SELECT", "INBOX"))
        driver.sent()
        driver.events.clear()
        driver.core.untagged.clear()
        return driver

    @classmethod
    def in_state(cls, state: str, **options: Any) -> Driver:
        """One in any state of RFC 3501, section 3."""
        if state == "SELECTED":
            return cls.selected(**options)
        driver = cls(PREAUTH if state == "AUTH" else GREETING, **options)
        if state == "LOGOUT":
            driver.complete(driver.submit("LOGOUT"))
            driver.sent()
        return driver

    def command(
        self,
        name: str,
        *arguments: Any,
        literal: bytes | None = None,
        idle: Idle | None = None,
        leaves_data: bool = False,
        of: Row | None = None,
    ) -> Command:
        """The command *name*, not yet submitted."""
        its_row = of or row(name)
        encoded = encode_arguments(its_row, arguments)
        command = Command.build(its_row, encoded, () if literal is None else (Literal(literal),))
        command.first_argument = arguments[0] if arguments else None
        command.idle = idle
        command.leaves_data = leaves_data
        return command

    def submit(self, name: str, *arguments: Any, **options: Any) -> Command:
        """Submit the command *name* now."""
        command = self.command(name, *arguments, **options)
        self.core.submit(command, self.now)
        self._collect()
        return command

    def submit_by_hand(self, name: str) -> Command:
        """Submit a command whose bytes the user sends, once room is made for them."""
        tag = self.core.new_tag()
        command = Command.sent_by_hand(tag, tag + b" " + name.encode())
        self.core.submit(command, self.now)
        self._collect()
        return command

    def unknown(self, name: str, *states: str) -> Command:
        """Submit a command that the table doesn't know."""
        return self.submit(name, of=COMMANDS["NOOP"].but(name=name, states=states))

    def receive(self, data: bytes, *, at: float | None = None) -> None:
        """The server sends *data*."""
        self.now = self.now if at is None else at
        self._collect()
        for portion in chunks(data, self._chunk or len(data) or 1):
            self.core.receive_bytes(portion, self.now)
        self._collect()

    def complete(self, command: Command, text: str = "OK done", data: bytes = b"") -> None:
        """The server sends *data* and the tagged response of *command*."""
        self.receive(data + command.tag + b" " + text.encode() + b"\r\n")

    def tick(self, now: float) -> None:
        """The clock advances to *now*."""
        self.now = now
        self.core.tick(now)
        self._collect()

    def answer(self, command: Command, response: bytes | None) -> None:
        """Answer a SASL challenge."""
        self.core.answer(command, response, self.now)
        self._collect()

    def end_idle(self, command: Command) -> None:
        """The user has had enough of an IDLE."""
        self.core.end_idle(command, self.now)

    def upgraded(self) -> None:
        """The transport is upgraded."""
        self.core.upgraded(self.now)
        self._collect()

    def fail(self, reason: error) -> None:
        """The connection is lost."""
        self.core.fail(reason)
        self._collect()

    def sent(self) -> bytes:
        """What has been sent since the last call."""
        self._collect()
        sent, self._sent = self._sent, b""
        return sent

    def outcomes(self, command: Command) -> list[Completed | Failed]:
        """What has been reported of *command*: never more than one item, if all is well."""
        return [
            event
            for event in self.events
            if isinstance(event, (Completed, Failed)) and event.command is command
        ]

    def result(self, command: Command) -> tuple[str, list[Any]]:
        """How *command* completed."""
        (outcome,) = self.outcomes(command)
        assert isinstance(outcome, Completed), outcome
        return outcome.type, outcome.data

    def error(self, command: Command) -> error:
        """How *command* failed."""
        (outcome,) = self.outcomes(command)
        assert isinstance(outcome, Failed), outcome
        return outcome.error

    def pending(self, command: Command) -> bool:
        """Whether nothing has been reported of *command*."""
        return not self.outcomes(command)

    def started(self, command: Command) -> bool:
        """Whether *command* has been sent, or at least begun, and isn't over."""
        return self.core.in_progress.get(command.tag) is command

    def challenges(self) -> list[bytes]:
        """The texts of the SASL challenges so far."""
        return [event.text for event in self.events if isinstance(event, Challenge)]

    def upgrade(self) -> UpgradeNow:
        """The one demand to upgrade the transport."""
        (event,) = (event for event in self.events if isinstance(event, UpgradeNow))
        return event

    def untagged(self) -> list[Any]:
        """The untagged responses that nobody has asked for, without the greeting's and OKs."""
        return [entry for entry in self.core.untagged if entry[0] not in ("OK", "PREAUTH")]

    def _collect(self) -> None:
        """Do what a client does after each step: send, and look at what has happened."""
        self._sent += b"".join(self.core.take_output())
        self.events += self.core.take_events()
