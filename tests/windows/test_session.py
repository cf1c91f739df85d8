"""Every means of a client once, against a real server that is somewhere else: for a Windows Python.

That is told of the server by the variables of `python tests/live/dovecot.py COMMAND`; without
them, a Dovecot is started here.
"""

from __future__ import annotations

import gc
import os
import queue
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from ..live.server import PASSWORD
from ..server.helpers import duration

pytestmark = pytest.mark.timeout(30)

#: Seconds: by then, what is to come has come.
SECONDS = 15.0
#: Messages in INBOX, at least.
COUNT = 100
LARGE = b"Subject: large\r\n\r\n" + b"0123456789abcdef" * 200_000


@dataclass(frozen=True)
class Account:
    host: str
    port: int
    tls_port: int
    ca_file: str
    user: str
    password: str

    def plain(self, cls: type[IMAP4] = IMAP4) -> Any:
        return cls(self.host, self.port, timeout=SECONDS)

    def encrypted(self, cls: type[IMAP4_SSL] = IMAP4_SSL) -> Any:
        return cls(self.host, self.tls_port, ca_certs=self.ca_file, timeout=SECONDS)

    def starttls(self) -> Any:
        M = self.plain()
        M.starttls(ca_certs=self.ca_file)
        return M

    def compressed(self) -> Any:
        M = self.encrypted()
        M.login(self.user, self.password)
        M.enable_compression()
        return M

    @contextmanager
    def selected(self, connect: Callable[[Account], Any]) -> Iterator[Any]:
        """A session in INBOX, logged out behind the block."""
        M = connect(self)
        try:
            if M.state == "NONAUTH":
                M.login(self.user, self.password)
            assert M.select()[0] == "OK"
            yield M
            assert M.logout()[0] == "BYE"
        finally:
            M.shutdown()


@pytest.fixture(scope="module")
def account(request: pytest.FixtureRequest) -> Account:
    if "IMAP_HOST" in os.environ:
        names = "IMAP_HOST", "IMAP_PORT", "IMAP_TLS_PORT", "IMAP_CA_FILE", "IMAP_USER"
        host, port, tls_port, ca_file, user = (os.environ[name] for name in names)
        if os.name == "nt":  # below this letter Wine shows what Linux has
            ca_file = "Z:" + ca_file.replace("/", "\\")
        password = os.environ["IMAP_PASSWORD"]
        return Account(host, int(port), int(tls_port), ca_file, user, password)
    server = request.getfixturevalue("dovecot")
    made = Account(
        server.host, server.port, server.tls_port, server.ca_file, server.new_user(), PASSWORD
    )
    with made.selected(Account.plain) as M:
        for number in range(COUNT):
            M.append("INBOX", None, None, b"Subject: %d\r\n\r\nhi\r\n" % number)
    return made


WAYS = [Account.plain, Account.encrypted, Account.starttls, Account.compressed]
ways = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


def deliver(account: Account) -> None:
    with account.selected(Account.plain) as M:
        assert M.append("INBOX", None, None, b"Subject: new\r\n\r\nhi\r\n")[0] == "OK"


@ways
def test_commands_and_callbacks(account: Account, way: Any) -> None:
    with account.selected(way) as M:
        numbers = [int(number) for number in M.search(None, "ALL")[1][0].split()]
        assert len(numbers) >= COUNT
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for number in numbers:
            M.fetch(str(number), "(BODY.PEEK[])", callback=answers.put, cb_arg=number)
        told = [answers.get(timeout=SECONDS) for _ in numbers]
        assert [argument for _, argument, _ in told] == numbers
        assert all(response[0] == "OK" and problem is None for response, _, problem in told)


@ways
def test_a_large_message(account: Account, way: Any) -> None:
    with account.selected(way) as M:
        assert M.create("large")[0] in ("OK", "NO")
        assert M.append("large", None, None, LARGE)[0] == "OK"
        assert M.select("large")[0] == "OK"
        (_, data), *_ = M.fetch("*", "(BODY.PEEK[])")[1]
        assert data == LARGE


@ways
def test_an_idle_that_times_out(account: Account, way: Any) -> None:
    with account.selected(way) as M, duration(0.9, 3):
        assert M.idle(timeout=1)[0] == "OK"


@ways
def test_an_idle_that_news_end(account: Account, way: Any) -> None:
    with account.selected(way) as M, ThreadPoolExecutor() as pool:
        over = pool.submit(M.idle, timeout=SECONDS)
        deliver(account)
        with duration(0, SECONDS - 5):
            over.result()
        assert M.response("EXISTS")[1] != [None]


def test_an_idle_that_a_command_ends(account: Account) -> None:
    with account.selected(Account.plain) as M:
        over = threading.Event()
        M.idle(timeout=2 * SECONDS, callback=lambda arguments: over.set())
        assert M.noop()[0] == "OK"
        assert over.wait(SECONDS)


@ways
def test_the_iterator_of_an_idle(account: Account, way: Any) -> None:
    with account.selected(way) as M, M.idle(duration=SECONDS) as idler:
        deliver(account)
        assert "EXISTS" in (typ for typ, _ in idler)


@ways
def test_shutdown_ends_an_idle(account: Account, way: Any) -> None:
    M = way(account)
    if M.state == "NONAUTH":
        M.login(account.user, account.password)
    M.select()
    over: queue.SimpleQueue[Any] = queue.SimpleQueue()
    M.idle(timeout=2 * SECONDS, callback=over.put)
    with duration(0, 4):
        M.shutdown()
        _, _, problem = over.get(timeout=SECONDS)
    assert problem is not None


def test_a_server_that_falls_silent() -> None:
    """It keeps the connection, too: nothing but we can wake the reader."""
    over = threading.Event()
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with listener.accept()[0] as peer:
                peer.sendall(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
                over.wait(SECONDS)

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        M = IMAP4("127.0.0.1", listener.getsockname()[1], timeout=1)
        with duration(0.9, 2), pytest.raises(IMAP4.abort, match="timed out"):
            M.noop()
        with duration(0, 1):
            M.logout()
        assert set(threading.enumerate()) - before == {serving}
        over.set()
        serving.join()


def test_eight_threads(account: Account) -> None:
    def fetch(M: Any, offset: int) -> None:
        for i in range(offset, offset + 100):
            number = i % COUNT + 1
            (answer,) = M.fetch(str(number), "(UID)")[1]
            assert answer.startswith(b"%d (UID " % number)

    with account.selected(Account.plain) as M, ThreadPoolExecutor() as pool:
        for done in [pool.submit(fetch, M, 13 * offset) for offset in range(8)]:
            done.result(SECONDS)


class Own:
    """Replaces what carries bytes."""

    def read(self, size: int) -> bytes:
        data: bytes = super().read(size)  # type: ignore[misc]
        return data

    def send(self, data: bytes) -> None:
        super().send(data)  # type: ignore[misc]


class OwnPlain(Own, IMAP4):
    pass


class OwnEncrypted(Own, IMAP4_SSL):
    pass


@pytest.mark.parametrize("way", WAYS[:2], ids=lambda way: way.__name__)
def test_own_methods(account: Account, way: Any) -> None:
    cls: Any = OwnPlain if way is Account.plain else OwnEncrypted
    with account.selected(lambda account: way(account, cls)) as M:
        assert M.fetch("1", "(FLAGS)")[0] == "OK"
        with duration(0.4, 3):
            M.idle(timeout=0.5)


@ways
def test_by_hand(account: Account, way: Any) -> None:
    with account.selected(way) as M:
        tag = M._new_tag()
        M.send(tag + b" IDLE\r\n")
        assert M.readline().startswith(b"+")
        deliver(account)
        assert b"EXISTS" in M.readline()
        M.send(b"DONE\r\n")
        while not (line := M.readline()).startswith(tag):
            assert line
        assert b"OK" in line
        assert M.noop()[0] == "OK"


@ways
def test_a_connection_that_is_forgotten(account: Account, way: Any) -> None:
    """The fixture sees that nothing of it is left."""
    M = way(account)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        del M
        gc.collect()
