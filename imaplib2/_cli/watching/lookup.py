"""Messages that have arrived, read by a connection beside the one that watches."""

from __future__ import annotations

import contextlib

from ..._errors import abort, error, printable
from ..._hints import TYPE_CHECKING, Any
from ..failures import Failure

if TYPE_CHECKING:
    from ..._client import IMAP4
    from ...parse import Message, SequenceSet
    from ..accounts import Opener

#: What is shown of a message.
_SUMMARY = "(UID ENVELOPE RFC822.SIZE)"
#: With these response codes, a mailbox can't be opened at the moment (RFC 5530, section 3).
_FOR_NOW = ("UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG")
#: Messages that one command asks for.
_MOST = 500


class Lookup:
    """Reads messages, and opens its connection again when that is lost. For one thread."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._client: IMAP4 | None = None

    def close(self) -> None:
        """End the connection, without a word."""
        client, self._client = self._client, None
        if client is not None:
            client.shutdown()

    def summaries(self, mailbox: str, uids: SequenceSet) -> dict[int, Message]:
        """What ENVELOPE tells of *uids*, those that can be read; never mind the others."""
        found: dict[int, Message] = {}
        with contextlib.suppress(error, OSError, ValueError, Failure):
            for start in range(0, len(uids), _MOST):
                found |= self._asked(mailbox, uids[start : start + _MOST], _SUMMARY)
        return found

    def content(self, mailbox: str, uid: int, uid_validity: int | None) -> bytes | None:
        """The message *uid* as it is; None when it isn't there any more.

        The UID is one under *uid_validity*. Raises OSError, ``error`` and `Failure`.
        """
        found = self._asked(mailbox, uid, "(UID BODY.PEEK[])", uid_validity)
        return found[uid].body("") if uid in found else None

    def _asked(
        self, mailbox: str, uids: int | SequenceSet, items: str, uid_validity: int | None = None
    ) -> dict[int, Message]:
        """What FETCH tells of *uids*; nothing if their UIDVALIDITY isn't the one that is given."""
        try:
            return self._fetched(mailbox, uids, items, uid_validity)
        except (abort, OSError):
            # A server ends connections that have nothing to do.
            return self._fetched(mailbox, uids, items, uid_validity)

    def _fetched(
        self, mailbox: str, uids: int | SequenceSet, items: str, uid_validity: int | None
    ) -> dict[int, Message]:
        from ... import parse

        try:
            client = self._opened(mailbox)
            if client is None or uid_validity not in (None, _validity(client)):
                return {}
            answer: Any = client.uid("FETCH", uids, items)
        except (abort, OSError):
            self.close()
            raise
        found = parse.fetch(answer, lenient=True) if answer[0] == "OK" else ()
        return {message.uid: message for message in found if message.uid is not None}

    def _opened(self, mailbox: str) -> IMAP4 | None:
        """The connection, where *mailbox* is open and all is there that has arrived.

        None when there is no such mailbox, or it may not be read.
        """
        from ... import parse

        if self._client is None:
            self._client = self._opener()
        answer = self._client.select(mailbox, readonly=True)
        if answer[0] == "OK":
            return self._client
        code = parse.response_code(answer, lenient=True)
        if code is not None and code.name in _FOR_NOW:
            raise error(f"{mailbox} can't be opened: {printable(answer[1][-1] or b'')}")
        return None


def _validity(client: IMAP4) -> int | None:
    _, data = client.response("UIDVALIDITY")
    return int(data[-1]) if data and data[-1] and data[-1].isdigit() else None
