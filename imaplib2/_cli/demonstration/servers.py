"""A server to show things on: pymap's or Dovecot, whichever is there, with one user and no mail."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator
from importlib import util

from ..._hints import NamedTuple
from ..failures import Failure
from . import children, dovecot

#: The servers that can be asked for.
NAMES = ("pymap", "dovecot")
#: Ports that are tried, as others may take them between our look and the server's start.
_TRIES = 5


class _NotStarted(Failure):
    """That server; perhaps another one does."""


class Running(NamedTuple):
    """A server on 127.0.0.1: what it is called, its port, its user and the password."""

    name: str
    port: int
    user: str
    password: str


@contextlib.contextmanager
def serving(wanted: str | None = None, port: int | None = None) -> Iterator[Running]:
    """Start the *wanted* server, or the first of `NAMES` that starts, until ``with`` ends.

    Raises `Failure` when none does, or *port* is taken.
    """
    import secrets

    user, password = "demo", secrets.token_urlsafe(12)
    problems: list[str] = []
    with contextlib.ExitStack() as stack:
        for name in (wanted,) if wanted else NAMES:
            try:
                found = _start_somewhere(stack, name, port, {"user": user, "password": password})
            except _NotStarted as failure:
                problems.append(f"{name}: {failure.text}")
                continue
            yield Running(name, found, user, password)
            return
    raise _none(problems)


def _start_somewhere(
    stack: contextlib.ExitStack, name: str, wanted: int | None, told: dict[str, object]
) -> int:
    """Start the server called *name* on the *wanted* port, or any; gives the port."""
    for _ in range(_TRIES):
        port = _free_port(wanted)
        try:
            _start(stack, name, {**told, "port": port})
        except Failure as failure:
            problem = failure
            # Somebody was faster.
            if wanted is None and "in use" in failure.text:
                continue
            break
        return port
    raise _NotStarted(problem.text)


def _start(stack: contextlib.ExitStack, name: str, told: dict[str, object]) -> None:
    """Start the server called *name*. Raises `Failure`."""
    if name == "pymap":
        if util.find_spec("pymap") is None:
            raise Failure("the package isn't installed")
        stack.enter_context(children.child("embedded", told))
        return
    program = dovecot.program()
    if program is None:
        raise Failure("Dovecot 2.3 or 2.4 isn't installed")
    stack.enter_context(children.child("dovecot", {**told, "program": program}))


def _free_port(wanted: int | None) -> int:
    """A port of 127.0.0.1 that nobody has: *wanted*, or any."""
    try:
        with socket.create_server(("127.0.0.1", wanted or 0)) as server:
            port: int = server.getsockname()[1]
            return port
    except OSError:
        raise Failure(f"Port {wanted} is taken.", "Choose another one by --port.") from None


def _none(problems: list[str]) -> Failure:
    pip = "pip install pymap; or, in a checkout of imaplib2, pip install '.[demo]'"
    system = ", or install Dovecot (Debian: dovecot-imapd)" if sys.platform == "linux" else ""
    return Failure(
        f"The demonstration needs an IMAP server, and there is none: {'; '.join(problems)}.",
        f"Do {pip}{system}.",
    )
