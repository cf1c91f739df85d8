"""Names of mailboxes, as people read them and as servers write them.

Servers write them in modified UTF-7 (RFC 3501, section 5.1.3); in UTF-8 on a connection on which
UTF8=ACCEPT is on (RFC 6855, section 3: ``M.enable("UTF8=ACCEPT")``, and ``M.utf8_enabled`` from
then on), or with a server of IMAP4rev2 (RFC 9051, section 5.1).

Commands of this library do it by themselves: they take a str that people would write. What is here
is for what servers send, and for those who build commands by hand.

>>> from imaplib2 import mailbox_names
>>> mailbox_names.encode("Entwürfe & Co")
b'Entw&APw-rfe &- Co'
>>> mailbox_names.decode(b"Entw&APw-rfe &- Co")
'Entwürfe & Co'
"""

from __future__ import annotations

from ._protocol import mutf7
from ._protocol.patterns import pattern

_SHIFTED = pattern(r"&[^&-]*-")


def encode(name: str, *, utf8: bool = False) -> bytes:
    """*name* in modified UTF-7, or in UTF-8; without the quotes that it may need in a command.

    What `decode` gives is encoded as it came. Raises UnicodeEncodeError, a ValueError, for what
    can't be in a name: lone surrogates, but for bytes that `decode` has kept, in UTF-8.

    Commands leave a name alone that is modified UTF-7 already; this function doesn't: it encodes
    each "&".
    """
    return name.encode("utf-8", "surrogateescape") if utf8 else mutf7.encode(name).encode("ascii")


def decode(name: bytes | str, *, utf8: bool = False, strict: bool = False) -> str:
    """The text that *name* stands for, in modified UTF-7 or in UTF-8.

    Unless *strict*, this gives something for all that servers send: what isn't modified UTF-7
    (``R&D``, of a server that knows nothing of it) stays as it is, while all around it is decoded;
    8-bit characters count as UTF-8; and bytes that aren't UTF-8 become lone surrogates, as Python
    has them in names of files ("surrogateescape"). With *strict*, these raise ValueError.

    Not all of that can be encoded as it came. Where the name is to be sent again, keep the bytes.
    """
    if isinstance(name, bytes):
        name = name.decode("utf-8", "strict" if strict else "surrogateescape")
    if utf8:
        return name
    if strict:
        return mutf7.decode(name)
    return _SHIFTED.sub(lambda shifted: _decoded(shifted[0]), name) if "&" in name else name


def _decoded(shifted: str) -> str:
    try:
        return mutf7.decode(shifted)
    except ValueError:
        return shifted
