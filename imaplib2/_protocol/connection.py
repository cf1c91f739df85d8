"""The state of an IMAP connection: which commands are in progress, and whose data is whose.

No I/O, no threads, no clock: `submit` commands, `receive` bytes, `tick` when `next_deadline` has
come; after each of these send what `take_output` gives and act on what `take_events` gives. A
caller with threads guards all of it with one lock, but for `frame`, which only its reader calls.

    submit --> held --> in progress --(tagged response)--> Completed
                            |  "+" releases the next run of the command, or asks (Challenge)

A command in progress collects the untagged data of its types. Data that nobody collects goes to
``untagged``, where users find it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Any

from .._errors import TimeoutAbort, abort, error, failed_greeting, lost, printable, readonly
from .arguments import Buffer, display, lay_out
from .claims import Collectors
from .command import Command, Idle, Waiter
from .commands import COMMANDS, Plus, Profile, Row, Upgrade
from .events import (
    Challenge,
    Completed,
    Event,
    Failed,
    Greeted,
    Idling,
    Lost,
    RoomMade,
    UpgradeNow,
)
from .framing import Batch, Frame, Framer, first_line
from .grammar import CRLF, UTF8_ACCEPT
from .limits import Limits, ProtocolViolation, excerpt
from .responses import (
    STATUS_TYPES,
    Continuation,
    Data,
    ResponseCode,
    Tagged,
    Untagged,
    fetch_data,
    parse,
    response_code,
    untagged_text,
)
from .secrets import Secrets
from .states import AUTH, LOGOUT, NONAUTH, SELECTED, illegal
from .untagged import UntaggedResponses, size_of

#: What may be wrong when no greeting comes.
_TLS_HINT = "; is one side using TLS and the other not?"
#: What a mailbox tells of its size while it is selected: the last few will do, of a number's size.
_SHOWN = 100
_SHOWN_SIZE = 1000
#: Bytes of a list of capabilities that are looked at: servers have less than one thousand to tell.
_CAPABILITIES_SIZE = 64 * 1024
#: What a list of capabilities must name one of (RFC 3501, section 6.1.1).
_REVISIONS = frozenset({"IMAP4", "IMAP4REV1", "IMAP4REV2"})
_RENUMBERING = frozenset({"EXPUNGE", "VANISHED"})
_DONE = b"DONE\r\n"
#: Bytes of an untagged NO or BAD that are remembered for the text of an exception.
_OBJECTION_SIZE = 500
#: Seconds that commands of other threads wait for who negotiates TLS by hand.
_SOCKET_TIMEOUT = 60.0
#: No SASL exchange comes near so many challenges.
_CHALLENGES = 100
#: LITERAL- allows non-synchronizing literals up to this size (RFC 7888, section 5).
LITERAL_MINUS_SIZE = 4096


class Connection:
    """One connection's state; see the module for how to drive it.

    ``state``, ``capabilities``, ``is_readonly`` and the like may be set, as users of ``imaplib``
    do; ``where``, ``hint``, ``timeout`` and ``traffic`` are its driver's to set. All else is for
    reading.
    """

    def __init__(
        self,
        tag_prefix: bytes = b"A",
        *,
        where: str = "the server",
        limits: Limits | None = None,
        timeout: float | None = None,
        done_timeout: float = 30.0,
        logout_timeout: float = 3.0,
    ) -> None:
        self.limits = limits or Limits()
        self.timeout = timeout
        self.done_timeout = done_timeout
        self.logout_timeout = logout_timeout
        self.tag_prefix = tag_prefix
        self.where = where  # host and port, for the texts of exceptions
        self.hint = _TLS_HINT  # follows the news that no greeting has come
        self.state = LOGOUT
        self.capabilities: tuple[str, ...] = ()
        self.untagged = UntaggedResponses(limits=self.limits)
        self.welcome: bytes | None = None
        self.mailbox: str | None = None
        self.is_readonly = False
        self.utf8_enabled = False
        self.bye: bytes | None = None
        self.refusal: str | None = None  # what an IMAP server's greeting said instead of OK
        self.reason: error | None = None  # why the connection is over
        self.in_progress: dict[bytes, Command] = {}
        #: Traffic for the trace, as (direction, text); None while nobody wants it.
        self.traffic: list[tuple[str, Any]] | None = None
        self.closed_on_purpose = False  # by the user, not by the server or the network
        self.logged_out = False  # later commands are illegal then, as in ``imaplib``
        #: Also gets each response, before it is handled, and None at the end; must not block.
        self.tap: Callable[[Frame | None], None] | None = None
        #: Tags that the user has been given to send commands by hand.
        self.reserved_tags: set[bytes] = set()
        self._greeting_timeout: float | None = None
        self._framer = Framer(self.limits)
        self._held: deque[Command] = deque()
        self._held_tags: set[bytes] = set()
        self._sending: Command | None = None  # has runs that wait for a "+"
        self._upgrading = False  # an upgrading command is in progress: responses come singly
        self._upgrade_text = b""
        self.paused = False  # between the OK of an upgrade and its end: nothing is read
        self._upgraded_by_hand: Command | None = None  # its OK has come: the user makes TLS
        self._upgrade_at = 0.0  # when that was
        #: A STARTTLS that has failed, until its callback is called. What is said in plain text
        #: until then, its user may believe to be encrypted.
        self._refused_upgrade: Command | None = None
        self._capabilities_told = False  # since they were last forgotten
        self._challenged = False  # user code is at work on a SASL challenge
        self._challenges = 0  # of the exchange in progress
        self._tags = 0
        self._collected = 0  # responses that commands in progress have collected
        #: A login is in progress, which runs alone.
        self.logging_in = False
        #: What was told to log in; the trace hides it for as long as the connection lives.
        self.secrets = Secrets()
        #: What is to be sent, in order; its driver only asks whether there is any.
        self.output: list[Buffer] = []
        self._unsent: set[bytes] = set()  # tags that nobody has taken to be sent
        #: What has happened, in order. Who has noted it puts an empty list here, not before.
        self.events: list[Event] = []
        #: Commands that were submitted, until their outcome is among the events. It is their one
        #: way out: whatever goes wrong in between, `fail` finds them here.
        self._untold: dict[Command, None] = {}
        self._leading: Counter[str] = Counter()  # how many of them lead to which state
        #: Commands that may have been sent already without us noticing.
        self._unseen: dict[bytes, Command] = {}
        self._over = False  # `fail` has done all that it has to do
        self._heard = 0.0  # the last byte from the server, or when waiting for one began
        self._advanced = 0.0  # when a command in progress last got nearer to its end
        self._inquiry_at = 0.0
        self._inquiry: Command | None = None  # asks for the capabilities on behalf of another
        self._started = 0.0  # when waiting for the greeting began
        self._idle_in_progress: Idle | None = None
        self._begun = 0  # commands
        self._objection: tuple[int, str] | None = None  # the last untagged NO or BAD, and _begun
        self._stray_dones = 0  # a server that has ended an IDLE by itself may answer to so many
        self._selecting: Command | None = None  # shows data, see `Row.shows`
        self._logout_at: float | None = None  # when LOGOUT was submitted
        #: How many commands in progress there are of each kind that admission distinguishes.
        self._profiles: dict[Profile, int] = {}
        self._collectors: dict[str, Collectors[Command]] = {}
        #: Types of other commands' data that commands in progress bring, see `Command.brings`.
        self._brought: Counter[str] = Counter()

    # -- Driving ------------------------------------------------------------------------------

    def start(self, now: float, greeting_timeout: float | None) -> None:
        """The transport is connected: wait for the greeting."""
        self._heard = self._started = now
        self._greeting_timeout = greeting_timeout

    def submit(self, command: Command, now: float) -> None:
        """Send a command, now or as soon as the rules of RFC 3501, section 5.5, allow it.

        Raises ``error`` when no server is needed to tell that it is illegal.
        """
        try:
            self.check_usable(command.row)
            if self._refused_upgrade is not None and command.tells:
                raise _not_sent(command, self._refused_upgrade)
            starts = not (self.in_progress or self._held) and self._may_start(command)
            if starts:
                self._make_ready(command)
        except error as refusal:
            refusal.is_refusal = True
            raise
        self._note(command)
        command.tag = command.tag or self.new_tag()
        if command.row.ends:
            self._logout_at = now
        if command.idle is not None:
            command.idle.submitted(now)
        if starts:
            self._start(command, now)
            return
        self._held_tags.add(command.tag)
        self._held.append(command)
        self._end_idle(now)
        self._admit(now)

    def frame(self, data: Buffer) -> list[Frame]:
        """Bytes to responses. For the reader only, outside the lock: it is most of the work.

        What it makes of new bytes, and be it nothing, has to go to `receive`: bytes that complete
        no response are a sign of life, too.
        """
        return self._framer.frames_of(data, single=self._upgrading)

    @property
    def may_have_frames(self) -> bool:
        """Whether `frame` may give more without new bytes. For the reader only."""
        return self._upgrading or self._framer.violation is not None

    @property
    def missing(self) -> int:
        """Bytes that the literal in progress lacks. For the reader only, as all of these."""
        return self._framer.missing

    def begun_literal(self) -> bytes:
        """What has come of the literal in progress, for whoever wants to receive the rest."""
        return self._framer.begun_literal()

    def frame_literal(self, literal: bytes) -> list[Frame]:
        """As `frame`: the literal in progress, whole, has been received elsewhere."""
        self._framer.complete_literal(literal)
        return self._framer.frames(single=self._upgrading)

    def receive(self, frames: list[Frame], now: float) -> None:
        """Take responses from the server, in order; violations of the protocol end it all."""
        self._heard = now
        position = 0
        try:
            while position < len(frames) and self.reason is None:
                if self.paused:
                    raise ProtocolViolation("responses behind the OK to an upgrade")
                taken = self._collect_fetches(frames, position) if self._collectors else 0
                if not taken:
                    self._receive(frames[position], now)
                position += taken or 1
        except ProtocolViolation as violation:
            self.fail(violation)
        if self._framer.missing:
            self._advanced = now

    def receive_bytes(self, data: Buffer, now: float) -> None:
        """`frame` and `receive` in one, until all that can be read is read."""
        try:
            frames = self.frame(data)
            self.receive(frames, now)
            while frames and not self.paused and not self.reason:
                frames = self.frame(b"")
                self.receive(frames, now)
        except ProtocolViolation as violation:
            self.fail(violation)

    def take_output(self) -> list[Buffer]:
        """The buffers to send, in order; they are forgotten here."""
        output, self.output = self.output, []
        self._unsent.clear()
        return output

    def put_back(self, unsent: Buffer) -> None:
        """Return what of the output could not be sent: it is the first to be sent next."""
        self.output.insert(0, unsent)

    @property
    def output_size(self) -> int:
        """Bytes that `take_output` would give."""
        return sum(map(len, self.output))

    def progressed(self, now: float) -> None:
        """Bytes of a command have left, or of a literal have come: the server isn't silent."""
        self._heard = self._advanced = now

    def take_events(self) -> list[Event]:
        """What has happened, in order; it is forgotten here."""
        events, self.events = self.events, []
        return events

    def next_deadline(self) -> float | None:
        """When `tick` has something to do, if nothing happens until then."""
        if (
            self.timeout is None
            and self.welcome is not None
            and self._logout_at is None
            and self._idle_in_progress is None
            and self._inquiry is None
            and self._upgraded_by_hand is None
        ):
            return None  # as most of the time: nothing has a deadline
        idle = self._idle_in_progress
        deadlines = [self._silence_deadline(), None if idle is None else idle.deadline]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def tick(self, now: float) -> None:
        """Do what is due: end or renew an IDLE, give up on a silent server."""
        idle = self._idle_in_progress
        if idle is not None:
            self._tick_idle(idle, now)
        deadline = self._silence_deadline()
        if deadline is not None and now >= deadline:
            self.fail(TimeoutAbort(f"timed out: {self._silence_text(now)}"))

    def fail(self, reason: error) -> None:
        """The connection is over; only the first reason counts.

        May be called again, and does then what an exception has kept it from doing before.
        """
        if self._over:
            return
        if self.reason is None:
            self.reason = self._in_context(reason)
        self.state = LOGOUT
        self._idle_in_progress = None
        for container in (
            self.in_progress, self._profiles, self._held, self.output, self._collectors,
            self._unseen,
        ):  # fmt: skip
            container.clear()
        for command in [*self._untold]:
            self._report(self._ended(command, self.reason))
        self.events.append(Lost(self.reason))
        if self.tap is not None:
            self.tap(None)
        self._over = True

    def _ended(self, command: Command, reason: error) -> Completed | Failed:
        """What the end of the connection means to *command*."""
        if not command.row.ends:
            return Failed(command, lost(reason))
        # What it wanted has happened.
        return Completed(command, "OK", [self.bye or str(reason).encode("utf-8", "replace")])

    def _report(self, outcome: Completed | Failed | Greeted) -> None:
        """Have *outcome*, that of a command unless it is the greeting, told to whoever waits."""
        self.events.append(outcome)
        if not isinstance(outcome, Greeted):
            self._forget(outcome.command)

    def _in_context(self, reason: error) -> error:
        if self.welcome is not None:
            oldest = next(iter(self.in_progress.values()), None)
            said = "" if self.closed_on_purpose else self._said_since(oldest)
            return lost(reason, f"{said} ({self.where}, state {self.state})")
        return failed_greeting(reason, f" ({self.where})")

    def _said_since(self, command: Command | None) -> str:
        """What the server has said against us since *command* was sent, for an exception's text."""
        if command is None or self._objection is None or self._objection[0] < command.begun:
            return ""
        return f" (the server said: {self._objection[1]})"

    # -- What users call through the client ---------------------------------------------------

    def check_usable(self, row: Row) -> None:
        """Raise ``error`` when *row* can't be submitted now, whatever the server would say."""
        if self.reason is not None and not (self.logged_out and LOGOUT not in row.states):
            raise lost(self.reason)
        if self._upgraded_by_hand is not None:
            text = "STARTTLS was sent by hand: negotiate TLS, and assign the socket to M.sock"
            raise error(f"{row.name} is not sent in plain text; {text}")
        if self.state not in row.states and not self._may_come_to(row.states):
            raise illegal(row.name, self.state, row.states)
        # Of a mailbox that is being opened, its answer tells whether writing was asked for.
        changing = row.on_ok is not None or self._selecting is not None
        if self.untagged.has("READ-ONLY") and not self.is_readonly and not changing:
            raise readonly("mailbox status changed to READ-ONLY")

    def answer(self, command: Command, response: bytes | None, now: float) -> None:
        """Send the client's side of a SASL exchange, in base64; None cancels the exchange."""
        if command.tag in self.in_progress:
            self._challenged = False
            self.secrets.add_response(response or b"")
            self.output += [response if response is not None else b"*", CRLF]
            self._heard = now
            self._log(">", "[SASL response]")

    def sent_by_hand(self, data: bytes) -> None:
        """The user sends *data* of the command that he has been given room for."""
        if self.logging_in and any(command.by_hand for command in self.in_progress.values()):
            self.secrets.add_sent(data)

    def expect_unseen(self, command: Command) -> None:
        """*command* may be sent, by hand, without us noticing: then its completion tells."""
        self._note(command)
        self._unseen[command.tag] = command
        self._stray_dones += 1  # it may be an IDLE

    def forget_unseen(self, tag: bytes) -> bool:
        """Whether the command with *tag* was one of those; it is no longer."""
        command = self._unseen.pop(tag, None)
        if command is None:
            return False
        self._forget(command)
        return True

    def adopt(self, tag: bytes, name: bytes, now: float) -> None:
        """Wait, as for any command, for the one that was sent unseen with *tag* and *name*.

        Nothing is to be done if it has completed already. Raises ``abort`` behind the end.
        """
        command = self._unseen.pop(tag, None)
        if command is not None:
            if self.reason is not None:
                raise lost(self.reason)
            told = Command.sent_by_hand(tag, tag + b" " + name)
            command.row, command.upgraded_by_hand = told.row, told.upgraded_by_hand
            self._upgrading |= command.upgraded_by_hand
            self._enlist(command, now)

    def upgraded(self, now: float) -> None:
        """The transport is upgraded (RFC 3501, section 6.2.1; RFC 4978): go on."""
        command = next(iter(self.in_progress.values()))
        self.paused = self._upgrading = False
        self._upgraded_by_hand = None
        self._remove(command)
        completed = Completed(command, "OK", [self._upgrade_text])
        if command.row.upgrade is Upgrade.TLS:
            self._refused_upgrade = None
            # Whatever was learnt before TLS, an attacker may have said (RFC 3501, 6.2.1).
            self.forget_capabilities()
            self.untagged.forget()
            self._report_with_capabilities(completed, now)
        else:
            self._report(completed)
        self._admit(now)

    def awaits_socket(self) -> bool:
        """Whether it is the user who upgrades the transport, and hasn't done so yet."""
        return self._upgraded_by_hand is not None and self.reason is None

    def upgraded_by_hand(self, waiter: Waiter, now: float) -> None:
        """As `upgraded`; *waiter* is told once the capabilities behind TLS are known."""
        command = self._upgraded_by_hand
        assert command is not None
        command.waiter = waiter
        self._note(command)
        self.upgraded(now)

    def told(self, command: Command) -> None:
        """The callback of *command* is called: its user learns how it has ended."""
        if command is self._refused_upgrade:
            self._refused_upgrade = None

    def forget_capabilities(self) -> None:
        """What the server told of its capabilities no longer holds."""
        self.capabilities = ()
        self._capabilities_told = False

    @property
    def is_polled(self) -> bool:
        """Whether the user reads the news of an IDLE by himself, as soon as he asks for it."""
        idle = self._idle_in_progress
        return idle is not None and idle.is_polled

    def stop_polling(self) -> None:
        """The user reads the news of an IDLE by himself no longer."""
        idle = self._idle_in_progress
        if idle is not None:
            idle.polled = False

    def end_idle(self, command: Command, now: float) -> None:
        """End the IDLE *command*, if it isn't over already."""
        if command.idle is not None and command in self._held:
            command.idle.wanted_back(now)
        elif command.tag in self.in_progress:
            self._end_idle(now)

    def give_up(self, command: Command, now: float) -> None:
        """Nobody waits for *command* any more: take it back, or see that it holds up nobody."""
        if command in self._held:
            position = self._held.index(command)
            del self._held[position]
            self._take_back_dependents(command, position)
            self._forget(command)
            if command.row.ends:
                self._logout_at = None
            self._admit(now)
        elif command.tag not in self.in_progress:
            return
        elif command.by_hand:  # nothing of it was sent
            self._remove(command)
            self._forget(command)
            self._admit(now)
        elif command.row.plus is Plus.SASL or command.row.upgrade is not Upgrade.NONE:
            self.fail(abort(f"{command.row.name} was interrupted"))
        elif command.idle is not None:
            self._end_idle(now)

    def end_of_file(self) -> None:
        """The server has closed the connection."""
        if self.logged_out:
            return self.close(logged_out=True)
        text = "socket error: EOF: the server closed the connection"
        if self.welcome is None:
            text += f" before its greeting{self.hint}"
        return self.fail(abort(text))

    def close(self, *, logged_out: bool) -> None:
        """The user ends the connection: what is pending fails."""
        self.logged_out |= logged_out
        self.closed_on_purpose |= self.reason is None
        by = "logout()" if logged_out else "shutdown()"
        self.fail(abort(f"the connection was closed by {by}"))

    def new_tag(self) -> bytes:
        """A tag that was not used before."""
        self._tags += 1
        return self.tag_prefix + b"%d" % self._tags

    # -- Admission ----------------------------------------------------------------------------

    def _note(self, command: Command) -> None:
        """*command* is among those whose outcome is yet to be told."""
        self._untold[command] = None
        if command.row.on_ok is not None:
            self._leading[command.row.on_ok] += 1

    def _forget(self, command: Command) -> None:
        """Nobody is to be told any more how *command* ends."""
        if command in self._untold:
            del self._untold[command]
            self._held_tags.discard(command.tag)
            if command.row.on_ok is not None:
                self._leading[command.row.on_ok] -= 1

    def _may_come_to(self, states: tuple[str, ...]) -> bool:
        """Whether a command before may lead to one of *states*."""
        return any(self._leading[state] > 0 for state in states)

    @property
    def _alone(self) -> Iterable[Command]:
        """What is in progress, if one is that runs by itself: else there may be thousands."""
        alone = any(profile.alone for profile in self._profiles)
        return self.in_progress.values() if alone else ()

    def _admit(self, now: float) -> None:
        while self._held and self._may_start(self._held[0]):
            command = self._held.popleft()
            try:
                self._make_ready(command)
            except error as problem:
                self._report(Failed(command, problem))
                self._take_back_dependents(command)
                continue
            self._start(command, now)

    def _make_ready(self, command: Command) -> None:
        """Raise ``error`` when *command* can't be sent as things are now, behind all before it."""
        row = command.row
        if self.state not in row.states:
            raise illegal(row.name, self.state, row.states)
        if row.forbidden_by is not None and row.forbidden_by in self.capabilities:
            raise _forbidden(row)
        if command.utf8_form is not None and self.utf8_enabled:
            command.encode_anew()

    def _take_back_dependents(self, command: Command, position: int = 0) -> None:
        """*command* has failed: don't send what was issued for what it was to bring.

        That is, among the commands held from *position* on: behind STARTTLS, what would tell
        something in plain text; behind SELECT, what is meant for the mailbox that isn't there.
        """
        selects = command.row.on_ok == SELECTED
        if command.row.upgrade is Upgrade.TLS:
            self._refused_upgrade = command if command.calls_back else None
        elif not selects:
            return
        kept: deque[Command] = deque()
        for number, other in enumerate(self._held):
            if selects and number >= position and other.row.on_ok == SELECTED:
                position = len(self._held)  # what follows is meant for that one's mailbox
            depends = other.needs_mailbox if selects else other.tells
            if number >= position and depends:
                self._report(Failed(other, _not_sent(other, command)))
            else:
                kept.append(other)
        self._held = kept

    def _may_start(self, command: Command) -> bool:
        if self._sending is not None or self.paused or self.welcome is None:
            return False
        if not self.in_progress:
            return True
        if any(self._conflict(command, other) for other in self._profiles):
            return False
        if any(type_ in self._collectors for type_ in command.brings):
            return False
        if self._brought and not self._brought.keys().isdisjoint(command.row.collects):
            return False
        claim = command.claim
        if self.utf8_enabled and isinstance(command.utf8_form, Command):
            claim = command.utf8_form.claim
        # Dovecot runs pipelined commands and sends their tagged responses together, at last.
        return not any(
            self._collectors[type_].conflicts(claim)
            for type_ in command.row.collects
            if type_ in self._collectors
        )

    def _conflict(self, command: Command, other: Profile) -> bool:
        """Whether *command* has to wait for one like *other* (RFC 3501, section 5.5)."""
        if command.row.alone or other.alone:
            return True
        # An EXPUNGE may change what its message numbers mean.
        return command.numbers and other.expunges and self.state == SELECTED

    def _start(self, command: Command, now: float) -> None:
        row = command.row
        self._held_tags.discard(command.tag)
        if row.ends:
            self._logout_at = now
        self._enlist(command, now)
        if command.idle is not None:
            self._idle_in_progress = command.idle
            self._stray_dones += 1
            command.idle.begun(now)
            if command.idle.capture is None:  # what is there after it is to be news
                self.untagged.drop_shown()
            if self._held:  # others wait for its end already
                command.idle.wanted_back(now)
        for type_ in row.collects:
            collectors = self._collectors.setdefault(type_, Collectors())
            # imaplib's raw commands leave all there is to whoever called them.
            collectors.add(command, command.claim, takes_all=command.leaves_data)
        if command.brings:
            self._brought.update(command.brings)
        if row.on_ok == SELECTED:
            self._selecting = command
            command.shown = []
            self.untagged.forget()
        if row.logs_in:
            self._capabilities_told = False
        self._upgrading = row.upgrade is not Upgrade.NONE
        self.untagged.drop_statuses()
        if command.by_hand:
            self._log(">", f"{command.tag.decode('ascii', 'replace')} {row.name} ...")
            self.events.append(RoomMade(command))
            return
        self._unsent.add(command.tag)
        parts: list[Any] = [command.tag + b" ", *command.parts, CRLF]
        try:
            line = b"".join(parts)  # if it holds no literal and no secret
        except TypeError:
            command.runs = deque(lay_out(parts, self._may_send_at_once))
            self._log(">", display(parts))
            self._send_run(command)
        else:
            self._log(">", line)
            self.output.append(line)

    def _enlist(self, command: Command, now: float) -> None:
        """*command* is in progress from now on."""
        if not self.in_progress:
            self._heard = now  # waiting begins: what came before doesn't count
        self.in_progress[command.tag] = command
        self._begun += 1
        command.begun = self._begun
        row = command.row
        if row.holds_password:
            self.secrets.begin(command.parts)
            self.logging_in = True
            self._challenges = 0
        self._profiles[row.profile] = self._profiles.get(row.profile, 0) + 1

    def _may_send_at_once(self, size: int) -> bool:
        """Whether a literal of *size* may be non-synchronizing (RFC 7888)."""
        if "LITERAL+" in self.capabilities:
            return True
        return size <= LITERAL_MINUS_SIZE and "LITERAL-" in self.capabilities

    def _remove(self, command: Command) -> None:
        """*command* is in progress no longer."""
        del self.in_progress[command.tag]
        self.logging_in = False
        if command.row.ends:
            self._logout_at = None
        self._idle_in_progress = None  # it runs alone
        for type_ in command.row.collects:
            collectors = self._collectors[type_]
            collectors.remove(command)
            if not collectors:
                del self._collectors[type_]
        for type_ in command.brings:
            self._brought[type_] -= 1
            if not self._brought[type_]:
                del self._brought[type_]
        if command is self._selecting:
            self._selecting = None
        self._collected -= command.collected
        profile = command.row.profile
        self._profiles[profile] -= 1
        if not self._profiles[profile]:
            del self._profiles[profile]

    def _send_run(self, command: Command) -> None:
        self.output.extend(command.runs.popleft())
        self._unsent.add(command.tag)  # again, if it was taken before
        self._sending = command if command.runs else None

    # -- Responses ----------------------------------------------------------------------------

    def _receive(self, frame: Frame, now: float) -> None:
        self._log("<", frame)
        if self.logging_in:
            frame = self.secrets.hide(frame)
        if self.tap is not None:
            self.tap(frame)
        if self.welcome is None:
            return self._greeting(frame, now)
        try:
            response = parse(frame)
        except ProtocolViolation:
            raise self._unexpected("response", frame) from None
        if isinstance(response, Tagged):
            self._tagged(response, frame, now)
        elif isinstance(response, Untagged):
            self._untagged(response, now)
        else:
            self._continuation(response, now)
        return None

    def _unexpected(self, what: str, frame: Frame) -> ProtocolViolation:
        shown = excerpt(self.secrets.hidden(first_line(frame)))
        return ProtocolViolation(f"unexpected {what}: {shown}")

    def _greeting(self, frame: Frame, now: float) -> None:
        first = first_line(frame)
        response = parse(frame) if first.startswith(b"* ") else None
        if not isinstance(response, Untagged) or response.type not in ("OK", "PREAUTH", "BYE"):
            shown = f"invalid greeting: {repr(first[:200])[2:-1]}"
            self.refusal = shown if isinstance(response, Untagged) else None
            raise ProtocolViolation(shown)
        self.welcome = first
        if response.type == "BYE":
            return self._untagged(response, now)
        self.state = AUTH if response.type == "PREAUTH" else NONAUTH
        text = untagged_text(response.data)
        self.untagged.add(response.type, [text])
        code = response_code(text)
        if code and code.type == "CAPABILITY":
            self._learn_capabilities(code.data)
        elif code:
            self._response_code(code)
        self._report_with_capabilities(Greeted(), now)
        self._admit(now)
        return None

    def _untagged(self, response: Untagged, now: float) -> None:
        type_, data = response
        collectors = self._collectors.get(type_)
        if collectors is not None and self._collect(collectors, type_, data):
            return
        if type_ in _RENUMBERING and "FETCH" in self._collectors:
            self._collectors["FETCH"].renumber()
        idle = self._idle_in_progress
        if idle is not None and idle.capture is not None:
            idle.capture(type_, _items(data))
        else:
            self.store(response)
            if self._selecting is not None and type_ == self._selecting.row.shows:
                self._selecting.shown += [
                    item for item in _items(data) if size_of([item]) <= _SHOWN_SIZE
                ]
                del self._selecting.shown[:-_SHOWN]
        if type_ in STATUS_TYPES:
            self._status(type_, untagged_text(data))
        elif type_ == "CAPABILITY" and isinstance(data, bytes):
            self._learn_capabilities(data)
        elif type_ == "ENABLED" and isinstance(data, bytes):
            self._note_enabled(data)
        if idle is not None and idle.capture is None and type_ != "OK":
            self._end_idle(now)
        return

    def store(self, response: Untagged) -> None:
        """Put a response where users find it."""
        type_, data = response
        text = type_ in STATUS_TYPES
        self.untagged.add(type_, [untagged_text(data)] if text else _items(data))

    def _status(self, type_: str, text: bytes) -> None:
        if type_ == "BYE":
            self._bye(text)
            return
        if type_ in ("NO", "BAD"):
            said = self.secrets.hidden_with_code(text)[:_OBJECTION_SIZE]
            self._objection = self._begun, f"{type_} {printable(said)}"
        code = response_code(text)
        if code is not None:
            self._response_code(code)

    def _response_code(self, code: ResponseCode) -> None:
        self.untagged.add(code.type, [code.data])
        if code.type == "CAPABILITY":
            self._learn_capabilities(code.data)
        elif code.type == "READ-WRITE":
            self.untagged.take("READ-ONLY")

    def _bye(self, text: bytes) -> None:
        self.bye = text
        if any(command.row.ends for command in self._alone):
            return
        shown = printable(self.secrets.hidden_with_code(text))
        self.fail(abort(f"server said BYE: {shown}"))

    def _collect(self, collectors: Collectors[Command], type_: str, data: Data) -> bool:
        """Give *data* to the command that has asked for it; false when surely none has."""
        owner = collectors.owner(data)
        if owner is None:
            return False
        self._give(owner, type_, _items(data), 1)
        if type_ == "CAPABILITY" and isinstance(data, bytes):
            self._learn_capabilities(data)
        return True

    def _collect_fetches(self, frames: list[Frame], start: int) -> int:
        """Take the FETCH responses at *start* of *frames* in one go, if that can be.

        Their number; 0 when `_receive` has to look at each.
        """
        collectors = self._collectors.get("FETCH")
        if collectors is None or self.logging_in or self.tap is not None:
            return 0
        untagged = first_line(frames[start])[:2] == b"* "
        only = collectors.only if untagged else None
        if only is None:
            return 0
        command, asked = only
        count, data = fetch_data(frames, start, *asked)
        if count:
            if self.traffic is not None:
                self.traffic.append(("<", Batch(frames[start : start + count])))
            self._give(command, "FETCH", data, count)
        return count

    def _give(self, command: Command, type_: str, data: list[Any], responses: int) -> None:
        """*data*, which came in so many *responses*, is that of *command*."""
        known = command.data.get(type_)
        if known is None:
            command.data[type_] = data
        else:
            known += data
        self._advanced = self._heard
        command.collected += responses
        self._collected += responses
        if self._collected > self.limits.collected:
            raise ProtocolViolation(
                f"more than {self.limits.collected} responses to one command (limits.collected)"
            )

    def _continuation(self, response: Continuation, now: float) -> None:
        if self._sending is not None:
            self._advanced = now
            self._send_run(self._sending)
            self._admit(now)
            return
        for command in self._alone:
            if command.row.plus is Plus.SASL:
                if self._challenged:  # else it could ask, and make us remember, without end
                    raise ProtocolViolation("a challenge before the answer to the one before it")
                self._challenges += 1
                if self._challenges > _CHALLENGES:
                    raise ProtocolViolation(f"more than {_CHALLENGES} challenges to a login")
                self._challenged = True
                self.secrets.add_challenge(response.text)
                self.events.append(Challenge(command, response.text))
                return
            if command.row.plus is Plus.IDLE and command.idle and command.idle.awaits_agreement:
                self.events.append(Idling(command))
                if command.idle.agreed(now):
                    self._send_done(now)
                return
        # A stray "+" has no meaning; it stands in the trace.

    def _tagged(self, response: Tagged, frame: Frame, now: float) -> None:
        command = self.in_progress.get(response.tag)
        if command is None and response.tag in self.reserved_tags:
            self._complete_unseen(response)
            return
        if command is None and self._is_harmless(response.tag):
            return
        if command is None or response.tag in self._unsent:
            raise self._unexpected("tagged response", frame)
        self._challenged = False
        self._advanced = now
        code = response_code(response.text)
        if code is not None:
            self._response_code(code)
        if self.logging_in and response.type != "OK":  # it becomes the text of an exception
            response = response._replace(text=self.secrets.hidden_with_code(response.text))
        if self._sending is command:
            if response.type == "OK":
                raise ProtocolViolation(
                    f"{command.row.name} completed before it was sent: {excerpt(response.text)}"
                )
            self._sending = None  # refused: what is left of it must not be sent
        if command.idle is not None:
            self._take_back_done(command.idle)
        if response.type != "OK":
            self._upgrading = False
        if response.type == "OK" and command.row.upgrade is not Upgrade.NONE:
            self._upgrade_text = response.text
            self.paused = True
            self._pause(command, now)
            return
        if self._renews(command, response, now):
            return
        self._remove(command)
        self._complete(command, response, now)
        if response.type != "OK":
            self._take_back_dependents(command)
        self._admit(now)

    def _complete_unseen(self, response: Tagged) -> None:
        command = self._unseen.pop(response.tag, None)
        if command is not None:
            self._report(Completed(command, response.type, [response.text]))

    def _is_harmless(self, tag: bytes) -> bool:
        """Whether a completion of *tag*, which is not in progress, may be ignored.

        It repeats one, as some proxies do; or it answers to a DONE that has crossed with the end
        of an IDLE, and so was a command. One of a tag that is yet to be used may not.
        """
        if tag.upper() == b"DONE" and self._stray_dones:
            self._stray_dones -= 1
            return True
        number = tag[len(self.tag_prefix) :]
        if not number.isdigit() or len(number) > len(b"%d" % self._tags):
            return False
        was_given = tag == self.tag_prefix + b"%d" % int(number) and 1 <= int(number) <= self._tags
        return was_given and tag not in self._held_tags

    def _pause(self, command: Command, now: float) -> None:
        unread = self._framer.unread()
        if unread and command.row.upgrade is Upgrade.TLS:
            raise ProtocolViolation(
                f"plaintext behind the OK to STARTTLS, an attack: {excerpt(unread)}"
            )
        self.events.append(UpgradeNow(command, unread))
        if command.upgraded_by_hand:
            self._upgraded_by_hand, self._upgrade_at = command, now
            self._report(Completed(command, "OK", [self._upgrade_text]))

    # -- Completion ---------------------------------------------------------------------------

    def _complete(self, command: Command, response: Tagged, now: float) -> None:
        row, type_, text = command.row, response.type, response.text
        data = self._outcome(command, type_, text)
        if command.idle is not None and command.idle.capture is not None:
            command.idle.earlier = self.untagged.mark()
        if command.then is not None:
            self._inquiry = None
            self._report(command.then)
            return
        if type_ == "OK" and row.on_ok is not None:
            self._enter(row.on_ok, command)
        if type_ != "OK" and row.on_refusal is not None:
            self._enter(row.on_refusal, None)
        if type_ == "OK" and row.enables:
            self._enabled(command)
        if type_ == "BAD" and not command.as_it_came:
            name = row.name.partition(" ")[0]  # of UID FETCH, imaplib says UID
            problem = error(f"{name} command error: BAD {[text]}{self._said_since(command)}")
            self._report(Failed(command, problem))
            return
        selected = type_ == "OK" and row.asks_to_write and not command.leaves_data
        if selected and self.untagged.has("READ-ONLY"):
            problem = readonly(f"{printable(command.subject)} is not writable")
            self._report(Failed(command, problem))
            return
        completed = Completed(command, type_, data)
        if type_ == "OK" and row.logs_in:
            self._report_with_capabilities(completed, now)
        else:
            self._report(completed)

    def answered_elsewhere(self, command: Command, type_: str) -> None:
        """*command* was answered without our seeing it, in somebody else's way."""
        row = command.row
        state = row.on_ok if type_ == "OK" else row.on_refusal
        if state is not None and state != LOGOUT:
            self._enter(state, command)
        if type_ == "OK" and row.enables:
            names = b" ".join(self.untagged.data_of("ENABLED"))
            command.enables_utf8 = UTF8_ACCEPT.search(names) is not None if names else None
            self._enabled(command)

    def _enabled(self, command: Command) -> None:
        """What is on from now on is what the server has listed (RFC 5161, section 3.1).

        Of one that has listed nothing, which it must not, the capability tells: Dovecot and Cyrus
        say OK to what they don't have.
        """
        enables = command.enables_utf8
        if enables is None and "UTF8=ACCEPT" in self.capabilities:
            asked = command.subject.encode("ascii", "replace")
            enables = UTF8_ACCEPT.search(asked) is not None
        if enables:
            self.utf8_enabled = True

    def _note_enabled(self, names: bytes) -> None:
        for command in self._alone:
            if command.row.enables:
                command.enables_utf8 = bool(command.enables_utf8 or UTF8_ACCEPT.search(names))

    def _enter(self, state: str, command: Command | None) -> None:
        self.state = state
        if state == LOGOUT:
            self.closed_on_purpose = self.logged_out = True
        if state != SELECTED:
            self.untagged.take("READ-ONLY")
        selected = command if state == SELECTED else None
        self.mailbox = selected.subject if selected is not None else None
        self.is_readonly = selected is not None and selected.row.reads_only

    def _outcome(self, command: Command, type_: str, text: bytes) -> list[Any]:
        """What the command returns: its own data, or the text of its tagged response."""
        row, data = command.row, command.data
        if command.leaves_data or type_ != "OK":
            for name, items in data.items():
                self.untagged.add_awaited(name, items)
            apart = len(row.collects) > 1 and not command.leaves_data
            return [[text] for _ in row.collects] if apart else [text]
        if row.shows:
            self.untagged.show(row.shows)
            return command.shown or [None]
        if len(row.collects) > 1:
            return [data.get(name, [None]) for name in row.collects]
        if row.joined_by is not None:
            return _joined(data.get(row.collects[0], [None]), row.joined_by)
        return data.get(row.collects[0], [None]) if row.collects else [text]

    # -- Capabilities -------------------------------------------------------------------------

    def _learn_capabilities(self, text: bytes) -> None:
        if len(text) > _CAPABILITIES_SIZE:  # a str each would take twenty times the server's bytes
            text = text[:_CAPABILITIES_SIZE].rpartition(b" ")[0]
        # Domino says "LITERAL +" (MailKit).
        text = text.upper().replace(b"LITERAL +", b"LITERAL+")
        names = text.decode("ascii", "replace").split()
        # By what is no such list, sohu.com means NAMESPACE (MailKit#2006).
        if not (self.capabilities and _REVISIONS.isdisjoint(names)):
            self.capabilities = tuple(names)
        self._capabilities_told = True

    def _report_with_capabilities(self, then: Completed | Greeted, now: float) -> None:
        """Report *then*, but ask for the capabilities first unless the server has told them."""
        if self._capabilities_told:
            self._report(then)
        else:
            row = COMMANDS["CAPABILITY"]
            self._inquiry = Command(row, [b"CAPABILITY"], tag=self.new_tag(), then=then)
            self._inquiry_at = now
            self._start(self._inquiry, now)

    # -- IDLE ---------------------------------------------------------------------------------

    def _end_idle(self, now: float) -> None:
        idle = self._idle_in_progress
        if idle is None or idle.is_wanted_back:
            return
        self._heard = now  # from here on, an answer is due
        if idle.wanted_back(now):
            self._send_done(now)

    def _send_done(self, now: float) -> None:
        self.output.append(_DONE)
        self._heard = now
        self._log(">", "DONE")

    def _take_back_done(self, idle: Idle) -> None:
        """The server has ended *idle*: to a DONE that is not on its way yet, it would object."""
        if idle.has_done and self.output[-1:] == [_DONE]:
            self.output.pop()
            self._log(">", "DONE was not sent: the IDLE is over")

    def _tick_idle(self, idle: Idle, now: float) -> None:
        if idle.is_over(now):
            if idle.capture is None:
                self.untagged.add("IDLE", [b"TIMEOUT"])
            self._end_idle(now)
        elif idle.is_to_be_renewed(now) and idle.renewal_due(now):
            self._send_done(now)

    def _renews(self, command: Command, response: Tagged, now: float) -> bool:
        idle = command.idle
        if idle is None or response.type != "OK" or not idle.renewed(now):
            return False
        self._remove(command)
        command.tag = self.new_tag()
        self._start(command, now)
        return True

    # -- Silence ------------------------------------------------------------------------------

    def _silence_deadline(self) -> float | None:
        """When a silent server is given up."""
        if self.reason is not None:
            return None
        bounds: list[tuple[float, float | None]] = []  # from when, how long
        idle = self._idle_in_progress
        if self._challenged or self.paused:
            pass  # it is not the server who is waited for
        elif self.welcome is None:
            bounds.append((self._started, self._greeting_timeout))
        elif self.in_progress and not (idle is not None and idle.is_idling):
            bounds.append((self._heard, self.timeout))
        if self._upgraded_by_hand is not None and self._held:
            bounds.append((self._upgrade_at, _SOCKET_TIMEOUT))
        if self._inquiry is not None:
            bounds.append((self._inquiry_at, self._greeting_timeout))
        if idle is not None and idle.owes_since is not None:
            bounds.append((idle.owes_since, self.done_timeout))  # whatever else it says
        if self._logout_at is not None:
            # Answers to commands before it are waited for, whatever else the server says is not:
            # it could say that it is still here, or go on with a line, for ever.
            answering = any(command.row.on_ok != LOGOUT for command in self.in_progress.values())
            since = self._advanced if answering and idle is None else self._logout_at
            bounds.append((max(since, self._logout_at), self.logout_timeout))
        return min((since + span for since, span in bounds if span is not None), default=None)

    def _silence_text(self, now: float) -> str:
        names = ", ".join(command.row.name for command in self.in_progress.values())
        waiting = f"waiting for the reply to {names[:100]}"
        if self._upgraded_by_hand is not None:
            waiting = "waiting for the encrypted socket behind a STARTTLS by hand"
        if self.welcome is None:
            waiting = f"waiting for the greeting{self.hint}"
        return f"no answer from the server for {now - self._heard:.1f} s, {waiting}"

    # -- Traffic ------------------------------------------------------------------------------

    def _log(self, direction: str, text: Any) -> None:
        if self.traffic is None:
            return
        if direction == "<" and text[:1] == b"+" and self._in_sasl():
            text = "+ [SASL challenge]"
        self.traffic.append((direction, text))

    def _in_sasl(self) -> bool:
        return any(command.row.plus is Plus.SASL or command.by_hand for command in self._alone)


def _not_sent(command: Command, failed: Command) -> error:
    """The ``error`` for *command*, which relies on one that has *failed*."""
    what = failed.row.name
    if failed.row.on_ok == SELECTED:
        what += f" {failed.subject!r:.1000}"
    return error(f"{command.row.name} was not sent: {what} before it has failed")


def _forbidden(row: Row) -> error:
    return error(
        f"{row.name} was not sent: the server forbids it ({row.forbidden_by}). Encrypt the "
        "connection before, by starttls() or IMAP4_SSL, or use authenticate()"
    )


def _items(data: Data) -> list[Any]:
    return [data] if isinstance(data, bytes) else list(data)


def _joined(items: list[Any], separator: bytes) -> list[Any]:
    """*items* of several responses as one, if they are lines: some servers begin a new one."""
    if len(items) < 2 or not all(isinstance(item, bytes) for item in items):
        return items
    return [separator.join(filter(None, items))]
