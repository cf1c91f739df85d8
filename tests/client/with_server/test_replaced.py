"""Programs that replace ``_simple_command``, which the methods then send by, as in imaplib."""

from __future__ import annotations

import base64
import copy
import pickle
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from ...server.contexts import Contexts
from ...server.helpers import Calls, Serve, Thread, connected, error, greet, greet_authenticated
from ...server.scripted import HANDLERS, MESSAGE, Command, Peer, Session, mailbox

pytestmark = pytest.mark.timeout(20)


class Gone(Exception):
    """What the program below makes of ``abort``."""


class Refused(Exception):
    """And of ``error``."""


class Resuming(IMAP4):
    """Idles by hand, but for the time that other commands take, and has its own exceptions."""

    idle_tag: bytes | None = None

    def start_idle(self) -> None:
        self.idle_tag = self._new_tag()
        self.send(self.idle_tag + b" IDLE\r\n")
        while self._get_response() is not None:
            """Something else than the +."""

    def end_idle(self) -> None:
        tag, self.idle_tag = self.idle_tag, None
        self.send(b"DONE\r\n")
        self._command_complete("IDLE", tag or b"")

    def _simple_command(self, name: str, *args: Any) -> Any:  # type: ignore[override]
        idling = self.idle_tag is not None
        if idling:
            self.end_idle()
        try:
            return super()._simple_command(name, *args)
        except self.abort as problem:
            raise Gone(str(problem)) from None
        except self.error as problem:
            raise Refused(str(problem)) from None
        finally:
            if idling and name not in ("CLOSE", "LOGOUT"):
                self.start_idle()


class Log:
    """The commands that a `mailbox` gets, and news that it has while it is waited for there."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def script(self, **handlers: Any) -> Any:
        table = {**HANDLERS, "IDLE": self._idle, **handlers}
        return partial(mailbox, handlers={name: partial(self._log, table[name]) for name in table})

    def _log(self, handler: Any, session: Session, command: Command) -> None:
        if command.name != "CAPABILITY":  # which the library asks for by itself
            self.names.append(command.name)
        handler(session, command)

    def _idle(self, session: Session, command: Command) -> None:
        session.peer.line(b"+ idling")
        session.peer.untagged(b"%d EXISTS" % (10 + self.names.count("IDLE")))
        session.peer.expect(b"DONE")
        session.peer.ok(command)

    def take(self) -> list[str]:
        names, self.names = self.names, []
        return names


#: What the program does, what it gets, and what the server sees besides DONE and IDLE.
STEPS: dict[str, tuple[Callable[[Any], Any], Any, list[str]]] = {
    "noop": (lambda M: M.noop(), ("OK", [b"done"]), ["NOOP"]),
    "search": (lambda M: M.search(None, "ALL"), ("OK", [b"1 2 3"]), ["SEARCH"]),
    "uid search": (lambda M: M.uid("SEARCH", None, "ALL"), ("OK", [b"1 2 3"]), ["UID SEARCH"]),
    "fetch": (
        lambda M: M.fetch("2", "(BODY[])"),
        ("OK", [(b"2 (BODY[] {%d}" % len(MESSAGE), MESSAGE), b")"]),
        ["FETCH"],
    ),
    "uid fetch": (
        lambda M: M.uid("FETCH", "2", "(FLAGS)"), ("OK", [b"2 (FLAGS () UID 2)"]), ["UID FETCH"]
    ),
    "fetch, uid=True": (
        lambda M: M.fetch("2", "(FLAGS)", uid=True),
        ("OK", [b"2 (FLAGS () UID 2)"]),
        ["UID FETCH"],
    ),
    "store": (
        lambda M: M.store("2", "+FLAGS", r"(\Seen)"), ("OK", [rb"2 (FLAGS (\Seen))"]), ["STORE"]
    ),
    "append": (lambda M: M.append("INBOX", None, None, MESSAGE)[0], "OK", ["APPEND"]),
    "status": (
        lambda M: M.status("INBOX", "MESSAGES"), ("OK", [b'"INBOX" (MESSAGES 3)']), ["STATUS"]
    ),
    "examine": (lambda M: M.select("INBOX", True), ("OK", [b"3"]), ["EXAMINE"]),
    "xatom": (lambda M: M.xatom("NOOP"), ("OK", [b"done"]), ["NOOP"]),
    "copy": (lambda M: M.uid("COPY", "2", "INBOX"), ("OK", [None]), ["UID COPY"]),
}  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_idling_is_resumed_behind_each_command(serve: Serve, step: str) -> None:
    call, result, seen = STEPS[step]
    log = Log()
    with connected(serve(log.script()), Resuming) as M:
        M.login("me", "secret")
        assert M.select() == ("OK", [b"3"])
        M.start_idle()
        assert log.take() == ["LOGIN", "SELECT", "IDLE"]
        for _ in range(2):
            assert M._get_response() is not None  # the news of the IDLE, which is still there
            assert call(M) == result
            assert log.take() == [*seen, "IDLE"]
        assert M._get_response() is not None
        assert M.close()[0] == "OK"
        assert (M.state, M.idle_tag, log.take()) == ("AUTH", None, ["CLOSE"])
        assert M.logout() == ("BYE", [b"logging out"])


def test_errors_are_translated(serve: Serve) -> None:
    def die(session: Session, command: Command) -> None:
        session.peer.close()
        session.over = True

    log = Log()
    with connected(serve(log.script(CHECK=die)), Resuming) as M:
        M.login("me", "secret")
        M.select()
        M.start_idle()
        with pytest.raises(Refused, match="illegal in state SELECTED"):
            M.login("me", "again")
        with pytest.raises(Refused, match="holds NUL, CR or LF"):
            M.search(None, "FROM", "a\r\nb")
        assert M.noop()[0] == "OK"
        M.end_idle()
        with pytest.raises(Gone, match="socket error: EOF"):
            M.check()
        assert M.logout()[0] == "BYE"


class Counting(IMAP4):
    """Passes on what it gets; in the manner of imaplib2 3.x."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.seen: list[str] = []
        super().__init__(*args, **options)

    def _simple_command(self, name: str, *args: Any, **options: Any) -> Any:
        self.seen.append(name if name != "UID" else f"UID {args[0]}")
        return super()._simple_command(name, *args, **options)


class ByCommand(Counting):
    """Sends as imaplib's own ``_simple_command`` does."""

    def _simple_command(self, name: str, *args: Any, **options: Any) -> Any:
        assert not options
        self.seen.append(name if name != "UID" else f"UID {args[0]}")
        return self._command_complete(name, self._command(name, *args))


class ByWorker(Counting):
    """Has another thread send, and waits for it."""

    def _simple_command(self, name: str, *args: Any, **options: Any) -> Any:
        send = super()._simple_command
        return Thread(lambda: send(name, *args, **options)).result(5)


class ByCommandOfWorker(ByCommand):
    """Has another thread send as imaplib does."""

    def _simple_command(self, name: str, *args: Any, **options: Any) -> Any:
        send = super()._simple_command
        return Thread(lambda: send(name, *args, **options)).result(5)


class Renaming(Counting):
    """Has another thread send, by a name of its own."""

    def _simple_command(self, name: str, *args: Any, **options: Any) -> Any:
        send = super()._simple_command
        return Thread(lambda: send(name.lower().upper(), *args, **options)).result(5)


WORKERS = [ByWorker, ByCommandOfWorker, Renaming]


def _patched(M: Any) -> None:
    own = M._simple_command

    def counted(name: str, *args: Any, **options: Any) -> Any:
        M.seen.append(name if name != "UID" else f"UID {args[0]}")
        return own(name, *args, **options)

    M._simple_command = counted


class Patched(IMAP4):
    """Its instance has a function of its own."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.seen: list[str] = []
        super().__init__(*args, **options)
        _patched(self)


@pytest.mark.parametrize("cls", [Counting, ByCommand, Patched, *WORKERS])
def test_a_session(serve: Serve, cls: Any) -> None:
    with connected(serve(mailbox), cls) as M:
        assert M.login("me", "secret")[0] == "OK"
        assert M.state == "AUTH"
        assert M.enable("CONDSTORE")[0] == "OK"
        assert M.select() == ("OK", [b"3"])
        assert (M.state, M.mailbox, M.is_readonly) == ("SELECTED", "INBOX", False)
        assert M.response("EXISTS") == ("EXISTS", [b"3"])
        assert M.fetch("1:2", "(FLAGS)") == ("OK", [b"1 (FLAGS ())", b"2 (FLAGS ())"])
        assert "FETCH" not in M.untagged_responses
        assert M.append("INBOX", r"(\Seen)", None, MESSAGE * 10_000)[0] == "OK"
        assert M.fetch("4", "(BODY[])")[1][0][1] == MESSAGE * 10_000
        assert M.search(None, "FROM ?", params=["nobody"]) == ("OK", [b""])
        assert M.expunge("1:*", uid=True) == ("OK", [None])
        assert M.list() == ("OK", [b'() "/" "INBOX"'])
        assert M.select("nothing")[0] == "NO"
        assert M.state == "AUTH"
        assert M.logout() == ("BYE", [b"logging out"])
    assert M.seen == [
        *("LOGIN", "ENABLE", "SELECT", "FETCH", "APPEND", "FETCH", "SEARCH", "UID EXPUNGE"),
        *("LIST", "SELECT", "LOGOUT"),
    ]


def test_callbacks_are_passed_on_in_the_manner_of_3_x(serve: Serve) -> None:
    class Own(Counting):
        def _simple_command(self, name: str, *args: Any, **options: Any) -> Any:
            given.append((name, options.get("untagged_response"), options.get("cb_arg")))
            return super()._simple_command(name, *args, **options)

    given: list[Any] = []
    calls = Calls()
    with connected(serve(mailbox), Own) as M:
        assert M.login("me", "secret", callback=calls) == (None, None)
        assert calls.next() == (("OK", [b"done"]), None, None)
        M.select(callback=calls, cb_arg="x")
        assert calls.next() == (("OK", [b"3"]), "x", None)
        for number in "123":
            M.fetch(number, "(FLAGS)", callback=calls, cb_arg=number)
        M.append("INBOX", None, None, MESSAGE, callback=calls)
        M.search(None, "ALL", callback=calls)
        for number in b"123":
            assert calls.next() == (("OK", [b"%c (FLAGS ())" % number]), chr(number), None)
        assert calls.next()[0][0] == "OK"
        assert calls.next()[0] == ("OK", [b"1 2 3 4"])
        M.select("nothing", callback=calls)
        assert calls.next()[0][0] == "NO"
        M.recent(callback=calls)
        assert calls.next()[0] == ("OK", [None])
        M.logout(callback=calls)
        assert calls.next() == (("BYE", [b"logging out"]), None, None)
    assert given == [
        ("LOGIN", None, None), ("SELECT", None, "x"),
        ("FETCH", "FETCH", "1"), ("FETCH", "FETCH", "2"), ("FETCH", "FETCH", "3"),
        ("APPEND", None, None), ("SEARCH", "SEARCH", None),
        ("SELECT", None, None), ("NOOP", None, None), ("LOGOUT", None, None),
    ]  # fmt: skip


def test_refused_logins_raise_and_are_told_to_callbacks(serve: Serve) -> None:
    def refuse(session: Session, command: Command) -> None:
        session.peer.reply(command, b"NO", b"[AUTHENTICATIONFAILED] no")

    calls = Calls()
    with connected(serve(partial(mailbox, handlers={"LOGIN": refuse})), Counting) as M:
        with pytest.raises(error, match=r"^\[AUTHENTICATIONFAILED\] no$"):
            M.login("me", "wrong")
        M.login("me", "wrong", callback=calls)
        assert calls.next() == (None, None, (error, "[AUTHENTICATIONFAILED] no"))
        assert M.seen == ["LOGIN", "LOGIN"]
        assert M.state == "NONAUTH"


@pytest.mark.parametrize("cls", [Counting, ByCommand, *WORKERS])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_authenticate(serve: Serve, cls: Any, asynchronous: bool) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"SASL-IR AUTH=PLAIN")
        for _ in range(2):
            command = peer.command("AUTHENTICATE")
            assert command.args == b"PLAIN"
            peer.line(b"+ ")
            assert base64.b64decode(peer.readline()) == b"\0me\0secret"
            peer.reply(command, b"NO", b"not yet")
        command = peer.command("AUTHENTICATE")
        peer.line(b"+ ")
        peer.expect(b"*")
        peer.reply(command, b"NO", b"as you like")

    if asynchronous and cls in (ByCommand, ByCommandOfWorker):
        return
    calls = Calls()
    options = {"callback": calls} if asynchronous else {}
    with connected(serve(script), cls) as M:
        for call in (
            lambda: M.login_plain("me", "secret", **options),
            lambda: M.authenticate("plain", lambda challenge: "\0me\0secret", **options),
        ):
            if asynchronous:
                call()
                assert calls.next() == (None, None, (error, "not yet"))
            else:
                with pytest.raises(error, match=r"^not yet$"):
                    call()
        with pytest.raises(error, match=r"^as you like$"):
            M.authenticate("PLAIN", lambda challenge: None)
        assert M.literal is None
        assert M.seen == ["AUTHENTICATE"] * 3


@pytest.mark.parametrize("cls", [Counting, ByCommand, *WORKERS])
def test_compression(serve: Serve, cls: Any) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"COMPRESS=DEFLATE")
        peer.deflate()
        peer.ok(peer.command("NOOP"))

    with connected(serve(script), cls) as M:
        assert M.enable_compression() == ("OK", [b"DEFLATE active"])
        assert M.compressor is not None
        assert M.noop() == ("OK", [b"done"])
        assert M.seen == ["COMPRESS", "NOOP"]


@pytest.mark.parametrize("cls", [Counting, ByCommand, *WORKERS])
def test_starttls(serve: Serve, tls: Contexts, cls: Any) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        peer.starttls(tls.server)
        mailbox(peer, greeting=b"* OK [CAPABILITY IMAP4rev1] again")

    with connected(serve(script), cls) as M:
        assert M.starttls(ssl_context=tls.client)[0] == "OK"
        assert M.sock.version()
        assert M.seen[0] == "STARTTLS"


def test_a_starttls_that_was_not_sent_is_no_encryption(serve: Serve) -> None:
    class Own(IMAP4):
        def _simple_command(self, name: str, *args: Any) -> Any:  # type: ignore[override]
            return "OK", [b"as you wish"]

    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS COMPRESS=DEFLATE")
        peer.wait_closed()

    with connected(serve(script), Own) as M:
        with pytest.raises(error, match="STARTTLS: a replaced _simple_command"):
            M.starttls()
        M.state = "AUTH"
        with pytest.raises(error, match="COMPRESS: a replaced _simple_command"):
            M.enable_compression()


@pytest.mark.parametrize("cls", [Counting, *WORKERS])
def test_idle_ends_by_itself(serve: Serve, cls: Any) -> None:
    log = Log()
    with connected(serve(log.script()), cls) as M:
        M.login("me", "secret")
        M.select()
        assert M.idle(timeout=20)[0] == "OK"
        assert M.response("EXISTS") == ("EXISTS", [b"11"])
        assert M.seen == ["LOGIN", "SELECT", "IDLE"]


@pytest.mark.parametrize("timeout", [0.05, 20])
def test_idle_ends_by_itself_where_simple_command_is_imaplibs_own_text(
    serve: Serve, timeout: float
) -> None:
    def idle(session: Session, command: Command) -> None:
        session.peer.line(b"+ idling")
        if timeout == 20:
            session.peer.untagged(b"11 EXISTS")
        session.peer.expect(b"DONE")
        session.peer.ok(command, b"idled")

    with connected(serve(partial(mailbox, handlers={"IDLE": idle})), ByCommand) as M:
        M.login("me", "secret")
        M.select()
        M.pop_untagged_responses()
        for _ in range(2):
            assert M.idle(timeout) == ("OK", [b"idled"])
            if timeout == 20:
                assert M.response("EXISTS") == ("EXISTS", [b"11"])
            else:
                assert M.response("IDLE") == ("IDLE", [b"TIMEOUT"])
        assert M.noop()[0] == "OK"
        assert M.response("EXISTS") == ("EXISTS", [None])
        assert not M.tagged_commands


def test_an_idle_that_is_tried_again_ends_by_itself_again(serve: Serve) -> None:
    class Own(IMAP4):
        def _simple_command(self, name: str, *args: Any) -> Any:  # type: ignore[override]
            if name == "IDLE":
                super()._simple_command(name, *args)
            return super()._simple_command(name, *args)

    log = Log()
    with connected(serve(log.script()), Own) as M:
        M.login("me", "secret")
        M.select()
        M.response("EXISTS")
        assert M.idle(timeout=20)[0] == "OK"
        assert log.take() == ["LOGIN", "SELECT", "IDLE", "IDLE"]
        assert M.response("EXISTS") == ("EXISTS", [b"11", b"12"])


def test_readonly_is_raised_by_select_behind_its_command(serve: Serve) -> None:
    def select(session: Session, command: Command) -> None:
        session.peer.untagged(b"3 EXISTS")
        session.peer.ok(command, b"[READ-ONLY] look only")

    class Own(IMAP4):
        def _simple_command(self, name: str, *args: Any) -> Any:  # type: ignore[override]
            outcomes.append(super()._simple_command(name, *args))
            return outcomes[-1]

    outcomes: list[Any] = []
    with connected(serve(partial(mailbox, handlers={"SELECT": select})), Own) as M:
        M.login("me", "secret")
        with pytest.raises(M.readonly, match=r"^INBOX is not writable$"):
            M.select()
        assert outcomes[1] == ("OK", [b"[READ-ONLY] look only"])
        assert M.state == "SELECTED"


def test_a_command_that_is_tried_again_has_its_literal_again(serve: Serve) -> None:
    class Own(IMAP4):
        def _simple_command(self, name: str, *args: Any) -> Any:  # type: ignore[override]
            typ, data = super()._simple_command(name, *args)
            return (typ, data) if typ == "OK" else super()._simple_command(name, *args)

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"LITERAL+")
        first = peer.command("APPEND")
        peer.reply(first, b"NO", b"try again")
        second = peer.command("APPEND")
        assert first.literals == second.literals == (b"a\r\n",)
        peer.ok(second)

    with connected(serve(script), Own) as M:
        assert M.append("INBOX", None, None, b"a\n") == ("OK", [b"done"])


def test_utf8_literals(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"LITERAL+ ENABLE UTF8=ACCEPT")
        command = peer.command("ENABLE")
        peer.untagged(b"ENABLED UTF8=ACCEPT")
        peer.ok(command)
        command = peer.command("APPEND")
        assert command.args == b"INBOX UTF8 (~{3+}\r\na\r\n)"
        peer.ok(command)

    with connected(serve(script), Counting) as M:
        M.enable("UTF8=ACCEPT")
        M.append("INBOX", None, None, b"a\n")


@pytest.mark.parametrize("cls", [Counting, ByCommand, ByWorker, ByCommandOfWorker])
def test_threads_get_their_own(serve: Serve, cls: Any) -> None:
    def work(thread: int) -> None:
        letter = b"Subject: %d\r\n\r\n" % thread
        for _ in range(30):
            assert M.fetch(str(thread), "(FLAGS)") == ("OK", [b"%d (FLAGS ())" % thread])
            assert M.append("INBOX", None, None, letter)[0] == "OK"

    messages = dict.fromkeys(range(1, 5), MESSAGE)
    with connected(serve(partial(mailbox, messages=messages)), cls) as M:
        M.login("me", "secret")
        M.select()
        threads = [Thread(work, number) for number in range(1, 5)]
        for thread in threads:
            thread.result(15)
    appended = [text for number, text in messages.items() if number > 4]
    for number in range(1, 5):
        assert appended.count(b"Subject: %d\r\n\r\n" % number) == 30


def test_no_append_has_the_message_of_another_or_none(serve: Serve) -> None:
    class Own(IMAP4):
        def _simple_command(self, name: str, *args: Any) -> Any:  # type: ignore[override]
            if name != "APPEND":
                return super()._simple_command(name, *args)
            both.wait()
            send = super()._simple_command
            try:
                return Thread(lambda: send("APPEND", *args)).result(5)
            finally:
                both.wait()

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.ok(peer.command("NOOP"))

    both = threading.Barrier(2, timeout=5)
    with connected(serve(script), Own) as M:
        appends = [Thread(M.append, "INBOX", None, None, text) for text in (b"a", b"b")]
        for append in appends:
            with pytest.raises(error, match=r"^APPEND: a replaced _simple_command sends it, and"):
                append.result(5)
        M.noop()


@pytest.mark.parametrize("by_command", [False, True])
def test_what_is_sent_behind_the_method_is_refused_without_its_message(
    serve: Serve, by_command: bool
) -> None:
    class Late(IMAP4):
        def _simple_command(self, name: str, *args: Any) -> Any:  # type: ignore[override]
            if by_command:
                later.append(partial(self._command, name, *args))
            else:
                later.append(partial(super()._simple_command, name, *args))
            raise TimeoutError("too late")

    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        assert peer.command("APPEND").args == b'INBOX () CATENATE (URL "/INBOX/;UID=1")'

    later: list[Any] = []
    with connected(serve(script), Late) as M:
        for call in (
            partial(M.append, "INBOX", None, None, b"a"),
            partial(M.append, "INBOX", r"(\Seen)", None, b"a"),
            partial(M.idle, 20),
        ):
            with pytest.raises(TimeoutError):
                call()
            with pytest.raises(error, match=r"a replaced _simple_command sends it"):
                Thread(later.pop()).result(5)
        with pytest.raises(error, match=r"^APPEND: a replaced _simple_command sends it"):
            M._command("APPEND", "INBOX", None, None)
        M._command("APPEND", "INBOX", "()", "CATENATE", '(URL "/INBOX/;UID=1")')


def test_the_name_of_a_command_is_a_str(serve: Serve) -> None:
    class Own(IMAP4):
        def _simple_command(self, name: str, *args: Any) -> Any:  # type: ignore[override]
            names.append(name)
            copies.extend((copy.deepcopy(name), pickle.loads(pickle.dumps(name))))
            return super()._simple_command(name, *args)

    names: list[str] = []
    copies: list[str] = []
    with connected(serve(mailbox), Own) as M:
        M.login("me", "secret")
        assert M.append("INBOX", None, None, MESSAGE)[0] == "OK"
    assert names == ["LOGIN", "APPEND"]
    assert {type(copied) for copied in copies} == {str}
    # Who keeps it doesn't keep the message.
    assert [vars(name)["route"] for name in names] == [None, None]


def test_over_tls(serve: Serve, tls: Contexts) -> None:
    class Own(Counting, IMAP4_SSL):
        """The same over TLS."""

    with connected(serve(mailbox, tls=tls.server), Own, ssl_context=tls.client) as M:
        M.login("me", "secret")
        assert M.select() == ("OK", [b"3"])
        assert M.seen == ["LOGIN", "SELECT"]
