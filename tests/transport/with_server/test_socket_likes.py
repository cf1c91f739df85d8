"""Sockets that a subclass has connected itself, and objects that are only like sockets."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
import weakref
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from ...by_hand.with_server.test_by_hand import forget
from ...client.with_server.test_hooks import check_session
from ...server.contexts import Contexts
from ...server.helpers import (
    SECONDS,
    Serve,
    Thread,
    abort,
    agree,
    connected,
    duration,
    error,
    failure,
    greet_authenticated,
    wait_over,
)
from ...server.inside import own_threads
from ...server.scripted import Peer, PeerClosedError, ScriptedServer, mailbox

pytestmark = pytest.mark.timeout(20)

# Connected before __init__


class Tunnel(IMAP4):
    """Goes through what somebody else has connected."""

    def __init__(self, sock: Any, **options: Any) -> None:
        self.sock = sock
        self.file = sock.makefile("rb")
        IMAP4.__init__(self, **options)

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        self.host, self.port = host, port


class SecureTunnel(IMAP4_SSL):
    def __init__(self, sock: Any, **options: Any) -> None:
        self.sock = sock
        super().__init__(**options)

    open = Tunnel.open


def test_a_socket_that_is_there_before(serve: Serve) -> None:
    server = serve(mailbox)
    sock = socket.create_connection((server.host, server.port))
    M = Tunnel(sock)
    assert M.sock is sock
    check_session(M)
    M.file.close()
    assert sock.fileno() == -1


def test_an_encrypted_socket_that_is_there_before(serve: Serve, tls: Contexts) -> None:
    server = serve(mailbox, tls=tls.server)
    plain = socket.create_connection((server.host, server.port))
    sock = tls.client.wrap_socket(plain, server_hostname=server.host)
    check_session(SecureTunnel(sock))


def test_a_socket_that_is_there_before_is_closed_when_it_is_no_use(serve: Serve) -> None:
    server = serve(lambda peer: peer.send(b"220 hello\r\n"))
    sock = socket.create_connection((server.host, server.port))
    with pytest.raises(error):
        SecureTunnel(sock)
    assert sock.fileno() == -1


# No socket at all


class Nothing(IMAP4):
    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        """Forget it."""


class NothingToRead(Nothing):
    def send(self, data: Any) -> None:
        """Somewhere."""


class NothingToSend(Nothing):
    def read(self, size: int) -> bytes:
        return b"* OK [CAPABILITY IMAP4rev1] ready\r\n"


class Number(Nothing):
    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        self.sock: Any = 5


@pytest.mark.parametrize("cls", [Nothing, NothingToRead, NothingToSend])
def test_no_socket(cls: type[IMAP4]) -> None:
    with pytest.raises(error, match=rf"no socket: {cls.__name__}\.open\(\) has set none"):
        cls(identifier="none")
    assert not [t.name for t in threading.enumerate() if t.name.startswith("none")]


def test_no_kind_of_socket() -> None:
    with pytest.raises(TypeError, match="no socket: int"):
        Number()


# Like a socket


class Minimal:
    """What imaplib calls."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock

    def makefile(self, mode: str) -> Any:
        return self._sock.makefile(mode)

    def sendall(self, data: Any) -> None:
        self._sock.sendall(data)

    def shutdown(self, how: int) -> None:
        self._sock.shutdown(how)

    def close(self) -> None:
        self._sock.close()


class Lines:
    """What imaplib calls of a file."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        data: bytes = self._file.read(size)
        return data

    def readline(self, limit: int) -> bytes:
        line: bytes = self._file.readline(limit)
        return line

    def close(self) -> None:
        self._file.close()


class MinimalOfLines(Minimal):
    def makefile(self, mode: str) -> Any:
        return Lines(super().makefile(mode))


class WithDescriptor(Minimal):
    def fileno(self) -> int:
        descriptor: int = self._sock.fileno()
        return descriptor


class Channel(WithDescriptor):
    """As paramiko's: nothing is received into a buffer, and nothing takes flags."""

    def makefile(self, *args: Any) -> Any:
        return Lines(super().makefile(*args))

    def recv(self, size: int) -> bytes:
        data: bytes = self._sock.recv(size)
        return data

    def send(self, data: Any) -> int:
        sent: int = self._sock.send(data)
        return sent

    def settimeout(self, timeout: float | None) -> None:
        self._sock.settimeout(timeout)

    def gettimeout(self) -> float | None:
        timeout: float | None = self._sock.gettimeout()
        return timeout


class WithoutFile(Channel):
    def makefile(self, *args: Any) -> Any:
        raise NotImplementedError


class WithoutFlags(Channel):
    """Lacks nothing but parameters."""

    def recv_into(self, buffer: Any) -> int:
        received: int = self._sock.recv_into(buffer)
        return received


LIKES = [Minimal, MinimalOfLines, WithDescriptor, Channel, WithoutFile, WithoutFlags]
#: Those that can tell of what has come, so that users may poll them.
POLLABLE = [WithDescriptor, Channel, WithoutFile, WithoutFlags]


def client(like: type[Minimal], timeout: float | None = None) -> type[IMAP4]:
    class Client(IMAP4):
        def open_socket(self) -> Any:
            return like(socket.create_connection((self.host, self.port), timeout))

    return Client


class Logging(IMAP4):
    """Looks at what goes by."""

    seen = b""

    def read(self, size: int) -> bytes:
        data = super().read(size)
        self.seen += data
        return data

    def send(self, data: Any) -> None:
        super().send(data)


@pytest.mark.parametrize("like", LIKES)
@pytest.mark.parametrize("timeout", [None, 5.0])
def test_a_session(serve: Serve, like: type[Minimal], timeout: float | None) -> None:
    with connected(serve(mailbox), client(like, timeout)) as M:
        assert type(M.sock) is like
        assert M.read_fd == (M.sock._sock.fileno() if like in POLLABLE else None)
        check_session(M)
        wait_over(M)
        assert M.sock._sock.fileno() == -1


@pytest.mark.parametrize("like", LIKES)
def test_a_session_with_replaced_methods(serve: Serve, like: type[Minimal]) -> None:
    class Client(client(like), Logging):  # type: ignore[misc]
        """Both."""

    with connected(serve(mailbox), Client) as M:
        check_session(M)
        assert b"logging out" in M.seen


def test_a_file_of_the_subclass(serve: Serve) -> None:
    class Client(IMAP4):
        def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
            sock = socket.create_connection((host, port))
            self.file = sock.makefile("rb")
            self.sock: Any = NoFile(sock)

    class NoFile(Minimal):
        makefile = None  # type: ignore[assignment]

    with connected(serve(mailbox), Client) as M:
        check_session(M)


@pytest.mark.parametrize("like", LIKES)
def test_a_quiet_connection_stays(serve: Serve, like: type[Minimal]) -> None:
    quiet = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        agree(peer, "NOOP")
        with pytest.raises(TimeoutError):
            peer.readline(0.4)
        quiet.set()
        command = peer.command("NOOP")
        peer.untagged(b"3 EXISTS")
        peer.ok(command)

    with connected(serve(script), client(like, 0.15)) as M:
        M.noop()
        assert quiet.wait(SECONDS)
        assert M.noop()[0] == "OK"
        assert M.response("EXISTS") == ("EXISTS", [b"3"])


@pytest.mark.parametrize("like", LIKES)
def test_a_line_that_stalls(serve: Serve, like: type[Minimal]) -> None:
    """Longer than the socket's time-out: nothing of it gets lost, or it is reported."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        command = peer.command("NOOP")
        peer.send(b"* 3 EX")
        time.sleep(0.3)
        with contextlib.suppress(PeerClosedError, OSError):
            peer.send(b"ISTS\r\n")
            peer.ok(command)

    with connected(serve(script), client(like, 5)) as M:
        M.sock._sock.settimeout(0.1)
        M._hooks.adopt_timeout = lambda client: None
        if like is MinimalOfLines:
            assert isinstance(failure(M.noop), TimeoutError)
        else:
            M.noop()
            assert M.response("EXISTS") == ("EXISTS", [b"3"])


@pytest.mark.parametrize("like", LIKES)
def test_silence(serve: Serve, like: type[Minimal]) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.command("NOOP")
        peer.hold()

    with connected(serve(script), client(like), timeout=0.2) as M:
        with duration(0.1, 2):
            assert isinstance(failure(M.noop), TimeoutError)
            M.logout()
        wait_over(M)


@pytest.mark.parametrize("like", LIKES)
@pytest.mark.parametrize("way", ["logout", "shutdown", "end"])
def test_the_end(serve: Serve, like: type[Minimal], way: str) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        if way == "end":
            peer.command("NOOP")
            peer.close()
        else:
            peer.hold()

    with connected(serve(script), client(like)) as M, duration(0, 2):
        M._core.logout_timeout = 0.1
        if way == "end":
            problem = failure(M.noop)
            assert isinstance(problem, abort)
            assert str(problem).startswith("socket error: EOF")
        else:
            getattr(M, way)()
        wait_over(M)


@pytest.mark.parametrize("like", LIKES)
def test_a_close_by_the_user_is_put_off(serve: Serve, like: type[Minimal]) -> None:
    if like is WithoutFile:
        pytest.skip("nothing puts it off")

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.wait_closed()

    with connected(serve(script), client(like)) as M, duration(0, 2):
        M.sock.close()
        M.shutdown()
        wait_over(M)


@pytest.mark.parametrize("like", LIKES)
def test_it_is_freed_when_forgotten(serve: Serve, like: type[Minimal]) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.wait_closed()

    server = serve(script)
    clients = [client(like)(server.host, server.port)]
    threads = own_threads(clients[0])
    reference = weakref.ref(clients[0])
    with pytest.warns(ResourceWarning, match="unclosed IMAP connection"):
        forget(clients)
    assert reference() is None
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()


def idle(peer: Peer) -> None:
    greet_authenticated(peer, b"IDLE")
    command = peer.command("IDLE")
    peer.send(b"+ idling\r\n* 4 EXISTS\r\n")
    peer.expect(b"DONE")
    peer.ok(command)


@pytest.mark.parametrize("like", LIKES)
def test_an_idle(serve: Serve, like: type[Minimal]) -> None:
    with connected(serve(idle), client(like)) as M:
        assert M.idle(5) == ("OK", [b"done"])
        assert M.response("EXISTS") == ("EXISTS", [b"4"])


@pytest.mark.parametrize("like", LIKES)
def test_an_idle_by_hand(serve: Serve, like: type[Minimal]) -> None:
    with connected(serve(idle), client(like)) as M:
        tag = M._command("IDLE")
        assert M._get_response() is None
        if like in POLLABLE:
            assert select.select([M.sock], [], [], SECONDS)[0]
        pulled = Thread(M._get_response)
        assert pulled.result() == b"* 4 EXISTS"
        M.send(b"DONE\r\n")
        assert M._command_complete("IDLE", tag) == ("OK", [b"done"])


@pytest.mark.parametrize("like", [like for like in LIKES if like is not MinimalOfLines])
def test_compressed(serve: Serve, like: type[Minimal]) -> None:
    def compressing(peer: Peer) -> None:
        mailbox(peer, capabilities=b"IMAP4rev1 LITERAL+ COMPRESS=DEFLATE")

    with connected(serve(compressing), client(like)) as M:
        M.login("a", "b")
        assert M.enable_compression()[0] == "OK"
        M.state = "NONAUTH"
        check_session(M)


def test_much_to_send_while_much_comes(serve: Serve) -> None:
    """The writer's way of sending stops nobody's reading."""
    message = b"x" * 3_000_000

    def echo(peer: Peer) -> None:
        greet_authenticated(peer)
        command = peer.command("APPEND")
        peer.send(b"* 1 FETCH (BODY[] {%d}\r\n%s)\r\n" % (len(message), message))
        peer.ok(command)

    def check(server: ScriptedServer, like: type[Minimal]) -> None:
        with connected(server, client(like)) as M:
            M.append("INBOX", None, None, message)
            assert M.response("FETCH")[1][0][1] == message

    for like in LIKES:
        check(serve(echo), like)
