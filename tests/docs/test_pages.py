"""The examples of the documentation do what it says."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import imaplib2
from imaplib2._cli.main import parser

from ..live.helpers import wait_until
from ..server.authority import Authority
from ..server.helpers import Thread
from . import commands
from .account import HOST, PASSWORD, USER, Account, at_example_org, written
from .pages import RUN, SHOWN, blocks, run

ROOT = Path(__file__).parents[2]
PAGES = {
    str(path.relative_to(ROOT)): path
    for path in [ROOT / "README.rst", ROOT / "CONTRIBUTING.rst", *(ROOT / "docs").rglob("*.rst")]
}
#: What shows code in a way that isn't run.
OTHERWISE = re.compile(
    r"^ *\.\. (code|sourcecode|parsed-literal|highlight|doctest)::", re.MULTILINE
)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("docs") / "authority")


@pytest.fixture(scope="session")
def certificate(authority: Authority) -> Path:
    """What the server of the examples shows."""
    return authority.issue("example", f"DNS:{HOST}")


@pytest.fixture
def account(authority: Authority, certificate: Path) -> Iterator[Account]:
    account = Account()
    with at_example_org(account, authority, certificate):
        yield account


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[imaplib2.IMAP4]]:
    """Those that an example makes; few of them are closed there, as they are few lines."""
    made: list[imaplib2.IMAP4] = []
    new = imaplib2.IMAP4.__new__

    def noted(cls: type[imaplib2.IMAP4], *args: Any, **options: Any) -> imaplib2.IMAP4:
        made.append(new(cls, *args, **options))
        return made[-1]

    monkeypatch.setattr(imaplib2.IMAP4, "__new__", noted)
    yield made
    for M in made:
        # Unless its __init__ was never called.
        if "_engine" in vars(M):
            M.shutdown()


@pytest.mark.parametrize("page", sorted(PAGES))
def test_examples_do_what_they_say(
    page: str,
    account: Account,
    connections: list[imaplib2.IMAP4],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = list(blocks(PAGES[page].read_text(encoding="utf-8")))
    if not any(block.kind in RUN and not block.reason for block in found):
        return
    # Files that examples write.
    monkeypatch.chdir(tmp_path)
    M = imaplib2.IMAP4_SSL(HOST, timeout=20)
    M.login(USER.decode(), PASSWORD.decode())
    M.select()
    names = {
        "__name__": "__main__", "imaplib2": imaplib2, "M": M,
        # For hidden blocks.
        "ROOT": ROOT, "account": account, "written": written, "Thread": Thread,
        "threading": threading, "wait_until": wait_until,
    }  # fmt: skip
    run(PAGES[page], names)


@pytest.mark.parametrize("page", sorted(PAGES))
def test_all_code_is_run_or_says_why_not(page: str) -> None:
    text = PAGES[page].read_text(encoding="utf-8")
    kinds = {block.kind for block in blocks(text)}
    assert kinds <= RUN | SHOWN
    assert not OTHERWISE.search(text)
    # A literal block holds no Python.
    assert text.count(">>> ") == sum(block.text.count(">>> ") for block in blocks(text))


@pytest.mark.parametrize("name", ["CHANGELOG", "CONTRIBUTING", "README", "SECURITY"])
def test_links_lead_to_files(name: str) -> None:
    """Sphinx looks at those that pages have."""
    text = (ROOT / f"{name}.rst").read_text(encoding="utf-8")
    for link in re.findall(r"<(?!https?:)([^`>]+)>`_", text):
        assert (ROOT / link).is_file(), link


@pytest.mark.parametrize("page", sorted(PAGES))
def test_command_lines_are_accepted(page: str) -> None:
    for block in blocks(PAGES[page].read_text(encoding="utf-8")):
        for line in commands.lines(block.kind, block.text):
            for words in commands.arguments(line):
                assert parser().parse_args(words).subcommand
