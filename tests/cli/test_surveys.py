"""What is asked of a mailbox; with servers, test_fetch.py does it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2 import IMAP4
from imaplib2._cli.backup import surveys
from imaplib2._cli.backup.identity import Identity, digest_of
from imaplib2._cli.failures import Failure

DATE = datetime(1996, 7, 17, 9, 44, 25, tzinfo=timezone.utc)


class Client:
    """Answers to FETCH, in order."""

    def __init__(self, *answers: Any, validity: bytes | None = b"7") -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, bool]] = []
        self.validity = validity

    def select(self, mailbox: str, readonly: bool) -> Any:
        assert readonly
        return self.answers.pop(0)

    def response(self, name: str) -> Any:
        return name, [self.validity]

    def fetch(
        self, numbers: str, items: str, *, uid: bool, callback: Callable[[Any], None]
    ) -> None:
        self.asked.append((numbers, items, uid))
        callback((self.answers.pop(0), None, None))


def test_a_survey(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveys, "_MANY", 2)
    client: Any = Client(
        ("OK", [b"3"]),
        ("OK", [rb"1 (UID 4 FLAGS (\Seen \RECENT a))", b"2 (UID 9)", b"2 (FLAGS ())"]),
        ("OK", [b"3 (UID 12)", b"4 (FLAGS ())", b"nonsense"]),
    )
    found = surveys.survey(client, "INBOX")
    assert found == surveys.Survey(7, {4: (r"\Seen", "a"), 9: (), 12: None})
    assert [numbers for numbers, _, _ in client.asked] == ["1:2", "3:3"]


def test_messages_of_which_nothing_is_told() -> None:
    """They are looked for once more, as they may have been deleted just now."""
    first = [("OK", [b"2"]), ("OK", [b"1 (UID 4 FLAGS ())"])]
    client: Any = Client(*first, ("OK", [b"1"]), ("OK", [b"1 (UID 4 FLAGS ())"]))
    assert surveys.survey(client, "INBOX") == surveys.Survey(7, {4: ()})
    client = Client(*first, *first)
    assert surveys.survey(client, "INBOX") == surveys.Survey(7, {4: ()}, 1)


def test_there_is_none() -> None:
    client: Any = Client(("OK", [None]), validity=None)
    with pytest.raises(Failure, match="no lasting UIDs"):
        surveys.survey(client, "INBOX")
    client = Client(("NO", [b"[NOPERM] no"]))
    with pytest.raises(IMAP4.error, match="NOPERM"):
        surveys.survey(client, "INBOX")
    client = Client(("OK", [b"1"]), ("BAD", [b"what"]))
    with pytest.raises(IMAP4.error, match="what"):
        surveys.survey(client, "INBOX")


@pytest.mark.parametrize("validity", [b"x", b"", b"99999999999"])
def test_a_uidvalidity_that_is_none(validity: bytes) -> None:
    client: Any = Client(("OK", [b"1"]), validity=validity)
    with pytest.raises(Failure, match="no lasting UIDs"):
        surveys.survey(client, "INBOX")


def test_a_number_of_messages_that_is_none() -> None:
    client: Any = Client(("OK", [b"9" * 5000]))
    with pytest.raises(Failure):
        surveys.survey(client, "INBOX")


@pytest.mark.parametrize("uid", [b"0", b"4294967296", b"x", b"NIL"])
def test_a_uid_that_is_none(uid: bytes) -> None:
    data = [b"1 (UID %b FLAGS ())" % uid, b"2 (UID 5 FLAGS {1}", b"3 (UID 6 FLAGS (((x)"]
    client: Any = Client(*[("OK", [b"1"]), ("OK", data)] * 2)
    assert surveys.survey(client, "INBOX").flags.keys() <= {5, 6}
    assert surveys.fetched(data[:1]) == []


def test_an_empty_mailbox() -> None:
    client: Any = Client(("OK", [b"0"]))
    assert surveys.survey(client, "INBOX").flags == {}


def test_sizes() -> None:
    client: Any = Client(
        (
            "OK",
            [
                b"1 (UID 4 RFC822.SIZE 10)",
                b"2 (UID 5)",
                b"3 (UID 6 RFC822.SIZE -1)",
                b"4 (UID 7 RFC822.SIZE x)",
            ],
        )
    )
    assert surveys.sizes(client, {6, 4, 5, 7}) == {4: 10, 6: 0, 7: 0}
    assert client.asked == [("4:7", "(UID RFC822.SIZE)", True)]


def test_identities() -> None:
    date = b'INTERNALDATE "17-Jul-1996 02:44:25 -0700"'
    field = b"BODY[HEADER.FIELDS (MESSAGE-ID)]"
    first = [
        (b"1 (UID 4 RFC822.SIZE 10 %s %s {16}" % (date, field), b"Message-ID: <a>\n"),
        b")",
        (
            b'2 (UID 5 RFC822.SIZE 11 INTERNALDATE "00-Jan-0000 00:00:00 +0000" %s {2}' % field,
            b"\r\n",
        ),
        b")",
        (b"3 (UID 6 %s {2}" % field, b"\r\n"),
        b")",
        b"4 (UID 7)",
    ]
    second = [(b"2 (UID 5 BODY[HEADER] {8}", b"A: b\r\n\r\n"), b")", b"3 (UID 6 BODY[HEADER] NIL)"]
    client: Any = Client(("OK", first), ("OK", second))
    assert surveys.identities(client, [4, 5, 6, 7]) == {
        4: Identity("<a>", 10, int(DATE.timestamp())),
        5: Identity(digest_of(b"A: b"), 11, None),
    }
    assert [numbers for numbers, _, _ in client.asked] == ["4:7", "5:6"]


pieces = st.lists(
    st.sampled_from(
        [b"1 (", b"UID ", b"4 ", b"FLAGS ", b"(", b") ", b"BODY[] ", b"a", b'"', b"\xff"]
    )
).map(b"".join)


@given(st.lists(pieces.map(lambda piece: b"1 (UID 4 " + piece) | st.tuples(pieces, pieces)))
def test_whatever_comes(data: list[Any]) -> None:
    for message in surveys.fetched(data):
        assert set(map(type, surveys.kept_flags(message))) <= {str}


def test_messages_in_data() -> None:
    """Behind an EXPUNGE, another message has the number."""
    data = [
        (b"1 (UID 4 BODY[] {1}", b"a"),
        b")",
        b"1 (UID 5 FLAGS (c))",
        b"1 (UID 4 FLAGS (b a))",
        b"((",
        b"2 (FLAGS ())",
        b"2 (UID x)",
    ]
    first, second = surveys.fetched(data)
    assert (first.uid, first.body(), surveys.kept_flags(first)) == (4, b"a", ("a", "b"))
    assert (second.uid, second.body(), surveys.kept_flags(second)) == (5, None, ("c",))
