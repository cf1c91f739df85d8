"""What existing subclasses override, set and call."""

from __future__ import annotations

import io
import os
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import imaplib2
from imaplib2 import IMAP4, IMAP4_SSL, READ_SIZE

from ...server.contexts import Contexts
from ...server.helpers import (
    SECONDS,
    Calls,
    Serve,
    Thread,
    abort,
    agree,
    connected,
    duration,
    error,
    failure,
    greet,
    greet_authenticated,
    wait_over,
)
from ...server.inside import reader_thread
from ...server.scripted import MESSAGE, Peer, mailbox

pytestmark = pytest.mark.timeout(20)

# Connecting


class OwnSocket(IMAP4):
    def open_socket(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), 5)


class OwnSocketSSL(IMAP4_SSL):
    open_socket = OwnSocket.open_socket


class OwnCreateSocket(IMAP4):
    """CPython's hook."""

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout)


class OwnCreateSocketSSL(IMAP4_SSL):
    """As CPython's IMAP4_SSL does it."""

    def _create_socket(self, timeout: float | None) -> socket.socket:
        sock = IMAP4._create_socket(self, timeout)
        return self.ssl_context.wrap_socket(sock, server_hostname=self.host)


class OwnOpen(IMAP4):
    """In the historical manner."""

    def open(self, host: str = "", port: int | None = None) -> None:
        self.host, self.port = host, port
        self.sock = socket.create_connection((host, port), 5)
        self.read_fd = self.sock.fileno()


class OwnOpenOfSocketOnly(IMAP4):
    """In imaplib's manner, which also makes a file."""

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        self.timeout_seen = timeout
        self.sock = socket.create_connection((host, port), timeout)
        self.file = self.sock.makefile("rb")

    def shutdown(self) -> None:
        self.file.close()
        super().shutdown()


class OwnOpenWithSuper(IMAP4):
    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        super().open(host, port, timeout)


class OwnOpenSSL(IMAP4_SSL):
    """In the historical manner."""

    def open(self, host: str | None = None, port: int | None = None) -> None:
        self.host, self.port = host or "", port or 993
        self.sock = self.open_socket()
        self.ssl_wrap_socket()
        self.read_fd = self.sock.fileno()


class OwnOpenWrappedByHand(IMAP4):
    """A plain IMAP4 whose socket is encrypted all the same."""

    context: ssl.SSLContext

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        sock = socket.create_connection((host, port), timeout)
        self.sock = self.context.wrap_socket(sock, server_hostname=host)


def check_session(M: Any) -> None:
    M.login("a", "b")
    assert M.select() == ("OK", [b"3"])
    assert M.fetch("2", "(BODY[])")[1][0][1] == MESSAGE
    assert M.append("INBOX", None, None, MESSAGE * 10_000)[0] == "OK"
    assert M.fetch("4", "(BODY[])")[1][0][1] == MESSAGE * 10_000
    calls = Calls()
    for number in "123":
        M.fetch(number, "(FLAGS)", callback=calls)
    for number in b"123":
        assert calls.next()[0] == ("OK", [b"%c (FLAGS ())" % number])
    assert M.logout() == ("BYE", [b"logging out"])


@pytest.mark.parametrize(
    "cls", [OwnSocket, OwnCreateSocket, OwnOpen, OwnOpenOfSocketOnly, OwnOpenWithSuper]
)
@pytest.mark.parametrize("options", [{}, {"timeout": 5}])
def test_connecting(serve: Serve, cls: type[IMAP4], options: dict[str, Any]) -> None:
    with connected(serve(mailbox), cls, **options) as M:
        assert M.read_fd == M.sock.fileno()
        check_session(M)
        assert M.sock.fileno() == -1


def test_open_gets_the_timeout(serve: Serve) -> None:
    with connected(serve(mailbox), OwnOpenOfSocketOnly, timeout=4) as M:
        assert M.timeout_seen == 4


@pytest.mark.parametrize("cls", [OwnSocketSSL, OwnCreateSocketSSL, OwnOpenSSL])
def test_connecting_with_tls(serve: Serve, tls: Contexts, cls: type[IMAP4_SSL]) -> None:
    with connected(serve(mailbox, tls=tls.server), cls, ssl_context=tls.client) as M:
        assert isinstance(M.sock, ssl.SSLSocket)
        check_session(M)


def test_create_socket_with_tls_and_the_default_context(serve: Serve, tls: Contexts) -> None:
    """``self.ssl_context`` is there although the user has given none."""
    with (
        pytest.raises(ssl.SSLCertVerificationError),
        connected(serve(mailbox, tls=tls.server), OwnCreateSocketSSL),
    ):
        pass


def test_a_socket_encrypted_by_hand(serve: Serve, tls: Contexts) -> None:
    class Own(OwnOpenWrappedByHand):
        context = tls.client

    with connected(serve(mailbox, tls=tls.server), Own) as M:
        check_session(M)


def test_an_open_that_fails_hides_nothing() -> None:
    """``shutdown`` of a subclass relies on what its ``open`` has set."""

    class Own(IMAP4):
        def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
            raise ConnectionRefusedError("mine")

        def shutdown(self) -> None:
            self.file.close()

    with pytest.raises(ConnectionRefusedError, match="mine"):
        Own()


@pytest.mark.parametrize("with_tls", [False, True])
def test_a_timeout_set_on_the_socket_is_one_for_answers(
    serve: Serve, tls: Contexts, with_tls: bool
) -> None:
    """As programs for imaplib set it; a connection that is quiet is none of its business."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.ok(peer.command("NOOP"))
        peer.command("NOOP")
        peer.hold()

    server = serve(script, tls=tls.server if with_tls else None)
    options: dict[str, Any] = {"ssl_context": tls.client} if with_tls else {}
    with connected(server, IMAP4_SSL if with_tls else IMAP4, **options) as M:
        M.sock.settimeout(0.25)
        reader_thread(M).join(0.5)
        M.sock.settimeout(10)
        assert M.noop() == ("OK", [b"done"])
        M.sock.settimeout(0.25)
        with pytest.raises(TimeoutError, match="NOOP"):
            M.noop()


def test_an_attribute_named_socket(serve: Serve) -> None:
    class Own(IMAP4):
        def __init__(self, *args: Any) -> None:
            self.socket = "mine"
            super().__init__(*args)

    with connected(serve(mailbox), Own) as M:
        assert M.socket == "mine"
        check_session(M)


def test_the_method_named_socket(serve: Serve) -> None:
    with connected(serve(mailbox)) as M:
        assert M.socket() is M.sock


# read, send and shutdown


class Counting:
    """Counts what passes; to be mixed into any class."""

    received = sent = shutdowns = 0

    def read(self, size: int) -> bytes:
        data: bytes = super().read(size)  # type: ignore[misc]
        assert len(data) <= size
        self.received += len(data)
        return data

    def send(self, data: bytes) -> None:
        assert isinstance(data, bytes)
        self.sent += len(data)
        super().send(data)  # type: ignore[misc]

    def shutdown(self) -> None:
        self.shutdowns += 1
        super().shutdown()  # type: ignore[misc]


class CountingPlain(Counting, IMAP4):
    pass


class CountingTLS(Counting, IMAP4_SSL):
    pass


class ReadOnlyOverridden(IMAP4):
    def read(self, size: int) -> bytes:
        return super().read(size)


class SendOnlyOverridden(IMAP4):
    def send(self, data: bytes) -> None:
        super().send(data)


class Historical(IMAP4):
    """``read`` and ``send`` as many subclasses have them, since imaplib2 2.x."""

    def read(self, size: int) -> bytes:
        if self.decompressor is None:
            return self.sock.recv(size)
        data = self.decompressor.unconsumed_tail or self.sock.recv(READ_SIZE)
        return self.decompressor.decompress(data, size)

    def send(self, data: bytes) -> None:
        if self.compressor is not None:
            data = self.compressor.compress(data)
            data += self.compressor.flush(zlib.Z_SYNC_FLUSH)
        self.sock.sendall(data)


class HistoricalTLS(IMAP4_SSL):
    read, send = Historical.read, Historical.send


PLAIN = [CountingPlain, ReadOnlyOverridden, SendOnlyOverridden, Historical]
SECURE = [CountingTLS, HistoricalTLS]


@pytest.mark.parametrize("cls", PLAIN)
def test_plain(serve: Serve, cls: type[IMAP4]) -> None:
    with connected(serve(mailbox), cls) as M:
        check_session(M)
        if cls is CountingPlain:
            assert M.received > len(MESSAGE) * 10_000 < M.sent
            assert M.shutdowns == 1


@pytest.mark.parametrize("cls", SECURE)
def test_tls(serve: Serve, tls: Contexts, cls: type[IMAP4_SSL]) -> None:
    server = serve(mailbox, tls=tls.server)
    with connected(server, cls, ssl_context=tls.client, timeout=5) as M:
        check_session(M)


def compressing(peer: Peer) -> None:
    mailbox(peer, capabilities=b"IMAP4rev1 LITERAL+ COMPRESS=DEFLATE")


@pytest.mark.parametrize("cls", PLAIN)
def test_compressed(serve: Serve, cls: type[IMAP4]) -> None:
    with connected(serve(compressing), cls, timeout=5) as M:
        M.login("a", "b")
        assert M.enable_compression()[0] == "OK"
        M.state = "NONAUTH"
        check_session(M)


@pytest.mark.parametrize("cls", SECURE)
def test_compressed_with_tls(serve: Serve, tls: Contexts, cls: type[IMAP4_SSL]) -> None:
    server = serve(compressing, tls=tls.server)
    with connected(server, cls, ssl_context=tls.client, timeout=5) as M:
        M.login("a", "b")
        assert M.enable_compression()[0] == "OK"
        M.state = "NONAUTH"
        check_session(M)


@pytest.mark.parametrize("cls", PLAIN)
def test_starttls(serve: Serve, tls: Contexts, cls: type[IMAP4]) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        peer.starttls(tls.server)
        peer.capability()
        mailbox(peer, greeting=b"* OK there is no second greeting, but this one means nothing")

    with connected(serve(script), cls, timeout=5) as M:
        assert M.starttls(ssl_context=tls.client) == ("OK", [None])
        check_session(M)


@pytest.mark.parametrize("size", [4096, 8192, 65536])
@pytest.mark.parametrize("cls", [CountingPlain, Historical])
def test_compressed_responses_that_just_fill_a_buffer(
    serve: Serve, cls: type[IMAP4], size: int
) -> None:
    with connected(serve(filling(size)), cls, timeout=2) as M:
        check_filled(M)


@pytest.mark.parametrize("size", [4096, 8192, 65536])
@pytest.mark.parametrize("cls", SECURE)
def test_compressed_responses_that_just_fill_a_buffer_with_tls(
    serve: Serve, tls: Contexts, cls: type[IMAP4_SSL], size: int
) -> None:
    server = serve(filling(size), tls=tls.server)
    with connected(server, cls, ssl_context=tls.client, timeout=2) as M:
        check_filled(M)


def filling(size: int) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"COMPRESS=DEFLATE")
        peer.deflate()
        for _ in range(3):
            command = peer.command("NOOP")
            reply = command.tag + b" OK "
            peer.send(reply + b"x" * (size - len(reply) - 2) + b"\r\n")
        peer.command("LOGOUT")
        peer.hold()

    return script


def check_filled(M: Any) -> None:
    M.enable_compression()
    for _ in range(3):
        assert M.noop()[0] == "OK"
    M._core.logout_timeout = 0.1
    with duration(0, 1):
        M.logout()


@pytest.mark.parametrize("cls", [CountingPlain, Historical])
def test_much_inflated_data(serve: Serve, cls: type[IMAP4]) -> None:
    """What is left in ``unconsumed_tail`` is read before the socket is waited for."""
    size = 5_000_000

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"COMPRESS=DEFLATE")
        peer.deflate()
        command = peer.command("NOOP")
        peer.send(
            b"* 1 FETCH (BODY[] {%d}\r\n" % size + bytes(size) + b")\r\n",
            command.tag + b" OK done\r\n",
        )
        peer.hold()

    with connected(serve(script), cls, timeout=5) as M:
        M.enable_compression()
        M.noop()
        assert len(M.response("FETCH")[1][0][1]) == size


@pytest.mark.parametrize("cls", [CountingPlain, Historical])
def test_compressed_data_in_pieces(serve: Serve, cls: type[IMAP4]) -> None:
    """Input that inflates to nothing yet is no end of file."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"COMPRESS=DEFLATE")
        peer.deflate()
        command = peer.command("NOOP")
        compressor = peer._compressor
        assert compressor is not None
        peer._compressor = None
        data = compressor.compress(b"* 4 EXISTS\r\n" + command.tag + b" OK done\r\n")
        peer.relax()
        peer.trickle(data + compressor.flush(zlib.Z_SYNC_FLUSH), interval=0.001)
        peer.hold()

    with connected(serve(script), cls, timeout=5) as M:
        M.enable_compression()
        assert M.noop() == ("OK", [b"done"])


@pytest.mark.parametrize("cls", [CountingPlain, Historical])
def test_data_right_behind_the_ok(serve: Serve, cls: type[IMAP4]) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"COMPRESS=DEFLATE")
        command = peer.command("COMPRESS")
        compressor = zlib.compressobj(wbits=-15)
        data = compressor.compress(b"* 4 EXISTS\r\n" * 1000)
        data += compressor.flush(zlib.Z_SYNC_FLUSH)
        peer.send(command.tag + b" OK active\r\n" + data)
        peer.start_deflate()
        peer._compressor = compressor
        agree(peer, "NOOP")

    with connected(serve(script), cls, timeout=5) as M:
        M.enable_compression()
        M.noop()
        assert M.response("EXISTS") == ("EXISTS", [b"4"] * 1000)


class Inflated:
    """A decompressor that notes the most that it has been asked for at once."""

    def __init__(self) -> None:
        self._decompressor = zlib.decompressobj(-15)
        self.most = 0

    def decompress(self, data: Any, size: int = 0) -> bytes:
        text = self._decompressor.decompress(data, size)
        self.most = max(self.most, len(text))
        return text

    def __getattr__(self, name: str) -> Any:
        return getattr(self._decompressor, name)


class Inflating(IMAP4):
    def start_compressing(self) -> None:
        super().start_compressing()
        self.decompressor = Inflated()


class CountingInflating(Counting, Inflating):
    pass


class HistoricalInflating(Inflating, Historical):
    pass


@pytest.mark.parametrize("cls", [Inflating, CountingInflating, HistoricalInflating])
def test_a_little_right_behind_the_ok_that_becomes_much(serve: Serve, cls: type[IMAP4]) -> None:
    """It is inflated by portions."""
    text = bytes(500_000)  # not so large that it is received in one go

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"COMPRESS=DEFLATE")
        command = peer.command("COMPRESS")
        compressor = zlib.compressobj(9, wbits=-15)
        data = compressor.compress(b"* 1 FETCH (X {%d}\r\n%s)\r\n" % (len(text), text) * 40)
        data += compressor.flush(zlib.Z_SYNC_FLUSH)
        peer.send(command.tag + b" OK active\r\n" + data)
        peer.start_deflate()
        peer._compressor = compressor
        agree(peer, "NOOP")

    with connected(serve(script), cls, timeout=5) as M:
        M.enable_compression()
        M.noop()
        assert [part[1] for part in M.response("FETCH")[1][::2]] == [text] * 40
        assert 0 < M.decompressor.most <= READ_SIZE


@pytest.mark.parametrize("cls", PLAIN)
def test_logout_on_a_silent_server(serve: Serve, cls: type[IMAP4]) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.hold()

    with connected(serve(script), cls) as M:
        M._core.logout_timeout = 0.1
        with duration(0.1, 1):
            assert M.logout()[0] == "BYE"
        wait_over(M)


@pytest.mark.parametrize("cls", PLAIN)
def test_the_end(serve: Serve, cls: type[IMAP4]) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.command("NOOP")
        peer.close()

    with connected(serve(script), cls) as M:
        problem = failure(M.noop)
        assert isinstance(problem, abort)
        assert str(problem).startswith("socket error: EOF")
        wait_over(M)


def test_methods_of_the_instance(serve: Serve) -> None:
    """Replaced after construction: too late for the threads, but nothing breaks."""
    with connected(serve(mailbox)) as M:
        M.read = M.read
        M.send = M.send
        check_session(M)


# A subclass without a socket


class Pipes(IMAP4):
    """A tunnel: sets nothing but ``read_fd``."""

    closed = 0

    def __init__(self, ends: tuple[int, int], **options: Any) -> None:
        self.ends = ends
        super().__init__("tunnel", **options)

    def open(self, host: str = "", port: int | None = None) -> None:
        self.read_fd, self.write_fd = self.ends

    def read(self, size: int) -> bytes:
        return os.read(self.read_fd, size)

    def send(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.write_fd, data) :]

    def shutdown(self) -> None:
        self.closed += 1
        if self.closed == 1:
            os.close(self.read_fd)
            os.close(self.write_fd)


class PipeServer:
    """Answers over two pipes, in a thread."""

    def __init__(self) -> None:
        client_read, self.write_fd = os.pipe()
        self.read_fd, client_write = os.pipe()
        self.client = (client_read, client_write)
        self._write(b"* PREAUTH [CAPABILITY IMAP4rev1 IDLE] ready\r\n")
        self._thread = Thread(self._serve)

    def close(self) -> None:
        self._thread.result()
        os.close(self.write_fd)
        os.close(self.read_fd)

    def _write(self, data: bytes) -> None:
        os.write(self.write_fd, data)

    def _serve(self) -> None:
        with os.fdopen(self.read_fd, "rb", closefd=False) as lines:
            for line in lines:
                tag, name = line.split()[:2]
                if name == b"SILENCE":
                    continue
                if name == b"IDLE":
                    self._write(b"+ idling\r\n* 4 EXISTS\r\n")
                    assert lines.readline() == b"DONE\r\n"
                if name == b"LOGOUT":
                    self._write(b"* BYE bye\r\n")
                self._write(tag + b" OK done\r\n")
                if name == b"LOGOUT":
                    return


@pytest.fixture
def pipes() -> Iterator[PipeServer]:
    server = PipeServer()
    yield server
    server.close()


def test_pipes(pipes: PipeServer) -> None:
    M = Pipes(pipes.client)
    assert M.sock is None
    assert M.socket() is None
    assert M.noop() == ("OK", [b"done"])
    assert M.idle(5) == ("OK", [b"done"])
    assert M.response("EXISTS") == ("EXISTS", [b"4"])
    assert M.logout() == ("BYE", [b"bye"])
    assert M.closed >= 1


def test_pipes_and_silence(pipes: PipeServer) -> None:
    M = Pipes(pipes.client, timeout=0.1)
    with duration(0.1, 1):
        assert isinstance(failure(M.xatom, "SILENCE"), TimeoutError)
        M.logout()
    wait_over(M)


def test_pipes_and_starttls(pipes: PipeServer) -> None:
    M = Pipes(pipes.client)
    M.capabilities = ("IMAP4REV1", "STARTTLS")
    with pytest.raises(error):
        M.starttls()
    assert M.noop() == ("OK", [b"done"])
    M.logout()


# Commands


def test_select_overridden(serve: Serve) -> None:
    """As offlineimap does it."""

    class Own(IMAP4):
        def select(  # type: ignore[override]
            self, mailbox: str = "INBOX", readonly: bool = False, force: bool = False
        ) -> Any:
            return super().select(mailbox, readonly)

    with connected(serve(mailbox), Own) as M:
        M.login("a", "b")
        assert M.select("INBOX", True) == ("OK", [b"3"])
        assert M.is_readonly
        assert M.select("INBOX", force=True) == ("OK", [b"3"])
        assert not M.is_readonly


def test_extenders(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(imaplib2.Commands, "XFOO", ("AUTH", "SELECTED"))
    monkeypatch.setitem(imaplib2.Commands, "XBAR", (("NONAUTH", "AUTH"), True))
    monkeypatch.setitem(imaplib2.Commands, "XLONE", "SELECTED")

    class Own(IMAP4):
        def xfoo(self, *args: str) -> Any:
            typ, data = self._simple_command("XFOO", *args)
            return self._untagged_response(typ, data, "XFOO")

    def script(peer: Peer) -> None:
        greet(peer)
        agree(peer, "XBAR")
        peer.login(b"[CAPABILITY IMAP4rev1] hello")
        command = peer.command("XFOO")
        assert command.words == [b"a", b"b c"]
        peer.untagged(b"XFOO one", b"XFOO two")
        peer.ok(command)
        command = peer.command("XFOO")
        peer.untagged(b"XFOO three")
        peer.no(command)
        command = peer.command("XFOO")
        peer.ok(command)

    with connected(serve(script), Own) as M:
        with pytest.raises(error, match="command XFOO illegal in state NONAUTH"):
            M.xfoo()
        with pytest.raises(error, match="command XLONE illegal in state NONAUTH"):
            M.xatom("XLONE")
        assert M.xatom("xbar") == ("OK", [b"done"])
        M.login("a", "b")
        assert M.xfoo("a", "b c") == ("OK", [b"one", b"two"])
        assert M.xfoo() == ("NO", [b"refused"])
        assert M._get_untagged_response("XFOO", leave=True) == [b"three"]
        assert M._get_untagged_response("XFOO") == [b"three"]
        assert not M._get_untagged_response("XFOO")
        assert M.xfoo() == ("OK", [None])


@pytest.mark.parametrize("cls", [IMAP4, type("Own", (IMAP4,), {})])
def test_a_patched_class(serve: Serve, monkeypatch: pytest.MonkeyPatch, cls: Any) -> None:
    """As programs do to see what is sent."""
    sent, send = [], IMAP4.send
    monkeypatch.setattr(IMAP4, "send", lambda self, data: (sent.append(data), send(self, data)))
    with connected(serve(mailbox), cls) as M:
        assert M.noop() == ("OK", [b"done"])
    assert b"".join(sent).endswith(b" NOOP\r\n")


class Proxied(IMAP4):
    """Speaks with a proxy first, through its file, as programs for imaplib do."""

    wrapped = False

    def open(self, host: Any = "", port: Any = None, timeout: float | None = None) -> None:
        self.host, self.port = host, port
        sock: Any = socket.create_connection((host, port))
        self.sock = Minimal(sock) if self.wrapped else sock
        self.file = self.sock.makefile("rb")
        self.sock.sendall(b"CONNECT imap.example.org:143 HTTP/1.1\r\n\r\n")
        while self.file.readline().strip():
            pass


class Minimal:
    """A socket with few methods."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.makefile, self.sendall, self.recv = sock.makefile, sock.sendall, sock.recv
        self.shutdown, self.close = sock.shutdown, sock.close

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_greeting_that_a_file_has_read_ahead(serve: Serve, wrapped: bool) -> None:
    def script(peer: Peer) -> None:
        assert peer.readline().startswith(b"CONNECT")
        assert peer.readline() == b""
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n")
        agree(peer, "NOOP")
        agree(peer, "NOOP")

    with connected(serve(script), type("Own", (Proxied,), {"wrapped": wrapped})) as M:
        assert M.noop() == ("OK", [b"done"])
        assert M.noop() == ("OK", [b"done"])


def test_a_second_init_with_a_file_of_the_first_socket(serve: Serve) -> None:
    class Own(IMAP4):
        def open(self, host: Any = "", port: Any = None, timeout: float | None = None) -> None:
            self.host, self.port = host, port
            if self.sock is None:
                self.sock = socket.create_connection((host, port))
                self.file = self.sock.makefile("rb")

    server = serve(mailbox)
    with connected(server, Own) as M:
        M.logout()
        M.__init__(server.host, server.port)
        assert M.noop() == ("OK", [b"done"])


def test_settings_that_ssl_wrap_socket_looks_at(serve: Serve, tls: Contexts) -> None:
    class Own(IMAP4):
        def ssl_wrap_socket(self) -> None:
            names = ("keyfile", "certfile", "ca_certs", "cert_verify_cb", "ssl_version")
            seen.append([getattr(self, name) for name in (*names, "tls_level")])
            super().ssl_wrap_socket()

    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        peer.starttls(tls.server)
        command = peer.command("CAPABILITY")
        peer.untagged(b"CAPABILITY IMAP4rev1")
        peer.ok(command)

    seen: list[Any] = []
    with connected(serve(script), Own) as M:
        M.starttls(ca_certs=tls.files.ca, tls_level="tls_secure")
        assert seen == [[None, None, tls.files.ca, None, "ssl23", "tls_secure"]]


def test_examine_is_a_select(serve: Serve) -> None:
    class Own(IMAP4):
        def select(self, mailbox: str = "INBOX", readonly: bool = False) -> Any:  # type: ignore[override]
            seen.append((mailbox, readonly))
            return super().select(mailbox, readonly)

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.select()

    seen: list[Any] = []
    with connected(serve(script), Own) as M:
        assert M.examine("x") == ("OK", [b"3"])
        assert M.is_readonly
    assert seen == [("x", True)]


class Xlist(IMAP4):
    def xlist(self, directory: str = '""', pattern: str = "*") -> Any:
        typ, data = self._simple_command("XLIST", directory, pattern)
        return self._untagged_response(typ, data, "XLIST")


class HistoricalXlist(IMAP4):
    def xlist(self, directory: str = '""', pattern: str = "*", **options: Any) -> Any:
        return self._simple_command(
            "XLIST", directory, pattern, untagged_response="XLIST", **options
        )


@pytest.mark.parametrize("cls", [Xlist, HistoricalXlist])
def test_xlist_as_gmail_s_users_add_it(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, cls: Any
) -> None:
    monkeypatch.setitem(imaplib2.Commands, "XLIST", imaplib2.Commands["LIST"])

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        for _ in range(2):
            command = peer.command("XLIST")
            peer.untagged(rb'XLIST (\HasNoChildren \Inbox) "/" "Inbox"')
            peer.ok(command)
        peer.no(peer.command("XLIST"))

    result, calls = ("OK", [rb'(\HasNoChildren \Inbox) "/" "Inbox"']), Calls()
    with connected(serve(script), cls) as M:
        assert M.xlist() == result
        if cls is Xlist:
            assert M.xlist() == result
        else:
            M.xlist(callback=calls, cb_arg=1)
            assert calls.next() == (result, 1, None)
        assert M.xlist() == ("NO", [b"refused"])


def test_a_raw_uid_command_in_the_wrong_state(serve: Serve) -> None:
    with connected(serve(mailbox)) as M:
        for call in (M._simple_command, M._command, M.xatom):
            M.literal = b"forgotten"
            text = str(failure(call, "UID", "SEARCH", "ALL"))
            assert text == "command UID illegal in state NONAUTH, only allowed in states SELECTED"
            assert M.literal is None
        text = str(failure(M.uid, "SEARCH", "ALL"))
        assert text.startswith("command SEARCH illegal in state NONAUTH")


def test_a_raw_uid_command_gets_its_own_data(serve: Serve) -> None:
    """Those of another thread, which asks for the same, wait."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.select()
        command = peer.command("UID SEARCH")
        first.set()
        peer.untagged(b"SEARCH 111")
        peer.ok(command)
        command = peer.command("SEARCH")
        peer.untagged(b"SEARCH 222")
        peer.ok(command)

    def search() -> Any:
        assert first.wait(SECONDS)
        return M.search(None, "ALL")

    first = threading.Event()
    with connected(serve(script)) as M:
        M.select()
        other = Thread(search)
        typ, data = M._simple_command("UID", "SEARCH", "ALL")
        assert M._untagged_response(typ, data, "SEARCH") == ("OK", [b"111"])
        assert other.result() == ("OK", [b"222"])


def test_command_and_command_complete(serve: Serve) -> None:
    with connected(serve(mailbox)) as M:
        tag = M._command("NOOP")
        assert M._command_complete("NOOP", tag) == ("OK", [b"done"])


def test_an_exception_class_of_a_subclass(serve: Serve) -> None:
    """Programs catch ``M.error`` and ``cls.error``, and derive from them."""

    class Own(IMAP4):
        class error(IMAP4.error):
            pass

        def login(self, user: str, password: str) -> Any:  # type: ignore[override]
            try:
                return super().login(user, password)
            except IMAP4.error as problem:
                raise self.error(f"no way: {problem}") from None

    def script(peer: Peer) -> None:
        greet(peer)
        peer.no(peer.command("LOGIN"))
        agree(peer, "NOOP")

    with connected(serve(script), Own) as M:
        with pytest.raises(Own.error, match="no way: refused"):
            M.login("a", "b")
        with pytest.raises(IMAP4.error):
            M.select()
        assert issubclass(M.abort, IMAP4.error)
        assert issubclass(M.readonly, M.abort)
        M.noop()


def test_upper_case(serve: Serve) -> None:
    with connected(serve(mailbox)) as M:
        assert M.NOOP() == ("OK", [b"done"])
        M.LOGIN("a", "b")
        assert M.SELECT() == ("OK", [b"3"])
        assert M.UID("SEARCH", "ALL") == ("OK", [b"1 2 3"])
        with pytest.raises(AttributeError):
            M.NOSUCH  # noqa: B018
        with pytest.raises(AttributeError):
            M.nosuch  # noqa: B018


# Debugging


def test_mesg_overridden(serve: Serve) -> None:
    lines: list[tuple[Any, ...]] = []

    class Own(IMAP4):
        def _mesg(self, s: str, tn: str | None = None, secs: float | None = None) -> None:
            assert isinstance(s, str)
            lines.append((s, tn, secs))

    shown = io.StringIO()
    with connected(serve(mailbox), Own, debug=4, debug_file=shown) as M:
        M.noop()
        M._log(1, "a line of mine")
        M._mesg("another")
    text = "\n".join(line[0] for line in lines)
    assert "NOOP" in text
    assert "a line of mine" in text
    assert "another" in text
    assert shown.getvalue() == ""


@pytest.mark.parametrize("count", [1, 2, 3, "any"])
def test_mesg_assigned(serve: Serve, count: int | str) -> None:
    """Functions of one argument, with those of imaplib or imaplib2, and the methods of loggers."""
    calls: list[tuple[Any, ...]] = []
    functions: dict[int | str, Any] = {
        1: lambda s: calls.append((s,)),
        2: lambda s, secs=None: calls.append((s, secs)),
        3: lambda s, tn=None, secs=None: calls.append((s, tn, secs)),
        "any": lambda msg, *args, **options: calls.append((msg, *args)),
    }
    with connected(serve(mailbox)) as M:
        M.debug = 5
        M._mesg = functions[count]
        M.noop()
    sent = next(call for call in calls if "NOOP" in call[0])
    assert len(sent) == (1 if count == "any" else count)
    if count == 2:
        assert sent[1] is None or isinstance(sent[1], float)


def test_mesg_of_the_class(serve: Serve) -> None:
    shown = io.StringIO()
    with connected(serve(mailbox), debug=4, debug_file=shown) as M:
        M._mesg("mine")
        M.noop()
    assert "mine" in shown.getvalue()
    assert "NOOP" in shown.getvalue()


def test_a_closed_debug_file_hurts_nobody(serve: Serve) -> None:
    shown = io.StringIO()
    with connected(serve(mailbox), debug=5, debug_file=shown) as M:
        shown.close()
        assert M.noop() == ("OK", [b"done"])


class Counting(socket.socket):
    """A socket that sends in its own way, as one does that encrypts."""

    sent = b""

    def send(self, data: Any, flags: int = 0) -> int:
        self.sent += bytes(data)
        return super().send(data, flags)


@pytest.mark.parametrize("timeout", [None, 5.0])
def test_what_is_sent_goes_through_the_socket_s_own_send(
    serve: Serve, timeout: float | None
) -> None:
    """A write to its descriptor would leave out what it does to the bytes."""

    class Client(IMAP4):
        def open_socket(self) -> socket.socket:
            plain = super().open_socket()
            sock = Counting(fileno=plain.detach())
            sock.settimeout(timeout)
            return sock

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        agree(peer, "NOOP")

    with connected(serve(script), Client, timeout=timeout) as M:
        M.noop()
        assert M.sock.sent.endswith(b" NOOP\r\n")
