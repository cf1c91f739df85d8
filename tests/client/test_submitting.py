"""``submit``: which methods it takes, and what it makes of them; without threads."""

from __future__ import annotations

import doctest
import functools
import inspect
from types import FunctionType, MethodType
from typing import Any

import pytest

import imaplib2
from imaplib2 import IMAP4
from imaplib2._submitting import Submitting, _check
from imaplib2._types import LATER

from .test_doubles import double
from .test_public_names import METHODS, Unconnected


def taken(client: Any, method: Any, **options: Any) -> bool:
    try:
        _check(client, method, options)
    except TypeError:
        return False
    return True


#: Those that are newer than the contract's list.
NEWER = {
    "enable_compression", "fetch_to", "login_best", "login_external", "login_oauthbearer",
    "login_scram", "login_xoauth2",
}  # fmt: skip


@pytest.mark.parametrize("name", [*METHODS, *sorted(NEWER)])
def test_each_command_can_be_submitted(name: str) -> None:
    client = Unconnected()
    assert taken(client, getattr(client, name))
    assert taken(client, getattr(client, name.upper()))


def test_nothing_else_of_the_public_names_can() -> None:
    client = Unconnected()
    others = {name for name in dir(IMAP4) if not name.startswith("__")} - {*METHODS}
    found = {name for name in others if taken(client, getattr(client, name, None))}
    assert found == NEWER


@pytest.mark.parametrize(
    "method",
    [
        None, print, len, IMAP4, "fetch", lambda: None, IMAP4.noop, functools.partial(print),
        [].append, ("OK", [b"data"]),
    ],
)  # fmt: skip
def test_what_is_no_method(method: Any) -> None:
    with pytest.raises(TypeError, match=r"submit takes a method of this connection, as M\.fetch"):
        Unconnected().submit(method)


def test_the_method_of_another_connection() -> None:
    with pytest.raises(TypeError, match="noop is a method of another object"):
        Unconnected().submit(Unconnected().noop)


def test_what_is_no_command() -> None:
    client = Unconnected()
    for method in (client.shutdown, client.idle_done, client.submit, client._simple_command):
        with pytest.raises(TypeError, match="is no command method"):
            client.submit(method)  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["callback", "cb_arg"])
def test_a_callback_goes_with_no_future(option: str) -> None:
    client: Any = Unconnected()
    with pytest.raises(TypeError, match="callback and cb_arg go with no future"):
        client.submit(client.noop, **{option: None})


# -- Subclasses


def wrapped(method: Any) -> Any:
    def wrapper(self: Any, *args: Any, **options: Any) -> Any:
        return method(self, *args, **options)

    return wrapper


class Own(Unconnected):
    """Has methods of its own."""

    def noop(self) -> Any:  # type: ignore[override]
        return super().noop()

    def check(self, **options: Any) -> Any:
        return super().check(**options)

    def select(self, mailbox: Any = "INBOX", readonly: bool = False, **options: Any) -> Any:
        return super().select(mailbox, readonly, **options)

    search = wrapped(IMAP4.search)
    close: Any = print
    scan = IMAP4.list

    def xlist(self, *args: Any, callback: Any = None, cb_arg: Any = None) -> Any:
        return self._simple_command("XLIST", *args, callback=callback, cb_arg=cb_arg)

    def other(self, **options: Any) -> Any:
        """No command."""

    def positional(self, callback: Any, /) -> Any:
        """No command."""

    def _private(self, callback: Any = None) -> Any:
        """No command."""


def test_what_a_subclass_has() -> None:
    client = Own()
    names = {name for name in vars(Own) if not name.startswith("__")}
    found = {name for name in names if taken(client, getattr(client, name))}
    assert found == {"check", "select", "search", "scan", "xlist"}
    with pytest.raises(TypeError, match=r"Own\.noop takes no callback="):
        client.submit(client.noop)
    assert taken(client, super(Own, client).noop)


def test_methods_that_are_put_on_the_object() -> None:
    client: Any = Unconnected()
    client.noop = MethodType(lambda self, callback=None: LATER, client)
    assert not taken(client, client.noop)


def test_a_subclass_may_have_the_name() -> None:
    class Pool(Unconnected):
        def submit(self, job: str) -> str:  # type: ignore[override]
            return job

    assert Pool().submit("job") == "job"
    client: Any = Unconnected()
    client.submit = "mine"
    assert client.submit == "mine"
    source = inspect.getsource(imaplib2._client)
    assert ".submit(" not in source


def test_a_command_takes_a_callback_by_name() -> None:
    """As `submit` gives it so."""
    for name in METHODS:
        function = getattr(IMAP4, name)
        assert isinstance(function, FunctionType)
        assert inspect.signature(function).parameters["callback"].kind.name == "KEYWORD_ONLY"


# -- The call


def test_what_the_call_raises() -> None:
    client = Unconnected()
    with pytest.raises(IMAP4.abort, match="not connected yet"):
        client.submit(client.noop)
    with pytest.raises(TypeError, match="idle: duration goes with neither timeout nor callback"):
        client.submit(client.idle, duration=5)
    assert client._submitted == {}


def test_a_double_answers_itself() -> None:
    def answer(self: Any, name: str, *args: Any, **options: Any) -> Any:
        return "OK", [b"done"]

    client = double(imaplib2, _simple_command=answer)
    future = client.submit(client.noop)
    assert future.result() == ("OK", [b"done"])


def test_a_submission_within_another() -> None:
    """Of a subclass whose method submits by itself: both know their own commands."""
    outer_seen: list[Any] = []

    class Nested(Unconnected):
        def capability(self, *, callback: Any = None, cb_arg: Any = None) -> Any:
            outer = self._submitted
            outer_seen.append([*outer.values()])
            with pytest.raises(IMAP4.abort):
                self.submit(super().noop)
            outer_seen.append([*outer.values()])
            return "OK", []

    client = Nested()
    future = client.submit(client.capability)
    assert outer_seen == [[future], [future]]
    assert future.result() == ("OK", [])
    assert client._submitted == {}


def test_it_is_documented_where_it_is_inherited() -> None:
    assert IMAP4.submit.__qualname__ == "IMAP4.submit"
    assert Submitting.submit is IMAP4.submit


def test_the_example_runs() -> None:
    (example,) = doctest.DocTestFinder().find(IMAP4.submit, "submit", module=imaplib2, globs={})
    found = doctest.DocTestRunner().run(example)
    assert (found.failed, found.attempted > 0) == (0, True)
