"""Everything that the public API of imap_tools has, in steps; see steps.py."""

from __future__ import annotations

import gc
import ssl
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.conformance.odd_handlers import (
    answering,
    hanging_up,
    idling,
    idling_until,
    initial_response,
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
    import imap_tools
    from imap_tools import (
        AND,
        NOT,
        OR,
        BaseMailBox,
        Header,
        MailBox,
        MailBoxFolderManager,
        MailBoxStartTls,
        MailBoxUnencrypted,
        MailMessage,
        SortCriteria,
        UidRange,
    )
    from imap_tools.idle import IdleManager

PROGRAM = Program()

# Connecting


def tls_context(account: Account) -> ssl.SSLContext:
    """Trusts the server."""
    return ssl.create_default_context(cafile=account.ca_file)


def unsafe(account: Account, timeout: float | None = SECONDS) -> Any:
    """Connected without TLS."""
    return MailBoxUnencrypted(account.host, account.port, timeout)


def safe(account: Account) -> Any:
    """Connected with TLS from the start."""
    context = tls_context(account)
    return MailBox(account.host, account.tls_port, timeout=SECONDS, ssl_context=context)


def secured(account: Account) -> Any:
    """Connected with TLS by STARTTLS."""
    return MailBoxStartTls(account.host, account.port, SECONDS, tls_context(account))


@contextmanager
def nothing(account: Account) -> Iterator[Account]:
    """For steps that connect themselves."""
    yield account


@contextmanager
def empty(account: Account) -> Iterator[Any]:
    """With nothing in its mailboxes."""
    with unsafe(account).login(account.user, account.password) as m:
        yield m


@contextmanager
def filled(account: Account) -> Iterator[Any]:
    """With INBOX selected, which has the MESSAGES; their UIDs are 11 to 16."""
    with empty(account) as m:
        for _ in range(10):
            m.append(b"Subject: gone\r\n\r\n", flag_set="\\Deleted")
        m.expunge()
        for number, message in enumerate(MESSAGES):
            m.append(message, dt=DAY + timedelta(days=number), flag_set=FLAGS[number])
        yield m


# Messages

DAY = datetime(2024, 2, 27, 23, 30, 5, tzinfo=timezone(timedelta(hours=-7)))

FLAGS = ((), ("\\Seen",), ("\\Flagged", "$Work"), ("\\Answered", "\\Seen"), (), ("\\Draft",))

ALL = ("11", "12", "13", "14", "15", "16")

MESSAGES = (
    b"From: Ann <ann@example.org>\r\nTo: bo@example.net\r\nSubject: Lunch?\r\n"
    b"Date: Tue, 27 Feb 2024 09:00:00 +0100\r\nMessage-ID: <1@example.org>\r\n\r\nAt noon?\r\n",
    b"From: Bo <bo@example.net>\r\nTo: Ann <ann@example.org>, <x@example.com>\r\n"
    b"Cc: cem@example.com\r\nBcc: Di <di@example.com>\r\nReply-To: list@example.com\r\n"
    b"Subject: Re: Lunch?\r\nDate: Tue, 27 Feb 2024 09:30:00 +0100\r\nX-Note: a\r\n"
    b"X-Note: b\r\n\r\n"
    b"Yes.\r\n",
    b"From: =?utf-8?q?J=C3=B6rg?= <joerg@example.org>\r\nTo: ann@example.org\r\n"
    b"Subject: =?utf-8?b?R3LDvMOfZSBhdXMgWsO8cmljaA==?=\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=xx\r\n\r\n"
    b"--xx\r\nContent-Type: multipart/alternative; boundary=yy\r\n\r\n"
    b"--yy\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n\r\nSch\xc3\xb6ne Gr\xc3\xbc\xc3\x9fe\r\n"
    b"--yy\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n"
    b'<meta http-equiv="content-type" content="text/html; charset=iso-8859-1"><p>Gr\xfc\xdfe\r\n'
    b"--yy--\r\n"
    b'--xx\r\nContent-Type: image/png; name="a (1).png"\r\nContent-Transfer-Encoding: base64\r\n'
    b'Content-ID: <pic>\r\nContent-Disposition: attachment; filename="a (1).png"\r\n\r\n'
    b"iVBORw0KGgo=\r\n--xx\r\nContent-Type: message/rfc822\r\n\r\n"
    b"From: deep@example.org\r\nSubject: nested\r\n\r\nInside.\r\n--xx--\r\n",
    b'From: ann@example.org\r\nSubject: pitfalls \\ and "quotes"\r\n\r\n'
    b"* 1 FETCH (FLAGS ())\r\nA1 OK no\r\n+ go\r\n)\r\n{3}\r\nUID 99\r\n" + 2000 * b"a line\r\n",
    b"Subject: \xe2\x98\xba raw\r\nFrom: nobody\r\nDate: nonsense\r\n\r\n\xe2\x98\xba\xff\r\n",
    b"Subject:\r\n\r\n",
)


def everything(message: MailMessage) -> dict[str, Any]:
    """All public attributes of a message."""
    found = _attributes(message)
    found["obj"] = found["obj"].as_bytes()
    found["headers"] = dict(found["headers"])
    found["attachments"] = [_attachment(part) for part in found["attachments"]]
    return {**found, "str": str(message)}


def _attachment(part: Any) -> dict[str, Any]:
    return {**_attributes(part), "part": part.part.as_bytes(), "str": str(part)}


def _attributes(value: Any) -> dict[str, Any]:
    names = {name for name in (*dir(type(value)), *vars(value)) if not name.startswith("_")}
    return {name: getattr(value, name) for name in names - {"from_bytes", "part"}}


def brief(messages: Any) -> list[Any]:
    """What tells messages apart."""
    return [(m.uid, m.subject, m.flags, m.size_rfc822, m.size) for m in messages]


# The library itself

library = PROGRAM.session("library", nothing)


@library.step
def exceptions(_: Account) -> Any:
    kinds = [getattr(imap_tools, name) for name in imap_tools.__all__ if name.endswith("Error")]
    return [_raised(kind) for kind in kinds]


def _raised(kind: type[Exception]) -> str:
    def call() -> None:
        if issubclass(kind, imap_tools.UnexpectedCommandStatusError):
            raise kind(("NO", [b"why"]), "OK")
        raise kind("why")

    return failure(call)


library.add(
    {
        "commands that it adds": lambda _: "IDLE" in sys.modules["imaplib"].Commands,
        "base class": lambda _: failure(BaseMailBox),
        "message": lambda _: everything(MailMessage.from_bytes(MESSAGES[2])),
    }
)

# IDLE, with news from a second client


class Pair(NamedTuple):
    """One client that waits, in INBOX, and one that makes news."""

    m: Any
    other: Any

    def append(self) -> None:
        """Make news: EXISTS."""
        self.other.append(MESSAGES[0])


def _opened_pair(connect: Callable[[Account], Any], account: Account) -> Any:
    @contextmanager
    def opened() -> Iterator[Pair]:
        with (
            connect(account).login(account.user, account.password) as m,
            unsafe(account).login(account.user, account.password) as other,
        ):
            pair = Pair(m, other)
            pair.append()
            m.folder.set("INBOX")
            yield pair

    return opened()


def poll_until_over(pair: Pair) -> Any:
    idle = pair.m.idle
    return idle.start(), idle.poll(0.05), idle.poll(timeout=0), idle.poll(0.05), idle.stop()


def poll_for_a_message(pair: Pair) -> Any:
    idle = pair.m.idle
    idle.start()
    pair.append()
    return idle.poll(timeout=SECONDS), idle.poll(timeout=0.05), idle.stop(), pair.m.uids()


def poll_for_flags_and_expunge_without_timeout(pair: Pair) -> Any:
    m, other = pair
    m.idle.start()
    other.flag("1", ["\\Flagged", "$Work"], True)
    flags = _polled_until(m, b" FETCH ")
    other.delete("1")
    return flags, _polled_until(m, b" EXPUNGE"), m.idle.stop(), m.uids()


def _polled_until(m: Any, last: bytes) -> list[bytes]:
    """Poll, without a time-out, until a line that has *last* in it has come."""
    lines: list[bytes] = []
    while not any(last in line for line in lines):
        lines += m.idle.poll(timeout=None)
    return lines


def wait_for_a_message(pair: Pair) -> Any:
    thread = threading.Thread(target=pair.append)
    with pair.m.idle as idle:
        thread.start()
        news = idle.poll(timeout=SECONDS)
    thread.join()
    return news, pair.m.uids()


def wait_until_over(pair: Pair) -> Any:
    return pair.m.idle.wait(timeout=0.05), pair.m.idle.wait(0.05)


def the_rest(pair: Pair) -> Any:
    """What nobody has polled for is what stop gives, and so is what comes with the beginning."""
    m, _ = pair
    pair.append()
    m.idle.start()
    news = m.idle.poll(timeout=0.1)
    pair.append()
    news += m.idle.poll(SECONDS)
    pair.append()
    (typ, data), rest = m.idle.stop()
    news += [*rest, *_told(m)]
    # Wherever it is that something comes: it comes once, and in order.
    return typ, data, [line for line in news if line.endswith(b" EXISTS")]


def _told(m: Any) -> list[bytes]:
    """What NOOP tells."""
    return list(m.consume_until_tagged_response(m.client._command("NOOP"))[1])


def too_long(pair: Pair) -> Any:
    m, _ = pair
    m.idle.start()
    return failure(m.idle.poll, 29 * 60 + 1), m.idle.stop()


def works_afterwards(pair: Pair) -> Any:
    m, _ = pair
    return m.uids(), m.folder.status(), brief(m.fetch(mark_seen=False)), m.flag(m.uids(), "x", True)


def settings_of_the_socket(pair: Pair) -> Any:
    sock = pair.m.client.sock
    before = sock.gettimeout()
    with pair.m.idle as idle:
        idle.poll(0)
        return before, sock.gettimeout(), sock is pair.m.client.sock


IDLE = {
    "poll until over": poll_until_over,
    "poll for a message": poll_for_a_message,
    "poll for flags and expunge, without timeout": poll_for_flags_and_expunge_without_timeout,
    "wait for a message": wait_for_a_message,
    "wait until over": wait_until_over,
    "the rest": the_rest,
    "too long": too_long,
    "settings of the socket": settings_of_the_socket,
    "works afterwards": works_afterwards,
}

for _name, _connect in (("plain", unsafe), ("TLS", safe), ("STARTTLS", secured)):
    PROGRAM.session(f"idle over {_name}", partial(_opened_pair, _connect), waits=True).add(IDLE)

# Connecting, and logging in

connecting = PROGRAM.session("connecting", nothing)


def with_new(
    call: Callable[[Any, Account], Any], connect: Callable[[Account], Any] | None = None
) -> Callable[[Account], Any]:
    """A step on a connection of its own; the outcome says in which state that is afterwards."""

    def step(account: Account) -> Any:
        with (connect or unsafe)(account) as m:
            outcome = attempt(call, m, account)
            if outcome is m:
                outcome = m.login_result
            return outcome, m.client.state, m.folder.get(), isinstance(m.client.sock, ssl.SSLSocket)

    return step


connecting.add(
    {
        "plain": with_new(lambda m, a: m.login(a.user, a.password), unsafe),
        "tls": with_new(lambda m, a: m.login(a.user, a.password), safe),
        "starttls": with_new(lambda m, a: m.login(a.user, a.password), secured),
        "without timeout": with_new(
            lambda m, a: m.client.sock.gettimeout(), lambda a: unsafe(a, None)
        ),
        "with timeout": with_new(lambda m, a: m.client.sock.gettimeout()),
        "untrusted": lambda a: failure(
            MailBox, a.host, a.tls_port, ssl_context=ssl.create_default_context()
        ),
        "tls to a plain port": lambda a: failure(
            MailBox, a.host, a.port, ssl_context=tls_context(a)
        ),
        "starttls untrusted": lambda a: failure(
            MailBoxStartTls, a.host, a.port, ssl_context=ssl.create_default_context()
        ),
        "starttls to the port of tls": lambda a: failure(MailBoxStartTls, a.host, 993),
        "login without a folder": with_new(lambda m, a: m.login(a.user, a.password, None)),
        "login into a folder": with_new(lambda m, a: m.login(a.user, a.password, "Sent")),
        "login into nowhere": with_new(lambda m, a: m.login(a.user, a.password, "nowhere")),
        "login refused": with_new(lambda m, a: m.login(a.user, "wrong")),
        "login with quotes": with_new(lambda m, _: m.login("quote", 'a "b" \\c d\\')),
        "login with spaces": with_new(lambda m, _: m.login('d ave"x\\y', "secret")),
        "login with non-ASCII": with_new(lambda m, _: m.login("uni", "p\xe4ssw\xf6rd-☃-日本")),
        "login_utf8": with_new(lambda m, _: m.login_utf8("uni", "p\xe4ssw\xf6rd-☃-日本", None)),
        "login_utf8 into a folder": with_new(lambda m, a: m.login_utf8(a.user, a.password, "Sent")),
        "login_utf8 refused": with_new(lambda m, a: m.login_utf8(a.user, "wrong")),
        "xoauth2 refused": with_new(lambda m, a: m.xoauth2(a.user, "t0ken")),
        "login again": with_new(
            lambda m, a: (m.login(a.user, a.password), failure(m.login, a.user, a.password))[1]
        ),
        "too early": with_new(
            lambda m, _: [
                failure(call)
                for call in (
                    m.uids,
                    m.numbers,
                    m.folder.list,
                    m.expunge,
                    m.folder.status,
                    lambda: list(m.fetch()),
                    lambda: m.append(b"x"),
                    lambda: m.folder.set("INBOX"),
                    lambda: m.numbers_to_uids(["1"]),
                )
            ]
        ),
        "logout": lambda a: unsafe(a).logout(),
    }
)


@connecting.step
def context_manager_with_a_problem(account: Account) -> Any:
    def use() -> None:
        with unsafe(account).login(account.user, account.password):
            raise KeyError("mine")

    return failure(use)


@connecting.step
def after_logout(account: Account) -> Any:
    m = unsafe(account).login(account.user, account.password)
    m.logout()
    calls = (m.uids, m.folder.list, lambda: m.folder.set("INBOX"), lambda: m.append(b"x"))
    return [failure(call).partition(": ")[0] for call in calls], m.client.sock.fileno()


@connecting.step
def logout_twice(account: Account) -> Any:
    m = unsafe(account)
    return m.logout(), attempt(m.logout)


# Folders

ODD_NAMES = (
    "odd name",
    'odd "quotes"',
    "odd d\xf6ner ☃",
    "odd & more&",
    "odd/deep/12",
    "odd (list) [%s] {3}",
    "odd 'single'",
)

folders = PROGRAM.session("folders", empty)
folders.add(
    {
        "list": lambda m: m.folder.list(),
        "list nothing": lambda m: m.folder.list("", "nowhere"),
        "list pattern": lambda m: m.folder.list(search_args="S%"),
        "list separator": lambda m: m.folder.list("", ""),
        "get": lambda m: m.folder.get(),
        "create": lambda m: m.folder.create("plain"),
        "create again": lambda m: failure(m.folder.create, "plain"),
        "create in bytes": lambda m: m.folder.create(b'"in bytes"'),
        "create odd ones": lambda m: [m.folder.create(name) for name in ODD_NAMES],
        "create a bad one": lambda m: failure(m.folder.create, ""),
        "list odd ones": lambda m: m.folder.list("", "odd*"),
        "list a backslash": lambda m: (m.folder.create("back\\slash"), m.folder.list("", "back*")),
        "exists": lambda m: [m.folder.exists(name) for name in (*ODD_NAMES, "odd", "nowhere")],
        "set odd ones": lambda m: [m.folder.set(name) for name in ODD_NAMES],
        "status of odd ones": lambda m: [m.folder.status(name, ["UIDNEXT"]) for name in ODD_NAMES],
        "subscribe": lambda m: [m.folder.subscribe(name, True) for name in ODD_NAMES],
        "subscribe nowhere": lambda m: attempt(m.folder.subscribe, "nowhere", True),
        "list subscribed": lambda m: m.folder.list(subscribed_only=True),
        "unsubscribe": lambda m: [m.folder.subscribe(name, False) for name in ODD_NAMES[:5]],
        "list what is still subscribed": lambda m: m.folder.list("", "*", subscribed_only=True),
        "rename odd ones": lambda m: [m.folder.rename(name, f"new {name}") for name in ODD_NAMES],
        "rename in bytes": lambda m: m.folder.rename(b"plain", b'"plain b"'),
        "rename nowhere": lambda m: failure(m.folder.rename, "nowhere", "elsewhere"),
        "delete odd ones": lambda m: [m.folder.delete(f"new {name}") for name in ODD_NAMES[:4]],
        "delete nowhere": lambda m: failure(m.folder.delete, "nowhere"),
        "set": lambda m: (m.folder.set("INBOX"), m.folder.get()),
        "set read-only": lambda m: (m.folder.set("Sent", readonly=True), m.folder.get()),
        "flag in it": lambda m: (
            m.append(b"Subject: x\r\n\r\n", "Sent"),
            attempt(m.flag, "1", "x", True),
        ),
        "set in bytes": lambda m: (m.folder.set(b"INBOX"), m.folder.get()),
        "set nowhere": lambda m: (failure(m.folder.set, "nowhere"), m.folder.get()),
        "status": lambda m: m.folder.status("INBOX"),
        "status of the current one": lambda m: (m.folder.set("INBOX"), m.folder.status())[1],
        "status of some": lambda m: m.folder.status("INBOX", ["UIDNEXT", "RECENT"]),
        "status nowhere": lambda m: failure(m.folder.status, "nowhere"),
        "status of nonsense": lambda m: failure(m.folder.status, "INBOX", ["NONSENSE"]),
        "unset": lambda m: (m.folder.unset(), m.folder.get()),
        "unset again": lambda m: m.folder.unset(),
        "status of no current one": lambda m: failure(m.folder.status),
        "search in no current one": lambda m: failure(m.uids).partition(": ")[0],
        "set after unset": lambda m: (m.folder.set("INBOX"), m.uids()),
        "line break": lambda m: attempt(m.folder.create, "a\r\nA1 LOGOUT"),
    }
)

# Reading

reading = PROGRAM.session("reading", filled)
reading.add(
    {
        "numbers": lambda m: (m.numbers(), m.numbers("ALL"), m.numbers(AND(seen=True))),
        "numbers in a charset": lambda m: m.numbers(AND(subject="Z\xfcrich"), charset="utf8"),
        "numbers without a charset": lambda m: m.numbers(AND(from_="ann"), charset=None),
        "numbers of nothing": lambda m: m.numbers(AND(deleted=True)),
        "numbers in bytes": lambda m: m.numbers(b'SUBJECT "Lunch?"'),
        "numbers to uids": lambda m: m.numbers_to_uids(["1", "3", "6"]),
        "numbers to uids of none": lambda m: m.numbers_to_uids([]),
        "numbers to uids of ranges": lambda m: m.numbers_to_uids(["1:2", "5:*"]),
        "numbers to uids beyond": lambda m: failure(m.numbers_to_uids, ["99"]),
        "uids": lambda m: (m.uids(), m.uids("UNSEEN"), m.uids(b"DRAFT")),
        "uids by and": lambda m: m.uids(AND(from_=["ann", "org"], seen=False, no_keyword="$Work")),
        "uids by or": lambda m: m.uids(OR(flagged=True, draft=True, answered=True)),
        "uids by not": lambda m: m.uids(NOT(AND(seen=True), subject="Zür"), "utf-8"),
        "uids by dates": lambda m: m.uids(
            AND(date_gte=date(2024, 2, 29), date_lt=date(2024, 3, 2), sent_date_lt=date(2025, 1, 1))
        ),
        "uids by one date": lambda m: m.uids(OR(date=[date(2024, 2, 28), date(2024, 3, 1)])),
        "uids by sent dates": lambda m: m.uids(
            AND(sent_date=date(2024, 2, 27), sent_date_gte=date(2024, 2, 27))
        ),
        "uids by size": lambda m: m.uids(AND(size_gt=100, size_lt=1000)),
        "uids by text": lambda m: m.uids(OR(text="noon", body="Yes.", cc="cem", bcc="di", to="bo")),
        "uids by header": lambda m: m.uids(AND(header=[Header("X-Note", "b"), Header("From", "")])),
        "uids by uid": lambda m: (m.uids(AND(uid="12,14:15")), m.uids(AND(uid=["11", "13"]))),
        "uids by range": lambda m: m.uids(AND(uid=UidRange("15", "*"), all=True)),
        "uids by state": lambda m: (
            m.uids(AND(recent=True)),
            m.uids(AND(new=True)),
            m.uids(AND(old=True)),
        ),
        "uids by keyword": lambda m: m.uids(AND(keyword="$Work")),
        "uids by quotes": lambda m: m.uids(AND(subject='\\ and "quotes"')),
        "uids nested": lambda m: m.uids(
            AND(OR(from_="ann", to="ann"), NOT(OR(AND(flagged=True, subject="x"), seen=True)))
        ),
        "uids without a charset": lambda m: m.uids("FLAGGED", charset=None),
        "uids sorted": lambda m: m.uids(sort=SortCriteria.SIZE_DESC),
        "uids sorted by several": lambda m: m.uids("ALL", "utf-8", ["SUBJECT", "REVERSE ARRIVAL"]),
        "uids sorted, some": lambda m: m.uids(AND(subject="Zür"), "UTF-8", sort="DATE"),
        "uids sorted without a charset": lambda m: failure(m.uids, "ALL", None, "DATE"),
        "bad criteria": lambda m: (failure(m.uids, "NONSENSE"), failure(m.numbers, "NONSENSE")),
        "bad sort": lambda m: failure(m.uids, sort="NONSENSE"),
        "bad charset": lambda m: failure(m.uids, "SUBJECT x", "punycode"),
        "not in the charset": lambda m: failure(m.uids, AND(subject="Zür")),
        "gmail label": lambda m: failure(m.uids, AND(gmail_label="x")),
        "fetch": lambda m: [everything(message) for message in m.fetch(mark_seen=False)],
        "fetch some": lambda m: brief(m.fetch(AND(seen=True), mark_seen=False)),
        "fetch nothing": lambda m: brief(m.fetch("DELETED")),
        "fetch in a charset": lambda m: brief(m.fetch(AND(subject="Zür"), "utf8", mark_seen=False)),
        "fetch headers": lambda m: [
            everything(message) for message in m.fetch(headers_only=True, mark_seen=False)
        ],
        "fetch with a limit": lambda m: brief(m.fetch(limit=2, mark_seen=False)),
        "fetch a slice": lambda m: brief(m.fetch(limit=slice(1, 5, 2), mark_seen=False)),
        "fetch with a bad limit": lambda m: failure(lambda: list(m.fetch(limit="2"))),
        "fetch the last": lambda m: brief(m.fetch(limit=2, reverse=True, mark_seen=False)),
        "fetch in bulk": lambda m: [everything(x) for x in m.fetch(bulk=True, mark_seen=False)],
        "fetch in bulk, reverse": lambda m: brief(
            m.fetch(bulk=True, reverse=True, mark_seen=False)
        ),
        "fetch in bulks": lambda m: brief(m.fetch(bulk=4, mark_seen=False)),
        "fetch in bulks, reverse": lambda m: brief(m.fetch(bulk=4, reverse=True, mark_seen=False)),
        "fetch in bad bulks": lambda m: failure(lambda: list(m.fetch(bulk=1))),
        "fetch in bulk, nothing": lambda m: brief(m.fetch("DELETED", bulk=True)),
        "fetch sorted": lambda m: brief(m.fetch(sort=SortCriteria.SUBJECT_ASC, mark_seen=False)),
        "fetch uids": lambda m: brief(m.fetch(uid_list="12,13", mark_seen=False)),
        "fetch uids of a list": lambda m: brief(m.fetch(uid_list=["16", "99"], mark_seen=False)),
        "fetch uids in bulk": lambda m: brief(
            m.fetch(uid_list="11:13,16", bulk=True, mark_seen=False)
        ),
        "fetch bad uids": lambda m: failure(lambda: list(m.fetch(uid_list=["x"]))),
        "fetch bad criteria": lambda m: failure(lambda: list(m.fetch("NONSENSE"))),
        "nothing is seen by it": lambda m: m.uids("SEEN"),
        "fetch and mark": lambda m: (brief(m.fetch(AND(uid="11"))), m.uids("SEEN")),
        "fetch and mark in bulk": lambda m: (brief(m.fetch(bulk=True)), m.uids("SEEN")),
        "two at a time": lambda m: [
            (one.uid, [two.uid for two in m.fetch(limit=2)]) for one in m.fetch(limit=3)
        ],
    }
)

# Changing

changing = PROGRAM.session("changing", filled)
changing.add(
    {
        "append": lambda m: m.append(MESSAGES[0], "Drafts", DAY),
        "append a message": lambda m: m.append(MailMessage.from_bytes(MESSAGES[2]), "Drafts", DAY),
        "append with flags": lambda m: m.append(
            MESSAGES[1], "Drafts", dt=DAY, flag_set=("\\Seen", "$Work")
        ),
        "append with a flag": lambda m: m.append(MESSAGES[4], "Drafts", DAY, "\\Flagged"),
        "append at a time.time()": lambda m: m.append(MESSAGES[5], "Drafts", 1e9),
        "append at a time in a str": lambda m: m.append(
            MESSAGES[5], "Drafts", '"01-Jul-2023 12:00:00 +0200"'
        ),
        "append at a naive time": lambda m: failure(
            m.append, MESSAGES[5], "Drafts", datetime(2023, 7, 1)
        ),
        "append with line feeds": lambda m: m.append(b"Subject: LF\n\nText.\n.\n", "Drafts", DAY),
        "append to a folder in bytes": lambda m: m.append(b"Subject: b\r\n\r\n", b"Drafts", DAY),
        "append to an odd folder": lambda m: (
            m.folder.create("odd ü"),
            m.append(b"Subject: b\r\n\r\n", "odd ü", DAY),
        ),
        "append now": lambda m: m.append(b"Subject: now\r\n\r\n"),
        "append nowhere": lambda m: failure(m.append, b"x", "nowhere"),
        "append with a bad flag": lambda m: failure(m.append, b"x", flag_set="\\Nonsense"),
        "what was appended": lambda m: (
            m.folder.set("Drafts"),
            [everything(message) for message in m.fetch(mark_seen=False)],
            m.uids(OR(date=[date(2024, 2, 28), date(2023, 7, 1), date(2001, 9, 9)])),
            m.folder.set("INBOX"),
        ),
        "flag": lambda m: m.flag("11,12", ["\\Answered", "$New"], True),
        "flag one": lambda m: m.flag(["13"], imap_tools.MailMessageFlags.SEEN, True),
        "flag not": lambda m: m.flag(m.uids(), ("\\Seen", "$New"), False),
        "flag in chunks": lambda m: m.flag(ALL, "\\Flagged", True, chunks=2),
        "flag none": lambda m: (m.flag([], "\\Seen", True), m.flag("99", "\\Seen", True)),
        "bad flag": lambda m: (
            failure(m.flag, "11", "\\Nonsense", True),
            failure(m.flag, "x", "a", True),
        ),
        "recent": lambda m: failure(m.flag, "11", "\\Recent", True),
        "flags": lambda m: brief(m.fetch(mark_seen=False)),
        "copy": lambda m: m.copy("11,12", "Sent"),
        "copy in chunks": lambda m: m.copy(ALL, "Sent", chunks=4),
        "copy none": lambda m: (m.copy([], "Sent"), m.copy("99", "Sent")),
        "copy nowhere": lambda m: failure(m.copy, "11", "nowhere"),
        "copy into an odd folder": lambda m: m.copy("11", "odd ü"),
        "move": lambda m: m.move("11", "Trash"),
        "move in chunks": lambda m: m.move(["12", "13"], "Trash", chunks=1),
        "move none": lambda m: (m.move([], "Trash"), m.move("99", "Trash")),
        "move nowhere": lambda m: failure(m.move, "14", "nowhere"),
        "delete": lambda m: (m.delete("14"), m.uids()),
        "delete in chunks": lambda m: (m.append(b"x: y\r\n\r\n"), m.delete(["15", "16"], chunks=1)),
        "delete none": lambda m: (m.delete([]), m.delete("99")),
        "expunge": lambda m: m.expunge(),
        "what is left": lambda m: (m.uids(), m.folder.status()),
        "read-only": lambda m: (m.folder.set("Sent", True), attempt(m.delete, "1"), m.uids()),
    }
)

# Servers that do what Dovecot doesn't


@contextmanager
def served(
    handlers: dict[str, Handler],
    capabilities: bytes = b"IMAP4rev1 IDLE",
    *,
    greeting: bytes = b"* PREAUTH ready",
    timeout: float = SECONDS,
) -> Iterator[Any]:
    """A client of a server with special commands; it is logged in, and nothing is selected."""
    script = partial(mailbox, capabilities=capabilities, greeting=greeting, handlers=handlers)
    with ExitStack() as stack:
        server = stack.enter_context(ScriptedServer(script))
        yield stack.enter_context(MailBoxUnencrypted(server.host, server.port, timeout))


odd = PROGRAM.session("odd servers", nothing)


@odd.step
def move_without_the_capability(_: Account) -> Any:
    with served({}) as m:
        m.folder.set("INBOX")
        return m.folder.create("away"), m.move(["1", "3"], "away"), m.uids()


@odd.step
def xoauth2(_: Account) -> Any:
    seen: list[bytes] = []

    def accept(session: Serving, command: Command) -> None:
        seen.append(initial_response(session, command))
        session.peer.ok(command, b"welcome")

    with served({"AUTHENTICATE": accept}, greeting=b"* OK ready") as m:
        return m.xoauth2("ann", "t0ken") is m, m.login_result, m.folder.get(), seen


@odd.step
def refused(_: Account) -> Any:
    handlers = {
        name: answering(status=b"NO", text=b"[LIMIT] not now")
        for name in (
            *("UID SEARCH", "UID FETCH", "UID STORE", "UID COPY", "UID MOVE", "EXPUNGE", "FETCH"),
            *("SEARCH", "APPEND", "CREATE", "DELETE", "RENAME", "STATUS", "SUBSCRIBE", "UNSELECT"),
            *("LIST", "IDLE", "UID SORT"),
        )
    }
    with served(handlers, b"IMAP4rev1 IDLE MOVE") as m:
        m.folder.set("INBOX")
        calls: list[Callable[[], Any]] = [
            *(m.uids, m.numbers, m.expunge, m.idle.start, m.folder.status, m.folder.unset),
            *(lambda: list(m.fetch(uid_list="1")), lambda: m.numbers_to_uids(["1"])),
            *(lambda: m.flag("1", "x", True), lambda: m.delete("1"), lambda: m.copy("1", "x")),
            *(lambda: m.move("1", "x"), lambda: m.append(b"x"), lambda: m.folder.create("x")),
            *(lambda: m.folder.delete("x"), lambda: m.folder.rename("x", "y")),
            *(lambda: m.folder.subscribe("x", True), lambda: m.uids(sort="DATE")),
        ]
        return [failure(call) for call in calls], attempt(m.folder.list)


@odd.step
def what_an_error_tells(_: Account) -> Any:
    with served({"EXPUNGE": answering(status=b"NO", text=b"[X] no")}) as m:
        m.folder.set("INBOX")
        try:
            m.expunge()
        except imap_tools.MailboxExpungeError as problem:
            return problem.command_result, problem.expected, str(problem)
    raise AssertionError("nothing was raised")


@contextmanager
def left_open() -> Iterator[None]:
    """Forgive imap_tools that it drops a connection without closing it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


@odd.step
def starttls_refused(_: Account) -> Any:
    def script(peer: Peer) -> None:
        peer.relax()
        peer.greet(b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready")
        while True:
            command = peer.command()
            if command.name == "CAPABILITY":
                peer.untagged(b"CAPABILITY IMAP4rev1 STARTTLS")
                peer.ok(command)
            else:
                peer.no(command, b"not today")

    with ScriptedServer(script) as server, left_open():
        return failure(MailBoxStartTls, server.host, server.port, SECONDS)


@odd.step
def starttls_not_offered(_: Account) -> Any:
    with ScriptedServer(partial(mailbox, capabilities=b"IMAP4rev1")) as server, left_open():
        return failure(MailBoxStartTls, server.host, server.port, SECONDS)


def lost(*lines: bytes) -> Callable[[Account], Any]:
    """A step in which the connection ends; so does the context manager."""

    def step(_: Account) -> Any:
        def use() -> None:
            with served({"UID SEARCH": hanging_up(*lines)}) as m:
                m.folder.set("INBOX")
                outcomes.extend((failure(m.uids), failure(m.folder.list).partition(": ")[0]))

        outcomes: list[str] = []
        problem = attempt(use)
        return outcomes, problem and problem.partition(": ")[0]

    return step


odd.add({"end of file": lost(), "bye": lost(b"BYE overloaded")})


@odd.step
def silent_server(_: Account) -> Any:
    with ScriptedServer(partial(mailbox, handlers={"UID SEARCH": silence})) as server:
        m = MailBoxUnencrypted(server.host, server.port, timeout=0.2)
        m.login("ann", "secret")
        outcome = failure(m.uids)
        m.client.shutdown()
        return outcome


@odd.step
def no_greeting(_: Account) -> Any:
    with ScriptedServer(Peer.hold) as server:
        return failure(MailBoxUnencrypted, server.host, server.port, 0.2)


# IDLE on such servers


def in_idle(
    call: Step, *pieces: bytes, then: Callable[[Peer], object] | None = None
) -> Callable[[Account], Any]:
    """A step on a server that sends the pieces during IDLE."""

    def step(_: Account) -> Any:
        with served({"IDLE": idling(*pieces, then=then)}) as m:
            m.folder.set("INBOX")
            return call(m)

    return step


def all_news(m: Any, count: int) -> Any:
    """The news, whether poll or stop gives them: what comes together with the continuation has
    imaplib in its buffer, which poll doesn't see.
    """
    m.idle.start()
    news: list[Any] = m.idle.poll(timeout=0.1)
    result, rest = m.idle.stop()
    news += rest
    assert len(news) == count, news
    return result, news, m.uids()


def lost_while_idling(m: Any) -> Any:
    m.idle.start()
    polled = m.idle.poll(SECONDS), m.idle.poll(SECONDS)
    problem = failure(m.idle.stop).partition(": ")[0]
    m.client.shutdown()
    m.logout = lambda: None  # else the context manager's exit raises that again
    return polled, problem


odd_idle = PROGRAM.session("idle on odd servers", nothing, waits=True)
odd_idle.add(
    {
        "news with the continuation": in_idle(
            lambda m: all_news(m, 2), b"+ idling\r\n* 4 EXISTS\r\n* 1 RECENT\r\n"
        ),
        "still here": in_idle(lambda m: all_news(m, 1), b"+ idling\r\n* OK Still here\r\n"),
        "again and again": in_idle(
            lambda m: [(m.idle.wait(0), m.uids()) for _ in range(20)], b"+ idling\r\n"
        ),
        "end of file": in_idle(lost_while_idling, b"+ idling\r\n", then=Peer.close),
        "bye": in_idle(lost_while_idling, b"+ idling\r\n", b"* BYE tired\r\n", then=Peer.close),
    }
)


@odd_idle.step
def longer_than_the_timeout(_: Account) -> Any:
    """What is set for answers doesn't concern IDLE."""
    go = threading.Event()

    with served({"IDLE": idling_until(go)}, timeout=0.3) as m:
        m.idle.start()
        quiet = m.idle.poll(timeout=0.8)
        go.set()
        return quiet, m.idle.poll(timeout=SECONDS), m.idle.stop(), m.client.sock.gettimeout()


@odd_idle.step
def stale_flags(_: Account) -> Any:
    """What IDLE has told of a message, and what is fetched of it afterwards."""
    told = b"* 1 FETCH (UID 1 FLAGS (stale))\r\n"
    with served({"IDLE": idling(b"+ idling\r\n" + told)}) as m:
        m.folder.set("INBOX")
        with m.idle:
            pass
        return brief(m.fetch(uid_list="1", mark_seen=False))


def main(arguments: list[str]) -> None:
    """Run all steps, or end in the middle of an IDLE."""
    if arguments == ["leave"]:
        account = the_account("leave")
        unsafe(account).login(account.user, account.password).idle.start()
        return
    PROGRAM.observe(
        BaseMailBox,
        MailBox,
        MailBoxStartTls,
        MailBoxUnencrypted,
        MailBoxFolderManager,
        IdleManager,
    )
    PROGRAM.run()


if __name__ == "__main__":
    main(sys.argv[1:])
