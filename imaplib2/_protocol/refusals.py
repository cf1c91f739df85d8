"""Why a command isn't sent, in the words of exceptions; and what these know of an answer."""

from __future__ import annotations

from .._errors import abort, error, printable
from .._hints import Any
from .command import Command
from .commands import Row
from .grammar import end_of_response_code
from .responses import response_code
from .secrets import HIDDEN
from .states import SELECTED


def about_command(command: Command, where: str) -> dict[str, Any]:
    """What an exception knows of *command*, which was, or was to be, sent to *where*."""
    tag = command.tag if command.begun else None
    return {"command": command.row.name, "tag": tag, "where": where}


def about_answer(type_: str, text: bytes) -> dict[str, Any]:
    """What an exception knows of a status response with *text*, which holds no secrets.

    The one place where a NO, BAD or BYE becomes attributes of an exception.
    """
    # What stands for a secret looks like a code.
    code = None if text.startswith(HIDDEN) else response_code(text)
    if code is None:
        return {"type": type_, "text": printable(text)}
    rest = text[end_of_response_code(text) + 1 :].lstrip(b" ")
    name = printable(code.type)
    return {"type": type_, "code": name, "code_data": code.data, "text": printable(rest)}


def not_sent(command: Command, failed: Command) -> error:
    """The ``error`` for *command*, which relies on one that has *failed*."""
    what = failed.row.name
    if failed.row.on_ok == SELECTED:
        what += f" {failed.subject!r:.1000}"
    why = "was cancelled" if failed.cancelled else "has failed"
    return error(f"{command.row.name} was not sent: {what} before it {why}")


def cancelled(command: Command) -> error:
    """The ``error`` for a command that its user has cancelled, which has changed nothing."""
    problem = error(f"{command.row.name} was cancelled")
    problem.is_refusal = True
    return problem


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


def interrupted(command: Command) -> abort:
    """The end of the connection: *command* is under way, and the rest of it will not come."""
    return abort(
        f"{command.row.name} was interrupted with the message under way: the server waits for it"
    )
