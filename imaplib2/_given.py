"""What callers give to be sent, in the form that the encoder of arguments takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ._dates import Time2Internaldate
from ._errors import InvalidArgument
from ._hints import TYPE_CHECKING, Any, cast
from ._protocol import commands
from ._protocol.arguments import Secret, encode_arguments, quote
from ._protocol.commands import Kind
from ._protocol.grammar import CRLF, FORBIDDEN, LONE_CR, MapCRLF
from ._protocol.values import octets, plain_value
from ._version import __version__

if TYPE_CHECKING:
    from email.message import Message as MailMessage

    from _typeshed import ReadableBuffer

    from ._dates import DateTime
    from ._types import Identity


def internal_date(date_time: DateTime | None) -> str | None:
    """The date of an APPEND, in quotes; None for none. Raises ValueError if it is no date."""
    date_time = plain_value(date_time)
    if isinstance(date_time, str) and FORBIDDEN.search(date_time):
        raise InvalidArgument("APPEND: the date holds NUL, CR or LF")
    return Time2Internaldate(date_time) if date_time else None


def message_octets(message: ReadableBuffer | MailMessage) -> bytes:
    """A message with each line end CRLF; bytes that have no others are returned as they are.

    Raises TypeError when it is neither bytes-like nor an ``email.message.Message``, and ``error``
    for one that can't be written.
    """
    data = _octets_of(message)
    # To count pairs of bytes would take three times as long as to count single ones.
    if data.count(b"\n") == data.count(b"\r") and not LONE_CR.search(data):
        return data
    return MapCRLF.sub(CRLF, data)


def _octets_of(message: ReadableBuffer | MailMessage) -> bytes:
    try:
        return octets(message)
    except TypeError:
        if not (hasattr(message, "as_bytes") and hasattr(message, "policy")):
            kind = type(message).__name__
            raise TypeError(f"APPEND: a message must be bytes, not {kind}") from None
    try:
        return octets(message.as_bytes(policy=message.policy.clone(linesep="\r\n")))
    # The package email raises many classes, for a text that its charset can't express, say.
    except Exception as problem:
        text = f"APPEND: the message can't be written: {type(problem).__name__}: {problem}"
        raise InvalidArgument(text) from problem


def id_parameters(fields: Sequence[Any]) -> Any:
    """The argument of ID: ``NIL``, or a list of quoted strings (RFC 2971, section 3.1).

    *fields* is nothing, a mapping, the list itself as one str, or names and values in turn.
    """
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


def identification(identity: Identity) -> bytes | None:
    """The line, without tag and line end, of the ID that tells *identity*; None if none does.

    Raises TypeError when it isn't a mapping, None, True or False, and ``error`` for what can't be
    sent in one line.
    """
    if identity is None or identity is False:
        return None
    if identity is True:
        identity = {"name": "imaplib2", "version": __version__}
    if not isinstance(identity, Mapping):
        raise TypeError(f"identify must be a mapping or True, not {type(identity).__name__}")
    row = commands.find("ID")
    parts = [row.encoded_name, *encode_arguments(row, (id_parameters((identity,)),)).parts]
    if not all(isinstance(part, bytes) for part in parts):
        raise InvalidArgument("identify: names and values must be ASCII")
    return b"".join(cast("list[bytes]", parts))


def _text(value: Any) -> str:
    value = plain_value(value)
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidArgument("ID: not UTF-8") from None
    return value if isinstance(value, str) else plain_value(str(value))


def written_out(name: str, text: str) -> bytes | Secret:
    """Arguments of the command *name* that its caller has quoted; a `Secret` with a password."""
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InvalidArgument("arguments that can't be encoded")
    data = text.encode("utf-8")
    row = commands.COMMANDS.get(name.upper(), commands.UNKNOWN)
    return Secret(data) if Kind.PASSWORD in row.arguments else data
