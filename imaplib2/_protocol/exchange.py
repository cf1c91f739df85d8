"""A login in progress: the SASL dialogue, and what of it must not be seen (RFC 3501, 6.2.2)."""

from __future__ import annotations

from collections.abc import Iterable

from .limits import ProtocolViolation
from .parts import Part
from .secrets import Secrets

#: No SASL exchange comes near so many challenges.
_CHALLENGES = 100


class Exchange:
    """The login in progress, if there is one: it runs alone. And the secrets of those before it."""

    def __init__(self) -> None:
        #: A command that holds a password is in progress.
        self.logging_in = False
        #: A challenge has come, and user code is at work on the answer.
        self.awaits_answer = False
        #: What was told to log in; the trace hides it for as long as the connection lives.
        self.secrets = Secrets()
        self._challenges = 0

    def begin(self, parts: Iterable[Part]) -> None:
        """A login is sent, by a command that has these *parts*."""
        self.secrets.begin(parts)
        self.logging_in = True
        self._challenges = 0

    def end(self) -> None:
        """The login has completed."""
        self.logging_in = self.awaits_answer = False

    def challenge(self, text: bytes) -> None:
        """The server asks for the next step; raises ProtocolViolation if it may not.

        Else it could ask, and make us remember, without end.
        """
        if self.awaits_answer:
            raise ProtocolViolation("a challenge before the answer to the one before it")
        self._challenges += 1
        if self._challenges > _CHALLENGES:
            raise ProtocolViolation(f"more than {_CHALLENGES} challenges to a login")
        self.awaits_answer = True
        self.secrets.add_challenge(text)

    def answer(self, response: bytes) -> None:
        """The client's answer is sent, in base64."""
        self.awaits_answer = False
        self.secrets.add_response(response)
