"""A literal that goes to a user's file as it comes: from the reader to the thread of its user.

How a literal is streamed
-------------------------
*Whose it is.* `IMAP4.fetch_to` gives its command a sink, a `Download`. While that command is in
progress (``core.downloading``), the framer asks it of each literal that a response announces: where
`bodies.answers` says that it is the text that was asked for, the framer stops there, and
``core.streaming`` tells how many octets there are. All other literals are framed as ever, and so is
all else. No other command that gets FETCH data is in progress at the same time: whose a literal is
has to be known before the rest of its response, which may hold the UID, has come.

*From the reader to the file.* The reader receives the literal in portions (`receive`), and hands
each of them over as a job of the command (`Gate.hand_over`), as it does with the challenges of a
login. The job writes to the file, and reports the progress, in the thread that waits for the
command, or in the callback thread if there is a callback: never in reader or writer, and with no
lock held. A job that was handed over before the outcome is done before the outcome is told; so the
file has everything that came when the command is over, whether that is by an OK or by the end of
the connection.

*The bound.* So many portions may be under way; then the reader waits for the file
(``Gate.resume``), and nothing that the server sends on this connection is read. The core is told
(``hold_up``): no silence of the server is counted meanwhile, except for the reply to a LOGOUT,
which ends the connection in time, and with it this wait. All other connections, and the writer of
this one, which keeps the time, know nothing of it.

*The end.* When the file raises, or the progress, or the thread that waits is interrupted, the
command is given up: `Download.drop`. The rest is read, and dropped, and the connection goes on. In
a waiting thread the exception comes up at once; a callback gets it at once, too, and an ``error``
in the place of what is no Exception. When the connection ends, the reader's wait does, as for an
upgrade. In any case, it is no success unless all was written.

*Limits.* ``limits.literal`` says what may be held, and doesn't bound what is streamed. What does is
the size that the server announces, which *progress* gets: it may raise, as the file may.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial

from .._clock import Clock
from .._errors import error, escaped
from .._hints import Any, Protocol
from .._mutex import Bell
from .._protocol.bodies import answers, text_in, text_key
from .._protocol.claims import Claim
from .._protocol.command import Command
from .gate import Gate
from .pending import Outcome, Pending

#: Bytes that are received, and written, at a time; and how many portions may be under way.
PORTION = 64 * 1024
PORTIONS = 16
#: Seconds between two notes of the progress of a literal.
_PROGRESS_NOTE = 0.02

#: Called with the octets that are done, and with all there are.
Progress = Callable[[int, int], object]


class Writable(Protocol):
    """A binary file that is written."""

    def write(self, data: bytes, /) -> object:
        """Take *data*, or the first of it; the number of octets.

        None stands for all, but for nothing if this is an ``io.RawIOBase``.
        """


class Download:
    """The sink of one command: writes a literal to a file. Each attribute has one thread to set it.

    `takes` and ``handed`` are the reader's; all else is of the thread that runs user code.
    """

    def __init__(self, file: Any, progress: Progress | None, item: str = "BODY[]") -> None:
        if not callable(getattr(file, "write", None)) or isinstance(file, io.TextIOBase):
            raise TypeError(f"not a binary file to be written: {type(file).__name__}")
        self._file: Writable = file
        self._progress = progress
        self._asked = text_key(item.encode())
        #: Octets of the literal; None as long as none has come.
        self.size: int | None = None
        #: Octets that were written.
        self.done = 0
        #: Portions that were handed over, and that are through.
        self.handed = self.taken = 0
        #: What wakes the reader.
        self.bell: Bell | None = None
        self.is_dropped = False
        #: What has come up behind the server's answer, before all was written.
        self.problem: Exception | None = None
        # Set by the reader: another literal has come, which may as well be the one asked for.
        self._is_ambiguous = False
        # Set by the reader: the literal that comes is another text; and the one that was taken is
        # that of another message.
        self._is_other = self._is_foreign = False

    @property
    def is_full(self) -> bool:
        """Whether the reader has to wait."""
        return self.handed - self.taken >= PORTIONS and not self.is_dropped

    @property
    def is_wanted(self) -> bool:
        """Whether what comes is to be written. For the reader."""
        return not (self.is_dropped or self._is_ambiguous or self._is_other)

    def check_unused(self) -> None:
        """Raise ``error`` if a command had this sink before, and its file has got something."""
        if self.size is not None:
            raise error("FETCH: the file has got a text already; it can't be sent again")

    # -- The reader ---------------------------------------------------------------------------

    def takes(self, claim: Claim | None, pieces: list[bytes], size: int) -> bool:
        """Whether a literal of *size* octets is a text of what was asked for; see `answers`.

        A second one is taken, too, and dropped; so is one that is another text than the one asked.
        """
        text = answers(claim, pieces)
        if text is None:
            return False
        self._is_other = text != self._asked
        if self._is_other:
            return True
        if self.size is None:
            self.size = size
        else:
            self._is_ambiguous = True
        return True

    def disown(self) -> None:
        """The response turns out to be about another message."""
        self._is_foreign = self.size is not None

    # -- The thread of the user ---------------------------------------------------------------

    def put(self, data: bytes) -> None:
        """Write *data*; raises what the file or the progress raise."""
        if self.is_dropped or not data:
            return
        write_all(self._file, data)
        self.done += len(data)
        if self._progress is not None:
            self._progress(self.done, self.size or 0)

    def drop(self) -> None:
        """Nobody waits any more. Where the reader may, the gate's mutex is held."""
        self.is_dropped = True
        if self.bell is not None:
            self.bell.ring()

    def outcome(self, typ: str, data: list[Any]) -> Outcome:
        """What `fetch_to` returns, when the server has answered with *typ* and *data*.

        Writes what was no literal. Raises ``error`` if there were two, or another than was asked,
        or unless all was written, and what the file has raised while the answer was there already.
        """
        if self.problem is not None:
            raise self.problem
        if typ != "OK":
            return typ, data
        if self._is_ambiguous:
            raise error("FETCH: the server has sent two texts; the file has the first")
        if self._is_foreign:
            raise error("FETCH: the server has sent the text of another message")
        if self.size is None:
            text = text_in(data, self._asked)
            if text is not None:
                self.size = len(text)
                self.put(text)
        if self.done != (self.size or 0):
            raise error(f"FETCH was cut short: the file has {self.done} bytes of {self.size}")
        return typ, [self.size]


def write_all(file: Writable, data: bytes) -> None:
    """Write all of *data*, to a file that may take less than it is offered."""
    written = _written(file, data)
    while written < len(data):
        if written <= 0:
            raise error("FETCH: the file takes nothing")
        data = data[written:]
        written = _written(file, data)


def _written(file: Writable, data: bytes) -> int:
    """Have *file* write *data*; the octets that it has taken."""
    written = file.write(data)
    if isinstance(written, int):
        return written
    # Of a raw file, None says that it would have to wait.
    return 0 if written is None and isinstance(file, io.RawIOBase) else len(data)


def receive(gate: Gate) -> bool:
    """Receive the literal that ``core.downloading`` takes; false if the transport is to end before.

    For the reader. The connection may be over when this returns.
    """
    core, command = gate.core, gate.core.downloading
    assert command is not None
    download: Any = command.sink
    download.bell = gate.resume
    buffer = memoryview(bytearray(PORTION))
    told = Clock.now()
    _hand_over(gate, command, download, memoryview(core.streamed()))
    while core.streaming and core.reason is None:
        _wait_for_room(gate, download)
        if gate.ending.is_wanted:
            return False
        size = gate.transport.recv_into(buffer[: min(PORTION, core.streaming)])
        if size == 0:
            return False
        if size:
            core.stream(size)
            _hand_over(gate, command, download, buffer[:size])
        if Clock.now() - told > _PROGRESS_NOTE:
            told = Clock.now()
            gate.progressed()
    return True


def _wait_for_room(gate: Gate, download: Download) -> None:
    """Wait until the user's thread is through with a portion, or all is over."""
    if not download.is_full:
        return
    gate.step(gate.core.hold_up)
    try:
        while download.is_full and gate.core.reason is None and not gate.ending.is_wanted:
            gate.resume.wait(None)
    finally:
        gate.step(gate.core.resume)


def _hand_over(gate: Gate, command: Command, download: Download, data: memoryview) -> None:
    """Have the thread of the user write *data*, whose memory will be used again."""
    if data and download.is_wanted:
        download.handed += 1
        gate.hand_over(command, partial(_write, gate, command, download, bytes(data)))


def _write(gate: Gate, command: Command, download: Download, data: bytes) -> None:
    """Write *data*, which was handed over. What comes up ends the command, for its user."""
    try:
        gate.user_code.run(command, download.put, data)
    except BaseException as problem:
        if command.waiter.callback is None:
            # In the thread that waits; the command is given up behind this.
            raise
        told = download.problem = _for_callback(problem)
        gate.drive(lambda now: gate.core.give_up(command, now))
        gate.mutex.run(_answer, gate, command.waiter, told)
        if told is not problem:
            raise
    finally:
        download.taken += 1
        gate.resume.ring()


def _for_callback(problem: BaseException) -> Exception:
    """*problem*; what is meant to end a thread is that of the callbacks', and not the outcome."""
    if isinstance(problem, Exception):
        return problem
    told = error(escaped(f"FETCH was cut short by {type(problem).__name__}: {problem}"))
    told.__cause__ = problem
    return told


def _answer(gate: Gate, pending: Pending, problem: Exception) -> None:
    """Have a callback called with *problem*, unless it is told the end of the connection."""
    assert gate.mutex.is_owned()
    if gate.core.reason is None and not pending.done:
        pending.set(problem)
        gate.callbacks.put(pending)
