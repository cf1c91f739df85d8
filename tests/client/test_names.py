"""Names that older programs call (``_names.py``): what they give, and what they leave."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._errors import InvalidArgument, error

from ..core.tokenizer import Quoted, parse_command
from .test_hostile_input import Client


def test_a_command_by_hand_keeps_its_tag_until_it_is_completed() -> None:
    client: Any = Client()
    tag = client._command("XFOO", "a b")
    assert client.tagged_commands == {tag: None}
    assert client.understood().args == (Quoted(b"a b"),)
    assert client._command_complete("XFOO", tag) == ("OK", [b"done"])
    assert client.tagged_commands == {}


@pytest.mark.parametrize("arguments", [("XFOO", "a\r\nb"), ("FETCH", "1"), ("UID", "FETCH", "1")])
def test_a_command_by_hand_that_is_refused_leaves_nothing(arguments: tuple[str, ...]) -> None:
    client: Any = Client()
    client.literal = b"left"
    with pytest.raises(error):
        client._command(*arguments)
    client.check_untouched()


def test_a_tag_without_a_command_can_not_be_completed() -> None:
    with pytest.raises(error, match="no command with the tag b'A1' has been sent"):
        Client()._command_complete("XFOO", b"A1")


def test_a_new_tag_sees_a_send_that_was_replaced_since() -> None:
    client: Any = Client()
    client._new_tag()
    assert not client._by_hand.port.sends_unseen
    client.send = lambda data: None
    client._new_tag()
    assert client._by_hand.port.sends_unseen


def test_what_came_is_taken_or_left() -> None:
    client: Any = Client()
    client.untagged_responses = {"EXISTS": [b"3"]}
    assert client._get_untagged_response("EXISTS", leave=True) == [b"3"]
    assert client._get_untagged_response("EXISTS") == [b"3"]
    assert client._get_untagged_response("EXISTS", leave=True) is None


@given(st.text(st.characters(codec="ascii", exclude_characters="\r\n\0")))
def test_quoting_gives_one_quoted_string(text: str) -> None:
    quoted = Client.__new__(Client)._quote(text)
    (argument,) = parse_command(b"A1 XFOO " + quoted.encode("ascii") + b"\r\n").args
    assert argument == Quoted(text.encode("ascii"))


@pytest.mark.parametrize(
    ("argument", "expected"), [("a", b"a"), ("a b", b'"a b"'), (b"a b", b"a b"), (5, b"5")]
)
def test_quoting_what_needs_it(argument: Any, expected: bytes) -> None:
    assert Client()._checkquote(argument) == expected


def test_quoting_what_can_not_be_sent() -> None:
    with pytest.raises(InvalidArgument):
        Client()._checkquote("a\r\nb")


@pytest.mark.parametrize(("is_on", "expected"), [(False, "ascii"), (True, "utf-8")])
def test_the_encoding_follows_the_connection(is_on: bool, expected: str) -> None:
    client = Client(utf8=is_on)
    client._encoding = "latin-1"
    assert client._encoding == expected


@pytest.mark.parametrize(
    ("values", "expected"), [((None, "", "a"), "a"), ((None, 0), "default"), ((), "default")]
)
def test_the_first_that_is_something(values: tuple[Any, ...], expected: str) -> None:
    assert Client()._choose_nonull_or_dflt("default", *values) == expected


def test_untagged_responses_are_shown_by_mesg() -> None:
    client, shown = Client(), []
    client._mesg = lambda text, *args: shown.append(text)  # type: ignore[method-assign]
    client._dump_ur({})
    client._dump_ur({"EXISTS": [b"3"]})
    assert shown == ["untagged responses dump:EXISTS: [b'3']"]


def test_capabilities_are_asked_for() -> None:
    client = Client()
    client._get_capabilities()
    assert client.understood().name == "CAPABILITY"
