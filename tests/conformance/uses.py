"""Typical uses of imaplib, as its documentation, tutorials and years of scripts have them.

`USES` is the table. A use is a function; its parameters are named after what it needs:

    M     a connection, in the state that the use's `Setting` says
    lib   the library, imaplib or imaplib2
    s     the `Session`: server, account, and ways to make more connections

It returns whatever the script would look at, and may raise. Everything here is written for
imaplib; nothing knows which library it runs on.
"""

from __future__ import annotations

import email
import io
import re
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, redirect_stderr, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from enum import Enum
from functools import cached_property
from typing import Any, NamedTuple

from ..live.dovecot import Dovecot
from ..live.server import PASSWORD
from ..server.scripted import Peer

SECONDS = 20.0
"""The time-out of connections."""


class Setting(Enum):
    """What a use finds."""

    NOTHING = "no connection"
    GREETED = "a connection that is not logged in, and has asked for the capabilities"
    LOGGED_IN = "a connection that is logged in, to an account of all uses that change nothing"
    EXAMINED = "the same with INBOX selected for reading only"
    AUTH = "a connection that is logged in, to an account of its own"
    SELECTED = "the same with INBOX selected"


@dataclass
class Session:
    """What a use may need beside a connection."""

    library: Any
    server: Dovecot
    serve: Callable[..., Any]
    """Starts a `ScriptedServer`."""
    new_account: Callable[[], str]
    stack: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def user(self) -> str:
        """The name of the account; there is none before somebody asks."""
        return self.new_account()

    @property
    def address(self) -> tuple[str, int]:
        return self.server.host, self.server.port

    @property
    def tls_address(self) -> tuple[str, int]:
        return self.server.host, self.server.tls_port

    def trusting(self) -> ssl.SSLContext:
        """A context that trusts the server's authority."""
        return ssl.create_default_context(cafile=self.server.ca_file)

    def closing(self, M: Any) -> Any:
        """*M*, whose transport is closed behind the use."""
        self.stack.callback(close, M)
        return M

    def connect(self, cls: Any = None, *args: Any, **options: Any) -> Any:
        """A connection of the class *cls*, to the server unless *args* say otherwise."""
        arguments = args or (*self.address, SECONDS)
        return self.closing((cls or self.library.IMAP4)(*arguments, **options))

    def log_in(self, cls: Any = None, *args: Any, **options: Any) -> Any:
        """The same, logged in."""
        M = self.connect(cls, *args, **options)
        M.login(self.user, PASSWORD)
        return M


def close(M: Any) -> None:
    """Close the transport of *M*, whatever has become of it."""
    with suppress(OSError, AttributeError):
        M.shutdown()


class Use(NamedTuple):
    """A use, and what it finds."""

    setting: Setting
    call: Callable[..., Any]


USES: dict[str, Use] = {}


def _theme(name: str, setting: Setting, uses: dict[str, Callable[..., Any]]) -> None:
    for use, call in uses.items():
        key = f"{name}: {use}"
        assert key not in USES, key
        USES[key] = Use(setting, call)


# -- What the accounts hold --------------------------------------------------------------------

MAILBOXES = (b"Archive", b'"My Mail"', rb'"quo\"te"', b"Entw&APw-rfe")
"""Those that every account has, besides INBOX, Drafts, Junk, Sent and Trash."""


def _letter(subject: str, sender: str, day: int, text: bytes, *headers: str) -> bytes:
    lines = (
        f"From: {sender}",
        "To: me@example.org",
        f"Subject: {subject}",
        f"Date: Mon, {day:02d} Jan 2024 10:00:00 +0000",
        f"Message-ID: <{day}@example.org>",
        *headers,
    )
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + text


_MULTIPART = b"""--x\r
Content-Type: text/plain\r
\r
see attachment\r
--x\r
Content-Type: application/octet-stream; name="a b.bin"\r
Content-Disposition: attachment; filename="a b.bin"\r
Content-Transfer-Encoding: base64\r
\r
AAECAwQ=\r
--x--\r
"""

LETTERS: tuple[tuple[bytes, bytes], ...] = (
    (rb"\Seen", _letter("hello world", "Ann <ann@example.org>", 1, b"Hello!\r\n")),
    (b"", _letter("Your invoice", "billing@example.com", 2, b"Pay.\r\n* 1 EXISTS\r\n)\r\n")),
    (
        rb"\Seen \Flagged $Label1",
        _letter("Re: hello world", "Bo <bo@example.net>", 3, b"", "References: <1@example.org>"),
    ),
    (b"", _letter("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "j@example.com", 4, "Grüße\r\n".encode())),
    (rb"\Seen \Deleted", _letter("old", "ann@example.org", 5, b"{3}\r\nA1 OK\r\n")),
    (
        rb"\Answered",
        _letter("files", "bo@example.net", 6, _MULTIPART, "MIME-Version: 1.0",
                'Content-Type: multipart/mixed; boundary="x"'),
    ),
)  # fmt: skip


def _up_to(start: bytes, lines: Iterable[bytes]) -> Iterator[bytes]:
    """The *lines* up to the one that begins with *start*."""
    for line in lines:
        yield line
        if line.startswith(start):
            return


def fill_account(server: Dovecot, user: str) -> None:
    """Give a new account its content, in one go and with neither of the libraries."""
    lines = [f"LOGIN {user} {PASSWORD}".encode()]
    lines += [b"CREATE " + mailbox for mailbox in MAILBOXES]
    lines.append(b"SUBSCRIBE Archive")
    for day, (flags, letter) in enumerate(LETTERS, 1):
        size = len(letter)
        head = b'APPEND INBOX (%b) "%02d-Jan-2024 12:00:00 +0000" {%d+}' % (flags, day, size)
        lines.append(head + b"\r\n" + letter)
    lines.append(b"LOGOUT")
    with socket.create_connection((server.host, server.port), SECONDS) as link:
        login, *others = (b"%d %b\r\n" % numbered for numbered in enumerate(lines))
        answers = link.makefile("rb")
        link.sendall(login)
        # Before that, a busy Dovecot doesn't take the rest.
        answer = b"".join(_up_to(b"0 OK", answers))
        link.sendall(b"".join(others))
        answer += answers.read()
    accepted = re.findall(rb"^(\d+) OK", answer, re.MULTILINE)
    assert len(accepted) == len(lines), answer


# -- Logging in --------------------------------------------------------------------------------


def _plain(user: str = "alice", password: str = PASSWORD) -> str:
    return f"\0{user}\0{password}"


def _login_twice(M: Any) -> Any:
    M.login("alice", PASSWORD)
    return M.login("alice", PASSWORD)


def _second_attempt(M: Any) -> Any:
    with suppress(M.error):
        M.login("alice", "wrong")
    return M.login("alice", PASSWORD)


def _caught_by_class(M: Any, lib: Any) -> Any:
    try:
        M.login("alice", "wrong")
    except lib.IMAP4.abort:
        return "abort"
    except lib.IMAP4.error as problem:
        return "error", "[AUTHENTICATIONFAILED]" in str(problem)


def _hurried(call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """*call*, behind which imaplib waits for an answer that will not come."""

    def use(M: Any) -> Any:
        M.sock.settimeout(0.5)
        return call(M)

    return use


def _raising_authenticator(M: Any) -> Any:
    def authenticator(challenge: bytes) -> bytes:
        raise LookupError("no password for you")

    return M.authenticate("PLAIN", authenticator)


def _seen_challenge(M: Any) -> Any:
    seen = []

    def authenticator(challenge: bytes) -> str:
        seen.append((type(challenge), challenge[:1]))
        return _plain()

    return M.authenticate("PLAIN", authenticator), seen


def _one_after_the_other(*responses: bytes) -> Callable[[bytes], bytes]:
    """An authenticator."""
    rest = iter(responses)
    return lambda challenge: next(rest)


class _PlainAuthenticator:
    """An authobject with a method, as old examples have it."""

    def __init__(self, user: str, password: str) -> None:
        self.user, self.password = user, password

    def reply(self, challenge: bytes) -> bytes:
        return b"\0%s\0%s" % (self.user.encode(), self.password.encode())


_theme(
    "login",
    Setting.GREETED,
    {
        "user and password": lambda M: M.login("alice", PASSWORD),
        "by keyword": lambda M: M.login(user="alice", password=PASSWORD),
        "upper case": lambda M: M.LOGIN("alice", PASSWORD),
        "quoted user": lambda M: M.login('"alice"', PASSWORD),
        "user as bytes": lambda M: M.login(b"alice", PASSWORD),
        "password with quotes and backslashes": lambda M: M.login("quote", 'a "b" \\c d\\'),
        "user with a space and quotes": lambda M: M.login('d ave"x\\y', PASSWORD),
        "user quoted by hand": lambda M: M.login(r'"d ave\"x\\y"', PASSWORD),
        "non-ASCII password": lambda M: M.login("uni", "pässwörd-☃-日本"),
        "non-ASCII user": lambda M: M.login("jörg", PASSWORD),
        "wrong password": lambda M: M.login("alice", "wrong"),
        "wrong password, caught by class": _caught_by_class,
        "empty password": lambda M: M.login("alice", ""),
        "unknown user": lambda M: M.login("nobody", PASSWORD),
        "twice": _login_twice,
        "after a failure": _second_attempt,
        "password is None": lambda M: M.login("alice", None),
        "password is bytes": lambda M: M.login("alice", PASSWORD.encode()),
        "without arguments": lambda M: M.login(),
        "without password": lambda M: M.login("alice"),
        "CR LF in the password": lambda M: M.login("alice", "a\r\nA1 NOOP"),
        "CRAM-MD5": lambda M: M.login_cram_md5("alice", PASSWORD),
        "CRAM-MD5, password as bytes": lambda M: M.login_cram_md5("alice", PASSWORD.encode()),
        "CRAM-MD5, wrong password": lambda M: M.login_cram_md5("alice", "wrong"),
    },
)

_theme(
    "authenticate",
    Setting.GREETED,
    {
        "PLAIN, str": lambda M: M.authenticate("PLAIN", lambda challenge: _plain()),
        "PLAIN, bytes": lambda M: M.authenticate("PLAIN", lambda _: _plain().encode()),
        "PLAIN, bytearray": lambda M: M.authenticate("PLAIN", lambda _: bytearray(b"\0alice\0x")),
        "PLAIN, a bound method": lambda M: M.authenticate(
            "PLAIN", _PlainAuthenticator("alice", PASSWORD).reply
        ),
        "PLAIN, non-ASCII str": lambda M: M.authenticate(
            "PLAIN", lambda _: _plain("uni", "pässwörd-☃-日本")
        ),
        "lower case": lambda M: M.authenticate("plain", lambda _: _plain()),
        "UPPER CASE method": lambda M: M.AUTHENTICATE("PLAIN", lambda _: _plain()),
        "what the authenticator gets": _seen_challenge,
        "long response": lambda M: M.authenticate("PLAIN", lambda _: _plain("alice", "x" * 500)),
        "wrong password": lambda M: M.authenticate("PLAIN", lambda _: _plain("alice", "wrong")),
        "LOGIN, two challenges": lambda M: M.authenticate(
            "LOGIN", _one_after_the_other(b"alice", PASSWORD.encode())
        ),
        "None cancels": lambda M: M.authenticate("PLAIN", lambda _: None),
        "XOAUTH2, which isn't offered": lambda M: M.authenticate(
            "XOAUTH2", lambda _: "user=alice\1auth=Bearer token\1\1"
        ),
        "unknown mechanism": lambda M: M.authenticate("NONSENSE", lambda _: b""),
        "authenticator returns an int": _hurried(lambda M: M.authenticate("PLAIN", lambda _: 7)),
        "authenticator raises": _hurried(_raising_authenticator),
        "authenticator isn't callable": _hurried(lambda M: M.authenticate("PLAIN", _plain())),
        "mechanism is None": lambda M: M.authenticate(None, lambda _: _plain()),
        "without authenticator": lambda M: M.authenticate("PLAIN"),
    },
)


# -- Connections -------------------------------------------------------------------------------


def _facts(M: Any) -> Any:
    return M.state, M.is_readonly, M.literal, M.debug, M.tagged_commands, M.utf8_enabled


def _offering(M: Any, *capabilities: str) -> Any:
    M.capabilities = ("IMAP4REV1", *capabilities)
    return M


def _closed_port(s: Session) -> Any:
    with socket.socket() as held:  # bound, but nobody listens
        held.bind(("127.0.0.1", 0))
        return s.connect(None, *held.getsockname())


def _silent_server(s: Session) -> Any:
    with socket.create_server(("127.0.0.1", 0)) as server:
        try:
            s.connect(None, *server.getsockname(), 0.05)
        except socket.timeout:  # noqa: UP041 - the name that scripts have
            return "timed out"


def _greeted_with(greeting: bytes) -> Callable[[Session], Any]:
    def use(s: Session) -> Any:
        def script(peer: Peer) -> None:
            peer.relax()
            peer.greet(greeting)
            peer.hold()

        server = s.serve(script)
        return s.connect(None, server.host, server.port, SECONDS).state

    return use


def _not_rev1(s: Session) -> Any:
    def script(peer: Peer) -> None:
        peer.relax()
        peer.greet()
        peer.capability(b"IMAP2bis")
        peer.hold()

    server = s.serve(script)
    return s.connect(None, server.host, server.port, SECONDS).state


def _preauth(s: Session) -> Any:
    def script(peer: Peer) -> None:
        peer.relax()
        peer.greet(b"* PREAUTH welcome back")
        peer.capability()
        peer.hold()

    server = s.serve(script)
    M = s.connect(None, server.host, server.port, SECONDS)
    return M.state, M.welcome, M.PROTOCOL_VERSION, M.capabilities


def _closed_before_greeting(s: Session) -> Any:
    server = s.serve(lambda peer: peer.close())
    return s.connect(None, server.host, server.port, SECONDS)


def _default_timeout(s: Session) -> Any:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(7.5)
    try:
        return s.connect(None, *s.address).sock.gettimeout()
    finally:
        socket.setdefaulttimeout(before)


_theme(
    "connect",
    Setting.NOTHING,
    {
        "host and port": lambda s: s.connect(None, *s.address).state,
        "by keyword": lambda s: (
            s.closing(
                s.library.IMAP4(host=s.server.host, port=s.server.port, timeout=SECONDS)
            ).state
        ),
        "time-out": lambda s: s.connect(None, *s.address, 5).sock.gettimeout(),
        "no time-out": lambda s: s.connect(None, *s.address).sock.gettimeout(),
        "socket.setdefaulttimeout": _default_timeout,
        "time-out of 0": lambda s: s.connect(None, *s.address, 0),
        "port as str": lambda s: s.connect(None, s.server.host, str(s.server.port)).state,
        "nobody listens": _closed_port,
        "unknown host": lambda s: s.connect(None, "nowhere.invalid", 143),
        "silent server, caught as socket.timeout": _silent_server,
        "greeting is not IMAP": _greeted_with(b"220 mail.example.org ESMTP"),
        "greeting is BYE": _greeted_with(b"* BYE too many connections"),
        "greeting is NO": _greeted_with(b"* NO go away"),
        "greeting is PREAUTH": _preauth,
        "server is not IMAP4": _not_rev1,
        "server closes at once": _closed_before_greeting,
        "too many arguments": lambda s: s.connect(None, *s.address, 1, 2, 3, 4, 5, 6),
        "what the greeting leaves": lambda s: sorted(s.connect().untagged_responses.keys()),
        "capabilities that the login tells": lambda s: s.connect().login("alice", PASSWORD),
        "LOGIN by _simple_command": lambda s: (
            lambda M: M._simple_command("LOGIN", "alice", M._quote(PASSWORD))[0]
        )(s.connect()),
    },
)

_theme(
    "connection",
    Setting.GREETED,
    {
        "attributes": _facts,
        "welcome": lambda M: (type(M.welcome), M.welcome[:4], M.welcome),
        "PROTOCOL_VERSION": lambda M: M.PROTOCOL_VERSION,
        "host and port": lambda M: (M.host, M.port),
        "capabilities": lambda M: M.capabilities,
        "capability in capabilities": lambda M: "IDLE" in M.capabilities,
        "sock.settimeout": lambda M: (M.sock.settimeout(9), M.noop(), M.sock.gettimeout()),
        "socket().getpeername()": lambda M: M.socket().getpeername()[1:2] == (M.port,),
        "socket() is sock": lambda M: M.socket() is M.sock,
        "untagged_responses": lambda M: dict(M.untagged_responses.items()),
        "Commands by __getattr__": lambda M: [M.NOOP()[0], M.CAPABILITY()[0]],
        "unknown attribute": lambda M: M.nonsense,
        "unknown upper-case attribute": lambda M: M.NONSENSE,
        "hasattr": lambda M: (hasattr(M, "nonsense"), hasattr(M, "SELECT"), hasattr(M, "sort")),
        "starttls not offered": lambda M: _offering(M).starttls(),
        "enable not offered": lambda M: _offering(M).enable("UTF8=ACCEPT"),
        "exceptions of instance and class": lambda M, lib: (
            M.error is lib.IMAP4.error,
            M.abort is lib.IMAP4.abort,
            M.readonly is lib.IMAP4.readonly,
            issubclass(M.readonly, M.abort) and issubclass(M.abort, M.error),
        ),
    },
)

# -- TLS ---------------------------------------------------------------------------------------


def _is_tls(M: Any) -> bool:
    return isinstance(M.sock, ssl.SSLSocket)


def _over_tls(s: Session, *args: Any, **options: Any) -> Any:
    M = s.log_in(s.library.IMAP4_SSL, *s.tls_address, *args, **options)
    return M.state, _is_tls(M), M.ssl_context.verify_mode, M.sock.version()


def _with_client_certificate(s: Session, **files: str | None) -> Any:
    return s.connect(s.library.IMAP4_SSL, *s.tls_address, **files)


def _starttls(M: Any, *args: Any, **options: Any) -> Any:
    answer = M.starttls(*args, **options)
    return answer, _is_tls(M), M.login("alice", PASSWORD)[0]


_theme(
    "TLS",
    Setting.NOTHING,
    {
        "ssl_context by keyword": lambda s: _over_tls(s, ssl_context=s.trusting()),
        "ssl_context and time-out by keyword": lambda s: _over_tls(
            s, ssl_context=s.trusting(), timeout=5
        ),
        "ssl_context after keyfile and certfile": lambda s: (
            s.connect(s.library.IMAP4_SSL, *s.tls_address, None, None, s.trusting()).state
        ),
        "time-out after ssl_context": lambda s: s.connect(
            s.library.IMAP4_SSL, *s.tls_address, None, None, s.trusting(), 5
        ).sock.gettimeout(),
        "context that verifies nothing": lambda s: _over_tls(
            s, ssl_context=ssl._create_unverified_context()
        ),
        "without a context": lambda s: _over_tls(s),
        "context that doesn't trust the server": lambda s: _over_tls(
            s, ssl_context=ssl.create_default_context()
        ),
        "keyfile without certfile": lambda s: _with_client_certificate(s, keyfile="key.pem"),
        "certfile that isn't there": lambda s: _with_client_certificate(s, certfile="nowhere.pem"),
        "ssl_context and certfile": lambda s: _with_client_certificate(
            s, certfile="x.pem", ssl_context=s.trusting()
        ),
        "time-out of 0": lambda s: _over_tls(s, ssl_context=s.trusting(), timeout=0),
        "to a plain port": lambda s: s.connect(
            s.library.IMAP4_SSL, *s.address, ssl_context=s.trusting()
        ),
        "starttls(context)": lambda s: _starttls(s.connect(), s.trusting()),
        "starttls(ssl_context=context)": lambda s: _starttls(s.connect(), ssl_context=s.trusting()),
        "starttls() without a context": lambda s: _starttls(s.connect()),
        "starttls twice": lambda s: (lambda M: (_starttls(M, s.trusting()), M.starttls()))(
            s.connect()
        ),
        "starttls over IMAP4_SSL": lambda s: s.connect(
            s.library.IMAP4_SSL, *s.tls_address, ssl_context=s.trusting()
        ).starttls(),
        "starttls after login": lambda s: s.log_in().starttls(s.trusting()),
        "starttls with something else": lambda s: s.connect().starttls("TLSv1_2"),
        "capabilities after starttls": lambda s: (
            lambda M: (M.starttls(s.trusting()), M.capabilities)
        )(s.connect()),
    },
)

# -- Selecting mailboxes -----------------------------------------------------------------------


def _codes(M: Any) -> Any:
    M.select("INBOX")
    return [M.response(code) for code in ("UIDVALIDITY", "UIDNEXT", "EXISTS", "FLAGS", "RECENT")]


def _select_after_failure(M: Any) -> Any:
    return M.select("nowhere"), M.state, M.select("Sent"), M.state


def _remembered(M: Any) -> Any:
    M.close()
    return "READ-WRITE" in M.untagged_responses, "READ-ONLY" in M.untagged_responses


def _only_readable(M: Any, s: Session) -> Any:
    M.setacl("Archive", s.user, "lr")
    return M.select("Archive")


def _only_readable_by_choice(M: Any, s: Session) -> Any:
    M.setacl("Archive", s.user, "lr")
    return M.select("Archive", readonly=True)


def _becomes_readonly(M: Any) -> Any:
    M.untagged_responses["READ-ONLY"] = [b""]
    return M.noop()


_theme(
    "select",
    Setting.EXAMINED,
    {
        "nothing": lambda M: M.select(),
        "inbox, as tutorials have it": lambda M: M.select("inbox"),
        "by keyword": lambda M: M.select(mailbox="INBOX", readonly=False),
        "quoted": lambda M: M.select('"INBOX"'),
        "bytes": lambda M: M.select(b"INBOX"),
        "quoted bytes": lambda M: M.select(b'"My Mail"'),
        "read-only": lambda M: M.select("INBOX", readonly=True),
        "read-only by position": lambda M: M.select("INBOX", True),
        "read-only by a number": lambda M: M.select("INBOX", 1),
        "upper case": lambda M: M.SELECT("Sent"),
        "another one": lambda M: (M.select("Archive"), M.response("UIDVALIDITY")[0]),
        "quoted name with a space": lambda M: M.select('"My Mail"'),
        "name with a space": lambda M: M.select("My Mail"),
        "name with a quote, escaped": lambda M: M.select(r'"quo\"te"'),
        "name with a quote": lambda M: M.select('quo"te'),
        "modified UTF-7": lambda M: M.select("Entw&APw-rfe"),
        "non-ASCII name": lambda M: M.select("Entwürfe"),
        "Gmail's name, quoted": lambda M: M.select('"[Gmail]/All Mail"'),
        "nowhere": lambda M: M.select("nowhere"),
        "again after a failure": _select_after_failure,
        "close, and what was said of the mailbox": _remembered,
        "response codes": _codes,
        "name in parentheses": lambda M: M.select("(Archive)"),
        "None": lambda M: M.select(None),
        "empty name": lambda M: M.select(""),
        "an int": lambda M: M.select(5),
        "two names": lambda M: M.select("INBOX", True, "Sent"),
    },
)

_theme(
    "select",
    Setting.SELECTED,
    {
        "CR LF in the name": lambda M: M.select("INBOX\r\nA1 NOOP"),
        "LF in bytes": lambda M: M.select(b"INBOX\nA1 NOOP"),
        "NUL in the name": lambda M: M.select("IN\0BOX"),
    },
)

_theme(
    "select",
    Setting.SELECTED,
    {
        "Gmail's name": lambda M: (M.create("[Gmail]/Trash")[0], M.select("[Gmail]/Trash")),
        "mailbox without write access": _only_readable,
        "mailbox without write access, read-only": _only_readable_by_choice,
        "becomes read-only": _becomes_readonly,
        "EXAMINE by xatom": lambda M: (M.xatom("EXAMINE", "INBOX")[0], M.response("EXISTS")),
        "EXAMINE by its upper-case name": lambda M: M.EXAMINE("INBOX"),
    },
)

# -- What is so, and what was hoped for -----------------------------------------------------------


def _with(
    capabilities: bytes,
    *answers: tuple[str, bytes, bytes],
    then: Callable[[Any], Any],
    greeting: bytes = b"PREAUTH",
) -> Callable[[Session], Any]:
    """What *then* finds, with a server that has an untagged text and a tagged one for each command.

    All commands are answered; *answers* are for those that aren't OK and no more.
    """

    def script(peer: Peer) -> None:
        peer.relax()
        peer.greet(b"* %s hello" % greeting)
        peer.capability(b"IMAP4rev1 " + capabilities)
        for name, untagged, tagged in answers:
            command = peer.command(name)
            if untagged:
                peer.untagged(untagged)
            status, _, text = tagged.partition(b" ")
            peer.reply(command, status, text)
        peer.hold()

    def use(s: Session) -> Any:
        server = s.serve(script)
        return then(s.connect(None, server.host, server.port, SECONDS))

    return use


def _closing_in_vain(M: Any) -> Any:
    M.select("INBOX")
    return M.close(), M.state


def _examined_and_selected_in_vain(M: Any) -> Any:
    M.select("INBOX", readonly=True)
    with suppress(M.error):
        M.select("nonsense")
    return M.state, M.is_readonly


def _logged_in_all_the_same(M: Any) -> Any:
    return M.login("user", "password")


_theme(
    "refused and not refused",
    Setting.NOTHING,
    {
        "CLOSE": _with(
            b"",
            ("SELECT", b"1 EXISTS", b"OK done"),
            ("CLOSE", b"", b"NO not now"),
            then=_closing_in_vain,
        ),
        "SELECT by BAD": _with(
            b"",
            ("EXAMINE", b"1 EXISTS", b"OK done"),
            ("SELECT", b"", b"BAD what?"),
            then=_examined_and_selected_in_vain,
        ),
        "SELECT by NO": _with(
            b"",
            ("EXAMINE", b"1 EXISTS", b"OK done"),
            ("SELECT", b"", b"NO none"),
            then=_examined_and_selected_in_vain,
        ),
        "ENABLE, of which the server lists nothing": _with(
            b"ENABLE UTF8=ACCEPT",
            ("ENABLE", b"ENABLED", b"OK done"),
            then=lambda M: (M.enable("UTF8=ACCEPT"), M.utf8_enabled),
        ),
        "ENABLE, which the server lists": _with(
            b"ENABLE UTF8=ACCEPT",
            ("ENABLE", b"ENABLED UTF8=ACCEPT", b"OK done"),
            then=lambda M: (M.enable("UTF8=ACCEPT"), M.utf8_enabled),
        ),
        "LOGIN, with LOGINDISABLED": _with(
            b"LOGINDISABLED",
            # Newer imaplibs would ask for what it doesn't tell.
            (
                "LOGIN",
                b"CAPABILITY IMAP4rev1",
                b"OK you are in, and everybody knows your password",
            ),
            then=_logged_in_all_the_same,
            greeting=b"OK",
        ),
    },
)

# -- Searching ---------------------------------------------------------------------------------


def _by_literal(*criteria: str | None, literal: Any = b"hello") -> Callable[[Any], Any]:
    def use(M: Any) -> Any:
        M.literal = literal
        return M.search(*criteria)

    return use


def _utf8_literal(M: Any) -> Any:
    M.literal = "Grüße".encode()
    return M.uid("SEARCH", "CHARSET", "UTF-8", "SUBJECT")


def _stale_literal(M: Any) -> Any:
    M.literal = b"stale"
    with suppress(M.error):
        M.login("alice", PASSWORD)
    return M.literal, M.search(None, "ALL")


def _last_number(M: Any) -> Any:
    _, data = M.search(None, "ALL")
    numbers = data[0].split()
    return numbers[-1], type(numbers[-1]), len(numbers), [int(number) for number in numbers]


_theme(
    "search",
    Setting.EXAMINED,
    {
        "ALL": lambda M: M.search(None, "ALL"),
        "(ALL)": lambda M: M.search(None, "(ALL)"),
        "UNSEEN": lambda M: M.search(None, "UNSEEN"),
        "(UNSEEN)": lambda M: M.search(None, "(UNSEEN)"),
        "lower case": lambda M: M.search(None, "unseen"),
        "upper-case method": lambda M: M.SEARCH(None, "ALL"),
        "numbers of the answer": _last_number,
        "nothing found": lambda M: M.search(None, "SUBJECT", '"no such subject"'),
        "split, as the documentation has it": lambda M: M.search(None, "FROM", '"ann"'),
        "in one, as the documentation has it": lambda M: M.search(None, '(FROM "ann")'),
        "in one without parentheses": lambda M: M.search(None, 'FROM "ann" SEEN'),
        "several in parentheses": lambda M: M.search(None, '(SEEN SUBJECT "hello world")'),
        "several lists": lambda M: M.search(None, "(UNSEEN)", '(SUBJECT "invoice")'),
        "quoted value, split": lambda M: M.search(None, "SUBJECT", '"hello world"'),
        "value with a space, split": lambda M: M.search(None, "SUBJECT", "hello world"),
        "value with a quote, split": lambda M: M.search(None, "SUBJECT", 'hello"world'),
        "value in single quotes": lambda M: M.search(None, "SUBJECT", "'hello'"),
        "value with escaped quotes": lambda M: M.search(None, r'(SUBJECT "a \"b\" c")'),
        "two keys, split": lambda M: M.search(None, "SEEN", "FLAGGED"),
        "two dates, quoted": lambda M: M.search(None, '(SINCE "02-Jan-2024" BEFORE "05-Jan-2024")'),
        "charset, in one": lambda M: M.search("utf-8", 'SUBJECT "hello"'),
        "address, unquoted": lambda M: M.search(None, "FROM", "ann@example.org"),
        "HEADER, split": lambda M: M.search(None, "HEADER", "Message-ID", "<3@example.org>"),
        "HEADER in one": lambda M: M.search(None, 'HEADER Subject "hello world"'),
        "HEADER in parentheses": lambda M: M.search(None, '(HEADER Message-ID "<3@example.org>")'),
        "since a date": lambda M: M.search(None, '(SINCE "02-Jan-2024")'),
        "since a date, unquoted": lambda M: M.search(None, "(SINCE 02-Jan-2024)"),
        "since a date, split": lambda M: M.search(None, "SINCE", "02-Jan-2024"),
        "since a formatted date": lambda M: M.search(
            None, f"(SENTSINCE {datetime(2024, 1, 4):%d-%b-%Y})"
        ),
        "between dates": lambda M: M.search(None, "SINCE 02-Jan-2024 BEFORE 04-Jan-2024"),
        "OR": lambda M: M.search(None, 'OR FROM "ann" FROM "bo"'),
        "OR, parenthesised": lambda M: M.search(None, '(OR (FROM "ann") (SUBJECT "files"))'),
        "NOT": lambda M: M.search(None, "NOT", "SEEN"),
        "NOT DELETED": lambda M: M.search(None, "(NOT DELETED)"),
        "UID range": lambda M: M.search(None, "UID", "2:4"),
        "UID range in parentheses": lambda M: M.search(None, "(UID 2:*)"),
        "message numbers": lambda M: M.search(None, "1:3", "SEEN"),
        "LARGER": lambda M: M.search(None, "LARGER", "300"),
        "KEYWORD": lambda M: M.search(None, "KEYWORD", "$Label1"),
        "TEXT": lambda M: M.search(None, "TEXT", '"attachment"'),
        "charset, ASCII": lambda M: M.search("US-ASCII", "ALL"),
        "charset, UTF-8": lambda M: M.search("UTF-8", "SUBJECT", '"hello"'),
        "charset by keyword": lambda M: M.search(charset="utf-8", *("ALL",)),  # noqa: B026
        "charset as a criterion": lambda M: M.search(None, "CHARSET", "UTF-8", "ALL"),
        "charset and encoded bytes": lambda M: M.search("UTF-8", "SUBJECT", '"Grüße"'.encode()),
        "charset and literal": _by_literal("UTF-8", "SUBJECT", literal="Grüße".encode()),
        "literal": _by_literal(None, "TEXT", literal=b"Hello"),
        "UID SEARCH and literal": _utf8_literal,
        "literal is a str": _hurried(_by_literal(None, "TEXT", literal="Hello")),
        "literal of a call that failed": _stale_literal,
        "non-ASCII str": lambda M: M.search(None, "SUBJECT", '"Grüße"'),
        "non-ASCII str and charset": lambda M: M.search("UTF-8", "SUBJECT", "Grüße"),
        "criteria as bytes": lambda M: M.search(None, b'SUBJECT "hello"'),
        "criteria with None": lambda M: M.search(None, "SEEN", None, "FLAGGED"),
        "charset is empty": lambda M: M.search("", "ALL"),
        "unknown charset": lambda M: M.search("NONSENSE-8", "ALL"),
        "unknown key": lambda M: M.search(None, "NONSENSE"),
        "no criteria": lambda M: M.search(None),
        "nothing": lambda M: M.search(),
        "charset forgotten": lambda M: M.search("ALL"),
        "unbalanced parentheses": lambda M: M.search(None, "(SEEN"),
        "unbalanced quotes": lambda M: M.search(None, '(SUBJECT "hello)'),
        "bad date": lambda M: M.search(None, "SINCE 2024-01-02"),
        "criteria as a list": lambda M: M.search(None, ["SEEN"]),
        "an int": lambda M: M.search(None, "UID", 3),
        "a date": lambda M: M.search(None, "SINCE", date(2024, 1, 4)),
        "CR LF in a value": lambda M: M.search(None, "SUBJECT", '"a\r\nA1 NOOP"'),
        "Gmail's X-GM-RAW": lambda M: M.search(None, "X-GM-RAW", '"has:attachment"'),
        "RETURN": lambda M: (M.search(None, "RETURN (COUNT) ALL")[0], M.response("ESEARCH")[0]),
    },
)

_theme(
    "uid",
    Setting.EXAMINED,
    {
        "search": lambda M: M.uid("search", None, "ALL"),
        "SEARCH without charset": lambda M: M.uid("SEARCH", "UNSEEN"),
        "SEARCH in parentheses": lambda M: M.uid("SEARCH", None, "(UNSEEN)"),
        "SEARCH two lists": lambda M: M.uid("search", None, "(SEEN)", "(SINCE 02-Jan-2024)"),
        "SEARCH a value with a space": lambda M: M.uid("search", None, "SUBJECT", "hello world"),
        "SEARCH HEADER, split": lambda M: M.uid(
            "SEARCH", "HEADER", "Message-ID", "<1@example.org>"
        ),
        "SEARCH HEADER in one": lambda M: M.uid("search", None, '(HEADER Subject "hello world")'),
        "SEARCH a UID range": lambda M: M.uid("search", None, "UID 2:*"),
        "SEARCH with charset": lambda M: M.uid("SEARCH", "CHARSET", "UTF-8", "SEEN"),
        "SEARCH Gmail": lambda M: M.uid("SEARCH", "X-GM-RAW", '"in:inbox"'),
        "fetch by bytes": lambda M: M.uid("fetch", b"2", "(FLAGS)"),
        "fetch by str": lambda M: M.uid("fetch", "2", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])"),
        "FETCH range": lambda M: M.uid("FETCH", "1:*", "(UID FLAGS)"),
        "FETCH list": lambda M: M.uid("FETCH", ",".join(["1", "3"]), "(FLAGS)"),
        "FETCH joined bytes": lambda M: M.uid("FETCH", b",".join([b"1", b"3"]), "(FLAGS)"),
        "FETCH FLAGS without parentheses": lambda M: M.uid("FETCH", "2", "FLAGS"),
        "FETCH RFC822": lambda M: M.uid("fetch", "1", "(RFC822)"),
        "FETCH nothing there": lambda M: M.uid("FETCH", "999", "(FLAGS)"),
        "FETCH Gmail's labels": lambda M: M.uid("FETCH", "1", "(X-GM-LABELS)"),
        "FETCH by an int": lambda M: M.uid("FETCH", 2, "(FLAGS)"),
        "FETCH one item without parentheses": lambda M: M.uid("FETCH", "1", "FLAGS"),
        "FETCH two items without parentheses": lambda M: M.uid("FETCH", "1", "FLAGS UID"),
        "FETCH without arguments": lambda M: M.uid("FETCH"),
        "FETCH an empty set": lambda M: M.uid("FETCH", "", "(FLAGS)"),
        "FETCH an empty set, bytes": lambda M: M.uid("FETCH", b"", "(FLAGS)"),
        "SORT": lambda M: M.uid("SORT", "(REVERSE DATE)", "UTF-8", "ALL"),
        "THREAD": lambda M: M.uid("THREAD", "REFERENCES", "UTF-8", "ALL"),
        "upper-case method": lambda M: M.UID("SEARCH", "ALL"),
        "unknown command": lambda M: M.uid("NONSENSE", "1"),
        "command that has no UID form": lambda M: M.uid("NOOP"),
        "command illegal in the state": lambda M: M.uid("LOGIN", "a", "b"),
        "command is None": lambda M: M.uid(None, "1"),
        "no command": lambda M: M.uid(),
        "two words in the command": lambda M: M.uid("FETCH 1", "(FLAGS)"),
        "STORE in a read-only mailbox": lambda M: M.uid("STORE", "1", "+FLAGS", r"(\Flagged)"),
        "CR LF in an argument": lambda M: M.uid("FETCH", "1\r\nA1 NOOP", "(FLAGS)"),
    },
)

# -- Fetching ----------------------------------------------------------------------------------


def _tutorial(M: Any) -> Any:
    """The loop that every tutorial has."""
    subjects = []
    _, data = M.search(None, "ALL")
    for num in data[0].split():
        _, data = M.fetch(num, "(BODY.PEEK[])")
        for part in data:
            if isinstance(part, tuple):
                message = email.message_from_bytes(part[1])
                subjects.append((message["Subject"], message.is_multipart()))
    return subjects


def _latest_first(M: Any) -> Any:
    _, data = M.uid("search", None, "ALL")
    latest = data[0].split()[-1]
    _, data = M.uid("fetch", latest, "(BODY.PEEK[])")
    message = email.message_from_string(data[0][1].decode("utf-8"))
    return [part.get_content_type() for part in message.walk()]


def _flags_of_all(M: Any, lib: Any) -> Any:
    _, data = M.fetch("1:*", "(FLAGS)")
    return [lib.ParseFlags(line) for line in data]


def _sizes(M: Any) -> Any:
    _, data = M.fetch("1:*", "(UID RFC822.SIZE)")
    pattern = re.compile(rb"(\d+) \(UID (\d+) RFC822\.SIZE (\d+)\)")
    return [pattern.match(line).groups() for line in data]  # type: ignore[union-attr]


def _dates(M: Any, lib: Any) -> Any:
    _, data = M.fetch("1:3", "(INTERNALDATE)")
    return [time.mktime(lib.Internaldate2tuple(line)) for line in data]


_theme(
    "fetch",
    Setting.EXAMINED,
    {
        "the tutorial's loop": _tutorial,
        "the latest": _latest_first,
        "number as bytes": lambda M: M.fetch(b"1", "(FLAGS)"),
        "number as str": lambda M: M.fetch("1", "(FLAGS)"),
        "number as int": lambda M: M.fetch(1, "(FLAGS)"),
        "range": lambda M: M.fetch("1:3", "(FLAGS)"),
        "open range": lambda M: M.fetch("2:*", "(UID FLAGS)"),
        "list": lambda M: M.fetch("1,3,5", "(FLAGS)"),
        "all that SEARCH has found": lambda M: M.fetch(M.search(None, "ALL")[1][0], "(FLAGS)"),
        "all that SEARCH has found, joined": lambda M: M.fetch(
            M.search(None, "ALL")[1][0].replace(b" ", b","), "(FLAGS)"
        ),
        "the last": lambda M: M.fetch("*", "(FLAGS)"),
        "FLAGS without parentheses": lambda M: M.fetch("1", "FLAGS"),
        "RFC822": lambda M: M.fetch("1", "(RFC822)"),
        "RFC822 without parentheses": lambda M: M.fetch("1", "RFC822"),
        "BODY[]": lambda M: M.fetch("2", "(BODY[])"),
        "BODY.PEEK[] without parentheses": lambda M: M.fetch("2", "BODY.PEEK[]"),
        "items in lower case": lambda M: M.fetch("2", "(uid body.peek[header])"),
        "header fields": lambda M: M.fetch("1", "(BODY[HEADER.FIELDS (SUBJECT FROM)])"),
        "header fields of all": lambda M: M.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])"),
        "header fields without parentheses": lambda M: M.fetch("1", "BODY[HEADER.FIELDS (DATE)]"),
        "text with pitfalls": lambda M: M.fetch("2:5", "(BODY.PEEK[TEXT])"),
        "8-bit text": lambda M: M.fetch("4", "(BODY.PEEK[TEXT])"),
        "flags and message": lambda M: M.fetch("3", "(FLAGS RFC822.HEADER UID)"),
        "two literals": lambda M: M.fetch("3", "(BODY.PEEK[HEADER] BODY.PEEK[TEXT])"),
        "empty literal": lambda M: M.fetch("3", "(BODY.PEEK[TEXT])"),
        "partial": lambda M: M.fetch("1", "(BODY.PEEK[]<0.20>)"),
        "partial beyond the end": lambda M: M.fetch("1", "(BODY.PEEK[]<9999.1>)"),
        "all messages": lambda M: M.fetch("1:*", "(UID BODY.PEEK[])"),
        "what lists of messages show": lambda M: M.fetch("1:*", "(FLAGS INTERNALDATE RFC822.SIZE)"),
        "one part": lambda M: M.fetch("6", "(BODY.PEEK[2] BODY.PEEK[2.MIME])"),
        "envelope": lambda M: M.fetch("1", "(ENVELOPE)"),
        "bodystructure": lambda M: M.fetch("6", "(BODYSTRUCTURE)"),
        "macro": lambda M: M.fetch("1", "ALL"),
        "flags parsed": _flags_of_all,
        "sizes": _sizes,
        "internal dates": _dates,
        "items as a list": lambda M: M.fetch("1", ["FLAGS", "UID"]),
        "two items without parentheses": lambda M: M.fetch("1", "FLAGS UID"),
        "numbers as a list": lambda M: M.fetch([1, 2], "(FLAGS)"),
        "number that isn't there": lambda M: M.fetch("99", "(FLAGS)"),
        "number 0": lambda M: M.fetch("0", "(FLAGS)"),
        "empty set": lambda M: M.fetch("", "(FLAGS)"),
        "set is None": lambda M: M.fetch(None, "(FLAGS)"),
        "items are None": lambda M: M.fetch("1", None),
        "nonsense": lambda M: M.fetch("1", "(NONSENSE)"),
        "set is nonsense": lambda M: M.fetch("one", "(FLAGS)"),
        "set with spaces": lambda M: M.fetch("1 2 3", "(FLAGS)"),
        "without items": lambda M: M.fetch("1"),
        "CR LF in the items": lambda M: M.fetch("1", "(FLAGS)\r\nA1 NOOP"),
        "PARTIAL": lambda M: M.partial("1", "RFC822", "1", "10"),
    },
)

# -- Changing messages -------------------------------------------------------------------------


def _delete_all(M: Any) -> Any:
    """As the documentation has it."""
    _, data = M.search(None, "ALL")
    for num in data[0].split():
        M.store(num, "+FLAGS", "\\Deleted")
    return M.expunge(), M.close(), M.logout()[0]


def _move_by_copy(M: Any) -> Any:
    """As everybody moved messages before there was MOVE."""
    _, data = M.uid("search", None, "(SEEN)")
    uid = data[0].split()[0]
    result = M.uid("COPY", uid, '"Archive"')
    if result[0] == "OK":
        M.uid("STORE", uid, "+FLAGS", r"(\Deleted)")
        return result, M.expunge()
    return result


def _mark_read(M: Any) -> Any:
    _, data = M.search(None, "UNSEEN")
    for num in data[0].split():
        M.fetch(num, "(RFC822)")
    return M.search(None, "UNSEEN")


def _fetch_marks_as_seen(M: Any) -> Any:
    return M.fetch("2", "(RFC822.TEXT)"), M.fetch("2", "(FLAGS)")


_theme(
    "store",
    Setting.SELECTED,
    {
        r"\Deleted": lambda M: M.store("2", "+FLAGS", "\\Deleted"),
        r"(\Deleted)": lambda M: M.store("2", "+FLAGS", "(\\Deleted)"),
        "by bytes": lambda M: M.store(b"2", "+FLAGS", "\\Seen"),
        "flags as bytes": lambda M: M.store("2", "+FLAGS", b"(\\Seen)"),
        "flags as bytes without parentheses": lambda M: M.store("2", "+FLAGS", b"\\Seen"),
        "two flags": lambda M: M.store("2", "+FLAGS", r"(\Seen \Flagged)"),
        "two flags without parentheses": lambda M: M.store("2", "+FLAGS", r"\Seen \Flagged"),
        "remove": lambda M: M.store("1", "-FLAGS", r"(\Seen)"),
        "replace": lambda M: M.store("1:3", "FLAGS", r"(\Draft)"),
        "no flags at all": lambda M: M.store("1", "FLAGS", "()"),
        "lower case": lambda M: M.store("2", "+flags", r"\seen"),
        "keyword": lambda M: M.store("2", "+FLAGS", "Work"),
        "silent": lambda M: M.store("2", "+FLAGS.SILENT", r"(\Seen)"),
        "range": lambda M: M.store("1:*", "+FLAGS", r"(\Flagged)"),
        "UID STORE": lambda M: M.uid("STORE", "2", "+FLAGS", r"(\Seen)"),
        "UID STORE without parentheses": lambda M: M.uid("STORE", "2", "+FLAGS", r"\Seen"),
        "UID STORE by bytes": lambda M: M.uid("store", b"2", "+FLAGS", "(\\Deleted)"),
        "UID STORE Gmail's labels": lambda M: M.uid("STORE", "2", "+X-GM-LABELS", r"\Trash"),
        "Gmail's labels": lambda M: M.store("2", "+X-GM-LABELS", "(work)"),
        "flags as a list": lambda M: M.store("2", "+FLAGS", [r"\Seen"]),
        "flags are None": lambda M: M.store("2", "+FLAGS", None),
        "flags are empty": lambda M: M.store("2", "+FLAGS", ""),
        "unknown system flag": lambda M: M.store("2", "+FLAGS", r"(\Nonsense)"),
        "bad command": lambda M: M.store("2", "FLAG", r"(\Seen)"),
        "number that isn't there": lambda M: M.store("99", "+FLAGS", r"(\Seen)"),
        "read-only mailbox": lambda M: (M.select("INBOX", True), M.store("2", "+FLAGS", r"\Seen")),
        "CR LF in the flags": lambda M: M.store("2", "+FLAGS", "\\Seen\r\nA1 NOOP"),
        "reading marks as seen": _fetch_marks_as_seen,
        "reading marks all as seen": _mark_read,
    },
)

_theme(
    "copy and expunge",
    Setting.SELECTED,
    {
        "COPY": lambda M: M.copy("1:2", "Archive"),
        "COPY by bytes": lambda M: M.copy(b"1", "Archive"),
        "COPY, quoted": lambda M: M.copy("1", '"My Mail"'),
        "COPY, name with a space": lambda M: M.copy("1", "My Mail"),
        "COPYUID": lambda M: (M.copy("1:2", "Archive"), M.response("COPYUID")),
        "COPYUID in untagged_responses": lambda M: (
            M.copy("1:2", "Archive"),
            M.untagged_responses["COPYUID"],
        ),
        "UID COPY": lambda M: M.uid("COPY", "2", "Archive"),
        "UID COPY, quoted": lambda M: M.uid("COPY", b"2", '"' + "My Mail" + '"'),
        "UID COPY, name with a space": lambda M: M.uid("COPY", "2", "My Mail"),
        "UID MOVE": lambda M: M.uid("MOVE", "2", "Archive"),
        "UID EXPUNGE": lambda M: M.uid("EXPUNGE", "5"),
        "UID EXPUNGE, what is left": lambda M: (M.uid("EXPUNGE", "5")[0], M.response("EXPUNGE")),
        "MOVE by xatom": lambda M: M.xatom("MOVE", "2", "Archive"),
        "move": lambda M: M.move("2", "Archive"),
        "expunge": lambda M: M.expunge(),
        "expunge nothing": lambda M: (M.expunge(), M.expunge())[1],
        "expunge several": lambda M: (M.store("1:3", "+FLAGS", r"\Deleted"), M.expunge())[1],
        "delete all, as documented": _delete_all,
        "move by COPY and STORE": _move_by_copy,
        "expunge, read-only": lambda M: (M.select("INBOX", True), M.expunge()),
        "close expunges": lambda M: (M.close(), M.select())[1],
        "unselect doesn't expunge": lambda M: (M.unselect(), M.select())[1],
        "check": lambda M: M.check(),
        "CR LF in the mailbox": lambda M: M.copy("1", "Archive\r\nA1 NOOP"),
    },
)

_theme(
    "copy and expunge",
    Setting.EXAMINED,
    {
        "COPY to nowhere": lambda M: M.copy("1", "nowhere"),
        "COPY a number that isn't there": lambda M: M.copy("99", "Archive"),
        "UID COPY to nowhere": lambda M: M.uid("COPY", "2", "nowhere"),
        "UID COPY, nothing there": lambda M: M.uid("COPY", "99", "Archive"),
        "UID MOVE to nowhere": lambda M: M.uid("MOVE", "2", "nowhere"),
        "COPY without mailbox": lambda M: M.copy("1"),
        "expunge with an argument": lambda M: M.expunge("1"),
    },
)

_MESSAGE = b"From: me\r\nSubject: new\r\n\r\ntext\r\n"
_MOMENT = datetime(2024, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=1)))


def _appended(M: Any, *args: Any) -> Any:
    answer = M.append(*args)
    M.select(args[0] if args[0] else "INBOX")
    return answer[0], M.fetch("*", "(FLAGS RFC822.SIZE BODY.PEEK[])")


def _append_with_date(date: Any) -> Callable[[Any], Any]:
    def use(M: Any) -> Any:
        answer = M.append("Archive", None, date, _MESSAGE)
        M.select("Archive")
        return answer[0], M.fetch("*", "(INTERNALDATE)")

    return use


_theme(
    "append",
    Setting.SELECTED,
    {
        "as tutorials have it": lambda M, lib: M.append(
            "INBOX", "", lib.Time2Internaldate(time.time()), _MESSAGE
        ),
        "no flags, no date": lambda M: _appended(M, "Archive", None, None, _MESSAGE),
        "no mailbox": lambda M: _appended(M, None, None, None, _MESSAGE),
        "flag": lambda M: _appended(M, "Archive", "\\Seen", None, _MESSAGE),
        "flag in parentheses": lambda M: _appended(M, "Archive", r"(\Seen \Draft)", None, _MESSAGE),
        "flags as bytes": lambda M: M.append("Archive", b"(\\Seen)", None, _MESSAGE),
        "seconds": _append_with_date(1700000000),
        "float": _append_with_date(1700000000.5),
        "struct_time": _append_with_date(time.localtime(1700000000)),
        "tuple": _append_with_date((2024, 2, 3, 4, 5, 6, 5, 34, -1)),
        "datetime": _append_with_date(_MOMENT),
        "quoted str": _append_with_date('"03-Feb-2024 04:05:06 +0100"'),
        "APPENDUID": lambda M: (
            M.append("Archive", None, None, _MESSAGE)[0],
            M.response("APPENDUID"),
        ),
        "LF becomes CRLF": lambda M: _appended(M, "Archive", None, None, b"A: b\n\nc\rd\n"),
        "str(message).encode()": lambda M: _appended(
            M, "Archive", None, None, str(email.message_from_bytes(_MESSAGE)).encode("utf-8")
        ),
        "bytearray": lambda M: _appended(M, "Archive", None, None, bytearray(_MESSAGE)),
        "empty message": lambda M: M.append("Archive", None, None, b"")[0],
        "quoted mailbox": lambda M: _appended(M, '"My Mail"', None, None, _MESSAGE),
        "mailbox with a space": _hurried(lambda M: M.append("My Mail", None, None, _MESSAGE)),
        "non-ASCII mailbox": lambda M: _appended(M, "Entwürfe", None, None, _MESSAGE),
        "CR LF in the mailbox": lambda M: M.append("Archive\r\nA1 NOOP", None, None, _MESSAGE),
        "message is an email.message.Message": lambda M: M.append(
            "Archive", None, None, email.message_from_bytes(_MESSAGE)
        ),
    },
)

_theme(
    "append",
    Setting.EXAMINED,
    {
        "to nowhere": lambda M: M.append("nowhere", None, None, _MESSAGE),
        "message is str": lambda M: M.append("Archive", None, None, _MESSAGE.decode()),
        "message is None": lambda M: M.append("Archive", None, None, None),
        "date is nonsense": _append_with_date("yesterday"),
        "date is naive": _append_with_date(datetime(2024, 2, 3)),
        "date is an unquoted str": _append_with_date("03-Feb-2024 04:05:06 +0100"),
        "without message": lambda M: M.append("Archive", None, None),
    },
)

# -- Mailboxes ---------------------------------------------------------------------------------


def _names(M: Any) -> Any:
    _, data = M.list()
    return sorted(line.decode().split(' "/" ')[1] for line in data)


_theme(
    "list",
    Setting.EXAMINED,
    {
        "all": lambda M: M.list(),
        "names, split as scripts do": _names,
        "reference and pattern": lambda M: M.list('""', "*"),
        "quoted pattern": lambda M: M.list('""', '"*"'),
        "empty reference": lambda M: M.list("", "*"),
        "percent": lambda M: M.list('""', "%"),
        "by keyword": lambda M: M.list(directory='""', pattern="A*"),
        "separator": lambda M: M.list('""', '""'),
        "nothing there": lambda M: M.list('""', "nowhere"),
        "in one directory": lambda M: M.list("Archive/", "*"),
        "pattern with a space": lambda M: M.list('""', "My Ma*"),
        "pattern with a space, quoted": lambda M: M.list('""', '"My Ma*"'),
        "return options": lambda M: M.list('""', "* RETURN (SPECIAL-USE)"),
        "return options behind quotes": lambda M: M.list('""', '"*" RETURN (SPECIAL-USE)'),
        "return options as bytes": lambda M: M.list('""', b'"*" RETURN (SPECIAL-USE)'),
        "selection options": lambda M: M.list('(SUBSCRIBED) ""', "*"),
        "selection options by _simple_command": lambda M: (
            M._simple_command("LIST", "(SUBSCRIBED)", '""', "*")[0],
            M.response("LIST"),
        ),
        "reference is None": lambda M: M.list(None, "*"),
        "bytes": lambda M: M.list(b'""', b"A*"),
        "LSUB": lambda M: M.lsub(),
        "LSUB pattern": lambda M: M.lsub('""', "Arch*"),
        "XLIST": lambda M: M.xatom("XLIST", '""', "*"),
        "STATUS": lambda M: M.status("INBOX", "(MESSAGES UNSEEN)"),
        "STATUS without parentheses": lambda M: M.status("INBOX", "MESSAGES"),
        "STATUS two without parentheses": lambda M: M.status("INBOX", "MESSAGES UNSEEN"),
        "STATUS quoted": lambda M: M.status('"My Mail"', "(MESSAGES UIDNEXT)"),
        "STATUS name with a space": lambda M: M.status("My Mail", "(MESSAGES)"),
        "STATUS quote in the name": lambda M: M.status(r'"quo\"te"', "(MESSAGES)"),
        "STATUS nowhere": lambda M: M.status("nowhere", "(MESSAGES)"),
        "STATUS nonsense": lambda M: M.status("INBOX", "(NONSENSE)"),
        "STATUS without items": lambda M: M.status("INBOX"),
        "STATUS of None": lambda M: M.status(None, "(MESSAGES)"),
        "STATUS upper case": lambda M: M.STATUS("INBOX", "(RECENT)"),
        "namespace": lambda M: M.namespace(),
        "myrights": lambda M: M.myrights("INBOX"),
        "getacl": lambda M: M.getacl("Archive"),
        "getacl nowhere": lambda M: M.getacl("nowhere"),
        "getquota": lambda M: M.getquota('"User quota"'),
        "getquota, root with a space": lambda M: M.getquota("User quota"),
        "getquota, nonsense": lambda M: M.getquota("nonsense"),
        "getquotaroot": lambda M: M.getquotaroot("INBOX"),
        "getquotaroot, quoted": lambda M: M.getquotaroot('"INBOX"'),
        "setquota, refused": lambda M: M.setquota('"User quota"', "(STORAGE 512)"),
        "setquota without parentheses": lambda M: M.setquota('"User quota"', "STORAGE 512"),
        "getannotation": lambda M: M.getannotation("INBOX", '"/comment"', '"value.priv"'),
        "setannotation": lambda M: M.setannotation("INBOX", '"/comment"', '("value.priv" "x")'),
        "GETMETADATA by _simple_command": lambda M: M._simple_command(
            "GETMETADATA", '""', "/shared/comment"
        ),
        "CR LF in a name": lambda M: M.status("INBOX\r\nA1 NOOP", "(MESSAGES)"),
    },
)


def _state_set_by_hand(M: Any) -> Any:
    M.state = "SELECTED"
    return M.search(None, "ALL")


_theme(
    "mailboxes",
    Setting.AUTH,
    {
        "create": lambda M: M.create("New"),
        "create, quoted": lambda M: (M.create('"New Mail"'), M.list('""', "New*"))[1],
        "create, name with a space": lambda M: (M.create("New Mail"), M.list('""', "New*")),
        "create, non-ASCII": lambda M: (M.create("Gelöscht"), M.list('""', "Gel*")),
        "create below": lambda M: (M.create("a/b/c"), M.list("a/", "*")),
        "delete": lambda M: (M.delete("Archive"), M.list('""', "Archive")),
        "delete, quoted": lambda M: M.delete('"My Mail"'),
        "rename": lambda M: (M.rename("Archive", "Old"), M.list('""', "Old")),
        "rename, quoted": lambda M: M.rename('"My Mail"', '"Your Mail"'),
        "rename over another": lambda M: M.rename("Archive", "Sent"),
        "subscribe": lambda M: (M.subscribe("Sent"), M.lsub()),
        "unsubscribe": lambda M: (M.unsubscribe("Archive"), M.lsub()),
        "setacl": lambda M: (M.setacl("Archive", "bob", "lrs"), M.getacl("Archive")),
        "deleteacl": lambda M: (M.setacl("Archive", "bob", "lr"), M.deleteacl("Archive", "bob")),
    },
)

_theme(
    "mailboxes",
    Setting.LOGGED_IN,
    {
        "create again": lambda M: M.create("Archive"),
        "create INBOX": lambda M: M.create("INBOX"),
        "create nothing": lambda M: M.create(),
        "create None": lambda M: M.create(None),
        "create empty": lambda M: M.create(""),
        "delete nowhere": lambda M: M.delete("nowhere"),
        "delete INBOX": lambda M: M.delete("INBOX"),
        "rename nowhere": lambda M: M.rename("nowhere", "somewhere"),
        "subscribe nowhere": lambda M: M.subscribe("nowhere"),
        "setacl nowhere": lambda M: M.setacl("nowhere", "bob", "lr"),
        "setacl, bad rights": lambda M: M.setacl("Archive", "bob", "7"),
        "proxyauth": lambda M: M.proxyauth("bob"),
        "capability": lambda M: len(M.capability()[1]),
        "capabilities": lambda M: ("IDLE" in M.capabilities, "SORT" in M.capabilities),
        "enable": lambda M: M.enable("CONDSTORE"),
        "search in state AUTH": lambda M: M.search(None, "ALL"),
        "fetch in state AUTH": lambda M: M.fetch("1", "(FLAGS)"),
        "store in state AUTH": lambda M: M.store("1", "+FLAGS", r"\Seen"),
        "copy in state AUTH": lambda M: M.copy("1", "Archive"),
        "expunge in state AUTH": lambda M: M.expunge(),
        "check in state AUTH": lambda M: M.check(),
        "sort in state AUTH": lambda M: M.sort("DATE", "UTF-8", "ALL"),
        "thread in state AUTH": lambda M: M.thread("REFERENCES", "UTF-8", "ALL"),
        "uid in state AUTH": lambda M: M.uid("FETCH", "1", "(FLAGS)"),
        "uid search in state AUTH": lambda M: M.uid("SEARCH", None, "ALL"),
        "close in state AUTH": lambda M: M.close(),
        "unselect in state AUTH": lambda M: M.unselect(),
        "login in state AUTH": lambda M: M.login("alice", PASSWORD),
        "authenticate in state AUTH": lambda M: M.authenticate("PLAIN", lambda _: _plain()),
        "starttls in state AUTH": lambda M: M.starttls(),
        "search after select failed": lambda M: (M.select("nowhere"), M.search(None, "ALL")),
        "state set by hand": _state_set_by_hand,
    },
)

_theme(
    "not logged in",
    Setting.GREETED,
    {
        "select": lambda M: M.select(),
        "list": lambda M: M.list(),
        "status": lambda M: M.status("INBOX", "(MESSAGES)"),
        "append": lambda M: M.append("INBOX", None, None, _MESSAGE),
        "create": lambda M: M.create("New"),
        "search": lambda M: M.search(None, "ALL"),
        "uid": lambda M: M.uid("SEARCH", "ALL"),
        "close": lambda M: M.close(),
        "getacl": lambda M: M.getacl("INBOX"),
        "namespace": lambda M: M.namespace(),
        "proxyauth": lambda M: M.proxyauth("bob"),
        "enable": lambda M: _offering(M, "ENABLE").enable("CONDSTORE"),
        "noop": lambda M: M.noop(),
        "capability": lambda M: M.capability(),
        "recent": lambda M: M.recent(),
        "response": lambda M: M.response("EXISTS"),
        "logout": lambda M: M.logout(),
    },
)

# -- Sorting and threads -----------------------------------------------------------------------

_theme(
    "sort and thread",
    Setting.EXAMINED,
    {
        "SORT": lambda M: M.sort("DATE", "UTF-8", "ALL"),
        "SORT in parentheses": lambda M: M.sort("(REVERSE DATE)", "UTF-8", "ALL"),
        "SORT two keys": lambda M: M.sort("SUBJECT REVERSE DATE", "US-ASCII", "SEEN"),
        "SORT, criteria in one": lambda M: M.sort("(DATE)", "UTF-8", '(SUBJECT "hello world")'),
        "SORT, split": lambda M: M.sort("(DATE)", "UTF-8", "SUBJECT", '"hello world"'),
        "SORT, value with a space": lambda M: M.sort("DATE", "UTF-8", "SUBJECT", "hello world"),
        "SORT, nothing found": lambda M: M.sort("DATE", "UTF-8", "SUBJECT", "nonsense"),
        "SORT, bytes": lambda M: M.sort("DATE", "UTF-8", b"UID 1:3"),
        "SORT, bad key": lambda M: M.sort("NONSENSE", "UTF-8", "ALL"),
        "SORT, no charset": lambda M: M.sort("DATE", None, "ALL"),
        "SORT, charset forgotten": lambda M: M.sort("(DATE)", "ALL"),
        "SORT, empty keys": lambda M: M.sort("", "UTF-8", "ALL"),
        "SORT, keys are None": lambda M: M.sort(None, "UTF-8", "ALL"),
        "SORT, unknown charset": lambda M: M.sort("DATE", "NONSENSE-8", "ALL"),
        "THREAD": lambda M: M.thread("REFERENCES", "UTF-8", "ALL"),
        "THREAD ORDEREDSUBJECT": lambda M: M.thread("ORDEREDSUBJECT", "UTF-8", "ALL"),
        "THREAD, nothing found": lambda M: M.thread("REFS", "UTF-8", "SUBJECT", '"nonsense"'),
        "THREAD, bad algorithm": lambda M: M.thread("NONSENSE", "UTF-8", "ALL"),
        "THREAD, non-ASCII": lambda M: M.thread("REFERENCES", "UTF-8", "SUBJECT", "Grüße"),
    },
)

# -- Untagged responses ------------------------------------------------------------------------


def _news(M: Any, s: Session) -> Any:
    """What another session does to the mailbox, and is reported with NOOP."""
    other = s.log_in()
    other.append("INBOX", None, None, _MESSAGE)
    return M.noop(), M.response("EXISTS"), M.recent(), M.response("EXISTS")


def _flags_changed_elsewhere(M: Any, s: Session) -> Any:
    """Unsolicited FETCH data, which comes with NOOP, and then FETCH."""
    other = s.log_in()
    other.select()
    other.store("2", "+FLAGS", r"(\Flagged)")
    return M.noop(), M.fetch("1", "(FLAGS)"), M.response("FETCH")


def _drained(M: Any) -> Any:
    M.select("INBOX")
    return M.untagged_responses.pop("EXISTS", None), M.untagged_responses.pop("EXISTS", None)


def _read_like_a_dict(M: Any) -> Any:
    M.select("INBOX")
    untagged = M.untagged_responses
    found = "UIDNEXT" in untagged, untagged.get("UIDNEXT"), untagged.get("NONSENSE", [])
    return found, untagged["EXISTS"], int(untagged["UIDNEXT"][0]), sorted(untagged.keys())


def _emptied(M: Any) -> Any:
    M.select("INBOX")
    M.untagged_responses = {}
    return M.response("EXISTS"), dict(M.untagged_responses.items())


def _own_command(M: Any, lib: Any) -> Any:
    before = lib.Commands.get("XFOO")
    lib.Commands["XFOO"] = ("AUTH", "SELECTED")
    return before, M._simple_command("XFOO", "a", "b")


def _xlist(M: Any, lib: Any) -> Any:
    lib.Commands["XLIST"] = lib.Commands["LIST"]
    return M._simple_command("XLIST", '""', "*")


def _id_as_netease_wants_it(states: Any) -> Callable[[Any, Any], Any]:
    """Before 3.14, imaplib didn't know ID."""

    def use(M: Any, lib: Any) -> Any:
        lib.Commands["ID"] = states
        args = ("name", "client", "version", "1.0.0")
        typ, dat = M._simple_command("ID", '("' + '" "'.join(args) + '")')
        return typ, dat, M._untagged_response(typ, dat, "ID")

    return use


def _idle_by_lines(M: Any) -> Any:
    """IDLE, as scripts have it that are older than ``idle()``."""
    tag = M._new_tag()
    M.send(tag + b" IDLE\r\n")
    begun = M.readline()
    M.send(b"DONE\r\n")
    return begun, M.readline().replace(tag, b"TAG"), M.noop()[0]


def _idle_by_responses(M: Any, lib: Any) -> Any:
    """IDLE, as libraries built on imaplib have it."""
    lib.Commands["IDLE"] = ("AUTH", "SELECTED")
    tag = M._command("IDLE")
    begun = M._get_response(), M.continuation_response
    M.send(b"DONE\r\n")
    return begun, M._command_complete("IDLE", tag)


def _select_by_hand(M: Any) -> Any:
    """What those do who need quotes."""
    M.untagged_responses = {}
    tag = M._new_tag()
    M.send(tag + b' SELECT "My Mail"\r\n')
    typ, data = M._command_complete("SELECT", tag)
    M.state = "SELECTED"
    return typ, data, M.untagged_responses["EXISTS"], M.check()


def _idle_of_newer_pythons(M: Any) -> Any:
    with M.idle(duration=0.05) as idler:
        return list(idler), M.state


def _by_tag(M: Any) -> Any:
    return M._command_complete("NOOP", M._command("NOOP"))


_theme(
    "untagged responses",
    Setting.EXAMINED,
    {
        "response": lambda M: M.response("UIDNEXT"),
        "response, any case": lambda M: M.response("uidnext"),
        "response twice": lambda M: (M.response("UIDNEXT"), M.response("UIDNEXT")),
        "response to nothing": lambda M: M.response("NONSENSE"),
        "response, bytes": lambda M: M.response(b"EXISTS"),
        "response, flags": lambda M: M.response("PERMANENTFLAGS"),
        "response OK": lambda M: M.response("OK"),
        "untagged_responses.pop": _drained,
        "untagged_responses.pop with bytes": lambda M: M.untagged_responses.pop(b"ESEARCH", None),
        "untagged_responses like a dict": _read_like_a_dict,
        "untagged_responses, missing": lambda M: M.untagged_responses["NONSENSE"],
        "untagged_responses = {}": _emptied,
        "untagged_responses is a dict": lambda M: isinstance(M.untagged_responses, dict),
        "iterating over untagged_responses": lambda M: sorted(map(str, M.untagged_responses)),
        "_get_untagged_response": lambda M: M._untagged_response("OK", [None], "EXISTS"),
    },
)

_theme(
    "untagged responses",
    Setting.SELECTED,
    {
        "response without data": lambda M: M.response("READ-WRITE"),
        "recent": lambda M: M.recent(),
        "recent twice": lambda M: (M.recent(), M.recent()),
        "news": _news,
        "unsolicited FETCH before a FETCH": _flags_changed_elsewhere,
    },
)

_theme(
    "extra commands",
    Setting.EXAMINED,
    {
        "xatom": lambda M: (M.xatom("NAMESPACE"), M.response("NAMESPACE")),
        "xatom, lower case": lambda M: M.xatom("noop"),
        "xatom ID": lambda M: (
            M.xatom("ID", '("name" "imaplib" "version" "1.0")')[0],
            M.response("ID"),
        ),
        "xatom, everything in the name": lambda M: M.xatom('ID ("name" "x")'),
        "xatom that the server doesn't know": lambda M: M.xatom("XNONSENSE", "a", "b"),
        "xatom, CR LF": lambda M: M.xatom("XFOO", "a\r\nb"),
        "xatom, CR LF in the name": lambda M: M.xatom("XFOO\r\nA1 NOOP"),
        "xatom, an int": lambda M: (M.xatom("FETCH", 1, "(FLAGS)")[0], M.response("FETCH")),
        "xatom, None is left out": lambda M: M.xatom("NOOP", None),
        "xatom with UID": lambda M: M.xatom("UID", "SEARCH", "ALL"),
        "xatom without a name": lambda M: M.xatom(),
        "Commands, own command": _own_command,
        "Commands, XLIST": _xlist,
        "Commands, ID, one state": _id_as_netease_wants_it(("AUTH",)),
        "Commands, ID, all states": _id_as_netease_wants_it(("NONAUTH", "AUTH", "SELECTED")),
        "Commands, ID, lone str": _id_as_netease_wants_it("SELECTED"),
        "_simple_command": lambda M: (M._simple_command("NOOP"), M._simple_command("CHECK")),
        "_simple_command and response": lambda M: (
            M._simple_command("STATUS", '"My Mail"', "(MESSAGES)")[0],
            M.response("STATUS"),
        ),
        "_simple_command, unknown": lambda M: M._simple_command("XNONSENSE"),
        "_simple_command and _untagged_response": lambda M: M._untagged_response(
            *M._simple_command("LIST", '""', "%"), "LIST"
        ),
        "_command and _command_complete": _by_tag,
        "_quote": lambda M: M._quote('a "b" \\c'),
        "_checkquote": lambda M: M._checkquote("a b"),
        "idle, as of Python 3.14": _idle_of_newer_pythons,
        "id": lambda M: M.id({"name": "x", "version": None}),
        "uid=True": lambda M: M.fetch("2", "(FLAGS)", uid=True),
        "IDLE by hand, lines": _idle_by_lines,
        "IDLE by hand, responses": _idle_by_responses,
        "SELECT by hand": _select_by_hand,
        "file": lambda M: callable(M.file.readline),
        "tagpre": lambda M: (type(M.tagpre), len(M.tagpre)),
        "_encoding": lambda M: M._encoding,
        "_cmd_log": lambda M: type(M._cmd_log),
    },
)

# -- Subclasses --------------------------------------------------------------------------------


def _own_open(s: Session) -> Any:
    class Own(s.library.IMAP4):  # type: ignore[misc,name-defined]
        def open(self, host: str = "", port: int = 143, timeout: Any = None) -> None:
            self.host, self.port = host, port
            self.sock = socket.create_connection((host, port), timeout)
            self.file = self.sock.makefile("rb")

        def shutdown(self) -> None:
            with suppress(AttributeError):
                self.file.close()
            self.sock.close()

    M = s.log_in(Own)
    return M.select("INBOX"), M.search(None, "ALL"), M.logout()[0]


def _own_open_of_old(s: Session) -> Any:
    class Own(s.library.IMAP4):  # type: ignore[misc,name-defined]
        def open(self, host: str = "", port: int = 143, timeout: Any = None) -> None:
            s.library.IMAP4.open(self, host, port, timeout)
            self.opened = host, port

    M = s.log_in(Own)
    return M.opened, M.state


def _own_create_socket(s: Session) -> Any:
    context = s.trusting()

    class Proxied(s.library.IMAP4):  # type: ignore[misc,name-defined]
        def _create_socket(self, timeout: float | None) -> Any:
            link = socket.create_connection((self.host, self.port), timeout)
            return context.wrap_socket(link, server_hostname=self.host)

    M = s.log_in(Proxied, *s.tls_address)
    return M.state, _is_tls(M), M.logout()[0]


def _own_tls_socket(s: Session) -> Any:
    class Proxied(s.library.IMAP4_SSL):  # type: ignore[misc,name-defined]
        def _create_socket(self, timeout: float | None) -> Any:
            link = socket.create_connection((self.host, self.port), timeout)
            return self.ssl_context.wrap_socket(link, server_hostname=self.host)

    M = s.log_in(Proxied, *s.tls_address, ssl_context=s.trusting())
    return M.state, M.logout()[0]


def _own_arguments(s: Session) -> Any:
    class Own(s.library.IMAP4):  # type: ignore[misc,name-defined]
        def __init__(self, account: str, *args: Any) -> None:
            self.account = account
            super().__init__(*args)

    return s.closing(Own("mine", *s.address)).account


def _counting_read_and_send(s: Session) -> Any:
    class Counting(s.library.IMAP4):  # type: ignore[misc,name-defined]
        sent = received = 0

        def send(self, data: bytes) -> None:
            self.sent += len(data)
            super().send(data)

        def read(self, size: int) -> bytes:
            data: bytes = super().read(size)
            self.received += len(data)
            return data

    M = s.log_in(Counting)
    M.select("INBOX")
    M.fetch("1", "(RFC822)")
    return M.sent > 0, M.received > 0


def _own_file(s: Session) -> Any:
    """Replaces all of the transport, as imaplib's documentation allows."""

    class Own(s.library.IMAP4):  # type: ignore[misc,name-defined]
        def open(self, host: str = "", port: int = 143, timeout: Any = None) -> None:
            self.sock = socket.create_connection((host, port), timeout)
            self.file = self.sock.makefile("rb")

        def read(self, size: int) -> bytes:
            return self.file.read(size)

        def readline(self) -> bytes:
            return self.file.readline()

        def send(self, data: bytes) -> None:
            self.sock.sendall(data)

        def shutdown(self) -> None:
            self.file.close()
            self.sock.close()

    M = s.log_in(Own)
    return M.select("INBOX"), M.fetch("1", "(BODY.PEEK[])"), M.logout()[0]


def _extended_select(s: Session) -> Any:
    class Remembering(s.library.IMAP4):  # type: ignore[misc,name-defined]
        def select(self, mailbox: str = "INBOX", readonly: bool = False) -> Any:
            self.chosen = mailbox
            return super().select(mailbox, readonly)

    M = s.log_in(Remembering)
    return M.select("Sent"), M.chosen, M.SELECT("INBOX"), M.chosen


def _extended_login(s: Session) -> Any:
    class Certain(s.library.IMAP4):  # type: ignore[misc,name-defined]
        def login(self, user: str, password: str) -> Any:
            try:
                return super().login(user, password)
            except self.error:
                return "refused"

    return s.connect(Certain).login("alice", "wrong")


def _own_command_method(s: Session) -> Any:
    class Gmail(s.library.IMAP4):  # type: ignore[misc,name-defined]
        def status_of(self, mailbox: str) -> Any:
            typ, dat = self._simple_command("STATUS", self._quote(mailbox), "(MESSAGES)")
            return self._untagged_response(typ, dat, "STATUS")

    return s.log_in(Gmail).status_of("My Mail")


def _stream(s: Session) -> Any:
    M = s.closing(s.library.IMAP4_stream(s.server.preauth_command(s.user)))
    with M:
        return M.state, M.select("INBOX"), M.search(None, "ALL"), M.host, M.port


_theme(
    "subclass",
    Setting.NOTHING,
    {
        "own open": _own_open,
        "open that calls the original": _own_open_of_old,
        "own _create_socket": _own_create_socket,
        "own _create_socket, TLS": _own_tls_socket,
        "own arguments": _own_arguments,
        "counting bytes": _counting_read_and_send,
        "own transport": _own_file,
        "extended select": _extended_select,
        "extended login": _extended_login,
        "own command": _own_command_method,
        "IMAP4_stream": _stream,
    },
)

# -- The end -----------------------------------------------------------------------------------


def _with_block(s: Session) -> Any:
    with s.library.IMAP4(*s.address) as M:
        M.login(s.user, PASSWORD)
        M.select("INBOX")
    return M.state


def _with_block_and_logout(s: Session) -> Any:
    with s.library.IMAP4(*s.address) as M:
        return M.logout()[0], M.state


def _with_block_that_raises(s: Session) -> Any:
    with s.library.IMAP4(*s.address) as M:
        M.login(s.user, PASSWORD)
        return M.search(None, "ALL")


def _with_block_on_a_dead_link(s: Session) -> Any:
    with s.connect() as M:
        M.sock.shutdown(socket.SHUT_RDWR)
    return M.state


def _after_logout(call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def use(M: Any) -> Any:
        M.logout()
        return call(M)

    return use


def _logout_on_a_dead_link(M: Any) -> Any:
    M.sock.shutdown(socket.SHUT_RDWR)
    return M.logout()[0]


def _sock_closed_by_hand(M: Any) -> Any:
    M.sock.close()
    return M.noop()


def _logout_never_answered(s: Session) -> Any:
    M = _served(s)
    M.sock.settimeout(0.05)
    return M.logout()


def _after_shutdown(M: Any) -> Any:
    M.shutdown()
    return M.noop()


def _finally_close_and_logout(M: Any) -> Any:
    """How careful scripts end."""
    try:
        M.fetch("1", "(NONSENSE)")
    except M.error as problem:
        return str(problem)
    finally:
        M.close()
        M.logout()


def _served(s: Session, *lines: bytes) -> Any:
    """A connection to a server that sends *lines* in answer to NOOP."""

    def script(peer: Peer) -> None:
        peer.greet(b"* PREAUTH ready")
        peer.capability()
        peer.relax()
        command = peer.command("NOOP", "LOGOUT")
        for line in lines:
            peer.line(line.replace(b"TAG", command.tag))
        peer.hold()

    server = s.serve(script)
    return s.connect(None, server.host, server.port, SECONDS)


def _lost(*lines: bytes) -> Callable[[Session], Any]:
    """NOOP, to which the server sends *lines* and closes."""

    def use(s: Session) -> Any:
        def script(peer: Peer) -> None:
            peer.greet(b"* PREAUTH ready")
            peer.capability()
            peer.command("NOOP")
            for line in lines:
                peer.line(line)

        server = s.serve(script)
        return s.connect(None, server.host, server.port, SECONDS).noop()

    return use


def _answered(*lines: bytes) -> Callable[[Session], Any]:
    """NOOP, to which the server sends *lines*."""

    def use(s: Session) -> Any:
        M = _served(s, *lines)
        return M.noop(), sorted(M.untagged_responses.keys())

    return use


def _reset(s: Session) -> Any:
    def script(peer: Peer) -> None:
        peer.greet(b"* PREAUTH ready")
        peer.capability()
        peer.command("NOOP")
        peer.reset()

    server = s.serve(script)
    M = s.connect(None, server.host, server.port, SECONDS)
    try:
        M.noop()
    except ConnectionResetError:
        return "reset"


def _too_slow(s: Session) -> Any:
    M = _served(s)
    M.sock.settimeout(0.05)
    try:
        M.noop()
    except TimeoutError:
        return "timed out"


_theme(
    "the end",
    Setting.SELECTED,
    {
        "close and logout": lambda M: (M.close(), M.logout()),
        "logout": lambda M: M.logout(),
        "upper case": lambda M: (M.CLOSE()[0], M.LOGOUT()[0]),
        "close twice": lambda M: (M.close(), M.close()),
        "logout twice": _after_logout(lambda M: M.logout()),
        "noop after logout": _after_logout(lambda M: M.noop()),
        "search after logout": _after_logout(lambda M: M.search(None, "ALL")),
        "select after logout": _after_logout(lambda M: M.select()),
        "login after logout": _after_logout(lambda M: M.login("alice", PASSWORD)),
        "close after logout": _after_logout(lambda M: M.close()),
        "state after logout": _after_logout(lambda M: M.state),
        "sock after logout": _after_logout(lambda M: M.sock.fileno()),
        "shutdown": lambda M: M.shutdown(),
        "noop after shutdown": _after_shutdown,
        "logout on a dead link": _logout_on_a_dead_link,
        "sock closed by hand": _hurried(_sock_closed_by_hand),
        "finally close and logout": _finally_close_and_logout,
    },
)

_theme(
    "the end",
    Setting.NOTHING,
    {
        "with": _with_block,
        "with, and logout": _with_block_and_logout,
        "with, and an exception": _with_block_that_raises,
        "with, on a dead link": _with_block_on_a_dead_link,
        "EOF": _lost(),
        "BYE": _lost(b"* BYE shutting down"),
        "reset, caught as ConnectionResetError": _reset,
        "too slow, caught as TimeoutError": _too_slow,
        "logout is never answered": _logout_never_answered,
    },
)

_theme(
    "answers",
    Setting.NOTHING,
    {
        "NO": _answered(b"TAG NO not now"),
        "BAD": _answered(b"TAG BAD what?"),
        "NO with a code": _answered(b"TAG NO [OVERQUOTA] full"),
        "untagged OK with a code": _answered(b"* OK [ALERT] lunch", b"TAG OK done"),
        "untagged NO": _answered(b"* NO low on disk", b"TAG OK done"),
        "unknown untagged": _answered(b"* XFOO bar", b"TAG OK done"),
        "untagged number": _answered(b"* 23 EXISTS", b"* 5 RECENT", b"TAG OK done"),
        "unsolicited FETCH": _answered(rb"* 2 FETCH (FLAGS (\Seen))", b"TAG OK done"),
        "literal": _answered(b"* XFOO {3}\r\nabc tail", b"TAG OK done"),
        "empty tagged text": _answered(b"TAG OK "),
        "no tagged text": _answered(b"TAG OK"),
        "code without a star": _answered(b"[COPYUID 1 2 3]", b"TAG OK done"),
        "line end in a quoted string": _answered(b'* 1 FETCH (X "a', b' b")', b"TAG OK done"),
        "nonsense": _answered(b"nonsense"),
        "another tag": _answered(b"ZZZZ99 OK done"),
        "READ-ONLY": lambda s: (lambda M: (M.noop(), M.check()))(
            _served(s, b"* OK [READ-ONLY] now", b"TAG OK done")
        ),
    },
)

# -- Debugging and the module ------------------------------------------------------------------


def _printed(s: Session, debug: int, call: Callable[[Any], Any]) -> list[str]:
    """What goes to stderr, without the times."""
    output = io.StringIO()
    with redirect_stderr(output):
        M = s.connect()
        M.debug = debug
        call(M)
        close(M)
    return output.getvalue().splitlines()


def _debug_login(s: Session) -> Any:
    lines = _printed(s, 4, lambda M: M.login("quote", s.server.users["quote"]))
    return any("LOGIN" in line for line in lines), any(r"\c d" in line for line in lines)


def _refused_in_red(s: Session) -> Any:
    """Whether the exception holds the server's escape sequences."""

    def script(peer: Peer) -> None:
        peer.relax()
        peer.greet()
        peer.capability(b"IMAP4rev1 AUTH=PLAIN")
        command = peer.command("AUTHENTICATE")
        peer.line(b"+ ")
        peer.readline()
        peer.no(command, b"\x1b[31mwrong\x1b[m")
        peer.hold()

    server = s.serve(script)
    M = s.connect(None, server.host, server.port, SECONDS)
    try:
        M.authenticate("PLAIN", lambda _: _plain())
    except M.error as problem:
        return "\x1b" in str(problem)
    return None


def _debug_of_the_module(lib: Any, s: Session) -> Any:
    output = io.StringIO()
    lib.Debug = 4
    try:
        with redirect_stderr(output):
            M = s.connect()
            M.noop()
            close(M)
    finally:
        lib.Debug = 0
    return M.debug, "NOOP" in output.getvalue()


def _replaced_mesg(s: Session) -> Any:
    lines: list[str] = []
    M = s.connect()
    M._mesg = lambda text, *rest: lines.append(text)
    M.debug = 4
    M.noop()
    return any("NOOP" in line for line in lines)


def _print_log(s: Session) -> Any:
    output = io.StringIO()
    M = s.connect()
    M.noop()
    with redirect_stderr(output):
        M.print_log()
    return "interactions" in output.getvalue(), "NOOP" in output.getvalue()


def _maximal_line(lib: Any) -> Any:
    before = getattr(lib, "_MAXLINE", None)
    lib._MAXLINE = 10_000_000
    try:
        return lib._MAXLINE
    finally:
        if before is None:
            del lib._MAXLINE
        else:
            lib._MAXLINE = before


_DATE = b'25 (INTERNALDATE "01-Jan-2000 19:30:00 +0130")'

_theme(
    "module",
    Setting.NOTHING,
    {
        "constants": lambda lib: (
            lib.IMAP4_PORT,
            lib.IMAP4_SSL_PORT,
            lib.CRLF,
            lib.AllowedVersions,
            lib.Debug,
        ),
        "public names": lambda lib: sorted(
            {
                "IMAP4",
                "IMAP4_stream",
                "Internaldate2tuple",
                "Int2AP",
                "ParseFlags",
                "Time2Internaldate",
            }
            - {*lib.__all__}
        ),
        "Commands": lambda lib: lib.Commands["FETCH"],
        "Commands, all states": lambda lib: {
            name: lib.Commands[name]
            for name in ("APPEND", "LOGIN", "SELECT", "SEARCH", "UID", "LOGOUT", "NOOP", "ENABLE")
        },
        "Commands is a dict": lambda lib: isinstance(lib.Commands, dict),
        "Mon2num": lambda lib: lib.Mon2num,
        "ParseFlags": lambda lib: lib.ParseFlags(rb"1 (FLAGS (\Seen $Work) UID 4)"),
        "ParseFlags, none": lambda lib: lib.ParseFlags(b"1 (FLAGS ())"),
        "ParseFlags, no flags": lambda lib: lib.ParseFlags(b"1 (UID 4)"),
        "ParseFlags, str": lambda lib: lib.ParseFlags("1 (FLAGS ())"),
        "ParseFlags, None": lambda lib: lib.ParseFlags(None),
        "Internaldate2tuple": lambda lib: time.mktime(lib.Internaldate2tuple(_DATE)),
        "Internaldate2tuple, no date": lambda lib: lib.Internaldate2tuple(b"25 (FLAGS ())"),
        "Internaldate2tuple, str": lambda lib: lib.Internaldate2tuple(_DATE.decode()),
        "Internaldate2tuple, bad month": lambda lib: lib.Internaldate2tuple(
            _DATE.replace(b"Jan", b"Foo")
        ),
        "Time2Internaldate, seconds": lambda lib: lib.Time2Internaldate(1700000000),
        "Time2Internaldate, struct_time": lambda lib: lib.Time2Internaldate(
            time.localtime(1700000000)
        ),
        "Time2Internaldate, gmtime": lambda lib: lib.Time2Internaldate(time.gmtime(1700000000)),
        "Time2Internaldate, datetime": lambda lib: lib.Time2Internaldate(_MOMENT),
        "Time2Internaldate, quoted": lambda lib: lib.Time2Internaldate('"17-Jul-1996 02:44:25"'),
        "Time2Internaldate, naive": lambda lib: lib.Time2Internaldate(datetime(2024, 1, 1)),
        "Time2Internaldate, nonsense": lambda lib: lib.Time2Internaldate("yesterday"),
        "Time2Internaldate, None": lambda lib: lib.Time2Internaldate(None),
        "Time2Internaldate, empty": lambda lib: lib.Time2Internaldate(""),
        "Int2AP": lambda lib: [lib.Int2AP(number) for number in (0, 1, 15, 16, 4096, -7, 3.9)],
        "Int2AP, str": lambda lib: lib.Int2AP("7"),
        "patterns": lambda lib: (
            lib.InternalDate.match(_DATE).groupdict(),
            lib.Flags.match(rb"(FLAGS (\Seen))").groupdict(),
            lib.Response_code.match(b"[UIDVALIDITY 7] UIDs valid").groupdict(),
            lib.Untagged_response.match(b"* LIST () / x").groupdict(),
            lib.Continuation.match(b"+ go ahead").groupdict(),
            lib.Literal.match(b"BODY[] {12}").groupdict(),
            lib.Untagged_status.match(b"* 3 EXISTS").groupdict(),
            lib.MapCRLF.sub(lib.CRLF, b"a\nb\rc\r\n"),
        ),
        "_MAXLINE": _maximal_line,
        "debug shows commands": lambda s: any(
            "NOOP" in line for line in _printed(s, 4, lambda M: M.noop())
        ),
        "debug 0 shows nothing": lambda s: _printed(s, 0, lambda M: M.noop()),
        "debug shows passwords": _debug_login,
        "control characters in an exception": _refused_in_red,
        "Debug": _debug_of_the_module,
        "_mesg replaced": _replaced_mesg,
        "print_log": _print_log,
        "Python's audit events": lambda s: _audited(s),
    },
)


def _audited(s: Session) -> Any:
    seen: list[str] = []
    _hooks.append(seen)
    try:
        s.connect().noop()
    finally:
        _hooks.remove(seen)
    return sorted(set(seen))


_hooks: list[list[str]] = []


def _audit(event: str, args: Any) -> None:
    # An audit hook stays for good: this one must cost nothing when nobody listens.
    if _hooks and event.startswith("imaplib."):
        for seen in _hooks:
            seen.append(event)


sys.addaudithook(_audit)
