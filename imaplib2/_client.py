"""IMAP4, IMAP4_SSL and IMAP4_stream: the classes that users call.

Methods are named after the commands. Each returns ``(typ, data)``: *typ* is ``'OK'`` or ``'NO'``;
*data* is a list whose items are ``bytes``, or ``(header, literal)`` tuples followed by the text
behind the literal; ``[None]`` when nothing came. Each takes ``callback`` and ``cb_arg``: the call
then returns ``(None, None)`` at once, and ``callback((result, cb_arg, error))`` is called once,
with *result* the ``(typ, data)`` and *error* None, or *result* None and *error* a pair of
exception class and text.

Every method raises ``error`` for a command that the state forbids, for arguments that can't be
sent and for an answer BAD, and ``abort`` when the connection is lost.
"""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias, TypeVar, cast, overload
from typing import Literal as Exactly

from . import _auth, _dates, _errors
from ._by_hand import ByHand, TaggedCommands
from ._checks import check_callable, port_number, seconds, socket_timeout
from ._errors import InvalidArgument, UnusableArgument, error, printable, readonly
from ._idler import Idler
from ._pending import Callback, Finish, Outcome, Pending
from ._protocol import commands
from ._protocol.arguments import (
    Literal,
    Message,
    Part,
    Password,
    Secret,
    encode_arguments,
    quote,
    split_list_options,
)
from ._protocol.command import Command, Idle, Waiter
from ._protocol.commands import Kind, Row, Upgrade, find, find_uid
from ._protocol.connection import Connection
from ._protocol.framing import announced_literal
from ._protocol.grammar import CRLF, FORBIDDEN, MapCRLF
from ._protocol.limits import Limits
from ._protocol.states import ANY, LOGOUT, SELECTED
from ._protocol.substitution import substitute
from ._protocol.untagged import UntaggedResponses
from ._protocol.values import octets, plain_value
from ._route import Route, Routes, as_imaplib_has_it, check_whole
from ._threads import Engine
from ._tls import TLS_COMPAT, TLSSettings
from ._trace import Trace
from ._transport import (
    DeflateTransport,
    FileTransport,
    MethodTransport,
    ProcessTransport,
    SocketTransport,
    Transport,
    deflate_objects,
    is_socket,
    tls_transport,
    tune,
)
from ._users_socket import buffered, hand_over, is_interruption
from ._waiting import IS_WINDOWS, Clock

if TYPE_CHECKING:
    import ssl
    import subprocess
    from email.message import Message as MailMessage

    from _typeshed import ReadableBuffer, StrOrBytesPath

    from ._auth import Authenticator, Responder
    from ._dates import DateTime
    from ._tls import CertificateCallback

IMAP4_PORT = 143
IMAP4_SSL_PORT = 993
#: Seconds that ``idle()`` lasts by default; a longer IDLE is renewed as often (RFC 2177, 3).
#: What is set on the package replaces it, see `_idle_timeout`.
IDLE_TIMEOUT = 29 * 60
#: Seconds that connecting, TLS and the greeting may take when no time-out is given.
CONNECT_TIMEOUT = 60.0
#: ``imaplib``'s bound, in bytes, on lines. Programs raise it in vain: ours is ``limits.line``.
MAXLINE = 1_000_000
AllowedVersions = ("IMAP4REV1", "IMAP4")

Result = tuple[str, list[Any]]
# What some commands return, as typeshed's hints for imaplib have it: no more precise, so that what
# has been written for those hints type-checks, and no less.
Lines = tuple[str, list[bytes]]
Count = tuple[str, list[bytes | None]]
Parts = tuple[str, list[None] | list[bytes | tuple[bytes, bytes]]]
Login = tuple[Exactly["OK"], list[bytes]]
Nothing = tuple[Exactly["OK"], list[None]]
Socket = socket.socket  # in the class that is a method
#: ``'1:5,7'``, 7, ``range(1, 6)``, or a sequence of ints, ranges and ``(first, last)`` pairs.
MessageSet = str | bytes | int | range | Sequence[Any]
#: ``'(FLAGS UID)'``, or a sequence of str.
Items = str | bytes | Sequence[str]
Text = str | bytes

_UNSET: Any = object()
#: What a call gives whose outcome goes to a callback.
_LATER: Result = cast(Any, (None, None))
Self = TypeVar("Self", bound="IMAP4")


class IMAP4:
    """A connection to an IMAP server, over TCP.

    *host* None or ``''`` is the local host, *port* None the standard port. *timeout* bounds, in
    seconds, connecting and every silence of the server while an answer is awaited; None stands
    for ``socket.getdefaulttimeout()``. A time-out that is set on ``sock`` later replaces it.
    *debug* (0 to 5), *debug_file* and *debug_buf_lvl* (a level below which lines are kept instead
    of printed) control tracing, see ``debug``; *identifier* names the threads and stands in traces.

    Raises OSError when the server can't be reached, ``ssl.SSLError`` when TLS fails, ``error``
    when the server doesn't greet as an IMAP server does, its subclass ``abort`` (a TimeoutError,
    too) when it doesn't greet in time, and ValueError for a *timeout* of 0 or less.
    """

    error: TypeAlias = _errors.error
    abort: TypeAlias = _errors.abort
    readonly: TypeAlias = _errors.readonly

    #: The version of the protocol that the server speaks: ``'IMAP4REV1'`` or ``'IMAP4'``.
    PROTOCOL_VERSION: str = cast(Any, None)
    #: Seconds, or None: what connecting and TLS are given.
    timeout: float | None
    #: Names the threads, and stands in traces.
    identifier: str
    #: The descriptor that is waited for before ``read`` is called.
    read_fd: int | None
    #: The zlib objects of a compressed connection.
    compressor: Any
    decompressor: Any
    keyfile: StrOrBytesPath | None
    certfile: StrOrBytesPath | None
    ca_certs: Any
    cert_verify_cb: Any
    ssl_version: Any
    tls_level: Any

    _sock: Any = None
    _used_sock: Any = None  # by the threads
    # In a ``__del__`` when the interpreter exits, modules may have been cleared already, so that no
    # other function can be relied on. The system closes what is open then.
    _is_finalizing = staticmethod(sys.is_finalizing)
    _core: Connection
    _by_hand: ByHand
    _trace: Trace
    _ours: dict[str, Any]  # attributes that a subclass may set before __init__, as we have set them
    _routes: Routes

    def __new__(cls: type[Self], *args: Any, **options: Any) -> Self:
        # Here, not in __init__, so that subclasses may set ``state`` and the like before that.
        self = super().__new__(cls)
        self._core = Connection(_tag_prefix())
        self._by_hand = ByHand(self._core)
        self._trace = Trace()
        self._ours = {}
        self._routes = Routes()
        return self

    def __init__(
        self,
        host: str | None = None,
        port: int | str | None = None,
        timeout: float | None = None,
        *,
        debug: int | None = None,
        debug_file: TextIO | None = None,
        identifier: str | None = None,
        debug_buf_lvl: int | None = None,
    ) -> None:
        timeout = socket_timeout("timeout", timeout)
        number = port_number(port, self._default_port())
        if "_engine" in vars(self):
            self._begin_anew()
        self.host = host or ""
        self.port = number
        self._set_unless_theirs("timeout", timeout, socket.getdefaulttimeout() or None)
        name = f"imaplib2 {self.host or 'localhost'}"
        self._set_unless_theirs("identifier", identifier or None, name)
        if getattr(self, "sock", None) is None:  # a subclass may have connected already
            self.sock = None
        for attribute in ("read_fd", "compressor", "decompressor"):
            self._set_unless_theirs(attribute, None, None)
        #: Bytes to be sent as the last argument, a literal, of the next command.
        self.literal: Any = None
        self._tls = getattr(self, "_tls", None) or TLSSettings()
        self._tls_established = False
        self._shakes_hands = False  # starttls() is at work, else STARTTLS is sent by hand
        self._inner: Transport | None = None  # what read() and send() use
        self.reads_lines = False  # a subclass reads as imaplib does
        self._literal_left = 0
        self._hooked: MethodTransport | None = None  # where a subclass has replaced those
        self._core.limits.line = min(self._core.limits.line, _line_limit())
        level = _debug_level(debug) or self._trace.level
        self._trace = Trace(level, debug_file, self.identifier, debug_buf_lvl)
        self._trace.printer = _printer(weakref.ref(self))
        self._core.timeout = self._time_limit()
        self._engine: Engine | None = None
        try:
            _call_open(self.open, self.host, self.port, timeout)
            self._connect()
        except BaseException:
            # The shutdown of a subclass may rely on what its open has not set; hide nothing.
            with contextlib.suppress(Exception):
                self._close()
            raise

    def _set_unless_theirs(self, name: str, given: Any, default: Any) -> None:
        """Set an attribute to what was *given*; to *default*, unless a subclass has set it.

        For its ``open``, which may look there for its own settings. What an earlier connection has
        left is not the subclass's.
        """
        if given is None and hasattr(self, name) and not self._is_ours(name):
            return
        setattr(self, name, default if given is None else given)
        self._own(name)

    def _own(self, *names: str) -> None:
        """What these attributes are now belongs to this connection."""
        self._ours.update({name: getattr(self, name) for name in names})

    def _is_ours(self, name: str) -> bool:
        return name in self._ours and getattr(self, name) is self._ours[name]

    def _time_limit(self) -> float | None:
        """The ``timeout``, if it is one: a subclass may keep something else there."""
        limit: Any = self.timeout
        is_number = isinstance(limit, (int, float)) and not isinstance(limit, bool)
        return limit if is_number and limit > 0 else None

    def _begin_anew(self) -> None:
        """End the connection of an earlier ``__init__``: its caller tries again, or reconnects."""
        if self._engine is not None:
            self._engine.close(logged_out=True)
            self._finalizer.detach()
        if self._own_sock() is self._used_sock:  # else it is a new one
            self.sock = None
        self._core = Connection(_tag_prefix(), limits=self._core.limits)
        self._by_hand = ByHand(self._core)
        self._trace = Trace()

    @staticmethod
    def _default_port() -> int:
        return IMAP4_PORT

    def _connect(self) -> None:
        """Be greeted, behind ``open``. Test doubles replace both, as with ``imaplib``."""
        self._engine = self._by_hand.engine = self._make_engine()
        self._finalizer = weakref.finalize(self, self._engine.abandon)
        self._finalizer.atexit = False
        self._engine.start(self._time_limit() or CONNECT_TIMEOUT)
        self._check_version()

    def _check_version(self) -> None:
        if not self.capabilities:
            raise error("no CAPABILITY response from server")
        for version in AllowedVersions:
            if version in self.capabilities:
                self.PROTOCOL_VERSION = version
                return
        raise error("server not IMAP4 compliant")

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError, error):
            self.logout()

    def __repr__(self) -> str:
        if "host" not in vars(self):  # a subclass shows itself before our __init__
            return f"<{type(self).__name__} unconnected>"
        return f"<{type(self).__name__} {self._where()} {self.state}>"

    def __getattr__(self, name: str) -> Any:
        if name.isupper() and not name.startswith("_") and hasattr(type(self), name.lower()):
            return getattr(self, name.lower())
        raise AttributeError(f"Unknown IMAP4 command: {name!r}")

    # -- State --------------------------------------------------------------------------------

    @property
    def sock(self) -> Socket:
        """The connected socket; an ``ssl.SSLSocket`` with TLS, None for IMAP4_stream."""
        return cast(Socket, self._by_hand.pollable(self._sock))

    @sock.setter
    def sock(self, sock: Any) -> None:
        self._sock = sock
        # Whoever reads by a file of his own assigns that next: then it is for the next command.
        if self._core.awaits_socket() and not (self.reads_lines and self._own_file()):
            self._go_on_by_hand()

    def _go_on_by_hand(self) -> None:
        """Behind a STARTTLS that was sent by hand, use the socket that the user has encrypted."""
        sock = self._own_sock()
        if sock is None or sock is self._used_sock or not self._core.awaits_socket():
            return
        engine = self._running_engine()
        if self._hooked is not None and self._hooked.take_unread():
            engine.fail(self.abort("plaintext behind the OK to STARTTLS, an attack"))
            return
        self._tls_established = True
        engine.upgraded_by_hand(self._engine_transport())

    def _own_sock(self) -> Any:
        """What ``sock`` holds, and never the stand-in of those who poll.

        A subclass may have an attribute in the place of the property.
        """
        return self._sock if type(self).sock is IMAP4.sock else self.sock

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
        """The server's greeting."""
        return cast(bytes, self._core.welcome)  # None only before it is there

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

    # -- Commands: any state (RFC 3501, section 6.1) -------------------------------------------

    def capability(self, *, callback: Callback | None = None, cb_arg: Any = None) -> Result:
        """Ask for the server's capabilities (RFC 3501, section 6.1.1)."""
        return self._call("CAPABILITY", callback=callback, cb_arg=cb_arg)

    def noop(self, *, callback: Callback | None = None, cb_arg: Any = None) -> Lines:
        """Do nothing; the server may send news (RFC 3501, section 6.1.2)."""
        return self._call("NOOP", callback=callback, cb_arg=cb_arg)

    def logout(self, *, callback: Callback | None = None, cb_arg: Any = None) -> Parts:
        """Say goodbye and close the connection; returns ``('BYE', [text])`` (RFC 3501, 6.1.3).

        Commands in progress are completed before. Returns within seconds also when the server is
        silent or gone; may be called again, and from anywhere.
        """
        if self._is_finalizing():
            return self._farewell()
        check_callable("callback", callback)
        engine = self._engine
        if engine is None and self.state != LOGOUT and _replaced(self, "_simple_command"):
            return self._logout_elsewhere()
        if engine is None or not engine.is_usable:
            self._close()
            if engine is not None and callback is not None:
                return self._call_back_alone(engine, callback, cb_arg)
        elif callback is not None:
            return self._logout_later(engine, callback, cb_arg)
        else:
            try:
                with contextlib.suppress(error):
                    self._call("LOGOUT")
            except Exception:
                # A replaced _simple_command says in its own way that the connection was lost.
                if not (self.Terminate and _replaced(self, "_simple_command")):
                    raise
            finally:
                self._close()
        return self._farewell()

    def _logout_elsewhere(self) -> Parts:
        """The logout of a test double, which has no connection."""
        try:
            return cast(Parts, self._call("LOGOUT"))
        finally:
            self.state = LOGOUT
            self._close()

    def _logout_later(self, engine: Engine, callback: Callback, cb_arg: Any) -> Result:
        finish = self._finish_logout

        def called_back(outcome: Any) -> None:
            if outcome[0] is None:  # refused: close all the same, as without a callback
                outcome = (self._finish_logout("BAD", []), cb_arg, None)
            callback(outcome)

        try:
            return self._call("LOGOUT", callback=called_back, cb_arg=cb_arg, finish=finish)
        except error:
            pass
        except RuntimeError:  # no thread for callbacks: the interpreter exits, or has too many
            self.logout()
        return self._call_back_alone(engine, callback, cb_arg)

    def _call_back_alone(self, engine: Engine, callback: Callback, cb_arg: Any) -> Result:
        """Tell *callback* that the connection is over."""
        engine.call_back_alone(Pending(self._finish_logout, callback, cb_arg), ("BYE", []))
        return _LATER

    def id(
        self,
        *args: Any,
        fields: Mapping[str, str | None] | None = None,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Tell the server who is calling, and get the same (RFC 2971).

        *fields* is a mapping of str to str or None. Instead, *args* may be that mapping; or names
        and values in turn; or one str, the parenthesised list itself; or nothing.
        """
        parameters = _id_parameters(args if fields is None else (fields,))
        return self._call("ID", parameters, callback=callback, cb_arg=cb_arg)

    # -- Commands: not authenticated (RFC 3501, section 6.2) -----------------------------------

    def starttls(
        self,
        keyfile: StrOrBytesPath | ssl.SSLContext | None = None,
        certfile: StrOrBytesPath | None = None,
        ca_certs: str | ssl.SSLContext | None = None,
        cert_verify_cb: CertificateCallback | None = None,
        ssl_version: Any = "ssl23",
        tls_level: str | None = TLS_COMPAT,
        *,
        ssl_context: ssl.SSLContext | None = None,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Nothing:
        """Encrypt the connection (RFC 3501, section 6.2.1); arguments as of IMAP4_SSL.

        Either the connection is encrypted afterwards or an exception was raised: ``abort`` when
        the server doesn't offer it or TLS is there already, ``error`` when it refuses or there is
        no socket, ``ssl.SSLError`` when TLS fails, ValueError for unknown arguments, OSError for
        files that can't be read, before anything is sent. With *callback*, a refusal also fails
        commands with arguments that were issued behind it, and refuses them until *callback* is
        called: nothing is told in plain text by somebody who believes that it is encrypted.
        """
        if self._tls_established or _is_tls(self._own_sock()):
            raise self._refused(self.abort("TLS session already established"))
        self._check_usable("STARTTLS")
        if "STARTTLS" not in self.capabilities:
            raise self._refused(self.abort("TLS not supported by server"))
        if not isinstance(cast(Any, self._own_sock()), socket.socket):
            raise self._refused(error("STARTTLS needs a socket"))
        try:
            settings = TLSSettings(
                cast(Any, keyfile), certfile, cast(Any, ca_certs), cert_verify_cb, ssl_version,
                tls_level, ssl_context,
            )  # fmt: skip
            if not _replaced(self, "ssl_wrap_socket"):  # which knows best what it needs
                settings.read_files()
        except BaseException:
            self.literal = None
            raise
        self._tls = settings
        self._show_tls_settings()
        self._shakes_hands = True
        try:
            outcome = self._call(
                "STARTTLS", callback=callback, cb_arg=cb_arg, finish=_finish_starttls
            )
        finally:
            self._shakes_hands = False
        return cast(Nothing, outcome)

    def _show_tls_settings(self) -> None:
        """Attributes that a subclass's ``open`` and ``ssl_wrap_socket`` look at; we don't."""
        defaults = {"ssl_version": "ssl23", "tls_level": TLS_COMPAT}
        names = ("keyfile", "certfile", "ca_certs", "cert_verify_cb", "ssl_version", "tls_level")
        for name in names:
            value, default = getattr(self._tls, name), defaults.get(name)
            self._set_unless_theirs(name, None if value == default else value, default)

    def authenticate(
        self,
        mechanism: str,
        authobject: Authenticator,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Lines:
        """Log in by a SASL *mechanism* (RFC 3501, section 6.2.2).

        ``authobject(challenge)`` gets each challenge as bytes, decoded, and returns the response
        as bytes or str, or None to cancel. Raises ``error`` with the server's text on NO.
        """
        return self._authenticate((plain_value(mechanism).upper(),), authobject, callback, cb_arg)

    def login(
        self,
        user: Text,
        password: Text,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Login:
        """Log in by a password, which is always quoted (RFC 3501, section 6.2.3).

        Raises ``error`` with the server's text on NO, and without sending anything when the
        server lists LOGINDISABLED, as many do before ``starttls()``.
        """
        outcome = self._call(
            "LOGIN", user, Password(password),
            callback=callback, cb_arg=cb_arg, finish=_finish_login,
        )  # fmt: skip
        return cast(Login, outcome)

    def login_cram_md5(
        self,
        user: str,
        password: Text,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Log in by CRAM-MD5, which doesn't show the password (RFC 2195). Raises as `login`."""
        authenticator = _auth.cram_md5(user, password)
        return self._authenticate(("CRAM-MD5",), authenticator, callback, cb_arg)

    def login_plain(
        self,
        user: str,
        password: Text,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Log in by PLAIN (RFC 4616), in UTF-8; in one round trip where SASL-IR is offered.

        Raises as `login`.
        """
        message = _auth.plain(user, password)
        arguments: tuple[Any, ...] = ("PLAIN",)
        if "SASL-IR" in self.capabilities and not _replaced(self, "_simple_command"):  # RFC 4959
            arguments += (Secret(_auth.encode(message)),)
        return self._authenticate(arguments, _auth.Message(message), callback, cb_arg)

    # -- Commands: authenticated (RFC 3501, section 6.3) ---------------------------------------

    def select(
        self,
        mailbox: Text = "INBOX",
        readonly: bool = False,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Count:
        """Select a mailbox; returns its number of messages (RFC 3501, section 6.3.1).

        All earlier untagged responses are dropped. *readonly* makes it EXAMINE. Raises
        ``readonly`` when the server gives less than was asked for; the mailbox is selected then.
        When it fails, none is; and what was issued behind it, for that mailbox, fails with an
        ``error`` instead of being done in another one.
        """
        name = "EXAMINE" if readonly else "SELECT"
        return self._call(name, mailbox, callback=callback, cb_arg=cb_arg)

    def examine(
        self, mailbox: Text = "INBOX", *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Select a mailbox for reading only (RFC 3501, section 6.3.2), as ``select`` does."""
        options = {} if callback is None else {"callback": callback, "cb_arg": cb_arg}
        return self.select(mailbox, readonly=True, **options)

    def create(
        self, mailbox: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Create a mailbox (RFC 3501, section 6.3.3)."""
        return self._call("CREATE", mailbox, callback=callback, cb_arg=cb_arg)

    def delete(
        self, mailbox: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Delete a mailbox (RFC 3501, section 6.3.4)."""
        return self._call("DELETE", mailbox, callback=callback, cb_arg=cb_arg)

    def rename(
        self,
        oldmailbox: Text,
        newmailbox: Text,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Rename a mailbox (RFC 3501, section 6.3.5)."""
        return self._call("RENAME", oldmailbox, newmailbox, callback=callback, cb_arg=cb_arg)

    def subscribe(
        self, mailbox: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Subscribe to a mailbox (RFC 3501, section 6.3.6)."""
        return self._call("SUBSCRIBE", mailbox, callback=callback, cb_arg=cb_arg)

    def unsubscribe(
        self, mailbox: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Unsubscribe from a mailbox (RFC 3501, section 6.3.7)."""
        return self._call("UNSUBSCRIBE", mailbox, callback=callback, cb_arg=cb_arg)

    def list(
        self,
        directory: Text = '""',
        pattern: Text = "*",
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Parts:
        """List mailboxes that match *pattern* below *directory* (RFC 3501, section 6.3.8).

        Options (RFC 5258) may stand before the one and behind the other: ``'(SUBSCRIBED) ""'``,
        ``'* RETURN (CHILDREN)'``. What they bring besides is there for ``response``: with
        ``RETURN (STATUS (MESSAGES))``, ``response('STATUS')``.
        """
        arguments = split_list_options(directory, pattern)
        return self._call("LIST", *arguments, callback=callback, cb_arg=cb_arg)

    def lsub(
        self,
        directory: Text = '""',
        pattern: Text = "*",
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """List subscribed mailboxes (RFC 3501, section 6.3.9)."""
        return self._call("LSUB", directory, pattern, callback=callback, cb_arg=cb_arg)

    def status(
        self,
        mailbox: Text,
        names: Items,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Ask for counts of a mailbox: MESSAGES, UNSEEN, ... (RFC 3501, section 6.3.10)."""
        return self._call("STATUS", mailbox, names, callback=callback, cb_arg=cb_arg)

    def append(
        self,
        mailbox: Text | None,
        flags: Items | None,
        date_time: DateTime | None,
        message: ReadableBuffer | MailMessage,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Lines:
        """Append *message* to a mailbox (RFC 3501, section 6.3.11).

        It is bytes, or an ``email.message.Message``, which is written by its own policy.
        Everything else may be None; *date_time* is what `Time2Internaldate` takes. Line ends
        become CRLF; bytes that have them are not copied, and what may change is: *message* may be
        used again as soon as the call has returned.
        """
        self.literal = None
        last = (Message(_with_crlf(message)),)
        date = _date(date_time)
        return self._call(
            "APPEND", mailbox or "INBOX", flags or None, date,
            last=last, callback=callback, cb_arg=cb_arg,
        )  # fmt: skip

    def namespace(self, *, callback: Callback | None = None, cb_arg: Any = None) -> Result:
        """Ask for the namespaces (RFC 2342)."""
        return self._call("NAMESPACE", callback=callback, cb_arg=cb_arg)

    def enable(
        self, capability: str, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Enable extensions, for instance ``'UTF8=ACCEPT'`` (RFC 5161).

        ``utf8_enabled`` tells whether the server has. Commands that are issued behind it are
        encoded for what its answer makes of the connection. Raises ``error`` when the server
        doesn't offer ENABLE.
        """
        if "ENABLE" not in self.capabilities:
            raise self._refused(error("Server does not support ENABLE"))
        return self._call("ENABLE", capability, callback=callback, cb_arg=cb_arg)

    def proxyauth(
        self, user: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Act as *user*; for administrators (an extension of Netscape's server)."""
        return self._call("PROXYAUTH", user, callback=callback, cb_arg=cb_arg)

    def getacl(
        self, mailbox: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Ask for a mailbox's access control list (RFC 4314, section 3.3)."""
        return self._call("GETACL", mailbox, callback=callback, cb_arg=cb_arg)

    def setacl(
        self,
        mailbox: Text,
        who: Text,
        what: Text,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Give *who* the rights *what* on a mailbox (RFC 4314, section 3.1)."""
        return self._call("SETACL", mailbox, who, what, callback=callback, cb_arg=cb_arg)

    def deleteacl(
        self, mailbox: Text, who: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Take all rights on a mailbox from *who* (RFC 4314, section 3.2)."""
        return self._call("DELETEACL", mailbox, who, callback=callback, cb_arg=cb_arg)

    def myrights(
        self, mailbox: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Ask for the own rights on a mailbox (RFC 4314, section 3.5)."""
        return self._call("MYRIGHTS", mailbox, callback=callback, cb_arg=cb_arg)

    def getquota(
        self, root: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Ask for a quota root's usage and limits (RFC 9208, section 4.1.1)."""
        return self._call("GETQUOTA", root, callback=callback, cb_arg=cb_arg)

    def getquotaroot(
        self, mailbox: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Ask for a mailbox's quota roots; ``[[QUOTAROOT...], [QUOTA...]]`` (RFC 9208, 4.1.2)."""
        return self._call("GETQUOTAROOT", mailbox, callback=callback, cb_arg=cb_arg)

    def setquota(
        self, root: Text, limits: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Set a quota root's limits, such as ``'(STORAGE 512)'`` (RFC 9208, section 4.1.3)."""
        return self._call("SETQUOTA", root, limits, callback=callback, cb_arg=cb_arg)

    def getannotation(
        self,
        mailbox: Text,
        entry: Text,
        attribute: Text,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Ask for annotations (draft-daboo-imap-annotatemore)."""
        return self._call(
            "GETANNOTATION", mailbox, entry, attribute, callback=callback, cb_arg=cb_arg
        )

    def setannotation(
        self,
        mailbox: Text | None = None,
        *args: Any,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Set annotations: *args* are entry and attributes (draft-daboo-imap-annotatemore)."""
        return self._call("SETANNOTATION", mailbox, *args, callback=callback, cb_arg=cb_arg)

    def getmetadata(
        self, *args: Any, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Ask for metadata: options in parentheses or none, mailbox, entries (RFC 5464, 4.2)."""
        return self._call("GETMETADATA", *args, callback=callback, cb_arg=cb_arg)

    def setmetadata(
        self, *args: Any, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Set metadata: mailbox, ``'(entry value ...)'`` (RFC 5464, section 4.3)."""
        return self._call("SETMETADATA", *args, callback=callback, cb_arg=cb_arg)

    # -- Commands: selected (RFC 3501, section 6.4) --------------------------------------------

    def check(self, *, callback: Callback | None = None, cb_arg: Any = None) -> Result:
        """Have the server do its housekeeping (RFC 3501, section 6.4.1)."""
        return self._call("CHECK", callback=callback, cb_arg=cb_arg)

    def close(self, *, callback: Callback | None = None, cb_arg: Any = None) -> Result:
        """Leave the mailbox and expunge deleted messages (RFC 3501, section 6.4.2)."""
        return self._call("CLOSE", callback=callback, cb_arg=cb_arg)

    def unselect(self, *, callback: Callback | None = None, cb_arg: Any = None) -> Result:
        """Leave the mailbox without expunging (RFC 3691)."""
        return self._call("UNSELECT", callback=callback, cb_arg=cb_arg)

    def expunge(
        self,
        message_set: MessageSet | None = None,
        *,
        uid: bool = False,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Remove deleted messages; returns their numbers (RFC 3501, section 6.4.3).

        With *uid*, only those whose UIDs are in *message_set* (RFC 4315, section 2.1).
        """
        if uid != (message_set is not None):
            text = "EXPUNGE takes a message set with uid=True, and only then"
            raise self._refused(UnusableArgument(text))
        arguments = () if message_set is None else (message_set,)
        return self._call("EXPUNGE", *arguments, uid=uid, callback=callback, cb_arg=cb_arg)

    def search(
        self,
        charset: str | None,
        *criteria: Any,
        uid: bool = False,
        params: Sequence[Any] | None = None,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Search; returns message numbers (or UIDs) in one bytes (RFC 3501, section 6.4.4).

        *criteria* are a search program, whole or in parts: ``'(FROM "a" UNSEEN)'``, or
        ``'SUBJECT', 'hello world'``. *charset* is declared for them, and used to encode str.
        *params* replace ``?`` in them: see `uid`.
        """
        declared = ("CHARSET", charset) if charset else ()
        return self._call(
            "SEARCH", *declared, *criteria,
            uid=uid, params=params, callback=callback, cb_arg=cb_arg,
        )  # fmt: skip

    def sort(
        self,
        sort_criteria: Items,
        charset: str | None,
        *search_criteria: Any,
        uid: bool = False,
        params: Sequence[Any] | None = None,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Search, and sort what is found by *sort_criteria*, ``'(DATE)'`` (RFC 5256, 3)."""
        return self._call(
            "SORT", sort_criteria, charset, *search_criteria,
            uid=uid, params=params, callback=callback, cb_arg=cb_arg,
        )  # fmt: skip

    def thread(
        self,
        threading_algorithm: str,
        charset: str | None,
        *search_criteria: Any,
        uid: bool = False,
        params: Sequence[Any] | None = None,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Search, and group what is found into threads (RFC 5256, section 3)."""
        return self._call(
            "THREAD", threading_algorithm, charset, *search_criteria,
            uid=uid, params=params, callback=callback, cb_arg=cb_arg,
        )  # fmt: skip

    def fetch(
        self,
        message_set: MessageSet,
        message_parts: Items,
        *,
        uid: bool = False,
        params: Sequence[Any] | None = None,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Parts:
        """Fetch parts of messages, such as ``'(FLAGS BODY.PEEK[])'`` (RFC 3501, section 6.4.5).

        What the server tells of other messages meanwhile is there for ``response('FETCH')``.
        """
        return self._call(
            "FETCH", message_set, message_parts,
            uid=uid, params=params, callback=callback, cb_arg=cb_arg,
        )  # fmt: skip

    def partial(
        self,
        message_num: MessageSet,
        message_part: str,
        start: int | str,
        length: int | str,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Fetch a range of a message part; obsolete (RFC 1730, section 6.4.6)."""
        return self._call(
            "PARTIAL", message_num, message_part, start, length, callback=callback, cb_arg=cb_arg
        )

    def store(
        self,
        message_set: MessageSet,
        command: str,
        flags: Items,
        *,
        uid: bool = False,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Change flags: *command* is FLAGS, +FLAGS or -FLAGS (RFC 3501, section 6.4.6)."""
        if flags is None:
            raise self._refused(UnusableArgument("STORE: flags are None"))
        return self._call(
            "STORE", message_set, command, flags, uid=uid, callback=callback, cb_arg=cb_arg
        )

    def copy(
        self,
        message_set: MessageSet,
        new_mailbox: Text,
        *,
        uid: bool = False,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Copy messages to another mailbox (RFC 3501, section 6.4.7)."""
        return self._call(
            "COPY", message_set, new_mailbox, uid=uid, callback=callback, cb_arg=cb_arg
        )

    def move(
        self,
        message_set: MessageSet,
        new_mailbox: Text,
        *,
        uid: bool = False,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Move messages to another mailbox (RFC 6851)."""
        return self._call(
            "MOVE", message_set, new_mailbox, uid=uid, callback=callback, cb_arg=cb_arg
        )

    def uid(
        self,
        command: str,
        *args: Any,
        params: Sequence[Any] | None = None,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """A command with UIDs instead of message numbers (RFC 3501, section 6.4.8).

        *command* is FETCH, STORE, COPY, MOVE, SEARCH, SORT, THREAD or EXPUNGE. In *args*, *params*
        replace, in turn, ``?`` (a str or bytes, quoted, or a number), ``?f`` (flags), ``?s`` (a
        message set); ``??`` is a question mark.
        """
        name = plain_value(command).upper()
        if name not in commands.UID_COMMANDS and name not in commands.Commands:
            raise self._refused(InvalidArgument(f"Unknown IMAP4 UID command: {name}"))
        if name in ("COPY", "MOVE", "EXPUNGE"):
            finish, leaves_data = _finish_without_data, True  # as imaplib has it
        else:
            finish, leaves_data = None, False
        return self._call(
            name, *args, uid=True, params=params, callback=callback, cb_arg=cb_arg,
            finish=finish, leaves_data=leaves_data,
        )  # fmt: skip

    def xatom(
        self, name: str, *args: Any, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Any command; returns the text of its tagged response (RFC 3501, section 6.5.1).

        Its untagged data is there for ``response(name)``. Arguments may also stand in *name*; they
        go out as they are.
        """
        name, _, rest = plain_value(name).partition(" ")
        try:
            find(name.upper())
            if rest:
                args = (_as_it_stands(name, rest), *args)
        except InvalidArgument as problem:
            raise self._refused(problem) from None
        # A replaced one, written for imaplib, takes no more than it gets from there.
        options = {} if callback is None else {"callback": callback, "cb_arg": cb_arg}
        return self._simple_command(name.upper(), *args, **options)

    # -- IDLE (RFC 2177) -----------------------------------------------------------------------

    @overload
    def idle(self, *, duration: float | None) -> Idler: ...

    @overload
    def idle(
        self,
        timeout: float | None = None,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result: ...

    def idle(
        self,
        timeout: float | None = None,
        *,
        duration: float | None = _UNSET,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result | Idler:
        """Wait for news of the mailbox (RFC 2177).

        Blocks until the server reports a change, *timeout* seconds have passed, or any thread
        issues another command; then ends the IDLE and returns its ``(typ, data)``. The default of
        *timeout* is ``imaplib2.IDLE_TIMEOUT``, 29 minutes unless it is set to something else. What
        lasts longer than that is renewed as often: that keeps it alive, and tells whether the
        server is there.
        What has come is there for ``response`` and ``pop_untagged_responses``; after a time-out,
        ``response('IDLE')`` is ``('IDLE', [b'TIMEOUT'])``. With *callback*, returns at once.

        With *duration*, in seconds or None, returns a context manager and iterator over what
        happens instead: ``with M.idle(duration=60) as idler: for typ, data in idler: ...``.

        Raises ``error`` when the server doesn't offer IDLE, and TypeError when *duration* comes
        with *timeout* or *callback*.
        """
        if duration is not _UNSET and (timeout is not None or callback is not None):
            raise TypeError("idle: duration goes with neither timeout nor callback")
        timeout = seconds("timeout", timeout)
        if duration is not _UNSET:
            duration = seconds("duration", duration)
        if "IDLE" not in self.capabilities:
            raise self._refused(error("Server does not support IMAP4 IDLE"))
        longest = _idle_timeout()
        if duration is not _UNSET:
            command = self._build(find("IDLE"), ())
            command.idle = Idle(None, longest)
            command.waiter = pending = Pending()
            return Idler(self._running_engine(), command, pending, duration)
        span = longest if timeout is None else max(0.0, timeout)
        return self._call("IDLE", callback=callback, cb_arg=cb_arg, idle=Idle(span, longest))

    # -- Untagged responses --------------------------------------------------------------------

    def response(
        self, code: str, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """All data of an untagged response or response code since the last look.

        Returns ``(code, [data, ...])``, ``(code, [None])`` when there is none.
        """
        if callback is None:
            return code, self._take_untagged(code.upper()) or [None]
        check_callable("callback", callback)
        engine = self._running_engine()
        engine.check_can_wait("response")
        result = code, self._take_untagged(code.upper()) or [None]
        engine.call_back(Pending(None, callback, cb_arg), result)
        return _LATER

    def recent(self, *, callback: Callback | None = None, cb_arg: Any = None) -> Result:
        """What the server said of RECENT since the last look; asks it when that is nothing.

        With *callback*, asks it anyway.
        """
        if callback is not None:
            finish = self._finish_recent
            return self._call("NOOP", callback=callback, cb_arg=cb_arg, finish=finish)
        data = self._take_untagged("RECENT")
        if data:
            return "OK", data
        return self._finish_recent(*self.noop())

    def pop_untagged_responses(self) -> Iterator[Result]:
        """Take the untagged responses that nobody has collected, one by one, as they have come.

        Those that come meanwhile, and those that are not asked for, stay.
        """
        for _ in range(len(self._core.untagged)):
            entry = self._running_engine().locked(lambda core: core.untagged.take_first())
            if entry is None:
                return
            yield entry[0], entry[1]

    def _take_untagged(self, code: str) -> Any:
        return self._locked(lambda core: core.untagged.take(code))

    def _locked(self, function: Callable[[Connection], Any]) -> Any:
        """The result of a short *function* of the core; test doubles have no threads."""
        return function(self._core) if self._engine is None else self._engine.locked(function)

    # -- The transport: what subclasses replace ------------------------------------------------

    # Any: those of imaplib's classes, which subclasses repeat, differ from one another.
    def open(self, host: Any = "", port: Any = None, timeout: float | None = None) -> None:
        """Connect to *host* and *port*: sets ``sock``.

        A subclass may replace it, and may set ``read_fd`` instead if it replaces ``read``,
        ``send`` and ``shutdown``, too. *timeout* is what the constructor was given.
        """
        self.host, self.port = host or "", port_number(port, self._default_port())
        socket_timeout("timeout", timeout)
        sys.audit("imaplib.open", self, self.host, self.port)
        self.sock = self._create_socket(timeout)

    def open_socket(self) -> socket.socket:
        """A connected socket; replaced by subclasses that connect in their own way."""
        address = (self.host or None, self.port)
        sock = socket.create_connection(address, self._time_limit() or CONNECT_TIMEOUT)
        sock.settimeout(self._time_limit())
        return sock

    def _create_socket(self, timeout: float | None) -> Any:
        return self.open_socket()

    def ssl_wrap_socket(self) -> None:
        """Negotiate TLS on ``sock`` and put the encrypted socket in its place."""
        timeout = self._core.timeout
        try:
            limit = self._time_limit() or CONNECT_TIMEOUT
            sock = self._tls.wrap(self._own_sock(), self.host, limit)
            self.sock = sock
            with sock.makefile("rb", buffering=0):  # a close() by others is put off
                self._let_interrupt(sock)
                self._tls.shake_hands(sock)
            sock.settimeout(timeout)
            self._core.timeout = timeout  # a command may have adopted that of the handshake
            self._tls.verify(sock, self.host)
        except BaseException:
            self._own_sock().close()
            raise
        self._tls_established = True

    def _let_interrupt(self, sock: ssl.SSLSocket) -> None:
        """Have the end of the connection, if others see to it, be that of a handshake, too.

        They know the transport, whose socket *sock* was made of.
        """
        if isinstance(self._inner, SocketTransport):
            self._inner.sock = sock
        if self._core.reason is not None:
            raise _errors.lost(self._core.reason)  # perhaps they have had the old one

    def read(self, size: int) -> bytes:
        """At most *size* bytes from the server, as soon as there are any; ``b''`` at the end."""
        if self._is_by_hand():
            return self._by_hand.read(size, self._pull_timeout())
        if self.reads_lines and (file := self._own_file()) is not None:
            # The replaced readline() may have left something in it, and may know nothing of it.
            return cast(bytes, getattr(file, "read1", file.read)(size))
        buffer = bytearray(size)
        while (received := self._base_transport().recv_into(memoryview(buffer))) is None:
            self._running_engine().heard()
        return bytes(buffer[:received])

    def readline(self) -> bytes:
        """A line from the server, with its end; ``b""`` at the end of file.

        For those who have sent a command by ``send``. A subclass may replace it, like imaplib's;
        its ``read`` may then wait for all bytes that it was asked for.
        """
        if self._is_by_hand():
            return self._by_hand.readline(self._pull_timeout())
        line = b""
        while not line.endswith(b"\n") and (byte := self.read(1)):
            line += byte
        return line

    def read_some(self, size: int) -> bytes:
        """What the replaced ``read`` and ``readline`` give: at most *size* bytes, or a line."""
        if not self.reads_lines:
            return self.read(size)
        if self._literal_left:
            data = self.read(min(size, self._literal_left))
            self._literal_left -= len(data)
            return data
        line = self.readline()
        announced, _ = announced_literal(line.rstrip(CRLF), is_first=True, in_code=False)
        self._literal_left = announced or 0
        return line

    def send(self, data: ReadableBuffer) -> None:
        """Send all of *data* to the server."""
        by_hand = self._is_by_hand()
        if by_hand:
            self._go_on_by_hand()
            self._adopt_timeout()
        view = memoryview(data).cast("B")
        timeout = self._pull_timeout() or None if by_hand else None
        if by_hand and not self._by_hand.before_sending(data):
            return
        try:
            while view:
                sent = self._send_some(view, timeout)
                if by_hand:
                    self._by_hand.wrote(view[:sent])
                view = view[sent:]
        except BaseException as problem:
            if by_hand and is_interruption(problem, timeout):
                self._by_hand.failed_to_write(problem)
            raise

    def _send_some(self, data: memoryview, timeout: float | None) -> int:
        deadline = None if timeout is None else Clock.now() + timeout
        try:
            while not (sent := self._base_transport().send(data, timeout)):
                # TLS may have waited for something else.
                if deadline is not None and Clock.now() >= deadline:
                    raise TimeoutError("timed out")
        except OSError:
            if self._core.reason is None:
                raise
            raise _errors.lost(self._core.reason) from None
        return sent

    def shutdown(self) -> None:
        """Close the transport without saying goodbye."""
        if self._is_finalizing():
            return
        if self._engine is not None:
            self._engine.close()
        if self._own_sock() is not None:
            self._own_sock().close()

    def socket(self) -> Socket:
        """The socket that the connection uses; None when it uses none."""
        return self.sock

    def enable_compression(self, *, callback: Callback | None = None, cb_arg: Any = None) -> Result:
        """Compress the connection from here on (COMPRESS=DEFLATE, RFC 4978).

        Raises ``error`` when the server doesn't offer it.
        """
        if "COMPRESS=DEFLATE" not in self.capabilities:
            raise self._refused(error("Server does not support COMPRESS=DEFLATE"))
        return self._call("COMPRESS", "DEFLATE", callback=callback, cb_arg=cb_arg)

    def start_compressing(self) -> None:
        """Set ``compressor`` and ``decompressor``; part of what ``enable_compression`` does."""
        if self.compressor is None:
            self.compressor, self.decompressor = deflate_objects()

    def has_buffered(self) -> bool:
        """Whether ``read`` has something to give although the descriptor may have nothing."""
        if getattr(self.decompressor, "unconsumed_tail", b""):
            return True
        if getattr(self._inner, "has_more", False):
            return True
        pending = getattr(self._own_sock(), "pending", None)
        return pending is not None and pending() > 0

    def file_has_more(self) -> bool:
        """Whether `read_some`, where it reads a subclass's ``file``, needs no waiting."""
        if not self.reads_lines:
            return False
        rest = buffered(self._own_file(), self._own_sock())
        return len(rest) >= self._literal_left if self._literal_left else b"\n" in rest

    def _base_transport(self) -> Transport:
        if self._inner is None:
            self._inner = self._make_transport()
        return self._inner

    def _has_process(self) -> bool:
        return False

    def _where(self) -> str:
        """Who the server is; of a child process, not its command, which may hold secrets."""
        if self._has_process():
            return "child process"
        return f"{self.host or 'localhost'}:{self.port}"

    def _make_transport(self) -> Transport:
        sock: Any = self._own_sock()
        if sock is None:
            raise error(f"no socket: {type(self).__name__}.open() has set none")
        hand_over(sock, self._by_hand)
        if _is_tls(sock):
            transport = tls_transport(sock)
            hand_over(sock, self._by_hand)  # which it is only now able to see
            return transport
        return SocketTransport(sock) if is_socket(sock) else FileTransport(sock, self._own_file())

    def _own_file(self) -> Any:
        """The ``file`` that a subclass may have set, which ``imaplib`` reads."""
        file = getattr(self, "file", None)
        return file if hasattr(file, "readline") else None

    def _engine_transport(self) -> Transport:
        """What the threads use: this object's own methods where a subclass replaced them."""
        reads, sends = _replaced(self, "read"), _replaced(self, "send")
        self.reads_lines = _replaced(self, "readline") or (reads and self._own_file() is not None)
        self._by_hand.sends_unseen, self._by_hand.reads_lines = sends, self.reads_lines
        sock = self._used_sock = self._own_sock()
        if isinstance(sock, socket.socket):
            tune(sock)
        if hasattr(sock, "gettimeout") and hasattr(sock, "settimeout"):
            if not self.reads_lines and sock.gettimeout() is None:
                sock.settimeout(self._core.timeout)
            self._adopt_timeout()
        upgraded, self._inner = self._inner is not None, None
        if sock is not None or self._has_process() or not (reads and sends):
            self._inner = self._make_transport()
            if self.read_fd is None or upgraded:
                descriptor = self._inner.fileno()
                self.read_fd = descriptor if descriptor >= 0 else None
                self._own("read_fd")
        if self._inner is not None and not (self.reads_lines or reads or sends):
            return self._inner
        if self._hooked is None:
            self._hooked = MethodTransport(weakref.ref(self))
        self._hooked.base = self._inner
        return self._hooked

    def _make_engine(self) -> Engine:
        self._core.where = self._where()
        if self._has_process():
            self._core.hint = ""
        transport = self._engine_transport()
        early = self._read_ahead() if self._hooked is None else b""
        return Engine(self._core, transport, _weakly(self._upgrade), self._trace, early)

    def _read_ahead(self) -> bytes:
        """What the ``file`` of a subclass has of the greeting: its ``open`` has read from it."""
        file, sock = self._own_file(), self._own_sock()
        if not (hasattr(file, "peek") and hasattr(sock, "settimeout")):
            return b""
        timeout = sock.gettimeout()
        sock.settimeout(0)
        try:
            return cast(bytes, file.read(len(file.peek())))
        except (OSError, ValueError):  # it has nothing, or is closed
            return b""
        finally:
            sock.settimeout(timeout)

    def _upgrade(self, command: Command, unread: bytes) -> Transport:
        """The transport behind STARTTLS or COMPRESS."""
        if self._hooked is not None:
            unread += self._hooked.take_unread()
        if command.row.upgrade is Upgrade.TLS:
            if unread:
                raise self.abort("plaintext behind the OK to STARTTLS, an attack")
            self.ssl_wrap_socket()
            return self._engine_transport()
        self.start_compressing()
        self._own("compressor", "decompressor")
        if self._hooked is None:
            return self._compressed(unread)
        self._hooked.inflate(unread, self.decompressor)
        if self._hooked.base is not None:
            self._hooked.base = self._compressed(b"")
        return self._hooked

    def _compressed(self, unread: bytes) -> Transport:
        inner = self._base_transport()
        self._inner = DeflateTransport(inner, self.compressor, self.decompressor, unread)
        self._by_hand.is_compressed = True
        return self._inner

    # -- Issuing commands ----------------------------------------------------------------------

    def _call(
        self,
        name: str,
        *arguments: Any,
        uid: bool = False,
        params: Sequence[Any] | None = None,
        callback: Callback | None = None,
        cb_arg: Any = None,
        finish: Finish | None = None,
        last: Sequence[Part] = (),
        idle: Idle | None = None,
        leaves_data: bool = False,
        authenticator: Authenticator | None = None,
        raw: bool = False,
        route: Route | None = None,
    ) -> Result:
        """Issue a command; its outcome, or ``(None, None)`` when it goes to *callback*.

        By a replaced `_simple_command`, if there is one, unless it comes from there (*raw*).
        """
        if callback is not None:
            self._check_callback(callback)
        if not raw and _replaced(self, "_simple_command"):
            row = find_uid(name) if uid else find(name)
            route = Route(
                row, finish, last=last, idle=idle, authenticator=authenticator,
                leaves_data=leaves_data,
            )  # fmt: skip
            try:
                arguments = substitute(row.name, arguments, params)
                return self._call_replaced(route, name, arguments, uid, callback, cb_arg)
            finally:
                self.literal = None
        responder: Responder | None = None
        if self.literal is not None:
            responder, given = self._take_literal()
            last = last or given
        if authenticator is not None:
            responder = partial(_auth.respond, authenticator)
        row = find_uid(name) if uid else find(name)
        if params is not None:
            arguments = substitute(row.name, arguments, params)
        command = self._build(row, arguments, last)
        command.idle = idle
        command.leaves_data = leaves_data
        if route is not None:
            route.command = command
        if callback is not None:
            command.calls_back = True
            if row.upgrade is Upgrade.TLS:
                callback = partial(
                    _tell_first, self._running_engine(), weakref.ref(command), callback
                )
        pending = Pending(finish, callback, cb_arg)
        pending.responder = responder
        try:
            engine = self._submit(command, pending)
            if callback is not None:
                return _LATER
            outcome: Any = engine.wait(pending)
            if self._by_hand.is_used:
                self._by_hand.after_command()
            return outcome  # type: ignore[no-any-return]
        except error:
            raise
        except BaseException:  # of a signal handler: nobody waits for this command any more
            self._running_engine().give_up(command)
            raise

    def _check_callback(self, callback: Any) -> None:
        try:
            check_callable("callback", callback)
        except TypeError:
            self.literal = None
            raise

    def _call_replaced(
        self,
        route: Route,
        name: str,
        arguments: Sequence[Any],
        uid: bool,
        callback: Callback | None,
        cb_arg: Any,
    ) -> Result:
        """Have a replaced `_simple_command` issue a command, as imaplib's methods do."""
        row, options = route.row, {}
        if callback is not None:
            options = {"callback": callback, "cb_arg": cb_arg}
            if len(row.collects) == 1:  # as imaplib2 3.x has it
                options["untagged_response"] = row.collects[0]
        if row.on_ok == SELECTED:
            self._locked(lambda core: core.untagged.forget())
        if uid:
            self._locked(lambda core: core.check_usable(find(name)))
        route.arguments = tuple(map(as_imaplib_has_it, arguments))
        with self._routes.open(route, name) as leads:
            words = ("UID", leads) if uid else (leads,)
            try:
                # Only while the route is open do other threads know that it isn't theirs.
                if route.literal is not None:
                    self.literal = route.literal
                outcome = self._simple_command(*words, *route.arguments, **options)
            finally:
                self.literal = None
        if callback is not None:
            return outcome
        typ, data = outcome
        if route.command is None:
            self._note_answer(row, arguments, typ)
        return cast(Result, self._finish_replaced(route, typ, data))

    def _note_answer(self, row: Row, arguments: Sequence[Any], typ: str) -> None:
        """The replaced `_simple_command` has answered a command without sending it to us."""
        if typ == "OK" and not self._is_upgraded(row.upgrade):
            text = f"{row.name}: a replaced _simple_command answers it, but has not sent it"
            raise error(text)
        command = Command(row, [])
        command.first_argument = arguments[0] if arguments else None
        self._locked(lambda core: core.answered_elsewhere(command, typ))

    def _is_upgraded(self, upgrade: Upgrade) -> bool:
        """Whether the transport is what a command has to make of it."""
        if upgrade is Upgrade.TLS:
            return _is_tls(self._own_sock())
        return upgrade is Upgrade.NONE or self.compressor is not None

    def _finish_replaced(self, route: Route, typ: str, data: Any) -> Outcome:
        """What imaplib's methods do behind their `_simple_command`."""
        row = route.row
        if route.finish is not None:
            return route.finish(typ, data)
        if typ != "OK":
            return typ, [data for _ in row.collects] if len(row.collects) > 1 else data
        if row.shows:
            return typ, self._finish_select(route, row.shows)
        found = [self._collected(route, name) or [None] for name in row.collects]
        return typ, found if len(found) > 1 else found[0] if found else data

    def _finish_select(self, route: Route, shown: str) -> Any:
        if route.row.asks_to_write and "READ-ONLY" in self.untagged_responses:
            raise readonly(f"{self.mailbox} is not writable")
        self._locked(lambda core: core.untagged.show(shown))
        if route.command is not None:
            return route.command.shown or [None]
        return self.untagged_responses.get(shown, [None])

    def _collected(self, route: Route, name: str) -> Any:
        """The data of a type that a command has left with the untagged responses."""
        command = route.command
        if command is None:
            return self._take_untagged(name)
        items = command.data.get(name)
        return items and self._locked(lambda core: core.untagged.take_awaited(name, items))

    def _build(self, row: Row, arguments: Sequence[Any], last: Sequence[Part] = ()) -> Command:
        if not (arguments or last):
            return Command(row, [row.encoded_name], numbers=row.numbers)
        utf8 = self.utf8_enabled
        encoded = encode_arguments(row, arguments, utf8=utf8)
        command = Command.build(row, encoded, last, utf8=utf8)
        command.first_argument = encoded.values[0] if arguments else None
        if not utf8 and (encoded.differs_in_utf8 or (last and _holds_message(last))):
            # Once ENABLE has been answered, it is too late: what was given may have changed.
            command.utf8_form = _utf8_form(row, encoded.values, last)
        return command

    def _take_literal(self) -> tuple[Responder | None, Sequence[Part]]:
        """The ``literal`` that was set by hand for the next command, whatever becomes of it.

        It is a literal, or a function that answers each challenge.
        """
        literal, self.literal = self.literal, None
        if literal is None or self._routes.shows(literal):
            return None, ()
        if callable(literal):
            return (lambda challenge: _auth.as_one_line(literal(challenge))), ()
        try:
            return None, (Literal(literal),)
        except TypeError:
            kind = type(literal).__name__
            raise TypeError(f"a literal must be bytes, not {kind}") from None

    def _check_usable(self, name: str) -> None:
        """Raise ``error`` when the state forbids a command."""
        try:
            self._running_engine().locked(lambda core: core.check_usable(find(name)))
        except error as problem:
            raise self._refused(problem) from None

    def _refused(self, problem: error) -> error:
        """*problem*, for a command that will not be sent: its literal goes with it."""
        self.literal = None
        return problem

    def _adopt_timeout(self) -> None:
        """A time-out that was set on the socket is meant for the answers that come from it."""
        sock = self._own_sock()
        gettimeout = getattr(sock, "gettimeout", None)
        if gettimeout is not None:
            timeout = gettimeout()
            if self.reads_lines and timeout is None:
                return
            if self.reads_lines:
                with contextlib.suppress(OSError):  # closed
                    sock.settimeout(None)  # else its file times out while nothing is awaited
            if timeout != 0:  # 0 is for those who poll
                self._core.timeout = timeout

    def _submit(self, command: Command, pending: Waiter) -> Engine:
        if self._core.paused:
            self._go_on_by_hand()
        self._adopt_timeout()
        command.waiter = pending
        command.upgraded_by_hand = command.row.upgrade is Upgrade.TLS and not self._shakes_hands
        engine = self._running_engine()
        engine.submit(command)
        return engine

    def _authenticate(
        self,
        arguments: Sequence[Any],
        authenticator: Authenticator,
        callback: Callback | None,
        cb_arg: Any,
    ) -> Result:
        return self._call(
            "AUTHENTICATE", *arguments, callback=callback, cb_arg=cb_arg,
            finish=_finish_login, authenticator=authenticator,
        )  # fmt: skip

    def _running_engine(self) -> Engine:
        if self._engine is None:
            raise self.abort("not connected")
        return self._engine

    def _finish_recent(self, typ: str, data: Sequence[Any]) -> Result:
        if typ == "NO":
            return typ, [*data]
        return typ, self._take_untagged("RECENT") or [None]

    def _finish_logout(self, typ: str, data: Sequence[Any]) -> Outcome:
        self._close()
        return "BYE", [self._goodbye()]

    def _farewell(self) -> Parts:
        said: list[bytes | tuple[bytes, bytes]] = [self._goodbye()]
        return "BYE", said

    def _goodbye(self) -> bytes:
        if self._core.bye is not None:
            return self._core.bye
        return str(self._core.reason or "").encode("utf-8", "replace")

    def _close(self) -> None:
        """End the threads, then the transport."""
        if self._engine is not None:
            self._engine.close(logged_out=True)
            if self._engine.is_usable:
                self._engine.locked(lambda core: core.untagged.take("BYE"))
        with contextlib.suppress(OSError):
            self.shutdown()

    # -- Legacy names: what subclasses and libraries built on imaplib call ---------------------

    def _simple_command(
        self, name: str, *args: Any, untagged_response: str | None = None, **options: Any
    ) -> Result:
        words = name, *args
        uid, name, args = self._split_uid(name, args)
        options["leaves_data"] = True
        literal = self._own_literal()
        route = self._find_route(words, f"UID {name}" if uid else name, args, literal)
        if route is not None:
            options |= route.options(calls_back="callback" in options, literal=literal)
        elif untagged_response is not None:  # the historical way to return a command's data
            options["finish"] = partial(self._finish_with, untagged_response)
        return self._call(name, *args, uid=uid, raw=True, **options)

    def _own_literal(self) -> Any:
        """The ``literal`` that was set by hand; it stays there.

        What a method has shown to a replaced `_simple_command` is in its route, and is taken away:
        it can't be that of another thread's command then.
        """
        literal = self.literal
        if literal is not None and self._routes.shows(literal):
            self.literal = literal = None
        return literal

    def _find_route(
        self, words: Sequence[Any], name: str, arguments: Sequence[Any], literal: Any
    ) -> Route | None:
        """The route of a command that was sent with *words*, and with a *literal* set by hand.

        Raises ``error`` if it has none without which it can't be sent.
        """
        route = self._routes.find(name, words, arguments)
        if route is None and literal is None and _replaced(self, "_simple_command"):
            check_whole(words, name.upper(), arguments)
        return route

    def _split_uid(
        self, name: str, arguments: tuple[Any, ...]
    ) -> tuple[bool, str, tuple[Any, ...]]:
        """Of a raw command, whether it takes UIDs, its name, and its arguments.

        ``UID`` is the name of no command: what it does, and to what, its first argument tells.
        """
        name = plain_value(name)
        first = plain_value(arguments[0]) if arguments and name.upper() == "UID" else None
        if not isinstance(first, str) or first.upper() not in commands.UID_COMMANDS:
            return False, name, arguments
        self._check_usable("UID")  # whose name imaplib gives when it is illegal
        return True, first.upper(), arguments[1:]

    def _release_state_change(self) -> None:
        """Nothing to do: who waits for a change of state is told."""

    def _choose_nonull_or_dflt(self, dflt: Any, *args: Any) -> Any:
        return next((arg for arg in args if arg), dflt)

    def _finish_with(self, name: str, typ: str, data: Sequence[Any]) -> Outcome:
        return cast(Outcome, self._untagged_response(typ, data, name))

    def _untagged_response(self, typ: Any, dat: Any, name: str) -> Any:
        if typ == "NO":
            return typ, dat
        return typ, self._take_untagged(name) or [None]

    def _get_untagged_response(self, name: str, leave: bool = False) -> Any:
        if leave:
            return self.untagged_responses.get(name)
        return self._take_untagged(name)

    def _command(self, name: str, *args: Any) -> bytes:
        words = name, *args
        literal = self._own_literal()
        responder, last = self._take_literal()
        uid, name, args = self._split_uid(name, args)
        row = find_uid(name) if uid else find(name)
        route = self._find_route(words, row.name, args, literal)
        if route is not None:
            responder, last = responder or route.responder, last or route.last
        command = self._build(row, args, last)
        command.idle = None if route is None else route.idle
        if route is not None and row.upgrade is Upgrade.NONE:
            route.command = command
        self._by_hand.open(command)
        command.waiter.responder = responder
        try:
            self._submit(command, command.waiter)
        except BaseException:
            del self.tagged_commands[command.tag]
            raise
        return command.tag

    def _command_complete(self, name: str, tag: bytes) -> Any:
        return self._by_hand.complete(name, tag)

    def _new_tag(self) -> bytes:
        self._by_hand.sends_unseen = _replaced(self, "send")  # perhaps since a moment ago
        return self._by_hand.new_tag()

    def _get_response(self) -> bytes | None:
        return self._by_hand.get_response(self._pull_timeout())

    def _get_line(self) -> bytes:
        return self._by_hand.get_line(self._pull_timeout())

    def _pull_timeout(self) -> float | None:
        gettimeout = getattr(self._own_sock(), "gettimeout", None)
        timeout: float | None = None if gettimeout is None else gettimeout()
        # Where a file is read, ours is kept from the socket, see `_adopt_timeout`.
        is_kept = gettimeout is None or (self.reads_lines and timeout is None)
        return self._core.timeout if is_kept else timeout

    def _is_by_hand(self) -> bool:
        """Whether a user, and not one of our threads, calls ``read`` or ``send``."""
        return self._engine is not None and not self._engine.is_current

    @property
    def continuation_response(self) -> bytes:
        """The text behind the last ``+`` that ``_get_response`` has seen."""
        return self._by_hand.continuation

    @property
    def _encoding(self) -> str:
        return "utf-8" if self.utf8_enabled else "ascii"

    @_encoding.setter
    def _encoding(self, encoding: str) -> None:
        """Nothing to do: each argument is encoded by what it is."""

    def _dump_ur(self, untagged: Mapping[str, Any]) -> None:
        if untagged:
            lines = (f"{typ}: {data!r}" for typ, data in untagged.items())
            self._mesg("untagged responses dump:" + "\n\t\t".join(lines))

    def _get_capabilities(self) -> None:
        self.capability()

    def _quote(self, arg: str) -> str:
        return quote(plain_value(arg))

    def _checkquote(self, arg: Any) -> bytes:
        row = Row("", "", ANY, (Kind.ANY,))
        return b"".join(cast(Any, encode_arguments(row, (arg,)).parts[1:]))

    def _log(self, level: Any, line: str | None = None) -> None:
        if line is None:  # imaplib's has no level: it keeps the line for print_log()
            level, line = 4, level
        self._trace.message(level, cast(str, line))

    def _mesg(self, s: str, tn: str | None = None, secs: float | None = None) -> None:
        self._trace.print(s, tn, secs)

    def print_log(self) -> None:
        """Print the last interactions."""
        self._trace.print_kept()

    _print_log = print_log


class IMAP4_SSL(IMAP4):
    """A connection over TLS from the start.

    Certificate and host name are verified. *ca_certs* names a file of the CAs to trust;
    *keyfile* and *certfile* are the client's own; *ssl_context* replaces everything.
    ``cert_verify_cb(certificate, host)`` is asked instead of checking the host name (and, without
    *ca_certs*, the chain); its answer, unless false, is raised as ``ssl.SSLError``. All values
    that *ssl_version* and *tls_level* ever had mean TLS 1.2 or newer; others are a ValueError, as
    is a *keyfile* without *certfile*. The rest is as for IMAP4.
    """

    def __init__(
        self,
        host: str | None = None,
        port: int | str | None = None,
        keyfile: StrOrBytesPath | ssl.SSLContext | None = None,
        certfile: StrOrBytesPath | None = None,
        ca_certs: str | ssl.SSLContext | None = None,
        timeout: float | None = None,
        *,
        cert_verify_cb: CertificateCallback | None = None,
        ssl_version: Any = "ssl23",
        tls_level: str | None = TLS_COMPAT,
        ssl_context: ssl.SSLContext | None = None,
        debug: int | None = None,
        debug_file: TextIO | None = None,
        identifier: str | None = None,
        debug_buf_lvl: int | None = None,
    ) -> None:
        self._tls = TLSSettings(
            cast(Any, keyfile), certfile, cast(Any, ca_certs), cert_verify_cb, ssl_version,
            tls_level, ssl_context,
        )  # fmt: skip
        self._show_tls_settings()
        self.ssl_context = self._tls.ssl_context = self._tls.context()
        super().__init__(
            host, port, timeout,
            debug=debug, debug_file=debug_file, identifier=identifier, debug_buf_lvl=debug_buf_lvl,
        )  # fmt: skip

    @staticmethod
    def _default_port() -> int:
        return IMAP4_SSL_PORT

    def _create_socket(self, timeout: float | None) -> Any:
        self.sock = self.open_socket()
        if not _is_tls(self._own_sock()):
            self.ssl_wrap_socket()
        self._tls_established = True
        return self._own_sock()

    def ssl(self) -> ssl.SSLSocket:
        """The encrypted socket."""
        return cast("ssl.SSLSocket", self.sock)


class IMAP4_stream(IMAP4):
    """A connection to the standard input and output of a child process.

    *command* is a line for the shell; what the child writes to its standard error stays there.
    ``process`` is the child's ``subprocess.Popen``. When the connection is over, the child is
    given a second to end; then it, and on Linux what it has started, too, is terminated, and
    killed. Needs POSIX. The rest is as for IMAP4.
    """

    process: subprocess.Popen[bytes]

    def __init__(
        self,
        command: str,
        *,
        timeout: float | None = None,
        debug: int | None = None,
        debug_file: TextIO | None = None,
        identifier: str | None = None,
        debug_buf_lvl: int | None = None,
    ) -> None:
        self.command = command
        self._set_unless_theirs("process", None, None)
        super().__init__(
            None, None, timeout,
            debug=debug, debug_file=debug_file, identifier=identifier, debug_buf_lvl=debug_buf_lvl,
        )  # fmt: skip

    def open(self, host: Any = "", port: Any = None, timeout: float | None = None) -> None:
        """Start the child."""
        import subprocess

        if IS_WINDOWS:
            raise NotImplementedError("IMAP4_stream needs POSIX: Windows can't wait for a pipe")
        self.host = self.port = None  # type: ignore[assignment]
        self.process = subprocess.Popen(
            self.command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, shell=True
        )
        assert self.process.stdout is not None
        self.read_fd = self.process.stdout.fileno()
        self._own("process", "read_fd")

    def _has_process(self) -> bool:
        return bool(self.process)

    def _make_transport(self) -> Transport:
        return ProcessTransport(self.process)


def _holds_message(last: Sequence[Part]) -> bool:
    return bool(last) and isinstance(last[0], Message)


def _utf8_form(row: Row, arguments: Sequence[Any], last: Sequence[Part]) -> Command | error:
    """The command once UTF8=ACCEPT is on, or why it can't be sent then."""
    try:
        return Command.build(row, encode_arguments(row, arguments, utf8=True), last, utf8=True)
    except error as problem:
        return problem.with_traceback(None)


def _tell_first(
    engine: Engine, reference: weakref.ref[Command], callback: Callback, outcome: Any
) -> None:
    """Tell the connection that the user is told of *outcome*, then do it."""
    command = reference()
    if command is not None:
        engine.locked(lambda core: core.told(command))
    callback(outcome)


def _tag_prefix() -> bytes:
    """Letters that tell the tags of a connection from those of others."""
    return _dates.Int2AP(4096 + int.from_bytes(os.urandom(2), "big") % 61440)


def _date(date_time: DateTime | None) -> str | None:
    date_time = plain_value(date_time)
    if isinstance(date_time, str) and FORBIDDEN.search(date_time):
        raise InvalidArgument("APPEND: the date holds NUL, CR or LF")
    return _dates.Time2Internaldate(date_time) if date_time else None


def _as_it_stands(name: str, text: str) -> bytes | Secret:
    """Arguments that a command's caller has written out, be one of them a password."""
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InvalidArgument("arguments that can't be encoded")
    data = text.encode("utf-8")
    row = commands.COMMANDS.get(name.upper(), commands.UNKNOWN)
    return Secret(data) if Kind.PASSWORD in row.arguments else data


def _finish_without_data(typ: str, data: Sequence[Any]) -> Outcome:
    return typ, [None] if typ == "OK" else data


def _finish_login(typ: str, data: Sequence[Any]) -> Outcome:
    if typ != "OK":
        raise error(printable(data[-1]))
    return typ, data


def _finish_starttls(typ: str, data: Sequence[Any]) -> Outcome:
    if typ != "OK":
        raise error(f"Couldn't establish TLS session: {typ} {data}")
    return typ, [None]


def _id_parameters(fields: Sequence[Any]) -> Any:
    """The argument of ID: ``NIL``, or a list of quoted strings (RFC 2971, section 3.1)."""
    if not fields or fields in ((None,), ({},)):
        return b"NIL"
    if len(fields) == 1 and not isinstance(fields[0], Mapping):
        return fields[0]
    if len(fields) == 1:
        pairs = [part for pair in fields[0].items() for part in pair]
    elif len(fields) % 2:
        raise InvalidArgument("ID: names and values must come in pairs")
    else:
        pairs = [*fields]
    return "(" + " ".join("NIL" if part is None else quote(_text(part)) for part in pairs) + ")"


def _text(value: Any) -> str:
    value = plain_value(value)
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidArgument("ID: not UTF-8") from None
    return value if isinstance(value, str) else plain_value(str(value))


def _octets_of(message: ReadableBuffer | MailMessage) -> bytes:
    try:
        return octets(message)
    except TypeError:
        if not (hasattr(message, "as_bytes") and hasattr(message, "policy")):
            kind = type(message).__name__
            raise TypeError(f"APPEND: a message must be bytes, not {kind}") from None
    try:
        return octets(message.as_bytes(policy=message.policy.clone(linesep="\r\n")))
    except Exception as problem:  # email has many, for text that its charset can't express, say
        text = f"APPEND: the message can't be written: {type(problem).__name__}: {problem}"
        raise InvalidArgument(text) from problem


def _with_crlf(message: ReadableBuffer | MailMessage) -> bytes:
    """*message* with every line end CRLF; bytes themselves when that is so already."""
    data = _octets_of(message)
    lines = data.count(b"\r\n")
    if data.count(b"\n") == lines and data.count(b"\r") == lines:
        return data
    return MapCRLF.sub(CRLF, data)


def _is_tls(sock: Any) -> bool:
    ssl = sys.modules.get("ssl")
    return ssl is not None and isinstance(sock, ssl.SSLSocket)


_OWN_METHODS = {
    name: vars(IMAP4)[name]
    for name in ("read", "readline", "send", "_simple_command", "ssl_wrap_socket")
}


def _replaced(client: IMAP4, name: str) -> bool:
    """Whether a subclass, or an assignment, has replaced the method *name*."""
    return name in vars(client) or getattr(type(client), name) is not _OWN_METHODS[name]


def _weakly(method: Any) -> Any:
    """*method*, to be called by a thread that must not keep its object alive."""
    reference = weakref.WeakMethod(method)

    def call(*arguments: Any) -> Any:
        method = reference()
        if method is None:
            raise error("the client object is gone")
        return method(*arguments)

    return call


def _printer(reference: weakref.ref[IMAP4]) -> Any:
    """Prints by the ``_mesg`` of an object, which may be replaced, as long as there is one."""

    def printer(text: str, thread: str | None, when: float | None) -> None:
        client = reference()
        if client is not None:
            _call_mesg(client._mesg, text, thread, when)

    return printer


@functools.lru_cache(maxsize=32)
def _parameters(function: Any) -> int:
    """How many parameters may be given by position."""
    import inspect

    parameters = inspect.signature(function).parameters.values()
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def _call_mesg(mesg: Any, text: str, thread: str | None, when: float | None) -> None:
    """Call a ``_mesg`` of historical imaplib2, of imaplib, or a function of one argument."""
    bound = getattr(mesg, "__self__", None) is not None
    count = _parameters(getattr(mesg, "__func__", mesg)) - bound
    if count >= 3:
        mesg(text, thread, when)
    elif count == 2:
        mesg(text, when)
    else:
        mesg(text)


def _call_open(method: Any, host: str, port: int, timeout: float | None) -> None:
    """Call an ``open`` that takes a time-out, or one of old that doesn't."""
    if getattr(method, "__func__", None) not in (IMAP4.open, IMAP4_stream.open):
        import inspect

        try:
            inspect.signature(method).bind(host, port, timeout)
        except TypeError:
            method(host, port)
            return
    method(host, port, timeout)


def _line_limit() -> int:
    """The bound that a program has set by ``imaplib._MAXLINE``; ours, unless it is a small one."""
    bound = int(_setting("_MAXLINE", MAXLINE))
    return bound if bound < MAXLINE else Limits.line


def _debug_level(debug: int | None) -> int:
    """*debug*, or the ``Debug`` that was set on the package."""
    return debug if debug is not None else int(_setting("Debug", 0) or 0)


def _idle_timeout() -> float:
    """The ``IDLE_TIMEOUT`` that was set on the package; else ours."""
    longest: float = _setting("IDLE_TIMEOUT", IDLE_TIMEOUT)
    if longest <= 0:
        raise ValueError(f"IDLE_TIMEOUT must be positive, not {longest!r}")
    return longest


def _setting(name: str, default: Any) -> Any:
    return getattr(sys.modules.get("imaplib2"), name, default)
