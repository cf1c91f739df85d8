"""Which of several commands in progress an untagged response belongs to.

A server may work on several commands at a time (RFC 3501, section 5.5), and its untagged
responses carry no tag. FETCH and STATUS responses can be told apart all the same: by the message
and by the mailbox that they are about.
"""

from __future__ import annotations

import re
from typing import Protocol

from .grammar import QUOTED_BYTES
from .message_set import MessageSet
from .responses import Data

_LEADING_UID = re.compile(rb"[0-9]+ \(UID ([0-9]+)")
_TOKEN = re.compile(rb"[()]|[^\s()]+")


class Claim(Protocol):
    """Says of untagged data whether it answers a certain command."""

    def owns(self, data: Data) -> bool:
        """Whether *data* is about what the command asked for."""


class MessageClaim:
    """FETCH data of the messages in a set, of message numbers or (*by_uid*) of UIDs."""

    def __init__(self, message_set: bytes, by_uid: bool) -> None:
        self._set = MessageSet.parse(message_set)
        self._by_uid = by_uid

    def owns(self, data: Data) -> bool:
        number = uid_of(data) if self._by_uid else _number_of(data)
        return number is not None and number in self._set


class MailboxClaim:
    """STATUS data of one mailbox."""

    def __init__(self, mailbox: bytes) -> None:
        self._mailbox = _mailbox_name(mailbox)

    def owns(self, data: Data) -> bool:
        if not isinstance(data, bytes):
            return isinstance(data[0], tuple) and _folded(data[0][1]) == self._mailbox
        return _mailbox_name(data) == self._mailbox


def uid_of(data: Data) -> int | None:
    """The UID item of a FETCH response; text of the message can't pass for one."""
    text = _text_of(data)
    leading = _LEADING_UID.match(text)
    if leading:
        return int(leading[1])
    depth, previous = 0, b""
    for found in _TOKEN.finditer(QUOTED_BYTES.sub(b'""', text)):
        token = found[0]
        depth += {b"(": 1, b")": -1}.get(token, 0)
        if depth == 1 and previous.upper() == b"UID" and token.isdigit():
            return int(token)
        previous = token
    return None


def _text_of(data: Data) -> bytes:
    if isinstance(data, bytes):
        return data
    return b" ".join(item if isinstance(item, bytes) else item[0] for item in data)


def _number_of(data: Data) -> int | None:
    number, _, _ = _text_of(data).partition(b" ")
    return int(number) if number.isdigit() else None


def _mailbox_name(text: bytes) -> bytes:
    quoted = QUOTED_BYTES.match(text)
    if quoted:
        return _folded(re.sub(rb"\\(.)", rb"\1", quoted[0][1:-1]))
    return _folded(text.partition(b" ")[0])


def _folded(mailbox: bytes) -> bytes:
    # INBOX is the one name that is the same in any case (RFC 3501, section 5.1).
    return b"INBOX" if mailbox.upper() == b"INBOX" else mailbox
