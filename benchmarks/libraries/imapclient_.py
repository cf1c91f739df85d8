"""IMAPClient, which stands on imaplib and parses what comes."""

from __future__ import annotations

import ssl
from typing import Any

import imapclient

from . import NEWS_SECONDS, PASSWORD, SECONDS, USER, Client


class IMAPClient(Client):
    """IMAPClient. Its figures include the parsing of flags and envelopes."""

    def connect(self) -> None:
        ca_file = self.address.ca_file
        self._client: Any = imapclient.IMAPClient(
            self.address.host,
            self.address.port,
            use_uid=False,
            ssl=ca_file is not None,
            ssl_context=ssl.create_default_context(cafile=ca_file) if ca_file else None,
            timeout=SECONDS,
        )

    def login(self, user: str = USER) -> None:
        self._client.login(user, PASSWORD)

    def select(self, mailbox: str) -> None:
        self._client.select_folder(mailbox)

    def logout(self) -> None:
        self._client.logout()

    def noop(self) -> None:
        self._client.noop()

    def fetch(self, messages: str, items: str) -> Any:
        # It looks up what was asked for among the answers, and doesn't know ranges.
        first, _, last = messages.partition(":")
        numbers = range(int(first), int(last or first) + 1)
        return self._client.fetch(numbers, items.strip("()").split())

    def append(self, mailbox: str, message: bytes) -> None:
        self._client.append(mailbox, message)

    def idle_until_news(self) -> int | None:
        self.start_idling()
        responses = self._client.idle_check(NEWS_SECONDS)
        _, late = self._client.idle_done()
        found = [item[0] for item in (*responses, *late) if item[1] == b"EXISTS"]
        return found[0] if found else None

    def start_idling(self) -> None:
        self._client.idle()

    def stop_idling(self) -> None:
        self._client.idle_done()

    @staticmethod
    def numbers(answer: Any) -> list[int]:
        return list(answer)

    @staticmethod
    def octets(answer: Any) -> int:
        return sum(len(items.get(b"BODY[]", b"")) for items in answer.values())
