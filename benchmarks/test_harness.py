"""The parts of the harness that measure nothing."""

from __future__ import annotations

import math
import zlib

import pytest

from .growth import exponent
from .measure import Result, Results
from .replies import Mailbox, body
from .report import cell, group_table, median, octets, seconds
from .server import Line, _deflated, split_line
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


@pytest.mark.parametrize(("share", "literals"), [(0, 0), (2, 1), (10, 5), (50, 25), (100, 50)])
@pytest.mark.parametrize("octets", [0, 60])
def test_of_subjects_as_many_are_literals_as_there_should_be(
    share: int, literals: int, octets: int
) -> None:
    text = Mailbox(f"subjects-50-{share}-{octets}").messages()
    assert text.count(b" FETCH (ENVELOPE (") == 50
    literal = b" {%d}\r\n%b ((" % (octets, b"x" * octets)
    assert text.count(b"}") == text.count(literal) == literals
    assert text.count(b"\r\n") == 50 + literals


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
