"""Fast path of ``framing.py``: runs of usual responses, with literals or without, in one go.

Large mailboxes send nothing else. They are framed as by the general path, which goes from line to
line, in a tenth of the time; what looks unusual is left to it.
"""

from __future__ import annotations

from .folding import QUOTE, first_folded, is_folded, is_within_quotes
from .grammar import CRLF, NUMBERED, REST_AND_UP_TO_LITERAL, UP_TO_LITERAL
from .limits import Limits

#: First bytes of a line that goes on with the last response (a stray line end, ")"); empty: nothing
#: of the line is there yet.
NOT_BEHIND_A_RESPONSE = frozenset({b"", b")", b"\r", b"\n"})
#: As a number, see `QUOTE`.
_LF = b"\n"[0]
#: Bytes that a literal takes at least, its announcement included.
_SMALLEST_LITERAL = 5


def split_run(
    data: bytes, start: int, limits: Limits, found: list[bytes | list[bytes]]
) -> tuple[int, bool]:
    """Add the responses from *start* of *data*, where one begins, on to *found*.

    Where they end: what is next isn't complete, may go on, looks unusual, or is so large that a
    limit may matter. And whether that is because of an odd line end: a bare LF, or one within a
    quoted string.
    """
    while True:
        stop = start + limits.line
        # The end of what may announce a literal; to find one byte first takes a fifth of the time.
        brace = data.find(b"{", start, stop)
        if brace >= 0:
            brace = data.find(b"}\r\n", brace, stop)
        end = data.rfind(b"\n", start, brace if brace >= 0 else stop) + 1
        if end and (start := _split_lines(data, start, end, found)) < end:
            return start, True
        if brace < 0:
            return start, False
        start, is_over = _split_literals(data, start, limits, found)
        if is_over:
            return start, False


def _split_lines(data: bytes, start: int, end: int, found: list[bytes | list[bytes]]) -> int:
    """Add the lines from *start* to *end*, which announce no literal, to *found*.

    Where they end; before *end* if there is an odd line end.
    """
    chunk = data[start : end - len(CRLF)]
    lines = chunk.split(CRLF)
    if chunk.count(b"\n") >= len(lines) or not data.startswith(CRLF, end - len(CRLF)):
        return start
    if QUOTE in chunk and (folded := _first_folded(chunk, lines, data[end : end + 2])) >= 0:
        del lines[folded:]
        end = start + sum(map(len, lines)) + len(CRLF) * folded
    found += lines
    return end


def _first_folded(chunk: bytes, lines: list[bytes], following: bytes) -> int:
    """As `first_folded`, for the *lines* of *chunk*; *following* are the first bytes behind it."""
    last = len(lines) - 1
    # As nearly always: then none but the last may go on.
    if chunk.count(b"\r\n* ") == last:
        return last if following != b"* " and is_folded(lines[last]) else -1
    return first_folded(lines)


def _split_literals(
    data: bytes, start: int, limits: Limits, found: list[bytes | list[bytes]]
) -> tuple[int, bool]:
    """Add numbered responses (FETCH), the first of which has a literal, to *found*.

    Where they end, and whether the run does, too; else it may go on with lines. One match takes the
    rest of a response and all text up to the next literal, as each step takes its time.
    """
    available, size, most = len(data), min(limits.line, limits.literal), 2 * limits.literals
    # No response in so little data can exceed a limit.
    is_bounded = available - start <= min(size, _SMALLEST_LITERAL * limits.literals)
    up_to_literal, behind = UP_TO_LITERAL.match, REST_AND_UP_TO_LITERAL.match
    line = up_to_literal(data, start)
    if line is None or not NUMBERED.match(line[1]):
        return start, True
    text, octets = line.groups()
    pieces: list[bytes] = []
    before = 0
    while True:
        literal = line.end()
        end = literal + int(octets)
        if end > available:
            return start, True
        pieces.append(text)
        pieces.append(data[literal:end])
        # Nearly always, responses have as many literals as those before them.
        line = up_to_literal(data, end) if len(pieces) < before else None
        if line is None:
            line = behind(data, end)
            if line is None:
                return start, True
            rest, text, octets = line.groups()
            if not rest.endswith(b"}"):
                before = len(pieces)
                if not is_bounded and (line.end(1) - start > size or before > most):
                    return start, True
                if text is None and _may_go_on(rest, data[line.end() : line.end() + 2]):
                    return start, True
                pieces.append(rest)
                found.append(pieces)
                pieces = []
                if text is None:
                    return line.end(), False
                start = line.start(2)
                if _LF in text:
                    text = _without_lines(text, found) if is_bounded else None
                    if text is None:
                        return start, False
                    start = line.end(2) - len(text)
                continue
            # Not the rest, but up to another literal, whatever that is like.
            line = up_to_literal(data, end)
            if line is None:
                return start, True
        text, octets = line.groups()


def _without_lines(text: bytes, found: list[bytes | list[bytes]]) -> bytes | None:
    """Add the lines in *text* to *found*, but the last, which is given.

    None, and nothing is added, if something is unusual.
    """
    # So that each begins a response, and doesn't go on with the one before.
    lines = text.split(b"\r\n* ")
    last = lines.pop()
    if text.count(b"\n") > len(lines) or not last[:1].isdigit():
        return None
    found.append(lines[0])
    if len(lines) > 1:
        found += [b"* " + line for line in lines[1:]]
    return b"* " + last


def _may_go_on(text: bytes, following: bytes) -> bool:
    """Whether a response may not end with *text*, the two bytes *following* which are known."""
    if following == b"* ":
        return False
    return following[:1] in NOT_BEHIND_A_RESPONSE or is_within_quotes(text)
