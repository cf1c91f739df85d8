"""The methods that carry bytes, ours or a subclass's, and the transport that follows from that.

A subclass may replace ``read``, ``readline``, ``send`` and ``open``, as with ``imaplib``. Then the
threads of the connection receive and send by its methods (a `MethodTransport` calls them), and
these call ours in their turn. A user's thread calls the same methods to send a command by hand: its
bytes pass here, too, but what it reads are responses that the reader has received before.
"""

from __future__ import annotations

import contextlib
import socket
import weakref

from . import _errors
from ._attributes import Attributes, is_replaced
from ._by_hand.by_hand import ByHand
from ._clock import Clock
from ._hints import TYPE_CHECKING, Any, Protocol, cast
from ._protocol.command import Command
from ._protocol.commands import Upgrade
from ._protocol.connection import Connection
from ._protocol.framing import announced_literal
from ._protocol.grammar import CRLF
from ._transport.base import Transport
from ._transport.deflate import DeflateTransport
from ._transport.files import FileTransport
from ._transport.hands import buffered, is_interruption
from ._transport.kernel import tune
from ._transport.methods import MethodTransport
from ._transport.sockets import SocketTransport, is_socket
from ._transport.tls import tls_transport
from ._transport.tls_settings import is_tls
from ._transport.users_socket import hand_over

if TYPE_CHECKING:
    import ssl

    from _typeshed import ReadableBuffer

    from ._threads.engine import Engine


class Client(Protocol):
    """What is asked of the client object, here and by a `MethodTransport`.

    A subclass may have replaced any of it.
    """

    read_fd: int | None
    compressor: Any
    decompressor: Any
    _tls_established: bool

    @property
    def sock(self) -> Any: ...

    @property
    def reads_lines(self) -> bool: ...

    def read(self, size: int) -> bytes: ...

    def readline(self) -> bytes: ...

    def read_some(self, size: int) -> bytes: ...

    def send(self, data: ReadableBuffer) -> None: ...

    def has_buffered(self) -> bool: ...

    def file_has_more(self) -> bool: ...

    def _own_sock(self) -> Any: ...

    def _running_engine(self) -> Engine: ...

    def _make_transport(self) -> Transport: ...

    def _has_process(self) -> bool: ...


class Upgradable(Client, Protocol):
    """The same, where the transport is to change."""

    def ssl_wrap_socket(self) -> None: ...

    def start_compressing(self) -> None: ...


class Hooks:
    """Which methods of one client are replaced, and what carries its bytes.

    The client gives itself with each call: it owns this object, and a reference back would keep it
    from being freed.
    """

    def __init__(
        self, core: Connection, by_hand: ByHand, attributes: Attributes, base: type[Any]
    ) -> None:
        self._core = core
        self._by_hand = by_hand
        self._attributes = attributes
        #: The class that has our own methods.
        self._base = base
        #: The socket that the transport was made of.
        self.used_sock: Any = None
        #: A connected socket that the constructor was given, until ``open`` takes it.
        self.ready_sock: Any = None
        #: What our own ``read`` and ``send`` use; None where a subclass's methods do all.
        self._inner: Transport | None = None
        #: The transport that calls the client's methods, once some of them are replaced.
        self._hooked: MethodTransport | None = None
        #: The replaced methods are those of ``imaplib``: lines come by ``readline``, and ``read``
        #: may wait for all that it is asked for.
        self.reads_lines = False
        #: Bytes of the literal that the last line has announced, and that ``read`` is to give.
        self._literal_left = 0

    # -- The transport of the connection's threads ---------------------------------------------

    def transport(self, client: Client) -> Transport:
        """What the threads are to use, now that ``open`` or TLS have set a socket.

        That is the client's own methods where they are replaced.
        """
        reads = is_replaced(client, "read", self._base.read)
        sends = is_replaced(client, "send", self._base.send)
        self.reads_lines = is_replaced(client, "readline", self._base.readline) or (
            reads and _own_file(client) is not None
        )
        port = self._by_hand.port
        port.sends_unseen, port.reads_lines = sends, self.reads_lines
        self._use(client, client._own_sock())
        upgraded, self._inner = self._inner is not None, None
        if self.used_sock is not None or client._has_process() or not (reads and sends):
            self._inner = client._make_transport()
            if client.read_fd is None or upgraded:
                descriptor = self._inner.fileno()
                client.read_fd = descriptor if descriptor >= 0 else None
                self._attributes.claim(client, "read_fd")
        if self._inner is not None and not (self.reads_lines or reads or sends):
            return self._inner
        if self._hooked is None:
            # Weakly: the threads must not keep the client alive.
            self._hooked = MethodTransport(weakref.ref(client))
        self._hooked.base = self._inner
        return self._hooked

    def _use(self, client: Client, sock: Any) -> None:
        self.used_sock = sock
        if isinstance(sock, socket.socket):
            tune(sock)
        if hasattr(sock, "gettimeout") and hasattr(sock, "settimeout"):
            if not self.reads_lines and sock.gettimeout() is None:
                sock.settimeout(self._core.timeout)
            self.adopt_timeout(client)

    def socket_transport(self, client: Client) -> Transport:
        """The transport of what ``open`` has set as ``sock``, and perhaps as ``file``.

        Raises ``error`` when it has set none.
        """
        sock: Any = client._own_sock()
        if sock is None:
            raise _errors.error(f"no socket: {type(client).__name__}.open() has set none")
        hand_over(sock, self._by_hand)
        if is_tls(sock):
            transport = tls_transport(sock)
            # Again: only now does the socket have the methods that hand over.
            hand_over(sock, self._by_hand)
            return transport
        return SocketTransport(sock) if is_socket(sock) else FileTransport(sock, _own_file(client))

    def read_ahead(self, client: Client) -> bytes:
        """What a subclass's ``file`` has of the greeting, as its ``open`` has read from it.

        Nothing where the threads read by the client's own methods, which find it there.
        """
        if self._hooked is not None:
            return b""
        file, sock = _own_file(client), client._own_sock()
        if not (hasattr(file, "peek") and hasattr(sock, "settimeout")):
            return b""
        timeout = sock.gettimeout()
        sock.settimeout(0)
        try:
            return cast(bytes, file.read(len(file.peek())))
        except (OSError, ValueError):  # nothing there, or closed
            return b""
        finally:
            sock.settimeout(timeout)

    # -- Upgrades -------------------------------------------------------------------------------

    def upgrade(self, client: Upgradable, command: Command, unread: bytes) -> Transport:
        """The transport behind STARTTLS or COMPRESS; *unread* came behind the server's OK.

        Behind STARTTLS that is nothing: the core sees to that. Raises what the client's
        ``ssl_wrap_socket`` raises.
        """
        if command.row.upgrade is Upgrade.TLS:
            client.ssl_wrap_socket()
            return self.transport(client)
        client.start_compressing()
        self._attributes.claim(client, "compressor", "decompressor")
        if self._hooked is None:
            return self._compressed(client, unread)
        self._hooked.inflate(unread, client.decompressor)
        if self._hooked.base is not None:
            self._hooked.base = self._compressed(client, b"")
        return self._hooked

    def _compressed(self, client: Client, unread: bytes) -> Transport:
        inner = self._base_transport(client)
        self._inner = DeflateTransport(inner, client.compressor, client.decompressor, unread)
        self._by_hand.port.is_compressed = True
        return self._inner

    def go_on_by_hand(self, client: Client) -> None:
        """Behind a STARTTLS that was sent by hand, use the socket that the user has encrypted."""
        sock = client._own_sock()
        if sock is None or sock is self.used_sock or not self._core.awaits_socket():
            return
        engine = client._running_engine()
        client._tls_established = True
        engine.upgraded_by_hand(self.transport(client))

    def interrupt_by(self, sock: ssl.SSLSocket) -> None:
        """Let a ``logout()`` of another thread interrupt the handshake on *sock*.

        That thread ends the transport, which still has the socket that *sock* was made of. Raises
        ``abort`` when the connection is over already: the old socket was ended instead.
        """
        if isinstance(self._inner, SocketTransport):
            self._inner.sock = sock
        if self._core.reason is not None:
            raise _errors.lost(self._core.reason)

    # -- Receiving ------------------------------------------------------------------------------

    def read(self, client: Client, size: int) -> bytes:
        """Our own ``read``: from the transport, or what was received for a user's thread."""
        if self._is_by_hand():
            return self._by_hand.read(size, self.timeout(client))
        if self.reads_lines and (file := _own_file(client)) is not None:
            # The replaced readline() reads from this file, too, which may have read ahead for it.
            return cast(bytes, getattr(file, "read1", file.read)(size))
        buffer = bytearray(size)
        while (received := self._base_transport(client).recv_into(memoryview(buffer))) is None:
            client._running_engine().heard()
        return bytes(buffer[:received])

    def readline(self, client: Client) -> bytes:
        """Our own ``readline``: by the client's ``read``, a byte at a time."""
        if self._is_by_hand():
            return self._by_hand.readline(self.timeout(client))
        line = b""
        while not line.endswith(b"\n") and (byte := client.read(1)):
            line += byte
        return line

    def read_some(self, client: Client, size: int) -> bytes:
        """What the replaced methods give the reader: at most *size* bytes, or a line.

        A ``read`` that may wait for all of *size* is asked for no more than a literal has.
        """
        if not self.reads_lines:
            return client.read(size)
        if self._literal_left:
            data = client.read(min(size, self._literal_left))
            self._literal_left -= len(data)
            return data
        line = client.readline()
        announced, _ = announced_literal(line.rstrip(CRLF), is_first=True, in_code=False)
        self._literal_left = announced or 0
        return line

    def has_buffered(self, client: Client) -> bool:
        """Whether the client's ``read`` has something although the descriptor may have nothing."""
        if getattr(client.decompressor, "unconsumed_tail", b""):
            return True
        if getattr(self._inner, "has_more", False):
            return True
        pending = getattr(client._own_sock(), "pending", None)
        return pending is not None and pending() > 0

    def file_has_more(self, client: Client) -> bool:
        """Whether `read_some`, where it reads a subclass's ``file``, needs no waiting."""
        if not self.reads_lines:
            return False
        rest = buffered(_own_file(client), client._own_sock())
        return len(rest) >= self._literal_left if self._literal_left else b"\n" in rest

    # -- Sending --------------------------------------------------------------------------------

    def send(self, client: Client, data: ReadableBuffer) -> None:
        """Our own ``send``: all of *data*, for a user's thread when it is the command's turn."""
        by_hand = self._is_by_hand()
        if by_hand:
            self.go_on_by_hand(client)
            self.adopt_timeout(client)
        view = memoryview(data).cast("B")
        timeout = self.timeout(client) or None if by_hand else None
        if by_hand and not self._by_hand.before_sending(data):
            return
        try:
            while view:
                sent = self._send_some(client, view, timeout)
                if by_hand:
                    self._by_hand.wrote(view[:sent])
                view = view[sent:]
        except BaseException as problem:
            if by_hand and is_interruption(problem, timeout):
                self._by_hand.failed_to_write(problem)
            raise

    def _send_some(self, client: Client, data: memoryview, timeout: float | None) -> int:
        deadline = None if timeout is None else Clock.now() + timeout
        try:
            while not (sent := self._base_transport(client).send(data, timeout)):
                # TLS may have waited for something else.
                if deadline is not None and Clock.now() >= deadline:
                    raise TimeoutError("timed out")
        except OSError:
            if self._core.reason is None:
                raise
            raise _errors.lost(self._core.reason) from None
        return sent

    # -- Time-outs ------------------------------------------------------------------------------

    def adopt_timeout(self, client: Client) -> None:
        """Let a time-out that the user has set on the socket be that of the server's answers."""
        sock = client._own_sock()
        gettimeout = getattr(sock, "gettimeout", None)
        if gettimeout is None:
            return
        timeout = gettimeout()
        if self.reads_lines:
            if timeout is None:
                return
            # A file with a time-out would fail while the reader waits and nothing is awaited.
            with contextlib.suppress(OSError):  # closed
                sock.settimeout(None)
        # 0 is no time-out: a program that polls the socket sets it.
        if timeout != 0 and timeout != self._core.timeout:
            self._core.timeout = timeout

    def timeout(self, client: Client) -> float | None:
        """Seconds that a user's thread waits for what it reads: the socket's time-out.

        Where a file is read, `adopt_timeout` has taken it from the socket.
        """
        gettimeout = getattr(client._own_sock(), "gettimeout", None)
        timeout: float | None = None if gettimeout is None else gettimeout()
        is_kept = gettimeout is None or (self.reads_lines and timeout is None)
        return self._core.timeout if is_kept else timeout

    # -- Details --------------------------------------------------------------------------------

    def takes_file_next(self, client: Client) -> bool:
        """Whether a subclass that sets a socket sets the ``file`` of it next, and reads by that."""
        return self.reads_lines and bool(_own_file(client))

    def _is_by_hand(self) -> bool:
        """Whether a user's thread calls, and not the reader or the writer."""
        engine = self._by_hand.port.engine
        return engine is not None and not engine.is_current

    def _base_transport(self, client: Client) -> Transport:
        if self._inner is None:
            self._inner = client._make_transport()
        return self._inner


def _own_file(client: object) -> Any:
    """The ``file`` that a subclass has set, which the methods of ``imaplib`` read; else None."""
    file = getattr(client, "file", None)
    return file if hasattr(file, "readline") else None
