"""`imaplib2 watch` as it is typed, on real servers, also ones that are killed meanwhile."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ..needs import need
from .cyrus import Cyrus
from .dovecot import Dovecot
from .helpers import ok, plain
from .server import PASSWORD, Server

MESSAGE = b"From: Ada <ada@example.org>\r\nSubject: Lunch?\r\n\r\nAt noon.\r\n"
KINDS = [Dovecot, Cyrus]


class Watch:
    """The command, at work: what it writes is read by `next`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def next(self) -> Any:
        """The next event."""
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@contextmanager
def watching(server: Server, user: str, *arguments: str) -> Iterator[Watch]:
    line = [
        *(sys.executable, "-m", "imaplib2", "watch", f"{user}@{server.host}:{server.port}"),
        *("--plain", "--allow-clear-text", "--json", *arguments),
    ]
    with subprocess.Popen(
        line,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "IMAPLIB2_PASSWORD": PASSWORD, "IMAPLIB2_CONFIG": os.devnull},
    ) as process:
        try:
            yield Watch(process)
        finally:
            process.kill()


def deliver(server: Server, user: str) -> int:
    """Deliver a message; its UID."""
    with plain(server, user) as M:
        ok(M.append("INBOX", None, None, MESSAGE))
        ok(M.select("INBOX"))
        return int(ok(M.uid("SEARCH", None, "ALL"))[0].split()[-1])


def test_what_happens(server: Server, user: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    program = f"import os, sys; open({str(out)!r}, 'ab').write(sys.stdin.buffer.read())"
    line = shlex.join([sys.executable, "-c", program])
    deliver(server, user)
    with watching(server, user, "--exec", line) as watch:
        begun = watch.next()
        assert (begun["event"], begun["messages"]) == ("watching", 1)
        uid = deliver(server, user)
        arrived = watch.next()
        assert (arrived["event"], arrived["uid"]) == ("arrived", uid)
        assert (arrived["from"], arrived["subject"]) == ("Ada", "Lunch?")
        with plain(server, user) as M:
            ok(M.select("INBOX"))
            ok(M.uid("STORE", str(uid), "+FLAGS", r"(\Flagged)"))
            changed = watch.next()
            assert (changed["event"], changed["uid"]) == ("flags", uid)
            assert "\\Flagged" in changed["flags"]
            ok(M.uid("STORE", str(uid), "+FLAGS", r"(\Deleted)"))
            ok(M.expunge())
        while (event := watch.next())["event"] == "flags":
            pass
        assert (event["event"], event["uid"]) == ("removed", uid)
    assert out.read_bytes() == MESSAGE


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_is_killed(kind: type[Any]) -> None:
    need(kind.missing(), kind.__name__)
    with kind() as server:
        user = server.new_user()
        deliver(server, user)
        with watching(server, user) as watch:
            assert watch.next()["event"] == "watching"
            server.restart()
            uid = deliver(server, user)
            while (event := watch.next())["event"] == "reconnected":
                pass
            assert (event["event"], event["uid"]) == ("arrived", uid)
