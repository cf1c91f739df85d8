"""Messages of a Maildir or an mbox file that some other program has written, to be uploaded."""

from __future__ import annotations

import contextlib
import email
import hashlib
import itertools
import mailbox
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path

from ..._hints import Any, NamedTuple, Protocol
from ..failures import USAGE, Failure
from . import line_ends
from .entries import Entry, FilePart
from .identity import digest_of, header_of, name_of
from .maildir import COLON, FLAGS, files, flags_of, modified

#: What the letters of flags mean in mbox; in Maildir, see `maildir`.
_MBOX_FLAGS = {
    "R": "\\Seen", "D": "\\Deleted", "F": "\\Flagged", "A": "\\Answered", "T": "\\Draft",
}  # fmt: skip
#: Octets in which a header is looked for.
_HEADER = 262_144


class _Found(NamedTuple):
    """A message: its text with LF or CRLF, when it arrived, and the letters that mean its flags."""

    portions: Iterable[bytes]
    date: datetime | None
    flags: tuple[str, ...]


class _Box(Protocol):
    """A Maildir, or an mbox file."""

    def listed(self) -> Iterable[Any]:
        """What tells messages, in order."""

    def found(self, key: Any) -> _Found:
        """A message. Raises KeyError if it isn't there any more."""

    def name(self, key: Any, digest: str) -> str:
        """What tells a message for ever; *digest* is that of its text."""

    def close(self) -> None:
        """Leave it."""


class Foreign:
    """The messages in a *path*; see `store.Store`.

    Raises `Failure` if it is neither a Maildir nor a file.
    """

    def __init__(self, path: Path) -> None:
        self._box: _Box
        if (path / "cur").is_dir():
            self._box = _Maildir(path)
        elif path.is_file():
            self._box = _Mbox(path)
        else:
            raise Failure(
                f"{path} is no backup of a mailbox, no Maildir and no mbox file.",
                "Name the folder of one mailbox.",
                USAGE,
            )
        self._keys: dict[str, Any] = {}

    @property
    def entries(self) -> Iterator[Entry]:
        """All messages, in their order."""
        self._keys.clear()
        for key in self._box.listed():
            # A mail program may have deleted it meanwhile.
            with contextlib.suppress(KeyError):
                yield self._entry(key)

    def others(self) -> list[Entry]:
        """None: nothing is known of a server."""
        return []

    def portions(self, entry: Entry) -> Iterator[bytes]:
        """The text of a message, with CRLF."""
        try:
            return _as_crlf(self._box.found(self._keys[entry.key]))
        except KeyError:
            raise FileNotFoundError(f"message {entry.key} is not there any more") from None

    def close(self) -> None:
        """Leave it."""
        self._box.close()

    def _entry(self, key: Any) -> Entry:
        found = self._box.found(key)
        header, size, digest = b"", 0, hashlib.sha256()
        for portion in _as_crlf(found):
            header += portion[: _HEADER - len(header)]
            size += len(portion)
            digest.update(portion)
        first = name = self._box.name(key, digest.hexdigest()[:32])
        number = 1
        while name in self._keys:
            number += 1
            name = f"{first}.{number}"
        self._keys[name] = key
        return Entry(
            name, 0, 0, size, found.date, found.flags, name_of(header) or digest_of(header)
        )


def _as_crlf(found: _Found) -> Iterator[bytes]:
    return line_ends.to_crlf(line_ends.to_lf(found.portions))


class _Maildir:
    """Keys are names of files without their flags, which stay when mail programs change those."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: dict[str, Path] = {}

    def listed(self) -> list[str]:
        self._look()
        return sorted(self._files)

    def found(self, key: str) -> _Found:
        if not self._files[key].exists():
            self._look()
        path = self._files[key]
        letters = path.name.partition(f"{COLON}2,")[2]
        return _Found(FilePart(path), modified(path), flags_of(letters, FLAGS))

    def name(self, key: str, digest: str) -> str:
        return key

    def close(self) -> None:
        """Nothing is open."""

    def _look(self) -> None:
        self._files.clear()
        for file in files(self._path):
            if file.is_file() and not file.name.startswith("."):
                self._files[file.name.partition(COLON)[0]] = Path(file.path)


class _Mbox:
    """Keys are positions, which change: what tells a message is its text."""

    def __init__(self, path: Path) -> None:
        self._box: Any = mailbox.mbox(path, create=False)

    def close(self) -> None:
        self._box.close()

    def listed(self) -> list[Any]:
        return sorted(self._box.iterkeys())

    def found(self, key: Any) -> _Found:
        words = self._box.get_file(key, from_=True).readline().split()
        portions = _Rest(lambda: self._box.get_file(key))
        header = email.message_from_bytes(header_of(b"".join(itertools.islice(portions, 4))))
        letters = "".join(str(header.get(name, "")) for name in ("Status", "X-Status"))
        return _Found(portions, _date(words[-5:]), flags_of(letters, _MBOX_FLAGS))

    def name(self, key: Any, digest: str) -> str:
        return digest


class _Rest:
    """Portions of what *opened* gives, as often as they are asked for."""

    def __init__(self, opened: Callable[[], Any]) -> None:
        self._opened = opened

    def __iter__(self) -> Iterator[bytes]:
        file = self._opened()
        while portion := file.read(65536):
            yield portion


def _date(words: list[bytes]) -> datetime | None:
    """The date at the end of a line "From "."""
    with contextlib.suppress(ValueError):
        text = b" ".join(words).decode("ascii", "replace")
        moment = time.strptime(text, "%a %b %d %H:%M:%S %Y")
        return datetime(*moment[:6], tzinfo=timezone.utc)
    return None
