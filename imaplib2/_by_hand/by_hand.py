"""All that is done by hand on one connection: what the client calls."""

from __future__ import annotations

from .._hints import TYPE_CHECKING, Any, cast
from .parts import Parts
from .port import Port

if TYPE_CHECKING:
    from .._protocol.command import Command
    from .._protocol.connection import Connection
    from .._threads.pending import Outcome
    from .tagged_commands import TaggedCommands


class ByHand:
    """What one connection's user sends and reads by hand: each method is that of a part.

    The parts are made when a user's thread first does something by hand: most programs never do.
    What the reader and the writer, finalizers, and a program that only polls the socket ask is
    answered without. This is also the `Hands` of the connection's socket.
    """

    # Set once, by the first of several threads.
    _made: Parts | None = None

    def __init__(self, core: Connection) -> None:
        self.port = Port(core)

    @property
    def parts(self) -> Parts:
        """All of them."""
        if self._made is not None:
            return self._made
        return cast(Parts, vars(self).setdefault("_made", Parts(self.port)))

    @property
    def tagged_commands(self) -> TaggedCommands:
        """For the user."""
        return self.parts.tagged_commands

    def after_command(self) -> None:
        """See `Pulling.after_command`; to be called once `Port.is_used`."""
        self.parts.pulling.after_command()

    # -- Sending --------------------------------------------------------------------------------

    def new_tag(self) -> bytes:
        """See `Sending.new_tag`."""
        return self.parts.sending.new_tag()

    def open(self, command: Command) -> None:
        """See `Sending.open`."""
        self.parts.sending.open(command)

    def complete(self, name: str, tag: bytes) -> Outcome:
        """See `Sending.complete`."""
        return self.parts.sending.complete(name, tag)

    def before_sending(self, data: Any) -> bool:
        """See `Sending.before_sending`."""
        return self.parts.sending.before_sending(data)

    # -- Pulling --------------------------------------------------------------------------------

    @property
    def continuation(self) -> bytes:
        """The text behind the last ``+`` that was pulled."""
        return self.parts.pulling.continuation

    def get_response(self, timeout: float | None) -> bytes | None:
        """See `Pulling.get_response`."""
        return self.parts.pulling.get_response(timeout)

    def get_line(self, timeout: float | None) -> bytes:
        """See `Pulling.get_line`."""
        return self.parts.pulling.get_line(timeout)

    def readline(self, timeout: float | None) -> bytes:
        """See `Pulling.readline`."""
        return self.parts.pulling.readline(timeout)

    def read(self, size: int, timeout: float | None) -> bytes:
        """See `Pulling.read`."""
        return self.parts.pulling.read(size, timeout)

    def pollable(self, sock: Any) -> Any:
        """See `Pulling.pollable`."""
        return sock if self._made is None else self._made.pulling.pollable(sock)

    # -- As hands of the socket -----------------------------------------------------------------

    def take_over(self, *, reading: bool) -> bool:
        """See `OnSocket.take_over`."""
        # The connection's own threads ask, too.
        return self.port.can_serve and self.parts.on_socket.take_over(reading=reading)

    def are_ours(self) -> bool:
        """See `Port.are_ours`."""
        return self.port.are_ours()

    def before_writing(self, data: Any, timeout: float | None) -> bool:
        """See `OnSocket.before_writing`."""
        return self.parts.on_socket.before_writing(data, timeout)

    def wrote(self, data: Any) -> None:
        """See `OnSocket.wrote`."""
        self.parts.on_socket.wrote(data)

    def failed_to_write(self, problem: BaseException) -> None:
        """See `OnSocket.failed_to_write`."""
        self.parts.on_socket.failed_to_write(problem)

    def receive(self, size: int, timeout: float | None) -> bytes:
        """See `OnSocket.receive`."""
        return self.parts.on_socket.receive(size, timeout)
