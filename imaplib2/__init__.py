"""A threaded IMAP4rev1 client, used like the standard library's ``imaplib``.

>>> import imaplib2
>>> with imaplib2.IMAP4_SSL("imap.example.org") as M:  # doctest: +SKIP
...     M.login("user", "password")
...     M.select("INBOX", readonly=True)
...     typ, data = M.search(None, "UNSEEN")

Read the package in this order: ``_client.py`` and ``_methods.py`` (what users call),
``_protocol/commands.py`` and ``_protocol/connection.py`` (IMAP itself, without I/O),
``_threads/`` (what runs concurrently), ``_transport/`` (what carries bytes).
"""

import sys

from ._client import IMAP4, IMAP4_SSL, IMAP4_stream
from ._dates import (
    Int2AP,
    Internaldate2Time,
    Internaldate2tuple,
    Mon2num,
    MonthNames,
    Months,
    ParseFlags,
    Time2Internaldate,
)
from ._hints import TYPE_CHECKING
from ._idler import Idler as Idler
from ._protocol import grammar as _grammar
from ._protocol.commands import Commands
from ._protocol.grammar import CRLF
from ._protocol.patterns import compiled as _compiled
from ._protocol.states import AUTH, LOGOUT, NONAUTH, SELECTED
from ._settings import (
    IDLE_TIMEOUT,
    IMAP4_PORT,
    IMAP4_SSL_PORT,
    MAXLINE,
    READ_SIZE,
    TLS_COMPAT,
    TLS_NO_SSL,
    TLS_SECURE,
    AllowedVersions,
)
from ._version import __release__, __revision__, __version__, version

#: The debug level of instances that are made without one.
Debug = 0
#: Bytes; a smaller one bounds the lines of later instances, as in ``imaplib``.
_MAXLINE = MAXLINE
#: Seconds; kept for programs that name it. Nothing polls.
READ_POLL_TIMEOUT = 30

__all__ = [
    "AUTH",
    "CRLF",
    "IDLE_TIMEOUT",
    "IMAP4",
    "IMAP4_PORT",
    "IMAP4_SSL",
    "IMAP4_SSL_PORT",
    "LOGOUT",
    "NONAUTH",
    "READ_POLL_TIMEOUT",
    "READ_SIZE",
    "SELECTED",
    "TLS_COMPAT",
    "TLS_NO_SSL",
    "TLS_SECURE",
    "AllowedVersions",
    "Commands",
    "Continuation",
    "Debug",
    "Flags",
    "IMAP4_stream",
    "Int2AP",
    "InternalDate",
    "Internaldate2Time",
    "Internaldate2tuple",
    "Literal",
    "MapCRLF",
    "Mon2num",
    "MonthNames",
    "Months",
    "ParseFlags",
    "Response_code",
    "Time2Internaldate",
    "Untagged_response",
    "Untagged_status",
    "__release__",
    "__revision__",
    "__version__",
    "version",
]  # fmt: skip

# The historical import path is this module by another name, so that what a program sets on either
# (such as ``Debug``) counts. ``imaplib2.py`` is for type checkers, and for tools that read files.
if TYPE_CHECKING:
    from . import imaplib2 as imaplib2
    from ._protocol.grammar import (
        Continuation,
        Flags,
        InternalDate,
        Literal,
        MapCRLF,
        Response_code,
        Untagged_response,
        Untagged_status,
    )
    from .watching import watch as watch
else:
    imaplib2 = sys.modules[__name__ + ".imaplib2"] = sys.modules[__name__]
    _PATTERNS = _grammar.PUBLIC

    def __getattr__(name):
        """What is made when a program first asks for it: a pattern of the public ones, `watch`."""
        if name in _PATTERNS:
            return globals().setdefault(name, _compiled(getattr(_grammar, name)))
        if name == "watch":
            from .watching import watch

            return globals().setdefault(name, watch)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *_PATTERNS, "watch"})
