"""The examples and docstrings of what is public; that it is loaded late."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

from imaplib2 import _watching, watching

MODULES = ["imaplib2.watching"] + [
    f"imaplib2._watching.{found.name}" for found in pkgutil.iter_modules(_watching.__path__)
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_import_of_the_library_loads_none_of_it() -> None:
    program = f"import imaplib2, sys; print(*(set({MODULES}) & set(sys.modules)))"
    child = subprocess.run(
        [sys.executable, "-c", program],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert child.stdout.split() == []


@pytest.mark.parametrize("name", sorted({*watching.__all__} - {"Event", "Flags"}))
def test_what_is_public_has_a_docstring(name: str) -> None:
    found = getattr(watching, name)
    doc = inspect.getdoc(found) or ""
    # What a named tuple says of itself by default.
    assert doc
    assert not doc.startswith(f"{name}(")
    if isinstance(found, type):
        members = vars(found).items()
        public = [(one, value) for one, value in members if not one.startswith("_")]
        documented = (property, type(watching.watch))
        assert all(value.__doc__ for _, value in public if isinstance(value, documented))
