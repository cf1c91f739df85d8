"""What a server may make a client store; real mailboxes stay far below all of it."""

from __future__ import annotations

from .._errors import error


class Limits:
    """Bounds on what the server sends; each may be changed on a connection, at any time."""

    #: Bytes of a response outside its literals. SEARCH in a mailbox of 5 million messages: 40 MB.
    line: int = 256 * 1024 * 1024
    #: Bytes of one literal. Announcing one costs nothing: memory is taken as the bytes arrive.
    literal: int = 4 * 1024 * 1024 * 1024 - 1
    #: Literals in one response; without a bound, millions of empty ones would cost little to send.
    literals: int = 100_000
    #: Items and bytes of stored untagged data that no command asked for; beyond it the oldest are
    #: dropped.
    stored: int = 100_000
    stored_bytes: int = 256 * 1024 * 1024
    #: Untagged responses that one command may collect.
    collected: int = 100_000_000

    def __init__(self, **limits: int) -> None:
        for name, limit in limits.items():
            if name not in Limits.__annotations__:
                raise TypeError(f"no limit of that name: {name!r}")
            setattr(self, name, limit)

    def __repr__(self) -> str:
        limits = (f"{name}={getattr(self, name):_}" for name in Limits.__annotations__)
        return f"Limits({', '.join(limits)})"


class ProtocolViolation(error):
    """The server sent what IMAP has no room for; the connection can't go on."""


def excerpt(data: bytes, length: int = 200) -> str:
    """*data*, cut and escaped, for the text of an exception."""
    return repr(bytes(data[:length])) + ("..." if len(data) > length else "")
