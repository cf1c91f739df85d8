"""Messages of tens of MB, to and from files, on real servers."""

from __future__ import annotations

import hashlib
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from .helpers import (
    TIMEOUT,
    Connect,
    Replies,
    fill,
    ok,
    over_all_transports,
    over_different_transports,
    plain,
    with_servers,
)
from .server import Server

HEADER = b"From: ann@example.org\r\nSubject: large\r\n\r\n"


def message(size: int, number: int = 1) -> bytes:
    """One of lines that are all different."""
    lines = (b"%060x\r\n" % (number * 10**9 + line) for line in range(size // 62))
    return HEADER + b"".join(lines)


def size_for(server: Server) -> int:
    return (3 if server.traits.is_slow else 30) * 2**20


class Hash:
    """A file of which only a hash is kept."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


@over_all_transports
def test_there_and_back(server: Server, connect: Connect, user: str) -> None:
    text = message(size_for(server))
    with connect(server, user) as M, tempfile.TemporaryFile() as file:
        file.write(text)
        file.seek(0)
        seen: list[Any] = []
        ok(M.append("INBOX", None, None, file, progress=lambda *done: seen.append(done)))
        assert seen[-1] == (len(text), len(text))
        ok(M.select())
        assert M.response("EXISTS")[1] in ([b"1"], [None])
        there = Hash()
        seen.clear()
        answer = M.fetch_to(there, 1, progress=lambda *done: seen.append(done))
        assert answer == ("OK", [len(text)])
        assert there.digest == hashlib.sha256(text).hexdigest()
        assert seen[-1] == (len(text), len(text))
        assert rb"\Seen" not in ok(M.fetch("1", "FLAGS"))[0]
        (line,) = ok(M.fetch("1", "UID"))
        uid = int(line.split()[-1].rstrip(b")"))
        calls, again = Replies(), Hash()
        M.fetch_to(again, uid, uid=True, callback=calls)
        ((result, _, problem),) = calls.wait(1)
        assert (result, problem) == (("OK", [len(text)]), None)
        assert again.digest == there.digest
        ok(M.noop())


@over_different_transports
def test_parts(server: Server, connect: Connect, user: str) -> None:
    text = message(100_000)
    with connect(server, user) as M:
        ok(M.append("INBOX", None, None, text))
        ok(M.select())
        for item, part in {
            "BODY.PEEK[]<10.5000>": text[10:5010],
            "BODY.PEEK[HEADER]": HEADER,
            "BODY.PEEK[TEXT]<0.100>": text[len(HEADER) :][:100],
            "BODY.PEEK[]<1000000.10>": b"",
            "RFC822.HEADER": HEADER,
            "BODY[1]": text[len(HEADER) :],
        }.items():
            with tempfile.TemporaryFile() as file:
                typ, (size,) = M.fetch_to(file, 1, item)
                file.seek(0)
                got = file.read()
                assert typ == "OK"
                assert size == len(part) or (size, part) == (None, b""), item
                assert got == part, item
        ok(M.noop())


@over_different_transports
def test_what_is_not_there(server: Server, connect: Connect, user: str) -> None:
    with connect(server, user) as M:
        fill(M, "INBOX", [1], 500)
        ok(M.select())
        assert M.fetch_to(Hash(), 99_999, uid=True) == ("OK", [None])
        try:
            typ, (text,) = M.fetch_to(Hash(), 2)
        except M.error as problem:
            typ = problem.type or ""
        else:
            assert text is None or typ == "NO"
        assert typ == server.traits.unknown_message
        ok(M.noop())
        with tempfile.TemporaryFile() as file:
            file.write(message(1_000_000))
            file.seek(0)
            typ, _ = M.append(server.mailbox("not there"), None, None, file)
            assert typ == "NO"
        ok(M.noop())


@with_servers(lambda traits: not traits.is_slow)
def test_a_slow_file_and_another_connection(server: Server, user: str) -> None:
    """While a time-out is set that is shorter than the file takes."""

    class Slow(Hash):
        begun, go = threading.Event(), threading.Event()

        def write(self, data: bytes) -> int:
            self.begun.set()
            assert self.go.wait(TIMEOUT)
            return super().write(data)

    text = message(10 * 2**20)
    with plain(server, user) as M, plain(server, user) as other:
        ok(M.append("INBOX", None, None, text))
        ok(M.select())
        M.sock.settimeout(1)
        calls, file = Replies(), Slow()
        M.fetch_to(file, 1, callback=calls)
        assert file.begun.wait(TIMEOUT)
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            began = time.monotonic()
            ok(other.noop())
            assert time.monotonic() - began < 1
        file.go.set()
        ((result, _, _),) = calls.wait(1)
        assert result == ("OK", [len(text)])
        assert file.digest == hashlib.sha256(text).hexdigest()
        ok(M.noop())


@with_servers(lambda traits: not traits.is_slow)
def test_a_full_disk(server: Server, user: str) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no disk that is always full")
    text = message(10 * 2**20)
    with plain(server, user) as M:
        ok(M.append("INBOX", None, None, text))
        ok(M.select())
        with open("/dev/full", "wb", buffering=0) as file, pytest.raises(OSError, match="space"):
            M.fetch_to(file, 1)
        ok(M.noop())
