"""A call becomes a command, and its outcome what the call returns; without threads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

import imaplib2
from imaplib2._errors import InvalidArgument, abort, error
from imaplib2._protocol.arguments import Message
from imaplib2._protocol.commands import COMMANDS

from ..core.tokenizer import Atom, Quoted
from .test_doubles import double
from .test_hostile_input import Client


def test_what_is_called_is_sent_and_answered() -> None:
    client = Client()
    assert client._call("XFOO", "a b") == ("OK", [b"done"])
    assert client.understood().args == (Quoted(b"a b"),)


def test_a_command_with_uids() -> None:
    client = Client()
    client.state = "SELECTED"
    client._call("FETCH", "1", "(FLAGS)", uid=True)
    assert client.understood().name == "UID FETCH"


def test_params_are_put_in() -> None:
    client = Client()
    client.state = "SELECTED"
    client._call("SEARCH", "SUBJECT ?", params=["a b"])
    assert client.understood().args == (Atom(b"SUBJECT"), Quoted(b"a b"))


def test_a_literal_is_for_one_command() -> None:
    client = Client()
    client.literal = b"message"
    client._call("XFOO", "a")
    assert client.understood().args[-1].value == b"message"
    client._call("XFOO", "a")
    assert len(client.understood().args) == 1


@pytest.mark.parametrize(
    ("name", "argument", "options"),
    [
        ("XFOO", "a\r\nb", {}),
        ("X\r\nFOO", "a", {}),
        ("XFOO", "a", {"callback": 5}),
        ("SELECT", "a", {"callback": 5}),
        ("FETCH", "1", {}),
    ],
)
def test_a_refused_call_takes_its_literal_along(
    name: str, argument: str, options: dict[str, Any]
) -> None:
    client = Client()
    client.literal = b"message"
    with pytest.raises((error, TypeError)):
        client._call(name, argument, **options)
    client.check_untouched()


def test_a_literal_that_is_no_bytes_names_its_type() -> None:
    client = Client()
    client.literal = 5
    with pytest.raises(TypeError, match="a literal must be bytes, not int"):
        client._call("XFOO")


def test_what_finishes_a_command_makes_the_outcome() -> None:
    client = Client()
    assert client._call("XFOO", finish=lambda typ, data: (typ.lower(), len(data))) == ("ok", 1)


def test_a_command_without_arguments_is_its_name() -> None:
    command = Client()._build(COMMANDS["NOOP"], ())
    assert command.parts == [COMMANDS["NOOP"].encoded_name]


@pytest.mark.parametrize("is_on", [False, True])
def test_the_form_for_utf8_is_kept_in_case_it_is_enabled(is_on: bool) -> None:
    client = Client(utf8=is_on)
    command = client._build(COMMANDS["CREATE"], ("\xe4",))
    assert (command.utf8_form is None) == is_on


def built(name: str, arguments: list[str], message: bytes | None, *, utf8: bool) -> Any:
    last = () if message is None else (Message(message),)
    try:
        return Client(utf8=utf8)._build(COMMANDS[name], arguments, last)
    except InvalidArgument as problem:
        return problem


@given(
    st.sampled_from([
        ("CREATE", ["{}"]), ("APPEND", ["{}"]), ("LIST", ["", "{}"]), ("LOGIN", ["a", "{}"]),
        ("STATUS", ["{}", "(MESSAGES)"]), ("SETACL", ["a", "{}", "r"]),
        ("SEARCH", ["SUBJECT", "{}"]),
    ]),
    st.text(st.sampled_from('aB&-",/\\ \t\x7f\x01(){}%*\xe9\u20ac'), max_size=8),
)  # fmt: skip
def test_the_form_for_utf8_is_what_would_be_built_then(
    command: tuple[str, list[str]], text: str
) -> None:
    """However it is sent, one command means one thing."""
    name, arguments = command
    arguments = [argument.replace("{}", text) for argument in arguments]
    message = b"message" if name == "APPEND" else None
    before, then = (built(name, arguments, message, utf8=utf8) for utf8 in (False, True))
    if isinstance(before, error):
        return
    form = before if before.utf8_form is None else before.utf8_form
    if isinstance(form, error):
        assert str(form) == str(then)
    else:
        assert form.parts == then.parts


def test_a_signal_handler_s_exception_gives_the_command_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given_up: list[str] = []

    def interrupted(pending: Any) -> Any:
        raise KeyboardInterrupt

    client = Client()
    monkeypatch.setattr(client._loop, "wait", interrupted)
    monkeypatch.setattr(client._loop, "give_up", lambda command: given_up.append(command.row.name))
    with pytest.raises(KeyboardInterrupt):
        client.noop()
    assert given_up == ["NOOP"]


def test_without_a_connection_the_call_says_what_is_missing() -> None:
    M = double(imaplib2)
    with pytest.raises(abort, match=r"not connected yet: .* open\(\) and _connect\(\)"):
        M.noop()


# Raw commands


def test_a_raw_command_leaves_its_data() -> None:
    client = Client()
    assert client._simple_command("XFOO", "a") == ("OK", [b"done"])
    assert client._untagged_response("OK", [b"done"], "XFOO") == ("OK", [None])
    assert client._untagged_response("NO", [b"why"], "XFOO") == ("NO", [b"why"])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("UID", "fetch", "1"), (True, "FETCH", ("1",))),
        (("uid", "EXPUNGE"), (True, "EXPUNGE", ())),
        (("UID", "XFOO", "1"), (False, "UID", ("XFOO", "1"))),
        (("UID",), (False, "UID", ())),
        (("FETCH", "1"), (False, "FETCH", ("1",))),
    ],
)
def test_what_uid_is_said_of(words: tuple[str, ...], expected: Any) -> None:
    client = Client()
    client.state = "SELECTED"
    name, *arguments = words
    assert client._split_uid(name, tuple(arguments)) == expected


def test_an_unknown_name_is_an_error_of_ours() -> None:
    with pytest.raises(InvalidArgument):
        Client()._call("NO SUCH")
