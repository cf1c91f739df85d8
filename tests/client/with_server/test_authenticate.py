"""SASL exchanges: what authenticators get, what they may give, and how they may fail."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Callable
from typing import Any

import pytest

from ...server.helpers import Calls, Serve, abort, agree, connected, error, failure, greet
from ...server.inside import reader_thread
from ...server.scripted import Peer

pytestmark = pytest.mark.timeout(20)

WELCOME = b"[CAPABILITY IMAP4rev1] welcome"


def exchange(*steps: tuple[bytes, bytes], end: bytes = b"OK " + WELCOME) -> Callable[..., None]:
    """A script: challenges and the responses that must follow, all without base64."""

    def script(peer: Peer) -> None:
        greet(peer, b"AUTH=PLAIN AUTH=CRAM-MD5")
        command = peer.command("AUTHENTICATE")
        for challenge, response in steps:
            peer.line(b"+ " + base64.b64encode(challenge))
            assert base64.b64decode(peer.readline(), validate=True) == response
        peer.line(command.tag + b" " + end)
        peer.relax()
        agree(peer, "NOOP")

    return script


def cancelled(peer: Peer) -> None:
    greet(peer, b"AUTH=PLAIN")
    command = peer.command("AUTHENTICATE")
    peer.line(b"+ ")
    peer.expect(b"*")
    peer.bad(command, b"cancelled")
    agree(peer, "NOOP")


def check_usable(M: Any) -> None:
    assert M.noop() == ("OK", [b"done"])


def test_plain(serve: Serve) -> None:
    with connected(serve(exchange((b"", b'\0me\0se cr"et')))) as M:
        assert M.login_plain("me", 'se cr"et') == ("OK", [WELCOME])
        assert M.state == "AUTH"
        assert M.capabilities == ("IMAP4REV1",)
        check_usable(M)


@pytest.mark.parametrize("challenge", [b"+", b"+ ", b"+ go ahead", b"+ a", b"+ =", b"+ \xff"])
def test_plain_whatever_the_challenge(serve: Serve, challenge: bytes) -> None:
    """Its message does not depend on that."""

    def script(peer: Peer) -> None:
        greet(peer, b"AUTH=PLAIN")
        command = peer.command("AUTHENTICATE")
        peer.line(challenge)
        peer.expect(base64.b64encode(b"\0me\0secret"))
        peer.ok(command, WELCOME)
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        assert M.login_plain("me", "secret") == ("OK", [WELCOME])
        check_usable(M)


def test_words_as_the_challenge_to_another_authenticator(serve: Serve) -> None:
    """It is cancelled: nobody knows whether that would do with nothing."""

    def script(peer: Peer) -> None:
        greet(peer, b"AUTH=PLAIN")
        command = peer.command("AUTHENTICATE")
        peer.line(b"+ go ahead")
        peer.expect(b"*")
        peer.bad(command, b"cancelled")
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        with pytest.raises(error, match="not base64"):
            M.authenticate("PLAIN", lambda challenge: b"\0me\0secret")
        check_usable(M)


def test_plain_in_utf8(serve: Serve) -> None:
    with connected(serve(exchange((b"", "\0mé\0pässwörd".encode())))) as M:
        assert M.login_plain("mé", "pässwörd")[0] == "OK"


def test_plain_with_an_initial_response(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"AUTH=PLAIN SASL-IR")
        command = peer.command("AUTHENTICATE")
        assert command.words == [b"PLAIN", base64.b64encode(b"\0me\0secret")]
        peer.ok(command, WELCOME)

    with connected(serve(script)) as M:
        assert M.login_plain("me", "secret") == ("OK", [WELCOME])


def test_cram_md5(serve: Serve) -> None:
    challenge = b"<1896.697170952@postoffice.example.net>"
    digest = b"b913a602c7eda7a495b4e6e7334d3890"  # RFC 2195, section 2
    challenge = b"<1896.697170952@postoffice.reston.mci.net>"
    assert hmac.new(b"tanstaaftanstaaf", challenge, hashlib.md5).hexdigest().encode() == digest
    with connected(serve(exchange((challenge, b"tim " + digest)))) as M:
        assert M.login_cram_md5("tim", "tanstaaftanstaaf") == ("OK", [WELCOME])
        assert M.state == "AUTH"


def test_the_mechanism_is_upper_case(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        command = peer.command("AUTHENTICATE")
        assert command.words == [b"X-OWN"]
        peer.ok(command, WELCOME)

    with connected(serve(script)) as M:
        assert M.authenticate("x-own", lambda challenge: b"")[0] == "OK"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_several_steps(serve: Serve, kind: Callable[[bytes], Any]) -> None:
    steps = [(b"one", b"1"), (b"", b""), (bytes(range(256)), b"\xff\0"), (b"long", b"x" * 3000)]
    seen = []

    def authenticator(challenge: bytes) -> Any:
        assert type(challenge) is bytes
        seen.append(challenge)
        return kind(steps[len(seen) - 1][1])

    with connected(serve(exchange(*steps))) as M:
        assert M.authenticate("X", authenticator) == ("OK", [WELCOME])
    assert seen == [challenge for challenge, _ in steps]


def test_a_str_is_sent_as_utf8(serve: Serve) -> None:
    with connected(serve(exchange((b"", "grüße".encode())))) as M:
        assert M.authenticate("X", lambda challenge: "grüße")[0] == "OK"


def test_a_bare_plus(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        command = peer.command("AUTHENTICATE")
        peer.line(b"+")
        peer.expect(b"eA==")
        peer.ok(command, WELCOME)

    with connected(serve(script)) as M:
        assert M.authenticate("X", lambda challenge: b"x")[0] == "OK"


def test_none_cancels(serve: Serve) -> None:
    with connected(serve(cancelled)) as M:
        with pytest.raises(error, match=r"AUTHENTICATE command error: BAD \[b'cancelled'\]"):
            M.authenticate("X", lambda challenge: None)
        assert M.state == "NONAUTH"
        check_usable(M)


def test_an_authenticator_that_waits_for_another_command(serve: Serve) -> None:
    """Which waits for the login: neither would end."""

    def authenticator(challenge: bytes) -> bytes:
        problems.append(failure(M.noop))
        M.noop(callback=calls)
        return b"x"

    problems: list[BaseException] = []
    calls = Calls()

    def script(peer: Peer) -> None:
        exchange((b"", b"x"))(peer)
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        assert M.authenticate("PLAIN", authenticator)[0] == "OK"
        assert [str(problem) for problem in problems] == [
            "NOOP would wait for AUTHENTICATE, and that for it"
        ]
        assert calls.next() == (("OK", [b"done"]), None, None)


def test_an_authenticator_that_raises(serve: Serve) -> None:
    problem = KeyError("no token")

    def authenticator(challenge: bytes) -> bytes:
        raise problem

    with connected(serve(cancelled)) as M:
        assert failure(M.authenticate, "X", authenticator) is problem
        check_usable(M)


def test_an_authenticator_that_raises_with_a_callback(serve: Serve) -> None:
    def authenticator(challenge: bytes) -> bytes:
        raise KeyError("no token")

    calls = Calls()
    with connected(serve(cancelled)) as M:
        M.authenticate("X", authenticator, callback=calls)
        assert calls.next() == (None, None, (KeyError, "'no token'"))
        check_usable(M)
    assert calls.count == 0


def test_an_authenticator_that_gives_nonsense(serve: Serve) -> None:
    with connected(serve(cancelled)) as M:
        assert isinstance(failure(M.authenticate, "X", lambda challenge: 3.14), TypeError)
        check_usable(M)


def test_a_challenge_that_is_not_base64(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        command = peer.command("AUTHENTICATE")
        peer.line(b"+ a")
        peer.expect(b"*")
        peer.bad(command)
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        with pytest.raises(error, match="base64"):
            M.authenticate("X", lambda challenge: b"")
        check_usable(M)


@pytest.mark.parametrize("when", ["at once", "later"])
@pytest.mark.parametrize("how", ["plain", "authenticate", "cram", "login"])
def test_refused(serve: Serve, when: str, how: str) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        command = peer.command("AUTHENTICATE", "LOGIN")
        if when == "later" and command.name == "AUTHENTICATE":
            peer.line(b"+ ")
            peer.readline()
        peer.no(command, "[AUTHENTICATIONFAILED] schade für dich".encode())
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        call: Callable[..., Any] = {
            "plain": lambda: M.login_plain("me", "secret"),
            "authenticate": lambda: M.authenticate("X", lambda challenge: b""),
            "cram": lambda: M.login_cram_md5("me", "secret"),
            "login": lambda: M.login("me", "secret"),
        }[how]
        problem = failure(call)
        assert type(problem) is error
        assert str(problem) == "[AUTHENTICATIONFAILED] schade für dich"
        assert M.state == "NONAUTH"
        check_usable(M)


def test_refused_to_a_callback(serve: Serve) -> None:
    calls = Calls()
    with connected(serve(exchange((b"", b"x"), end=b"NO wrong"))) as M:
        M.authenticate("X", lambda challenge: b"x", callback=calls)
        assert calls.next() == (None, None, (error, "wrong"))
        check_usable(M)


def test_a_callback_s_authenticator_runs_among_callbacks(serve: Serve) -> None:
    threads = []

    def authenticator(challenge: bytes) -> bytes:
        threads.append(threading.current_thread().name)
        return b"x"

    calls = Calls()
    with connected(serve(exchange((b"", b"x"))), identifier="me") as M:
        M.authenticate("X", authenticator, callback=calls)
        assert calls.next() == (("OK", [WELCOME]), None, None)
    assert threads == ["me callbacks"]


def test_an_authenticator_runs_in_its_caller_s_thread(serve: Serve) -> None:
    threads = []

    def authenticator(challenge: bytes) -> bytes:
        threads.append(threading.current_thread())
        return b"x"

    with connected(serve(exchange((b"", b"x")))) as M:
        M.authenticate("X", authenticator)
    assert threads == [threading.current_thread()]


def test_the_end_during_an_authenticator(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        peer.command("AUTHENTICATE")
        peer.line(b"+ ")
        peer.close()

    with connected(serve(script)) as M:

        def authenticator(challenge: bytes) -> bytes:
            reader_thread(M).join(5)
            return b"x"

        problem = failure(M.authenticate, "X", authenticator)
        assert isinstance(problem, abort)
        assert str(problem).startswith("socket error: EOF")


def test_capabilities_behind_an_authentication_are_asked_for(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"BEFORE")
        peer.ok(peer.command("AUTHENTICATE"), b"welcome")
        peer.capability(b"IMAP4rev1 BEHIND")
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        assert M.authenticate("X", lambda challenge: b"") == ("OK", [b"welcome"])
        assert M.capabilities == ("IMAP4REV1", "BEHIND")
        assert M.response("CAPABILITY")[0] == "CAPABILITY"
        check_usable(M)
