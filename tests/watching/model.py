"""A mailbox of a server, sessions in which it is open, and a consumer of a watcher's events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from imaplib2._watching.account import Account
from imaplib2._watching.questions import AllUids, ChangedSince, FlagsOf, NewFrom, Opened, Question
from imaplib2._watching.state import MailboxState
from imaplib2._watching.sync import Sync
from imaplib2.parse import SequenceSet
from imaplib2.watching import (
    Arrived,
    Event,
    FlagsChanged,
    Gone,
    Invalidated,
    Reconnected,
    Removed,
)

Flags = frozenset[str]
Response = tuple[str, list[bytes]]
FLAGS = ("\\Seen", "\\Flagged", "\\Deleted", "$Forwarded", "x")


@dataclass(frozen=True)
class Server:
    """What a server can do, and how it behaves."""

    has_modseq: bool = True
    has_qresync: bool = True
    tells_uidnext: bool = True
    #: Whether news comes with UIDs.
    tells_uids: bool = True
    #: Whether EXAMINE tells how many messages there are.
    tells_exists: bool = True
    #: Whether so much is said that some of it is dropped.
    is_talkative: bool = False
    #: Whether SEARCH finds what was removed as long as that isn't told; in Cyrus, it doesn't.
    finds_removed: bool = True


class Mailbox:
    """What is in a mailbox, and what was."""

    def __init__(self) -> None:
        self.uid_validity = 1
        self.uid_next = 1
        self.modseq = 1
        self.messages: dict[int, Flags] = {}
        self.modseqs: dict[int, int] = {}
        self.removed: list[tuple[int, int]] = []

    def deliver(self, flags: Flags) -> None:
        self._change(self.uid_next, flags)
        self.uid_next += 1

    def store(self, uid: int, flags: Flags) -> None:
        self._change(uid, flags)

    def _change(self, uid: int, flags: Flags) -> None:
        self.modseq += 1
        self.messages[uid] = flags
        self.modseqs[uid] = self.modseq

    def expunge(self, uid: int) -> None:
        self.modseq += 1
        del self.messages[uid], self.modseqs[uid]
        self.removed.append((self.modseq, uid))

    def begin_anew(self) -> None:
        """Another mailbox of the same name."""
        content = [*self.messages.values()]
        validity = self.uid_validity + 1
        self.__init__()  # type: ignore[misc]
        self.uid_validity = validity
        for flags in content:
            self.deliver(flags)

    def anything(self, random: Random) -> None:
        """Something happens."""
        uids = [*self.messages]
        choice = random.random()
        if choice < 0.4 or not uids:
            self.deliver(some_flags(random))
        elif choice < 0.7:
            self.store(random.choice(uids), some_flags(random))
        else:
            self.expunge(random.choice(uids))


def some_flags(random: Random) -> Flags:
    return frozenset(random.sample(FLAGS, random.randrange(3)))


class Session:
    """A connection to a server on which a mailbox is open."""

    def __init__(self, server: Server, mailbox: Mailbox, random: Random) -> None:
        self.server, self.mailbox, self.random = server, mailbox, random
        #: Of each message in order, the flags that were told last.
        self.told = dict(mailbox.messages)

    def opened(self) -> Opened:
        mailbox, server = self.mailbox, self.server
        return Opened(
            len(self.told) if server.tells_exists else None,
            mailbox.uid_validity,
            mailbox.uid_next if server.tells_uidnext else None,
            mailbox.modseq if server.has_modseq else None,
            server.has_qresync,
        )

    def news(self) -> Iterator[Response]:
        """What the server says of what has happened."""
        yield from self._removals()
        for uid, flags in self.mailbox.messages.items():
            if uid in self.told and self.told[uid] != flags:
                self.told[uid] = flags
                number = [*self.told].index(uid) + 1
                with_uid = self.server.tells_uids or self.server.has_qresync
                yield "FETCH", [row(number, uid if with_uid else None, flags)]
        new = {uid: f for uid, f in self.mailbox.messages.items() if uid not in self.told}
        if new:
            self.told |= new
            yield "EXISTS", [b"%d" % len(self.told)]

    def _removals(self) -> Iterator[Response]:
        gone = [uid for uid in self.told if uid not in self.mailbox.messages]
        if gone and self.server.has_qresync:
            for uid in gone:
                del self.told[uid]
            yield "VANISHED", [str(SequenceSet(gone)).encode()]
            return
        self.random.shuffle(gone)
        for uid in gone:
            number = [*self.told].index(uid) + 1
            del self.told[uid]
            yield "EXPUNGE", [b"%d" % number]

    def answer(self, question: Question) -> tuple[list[Response], Any]:
        """What comes unasked meanwhile, in order; and the answer, of which nobody knows where."""
        unasked: list[Response] = []
        self._meanwhile(unasked)
        answer: Any
        if isinstance(question, AllUids):
            told, own = self.told, self.mailbox.messages
            finds = told if self.server.finds_removed else told.keys() & own
            answer = SequenceSet(finds)
        else:
            answer = [*self._rows(question, unasked)]
        self._meanwhile(unasked)
        if isinstance(question, AllUids):
            return unasked, answer
        # News of messages, unless it is of others for sure, counts as a part of the answer.
        kept = []
        for typ, data in unasked:
            if typ == "FETCH" and self._may_be_of(question, data[0]):
                answer += data
            else:
                kept.append((typ, data))
        return kept, answer

    def _meanwhile(self, unasked: list[Response]) -> None:
        while self.random.random() < 0.3:
            self.mailbox.anything(self.random)
        if self.random.random() < 0.5:
            unasked += self.news()

    def _rows(self, question: Question, unasked: list[Response]) -> Iterator[bytes]:
        modseqs, own = self.mailbox.modseqs, self.mailbox.messages
        if isinstance(question, ChangedSince) and question.vanished:
            gone = [uid for modseq, uid in self.mailbox.removed if modseq > question.modseq]
            # As some do, what never was is among it.
            if gone := [uid for uid in gone if uid not in self.told]:
                unasked.append(("VANISHED", [b"(EARLIER) %s" % str(SequenceSet(gone)).encode()]))
        for number, uid in enumerate(self.told, 1):
            if isinstance(question, ChangedSince):
                wanted = modseqs.get(uid, 0) > question.modseq
            elif isinstance(question, NewFrom):
                # The last one is always in "n:*".
                wanted = uid >= question.first or number == len(self.told)
            else:
                wanted = isinstance(question, FlagsOf) and uid in question.uids
            if wanted and uid in own:
                self.told[uid] = own[uid]
                yield row(number, uid, own[uid])

    def _may_be_of(self, question: Question, data: bytes) -> bool:
        if b"UID" not in data or isinstance(question, ChangedSince):
            return True
        uid = int(data.partition(b"UID ")[2].split()[0])
        if isinstance(question, NewFrom):
            return uid >= question.first
        return isinstance(question, FlagsOf) and uid in question.uids


def row(number: int, uid: int | None, flags: Flags) -> bytes:
    told = b"" if uid is None else b"UID %d " % uid
    return b"%d (%sFLAGS (%s))" % (number, told, " ".join(sorted(flags)).encode())


@dataclass
class Consumer:
    """Keeps account of the events, and insists that they make sense."""

    known: dict[int, Flags | None] = field(default_factory=dict)
    ever: set[int] = field(default_factory=set)
    #: What was there before it came, and whose flags nobody has told.
    uids_of_old: set[int] = field(default_factory=set)

    def take(self, event: Event) -> None:
        if isinstance(event, Arrived):
            assert not event.uids & self.ever
            assert event.uids
            self.ever.update(event.uids)
            self.known |= dict.fromkeys(event.uids) | dict(event.flags)
        elif isinstance(event, Removed):
            assert event.uids <= self.known.keys()
            for uid in event.uids:
                del self.known[uid]
        elif isinstance(event, FlagsChanged):
            assert event.uids <= self.known.keys()
            assert event.uids == event.flags.keys()
            self.known |= event.flags
        elif isinstance(event, Invalidated):
            self.known.clear()
            self.ever.clear()
        else:
            assert isinstance(event, (Gone, Reconnected))


class Run:
    """A watcher without threads and connections: an account, a session, and a consumer."""

    def __init__(
        self, server: Server, random: Random, *, keeps_flags: bool, from_nothing: bool
    ) -> None:
        self.server, self.random, self.keeps_flags = server, random, keeps_flags
        self.mailbox = Mailbox()
        for _ in range(random.randrange(4)):
            self.mailbox.deliver(some_flags(random))
        self.consumer = Consumer()
        self.saved = MailboxState(), Consumer()
        self.begin(MailboxState() if from_nothing else None)
        if not from_nothing:
            self.settle()
            own = self.account.messages
            self.consumer.known = dict(own) if keeps_flags else {uid: None for uid, _ in own}
            self.consumer.ever = set(self.consumer.known)
            self.save()

    def begin(self, saved: MailboxState | None) -> None:
        self.account = Account("INBOX", saved, keeps_flags=self.keeps_flags)
        self.sync = Sync(self.account)
        self.open()

    def open(self) -> None:
        self.session = Session(self.server, self.mailbox, self.random)
        self.sync.opened(self.session.opened())

    def hear(self) -> None:
        self._hear([*self.session.news()])

    def _hear(self, said: list[Response]) -> None:
        if self.server.is_talkative and said and self.random.random() < 0.3:
            del said[: self.random.randint(1, len(said))]
            self.sync.missed()
        for typ, data in said:
            self.sync.heard(typ, data)

    def ask(self) -> bool:
        """Ask what is to be asked, if anything."""
        question = self.sync.wants()
        if question is None:
            return False
        self.sync.ask()
        unasked, answer = self.session.answer(question)
        self._hear(unasked)
        self.sync.answered(question, answer)
        return True

    def settle(self) -> None:
        for _ in range(1000):
            if not self.ask():
                return
        raise AssertionError("it asks and asks")

    def take(self) -> bool:
        event = self.account.pending.take()
        if event is None:
            return False
        self.account.note_told()
        self.consumer.take(event)
        return True

    def save(self) -> None:
        state = self.account.state()
        if state is not None:
            copy = Consumer(dict(self.consumer.known), set(self.consumer.ever))
            self.saved = state, copy

    def restart(self) -> None:
        """The program ends, and starts with what it has saved."""
        state, self.consumer = self.saved
        self.consumer = Consumer(dict(self.consumer.known), set(self.consumer.known))
        self.begin(state)

    def step(self) -> None:
        choice = self.random.random()
        if choice < 0.35:
            self.mailbox.anything(self.random)
        elif choice < 0.5:
            self.hear()
        elif choice < 0.7:
            self.ask()
        elif choice < 0.8:
            self.take()
        elif choice < 0.86:
            self.open()
        elif choice < 0.9:
            self.settle()
            self.open()
        elif choice < 0.95:
            self.save()
        elif choice < 0.98:
            self.restart()
        elif choice < 0.99:
            self.mailbox.begin_anew()
            self.open()

    def finish(self) -> None:
        """All that has happened is told."""
        calm = Random(1)
        calm.random = lambda: 0.99  # type: ignore[method-assign]
        self.session.random = calm
        for _ in range(20):
            self.hear()
            self.settle()
        while self.take():
            pass
        assert self.account.pending.is_empty
        assert self.consumer.known.keys() == self.mailbox.messages.keys()
        if self.keeps_flags:
            assert self.consumer.known == self.mailbox.messages
        state = self.account.state()
        assert state is not None
        assert state.uids == SequenceSet(self.mailbox.messages)
