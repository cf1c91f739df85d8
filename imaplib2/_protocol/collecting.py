"""The untagged data that the commands in progress collect: whose it is, and how much there is."""

from __future__ import annotations

from .._hints import Any
from .claims import Asked, Claim, Collectors
from .command import Command
from .limits import Limits, ProtocolViolation
from .responses import Data
from .untagged import UntaggedResponses

_RENUMBERING = frozenset({"EXPUNGE", "VANISHED"})


class Collecting:
    """Which untagged types commands in progress collect, and which they bring for others."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        #: Those that collect a type; types that nobody collects are missing.
        self.by_type: dict[str, Collectors[Command]] = {}
        # Types of other commands' data that commands in progress bring, see `Command.brings`.
        self._brought: dict[str, int] = {}
        # Responses that commands in progress have collected.
        self._responses = 0

    def start(self, command: Command) -> None:
        """*command* is in progress."""
        for type_ in command.row.collects:
            collectors = self.by_type.get(type_)
            if collectors is None:
                collectors = self.by_type[type_] = Collectors()
            # imaplib's raw commands leave all data to their caller, also what was not asked for.
            collectors.add(command, command.claim, takes_all=command.leaves_data)
        for type_ in command.brings:
            self._brought[type_] = self._brought.get(type_, 0) + 1

    def stop(self, command: Command) -> None:
        """*command* is in progress no longer."""
        for type_ in command.row.collects:
            if self.by_type[type_].remove(command):
                del self.by_type[type_]
        for type_ in command.brings:
            self._brought[type_] = self._brought.get(type_, 0) - 1
            if not self._brought[type_]:
                del self._brought[type_]
        self._responses -= command.collected

    def collect_any(self, types: tuple[str, ...]) -> bool:
        """Whether a command in progress collects one of *types*."""
        return any(type_ in self.by_type for type_ in types)

    def conflicts(self, command: Command, claim: Claim | None) -> bool:
        """Whether data of *command*, which claims *claim*, might be taken for another's."""
        by_type, collects = self.by_type, command.row.collects
        if command.brings and not by_type.keys().isdisjoint(command.brings):
            return True
        if self._brought and not self._brought.keys().isdisjoint(collects):
            return True
        # Dovecot runs pipelined commands and sends their tagged responses together, at last.
        for type_ in collects:  # noqa: SIM110 - as there
            if type_ in by_type and by_type[type_].conflicts(claim):
                return True
        return False

    def owner(self, type_: str, data: Data) -> Command | None:
        """The command whose *data* is; None when surely none has asked for it."""
        collectors = self.by_type.get(type_)
        if collectors is not None and (owner := collectors.owner(data)) is not None:
            return owner
        if type_ in _RENUMBERING and "FETCH" in self.by_type:
            self.by_type["FETCH"].renumber()
        return None

    def only_fetch(self) -> tuple[Command, Asked] | None:
        """The one command that collects FETCH data, and what it asked for; see `Collectors.only`.

        None when there are several, or none.
        """
        collectors = self.by_type.get("FETCH")
        return collectors.only if collectors is not None else None

    def give(self, command: Command, type_: str, data: list[Any], responses: int) -> None:
        """Give *data*, which came in so many *responses*, to *command*.

        Raises ProtocolViolation when those are too many for one command.
        """
        known = command.data.get(type_)
        if known is None:
            command.data[type_] = data
        else:
            known += data
        command.collected += responses
        self._responses += responses
        if self._responses > self._limits.collected:
            raise ProtocolViolation(
                f"more than {self._limits.collected} responses to one command (limits.collected)"
            )

    def clear(self) -> None:
        """The connection is over."""
        self.by_type.clear()


def outcome(command: Command, type_: str, text: bytes, untagged: UntaggedResponses) -> list[Any]:
    """What *command* returns: its own data, or the *text* of its tagged response.

    Data that it doesn't return goes to the *untagged* responses.
    """
    row, data = command.row, command.data
    if command.leaves_data or type_ != "OK":
        for name, items in data.items():
            # Of texts that a sink has got, there is nothing to be seen.
            is_hollow = command.sink is not None and any(isinstance(i, tuple) for i in items)
            if type_ == "OK" or not is_hollow:
                untagged.add_awaited(name, items)
        apart = len(row.collects) > 1 and not command.leaves_data
        return [[text] for _ in row.collects] if apart else [text]
    if row.shows:
        untagged.show(row.shows)
        return command.shown or [None]
    if len(row.collects) > 1:
        return [data.get(name, [None]) for name in row.collects]
    if row.joined_by is not None:
        return _joined(data.get(row.collects[0], [None]), row.joined_by)
    return data.get(row.collects[0], [None]) if row.collects else [text]


def _joined(items: list[Any], separator: bytes) -> list[Any]:
    """*items* of several responses as one, if they are lines: some servers begin a new one."""
    if len(items) < 2 or not all(isinstance(item, bytes) for item in items):
        return items
    return [separator.join(filter(None, items))]
