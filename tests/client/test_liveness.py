"""``closed``, ``reason`` and ``idle_done``, without a server; and subclasses that have them."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

import imaplib2
from imaplib2 import IMAP4
from imaplib2._errors import TimeoutAbort, about, error

from .test_public_names import Unconnected

NAMES = ["closed", "reason", "idle_done"]


def test_a_client_without_a_connection_is_not_closed() -> None:
    client = Unconnected()
    assert client.closed is False
    assert client.reason is None
    client.idle_done()


def test_what_has_ended_it_is_told() -> None:
    client = Unconnected()
    client._core.where = "example.org:143"
    client._core.fail(TimeoutAbort("silence"))
    assert client.closed is True
    assert client.Terminate is True
    reason = client.reason
    assert isinstance(reason, IMAP4.abort)
    assert isinstance(reason, TimeoutError)
    assert "silence" in str(reason)
    assert about(reason)["where"] == "example.org:143"


def test_the_reason_is_nobody_elses() -> None:
    client = Unconnected()
    client._core.fail(error("end"))
    with pytest.raises(IMAP4.abort):
        raise client.reason  # type: ignore[misc]
    assert client.reason.__traceback__ is None  # type: ignore[union-attr]
    assert str(client.reason) == str(client._core.reason)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [None, False, "mine", lambda: "mine"])
def test_a_subclass_may_have_the_names(name: str, value: Any) -> None:
    """As an attribute that it sets before ``__init__``, behind it, or in the class."""

    class Setting(Unconnected):
        def __init__(self) -> None:
            setattr(self, name, value)
            super().__init__()

    class Having(Unconnected):
        pass

    setattr(Having, name, value)
    client = Setting()
    assert getattr(client, name) is value
    delattr(client, name)
    assert getattr(client, name) is not value or value in (None, False)
    assert getattr(Having, name) is value
    later = Unconnected()
    setattr(later, name, value)
    assert getattr(later, name) is value


@pytest.mark.parametrize("name", NAMES)
def test_a_subclass_may_have_a_property(name: str) -> None:
    own = type("Own", (Unconnected,), {name: property(lambda self: "mine")})
    assert getattr(own(), name) == "mine"


@pytest.mark.parametrize("path", sorted(Path(imaplib2.__file__).parent.glob("*.py")), ids=str)
def test_nothing_of_ours_uses_them(path: Path) -> None:
    """Of a client, which a subclass may have made something else of them for."""
    if path.name == "_liveness.py":
        return
    used = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("self", "client")
    }
    assert not used & {*NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_they_are_documented(name: str) -> None:
    assert getattr(IMAP4, name).__doc__
