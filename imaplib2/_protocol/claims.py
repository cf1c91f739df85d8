"""Which of several commands in progress an untagged response belongs to.

A server may work on several commands at a time (RFC 3501, section 5.5), and its untagged
responses carry no tag. FETCH and STATUS responses can be told apart all the same: by the message
and by the mailbox that they are about. What a command surely did not ask for isn't its data.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Container

from .._hints import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast
from . import mutf7
from .grammar import QUOTED_BYTES, unescaped, without_escapes
from .message_set import MessageSet
from .patterns import pattern

if TYPE_CHECKING:
    from .responses import Data

_LEADING_UID = pattern(rb"[0-9]+ \(UID ([0-9]{1,20})\b")
# Digits of the largest number of IMAP (RFC 9051, section 9: number64).
_DIGITS = 20
#: Bytes of a mailbox's name beyond which its form isn't looked at.
_NAME_SIZE = 4000
_ANNOUNCEMENT = pattern(rb"~?\{[0-9]+[+-]?\}")
_TOKEN = pattern(rb"[()]|[^\s()]+")

Asked = tuple["Container[int] | None", "Container[int] | None"]
_ANY: Asked = (None, None)


class Claim(Protocol):
    """Says which untagged data answers a certain command."""

    @property
    def kind(self) -> str:
        """What its keys are: only those of one kind can be compared."""

    @property
    def ranges(self) -> list[tuple[Any, Any]]:
        """From which to which key, each, in order: what is meant."""

    @property
    def asked(self) -> Asked:
        """The message numbers, and the UIDs, that were asked for; None: that may be any."""

    @property
    def by_number(self) -> bool:
        """Whether an EXPUNGE may change what was asked for."""

    def key_of(self, data: Data) -> object:
        """The key of the message or mailbox that *data* is about; None when it doesn't tell."""

    def covers(self, key: object) -> bool:
        """Whether the command asked for what has this key."""


class MessageClaim:
    """FETCH data of the messages in a set, of message numbers or (*by_uid*) of UIDs."""

    def __init__(self, message_set: bytes, by_uid: bool) -> None:
        self._set = MessageSet.parse(message_set)
        self._by_uid = by_uid
        self.kind = "UID" if by_uid else "message number"
        self.ranges = self._set.ranges
        self.by_number = not by_uid
        # Made when it is asked for: it may be large.
        self._asked: Asked | None = None

    @property
    def asked(self) -> Asked:
        asked = self._asked
        if asked is None:
            numbers = self._set.numbers
            asked = self._asked = (None, numbers) if self._by_uid else (numbers, None)
        return asked

    def key_of(self, data: Data) -> object:
        return uid_of(data) if self._by_uid else _number_of(data)

    def covers(self, key: object) -> bool:
        return key in self._set


class MailboxClaim:
    """STATUS data of one mailbox, in whatever form and case the server gives its name."""

    kind = "mailbox"
    asked: Asked = (None, None)
    by_number = False

    def __init__(self, mailbox: bytes) -> None:
        self._name = _mailbox_name(mailbox)
        self.ranges = [(self._name, self._name)]

    def key_of(self, data: Data) -> object:
        first = data if isinstance(data, bytes) else data[0]
        if isinstance(first, tuple):
            announced = _ANNOUNCEMENT.fullmatch(first[0])
            return _folded(first[1]) if announced else _mailbox_name(first[0]) or None
        return _mailbox_name(first) or None

    def covers(self, key: object) -> bool:
        return key == self._name


Member = TypeVar("Member")


class Collectors(Generic[Member]):
    """The commands in progress that collect one untagged type. No two of them may overlap."""

    def __init__(self) -> None:
        # In the order of their sending.
        self._claims: dict[Member, Claim | None] = {}
        # Those that also take what no command has asked for.
        self._takers: dict[Member, None] = {}
        self._renumbered = False
        # What they are about: where each range begins, in order, and where it ends.
        self._firsts: list[Any] = []
        self._lasts: list[tuple[Any, Member]] = []
        # Those whose ranges aren't there yet: nothing was looked up since they came.
        self._unlisted: list[Member] = []

    def __len__(self) -> int:
        return len(self._claims)

    @property
    def only(self) -> tuple[Member, Asked] | None:
        """The one command that collects the type, if no other does, and what it asked for.

        That is `Claim.asked`, but None for what it takes all the same.
        """
        if len(self._claims) != 1:
            return None
        member, claim = next(iter(self._claims.items()))
        if claim is None or self._renumbered or self._takers:
            return member, _ANY
        return member, claim.asked

    def add(self, member: Member, claim: Claim | None, *, takes_all: bool = False) -> None:
        """*member* is in progress; whether it *takes_all* that no other has asked for."""
        self._claims[member] = claim
        if takes_all or claim is None:
            self._takers[member] = None
        if claim is not None:
            self._unlisted.append(member)

    def remove(self, member: Member) -> bool:
        """*member* is in progress no longer; whether it was the last."""
        claim = self._claims.pop(member)
        self._takers.pop(member, None)
        if member in self._unlisted:
            self._unlisted.remove(member)
        elif claim is not None:
            for first, _ in claim.ranges:
                position = bisect_left(self._firsts, first)
                del self._firsts[position], self._lasts[position]
        return not self._claims

    def conflicts(self, claim: Claim | None) -> bool:
        """Whether the data of a command with *claim* could not be told from that of these."""
        if not self._claims:
            return False
        other = next(iter(self._claims.values()))
        if claim is None or other is None:
            # One without a claim conflicts with all others.
            return True
        # Which UID a message number stands for is not known. Members all claim by UID or all by
        # number, so one comparison settles that.
        if claim.kind != other.kind:
            return True
        for first, last in claim.ranges:  # noqa: SIM110 - a generator takes longer than all else
            if self._members(first, last):
                return True
        return False

    def renumber(self) -> None:
        """Messages have got other numbers: which ones were asked for isn't known any more."""
        # If one goes by numbers, all do.
        claim = next(iter(self._claims.values()), None)
        self._renumbered |= claim is not None and claim.by_number

    def owner(self, data: Data) -> Member | None:
        """Whose *data* is; None when surely no command has asked for it.

        What doesn't tell what it is about goes to the one that was sent first.
        """
        first = next(iter(self._claims))
        claim = self._claims[first]
        key = claim.key_of(data) if claim is not None else None
        if key is None:
            return first
        # Keys are of one kind: others would overlap.
        for member in self._members(key, key):
            return member
        return first if self._renumbered else next(iter(self._takers), None)

    def _members(self, first: Any, last: Any) -> list[Member]:
        """A member that claims a key from *first* to *last*, if there is one."""
        self._list()
        position = bisect_right(self._firsts, last) - 1
        if position < 0 or self._lasts[position][0] < first:
            return []
        return [self._lasts[position][1]]

    def _list(self) -> None:
        """Have the ranges of all members at hand: a command that is alone never needs that."""
        while self._unlisted:
            member = self._unlisted.pop()
            for first, last in cast(Claim, self._claims[member]).ranges:
                position = bisect_left(self._firsts, first)
                self._firsts.insert(position, first)
                self._lasts.insert(position, (last, member))


def uid_of(data: Data) -> int | None:
    """The UID item of a FETCH response; text of the message can't pass for one."""
    text = _text_of(data)
    leading = _LEADING_UID.match(text)
    if leading:
        return int(leading[1])
    depth, previous = 0, b""
    for found in _TOKEN.finditer(QUOTED_BYTES.sub(b'""', without_escapes(text))):
        token = found[0]
        depth += {b"(": 1, b")": -1}.get(token, 0)
        if depth == 1 and previous.upper() == b"UID" and token.isdigit() and len(token) <= _DIGITS:
            return int(token)
        previous = token
    return None


def _text_of(data: Data) -> bytes:
    if isinstance(data, bytes):
        return data
    return b" ".join(item if isinstance(item, bytes) else item[0] for item in data)


def _number_of(data: Data) -> int | None:
    number, _, _ = _text_of(data).partition(b" ")
    return int(number) if number.isdigit() and len(number) <= _DIGITS else None


def _mailbox_name(text: bytes) -> bytes:
    quoted = QUOTED_BYTES.match(without_escapes(text))
    if quoted:
        return _folded(unescaped(text[1 : quoted.end() - 1]))
    return _folded(text.partition(b" ")[0])


def _folded(mailbox: bytes) -> bytes:
    """*mailbox* in the form that all forms of its name share, and a few other names, too.

    INBOX is the same in any case (RFC 3501, section 5.1), and so are the names below it, or all of
    them, with some servers. Two commands whose mailboxes may be the same wait for each other.
    """
    if not mailbox.isascii() and len(mailbox) <= _NAME_SIZE:
        try:
            mailbox = mutf7.encode(mailbox.decode()).encode()
        except UnicodeError:
            return mailbox
    return mailbox.rstrip(b"/.").lower()
