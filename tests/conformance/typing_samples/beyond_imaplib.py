"""What imaplib doesn't have, as programs with hints use it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import queue
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import imaplib2
import imaplib2.imaplib2
from imaplib2.imaplib2 import IMAP4 as HISTORICAL_IMAP4

Failure = tuple[type[BaseException], str]
Reply = tuple[tuple[str, list[Any]] | None, int, Failure | None]


def arrived(reply: Reply) -> None:
    result, number, error = reply
    if error is not None:
        kind, text = error
        raise kind(text)
    assert result is not None
    typ, data = result
    print(number, typ, data[0])


def fetch_all(M: imaplib2.IMAP4, numbers: list[bytes]) -> None:
    replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
    for number in numbers:
        M.fetch(number, "(FLAGS)", callback=arrived, cb_arg=int(number))
        M.fetch(number, ["FLAGS", "UID"], uid=True, callback=replies.put, cb_arg=1)
        M.uid("FETCH", number, "(FLAGS)", callback=lambda reply: print(reply[0], reply[2]))
    M.noop(callback=lambda _: threading.Event().set())
    print(replies.get()[1] + 1)


def structured(M: imaplib2.IMAP4) -> tuple[str, list[Any]]:
    M.fetch(1, "(FLAGS)")
    M.fetch(range(1, 6), ("FLAGS", "UID"))
    M.fetch([1, range(5, 7), (9, None), (12, "*")], ["BODY.PEEK[]"])
    M.store((1, 2), "+FLAGS", [r"\Seen", "$Done"], uid=True)
    M.status("INBOX", ["MESSAGES", "UNSEEN"])
    M.append("INBOX", [r"\Seen"], None, b"")
    M.sort(["REVERSE", "DATE"], None, "SUBJECT ?", params=["hello world"])
    M.thread("REFERENCES", None, "UID ?s KEYWORD ?f", params=[range(1, 9), ["a"]], uid=True)
    M.search("UTF-8", "SUBJECT", "Grüße", uid=True)
    M.search(None, "FROM ? SINCE ?", params=("ann", "1-Jan-2024"))
    M.uid("SEARCH", None, "UID ?s", params=[[1, 2]])
    M.copy([1, 2], "Archive", uid=True)
    M.move("1:3", b"Archive", uid=True)
    M.expunge(range(1, 3), uid=True)
    return M.fetch(b"1,2", b"(FLAGS)")


def idle(M: imaplib2.IMAP4) -> Iterator[str]:
    typ, _ = M.idle()
    yield typ
    typ, _ = M.idle(10 * 60)
    M.idle(timeout=1.5, callback=arrived, cb_arg=1)
    for typ, data in M.pop_untagged_responses():
        yield f"{typ.lower()} {data}"
    with M.idle(duration=60) as idler:
        for typ, data in idler:
            yield f"{typ.lower()} {len(data)}"
        yield from (typ for typ, _ in idler.burst(interval=0.1))


def submitted(M: imaplib2.IMAP4_SSL) -> tuple[list[int], list[bytes]]:
    futures = {M.submit(M.fetch, n, "(FLAGS)", uid=True): n for n in range(1, 4)}
    sizes: list[int] = []
    for future in concurrent.futures.as_completed(futures, timeout=60):
        typ, parts = future.result()
        sizes.append(len(typ.encode()) + len(parts) + futures[future])
    selected: concurrent.futures.Future[tuple[str, list[bytes | None]]] = M.submit(M.select)
    count = selected.result(timeout=5)[1][0]
    sizes.append(0 if count is None else int(count))
    M.submit(M.idle, timeout=5).cancel()
    M.submit(M.UID, "FETCH", "1", "(FLAGS)").add_done_callback(lambda done: print(done.result()))
    M.submit(M.fetch, "1")  # type: ignore[call-arg]
    M.submit(M.select, 5)  # type: ignore[arg-type]
    M.submit(M.noop, uid=True)  # type: ignore[call-arg]
    status, lines = M.submit(M.login, "user", "password").result()
    return sizes if status == "OK" else [], lines


async def awaited(M: imaplib2.IMAP4) -> bytes:
    _, data = await asyncio.wrap_future(M.submit(M.noop))
    return data[0]


def idle_result(M: imaplib2.IMAP4) -> str:
    return M.idle(timeout=5)[0]


def news(M: imaplib2.IMAP4) -> list[Any]:
    with M.idle(duration=None) as idler:
        return next(idler)[1]


def trace() -> None:
    imaplib2.Debug = 4
    print(imaplib2.version(), imaplib2.version(use_tuple=True))


def connect(host: str, file: str) -> imaplib2.IMAP4_SSL:
    def fingerprint_is_wrong(certificate: dict[str, Any], host: str | None) -> str | None:
        return None if certificate else f"no certificate of {host}"

    M = imaplib2.IMAP4_SSL(
        host,
        ca_certs=file,
        cert_verify_cb=fingerprint_is_wrong,
        ssl_version="tls1_2",
        tls_level=imaplib2.TLS_SECURE,
        timeout=30,
        debug=4,
        debug_file=sys.stderr,
        identifier="worker",
        debug_buf_lvl=3,
    )
    M.login("ann", b"secret", callback=lambda reply: logging.info("%s", reply[0]))
    M.login_plain("ann", "secret")
    M.login_scram("ann", "secret", callback=arrived, cb_arg=1)
    M.login_xoauth2("ann", lambda: "token")
    M.login_oauthbearer(user="", token=b"token", callback=lambda reply: None)
    typ, _ = M.login_external()
    typ, data = M.login_best("ann", lambda: b"secret", allow_clear_text=False)
    try:
        M.login_external("bob")
    except M.error as problem:
        if problem.challenge is not None:
            print(typ.lower(), data, problem.challenge.get("status", "").upper())
    M.enable_compression()
    if M.Terminate:
        raise M.abort("lost")
    return M


def secured(M: imaplib2.IMAP4, context: ssl.SSLContext) -> bool:
    M.starttls(context)
    M.starttls(ssl_context=context, ca_certs=None, tls_level="tls_compat")
    M.id({"name": "x", "version": None})
    M.id("name", "x")
    M.id(fields={"name": "x"})
    M.examine()
    M.getmetadata("INBOX", "/private/comment")
    M.setmetadata("INBOX", "(/private/comment NIL)")
    M.limits.stored = 10_000
    return M.mailbox is not None and M.identifier.isascii()


def through_a_proxy(sock: socket.socket, secure: ssl.SSLSocket) -> list[imaplib2.IMAP4]:
    return [
        imaplib2.IMAP4("imap.example.org", sock=sock, identify=True),
        imaplib2.IMAP4_SSL(sock=secure, identify={"name": "x", "vendor": None}),
        imaplib2.IMAP4_stream("imapd", identify=None),
    ]


def why(M: imaplib2.IMAP4) -> str:
    try:
        M.idle_done()
        M.noop(callback=lambda reply: print(reply[2] and reply[2][1].error))
    except M.error as problem:
        known: list[str | None] = [problem.command, problem.type, problem.code, problem.text]
        tag: bytes | None = problem.tag
        print(tag, problem.code_data, known)
        return problem.where or ""
    if M.closed and M.reason is not None:
        return M.reason.code or str(M.reason)
    return ""


class Closing(imaplib2.IMAP4):
    def __init__(self, host: str) -> None:
        self.closed = False
        super().__init__(host)


class Extended(HISTORICAL_IMAP4):
    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        super().open(host, port, timeout)

    def xlist(self, directory: str = '""') -> Any:
        imaplib2.Commands["XLIST"] = (("AUTH", "SELECTED"), True)
        return self._untagged_response(*self._simple_command("XLIST", directory, "*"), "XLIST")


numbers: tuple[int, str] = imaplib2.IMAP4_PORT + imaplib2.IDLE_TIMEOUT, imaplib2.__version__
moment: time.struct_time | None = imaplib2.Internaldate2Time(b"")
states: list[str] = [imaplib2.AUTH, imaplib2.imaplib2.SELECTED, *imaplib2.AllowedVersions]
ends: bytes = imaplib2.MapCRLF.sub(imaplib2.CRLF, b"a\nb")
