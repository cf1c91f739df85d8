"""Names of mailboxes as paths of folders, and back, on any file system.

Two mailboxes never share a folder, although file systems may take upper and lower case for the
same, and compose or decompose accents; no name is reserved on Windows, is hidden, leaves the folder
it is in, or is longer than file systems allow. What people read, they can still read:

>>> folder_path("INBOX"), folder_path("Entwürfe/2024"), folder_path("sent")
('INBOX', 'Entwürfe%2F2024', 'Sent,1')
>>> mailbox_name("Entwürfe%2F2024")
'Entwürfe/2024'

- What isn't a letter, a digit or one of a few signs is written as the octets of its UTF-8, each
  ``%`` and two hexadecimal digits; a lone surrogate is ``%u`` and four.
- Of a word, the first letter is expected in upper case, all others in lower case; INBOX is as it
  is. Behind the last comma stands, in base 16, in which letters a name differs: bit 0 is the first.
- A long name is several folders, one in the other; all but the last end with ``%``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from ..._protocol.patterns import pattern

#: The longest name of a folder, in octets of UTF-8. Some file systems have room for 143.
_LONGEST = 120
#: Signs that are left as they are, but for those that `_EDGES` has at an edge.
_SIGNS = " !#$&'()+-.;=@[]^_`{}"
_EDGES = " .-"
_RESERVED = pattern(r"(?:con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$|clock\$)\s*(?:\.|\Z)", re.I)
_ESCAPED = pattern(r"%u([0-9A-Fa-f]{4})|((?:%[0-9A-Fa-f]{2})+)|([^%])", re.DOTALL)


def folder_path(name: str) -> str:
    """The path of the folder of the mailbox *name*, with ``/`` between its folders, if several."""
    folded, differences = _folded(name)
    tokens = [*map(_token, folded)]
    plain = "".join(tokens)
    # Some letters make another one when they meet: those of Korean, for instance.
    if any(unicodedata.normalize(form, plain) != plain for form in ("NFC", "NFKC")):
        tokens = [token if token.isascii() else _octets(token) for token in tokens]
    if differences:
        tokens += f",{differences:x}"
    return "/".join(_parts(tokens or ["%u"]))


def mailbox_name(path: str) -> str:
    """The name of the mailbox whose folder has this *path*. Raises ValueError if there is none."""
    parts = unicodedata.normalize("NFC", path).split("/")
    if not all(part.endswith("%") for part in parts[:-1]):
        raise ValueError(f"no folder of a mailbox: {path!r}")
    text = "".join(part.removesuffix("%") for part in parts[:-1]) + parts[-1]
    if text == "%u":
        return ""
    folded, comma, differences = text.rpartition(",")
    if not comma:
        folded, differences = text, "0"
    if not re.fullmatch("[0-9A-Fa-f]+", differences):
        raise ValueError(f"no folder of a mailbox: {path!r}")
    return _unfolded(_unescaped(folded, path), int(differences, 16))


def _unescaped(text: str, path: str) -> str:
    """*text* without its escapes."""
    done, at = "", 0
    while at < len(text):
        found = _ESCAPED.match(text, at)
        if found is None:
            raise ValueError(f"no folder of a mailbox: {path!r}")
        at = found.end()
        if found[1]:
            done += chr(int(found[1], 16))
        elif found[2]:
            done += bytes.fromhex(found[2].replace("%", "")).decode("utf-8")
        else:
            done += found[3]
    return done


# -- Upper and lower case --------------------------------------------------------------------------


def _is_cased(letter: str) -> bool:
    """Whether *letter* is one of two that are the same for file systems, and of no others."""
    lower, upper = letter.lower(), letter.upper()
    return (
        len(lower) == len(upper) == 1
        and lower != upper
        and (letter in (lower, upper))
        and lower.upper() == upper
        and upper.lower() == lower
        and lower.casefold() == upper.casefold() == lower
    )


def _letters(name: str) -> Iterator[tuple[str, str]]:
    """Each character of *name*, with what is expected in its place, as long as that has cases."""
    is_inbox, begins = name.upper() == "INBOX", True
    for letter in name:
        if _is_cased(letter):
            yield letter, letter.upper() if begins or is_inbox else letter.lower()
        else:
            yield letter, ""
        begins = not letter.isalnum()


def _folded(name: str) -> tuple[str, int]:
    """*name* with the expected case, and in which letters it differs."""
    text, differences, bit = "", 0, 1
    for letter, expected in _letters(name):
        text += expected or letter
        if expected:
            differences |= bit * (letter != expected)
            bit <<= 1
    return text, differences


def _unfolded(text: str, differences: int) -> str:
    """The opposite; of *text*, the file system may have changed the case."""
    name, bit = "", 0
    for letter, expected in _letters(text):
        if not expected:
            name += letter
            continue
        name += expected.swapcase() if differences >> bit & 1 else expected
        bit += 1
    return name


# -- Characters ------------------------------------------------------------------------------------


def _token(letter: str) -> str:
    """*letter* as it stands in a path, unless it is at an edge."""
    return letter if letter in _SIGNS or _is_plain(letter) else _octets(letter)


def _is_plain(letter: str) -> bool:
    """Whether no file system takes *letter* for another, but for its case."""
    if letter.isascii():
        return letter.isalnum()
    return (
        unicodedata.category(letter) in ("Ll", "Lu", "Lo", "Nd")
        and unicodedata.normalize("NFKC", letter) == letter
        and (_is_cased(letter) or letter.lower() == letter.upper() == letter.casefold())
    )


def _octets(letter: str) -> str:
    if "\ud800" <= letter <= "\udfff":
        return f"%u{ord(letter):04X}"
    return "".join(f"%{octet:02X}" for octet in letter.encode())


def _parts(tokens: list[str]) -> Iterator[str]:
    """*tokens* as names of folders, each short enough, all but the last ended by ``%``."""
    while tokens:
        size = count = 0
        for token in tokens:
            size += len(token.encode())
            # At the edges, signs take three octets.
            if size > _LONGEST - 5:
                break
            count += 1
        part, tokens = tokens[:count], tokens[count:]
        yield _edged(part) + "%" * bool(tokens)


def _edged(part: list[str]) -> str:
    """The name of a folder, whose first and last characters have to be looked at."""
    for edge in (0, -1):
        if part[edge] in _EDGES:
            part[edge] = _octets(part[edge])
    if _RESERVED.match("".join(part)):
        part[0] = _octets(part[0])
    return "".join(part)
