"""What a user cancels: taken back if it isn't sent, and with it what it was to bring."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from imaplib2._errors import error
from imaplib2._protocol.command import Command, Idle
from imaplib2._protocol.events import Completed, Failed

from .helpers import Driver


def queued(driver: Driver, name: str, *arguments: Any, **options: Any) -> Command:
    """Submit a command that no sender takes from the output yet."""
    command = driver.command(name, *arguments, **options)
    driver.core.submit(command, driver.now)
    return command


def cancel(driver: Driver, command: Command) -> None:
    driver.core.cancel(command, driver.now)
    driver.events += driver.core.take_events()


def check_cancelled(driver: Driver, command: Command) -> None:
    problem = driver.error(command)
    assert str(problem) == f"{command.row.name} was cancelled"
    assert problem.is_refusal
    assert (problem.command, problem.tag) == (command.row.name, None)


# -- At each stage


def test_what_is_not_submitted_yet_is_refused() -> None:
    driver = Driver.selected()
    command = driver.command("NOOP")
    command.unwanted = True
    cancel(driver, command)
    with pytest.raises(error, match=r"^NOOP was cancelled$") as caught:
        driver.core.submit(command, driver.now)
    assert caught.value.is_refusal
    assert driver.sent() == b""


def test_what_is_held_is_not_sent() -> None:
    driver = Driver.selected()
    first, second = driver.submit("EXPUNGE"), driver.submit("FETCH", "1", "FLAGS")
    third = driver.submit("NOOP")
    driver.sent()
    cancel(driver, second)
    check_cancelled(driver, second)
    driver.complete(first)
    driver.complete(third)
    assert b"FETCH" not in driver.sent()
    assert driver.result(third)[0] == "OK"


def test_what_held_up_others_does_so_no_longer() -> None:
    driver = Driver.selected()
    driver.submit("NOOP")
    driver.sent()
    create, behind = driver.submit("SELECT", "x"), driver.submit("NOOP")
    cancel(driver, create)
    assert driver.sent() == behind.tag + b" NOOP\r\n"


def test_what_is_in_the_output_is_not_sent() -> None:
    driver = Driver.selected()
    driver.core.traffic = []
    commands = [queued(driver, "UID FETCH", str(n), "FLAGS") for n in (1, 2, 3)]
    cancel(driver, commands[1])
    check_cancelled(driver, commands[1])
    assert driver.core.traffic[-1] == (">", "UID FETCH was not sent: it was cancelled")
    assert driver.core.output_size == sum(map(len, driver.core.output))
    assert driver.sent() == b"".join(
        command.tag + b" UID FETCH %d (FLAGS)\r\n" % n
        for n, command in enumerate(commands, 1)
        if n != 2
    )
    assert not driver.started(commands[1])
    assert driver.started(commands[2])


@pytest.mark.parametrize("capabilities", [b"", b"LITERAL+"])
def test_a_literal_in_the_output_is_not_sent(capabilities: bytes) -> None:
    driver = Driver(b"* PREAUTH [CAPABILITY IMAP4rev1 %s] hi\r\n" % capabilities)
    append = queued(driver, "APPEND", "x", literal=b"text")
    behind = queued(driver, "LIST", '""', "*")
    cancel(driver, append)
    check_cancelled(driver, append)
    assert driver.sent() == behind.tag + b' LIST "" *\r\n'
    driver.receive(b"+ go on\r\n")
    assert driver.sent() == b""


def test_what_is_partly_sent_goes_on() -> None:
    driver = Driver.authenticated()
    append = driver.submit("APPEND", "x", literal=b"text")
    assert driver.sent().endswith(b"{4}\r\n")
    cancel(driver, append)
    driver.receive(b"+ go on\r\n")
    cancel(driver, append)
    assert driver.sent() == b"text\r\n"
    driver.complete(append)
    assert driver.result(append)[0] == "OK"


def test_the_rest_of_what_is_partly_sent_is_not_withdrawn() -> None:
    driver = Driver.authenticated()
    append = driver.submit("APPEND", "x", literal=b"text")
    driver.sent()
    driver.core.receive_bytes(b"+ go on\r\n", driver.now)
    cancel(driver, append)
    assert driver.sent() == b"text\r\n"
    assert driver.pending(append)


def test_what_could_not_be_sent_wholly_is_not_withdrawn() -> None:
    driver = Driver.authenticated()
    noop = queued(driver, "NOOP")
    (line,) = driver.core.take_output()
    driver.core.put_back(memoryview(line)[3:])
    cancel(driver, noop)
    assert driver.sent() == b"NOOP\r\n"
    assert driver.pending(noop)


def test_what_is_sent_completes() -> None:
    driver = Driver.selected()
    fetch = driver.submit("FETCH", "1", "FLAGS")
    cancel(driver, fetch)
    assert driver.pending(fetch)
    driver.complete(fetch, data=b"* 1 FETCH (FLAGS ())\r\n")
    assert driver.result(fetch) == ("OK", [b"1 (FLAGS ())"])
    cancel(driver, fetch)
    assert driver.core.reason is None


def test_behind_the_end_nothing_happens() -> None:
    driver = Driver.selected()
    fetch = driver.submit("FETCH", "1", "FLAGS")
    driver.fail(error("end"))
    cancel(driver, fetch)
    assert len(driver.outcomes(fetch)) == 1
    cancel(driver, driver.command("NOOP"))


# -- What depends on it


@pytest.mark.parametrize("stage", ["held", "queued"])
def test_what_is_meant_for_a_mailbox_goes_to_no_other(stage: str) -> None:
    driver = Driver.selected()
    first = driver.submit("NOOP") if stage == "held" else None
    driver.sent()
    select = queued(driver, "SELECT", "other")
    store = queued(driver, "STORE", "1", "+FLAGS", "x")
    listing = queued(driver, "LIST", '""', "*")
    again = queued(driver, "SELECT", "third")
    expunge = queued(driver, "EXPUNGE")
    cancel(driver, select)
    check_cancelled(driver, select)
    text = "STORE was not sent: SELECT 'other' before it was cancelled"
    assert str(driver.error(store)) == text
    if first is not None:
        driver.complete(first)
    assert driver.started(listing)
    driver.complete(listing)
    driver.complete(again, data=b"* 3 EXISTS\r\n")
    driver.complete(expunge)
    assert b"STORE" not in driver.sent()
    assert driver.core.mailbox == "third"


def test_what_is_meant_for_the_mailbox_before_goes_there() -> None:
    driver = Driver.selected()
    noop = driver.submit("NOOP")
    before = driver.submit("EXPUNGE")
    select = driver.submit("SELECT", "other")
    fetch = driver.submit("FETCH", "1", "FLAGS")
    cancel(driver, select)
    driver.complete(noop)
    driver.complete(before)
    assert driver.error(fetch)
    assert driver.core.mailbox == "INBOX"


@pytest.mark.parametrize("calls_back", [False, True])
@pytest.mark.parametrize("stage", ["held", "queued"])
def test_behind_a_starttls_nothing_is_told_in_plain_text(stage: str, calls_back: bool) -> None:
    driver = Driver()
    first = driver.submit("NOOP") if stage == "held" else None
    driver.sent()
    starttls = driver.command("STARTTLS")
    starttls.calls_back = calls_back
    driver.core.submit(starttls, driver.now)
    login = queued(driver, "LOGIN", "user", "secret")
    cancel(driver, starttls)
    check_cancelled(driver, starttls)
    assert "STARTTLS before it was cancelled" in str(driver.error(login))
    if first is not None:
        driver.complete(first)
    if calls_back:
        with pytest.raises(error, match="was cancelled"):
            driver.submit("LOGIN", "user", "secret")
        driver.core.told(starttls)
    assert driver.submit("LOGIN", "user", "secret").tag in driver.sent()
    driver.receive(b"* OK a\r\n* OK b\r\n")
    assert driver.core.reason is None


# -- Those that are more than a question and its answer


@pytest.mark.parametrize("stage", ["held", "queued", "asked", "idling"])
def test_an_idle(stage: str) -> None:
    driver = Driver.selected()
    first = driver.submit("NOOP") if stage == "held" else None
    driver.sent()
    idle = queued(driver, "IDLE", idle=Idle())
    if stage in ("asked", "idling"):
        driver.sent()
    if stage == "idling":
        driver.receive(b"+ idling\r\n")
    cancel(driver, idle)
    assert driver.pending(idle) == (stage in ("asked", "idling"))
    if stage == "asked":
        assert driver.sent() == b""
        driver.receive(b"+ idling\r\n")
    assert driver.sent() == (b"DONE\r\n" if driver.pending(idle) else b"")
    if first is not None:
        driver.complete(first)
    elif driver.pending(idle):
        driver.complete(idle)
    driver.complete(driver.submit("NOOP"))
    assert b"IDLE" not in driver.sent()
    assert driver.core.next_deadline() is None


@pytest.mark.parametrize("stage", ["held", "queued"])
def test_a_logout_leaves_no_deadline(stage: str) -> None:
    driver = Driver.selected()
    noop = driver.submit("NOOP") if stage == "held" else None
    driver.sent()
    logout = queued(driver, "LOGOUT")
    cancel(driver, logout)
    check_cancelled(driver, logout)
    assert driver.core.next_deadline() is None
    if noop is not None:
        driver.complete(noop)
    assert driver.sent() == b""
    driver.complete(driver.submit("NOOP"))


def test_a_login_is_forgotten() -> None:
    driver = Driver()
    login = queued(driver, "LOGIN", "user", "secret")
    assert driver.core.logging_in
    cancel(driver, login)
    assert not driver.core.logging_in
    assert driver.sent() == b""
    driver.complete(driver.submit("LOGIN", "user", "other"), "OK [CAPABILITY IMAP4rev1] hi")
    assert driver.core.state == "AUTH"


@pytest.mark.parametrize(
    ("name", "arguments"), [("AUTHENTICATE", ("X",)), ("COMPRESS", ("DEFLATE",)), ("STARTTLS", ())]
)
def test_a_dialogue_goes_on(name: str, arguments: tuple[str, ...]) -> None:
    driver = Driver.authenticated() if name == "COMPRESS" else Driver()
    command = driver.submit(name, *arguments)
    cancel(driver, command)
    assert driver.started(command)
    driver.complete(command, "NO")
    assert driver.core.reason is None


# -- Whatever happens

NAMES = [
    ("SELECT", ("a",)), ("FETCH", ("1", "FLAGS")), ("NOOP", ()), ("SELECT", ("b",)),
    ("UID FETCH", ("1", "FLAGS")), ("EXPUNGE", ()), ("STORE", ("1", "+FLAGS", "x")),
    ("LIST", ('""', "*")), ("APPEND", ("x",)), ("CLOSE", ()),
]  # fmt: skip


@dataclass
class Play:
    """A user, a sender and a server, who take turns in any order."""

    driver: Driver = field(default_factory=Driver.selected)
    commands: list[Command] = field(default_factory=list)
    #: The SELECT of the mailbox that each was meant for, which its user can know; None: the first.
    meant_for: dict[Command, Command | None] = field(default_factory=dict)
    cancelled: set[Command] = field(default_factory=set)
    wire: bytes = b""
    open: list[Command] = field(default_factory=list)
    #: Those that aren't cancelled.
    selects: list[Command | None] = field(default_factory=lambda: [None])
    opened: Command | None = None

    def submit(self, number: int) -> None:
        name, arguments = NAMES[number % len(NAMES)]
        literal = b"text" if name == "APPEND" else None
        try:
            command = queued(self.driver, name, *arguments, literal=literal)
        except error:
            return
        self.commands.append(command)
        self.meant_for[command] = self.selects[-1]
        if name == "SELECT":
            self.selects.append(command)

    def cancel(self, number: int) -> None:
        if self.commands:
            command = self.commands[-1 - number % min(4, len(self.commands))]
            is_told = bool(self.driver.outcomes(command))
            cancel(self.driver, command)
            if not is_told and self.driver.outcomes(command):
                check_cancelled(self.driver, command)
                self.cancelled.add(command)
                if command in self.selects:
                    self.selects.remove(command)

    def take(self, number: int = 0) -> None:
        sent = b"".join(self.driver.core.take_output())
        self.wire += sent
        for line in sent.split(b"\r\n"):
            for command in self.commands:
                if line.startswith(command.tag + b" "):
                    assert command not in self.cancelled
                    self.check_mailbox(command)
                    self.open.append(command)

    def check_mailbox(self, command: Command) -> None:
        """It finds the mailbox that it was meant for."""
        if command.needs_mailbox:
            assert self.meant_for[command] is self.opened

    def answer(self, number: int) -> None:
        if not self.open:
            return
        command = self.open[number % len(self.open)]
        if self.driver.core._out.waiting is command:
            if number % 2:
                self.driver.core.receive_bytes(b"+ go on\r\n", self.driver.now)
                return
        elif command.tag in self.driver.core._out.untaken:
            return
        refused = command.row.name == "SELECT" and number % 3 == 0
        refused |= self.driver.core._out.waiting is command
        self.open.remove(command)
        self.driver.core.receive_bytes(
            command.tag + (b" NO no\r\n" if refused else b" OK done\r\n"), self.driver.now
        )
        self.driver.events += self.driver.core.take_events()
        if command.row.name == "SELECT" and not refused:
            self.opened = command

    def finish(self) -> None:
        """All is taken and answered."""
        for _ in range(3 * len(self.commands) + 3):
            self.take()
            self.answer(1)
        for command in self.commands:
            (outcome,) = self.driver.outcomes(command)
            assert isinstance(outcome, Failed if command in self.cancelled else (Completed, Failed))
        assert self.driver.core.reason is None
        assert not self.driver.core._out.size
        assert not self.driver.core.held
        assert not self.driver.core.in_progress
        for command in self.cancelled:
            assert command.tag not in self.wire.split()


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from("sssccta"), st.integers(0, 11)), max_size=60))
def test_any_order(turns: list[tuple[str, int]]) -> None:
    play = Play()
    steps = {"s": play.submit, "c": play.cancel, "t": play.take, "a": play.answer}
    for step, number in turns:
        steps[step](number)
    play.finish()
