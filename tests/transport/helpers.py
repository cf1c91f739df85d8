"""What the tests of transports share: fake hands, and the other side of a TLS connection."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: A key that nobody uses for anything else, and its certificate, which nobody trusts.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBqDCCAU2gAwIBAgIUfeiauENkv1y7w+x2Eq3L0LjyBSQwCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwSaW1hcGxpYjIgdGVzdCBwZWVyMCAXDTI2MTEzMDAyMjgwMVoY
DzIxMjUwNjI0MDIyODAxWjAdMRswGQYDVQQDDBJpbWFwbGliMiB0ZXN0IHBlZXIw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARQcv3St7vyYbkYnx+4tdIRUSZkih/S
oklpnM67PHqvF61OXHp8bZBHuPPc599gTBRvM454lPSMyVPGC6l3Mv0go2kwZzAd
BgNVHQ4EFgQUdXGoAieETuAh4f1RfNup1ec+pGgwHwYDVR0jBBgwFoAUdXGoAieE
TuAh4f1RfNup1ec+pGgwDwYDVR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2Nh
bGhvc3QwCgYIKoZIzj0EAwIDSQAwRgIhAMlPt9D4HsMN4S+FbCrVHb5CKSygohNq
kwNZBTENA2SjAiEAyr6nvbwzwty1fQTCVKSWN5dnumy4dp6k/ssoLJg9ycg=
-----END CERTIFICATE-----
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg5gwmbAIhcdf3jUBl
6MgnXT7KG64XMaFvRkyTXQ5bm/ehRANCAARQcv3St7vyYbkYnx+4tdIRUSZkih/S
oklpnM67PHqvF61OXHp8bZBHuPPc599gTBRvM454lPSMyVPGC6l3Mv0g
-----END PRIVATE KEY-----
"""


class FakeHands:
    """They serve what they are asked for, and note it."""

    def __init__(self) -> None:
        self.serves, self.ours, self.sends = True, False, True
        self.waiting = b"an answer"
        self.calls: list[Any] = []

    def take_over(self, *, reading: bool) -> bool:
        return self.serves

    def are_ours(self) -> bool:
        return self.ours

    def before_writing(self, data: Any, timeout: float | None) -> bool:
        self.calls.append(("before", bytes(data), timeout))
        return self.sends

    def wrote(self, data: Any) -> None:
        self.calls.append(("wrote", bytes(data)))

    def failed_to_write(self, problem: BaseException) -> None:
        self.calls.append(("failed", type(problem)))

    def receive(self, size: int, timeout: float | None) -> bytes:
        data, self.waiting = self.waiting[:size], self.waiting[size:]
        return data


class TLSPeer:
    """A server's TLS in memory, behind one end of a pair of sockets; ``sock`` is the client's.

    Nothing happens there but what the test has it do, so no thread is needed.
    """

    def __init__(self, directory: Path, *, trusted: bool = True) -> None:
        """Without *trusted*, the client insists on a certificate of an authority that it knows."""
        path = directory / "peer.pem"
        path.write_text(CERTIFICATE, encoding="ascii")
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(path)
        server.num_tickets = 0  # the client is to receive nothing but what the test sends
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if trusted:
            client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = server.wrap_bio(self._incoming, self._outgoing, server_side=True)
        ours, self.theirs = socket.socketpair()
        self.theirs.setblocking(False)
        self.sock = client.wrap_socket(
            ours, server_hostname="localhost", do_handshake_on_connect=False
        )

    def shake_hands(self) -> None:
        """Do both sides' part of the handshake."""
        self.sock.setblocking(False)
        for _ in range(2):
            with contextlib.suppress(ssl.SSLWantReadError):
                self.sock.do_handshake()
            self.answer()
        self.sock.setblocking(True)

    def answer(self) -> None:
        """Do the server's part of the handshake, as far as it can be done."""
        self.take()
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        self.theirs.sendall(self._outgoing.read())

    def take(self) -> int:
        """Take from the socket what has come, without decrypting it; the number of bytes."""
        size = 0
        try:
            while data := self.theirs.recv(100_000):
                size += self._incoming.write(data)
        except BlockingIOError:
            pass
        return size

    def received(self) -> bytes:
        """What the client has sent since it was asked for last."""
        self.take()
        parts = []
        try:
            while part := self.tls.read(100_000):
                parts.append(part)
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass
        return b"".join(parts)

    def records(self, data: bytes) -> bytes:
        """*data* as they are on the wire."""
        self.tls.write(data)
        return self._outgoing.read()

    def say(self, data: bytes) -> None:
        """Send *data*."""
        self.theirs.sendall(self.records(data))

    def say_goodbye(self) -> None:
        """End TLS, as a server should before it closes."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        self.theirs.sendall(self._outgoing.read())

    def close(self) -> None:
        """Close both ends."""
        self.sock.close()
        self.theirs.close()


def is_over(read: Callable[[], Any]) -> bool:
    """Whether a read meets the end of a connection that was closed without a goodbye.

    Newer releases of OpenSSL make an error of it; by which one, other traffic tells.
    """
    try:
        return read() in (0, b"")
    except ssl.SSLWantReadError:
        return False
    except (ssl.SSLError, BrokenPipeError):
        return True
