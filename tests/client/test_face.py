"""The public face: names, signatures and docstrings are those that are stored in ``face.json``.

Where a class is put together from others, and where a method stands, is nobody's business; what
users see of it is. ``python -m tests.client.test_face`` stores it anew, when it is to change.
"""

from __future__ import annotations

import inspect
import json
import pickle
import types
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import imaplib2
from imaplib2 import IMAP4, IMAP4_SSL, IMAP4_stream

from .test_private_names import THEIRS
from .test_public_names import Unconnected

STORED = Path(__file__).with_name("face.json")
CLASSES: dict[str, type[IMAP4]] = {
    "IMAP4": IMAP4, "IMAP4_SSL": IMAP4_SSL, "IMAP4_stream": IMAP4_stream,
}  # fmt: skip
SPECIAL = {"__init__", "__new__", "__enter__", "__exit__", "__repr__", "__getattr__"}
#: Private names that programs know: those of the other libraries', and one that ours had early.
KNOWN = {*THEIRS, "_checkquote"}


def is_public(name: str) -> bool:
    """Whether programs may use *name*."""
    return not name.startswith("_") or name in SPECIAL | KNOWN


def signature(function: Any) -> str:
    """The parameters of *function*, each with hint and default; and what it returns."""
    found = inspect.signature(function)
    parameters = [
        parameter.replace(default="unset")
        if repr(parameter.default).startswith("<object object")
        else parameter
        for parameter in found.parameters.values()
    ]
    return str(found.replace(parameters=parameters))


def are_hints_resolved(function: Any) -> bool:
    """Whether the hints of *function* can be evaluated, as some tools do."""
    try:
        get_type_hints(function)
    except NameError:
        return False
    return True


def look(owner: Any, name: str) -> str:
    """What there is to see of the attribute *name* of *owner*, a class or a module."""
    value = getattr(owner, name)
    docstring = "" if value.__doc__ else ", without a docstring"
    if isinstance(value, property):
        settable = "" if value.fset is not None else ", read-only"
        return f"property{signature(value.fget)}{settable}{docstring}"
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType)):
        hints = "" if are_hints_resolved(value) else ", hints for type checkers only"
        return f"function{signature(value)}{hints}{docstring}"
    return "class" if isinstance(value, type) else "value"


def face_of(owner: Any) -> dict[str, str]:
    """What there is to see of *owner*, by name."""
    names = [name for name in dir(owner) if is_public(name)]
    return {
        name: look(owner, name)
        for name in names
        if not isinstance(getattr(owner, name), types.ModuleType)
    }


def faces() -> dict[str, Any]:
    """All that is stored: of the two subclasses, what isn't as it is in ``IMAP4``."""
    plain = face_of(IMAP4)
    found: dict[str, Any] = {"imaplib2": face_of(imaplib2), "IMAP4": plain}
    for name in ("IMAP4_SSL", "IMAP4_stream"):
        found[name] = dict(sorted(face_of(CLASSES[name]).items() - plain.items()))
    found["instance"] = [name for name in dir(Unconnected()) if is_public(name)]
    return found


@pytest.fixture(scope="module")
def stored() -> dict[str, Any]:
    """The face as it is to be."""
    content: dict[str, Any] = json.loads(STORED.read_text("utf-8"))
    return content


def test_what_is_stored_is_of_some_size(stored: dict[str, Any]) -> None:
    assert stored.keys() == {"imaplib2", *CLASSES, "instance"}
    assert {"fetch", "sock", "__exit__", "_simple_command"} <= stored["IMAP4"].keys()
    assert {"Commands", "Debug", "Int2AP"} <= stored["imaplib2"].keys()
    assert {"literal", "host", "read_fd"} <= {*stored["instance"]}


@pytest.mark.parametrize("name", ["imaplib2", *CLASSES])
def test_the_face_is_kept(stored: dict[str, Any], name: str) -> None:
    owner: Any = CLASSES.get(name, imaplib2)
    now, then = face_of(owner), dict(stored[name])
    if name in CLASSES:
        then = stored["IMAP4"] | then
    assert {each: now.get(each) for each in then} == then
    # What instances have may come to be a property of their class.
    assert now.keys() - then.keys() <= {*stored["instance"]}


def test_instances_have_their_attributes(stored: dict[str, Any]) -> None:
    assert [name for name in dir(Unconnected()) if is_public(name)] == stored["instance"]


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_says_where_it_is_from(name: str) -> None:
    cls = CLASSES[name]
    assert (cls.__module__, cls.__qualname__) == ("imaplib2._client", name)
    assert cls.__doc__


@pytest.mark.parametrize("name", sorted(vars(IMAP4).keys() | dir(IMAP4)))
def test_a_method_is_called_after_the_class_that_users_know(name: str) -> None:
    """In the text of a TypeError, for instance; and it can be pickled."""
    method = getattr(IMAP4, name)
    if isinstance(method, types.FunctionType) and method.__module__ != "sys":
        known = name.replace("_print_log", "print_log")
        assert (method.__module__, method.__qualname__) == ("imaplib2._client", f"IMAP4.{known}")
        assert pickle.loads(pickle.dumps(method)) is method


@pytest.mark.parametrize("cls", CLASSES.values())
def test_help_shows_every_method(cls: type[IMAP4]) -> None:
    import pydoc

    shown = pydoc.render_doc(cls, renderer=pydoc.plaintext)
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        if not name.startswith("_"):
            assert f" {name}({'' if name == 'ssl' else 'self'}"[:-4] in shown
            assert method.__doc__


if __name__ == "__main__":
    STORED.write_text(json.dumps(faces(), indent=1) + "\n", "utf-8")
