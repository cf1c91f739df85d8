"""Logging in by a token, or as whom TLS has shown: what is sent, and what a refusal tells."""

from __future__ import annotations

import base64
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from ...server.exchanges import challenge, initial
from ...server.helpers import Calls, Serve, agree, connected, error, failure, greet
from ...server.scripted import Peer

pytestmark = pytest.mark.timeout(20)

WELCOME = b"[CAPABILITY IMAP4rev1] welcome"
TOKEN = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
CHALLENGE = b'{"status":"401","schemes":"bearer","scope":"https://mail.example.org/"}'


def expecting(
    mechanism: str, message: Callable[[Peer], bytes], offered: bytes
) -> Callable[[Peer], None]:
    """A server that lets in who says this *message*."""

    def script(peer: Peer) -> None:
        greet(peer, offered)
        command = peer.command("AUTHENTICATE")
        assert command.words[0].decode() == mechanism
        assert len(command.words) == (2 if b"SASL-IR" in offered else 1)
        assert initial(peer, command) == message(peer)
        peer.ok(command, WELCOME)
        peer.hold()

    return script


def oauthbearer_message(peer: Peer) -> bytes:
    port = peer.sock.getsockname()[1]
    return f"n,a=me,\1host=127.0.0.1\1port={port}\1auth=Bearer {TOKEN}\1\1".encode()


MESSAGES: dict[str, Callable[[Peer], bytes]] = {
    "XOAUTH2": lambda peer: f"user=me\1auth=Bearer {TOKEN}\1\1".encode(),
    "OAUTHBEARER": oauthbearer_message,
}


@pytest.mark.parametrize("offered", [b"", b"SASL-IR"])
@pytest.mark.parametrize("token", [TOKEN, TOKEN.encode(), lambda: TOKEN])
@pytest.mark.parametrize("mechanism", MESSAGES)
def test_a_token_is_shown(serve: Serve, mechanism: str, token: Any, offered: bytes) -> None:
    with connected(serve(expecting(mechanism, MESSAGES[mechanism], offered))) as M:
        login = getattr(M, f"login_{mechanism.lower()}")
        assert login("me", token) == ("OK", [WELCOME])
        assert M.state == "AUTH"


def test_a_token_is_asked_for_each_time(serve: Serve) -> None:
    tokens = iter(["one", "two"])

    def script(peer: Peer) -> None:
        greet(peer, b"SASL-IR")
        for token in (b"one", b"two"):
            command = peer.command("AUTHENTICATE")
            assert initial(peer, command) == b"user=me\1auth=Bearer %b\1\1" % token
            peer.no(command)

    with connected(serve(script)) as M:
        for _ in range(2):
            with pytest.raises(error, match="refused"):
                M.login_xoauth2("me", lambda: next(tokens))


def refusing(
    text: bytes, farewell: bytes, end: bytes = b"NO [AUTHENTICATIONFAILED] no"
) -> Callable[[Peer], None]:
    """A server that says why not, and insists on the right answer to that."""

    def script(peer: Peer) -> None:
        greet(peer, b"SASL-IR")
        command = peer.command("AUTHENTICATE")
        initial(peer, command)
        assert challenge(peer, text) == farewell
        peer.line(command.tag + b" " + end)
        agree(peer, "NOOP")

    return script


@pytest.mark.parametrize(("mechanism", "farewell"), [("xoauth2", b""), ("oauthbearer", b"\1")])
def test_an_error_challenge_stands_in_the_exception(
    serve: Serve, mechanism: str, farewell: bytes
) -> None:
    with connected(serve(refusing(CHALLENGE, farewell))) as M:
        with pytest.raises(error) as got:
            getattr(M, f"login_{mechanism}")("me", TOKEN)
        assert got.value.challenge == {
            "status": "401", "schemes": "bearer", "scope": "https://mail.example.org/",
        }  # fmt: skip
        assert str(got.value) == (
            "[AUTHENTICATIONFAILED] no"
            " (status: 401, schemes: bearer, scope: https://mail.example.org/)"
        )
        copy = pickle.loads(pickle.dumps(got.value))
        assert (copy.challenge, str(copy)) == (got.value.challenge, str(got.value))
        assert M.noop()[0] == "OK"


def test_a_callback_is_told_of_it(serve: Serve) -> None:
    calls = Calls()
    with connected(serve(refusing(CHALLENGE, b""))) as M:
        M.login_xoauth2("me", TOKEN, callback=calls, cb_arg="mine")
        result, argument, (kind, text) = calls.next()
        assert (result, argument, kind) == (None, "mine", error)
        assert "status: 401" in text
        assert text.error.challenge["status"] == "401"
        M.noop()


@pytest.mark.parametrize(
    ("text", "said"),
    [(b"", "no"), (b"\x1b[2J\r\nbye", r"no (\x1b[2J\x0d\x0abye)"), (b"x" * 9000, "x" * 500 + ")")],
)
def test_a_challenge_that_is_no_json(serve: Serve, text: bytes, said: str) -> None:
    with connected(serve(refusing(text, b""))) as M:
        with pytest.raises(error) as got:
            M.login_xoauth2("me", TOKEN)
        assert got.value.challenge == {}
        assert str(got.value).endswith(said)
        M.noop()


def test_a_bad_behind_it(serve: Serve) -> None:
    with connected(serve(refusing(CHALLENGE, b"", b"BAD never"))) as M:
        problem = failure(M.login_xoauth2, "me", TOKEN)
        assert str(problem).startswith("AUTHENTICATE command error: BAD [b'never'] (status: 401")
        assert isinstance(problem, error)
        assert (problem.type, problem.text) == ("BAD", "never")
        M.noop()


def test_a_refusal_without_a_challenge(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        peer.no(peer.command("AUTHENTICATE"), b"no such mechanism")

    with connected(serve(script)) as M:
        with pytest.raises(error, match=r"^no such mechanism$") as got:
            M.login_oauthbearer("me", TOKEN)
        assert got.value.challenge is None


def test_what_can_not_be_sent_is_refused_before(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"SASL-IR")
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        for method in (M.login_xoauth2, M.login_oauthbearer):
            with pytest.raises(ValueError, match="user or token holds"):
                method("me", "a\1b")
            with pytest.raises(TypeError, match="token must be str or bytes"):
                method("me", None)
        with pytest.raises(ValueError, match="user holds NUL"):
            M.login_external("a\0b")
        assert M.noop()[0] == "OK"


@pytest.mark.parametrize("offered", [b"", b"SASL-IR"])
@pytest.mark.parametrize("user", ["", "fred"])
def test_external(serve: Serve, offered: bytes, user: str) -> None:
    with connected(serve(expecting("EXTERNAL", lambda peer: user.encode(), offered))) as M:
        assert M.login_external(*([user] if user else [])) == ("OK", [WELCOME])
        assert M.state == "AUTH"


def test_external_says_nobody_by_a_sign(serve: Serve) -> None:
    """An empty initial response isn't one that is missing (RFC 4959, section 3)."""

    def script(peer: Peer) -> None:
        greet(peer, b"SASL-IR")
        command = peer.command("AUTHENTICATE")
        assert command.args == b"EXTERNAL ="
        peer.line(b"+ " + base64.b64encode(b"who?"))
        peer.expect(b"*")
        peer.bad(command)

    with connected(serve(script)) as M, pytest.raises(error, match="BAD"):
        M.login_external()
