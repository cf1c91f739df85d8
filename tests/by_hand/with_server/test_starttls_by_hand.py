"""STARTTLS as a raw command: whoever sends it negotiates TLS, and assigns the socket."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from typing import Any

import pytest

from imaplib2 import IMAP4

from ...server.contexts import Contexts
from ...server.helpers import (
    SECONDS,
    Calls,
    Serve,
    abort,
    agree,
    connected,
    duration,
    error,
    failure,
    forget,
    greet,
    wait_over,
)
from ...server.inside import mutex, own_threads, resume
from ...server.scripted import Peer
from .test_own_transports import Open, Read, Readline, Send, client, named

pytestmark = pytest.mark.timeout(20)

# How it is sent


def by_simple_command(M: Any) -> None:
    assert M._simple_command("STARTTLS") == ("OK", [b"begin"])


def by_xatom(M: Any) -> None:
    assert M.xatom("starttls") == ("OK", [b"begin"])


def by_command(M: Any) -> None:
    tag = M._command("STARTTLS")
    assert M._command_complete("STARTTLS", tag) == ("OK", [b"begin"])


def by_bytes(M: Any) -> None:
    tag = M._new_tag()
    M.send(tag + b" STARTTLS\r\n")
    assert M._command_complete("STARTTLS", tag) == ("OK", [b"begin"])


def by_bytes_and_a_look(M: Any) -> None:
    tag = M._new_tag()
    M.send(tag + b" STARTTLS\r\n")
    assert M._get_response() == tag + b" OK begin"
    assert M.tagged_commands.pop(tag) == ("OK", [b"begin"])


def by_callback(M: Any) -> None:
    calls = Calls()
    M._simple_command("STARTTLS", callback=calls)
    assert calls.next() == (("OK", [b"begin"]), None, None)


WAYS = [by_simple_command, by_xatom, by_command, by_bytes, by_bytes_and_a_look, by_callback]
ways = pytest.mark.parametrize("begin", WAYS, ids=named)


def accept(peer: Peer, tls: Contexts) -> None:
    """The server's side, up to the question that follows TLS."""
    command = peer.command("STARTTLS")
    peer.ok(command, b"begin")
    peer.wrap_tls(tls.server)
    peer.capability(b"IMAP4rev1 AUTH=PLAIN")


def served(tls: Contexts) -> Any:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        accept(peer, tls)
        peer.login(b"[CAPABILITY IMAP4rev1] in")
        agree(peer, "NOOP")
        agree(peer, "NOOP")

    return script


def encrypt(M: Any, tls: Contexts) -> None:
    """As IMAPClient up to 3.x does it."""
    M.sock = tls.client.wrap_socket(M.sock, server_hostname=M.host)
    M.file = M.sock.makefile("rb")


def check(M: Any) -> None:
    assert isinstance(M.sock, ssl.SSLSocket)
    assert M.login("a", "b")[0] == "OK"
    assert M.noop() == ("OK", [b"done"])
    tag = M._new_tag()
    M.send(tag + b" NOOP\r\n")
    assert M._command_complete("NOOP", tag) == ("OK", [b"done"])


@ways
def test_the_socket_that_is_assigned_is_used(serve: Serve, tls: Contexts, begin: Any) -> None:
    with connected(serve(served(tls))) as M:
        begin(M)
        assert not isinstance(M.sock, ssl.SSLSocket)
        encrypt(M, tls)
        assert M.capabilities == ("IMAP4REV1", "AUTH=PLAIN")
        with pytest.raises(abort, match="already established"):
            M.starttls()
        check(M)
        M.file.close()


PIECES = [(), (Open,), (Send,), (Open, Read), (Open, Send, Read, Readline)]


@pytest.mark.parametrize("pieces", PIECES, ids=named)
@pytest.mark.parametrize("begin", [by_simple_command, by_command], ids=named)
def test_subclasses_with_their_own_transport(
    serve: Serve, tls: Contexts, begin: Any, pieces: tuple[Any, ...]
) -> None:
    with connected(serve(served(tls)), client(IMAP4, pieces)) as M:
        begin(M)
        encrypt(M, tls)
        check(M)
        M.file.close()


def test_an_attribute_in_the_place_of_the_property(serve: Serve, tls: Contexts) -> None:
    class Own(IMAP4):
        sock: Any = None  # type: ignore[assignment]

    with connected(serve(served(tls)), Own) as M:
        by_simple_command(M)
        encrypt(M, tls)
        check(M)
        M.file.close()


def test_starttls_still_does_it_all(serve: Serve, tls: Contexts) -> None:
    with connected(serve(served(tls))) as M:
        assert M.starttls(ssl_context=tls.client) == ("OK", [None])
        check(M)


# What is not to happen


@ways
def test_nothing_is_sent_before_the_socket_is_there(
    serve: Serve, tls: Contexts, begin: Any
) -> None:
    with connected(serve(served(tls))) as M:
        begin(M)
        plain = M.sock
        M.sock = plain
        for call in (M.noop, lambda: M.login("a", "b"), lambda: M._command("NOOP")):
            problem = failure(call)
            assert type(problem) is error
            assert "plain text; STARTTLS was sent by hand" in str(problem)
        tag = M._new_tag()
        with pytest.raises(error, match="STARTTLS was sent by hand"):
            M.send(tag + b" NOOP\r\n")
        encrypt(M, tls)
        check(M)
        M.file.close()


@pytest.mark.parametrize("end", [IMAP4.logout, IMAP4.shutdown], ids=named)
def test_it_can_be_given_up(serve: Serve, end: Any) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        peer.ok(peer.command("STARTTLS"))
        assert peer.wait_closed() == b""

    with connected(serve(script)) as M:
        M._simple_command("STARTTLS")
        with duration(0, 2):
            end(M)
        wait_over(M)


def test_a_handshake_that_fails(serve: Serve, tls: Contexts) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        peer.ok(peer.command("STARTTLS"))
        with pytest.raises(ssl.SSLError):
            peer.wrap_tls(tls.server)

    with connected(serve(script)) as M:
        M._simple_command("STARTTLS")
        with pytest.raises(ssl.SSLCertVerificationError):
            ssl.create_default_context().wrap_socket(M.sock, server_hostname=M.host)
        assert isinstance(failure(M.noop), error)
        with duration(0, 2):
            M.logout()


@ways
def test_plain_text_behind_the_ok_is_an_attack(serve: Serve, begin: Any) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        command = peer.command("STARTTLS")
        peer.send(command.tag + b" OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")
        peer.wait_closed()

    with connected(serve(script)) as M:
        with contextlib.suppress(abort, AssertionError):  # he may have seen the OK, or the end
            begin(M)
        wait_over(M)
        with pytest.raises(abort, match="behind the OK to"):
            M.noop()


def test_a_refusal(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        peer.no(peer.command("STARTTLS"))
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        assert M._simple_command("STARTTLS") == ("NO", [b"refused"])
        M.sock = M.sock
        assert M.noop() == ("OK", [b"done"])


def test_commands_of_other_threads_are_encrypted(serve: Serve, tls: Contexts) -> None:
    issued = threading.Event()

    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        command = peer.command("STARTTLS")
        assert issued.wait(SECONDS)
        peer.ok(command, b"begin")
        peer.wrap_tls(tls.server)
        peer.capability(b"IMAP4rev1 AUTH=PLAIN")
        agree(peer, "NOOP")

    calls = Calls()
    with connected(serve(script)) as M:
        tag = M._command("STARTTLS")
        M.noop(callback=calls)
        issued.set()
        M._command_complete("STARTTLS", tag)
        encrypt(M, tls)
        assert calls.next()[0] == ("OK", [b"done"])
        M.file.close()


def test_who_waits_for_the_socket_waits_within_bounds(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imaplib2._protocol.patience._SOCKET_TIMEOUT", 0.1)
    issued = threading.Event()

    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        command = peer.command("STARTTLS")
        assert issued.wait(SECONDS)
        peer.ok(command)
        peer.wait_closed()

    calls = Calls()
    with connected(serve(script)) as M:
        tag = M._command("STARTTLS")
        M.noop(callback=calls)
        issued.set()
        M._command_complete("STARTTLS", tag)
        assert "waiting for the encrypted socket" in calls.next()[2][1]


def test_the_end_while_capabilities_are_asked_for(serve: Serve, tls: Contexts) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        peer.ok(peer.command("STARTTLS"))
        peer.wrap_tls(tls.server)
        peer.command("CAPABILITY")
        peer.close()

    with connected(serve(script)) as M:
        M._simple_command("STARTTLS")
        encrypt(M, tls)
        with pytest.raises(abort, match="EOF"):
            M.noop()
        M.file.close()


def test_the_end_before_the_socket_is_there(serve: Serve, tls: Contexts) -> None:
    with connected(serve(served_until_ok)) as M:
        M._simple_command("STARTTLS")
        mine = M.sock
        M.shutdown()
        M.sock = Other()
        assert mine.fileno() == -1
        assert isinstance(failure(M.noop), abort)


def test_a_forgotten_connection_is_freed(serve: Serve) -> None:
    server = serve(served_until_ok)
    connections: list[Any] = [IMAP4(server.host, server.port)]
    connections[0]._simple_command("STARTTLS")
    threads = wait_until_paused(connections[0])
    with pytest.warns(ResourceWarning, match="unclosed IMAP connection"):
        forget(connections)
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_the_end_by_who_has_interrupted_the_mutex(serve: Serve) -> None:
    with connected(serve(served_until_ok)) as M:
        M._simple_command("STARTTLS")
        wait_until_paused(M)
        mutex(M).run(M.shutdown)
        wait_over(M)


def wait_until_paused(M: Any) -> list[threading.Thread]:
    """The connection's threads, of which the reader waits for the socket."""
    waits = threading.Event()
    bell: Any = resume(M)
    wait = bell.wait
    bell.wait = lambda timeout: waits.set() or wait(timeout)
    bell.ring()  # whether it waits already or not
    assert waits.wait(SECONDS)
    return own_threads(M)


def served_until_ok(peer: Peer) -> None:
    greet(peer, b"STARTTLS")
    peer.ok(peer.command("STARTTLS"))
    peer.wait_closed()


class Other(socket.socket):
    """Closed already."""

    def __init__(self) -> None:
        super().__init__()
        self.close()
