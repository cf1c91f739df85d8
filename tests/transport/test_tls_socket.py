"""An SSLSocket that two threads may use: it seems to block, and never does within OpenSSL."""

from __future__ import annotations

import errno
import os
import ssl
import threading
from collections.abc import Callable
from typing import Any

import pytest

from imaplib2._mutex import Reentered
from imaplib2._transport import tls_socket
from imaplib2._transport.hands import buffered, put_into_hands
from imaplib2._transport.tls_socket import ConcurrentSSLSocket, adopt

from .helpers import FakeHands, TLSPeer, is_over

RECORD = 16 * 1024


@pytest.fixture
def sock(peer: TLSPeer) -> ConcurrentSSLSocket:
    return adopt(peer.sock)


def fill(sock: ConcurrentSSLSocket) -> int:
    """Send until nothing more is taken; the number of bytes."""
    size = 0
    while sent := sock.send_now(bytes(100_000)):
        size += sent
    return size


def received(sock: ConcurrentSSLSocket) -> memoryview:
    """What comes next, as the reader receives it."""
    buffer = memoryview(bytearray(100))
    size = sock.receive_some(buffer)
    assert size is not None
    return buffer[:size]


# -- What it is ----------------------------------------------------------------------------------


def test_it_is_the_socket_itself(peer: TLSPeer) -> None:
    peer.sock.settimeout(7)
    made = adopt(peer.sock)
    assert made is peer.sock
    assert type(made) is ConcurrentSSLSocket
    assert made.gettimeout() == made.timeout == 7
    assert adopt(made) is made
    assert made.gettimeout() == 7


def test_a_socket_of_another_class_keeps_its_methods(peer: TLSPeer) -> None:
    class Own(ssl.SSLSocket):
        def cipher(self) -> Any:
            return "mine"

    peer.sock.__class__ = Own
    made = adopt(peer.sock)
    assert isinstance(made, ConcurrentSSLSocket)
    assert (type(made).__name__, made.cipher()) == ("Own", "mine")


def test_for_the_system_it_never_blocks_whatever_its_users_set(sock: ConcurrentSSLSocket) -> None:
    seen = []
    for change in (
        lambda: sock.settimeout(3),
        lambda: sock.settimeout(None),
        lambda: sock.setblocking(False),
        lambda: sock.setblocking(True),
    ):
        change()
        assert not os.get_blocking(sock.fileno())
        seen.append((sock.gettimeout(), sock.timeout))
    assert seen == [(3, 3), (None, None), (0.0, 0.0), (None, None)]


# -- Reading -------------------------------------------------------------------------------------


def test_it_is_read_as_any_socket(peer: TLSPeer, sock: ConcurrentSSLSocket) -> None:
    peer.say(b"abcdefghi")
    assert sock.recv(2) == b"ab"
    assert sock.pending() == 7
    buffer = bytearray(3)
    assert (sock.recv_into(buffer), buffer) == (3, b"cde")
    assert (sock.recv_into(buffer, 1), buffer) == (1, b"fde")
    assert (sock.read(2, buffer), buffer) == (2, b"ghe")
    assert sock.read() == b"i"


def test_a_user_waits_as_long_as_the_time_out_allows(sock: ConcurrentSSLSocket) -> None:
    sock.settimeout(0.01)
    with pytest.raises(TimeoutError, match="timed out"):
        sock.recv(1)
    sock.settimeout(0)
    with pytest.raises(ssl.SSLWantReadError):
        sock.recv(1)


def test_it_waits_without_the_lock(peer: TLSPeer, sock: ConcurrentSSLSocket) -> None:
    got: list[bytes] = []
    reading = threading.Thread(target=lambda: got.append(sock.recv(10)), daemon=True)
    reading.start()
    assert sock._lock.is_free(5)
    assert sock.send_now(b"meanwhile") == 9
    peer.say(b"at last")
    reading.join(5)
    assert got == [b"at last"]
    assert peer.received() == b"meanwhile"


@pytest.mark.parametrize(("ours", "got"), [(True, b"late"), (False, None)])
def test_a_thread_of_the_connection_waits_out_a_user_s_time_out(
    monkeypatch: pytest.MonkeyPatch,
    peer: TLSPeer,
    sock: ConcurrentSSLSocket,
    hands: FakeHands,
    ours: bool,
    got: bytes | None,
) -> None:
    def wait_for(sock: Any, timeout: float | None = None, *, reading: bool) -> bool:
        waits.append(timeout)
        peer.say(b"late")
        return True

    waits: list[float | None] = []
    monkeypatch.setattr(tls_socket, "wait_for", wait_for)
    put_into_hands(sock, hands)
    hands.serves, hands.ours = False, ours
    sock.setblocking(False)
    if got is None:
        with pytest.raises(ssl.SSLWantReadError):
            sock.recv(10)
    else:
        assert sock.recv(10) == got
    assert waits == [None] * ours


def test_some_is_received_when_something_has_come(peer: TLSPeer, sock: ConcurrentSSLSocket) -> None:
    buffer = memoryview(bytearray(100))
    assert sock.receive_some(buffer, wait=False) is None
    peer.say(b"first")
    peer.say(b"second")
    assert (sock.receive_some(buffer), bytes(buffer[:5])) == (5, b"first")
    assert (sock.receive_some(buffer, wait=False), bytes(buffer[:6])) == (6, b"second")


def test_a_part_of_a_record_is_nothing_yet(
    monkeypatch: pytest.MonkeyPatch, peer: TLSPeer, sock: ConcurrentSSLSocket
) -> None:
    """The reader hears of it all the same: the server isn't silent."""

    def wait_for(sock: Any, *, reading: bool) -> bool:
        peer.theirs.sendall(parts.pop(0))
        return True

    monkeypatch.setattr(tls_socket, "wait_for", wait_for)
    buffer = memoryview(bytearray(100))
    record = peer.records(b"whole")
    parts = [record[:3], record[3:-1], record[-1:]]
    assert [sock.receive_some(buffer) for _ in range(3)] == [None, None, 5]
    assert bytes(buffer[:5]) == b"whole"
    parts = [record]
    assert sock.receive_some(buffer, wait=False) is None
    assert parts


@pytest.mark.parametrize(
    ("room", "sizes"),
    [
        (100_000, [3 * RECORD + 5]),
        (2 * RECORD, [2 * RECORD, RECORD + 5]),
        # No record is taken apart for what little room is left.
        (RECORD + 100, [RECORD, RECORD, RECORD, 5]),
        (RECORD, [RECORD] * 3),
    ],
)
def test_whole_records_are_received_together(
    peer: TLSPeer, sock: ConcurrentSSLSocket, room: int, sizes: list[int]
) -> None:
    data = os.urandom(3 * RECORD + 5)
    for start in range(0, len(data), RECORD):
        peer.say(data[start : start + RECORD])
    buffer, got = memoryview(bytearray(room)), b""
    for size in sizes:
        assert sock.receive_some(buffer, wait=False) == size
        got += buffer[:size]
    assert got == data[: len(got)]


@pytest.mark.parametrize("room", [100_000, RECORD])
def test_what_goes_wrong_behind_a_record_is_told_when_it_is_read_for(
    peer: TLSPeer, sock: ConcurrentSSLSocket, room: int
) -> None:
    """OpenSSL tells it once; after that, it looks as if the peer had closed the connection."""
    peer.say(bytes(RECORD))
    peer.theirs.sendall(b"this is no record")
    buffer = memoryview(bytearray(room))
    assert sock.receive_some(buffer) == RECORD
    # To whoever waits for the descriptor unless something is pending.
    assert bool(sock.pending()) is (sock._problem is not None)
    # Else the socket, and the buffer, would wait for the collector of cycles.
    assert sock._problem is None or sock._problem.__traceback__ is None
    with pytest.raises(ssl.SSLError, match=r"version|record"):
        sock.receive_some(buffer)
    assert sock._problem is None
    assert sock.pending() == 0


def test_the_end_of_file(peer: TLSPeer, sock: ConcurrentSSLSocket) -> None:
    peer.say(bytes(RECORD))
    peer.say_goodbye()
    buffer = memoryview(bytearray(100_000))
    assert sock.receive_some(buffer) == RECORD
    assert sock.receive_some(buffer) == 0
    assert sock.recv(1) == b""


def test_an_end_without_a_goodbye(peer: TLSPeer, sock: ConcurrentSSLSocket) -> None:
    peer.say(bytes(RECORD))
    peer.theirs.close()
    buffer = memoryview(bytearray(100_000))
    assert sock.receive_some(buffer) == RECORD
    assert is_over(lambda: sock.receive_some(buffer))
    assert is_over(lambda: sock.recv(1))


# -- Writing -------------------------------------------------------------------------------------


def test_it_is_written_as_any_socket(peer: TLSPeer, sock: ConcurrentSSLSocket) -> None:
    assert sock.send(b"a") == 1
    assert sock.write(memoryview(b"bc")) == 2
    sock.sendall(bytearray(b"def"))
    assert sock.send_now(b"g") == sock.send_within(b"h", 1) == 1
    sock.sendall(b"")
    assert peer.received() == b"abcdefgh"


def test_a_peer_that_takes_no_more(peer: TLSPeer, sock: ConcurrentSSLSocket) -> None:
    size = fill(sock)
    # What OpenSSL was asked to send, it has to be asked for again.
    rest = bytes(100_000)
    assert sock.send_within(rest, 0.01) == 0
    sock.settimeout(0.01)
    for call in (sock.send, sock.sendall):
        with pytest.raises(TimeoutError, match="timed out"):
            call(rest)
    got = peer.received()
    assert len(got) >= size
    sock.settimeout(5)
    assert sock.send(rest) > 0
    assert peer.received().strip(b"\0") == b""


def test_all_is_sent_in_as_many_parts_as_it_takes(peer: TLSPeer, sock: ConcurrentSSLSocket) -> None:
    data = os.urandom(1_000_000)
    sending = threading.Thread(target=sock.sendall, args=(data,), daemon=True)
    sending.start()
    got = b""
    while len(got) < len(data):
        assert sending.is_alive() or peer.take()
        got += peer.received()
    sending.join(5)
    assert got == data


def test_a_key_update_is_waited_for_a_moment_only(
    monkeypatch: pytest.MonkeyPatch, peer: TLSPeer, sock: ConcurrentSSLSocket
) -> None:
    """The reading thread takes it, and leaves nothing to wait for."""

    def write(data: Any) -> int:
        if not waits:
            raise ssl.SSLWantReadError
        return len(data)

    def wait_for(sock: Any, timeout: float | None, *, reading: bool) -> bool:
        waits.append((timeout, reading))
        return False

    waits: list[Any] = []
    monkeypatch.setattr(sock, "_write", write, raising=False)
    monkeypatch.setattr(tls_socket, "wait_for", wait_for)
    for timeout, patience in ((None, 0.1), (60, 0.1), (0.01, 0.01)):
        waits.clear()
        assert sock.send_within(b"x", timeout) == 1
        assert waits == [(patience, True)]


@pytest.mark.parametrize("read", [lambda sock: sock.recv(3), lambda sock: bytes(received(sock))])
def test_a_read_that_has_to_send_first_waits_for_room(
    monkeypatch: pytest.MonkeyPatch,
    peer: TLSPeer,
    sock: ConcurrentSSLSocket,
    read: Callable[[ConcurrentSSLSocket], bytes],
) -> None:
    """Such as the answer to a key update."""

    class Busy:
        """What OpenSSL has; the first read finds no room."""

        def __init__(self, tls_object: Any) -> None:
            self._object = tls_object

        def read(self, *arguments: Any) -> Any:
            if not waits:
                raise ssl.SSLWantWriteError(ssl.SSL_ERROR_WANT_WRITE, "no room")
            return self._object.read(*arguments)

    def wait_for(sock: Any, timeout: float | None = None, *, reading: bool) -> bool:
        waits.append(reading)
        return True

    waits: list[bool] = []
    peer.say(b"abc")
    busy: Any = Busy(sock._sslobj)  # type: ignore[attr-defined]
    monkeypatch.setattr(sock, "_sslobj", busy)
    monkeypatch.setattr(tls_socket, "wait_for", wait_for)
    assert read(sock) == b"abc"
    assert waits == [False]


# -- The lock ------------------------------------------------------------------------------------


def test_openssl_works_under_the_lock_alone(
    monkeypatch: pytest.MonkeyPatch, peer: TLSPeer, sock: ConcurrentSSLSocket
) -> None:
    class Watched:
        """What OpenSSL has; each use of it is noted."""

        def __init__(self, tls_object: Any) -> None:
            self._object = tls_object

        def __getattr__(self, name: str) -> Any:
            owned.append((name, sock._lock.is_owned()))
            return getattr(self._object, name)

    owned: list[tuple[str, bool]] = []
    watched: Any = Watched(sock._sslobj)  # type: ignore[attr-defined]
    monkeypatch.setattr(sock, "_sslobj", watched)
    peer.say(b"abc" * RECORD)
    sock.recv(1)
    sock.receive_some(memoryview(bytearray(3 * RECORD)))
    sock.pending()
    assert sock.getpeercert(binary_form=True)
    assert sock.getpeercert() == sock.getpeercert(False)
    assert sock.get_channel_binding() == sock.get_channel_binding("tls-unique")
    for send in (sock.send, sock.sendall, sock.send_now):
        send(b"x")
    sock.send_within(b"x", None)
    peer.say_goodbye()
    while sock.recv(100_000):
        pass
    sock.unwrap()
    looked_at = {"getpeercert", "get_channel_binding"}
    assert {name for name, _ in owned} == {"read", "write", "pending", "shutdown"} | looked_at
    assert all(is_owned for _, is_owned in owned)


def test_what_interrupts_openssl_is_not_let_in(sock: ConcurrentSSLSocket) -> None:
    """A finalizer, or a signal handler, in the thread that holds the lock."""
    for call in (sock.pending, lambda: sock.recv(1), lambda: sock.send(b"x")):
        with pytest.raises(Reentered):
            sock._lock.run(call)


# -- The end -------------------------------------------------------------------------------------


def test_a_shutdown_ends_the_traffic_and_not_tls(peer: TLSPeer, sock: ConcurrentSSLSocket) -> None:
    sock.shutdown(2)
    with pytest.raises(OSError, match=r"."):
        sock.send(b"secret")
    assert peer.theirs.recv(100) == b""
    assert is_over(lambda: sock.recv(1))


def test_behind_the_end_of_tls_nothing_is_sent_in_plain_text(
    peer: TLSPeer, sock: ConcurrentSSLSocket
) -> None:
    peer.say_goodbye()
    assert sock.recv(1) == b""
    below = sock.unwrap()
    peer.take()
    for call in (
        lambda: sock.send(b"secret"),
        lambda: sock.sendall(b"secret"),
        lambda: sock.send_now(b"secret"),
        lambda: sock.recv(1),
        lambda: sock.receive_some(memoryview(bytearray(1))),
    ):
        with pytest.raises(OSError, match="TLS was left") as caught:
            call()
        assert caught.value.errno == errno.ENOTCONN
    assert not peer.take()
    below.close()


# -- Its users -----------------------------------------------------------------------------------


def test_hands_serve_its_users(peer: TLSPeer, sock: ConcurrentSSLSocket, hands: FakeHands) -> None:
    put_into_hands(sock, hands)
    sock.settimeout(5)
    peer.say(b"not this")
    assert sock.recv(3) == b"an "
    assert sock.read(0) == b""
    buffer = bytearray(4)
    assert (sock.recv_into(buffer), buffer) == (4, b"answ")
    assert (sock.read(1, buffer), buffer) == (1, b"ensw")
    with pytest.raises(ValueError, match="negative"):
        sock.read(-1)
    sock.send(b"x")
    sock.sendall(b"y")
    assert hands.calls == [
        *[("before", b"x", 5), ("wrote", b"x"), ("before", b"y", 5), ("wrote", b"y")]
    ]
    hands.sends = False
    sock.sendall(b"DONE\r\n")
    assert sock.write(b"DONE\r\n") == 6
    assert peer.received() == b"xy"
    file = sock.makefile("rb")
    assert buffered(file, sock) == b""
    file.close()


def test_what_hands_can_not_do_at_once_is_told_as_an_sslsocket_tells_it(
    sock: ConcurrentSSLSocket, hands: FakeHands
) -> None:
    def block(*arguments: Any) -> Any:
        raise BlockingIOError

    hands.receive = hands.before_writing = block  # type: ignore[method-assign]
    put_into_hands(sock, hands)
    for read in (lambda: sock.recv(1), lambda: sock.recv_into(bytearray(1))):
        with pytest.raises(ssl.SSLWantReadError):
            read()
    for write in (sock.send, sock.sendall):
        with pytest.raises(ssl.SSLWantWriteError):
            write(b"x")
