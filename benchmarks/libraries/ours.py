"""This package."""

from __future__ import annotations

import imaplib2

from ..server import now
from . import SECONDS
from .imaplib_like import Threaded


class Imaplib2(Threaded):
    """This package."""

    def connect(self) -> None:
        host, port, ca_file = self.address.host, self.address.port, self.address.ca_file
        if ca_file:
            self.M = imaplib2.IMAP4_SSL(host, port, ca_certs=ca_file, timeout=SECONDS)
        else:
            self.M = imaplib2.IMAP4(host, port, timeout=SECONDS)

    def news(self, count: int) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        with self.M.idle(duration=SECONDS) as idler:
            for typ, data in idler:
                when = now()
                if typ == "EXISTS":
                    found.append((int(data[0]), when))
                if len(found) == count:
                    break
        return found
