"""Uses of imaplib give the same here: each is run on both libraries, against one Dovecot.

The uses are in uses.py. differences.py says which of them differ, how, and why. What is compared:
the result, or the class and the text of the exception; the state and the untagged responses left
behind; and what becomes of the next command.
"""

from __future__ import annotations

import imaplib
import inspect
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest

import imaplib2

from ..live.dovecot import Dovecot
from ..live.helpers import without_times
from ..live.server import PASSWORD
from .differences import DIFFERENCES, Difference, Raised, difference_of
from .uses import USES, Session, Setting, Use, fill_account

Serve = Callable[..., Any]


class Outcome(NamedTuple):
    """What a use gave, and what it left behind."""

    result: Any
    state: str | None = None
    is_readonly: bool | None = None
    untagged: Any = None
    then: Any = None
    """What a NOOP gives behind it."""


class Side:
    """One of the two libraries."""

    def __init__(self, library: Any, server: Dovecot, account: str) -> None:
        self.library, self.server = library, server
        self._account = account  # for uses that don't change anything

    def run(self, use: Use, serve: Serve) -> Outcome:
        """What *use* gives, without what differs each time."""
        is_shared = use.setting in (Setting.LOGGED_IN, Setting.EXAMINED)
        new_account = (lambda: self._account) if is_shared else self._new_account
        session = Session(self.library, self.server, serve, new_account)
        with session.stack, warnings.catch_warnings():
            if self.library is imaplib:  # what it warns of is its own business
                warnings.simplefilter("ignore")
            M = self._connection(use.setting, session)
            outcome = self._outcome(use.call, M, session)
        user = vars(session).get("user", "nobody")
        return Outcome(*(_without_chance(item, user) for item in outcome))

    def _new_account(self) -> str:
        user = self.server.new_user()
        fill_account(self.server, user)
        return user

    def _connection(self, setting: Setting, session: Session) -> Any:
        if setting is Setting.NOTHING:
            return None
        M = session.connect()
        if setting is Setting.GREETED:
            M.capability()
        else:
            M.login(session.user, PASSWORD)
        if setting in (Setting.SELECTED, Setting.EXAMINED):
            M.select("INBOX", setting is Setting.EXAMINED)
        return M

    def _outcome(self, call: Callable[..., Any], M: Any, session: Session) -> Outcome:
        given = {"M": M, "lib": self.library, "s": session}
        needed = {name: given[name] for name in inspect.signature(call).parameters}
        result = self._tried(lambda: call(**needed))
        if M is None:
            return Outcome(result)
        # Behind an exception nobody looks for data, and it depends on where it was raised.
        untagged = None if isinstance(result, Raised) else dict(M.untagged_responses.items())
        state, is_readonly = M.state, M.is_readonly
        return Outcome(result, state, is_readonly, untagged, self._next(M))

    def _next(self, M: Any) -> Any:
        then = self._tried(lambda: M.noop()[0])
        return replace(then, text="") if isinstance(then, Raised) else then

    def _tried(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Exception as problem:
            return self._raised(problem)

    def _raised(self, problem: Exception) -> Raised:
        public = [cls for cls in type(problem).__mro__ if self._public_name(cls)]
        # Of a class and its bases, the class says it all.
        kind = [cls for cls in public if not any(cls in other.__mro__[1:] for other in public)]
        names = [str(self._public_name(cls)) for cls in kind]
        caught_by = frozenset(str(self._public_name(cls)) for cls in public)
        return Raised(", ".join(names), str(problem), caught_by)

    def _public_name(self, cls: type) -> str | None:
        for name in ("readonly", "abort", "error"):
            if cls is getattr(self.library.IMAP4, name):
                return f"IMAP4.{name}"
        if cls in (object, BaseException, Exception) or cls.__module__.startswith("imaplib2"):
            return None
        return cls.__name__


_CHANCES = [
    (r"\b1[6-9]\d{8}\b", "<time>"),  # UIDVALIDITY
    (r"\b(localhost|127\.0\.0\.1):\d+", "<server>"),
    (r"\(_ssl\.c:\d+\)", "(_ssl.c)"),
    (r"\[NONEXISTENT\] (?=Mailbox doesn't exist)", ""),  # Dovecot 2.4 says so
]


def _without_chance(value: Any, user: str) -> Any:
    if isinstance(value, bytes):
        return _without_chance(value.decode("latin-1"), user).encode("latin-1")
    if isinstance(value, str):
        # Latin-1 keeps what is no such text apart, and as it is.
        text = without_times(value.encode("utf-8", "surrogateescape"))
        value = text.decode("utf-8", "surrogateescape").replace(user, "<user>")
        for pattern, name in _CHANCES:
            value = re.sub(pattern, name, value)
        return value
    if isinstance(value, Raised):
        return replace(value, text=_without_chance(value.text, user))
    if isinstance(value, dict):
        return {key: _without_chance(data, user) for key, data in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_without_chance(item, user) for item in value)
    return value


@pytest.fixture(autouse=True)
def _same_commands() -> Iterator[None]:
    """Uses add commands, and so does imaplib's xatom."""
    with patch.dict(imaplib.Commands), patch.dict(imaplib2.Commands):
        yield


@pytest.fixture(scope="module")
def sides(dovecot: Dovecot) -> tuple[Side, Side]:
    """The standard library, and this one."""
    account = dovecot.new_user()
    fill_account(dovecot, account)
    with imaplib.IMAP4(dovecot.host, dovecot.port) as M:
        M.login(account, PASSWORD)
        M.select()  # after which no message is recent
    return Side(imaplib, dovecot, account), Side(imaplib2, dovecot, account)


@pytest.mark.parametrize("name", USES)
def test_same(sides: tuple[Side, Side], serve: Serve, name: str) -> None:
    standard, ours = (side.run(USES[name], serve) for side in sides)
    difference = difference_of(name)
    if difference is None:
        assert _as_seen(ours, standard) == standard
    elif difference.older and standard.result != difference.differs.result[0]:
        assert _wordless(_as_seen(ours, standard)) == _wordless(standard)
    else:
        _check(standard, ours, difference)


_SIMPLE_COMMAND = imaplib2.IMAP4._simple_command


def _passing_on(M: Any, name: str, *args: Any, **options: Any) -> Any:
    """A replaced ``_simple_command`` that does nothing of its own."""
    return _SIMPLE_COMMAND(M, name, *args, **options)


@pytest.mark.parametrize("name", USES)
def test_the_same_through_a_replaced_simple_command(
    sides: tuple[Side, Side], serve: Serve, name: str
) -> None:
    expected = sides[1].run(USES[name], serve)
    with patch.object(imaplib2.IMAP4, "_simple_command", _passing_on):
        outcome = sides[1].run(USES[name], serve)
    if name == "the end: logout on a dead link":  # the reader may find out before, or not
        outcome, expected = Outcome(outcome.result), Outcome(expected.result)
    assert outcome == expected


def _check(standard: Outcome, ours: Outcome, difference: Difference) -> None:
    """Insist on what *difference* says of both sides, and on sameness otherwise."""
    pairs = difference.differs.pairs()
    assert standard == standard._replace(**{name: pair[0] for name, pair in pairs.items()})
    seen = _as_seen(ours, standard)
    if difference.item is None:
        assert _wordless(seen).result == _wordless(standard).result
    expected = standard._replace(**{name: pair[1] for name, pair in pairs.items()})
    if pairs["result"][0] is not pairs["result"][1]:  # then something else has come, too
        expected = expected._replace(untagged=ours.untagged)
    given = {name: getattr(ours, name) for name in pairs}
    assert seen._replace(**given) == expected


def _as_seen(ours: Outcome, standard: Outcome) -> Outcome:
    """*ours*, as those see it who catch what the standard library raises."""
    return ours._replace(
        result=_as_caught(ours.result, standard.result), then=_as_caught(ours.then, standard.then)
    )


def _as_caught(ours: Any, standard: Any) -> Any:
    if not (isinstance(ours, Raised) and isinstance(standard, Raised)):
        return ours
    # An abort makes programs connect again, so that it isn't as good as any other error.
    is_caught = standard.kind in ours.caught_by
    is_taken_for = ("IMAP4.abort" in ours.caught_by) == ("IMAP4.abort" in standard.caught_by)
    return replace(ours, kind=standard.kind) if is_caught and is_taken_for else ours


def _wordless(outcome: Outcome) -> Outcome:
    result = outcome.result
    return outcome._replace(
        result=replace(result, text="") if isinstance(result, Raised) else result
    )


def test_every_difference_is_one_of_a_use() -> None:
    assert DIFFERENCES.keys() <= USES.keys()


def test_the_documentation_has_the_same_list() -> None:
    page = Path(__file__).parents[2] / "docs" / "migrating" / "imaplib.rst"
    section = page.read_text(encoding="utf-8").partition("What differs")[2]
    items = re.findall(r"^   \* - (.+)$", section, re.MULTILINE)
    told = {entry.item for entries in DIFFERENCES.values() for entry in entries if entry.item}
    assert sorted(items) == sorted(told)
