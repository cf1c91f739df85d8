"""All that is done by hand on one connection: what the client calls."""

from __future__ import annotations

from typing import Any

from .._protocol.command import Command
from .._protocol.connection import Connection
from .._threads.engine import Engine
from .._threads.pending import Outcome
from .inbox import Inbox
from .on_socket import OnSocket
from .own_idle import OwnIdle
from .port import Port
from .pulling import Pulling
from .sending import Sending
from .tagged_commands import TaggedCommands
from .tags import Tags


class ByHand:
    """What one connection's user sends and reads by hand: each method is that of a part.

    The parts refer to those below them only, so that a connection that is over is freed at once,
    and not by a garbage collection. This is also the `Hands` of the connection's socket.
    """

    def __init__(self, core: Connection) -> None:
        self.port = Port(core)
        self.tags = Tags(self.port)
        self.idle = OwnIdle(self.port)
        self.inbox = Inbox(self.port, self.tags, self.idle)
        self.pulling = Pulling(self.port, self.tags, self.idle, self.inbox)
        self.sending = Sending(self.port, self.tags, self.idle, self.inbox, self.pulling)
        self.on_socket = OnSocket(self.port, self.tags, self.pulling, self.sending)
        #: For the user.
        self.tagged_commands = TaggedCommands(self.port, self.tags, self.sending)

    # -- What the client tells ------------------------------------------------------------------

    @property
    def engine(self) -> Engine | None:
        """The threads; set as soon as there are any."""
        return self.port.engine

    @engine.setter
    def engine(self, engine: Engine) -> None:
        self.port.engine = engine

    @property
    def sends_unseen(self) -> bool:
        """Bytes leave by a subclass's own ``send``, which may tell us nothing of them."""
        return self.sending.is_unseen

    @sends_unseen.setter
    def sends_unseen(self, is_unseen: bool) -> None:
        self.sending.is_unseen = is_unseen

    @property
    def reads_lines(self) -> bool:
        """A subclass reads by a file, for which the socket must have no time-out."""
        return self.on_socket.reads_lines

    @reads_lines.setter
    def reads_lines(self, reads_lines: bool) -> None:
        self.on_socket.reads_lines = reads_lines

    @property
    def is_compressed(self) -> bool:
        """What is sent has to pass a compressor, which the socket doesn't know."""
        return self.on_socket.is_compressed

    @is_compressed.setter
    def is_compressed(self, is_compressed: bool) -> None:
        self.on_socket.is_compressed = is_compressed

    def after_command(self) -> None:
        """See `Pulling.after_command`; to be called once `Inbox.is_used`."""
        self.pulling.after_command()

    # -- Sending --------------------------------------------------------------------------------

    def new_tag(self) -> bytes:
        """See `Sending.new_tag`."""
        return self.sending.new_tag()

    def open(self, command: Command) -> None:
        """See `Sending.open`."""
        self.sending.open(command)

    def complete(self, name: str, tag: bytes) -> Outcome:
        """See `Sending.complete`."""
        return self.sending.complete(name, tag)

    def before_sending(self, data: Any) -> bool:
        """See `Sending.before_sending`."""
        return self.sending.before_sending(data)

    # -- Pulling --------------------------------------------------------------------------------

    @property
    def continuation(self) -> bytes:
        """The text behind the last ``+`` that was pulled."""
        return self.pulling.continuation

    def get_response(self, timeout: float | None) -> bytes | None:
        """See `Pulling.get_response`."""
        return self.pulling.get_response(timeout)

    def get_line(self, timeout: float | None) -> bytes:
        """See `Pulling.get_line`."""
        return self.pulling.get_line(timeout)

    def readline(self, timeout: float | None) -> bytes:
        """See `Pulling.readline`."""
        return self.pulling.readline(timeout)

    def read(self, size: int, timeout: float | None) -> bytes:
        """See `Pulling.read`."""
        return self.pulling.read(size, timeout)

    def pollable(self, sock: Any) -> Any:
        """See `Pulling.pollable`."""
        return self.pulling.pollable(sock)

    # -- As hands of the socket -----------------------------------------------------------------

    def take_over(self, *, reading: bool) -> bool:
        """See `OnSocket.take_over`."""
        return self.on_socket.take_over(reading=reading)

    def are_ours(self) -> bool:
        """See `OnSocket.are_ours`."""
        return self.on_socket.are_ours()

    def before_writing(self, data: Any, timeout: float | None) -> bool:
        """See `OnSocket.before_writing`."""
        return self.on_socket.before_writing(data, timeout)

    def wrote(self, data: Any) -> None:
        """See `OnSocket.wrote`."""
        self.on_socket.wrote(data)

    def failed_to_write(self, problem: BaseException) -> None:
        """See `OnSocket.failed_to_write`."""
        self.on_socket.failed_to_write(problem)

    def receive(self, size: int, timeout: float | None) -> bytes:
        """See `OnSocket.receive`."""
        return self.on_socket.receive(size, timeout)
