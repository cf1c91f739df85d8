"""An IMAP connection without I/O: one step, from a response to whose it is and what follows.

No threads, no clock: `submit` commands, `receive` bytes, `tick` when `next_deadline` has come;
after each of these send what `take_output` gives and act on what `take_events` gives. A driver
with threads guards all of it with one lock, but for the methods that only its reader calls.

    submit --> held --> in progress --(tagged response)--> Completed
                            |  "+" releases the next run of the command, or asks (Challenge)

A command in progress collects the untagged data of its types. Data that nobody collects goes to
``untagged``, where users find it.

The state has parts, which are asked and answer, and know nothing of each other: the commands
(`InProgress`), what users read (`Session`), what is to be sent (`Output`), how long a server may
be silent (`Patience`), a login (`Exchange`), an upgrade (`Upgrading`), what users send by hand
(`ByHand`). Here is what concerns several of them.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from .._errors import TimeoutAbort, abort, error, failed_greeting, lost, printable, readonly
from .arguments import Buffer, display, lay_out
from .by_hand import ByHand
from .collecting import outcome
from .command import Command, Waiter
from .commands import COMMANDS, Plus, Row, Upgrade
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
from .exchange import Exchange
from .framing import Batch, Frame, Framer, first_line
from .grammar import CRLF
from .idling import Idle
from .in_progress import InProgress
from .limits import Limits, ProtocolViolation, excerpt
from .output import Output
from .patience import Awaited, Patience, Waiting
from .refusals import forbidden, in_plain_text, not_sent
from .responses import (
    STATUS_TYPES,
    Continuation,
    Tagged,
    Untagged,
    fetch_data,
    items_of,
    parse,
    response_code,
    untagged_text,
)
from .secrets import Secrets
from .session import Session
from .states import LOGOUT, illegal
from .tags import Tags
from .untagged import UntaggedResponses, size_of
from .upgrading import Upgrading

#: What may be wrong when no greeting comes.
_TLS_HINT = "; is one side using TLS and the other not?"
#: What a mailbox tells of its size while it is selected: the last few will do, of a number's size.
_SHOWN = 100
_SHOWN_SIZE = 1000
_DONE = b"DONE\r\n"


def _of(path: str) -> Any:
    """A property: what *path* leads to, the attribute of a part. Reading it is no Python call."""
    part, _, name = path.rpartition(".")
    part_of = attrgetter(part)

    def put(connection: Connection, value: Any) -> None:
        setattr(part_of(connection), name, value)

    return property(attrgetter(path), put)


class Connection:
    """One connection's state; see the module for how to drive it.

    Where nothing else is said, a method is for any thread of the driver, under its lock. What it
    raises but ``error``, of `submit`, `check_usable` and `adopt`, leaves the state half-way: call
    `fail` next.
    """

    # -- What is asked of parts ---------------------------------------------------------------

    # May be set, as users of ``imaplib`` do.
    state: str = _of("_session.state")
    capabilities: tuple[str, ...] = _of("_session.capabilities")
    untagged: UntaggedResponses = _of("_session.untagged")
    welcome: bytes | None = _of("_session.welcome")
    mailbox: str | None = _of("_session.mailbox")
    is_readonly: bool = _of("_session.is_readonly")
    utf8_enabled: bool = _of("_session.utf8_enabled")
    # For the driver and the client to set.
    timeout: float | None = _of("_patience.timeout")
    done_timeout: float = _of("_patience.done_timeout")
    logout_timeout: float = _of("_patience.logout_timeout")
    tap: Callable[[Frame | None], None] | None = _of("_by_hand.tap")
    # For reading.
    bye: bytes | None = _of("_session.bye")
    refusal: str | None = _of("_session.refusal")
    closed_on_purpose: bool = _of("_session.closed_on_purpose")
    logged_out: bool = _of("_session.logged_out")
    in_progress: dict[bytes, Command] = _of("_running.commands")
    held: Any = _of("_running.held")
    idle: Idle | None = _of("_running.idle")
    secrets: Secrets = _of("_exchange.secrets")
    logging_in: bool = _of("_exchange.logging_in")
    paused: bool = _of("_upgrading.paused")
    reserved_tags: set[bytes] = _of("_by_hand.reserved_tags")
    output: list[Buffer] = _of("_out.buffers")
    output_size: int = _of("_out.size")
    tag_prefix: bytes = _of("_tags.prefix")
    missing: int = _of("_framer.missing")
    # Methods, which are described there.
    take_output: Callable[[], list[Buffer]] = _of("_out.take")
    put_back: Callable[[Buffer], None] = _of("_out.put_back")
    begun_literal: Callable[[], bytes] = _of("_framer.begun_literal")
    new_tag: Callable[[], bytes] = _of("_tags.new")
    store: Callable[[Untagged], None] = _of("_session.store")
    answered_elsewhere: Callable[[Command, str], None] = _of("_session.answered_elsewhere")
    told: Callable[[Command], None] = _of("_upgrading.told")

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
        #: Host and port, for the texts of exceptions.
        self.where = where
        #: Follows the news that no greeting has come.
        self.hint = _TLS_HINT
        #: Why the connection is over; None while it isn't.
        self.reason: error | None = None
        #: Traffic for the trace, as (direction, text); None while nobody wants it.
        self.traffic: list[tuple[str, Any]] | None = None
        #: What has happened, in order. The driver puts an empty list here once it has noted it.
        self.events: list[Event] = []
        self._session = Session(self.limits)
        self._running = InProgress(self.limits)
        self._out = Output()
        self._patience = Patience(timeout, done_timeout, logout_timeout)
        self._exchange = Exchange()
        self._upgrading = Upgrading()
        self._by_hand = ByHand()
        self._tags = Tags(tag_prefix)
        self._framer = Framer(self.limits)
        self._is_over = False  # `fail` has done all that it has to do

    # -- Driving ------------------------------------------------------------------------------

    def start(self, now: float, greeting_timeout: float | None) -> None:
        """The transport is connected: wait for the greeting. Next, `receive` it."""
        self._patience.start(now, greeting_timeout)

    def submit(self, command: Command, now: float) -> None:
        """Send *command*, now or as soon as the rules of RFC 3501, section 5.5, allow it.

        For threads of the user. Raises ``error``, whose ``is_refusal`` is set, when no server is
        needed to tell that it is illegal; nothing has changed then. Else its outcome will be among
        the events. Next: `take_output`.
        """
        running = self._running
        try:
            self.check_usable(command.row)
            if self._upgrading.refused is not None and command.tells:
                raise not_sent(command, self._upgrading.refused)
            starts = not (running.commands or running.held) and self._may_start(command)
            if starts:
                self._make_ready(command)
        except error as refusal:
            refusal.is_refusal = True
            raise
        running.note(command)
        command.tag = command.tag or self._tags.new()
        if command.row.ends:
            self._patience.begin(Awaited.LOGOUT, now)
        if command.idle is not None:
            command.idle.submitted(now)
        if starts:
            self._start(command, now)
            return
        running.hold(command)
        self._end_idle(now)
        self._admit(now)

    def frame(self, data: Buffer) -> list[Frame]:
        """Bytes to responses. For the reader only, outside the lock: it is most of the work.

        Next: `receive` them, also if there are none: bytes that complete no response are a sign of
        life, too. And call this again, without bytes, if `may_have_frames` was true before.
        """
        return self._framer.frames_of(data, single=self._upgrading.singly)

    @property
    def may_have_frames(self) -> bool:
        """Whether `frame` may give more without new bytes. For the reader only."""
        return self._upgrading.singly or self._framer.violation is not None

    def frame_literal(self, literal: bytes) -> list[Frame]:
        """As `frame`: the literal in progress, whole, was received elsewhere. For the reader."""
        self._framer.complete_literal(literal)
        return self._framer.frames(single=self._upgrading.singly)

    def receive(self, frames: list[Frame], now: float) -> None:
        """Take responses from the server, in order; violations of the protocol end it all.

        For the reader. Next: `take_events`, and while ``paused``, no `frame`.
        """
        patience, collected_types = self._patience, self._running.collecting.by_type
        patience.heard = now
        position = 0
        try:
            while position < len(frames) and self.reason is None:
                if self._upgrading.paused:
                    raise ProtocolViolation("responses behind the OK to an upgrade")
                frame = frames[position]
                taken = 0
                if collected_types and (type(frame) is list or frame[:2] == b"* "):
                    taken = self._collect_fetches(frames, position)
                if not taken:
                    self._receive(frame, now)
                position += taken or 1
        except ProtocolViolation as violation:
            self.fail(violation)
        if self._framer.missing:
            patience.advanced = now

    def receive_bytes(self, data: Buffer, now: float) -> None:
        """`frame` and `receive` in one, until all that can be read is read. For one thread."""
        try:
            frames = self.frame(data)
            self.receive(frames, now)
            while frames and not self.paused and not self.reason:
                frames = self.frame(b"")
                self.receive(frames, now)
        except ProtocolViolation as violation:
            self.fail(violation)

    def progressed(self, now: float) -> None:
        """Bytes of a command have left, or of a literal have come: the server isn't silent.

        For the thread that has seen it. Next: `next_deadline`, which is another.
        """
        self._patience.heard = self._patience.advanced = now

    def take_events(self) -> list[Event]:
        """What has happened, in order; it is forgotten here. Each type says what to do next."""
        events, self.events = self.events, []
        return events

    def next_deadline(self) -> float | None:
        """When `tick` is to be called, if nothing else is before; None: never."""
        patience, idle = self._patience, self._running.idle
        if patience.timeout is None and idle is None and not patience.awaited:
            return None  # as most of the time: nothing has a deadline
        deadline = self._silence_deadline()
        if idle is None or idle.deadline is None:
            return deadline
        return idle.deadline if deadline is None else min(deadline, idle.deadline)

    def tick(self, now: float) -> None:
        """Do what is due: end or renew an IDLE, give up on a silent server.

        For the thread that keeps the time. Next: `take_output`, and `take_events`.
        """
        idle = self._running.idle
        if idle is not None:
            self._tick_idle(idle, now)
        deadline = self._silence_deadline()
        if deadline is not None and now >= deadline:
            names = ", ".join(command.row.name for command in self._running.commands.values())
            self.fail(TimeoutAbort(f"timed out: {self._patience.text(now, names, self.hint)}"))

    def _silence_deadline(self) -> float | None:
        """When a silent server is given up."""
        running, idle = self._running, self._running.idle
        if self.reason is not None:
            return None
        is_our_move = self._exchange.awaits_answer or self._upgrading.paused
        is_idling = idle is not None and idle.is_idling
        awaited = self._patience.awaited
        return self._patience.deadline(
            Waiting(
                for_reply=bool(running.commands) and not (is_our_move or is_idling),
                before_logout=Awaited.LOGOUT in awaited and idle is None and self._is_answering(),
                behind_socket=bool(running.held),
                done_since=None if idle is None else idle.owes_since,
            )
        )

    def _is_answering(self) -> bool:
        """Whether the server answers commands that aren't LOGOUT."""
        return any(command.row.on_ok != LOGOUT for command in self._running.commands.values())

    # -- The end ------------------------------------------------------------------------------

    def fail(self, reason: error) -> None:
        """The connection is over; only the first reason counts. Next: `take_events`.

        May be called again, and does then what an exception has kept it from doing before.
        """
        if self._is_over:
            return
        if self.reason is None:
            self.reason = self._in_context(reason)
        self._session.state = LOGOUT
        self._running.clear()
        self._out.clear()
        self._by_hand.clear()
        for command in self._running.untold:
            self._report(self._ended(command, self.reason))
        self.events.append(Lost(self.reason))
        if self._by_hand.tap is not None:
            self._by_hand.tap(None)
        self._is_over = True

    def end_of_file(self) -> None:
        """The server has closed the connection. For the reader. Next: `take_events`."""
        if self._session.logged_out:
            return self.close(logged_out=True)
        text = "socket error: EOF: the server closed the connection"
        if self._session.welcome is None:
            text += f" before its greeting{self.hint}"
        return self.fail(abort(text))

    def close(self, *, logged_out: bool) -> None:
        """The user ends the connection: what is pending fails. Next: `take_events`."""
        session = self._session
        session.logged_out |= logged_out
        session.closed_on_purpose |= self.reason is None
        by = "logout()" if logged_out else "shutdown()"
        self.fail(abort(f"the connection was closed by {by}"))

    def _ended(self, command: Command, reason: error) -> Completed | Failed:
        """What the end of the connection means to *command*."""
        if not command.row.ends:
            return Failed(command, lost(reason))
        # What it wanted has happened.
        text = self._session.bye or str(reason).encode("utf-8", "replace")
        return Completed(command, "OK", [text])

    def _in_context(self, reason: error) -> error:
        session = self._session
        if session.welcome is None:
            return failed_greeting(reason, f" ({self.where})")
        oldest = next(iter(self._running.commands.values()), None)
        said = "" if session.closed_on_purpose else session.said_since(oldest)
        return lost(reason, f"{said} ({self.where}, state {session.state})")

    # -- What users call through the client ---------------------------------------------------

    def check_usable(self, row: Row) -> None:
        """Raise ``error`` when *row* can't be submitted now, whatever the server would say."""
        session, running = self._session, self._running
        if self.reason is not None and not (session.logged_out and LOGOUT not in row.states):
            raise lost(self.reason)
        if self._by_hand.negotiating is not None:
            raise in_plain_text(row)
        if session.state not in row.states and not running.may_lead_to(row.states):
            raise illegal(row.name, session.state, row.states)
        # Of a mailbox that is being opened, its answer tells whether writing was asked for.
        changing = row.on_ok is not None or running.selecting is not None
        if session.untagged.has("READ-ONLY") and not session.is_readonly and not changing:
            raise readonly("mailbox status changed to READ-ONLY")

    def answer(self, command: Command, response: bytes | None, now: float) -> None:
        """Send the client's side of a SASL exchange, in base64; None cancels the exchange.

        Next: `take_output`; the server may send another `Challenge`.
        """
        if command.tag in self._running.commands:
            self._exchange.answer(response or b"")
            self._out.add(response if response is not None else b"*", CRLF)
            self._patience.heard = now
            self._log(">", "[SASL response]")

    def end_idle(self, command: Command, now: float) -> None:
        """End the IDLE *command*, if it isn't over already. Next: `take_output`."""
        if command.idle is not None and command in self._running.held:
            command.idle.wanted_back(now)
        elif command.tag in self._running.commands:
            self._end_idle(now)

    def give_up(self, command: Command, now: float) -> None:
        """Nobody waits for *command* any more: take it back, or see that it holds up nobody.

        Next: `take_output`, and `take_events`.
        """
        running = self._running
        if command in running.held:
            position = running.take_back(command)
            self._fail_dependents(command, position)
            running.forget(command)
            if command.row.ends:
                self._patience.end(Awaited.LOGOUT)
            self._admit(now)
        elif command.tag not in running.commands:
            return
        elif command.by_hand:  # nothing of it was sent
            if command.row.upgrade is not Upgrade.NONE:
                self._upgrading.end()
            self._remove(command)
            running.forget(command)
            self._admit(now)
        elif command.row.plus is Plus.SASL or command.row.upgrade is not Upgrade.NONE:
            self.fail(abort(f"{command.row.name} was interrupted"))
        elif command.idle is not None:
            self._end_idle(now)

    def forget_capabilities(self) -> None:
        """What the server told of its capabilities no longer holds."""
        self._session.forget_capabilities()

    # -- The upgrade of the transport ---------------------------------------------------------

    def upgraded(self, now: float) -> None:
        """The transport is upgraded (RFC 3501, section 6.2.1; RFC 4978): go on.

        For the thread that has done it, behind `UpgradeNow`. Next: `take_output`, and the reader
        may `frame` again.
        """
        command = next(iter(self._running.commands.values()))
        text = self._upgrading.finish()
        self._by_hand.negotiating = None
        self._patience.end(Awaited.SOCKET)
        self._remove(command)
        completed = Completed(command, "OK", [text])
        if command.row.upgrade is Upgrade.TLS:
            self._upgrading.refused = None
            # Whatever was learnt before TLS, an attacker may have said (RFC 3501, 6.2.1).
            self._session.forget_capabilities()
            self._session.untagged.forget()
            self._report_with_capabilities(completed, now)
        else:
            self._report(completed)
        self._admit(now)

    def _pause(self, command: Command, text: bytes, now: float) -> None:
        """The OK to *command* has come, with *text*: read nothing until `upgraded`."""
        self._upgrading.pause(text)
        unread = self._framer.unread()
        if unread and command.row.upgrade is Upgrade.TLS:
            raise ProtocolViolation(
                f"plaintext behind the OK to STARTTLS, an attack: {excerpt(unread)}"
            )
        self.events.append(UpgradeNow(command, unread))
        if command.upgraded_by_hand:
            self._by_hand.negotiating = command
            self._patience.begin(Awaited.SOCKET, now)
            self._report(Completed(command, "OK", [text]))

    # -- For users who send by hand -----------------------------------------------------------

    @property
    def is_polled(self) -> bool:
        """Whether the user reads the news of an IDLE, as soon as there may be some."""
        idle = self._running.idle
        return idle is not None and idle.is_polled

    def stop_polling(self) -> None:
        """The user reads the news of an IDLE no longer: the reader is to read again."""
        idle = self._running.idle
        if idle is not None:
            idle.polled = False

    def sent_by_hand(self, data: bytes) -> None:
        """The user sends *data* of the command that room was made for (`RoomMade`)."""
        by_hand = any(command.by_hand for command in self._running.commands.values())
        if self._exchange.logging_in and by_hand:
            self._exchange.secrets.add_sent(data)

    def expect_unseen(self, command: Command) -> None:
        """*command* may be sent, by hand, without us noticing: then its completion tells.

        Next: `adopt` it, or `forget_unseen`.
        """
        self._running.note(command)
        self._by_hand.expect(command)
        self._tags.expect_done()  # it may be an IDLE

    def forget_unseen(self, tag: bytes) -> bool:
        """Whether the command with *tag* was one of those; it is no longer."""
        command = self._by_hand.forget(tag)
        if command is None:
            return False
        self._running.forget(command)
        return True

    def adopt(self, tag: bytes, name: bytes, now: float) -> None:
        """Wait, as for any command, for the one that was sent unseen with *tag* and *name*.

        Nothing is to be done if it has completed already. Raises ``abort`` behind the end.
        """
        command = self._by_hand.forget(tag)
        if command is not None:
            if self.reason is not None:
                raise lost(self.reason)
            command.be_sent_by_hand(name)
            if command.upgraded_by_hand:
                self._upgrading.begin()
            self._enlist(command, now)

    def awaits_socket(self) -> bool:
        """Whether it is the user who upgrades the transport, and hasn't done so yet."""
        return self._by_hand.negotiating is not None and self.reason is None

    def upgraded_by_hand(self, waiter: Waiter, now: float) -> None:
        """As `upgraded`; *waiter* is told once the capabilities behind TLS are known."""
        command = self._by_hand.negotiating
        assert command is not None
        command.waiter = waiter
        self._running.note(command)
        self.upgraded(now)

    # -- Commands -----------------------------------------------------------------------------

    def _may_start(self, command: Command) -> bool:
        session = self._session
        if self._out.waiting is not None or self._upgrading.paused or session.welcome is None:
            return False
        running = self._running
        if not running.commands:
            return True
        return not running.conflicts(command, session.state, utf8=session.utf8_enabled)

    def _admit(self, now: float) -> None:
        """Start those commands whose turn it is."""
        running = self._running
        while running.held and self._may_start(running.held[0]):
            command = running.held.popleft()
            try:
                self._make_ready(command)
            except error as problem:
                self._report(Failed(command, problem))
                self._fail_dependents(command)
                continue
            self._start(command, now)

    def _make_ready(self, command: Command) -> None:
        """Raise ``error`` when *command* can't be sent as things are now, behind all before it."""
        row, session = command.row, self._session
        if session.state not in row.states:
            raise illegal(row.name, session.state, row.states)
        if row.forbidden_by is not None and row.forbidden_by in session.capabilities:
            raise forbidden(row)
        if command.utf8_form is not None and session.utf8_enabled:
            command.encode_anew()

    def _start(self, command: Command, now: float) -> None:
        row, running, session = command.row, self._running, self._session
        if row.ends:
            self._patience.begin(Awaited.LOGOUT, now)
        self._enlist(command, now)
        if command.idle is not None:
            self._start_idle(command.idle, now)
        if running.selecting is command:
            session.untagged.forget()
        if row.logs_in:
            session.capabilities_told = False
        if row.upgrade is not Upgrade.NONE:
            self._upgrading.begin()
        session.untagged.drop_statuses()
        if command.by_hand:
            self._log(">", f"{command.tag.decode('ascii', 'replace')} {row.name} ...")
            self.events.append(RoomMade(command))
            return
        parts: list[Any] = [command.tag + b" ", *command.parts, CRLF]
        try:
            line = b"".join(parts)  # if it holds no literal and no secret
        except TypeError:
            self._log(">", display(parts))
            self._out.begin(command, lay_out(parts, session.may_send_at_once))
        else:
            if self.traffic is not None:
                self.traffic.append((">", line))
            self._out.add_line(command.tag, line)

    def _enlist(self, command: Command, now: float) -> None:
        """*command* is in progress from now on."""
        if not self._running.commands:
            self._patience.heard = now  # waiting begins: what came before doesn't count
        self._running.start(command)
        if command.row.holds_password:
            self._exchange.begin(command.parts)

    def _remove(self, command: Command) -> None:
        """*command* is in progress no longer."""
        self._running.remove(command)
        if self._exchange.logging_in:
            self._exchange.end()
        if command.row.ends:
            self._patience.end(Awaited.LOGOUT)

    def _fail_dependents(self, command: Command, position: int = 0) -> None:
        """*command* has failed: so have those that rely on it, and are held from *position* on."""
        if command.row.upgrade is Upgrade.TLS:
            self._upgrading.refuse(command)
        for other in self._running.take_back_dependents(command, position):
            self._report(Failed(other, not_sent(other, command)))

    def _report(self, happened: Completed | Failed | Greeted) -> None:
        """Have what has *happened*, the outcome of a command if it isn't the greeting, told."""
        self.events.append(happened)
        if not isinstance(happened, Greeted):
            self._running.forget(happened.command)

    def _report_with_capabilities(self, then: Completed | Greeted, now: float) -> None:
        """Report *then*, but ask for the capabilities first unless the server has told them."""
        if self._session.capabilities_told:
            self._report(then)
        else:
            row = COMMANDS["CAPABILITY"]
            self._patience.begin(Awaited.CAPABILITIES, now)
            self._start(Command(row, [row.encoded_name], tag=self._tags.new(), then=then), now)

    # -- Responses ----------------------------------------------------------------------------

    def _receive(self, frame: Frame, now: float) -> None:
        self._log("<", frame)
        if self._exchange.logging_in:
            frame = self._exchange.secrets.hide(frame)
        if self._by_hand.tap is not None:
            self._by_hand.tap(frame)
        if self._session.welcome is None:
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
        shown = excerpt(self._exchange.secrets.hidden(first_line(frame)))
        return ProtocolViolation(f"unexpected {what}: {shown}")

    def _greeting(self, frame: Frame, now: float) -> None:
        session = self._session
        first = first_line(frame)
        response = parse(frame) if first.startswith(b"* ") else None
        if not isinstance(response, Untagged) or response.type not in ("OK", "PREAUTH", "BYE"):
            shown = f"invalid greeting: {repr(first[:200])[2:-1]}"
            session.refusal = shown if isinstance(response, Untagged) else None
            raise ProtocolViolation(shown)
        session.welcome = first
        self._patience.end(Awaited.GREETING)
        if response.type == "BYE":
            return self._untagged(response, now)
        session.greeted(response)
        self._report_with_capabilities(Greeted(), now)
        self._admit(now)
        return None

    def _untagged(self, response: Untagged, now: float) -> None:
        type_, data = response
        running, session = self._running, self._session
        if running.collecting.by_type:
            owner = running.collecting.owner(type_, data)
            if owner is not None:
                self._give(owner, type_, items_of(data), 1)
                if type_ == "CAPABILITY" and isinstance(data, bytes):
                    session.learn(data)
                return
        idle, selecting = running.idle, running.selecting
        if idle is not None and idle.capture is not None:
            idle.capture(type_, items_of(data))
        else:
            session.store(response)
            if selecting is not None and type_ == selecting.row.shows:
                selecting.shown += [i for i in items_of(data) if size_of([i]) <= _SHOWN_SIZE]
                del selecting.shown[:-_SHOWN]
        if type_ in STATUS_TYPES:
            self._status(type_, untagged_text(data))
        elif type_ == "CAPABILITY" and isinstance(data, bytes):
            session.learn(data)
        elif type_ == "ENABLED" and isinstance(data, bytes):
            for command in running.alone:
                command.note_enabled(data)
        if idle is not None and idle.capture is None and type_ != "OK":
            self._end_idle(now)

    def _status(self, type_: str, text: bytes) -> None:
        session, secrets = self._session, self._exchange.secrets
        if type_ == "BYE":
            session.bye = text
            if not any(command.row.ends for command in self._running.alone):
                self.fail(abort(f"server said BYE: {printable(secrets.hidden_with_code(text))}"))
            return
        if type_ in ("NO", "BAD"):
            said = secrets.hidden_with_code(text)
            session.note_objection(self._running.begun, type_, said)
        code = response_code(text)
        if code is not None:
            session.take_code(code)

    def _collect_fetches(self, frames: list[Frame], start: int) -> int:
        """Take the FETCH responses at *start* of *frames* in one go, if that can be.

        Their number; 0 when `_receive` has to look at each.
        """
        only = self._running.collecting.only_fetch()
        if only is None or self._exchange.logging_in or self._by_hand.tap is not None:
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
        self._patience.advanced = self._patience.heard
        self._running.collecting.give(command, type_, data, responses)

    def _continuation(self, response: Continuation, now: float) -> None:
        if self._out.go_on():
            self._patience.advanced = now
            self._admit(now)
            return
        for command in self._running.alone:
            if command.row.plus is Plus.SASL:
                self._exchange.challenge(response.text)
                self.events.append(Challenge(command, response.text))
                return
            if command.row.plus is Plus.IDLE and command.idle and command.idle.awaits_agreement:
                self.events.append(Idling(command))
                if command.idle.agreed(now):
                    self._send_done(now)
                return
        # A stray "+" has no meaning; it stands in the trace.

    def _tagged(self, response: Tagged, frame: Frame, now: float) -> None:
        command = self._running.commands.get(response.tag)
        if command is None and self._is_stray(response):
            return
        if command is None or response.tag in self._out.untaken:
            raise self._unexpected("tagged response", frame)
        self._patience.advanced = now
        code = response_code(response.text)
        if code is not None:
            self._session.take_code(code)
        succeeded = response.type == "OK"
        if self._exchange.logging_in and not succeeded:  # it becomes the text of an exception
            hidden = self._exchange.secrets.hidden_with_code(response.text)
            response = response._replace(text=hidden)
        if self._out.waiting is command:
            if succeeded:
                raise ProtocolViolation(
                    f"{command.row.name} completed before it was sent: {excerpt(response.text)}"
                )
            self._out.drop_rest()
        if command.idle is not None:
            self._take_back_done(command.idle)
            if succeeded and command.idle.renewed(now):
                self._renew(command, now)
                return
        if not succeeded:
            self._upgrading.end()
        elif command.row.upgrade is not Upgrade.NONE:
            self._pause(command, response.text, now)
            return
        self._remove(command)
        self._complete(command, response, now)
        if not succeeded:
            self._fail_dependents(command)
        if self._running.held:
            self._admit(now)

    def _is_stray(self, response: Tagged) -> bool:
        """Whether *response*, which completes nothing in progress, may be ignored from here on.

        It is that of a command that was sent by hand; or it answers to a DONE that has crossed
        with the end of an IDLE, and so was a command; or it repeats one, as some proxies do. One of
        a tag that is yet to be used may not.
        """
        tag = response.tag
        if self._by_hand.knows(tag):
            command = self._by_hand.forget(tag)
            if command is not None:
                self._report(Completed(command, response.type, [response.text]))
            return True
        if self._tags.answers_done(tag):
            return True
        return self._tags.was_given(tag) and not self._running.is_held(tag)

    def _complete(self, command: Command, response: Tagged, now: float) -> None:
        row, type_, text = command.row, response.type, response.text
        untagged = self._session.untagged
        data = outcome(command, type_, text, untagged)
        if command.idle is not None and command.idle.capture is not None:
            command.idle.earlier = untagged.mark()
        if command.then is not None:
            self._patience.end(Awaited.CAPABILITIES)
            self._report(command.then)
            return
        if row.on_ok is not None or row.enables:
            self._session.completed(command, type_)
        if type_ == "BAD" and not command.as_it_came:
            name = row.name.partition(" ")[0]  # of UID FETCH, imaplib says UID
            said = self._session.said_since(command)
            self._report(Failed(command, error(f"{name} command error: BAD {[text]}{said}")))
            return
        was_to_be_written = type_ == "OK" and row.asks_to_write and not command.leaves_data
        if was_to_be_written and untagged.has("READ-ONLY"):
            problem = readonly(f"{printable(command.subject)} is not writable")
            self._report(Failed(command, problem))
            return
        completed = Completed(command, type_, data)
        if type_ == "OK" and row.logs_in:
            self._report_with_capabilities(completed, now)
        else:
            self._report(completed)

    # -- IDLE ---------------------------------------------------------------------------------

    def _start_idle(self, idle: Idle, now: float) -> None:
        self._tags.expect_done()
        idle.begun(now)
        if idle.capture is None:  # what is there after it is to be news
            self._session.untagged.drop_shown()
        if self._running.held:  # others wait for its end already
            idle.wanted_back(now)

    def _end_idle(self, now: float) -> None:
        idle = self._running.idle
        if idle is None or idle.is_wanted_back:
            return
        self._patience.heard = now  # from here on, an answer is due
        if idle.wanted_back(now):
            self._send_done(now)

    def _send_done(self, now: float) -> None:
        self._out.add(_DONE)
        self._patience.heard = now
        self._log(">", "DONE")

    def _take_back_done(self, idle: Idle) -> None:
        """The server has ended *idle*: to a DONE that is not on its way yet, it would object."""
        if idle.has_done and self._out.take_back(_DONE):
            self._log(">", "DONE was not sent: the IDLE is over")

    def _tick_idle(self, idle: Idle, now: float) -> None:
        if idle.is_over(now):
            if idle.capture is None:
                self._session.untagged.add("IDLE", [b"TIMEOUT"])
            self._end_idle(now)
        elif idle.is_to_be_renewed(now) and idle.renewal_due(now):
            self._send_done(now)

    def _renew(self, command: Command, now: float) -> None:
        """The server has ended an IDLE in order that it can be renewed."""
        self._remove(command)
        command.tag = self._tags.new()
        self._start(command, now)

    # -- Traffic ------------------------------------------------------------------------------

    def _log(self, direction: str, text: Any) -> None:
        if self.traffic is None:
            return
        if direction == "<" and text[:1] == b"+" and self._in_sasl():
            text = "+ [SASL challenge]"
        self.traffic.append((direction, text))

    def _in_sasl(self) -> bool:
        alone = self._running.alone
        return any(command.row.plus is Plus.SASL or command.by_hand for command in alone)
