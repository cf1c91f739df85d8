"""Commands that are sent, and responses that are read, by hand.

Libraries built on ``imaplib``, and IDLE recipes that are older than ``idle()``, get a tag
(``_new_tag``), write the bytes of a command with ``send``, and pull what the server answers line
by line (``_get_response``, ``_get_line``, ``readline``), polling the socket in between. Here the
reader thread receives and files responses for them as for everybody else. While a command of such
a user is in progress, each response is queued for him as well.

Only while he polls the socket for the news of an IDLE does the reader leave them there until they
are pulled: otherwise it would be a matter of luck who sees them first.
"""

from __future__ import annotations

import contextlib
import copy
import errno
import os
import queue
import select
import weakref
from collections.abc import (
    ItemsView,
    Iterator,
    KeysView,
    Mapping,
    MutableMapping,
    ValuesView,
)
from typing import Any

from ._errors import abort, error, lost
from ._protocol.command import Command, Idle
from ._protocol.commands import Plus
from ._protocol.connection import Connection
from ._protocol.framing import Frame, as_sent, first_line, frame_size
from ._protocol.grammar import CRLF, TAG
from ._protocol.limits import ProtocolViolation
from ._protocol.responses import Continuation, Tagged, Untagged, parse
from ._protocol.written import Written
from ._threads import Engine
from ._threads.pending import Outcome, Pending
from ._waiting import Clock, Pipe, seconds_until

#: ``(typ, [text])`` once the tagged response has been pulled.
Completion = tuple[str, list[bytes]] | None


class ByHand:
    """What one connection's user sends and reads by himself; for one thread at a time."""

    def __init__(self, core: Connection) -> None:
        self._core = core
        #: Set as soon as there are threads.
        self.engine: Engine | None = None
        #: The text behind the last ``+``.
        self.continuation = b""
        # Weakly: a connection that is over is to be freed at once, not by a garbage collection.
        self.tagged_commands = TaggedCommands(core, weakref.ref(self))
        #: Bytes leave by a subclass's own ``send``, which may tell nobody.
        self.sends_unseen = False
        #: A subclass reads by a file, for which the socket must have no time-out.
        self.reads_lines = False
        #: What is sent has to pass a compressor, which the socket doesn't know.
        self.is_compressed = False
        self._pending: dict[bytes, Pending] = {}
        self._idle: Command | None = None
        self._owes_done = False  # the user has not ended his IDLE by himself yet
        self._readable: ReadableSocket | None = None
        # Pulled responses, and whether they have been kept from the untagged responses.
        self._responses: queue.SimpleQueue[tuple[Frame, bool] | None] = queue.SimpleQueue()
        self._size = 0  # bytes of those that were queued since there was none, by the reader
        # Bytes of pulled responses that were not given yet. Taking some from its front is cheap.
        self._rest = bytearray()
        self._pulling = 0  # threads that wait for a response
        self._has_pulled = False  # since there was last nothing to pull
        #: Whether there has been anything to pull; else there is nothing to do `after_command`.
        self.is_used = False
        self._open: set[bytes] = set()  # tags whose completion has not been received
        #: Of these, those of commands that were written to the socket, with tags of one's own.
        self._on_socket: set[bytes] = set()
        # Tags of commands whose bytes the user has sent, and whose completion he has not pulled.
        self._unread: set[bytes] = set()
        self._written = Written()

    # -- Sending ------------------------------------------------------------------------------

    def new_tag(self) -> bytes:
        """A tag for a command whose bytes the user sends."""
        tag = self._engine().locked(lambda core: core.new_tag())
        self.tagged_commands[tag] = None
        return tag

    def reserve(self, tag: bytes) -> None:
        """The user has *tag* for a command; if it is sent unseen, it may be sent from now on."""
        if self.sends_unseen and tag not in self._pending and self.engine is not None:
            self._read_away()
            self._expect_unseen(tag)

    def _expect_unseen(self, tag: bytes) -> None:
        command = Command.sent_by_hand(tag, tag)
        command.as_it_came = True
        command.waiter = self._pending[tag] = Pending()
        self._engine().locked(lambda core: core.expect_unseen(command))
        self._listen(tag)

    def open(self, command: Command) -> None:
        """Give *command*, which the library sends, a tag: it is about to be submitted."""
        command.tag = self._engine().locked(lambda core: core.new_tag())
        command.leaves_data = True
        self._expect(command)
        self._listen(command.tag)

    def complete(self, name: str, tag: bytes) -> Outcome:
        """Wait for the outcome of the command with *tag*: return it, or raise it."""
        pending = self._pending.get(tag)
        if pending is None:
            raise error(f"{name}: no command with the tag {tag!r} has been sent")
        try:
            self._engine().adopt(tag, name.encode("ascii", "replace"))
            self._engine().stop_polling()
            typ, data = self._engine().wait(pending)
        finally:
            self.tagged_commands.pop(tag, None)
        if typ == "BAD":
            raise error(f"{name} command error: BAD {data}")
        return typ, data

    def before_sending(self, data: Any, deadline: float | None = None) -> bool:
        """Make room on the connection for *data*; whether they still have to be sent.

        Raises TimeoutError when there is none until *deadline*, in monotonic time.
        """
        try:
            return self._make_way(data, deadline)
        except (error, OSError):
            raise  # nothing has been sent
        except BaseException as problem:
            if self._open:  # who waits for room only has left already
                self.failed_to_write(problem)
            raise

    def _make_way(self, data: Any, deadline: float | None) -> bool:
        start = bytes(memoryview(data)[:256])
        idle = self._idle
        idling = idle is not None and (self._owes_done or idle.tag in self._core.in_progress)
        if idle is not None and idling and start.strip().upper() == b"DONE":
            self._owes_done = False
            self._engine().end_idle(idle)
            return False
        tag = start.partition(b" ")[0]
        if tag in self._core.reserved_tags and self._is_new(tag):
            self._begin(tag, start, deadline)
        if self._core.logging_in:
            self._engine().locked(lambda core: core.sent_by_hand(bytes(data)))
        return True

    def _is_new(self, tag: bytes) -> bool:
        """Whether nothing has been sent of the command with *tag*, as far as we know."""
        unseen = self._engine().locked(lambda core: core.forget_unseen(tag))
        return unseen or tag not in self._open

    def _begin(self, tag: bytes, start: bytes, deadline: float | None) -> None:
        """Wait for the turn of a command whose first bytes are *start*."""
        command = Command.sent_by_hand(tag, start)
        self._expect(command)
        engine = self._engine()
        try:
            engine.make_room(command, deadline)
            self._unread.add(tag)
            self._listen(tag)  # what has come so far was in answer to others
        except BaseException:
            engine.give_up(command)
            self.tagged_commands.pop(tag, None)
            raise

    def _expect(self, command: Command) -> None:
        self._read_away()
        if command.row.plus is Plus.IDLE:
            if command.idle is None:
                # Whoever polls renews it himself, and pulls what would be an untagged response.
                command.idle = Idle(renew_after=None, capture=_drop, polled=True)
            self._idle = command
            self._owes_done = True
        command.as_it_came = True
        command.waiter = self._pending[command.tag] = Pending()
        self.tagged_commands[command.tag] = None

    # -- The socket in the user's hands ---------------------------------------------------------

    def take_over(self, *, reading: bool) -> bool:
        """Whether what the calling thread does with the socket is to be done here."""
        engine, core = self.engine, self._core
        if engine is None or not engine.can_wait:
            return False
        if core.paused:  # the handshake is the caller's, once he has read what is before it
            return reading and self._has_some()
        return core.reason is None or self._has_some()

    def are_ours(self) -> bool:
        """Whether the calling thread is the reader or the writer."""
        return self.engine is not None and self.engine.is_current

    def before_writing(self, data: Any, timeout: float | None) -> bool:
        """As `before_sending`, for bytes whose command may have a tag of the user's own.

        Waits up to *timeout* seconds, the socket's, which is for the answer, too. Raises as a
        socket does, and ``error`` when the tag is that of a command in progress.
        """
        if timeout or (timeout is None and not self.reads_lines):
            self._core.timeout = timeout
        try:
            return self._make_way_for_any(data, None if timeout is None else Clock.now() + timeout)
        except TimeoutError:
            if timeout == 0:
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None
            raise

    def _make_way_for_any(self, data: Any, deadline: float | None) -> bool:
        if self.is_compressed:
            raise error("what is written to the socket would not be compressed: use send()")
        start = bytes(memoryview(data)[:256])
        tag, space, _ = start.partition(b" ")
        if space and self._is_unknown(tag) and self._starts_command():
            if tag in self._core.in_progress:
                raise error(f"the tag {tag!r} is that of a command in progress")
            self._reserve_on_socket(tag)
        if not self.before_sending(data, deadline):
            return False
        self._expect_others(data, tag)
        return True

    def _expect_others(self, data: Any, first: bytes) -> None:
        """Expect the answers to commands in *data* behind that with the tag *first*."""
        ahead = copy.copy(self._written) if self._open else Written()
        for tag in ahead.feed(data):
            if tag != first and self._is_unknown(tag):
                self._reserve_on_socket(tag)
                self._expect_unseen(tag)

    def _is_unknown(self, word: bytes) -> bool:
        """Whether *word* may be a tag of the user's own, which is new to us."""
        return word not in self._core.reserved_tags and TAG.fullmatch(word) is not None

    def _reserve_on_socket(self, tag: bytes) -> None:
        self._on_socket.add(tag)
        self._core.reserved_tags.add(tag)

    def _starts_command(self) -> bool:
        """Whether what is sent next begins a command, rather than going on with one."""
        return self._written.at_start or not self._open

    def wrote(self, data: Any) -> None:
        """*data* have been sent."""
        if not self._open:
            self._written = Written()
        self._written.feed(data)
        self._engine().progressed()

    def failed_to_write(self, problem: BaseException) -> None:
        """Nobody knows what was sent."""
        self._engine().fail(abort(f"{type(problem).__name__} while data was sent"))

    def receive(self, size: int, timeout: float | None) -> bytes:
        """At most *size* bytes of what comes in answer; ``b""`` at the end.

        Waits up to *timeout* seconds. Raises as a socket with that time-out does, and ``error``
        when nothing that comes would be the caller's, and he would wait for ever.
        """
        if timeout is None and not (self._open or self._has_some()):
            raise error(
                "what the server says is received by imaplib2: before recv(), send a command by"
                " this socket, or set a time-out; or use idle(), response() or noop()"
            )
        try:
            if not self._rest:
                self._take_in(self._pull(timeout)[0])
        except abort:
            return b""
        while len(self._rest) < size and not self._responses.empty():
            pulled = self._next_queued()
            if pulled is None:
                self._responses.put(None)  # the end, which is for the next call
                break
            self._take_in(pulled[0])
        return self._take(min(size, len(self._rest)))

    def _take_in(self, frame: Frame) -> None:
        self._rest += as_sent(frame)
        self._done_with(first_line(frame).partition(b" ")[0])

    def _done_with(self, tag: bytes) -> None:
        """The completion of *tag* is in the user's hands, or never will be."""
        self._unread.discard(tag)
        if tag in self._on_socket:  # nobody else will say so
            self._on_socket.discard(tag)
            self.tagged_commands.drop(tag)
            self._pending.pop(tag, None)

    def forget(self, tag: bytes) -> None:
        """The user is done with *tag*."""
        if self._pending.pop(tag, None) is not None and self.engine is not None:
            self.engine.locked(lambda core: core.forget_unseen(tag))
        self._open.discard(tag)
        self._on_socket.discard(tag)
        self._unread.discard(tag)
        self._read_away()

    # -- Receiving ----------------------------------------------------------------------------

    def get_response(self, timeout: float | None) -> bytes | None:
        """Pull a response: the first line of it, or None for a ``+``.

        Waits up to *timeout* seconds. Raises as the methods of a socket with that time-out do, and
        ``abort`` when the connection is lost.
        """
        while True:
            frame, kept = self._pull(timeout)
            try:
                response = parse(frame)
            except ProtocolViolation as violation:
                raise lost(violation) from None
            if isinstance(response, Continuation):
                self.continuation = response.text
                return None
            if isinstance(response, Tagged):
                if not self.tagged_commands.complete(response):
                    continue  # another thread's
                self._on_socket.discard(response.tag)
                self._unread.discard(response.tag)
            elif kept:
                self._store(response)
            return first_line(frame)

    def get_line(self, timeout: float | None) -> bytes:
        """Pull a line, without its end; raises as `get_response` does."""
        if not self._rest:
            self._take_in(self._pull(timeout)[0])
        end = self._rest.find(CRLF)
        line = self._take(end if end >= 0 else len(self._rest))
        del self._rest[: len(CRLF)]
        return line

    def readline(self, timeout: float | None) -> bytes:
        """Pull a line, with its end; ``b""`` when the connection is over."""
        try:
            return self.get_line(timeout) + CRLF
        except abort:
            return b""

    def read(self, size: int, timeout: float | None) -> bytes:
        """Pull *size* bytes: a literal, behind the line that announced it."""
        while len(self._rest) < size:
            self._take_in(self._pull(timeout)[0])
        return self._take(size)

    def _take(self, size: int) -> bytes:
        with memoryview(self._rest) as view:
            data = bytes(view[:size])
        del self._rest[:size]
        return data

    def pollable(self, sock: Any) -> Any:
        """What to poll for news: *sock*, or what is like it but readable, if some wait here."""
        if self.engine is None or self._idle is None:
            return sock
        if not self.engine.is_polled or not self._has_some():
            return sock
        if self._readable is None:
            try:
                self._readable = ReadableSocket(sock)
            except OSError:  # no descriptor is left; what waits here is pulled with what comes
                return sock
        return self._readable

    def after_command(self) -> None:
        """File what nobody has pulled: another command has completed, which would read it away.

        Completions stay, for those who wait for them; and all that a user is about to read.
        """
        if self._has_some() and not self._is_being_read():
            self._read_away(keep_completions=True)

    def _is_being_read(self) -> bool:
        """Whether a user is amidst a response, or has not read the answer to what he has sent.

        The news of an IDLE are everybody's.
        """
        idle = self._idle
        own = self._unread | self._on_socket
        return bool(self._rest or own - {b"" if idle is None else idle.tag})

    def _has_some(self) -> bool:
        return bool(self._rest) or not self._responses.empty()

    def _read_away(self, *, keep_completions: bool = False) -> None:
        if self._open or self._pulling or self.engine is None or not self.engine.can_wait:
            return  # somebody is still about to pull, or this is a copy
        self._has_pulled = False
        self._owes_done = keep_completions and self._owes_done
        self._rest.clear()
        completions = []
        while (pulled := self._next_queued()) is not None:
            with contextlib.suppress(ProtocolViolation):
                response = parse(pulled[0])
                if isinstance(response, Untagged) and pulled[1]:
                    self._store(response)
                if not isinstance(response, Tagged):
                    continue
                if self.tagged_commands.complete(response) and keep_completions:
                    completions.append(pulled)
                else:
                    self._done_with(response.tag)
        for pulled in completions:
            self._responses.put(pulled)
        self._update_readable()

    def _next_queued(self) -> tuple[Frame, bool] | None:
        try:
            return self._responses.get_nowait()
        except queue.Empty:
            return None

    def _store(self, response: Untagged) -> None:
        self._engine().locked(lambda core: core.store(response))

    def _pull(self, timeout: float | None) -> tuple[Frame, bool]:
        engine = self._engine()
        self._has_pulled = True
        deadline = None if timeout is None else Clock.now() + timeout
        if self._responses.empty():
            self._listen()
        # In this order: is_polled waits until what has come is handled.
        while engine.is_polled and self._responses.empty():
            engine.read_polled(_until(deadline))
            if _until(deadline) == 0:
                break
        self._pulling += 1
        try:
            pulled = engine.wait_for_item(self._responses, deadline)
        except queue.Empty:
            if timeout == 0:
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None
            pulled = self._after_timeout()
        finally:
            self._pulling -= 1
        if pulled is None:
            self._responses.put(None)  # for all who pull
            raise self._lost()
        self._update_readable()
        return pulled

    def _update_readable(self) -> None:
        if self._readable is not None and not self._has_some():
            self._readable.drained()
            self._readable = None

    def _after_timeout(self) -> tuple[Frame, bool] | None:
        """What has come at the last moment: perhaps the end, for the same reason."""
        self._engine().look_at_the_clock()
        try:
            return self._responses.get_nowait()
        except queue.Empty:
            raise TimeoutError("timed out") from None

    def _listen(self, tag: bytes | None = None) -> None:
        """Queue what comes: up to the completion of *tag*, or one response without a tag."""

        self.is_used = True

        def listen(core: Connection) -> None:
            if core.reason is not None:
                self._responses.put(None)
            if tag is not None:
                self._open.add(tag)
            core.tap = self._receive

        self._engine().locked(listen)

    def _receive(self, frame: Frame | None) -> None:
        """Queue a response; called under the lock of the connection."""
        if frame is None:
            self._responses.put(None)
            return
        kept = self._keeps_news()
        if self._responses.empty():
            self._size = 0
        self._size += frame_size(frame)
        self._responses.put((frame, kept))
        first = first_line(frame)
        self._open.discard(first.partition(b" ")[0])
        if not self._open:
            self._core.tap = None
            return
        if not self._has_pulled:
            self._drop_oldest()  # threads whose commands overlap, and who don't pull
        if self._responses.qsize() > self._core.limits.collected:
            raise ProtocolViolation(
                f"more than {self._core.limits.collected} responses wait to be read by hand"
                " (limits.collected)"
            )

    def _keeps_news(self) -> bool:
        """Whether what comes is queued only: an IDLE is in progress that its user polls."""
        command = self._idle
        if command is None or command.idle is None or command.idle.capture is not _drop:
            return False
        return command.tag in self._core.in_progress

    def _drop_oldest(self) -> None:
        """Drop what is too much, but for the newest; most of it is filed elsewhere, too."""
        limits = self._core.limits
        while (count := self._responses.qsize()) > 1:
            if count <= limits.stored and self._size <= limits.stored_bytes:
                return
            oldest = self._next_queued()
            if oldest is None:
                return
            self._size -= frame_size(oldest[0])
            self._done_with(first_line(oldest[0]).partition(b" ")[0])
            if oldest[1]:
                response = parse(oldest[0])
                if isinstance(response, Untagged):
                    self._core.store(response)

    def _engine(self) -> Engine:
        if self.engine is None:
            raise abort("not connected")
        if not self.engine.can_wait:
            raise abort("no threads to serve this (forked child, or exit)")
        return self.engine

    def _lost(self) -> abort:
        """What libraries look for in the text is the end of file, whatever came before it."""
        reason = self._core.reason
        assert reason is not None
        if isinstance(reason, OSError) or "EOF" in str(reason):
            return lost(reason)
        return abort(f"socket error: EOF: {reason}")


class _Listed(bytes):
    """A tag, from a list of them: whoever asks for its item later gets it, completed or not.

    ``dict(mapping)`` asks for the keys, and then for the item of each.
    """

    completion: Completion

    @classmethod
    def of(cls, tag: bytes, completion: Completion) -> _Listed:
        listed = cls(tag)
        listed.completion = completion
        return listed


class TaggedCommands(MutableMapping[bytes, Any]):
    """The tags of commands in progress, as ``imaplib``'s dict: None, or ``(typ, [text])``.

    A command that is sent by hand stays until it is removed, by `_command_complete` or by the user.
    """

    def __init__(self, core: Connection, owner: weakref.ref[ByHand]) -> None:
        self._core = core
        self._owner = owner
        self._by_hand: dict[bytes, Completion] = {}

    def __getitem__(self, tag: bytes) -> Completion:
        try:
            return self._by_hand[tag]
        except KeyError:
            if tag in self._core.in_progress:
                return None
            if isinstance(tag, _Listed):
                return tag.completion
            raise

    def __setitem__(self, tag: bytes, completion: Completion) -> None:
        self._by_hand[tag] = completion
        self._core.reserved_tags.add(tag)
        owner = self._owner()
        if owner is not None and completion is None:
            owner.reserve(tag)

    def __delitem__(self, tag: bytes) -> None:
        del self._by_hand[tag]
        self._core.reserved_tags.discard(tag)
        owner = self._owner()
        if owner is not None:
            owner.forget(tag)

    def drop(self, tag: bytes) -> None:
        """Remove *tag*, and leave what came in answer to be read."""
        self._by_hand.pop(tag, None)
        self._core.reserved_tags.discard(tag)

    def __contains__(self, tag: object) -> bool:
        return tag in self._by_hand or tag in self._core.in_progress

    def pop(self, tag: bytes, *default: Any) -> Any:
        """Remove a command that was sent by hand, as ``dict.pop`` does; the others stay."""
        completion = self._by_hand.get(tag)
        try:
            del self[tag]
        except KeyError:
            if not default:
                raise
            return default[0]
        return completion

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.copy())

    def __repr__(self) -> str:
        return repr(self.copy())

    def copy(self) -> dict[bytes, Completion]:
        """All of it, as it is now: others may complete commands meanwhile."""
        return {**dict.fromkeys([*self._core.in_progress]), **self._by_hand}

    def keys(self) -> KeysView[bytes]:
        """The tags; each of these has its item for as long as it is kept."""
        return {_Listed.of(*item): None for item in self.copy().items()}.keys()

    def items(self) -> ItemsView[bytes, Completion]:
        """Tags and completions."""
        return self.copy().items()

    def values(self) -> ValuesView[Completion]:
        """The completions."""
        return self.copy().values()

    def replace(self, content: Mapping[bytes, Completion]) -> None:
        """Keep *content*, as if it were assigned, in the place of what was sent by hand."""
        content = dict(content.items())  # it may be what is replaced
        for tag in [*self._by_hand]:
            if tag not in content:
                self.pop(tag, None)
        for tag, completion in content.items():
            if tag in self._by_hand or tag not in self._core.in_progress:
                self[tag] = completion

    def complete(self, response: Tagged) -> bool:
        """Note a completion that was pulled; false when it is not of a command sent by hand."""
        if response.tag not in self._by_hand:
            return False
        self._by_hand[response.tag] = (response.type, [response.text])
        return True


class ReadableSocket:
    """A socket that has nothing to read, for those who poll: as if it had, until `drained`."""

    _epoll: Any = None

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._pipe = Pipe()
        self._pipe.write()
        with contextlib.suppress(AttributeError, OSError):  # there is none, or there can be none
            self._epoll = select.epoll()  # so that who keeps this polls the socket, too
            self._epoll.register(self._pipe.fileno(), select.EPOLLIN)
            self._epoll.register(sock.fileno(), select.EPOLLIN)

    def fileno(self) -> int:
        """A descriptor that is readable; valid as long as this object is."""
        return self._epoll.fileno() if self._epoll is not None else self._pipe.fileno()

    def drained(self) -> None:
        """Nothing waits any more, but for what the socket has."""
        self._pipe.read()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def __del__(self) -> None:
        pipe = vars(self).get("_pipe")  # none, if `__init__` was interrupted
        if pipe is not None:
            pipe.close()
        if self._epoll is not None:
            self._epoll.close()


def _until(deadline: float | None) -> float | None:
    return None if deadline is None else seconds_until(deadline)


def _drop(typ: str, data: list[Any]) -> None:
    """It is queued already."""
