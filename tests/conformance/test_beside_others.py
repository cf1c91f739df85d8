"""README's table of libraries tells what they are, and the figures of the documentation."""

from __future__ import annotations

import imaplib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import imaplib2

from ..server.contexts import Contexts
from ..server.helpers import Serve
from ..server.scripted import Peer, PeerClosedError
from .packages import folder_of

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("facts_program.py")

#: Columns of the table, by the names that the figures have.
COLUMNS = {
    "imaplib2": "imaplib2",
    "imaplib": "``imaplib`` of 3.13",
    "historical": "historical imaplib2 3.6",
    "imapclient": "IMAPClient 4.1.0",
    "imap_tools": "imap_tools 1.16.0",
    "aioimaplib": "aioimaplib 2.0.3",
}
PACKAGES = {
    "historical": "imaplib2==3.6",
    "imapclient": "imapclient==4.1.0",
    "imap_tools": "imap_tools==1.16.0",
    "aioimaplib": "aioimaplib==2.0.3",
}

METHODS = "Has ``imaplib``'s methods"
#: Rows that say yes or no: what facts_program.py calls it.
FACTS = {
    "IDLE": "IDLE",
    "COMPRESS": "COMPRESS",
    "Verifies certificates unless told not to": "verifies",
    "Type hints for its users": "hints",
}
#: Rows with figures: those of docs/performance.rst that they repeat.
FIGURES = {
    "1,000 fetches, a round trip of 50 ms": ("1,000 fetches at a time", "time"),
    "50,000 FETCH FLAGS lines": ("50,000 FETCH FLAGS lines", "time"),
    "2,000 bodies of 20 KB": ("2,000 bodies of 20 KB", "time"),
    "100 times connect, login, select, logout": (
        "100 times connect, login, select, logout",
        "time",
    ),
    "2,000 NOOPs, each": ("2,000 NOOPs, one core", "latency"),
    "Memory of an idling connection": ("200 idling connections", "memory each"),
}
DERIVED = "50 s, one by one"
"""A cell that is computed from the figure of 20 fetches."""


def table() -> dict[str, dict[str, str]]:
    """The cells of README's table, by row and column."""
    rows: list[list[str]] = []
    text = (ROOT / "README.rst").read_text("utf-8").partition("\nBeside others\n")[2]
    for start, cell in re.findall(r"^   ([* ]) -(.*)$", text, flags=re.M):
        if start == "*":
            rows.append([])
        rows[-1].append(cell.strip())
    (_, *columns), *others = rows
    return {row: dict(zip(columns, cells, strict=True)) for row, *cells in others}


def _cells(behind: str = "") -> Iterator[list[str]]:
    """The cells of each line of the tables in docs/performance.rst, *behind* some text there."""
    text = (ROOT / "docs" / "performance.rst").read_text("utf-8").partition(behind or "=\n")[2]
    for line in text.splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def figures(label: str, metric: str, behind: str = "") -> dict[str, str]:
    """A row of docs/performance.rst, by library."""
    columns: list[str] = []
    row = ""
    for cells in _cells(behind):
        if "imaplib2" in cells:
            columns = cells
        row = cells[0] or row
        if (row, cells[1]) == (label, metric):
            return dict(zip(columns, cells, strict=True))
    raise LookupError(label)


@pytest.mark.parametrize("row", FIGURES)
def test_figures_are_those_of_the_documentation(row: str) -> None:
    measured = {name.lower(): text for name, text in figures(*FIGURES[row]).items()}
    for name, column in COLUMNS.items():
        shown = table()[row][column]
        if shown != DERIVED:
            assert shown == measured.get(name, "").partition(" (")[0].replace("\N{EN DASH}", "")


def test_what_is_said_of_figures() -> None:
    """Sentences that repeat some."""
    ways = {cells[0]: cells[-1] for cells in _cells() if len(cells) == 3}
    assert round(float(ways["``fetch`` in a loop"].removesuffix(" s"))) == 1
    together = ways["``fetch(callback=...)`` in a loop"]
    readme = " ".join((ROOT / "README.rst").read_text("utf-8").split())
    assert f"takes a second for 20 messages; in this way, 1,000 take {together} (" in readme
    plain, packed = "2,000 bodies of 20 KB", "2,000 bodies of 20 KB, compressed"
    moved = [_ours(label, "bytes moved") for label in (plain, packed)]
    times = [float(_ours(label, "CPU").removesuffix(" ms")) for label in (packed, plain)]
    ratio = f"{times[0] / times[1]:.1f}"
    performance = " ".join((ROOT / "docs" / "performance.rst").read_text("utf-8").split())
    assert f"takes {plain} from {moved[0]} down to {moved[1]} on the" in performance
    assert f"for {ratio} times the processor time (`Bytes on the wire`_)" in performance
    memory = _ours("200 idling connections", "memory each")
    assert f"takes {memory} of memory (`IDLE`_)" in performance


def _ours(label: str, metric: str) -> str:
    behind = "" if "connections" in label else "\nBytes on the wire\n~"
    return figures(label, metric, behind)["imaplib2"].partition(" (")[0]


def test_one_fetch_after_the_other() -> None:
    for name, text in figures("20 fetches, one after the other", "time").items():
        if name in ("imaplib", "IMAPClient"):
            assert round(float(text.partition(" s")[0]), 1) * 1000 / 20 == float(DERIVED[:2])


def _greet(peer: Peer) -> None:
    peer.untagged(b"OK hello")
    try:
        while True:
            tag = peer.readline().partition(b" ")[0]
            peer.untagged(b"CAPABILITY IMAP4rev1")
            peer.line(tag + b" OK done")
    except PeerClosedError:
        pass


@pytest.mark.parametrize("name", COLUMNS)
def test_what_they_can_do(
    name: str, serve: Serve, tls: Contexts, request: pytest.FixtureRequest
) -> None:
    folder = str(folder_of(PACKAGES[name], request.config)) if name in PACKAGES else ""
    # What it needed would be there, too.
    assert len([*Path(folder).glob("*.dist-info")]) == 1 or not folder
    environment = os.environ | {"PYTHONPATH": str(Path(imaplib2.__file__).parents[1])}
    server = serve(_greet, tls=tls.server)
    command = [sys.executable, str(PROGRAM), name, folder, server.host, str(server.port)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    told = {row: cells[COLUMNS[name]] for row, cells in table().items()}
    assert told[METHODS] == _share_of(facts["methods"])
    for row, fact in FACTS.items():
        assert told[row] in _ANSWERS[facts[fact]], row


_ANSWERS = {True: ("yes", "from 3.14"), False: ("no", "by typeshed", "from 3.14")}


def _share_of(methods: list[str]) -> str:
    """How many of imaplib's methods for commands there are."""
    commands = {name.lower() for name in imaplib.Commands if hasattr(imaplib.IMAP4, name.lower())}
    share = len(commands.intersection(methods)) / len(commands)
    return "yes" if share == 1 else "most" if share > 0.9 else "some" if share > 0.5 else "no"
