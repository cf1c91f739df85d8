"""What the consumer of a watcher has yet to be told of a mailbox: merged, so that it is bounded."""

from __future__ import annotations

from ..parse import SequenceSet
from .events import Arrived, Event, Flags, FlagsChanged, Gone, Invalidated, Reconnected, Removed


class Pending:
    """How what a consumer knows of a mailbox differs from what is there.

    However long nobody asks, that is no more than what the consumer knows and what is there.
    """

    def __init__(self, mailbox: str) -> None:
        self._mailbox = mailbox
        #: Messages that have come, with their flags.
        self.arrived: dict[int, Flags] = {}
        #: Those of which the flags aren't known yet: they wait for that.
        self.incomplete: set[int] = set()
        #: Messages of which the consumer knows, and that are gone.
        self.removed: set[int] = set()
        #: Of messages of which the consumer knows, the flags that it doesn't know.
        self.changed: dict[int, Flags] = {}
        #: Up to which mod-sequence the consumer knew all, when there was nothing to tell it.
        self.known_modseq: int | None = None
        self._invalidated: Invalidated | None = None
        self._reconnected: Reconnected | None = None
        self._gone: Gone | None = None

    def __bool__(self) -> bool:
        """Whether there is an event."""
        return bool(self.arrived or self.removed or self.changed) or self._has_news

    @property
    def _has_news(self) -> bool:
        return bool(self._invalidated or self._reconnected or self._gone)

    @property
    def is_empty(self) -> bool:
        """Whether the consumer knows all."""
        return not self and not self.incomplete

    # -- What happens ----------------------------------------------------------------------------

    def arrive(self, uid: int, flags: Flags | None) -> None:
        """A message has come; None for *flags* that are yet to be learnt."""
        if uid in self.removed:
            # It was there before, and it is there again.
            self.removed.discard(uid)
            if flags is not None:
                self.changed[uid] = flags
        elif flags is None:
            self.incomplete.add(uid)
        else:
            self.arrived[uid] = flags

    def change(self, uid: int, flags: Flags) -> None:
        """A message has other *flags* than before, or its flags have been learnt."""
        if uid in self.incomplete:
            self.incomplete.discard(uid)
            self.arrived[uid] = flags
        elif uid in self.arrived:
            self.arrived[uid] = flags
        else:
            self.changed[uid] = flags

    def remove(self, uid: int) -> None:
        """A message is gone: it is told only if its arrival was."""
        if uid in self.arrived or uid in self.incomplete:
            self.arrived.pop(uid, None)
            self.incomplete.discard(uid)
        else:
            self.changed.pop(uid, None)
            self.removed.add(uid)

    def invalidate(self, uid_validity: int | None) -> None:
        """All UIDs are void."""
        for uids in (self.arrived, self.incomplete, self.removed, self.changed):
            uids.clear()
        self.known_modseq = None
        self._invalidated = Invalidated(self._mailbox, uid_validity)

    def reconnect(self, after: float, why: Exception) -> None:
        """The mailbox is watched again."""
        if self._reconnected is not None:
            after += self._reconnected.after
        self._reconnected = Reconnected(self._mailbox, after, why)
        self._gone = None

    def lose(self, why: Exception) -> None:
        """The mailbox is gone."""
        self._gone, self._reconnected = Gone(self._mailbox, why), None

    # -- What is told ----------------------------------------------------------------------------

    def take(self) -> Event | None:
        """The next event, which the consumer knows from now on; None if there is none."""
        event: Event
        if self._reconnected is not None:
            event, self._reconnected = self._reconnected, None
        elif self._invalidated is not None:
            event, self._invalidated = self._invalidated, None
        elif self.removed:
            event, self.removed = Removed(self._mailbox, SequenceSet(self.removed)), set()
        elif self.arrived:
            arrived, self.arrived = self.arrived, {}
            event = Arrived(self._mailbox, SequenceSet(arrived), _without_unasked(arrived))
        elif self.changed:
            event, self.changed = FlagsChanged(self._mailbox, self.changed), {}
        elif self._gone is not None:
            event, self._gone = self._gone, None
        else:
            return None
        return event

    @property
    def is_void(self) -> bool:
        """Whether the consumer has yet to be told that what it knows is void."""
        return self._invalidated is not None


#: Stands for the flags of messages where nobody wants to know them.
UNASKED: Flags = frozenset({""})


def _without_unasked(flags: dict[int, Flags]) -> dict[int, Flags]:
    return {uid: own for uid, own in flags.items() if own is not UNASKED}
