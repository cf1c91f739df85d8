"""The commands of a connection: which of them wait for their turn, and which are in progress."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from .collecting import Collecting
from .command import Command
from .commands import Plus, Upgrade
from .idling import Idle
from .limits import Limits
from .responses import Untagged, items_of
from .states import SELECTED


class InProgress:
    """The commands that were submitted, until their outcome is told.

        noted --> held --> in progress --> forgotten, as its outcome is told

    What may overlap, RFC 3501, section 5.5, tells; besides, data of two commands must be told
    apart, which `collecting` sees to.
    """

    def __init__(self, limits: Limits) -> None:
        #: In progress, by tag, in the order of their sending.
        self.commands: dict[bytes, Command] = {}
        #: Those that wait for their turn, in order.
        self.held: deque[Command] = deque()
        #: How many commands have been sent so far.
        self.begun = 0
        #: The IDLE in progress.
        self.idle: Idle | None = None
        #: The command in progress that opens a mailbox.
        self.selecting: Command | None = None
        #: The command in progress that has a sink.
        self.downloading: Command | None = None
        self.collecting = Collecting(limits)
        # Those whose outcome isn't among the events yet. It is their one way out: whatever goes
        # wrong in between, the end of the connection finds them here.
        self._untold: dict[Command, None] = {}
        # How many of them lead to which state.
        self._leading: dict[str, int] = {}
        self._held_tags: set[bytes] = set()
        # How many of those in progress run by themselves, and during how many EXPUNGE may come.
        self._alone = self._expunging = 0

    # -- Whose outcome is to be told ----------------------------------------------------------

    def note(self, command: Command) -> None:
        """*command* is among those whose outcome is yet to be told."""
        self._untold[command] = None
        state = command.row.on_ok
        if state is not None:
            self._leading[state] = self._leading.get(state, 0) + 1

    def forget(self, command: Command) -> None:
        """The outcome of *command* is told, or doesn't matter any more."""
        if command in self._untold:
            del self._untold[command]
            self._held_tags.discard(command.tag)
            state = command.row.on_ok
            if state is not None:
                # It isn't there yet if `note` was interrupted.
                self._leading[state] = self._leading.get(state, 0) - 1

    @property
    def untold(self) -> list[Command]:
        """The commands whose outcome is yet to be told."""
        return [*self._untold]

    def may_lead_to(self, states: tuple[str, ...]) -> bool:
        """Whether one of those commands may lead to one of *states*."""
        return any(self._leading.get(state, 0) > 0 for state in states)

    # -- Those that wait ----------------------------------------------------------------------

    def hold(self, command: Command) -> None:
        """*command* has to wait for its turn."""
        self._held_tags.add(command.tag)
        self.held.append(command)

    def is_held(self, tag: bytes) -> bool:
        """Whether the command with *tag* waits for its turn."""
        return tag in self._held_tags

    def take_back(self, command: Command) -> int:
        """*command*, which waits, is not to be sent; where in the order it was."""
        position = self.held.index(command)
        del self.held[position]
        return position

    def take_back_dependents(self, failed: Command, position: int = 0) -> list[Command]:
        """*failed* has failed: take back what was issued for what it was to bring.

        That is, among the commands held from *position* on: behind STARTTLS, what would tell
        something in plain text; behind SELECT, what is meant for the mailbox that isn't there.
        """
        selects = failed.row.on_ok == SELECTED
        if not selects and failed.row.upgrade is not Upgrade.TLS:
            return []
        kept: deque[Command] = deque()
        taken: list[Command] = []
        for number, command in enumerate(self.held):
            if selects and number >= position and command.row.on_ok == SELECTED:
                # What follows is meant for the mailbox that this one opens.
                position = len(self.held)
            depends = command.needs_mailbox if selects else command.tells
            (taken if number >= position and depends else kept).append(command)
        self.held = kept
        return taken

    @property
    def held_idles(self) -> list[Idle]:
        """How far those have got, of IDLE."""
        return [command.idle for command in self.held if command.idle is not None]

    # -- Those in progress --------------------------------------------------------------------

    def start(self, command: Command) -> None:
        """*command* is in progress from now on."""
        row = command.row
        self._held_tags.discard(command.tag)
        self.commands[command.tag] = command
        self.begun += 1
        command.begun = self.begun
        self._alone += row.alone
        self._expunging += row.expunges
        if command.idle is not None:
            self.idle = command.idle
        if row.collects or command.brings:
            self.collecting.start(command)
            if command.sink is not None:
                self.downloading = command
        if row.on_ok == SELECTED:
            self.selecting = command
            command.shown = []

    def remove(self, command: Command) -> None:
        """*command* is in progress no longer."""
        del self.commands[command.tag]
        self.idle = None  # an IDLE runs alone
        if command is self.selecting:
            self.selecting = None
        row = command.row
        self._alone -= row.alone
        self._expunging -= row.expunges
        if row.collects or command.brings:
            self.collecting.stop(command)
            if command is self.downloading:
                self.downloading = None

    def give_streamed(self, response: Untagged) -> None:
        """*response*, whose text a sink has got, is for the command of that, or for nobody."""
        command = self.downloading
        if command is None or command.sink is None:
            return
        claim = command.claim
        uid = None if claim is None or claim.by_number else claim.key_of(response.data)
        # A command that leaves its data takes that of others, too.
        is_covered = claim is None or uid is None or claim.covers(uid)
        if is_covered and self.collecting.owner(*response) is command:
            self.collecting.give(command, response.type, items_of(response.data), 1)
        else:
            command.sink.disown()

    def clear(self) -> None:
        """The connection is over: nothing is in progress; the outcomes are yet to be told."""
        self.idle = None
        self.commands.clear()
        self._alone = self._expunging = 0
        self.held.clear()
        self.collecting.clear()

    @property
    def alone(self) -> Iterable[Command]:
        """What is in progress, if one is that runs by itself: else there may be thousands."""
        return self.commands.values() if self._alone else ()

    @property
    def in_sasl(self) -> bool:
        """Whether a "+" may be part of a SASL exchange."""
        return any(command.row.plus is Plus.SASL or command.by_hand for command in self.alone)

    def conflicts(self, command: Command, state: str, *, utf8: bool) -> bool:
        """Whether *command* has to wait for one in progress, in *state* and perhaps UTF-8 mode."""
        if not self.commands:
            return False
        if command.row.alone or self._alone:
            return True
        # An EXPUNGE may change what its message numbers mean.
        if self._expunging and command.numbers and state == SELECTED:
            return True
        # A literal for a sink is known before the rest of its response, which may have the UID, is.
        alone = command.sink is not None or self.downloading is not None
        if alone and self.collecting.collect_any(command.row.collects):
            return True
        claim = command.claim
        if utf8 and isinstance(command.utf8_form, Command):
            claim = command.utf8_form.claim
        return self.collecting.conflicts(command, claim)
