"""Python values, written as IMAP arguments: atom, quoted string or literal.

Here is decided how each kind of argument is written; `quoting` and `search_program` write it. An
argument becomes a list of parts, ``bytes`` and `Literal`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .._errors import InvalidArgument, UnusableArgument, error
from .._hints import Any
from . import mutf7
from .commands import Kind, Row
from .grammar import ASTRING, ATOM, FORBIDDEN, FORBIDDEN_BYTES, LIST_CHARS
from .message_set import check_message_set, format_message_set, set_text
from .parts import (
    Buffer,
    Literal,
    Message,
    Part,
    Password,
    Secret,
    bytes_of,
    display,
    lay_out,
)
from .patterns import pattern
from .quoting import (
    end_of_list,
    is_list,
    is_quoted_string,
    quote,
    string,
    unquote,
    with_literals,
)
from .records import Record
from .search_program import SearchProgram, date_text
from .values import plain_value

#: What is imported from here, wherever it has come from.
__all__ = [
    "Buffer",
    "Encoded",
    "Literal",
    "Message",
    "Part",
    "Password",
    "Secret",
    "bytes_of",
    "display",
    "encode_arguments",
    "end_of_list",
    "is_list",
    "is_quoted_string",
    "lay_out",
    "quote",
    "split_list_options",
]


class Encoded(Record):
    """The arguments of a command, ready to be laid out."""

    __slots__ = ("differs_in_utf8", "first", "numbers", "parts", "values")

    def __init__(
        self,
        parts: list[Part],
        first: bytes,
        numbers: bool = False,
        differs_in_utf8: bool = False,
        values: Sequence[Any] = (),
    ) -> None:
        self.parts = parts
        #: The text of the first argument, which tells the command's data from others'.
        self.first = first
        #: The search criteria hold message numbers.
        self.numbers = numbers
        #: With UTF8=ACCEPT the same values may have to be written in another way.
        self.differs_in_utf8 = differs_in_utf8
        #: The values as they were at the moment of the call, as far as they are Python's own.
        self.values = values


def encode_arguments(row: Row, values: Iterable[Any], *, utf8: bool = False) -> Encoded:
    """Write *values* as the arguments of the command *row*; None is left out.

    *utf8*: UTF8=ACCEPT is on, so that quoted strings may hold UTF-8 (RFC 6855, section 3).
    Raises InvalidArgument, naming command and argument, for what can't be sent.
    """
    encoder = _Encoder(row, utf8)
    for number, value in enumerate(values, 1):
        reason, kind = "", InvalidArgument
        try:
            encoder.add(value if type(value) is str else plain_value(value))
        except InvalidArgument as problem:
            reason, kind = str(problem), type(problem)
        # UnicodeError; or str() of a number of thousands of digits.
        except ValueError:
            reason = "can't be encoded"
        # Raised here, so that no exception with a password in it is its context.
        if reason:
            raise kind(f"{row.name}: {encoder.kind.value} (argument {number}): {reason}")
    return encoder.encoded()


def split_list_options(directory: Any, pattern: Any) -> list[Any]:
    """The arguments of LIST, with options that stand in the same str as one of them set apart.

    ``'(SUBSCRIBED) ""', '* RETURN (CHILDREN)'`` (RFC 5258): no mailbox is called so.
    """
    directory, pattern = plain_value(directory), plain_value(pattern)
    arguments = [directory, pattern]
    if isinstance(directory, str) and (options := _SELECTION_OPTIONS.match(directory)):
        arguments[:1] = [options[1], directory[options.end() :]]
    if isinstance(pattern, str) and (options := _RETURN_AT_END.search(pattern)):
        arguments[-1:] = [pattern[: options.start()], "RETURN", options[1]]
    return arguments


# What would make a server take the next line for a literal (RFC 3501, section 4.3).
_ANNOUNCEMENT = pattern(rb"\{[0-9]+[+-]?\}\Z")
_RETURN_OPTIONS = pattern(rb"RETURN *\([^()]*\)", re.IGNORECASE)
# RFC 5258, section 3; RFC 6154, section 5.2; RFC 5819; RFC 8440; RFC 9590.
_SELECTION_OPTIONS = pattern(
    r"(\((?:(?:SUBSCRIBED|REMOTE|RECURSIVEMATCH|SPECIAL-USE) ?)*\)) ", re.IGNORECASE
)
_RETURN_OPTION = r"(?:SUBSCRIBED|CHILDREN|SPECIAL-USE|MYRIGHTS|(?:STATUS|METADATA) \([^()]*\))"
_RETURN_AT_END = pattern(rf" RETURN (\((?:{_RETURN_OPTION} ?)*\))\Z", re.IGNORECASE)
#: What stands in parentheses, whether the caller has given them or not.
_LISTS = (Kind.FLAGS, Kind.FETCH_ITEMS, Kind.STATUS_ITEMS, Kind.SORT_KEYS, Kind.QUOTA_LIMITS)
#: Arguments that no command can do without, be they None.
_INDISPENSABLE = (Kind.PASSWORD, Kind.SORT_KEYS)
_FLAG = pattern(r"[^\s()\"]+")
# RFC 3501, section 6.4.5; what may stand behind the items: RFC 7162, section 3; RFC 9394.
_MACROS = ("ALL", "FULL", "FAST")
_FETCH_MODIFIERS = pattern(
    r" +(\((?:CHANGEDSINCE|VANISHED|PARTIAL)(?: [^()]*)?\))\Z", re.IGNORECASE
)


#: That of all commands without search criteria: it never reads any.
_NO_SEARCH = SearchProgram(utf8=False)


class _Encoder:
    """Writes one command's arguments, one after the other."""

    # Defaults of the class, as most commands need little of it and each makes one.

    kind = Kind.ANY
    _in_modifier = False
    # Where criteria begin among the arguments.
    _search_at: int | None = None
    _differs_in_utf8 = False

    def __init__(self, row: Row, utf8: bool) -> None:
        self._kinds = list(row.arguments)
        self._row = row
        self._modifiers_before = row.modifiers_before
        self._utf8 = utf8
        self._arguments: list[list[Part]] = []
        self._holds_password = Kind.PASSWORD in row.arguments
        has_search = Kind.SEARCH in row.arguments
        self._search = SearchProgram(utf8=utf8) if has_search else _NO_SEARCH
        self._values: list[Any] = []

    def add(self, value: Any) -> None:
        self._values.append(value)
        kinds = self._kinds
        kind = self.kind = kinds[0] if kinds else Kind.ANY
        if kind is Kind.SEARCH:
            if self._search_at is None:
                self._search_at = len(self._arguments)
        elif kind is self._modifiers_before and isinstance(value, str) and is_list(value):
            # A list that stands before arguments: STORE 1 (UNCHANGEDSINCE 5) ... There can be one.
            self._in_modifier = True
            self._modifiers_before = None
        elif kinds:
            self._in_modifier = False
            del kinds[0]
        if value is None and kind is Kind.CHARSET:
            # SORT and THREAD can't do without a charset (RFC 5256, section 3).
            value = "UTF-8"
        if value is None:
            if kind in _INDISPENSABLE:
                raise UnusableArgument("is None, and can't be left out")
            return
        # Nearly always it is a str.
        is_str = type(value) is str
        parts = self._encode_str(value, given=True) if is_str else self._encode(value)
        if self._holds_password and Kind.PASSWORD not in self._kinds:
            parts = [part if isinstance(part, Secret) else Secret(part) for part in parts]
        self._arguments.append(parts)

    def encoded(self) -> Encoded:
        search = self._search if self._search is not _NO_SEARCH else None
        if search is not None and search.lacks_charset and self._search_at is not None:
            self._insert_charset(self._search_at)
        parts: list[Part] = []
        for argument in self._arguments:
            parts += [b" ", *argument]
        if search is not None and search.charset is not None:
            if self._utf8:  # RFC 6855, section 3
                raise error("Non-None charset not valid in UTF8 mode")
            self._differs_in_utf8 = True
        last = bytes_of(parts[-1]) if parts else b""
        if last.endswith(b"}") and _ANNOUNCEMENT.search(last):
            raise InvalidArgument(
                f"{self._row.name}: the last argument looks like a literal's size"
            )
        first = _plain_text(self._arguments[0]) if self._arguments else b""
        numbers = search is not None and search.numbers
        return Encoded(parts, first, numbers, self._differs_in_utf8, self._values)

    def _insert_charset(self, at: int) -> None:
        """Declare UTF-8 for the criteria that begin at *at*, behind RETURN options (RFC 4466)."""
        first = bytes_of(self._arguments[at][0])
        options = _RETURN_OPTIONS.match(first)
        if options:
            end = options.end()
            self._arguments[at][0] = first[:end] + b" CHARSET UTF-8" + first[end:]
        else:
            at += 2 if first.upper() == b"RETURN" else 0
            self._arguments.insert(at, [b"CHARSET UTF-8"])

    def _encode(self, value: Any) -> list[Part]:
        if isinstance(value, Secret):
            return [Secret(part) for part in self._encode(value.part)]  # type: ignore[arg-type]
        if isinstance(value, Password):
            if value.value is None:
                raise UnusableArgument("is None, and can't be left out")
            return self._password(value.value)
        if isinstance(value, bytes):
            if FORBIDDEN_BYTES.search(value):
                raise InvalidArgument("holds NUL, CR or LF")
            return self._encode_bytes(value)
        return self._encode_str(plain_value(self._text_of(value)), given=False)

    def _encode_str(self, text: str, *, given: bool) -> list[Part]:
        """Encode *text*; whether the caller has *given* it, and no other value, as a str."""
        kind = self.kind
        if not text.isprintable() and FORBIDDEN.search(text):
            raise InvalidArgument("holds NUL, CR or LF")
        if not text.isascii():
            self._differs_in_utf8 = True
        if kind is Kind.SEARCH:
            return self._search.write(text, quotable=given)
        if given and text[:1] == "'" == text[-1:] and len(text) > 1:
            return [text[1:-1].encode("utf-8" if self._utf8 else "ascii")]
        if (kind is Kind.ATOM or kind is Kind.WORDS) and not self._in_modifier:
            return self._atoms(text)
        if not given:
            return [text.encode("utf-8" if self._utf8 else "ascii")]
        return self._encode_text(text)

    def _encode_bytes(self, data: bytes) -> list[Part]:
        if self.kind is Kind.SEARCH:
            self._search.follow(data)
        elif self.kind is Kind.CHARSET:
            self._search.declare(data.decode("ascii", "replace"))
        return [data]

    def _password(self, value: Any) -> list[Part]:
        value = plain_value(value)
        given = isinstance(value, bytes)
        text = "" if given else value if isinstance(value, str) else plain_value(str(value))
        self._differs_in_utf8 |= not text.isascii()
        data = value if given else text.encode("utf-8")
        if FORBIDDEN_BYTES.search(data):
            raise InvalidArgument("holds NUL, CR or LF")
        if data.isascii() or (self._utf8 and not given):
            return [Secret(quote(data.decode("utf-8")).encode("utf-8"))]
        return [Secret(Literal(data))]

    def _text_of(self, value: Any) -> str:
        text = set_text(value)
        if text is not None:
            return check_message_set(text)
        if self.kind is Kind.SEQUENCE_SET:
            return format_message_set(value)
        if self.kind in _LISTS and isinstance(value, Iterable):
            items = " ".join(self._item(item) for item in value)
            is_macro = self.kind is Kind.FETCH_ITEMS and items.upper() in _MACROS
            return items if is_macro else f"({items})"
        if self._search.expects_date and (date := date_text(value)):
            return date
        if self.kind is not Kind.ANY and isinstance(value, (list, tuple, set, dict)):
            raise UnusableArgument(f"is a {type(value).__name__}")
        return str(value)

    def _item(self, value: Any) -> str:
        text = plain_value(value)
        text = text.decode("ascii") if isinstance(text, bytes) else text
        if self.kind is Kind.QUOTA_LIMITS and type(text) is int:
            text = str(text)
        if not isinstance(text, str):
            raise UnusableArgument(f"an item must be str, not {type(value).__name__}")
        whole = _FLAG.fullmatch(text) if self.kind is Kind.FLAGS else text and is_list(f"({text})")
        if not whole:
            raise InvalidArgument(f"not one item: {text[:100]!r}")
        return text

    def _encode_text(self, text: str) -> list[Part]:
        kind = self.kind
        if kind is Kind.SEQUENCE_SET:
            return [check_message_set(text).encode("ascii")]
        if kind is Kind.FETCH_ITEMS:
            return [_fetch_items(text).encode("utf-8" if self._utf8 else "ascii")]
        if kind in _LISTS:
            return self._list_of(text)
        if kind is Kind.CHARSET:
            self._search.declare(text)
            return [text.encode("ascii")] if is_quoted_string(text) else self._string(text, ATOM)
        if kind in (Kind.MAILBOX, Kind.LIST_PATTERN):
            return self._mailbox(text)
        if is_quoted_string(text) or (is_list(text) and kind is not Kind.ASTRING):
            if text.isascii() or self._utf8:
                return [text.encode("utf-8")]
            return with_literals(text, lambda value: Literal(value.encode("utf-8")))
        # Of a command that isn't known, "*" and "%" are more likely to be meant as they stand.
        return self._string(text, LIST_CHARS if kind is Kind.ANY else ASTRING)

    def _atoms(self, text: str) -> list[Part]:
        """*text*, if it is one atom, or several where those may stand."""
        words = text.split(" ") if self.kind is Kind.WORDS else [text]
        if not all(map(ASTRING.fullmatch, words)):
            shown = "" if self._holds_password else f": {text[:100]!r}"
            raise InvalidArgument(f"not an atom{shown}")
        return [text.encode("ascii")]

    def _list_of(self, text: str) -> list[Part]:
        listed = text if text.startswith("(") and text.endswith(")") else f"({text})"
        if not is_list(listed):
            raise InvalidArgument(f"not a list: {text[:100]!r}")
        return [listed.encode("utf-8" if self._utf8 else "ascii")]

    def _mailbox(self, text: str) -> list[Part]:
        if text.isascii() and (is_quoted_string(text) or self._may_be_list(text)):
            return [text.encode("ascii")]
        if is_quoted_string(text):
            text = unquote(text)
        is_encoded = text.isascii() and mutf7.is_valid(text)
        self._differs_in_utf8 |= "&" in text or not is_encoded
        if not (self._utf8 or is_encoded):
            text = mutf7.encode(text)
        return self._string(text, LIST_CHARS if self.kind is Kind.LIST_PATTERN else ASTRING)

    def _may_be_list(self, text: str) -> bool:
        """Whether *text*, in the place of a mailbox, is a list: modifiers, or LIST's patterns."""
        # A command with options before a name may have a list of patterns behind it (RFC 5258).
        takes_patterns = self._row.modifiers_before is Kind.MAILBOX
        pattern = self.kind is Kind.LIST_PATTERN and takes_patterns
        return (pattern or self._in_modifier) and is_list(text)

    def _string(self, text: str, atom: re.Pattern[str]) -> list[Part]:
        return [string(text, atom, utf8=self._utf8)]


def _plain_text(parts: list[Part]) -> bytes:
    part = parts[0]
    if isinstance(part, Literal):
        return part.data
    return bytes_of(part)


def _fetch_items(text: str) -> str:
    """*text* with the parentheses that the items in it need, but for those that have them."""
    if text[:1] in ("", "("):  # as nearly always
        return text
    modifiers = _FETCH_MODIFIERS.search(text)
    items = text[: modifiers.start()] if modifiers else text
    is_whole = items.upper() in _MACROS or is_quoted_string(items)
    # The server is to judge what is no list.
    if is_whole or not is_list(f"({items})"):
        return text
    return f"({items})" + (f" {modifiers[1]}" if modifiers else "")
