"""The values that responses are made of (RFC 3501, section 4): strings, atoms, lists, NIL."""

from __future__ import annotations

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
_ATOM = pattern(rb'[^\s()"]+')
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
    found: list[Value] = []
    current, parents = found, list[list[Value]]()
    last = len(line) - 1
    for number in range(0, len(line), 2):
        for token in _tokens(line[number] if number == last else before_literal(line[number])):
            first = token[0]
            if first == _QUOTE:
                token = token[1:-1]
                current.append(unescaped(token) if _BACKSLASH in token else token)
            elif first == _OPEN:
                parents.append(current)
                if len(parents) > DEPTH:
                    raise ParseError(function, item, whole(line))
                inner: list[Value] = []
                current.append(inner)
                current = inner
            elif first == _CLOSE:
                if parents:
                    current = parents.pop()
            else:
                current.append(None if token in _NILS else token)
        if number < last:
            current.append(line[number + 1])
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


def unescaped(text: bytes) -> bytes:
    """What the inside of a quoted string stands for.

    Backslashes before anything but a quote or a backslash stand for themselves: servers that forget
    to escape one are more common than escapes without need.
    """
    return _ESCAPED.sub(rb"\1", text)


def _tokens(text: bytes) -> list[bytes]:
    tokens: list[bytes] = _TOKEN.findall(text)
    return _mended(text) if b'"' in tokens else tokens


# -- Quotes within quoted strings ------------------------------------------------------------------

#: The end of a quoted string that has quotes in it: one behind which something else begins.
_END = pattern(
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
    last = max((found.end() for found in _END.finditer(text)), default=0)
    while found := _TOKEN.search(text, position):
        token, position = found[0], found.end()
        if token == b'"':
            end = _ADJACENT.match(text, found.start())
            if end is None and position < last:
                end = _END.search(text, position)
            if end:
                position = end.end()
                token = text[found.start() : position]
            else:
                # Up to the next word: nothing tells where it ends.
                position = _WORD.search(text, position).end()  # type: ignore[union-attr]
                token = text[found.start() : position] + b'"'
        tokens.append(token)
    return tokens
