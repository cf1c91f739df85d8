"""The connection states of RFC 3501, section 3, and which of them allow a command."""

from __future__ import annotations

from .._errors import error

NONAUTH = "NONAUTH"
AUTH = "AUTH"
SELECTED = "SELECTED"
LOGOUT = "LOGOUT"

ANY = (NONAUTH, AUTH, SELECTED, LOGOUT)
NOT_AUTHENTICATED = (NONAUTH,)
AUTHENTICATED = (AUTH, SELECTED)
MAILBOX_SELECTED = (SELECTED,)


def illegal(name: str, state: str, allowed: tuple[str, ...]) -> error:
    """The ``error`` for the command *name* in a *state* that isn't one of the *allowed* ones."""
    name = name.removeprefix("UID ")
    return error(
        f"command {name} illegal in state {state}, only allowed in states {', '.join(allowed)}"
    )
