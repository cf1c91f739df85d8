"""Whether a response goes on behind the end of a line: open quoted strings and parentheses.

Strictly, only literals make a response longer than a line (RFC 3501, section 4.3). Some servers
put line ends elsewhere.
"""

from __future__ import annotations

from .grammar import FETCH_RESPONSE, QUOTED_BYTES, STATUS_RESPONSE, without_escapes

#: Looked for as numbers: with bytes, ``in`` takes ten times as long.
QUOTE, _BACKSLASH = b'"\\'


class FoldedLine:
    """A text that has a line end within a quoted string: a header field that was not unfolded.

    Servers give such subjects and file names as they find them (greenmail#498, cyrus-imapd#1522).
    Here they are unfolded (RFC 5322, section 2.2.3): a line end is dropped before white space, and
    otherwise becomes a space.
    """

    def __init__(self, line: bytes) -> None:
        self.lines = [line]
        self.size = len(line)
        self._quotes = quotes_in(line)
        self._depth = depth_of(line)

    def add(self, line: bytes) -> None:
        """Take the next line in."""
        self.lines.append(line if line.startswith((b" ", b"\t")) else b" " + line)
        self.size += len(self.lines[-1])
        self._quotes += quotes_in(line)
        self._depth += depth_of(line)

    @property
    def is_open(self) -> bool:
        """Whether the last line ends within a quoted string, too."""
        return is_open(self._quotes, self._depth, self.lines[-1])

    @property
    def text(self) -> bytes:
        """All of it, in one line."""
        return b"".join(self.lines)


def first_folded(lines: list[bytes]) -> int:
    """The index of the first of *lines* to which the next one may belong; -1 when there is none.

    The next one of the last isn't there yet.
    """
    found, at = -1, len(lines)
    # Nearly always, all that is not untagged stands at the end.
    while at:
        at -= 1
        if QUOTE in lines[at] and is_folded(lines[at]):
            found = at
        if lines[at].startswith(b"* "):
            break
    starts = [line[:2] for line in lines[:at]]
    if starts.count(b"* ") < at:
        for before, start in enumerate(starts[1:]):
            if start != b"* " and is_folded(lines[before]):
                return before
    return found


def is_folded(line: bytes) -> bool:
    """Whether *line* is a FETCH response as far as a line end within a quoted string."""
    return is_within_quotes(line) and FETCH_RESPONSE.match(line) is not None


def is_within_quotes(text: bytes) -> bool:
    """Whether *text*, with which a FETCH response might end, ends within a quoted string."""
    if text.count(b'"') % 2 == 0 and not (_BACKSLASH in text and b'\\"' in text):
        return False  # as nearly always
    return is_open(quotes_in(text), depth_of(text), text)


def is_open(quotes: int, depth: int, text: bytes) -> bool:
    """Whether a text with so many *quotes*, and of that *depth*, ends within a quoted string.

    A response that is complete but for that has a quote too many, which nobody has escaped: then
    there is nothing to wait for.
    """
    return quotes % 2 == 1 and (depth > 0 or not text.endswith(b")"))


def quotes_in(text: bytes) -> int:
    """How many quotes begin or end a string."""
    return without_escapes(text).count(b'"')


def depth_of(text: bytes) -> int:
    """How many parentheses are open behind *text*, those in strings counted."""
    return text.count(b"(") - text.count(b")")


def is_unclosed(pieces: list[bytes]) -> bool:
    """Whether *pieces* are data whose last line opens more parentheses than it closes."""
    if len(pieces) == 1 or not pieces[0].startswith(b"* ") or STATUS_RESPONSE.match(pieces[0]):
        return False
    text = b"".join(pieces[::2])
    if b'"' in text:
        text = QUOTED_BYTES.sub(b"", without_escapes(text))
    return text.count(b"(") > text.count(b")")
