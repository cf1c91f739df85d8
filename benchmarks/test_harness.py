"""The parts of the harness that measure nothing."""

from __future__ import annotations

import math
import socket
import threading
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from .growth import exponent
from .libraries import LIBRARIES, LIKE_IMAPLIB, MODULES, Address, client_class, in_threads
from .libraries.floor import last_line
from .measure import Result, Results
from .replies import Mailbox, body
from .report import cell, group_table, median, octets, seconds
from .server import Counts, Line, _deflated, split_line, start_thread
from .targets import TARGETS, targets_table
from .workloads import WORKLOADS


def _results() -> Results:
    return {
        ("flags", "imaplib"): Result([{"cpu": 1.0}, {"cpu": 4.0}, {"cpu": 2.0}], 3, 3),
        ("flags", "imaplib2"): Result([{"cpu": 0.9}, {"cpu": 0.8}, {"cpu": 1.0}], 3, 3),
        ("flags", "historical"): Result([{"cpu": 5.0}], 106, 4000),
        ("flags", "IMAPClient"): Result(problem="absent"),
        ("flags", "aioimaplib"): Result(problem="hangs"),
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"a1 NOOP", Line(b"a1", b"NOOP", b"")),
        (b"a1 fetch 1:* (FLAGS)", Line(b"a1", b"FETCH", b"1:* (FLAGS)")),
        (b"a1 APPEND x {12}", Line(b"a1", b"APPEND", b"x {12}", 12, True)),
        (b"a1 APPEND x {12+}", Line(b"a1", b"APPEND", b"x {12+}", 12, False)),
        (b"a1 SELECT {x}", Line(b"a1", b"SELECT", b"{x}")),
    ],
)
def test_split_line(line: bytes, expected: Line) -> None:
    assert split_line(line) == expected


def test_pieces_of_a_compressed_stream_are_independent() -> None:
    pieces = [b"one one one", b"two two two", b"one one one"]
    inflater = zlib.decompressobj(-15)
    assert b"".join(inflater.decompress(_deflated(piece)) for piece in pieces) == b"".join(pieces)


@pytest.mark.parametrize("size", [72, 20_480, 300_001])
def test_a_body_is_as_large_as_it_should_be(size: int) -> None:
    text = body(3, size)
    assert len(text) == size
    assert text.endswith(b"\r\n")
    assert text.count(b"\r") == text.count(b"\n") == text.count(b"\r\n")


def test_mailboxes() -> None:
    assert Mailbox("flags-2").messages() == (
        b"* 1 FETCH (FLAGS (\\Seen))\r\n* 2 FETCH (FLAGS (\\Seen))\r\n"
    )
    assert Mailbox("bodies-3-100").exists == 3
    assert Mailbox("at-once").exists == 1
    assert Mailbox("envelopes-2").messages().count(b"}\r\n") == 4


def test_medians() -> None:
    assert median(_results(), "flags", "imaplib", "cpu") == 2.0
    assert median(_results(), "flags", "imaplib", "wall") is None
    assert median(_results(), "flags", "floor", "cpu") is None


@pytest.mark.parametrize(
    ("library", "text"),
    [
        ("imaplib", "2 s (1.00)"),
        ("imaplib2", "900 ms (0.45)"),
        ("historical", "5 s (2.50), 106/4,000 right"),
        ("IMAPClient", "\N{EN DASH}"),
        ("aioimaplib", "hangs"),
        ("floor", "\N{EN DASH}"),
    ],
)
def test_cells(library: str, text: str) -> None:
    assert cell(_results(), "flags", library, "cpu") == text


def test_tables() -> None:
    text = group_table(_results(), [(WORKLOADS["flags"], 50_000)], ["imaplib2", "imaplib"])
    assert "| 50,000 FETCH FLAGS lines |" in text
    assert "900 ms (0.45)" in text


def test_targets() -> None:
    rows = targets_table(_results(), {"flags": 50_000}).splitlines()[2:]
    assert len(rows) == len(TARGETS)
    assert [cell.strip() for cell in rows[0].split("|")][2:5] == ["0.45", "0.45", "yes"]


@pytest.mark.parametrize(
    ("value", "text"), [(1.5, "1.5 s"), (0.0431, "43.1 ms"), (0.00012, "120 µs"), (0, "0 µs")]
)
def test_seconds(value: float, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize(("value", "text"), [(2e8, "200 MB"), (9257, "9.26 KB"), (17, "17 B")])
def test_octets(value: float, text: str) -> None:
    assert octets(value) == text


def test_exponent() -> None:
    growth = exponent([10, 30, 90], [200, 1800, 16_200])
    assert growth is not None
    assert math.isclose(growth, 2)
    assert exponent([1, 2], [0, 5]) is None


@pytest.fixture
def port() -> Iterator[int]:
    """Where the server is, which runs in this process."""

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            start_thread("plain", sock, Counts(), None)  # type: ignore[arg-type]

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture(params=["floor", "threaded-floor"])
def floor(request: pytest.FixtureRequest, port: int) -> Iterator[Any]:
    client = client_class(request.param)(Address(port))
    client.connect()
    yield client
    client.logout()


@pytest.mark.parametrize("user", ["alice", "synchronizing"])
def test_floors(floor: Any, user: str) -> None:
    floor.login(user)
    floor.append("x", body(1, 20_480))
    floor.append("x", body(1, 500_000))
    floor.select("envelopes-2000")
    floor.noop()
    assert last_line(floor.fetch("1:2000", "(ENVELOPE)")).endswith(b" OK done\r\n")
    assert len(floor.fetch_each(range(1, 100), "(FLAGS)")) == 1
    floor.start_idling()
    floor.stop_idling()
    floor.enable_compression()
    assert floor.fetch("7", "(ENVELOPE)").startswith(b"* 7 FETCH (ENVELOPE")


def test_threads_on_the_floor(port: int) -> None:
    client: Any = client_class("threaded-floor")(Address(port))
    client.connect()
    client.login()
    client.select("flags-400")
    shares = [range(first, 401, 8) for first in range(1, 9)]
    answers = client.fetch_in_threads(shares, "(FLAGS)")
    assert sorted(number for number, _ in answers) == list(range(1, 401))
    client.logout()


def test_answers_that_threads_miss() -> None:
    answers = in_threads([[1, 0], [2]], lambda number: 2 // number, ZeroDivisionError)
    assert sorted(answers) == [(1, 2), (2, 1)]


@pytest.mark.parametrize(
    ("tail", "line"),
    [
        (b"* 1 EXISTS\r\nA1 OK\r\n", b"A1 OK\r\n"),
        (b"A1 OK\r\n", b"A1 OK\r\n"),
        (b"A1 O", b""),
        (b"", b""),
    ],
)
def test_last_line(tail: bytes, line: bytes) -> None:
    assert last_line(tail) == line


def test_all_libraries_have_a_class() -> None:
    assert {*MODULES, *LIKE_IMAPLIB} < set(LIBRARIES)
