"""A scripted IMAP server and a misbehaving TCP proxy, both on the loopback interface.

A test gives `ScriptedServer` a script, a function `script(peer)`. It runs once per accepted
connection, in a thread of its own, and says with the methods of `Peer` what the server does:

    def script(peer: Peer) -> None:
        peer.greet()
        peer.login()
        peer.ok(peer.command("NOOP"))
        peer.serve_logout()

    with ScriptedServer(script) as server:
        ...  # connect to server.host, server.port

Rules:

- Every wait ends: with what was waited for, with TimeoutError after `limit` seconds, with
  PeerClosedError when the client leaves, or with StoppedError when the test is over.
- What a script raises is kept, and raised in the test by `ScriptedServer.check` (the context
  manager's exit does it too). A script that still wants something when the test is over has
  failed, unless it called `peer.relax()`.
- After a script has returned the server has closed its side (FIN) and discards what comes.
- Sockets don't block: a thread waits in `_wait_ready`, which `_Stop.set` wakes, and a lock around
  the single operations makes it safe for the test's thread to send while the script reads, over
  TLS too.
"""

from __future__ import annotations

import contextlib
import ctypes
import re
import selectors
import socket
import ssl
import struct
import sys
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias, TypeVar

LIMIT = 10.0
"""Seconds that a single wait of a script may last."""

GRACE = 1.0
"""Seconds that scripts get to end by themselves after the test is over."""

CRLF = b"\r\n"
_READ_SIZE = 65536
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_LITERAL = re.compile(rb"\{(\d+)(\+?)\}\r\n\Z")

_T = TypeVar("_T")


class PeerClosedError(EOFError):
    """The client closed the connection while the script wanted more from it."""


class StoppedError(Exception):
    """The test is over while the script was still waiting."""


# --- Waiting -----------------------------------------------------------------------------------


class _Stop:
    """A flag that wakes everybody in `_wait_ready` when it is set."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.receiver, self._sender = socket.socketpair()

    def set(self) -> None:
        """Set the flag: the end of file is there for every waiter, and stays."""
        self.event.set()
        self._sender.close()

    def close(self) -> None:
        self.set()
        self.receiver.close()


def _wait_ready(sock: socket.socket, events: int, deadline: float | None, stop: _Stop) -> None:
    timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
    with selectors.DefaultSelector() as selector:
        selector.register(sock, events)
        selector.register(stop.receiver, _READ)
        ready = selector.select(timeout)
    if stop.event.is_set():
        raise StoppedError("the test ended while the script was waiting")
    if not ready:
        raise TimeoutError("the client did nothing in time")


def _reset(sock: socket.socket) -> None:
    """Close with RST, which is what closing with a linger time of zero sends."""
    fields = "hh" if hasattr(socket, "SIO_RCVALL") else "ii"  # Windows has its own struct linger
    with contextlib.suppress(OSError):  # some systems refuse when the other side was faster
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(fields, 1, 0))
    sock.close()


def _lose_packets(sock: socket.socket) -> None:
    """Have the system drop all that comes for a socket before TCP sees it: nothing is acknowledged.

    Linux only: a filter of one instruction, `return 0`.
    """
    instruction = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
    program = struct.pack("HP", 1, ctypes.addressof(instruction))
    sock.setsockopt(socket.SOL_SOCKET, 26, program)  # SO_ATTACH_FILTER, which Python doesn't name


def filters_missing() -> str | None:
    """Why no proxy can lose packets here; None when it can."""
    if sys.platform != "linux":
        return "only Linux has socket filters"
    with socket.socket() as sock:
        try:
            _lose_packets(sock)
        except PermissionError:
            return "socket filters are forbidden here"
    return None


def _prepare(sock: socket.socket) -> None:
    sock.setblocking(False)
    with contextlib.suppress(OSError):  # likewise
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _send_fin(sock: socket.socket) -> None:
    # The other side may have reset the connection, or it may be closed already.
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)


def _listen(host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, 0), family=family, backlog=128)
    listener.setblocking(False)
    return listener


class _Stream:
    """Bounded input and output of one connection: plain or TLS, compressed or not."""

    def __init__(self, sock: socket.socket, stop: _Stop, limit: float) -> None:
        _prepare(sock)
        self.sock = sock
        self.limit = limit
        self._stop = stop
        self._buffer = bytearray()
        self._operation = threading.Lock()
        self._sending = threading.Lock()
        self._compressor: zlib._Compress | None = None
        self._decompressor: zlib._Decompress | None = None

    def send(self, *data: bytes) -> None:
        """Send the bytes exactly as given, in one piece; safe from any thread."""
        payload = b"".join(data)
        with self._sending:
            if self._compressor is not None:
                payload = self._compressor.compress(payload)
                payload += self._compressor.flush(zlib.Z_SYNC_FLUSH)
            self._send_all(payload)

    def _send_all(self, payload: bytes) -> None:
        view = memoryview(payload)
        deadline = self._deadline(None)
        try:
            while view:
                view = view[self._attempt(partial(self._send_some, view), _WRITE, deadline) :]
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise PeerClosedError("the client closed while the server was sending") from error

    def _send_some(self, view: memoryview) -> int:
        return self.sock.send(view)

    def _receive_some(self) -> bytes:
        return self.sock.recv(_READ_SIZE)

    def read(self, size: int, limit: float | None = None) -> bytes:
        """Read exactly `size` bytes."""
        deadline = self._deadline(limit)
        while len(self._buffer) < size:
            self._fill(f"{size} bytes", deadline)
        return self._take(size)

    def readline(self, limit: float | None = None) -> bytes:
        """Read a line and return it without its CRLF; a bare LF is a failure."""
        deadline = self._deadline(limit)
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            self._fill("a line", deadline)
        line = self._take(end + 1)
        if not line.endswith(CRLF):
            raise AssertionError(f"the client ended a line with a bare LF: {line!r}")
        return line[:-2]

    def wait_closed(self, limit: float | None = None) -> bytes:
        """Wait until the client has closed (FIN or RST); return what it sent before."""
        deadline = self._deadline(limit)
        try:
            while True:
                self._fill("the end", deadline)
        except PeerClosedError:
            return self._take(len(self._buffer))

    def wrap_tls(self, context: ssl.SSLContext) -> None:
        """Do the server's part of a TLS handshake."""
        if self._buffer:
            raise AssertionError(f"the client sent before its handshake: {bytes(self._buffer)!r}")
        sock = context.wrap_socket(self.sock, server_side=True, do_handshake_on_connect=False)
        self.sock = sock
        self._attempt(sock.do_handshake, _READ, self._deadline(None))

    def start_deflate(self) -> None:
        """Compress (RFC 4978) from here on, in both directions."""
        self._compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        self._decompressor = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        self._buffer = bytearray(self._decompressor.decompress(self._buffer))

    def close(self) -> None:
        """Send FIN, and close_notify before it if this is TLS.

        The client can still send, but over TLS only `wait_closed` makes sense after it.
        """
        with self._operation:
            if isinstance(self.sock, ssl.SSLSocket):
                # The alert goes out; that the client's own has not come yet is no error here.
                with contextlib.suppress(OSError, ValueError):
                    self.sock.unwrap()
            _send_fin(self.sock)

    def cut(self) -> None:
        """Send FIN without close_notify, like a TLS server that was killed."""
        with self._operation:
            _send_fin(self.sock)

    def reset(self) -> None:
        """Close with RST; at the start of a script it may come before the client's connect ends."""
        _reset(self.sock)

    def _discard_rest(self) -> None:
        """Read until the client closes or the test ends.

        Closing earlier, with something unread, would send RST where FIN was meant.
        """
        self.close()
        with contextlib.suppress(OSError, ValueError, StoppedError):
            while self._attempt(self._receive_some, _READ, None):
                pass
        self.sock.close()

    def _deadline(self, limit: float | None) -> float:
        return time.monotonic() + (self.limit if limit is None else limit)

    def _take(self, size: int) -> bytes:
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _fill(self, wanted: str, deadline: float) -> None:
        try:
            data = self._attempt(self._receive_some, _READ, deadline)
        except (TimeoutError, StoppedError) as error:
            raise type(error)(f"{error}; {self._lacking(wanted)}") from None
        except ConnectionError as error:
            raise PeerClosedError(f"the client reset; {self._lacking(wanted)}") from error
        if not data:
            raise PeerClosedError(f"the client closed; {self._lacking(wanted)}")
        self._buffer += self._decompressor.decompress(data) if self._decompressor else data

    def _lacking(self, wanted: str) -> str:
        return f"the script wanted {wanted} and has {bytes(self._buffer[:200])!r}"

    def _attempt(self, operation: Callable[[], _T], events: int, deadline: float | None) -> _T:
        """Do `operation` as soon as the socket allows it."""
        while True:
            try:
                with self._operation:
                    return operation()
            except ssl.SSLWantReadError:
                wanted = _READ
            except ssl.SSLWantWriteError:
                wanted = _WRITE
            except BlockingIOError:
                wanted = events
            _wait_ready(self.sock, wanted, deadline, self._stop)


# --- The server's side of a session --------------------------------------------------------------


@dataclass(frozen=True)
class Command:
    """A command as it came; `UID FETCH` and its like are names of their own."""

    tag: bytes
    name: str
    args: bytes
    """What follows the name, literals in place: `{3}`, CRLF and three bytes."""
    raw: bytes
    literals: tuple[bytes, ...]
    pending: int | None = None
    """The announced size of a literal that was not asked for yet (see `Peer.complete`)."""

    @property
    def words(self) -> list[bytes]:
        """The arguments as strings: quotes undone, literals inserted, lists left as they are."""
        return list(_words(self.args))


def _command(raw: bytes, literals: tuple[bytes, ...], pending: int | None) -> Command:
    tag, _, rest = raw[: -len(CRLF)].partition(b" ")
    name, _, args = rest.partition(b" ")
    if name.upper() == b"UID":
        second, _, args = args.partition(b" ")
        name += b" " + second
    return Command(tag, name.decode("ascii").upper(), args, raw, literals, pending)


_WORD = re.compile(
    rb"""\ *(?: "(?P<quoted>(?:[^"\\]|\\.)*)" | ~?\{(?P<size>\d+)\+?\}\r\n
            | (?P<list>\() | (?P<atom>[^ ()"{][^ ()]*) )""",
    re.VERBOSE | re.DOTALL,
)


def _words(args: bytes) -> Iterator[bytes]:
    at = 0
    while match := _WORD.match(args, at):
        at = match.end()
        if match["quoted"] is not None:
            yield re.sub(rb"\\(.)", rb"\1", match["quoted"])
        elif match["size"] is not None:
            at += int(match["size"])
            yield args[match.end() : at]
        elif match["list"] is not None:
            at = _list_end(args, match.end())
            yield args[match.start("list") : at]
        else:
            yield match["atom"]
    if args[at:].strip():
        raise AssertionError(f"arguments that make no sense: {args!r}")


def _list_end(args: bytes, at: int) -> int:
    depth = 1
    while depth:
        match = re.compile(rb'"(?:[^"\\]|\\.)*"|[()]').search(args, at)
        if match is None:
            raise AssertionError(f"unbalanced parentheses: {args!r}")
        depth += {b"(": 1, b")": -1}.get(match[0], 0)
        at = match.end()
    return at


class Peer(_Stream):
    """The server's side of one connection, as a script sees it."""

    def __init__(
        self,
        sock: socket.socket,
        number: int,
        stop: _Stop,
        limit: float,
        changed: Callable[[], None],
    ) -> None:
        super().__init__(sock, stop, limit)
        self.number = number
        """How many connections came before this one."""
        self.relaxed = False
        self._changed = changed

    # Sending

    def line(self, text: bytes) -> None:
        """Send a line; CRLF is added."""
        self.send(text, CRLF)

    def untagged(self, *texts: bytes) -> None:
        """Send `* text` lines, in one piece."""
        self.send(*(b"* " + text + CRLF for text in texts))

    def greet(self, text: bytes = b"* OK ready") -> None:
        self.line(text)

    def trickle(self, data: bytes, size: int = 1, interval: float = 0.0) -> None:
        """Send `data` in pieces, `interval` seconds apart."""
        for start in range(0, len(data), size):
            self.send(data[start : start + size])
            if self._stop.event.wait(interval):
                raise StoppedError("the test ended while data trickled")

    def reply(self, command: Command, status: bytes, text: bytes) -> None:
        """Send the tagged response that completes `command`."""
        self.line(b" ".join((command.tag, status, text)))

    def ok(self, command: Command, text: bytes = b"done") -> None:
        self.reply(command, b"OK", text)

    def no(self, command: Command, text: bytes = b"refused") -> None:
        self.reply(command, b"NO", text)

    def bad(self, command: Command, text: bytes = b"not understood") -> None:
        self.reply(command, b"BAD", text)

    # Reading

    def command(
        self,
        *names: str,
        continuation: bytes | None = b"+ OK",
        limit: float | None = None,
    ) -> Command:
        """Read a whole command, and insist on one of `names` if there are any.

        Synchronising literals are asked for with the line `continuation`. When it is None the
        command is returned as it stands at the first of them, with its size in `pending`.
        """
        command = self._collect(b"", (), continuation, limit)
        if names and command.name not in names:
            raise AssertionError(f"{' or '.join(names)} expected, got {command.raw!r}")
        return command

    def complete(
        self,
        command: Command,
        continuation: bytes | None = b"+ OK",
        limit: float | None = None,
    ) -> Command:
        """Read the rest of a command whose literal is pending, and ask for it first."""
        if command.pending is None:
            raise AssertionError(f"there is no literal to come in {command.raw!r}")
        if continuation is not None:
            self.line(continuation)
        literal = self.read(command.pending, limit)
        return self._collect(
            command.raw + literal, (*command.literals, literal), continuation, limit
        )

    def _collect(
        self,
        raw: bytes,
        literals: tuple[bytes, ...],
        continuation: bytes | None,
        limit: float | None,
    ) -> Command:
        """Read on behind `raw` to the end of the command, or to a literal not to be asked for."""
        while True:
            raw += self.readline(limit) + CRLF
            announced = _LITERAL.search(raw)
            if announced is None:
                return _command(raw, literals, None)
            size = int(announced[1])
            if not announced[2]:
                if continuation is None:
                    return _command(raw, literals, size)
                self.line(continuation)
            literals = (*literals, self.read(size, limit))
            raw += literals[-1]

    def expect(self, line: bytes, limit: float | None = None) -> None:
        """Read a line that must be this one, `DONE` for instance."""
        got = self.readline(limit)
        if got != line:
            raise AssertionError(f"{line!r} expected, got {got!r}")

    # Pieces of a usual session

    def capability(self, capabilities: bytes = b"IMAP4rev1") -> Command:
        command = self.command("CAPABILITY")
        self.untagged(b"CAPABILITY " + capabilities)
        self.ok(command)
        return command

    def login(self, text: bytes = b"logged in") -> Command:
        command = self.command("LOGIN")
        self.ok(command, text)
        return command

    def select(self, exists: int = 3, *, uidvalidity: int = 1, text: bytes = b"") -> Command:
        """Answer SELECT or EXAMINE."""
        command = self.command("SELECT", "EXAMINE")
        self.untagged(*_mailbox_data(exists, exists + 1, uidvalidity))
        access = b"[READ-WRITE]" if command.name == "SELECT" else b"[READ-ONLY]"
        self.ok(command, text or access + b" opened")
        return command

    def starttls(self, context: ssl.SSLContext) -> Command:
        command = self.command("STARTTLS")
        self.ok(command, b"begin TLS")
        self.wrap_tls(context)
        return command

    def deflate(self) -> Command:
        command = self.command("COMPRESS")
        self.ok(command, b"DEFLATE active")
        self.start_deflate()
        return command

    def serve_logout(self) -> Command:
        """Answer LOGOUT and close."""
        command = self.command("LOGOUT")
        self.untagged(b"BYE logging out")
        self.ok(command)
        self.close()
        return command

    # Waiting

    def pause(self, event: threading.Event, limit: float | None = None) -> None:
        """Wait until the test has set `event`."""
        deadline = self._deadline(limit)
        while not event.is_set():
            if time.monotonic() > deadline:
                raise TimeoutError("the test did not set the event in time")
            # Two events cannot be waited for at once.
            event.wait(0.02)
            if self._stop.event.is_set() and not event.is_set():
                raise StoppedError("the test ended and did not set the event")

    def hold(self) -> None:
        """Neither read, nor send, nor close until the test is over."""
        self.relax()
        self._stop.event.wait()

    def relax(self) -> None:
        """Allow the client to leave, and the test to end, at any point from here on."""
        self.relaxed = True
        self._changed()


def _mailbox_data(exists: int, uidnext: int, uidvalidity: int) -> list[bytes]:
    return [
        rb"FLAGS (\Answered \Flagged \Deleted \Seen \Draft)",
        rb"OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft \*)] limited",
        b"%d EXISTS" % exists,
        b"0 RECENT",
        b"OK [UIDVALIDITY %d] valid" % uidvalidity,
        b"OK [UIDNEXT %d] predicted" % uidnext,
    ]


Script: TypeAlias = Callable[[Peer], object]


class ScriptedServer:
    """Runs a script for every connection; `tls` makes it a server of implicit TLS."""

    def __init__(
        self,
        script: Script,
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        limit: float = LIMIT,
    ) -> None:
        self.host = host
        self.peers: list[Peer] = []
        self.failures: list[BaseException] = []
        self.handshake_errors: list[Exception] = []
        """Implicit TLS only: clients that refused the certificate, or did not speak TLS."""
        self._script, self._tls, self._limit = script, tls, limit
        self._running: set[Peer] = set()
        self._changed = threading.Condition()
        self._listener = _listen(host)
        self._no_more, self._stop = _Stop(), _Stop()
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._run_thread("accept", self._accept)

    @property
    def connections(self) -> int:
        """How many connections have been accepted so far."""
        return len(self.peers)

    def wait_connections(self, count: int) -> None:
        """Wait until so many connections have been accepted."""
        self._wait(lambda: self.connections >= count, f"{count} connections")

    def join(self, connections: int = 1) -> None:
        """Wait until the scripts of so many connections have ended; raise what one raised."""
        self._wait(
            lambda: self.connections >= connections and not self._running, "the scripts' end"
        )
        self.check()

    def check(self) -> None:
        """Raise what a script raised, once."""
        if self.failures:
            raise self.failures.pop(0)

    def close(self) -> None:
        """Let the scripts end, cut off those that don't, and free everything."""
        if self._stop.event.is_set():
            return
        self._no_more.set()
        self._threads[0].join(LIMIT)
        with self._changed:
            self._changed.wait_for(lambda: all(p.relaxed for p in self._running), GRACE)
        self._stop.set()
        for thread in self._threads:
            thread.join(LIMIT)
        for resource in (self._listener, self._no_more, self._stop):
            resource.close()
        if alive := [thread.name for thread in self._threads if thread.is_alive()]:
            raise RuntimeError(f"threads that do not end: {alive}")

    def __enter__(self) -> ScriptedServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close()
        if kind is None:
            self.check()

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        with self._changed:
            if not self._changed.wait_for(condition, self._limit + GRACE):
                raise TimeoutError(f"{what}: not in time")

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _run_thread(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=f"scripted server {name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        """Accept until told to stop, and then who has connected before that."""
        with contextlib.suppress(StoppedError):
            while True:
                _wait_ready(self._listener, _READ, None, self._no_more)
                self._accept_waiting()
        self._accept_waiting()

    def _accept_waiting(self) -> None:
        with contextlib.suppress(OSError):  # no more, or one that was gone before its turn
            while True:
                self._start(self._listener.accept()[0])

    def _start(self, sock: socket.socket) -> None:
        peer = Peer(sock, len(self.peers), self._stop, self._limit, self._notify)
        with self._changed:
            self.peers.append(peer)
            self._running.add(peer)
            self._changed.notify_all()
        self._run_thread(f"connection {peer.number}", lambda: self._serve(peer))

    def _serve(self, peer: Peer) -> None:
        try:
            if self._shake_hands(peer):
                self._script(peer)
        except (PeerClosedError, StoppedError) as error:
            if not peer.relaxed:
                self.failures.append(error)
        except BaseException as error:
            self.failures.append(error)
        with self._changed:
            self._running.discard(peer)
            self._changed.notify_all()
        peer._discard_rest()

    def _shake_hands(self, peer: Peer) -> bool:
        if self._tls is None:
            return True
        try:
            peer.wrap_tls(self._tls)
        except OSError as error:
            self.handshake_errors.append(error)
            return False
        return True


# --- A well-behaved session ----------------------------------------------------------------------

CAPABILITIES = b"IMAP4rev1 LITERAL+ IDLE UIDPLUS UNSELECT MOVE ENABLE ID NAMESPACE"

_QUIET = 120.0  # seconds that a client of `mailbox` may be silent

MESSAGE = b"From: a@example.org\r\nSubject: hello\r\n\r\nHello.\r\n"

Messages: TypeAlias = dict[int, bytes]
"""The messages of a mailbox by UID; the order of the UIDs is that of the message numbers."""


@dataclass
class Session:
    """What `mailbox` knows about one connection."""

    peer: Peer
    capabilities: bytes
    mailboxes: dict[bytes, Messages]
    flags: dict[tuple[bytes, int], set[bytes]] = field(default_factory=dict)
    selected: bytes | None = None
    readonly: bool = False
    over: bool = False

    @property
    def messages(self) -> Messages:
        """The messages of the selected mailbox."""
        return self.mailboxes[self.selected_name]

    @property
    def selected_name(self) -> bytes:
        if self.selected is None:
            raise _RefusedError(b"BAD", b"no mailbox is selected")
        return self.selected

    def mailbox(self, name: bytes) -> Messages:
        try:
            return self.mailboxes[mailbox_key(name)]
        except KeyError:
            raise _RefusedError(b"NO", b"[TRYCREATE] no such mailbox") from None

    def numbered(self, sequence_set: bytes, uid: bool) -> list[tuple[int, int]]:
        """Number and UID of the messages in a sequence set."""
        pairs = list(enumerate(sorted(self.messages), 1))
        if not pairs:
            return []
        wanted = _numbers(sequence_set, pairs[-1][uid])
        return [pair for pair in pairs if any(low <= pair[uid] <= high for low, high in wanted)]

    def flags_of(self, uid: int) -> set[bytes]:
        return self.flags.setdefault((self.selected_name, uid), set())

    def expunge(self, uids: set[int]) -> None:
        """Remove messages and say so, the last one first so that the numbers stay right."""
        for number, uid in reversed(list(enumerate(sorted(self.messages), 1))):
            if uid in uids:
                del self.messages[uid]
                self.flags.pop((self.selected_name, uid), None)
                self.peer.untagged(b"%d EXPUNGE" % number)


class _RefusedError(Exception):
    """Ends a command: status and text of its tagged response."""


Handler: TypeAlias = Callable[[Session, Command], None]

HANDLERS: dict[str, Handler] = {}
"""What `mailbox` does for each command; its argument `handlers` overrides single ones."""


def mailbox(
    peer: Peer,
    *,
    capabilities: bytes = CAPABILITIES,
    messages: Messages | None = None,
    mailboxes: dict[bytes, Messages] | None = None,
    flags: dict[tuple[bytes, int], set[bytes]] | None = None,
    handlers: Mapping[str, Handler] | None = None,
    greeting: bytes | None = None,
) -> None:
    """Be a small well-behaved server until LOGOUT, or until the client leaves.

    `messages` are those of INBOX, `mailboxes` the others by name, `flags` those of each message.
    They are changed in place, so that connections can share them and tests can look at them. Use
    functools.partial to make a script of it:  serve(partial(mailbox, handlers={"NOOP": my_noop})).
    """
    inbox = dict.fromkeys((1, 2, 3), MESSAGE) if messages is None else messages
    mailboxes = {} if mailboxes is None else mailboxes
    mailboxes[b"INBOX"] = inbox
    session = Session(peer, capabilities, mailboxes, {} if flags is None else flags)
    table = {**HANDLERS, **(handlers or {})}
    peer.relax()
    peer.greet(greeting or b"* OK [CAPABILITY " + capabilities + b"] ready")
    while not session.over:
        _dispatch(session, table, peer.command(limit=_QUIET))


def _dispatch(session: Session, table: Mapping[str, Handler], command: Command) -> None:
    try:
        handler = table.get(command.name)
        if handler is None:
            raise _RefusedError(b"BAD", b"unknown command")
        handler(session, command)
    except _RefusedError as refusal:
        session.peer.reply(command, *refusal.args)


def _handles(*names: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(names, handler))
        return handler

    return register


def mailbox_key(name: bytes) -> bytes:
    return b"INBOX" if name.upper() == b"INBOX" else name


def quoted(value: bytes) -> bytes:
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def literal(value: bytes) -> bytes:
    return b"{%d}\r\n%s" % (len(value), value)


def _numbers(sequence_set: bytes, last: int) -> list[tuple[int, int]]:
    ranges = []
    for part in sequence_set.split(b","):
        ends = [last if end == b"*" else int(end) for end in part.split(b":")]
        ranges.append((min(ends), max(ends)))
    return ranges


@_handles("NOOP", "CHECK", "LOGIN", "SUBSCRIBE", "UNSUBSCRIBE")
def _agree(session: Session, command: Command) -> None:
    session.peer.ok(command)


@_handles("CAPABILITY")
def _capability(session: Session, command: Command) -> None:
    session.peer.untagged(b"CAPABILITY " + session.capabilities)
    session.peer.ok(command)


@_handles("ENABLE")
def _enable(session: Session, command: Command) -> None:
    session.peer.untagged(b"ENABLED " + command.args)
    session.peer.ok(command)


@_handles("ID")
def _id(session: Session, command: Command) -> None:
    session.peer.untagged(b'ID ("name" "scripted")')
    session.peer.ok(command)


@_handles("NAMESPACE")
def _namespace(session: Session, command: Command) -> None:
    session.peer.untagged(b'NAMESPACE (("" "/")) NIL NIL')
    session.peer.ok(command)


@_handles("AUTHENTICATE")
def _authenticate(session: Session, command: Command) -> None:
    """Accept any client response, initial or asked for."""
    if len(command.words) == 1:
        session.peer.line(b"+ ")
        session.peer.readline()
    session.peer.ok(command)


@_handles("COMPRESS")
def _compress(session: Session, command: Command) -> None:
    session.peer.ok(command)
    session.peer.start_deflate()


@_handles("LOGOUT")
def _logout(session: Session, command: Command) -> None:
    session.peer.untagged(b"BYE logging out")
    session.peer.ok(command)
    session.over = True


@_handles("SELECT", "EXAMINE")
def _select(session: Session, command: Command) -> None:
    session.selected = None
    messages = session.mailbox(command.words[0])
    session.selected = mailbox_key(command.words[0])
    session.readonly = command.name == "EXAMINE"
    session.peer.untagged(*_mailbox_data(len(messages), _uidnext(messages), 1))
    session.peer.ok(command, b"[READ-ONLY] opened" if session.readonly else b"[READ-WRITE] opened")


@_handles("CLOSE", "UNSELECT")
def _close(session: Session, command: Command) -> None:
    messages = session.messages
    if command.name == "CLOSE" and not session.readonly:
        for uid in [uid for uid in messages if rb"\Deleted" in session.flags_of(uid)]:
            del messages[uid]
    session.selected = None
    session.peer.ok(command)


@_handles("STATUS")
def _status(session: Session, command: Command) -> None:
    name, items = command.words
    messages = session.mailbox(name)
    values = {b"MESSAGES": len(messages), b"UIDNEXT": _uidnext(messages), b"UIDVALIDITY": 1}
    pairs = [b"%s %d" % (item, values.get(item.upper(), 0)) for item in items[1:-1].split()]
    session.peer.untagged(b"STATUS %s (%s)" % (quoted(name), b" ".join(pairs)))
    session.peer.ok(command)


@_handles("LIST", "LSUB")
def _list(session: Session, command: Command) -> None:
    reference, pattern = command.words
    if not pattern:
        session.peer.untagged(rb'%s (\Noselect) "/" ""' % command.name.encode())
    wanted = re.escape(reference + pattern).replace(rb"\*", b".*").replace(b"%", b"[^/]*")
    for name in session.mailboxes:
        if re.fullmatch(wanted, name, re.DOTALL):
            session.peer.untagged(rb'%s () "/" %s' % (command.name.encode(), quoted(name)))
    session.peer.ok(command)


@_handles("CREATE")
def _create(session: Session, command: Command) -> None:
    session.mailboxes.setdefault(command.words[0], {})
    session.peer.ok(command)


@_handles("DELETE")
def _delete(session: Session, command: Command) -> None:
    session.mailbox(command.words[0])
    del session.mailboxes[command.words[0]]
    session.peer.ok(command)


@_handles("RENAME")
def _rename(session: Session, command: Command) -> None:
    old, new = command.words
    session.mailbox(old)
    session.mailboxes[new] = session.mailboxes.pop(old)
    session.peer.ok(command)


@_handles("APPEND")
def _append(session: Session, command: Command) -> None:
    name, *_, message = command.words
    messages = session.mailbox(name)
    uid = _uidnext(messages)
    messages[uid] = message
    if session.selected == mailbox_key(name):
        session.peer.untagged(b"%d EXISTS" % len(messages))
    session.peer.ok(command, b"[APPENDUID 1 %d] stored" % uid)


def _uidnext(messages: Messages) -> int:
    return max(messages, default=0) + 1


_FETCH_ITEM = re.compile(
    rb"BODY(?:\.PEEK)?\[([^]]*)\](?:<(\d+)\.(\d+)>)?|[A-Z0-9.]+", re.IGNORECASE
)


@_handles("FETCH", "UID FETCH")
def _fetch(session: Session, command: Command) -> None:
    by_uid = command.name == "UID FETCH"
    sequence_set, wanted = command.words[0], command.args.partition(b" ")[2].upper()
    items = list(_FETCH_ITEM.finditer(wanted))
    lines = []
    for number, uid in session.numbered(sequence_set, by_uid):
        parts = [_fetch_item(session, uid, item) for item in items]
        if by_uid and b"UID" not in wanted.split(b"BODY")[0]:
            parts.append(b"UID %d" % uid)
        lines.append(b"%d FETCH (%s)" % (number, b" ".join(parts)))
    session.peer.untagged(*lines)
    session.peer.ok(command)


def _fetch_item(session: Session, uid: int, item: re.Match[bytes]) -> bytes:
    message, name = session.messages[uid], item[0]
    if item[1] is not None:
        return _fetch_section(message, item)
    simple: dict[bytes, Callable[[], bytes]] = {
        b"FLAGS": lambda: b"FLAGS (%s)" % b" ".join(sorted(session.flags_of(uid))),
        b"UID": lambda: b"UID %d" % uid,
        b"INTERNALDATE": lambda: b'INTERNALDATE "17-Jul-1996 02:44:25 -0700"',
        b"RFC822.SIZE": lambda: b"RFC822.SIZE %d" % len(message),
        b"RFC822": lambda: b"RFC822 " + literal(message),
    }
    if name not in simple:
        raise _RefusedError(b"BAD", b"unknown item " + name)
    return simple[name]()


def _fetch_section(message: bytes, item: re.Match[bytes]) -> bytes:
    header, blank, text = message.partition(CRLF + CRLF)
    section, first, size = item.groups()
    data = {b"HEADER": header + blank, b"TEXT": text}.get(section, message)
    origin = b""
    if first is not None:
        data = data[int(first) : int(first) + int(size)]
        origin = b"<%s>" % first
    return b"BODY[%s]%s %s" % (section, origin, literal(data))


@_handles("STORE", "UID STORE")
def _store(session: Session, command: Command) -> None:
    if session.readonly:
        raise _RefusedError(b"NO", b"read-only")
    sequence_set, item, *rest = command.words
    new = set(b" ".join(rest).strip(b"()").split())
    by_uid = command.name == "UID STORE"
    for number, uid in session.numbered(sequence_set, by_uid):
        flags = _change_flags(session.flags_of(uid), item, new)
        if not item.upper().endswith(b".SILENT"):
            uid_item = b" UID %d" % uid if by_uid else b""
            session.peer.untagged(
                b"%d FETCH (FLAGS (%s)%s)" % (number, b" ".join(sorted(flags)), uid_item)
            )
    session.peer.ok(command)


def _change_flags(flags: set[bytes], item: bytes, new: set[bytes]) -> set[bytes]:
    if item.startswith(b"+"):
        flags |= new
    elif item.startswith(b"-"):
        flags -= new
    else:
        flags.clear()
        flags |= new
    return flags


_FLAG_KEYS = {
    name: b"\\" + name.capitalize()
    for name in (b"ANSWERED", b"DELETED", b"DRAFT", b"FLAGGED", b"SEEN")
}


@_handles("SEARCH", "UID SEARCH")
def _search(session: Session, command: Command) -> None:
    words = command.words
    if words[0].upper() == b"CHARSET":
        words = words[2:]
    pairs = list(enumerate(sorted(session.messages), 1))
    while words:
        found = _search_key(session, words)
        pairs = [pair for pair in pairs if pair in found]
    hits = (b" %d" % pair[command.name == "UID SEARCH"] for pair in pairs)
    session.peer.untagged(b"SEARCH" + b"".join(hits))
    session.peer.ok(command)


def _search_key(session: Session, words: list[bytes]) -> list[tuple[int, int]]:
    """Take one search key off `words` and return what it finds."""
    key = words.pop(0).upper()
    everything = session.numbered(b"1:*", False)
    if key.startswith(b"("):
        words[:0] = _words(key[1:-1])
        return everything
    if key == b"ALL":
        return everything
    if key == b"NOT":
        excluded = _search_key(session, words)
        return [pair for pair in everything if pair not in excluded]
    if key == b"OR":
        either, other = _search_key(session, words), _search_key(session, words)
        return [pair for pair in everything if pair in either or pair in other]
    if key in _FLAG_KEYS:
        return [pair for pair in everything if _FLAG_KEYS[key] in session.flags_of(pair[1])]
    if key.startswith(b"UN") and key[2:] in _FLAG_KEYS:
        return _search_key(session, [b"NOT", key[2:]])
    if key in (b"SUBJECT", b"FROM", b"TO", b"BODY", b"TEXT"):
        text = words.pop(0).lower()
        return [pair for pair in everything if text in session.messages[pair[1]].lower()]
    if key == b"UID":
        return session.numbered(words.pop(0), True)
    if re.fullmatch(rb"[\d:*,]+", key):
        return session.numbered(key, False)
    raise _RefusedError(b"BAD", b"unknown search key " + key)


@_handles("EXPUNGE", "UID EXPUNGE")
def _expunge(session: Session, command: Command) -> None:
    by_uid = command.name == "UID EXPUNGE"
    pairs = session.numbered(command.words[0] if by_uid else b"1:*", by_uid)
    session.expunge({uid for _, uid in pairs if rb"\Deleted" in session.flags_of(uid)})
    session.peer.ok(command)


@_handles("COPY", "UID COPY", "MOVE", "UID MOVE")
def _copy(session: Session, command: Command) -> None:
    sequence_set, name = command.words
    target = session.mailbox(name)
    pairs = session.numbered(sequence_set, command.name.startswith("UID "))
    copied = [(uid, _uidnext(target) + n) for n, (_, uid) in enumerate(pairs)]
    target.update({new: session.messages[old] for old, new in copied})
    text = _copyuid(copied)
    if command.name.endswith("MOVE"):
        session.peer.untagged(b"OK " + text)
        session.expunge({uid for uid, _ in copied})
        text = b"done"
    session.peer.ok(command, text)


def _copyuid(copied: list[tuple[int, int]]) -> bytes:
    if not copied:
        return b"nothing to do"
    old = b",".join(b"%d" % uid for uid, _ in copied)
    new = b",".join(b"%d" % uid for _, uid in copied)
    return b"[COPYUID 1 %s %s] done" % (old, new)


@_handles("IDLE")
def _idle(session: Session, command: Command) -> None:
    session.peer.line(b"+ idling")
    session.peer.expect(b"DONE", _QUIET)
    session.peer.ok(command)


# --- The proxy -----------------------------------------------------------------------------------


class Flow:
    """What a `Proxy` does to the bytes of one direction; change it at any time.

    Offsets count from the start of each connection.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._delay = 0.0
        self.received = 0
        """Bytes that have come, in all connections together."""
        self.masks: dict[int, int] = {}
        self.omissions: list[tuple[int, int]] = []
        self.cut_at: int | None = None
        self.cut_with_reset = False
        self.stall_at: int | None = None
        self.stalled = False
        self.portion = _READ_SIZE
        self.interval = 0.0

    @property
    def delay(self) -> float:
        """Seconds from a byte's arrival to its departure; the throughput stays what it is."""
        return self._delay

    @delay.setter
    def delay(self, seconds: float) -> None:
        self._delay = seconds
        self._changed()

    def corrupt(self, offset: int, mask: int = 0xFF) -> None:
        """Invert the bits in `mask` of the byte at `offset`."""
        self.masks[offset] = mask

    def omit(self, offset: int, count: int) -> None:
        """Swallow `count` bytes from `offset` on; other offsets count them all the same."""
        self.omissions.append((offset, offset + count))

    def altered(self, data: bytearray, start: int) -> bytearray:
        """What is passed on of `data`, whose first byte has the offset `start`."""
        for offset, mask in self.masks.items():
            if start <= offset < start + len(data):
                data[offset - start] ^= mask
        for first, last in sorted(self.omissions, reverse=True):
            del data[max(0, first - start) : max(0, last - start)]
        return data

    def cut_after(self, count: int, *, reset: bool = False) -> None:
        """Close both sides after so many bytes have passed, with FIN or with RST."""
        self.cut_with_reset = reset
        self.cut_at = count
        self._changed()

    def stall(self) -> None:
        """Neither take nor pass anything on, as if the network were gone."""
        self.stalled = True
        self._changed()

    def stall_after(self, count: int) -> None:
        """Stall after so many bytes have passed."""
        self.stall_at = count
        self._changed()

    def trickle(self, portion: int, interval: float) -> None:
        """Pass on at most `portion` bytes, each `interval` seconds; take no more in advance."""
        self.portion, self.interval = portion, interval
        self._changed()

    def resume(self) -> None:
        """End a stall."""
        self.stalled = False
        self.stall_at = None
        self._changed()

    def allowance(self, passed: int) -> int:
        """How many bytes may pass now, after `passed` ones."""
        ends = [end for end in (self.cut_at, self.stall_at) if end is not None]
        return 0 if self.stalled else max(0, min([*ends, passed + self.portion]) - passed)

    def cuts(self, passed: int) -> bool:
        return self.cut_at is not None and passed >= self.cut_at


class _Lane:
    """One direction of one connection: a queue of pieces and the times at which they are due."""

    WINDOW = 64 * 1024 * 1024

    def __init__(self, source: socket.socket, sink: socket.socket, flow: Flow) -> None:
        self.source, self.sink, self.flow = source, sink, flow
        self._queue: deque[tuple[float, memoryview]] = deque()
        self._offset = 0  # of the next byte of the source
        self._taken = self._passed = 0
        self._next_at = 0.0  # before that, nothing may pass
        self._ended = False  # the source has sent FIN
        self.done = False  # and it has been passed on

    @property
    def wants_input(self) -> bool:
        window = self.flow.portion if self.flow.interval else self.WINDOW
        room = self._taken - self._passed < window
        return room and not self._ended and self.flow.allowance(self._passed) > 0

    def due(self) -> float | None:
        """When the next piece may go; None if there is nothing, or nothing may pass."""
        if not self._queue or not self.flow.allowance(self._passed):
            return None
        return max(self._queue[0][0], self._next_at)

    @property
    def cut(self) -> bool:
        return self.flow.cuts(self._passed)

    def take(self) -> None:
        """Read what there is; an empty piece in the queue stands for FIN."""
        received = self.source.recv(_READ_SIZE)
        self._ended = not received
        data = self.flow.altered(bytearray(received), self._offset)
        self._offset += len(received)
        self.flow.received += len(received)
        self._taken += len(data)
        if data or self._ended:
            self._queue.append((time.monotonic() + self.flow.delay, memoryview(data)))

    def give(self) -> None:
        """Pass on what is due and may pass, as far as the sink takes it."""
        while (due := self.due()) is not None and due <= time.monotonic() and not self.cut:
            piece = self._queue[0][1]
            if not piece:
                _send_fin(self.sink)
                self.done = True
                self._queue.popleft()
                return
            sent = self.sink.send(piece[: self.flow.allowance(self._passed)])
            self._passed += sent
            self._next_at = time.monotonic() + self.flow.interval if self.flow.interval else 0.0
            self._queue[0] = (due, piece[sent:])
            if sent == len(piece):
                self._queue.popleft()


class _Link:
    """A client, its connection to the target, and the two lanes between them."""

    def __init__(self, client: socket.socket, target: socket.socket, proxy: Proxy) -> None:
        self.sockets = (client, target)
        for sock in self.sockets:
            _prepare(sock)
        self.lanes = (
            _Lane(client, target, proxy.to_server),
            _Lane(target, client, proxy.to_client),
        )
        self._draining: set[socket.socket] = set()
        self._vanished = False
        self.closed = False

    def work(self) -> None:
        """Move what can be moved; any error of a socket resets both sides."""
        if self._vanished:
            return
        try:
            if self._draining:
                self._drain()
            else:
                self._move()
        except OSError:
            self.reset()

    def wanted(self) -> dict[socket.socket, int]:
        """The events to wait for."""
        if self._vanished:
            return {}
        if self._draining:
            return dict.fromkeys(self._draining, _READ)
        events = dict.fromkeys(self.sockets, 0)
        now = time.monotonic()
        for lane in self.lanes:
            due = lane.due()
            events[lane.source] |= _READ if lane.wants_input else 0
            events[lane.sink] |= _WRITE if due is not None and due <= now else 0
        return events

    def next_due(self) -> float | None:
        times = [due for lane in self.lanes if (due := lane.due()) is not None]
        return None if self._draining or self._vanished else min(times, default=None)

    def finish(self) -> None:
        """Send FIN to both sides, and read on until theirs, so that it does not become RST."""
        for sock in self.sockets:
            _send_fin(sock)
        self._draining = set(self.sockets)

    def vanish(self) -> None:
        """Be deaf and mute towards the client from now on."""
        _lose_packets(self.sockets[0])
        self._vanished = True

    def reset(self) -> None:
        self.closed = True
        for sock in self.sockets:
            _reset(sock)

    def close(self) -> None:
        self.closed = True
        for sock in self.sockets:
            sock.close()

    def _move(self) -> None:
        for lane in self.lanes:
            if lane.wants_input:
                _unless_blocked(lane.take)
            _unless_blocked(lane.give)
            if lane.cut:
                self._cut(lane.flow.cut_with_reset)
                return
        if all(lane.done for lane in self.lanes):
            self.close()

    def _cut(self, reset: bool) -> None:
        if reset:
            self.reset()
        else:
            self.finish()

    def _drain(self) -> None:
        for sock in list(self._draining):
            try:
                ended = not sock.recv(_READ_SIZE)
            except BlockingIOError:
                continue
            if ended:
                self._draining.discard(sock)
        if not self._draining:
            self.close()


def _unless_blocked(operation: Callable[[], None]) -> None:
    with contextlib.suppress(BlockingIOError):  # the selector will tell when to go on
        operation()


class Proxy:
    """A TCP proxy to `target` that delays, stalls, cuts, swallows and corrupts (see `Flow`).

    One thread serves all connections; only its methods that begin with an underscore run there.
    """

    def __init__(self, target: tuple[str, int], *, delay: float = 0.0) -> None:
        self.host = "127.0.0.1"
        self._listener = _listen(self.host)
        self.port: int = self._listener.getsockname()[1]
        self._calls: deque[Callable[[], None]] = deque()
        self._bell, self._button = socket.socketpair()
        self._bell.setblocking(False)
        self.to_server, self.to_client = Flow(self._wake), Flow(self._wake)
        self.to_server.delay = self.to_client.delay = delay
        self._target = target
        self.connections = 0
        self._links: list[_Link] = []
        self._over = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()

    def cut(self, *, reset: bool = False) -> None:
        """Close both sides of all connections now, with FIN or with RST."""
        self._do_to_all(lambda link: link._cut(reset))

    def black_hole(self) -> None:
        """Lose the packets of the present clients, who learn nothing of it (Linux only).

        Unlike those of `Flow.stall` they are not acknowledged, as when a cable is unplugged.
        """
        self._do_to_all(_Link.vanish)

    def _do_to_all(self, action: Callable[[_Link], None]) -> None:
        done = threading.Event()

        def act() -> None:
            for link in self._links:
                action(link)
            done.set()

        self._calls.append(act)
        self._wake()
        if not done.wait(LIMIT):
            raise TimeoutError("the proxy did not react")

    def close(self) -> None:
        """Close everything; raise what went wrong in the proxy itself."""
        if self._over:
            return
        self._over = True
        self._wake()
        self._thread.join(LIMIT)
        self._button.close()
        if self._thread.is_alive():
            raise RuntimeError("the proxy's thread does not end")
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # it has ended
            self._button.send(b"!")

    def _run(self) -> None:
        try:
            while not self._over:
                self._select()
                while self._calls:
                    self._calls.popleft()()
                for link in self._links:
                    if not link.closed:
                        link.work()
                self._links = [link for link in self._links if not link.closed]
        except BaseException as error:
            self._failure = error
        finally:
            for link in self._links:
                link.close()
            self._listener.close()
            self._bell.close()

    def _select(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._bell, _READ)
            selector.register(self._listener, _READ)
            for link in self._links:
                for sock, events in link.wanted().items():
                    if events:
                        selector.register(sock, events)
            ready = {key.fileobj for key, _ in selector.select(self._timeout())}
        if self._bell in ready:
            self._bell.recv(_READ_SIZE)
        if self._listener in ready:
            self._accept()

    def _timeout(self) -> float | None:
        times = [due for link in self._links if (due := link.next_due()) is not None]
        return max(0.0, min(times) - time.monotonic()) if times else None

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return  # the client was gone before it could be accepted
        self.connections += 1
        try:
            target = socket.create_connection(self._target, LIMIT)
        except OSError:
            _reset(client)
        else:
            self._links.append(_Link(client, target, self))
