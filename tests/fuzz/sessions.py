"""A connection's core, driven by a script that a fuzzer writes.

A script is steps with 0xff between them. A step is a letter and what belongs to it: ``S* 1 EXISTS``
is what the server sends, ``CFETCH`` a command that the user issues (see `STEPS`). Tags are A1, A2
and so on, so that a script may hold their completions.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from imaplib2._errors import abort, error
from imaplib2._protocol.command import Command, Idle
from imaplib2._protocol.commands import Plus
from imaplib2._protocol.events import Challenge, Completed, Event, Failed, Lost, UpgradeNow
from imaplib2._protocol.limits import Limits

from ..core.helpers import GREETING, PREAUTH, Driver

SEPARATOR = b"\xff"

#: What the user issues, by name; what isn't here has no arguments.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "LOGIN": ("user", "secret"),
    "AUTHENTICATE": ("PLAIN",),
    "SELECT": ("INBOX",),
    "EXAMINE": ("box",),
    "LIST": ("", "*"),
    "STATUS": ("box", "(MESSAGES)"),
    "APPEND": ("box", None, None),
    "ENABLE": ("UTF8=ACCEPT",),
    "COMPRESS": ("DEFLATE",),
    "GETQUOTAROOT": ("INBOX",),
    "SEARCH": (None, "1:3"),
    "UID SEARCH": (None, "ALL"),
    "FETCH": ("1:9", "FLAGS"),
    "UID FETCH": ("7", "FLAGS"),
    "STORE": ("12", "+FLAGS", "(a)"),
    "COPY": ("1", "box"),
    "UID MOVE": ("1,3:*", "box"),
}
OTHERS = ("CAPABILITY", "NOOP", "LOGOUT", "STARTTLS", "IDLE", "EXPUNGE", "CLOSE", "NAMESPACE")
NAMES = (*ARGUMENTS, *OTHERS)
#: Commands whose last argument is a literal.
WITH_LITERAL = ("APPEND", "UID SEARCH")


def session(script: bytes) -> None:
    """Play *script* as it is and with the server's bytes one by one, and compare."""
    whole = Play(script)
    bytewise = Play(script, chunk=1)
    whole.run()
    bytewise.run()
    if not (whole.upgraded or bytewise.upgraded):  # for upgrades, it matters what comes together
        assert bytewise.story() == whole.story()
    whole.end()
    bytewise.end()


@dataclass
class Play:
    """One script, on its way through a connection."""

    script: bytes
    chunk: int | None = None
    commands: list[Command] = field(default_factory=list)
    given_up: set[Command] = field(default_factory=set)
    captured: list[Any] = field(default_factory=list)
    upgraded: bool = False
    #: The highest that the limit has been: a lower one is applied to what comes then.
    stored: int = 30

    def run(self) -> None:
        greeting, *steps = self.script.split(SEPARATOR)
        known = {b"": GREETING, b"P": PREAUTH}
        self.driver = Driver(
            known.get(greeting, greeting),
            chunk=self.chunk,
            timeout=100.0,
            limits=Limits(stored=self.stored),
        )
        self.core = self.driver.core
        self.check()
        for step in steps:
            action = STEPS.get(step[:1])
            if action is not None:
                action(self, step[1:])
                self.driver.tick(self.driver.now)
                self.check()

    # -- Steps ------------------------------------------------------------------------------------

    def server(self, data: bytes) -> None:
        self.driver.receive(data)

    def select(self, data: bytes) -> None:
        """A shorter way into the state SELECTED."""
        if self.core.welcome is not None and self.core.reason is None:
            self.core.state = "SELECTED"

    def command(self, data: bytes) -> None:
        name = data.decode("latin-1")
        name = name if name in NAMES else NAMES[sum(data) % len(NAMES)]
        literal = b"hello" if name in WITH_LITERAL else None
        command = self.driver.command(name, *ARGUMENTS.get(name, ()), literal=literal)
        if name == "IDLE":
            captured = len(self.commands) % 2
            capture = (lambda *news: self.captured.append(news)) if captured else None
            command.idle = Idle(500.0, 200.0, capture)
        command.leaves_data = len(self.commands) % 3 == 2
        with contextlib.suppress(error):  # illegal in this state, or the connection is over
            self.core.submit(command, self.driver.now)
            self.commands.append(command)

    def by_hand(self, data: bytes) -> None:
        command = self.driver.command("NOOP")
        command.by_hand = True
        command.tag = data[:9] or self.core.new_tag()
        if command.tag in (known.tag for known in self.commands):
            return
        with contextlib.suppress(error):
            self.core.submit(command, self.driver.now)
            self.commands.append(command)

    def answer(self, data: bytes) -> None:
        if self.commands and self.commands[-1].row.plus is Plus.SASL:
            self.driver.answer(self.commands[-1], data.replace(b"\r\n", b"") or None)

    def clock(self, data: bytes) -> None:
        self.driver.tick(self.driver.now + sum(data))

    def end_idle(self, data: bytes) -> None:
        for command in self.commands:
            self.core.end_idle(command, self.driver.now)

    def upgrade(self, data: bytes) -> None:
        if self.core.paused and self.core.reason is None:
            self.driver.upgraded()

    def give_up(self, data: bytes) -> None:
        if self.commands:
            command = self.commands[sum(data) % len(self.commands)]
            self.given_up.add(command)
            self.core.give_up(command, self.driver.now)

    def cancel(self, data: bytes) -> None:
        if self.commands:
            command = self.commands[sum(data) % len(self.commands)]
            self.core.cancel(command, self.driver.now)

    def close(self, data: bytes) -> None:
        self.core.close(logged_out=bool(data))

    def end_of_file(self, data: bytes) -> None:
        self.core.end_of_file()

    def limit(self, data: bytes) -> None:
        """The user changes a limit while the connection is open."""
        names = [*Limits.__annotations__]
        setattr(self.core.limits, names[sum(data[:1]) % len(names)], sum(data[1:]))
        self.stored = max(self.stored, self.core.limits.stored)

    # -- What must hold ---------------------------------------------------------------------------

    def check(self) -> None:
        """What holds at any time."""
        driver, core = self.driver, self.core
        sent = driver.sent()  # and takes the events
        assert b"secret" not in sent or b"LOGIN" in sent
        self.upgraded |= any(isinstance(event, UpgradeNow) for event in driver.events)
        deadline = core.next_deadline()
        assert deadline is None or math.isfinite(deadline)
        ended = [event.command for event in driver.events if isinstance(event, (Completed, Failed))]
        assert len(ended) == len(set(ended))
        assert not set(ended) & set(core.in_progress.values())
        # Nobody waits for the question for the capabilities that the core asks by itself.
        assert not set(ended) - set(self.commands)
        lost = [event.reason for event in driver.events if isinstance(event, Lost)]
        assert lost == ([] if core.reason is None else [core.reason])
        if core.reason is None:
            # What somebody is about to take, in a list of another type, isn't counted.
            kept = [data for _, data in core.untagged if type(data) is list]
            assert sum(map(len, kept)) <= self.stored
        else:
            assert isinstance(core.reason, abort)
            assert len(str(core.reason)) < 4 * (len(self.script) + 100)
            assert deadline is None
            assert core.state == "LOGOUT"
            assert set(self.commands) - set(ended) <= self.given_up

    def end(self) -> None:
        """Losing the connection, if nothing else, ends every command."""
        self.driver.fail(abort("the end of the script"))
        self.check()
        for command in self.commands:
            told = len(self.driver.outcomes(command))
            assert told == 1 or (told == 0 and command in self.given_up)

    def story(self) -> list[Any]:
        """All that happened, for comparison."""
        core = self.core
        return [
            *map(self._told, self.driver.events),
            [*list.__iter__(core.untagged)],
            core.state,
            core.capabilities,
            core.mailbox,
            core.is_readonly,
            [*core.in_progress],
            self.captured,
        ]

    def _told(self, event: Event) -> tuple[Any, ...]:
        command = getattr(event, "command", None)
        which = self.commands.index(command) if command in self.commands else None
        if isinstance(event, Completed):
            # That of a LOGOUT may be the reason of the loss, which quotes what has come.
            data = None if event.command.row.name == "LOGOUT" else event.data
            return "Completed", which, event.type, data
        if isinstance(event, Failed):
            return "Failed", which, type(event.error)
        if isinstance(event, Lost):
            return "Lost", type(event.reason)
        return type(event).__name__, which, event.text if isinstance(event, Challenge) else None


STEPS: dict[bytes, Callable[[Play, bytes], None]] = {
    b"S": Play.server,
    b"B": Play.select,
    b"C": Play.command,
    b"H": Play.by_hand,
    b"A": Play.answer,
    b"T": Play.clock,
    b"D": Play.end_idle,
    b"U": Play.upgrade,
    b"G": Play.give_up,
    b"K": Play.cancel,
    b"Q": Play.close,
    b"E": Play.end_of_file,
    b"L": Play.limit,
}
