"""Messages of any size, from and to files: FETCH and APPEND (RFC 3501, sections 6.4.5, 6.3.11).

How they are streamed, ``_threads/downloads.py`` and ``_threads/uploads.py`` tell.
"""

from __future__ import annotations

from collections.abc import Sequence

from ._checks import check_callable
from ._hints import TYPE_CHECKING, Any, cast
from ._issuing import Issuer
from ._protocol.arguments import Message, Part, encode_arguments
from ._protocol.commands import find
from ._threads.pending import Callback
from ._types import Items, Lines, Result, Text

if TYPE_CHECKING:
    from email.message import Message as MailMessage

    from _typeshed import ReadableBuffer

    from ._dates import DateTime
    from ._threads.downloads import Progress, Writable
    from ._threads.uploads import Readable


class Streams(Issuer):
    """The methods that take files; they are called as others are."""

    def append(
        self,
        mailbox: Text | None,
        flags: Items | None,
        date_time: DateTime | None,
        message: ReadableBuffer | MailMessage | Readable,
        *,
        size: int | None = None,
        progress: Progress | None = None,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Lines:
        """Append *message* to a mailbox (RFC 3501, section 6.3.11).

        It is bytes, or an ``email.message.Message``, which is written by its own policy.
        Everything else may be None; *date_time* is what `Time2Internaldate` takes. Line ends
        become CRLF; bytes that have them are not copied, and what may change is: *message* may be
        used again as soon as the call has returned. A server that may refuse *flags* or
        *date_time* is asked before the message is sent, also with LITERAL+.

        Or it is a binary file, which is read from where it stands as the server takes it, a
        portion at a time, by this thread; if there is a *callback*, by that of the callbacks from
        the second portion on. It is sent as it is: its line ends should be CRLF. *size* octets are
        read; None stands for all up to its end, as far as that is known: of a pipe, for instance,
        it isn't. ``progress(done, size)`` is called in the same thread, for each portion before it
        is sent.

        Nothing is sent when the file raises at once, or turns out to be smaller than announced
        before that; nothing but the command's line, when the server refuses it. From then on the
        message has to be sent, and other commands wait for its end. When the file raises or ends
        early, when *progress* raises, or when this thread is interrupted, the connection ends: by
        ``abort``, whose ``__cause__`` tells. Nothing else cancels an APPEND that is under way, but
        ``shutdown()``. A slow file holds up this connection, and nothing else: no time-out counts
        while it is read.

        Raises TypeError for anything else, and ``error``, a ValueError, too, for a file of unknown
        size, for one that is closed, and for a *size* that it surely hasn't, or of 2**63 and more.

        >>> def restore(M, path):
        ...     with open(path, "rb") as file:
        ...         return M.append("Archive", None, None, file, progress=print)
        """
        from ._late import internal_date, message_octets

        self.literal = None
        octets: Any = message
        if _is_file(message):
            octets = self._upload(message, size, progress)
        elif size is not None or progress is not None:
            raise TypeError("APPEND: size and progress are those of a file")
        else:
            octets = message_octets(cast("ReadableBuffer | MailMessage", message))
        date = internal_date(date_time)
        return self._call(
            "APPEND", mailbox or "INBOX", flags or None, date,
            last=(Message(octets),), callback=callback, cb_arg=cb_arg,
        )  # fmt: skip

    def _append_several(
        self,
        mailbox: Text,
        messages: Sequence[tuple[Items | None, DateTime | None, bytes]],
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Lines:
        """Append *messages*, of each its flags, date and octets, by one command (RFC 3502).

        All of them are there then, or none. The server must have MULTIAPPEND. The name is private,
        as only the command line needs this.
        """
        from ._late import internal_date, message_octets

        parts: list[Part] = []
        for flags, date_time, message in messages:
            if parts:
                parts += _heading(flags, internal_date(date_time))
            parts.append(Message(message_octets(message)))
        flags, date_time, _ = messages[0]
        return self._call(
            "APPEND", mailbox, flags or None, internal_date(date_time),
            last=parts, callback=callback, cb_arg=cb_arg,
        )  # fmt: skip

    def _upload(self, file: Any, size: int | None, progress: Any) -> Any:
        """The octets of *file*, once it is clear that they may be sent: it is read from here on."""
        from ._late import Upload

        if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 0):
            raise TypeError(f"APPEND: size must be a number of octets, not {size!r}")
        check_callable("progress", progress)
        self._check_usable("APPEND")
        return Upload(file, size, progress)

    def fetch_to(
        self,
        file: Writable,
        message: int | Text,
        item: Text = "BODY.PEEK[]",
        *,
        uid: bool = False,
        progress: Progress | None = None,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Write one text of one message to a binary *file* as it arrives (RFC 3501, 6.4.5).

        *message* is a message number, or with *uid* a UID; ``'*'`` is the last. *item* is what to
        fetch of it: ``BODY[...]``, ``BODY.PEEK[...]``, each with a range as in ``<0.1000>`` if need
        be, ``BINARY[...]`` or ``RFC822`` and its kin.

        The result is ``('OK', [size])``, *size* being the octets that were written; ``('OK',
        [None])`` when the server has sent no text, as there is no such message or part; ``('NO',
        [text])`` for a refusal.

        ``file.write`` and ``progress(done, size)`` are called, for each portion, by this thread, or
        by that of the callbacks if there is a *callback*. A megabyte is held, at the most, whatever
        ``limits.literal`` allows: while the file is slow, this connection waits, and nothing else;
        no time-out counts meanwhile. Other commands may be on their way, but none that gets FETCH
        data. They can't be waited for within ``write`` and *progress*. What ``write`` returns is
        the number of octets that it took; None stands for all. But a raw file (``io.RawIOBase``)
        says by None that it takes nothing, as it doesn't block: that is an ``error``, as 0 is.

        What the file or *progress* raise comes up at once (and goes to a callback at once, as an
        ``error`` if it is no Exception, as SystemExit is), and so does an interruption: the rest of
        the text is read and dropped, the connection goes on.
        When that is lost, *file* has all that has come. Raises ``error``, a ValueError, too, for a
        *message* or *item* that may give several texts, and ``error`` when the server sends two, or
        another than the one that was asked for.

        >>> def save(M, number, path):
        ...     with open(path, "wb") as file:
        ...         return M.fetch_to(file, number, progress=print)
        """
        from ._late import Download, body_item, one_message

        try:
            number, text = one_message(message), body_item(item)
            check_callable("progress", progress)
            sink = Download(file, progress, text)
        except (TypeError, ValueError) as problem:
            self.literal = None
            self._explain(cast(Any, problem), "FETCH")
            raise
        if callback is not None:
            return self._call(
                "FETCH", number, text, uid=uid, sink=sink,
                callback=callback, cb_arg=cb_arg, finish=sink.outcome,
            )  # fmt: skip
        # Not by finish: behind a replaced _simple_command, that doesn't get the data.
        return cast(Result, sink.outcome(*self._call("FETCH", number, text, uid=uid, sink=sink)))


def _heading(flags: Items | None, date_time: str | None) -> list[Part]:
    """What stands before a message that isn't the first of its command."""
    # Behind the mailbox, which is named once.
    _, _, *parts = encode_arguments(find("APPEND"), ("INBOX", flags or None, date_time)).parts
    return [*parts, b" "]


def _is_file(message: Any) -> bool:
    """Whether *message* can only be meant as a file; what is bytes, too, as mmap is, is bytes."""
    if not hasattr(message, "read") or hasattr(message, "as_bytes"):
        return False
    try:
        memoryview(message)
    except TypeError:
        return True
    return False
