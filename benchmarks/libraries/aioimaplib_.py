"""aioimaplib; its event loop runs while an operation of ours does."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Coroutine, Sequence
from typing import Any

import aioimaplib

from . import NEWS_SECONDS, PASSWORD, SECONDS, USER, Client, check

_NUMBER = re.compile(rb"([0-9]+) FETCH ")
_EXISTS = re.compile(rb"([0-9]+) EXISTS")
_loop = asyncio.new_event_loop()


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return _loop.run_until_complete(work)


class Aioimaplib(Client):
    """aioimaplib."""

    def connect(self) -> None:
        _run(self._connect())

    async def _connect(self) -> None:
        host, port, ca_file = self.address.host, self.address.port, self.address.ca_file
        self._client: Any
        if ca_file:
            context = ssl.create_default_context(cafile=ca_file)
            self._client = aioimaplib.IMAP4_SSL(host, port, timeout=SECONDS, ssl_context=context)
        else:
            self._client = aioimaplib.IMAP4(host, port, timeout=SECONDS)
        await self._client.wait_hello_from_server()

    def login(self, user: str = USER) -> None:
        check(*_run(self._client.login(user, PASSWORD)))

    def select(self, mailbox: str) -> None:
        check(*_run(self._client.select(mailbox)))

    def logout(self) -> None:
        _run(self._client.logout())

    def noop(self) -> None:
        check(*_run(self._client.noop()))

    def fetch(self, messages: str, items: str) -> Any:
        return _run(self._client.fetch(messages, items))

    def append(self, mailbox: str, message: bytes) -> None:
        check(*_run(self._client.append(message, mailbox)))

    def fetch_each(self, numbers: Sequence[int], items: str) -> list[Any]:
        async def work() -> list[Any]:
            return await asyncio.gather(
                *(self._client.fetch(str(number), items) for number in numbers)
            )

        answers: list[Any] = _run(work())
        return answers

    def idle_until_news(self) -> int | None:
        return _run(self._idle_until_news())  # type: ignore[no-any-return]

    async def _idle_until_news(self) -> int | None:
        idle = await self._client.idle_start(timeout=NEWS_SECONDS)
        number = None
        while number is None:
            lines = await self._client.wait_server_push()
            if lines == aioimaplib.STOP_WAIT_SERVER_PUSH:
                break
            number = next((int(m[1]) for line in lines if (m := _EXISTS.match(line))), None)
        self._client.idle_done()
        await idle
        return number

    def start_idling(self) -> None:
        self._idle = _run(self._client.idle_start(timeout=SECONDS))

    def stop_idling(self) -> None:
        self._client.idle_done()
        _run(self._idle)

    @staticmethod
    def numbers(answer: Any) -> list[int]:
        found = (_NUMBER.match(line) for line in answer.lines)
        return [int(match[1]) for match in found if match]

    @staticmethod
    def octets(answer: Any) -> int:
        return sum(len(line) for line in answer.lines if isinstance(line, bytearray))
