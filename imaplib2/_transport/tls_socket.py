"""An ``SSLSocket`` that one thread may read while another writes it.

OpenSSL's objects are not made for that: a bare SSLSocket used so crashes the interpreter
(openssl#20446, cpython#143756). Here one lock is held while OpenSSL works, on a socket that does
not block; the network is awaited without it. To its users the socket still seems to block.
"""

from __future__ import annotations

import errno
import socket
import ssl

from .._clock import Clock, seconds_until
from .._hints import Any, cast
from .._mutex import Mutex
from .hands import check_not_looking, hands_of, is_ours, received_into, write, write_all
from .waiting import wait_for

_NOTHING_YET = "The operation did not complete (read)"
_NO_ROOM_YET = "The operation did not complete (write)"
#: Bytes: what a TLS record holds at the most (RFC 8446, section 5.1).
_RECORD = 16 * 1024


class ConcurrentSSLSocket(ssl.SSLSocket):
    """See the module; `adopt` makes it of a connected SSLSocket."""

    _lock: Mutex
    _timeout: float | None = None
    #: What has gone wrong behind data that were received before: it is raised by the next read.
    _problem: OSError | None = None

    def settimeout(self, value: float | None) -> None:
        """Remembered only: the socket never blocks, and the reader waits without a deadline."""
        self._timeout = value

    def gettimeout(self) -> float | None:
        return self._timeout

    @property
    def timeout(self) -> float | None:
        """What was set, as for any socket."""
        return self._timeout

    def setblocking(self, flag: bool) -> None:
        self._timeout = None if flag else 0.0

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        data: bytes = self.read(buflen)
        return data

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        check_not_looking()
        size: int = self.read(nbytes or len(memoryview(buffer).cast("B")), buffer)
        return size

    def read(self, len: int = 1024, buffer: Any = None) -> Any:
        hands = hands_of(self, reading=True)
        if hands is None:
            return self._read_waiting(len, buffer)
        if len < 0 and buffer is None:
            raise ValueError("size should not be negative")
        try:
            if buffer is None and not len:
                return b""
            if buffer is None:
                return hands.receive(len, self._timeout)
            return received_into(buffer, max(len, 0), hands, self._timeout)
        except BlockingIOError:
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, _NOTHING_YET) from None

    def _read_waiting(self, size: int, buffer: Any) -> Any:
        deadline = self._deadline()
        while True:
            try:
                return self._lock.run(self._read, size, buffer)
            except ssl.SSLWantReadError:
                self._wait(deadline, reading=True)
            except ssl.SSLWantWriteError:
                self._wait(deadline, reading=False)

    def _deadline(self) -> float | None:
        """Until when the caller may be kept waiting."""
        if self._timeout is None or is_ours(self):
            return None
        return Clock.now() + self._timeout

    def _wait(self, deadline: float | None, *, reading: bool) -> None:
        """Wait, within the handler of what OpenSSL has raised.

        Raises that again where *deadline* is that of a call that must not wait, and TimeoutError
        when *deadline* has passed.
        """
        if deadline is not None and not self._timeout:
            raise
        if not wait_for(
            self, None if deadline is None else seconds_until(deadline), reading=reading
        ):
            raise TimeoutError("timed out") from None

    def receive_some(self, buffer: memoryview, *, wait: bool = True) -> int | None:
        """Receive once something has come; None when it is less than a record, or no data.

        Or, without *wait*, when nothing has come.
        """
        for may_wait in (True, False) if wait else (False,):
            try:
                return self._lock.run(self._read_records, buffer)
            except ssl.SSLWantReadError:
                if may_wait:
                    wait_for(self, reading=True)
            except ssl.SSLWantWriteError:
                wait_for(self, reading=False)
        return None

    def _read(self, size: int, buffer: Any) -> Any:
        """Read what OpenSSL has; the lock is held."""
        if self._problem is not None:
            problem, self._problem = self._problem, None
            raise problem
        self._tls_object()
        return super().read(size, buffer)

    def _read_records(self, buffer: memoryview) -> int:
        """Read what OpenSSL has, as far as *buffer* takes it; the lock is held."""
        size = cast(int, self._read(len(buffer), buffer))
        return size if size < _RECORD else self._fill(buffer, size)

    def _fill(self, buffer: memoryview, size: int) -> int:
        """Where a whole record was, take those behind it, too: one by one they cost a third more.

        The lock is held.
        """
        try:
            while len(buffer) - size >= _RECORD:
                more = cast(int, super().read(len(buffer) - size, buffer[size:]))
                if not more:
                    break
                size += more
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError as problem:
            # Told once: to be read for again, a broken connection looks like one that was closed.
            # Its traceback refers to the socket, and to the reader's buffer.
            self._problem = problem.with_traceback(None)
        return size

    def send(self, data: Any, flags: int = 0) -> int:
        hands = hands_of(self)
        if hands is None:
            return self._send_waiting(memoryview(data).cast("B"))
        try:
            return write(hands, data, self._timeout, self._send_waiting)
        except BlockingIOError:
            raise ssl.SSLWantWriteError(ssl.SSL_ERROR_WANT_WRITE, _NO_ROOM_YET) from None

    def sendall(self, data: Any, flags: int = 0) -> None:
        hands = hands_of(self)
        if hands is None:
            return self._send_all_waiting(memoryview(data).cast("B"))
        try:
            write_all(hands, data, self._timeout, self._send_all_waiting)
        except BlockingIOError:
            raise ssl.SSLWantWriteError(ssl.SSL_ERROR_WANT_WRITE, _NO_ROOM_YET) from None
        return None

    def write(self, data: Any) -> int:
        return self.send(data)

    def _send_all_waiting(self, view: memoryview) -> None:
        while view:
            view = view[self._send_waiting(view) :]

    def _send_waiting(self, view: memoryview) -> int:
        deadline = self._deadline()
        sent = 0
        while not sent and view:
            patience = None if deadline is None else seconds_until(deadline)
            sent = self.send_within(view, patience)
            if not sent and patience == 0:
                raise TimeoutError("timed out")
        return sent

    # A session ticket that comes meanwhile replaces what both of these look at.

    def getpeercert(self, binary_form: bool = False) -> Any:
        return self._lock.run(super().getpeercert, binary_form)

    def get_channel_binding(self, cb_type: str = "tls-unique") -> bytes | None:
        return self._lock.run(super().get_channel_binding, cb_type)

    def pending(self) -> int:
        # What has gone wrong is read, too; to wait for the descriptor first may be in vain.
        return self._lock.run(super().pending) or int(self._problem is not None)

    def shutdown(self, how: int) -> None:
        """End traffic, but not TLS: SSLSocket forgets it, and would go on in plain text."""
        socket.socket.shutdown(self, how)

    def unwrap(self) -> socket.socket:
        """Leave TLS; this socket carries nothing any more."""
        return self._lock.run(super().unwrap)

    def _tls_object(self) -> Any:
        """What speaks TLS; OSError when that was left, for SSLSocket would send plain text then.

        The lock is held.
        """
        tls_object = getattr(self, "_sslobj", None)
        if tls_object is None:
            raise OSError(errno.ENOTCONN, "TLS was left, or the socket closed")
        return tls_object

    def _write(self, data: Any) -> int:
        """Have OpenSSL take some of *data*; the lock is held."""
        return cast(int, self._tls_object().write(data))

    def send_now(self, data: Any) -> int:
        """Send what can be sent without waiting; the number of bytes."""
        try:
            return self._lock.run(self._write, data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0

    def send_within(self, data: Any, timeout: float | None) -> int:
        """Send some of *data*, waiting up to *timeout* seconds; 0 when that was in vain."""
        try:
            return self._lock.run(self._write, data)
        except ssl.SSLWantWriteError:
            wait_for(self, timeout, reading=False)
        except ssl.SSLWantReadError:
            # Renegotiation or a key update: the reading thread takes what comes, we try again.
            wait_for(self, 0.1 if timeout is None else min(timeout, 0.1), reading=True)
        return self.send_now(data)


def adopt(sock: ssl.SSLSocket) -> ConcurrentSSLSocket:
    """*sock* itself, from now on safe to be used by two threads."""
    kind, timeout = type(sock), sock.gettimeout()
    if not isinstance(sock, ConcurrentSSLSocket):
        if kind is ssl.SSLSocket:
            sock.__class__ = ConcurrentSSLSocket
        else:
            sock.__class__ = type(kind.__name__, (ConcurrentSSLSocket, kind), {})
    assert isinstance(sock, ConcurrentSSLSocket)
    sock._timeout = timeout
    sock._lock = Mutex()
    ssl.SSLSocket.setblocking(sock, False)
    return sock
