"""IMAP4, IMAP4_SSL and IMAP4_stream: the classes that users call.

Here is how a connection begins and ends. The rest of IMAP4 is inherited: from `CommandMethods` a
method for each command, from `LoginMethods` more ways to log in, from `Upgrades` encryption and
compression, from `HistoricalNames` what older programs call, from `Liveness` what programs ask that
run for long. All of these are an `Issuer`, which sends commands, and a `Link`, which has the state
and carries the bytes.
"""

from __future__ import annotations

import contextlib
import socket
import weakref
from types import FunctionType, TracebackType

from ._checks import check_callable, port_number, socket_timeout
from ._errors import error, told
from ._hints import TYPE_CHECKING, Any, TextIO, TypeVar, cast
from ._liveness import Liveness
from ._logins import LoginMethods
from ._methods import CommandMethods
from ._names import HistoricalNames
from ._protocol.states import LOGOUT
from ._settings import (
    CONNECT_TIMEOUT,
    IMAP4_SSL_PORT,
    TLS_COMPAT,
    AllowedVersions,
    debug_level,
    line_limit,
)
from ._signatures import call_mesg, call_open
from ._threads.pending import Callback, Outcome, Pending
from ._transport.tls_settings import TLSSettings, is_tls
from ._types import LATER, Identity, Parts, Result, Socket
from ._upgrades import Upgrades

if TYPE_CHECKING:
    import ssl
    import subprocess
    from collections.abc import Sequence

    from _typeshed import StrOrBytesPath

    from ._threads.engine import Engine
    from ._transport.base import Transport
    from ._transport.tls_settings import CertificateCallback

Self = TypeVar("Self", bound="IMAP4")


class IMAP4(CommandMethods, LoginMethods, Upgrades, HistoricalNames, Liveness):
    """A connection to an IMAP server, over TCP.

    - *host*: None or ``''`` is the local host.
    - *port*: None is the standard port.
    - *timeout*: bounds, in seconds, connecting and every silence of the server while an answer is
      awaited; None stands for ``socket.getdefaulttimeout()``. A time-out that is set on ``sock``
      later replaces it.
    - *debug* (0 to 5), *debug_file* and *debug_buf_lvl* (a level below which lines are kept instead
      of printed): control tracing, see `debug`.
    - *identifier*: names the threads, and stands in traces.
    - *sock*: a connected socket to be used instead of connecting, through a proxy for instance.
      *host* and *port* are then what TLS verifies, and what exceptions name; they and *timeout* are
      those of *sock* unless they are given. It belongs to the connection, which closes it: at its
      end, and when TLS or the greeting fails. Only if an argument is refused, before a byte is
      exchanged, does it remain its owner's. A subclass that replaces ``open`` or ``open_socket``
      decides for itself.
    - *identify*: a mapping of names to values, or True for the name of this library. An ID (RFC
      2971) goes out by itself behind each successful login, before any other command, to servers
      that list it. It is not waited for, and nothing depends on its answer.

    Raises OSError when the server can't be reached, ``ssl.SSLError`` when TLS fails, ``error``
    when the server doesn't greet as an IMAP server does, its subclass ``abort`` (a TimeoutError,
    too) when it doesn't greet in time, and ValueError for a *timeout* of 0 or less.
    """

    #: The version of the protocol that the server speaks: ``'IMAP4REV1'`` or ``'IMAP4'``.
    PROTOCOL_VERSION: str = cast(Any, None)
    #: Names the threads, and stands in traces.
    identifier: str

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
        sock: Socket | None = None,
        identify: Identity = None,
    ) -> None:
        from ._late import Trace, identification

        timeout = socket_timeout("timeout", timeout)
        if sock is not None:
            from ._ready_socket import settled

            host, port, timeout = settled(sock, host, port, timeout)
        number = port_number(port, self._default_port())
        id_line = identification(identify)
        if "_engine" in vars(self):
            self._begin_anew()
        self.host = host or ""
        self.port = number
        preset = self._attributes.set_unless_theirs
        preset(self, "timeout", timeout, socket.getdefaulttimeout() or None)
        name = f"imaplib2 {self.host or 'localhost'}"
        preset(self, "identifier", identifier or None, name)
        # A subclass may have connected already.
        if sock is not None or getattr(self, "sock", None) is None:
            # From here on, shutdown() closes it.
            self.sock = self._hooks.ready_sock = sock
        self._core.identification = id_line
        for attribute in ("read_fd", "compressor", "decompressor"):
            preset(self, attribute, None, None)
        self.literal = None
        self._tls = getattr(self, "_tls", None) or TLSSettings()
        self._tls_established = False
        self._shakes_hands = False
        self._core.limits.line = min(self._core.limits.line, line_limit())
        level = debug_level(debug) or self._trace.level
        self._trace = Trace(level, debug_file, self.identifier, debug_buf_lvl)
        self._trace.printer = _printer(weakref.ref(self))
        self._core.timeout = self._time_limit()
        self._engine = None
        try:
            ours = (IMAP4.open, IMAP4_stream.open)
            call_open(self.open, ours, self.host, self.port, timeout)
            # Where a subclass has connected in its own way, nothing is to hold it.
            self._hooks.ready_sock = None
            self._connect()
        except BaseException as problem:
            told(problem, {"where": self._where()})
            # The shutdown of a subclass may rely on what its open has not set: what that raises
            # must not hide why the connection has failed.
            with contextlib.suppress(Exception):
                self._close()
            raise

    def _begin_anew(self) -> None:
        """End the connection of an earlier ``__init__``: its caller tries again, or reconnects."""
        if self._engine is not None:
            self._engine.close(logged_out=True)
            self._finalizer.detach()
        # Another socket was set by a subclass, for the connection that is about to begin.
        if self._own_sock() is self._hooks.used_sock:
            self.sock = None
        self._renew_core(self._core.limits)

    def _connect(self) -> None:
        """Be greeted, behind ``open``. Test doubles replace both, as with ``imaplib``."""
        self._engine = self._by_hand.port.engine = self._make_engine()
        self._finalizer = weakref.finalize(self, self._engine.abandon)
        self._finalizer.atexit = False
        self._engine.start(self._time_limit() or CONNECT_TIMEOUT)
        self._check_version()

    def _make_engine(self) -> Engine:
        from ._late import Engine

        self._core.where = self._where()
        if self._has_process():
            self._core.hint = ""
        transport = self._hooks.transport(self)
        early = self._hooks.read_ahead(self)
        return Engine(self._core, transport, _weakly(self._upgrade), self._trace, early)

    def _where(self) -> str:
        """Host and port; of a child process, not its command, which may hold secrets."""
        if self._has_process():
            return "child process"
        return f"{self.host or 'localhost'}:{self.port}"

    def _check_version(self) -> None:
        if not self.capabilities:
            raise error("no CAPABILITY response from server")
        for version in AllowedVersions:
            if version in self.capabilities:
                self.PROTOCOL_VERSION = version
                return
        raise error("server not IMAP4 compliant")

    def _get_capabilities(self) -> None:
        self.capability()

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
        # A subclass may show itself before our __init__.
        if "host" not in vars(self):
            return f"<{type(self).__name__} unconnected>"
        return f"<{type(self).__name__} {self._where()} {self.state}>"

    def __getattr__(self, name: str) -> Any:
        if name.isupper() and not name.startswith("_") and hasattr(type(self), name.lower()):
            return getattr(self, name.lower())
        raise AttributeError(f"Unknown IMAP4 command: {name!r}")

    # -- The end --------------------------------------------------------------------------------

    def logout(self, *, callback: Callback | None = None, cb_arg: Any = None) -> Parts:
        """Say goodbye and close the connection; returns ``('BYE', [text])`` (RFC 3501, 6.1.3).

        Commands in progress are completed before. Returns within seconds also when the server is
        silent or gone; may be called again, and from anywhere.
        """
        if self._is_finalizing():
            return self._farewell()
        check_callable("callback", callback)
        engine = self._engine
        if engine is None and self.state != LOGOUT and self._sends_elsewhere():
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
                if not (self.Terminate and self._sends_elsewhere()):
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
        """Have *callback* called once the server has said goodbye, or can't any more."""
        finish = self._finish_logout

        def called_back(outcome: Any) -> None:
            # The server has refused: close all the same, as without a callback.
            if outcome[0] is None:
                outcome = (self._finish_logout("BAD", []), cb_arg, None)
            callback(outcome)

        try:
            return self._call("LOGOUT", callback=called_back, cb_arg=cb_arg, finish=finish)
        except error:
            pass
        # No thread for callbacks can be started: the interpreter exits, or has too many.
        except RuntimeError:
            self.logout()
        return self._call_back_alone(engine, callback, cb_arg)

    def _call_back_alone(self, engine: Engine, callback: Callback, cb_arg: Any) -> Result:
        """Tell *callback* that the connection is over."""
        engine.call_back_alone(Pending(self._finish_logout, callback, cb_arg), ("BYE", []))
        return LATER

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


def _name_methods(cls: type[Any]) -> None:
    """Name after *cls* what it inherits: in a TypeError, ``IMAP4.login() missing ...``; in pickles.

    That *cls* is put together from others is no concern of its users.
    """
    for base in cls.__mro__[1:-1]:
        for attribute in vars(base).values():
            method = getattr(attribute, "__func__", attribute)  # of a static method
            if isinstance(method, FunctionType) and method.__module__ == base.__module__:
                method.__module__ = cls.__module__
                method.__qualname__ = f"{cls.__name__}.{method.__name__}"


_name_methods(IMAP4)


class IMAP4_SSL(IMAP4):
    """A connection over TLS from the start.

    Certificate and host name are verified. Besides the arguments of `IMAP4`:

    - *ca_certs*: a file of the CAs to trust.
    - *keyfile* and *certfile*: the client's own. A *keyfile* without *certfile* is a ValueError.
    - *cert_verify_cb*: ``cert_verify_cb(certificate, host)`` is asked instead of checking the host
      name (and, without *ca_certs*, the chain); its answer, unless false, is raised as
      ``ssl.SSLError``.
    - *ssl_context*: replaces everything.
    - *ssl_version* and *tls_level*: all values that they ever had mean TLS 1.2 or newer; others are
      a ValueError.
    - *sock*: one that is encrypted already is used as it is. Whom it trusts is its maker's
      business, so that *ca_certs* and *cert_verify_cb* are a ValueError.
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
        sock: Socket | None = None,
        identify: Identity = None,
    ) -> None:
        self._tls = TLSSettings(
            cast(Any, keyfile), certfile, cast(Any, ca_certs), cert_verify_cb, ssl_version,
            tls_level, ssl_context,
        )  # fmt: skip
        if is_tls(sock) and (self._tls.ca_certs or cert_verify_cb) is not None:
            raise ValueError("sock is encrypted: ca_certs and cert_verify_cb come too late")
        self._show_tls_settings()
        self.ssl_context = self._tls.ssl_context = self._tls.context()
        super().__init__(
            host, port, timeout,
            debug=debug, debug_file=debug_file, identifier=identifier, debug_buf_lvl=debug_buf_lvl,
            sock=sock, identify=identify,
        )  # fmt: skip

    @staticmethod
    def _default_port() -> int:
        return IMAP4_SSL_PORT

    def _create_socket(self, timeout: float | None) -> Any:
        self.sock = self.open_socket()
        if not is_tls(self._own_sock()):
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
        identify: Identity = None,
    ) -> None:
        self.command = command
        self._attributes.set_unless_theirs(self, "process", None, None)
        super().__init__(
            None, None, timeout,
            debug=debug, debug_file=debug_file, identifier=identifier, debug_buf_lvl=debug_buf_lvl,
            identify=identify,
        )  # fmt: skip

    def open(self, host: Any = "", port: Any = None, timeout: float | None = None) -> None:
        """Start the child."""
        # Here, as most programs have no child process.
        import subprocess

        from ._transport.kernel import IS_WINDOWS

        if IS_WINDOWS:
            raise NotImplementedError("IMAP4_stream needs POSIX: Windows can't wait for a pipe")
        self.host = self.port = None  # type: ignore[assignment]
        self.process = subprocess.Popen(
            self.command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, shell=True
        )
        assert self.process.stdout is not None
        self.read_fd = self.process.stdout.fileno()
        self._attributes.claim(self, "process", "read_fd")

    def _has_process(self) -> bool:
        return bool(self.process)

    def _make_transport(self) -> Transport:
        # Here, as most programs have no child process.
        from ._transport.process import ProcessTransport

        return ProcessTransport(self.process)


def _weakly(method: Any) -> Any:
    """*method*, to be called by a thread that must not keep its object alive."""
    reference = weakref.WeakMethod(method)

    def call(*arguments: Any) -> Any:
        method = reference()
        if method is None:
            raise error(
                "the connection was dropped: keep a reference to the IMAP4 object until the"
                " callback of its last command has been called"
            )
        return method(*arguments)

    return call


def _printer(reference: weakref.ref[IMAP4]) -> Any:
    """Prints by the ``_mesg`` of an object, which may be replaced, as long as there is one."""

    def printer(text: str, thread: str | None, when: float | None) -> None:
        client = reference()
        if client is not None:
            call_mesg(client._mesg, text, thread, when)

    return printer
