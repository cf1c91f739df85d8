"""A child process as a transport, and the end of it with all that it has started."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from imaplib2._transport import process
from imaplib2._transport.process import ProcessTransport
from imaplib2._transport.waiting import can_read

from ..systems import SYSTEM

pytestmark = pytest.mark.skipif(SYSTEM == "windows", reason="there a pipe can't be waited for")

ECHO = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"


def child(program: str = ECHO) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", program],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def test_traffic() -> None:
    transport = ProcessTransport(child())
    assert transport.send(b"hello\n", 30) == 6
    buffer = memoryview(bytearray(100))
    assert transport.recv_into(buffer) == 6
    assert not transport.is_readable()
    transport.close()
    assert transport.process.returncode == 0


def test_bytes_that_are_there_are_known_without_waiting() -> None:
    transport = ProcessTransport(child())
    assert not transport.has_more
    assert transport.take_unread() == b""
    assert transport.try_send(b"hello\n") == 6
    assert can_read(transport.fileno(), 30)
    assert transport.is_readable()
    assert transport.silent_for() is None
    transport.close()


def test_what_the_child_has_not_taken_is_known_where_the_system_tells() -> None:
    transport = ProcessTransport(child("input()"))
    assert transport.unsent() == 0
    while transport.try_send(bytes(100_000)):
        pass
    if sys.platform == "linux" and not SYSTEM:
        assert transport.unsent() > 0
    transport.close()


def test_a_child_that_hears_no_signal_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_PATIENCE", 0.01)
    monkeypatch.setattr(process, "_TERMINATION", 0.01)
    deaf = child(
        "import signal\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(flush=True)\n"
        "while True: signal.pause()\n"
    )
    transport = ProcessTransport(deaf)
    assert transport.recv_into(memoryview(bytearray(10)))
    transport.close()
    assert deaf.returncode == -signal.SIGKILL


def test_a_forked_child_closes_its_ends_and_ends_nobody() -> None:
    parent = child()
    transport = ProcessTransport(parent)
    transport.drop()
    transport.drop()
    assert parent.wait(30) == 0  # its input has ended
    transport.close()


def test_a_child_that_takes_no_more() -> None:
    transport = ProcessTransport(child("import time; time.sleep(60)"))
    while transport.try_send(bytes(100_000)):
        pass
    assert transport.send(b"x", 0.01) == 0
    transport.interrupt()
    with pytest.raises(BrokenPipeError, match="the connection was closed"):
        transport.send(b"x", 0.01)
    assert transport.recv_into(memoryview(bytearray(1))) == 0
    transport.close()
    assert transport.process.returncode == -signal.SIGTERM
