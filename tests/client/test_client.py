"""How a connection begins and ends: over a pair of sockets, whose other end has spoken already."""

from __future__ import annotations

import queue
import socket
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL, IMAP4_stream, _client
from imaplib2._errors import abort, error
from imaplib2._transport import kernel

PREAUTH = b"* PREAUTH [CAPABILITY IMAP4rev1 IDLE] hello\r\n"

Connect = Callable[..., Any]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """A client of a server that says something, and closes unless it *stays*; its methods."""
    with ExitStack() as stack:

        def made(*said: bytes, stays: bool = False, **methods: Any) -> Any:
            ours, theirs = socket.socketpair()
            stack.enter_context(ours)
            stack.enter_context(theirs)
            theirs.sendall(b"".join(said))
            if not stays:
                theirs.shutdown(socket.SHUT_WR)
            methods.setdefault("open_socket", lambda self: ours)
            cls = type("Client", (IMAP4,), methods)
            client = cls("mail.example.org", 1143)
            stack.callback(client.logout)
            return client

        yield made


def test_it_begins_with_the_greeting(connect: Connect) -> None:
    M = connect(PREAUTH)
    assert M.welcome == PREAUTH.rstrip()
    assert M.capabilities == ("IMAP4REV1", "IDLE")
    assert M.PROTOCOL_VERSION == "IMAP4REV1"
    assert repr(M).startswith("<Client mail.example.org:1143 ")


@pytest.mark.parametrize(
    ("capabilities", "version"), [(b"X IMAP4", "IMAP4"), (b"IMAP4 IMAP4rev1", "IMAP4REV1")]
)
def test_the_latest_version_that_both_speak_is_used(
    connect: Connect, capabilities: bytes, version: str
) -> None:
    M = connect(b"* PREAUTH [CAPABILITY %s] hello\r\n" % capabilities)
    assert version == M.PROTOCOL_VERSION


@pytest.mark.parametrize(
    ("said", "kind", "text"),
    [
        (b"* PREAUTH [CAPABILITY POP3] hello\r\n", error, "^server not IMAP4 compliant$"),
        (b"220 mail.example.org ESMTP\r\n", error, "greeting"),
        (b"* BYE no\r\n", error, "BYE"),
        (b"", abort, r"EOF.*\(mail.example.org:1143"),
    ],
)
def test_a_client_that_can_not_begin_has_closed_its_socket(
    connect: Connect, said: bytes, kind: type[error], text: str
) -> None:
    closed = []

    def shutdown(self: Any) -> None:
        IMAP4.shutdown(self)
        closed.append(self.socket().fileno())

    with pytest.raises(kind, match=text):
        connect(said, shutdown=shutdown)
    assert closed == [-1]


def test_a_shutdown_that_fails_does_not_hide_why_it_was_called(connect: Connect) -> None:
    def shutdown(self: Any) -> None:
        raise LookupError

    def open_socket(self: Any) -> socket.socket:
        raise ConnectionRefusedError("nobody there")

    with pytest.raises(ConnectionRefusedError, match="nobody there"):
        connect(open_socket=open_socket, shutdown=shutdown)


def test_the_end_is_told_with_what_the_server_has_said(connect: Connect) -> None:
    M = connect(PREAUTH, b"* BYE so long\r\n")
    assert M.logout() == ("BYE", [b"so long"])
    assert M.logout() == ("BYE", [b"so long"])
    assert M.state == "LOGOUT"
    assert M.socket().fileno() == -1


def test_the_end_of_a_lost_connection_tells_why(connect: Connect) -> None:
    M = connect(PREAUTH)
    with pytest.raises(abort, match="EOF"):
        M.noop()
    typ, (text,) = M.logout()
    assert typ == "BYE"
    assert b"EOF" in text
    outcomes: queue.SimpleQueue[Any] = queue.SimpleQueue()
    assert M.logout(callback=outcomes.put, cb_arg=7) == (None, None)
    assert outcomes.get(timeout=5) == (("BYE", [text]), 7, None)


def test_behind_a_with_statement_it_is_over_whatever_came_up(connect: Connect) -> None:
    M = connect(PREAUTH)
    with pytest.raises(ValueError, match="mine"), M:
        raise ValueError("mine")
    assert M.socket().fileno() == -1


def test_a_second_beginning_ends_the_first(connect: Connect) -> None:
    M = connect(PREAUTH, stays=True)
    first = M.socket()
    M.limits.stored = 77
    ours, theirs = socket.socketpair()
    with theirs, ours:
        theirs.sendall(PREAUTH.replace(b"IDLE", b"MOVE"))
        theirs.shutdown(socket.SHUT_WR)
        type(M).open_socket = lambda self: ours
        M.__init__("other.example.org")
        assert first.fileno() == -1
        assert M.socket() is ours
        assert M.capabilities == ("IMAP4REV1", "MOVE")
        assert (M.host, M.port, M.limits.stored) == ("other.example.org", 143, 77)
        M.logout()


def test_a_client_that_was_not_begun_can_be_shown() -> None:
    assert repr(IMAP4.__new__(IMAP4)) == "<IMAP4 unconnected>"


def test_methods_of_commands_have_a_name_in_upper_case(connect: Connect) -> None:
    M = connect(PREAUTH)
    assert M.noop == M.NOOP
    assert M.uid == M.UID
    for name in ("NOSUCH", "nosuch", "_NOOP", "Noop"):
        with pytest.raises(AttributeError, match=f"Unknown IMAP4 command: '{name}'"):
            getattr(M, name)


def test_where_pipes_can_not_be_waited_for_there_is_no_child(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kernel, "IS_WINDOWS", True)
    with pytest.raises(NotImplementedError, match="IMAP4_stream needs POSIX"):
        IMAP4_stream("exit 1")


def test_a_method_is_bound_to_no_object_that_threads_would_keep_alive() -> None:
    class Owner:
        def method(self, number: int) -> int:
            return number + 1

    owner = Owner()
    call = _client._weakly(owner.method)
    assert call(1) == 2
    del owner
    with pytest.raises(error, match="the connection was dropped: keep a reference"):
        call(1)


def test_lines_of_the_trace_go_to_the_method_of_a_client_that_is_there() -> None:
    class Telling(IMAP4):
        def _mesg(self, s: str, tn: str | None = None, secs: float | None = None) -> None:
            lines.append((s, tn, secs))

    lines: list[Any] = []
    client = Telling.__new__(Telling)
    printer = _client._printer(weakref.ref(client))
    printer("text", "thread", 5.0)
    del client
    printer("nobody hears", "thread", 5.0)
    assert lines == [("text", "thread", 5.0)]


@pytest.mark.parametrize("cls", [IMAP4, IMAP4_SSL])
@pytest.mark.parametrize("timeout", [0, -1])
def test_a_time_out_has_some_length(cls: type[IMAP4], timeout: float) -> None:
    with pytest.raises(ValueError, match="timeout"):
        cls("host.invalid", timeout=timeout)
