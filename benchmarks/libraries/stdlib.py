"""The standard library's imaplib; IDLE is sent and read by hand, as Python 3.13 has no idle()."""

from __future__ import annotations

import imaplib
import ssl
from typing import Any

from ..server import now
from . import SECONDS
from .imaplib_like import ImaplibLike

_IDLE = "IDLE"
_STATES: Any = imaplib.Commands
_STATES.setdefault(_IDLE, ("SELECTED",))


class Imaplib(ImaplibLike):
    """imaplib."""

    def connect(self) -> None:
        host, port, ca_file = self.address.host, self.address.port, self.address.ca_file
        if ca_file:
            context = ssl.create_default_context(cafile=ca_file)
            self.M = imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=SECONDS)
        else:
            self.M = imaplib.IMAP4(host, port, timeout=SECONDS)

    def idle_until_news(self) -> int | None:
        self.start_idling()
        number = self._next_exists()
        self.stop_idling()
        return number

    def news(self, count: int) -> list[tuple[int, int]]:
        self.start_idling()
        found = [(self._next_exists(), now()) for _ in range(count)]
        self.stop_idling()
        return found

    def start_idling(self) -> None:
        self._tag = self.M._command(_IDLE)
        while self.M._get_response() is not None:  # it is None for the "+"
            pass

    def stop_idling(self) -> None:
        self.M.send(b"DONE\r\n")
        self.M._command_complete(_IDLE, self._tag)

    def _next_exists(self) -> int:
        while not (data := self.M.untagged_responses.pop("EXISTS", None)):
            self.M._get_response()
        return int(data[0])
