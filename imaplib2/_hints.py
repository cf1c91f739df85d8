"""What hints are written with: the names of ``typing``, which type checkers take from there.

To load it takes longer than a tenth of our import, and nothing but hints, which are texts when a
program runs, needs it. A tool that evaluates them finds something wider here: ``object`` for Any.
"""

from __future__ import annotations

from collections import namedtuple

#: By its name, type checkers know that it is true for them.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import (
        Any as Any,
        AnyStr as AnyStr,
        Final as Final,
        Generic as Generic,
        Literal as Literal,
        NamedTuple as NamedTuple,
        NoReturn as NoReturn,
        ParamSpec as ParamSpec,
        Protocol as Protocol,
        SupportsIndex as SupportsIndex,
        TextIO as TextIO,
        TypeAlias as TypeAlias,
        TypeVar as TypeVar,
        cast as cast,
        overload as overload,
    )
else:
    Any = AnyStr = Final = NoReturn = Protocol = SupportsIndex = TextIO = TypeAlias = object

    def cast(kind, value):
        return value

    def overload(function):
        return function

    def _type_var(name, *, bound=object):
        return object

    TypeVar = ParamSpec = _type_var

    class Generic:
        def __class_getitem__(cls, parameters):
            return cls

    class Literal:
        def __class_getitem__(cls, values):
            return str

    class _Fields(type):
        """Makes a named tuple of a class that names its fields by hints."""

        def __new__(cls, name, bases, content):
            fields = content.pop("__annotations__")
            defaults = [content.pop(field) for field in fields if field in content]
            made = namedtuple(name, fields, defaults=defaults, module=content["__module__"])
            made.__doc__ = content.get("__doc__")
            return made

    NamedTuple = type.__new__(_Fields, "NamedTuple", (), {})
