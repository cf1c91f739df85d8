"""What this process holds while it does the same thing again and again, and whether that grows."""

from __future__ import annotations

import gc
import itertools
import os
import sys
import sysconfig
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .lengths import FULL

PORTIONS = 4
"""Measurements after the warm-up. What leaks does so in each portion; what is noise doesn't."""

_HAS_GIL = not sysconfig.get_config_var("Py_GIL_DISABLED")

RSS_MARGIN = (6 if _HAS_GIL else 64) * 1024 * 1024
"""Bytes that memory may grow by, however long the test: what allocators don't give back.

Where there is no GIL, that of Python has a heap for each thread, in segments of 32 MB: there the
resident memory tells of what grows and grows, and the blocks tell of all else.
"""

RSS_PER_CONNECTION = (128 if _HAS_GIL else 512) * 1024
"""Bytes of a connection that idles, with its threads."""

BLOCKS_PER_ROUND = 4.0 if sys.version_info < (3, 11) and not FULL else 0.2
"""One object that is kept by each round is at least one block.

Python 3.10 gives each function a cache at its 1,024th call, which is no growth in the long run.
"""

NOISE = 30
"""Blocks that a measurement takes by itself."""


@dataclass(frozen=True)
class Held:
    """What this process holds."""

    threads: int
    descriptors: int
    blocks: int
    """Of Python's allocator: exact, where the resident memory is vague."""
    rss: int
    """Bytes of resident memory; 0 where the system doesn't tell."""

    @staticmethod
    def now() -> Held:
        """Measured after a collection."""
        gc.collect()
        return Held(threading.active_count(), _descriptors(), sys.getallocatedblocks(), _rss())

    def __str__(self) -> str:
        return (
            f"{self.threads} threads, {self.descriptors} descriptors, {self.blocks} blocks,"
            f" {self.rss / 2**20:.1f} MB"
        )


def _descriptors() -> int:
    directory = Path("/proc/self/fd")
    return len(list(directory.iterdir())) if directory.is_dir() else 0


def _rss() -> int:
    file = Path("/proc/self/statm")
    if not file.exists():
        return 0
    return int(file.read_text("ascii").split()[1]) * os.sysconf("SC_PAGESIZE")


def check_no_growth(rounds: int, warm_up: int, work: Callable[[int], None]) -> list[str]:
    """Do *work(number)* in *rounds*, and fail if what is held grows; the figures, in words."""
    for number in range(warm_up):
        work(number)
    held = [Held.now()]
    for portion in range(PORTIONS):
        for number in range(rounds * portion // PORTIONS, rounds * (portion + 1) // PORTIONS):
            work(number)
        held.append(Held.now())
    figures = [
        f"after {warm_up + rounds * portion // PORTIONS} rounds: {what}"
        for portion, what in enumerate(held)
    ]
    _check(held, rounds // PORTIONS, "\n".join(figures))
    return figures


def _check(held: list[Held], rounds: int, figures: str) -> None:
    first, last = held[0], held[-1]
    assert last.threads <= first.threads, figures
    portions = [*itertools.pairwise(held)]
    # A server's thread has one more while it waits, which only some looks see.
    assert min(after.descriptors - before.descriptors for before, after in portions) <= 0, figures
    growth = min(after.blocks - before.blocks for before, after in portions)
    assert growth < NOISE + rounds * BLOCKS_PER_ROUND, figures
    assert last.rss - first.rss < RSS_MARGIN, figures
