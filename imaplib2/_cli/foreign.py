"""Messages of a Maildir or an mbox file that some other program has written, to be uploaded."""

from __future__ import annotations

import mailbox
import os
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from .._hints import Any
from . import line_ends
from .entries import Entry
from .failures import USAGE, Failure
from .identity import digest_of, name_of

#: What the letters of flags mean, in Maildir and in mbox.
_MAILDIR = {
    "D": "\\Draft", "F": "\\Flagged", "P": "$Forwarded", "R": "\\Answered", "S": "\\Seen",
    "T": "\\Deleted",
}  # fmt: skip
_MBOX = {"R": "\\Seen", "D": "\\Deleted", "F": "\\Flagged", "A": "\\Answered", "T": "\\Draft"}


class Foreign:
    """The messages in a *path*, which is read by the module ``mailbox``; see `store.Store`.

    Raises `Failure` if it is neither a Maildir nor a file.
    """

    def __init__(self, path: Path) -> None:
        self._box: Any
        if (path / "cur").is_dir():
            self._box = mailbox.Maildir(path, create=False)
            self._box.colon = "!" if os.name == "nt" else ":"
        elif path.is_file():
            self._box = mailbox.mbox(path, create=False)
        else:
            raise Failure(
                f"{path} is no backup of a mailbox, no Maildir and no mbox file.",
                "Name the folder of one mailbox.",
                USAGE,
            )
        self._keys = {str(key): key for key in self._box.iterkeys()}

    @property
    def entries(self) -> Iterator[Entry]:
        """All messages, in their order."""
        for name, key in sorted(self._keys.items(), key=lambda item: item[1]):
            text = self._text(name)
            message = self._box.get_message(key)
            entry = Entry(
                name, 0, 0, len(text), _date(message), _flags(message),
                name_of(text) or digest_of(text),
            )  # fmt: skip
            yield entry

    def others(self) -> list[Entry]:
        """None: nothing is known of a server."""
        return []

    def portions(self, entry: Entry) -> Iterator[bytes]:
        """The text of a message, with CRLF."""
        yield self._text(entry.key)

    def close(self) -> None:
        """Leave it."""
        self._box.close()

    def _text(self, name: str) -> bytes:
        text: bytes = self._box.get_bytes(self._keys[name])
        return b"".join(line_ends.to_crlf(line_ends.to_lf([text])))


def _date(message: Any) -> datetime | None:
    """When a *message* arrived."""
    if isinstance(message, mailbox.MaildirMessage):
        return datetime.fromtimestamp(message.get_date(), timezone.utc)
    words = message.get_from().split()
    try:
        moment = time.strptime(" ".join(words[-5:]), "%a %b %d %H:%M:%S %Y")
        return datetime(*moment[:6], tzinfo=timezone.utc)
    except ValueError:
        return None


def _flags(message: Any) -> tuple[str, ...]:
    known = _MAILDIR if isinstance(message, mailbox.MaildirMessage) else _MBOX
    return tuple(sorted(known[letter] for letter in message.get_flags() if letter in known))
