"""What is known of the commands that a user sends by hand, each by its tag."""

from __future__ import annotations

from .._protocol.responses import Tagged
from .._threads.pending import Pending
from .port import Port

#: ``(typ, [text])`` once the tagged response has been pulled.
Completion = tuple[str, list[bytes]] | None


class Tags:
    """One connection's."""

    def __init__(self, port: Port) -> None:
        self._port = port
        #: All of them, until the user removes them.
        self.completions: dict[bytes, Completion] = {}
        #: What `Sending.complete` waits for.
        self.pending: dict[bytes, Pending] = {}
        #: Those whose tagged response has not been received.
        self.open: set[bytes] = set()
        #: Those whose bytes the user has sent, and whose tagged response was not pulled.
        self.unread: set[bytes] = set()
        #: Those that were written to the socket, with a tag of the user's own: they are removed as
        #: soon as the tagged response is pulled.
        self.on_socket: set[bytes] = set()

    def note(self, tag: bytes, completion: Completion = None) -> None:
        """A command that is sent by hand has *tag*."""
        self.completions[tag] = completion
        self._port.reserve(tag)

    def note_on_socket(self, tag: bytes) -> None:
        """A command that is written to the socket has *tag*."""
        self.on_socket.add(tag)
        self._port.reserve(tag)

    def complete(self, response: Tagged) -> bool:
        """Note a tagged response that was pulled; false when its command wasn't sent by hand."""
        if response.tag not in self.completions:
            return False
        self.completions[response.tag] = (response.type, [response.text])
        return True

    def was_pulled(self, tag: bytes) -> None:
        """The tagged response was pulled; the user is going to remove *tag*."""
        self.on_socket.discard(tag)
        self.unread.discard(tag)

    def done_with(self, tag: bytes, *, has_mutex: bool = False) -> None:
        """The tagged response was pulled, or never will be. May take the mutex."""
        self.unread.discard(tag)
        if tag in self.on_socket:
            self.pending.pop(tag, None)
            self.completions.pop(tag, None)
            self.on_socket.discard(tag)
            # Last: from now on, the user may give it to another command.
            release = self._port.release_at_once if has_mutex else self._port.release
            release(tag)

    def forget(self, tag: bytes) -> None:
        """The user has removed *tag*. Raises KeyError if there is no such command."""
        del self.completions[tag]
        if self.pending.pop(tag, None) is not None:
            self._port.forget_unseen(tag)
        for tags in (self.open, self.on_socket, self.unread):
            tags.discard(tag)
        self._port.release(tag)
