"""Logging in: mechanisms, odd names and passwords, refusals."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from ..needs import need_package
from .helpers import (
    TIMEOUT,
    Connect,
    Replies,
    ok,
    over_all_transports,
    plain,
    with_each,
    with_servers,
)
from .server import EXTENSIONS, PASSWORD, Server


@pytest.fixture
def M(server: Server) -> Iterator[IMAP4]:
    """A connection on which nobody has logged in."""
    with IMAP4(server.host, server.port, TIMEOUT) as M:
        yield M


every_user = with_each("name", lambda kind: kind.users)

quick_refusals = with_servers(lambda traits: not traits.is_slow)
"""What a server takes long to refuse is tried there once, in `test_slow_refusal`."""


@every_user
def test_login(M: IMAP4, server: Server, name: str) -> None:
    ok(M.login(name, server.users[name]))
    assert M.state == "AUTH"
    ok(M.select())


def test_login_with_bytes(M: IMAP4) -> None:
    ok(M.login(b"alice", PASSWORD.encode()))
    ok(M.select())


@every_user
def test_login_plain(M: IMAP4, server: Server, name: str) -> None:
    ok(M.login_plain(name, server.users[name]))
    ok(M.select())


@every_user
def test_login_plain_without_initial_response(M: IMAP4, server: Server, name: str) -> None:
    M.capabilities = tuple(each for each in M.capabilities if each != "SASL-IR")
    ok(M.login_plain(name, server.users[name]))
    ok(M.select())


@every_user
def test_authenticate_plain(M: IMAP4, server: Server, name: str) -> None:
    challenges = []

    def respond(challenge: bytes) -> bytes:
        challenges.append(challenge)
        return f"\0{name}\0{server.users[name]}".encode()

    ok(M.authenticate("PLAIN", respond))
    assert challenges == [b""]
    ok(M.select())


@every_user
def test_login_cram_md5(M: IMAP4, server: Server, name: str) -> None:
    ok(M.login_cram_md5(name, server.users[name]))
    ok(M.select())


def test_authenticate_login_has_two_challenges(M: IMAP4) -> None:
    answers = {b"Username:": "alice", b"Password:": PASSWORD}
    ok(M.authenticate("LOGIN", answers.__getitem__))
    assert M.state == "AUTH"


def test_login_with_callback(M: IMAP4) -> None:
    replies = Replies()
    assert M.login("alice", PASSWORD, callback=replies) == (None, None)
    ((result, _, problem),) = replies.wait(1)
    ok(result)
    assert (problem, M.state) == (None, "AUTH")


def test_authenticate_with_callback(M: IMAP4) -> None:
    replies = Replies()
    M.login_cram_md5("alice", PASSWORD, callback=replies)
    ((result, _, problem),) = replies.wait(1)
    ok(result)
    assert (problem, M.state) == (None, "AUTH")


def test_capabilities_are_those_after_login(M: IMAP4, server: Server) -> None:
    assert ("SORT" in M.capabilities) == server.traits.tells_all_capabilities
    ok(M.login("alice", PASSWORD))
    assert {"SORT", "IDLE"} <= {*M.capabilities}
    assert {*M.capabilities} & EXTENSIONS == server.traits.extensions


# Refused


@quick_refusals
def test_wrong_password(M: IMAP4, server: Server) -> None:
    with pytest.raises(IMAP4.error, match=re.escape(server.traits.refusal)) as caught:
        M.login("alice", "wrong")
    assert isinstance(caught.value.args[0], str)
    assert not isinstance(caught.value, IMAP4.abort)
    assert M.state == "NONAUTH"


@quick_refusals
def test_another_try_after_a_wrong_password(M: IMAP4, server: Server) -> None:
    for attempt in (M.login, M.login_plain, M.login_cram_md5):
        with pytest.raises(M.error, match=re.escape(server.traits.refusal)):
            attempt("alice", "wrong")
    ok(M.login("alice", PASSWORD))


@quick_refusals
def test_wrong_password_with_callback(M: IMAP4, server: Server) -> None:
    replies = Replies()
    M.login("alice", "wrong", callback=replies, cb_arg="mine")
    _is_refusal(server, replies.wait(1)[0])


def _is_refusal(server: Server, reply: tuple[Any, Any, Any]) -> None:
    result, argument, (kind, text) = reply
    assert (result, argument) == (None, "mine")
    assert kind is IMAP4.error
    assert server.traits.refusal in text


@quick_refusals
def test_password_is_in_no_exception(M: IMAP4, server: Server) -> None:
    with pytest.raises(M.error) as caught:
        M.login("alice", "not this one")
    assert "not this one" not in repr(caught.value) + repr(M)


@with_servers(lambda traits: traits.is_slow)
def test_slow_refusal(M: IMAP4, server: Server) -> None:
    """Two connections that wait for their refusals at the same time."""
    replies = Replies()
    with IMAP4(server.host, server.port, TIMEOUT) as other:
        other.login_plain("alice", "wrong", callback=replies, cb_arg="mine")
        with pytest.raises(IMAP4.error, match=re.escape(server.traits.refusal)) as caught:
            M.login("alice", "not this one")
        _is_refusal(server, replies.wait(1)[0])
        ok(other.login_cram_md5("alice", PASSWORD))
    assert not isinstance(caught.value, IMAP4.abort)
    assert "not this one" not in repr(caught.value) + repr(M)
    assert M.state == "NONAUTH"
    ok(M.login("alice", PASSWORD))


@quick_refusals
def test_authenticator_cancels(M: IMAP4) -> None:
    with pytest.raises(M.error):
        M.authenticate("PLAIN", lambda challenge: None)
    assert M.state == "NONAUTH"
    ok(M.login("alice", PASSWORD))


@quick_refusals
def test_authenticator_raises(M: IMAP4) -> None:
    def respond(challenge: bytes) -> bytes:
        raise LookupError("no password here")

    with pytest.raises(LookupError, match="no password here"):
        M.authenticate("PLAIN", respond)
    ok(M.login("alice", PASSWORD))


@quick_refusals
def test_mechanism_that_is_not_offered(M: IMAP4, server: Server) -> None:
    with pytest.raises(M.error, match=server.traits.unknown_mechanism):
        M.authenticate("X-UNKNOWN", lambda challenge: "alice")
    ok(M.login("alice", PASSWORD))


def test_password_that_cannot_be_sent(M: IMAP4) -> None:
    for password in ("a\r\nb", "a\0b"):
        with pytest.raises(ValueError, match="LOGIN") as caught:
            M.login("alice", password)
        assert isinstance(caught.value, M.error)
    ok(M.login("alice", PASSWORD))


def test_login_twice(M: IMAP4) -> None:
    ok(M.login("alice", PASSWORD))
    with pytest.raises(M.error, match=r"^command LOGIN illegal in state AUTH"):
        M.login("alice", PASSWORD)
    ok(M.noop())


# By SASL, in ways of our own

with_scram = with_servers(lambda traits: traits.has_scram)


@pytest.fixture
def scramp() -> None:
    """What SCRAM needs."""
    need_package("scramp")


def encrypted(server: Server, version: ssl.TLSVersion) -> IMAP4:
    """A connection by this *version* of TLS, on which nobody has logged in."""
    context = ssl.create_default_context(cafile=server.ca_file)
    context.minimum_version = context.maximum_version = version
    return IMAP4_SSL(server.host, server.tls_port, ssl_context=context, timeout=TIMEOUT)


every_version = pytest.mark.parametrize(
    "version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda v: v.name
)


@with_each("name", lambda kind: kind.users if kind.traits.has_scram else ())
@pytest.mark.parametrize("initial", [True, False])
def test_login_scram(scramp: None, M: IMAP4, server: Server, name: str, initial: bool) -> None:
    if not initial:
        M.capabilities = tuple(each for each in M.capabilities if each != "SASL-IR")
    ok(M.login_scram(name, lambda: server.users[name]))
    ok(M.select())


@with_scram
@every_version
def test_login_scram_with_tls(scramp: None, server: Server, version: ssl.TLSVersion) -> None:
    """Cyrus binds it to TLS 1.2, and offers to bind it to TLS 1.3, but can't."""
    with encrypted(server, version) as M:
        ok(M.login_scram("alice", PASSWORD))
        ok(M.select())


@with_scram
@every_version
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", "SCRAM-SHA-256"])
def test_each_mechanism_of_scram(
    scramp: None, server: Server, version: ssl.TLSVersion, mechanism: str
) -> None:
    with encrypted(server, version) as M:
        wanted = {f"AUTH={mechanism}", f"AUTH={mechanism}-PLUS"}
        M.capabilities = tuple(wanted.intersection(M.capabilities))
        assert M.capabilities
        ok(M.login_scram("alice", PASSWORD))


def test_scram_is_bound_to_the_connection(scramp: None, cyrus: Server) -> None:
    """The server takes no other proof than one that is bound."""
    with encrypted(cyrus, ssl.TLSVersion.TLSv1_2) as M:
        for mechanism in ("SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"):
            assert f"AUTH={mechanism}" in M.capabilities
        M.capabilities = "IMAP4REV1", "AUTH=SCRAM-SHA-256-PLUS"
        ok(M.login_scram("alice", PASSWORD))


def test_who_takes_the_bound_mechanisms_away_is_found_out(scramp: None, cyrus: Server) -> None:
    """The client says that it could have bound the connection: by the flag "y"."""
    with encrypted(cyrus, ssl.TLSVersion.TLSv1_2) as M:
        M.capabilities = tuple(name for name in M.capabilities if not name.endswith("-PLUS"))
        with pytest.raises(M.error, match=re.escape(cyrus.traits.refusal)):
            M.login_scram("alice", PASSWORD)


@with_scram
@every_version
def test_a_wrong_password_by_scram(scramp: None, server: Server, version: ssl.TLSVersion) -> None:
    with encrypted(server, version) as M:
        for login in (M.login_scram, M.login_best):
            with pytest.raises(M.error, match=re.escape(server.traits.refusal)):
                login("alice", "wrong")
        assert M.state == "NONAUTH"
        ok(M.login_scram("alice", PASSWORD))


@every_user
def test_login_best(M: IMAP4, server: Server, name: str) -> None:
    ok(M.login_best(name, server.users[name]))
    ok(M.select())


def test_login_best_with_tls(server: Server) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with encrypted(server, version) as M:
            replies = Replies()
            M.login_best("alice", PASSWORD, callback=replies)
            ((result, _, problem),) = replies.wait(1)
            ok(result)
            assert problem is None


@pytest.fixture
def token(server: Server) -> str:
    """An access token of alice."""
    token = server.token("alice")
    if token is None:
        pytest.skip("no OAuth here")
    return token


every_way_by_token = pytest.mark.parametrize("method", ["login_xoauth2", "login_oauthbearer"])
dovecot_only = with_servers(lambda traits: traits.name == "dovecot")


@dovecot_only
@every_way_by_token
@pytest.mark.parametrize("initial", [True, False])
def test_login_by_a_token(M: IMAP4, token: str, method: str, initial: bool) -> None:
    if not initial:
        M.capabilities = tuple(each for each in M.capabilities if each != "SASL-IR")
    ok(getattr(M, method)("alice", lambda: token))
    ok(M.select())


@dovecot_only
@every_way_by_token
def test_a_wrong_token(M: IMAP4, server: Server, token: str, method: str) -> None:
    with pytest.raises(M.error, match=re.escape(server.traits.refusal)) as caught:
        getattr(M, method)("alice", token[:-3] + "xxx")
    assert caught.value.challenge is not None
    assert caught.value.challenge["status"] in ("401", "invalid_token")
    assert token[:40] not in repr(caught.value)
    ok(getattr(M, method)("alice", token))


@dovecot_only
def test_login_by_a_certificate(server: Server) -> None:
    certificate = server.client_certificate("carol")
    if certificate is None:
        pytest.skip("no certificates of clients here")
    context = ssl.create_default_context(cafile=server.ca_file)
    context.load_cert_chain(certificate)
    for initial in (True, False):
        with IMAP4_SSL(server.host, server.tls_port, ssl_context=context, timeout=TIMEOUT) as M:
            if not initial:
                M.capabilities = tuple(each for each in M.capabilities if each != "SASL-IR")
            ok(M.login_external())
            ok(M.select())
    with (
        IMAP4_SSL(server.host, server.tls_port, ca_certs=server.ca_file, timeout=TIMEOUT) as M,
        pytest.raises(M.error, match=re.escape(server.traits.refusal)),
    ):
        M.login_external()


# Connecting


def test_every_address(server: Server) -> None:
    for address in server.addresses:
        with IMAP4(address, server.port, TIMEOUT) as M:
            ok(M.login("alice", PASSWORD))
        with IMAP4_SSL(address, server.tls_port, ca_certs=server.ca_file) as M:
            ok(M.login("alice", PASSWORD))


def test_attributes(server: Server) -> None:
    with IMAP4(host=server.host, port=str(server.port), timeout=TIMEOUT) as M:
        assert (M.host, M.port, M.state) == (server.host, server.port, "NONAUTH")
        assert M.PROTOCOL_VERSION == "IMAP4REV1"
        assert M.welcome is not None
        assert M.welcome.startswith(b"* OK [CAPABILITY ")
        assert "AUTH=CRAM-MD5" in M.capabilities
        assert M.socket() is M.sock
        assert M.read_fd == M.sock.fileno()
        assert M.sock.getpeername()[1] == server.port
        assert not M.Terminate
    assert M.Terminate
    assert (M.state, M.sock.fileno()) == ("LOGOUT", -1)


def test_logout_twice(server: Server, user: str) -> None:
    M = plain(server, user)
    assert M.logout() == M.logout()


def test_logout_before_login(server: Server) -> None:
    M = IMAP4(server.host, server.port, TIMEOUT)
    assert M.logout() == ("BYE", [server.traits.goodbye])


def test_logout_with_callback(server: Server, user: str) -> None:
    replies = Replies()
    M = plain(server, user)
    assert M.logout(callback=replies) == (None, None)
    assert replies.wait(1) == [(("BYE", [server.traits.goodbye]), None, None)]
    assert M.state == "LOGOUT"


def test_context_manager_after_logout(server: Server, user: str) -> None:
    with plain(server, user) as M:
        M.logout()


def test_context_manager_passes_exceptions_on(server: Server, user: str) -> None:
    with pytest.raises(ZeroDivisionError), plain(server, user) as M:
        raise ZeroDivisionError
    assert M.state == "LOGOUT"


@over_all_transports
def test_lost_connection(server: Server, user: str, connect: Connect) -> None:
    with connect(server, user) as M:
        M.shutdown()
        with pytest.raises(M.abort):
            M.noop()
    assert M.state == "LOGOUT"


def test_compression(server: Server, user: str) -> None:
    with plain(server, user) as M:
        if server.has("COMPRESS=DEFLATE"):
            ok(M.enable_compression())
        else:
            with pytest.raises(M.error, match=r"^Server does not support COMPRESS=DEFLATE$"):
                M.enable_compression()
        ok(M.select())


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        IMAP4("127.0.0.1", port, TIMEOUT)
