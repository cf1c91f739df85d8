"""Commands on their way: each is sent in its turn, and its outcome is told.

    submit --> held --> in progress --(tagged response)--> Completed
                            |  "+" releases the next run of the command, or asks (Challenge)

The state has parts, which are asked and answer, and know nothing of each other: the commands
(`InProgress`), what users read (`Session`), what is to be sent (`Output`), how long a server may
be silent (`Patience`), a login (`Exchange`) and what follows on it (`Identification`), an upgrade
(`Upgrading`), what users send by hand (`ByHand`). Here is what concerns several of them.
"""

from __future__ import annotations

from .._errors import error, failed_greeting, lost, printable, readonly, told
from .._hints import Any
from .by_hand import ByHand
from .collecting import outcome
from .command import Command
from .commands import COMMANDS, Upgrade
from .events import Completed, Event, Failed, Greeted, Lost, RoomMade
from .exchange import Exchange
from .grammar import CRLF
from .identification import Identification
from .idling import Idle
from .in_progress import InProgress
from .limits import Limits
from .output import Output
from .parts import display, lay_out
from .patience import Awaited, Patience
from .refusals import about_answer, about_command, forbidden, not_sent
from .responses import Tagged
from .session import Session
from .states import AUTH, LOGOUT, illegal
from .tags import Tags
from .upgrading import Upgrading

#: What may be wrong when no greeting comes.
_TLS_HINT = "; is one side using TLS and the other not?"
_DONE = b"DONE\r\n"


class Dispatch:
    """A connection but for what the server says: commands begin and end, as `Reception` finds.

    The ground floor of `Connection`. Everything is for one thread at a time, under the driver's
    lock.
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
        #: Host and port, for the texts of exceptions.
        self.where = where
        #: Follows the news that no greeting has come.
        self.hint = _TLS_HINT
        #: Why the connection is over; None while it isn't.
        self.reason: error | None = None
        #: Traffic for the trace, as (direction, text); None while there is no trace.
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
        self._identification = Identification()
        self._tags = Tags(tag_prefix)
        # A command of our own, and what is reported once it has completed.
        self._inquiry: tuple[Command, Completed | Greeted] | None = None
        # `fail` has done all that it has to do.
        self._is_over = False

    # -- Events ------------------------------------------------------------------------------------

    def _report(self, happened: Completed | Failed | Greeted) -> None:
        """Have what has *happened*, the outcome of a command if it isn't the greeting, told."""
        self.events.append(happened)
        if not isinstance(happened, Greeted):
            self._running.forget(happened.command)

    def _report_failure(self, command: Command, problem: error) -> None:
        """Have it told that *command* has failed because of *problem*, which is its own."""
        self._report(Failed(command, told(problem, about_command(command, self.where))))

    def _report_with_capabilities(self, then: Completed | Greeted, now: float) -> None:
        """Report *then*, but ask for the capabilities first unless the server has told them.

        If *then* is a login, the server is told first with whom it speaks.
        """
        if self._session.capabilities_told:
            self._identify()
            self._report(then)
        else:
            row = COMMANDS["CAPABILITY"]
            self._patience.begin(Awaited.CAPABILITIES, now)
            self._identification.is_put_off = self._identification.line is not None
            command = Command(row, [row.encoded_name], tag=self._tags.new())
            self._inquiry = command, then
            self._start(command, now)

    def _identify(self) -> None:
        """Send the ID, if one is wanted: where nothing else can be on its way.

        NetEase, for instance, opens no mailbox before it has got one.
        """
        session, identification = self._session, self._identification
        identification.is_put_off = False
        if session.state == AUTH and identification.is_due(session.capabilities):
            line = identification.begin(self._tags.new())
            self._log(line)
            self._out.add(line)

    def _log(self, text: Any) -> None:
        """*text* is sent, or stands for what is sent."""
        if self.traffic is not None:
            self.traffic.append((">", text))

    # -- Beginning ---------------------------------------------------------------------------------

    def _may_start(self, command: Command) -> bool:
        session = self._session
        if self._out.waiting is not None or self._upgrading.paused or session.welcome is None:
            return False
        if self._identification.is_put_off:
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
                self._report_failure(command, problem)
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
            self._log(f"{command.tag.decode('ascii', 'replace')} {row.name} ...")
            self.events.append(RoomMade(command))
            return
        parts: list[Any] = [command.tag + b" ", *command.parts, CRLF]
        try:
            # If it holds no literal and no secret.
            line = b"".join(parts)
        except TypeError:
            self._log(display(parts))
            self._out.begin(command, lay_out(parts, session.may_send_at_once))
        else:
            if self.traffic is not None:
                self.traffic.append((">", line))
            self._out.add_line(command.tag, line)

    def _enlist(self, command: Command, now: float) -> None:
        """*command* is in progress from now on."""
        if not self._running.commands:
            # Waiting begins: what came before doesn't count.
            self._patience.heard = now
        self._running.start(command)
        if command.row.holds_password:
            self._exchange.begin(command.parts)

    # -- Ending ------------------------------------------------------------------------------------

    def _remove(self, command: Command) -> None:
        """*command* is in progress no longer."""
        self._running.remove(command)
        if self._exchange.logging_in:
            self._exchange.end()
        if command.row.ends:
            self._patience.end(Awaited.LOGOUT)

    def _complete(self, command: Command, response: Tagged, now: float) -> None:
        row, type_, text = command.row, response.type, response.text
        untagged = self._session.untagged
        has_data = row.collects or row.shows
        data = outcome(command, type_, text, untagged) if has_data else [text]
        if command.idle is not None and command.idle.capture is not None:
            command.idle.earlier = untagged.mark()
        if self._inquiry is not None and command is self._inquiry[0]:
            then, self._inquiry = self._inquiry[1], None
            self._patience.end(Awaited.CAPABILITIES)
            self._identify()
            self._report(then)
            return
        if row.on_ok is not None or row.enables:
            self._session.completed(command, type_)
        if type_ != "OK":
            self._note_refusal(command, response)
        if type_ == "BAD" and not command.as_it_came:
            # Of UID FETCH, imaplib says UID.
            name = row.name.partition(" ")[0]
            said = self._session.said_since(command)
            self._fail_by(command, response, error(f"{name} command error: BAD {[text]}{said}"))
            return
        was_to_be_written = type_ == "OK" and row.asks_to_write and not command.leaves_data
        if was_to_be_written and untagged.has("READ-ONLY"):
            problem = readonly(f"{printable(command.subject)} is not writable")
            self._fail_by(command, response, problem)
            return
        completed = Completed(command, type_, data)
        if type_ == "OK" and row.logs_in:
            self._report_with_capabilities(completed, now)
        else:
            self._report(completed)

    def _fail_by(self, command: Command, response: Tagged, problem: error) -> None:
        """*command* has failed, as *response* tells, because of *problem*."""
        self._report_failure(command, told(problem, about_answer(response.type, response.text)))

    def _note_refusal(self, command: Command, response: Tagged) -> None:
        """*response* refuses *command*: what makes an exception of that is to know of it."""
        if command.answer is not None:
            known = about_answer(response.type, response.text)
            command.answer.update(known, **about_command(command, self.where))

    def _fail_dependents(self, command: Command, position: int = 0) -> None:
        """*command* has failed: so have those that rely on it, and are held from *position* on."""
        if command.row.upgrade is Upgrade.TLS:
            self._upgrading.refuse(command)
        for other in self._running.take_back_dependents(command, position):
            self._report_failure(other, not_sent(other, command))

    # -- IDLE --------------------------------------------------------------------------------------

    def _start_idle(self, idle: Idle, now: float) -> None:
        self._tags.expect_done()
        idle.begun(now)
        # What is stored when it ends is to be news.
        if idle.capture is None:
            self._session.untagged.drop_shown()
        # Commands wait for its end already.
        if self._running.held:
            idle.wanted_back(now)

    def _end_idle(self, now: float) -> None:
        idle = self._running.idle
        if idle is None or idle.is_wanted_back:
            return
        # From here on, an answer is due.
        self._patience.heard = now
        if idle.wanted_back(now):
            self._send_done(now)

    def _send_done(self, now: float) -> None:
        self._out.add(_DONE)
        self._patience.heard = now
        self._log("DONE")

    def _take_back_done(self, idle: Idle) -> None:
        """The server has ended *idle*: to a DONE that is not on its way yet, it would object."""
        if idle.has_done and self._out.take_back(_DONE):
            self._log("DONE was not sent: the IDLE is over")

    def _renew(self, command: Command, now: float) -> None:
        """The server has ended an IDLE in order that it can be renewed."""
        self._remove(command)
        command.tag = self._tags.new()
        self._start(command, now)

    # -- The end -----------------------------------------------------------------------------------

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

    def _ended(self, command: Command, reason: error) -> Completed | Failed:
        """What the end of the connection means to *command*."""
        if not command.row.ends:
            return Failed(command, told(lost(reason), about_command(command, self.where)))
        # What it wanted has happened.
        text = self._session.bye or str(reason).encode("utf-8", "replace")
        return Completed(command, "OK", [text])

    def _in_context(self, reason: error) -> error:
        session = self._session
        if session.welcome is None:
            problem = failed_greeting(reason, f" ({self.where})")
        else:
            oldest = next(iter(self._running.commands.values()), None)
            said = "" if session.closed_on_purpose else session.said_since(oldest)
            problem = lost(reason, f"{said} ({self.where}, state {session.state})")
        return told(problem, {"where": self.where})
