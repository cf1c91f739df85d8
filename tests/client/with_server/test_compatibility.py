"""What programs written for imaplib or historical imaplib2 do, and find as they are used to."""

from __future__ import annotations

import io
import logging
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from ...server.contexts import Contexts
from ...server.helpers import connected, greet_authenticated
from ...server.scripted import Peer, mailbox

Serve = Callable[..., Any]


def one_noop(peer: Peer) -> None:
    greet_authenticated(peer, b"IDLE")
    command = peer.command("NOOP")
    assert command.raw == command.tag + b" NOOP\r\n"
    peer.ok(command)


@pytest.mark.parametrize(
    "call",
    [
        lambda M: M.uid("FOO"),
        lambda M: M.xatom("A\r\nB"),
        lambda M: M.xatom("XFOO", "a\r\nb"),
        lambda M: M.expunge("1"),
        lambda M: M.enable("UTF8=ACCEPT"),
        lambda M: M.enable_compression(),
        lambda M: M.starttls(),
        lambda M: M.search("UTF-8", "SUBJECT ?", params=[]),
        lambda M: M.append("INBOX", None, None, "text"),
    ],
)
def test_a_literal_does_not_survive_a_call_that_fails(
    serve: Serve, call: Callable[[Any], object]
) -> None:
    with connected(serve(one_noop)) as M:
        M.literal = b"secret"
        with pytest.raises((IMAP4.error, TypeError)):
            call(M)
        assert M.literal is None
        M.noop()


def test_a_subclass_may_have_attributes_of_its_own(serve: Serve) -> None:
    class Own(IMAP4):
        def __init__(self, *args: Any) -> None:
            self.mailbox = "Archive"
            self.debug = 0
            self.state = "NONAUTH"
            self.is_readonly = False
            self.untagged_responses = {}  # type: ignore[assignment]
            super().__init__(*args)

    with connected(serve(mailbox), Own) as M:
        assert M.mailbox == "Archive"
        M.login("user", "password")
        M.select("INBOX")
        assert M.mailbox == "INBOX"


def test_a_reset_connection_is_a_connection_reset_error(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.command("NOOP")
        peer.reset()

    with connected(serve(script)) as M:
        with pytest.raises(ConnectionResetError) as caught:
            M.noop()
        assert isinstance(caught.value, IMAP4.abort)
        assert str(caught.value).startswith("socket error: ")


def test_tls_on_a_plain_port_has_a_hint(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.relax()
        peer.greet()
        peer.wait_closed()

    server = serve(script)
    with pytest.raises(ssl.SSLError, match="without TLS"):
        IMAP4_SSL(server.host, server.port)


@pytest.mark.parametrize(
    "call",
    [
        lambda M: M.id({"name": "x", "version": None}),
        lambda M: M.id(fields={"name": "x", "version": None}),
        lambda M: M.id("name", "x", "version", None),
        lambda M: M.id({b"name": b"x", "version": None}),
        lambda M: M.id('("name" "x" "version" NIL)'),
    ],
)
def test_id_takes_its_fields_in_all_forms(serve: Serve, call: Callable[[Any], Any]) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        command = peer.command("ID")
        assert command.args == b'("name" "x" "version" NIL)'
        peer.untagged(b'ID ("name" "server")')
        peer.ok(command)

    with connected(serve(script)) as M:
        assert call(M) == ("OK", [b'("name" "server")'])


class Mesg3(IMAP4):
    lines: list[str]

    def _mesg(self, s: str, tn: str | None = None, secs: float | None = None) -> None:
        type(self).lines.append(s)


class Mesg2(IMAP4):
    lines: list[str]

    def _mesg(self, s: str, secs: float | None = None) -> None:  # type: ignore[override]
        type(self).lines.append(s)


@pytest.mark.parametrize("cls", [Mesg3, Mesg2])
def test_debugging_output_goes_to_the_subclass_and_to_the_logger(
    serve: Serve, cls: Any, caplog: pytest.LogCaptureFixture
) -> None:
    cls.lines = []
    with (
        caplog.at_level(logging.DEBUG, "imaplib2"),
        connected(serve(mailbox), cls, debug=4) as M,
    ):
        M.login("user", "hunter2")
    sent = next(line for line in cls.lines if "LOGIN" in line and line.startswith("> "))
    assert "hunter2" not in " ".join(cls.lines)
    assert any(sent in record.getMessage() for record in caplog.records)


def test_commands_are_traced_before_their_answers(serve: Serve) -> None:
    output = io.StringIO()
    with connected(serve(partial(mailbox)), debug=4, debug_file=output) as M:
        M.login("user", "password")
        for _ in range(20):
            M.noop()
    lines = [line for line in output.getvalue().splitlines() if "NOOP" in line]
    sent = [line.split("> ")[1] for line in lines if "> " in line]
    assert len(sent) == 20
    for line in sent:
        tag = line.split()[0]
        text = output.getvalue()
        assert text.index(f"> {tag} NOOP") < text.index(f"< b'{tag} OK")


def test_the_standard_names_of_tls_contexts_work(serve: Serve, tls: Contexts) -> None:
    with connected(serve(mailbox, tls=tls.server), IMAP4_SSL, ssl_context=tls.client) as M:
        assert M.ssl_context is tls.client
        assert M.ssl() is M.sock
