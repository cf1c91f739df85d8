"""Text in header fields: encoded words (RFC 2047) and extended parameters (RFC 2231).

Nothing in here raises, whatever the mail says, and all of it takes linear time.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, a2b_qp, b2a_base64
from collections.abc import Iterable, Iterator
from encodings.aliases import aliases
from functools import lru_cache

from .._protocol.patterns import pattern

# A line end, and the blank that it was folded at.
_FOLD = pattern(rb"[\r\n]+([ \t]?)")
# What an encoded word begins with: its charset, with the language of RFC 2231, and its encoding.
_START = pattern(rb"=\?([^?\s]*)\?([BbQq])\?")
_WORD = pattern(rb"=\?([^?\s]*)\?([BbQq])\?([^?]*)\?=")
_PERCENT = pattern(rb"%([0-9A-Fa-f]{2})")
_NOT_IN_NAMES = pattern(r"[^a-z0-9.]+")

# By either alphabet of RFC 4648; all else is noise.
_TO_BASE64 = bytes.maketrans(b"-_", b"+/")
_NOT_BASE64 = bytes(
    number for number in range(256) if not (chr(number).isascii() and chr(number).isalnum())
).translate(None, b"+/-_")

# Codecs that Python knows by one name only, and names that mail programs have for others.
_CODECS = {name: name for name in {*aliases.values(), "cp874", "koi8_u", "utf_8_sig"}} | {
    "cp_850": "cp850", "iso_8859_8_e": "iso8859_8", "iso_8859_8_i": "iso8859_8",
    "utf8mb4": "utf_8", "windows_874": "cp874", "windows_949": "cp949", "x_euc_jp": "euc_jp",
    "x_gbk": "gbk", "x_mac_roman": "mac_roman", "x_sjis": "cp932", "x_windows_949": "cp949",
}  # fmt: skip
# What mail that claims the one is often written in.
_WIDER = {
    "big5": "cp950", "euc_kr": "cp949", "gb2312": "gb18030", "gbk": "gb18030",
    "iso2022_jp": "iso2022_jp_ext", "shift_jis": "cp932",
}  # fmt: skip


def decode_words(raw: bytes) -> str:
    r"""The text of an unstructured header field, or of a display name, with its encoded words.

    *raw* is the bytes as the server sends them. Never raises. Beyond RFC 2047, section 6, it
    reads what real mail has: words without a blank between them, or split within a character;
    blanks and question marks within a word; Base64 with noise, without padding, or split anywhere;
    charsets that nobody knows, or that aren't what the bytes are in. Text outside of words, and
    what is in an unknown charset, is taken for UTF-8, or else for Windows-1252. Folded lines are
    unfolded, and bytes that can't be decoded become U+FFFD. What only looks like a word is left as
    it is. The text may hold control characters, as an encoded word may.

    >>> decode_words(b"=?utf-8?q?Gr=C3=BC=C3=9Fe?= aus =?iso-8859-1?B?S/ZsbiE=?=")
    'Grüße aus Köln!'
    >>> decode_words(b"=?utf-8?b?8J+?= =?utf-8?b?YgA==?=") == "\U0001f600"
    True
    """
    # To look into str is faster than into bytes.
    if raw.isascii() and is_plain(text := raw.decode("ascii")):
        return text
    # The same names come again and again; what is long has no place in the cache.
    return _short_words(raw) if len(raw) < 100 else _with_words(raw)


def is_plain(text: str) -> bool:
    """Whether ASCII *text* has neither encoded words nor line ends in it."""
    return "=?" not in text and "\n" not in text and "\r" not in text


def _with_words(raw: bytes) -> str:
    """`decode_words`, of what isn't plain ASCII."""
    raw = _FOLD.sub(lambda fold: fold[1] or b" ", raw)
    # As mostly: nothing but one word.
    if word := _WORD.fullmatch(raw):
        return _run([word[3]], word[1].lower(), word[2].upper())
    decoded = []
    at = 0
    run: list[bytes] = []
    run_of = (b"", b"")
    for start, end in _words(raw):
        between = raw[at : start.start()]
        kind = (start[1].lower(), start[2].upper())
        # Blanks between words are there for folding only (RFC 2047, section 6.2).
        is_next = run and not between.strip()
        if run and not (is_next and kind == run_of):
            decoded.append(_run(run, *run_of))
            run = []
        if not is_next:
            decoded.append(decode_text(between))
        run.append(raw[start.end() : end])
        run_of = kind
        at = end + 2
    if run:
        decoded.append(_run(run, *run_of))
    decoded.append(decode_text(raw[at:]))
    return "".join(decoded)


_short_words = lru_cache(maxsize=256)(_with_words)


def decode_parameters(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The parameters of a Content-Type or Content-Disposition by their lower-case names.

    *pairs* are names and values as they came. Reads RFC 2231: continuations (``name*0``,
    ``name*1*``, in any order), charset and percent-encoded bytes (``name*``), which count more
    than a plain parameter of the name; of several alike, the first one counts. A plain value may
    hold encoded words, which RFC 2047 forbids and many programs send. Never raises.

    >>> decode_parameters([(b"FileName*0*", b"utf-8''%e2%82"), (b"filename*1*", b"%ac.txt")])
    {'filename': '€.txt'}
    """
    plain: dict[str, str] = {}
    extended: dict[str, dict[int, tuple[bool, bytes]]] = {}
    for raw, value in pairs:
        # Without a place for long ones in the cache.
        read = _parameter_name if len(raw) < 64 else _parameter_name.__wrapped__
        name, number, is_encoded = read(raw)
        if number is not None:
            extended.setdefault(name, {}).setdefault(number, (is_encoded, value))
        elif name not in plain:
            plain[name] = decode_words(value)
    for name, segments in extended.items():
        plain[name] = _extended([segments[number] for number in sorted(segments)])
    return plain


@lru_cache(maxsize=256)
def _parameter_name(raw: bytes) -> tuple[str, int | None, bool]:
    """Its name, the number of its segment, and whether that is encoded (RFC 2231, section 7)."""
    text = lower(raw)
    name, star, rest = text.partition("*")
    number = rest.removesuffix("*")
    if not star or len(number) > 6 or (number and not (number.isascii() and number.isdigit())):
        return text, None, False
    return name, int(number or 0), not number or number != rest


def _words(raw: bytes) -> Iterator[tuple[re.Match[bytes], int]]:
    """The beginning of each encoded word, and where its ``?=`` is; in one pass."""
    starts = [*_START.finditer(raw)]
    next_starts = [*[start.start() for start in starts[1:]], len(raw)]
    end, past = -1, 0
    for start, next_start in zip(starts, next_starts, strict=False):
        if end < start.end():
            end = raw.find(b"?=", start.end())
        if end < 0:
            return
        # Not within the last word; and not a word that was cut off, before a whole one.
        if start.start() >= past and end <= next_start:
            past = end + 2
            yield start, end


def _run(encoded: list[bytes], charset: bytes, encoding: bytes) -> str:
    """The text of adjacent words of one kind, which may be split within a character."""
    if encoding == b"Q":
        return _in_charset(b"".join([a2b_qp(word, header=True) for word in encoded]), charset)
    if any(map(_is_cut, encoded[:-1])) and not sum(map(len, encoded)) % 4:
        encoded = [b"".join(encoded)]
    return _in_charset(b"".join(map(_base64, encoded)), charset)


def _is_cut(word: bytes) -> bool:
    """Whether *word* has bits of a character that the next one has the others of."""
    return len(word) % 4 > 0 and b2a_base64(_base64(word), newline=False).rstrip(b"=") != word


def _base64(word: bytes) -> bytes:
    decoded = []
    for part in word.split(b"="):
        clean = part.translate(_TO_BASE64, _NOT_BASE64)
        # One character alone has no byte in it.
        clean = clean[: len(clean) - (len(clean) % 4 == 1)]
        decoded.append(a2b_base64(clean + b"=" * (-len(clean) % 4)))
    return b"".join(decoded)


def _extended(segments: list[tuple[bool, bytes]]) -> str:
    """The value of RFC 2231, section 4, which the first segment tells the charset of."""
    is_encoded, first = segments[0]
    charset = b""
    if is_encoded and first.count(b"'") >= 2:
        charset, _, first = first.split(b"'", 2)
    joined = b"".join(
        _PERCENT.sub(_byte, value) if is_encoded else value
        for is_encoded, value in [(is_encoded, first), *segments[1:]]
    )
    # Both ways at once, as some programs write it.
    return decode_words(joined) if b"=?" in joined else _in_charset(joined, charset)


def _byte(percent: re.Match[bytes]) -> bytes:
    return bytes([int(percent[1], 16)])


def _in_charset(data: bytes, charset: bytes) -> str:
    codec = _codec(charset)
    if codec is None:
        return decode_text(data)
    if codec == "latin_1":
        return _western(data)
    try:
        text = data.decode(codec)
        return _without_surrogates(text) if codec == "utf_7" else text
    except LookupError:  # not of text
        return decode_text(data)
    except UnicodeError:
        return _mislabelled(data, codec)


def _mislabelled(data: bytes, codec: str) -> str:
    """What isn't in the charset that it is said to be in: that of the first guess that works."""
    for guess in (_WIDER.get(codec, codec), "utf-8"):
        try:
            return data.decode(guess)
        except UnicodeError:
            continue
    return _without_surrogates(data.decode(codec, "replace"))


def _codec(charset: bytes) -> str | None:
    """The name of a codec of Python's own; nothing is looked for where others may be installed."""
    return _known_codec(charset) if len(charset) < 64 else None


@lru_cache(maxsize=64)
def _known_codec(charset: bytes) -> str | None:
    # The language behind "*" is that of RFC 2231, section 5.
    name = charset.partition(b"*")[0].decode("ascii", "replace").lower()
    name = _NOT_IN_NAMES.sub("_", name).strip("_")
    return _CODECS.get(aliases.get(name, name))


def decode_text(data: bytes) -> str:
    """*data* without a word about its charset: from UTF-8, or else from Windows-1252."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _western(data)


def lower(data: bytes) -> str:
    """The same of a token that is alike in either case, which some servers quote twice."""
    return _short_lower(data) if len(data) < 40 else _lower(data)


def _lower(data: bytes) -> str:
    return decode_text(data).strip('"').lower()


_short_lower = lru_cache(maxsize=256)(_lower)


def _western(data: bytes) -> str:
    """Windows-1252 is what "ISO-8859-1" means in mail; for five bytes it has nothing."""
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _without_surrogates(text: str) -> str:
    """UTF-7 may encode halves of characters, which nobody could encode again."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
