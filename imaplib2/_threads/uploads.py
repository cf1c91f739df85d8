"""A message that is appended from a file: from the thread of its user to whoever sends.

How a message is streamed
-------------------------
*Asking.* The message is a `Source` in the place of a literal's octets, and its announcement always
waits for the server's "+", also where LITERAL+ would allow to go on (RFC 7888): so a refusal, of
the mailbox or of the size, comes before anything of the file is sent.

*Feeding.* Then, and whenever there is room among what is to be sent, the core reports `MoreWanted`.
What follows is a job of the command, which `feed` is: in the thread that waits for the command, or
in the callback thread if there is a callback, it reads the file and gives the core one portion
after the other, until enough waits to be sent. Neither reader nor writer ever read the file. As
long as the user's thread has been asked, the next move is ours, and no silence of the server is
counted; all other commands wait for the end of the message, as the protocol has it.

*The first portion* is read by the call of the method, before anything is sent: what is wrong with a
file from the start is an error like that of any argument.

*The end.* Behind its announcement, a message can't be taken back: the server waits for all of it. A
refusal that comes earlier than that is told when the rest was sent. If the file raises, or ends too
early, or the progress raises, the connection ends, with that as its reason. So it does when the
thread that feeds is interrupted; with a callback, only the progress, or ``shutdown()``, ends it.
"""

from __future__ import annotations

import io
import os
import stat

from .._errors import InvalidArgument, abort, error, escaped
from .._hints import Any, Protocol, cast
from .._mutex import Mutex
from .._protocol.connection import Connection
from .._protocol.events import MoreWanted
from .._protocol.parts import Source
from .user_code import UserCode

#: Bytes that are read at a time.
PORTION = 64 * 1024
#: Octets of the largest message that can be announced (RFC 9051, section 9: number64).
MAX_SIZE = 2**63 - 1
# Buffered files whose end is as near as that of what they buffer.
_SEEKING = (io.BytesIO, io.BufferedReader, io.BufferedRandom)


class Readable(Protocol):
    """A binary file that is read."""

    def read(self, size: int, /) -> Any:
        """At most *size* octets, or fewer; ``b""`` at the end."""


class Upload(Source):
    """The octets of a file, from where it stands, *size* of them; and who is told of the progress.

    Raises TypeError for what is no binary file, InvalidArgument where the size isn't known, or is
    more than any message's, or the file has less to begin with, and what the file raises.
    """

    def __init__(self, file: Readable, size: int | None, progress: Any) -> None:
        if isinstance(file, io.TextIOBase):
            raise TypeError("APPEND: a file must be binary, not of text")
        if getattr(file, "closed", False) is True:
            raise InvalidArgument("APPEND: the file is closed")
        super().__init__(size_of(file) if size is None else size)
        if self.size > MAX_SIZE:
            raise InvalidArgument(f"APPEND: no message has {self.size} bytes")
        left = _size_at_hand(file) if size else None
        if left is not None and left < self.size:
            raise InvalidArgument(f"APPEND: the file has {left} bytes only, not {self.size}")
        self._file = file
        self._progress = progress
        self._left = self.size
        self._first: bytes | None = b""
        while len(self._first) < min(self.size, PORTION):
            self._first += self._read()

    def check_unused(self) -> None:
        """Raise ``error`` if the file was read for another command."""
        if self._first is None:
            raise error("APPEND: the file has been read already; it can't be sent again")

    def read(self) -> bytes:
        """The next portion, which the progress is told of before it is sent: it may raise.

        So may the file; and ``error`` is raised where there is none.
        """
        data, self._first = self._read() if self._first is None else self._first, None
        if self._progress is not None:
            self._progress(self.size - self._left, self.size)
        return data

    def _read(self) -> bytes:
        wanted = min(self._left, PORTION)
        data = self._file.read(wanted) if wanted else b""
        try:
            octets = bytes(memoryview(data))
        except TypeError:
            kind = type(data).__name__
            raise TypeError(f"APPEND: the file gives {kind}, not bytes") from None
        if len(octets) > wanted or (wanted and not octets):
            what = f"is at its end, {self._left} bytes early" if not octets else "gives too much"
            raise InvalidArgument(f"APPEND: the file {what}")
        self._left -= len(octets)
        return octets


def size_of(file: Any) -> int:
    """Octets from where *file* stands up to its end.

    Raises InvalidArgument if only reading it would tell.
    """
    size = _size_on_disk(file)
    if size is not None:
        return size
    try:
        position = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(position)
        # A device has its end at its beginning.
        if not end and _is_on_disk(file):
            raise ValueError("no regular file")
    except (AttributeError, OSError, ValueError) as problem:
        raise InvalidArgument("APPEND: the size of the file isn't known: give size=") from problem
    return max(0, cast(int, end) - cast(int, position))


def _size_at_hand(file: Any) -> int | None:
    """As `size_of`; None where that isn't known, or takes long: what is compressed is read then."""
    is_cheap = not isinstance(file, io.BufferedIOBase) or isinstance(file, _SEEKING)
    try:
        return size_of(file) if is_cheap else None
    except InvalidArgument:
        return None


def _size_on_disk(file: Any) -> int | None:
    """As `size_of` for a regular file; None for all others."""
    if not _is_on_disk(file):
        return None
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        return None
    return max(0, status.st_size - cast(int, file.tell()))


def _is_on_disk(file: Any) -> bool:
    """Whether *file* gives what its descriptor does; what is compressed, for instance, doesn't."""
    return isinstance(getattr(file, "raw", file), io.FileIO)


class Driver(Protocol):
    """What `feed` uses of the gate."""

    core: Connection
    mutex: Mutex
    user_code: UserCode

    def drive(self, step: Any, *arguments: Any) -> None:
        """Have the core take a step."""

    def fail(self, reason: error) -> None:
        """End the connection."""


def feed(driver: Driver, event: MoreWanted) -> None:
    """Give the core what it wants of a file, in the thread of its user."""
    upload = cast(Upload, event.source)
    try:
        while True:
            data = driver.user_code.run(event.command, upload.read)
            driver.drive(driver.core.feed, upload, data)
            if not driver.mutex.run(driver.core.wants_more, upload):
                return
    except BaseException as problem:
        driver.fail(_cut_short(upload, problem))
        if not isinstance(problem, Exception):
            raise


def _cut_short(upload: Upload, problem: BaseException) -> abort:
    """The end of the connection: the message can't be completed because of *problem*."""
    done = upload.size - upload.missing
    what = str(problem)
    if not isinstance(problem, InvalidArgument):
        what = f"APPEND was cut short by {type(problem).__name__}: {problem}"
    reason = abort(escaped(f"{what} (behind {done} of {upload.size} bytes of the message)"))
    reason.__cause__ = problem
    return reason
