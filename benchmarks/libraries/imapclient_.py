"""IMAPClient, which stands on imaplib and parses what comes."""

from __future__ import annotations

import ssl
from typing import Any

import imapclient
from imapclient.response_parser import parse_fetch_response

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

    @staticmethod
    def read_flags(answer: Any) -> int:
        count = 0
        for number, items in _parsed(answer).items():
            _ = number, items[b"UID"]
            count += items[b"FLAGS"] is not None
        return count

    @staticmethod
    def read_envelopes(answer: Any) -> int:
        count = 0
        for number, items in _parsed(answer).items():
            _ = number, items[b"UID"]
            found = items[b"ENVELOPE"]
            _ = found.date, found.subject, found.in_reply_to, found.message_id
            for people in (
                found.from_, found.sender, found.reply_to, found.to, found.cc, found.bcc
            ):  # fmt: skip
                for one in people or ():
                    _ = one.name, one.route, one.mailbox, one.host
            count += 1
        return count

    @staticmethod
    def read_structures(answer: Any) -> int:
        count = 0
        for number, items in _parsed(answer).items():
            _ = number, items[b"UID"]
            _read_part(items[b"BODYSTRUCTURE"])
            count += 1
        return count


def _parsed(answer: Any) -> Any:
    """What `IMAPClient.fetch` returns, which has its parser read what imaplib's gives."""
    return answer if isinstance(answer, dict) else parse_fetch_response(answer, uid_is_key=False)


def _read_part(part: Any) -> None:
    """Each field of a part; those of another one's are as many as they are."""
    if part.is_multipart:
        for one in part[0]:
            _read_part(one)
    for field in part[1:] if part.is_multipart else part:
        if isinstance(field, tuple):
            for _ in field:
                pass
