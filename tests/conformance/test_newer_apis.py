"""What imaplib got in CPython 3.14 to 3.16, on every Python: against two real servers.

UTF8=ACCEPT, which neither of them has, is tested to the byte against a scripted one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from imaplib2 import IMAP4

from ..live.cyrus import Cyrus
from ..live.dovecot import Dovecot
from ..live.helpers import (
    TIMEOUT,
    count,
    fill,
    mailbox_names,
    message,
    numbers,
    ok,
    without_times,
)
from ..live.server import PASSWORD
from ..server.helpers import Calls, Serve, agree, connected, error, greet, greet_authenticated
from ..server.scripted import Command, Peer

Server = Dovecot | Cyrus


@pytest.fixture(scope="session", params=["dovecot", "cyrus"])
def server(request: pytest.FixtureRequest) -> Server:
    """Each of the real servers."""
    running: Server = request.getfixturevalue(request.param)
    return running


@pytest.fixture
def user(server: Server) -> str:
    """The name of a user with empty mailboxes."""
    return server.new_user()


@pytest.fixture
def new(server: Server) -> Iterator[IMAP4]:
    """A connection on which nobody has logged in."""
    with _connect(server) as M:
        yield M


@pytest.fixture
def M(server: Server, user: str) -> Iterator[IMAP4]:
    """A connection with INBOX selected: the messages 1 to 5 have the UIDs 4 to 8."""
    with _connect(server) as M:
        _fill(M, user)
        yield M


@pytest.fixture
def other(M: IMAP4, server: Server, user: str) -> Iterator[IMAP4]:
    """Another connection to what M has selected."""
    with _connect(server) as other:
        ok(other.login(user, PASSWORD))
        ok(other.select())
        yield other


def _connect(server: Server) -> IMAP4:
    return IMAP4(server.host, server.port, TIMEOUT)


def _fill(M: IMAP4, user: str) -> None:
    ok(M.login(user, PASSWORD))
    fill(M, "INBOX", [91, 92, 93, 1, 2, 3, 4, 5], 500)
    ok(M.select())
    ok(M.store("1:3", "+FLAGS.SILENT", r"(\Deleted)"))
    ok(M.expunge())
    list(M.pop_untagged_responses())


def _subjects(M: IMAP4, mailbox: str) -> list[int]:
    """The numbers in the subjects of a mailbox's messages, which is selected for that."""
    ok(M.select(mailbox, readonly=True))
    parts = ok(M.fetch("1:*", "BODY.PEEK[HEADER.FIELDS (SUBJECT)]"))
    return [int(part[1].split()[-1]) for part in parts if isinstance(part, tuple)]


def _fetched(answer: tuple[str, Any]) -> list[int]:
    """The numbers of the messages that FETCH or STORE told about."""
    lines = (part[0] if isinstance(part, tuple) else part for part in ok(answer))
    return sorted(int(line.split()[0]) for line in lines if line != b")")


# IDLE


def _next(idler: Any, wanted: str) -> list[Any]:
    """The data of the next response of a type."""
    return next(data for typ, data in idler if typ == wanted)


def test_idle_tells_of_each_change(M: IMAP4, other: IMAP4) -> None:
    with M.idle(duration=TIMEOUT) as idler:
        ok(other.append("INBOX", None, None, message(6, 500)))
        assert _next(idler, "EXISTS") == [b"6"]
        ok(other.store(2, "+FLAGS", [r"\Flagged"]))
        (line,) = _next(idler, "FETCH")
        assert line.startswith(b"2 (")
        assert b"\\Flagged" in line
        ok(other.move(3, "Sent"))
        assert _next(idler, "EXPUNGE") == [b"3"]
    assert numbers(M.search(None, "ALL")) == [1, 2, 3, 4, 5]


def test_idle_lasts_as_long_as_asked(M: IMAP4) -> None:
    began = time.monotonic()
    with M.idle(duration=0.3) as idler:
        assert list(idler) == []
    assert 0.3 <= time.monotonic() - began < 2
    ok(M.noop())


def test_idle_ends_with_a_command(M: IMAP4) -> None:
    with M.idle(duration=None) as idler:
        assert numbers(M.search(None, "FLAGGED")) == []
        assert list(idler) == []


def test_idle_bursts(M: IMAP4, other: IMAP4) -> None:
    with M.idle(duration=TIMEOUT) as idler:
        ok(other.append("INBOX", None, None, message(6, 500)))
        ok(other.append("INBOX", None, None, message(7, 500)))
        assert dict(idler.burst(0.5))["EXISTS"] == [b"7"]
        ok(other.store("1:3", "+FLAGS", [r"\Flagged"]))
        assert [data[0][:2] for typ, data in idler.burst(0.5) if typ == "FETCH"] == [
            b"1 ",
            b"2 ",
            b"3 ",
        ]


def test_a_burst_is_over_with_the_duration(M: IMAP4) -> None:
    with M.idle(duration=0.2) as idler:
        assert list(idler.burst()) == []


def test_what_idle_was_not_asked_for_is_kept(M: IMAP4, other: IMAP4) -> None:
    with M.idle(duration=TIMEOUT) as idler:
        ok(other.store("1:2", "+FLAGS", [r"\Flagged"]))
        assert _next(idler, "FETCH")[0].startswith(b"1 (")
    typ, (line,) = M.response("FETCH")
    assert typ == "FETCH"
    assert line.startswith(b"2 (")


# ID, MOVE, UNSELECT


@pytest.mark.parametrize(
    "fields",
    [{"name": "imaplib2", "version": None}, {"name": r'"quotes" and \\'}, {"name": "Zoë"}, {}],
)
def test_id(new: IMAP4, user: str, fields: dict[str, str | None]) -> None:
    (before,) = ok(new.id(fields))
    assert before.startswith(b'("name" "')
    ok(new.login(user, PASSWORD))
    (line,) = ok(new.id(fields=fields))
    assert line.startswith(b'("name" "')


def test_move(M: IMAP4) -> None:
    ok(M.move("2:3", "Sent"))
    assert M.response("EXPUNGE")[1] in ([b"2", b"2"], [b"3", b"2"])
    assert M.response("COPYUID")[1][0].split()[1:] == [b"5:6", b"1:2"]
    assert _subjects(M, "INBOX") == [1, 4, 5]
    assert _subjects(M, "Sent") == [2, 3]


def test_move_to_nowhere(M: IMAP4) -> None:
    typ, (text,) = M.move(1, "nowhere")
    assert typ == "NO"
    assert text.startswith(b"[TRYCREATE] ")
    assert _subjects(M, "INBOX") == [1, 2, 3, 4, 5]


def test_unselect_expunges_nothing(M: IMAP4) -> None:
    ok(M.store(1, "+FLAGS", [r"\Deleted"]))
    ok(M.unselect())
    assert M.state == "AUTH"
    with pytest.raises(M.error, match=r"^command SEARCH illegal in state AUTH"):
        M.search(None, "ALL")
    assert count(M, "INBOX") == 5


# login_plain

without_and_with_initial_response = pytest.mark.parametrize("initial", [False, True])


def _login_plain(M: IMAP4, user: str, password: str, initial: bool) -> Any:
    assert "SASL-IR" in M.capabilities
    if not initial:
        M.capabilities = [name for name in M.capabilities if name != "SASL-IR"]
    return M.login_plain(user, password)


@without_and_with_initial_response
@pytest.mark.parametrize("name", ["alice", "uni", "quote"])
def test_login_plain(new: IMAP4, server: Server, name: str, initial: bool) -> None:
    ok(_login_plain(new, name, server.users[name], initial))
    assert new.state == "AUTH"
    ok(new.select())


def test_login_plain_with_bytes(new: IMAP4, server: Server) -> None:
    ok(new.login_plain("uni", server.users["uni"].encode()))
    ok(new.select())


@without_and_with_initial_response
def test_login_plain_refused(new: IMAP4, server: Server, initial: bool) -> None:
    with pytest.raises(new.error, match=r"(?i)authentication ?fail") as caught:
        _login_plain(new, "uni", "pässwört", initial)
    assert not isinstance(caught.value, new.abort)
    assert new.state == "NONAUTH"
    ok(new.login_plain("uni", server.users["uni"]))


# uid=True


def test_fetch_by_uid(M: IMAP4) -> None:
    (line,) = ok(M.fetch(5, "(FLAGS)", uid=True))
    assert line.startswith(b"2 (")
    assert re.search(rb"\bUID 5\b", line)


def test_store_by_uid(M: IMAP4) -> None:
    (line,) = ok(M.store(5, "+FLAGS", [r"\Flagged"], uid=True))
    assert line.startswith(b"2 (")
    assert numbers(M.search(None, "FLAGGED")) == [2]


def test_search_by_uid(M: IMAP4) -> None:
    assert numbers(M.search(None, "SUBJECT", "message 2", uid=True)) == [5]
    assert numbers(M.search(None, "SUBJECT", "message 2", uid=False)) == [2]


def test_sort_by_uid(M: IMAP4) -> None:
    assert numbers(M.sort("REVERSE SUBJECT", "UTF-8", "2:4", uid=True)) == [7, 6, 5]
    assert numbers(M.sort("REVERSE SUBJECT", "UTF-8", "2:4")) == [4, 3, 2]


def test_thread_by_uid(M: IMAP4) -> None:
    assert ok(M.thread("ORDEREDSUBJECT", "UTF-8", "2:4", uid=True)) == [b"(5)(6)(7)"]
    assert ok(M.thread("ORDEREDSUBJECT", "UTF-8", "2:4")) == [b"(2)(3)(4)"]


def test_copy_by_uid(M: IMAP4) -> None:
    ok(M.copy("4,6", "Sent", uid=True))
    assert M.response("COPYUID")[1][0].split()[1:] == [b"4,6", b"1:2"]
    assert _subjects(M, "Sent") == [1, 3]


def test_move_by_uid(M: IMAP4) -> None:
    ok(M.move("4,6", "Sent", uid=True))
    assert M.response("COPYUID")[1][0].split()[1:] == [b"4,6", b"1:2"]
    assert _subjects(M, "INBOX") == [2, 4, 5]
    assert _subjects(M, "Sent") == [1, 3]


def test_expunge_by_uid(M: IMAP4) -> None:
    ok(M.store("1:3", "+FLAGS", [r"\Deleted"]))
    assert ok(M.expunge("5:9", uid=True)) in ([b"2", b"2"], [b"3", b"2"])
    assert ok(M.expunge()) == [b"1"]
    assert _subjects(M, "INBOX") == [4, 5]


BY_UID: dict[str, tuple[Any, ...]] = {
    "fetch": ("5:6", "(FLAGS BODY.PEEK[])"),
    "search": (None, "SUBJECT", "message 2"),
    "sort": ("REVERSE SUBJECT", "UTF-8", "ALL"),
    "thread": ("REFERENCES", "UTF-8", "ALL"),
    "copy": ("4", "nowhere"),
    "move": ("4", "nowhere"),
}


@pytest.mark.parametrize(("method", "arguments"), BY_UID.items(), ids=BY_UID)
def test_by_uid_is_the_same_as_uid(M: IMAP4, method: str, arguments: tuple[Any, ...]) -> None:
    answer = getattr(M, method)(*arguments, uid=True)
    assert without_times(answer) == without_times(M.uid(method, *arguments))


@pytest.mark.parametrize("method", ["fetch", "store", "copy", "move", "expunge"])
def test_uid_is_a_keyword(M: IMAP4, method: str) -> None:
    arguments = {"store": ("4", "FLAGS", "()"), "expunge": ("4",)}.get(method, ("4", "Sent"))
    with pytest.raises(TypeError):
        getattr(M, method)(*arguments, True)
    assert numbers(M.search(None, "ALL")) == [1, 2, 3, 4, 5]


# Message sets

MESSAGE_SETS: list[tuple[Any, list[int]]] = [
    (2, [2]),
    (range(2, 5), [2, 3, 4]),
    (range(1, 6, 2), [1, 3, 5]),
    (range(4, 1, -1), [2, 3, 4]),
    ([1, 3], [1, 3]),
    ((1, 3), [1, 3]),
    ([range(1, 3), 5], [1, 2, 5]),
    ([(2, 4)], [2, 3, 4]),
    ([(4, None)], [4, 5]),
    ([(4, "*")], [4, 5]),
    ([1, range(3, 4), (5, None)], [1, 3, 5]),
]


@pytest.mark.parametrize(("messages", "meant"), MESSAGE_SETS, ids=repr)
def test_message_sets(M: IMAP4, messages: Any, meant: list[int]) -> None:
    assert _fetched(M.fetch(messages, "(UID)")) == meant
    assert _fetched(M.store(messages, "+FLAGS", [r"\Flagged"])) == meant
    assert numbers(M.search(None, "FLAGGED")) == meant
    ok(M.copy(messages, "Sent"))
    ok(M.move(messages, "Trash"))
    assert _subjects(M, "Sent") == meant
    assert _subjects(M, "Trash") == meant


def test_message_sets_of_uids(M: IMAP4) -> None:
    messages = [4, range(6, 7), (8, None)]
    assert _fetched(M.fetch(messages, "(FLAGS)", uid=True)) == [1, 3, 5]
    assert _fetched(M.uid("STORE", messages, "+FLAGS", [r"\Deleted"])) == [1, 3, 5]
    assert len(ok(M.expunge(messages, uid=True))) == 3
    assert _subjects(M, "INBOX") == [2, 4]


# Lists


@pytest.mark.parametrize("flags", [[r"\Flagged", "$A"], (r"\Flagged", "$A"), r"\Flagged $A"])
def test_lists_of_flags(M: IMAP4, flags: Any) -> None:
    ok(M.store(2, "+FLAGS", flags))
    ok(M.append("INBOX", flags, None, message(6, 500)))
    ok(M.noop())
    assert numbers(M.search(None, "FLAGGED", "KEYWORD", "$A")) == [2, 6]
    ok(M.store(2, "-FLAGS", flags))
    assert numbers(M.search(None, "OR FLAGGED KEYWORD $A")) == [6]


@pytest.mark.parametrize("items", [["MESSAGES", "UIDNEXT"], ("MESSAGES", "UIDNEXT")])
def test_lists_of_status_items(M: IMAP4, items: Any) -> None:
    (line,) = ok(M.status("INBOX", items))
    assert sorted(line[len("INBOX (") : -1].split()) == [b"5", b"9", b"MESSAGES", b"UIDNEXT"]


@pytest.mark.parametrize("keys", [["REVERSE", "SUBJECT"], ["REVERSE SUBJECT", "ARRIVAL"]])
def test_lists_of_sort_keys(M: IMAP4, keys: Any) -> None:
    assert numbers(M.sort(keys, "UTF-8", "ALL")) == [5, 4, 3, 2, 1]
    assert numbers(M.sort(tuple(keys), None, "ALL")) == [5, 4, 3, 2, 1]


def test_lists_of_fetch_items(M: IMAP4) -> None:
    items = ["FLAGS", "BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)]", "BODY.PEEK[]<0.10>"]
    header, start, _tail = ok(M.fetch(2, items))
    assert b"FLAGS (" in header[0]
    assert header[1] == b"Subject: message 2\r\nFrom: 2@example.org\r\n\r\n"
    assert start == (b" BODY[]<0> {10}", b"Subject: m")


# params

ODD = r'Subject: why? "really" \ (yes) ?f ?? *'
GERMAN = "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_aus_=22Z=C3=BCrich=22?="


@pytest.fixture(scope="module")
def full(server: Server) -> Iterator[IMAP4]:
    """As M, with two messages more: one is hard to quote, one not ASCII; change nothing here."""
    with _connect(server) as M:
        _fill(M, server.new_user())
        for header in (ODD, GERMAN):
            ok(M.append("INBOX", None, None, header.encode() + b"\r\n\r\n"))
        ok(M.noop())
        yield M


@pytest.mark.parametrize(
    ("criteria", "params", "found"),
    [
        (["SUBJECT ?"], ["message 2"], [2]),
        (["SUBJECT ? UNFLAGGED"], ["message 2"], [2]),
        (["SUBJECT", "?", "UNFLAGGED"], ("message 2",), [2]),
        (["(OR SUBJECT ? FROM ?)"], ["message 2", "3@example.org"], [2, 3]),
        (["HEADER ? ?"], ["From", "4@example"], [4]),
        (["SUBJECT ?"], [ODD.removeprefix("Subject: ")], [6]),
        (["SUBJECT ?"], ['y? "r'], [6]),
        (["SUBJECT ?"], ["?f"], [6]),
        (["SUBJECT ?"], ["??"], [6]),
        (["SUBJECT y??"], [], [6]),
        (['SUBJECT "?f ??"'], [], [6]),
        (["LARGER ?"], [400], [1, 2, 3, 4, 5]),
        (["SINCE ?"], ["1-Jan-2000"], [1, 2, 3, 4, 5, 6, 7]),
        (["?s"], [[1, (6, None)]], [1, 6, 7]),
        (["UID ?s"], [range(5, 7)], [2, 3]),
        (["NOT ?s SUBJECT ?"], ["1:3", "message"], [4, 5]),
    ],
)
def test_params_of_search(full: IMAP4, criteria: Any, params: Any, found: list[int]) -> None:
    assert numbers(full.search(None, *criteria, params=params)) == found
    assert numbers(full.sort("ARRIVAL", "UTF-8", *criteria, params=params)) == found
    threads = ok(full.thread("ORDEREDSUBJECT", "UTF-8", *criteria, params=params))
    assert sorted(map(int, re.findall(rb"\d+", threads[0]))) == found
    uids = [number + 3 for number in found]
    assert numbers(full.search(None, *criteria, params=params, uid=True)) == uids
    assert numbers(full.uid("SEARCH", *criteria, params=params)) == uids


def test_params_of_fetch(M: IMAP4) -> None:
    fields = "BODY.PEEK[HEADER.FIELDS ?f]"
    ((_, header), _tail) = ok(M.fetch(2, fields, params=[["Subject", "From"]]))
    assert header == b"Subject: message 2\r\nFrom: 2@example.org\r\n\r\n"
    ((_, header), _tail) = ok(M.fetch(5, f"({fields})", params=["Subject"], uid=True))
    assert header == b"Subject: message 2\r\n\r\n"


def test_params_of_uid(M: IMAP4) -> None:
    assert _fetched(M.uid("FETCH", "?s", "?f", params=[[4, (8, None)], ["FLAGS"]])) == [1, 5]
    ok(M.uid("STORE", "?s", "+FLAGS", "?f", params=[range(5, 7), [r"\Flagged", "$A"]]))
    assert numbers(M.search(None, "FLAGGED KEYWORD $A")) == [2, 3]
    assert numbers(M.uid("SORT", "?f", "UTF-8", "?s", params=["REVERSE DATE", "1:2"])) in (
        [5, 4],
        [4, 5],
    )


@pytest.mark.parametrize("params", [["x\r\nA1 DELETE Drafts"], ["x\0y"], [], ["x", "y"]])
def test_params_that_are_refused(M: IMAP4, params: list[str]) -> None:
    with pytest.raises(ValueError, match="SEARCH") as caught:
        M.search(None, "SUBJECT ?", params=params)
    assert isinstance(caught.value, M.error)
    assert "Drafts" in mailbox_names(M.list())


# Criteria that are not ASCII


@pytest.mark.parametrize(
    ("criteria", "params"),
    [
        (["SUBJECT", "Grüße aus"], None),
        (["SUBJECT", 'aus "Zürich"'], None),
        (['SUBJECT "Grüße aus"'], None),
        (["SUBJECT Grüße"], None),
        (['(OR SUBJECT "Grüße" SUBJECT "Größe" UNDELETED)'], None),
        (["NOT", "SUBJECT", "Größe", "SUBJECT", "Grüße"], None),
        (["SUBJECT ?"], ['aus "Zürich"']),
    ],
)
def test_criteria_in_a_charset(full: IMAP4, criteria: list[str], params: Any) -> None:
    for charset in ("UTF-8", "iso-8859-1", None):
        assert numbers(full.search(charset, *criteria, params=params)) == [7]
        assert numbers(full.search(charset, *criteria, params=params, uid=True)) == [10]
        assert numbers(full.sort("DATE", charset, *criteria, params=params)) == [7]
        assert ok(full.thread("REFERENCES", charset, *criteria, params=params)) == [b"(7)"]


def test_criteria_with_a_charset_by_hand(full: IMAP4) -> None:
    found = full.uid("SEARCH", "CHARSET", "iso-8859-1", "SUBJECT", "Grüße")
    assert numbers(found) == [10]


def test_criteria_that_are_not_in_the_charset(full: IMAP4) -> None:
    for charset in ("US-ASCII", "iso-8859-1"):
        with pytest.raises(ValueError, match="SEARCH") as caught:
            full.search(charset, "SUBJECT", "日本")
        assert isinstance(caught.value, full.error)
    ok(full.noop())


# Mailbox names that are not ASCII


@pytest.mark.parametrize("name", ["Entwürfe", "日本語", "R&D", "Zoë (alt) & Co", "💌", "Ä/Ö"])
def test_the_life_of_a_mailbox(M: IMAP4, user: str, name: str) -> None:
    new = f"Archiv ☃ {name}"
    ok(M.create(name))
    ok(M.subscribe(name))
    assert name in mailbox_names(M.list())
    assert name in mailbox_names(M.list("", name))
    assert name in mailbox_names(M.lsub())
    ok(M.append(name, None, None, message(9, 500)))
    ok(M.copy(2, name))
    ok(M.move(3, name))
    assert count(M, name) == 3
    assert _subjects(M, name) == [9, 2, 3]
    ok(M.setacl(name, "bob", "lr"))
    ok(M.getacl(name))
    ok(M.getquotaroot(name))
    ok(M.unsubscribe(name))
    assert name not in mailbox_names(M.lsub())
    ok(M.rename(name, new))
    assert ok(M.examine(new)) == [b"3"]
    assert M.mailbox == new
    ok(M.unselect())
    ok(M.delete(new))
    assert not {name, new} & mailbox_names(M.list())


def test_a_name_that_is_encoded_already(M: IMAP4) -> None:
    ok(M.create("Entw&APw-rfe"))
    assert "Entwürfe" in mailbox_names(M.list())
    assert M.create("Entwürfe")[0] == "NO"


# Capabilities

LOGINS: dict[str, Callable[[IMAP4, str], Any]] = {
    "login": lambda M, user: M.login(user, PASSWORD),
    "login_plain": lambda M, user: M.login_plain(user, PASSWORD),
    "login_cram_md5": lambda M, user: M.login_cram_md5(user, PASSWORD),
    "authenticate": lambda M, user: M.authenticate(
        "PLAIN", lambda challenge: f"\0{user}\0{PASSWORD}".encode()
    ),
}

every_login = pytest.mark.parametrize("login", LOGINS.values(), ids=LOGINS)


@every_login
def test_capabilities_are_those_after_login(
    new: IMAP4, user: str, login: Callable[[IMAP4, str], Any]
) -> None:
    assert "MOVE" not in new.capabilities
    ok(login(new, user))
    assert "MOVE" in new.capabilities
    typ, (line,) = new.response("CAPABILITY")
    assert typ == "CAPABILITY"
    assert tuple(line.decode().upper().split()) == new.capabilities
    assert new.response("CAPABILITY") == ("CAPABILITY", [None])


def test_capabilities_after_starttls(new: IMAP4, server: Server, user: str) -> None:
    assert "STARTTLS" in new.capabilities
    ok(new.starttls(ca_certs=server.ca_file))
    assert "STARTTLS" not in new.capabilities
    before = new.capabilities
    assert "IMAP4REV1" in before
    ok(new.login(user, PASSWORD))
    assert new.capabilities != before
    assert "MOVE" in new.capabilities


def test_what_is_offered_only_after_login_can_be_used(new: IMAP4, user: str) -> None:
    assert "COMPRESS=DEFLATE" not in new.capabilities
    ok(new.login(user, PASSWORD))
    ok(new.enable_compression())
    ok(new.enable("CONDSTORE"))
    assert new.response("ENABLED") == ("ENABLED", [b"CONDSTORE"])
    ok(new.select())
    ok(new.idle(0))


TOLD = b"CAPABILITY IMAP4rev1 BEHIND"


def _told_in_a_code(peer: Peer) -> None:
    peer.ok(peer.command("LOGIN", "AUTHENTICATE"), b"[%b] welcome" % TOLD)


def _told_in_a_line(peer: Peer) -> None:
    command = peer.command("LOGIN", "AUTHENTICATE")
    peer.untagged(TOLD)
    peer.ok(command, b"welcome")


@every_login
@pytest.mark.parametrize("tell", [_told_in_a_code, _told_in_a_line])
def test_capabilities_that_are_told(
    serve: Serve, login: Callable[[IMAP4, str], Any], tell: Callable[[Peer], None]
) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"SASL-IR BEFORE")
        tell(peer)
        agree(peer, "NOOP")  # nothing is asked for before

    with connected(serve(script)) as M:
        M.response("CAPABILITY")
        ok(login(M, "alice"))
        assert M.capabilities == ("IMAP4REV1", "BEHIND")
        ok(M.noop())
        assert M.response("CAPABILITY") == ("CAPABILITY", [b"IMAP4rev1 BEHIND"])


@every_login
def test_capabilities_that_are_not_told(serve: Serve, login: Callable[[IMAP4, str], Any]) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"SASL-IR BEFORE")
        peer.ok(peer.command("LOGIN", "AUTHENTICATE"), b"welcome")
        peer.capability(b"IMAP4rev1 BEHIND")
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        assert login(M, "alice") == ("OK", [b"welcome"])
        assert M.capabilities == ("IMAP4REV1", "BEHIND")
        ok(M.noop())


# UTF8=ACCEPT


def test_utf8_is_not_enabled_where_it_is_not_offered(M: IMAP4) -> None:
    ok(M.unselect())
    ok(M.enable("UTF8=ACCEPT"))
    assert M.response("ENABLED") == ("ENABLED", [None])
    assert not M.utf8_enabled
    ok(M.append("INBOX", None, None, message(6, 500)))
    ok(M.create("Entwürfe"))
    assert "Entwürfe" in mailbox_names(M.list())


UTF8 = b"ENABLE UTF8=ACCEPT "


def _enable(peer: Peer, *told: bytes) -> None:
    command = peer.command("ENABLE")
    assert _sent(command) == b"ENABLE UTF8=ACCEPT\r\n"
    peer.untagged(*told or (b"ENABLED UTF8=ACCEPT",))
    peer.ok(command, b"enabled")


def _sent(command: Command) -> bytes:
    """A command as it came, but for the tag."""
    return command.raw.removeprefix(command.tag + b" ")


def _expect(peer: Peer, line: str) -> None:
    """Answer a command, which must be this line."""
    command = peer.command()
    assert _sent(command) == line.encode() + b"\r\n"
    peer.ok(command)


@pytest.mark.parametrize(
    ("capabilities", "enabled"),
    [
        (b"UTF8=ACCEPT", b"UTF8=ACCEPT"),
        (b"UTF8=ONLY", b"UTF8=ACCEPT"),
        (b"UTF8=ACCEPT CONDSTORE", b"condstore utf8=accept"),
    ],
)
def test_enable(serve: Serve, capabilities: bytes, enabled: bytes) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"ENABLE " + capabilities)
        _enable(peer, b"ENABLED " + enabled)
        _expect(peer, 'CREATE "ü"')

    with connected(serve(script)) as M:
        assert not M.utf8_enabled
        assert M.enable("UTF8=ACCEPT") == ("OK", [b"enabled"])
        assert M.utf8_enabled
        assert M.response("ENABLED") == ("ENABLED", [enabled])
        ok(M.create("ü"))


def test_enable_as_imaplib_has_it(serve: Serve) -> None:
    """To a server that offers it and says OK, but not what has been enabled."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer, UTF8)
        agree(peer, "ENABLE")
        _expect(peer, 'CREATE "ü"')

    with connected(serve(script)) as M:
        ok(M.enable("UTF8=ACCEPT"))
        ok(M.create("ü"))


@pytest.mark.parametrize("status", [b"NO", b"BAD"])
def test_enable_refused(serve: Serve, status: bytes) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, UTF8)
        peer.reply(peer.command("ENABLE"), status, b"not now")
        _expect(peer, "CREATE &APw-")

    with connected(serve(script)) as M:
        if status == b"BAD":
            with pytest.raises(error, match="ENABLE command error: BAD"):
                M.enable("UTF8=ACCEPT")
        else:
            assert M.enable("UTF8=ACCEPT") == ("NO", [b"not now"])
        assert not M.utf8_enabled
        ok(M.create("ü"))


def test_enable_something_else(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, UTF8 + b"CONDSTORE")
        command = peer.command("ENABLE")
        peer.untagged(b"ENABLED CONDSTORE")
        peer.ok(command)

    with connected(serve(script)) as M:
        ok(M.enable("CONDSTORE"))
        assert not M.utf8_enabled


def test_enable_without_the_capability(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        with pytest.raises(error, match=r"^Server does not support ENABLE$"):
            M.enable("UTF8=ACCEPT")
        ok(M.noop())


APPENDS: list[tuple[tuple[Any, ...], bytes]] = [
    (("INBOX", None, None, b"x"), b"APPEND INBOX UTF8 (~{1%b}\r\nx)\r\n"),
    (("Entwürfe", None, None, b""), 'APPEND "Entwürfe" UTF8 (~{0%b}\r\n)\r\n'.encode()),
    (
        (
            "R&D",
            [r"\Seen", "$A"],
            '" 1-Jan-2024 00:00:00 +0000"',
            "Subject: Grüße\n\n\0".encode(),
        ),
        b'APPEND R&D (\\Seen $A) " 1-Jan-2024 00:00:00 +0000" UTF8 (~{21%b}\r\n'
        + "Subject: Grüße\r\n\r\n\0)\r\n".encode(),
    ),
]


@pytest.mark.parametrize(("capabilities", "mark"), [(b"", b""), (b"LITERAL+", b"+")])
@pytest.mark.parametrize(("arguments", "expected"), APPENDS)
def test_append_in_utf8(
    serve: Serve, capabilities: bytes, mark: bytes, arguments: tuple[Any, ...], expected: bytes
) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, UTF8 + capabilities)
        _enable(peer)
        for _ in range(2):
            command = peer.command("APPEND")
            assert _sent(command) == expected % mark
            peer.ok(command, b"[APPENDUID 1 5] stored")
        agree(peer, "NOOP")

    calls = Calls()
    with connected(serve(script)) as M:
        ok(M.enable("UTF8=ACCEPT"))
        assert M.append(*arguments) == ("OK", [b"[APPENDUID 1 5] stored"])
        M.append(*arguments, callback=calls)
        assert calls.next() == (("OK", [b"[APPENDUID 1 5] stored"]), None, None)
        assert M.literal is None
        ok(M.noop())


def test_append_refused_in_utf8(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, UTF8)
        _enable(peer)
        command = peer.command("APPEND", continuation=None)
        assert _sent(command) == b"APPEND INBOX UTF8 (~{3}\r\n"
        peer.no(command, b"[TOOBIG] no")
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        ok(M.enable("UTF8=ACCEPT"))
        assert M.append("INBOX", None, None, b"abc") == ("NO", [b"[TOOBIG] no"])
        ok(M.noop())


# What goes out before and after UTF8=ACCEPT is enabled.
SPELLINGS: list[tuple[str, tuple[Any, ...], str, str]] = [
    ("create", ("Entwürfe",), "CREATE Entw&APw-rfe", 'CREATE "Entwürfe"'),
    ("create", ('"Entwürfe"',), "CREATE Entw&APw-rfe", 'CREATE "Entwürfe"'),
    ("create", ("Entw&APw-rfe",), "CREATE Entw&APw-rfe", "CREATE Entw&APw-rfe"),
    ("create", ("R&D",), "CREATE R&-D", "CREATE R&D"),
    ("create", ("plain",), "CREATE plain", "CREATE plain"),
    ("rename", ("ä", 'a "ö"'), r'RENAME &AOQ- "a \"&APY-\""', r'RENAME "ä" "a \"ö\""'),
    ("list", ("", "ä*"), 'LIST "" &AOQ-*', 'LIST "" "ä*"'),
    ("status", ("ä", ["MESSAGES"]), "STATUS &AOQ- (MESSAGES)", 'STATUS "ä" (MESSAGES)'),
    ("setacl", ("ä", "jörg", "lr"), "SETACL &AOQ- {5}\r\njörg lr", 'SETACL "ä" "jörg" lr'),
    ("id", ({"name": "Zoë"},), 'ID ("name" {4}\r\nZoë)', 'ID ("name" "Zoë")'),
]


@pytest.mark.parametrize(("method", "arguments", "before", "after"), SPELLINGS)
def test_arguments_in_utf8(
    serve: Serve, method: str, arguments: tuple[Any, ...], before: str, after: str
) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, UTF8)
        _expect(peer, before)
        _enable(peer)
        _expect(peer, after)

    with connected(serve(script)) as M:
        ok(getattr(M, method)(*arguments))
        ok(M.enable("UTF8=ACCEPT"))
        ok(getattr(M, method)(*arguments))


def test_search_in_utf8(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, UTF8)
        _enable(peer)
        peer.select()
        _expect(peer, 'SEARCH SUBJECT "Grüße aus" UNSEEN')
        _expect(peer, r'UID SEARCH (OR SUBJECT "\"ü\"" FROM "ä")')

    with connected(serve(script)) as M:
        ok(M.enable("UTF8=ACCEPT"))
        ok(M.select())
        with pytest.raises(error, match="charset"):
            M.search("UTF-8", "SUBJECT", "ü")
        ok(M.search(None, "SUBJECT", "Grüße aus", "UNSEEN"))
        ok(M.search(None, "(OR SUBJECT ? FROM ?)", params=['"ü"', "ä"], uid=True))


def test_answers_in_utf8(serve: Serve) -> None:
    line = '() "/" "Entwürfe"'.encode()

    def script(peer: Peer) -> None:
        greet_authenticated(peer, UTF8)
        _enable(peer)
        command = peer.command("LIST")
        peer.untagged(b"LIST " + line)
        peer.ok(command, "schön".encode())

    with connected(serve(script)) as M:
        ok(M.enable("UTF8=ACCEPT"))
        assert ok(M.list()) == [line]
