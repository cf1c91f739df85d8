"""A server to show things on: pymap's or Dovecot, whichever is there, with one user and no mail."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator
from importlib import util

from .._hints import NamedTuple
from . import children, dovecot
from .failures import Failure

#: The servers that can be asked for.
NAMES = ("pymap", "dovecot")


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

    port = _free_port(port)
    user, password = "demo", secrets.token_urlsafe(12)
    problems: list[str] = []
    with contextlib.ExitStack() as stack:
        for name in (wanted,) if wanted else NAMES:
            told = {"user": user, "password": password, "port": port}
            try:
                _start(stack, name, told)
            except Failure as failure:
                problems.append(f"{name}: {failure.text}")
                continue
            yield Running(name, port, user, password)
            return
    raise _none(problems)


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
