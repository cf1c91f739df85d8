"""What a watcher asks about a mailbox, and what an EXAMINE has told of it."""

from __future__ import annotations

from .._hints import NamedTuple, TypeAlias
from ..parse import SequenceSet


class Opened(NamedTuple):
    """What EXAMINE tells (RFC 3501, section 6.3.2); what it doesn't tell is None."""

    exists: int | None
    uid_validity: int | None = None
    uid_next: int | None = None
    #: HIGHESTMODSEQ (RFC 7162, section 3.1.2.1).
    modseq: int | None = None
    #: Whether VANISHED tells of what is removed, as QRESYNC is enabled (RFC 7162, section 3.2.10).
    vanishes: bool = False


class AllUids:
    """The UIDs of all messages."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AllUids)

    def __hash__(self) -> int:
        return hash(AllUids)


class NewFrom(NamedTuple):
    """UIDs, and flags, of the messages from a UID on."""

    first: int


class ChangedSince(NamedTuple):
    """Flags of what has changed since a mod-sequence (RFC 7162, section 3.1.4.1), new ones too."""

    modseq: int
    #: Also which messages have vanished (RFC 7162, section 3.2.6).
    vanished: bool


class FlagsOf(NamedTuple):
    """The flags of some messages."""

    uids: SequenceSet


Question: TypeAlias = "AllUids | NewFrom | ChangedSince | FlagsOf"
