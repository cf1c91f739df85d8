"""This package."""

from __future__ import annotations

import contextlib
from typing import Any

import imaplib2

from ..server import now
from . import SECONDS
from .imaplib_like import Threaded

# An older copy, beside this one, may have none.
with contextlib.suppress(ImportError):
    from imaplib2 import parse


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

    @staticmethod
    def read_flags(answer: Any) -> int:
        count = 0
        for message in parse.fetch(answer):
            _ = message.number, message.uid
            count += message.flags is not None
        return count

    @staticmethod
    def read_envelopes(answer: Any) -> int:
        count = 0
        for message in parse.fetch(answer):
            _ = message.number, message.uid
            found = message.envelope
            if found is not None:
                _ = found.date, found.raw_date, found.subject, found.raw_subject
                _ = found.in_reply_to, found.message_id
                for people in (
                    found.from_, found.sender, found.reply_to, found.to, found.cc, found.bcc
                ):  # fmt: skip
                    for one in parse.addresses(people):
                        _ = one.name, one.raw_name, one.route, one.mailbox, one.host, one.email
                count += 1
        return count

    @staticmethod
    def read_structures(answer: Any) -> int:
        count = 0
        for message in parse.fetch(answer):
            _ = message.number, message.uid
            found = message.body_structure
            if found is not None:
                for part in found.walk():
                    _ = part.content_type, part.section, part.charset, part.encoding, part.size
                    _ = part.lines, part.content_id, part.description, part.md5, part.languages
                    _ = part.disposition, part.location, part.file_name, part.extension
                    _ = [*part.parameters.items()], [*part.disposition_parameters.items()]
                count += 1
        return count
