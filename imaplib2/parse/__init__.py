"""What servers answer, as Python values.

The functions are named after the responses that they read (RFC 3501, section 7, and extensions),
and take what any command gives: ``data``, ``(typ, data)``, the pairs that
``pop_untagged_responses()`` and the `Idler` give, what a callback is given.

What can't be read raises `ParseError`, which quotes what was there; with ``lenient=True``, such an
item is given as it came, in bytes. What servers are known to get wrong is read without either.
"""

from __future__ import annotations

from ._errors import ParseError as ParseError
from ._sequence_set import SequenceSet as SequenceSet

__all__ = ["ParseError", "SequenceSet"]
