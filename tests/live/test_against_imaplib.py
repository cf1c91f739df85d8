"""The same calls on the standard imaplib and on this library give the same answers."""

from __future__ import annotations

import imaplib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

import imaplib2

from .dovecot import PASSWORD, Dovecot
from .helpers import TIMEOUT, fill, message, ok, plain, without_times


class Both(NamedTuple):
    """A connection of each library, to the same mailboxes."""

    standard: Any
    ours: Any


@pytest.fixture(scope="module")
def both(dovecot: Dovecot) -> Iterator[Both]:
    """With INBOX, which nothing here may change, selected."""
    user = dovecot.new_user()
    with plain(dovecot, user) as M:
        fill(M, "INBOX", range(1, 11), 2000)
        ok(M.create('quo"te'))
        ok(M.subscribe("Sent"))
        ok(M.select())
        ok(M.store("2:4", "+FLAGS", r"(\Seen)"))
        ok(M.setmetadata("INBOX", '(/private/comment "hello world")'))
    with (
        imaplib.IMAP4(dovecot.host, dovecot.port, TIMEOUT) as standard,
        imaplib2.IMAP4(dovecot.host, dovecot.port, TIMEOUT) as ours,
    ):
        both = Both(standard, ours)
        for connection in both:
            ok(connection.login(user, PASSWORD))
            ok(connection.select(readonly=True))
        yield both


Call = Callable[[Any], Any]

CALLS: dict[str, Call] = {
    "capability": lambda M: M.capability(),
    "check": lambda M: M.check(),
    "examine": lambda M: M.select("INBOX", True),
    "fetch all": lambda M: M.fetch("1:*", "(FLAGS INTERNALDATE RFC822.SIZE)"),
    "fetch body": lambda M: M.fetch("3", "(BODY.PEEK[])"),
    "fetch bodystructure": lambda M: M.fetch("1", "(BODYSTRUCTURE ENVELOPE)"),
    "fetch empty literal": lambda M: M.fetch("1", "(BODY.PEEK[]<9999.1>)"),
    "fetch header": lambda M: M.fetch("1:2", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])"),
    "fetch many bodies": lambda M: M.fetch("1:*", "(UID BODY.PEEK[])"),
    "fetch no such": lambda M: M.uid("FETCH", "999", "(FLAGS)"),
    "fetch one item": lambda M: M.fetch("1", "FLAGS"),
    "fetch two literals": lambda M: M.fetch("1", "(BODY.PEEK[HEADER] BODY.PEEK[TEXT])"),
    "getacl": lambda M: M.getacl("INBOX"),
    "getquotaroot": lambda M: M.getquotaroot("INBOX"),
    "list": lambda M: M.list(),
    "list nothing": lambda M: M.list('""', "nowhere"),
    "list pattern": lambda M: M.list('""', "%"),
    "list separator": lambda M: M.list('""', '""'),
    "lsub": lambda M: M.lsub(),
    "myrights": lambda M: M.myrights("INBOX"),
    "namespace": lambda M: M.namespace(),
    "noop": lambda M: M.noop(),
    "proxyauth": lambda M: M.proxyauth("bob"),
    "recent": lambda M: (M.select("INBOX", True), M.recent()),
    "response": lambda M: (M.select("INBOX", True), M.response("UIDVALIDITY")),
    "response twice": lambda M: (M.response("UIDNEXT"), M.response("UIDNEXT"))[1],
    "response without data": lambda M: (M.select("INBOX", True), M.response("READ-ONLY")),
    "search": lambda M: M.search(None, "ALL"),
    "search charset": lambda M: M.search("UTF-8", "SUBJECT", '"message"'),
    "search nothing": lambda M: M.search(None, "FLAGGED"),
    "search program": lambda M: M.search(None, '(SEEN SUBJECT "message 3")'),
    "select nowhere": lambda M: (M.select("nowhere"), M.select("INBOX", True)),
    "sort": lambda M: M.sort("(REVERSE SUBJECT)", "UTF-8", "ALL"),
    "status": lambda M: M.status("INBOX", "(MESSAGES UNSEEN UIDNEXT)"),
    "status quoted": lambda M: M.status(r'"quo\"te"', "(MESSAGES)"),
    "status nowhere": lambda M: M.status("nowhere", "(MESSAGES)"),
    "thread": lambda M: M.thread("REFERENCES", "UTF-8", "ALL"),
    "uid fetch": lambda M: M.uid("FETCH", "1:*", "(FLAGS)"),
    "uid search": lambda M: M.uid("SEARCH", None, "SEEN"),
    "uid sort": lambda M: M.uid("SORT", "(REVERSE ARRIVAL)", "UTF-8", "ALL"),
    "upper case": lambda M: M.SEARCH(None, "SEEN"),
    "xatom": lambda M: (M.xatom("NAMESPACE"), M.response("NAMESPACE")),
    # Errors: their class and their text
    "fetch nonsense": lambda M: M.fetch("1", "(NONSENSE)"),
    "login again": lambda M: M.login("alice", PASSWORD),
    "unknown attribute": lambda M: M.nonsense,
    "unknown uid command": lambda M: M.uid("NONSENSE", "1"),
    "uid without arguments": lambda M: M.uid("FETCH"),
    "append nowhere": lambda M: M.append("nowhere", None, None, message(1, 500)),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_same_answer(both: Both, call: Call) -> None:
    assert _outcome(both.ours, call) == _outcome(both.standard, call)


def _outcome(M: Any, call: Call) -> Any:
    """What *call* gave or raised, in comparable form."""
    try:
        return without_times(call(M))
    except (imaplib2.IMAP4.error, imaplib.IMAP4.error, AttributeError) as problem:
        text = without_times(str(problem).encode()).decode()
        return type(problem).__name__, text
