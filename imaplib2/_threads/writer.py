"""The writer thread: it sends what other threads can't send at once, and keeps the time."""

from __future__ import annotations

import threading

from .._clock import Clock, seconds_until
from .._protocol.arguments import Buffer
from .._trace import OwnThread
from .gate import Gate
from .sending import DIRECT_SIZE, chunks

#: Seconds in which what the server had said is read, when nothing can be sent any more.
_LAST_WORDS_TIMEOUT = 1.0


class Writer:
    """Sleeps until there is output, until the earliest deadline, or until the end.

    As long as the peer has not acknowledged everything, it looks at that, too, every few seconds.
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        name = f"{gate.trace.identifier} writer"
        self.thread: threading.Thread = OwnThread(target=self._run, name=name, daemon=True)

    def _run(self) -> None:
        gate = self._gate
        gate.ending.running.add(threading.get_ident())
        try:
            while self._write():
                pass
        except OSError as problem:
            self._fail_sending(problem)
        except BaseException as problem:
            # A bug of ours, or of a subclass's send(): no thread may wait for ever.
            gate.fail_by(problem)
        finally:
            gate.leave(self.thread)

    def _write(self) -> bool:
        """Do one piece of work, or sleep until there is some; false at the end."""
        gate, core, sending = self._gate, self._gate.core, self._gate.sending
        gate.look_at_the_peer()
        if core.reason is not None:
            return False
        if gate.interrupted is not None:
            gate.end_interrupted()
            return False
        if sending.broken is not None:
            raise sending.broken
        buffers = gate.mutex.run(sending.take, core)
        if buffers:
            for chunk in chunks(buffers):
                self._send(chunk)
            gate.mutex.run(sending.end, core)
            if core.source is not None:
                gate.step(core.ask_for_more)
        elif buffers is None:
            gate.step(core.tick)
        else:
            sending.sleep()
        return True

    def _send(self, data: Buffer) -> None:
        gate, core, sending = self._gate, self._gate.core, self._gate.sending
        view = memoryview(data).cast("B")
        large = len(view) >= DIRECT_SIZE
        while view:
            if sending.silence.since is None:
                sending.silence.begin()
            deadline = gate.mutex.run(core.next_deadline)
            sent = gate.transport.send(view, sending.patience(deadline))
            view = view[sent:]
            if sent and large:
                sending.unsent = gate.transport.unsent()
                gate.progressed()
            else:
                gate.look_at_the_clock()
            if core.reason is not None:
                return

    def _fail_sending(self, problem: OSError) -> None:
        """Nothing can be sent any more: fail, unless what the server had said is the reason.

        The reader is given the time to read that, and ends the connection when it is through.
        """
        gate = self._gate
        gate.sending.broken = problem
        deadline = Clock.now() + _LAST_WORDS_TIMEOUT
        while gate.core.reason is None and (left := seconds_until(deadline)):
            gate.sending.bell.wait(left)
        gate.fail_by(problem)
