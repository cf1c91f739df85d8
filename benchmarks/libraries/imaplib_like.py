"""What imaplib and the two libraries that look like it have in common."""

from __future__ import annotations

import queue
import re
from collections.abc import Sequence
from typing import Any

from . import NEWS_SECONDS, PASSWORD, USER, Client, check, in_threads

_NUMBER = re.compile(rb"([0-9]+) \(")


class ImaplibLike(Client):
    """A client by ``self.M``, which subclasses' `connect` sets."""

    M: Any

    def login(self, user: str = USER) -> None:
        check(*self.M.login(user, PASSWORD))

    def select(self, mailbox: str) -> None:
        check(*self.M.select(mailbox))

    def logout(self) -> None:
        self.M.logout()

    def noop(self) -> None:
        check(*self.M.noop())

    def fetch(self, messages: str, items: str) -> Any:
        return self.M.fetch(messages, items)

    def append(self, mailbox: str, message: bytes) -> None:
        check(*self.M.append(mailbox, None, None, message))

    @staticmethod
    def numbers(answer: Any) -> list[int]:
        _, data = answer
        heads = (item[0] if isinstance(item, tuple) else item for item in data)
        found = (_NUMBER.match(head) for head in heads if head is not None)
        return [int(match[1]) for match in found if match]

    @staticmethod
    def octets(answer: Any) -> int:
        _, data = answer
        return sum(len(item[1]) for item in data if isinstance(item, tuple))


class Threaded(ImaplibLike):
    """What those have that have threads of their own."""

    def fetch_each(self, numbers: Sequence[int], items: str) -> list[Any]:
        """By callbacks."""
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for number in numbers:
            self.M.fetch(str(number), items, callback=answers.put)
        return [result for result, _, _ in (answers.get(timeout=60) for _ in numbers)]

    def fetch_in_threads(self, shares: Sequence[Sequence[int]], items: str) -> list[Any]:
        return in_threads(shares, lambda number: self.M.fetch(str(number), items), self.M.error)

    def enable_compression(self) -> None:
        check(*self.M.enable_compression())

    def idle_until_news(self) -> int | None:
        self.M.idle(timeout=NEWS_SECONDS)
        # What some call the end of an IDLE, it tells beside the news.
        _, data = self.M.response("EXISTS")
        return None if data[0] is None else int(data[0])

    def start_idling(self) -> None:
        self.M.idle(callback=_ignore)

    def stop_idling(self) -> None:
        check(*self.M.noop())


def _ignore(_: object) -> None:
    """A callback."""
