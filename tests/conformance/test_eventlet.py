"""The library in a program that eventlet has patched, where threads are greenlets."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..live.dovecot import Dovecot
from ..needs import need_package
from .child import check, run_program

PROGRAM = Path(__file__).with_name("eventlet_program.py")


def test_a_patched_program(dovecot: Dovecot, user: str) -> None:
    need_package("eventlet")
    server = [dovecot.host, dovecot.port, dovecot.tls_port, dovecot.ca_file]
    done = run_program(PROGRAM, *server, user)
    if done.stdout.startswith("unsupported"):
        pytest.skip(f"eventlet doesn't run on this Python: {done.stdout}")
    check(done, "plain", "tls", "starttls", "hooked")
