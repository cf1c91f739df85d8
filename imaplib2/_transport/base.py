"""What the reader and the writer thread need of whatever carries bytes.

One thread reads a transport while another writes it; any thread may `interrupt` it, which makes a
blocked read return 0 (end of file) and a blocked write fail.
"""

from __future__ import annotations

from .._hints import Protocol

Buffer = bytes | bytearray | memoryview

#: Bytes that an object's own ``send`` gets at a time: it tells of its progress by returning.
PORTION = 64 * 1024


class Transport(Protocol):
    """A way to carry bytes."""

    #: Whether `try_send` may be used, so that short commands need no change of thread.
    can_send_at_once: bool
    #: Whether `send` keeps to its time-out.
    honours_timeouts: bool
    #: Whether more may be received than was asked for, so that `take_unread` gives it.
    reads_ahead: bool

    @property
    def has_more(self) -> bool:
        """Whether bytes have been received of which the descriptor tells nothing."""

    def recv_into(self, buffer: memoryview) -> int | None:
        """Wait for bytes and put them into *buffer*; their number, or 0 at the end of file.

        None when what has come gives no bytes yet, such as a part of a TLS record.
        """

    def take_unread(self) -> bytes:
        """What was received beyond what was asked for, and was not given yet; it is forgotten here.

        For the thread that reads.
        """

    def is_readable(self) -> bool:
        """Whether `recv_into` has something to give, or the end of file to report."""

    def fileno(self) -> int:
        """What becomes readable when `is_readable` does, if that is false; -1 if nothing does."""

    def try_send(self, data: Buffer) -> int:
        """Send what can be sent without waiting; the number of bytes."""

    def send(self, data: Buffer, timeout: float | None) -> int:
        """Send some of *data*, waiting up to *timeout* seconds; the number of bytes, 0 if none."""

    def unsent(self) -> int:
        """Bytes that were sent, but that the peer has not taken yet; 0 where that is unknown."""

    def silent_for(self) -> float | None:
        """Seconds since the peer last acknowledged anything, while it has to.

        0.0 when it does not have to just now, as it takes no more and has said so; None when there
        is nothing to be acknowledged, and where that is unknown.
        """

    def interrupt(self) -> None:
        """End the traffic: blocked calls return."""

    def close(self) -> None:
        """Release everything; to be called when no other thread uses the transport."""

    def drop(self) -> None:
        """Close the descriptors of a forked child, without the parent noticing."""
