"""Modified UTF-7, the encoding of mailbox names (RFC 3501, section 5.1.3)."""

from __future__ import annotations

import re

from .patterns import pattern

_SHIFTED = pattern(r"&([^&-]*)-")
_PLAIN = pattern(r"[\x20-\x7e]*")


def encode(name: str) -> str:
    """*name* in modified UTF-7; always succeeds but for lone surrogates (UnicodeEncodeError)."""
    encoded: list[str] = []
    for plain, special in re.findall(r"([\x20-\x7e]*)([^\x20-\x7e]*)", name):
        encoded.append(plain.replace("&", "&-"))
        if special:
            encoded.append(_shift(special))
    return "".join(encoded)


def decode(name: str) -> str:
    """The text that *name* encodes; raises ValueError when it isn't valid modified UTF-7."""
    if name.isascii() and name.isprintable() and "&" not in name:  # as nearly always
        return name
    if not _PLAIN.fullmatch(name) or "&" in _SHIFTED.sub("", name):
        raise ValueError("not modified UTF-7")
    text = _SHIFTED.sub(lambda shifted: _unshift(shifted[1]) if shifted[1] else "&", name)
    # Overlong forms: printable characters that were shifted.
    if encode(text) != name:
        raise ValueError("not modified UTF-7")
    return text


def is_valid(name: str) -> bool:
    """Whether *name* is modified UTF-7 already."""
    try:
        decode(name)
    except ValueError:
        return False
    return True


def _shift(text: str) -> str:
    from binascii import b2a_base64

    coded = b2a_base64(text.encode("utf-16-be"), newline=False).rstrip(b"=")
    return f"&{coded.decode('ascii').replace('/', ',')}-"


def _unshift(coded: str) -> str:
    from binascii import a2b_base64

    padded = coded.replace(",", "/") + "=" * (-len(coded) % 4)
    return a2b_base64(padded).decode("utf-16-be")
