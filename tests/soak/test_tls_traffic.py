"""One TLS connection that is read and written at the same time, as fast as it goes.

OpenSSL's connections aren't made for two threads (openssl#20446, cpython#143756): what goes wrong
there shows as damaged data, as an error, as a hang, or as a crash of the interpreter.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import queue
import ssl
import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from ..live.certificates import Certificates, make_certificates
from ..needs import need_openssl
from ..server.helpers import Serve, Thread, connected, greet
from ..server.scripted import Command, Peer, PeerClosedError
from .lengths import LIMIT, length

pytestmark = pytest.mark.timeout(LIMIT)

Report = Callable[[list[str]], None]

SECONDS = float(os.environ.get("IMAPLIB2_TLS_SECONDS", length(60, 1)))
"""How long each variant goes on."""

SIZES = [0, 1, 16_384, 16_385, 100_000, 3_000_000]
"""Of messages: a record of TLS holds 16 KB."""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    need_openssl()
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def context_for(certificates: Certificates, version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    context.maximum_version = version
    return context


class Mill:
    """A server that sends what is fetched in one thread, while it reads what is appended."""

    def __init__(self, messages: dict[int, bytes], context: ssl.SSLContext | None) -> None:
        self.messages = messages
        self._context = context  # for STARTTLS
        self.appended = hashlib.sha256()
        self.bytes_appended = 0

    def __call__(self, peer: Peer) -> None:
        peer.relax()
        peer.limit = 60.0
        greet(peer, b"STARTTLS LITERAL+ COMPRESS=DEFLATE")
        if self._context is not None:
            peer.starttls(self._context)
            peer.capability(b"IMAP4rev1 LITERAL+ COMPRESS=DEFLATE")
        peer.login(b"[CAPABILITY IMAP4rev1 LITERAL+ COMPRESS=DEFLATE] welcome")
        command = peer.command("COMPRESS", "SELECT")
        if command.name == "COMPRESS":
            peer.ok(command)
            peer.start_deflate()
            command = peer.command("SELECT")
        peer.ok(command)
        self._serve(peer)

    def _serve(self, peer: Peer) -> None:
        fetches: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        sender = threading.Thread(target=self._send, args=(peer, fetches), daemon=True)
        sender.start()
        try:
            while True:
                command = peer.command("FETCH", "APPEND")
                if command.name == "FETCH":
                    fetches.put(command)
                    continue
                (message,) = command.literals
                self.appended.update(message)
                self.bytes_appended += len(message)
                peer.ok(command)
        finally:
            fetches.put(None)
            sender.join()

    def _send(self, peer: Peer, fetches: queue.SimpleQueue[Command | None]) -> None:
        try:
            while (command := fetches.get()) is not None:
                number = int(command.words[0])
                message = self.messages[number]
                head = b"* %d FETCH (BODY[] {%d}\r\n" % (number, len(message))
                # In two pieces: the replies to APPEND come in between.
                peer.send(head, message, b")\r\n")
                peer.ok(command)
        except (PeerClosedError, OSError):
            pass  # whoever reads is told, too


def fetch(M: IMAP4, messages: dict[int, bytes], over: float) -> tuple[int, int]:
    """Fetch one message after the other; how many, and bytes."""
    count = size = 0
    for number in itertools.cycle(messages):
        if time.monotonic() > over and count >= len(messages):
            return count, size
        typ, data = M.fetch(str(number), "(BODY[])")
        assert typ == "OK"
        item = data[0]
        assert isinstance(item, tuple)
        assert item[1] == messages[number]
        count, size = count + 1, size + len(item[1])
    raise AssertionError


def append(M: IMAP4, messages: dict[int, bytes], over: float) -> tuple[int, int, str]:
    """Append one message after the other; how many, bytes, and their digest."""
    count, size, digest = 0, 0, hashlib.sha256()
    for message in itertools.cycle(messages.values()):
        if time.monotonic() > over and count >= len(messages):
            return count, size, digest.hexdigest()
        assert M.append("INBOX", None, None, message) == ("OK", [b"done"])
        digest.update(message)
        count, size = count + 1, size + len(message)
    raise AssertionError


@pytest.mark.parametrize("compressed", [False, True], ids=["as it is", "compressed"])
@pytest.mark.parametrize(
    ("way", "version"),
    [
        pytest.param("implicit", ssl.TLSVersion.TLSv1_2, id="TLS 1.2"),
        pytest.param("implicit", ssl.TLSVersion.TLSv1_3, id="TLS 1.3"),
        pytest.param("starttls", ssl.TLSVersion.TLSv1_3, id="STARTTLS"),
    ],
)
def test_reading_while_writing(
    serve: Serve,
    certificates: Certificates,
    way: str,
    compressed: bool,
    version: ssl.TLSVersion,
    report: Report,
) -> None:
    # No line ends in them, which APPEND would change.
    data = os.urandom(max(SIZES)).replace(b"\r", b"r").replace(b"\n", b"n")
    messages = {number: data[:size] for number, size in enumerate(SIZES, 1)}
    context = context_for(certificates, version)
    mill = Mill(messages, context if way == "starttls" else None)
    server = serve(mill, tls=context if way == "implicit" else None)
    cls = partial(IMAP4_SSL, ca_certs=str(certificates.ca)) if way == "implicit" else IMAP4
    with connected(server, cls, timeout=30) as M:  # type: ignore[arg-type]
        if way == "starttls":
            M.starttls(ca_certs=str(certificates.ca))
        assert M.sock.version() == version.name.replace("_", ".")
        M.login("me", "secret")
        if compressed:
            M.enable_compression()
        M.select()
        over = time.monotonic() + SECONDS
        reader = Thread(fetch, M, messages, over)
        writer = Thread(append, M, messages, over)
        fetched, fetched_bytes = reader.result(SECONDS + 30)
        appended, appended_bytes, digest = writer.result(SECONDS + 30)
    assert (mill.bytes_appended, mill.appended.hexdigest()) == (appended_bytes, digest)
    report(
        [
            f"{fetched} fetched, {fetched_bytes / 1e6:.0f} MB;"
            f" {appended} appended, {appended_bytes / 1e6:.0f} MB in {SECONDS:.0f} s"
        ]
    )


def test_a_connection_that_is_cut_while_it_is_read_and_written(
    serve: Serve, certificates: Certificates
) -> None:
    """Neither thread crashes, hangs, or gets somebody else's bytes; again and again."""
    messages = {1: os.urandom(500_000).replace(b"\r", b"r").replace(b"\n", b"n")}
    context = context_for(certificates, ssl.TLSVersion.TLSv1_3)
    mill = Mill(messages, None)

    def script(peer: Peer) -> None:
        # Of two threads that send, the second may find OpenSSL in the middle of what failed.
        with contextlib.suppress(OSError):
            mill(peer)

    server = serve(script, tls=context)
    for number in range(length(200, 10)):
        M = IMAP4_SSL(server.host, server.port, ca_certs=str(certificates.ca), timeout=30)
        M.login("me", "secret")
        M.select()
        far = time.monotonic() + 60
        threads = [Thread(fetch, M, messages, far), Thread(append, M, messages, far)]
        # Anywhere in the traffic: after more and more of it.
        deadline = time.monotonic() + 0.01 * (number % 10)
        while time.monotonic() < deadline:
            M.response("EXISTS")
        M.shutdown()
        for thread in threads:
            with pytest.raises(IMAP4.abort):
                thread.result(10)
