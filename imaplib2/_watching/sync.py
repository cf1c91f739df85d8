"""How far an `Account` agrees with the mailbox that is open, and what is to be asked next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .._hints import Any
from ..parse import Message, SequenceSet, Vanished, fetch, vanished
from ..parse._ranges import LARGEST
from .account import Account
from .questions import AllUids, ChangedSince, FlagsOf, NewFrom, Opened, Question

#: Messages that are asked for at a time.
PORTION = 20_000
#: How often a server may contradict itself before it is taken as it is.
_PATIENCE = 3
_RECENT = "\\recent"
#: Digits of the largest number of IMAP (RFC 9051, section 9: number64).
_DIGITS = 20


class Sync:
    """From an EXAMINE on, keeps an `Account` up to date: by what is heard, and by what is asked.

    As long as `exact`, the messages of the account are the first ones of the mailbox, so that
    message numbers stand for UIDs. The others, up to what EXISTS says, are yet to be asked for. As
    they are behind all that is known, an EXPUNGE that comes meanwhile is about a known message, or
    else what is being asked has to be asked again.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        #: As EXISTS and EXPUNGE tell; if it isn't counted, no EXISTS has, and a list will tell.
        self.exists = 0
        self._is_counted = False
        #: Whether numbers stand for UIDs.
        self.exact = False
        self._opened = Opened(0)
        # What is to be asked, besides for messages that are there by their number alone.
        self._changes: ChangedSince | None = None
        self._lists = False
        self._unflagged = SequenceSet()
        # A FETCH has told flags of nobody knows which message; how often that came of asking.
        self._missed_flags = False
        self._missed_rounds = 0
        # Since the question that is being asked: messages have got other numbers; some were removed
        # by number, new ones among them; some have vanished. The answer may tell of these all the
        # same.
        self._renumbered = self._expunges = self._disturbed = False
        self._gone: list[range] | None = None
        self._contradictions = 0
        # What EXISTS said, and how many messages there were, when that was left as it was.
        self._rejected = (0, 0)

    # -- EXAMINE ---------------------------------------------------------------------------------

    def opened(self, said: Opened) -> None:
        """The mailbox was opened: compare what it says with what is known."""
        account = self._account
        if account.uid_validity != said.uid_validity:
            if account.uid_validity is not None or len(account.messages):
                account.invalidate(said.uid_validity)
            account.uid_validity = said.uid_validity
        self._opened, self.exists = said, said.exists or 0
        self._is_counted = said.exists is not None
        self._changes, self._unflagged = None, SequenceSet()
        self._missed_flags, self._missed_rounds = False, 0
        self._contradictions = 0
        self.ask()
        self._gone = None
        is_told = said.uid_next is not None and account.uid_next is not None
        self.exact = is_told and said.uid_next == account.uid_next and self._agrees
        self._lists = not self.exact
        self._compare_flags(said)
        if said.exists == 0:
            self._changes = None
            self._list(SequenceSet())
            self._unflagged = SequenceSet()

    @property
    def _agrees(self) -> bool:
        """Whether there are as many messages as are known."""
        return self._is_counted and len(self._account.messages) == self.exists

    def _compare_flags(self, said: Opened) -> None:
        account = self._account
        before, now = account.modseq, said.modseq
        if before is not None and now is not None and before <= now:
            asks = account.keeps_flags or said.vanishes
            if asks and not (before == now and self.exact):
                self._changes = ChangedSince(before, said.vanishes)
            known = account.messages if account.keeps_flags else ()
            self._unflagged = SequenceSet(uid for uid, flags in known if flags is None)
        elif account.keeps_flags:
            self._unflagged = account.messages.uids

    # -- What is heard ---------------------------------------------------------------------------

    def heard(self, typ: str, data: Sequence[Any]) -> None:
        """An untagged response, or several of a type, in the order in which they came."""
        if typ == "EXISTS":
            for number in _numbers(data):
                self._exist(number)
        elif typ == "EXPUNGE":
            for number in _numbers(data):
                self._expunged(number)
        elif typ == "VANISHED":
            for one in vanished((typ, data), lenient=True):
                if isinstance(one, Vanished):
                    self._vanished(one)
        elif typ == "FETCH":
            self._told(_messages((typ, data)))

    def missed(self) -> None:
        """Some of what was said is not known, and nobody knows what it was."""
        self.exact = self._is_counted = False
        self._lists = self._missed_flags = True
        # Also for the answer to what is being asked.
        self._renumbered = self._expunges = self._disturbed = True

    def _exist(self, number: int) -> None:
        if not self._is_counted:
            self.exists, self._is_counted = number, True
        if (number, len(self._account.messages)) == self._rejected:
            return
        if number < self.exists:
            # It should have said what was removed.
            self.exact, self._lists = False, True
        self._count(number)

    def _count(self, number: int) -> None:
        """There are so many messages: if there were others before, nothing contradicts that."""
        if number != self.exists:
            self._contradictions = 0
        self.exists = number

    def _expunged(self, number: int) -> None:
        self._renumbered = self._expunges = True
        if not 1 <= number <= self.exists:
            self.exact, self._lists = False, True
            return
        self._count(self.exists - 1)
        if not self.exact:
            self._lists = self._disturbed = True
        elif number <= len(self._account.messages):
            self._account.remove_number(number)
        else:
            self._disturbed = True

    def _vanished(self, said: Vanished) -> None:
        account = self._account
        own = account.messages
        few = len(said.uids) <= len(own)
        last = own.last
        removed = sum(map(account.remove, said.uids if few else said.uids & own.uids))
        if said.earlier:
            return
        self._renumbered = True
        if self._gone is not None:
            self._gone += said.uids.ranges()
        if removed + len(said.uids - range(1, last + 1)) != len(said.uids):
            # It was there, and wasn't known.
            self.exact, self._lists = False, True
        self._count(max(self.exists - len(said.uids), 0))

    def _told(self, messages: Iterable[Message]) -> None:
        """Flags of messages, by their numbers at this moment."""
        own = self._account.messages
        for message in messages:
            flags, uid = _flags(message), _uid(message)
            if flags is None:
                continue
            if uid is None and not self.exact:
                self._missed_flags = True
            elif uid is not None or 1 <= message.number <= len(own):
                self._account.learn(uid or own.uid_of(message.number), flags)

    # -- What is asked ---------------------------------------------------------------------------

    def wants(self) -> Question | None:
        """What is to be asked next; None once all is known."""
        while True:
            question = self._next()
            if question is not None:
                return question
            is_asked = self._missed_flags and self._missed_rounds < _PATIENCE
            self._missed_flags = False
            if not is_asked:
                self._missed_rounds = 0
                self._account.settle(self._opened.modseq, self._opened.uid_next)
                return None
            self._missed_rounds += 1
            self._ask_for_missed_flags()

    def _next(self) -> Question | None:
        own = self._account.messages
        if self._changes is not None:
            return self._changes
        if self._lists or not 0 <= self.exists - len(own) <= PORTION:
            return AllUids()
        if not self._agrees:
            # What is behind the known ones is new if these are the first ones of the mailbox.
            return NewFrom(own.last + 1) if self.exact else AllUids()
        if self._unflagged:
            portion = self._unflagged[:PORTION].split()[0]
            return FlagsOf(SequenceSet(portion))
        return None

    def _ask_for_missed_flags(self) -> None:
        account = self._account
        if account.keeps_flags and account.modseq is not None and self._opened.modseq is not None:
            self._changes = ChangedSince(account.modseq, self._opened.vanishes)
        elif account.keeps_flags:
            self._unflagged = account.messages.uids

    def ask(self) -> None:
        """A question is about to be asked. What is heard until its answer is heard before that."""
        self._renumbered = self._expunges = self._disturbed = False
        self._gone = []

    def answered(self, question: Question, answer: Any) -> None:
        """The *answer*: UIDs to `AllUids`, what a FETCH has given to all others."""
        gone, self._gone = SequenceSet(self._gone or ()), None
        if isinstance(question, AllUids):
            if not self._expunges:
                self._list(answer - gone)
            return
        if isinstance(question, ChangedSince):
            # What has vanished is told, too, and is no longer among the known ones.
            self._changes, self.exact = None, question.vanished and not self._disturbed
            self.exact &= self._is_counted
            self._lists = not self.exact
        known, new = self._divided(_messages(answer), gone)
        self._told(known)
        if isinstance(question, FlagsOf):
            self._end_flags(question.uids, {_uid(one) for one in known if _flags(one) is not None})
        elif self.exact:
            self._end_new({uid: message for uid, message in new.items() if uid not in gone})

    def refused(self, question: Question) -> bool:
        """The server doesn't answer a *question*; whether another one will do."""
        if not isinstance(question, ChangedSince):
            return False
        self._changes, self._lists = None, True
        if self._account.keeps_flags:
            self._unflagged = self._account.messages.uids
        return True

    def _list(self, uids: SequenceSet) -> None:
        """All messages, if that isn't contradicted."""
        new = self._account.replace(uids)
        if self._account.keeps_flags:
            self._unflagged |= new
        self._lists = False
        self.exact = self._agrees
        if self.exact:
            self._contradictions = 0
        elif self._is_counted:
            self._contradicted()
        else:
            # There may be more: what was removed, as long as that isn't told, some don't list.
            self.exists, self._is_counted = len(self._account.messages), True

    def _contradicted(self) -> None:
        """There are not as many messages as EXISTS says: look once more, or leave it at that."""
        self._contradictions += 1
        if self._contradictions <= _PATIENCE:
            self._lists = True
        else:
            self._rejected = self.exists, len(self._account.messages)
            self.exists = len(self._account.messages)

    @property
    def _keeps_numbers(self) -> bool:
        """Whether a number stood for the same message all the time since the question."""
        return self.exact and not self._renumbered

    def _divided(
        self, messages: Iterable[Message], gone: SequenceSet
    ) -> tuple[list[Message], dict[int, Message]]:
        """Those of which the account knows, or that tell no UID; and new ones, in order."""
        own = self._account.messages
        known, new = list[Message](), dict[int, Message]()
        for message in messages:
            uid = _uid(message)
            if uid is None and not (self._keeps_numbers and message.number <= len(own)):
                self._missed_flags |= _flags(message) is not None
            elif uid is None or uid <= own.last:
                known.append(message)
                # It is there, and wasn't known.
                self._lists |= not (uid is None or uid in own or uid in gone)
            elif uid not in new or _flags(message) is not None:
                new[uid] = message
        return known, {uid: new[uid] for uid in sorted(new)}

    def _end_new(self, new: dict[int, Message]) -> None:
        """*new* are the messages behind all that are known, if none of them was removed since."""
        if self._disturbed:
            return
        account, before = self._account, len(self._account.messages)
        for uid, message in new.items():
            flags = _flags(message)
            account.arrive(uid, flags)
            if flags is None and account.keeps_flags:
                self._unflagged |= {uid}
        if not self._agrees:
            # More have come meanwhile; unless one was passed over that is about to be expunged.
            numbers = [message.number for message in new.values()]
            follow = numbers == [*range(before + 1, len(account.messages) + 1)]
            self._lists |= not (numbers and follow and self._keeps_numbers)
        self.exact &= not self._lists

    def _end_flags(self, uids: SequenceSet, told: set[int | None]) -> None:
        """The flags of *uids* were asked for; a message of which nothing was *told* has none."""
        own = self._account.messages
        for uid in uids:
            if uid not in told and own.flags_of(uid) is None:
                self._account.learn(uid, frozenset())
        self._unflagged -= uids


def _messages(answer: Any) -> Iterator[Message]:
    return fetch(answer, lenient=True)


def _uid(message: Message) -> int | None:
    """Its UID, if it tells one that may be one."""
    uid: Any = message.uid
    return uid if isinstance(uid, int) and 0 < uid <= LARGEST else None


def _flags(message: Message) -> frozenset[str] | None:
    """Those that stay with a message; None if they aren't told, or can't be read."""
    flags: Any = message.flags
    if not isinstance(flags, frozenset):
        return None
    return frozenset(flag for flag in flags if flag.lower() != _RECENT)


def _numbers(data: Sequence[Any]) -> Iterator[int]:
    for item in data:
        digits = item.strip() if isinstance(item, bytes) else b""
        if digits.isdigit() and len(digits) <= _DIGITS:
            yield int(digits)
