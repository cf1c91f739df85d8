"""What an IMAP4 is connected by: the core and its state, the threads, the socket.

The methods that a subclass may replace (``open``, ``read``, ``send``, ``shutdown``, ...) are here,
one line each where `Hooks` knows what they have to do.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Sequence

from . import _errors
from ._attributes import Attributes
from ._checks import port_number, socket_timeout
from ._dates import Int2AP
from ._hints import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast
from ._protocol.limits import Limits
from ._settings import CONNECT_TIMEOUT, IMAP4_PORT
from ._types import Socket

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from ._by_hand.by_hand import ByHand
    from ._by_hand.tagged_commands import TaggedCommands
    from ._hooks import Hooks
    from ._protocol.connection import Connection
    from ._protocol.untagged import UntaggedResponses
    from ._threads.engine import Engine
    from ._trace import Trace
    from ._transport.base import Transport

Self = TypeVar("Self", bound="Link")


class Link:
    """The state of a connection, and the methods by which bytes come and go."""

    error: TypeAlias = _errors.error
    abort: TypeAlias = _errors.abort
    readonly: TypeAlias = _errors.readonly

    host: str
    port: int
    #: Seconds, or None: what connecting and TLS are given.
    timeout: float | None
    #: The descriptor that is waited for before ``read`` is called.
    read_fd: int | None
    #: The zlib objects of a compressed connection.
    compressor: Any
    decompressor: Any

    _sock: Any = None
    _tls_established: bool
    # In a ``__del__`` when the interpreter exits, modules may have been cleared already, so that no
    # other function can be relied on. The system closes what is open then.
    _is_finalizing = staticmethod(sys.is_finalizing)
    _core: Connection
    _by_hand: ByHand
    _trace: Trace
    _engine: Engine | None
    _attributes: Attributes
    _hooks: Hooks

    def __new__(cls: type[Self], *args: Any, **options: Any) -> Self:
        # Here, not in __init__, so that subclasses may set ``state`` and the like before that.
        self = super().__new__(cls)
        self._attributes = Attributes()
        self._renew_core()
        return self

    def _renew_core(self, limits: Limits | None = None) -> None:
        """Have a core for the next connection, and all that goes with one."""
        from ._late import ByHand, Connection, Hooks, Trace

        self._core = Connection(_tag_prefix(), limits=limits)
        self._by_hand = ByHand(self._core)
        self._trace = Trace()
        self._hooks = Hooks(self._core, self._by_hand, self._attributes, Link)

    # -- State ----------------------------------------------------------------------------------

    @property
    def sock(self) -> Socket:
        """The connected socket; an ``ssl.SSLSocket`` with TLS, None for IMAP4_stream."""
        return cast(Socket, self._by_hand.pollable(self._sock))

    @sock.setter
    def sock(self, sock: Any) -> None:
        self._sock = sock
        # A subclass that reads by a file assigns ``file`` next: wait for that. The next command
        # takes both into use.
        if self._core.awaits_socket() and not self._hooks.takes_file_next(self):
            self._hooks.go_on_by_hand(self)

    def _own_sock(self) -> Any:
        """The socket itself, and not what ``sock`` gives a program that polls it.

        A subclass may have an attribute in the place of the property.
        """
        return self._sock if type(self).sock is Link.sock else self.sock

    @property
    def reads_lines(self) -> bool:
        """Whether a subclass reads as ``imaplib`` does: by ``readline``, or from a ``file``."""
        return self._hooks.reads_lines

    @reads_lines.setter
    def reads_lines(self, reads_lines: bool) -> None:
        self._hooks.reads_lines = reads_lines

    @property
    def state(self) -> str:
        """NONAUTH, AUTH, SELECTED or LOGOUT (RFC 3501, section 3)."""
        return self._core.state

    @state.setter
    def state(self, state: str) -> None:
        self._core.state = state

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What the server can do, in upper case; kept up to date through login and STARTTLS."""
        return self._core.capabilities

    @capabilities.setter
    def capabilities(self, capabilities: Sequence[str]) -> None:
        self._core.capabilities = tuple(capabilities)

    @property
    def welcome(self) -> bytes:
        """The server's greeting: the line as it came, without its end."""
        # The hint leaves out that it is None until the greeting is there.
        return cast(bytes, self._core.welcome)

    @welcome.setter
    def welcome(self, welcome: bytes | None) -> None:
        self._core.welcome = welcome

    @property
    def mailbox(self) -> str | None:
        """The selected mailbox, as it was given to ``select``."""
        return self._core.mailbox

    @mailbox.setter
    def mailbox(self, mailbox: str | None) -> None:
        self._core.mailbox = mailbox

    @property
    def is_readonly(self) -> bool:
        """A mailbox is selected, and for reading only, as was asked for."""
        return self._core.is_readonly

    @is_readonly.setter
    def is_readonly(self, is_readonly: bool) -> None:
        self._core.is_readonly = is_readonly

    @property
    def utf8_enabled(self) -> bool:
        """The server has enabled ``UTF8=ACCEPT`` (RFC 6855), see ``enable``."""
        return self._core.utf8_enabled

    @utf8_enabled.setter
    def utf8_enabled(self, enabled: bool) -> None:
        self._core.utf8_enabled = enabled

    @property
    def Terminate(self) -> bool:
        """The connection is over."""
        return self._core.reason is not None

    @property
    def limits(self) -> Limits:
        """Bounds on what the server may send; may be changed at any time."""
        return self._core.limits

    @property
    def tagged_commands(self) -> TaggedCommands:
        """The tags of the commands in progress, as in ``imaplib``.

        May be assigned: what was sent by hand, and is not in the new value, is forgotten.
        """
        return self._by_hand.tagged_commands

    @tagged_commands.setter
    def tagged_commands(self, content: Any) -> None:
        self._by_hand.tagged_commands.replace(content)

    @property
    def untagged_responses(self) -> UntaggedResponses:
        """Untagged responses that no command has collected: ``[[type, [data, ...]], ...]``.

        Can also be read like ``imaplib``'s dict, and assigned.
        """
        return self._core.untagged

    @untagged_responses.setter
    def untagged_responses(self, content: Any) -> None:
        if content is self._core.untagged:  # as behind +=
            return
        from ._late import UntaggedResponses

        untagged = UntaggedResponses(content, self._core.limits)
        untagged.guard = self._core.untagged.guard
        untagged.guard(setattr, self._core, "untagged", untagged)

    @property
    def debug(self) -> int:
        """The debug level: 0 nothing, 1 why the connection ended, 3 commands, 4 responses, too.

        Passwords and SASL exchanges are never shown.
        """
        return self._trace.level

    @debug.setter
    def debug(self, level: int) -> None:
        self._trace.level = level

    def _running_engine(self) -> Engine:
        if self._engine is None:
            raise self.abort(
                "not connected yet: before a command, open() and _connect() must have returned;"
                " a subclass that replaces _connect() answers by a _simple_command of its own"
            )
        return self._engine

    def _locked(self, function: Callable[[Connection], Any]) -> Any:
        """The result of a short *function* of the core; test doubles have no threads."""
        return function(self._core) if self._engine is None else self._engine.locked(function)

    def _take_untagged(self, code: str) -> Any:
        return self._locked(lambda core: core.untagged.take(code))

    # -- Connecting: what subclasses replace ----------------------------------------------------

    # Any: those of imaplib's classes, which subclasses repeat, differ from one another.
    def open(self, host: Any = "", port: Any = None, timeout: float | None = None) -> None:
        """Connect to *host* and *port*: sets ``sock``.

        A subclass may replace it, and may set ``read_fd`` instead if it replaces ``read``,
        ``send`` and ``shutdown``, too. *timeout* is what the constructor was given. Raises OSError
        when the server can't be reached, TypeError and ValueError for arguments that can't be
        meant.
        """
        self.host, self.port = host or "", port_number(port, self._default_port())
        socket_timeout("timeout", timeout)
        sys.audit("imaplib.open", self, self.host, self.port)
        self.sock = self._create_socket(timeout)

    def open_socket(self) -> socket.socket:
        """A connected socket, be it that of the constructor's *sock*.

        Replaced by subclasses that connect in their own way. Raises OSError when the server can't
        be reached within the time-out.
        """
        sock, self._hooks.ready_sock = self._hooks.ready_sock, None
        if sock is None:
            address = (self.host or None, self.port)
            sock = socket.create_connection(address, self._time_limit() or CONNECT_TIMEOUT)
        if hasattr(sock, "settimeout"):
            sock.settimeout(self._time_limit())
        return cast("socket.socket", sock)

    def _create_socket(self, timeout: float | None) -> Any:
        return self.open_socket()

    def shutdown(self) -> None:
        """Close the transport without saying goodbye; what is in progress fails with ``abort``."""
        if self._is_finalizing():
            return
        if self._engine is not None:
            self._engine.close()
        if self._own_sock() is not None:
            self._own_sock().close()

    def socket(self) -> Socket:
        """The socket that the connection uses; None when it uses none."""
        return self.sock

    @staticmethod
    def _default_port() -> int:
        return IMAP4_PORT

    def _time_limit(self) -> float | None:
        """The ``timeout``, if it is one: a subclass may keep something else there."""
        limit: Any = self.timeout
        is_number = isinstance(limit, (int, float)) and not isinstance(limit, bool)
        return limit if is_number and limit > 0 else None

    def _has_process(self) -> bool:
        return False

    def _make_transport(self) -> Transport:
        return self._hooks.socket_transport(self)

    # -- Receiving and sending: what subclasses replace -----------------------------------------

    def read(self, size: int) -> bytes:
        """At most *size* bytes from the server, as soon as there are any; ``b''`` at the end.

        A program that has sent a command by ``send`` gets just *size* bytes of the answer, and
        ``abort`` at the end. Raises as a socket with its time-out does.
        """
        return self._hooks.read(self, size)

    def readline(self) -> bytes:
        """A line from the server, with its end; ``b""`` at the end of file.

        For a program that has sent a command by ``send``. A subclass may replace it, like
        imaplib's; its ``read`` may then wait for all bytes that it was asked for.
        """
        return self._hooks.readline(self)

    def read_some(self, size: int) -> bytes:
        """What the replaced ``read`` and ``readline`` give: at most *size* bytes, or a line."""
        return self._hooks.read_some(self, size)

    def send(self, data: ReadableBuffer) -> None:
        """Send all of *data* to the server.

        A program that sends a command by hand waits for its turn here; see ``_new_tag`` for the
        tag. Raises ``abort`` when the connection is over, and what a socket raises.
        """
        self._hooks.send(self, data)

    def has_buffered(self) -> bool:
        """Whether ``read`` has something to give although the descriptor may have nothing."""
        return self._hooks.has_buffered(self)

    def file_has_more(self) -> bool:
        """Whether `read_some` needs no waiting, as a subclass's ``file`` has read ahead."""
        return self._hooks.file_has_more(self)


def _tag_prefix() -> bytes:
    """Letters that tell the tags of a connection from those of another one."""
    return Int2AP(4096 + int.from_bytes(os.urandom(2), "big") % 61440)
