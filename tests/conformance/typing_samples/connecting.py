"""Connect in every way, keep connections in places that name their types, and look at them."""

from __future__ import annotations

import contextlib
import imaplib
import select
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from imaplib import IMAP4, IMAP4_SSL, IMAP4_stream, Time2Internaldate
from typing import TypeVar

Connection = TypeVar("Connection", bound=imaplib.IMAP4)


@dataclass
class Account:
    host: str
    port: int = 993
    timeout: float | None = None

    def connect(self) -> imaplib.IMAP4_SSL:
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(self.host, self.port, ssl_context=context, timeout=self.timeout)

    def connect_in_plain(self) -> imaplib.IMAP4:
        M = imaplib.IMAP4(self.host, port=143, timeout=10)
        typ, data = M.starttls(ssl_context=ssl.create_default_context())
        assert typ == "OK"
        assert data == [None]
        return M


class Mailer:
    connection: imaplib.IMAP4 | None = None

    def __init__(self, kind: type[imaplib.IMAP4] = imaplib.IMAP4_SSL) -> None:
        self.kind = kind

    def __enter__(self) -> imaplib.IMAP4:
        self.connection = self.kind("localhost")
        return self.connection

    def __exit__(self, *_: object) -> None:
        if self.connection is not None:
            self.connection.logout()


def local() -> tuple[IMAP4, IMAP4_SSL, IMAP4_stream]:
    return IMAP4(), IMAP4_SSL(), IMAP4_stream("/usr/lib/dovecot/imap")


def logged_in(M: Connection, user: str, password: str) -> Connection:
    M.login(user, password)
    return M


def sessions() -> Iterator[bytes]:
    with imaplib.IMAP4("localhost", 143, 5.0) as plain:
        yield plain.welcome
    with imaplib.IMAP4_SSL(host="localhost", port=993) as M, contextlib.suppress(M.abort):
        secure: imaplib.IMAP4_SSL = logged_in(M, "ann", "secret")
        yield secure.welcome.upper()
    with contextlib.closing(IMAP4_stream("imapd")) as piped:
        yield piped.welcome


def certificate(M: imaplib.IMAP4_SSL) -> bytes | None:
    encrypted: ssl.SSLSocket = M.ssl()
    assert M.ssl().version() is not None
    return encrypted.getpeercert(binary_form=True)


def descriptor(M: imaplib.IMAP4) -> int:
    return M.sock.fileno()


def ready(M: imaplib.IMAP4, seconds: float) -> bool:
    readable, _, _ = select.select([M.socket()], [], [], seconds)
    return bool(readable)


def blocking(M: imaplib.IMAP4) -> float | None:
    M.sock.settimeout(30)
    M.socket().setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return M.socket().gettimeout()


def child(M: imaplib.IMAP4_stream) -> int:
    process: subprocess.Popen[bytes] = M.process
    print(M.command.upper(), M.process.pid)
    return process.wait()


def address(M: imaplib.IMAP4) -> str:
    return f"{M.host.lower()}:{M.port + 0:d}"


def looked_at(M: imaplib.IMAP4) -> dict[str, object]:
    M.debug = 4
    M.print_log()
    capabilities: tuple[str, ...] = M.capabilities
    return {
        "greeting": M.welcome.decode("ascii", "replace"),
        "version": M.PROTOCOL_VERSION.lower(),
        "can move": "MOVE" in M.capabilities,
        "first": capabilities[0].lower(),
        "selected": M.state == "SELECTED",
        "state": M.state.capitalize(),
        "read-only": M.is_readonly and not M.utf8_enabled,
        "at": Time2Internaldate(0.0),
        "running": [tag.decode() for tag in M.tagged_commands],
    }


def state(M: imaplib.IMAP4) -> str:
    return M.state


def versions(M: imaplib.IMAP4) -> tuple[str, bytes]:
    return M.PROTOCOL_VERSION, M.welcome


def untagged(M: imaplib.IMAP4) -> bytes:
    if "COPYUID" in M.untagged_responses:
        print(M.untagged_responses["COPYUID"][0])
    M.untagged_responses.pop("EXISTS", None)
    M.untagged_responses.get("READ-ONLY")
    M.untagged_responses.setdefault("FLAGS", [b"()"]).append(b"()")
    M.untagged_responses["RECENT"] = [b"0"]
    del M.untagged_responses["RECENT"]
    for name, values in M.untagged_responses.items():
        print(name.lower(), len(values))
    print(sorted(M.untagged_responses.keys()), len(list(M.untagged_responses.values())))
    M.untagged_responses = {}
    text = M.untagged_responses["UIDVALIDITY"][-1]
    return text if isinstance(text, bytes) else b""


def assigned(M: imaplib.IMAP4) -> None:
    M.state = "AUTH"
    M.capabilities = ("IMAP4REV1", "IDLE")
    M.is_readonly = False
    M.literal = None
    M.sock = socket.create_connection(("localhost", 143))


def in_capitals(M: imaplib.IMAP4) -> None:
    typ, data = M.SELECT("INBOX")
    M.FETCH("1", "(FLAGS)")
    print(typ, data)
