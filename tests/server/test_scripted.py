"""The scripted server and the proxy do what scripts say, and hide no failure."""

from __future__ import annotations

import errno
import socket
import ssl
import struct
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import TypeAlias

import pytest

from .contexts import Contexts
from .scripted import (
    Command,
    Peer,
    PeerClosedError,
    Proxy,
    ScriptedServer,
    Session,
    StoppedError,
    mailbox,
)

Serve: TypeAlias = Callable[..., ScriptedServer]
MakeProxy: TypeAlias = Callable[..., Proxy]

LIMIT = 10.0


class Client:
    """A plain socket with line input."""

    def __init__(self, server: ScriptedServer | Proxy) -> None:
        self.sock = socket.create_connection((server.host, server.port), LIMIT)
        self.buffer = b""

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            self.buffer += self._some()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def ask(self, data: bytes) -> list[bytes]:
        """Send a command; return the lines up to its tagged response, or up to a `+`."""
        self.send(data)
        tag = data.split()[0] + b" "
        lines = [self.line()]
        while not lines[-1].startswith((tag, b"+")):
            lines.append(self.line())
        return lines

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        while len(self.buffer) < size:
            self.buffer += self._some()
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def rest(self) -> bytes:
        """Everything up to the end of file."""
        while data := self.sock.recv(65536):
            self.buffer += data
        data, self.buffer = self.buffer, b""
        return data

    def close(self) -> None:
        self.sock.close()

    def _some(self) -> bytes:
        data = self.sock.recv(65536)
        if not data:
            raise EOFError(self.buffer)
        return data


Connect: TypeAlias = Callable[[ScriptedServer | Proxy], Client]


@pytest.fixture
def connect() -> Iterator[Connect]:
    clients: list[Client] = []

    def start(server: ScriptedServer | Proxy) -> Client:
        clients.append(Client(server))
        return clients[-1]

    yield start
    for client in clients:
        client.close()


def reset(client: Client) -> None:
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def echo(peer: Peer) -> None:
    """Send every byte back until the client has sent FIN."""
    while True:
        try:
            peer.send(peer.read(1))
        except PeerClosedError:
            return


# Scripts and their failures


def test_plays_a_session(serve: Serve, connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.capability(b"IMAP4rev1 X")
        assert peer.login().words == [b"user", b"pass word"]
        peer.select(7)
        peer.no(peer.command("NOOP"))
        peer.bad(peer.command("NOOP", "CHECK"), b"[X] what")
        peer.serve_logout()

    client = connect(serve(script))
    assert client.line() == b"* OK ready"
    assert client.ask(b"a CAPABILITY\r\n") == [b"* CAPABILITY IMAP4rev1 X", b"a OK done"]
    assert client.ask(b'b login user "pass word"\r\n') == [b"b OK logged in"]
    assert b"* 7 EXISTS" in client.ask(b"c EXAMINE INBOX\r\n")
    assert client.ask(b"d NOOP\r\n") == [b"d NO refused"]
    assert client.ask(b"e CHECK\r\n") == [b"e BAD [X] what"]
    assert client.ask(b"f LOGOUT\r\n")[-1] == b"f OK done"
    assert client.rest() == b""


def test_every_connection_gets_the_script(serve: Serve, connect: Connect) -> None:
    server = serve(lambda peer: peer.line(b"%d" % peer.number))
    assert [connect(server).line() for _ in range(3)] == [b"0", b"1", b"2"]
    server.wait_connections(3)
    assert server.connections == 3


def test_serves_ipv6(connect: Connect) -> None:
    try:
        server = ScriptedServer(Peer.greet, host="::1")
    except OSError:
        pytest.skip("no IPv6 here")
    with server:
        assert connect(server).line() == b"* OK ready"


def test_a_failed_assertion_reaches_the_test(serve: Serve, connect: Connect) -> None:
    server = serve(lambda peer: peer.command("NOOP"))
    client = connect(server)
    client.send(b"a CHECK\r\n")
    with pytest.raises(AssertionError, match="NOOP expected, got b'a CHECK"):
        server.join()
    server.check()  # once is enough


def test_leaving_early_fails_the_script(connect: Connect) -> None:
    def session() -> None:
        with ScriptedServer(Peer.command) as server:
            client = connect(server)
            client.send(b"a NO")
            client.close()

    with pytest.raises(PeerClosedError, match="wanted a line and has b'a NO'"):
        session()


def test_an_unfinished_script_fails(connect: Connect) -> None:
    def session() -> None:
        with ScriptedServer(Peer.command) as server:
            connect(server)

    with pytest.raises(StoppedError, match="wanted a line"):
        session()


def test_the_test_s_own_exception_wins(connect: Connect) -> None:
    def session() -> None:
        with ScriptedServer(Peer.command) as server:
            connect(server)
            raise KeyError

    with pytest.raises(KeyError):
        session()


@pytest.mark.parametrize("leave", [Client.close, reset])
def test_a_relaxed_script_may_be_left(
    serve: Serve, connect: Connect, leave: Callable[[Client], None]
) -> None:
    server = serve(mailbox)
    client = connect(server)
    client.line()
    leave(client)
    server.join()


def test_waits_are_bounded(serve: Serve, connect: Connect) -> None:
    server = serve(lambda peer: peer.read(2), limit=0.05)
    client = connect(server)
    client.send(b"x")
    with pytest.raises(TimeoutError, match="wanted 2 bytes and has b'x'"):
        server.join()


def test_a_send_that_nobody_reads_is_bounded(serve: Serve, connect: Connect) -> None:
    server = serve(lambda peer: peer.send(bytes(64_000_000)), limit=0.1)
    connect(server)
    with pytest.raises(TimeoutError, match="the client did nothing in time"):
        server.join()


def test_hold_and_pause(serve: Serve, connect: Connect) -> None:
    go = threading.Event()

    def script(peer: Peer) -> None:
        peer.pause(go)
        peer.line(b"go")
        peer.hold()

    client = connect(serve(script))
    go.set()
    assert client.line() == b"go"


def test_a_pause_ends_with_the_test(connect: Connect) -> None:
    def session() -> None:
        with ScriptedServer(lambda peer: peer.pause(threading.Event())) as server:
            connect(server)

    with pytest.raises(StoppedError, match="did not set the event"):
        session()


def test_close_is_idempotent_and_ends_the_connections(connect: Connect) -> None:
    server = ScriptedServer(Peer.hold)
    client = connect(server)
    server.wait_connections(1)
    server.close()
    server.close()
    assert client.rest() == b""
    with pytest.raises(ConnectionRefusedError):
        connect(server)


# Commands


def test_reads_literals_and_asks_for_the_synchronising_ones(serve: Serve, connect: Connect) -> None:
    commands: list[Command] = []

    def script(peer: Peer) -> None:
        commands.append(peer.command("UID FETCH"))
        peer.ok(commands[0])

    client = connect(serve(script))
    client.send(b"a uid fetch {3}\r\n")
    assert client.line() == b"+ OK"
    client.send(b'\r\nx {2+}\r\n(y ("z)" (w)) "\\"" v\r\n')
    assert client.line() == b"a OK done"
    (command,) = commands
    assert (command.tag, command.name, command.pending) == (b"a", "UID FETCH", None)
    assert command.args == b'{3}\r\n\r\nx {2+}\r\n(y ("z)" (w)) "\\"" v'
    assert command.raw == b"a uid fetch " + command.args + b"\r\n"
    assert command.literals == (b"\r\nx", b"(y")
    assert command.words == [b"\r\nx", b"(y", b'("z)" (w))', b'"', b"v"]


def test_a_literal_can_be_refused_or_kept_waiting(serve: Serve, connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.no(peer.command("APPEND", continuation=None), b"[TRYCREATE] no")
        command = peer.command("APPEND", continuation=None)
        assert (command.pending, command.args) == (2, b"x {2}")
        peer.untagged(b"1 EXISTS")
        command = peer.complete(command, b"+ go on")
        assert (command.pending, command.literals) == (None, (b"yz",))
        peer.ok(command)

    client = connect(serve(script))
    assert client.ask(b"a APPEND x {2}\r\n") == [b"a NO [TRYCREATE] no"]
    assert client.ask(b"b APPEND x {2}\r\n") == [b"* 1 EXISTS", b"+ go on"]
    client.send(b"yz\r\n")
    assert client.line() == b"b OK done"


def test_refuses_what_makes_no_sense(serve: Serve, connect: Connect) -> None:
    def script(peer: Peer) -> None:
        for words in ('"a', "(a", "a)"):
            command = Command(b"a", "X", words.encode(), b"", ())
            with pytest.raises(AssertionError):
                print(command.words)
        with pytest.raises(AssertionError, match="no literal to come"):
            peer.complete(command)
        with pytest.raises(AssertionError, match="bare LF"):
            peer.readline()
        with pytest.raises(AssertionError, match="b'DONE' expected, got b'NOOP'"):
            peer.expect(b"DONE")

    client = connect(serve(script))
    client.send(b"a NOOP\nNOOP\r\n")
    assert client.rest() == b""


def test_data_goes_out_as_given(serve: Serve, connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.send(b"\0\r", b"\n")
        peer.trickle(b"abcdef", 4, 0.001)
        peer.untagged(b"1 EXISTS", b"0 RECENT")

    assert connect(serve(script)).rest() == b"\0\r\nabcdef* 1 EXISTS\r\n* 0 RECENT\r\n"


# Endings


def test_close_is_fin_even_when_something_is_unread(serve: Serve, connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.expect(b"a NOOP")
        peer.line(b"bye")
        peer.close()
        assert peer.wait_closed() == b"b NOOP\r\nc NOOP\r\n"

    server = serve(script)
    client = connect(server)
    client.send(b"a NOOP\r\nb NOOP\r\n")
    assert client.rest() == b"bye\r\n"
    client.send(b"c NOOP\r\n")
    client.close()
    server.join()


def test_reset_is_rst(serve: Serve, connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.expect(b"go")
        peer.reset()

    client = connect(serve(script))
    client.send(b"go\r\n")
    with pytest.raises(ConnectionResetError):
        client.rest()


def test_wait_closed_accepts_rst(serve: Serve, connect: Connect) -> None:
    server = serve(Peer.wait_closed)
    reset(connect(server))
    server.join()


# TLS and DEFLATE


def upgrade(client: Client, tls: Contexts) -> ssl.SSLSocket:
    sock = tls.client.wrap_socket(client.sock, server_hostname="localhost")
    client.sock = sock
    return sock


def test_implicit_tls(serve: Serve, connect: Connect, tls: Contexts) -> None:
    client = connect(serve(Peer.greet, tls=tls.server))
    upgrade(client, tls)
    assert client.rest() == b"* OK ready\r\n"


def test_a_refused_certificate_is_no_failure(serve: Serve, connect: Connect, tls: Contexts) -> None:
    server = serve(Peer.greet, tls=tls.server)
    with (
        closing(connect(server)) as client,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(client.sock, server_hostname="localhost")
    server.join()
    assert len(server.handshake_errors) == 1


def test_plain_text_to_a_tls_port_is_no_failure(
    serve: Serve, connect: Connect, tls: Contexts
) -> None:
    server = serve(Peer.greet, tls=tls.server)
    connect(server).send(b"a CAPABILITY\r\n")
    server.join()
    assert len(server.handshake_errors) == 1


_KNOWS_NO_CUT = (3, 11) <= sys.version_info < (3, 11, 4) and ssl.OPENSSL_VERSION_INFO >= (3,)


@pytest.mark.parametrize(("end", "clean"), [(Peer.close, True), (Peer.cut, False)])
def test_a_tls_connection_ends_with_or_without_close_notify(
    serve: Serve, connect: Connect, tls: Contexts, end: Callable[[Peer], None], clean: bool
) -> None:
    client = connect(serve(end, tls=tls.server))
    sock = tls.client.wrap_socket(
        client.sock, server_hostname="localhost", suppress_ragged_eofs=False
    )
    client.sock = sock
    if clean:
        assert sock.recv(1) == b""
    elif _KNOWS_NO_CUT:
        pytest.skip("this Python takes a cut for the end (python/cpython#95494)")
    else:
        with pytest.raises(ssl.SSLEOFError):
            sock.recv(1)


def test_starttls_and_deflate(serve: Serve, connect: Connect, tls: Contexts) -> None:
    def script(peer: Peer) -> None:
        peer.starttls(tls.server)
        peer.deflate()
        peer.ok(peer.command("NOOP"))

    client = connect(serve(script))
    assert client.ask(b"a STARTTLS\r\n") == [b"a OK begin TLS"]
    upgrade(client, tls)
    compressor = zlib.compressobj(wbits=-15)
    deflated = compressor.compress(b"c NOOP\r\n") + compressor.flush(zlib.Z_SYNC_FLUSH)
    client.send(b"b COMPRESS DEFLATE\r\n" + deflated)
    assert client.line() == b"b OK DEFLATE active"
    assert zlib.decompressobj(wbits=-15).decompress(client.rest()) == b"c OK done\r\n"


def test_starttls_refuses_early_data(serve: Serve, connect: Connect, tls: Contexts) -> None:
    server = serve(lambda peer: peer.starttls(tls.server))
    client = connect(server)
    client.send(b"a STARTTLS\r\nb NOOP\r\n")
    with pytest.raises(AssertionError, match="before its handshake"):
        server.join()


def test_the_test_may_send_while_the_script_reads(
    serve: Serve, connect: Connect, tls: Contexts
) -> None:
    count = 500

    def script(peer: Peer) -> None:
        for _ in range(count):
            peer.send(peer.read(1))

    def push() -> None:
        for _ in range(count):
            server.peers[0].send(b"x")

    server = serve(script, tls=tls.server)
    client = connect(server)
    upgrade(client, tls)
    pushing = threading.Thread(target=push)
    pushing.start()
    client.send(b"y" * (count - 1))
    pushing.join()
    client.send(b"y")
    assert sorted(client.rest()) == sorted(b"x" * count + b"y" * count)


# The ready-made session


def test_mailbox_session(serve: Serve, connect: Connect) -> None:
    messages = {5: b"Subject: one\r\n\r\nfirst", 9: b"Subject: two\r\n\r\nsecond"}
    mailboxes = {b"Sent items": {}}  # type: dict[bytes, dict[int, bytes]]
    client = connect(serve(partial(mailbox, messages=messages, mailboxes=mailboxes)))
    assert client.line().startswith(b"* OK [CAPABILITY IMAP4rev1")
    conversation = [
        (b"CAPABILITY", b"* CAPABILITY IMAP4rev1 "),
        (b"FETCH 1 FLAGS", b"1 BAD no mailbox is selected"),
        (b"LOGIN a b", b"2 OK done"),
        (b'LIST "" ""', rb'* LIST (\Noselect) "/" ""'),
        (b'LIST "" %', b'* LIST () "/" "Sent items"\r\n* LIST () "/" "INBOX"'),
        (b"LSUB Se *", b'* LSUB () "/" "Sent items"'),
        (b"STATUS INBOX (MESSAGES UIDNEXT)", b'* STATUS "INBOX" (MESSAGES 2 UIDNEXT 10)'),
        (b"SELECT nowhere", b"7 NO [TRYCREATE] no such mailbox"),
        (b"SELECT inbox", b"* 2 EXISTS"),
        (b"FETCH 1:* (FLAGS UID)", b"* 1 FETCH (FLAGS () UID 5)\r\n* 2 FETCH (FLAGS () UID 9)"),
        (b"FETCH 2 BODY[]", b"* 2 FETCH (BODY[] {22}\r\nSubject: two\r\n\r\nsecond)"),
        (b"FETCH * BODY.PEEK[TEXT]<1.3>", b"* 2 FETCH (BODY[TEXT]<1> {3}\r\neco)"),
        (b"FETCH 1 (BODY[HEADER] RFC822.SIZE)", b"{16}\r\nSubject: one\r\n\r\n RFC822.SIZE 21"),
        (
            b"FETCH 1 (INTERNALDATE RFC822)",
            b'INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822 {21}',
        ),
        (b"FETCH 1 X", b"14 BAD unknown item X"),
        (b"UID FETCH 9:* FLAGS", b"* 2 FETCH (FLAGS () UID 9)\r\n15 OK"),
        (rb"STORE 1 +FLAGS (\Seen \Deleted)", rb"* 1 FETCH (FLAGS (\Deleted \Seen))"),
        (rb"UID STORE 5 -FLAGS \Seen", rb"* 1 FETCH (FLAGS (\Deleted) UID 5)"),
        (rb"STORE 2 FLAGS.SILENT (\Seen)", b"18 OK done"),
        (b"SEARCH ALL", b"* SEARCH 1 2\r\n"),
        (b"UID SEARCH CHARSET UTF-8 (DELETED UNSEEN)", b"* SEARCH 5\r\n"),
        (b'SEARCH SUBJECT "TWO" NOT UID 5', b"* SEARCH 2\r\n"),
        (b"SEARCH 1 SEEN", b"* SEARCH\r\n"),
        (b"SEARCH X", b"23 BAD unknown search key X"),
        (b"APPEND INBOX (\\Seen) {3+}\r\nabc", b"* 3 EXISTS\r\n24 OK [APPENDUID 1 10] stored"),
        (b'COPY 2:3 "Sent items"', b"25 OK [COPYUID 1 9,10 1,2] done"),
        (b'MOVE 2 "Sent items"', b"* OK [COPYUID 1 9 3] done\r\n* 2 EXPUNGE\r\n26 OK done"),
        (b"UID COPY 77 INBOX", b"27 OK nothing to do"),
        (b"UID EXPUNGE 10", b"28 OK done"),
        (b"EXPUNGE", b"* 1 EXPUNGE\r\n29 OK done"),
        (b"STORE 1 +FLAGS (\\Deleted)", b"(FLAGS (\\Deleted))"),
        (b"CLOSE", b"31 OK"),
        (b"EXAMINE INBOX", b"* 0 EXISTS"),
        (b"FETCH 1:* FLAGS", b"33 OK"),
        (b"STORE 1 FLAGS ()", b"34 NO read-only"),
        (b"UNSELECT", b"35 OK"),
        (b"CREATE New", b"36 OK"),
        (b"RENAME New Newer", b"37 OK"),
        (b"DELETE Newer", b"38 OK"),
        (b"ENABLE X", b"* ENABLED X"),
        (b"ID NIL", b"* ID ("),
        (b"NAMESPACE", b"* NAMESPACE (("),
        (b"AUTHENTICATE PLAIN eA==", b"42 OK"),
        (b"XYZZY", b"43 BAD unknown command"),
    ]
    for number, (command, expected) in enumerate(conversation):
        lines = client.ask(b"%d %s\r\n" % (number, command))
        assert expected in b"\r\n".join(lines) + b"\r\n", command
    client.send(b"x AUTHENTICATE PLAIN\r\n")
    assert client.line() == b"+ "
    client.send(b"eA==\r\n")
    assert client.line() == b"x OK done"


def test_mailbox_idle_and_overrides(serve: Serve, connect: Connect) -> None:
    def noop(session: Session, command: Command) -> None:
        session.peer.no(command, b"not today")

    server = serve(partial(mailbox, capabilities=b"IMAP4rev1 IDLE", handlers={"NOOP": noop}))
    client = connect(server)
    assert client.line() == b"* OK [CAPABILITY IMAP4rev1 IDLE] ready"
    assert client.ask(b"a NOOP\r\n") == [b"a NO not today"]
    assert client.ask(b"b IDLE\r\n") == [b"+ idling"]
    server.peers[0].untagged(b"4 EXISTS")
    assert client.line() == b"* 4 EXISTS"
    client.send(b"DONE\r\n")
    assert client.line() == b"b OK done"
    assert client.ask(b"c COMPRESS DEFLATE\r\n") == [b"c OK done"]


def test_mailbox_logout(serve: Serve, connect: Connect) -> None:
    client = connect(serve(partial(mailbox, greeting=b"* PREAUTH hello")))
    assert client.line() == b"* PREAUTH hello"
    client.send(b"a LOGOUT\r\n")
    assert client.rest() == b"* BYE logging out\r\na OK done\r\n"


# The proxy


def test_the_proxy_passes_everything_on(serve: Serve, proxy: MakeProxy, connect: Connect) -> None:
    data = bytes(range(256)) * 20_000

    def script(peer: Peer) -> None:
        assert peer.wait_closed() == data
        peer.send(data)

    through = proxy(serve(script))
    client = connect(through)
    client.send(data)
    client.sock.shutdown(socket.SHUT_WR)
    assert client.rest() == data
    assert through.connections == 1
    assert through.to_server.received == through.to_client.received == len(data)


def test_the_proxy_delays_without_losing_throughput(
    serve: Serve, proxy: MakeProxy, connect: Connect
) -> None:
    client = connect(proxy(serve(echo), delay=0.1))
    started = time.monotonic()
    client.send(b"x")
    assert client.sock.recv(1) == b"x"
    assert 0.2 <= time.monotonic() - started < 1
    size = 2_000_000
    bulk = connect(proxy(serve(lambda peer: peer.send(bytes(size))), delay=0.1))
    started = time.monotonic()
    assert len(bulk.rest()) == size
    assert 0.1 <= time.monotonic() - started < 1


def test_one_direction_can_be_delayed(serve: Serve, proxy: MakeProxy, connect: Connect) -> None:
    through = proxy(serve(Peer.greet))
    through.to_client.delay = 0.1
    assert (through.to_client.delay, through.to_server.delay) == (0.1, 0)
    started = time.monotonic()
    assert connect(through).rest() == b"* OK ready\r\n"
    assert time.monotonic() - started >= 0.1


def test_the_proxy_cuts_with_fin(serve: Serve, proxy: MakeProxy, connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        assert peer.wait_closed() == b""

    through = proxy(serve(script))
    through.to_client.cut_after(4)
    assert connect(through).rest() == b"* OK"


def test_the_proxy_cuts_with_rst(serve: Serve, proxy: MakeProxy, connect: Connect) -> None:
    received: list[bytes] = []
    server = serve(lambda peer: received.append(peer.wait_closed()))
    through = proxy(server)
    through.to_server.cut_after(4, reset=True)
    client = connect(through)
    client.send(b"a LOGIN")
    with pytest.raises(ConnectionResetError):
        client.rest()
    server.join()
    # An RST lets the receiver lose what it has not read yet.
    assert b"a LO".startswith(received[0])


@pytest.mark.parametrize("rst", [False, True])
def test_the_proxy_cuts_at_once(
    serve: Serve, proxy: MakeProxy, connect: Connect, rst: bool
) -> None:
    server = serve(Peer.wait_closed)
    through = proxy(server)
    client = connect(through)
    server.wait_connections(1)
    through.cut(reset=rst)
    if rst:
        with pytest.raises(ConnectionResetError):
            client.rest()
    else:
        assert client.rest() == b""
    client.close()
    server.join()


def test_the_proxy_stalls_and_resumes(serve: Serve, proxy: MakeProxy, connect: Connect) -> None:
    through = proxy(serve(echo))
    through.to_client.stall_after(2)
    client = connect(through)
    client.send(b"abcd")
    assert client.take(2) == b"ab"
    client.sock.settimeout(0.05)
    with pytest.raises(TimeoutError):
        client.sock.recv(1)
    client.sock.settimeout(LIMIT)
    through.to_client.resume()
    assert client.take(2) == b"cd"


def test_a_stalled_direction_fills_up(serve: Serve, proxy: MakeProxy, connect: Connect) -> None:
    through = proxy(serve(Peer.wait_closed))
    through.to_server.stall()
    client = connect(through)
    client.sock.settimeout(0.1)
    with pytest.raises(TimeoutError):
        client.send(bytes(64_000_000))


def test_the_proxy_corrupts(serve: Serve, proxy: MakeProxy, connect: Connect) -> None:
    through = proxy(serve(echo))
    through.to_server.corrupt(1, 0x20)
    through.to_client.corrupt(2, 0x01)
    client = connect(through)
    client.send(b"abcd")
    client.sock.shutdown(socket.SHUT_WR)
    assert client.rest() == b"aBbd"


@pytest.mark.parametrize("size", [1, 6])
def test_the_proxy_swallows(serve: Serve, proxy: MakeProxy, connect: Connect, size: int) -> None:
    def script(peer: Peer) -> None:
        for start in range(0, 6, size):
            peer.send(b"abcdef"[start : start + size])

    through = proxy(serve(script))
    through.to_client.omit(1, 2)
    through.to_client.omit(4, 1)
    through.to_client.corrupt(5, 0x20)
    assert connect(through).rest() == b"adF"


@pytest.mark.usefixtures("_filters")
def test_the_proxy_loses_packets(serve: Serve, proxy: MakeProxy, connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.relax()
        peer.expect(b"nothing")

    server = serve(script)
    through = proxy(server)
    client = connect(through)
    assert client.line() == b"* OK ready"
    through.black_hole()
    server.peers[0].untagged(b"lost, too")
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 100)
    client.send(b"lost\r\n")
    with pytest.raises(TimeoutError, match=r"timed out") as caught:  # nobody acknowledges it
        client.rest()
    assert caught.value.errno == errno.ETIMEDOUT


def test_the_proxy_resets_when_nobody_listens(proxy: MakeProxy, connect: Connect) -> None:
    with ScriptedServer(Peer.greet) as server:
        through = proxy(server)
    with pytest.raises(ConnectionResetError):  # it may come before connect() has returned
        connect(through).rest()


def test_the_proxy_passes_rst_on(serve: Serve, proxy: MakeProxy, connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.expect(b"go")
        peer.reset()

    client = connect(proxy(serve(script)))
    client.send(b"go\r\n")
    with pytest.raises(ConnectionResetError):
        client.rest()


def test_closing_the_proxy_closes_its_connections(
    serve: Serve, proxy: MakeProxy, connect: Connect
) -> None:
    server = serve(Peer.wait_closed)
    through = proxy(server)
    client = connect(through)
    server.wait_connections(1)
    through.close()
    through.close()
    assert client.rest() == b""
