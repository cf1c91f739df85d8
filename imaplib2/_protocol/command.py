"""A command on its way through the connection."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .._errors import error
from .._hints import Any, Protocol
from .arguments import Encoded
from .claims import Claim, MailboxClaim, MessageClaim
from .commands import COMMANDS, Kind, Plus, Row, Upgrade
from .grammar import UTF8_ACCEPT
from .idling import Idle as Idle
from .parts import Message, Part, Secret
from .states import ANY, AUTH, SELECTED


class Waiter(Protocol):
    """What is used of that which waits for a command; the core only hands it back.

    It is made with the command, by the user's thread, and told by the threads of the driver.
    """

    #: The user's side of a SASL exchange: from a challenge to the response, both in plain text.
    responder: Callable[[bytes], bytes | None] | None
    #: Told "idling", "room" and "done", by the thread that saw it.
    observer: Callable[[str], None] | None

    @property
    def callback(self) -> Callable[..., object] | None:
        """What is called with the outcome; None when a thread of the user's waits for it."""

    def set(self, result: tuple[str, list[Any]] | BaseException) -> None:
        """The outcome is *result*."""

    def replace(self, problem: BaseException) -> None:
        """Whatever the server will say, the outcome is *problem*."""

    def hand_over(self, job: Callable[[], None]) -> None:
        """Have *job*, user code that the command needs on its way, run where users expect it."""

    def check(self) -> None:
        """Raise the error that the outcome is, if it is one."""


class Sink(Protocol):
    """Takes a literal of a response piece by piece, so that it is never held as a whole."""

    def check_unused(self) -> None:
        """Raise ``error`` if it has taken a literal of another command."""

    def takes(self, claim: Claim | None, pieces: list[bytes], size: int) -> bool:
        """Whether it takes the literal, for the command that has *claim*; see `Command.takes`."""

    def put(self, data: bytes) -> None:
        """*data* are its next octets."""

    def disown(self) -> None:
        """What it has taken turns out to be of another message."""

    def drop(self) -> None:
        """Nobody waits for them any more: the connection takes them, and they are dropped."""


class Command:
    """A command on its way: made by the client, completed by the connection."""

    # Defaults of the class, as most commands need little of it and none should take long to make.

    #: What waits for the outcome, of each command that a user submits.
    waiter: Waiter
    #: The first argument, as the caller gave it.
    first_argument: Any = None
    #: What tells its data from that of others of its kind.
    claim: Claim | None = None
    #: Untagged types of other commands that it brings, and leaves; see `Row.may_bring`.
    brings: tuple[str, ...] = ()
    #: How far it has got, of IDLE.
    idle: Idle | None = None
    #: Takes the one literal that it asks for, of FETCH.
    sink: Sink | None = None
    #: A BAD is an answer like others, which its caller raises.
    as_it_came: bool = False
    #: Its user learns the outcome later than the connection, by a callback.
    calls_back: bool = False
    #: What it is once UTF8=ACCEPT is on, if that isn't the same, or why it can't be sent then.
    utf8_form: Command | error | None = None
    #: Whether the server has listed UTF8=ACCEPT as enabled, of ENABLE; None: it has listed nothing.
    enables_utf8: bool | None = None
    #: Gets what exceptions know of a refusal; shared with what makes them, if anything does.
    answer: dict[str, Any] | None = None
    #: Its user has cancelled it, perhaps before it is submitted, which is refused then.
    unwanted: bool = False
    #: Its user has cancelled it before it was sent.
    cancelled: bool = False
    #: Behind its OK the user, who has sent it by hand, negotiates TLS.
    upgraded_by_hand: bool = False
    #: Untagged data that it returns, but that stays for others, too.
    shown: list[Any]
    #: Tells why its OK isn't believed, or None: of a login by which the server proves itself, too.
    doubt: Callable[[], str | None] | None = None
    #: How many responses have brought its data.
    collected: int = 0
    #: Which one it is, of all that were sent.
    begun: int = 0

    def __init__(
        self,
        row: Row,
        parts: list[Part],
        *,
        tag: bytes = b"",
        numbers: bool = False,
        by_hand: bool = False,
        leaves_data: bool = False,
    ) -> None:
        self.row = row
        self.parts = parts
        self.tag = tag
        #: It has message numbers among its arguments.
        self.numbers = numbers
        #: Its bytes are sent, tag and all, by the user; the connection only makes room for them.
        self.by_hand = by_hand
        #: Its data stays with the untagged responses, where its caller looks for it.
        self.leaves_data = leaves_data
        #: The untagged data that is this command's, by type.
        self.data: dict[str, list[Any]] = {}

    def __repr__(self) -> str:
        return f"<{self.row.name} {self.tag!r}>"

    @classmethod
    def build(
        cls, row: Row, encoded: Encoded, last: Sequence[Part] = (), *, utf8: bool = False
    ) -> Command:
        """The command *row* with its arguments and, as the last one, the parts *last*.

        *utf8*: UTF8=ACCEPT is on, for which the arguments have been encoded.
        """
        parts: list[Part] = [row.encoded_name, *encoded.parts]
        if utf8 and last and isinstance(last[0], Message):
            last = last[0].in_utf8()
        if row.holds_password:
            last = [part if isinstance(part, Secret) else Secret(part) for part in last]
        if last:
            parts += [b" ", *last]
        command = cls(row, parts, numbers=row.numbers)
        if not row.arguments:
            return command
        if row.searches:
            command.numbers = encoded.numbers
        if row.claims == "message" and encoded.first and b" " not in encoded.first:
            command.claim = MessageClaim(encoded.first, row.by_uid)
        elif row.claims == "mailbox" and encoded.first:
            command.claim = MailboxClaim(encoded.first)
        elif row.may_bring:
            command.brings = _brought(row, encoded.parts)
        return command

    @classmethod
    def sent_by_hand(cls, tag: bytes, start: bytes) -> Command:
        """The command that the user sends, told by the *start* of its line: tag and name."""
        words = start.upper().split()[1:3]
        name = words[-1] if words[:1] == [b"UID"] else b"".join(words[:1])
        plus = Plus.IDLE if name == b"IDLE" else Plus.NOTHING
        known = COMMANDS.get(name.decode("ascii", "replace"))
        # A name that is yet to be sent may be that of a login.
        tells = not name or (known is not None and known.holds_password)
        arguments = (Kind.PASSWORD,) if tells else ()
        row = Row(
            name.decode("ascii", "replace"), "", ANY, arguments, alone=True, plus=plus,
        )  # fmt: skip
        if known is not None:
            row = row.but(forbidden_by=known.forbidden_by, ends=known.ends, enables=known.enables)
        if name == b"STARTTLS":
            row = row.but(upgrade=Upgrade.TLS)
        command = cls(row, [], tag=tag, by_hand=True, leaves_data=True)
        command.upgraded_by_hand = row.upgrade is Upgrade.TLS
        return command

    def be_sent_by_hand(self, name: bytes) -> None:
        """It turns out to be the command *name*, of which only the tag was known."""
        told = self.sent_by_hand(self.tag, self.tag + b" " + name)
        self.row, self.upgraded_by_hand = told.row, told.upgraded_by_hand

    def note_enabled(self, names: bytes) -> None:
        """The server has listed *names* as enabled: of ENABLE, that is its answer."""
        if self.row.enables:
            self.enables_utf8 = bool(self.enables_utf8 or UTF8_ACCEPT.search(names))

    def takes(self, pieces: list[bytes], size: int) -> bool:
        """Whether its sink takes the literal of *size* octets that a response announces.

        *pieces* are what has come of the response.
        """
        return self.sink is not None and self.sink.takes(self.claim, pieces, size)

    @property
    def tells(self) -> bool:
        """Whether it has arguments, or may have."""
        return not self.upgraded_by_hand if self.by_hand else len(self.parts) > 1

    @property
    def needs_mailbox(self) -> bool:
        """Whether it makes sense only while a mailbox is selected."""
        row = COMMANDS.get(self.row.name, self.row) if self.by_hand else self.row
        return SELECTED in row.states and AUTH not in row.states

    def encode_anew(self) -> None:
        """Be what it is with UTF8=ACCEPT; raises ``error`` when it can't be sent then."""
        form, self.utf8_form = self.utf8_form, None
        if isinstance(form, error):
            raise form
        if form is not None:
            self.parts, self.claim = form.parts, form.claim

    @property
    def subject(self) -> str:
        """The first argument as text: the mailbox of SELECT, the capabilities of ENABLE."""
        argument = self.first_argument
        return argument.decode("utf-8", "replace") if isinstance(argument, bytes) else str(argument)


def _brought(row: Row, parts: list[Part]) -> tuple[str, ...]:
    """What of the types that *row* may bring its RETURN options ask for."""
    text = b"".join(part for part in parts if isinstance(part, bytes)).upper()
    options = text.rpartition(b"RETURN")[2] if b"RETURN" in text else b""
    return tuple(type_ for type_ in row.may_bring if type_.encode() in options)
