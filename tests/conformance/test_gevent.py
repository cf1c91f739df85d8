"""The library in a program that gevent has patched, where threads are greenlets."""

from __future__ import annotations

from pathlib import Path

from ..live.dovecot import Dovecot
from ..needs import need_package
from .child import check, run_program

PROGRAM = Path(__file__).with_name("gevent_program.py")


def test_a_patched_program(dovecot: Dovecot, user: str) -> None:
    need_package("gevent")
    server = [dovecot.host, dovecot.port, dovecot.tls_port, dovecot.ca_file]
    check(run_program(PROGRAM, *server, user), "plain", "tls", "starttls")
