"""Commands, one at a time: results, refusals, errors, literals; and callbacks instead."""

from __future__ import annotations

import email
import email.policy
import threading
from collections.abc import Callable
from typing import Any

import pytest

import imaplib2

from ...core.test_arguments import BUFFERS, overwrite
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
)
from ...server.inside import engine_of
from ...server.scripted import Peer, mailbox

pytestmark = pytest.mark.timeout(20)


def one_noop(peer: Peer) -> None:
    greet_authenticated(peer)
    agree(peer, "NOOP")


REPLIES = [
    ("OK", ("OK", [b"fine"])),
    ("NO", ("NO", [b"fine"])),
]


def answering(status: str) -> Callable[[Peer], None]:
    """A script that answers one NOOP, and proves then that the connection is usable."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.reply(peer.command("NOOP"), status.encode(), b"fine")
        agree(peer, "CHECK", "NOOP")

    return script


@pytest.mark.parametrize(("status", "result"), REPLIES)
def test_replies(serve: Serve, status: str, result: Any) -> None:
    with connected(serve(answering(status))) as M:
        assert M.noop() == result
        assert M.noop() == ("OK", [b"done"])


def test_bad(serve: Serve) -> None:
    with connected(serve(answering("BAD"))) as M:
        with pytest.raises(error, match=r"^NOOP command error: BAD \[b'fine'\]$") as caught:
            M.noop()
        assert type(caught.value) is error
        assert M.noop() == ("OK", [b"done"])


@pytest.mark.parametrize(("status", "result"), REPLIES)
def test_replies_to_a_callback(serve: Serve, status: str, result: Any) -> None:
    calls, argument = Calls(), object()
    with connected(serve(answering(status))) as M:
        assert M.noop(callback=calls, cb_arg=argument) == (None, None)
        assert calls.next() == (result, argument, None)
        assert M.noop() == ("OK", [b"done"])
    assert calls.count == 0


def test_bad_to_a_callback(serve: Serve) -> None:
    calls = Calls()
    with connected(serve(answering("BAD"))) as M:
        assert M.noop(callback=calls) == (None, None)
        assert calls.next() == (None, None, (error, "NOOP command error: BAD [b'fine']"))
        assert M.noop() == ("OK", [b"done"])
    assert calls.count == 0


def test_abort_to_callbacks_and_waiters(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        for _ in range(3):
            peer.command("NOOP", "CREATE")
        peer.close()

    server = serve(script)
    calls = Calls()
    with connected(server) as M:
        M.noop(callback=calls, cb_arg=1)
        M.create("x", callback=calls, cb_arg=2)
        with pytest.raises(abort) as caught:
            M.noop()
        for number in (1, 2):
            result, argument, (kind, text) = calls.next()
            assert (result, argument, kind) == (None, number, abort)
            assert text == str(caught.value)
            assert text.startswith("socket error: EOF")
    assert calls.count == 0


def test_no_exception_is_shared(serve: Serve) -> None:
    arrived = threading.Semaphore(0)

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        for _ in range(3):
            peer.command("NOOP")
            arrived.release()
        peer.reset()

    with connected(serve(script)) as M:
        threads = [Thread(failure, M.noop) for _ in range(3)]
        problems = [thread.result() for thread in threads]
        assert len({id(problem) for problem in problems}) == 3
        assert all(problem.__cause__ is problems[0].__cause__ for problem in problems)


STATES = [
    ("search", (None, "ALL"), "SEARCH"),
    ("fetch", ("1", "FLAGS"), "FETCH"),
    ("select", (), "SELECT"),
    ("append", ("INBOX", None, None, b"x"), "APPEND"),
    ("uid", ("fetch", "1", "FLAGS"), "FETCH"),
    ("idle", (), "IDLE"),
    ("enable", ("X",), "ENABLE"),
]


@pytest.mark.parametrize("options", [{}, {"callback": print}])
@pytest.mark.parametrize(("method", "arguments", "name"), STATES)
def test_illegal_states_are_told_at_once(
    serve: Serve, method: str, arguments: tuple[Any, ...], name: str, options: dict[str, Any]
) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"IDLE ENABLE")
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        with pytest.raises(error, match=f"^command {name} illegal in state NONAUTH") as caught:
            getattr(M, method)(*arguments, **options)
        assert not isinstance(caught.value, abort)
        assert M.literal is None
        assert M.tagged_commands == {}
        M.noop()


def test_the_text_of_an_illegal_state(serve: Serve) -> None:
    with connected(serve(mailbox)) as M:
        M.login("a", "b")
        with pytest.raises(
            error,
            match=r"^command SEARCH illegal in state AUTH, only allowed in states SELECTED$",
        ):
            M.search(None, "ALL")


def test_after_logout(serve: Serve) -> None:
    calls = Calls()
    with connected(serve(mailbox)) as M:
        assert M.logout() == ("BYE", [b"logging out"])
        assert M.state == imaplib2.LOGOUT
        with pytest.raises(error, match=r"^command FETCH illegal in state LOGOUT"):
            M.fetch("1", "FLAGS")
        with pytest.raises(error, match=r"^command FETCH illegal in state LOGOUT"):
            M.fetch("1", "FLAGS", callback=calls)
        with pytest.raises(abort):
            M.noop()
        assert M.logout()[0] == "BYE"
        M.logout(callback=calls)
        assert calls.next()[0][0] == "BYE"
        assert calls.count == 0


def test_logout_with_a_callback(serve: Serve) -> None:
    calls = Calls()
    M = imaplib2.IMAP4(*address(serve(mailbox)))
    M.noop(callback=calls)
    assert M.logout(callback=calls, cb_arg=7) == (None, None)
    assert calls.next() == (("OK", [b"done"]), None, None)
    assert calls.next() == (("BYE", [b"logging out"]), 7, None)
    assert M.Terminate


def test_logouts_at_the_same_time(serve: Serve) -> None:
    M = imaplib2.IMAP4(*address(serve(mailbox)))
    threads = [Thread(M.logout) for _ in range(4)]
    assert [thread.result()[0] for thread in threads] == ["BYE"] * 4


def test_logout_completes_what_is_in_progress(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        commands = [peer.command("NOOP"), peer.command("NOOP")]
        for command in commands:
            peer.ok(command)
        peer.serve_logout()

    calls = Calls()
    M = imaplib2.IMAP4(*address(serve(script)))
    M.noop(callback=calls)
    M.noop(callback=calls)
    assert M.logout() == ("BYE", [b"logging out"])
    assert [calls.next()[0], calls.next()[0]] == [("OK", [b"done"])] * 2


# Literals


@pytest.mark.parametrize("capabilities", [b"", b"LITERAL+", b"LITERAL-"])
@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("size", [0, 10, 5000])
def test_append(serve: Serve, capabilities: bytes, asynchronous: bool, size: int) -> None:
    message, seen = b"x" * size, []

    def script(peer: Peer) -> None:
        greet_authenticated(peer, capabilities)
        command = peer.command("APPEND")
        seen.append((command.words[-1], b"+}" in command.raw))
        peer.ok(command)
        agree(peer, "NOOP")

    calls = Calls()
    with connected(serve(script)) as M:
        if asynchronous:
            M.append("INBOX", None, None, message, callback=calls)
            M.noop(callback=calls)
            outcomes = [calls.next(), calls.next()]
            assert outcomes == [(("OK", [b"done"]), None, None)] * 2
        else:
            assert M.append("INBOX", None, None, message) == ("OK", [b"done"])
            M.noop()
    non_synchronizing = capabilities == b"LITERAL+" or (capabilities != b"" and size <= 4096)
    assert seen == [(message, non_synchronizing)]


@pytest.mark.parametrize("status", [b"NO", b"BAD"])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_refused_literal_is_not_sent(serve: Serve, status: bytes, asynchronous: bool) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        command = peer.command("APPEND", continuation=None)
        assert command.pending == 3
        peer.reply(command, status, b"[TRYCREATE] no such mailbox")
        agree(peer, "NOOP")
        peer.ok(peer.command("APPEND"), b"stored")

    calls = Calls()
    with connected(serve(script)) as M:
        if asynchronous:
            M.append("nowhere", None, None, b"abc", callback=calls)
            result, _, problem = calls.next()
        else:
            try:
                result, problem = M.append("nowhere", None, None, b"abc"), None
            except error as caught:
                result, problem = None, (type(caught), str(caught))
        if status == b"NO":
            assert (result, problem) == (("NO", [b"[TRYCREATE] no such mailbox"]), None)
        else:
            text = "APPEND command error: BAD [b'[TRYCREATE] no such mailbox']"
            assert (result, problem) == (None, (error, text))
        assert M.literal is None
        assert M.noop() == ("OK", [b"done"])
        assert M.append("here", None, None, b"abc") == ("OK", [b"stored"])


LATER = b"x\r\nA1 DELETE INBOX\r\n" * 10


class LateServer:
    """Takes the message of an APPEND when `changed` is set, and then a NOOP."""

    def __init__(self) -> None:
        self.changed = threading.Event()
        self.seen: list[tuple[bytes, ...]] = []

    def script(self, peer: Peer) -> None:
        greet_authenticated(peer)
        command = peer.command("APPEND", continuation=None)
        peer.pause(self.changed)
        command = peer.complete(command)
        self.seen.append(command.literals)
        peer.ok(command)
        agree(peer, "NOOP")  # nothing of the message is taken for a command


@pytest.mark.parametrize("kind", BUFFERS)
@pytest.mark.parametrize("way", ["append", "literal", "raw"])
def test_a_buffer_may_be_used_again_before_the_server_wants_it(
    serve: Serve, kind: str, way: str
) -> None:
    late, buffer, calls = LateServer(), BUFFERS[kind](), Calls()
    with connected(serve(late.script)) as M:
        if way == "append":
            M.append("INBOX", None, None, buffer, callback=calls)
        else:
            M.literal = buffer
            if way == "literal":
                M._simple_command("APPEND", "INBOX", callback=calls)
            else:
                tag = M._command("APPEND", "INBOX")
        overwrite(buffer)
        late.changed.set()
        if way == "raw":
            assert M._command_complete("APPEND", tag) == ("OK", [b"done"])
        else:
            assert calls.next() == (("OK", [b"done"]), None, None)
        M.noop()
    assert late.seen == [(b"abcd",)]


@pytest.mark.parametrize("size", [0, 3, 1000])
def test_a_buffer_of_an_interrupted_call_may_change(
    serve: Serve, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(pending: Any) -> Any:
        raise KeyboardInterrupt

    late, buffer = LateServer(), bytearray(b"abc")
    with connected(serve(late.script)) as M:
        with monkeypatch.context() as patched:
            patched.setattr(engine_of(M), "wait", interrupted)
            with pytest.raises(KeyboardInterrupt):
                M.append("INBOX", None, None, buffer)
        buffer[:] = (LATER * 10)[:size]
        late.changed.set()
        M.noop()
    assert late.seen == [(b"abc",)]


def test_several_literals_in_one_command(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        command = peer.login(b"[CAPABILITY IMAP4rev1] hello")
        assert command.words == ["ü".encode(), "ä".encode()]

    with connected(serve(script)) as M:
        M.login("ü", "ä")


def test_the_server_may_say_something_before_the_plus(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        command = peer.command("APPEND", continuation=None)
        peer.untagged(b"4 EXISTS", b"OK [ALERT] soon full")
        peer.ok(peer.complete(command))

    with connected(serve(script)) as M:
        assert M.append("INBOX", None, None, b"abc") == ("OK", [b"done"])
        assert M.response("EXISTS") == ("EXISTS", [b"4"])


def test_a_stray_plus_means_nothing(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.line(b"+ what")
        command = peer.command("NOOP")
        peer.line(b"+ ")
        peer.ok(command)

    with connected(serve(script)) as M:
        assert M.noop() == ("OK", [b"done"])


@pytest.mark.parametrize(
    "arguments", [("a\0b",), ("a\r\nx LOGOUT",), (b"a\nb",)], ids=["NUL", "CRLF", "bytes"]
)
@pytest.mark.parametrize("options", [{}, {"callback": print}])
def test_what_cannot_be_sent_is_told_at_once(
    serve: Serve, arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    with connected(serve(mailbox)) as M:
        M.login("a", "b")
        with pytest.raises(error) as caught:
            M.create(*arguments, **options)
        assert isinstance(caught.value, ValueError)
        assert "CREATE" in str(caught.value)
        assert M.tagged_commands == {}
        M.noop()


def test_responses(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.select(7)
        command = peer.command("NOOP")
        peer.untagged(b"8 EXISTS", b"2 RECENT", b"9 EXISTS")
        peer.ok(command)

    with connected(serve(script)) as M:
        assert M.select() == ("OK", [b"7"])
        assert M.response("UIDVALIDITY") == ("UIDVALIDITY", [b"1"])
        M.noop()
        assert M.response("exists") == ("exists", [b"7", b"8", b"9"])
        assert M.response("EXISTS") == ("EXISTS", [None])
        assert M.recent() == ("OK", [b"0", b"2"])
        assert next(typ for typ, _ in M.pop_untagged_responses()) == "FLAGS"
        assert next(M.pop_untagged_responses())[0] == "PERMANENTFLAGS"
        assert M.response("UIDNEXT")[1] != [None]
        assert M.pop_untagged_responses() is not None
        assert list(M.pop_untagged_responses()) != []
        assert list(M.pop_untagged_responses()) == []


def test_a_response_may_be_called_back(serve: Serve) -> None:
    calls = Calls()
    with connected(serve(mailbox)) as M:
        M.login("user", "secret")
        M.select()
        assert M.response("uidvalidity", callback=calls, cb_arg=1) == (None, None)
        assert calls.next() == (("uidvalidity", [b"1"]), 1, None)
        assert M.response("UIDVALIDITY") == ("UIDVALIDITY", [None])
        M.logout()
        M.response("EXISTS", callback=calls)
        assert calls.next() == (("EXISTS", [b"3"]), None, None)
    assert calls.count == 0


def test_responses_that_the_user_adds(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        untagged = M.untagged_responses
        M.untagged_responses += [["EXISTS", [b"3"]]]
        assert M.untagged_responses is untagged
        assert M.response("EXISTS") == ("EXISTS", [b"3"])
        M.noop()


def test_recent_refused(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        for _ in range(2):
            peer.no(peer.command("NOOP"), b"no news")
        agree(peer, "NOOP")

    calls = Calls()
    with connected(serve(script)) as M:
        assert M.recent() == ("NO", [b"no news"])
        M.recent(callback=calls)
        assert calls.next() == (("NO", [b"no news"]), None, None)
        assert M.recent() == ("OK", [None])


def address(server: Any) -> tuple[str, int]:
    return server.host, server.port


# What email makes

LETTER = b"From: a@example.org\nSubject: hello\n\nHello,\n.\n"


def _as_message(policy: Any) -> Any:
    return email.message_from_bytes(LETTER, policy=policy)


@pytest.mark.parametrize(
    "policy",
    [email.policy.compat32, email.policy.default, email.policy.SMTP, email.policy.SMTPUTF8],
)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_append_takes_a_message_of_the_email_package(
    serve: Serve, policy: Any, asynchronous: bool
) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"LITERAL+")
        command = peer.command("APPEND")
        assert command.literals == (LETTER.replace(b"\n", b"\r\n"),)
        peer.ok(command)

    calls = Calls()
    with connected(serve(script)) as M:
        message = _as_message(policy)
        options = {"callback": calls} if asynchronous else {}
        outcome = M.append("INBOX", None, None, message, **options)
        assert (calls.next()[0] if asynchronous else outcome) == ("OK", [b"done"])
        assert message.as_bytes() == LETTER.replace(b"\n", policy.linesep.encode())


def test_a_message_with_parts_and_text_that_is_not_ascii(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"LITERAL+")
        command = peer.command("APPEND")
        (text,) = command.literals
        assert text.count(b"\n") == text.count(b"\r\n") == text.count(b"\r")
        again = email.message_from_bytes(text, policy=email.policy.default)
        assert again["Subject"] == "Grüße"
        body, attachment = again.iter_parts()
        assert body.get_content().splitlines() == ["schöne Grüße"]
        assert attachment.get_content() == b"\0\r\n\xff\n"
        peer.ok(command)

    message = email.message.EmailMessage()
    message["Subject"] = "Grüße"
    message.set_content("schöne Grüße\n")
    message.add_attachment(b"\0\r\n\xff\n", "application", "octet-stream")
    with connected(serve(script)) as M:
        assert M.append("INBOX", None, None, message)[0] == "OK"


def test_a_message_that_can_not_be_written(serve: Serve) -> None:
    message = email.message.Message()
    message["Subject"] = "hello"
    message.set_payload("\u00fc\ud800")
    with connected(serve(one_noop)) as M:
        with pytest.raises(error, match=r"^APPEND: the message can't be written: ") as caught:
            M.append("INBOX", None, None, message)
        assert isinstance(caught.value, ValueError)
        assert M.literal is None
        M.noop()


@pytest.mark.parametrize("message", ["text", None, 5, ["a"], object(), email])
def test_what_is_no_message(serve: Serve, message: Any) -> None:
    with connected(serve(one_noop)) as M:
        with pytest.raises(TypeError, match=r"^APPEND: a message must be bytes, not \w+$"):
            M.append("INBOX", None, None, message)
        M.noop()
