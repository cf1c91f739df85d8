"""How long the long tests run: briefly among the others, at full length with IMAPLIB2_SOAK=1."""

from __future__ import annotations

import os

FULL = os.environ.get("IMAPLIB2_SOAK", "0") not in ("", "0")
"""Whether this is a run at full length."""

LIMIT = 2 * 60 * 60 if FULL else 60
"""Seconds after which a long test hangs."""


def length(full: int, short: int) -> int:
    """*full*, or *short* where the test is one of many."""
    return full if FULL else short
