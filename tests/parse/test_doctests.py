"""The examples and docstrings of what is public besides the connection; that it is loaded late."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType

import pytest

import imaplib2
from imaplib2 import parse

LATE = ("flags", "mailbox_names", "parse")
MODULES = [f"imaplib2.{name}" for name in LATE] + [
    f"imaplib2.parse.{found.name}" for found in pkgutil.iter_modules(parse.__path__)
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_import_of_the_library_loads_none_of_it() -> None:
    program = f"import imaplib2, sys; print(*(set({MODULES}) & set(sys.modules)))"
    command = [sys.executable, "-c", program]
    child = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True
    )
    assert child.stdout.split() == []


# -- Docstrings ------------------------------------------------------------------------------------


def public(module: ModuleType) -> set[str]:
    """The names of *module* that users may use, which aren't those of other modules."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name != "annotations"
    }


def members(found: type) -> Iterator[str]:
    """The methods and properties of a class, those of its base classes in the package included."""
    for base in found.__mro__:
        if base.__module__.startswith(imaplib2.__name__):
            for name, value in vars(base).items():
                if not name.startswith("_") and isinstance(
                    value, (FunctionType, classmethod, staticmethod, property)
                ):
                    yield name


def test_what_is_public_is_in_all() -> None:
    assert sorted(parse.__all__) == sorted(public(parse))


@pytest.mark.parametrize("name", [*parse.__all__])
def test_what_is_public_has_a_docstring(name: str) -> None:
    found = getattr(parse, name)
    assert inspect.getdoc(found)
    # What a named tuple says of itself by default.
    assert not (found.__doc__ or "").startswith(f"{name}(")
    if isinstance(found, type):
        assert found.__doc__, name
        undocumented = [one for one in members(found) if not inspect.getdoc(getattr(found, one))]
        assert not undocumented
    else:
        assert "lenient" not in inspect.signature(found).parameters or "lenient" in found.__doc__
