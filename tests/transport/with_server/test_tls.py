"""TLS, from the start and by STARTTLS: verification, contexts, refusals, attacks, traffic."""

from __future__ import annotations

import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL, TLS_COMPAT, TLS_NO_SSL, TLS_SECURE
from imaplib2._transport.tls_settings import TLSSettings
from imaplib2._transport.tls_socket import ConcurrentSSLSocket, adopt

from ...live.helpers import wait_until
from ...server.contexts import Contexts
from ...server.helpers import (
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
from ...server.scripted import Peer, ScriptedServer, mailbox

pytestmark = pytest.mark.timeout(30)


def handshaking(context: ssl.SSLContext) -> Callable[[Peer], None]:
    """A script for STARTTLS that bears a client which doesn't like the certificate."""

    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS BEFORE")
        peer.relax()
        try:
            peer.starttls(context)
        except OSError:
            return
        peer.capability(b"IMAP4rev1 BEHIND")
        agree(peer, "NOOP")
        peer.serve_logout()

    return script


def open_both(serve: Serve, tls: Contexts) -> list[tuple[str, Callable[..., Any]]]:
    """The two ways to TLS, with the same arguments."""

    def implicit(host: str = "127.0.0.1", **options: Any) -> Any:
        server = serve(mailbox, tls=tls.server, host=host)
        return connected(server, IMAP4_SSL, **options)

    def starttls(host: str = "127.0.0.1", **options: Any) -> Any:
        server = serve(handshaking(tls.server), host=host)
        return Upgraded(server, **options)

    return [("implicit", implicit), ("starttls", starttls)]


class Upgraded:
    """A connection that has done STARTTLS."""

    def __init__(self, server: ScriptedServer, *args: Any, **options: Any) -> None:
        self.args, self.options = args, options
        self.M = IMAP4(server.host, server.port)

    def __enter__(self) -> Any:
        try:
            assert self.M.starttls(*self.args, **self.options) == ("OK", [None])
        except BaseException:
            wait_over(self.M)
            raise
        return self.M

    def __exit__(self, *_: object) -> None:
        self.M.shutdown()


@pytest.fixture(params=["implicit", "starttls"])
def secure(request: pytest.FixtureRequest, serve: Serve, tls: Contexts) -> Callable[..., Any]:
    return dict(open_both(serve, tls))[request.param]


def test_it_works(secure: Callable[..., Any], tls: Contexts) -> None:
    with secure(ssl_context=tls.client) as M:
        assert isinstance(M.sock, ssl.SSLSocket)
        assert M.read_fd == M.sock.fileno()
        assert M.noop() == ("OK", [b"done"])
        assert M.logout()[0] == "BYE"


def test_ca_certs(secure: Callable[..., Any], tls: Contexts) -> None:
    with secure(ca_certs=str(tls.files.ca)) as M:
        assert M.noop() == ("OK", [b"done"])


def test_an_unknown_authority_is_refused(secure: Callable[..., Any]) -> None:
    with pytest.raises(ssl.SSLCertVerificationError), secure():
        pass


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exceptions have no notes")
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_a_refused_certificate_has_a_note_that_says_what_to_do(
    secure: Callable[..., Any], tls: Contexts, host: str
) -> None:
    options = {"ssl_context": tls.client} if host == "127.0.0.2" else {}
    with (
        pytest.raises(ssl.SSLCertVerificationError) as caught,
        secure(host=host, **options),
    ):
        pass
    (note,) = caught.value.__notes__
    for way in ("ca_certs=", "SSL_CERT_FILE", "ssl_context=", "cert_verify_cb="):
        assert way in note
    assert "ca_certs" not in str(caught.value)


def test_another_host_s_certificate_is_refused(secure: Callable[..., Any], tls: Contexts) -> None:
    options = {"host": "127.0.0.2", "ssl_context": tls.client}
    with pytest.raises(ssl.SSLCertVerificationError, match=r"127\.0\.0\.2"), secure(**options):
        pass


def test_a_context_that_verifies_nothing(secure: Callable[..., Any]) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with secure(host="127.0.0.2", ssl_context=context) as M:
        assert M.noop() == ("OK", [b"done"])


@pytest.mark.parametrize("level", [TLS_SECURE, TLS_NO_SSL, TLS_COMPAT, None])
@pytest.mark.parametrize("version", ["ssl23", "tls1", "tls1_2", "ssl3", ssl.PROTOCOL_TLS_CLIENT])
def test_historical_levels_and_versions(tls: Contexts, level: Any, version: Any) -> None:
    class Recorder(IMAP4_SSL):
        def open_socket(self) -> Any:
            raise ConnectionRefusedError

        context = None

    with pytest.raises(ConnectionRefusedError):
        Recorder("localhost", 1, tls_level=level, ssl_version=version)


def test_what_is_spoken_is_recent(secure: Callable[..., Any], tls: Contexts) -> None:
    with secure(ca_certs=str(tls.files.ca), ssl_version="tls1", tls_level=TLS_COMPAT) as M:
        assert M.sock.version() in ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize("options", [{"tls_level": "none"}, {"ssl_version": "ssl99"}])
def test_unknown_values_raise(serve: Serve, options: dict[str, Any]) -> None:
    server = serve(mailbox)
    with pytest.raises(ValueError, match=next(iter(options))):
        IMAP4_SSL(server.host, server.port, **options)
    assert server.connections == 0


def test_a_key_needs_a_certificate(serve: Serve) -> None:
    with pytest.raises(ValueError, match="certfile"):
        IMAP4_SSL("localhost", 1, keyfile="key")


@pytest.mark.parametrize("position", range(5))
def test_a_context_in_any_position(serve: Serve, tls: Contexts, position: int) -> None:
    server = serve(mailbox, tls=tls.server)
    arguments = [None] * position + [tls.client] if position < 3 else []
    keywords = {3: {"keyfile": tls.client}, 4: {"ssl_context": tls.client}}.get(position, {})
    M = IMAP4_SSL(server.host, server.port, *arguments, **keywords)
    assert M.noop()[0] == "OK"
    M.logout()


@pytest.mark.parametrize("position", range(3))
def test_a_context_in_any_position_of_starttls(serve: Serve, tls: Contexts, position: int) -> None:
    with Upgraded(serve(handshaking(tls.server)), *[None] * position, tls.client) as M:
        assert M.noop()[0] == "OK"


# cert_verify_cb


def test_a_callback_decides(secure: Callable[..., Any]) -> None:
    seen: list[Any] = []
    with secure(host="127.0.0.2", cert_verify_cb=lambda *args: seen.append(args)) as M:
        assert M.noop() == ("OK", [b"done"])
        assert M.sock.getpeercert(binary_form=True)
    ((certificate, host),) = seen
    assert isinstance(certificate, dict)
    assert host == "127.0.0.2"


def test_a_callback_and_an_authority(secure: Callable[..., Any], tls: Contexts) -> None:
    seen: list[Any] = []

    def check(certificate: Any, host: str) -> str:
        seen.append((dict(certificate["subjectAltName"])["DNS"], host))
        return ""

    with secure(host="127.0.0.2", ca_certs=str(tls.files.ca), cert_verify_cb=check) as M:
        assert M.noop() == ("OK", [b"done"])
    assert seen == [("localhost", "127.0.0.2")]


def test_a_callback_and_the_default_authorities(
    secure: Callable[..., Any], tls: Contexts, tmp_path: Any
) -> None:
    """With ca_certs the chain is still verified."""
    from ...live.certificates import make_certificates

    other = make_certificates(tmp_path)
    seen: list[Any] = []
    with (
        pytest.raises(ssl.SSLCertVerificationError),
        secure(ca_certs=str(other.ca), cert_verify_cb=lambda *args: seen.append(args)),
    ):
        pass
    assert seen == []


def test_a_callback_refuses(secure: Callable[..., Any]) -> None:
    with (
        pytest.raises(ssl.SSLError, match="I don't like it"),
        secure(cert_verify_cb=lambda certificate, host: "I don't like it"),
    ):
        pass


def test_a_callback_raises(secure: Callable[..., Any]) -> None:
    def check(certificate: Any, host: str) -> None:
        raise KeyError("fingerprint")

    with pytest.raises(KeyError, match="fingerprint"), secure(cert_verify_cb=check):
        pass


def test_a_callback_in_a_subclass_that_reads_the_socket(
    secure: Callable[..., Any], tls: Contexts
) -> None:
    """The fingerprint check of offlineimap looks at the socket's certificate afterwards."""
    with secure(cert_verify_cb=lambda certificate, host: None) as M:
        certificate = ssl.DER_cert_to_PEM_cert(M.sock.getpeercert(True))
    assert certificate.strip() in tls.files.certificate.read_text()


# STARTTLS


def test_what_was_learnt_before_is_dropped(serve: Serve, tls: Contexts) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS BEFORE")
        command = peer.command("NOOP")
        peer.untagged(b"OK [ALERT] send me money", b"3 EXISTS")
        peer.ok(command)
        peer.starttls(tls.server)
        peer.capability(b"IMAP4rev1 BEHIND")
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        M.noop()
        assert M.capabilities == ("IMAP4REV1", "STARTTLS", "BEFORE")
        assert M.starttls(ssl_context=tls.client) == ("OK", [None])
        assert M.capabilities == ("IMAP4REV1", "BEHIND")
        assert M.response("ALERT") == ("ALERT", [None])
        assert M.response("EXISTS") == ("EXISTS", [None])
        assert M.state == "NONAUTH"
        M.noop()
        with pytest.raises(abort, match="already established"):
            M.starttls()


def test_not_offered(serve: Serve) -> None:
    with connected(serve(mailbox)) as M:
        with pytest.raises(abort, match="TLS not supported by server"):
            M.starttls()
        assert M.noop()[0] == "OK"


def test_not_offered_over_tls(serve: Serve, tls: Contexts) -> None:
    server = serve(mailbox, tls=tls.server)
    with connected(server, IMAP4_SSL, ssl_context=tls.client) as M:
        with pytest.raises(abort, match="already established"):
            M.starttls()
        assert M.noop()[0] == "OK"


@pytest.mark.parametrize("refuse", [Peer.no, Peer.bad])
def test_refused(serve: Serve, tls: Contexts, refuse: Callable[..., None]) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        refuse(peer, peer.command("STARTTLS"))
        agree(peer, "NOOP")
        peer.starttls(tls.server)
        peer.capability()

    with connected(serve(script)) as M:
        with pytest.raises(error) as caught:
            M.starttls(ssl_context=tls.client)
        assert not isinstance(caught.value, abort)
        assert M.noop()[0] == "OK"
        assert M.starttls(ssl_context=tls.client) == ("OK", [None])


@pytest.mark.parametrize("injected", [b"* CAPABILITY IMAP4rev1 EVIL\r\n", b"x", b"* OK half a li"])
def test_plaintext_behind_the_ok_is_an_attack(serve: Serve, tls: Contexts, injected: bytes) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        command = peer.command("STARTTLS")
        peer.send(command.tag + b" OK begin\r\n" + injected)
        assert peer.wait_closed() == b""

    with connected(serve(script)) as M:
        problem = failure(M.starttls, ssl_context=tls.client)
        assert isinstance(problem, abort)
        assert "attack" in str(problem)
        wait_over(M)
        assert "EVIL" not in M.capabilities


def test_the_end_in_the_handshake(serve: Serve, tls: Contexts) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        peer.ok(peer.command("STARTTLS"))

    with connected(serve(script)) as M:
        assert isinstance(failure(M.starttls, ssl_context=tls.client), OSError)
        wait_over(M)
        assert isinstance(failure(M.noop), abort)


def test_silence_in_the_handshake(serve: Serve, tls: Contexts) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        peer.ok(peer.command("STARTTLS"))
        peer.hold()

    with connected(serve(script), timeout=0.1) as M, duration(0.1, 1):
        assert isinstance(failure(M.starttls, ssl_context=tls.client), TimeoutError)
        wait_over(M)


class Hooked(IMAP4):
    def read(self, size: int) -> bytes:
        return super().read(size)


@pytest.mark.parametrize("end", [IMAP4.logout, IMAP4.shutdown])
@pytest.mark.parametrize("cls", [IMAP4, Hooked])
def test_the_end_by_another_thread_in_the_handshake(serve: Serve, cls: Any, end: Any) -> None:
    shaking = threading.Event()

    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        agree(peer, "STARTTLS")
        peer.read(1)
        shaking.set()
        peer.hold()

    with connected(serve(script), cls) as M:
        M._core.logout_timeout = 0.1
        thread = Thread(failure, M.starttls)
        assert shaking.wait(5)
        with duration(0, 2):
            end(M)
            assert isinstance(thread.result(), abort)
        assert M._own_sock().fileno() == -1


def test_the_end_by_another_thread_just_before_the_handshake(
    serve: Serve, tls: Contexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The socket that is interrupted then is not the one any more that TLS is spoken on."""

    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        agree(peer, "STARTTLS")
        peer.hold()

    wrap = TLSSettings.wrap

    def wrap_late(*arguments: Any) -> Any:
        sock = wrap(*arguments)
        M.shutdown()
        return sock

    monkeypatch.setattr(TLSSettings, "wrap", wrap_late)
    with connected(serve(script)) as M, duration(0, 4):
        assert isinstance(failure(M.starttls), abort)
        assert M._own_sock().fileno() == -1


def test_a_command_during_the_handshake_does_not_change_the_time_out(
    serve: Serve, tls: Contexts
) -> None:
    shaking, go = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        agree(peer, "STARTTLS")
        shaking.set()
        peer.pause(go)
        peer.wrap_tls(tls.server)
        peer.capability()
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        starting = Thread(M.starttls, ssl_context=tls.client)
        assert shaking.wait(5)
        calls = Calls()
        wait_until(lambda: M._core.paused)
        M.noop(callback=calls)
        go.set()
        assert starting.result() == ("OK", [None])
        assert calls.next()[0] == ("OK", [b"done"])
        assert M.sock.gettimeout() is None
        assert M._core.timeout is None


def test_starttls_with_a_callback(serve: Serve, tls: Contexts) -> None:
    calls = Calls()
    with connected(serve(handshaking(tls.server))) as M:
        M.starttls(ssl_context=tls.client, callback=calls)
        M.noop(callback=calls)
        assert calls.next() == (("OK", [None]), None, None)
        assert calls.next() == (("OK", [b"done"]), None, None)
        assert M.capabilities == ("IMAP4REV1", "BEHIND")


def test_a_failed_starttls_with_a_callback(serve: Serve, tls: Contexts) -> None:
    calls = Calls()
    with connected(serve(handshaking(tls.server))) as M:
        M.starttls(callback=calls)
        result, _, (kind, text) = calls.next()
        assert result is None
        assert issubclass(kind, ssl.SSLError)
        assert "certificate" in text.lower()
        wait_over(M)
    assert calls.count == 0


def test_starttls_waits_for_what_is_in_progress(serve: Serve, tls: Contexts) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        first, second = peer.command("NOOP"), peer.command("NOOP")
        peer.ok(first)
        peer.ok(second)
        peer.starttls(tls.server)
        peer.capability()
        agree(peer, "NOOP")

    calls = Calls()
    with connected(serve(script)) as M:
        M.noop(callback=calls)
        M.noop(callback=calls)
        M.starttls(ssl_context=tls.client)
        assert [calls.next()[0], calls.next()[0]] == [("OK", [b"done"])] * 2
        M.noop()


def test_a_whole_session_behind_starttls(serve: Serve, tls: Contexts) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        peer.starttls(tls.server)
        peer.capability(b"IMAP4rev1 COMPRESS=DEFLATE")
        peer.login(b"[CAPABILITY IMAP4rev1 COMPRESS=DEFLATE IDLE] welcome")
        peer.deflate()
        peer.select()
        command = peer.command("FETCH")
        peer.untagged(b"1 FETCH (BODY[] {100000}\r\n" + bytes(100000) + b")")
        peer.ok(command)
        peer.serve_logout()

    with connected(serve(script)) as M:
        M.starttls(ssl_context=tls.client)
        M.login("a", "b")
        M.enable_compression()
        M.select()
        assert M.fetch("1", "(BODY[])")[1][0][1] == bytes(100000)
        assert M.logout()[0] == "BYE"


# Traffic


@pytest.mark.parametrize("compressed", [False, True])
def test_heavy_traffic_from_several_threads(serve: Serve, tls: Contexts, compressed: bool) -> None:
    sizes = (100, 20_000, 300_000, 1_000_000)
    messages = {uid: os.urandom(size) for uid, size in enumerate(sizes, 1)}
    stored: dict[int, bytes] = {}
    script = partial(
        mailbox,
        capabilities=b"IMAP4rev1 LITERAL+ COMPRESS=DEFLATE",
        messages=messages,
        mailboxes={b"Stored": stored},
    )
    over = time.monotonic() + 1.5

    def fetch(number: int) -> int:
        count = 0
        while time.monotonic() < over:
            assert M.fetch(str(number), "(BODY[])")[1][0][1] == messages[number]
            count += 1
        return count

    def append(size: int) -> int:
        message, count = b"x" * size, 0
        while time.monotonic() < over:
            assert M.append("Stored", None, None, message)[0] == "OK"
            count += 1
        return count

    with connected(serve(script, tls=tls.server), IMAP4_SSL, ssl_context=tls.client) as M:
        M.login("a", "b")
        if compressed:
            M.enable_compression()
        M.select()
        threads = [Thread(fetch, number) for number in messages]
        threads += [Thread(append, size) for size in (10, 100_000, 1_000_000)]
        counts = [thread.result(20) for thread in threads]
    assert all(counts)
    assert sorted({len(message) for message in stored.values()}) == [10, 100_000, 1_000_000]


def test_many_threads_with_small_commands(serve: Serve, tls: Contexts) -> None:
    start = threading.Event()

    def work() -> None:
        start.wait(5)
        for _ in range(50):
            assert M.noop() == ("OK", [b"done"])

    server = serve(mailbox, tls=tls.server)
    with connected(server, IMAP4_SSL, ssl_context=tls.client) as M:
        threads = [Thread(work) for _ in range(8)]
        start.set()
        for thread in threads:
            thread.result(20)


def test_records_in_pieces(serve: Serve, tls: Contexts) -> None:
    """Several responses in one record, and one response in many."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        commands = [peer.command("NOOP") for _ in range(3)]
        peer.send(*(command.tag + b" OK done\r\n" for command in commands))
        command = peer.command("NOOP")
        peer.trickle(b"* 4 EXISTS\r\n" + command.tag + b" OK done\r\n")

    calls = Calls()
    with connected(serve(script, tls=tls.server), IMAP4_SSL, ssl_context=tls.client) as M:
        for _ in range(3):
            M.noop(callback=calls)
        assert [calls.next()[0] for _ in range(3)] == [("OK", [b"done"])] * 3
        M.noop()
        assert M.response("EXISTS") == ("EXISTS", [b"4"])


# What is meant for TLS never goes out without it.


@pytest.fixture
def pair(tls: Contexts) -> Iterator[tuple[ConcurrentSSLSocket, ssl.SSLSocket]]:
    """Both ends of a TLS connection: ours, and the server's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        server = Thread(tls.server.wrap_socket, theirs, server_side=True)
        client = adopt(tls.client.wrap_socket(ours, server_hostname="localhost"))
        with client, server.result() as server_end:
            yield client, server_end


@pytest.mark.parametrize("send", [ConcurrentSSLSocket.sendall, ConcurrentSSLSocket.send_now])
def test_a_socket_that_is_shut_down_for_reading_keeps_tls(
    pair: tuple[ConcurrentSSLSocket, ssl.SSLSocket], send: Callable[..., Any]
) -> None:
    ours, theirs = pair
    ours.shutdown(socket.SHUT_RD)
    send(ours, b"secret")
    assert theirs.recv(100) == b"secret"


@pytest.mark.parametrize(
    "use",
    [
        lambda sock: sock.send(b"secret"),
        lambda sock: sock.sendall(b"secret"),
        lambda sock: sock.write(b"secret"),
        lambda sock: sock.send_now(b"secret"),
        lambda sock: sock.send_within(b"secret", 1),
        lambda sock: sock.recv(1),
        lambda sock: sock.recv_into(bytearray(1)),
        lambda sock: sock.receive_some(memoryview(bytearray(1))),
    ],
)
def test_a_socket_that_has_left_tls_is_of_no_use(
    pair: tuple[ConcurrentSSLSocket, ssl.SSLSocket], use: Callable[[Any], Any]
) -> None:
    ours, theirs = pair
    ssl.SSLSocket.shutdown(ours, socket.SHUT_RD)  # forgets TLS, as unwrap() does
    assert isinstance(failure(use, ours), OSError)
    ours.shutdown(socket.SHUT_WR)
    assert socket.socket.recv(theirs, 100) == b""
