"""Messages that have arrived, read by a connection beside the one that watches."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from .._errors import abort, error
from .._hints import TYPE_CHECKING, Any
from .failures import Failure

if TYPE_CHECKING:
    from .._client import IMAP4
    from ..parse import Message, SequenceSet
    from .accounts import Opener

#: What is shown of a message.
_SUMMARY = "(UID ENVELOPE RFC822.SIZE)"
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
            for some in _portions(uids):
                for message in self._asked(mailbox, some, _SUMMARY):
                    if message.uid is not None:
                        found[message.uid] = message
        return found

    def content(self, mailbox: str, uid: int, uid_validity: int | None) -> bytes | None:
        """The message *uid* as it is; None when it isn't there any more.

        The UID is one under *uid_validity*. Raises OSError, ``error`` and `Failure`.
        """
        for message in self._asked(mailbox, str(uid), "(UID BODY.PEEK[])", uid_validity):
            if message.uid == uid:
                return message.body("")
        return None

    def _asked(
        self, mailbox: str, uids: str, items: str, uid_validity: int | None = None
    ) -> Iterator[Message]:
        from .. import parse

        for is_last in (False, True):
            try:
                client = self._opened(mailbox)
                if uid_validity not in (None, _validity(client)):
                    return
                answer: Any = client.uid("FETCH", uids, items)
                break
            except (abort, OSError):
                # A server ends connections that have nothing to do.
                self.close()
                if is_last:
                    raise
        if answer[0] == "OK":
            yield from parse.fetch(answer, lenient=True)

    def _opened(self, mailbox: str) -> IMAP4:
        """The connection, where *mailbox* is open and all is there that has arrived."""
        if self._client is None:
            self._client = self._opener()
        typ, data = self._client.select(mailbox, readonly=True)
        if typ != "OK":
            raise error(f"{mailbox} can't be opened: {data[-1]!r}")
        return self._client


def _validity(client: IMAP4) -> int | None:
    _, data = client.response("UIDVALIDITY")
    return int(data[-1]) if data and data[-1] and data[-1].isdigit() else None


def _portions(uids: SequenceSet) -> Iterator[str]:
    from itertools import islice

    from ..parse import SequenceSet

    rest = iter(uids)
    while some := [*islice(rest, _MOST)]:
        yield str(SequenceSet(some))
