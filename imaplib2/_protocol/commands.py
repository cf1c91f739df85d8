"""The table of commands: one row per command, and everything that is known about it.

To add a command, add its row: ``xatom`` then works; give it a method in ``_methods.py`` if it
deserves a name.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from functools import cached_property

from .._errors import InvalidArgument
from .._hints import Any
from .grammar import ATOM
from .states import ANY, AUTH, AUTHENTICATED, LOGOUT, MAILBOX_SELECTED, NOT_AUTHENTICATED, SELECTED
from .values import plain_value


class Kind(Enum):
    """What an argument is, which decides how it is written (see ``arguments.py``)."""

    ASTRING = "string"
    MAILBOX = "mailbox"
    LIST_PATTERN = "list pattern"
    SEQUENCE_SET = "message set"
    FETCH_ITEMS = "fetch items"
    STATUS_ITEMS = "status items"
    FLAGS = "flags"
    QUOTA_LIMITS = "quota limits"
    SORT_KEYS = "sort criteria"
    CHARSET = "charset"
    SEARCH = "search criteria"  # all arguments that remain
    PASSWORD = "password"
    DATE_TIME = "date-time"
    ATOM = "atom"
    WORDS = "words"
    # An argument of a command that the table does not know.
    ANY = "argument"

    # In C, unlike that of Enum: it is looked up for each argument.
    __hash__ = object.__hash__


class Plus(Enum):
    """What a "+" means that comes when no literal is waiting to be sent."""

    NOTHING = "nothing"
    SASL = "a challenge of the server"
    IDLE = "idling has begun"


class Upgrade(Enum):
    """What the connection turns into behind the command's OK."""

    NONE = "none"
    TLS = "tls"
    DEFLATE = "deflate"


class Row:
    """What is known about one command, and what follows from it.

    Made of columns, by name; those that it isn't given have the defaults here.
    """

    name: str
    rfc: str
    states: tuple[str, ...]
    arguments: tuple[Kind, ...] = ()
    #: Untagged types that are this command's data. They go to it, it returns them, and two
    #: commands that share one overlap only if their data can be told apart (see ``claims``).
    collects: tuple[str, ...] = ()
    #: Untagged type that it returns, but leaves with the untagged responses for all to read.
    shows: str | None = None
    #: Runs by itself: waits for all earlier commands and holds back all later ones.
    alone: bool = False
    #: The state after OK and after a refusal, NO or BAD, when it changes.
    on_ok: str | None = None
    on_refusal: str | None = None
    plus: Plus = Plus.NOTHING
    upgrade: Upgrade = Upgrade.NONE
    #: Has message numbers among its arguments.
    numbers: bool = False
    #: The server may report EXPUNGE while it runs, which renumbers messages (RFC 3501, 7.4.1).
    expunges: bool = True
    #: The kind of argument that parenthesised modifiers may stand before (RFC 4466, section 2).
    modifiers_before: Kind | None = None
    #: What tells its data from that of a command of the same kind: "message" or "mailbox".
    claims: str | None = None
    #: The capability by which a server forbids it.
    forbidden_by: str | None = None
    #: What stands between the data of several responses, which it returns as one.
    joined_by: bytes | None = None
    #: Untagged types that it brings besides if RETURN options of that name say so (RFC 5258; 5819;
    #: 8440; 9590). They stay with the untagged responses; commands that collect them wait for it.
    may_bring: tuple[str, ...] = ()
    #: It asks for the end: whatever brings that, this command has succeeded.
    ends: bool = False
    #: What is on behind its OK is on for the rest of the connection (RFC 5161, section 3.1).
    enables: bool = False
    #: It opens a mailbox to be read, or to be written: one that can't be is a failure then.
    reads_only: bool = False
    asks_to_write: bool = False

    def __init__(
        self,
        name: str,
        rfc: str,
        states: tuple[str, ...],
        arguments: tuple[Kind, ...] = (),
        collects: tuple[str, ...] = (),
        **columns: Any,
    ) -> None:
        self.name = name
        self.rfc = rfc
        self.states = states
        self.arguments = arguments
        self.collects = collects
        vars(self).update(columns)

    def but(self, **columns: Any) -> Row:
        """This row, but for some *columns*."""
        # Copied first: another thread may just add what is cached.
        own = vars(self).copy()
        own = {name: own[name] for name in Row.__annotations__ if name in own}
        return Row(**{**own, **columns})

    @cached_property
    def encoded_name(self) -> bytes:
        """The name as it is sent."""
        return self.name.encode("ascii", "replace")

    @cached_property
    def holds_password(self) -> bool:
        """Whether one of its arguments is a password."""
        return Kind.PASSWORD in self.arguments

    @cached_property
    def searches(self) -> bool:
        """Whether its last arguments are search criteria."""
        return Kind.SEARCH in self.arguments

    @cached_property
    def logs_in(self) -> bool:
        """It authenticates, upon which the capabilities may change (RFC 3501, section 6.2)."""
        return self.on_ok == AUTH and self.states == NOT_AUTHENTICATED

    @cached_property
    def by_uid(self) -> bool:
        """Whether its message set holds UIDs."""
        return self.name.startswith("UID ")

    def is_called(self, name: str) -> bool:
        """Whether this is the row of the command *name*."""
        return self.name == name


# fmt: off
def _rows() -> Iterable[Row]:
    kind = Kind
    yield Row("CAPABILITY", "RFC 3501, 6.1.1", ANY, collects=("CAPABILITY",))
    yield Row("NOOP", "RFC 3501, 6.1.2", ANY)
    yield Row("LOGOUT", "RFC 3501, 6.1.3", ANY, alone=True, on_ok=LOGOUT, ends=True)
    yield Row("ID", "RFC 2971, 3.1", ANY, (kind.ANY,), collects=("ID",))

    yield Row("STARTTLS", "RFC 3501, 6.2.1", NOT_AUTHENTICATED, alone=True, upgrade=Upgrade.TLS)
    yield Row(
        "AUTHENTICATE", "RFC 3501, 6.2.2", NOT_AUTHENTICATED, (kind.ATOM, kind.PASSWORD),
        alone=True, on_ok=AUTH, plus=Plus.SASL,
    )
    yield Row(
        "LOGIN", "RFC 3501, 6.2.3", NOT_AUTHENTICATED, (kind.ASTRING, kind.PASSWORD),
        alone=True, on_ok=AUTH, forbidden_by="LOGINDISABLED",
    )

    yield from _authenticated_rows()
    yield from _selected_rows()


def _authenticated_rows() -> Iterable[Row]:
    kind, states = Kind, AUTHENTICATED
    mailbox = (kind.MAILBOX,)
    listing: dict[str, Any] = {"arguments": (kind.MAILBOX, kind.LIST_PATTERN)}
    opening: dict[str, Any] = {
        "arguments": mailbox, "alone": True, "on_ok": SELECTED, "on_refusal": AUTH,
        "shows": "EXISTS",
    }
    yield Row("SELECT", "RFC 3501, 6.3.1", states, asks_to_write=True, **opening)
    yield Row("EXAMINE", "RFC 3501, 6.3.2", states, reads_only=True, **opening)
    yield Row("CREATE", "RFC 3501, 6.3.3", states, mailbox)
    yield Row("DELETE", "RFC 3501, 6.3.4", states, mailbox)
    yield Row("RENAME", "RFC 3501, 6.3.5", states, mailbox * 2)
    yield Row("SUBSCRIBE", "RFC 3501, 6.3.6", states, mailbox)
    yield Row("UNSUBSCRIBE", "RFC 3501, 6.3.7", states, mailbox)
    yield Row(
        "LIST", "RFC 3501, 6.3.8", states, collects=("LIST",), modifiers_before=kind.MAILBOX,
        may_bring=("STATUS", "MYRIGHTS", "METADATA"), **listing,
    )
    yield Row("XLIST", "Gmail", states, collects=("XLIST",), **listing)
    yield Row("LSUB", "RFC 3501, 6.3.9", states, collects=("LSUB",), **listing)
    yield Row(
        "STATUS", "RFC 3501, 6.3.10", states, (kind.MAILBOX, kind.STATUS_ITEMS), ("STATUS",),
        claims="mailbox",
    )
    yield Row(
        "APPEND", "RFC 3501, 6.3.11", states, (kind.MAILBOX, kind.FLAGS, kind.DATE_TIME),
    )  # the message is its literal
    yield Row("NAMESPACE", "RFC 2342, 5", states, (), ("NAMESPACE",))
    yield Row("ENABLE", "RFC 5161, 3.1", (AUTH,), (kind.WORDS,), alone=True, enables=True)
    yield Row("IDLE", "RFC 2177, 3", states, alone=True, plus=Plus.IDLE)
    yield Row("COMPRESS", "RFC 4978, 3", states, (kind.ATOM,), alone=True, upgrade=Upgrade.DEFLATE)
    yield Row("PROXYAUTH", "Netscape", (AUTH,), (kind.ASTRING,), alone=True)
    yield Row("GETACL", "RFC 4314, 3.3", states, mailbox, ("ACL",))
    yield Row("SETACL", "RFC 4314, 3.1", states, (kind.MAILBOX, kind.ASTRING, kind.ASTRING))
    yield Row("DELETEACL", "RFC 4314, 3.2", states, (kind.MAILBOX, kind.ASTRING))
    yield Row("MYRIGHTS", "RFC 4314, 3.5", states, mailbox, ("MYRIGHTS",))
    yield Row("GETQUOTA", "RFC 9208, 4.1.1", states, (kind.ASTRING,), ("QUOTA",))
    yield Row("SETQUOTA", "RFC 9208, 4.1.3", states, (kind.ASTRING, kind.QUOTA_LIMITS), ("QUOTA",))
    yield Row("GETQUOTAROOT", "RFC 9208, 4.1.2", states, mailbox, ("QUOTAROOT", "QUOTA"))
    annotation = (kind.MAILBOX, kind.ANY, kind.ANY)
    yield Row("GETANNOTATION", "draft-daboo-imap-annotatemore", states, annotation, ("ANNOTATION",))
    yield Row("SETANNOTATION", "draft-daboo-imap-annotatemore", states, annotation, ("ANNOTATION",))
    yield Row(
        "GETMETADATA", "RFC 5464, 4.2", states, (kind.MAILBOX, kind.ANY), ("METADATA",),
        modifiers_before=kind.MAILBOX,
    )
    yield Row("SETMETADATA", "RFC 5464, 4.3", states, (kind.MAILBOX, kind.ANY))


def _selected_rows() -> Iterable[Row]:
    kind, states = Kind, MAILBOX_SELECTED
    yield Row("CHECK", "RFC 3501, 6.4.1", states)
    yield Row("CLOSE", "RFC 3501, 6.4.2", states, alone=True, on_ok=AUTH)
    yield Row("UNSELECT", "RFC 3691, 2", states, alone=True, on_ok=AUTH)
    yield Row("EXPUNGE", "RFC 3501, 6.4.3", states, collects=("EXPUNGE",))
    # FETCH, STORE, SEARCH and their kin: no EXPUNGE while they run (RFC 3501, 7.4.1; 5256, 3).
    yield Row(
        "SEARCH", "RFC 3501, 6.4.4", states, (kind.SEARCH,), ("SEARCH",),
        numbers=True, expunges=False, joined_by=b" ",
    )
    yield Row(
        "SORT", "RFC 5256, 3", states, (kind.SORT_KEYS, kind.CHARSET, kind.SEARCH), ("SORT",),
        numbers=True, expunges=False, joined_by=b" ",
    )
    yield Row(
        "THREAD", "RFC 5256, 3", states, (kind.ATOM, kind.CHARSET, kind.SEARCH), ("THREAD",),
        numbers=True, expunges=False, joined_by=b"",
    )
    yield Row(
        "FETCH", "RFC 3501, 6.4.5", states, (kind.SEQUENCE_SET, kind.FETCH_ITEMS), ("FETCH",),
        numbers=True, expunges=False, claims="message",
    )
    yield Row(
        "PARTIAL", "RFC 1730, 6.4.6", states,
        (kind.SEQUENCE_SET, kind.ATOM, kind.ATOM, kind.ATOM), ("FETCH",),
        numbers=True, expunges=False, claims="message",
    )
    yield Row(
        "STORE", "RFC 3501, 6.4.6", states, (kind.SEQUENCE_SET, kind.ATOM, kind.FLAGS), ("FETCH",),
        numbers=True, expunges=False, claims="message", modifiers_before=kind.ATOM,
    )
    yield Row(
        "COPY", "RFC 3501, 6.4.7", states, (kind.SEQUENCE_SET, kind.MAILBOX), numbers=True
    )
    yield Row("MOVE", "RFC 6851, 3.1", states, (kind.SEQUENCE_SET, kind.MAILBOX), numbers=True)

# fmt: on


COMMANDS: dict[str, Row] = {row.name: row for row in _rows()}

#: RFC 3501, 6.4.8: the forms of a command that take UIDs; message numbers only within SEARCH's
#: criteria, and EXPUNGE may come during all of them.
UID_COMMANDS: dict[str, Row] = {
    name: COMMANDS[name].but(name=f"UID {name}", expunges=True, numbers=row.searches)
    for name, row in COMMANDS.items()
    if name in ("FETCH", "STORE", "COPY", "MOVE", "SEARCH", "SORT", "THREAD")
}
UID_COMMANDS["EXPUNGE"] = COMMANDS["EXPUNGE"].but(
    name="UID EXPUNGE", rfc="RFC 4315, 2.1", arguments=(Kind.SEQUENCE_SET,)
)

#: A command that the table does not know. Its data stays with the untagged responses.
UNKNOWN = Row("", "", ANY, (Kind.ANY,))


class _Commands(dict[str, Any]):
    """The legacy view: names to the states that allow them, to be read and extended by users.

    Values are tuples of states, as ``imaplib`` has them. Users assign those, a lone state, or
    historical ``((states...), asynchronous)`` pairs.
    """

    def states(self, name: str) -> tuple[str, ...] | None:
        """The states that allow the command *name*; None when it is not in the table."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            return (value,)
        if value and isinstance(value[0], (tuple, list)):
            return tuple(value[0])
        return tuple(value)


Commands = _Commands({row.name: row.states for row in COMMANDS.values()})
Commands["UID"] = MAILBOX_SELECTED


def find(name: str) -> Row:
    """The row of the command *name*, with the states that users may have given it."""
    if type(name) is not str:
        name = plain_value(name)
    name = name if name in Commands else name.upper()
    known = COMMANDS.get(name, UNKNOWN)
    if Commands.get(name) is known.states:
        # As nearly always: users have not changed it.
        return known
    states = Commands.states(name) or known.states
    if known is not UNKNOWN and known.states == states:
        return known
    if not ATOM.fullmatch(name):
        # What stands behind it may be a password.
        word = name.split()[:1]
        raise InvalidArgument(f"not the name of a command: {''.join(word)[:100]!r}")
    return known.but(name=name, states=states)


def find_uid(name: str) -> Row:
    """The row of ``UID`` *name*; that of a command the table doesn't know returns FETCH data."""
    name = plain_value(name)
    row, known = find(name), UID_COMMANDS.get(name)
    if known is None:
        # Its arguments aren't known; if a password is among them, any may be one.
        kind = Kind.PASSWORD if row.holds_password else Kind.ANY
        known = row.but(
            name=f"UID {name}", collects=("FETCH",), arguments=(kind,),
            ends=False, enables=False, reads_only=False, asks_to_write=False,
        )  # fmt: skip
    allowed = Commands.states("UID") or MAILBOX_SELECTED
    if row.states is known.states and allowed is MAILBOX_SELECTED:
        return known
    return known.but(states=tuple(state for state in row.states if state in allowed))
