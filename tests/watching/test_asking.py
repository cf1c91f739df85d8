"""What is asked, and what comes of it; most of it is in test_watcher."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2 import IMAP4
from imaplib2._watching.asking import TIMEOUT, Asking, Refused, refusal
from imaplib2._watching.questions import NewFrom, Opened

from .fake import Connection, Post, raising, refusing


def asking(post: Post) -> Asking:
    return Asking(post.connect())


def test_a_connection_without_a_time_out_gets_one() -> None:
    class Sock:
        timeout: float | None = None

        def gettimeout(self) -> float | None:
            return self.timeout

        def settimeout(self, timeout: float) -> None:
            self.timeout = timeout

    for own, there, then in ((None, None, TIMEOUT), (None, 5.0, 5.0), (3.0, None, None)):
        M: Any = Connection(Post())
        M.timeout, M.sock = own, Sock()
        M.sock.timeout = there
        Asking(M)
        assert M.sock.timeout == then


@pytest.mark.parametrize("state", ["AUTH", "SELECTED"])
def test_qresync_is_enabled_where_that_may_be(state: str) -> None:
    M: Any = Connection(Post())
    M.state = state
    assert Asking(M).open("INBOX") == Opened(0, 1, 1, 1, state == "AUTH")


def test_a_mailbox_without_modseqs() -> None:
    post = Post(capabilities=("ENABLE", "QRESYNC"))
    own = asking(post)
    post.mailboxes["INBOX"].modseq = 0
    assert own.open("INBOX") == Opened(0, 1, 1, None, False)


@pytest.mark.parametrize(
    ("said", "is_gone"),
    [
        (b"[NONEXISTENT] no", True),
        (b"[NOPERM] no", True),
        (b"[INUSE] no", False),
        (b"[UNAVAILABLE] no", False),
        (b"[X-OTHER] no", False),
        (b"no", False),
    ],
)
def test_refusals(said: bytes, is_gone: bool) -> None:
    post = Post()
    post.answers["EXAMINE"] = refusing(said)
    with pytest.raises(Refused) as caught:
        asking(post).open("INBOX")
    assert caught.value.is_gone == is_gone
    assert caught.value.why.type == "NO"
    post.answers["STATUS"] = refusing(said)
    with pytest.raises(Refused):
        asking(post).status("INBOX", "(MESSAGES)")


@pytest.mark.parametrize("listed", [[None], [rb'(\Noselect) "/" INBOX'], [b"rubbish"]])
def test_a_refused_mailbox_that_is_not_listed_is_gone(listed: list[Any]) -> None:
    post = Post()
    post.answers |= {"EXAMINE": refusing(b"no"), "LIST": lambda: ("OK", listed)}
    with pytest.raises(Refused) as caught:
        asking(post).open("INBOX")
    assert caught.value.is_gone
    post.answers["LIST"] = refusing(b"no")
    with pytest.raises(Refused) as caught:
        asking(post).open("INBOX")
    assert caught.value.is_gone


def test_a_no_is_an_error() -> None:
    post = Post()
    own = asking(post)
    own.open("INBOX")
    post.answers["FETCH"] = refusing(b"[SERVERBUG] no")
    with pytest.raises(IMAP4.error, match="UID FETCH was refused: NO") as caught:
        own.answer(NewFrom(1), with_flags=True)
    assert caught.value.code == "SERVERBUG"
    assert refusal("NOOP", "NO", []).code is None


def test_an_idle_that_fails_otherwise() -> None:
    post = Post()
    own = asking(post)
    own.open("INBOX")
    post.cut()
    with pytest.raises(IMAP4.abort):
        own.idle(1, lambda typ, data: False)


def test_an_idle_that_is_left_at_once() -> None:
    post = Post()
    own = asking(post)
    own.open("INBOX")
    heard: list[str] = []
    post.mailboxes["INBOX"].deliver(frozenset())

    def hear(typ: str, data: list[Any]) -> bool:
        heard.append(typ)
        return True

    own.idle(60, hear)
    assert heard == ["EXISTS", ""]


def test_an_enable_that_is_not_understood() -> None:
    post = Post()
    post.answers["ENABLE"] = raising("BAD")
    assert asking(post).open("INBOX") == Opened(0, 1, 1, 1, False)
    post.answers["ENABLE"] = raising(None)
    with pytest.raises(IMAP4.error):
        asking(post)


@pytest.mark.parametrize(
    ("said", "is_enabled"),
    [
        (b"QRESYNC \xff", True),
        (b"condstore qresync", True),
        (b"XQRESYNC", False),
        (b"\xff", False),
        (None, False),
        ((b"{7}", b"QRESYNC"), False),
    ],
)
def test_odd_answers_to_enable(said: Any, is_enabled: bool) -> None:
    M: Any = Post().connect()
    respond = M.response
    M.response = lambda name: (name, [said]) if name == "ENABLED" else respond(name)
    assert Asking(M).open("INBOX").vanishes == is_enabled


@given(st.lists(st.none() | st.binary() | st.tuples(st.binary(), st.binary()), max_size=3))
def test_whatever_enable_answers_is_borne(said: list[Any]) -> None:
    M: Any = Post().connect()
    M.response = lambda name: (name, said)
    Asking(M)


def test_what_is_about_the_mailbox_before_is_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    own = asking(Post())
    said: list[Any] = [("EXPUNGE", [b"1"]), ("CLOSED", [b""]), ("EXPUNGE", [b"2"])]
    monkeypatch.setattr(Connection, "pop_untagged_responses", lambda _: iter(said))
    own.open("INBOX")
    said = []
    assert [*own.heard()] == [("EXPUNGE", [b"2"])]
    assert [*own.heard()] == []
