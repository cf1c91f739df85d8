"""What a method wants of a command that its replaced ``_simple_command`` sends."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from imaplib2._by_hand.route import Name, Route, Routes, as_imaplib_has_it, check_whole
from imaplib2._errors import error
from imaplib2._protocol.arguments import Literal, Password
from imaplib2._protocol.command import Idle

from ..core.helpers import row


def append(data: bytes = b"message") -> Route:
    route = Route(row("APPEND"), None, last=[Literal(data)])
    route.arguments = ("INBOX", None, None)
    return route


def test_the_name_leads_to_it_until_the_method_has_returned() -> None:
    routes, route = Routes(), append()
    with routes.open(route, "APPEND") as name:
        assert name == "APPEND"
        assert routes.find("APPEND", [name], []) is route
        assert routes.find("append", ["UID", name], []) is route
        assert type(pickle.loads(pickle.dumps(name))) is str
    assert name.route is None
    assert name.needs_route
    assert routes.find("APPEND", [name], []) is None


def test_a_thread_s_innermost_route_is_meant() -> None:
    routes, outer, inner = Routes(), append(), append()
    with routes.open(outer, "APPEND"):
        with routes.open(inner, "APPEND"):
            assert routes.find("APPEND", [], []) is inner
            assert routes.find("NOOP", [], []) is None
        assert routes.find("APPEND", [], []) is outer


def test_of_another_thread_the_one_is_meant_that_can_be() -> None:
    routes, route, other = Routes(), append(), append(b"another")
    other.arguments = ("OUTBOX", None, None)
    arguments = ["INBOX", None, None]
    with routes.open(route, "APPEND"), routes.open(other, "APPEND"):
        routes._innermost.clear()  # as in another thread
        assert routes.find("APPEND", [], arguments) is route
        assert routes.find("APPEND", [Name("APPEND")], arguments) is None
        other.arguments = route.arguments
        assert routes.find("APPEND", [], arguments) is None
    assert routes.find("APPEND", [], arguments) is None


def test_what_it_shows() -> None:
    routes, route = Routes(), append()
    with routes.open(route, "APPEND"):
        assert routes.shows(route.literal)
        assert not routes.shows(bytearray(route.literal))
    assert not routes.shows(route.literal)


def test_each_command_idles_anew() -> None:
    route = Route(row("IDLE"), None, idle=Idle(renew_after=None))
    assert route.needed
    first, second = route.idle, route.idle
    assert first is not None
    assert first is not second


@pytest.mark.parametrize(("answer", "shown"), [(b"user", b"dXNlcg=="), (None, b"*")])
def test_challenges_are_answered_as_with_imaplib(answer: Any, shown: bytes) -> None:
    route = Route(row("AUTHENTICATE"), None, authenticator=lambda challenge: answer)
    assert route.literal(b"") == shown
    assert route.responder is not None
    assert route.responder(b"") == (None if answer is None else shown)


def test_what_a_command_takes_from_it() -> None:
    def finish(typ: str, data: Any) -> Any:
        return typ, data

    route = Route(row("NOOP"), finish, leaves_data=True)
    taken = route.options(calls_back=False, literal=None)
    assert "finish" not in taken
    assert route.options(calls_back=True, literal=None)["finish"] is finish
    assert "last" in taken
    assert "last" not in route.options(calls_back=False, literal=b"set by the replacement")


@pytest.mark.parametrize(
    ("words", "name", "arguments", "is_whole"),
    [
        (["NOOP"], "NOOP", [], True),
        (["APPEND"], "APPEND", ["INBOX", None, None], False),
        (["APPEND"], "APPEND", ["INBOX", None, None, b"(CATENATE)"], True),
    ],
)
def test_what_can_not_be_sent_without_one(
    words: list[Any], name: str, arguments: list[Any], is_whole: bool
) -> None:
    if is_whole:
        check_whole(words, name, arguments)
    else:
        with pytest.raises(error, match="before _simple_command returns"):
            check_whole(words, name, arguments)


def test_a_late_name_is_refused() -> None:
    with Routes().open(append(), "APPEND") as name:
        pass
    with pytest.raises(error, match="before _simple_command returns"):
        check_whole([name], "APPEND", [])


def test_passwords_are_shown_as_imaplib_has_them() -> None:
    assert as_imaplib_has_it("a b") == "a b"
    assert as_imaplib_has_it(Password('se"cret')) == '"se\\"cret"'
