"""IMAP4_stream: a session over the pipes of a child process."""

from __future__ import annotations

import signal

import pytest

from imaplib2 import IMAP4_stream

from .helpers import TIMEOUT, Replies, compressed, fill, ok, stream, with_servers
from .server import Server

with_streams = with_servers(lambda traits: traits.has_preauth)


@with_streams
def test_attributes(server: Server, user: str) -> None:
    with stream(server, user) as M:
        assert M.welcome is not None
        assert M.welcome.startswith(b"* PREAUTH ")
        assert (M.state, M.sock, M.socket()) == ("AUTH", None, None)
        assert M.process is not None
        assert M.process.poll() is None
        assert M.process.stdout is not None
        assert M.read_fd == M.process.stdout.fileno()


@with_streams
def test_nothing_is_left_after_logout(server: Server, user: str) -> None:
    M = stream(server, user)
    assert M.logout()[0] == "BYE"
    process = M.process
    assert process is not None
    assert process.returncode == 0  # it has been waited for
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdin.closed
    assert process.stdout.closed


@with_streams
def test_nothing_is_left_after_shutdown(server: Server, user: str) -> None:
    M = stream(server, user)
    M.shutdown()
    assert M.process is not None
    assert M.process.returncode is not None
    assert M.logout()[0] == "BYE"


@with_streams
def test_login_is_not_needed(server: Server, user: str) -> None:
    with stream(server, user) as M:
        with pytest.raises(M.error, match=r"^command LOGIN illegal in state AUTH"):
            M.login(user, "secret")
        ok(M.select())


@with_streams
def test_starttls_needs_a_socket(server: Server, user: str) -> None:
    with stream(server, user) as M, pytest.raises(M.error):
        M.starttls(ca_certs=server.ca_file)


@with_servers(lambda traits: traits.has_preauth and "COMPRESS=DEFLATE" in traits.extensions)
def test_compression_twice(server: Server, user: str) -> None:
    with compressed(stream)(server, user) as M:
        assert M.enable_compression()[0] == "NO"
        ok(M.noop())


@with_streams
def test_child_that_is_killed(server: Server, user: str) -> None:
    with stream(server, user) as M:
        assert M.process is not None
        M.process.kill()
        with pytest.raises(M.abort):
            M.noop()
    assert M.process.returncode == -signal.SIGKILL


@with_streams
def test_child_that_is_killed_while_callbacks_are_due(server: Server, user: str) -> None:
    replies = Replies()
    with stream(server, user) as M:
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
