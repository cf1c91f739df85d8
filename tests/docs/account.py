"""The account that the examples of the documentation log in to, on a server of its own.

`imap.example.org` is that server: `at_example_org` has connections to it arrive here.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ..live.helpers import wait_until
from ..server.authority import Authority, server_context
from ..server.scripted import (
    CAPABILITIES,
    HANDLERS,
    Command,
    Handler,
    Messages,
    Peer,
    ScriptedServer,
    Session,
    mailbox,
    mailbox_key,
    quoted,
)
from .described import described

HOST = "imap.example.org"
USER, PASSWORD, TOKEN = b"user", b"password", b"ya29.token"

_OFFERED = (
    CAPABILITIES
    + b" SASL-IR AUTH=PLAIN AUTH=XOAUTH2 SPECIAL-USE COMPRESS=DEFLATE SORT THREAD=REFERENCES QUOTA"
)
_USES = {b"Archive": rb"\Archive", b"Sent": rb"\Sent", b"Trash": rb"\Trash"}
#: The handlers of these wait for the client.
_WAITING = {"AUTHENTICATE", "IDLE", "STARTTLS"}
_SUNDAY = "Sun, 1 Mar 2026 18:00:00 +0100"
_REFUSED_TOKEN = b"eyJzdGF0dXMiOiI0MDAiLCJzY29wZSI6Imh0dHBzOi8vbWFpbC5leGFtcGxlLm9yZy8ifQ=="


class Account:
    """Some mailboxes, and a way for mail to arrive."""

    def __init__(self) -> None:
        self.inbox: Messages = {}
        names = (b"Archive", b"Invoices", b"Sent", b"Trash", b"Entw&APw-rfe")
        self.mailboxes: dict[bytes, Messages] = {name: {} for name in names}
        self.mailboxes[b"INBOX"] = self.inbox
        self._flags: dict[tuple[bytes, int], set[bytes]] = {}
        self._lock = threading.Lock()
        self._idling: dict[Peer, Session] = {}
        self._told: dict[Peer, int] = {}
        self._connections = 0
        self._changes = threading.Condition(self._lock)
        for message in _first_messages():
            self.deliver(message)

    def deliver(
        self, message: EmailMessage | None = None, *, subject: str = "news", sender: str = ""
    ) -> None:
        """Have a message arrive in INBOX; those who idle there are told."""
        if message is None:
            message = written(subject, sender or "Ada <ada@example.org>")
        with self._lock:
            octets = message.as_bytes(policy=policy.SMTP)
            self.inbox[max(self.inbox, default=0) + 1] = octets
            for session in self._idling.values():
                self._tell(session)

    def await_idle(self, seconds: float = 10.0) -> None:
        """Wait until somebody idles."""
        with self._changes:
            if not self._changes.wait_for(lambda: self._idling, seconds):
                raise TimeoutError("nobody idles")

    def await_connections(self, count: int, seconds: float = 10.0) -> None:
        """Wait until there are so many: who ends a watcher doesn't wait for that of its own."""
        with self._changes:
            if not self._changes.wait_for(lambda: self._connections == count, seconds):
                raise TimeoutError(f"{self._connections} connections")

    def await_subjects(self, name: str, subjects: list[str]) -> None:
        """Wait until a mailbox has messages of these subjects."""
        wait_until(lambda: self.subjects(name) == subjects)

    def subjects(self, name: str) -> list[str]:
        """Those of a mailbox's messages."""
        messages = self.mailboxes[name.encode()].values()
        return [message_from_bytes(text, policy=policy.default)["Subject"] for text in messages]

    def say_goodbye(self, text: bytes = b"BYE the server is going down") -> None:
        """End the connections that idle."""
        with self._lock:
            for peer in self._idling:
                peer.untagged(text)
                peer.cut()

    def serve(self, peer: Peer, context: ssl.SSLContext, *, encrypted: bool) -> None:
        """One connection: the script of a `ScriptedServer`."""
        table: dict[str, Handler] = {**HANDLERS, **_OURS}
        table["IDLE"] = self._idle
        if not encrypted:
            table["STARTTLS"] = partial(_starttls, context)
        handlers = {name: partial(self._handle, handler) for name, handler in table.items()}
        capabilities = _OFFERED if encrypted else CAPABILITIES + b" STARTTLS LOGINDISABLED"
        self._count(1)
        try:
            mailbox(
                peer, capabilities=capabilities, messages=self.inbox, mailboxes=self.mailboxes,
                flags=self._flags, handlers=handlers,
            )  # fmt: skip
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._changes:
            self._connections += change
            self._changes.notify_all()

    def _handle(self, handler: Handler, session: Session, command: Command) -> None:
        if command.name in _WAITING:
            handler(session, command)
            return
        # The answer is out before this ends: what arrives by then is news to the next command.
        with self._lock:
            if session.selected and command.name not in ("SELECT", "EXAMINE"):
                self._tell(session)
            handler(session, command)
            if session.selected:
                self._told[session.peer] = len(session.messages)

    def _tell(self, session: Session) -> None:
        """What has arrived since the last time."""
        count = len(session.messages)
        if count > self._told.get(session.peer, count):
            session.peer.untagged(b"%d EXISTS" % count, b"1 RECENT")
        self._told[session.peer] = count

    def _idle(self, session: Session, command: Command) -> None:
        with self._changes:
            session.peer.line(b"+ idling")
            self._tell(session)
            self._idling[session.peer] = session
            self._changes.notify_all()
        try:
            session.peer.expect(b"DONE", 120)
        finally:
            with self._lock:
                del self._idling[session.peer]
        session.peer.ok(command, b"idle over")


def written(subject: str, sender: str, **fields: str) -> EmailMessage:
    """A short message."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "user@example.org", subject
    message["Date"] = fields.get("date", "Mon, 02 Mar 2026 09:30:00 +0000")
    message["Message-ID"] = f"<{len(subject)}.{len(sender)}@example.org>"
    message.set_content(fields.get("text", "Hello!\n"))
    return message


def _first_messages() -> list[EmailMessage]:
    invoice = written("Invoice 42", "Billing <billing@example.com>", text="See the attachment.\n")
    invoice.add_attachment(
        b"%PDF-1.4 ...", maintype="application", subtype="pdf", filename="invoice-42.pdf"
    )
    return [
        written("hello world", "Ada <ada@example.org>"),
        invoice,
        written("Grüße aus Köln", "Jörg <joerg@example.org>", date=_SUNDAY),
    ]


# -- What the small server of the tests doesn't do -------------------------------------------------

_OURS: dict[str, Handler] = {}


def _handles(*names: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        _OURS.update(dict.fromkeys(names, handler))
        return handler

    return register


@_handles("LOGIN")
def _login(session: Session, command: Command) -> None:
    _judge(session, command, command.words == [USER, PASSWORD])


@_handles("AUTHENTICATE")
def _authenticate(session: Session, command: Command) -> None:
    mechanism, *initial = command.words
    if not initial:
        session.peer.line(b"+ ")
        initial = [session.peer.readline()]
    said = b64decode(initial[0])
    if mechanism.upper() == b"XOAUTH2" and TOKEN not in said:
        session.peer.line(b"+ " + _REFUSED_TOKEN)
        session.peer.readline()
    _judge(session, command, TOKEN in said or said.endswith(b"\0" + PASSWORD))


def _judge(session: Session, command: Command, right: bool) -> None:
    if right:
        session.peer.untagged(b"CAPABILITY " + session.capabilities)
        session.peer.ok(command, b"logged in")
    else:
        session.peer.no(command, b"[AUTHENTICATIONFAILED] wrong user or password")


def _starttls(context: ssl.SSLContext, session: Session, command: Command) -> None:
    session.peer.ok(command)
    session.peer.wrap_tls(context)
    session.capabilities = _OFFERED


@_handles("LIST", "LSUB")
def _list(session: Session, command: Command) -> None:
    name = command.name.encode()
    wanted = re.escape(command.words[1]).replace(rb"\*", b".*").replace(b"%", b"[^/]*")
    for found in session.mailboxes:
        if not re.fullmatch(wanted, found):
            continue
        attributes = b" ".join(filter(None, (rb"\HasNoChildren", _USES.get(found))))
        session.peer.untagged(b'%s (%s) "/" %s' % (name, attributes, quoted(found)))
    session.peer.ok(command)


@_handles("STATUS")
def _status(session: Session, command: Command) -> None:
    name, items = command.words
    messages = session.mailbox(name)
    seen = [uid for uid in messages if rb"\Seen" in session.flags.get((mailbox_key(name), uid), ())]
    values = {
        b"MESSAGES": len(messages), b"UNSEEN": len(messages) - len(seen), b"UIDVALIDITY": 1,
        b"UIDNEXT": max(messages, default=0) + 1, b"SIZE": sum(map(len, messages.values())),
    }  # fmt: skip
    pairs = [b"%s %d" % (item, values.get(item.upper(), 0)) for item in items[1:-1].split()]
    session.peer.untagged(b"STATUS %s (%s)" % (quoted(name), b" ".join(pairs)))
    session.peer.ok(command)


@_handles("FETCH", "UID FETCH")
def _fetch(session: Session, command: Command) -> None:
    by_uid = command.name == "UID FETCH"
    sequence_set, items = command.words[0], command.args.partition(b" ")[2]
    for number, uid in session.numbered(sequence_set, by_uid):
        flags = session.flags_of(uid)
        wanted = items.removeprefix(b"(").removesuffix(b")")
        if by_uid and b"UID" not in wanted.upper().split():
            wanted += b" UID"
        text = described(session.messages[uid], uid, flags, wanted)
        session.peer.untagged(b"%d FETCH (%s)" % (number, text))
        if b"BODY[" in items.upper() and not session.readonly:
            flags.add(rb"\Seen")
    session.peer.ok(command)


@_handles("GETQUOTAROOT")
def _quota_root(session: Session, command: Command) -> None:
    session.peer.untagged(b'QUOTAROOT %s "user"' % quoted(command.words[0]))
    session.peer.untagged(b'QUOTA "user" (STORAGE 120 512)')
    session.peer.ok(command)


@_handles("THREAD", "UID THREAD")
def _thread(session: Session, command: Command) -> None:
    session.peer.untagged(b"THREAD (1 3)(2)")
    session.peer.ok(command)


@_handles("X-PING")
def _ping(session: Session, command: Command) -> None:
    session.peer.untagged(b"X-PING " + (command.args or b"pong"))
    session.peer.ok(command)


# -- Its address -----------------------------------------------------------------------------------


@contextmanager
def at_example_org(account: Account, authority: Authority, certificate: Path) -> Iterator[None]:
    """Have connections to `HOST` end at *account*, whose certificate is trusted meanwhile."""
    context = server_context(certificate)
    with ExitStack() as stack:
        servers = {}
        for port, encrypted in ((993, True), (143, False)):
            script = partial(account.serve, context=context, encrypted=encrypted)
            server = ScriptedServer(script, tls=context if encrypted else None)
            servers[port] = stack.enter_context(server)
        connect = socket.create_connection

        def connected(address: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
            if address[0] != HOST:
                return connect(address, *args, **options)
            server = servers[address[1]]
            return connect((server.host, server.port), *args, **options)

        stack.enter_context(patch.object(socket, "create_connection", connected))
        environment = {"SSL_CERT_FILE": str(authority.certificate)}
        stack.enter_context(patch.dict(os.environ, environment))
        yield
