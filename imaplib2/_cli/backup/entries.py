"""What the backup of a mailbox knows of a message."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from ..._hints import Any, TypeAlias

#: The text of a message: portions, or a file that is used up.
Content: TypeAlias = "list[bytes] | Path"


class Entry:
    """A message.

    - ``uid``, and ``validity``, the UIDVALIDITY for which that holds;
    - ``key``: its name in the backup, for ever;
    - ``size``: of the text, in octets, as the server has it;
    - ``date``: INTERNALDATE; None if the server has none;
    - ``flags``: all but ``\\Recent``, in order;
    - ``name``: see `identity.Identity`;
    - ``is_gone``: the server hasn't got it any more;
    - of mbox: ``start`` and ``length`` of its text in the file, and ``end`` of all of it.
    """

    __slots__ = (
        "date", "end", "flags", "is_gone", "key", "length", "name", "size", "start", "uid",
        "validity",
    )  # fmt: skip

    def __init__(
        self,
        key: str,
        validity: int,
        uid: int,
        size: int,
        date: datetime | None,
        flags: tuple[str, ...],
        name: str,
    ) -> None:
        self.key = key
        self.validity = validity
        self.uid = uid
        self.size = size
        self.date = date
        self.flags = flags
        self.name = name
        self.is_gone = False
        self.start: int | None = None
        self.length = self.end = 0

    @classmethod
    def of(cls, record: dict[str, Any], validity: int) -> Entry:
        """The message of a *record*, see `store`."""
        date = record["date"]
        entry = cls(
            record["key"], validity, record["uid"], record["size"],
            date and datetime.fromisoformat(date), tuple(record["flags"]), record["id"],
        )  # fmt: skip
        if "start" in record:
            entry.start, entry.length, entry.end = record["start"], record["length"], record["end"]
        return entry

    def record(self) -> dict[str, Any]:
        """The record of the message, see `store`."""
        record = {
            "uid": self.uid, "key": self.key, "size": self.size,
            "date": self.date and self.date.isoformat(), "flags": self.flags, "id": self.name,
        }  # fmt: skip
        if self.start is not None:
            record |= {"start": self.start, "length": self.length, "end": self.end}
        return record


def portions_of(content: Content) -> Any:
    """*content* in portions, as often as it is asked for."""
    return content if isinstance(content, list) else FilePart(content)


class FilePart:
    """Portions of a file, or of a part of it, as often as they are asked for."""

    def __init__(self, path: Path, start: int = 0, length: int | None = None) -> None:
        self._path = path
        self._start = start
        self._length = length

    def __iter__(self) -> Any:
        with open(self._path, "rb") as file:
            file.seek(self._start)
            left = self._length
            while left is None or left > 0:
                portion = file.read(65536 if left is None else min(65536, left))
                if not portion:
                    return
                left = left and left - len(portion)
                yield portion
