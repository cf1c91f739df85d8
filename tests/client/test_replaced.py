"""A replaced ``_simple_command`` sees the commands that it sees with imaplib, and may answer them.

But for CAPABILITY, which newer versions of imaplib send behind each login: ours, if it has to ask,
asks by itself.
"""

from __future__ import annotations

import datetime
import imaplib
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest

import imaplib2

from .test_doubles import double

Call = tuple[str, tuple[Any, ...]]

DATE = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)


def _authenticator(challenge: bytes) -> bytes | None:
    return b"me:" + challenge if challenge else None


#: Methods, the state in which they are called, and what they are called with.
CALLS: dict[str, list[Call]] = {
    "append": [("AUTH", ("INBOX", r"(\Seen)", DATE, b"a\r\nb\n")), ("AUTH", ("", None, None, b""))],
    "authenticate": [("NONAUTH", ("xodd", _authenticator))],
    "capability": [("NONAUTH", ())],
    "check": [("SELECTED", ())],
    "close": [("SELECTED", ())],
    "copy": [("SELECTED", ("1:2", "Archive"))],
    "create": [("AUTH", ("New",))],
    "delete": [("AUTH", ("Old",))],
    "deleteacl": [("AUTH", ("INBOX", "bob"))],
    "enable": [("AUTH", ("CONDSTORE",))],
    "expunge": [("SELECTED", ())],
    "fetch": [("SELECTED", ("1", "(FLAGS)")), ("SELECTED", (b"1", "(BODY[] UID)"))],
    "getacl": [("AUTH", ("INBOX",))],
    "getannotation": [("AUTH", ("INBOX", "/comment", "value"))],
    "getquota": [("AUTH", ("user",))],
    "getquotaroot": [("AUTH", ("INBOX",))],
    "list": [("AUTH", ()), ("AUTH", ("a", "%"))],
    "login": [("NONAUTH", ("me", "secret")), ("NONAUTH", ("me", 'a "quoted" \\one'))],
    "login_cram_md5": [("NONAUTH", ("me", "secret"))],
    "logout": [("NONAUTH", ()), ("SELECTED", ())],
    "lsub": [("AUTH", ()), ("AUTH", ("a", "%"))],
    "myrights": [("AUTH", ("INBOX",))],
    "namespace": [("AUTH", ())],
    "noop": [("NONAUTH", ()), ("SELECTED", ())],
    "partial": [("SELECTED", ("1", "BODY[]", "0", "10"))],
    "proxyauth": [("AUTH", ("bob",))],
    "recent": [("SELECTED", ())],
    "rename": [("AUTH", ("Old", "New"))],
    "search": [("SELECTED", (None, "ALL")), ("SELECTED", ("UTF-8", "FROM", "a"))],
    "select": [("AUTH", ()), ("SELECTED", ("Archive", True))],
    "setacl": [("AUTH", ("INBOX", "bob", "lr"))],
    "setannotation": [("AUTH", ("INBOX", "/comment", '("value" "x")'))],
    "setquota": [("AUTH", ("user", "(STORAGE 512)"))],
    "sort": [("SELECTED", ("(DATE)", "UTF-8", "ALL", "UNSEEN"))],
    "status": [("AUTH", ("INBOX", "(MESSAGES)"))],
    "store": [("SELECTED", ("1", "+FLAGS", r"(\Seen)"))],
    "subscribe": [("AUTH", ("INBOX",))],
    "thread": [("SELECTED", ("REFERENCES", "UTF-8", "ALL"))],
    "uid": [
        ("SELECTED", ("fetch", "1", "(FLAGS)")), ("SELECTED", ("COPY", "1", "Archive")),
        ("SELECTED", ("SEARCH", None, "ALL")), ("SELECTED", ("STORE", "1", "FLAGS", "(a)")),
        ("SELECTED", ("SORT", "(DATE)", "UTF-8", "ALL")),
    ],
    "unselect": [("SELECTED", ())],
    "unsubscribe": [("AUTH", ("INBOX",))],
    "xatom": [("AUTH", ("XFOO", "a", "b")), ("NONAUTH", ("xbar",))],
}  # fmt: skip
#: Methods of imaplib's that send nothing, or not so: what a socket is for, `idle` and the like.
OTHERS = {
    "idle", "open", "print_log", "read", "readline", "response", "send", "shutdown", "socket",
    "starttls",
}  # fmt: skip
EACH = [(name, *call) for name, calls in CALLS.items() for call in calls]
CASES = pytest.mark.parametrize(("name", "state", "args"), EACH)


def _text(argument: Any) -> Any:
    """What imaplib has encoded already, in some versions, as it was given."""
    return argument.decode("ascii") if isinstance(argument, bytes) else argument


UNTAGGED = {
    "FETCH": [b"1 (FLAGS ())"], "SEARCH": [b"1 2"], "EXISTS": [b"3"], "LIST": [b'() "/" INBOX'],
    "LSUB": [b'() "/" INBOX'], "STATUS": [b"INBOX (MESSAGES 1)"], "SORT": [b"2 1"],
    "THREAD": [b"(1 2)"], "EXPUNGE": [b"1", b"1"], "QUOTA": [b"q"], "QUOTAROOT": [b"r"],
    "ACL": [b"a"], "ANNOTATION": [b"n"], "MYRIGHTS": [b"m"], "NAMESPACE": [b"s"],
    "CAPABILITY": [b"IMAP4rev1"], "RECENT": [b"1"],
}  # fmt: skip


class Recorder:
    """A replaced ``_simple_command`` that answers by itself and keeps what it is asked for."""

    def __init__(self, typ: str = "OK", untagged: dict[str, Any] | None = None) -> None:
        self.seen: list[Any] = []
        self._typ, self._untagged = typ, untagged or {}

    def __call__(self, M: Any, name: str, *args: Any) -> Any:
        literal, M.literal = M.literal, None
        if callable(literal):
            literal = [literal(b""), literal(b"eA==")]
        if name == "CAPABILITY":
            M.untagged_responses.setdefault(name, [b"IMAP4rev1"])
        self.seen.append((name, tuple(map(_text, args)), literal))
        for typ, data in self._untagged.items():
            M.untagged_responses[typ] = list(data)
        return self._typ, [b"done"]

    def method(self) -> Callable[..., Any]:
        return lambda M, name, *args: self(M, name, *args)


class Outcome(NamedTuple):
    """What a method returned or raised, and what it has left behind."""

    result: Any
    state: str
    is_readonly: bool
    untagged: dict[str, Any]


def run(library: Any, recorder: Recorder, name: str, state: str, args: tuple[Any, ...]) -> Outcome:
    """What a method does whose commands *recorder* answers."""
    M = double(library, _simple_command=recorder.method())
    M.state = state
    M.capabilities += ("AUTH=CRAM-MD5",)
    with patch.dict(library.Commands):
        try:
            result: Any = getattr(M, name)(*args)
        except M.error as problem:
            text = problem.args[0]  # bytes, of a refused login, up to Python 3.13
            result = "error", text.decode() if isinstance(text, bytes) else text
    left = {typ: M.untagged_responses.get(typ) for typ in UNTAGGED}
    return Outcome(result, M.state, M.is_readonly, left)


def test_all_methods_of_imaplib_are_looked_at() -> None:
    methods = {
        name for name, method in vars(imaplib.IMAP4).items()
        if inspect.isfunction(method) and not name.startswith("_")
    }  # fmt: skip
    assert methods - OTHERS <= CALLS.keys() | {"id", "move", "login_plain"}


@CASES
def test_a_replaced_one_sees_what_it_sees_with_imaplib(
    name: str, state: str, args: tuple[Any, ...]
) -> None:
    if not hasattr(imaplib.IMAP4, name):
        pytest.skip("imaplib has no such method yet")
    recorders = Recorder(), Recorder()
    for library, recorder in zip((imaplib, imaplib2), recorders, strict=True):
        run(library, recorder, name, state, args)
    theirs, ours = (recorder.seen for recorder in recorders)
    if name != "capability":
        theirs = [call for call in theirs if call[0] != "CAPABILITY"]
    assert ours == theirs
    assert ours


#: What is otherwise here, by method, first argument and answer; see docs/migrating/imaplib.rst.
OTHERWISE: dict[tuple[str, Any, str], dict[str, Any]] = {
    # COPY has no data of its own.
    ("uid", "COPY", "OK with data"): {"result": ("OK", [None]), "untagged": UNTAGGED},
    ("close", None, "NO"): {"state": "SELECTED"},
    ("unselect", None, "NO"): {"state": "SELECTED"},
    # No mailbox is selected, for reading or otherwise.
    ("select", "Archive", "NO"): {"is_readonly": False},
}


@CASES
@pytest.mark.parametrize("answer", ["OK", "OK with data", "NO"])
def test_what_a_replaced_one_answers_is_the_servers_word(
    name: str, state: str, args: tuple[Any, ...], answer: str
) -> None:
    if not hasattr(imaplib.IMAP4, name):
        pytest.skip("imaplib has no such method yet")
    typ, data = answer.partition(" ")[0], UNTAGGED if answer.endswith("data") else {}
    theirs, ours = (
        run(library, Recorder(typ, data), name, state, args) for library in (imaplib, imaplib2)
    )
    otherwise = OTHERWISE.get((name, args[0] if args else None, answer), {})
    assert theirs != theirs._replace(**otherwise) or not otherwise
    assert ours == theirs._replace(**otherwise)
