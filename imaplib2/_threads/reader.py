"""The reader thread: it receives, and has the core take what has come."""

from __future__ import annotations

import threading
import time

from .._clock import Clock, seconds_until
from .._errors import abort
from .._protocol.framing import Frame
from .._protocol.limits import ProtocolViolation
from .._trace import OwnThread
from .downloads import receive as receive_to_file
from .gate import Gate
from .literals import READ_SIZE, LiteralSource
from .pending import Job
from .polling import Polling

#: Bytes: a connection starts with a buffer of that size, as most never need a larger one.
_FIRST_READ_SIZE = 2 * 1024
#: Bytes: as much as an answer without a message has.
_LITTLE = 512
#: Bytes: literals that lack so many are received into a buffer of their own.
LARGE_LITERAL = 1024 * 1024
#: Responses that are handled before other threads may have the mutex.
_BATCH = 512
#: Seconds that are given to a thread that is sending when the connection ends; and between looks.
_SENDER_TIMEOUT = 0.1
_SENDER_LOOK = 0.001


class Reader:
    """Blocks in the transport; the framer in the core, and the buffer, are its own.

    Between the OK of an upgrade and its end it waits, while the user's thread or the callback
    thread upgrades. While a user polls the socket, it reads when it is asked to (see `Polling`).
    """

    def __init__(self, gate: Gate, early: bytes) -> None:
        self._gate = gate
        # What was received before there were threads.
        self._early = early
        name = f"{gate.trace.identifier} reader"
        self.thread: threading.Thread = OwnThread(target=self._run, name=name, daemon=True)

    def receive(self, frames: list[Frame]) -> None:
        """Have the core take *frames*, and what is framed behind an upgrade."""
        gate, core = self._gate, self._gate.core
        if not frames:
            gate.heard()
        while frames and core.reason is None:
            may_have_more = core.may_have_frames
            if len(frames) <= _BATCH:
                gate.step(core.receive, frames)
            else:
                for start in range(0, len(frames), _BATCH):
                    gate.step(core.receive, frames[start : start + _BATCH])
            if not may_have_more:
                return
            while core.paused and core.reason is None and not gate.ending.is_wanted:
                gate.resume.wait(None)
            frames = core.frame(b"")

    def _run(self) -> None:
        gate = self._gate
        gate.ending.running.add(threading.get_ident())
        try:
            self._read()
        except ProtocolViolation as violation:
            gate.fail(violation)
        except OSError as problem:
            gate.fail_by(gate.sending.broken or problem)
        except BaseException as problem:
            # A bug of ours, or of a subclass's read(): no thread may wait for ever.
            gate.fail_by(problem)
        finally:
            gate.leave(self.thread)

    def _read(self) -> None:
        gate, core = self._gate, self._gate.core
        if self._early:
            self.receive(core.frame(self._early))
        buffer = memoryview(bytearray(_FIRST_READ_SIZE))
        size: int | None = None
        while core.reason is None:
            polling = gate.polls.current
            if polling is not None:
                size = self._read_for(polling, buffer)
            # Not behind what is so little that the literal's first bytes will come next.
            elif not (size and size < _LITTLE) and core.missing >= LARGE_LITERAL:
                self._receive_literal()
                size = None
                continue
            else:
                size = gate.transport.recv_into(buffer)
                if size:
                    self._take(buffer[:size])
                else:
                    self._take_nothing(size)
            if size == len(buffer) < READ_SIZE:
                buffer = memoryview(bytearray(READ_SIZE))

    def _take(self, data: memoryview) -> None:
        core, transport = self._gate.core, self._gate.transport
        # What a transport has read behind the OK to an upgrade, the core has to know.
        if transport.reads_ahead and core.may_have_frames:
            self.receive(core.frame(bytes(data) + transport.take_unread()))
        else:
            self.receive(core.frame(data))
        # None, but while a literal goes to a user's file: several may, one behind the other.
        while core.streaming is not None and core.reason is None:
            self._receive_stream()

    def _take_nothing(self, size: int | None) -> None:
        """The transport has given None: bytes that are no data yet; or 0: it is at its end."""
        if size is None:
            self._gate.heard()
        else:
            self._end_of_file()

    def _read_for(self, polling: Polling, buffer: memoryview) -> int | None:
        """Wait until *polling*, which was looked at before anything else, has an errand; read."""
        gate = self._gate
        report: Job | None = None
        # abandon() sends the last errand only if it finds a polling, behind `forgotten`.
        if not (gate.ending.forgotten or gate.transport.has_more):
            report = polling.next_errand()
        try:
            size = gate.transport.recv_into(buffer)
            if size:
                self._take(buffer[:size])
            else:
                self._take_nothing(size)
        finally:
            if report is not None:
                report()
        return size

    def _receive_literal(self) -> None:
        core = self._gate.core
        source = LiteralSource(self._gate, core.begun_literal(), core.missing)
        literal = source.receive()
        if source.ended:
            self._end_of_file()
        else:
            self.receive(core.frame_literal(literal))

    def _receive_stream(self) -> None:
        core = self._gate.core
        if not receive_to_file(self._gate):
            self._end_of_file()
        elif core.reason is None:
            self.receive(core.frame_literal(b""))

    def _end_of_file(self) -> None:
        """End the connection, by whose doing the transport is at its end."""
        gate, core, ending = self._gate, self._gate.core, self._gate.ending
        if ending.forgotten:
            gate.fail(abort("the connection was dropped without logout()"))
        elif ending.closing is not None:
            gate.drive(lambda now: core.close(logged_out=bool(ending.closing)))
        else:
            # Behind a LOGOUT, the end was to come.
            if not core.logged_out:
                self._let_sender_fail()
            if gate.sending.broken is not None:
                gate.fail_by(gate.sending.broken)
            else:
                gate.drive(lambda now: core.end_of_file())

    def _let_sender_fail(self) -> None:
        """Give a thread that is sending the time to report why it can't.

        Of a reset, the system tells the thread that asks first, and every other of an end of file.
        """
        deadline = Clock.now() + _SENDER_TIMEOUT
        while self._is_sending() and seconds_until(deadline):
            time.sleep(_SENDER_LOOK)

    def _is_sending(self) -> bool:
        sending = self._gate.sending
        return sending.is_taken and sending.broken is None and self._gate.core.reason is None
