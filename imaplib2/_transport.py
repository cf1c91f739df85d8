"""Ways to carry bytes: sockets and what is like them, TLS, a child process, own methods; DEFLATE.

Nothing here knows IMAP. One thread reads a transport while another writes it; any thread may
`interrupt` it, which makes a blocked read return 0 (end of file) and a blocked write fail.
"""

from __future__ import annotations

import _socket
import contextlib
import errno
import os
import socket
import struct
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, cast

from ._users_socket import UsersSocket
from ._waiting import IS_WINDOWS, Wakeup, ended_within, wait_for

if TYPE_CHECKING:
    import ssl
    import subprocess

    from ._tls_socket import ConcurrentSSLSocket

Buffer = bytes | bytearray | memoryview

#: Bytes that are compressed at a time.
DEFLATE_CHUNK = 32 * 1024
#: Bytes that an object's own ``send`` gets at a time: it tells of its progress by returning.
_PORTION = 64 * 1024
_SHUTDOWN_WAIT = 2.0


class Transport(Protocol):
    """What the reader and the writer thread need."""

    #: Whether `try_send` may be used, so that short commands need no change of thread.
    direct: bool
    #: Whether `send` keeps to its time-out.
    punctual: bool

    @property
    def has_more(self) -> bool:
        """Whether bytes have been received that the descriptor tells nothing of."""

    def recv_into(self, buffer: memoryview) -> int | None:
        """Wait for bytes and put them into *buffer*; their number, or 0 at the end of file.

        None when what has come gives no bytes yet, such as a part of a TLS record.
        """

    def is_readable(self) -> bool:
        """Whether `recv_into` has something to give, or the end of file to report."""

    def fileno(self) -> int:
        """What becomes readable when `is_readable` does, if that is false."""

    def try_send(self, data: Buffer) -> int:
        """Send what can be sent without waiting; the number of bytes."""

    def send(self, data: Buffer, timeout: float | None) -> int:
        """Send some of *data*, waiting up to *timeout* seconds; the number of bytes, 0 if none."""

    def unsent(self) -> int:
        """Bytes that were sent, but that the peer has not taken yet; 0 where nobody knows."""

    def silent_for(self) -> float | None:
        """Seconds since the peer last acknowledged anything, while it has to.

        0.0 when it does not have to just now, as it takes no more and has said so; None when there
        is nothing to be acknowledged, and where nobody knows.
        """

    def interrupt(self) -> None:
        """End the traffic: blocked calls return."""

    def close(self) -> None:
        """Release everything; to be called when no other thread uses the transport."""

    def drop(self) -> None:
        """Close the descriptors of a forked child, without the parent noticing."""


class SocketTransport:
    """A connected stream socket, whose time-out is the user's: it is kept, and keeps nobody."""

    direct = hasattr(socket, "MSG_DONTWAIT")
    punctual = True

    @property
    def has_more(self) -> bool:
        return False

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        # Its user's calls are seen to; ours are not, and take no longer than a socket's.
        plain: Any = super(UsersSocket, sock) if type(sock) is UsersSocket else sock
        self._recv_into: Callable[..., int] = plain.recv_into
        self._send: Callable[..., int] = plain.send
        self._interrupted = False
        # For the reader, where it can't be woken otherwise.
        self._wakeup: Wakeup | None = None
        if IS_WINDOWS and isinstance(sock, _socket.socket):
            self._wakeup = Wakeup()
        # As with imaplib, whose file object does the same, a close() by others is put off: closed
        # under a thread that reads, a descriptor would leave it waiting for ever.
        self._hold: Any = None
        if hasattr(sock, "makefile"):
            try:
                self._hold = sock.makefile("rb", buffering=0)
            except TypeError:  # a wrapper's, which takes no more than imaplib gives
                self._hold = sock.makefile("rb")

    def recv_into(self, buffer: memoryview) -> int | None:
        while self._wakeup is None or wait_for(self.sock, reading=True, wakeup=self._wakeup):
            try:
                return self._recv_into(buffer)
            except (BlockingIOError, TimeoutError) as problem:
                if problem.errno == errno.ETIMEDOUT:  # of the connection, not of the call
                    raise
                wait_for(self.sock, reading=True, wakeup=self._wakeup)
        return 0

    def is_readable(self) -> bool:
        return wait_for(self.sock, 0, reading=True)

    def fileno(self) -> int:
        return self.sock.fileno()

    def try_send(self, data: Buffer) -> int:
        try:
            if self.sock.gettimeout() is None:
                return self._send(data, socket.MSG_DONTWAIT)
            # MSG_DONTWAIT on a socket with a time-out would be preceded by a wait. For the system,
            # such a socket doesn't block; but the send() of another class may do more: encrypt.
            if type(self.sock) in (UsersSocket, socket.socket):
                return os.write(self.sock.fileno(), data)
            if not wait_for(self.sock, 0, reading=False):
                return 0
            return self._send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0
        except TypeError:  # a wrapper's, which takes no flags
            self.direct = False
            return 0

    def send(self, data: Buffer, timeout: float | None) -> int:
        if not self.direct:
            return self._send_when_writable(data, timeout)
        sent = self.try_send(data)
        if sent or not wait_for(self.sock, timeout, reading=False):
            return sent
        return self.try_send(data)

    def unsent(self) -> int:
        return bytes_waiting(self.sock, "TIOCOUTQ")

    def silent_for(self) -> float | None:
        return unacknowledged_for(self.sock)

    def interrupt(self) -> None:
        if not self._interrupted:
            interrupt_socket(self.sock)
            if self._wakeup is not None:
                self._wakeup.set()
            self._interrupted = True  # last: an exception may have come up before

    def close(self) -> None:
        self.interrupt()
        self.drop()
        if self._wakeup is not None:
            self._wakeup.close()

    def drop(self) -> None:
        if self._hold is not None:
            self._hold.close()
        self.sock.close()

    def _send_when_writable(self, data: Buffer, timeout: float | None) -> int:
        if not wait_for(self.sock, timeout, reading=False):
            return 0
        return self._send(memoryview(data)[:4096])  # so little that it can't block


class TLSTransport(SocketTransport):
    """An ``SSLSocket``; it becomes one that two threads may use (see ``_tls_socket.py``)."""

    direct = True
    sock: ConcurrentSSLSocket

    def __init__(self, sock: ssl.SSLSocket) -> None:
        from ._tls_socket import adopt

        super().__init__(adopt(sock))

    @property
    def has_more(self) -> bool:
        return self.sock.pending() > 0

    def is_readable(self) -> bool:
        return self.has_more or super().is_readable()

    def recv_into(self, buffer: memoryview) -> int | None:
        if self._wakeup is None:
            return self.sock.receive_some(buffer)
        if self.has_more or wait_for(self.sock, reading=True, wakeup=self._wakeup):
            return self.sock.receive_some(buffer, wait=False)
        return 0

    def try_send(self, data: Buffer) -> int:
        return self.sock.send_now(data)

    def send(self, data: Buffer, timeout: float | None) -> int:
        return self.sock.send_within(data, timeout)


def tls_transport(sock: Any) -> SocketTransport:
    """A transport for an ``SSLSocket``, be it one of gevent's.

    Those block, one at a time, in their own way, and need no lock around OpenSSL.
    """
    if isinstance(sock, _socket.socket):
        return TLSTransport(cast(Any, sock))
    transport = SocketTransport(sock)
    transport.direct = False
    return transport


def is_socket(sock: Any) -> bool:
    """Whether *sock* has all that `SocketTransport` needs; it may be a wrapper."""
    if isinstance(sock, _socket.socket):
        return True
    has_methods = all(hasattr(sock, name) for name in ("recv_into", "send", "gettimeout"))
    return has_methods and descriptor_of(sock) >= 0


def descriptor_of(sock: Any) -> int:
    """The descriptor of something like a socket, -1 if it has none."""
    try:
        descriptor = sock.fileno()
    except Exception:  # somebody else's code
        return -1
    return descriptor if isinstance(descriptor, int) else -1


class FileTransport:
    """A socket-like object that has what ``imaplib`` needs, and perhaps no more.

    That is ``makefile`` (or *file*, what that gave), ``sendall``, ``shutdown`` and ``close``. Its
    ``recv`` is preferred to a file, which can't go on after a time-out; but not to one that its
    maker has read from, unless there are time-outs.
    """

    direct = False
    punctual = False

    def __init__(self, sock: Any, file: Any = None) -> None:
        self.sock = sock
        self._file = file
        self._reads_file = hasattr(file, "read1") and not hasattr(sock, "settimeout")
        self._unread = memoryview(b"")
        self._interrupted = self._is_shut = False
        # Also where it is not read: as long as it is open, most sockets put off a close().
        if file is None and hasattr(sock, "makefile"):
            with contextlib.suppress(NotImplementedError):
                self._file = sock.makefile("rb")
        if not hasattr(sock, "recv") and self._file is None:
            raise TypeError(f"no socket: {type(sock).__name__} has neither recv nor makefile")

    @property
    def has_more(self) -> bool:
        pending = getattr(self.sock, "pending", None)  # of something like TLS
        return bool(self._unread) or (pending is not None and pending() > 0)

    def recv_into(self, buffer: memoryview) -> int | None:
        if not self._unread:
            self._unread = memoryview(self._receive())
        size = min(len(self._unread), len(buffer))
        buffer[:size] = self._unread[:size]
        self._unread = self._unread[size:]
        return size

    def is_readable(self) -> bool:
        return self.has_more or (self.fileno() >= 0 and wait_for(self.sock, 0, reading=True))

    def fileno(self) -> int:
        # Of the rest that a file keeps behind a line, no descriptor tells.
        by_line = not hasattr(self.sock, "recv") and not hasattr(self._file, "read1")
        return -1 if by_line else descriptor_of(self.sock)

    def try_send(self, data: Buffer) -> int:
        raise NotImplementedError

    def send(self, data: Buffer, timeout: float | None) -> int:
        portion = bytes(memoryview(data)[:_PORTION])
        self.sock.sendall(portion)
        return len(portion)

    def unsent(self) -> int:
        return bytes_waiting(descriptor_of(self.sock), "TIOCOUTQ")

    def silent_for(self) -> float | None:
        return None

    def interrupt(self) -> None:
        self._interrupted = True
        if not self._is_shut:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except Exception:  # somebody else's code, when all is over
                with contextlib.suppress(Exception):
                    self.sock.close()
            self._is_shut = True  # last: an exception may have come up before

    def close(self) -> None:
        self.interrupt()
        self.drop()

    def drop(self) -> None:
        # A buffered file's own close() takes a lock, which a forked child may find taken for ever.
        file = getattr(self._file, "raw", self._file)
        for channel in (file, self.sock):
            if channel is not None:
                with contextlib.suppress(OSError):
                    channel.close()

    def _receive(self) -> bytes:
        """What has come, when something has."""
        while True:
            try:
                return self._receive_some()
            except (BlockingIOError, TimeoutError) as problem:
                if problem.errno == errno.ETIMEDOUT:  # of the connection, not of the call
                    raise
                self._go_on_after(problem)

    def _receive_some(self) -> bytes:
        # With this size, neither a socket nor a file keeps a rest of what has come.
        receive = None if self._reads_file else getattr(self.sock, "recv", None)
        receive = receive or getattr(self._file, "read1", None)
        data: bytes = receive(_PORTION) if receive is not None else self._receive_line()
        return data

    def _receive_line(self) -> bytes:
        """What a file is sure to give without waiting for more than has been announced."""
        data: bytes = self._file.read(1)
        if data not in (b"", b"\n"):
            try:
                data += self._file.readline(_PORTION)
            except TimeoutError as problem:  # the begun line is lost, so this is the end
                raise TimeoutError(errno.ETIMEDOUT, "timed out within a line") from problem
        return data

    def _go_on_after(self, problem: OSError) -> None:
        if descriptor_of(self.sock) >= 0:
            wait_for(self.sock, reading=True)
        elif isinstance(problem, BlockingIOError) or self._interrupted:
            raise problem
        if not hasattr(self.sock, "recv") and hasattr(self.sock, "makefile"):
            self._file = self.sock.makefile("rb")  # the old one gives errors from now on


class ProcessTransport:
    """The standard input and output of a child process."""

    direct = False
    punctual = True
    has_more = False

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._read_fd = process.stdout.fileno()
        self._write_fd = process.stdin.fileno()
        self._wakeup = Wakeup()
        os.set_blocking(self._write_fd, False)

    def recv_into(self, buffer: memoryview) -> int | None:
        if not self._wakeup.wait_with(self._read_fd):
            return 0
        return os.readv(self._read_fd, [buffer])

    def is_readable(self) -> bool:
        return self._wakeup.wait_with(self._read_fd, 0)

    def fileno(self) -> int:
        return self._read_fd

    def try_send(self, data: Buffer) -> int:
        try:
            return os.write(self._write_fd, data)
        except BlockingIOError:
            return 0

    def send(self, data: Buffer, timeout: float | None) -> int:
        sent = self.try_send(data)
        if sent:
            return sent
        if not self._wakeup.wait_with(self._write_fd, timeout, reading=False):
            if self._wakeup.is_set:
                raise BrokenPipeError("the connection was closed")
            return 0
        return self.try_send(data)

    def unsent(self) -> int:
        return bytes_waiting(self._write_fd, "FIONREAD")

    def silent_for(self) -> float | None:
        return None

    def interrupt(self) -> None:
        self._wakeup.set()

    def close(self) -> None:
        """Close the pipes and see the child off: it is asked, then terminated, then killed.

        So is what it has started, if it doesn't end by itself: it may be a shell that waits.
        """
        self._wakeup.set()
        self.drop()
        if not ended_within(self.process, 1.0):
            self._end_family()
        self._wakeup.close()

    def _end_family(self) -> None:
        import signal

        from ._family import Family

        family = Family(self.process)
        family.send_signal(signal.SIGTERM)
        if not family.ends_within(0.5):
            family.send_signal(signal.SIGKILL)
            family.ends_within(_SHUTDOWN_WAIT)
        family.close()

    def drop(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()


class MethodTransport:
    """An object's own ``read(size)``, ``send(data)`` and ``read_fd``: a subclass's transport.

    *owner* gives the object, or None when it is gone.
    """

    direct = False
    punctual = False

    def __init__(self, owner: Callable[[], Any]) -> None:
        self._owner = owner
        self.base: Transport | None = None  # what the methods of the base class use
        self._wakeup = Wakeup()
        self._unread = memoryview(b"")
        self._early: Transport | None = None  # what came before the transport was compressed

    def recv_into(self, buffer: memoryview) -> int | None:
        if self._early is not None:
            if self._early.has_more:
                return self._early.recv_into(buffer)
            self._early = None
        data = self._unread or self._read(len(buffer))
        if data is None:
            return None
        size = min(len(data), len(buffer))
        buffer[:size] = data[:size]
        # In place: a copy of the rest each time would make much data cost its square.
        self._unread = memoryview(data)[size:]
        return size

    @property
    def has_more(self) -> bool:
        if self._unread or (self._early is not None and self._early.has_more):
            return True
        owner = self._owner()
        return owner is not None and owner.file_has_more()

    def is_readable(self) -> bool:
        return self.has_more or self._wait_readable(0)

    def fileno(self) -> int:
        owner = self._owner()
        return -1 if owner is None or owner.read_fd is None else owner.read_fd

    def try_send(self, data: Buffer) -> int:
        raise NotImplementedError

    def send(self, data: Buffer, timeout: float | None) -> int:
        owner = self._living_owner()
        if owner is None:
            raise BrokenPipeError("the connection was dropped")
        portion = bytes(memoryview(data)[:_PORTION])  # bytes are what subclasses expect
        owner.send(portion)
        return len(portion)

    def unsent(self) -> int:
        return 0 if self.base is None else self.base.unsent()

    def silent_for(self) -> float | None:
        return None if self.base is None else self.base.silent_for()

    def interrupt(self) -> None:
        self._wakeup.set()
        if self.base is not None:
            self.base.interrupt()

    def close(self) -> None:
        self._wakeup.set()
        if self.base is not None:
            self.base.close()
        self._wakeup.close()

    def drop(self) -> None:
        if self.base is not None:
            self.base.drop()

    def inflate(self, unread: bytes, decompressor: Any) -> None:
        """Have what *unread* is the compressed form of received before anything else."""
        self._early = DeflateTransport(self, None, decompressor, unread)

    def take_unread(self) -> bytes:
        """What the owner's ``read`` gave beyond what was asked for, and nobody has seen."""
        unread, self._unread = bytes(self._unread), memoryview(b"")
        return unread

    def _living_owner(self) -> Any:
        owner = self._owner()
        if owner is None:
            # Its finalizer is about to interrupt us: let that be first, as it is the reason.
            self._wakeup.wait(_SHUTDOWN_WAIT)
        return owner

    def _read(self, size: int) -> bytes | memoryview | None:
        if not self._wait_readable():
            return b""
        owner = self._living_owner()
        if owner is None:
            return b""
        try:
            data: bytes = owner.read_some(size)
            # All that came together: else who polls would have to know of what is in the file.
            with contextlib.suppress(BlockingIOError, TimeoutError):
                while 0 < len(data) < size and owner.file_has_more():
                    data += owner.read_some(size - len(data))
        except (BlockingIOError, TimeoutError) as problem:
            if problem.errno == errno.ETIMEDOUT:
                raise
            return None
        return data if data or _is_at_end(owner) else None

    def _wait_readable(self, timeout: float | None = None) -> bool:
        owner = self._living_owner()
        if owner is None or self._wakeup.is_set:
            return False
        if owner.has_buffered():
            return True
        # Who reads lines from a file may have some in it: there is no telling but by reading.
        descriptor = owner.read_fd if timeout is not None or not owner.reads_lines else None
        del owner  # not kept alive while waiting
        if descriptor is None:
            return True
        return self._wakeup.wait_with(descriptor, timeout)


def _is_at_end(owner: Any) -> bool:
    """Whether the b"" that a subclass's ``read`` gave is the end of file."""
    if owner.decompressor is None or not isinstance(owner.sock, socket.socket):
        return True
    if not wait_for(owner.sock, 0, reading=True):  # compressed input that gives nothing yet
        return False
    return not socket.socket.recv(owner.sock, 1, socket.MSG_PEEK)


class DeflateTransport:
    """Another transport, compressed (RFC 4978: raw DEFLATE in both directions)."""

    direct = False
    punctual = True

    def __init__(self, inner: Transport, compressor: Any, decompressor: Any, unread: bytes) -> None:
        self.inner = inner
        self._compressor = compressor
        self._decompressor = decompressor
        self._received = unread  # compressed bytes that came before the transport was compressed
        self._input = bytearray(64 * 1024)
        self._more = False  # the decompressor may give more without new input
        self._outgoing = memoryview(b"")

    def recv_into(self, buffer: memoryview) -> int | None:
        if self._decompressor.eof:
            return 0  # the stream has been ended: nothing behind it can be read
        data: bytes | memoryview = b""
        if self._more:
            data = self._decompressor.unconsumed_tail
        elif self._received:
            data, self._received = self._received, b""
        else:
            size = self.inner.recv_into(memoryview(self._input))
            if not size:
                return size
            data = memoryview(self._input)[:size]
        text = self._decompressor.decompress(data, len(buffer))
        self._more = len(text) == len(buffer) or bool(self._decompressor.unconsumed_tail)
        buffer[: len(text)] = text
        return len(text) or None

    def is_readable(self) -> bool:
        return self.has_more or self.inner.is_readable()

    def fileno(self) -> int:
        return self.inner.fileno()

    def try_send(self, data: Buffer) -> int:
        raise NotImplementedError

    def send(self, data: Buffer, timeout: float | None) -> int:
        # Called again with the same data until it is accepted: compress it only once.
        chunk = memoryview(data)[:DEFLATE_CHUNK]
        if not self._outgoing:
            compressed = self._compressor.compress(chunk)
            compressed += self._compressor.flush(_Z_SYNC_FLUSH)
            self._outgoing = memoryview(compressed)
        while self._outgoing:
            sent = self.inner.send(self._outgoing, timeout)
            if not sent:
                return 0
            self._outgoing = self._outgoing[sent:]
        return len(chunk)

    def unsent(self) -> int:
        return self.inner.unsent()

    def silent_for(self) -> float | None:
        return self.inner.silent_for()

    def interrupt(self) -> None:
        self.inner.interrupt()

    def close(self) -> None:
        self.inner.close()

    def drop(self) -> None:
        self.inner.drop()

    @property
    def has_more(self) -> bool:
        """Whether there is more to read without waiting for the other transport."""
        return self._more or bool(self._received)


_Z_SYNC_FLUSH = 2  # zlib.Z_SYNC_FLUSH, without importing zlib for everybody


def deflate_objects() -> tuple[Any, Any]:
    """A compressor and a decompressor for raw DEFLATE (RFC 4978, section 4)."""
    import zlib

    return zlib.compressobj(wbits=-15), zlib.decompressobj(-15)


def interrupt_socket(sock: Any) -> None:
    """End a socket's traffic in both directions; whoever waits for it wakes up."""
    with contextlib.suppress(OSError):
        if isinstance(sock, _socket.socket):
            # Not SSLSocket.shutdown, which drops the TLS layer: a reader would get ciphertext. Nor
            # that of socket.socket, which eventlet replaces by a class that has none.
            _socket.socket.shutdown(sock, socket.SHUT_RDWR)
        else:
            sock.shutdown(socket.SHUT_RDWR)


def bytes_waiting(channel: Any, request: str) -> int:
    """How many bytes are on their way through *channel*, which a *request* of ioctl tells."""
    if IS_WINDOWS:  # to look for the modules each time takes long
        return 0
    try:
        import fcntl
        import termios

        count = fcntl.ioctl(channel, getattr(termios, request), bytes(4))
    except (ImportError, AttributeError, OSError, TypeError, ValueError):
        return 0  # not on this system, or not of this kind of channel
    return int.from_bytes(count, sys.byteorder)


#: Of Linux's struct tcp_info: unanswered probes, unacknowledged segments, and the milliseconds
#: since data came last, and since an acknowledgement did.
_TCP_INFO = struct.Struct("=3xB20xI24xII")


def unacknowledged_for(sock: Any) -> float | None:
    """`Transport.silent_for` of a socket, if it is one of TCP on Linux."""
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
        probes, unacknowledged, *heard = _TCP_INFO.unpack(info)
    except (AttributeError, OSError, struct.error):
        return None
    if probes or unacknowledged:
        return float(min(heard)) / 1000
    return 0.0 if bytes_waiting(sock, "TIOCOUTQ") else None


def tune(sock: socket.socket) -> None:
    """Send small commands at once, and have a quiet peer asked whether it is alive.

    What isn't acknowledged is not TCP_USER_TIMEOUT's business: to that, a busy peer that takes no
    more for a while, but acknowledges each probe, is as good as dead.
    """
    idle = "TCP_KEEPIDLE" if hasattr(socket, "TCP_KEEPIDLE") else "TCP_KEEPALIVE"  # macOS's name
    options = [
        (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
        (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
        (socket.IPPROTO_TCP, idle, 60),
        (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 15),
        (socket.IPPROTO_TCP, "TCP_KEEPCNT", 4),
    ]
    for level, name, value in options:
        if hasattr(socket, name):
            with contextlib.suppress(OSError):  # a socket that is no TCP socket
                sock.setsockopt(level, getattr(socket, name), value)
    if not hasattr(socket, idle) and hasattr(socket, "SIO_KEEPALIVE_VALS"):  # an older Windows
        with contextlib.suppress(OSError):  # it asks ten times, and counts in milliseconds
            cast(Any, sock).ioctl(socket.SIO_KEEPALIVE_VALS, (1, 60_000, 6_000))
