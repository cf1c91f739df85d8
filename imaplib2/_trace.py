"""What ``debug`` shows: levels, the last interactions, and where they go. Never a secret."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable

from ._clock import Clock
from ._errors import escaped, printable
from ._hints import Any, TextIO
from ._protocol.framing import Batch

#: Interactions that are kept to be printed with an error.
KEPT = 20
#: Characters of one line that are shown.
SHOWN = 1000


class OwnThread(threading.Thread):
    """A thread of a connection: what user code raises there reaches no user."""


def shielded(function: Callable[..., object], *arguments: Any) -> None:
    """Call user code that is only told something (log handlers, debug files, hooks).

    Exceptions that it raises are dropped. What isn't an Exception is dropped in a thread of ours,
    and raised in one of a user: Ctrl-C, ``sys.exit()``, the time-outs of eventlet.
    """
    try:
        function(*arguments)
    except Exception:
        pass
    except BaseException:
        if not isinstance(threading.current_thread(), OwnThread):
            raise


class Trace:
    """One connection's debugging output.

    Levels: 1 why the connection has ended, with the last interactions; 3 also commands; 4 also
    responses. The latest `KEPT` of what isn't printed at once are kept, and printed when an error
    ends the connection (at level 1 and up). While the level is below *buffer_level*, nothing is
    printed at once.

    Threads of all kinds call this, without a lock: the deque is appended to, and popped, singly.
    """

    def __init__(
        self,
        level: int = 0,
        file: TextIO | None = None,
        identifier: str = "imaplib2",
        buffer_level: int | None = None,
    ) -> None:
        self.level = level
        self.file = file
        self.identifier = identifier
        self.buffer_level = buffer_level or 0
        #: Prints instead of this class: a subclass's ``_mesg(text, thread name, seconds)``.
        self.printer: Callable[[str, str, float | None], Any] | None = None
        #: Gives so many bytes of the beginning of a response, without secrets.
        self.hide: Callable[[bytes, int], bytes] = _cut
        self._kept: deque[tuple[float, threading.Thread, str, Any]] = deque(maxlen=KEPT)

    def message(self, level: int, text: str) -> None:
        """Print *text* at *level* and above; keep it otherwise."""
        if self.level >= max(level, self.buffer_level):
            self.write(escaped(text))
        else:
            self._kept.append((Clock.wall(), threading.current_thread(), "", text))

    def traffic(self, entries: list[tuple[str, Any]]) -> None:
        """Print, or keep, what was sent (">", from level 3 on) and received ("<", from 4 on).

        A text may be a ``Batch`` of responses.
        """
        thread = threading.current_thread()
        if self.level >= 3 and self.level >= self.buffer_level:
            name = thread.name
            for direction, text in entries:
                if direction == ">" or self.level >= 4:
                    for single in _singly(text):
                        self.write(_line(direction, self._head(direction, single)), name)
            return
        now, kept = Clock.wall(), self._kept
        for direction, text in entries[-KEPT:]:
            # Nearly always it is bytes: without a call for each.
            if type(text) is bytes:
                shown = text[:SHOWN] if direction == ">" else self.hide(text, SHOWN)
                kept.append((now, thread, direction, shown))
            else:
                for single in _singly(text)[-KEPT:]:
                    kept.append((now, thread, direction, self._head(direction, single)))

    def _head(self, direction: str, text: Any) -> Any:
        """What to show of a command or a response, without secrets."""
        # Not the literals: a message of megabytes must not live on in the trace.
        head = text[0] if isinstance(text, list) else text
        # The core has taken the secrets out of what was sent.
        return self.hide(head, SHOWN) if direction == "<" and type(head) is bytes else head[:SHOWN]

    def write(self, text: str, thread: str | None = None, when: float | None = None) -> None:
        """Print a line, with time and thread, to the debug file and to the logger."""
        name = thread or threading.current_thread().name
        log("debug", "%s: %s", name, text)
        shielded(self.printer or self.print, text, name, when)

    def print(self, text: str, thread: str | None = None, when: float | None = None) -> None:
        """Print a line to the debug file, unless there is another printer."""
        name = thread or threading.current_thread().name
        stamp = time.strftime("%H:%M:%S", time.localtime(Clock.wall() if when is None else when))
        file = self.file or sys.stderr
        # In one piece: other threads print, too.
        file.write(f"  {stamp} {name} {text}\n")
        file.flush()

    def print_kept(self) -> None:
        """Print the last interactions, and forget them."""
        kept = self._take_kept()
        if not kept:
            return
        self.write(f"last {len(kept)} interactions:")
        for when, thread, direction, text in kept:
            self.write(_line(direction, text), thread.name, when)

    def _take_kept(self) -> list[tuple[float, threading.Thread, str, Any]]:
        # One by one: other threads go on adding, and a deque that changes can't be copied.
        kept: list[tuple[float, threading.Thread, str, Any]] = []
        while self._kept and len(kept) < KEPT:
            try:
                kept.append(self._kept.popleft())
            except IndexError:
                break  # another thread prints the rest
        return kept


def log(method: str, *arguments: Any, **options: Any) -> None:
    """Call a *method* of the package's logger, see `shielded`: handlers may raise."""

    def call() -> None:
        import logging

        getattr(logging.getLogger("imaplib2"), method)(*arguments, **options)

    shielded(call)


def _cut(text: bytes, size: int) -> bytes:
    return text[:size]


def _singly(text: Any) -> list[Any]:
    return text if isinstance(text, Batch) else [text]


def _line(direction: str, text: Any) -> str:
    head = text[:SHOWN]
    if not direction:
        return escaped(head)
    if direction == ">" and isinstance(head, bytes):
        head = head.decode("utf-8", "surrogateescape")
    shown = printable(head.rstrip("\r\n")) if isinstance(head, str) else repr(head)
    return f"{direction} {shown}"
