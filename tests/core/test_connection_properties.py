"""Whatever happens in whatever order: each command ends once, with its own data and no other's."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, note, settings, strategies as st

from imaplib2._errors import abort, error
from imaplib2._protocol.command import Command, Idle
from imaplib2._protocol.events import Completed

from .helpers import Driver, random_chunks

Submit = tuple[str, Callable[[int], tuple[Any, ...]]]

# Whether data belongs to the command with a number is seen from the number in the data.
COMMANDS: list[Submit] = [
    ("NOOP", lambda n: ()),
    ("SEARCH", lambda n: (None, "ALL")),
    ("LIST", lambda n: ("", "*")),
    ("STATUS", lambda n: (f"box{n}", "(MESSAGES)")),
    ("FETCH", lambda n: (f"{n}", "FLAGS")),
    ("UID FETCH", lambda n: (f"{n + 1000}", "FLAGS")),
    ("STORE", lambda n: (f"{n}", "+FLAGS", "(a)")),
    ("FETCH", lambda n: ("1:999", "FLAGS")),
    ("COPY", lambda n: ("1", "box")),
    ("EXPUNGE", lambda n: ()),
    ("APPEND", lambda n: ("box", None, None)),
    ("SELECT", lambda n: ("box",)),
    ("IDLE", lambda n: ()),
]


@dataclass
class Server:
    """Answers each command once, in any order, and with data that bears the command's number."""

    driver: Driver
    choose: random.Random
    numbers: dict[bytes, int] = field(default_factory=dict)
    told: Counter[int] = field(default_factory=Counter)
    #: Commands that were read and not completed, in words.
    open: dict[bytes, list[bytes]] = field(default_factory=dict)
    to_send: bytes = b""
    unread: bytes = b""
    waiting: bytes | None = None  # the tag of the command whose "+" or DONE is to come
    prompted: bool = False  # the "+" was sent; another one might be taken for that of the next

    def read(self) -> None:
        """Take what the client has sent."""
        self.unread += self.driver.sent()
        while b"\r\n" in self.unread:
            line, _, self.unread = self.unread.partition(b"\r\n")
            if self.waiting is not None:
                assert line in (b"hello", b"DONE"), line
                self.waiting = None
                continue
            tag, _, text = line.partition(b" ")
            assert tag not in self.open, "a tag was used twice"
            self.open[tag] = text.split()
            if text.endswith(b"{5}") and self.choose.random() < 0.3:
                self.refuse(tag)
            elif text.endswith(b"{5}") or text == b"IDLE":
                self.waiting = tag
                self.prompted = self.choose.random() < 0.9
                self.to_send += b"+ go\r\n" if self.prompted else b""

    def answer(self) -> None:
        """Say something about a command in progress."""
        ready = [tag for tag in self.open if tag != self.waiting]
        if not ready:
            return
        tag = self.choose.choice(ready)
        if self.choose.random() < 0.6:
            self.data_for(tag)
        else:
            self.complete(tag)

    def data_for(self, tag: bytes) -> None:
        words = self.open[tag]
        number = self.numbers[tag]
        form = {
            b"SEARCH": b"* SEARCH %d\r\n",
            b"LIST": b'* LIST () "/" {6}\r\n%06d\r\n',
            b"STATUS": b"* STATUS box%d (MESSAGES 1)\r\n",
            b"FETCH": b"* %d FETCH (X {7}\r\n* 9 FET FLAGS ())\r\n",
            b"STORE": b"* %d FETCH (FLAGS (a))\r\n",
            b"UID": b"* %d FETCH (FLAGS () UID %d)\r\n",
            b"EXPUNGE": b"* %d EXPUNGE\r\n",
        }.get(words[0])
        if form is None:
            return
        self.told[number] += 1
        if words[0] == b"UID":
            self.to_send += form % (number + 5000, number + 1000)
        else:
            self.to_send += form % number

    def complete(self, tag: bytes) -> None:
        text = self.choose.choice([b"OK", b"OK done", b"OK", b"NO not now", b"BAD what"])
        del self.open[tag]
        self.to_send += tag + b" " + text + b"\r\n"

    def refuse(self, tag: bytes) -> None:
        del self.open[tag]
        self.to_send += tag + b" " + self.choose.choice([b"NO none", b"BAD large"]) + b"\r\n"

    def send(self, size: int) -> None:
        """Let the client have some bytes."""
        part, self.to_send = self.to_send[:size], self.to_send[size:]
        for portion in random_chunks(part, self.choose):
            self.driver.receive(portion)


def numbers_in(data: Any) -> Counter[int]:
    """Which commands the data was meant for."""
    found: Counter[int] = Counter()
    items = list(data)
    while items:
        item = items.pop(0)
        if item is None:
            continue
        if isinstance(item, tuple):
            text, literal = item
            items.pop(0)  # the tail
            found[int(literal) if text.startswith(b"()") else int(text.split()[0])] += 1
        elif b"UID " in item:
            found[int(item.rstrip(b")").rpartition(b" ")[2]) - 1000] += 1
        elif item.replace(b" ", b"").isdigit():  # SEARCH joins what comes in several lines
            found.update(map(int, item.split()))
        else:
            first = item.split()[0].removeprefix(b"box")
            found[int(first)] += 1
    return found


DATA_TYPES = ("SEARCH", "LIST", "STATUS", "FETCH", "EXPUNGE")


def scripts(commands: list[Submit]) -> st.SearchStrategy[list[Submit | str | int]]:
    """What happens: commands are submitted, the server answers, some of its bytes arrive."""
    step = st.one_of(st.sampled_from(commands), st.just("answer"), st.integers(1, 200))
    return st.lists(step, min_size=20, max_size=60)


@settings(max_examples=200, deadline=None)
@given(
    # Few kinds of commands at a time, so that they meet others of their kind.
    st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=4).flatmap(scripts),
    st.sampled_from(["drain", "drain", "fail", "garbage", "silence"]),
    st.randoms(use_true_random=True),
)
def test_every_command_ends_once_and_has_its_own_data(
    script: list[Submit | str | int], end: str, choose: random.Random
) -> None:
    driver = Driver.selected(timeout=1000.0)
    driver.core.done_timeout = 10_000.0  # this server takes its time, and has much to say
    server = Server(driver, choose)
    commands: list[Command] = []
    for step in script:
        run(step, driver, server, commands)
        server.read()
    finish(end, driver, server)
    note(str([command.row.name for command in commands]))
    for command in commands:
        assert len(driver.outcomes(command)) == 1
    if end == "drain":
        assert driver.core.reason is None
        check_data(driver, server, commands)
    else:
        assert driver.core.next_deadline() is None
    assert not driver.core.in_progress


def run(step: Submit | str | int, driver: Driver, server: Server, commands: list[Command]) -> None:
    if step == "answer":
        server.answer()
    elif isinstance(step, int):
        driver.tick(driver.now + 1.0)
        server.send(step)
    elif isinstance(step, tuple):
        submit(step, driver, server, commands)


def submit(step: Submit, driver: Driver, server: Server, commands: list[Command]) -> None:
    name, arguments = step
    number = len(commands) + 1
    with contextlib.suppress(error):  # illegal in this state
        command = driver.command(
            name,
            *arguments(number),
            literal=b"hello" if name == "APPEND" else None,
            idle=Idle(5.0, capture=lambda type_, data: None) if name == "IDLE" else None,
        )
        driver.core.submit(command, driver.now)
        server.numbers[command.tag] = number
        commands.append(command)


def finish(end: str, driver: Driver, server: Server) -> None:
    if end == "drain":
        for _ in range(5000):
            server.read()
            if server.waiting is not None and not server.prompted:
                server.prompted = True
                server.to_send += b"+ go\r\n"
            server.answer()
            server.send(1000)
            driver.tick(driver.now + 1.0)
            if not (server.open or server.to_send or driver.core.in_progress):
                break
    elif end == "fail":
        driver.fail(abort("gone"))
    elif end == "garbage":
        driver.receive(b"\r\n)\r\ngarbage\r\n" * 3)
        driver.fail(abort("garbage"))
    else:
        driver.tick(driver.now + 1e6)
        driver.fail(abort("quiet"))  # nothing was in progress, so that there was no deadline


def check_data(driver: Driver, server: Server, commands: list[Command]) -> None:
    """All that was told is with the command it was told for, or with the untagged responses."""
    found: Counter[int] = Counter()
    for command in commands:
        (outcome,) = driver.outcomes(command)
        if isinstance(outcome, Completed) and outcome.type == "OK" and command.row.collects:
            mine = numbers_in(outcome.data)
            assert mine.keys() <= {server.numbers[command.tag]}
            found += mine
    for type_, data in driver.core.untagged:
        if type_ in DATA_TYPES:
            found += numbers_in(data)
    selected = any(command.row.name == "SELECT" for command in commands)
    assert found <= server.told if selected else found == server.told
