"""Placeholders in search criteria and fetch items: ``?``, ``?f``, ``?s`` and ``??``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import index

from .._errors import InvalidArgument, UnusableArgument
from .._hints import Any
from .grammar import QUOTED_TEXT
from .message_set import check_message_set, format_message_set
from .patterns import pattern
from .quoting import is_list, quote
from .search_program import date_text
from .values import plain_value

_MISSING: Any = object()
_FLAG = pattern(r"[^\s()\"]+")
_PLACEHOLDER = pattern(QUOTED_TEXT + r"|\?\?|\?f|\?s|\?")


def substitute(name: str, texts: Sequence[Any], params: Sequence[Any] | None) -> tuple[Any, ...]:
    """*texts*, the arguments of the command *name*, with *params* in place of their placeholders.

    Without *params* nothing is replaced; quoted strings are left alone. Raises InvalidArgument
    unless there are as many placeholders as parameters.
    """
    if params is None:
        return tuple(texts)
    values = iter(params)
    try:
        replaced = [_replace(text, values) for text in texts]
    except InvalidArgument as problem:
        raise type(problem)(f"{name}: {problem}") from None
    # Of str(), for an int of thousands of digits.
    except ValueError:
        text = f"{name}: a number in params has too many digits; give it as a str"
        raise InvalidArgument(text) from None
    if next(values, values) is not values:
        raise InvalidArgument(f"{name}: more params than placeholders")
    return tuple(replaced)


def _replace(text: Any, values: Iterator[Any]) -> Any:
    text = plain_value(text)
    if not isinstance(text, str):
        return text
    parts: list[str] = []
    end = 0
    for found in _PLACEHOLDER.finditer(text):
        parts += [text[end : found.start()], _text_for(found[0], values)]
        end = found.end()
    return "".join([*parts, text[end:]])


def _text_for(placeholder: str, values: Iterator[Any]) -> str:
    if placeholder.startswith('"'):
        return placeholder
    if placeholder == "??":
        return "?"
    value = next(values, _MISSING)
    if value is _MISSING:
        raise InvalidArgument("more placeholders than params")
    value = plain_value(value)
    if isinstance(value, bytes):
        value = _decoded(value)
    if placeholder == "?s":
        return check_message_set(value) if isinstance(value, str) else format_message_set(value)
    if placeholder == "?f":
        return _flags(value)
    return quote(value) if isinstance(value, str) else date_text(value) or _number(value)


def _number(value: Any) -> str:
    if isinstance(value, float):
        return float.__repr__(value)
    if not hasattr(value, "__index__") or isinstance(value, bool):
        kind = type(value).__name__
        raise UnusableArgument(f"a param must be str, bytes, a number or a date, not {kind}")
    return str(index(value))


def _decoded(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidArgument("a param that is not UTF-8") from None


def _flag(value: Any) -> str:
    text = plain_value(value)
    text = _decoded(text) if isinstance(text, bytes) else text
    if not isinstance(text, str) or not _FLAG.fullmatch(text):
        raise InvalidArgument(f"not a flag: {text!r:.100}")
    return text


def _flags(value: Any) -> str:
    if not isinstance(value, Iterable):
        raise InvalidArgument(f"not a list of flags: {type(value).__name__}")
    flags = value if isinstance(value, str) else " ".join(map(_flag, value))
    listed = flags if is_list(flags) else f"({flags})"
    if not is_list(listed):
        raise InvalidArgument(f"not a list of flags: {flags[:100]!r}")
    return listed
