"""What the private servers of the tests share: a directory, ports, start and end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

_START_SECONDS = 30.0
_STOP_SECONDS = 15.0
_GRACE_SECONDS = 2.0
_ROOM = 4 << 30


@contextmanager
def public_directory(prefix: str) -> Iterator[Path]:
    """A directory that everybody can enter, until the end of the block."""
    directory = Path(tempfile.mkdtemp(prefix=prefix, dir=_place()))
    try:
        directory.chmod(0o755)
        yield directory
    finally:
        shutil.rmtree(directory)


def _place() -> str:
    """Where everybody can go, by a path that is short: a Unix socket's has at most 107 bytes."""
    memory = "/dev/shm"  # there nothing waits for a disk
    with suppress(OSError):
        status = os.statvfs(memory)
        room = status.f_bavail * status.f_frsize
        if room > _ROOM and not status.f_flag & os.ST_NOEXEC:
            return memory
    return "/tmp"


# Ports


def _bound(address: str, port: int) -> socket.socket:
    held = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((address, port))
    except OSError:
        held.close()
        raise
    return held


def is_available(address: str) -> bool:
    """Whether this system has an address."""
    try:
        _bound(address, 0).close()
    except OSError:
        return False
    return True


@contextmanager
def reserved_ports(addresses: Sequence[str], count: int) -> Iterator[list[int]]:
    """Keep *count* ports, the same on all *addresses*, for a server.

    A socket that is bound but does not listen keeps everybody away except those who, as servers
    do, set SO_REUSEADDR: nobody can take a port before the server's start, or while it restarts.
    """
    with ExitStack() as held:
        yield [_reserve_port(addresses, held) for _ in range(count)]


def _reserve_port(addresses: Sequence[str], held: ExitStack) -> int:
    for _ in range(100):  # a port that is free on one address may be taken on the next
        with ExitStack() as attempt, suppress(OSError):
            port = 0
            for address in addresses:
                port = attempt.enter_context(_bound(address, port)).getsockname()[1]
            held.enter_context(attempt.pop_all())
            return port
    raise RuntimeError("found no port that is free on all of " + ", ".join(addresses))


# Processes


def await_greeting(address: tuple[str, int], process: subprocess.Popen[bytes]) -> bool:
    """Wait until a server greets; false when it has ended before that, or takes too long."""
    deadline = time.monotonic() + _START_SECONDS
    while not _greets(address):
        # The wait paces the attempts, and is over at once when the server has given up.
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.01)
        if process.returncode is not None or time.monotonic() > deadline:
            return False
    return True


def _greets(address: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address, _START_SECONDS) as link:
            return link.makefile("rb").readline().startswith(b"* OK")
    except OSError:
        return False


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server, the leader of a session that holds all of its processes."""
    # Some sessions take long to end when they are asked; nothing of them is worth waiting for.
    process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    end_session(process.pid)


def end_session(session: int) -> None:
    """End what is left of the *session* of a process that has ended."""
    deadline = time.monotonic() + _STOP_SECONDS
    while members := _session_members(session):
        if time.monotonic() > deadline:
            raise RuntimeError(f"processes of the server do not end: {members}")
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)  # they are not our children, so they can't be waited for


def _session_members(session: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            # The name, in parentheses, may hold anything; see proc(5).
            state, _parent, _group, sid = stat.read_bytes().rpartition(b")")[2].split()[:4]
            if int(sid) == session and state != b"Z":
                found.append(int(stat.parent.name))
    return found
