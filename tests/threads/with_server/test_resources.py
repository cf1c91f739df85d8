"""Threads, sockets and time: what a connection takes, and when it gives it back."""

from __future__ import annotations

import gc
import socket
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from ...server.contexts import Contexts
from ...server.helpers import SECONDS, Calls, Serve, agree, connected, duration, greet_authenticated
from ...server.scripted import Peer, PeerClosedError, mailbox

pytestmark = pytest.mark.timeout(20)


class Hooked(IMAP4):
    def read(self, size: int) -> bytes:
        return super().read(size)

    def send(self, data: Any) -> None:
        super().send(data)


def until_gone(answers: int, left: threading.Event) -> Callable[[Peer], None]:
    """A script: so many commands are answered, then the client has to go."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE COMPRESS=DEFLATE")
        for _ in range(answers):
            try:
                command = peer.command()
            except PeerClosedError:  # dropped so soon that it was not even sent
                break
            if command.name == "IDLE":
                peer.line(b"+ idling")
            else:
                peer.ok(command)
            if command.name == "COMPRESS":
                peer.start_deflate()
        peer.wait_closed()
        left.set()

    return script


def nothing(M: Any) -> None:
    pass


def a_command(M: Any) -> None:
    M.noop()


def a_callback(M: Any) -> None:
    calls = Calls()
    M.noop(callback=calls)
    calls.next()


def an_idle(M: Any) -> None:
    M.idle(callback=Calls())


def a_command_in_progress(M: Any) -> None:
    M.noop(callback=Calls())


def compression(M: Any) -> None:
    M.enable_compression()


ACTIONS = [
    (nothing, 0),
    (a_command, 1),
    (a_callback, 1),
    (an_idle, 1),
    (a_command_in_progress, 0),
    (compression, 1),
]


def check_dropped(make: Callable[[], Any], action: Callable[[Any], None]) -> None:
    before = set(threading.enumerate())
    M = make()
    action(M)
    sock, watch = M.sock, weakref.ref(M)
    own = {t for t in set(threading.enumerate()) - before if t.name.startswith("forgotten")}
    assert len(own) >= 2
    with pytest.warns(ResourceWarning, match="127.0.0.1"):  # noqa: PT031
        del M
        gc.collect()
        for thread in own:  # one of them may be in a method, and have held M until its end
            thread.join(SECONDS)
            assert not thread.is_alive()
    assert watch() is None
    assert sock.fileno() == -1


@pytest.mark.parametrize(("action", "answers"), ACTIONS)
@pytest.mark.parametrize("cls", [IMAP4, Hooked])
def test_dropped(
    serve: Serve, cls: type[IMAP4], action: Callable[[Any], None], answers: int
) -> None:
    left = threading.Event()
    server = serve(until_gone(answers, left))
    check_dropped(lambda: cls(server.host, server.port, identifier="forgotten"), action)
    assert left.wait(SECONDS)


@pytest.mark.parametrize(("action", "answers"), ACTIONS)
def test_dropped_with_tls(
    serve: Serve, tls: Contexts, action: Callable[[Any], None], answers: int
) -> None:
    left = threading.Event()
    server = serve(until_gone(answers, left), tls=tls.server)
    make = partial(IMAP4_SSL, ssl_context=tls.client, identifier="forgotten")
    check_dropped(lambda: make(server.host, server.port), action)
    assert left.wait(SECONDS)


def test_dropped_in_a_cycle(serve: Serve) -> None:
    left = threading.Event()
    server = serve(until_gone(0, left))

    def make() -> Any:
        M = IMAP4(server.host, server.port, identifier="forgotten")
        M.myself = M  # type: ignore[attr-defined]
        return M

    check_dropped(make, nothing)
    assert left.wait(SECONDS)


def test_callbacks_of_a_dropped_instance_are_called(serve: Serve) -> None:
    calls, left = Calls(), threading.Event()
    server = serve(until_gone(0, left))
    check_dropped(
        lambda: IMAP4(server.host, server.port, identifier="forgotten"),
        lambda M: M.noop(callback=calls),
    )
    assert calls.next()[2][0] is IMAP4.abort
    assert calls.count == 0


def test_no_warning_after_logout(serve: Serve) -> None:
    server = serve(mailbox)
    M = IMAP4(server.host, server.port)
    watch = weakref.ref(M)
    M.logout()
    del M
    gc.collect()  # warnings are errors here
    assert watch() is None


def test_logout_in_a_finalizer(serve: Serve) -> None:
    class Own(IMAP4):
        def __del__(self) -> None:
            outcomes.append(self.logout())

    outcomes: list[Any] = []
    server = serve(mailbox)
    M = Own(server.host, server.port)
    assert M.noop()[0] == "OK"
    del M
    gc.collect()
    assert outcomes == [("BYE", [b"logging out"])]


def test_logout_in_a_finalizer_and_before(serve: Serve) -> None:
    class Own(IMAP4):
        def __del__(self) -> None:
            outcomes.append(self.logout())

    outcomes: list[Any] = []
    server = serve(mailbox)
    M = Own(server.host, server.port)
    M.logout()
    del M
    gc.collect()
    assert [outcome[0] for outcome in outcomes] == ["BYE"]


def test_everything_is_released_by_logout(serve: Serve) -> None:
    server = serve(mailbox)
    M = IMAP4(server.host, server.port, identifier="released")
    M.noop(callback=Calls())
    assert M.logout()[0] == "BYE"
    assert not [t for t in threading.enumerate() if t.name.startswith("released")]
    assert M.sock.fileno() == -1


def test_shutdown(serve: Serve) -> None:
    """The hard way; it may be used twice, and logout behind it."""
    left = threading.Event()
    server = serve(until_gone(0, left))
    M = IMAP4(server.host, server.port, identifier="released")
    calls = Calls()
    M.noop(callback=calls)
    with duration(0, 1):
        M.shutdown()
        M.shutdown()
        assert M.logout()[0] == "BYE"
    assert calls.next()[2][0] is IMAP4.abort
    assert left.wait(SECONDS)
    assert not [t for t in threading.enumerate() if t.name.startswith("released")]
    assert M.sock.fileno() == -1


def test_logout_in_a_callback(serve: Serve) -> None:
    server = serve(mailbox)
    M = IMAP4(server.host, server.port, identifier="released")
    calls = Calls()
    threads = [t for t in threading.enumerate() if t.name.startswith("released")]
    M.noop(callback=lambda outcome: calls(M.logout()))
    assert calls.next()[0] == "BYE"
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    assert M.sock.fileno() == -1


def test_a_quiet_connection_uses_no_cpu(serve: Serve, tls: Contexts) -> None:
    go = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = peer.command("IDLE", "NOOP")
        if command.name == "IDLE":
            peer.line(b"+ idling")
        peer.relax()
        go.set()
        peer.hold()

    calls = Calls()
    plain, secure = serve(script), serve(script, tls=tls.server)
    with (
        connected(plain, timeout=60) as first,
        connected(plain, Hooked, timeout=60) as second,
        connected(secure, IMAP4_SSL, ssl_context=tls.client) as third,
    ):
        first.idle(callback=calls)
        second.noop(callback=calls)
        third.idle(callback=calls)
        for peer in (*plain.peers, *secure.peers):
            assert go.wait(SECONDS), peer
        time.sleep(0.05)
        before = time.process_time()
        time.sleep(0.3)
        assert time.process_time() - before < 0.03


def test_limits(serve: Serve) -> None:
    """What the server may send is bounded; and the bounds can be changed."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        command = peer.command("NOOP")
        peer.untagged(*(b"%d EXISTS" % number for number in range(50)))
        peer.ok(command)
        peer.command("NOOP")
        peer.relax()
        peer.untagged(b"1 FETCH (BODY[] {2000}")
        peer.wait_closed()

    with connected(serve(script)) as M:
        M.limits.literal = 1000
        M.noop()
        assert len(M.response("EXISTS")[1]) == 50
        with pytest.raises(M.abort, match=r"2000.*limits\.literal"):
            M.noop()


def test_a_line_without_end(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.command("NOOP")
        peer.relax()
        peer.send(b"* OK " + b"x" * 100_000)
        peer.wait_closed()

    with connected(serve(script)) as M:
        M.limits.line = 10_000
        with pytest.raises(M.abort, match=r"limits\.line"):
            M.noop()


@pytest.mark.parametrize("secure", [False, True])
def test_keep_alive_and_nodelay(serve: Serve, tls: Contexts, secure: bool) -> None:
    """A quiet peer is asked after 60 seconds, and given up after 120; a busy one is waited for."""
    server = serve(mailbox, tls=tls.server if secure else None)
    options: dict[str, Any] = {"cls": IMAP4_SSL, "ssl_context": tls.client} if secure else {}
    with connected(server, **options) as M:
        assert M.sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert M.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        if hasattr(socket, "TCP_KEEPIDLE"):
            asked = M.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
            interval = M.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL)
            count = M.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT)
            assert (asked, asked + interval * count) == (60, 120)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            given_up = M.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert given_up == 0


def test_many_connections_one_after_another(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        agree(peer, "NOOP")
        peer.serve_logout()

    server = serve(script)
    for _ in range(50):
        with IMAP4(server.host, server.port, identifier="one of many") as M:
            M.noop()
    assert not [t for t in threading.enumerate() if t.name.startswith("one of many")]
