"""An IMAP connection without I/O: one step, from a response to whose it is and what follows.

No threads, no clock: `submit` commands, `receive` bytes, `tick` when `next_deadline` has come;
after each of these send what `take_output` gives and act on what `take_events` gives. A driver
with threads guards all of it with one lock, but for the methods that only its reader calls.

    submit --> held --> in progress --(tagged response)--> Completed
                            |  "+" releases the next run of the command, or asks (Challenge)

A command in progress collects the untagged data of its types. Data that nobody collects goes to
``untagged``, where users find it.

A connection has three floors, each of which knows only those below it: here is what its driver
and its users call; `Reception` is what the server says; `Dispatch`, the commands on their way,
stands on the parts that own the state.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from operator import attrgetter

from .._errors import TimeoutAbort, abort, error, lost, readonly, told
from .._hints import Any
from .command import Command, Waiter
from .commands import Plus, Row, Upgrade
from .events import Completed, Event
from .framing import Frame
from .grammar import CRLF
from .idling import Idle
from .parts import Buffer, Source
from .patience import Awaited
from .reception import Reception
from .refusals import about_command, cancelled, in_plain_text, interrupted, not_sent
from .responses import Untagged
from .secrets import Secrets
from .states import LOGOUT, illegal
from .untagged import UntaggedResponses


def _of(path: str) -> Any:
    """A property: what *path* leads to, the attribute of a part. To read it is no Python call."""
    part, _, name = path.rpartition(".")
    part_of = attrgetter(part)

    def put(connection: Connection, value: Any) -> None:
        setattr(part_of(connection), name, value)

    return property(attrgetter(path), put)


class Connection(Reception):
    """One connection's state; see the module for how to drive it.

    Where nothing else is said, a method is for any thread of the driver, under its lock. What it
    raises but ``error``, of `submit`, `check_usable` and `adopt`, leaves the state half-way: call
    `fail` next.
    """

    # -- What is asked of parts --------------------------------------------------------------

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
    identification: bytes | None = _of("_identification.line")
    # For reading.
    bye: bytes | None = _of("_session.bye")
    refusal: str | None = _of("_session.refusal")
    closed_on_purpose: bool = _of("_session.closed_on_purpose")
    logged_out: bool = _of("_session.logged_out")
    in_progress: dict[bytes, Command] = _of("_running.commands")
    held: deque[Command] = _of("_running.held")
    idle: Idle | None = _of("_running.idle")
    secrets: Secrets = _of("_exchange.secrets")
    logging_in: bool = _of("_exchange.logging_in")
    paused: bool = _of("_upgrading.paused")
    reserved_tags: set[bytes] = _of("_by_hand.reserved_tags")
    output: list[Buffer] = _of("_out.buffers")
    output_size: int = _of("_out.size")
    tag_prefix: bytes = _of("_tags.prefix")
    missing: int = _of("_framer.missing")
    streaming: int | None = _of("_framer.streaming")
    downloading: Command | None = _of("_running.downloading")
    source: Source | None = _of("_out.source")
    heard_at: float = _of("_patience.heard")
    # Methods, which are described there.
    take_output: Callable[[], list[Buffer]] = _of("_out.take")
    put_back: Callable[[Buffer], None] = _of("_out.put_back")
    begun_literal: Callable[[], bytes] = _of("_framer.begun_literal")
    streamed: Callable[[], bytes] = _of("_framer.streamed")
    stream: Callable[[int], None] = _of("_framer.stream")
    new_tag: Callable[[], bytes] = _of("_tags.new")
    store: Callable[[Untagged], None] = _of("_session.store")
    answered_elsewhere: Callable[[Command, str], None] = _of("_session.answered_elsewhere")
    told: Callable[[Command], None] = _of("_upgrading.told")

    #: `end_idles` is due; for a thread that has interrupted a step, and may take none itself.
    idle_unwanted = False

    # -- Driving -----------------------------------------------------------------------------------

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
            if command.unwanted:
                raise cancelled(command)
            if self._upgrading.refused is not None and command.tells:
                raise not_sent(command, self._upgrading.refused)
            starts = not running.held and self._may_start(command)
            if starts:
                self._make_ready(command)
        except error as refusal:
            told(refusal, about_command(command, self.where)).is_refusal = True
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

    def progressed(self, now: float) -> None:
        """Bytes of a command have left, or of a literal have come: the server isn't silent.

        For the thread that has seen it. Next: `next_deadline`, which is another.
        """
        self._patience.heard = self._patience.advanced = now

    def hold_up(self, now: float) -> None:
        """A sink takes no more at present: the server isn't heard. For the reader."""
        self._patience.is_held_up = True

    def resume(self, now: float) -> None:
        """The sink takes more again. For the reader."""
        self._patience.is_held_up = False
        self.progressed(now)

    def feed(self, source: Source, data: bytes, now: float) -> None:
        """Send *data*, the next octets of *source*, unless all is over.

        For the thread that was asked by `MoreWanted`. Next: `take_output`, and `wants_more`.
        """
        if self._out.source is not source:
            return
        self._patience.heard = now
        if self._out.feed(data):
            refusal, self._out.refusal = self._out.refusal, None
            if refusal is not None:
                self._tagged(*refusal, now)
            self._admit(now)

    def wants_more(self, source: Source) -> bool:
        """Whether *source* is to be fed at once; else there will be another `MoreWanted`."""
        source.is_asked = False
        return source is self._out.source and self._out.ask_for_more() is not None

    def take_events(self) -> list[Event]:
        """What has happened, in order; it is forgotten here. Each type says what to do next."""
        events, self.events = self.events, []
        return events

    def next_deadline(self) -> float | None:
        """When `tick` is to be called, if nothing else is before; None: never."""
        patience, idle = self._patience, self._running.idle
        if self.idle_unwanted:
            return float("-inf")
        if idle is None:
            # Most of the time nothing has a deadline.
            is_timeless = patience.timeout is None and not patience.awaited
            return None if is_timeless else self._silence_deadline()
        deadline, own = self._silence_deadline(), idle.deadline
        if own is None:
            return deadline
        return own if deadline is None else min(deadline, own)

    def tick(self, now: float) -> None:
        """Do what is due: end or renew an IDLE, give up on a silent server.

        For the thread that keeps the time. Next: `take_output`, and `take_events`.
        """
        if self.idle_unwanted:
            self.end_idles(now)
        idle = self._running.idle
        if idle is not None:
            self._tick_idle(idle, now)
        deadline = self._silence_deadline()
        if deadline is not None and now >= deadline:
            names = ", ".join(command.row.name for command in self._running.commands.values())
            self.fail(TimeoutAbort(f"timed out: {self._patience.text(now, names, self.hint)}"))

    def _tick_idle(self, idle: Idle, now: float) -> None:
        if idle.is_over(now):
            if idle.capture is None:
                self._session.untagged.add("IDLE", [b"TIMEOUT"])
            self._end_idle(now)
        elif idle.is_to_be_renewed(now) and idle.renewal_due(now):
            self._send_done(now)

    def _silence_deadline(self) -> float | None:
        """When a silent server is given up."""
        running, idle, patience = self._running, self._running.idle, self._patience
        if self.reason is not None:
            return None
        done_since = None if idle is None else idle.owes_since
        if patience.timeout is None and done_since is None and not patience.awaited:
            return None
        is_our_move = self._exchange.awaits_answer or self._upgrading.paused
        source = self._out.source
        is_our_move |= patience.is_held_up or (source is not None and source.is_asked)
        is_idling = idle is not None and idle.is_idling
        awaited = patience.awaited
        return patience.deadline(
            for_reply=bool(running.commands) and not (is_our_move or is_idling),
            before_logout=Awaited.LOGOUT in awaited and idle is None and self._is_answering(),
            behind_socket=bool(running.held),
            done_since=done_since,
        )

    def _is_answering(self) -> bool:
        """Whether the server answers commands that aren't LOGOUT."""
        return any(command.row.on_ok != LOGOUT for command in self._running.commands.values())

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

    # -- What users call through the client --------------------------------------------------------

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
            raise told(readonly("mailbox status changed to READ-ONLY"), {"code": "READ-ONLY"})

    def answer(self, command: Command, response: bytes | None, now: float) -> None:
        """Send the client's side of a SASL exchange, in base64; None cancels the exchange.

        Next: `take_output`; the server may send another `Challenge`.
        """
        if command.tag in self._running.commands:
            self._exchange.answer(response or b"")
            self._out.add(response if response is not None else b"*", CRLF)
            self._patience.heard = now
            self._log("[SASL response]")

    def end_idle(self, command: Command, now: float) -> None:
        """End the IDLE *command*, if it isn't over already. Next: `take_output`."""
        if command.idle is not None and command in self._running.held:
            command.idle.wanted_back(now)
        elif command.tag in self._running.commands:
            self._end_idle(now)

    def end_idles(self, now: float) -> None:
        """End the IDLE in progress, and those that wait for their turn. Next: `take_output`."""
        self.idle_unwanted = False
        for idle in self._running.held_idles:
            idle.wanted_back(now)
        self._end_idle(now)

    def give_up(self, command: Command, now: float) -> None:
        """*command* isn't waited for any more: take it back, or see that it holds up no other.

        Next: `take_output`, and `take_events`.
        """
        running = self._running
        if command.sink is not None:
            command.sink.drop()
        if command in running.held:
            self._fail_dependents(command, self._take_back(command))
            running.forget(command)
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
        elif self._out.waiting is command and not command.calls_back and self._out.abandon_source():
            self.fail(interrupted(command))

    def cancel(self, command: Command, now: float) -> None:
        """The outcome of *command* isn't wanted any more: don't send it, if it isn't sent yet.

        Then it has failed, and so has what was issued for what it was to bring. What is sent, be it
        in part, goes on; an IDLE ends. Next: `take_output`, and `take_events`.
        """
        running, position = self._running, 0
        if command.sink is not None:
            command.sink.drop()
        if command in running.held:
            position = self._take_back(command)
        elif running.commands.get(command.tag) is not command:
            return
        elif self._out.withdraw(command):
            self._log(f"{command.row.name} was not sent: it was cancelled")
            self._remove(command)
            self._upgrading.end()
            command.begun = 0
        else:
            if command.idle is not None:
                self._end_idle(now)
            return
        command.cancelled = True
        self._report_failure(command, cancelled(command))
        self._fail_dependents(command, position)
        self._admit(now)

    def _take_back(self, command: Command) -> int:
        """Don't send *command*, which waits for its turn; where in the order it was."""
        if command.row.ends:
            self._patience.end(Awaited.LOGOUT)
        return self._running.take_back(command)

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

    # -- For users who send by hand ----------------------------------------------------------------

    @property
    def is_polled(self) -> bool:
        """Whether the user reads the news of an IDLE, as soon as there may be some."""
        return (idle := self._running.idle) is not None and idle.is_polled

    def stop_polling(self) -> None:
        """The user reads the news of an IDLE no longer: the reader is to read again."""
        if (idle := self._running.idle) is not None:
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
