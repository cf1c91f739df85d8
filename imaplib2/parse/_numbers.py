"""Numbers, of which servers have other ideas at times."""

from __future__ import annotations

from .._protocol.patterns import pattern

# What is larger than any number of RFC 3501 and its extensions (63 bits) counts as none.
_DIGITS = 20
_FLOAT = pattern(rb"[0-9]{1,20}(?:\.[0-9]{0,20})?(?:[Ee]\+?[0-9]{1,2})?")


def number(value: object) -> int | None:
    """The number (RFC 3501, section 4.2) that *value* is; None for what is none.

    >>> number(b"42"), number(b"9.37e+06"), number(b"-1"), number(None), number([])
    (42, 9370000, None, None, None)
    """
    if not isinstance(value, bytes):
        return None
    if value.isdigit() and len(value) <= _DIGITS:
        return int(value)
    # As a float is written in C, by servers that keep sizes in one.
    if _FLOAT.fullmatch(value) and (found := int(float(value))) < 10**_DIGITS:
        return found
    return None


def told(value: object) -> int | None:
    """The same of an item that must be a number; None for what servers have for none, NIL and -1.

    Raises ValueError for anything else.
    """
    found = number(value)
    if found is None and value is not None and not (isinstance(value, bytes) and value[:1] == b"-"):
        raise ValueError("not a number")
    return found
