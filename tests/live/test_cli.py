"""The command line with real servers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imaplib2 import IMAP4
from imaplib2._cli.main import main

from .helpers import fill, plain
from .server import PASSWORD, Server

Type = Callable[..., tuple[int, list[Any]]]


@pytest.fixture
def typed(
    server: Server,
    user: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Type:
    """``typed("ls")``: exit status, and the lines of JSON."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("IMAPLIB2_PASSWORD", PASSWORD)

    def run(command: str, *arguments: str, port: int = server.tls_port) -> tuple[int, list[Any]]:
        host = f"{user}@localhost:{port}"
        status = main([command, host, "--ca-file", server.ca_file, "--json", *arguments])
        captured = capsys.readouterr()
        assert captured.err == ""
        return status, [json.loads(line) for line in captured.out.splitlines()]

    return run


@pytest.mark.parametrize("how", ["tls", "starttls"])
def test_check(how: str, server: Server, typed: Type) -> None:
    starttls = how == "starttls"
    port = server.port if starttls else server.tls_port
    status, (found,) = typed("check", *(["--starttls"] if starttls else []), port=port)
    assert [one for one in found["problems"] if one["serious"]] == []
    assert status == 0
    assert found["trusted"]
    assert "localhost" in found["names"]
    assert found["tls"]["version"].startswith("TLSv1.")
    assert "PLAIN" in found["mechanisms"]
    outcomes = {name: trial["outcome"] for name, trial in found["trials"].items()}
    is_offered = {
        "round trip": True,
        "pipelining": True,
        "LITERAL+": server.traits.name != "courier",
        "UTF8=ACCEPT": server.traits.name == "courier",
        "IDLE": True,
        "COMPRESS": server.has("COMPRESS=DEFLATE"),
    }
    assert outcomes == {
        name: "works" if offered else "not offered" for name, offered in is_offered.items()
    }


def test_check_changes_nothing(server: Server, user: str, typed: Type) -> None:
    def looks(M: IMAP4) -> Any:
        M.select(readonly=True)
        return M.fetch("1:*", "(UID FLAGS RFC822.SIZE)"), M.list(), M.lsub(), M.response("UIDNEXT")

    with plain(server, user) as M:
        fill(M, "INBOX", range(3))
    with plain(server, user) as M:
        # By the first look, messages cease to be recent.
        M.select()
        before = looks(M)
    assert typed("check")[0] == 0
    with plain(server, user) as M:
        assert looks(M) == before


def test_ls(server: Server, user: str, typed: Type) -> None:
    names = [server.mailbox(name) for name in ("a/b/c", "Entwürfe & Co", "日本")]
    with plain(server, user) as M:
        for name in names:
            assert M.create(name)[0] == "OK"
        fill(M, names[0], range(5), size=100)
        fill(M, "INBOX", range(2))
        M.subscribe(names[0])
        M.unsubscribe(names[1])
    status, lines = typed("ls", "--sizes")
    found = {line["name"]: line for line in lines}
    assert status == 0
    assert {*names, "INBOX"} <= found.keys()
    filled = found[names[0]]
    assert (filled["messages"], filled["unseen"], filled["subscribed"]) == (5, 5, True)
    assert filled["size"] == sum_of_sizes(server, user, names[0])
    assert filled["path"][-3:] == ["a", "b", "c"]
    assert found[names[1]]["subscribed"] is False
    assert found["INBOX"]["messages"] == 2
    uses = {use for line in lines for use in line["special_use"]}
    assert (r"\Drafts" in uses) is (server.traits.name == "dovecot")
    assert typed("ls", server.mailbox("a/b/%"), "--sizes")[1] == [filled]


def sum_of_sizes(server: Server, user: str, mailbox: str) -> int:
    with plain(server, user) as M:
        M.select(mailbox, readonly=True)
        _, data = M.fetch("1:*", "(RFC822.SIZE)")
        return sum(int(line.partition(b"RFC822.SIZE ")[2].split(b")")[0]) for line in data)


def test_refused_credentials(server: Server, typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAPLIB2_PASSWORD", "wrong")
    status, (found,) = typed("check")
    assert status == 4
    assert "refuses the login of" in found["problems"][-1]["text"]
