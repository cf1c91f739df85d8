"""The library in a program that gevent has patched, where threads are greenlets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ..live.dovecot import Dovecot
from ..needs import need_package

PROGRAM = Path(__file__).with_name("gevent_program.py")


def test_a_patched_program(dovecot: Dovecot, user: str) -> None:
    need_package("gevent")
    server = [dovecot.host, str(dovecot.port), str(dovecot.tls_port), dovecot.ca_file]
    done = subprocess.run(
        [sys.executable, "-I", PROGRAM, *server, user], capture_output=True, text=True, timeout=50
    )
    assert done.stderr == ""
    assert done.stdout.split() == ["plain", "tls", "starttls"]
    assert done.returncode == 0
