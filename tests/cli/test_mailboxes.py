"""Which mailboxes there are, with as few commands as the server allows."""

from __future__ import annotations

from typing import Any

import pytest

from imaplib2._cli.mailboxes import Found, find, has_sizes, sum_of_sizes
from imaplib2._errors import ErrorText, abort, error
from imaplib2.parse import Mailbox, ParseError, Status

INBOX = Mailbox("INBOX", b"INBOX", "/", frozenset())


class Client:
    """What is asked of an IMAP4."""

    error, abort, utf8_enabled = error, abort, False

    def __init__(self, *capabilities: str, **answers: Any) -> None:
        self.capabilities = capabilities
        self.answers = answers
        self.sent: list[tuple[Any, ...]] = []

    def _answer(self, name: str, *arguments: Any) -> Any:
        self.sent.append((name, *arguments))
        answer = self.answers.get(name, [])
        if isinstance(answer, list) and answer and isinstance(answer[0], list):
            answer = answer.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return ("OK", answer) if isinstance(answer, list) else answer

    def list(self, directory: str, pattern: str) -> Any:
        return self._answer("list", pattern)

    def lsub(self, directory: str, pattern: str) -> Any:
        return self._answer("lsub", pattern)

    def response(self, code: str) -> Any:
        return code, self.answers.get("response", [None])

    def select(self, mailbox: Any, readonly: bool) -> Any:
        assert readonly
        return self._answer("select", mailbox)

    def fetch(self, numbers: str, items: str) -> Any:
        return self._answer("fetch", numbers)

    def status(self, mailbox: Any, items: Any, callback: Any, cb_arg: Any) -> Any:
        try:
            callback((self._answer("status", mailbox), cb_arg, None))
        except error as problem:
            callback((None, cb_arg, (type(problem), ErrorText.of(problem))))


def found_by(client: Client, *arguments: Any, **options: Any) -> list[Found]:
    return find(client, *arguments, **options)  # type: ignore[arg-type]


LISTED = [rb'(\HasChildren) "/" INBOX', rb'(\Noselect) "/" "a &- b"']


def test_one_command_where_the_server_has_list_status() -> None:
    counted = [b"INBOX (MESSAGES 3 UNSEEN 1 SIZE 70)"]
    client = Client(
        "LIST-EXTENDED", "LIST-STATUS", "SPECIAL-USE", "STATUS=SIZE",
        list=LISTED, response=counted, lsub=[b'() "/" INBOX'],
    )  # fmt: skip
    inbox, other = found_by(client, "*")
    assert [name for name, *_ in client.sent] == ["list", "lsub"]
    assert client.sent[0][1] == (
        "* RETURN (SPECIAL-USE STATUS (MESSAGES UNSEEN UIDNEXT UIDVALIDITY SIZE))"
    )
    assert inbox.status is not None
    assert (inbox.status.messages, inbox.status.size, inbox.is_subscribed) == (3, 70, True)
    assert (other.mailbox.name, other.status, other.is_subscribed) == ("a & b", None, False)


def test_imap4rev2_has_all_of_it() -> None:
    client = Client("IMAP4REV2", list=LISTED, lsub=error("no LSUB"))
    inbox, _ = found_by(client)
    assert "RETURN (SPECIAL-USE STATUS" in client.sent[0][1]
    assert inbox.is_subscribed is None


@pytest.mark.parametrize(
    ("capabilities", "counts", "pattern"),
    [
        ((), False, "%"),
        (("LIST-EXTENDED",), True, "%"),
        (("LIST-EXTENDED", "LIST-STATUS", "SPECIAL-USE"), False, "% RETURN (SPECIAL-USE)"),
    ],
)
def test_only_what_is_wanted_is_asked_for(
    capabilities: tuple[str, ...], counts: bool, pattern: str
) -> None:
    client = Client(*capabilities, list=[None], lsub=("NO", [b"x"]))
    assert found_by(client, "%", counts=counts) == []
    assert client.sent == [("list", pattern), ("lsub", "%")]


def test_status_of_each_where_the_server_has_nothing_better() -> None:
    client = Client(
        list=[b'() "/" INBOX', b'() "/" a', b'() "/" b', LISTED[1]],
        lsub=[b'() "/" a', rb'(\Noselect) "/" b', b'() "/" gone', b"odd"],
        status=[[b"INBOX (MESSAGES 2)"], [b"odd"], [None]],
    )
    inbox, a, b, folder, gone = found_by(client)
    asked = [arguments for name, *arguments in client.sent if name == "status"]
    assert asked == [[b'"INBOX"'], [b'"a"'], [b'"b"']]
    assert inbox.status is not None
    assert inbox.status.messages == 2
    assert (a.status, a.is_subscribed, b.is_subscribed, folder.status) == (None, True, False, None)
    assert gone.mailbox.has(r"\NonExistent")
    assert gone.is_subscribed


def test_what_is_refused() -> None:
    with pytest.raises(error, match="denied"):
        found_by(Client(list=("NO", [b"denied"])))
    with pytest.raises(ParseError):
        found_by(Client(list=[b"odd"]))
    (inbox,) = found_by(Client(list=LISTED[:1], status=("NO", [b"[NOPERM] x\x1b"])))
    assert inbox.refusal == "[NOPERM] x\\x1b"
    (inbox,) = found_by(Client(list=LISTED[:1], status=("NO", [])))
    assert inbox.refusal == ""
    for lost in ({"lsub": abort("lost")}, {"status": abort("lost")}):
        with pytest.raises(abort):
            found_by(Client(list=LISTED[:1], **lost))


def test_who_tells_sizes() -> None:
    assert has_sizes(Client("STATUS=SIZE"))  # type: ignore[arg-type]
    assert has_sizes(Client("IMAP4REV2"))  # type: ignore[arg-type]
    assert not has_sizes(Client("STATUS"))  # type: ignore[arg-type]


def test_sizes_are_added_up() -> None:
    counted = Found(INBOX, True, Status("INBOX", b"INBOX", messages=10_003))
    told: list[int] = []
    client = Client(
        select=[[b"10002"]],
        fetch=[[b"1 (RFC822.SIZE 70)", b"2 (RFC822.SIZE 30)"], [b"10001 (RFC822.SIZE 5)", b"odd"]],
    )
    complete = sum_of_sizes(client, counted, told.append)  # type: ignore[arg-type]
    assert complete.status is not None
    assert complete.status.size == 105
    assert [sent[1] for sent in client.sent] == [b'"INBOX"', "1:10000", "10001:10002"]
    assert told == [10_000, 2]


@pytest.mark.parametrize(
    ("messages", "answers", "size"), [(0, {}, 0), (3, {"select": ("NO", [b"x"])}, None)]
)
def test_sizes_that_take_no_adding(
    messages: int, answers: dict[str, Any], size: int | None
) -> None:
    counted = Found(INBOX, True, Status("INBOX", b"INBOX", messages=messages))
    complete = sum_of_sizes(Client(**answers), counted, lambda count: None)  # type: ignore[arg-type]
    assert complete.status is not None
    assert complete.status.size == size
    unknown = Found(INBOX, True)
    assert sum_of_sizes(Client(), unknown, lambda count: None) == unknown  # type: ignore[arg-type]
