"""Makes ``python.inv``, by which pages refer to Python's own documentation without a network.

    python docs/inventory.py OBJECTS.INV

reads the inventory of Python's documentation (that of Debian's package python3-doc is in
``/usr/share/doc/python3.*/html/objects.inv``), and keeps the names of the modules that pages speak
of: the whole has 130 KB.
"""

from __future__ import annotations

import re
import sys
import zlib
from pathlib import Path

_MODULES = (
    "asyncio", "builtins", "collections", "concurrent", "datetime", "email", "imaplib", "io",
    "logging", "mailbox", "multiprocessing", "os", "queue", "re", "signal", "socket", "ssl",
    "subprocess", "sys", "tempfile", "threading", "time", "types", "zlib",
)  # fmt: skip
_KEPT = re.compile(
    rf"(({'|'.join(_MODULES)})(\.\S+)?|[a-z]+|[A-Z]\w*(Error|Exception|Interrupt)) py:"
)
_HEADER_LINES = 4


def reduced(inventory: bytes) -> bytes:
    """An *inventory* of Sphinx (version 2), with fewer names."""
    *header, body = inventory.split(b"\n", _HEADER_LINES)
    lines = zlib.decompress(body).decode("utf-8").splitlines(keepends=True)
    kept = "".join(line for line in lines if _KEPT.match(line))
    return b"\n".join([*header, zlib.compress(kept.encode("utf-8"), 9)])


if __name__ == "__main__":
    made = Path(__file__).with_name("python.inv")
    made.write_bytes(reduced(Path(sys.argv[1]).read_bytes()))
    print(made, made.stat().st_size, "bytes")
