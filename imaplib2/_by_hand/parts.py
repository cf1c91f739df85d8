"""The parts of what is done by hand, put together for one connection."""

from __future__ import annotations

from .inbox import Inbox
from .on_socket import OnSocket
from .own_idle import OwnIdle
from .port import Port
from .pulling import Pulling
from .sending import Sending
from .tagged_commands import TaggedCommands
from .tags import Tags


class Parts:
    """One connection's: each refers to those above it only.

    So a connection that is over is freed at once, and not by a garbage collection.
    """

    def __init__(self, port: Port) -> None:
        self.tags = Tags(port)
        self.idle = OwnIdle(port)
        self.inbox = Inbox(port, self.tags, self.idle)
        self.pulling = Pulling(port, self.tags, self.idle, self.inbox)
        self.sending = Sending(port, self.tags, self.idle, self.inbox, self.pulling)
        self.on_socket = OnSocket(port, self.tags, self.pulling, self.sending)
        self.tagged_commands = TaggedCommands(port, self.tags, self.sending)
