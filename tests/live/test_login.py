"""Logging in: mechanisms, odd names and passwords, refusals."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from .dovecot import PASSWORD, USERS, Dovecot
from .helpers import TIMEOUT, Replies, compressed, ok, plain


@pytest.fixture
def M(dovecot: Dovecot) -> Iterator[IMAP4]:
    """A connection on which nobody has logged in."""
    with IMAP4(dovecot.host, dovecot.port, TIMEOUT) as M:
        yield M


every_user = pytest.mark.parametrize("name", USERS)


@every_user
def test_login(M: IMAP4, name: str) -> None:
    ok(M.login(name, USERS[name]))
    assert M.state == "AUTH"
    ok(M.select())


def test_login_with_bytes(M: IMAP4) -> None:
    ok(M.login(b"alice", PASSWORD.encode()))
    ok(M.select())


@every_user
def test_login_plain(M: IMAP4, name: str) -> None:
    ok(M.login_plain(name, USERS[name]))
    ok(M.select())


@every_user
def test_login_plain_without_initial_response(M: IMAP4, name: str) -> None:
    M.capabilities = tuple(each for each in M.capabilities if each != "SASL-IR")
    ok(M.login_plain(name, USERS[name]))
    ok(M.select())


@every_user
def test_authenticate_plain(M: IMAP4, name: str) -> None:
    challenges = []

    def respond(challenge: bytes) -> bytes:
        challenges.append(challenge)
        return f"\0{name}\0{USERS[name]}".encode()

    ok(M.authenticate("PLAIN", respond))
    assert challenges == [b""]
    ok(M.select())


@every_user
def test_login_cram_md5(M: IMAP4, name: str) -> None:
    ok(M.login_cram_md5(name, USERS[name]))
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


def test_capabilities_are_those_after_login(M: IMAP4) -> None:
    assert "SORT" not in M.capabilities
    ok(M.login("alice", PASSWORD))
    assert "SORT" in M.capabilities


# Refused


def test_wrong_password(M: IMAP4) -> None:
    with pytest.raises(IMAP4.error, match="AUTHENTICATIONFAILED") as caught:
        M.login("alice", "wrong")
    assert isinstance(caught.value.args[0], str)
    assert not isinstance(caught.value, IMAP4.abort)
    assert M.state == "NONAUTH"


def test_another_try_after_a_wrong_password(M: IMAP4) -> None:
    for attempt in (M.login, M.login_plain, M.login_cram_md5):
        with pytest.raises(M.error, match="AUTHENTICATIONFAILED"):
            attempt("alice", "wrong")
    ok(M.login("alice", PASSWORD))


def test_wrong_password_with_callback(M: IMAP4) -> None:
    replies = Replies()
    M.login("alice", "wrong", callback=replies, cb_arg="mine")
    ((result, argument, problem),) = replies.wait(1)
    assert (result, argument) == (None, "mine")
    kind, text = problem
    assert kind is M.error
    assert "AUTHENTICATIONFAILED" in text


def test_password_is_in_no_exception(M: IMAP4) -> None:
    with pytest.raises(M.error) as caught:
        M.login("alice", "not this one")
    assert "not this one" not in repr(caught.value) + repr(M)


def test_authenticator_cancels(M: IMAP4) -> None:
    with pytest.raises(M.error):
        M.authenticate("PLAIN", lambda challenge: None)
    assert M.state == "NONAUTH"
    ok(M.login("alice", PASSWORD))


def test_authenticator_raises(M: IMAP4) -> None:
    def respond(challenge: bytes) -> bytes:
        raise LookupError("no password here")

    with pytest.raises(LookupError, match="no password here"):
        M.authenticate("PLAIN", respond)
    ok(M.login("alice", PASSWORD))


def test_mechanism_that_is_not_offered(M: IMAP4) -> None:
    with pytest.raises(M.error, match="Unsupported authentication mechanism"):
        M.authenticate("XOAUTH2", lambda challenge: "user=alice\1auth=Bearer token\1\1")
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


# Connecting


def test_every_address(dovecot: Dovecot) -> None:
    for address in dovecot.addresses:
        with IMAP4(address, dovecot.port, TIMEOUT) as M:
            ok(M.login("alice", PASSWORD))
        with IMAP4_SSL(address, dovecot.tls_port, ca_certs=dovecot.ca_file) as M:
            ok(M.login("alice", PASSWORD))


def test_attributes(dovecot: Dovecot) -> None:
    with IMAP4(host=dovecot.host, port=str(dovecot.port), timeout=TIMEOUT) as M:
        assert (M.host, M.port, M.state) == (dovecot.host, dovecot.port, "NONAUTH")
        assert M.PROTOCOL_VERSION == "IMAP4REV1"
        assert M.welcome is not None
        assert M.welcome.startswith(b"* OK [CAPABILITY ")
        assert "AUTH=CRAM-MD5" in M.capabilities
        assert M.socket() is M.sock
        assert M.read_fd == M.sock.fileno()
        assert M.sock.getpeername()[1] == dovecot.port
        assert not M.Terminate
    assert M.Terminate
    assert (M.state, M.sock.fileno()) == ("LOGOUT", -1)


def test_logout_twice(dovecot: Dovecot, user: str) -> None:
    M = plain(dovecot, user)
    assert M.logout() == M.logout()


def test_logout_before_login(dovecot: Dovecot) -> None:
    M = IMAP4(dovecot.host, dovecot.port, TIMEOUT)
    assert M.logout() == ("BYE", [b"Logging out"])


def test_logout_with_callback(dovecot: Dovecot, user: str) -> None:
    replies = Replies()
    M = plain(dovecot, user)
    assert M.logout(callback=replies) == (None, None)
    assert replies.wait(1) == [(("BYE", [b"Logging out"]), None, None)]
    assert M.state == "LOGOUT"


def test_context_manager_after_logout(dovecot: Dovecot, user: str) -> None:
    with plain(dovecot, user) as M:
        M.logout()


def test_context_manager_passes_exceptions_on(dovecot: Dovecot, user: str) -> None:
    with pytest.raises(ZeroDivisionError), plain(dovecot, user) as M:
        raise ZeroDivisionError
    assert M.state == "LOGOUT"


def test_lost_connection(dovecot: Dovecot, user: str) -> None:
    with compressed(plain)(dovecot, user) as M:
        M.shutdown()
        with pytest.raises(M.abort):
            M.noop()
    assert M.state == "LOGOUT"


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        IMAP4("127.0.0.1", port, TIMEOUT)
