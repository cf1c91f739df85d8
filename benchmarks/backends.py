"""The servers that are measured against, and the proxies before them: processes, all of them."""

from __future__ import annotations

import imaplib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

from tests.live.certificates import make_certificates

from .libraries import PASSWORD, USER, Address
from .replies import Mailbox, body
from .server import Ports
from .workloads import Workload

ROOT = Path(__file__).resolve().parents[1]
_STOP_SECONDS = 5.0


class Backend:
    """A server; a context manager. What it started ends with the block, or with this process."""

    name: str
    control_port: int | None = None
    ca_file: str

    def __init__(self) -> None:
        self._cleanup = ExitStack()
        self._proxies: dict[tuple[int, float], int] = {}

    def __enter__(self) -> Backend:
        with ExitStack() as cleanup:
            self._start(cleanup)
            self._cleanup = cleanup.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._cleanup.close()

    def _start(self, cleanup: ExitStack) -> None:
        raise NotImplementedError

    def port(self, tls: bool) -> int:
        raise NotImplementedError

    def prepare(self, workload: Workload, size: int) -> None:
        """Make the mailbox that a workload selects."""

    def pin(self, pinned: bool) -> None:
        """Let the connections made from now on run on the first core only, or on all of them."""

    def address(self, tls: bool, round_trip: float) -> Address:
        """Where to connect; a proxy is started when there is none yet for *round_trip* seconds."""
        port = self.port(tls)
        if round_trip:
            port = self._proxy(port, round_trip)
        return Address(port, self.ca_file if tls else None)

    def _proxy(self, port: int, round_trip: float) -> int:
        key = (port, round_trip)
        if key not in self._proxies:
            process = self._cleanup.enter_context(_module("proxy", str(port), str(round_trip)))
            self._proxies[key] = int(_first_line(process))
        return self._proxies[key]


class Precomputed(Backend):
    """``server.py``."""

    name = "precomputed"

    def _start(self, cleanup: ExitStack) -> None:
        directory = Path(cleanup.enter_context(tempfile.TemporaryDirectory()))
        certificates = make_certificates(directory)
        self.ca_file = str(certificates.ca)
        self._process = cleanup.enter_context(
            _module("server", str(certificates.certificate), str(certificates.key))
        )
        self._ports = Ports(**json.loads(_first_line(self._process)))
        self.control_port = self._ports.control

    def port(self, tls: bool) -> int:
        return self._ports.tls if tls else self._ports.plain

    def pin(self, pinned: bool) -> None:
        cores = {first_core()} if pinned else os.sched_getaffinity(0)
        os.sched_setaffinity(self._process.pid, cores)


class Dovecot(Backend):
    """The throw-away Dovecot of the tests; needs root."""

    name = "dovecot"

    def _start(self, cleanup: ExitStack) -> None:
        from tests.live.dovecot import Dovecot as Server

        if reason := Server.missing():
            raise SystemExit(reason)
        self._server = cleanup.enter_context(Server())
        self.ca_file = self._server.ca_file
        self._made: set[str] = set()
        with self._connection() as connection:
            connection.create("Appended")
            for name in ("quiet", "synchronizing"):
                connection.create(name)

    def port(self, tls: bool) -> int:
        return self._server.tls_port if tls else self._server.port

    def prepare(self, workload: Workload, size: int) -> None:
        mailbox = Mailbox(workload.mailbox.format(size=size))
        if mailbox.name in self._made:
            return
        self._made.add(mailbox.name)
        with self._connection() as connection:
            connection.create(mailbox.name)
            connection.append(mailbox.name, None, None, _message(mailbox))
            connection.select(mailbox.name)
            count = 1
            while count < mailbox.exists:
                more = min(count, mailbox.exists - count)
                connection.copy(f"1:{more}", mailbox.name)
                count += more

    @contextmanager
    def _connection(self) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("127.0.0.1", self._server.port) as connection:
            connection.login(USER, PASSWORD)
            yield connection


BACKENDS: dict[str, type[Backend]] = {each.name: each for each in (Precomputed, Dovecot)}


def first_core() -> int:
    return min(os.sched_getaffinity(0))


def _message(mailbox: Mailbox) -> bytes:
    """A message as large as the mailbox's are; the header of others makes literals in ENVELOPE."""
    if mailbox.kind == "bodies":
        return body(1, mailbox.numbers[1])
    return (
        b'From: "Ann \\"A\\" Other" <ann@example.org>\r\nTo: bob@example.net\r\n'
        b'Subject: Minutes of the "meeting"\r\nDate: Mon, 01 Jan 2024 09:00:00 +0000\r\n'
        b"\r\nText\r\n"
    )


@contextmanager
def _module(name: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A module of this package as a process; it ends when its standard input does."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"{__package__}.{name}", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        # Ctrl-C is for the harness, which ends this in good order.
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} has not started")
    return line
