"""Programs written for the historical imaplib2 find everything as they left it.

Each test does what some program does, in that program's manner: a mail notifier that idles, a
synchroniser whose connections are subclasses, scripts that fetch in parallel.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import queue
import shlex
import socket
import ssl
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import imaplib2

from ..server import scripted
from ..server.contexts import Contexts
from ..server.helpers import SECONDS, Calls, Serve, connected
from ..server.scripted import MESSAGE, Command, Peer, Session, mailbox

pytestmark = pytest.mark.timeout(20)

# As programs see them that know nothing of type hints.
IMAP4: Any = imaplib2.IMAP4
IMAP4_SSL: Any = imaplib2.IMAP4_SSL

RELAY = Path(__file__).with_name("relay.py")


def opened(M: Any) -> Any:
    """*M* as most programs have it: logged in, with a mailbox."""
    M.login("user", "password")
    M.select("INBOX")
    return M


# Importing


@pytest.mark.parametrize(
    "line",
    [
        "import imaplib2; found = imaplib2",
        "import imaplib2 as found",
        "import imaplib2.imaplib2; found = imaplib2.imaplib2",
        "import imaplib2.imaplib2 as found",
        "from imaplib2 import imaplib2 as found",
    ],
)
def test_imports_of_the_module(line: str) -> None:
    """Each in an interpreter of its own, in which it is the first."""
    check = "assert issubclass(found.IMAP4_SSL, found.IMAP4); assert found.IMAP4.abort"
    command = [sys.executable, "-I", "-W", "error", "-c", f"{line}; {check}"]
    subprocess.run(command, check=True, timeout=15)


@pytest.mark.parametrize(
    "line",
    [
        "from imaplib2 import IMAP4, IMAP4_SSL, IMAP4_stream, InternalDate, MonthNames",
        "from imaplib2.imaplib2 import IMAP4, IMAP4_SSL, IMAP4_stream, InternalDate, MonthNames",
        "from imaplib2 import *",
        "from imaplib2.imaplib2 import *",
    ],
)
def test_imports_of_names(line: str) -> None:
    space: dict[str, Any] = {}
    exec(line, space)
    assert space["IMAP4"] is imaplib2.IMAP4
    assert space["IMAP4_SSL"] is imaplib2.IMAP4_SSL
    assert space["IMAP4_stream"] is imaplib2.IMAP4_stream


def test_a_date_of_a_search() -> None:
    """Month names are counted from one, as in a ``struct_time``."""
    assert f"SINCE {1:02}-{imaplib2.MonthNames[2]}-{2024}" == "SINCE 01-Feb-2024"


# Constructing


@pytest.mark.parametrize("debug", range(6))
def test_constructing_with_everything(serve: Serve, debug: int) -> None:
    output = io.StringIO()
    server = serve(mailbox)
    M = imaplib2.IMAP4(
        host=None,
        port=server.port,
        debug=debug,
        debug_file=output,
        identifier="me",
        timeout=SECONDS,
        debug_buf_lvl=3,
    )
    assert M.login("user", "password")[0] == "OK"
    assert (M.debug, M.identifier) == (debug, "me")
    assert M.logout() == ("BYE", [b"logging out"])
    assert bool(output.getvalue()) == (debug >= 3)
    assert "password" not in output.getvalue()


@pytest.mark.parametrize("version", [None, "ssl23", "ssl3", "tls1", "tls1_2"])
@pytest.mark.parametrize("certificates", ["the authority's", None])
def test_constructing_with_everything_of_tls(
    serve: Serve, tls: Contexts, version: str | None, certificates: str | None
) -> None:
    """The callback gets the certificate as a dict, and lets it pass by None."""
    asked: list[tuple[Any, str | None]] = []
    server = serve(mailbox, tls=tls.server)
    M = imaplib2.IMAP4_SSL(
        host=server.host,
        port=server.port,
        keyfile=None,
        certfile=None,
        ca_certs=certificates and str(tls.files.ca),
        cert_verify_cb=lambda certificate, host: asked.append((certificate, host)),
        ssl_version=version,
        tls_level="tls_compat",
        timeout=None,
        debug=0,
        identifier="",
    )
    ((certificate, host),) = asked
    assert isinstance(certificate, dict)
    assert host == server.host
    assert opened(M).fetch("1", "(FLAGS)") == ("OK", [b"1 (FLAGS ())"])
    assert M.ssl().getpeercert(binary_form=True)
    M.logout()


@pytest.mark.parametrize("version", ["ssl23", "tls1"])
def test_starttls_with_everything(serve: Serve, tls: Contexts, version: str) -> None:
    server = serve(offering_starttls(tls))
    with connected(server, timeout=SECONDS) as M:
        answer = M.starttls(
            keyfile=None,
            certfile=None,
            ca_certs=None,
            cert_verify_cb=lambda certificate, host: None,
            ssl_version=version,
            tls_level="tls_compat",
        )
        assert answer[0] == "OK"
        assert opened(M).fetch("1", "(FLAGS)") == ("OK", [b"1 (FLAGS ())"])


def offering_starttls(tls: Contexts) -> Callable[[Peer], None]:
    def starttls(session: Session, command: Command) -> None:
        session.peer.ok(command)
        session.peer.wrap_tls(tls.server)

    capabilities = b"IMAP4rev1 STARTTLS IDLE"
    return partial(mailbox, capabilities=capabilities, handlers={"STARTTLS": starttls})


def test_a_refusal_of_a_certificate_says_why(serve: Serve, tls: Contexts) -> None:
    server = serve(mailbox, tls=tls.server)
    with pytest.raises(ssl.SSLError, match="expired yesterday"):
        imaplib2.IMAP4_SSL(
            server.host, server.port, cert_verify_cb=lambda certificate, host: "expired yesterday"
        )


# Idling


class News:
    """The server's side of IDLE: tells when one has begun, so that news can be sent then."""

    def __init__(self) -> None:
        self._begun: queue.SimpleQueue[Peer] = queue.SimpleQueue()

    def script(self, **handlers: scripted.Handler) -> Callable[[Peer], None]:
        return partial(mailbox, handlers={"IDLE": self._handle, **handlers})

    def send(self, *texts: bytes) -> None:
        """Wait for the next IDLE, and report something."""
        self.wait().untagged(*texts)

    def wait(self) -> Peer:
        return self._begun.get(timeout=SECONDS)

    def _handle(self, session: Session, command: Command) -> None:
        session.peer.line(b"+ idling")
        self._begun.put(session.peer)
        session.peer.expect(b"DONE")
        session.peer.ok(command, b"idle over")


class Idler:
    """The recipe that most programs follow: a thread that waits for an event."""

    def __init__(self, connection: Any) -> None:
        self.M = connection
        self.event = threading.Event()
        self.needs_sync = False
        self.synced: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self.idle)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.event.set()

    def join(self) -> None:
        self.thread.join(SECONDS)
        assert not self.thread.is_alive()

    def idle(self) -> None:
        while not self.event.is_set():
            self.needs_sync = False

            def callback(args: Any) -> None:
                if not self.event.is_set():
                    self.needs_sync = True
                    self.event.set()

            self.M.idle(callback=callback)
            self.event.wait()
            if self.needs_sync:
                self.event.clear()
                self.sync()

    def sync(self) -> None:
        self.synced.put(self.M.uid("SEARCH", None, "(UNSEEN)"))


def test_the_recipe_of_a_thread_and_an_event(serve: Serve) -> None:
    news = News()
    with connected(serve(news.script())) as M:
        idler = Idler(opened(M))
        idler.start()
        for number in (4, 5):
            news.send(b"%d EXISTS" % number, b"1 RECENT")
            assert idler.synced.get(timeout=SECONDS) == ("OK", [b"1 2 3"])
        news.wait()
        idler.stop()
        idler.join()
        assert M.close()[0] == "OK"
        assert M.logout() == ("BYE", [b"logging out"])
    assert idler.synced.empty()


class Notifier:
    """A desktop's mail notifier: its callback judges errors by the connection's own classes."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self.conn = connect()
        self.events: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.logouts: list[threading.Thread] = []

    def is_open(self) -> bool:
        return self.conn.state != imaplib2.LOGOUT and not self.conn.Terminate

    def watch(self) -> None:
        opened(self.conn).idle(callback=self._callback, timeout=10 * 60)

    def _callback(self, args: Any) -> None:
        if args[2] is not None and args[2][0] is self.conn.abort:
            # It may not be waited for here, where the historical imaplib2 would have waited for
            # its own thread.
            self.logouts.append(threading.Thread(target=self.conn.logout))
            self.logouts[-1].start()
            self.events.put("lost")
        elif args[2] is None:
            self.events.put("news")
        else:
            self.events.put(f"refused: {args[2][1]}")

    def reconnect(self) -> None:
        self.conn = self._connect()

    def join(self) -> None:
        for thread in self.logouts:
            thread.join(SECONDS)
            assert not thread.is_alive()


Ending: TypeAlias = Callable[[Peer], object]


def say_bye(peer: Peer) -> None:
    peer.untagged(b"BYE timeout")
    peer.close()


endings = pytest.mark.parametrize("end", [Peer.close, Peer.reset, say_bye])


def ending(end: Ending, greet_idle: bool = True) -> scripted.Handler:
    """A handler that ends the connection in the middle of a command."""

    def handle(session: Session, command: Command) -> None:
        if command.name == "IDLE" and greet_idle:
            session.peer.line(b"+ idling")
        end(session.peer)
        session.over = True

    return handle


@endings
@pytest.mark.parametrize("begun", [True, False])
def test_a_notifier_notices_that_the_connection_is_lost(
    serve: Serve, end: Ending, begun: bool
) -> None:
    news = News()
    scripts = iter([news.script(IDLE=ending(end, begun)), news.script()])
    server = serve(lambda peer: next(scripts)(peer))
    notifier = Notifier(lambda: imaplib2.IMAP4(server.host, server.port))
    notifier.watch()
    assert notifier.events.get(timeout=SECONDS) == "lost"
    notifier.join()
    assert not notifier.is_open()
    notifier.reconnect()
    assert notifier.is_open()
    notifier.watch()
    news.send(b"4 EXISTS")
    assert notifier.events.get(timeout=SECONDS) == "news"
    notifier.conn.logout()
    assert not notifier.is_open()
    assert notifier.events.empty()


def test_a_notifier_stops_by_a_noop_of_another_thread(serve: Serve) -> None:
    news = News()
    server = serve(news.script())
    notifier = Notifier(lambda: imaplib2.IMAP4(server.host, server.port))
    notifier.watch()
    news.wait()
    assert notifier.conn.noop() == ("OK", [b"done"])
    assert notifier.events.get(timeout=SECONDS) == "news"
    notifier.conn.close()
    notifier.conn.logout()


def test_a_notifier_s_idle_is_refused(serve: Serve) -> None:
    server = serve(News().script(IDLE=lambda session, command: session.peer.bad(command)))
    notifier = Notifier(lambda: imaplib2.IMAP4(server.host, server.port))
    notifier.watch()
    told = notifier.events.get(timeout=SECONDS)
    assert told.startswith("refused: IDLE command error: BAD ")
    assert notifier.is_open()
    notifier.conn.logout()


@pytest.mark.parametrize("in_a_thread", [True, False])
def test_a_callback_that_logs_out(serve: Serve, in_a_thread: bool) -> None:
    news = News()
    done: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threads = []
    with connected(serve(news.script())) as M:

        def logout() -> None:
            M.close()
            done.put(M.logout())

        def callback(args: Any) -> None:
            if in_a_thread:
                threads.append(threading.Thread(target=logout))
                threads[0].start()
            else:
                logout()

        opened(M).idle(callback=callback)
        news.send(b"4 EXISTS")
        assert done.get(timeout=SECONDS) == ("BYE", [b"logging out"])
        assert M.Terminate
    for thread in threads:
        thread.join(SECONDS)


IDLES: list[Callable[[Any, Calls], Any]] = [
    lambda M, calls: M.idle(callback=calls),
    lambda M, calls: M.idle(callback=calls, timeout=600),
    lambda M, calls: M.idle(timeout=600, callback=calls, cb_arg="mine"),
    lambda M, calls: M.idle(10 * 60, callback=calls),
    lambda M, calls: M.idle(),
    lambda M, calls: M.idle(timeout=600),
    lambda M, calls: M.idle(600),
    lambda M, calls: M.IDLE(600),
]


@pytest.mark.parametrize("idle", IDLES)
def test_idle_is_called_in_many_ways(serve: Serve, idle: Callable[[Any, Calls], Any]) -> None:
    """It returns at once with a callback, and else what the callback gets."""
    news = News()
    calls = Calls()
    sender = threading.Thread(target=news.send, args=(b"4 EXISTS",))
    with connected(serve(news.script())) as M:
        opened(M)
        sender.start()
        answer = idle(M, calls)
        if answer == (None, None):
            answer, argument, error = calls.next()
            assert argument in (None, "mine")
            assert error is None
        assert answer == ("OK", [b"idle over"])
        assert M.response("EXISTS")[1][-1] == b"4"
    sender.join(SECONDS)


@pytest.mark.parametrize("idle", [lambda M: M.idle(0.1), lambda M: M.idle(timeout=0.1)])
def test_an_idle_that_times_out(serve: Serve, idle: Callable[[Any], Any]) -> None:
    with connected(serve(mailbox)) as M:
        opened(M)
        assert M.response("IDLE") == ("IDLE", [None])
        assert idle(M) == ("OK", [b"done"])
        assert M.response("IDLE") == ("IDLE", [b"TIMEOUT"])
        assert M.response("IDLE") == ("IDLE", [None])


def test_an_idle_with_a_callback_that_times_out(serve: Serve) -> None:
    calls = Calls()
    with connected(serve(mailbox)) as M:
        opened(M).idle(timeout=0.1, callback=calls)
        assert calls.next() == (("OK", [b"done"]), None, None)
        assert ("IDLE", [b"TIMEOUT"]) in [tuple(each) for each in M.pop_untagged_responses()]


# What has come


def test_what_an_idle_has_brought_is_popped_in_order(serve: Serve) -> None:
    news = News()
    sender = threading.Thread(
        target=news.send, args=(b"4 EXISTS", b"1 RECENT", rb"2 FETCH (FLAGS (\Seen))")
    )
    with connected(serve(news.script())) as M:
        opened(M)
        list(M.pop_untagged_responses())
        sender.start()
        M.idle()
        M.noop()
        popped = [(typ, data) for typ, data in M.pop_untagged_responses()]
        assert popped[0] == ("EXISTS", [b"4"])
        assert dict(popped[1:]).get("RECENT", [b"1"]) == [b"1"]
        assert list(M.pop_untagged_responses()) == []
    sender.join(SECONDS)


def test_an_idle_that_times_out_pops_no_exists(serve: Serve) -> None:
    """Which is how programs tell it from one that was ended by a new message.

    The number that SELECT itself has returned is no news.
    """
    with connected(serve(mailbox)) as M:
        opened(M).idle(timeout=0.05)
        popped = {typ for typ, data in M.pop_untagged_responses()}
        assert "IDLE" in popped
        assert "EXISTS" not in popped


def test_commands_while_responses_are_popped(serve: Serve) -> None:
    """And responses that are not popped to the end block nobody."""
    with connected(serve(mailbox), timeout=SECONDS) as M:
        opened(M)
        names = []
        for typ, _ in M.pop_untagged_responses():
            names.append(typ)
            assert M.noop() == ("OK", [b"done"])
        assert {"FLAGS", "UIDNEXT"} <= set(names)
        M.select("INBOX")
        half = M.pop_untagged_responses()
        next(half)
        checker = threading.Thread(target=M.check)
        checker.start()
        checker.join(SECONDS)
        assert not checker.is_alive()


def test_recent_after_an_idle(serve: Serve) -> None:
    news = News()
    sender = threading.Thread(target=news.send, args=(b"2 RECENT",))
    with connected(serve(news.script())) as M:
        opened(M).recent()
        sender.start()
        M.idle()
        assert M.recent()[1] == [b"2"]
    sender.join(SECONDS)


def test_untagged_responses_are_a_list_that_is_also_read_like_imaplib_s_dict(
    serve: Serve,
) -> None:
    with connected(serve(mailbox)) as M:
        opened(M)
        M.copy("1:2", "INBOX")
        kinds = [typ for typ, data in M.untagged_responses]
        assert kinds.index("FLAGS") < kinds.index("UIDNEXT") < kinds.index("COPYUID")
        assert all(isinstance(data, list) for typ, data in M.untagged_responses)
        assert M.untagged_responses["COPYUID"] == [b"1 1,2 4,5"]
        assert "COPYUID" in M.untagged_responses
        assert M.response("COPYUID") == ("COPYUID", [b"1 1,2 4,5"])
        assert "COPYUID" not in M.untagged_responses


@pytest.mark.parametrize("callback", [True, False])
def test_the_uid_of_an_appended_message(serve: Serve, callback: bool) -> None:
    """Asked for when more commands have passed."""
    calls = Calls()
    with connected(serve(mailbox)) as M:
        opened(M)
        if callback:
            M.append("INBOX", r"(\Seen)", None, MESSAGE, callback=calls)
            assert calls.next()[0][0] == "OK"
        else:
            assert M.append("INBOX", r"(\Seen)", None, MESSAGE)[0] == "OK"
        assert M.check()[0] == "OK"
        assert M._get_untagged_response("APPENDUID", True) == [b"1 4"]
        assert M._get_untagged_response("APPENDUID", leave=True) == [b"1 4"]
        assert M._get_untagged_response("APPENDUID") == [b"1 4"]
        assert M._get_untagged_response("APPENDUID") in (None, [None])


# Fetching


def test_messages_are_fetched_in_parallel(serve: Serve) -> None:
    calls = Calls()
    texts = {n: b"Subject: %d\r\n\r\n" % n for n in range(1, 31)}
    with connected(serve(partial(mailbox, messages=texts))) as M:
        opened(M)
        numbers = M.search(None, "ALL")[1][0].split()
        for number in numbers:
            answer = M.fetch(number, "RFC822", callback=calls, cb_arg=number)
            assert answer == (None, None)
        got = {}
        for _ in numbers:
            (typ, data), number, error = calls.next()
            assert (typ, error) == ("OK", None)
            got[int(number)] = data[0][1]
    assert got == texts


def test_the_parts_of_what_is_fetched(serve: Serve) -> None:
    with connected(serve(mailbox)) as M:
        data = opened(M).fetch("1:2", "(RFC822)")[1]
        assert [part[1] for part in data if isinstance(part, tuple)] == [MESSAGE, MESSAGE]
        assert [part for part in data if not isinstance(part, tuple)] == [b")", b")"]
        assert M.fetch("7", "(RFC822)") == ("OK", [None])
        assert M.search(None, "DELETED") == ("OK", [b""])


# What goes out


CALLS: list[tuple[Callable[[Any], Any], bytes]] = [
    (lambda M: M.uid("SEARCH", None, "(UNSEEN)"), b"UID SEARCH (UNSEEN)"),
    (lambda M: M.uid("search", "HEADER", "X-Mine", M._quote("12-3")),
     b'UID SEARCH HEADER X-Mine "12-3"'),
    (lambda M: M.uid("FETCH", b"12", "(BODY.PEEK[])"), b"UID FETCH 12 (BODY.PEEK[])"),
    (lambda M: M.uid("fetch", "3:*", "rfc822.header"), b"UID FETCH 3:* (rfc822.header)"),
    (lambda M: M.uid("store", "1,3", "+FLAGS", r"(\Seen)"), rb"UID STORE 1,3 +FLAGS (\Seen)"),
    (lambda M: M.search(None, "UNSEEN"), b"SEARCH UNSEEN"),
    (lambda M: M.search(None, "(UID 5:* SINCE 01-Feb-2024)"),
     b"SEARCH (UID 5:* SINCE 01-Feb-2024)"),
    (lambda M: M.search(None, "UNSEEN", "FROM", '"a b"'), b'SEARCH UNSEEN FROM "a b"'),
    (lambda M: M.fetch("'1:*'", "(FLAGS UID INTERNALDATE)"),
     b"FETCH 1:* (FLAGS UID INTERNALDATE)"),
    (lambda M: M.fetch("1:*", "(FLAGS)"), b"FETCH 1:* (FLAGS)"),
    (lambda M: M.fetch(b"1", "RFC822"), b"FETCH 1 (RFC822)"),
    (lambda M: M.fetch(1, "RFC822"), b"FETCH 1 (RFC822)"),
    (lambda M: M.store("1", "+FLAGS", r"(\Deleted)"), rb"STORE 1 +FLAGS (\Deleted)"),
    (lambda M: M.list('""', '""'), b'LIST "" ""'),
    (lambda M: M.list('""', '"*"'), b'LIST "" "*"'),
    (lambda M: M.list(), b'LIST "" *'),
    (lambda M: M.list(directory='""', pattern='"*"'), b'LIST "" "*"'),
    (lambda M: M.lsub(directory='""', pattern='"*"'), b'LSUB "" "*"'),
    (lambda M: M.xatom("XLIST", '""', "*"), b'XLIST "" *'),
    (lambda M: M.id('("name" "x" "version" "y")'), b'ID ("name" "x" "version" "y")'),
    (lambda M: M.id("name", "x", "version", "y"), b'ID ("name" "x" "version" "y")'),
    (lambda M: M.select('"My Folder"', readonly=True), b'EXAMINE "My Folder"'),
    (lambda M: M.select('"My Folder"'), b'SELECT "My Folder"'),
    (lambda M: M.select("My Folder", True), b'EXAMINE "My Folder"'),
    (lambda M: M.SELECT(readonly=False), b"SELECT INBOX"),
    (lambda M: M.create('"My Folder"'), b'CREATE "My Folder"'),
    (lambda M: M.delete('"My \\"Folder\\""'), b'DELETE "My \\"Folder\\""'),
    (lambda M: M.status('"My Folder"', "(UNSEEN)"), b'STATUS "My Folder" (UNSEEN)'),
    (lambda M: M.subscribe('"My Folder"'), b'SUBSCRIBE "My Folder"'),
    (lambda M: M.check(), b"CHECK"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "line"), CALLS)
def test_what_is_sent(serve: Serve, call: Callable[[Any], Any], line: bytes) -> None:
    sent: list[bytes] = []

    def record(session: Session, command: Command) -> None:
        sent.append(command.raw.split(b" ", 1)[1].rstrip())
        text = b"[READ-WRITE] opened" if command.name == "SELECT" else b"done"
        session.peer.ok(command, text)

    names = {line.split(b" ")[0].decode(), " ".join(line.decode().split()[:2])}
    with connected(serve(partial(mailbox, handlers=dict.fromkeys(names, record)))) as M:
        opened(M)
        sent.clear()
        assert call(M)[0] == "OK"
    assert sent == [line]


@pytest.mark.parametrize(
    ("date", "sent"),
    [(None, b""), ('"01-Feb-2024 03:04:05 +0100"', b' "01-Feb-2024 03:04:05 +0100"')],
)
def test_what_is_sent_to_append(serve: Serve, date: str | None, sent: bytes) -> None:
    commands: list[Command] = []

    def record(session: Session, command: Command) -> None:
        commands.append(command)
        session.peer.ok(command)

    with connected(serve(partial(mailbox, handlers={"APPEND": record}))) as M:
        M.login("user", "password")
        assert M.append('"My Folder"', r"(\Seen)", date, MESSAGE)[0] == "OK"
    assert commands[0].args.startswith(rb'"My Folder" (\Seen)' + sent + b" {")
    assert commands[0].literals == (MESSAGE,)


# Logging in


@pytest.mark.parametrize("kind", [str, str.encode])
def test_xoauth2(serve: Serve, kind: Callable[[str], Any]) -> None:
    """The handler is asked once more, about the server's error, before that is raised."""
    token = "user=somebody\1auth=Bearer token\1\1"
    challenges: list[bytes] = []

    def authenticate(session: Session, command: Command) -> None:
        session.peer.line(b"+ ")
        session.peer.expect(b"dXNlcj1zb21lYm9keQFhdXRoPUJlYXJlciB0b2tlbgEB")
        session.peer.line(b"+ eyJzdGF0dXMiOiI0MDEifQ==")
        session.peer.readline()
        session.peer.no(command, b"[AUTHENTICATIONFAILED] Invalid credentials")

    def handler(challenge: bytes) -> Any:
        challenges.append(challenge)
        return kind(token)

    with connected(serve(partial(mailbox, handlers={"AUTHENTICATE": authenticate}))) as M:
        with pytest.raises(M.error) as caught:
            M.authenticate("XOAUTH2", handler)
        assert "[AUTHENTICATIONFAILED]" in str(caught.value)
    assert challenges == [b"", b'{"status":"401"}']


def test_capabilities_are_replaced_by_programs(serve: Serve) -> None:
    with connected(serve(mailbox)) as M:
        M.login("user", "password")
        M.capabilities = tuple(each.decode() for each in M.capability()[1][-1].upper().split())
        assert "UIDPLUS" in M.capabilities
        M.capabilities = {"IMAP4REV1", "IDLE"}
        assert "UIDPLUS" not in M.capabilities
        assert M.select()[0] == "OK"
        M._get_capabilities()
        assert "UIDPLUS" in M.capabilities


def test_a_program_that_asks_for_capabilities_itself_behind_starttls(
    serve: Serve, tls: Contexts
) -> None:
    with connected(serve(offering_starttls(tls))) as M:
        original = M._get_capabilities
        M._get_capabilities = lambda: None
        M.starttls(cert_verify_cb=lambda certificate, host: None)
        M._get_capabilities = original
        assert M.capability()[1] == [b"IMAP4rev1 STARTTLS IDLE"]
        assert M._tls_established
        assert opened(M).noop() == ("OK", [b"done"])


# Errors


@endings
@pytest.mark.parametrize(
    "caught",
    [
        lambda M: imaplib2.IMAP4.abort,
        lambda M: M.abort,
        lambda M: M.error,
        lambda M: (imaplib2.IMAP4.error, OSError),
    ],
)
def test_a_lost_connection_is_caught(
    serve: Serve, end: Ending, caught: Callable[[Any], Any]
) -> None:
    """Now and ever after; logging out from it raises nothing."""
    with connected(serve(partial(mailbox, handlers={"NOOP": ending(end)}))) as M:
        for _ in range(2):
            with pytest.raises(caught(M)):
                M.noop()
        assert M.Terminate
        M.logout()


@pytest.mark.parametrize("end", [Peer.close, Peer.reset, say_bye, Peer.hold])
def test_what_callbacks_are_told_of_a_lost_connection(serve: Serve, end: Ending) -> None:
    """A pair whose first item is the very class that the connection has as an attribute."""
    calls = Calls()
    on_second = iter([lambda session, command: None, ending(end)])
    handlers = {"FETCH": lambda session, command: next(on_second)(session, command)}
    with connected(serve(partial(mailbox, handlers=handlers))) as M:
        opened(M).sock.settimeout(0.2)
        for number in "12":
            M.fetch(number, "RFC822", callback=calls, cb_arg=number)
        for number in "12":
            result, argument, error = calls.next()
            assert (result, argument) == (None, number)
            assert error[0] is M.abort
            assert isinstance(error[1], str)


def test_a_mailbox_that_is_read_only(serve: Serve) -> None:
    """The fallback of programs that would rather have it for writing."""

    def select(session: Session, command: Command) -> None:
        session.peer.untagged(b"3 EXISTS")
        session.peer.ok(command, b"[READ-ONLY] opened")

    with connected(serve(partial(mailbox, handlers={"SELECT": select}))) as M:
        M.login("user", "password")
        with pytest.raises(M.readonly) as caught:
            M.select("INBOX")
        assert isinstance(caught.value, M.abort)
        assert caught.value.args[0] == "INBOX is not writable"
        assert M.select("INBOX", readonly=True) == ("OK", [b"3"])
        assert M.is_readonly
        assert not M.Terminate


@pytest.mark.parametrize("end", [Peer.close, Peer.reset])
def test_a_loss_before_the_greeting_has_the_historical_prefix(serve: Serve, end: Ending) -> None:
    """It is by these 35 characters that OfflineIMAP knows it."""

    def script(peer: Peer) -> None:
        peer.relax()
        peer.readline()  # so that the client has connected before it is reset
        end(peer)

    server = serve(script)

    class Prompting(IMAP4):  # type: ignore[misc]
        def open_socket(self) -> socket.socket:
            sock = socket.create_connection((self.host, self.port), SECONDS)
            sock.sendall(b"\r\n")
            return sock

    with pytest.raises(imaplib2.IMAP4.abort) as caught:
        Prompting(server.host, server.port)
    assert caught.value.args[0][:35] == "IMAP4 protocol error: socket error:"


def test_nobody_listens_is_told_by_its_number() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for cls in (imaplib2.IMAP4, imaplib2.IMAP4_SSL):
        with pytest.raises(OSError, match="refused") as caught:
            cls("127.0.0.1", port)
        assert caught.value.args[0] == errno.ECONNREFUSED


def test_no_such_host_is_a_gaierror() -> None:
    with pytest.raises(socket.gaierror):
        imaplib2.IMAP4("no-such-host.invalid", 143)


def test_tls_on_a_plain_port_is_an_ssl_error_number_one(serve: Serve) -> None:
    """The number by which OfflineIMAP tells a wrong port."""

    def script(peer: Peer) -> None:
        peer.relax()
        peer.greet()
        peer.wait_closed()

    server = serve(script)
    with pytest.raises(ssl.SSLError) as caught:
        imaplib2.IMAP4_SSL(server.host, server.port)
    assert caught.value.errno == ssl.SSL_ERROR_SSL


# Attributes


def test_attributes_through_a_session(serve: Serve) -> None:
    news = News()
    calls = Calls()
    server = serve(news.script())
    with connected(server, timeout=SECONDS, identifier="me", debug=0) as M:
        assert (M.host, M.port, M.identifier, M.debug) == (server.host, server.port, "me", 0)
        assert (M.state, M.mailbox, M.is_readonly) == (imaplib2.NONAUTH, None, False)
        assert M.welcome.startswith(b"* OK")
        assert M.PROTOCOL_VERSION == "IMAP4REV1"
        assert M.socket() is M.sock
        assert M.read_fd == M.sock.fileno()
        M.login("user", "password")
        assert M.state == imaplib2.AUTH
        M.select('"INBOX"', True)
        assert (M.state, M.mailbox, M.is_readonly) == (imaplib2.SELECTED, '"INBOX"', True)
        assert M.tagged_commands == {}
        M.idle(callback=calls)
        assert len(M.tagged_commands) == 1
        assert not M.Terminate
        assert M.close()[0] == "OK"
        assert M.state == imaplib2.AUTH
        M.logout()
        assert (M.state, M.Terminate, M.tagged_commands) == (imaplib2.LOGOUT, True, {})
    assert calls.next()[2] is None


def test_attributes_of_compression(serve: Serve) -> None:
    offered = partial(mailbox, capabilities=b"IMAP4rev1 COMPRESS=DEFLATE")
    with connected(serve(offered)) as M:
        M.login("user", "password")
        assert (M.compressor, M.decompressor) == (None, None)
        assert M.enable_compression()[0] == "OK"
        assert None not in (M.compressor, M.decompressor)
        M.select()
        assert M.fetch("1", "(RFC822)")[1][0][1] == MESSAGE


def test_attributes_of_tls(serve: Serve, tls: Contexts) -> None:
    server = serve(mailbox, tls=tls.server)
    with connected(server, imaplib2.IMAP4_SSL, ca_certs=str(tls.files.ca)) as M:
        assert M.ca_certs == str(tls.files.ca)
        assert M.ssl() is M.sock
        assert isinstance(M.sock, ssl.SSLSocket)


def test_the_log_is_printed(serve: Serve) -> None:
    output = io.StringIO()
    with connected(serve(mailbox), debug=4, debug_buf_lvl=5, debug_file=output) as M:
        opened(M)._log(4, "a line of mine")
        assert output.getvalue() == ""
        M._print_log()
        assert "SELECT" in output.getvalue()
        assert "a line of mine" in output.getvalue()


# A synchroniser's subclasses


class Useful:
    """What a synchroniser mixes into all its connections."""

    host: str
    port: int
    state: str
    mailbox: str
    is_readonly: bool
    socket: Any
    af = socket.AF_UNSPEC
    said: list[tuple[str, Any, Any]]

    def select(self, mailbox: str = "INBOX", readonly: bool = False, force: bool = False) -> Any:
        """None when nothing need be done."""
        selected = self.mailbox if self.state == "SELECTED" else None
        if (selected, self.is_readonly) == (mailbox, readonly) and not force:
            return None
        return super().select(mailbox, readonly)  # type: ignore[misc]

    def open_socket(self) -> socket.socket:
        if self.af == socket.AF_UNSPEC:
            return happy_eyeballs(self.host, self.port)
        return self._socket_of_family(self.af)

    def _socket_of_family(self, family: int) -> socket.socket:
        """By the factory that was put where the historical class has a method."""
        found = socket.getaddrinfo(self.host, self.port, family, socket.SOCK_STREAM)
        sock: socket.socket = self.socket(*found[0][:3])
        try:
            sock.connect(found[0][4])
        except OSError:
            sock.close()
            raise
        return sock

    def _mesg(self, s: str, tn: str | None = None, secs: float | None = None) -> None:
        self.said.append((s, tn, secs))


def happy_eyeballs(host: str, port: int) -> socket.socket:
    """The first socket that gets connected, of attempts with all addresses at the same time."""
    connected: queue.SimpleQueue[socket.socket | OSError] = queue.SimpleQueue()

    def attempt(family: int, address: Any) -> None:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.connect(address)
        except OSError as problem:
            sock.close()
            connected.put(problem)
        else:
            connected.put(sock)

    addresses = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    threads = [
        threading.Thread(target=attempt, args=(family, address))
        for family, *_, address in addresses
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results = [connected.get() for _ in threads]
    first, *others = [each for each in results if isinstance(each, socket.socket)]
    for other in others:
        other.close()
    return first


class Synchroniser(Useful, IMAP4):  # type: ignore[misc]
    def __init__(self, *args: Any, **options: Any) -> None:
        self.said = []
        if "af" in options:
            self.af = options.pop("af")
        if "use_socket" in options:
            self.socket = options.pop("use_socket")
        IMAP4.__init__(self, *args, **options)


class SynchroniserSSL(Useful, IMAP4_SSL):  # type: ignore[misc]
    def __init__(self, *args: Any, **options: Any) -> None:
        self.said = []
        self.af = options.pop("af", socket.AF_UNSPEC)
        self.socket = options.pop("use_socket", None)
        self.checked = options.pop("checked")
        super().__init__(*args, **options)

    def open(self, host: str | None = None, port: int | None = None) -> None:
        super().open(host, port)
        self.checked.append(self.sock.getpeercert(True))


def sync(M: Any) -> None:
    """What a synchroniser does with a connection."""
    M.id('("name" "synchroniser" "version" "1")')
    M.login("user", "password")
    M.capabilities = tuple(M.capability()[1][-1].decode().upper().split())
    assert M.list('""', '""')[1] == [rb'(\Noselect) "/" ""']
    assert M.select('"INBOX"') == ("OK", [b"3"])
    assert M.select('"INBOX"') is None
    assert M.select('"INBOX"', force=True) == ("OK", [b"3"])
    assert M.response("UIDVALIDITY") == ("UIDVALIDITY", [b"1"])
    assert M.select('"INBOX"', readonly=True) == ("OK", [b"3"])
    assert M.uid("fetch", "2", "(BODY.PEEK[])")[1][0][1] == MESSAGE
    assert M.select('"INBOX"') == ("OK", [b"3"])
    big = MESSAGE * 5000
    assert M.append('"INBOX"', r"(\Seen)", None, big)[0] == "OK"
    assert M.check()[0] == "OK"
    assert M._get_untagged_response("APPENDUID") == [b"1 4"]
    assert M.uid("fetch", "4", "(BODY.PEEK[])")[1][0][1] == big
    calls = Calls()
    M.idle(callback=calls)
    M.noop()
    assert calls.next()[2] is None
    assert not M.Terminate
    assert M.logout() == ("BYE", [b"logging out"])
    assert M.Terminate


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_socket_of_happy_eyeballs(serve: Serve, host: str) -> None:
    """It has no time-out of its own."""
    server = serve(mailbox)
    M = Synchroniser(host, server.port, timeout=SECONDS, use_socket=socket.socket, debug=5)
    assert M.socket is socket.socket
    sync(M)
    assert any("SELECT" in text for text, thread, when in M.said)


def test_a_socket_of_happy_eyeballs_with_tls(serve: Serve, tls: Contexts) -> None:
    checked: list[bytes] = []
    server = serve(mailbox, tls=tls.server)
    certificate = str(tls.files.ca)
    M = SynchroniserSSL("localhost", server.port, ca_certs=certificate, checked=checked)
    assert checked == [M.sock.getpeercert(True)]
    sync(M)


def test_what_a_subclass_s_open_refuses(serve: Serve, tls: Contexts) -> None:
    class Refused(Exception):
        pass

    class Picky(SynchroniserSSL):
        def open(self, host: str | None = None, port: int | None = None) -> None:
            super().open(host, port)
            raise Refused("the fingerprint")

    server = serve(mailbox, tls=tls.server)
    with pytest.raises(Refused, match="the fingerprint"):
        Picky("localhost", server.port, ca_certs=str(tls.files.ca), checked=[])


@endings
def test_a_synchroniser_retries(serve: Serve, end: Ending) -> None:
    """It takes what ``select`` raises for a reason to try again, and quotes its text."""
    scripts: Iterator[Callable[[Peer], None]]
    scripts = iter([partial(mailbox, handlers={"SELECT": ending(end)}), mailbox])
    server = serve(lambda peer: next(scripts)(peer))
    messages = []
    while True:
        M = Synchroniser(server.host, server.port)
        M.login("user", "password")
        try:
            M.select("INBOX")
            break
        except M.readonly:
            raise
        except M.abort as problem:
            messages.append(f"server closed connection: {problem.args[0]}")
            M.logout()
    assert len(messages) == 1
    assert ("timeout" if end is say_bye else "socket error") in messages[0]
    M.logout()


def test_a_pooled_connection_is_checked(serve: Serve) -> None:
    """By a NOOP, and by the socket; one that has gone stale raises something."""

    def is_alive(M: Any) -> bool:
        try:
            M.sock.getpeername()
            return bool(M.noop()[0] == "OK")
        except Exception:
            return False

    answered: Iterator[scripted.Handler]
    answered = iter([scripted.HANDLERS["NOOP"], ending(Peer.close)])
    handlers = {"NOOP": lambda session, command: next(answered)(session, command)}
    with connected(serve(partial(mailbox, handlers=handlers))) as M:
        assert is_alive(M)
        assert not is_alive(M)
        assert not is_alive(M)


# SOCKS


class SocksSocket(socket.socket):
    """A socket that connects by way of a SOCKS server (RFC 1928)."""

    proxy: tuple[str, int]

    def connect(self, address: Any) -> None:
        host, port = address[:2]
        super().connect(self.proxy)
        self.sendall(b"\x05\x01\x00")
        self._expect(b"\x05\x00")
        name = host.encode("ascii")
        self.sendall(b"\x05\x01\x00\x03" + bytes([len(name)]) + name + struct.pack(">H", port))
        self._expect(b"\x05\x00\x00\x01" + bytes(6))

    def _expect(self, reply: bytes) -> None:
        if self.recv(len(reply), socket.MSG_WAITALL) != reply:
            raise ConnectionError("the SOCKS server refused")


def socks(script: Callable[[Peer], None], port: int) -> Callable[[Peer], None]:
    """A SOCKS server and, behind it, the server for whom it was asked."""

    def serve_socks(peer: Peer) -> None:
        assert peer.read(3) == b"\x05\x01\x00"
        peer.send(b"\x05\x00")
        request = peer.read(5)
        assert request[:4] == b"\x05\x01\x00\x03"
        host = peer.read(request[4])
        assert (host, *struct.unpack(">H", peer.read(2))) == (b"127.0.0.1", port)
        peer.send(b"\x05\x00\x00\x01" + bytes(6))
        script(peer)

    return serve_socks


def factory(server: scripted.ScriptedServer) -> type[SocksSocket]:
    class Configured(SocksSocket):
        proxy = (server.host, server.port)

    return Configured


def test_a_socket_of_socks(serve: Serve) -> None:
    through = factory(serve(socks(mailbox, 14300)))
    M = Synchroniser("127.0.0.1", 14300, timeout=SECONDS, af=socket.AF_INET, use_socket=through)
    assert M.socket is through
    assert isinstance(M.sock, SocksSocket)
    sync(M)


def test_a_socket_of_socks_with_tls(serve: Serve, tls: Contexts) -> None:
    def script(peer: Peer) -> None:
        peer.wrap_tls(tls.server)
        mailbox(peer)

    through = factory(serve(socks(script, 9930)))
    M = SynchroniserSSL(
        "127.0.0.1", 9930, ca_certs=str(tls.files.ca), checked=[],
        af=socket.AF_INET, use_socket=through,
    )  # fmt: skip
    sync(M)


def test_a_socket_of_socks_with_starttls(serve: Serve, tls: Contexts) -> None:
    through = factory(serve(socks(offering_starttls(tls), 14300)))
    M = Synchroniser("127.0.0.1", 14300, af=socket.AF_INET, use_socket=through)
    assert M.starttls(cert_verify_cb=lambda certificate, host: None)[0] == "OK"
    opened(M).noop()
    M.logout()


def test_a_socks_server_that_refuses(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.read(3)
        peer.send(b"\x05\xff")

    through = factory(serve(script))
    with pytest.raises(ConnectionError, match="SOCKS server refused"):
        Synchroniser("127.0.0.1", 143, af=socket.AF_INET, use_socket=through)


# Tunnels


class Tunnel(Useful, IMAP4):  # type: ignore[misc]
    """What it is given as a host is a command; its output and input are the connection."""

    def __init__(self, command: str, **options: Any) -> None:
        self.said = []
        if "use_socket" in options:
            self.socket = options.pop("use_socket")
        IMAP4.__init__(self, command, **options)

    def open(self, host: str, port: int) -> None:
        self.host = host
        self.process = subprocess.Popen(
            host, shell=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.out, self.into = self.process.stdin, self.process.stdout
        self.read_fd = self.into.fileno()
        os.set_blocking(self.read_fd, True)

    read_fd: int

    def read(self, size: int) -> bytes:
        if self.decompressor is None:
            return os.read(self.read_fd, size)
        data = self.decompressor.unconsumed_tail or os.read(self.read_fd, 8192)
        inflated: bytes = self.decompressor.decompress(data, size)
        return inflated

    def send(self, data: Any) -> None:
        if self.compressor is not None:
            data = self.compressor.compress(data)
            data += self.compressor.flush(zlib.Z_SYNC_FLUSH)
        self.out.write(data)
        self.out.flush()

    def shutdown(self) -> None:
        self.into.close()
        with contextlib.suppress(BrokenPipeError):
            self.out.close()
        self.process.wait()


def relay_to(server: scripted.ScriptedServer) -> str:
    words = [sys.executable, "-I", str(RELAY), server.host, str(server.port)]
    return "exec " + shlex.join(words)


def test_a_tunnel(serve: Serve) -> None:
    command = relay_to(serve(mailbox))
    M = Tunnel(command, timeout=SECONDS, debug=0, use_socket=socket.socket)
    assert M.host == command
    sync(M)
    assert M.process.returncode is not None


def test_a_tunnel_that_is_authenticated_from_the_start(serve: Serve) -> None:
    greeting = b"* PREAUTH [CAPABILITY IMAP4rev1 IDLE] welcome"
    M = Tunnel(relay_to(serve(partial(mailbox, greeting=greeting))), timeout=SECONDS)
    assert M.state == imaplib2.AUTH
    assert M.select("INBOX") == ("OK", [b"3"])
    M.logout()


def test_a_compressed_tunnel(serve: Serve) -> None:
    """With responses that are inflated in several steps."""
    texts = dict.fromkeys((1, 2, 3), b"x" * 300_000)
    capabilities = b"IMAP4rev1 COMPRESS=DEFLATE"
    server = serve(partial(mailbox, messages=texts, capabilities=capabilities))
    M = Tunnel(relay_to(server), timeout=SECONDS)
    M.login("user", "password")
    assert M.enable_compression()[0] == "OK"
    M.select()
    assert [part[1] for part in M.fetch("1:3", "(RFC822)")[1][::2]] == [*texts.values()]
    assert M.append("INBOX", None, None, MESSAGE * 5000)[0] == "OK"
    assert texts[4] == MESSAGE * 5000
    assert M.logout() == ("BYE", [b"logging out"])
    assert M.process.returncode is not None


@endings
def test_a_tunnel_that_ends(serve: Serve, end: Ending) -> None:
    calls = Calls()
    M = Tunnel(relay_to(serve(partial(mailbox, handlers={"IDLE": ending(end)}))))
    opened(M).idle(callback=calls)
    result, _, error = calls.next()
    assert result is None
    assert error[0] is M.abort
    with pytest.raises(M.abort):
        M.noop()
    M.logout()
    assert M.process.returncode is not None


def test_a_command_that_is_no_tunnel() -> None:
    with pytest.raises(imaplib2.IMAP4.abort):
        Tunnel("exec true")


class TunnelError(OSError):
    """Made without arguments, as those of some transports are."""

    def __init__(self) -> None:
        super().__init__(errno.EIO, "the tunnel has collapsed")


@pytest.mark.parametrize("method", ["read", "send"])
def test_a_transport_with_errors_of_its_own(serve: Serve, method: str) -> None:
    class Collapsing(IMAP4):  # type: ignore[misc]
        collapsed = False

        def read(self, size: int) -> bytes:
            data: bytes = super().read(size)
            self.collapse("read")
            return data

        def send(self, data: Any) -> None:
            self.collapse("send")
            super().send(data)

        def collapse(self, where: str) -> None:
            if self.collapsed and where == method:
                raise TunnelError

    calls = Calls()
    with connected(serve(mailbox), Collapsing, timeout=SECONDS) as M:
        opened(M)
        M.collapsed = True
        M.noop(callback=calls)
        _, _, error = calls.next()
        assert error[0] is M.abort
        assert "the tunnel has collapsed" in error[1]
        with pytest.raises(M.abort, match="the tunnel has collapsed"):
            M.noop()


# Other subclasses


class Folder(IMAP4_SSL):  # type: ignore[misc]
    """One mailbox, as scripts have it: a class that connects, logs in and selects."""

    def __init__(self, server: scripted.ScriptedServer, ca: str, name: str) -> None:
        IMAP4_SSL.__init__(self, server.host, int(server.port), ca_certs=ca)
        self.login("user", "password")
        self.folder = name
        self.select(name)

    def __len__(self) -> int:
        return len(self.search(None, "ALL")[1][0].split())

    def __iter__(self) -> Iterator[bytes]:
        for number in self.search(None, "ALL")[1][0].split():
            yield self.fetch(number, "(RFC822)")[1][0][1]


def test_a_mailbox_as_a_class(serve: Serve, tls: Contexts) -> None:
    server = serve(mailbox, tls=tls.server)
    with Folder(server, str(tls.files.ca), "INBOX") as folder:
        assert len(folder) == 3
        assert list(folder) == [MESSAGE] * 3
    assert folder.state == imaplib2.LOGOUT


class Empty(Folder):
    """False where its truth is asked for."""

    def __len__(self) -> int:
        return 0


def test_a_connection_that_is_false(serve: Serve, tls: Contexts) -> None:
    calls = Calls()
    server = serve(mailbox, tls=tls.server)
    with Empty(server, str(tls.files.ca), "INBOX") as folder:
        assert not folder
        folder.noop(callback=calls)
        assert calls.next()[0] == ("OK", [b"done"])
        assert folder.select("INBOX") == ("OK", [b"3"])
