"""Which of several commands in progress an untagged response belongs to.

A server may work on several commands at a time (RFC 3501, section 5.5), and its untagged
responses carry no tag. FETCH and STATUS responses can be told apart all the same: by the message
and by the mailbox that they are about.
"""

from __future__ import annotations

import re
from typing import Any, Protocol

from .grammar import QUOTED_BYTES
from .message_set import MessageSet
from .responses import Data

_LEADING_UID = re.compile(rb"[0-9]+ \(UID ([0-9]{1,20})\b")
_DIGITS = 20  # no number of IMAP has more (RFC 9051, section 9: number64)
_TOKEN = re.compile(rb"[()]|[^\s()]+")


class Claim(Protocol):
    """Says of untagged data whether it answers a certain command."""

    @property
    def key(self) -> object:
        """Stands for the one message or mailbox that is meant; None when there may be several."""

    def owns(self, data: Data) -> bool:
        """Whether *data* is about what the command asked for."""

    def overlaps(self, other: Any) -> bool:
        """Whether both may be about the same message or mailbox."""


class MessageClaim:
    """FETCH data of the messages in a set, of message numbers or (*by_uid*) of UIDs."""

    def __init__(self, message_set: bytes, by_uid: bool) -> None:
        self._set = MessageSet.parse(message_set)
        self._by_uid = by_uid
        self.key: object = (by_uid, int(message_set)) if message_set.isdigit() else None

    def owns(self, data: Data) -> bool:
        number = uid_of(data) if self._by_uid else _number_of(data)
        return number is not None and number in self._set

    def overlaps(self, other: Any) -> bool:
        if not isinstance(other, MessageClaim):
            return False
        # Which UID a message number stands for is not known.
        return self._by_uid != other._by_uid or self._set.overlaps(other._set)


class MailboxClaim:
    """STATUS data of one mailbox."""

    def __init__(self, mailbox: bytes) -> None:
        self.key: object = _mailbox_name(mailbox)

    def owns(self, data: Data) -> bool:
        if not isinstance(data, bytes):
            return isinstance(data[0], tuple) and _folded(data[0][1]) == self.key
        return _mailbox_name(data) == self.key

    def overlaps(self, other: Any) -> bool:
        return bool(self.key == other.key)


class ClaimIndex:
    """The claims of the commands in progress that collect one type."""

    def __init__(self) -> None:
        self._single: dict[object, Claim] = {}
        self._several: dict[int, Claim] = {}

    def add(self, claim: Claim) -> None:
        """*claim*'s command is in progress."""
        if claim.key is None:
            self._several[id(claim)] = claim
        else:
            self._single[claim.key] = claim

    def remove(self, claim: Claim) -> None:
        """*claim*'s command is in progress no longer."""
        if claim.key is None:
            del self._several[id(claim)]
        else:
            del self._single[claim.key]

    def overlaps(self, claim: Claim) -> bool:
        """Whether one of the claims is about something that *claim* is about, too."""
        if any(claim.overlaps(other) for other in self._several.values()):
            return True
        if claim.key in self._single:
            return True
        # Claims about one thing each differ when their keys do, unless UIDs meet numbers; so one
        # of them stands for all, and a thousand pipelined commands cost no million comparisons.
        others = self._single.values()
        if claim.key is not None and others:
            return _differ_in_kind(claim, next(iter(others)))
        return any(claim.overlaps(other) for other in others)


def _differ_in_kind(claim: Claim, other: Claim) -> bool:
    mine, others = claim.key, other.key
    return isinstance(mine, tuple) and isinstance(others, tuple) and mine[0] != others[0]


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
        if depth == 1 and previous.upper() == b"UID" and token.isdigit() and len(token) <= _DIGITS:
            return int(token)
        previous = token
    return None


def _text_of(data: Data) -> bytes:
    if isinstance(data, bytes):
        return data
    return b" ".join(item if isinstance(item, bytes) else item[0] for item in data)


def _number_of(data: Data) -> int | None:
    number, _, _ = _text_of(data).partition(b" ")
    return int(number) if number.isdigit() and len(number) <= _DIGITS else None


def _mailbox_name(text: bytes) -> bytes:
    quoted = QUOTED_BYTES.match(text)
    if quoted:
        return _folded(re.sub(rb"\\(.)", rb"\1", quoted[0][1:-1]))
    return _folded(text.partition(b" ")[0])


def _folded(mailbox: bytes) -> bytes:
    # INBOX is the one name that is the same in any case (RFC 3501, section 5.1).
    return b"INBOX" if mailbox.upper() == b"INBOX" else mailbox
