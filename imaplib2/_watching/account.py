"""What is known of a mailbox, and what its consumer knows of it."""

from __future__ import annotations

from ..parse import SequenceSet
from .events import Flags
from .messages import Messages, check_number
from .pending import UNASKED, Pending
from .state import MailboxState


class Account:
    """The messages of a mailbox, by UID, as far as the server has told.

    Each change goes to `pending`, too, from which the consumer is told.
    """

    def __init__(self, mailbox: str, saved: MailboxState | None, *, keeps_flags: bool) -> None:
        self.mailbox = mailbox
        self.keeps_flags = keeps_flags
        self.messages = Messages()
        self.pending = Pending(mailbox)
        #: Nothing is known yet, and what is found first is no news.
        self.is_new = saved is None
        self.uid_validity: int | None = None
        self.uid_next: int | None = None
        #: Up to this mod-sequence, all is known.
        self.modseq: int | None = None
        if saved is not None:
            self._restore(saved)

    def _restore(self, saved: MailboxState) -> None:
        check_number([saved.uids])
        check_number((saved.flags or {}).values())
        self.uid_validity, self.uid_next = saved.uid_validity, saved.uid_next
        self.modseq = self.pending.known_modseq = saved.highest_modseq
        self.messages.replace(saved.uids)
        if self.keeps_flags and saved.flags is not None:
            for flags, uids in saved.flags.items():
                for uid in uids & saved.uids:
                    self.messages.set_flags(uid, flags)

    # -- What is found ---------------------------------------------------------------------------

    def arrive(self, uid: int, flags: Flags | None) -> None:
        """There is a message behind all others, whose *uid* is higher than theirs."""
        self.messages.append(uid, flags if self.keeps_flags else None)
        self._tell_arrival(uid, flags)

    def _tell_arrival(self, uid: int, flags: Flags | None) -> None:
        self.uid_next = max(self.uid_next or 0, uid + 1)
        if not self.is_new:
            self.pending.arrive(uid, flags if self.keeps_flags else UNASKED)

    def learn(self, uid: int, flags: Flags) -> None:
        """*uid* has *flags*; nothing happens where there is no such message."""
        if self.keeps_flags and self.messages.set_flags(uid, flags) and not self.is_new:
            self.pending.change(uid, flags)

    def remove(self, uid: int) -> bool:
        """*uid* is gone; whether it was there."""
        was_there = self.messages.remove(uid)
        if was_there:
            self._tell_removal(uid)
        return was_there

    def remove_number(self, number: int) -> None:
        """The message *number*, which must be one, is gone."""
        self._tell_removal(self.messages.take(number))

    def _tell_removal(self, uid: int) -> None:
        if not self.is_new:
            self.pending.remove(uid)

    def replace(self, uids: SequenceSet) -> SequenceSet:
        """There are just these messages; those of them that weren't known.

        Raises ValueError if there are more than can be.
        """
        check_number([uids])
        before = self.messages.uids
        for uid in before - uids:
            self._tell_removal(uid)
        new = uids - before
        self.messages.replace(uids)
        for uid in new:
            self._tell_arrival(uid, None)
        return new

    def invalidate(self, uid_validity: int | None) -> None:
        """UIDVALIDITY is another one than before: nothing is known any more."""
        self.messages = Messages()
        self.uid_next = self.modseq = None
        if not self.is_new:
            self.pending.invalidate(uid_validity)

    def lose(self, why: Exception) -> None:
        """The mailbox is gone. If it was never there, all that will be in it is news."""
        self.is_new = False
        self.pending.lose(why)

    def settle(self, modseq: int | None, uid_next: int | None) -> None:
        """What is known agrees with what is there, up to *modseq* and *uid_next* at least."""
        self.is_new = False
        self.modseq = modseq
        if uid_next is not None:
            self.uid_next = max(self.uid_next or 0, uid_next)
        self.note_told()

    # -- What the consumer knows -----------------------------------------------------------------

    def note_told(self) -> None:
        """The consumer has been told something; or there may be nothing to tell."""
        if self.pending.is_empty:
            self.pending.known_modseq = self.modseq

    def state(self) -> MailboxState | None:
        """What the consumer knows; None if that is nothing yet."""
        if self.is_new:
            return None
        pending = self.pending
        if pending.is_void:
            # It knows what is void, but is yet to be told so: which it is, by what is missing.
            return MailboxState(0, flags={} if self.keeps_flags else None)
        untold = pending.arrived.keys() | pending.incomplete
        uids = (self.messages.uids - untold) | pending.removed
        flags = self._known_flags(untold) if self.keeps_flags else None
        # By the next UID alone, one could take for known what was never told.
        uid_next = self.uid_next if pending.is_empty else None
        return MailboxState(self.uid_validity, uids, flags, pending.known_modseq, uid_next)

    def _known_flags(self, untold: set[int]) -> dict[Flags, SequenceSet]:
        found: dict[Flags, list[int]] = {}
        for uid, flags in self.messages:
            if flags is not None and uid not in untold and uid not in self.pending.changed:
                found.setdefault(flags, []).append(uid)
        return {flags: SequenceSet(uids) for flags, uids in found.items()}
