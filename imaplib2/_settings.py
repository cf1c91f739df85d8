"""Ports, bounds, time-outs and levels of TLS; and what a program has set of them on the package."""

from __future__ import annotations

import sys

from ._hints import Any
from ._protocol.limits import Limits

IMAP4_PORT = 143
IMAP4_SSL_PORT = 993
#: Seconds that ``idle()`` lasts by default; a longer IDLE is renewed as often (RFC 2177, 3).
#: What is set on the package replaces it, see `idle_timeout`.
IDLE_TIMEOUT = 29 * 60
#: Seconds that connecting, TLS and the greeting may take when no time-out is given.
CONNECT_TIMEOUT = 60.0
#: ``imaplib``'s bound, in bytes, on lines. A program that raises it changes nothing: what counts
#: here is ``limits.line``.
MAXLINE = 1_000_000
#: Bytes: the most that is read at a time.
READ_SIZE = 256 * 1024
#: All mean the same, see ``tls_settings.py``.
TLS_SECURE = "tls_secure"
TLS_NO_SSL = "tls_no_ssl"
TLS_COMPAT = "tls_compat"
AllowedVersions = ("IMAP4REV1", "IMAP4")


def line_limit() -> int:
    """Bytes: the ``_MAXLINE`` of the package if a program has lowered it, else our own bound."""
    bound = int(_setting("_MAXLINE", MAXLINE))
    return bound if bound < MAXLINE else Limits.line


def debug_level(debug: int | None) -> int:
    """*debug*, or the ``Debug`` of the package for None."""
    return debug if debug is not None else int(_setting("Debug", 0) or 0)


def idle_timeout() -> float:
    """Seconds: the ``IDLE_TIMEOUT`` of the package. Raises ValueError unless it is positive."""
    longest: float = _setting("IDLE_TIMEOUT", IDLE_TIMEOUT)
    if longest <= 0:
        raise ValueError(f"IDLE_TIMEOUT must be positive, not {longest!r}")
    return longest


def _setting(name: str, default: Any) -> Any:
    return getattr(sys.modules.get("imaplib2"), name, default)
