"""A child process and the processes that it has started: a shell, and what it runs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

from .._clock import Clock, ended_within, seconds_until
from .waiting import can_read


class Family:
    """*child* with its descendants, as far as the system tells of them (Linux does).

    Why not by a process group: ``ssh`` asks for a password on the controlling terminal. A session
    of its own has none, a background process group is stopped when it reads there; and Ctrl-C ends
    what stands in the foreground.
    """

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        # Descriptors: by the time that they are used, numbers may be those of other processes.
        self._others: list[int] = []
        for pid in _descendants(child.pid):
            with contextlib.suppress(OSError):  # it has ended
                self._others.append(os.pidfd_open(pid))

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to all that are alive."""
        self._child.send_signal(number)
        for descriptor in self._others:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(descriptor, number)

    def ends_within(self, seconds: float) -> bool:
        """Wait until all have ended; false when *seconds* have passed."""
        deadline = Clock.now() + seconds
        if not ended_within(self._child, seconds):
            return False
        return all(can_read(descriptor, seconds_until(deadline)) for descriptor in self._others)

    def close(self) -> None:
        """Give the descriptors back."""
        while self._others:
            os.close(self._others.pop())


def _descendants(pid: int) -> list[int]:
    """The numbers of the processes that *pid* has started, and that those have started."""
    children: dict[int, list[int]] = {}
    if not hasattr(os, "pidfd_open"):
        return []
    for name in _listed("/proc"):
        parent = _parent(name) if name.isdigit() else None
        if parent is not None:
            children.setdefault(parent, []).append(int(name))
    found = [*children.get(pid, [])]
    # The list grows meanwhile.
    for descendant in found:
        found += children.get(descendant, [])
    return found


def _listed(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []


def _parent(pid: str) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # "pid (name) state parent ...", and a name may hold anything.
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return None
