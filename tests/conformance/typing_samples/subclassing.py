"""Subclasses that replace what the documentation of imaplib says may be replaced."""

from __future__ import annotations

import imaplib
import socket
import ssl
import subprocess
from types import TracebackType
from typing import Any


class Proxied(imaplib.IMAP4):
    """Connects by a way of its own."""

    def __init__(self, host: str, port: int, proxy: tuple[str, int]) -> None:
        self.proxy = proxy
        super().__init__(host, port)

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        self.host = host
        self.port = port
        self.sock = socket.create_connection(self.proxy, timeout)
        self.sock.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\n\r\n".encode())

    def shutdown(self) -> None:
        super().shutdown()
        self.sock.close()


class Secured(imaplib.IMAP4_SSL):
    def __init__(self, host: str = "", port: int = 993, **options: Any) -> None:
        self.sent = self.received = 0
        super().__init__(host, port, ssl_context=ssl.create_default_context(), **options)

    def open(self, host: str = "", port: int | None = 993, timeout: float | None = None) -> None:
        imaplib.IMAP4_SSL.open(self, host, port, timeout)

    def read(self, size: int) -> bytes:
        data = super().read(size)
        self.received += len(data)
        return data

    def ssl(self) -> ssl.SSLSocket:
        return super().ssl()


class Counting(imaplib.IMAP4):
    """Counts, and is told what the connection is."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.sent = 0
        imaplib.IMAP4.__init__(self, "example.org", timeout=30)

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        self.connection.settimeout(timeout)
        self.sock = self.connection

    def read(self, size: int) -> bytes:
        return self.sock.recv(size)

    def socket(self) -> socket.socket:
        return self.connection

    def __exit__(
        self,
        t: type[BaseException] | None,
        v: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        print(self.sent)
        return super().__exit__(t, v, tb)


class Piped(imaplib.IMAP4_stream):
    def open(
        self, host: str | None = None, port: int | None = None, timeout: float | None = None
    ) -> None:
        super().open(host, port, timeout)
        self.process: subprocess.Popen[bytes]


class Remembering(imaplib.IMAP4_SSL):
    """Adds methods that are built on those that there are."""

    capabilities_at_login: tuple[str, ...] = ()

    def enter(self, user: str, password: str) -> None:
        self.capabilities_at_login = self.capabilities
        typ, data = self.login(user, password)
        if typ != "OK":
            raise self.error(data[-1])

    def transfer(self, message_set: str, new_mailbox: str) -> tuple[str, list[Any]]:
        typ, data = self.copy(message_set, new_mailbox)
        if typ == "OK":
            typ, data = self.store(message_set, "+FLAGS", r"(\Deleted)")
        return typ, data

    def xlist(self) -> tuple[str, list[Any]]:
        imaplib.Commands["XLIST"] = ("AUTH", "SELECTED")
        typ, data = self._simple_command("XLIST", '""', "*")
        typ, data = self._untagged_response(typ, data, "XLIST")
        return typ, data
