"""What an exception knows of itself, by each way on which it may come; and nothing secret."""

from __future__ import annotations

import copy
import pickle
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from imaplib2 import IMAP4
from imaplib2._errors import ABOUT, about

from ...server.helpers import (
    Calls,
    Serve,
    Thread,
    abort,
    agree,
    connected,
    error,
    failure,
    greet,
    greet_authenticated,
    wait_over,
)
from ...server.scripted import Peer
from .test_secrets import PASSWORDS, WAYS, forms

pytestmark = pytest.mark.timeout(20)

Call = Callable[..., Any]
NOTHING = dict.fromkeys(ABOUT)


def where(server: Any) -> str:
    return f"{server.host}:{server.port}"


def raised(call: Call, *arguments: Any) -> BaseException:
    return failure(call, *arguments)


def called_back(call: Call, *arguments: Any) -> BaseException:
    """The exception that a callback finds; the shape of what it gets stays."""
    calls = Calls()
    assert call(*arguments, callback=calls, cb_arg=5) == (None, None)
    result, argument, (kind, text) = calls.next()
    assert (result, argument) == (None, 5)
    assert isinstance(text.error, kind)
    assert text == str(text.error)
    found: BaseException = text.error
    return found


WAITING = {"raised": raised, "called back": called_back}


def check(problem: BaseException, **known: Any) -> None:
    """*problem*, and each copy of it, knows just what is *known*; a tag may be any."""
    for each in (problem, copy.copy(problem), pickle.loads(pickle.dumps(problem))):
        found = about(each)
        if known.get("tag") is any:
            assert isinstance(found.pop("tag"), bytes)
        assert found == {name: value for name, value in (NOTHING | known).items() if name in found}


# -- Answers -------------------------------------------------------------------------------------

ANSWERS: dict[bytes, dict[str, Any]] = {
    b"[AUTHENTICATIONFAILED] no": {"code": "AUTHENTICATIONFAILED", "code_data": b"", "text": "no"},
    b"[UNAVAILABLE 5 minutes] later": {
        "code": "UNAVAILABLE", "code_data": b"5 minutes", "text": "later",
    },
    b"go \x1b away": {"text": r"go \x1b away"},
    b"": {"text": ""},
}  # fmt: skip

LOGINS: dict[str, tuple[str, Callable[[Any], Call]]] = {
    "login": ("LOGIN", lambda M: partial(M.login, "me", "sesame")),
    "login_plain": ("AUTHENTICATE", lambda M: partial(M.login_plain, "me", "sesame")),
    "authenticate": ("AUTHENTICATE", lambda M: partial(M.authenticate, "X", lambda _: b"sesame")),
}


@pytest.mark.parametrize("how", WAITING)
@pytest.mark.parametrize("text", ANSWERS)
@pytest.mark.parametrize("way", LOGINS)
@pytest.mark.parametrize("typ", ["NO", "BAD"])
def test_a_refused_login(serve: Serve, how: str, text: bytes, way: str, typ: str) -> None:
    name, call = LOGINS[way]

    def script(peer: Peer) -> None:
        greet(peer)
        peer.reply(peer.command(name), typ.encode(), text)

    server = serve(script)
    with connected(server) as M:
        problem = WAITING[how](call(M))
        known = {"command": name, "tag": any, "type": typ, "where": where(server)}
        check(problem, **known, **ANSWERS[text])
        assert type(problem) is error


#: Commands that a BAD makes an exception of.
OTHERS: dict[str, Callable[[Any], Call]] = {
    "NOOP": lambda M: M.noop,
    "UID COPY": lambda M: partial(M.uid, "COPY", "1", "x"),
    "SELECT": lambda M: M.select,
    "APPEND": lambda M: partial(M.append, "x", None, None, b"message"),
    "XFOO": lambda M: partial(M.xatom, "XFOO", "a"),
    "COMPRESS": lambda M: M.enable_compression,
    "LIST": lambda M: M.list,
    "ID": lambda M: partial(M.id, "a", "b"),
}


@pytest.mark.parametrize("how", WAITING)
@pytest.mark.parametrize("name", OTHERS)
def test_a_bad_command(serve: Serve, how: str, name: str) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"COMPRESS=DEFLATE LITERAL+")
        peer.select()
        peer.bad(peer.command(name), b"[CLIENTBUG] what?")

    server = serve(script)
    with connected(server) as M:
        M.select()
        problem = WAITING[how](OTHERS[name](M))
        check(
            problem, command=name, tag=any, type="BAD", code="CLIENTBUG", code_data=b"",
            text="what?", where=where(server),
        )  # fmt: skip
        if how == "raised" and name == "XFOO":
            assert str(problem) == "XFOO command error: BAD [b'[CLIENTBUG] what?']"


def test_the_tag_is_that_on_the_wire(serve: Serve) -> None:
    tags: list[bytes] = []

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        command = peer.command("NOOP")
        tags.append(command.tag)
        peer.bad(command)

    with connected(serve(script)) as M:
        assert failure(M.noop).tag == tags[0]  # type: ignore[attr-defined]


@pytest.mark.parametrize("how", WAITING)
def test_a_refused_starttls(serve: Serve, how: str) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        peer.no(peer.command("STARTTLS"), b"[UNAVAILABLE] no key")

    server = serve(script)
    with connected(server) as M:
        known = {"code": "UNAVAILABLE", "code_data": b"", "text": "no key"}
        check(
            WAITING[how](M.starttls), command="STARTTLS", tag=any, type="NO", where=where(server),
            **known,
        )  # fmt: skip


@pytest.mark.parametrize("typ", ["NO", "BAD"])
def test_a_refused_idler(serve: Serve, typ: str) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        peer.reply(peer.command("IDLE"), typ.encode(), b"[LIMIT] busy")

    server = serve(script)
    with connected(server) as M:
        check(
            failure(M.idle(duration=5).__enter__), command="IDLE", tag=any, type=typ, code="LIMIT",
            code_data=b"", text="busy", where=where(server),
        )  # fmt: skip


@pytest.mark.parametrize("how", WAITING)
def test_a_mailbox_that_can_not_be_written(serve: Serve, how: str) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.ok(peer.command("SELECT"), b"[READ-ONLY] look")
        peer.wait_closed()

    server = serve(script)
    with connected(server) as M:
        problem = WAITING[how](M.select)
        assert type(problem) is IMAP4.readonly
        check(
            problem, command="SELECT", tag=any, type="OK", code="READ-ONLY", code_data=b"",
            text="look", where=where(server),
        )  # fmt: skip
        check(failure(M.store, "1", "FLAGS", "x"), command="STORE", code="READ-ONLY",
              where=where(server))  # fmt: skip


def test_commands_that_return_a_refusal_still_do(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        for _ in range(2):
            peer.no(peer.command("COPY", "CREATE"), b"[TRYCREATE] no")

    with connected(serve(script)) as M:
        calls = Calls()
        assert M.create("x") == ("NO", [b"[TRYCREATE] no"])
        M.create("x", callback=calls)
        assert calls.next() == (("NO", [b"[TRYCREATE] no"]), None, None)


# -- An authenticator's own exceptions -----------------------------------------------------------


@pytest.mark.parametrize("how", WAITING)
def test_an_authenticator_that_fails(serve: Serve, how: str) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        command = peer.command("AUTHENTICATE")
        peer.send(b"+ a\r\n")
        peer.expect(b"*")
        peer.bad(command, b"cancelled")

    server = serve(script)
    with connected(server) as M:
        problem = WAITING[how](partial(M.authenticate, "X", lambda _: b""))
        assert "not base64" in str(problem)
        check(problem, command="AUTHENTICATE", tag=any, type="BAD", text="cancelled",
              where=where(server))  # fmt: skip


def test_an_exception_that_is_not_ours_is_a_callbacks_too(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        command = peer.command("AUTHENTICATE")
        peer.send(b"+ \r\n")
        peer.expect(b"*")
        peer.bad(command, b"cancelled")

    def authobject(challenge: bytes) -> bytes:
        raise ZeroDivisionError("mine")

    with connected(serve(script)) as M:
        problem = called_back(partial(M.authenticate, "X", authobject))
        assert isinstance(problem, ZeroDivisionError)
        assert vars(problem) == {}


# -- Before anything is sent ---------------------------------------------------------------------

REFUSED: dict[str, tuple[str, Callable[[Any], object]]] = {
    "state": ("SEARCH", lambda M: M.search(None, "ALL")),
    "state, by UID": ("UID FETCH", lambda M: M.uid("FETCH", "1", "FLAGS")),
    "argument": ("CREATE", lambda M: M.create("a\r\nb")),
    "type": ("LOGIN", lambda M: M.login("me", None)),
    "params": ("SEARCH", lambda M: M.search(None, "SUBJECT ?", params=[])),
    "no capability": ("ENABLE", lambda M: M.enable("X")),
    "no capability of IDLE": ("IDLE", lambda M: M.idle()),
    "no TLS": ("STARTTLS", lambda M: M.starttls()),
    "no compression": ("COMPRESS", lambda M: M.enable_compression()),
    "expunge": ("EXPUNGE", lambda M: M.expunge("1")),
    "store": ("STORE", lambda M: M.store("1", "FLAGS", None)),
    "uid": ("UID", lambda M: M.uid("X", "1")),
    "xatom": ("X", lambda M: M.xatom("X \ud800")),
    "login": ("LOGIN", lambda M: M.login("me", "sesame")),
    "by hand": ("NOOP", lambda M: M._command_complete("NOOP", b"X1")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_command_that_was_not_sent(serve: Serve, case: str) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        agree(peer, "NOOP")

    server = serve(script)
    name, call = REFUSED[case]
    with connected(server) as M:
        problem = failure(call, M)
        assert isinstance(problem, error)
        found = about(problem)
        assert found.pop("where") in (None, where(server))
        assert (found.pop("command"), {*found.values()}) in [
            (name, {None}), (name.removeprefix("UID "), {None}), ("UID", {None}),
        ]  # fmt: skip
        M.noop()


def test_what_a_forbidden_login_knows(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"LOGINDISABLED")
        peer.wait_closed()

    server = serve(script)
    with connected(server) as M:
        check(failure(M.login, "me", "sesame"), command="LOGIN", where=where(server))


def test_what_was_held_behind_a_failure(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        command = peer.command("SELECT")
        peer.pause(go_on)
        peer.no(command, b"[NONEXISTENT] no")
        agree(peer, "NOOP")

    server, go_on = serve(script), threading.Event()
    with connected(server) as M:
        calls = Calls()
        M.select(callback=Calls())
        M.search(None, "ALL", callback=calls)
        go_on.set()
        _, _, (_, text) = calls.next()
        check(text.error, command="SEARCH", where=where(server))
        M.noop()


def test_without_a_connection() -> None:
    class Unconnected(IMAP4):
        def open(self, *arguments: Any) -> None:
            """Do without."""

        def _connect(self) -> None:
            """Nobody greets."""

    check(failure(Unconnected().noop), command="NOOP")


# -- The end -------------------------------------------------------------------------------------

GOODBYE = b"* BYE [UNAVAILABLE 60] closed \x07 for repair\r\n"
KNOWN_OF_GOODBYE = {
    "type": "BYE", "code": "UNAVAILABLE", "code_data": b"60", "text": r"closed \x07 for repair",
}  # fmt: skip


@pytest.mark.parametrize("how", WAITING)
def test_a_connection_that_the_server_ends(serve: Serve, how: str) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.command("NOOP")
        peer.send(GOODBYE)

    server = serve(script)
    with connected(server) as M:
        problem = WAITING[how](M.noop)
        assert isinstance(problem, abort)
        here = where(server)
        check(problem, command="NOOP", tag=any, where=here, **KNOWN_OF_GOODBYE)
        check(failure(M.create, "x"), command="CREATE", where=here, **KNOWN_OF_GOODBYE)
        wait_over(M)
        check(failure(M.send, b"x"), where=here, **KNOWN_OF_GOODBYE)
        check(failure(M.read, 1), where=here, **KNOWN_OF_GOODBYE)
        check(M.reason, where=here, **KNOWN_OF_GOODBYE)


def test_all_that_wait_know_it(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        for name in ("NOOP", "LIST", "CREATE"):
            peer.command(name)
        peer.pause(go_on)
        peer.send(GOODBYE)

    server, go_on = serve(script), threading.Event()
    with connected(server) as M:
        calls = Calls()
        M.noop(callback=calls)
        M.list(callback=calls)
        M.create("x", callback=calls)
        M.select("x", callback=calls)  # waits for the others
        go_on.set()
        problems = [calls.next()[2][1].error for _ in range(4)]
        tags = []
        for name, problem in zip(["NOOP", "LIST", "CREATE", "SELECT"], problems, strict=True):
            tags.append(problem.tag)
            check(problem, command=name, tag=problem.tag, where=where(server), **KNOWN_OF_GOODBYE)
        assert tags[3] is None
        assert len({*tags}) == 4


@pytest.mark.parametrize("form", ["blocking", "callback", "iterator"])
def test_an_idle_that_the_server_ends(serve: Serve, form: str) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        peer.command("IDLE")
        peer.send(b"+ idling\r\n", GOODBYE)

    def iterate(M: Any) -> None:
        with M.idle(duration=5) as idler:
            next(idler)

    server = serve(script)
    with connected(server) as M:
        forms_of_idle = {
            "blocking": lambda: raised(M.idle),
            "callback": lambda: called_back(M.idle),
            "iterator": lambda: raised(iterate, M),
        }
        problem = forms_of_idle[form]()
        check(problem, command="IDLE", tag=any, where=where(server), **KNOWN_OF_GOODBYE)


ENDS: dict[str, Callable[[Peer], None]] = {
    "EOF": lambda peer: None,
    "reset": lambda peer: peer.reset(),
    "silence": lambda peer: peer.hold(),
    "nonsense": lambda peer: peer.send(b"X9 OK what\r\n"),
}


@pytest.mark.parametrize("how", WAITING)
@pytest.mark.parametrize("end", ENDS)
def test_a_connection_that_is_lost(serve: Serve, how: str, end: str) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.command("NOOP")
        ENDS[end](peer)

    server = serve(script)
    with connected(server, timeout=0.1 if end == "silence" else None) as M:
        problem = WAITING[how](M.noop)
        assert isinstance(problem, abort)
        assert isinstance(problem, TimeoutError) == (end == "silence")
        assert isinstance(problem, OSError) or end not in ("reset", "silence")
        check(problem, command="NOOP", tag=any, where=where(server))


@pytest.mark.parametrize(
    ("greeting", "known"),
    [
        (b"* BYE [UNAVAILABLE] full\r\n", {"type": "BYE", "code": "UNAVAILABLE", "text": "full"}),
        (b"* NO [LIMIT] full\r\n", {"type": "NO", "code": "LIMIT", "text": "full"}),
        (b"* BAD\r\n", {"type": "BAD", "text": ""}),
        (b"* SEARCH\r\n", {}),
        (b"220 mail ESMTP\r\n", {}),
        (b"", {}),
    ],
)
def test_a_greeting_that_is_none(serve: Serve, greeting: bytes, known: dict[str, Any]) -> None:
    server = serve(lambda peer: peer.send(greeting))
    problem = failure(IMAP4, server.host, server.port)
    assert isinstance(problem, error)
    if "code" in known:
        known["code_data"] = b""
    check(problem, where=where(server), **known)


def test_no_greeting_in_time(serve: Serve) -> None:
    server = serve(Peer.hold)
    check(failure(IMAP4, server.host, server.port, 0.1), where=where(server))


def test_a_server_that_has_no_capabilities(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.greet(b"* OK [CAPABILITY X] ready")

    server = serve(script)
    problem = failure(IMAP4, server.host, server.port)
    assert "not IMAP4 compliant" in str(problem)
    check(problem, where=where(server))


# -- By hand, and by replaced methods ------------------------------------------------------------


@pytest.mark.parametrize("typ", ["NO", "BAD"])
def test_a_command_by_hand(serve: Serve, typ: str) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.reply(peer.command("XFOO"), typ.encode(), b"[LIMIT] x")

    server = serve(script)
    with connected(server) as M:
        tag = M._command("XFOO")
        if typ == "NO":
            assert M._command_complete("XFOO", tag) == ("NO", [b"[LIMIT] x"])
        else:
            check(
                failure(M._command_complete, "XFOO", tag), command="XFOO", tag=tag, type="BAD",
                code="LIMIT", code_data=b"", text="x", where=where(server),
            )  # fmt: skip


def test_a_command_that_is_sent_by_hand(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.bad(peer.command("XFOO"), b"[LIMIT] x")

    server = serve(script)
    with connected(server) as M:
        tag = M._new_tag()
        M.send(tag + b" XFOO\r\n")
        problem = failure(M._command_complete, "XFOO", tag)
        check(
            problem, command="XFOO", tag=tag, type="BAD", code="LIMIT", code_data=b"", text="x",
            where=where(server),
        )  # fmt: skip


def test_a_command_that_leaves_unseen(serve: Serve) -> None:
    class Own(IMAP4):
        def send(self, data: Any) -> None:
            self.sock.sendall(data)

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.bad(peer.command("XFOO"), b"[LIMIT] x")

    server = serve(script)
    with connected(server, Own) as M:
        tag = M._new_tag()
        M.send(tag + b" XFOO\r\n")
        problem = failure(M._command_complete, "XFOO", tag)
        known = about(problem)
        assert (known["type"], known["code"], known["tag"]) == ("BAD", "LIMIT", tag)


class Through(IMAP4):
    def _simple_command(self, name: str, *arguments: Any, **options: Any) -> Any:
        return super()._simple_command(name, *arguments, **options)


@pytest.mark.parametrize("how", WAITING)
def test_a_login_by_a_replaced_simple_command(serve: Serve, how: str) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        peer.no(peer.command("LOGIN"), b"[AUTHENTICATIONFAILED] no")

    server = serve(script)
    with connected(server, Through) as M:
        check(
            WAITING[how](partial(M.login, "me", "sesame")), command="LOGIN", tag=any, type="NO",
            code="AUTHENTICATIONFAILED", code_data=b"", text="no", where=where(server),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("data", "known"),
    [
        ([b"[LIMIT] x"], {"code": "LIMIT", "code_data": b"", "text": "x"}),
        ([None], {}),
        ([], {}),
    ],
)
def test_a_login_that_a_replacement_answers(
    serve: Serve, data: list[Any], known: dict[str, Any]
) -> None:
    class Own(IMAP4):
        def _simple_command(self, name: str, *arguments: Any, **options: Any) -> Any:
            return "NO", data

    server = serve(lambda peer: greet(peer))
    with connected(server, Own) as M:
        problem = failure(M.login, "me", "sesame")
        if isinstance(problem, error):
            check(problem, command="LOGIN", type="NO", **known)
        else:
            assert data != [b"[LIMIT] x"]  # printable() of what is no text


# -- Secrets -------------------------------------------------------------------------------------


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("end", ["NO", "BAD", "BYE"])
def test_no_secret_is_known(serve: Serve, password: str, way: Call, end: str) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"LITERAL+ SASL-IR")
        peer.relax()
        line = peer.readline()
        tag, name, said = line.split(b" ", 2)
        if b"AUTHENTICATE" in name and b" " not in said:
            peer.send(b"+ PHRlbGwtbm9ib2R5QGV4YW1wbGUub3JnPg==\r\n")
            said = peer.readline()
        if said.endswith(b"}"):
            said += peer.readline()
        status = b"* BYE" if end == "BYE" else tag + b" " + end.encode()
        peer.send(status + b" [X-ECHO " + said[:500] + b"] " + said + b"\r\n")

    server = serve(script)
    with connected(server) as M:
        caught: Any = None
        try:
            caught = way(M, password)
        except Exception as problem:
            caught = problem
        if isinstance(caught, tuple):  # xatom and _simple_command return a NO
            assert caught[0] == "NO"
            return
        shown = repr(about(caught)) + repr(vars(caught)) + str(caught)
        assert not {form for form in forms(password) if form in shown}


def test_the_exceptions_of_two_threads_are_two(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.command("NOOP")
        peer.command("CREATE")
        peer.send(GOODBYE)

    with connected(serve(script)) as M:
        threads = [Thread(failure, M.noop)]
        while not M.tagged_commands and not M._core.in_progress:
            pass
        threads.append(Thread(failure, M.create, "x"))
        problems = [thread.result() for thread in threads]
        assert [problem.command for problem in problems] == ["NOOP", "CREATE"]


def test_a_socket_that_can_not_be_had() -> None:
    class Own(IMAP4):
        def open(self, *arguments: Any) -> None:
            """Set none."""

    problem = failure(Own, "localhost", 1)
    assert "no socket" in str(problem)
    check(problem, where="localhost:1")
    assert isinstance(failure(IMAP4, "localhost", 1), (ConnectionError, socket.error))
