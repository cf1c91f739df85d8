"""Answers of servers: what isn't OK is an exception, as commands go on with what is."""

from __future__ import annotations

from .._errors import error, printable, told
from .._hints import Any
from .._protocol.responses import response_code


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
    code = response_code(said)
    text = said.partition(b"]")[2].strip() if code else said
    known = {"type": typ, "code": code and code.type, "text": printable(text)}
    raise told(error(printable(said)), known)
