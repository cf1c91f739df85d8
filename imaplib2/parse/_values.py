"""The values that responses are made of (RFC 3501, section 4): strings, atoms, lists, NIL."""

from __future__ import annotations

from collections.abc import Iterator

from .._hints import TYPE_CHECKING, Any, TypeAlias
from .._protocol.patterns import pattern
from ._answers import Line, whole
from ._errors import ParseError

if TYPE_CHECKING:
    Value: TypeAlias = "bytes | list[Value] | None"
else:
    Value = Any

#: How deep lists may be nested. Real ones, of messages in messages, have a dozen levels.
DEPTH = 50

# A quoted string ends where something that may follow one does; otherwise, there is a lone quote,
# which no well-formed line has.
_TOKEN = pattern(
    rb"""(?sx) [()]
    | " [^"\\]* (?: \\. [^"\\]* )* " (?= [\s()] | \Z )
    | (?:BODY|BINARY) [.A-Z]* \[ [^\[\]]* \] (?: <[0-9.]*> )?
    | [^\s()"] [^\s()]*
    | "
    """
)
_ATOM = pattern(rb'(?!(?i:NIL)\Z)[^\s()"\[]+')
_ESCAPED = pattern(rb'\\(["\\])')
_OPEN, _CLOSE, _QUOTE = b'()"'
_BACKSLASH = b"\\"
_NILS = frozenset((b"NIL", b"nil", b"Nil"))


def values(line: Line, function: str = "values", item: str = "response") -> list[Value]:
    r"""All values of *line*.

    A string (quoted, literal, or literal8), an atom and a number are bytes, NIL is None, and a
    parenthesised list is a list.

    >>> values((rb'7 (NIL "a \"b\"" {3}', b"c d", b")"))
    [b'7', [None, b'a "b"', b'c d']]

    Lists that aren't closed end with the line, and what closes none is passed over; unescaped
    quotes are part of a string as far as one can tell. Raises `ParseError`, with the names
    *function* and *item*, for lists that are nested more than 50 times.
    """
    found = _usual_values(line)
    try:
        return _any_values(line) if found is None else found
    except RecursionError:
        raise ParseError(function, item, whole(line)) from None


def _texts(line: Line) -> Iterator[tuple[bytes, bytes | None]]:
    """The texts of *line*, each with the literal behind it."""
    for at in range(0, len(line) - 1, 2):
        yield before_literal(line[at]), line[at + 1]
    yield line[-1], None


def _any_values(line: Line) -> list[Value]:
    """The values of any *line*; raises RecursionError for lists in too many others."""
    found: list[Value] = []
    current, parents = found, list[list[Value]]()
    for text, literal in _texts(line):
        for token in _tokens(text):
            first = token[0]
            if first == _QUOTE:
                token = token[1:-1]
                current.append(unescaped(token) if _BACKSLASH in token else token)
            elif first == _OPEN:
                if len(parents) == DEPTH:
                    raise RecursionError
                parents.append(current)
                current.append(current := [])
            elif first == _CLOSE:
                if parents:
                    current = parents.pop()
            else:
                current.append(None if token in _NILS else token)
        if literal is not None:
            current.append(literal)
    return found


def written(value: Value) -> bytes:
    """*value*, one that `values` has given, in bytes again; what isn't plain is quoted.

    >>> written([b"a", None, [b"b c"]])
    b'(a NIL ("b c"))'
    """
    if value is None:
        return b"NIL"
    if isinstance(value, list):
        return b"(" + b" ".join(map(written, value)) + b")"
    if _ATOM.fullmatch(value):
        return value
    return b'"' + value.replace(b"\\", rb"\\").replace(b'"', rb"\"") + b'"'


def before_literal(text: bytes) -> bytes:
    """*text* without what announces the literal behind it: ``{3}``, ``{3+}``, ``~{3}``."""
    end = text.rfind(b"{")
    return text[:end].removesuffix(b"~") if end >= 0 else text


#: Strings longer than this are left as literals; and what no quoted string has as it is.
_LONG = 200
_UNQUOTABLE = pattern(rb'["\\\r\n\0]')


def quoted(line: Line) -> Line:
    """*line* with quoted strings for its first literals, as far as they are short and can be.

    >>> quoted((b"1 (X {3}", b"a b", b" BODY[] {9}", b"From: x\\r\\n", b")"))
    (b'1 (X "a b" BODY[] {9}', b'From: x\\r\\n', b')')
    """
    pieces, number = list[bytes](), 1
    while number < len(line) and _is_quotable(line[number], line[number + 1]):
        pieces += before_literal(line[number - 1]), b'"', line[number], b'"'
        number += 2
    return (b"".join([*pieces, line[number - 1]]), *line[number:])


def _is_quotable(literal: bytes, behind: bytes) -> bool:
    """Whether *literal* is as well a quoted string, with the text *behind* it."""
    short = len(literal) < _LONG and behind.startswith((b" ", b")"))
    return short and not _UNQUOTABLE.search(literal)


def unescaped(text: bytes) -> bytes:
    """What the inside of a quoted string stands for.

    Backslashes before anything but a quote or a backslash stand for themselves: servers that forget
    to escape one are more common than escapes without need.
    """
    return _ESCAPED.sub(rb"\1", text)


def _tokens(text: bytes) -> list[bytes]:
    tokens: list[bytes] = _TOKEN.findall(text)
    return _mended(text) if b'"' in tokens else tokens


# -- What is usual ---------------------------------------------------------------------------------

#: In the place of parentheses.
_BEGIN: Any = object()
_END: Any = object()
_SPECIAL = {b"(": _BEGIN, b")": _END, **dict.fromkeys(_NILS)}
#: What a text between two others in quotes ends and begins with.
_AROUND = b" ()"
#: What stands in such texts, which are few, but for numbers: emptied when it has this many.
_seen: dict[bytes, list[Any]] = {}
_MOST = 1024


def _usual_values(line: Line) -> list[Value] | None:
    """The values of a *line* that has no backslash, and no odd quote, in a quoted string.

    None for other lines. This takes half the time: a line is split at its quotes, and what is
    between two strings mostly was there before.
    """
    found: list[Value] = []
    current, parents = found, list[list[Value]]()
    begin, end, seen = _BEGIN, _END, _seen
    append = current.append
    for text, literal in _texts(line):
        # With spaces, so that its ends are as what is between two strings.
        pieces = (b" %b " % text).split(b'"')
        strings = pieces[1::2]
        if not len(pieces) & 1 or (_BACKSLASH in text and any(_BACKSLASH in s for s in strings)):
            return None
        strings.append(b"")
        for piece, string in zip(pieces[::2], strings, strict=True):
            if piece != b" ":
                tokens = seen.get(piece) or _between(piece)
                if tokens is None:
                    return None
                for token in tokens:
                    if token is begin:
                        if len(parents) == DEPTH:
                            return None
                        parents.append(current)
                        append(current := [])
                        append = current.append
                    elif token is not end:
                        append(token)
                    elif parents:
                        current = parents.pop()
                        append = current.append
            append(string)
        # Instead of the string that isn't behind the last piece.
        current[-1] = literal
        if literal is None:
            del current[-1]
    return found


def _between(piece: bytes) -> list[Any] | None:
    """What is in *piece*, the text between two quoted strings; None when it can't be that."""
    if not piece or piece[0] not in _AROUND or piece[-1] not in _AROUND:
        return None
    if b"[" not in piece:
        tokens = piece.replace(b"(", b" ( ").replace(b")", b" ) ").split()
    # The name of a section may have quotes in it, too: ``BODY[HEADER.FIELDS ("TO")]``.
    elif piece.rfind(b"[") < piece.rfind(b"]"):
        tokens = _TOKEN.findall(piece)
    else:
        return None
    found = [*map(_SPECIAL.get, tokens, tokens)]
    if len(piece) < 50:
        if len(_seen) >= _MOST:
            _seen.clear()
        _seen[piece] = found
    return found


# -- Quotes within quoted strings ------------------------------------------------------------------

#: The end of a quoted string that has quotes in it: one behind which something else begins.
_QUOTE_END = pattern(
    rb"""(?x) (?<! \\ ) " (?= [()] | \Z | \s+ (?: ["({~)\\\d] | NIL | [A-Z]{3} | \Z ) )"""
)
#: A string that ends where another one begins: ``"TEXT""PLAIN"``.
_ADJACENT = pattern(rb'(?s)"[^"\\]*(?:\\.[^"\\]*)*"(?="[^\s()"])')
_WORD = pattern(rb"[^\s()]*")


def _mended(text: bytes) -> list[bytes]:
    """The tokens of *text*, which has quotes where none can be.

    Gmail and QQMail, among others, forget to escape them: ``"test""``, ``"the "big" one"``.
    """
    tokens, position = list[bytes](), 0
    # Up to here, it is known whether there is an end: looking for it each time takes the square.
    last = max((found.end() for found in _QUOTE_END.finditer(text)), default=0)
    while found := _TOKEN.search(text, position):
        token, position = found[0], found.end()
        if token == b'"':
            end = _ADJACENT.match(text, found.start())
            if end is None and position < last:
                end = _QUOTE_END.search(text, position)
            if end:
                position = end.end()
                token = text[found.start() : position]
            else:
                # Up to the next word: nothing tells where it ends.
                position = _WORD.search(text, position).end()  # type: ignore[union-attr]
                token = text[found.start() : position] + b'"'
        tokens.append(token)
    return tokens
