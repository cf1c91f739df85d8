"""Why a command isn't sent, in the words of exceptions."""

from __future__ import annotations

from .._errors import error
from .command import Command
from .commands import Row
from .states import SELECTED


def not_sent(command: Command, failed: Command) -> error:
    """The ``error`` for *command*, which relies on one that has *failed*."""
    what = failed.row.name
    if failed.row.on_ok == SELECTED:
        what += f" {failed.subject!r:.1000}"
    return error(f"{command.row.name} was not sent: {what} before it has failed")


def forbidden(row: Row) -> error:
    """The ``error`` for a command that the server's capabilities forbid."""
    return error(
        f"{row.name} was not sent: the server forbids it ({row.forbidden_by}). Encrypt the "
        "connection before, by starttls() or IMAP4_SSL, or use authenticate()"
    )


def in_plain_text(row: Row) -> error:
    """The ``error`` for a command behind a STARTTLS whose TLS the user has yet to negotiate."""
    return error(
        f"{row.name} is not sent in plain text; STARTTLS was sent by hand: negotiate TLS, and "
        "assign the socket to M.sock"
    )
