"""Commands without waits in between, but not too many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from imaplib2 import IMAP4
from imaplib2._cli.backup.pipeline import Answer, Request, answers


class Server:
    """Answers when somebody waits, that is, when the next request isn't issued."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[Any], None]] = []
        self.most = 0

    def request(self, about: int, weight: int) -> Request:
        def issue(callback: Callable[[Any], None]) -> None:
            self.waiting.append(callback)
            self.most = max(self.most, len(self.waiting))
            # The first is answered as soon as there are three.
            if len(self.waiting) == 3:
                self.answer()

        return Request(issue, weight, about)

    def answer(self) -> None:
        for callback in self.waiting:
            callback((("OK", [b"done"]), None, None))
        self.waiting.clear()


@pytest.mark.parametrize(("room", "most"), [(30, 8), (1000, 3)])
def test_so_many_are_on_their_way(room: int, most: int) -> None:
    server = Server()
    found = [*answers((server.request(n, 10) for n in range(9)), room=room, most=most)]
    assert [one.about for one in found] == [*range(9)]
    assert {one.typ for one in found} == {"OK"}
    assert server.most == 3


def told(result: Any, problem: Any) -> Request:
    return Request(lambda callback: callback((result, None, problem)), 1, 7)


def test_answers_of_all_kinds() -> None:
    requests = [
        told(("NO", [b"no\x1b"]), None),
        told(("OK", [None]), None),
        told(("OK", []), None),
        told(None, (IMAP4.error, "BAD [b'x']")),
    ]
    found = [*answers(requests, room=1)]
    assert [(one.typ, one.text) for one in found] == [
        ("NO", "no\\x1b"), ("OK", "OK"), ("OK", "OK"), ("BAD", "BAD [b'x']")
    ]  # fmt: skip
    assert found[0] == Answer(7, "NO", [b"no\x1b"])


def test_a_lost_connection_is_raised() -> None:
    with pytest.raises(IMAP4.abort, match="gone"):
        list(answers([told(None, (IMAP4.abort, "gone"))], room=1))


def test_nothing_to_do() -> None:
    assert list(answers([], room=1)) == []
