"""A child process as a transport, and the end of it with all that it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from imaplib2._transport.family import Family, _descendants, _parent
from imaplib2._transport.process import ProcessTransport

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


@pytest.mark.skipif(bool(SYSTEM) or not hasattr(os, "pidfd_open"), reason="the system doesn't tell")
def test_a_family() -> None:
    program = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'input()'])\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    with child(program) as parent:
        assert parent.stdout is not None
        grandchild = int(parent.stdout.readline())
        assert _descendants(parent.pid) == [grandchild]
        assert _parent(str(grandchild)) == parent.pid
        family = Family(parent)
        assert not family.ends_within(0.01)
        family.send_signal(signal.SIGKILL)
        assert family.ends_within(30)
        family.send_signal(signal.SIGKILL)  # nobody is hit
        family.close()


@pytest.mark.parametrize("pid", ["0", "no number", "99999999"])
def test_a_process_that_is_not_there(pid: Any) -> None:
    assert _parent(pid) is None
