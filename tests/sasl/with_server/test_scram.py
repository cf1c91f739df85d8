"""Logging in by SCRAM: sessions with a server that proves itself, and with those that don't."""

from __future__ import annotations

import base64
import hashlib
import ssl
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from ...needs import need_package
from ...server.contexts import Contexts
from ...server.exchanges import challenge, converse, initial
from ...server.helpers import (
    Calls,
    Serve,
    abort,
    agree,
    connected,
    error,
    failure,
    forget,
    greet,
    wait_over,
)
from ...server.scripted import Peer
from ..scram_server import SALT, ScramServer

need_package("scramp")

pytestmark = pytest.mark.timeout(20)

WELCOME = b"[CAPABILITY IMAP4rev1] welcome"
BOTH = b"AUTH=SCRAM-SHA-1 AUTH=SCRAM-SHA-256"
PLUS = b"AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256"


def proving(offered: bytes, password: str = "secret") -> Callable[[Peer], None]:
    """A server that does what it ought to do."""

    def script(peer: Peer) -> None:
        greet(peer, offered)
        peer.relax()
        command = peer.command("AUTHENTICATE")
        scram = ScramServer(command.words[0].decode(), password)
        if converse(peer, command, scram):
            peer.ok(command, WELCOME)
        else:
            peer.no(command, b"[AUTHENTICATIONFAILED] wrong")
        agree(peer, "NOOP")

    return script


def breaking(*texts: bytes, end: bytes | None, then: str = "AUTHENTICATE") -> Callable[..., None]:
    """A server whose messages are *texts*, in which NONCE is the client's; then the tagged *end*.

    An *end* of None is the end of file. The client's last response must be empty, or cancel.
    """

    def script(peer: Peer) -> None:
        greet(peer, BOTH + b" SASL-IR")
        peer.relax()
        command = peer.command("AUTHENTICATE")
        nonce = initial(peer, command).rpartition(b"r=")[2]
        for text in texts:
            challenge(peer, text.replace(b"NONCE", nonce))
        if end is None:
            peer.close()
            return
        peer.line(command.tag + b" " + end)
        agree(peer, "NOOP")

    return script


FIRST = b"r=NONCEx,s=%b,i=4096" % base64.b64encode(SALT)


@pytest.mark.parametrize("offered", [BOTH, BOTH + b" SASL-IR", b"AUTH=SCRAM-SHA-1 SASL-IR"])
@pytest.mark.parametrize("password", ["secret", b"secret", lambda: "secret"])
def test_both_sides_prove_themselves(serve: Serve, offered: bytes, password: Any) -> None:
    with connected(serve(proving(offered))) as M:
        assert M.login_scram("me", password) == ("OK", [WELCOME])
        assert M.state == "AUTH"
        assert M.noop() == ("OK", [b"done"])


@pytest.mark.parametrize("offered", [BOTH, BOTH + b" SASL-IR"])
def test_a_callback_is_told(serve: Serve, offered: bytes) -> None:
    calls = Calls()
    with connected(serve(proving(offered))) as M:
        assert M.login_scram("me", "secret", callback=calls, cb_arg="mine") == (None, None)
        assert calls.next() == (("OK", [WELCOME]), "mine", None)
        assert M.noop()[0] == "OK"


def test_from_a_callback(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer, BOTH)
        agree(peer, "NOOP")
        command = peer.command("AUTHENTICATE")
        assert converse(peer, command, ScramServer())
        peer.ok(command, WELCOME)

    outcomes = Calls()
    with connected(serve(script)) as M:
        M.noop(callback=lambda outcome: outcomes(M.login_scram("me", "secret")))
        assert outcomes.next() == ("OK", [WELCOME])


def test_nothing_of_it_keeps_the_client(serve: Serve) -> None:
    with connected(serve(proving(BOTH))) as M:
        M.login_scram("me", "secret", callback=(calls := Calls()))
        calls.next()
        M.noop()
        reference = weakref.ref(M)
        connections = [M]
    del M
    forget(connections)
    assert reference() is None


def test_words_as_the_first_challenge(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer, BOTH)
        command = peer.command("AUTHENTICATE")
        peer.line(b"+ go ahead")
        scram = ScramServer()
        first = scram.first(base64.b64decode(peer.readline()))
        assert challenge(peer, scram.final(challenge(peer, first))) == b""
        peer.ok(command, WELCOME)

    with connected(serve(script)) as M:
        assert M.login_scram("me", "secret") == ("OK", [WELCOME])


def test_a_wrong_password(serve: Serve) -> None:
    with connected(serve(proving(BOTH))) as M:
        with pytest.raises(error) as got:
            M.login_scram("me", "wrong")
        assert str(got.value) == "[AUTHENTICATIONFAILED] wrong (invalid-proof)"
        assert (got.value.command, got.value.type) == ("AUTHENTICATE", "NO")
        assert (got.value.code, got.value.text) == ("AUTHENTICATIONFAILED", "wrong")
        assert not isinstance(got.value, abort)
        assert M.state == "NONAUTH"
        assert M.noop()[0] == "OK"


def test_a_server_that_does_not_offer_it(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"AUTH=PLAIN")
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        with pytest.raises(error, match=r"^Server does not support SCRAM-SHA-256 or SCRAM-SHA-1$"):
            M.login_scram("me", lambda: "secret")
        assert M.noop()[0] == "OK"


def test_nobody_is_asked_for_a_password_in_vain(serve: Serve) -> None:
    def ask() -> str:
        pytest.fail("asked")

    def script(peer: Peer) -> None:
        greet(peer, BOTH, b"PREAUTH")
        peer.hold()

    with connected(serve(script)) as M:
        for login in (M.login_scram, M.login_xoauth2, M.login_oauthbearer, M.login_best):
            with pytest.raises(error, match="command AUTHENTICATE illegal in state AUTH"):
                login("me", ask)


# -- Channel binding ------------------------------------------------------------------------------


def end_point(tls: Contexts) -> bytes:
    """The server's certificate by its hash."""
    der = ssl.PEM_cert_to_DER_cert(tls.files.certificate.read_text("ascii"))
    return hashlib.sha256(der).digest()


def context(tls: Contexts, version: ssl.TLSVersion) -> ssl.SSLContext:
    """A client that trusts the server, and speaks at most this *version*."""
    made = ssl.create_default_context(cafile=tls.files.ca)
    made.maximum_version = version
    return made


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("starttls", [False, True])
def test_the_connection_is_bound(
    serve: Serve, tls: Contexts, version: ssl.TLSVersion, starttls: bool
) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS" if starttls else PLUS)
        if starttls:
            peer.starttls(tls.server)
            peer.capability(b"IMAP4rev1 " + PLUS)
        assert isinstance(peer.sock, ssl.SSLSocket)
        if version is ssl.TLSVersion.TLSv1_2:
            binding = "tls-unique", peer.sock.get_channel_binding("tls-unique") or b""
        else:
            binding = "tls-server-end-point", end_point(tls)
        command = peer.command("AUTHENTICATE")
        assert command.words == [b"SCRAM-SHA-256-PLUS"]
        scram = ScramServer("SCRAM-SHA-256-PLUS", binding=binding)
        assert converse(peer, command, scram)
        assert scram.header == f"p={binding[0]},,"
        peer.ok(command, WELCOME)

    chosen = context(tls, version)
    if starttls:
        with connected(serve(script)) as M:
            M.starttls(ssl_context=chosen)
            assert M.login_scram("me", "secret")[0] == "OK"
        return
    with connected(serve(script, tls=tls.server), IMAP4_SSL, ssl_context=chosen) as M:
        assert M.login_scram("me", "secret")[0] == "OK"


@pytest.mark.parametrize(
    ("offered", "mechanism", "header"),
    [
        (BOTH, "SCRAM-SHA-256", "y,,"),
        (b"AUTH=SCRAM-SHA-1", "SCRAM-SHA-1", "y,,"),
    ],
)
def test_where_the_server_offers_no_binding_the_client_says_that_it_could(
    serve: Serve, tls: Contexts, offered: bytes, mechanism: str, header: str
) -> None:
    def script(peer: Peer) -> None:
        greet(peer, offered)
        command = peer.command("AUTHENTICATE")
        scram = ScramServer(mechanism)
        assert converse(peer, command, scram)
        assert scram.header == header
        peer.ok(command, WELCOME)

    with connected(serve(script, tls=tls.server), IMAP4_SSL, ssl_context=tls.client) as M:
        assert M.login_scram("me", "secret")[0] == "OK"


def refuse_at_once(peer: Peer, command: Any) -> None:
    peer.no(command, b"no such binding")


def refuse_by_an_error(peer: Peer, command: Any) -> None:
    initial(peer, command)
    assert challenge(peer, b"e=unsupported-channel-binding-type") == b""
    peer.no(command, b"[AUTHENTICATIONFAILED] no such binding")


def refuse_the_proof(peer: Peer, command: Any) -> None:
    """As Cyrus does, with TLS 1.3."""
    scram = ScramServer("SCRAM-SHA-256-PLUS")
    challenge(peer, scram.first(initial(peer, command)))
    peer.no(command, b"bad protocol / cancel")


@pytest.mark.parametrize("refuse", [refuse_at_once, refuse_by_an_error, refuse_the_proof])
@pytest.mark.parametrize("called_back", [False, True])
def test_where_no_binding_is_known_to_both_there_is_none(
    serve: Serve, tls: Contexts, refuse: Callable[..., None], called_back: bool
) -> None:
    def script(peer: Peer) -> None:
        greet(peer, PLUS)
        command = peer.command("AUTHENTICATE")
        assert command.words == [b"SCRAM-SHA-256-PLUS"]
        refuse(peer, command)
        command = peer.command("AUTHENTICATE")
        scram = ScramServer()
        assert converse(peer, command, scram)
        assert scram.header == "n,,"
        peer.ok(command, WELCOME)

    chosen = context(tls, ssl.TLSVersion.TLSv1_3)
    with connected(serve(script, tls=tls.server), IMAP4_SSL, ssl_context=chosen) as M:
        if not called_back:
            assert M.login_scram("me", "secret") == ("OK", [WELCOME])
            return
        calls = Calls()
        M.login_scram("me", "secret", callback=calls, cb_arg="mine")
        assert calls.next() == (("OK", [WELCOME]), "mine", None)
        assert calls.count == 0


def test_behind_a_proof_by_the_default_binding_nothing_is_tried(
    serve: Serve, tls: Contexts
) -> None:
    def script(peer: Peer) -> None:
        greet(peer, PLUS)
        refuse_the_proof(peer, peer.command("AUTHENTICATE"))
        agree(peer, "NOOP")

    chosen = context(tls, ssl.TLSVersion.TLSv1_2)
    with connected(serve(script, tls=tls.server), IMAP4_SSL, ssl_context=chosen) as M:
        with pytest.raises(error, match="bad protocol"):
            M.login_scram("me", "secret")
        M.noop()


def test_somebody_in_between_is_found_out(serve: Serve, tls: Contexts) -> None:
    """Whose connection to the server is another one, and bound by other data."""

    def script(peer: Peer) -> None:
        greet(peer, PLUS)
        command = peer.command("AUTHENTICATE")
        scram = ScramServer("SCRAM-SHA-256-PLUS", binding=("tls-server-end-point", b"another"))
        assert not converse(peer, command, scram)
        peer.no(command, b"go away")
        agree(peer, "NOOP")

    chosen = context(tls, ssl.TLSVersion.TLSv1_3)
    with connected(serve(script, tls=tls.server), IMAP4_SSL, ssl_context=chosen) as M:
        with pytest.raises(error, match=r"^go away \(channel-bindings-dont-match\)$"):
            M.login_scram("me", "secret")
        M.noop()


# -- Servers that don't prove themselves ----------------------------------------------------------

IMPOSTORS = {
    "a wrong signature, and OK": breaking(FIRST, b"v=" + base64.b64encode(bytes(32)), end=b"OK x"),
    "a wrong signature, and NO": breaking(FIRST, b"v=" + base64.b64encode(bytes(32)), end=b"NO x"),
    "no signature": breaking(FIRST, b"v=", end=b"OK welcome"),
    "something else": breaking(FIRST, b"welcome", end=b"OK welcome"),
    "OK without a signature": breaking(FIRST, end=b"OK " + WELCOME),
    "OK without a signature, and without capabilities": breaking(FIRST, end=b"OK welcome"),
    "OK without anything": breaking(end=b"OK " + WELCOME),
    "OK behind an error": breaking(FIRST, b"e=other-error", end=b"OK " + WELCOME),
    "OK behind an error at once": breaking(b"e=other-error", end=b"OK " + WELCOME),
    "OK behind nonsense": breaking(b"nonsense", end=b"OK " + WELCOME),
}


@pytest.mark.parametrize("script", IMPOSTORS.values(), ids=IMPOSTORS)
@pytest.mark.parametrize("method", ["login_scram", "login_best"])
@pytest.mark.parametrize("called_back", [False, True])
def test_an_impostor_is_left(
    serve: Serve, script: Callable[[Peer], None], method: str, called_back: bool
) -> None:
    with connected(serve(script)) as M:
        login = getattr(M, method)
        text: Any
        if called_back:
            calls = Calls()
            login("me", "secret", callback=calls)
            result, _, (kind, text) = calls.next()
            assert (result, calls.count) == (None, 0)
        else:
            problem = failure(login, "me", "secret")
            kind, text = type(problem), str(problem)
        if "not understood" in text:
            # It has cancelled; then there is an OK.
            assert issubclass(kind, error)
        else:
            assert kind is abort
            assert "SCRAM-SHA-256: the server" in text
        wait_over(M)
        with pytest.raises(abort, match="SCRAM-SHA-256: the server"):
            M.noop()
        assert M.state == "LOGOUT"


def test_what_waits_behind_the_login_is_not_sent_to_an_impostor(serve: Serve) -> None:
    heard: list[bytes] = []

    def script(peer: Peer) -> None:
        breaking(FIRST, end=b"OK " + WELCOME)(peer)

    def watched(peer: Peer) -> None:
        peer.relax()
        try:
            script(peer)
        finally:
            heard.append(peer.wait_closed())

    calls = Calls()
    with connected(serve(watched)) as M:
        M.login_scram("me", "secret", callback=calls)
        M.append("INBOX", None, None, b"private", callback=calls)
        outcomes = [calls.next() for _ in range(2)]
        assert {outcome[2][0] for outcome in outcomes} == {abort}
        wait_over(M)
    assert b"private" not in b"".join(heard)


# -- Servers that break the rules, and connections that break -------------------------------------

ODD = {
    "nonce": (b"r=another,s=c2FsdC1zYWx0LXNhbHQ=,i=4096", "nonce"),
    "iteration count": (b"r=NONCEx,s=c2FsdC1zYWx0LXNhbHQ=,i=2147483648", "iteration count"),
    "missing field": (b"r=NONCEx,i=4096", "not understood"),
}


@pytest.mark.parametrize(("text", "said"), ODD.values(), ids=ODD)
@pytest.mark.parametrize("method", ["login_scram", "login_best"])
def test_an_odd_server_is_told_to_stop_and_not_asked_otherwise(
    serve: Serve, text: bytes, said: str, method: str
) -> None:
    def script(peer: Peer) -> None:
        greet(peer, BOTH + b" AUTH=PLAIN SASL-IR")
        command = peer.command("AUTHENTICATE")
        nonce = initial(peer, command).rpartition(b"r=")[2]
        assert challenge(peer, text.replace(b"NONCE", nonce)) == b"*"
        peer.bad(command, b"cancelled")
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        with pytest.raises(error, match=f"^SCRAM-SHA-256: .*{said}") as got:
            getattr(M, method)("me", "secret")
        assert not isinstance(got.value, abort)
        assert M.state == "NONAUTH"
        assert M.noop()[0] == "OK"


def test_a_challenge_that_is_not_base64(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer, BOTH + b" SASL-IR")
        command = peer.command("AUTHENTICATE")
        peer.line(b"+ ===x")
        peer.expect(b"*")
        peer.bad(command)
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        with pytest.raises(error, match="not base64"):
            M.login_scram("me", "secret")
        M.noop()


def test_too_many_challenges(serve: Serve) -> None:
    """Behind the final message each is cancelled; and a server can't go on for ever."""

    def script(peer: Peer) -> None:
        greet(peer, BOTH)
        peer.relax()
        command = peer.command("AUTHENTICATE")
        assert converse(peer, command, ScramServer())
        while True:
            assert challenge(peer, b"and?") == b"*"

    with connected(serve(script)) as M, pytest.raises(abort, match="more than 100 challenges"):
        M.login_scram("me", "secret")


@pytest.mark.parametrize("texts", [(), (FIRST,), (FIRST, b"e=other-error")])
@pytest.mark.parametrize("method", ["login_scram", "login_best"])
def test_the_end_in_the_middle(serve: Serve, texts: tuple[bytes, ...], method: str) -> None:
    with (
        connected(serve(breaking(*texts, end=None))) as M,
        pytest.raises(abort, match=r"EOF|closed") as got,
    ):
        getattr(M, method)("me", "secret")
    assert "secret" not in str(got.value)


# -- Programs that replace _simple_command --------------------------------------------------------


class Replaced(IMAP4):
    """It answers itself, or by ours."""

    answer: Any = None

    def _simple_command(self, name: Any, *args: Any, **options: Any) -> Any:
        if name == "AUTHENTICATE" and self.answer is not None:
            return self.answer
        return super()._simple_command(name, *args, **options)


def test_a_replaced_simple_command_leads_the_exchange(serve: Serve) -> None:
    with connected(serve(proving(BOTH + b" SASL-IR")), Replaced) as M:
        assert M.login_scram("me", "secret") == ("OK", [WELCOME])


def test_and_it_can_not_prove_anything_itself(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer, BOTH)
        peer.hold()

    with connected(serve(script), Replaced) as M:
        M.answer = "OK", [b"done"]
        with pytest.raises(abort, match="has not proved that it knows the password"):
            M.login_scram("me", "secret")
        M.answer = "NO", [b"never"]
        M.state = "NONAUTH"
        with pytest.raises(error, match="never"):
            M.login_scram("me", "secret")


def test_a_double_without_a_connection() -> None:
    class Double(IMAP4):
        capabilities = ("AUTH=SCRAM-SHA-256",)

        def open(self, *args: Any) -> None:
            """Nobody to connect to."""

        def _connect(self) -> None:
            """Nor to greet."""

        def _simple_command(self, name: Any, *args: Any, **options: Any) -> Any:
            first = base64.b64decode(self.literal(b""))
            nonce = first.rpartition(b"r=")[2]
            answer = self.literal(base64.b64encode(FIRST.replace(b"NONCE", nonce)))
            assert b",p=" in base64.b64decode(answer)
            self.literal(base64.b64encode(b"v=eA=="))

    with pytest.raises(abort, match="signature is wrong"):
        Double().login_scram("me", "secret")
