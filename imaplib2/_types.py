"""What the methods of IMAP4 take and return, as type checkers see it.

The hints are those that typeshed has for ``imaplib``: no more precise, so that what has been
written for those type-checks, and no less.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Mapping, Sequence

from ._hints import Any, Literal, cast

Result = tuple[str, list[Any]]
Lines = tuple[str, list[bytes]]
Count = tuple[str, list[bytes | None]]
Parts = tuple[str, list[None] | list[bytes | tuple[bytes, bytes]]]
Login = tuple[Literal["OK"], list[bytes]]
Nothing = tuple[Literal["OK"], list[None]]
#: In the class, ``socket`` is a method.
Socket = socket.socket
#: ``'1:5,7'``, 7, ``range(1, 6)``, a `parse.SequenceSet`, or a collection of ints, ranges and
#: ``(first, last)`` pairs.
MessageSet = str | bytes | int | range | Collection[Any]
#: ``'(FLAGS UID)'``, or a sequence of str.
Items = str | bytes | Sequence[str]
Text = str | bytes
#: What ID tells of the client (RFC 2971, section 3.3), True for our own name; None: nothing.
Identity = Mapping[str, str | None] | bool | None

#: The default of an argument that may be None.
UNSET: Any = object()
#: What a call returns whose outcome goes to a callback.
LATER: Result = cast(Any, (None, None))
