"""What is to be sent, in order, and what of a command has to wait for a "+"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .._hints import Any, cast
from .command import Command
from .parts import Buffer, Run, Source

#: Bytes that may wait to be sent before a source is asked for more.
SOURCE_ROOM = 256 * 1024


class Output:
    """The bytes that the driver has yet to take.

    A command with synchronizing literals goes out in runs: behind each literal's announcement, the
    server's "+" releases the next (RFC 3501, section 4.3). Of one command at a time, as `waiting`
    holds back all others. A run that begins with a `Source` goes out as that gives its octets.
    """

    def __init__(self) -> None:
        #: What `take` will give; the driver only asks whether there is any.
        self.buffers: list[Buffer] = []
        #: Bytes of them.
        self.size = 0
        #: Of commands that aren't taken yet, or not wholly, by tag: what there is of them, if it
        #: isn't the rest of something. The server can't have answered.
        self.untaken: dict[bytes, Sequence[Buffer]] = {}
        #: The command whose next run waits for a "+", or for the octets of its source.
        self.waiting: Command | None = None
        #: What gives the next octets of that command, once the server has asked for them.
        self.source: Source | None = None
        #: The server's refusal of a command whose source is still being sent.
        self.refusal: tuple[Any, Any] | None = None
        # In reverse order.
        self._runs: list[Run] = []

    def add_line(self, tag: bytes, line: bytes) -> None:
        """Send *line*, all there is of the command with *tag*."""
        self.untaken[tag] = (line,)
        self.buffers.append(line)
        self.size += len(line)

    def begin(self, command: Command, runs: Iterable[Run]) -> None:
        """Send the first of *runs*, which together are *command*; the others have to wait."""
        self._runs = [*runs][::-1]
        self.untaken[command.tag] = self._send_run(command)

    def go_on(self) -> bool:
        """A "+" has come: send the next run; false when none waits for it."""
        if self.waiting is None or self.source is not None:
            return False
        command = self.waiting
        if self._send_run(command):
            # Again, if it was taken before.
            self.untaken[command.tag] = ()
        return True

    def _send_run(self, command: Command) -> list[Buffer]:
        """What was sent of it; nothing where a source is next, which is asked for it."""
        run = self._runs.pop()
        if isinstance(run[0], Source):
            self.source = run[0]
            self._runs.append(run[1:])
            return []
        buffers = cast("list[Buffer]", run)
        self.add(*buffers)
        self.waiting = command if self._runs else None
        return buffers

    def feed(self, data: bytes) -> bool:
        """Send *data*, the next octets of the source; whether they are the last.

        What is behind the source is sent with them. The server may have refused all of it before.
        """
        assert self.source is not None
        self.add(data)
        self.source.missing -= len(data)
        if self.source.missing:
            return False
        self.source = self.waiting = None
        self.add(*cast("list[Buffer]", self._runs.pop()))
        return True

    def ask_for_more(self) -> Source | None:
        """The source, if there is room for more of it, and it wasn't asked: it is from now on."""
        source = self.source
        if source is None or source.is_asked or self.size >= SOURCE_ROOM:
            return None
        source.is_asked = True
        return source

    @property
    def next_source(self) -> Source | None:
        """What gives the next octets of the command that waits, be they asked for or not."""
        if self.source is not None or not self._runs:
            return self.source
        first = self._runs[-1][0]
        return first if isinstance(first, Source) else None

    def abandon_source(self) -> bool:
        """Nobody feeds the source any more; whether the server has asked for its octets already.

        Else it may refuse them yet.
        """
        source = self.next_source
        if source is not None and source is not self.source:
            source.is_abandoned = True
        return self.source is not None

    def drop_rest(self, refusal: tuple[Any, Any] | None = None) -> bool:
        """The server has refused the command that waits: what is left of it must not be sent.

        But of a source that it has asked for, all must be, and the *refusal* is for afterwards:
        then this is false.
        """
        if self.source is not None:
            self.refusal = refusal
            return False
        self.waiting = None
        self._runs.clear()
        return True

    def add(self, *buffers: Buffer) -> None:
        """Send *buffers*, which are part of no command's line."""
        self.buffers += buffers
        self.size += sum(map(len, buffers))

    def take_back(self, buffer: Buffer) -> bool:
        """Don't send *buffer*, if it is the last that is to be sent, and isn't taken yet."""
        if self.buffers[-1:] != [buffer]:
            return False
        self.size -= len(self.buffers.pop())
        return True

    def withdraw(self, command: Command) -> bool:
        """Send nothing of *command*; false when some of it is taken already."""
        run = self.untaken.get(command.tag)
        if not run:
            return False
        # By identity: the first buffer of a run begins with the tag, and the others follow it.
        start = next(place for place, buffer in enumerate(self.buffers) if buffer is run[0])
        del self.buffers[start : start + len(run)]
        self.size -= sum(map(len, run))
        del self.untaken[command.tag]
        if self.waiting is command:
            self.drop_rest()
        return True

    def take(self) -> list[Buffer]:
        """The buffers to send, in order; they are forgotten here.

        For one thread at a time, under the driver's lock: it sends them all before any takes more,
        and gives back by `put_back` what it could not send.
        """
        buffers, self.buffers, self.size = self.buffers, [], 0
        self.untaken.clear()
        return buffers

    def put_back(self, unsent: Buffer) -> None:
        """Return what of the output could not be sent: `take` gives it first.

        For the thread that has taken it, under the driver's lock.
        """
        self.buffers.insert(0, unsent)
        self.size += len(unsent)

    def clear(self) -> None:
        """The connection is over: nothing is to be sent."""
        self.source = None
        self.buffers.clear()
        self.size = 0
