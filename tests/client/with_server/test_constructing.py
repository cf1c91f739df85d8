"""Constructors: where they connect to, what they accept as a greeting, and what they leave."""

from __future__ import annotations

import gc
import io
import socket
import threading
import weakref
from functools import partial
from typing import Any

import pytest

import imaplib2
from imaplib2 import AUTH, IMAP4, IMAP4_SSL, LOGOUT, NONAUTH

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
    greet,
    greet_authenticated,
    wait_over,
)
from ...server.inside import STARTS_LATE, engine_of
from ...server.scripted import Peer, ScriptedServer, mailbox

pytestmark = pytest.mark.timeout(20)


class NotConnecting(IMAP4):
    def open_socket(self) -> socket.socket:
        raise ConnectionRefusedError(self.port)


class NotConnectingSSL(IMAP4_SSL):
    open_socket = NotConnecting.open_socket


@pytest.mark.parametrize("host", [None, ""])
def test_no_host_is_the_local_one(serve: Serve, host: str | None) -> None:
    server = serve(mailbox)
    with IMAP4(host, server.port) as M:
        assert M.noop() == ("OK", [b"done"])


@pytest.mark.parametrize(("cls", "port"), [(NotConnecting, 143), (NotConnectingSSL, 993)])
def test_no_port_is_the_standard_one(cls: type[IMAP4], port: int) -> None:
    for arguments in ((), (None,), ("", None), ("localhost", "")):
        with pytest.raises(ConnectionRefusedError, match=f"^{port}$"):
            cls(*arguments)


def test_the_port_may_be_a_str(serve: Serve) -> None:
    server = serve(mailbox)
    with IMAP4(server.host, str(server.port)) as M:
        assert M.port == server.port
        assert M.host == server.host


def test_after_construction(serve: Serve) -> None:
    with connected(serve(mailbox), identifier="me") as M:
        assert M.state == NONAUTH
        assert M.welcome.startswith(b"* OK [CAPABILITY")
        assert M.PROTOCOL_VERSION == "IMAP4REV1"
        assert M.capabilities[0] == "IMAP4REV1"
        assert M.identifier == "me"
        assert M.read_fd == M.sock.fileno()
        assert not M.Terminate
        assert not M.is_readonly
        assert M.mailbox is None
        assert M.tagged_commands == {}
        assert (M.literal, M.compressor, M.decompressor) == (None, None, None)
        M.untagged_responses = {}
        assert M.untagged_responses == []


@pytest.mark.parametrize("timeout", [0, 0.0, -1])
def test_a_timeout_must_be_positive(serve: Serve, timeout: float) -> None:
    server = serve(mailbox)
    with pytest.raises(ValueError, match="timeout"):
        IMAP4(server.host, server.port, timeout)
    with pytest.raises(ValueError, match="timeout"):
        IMAP4_SSL(server.host, server.port, timeout=timeout)
    assert server.connections == 0


def test_the_default_timeout_is_that_of_sockets(serve: Serve) -> None:
    server = serve(Peer.hold)
    socket.setdefaulttimeout(0.1)
    try:
        with pytest.raises(TimeoutError), duration(0.1, 1):
            IMAP4(server.host, server.port)
    finally:
        socket.setdefaulttimeout(None)


def test_the_timeout_covers_connecting() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:  # more than the backlog takes: who comes now gets no answer
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        with pytest.raises(TimeoutError), duration(0.1, 1):
            IMAP4(*listener.getsockname(), 0.1)
        for sock in waiting:
            sock.close()


def test_the_timeout_covers_the_greeting(serve: Serve) -> None:
    server = serve(Peer.hold)
    with pytest.raises(abort, match="greeting") as caught, duration(0.1, 1):
        IMAP4(server.host, server.port, 0.1)
    assert isinstance(caught.value, TimeoutError)
    assert server.host in str(caught.value)


def test_the_timeout_covers_the_capabilities(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.command("CAPABILITY")
        peer.hold()

    server = serve(script)
    with pytest.raises(TimeoutError), duration(0.1, 1):
        IMAP4(server.host, server.port, 0.1)


def test_the_timeout_covers_the_handshake(serve: Serve) -> None:
    server = serve(Peer.hold)
    with pytest.raises(TimeoutError), duration(0.1, 1):
        IMAP4_SSL(server.host, server.port, timeout=0.1)


@pytest.mark.parametrize(
    "greeting",
    [b"220 mail.example.org ESMTP", b"HTTP/1.1 400 Bad Request", b"+ hello", b"* 3 EXISTS", b""],
)
def test_a_greeting_that_is_not_imap(serve: Serve, greeting: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.relax()
        peer.line(greeting)
        peer.wait_closed()

    server = serve(script)
    with pytest.raises(error) as caught:
        IMAP4(server.host, server.port, 5)
    assert greeting.decode() in str(caught.value)
    assert "greeting" in str(caught.value)


def test_a_peer_that_closes_before_its_greeting(serve: Serve) -> None:
    server = serve(Peer.close)
    with pytest.raises(abort, match=r"^socket error: EOF.*before its greeting.*TLS") as caught:
        IMAP4(server.host, server.port, 5)
    assert server.host in str(caught.value)


@pytest.mark.parametrize("command", ["exit 3", "exec sleep 60"])
def test_a_child_that_does_not_greet(command: str) -> None:
    with pytest.raises(abort, match=r"\(child process\)$") as caught:
        imaplib2.IMAP4_stream(command, timeout=1)
    assert "TLS" not in str(caught.value)
    assert "localhost" not in str(caught.value)


def test_a_peer_that_resets_before_its_greeting(serve: Serve) -> None:
    go = threading.Event()

    def script(peer: Peer) -> None:
        peer.pause(go)
        peer.reset()

    class Slow(IMAP4):
        def open_socket(self) -> socket.socket:
            sock = super().open_socket()
            go.set()
            return sock

    server = serve(script)
    with pytest.raises(OSError, match=r".") as caught:
        Slow(server.host, server.port, 5)
    assert isinstance(caught.value, (abort, ConnectionResetError))


def test_tls_on_a_plain_port(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.wait_closed()

    server = serve(script)
    with pytest.raises(OSError, match="SSL"):
        IMAP4_SSL(server.host, server.port, timeout=5)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    with pytest.raises(ConnectionRefusedError):
        IMAP4(*address)


def test_greeted_with_bye(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.greet(b"* BYE too many connections")

    server = serve(script)
    with pytest.raises(abort, match="too many connections") as caught:
        IMAP4(server.host, server.port, 5)
    assert server.host in str(caught.value)


PREAUTH = b"* PREAUTH [CAPABILITY IMAP4rev1] welcome back"


def greet_late(peer: Peer) -> None:
    peer.hold()


def greet_with_bye(peer: Peer) -> None:
    peer.greet(b"* BYE too many connections")


@pytest.mark.parametrize("first", [greet_with_bye, greet_late])
def test_a_subclass_may_try_again(serve: Serve, first: Any) -> None:
    servers = [serve(first), serve(partial(mailbox, greeting=PREAUTH))]

    class Persistent(IMAP4):
        def __init__(self) -> None:
            for server in servers:
                try:
                    super().__init__(server.host, server.port, 0.3)
                except self.abort as problem:
                    problems.append(problem)

    problems: list[Exception] = []
    M = Persistent()
    assert len(problems) == 1
    assert M.select()[0] == "OK"
    M.logout()


@pytest.mark.parametrize("ended", [True, False])
def test_initialized_twice(serve: Serve, ended: bool) -> None:
    first, second = serve(mailbox), serve(mailbox)
    with connected(first, identifier="Waldo") as M:
        M.limits.literals = 7
        if ended:
            M.logout()
        before = weakref.ref(engine_of(M))
        M.__init__(second.host, second.port, identifier="Wenda")
        assert M.port == second.port
        assert M.limits.literals == 7
        assert M.noop() == ("OK", [b"done"])
        assert threads_of("Waldo") == []
        gc.collect()
        assert before() is None


def test_greeted_with_preauth(serve: Serve) -> None:
    server = serve(partial(mailbox, greeting=PREAUTH))
    with connected(server) as M:
        assert M.state == AUTH
        assert M.select() == ("OK", [b"3"])


def test_capabilities_are_asked_for_when_not_told(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.capability(b"IMAP4rev1 X-This idle")
        peer.serve_logout()

    with IMAP4(*address(serve(script))) as M:
        assert M.capabilities == ("IMAP4REV1", "X-THIS", "IDLE")


def test_capabilities_are_not_asked_for_when_told(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"X-This")
        agree(peer, "NOOP")
        peer.serve_logout()

    with IMAP4(*address(serve(script))) as M:
        assert M.capabilities == ("IMAP4REV1", "X-THIS")
        M.noop()


def test_no_capabilities_to_be_had(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.bad(peer.command("CAPABILITY"))
        peer.wait_closed()

    with pytest.raises(error, match="no CAPABILITY response"):
        IMAP4(*address(serve(script)))


def test_a_server_of_another_version(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.greet(b"* OK [CAPABILITY IMAP2] ready")
        peer.wait_closed()

    with pytest.raises(error, match="not IMAP4 compliant"):
        IMAP4(*address(serve(script)))


def test_ipv6() -> None:
    try:
        server = ScriptedServer(mailbox, host="::1")
    except OSError:
        pytest.skip("no IPv6 here")
    with server, IMAP4("::1", server.port) as M:
        assert M.sock.family == socket.AF_INET6
        M.noop()


def test_ipv6_with_tls(tls: Contexts) -> None:
    try:
        server = ScriptedServer(mailbox, host="::1", tls=tls.server)
    except OSError:
        pytest.skip("no IPv6 here")
    with server, IMAP4_SSL("::1", server.port, ssl_context=tls.client) as M:
        M.noop()


def test_the_context_manager_logs_out(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        peer.serve_logout()

    server = serve(script)
    with IMAP4(*address(server)) as M:
        pass
    server.join()
    assert M.state == LOGOUT
    assert M.Terminate


def test_the_context_manager_is_quiet_on_a_dead_link(serve: Serve) -> None:
    go = threading.Event()

    def script(peer: Peer) -> None:
        greet(peer)
        peer.pause(go)
        peer.reset()

    with IMAP4(*address(serve(script))) as M:
        go.set()
        wait_over(M)


def test_the_context_manager_after_logout(serve: Serve) -> None:
    with IMAP4(*address(serve(mailbox))) as M:
        M.logout()


def test_the_context_manager_passes_exceptions_on(serve: Serve) -> None:
    with pytest.raises(KeyError), IMAP4(*address(serve(mailbox))):
        raise KeyError


@pytest.mark.parametrize(
    "greeting", [b"* BYE no", b"220 hello", b"* OK [CAPABILITY X] ready", None]
)
def test_a_failed_constructor_leaves_nothing(serve: Serve, greeting: bytes | None) -> None:
    def script(peer: Peer) -> None:
        if greeting is not None:
            peer.greet(greeting)
        peer.close()
        peer.wait_closed()

    made: list[Any] = []

    class Kept(IMAP4):
        def open_socket(self) -> socket.socket:
            sock = super().open_socket()
            made.append((sock, threading.enumerate()))
            return sock

    server = serve(script)
    with pytest.raises(error):
        Kept(server.host, server.port, 5, identifier="failed")
    sock, _ = made.pop()
    assert sock.fileno() == -1
    assert not [t.name for t in threading.enumerate() if t.name.startswith("failed")]
    gc.collect()  # no ResourceWarning either


def test_debug_level_of_later_instances(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imaplib2, "Debug", 4)
    shown = io.StringIO()
    with connected(serve(mailbox), debug_file=shown) as M:
        assert M.debug == 4
        M.noop()
    assert "NOOP" in shown.getvalue()
    with connected(serve(mailbox), debug=0) as M:
        assert M.debug == 0


def threads_of(name: str) -> list[str]:
    return [thread.name for thread in threading.enumerate() if name in thread.name]


def test_threads(serve: Serve) -> None:
    server = serve(mailbox)
    before = set(threading.enumerate())
    with connected(server, identifier="Waldo") as M:
        server.wait_connections(1)
        M.noop()
        assert len(threads_of("Waldo")) == 2
        own = {t for t in set(threading.enumerate()) - before if "scripted" not in t.name}
        assert {t.name for t in own} == set(threads_of("Waldo"))
        assert all(thread.daemon for thread in own)
        calls = Calls()
        M.noop(callback=calls)
        calls.next()
        assert len(threads_of("Waldo")) == 3
        M.logout()
        assert threads_of("Waldo") == []


def test_threads_of_an_idle_with_a_callback(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = peer.command("IDLE")
        peer.send(b"+ idling\r\n")
        idling.set()
        assert news.wait(SECONDS)
        peer.untagged(b"4 EXISTS")
        peer.expect(b"DONE")
        peer.ok(command)
        agree(peer, "NOOP")

    idling, news, calls = threading.Event(), threading.Event(), Calls()
    with connected(serve(script), identifier="Waldo") as M:
        M.idle(callback=calls)
        assert idling.wait(SECONDS)
        assert len(threads_of("Waldo")) == (2 if STARTS_LATE else 3)
        news.set()
        calls.next()
        assert len(threads_of("Waldo")) == 3
        M.noop()


def address(server: ScriptedServer) -> tuple[str, int, float]:
    return server.host, server.port, 5.0
