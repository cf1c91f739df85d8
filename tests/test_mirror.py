"""Tests stand where the package has what they are about, so that nobody has to look for them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from .test_layers import MODULES

TESTS = Path(__file__).parent

#: Where the tests of a room are; the rest of the package, its root, is the client's.
ROOMS = {
    "_protocol": "core", "_threads": "threads", "_transport": "transport", "_by_hand": "by_hand",
    "parse": "parse", "_sasl": "sasl", "_watching": "watching", "_cli": "cli",
    "_cli.backup": "cli", "_cli.checking": "cli", "_cli.demonstration": "cli",
    "_cli.watching": "cli",
}  # fmt: skip
CLIENT = "client"
FOLDERS = [*sorted({*ROOMS.values()}), CLIENT]

#: Modules without a test of their name, which have nothing that one could call: what they are.
NOTHING_TO_CALL = {
    "": "what it gives is in test_public_names.py and test_face.py",
    "imaplib2": "another name of the package, see test_public_names.py",
    "_late": "imports, see test_loading.py",
    "_types": "names of types, see test_typing.py",
    "_protocol": "a docstring",
    "_threads": "a docstring",
    "_transport": "a docstring",
    "_transport.base": "a Protocol, to which mypy holds the transports",
    "_by_hand": "a docstring",
    "parse": "names of its modules",
    "_sasl": "a docstring",
    "_cli": "a docstring",
    "_cli.backup": "a docstring",
    "_cli.checking": "a docstring",
    "_cli.demonstration": "a docstring",
    "_cli.watching": "a docstring",
    "_watching": "a docstring",
    "watching": "names of its modules, see test_watcher.py",
}

#: Files in a room that are about several of its modules, or about their tests.
TOPICS = {
    "core": {"corpus", "issued_and_sent", "linear", "objections", "tokenizer"},
    "client": {"doubles", "face", "hostile_input", "private_names", "public_names", "replaced"},
    "parse": {"doctests", "linear_readers"},
    "watching": {"doctests"},
}  # fmt: skip


def room_of(module: str) -> tuple[str, str]:
    """The folder of the tests of *module*, and what their files are named after."""
    package, _, name = module.rpartition(".")
    return ROOMS.get(package, CLIENT), name.removeprefix("_")


def subjects(room: str) -> set[str]:
    """What the test files of *room* are named after."""
    return {path.stem.removeprefix("test_") for path in (TESTS / room).glob("test_*.py")}


@pytest.mark.parametrize("module", sorted(MODULES.keys() - NOTHING_TO_CALL.keys()))
def test_a_module_has_a_test_of_its_name(module: str) -> None:
    room, name = room_of(module)
    assert name in subjects(room)


@pytest.mark.parametrize("module", sorted(NOTHING_TO_CALL))
def test_a_module_without_one_has_nothing_to_call(module: str) -> None:
    named = re.findall(r"\w+[.]py", NOTHING_TO_CALL[module])
    assert all([*TESTS.rglob(name)] for name in named)
    body = ast.parse(MODULES[module].read_text("utf-8")).body
    functions = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    classes = {node for node in body if isinstance(node, ast.ClassDef)}
    assert not functions
    assert all("Protocol" in map(ast.unparse, node.bases) for node in classes)


@pytest.mark.parametrize("room", FOLDERS)
def test_a_test_is_named_after_a_module_or_is_a_known_topic(room: str) -> None:
    """``test_x_more.py`` is one of ``x.py``."""
    names = {name for found, name in map(room_of, MODULES) if found == room}
    others = {
        subject
        for subject in subjects(room)
        if not any(subject == name or subject.startswith(f"{name}_") for name in names - {""})
    }
    assert others == TOPICS.get(room, set())


@pytest.mark.parametrize(
    "path",
    [path for room in FOLDERS for path in sorted((TESTS / room).glob("*.py"))],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_pure_tests_have_no_server(path: Path) -> None:
    """Those that need one stand in ``with_server``; ``inside.py`` is none."""
    tree = ast.parse(path.read_text("utf-8"))
    imported = {
        node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    }
    assert not {
        module
        for module in imported
        if module.startswith(("server.", "live", "with_server", "faults", "soak"))
    }
    arguments = {
        argument.arg
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        for argument in node.args.args
    }
    assert not arguments & {"serve", "proxy", "tls", "dovecot", "cyrus", "courier"}
