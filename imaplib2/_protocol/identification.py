"""The ID that a client sends by itself, once it is logged in (RFC 2971)."""

from __future__ import annotations


class Identification:
    """Whether one is to be sent, and whether the server has answered it.

    It isn't among the commands in progress: none waits for it, and whatever the server makes of
    it, nobody is told.
    """

    #: The server has logged the client in, but has yet to tell whether it knows ID: no command is
    #: to be sent before that.
    is_put_off = False

    def __init__(self) -> None:
        #: The command without its tag; None: none is to be sent.
        self.line: bytes | None = None
        # The tag of one that isn't answered yet, and whether the server's own ID is yet to come.
        self._tag = b""
        self._expects_data = False

    def is_due(self, capabilities: tuple[str, ...]) -> bool:
        """Whether it is to be sent to a server with these *capabilities*."""
        return self.line is not None and "ID" in capabilities

    def begin(self, tag: bytes) -> bytes:
        """It is sent with *tag*; what is sent."""
        assert self.line is not None
        self._tag, self._expects_data = tag, True
        return tag + b" " + self.line + b"\r\n"

    def takes_data(self) -> bool:
        """Whether an untagged ID is the server's answer to it, of which there is one."""
        expected, self._expects_data = self._expects_data, False
        return expected

    def is_answered_by(self, tag: bytes) -> bool:
        """Whether the tagged response with *tag* completes it: then no data is expected."""
        if tag != self._tag:
            return False
        self._tag, self._expects_data = b"", False
        return True
