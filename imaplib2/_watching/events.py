"""What happens to a mailbox that is watched."""

from __future__ import annotations

from collections.abc import Mapping

from .._hints import NamedTuple, TypeAlias
from ..parse import SequenceSet

#: Those of a message, without ``\Recent``, which tells of a session and not of a message.
Flags: TypeAlias = frozenset[str]


class Arrived(NamedTuple):
    """Messages are there that weren't there before."""

    mailbox: str
    #: Their UIDs.
    uids: SequenceSet
    #: Their flags by UID; empty if the watcher was told to leave flags alone.
    flags: Mapping[int, Flags]


class Removed(NamedTuple):
    """Messages that were there are gone: expunged, or moved to another mailbox."""

    mailbox: str
    #: Their UIDs.
    uids: SequenceSet


class _FlagsChanged(NamedTuple):
    mailbox: str
    flags: Mapping[int, Flags]


class FlagsChanged(_FlagsChanged):
    """Messages that were there have other flags now; or the same again, after some time.

    ``flags`` is a mapping: all flags of each of them, by UID.
    """

    __slots__ = ()

    @property
    def uids(self) -> SequenceSet:
        """The UIDs of the messages."""
        return SequenceSet(self.flags)


class Reconnected(NamedTuple):
    """The mailbox is watched again; what has happened meanwhile follows."""

    mailbox: str
    #: For how many seconds it wasn't watched, all such times together since the last event of this
    #: kind; time that a suspended machine has slept is among them.
    after: float
    #: Why it wasn't, the last time.
    why: Exception


class Invalidated(NamedTuple):
    """All UIDs so far are void, as UIDVALIDITY has changed (RFC 3501, section 2.3.1.1).

    What was reported up to here is to be forgotten: what is in the mailbox now arrives anew.
    """

    mailbox: str
    #: The UIDVALIDITY from now on; None if the server has none.
    uid_validity: int | None


class Gone(NamedTuple):
    """The mailbox was deleted or renamed, or may not be read any more.

    It is looked for until it is back: then `Reconnected` comes, and `Invalidated`, if it is another
    one of that name.
    """

    mailbox: str
    #: What the server said.
    why: Exception


Event: TypeAlias = "Arrived | Removed | FlagsChanged | Reconnected | Invalidated | Gone"
