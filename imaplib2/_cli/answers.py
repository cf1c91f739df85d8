"""Answers of servers: what isn't OK is an exception, as commands go on with what is."""

from __future__ import annotations

from .._errors import error, printable, told
from .._hints import Any
from .._protocol.refusals import about_answer


def agreed(answer: Any) -> Any:
    """The data of an *answer*, ``(typ, data)``, that is OK.

    Raises ``error`` for another one, with its type, code and text, which `advice` has words for.

    >>> agreed(("OK", [b"3"]))
    [b'3']
    >>> agreed(("NO", [b"[NOPERM] Not yours"]))
    Traceback (most recent call last):
        ...
    imaplib2._errors.error: [NOPERM] Not yours
    """
    typ, data = answer
    if typ == "OK":
        return data
    said = data[-1] if data and isinstance(data[-1], bytes) else b""
    raise told(error(printable(said)), about_answer(typ, said))
