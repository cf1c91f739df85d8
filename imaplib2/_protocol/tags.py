"""Tags of commands: those that were given, and what a completion of a foreign one may mean."""

from __future__ import annotations


class Tags:
    """The tags of one connection: a prefix and a number each, in order."""

    def __init__(self, prefix: bytes) -> None:
        self.prefix = prefix
        self._given = 0
        # A server that has ended an IDLE without being asked may answer to so many DONEs.
        self._stray_dones = 0

    def new(self) -> bytes:
        """A tag that was not used before."""
        self._given += 1
        return self.prefix + b"%d" % self._given

    def expect_done(self) -> None:
        """An IDLE is sent, or may have been: the DONE that ends it may cross with its end."""
        self._stray_dones += 1

    def was_given(self, tag: bytes) -> bool:
        """Whether `new` has given *tag*."""
        number = tag[len(self.prefix) :]
        if not number.isdigit() or len(number) > len(b"%d" % self._given):
            return False
        return tag == self.prefix + b"%d" % int(number) and 1 <= int(number) <= self._given

    def answers_done(self, tag: bytes) -> bool:
        """Whether a completion of *tag* answers to a DONE that the server took for a command.

        Each of them is answered once.
        """
        if tag.upper() != b"DONE" or not self._stray_dones:
            return False
        self._stray_dones -= 1
        return True
