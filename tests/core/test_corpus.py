"""Transcripts of what real servers send, replayed whole and byte by byte.

A transcript in ``tests/corpus/<server>/`` is a text file of lines in order:

    # ...                       what is odd about it, and the evidence
    greeting * OK ...           the greeting; otherwise one that tells capabilities
    state SELECTED              begin in that state
    C: A1 FETCH 1 FLAGS         the client issues this (or continues: a literal, DONE, SASL)
    S: * 1 FETCH ...            the server sends this line, and CRLF; "\\xNN" is a byte
    LF: * 1 FETCH ...           the same, but with LF alone
    EOF                         the server closes the connection
    = A1 OK [b'...']            how the command has completed
    = A1 error text             the command has failed, with an error that holds this text
    = untagged TYPE [b'...']    what is stored of that type
    = state AUTH / = capabilities ... / = lost text
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from imaplib2._errors import abort
from imaplib2._protocol.arguments import Encoded, Literal
from imaplib2._protocol.command import Command, Idle
from imaplib2._protocol.commands import COMMANDS, UID_COMMANDS

from .helpers import GREETING, PREAUTH, Driver

CORPUS = Path(__file__).parent.parent / "corpus"
TRANSCRIPTS = sorted(CORPUS.rglob("*.txt"))


class Replay:
    """One transcript, on its way through a connection."""

    def __init__(self, chunk: int | None) -> None:
        self.chunk = chunk
        self.driver: Driver | None = None
        self.commands: dict[str, Command] = {}
        self.sent = b""
        self.to_come = b""  # of the server, before the next line of another kind

    def run(self, transcript: str) -> None:
        for line in transcript.splitlines():
            kind, _, text = line.partition(" ")
            if kind in ("S:", "LF:"):
                self.to_come += unescaped(text) + (b"\r\n" if kind == "S:" else b"\n")
            elif kind != "#":
                self.flush()
                self.steps[kind](self, text)
        self.flush()
        self.client_is_silent()

    def flush(self) -> None:
        data, self.to_come = self.to_come, b""
        if data:
            self.client_is_silent()
            self.connection.receive(data)
            self.sent += self.connection.sent()

    def client_is_silent(self) -> None:
        assert self.sent == b"", "sent, but not in the transcript"

    @property
    def connection(self) -> Driver:
        if self.driver is None:
            self.begin("state", "NONAUTH")
        assert self.driver is not None
        return self.driver

    def begin(self, kind: str, text: str) -> None:
        assert self.driver is None, "the first line but for comments"
        if kind == "greeting":
            self.driver = Driver(text.encode() + b"\r\n", chunk=self.chunk)
        else:
            self.driver = Driver(GREETING if text == "NONAUTH" else PREAUTH, chunk=self.chunk)
            self.driver.core.state = text
        self.sent += self.driver.sent()

    def client(self, text: str) -> None:
        if not self.sent:
            self.issue(text)
        line = text.encode() + b"\r\n"
        assert self.sent.startswith(line), f"sent: {self.sent!r}"
        self.sent = self.sent[len(line) :]

    def issue(self, text: str) -> None:
        """Submit the command, or answer the SASL challenge, that the client sends as *text*."""
        asking = [command for command in self.commands.values() if not self.is_over(command)]
        if asking and asking[0].row.name == "AUTHENTICATE":
            self.connection.answer(asking[0], text.encode())
        else:
            tag, _, rest = text.partition(" ")
            command = self.commands[tag] = built(rest)
            self.connection.core.submit(command, 0.0)
        self.sent += self.connection.sent()

    def is_over(self, command: Command) -> bool:
        return bool(self.connection.outcomes(command))

    def end_of_file(self, text: str) -> None:
        self.connection.fail(abort("socket error: EOF"))

    def expect(self, text: str) -> None:
        what, _, rest = text.partition(" ")
        core = self.connection.core
        if what == "state":
            assert core.state == rest
        elif what == "capabilities":
            assert " ".join(core.capabilities) == rest
        elif what == "lost":
            assert rest in str(core.reason)
        elif what == "untagged":
            type_, _, data = rest.partition(" ")
            assert core.untagged.get(type_) == ast.literal_eval(data)
        else:
            self.expect_outcome(self.commands[what], *rest.split(" ", 1))

    def expect_outcome(self, command: Command, type_: str, text: str) -> None:
        if type_ == "error":
            assert text in str(self.connection.error(command))
        else:
            assert self.connection.result(command) == (type_, ast.literal_eval(text))

    steps: dict[str, Callable[[Replay, str], None]] = {  # noqa: RUF012
        "greeting": lambda self, text: self.begin("greeting", text),
        "state": lambda self, text: self.begin("state", text),
        "C:": client,
        "EOF": end_of_file,
        "=": expect,
    }


def unescaped(text: str) -> bytes:
    """*text* with its ``\\xNN``, and no other escapes, replaced."""
    return re.sub(
        rb"\\x([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), text.encode("ascii")
    )


def built(text: str) -> Command:
    """The command that is written as *text*; its literal, if it has one, is ``hello``."""
    name, _, rest = text.partition(" ")
    row = COMMANDS.get(name)
    if name == "UID":
        name, _, rest = rest.partition(" ")
        row = UID_COMMANDS[name]
    assert row is not None
    literal = Literal(b"hello") if rest.endswith("{5}") else None
    arguments = rest.removesuffix(" {5}").encode()
    first = re.match(rb'"(?:[^"\\]|\\.)*"|\S*', arguments)
    assert first is not None
    parts = Encoded([b" ", arguments] if arguments else [], first[0])
    command = Command.build(row, parts, () if literal is None else (literal,))
    command.idle = Idle() if name == "IDLE" else None
    return command


@pytest.mark.parametrize("chunk", [None, 1], ids=["whole", "bytewise"])
@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_a_server_sends_is_understood(path: Path, chunk: int | None) -> None:
    Replay(chunk).run(path.read_text("ascii"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_transcript_says_what_is_odd_about_it_and_expects_something(path: Path) -> None:
    lines = path.read_text("ascii").splitlines()
    assert lines[0].startswith("# ")
    # And what becomes of it: docs/quirks.rst shows both.
    assert any(line.startswith("# Here: ") for line in lines)
    assert any(line.startswith("= ") for line in lines)
    assert all(len(line) <= 100 for line in lines if line.startswith("#"))


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) > 40
