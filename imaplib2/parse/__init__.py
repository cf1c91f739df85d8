"""What servers answer, as Python values.

The functions are named after the responses that they read (RFC 3501, section 7, and extensions),
and take what any command gives: ``data``, ``(typ, data)``, the pairs that
``pop_untagged_responses()`` and the `Idler` give, what a callback is given.

What can't be read raises `ParseError`, which quotes what was there; with ``lenient=True``, such an
item is given as it came, in bytes. What servers are known to get wrong is read without either.
"""

from __future__ import annotations

from ._envelope import (
    Address as Address,
    Envelope as Envelope,
    Group as Group,
    addresses as addresses,
)
from ._errors import ParseError as ParseError
from ._fetch import Message as Message, fetch as fetch, merged as merged
from ._sequence_set import SequenceSet as SequenceSet

__all__ = [
    "Address", "Envelope", "Group", "Message", "ParseError", "SequenceSet", "addresses", "fetch",
    "merged",
]  # fmt: skip
