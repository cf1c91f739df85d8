"""Commands as they are typed, and servers for them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from imaplib2._cli.main import main

from ...server.scripted import Command, ScriptedServer, Session


class Typed:
    """What has come of a command line."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        self.status = main(arguments)
        captured = capsys.readouterr()
        self.out, self.err = captured.out, captured.err

    @property
    def words(self) -> str:
        """Standard output without its lay-out."""
        return " ".join(self.out.split())

    @property
    def said(self) -> str:
        """Standard error without its lay-out."""
        return " ".join(self.err.split())

    @property
    def json(self) -> Any:
        """Standard output, one line of JSON."""
        return json.loads(self.out)


def at(server: ScriptedServer, user: str = "fred") -> str:
    """HOST for *server*."""
    return f"{user + '@' if user else ''}{server.host}:{server.port}"


def saying(answers: Iterable[bytes], status: bytes = b"OK", text: bytes = b"done") -> Any:
    """A handler that sends untagged *answers*, then a tagged one."""

    def handler(session: Session, command: Command) -> None:
        session.peer.untagged(*answers)
        session.peer.reply(command, status, text)

    return handler


def idle(session: Session, command: Command) -> None:
    """IDLE, until it is done."""
    session.peer.line(b"+ idling")
    session.peer.expect(b"DONE")
    session.peer.ok(command)
