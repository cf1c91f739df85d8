"""The parts of the harness that measure nothing."""

from __future__ import annotations

import math
import socket
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from . import __main__ as command_line, pictures
from .backends import ROOT, Backend
from .docs import marked, places, replaced, ways_table
from .growth import exponent
from .libraries import (
    BEFORE,
    LIBRARIES,
    LIKE_IMAPLIB,
    MODULES,
    OURS,
    Address,
    client_class,
    in_threads,
)
from .libraries.floor import last_line
from .measure import ENOUGH, Plan, Result, Results, measure
from .replies import Mailbox, body, fetched
from .report import (
    METRICS,
    NOTHING,
    beside_table,
    cell,
    group_table,
    grouped,
    median,
    octets,
    seconds,
)
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
        ("flags", "before"): Result([{"cpu": 1.8}], 3, 3),
        ("noop", "imaplib2"): Result([{"cpu": 3.0, "latency": 0.4}], 0, 0),
        ("noop", "before"): Result([{"cpu": 2.0, "latency": 0.5}], 0, 0),
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


@pytest.mark.parametrize("kind", ["flags", "envelopes", "structures"])
def test_what_is_to_be_read_is_what_imaplib_gives(kind: str) -> None:
    """And both libraries find all of the messages in it."""
    mailbox = Mailbox(f"read-{kind}-60")
    assert (mailbox.kind, mailbox.exists) == (f"read-{kind}", 60)
    data: list[Any] = []
    for number in range(1, 61):
        data += fetched(mailbox.message(number))
    literals = sum(isinstance(item, tuple) for item in data)
    assert literals == {"flags": 0, "envelopes": 6, "structures": 12}[kind]
    read = [getattr(client_class(name), f"read_{kind}") for name in (OURS, "IMAPClient")]
    assert [each(data) for each in read] == [60, 60]


@pytest.mark.parametrize(
    ("response", "data"),
    [
        (b"* 1 FETCH (FLAGS ())\r\n", [b"1 (FLAGS ())"]),
        (
            b"* 1 FETCH (A {3}\r\na\r\n B {0}\r\n)\r\n",
            [(b"1 (A {3}", b"a\r\n"), (b" B {0}", b""), b")"],
        ),
    ],
)
def test_data_of_a_response(response: bytes, data: list[Any]) -> None:
    assert fetched(response) == data


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


def test_what_has_become_slower_comes_first() -> None:
    workloads = [(WORKLOADS[name], 1) for name in ("flags", "noop", "import")]
    rows = beside_table(_results(), workloads).splitlines()[2:]
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]
    assert cells == [
        ["noop", "CPU", "2 s", "3 s", "1.50"],
        ["noop", "latency", "500 ms", "400 ms", "0.80"],
        ["flags", "CPU", "1.8 s", "900 ms", "0.50"],
    ]


class NoServer(Backend):
    """For what is measured without one, or isn't."""

    name = "none"

    def __init__(self, port: int = 0) -> None:
        super().__init__()
        self._port = port

    def port(self, tls: bool) -> int:
        return self._port


def _plan(libraries: list[str], **others: Any) -> Plan:
    return Plan(NoServer(), libraries, 1, lambda line: None, **others)


@pytest.fixture
def other_copy(tmp_path: Path) -> Path:
    """A checkout whose package can't be imported, and whose benchmarks are no such thing."""
    for name in ("imaplib2", "benchmarks"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise RuntimeError('other {name}')")
    return tmp_path


@pytest.mark.parametrize("workload", ["import", "first-connection", "noop"])
def test_before_is_the_other_copy(workload: str, other_copy: Path) -> None:
    results = measure(_plan([BEFORE], before=other_copy), [(WORKLOADS[workload], 1)])
    assert results[workload, BEFORE].problem == "RuntimeError: other imaplib2"


def test_a_wheel_is_unpacked(other_copy: Path) -> None:
    wheel = other_copy / "imaplib2-0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("imaplib2/__init__.py", "")
    with ExitStack() as cleanup:
        found = command_line._before(wheel, cleanup)
        assert found is not None
        assert (found / "imaplib2" / "__init__.py").is_file()
    assert not found.exists()


def _libraries(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> list[str]:
    monkeypatch.setattr("sys.argv", ["benchmarks", *arguments])
    return command_line._libraries(command_line._arguments())


def test_before_takes_part_when_there_is_one(
    monkeypatch: pytest.MonkeyPatch, other_copy: Path
) -> None:
    others = [name for name in LIBRARIES if name not in (OURS, BEFORE)]
    beside = ("--beside", str(other_copy))
    assert _libraries(monkeypatch) == [OURS, *others]
    assert _libraries(monkeypatch, *beside) == [OURS, BEFORE, *others]
    assert _libraries(monkeypatch, *beside, "--libraries", "floor") == [OURS, BEFORE, "floor"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--beside", "/nowhere"],
        ["--beside", str(ROOT), "--growth"],
        ["--docs", "/nowhere"],
        ["--docs", __file__, "--short"],
        ["--docs", __file__, "--only", "noop"],
        ["--docs", __file__, "--beside", str(ROOT)],
        ["--libraries", BEFORE],
    ],
)
def test_arguments_that_make_no_sense(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit):
        _libraries(monkeypatch, *arguments)


@pytest.mark.parametrize("library", ["imaplib2", "imaplib"])
def test_the_first_connection(library: str, port: int) -> None:
    plan = replace(_plan([library]), backend=NoServer(port))
    result = measure(plan, [(WORKLOADS["first-connection"], 1)])["first-connection", library]
    assert result.problem is None
    assert set(result.samples[0]) == {"wall", "cpu", "peak"}


def test_a_floor_is_nothing_to_import() -> None:
    workloads = [(WORKLOADS[name], 1) for name in ("import", "first-connection")]
    results = measure(_plan(["threaded-floor", "IMAPClient"]), workloads[1:])
    results |= measure(_plan(["threaded-floor"]), workloads[:1])
    assert {result.problem for result in results.values()} == {"absent"}


def test_slow_libraries_are_left_out_or_sampled_less(monkeypatch: pytest.MonkeyPatch) -> None:
    def take(*arguments: Any) -> None:
        arguments[-1].spent += ENOUGH / 2
        arguments[-1].samples.append({"wall": 1.0})

    monkeypatch.setattr("benchmarks.measure._take", take)
    workload = replace(WORKLOADS["noop"], too_slow=("floor",))
    results = measure(replace(_plan(["imaplib", "floor"]), rounds=5), [(workload, 1)])
    assert len(results["noop", "imaplib"].samples) == 2
    assert cell(results, "noop", "floor", "wall") == "\N{EN DASH}"


def test_figures_are_replaced() -> None:
    text = "\n\n".join(["a", marked("One", "1"), "b", marked("Two", "2\n\n3"), "c\n"])
    assert places(text) == ["One", "Two"]
    assert replaced(text, {"Two": "4"}) == text.replace("2\n\n3", "4")
    assert replaced(text, {"One": "\\1"}) == text.replace("1", "\\1")
    with pytest.raises(LookupError, match="no place for Three"):
        replaced(text, {"Three": ""})


def test_the_documentation_has_a_place_for_each_figure() -> None:
    groups = grouped([(workload, 1) for workload in WORKLOADS.values()])
    expected = {"Conditions", "Ways", "Growth", "Targets", *groups}
    assert set(places((ROOT / "docs" / "performance.rst").read_text("utf-8"))) == expected


def test_ways() -> None:
    results = {(name, OURS): Result([{"wall": 0.1}]) for name in ("loop", "range")}
    text = ways_table(results, {"loop": 100, "range": 1000})
    assert "| ``fetch`` in a loop      | 100        | 100 ms |" in text
    assert "| one ``fetch`` of a range | 1,000      | 100 ms |" in text


def test_docs_are_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    document = tmp_path / "x.rst"
    document.write_text(marked("Growth", "") + "\n\n" + marked("Conditions", "then") + "\n")
    monkeypatch.setattr("sys.argv", ["benchmarks", "--docs", str(document), "--growth"])
    command_line._publish(command_line._arguments(), {"Conditions": "now", "Growth": "1.0"})
    assert "1.0" in document.read_text()
    assert "then" in document.read_text()


def test_targets_are_about_what_is_measured() -> None:
    everything = {
        (workload, library): Result([dict.fromkeys(METRICS, 1.0)], 1, 1)
        for workload in WORKLOADS
        for library in LIBRARIES
    }
    sizes = dict.fromkeys(WORKLOADS, 1)
    assert all(target.measure(everything, sizes) is not None for target in TARGETS)


# Pictures


@pytest.mark.parametrize("name", sorted(pictures.pictures()))
def test_pictures_say_what_the_tables_say(name: str) -> None:
    """Otherwise: python -m benchmarks.pictures."""
    assert (pictures.DIRECTORY / name).read_text("utf-8") == pictures.pictures()[name]


def test_there_are_no_other_pictures() -> None:
    assert {path.name for path in pictures.DIRECTORY.iterdir()} == pictures.pictures().keys()


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("45 µs (2.21)", 45e-6), ("1.02 s", 1.02), ("491 MB (1.00)", 491e6), ("0 B (0.00)", 0.0),
        ("12,000", 12000.0), (NOTHING, None), ("failed", None),
    ],
)  # fmt: skip
def test_amounts(text: str, amount: float | None) -> None:
    assert pictures.amount(text) == (amount if amount is None else pytest.approx(amount))


def test_a_picture_escapes_what_it_shows() -> None:
    bars = [pictures.Bar("a<b", 2.0, "2 & more"), pictures.Bar("c", 1.0, "1")]
    drawn = pictures.drawn([pictures.Group("<i>", bars)], "x")
    assert "a&lt;b" in drawn
    assert "2 &amp; more" in drawn
    assert "<i>" not in drawn
