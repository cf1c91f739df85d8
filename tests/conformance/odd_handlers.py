"""What servers do with a command: handlers for `tests.server.scripted.mailbox`."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable

from tests.server.scripted import Command, Handler, Peer, Session


def answering(*lines: bytes, status: bytes = b"OK", text: bytes = b"done") -> Handler:
    """Say some lines, and complete the command."""

    def handle(session: Session, command: Command) -> None:
        session.peer.untagged(*lines)
        session.peer.reply(command, status, text)

    return handle


def recorded(seen: list[bytes], then: Handler) -> Handler:
    """Keep the command's name and arguments."""

    def handle(session: Session, command: Command) -> None:
        seen.append(command.name.encode() + b" " + command.args)
        then(session, command)

    return handle


def silence(session: Session, command: Command) -> None:
    """Say nothing to it."""


def hanging_up(*lines: bytes) -> Handler:
    """Say some lines, and close."""

    def handle(session: Session, _: Command) -> None:
        session.peer.untagged(*lines)
        session.peer.close()
        session.over = True

    return handle


def initial_response(session: Session, command: Command) -> bytes:
    """The first response of AUTHENTICATE, which may come with the command."""
    if len(command.words) > 1:
        return base64.b64decode(command.words[1])
    session.peer.line(b"+ ")
    return base64.b64decode(session.peer.readline())


def idling(*pieces: bytes, then: Callable[[Peer], object] | None = None) -> Handler:
    """Answer IDLE by these pieces of data, each sent by itself, and by OK to DONE.

    Whatever else there is to do is done by *then* instead of the latter.
    """

    def handle(session: Session, command: Command) -> None:
        for piece in pieces:
            session.peer.send(piece)
        if then is not None:
            then(session.peer)
        else:
            session.peer.expect(b"DONE")
            session.peer.ok(command, b"idled")

    return handle


def idling_until(go: threading.Event) -> Handler:
    """Answer IDLE, and have news when told so."""

    def handle(session: Session, command: Command) -> None:
        session.peer.line(b"+ idling")
        session.peer.pause(go)
        session.peer.untagged(b"4 EXISTS")
        session.peer.expect(b"DONE")
        session.peer.ok(command, b"idled")

    return handle
