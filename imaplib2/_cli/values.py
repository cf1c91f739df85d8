"""What options and the configuration file have as text."""

from __future__ import annotations

import argparse

from .failures import USAGE, Failure


def split_address(text: str) -> tuple[str | None, str, int | None]:
    """User, host and port in ``[USER@]HOST[:PORT]``; of a user's name, ``@`` may be a part.

    >>> split_address("fred@example.org@imap.example.org:143")
    ('fred@example.org', 'imap.example.org', 143)
    >>> split_address("[::1]:1993"), split_address("::1")
    ((None, '::1', 1993), (None, '::1', None))

    Raises `Failure` for a port that is none.
    """
    user, _, address = text.rpartition("@")
    host, _, number = address.rpartition(":")
    if not host or (":" in host and not (host.startswith("[") and host.endswith("]"))):
        host, number = address, ""
    try:
        found = port(number) if number else None
    except (ValueError, argparse.ArgumentTypeError) as problem:
        raise Failure(f"In {text}, {number} is no port: {problem}.", "", USAGE) from None
    return user or None, host.removeprefix("[").removesuffix("]") or "localhost", found


def port(text: str) -> int:
    """*text* as a port. Raises argparse.ArgumentTypeError."""
    if text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")


def seconds(text: str) -> float:
    """*text* as a time. Raises argparse.ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if 0 < value < float("inf"):
        return value
    raise argparse.ArgumentTypeError("must be seconds, and more than 0")


def fingerprint(text: str) -> str:
    """*text*, 64 hexadecimal digits with or without colons, as `Account` has it."""
    digits = text.replace(":", "").replace(" ", "").lower()
    if len(digits) == 64 and set(digits) <= set("0123456789abcdef"):
        return digits
    raise argparse.ArgumentTypeError("must be that of SHA-256: 64 hexadecimal digits")


def count(text: str) -> int:
    """*text* as how many there are. Raises argparse.ArgumentTypeError."""
    if text.isdecimal() and 0 < int(text) <= 100_000:
        return int(text)
    raise argparse.ArgumentTypeError("must be a number from 1 to 100000")
