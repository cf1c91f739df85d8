"""The byte stream of the server, split into whole responses.

A response is a line, or several lines joined by literals (RFC 3501, section 4.3):

    * 1 FETCH (BODY[1] {5}CRLF hello BODY[2] {3}CRLF abc)CRLF

A framed response is ``bytes`` when it holds no literal (nearly all do not), and otherwise a list
``[text, literal, text, literal, ..., text]``; line ends are dropped, announcements are kept.
"""

from __future__ import annotations

from .._hints import Protocol
from .folding import QUOTE, FoldedLine, first_folded, is_unclosed, is_within_quotes
from .grammar import CRLF, FETCH_RESPONSE, RESPONSE_START
from .limits import Limits, ProtocolViolation, excerpt
from .literals import GrowingLiteral, announced_literal as announced_literal
from .runs import NOT_BEHIND_A_RESPONSE, split_run

Frame = bytes | list[bytes]


class Batch(list[Frame]):
    """Several responses that are handled at once."""


class Streamed(list[bytes]):
    """A framed response with a literal, here empty, that a `Taker` got piece by piece."""


class Taker(Protocol):
    """Takes some literals piece by piece, whatever their size."""

    def takes(self, pieces: list[bytes], size: int) -> bool:
        """Whether it takes the literal of *size* octets that the *pieces* announce."""


#: Bytes that a few lines have: to look at more, that may not be all there is, would be too much.
_LITTLE = 4096
#: Lines that may be added to a response whose parentheses are open.
_MENDED_LINES = 2
#: Lines that a response may take in because its quoted strings are open.
_FOLDED_LINES = 100


class Framer:
    """Takes bytes in any portions; gives whole responses. Not thread-safe: one reader owns it."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._data = b""  # from _start on not framed
        self._start = 0
        self._parts = _UnfinishedLine()  # what came before _data
        # Those of the response in progress: text, literal, text, ...
        self._pieces: list[bytes] = []
        self._text_size = 0  # bytes of the text pieces
        self._literal: GrowingLiteral | None = None  # that is in progress
        #: What may take literals from here on.
        self.taker: Taker | None = None
        #: Octets that the literal lacks which is taken just now; None if none is.
        self.streaming: int | None = None
        # A line that turned out to be the next response's.
        self._pushed_back: bytes | None = None
        # A status response, whose response code isn't closed yet.
        self._in_code = False
        self._mended = 0  # lines added to the response
        # _pieces is whole, but for parentheses that the server hasn't closed.
        self._unclosed = False
        # The last of _pieces, when its quoted string is open.
        self._folded: FoldedLine | None = None
        # The response before this line ended with a literal.
        self._after_literal = False
        #: What `frames` will raise, behind what it has given.
        self.violation: ProtocolViolation | None = None
        # A bare CR or LF was seen, or one within a quoted string: lines are split one by one.
        self._odd_line_ends = False

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes of the stream."""
        if self._literal is not None and self._start >= len(self._data):
            data = data[self._literal.add(data) :]
            self._data, self._start = b"", 0
        if len(data):
            rest = self._data[self._start :]
            self._data, self._start = rest + data if rest else bytes(data), 0

    def frames_of(self, data: bytes | bytearray | memoryview, *, single: bool) -> list[Frame]:
        """`feed` and `frames` in one."""
        # What comes next isn't the beginning of a response, or may not be.
        is_within = (
            self._pieces
            or self._parts
            or self._after_literal
            or self._pushed_back is not None
            or self.violation
        )
        if not (is_within or self._start < len(self._data) or self._odd_line_ends):
            data = bytes(data)
            # Fast path: a few lines, as the answer to most commands is.
            ends = data.count(b"\n") if len(data) <= min(_LITTLE, self._limits.line) else 0
            is_usual = ends == data.count(b"\r") and data[-2:] == CRLF and ends > 0
            if is_usual and (ends == 1 or not single) and data.find(b"}\r\n") < 0:
                lines = data[:-2].split(CRLF)
                if len(lines) == ends and not (QUOTE in data and first_folded(lines) >= 0):
                    return [*lines]
        self.feed(data)
        return self.frames(single=single)

    def frames(self, *, single: bool = False) -> list[Frame]:
        """The responses that are complete; at most one of them when *single* is true.

        Raises ProtocolViolation when a limit is exceeded, after all responses before that.
        """
        found: list[Frame] = []
        try:
            while self.violation is None and not (single and found):
                if not self._advance(single, found) or self._is_drained:
                    break
        except ProtocolViolation as violation:
            self.violation = violation
        if self.violation is not None and not found:
            raise self.violation
        return found

    @property
    def missing(self) -> int:
        """Bytes that the literal in progress lacks, when all others have been taken."""
        literal = self._literal
        return literal.missing if literal is not None and self._start >= len(self._data) else 0

    def begun_literal(self) -> bytes:
        """What has come of the literal in progress; `complete_literal` is next."""
        assert self._literal is not None
        return self._literal.value

    def complete_literal(self, literal: bytes) -> None:
        """Take the literal in progress as a whole: the reader has received the rest of it."""
        self._pieces.append(literal)
        self._literal = self.streaming = None

    def streamed(self) -> bytes:
        """Octets that have come of the literal which is taken just now; they are forgotten here."""
        assert self.streaming is not None
        data = self._data[self._start : self._start + self.streaming]
        self._start += len(data)
        self.streaming -= len(data)
        return data

    def stream(self, size: int) -> None:
        """*size* octets of it were received elsewhere; `complete_literal` is next, at its end."""
        assert self.streaming is not None
        self.streaming -= size

    def unread(self) -> bytes:
        """Give back, and forget, the bytes that are not part of a framed response."""
        rest = b"".join([*self._parts, self._data[self._start :]])
        if self._pushed_back is not None:
            rest, self._pushed_back = self._pushed_back + CRLF + rest, None
        self._data, self._start, self._parts = b"", 0, _UnfinishedLine()
        return rest

    @property
    def _is_held(self) -> bool:
        """Whether _pieces may be a whole response, and the next line decides."""
        return self._unclosed or self._folded is not None

    @property
    def _is_at_next_response(self) -> bool | None:
        """Whether what comes next is known not to belong to a held response.

        None when one byte more will tell: it must be seen with the one before it.
        """
        begins = self._data[self._start : self._start + 2]
        if self._parts:
            return False
        if self._folded is None:
            return begins[:1] not in NOT_BEHIND_A_RESPONSE
        return None if begins == b"*" else begins == b"* " or begins[:1] == b"+"

    @property
    def _is_drained(self) -> bool:
        """Whether nothing can be done without more bytes."""
        return self._start >= len(self._data) and self._pushed_back is None and not self._literal

    def _advance(self, single: bool, found: list[Frame]) -> bool:
        """Take one step; false when more bytes are needed first."""
        if self.streaming is not None or (self._literal is not None and not self._fill_literal()):
            return False
        if self._is_held:
            next_begins = self._is_at_next_response
            if next_begins:
                self._finish(found)
            if next_begins is not False:
                return bool(next_begins)
        if self._after_literal and not self._data.startswith((b"\r", b"\n"), self._start):
            self._after_literal = self._start >= len(self._data)
        plain = not (single or self._pieces or self._after_literal or self._pushed_back is not None)
        if plain:
            self._split_run(found)
        line = self._line()
        if line is None:
            return False
        self._add_line(line, found)
        return True

    def _split_run(self, found: list[Frame]) -> None:
        """Fast path: usual responses, which are there completely, as many as there are."""
        if not (self._parts or self._odd_line_ends or self.taker is not None):
            self._start, self._odd_line_ends = split_run(
                self._data, self._start, self._limits, found
            )

    def _line(self) -> bytes | None:
        """The next line without its end (CRLF, or LF alone), or None when it isn't complete."""
        if self._pushed_back is not None:
            line, self._pushed_back = self._pushed_back, None
            return line
        end = self._data.find(b"\n", self._start)
        if end < 0:
            self._keep_unfinished()
            return None
        line = self._data[self._start : end]
        self._start = end + 1
        if self._parts:
            line = b"".join([*self._parts, line])
            self._parts = _UnfinishedLine()
        return line[:-1] if line.endswith(b"\r") else line

    def _keep_unfinished(self) -> None:
        rest = self._data[self._start :]
        if rest:
            self._parts.add(rest)
            self._data, self._start = b"", 0
        ended = bool(self._parts) and self._parts[-1].endswith(b"\r")
        self._check_line_limit(self._parts.size - ended)

    def _check_line_limit(self, size: int) -> None:
        self._check_text_limit(size + (0 if self._is_held else self._text_size))

    def _check_text_limit(self, size: int) -> None:
        if size > self._limits.line:
            raise ProtocolViolation(
                f"got more than {self._limits.line} bytes in a response (limits.line): "
                + excerpt((self._pieces or self._parts or [b""])[0])
            )

    def _add_line(self, line: bytes, found: list[Frame]) -> None:
        self._check_line_limit(len(line))
        after_literal, self._after_literal = self._after_literal, False
        if after_literal and not line:
            # Some servers put a blank line there, too (cpython#88574).
            return None
        if self._folded is not None:
            return self._add_to_folded(self._folded, line, found)
        if self._unclosed:
            self._unclosed = False
            # Several servers put a blank line, or a line end before ")", behind a literal
            # (cpython#88574, imapclient#162): such a line belongs to the text that it ends.
            if line and not line.startswith(b")"):
                self._pushed_back = line
                return self._finish(found)
            line = self._pieces.pop() + line
            self._check_line_limit(len(line))
            self._mended += 1
        self._pieces.append(line)
        return self._go_on_behind(line, found)

    def _add_to_folded(self, folded: FoldedLine, line: bytes, found: list[Frame]) -> None:
        """The line behind one whose quoted string is open."""
        if RESPONSE_START.match(line) or len(folded.lines) > _FOLDED_LINES:
            self._pushed_back = line
            return self._finish(found)
        folded.add(line)
        self._check_text_limit(self._text_size + folded.size)
        if folded.is_open:
            return None
        self._folded = None
        self._pieces[-1] = folded.text
        return self._go_on_behind(self._pieces[-1], found)

    def _go_on_behind(self, line: bytes, found: list[Frame]) -> None:
        """What *line*, the last of _pieces, means for what comes next."""
        size = None
        if line.endswith(b"}"):
            is_first = len(self._pieces) == 1
            size, self._in_code = announced_literal(line, is_first, self._in_code)
        if size is not None:
            self._start_literal(size)
        elif is_within_quotes(line) and FETCH_RESPONSE.match(self._pieces[0]):
            self._folded = FoldedLine(line)
        elif self._mended < _MENDED_LINES and is_unclosed(self._pieces):
            # Decided when the next line is there.
            self._unclosed = True
        else:
            self._finish(found)

    def _finish(self, found: list[Frame]) -> None:
        if self._folded is not None:
            self._pieces[-1] = self._folded.text
            self._folded = None
        self._unclosed = False
        self._after_literal = len(self._pieces) > 1
        found.append(self._pieces if self._after_literal else self._pieces[0])
        self._pieces = []
        self._text_size = self._mended = 0
        self._in_code = False

    def _start_literal(self, size: int) -> None:
        is_taken = self.taker is not None and self.taker.takes(self._pieces, size)
        if not is_taken:
            _check_size(size, self._pieces, self._limits)
        _check_number(self._pieces, self._limits)
        self._text_size += len(self._pieces[-1])
        if is_taken:
            self._pieces, self.streaming = Streamed(self._pieces), size
        else:
            self._literal = GrowingLiteral(size)

    def _fill_literal(self) -> bool:
        """Move what has come of the literal into it; true when that completes it."""
        literal = self._literal
        assert literal is not None
        end = self._start + literal.missing
        if literal.is_empty and end <= len(self._data):
            self._pieces.append(self._data[self._start : end])  # all there: one copy
            self._start = end
        else:
            self._start += literal.add(self._data[self._start : end])
            if literal.missing:
                return False
            self._pieces.append(literal.value)
        self._literal = None
        return True


def _check_size(size: int, pieces: list[bytes], limits: Limits) -> None:
    """Raise ProtocolViolation when *pieces* announce a literal that is too large."""
    if size > limits.literal:
        raise ProtocolViolation(
            f"literal of {size} bytes, more than {limits.literal} (limits.literal): "
            + excerpt(pieces[0])
        )


def _check_number(pieces: list[bytes], limits: Limits) -> None:
    """Raise ProtocolViolation when *pieces* announce one literal too many."""
    if len(pieces) > 2 * limits.literals:
        raise ProtocolViolation(
            f"more than {limits.literals} literals in a response (limits.literals): "
            + excerpt(pieces[0])
        )


class _UnfinishedLine(list[bytes]):
    """A line so far. In parts: appending to one string would make a long line cost its square."""

    size = 0

    def add(self, part: bytes) -> None:
        """Append what has come."""
        self.append(part)
        self.size += len(part)


def first_line(frame: Frame) -> bytes:
    """The text of a response up to its first literal."""
    return frame if isinstance(frame, bytes) else frame[0]


def frame_size(frame: Frame) -> int:
    """How many bytes a response holds."""
    return len(frame) if isinstance(frame, bytes) else sum(map(len, frame))


def as_sent(frame: Frame) -> bytes:
    """A response as the server has sent it, but for odd line ends."""
    if isinstance(frame, bytes):
        return frame + CRLF
    pieces = [frame[0], CRLF]
    for literal, text in zip(frame[1::2], frame[2::2], strict=True):
        pieces += [literal, text, CRLF]
    return b"".join(pieces)
