"""How long a silent server is waited for, in all situations.

There is no clock here: each method is told the time, and `deadline` tells when it is up.
"""

from __future__ import annotations

from enum import Enum

#: Seconds that commands of other threads wait for a user who negotiates TLS by hand.
_SOCKET_TIMEOUT = 60.0


class Awaited(Enum):
    """What is waited for no longer than a while, whatever else the server says meanwhile."""

    GREETING = "the greeting"
    CAPABILITIES = "the answer to our own question for the capabilities"
    SOCKET = "the encrypted socket, behind a STARTTLS that was sent by hand"
    LOGOUT = "the reply to LOGOUT"

    # In C: that of Enum is a function, which would be called for each command.
    __hash__ = object.__hash__


class Patience:
    """When the server was heard last, since when it is waited for, and how long that may take."""

    def __init__(self, timeout: float | None, done_timeout: float, logout_timeout: float) -> None:
        #: Seconds of silence after which the connection is given up; None: never.
        self.timeout = timeout
        #: Seconds for the reply to the DONE of an IDLE.
        self.done_timeout = done_timeout
        #: Seconds for the reply to LOGOUT.
        self.logout_timeout = logout_timeout
        #: The last byte from the server, or when waiting for one began.
        self.heard = 0.0
        #: When a command in progress last got nearer to its end.
        self.advanced = 0.0
        #: What the server sends isn't taken at present, as a file is slow: silence means nothing.
        self.is_held_up = False
        #: What is `Awaited`, and since when; empty for most of the time.
        self.awaited: dict[Awaited, float] = {}
        self._greeting_timeout: float | None = None

    def start(self, now: float, greeting_timeout: float | None) -> None:
        """The transport is connected: wait for the greeting."""
        self.heard = now
        self._greeting_timeout = greeting_timeout
        self.begin(Awaited.GREETING, now)

    def begin(self, what: Awaited, now: float) -> None:
        """*what* is waited for from now on, also if it was before."""
        self.awaited[what] = now

    def end(self, what: Awaited) -> None:
        """*what* is there, or isn't waited for any more."""
        self.awaited.pop(what, None)

    def deadline(
        self,
        *,
        for_reply: bool = False,
        before_logout: bool = False,
        behind_socket: bool = False,
        done_since: float | None = None,
    ) -> float | None:
        """When the server is given up if it stays silent; None: never.

        What is waited for, besides what is `Awaited`: *for_reply*, the server has to answer
        commands, as the next move isn't ours, and no IDLE lets it be silent; *before_logout*,
        commands before a LOGOUT are still being answered; *behind_socket*, commands are held back
        until a socket is encrypted; *done_since*, since when the server owes the reply to DONE.
        """
        deadline: float | None = None
        if for_reply and self.timeout is not None and Awaited.GREETING not in self.awaited:
            deadline = self.heard + self.timeout
        if done_since is not None:
            deadline = _earlier(deadline, done_since + self.done_timeout)
        for what, since in self.awaited.items():
            span = self._span_of(what, behind_socket=behind_socket)
            if what is Awaited.LOGOUT and before_logout:
                since = max(self.advanced, since)
            if span is not None:
                deadline = _earlier(deadline, since + span)
        return deadline

    def _span_of(self, what: Awaited, *, behind_socket: bool) -> float | None:
        if what is Awaited.LOGOUT:
            # Answers to commands before it are waited for, whatever else the server says is not:
            # it could say that it is still here, or go on with a line, for ever.
            return self.logout_timeout
        if what is Awaited.SOCKET:
            return _SOCKET_TIMEOUT if behind_socket else None
        return self._greeting_timeout

    def text(self, now: float, commands: str, hint: str) -> str:
        """What was waited for in vain: the greeting (see *hint*), or the reply to *commands*."""
        what = f"the reply to {commands[:100]}"
        if Awaited.SOCKET in self.awaited:
            what = "the encrypted socket behind a STARTTLS by hand"
        if Awaited.GREETING in self.awaited:
            what = f"the greeting{hint}"
        return f"no answer from the server for {now - self.heard:.1f} s, waiting for {what}"


def _earlier(deadline: float | None, other: float) -> float:
    return other if deadline is None else min(deadline, other)
