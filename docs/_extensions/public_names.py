"""Every public name has its place in the reference: one that hasn't is a warning.

A name is public when it doesn't begin with ``_`` and is in the package's ``__all__``, in a public
module (``imaplib2.parse``), or an attribute of a public class there.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

import imaplib2
import imaplib2.parse

_PUBLIC = {*imaplib2.__all__, *imaplib2.parse.__all__, "error"}
_ALIAS = "imaplib2"
"""The package by its historical path."""


def public_modules() -> Iterator[ModuleType]:
    """The package, and what one imports from it."""
    yield imaplib2
    for found in pkgutil.iter_modules(imaplib2.__path__):
        if not found.name.startswith("_") and found.name != _ALIAS:
            yield importlib.import_module(f"{imaplib2.__name__}.{found.name}")


def public_names() -> Iterator[str]:
    """All public names, in full: ``imaplib2.parse.fetch``."""
    for module in public_modules():
        for name in _names(module):
            full = f"{module.__name__}.{name}"
            yield full
            found = getattr(module, name)
            if inspect.isclass(found):
                yield from (f"{full}.{member}" for member in _members(found))


def _names(module: ModuleType) -> list[str]:
    return getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not inspect.ismodule(value)
        and getattr(value, "__module__", module.__name__) == module.__name__
        and name not in ("Final", "annotations")
    ]


def _members(cls: type) -> set[str]:
    """What instances have that is ours, and not Python's, nor told of another public class."""
    found: set[str] = set()
    for base in cls.__mro__:
        if base is not cls and base.__name__ in _PUBLIC:
            break
        if base.__module__.startswith(imaplib2.__name__):
            found |= _own(base)
    return found


def _own(cls: type) -> set[str]:
    named = {*vars(cls), *vars(cls).get("__annotations__", ())}
    return {name for name in named if not name.startswith("_")}


#: As they are before autodoc looks at the classes, of which it changes the annotations.
_NAMES = frozenset(public_names())


def _check(app: Sphinx, env: BuildEnvironment) -> None:
    told = env.domaindata["py"]["objects"]
    for name in sorted(_NAMES - set(told)):
        logging.getLogger(__name__).warning("no page tells of %s", name, type="public_names")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("env-check-consistency", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
