"""Which commands wait for their turn, and which may overlap (RFC 3501, section 5.5)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from imaplib2._protocol.arguments import encode_arguments
from imaplib2._protocol.command import Command
from imaplib2._protocol.idling import Idle
from imaplib2._protocol.in_progress import InProgress
from imaplib2._protocol.limits import Limits

from .helpers import row


def command(name: str, *arguments: Any, tag: bytes = b"A1") -> Command:
    its_row = row(name)
    made = Command.build(its_row, encode_arguments(its_row, arguments))
    made.tag = tag
    made.first_argument = arguments[0] if arguments else None
    return made


@pytest.fixture
def running() -> InProgress:
    return InProgress(Limits())


def conflicts(running: InProgress, other: Command, state: str = "SELECTED") -> bool:
    return running.conflicts(other, state, utf8=False)


def test_nothing_conflicts_with_nothing(running: InProgress) -> None:
    assert not conflicts(running, command("LOGOUT"))


@pytest.mark.parametrize("names", [("LOGOUT", "NOOP"), ("NOOP", "LOGOUT")])
def test_what_runs_alone_overlaps_with_nothing(running: InProgress, names: tuple[str, str]) -> None:
    running.start(command(names[0]))
    assert conflicts(running, command(names[1], tag=b"A2"))
    assert bool(running.alone) is (names[0] == "LOGOUT")


@pytest.mark.parametrize(
    ("first", "state", "waits"),
    [("NOOP", "SELECTED", True), ("NOOP", "AUTH", False), ("SEARCH", "SELECTED", False)],
)
def test_message_numbers_are_not_sent_while_they_may_change(
    running: InProgress, first: str, state: str, waits: bool
) -> None:
    running.start(command(first, *(["ALL"] if first == "SEARCH" else [])))
    other = command("FETCH", "1", "FLAGS", tag=b"A2")
    assert conflicts(running, other, state) is waits
    assert not conflicts(running, command("UID FETCH", "1", "FLAGS", tag=b"A3"), state)


def test_in_utf8_mode_the_form_for_it_counts(running: InProgress) -> None:
    running.start(command("STATUS", "a", "MESSAGES"))
    other = command("STATUS", "a", "MESSAGES", tag=b"A2")
    other.utf8_form = command("STATUS", "b", "MESSAGES")
    assert running.conflicts(other, "AUTH", utf8=False)
    assert not running.conflicts(other, "AUTH", utf8=True)


def test_an_outcome_is_told_once(running: InProgress) -> None:
    select = command("SELECT", "box")
    assert not running.may_lead_to(("SELECTED",))
    running.note(select)
    assert running.untold == [select]
    assert running.may_lead_to(("AUTH", "SELECTED"))
    for _ in range(2):
        running.forget(select)
        assert running.untold == []
        assert not running.may_lead_to(("SELECTED",))


def test_a_held_command_has_not_used_its_tag(running: InProgress) -> None:
    first, second = command("NOOP"), command("NOOP", tag=b"A2")
    for each in first, second:
        running.note(each)
        running.hold(each)
    assert running.is_held(b"A1")
    assert running.held.popleft() is first
    running.start(first)
    assert not running.is_held(b"A1")
    assert running.take_back(second) == 0
    running.forget(second)
    assert not running.is_held(b"A2")


def test_what_relies_on_a_mailbox_is_taken_back_with_it(running: InProgress) -> None:
    failed = command("SELECT", "one")
    fetch, listing = command("FETCH", "1", "FLAGS"), command("LIST", "", "*")
    examine, search = command("EXAMINE", "two"), command("SEARCH", "ALL")
    for each in fetch, listing, examine, search:
        running.hold(each)
    assert running.take_back_dependents(failed) == [fetch]
    assert [*running.held] == [listing, examine, search]
    assert running.take_back_dependents(failed, 2) == [search]
    assert running.take_back_dependents(command("NOOP")) == []


def test_what_tells_something_is_taken_back_with_starttls(running: InProgress) -> None:
    login, noop = command("LOGIN", "me", "secret"), command("NOOP")
    for each in login, noop:
        running.hold(each)
    assert running.take_back_dependents(command("STARTTLS")) == [login]
    assert [*running.held] == [noop]


def test_the_end_leaves_only_outcomes(running: InProgress) -> None:
    select, idle = command("SELECT", "box"), command("IDLE", tag=b"A2")
    idle.idle = Idle()
    for each in select, idle:
        running.note(each)
        running.start(each)
    running.hold(command("NOOP"))
    assert running.idle is idle.idle
    assert running.selecting is select
    running.clear()
    assert not running.commands
    assert not running.held
    assert running.idle is None
    assert running.untold == [select, idle]


def test_commands_are_counted(running: InProgress) -> None:
    for number in range(3):
        noop = command("NOOP", tag=b"A%d" % number)
        running.start(noop)
        assert noop.begun == running.begun == number + 1
        running.remove(noop)


class Course(RuleBasedStateMachine):
    """Commands come and go; what holds for all of them at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.running = InProgress(Limits())
        self.count = 0

    @rule(
        call=st.sampled_from(
            [
                ("NOOP",), ("LOGOUT",), ("SELECT", "box"), ("CLOSE",), ("SEARCH", "ALL"),
                ("FETCH", "1:2", "FLAGS"), ("FETCH", "2:3", "FLAGS"), ("UID FETCH", "3", "FLAGS"),
                ("STATUS", "a", "MESSAGES"), ("STATUS", "b", "MESSAGES"), ("EXPUNGE",),
            ]
        )
    )  # fmt: skip
    def submit(self, call: tuple[str, ...]) -> None:
        self.count += 1
        made = command(*call, tag=b"A%d" % self.count)
        self.running.note(made)
        self.running.hold(made)
        self.admit()

    @rule(number=st.integers(0, 5))
    def complete(self, number: int) -> None:
        commands = [*self.running.commands.values()]
        if commands:
            done = commands[number % len(commands)]
            self.running.remove(done)
            self.running.forget(done)
            self.admit()

    @rule(number=st.integers(0, 5))
    def give_up(self, number: int) -> None:
        held = [*self.running.held]
        if held:
            given_up = held[number % len(held)]
            assert self.running.take_back(given_up) == held.index(given_up)
            self.running.forget(given_up)
            self.admit()

    def admit(self) -> None:
        held = self.running.held
        while held and not conflicts(self.running, held[0]):
            self.running.start(held.popleft())

    @invariant()
    def each_is_held_or_in_progress(self) -> None:
        running = self.running
        assert {*running.untold} == {*running.commands.values(), *running.held}
        assert all(running.is_held(other.tag) for other in running.held)
        assert not any(map(running.is_held, running.commands))

    @invariant()
    def what_overlaps_may_do_so(self) -> None:
        commands = [*self.running.commands.values()]
        assert len(commands) < 2 or not any(other.row.alone for other in commands)
        assert bool(self.running.alone) is any(other.row.alone for other in commands)
        selects = [other for other in commands if other.row.on_ok == "SELECTED"]
        assert selects == ([] if self.running.selecting is None else [self.running.selecting])

    @invariant()
    def somebody_is_served(self) -> None:
        assert self.running.commands or not self.running.held

    @invariant()
    def states_are_led_to_by_what_is_left(self) -> None:
        for state in "AUTH", "SELECTED", "LOGOUT":
            leads = any(other.row.on_ok == state for other in self.running.untold)
            assert self.running.may_lead_to((state,)) is leads


test_the_course_of_commands = Course.TestCase
test_the_course_of_commands.settings = settings(max_examples=40, stateful_step_count=30)
