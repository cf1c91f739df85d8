"""Systems with less to offer than Linux, as far as they can be had by taking things away here."""

from __future__ import annotations

import select
import socket
import threading
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL, IMAP4_stream
from imaplib2._transport import kernel
from imaplib2._transport.kernel import tune
from imaplib2._transport.sockets import SocketTransport

from ...server.contexts import Contexts
from ...server.helpers import (
    SECONDS,
    Serve,
    abort,
    connected,
    duration,
    failure,
    greet_authenticated,
)
from ...server.scripted import Peer, mailbox

pytestmark = pytest.mark.timeout(20)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits can't be had on Windows, where a shutdown wakes nobody who receives either."""
    monkeypatch.setattr(kernel, "IS_WINDOWS", True)
    for name in ("poll", "epoll", "POLLIN", "POLLOUT", "kqueue"):
        monkeypatch.delattr(select, name, raising=False)
    monkeypatch.delattr(socket, "MSG_DONTWAIT", raising=False)
    monkeypatch.setattr(SocketTransport, "can_send_at_once", False)
    monkeypatch.setattr(kernel, "interrupt_socket", lambda sock: None)


class Own:
    """Replaces what carries bytes."""

    def read(self, size: int) -> bytes:
        data: bytes = super().read(size)  # type: ignore[misc]
        return data

    def send(self, data: bytes) -> None:
        super().send(data)  # type: ignore[misc]


class OwnPlain(Own, IMAP4):
    pass


class OwnTLS(Own, IMAP4_SSL):
    pass


@pytest.mark.parametrize("cls", [IMAP4, IMAP4_SSL, OwnPlain, OwnTLS])
def test_a_session(serve: Serve, tls: Contexts, windows: None, cls: Any) -> None:
    secure = issubclass(cls, IMAP4_SSL)
    server = serve(mailbox, tls=tls.server if secure else None)
    with connected(server, cls, **({"ssl_context": tls.client} if secure else {})) as M:
        M.login("user", "secret")
        assert M.select()[0] == "OK"
        assert M.append("INBOX", None, None, bytes(1_000_000).replace(b"\0", b"."))[0] == "OK"
        assert M.fetch("1", "(FLAGS)")[0] == "OK"
        M.logout()


@pytest.mark.parametrize("cls", [IMAP4, IMAP4_SSL, OwnPlain, OwnTLS])
def test_no_thread_stays_behind(serve: Serve, tls: Contexts, windows: None, cls: Any) -> None:
    """The server keeps the connection, and says nothing."""
    over = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.command("NOOP")
        assert over.wait(SECONDS)

    secure = issubclass(cls, IMAP4_SSL)
    server = serve(script, tls=tls.server if secure else None)
    options = {"ssl_context": tls.client} if secure else {}
    before = set(threading.enumerate())
    with connected(server, cls, timeout=0.3, **options) as M:
        threads = set(threading.enumerate()) - before
        with duration(0.3, 1.5):
            assert isinstance(failure(M.noop), abort)
        with duration(0, 1):
            M.logout()
        own = [thread for thread in threads if "imaplib2" in thread.name]
        assert len(own) >= 2
        assert not [thread for thread in own if thread.is_alive()]
    over.set()


@pytest.mark.parametrize("cls", [IMAP4, IMAP4_SSL, OwnPlain, OwnTLS])
def test_an_idle_by_hand(serve: Serve, tls: Contexts, windows: None, cls: Any) -> None:
    go = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = peer.command("IDLE")
        peer.send(b"+ idling\r\n* 4 EXISTS\r\n")
        assert go.wait(SECONDS)
        peer.untagged(b"5 EXISTS")
        assert peer.readline() == b"DONE"
        peer.ok(command)
        peer.serve_logout()

    secure = issubclass(cls, IMAP4_SSL)
    server = serve(script, tls=tls.server if secure else None)
    with connected(server, cls, **({"ssl_context": tls.client} if secure else {})) as M:
        tag = M._command("IDLE")
        assert M._get_response() is None
        assert select.select([M.socket()], [], [], SECONDS)[0]
        assert M._get_response() == b"* 4 EXISTS"
        assert not select.select([M.socket()], [], [], 0.02)[0]
        go.set()
        assert select.select([M.socket()], [], [], SECONDS)[0]
        assert M._get_response() == b"* 5 EXISTS"
        M.send(b"DONE\r\n")
        assert M._command_complete("IDLE", tag)[0] == "OK"
        M.logout()


def test_pipes_are_refused(windows: None) -> None:
    with pytest.raises(NotImplementedError, match="POSIX"):
        IMAP4_stream("exit 0")


@pytest.mark.skipif(not hasattr(socket, "TCP_KEEPIDLE"), reason="it has another name, or none")
def test_macos_has_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "TCP_KEEPALIVE", socket.TCP_KEEPIDLE, raising=False)
    with socket.socket() as sock:
        with monkeypatch.context() as patch:
            patch.delattr(socket, "TCP_KEEPIDLE")
            tune(sock)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
