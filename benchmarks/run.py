"""One run of a workload, in a process of its own: what it is given, and what is measured."""

from __future__ import annotations

import contextlib
import resource
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .libraries import USER, Address, Client

_KB = 1024
_CONTROL_SECONDS = 90.0


class Control:
    """The precomputed server's side door."""

    def __init__(self, port: int) -> None:
        self._sock = socket.create_connection(("127.0.0.1", port), _CONTROL_SECONDS)
        self._lines = self._sock.makefile("rw")

    def await_idling(self, count: int) -> int:
        """Wait until *count* connections idle; how many do."""
        return int(self._ask(f"idling {count}"))

    def bytes(self) -> int:
        """Bytes that connections have moved, both ways, since the server's start.

        Waits until all of them have ended.
        """
        return sum(map(int, self._ask("bytes").split()))

    def _ask(self, question: str) -> str:
        self._lines.write(question + "\n")
        self._lines.flush()
        return self._lines.readline()


@dataclass
class Run:
    """What a workload's function is given."""

    make: type[Client]
    """The library."""
    address: Address
    size: int
    """Of what, the workload knows: messages, bytes, connections."""
    mailbox: str
    compress: bool = False
    user: str = USER
    control_port: int | None = None

    metrics: dict[str, float] = field(default_factory=dict)
    """What was measured: seconds, bytes, or a count; see `report.METRICS`."""
    right: int = 0
    """Right answers,"""
    expected: int = 0
    """of so many."""

    def selected(self) -> Client:
        """A connection with the mailbox selected."""
        client = self.make(self.address)
        client.connect()
        client.login(self.user)
        if self.compress:
            client.enable_compression()  # type: ignore[attr-defined]
        client.select(self.mailbox)
        return client

    def control(self) -> Control:
        assert self.control_port is not None
        return Control(self.control_port)

    @contextlib.contextmanager
    def measured(self) -> Iterator[None]:
        """Measure the block's wall time, this process's CPU time, and its peak of memory."""
        forget_peak()
        memory, before, start = resident("VmRSS"), cpu(), time.perf_counter()
        yield
        self.metrics["wall"] = time.perf_counter() - start
        self.metrics["cpu"] = cpu() - before
        self.metrics["peak"] = resident("VmHWM") - memory

    def check(self, right: int, expected: int) -> None:
        """Note that *right* of *expected* answers were right."""
        self.right += right
        self.expected += expected

    def check_numbers(self, client: Client, answer: Any, expected: int) -> None:
        """Note whether an answer tells of the messages from 1 to *expected*."""
        if client.reads:
            found = client.numbers(answer)
            self.check(sum(map(int.__eq__, found, range(1, expected + 1))), expected)


def cpu() -> float:
    """Seconds of processor time that this process has used, those of the system included."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def forget_peak() -> None:
    """Let the peak of resident memory begin anew (see proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")


def resident(name: str) -> int:
    """Bytes of resident memory: now (VmRSS), or at most (VmHWM; ru_maxrss survives exec)."""
    return _field(Path("/proc/self/status"), name) * _KB


def switches() -> int:
    """How often the threads of this process have gone to sleep by themselves."""
    tasks = Path("/proc/self/task").glob("*/status")
    return sum(_field(task, "voluntary_ctxt_switches") for task in tasks)


def _field(file: Path, name: str) -> int:
    for line in file.read_text("ascii", "replace").splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise LookupError(name)
