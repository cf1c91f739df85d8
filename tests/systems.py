"""Other systems: what is missing there, taken away here; and the tests that can't hold there.

With IMAPLIB2_EMULATE=windows (or macos), the library is imported in a world that lacks what that
system lacks. The tests themselves go on to use all that this one has.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import select
import signal
import socket
import sys
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

#: The system that tests run on, or as if they did, if it needs to be known.
SYSTEM = os.environ.get("IMAPLIB2_EMULATE") or ("windows" if os.name == "nt" else "")

_POLL = {name for name in dir(select) if name.lower().startswith(("poll", "epoll", "kq", "kev"))}
_EPOLL = {name for name in _POLL if name.startswith(("epoll", "EPOLL"))}

_MISSING: Mapping[str, Mapping[types.ModuleType, set[str]]] = {
    "windows": {
        select: _POLL,
        socket: {"MSG_DONTWAIT", "TCP_USER_TIMEOUT", "TCP_INFO"},
        os: {"fork", "getpgid", "pidfd_open", "readv", "set_blocking"},
        signal: {"SIGKILL", "pidfd_send_signal"},
    },
    "macos": {
        select: _EPOLL,
        socket: {"TCP_KEEPIDLE", "TCP_USER_TIMEOUT", "TCP_INFO"},
        os: {"pidfd_open"},
        signal: {"pidfd_send_signal"},
    },
}
_PLATFORM = {"windows": "win32", "macos": "darwin"}

_PIPE = "there a pipe can't be waited for"
_WRITER = "there only the writer thread sends on a plain socket"
_TAKEN = "only Linux tells what the other side has taken"
_TLS = "there a handshake that another thread gives up ends by its time-out"

#: Tests by what their names begin with, and why they can't hold.
_EXCUSED: Mapping[str, Mapping[str, str]] = {
    "windows": {
        "client/with_server/test_hooks.py::test_pipes": _PIPE,
        "client/with_server/test_idle.py::test_keyboard_interrupt_while_sending": _WRITER,
        "faults/test_timeouts.py::test_a_literal_that_is_taken_slowly_is_no_silence": _TAKEN,
        "transport/with_server/test_tls.py::test_the_end_by_another_thread_in_the_handshake": _TLS,
    },
    "macos": {},
}


class _StandIn(types.ModuleType):
    """A module that lacks something; what is missing when it is looked for may change."""

    def __init__(self, module: types.ModuleType, missing: set[str], given: dict[str, Any]) -> None:
        super().__init__(module.__name__)
        self.__dict__.update(given)
        self._module, self._missing = module, missing

    def __getattr__(self, name: str) -> Any:
        if name in self._missing:
            raise AttributeError(f"{self._module.__name__} has no {name} (emulated)")
        return getattr(self._module, name)


@contextmanager
def _pretended(system: str) -> Iterator[None]:
    """Whatever is imported meanwhile sees the modules of *system*."""
    before, platform = sys.modules.copy(), sys.platform
    for module, missing in _MISSING[system].items():
        given = {}
        if system == "macos" and module is socket:  # its name for the same
            given = {"TCP_KEEPALIVE": getattr(socket, "TCP_KEEPIDLE", 0)}
        sys.modules[module.__name__] = _StandIn(module, missing, given)
    sys.platform = _PLATFORM[system]
    try:
        yield
    finally:
        sys.platform = platform
        for module in _MISSING[system]:
            sys.modules[module.__name__] = before[module.__name__]


def emulate(system: str) -> None:
    """Import the library as if this were *system*; to be called before anybody else does."""
    for name in (
        *("imaplib", "ssl", "subprocess", "logging", "email.message", "queue", "zlib", "random"),
        "concurrent.futures",
    ):
        importlib.import_module(name)  # the standard library is to be this system's
    assert "imaplib2" not in sys.modules
    with _pretended(system):
        library = importlib.import_module("imaplib2")
        for module in pkgutil.walk_packages(library.__path__, "imaplib2."):
            # The command line isn't what is tested, and loads much of the standard library.
            if not module.name.startswith(
                ("imaplib2.imaplib2", "imaplib2._cli", "imaplib2.__main__")
            ):
                importlib.import_module(module.name)
    kernel: Any = sys.modules["imaplib2._transport.kernel"]
    kernel.bytes_waiting = lambda channel, request: 0
    if system == "windows":
        kernel.interrupt_socket = _end_sending


def _end_sending(sock: Any) -> None:
    """On Windows, a shutdown wakes nobody who receives: here, that is so of this half."""
    try:
        if isinstance(sock, socket.socket):
            socket.socket.shutdown(sock, socket.SHUT_WR)
        else:
            sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def excuse(nodeid: str) -> str | None:
    """Why a test can't hold on this system, if it can't."""
    name = nodeid.partition("tests/")[2]
    for start, reason in _EXCUSED.get(SYSTEM, {}).items():
        if name.startswith(start):
            return reason
    return None
