"""The methods that are named after commands: how they look, and what little they use."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import imaplib2
from imaplib2 import _methods
from imaplib2._errors import InvalidArgument, UnusableArgument, error
from imaplib2._methods import CommandMethods

from .test_hostile_input import Client, ready

METHODS = {
    name: method
    for name, method in vars(CommandMethods).items()
    if inspect.isfunction(method) and not name.startswith("_")
}
#: What they use of what stands below them.
USED = {
    "_call", "_refused", "_sends_elsewhere", "_simple_command", "_make_idler", "_take_untagged",
    "_locked", "_running_engine", "untagged_responses", "capabilities",
}  # fmt: skip
#: What no RFC tells of.
OURS = {"response", "recent", "pop_untagged_responses", "proxyauth"}


def test_there_are_many() -> None:
    assert len(METHODS) > 45


@pytest.mark.parametrize("name", sorted(METHODS.keys() - {"pop_untagged_responses"}))
def test_a_method_ends_in_callback_and_its_argument(name: str) -> None:
    assert [*inspect.signature(METHODS[name]).parameters][-2:] == ["callback", "cb_arg"]


@pytest.mark.parametrize("name", sorted(METHODS.keys() - OURS))
def test_a_method_says_where_its_command_is_from(name: str) -> None:
    assert re.search(r"\((RFC|draft-)", METHODS[name].__doc__ or "")


def test_the_methods_use_little() -> None:
    tree = ast.parse(Path(_methods.__file__).read_text("utf-8"))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self"
    }
    assert used - vars(CommandMethods).keys() == USED


def _refusals() -> list[tuple[str, Callable[[Any], Any], type[Exception]]]:
    return [
        ("expunge", lambda M: M.expunge("1"), UnusableArgument),
        ("expunge", lambda M: M.expunge(uid=True), UnusableArgument),
        ("store", lambda M: M.store("1", "FLAGS", None), UnusableArgument),
        ("uid", lambda M: M.uid("NOSUCH", "1"), InvalidArgument),
        ("xatom", lambda M: M.xatom("X Y\ud800"), InvalidArgument),
        ("append", lambda M: M.append("INBOX", None, None, 5), TypeError),
        ("append", lambda M: M.append("INBOX", None, "yesterday", b""), ValueError),
        ("id", lambda M: M.id("a", "b", "c"), InvalidArgument),
        ("idle", lambda M: M.idle(5, duration=5), TypeError),
        ("idle", lambda M: M.idle("5"), TypeError),
        ("response", lambda M: M.response("EXISTS", callback=5), TypeError),
    ]


@pytest.mark.parametrize(("name", "call", "kind"), _refusals())
def test_what_can_not_be_meant_is_refused(
    name: str, call: Callable[[Any], Any], kind: type[Exception]
) -> None:
    client = ready(name)
    with pytest.raises(kind):
        call(client)
    client.check_untouched()


@pytest.mark.parametrize(
    ("name", "call"), [("enable", lambda M: M.enable("X")), ("idle", lambda M: M.idle(1))]
)
def test_the_server_has_to_offer_it(name: str, call: Callable[[Any], Any]) -> None:
    client = ready(name)
    client.capabilities, client.literal = ("IMAP4REV1",), b"left"
    with pytest.raises(error, match="Server does not support"):
        call(client)
    client.check_untouched()


def test_what_has_come_is_taken_once() -> None:
    client = Client()
    client.untagged_responses = {"EXISTS": [b"3", b"4"], "RECENT": [b"1"]}
    assert client.response("exists") == ("exists", [b"3", b"4"])
    assert client.response("EXISTS") == ("EXISTS", [None])
    assert client.recent() == ("OK", [b"1"])
    assert client.recent() == ("OK", [None])
    client.untagged_responses = [["A", [b"1"]], ["B", [b"2"]]]
    assert [*client.pop_untagged_responses()] == [("A", [b"1"]), ("B", [b"2"])]
    assert client.heard()[0].split()[1] == b"NOOP"


def test_how_long_an_idle_lasts_is_set_on_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    client = ready("idle")
    monkeypatch.setattr(client, "_call", lambda name, **options: seen.append(options["idle"]))
    monkeypatch.setattr(_methods, "Idle", lambda *spans: spans)
    monkeypatch.setattr(imaplib2, "IDLE_TIMEOUT", 60)
    for timeout in (None, 5, -5):
        client.idle(timeout)
    assert seen == [(60, 60), (5, 60), (0.0, 60)]
