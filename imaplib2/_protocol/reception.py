"""What the server says: from a response to whose it is, and what follows from it."""

from __future__ import annotations

from functools import cached_property

from .._errors import abort, printable, told
from .._hints import Any
from .command import Command
from .commands import Plus, Upgrade
from .dispatch import Dispatch
from .events import Challenge, Completed, Greeted, Idling, MoreWanted, UpgradeNow
from .framing import Batch, Frame, Framer, Streamed, first_line
from .limits import ProtocolViolation, excerpt
from .parts import Buffer
from .patience import Awaited
from .refusals import about_answer, interrupted
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
from .stored import size_of

#: What a mailbox tells of its size while it is selected: the last few will do, of a number's size.
_SHOWN = 100
_SHOWN_SIZE = 1000


class Reception(Dispatch):
    """A connection that receives: the middle floor of `Connection`.

    The framer is the reader's, and needs no lock; all else is under the driver's.
    """

    @cached_property
    def _framer(self) -> Framer:
        """Made when the reader first receives."""
        return Framer(self.limits)

    # -- For the reader ----------------------------------------------------------------------------

    def frame(self, data: Buffer) -> list[Frame]:
        """Bytes to responses. For the reader only, outside the lock: it is most of the work.

        Next: `receive` them, also if there are none: bytes that complete no response are a sign of
        life, too. And call this again, without bytes, if `may_have_frames` was true before. But
        while ``streaming`` isn't None, what comes is for the sink of the command ``downloading``.
        """
        self._framer.taker = self._running.downloading
        return self._framer.frames_of(data, single=self._upgrading.singly)

    @property
    def may_have_frames(self) -> bool:
        """Whether `frame` may give more without new bytes. For the reader only."""
        return self._upgrading.singly or self._framer.violation is not None

    def frame_literal(self, literal: bytes) -> list[Frame]:
        """As `frame`: the *literal* in progress, whole, was received elsewhere. For the reader.

        It is empty where a sink has got all of it.
        """
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
            while frames and not self._upgrading.paused and not self.reason:
                frames = self.frame(b"")
                self.receive(frames, now)
        except ProtocolViolation as violation:
            self.fail(violation)

    # -- One response ------------------------------------------------------------------------------

    def _receive(self, frame: Frame, now: float) -> None:
        if self.traffic is not None:
            shown = "+ [SASL challenge]" if frame[:1] == b"+" and self._running.in_sasl else frame
            self.traffic.append(("<", shown))
        if self._exchange.logging_in:
            frame = self._exchange.secrets.hide(frame)
        # A response whose literal isn't there would be no answer to who reads by hand.
        if self._by_hand.tap is not None and not isinstance(frame, Streamed):
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
            if isinstance(frame, Streamed):
                self._patience.advanced = now
                self._running.give_streamed(response)
            else:
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
            raise told(ProtocolViolation(shown), _about_greeting(response))
        session.welcome = first
        self._patience.end(Awaited.GREETING)
        if response.type == "BYE":
            return self._untagged(response, now)
        session.greeted(response)
        self._report_with_capabilities(Greeted(), now)
        self._admit(now)
        return None

    # -- Untagged ----------------------------------------------------------------------------------

    def _untagged(self, response: Untagged, now: float) -> None:
        type_, data = response
        running, session = self._running, self._session
        if type_ == "ID" and self._identification.takes_data():
            return
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
                said = secrets.hidden_with_code(text)
                reason = abort(f"server said BYE: {printable(said)}")
                self.fail(told(reason, about_answer(type_, said)))
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
                batch = Batch(frames[start : start + count]) if count > 1 else frames[start]
                self.traffic.append(("<", batch))
            self._give(command, "FETCH", data, count)
        return count

    def _give(self, command: Command, type_: str, data: list[Any], responses: int) -> None:
        """*data*, which came in so many *responses*, is that of *command*."""
        self._patience.advanced = self._patience.heard
        self._running.collecting.give(command, type_, data, responses)

    # -- Continuation requests, and completions ----------------------------------------------------

    def _continuation(self, response: Continuation, now: float) -> None:
        """A "+" lets a command go on; a stray one has no meaning, but stands in the trace."""
        if self._out.go_on():
            self._patience.advanced = now
            self.ask_for_more(now)
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

    def ask_for_more(self, now: float) -> None:
        """If there is room for more of a source that the server has asked for, have it fed.

        For the thread that has sent what there was, too.
        """
        source, command = self._out.ask_for_more(), self._out.waiting
        if source is None or command is None:
            return
        if source.is_abandoned:
            self.fail(interrupted(command))
        else:
            self.events.append(MoreWanted(command, source))

    def _tagged(self, response: Tagged, frame: Frame, now: float) -> None:
        """*response*, which was framed as *frame*, completes a command, or the OK of an upgrade."""
        command = self._running.commands.get(response.tag)
        if command is None and self._is_stray(response):
            return
        if command is None or response.tag in self._out.untaken:
            raise self._unexpected("tagged response", frame)
        self._patience.advanced = now
        succeeded = response.type == "OK"
        refuses = not succeeded and self._out.waiting is command
        if refuses and not self._out.drop_rest((response, frame)):
            return
        if response.text[:1] == b"[" and (code := response_code(response.text)) is not None:
            self._session.take_code(code)
        if succeeded and command.doubt is not None and (doubt := command.doubt()) is not None:
            raise ProtocolViolation(doubt)
        # The text becomes that of an exception.
        if self._exchange.logging_in and not succeeded:
            hidden = self._exchange.secrets.hidden_with_code(response.text)
            response = response._replace(text=hidden)
        if self._out.waiting is command:
            raise ProtocolViolation(
                f"{command.row.name} completed before it was sent: {excerpt(response.text)}"
            )
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

        It is that of a command that was sent by hand; or of the ID behind a login; or it answers to
        a DONE that has crossed with the end of an IDLE, and so was a command; or it repeats one, as
        some proxies do. One of a tag that is yet to be used may not.
        """
        tag = response.tag
        if self._by_hand.knows(tag):
            command = self._by_hand.forget(tag)
            if command is not None:
                hidden = self._exchange.secrets.hidden_with_code(response.text)
                self._note_refusal(command, response._replace(text=hidden))
                self._report(Completed(command, response.type, [response.text]))
            return True
        if self._identification.is_answered_by(tag):
            return True
        if self._tags.answers_done(tag):
            return True
        return self._tags.was_given(tag) and not self._running.is_held(tag)

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


def _about_greeting(response: object) -> dict[str, Any]:
    """What an exception knows of a greeting that is none."""
    if isinstance(response, Untagged) and response.type in STATUS_TYPES:
        return about_answer(response.type, untagged_text(response.data))
    return {}
