"""IMAP4_stream: a session over the pipes of a child process."""

from __future__ import annotations

import signal

import pytest

from imaplib2 import IMAP4_stream

from .dovecot import Dovecot
from .helpers import TIMEOUT, Replies, compressed, fill, ok, stream


def test_attributes(dovecot: Dovecot, user: str) -> None:
    with stream(dovecot, user) as M:
        assert M.welcome is not None
        assert M.welcome.startswith(b"* PREAUTH ")
        assert (M.state, M.sock, M.socket()) == ("AUTH", None, None)
        assert M.process is not None
        assert M.process.poll() is None
        assert M.process.stdout is not None
        assert M.read_fd == M.process.stdout.fileno()


def test_nothing_is_left_after_logout(dovecot: Dovecot, user: str) -> None:
    M = stream(dovecot, user)
    assert M.logout()[0] == "BYE"
    process = M.process
    assert process is not None
    assert process.returncode == 0  # it has been waited for
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdin.closed
    assert process.stdout.closed


def test_nothing_is_left_after_shutdown(dovecot: Dovecot, user: str) -> None:
    M = stream(dovecot, user)
    M.shutdown()
    assert M.process is not None
    assert M.process.returncode is not None
    assert M.logout()[0] == "BYE"


def test_login_is_not_needed(dovecot: Dovecot, user: str) -> None:
    with stream(dovecot, user) as M:
        with pytest.raises(M.error, match=r"^command LOGIN illegal in state AUTH"):
            M.login(user, "secret")
        ok(M.select())


def test_starttls_needs_a_socket(dovecot: Dovecot, user: str) -> None:
    with stream(dovecot, user) as M, pytest.raises(M.error):
        M.starttls(ca_certs=dovecot.ca_file)


def test_compression_twice(dovecot: Dovecot, user: str) -> None:
    with compressed(stream)(dovecot, user) as M:
        assert M.enable_compression()[0] == "NO"
        ok(M.noop())


def test_child_that_is_killed(dovecot: Dovecot, user: str) -> None:
    with stream(dovecot, user) as M:
        assert M.process is not None
        M.process.kill()
        with pytest.raises(M.abort):
            M.noop()
    assert M.process.returncode == -signal.SIGKILL


def test_child_that_is_killed_while_callbacks_are_due(dovecot: Dovecot, user: str) -> None:
    replies = Replies()
    with stream(dovecot, user) as M:
        fill(M, "INBOX", range(1, 11), 1500)
        ok(M.select())
        assert M.process is not None
        M.process.send_signal(signal.SIGSTOP)
        for number in range(1, 11):
            M.fetch(number, "(BODY.PEEK[])", callback=replies, cb_arg=number)
        M.process.kill()
        for result, _, problem in replies.wait(10):
            assert result is None
            assert problem[0] is M.abort


def test_command_that_ends_at_once() -> None:
    with pytest.raises(IMAP4_stream.abort):
        IMAP4_stream("exit 3", timeout=TIMEOUT)


def test_command_that_is_no_imap_server() -> None:
    with pytest.raises(IMAP4_stream.error, match="hello"):
        IMAP4_stream("echo hello; read line", timeout=TIMEOUT)
