"""What is done before and behind a replaced ``_simple_command``; the rest is in `test_replaced`."""

from __future__ import annotations

from typing import Any

import pytest

from imaplib2._by_hand.route import Name, Route
from imaplib2._detour import Detour
from imaplib2._errors import error, readonly
from imaplib2._protocol.commands import COMMANDS, UID_COMMANDS


class Replacement:
    """Answers by itself, and keeps what it was called with."""

    def __init__(self, client: Any, typ: str = "OK", **untagged: Any) -> None:
        self._client, self._typ, self._untagged = client, typ, untagged
        self.calls: list[Any] = []

    def __call__(self, *words: Any, **options: Any) -> Any:
        self.calls.append((words, options, self._client.literal))
        for typ, data in self._untagged.items():
            self._client.untagged_responses[typ] = data
        return (None, None) if "callback" in options else (self._typ, [b"said"])


@pytest.fixture
def client() -> Any:
    detour = Detour()
    detour._engine = detour.literal = detour.compressor = None
    detour.state = "SELECTED"
    return detour


def call(client: Any, replacement: Replacement, name: str, *arguments: Any, **options: Any) -> Any:
    uid = options.pop("uid", False)
    row = UID_COMMANDS[name] if uid else COMMANDS[name]
    callback, cb_arg = options.pop("callback", None), options.pop("cb_arg", None)
    route = Route(row, options.pop("finish", None), **options)
    return client._call_replaced(
        replacement, route, name, arguments, uid=uid, callback=callback, cb_arg=cb_arg
    )


def test_it_is_called_with_the_name_and_the_arguments(client: Any) -> None:
    replacement = Replacement(client)
    assert call(client, replacement, "CREATE", "a") == ("OK", [b"said"])
    ((words, options, literal),) = replacement.calls
    assert (words, options, literal) == (("CREATE", "a"), {}, None)
    assert isinstance(words[0], Name)
    assert words[0].route is None  # now that all is over


def test_with_uids_the_first_word_is_uid(client: Any) -> None:
    replacement = Replacement(client, FETCH=[b"1 (UID 7)"])
    assert call(client, replacement, "FETCH", "7", "UID", uid=True) == ("OK", [b"1 (UID 7)"])
    assert replacement.calls[0][0] == ("UID", "FETCH", "7", "UID")


def test_with_uids_the_state_is_looked_at(client: Any) -> None:
    client.state = "AUTH"
    replacement = Replacement(client)
    with pytest.raises(error, match="command FETCH illegal in state AUTH"):
        call(client, replacement, "FETCH", "7", "UID", uid=True)
    assert replacement.calls == []


def test_a_callback_goes_with_the_type_that_is_returned(client: Any) -> None:
    replacement = Replacement(client)
    assert call(client, replacement, "SEARCH", "ALL", callback=print, cb_arg=1) == (None, None)
    assert replacement.calls[0][1] == {
        "callback": print, "cb_arg": 1, "untagged_response": "SEARCH",
    }  # fmt: skip


def test_it_finds_the_message_in_literal(client: Any) -> None:
    from imaplib2._protocol.arguments import Message

    replacement = Replacement(client)
    call(client, replacement, "APPEND", "INBOX", None, None, last=(Message(b"text"),))
    assert replacement.calls[0][2] == b"text"
    assert client.literal is None


@pytest.mark.parametrize("problem", [error("no"), KeyboardInterrupt()])
def test_no_literal_is_left_behind_by_an_exception(client: Any, problem: BaseException) -> None:
    def fail(*words: Any) -> Any:
        client.literal = b"mine"
        raise problem

    with pytest.raises(type(problem)):
        call(client, fail, "CREATE", "a")  # type: ignore[arg-type]
    assert client.literal is None


def test_its_answer_is_the_server_s_word(client: Any) -> None:
    assert call(client, Replacement(client), "CLOSE") == ("OK", [b"said"])
    assert client.state == "AUTH"
    assert call(client, Replacement(client, EXISTS=[b"3"]), "SELECT", "a") == ("OK", [b"3"])
    assert (client.state, client.mailbox) == ("SELECTED", "a")


def test_a_mailbox_that_is_read_only_is_no_success(client: Any) -> None:
    replacement = Replacement(client, **{"READ-ONLY": [b""]})
    with pytest.raises(readonly, match="is not writable"):
        call(client, replacement, "SELECT", "a")


@pytest.mark.parametrize("name", ["STARTTLS", "COMPRESS"])
def test_an_upgrade_needs_more_than_an_answer(client: Any, name: str) -> None:
    client.state = COMMANDS[name].states[0]
    with pytest.raises(error, match="answers it, but has not sent it"):
        call(client, Replacement(client), name)
    assert call(client, Replacement(client, "NO"), name) == ("NO", [b"said"])


def test_a_command_that_fails_has_an_answer_for_each_type(client: Any) -> None:
    answer = call(client, Replacement(client, "NO"), "GETQUOTAROOT", "INBOX")
    assert answer == ("NO", [[b"said"], [b"said"]])


def test_a_literal_that_a_route_shows_is_not_one_s_own(client: Any) -> None:
    from imaplib2._protocol.arguments import Message

    client.literal = b"mine"
    assert client._own_literal() == client.literal == b"mine"
    route = Route(COMMANDS["APPEND"], None, last=(Message(b"text"),))
    with client._routes.open(route, "APPEND"):
        client.literal = route.literal
        assert client._own_literal() is None
    assert client.literal is None
