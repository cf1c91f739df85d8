"""What is to be sent, in order, and what of a command has to wait for a "+"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .command import Command
from .parts import Buffer


class Output:
    """The bytes that the driver has yet to take.

    A command with synchronizing literals goes out in runs: behind each literal's announcement, the
    server's "+" releases the next (RFC 3501, section 4.3). Of one command at a time, as `waiting`
    holds back all others.
    """

    def __init__(self) -> None:
        #: What `take` will give; the driver only asks whether there is any.
        self.buffers: list[Buffer] = []
        #: Bytes of them.
        self.size = 0
        #: Of commands that aren't taken yet, or not wholly, by tag: what there is of them, if it
        #: isn't the rest of something. The server can't have answered.
        self.untaken: dict[bytes, Sequence[Buffer]] = {}
        #: The command whose next run waits for a "+".
        self.waiting: Command | None = None
        # In reverse order.
        self._runs: list[list[Buffer]] = []

    def add_line(self, tag: bytes, line: bytes) -> None:
        """Send *line*, all there is of the command with *tag*."""
        self.untaken[tag] = (line,)
        self.buffers.append(line)
        self.size += len(line)

    def begin(self, command: Command, runs: Iterable[list[Buffer]]) -> None:
        """Send the first of *runs*, which together are *command*; the others have to wait."""
        self._runs = [*runs][::-1]
        self.untaken[command.tag] = self._send_run(command)

    def go_on(self) -> bool:
        """A "+" has come: send the next run; false when none waits for it."""
        if self.waiting is None:
            return False
        # Again, if it was taken before.
        self.untaken[self.waiting.tag] = ()
        self._send_run(self.waiting)
        return True

    def _send_run(self, command: Command) -> list[Buffer]:
        run = self._runs.pop()
        self.add(*run)
        self.waiting = command if self._runs else None
        return run

    def drop_rest(self) -> None:
        """The server has refused the command that waits: what is left of it must not be sent."""
        self.waiting = None
        self._runs.clear()

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
        self.buffers.clear()
        self.size = 0
