"""Everything that the public API of IMAPClient has, in steps; see steps.py."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
import selectors
import socket
import ssl
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import date, datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.conformance.odd_handlers import (
    answering,
    hanging_up,
    idling,
    idling_until,
    initial_response,
    recorded,
    silence,
)
from tests.conformance.steps import SECONDS, Account, Program, Step, attempt, failure, the_account
from tests.server.scripted import (
    Command,
    Handler,
    Peer,
    ScriptedServer,
    Session as Serving,
    mailbox,
)

if TYPE_CHECKING or __name__ == "__main__":
    # Those who only want to know the steps' names may lack it, and it changes imaplib.Commands.
    import imapclient  # type: ignore
    from imapclient import IMAPClient, SocketTimeout
    from imapclient.exceptions import (  # type: ignore
        CapabilityError,
        IllegalStateError,
        IMAPClientAbortError,
        IMAPClientError,
        IMAPClientReadOnlyError,
        InvalidCriteriaError,
        LoginError,
        ProtocolError,
    )

PROGRAM = Program()

# Connecting


def tls_context(account: Account) -> ssl.SSLContext:
    """Trusts the server."""
    return ssl.create_default_context(cafile=account.ca_file)


def unsafe(account: Account, **options: Any) -> IMAPClient:
    """Connected without TLS."""
    return IMAPClient(account.host, account.port, ssl=False, **{"timeout": SECONDS, **options})


def safe(account: Account) -> IMAPClient:
    """Connected with TLS from the start."""
    context = tls_context(account)
    return IMAPClient(account.host, account.tls_port, ssl_context=context, timeout=SECONDS)


def secured(account: Account) -> IMAPClient:
    """Connected with TLS by STARTTLS."""
    c = unsafe(account)
    c.starttls(tls_context(account))
    return c


def logged_in(account: Account, connect: Callable[[Account], IMAPClient]) -> IMAPClient:
    """A client of the account's user."""
    c = connect(account)
    c.login(account.user, account.password)
    return c


@contextmanager
def nothing(account: Account) -> Iterator[Account]:
    """For steps that connect themselves."""
    yield account


@contextmanager
def empty(account: Account) -> Iterator[IMAPClient]:
    """A client with nothing in its mailboxes."""
    with logged_in(account, unsafe) as c:
        yield c


@contextmanager
def filled(account: Account) -> Iterator[IMAPClient]:
    """A client with INBOX selected, which has the MESSAGES; their UIDs are 11 to 16."""
    with logged_in(account, unsafe) as c:
        c.select_folder("INBOX")
        for _ in range(10):
            c.append("INBOX", b"Subject: gone\r\n\r\n", [imapclient.DELETED])
        c.expunge()
        for number, message in enumerate(MESSAGES):
            c.append("INBOX", message, FLAGS[number], DAY + timedelta(days=number))
        c.noop()
        yield c


# Messages

DAY = datetime(2024, 2, 27, 23, 30, 5, tzinfo=timezone(timedelta(hours=-7)))

ALL = range(11, 17)

FLAGS = ((), ("\\Seen",), ("\\Flagged", "$Work"), ("\\Answered", "\\Seen"), (), ("\\Draft",))

MESSAGES = (
    b"From: Ann <ann@example.org>\r\nTo: bo@example.net\r\nSubject: Lunch?\r\n"
    b"Date: Tue, 27 Feb 2024 09:00:00 +0100\r\nMessage-ID: <1@example.org>\r\n\r\nAt noon?\r\n",
    b"From: Bo <bo@example.net>\r\nTo: Ann <ann@example.org>\r\nCc: cem@example.com\r\n"
    b"Subject: Re: Lunch?\r\nDate: Tue, 27 Feb 2024 09:30:00 +0100\r\n"
    b"Message-ID: <2@example.net>\r\n"
    b"In-Reply-To: <1@example.org>\r\nReferences: <1@example.org>\r\n\r\nYes.\r\n",
    b"From: =?utf-8?q?J=C3=B6rg?= <joerg@example.org>\r\nTo: ann@example.org\r\n"
    b"Subject: =?utf-8?b?R3LDvMOfZSBhdXMgWsO8cmljaA==?=\r\nMIME-Version: 1.0\r\n"
    b"Message-ID: <3@example.org>\r\nContent-Type: multipart/mixed; boundary=xx\r\n\r\n"
    b"--xx\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n\r\nSch\xc3\xb6ne Gr\xc3\xbc\xc3\x9fe\r\n"
    b'--xx\r\nContent-Type: image/png; name="a (1).png"\r\nContent-Transfer-Encoding: base64\r\n'
    b'Content-Disposition: attachment; filename="a (1).png"\r\n\r\niVBORw0KGgo=\r\n'
    b"--xx\r\nContent-Type: message/rfc822\r\n\r\n"
    b"From: deep@example.org\r\nSubject: nested\r\n\r\nInside.\r\n--xx--\r\n",
    b'From: ann@example.org\r\nSubject: pitfalls \\ and "quotes"\r\n\r\n'
    b"* 1 FETCH (FLAGS ())\r\nA1 OK no\r\n+ go\r\n)\r\n{3}\r\n" + 2000 * b"a line of many\r\n",
    b"Subject: \xe2\x98\xba raw\r\nFrom: nobody\r\n\r\n\xe2\x98\xba\xff\r\n",
    b"Subject:\r\n\r\n",
)

# The library itself

library = PROGRAM.session("library", nothing)


@library.step
def commands_that_it_adds(_: Account) -> Any:
    import imaplib

    names = ("XLIST", "IDLE", "STARTTLS", "ID", "UNSELECT", "ENABLE", "MOVE")
    return [name for name in names if name in imaplib.Commands]


library.add(
    {
        "exceptions": lambda _: [
            failure(_raise, kind)
            for kind in (
                IMAPClientError,
                IMAPClientAbortError,
                IMAPClientReadOnlyError,
                CapabilityError,
                IllegalStateError,
                InvalidCriteriaError,
                LoginError,
                ProtocolError,
                IMAPClient.Error,
                IMAPClient.AbortError,
                IMAPClient.ReadOnlyError,
            )
        ],
    }
)


def _raise(kind: type[Exception]) -> None:
    raise kind("why")


# Logging

logs = PROGRAM.session("logging", nothing)


@contextmanager
def records() -> Iterator[list[tuple[str, str]]]:
    """What is logged by the block: the logger's name and the text."""
    kept: list[tuple[str, str]] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append((record.name, record.getMessage()))

    logger, keeper = logging.getLogger("imapclient"), Keeper()
    logger.addHandler(keeper)
    logger.setLevel(logging.DEBUG)
    try:
        yield kept
    finally:
        logger.removeHandler(keeper)
        logger.setLevel(logging.NOTSET)


def _session_of(account: Account) -> list[tuple[str, str]]:
    """What is logged by some of everything."""
    with records() as kept, unsafe(account) as c:
        failure(c.login, account.user, "a wrong 'pass\" \\word")
        c.login(account.user, account.password)
        c.select_folder("INBOX")
        c.append("INBOX", b"Subject: logged\r\n\r\nText.\r\n")
        c.search(["SUBJECT", "gr\xfc\xdfe"], "utf-8")
        c.fetch([1], ["BODY[]"])
        c.idle()
        c.idle_check(0)
        c.idle_done()
        c.unselect_folder()
    return kept


@logs.step
def what_it_says_itself(account: Account) -> Any:
    return [entry for entry in _session_of(account) if entry[0] != "imapclient.imaplib"]


def _imaplib_says(account: Account) -> list[list[str]]:
    """The words of what imaplib has said."""
    lines = [text for name, text in _session_of(account) if name == "imapclient.imaplib"]
    return [line.replace("b'", "").replace("'", "").split() for line in lines]


@logs.step
def commands(account: Account) -> Any:
    return [words[2:3] for words in _imaplib_says(account) if words[:1] == [">"]]


@logs.step
def answers(account: Account) -> Any:
    statuses = [
        words[2] for words in _imaplib_says(account) if words[:1] == ["<"] and words[1] not in "*+)"
    ]
    return statuses[:9]  # up to that of LOGOUT


@logs.step
def secrets_are_hidden(account: Account) -> Any:
    return [words[2:] for words in _imaplib_says(account) if words[2:3] == ["LOGIN"]]


@logs.step
def passwords(account: Account) -> Any:
    with unsafe(account) as c, records() as kept:
        c.plain_login(account.user, account.password)
    kept += _session_of(account)
    secrets = ["wrong 'pass", f'"{account.password}"', _base64(f"\0{account.user}\0secret")]
    return [text for _, text in kept for secret in secrets if secret in text]


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# IDLE, with news from a second client


class Pair(NamedTuple):
    """One client that waits, in INBOX, and one that makes news."""

    c: IMAPClient
    other: IMAPClient

    def append(self) -> None:
        """Make news: EXISTS alone, because RECENT is told to that client only."""
        self.other.append("INBOX", MESSAGES[0])


def _opened_pair(
    connect: Callable[[Account], IMAPClient], account: Account
) -> AbstractContextManager[Pair]:
    @contextmanager
    def opened() -> Iterator[Pair]:
        with logged_in(account, connect) as c, logged_in(account, unsafe) as other:
            pair = Pair(c, other)
            pair.append()
            c.select_folder("INBOX")
            other.select_folder("INBOX")
            yield pair

    return opened()


def selector(c: IMAPClient) -> selectors.BaseSelector:
    """Waits for the client's socket, as the documentation of socket() allows."""
    selector = selectors.DefaultSelector()
    selector.register(c.socket(), selectors.EVENT_READ)
    return selector


def check_until_over(pair: Pair) -> Any:
    c, _ = pair
    c.idle()
    return c.idle_check(timeout=0.05), c.idle_check(timeout=0), c.idle_check(0.05), c.idle_done()


def check_for_a_message(pair: Pair) -> Any:
    c, _ = pair
    c.idle()
    pair.append()
    return c.idle_check(timeout=SECONDS), c.idle_check(timeout=0.05), c.idle_done(), c.noop()


def check_for_flags_and_expunge_without_timeout(pair: Pair) -> Any:
    c, other = pair
    c.idle()
    other.add_flags([1], [imapclient.FLAGGED, imapclient.DELETED])
    flags = c.idle_check()
    other.expunge()
    expunged = c.idle_check(timeout=None)
    if (0, b"RECENT") not in expunged:  # it comes with the other line, but not always
        expunged += c.idle_check()
    return flags, expunged, c.idle_done(), c.search()


def selector_from_before_idle(pair: Pair) -> Any:
    c, _ = pair
    with selector(c) as waiter:
        c.idle()
        quiet = waiter.select(0.05)
        pair.append()
        ready = waiter.select(SECONDS)
        news = c.idle_check(timeout=0)
        return quiet, len(ready), news, waiter.select(0), c.idle_done(), waiter.select(0)


def selector_from_within_idle(pair: Pair) -> Any:
    c, _ = pair
    number = c.socket().fileno()
    c.idle()
    with selector(c) as waiter:
        pair.append()
        ready = waiter.select(SECONDS)
        rest = c.idle_done()  # without idle_check: what has come is the rest
        return len(ready), rest, waiter.select(0), number == c.socket().fileno()


def event_loop(pair: Pair) -> Any:
    c, _ = pair

    async def wait() -> Any:
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        c.idle()
        loop.add_reader(c.socket(), readable.set)
        pair.append()
        await asyncio.wait_for(readable.wait(), SECONDS)
        loop.remove_reader(c.socket())
        return c.idle_check(timeout=0)

    return asyncio.run(wait()), c.idle_done()


def changed_before_idle(pair: Pair) -> Any:
    """The news are there at once, with or right behind the continuation."""
    c, _ = pair
    pair.append()
    c.idle()
    news = c.idle_check(timeout=0.1)
    text, rest = c.idle_done()
    return text, news + rest


def works_afterwards(pair: Pair) -> Any:
    c, _ = pair
    return c.noop(), c.search(), c.select_folder("INBOX"), c.fetch(c.search(), "FLAGS")


def settings_of_the_socket(pair: Pair) -> Any:
    c, _ = pair
    before = c.socket().gettimeout()
    c.idle()
    c.idle_check(0)
    return before, c.socket().gettimeout(), c.idle_done()


IDLE = {
    "check until over": check_until_over,
    "check for a message": check_for_a_message,
    "check for flags and expunge, without timeout": check_for_flags_and_expunge_without_timeout,
    "selector from before idle": selector_from_before_idle,
    "selector from within idle": selector_from_within_idle,
    "event loop": event_loop,
    "changed before idle": changed_before_idle,
    "settings of the socket": settings_of_the_socket,
    "works afterwards": works_afterwards,
}

for _name, _connect in (("plain", unsafe), ("TLS", safe), ("STARTTLS", secured)):
    PROGRAM.session(f"idle over {_name}", partial(_opened_pair, _connect), waits=True).add(IDLE)

# Connecting

connecting = PROGRAM.session("connecting", nothing)


def about(c: IMAPClient) -> Any:
    """What a client shows of its connection."""
    with c:
        return c.welcome, c.host, c.ssl, c.stream, c.use_uid, isinstance(c.socket(), ssl.SSLSocket)


connecting.add(
    {
        "plain": lambda a: about(unsafe(a)),
        "tls": lambda a: about(safe(a)),
        "starttls": lambda a: about(secured(a)),
        "port and stream": lambda a: failure(IMAPClient, a.preauth, 143, stream=True),
        "ssl and stream": lambda a: failure(IMAPClient, a.preauth, stream=True),
        "nobody there": lambda a: failure(IMAPClient, a.host, _unused_port(), ssl=False),
        "nobody there, tls": lambda a: failure(IMAPClient, a.host, _unused_port()),
        "untrusted": lambda a: failure(IMAPClient, a.host, a.tls_port),
        "tls to a plain port": lambda a: failure(IMAPClient, a.host, a.port),
        "default timeout": lambda a: _timeout_of(unsafe(a, timeout=None)),
        "timeout": lambda a: _timeout_of(unsafe(a, timeout=7)),
        "two timeouts": lambda a: _timeout_of(unsafe(a, timeout=SocketTimeout(5, 6))),
    }
)


def _unused_port() -> int:
    with socket.socket() as sock:
        sock.bind(("localhost", 0))
        return int(sock.getsockname()[1])


def _timeout_of(c: IMAPClient) -> Any:
    with c:
        return c.socket().gettimeout(), c.noop()


@connecting.step
def starttls_untrusted(account: Account) -> Any:
    with unsafe(account) as c:
        return failure(c.starttls)


@connecting.step
def starttls_again(account: Account) -> Any:
    with secured(account) as c:
        return failure(c.starttls), c.capabilities(), c.login(account.user, account.password)


@connecting.step
def starttls_within_tls(account: Account) -> Any:
    with safe(account) as c:
        return c.has_capability("STARTTLS"), failure(c.starttls)


@connecting.step
def starttls_gives(account: Account) -> Any:
    with unsafe(account) as c:
        before = c.capabilities()
        return before, c.starttls(tls_context(account)), c.capabilities(), c.socket().version()


@connecting.step
def stream(account: Account) -> Any:
    class Stream(IMAPClient):  # type: ignore
        """IMAPClient sets a time-out on the socket, also of streams, which have none."""

        def _set_read_timeout(self) -> None:
            pass

    with Stream(account.preauth, ssl=False, stream=True) as c:
        return c.capabilities(), c.select_folder("INBOX"), c.logout()


@connecting.step
def context_manager(account: Account) -> Any:
    with unsafe(account) as c, c as same:
        assert same is c
    return c.socket().fileno(), failure(c.noop)[:5]


@connecting.step
def context_manager_with_a_problem(account: Account) -> Any:
    def use() -> None:
        with unsafe(account):
            raise KeyError("mine")

    return failure(use)


@connecting.step
def context_manager_after_logout(account: Account) -> Any:
    with unsafe(account) as c:
        return c.logout()


@connecting.step
def context_manager_after_shutdown(account: Account) -> Any:
    with unsafe(account) as c:
        return c.shutdown(), c.socket().fileno()


@connecting.step
def logout_twice(account: Account) -> Any:
    c = unsafe(account)
    return c.logout(), attempt(c.logout)


@connecting.step
def commands_after_logout(account: Account) -> Any:
    c = logged_in(account, unsafe)
    c.logout()
    calls = (c.noop, c.capabilities, c.list_folders, lambda: c.select_folder("INBOX"), c.idle)
    return [str(attempt(call)).partition(": ")[0] for call in calls]


@connecting.step
def commands_after_shutdown(account: Account) -> Any:
    c = logged_in(account, unsafe)
    c.shutdown()
    calls = (c.noop, c.list_folders, lambda: c.select_folder("INBOX"), lambda: c.fetch(1, "UID"))
    return [failure(call).partition(": ")[0] for call in calls]


@connecting.step
def deprecated_socket(account: Account) -> Any:
    with unsafe(account) as c, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DeprecationWarning)
        return c._sock is c.socket(), [str(warning.message) for warning in caught]


# Authenticating

authenticating = PROGRAM.session("authenticating", nothing)


def with_new(call: Callable[[IMAPClient, Account], Any]) -> Callable[[Account], Any]:
    """A step on a connection of its own; the outcome says whether it is logged in afterwards."""

    def step(account: Account) -> Any:
        with unsafe(account) as c:
            outcome = attempt(call, c, account)
            return outcome, attempt(c.folder_exists, "INBOX") is True

    return step


def cram_md5(account: Account) -> Callable[[bytes], str]:
    """A mechanism for sasl_login that looks at the challenge."""

    def respond(challenge: bytes) -> str:
        digest = hmac.new(account.password.encode(), challenge, hashlib.md5).hexdigest()
        return f"{account.user} {digest}"

    return respond


def login_mechanism(account: Account) -> Callable[[bytes], bytes]:
    """A mechanism with two challenges."""
    answers = {b"Username:": account.user, b"Password:": account.password}
    return lambda challenge: answers[challenge].encode()


def _fail(challenge: bytes) -> bytes:
    raise KeyError(challenge)


authenticating.add(
    {
        "login": with_new(lambda c, a: c.login(a.user, a.password)),
        "login with bytes": with_new(lambda c, a: c.login(a.user.encode(), a.password.encode())),
        "login refused": with_new(lambda c, a: c.login(a.user, "wrong")),
        "login with quotes": with_new(lambda c, _: c.login("quote", 'a "b" \\c d\\')),
        "login with non-ASCII": with_new(lambda c, _: c.login("uni", "p\xe4ssw\xf6rd-☃-日本")),
        "login with spaces": with_new(lambda c, _: c.login('d ave"x\\y', "secret")),
        "login with a line break": with_new(lambda c, a: c.login(a.user, "secret\r\nA1 LOGOUT")),
        "login twice": with_new(
            lambda c, a: (c.login(a.user, a.password), failure(c.login, a.user, a.password))
        ),
        "plain": with_new(lambda c, a: c.plain_login(a.user, a.password)),
        "plain, non-ASCII": with_new(lambda c, _: c.plain_login("uni", "p\xe4ssw\xf6rd-☃-日本")),
        "plain as oneself": with_new(lambda c, a: c.plain_login(a.user, a.password, a.user)),
        "plain as another": with_new(lambda c, a: c.plain_login(a.user, a.password, "alice")),
        "plain refused": with_new(lambda c, a: c.plain_login(a.user, "wrong")),
        "sasl": with_new(lambda c, a: c.sasl_login("PLAIN", lambda _: f"\0{a.user}\0{a.password}")),
        "sasl with bytes": with_new(
            lambda c, a: c.sasl_login("PLAIN", lambda _: b"\0%b\0secret" % a.user.encode())
        ),
        "sasl with a challenge": with_new(lambda c, a: c.sasl_login("CRAM-MD5", cram_md5(a))),
        "sasl with challenges": with_new(lambda c, a: c.sasl_login("LOGIN", login_mechanism(a))),
        "sasl in lower case": with_new(lambda c, a: c.sasl_login("login", login_mechanism(a))),
        "sasl cancelled": with_new(lambda c, _: c.sasl_login("PLAIN", lambda _: None)),
        "sasl unknown": with_new(lambda c, _: c.sasl_login("NONSENSE", lambda _: b"")),
        "oauth2 refused": with_new(lambda c, a: c.oauth2_login(a.user, "token")),
        "oauthbearer refused": with_new(lambda c, a: c.oauthbearer_login(a.user, "token")),
        "again after a refusal": with_new(
            lambda c, a: (failure(c.login, a.user, "no"), c.login(a.user, a.password))
        ),
        "capabilities": with_new(
            lambda c, a: (
                c.capabilities(),
                c.login(a.user, a.password),
                c.capabilities(),
                c.has_capability("idle"),
                c.has_capability(b"NONSENSE"),
            )
        ),
        "too early": with_new(
            lambda c, _: [
                failure(call)
                for call in (
                    c.namespace,
                    lambda: c.select_folder("INBOX"),
                    lambda: c.search("ALL"),
                    lambda: c.fetch([1], "UID"),
                    lambda: c.append("INBOX", b"x"),
                    lambda: c.enable("CONDSTORE"),
                    c.unselect_folder,
                    c.expunge,
                )
            ]
        ),
        "idle too early": with_new(lambda c, _: c.idle()),
        "id": with_new(lambda c, _: c.id_({"name": "a \\ b", "version": '"1"'})),
    }
)


@authenticating.step
def sasl_with_a_problem(account: Account) -> Any:
    c = unsafe(account)
    try:
        return failure(c.sasl_login, "PLAIN", _fail)
    finally:
        c.shutdown()


# Folders

ODD_NAMES = (
    "odd name",
    'odd "quotes" and \\',
    "odd d\xf6ner ☃",
    "odd & more&",
    "odd/deep/12",
    "odd (list) [%s] {3}",
    "odd 'single'",
)

folders = PROGRAM.session("folders", empty)
folders.add(
    {
        "noop": lambda c: c.noop(),
        "id without parameters": lambda c: c.id_(),
        "id": lambda c: c.id_({"name": "steps", "version": "1"}),
        "id with nonsense": lambda c: failure(c.id_, "steps"),
        "enable": lambda c: c.enable("CONDSTORE", "QRESYNC"),
        "enable unknown": lambda c: c.enable("NONSENSE"),
        "namespace": lambda c: (c.namespace(), c.namespace().personal, c.namespace().shared),
        "list": lambda c: c.list_folders(),
        "list nothing": lambda c: c.list_folders("", "nowhere"),
        "list pattern": lambda c: (c.list_folders(pattern="%s"), c.list_folders("", "S%")),
        "list separator": lambda c: c.list_folders("", ""),
        "special folder": lambda c: [
            c.find_special_folder(flag) for flag in (b"\\Sent", b"\\Trash", b"\\All", b"\\Junk")
        ],
        "special folder by its name": lambda c: (
            c.create_folder("Archive"),
            c.find_special_folder(b"\\Archive"),
        ),
        "xlist refused": lambda c: failure(c.xlist_folders),
        "create": lambda c: c.create_folder("plain"),
        "create again": lambda c: failure(c.create_folder, "plain"),
        "create in bytes": lambda c: c.create_folder(b"bytes"),
        "create odd ones": lambda c: [c.create_folder(name) for name in ODD_NAMES],
        "list odd ones": lambda c: c.list_folders("", "odd*"),
        "exists": lambda c: [c.folder_exists(name) for name in (*ODD_NAMES, "odd", "nowhere")],
        "select odd ones": lambda c: [c.select_folder(name)[b"EXISTS"] for name in ODD_NAMES],
        "status of odd ones": lambda c: [c.folder_status(name, "MESSAGES") for name in ODD_NAMES],
        "subscribe": lambda c: [c.subscribe_folder(name) for name in ODD_NAMES],
        "subscribe nowhere": lambda c: attempt(c.subscribe_folder, "nowhere"),
        "list subscribed": lambda c: c.list_sub_folders(),
        "list some subscribed": lambda c: c.list_sub_folders("", "odd d%"),
        "unsubscribe": lambda c: (c.unsubscribe_folder(ODD_NAMES[0]), c.list_sub_folders()),
        "rename odd ones": lambda c: [c.rename_folder(name, f"new {name}") for name in ODD_NAMES],
        "rename nowhere": lambda c: failure(c.rename_folder, "nowhere", "elsewhere"),
        "delete odd ones": lambda c: [c.delete_folder(f"new {name}") for name in ODD_NAMES[:4]],
        "delete nowhere": lambda c: failure(c.delete_folder, "nowhere"),
        "status": lambda c: c.folder_status("INBOX"),
        "status of some": lambda c: c.folder_status("INBOX", ["UIDNEXT", b"RECENT"]),
        "status with a space": lambda c: c.folder_status("INBOX", ("HIGHESTMODSEQ",)),
        "status nowhere": lambda c: failure(c.folder_status, "nowhere"),
        "status of nonsense": lambda c: failure(c.folder_status, "INBOX", "NONSENSE"),
        "select": lambda c: c.select_folder("INBOX"),
        "select read-only": lambda c: c.select_folder("INBOX", readonly=True),
        "select in bytes": lambda c: c.select_folder(b"Sent"),
        "select nowhere": lambda c: (failure(c.select_folder, "nowhere"), failure(c.search)),
        "unselect": lambda c: (c.select_folder("INBOX"), c.unselect_folder())[1],
        "unselect, and enable": lambda c: c.enable("CONDSTORE"),
        "unselect without": lambda c: failure(c.unselect_folder),
        "close": lambda c: (c.select_folder("INBOX"), c.close_folder())[1],
        "close without": lambda c: failure(c.close_folder),
        "enable too late": lambda c: (c.select_folder("INBOX"), failure(c.enable, "CONDSTORE"))[1],
        "bad name": lambda c: [failure(c.create_folder, name) for name in ("", "a\r\nb", b"\xff")],
    }
)


@folders.step
def folder_encode_off(c: Any) -> Any:
    c.folder_encode = False
    try:
        c.create_folder("odd d&APY-ner")
        listed = c.list_folders("", "odd d*")
        return listed, c.namespace(), c.select_folder("odd d&APY-ner"), c.unselect_folder()
    finally:
        c.folder_encode = True


@folders.step
def folder_encode_off_and_non_ascii(c: Any) -> Any:
    c.folder_encode = False
    try:
        return attempt(c.create_folder, "odd \xf6")
    finally:
        c.folder_encode = True


@folders.step
def access(c: Any) -> Any:
    before = c.getacl("INBOX")
    given = c.setacl("INBOX", "bob", "lrs"), c.setacl("INBOX", "carol", "l")
    during = c.getacl("INBOX")
    return before, given, during, failure(c.getacl, "nowhere")


@folders.step
def selected_without_write_access(c: Any) -> Any:
    c.create_folder("locked")
    who = c.getacl("locked")[0][0].decode()
    c.setacl("locked", who, "lra")
    refused = failure(c.select_folder, "locked")
    c.select_folder("locked", readonly=True)
    return refused


folders.add(
    {
        "access of a name with a space": lambda c: attempt(c.setacl, "INBOX", "carol smith", "l"),
        "access taken away": lambda c: (attempt(c.setacl, "INBOX", "bob", ""), c.getacl("INBOX")),
        "quota root": lambda c: c.get_quota_root("INBOX"),
        "quota root of an odd name": lambda c: c.get_quota_root('"odd name"'),
        "quota": lambda c: (c.get_quota("INBOX"), c.get_quota()),
        "quota by its root": lambda c: c._get_quota("User quota"),
        "quota by no root": lambda c: failure(c._get_quota, "nonsense"),
        "set quota": lambda c: failure(c.set_quota, c.get_quota()),
        "set quotas of two roots": lambda c: failure(c.set_quota, _two_roots(c)),
        "set no quota": lambda c: c.set_quota([]),
        "nothing is left over": lambda c: (c.noop(), c.capabilities()),
        "logout": lambda c: c.logout(),
    }
)


def _two_roots(c: Any) -> Any:
    (quota, *_) = c.get_quota()
    return [quota, type(quota)("another", quota.resource, quota.usage, quota.limit)]


# Reading

searching = PROGRAM.session("searching", filled)
searching.add(
    {
        "all": lambda c: (c.search(), c.search("ALL").modseq, type(c.search()).__name__),
        "str": lambda c: c.search('FROM "ann" NOT SUBJECT "Re:"'),
        "bytes": lambda c: c.search(b"SEEN SINCE 28-Feb-2024"),
        "str in a list": lambda c: c.search(["FLAGGED"]),
        "several": lambda c: c.search(["TEXT", "noon", b"UNSEEN", "SUBJECT", "Lunch?"]),
        "numbers": lambda c: (c.search(["LARGER", 500]), c.search(["UID", 12, "SMALLER", "99999"])),
        "spaces and quotes": lambda c: c.search(["SUBJECT", 'and "quotes"', "BODY", "of many"]),
        "backslash": lambda c: c.search(["SUBJECT", "\\ and"]),
        "empty str": lambda c: c.search(["SUBJECT", ""]),
        "parentheses": lambda c: failure(c.search, ["SUBJECT", "(1)"]),
        "dates": lambda c: c.search(["SINCE", date(2024, 2, 29), "BEFORE", datetime(2024, 3, 2)]),
        "nested": lambda c: c.search(["NOT", ["SUBJECT", "Lunch", "SEEN"]]),
        "deeply nested": lambda c: c.search(
            ["OR", ["FLAGGED", ("FROM", "example.org")], ["NOT", ["OR", "SEEN", ["DRAFT"]]]]
        ),
        "non-ASCII": lambda c: c.search(["SUBJECT", "Z\xfcrich"], "utf-8"),
        "non-ASCII in nested lists": lambda c: attempt(
            c.search, ["OR", ["SUBJECT", "Z\xfcrich"], "DRAFT"], "utf-8"
        ),
        "several non-ASCII": lambda c: c.search(
            ["SUBJECT", "Gr\xfc\xdfe aus", "BODY", "Gr\xfc\xdfe", "FLAGGED", "FROM", "J\xf6rg"],
            "UTF-8",
        ),
        "non-ASCII first": lambda c: failure(c.search, ["\xfc", "ALL"], "utf-8"),
        "non-ASCII with a quote": lambda c: c.search(["SUBJECT", 'ü "x" \\'], "utf-8"),
        "non-ASCII as bytes": lambda c: c.search(["SUBJECT", "☺ raw".encode()], "UTF-8"),
        "non-ASCII str": lambda c: attempt(c.search, 'SUBJECT "Z\xfcrich"', "utf-8"),
        "charset for ASCII": lambda c: c.search(["SUBJECT", "lunch"], "US-ASCII"),
        "not in the charset": lambda c: failure(c.search, ["SUBJECT", "Z\xfcrich"]),
        "unknown charset": lambda c: failure(c.search, ["SUBJECT", b"x"], "nonsense"),
        "charset that the server lacks": lambda c: attempt(c.search, ["SUBJECT", "ü"], "cp437"),
        "modseq": lambda c: (c.search(["MODSEQ", 1]), c.search(["MODSEQ", 1]).modseq),
        "nothing found": lambda c: (c.search("DELETED"), c.search(["SUBJECT", "nowhere"])),
        "no criteria": lambda c: (failure(c.search, ""), failure(c.search, [])),
        "bad criteria": lambda c: failure(c.search, "NONSENSE"),
        "bad criteria in a list": lambda c: failure(c.search, ["SUBJECT"]),
        "line break": lambda c: attempt(c.search, ["SUBJECT", "a\xfc\r\nb"], "utf-8"),
        "gmail refused": lambda c: failure(c.gmail_search, "has:attachment"),
        "sort": lambda c: c.sort("REVERSE SIZE"),
        "sort by several": lambda c: c.sort(["SUBJECT", b"reverse arrival"]),
        "sort some": lambda c: c.sort("ARRIVAL", ["FROM", "ann", ["NOT", "SEEN"]]),
        "sort non-ASCII": lambda c: c.sort("SUBJECT", ["BODY", "Gr\xfc\xdfe"]),
        "sort with a charset": lambda c: c.sort("SUBJECT", 'SUBJECT "Lunch"', charset="US-ASCII"),
        "sort nothing": lambda c: c.sort("DATE", "DELETED"),
        "bad sort": lambda c: failure(c.sort, "NONSENSE"),
        "thread": lambda c: c.thread(),
        "thread by subject": lambda c: c.thread("ORDEREDSUBJECT", ["NOT", "SEEN"]),
        "thread non-ASCII": lambda c: c.thread("REFS", ["SUBJECT", "Gr\xfc\xdfe"], "UTF-8"),
        "thread nothing": lambda c: c.thread("REFERENCES", "DELETED"),
        "unknown threading": lambda c: failure(c.thread, "NONSENSE"),
    }
)

fetching = PROGRAM.session("fetching", filled)
fetching.add(
    {
        "str": lambda c: c.fetch(11, "FLAGS"),
        "bytes": lambda c: c.fetch(b"12", b"FLAGS"),
        "number as str": lambda c: c.fetch("13", ["FLAGS"]),
        "several": lambda c: c.fetch([11, "13", b"12"], ["FLAGS", b"RFC822.SIZE", "UID"]),
        "lower case": lambda c: c.fetch([11], ["flags", "rfc822.size"]),
        "no such": lambda c: c.fetch([1, 99], ["FLAGS"]),
        "none": lambda c: (c.fetch([], ["FLAGS"]), c.fetch("", ["FLAGS"])),
        "range": lambda c: failure(c.fetch, "11:12", ["FLAGS"]),
        "dates": lambda c: c.fetch([11, 16], ["INTERNALDATE"]),
        "envelopes": lambda c: c.fetch(ALL, ["ENVELOPE"]),
        "bodystructure": lambda c: c.fetch([11, 13], ["BODYSTRUCTURE"]),
        "bodystructure is multipart": lambda c: (
            c.fetch([13], ["BODYSTRUCTURE"])[13][b"BODYSTRUCTURE"].is_multipart
        ),
        "body": lambda c: c.fetch([13, 11], ["BODY"]),
        "peek": lambda c: c.fetch(ALL, ["BODY.PEEK[]"]),
        "header": lambda c: c.fetch(ALL, ["RFC822.HEADER"]),
        "header fields": lambda c: c.fetch(ALL, ["BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)]"]),
        "part": lambda c: c.fetch([13], ["BODY.PEEK[2]", "BODY.PEEK[2.MIME]", "BODY.PEEK[3.TEXT]"]),
        "partial": lambda c: c.fetch([14], ["BODY.PEEK[TEXT]<10.20>"]),
        "empty literal": lambda c: c.fetch([14], ["BODY.PEEK[TEXT]<99999.20>"]),
        "several literals": lambda c: c.fetch(
            [11, 12], ["RFC822.HEADER", "UID", "BODY.PEEK[TEXT]"]
        ),
        "flags are still the same": lambda c: c.get_flags(ALL),
        "seen by it": lambda c: c.fetch([11, 15], ["RFC822"]),
        "flags have changed": lambda c: c.get_flags(ALL),
        "modseq": lambda c: c.fetch([11], ["MODSEQ"]),
        "modifier": lambda c: c.fetch(ALL, ["FLAGS"], ["CHANGEDSINCE 1"]),
        "modifier that excludes all": lambda c: c.fetch(ALL, "FLAGS", ["CHANGEDSINCE 9999"]),
        "bad item": lambda c: failure(c.fetch, [11], ["NONSENSE"]),
        "bad modifier": lambda c: failure(c.fetch, [11], ["FLAGS"], ["NONSENSE"]),
        "get flags": lambda c: c.get_flags([11, 12]),
        "get flags of none": lambda c: c.get_flags([]),
        "gmail labels refused": lambda c: failure(c.get_gmail_labels, [11]),
    }
)


@fetching.step
def times_as_they_are(c: Any) -> Any:
    c.normalise_times = False
    try:
        items = c.fetch([11], ["INTERNALDATE", "ENVELOPE"])[11]
        return items[b"INTERNALDATE"].isoformat(), items[b"ENVELOPE"].date.isoformat()
    finally:
        c.normalise_times = True


@fetching.step
def message_numbers(c: Any) -> Any:
    c.use_uid = False
    try:
        return (
            *(c.search(), c.search(["SUBJECT", "☺"], "utf-8"), c.sort("SIZE"), c.thread()),
            *(c.fetch([1, 2], ["UID", "FLAGS"]), c.fetch([6], "UID")),
            *(c.add_flags([1], "$One"), c.get_flags([1]), c.remove_flags(1, "$One", silent=True)),
            *(c.copy([1, 2], "Sent"), failure(c.expunge, [1])),
        )
    finally:
        c.use_uid = True


@fetching.step
def uid_expunge_by_message_numbers(c: Any) -> Any:
    c.use_uid = False
    try:
        return attempt(c.uid_expunge, [1])
    finally:
        c.use_uid = True


@fetching.step
def message_numbers_from_the_start(c: Any) -> Any:
    host, port = c.socket().getpeername()[:2]
    with IMAPClient(host, port, use_uid=False, ssl=False, timeout=SECONDS) as second:
        second.login("carol", "secret")
        second.select_folder("INBOX", readonly=True)
        return second.use_uid, second.search("ALL")


@fetching.step
def read_only(c: Any) -> Any:
    c.select_folder("INBOX", readonly=True)
    try:
        return attempt(c.add_flags, [11], ["$Two"]), c.get_flags([11]), attempt(c.expunge)
    finally:
        c.select_folder("INBOX")


# Changing

changing = PROGRAM.session("changing", filled)
changing.add(
    {
        "append": lambda c: c.append("Drafts", "Subject: str\r\n\r\n"),
        "append bytes": lambda c: c.append("Drafts", b"Subject: \xff\r\n\r\n\xfe"),
        "append with flags": lambda c: c.append("Drafts", MESSAGES[0], [b"\\Draft", "$Work"]),
        "append with a time": lambda c: c.append("Drafts", MESSAGES[1], (), DAY),
        "append with a naive time": lambda c: c.append(
            "Drafts", MESSAGES[1], "\\Seen", datetime(2023, 7, 1, 12)
        ),
        "append with line feeds": lambda c: c.append("Drafts", b"Subject: LF\n\nText.\n.\n"),
        "append nothing": lambda c: attempt(c.append, "Drafts", b""),
        "append nowhere": lambda c: failure(c.append, "nowhere", b"x"),
        "append non-ASCII str": lambda c: failure(c.append, "Drafts", "\xff"),
        "append a lot": lambda c: c.append("Drafts", MESSAGES[3] * 50),
        "append several": lambda c: c.multiappend("Drafts", [MESSAGES[2], "Subject: m\r\n\r\n"]),
        "append several with flags": lambda c: c.multiappend(
            "Drafts",
            [
                {"msg": MESSAGES[3]},
                {"msg": "Subject: n\r\n\r\n", "flags": ["\\Seen", b"$Work"], "date": DAY},
                {"msg": MESSAGES[4], "date": datetime(2023, 7, 1, 12)},
                b"Subject: o\r\n\r\n",
            ],
        ),
        "append several nowhere": lambda c: attempt(c.multiappend, "nowhere", [b"x", b"y"]),
        "what was appended": lambda c: (
            c.select_folder("Drafts"),
            c.fetch(range(1, 30), ["FLAGS", "RFC822.SIZE", "ENVELOPE"]),
            c.fetch([4, 5, 11, 12], ["INTERNALDATE"]),
            c.fetch(range(1, 30), ["BODY[]<0.300>"]),
            c.select_folder("INBOX"),
        ),
        "add flags": lambda c: c.add_flags([11, 12], ["\\Answered", b"$New"]),
        "add a flag": lambda c: c.add_flags("13", imapclient.SEEN),
        "add flags silently": lambda c: c.add_flags([11], [imapclient.DRAFT], silent=True),
        "remove flags": lambda c: c.remove_flags(ALL, (imapclient.SEEN, "$New")),
        "set flags": lambda c: c.set_flags([14, 15], [imapclient.FLAGGED, imapclient.ANSWERED]),
        "set no flags": lambda c: c.set_flags([16], []),
        "flags of none": lambda c: (c.add_flags([], ["\\Seen"]), c.set_flags([99], ["\\Seen"])),
        "bad flag": lambda c: failure(c.add_flags, [11], ["\\Nonsense"]),
        "recent": lambda c: failure(c.add_flags, [11], [imapclient.RECENT]),
        "gmail labels": lambda c: [
            failure(call, [11], ["x"])
            for call in (c.add_gmail_labels, c.remove_gmail_labels, c.set_gmail_labels)
        ],
        "get flags": lambda c: c.get_flags(ALL),
        "copy": lambda c: c.copy([11, 12], "Sent"),
        "copy one": lambda c: c.copy("13", "Sent"),
        "copy none": lambda c: c.copy([99], "Sent"),
        "copy nowhere": lambda c: failure(c.copy, [11], "nowhere"),
        "copy into an odd folder": lambda c: (
            c.create_folder("odd ü"),
            c.copy([11], "odd ü"),
        ),
        "move": lambda c: c.move([11], "Trash"),
        "move none": lambda c: c.move([99], "Trash"),
        "move nowhere": lambda c: failure(c.move, [12], "nowhere"),
        "noop after it": lambda c: c.noop(),
        "delete": lambda c: c.delete_messages([12, 13]),
        "delete silently": lambda c: c.delete_messages([14], silent=True),
        "expunge by UID": lambda c: c.uid_expunge([13]),
        "expunge by messages": lambda c: c.expunge([12]),
        "expunge": lambda c: c.expunge(),
        "expunge nothing": lambda c: c.expunge(),
        "what is left": lambda c: (c.search(), c.fetch(c.search(), "FLAGS")),
        "noop after append": lambda c: (c.append("INBOX", MESSAGES[0]), c.noop()),
        "close expunges": lambda c: (
            c.delete_messages([15]),
            c.close_folder(),
            c.folder_status("INBOX", "MESSAGES"),
        ),
        "unselect doesn't": lambda c: (
            c.select_folder("INBOX"),
            c.delete_messages([16]),
            c.unselect_folder(),
            c.folder_status("INBOX", "MESSAGES"),
        ),
    }
)

# Servers that do what Dovecot doesn't

odd = PROGRAM.session("odd servers", nothing)

GMAIL = b"IMAP4rev1 XLIST X-GM-EXT-1 IDLE NAMESPACE UIDPLUS MOVE"
"""Without LITERAL+, so that each literal is waited for."""


@contextmanager
def served(
    handlers: dict[str, Handler],
    capabilities: bytes = b"IMAP4rev1 IDLE",
    *,
    greeting: bytes = b"* PREAUTH ready",
    **options: Any,
) -> Iterator[IMAPClient]:
    """A client of a server with special commands; it is logged in, and nothing is selected."""
    script = partial(mailbox, capabilities=capabilities, greeting=greeting, handlers=handlers)
    with ExitStack() as stack:
        server = stack.enter_context(ScriptedServer(script))
        options = {"ssl": False, "timeout": SECONDS, **options}
        yield stack.enter_context(IMAPClient(server.host, server.port, **options))


@odd.step
def gmail(_: Account) -> Any:
    seen: list[bytes] = []
    labels = rb'1 FETCH (UID 1 X-GM-LABELS (\Inbox "a b" "&APw-" {3}' + b"\r\nl\\t))"
    handlers = {
        "XLIST": recorded(seen, answering(rb'XLIST (\HasNoChildren \Inbox) "/" "Eing&AOQ-nge"')),
        "UID SEARCH": recorded(seen, answering(b"SEARCH 1 2")),
        "UID FETCH": recorded(seen, answering(labels)),
        "UID STORE": recorded(seen, answering(labels)),
    }
    with served(handlers, GMAIL) as c:
        c.select_folder("INBOX")
        outcomes = (
            *(c.xlist_folders(), c.gmail_search('has:attachment "é"'), c.gmail_search("plain")),
            *(c.get_gmail_labels([1]), c.add_gmail_labels([1], ["a b", "ü"])),
            *(c.remove_gmail_labels([1], "l\\t"), c.set_gmail_labels([1], ["x"], silent=True)),
        )
        return outcomes, seen


@odd.step
def literals_one_by_one(_: Account) -> Any:
    seen: list[bytes] = []
    handlers = {
        "UID SEARCH": recorded(seen, answering(b"SEARCH 1")),
        "APPEND": recorded(seen, answering(text=b"[APPENDUID 7 1:2] done")),
    }
    with served(handlers, b"IMAP4rev1 MULTIAPPEND") as c:
        c.select_folder("INBOX")
        found = c.search(["SUBJECT", "ä", "BODY", "ö", "ALL"], "utf-8")
        return found, c.multiappend("INBOX", [b"one", {"msg": b"two", "flags": ["\\Seen"]}]), seen


@odd.step
def literal_refused(_: Account) -> Any:
    def refuse(peer: Peer) -> None:
        peer.relax()
        peer.greet(b"* PREAUTH [CAPABILITY IMAP4rev1] ready")
        while True:
            command = peer.command(continuation=None)
            if command.pending is not None:
                peer.no(command, b"no literals")
            elif command.name == "CAPABILITY":
                peer.untagged(b"CAPABILITY IMAP4rev1")
                peer.ok(command)
            elif command.name == "LOGOUT":
                peer.untagged(b"BYE")
                peer.ok(command)
            else:
                peer.ok(command)

    with ScriptedServer(refuse) as server, IMAPClient(server.host, server.port, ssl=False) as c:
        c.select_folder("INBOX")
        return failure(c.search, ["SUBJECT", "ä"], "utf-8"), failure(c.append, "INBOX", b"x")


@odd.step
def tokens(_: Account) -> Any:
    def accept(session: Serving, command: Command) -> None:
        seen.append((command.words[0], initial_response(session, command)))
        session.peer.ok(command, b"welcome")

    seen: list[tuple[bytes, bytes]] = []
    logins: list[Step] = [
        lambda c: c.oauth2_login("ann", "t0ken"),
        lambda c: c.oauth2_login("ann", "t0ken", vendor="v"),
        lambda c: c.oauth2_login("ann", "t0ken", mech="OAUTH2"),
        lambda c: c.oauthbearer_login("a=n,n", "t0ken"),
        lambda c: c.oauthbearer_login("", "t0ken"),
    ]
    outcomes = []
    for login in logins:
        with served({"AUTHENTICATE": accept}, greeting=b"* OK ready") as c:
            outcomes.append(login(c))
    return outcomes, seen


@odd.step
def token_refused_with_a_challenge(_: Account) -> Any:
    def refuse(session: Serving, command: Command) -> None:
        initial_response(session, command)
        session.peer.line(b"+ " + base64.b64encode(b'{"status":"400"}'))
        session.peer.readline()
        session.peer.no(command, b"[AUTHENTICATIONFAILED] expired")

    with served({"AUTHENTICATE": refuse}, greeting=b"* OK ready") as c:
        return failure(c.oauth2_login, "ann", "t0ken"), c.noop()


@odd.step
def capabilities_in_the_answer_to_login(_: Account) -> Any:
    seen: list[bytes] = []
    handlers = {
        "LOGIN": answering(b"CAPABILITY IMAP4rev1 NAMESPACE IDLE"),
        "NAMESPACE": recorded(
            seen, answering(b'NAMESPACE (("INBOX." ".")("&AOQ-" NIL)) NIL (("#" "/"))')
        ),
    }
    with served(handlers, greeting=b"* OK ready") as c:
        before = c.capabilities()
        c.login("ann", "secret")
        return before, c.capabilities(), c.namespace(), c.namespace().other, seen


@odd.step
def no_capabilities_for(_: Account) -> Any:
    with served({}, b"IMAP4rev1") as c:
        calls = (
            *(c.starttls, lambda: c.enable("X"), c.id_, c.namespace, c.xlist_folders, c.idle),
            *(c.unselect_folder, lambda: c.sort("SIZE"), c.thread, lambda: c.move([1], "x")),
            *(lambda: c.multiappend("x", []), lambda: c.uid_expunge([1]), lambda: c.getacl("x")),
            *(c.get_quota, lambda: c.get_quota_root("x"), lambda: c.gmail_search("x")),
            *(c.idle_check, c.idle_done, lambda: c.setacl("x", "y", "z"), lambda: c.set_quota([])),
        )
        return [failure(call) for call in calls]


@odd.step
def quotas_can_be_set(_: Account) -> Any:
    seen: list[bytes] = []
    answer = answering(b'QUOTA "" (STORAGE 1 512 MESSAGE 2 20)')
    with served({"SETQUOTA": recorded(seen, answer)}, b"IMAP4rev1 QUOTA") as c:
        quota = imapclient.imapclient.Quota("", "STORAGE", b"", 512)
        return c.set_quota([quota, imapclient.imapclient.Quota("", "MESSAGE", b"", 20)]), seen


@odd.step
def became_read_only(_: Account) -> Any:
    with served({"NOOP": answering(b"OK [READ-ONLY] from now on")}) as c:
        c.select_folder("INBOX")
        return c.noop(), failure(c.search), failure(c.add_flags, [1], "\\Seen")


@odd.step
def answers_of_every_kind(_: Account) -> Any:
    handlers = {
        "NOOP": answering(
            b"5 EXISTS",
            b"OK hello",
            b"NO careful",
            b"3 EXPUNGE",
            rb"1 FETCH (FLAGS (\Seen $x))",
            b"FLAGS (a b)",
            b"OK [ALERT] listen",
        )
    }
    with served(handlers) as c:
        return c.noop(), c.noop(), c.select_folder("INBOX")


@odd.step
def refused(_: Account) -> Any:
    handlers = {
        "NOOP": answering(status=b"NO", text=b"[LIMIT] not now"),
        "EXPUNGE": answering(b"1 EXPUNGE", status=b"BAD", text=b"what?"),
        "UID SEARCH": answering(status=b"NO", text=b"not here"),
        "IDLE": answering(status=b"NO", text=b"never"),
    }
    with served(handlers) as c:
        c.select_folder("INBOX")
        return [failure(call) for call in (c.noop, c.expunge, c.search, c.idle)], c.folder_status(
            "INBOX", "MESSAGES"
        )


def lost(*lines: bytes) -> Callable[[Account], Any]:
    """A step in which the connection ends during commands, and of course stays so."""

    def step(_: Account) -> Any:
        outcomes = []
        calls: list[Step] = [
            lambda c: c.noop(),
            lambda c: c.search(),
            lambda c: c.append("INBOX", b"x"),
            lambda c: c.list_folders(),
        ]
        handlers = dict.fromkeys(("NOOP", "UID SEARCH", "APPEND", "LIST"), hanging_up(*lines))
        for call in calls:
            with served(handlers) as c:
                c.select_folder("INBOX")
                outcomes.append(failure(call, c))
                failure(c.folder_status, "INBOX")
        return outcomes

    return step


odd.add(
    {
        "end of file": lost(),
        "end of file after data": lost(b"1 EXISTS"),
        "bye": lost(b"BYE overloaded"),
    }
)


@odd.step
def logout_from_a_dead_server(_: Account) -> Any:
    with served({"LOGOUT": hanging_up()}) as c:
        return attempt(c.logout)


@odd.step
def silent_server(_: Account) -> Any:
    with served({"NOOP": silence}, timeout=0.2) as c:
        return c.socket().gettimeout(), failure(c.noop)


@odd.step
def silent_server_with_two_timeouts(_: Account) -> Any:
    with served({"UID SEARCH": silence}, timeout=SocketTimeout(SECONDS, 0.2)) as c:
        c.select_folder("INBOX")
        return failure(c.search)


@odd.step
def no_greeting(_: Account) -> Any:
    with ScriptedServer(Peer.hold) as server:
        return failure(IMAPClient, server.host, server.port, ssl=False, timeout=0.2)


@odd.step
def no_imap(_: Account) -> Any:
    def script(peer: Peer) -> None:
        peer.relax()
        peer.greet(b"220 smtp.example.org ESMTP")
        peer.wait_closed()

    with ScriptedServer(script) as server:
        return failure(IMAPClient, server.host, server.port, ssl=False, timeout=SECONDS)


# IDLE on such servers


def in_idle(
    call: Step, *pieces: bytes, then: Callable[[Peer], object] | None = None
) -> Callable[[Account], Any]:
    """A step on a server that sends the pieces during IDLE."""

    def step(_: Account) -> Any:
        with served({"IDLE": idling(*pieces, then=then)}) as c:
            c.select_folder("INBOX")
            return call(c)

    return step


def all_news(c: IMAPClient, count: int) -> Any:
    """The news, whether idle_check or idle_done gives them: what comes together with the
    continuation has imaplib in its buffer, which idle_check doesn't see.
    """
    c.idle()
    news: list[Any] = c.idle_check(timeout=0.1)
    text, rest = c.idle_done()
    news += rest
    assert len(news) == count, news
    return text, news, c.noop()


def lost_while_idling(c: IMAPClient) -> Any:
    c.idle()
    with selector(c) as waiter:
        ready = len(waiter.select(SECONDS))
    return ready, c.idle_check(SECONDS), c.idle_check(SECONDS), failure(c.idle_done)[:5]


MANY = b"".join(b"* %d EXISTS\r\n" % number for number in range(4, 1004))

odd_idle = PROGRAM.session("idle on odd servers", nothing, waits=True)
odd_idle.add(
    {
        "news with the continuation": in_idle(
            lambda c: all_news(c, 2), b"+ idling\r\n* 4 EXISTS\r\n* 1 RECENT\r\n"
        ),
        "many news": in_idle(lambda c: all_news(c, 1000), b"+ \r\n" + MANY),
        "still here": in_idle(lambda c: all_news(c, 1), b"+ idling\r\n* OK Still here\r\n"),
        "news before the continuation": in_idle(
            lambda c: (failure(c.idle), c.shutdown()),
            b"* 4 EXISTS\r\n+ idling\r\n",
            then=Peer.wait_closed,
        ),
        "end of file": in_idle(lost_while_idling, b"+ idling\r\n", then=Peer.close),
        "bye": in_idle(lost_while_idling, b"+ idling\r\n", b"* BYE tired\r\n", then=Peer.close),
    }
)


@odd_idle.step
def line_in_two_pieces(_: Account) -> Any:
    go = threading.Event()

    def trickle(peer: Peer) -> None:
        peer.pause(go)
        peer.trickle(b"* 4 EXISTS\r\n", size=6, interval=0.2)
        peer.relax()
        peer.wait_closed()

    with served({"IDLE": idling(b"+ idling\r\n", then=trickle)}) as c:
        c.idle()
        go.set()
        outcome = attempt(c.idle_check, SECONDS)
        if outcome == []:  # woken by the first piece
            outcome = c.idle_check(SECONDS)
        c.shutdown()
        return outcome


@odd_idle.step
def longer_than_the_timeout(_: Account) -> Any:
    """What is set for answers doesn't concern IDLE."""
    go = threading.Event()

    with served({"IDLE": idling_until(go)}, timeout=0.3) as c:
        c.idle()
        quiet = c.idle_check(timeout=0.8)
        go.set()
        return quiet, c.idle_check(timeout=SECONDS), c.idle_done(), c.socket().gettimeout()


@odd_idle.step
def again_and_again(_: Account) -> Any:
    with served({"IDLE": idling(b"+ idling\r\n")}) as c:
        c.select_folder("INBOX")
        return [(c.idle(), c.idle_check(0), c.idle_done(), c.noop()) for _ in range(20)]


@odd_idle.step
def in_another_thread(_: Account) -> Any:
    """As by programs whose main thread decides when IDLE is over."""
    ready, go = threading.Event(), threading.Event()

    outcomes: list[Any] = []

    def watch(c: IMAPClient) -> None:
        ready.set()
        outcomes.append(c.idle_check(timeout=SECONDS))

    with served({"IDLE": idling_until(go)}) as c:
        c.idle()
        thread = threading.Thread(target=watch, args=(c,))
        thread.start()
        ready.wait()
        go.set()
        thread.join()
        return outcomes, c.idle_done()


def main(arguments: list[str]) -> None:
    """Run all steps, or end in the middle of an IDLE."""
    if arguments == ["leave"]:
        c = logged_in(the_account("leave"), unsafe)
        c.select_folder("INBOX")
        c.idle()
        return
    PROGRAM.observe(IMAPClient)
    PROGRAM.run()


if __name__ == "__main__":
    main(sys.argv[1:])
