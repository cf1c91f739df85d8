"""What exceptions know, how an IDLE is ended, a ready socket, and an ID behind the login."""

from __future__ import annotations

import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from .courier import Courier
from .dovecot import Dovecot
from .helpers import TIMEOUT, Connect, ok, over_all_transports, plain, wait_until
from .server import PASSWORD, Server


def _connected(server: Server, port: int) -> socket.socket:
    return socket.create_connection((server.host, port), TIMEOUT)


def test_a_refused_login(server: Server) -> None:
    with IMAP4(server.host, server.port, TIMEOUT) as M:
        with pytest.raises(IMAP4.error) as raised:
            M.login("alice", "sesame")
        problem = raised.value
        assert (problem.command, problem.type) == ("LOGIN", "NO")
        assert problem.where == f"{server.host}:{server.port}"
        assert problem.text
        assert problem.text in str(problem)
        if isinstance(server, Dovecot):
            assert problem.code == "AUTHENTICATIONFAILED"


def test_a_bad_command(server: Server, user: str) -> None:
    with plain(server, user) as M:
        if isinstance(server, Courier):  # says NO to it
            assert M.xatom("XNONSENSE")[0] == "NO"
            return
        with pytest.raises(IMAP4.error) as raised:
            M.xatom("XNONSENSE")
        assert (raised.value.command, raised.value.type) == ("XNONSENSE", "BAD")
        assert raised.value.tag is not None
        ok(M.noop())


@over_all_transports
def test_each_idle_is_ended(server: Server, user: str, connect: Connect) -> None:
    with connect(server, user) as M, ThreadPoolExecutor(1) as executor:
        ok(M.select())
        idling = executor.submit(M.idle, TIMEOUT)
        wait_until(lambda: M._core.idle is not None)
        M.idle_done()
        ok(idling.result(TIMEOUT))
        results: list[Any] = []
        M.idle(callback=results.append)
        M.idle_done()
        wait_until(lambda: results)
        ok(results[0][0])
        with M.idle(duration=TIMEOUT) as idler:
            M.idle_done()
            list(idler)
        ok(M.noop())
        M.idle_done()
        ok(M.noop())


def test_a_ready_socket(server: Server) -> None:
    with IMAP4(sock=_connected(server, server.port)) as M:
        ok(M.login("alice", PASSWORD))
        ok(M.select())
    assert M.closed
    assert "logout()" in str(M.reason)


def test_a_ready_socket_that_is_encrypted(server: Server) -> None:
    sock = _connected(server, server.tls_port)
    with IMAP4_SSL(server.host, sock=sock, ca_certs=server.ca_file) as M:
        ok(M.login("alice", PASSWORD))
    context = ssl.create_default_context(cafile=server.ca_file)
    sock = context.wrap_socket(_connected(server, server.tls_port), server_hostname=server.host)
    with IMAP4_SSL(sock=sock) as M:
        ok(M.login("alice", PASSWORD))


@pytest.mark.parametrize("way", ["login", "login_plain"])
def test_an_id_behind_the_login(server: Server, way: str) -> None:
    with IMAP4(server.host, server.port, TIMEOUT, identify=True) as M:
        ok(getattr(M, way)("alice", PASSWORD))
        ok(M.select())
        assert M.response("ID") == ("ID", [None])
        if "ID" in M.capabilities:
            ok(M.id())
        ok(M.noop())
